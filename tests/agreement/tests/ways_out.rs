//! Wherever an answer of the host is waited for, its silence and its failure have a way out, and from every situation
//! the goal can be reached again without a person: for all automata of the node. What each automaton is there for is
//! said here; one that nobody says anything of fails.

use std::io::{Write as _, stderr};
use std::sync::Arc;

use agreement::exploration::{Goal, can_fail, explore, is_vague, promises};
use agreement::{definitions, system};
use automata_compiler::model::{ActionId, Automaton, System};
use automata_compiler::source::{Source, Sources};
use expect_test::expect;

/// Where each automaton is to come again and again. Final states are an end for all.
const GOALS: &[Goal] = &[
    Goal::of("api_address", &["KNOWN"]),
    Goal::of("api_certificate", &["SHOWING"]),
    Goal { asked_again: &[("try_port", "after look_interval")], ..Goal::of("api_port", &["OPEN"]) },
    Goal::of("contact_ratings", &["COUNTING"]),
    Goal::of("contact_status", &["CONNECTED"]),
    Goal::of("dht_connector", &["JOINED"]),
    Goal::of("identity_publisher", &["PUBLISHED"]),
    Goal::of("lan_discovery", &["SEARCHING"]),
    Goal {
        rests: &[("OFF", Some(("wanted", "false"))), ("NOT_INSTALLED", None)],
        ..Goal::of("local_service", &["ON"])
    },
    Goal::of("message_delivery", &["DELIVERED"]),
    Goal::of("network_connector", &["CONNECTED"]),
    Goal {
        asked_again: &[("try_port", "network_connector, each half minute")],
        ..Goal::of("network_transport", &["LISTENING"])
    },
    Goal { rests: &[("AT_STARTUP", Some(("nickname", "null")))], ..Goal::of("nickname_holder", &["FRESH", "HELD"]) },
    Goal { rests: &[("AT_STARTUP", None)], ..Goal::of("nickname_observer", &[]) },
    // A node that stops waits for services and sessions alone, each of which comes to rest by its own time-outs.
    Goal { rests: &[("AT_STARTUP", None), ("STOPPING", None)], ..Goal::of("node_life", &["RUNNING"]) },
    Goal::of("outbox", &["LOADED"]),
    Goal::of("p2p_connector", &["CONNECTED"]),
    Goal::of("peer_link", &["LINKED"]),
    Goal::of("peer_protocol", &["READY"]),
    Goal::of("port_mapping", &["MAPPED"]),
    Goal { rests: &[("AT_STARTUP", None)], ..Goal::of("reachability", &[]) },
    Goal { rests: &[("AT_STARTUP", None)], ..Goal::of("read_receipts", &[]) },
    Goal::of("quic_connection", &["CONNECTED"]),
    Goal { rests: &[("AT_STARTUP", None)], ..Goal::of("relay_circuit", &["JOINED"]) },
    Goal { rests: &[("AT_STARTUP", None)], ..Goal::of("stun_client", &["MAPPED"]) },
    Goal { asked_again: &[("try_port", "after look_interval")], ..Goal::of("stun_server", &["SERVING"]) },
    Goal::of("tcp_connection", &["CONNECTED"]),
];

/// Actions with one answer, which says nothing of a failure, and why that is enough.
const CANNOT_FAIL: &[(&str, &str, &str)] = &[
    ("local_service", "start_service", "its automata are told to begin, and say themselves what stands in their way"),
    ("local_service", "stop_dependents", "each of them comes to rest by its own time-outs"),
    ("local_service", "stop_service", "its automata are told to end"),
    ("message_delivery", "stand_in_line", "the turn comes once the contact is here, which may be never"),
    ("network_connector", "set_up", "sockets are closed, which cannot be refused"),
    ("network_connector", "verify_transports", "a session that is dead tells so itself"),
    ("network_transport", "stop_receiving", "whatever becomes of the socket, nobody listens"),
    ("nickname_holder", "erase_slot", "the answer comes whatever became of it"),
    ("p2p_connector", "send_to_all", "to how many it went is the answer; to nobody is one"),
    ("peer_protocol", "ask_for_peers", "a peer need not tell, and nothing waits for it"),
    ("peer_protocol", "close_session", "the session is over, however it ended"),
    ("port_mapping", "remove_mapping", "the answer comes whatever became of it, and what is left ends by its lifetime"),
    ("relay_circuit", "cut", "however it ends, that is the answer"),
    ("read_receipts", "find", "a store that fails finds none; they are looked for when the contact is here again"),
    ("read_receipts", "hand_over", "how many went is the answer; none is one"),
];

fn node() -> Arc<System> {
    let node = definitions().into_iter().find(|definitions| definitions.name == "automata");
    system(&node.expect("the project has definitions of its own"))
}

