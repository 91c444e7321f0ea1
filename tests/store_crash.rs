//! Nothing that the store has acknowledged is lost, and nothing is shown twice, wherever the process dies.
//!
//! Each test runs this program again as a child, which does jobs on a store with group commit, says on its standard
//! output what was answered, and dies at a point of `abort_points`, or is killed. The parent then looks into the files.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "files and processes are what is tested")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use bitpie::abort_points;
use bitpie::identity::NodeId;
use bitpie::messages::{Arrival, ArrivalVerdict, MessageText, NewMessage};
use bitpie::store::{NewContact, Quota, Store, StoreHandle, StoreThread};
use bitpie::wire::PacketId;

/// Tells the child where its files are. Only a child has it.
const FOLDER: &str = "BITPIE_TEST_FOLDER";
/// At which point the child dies; unset, it works until it is killed.
const POINT: &str = "BITPIE_TEST_POINT";
/// The number from which the child counts its messages.
const FIRST: &str = "BITPIE_TEST_FIRST";

const NOW: u64 = 1_000;

/// Jobs that the child has under way at once, so that commits are of groups.
const AT_ONCE: u64 = 16;

#[test]
fn nothing_acknowledged_is_lost_at_any_point_of_a_commit() {
    let folder = tempfile::tempdir().expect("a folder");
    prepare(folder.path());
    let mut acknowledged = BTreeSet::new();
    let mut first = 1;
    for point in ["before-commit", "after-commit", "between-answers", "after-answers"] {
        // How many jobs come together in one commit is a matter of the machine; the last of these are enough on any.
        for times in [1, 2, 5, 20, 80] {
            let mut child = start(folder.path(), Some(&format!("{point}:{times}")), first);
            let said = listen(&mut child);
            let status = child.wait().expect("it ends");
            assert!(!status.success(), "{point}:{times} was never reached");
            let last = said.iter().map(|line| line.number).max().unwrap_or(first);
            acknowledged
                .extend(said.into_iter().filter(|line| line.is_new).map(|line| (line.is_incoming, line.number)));
            look(folder.path(), &acknowledged, &format!("{point}:{times}"));
            // The next child sends the last ones again: what a peer does that was not answered.
            first = last.saturating_sub(2 * AT_ONCE).max(1);
        }
    }
    assert!(acknowledged.len() > 200, "only {} were acknowledged", acknowledged.len());
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    prepare(folder.path());
    let mut acknowledged = BTreeSet::new();
    let mut first = 1;
    for round in 0..12_u64 {
        let mut child = start(folder.path(), None, first);
        // Each round lets it live for another number of answers.
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let lines = output.lines().map(|line| line.expect("it can be read"));
        let mut lines = lines.filter(|line| line.starts_with("answered ")).map(|line| Line::read(&line));
        let mut said: Vec<Line> = lines.by_ref().take(30 + 17 * (round as usize % 7)).collect();
        child.kill().expect("it runs until then");
        said.extend(lines);
        child.wait().expect("it ends");
        let last = said.iter().map(|line| line.number).max().expect("it has said something");
        acknowledged.extend(said.into_iter().filter(|line| line.is_new).map(|line| (line.is_incoming, line.number)));
        look(folder.path(), &acknowledged, &format!("round {round}"));
        first = last.saturating_sub(2 * AT_ONCE).max(1);
    }
}

/// Not a test: what the child does. Without its variables it does nothing.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let first: u64 = std::env::var(FIRST).expect("the parent says it").parse().expect("a number");
    if let Ok(point) = std::env::var(POINT) {
        abort_points::arm(&point).expect("the parent knows the points");
    }
    let (store, _thread) = StoreThread::start(open(Path::new(&folder))).expect("a thread");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        for start in (first..).step_by(AT_ONCE as usize) {
            let jobs = (start..start + AT_ONCE).map(|number| one(store.clone(), number));
            futures_util::future::join_all(jobs).await;
        }
    });
}

