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
    for left_alone in
        ["notes.md", "yaml", ".door.yaml", ".door.yaml.swp", "door.yaml~", "#door.yaml#", "door.yaml.orig", ".yaml"]
    {
        write(&folder, left_alone, b"no definition");
    }
    fs::create_dir(folder.join(".git")).expect("the folder can be made");
    let sources = read_folder(&folder).expect("it can be read");
    let paths: Vec<&str> = sources.iter().map(|(_, source)| source.path.as_str()).collect();
    assert_eq!(paths, ["definitions/door.yaml", "definitions/window.yaml"]);
}

#[test]
fn what_looks_like_a_definition_and_is_not_read_is_a_finding() {
    let folder = folder("passed_over");
    fs::create_dir_all(folder.join("inner/deep")).expect("the folder can be made");
    write(&folder, "inner/deep/m.yaml", b"automaton: m");
    fs::create_dir(folder.join("empty")).expect("the folder can be made");
    fs::create_dir(folder.join("more.yaml")).expect("the folder can be made");
    for file in ["a.yml", "b.YAML", "c.Yml", "d.yaml.txt", "e.yamll", "parts.YAML", "types.yaml "] {
        write(&folder, file, b"}} not even YAML");
    }
    let sources = read_folder(&folder).expect("it can be read");
    let told: Vec<_> = analyse(&sources)
        .findings
        .iter()
        .map(|finding| (finding.code.number, sources.get(finding.span.file).path.clone(), finding.help.clone()))
        .collect();
    let told: Vec<_> = told.iter().map(|(code, path, help)| (*code, path.as_str(), help.as_deref())).collect();
    let up = Some("move them up into this folder, one automaton to a file; other files belong elsewhere");
    assert_eq!(
        told,
        [
            ("A0038", "passed_over/a.yml", Some("rename it to `a.yaml`")),
            ("A0038", "passed_over/b.YAML", Some("rename it to `b.yaml`")),
            ("A0038", "passed_over/c.Yml", Some("rename it to `c.yaml`")),
            ("A0038", "passed_over/d.yaml.txt", Some("rename it to `d.yaml`")),
            ("A0038", "passed_over/e.yamll", Some("rename it to `e.yaml`")),
            ("A0038", "passed_over/empty", up),
            ("A0038", "passed_over/inner", up),
            ("A0038", "passed_over/more.yaml", up),
            ("A0038", "passed_over/parts.YAML", Some("rename it to `parts.yaml`")),
            ("A0038", "passed_over/types.yaml ", Some("rename it to `types.yaml`")),
        ]
    );
}

#[test]
fn a_file_that_is_not_text_is_a_finding_and_hides_no_other() {
    let folder = folder("bytes");
    write(&folder, "door.yaml", b"automaton: door\nsummary: \xe4\n");
    write(&folder, "window.yaml", b"automaton: window\nfoo: bar\n");
    write(&folder, "wide.yaml", b"\xff\xfea\x00");
    let sources = read_folder(&folder).expect("it can be read");
    let findings = analyse(&sources).findings;
    let told: Vec<_> = findings
        .iter()
        .map(|finding| (finding.code.number, finding.message.as_str(), sources.line_and_column(finding.span)))
        .collect();
    assert_eq!(
        told,
        [
            ("A0001", "this is not UTF-8: the byte 0xE4", (2, 10)),
            ("A0001", "this is not UTF-8: the byte 0xFF", (1, 1)),
            ("A0011", "an automaton has no key `foo`", (2, 1)),
        ]
    );
    assert!(findings[1].help.as_ref().is_some_and(|help| help.contains("UTF-16")));
    let shown = automata_compiler::render::plain(&sources, &findings);
    assert!(shown.contains("bytes/door.yaml:2:10") && shown.contains("summary: \u{fffd}"), "{shown}");
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_a_finding() {
    let folder = folder("links");
    write(&folder, "elsewhere", b"automaton: door");
    std::os::unix::fs::symlink("elsewhere", folder.join("door.yaml")).expect("links can be made");
    std::os::unix::fs::symlink("nowhere", folder.join("window.yaml")).expect("links can be made");
    // What editors lock a file with.
    std::os::unix::fs::symlink("user@host.1234", folder.join(".#door.yaml")).expect("links can be made");
    std::os::unix::fs::symlink("nowhere", folder.join("notes")).expect("links can be made");
    let sources = read_folder(&folder).expect("it can be read");
    let findings = analyse(&sources).findings;
    let told: Vec<_> = findings.iter().filter(|it| it.code.number == "A0001").map(|it| it.message.as_str()).collect();
    assert_eq!(told, ["the file cannot be read: it is a link to `nowhere`, which does not exist"]);
    assert!(automata_compiler::render::plain(&sources, &findings).contains("links/window.yaml:1:1"));
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_or_has_no_proper_name_is_a_finding() {
    use std::os::unix::ffi::OsStrExt;
    let folder = folder("odd");
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("door.yaml")).expect("sockets can be made");
    let name = std::ffi::OsStr::from_bytes(b"w\xe4nd.yaml");
    fs::write(folder.join(name), "automaton: wand").expect("the file can be written");
    std::os::unix::fs::symlink("loop.yaml", folder.join("loop.yaml")).expect("links can be made");
    let findings = analyse(&read_folder(&folder).expect("it can be read")).findings;
    let told: Vec<_> = findings.iter().map(|it| (it.code.number, it.message.as_str())).collect();
    assert_eq!(
        told,
        [
            ("A0001", "the file cannot be read: it is not a regular file"),
            ("A0001", "the file cannot be read: Too many levels of symbolic links"),
            ("A0001", "the file cannot be read: its name is not UTF-8"),
        ]
    );
}

#[test]
fn a_file_that_is_too_large_is_a_finding() {
    let folder = folder("large");
    write(&folder, "door.yaml", "ä".repeat(1 << 20).as_bytes());
    let findings = analyse(&read_folder(&folder).expect("it can be read")).findings;
    let numbers: Vec<&str> = findings.iter().map(|finding| finding.code.number).collect();
    assert_eq!(numbers, ["A0008"]);
    assert!(findings[0].message.contains("more than 1048576 bytes"), "{}", findings[0].message);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = read_folder(Path::new("no/such/folder")).expect_err("it is not there").to_string();
    assert!(error.contains("no/such/folder"), "{error}");
}
