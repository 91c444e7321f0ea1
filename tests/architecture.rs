//! Who may import whom: the arrows of the architecture, checked over every path in the sources and over the dependencies of the crates.
//!
//! Paths are read from tokens and not from text, so that comments and strings do not count and macros do. The types that
//! `automata/types.yaml` names are the vocabulary of the whole program, and may be imported by anybody, wherever they live.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A module of the node and what it may lean on.
struct Module {
    name: &'static str,
    /// No clock, socket, file, thread or process, and no library that brings them.
    pure: bool,
    /// Modules whose items it may name, beside its own.
    imports: &'static [&'static str],
}

/// All modules directly below `src/`, from the ground up.
const MODULES: &[Module] = &[
    Module { name: "name", pure: true, imports: &[] },
    Module { name: "words", pure: true, imports: &[] },
    Module { name: "nickname", pure: true, imports: &[] },
    Module { name: "codec", pure: true, imports: &[] },
    Module { name: "identity", pure: true, imports: &["codec", "name", "nickname"] },
    Module { name: "wire", pure: true, imports: &["codec", "identity"] },
    Module { name: "automata", pure: true, imports: &[] },
    Module { name: "abort_points", pure: false, imports: &[] },
    Module { name: "messages", pure: true, imports: &["codec", "identity", "nickname", "wire", "words"] },
    Module { name: "peers", pure: true, imports: &["identity"] },
    Module {
        name: "world",
        pure: true,
        imports: &["automata", "identity", "name", "nickname", "peers", "wire", "words"],
    },
    Module {
        name: "hosts",
        pure: true,
        imports: &["automata", "identity", "messages", "name", "nickname", "peers", "wire", "world"],
    },
    Module { name: "services", pure: true, imports: &["automata", "hosts", "identity", "name", "wire", "world"] },
    Module { name: "node", pure: true, imports: &["automata", "hosts", "services", "world"] },
    Module { name: "traces", pure: false, imports: &[] },
    Module { name: "transports", pure: false, imports: &["identity", "name", "wire"] },
    Module { name: "dht", pure: false, imports: &["codec", "identity", "nickname", "wire"] },
    Module {
        name: "store",
        pure: false,
        imports: &["abort_points", "identity", "messages", "nickname", "peers", "wire"],
    },
    Module { name: "api", pure: false, imports: &["identity", "nickname", "words"] },
    Module { name: "client", pure: false, imports: &["api", "identity", "nickname"] },
    Module {
        name: "home",
        pure: false,
        imports: &["dht", "identity", "messages", "nickname", "services", "store", "world"],
    },
    Module {
        name: "runtime",
        pure: false,
        imports: &[
            "abort_points",
            "api",
            "automata",
            "client",
            "codec",
            "dht",
            "home",
            "hosts",
            "identity",
            "messages",
            "name",
            "nickname",
            "node",
            "peers",
            "services",
            "store",
            "traces",
            "transports",
            "wire",
            "world",
        ],
    },
    Module { name: "demo", pure: false, imports: &["api", "automata", "client", "home", "runtime"] },
    Module { name: "main", pure: false, imports: &[] },
];

/// Beginnings of paths that lead out of the deterministic core.
const WORLD: &[&[&str]] = &[
    &["async_std"],
    &["axum"],
    &["getrandom"],
    &["hyper"],
    &["if_addrs"],
    &["mdns_sd"],
    &["mio"],
    &["quinn"],
    &["rand"],
    &["rusqlite"],
    &["socket2"],
    &["std", "env"],
    &["std", "fs"],
    &["std", "net", "TcpListener"],
    &["std", "net", "TcpStream"],
    &["std", "net", "UdpSocket"],
    &["std", "net", "self"],
    &["std", "os"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "time", "Instant"],
    &["std", "time", "SystemTime"],
    &["std", "time", "self"],
    &["tokio"],
    &["yamux"],
];

/// Crates of this repository → those that they may be built with. Tests may use more.
const CRATES: &[(&str, &[&str])] = &[
    ("automata-runtime", &[]),
    ("automata-compiler", &["automata-runtime"]),
    ("automata-outputs", &["automata-compiler", "automata-runtime"]),
    ("automata-cli", &["automata-compiler", "automata-outputs", "automata-runtime"]),
    ("xtask", &["automata-cli"]),
    // What writes Rust is a build dependency only, which the test looks at too.
    ("bitpie", &["automata-compiler", "automata-runtime"]),
];

/// A path, resolved to `crate` or to the name of another crate.
type Import = Vec<String>;

#[test]
fn modules_import_only_whom_they_may() {
    let vocabulary = vocabulary();
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for file in rust_files(&root().join("src")) {
        let module = module_path(&file);
        let name = module.first().map_or("lib", String::as_str).to_owned();
        let text = fs::read_to_string(&file).expect("a source file can be read");
        let shown = file.strip_prefix(root()).expect("it is below the root").display().to_string();
        problems
            .extend(check(&name, &module, &text, &vocabulary).into_iter().map(|problem| format!("{shown}: {problem}")));
        seen.insert(name);
    }
    assert!(seen.contains("identity"), "the sources were not found");
    assert!(problems.is_empty(), "\n{}\nThe arrows are in tests/architecture.rs.", problems.join("\n"));
}

