//! Who may import whom, checked over every path in the sources and over the dependencies of the crates.

mod circles;
mod files;
mod imports;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use files::Files;

/// Modules of `src/` that decide, from the ground up. Each imports only those before it, and nothing of [`OUTSIDE`].
#[rustfmt::skip]
const PURE: &[&str] = &[
    "name", "words", "nickname", "codec", "identity", "wire", "automata", "messages", "peers", "world", "hosts",
    "services", "node",
];

/// Modules of `src/` around them. Each imports only those before it, and those above.
#[rustfmt::skip]
const AROUND: &[&str] = &[
    "abort_points", "traces", "transports", "dht", "store", "home", "api", "client", "runtime", "demo", "main",
];

/// Beginnings of paths that lead out of what is pure: to clocks, sockets, files, threads and processes.
#[rustfmt::skip]
const OUTSIDE: &[&str] = &[
    "async_std", "axum", "getrandom", "hyper", "if_addrs", "mdns_sd", "mio", "quinn", "rand", "rusqlite", "socket2",
    "std::env", "std::fs", "std::net::TcpListener", "std::net::TcpStream", "std::net::UdpSocket", "std::os",
    "std::process", "std::thread", "std::time::Instant", "std::time::SystemTime", "tokio", "yamux",
];

/// Folders of sources in which no files import one another in a circle.
const SOURCES: &[&str] = &["src", "tools/compiler/src", "tools/outputs/src", "tools/cli/src", "tools/runtime/src"];

/// Crates of this repository, and those of them that they may be built with. Tests may use more.
const CRATES: &[(&str, &[&str])] = &[
    ("automata-runtime", &[]),
    ("automata-compiler", &["automata-runtime"]),
    ("automata-outputs", &["automata-compiler", "automata-runtime"]),
    ("automata-cli", &["automata-compiler", "automata-outputs", "automata-runtime"]),
    ("xtask", &["automata-cli"]),
    ("bitpie", &["automata-compiler", "automata-runtime"]),
];

#[test]
fn no_files_import_one_another_in_a_circle() {
    let circles: Vec<String> = SOURCES.iter().flat_map(|folder| circles::of(&Files::below(root(), folder))).collect();
    assert!(circles.is_empty(), "{} circles:\n\n{}", circles.len(), circles.join("\n\n"));
}

#[test]
fn modules_import_only_those_before_them_and_pure_ones_nothing_outside() {
    let order = [PURE, AROUND].concat();
    let place = |name: &str| order.iter().position(|module| *module == name);
    for (file, module) in Files::below(root(), "src").modules() {
        // The map of modules may name them all.
        let Some(name) = module.path.get(1) else { continue };
        let own = place(name).unwrap_or_else(|| panic!("{file}: nobody has said where `{name}` stands"));
        for import in &module.imports {
            let (path, is_ours) = (import.join("::"), import[0] == "crate");
            let is_above = is_ours && place(&import[1]).is_some_and(|target| target > own);
            assert!(!is_above, "{file}: `{name}` must not import `{path}`, which stands above it");
            let leads_out = own < PURE.len() && OUTSIDE.iter().any(|outside| imports::leads_to(&path, outside));
            assert!(!leads_out, "{file}: `{name}` is pure, and must not name `{path}`");
        }
    }
}

#[test]
fn generated_code_names_only_types_that_the_definitions_name() {
    let text = fs::read_to_string(root().join("automata/types.yaml")).expect("the types can be read");
    let types: BTreeSet<&str> = text.split("rust: \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(types.contains("crate::identity::NodeId"), "the types were not understood: {types:?}");
    for (file, module) in Files::below(root(), "generated/rust").modules() {
        for path in module.imports.iter().map(|import| import.join("::")) {
            // The generated modules are siblings, in whatever module includes them.
            let is_ours = path.starts_with("crate::") && types.iter().any(|name| imports::leads_to(&path, name));
            let is_sibling =
                root().join(format!("generated/rust/{}.rs", path.split("::").nth(1).unwrap_or(""))).exists();
            assert!(is_ours || is_sibling || !path.starts_with("crate::"), "{file}: `{path}`");
            assert!(!OUTSIDE.iter().any(|outside| imports::leads_to(&path, outside)), "{file}: `{path}`");
        }
    }
}

#[test]
fn only_one_file_includes_what_the_build_script_wrote() {
    let texts = files::texts(&root().join("src"));
    let including: Vec<&str> =
        texts.iter().filter(|(_, text)| text.contains("OUT_DIR")).map(|(file, _)| file.as_str()).collect();
    assert_eq!(including, ["automata.rs"]);
}

#[test]
fn crates_depend_only_on_whom_they_may() {
    let cargo = Command::new(env!("CARGO")).args(["metadata", "--format-version=1", "--no-deps", "--offline"]).output();
    let metadata: serde_json::Value =
        serde_json::from_slice(&cargo.expect("cargo runs this test").stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    let ours: BTreeSet<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    for (name, allowed) in CRATES {
        let package = packages.iter().find(|package| package["name"] == *name);
        let dependencies = package.unwrap_or_else(|| panic!("there is no package {name}"))["dependencies"].as_array();
        for dependency in dependencies.expect("there are dependencies").iter().filter(|of| of["kind"] != "dev") {
            let on = dependency["name"].as_str().expect("a name");
            assert!(!ours.contains(on) || allowed.contains(&on), "{name} must not depend on {on}");
            // The demo replays traces, for which the interpreter is enough. What writes Rust is slow to compile.
            let is_whole =
                dependency["uses_default_features"] != false || dependency["features"] != serde_json::json!([]);
            let is_heavy = *name == "bitpie" && on == "automata-compiler" && dependency["kind"] != "build" && is_whole;
            assert!(!is_heavy, "the node needs what writes Rust only to be built");
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
