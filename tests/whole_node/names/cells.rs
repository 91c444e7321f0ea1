//! Every cell of the tables of `nickname_holder` and `nickname_observer` is gone through by whole nodes, or it is said
//! here why it cannot be.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::thread;

use bitpie::api::methods::{ClearNickname, FindName, StopSearch};
use bitpie::dht::{Dht, NICKNAME_SLOTS, Slot};
use bitpie::identity::IdentityKey;
use bitpie::world::services::ServiceResult;

use super::super::nodes::Node;
use super::super::peer::{key_with, now_unix_ms};
use super::super::replays::{Cell, cells};
use super::{Network, alice, bob, dht_options, node};

/// Why a cell is not demanded.
struct Exception {
    automaton: &'static str,
    /// In these states before; all if there are none.
    before: &'static [&'static str],
    events: &'static [&'static str],
    /// To these states after; all if there are none.
    after: &'static [&'static str],
    why: &'static str,
}

const EXCEPTIONS: &[Exception] = &[
    Exception {
        automaton: "nickname_holder",
        before: &[
            "AT_STARTUP",
            "DHT_READ",
            "AWAIT_DOCUMENT",
            "DHT_WRITE",
            "DHT_VERIFY",
            "FRESH",
            "HELD",
            "FAILED",
            "DHT_ERASE",
        ],
        events: &["slot_read", "read_failed", "slot_written", "write_failed", "slot_erased"],
        // Those that change nothing.
        after: &["="],
        why: "The node drops a question that was given up, lest its answer be taken for that to another. Of the \
              generated code all are tried in tests/agreement, and of the core in tests/simulation.",
    },
    Exception {
        automaton: "nickname_holder",
        before: &["DHT_READ", "AWAIT_DOCUMENT", "DHT_WRITE", "DHT_VERIFY", "DHT_ERASE", "FRESH"],
        events: &["dht_connector enters JOINED"],
        after: &[],
        why: "The DHT answers again in the very moment in which a question to it is under way, or has just been answered.",
    },
    Exception {
        automaton: "nickname_holder",
        before: &["DHT_READ", "DHT_WRITE", "DHT_VERIFY", "DHT_ERASE"],
        events: &[
            "after answer_timeout in DHT_READ",
            "after answer_timeout in DHT_WRITE",
            "after answer_timeout in DHT_VERIFY",
            "after answer_timeout in DHT_ERASE",
        ],
        after: &[],
        why: "The DHT gives up each question of the holder before the automaton's minute is over. The time-out is for a \
              node whose side of the DHT has failed.",
    },
    Exception {
        automaton: "nickname_holder",
        before: &["AWAIT_DOCUMENT", "DHT_WRITE", "DHT_VERIFY", "FRESH", "HELD"],
        events: &["identity_publisher enters PUBLISHED"],
        after: &["="],
        why: "Our document is published when it changes, once an hour, and when a node comes into the DHT, which is \
              before its name is looked for. It means nothing then.",
    },
    Exception {
        automaton: "nickname_holder",
        before: &["DHT_WRITE", "DHT_VERIFY"],
        events: &["set_nickname", "clear_nickname", "stop"],
        after: &[],
        why: "A claim is written, and read again, within milliseconds where a DHT answers, and where none does nothing is written. The lines are those of WORKING, which \
              are gone through in other states.",
    },
    Exception {
        automaton: "nickname_holder",
        before: &["DHT_VERIFY"],
        events: &["slot_read", "read_failed"],
        after: &["DHT_WRITE", "DHT_READ", "FAILED"],
        why: "Somebody else writes, or the DHT goes, in the milliseconds between a claim's writing and its reading. Ten who want a name at once do that sometimes.",
    },
    Exception {
        automaton: "nickname_holder",
        before: &["FAILED"],
        events: &["identity_publisher enters PUBLISHED"],
        after: &[],
        why: "A document that takes longer than half a minute to be published; on loopback none does.",
    },
    Exception {
        automaton: "nickname_observer",
        before: &["AT_STARTUP"],
        events: &["slot_read", "slot_silent", "stop"],
        after: &[],
        why: "A search begins in the same moment in which it is made, and nobody knows its number before.",
    },
    Exception {
        automaton: "nickname_observer",
        before: &["DHT_FIND"],
        events: &["slot_silent"],
        after: &["FOUND"],
        why: "Few answer, and of the ten slots the one that is held is read first; the simulation goes through it.",
    },
    Exception {
        automaton: "nickname_observer",
        before: &["DHT_LOOP", "DHT_FIND"],
        events: &["observe_many", "find_one"],
        after: &[],
        why: "Each search has a number of its own, and is begun once.",
    },
];