#[test]
fn generated_code_names_nothing_but_the_vocabulary() {
    let vocabulary = vocabulary();
    let mut files = 0;
    for file in rust_files(&root().join("generated/rust")) {
        let text = fs::read_to_string(&file).expect("a generated file can be read");
        let stem = file.file_stem().expect("it is a file").to_string_lossy().into_owned();
        for import in imports(&text, &["automata".to_owned(), stem]) {
            let path = import.join("::");
            let leads_out = begins(&import, &["crate"]) && !begins(&import, &["crate", "automata"]);
            let known = vocabulary.iter().any(|word| path == *word || path.starts_with(&format!("{word}::")));
            assert!(!leads_out || known, "{}: `{path}`", file.display());
            assert!(!WORLD.iter().any(|world| begins(&import, world)), "{}: `{path}`", file.display());
        }
        files += 1;
    }
    assert!(files > 8, "generated/rust holds {files} files");
}

#[test]
fn only_one_file_includes_what_the_build_script_wrote() {
    let including: Vec<PathBuf> = rust_files(&root().join("src"))
        .into_iter()
        .filter(|file| fs::read_to_string(file).is_ok_and(|text| text.contains("OUT_DIR")))
        .collect();
    assert_eq!(including, [root().join("src/automata.rs")]);
}

#[test]
fn crates_depend_only_on_whom_they_may() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    let ours: BTreeSet<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    for (name, allowed) in CRATES {
        let package = packages.iter().find(|package| package["name"] == *name);
        let package = package.unwrap_or_else(|| panic!("there is no package {name}"));
        for dependency in package["dependencies"].as_array().expect("there are dependencies") {
            let on = dependency["name"].as_str().expect("a name");
            let kind = dependency["kind"].as_str().unwrap_or("normal");
            if kind == "dev" {
                continue;
            }
            assert!(!ours.contains(on) || allowed.contains(&on), "{name} must not depend on {on}");
            // The demo replays traces, for which the interpreter is enough.
            let features = dependency["features"].as_array().is_none_or(|features| !features.is_empty());
            let is_whole = dependency["uses_default_features"] != false || features;
            let heavy = on == "automata-compiler" && *name == "bitpie" && kind != "build" && is_whole;
            assert!(!heavy, "the node needs what writes Rust, which is slow to compile, only to be built");
        }
    }
}

/// What is wrong with one file, with the path.
fn check(name: &str, module: &[String], text: &str, vocabulary: &BTreeSet<String>) -> Vec<String> {
    // The map of modules may name them all.
    if name == "lib" {
        return Vec::new();
    }
    let Some(rule) = MODULES.iter().find(|module| module.name == name) else {
        return vec![format!("nobody has said whom `{name}` may import")];
    };
    let mut problems = Vec::new();
    for segments in imports(text, module) {
        let path = segments.join("::");
        if rule.pure && WORLD.iter().any(|world| begins(&segments, world)) {
            problems.push(format!("`{name}` is pure, and must not name `{path}`"));
        }
        let of_ours = match segments.as_slice() {
            [first, target, ..] if first == "crate" => Some(target),
            // The binary sees the library by its name, and may take from it what is public.
            _ => None,
        };
        let Some(target) = of_ours else { continue };
        let is_module = MODULES.iter().any(|module| module.name == target.as_str());
        let is_word = vocabulary.iter().any(|word| path == *word || path.starts_with(&format!("{word}::")));
        if is_module && target != name && !is_word && !rule.imports.contains(&target.as_str()) {
            problems.push(format!("`{name}` must not import `{path}`"));
        }
    }
    problems
}

fn begins(path: &[String], with: &[&str]) -> bool {
    path.len() >= with.len() && path.iter().zip(with).all(|(segment, wanted)| segment == wanted)
}

/// All paths of two segments or more in a file of that module.
fn imports(text: &str, module: &[String]) -> Vec<Import> {
    let stream: TokenStream = text.parse().unwrap_or_else(|error| panic!("{module:?}: {error}"));
    let mut found = Vec::new();
    collect(stream, module, &mut found);
    found.retain(|import| import.len() > 1);
    found
}

fn collect(stream: TokenStream, module: &[String], found: &mut Vec<Import>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Ident(word) if word == "mod" => {
                if let [TokenTree::Ident(inner), TokenTree::Group(body), ..] = &tokens[at + 1..] {
                    let inside: Vec<String> = module.iter().cloned().chain([inner.to_string()]).collect();
                    collect(body.stream(), &inside, found);
                    at += 2;
                }
                at += 1;
            }
            TokenTree::Ident(_) => at = path(&tokens, at, &[], module, found),
            TokenTree::Group(group) => {
                collect(group.stream(), module, found);
                at += 1;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => at += 1,
        }
    }
}

