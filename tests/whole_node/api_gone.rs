//! The files by which commands find the node, removed while it runs: the node makes them again, and until then no
//! command takes the home for one in which nobody runs.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use bitpie::api::access::API_FILE;
use bitpie::api::socket::SOCKET_FILE;

use super::nodes::{Node, until};

#[test]
fn a_socket_and_an_api_file_that_were_removed_are_made_again_while_the_node_runs() {
    let mut node = Node::started();
    let files = [SOCKET_FILE, API_FILE].map(|name| node.home().join(name));
    for gone in [&files[..1], &files[1..], &files[..]] {
        let mut open = UnixStream::connect(&files[0]).expect("somebody listens");
        for file in gone {
            fs::remove_file(file).expect("it is there");
        }
        // Told to the node and not written past it, though it cannot be found at first.
        node.output(&["config", "set", "log/level", "info"]);
        assert_eq!(node.output(&["config", "get", "log/level"]), "info\n");
        until("both are there again", || files.iter().all(|file| file.exists()).then_some(()));
        node.output(&["status"]);
        // Who was in already stays.
        open.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("it reads");
        let mut answer = String::new();
        open.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok\n"), "{answer}");
    }
    for said in ["the socket of the API was removed; another is made", "api.json was removed; another is written"] {
        assert!(node.said().contains(said), "{said}: {}", node.said());
    }
    node.output(&["stop"]);
    assert!(node.wait().success());
    assert!(files.iter().all(|file| !file.exists()), "nobody answers any more");
}

#[test]
fn what_cannot_be_made_again_is_told_with_the_process_that_runs() {
    let mut node = Node::started();
    let (socket, process) = (node.home().join(SOCKET_FILE), node.process_id());
    fs::remove_file(&socket).expect("it is there");
    fs::create_dir(&socket).expect("made");
    node.until("it is in the log", |node| node.said().contains("nobody finds the node until another can be made"));
    for arguments in [&["status"][..], &["stop"], &["id"], &["config", "set", "log/level", "info"]] {
        let (code, said) = node.complaint(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains(&format!("process {process} runs in ")), "{arguments:?}: {said}");
        assert!(said.contains(&format!("`kill {process}`")), "{arguments:?}: {said}");
    }
    fs::remove_dir(&socket).expect("it is empty");
    node.until("it is found again", |node| node.command(&["status"]).output().is_ok_and(|out| out.status.success()));
    node.stop();
}

#[test]
fn who_repairs_right_after_a_stop_waits_for_its_end() {
    let mut node = Node::started();
    node.output(&["stop"]);
    assert!(node.output(&["doctor", "--repair"]).contains("nothing to repair"));
    assert!(node.wait().success());
}
