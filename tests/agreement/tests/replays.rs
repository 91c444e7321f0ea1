//! What generated Rust records, the interpreter replays: from the snapshot at any point of any run.

use std::io::Cursor;
use std::sync::Arc;

use agreement::generated::Generated;
use agreement::implementation::{Implementation, Interpreted};
use agreement::replays::replay;
use agreement::sources::Definitions;
use agreement::steps::{Step, Steps};
use agreement::{definitions, system};
use automata_compiler::interpreter::{Delivery, Interpreter, SECRET, is_stamp};
use automata_compiler::model::{BaseType, Expression, ExpressionKind, System, Type, Value as Constant};
use automata_compiler::source::{Source, Sources};
use automata_compiler::trace::{
    Anonymiser, Beside, Ending, Line, Opening, Stream, Summary, TraceError, Watch, Why, differences, snapshot,
};
use automata_runtime::Record;
use automata_runtime::trace::{LeftOut, LeftOutLine, Output, SecondLine, Snapshot};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any};
use proptest::test_runner::{TestCaseError, TestRunner};

const SEQUENCES: u32 = 12;
const LENGTH: usize = 60;
const ENDLESS_SEQUENCES: u32 = 1;
const DELIVERIES: u64 = 10_500;

/// What a recorder does with a run.
#[derive(Clone, Copy, PartialEq)]
enum Records {
    /// Everything.
    All,
    /// What comes between some inputs and others is left out.
    Some,
}

/// Who has caused what is left out.
const SOURCES: [&str; 3] = ["", "alice", "bob"];

/// A run of generated Rust: its traces from several points on, and the situations that it was in at its end.
struct Recorded {
    /// Whole traces, each from its own snapshot to the end of the run.
    traces: Vec<Vec<u8>>,
    last: Snapshot,
    log: Vec<String>,
}

fn record(definitions: &Definitions, system: &Arc<System>, numbers: &[u64], records: Records) -> Recorded {
    let steps = Steps::new(system);
    // It knows what could happen next, and is no part of what is tested.
    let mut guide = Interpreted::new(system);
    let mut generated = Generated::new(&definitions.name, system);
    let mut traces = vec![generated.opening()];
    let mut log = Vec::new();
    let add = |generated: &mut Generated, traces: &mut Vec<Vec<u8>>| {
        let lines = generated.lines();
        traces.iter_mut().for_each(|trace| trace.extend(&lines));
    };
    let chance = numbers.first().copied().unwrap_or_default();
    let leaves_out = |number: u64| records == Records::Some && (number >> 17).is_multiple_of(3);
    if leaves_out(chance) {
        generated.leave_out("alice");
    }
    guide.start();
    generated.start();
    add(&mut generated, &mut traces);
    for &number in numbers {
        if guide.interpreter.deliveries() > DELIVERIES {
            break;
        }
        if number % 16 == 0 {
            generated.record_again();
            add(&mut generated, &mut traces);
            traces.push(generated.opening());
        }
        match (number >> 7) % 8 {
            0 | 1 => generated.record_again(),
            // With whatever else is being left out, whoever caused that.
            2 | 3 if records == Records::Some => generated.leave_out(SOURCES[(number >> 11) as usize % SOURCES.len()]),
            _ => {}
        }
        let step = steps.decide(number, &guide);
        log.push(format!("{step:?}"));
        // What `Bus::advance` says without anything that is due leaves nothing in a trace but the time, which the next
        // line brings.
        step.perform(&mut guide);
        step.perform(&mut generated);
        guide.records();
        add(&mut generated, &mut traces);
    }
    generated.record_again();
    add(&mut generated, &mut traces);
    let last = snapshot_of(&generated.opening());
    let ended = |lines: Vec<u8>| {
        let mut output = Output::new(Vec::new());
        output.write(&lines).expect("memory takes it");
        output.close().expect("memory takes it")
    };
    let traces = traces.into_iter().map(ended).collect();
    Recorded { traces, last, log }
}

fn snapshot_of(opening: &[u8]) -> Snapshot {
    let second = opening.split(|&byte| byte == b'\n').nth(1).expect("two lines");
    serde_json::from_slice::<SecondLine>(second).expect("a snapshot").snapshot
}