/// All that is wrong with these definitions.
fn findings(system: &Arc<System>, goals: &[Goal], cannot_fail: &[(&str, &str, &str)]) -> Vec<String> {
    let mut findings = findings_of_tables(system, goals, cannot_fail);
    for goal in goals {
        if let Some(id) = system.automaton(goal.automaton) {
            let exploration = explore(system, id);
            // Not by `println!`, which the test harness keeps to itself when a test passes.
            let _ = writeln!(stderr(), "ways out of {}: {} situations", goal.automaton, exploration.situations());
            findings.extend(exploration.findings(goal).iter().map(ToString::to_string));
        }
    }
    findings
}

/// What is wrong with what is said of them.
fn findings_of_tables(system: &System, goals: &[Goal], cannot_fail: &[(&str, &str, &str)]) -> Vec<String> {
    let mut findings = Vec::new();
    for goal in goals.iter().filter(|goal| system.automaton(goal.automaton).is_none()) {
        findings.push(format!("{}: there is a goal, and no such automaton", goal.automaton));
    }
    for (automaton, action, _) in cannot_fail {
        let known = system.automaton(automaton).map(|id| &system.automata[id]);
        if known.is_none_or(|known| known.actions.iter().all(|declared| declared.name != *action)) {
            findings.push(format!("{automaton}.{action}: it is said not to fail, and is not there"));
        }
    }
    for automaton in &system.automata {
        findings.extend(findings_of_promises(system, automaton, cannot_fail));
        if goals.iter().all(|goal| goal.automaton != automaton.name) {
            findings.push(format!("{}: nobody says what it is there for; add it to GOALS", automaton.name));
        }
    }
    findings
}

/// Every action that promises an answer names it, and has a failure among its answers.
fn findings_of_promises(system: &System, of: &Automaton, cannot_fail: &[(&str, &str, &str)]) -> Vec<String> {
    let mut findings = Vec::new();
    for (action, id) in of.actions.iter().zip((0..).map(ActionId)) {
        let answers = promises(of, id);
        if is_vague(of, id) {
            findings.push(format!("{}.{}: an answer is promised, and not named", of.name, action.name));
        }
        let is_excused = cannot_fail.iter().any(|(other, name, _)| *other == of.name && *name == action.name);
        if !answers.is_empty() && can_fail(system, of, &answers) == is_excused {
            findings.push(match is_excused {
                true => format!("{}.{}: it is said not to fail, and can", of.name, action.name),
                false => format!("{}.{}: no answer to it says that it failed", of.name, action.name),
            });
        }
    }
    findings
}

