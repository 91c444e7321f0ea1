//! `--watch`: the program runs on, and sees what is written meanwhile.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::scratch::{DOOR, Scratch};

/// Far longer than it takes; a test that waits so long has failed.
const DEADLINE: Duration = Duration::from_secs(30);

/// The program at work, and the lines that it says.
struct Watcher {
    child: Child,
    lines: Receiver<String>,
}

impl Watcher {
    fn new(scratch: &Scratch, arguments: &[&str]) -> Self {
        let mut command = scratch.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program");
        let output = BufReader::new(child.stdout.take().expect("it is a pipe"));
        let (sender, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// Waits for a line that holds that text.
    #[track_caller]
    fn until(&self, text: &str) {
        let end = Instant::now() + DEADLINE;
        loop {
            let rest = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(rest) {
                Ok(line) if line.contains(text) => return,
                Ok(_) => {}
                Err(error) => panic!("`{text}` was not said: {error}"),
            }
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_change_is_checked_at_once() {
    let scratch = Scratch::with_doors();
    let watcher = Watcher::new(&scratch, &["check", "--watch"]);
    watcher.until("2 automata, 5 states, 0 errors, 0 warnings");
    scratch.write("automata/door.yaml", &DOOR.replace("remove: GONE", "remove: GON"));
    watcher.until("2 automata, 1 error, 0 warnings");
    scratch.write("automata/door.yaml", DOOR);
    watcher.until("2 automata, 5 states, 0 errors, 0 warnings");
}

#[test]
fn a_folder_that_cannot_be_read_for_a_while_ends_nothing() {
    let scratch = Scratch::with_doors();
    let watcher = Watcher::new(&scratch, &["check", "--watch", "--json"]);
    watcher.until(r#""errors":0"#);
    std::fs::write(scratch.path().join("automata/door.yaml"), b"\xff").expect("a file of ours");
    scratch.write("automata/bell.yaml", "automaton: [\n");
    scratch.write("automata/door.yaml", DOOR);
    watcher.until(r#""severity":"error""#);
}

#[test]
fn pictures_follow_the_definitions() {
    let scratch = Scratch::with_doors();
    let watcher = Watcher::new(&scratch, &["render", "door", "--out", "look", "--watch"]);
    watcher.until("look/door.svg");
    assert!(scratch.read("look/door.svg").contains("CLOSED"));
    scratch.write("automata/door.yaml", &DOOR.replace("CLOSED", "SHUT"));
    watcher.until("look/door.svg");
    let picture = scratch.read("look/door.svg");
    assert!(picture.contains("SHUT") && !picture.contains("CLOSED"));
}

#[test]
fn pictures_are_watched_only_into_a_folder() {
    Scratch::with_doors().run(&["render", "door", "--watch"]).bad(2, &["--out"]);
}