#[derive(Default)]
struct Copy {
    anonymiser: Option<Anonymiser>,
    out: Vec<u8>,
    verbatim: u64,
}

impl Watch for Copy {
    fn verified(&mut self, system: &System, delivery: &Delivery, line: Line<'_>) -> bool {
        // The interpreter's own writer writes what the runtime's does.
        let mut written = Vec::new();
        automata_compiler::trace::Writer::new(system).write(system, delivery, &mut written);
        let recorded = line.text().as_bytes();
        let record = |line: &[u8]| serde_json::from_slice::<Record>(line).expect("a line is a record");
        let is_alike = written == recorded
            || has_secret_constants(system) && differences(&record(&written), &record(recorded)).is_empty();
        self.verbatim += u64::from(is_alike);
        if let Some(anonymiser) = &mut self.anonymiser {
            anonymiser.delivery(delivery, &mut self.out);
        }
        true
    }

    fn left_out(&mut self, interpreter: &Interpreter, left_out: &LeftOut, _: Line<'_>) -> bool {
        if let Some(anonymiser) = &mut self.anonymiser {
            anonymiser.left_out(left_out, interpreter, &mut self.out);
        }
        true
    }
}

/// What the lines of a trace say was left out: lines, and deliveries.
fn said_to_be_left_out(trace: &[u8]) -> (u64, u64) {
    let lines = trace.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"{\"left_out\""));
    let deliveries =
        lines.map(|line| serde_json::from_slice::<LeftOutLine>(line).expect("its form").left_out.deliveries);
    deliveries.fold((0, 0), |(lines, all), deliveries| (lines + 1, all + deliveries))
}

fn check(system: &Arc<System>, recorded: &Recorded, numbers: &[u64]) -> Result<(), TestCaseError> {
    let bytes = numbers.first().map_or(1, |number| (number % 5_000) as usize);
    for trace in &recorded.traces {
        let text = || format!("{}\n{}", recorded.log.join("\n"), String::from_utf8_lossy(trace));
        let mut watch = Copy::default();
        let (summary, replay) = replay(system, trace, bytes, &mut watch)
            .map_err(|error| TestCaseError::fail(format!("{error}\n{}", text())))?;
        let lines = trace.iter().filter(|&&byte| byte == b'\n').count() as u64;
        let (left_out_lines, left_out) = said_to_be_left_out(trace);
        if (summary.verified, summary.left_out, summary.ending, &summary.parting, &summary.error)
            != (lines - 3 - left_out_lines, left_out, Some(Ending::Ended), &None, &None)
        {
            return Err(TestCaseError::fail(format!("{summary:?}\n{}", text())));
        }
        if watch.verbatim != summary.verified {
            return Err(TestCaseError::fail(format!(
                "{} of {} lines are written alike\n{}",
                watch.verbatim,
                summary.verified,
                text()
            )));
        }
        let replay = replay.expect("it ran");
        let mut last = snapshot(replay.interpreter(), true, &mut |_, value| value.clone());
        // Time that passes without a delivery is in no line.
        last.now_ms = recorded.last.now_ms;
        let (mut expected, mut found) = (comparable(&recorded.last), comparable(&last));
        if has_secret_constants(system) {
            (expected, found) = (masked(expected.as_bytes()), masked(found.as_bytes()));
        }
        if expected != found {
            return Err(TestCaseError::fail(format!("ends in\n{found}\ninstead of\n{expected}\n{}", text())));
        }
        let deliveries = summary.verified + summary.left_out;
        if replay.interpreter().deliveries() != opening(trace).snapshot.sequence + deliveries {
            return Err(TestCaseError::fail(format!("{deliveries} deliveries\n{}", text())));
        }
        anonymised(system, trace, summary.verified).map_err(|why| TestCaseError::fail(format!("{why}\n{}", text())))?;
        beside_itself(system, trace).map_err(|why| TestCaseError::fail(format!("{why}\n{}", text())))?;
    }
    Ok(())
}

fn opening(trace: &[u8]) -> Opening {
    let mut lines = trace.split(|&byte| byte == b'\n');
    Opening::read(lines.next().expect("a first line"), lines.next()).expect("a trace")
}

