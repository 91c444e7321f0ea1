//! Reading a folder of definitions.

use std::fs;
use std::path::{Path, PathBuf};

use automata_compiler::{analyse, read_folder};

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("folders").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

fn write(folder: &Path, file: &str, contents: &[u8]) {
    fs::write(folder.join(file), contents).expect("the file can be written");
}

#[test]
fn definitions_are_read_and_nothing_else() {
    let folder = folder("definitions");
    write(&folder, "window.yaml", b"automaton: window");
    write(&folder, "door.yaml", b"automaton: door");
    write(&folder, "old.yml", b"automaton: old");
    write(&folder, "notes.md", b"# nothing");
    write(&folder, ".door.yaml", b"left by an editor");
    fs::create_dir(folder.join("more.yaml")).expect("the folder can be made");
    let sources = read_folder(&folder).expect("it can be read");
    let paths: Vec<&str> = sources.iter().map(|(_, source)| source.path.as_str()).collect();
    assert_eq!(paths, ["definitions/door.yaml", "definitions/old.yml", "definitions/window.yaml"]);
}

#[test]
fn a_file_that_is_not_text_is_named() {
    let folder = folder("bytes");
    write(&folder, "door.yaml", b"automaton: \xff");
    let error = read_folder(&folder).expect_err("it is not UTF-8").to_string();
    assert!(error.contains("door.yaml") && error.contains("byte 11"), "{error}");
}

#[test]
fn a_file_that_is_too_large_is_a_finding() {
    let folder = folder("large");
    write(&folder, "door.yaml", "ä".repeat(1 << 20).as_bytes());
    let findings = analyse(&read_folder(&folder).expect("it can be read")).findings;
    let numbers: Vec<&str> = findings.iter().map(|finding| finding.code.number).collect();
    assert_eq!(numbers, ["A0008"]);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = read_folder(Path::new("no/such/folder")).expect_err("it is not there").to_string();
    assert!(error.contains("no/such/folder"), "{error}");
}
