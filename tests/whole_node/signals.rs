//! Ctrl-C, SIGTERM and SIGHUP: a node that runs is stopped in order, whoever tells it so.

use bitpie::api::access::API_FILE;
use bitpie::wire::Refusal;
use rustix::process::{Pid, Signal, kill_process};

use super::nodes::{Node, pair_online, until};
use super::peer::Peer;
use super::replays;

/// How often it is tried to catch a node while it stops.
const ATTEMPTS: usize = 5;

fn send(signal: Signal, node: &Node) {
    let process = i32::try_from(node.process_id()).ok().and_then(Pid::from_raw).expect("the number of a process");
    kill_process(process, signal).expect("it is a child");
}

/// It has ended, and everything is as after `bitpie stop`.
fn assert_ended_in_order(node: &mut Node, by: &str) {
    let status = node.wait();
    assert_eq!(status.code(), Some(0), "{by}: {status}");
    assert!(!node.home().join(API_FILE).exists(), "{by}: nobody answers any more");
    replays::demand(node.home(), &Default::default());
}

#[test]
fn a_signal_stops_a_node_in_order_and_nothing_is_lost() {
    for (name, signal) in [("Ctrl-C", Signal::INT), ("SIGTERM", Signal::TERM), ("SIGHUP", Signal::HUP)] {
        let (mut a, b) = pair_online();
        let mut peer = Peer::new(90);
        let session = peer.join(&a);
        let sessions = b.sessions_with(a.id());
        assert_eq!(sessions.len(), 1);

        let last = a.send("b", "the last words");
        send(signal, &a);
        assert_eq!(peer.refusal(session), Refusal::Stopping, "{name}");
        assert_ended_in_order(&mut a, name);

        // To the friend it was no broken wire.
        let stopping = bitpie::words::snake_case(&Refusal::Stopping);
        b.until("it has heard why", |b| b.refused_by_peers(&stopping) == 1);
        let end = format!("session closed session={} reason=", sessions[0]);
        b.until("the session is over", |b| b.said().contains(&end));
        assert!(b.said().contains(&format!("{end}Remote")), "{name}: it was cut off");

        a.start();
        a.until_delivered(&last.id);
        assert_eq!(b.received(), ["the last words"], "{name}");
    }
}

/// Whoever is impatient loses nothing by it: a node that stops already goes on doing so in order.
#[test]
fn a_second_signal_while_a_node_stops_changes_nothing() {
    for second in [Signal::INT, Signal::TERM, Signal::HUP] {
        let was_stopping = (0..ATTEMPTS).any(|_| is_stopped_twice(second));
        assert!(was_stopping, "a node that somebody still asks something was never met while it stopped");
    }
}

/// Stops a node by two signals. Whether it was there still when the second came.
fn is_stopped_twice(second: Signal) -> bool {
    let mut node = Node::started();
    // A request that is under way holds up the end, for a while.
    let request = node.say_to_api(
        b"POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    );
    // The node takes connections and what comes by them one after the other, so it knows of this request before it
    // answers another.
    node.status();

    send(Signal::INT, &node);
    until("it stops", || (!node.home().join(API_FILE).exists()).then_some(()));
    let is_there = node.has_ended().is_none();
    if is_there {
        send(second, &node);
        drop(request);
        assert_ended_in_order(&mut node, "a second signal");
    }
    is_there
}

/// As `nohup` starts it: the end of the terminal is no reason to stop.
#[test]
fn a_node_that_is_to_outlive_its_terminal_does() {
    let mut node = Node::new();
    let ignoring_hangups = ["/bin/sh", "-c", "trap '' HUP; exec \"$0\" \"$@\""];
    node.started_by = ignoring_hangups.map(str::to_owned).to_vec();
    node.start();
    send(Signal::HUP, &node);
    // What came before this question has been seen by the time it is answered.
    node.status();
    assert!(node.has_ended().is_none(), "it stopped");
    send(Signal::TERM, &node);
    assert_ended_in_order(&mut node, "SIGTERM");
}
