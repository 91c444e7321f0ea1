//! No script and no line that a person types may make a simulation fall over. An input is tried as both, on the node's
//! automata and on definitions that have every element of the language.

#![no_main]

use std::path::Path;
use std::sync::{Arc, OnceLock};

use automata_compiler::model::System;
use automata_compiler::simulation::{Session, describe, run_script};
use automata_compiler::source::{Source, Sources};
use libfuzzer_sys::fuzz_target;

/// Lines that are looked at.
const LINES: usize = 10;

/// How long a line of a script may wait, in milliseconds: more of it is only more of the same timers. Time may jump as
/// far as it likes.
const WAIT_MS: u64 = 600_000;

/// Deliveries after which a session is over: a line alone may lead to five times as many.
const DELIVERIES: usize = 20_000;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lines: Vec<&str> = text.lines().take(LINES).collect();
    for system in systems() {
        script(system, &without_long_waits(&lines).join("\n"));
        session(system, &lines);
    }
});

fn script(system: &Arc<System>, script: &str) {
    let outcome = run_script(Arc::clone(system), script, |record| assert!(!describe(&record).is_empty()));
    if let Err(error) = outcome {
        assert!((1..=LINES).contains(&error.line) && !error.message.is_empty(), "{error}");
    }
}

fn without_long_waits<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut now_ms = 0;
    let is_short = |line: &&&str| {
        let Ok(step) = serde_json::from_str::<serde_json::Value>(line) else { return true };
        let Some(at_ms) = step["at_ms"].as_u64() else { return true };
        let is_short = step["jump"] == true || at_ms.saturating_sub(now_ms) <= WAIT_MS;
        now_ms = if is_short { at_ms } else { now_ms };
        is_short
    };
    lines.iter().filter(is_short).copied().collect()
}

/// The first line may name an automaton or an instance.
fn session(system: &Arc<System>, lines: &[&str]) {
    let first = lines.first().copied().unwrap_or_default();
    let (session, lines) = match Session::new(Arc::clone(system), first) {
        Ok((session, _)) => (session, &lines[1..]),
        Err(_) => {
            let name = &system.automata[0].name;
            (Session::new(Arc::clone(system), name).expect("it is declared").0, lines)
        }
    };
    let mut session = session;
    let mut deliveries = 0;
    for line in lines {
        assert!(!session.situation().is_empty() && !session.prompt().is_empty());
        let reply = session.line(line);
        deliveries += reply.records.len();
        if reply.quit || deliveries > DELIVERIES {
            return;
        }
    }
    let _ = session.at_end_of_input();
}

macro_rules! sources {
    ($folder:literal: $($name:literal),* $(,)?) => {
        vec![$(Source {
            path: concat!("fuzz/", $name).to_owned(),
            text: include_str!(concat!("../../", $folder, "/", $name)).to_owned(),
        }),*]
    };
}

/// The node's automata as they are now, and a case with everything that the language has.
fn systems() -> &'static [Arc<System>] {
    static SYSTEMS: OnceLock<Vec<Arc<System>>> = OnceLock::new();
    SYSTEMS.get_or_init(|| {
        let node = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("automata");
        let node = automata_compiler::read_folder(&node).expect("the node's definitions are beside the fuzz targets");
        let mut all = sources!("tests/cases/accept/every_element": "keeper.yaml", "session_guard.yaml", "types.yaml");
        all.extend(sources!("tests/cases/shared": "parts.yaml"));
        [node, Sources::new(all)].iter().map(|sources| Arc::new(accepted(sources))).collect()
    })
}

fn accepted(sources: &Sources) -> System {
    let analysis = automata_compiler::analyse(sources);
    let findings = automata_compiler::render::plain(sources, &analysis.findings);
    analysis.system.unwrap_or_else(|| panic!("these definitions are accepted:\n{findings}"))
}