/// Definitions that run beside themselves never part, however late their timers were.
fn beside_itself(system: &Arc<System>, trace: &[u8]) -> Result<(), String> {
    let opening = opening(trace);
    let mut beside = Beside::new(system, &opening, 1).map_err(|error| error.to_string())?;
    let (summary, replay) = replay(system, trace, 1_000, &mut beside).map_err(|error| error.to_string())?;
    let comparison = beside.finish(replay.expect("it ran").interpreter());
    let found = (comparison.same, comparison.different, &comparison.stopped, comparison.apart.as_slice());
    if found == (summary.inputs, 0, &None, &[]) { Ok(()) } else { Err(format!("beside itself: {comparison:#?}")) }
}

/// A secret that stands in the definition itself is known to a replay, and its stamp in the trace is not: only who has
/// the key can make it.
fn has_secret_constants(system: &System) -> bool {
    let is_secret = |of: Type| matches!(of.base, BaseType::Declared(id) if system.types[id].secret);
    let mut variables = system.automata.iter().flat_map(|automaton| &automaton.variables);
    let mut expressions = system.automata.iter().flat_map(|automaton| automaton.expressions());
    let is_constant = |part: &Expression| matches!(part.kind, ExpressionKind::Literal(_)) && is_secret(part.r#type);
    variables.any(|variable| is_secret(variable.r#type) && variable.initial != Constant::None)
        || expressions.any(|expression| expression.contains(is_constant))
}

/// This JSON with every stamp of a secret replaced by the word for one that the interpreter knows: all else is still
/// compared.
fn masked(json: &[u8]) -> String {
    fn mask(json: &mut serde_json::Value) {
        match json {
            json if is_stamp(json) => *json = SECRET.into(),
            serde_json::Value::Array(items) => items.iter_mut().for_each(mask),
            serde_json::Value::Object(fields) => fields.values_mut().for_each(mask),
            _ => {}
        }
    }
    let mut json = serde_json::from_slice(json).expect("JSON");
    mask(&mut json);
    serde_json::to_string_pretty(&json).expect("JSON")
}

fn comparable(snapshot: &Snapshot) -> String {
    let mut snapshot = snapshot.clone();
    for instance in &mut snapshot.instances {
        instance.timers.sort_by_key(|timer| timer.order);
        // The interpreter remembers the leaf, generated Rust where it leads: the same for every `history`.
        instance.history.values_mut().for_each(|leaf| *leaf = "…".into());
    }
    serde_json::to_string_pretty(&snapshot).expect("JSON")
}

fn anonymised(system: &Arc<System>, trace: &[u8], deliveries: u64) -> Result<(), String> {
    let opening = opening(trace);
    let mut copy = Copy { anonymiser: Some(Anonymiser::new(system, &opening)), ..Copy::default() };
    let interpreter = automata_compiler::trace::resume(system, &opening).map_err(|error| error.to_string())?;
    copy.anonymiser.as_mut().expect("just made").opening(&opening, &interpreter, &mut copy.out);
    let outcome = replay(system, trace, 1_000, &mut copy).map_err(|error| error.to_string())?;
    if outcome.0.verified != deliveries {
        return Err(format!("{:?}", outcome.0));
    }
    let text = String::from_utf8_lossy(&copy.out).into_owned();
    let again = replay(system, &copy.out, 1_001, &mut ()).map_err(|error| format!("{error}\n{text}"))?;
    if (again.0.verified, &again.0.parting, &again.0.error) != (deliveries, &None, &None) {
        return Err(format!("the copy: {:?}\n{text}", again.0));
    }
    match ["alice", "bob", "carol"].iter().find(|name| text.contains(*name)) {
        Some(name) => Err(format!("the copy shows {name}\n{text}")),
        None => Ok(()),
    }
}

fn agree(definitions: &Definitions, cases: u32) {
    let system = system(definitions);
    let factor = std::env::var("AGREEMENT_FACTOR").ok().and_then(|factor| factor.parse().ok()).unwrap_or(1_u32);
    let config =
        ProptestConfig { cases: cases.saturating_mul(factor), failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&vec(any::<u64>(), 1..LENGTH), |numbers| {
        let records = if numbers[0] % 2 == 0 { Records::All } else { Records::Some };
        check(&system, &record(definitions, &system, &numbers, records), &numbers)
    });
    if let Err(error) = outcome {
        panic!("{}: {error}", definitions.name);
    }
}

#[test]
fn every_run_of_every_accept_case_is_replayed_from_any_point() {
    for definitions in definitions().iter().filter(|of| of.name != "automata") {
        agree(definitions, if definitions.name == "endless" { ENDLESS_SEQUENCES } else { SEQUENCES });
    }
}

#[test]
fn every_run_of_the_project_s_automata_is_replayed_from_any_point() {
    // Side by side, since it is the longest of all tests.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| agree(&project(), SEQUENCES * 2));
        }
    });
}

