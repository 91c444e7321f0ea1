//! Scripts and sessions with one small definition.

use super::*;
use crate::source::{Source, Sources};

const TYPES: &str = "keys: { door: u8 }\ntypes:\n  Side: { enum: [Left, Right], summary: A side. }\n";
const PARTS: &str = "parts: { hand: Pushes the door. }\n";
const PROGRAM: &str = "parts: { program: All. }\n";
const DOOR: &str = "\
automaton: door
summary: A door that closes by itself.
instances: per door
parameters:
  delay: { type: duration, default: 20s, summary: Until it closes. }
variables:
  pushes: { type: u8, initial: 0, max: 3 }
conditions:
  locked: { type: bool, arguments: { side: Side }, summary: Somebody turned the key. }
events:
  push: { from: hand, starts: true, fields: { side: Side, force: u8? } }
  slam: {}
actions:
  ring: { by: hand, arguments: { side: Side } }
initial: SHUT
states:
  SHUT:
    on:
      push:
        - { if: locked(side), do: ring(side) }
        - { set: pushes += 1, raise: slam, to: OPEN }
  OPEN:
    after: { delay: SHUT }
    on:
      slam: stay
    ignore: { push: it is open }
";

fn door() -> Arc<System> {
    system_of(TYPES, PARTS, DOOR)
}

fn system_of(types: &str, parts: &str, automaton: &str) -> Arc<System> {
    let file = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let name =
        automaton.lines().next().and_then(|line| line.strip_prefix("automaton: ")).expect("its name comes first");
    let files = [("types", types), ("parts", parts), (name, automaton)];
    let sources = Sources::new(files.map(|(name, text)| file(&format!("a/{name}.yaml"), text)).into());
    let analysis = crate::analyse(&sources);
    Arc::new(analysis.system.unwrap_or_else(|| panic!("{}", crate::render::plain(&sources, &analysis.findings))))
}

fn run(script: &str) -> (Vec<String>, Result<Simulation, String>) {
    let mut lines = Vec::new();
    let end = run_script(door(), script, |record| lines.push(serde_json::to_string(&record).expect("JSON")));
    (lines, end.map_err(|error| error.to_string()))
}

fn refusal(script: &str) -> String {
    run(script).1.expect_err("the script is wrong")
}

