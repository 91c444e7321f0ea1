//! A folder of its own for each test, and the program run in it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that goes away with its owner.
pub struct Scratch {
    path: PathBuf,
}

/// What a run of the program came to.
#[derive(Debug)]
pub struct Run {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Scratch {
    /// An empty one.
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("automata-cli-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("the folder for temporary files can be written to");
        Self { path }
    }

    /// One with `automata/door.yaml`, `automata/bell.yaml` and the parts that they name.
    pub fn with_doors() -> Self {
        let scratch = Self::new();
        scratch.write("automata/parts.yaml", PARTS);
        scratch.write("automata/types.yaml", TYPES);
        scratch.write("automata/door.yaml", DOOR);
        scratch.write("automata/bell.yaml", BELL);
        scratch
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path.join(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder of ours");
        fs::write(path, text).expect("a file of ours");
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub fn has(&self, path: &str) -> bool {
        self.path.join(path).exists()
    }

    /// The program, to be run in this folder, with nothing of our environment that decides about colours.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_automata"));
        command.args(arguments).current_dir(&self.path);
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(variable);
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "")
    }

    /// Likewise, with that on standard input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Run {
        run(self.command(arguments), input)
    }
}

pub fn run(mut command: Command, input: &str) -> Run {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().expect("the program is built with its tests");
    // Programs that do not read their input may have ended already.
    let _ = child.stdin.take().expect("it is a pipe").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    Run { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

impl Run {
    /// All went well, and there was nothing to complain of.
    #[track_caller]
    pub fn good(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    /// It ended with that code, and said this on standard error.
    #[track_caller]
    pub fn bad(self, code: i32, said: &[&str]) {
        assert_eq!(self.code, code, "{}", self.err);
        for said in said {
            assert!(self.err.contains(said), "`{said}` is not in:\n{}", self.err);
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the system.
        let _ = fs::remove_dir_all(&self.path);
    }
}

pub const PARTS: &str = "parts:\n  hall: Everybody around.\n";

pub const DOOR: &str = "\
automaton: door
summary: Is it open?
instances: per door
parameters:
  patience: { type: duration, default: 5s, summary: How long it stays open. }
variables:
  openings: { type: u8, initial: 0, max: 100 }
conditions:
  locked: { type: bool, summary: Nobody may come in. }
events:
  push: { from: hall, starts: true, fields: { who: string } }
  ring: { from: bell }
  remove: { from: hall }
actions:
  greet: { by: hall, arguments: { who: string, openings: u8 } }
initial: CLOSED
states:
  HUNG:
    on: { remove: GONE }
    ignore: { ring: it only rings }
    states:
      CLOSED:
        on:
          push:
            - { if: not locked, do: [ openings += 1, \"greet(who, openings)\" ], to: OPEN }
            - ignore: it is locked
      OPEN:
        after: { patience: CLOSED }
        on: { ring: { restart: patience } }
        ignore: { push: it is open }
  GONE: final
";

pub const BELL: &str = "\
automaton: bell
summary: Tells all doors.
events:
  press: { from: hall }
initial: READY
states:
  READY:
    on: { press: { send: \"door[all].ring\" } }
";

/// Keys of the doors.
pub const TYPES: &str = "keys:\n  door: u32\n";