fn project() -> Definitions {
    definitions().into_iter().find(|of| of.name == "automata").expect("the project's definitions")
}

fn case(name: &str) -> Definitions {
    definitions().into_iter().find(|of| of.name == name).expect("a case of that name")
}

/// A run that is the same each time, long enough to hold something of everything.
fn some_run(definitions: &Definitions) -> (Arc<System>, Vec<u8>) {
    let system = system(definitions);
    let mut chance = agreement::chance::Chance::new(7);
    let numbers: Vec<u64> = (0..900).map(|_| chance.number() | 1).collect();
    let recorded = record(definitions, &system, &numbers, Records::All);
    (system, recorded.traces.into_iter().next().expect("one from the beginning"))
}

#[test]
fn secrets_never_appear_and_equal_ones_are_recognised() {
    let definitions = case("every_element");
    let system = system(&definitions);
    let mut generated = Generated::new(&definitions.name, &system);
    let mut trace = generated.opening();
    generated.start();
    for word in ["hush-hush", "hush-hush", "something else"] {
        let fields = serde_json::json!({"peer": "alice", "secret_word": word});
        generated.deliver("keeper", "began", fields.as_object().expect("an object"));
    }
    trace.extend(generated.lines());
    let text = String::from_utf8(trace.clone()).expect("text");
    assert!(!text.contains("hush") && !text.contains("something"), "{text}");
    let stamps: Vec<&str> =
        text.match_indices("\"secret_word\":").map(|(at, key)| &text[at + key.len()..at + key.len() + 60]).collect();
    assert!(stamps.len() >= 3, "{text}");
    let of_events: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("\"event\":\"began\""))
        .filter_map(|line| line.split("\"secret_word\":").nth(1)?.split('}').next())
        .collect();
    assert_eq!(of_events[0], of_events[1], "equal secrets look alike");
    assert_ne!(of_events[0], of_events[2]);
    assert!(of_events[0].starts_with("{\"length\":9,\"hash\":\""), "{}", of_events[0]);
    let (summary, _) = replay(&system, &trace, 100, &mut ()).expect("a trace");
    assert_eq!((summary.parting, summary.error), (None, None));
    assert!(summary.verified >= 4);
}

#[test]
fn keys_that_look_like_other_json_are_told_apart() {
    let definitions = project();
    let system = system(&definitions);
    let mut generated = Generated::new(&definitions.name, &system);
    let mut trace = generated.opening();
    generated.start();
    let none = serde_json::Map::new();
    for key in ["\"7\"", "7", "\"true\"", "\"\\\"\"", "7th", "\"12e4\"", ""] {
        generated.start_instance(&format!("contact_status[{key}]"), &none);
    }
    let middle = generated.opening();
    generated.deliver("contact_status[\"7\"]", "ack_received", &none);
    let lines = generated.lines();
    trace.extend(&lines);
    let (summary, replay) = replay(&system, &trace, 100, &mut ()).expect("a trace");
    assert_eq!((&summary.parting, &summary.error), (&None, &None), "{}", String::from_utf8_lossy(&trace));
    let last = snapshot(replay.expect("it ran").interpreter(), true, &mut |_, value| value.clone());
    let names = |snapshot: &Snapshot| snapshot.instances.iter().map(|of| of.instance.clone()).collect::<Vec<_>>();
    assert_eq!(names(&last), names(&snapshot_of(&middle)));
    assert!(names(&last).contains(&"contact_status[\"7\"]".to_owned()), "{:?}", names(&last));
}

