//! Every trace that a node of these tests has written is replayed when the node is dropped ([`demand`]): by the
//! definitions of this repository, the interpreter has to come to every state, variable, action and send that the node
//! came to.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use automata_compiler::model::System;
use automata_compiler::source::{Source, Sources};
use automata_compiler::trace::{Ending, Opening, Stream, Summary, Why};
use automata_compiler::{analyse, model_hash, read_folder};
use automata_runtime::{Outcome, Record};
use bitpie::home::Home;

use super::nodes::{Node, pair_online};

/// The definitions that the node was built from.
static DEFINITIONS: LazyLock<Arc<System>> = LazyLock::new(|| system(&sources()));

fn sources() -> Sources {
    read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("automata")).expect("the definitions can be read")
}

fn system(sources: &Sources) -> Arc<System> {
    Arc::new(analyse(sources).system.expect("the definitions are correct"))
}

/// The traces in a home, the oldest first.
pub fn traces(home: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(Home::at(home).traces_folder()) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    files.sort();
    files
}

/// A way through a table of an automaton: the state before, the event, and the state after.
pub type Cell = (String, String, String);

/// The cells of an automaton's table that the traces in a home went through.
pub fn cells(home: &Path, automaton: &str) -> BTreeSet<Cell> {
    let mut cells = BTreeSet::new();
    for path in traces(home) {
        let text = fs::read_to_string(path).expect("a trace can be read");
        let records = text.lines().filter_map(|line| serde_json::from_str::<Record>(line).ok());
        let of_it = records.filter(|record| record.instance.split('[').next() == Some(automaton));
        cells.extend(of_it.filter_map(|record| Some((record.before?, record.event, record.after?))));
    }
    cells
}

/// Events for an automaton of that kind that was not there, as the traces in a home tell.
pub fn for_nobody(home: &Path, automaton: &str) -> Vec<String> {
    let texts = traces(home).into_iter().map(|path| fs::read_to_string(path).expect("a trace can be read"));
    let is_it = |record: &Record| {
        record.instance.split('[').next() == Some(automaton) && record.outcome == Outcome::NoSuchInstance
    };
    let records = |text: String| {
        let records = text.lines().filter_map(|line| serde_json::from_str::<Record>(line).ok());
        records.filter(is_it).map(|record| record.event).collect::<Vec<_>>()
    };
    texts.flat_map(records).collect()
}

/// The numbers of the traces in a home, in their order.
pub fn numbers(home: &Path) -> Vec<u64> {
    let number = |path: &PathBuf| {
        let name = path.file_name()?.to_str()?;
        name.strip_prefix("trace-")?.strip_suffix(".jsonl")?.parse().ok()
    };
    traces(home).iter().map(|path| number(path).unwrap_or_else(|| panic!("{} is no trace", path.display()))).collect()
}

/// Demands that all traces which were ever begun in a home are there still: what is gone cannot be replayed.
///
/// # Panics
/// If one is missing.
pub fn demand_all(home: &Path) {
    let numbers = numbers(home);
    assert!(numbers.iter().copied().eq(0..numbers.len() as u64), "traces are missing, of which are left {numbers:?}");
}

/// Replays all traces in a home. Those that a process was writing when it was killed may end anywhere; what was flushed
/// of them has to agree.
///
/// # Panics
/// If a trace and the definitions part, or one cannot be read to its end: with the file, the line, and what differs.
pub fn demand(home: &Path, cut_off: &BTreeSet<PathBuf>) {
    for path in traces(home) {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let may_be_cut_off = cut_off.contains(&path);
        let file = File::open(&path).expect("a trace can be read");
        let stream = match Stream::open(file) {
            Ok(stream) => stream,
            // Killed while it wrote the first two lines.
            Err(_) if may_be_cut_off => continue,
            Err(error) => panic!("{name}, {error}"),
        };
        assert_eq!(
            stream.opening.first.model,
            model_hash(&DEFINITIONS),
            "{name}: the program was built of other definitions"
        );
        let summary = stream.replay(&DEFINITIONS, &mut ());
        assert_eq!(summary.parting, None, "{name}: node and definitions part after {} deliveries", summary.verified);
        assert_eq!(summary.violated, [], "{name}: properties are violated");
        let ends = match &summary.error {
            Some(error) => may_be_cut_off && error.problem.starts_with("the line is cut off"),
            None => may_be_cut_off || (summary.ending == Some(Ending::Ended) && !summary.is_incomplete),
        };
        assert!(ends, "{name} has no end: {summary:?}");
    }
}

