//! `docs/SETTINGS.md`, made of the registry, so that it cannot say anything else.

use std::fmt::Write as _;

use super::SETTINGS;

/// The page on settings, in Markdown.
#[must_use]
pub fn documentation() -> String {
    let mut page = String::from(
        "# Settings\n\n\
         Made of the registry in `src/home/config/settings.rs` by `UPDATE_EXPECT=1 cargo test -p bitpie --lib documentation`.\n\n\
         A setting is a path, and all of them are in one file: `services/tcp-transport/port` is `port` in `[services.tcp-transport]` of\n\
         `config.toml` in the home folder. `bitpie config set services/tcp-transport/port 7001` changes it and leaves the rest of the file as\n\
         it was written. Those marked † are noticed when the node starts again; the others at once.\n\n\
         | setting | default | what it is for | what it may be |\n|---|---|---|---|\n",
    );
    for setting in SETTINGS.iter().filter(|setting| !setting.is_hidden) {
        let default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
        let mark = if setting.needs_restart { " †" } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "| `{}`{mark} | {default} | {} | {} |",
            setting.path,
            setting.summary,
            setting.kind.expected().replace('|', "\\|")
        );
    }
    page
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_documentation_of_settings_is_that_of_the_registry() {
        expect_test::expect_file!["../../../docs/SETTINGS.md"].assert_eq(&super::documentation());
    }
}
