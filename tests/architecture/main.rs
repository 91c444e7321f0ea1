//! Who may import whom, checked over every path in the sources and over the dependencies of the crates.

mod circles;
mod files;
mod imports;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use files::Files;

/// Modules of `src/` from the ground up, and those before it that each may import. Types that `automata/types.yaml`
/// names are everybody's.
#[rustfmt::skip]
const MODULES: &[(&str, &str)] = &[
    ("name", ""),
    ("words", ""),
    ("calendar", ""),
    ("pace", ""),
    ("household", ""),
    ("nickname", ""),
    ("codec", ""),
    ("identity", "codec name nickname"),
    ("wire", "codec identity"),
    ("automata", ""),
    ("messages", "codec identity nickname wire words"),
    ("peers", "identity name"),
    ("stun", "identity name peers"),
    ("world", "automata identity name nickname peers stun wire words"),
    ("hosts", "automata identity name nickname peers stun wire world"),
    ("services", "automata hosts identity name wire world"),
    ("node", "automata hosts services world"),
    ("abort_points", ""),
    ("privacy", ""),
    ("hardening", "privacy"),
    ("traces", ""),
    ("transports", "household identity name pace peers stun wire"),
    ("dht", "codec identity nickname wire"),
    ("store", "abort_points calendar identity messages nickname peers wire"),
    ("home", "dht identity messages name nickname privacy services store world"),
    ("web", ""),
    ("api", "calendar household identity name nickname pace privacy stun web words"),
    ("client", "api calendar identity nickname privacy"),
    ("runtime", "abort_points api automata calendar client codec dht home hosts identity messages name nickname node \
                 pace peers privacy services store stun traces transports wire world"),
    ("demo", "api automata client home runtime"),
    ("main", ""),
];

/// The last of those that decide, which name nothing of [`OUTSIDE`].
const LAST_PURE: &str = "node";

/// Beginnings of paths that lead out of what is pure: to clocks, sockets, files, threads and processes.
#[rustfmt::skip]
const OUTSIDE: &[&str] = &[
    "async_std", "axum", "getrandom", "hyper", "if_addrs", "mdns_sd", "mio", "quinn", "rand", "rusqlite", "socket2",
    "std::env", "std::fs", "std::net::TcpListener", "std::net::TcpStream", "std::net::UdpSocket", "std::os",
    "std::process", "std::thread", "std::time::Instant", "std::time::SystemTime", "tokio", "yamux",
];

/// Folders of sources in which no files import one another in a circle.
const SOURCES: &[&str] =
    &["src", "tools/compiler/src", "tools/outputs/src", "tools/web/src", "tools/cli/src", "tools/runtime/src"];

/// Crates of this repository, and those of them that they may be built with. Tests may use more.
const CRATES: &[(&str, &[&str])] = &[
    ("automata-runtime", &[]),
    ("automata-compiler", &["automata-runtime"]),
    ("automata-outputs", &["automata-compiler", "automata-runtime"]),
    ("automata-web", &["automata-compiler", "automata-outputs"]),
    ("automata-cli", &["automata-compiler", "automata-outputs", "automata-runtime", "automata-web"]),
    ("xtask", &["automata-cli"]),
    ("bitpie", &["automata-compiler", "automata-runtime"]),
];

#[test]
fn no_files_import_one_another_in_a_circle() {
    let circles: Vec<String> = SOURCES.iter().flat_map(|folder| circles::of(&Files::below(root(), folder))).collect();
    assert!(circles.is_empty(), "{} circles:\n\n{}", circles.len(), circles.join("\n\n"));
}

#[test]
fn modules_import_only_whom_they_may_and_pure_ones_nothing_outside() {
    let place = |name: &str| MODULES.iter().position(|(module, _)| *module == name);
    for (name, imports) in MODULES {
        let is_before = |import: &&str| place(import) < place(name) && place(import).is_some();
        assert_eq!(imports.split_whitespace().find(|import| !is_before(import)), None, "{name}");
    }
    let (types, pure) = (types(), place(LAST_PURE).expect("it is one of them"));
    for (file, module) in Files::below(root(), "src").modules() {
        // The map of modules may name them all.
        let Some(name) = module.path.get(1) else { continue };
        let own = place(name).unwrap_or_else(|| panic!("{file}: nobody has said where `{name}` stands"));
        for import in &module.imports {
            let path = import.join("::");
            let is_module = import[0] == "crate" && import[1] != *name && place(&import[1]).is_some();
            let is_type = types.iter().any(|of| imports::leads_to(&path, of));
            let may = is_type || MODULES[own].1.split_whitespace().any(|allowed| allowed == import[1]);
            assert!(!is_module || may, "{file}: `{name}` must not import `{path}`");
            let leads_out = own <= pure && OUTSIDE.iter().any(|outside| imports::leads_to(&path, outside));
            assert!(!leads_out, "{file}: `{name}` is pure, and must not name `{path}`");
        }
    }
}

#[test]
fn generated_code_names_only_types_that_the_definitions_name() {
    let types = types();
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

/// The Rust types that `automata/types.yaml` names.
fn types() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("automata/types.yaml")).expect("the types can be read");
    let types: BTreeSet<String> =
        text.split("rust: \"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect();
    assert!(types.contains("crate::identity::NodeId"), "the types were not understood: {types:?}");
    types
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
