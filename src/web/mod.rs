//! The web page of the node: what a browser is given. Nothing in it is loaded from elsewhere.
//!
//! The Automata room is that of `automata serve` (the crate `automata-web`); what it knows of the automata was generated
//! from them (`generated/web/`), so the node neither compiles nor draws definitions.

/// A file of the page.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// What it is.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
}

/// What stands in the head of each answer. The page runs what came with it, and talks with this machine alone.
pub const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self' ws://127.0.0.1:* ws://localhost:*; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-cache"),
];

/// The file at that path.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    let name = if path == "/" { "index.html" } else { path.strip_prefix('/')? };
    if let Some(name) = name.strip_prefix(ROOM) {
        return automata_web::asset(name).map(|room| Asset { content_type: room.content_type, bytes: room.bytes });
    }
    let (_, content_type, bytes) = ASSETS.iter().find(|(known, _, _)| *known == name)?;
    Some(Asset { content_type, bytes })
}

/// The folder of the files of the Automata room.
const ROOM: &str = "room/";

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const DATA: &str = "application/json";

macro_rules! assets {
    ($($name:literal $kind:ident,)*) => {
        /// Every file of the page but those of the Automata room: its name, what it is, its bytes.
        const ASSETS: &[(&str, &str, &[u8])] = &[
            $(($name, $kind, include_bytes!(concat!("assets/", $name))),)*
            ("definitions.json", DATA, include_bytes!("../../generated/web/definitions.json")),
        ];
    };
}

assets! {
    "index.html" HTML,
    "style.css" STYLE,
    "main.js" SCRIPT,
    "connection.js" SCRIPT,
    "elements.js" SCRIPT,
    "talk.js" SCRIPT,
    "people.js" SCRIPT,
    "automata.js" SCRIPT,
    "node_source.js" SCRIPT,
    "node.js" SCRIPT,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_found_and_nothing_else_is() {
        assert_eq!(asset("/").expect("the page").content_type, HTML);
        for (name, _, _) in ASSETS {
            assert!(asset(&format!("/{name}")).is_some_and(|asset| !asset.bytes.is_empty()), "{name}");
        }
        for room in ["room.js", "base.css", "icon.svg"] {
            assert!(asset(&format!("/room/{room}")).is_some_and(|asset| !asset.bytes.is_empty()), "{room}");
        }
        for absent in
            ["", "/x", "/../Cargo.toml", "//main.js", "main.js", "/room/", "/room/main.js", "/room/../main.js"]
        {
            assert!(asset(absent).is_none(), "{absent}");
        }
    }

    #[test]
    fn what_the_page_loads_at_first_is_there() {
        let page = std::str::from_utf8(asset("/").expect("the page").bytes).expect("a text");
        let loaded: Vec<&str> = page
            .split(['"', ' ', '>'])
            .filter(|part| {
                part.starts_with('/') && (part.contains(".js") || part.contains(".css") || part.contains(".svg"))
            })
            .collect();
        assert!(loaded.len() > 5, "{loaded:?}");
        for path in loaded {
            assert!(asset(path).is_some(), "{path}");
        }
    }

    /// The room brings a policy under which it works; the page's own may allow no more.
    #[test]
    fn the_room_needs_no_more_than_the_page_allows() {
        let (_, own) = HEADERS.iter().find(|(name, _)| *name == "content-security-policy").expect("there is one");
        for rule in automata_web::CONTENT_SECURITY_POLICY.split("; ").filter(|rule| !rule.starts_with("connect-src")) {
            assert!(own.contains(rule), "{rule}");
        }
    }

    #[test]
    fn what_a_script_imports_is_there_and_nothing_is_loaded_from_elsewhere() {
        for (name, kind, bytes) in ASSETS {
            let text = std::str::from_utf8(bytes).expect("a text");
            if *kind == SCRIPT {
                for line in text.lines().filter(|line| line.starts_with("import ") || line.contains(" import(")) {
                    let from = line.split('\'').nth(1).expect("where from").trim_start_matches("./");
                    assert!(asset(&format!("/{from}")).is_some(), "{name}: {line}");
                }
                for forbidden in ["innerHTML", "outerHTML", "eval(", "document.write", "insertAdjacentHTML"] {
                    assert!(!text.contains(forbidden), "{name} has {forbidden}: texts of others would be markup");
                }
            }
            if *kind == DATA {
                // Texts of the definitions, which the page shows as texts; pictures lose their links in it.
                continue;
            }
            let addresses = ["https://", "http://"];
            let foreign =
                text.split(['"', '\'', '`', '(']).filter(|part| addresses.iter().any(|it| part.starts_with(it)));
            let known = ["http://www.w3.org/"];
            for address in foreign {
                assert!(known.iter().any(|it| address.starts_with(it)), "{name} names {address}");
            }
        }
    }
}
