//! The folders of log and traces while the node runs: removed, and something else in their place. The node goes on, says
//! what is missing, and writes again when it can.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::nodes::{Node, until};

/// Something that is recorded and logged each time.
fn stir(node: &Node) {
    node.stop_service("lan-discovery");
    node.start_service("lan-discovery");
}

/// What is written below a folder now.
fn written(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len())).sum()
}

/// What `bitpie doctor` says of it.
fn doctor(node: &Node) -> Value {
    let output = node.command(&["doctor", "--json"]).output().expect("it can be run");
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let checks = found["checks"].as_array().expect("a list").clone();
    checks.into_iter().find(|check| check["name"] == "log, traces").expect("there is such a check")
}

fn node() -> (Node, [PathBuf; 2]) {
    // What is removed cannot be replayed from the beginning, and is not demanded.
    let mut node = Node::with(&[
        ("traces/files", "100"),
        ("services/lan-discovery/interfaces", "[\"lo\"]"),
        ("testing/mdns-port", "0"),
    ]);
    node.start();
    let folders = ["log", "traces"].map(|name| node.home().join(name));
    (node, folders)
}

#[test]
fn folders_that_were_removed_are_made_again_while_the_node_runs() {
    let (node, folders) = node();
    for folder in &folders {
        fs::remove_dir_all(folder).expect("it is there");
    }
    for folder in &folders {
        until("it is written again", || {
            stir(&node);
            (written(folder) > 0).then_some(())
        });
    }
    until("nothing is missing any more", || {
        let status = node.status();
        (status.log_problem.is_none() && status.traces_problem.is_none()).then_some(())
    });
    assert!(node.said().contains("was removed"), "{}", node.said());
    assert_eq!(doctor(&node)["verdict"], "good");
}

#[test]
fn what_cannot_be_written_is_told_and_the_node_goes_on() {
    let (mut node, folders) = node();
    for folder in &folders {
        fs::remove_dir_all(folder).expect("it is there");
        fs::write(folder, "no folder").expect("it is ours");
    }
    until("it says so", || {
        stir(&node);
        let status = node.status();
        let is_told = status.log_problem.is_some_and(|problem| problem.contains("cannot be written"));
        (is_told && status.traces_problem.is_some()).then_some(())
    });
    let shown = node.output(&["status"]);
    assert!(shown.contains("nothing is recorded") && shown.contains("cannot be written"), "{shown}");
    let found = doctor(&node);
    assert_eq!(found["verdict"], "bad", "{found}");
    for said in ["the trace of this run is not kept", "the log in"] {
        assert!(node.said().contains(said), "{}", node.said());
    }
    // Before it can be recorded again, nothing else is amiss.
    assert!(node.output(&["id"]).contains("bitpie:"));
    for folder in &folders {
        fs::remove_file(folder).expect("it is ours");
    }
    for folder in &folders {
        until("it is written again", || {
            stir(&node);
            (written(folder) > 0).then_some(())
        });
    }
    until("nothing is missing any more", || {
        let status = node.status();
        (status.log_problem.is_none() && status.traces_problem.is_none()).then_some(())
    });
    node.stop();
}
