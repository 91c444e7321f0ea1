//! The `bitpie` program itself: what it prints, and its exit codes.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn bitpie(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bitpie"));
    command.args(arguments).env_remove("CLICOLOR_FORCE");
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the program writes UTF-8")
}

fn output(arguments: &[&str]) -> Output {
    bitpie(arguments).output().expect("the program is built with its tests")
}

#[test]
fn the_demo_tells_its_story_and_ends_well() {
    let output = output(&["demo"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    let story = text(&output.stdout);
    assert!(!story.contains('\u{1b}'), "no colours into a pipe");
    for said in [
        "a small world in memory",
        "The node starts",
        "Alice",
        "contact_status[alice]",
        "LISTENING",
        "OFFLINE",
        "deliveries:",
        "Nothing was unexpected",
    ] {
        assert!(story.contains(said), "`{said}` is not in:\n{story}");
    }
}

#[test]
fn the_demo_for_machines_is_a_record_to_a_line() {
    let output = output(&["demo", "--json"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    let records: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect();
    assert!(records.len() > 100, "{}", records.len());
    for (number, record) in records.iter().enumerate() {
        assert_eq!(record["sequence"], number);
        assert!(record["cause"].as_u64().is_none_or(|cause| cause < number as u64), "{record}");
    }
}

#[test]
fn colours_can_be_forced() {
    let output = bitpie(&["demo"]).env("CLICOLOR_FORCE", "1").env_remove("NO_COLOR").output().expect("it runs");
    assert!(text(&output.stdout).contains('\u{1b}'));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    for arguments in [&["demo"][..], &["demo", "--json"]] {
        let mut child = bitpie(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn there_is_no_node_to_run_yet_and_that_is_said() {
    let output = output(&["run"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    let said = text(&output.stderr);
    assert!(said.contains("has no node to run") && said.contains("bitpie demo"), "{said}");
}

#[test]
fn a_wrong_use_is_told() {
    assert_eq!(output(&[]).status.code(), Some(2));
    let output = output(&["dmeo"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("'demo'"), "{}", text(&output.stderr));
}
