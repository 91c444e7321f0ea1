//! What we write for the programs of others is given to the real ones: `cargo xtask interop formats` installs those of
//! npm, and runs these tests, which are ignored otherwise.

#[path = "../support/mod.rs"]
mod support;

mod pictures;
mod scion;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use automata_compiler::read_folder;
use support::{Definitions, all, resolved, workspace};

/// Where the programs of npm are installed, and what drives them lies beside them.
fn npm_folder() -> PathBuf {
    std::env::var_os("AUTOMATA_INTEROP_NPM")
        .map(PathBuf::from)
        .expect("AUTOMATA_INTEROP_NPM says where: run `cargo xtask interop formats`")
}

/// Those of the project, of the accept cases, of the elevator, and those whose names and texts are hostile.
fn definitions() -> Vec<Definitions> {
    let mut definitions = all();
    for folder in ["examples/elevator/automata", "tests/interop/hostile"] {
        let sources = read_folder(&workspace().join(folder)).expect("the definitions can be read");
        definitions.push(resolved(folder.to_owned(), sources));
    }
    definitions
}

/// Gives a program its input, and takes what it says.
fn told(command: &mut Command, input: &str) -> (bool, String, String) {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("`{name}` cannot be started: {error}"));
    let mut stdin = child.stdin.take().expect("it is a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    let _ = writer.join();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

/// What a driver in `tests/interop` answers.
fn driven(driver: &str, input: &serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    let (fine, answer, error) = told(Command::new("node").arg(driver).current_dir(npm_folder()), &input.to_string());
    assert!(fine, "{driver} failed:\n{error}");
    serde_json::from_str(&answer).unwrap_or_else(|fault| panic!("{driver} says {fault}:\n{answer}\n{error}"))
}