#[test]
fn a_changed_definition_is_found_at_the_first_event_that_differs() {
    let definitions = project();
    let (_, trace) = some_run(&definitions);
    let changed = |file: &str, from: &str, to: &str| {
        let sources = definitions.sources.iter().map(|(_, source)| {
            let mut source: Source = source.clone();
            if source.path.ends_with(file) {
                assert!(source.text.contains(from), "{file}: {from}");
                source.text = source.text.replace(from, to);
            }
            source
        });
        let sources = Sources::new(sources.collect());
        Arc::new(automata_compiler::analyse(&sources).system.expect("still correct"))
    };
    let same = changed("tcp_connection.yaml", "One TCP session", "A single TCP session");
    let (summary, _) = replay(&same, &trace, 1_000, &mut ()).expect("a trace");
    assert_eq!((summary.parting, summary.error), (None, None));
    // What is not done any more, in a definition that the run comes to.
    let text = String::from_utf8(trace.clone()).expect("text");
    let changes = [
        ("tcp_connection.yaml", "do: send_hello, ", "", "send_hello"),
        ("network_connector.yaml", "    entry: [check_interfaces]\n", "", "check_interfaces"),
        ("local_service.yaml", "        entry: [check_dependencies]\n", "", "check_dependencies"),
        ("network_transport.yaml", "        entry: [initialise]\n", "", "initialise"),
        ("contact_status.yaml", "        entry: [fetch_identity]\n", "", "fetch_identity"),
    ];
    // Two automata may have an action of one name.
    let is_done_in = |line: &str, file: &str, action: &str| {
        line.contains(&format!("\"action\":\"{action}\""))
            && line.contains(&format!("\"instance\":\"{}", file.trim_end_matches(".yaml")))
    };
    let is_done = |file: &str, action: &str| text.lines().any(|line| is_done_in(line, file, action));
    let (file, from, to, action) =
        *changes.iter().find(|(file, _, _, action)| is_done(file, action)).expect("the run comes to one of them");
    let first = text.lines().position(|line| is_done_in(line, file, action)).expect("it is there") as u64 + 1;
    let other = changed(file, from, to);
    let (summary, _) = replay(&other, &trace, 1_000, &mut ()).expect("a trace");
    let parting = summary.parting.unwrap_or_else(|| {
        panic!("{action} is done in the run, line {first}: {:?}, verified {}", summary.error, summary.verified)
    });
    assert_eq!(parting.line, first);
    let (Some(expected), Why::Differs(found)) = (parting.expected, parting.why) else { panic!("another delivery") };
    assert_eq!(expected.actions.len(), found.actions.len() + 1);
    assert_eq!(summary.verified, first - 3);
}