/// A message comes in, and another goes out; each answer is told at once.
async fn one(store: StoreHandle, number: u64) {
    let verdict = store.run(move |store| store.receive(&arrival(number), &Quota::default(), NOW)).await;
    match verdict.expect("received") {
        ArrivalVerdict::Accepted { .. } => tell("in", number, "new"),
        ArrivalVerdict::Duplicate => tell("in", number, "old"),
        other => panic!("{other:?}"),
    }
    let queued = store
        .run(move |store| {
            if store.outgoing(&id(number))?.is_some() {
                return Ok(false);
            }
            store.queue_message(&outgoing(number), None, NOW).map(|_| true)
        })
        .await;
    tell("out", number, if queued.expect("queued") { "new" } else { "old" });
}

/// Past the test harness, which would keep it; in one write, so that a line is whole or not there.
fn tell(direction: &str, number: u64, news: &str) {
    let mut output = std::io::stdout();
    output.write_all(format!("answered {direction} {number} {news}\n").as_bytes()).expect("the parent listens");
    output.flush().expect("the parent listens");
}

/// What the child has said.
struct Line {
    is_incoming: bool,
    number: u64,
    is_new: bool,
}

impl Line {
    fn read(line: &str) -> Self {
        let mut words = line.split(' ').skip(1);
        let is_incoming = words.next() == Some("in");
        let number = words.next().and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("`{line}`"));
        Self { is_incoming, number, is_new: words.next() == Some("new") }
    }
}

fn start(folder: &Path, point: Option<&str>, first: u64) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["child", "--exact", "--nocapture", "--test-threads=1", "--quiet"]);
    command.env(FOLDER, folder).env(FIRST, first.to_string());
    if let Some(point) = point {
        command.env(POINT, point);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it can be run again")
}

fn listen(child: &mut Child) -> Vec<Line> {
    let output = BufReader::new(child.stdout.take().expect("it is piped"));
    let lines = output.lines().map(|line| line.expect("it can be read"));
    lines.filter(|line| line.starts_with("answered ")).map(|line| Line::read(&line)).collect()
}

fn look(folder: &Path, acknowledged: &BTreeSet<(bool, u64)>, when: &str) {
    let store = open(folder);
    assert_eq!(store.check().expect("checked"), [""; 0], "{when}");
    let mut found = BTreeSet::new();
    let mut position = 0;
    loop {
        let items = store.messages_after(None, position, 1_000).expect("read");
        let Some(last) = items.last() else { break };
        position = last.position;
        for item in items {
            let is_incoming = item.direction == bitpie::messages::Direction::Incoming;
            let number = u64::from_be_bytes(item.id.as_bytes()[8..].try_into().expect("8 bytes"));
            assert!(found.insert((is_incoming, number)), "{when}: {number} is there twice");
            assert_eq!(item.text.as_str(), format!("message {number}"), "{when}");
        }
    }
    let lost: Vec<_> = acknowledged.difference(&found).collect();
    assert!(lost.is_empty(), "{when}: acknowledged and lost: {lost:?}");
    let incoming: Vec<u64> = found.iter().filter(|(is_incoming, _)| *is_incoming).map(|(_, number)| *number).collect();
    for number in incoming {
        let verdict = store.receive(&arrival(number), &Quota::default(), NOW).expect("received");
        assert_eq!(verdict, ArrivalVerdict::Duplicate, "{when}: {number} would be shown again");
    }
}

fn prepare(folder: &Path) {
    open(folder)
        .add_contact(&NewContact { id: peer(), name: None, hints: Vec::new(), found_as: None, invitation: None }, NOW)
        .expect("added");
}

fn open(folder: &Path) -> Store {
    Store::open(&folder.join("messages.db"), &folder.join("peers.db")).expect("opened")
}

fn peer() -> NodeId {
    NodeId::from_bytes([7; 32])
}

fn id(number: u64) -> PacketId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    PacketId(bytes)
}

fn text(number: u64) -> MessageText {
    MessageText::new(format!("message {number}")).expect("short")
}

fn arrival(number: u64) -> Arrival {
    Arrival {
        sender: peer(),
        id: id(number),
        text: text(number),
        reply_to: None,
        sent_unix_ms: NOW,
        expires_unix_ms: NOW + 1_000_000,
        origin: String::new(),
        invitation: None,
    }
}

fn outgoing(number: u64) -> NewMessage {
    NewMessage {
        id: id(number),
        to: peer(),
        text: text(number),
        reply_to: None,
        created_unix_ms: NOW,
        expires_unix_ms: NOW + 1_000_000,
    }
}