/// Reads the path that begins at a word, a tree of `use` included; returns where it ends.
fn path(tokens: &[TokenTree], mut at: usize, prefix: &[String], module: &[String], found: &mut Vec<Import>) -> usize {
    let mut segments = prefix.to_vec();
    while let Some(TokenTree::Ident(word)) = tokens.get(at) {
        segments.push(word.to_string());
        at += 1;
        let is_colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        if !is_colon(at) || !is_colon(at + 1) {
            break;
        }
        match tokens.get(at + 2) {
            Some(TokenTree::Ident(_)) => at += 2,
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                let mut next = 0;
                while next < inside.len() {
                    let is_word = matches!(inside[next], TokenTree::Ident(_));
                    next = if is_word { path(&inside, next, &segments, module, found) } else { next + 1 };
                }
                return at + 3;
            }
            _ => break,
        }
    }
    found.push(resolved(segments, module));
    at
}

/// `super::x` and `self::x` as seen from the crate.
fn resolved(segments: Vec<String>, module: &[String]) -> Vec<String> {
    let up = segments.iter().take_while(|segment| *segment == "super").count();
    let own = segments.first().is_some_and(|first| first == "self") && segments.len() > 1;
    if up == 0 && !own {
        return segments;
    }
    let base = &module[..module.len().saturating_sub(up)];
    let rest = segments.iter().skip(up.max(usize::from(own)));
    std::iter::once("crate").map(str::to_owned).chain(base.iter().cloned()).chain(rest.cloned()).collect()
}

/// The paths of the Rust types that `automata/types.yaml` names.
fn vocabulary() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("automata/types.yaml")).expect("the types can be read");
    let words = text.split("rust: \"").skip(1).filter_map(|rest| rest.split('"').next());
    let words: BTreeSet<String> = words.map(str::to_owned).collect();
    assert!(words.contains("crate::identity::NodeId"), "the types were not understood: {words:?}");
    words
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `src/a/b.rs` and `src/a/b/mod.rs` are `["a", "b"]`.
fn module_path(file: &Path) -> Vec<String> {
    let below = file.strip_prefix(root().join("src")).expect("it is below src").with_extension("");
    let mut module: Vec<String> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|last| last == "mod" || (last == "lib" && module.len() == 1)) {
        module.pop();
    }
    module
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.expect("the folder can be read").path()) {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The check itself, on small sources.
mod the_check {
    use super::*;

    fn problems(name: &str, text: &str) -> Vec<String> {
        let vocabulary = BTreeSet::from(["crate::name::TransportName".to_owned()]);
        check(name, &[name.to_owned()], text, &vocabulary)
    }

    #[test]
    fn sees_an_arrow_that_must_not_be() {
        for text in [
            "use crate::node::Node;",
            "use crate::{identity::NodeId, node::Node};",
            "fn f() { crate::node::go() }",
            "use super::node::Node;",
            "mod tests { use super::super::node::Node; }",
            "macro_rules! m { () => { $crate::node::go() } }",
        ] {
            assert_eq!(problems("dht", text).len(), 1, "{text}");
        }
        assert_eq!(problems("dht", "use crate::identity::{NodeId, self};\nuse self::table::Table;"), [""; 0]);
        assert_eq!(problems("dht", "// crate::node::Node\nconst TEXT: &str = \"crate::node::Node\";"), [""; 0]);
    }

    #[test]
    fn sees_the_world_where_it_must_not_be() {
        for text in [
            "use std::time::Instant;",
            "use std::{fmt, time::{Duration, SystemTime}};",
            "fn f() { tokio::spawn(g()) }",
            "fn f() { let _ = std::fs::read(\"x\"); }",
        ] {
            assert_eq!(problems("hosts", text).len(), 1, "{text}");
            assert_eq!(problems("transports", text), [""; 0], "{text}");
        }
        assert_eq!(problems("hosts", "use std::net::SocketAddr;\nuse std::time::Duration;"), [""; 0]);
    }

    #[test]
    fn lets_everybody_use_the_vocabulary() {
        assert_eq!(problems("hosts", "use crate::name::TransportName;"), [""; 0]);
        assert_eq!(problems("hosts", "use crate::transports::TcpTransport;").len(), 1);
    }

    #[test]
    fn asks_for_a_rule_where_there_is_none() {
        assert_eq!(problems("something", ""), ["nobody has said whom `something` may import"]);
    }

    #[test]
    fn a_module_imports_only_those_that_stand_before_it_so_there_is_no_circle() {
        for (index, module) in MODULES.iter().enumerate() {
            let before = |name: &&&str| MODULES[..index].iter().any(|earlier| earlier.name == **name);
            assert_eq!(module.imports.iter().find(|name| !before(name)), None, "{}", module.name);
        }
    }

    #[test]
    fn every_rule_names_modules_that_have_one() {
        let rules: BTreeMap<&str, &Module> = MODULES.iter().map(|module| (module.name, module)).collect();
        assert_eq!(rules.len(), MODULES.len());
        for module in MODULES {
            assert!(module.imports.iter().all(|name| rules.contains_key(name)), "{}", module.name);
            let of_rim = |name: &&&str| !rules[**name].pure;
            assert_eq!(module.imports.iter().find(of_rim).filter(|_| module.pure), None, "{} is pure", module.name);
        }
    }
}