#[test]
fn no_automaton_of_the_node_has_a_trap() {
    let findings = findings(&node(), GOALS, CANNOT_FAIL);
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

/// A pump, with a mistake put into it: what is found.
fn pump(replace: &str, by: &str) -> String {
    assert!(PUMP.contains(replace), "{replace}");
    let text = PUMP.replace(replace, by);
    let file = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let parts = "parts:\n  host: The host.\n  api: People.\n";
    let sources = Sources::new(vec![
        file("pump/types.yaml", "types: {}\n"),
        file("pump/parts.yaml", parts),
        file("pump/pump.yaml", &text),
    ]);
    let analysis = automata_compiler::analyse(&sources);
    let shown = automata_compiler::render::plain(&sources, &analysis.findings);
    let system = Arc::new(analysis.system.unwrap_or_else(|| panic!("{shown}")));
    findings(&system, &[Goal::of("pump", &["RUNNING"])], &[]).join("\n")
}

/// An automaton without a trap.
const PUMP: &str = "automaton: pump
summary: Is the pump running?
parameters:
  answer_timeout: { type: duration, default: 5s, summary: How long it may take. }
  rest: { type: duration, default: 1min, summary: Before it is tried again. }
variables:
  tries: { type: u8, initial: 0, summary: How often. }
events:
  begin: { from: host }
  press: { from: api, summary: Somebody wants it to run. }
  started: { from: host, summary: An answer to switch_on. }
  jammed: { from: host, summary: The other answer. }
actions:
  switch_on: { by: host, summary: started or jammed answers. }
initial: OFF
ignore:
  begin: it has begun
  started: too late
  jammed: too late
  press: that is being done
states:
  OFF:
    on: { begin: STARTING }
  STARTING:
    entry: [switch_on]
    after: { answer_timeout: RESTING }
    on:
      started: RUNNING
      jammed: { set: tries += 1, to: RESTING }
  RESTING:
    after: { rest: STARTING }
  RUNNING: { summary: It runs. }
";

#[test]
fn an_automaton_without_a_trap_passes() {
    assert_eq!(pump("tries += 1", "tries += 2"), "");
}

#[test]
fn an_answer_that_never_comes_needs_a_timer() {
    expect![[r#"
        pump in STARTING: the goal cannot be reached again without a person
            OFF -> STARTING: begin
            STARTING -> STARTING: `switch_on` is not answered
        pump in STARTING: the answer to `switch_on` is waited for, and no timer ends the wait
            OFF -> STARTING: begin"#]]
    .assert_eq(&pump("    after: { answer_timeout: RESTING }\n", ""));
}

#[test]
fn a_failure_needs_a_way_out_that_no_person_has_to_take() {
    expect![[r#"
        pump in STARTING: the goal cannot be reached again without a person
            OFF -> STARTING: begin
            STARTING -> STARTING: `switch_on` is not answered
        pump in RESTING: the goal cannot be reached again without a person
            OFF -> STARTING: begin
            STARTING -> RESTING: after answer_timeout in STARTING"#]]
    .assert_eq(&pump("    after: { rest: STARTING }\n", "    on: { press: STARTING }\n"));
}

#[test]
fn an_answer_that_comes_may_not_be_unforeseen() {
    expect![[r#"
        pump in RESTING: `jammed` is unexpected, and may come
            OFF -> STARTING: begin
            STARTING -> RESTING: after answer_timeout in STARTING
        pump in RUNNING: `jammed` is unexpected, and may come
            OFF -> STARTING: begin
            STARTING -> RUNNING: started"#]]
    .assert_eq(&pump("  jammed: too late\n", ""));
}

#[test]
fn a_promise_of_an_answer_names_a_failure_and_the_events() {
    expect!["pump.switch_on: no answer to it says that it failed"]
        .assert_eq(&pump("started or jammed answers.", "started answers."));
    expect!["pump.switch_on: an answer is promised, and not named"]
        .assert_eq(&pump("started or jammed answers.", "It answers."));
}

#[test]
fn a_state_that_is_left_by_nothing_is_a_trap_wherever_it_is_hidden() {
    // Only the third failure leads there.
    expect![[r#"
        pump in BROKEN: the goal cannot be reached again without a person
            OFF -> STARTING: begin
            STARTING -> RESTING: jammed
            RESTING -> STARTING: after rest in RESTING
            STARTING -> RESTING: jammed
            RESTING -> STARTING: after rest in RESTING
            STARTING -> BROKEN: jammed"#]]
    .assert_eq(&pump(
        "      jammed: { set: tries += 1, to: RESTING }\n",
        "      jammed:
        - { if: tries >= 2, to: BROKEN }
        - { set: tries += 1, to: RESTING }
  BROKEN: { summary: It is broken. }
",
    ));
}

#[test]
fn an_automaton_that_nobody_speaks_of_is_not_left_out() {
    let node = node();
    let all_but_one = &GOALS[1..];
    let left_out = findings_of_tables(&node, all_but_one, CANNOT_FAIL);
    assert_eq!(left_out, [format!("{}: nobody says what it is there for; add it to GOALS", GOALS[0].automaton)]);
    let stale = findings_of_tables(&node, GOALS, &[("outbox", "burn", "it is gone"), ("outbox", "load", "never")]);
    assert!(stale.contains(&"outbox.burn: it is said not to fail, and is not there".to_owned()), "{stale:?}");
    assert!(stale.contains(&"outbox.load: it is said not to fail, and can".to_owned()), "{stale:?}");
}

/// The node's definitions without the lines of a file that have these words in them: what is found.
fn without_lines(file: &str, words: &[&str]) -> String {
    let node = definitions().into_iter().find(|definitions| definitions.name == "automata");
    let node = node.expect("the project has definitions of its own");
    let mut files: Vec<Source> = node.sources.iter().map(|(_, source)| source.clone()).collect();
    let wanted = files.iter_mut().find(|source| source.path.ends_with(file)).expect("a definition of the node");
    for words in words {
        assert!(wanted.text.contains(words), "{file} has no `{words}`");
        let left = wanted.text.lines().filter(|line| !line.contains(words));
        wanted.text = left.flat_map(|line| [line, "\n"]).collect();
    }
    let sources = Sources::new(files);
    let analysis = automata_compiler::analyse(&sources);
    let shown = automata_compiler::render::plain(&sources, &analysis.findings);
    let system = Arc::new(analysis.system.unwrap_or_else(|| panic!("{shown}")));
    let name = file.trim_end_matches(".yaml");
    let goal = GOALS.iter().find(|goal| goal.automaton == name).expect("it has a goal");
    let exploration = explore(&system, system.automaton(name).expect("it is there"));
    let findings: Vec<String> = exploration.findings(goal).iter().map(ToString::to_string).collect();
    findings.join("\n")
}

#[test]
fn traps_that_once_were_in_the_definitions_are_found() {
    let once: [(&str, &[&str], &str); 3] = [
        (
            "tcp_connection.yaml",
            &["after: { close_timeout:"],
            "tcp_connection in DISCONNECTING: the answer to `close_socket` is waited for, and no timer ends the wait",
        ),
        (
            "p2p_connector.yaml",
            &["after: { answer_timeout: MY_IDENTITY }"],
            "p2p_connector in MY_IDENTITY: the goal cannot be reached again without a person",
        ),
        (
            "local_service.yaml",
            &["on: { dependencies_on: STARTING }", "after: { recheck_interval: STARTING }"],
            "local_service in DEPENDS_OFF: the goal cannot be reached again without a person",
        ),
    ];
    for (file, words, expected) in once {
        let found = without_lines(file, words);
        assert!(found.contains(expected), "{file}: {found}");
    }
}