#[test]
fn a_script_with_time_answers_and_comments() {
    let (lines, end) = run("\
# pushed from the left, where it is not locked
{\"instance\":\"door[7]\",\"event\":\"push\",\"fields\":{\"side\":\"Left\"},\"conditions\":{\"locked\":true,\"locked(Left)\":false}}

{\"at_ms\":30000,\"instance\":\"door[7]\",\"event\":\"push\",\"fields\":{\"side\":\"Right\",\"force\":5}}
");
    assert!(end.is_ok());
    assert_eq!(
        lines,
        [
            r#"{"sequence":0,"at_ms":0,"instance":"door[7]","event":"start","outcome":"started","after":"SHUT","variables":{"pushes":[null,0]}}"#,
            r#"{"sequence":1,"at_ms":0,"instance":"door[7]","event":"push","fields":{"side":"Left","force":null},"outcome":"taken","before":"SHUT","after":"OPEN","conditions":[{"ask":"locked","arguments":{"side":"Left"},"answer":false}],"variables":{"pushes":[0,1]},"raised":[{"event":"slam","outcome":"internal"}]}"#,
            r#"{"sequence":2,"at_ms":20000,"instance":"door[7]","event":"after delay in OPEN","outcome":"taken","before":"OPEN","after":"SHUT"}"#,
            r#"{"sequence":3,"at_ms":30000,"instance":"door[7]","event":"push","fields":{"side":"Right","force":5},"outcome":"internal","before":"SHUT","after":"SHUT","conditions":[{"ask":"locked","arguments":{"side":"Right"},"answer":true}],"actions":[{"action":"ring","arguments":{"side":"Right"}}]}"#,
        ]
    );
}

#[test]
fn time_that_jumps_serves_timers_late() {
    let push = r#"{"instance":"door[1]","event":"push","fields":{"side":"Left"},"conditions":{"locked":false}}"#;
    let (lines, _) = run(&format!("{push}\n{{\"at_ms\":90000,\"jump\":true}}"));
    assert!(lines[2].starts_with(r#"{"sequence":2,"at_ms":90000,"instance":"door[1]","event":"after delay in OPEN""#));
}

#[test]
fn what_is_wrong_with_a_script_is_said_with_its_line() {
    let at = |message: &str| format!("line 2: {message}");
    let wrong = |line: &str| refusal(&format!("\n{line}"));
    assert_eq!(
        wrong(r#"{"instance":"dor[1]","event":"push"}"#),
        at("there is no automaton named `dor`; did you mean `door`? (there are: door)")
    );
    assert_eq!(
        wrong(r#"{"instance":"door","event":"push"}"#),
        at("`door` does not name an instance: there is one for each door; write `door[…]`")
    );
    assert_eq!(
        wrong(r#"{"instance":"door[300]","event":"push"}"#),
        at("`door[300]` does not name an instance: its key is a whole number from 0 to 255")
    );
    assert_eq!(
        wrong(r#"{"instance":"door[1]","event":"pusch"}"#),
        at("there is no event of door named `pusch`; did you mean `push`? (there are: push, slam)")
    );
    assert_eq!(
        wrong(r#"{"instance":"door[1]","event":"slam"}"#),
        at(
            "there is no event of door that comes from outside (it has no `from`, so it is only raised) named `slam` (there are: push)"
        )
    );
    assert_eq!(
        wrong(r#"{"instance":"door[1]","event":"push","fields":{"side":"Up"}}"#),
        at("field side of event push: expected one of Left, Right, got \"Up\"")
    );
    assert_eq!(
        wrong(r#"{"instance":"door[1]","evnt":"push"}"#),
        at(
            "there is no key `evnt` in a script; did you mean `event`? (there are: at_ms, jump, instance, event, fields, conditions)"
        )
    );
    assert_eq!(wrong(r#"{"instance":"door[1]"}"#), at("`event` is missing: what is sent to door[1]?"));
    assert_eq!(
        wrong(r#"{"conditions":{"looked":true}}"#),
        at("there is no condition named `looked`; did you mean `locked`? (there are: locked)")
    );
    assert_eq!(
        wrong(r#"{"conditions":{"locked(Up)":true}}"#),
        at("argument side of `locked`: expected one of Left, Right, got Up")
    );
    assert_eq!(wrong(r#"{"conditions":{"locked":1}}"#), at("the condition `locked`: expected true or false, got 1"));
    assert_eq!(
        wrong(r#"{"instance":"door[1]","event":"push","fields":{"side":"Left"}}"#),
        at("door[1] asks for the condition `locked(Left)`, which has no answer; expected true or false; \
            answer it in this line or before: \"conditions\": {\"locked(Left)\": …}")
    );
    assert_eq!(refusal("{\"at_ms\":5}\n{\"at_ms\":4}"), at("time cannot go back: it is 5 ms, and 4 ms was given"));
    assert!(wrong("{").starts_with(&at("this is not a JSON object: ")));
}

/// The last one counted, and the others were dropped.
#[test]
fn a_key_that_a_script_gives_twice_is_said_with_its_line() {
    for (line, key) in [
        (r#"{"event":"push","event":"push"}"#, "event"),
        (r#"{"instance":"door[1]","event":"push","fields":{"side":"Left","side":"Left"}}"#, "side"),
        (r#"{"conditions":{"locked":true,"locked":false}}"#, "locked"),
    ] {
        let said = refusal(&format!("{{}}\n{line}"));
        assert!(said.starts_with(&format!("line 2: the key `{key}` is given twice, at column ")), "{said}");
    }
}

#[test]
fn a_script_may_begin_with_a_mark_of_the_order_of_bytes() {
    let script = r#"{"instance":"door[1]","event":"push","fields":{"side":"Left"},"conditions":{"locked":true}}"#;
    assert_eq!(run(&format!("\u{feff}{script}")).0, run(script).0);
    assert!(run(&format!("\u{feff}{script}")).1.is_ok());
    assert_eq!(run("\u{feff}").1.map(|_| ()), Ok(()));
}

#[test]
fn a_session_asks_what_it_must_know_and_undoes() {
    let (mut session, reply) = Session::new(door(), "door").expect("declared");
    assert_eq!(reply, Reply::default());
    assert_eq!(
        session.situation(),
        "0.000s  door[1] does not exist now\n   \
         1  push(side: Side, force: u8?)\n        \
         if locked(side): ring(side), stays (in SHUT)\n        \
         pushes += 1, raise slam, → OPEN (in SHUT)\n  \
         start  starts it, with delay: duration = 20s\n"
    );
    assert_eq!(session.line("start delay=5s").records.len(), 1);
    assert_eq!(session.line("1").text, "field side of event push is missing; expected one of Left, Right");
    let asked = session.line("1 Left force=none");
    assert_eq!(asked.text, "Asked: door.locked(Left) (true or false; `cancel` gives up)");
    assert_eq!(session.prompt(), "door.locked(Left)? ");
    assert_eq!(
        session.line("perhaps").text,
        "Expected true or false, got `perhaps`; `cancel` gives up, `help` shows the rest"
    );
    assert_eq!(session.line("no").records.len(), 1);
    assert_eq!(session.prompt(), "> ");
    assert_eq!(
        session.situation(),
        "0.000s  door[1] is in OPEN\n  \
         variables: pushes = 1\n  \
         timers: after delay in OPEN at 5.000s\n   \
         1  push(side: Side, force: u8?)\n        \
         ignored (it is open) (in OPEN)\n"
    );
    assert_eq!(session.line("wait 4s").text, "Nothing was due.");
    assert_eq!(session.line("wait 4s").records[0].event, "after delay in OPEN");
    assert_eq!(session.line("undo").text, "Undone.");
    assert_eq!(session.line("states").text, "door[1]: OPEN");
    assert_eq!(session.simulation().interpreter().now_ms(), 4000);
    assert_eq!(session.trace().len(), 2);
    assert_eq!(
        session.line("pish").text,
        "`pish` is neither a command nor an event of door. Did you mean `push`? `help` lists both."
    );
    assert_eq!(session.line("9").text, "There is no number 9: the last is 1");
    assert_eq!(session.line("answer locked=true").text, "locked = true from now on");
    assert_eq!(session.line("answer").text, "door.locked = true\ndoor.locked(Left) = false");
    assert!(session.line("quit").quit);
}

#[test]
fn starts_of_other_automata_are_folded_at_the_opening() {
    let file = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let lamp = |name: &str| {
        let text = format!(
            "automaton: {name}\nsummary: A lamp.\nevents:\n  light: {{ from: hand }}\ninitial: DARK\nstates:\n  DARK:\n    on: {{ light: BRIGHT }}\n  BRIGHT:\n    ignore: {{ light: it is }}\n"
        );
        file(&format!("a/{name}.yaml"), &text)
    };
    let opening = |names: &[&str], name: &str| {
        let files = [file("a/parts.yaml", PARTS)].into_iter().chain(names.iter().map(|name| lamp(name)));
        let sources = Sources::new(files.collect());
        let analysis = crate::analyse(&sources);
        let system =
            analysis.system.unwrap_or_else(|| panic!("{}", crate::render::plain(&sources, &analysis.findings)));
        let (mut session, reply) = Session::new(Arc::new(system), name).expect("declared");
        assert_eq!((reply.records.len(), session.trace().len()), (names.len(), names.len()), "nothing is lost");
        let trace = session.line("trace").text;
        assert!(names.iter().all(|name| trace.contains(&format!("{name} ← start"))), "{trace}");
        reply.text
    };
    let own = "#1 0.000s beacon ← start\n    started in DARK";
    let three = ["alarm", "beacon", "candle"];
    assert_eq!(opening(&three, "beacon"), format!("{own}\n2 other automata have started; `trace` shows them"));
    assert_eq!(opening(&three[..2], "beacon"), format!("{own}\n1 other automaton has started; `trace` shows it"));
    assert_eq!(opening(&three[1..2], "beacon"), own.replace("#1", "#0"));
}

/// This automaton understands every example in the help.
#[test]
fn the_help_speaks_of_the_automaton_that_is_looked_at() {
    let (mut session, _) = Session::new(door(), "door").expect("declared");
    let help = session.line("help").text;
    for line in ["push side=Left force=none", "start delay=20s", "answer locked=true", "on door[key]"] {
        assert!(help.contains(&format!("  {line}")), "`{line}` is not in:\n{help}");
    }
    assert!(help.contains("`locked(Left)=…`"), "{help}");
    assert_eq!(session.line("answer locked=true").text, "locked = true from now on");
    assert_eq!(session.line("start delay=20s").records.len(), 1);
    assert_eq!(session.line("push side=Left force=none").records.len(), 1);
}

#[test]
fn values_are_shown_in_the_words_of_the_language() {
    let (mut session, _) = Session::new(door(), "door").expect("declared");
    let situation = session.situation();
    assert!(situation.contains("  start  starts it, with delay: duration = 20s\n"), "{situation}");
    assert_eq!(session.line("start").text, "#0 0.000s door[1] ← start\n    started in SHUT\n    pushes = 0");
    session.line("answer locked=false");
    let pushed = session.line("push Left").text;
    assert!(pushed.contains("push(side = \"Left\", force = none)") && pushed.contains("pushes: 0 → 1"), "{pushed}");
}

#[test]
fn what_can_never_answer_is_no_choice() {
    let text = DOOR
        .replace("  OPEN:\n", "  OPEN:\n    on: { push: { do: ring(side) } }\n")
        .replace("    on:\n      slam: stay\n    ignore: { push: it is open }\n", "    ignore: { slam: it is }\n    initial: WIDE\n    states:\n      WIDE:\n        on:\n          push:\n            - { if: locked(side), do: ring(side) }\n            - { if: not locked(side), to: AJAR }\n            - { if: pushes > 1, to: SHUT }\n      AJAR:\n        ignore: { push: enough }\n");
    let file = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let sources =
        Sources::new(vec![file("a/types.yaml", TYPES), file("a/parts.yaml", PARTS), file("a/door.yaml", &text)]);
    let analysis = crate::analyse(&sources);
    let system = analysis.system.unwrap_or_else(|| panic!("{}", crate::render::plain(&sources, &analysis.findings)));
    let automaton = &system.automata[0];
    let pushed = |state: &str| -> Vec<String> {
        let choices = choices(&system, automaton, automaton.state(state).expect("declared"));
        choices[0].reactions.iter().map(|reaction| format!("{}: {}", reaction.state, reaction.text)).collect()
    };
    assert_eq!(pushed("WIDE"), ["WIDE: if locked(side): ring(side), stays", "WIDE: if not locked(side): → AJAR"]);
    assert_eq!(pushed("AJAR"), ["AJAR: ignored (enough)"], "not what OPEN would say");
}

#[test]
fn commands_are_understood_at_an_open_question() {
    let (mut session, _) = Session::new(door(), "door").expect("declared");
    session.line("start");
    assert_eq!(session.at_end_of_input(), None);
    let push = |session: &mut Session| assert!(session.line("push Left").text.starts_with("Asked: door.locked(Left)"));
    push(&mut session);
    let help = session.line("help").text;
    assert!(help.contains("answer known=true") && help.ends_with("door.locked(Left) expects true or false."), "{help}");
    assert_eq!(session.line("states").text, "door[1]: SHUT");
    assert!(session.line("trace").text.contains("door[1]"));
    assert_eq!(session.line("answer").text, "No answers yet.");
    assert_eq!(session.line("answer locked(Right)=true").text, "locked(Right) = true from now on");
    assert_eq!(session.prompt(), "door.locked(Left)? ", "none of these answers it");
    assert_eq!(
        session.at_end_of_input().expect("it is open"),
        "door.locked(Left) was not answered: the step that asked for it was not done."
    );
    for gives_up in ["undo", "cancel"] {
        assert_eq!(session.line(gives_up).text, "Nothing was done.");
        assert_eq!((session.prompt().as_str(), session.trace().len()), ("> ", 1), "{gives_up}");
        push(&mut session);
    }
    let reply = session.line("answer locked=false");
    assert_eq!((reply.records.len(), session.prompt().as_str()), (1, "> "), "the input goes on");
    assert!(reply.text.starts_with("locked = false from now on\n"), "{}", reply.text);
    session.line("wait 20s");
    session.line("answer locked(Left)=true");
    assert_eq!(session.line("push Left").records.len(), 1);
}

#[test]
fn time_that_stands_still_is_noticed_soon_and_the_timer_is_named() {
    let text = "automaton: m\nsummary: Spins.\nevents:\n  go: { from: program }\ninitial: A\nstates:\n  A: { on: { go: B } }\n  B: { after: { 0s: C } }\n  C: { after: { 0s: B } }\n";
    let mut deliveries = 0;
    let script = "{\"event\":\"go\",\"instance\":\"m\",\"at_ms\":5}\n{\"at_ms\":6}\n";
    let error = run_script(system_of("{}", PROGRAM, text), script, |_| deliveries += 1).expect_err("it never ends");
    assert_eq!(error.line, 2);
    assert!(error.message.starts_with("time does not get past 5 ms: `after 0s in "), "{}", error.message);
    assert!(deliveries < 25_000, "{deliveries}");
    // At the end of time the length is not the reason.
    let text = "automaton: m\nsummary: Waits.\ninitial: A\nstates:\n  A: { after: { 5s: A } }\n";
    let script = format!("{{\"at_ms\":{},\"jump\":true}}\n{{\"at_ms\":{}}}\n", u64::MAX - 5, u64::MAX);
    let error = run_script(system_of("{}", PROGRAM, text), &script, |_| ()).expect_err("time ends");
    let message = "time ends at 18446744073709551615 ms: `after 5s in A` of m would be due after that";
    assert_eq!((error.line, error.message.as_str()), (2, message));
    // A beat of a millisecond through some minutes is no such thing.
    let text = "automaton: m\nsummary: Beats.\ninitial: A\nstates:\n  A: { every: { 1ms: { ignore: a beat } } }\n";
    let mut beats = 0;
    run_script(system_of("{}", PROGRAM, text), "{\"at_ms\":200000}\n", |_| beats += 1).expect("it ends");
    assert_eq!(beats, 200_001);
}

#[test]
fn so_much_at_once_that_nobody_waits_for_it_is_refused_and_says_how_far_time_got() {
    let beats = "automaton: m\nsummary: Beats.\ninitial: A\nstates:\n  A: { every: { 1ms: { ignore: a beat } } }\n";
    let system = system_of("{}", PROGRAM, beats);
    let mut simulation = Simulation::new(Arc::clone(&system));
    simulation.perform(&Input::Start).expect("it starts");
    let before = simulation.interpreter().deliveries();
    // Exactly as many are no reason to refuse.
    assert_eq!(simulation.perform(&Input::Until(MOST_AT_ONCE)).expect("it is done").len() as u64, MOST_AT_ONCE);
    let refusal = simulation.perform(&Input::Until(u64::MAX)).expect_err("it would take ages");
    let text = format!(
        "time gets to 200000 ms of {} ms with 100000 deliveries, the most in one step; let less time pass",
        u64::MAX
    );
    assert_eq!(refusal.to_string(), text);
    assert_eq!(simulation.interpreter().deliveries() - before, MOST_AT_ONCE, "nothing was done");
    let mut handed_out = 0;
    let outcome = simulation.perform_within(&Input::Until(u64::MAX), 500, &mut |_, more| handed_out += more.len());
    assert!(matches!(outcome, Err(Refusal::Long { most: 500, at_ms: 100_500, .. })), "{outcome:?}");
    assert_eq!(handed_out, 500);
    let (mut session, _) = Session::new(system, "m").expect("it is declared");
    let text = session.line("wait 300000000d").text;
    assert!(text.starts_with("Nothing was done: time gets to 100000 ms of "), "{text}");
}

#[test]
fn a_script_takes_time_in_proportion_to_its_instances() {
    let text = "automaton: w\nsummary: Many of them.\ninstances: per k\n\
        properties: { apart: { never: \"self in B and w[key] in A\" }, some: { never: \"any w in B and self in A\" } }\n\
        events: { e: { from: program, starts: true } }\ninitial: A\nstates:\n\
        \x20 A: { on: { e: { if: any w in A or no w in B, to: B } }, after: { 5s: B } }\n  B: { on: { e: A } }\n";
    let system = system_of("keys: { k: u32 }\n", PROGRAM, text);
    let run = |instances: u32| {
        let lines = (0..instances).map(|key| format!("{{\"instance\":\"w[{key}]\",\"event\":\"e\"}}\n"));
        let script: String = lines.chain(["{\"at_ms\":6000}\n".to_owned()]).collect();
        let begin = std::time::Instant::now();
        run_script(Arc::clone(&system), &script, |_| ()).expect("the script runs");
        begin.elapsed()
    };
    run(500);
    let (few, many) = (run(500), run(8_000));
    // Sixteen times as many; what is quadratic takes 256 times as long.
    assert!(many < few * 80, "{few:?} for 500, {many:?} for 8000");
}

#[test]
fn deferring_takes_time_in_proportion_to_what_is_deferred() {
    let text = "automaton: m\nsummary: Keeps much.\nevents: { a: { from: program }, b: { from: program }, go: { from: program } }\ninitial: A\nstates:\n\
        \x20 A: { defer: { a: 60000, b: 60000 }, on: { go: B } }\n  B: { defer: { a: 60000 }, on: { b: stay, go: A } }\n";
    let system = system_of("{}", PROGRAM, text);
    let run = |events: usize| {
        let line = |event: &str| format!("{{\"instance\":\"m\",\"event\":\"{event}\"}}\n");
        let kept = ["a", "b"].map(line).concat().repeat(events);
        let script = format!("{kept}{}{kept}{}", line("go"), line("go"));
        let mut recalled = 0;
        let begin = std::time::Instant::now();
        run_script(Arc::clone(&system), &script, |record| {
            recalled += usize::from(record.event == "b" && record.after.as_deref() == Some("B"));
        })
        .expect("the script runs");
        assert_eq!(recalled, 2 * events);
        begin.elapsed()
    };
    run(200);
    let (few, many) = (run(200), run(3_200));
    // Sixteen times as many; what is quadratic takes 256 times as long.
    assert!(many < few * 80, "{few:?} for 200, {many:?} for 3200");
}
