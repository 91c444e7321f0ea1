//! The page: an empty room, and the script that fills it.

use askama::Template;

#[derive(Template)]
#[template(path = "room.html")]
struct Page<'a> {
    title: &'a str,
    assets: &'a str,
    script: &'a str,
}

/// The page. `assets` is the folder of the files, seen from the page (`/assets`), `script` the module that calls
/// `mountRoom` for the element `#room`.
#[must_use]
pub fn page(title: &str, assets: &str, script: &str) -> String {
    Page { title, assets, script }.render().expect("writing to a String cannot fail")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_cannot_become_markup() {
        let page = page("</title><script>alert(1)</script>", "/assets", "serve_page.js");
        assert!(!page.contains("<script>alert"), "{page}");
        assert!(page.contains("/assets/serve_page.js"), "{page}");
    }
}
