//! The files of the page, inside the program.

/// A file of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its name below the folder from which the page loads its files: `room.js`.
    pub name: &'static str,
    /// For the header `Content-Type`.
    pub content_type: &'static str,
    /// The file.
    pub bytes: &'static [u8],
}

/// What the page needs, for the header `Content-Security-Policy`: its own files and its own server, and nothing else.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self' ws:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

macro_rules! assets {
    ($($content_type:ident: $($name:literal)*;)*) => {
        &[$($(Asset {
            name: $name,
            content_type: $content_type,
            bytes: include_bytes!(concat!("../assets/", $name)),
        }),*),*]
    };
}

/// All files of the page but the page itself.
pub static ASSETS: &[Asset] = assets! {
    SCRIPT:
        "room.js" "source.js" "serve_source.js" "trace_source.js" "serve_page.js"
        "run.js" "follow.js" "expression.js" "usage.js" "difference.js" "sequence.js" "script.js" "lines.js"
        "dom.js" "virtual_list.js" "picture.js"
        "instances_panel.js" "diagram_panel.js" "situation_panel.js" "events_panel.js" "player_panel.js"
        "map_panel.js" "sequence_panel.js" "findings_panel.js" "simulate_panel.js" "compare_panel.js";
    STYLE: "base.css" "pictures.css" "marks.css" "panels.css" "room.css";
    PICTURE: "icon.svg";
};

/// The file of that name.
#[must_use]
pub fn asset(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_in_the_table() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
        let files = std::fs::read_dir(folder)
            .expect("the folder is there")
            .map(|entry| entry.expect("its entries can be read").file_name().into_string().expect("names are UTF-8"));
        for file in files {
            assert!(asset(&file).is_some(), "{file} is not in ASSETS");
        }
    }

    /// So that every program that uses the room can serve it under the strict policy.
    #[test]
    fn nothing_needs_what_the_policy_forbids() {
        for asset in ASSETS {
            let text = std::str::from_utf8(asset.bytes).expect("text");
            for forbidden in
                ["innerHTML", "eval(", "new Function", "https://", "setAttribute(\"style\"", "document.write"]
            {
                assert!(!text.contains(forbidden), "{}: {forbidden}", asset.name);
            }
        }
    }

    #[test]
    fn modules_import_only_files_that_are_there() {
        for of in ASSETS.iter().filter(|asset| asset.content_type == SCRIPT) {
            let text = std::str::from_utf8(of.bytes).expect("text");
            for line in text.lines().filter(|line| line.starts_with("import ") || line.starts_with("} from ")) {
                let from = line.split("from \"./").nth(1).and_then(|rest| rest.split('"').next());
                if line.contains("from ") {
                    let from = from.unwrap_or_else(|| panic!("{}: {line}", of.name));
                    assert!(asset(from).is_some(), "{} imports {from}", of.name);
                }
            }
        }
    }

    /// The rules inside each picture, as a file, since a strict page takes no style from a picture.
    #[test]
    fn the_style_of_pictures_is_theirs() {
        let sheet = automata_outputs::svg::style_sheet();
        expect_test::expect_file!["../assets/pictures.css"].assert_eq(&sheet);
    }
}
