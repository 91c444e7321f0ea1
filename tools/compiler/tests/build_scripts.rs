//! What a `build.rs` gets: files in `OUT_DIR`, lines for cargo, and an end that is not zero after an error.
//!
//! `build` ends the process, so this test program runs itself again, with the folder in its environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use automata_compiler::rust::Options;
use automata_compiler::{build, build_into, compile, read_folder};

const FOLDER: &str = "AUTOMATA_TEST_FOLDER";

/// An empty folder of its own for each test.
fn empty(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
#[ignore = "runs within the tests below"]
fn as_a_build_script() {
    for folder in env::split_paths(&env::var_os(FOLDER).expect("the tests below set it")) {
        build(folder);
    }
}

fn build_script(definitions: &Path, out: &Path) -> Output {
    build_script_of(&[definitions], out)
}

fn build_script_of(folders: &[&Path], out: &Path) -> Output {
    Command::new(env::current_exe().expect("a test is a program"))
        .args(["--exact", "as_a_build_script", "--ignored", "--nocapture"])
        .env(FOLDER, env::join_paths(folders).expect("none has a separator in it"))
        .env("OUT_DIR", out)
        .output()
        .expect("the test program can be run")
}

#[test]
fn sound_definitions_become_rust_in_out_dir() {
    let definitions = project().join("automata");
    let out = empty("sound");
    let output = build_script(&definitions, &out);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains(&format!("cargo::rerun-if-changed={}", definitions.display())), "{told}");
    let sources = read_folder(&definitions).expect("they can be read");
    let artifacts = compile(&sources, &Options::default()).expect("they are sound");
    assert!(artifacts.rust.contains_key("mod.rs"), "{:?}", artifacts.rust.keys());
    for (name, text) in &artifacts.rust {
        assert_eq!(&fs::read_to_string(out.join("automata").join(name)).expect("it was written"), text);
    }
}

/// Cargo shows each line as a message of its own: a finding of several lines would be as many warnings.
#[test]
fn a_warning_is_one_line_of_cargo() {
    let definitions = project().join("tests/cases/reject/a0201_no_way_out");
    let folder = empty("warned");
    let files =
        [definitions, project().join("tests/cases/shared")].map(|from| fs::read_dir(from).expect("it is there"));
    for file in files.into_iter().flatten().map(|file| file.expect("it can be read").path()) {
        fs::copy(&file, folder.join(file.file_name().expect("a file"))).expect("it can be copied");
    }
    let sources = read_folder(&folder).expect("they can be read");
    let warnings = compile(&sources, &Options::default()).expect("they are sound").warnings.len();
    let output = build_script(&folder, &empty("warned_out"));
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    let lines: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("cargo::warning=")).collect();
    assert_eq!((lines.len(), warnings > 1), (warnings, true), "{told}");
    let path = folder.join("door.yaml").display().to_string();
    let trap = lines.iter().find(|line| line.contains("A0201")).expect("it is the case of that code");
    assert!(trap.starts_with(&format!("{path}:")) && trap.contains("; no transition that can be taken"), "{trap}");
}

#[test]
fn a_folder_without_automata_ends_the_build() {
    let output = build_script(&empty("nothing"), &empty("nothing_out"));
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no automaton in "));
}

#[test]
fn each_folder_has_a_place_of_its_own() {
    let (first, second) = (project().join("automata"), project().join("examples/elevator/automata"));
    let out = empty("two_folders");
    // As a package writes them: relative to it, which is where cargo runs its build script.
    let relative = Path::new("../../examples/elevator/automata");
    let output = build_script_of(&[&first, relative], &out);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (folder, place, automaton) in
        [(&first, "automata", "tcp_connection"), (&second, "examples/elevator/automata", "door")]
    {
        let rust =
            compile(&read_folder(folder).expect("it can be read"), &Options::default()).expect("it is sound").rust;
        assert!(rust.contains_key(&format!("{automaton}.rs")), "{:?}", rust.keys());
        for name in rust.keys() {
            assert!(out.join(place).join(name).exists(), "{place}/{name}");
        }
    }
}

#[test]
fn a_folder_never_replaces_what_came_of_another() {
    let (first, second) = (project().join("automata"), empty("elsewhere").join("automata"));
    fs::create_dir(&second).expect("it can be made");
    fs::write(second.join("lamp.yaml"), "automaton: lamp\nsummary: Light.\nstates:\n  ON: {}\n")
        .expect("it can be written");
    let out = empty("same_name");
    let output = build_script_of(&[&first, &second], &out);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(told.contains("would both be written to") && told.contains("help: use `build_into`"), "{told}");
    assert!(out.join("automata/tcp_connection.rs").exists() && !out.join("automata/lamp.rs").exists());
}

#[test]
fn an_error_ends_the_build_with_the_finding() {
    let definitions = project().join("tests/cases/reject/a0024_initial_elsewhere");
    let out = empty("unsound");
    let output = build_script(&definitions, &out);
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(told.matches("there is no state `CLOSD` inside `door`").count(), 1, "{told}");
    assert!(told.contains("error[A0024]: there is no state `CLOSD` inside `door`"), "{told}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("A0024"), "it is said once");
    assert!(told.contains("a0024_initial_elsewhere/door.yaml:3:10"), "{told}");
    assert_eq!(fs::read_dir(&out).expect("it is there").count(), 0, "nothing is written");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let output = build_script(&project().join("nowhere"), &empty("nowhere"));
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("nowhere"));
}

#[test]
fn files_are_written_only_where_they_differ() {
    let (definitions, target) = (project().join("automata"), empty("written"));
    let build = || build_into(&definitions, &target, &Options::default()).expect("they are sound");
    build();
    let modified = |name: &str| fs::metadata(target.join(name)).and_then(|data| data.modified()).expect("it is there");
    let before = modified("mod.rs");
    let types = fs::read_to_string(target.join("types.rs")).expect("it is there");
    fs::write(target.join("left_over.rs"), "of an automaton that is gone").expect("it can be written");
    fs::write(target.join("types.rs"), "changed").expect("it can be written");
    build();
    assert_eq!(modified("mod.rs"), before);
    assert_eq!(fs::read_to_string(target.join("types.rs")).expect("it is there"), types);
    assert!(!target.join("left_over.rs").exists());
}