impl Exception {
    fn covers(&self, automaton: &str, (before, event, after): &Cell) -> bool {
        let is_among = |list: &[&str], text: &str| list.is_empty() || list.contains(&text);
        let is_to = is_among(self.after, after) || (self.after == ["="] && before == after);
        self.automaton == automaton && is_among(self.before, before) && is_among(self.events, event) && is_to
    }
}

/// All cells, from the table that is kept beside the tests of agreement.
fn table(automaton: &str) -> BTreeSet<Cell> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/agreement/transitions/{automaton}.txt"));
    let text = fs::read_to_string(path).expect("each automaton has its table");
    let mut cells = BTreeSet::new();
    let mut before = "";
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix("  ").and_then(|cell| cell.split_once(" | ")) {
            None => before = line,
            Some((event, what)) => {
                let after = what.split_once("→ ").map_or(before, |(_, target)| target);
                cells.insert((before.to_owned(), event.to_owned(), after.to_owned()));
            }
        }
    }
    cells
}

/// A state that is left at once, by `always`, for another. A record names the other, the table the first.
const AT_ONCE: (&str, &str) = ("AWAIT_DOCUMENT", "DHT_WRITE");

/// The cell of the table that a node went through.
fn as_in(table: &BTreeSet<Cell>, (before, event, after): &Cell) -> Cell {
    let via = (before.clone(), event.clone(), AT_ONCE.0.to_owned());
    let is_via = after == AT_ONCE.1 && table.contains(&via);
    if is_via { via } else { (before.clone(), event.clone(), after.clone()) }
}

/// What the nodes of a story went through.
fn gone_through(nodes: impl IntoIterator<Item = Node>) -> [BTreeSet<Cell>; 2] {
    let mut all = [BTreeSet::new(), BTreeSet::new()];
    for mut node in nodes {
        node.stop();
        for (found, automaton) in all.iter_mut().zip(AUTOMATA) {
            found.extend(cells(node.home(), automaton));
        }
    }
    all
}

const AUTOMATA: [&str; 2] = ["nickname_holder", "nickname_observer"];