#[test]
fn what_is_wrong_with_a_trace_is_said_with_its_line() {
    let definitions = project();
    let (system, trace) = some_run(&definitions);
    let text = String::from_utf8(trace).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    // In whatever way it is read, the same is said.
    let problem = |text: &str| {
        let of = |outcome: Result<Summary, TraceError>| match outcome {
            Ok(summary) => summary.error.map(|error| error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        let blocks = |bytes| of(replay(&system, text.as_bytes(), bytes, &mut ()).map(|(summary, _)| summary));
        let stream = Stream::open(Cursor::new(text.as_bytes().to_vec()));
        let problem = of(stream.map(|stream| stream.replay(&system, &mut ())));
        assert_eq!((blocks(10_000), blocks(10_001)), (problem.clone(), problem.clone()));
        problem
    };
    let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let with = |at: usize, line: &str| {
        let mut lines = lines.clone();
        lines[at] = line;
        joined(&lines)
    };
    let says = |text: &str, said: &str| {
        let problem = problem(text).unwrap_or_else(|| panic!("nothing is wrong, instead of: {said}"));
        assert!(problem.contains(said), "`{said}` is not in: {problem}");
    };
    assert_eq!(problem(&text), None);
    says("", "line 1: the trace is empty");
    says("Hello\n", "line 1: this is not a trace: it begins with `Hello`");
    says("{}\n", "line 1: this is not a trace");
    says(&with(0, &lines[0].replace("\"trace\":1", "\"trace\":2")), "line 1: the trace has format version 2");
    says(&joined(&lines[..1]), "line 2: the trace is cut off after its first line");
    says(&with(1, lines[2]), "line 2: the second line is not a snapshot");
    says(&with(9, &lines[9][..40]), "line 10: the line is not JSON of a trace");
    says(&with(9, ""), "line 10: the line is empty");
    says(&text[..text.len() - lines[lines.len() - 1].len() - 10], "the line is cut off after");
    let mut swapped = lines.clone();
    swapped.swap(10, 11);
    says(&joined(&swapped), "line 11: the line has the sequence 9, but 8 was expected");
    let mut missing = lines.clone();
    missing.remove(10);
    says(&joined(&missing), "line 11: the line has the sequence 9, but 8 was expected");
    missing = lines.clone();
    missing.remove(lines.len() - 2);
    says(&joined(&missing), "some were taken out or added");
    says(&format!("{text}{}\n", lines[5]), "there are lines after the end of the trace");
    says(&format!("{}{text}", joined(&lines[..20])), "line 21: another trace begins here");
    says(&with(9, &lines[9].replace("\"at_ms\":", "\"at_ms\":-")), "line 10: the line is not JSON of a trace");
    says(&with(9, &lines[9].replace("\"outcome\":", "\"outcme\":")), "line 10: the line is not a record of a delivery");
    says(
        &with(9, &lines[9].replace("\"at_ms\":", "\"extra\":1,\"at_ms\":")),
        "line 10: the line is not a record of a delivery",
    );
    says(
        &with(9, &lines[9].replace("\"at_ms\":", "\"at_ms\":0,\"at_ms\":")),
        "line 10: the line is not JSON of a trace",
    );
    says(&with(9, &"x".repeat(17 << 20)), "line 10: the line is longer than 16 MiB");
    // Without its end it is good, as far as it goes.
    let cut = joined(&lines[..lines.len() - 1]);
    let (summary, _) = replay(&system, cut.as_bytes(), 10_000, &mut ()).expect("a trace");
    assert_eq!((summary.ending, summary.error, summary.parting), (Some(Ending::CutOff), None, None));
}

/// Lines of a trace that are edited, at most.
const EDITS: usize = 40;

#[test]
fn an_edited_line_is_found() {
    let definitions = project();
    let (system, trace) = some_run(&definitions);
    let text = String::from_utf8(trace).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    // Each edit costs a replay of the whole; those of them that are tried lie all over it.
    let taken = "\"outcome\":\"taken\"";
    let editable: Vec<usize> = (2..lines.len()).filter(|&at| lines[at].contains(taken)).collect();
    assert!(editable.len() > 10, "only {} lines can be edited", editable.len());
    for &at in editable.iter().step_by(editable.len().div_ceil(EDITS)) {
        let changed = lines[at].replace(taken, "\"outcome\":\"internal\"");
        let mut lines = lines.clone();
        lines[at] = &changed;
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let (summary, _) = replay(&system, text.as_bytes(), 10_001, &mut ()).expect("a trace");
        assert_eq!(summary.parting.map(|parting| parting.line), Some(at as u64 + 1));
    }
    // Written differently, it says the same.
    let spaced = lines.iter().map(|line| line.replace("\",\"", "\" , \"")).collect::<Vec<_>>().join("\n") + "\n";
    let (summary, _) = replay(&system, spaced.as_bytes(), 10_000, &mut ()).expect("a trace");
    assert_eq!((summary.verified, summary.parting, summary.error), (lines.len() as u64 - 3, None, None));
}

#[test]
fn steps_are_of_every_kind() {
    let definitions = project();
    let system = system(&definitions);
    let steps = Steps::new(&system);
    let mut guide = Interpreted::new(&system);
    guide.start();
    let mut seen = [0; 4];
    for number in 0..200 {
        seen[match steps.decide(number, &guide) {
            Step::Advance(_) => 0,
            Step::Event(..) => 1,
            Step::Start(..) => 2,
            Step::Answers(_) => 3,
        }] += 1;
    }
    assert!(seen.iter().all(|&count| count > 0), "{seen:?}");
}
