//! `bitpie demo`: it plays its story, and proves by a replay that its nodes did what the definitions say.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bitpie::demo::replay;
use serde_json::Value;

use super::replays::traces;

/// What the help of the command promises.
const LONGEST: Duration = Duration::from_secs(30);

fn demo(folder: &Path) -> Vec<(String, String)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bitpie"));
    command.args(["--json", "demo", "--keep"]).arg(folder).stdin(Stdio::null());
    let output = command.output().expect("it can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).expect("the program writes UTF-8");
    let step = |line: &str| {
        let step: Value = serde_json::from_str(line).expect("JSON");
        let text = |key: &str| step[key].as_str().expect("a text").to_owned();
        (text("who"), text("text"))
    };
    told.lines().map(step).collect()
}

#[test]
fn it_replays_what_its_nodes_have_recorded() {
    let folder = tempfile::tempdir().expect("a folder");
    let begun = Instant::now();
    let told = demo(folder.path());
    let took = begun.elapsed();
    assert!(took < LONGEST, "it is the quick look, and took {took:?}");
    for (who, runs) in [("alice", 1), ("bob", 2), ("carol", 1)] {
        let files = traces(&folder.path().join(who));
        assert_eq!(files.len(), runs, "{who}");
        let lines: usize =
            files.iter().map(|file| fs::read_to_string(file).expect("a trace").lines().count() - 3).sum();
        assert!(lines > 20, "{who} has recorded {lines} deliveries");
        let wanted = format!("replayed: {lines} deliveries, all as recorded");
        assert!(told.iter().any(|(by, text)| by == who && text.starts_with(&wanted)), "{wanted}\n{told:#?}");
    }

    // The same, of a trace that tells of something else.
    let trace = traces(&folder.path().join("carol")).pop().expect("carol has a trace");
    let text = fs::read_to_string(&trace).expect("a trace");
    let of = "\"after\":\"DELIVERED\"";
    let line = 1 + text.lines().position(|line| line.contains(of)).expect("her message was delivered");
    fs::write(&trace, text.replacen(of, "\"after\":\"SENT\"", 1)).expect("written");
    let error = replay::replay(&[trace]).expect_err("it is not what happened");
    let error = format!("{error:#}");
    for part in [format!("line {line}"), "after: \"SENT\" in the trace, \"DELIVERED\" by the definitions".to_owned()] {
        assert!(error.contains(&part), "{part}\n{error}");
    }
}
