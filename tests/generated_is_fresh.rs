//! `generated/rust/`, which people read and review, is what the build script made of `automata/`, which is compiled; and
//! `generated/web/` is about the same definitions.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Name → text of all files in a folder.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    paths
        .map(|path| {
            let name = path.file_name().expect("it is in a folder").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("it is a text"))
        })
        .collect()
}

/// The page of the node knows the automata that run in it. (`cargo xtask test --only generated` compares every text.)
#[test]
fn the_page_is_given_the_definitions_that_run() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("generated/web/definitions.json");
    let text = fs::read_to_string(path).expect("it is a text");
    let definitions: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(
        definitions["model"],
        bitpie::automata::system::MODEL_HASH,
        "generated/web/ is out of date; to rebuild it: cargo xtask codegen"
    );
    let automata = definitions["automata"].as_array().expect("a list");
    assert!(automata.iter().all(|of| of["picture"].as_str().is_some_and(|picture| picture.starts_with("<svg"))));
}

#[test]
fn generated_rust_is_what_is_compiled() {
    let compiled = files(&Path::new(env!("OUT_DIR")).join("automata"));
    let reviewed = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("generated/rust"));
    assert!(compiled.contains_key("mod.rs"), "the build script wrote nothing");
    let names = compiled.keys().chain(reviewed.keys());
    let mut differing: Vec<&String> = names.filter(|name| compiled.get(*name) != reviewed.get(*name)).collect();
    differing.sort();
    differing.dedup();
    assert!(differing.is_empty(), "generated/rust/ is out of date ({differing:?}); to rebuild it: cargo xtask codegen");
}
