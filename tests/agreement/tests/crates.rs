//! Crates of their own, as another program would have them: two folders of definitions in one, and types that cannot do
//! what is needed.
//!
//! Each is written to the target folder and checked by cargo, with the workspace's versions of everything.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

/// Definitions that use a type of the program wherever one may stand.
const COURIER: &str = "\
automaton: courier
summary: Brings one parcel.
instances: per parcel

parameters:
  usual: { type: \"Parcel?\", default: none, summary: What it brings if nothing else is said. }

variables:
  last: { type: \"Parcel?\", initial: none, summary: What it brought. }
  word: { type: \"Code?\", initial: none, summary: What was whispered. }

conditions:
  is_light: { type: bool, arguments: { parcel: Parcel }, summary: One hand is enough. }
  favourite: { type: Parcel, summary: The one that everybody wants. }

events:
  handed: { from: [sender, courier], starts: true, fields: { parcel: Parcel, code: Code } }
  asked: { from: sender, fields: { parcel: \"Parcel?\" } }

actions:
  bring: { by: receiver, arguments: { parcel: Parcel, code: Code } }

initial: WAITING
states:
  WAITING:
    defer: { asked: 4 }
    on:
      handed:
        - { if: parcel == favourite or is_light(parcel), do: \"bring(parcel, code)\", send: \"courier[parcel].handed(parcel, code)\", to: GONE }
        - { set: [last = parcel, word = code] }
  GONE:
    on:
      asked:
        - { if: parcel == last or parcel == usual, to: WAITING }
        - { set: last = parcel }
      handed: WAITING
";

const LAMP: &str = "\
automaton: lamp
summary: Light.
events: { pressed: { from: hand } }
initial: OFF
states:
  OFF: { on: { pressed: ON } }
  ON: { on: { pressed: OFF } }
";

/// The types of the program, without what the tests derive or leave out.
const TYPES: &str = "\
keys:
  parcel: Parcel
types:
  Parcel: { rust: \"crate::Parcel\", summary: Something in paper. }
  Code: { rust: \"crate::Code\", secret: true, summary: Opens the door. }
";

/// The crate's own code, with these traits for the two types.
fn library(parcel: &str, code: &str, opens: bool) -> String {
    let mut text = format!(
        "#![deny(warnings)]\n#![forbid(unsafe_code)]\n\
         pub mod automata {{ include!(concat!(env!(\"OUT_DIR\"), \"/automata/mod.rs\")); }}\n\
         pub mod lights {{ include!(concat!(env!(\"OUT_DIR\"), \"/more/lights/mod.rs\")); }}\n\
         #[derive({parcel})] pub struct Parcel(pub String);\n\
         #[derive({code})] pub struct Code(pub String);\n\
         pub struct World;\n\
         impl automata::courier::Conditions for World {{\n\
           fn is_light(&mut self, _: &Parcel, parcel: &Parcel) -> bool {{ parcel.0.len() < 3 }}\n\
           fn favourite(&mut self, key: &Parcel) -> Parcel {{ Parcel(key.0.clone()) }}\n\
         }}\n\
         pub fn run(parcel: Parcel, key: Parcel, code: Code) -> usize {{\n\
           let mut bus = automata_runtime::Bus::new(automata::system::System::new(Default::default()));\n\
           let mut actions = Vec::new();\n\
           bus.start(0, &mut World, &mut actions);\n\
           let handed = automata::senders::sender::courier::handed(key, parcel, code);\n\
           bus.handle(1, handed, &mut World, &mut actions);\n\
           let mut other = automata_runtime::Bus::new(lights::system::System::new(Default::default()));\n\
           other.start(0, &mut (), &mut Vec::new());\n\
           other.handle(1, lights::senders::hand::lamp::pressed(), &mut (), &mut Vec::new());\n\
           actions.len()\n\
         }}\n"
    );
    if opens {
        let _ = writeln!(text, "impl AsRef<[u8]> for Code {{ fn as_ref(&self) -> &[u8] {{ self.0.as_bytes() }} }}");
    }
    text
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("folders can be made");
        // What is the same keeps its time, so that cargo need not check it again.
        if fs::read_to_string(&path).ok().as_deref() != Some(text) {
            fs::write(path, text).expect("files can be written");
        }
    }
}

/// A crate with both folders; everything but its own code.
fn package() -> PathBuf {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let project = project.canonicalize().expect("this package is in a project");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("two_folders");
    let tools = |name: &str| format!("{:?}", project.join("tools").join(name));
    let manifest = format!(
        "[package]\nname = \"two_folders\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         automata-runtime = {{ path = {} }}\nserde = {{ version = \"1\", features = [\"derive\"] }}\n\n\
         [build-dependencies]\nautomata-compiler = {{ path = {} }}\n",
        tools("runtime"),
        tools("compiler")
    );
    let build =
        "fn main() {\n    automata_compiler::build(\"automata\");\n    automata_compiler::build(\"more/lights\");\n}\n";
    let parts = "parts:\n  sender: Hands over.\n  receiver: Takes.\n";
    write(
        &folder,
        &[
            ("Cargo.toml", &manifest),
            ("build.rs", build),
            ("automata/courier.yaml", COURIER),
            ("automata/parts.yaml", parts),
            ("automata/types.yaml", TYPES),
            ("more/lights/lamp.yaml", LAMP),
            ("more/lights/parts.yaml", "parts:\n  hand: Presses.\n"),
        ],
    );
    fs::copy(project.join("Cargo.lock"), folder.join("Cargo.lock")).expect("the workspace is locked");
    folder
}

/// What cargo says about the crate with that code.
fn check(package: &Path, library: &str) -> Output {
    write(package, &[("src/lib.rs", library)]);
    Command::new(env!("CARGO"))
        .args(["check", "--offline", "--message-format", "short", "--manifest-path"])
        .arg(package.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", package.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo can be run")
}

const WHOLE: [&str; 6] = ["Clone", "PartialEq", "Debug", "Eq", "Hash", "serde::Serialize"];
const SECRET: [&str; 3] = ["Clone", "PartialEq", "Debug"];

#[test]
fn two_folders_live_in_one_crate_and_what_a_type_cannot_do_is_one_error_in_types_rs() {
    let package = package();
    let sound = check(&package, &library(&WHOLE.join(", "), &SECRET.join(", "), true));
    assert!(sound.status.success(), "{}", String::from_utf8_lossy(&sound.stderr));

    let without = |all: &[&'static str], left_out: &[&str]| {
        all.iter().copied().filter(|name| !left_out.contains(name)).collect::<Vec<_>>().join(", ")
    };
    // What `Eq` needs of `PartialEq` is rustc's own affair, so both go.
    for left_out in [&["Clone"][..], &["Debug"], &["Hash"], &["Eq"], &["PartialEq", "Eq"], &["serde::Serialize"]] {
        let errors = errors(&package, &library(&without(&WHOLE, left_out), &SECRET.join(", "), true));
        for name in left_out {
            let is_named = |error: &String| error.contains("`Parcel` is") && error.contains(&format!("`{name}`"));
            assert!(errors.iter().any(is_named), "{errors:#?}");
        }
        assert_eq!(errors.len(), left_out.len(), "without {left_out:?}: {errors:#?}");
    }
    for left_out in ["Clone", "PartialEq", "Debug"] {
        let errors = errors(&package, &library(&WHOLE.join(", "), &without(&SECRET, &[left_out]), true));
        assert_eq!(errors.len(), 1, "without {left_out}: {errors:#?}");
    }
    let errors = errors(&package, &library(&WHOLE.join(", "), &SECRET.join(", "), false));
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(errors[0].contains("`Code` has `secret: true` in `types.yaml`"), "{}", errors[0]);
}

/// Its errors, a line for each with the place that it points to, which is `types.rs` in all of them.
fn errors(package: &Path, library: &str) -> Vec<String> {
    let output = check(package, library);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{told}");
    let errors: Vec<String> = told.lines().filter(|line| line.contains(": error")).map(str::to_owned).collect();
    assert!(errors.iter().all(|error| error.contains("/out/automata/types.rs:")), "{told}");
    errors
}
