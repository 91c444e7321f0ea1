//! `automata serve` in a browser: a file is edited, and the page follows.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::Browser;
use super::page::{MARKUP, assert_accessible, assert_no_markup, drop_file, picture, text, until_says};

/// The program `automata`, which is of another crate.
const PROGRAM: &str = "BITPIE_AUTOMATA";

const DOOR: &str = "\
automaton: door
summary: Is the door open?
events:
  push: { from: visitor }
initial: CLOSED
states:
  CLOSED:
    on:
      push: OPEN
  OPEN:
    on:
      push: CLOSED
";

struct Served {
    folder: tempfile::TempDir,
    program: Child,
    url: String,
}

impl Served {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("parts.yaml"), "parts:\n  visitor: { summary: Somebody at the door. }\n")
            .expect("written");
        fs::write(folder.path().join("door.yaml"), "automaton: door\nstates: { CLOSED: {}, OPEN: {} }\n")
            .expect("written");
        let program = std::env::var(PROGRAM)
            .unwrap_or_else(|_| panic!("{PROGRAM} names no program: `cargo xtask test --only browser`"));
        let mut program = Command::new(program)
            .args(["serve", "--port", "0"])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it can be run");
        let mut line = String::new();
        BufReader::new(program.stdout.take().expect("it is piped")).read_line(&mut line).expect("it says where it is");
        let url = line.split_whitespace().next().unwrap_or_default().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "{line}");
        Self { folder, program, url }
    }

    fn write(&self, text: &str) {
        fs::write(self.folder.path().join("door.yaml"), text).expect("written");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

#[test]
#[ignore = "needs Chromium: cargo xtask test --only browser"]
fn an_edit_appears_as_it_is_saved() {
    let served = Served::new();
    let browser = Browser::open(1280, 800);
    // At first nothing in the folder is right, and there is nothing to draw.
    browser.go(&served.url);
    until_says(&browser, "[data-part=findings]", "door.yaml");
    served.write(DOOR);
    browser.until("document.querySelector('[data-part=diagram] #door-state-OPEN')");
    assert!(browser.run("return document.querySelector('#door-state-LOCKED')", &[]).is_null());
    for is_dark in [false, true] {
        browser.set_dark(is_dark);
        let theme = if is_dark { "dark" } else { "light" };
        assert_accessible(&browser, &format!("automata serve, {theme}"));
        picture(&browser, &format!("serve-{theme}"));
    }
    browser.set_dark(false);

    // A state more.
    let locked = DOOR.replace("      push: CLOSED\n", "      push: LOCKED\n  LOCKED:\n    on:\n      push: CLOSED\n");
    served.write(&locked);
    browser.until("document.querySelector('[data-part=diagram] #door-state-LOCKED')");

    // A mistake, whose finding holds what the file holds, as a text.
    served.write(&locked.replace("push: OPEN", &format!("push: '{MARKUP}'")));
    until_says(&browser, "[data-part=findings]", "<img");
    until_says(&browser, "[data-part=old]", "errors");
    assert_no_markup(&browser);

    // Mended; an event is clicked, and the state that it leads to is lit.
    served.write(&locked);
    browser.until("document.querySelector('[data-part=old]').hidden");
    browser.until(&format!("{} === undefined", text("[data-part=findings] .finding")));
    drop_file(&browser, "not-a-trace.txt", "this is not a trace");
    until_says(&browser, ".status", "not JSON");
    assert_no_markup(&browser);
}