#[test]
fn every_cell_of_both_tables_is_reached() {
    let stories = [
        a_name_is_kept,
        a_name_is_new,
        no_place_is_left,
        nobody_can_write,
        nobody_could_verify,
        nobody_answers,
        there_is_no_dht,
        the_dht_comes_and_goes,
        the_dht_has_gone,
    ];
    // Side by side: most of the time they wait.
    let reached = thread::scope(|scope| {
        let running = stories.map(|story| scope.spawn(story));
        running.map(|story| story.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    for (number, automaton) in AUTOMATA.iter().enumerate() {
        let table = table(automaton);
        let reached: BTreeSet<Cell> =
            reached.iter().flat_map(|story| story[number].iter()).map(|cell| as_in(&table, cell)).collect();
        let unreached: Vec<&Cell> = table
            .iter()
            .filter(|cell| !reached.contains(*cell))
            .filter(|cell| !EXCEPTIONS.iter().any(|exception| exception.covers(automaton, cell)))
            .collect();
        assert!(unreached.is_empty(), "{automaton}: no story goes through {unreached:#?}");
        for exception in EXCEPTIONS.iter().filter(|exception| exception.automaton == *automaton) {
            assert!(
                table.iter().any(|cell| exception.covers(automaton, cell)),
                "there is no such cell: {}",
                exception.why
            );
        }
        assert!(reached.is_subset(&table), "{automaton}: {:#?}", reached.difference(&table).collect::<Vec<_>>());
    }
}

fn a_name_is_kept() -> [BTreeSet<Cell>; 2] {
    let network = Network::new();
    let a = network.node_with(&[("testing/nickname-check", "\"1s\"")]);
    let b = network.node();
    a.wish(&alice());
    a.until_holder_is("HELD");
    a.wish(&alice());
    a.until_holder_is("HELD");
    // Nobody, all, and the first.
    assert!(b.find(&bob(), false).claimants.is_empty());
    assert!(b.find(&bob(), true).claimants.is_empty());
    assert_eq!(b.finds(&alice()).len(), 1);
    assert_eq!(b.find(&alice(), true).claimants.len(), 1);
    // The claim is written again before it fades.
    let stranger = network.stranger();
    a.until("the claim is written again", |_| stranger.sequence(0) > Some(1));
    a.until_holder_is("HELD");
    a.wish(&bob());
    a.until("the new name is held", |node| node.nickname().name == Some(bob()) && node.nickname().state == "HELD");
    a.call(&ClearNickname {});
    a.until_holder_is("AT_STARTUP");
    a.call(&ClearNickname {});
    assert_eq!(a.stop_service("private-messages").result, ServiceResult::Stopped);
    assert_eq!(a.start_service("private-messages").result, ServiceResult::Started);
    a.wish(&alice());
    a.until_holder_is("HELD");
    assert_eq!(a.stop_service("private-messages").result, ServiceResult::Stopped);
    gone_through([a, b])
}

fn a_name_is_new() -> [BTreeSet<Cell>; 2] {
    let network = Network::new();
    let nodes = [0; 4].map(|_| network.node_with(&[("testing/nickname-check", "\"10min\"")]));
    for (node, name) in nodes.iter().zip(["a", "b", "c", "d"]) {
        node.wish(&name.parse().expect("a nickname"));
        node.until_holder_is("FRESH");
    }
    let [same, other, none, stops] = &nodes;
    same.wish(&"a".parse().expect("a nickname"));
    other.wish(&bob());
    none.call(&ClearNickname {});
    stops.stop_service("private-messages");
    other.until("the new name is held", |node| node.nickname().name == Some(bob()) && node.held().is_some());
    none.until_holder_is("AT_STARTUP");
    same.until_holder_is("HELD");
    gone_through(nodes)
}

/// Somebody else than these whose claim to that slot prevails over that of the node.
fn prevails(node: &Node, slot: u8, others: &[IdentityKey]) -> IdentityKey {
    let place = Slot::new("test", alice(), slot);
    let me = node.key().id();
    key_with(|id| place.compare(id, &me).is_lt() && others.iter().all(|other| other.id() != *id))
}

fn no_place_is_left() -> [BTreeSet<Cell>; 2] {
    let network = Network::new();
    let a = network.node_with(&[("testing/nickname-check", "\"10min\"")]);
    let stranger = network.stranger();
    let mut others = Vec::new();
    for slot in 0..NICKNAME_SLOTS {
        let other = prevails(&a, slot, &others);
        stranger.publish(&other, Some(alice()), &[]);
        stranger.claim(&other, slot, now_unix_ms(), 1);
        others.push(other);
    }
    a.wish(&alice());
    a.until_holder_is("FAILED");
    assert!(
        String::from_utf8_lossy(&a.command(&["nick", "show"]).output().expect("run").stdout)
            .contains("others hold all places")
    );
    assert_eq!(a.finds(&alice()).len(), usize::from(NICKNAME_SLOTS));
    gone_through([a])
}

fn nobody_can_write() -> [BTreeSet<Cell>; 2] {
    let network = Network::new();
    let a = network.node_with(&[("testing/nickname-check", "\"10min\"")]);
    let stranger = network.stranger();
    for slot in 0..NICKNAME_SLOTS {
        stranger.overwrite(slot, b"nobody", i64::MAX);
    }
    a.wish(&alice());
    a.until_holder_is("FAILED");
    assert!(a.nickname().problem.is_some_and(|problem| problem.contains("sequence numbers")));
    gone_through([a])
}

fn nobody_could_verify() -> [BTreeSet<Cell>; 2] {
    let network = Network::new();
    let off = [("services/identity-propagate/enabled", "false"), ("testing/nickname-check", "\"10min\"")];
    let nodes = [0; 5].map(|_| network.node_with(&off));
    for node in &nodes {
        node.wish(&alice());
        node.until_holder_is("AWAIT_DOCUMENT");
    }
    let [waits, same, other, none, stops] = &nodes;
    same.wish(&alice());
    other.wish(&bob());
    none.call(&ClearNickname {});
    stops.stop_service("private-messages");
    none.until_holder_is("AT_STARTUP");
    waits.until_holder_is("FAILED");
    assert!(waits.nickname().problem.is_some_and(|problem| problem.contains("identity-propagate is off")));
    gone_through(nodes)
}

fn nobody_answers() -> [BTreeSet<Cell>; 2] {
    // Each question is waited for, so that there is time to change one's mind.
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket on loopback");
    let addresses = [silent.local_addr().expect("an address").to_string()];
    let mut nodes = [0; 4].map(|_| node(&addresses, &[("services/entangled-dht/request-timeout", "\"5s\"")]));
    for node in &mut nodes {
        node.start();
        node.wish(&alice());
        node.until_holder_is("DHT_READ");
    }
    let [changes, clears, stops, stops_later] = &nodes;
    stops.stop_service("private-messages");
    changes.wish(&alice());
    changes.until_holder_is("DHT_READ");
    for node in [changes, stops_later] {
        node.wish(&bob());
        node.until_holder_is("DHT_ERASE");
    }
    stops_later.stop_service("private-messages");
    clears.call(&ClearNickname {});
    clears.until_holder_is("DHT_ERASE");
    clears.wish(&bob());
    clears.call(&ClearNickname {});
    clears.until_holder_is("AT_STARTUP");
    changes.until_holder_is("DHT_READ");
    gone_through(nodes)
}

fn there_is_no_dht() -> [BTreeSet<Cell>; 2] {
    let mut nodes = [0; 3].map(|_| node(&[], &[("testing/nickname-check", "\"10min\"")]));
    for node in &mut nodes {
        node.start();
        node.wish(&alice());
        node.until_holder_is("FAILED");
    }
    let [same, other, none] = &nodes;
    same.wish(&alice());
    same.until_holder_is("FAILED");
    same.stop_service("private-messages");
    other.wish(&bob());
    other.until("the other name has failed too", |node| {
        node.nickname().name == Some(bob()) && node.nickname().state == "FAILED"
    });
    none.call(&ClearNickname {});
    none.until_holder_is("AT_STARTUP");
    gone_through(nodes)
}

/// A small DHT at these ports.
fn small_dht(ports: &[u16]) -> Vec<Dht> {
    let bootstrap: Vec<String> = ports.iter().take(1).map(|port| format!("127.0.0.1:{port}")).collect();
    ports.iter().map(|port| Dht::open(&dht_options(bootstrap.clone(), *port, true)).expect("a free port")).collect()
}

fn the_dht_comes_and_goes() -> [BTreeSet<Cell>; 2] {
    let ports: Vec<u16> = (0..20).map(|_| super::super::nodes::free_port()).collect();
    let bootstrap = [format!("127.0.0.1:{}", ports[0]), format!("127.0.0.1:{}", ports[1])];
    // One looks at its name often, two only when the DHT is there again; of these one has no name.
    let mut nodes = ["\"1s\"", "\"10min\"", "\"10min\""]
        .map(|check| node(&bootstrap, &[("testing/nickname-check", check), ("testing/dht-look", "\"1s\"")]));
    for node in &mut nodes {
        node.start();
        node.wish(&alice());
        node.until_holder_is("FAILED");
    }
    let [_, holds, has_none] = &nodes;
    has_none.call(&ClearNickname {});
    has_none.until_holder_is("AT_STARTUP");
    let dht = small_dht(&ports);
    for node in &nodes {
        node.until("it is in the DHT", |node| node.status().dht.state == "JOINED");
    }
    holds.until_holder_is("HELD");
    drop(dht);
    holds.until("the DHT has gone", |node| node.status().dht.state == "ALONE");
    let _dht = small_dht(&ports);
    holds.until("it is in the DHT again", |node| node.status().dht.state == "JOINED");
    gone_through(nodes)
}

fn the_dht_has_gone() -> [BTreeSet<Cell>; 2] {
    let network = Network::new();
    let a = network.node_with(&[("services/entangled-dht/request-timeout", "\"10s\"")]);
    let b = network.node_with(&[("services/entangled-dht/request-timeout", "\"50ms\"")]);
    for node in [&a, &b] {
        node.until("it is in the DHT", |node| node.status().dht.state == "JOINED");
    }
    let ports = network.0.bootstrap.clone();
    drop(network);
    // Or nodes of other tests would take these ports, and answer for those who have gone.
    let _silent: Vec<UdpSocket> = ports.iter().filter_map(|at| UdpSocket::bind(at).ok()).collect();
    // Its lookups end before the search does.
    for first in [false, true] {
        let found = b.found(b.call(&FindName { name: alice(), first }).search);
        assert!(!found.complete && found.claimants.is_empty(), "{found:?}");
    }
    let begin = |first| a.call(&FindName { name: alice(), first }).search;
    for first in [false, true] {
        let search = begin(first);
        a.call(&StopSearch { search });
    }
    let searches = [begin(false), begin(true)];
    for search in searches {
        let found = a.found(search);
        assert!(found.over && !found.complete && found.claimants.is_empty());
    }
    gone_through([a, b])
}
