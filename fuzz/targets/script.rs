//! No script and no line that a person types may make a simulation fall over. An input is tried as both, on the node's automata and
//! on definitions that have every element of the language.

#![no_main]

use std::sync::{Arc, OnceLock};

use automata_compiler::model::System;
use automata_compiler::simulation::{Session, describe, run_script};
use automata_compiler::source::{Source, Sources};
use libfuzzer_sys::fuzz_target;

/// Lines that are looked at: each may let much time pass, with many deliveries.
const LINES: usize = 10;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lines: Vec<&str> = text.lines().take(LINES).collect();
    for system in systems() {
        script(system, &lines.join("\n"));
        session(system, &lines);
    }
});

fn script(system: &Arc<System>, script: &str) {
    let outcome = run_script(Arc::clone(system), script, |record| assert!(!describe(&record).is_empty()));
    if let Err(error) = outcome {
        assert!((1..=LINES).contains(&error.line) && !error.message.is_empty(), "{error}");
    }
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
    for line in lines {
        assert!(!session.situation().is_empty() && !session.prompt().is_empty());
        if session.line(line).quit {
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

fn systems() -> &'static [Arc<System>] {
    static SYSTEMS: OnceLock<Vec<Arc<System>>> = OnceLock::new();
    SYSTEMS.get_or_init(|| {
        let node = sources!("automata": "contact_status.yaml", "local_service.yaml", "network_connector.yaml",
            "network_transport.yaml", "nickname_holder.yaml", "nickname_observer.yaml", "p2p_connector.yaml",
            "tcp_connection.yaml", "types.yaml", "parts.yaml");
        let mut all = sources!("tests/cases/accept/every_element": "keeper.yaml", "session_guard.yaml", "types.yaml");
        all.extend(sources!("tests/cases/shared": "parts.yaml"));
        let system = |files| automata_compiler::analyse(&Sources::new(files)).system.expect("these are accepted");
        vec![Arc::new(system(node)), Arc::new(system(all))]
    })
}