/// The last trace of a node that has told somebody something, and a number of deliveries in it.
fn a_trace() -> (Node, PathBuf) {
    let (mut a, _b) = pair_online();
    let sent = a.send("b", "hello");
    a.until_delivered(&sent.id);
    a.stop();
    let trace = traces(a.home()).pop().expect("a node keeps a trace");
    (a, trace)
}

fn replayed(trace: &Path, system: &Arc<System>) -> Summary {
    let file = File::open(trace).expect("a trace can be read");
    Stream::open(file).expect("a whole trace").replay(system, &mut ())
}

/// One trace of a node, alone: what was known before its first delivery, and what came of replaying it.
pub fn replayed_alone(trace: &Path) -> (Opening, Summary) {
    let file = File::open(trace).expect("a trace can be read");
    let opening = Stream::open(file).expect("a whole trace").opening;
    (opening, replayed(trace, &DEFINITIONS))
}

/// The definitions with another text in one place.
fn changed(of: &str, with: &str) -> Arc<System> {
    let sources = sources();
    let places: usize = sources.iter().map(|(_, source)| source.text.matches(of).count()).sum();
    assert_eq!(places, 1, "{of}");
    let change = |source: &Source| Source { path: source.path.clone(), text: source.text.replace(of, with) };
    system(&Sources::new(sources.iter().map(|(_, source)| change(source)).collect()))
}

#[test]
fn with_other_definitions_a_trace_parts_at_the_first_event_that_differs() {
    let (node, trace) = a_trace();
    let text = fs::read_to_string(&trace).expect("a trace can be read");
    let records: Vec<(u64, Record)> = (3..)
        .zip(text.lines().skip(2))
        .filter_map(|(line, text)| Some((line, serde_json::from_str(text).ok()?)))
        .collect();
    let summary = replayed(&trace, &DEFINITIONS);
    assert_eq!((summary.verified, &summary.parting), (records.len() as u64, &None));

    for (of, with, before, event, after) in [
        // A target, a guard, and an action with the same target.
        ("pause)\", to: SENT }", "pause)\", to: RESTING }", "SENDING", "sent", "RESTING"),
        ("if: paused_before > 0s", "if: paused_before == 0s", "AT_STARTUP", "queued", "RESTING"),
        (
            "acknowledged: { do: \"record(Delivered,",
            "acknowledged: { do: \"record(Sent,",
            "SENT",
            "acknowledged",
            "DELIVERED",
        ),
    ] {
        let is_it = |record: &Record| {
            record.instance.starts_with("message_delivery[")
                && record.event == event
                && record.before.as_deref() == Some(before)
        };
        let (line, recorded) = records.iter().find(|(_, record)| is_it(record)).expect("a message was delivered");
        let summary = replayed(&trace, &changed(of, with));
        let parting = summary.parting.unwrap_or_else(|| panic!("nobody has noticed `{with}`"));
        assert_eq!(parting.line, *line, "{with}: {parting:?}");
        assert_eq!(summary.verified, recorded.sequence - records[0].1.sequence, "all before it agree");
        assert_eq!(parting.expected.as_deref(), Some(recorded));
        let Why::Differs(found) = parting.why else { panic!("{with}: {:?}", parting.why) };
        assert_eq!(found.after.as_deref(), Some(after), "{with}");
        assert_ne!(*found, *recorded);
    }
    drop(node);
}

#[test]
fn a_trace_that_was_edited_is_no_proof() {
    let (node, trace) = a_trace();
    let text = fs::read_to_string(&trace).expect("a trace can be read");
    fs::write(&trace, text.replacen("\"after\":\"DELIVERED\"", "\"after\":\"SETTLED\"", 1)).expect("written");
    let outcome = std::panic::catch_unwind(|| demand(node.home(), &BTreeSet::new()));
    fs::write(&trace, text).expect("written");
    assert!(outcome.is_err(), "what dropping a node demands is demanded");
}

#[test]
fn a_trace_that_is_missing_is_noticed() {
    let (mut a, _b) = pair_online();
    for _ in 0..2 {
        a.stop();
        a.start();
    }
    a.stop();
    let traces = traces(a.home());
    assert_eq!(numbers(a.home()), [0, 1, 2]);
    for missing in [&traces[0], &traces[1]] {
        let text = fs::read(missing).expect("a trace can be read");
        fs::remove_file(missing).expect("it is there");
        let outcome = std::panic::catch_unwind(|| demand_all(a.home()));
        fs::write(missing, text).expect("written");
        assert!(outcome.is_err(), "{} is missing", missing.display());
    }
}
