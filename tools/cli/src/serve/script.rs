//! A script of `automata simulate`, run for the page. Nothing is kept: the page sends all that it did so far.

use std::sync::Arc;

use automata_compiler::model::System;
use automata_compiler::simulation::play;
use automata_compiler::trace::Recording;
use serde::Serialize;

use crate::simulate::{PROGRAM, random_key};

/// Deliveries that the page is given, at most.
const DELIVERIES: usize = 20_000;

/// `Simulated` of `source.js`.
#[derive(Serialize)]
pub struct Simulated {
    /// What happened, as a trace.
    pub trace: String,
    /// Why a line could not be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// That line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The condition that has no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
}

/// A condition that was asked.
#[derive(Serialize)]
pub struct Question {
    /// As `conditions` of a script names it: `door.locked`.
    pub question: String,
    pub automaton: String,
    pub condition: String,
}

/// Runs all of it from the start of the system.
pub fn simulate(system: &Arc<System>, script: &str) -> Simulated {
    let mut recording = Recording::begin(system, PROGRAM, random_key());
    let mut count = 0;
    let outcome = play(Arc::clone(system), None, script, &mut |_, deliveries| {
        for delivery in &deliveries {
            count += 1;
            if count <= DELIVERIES {
                recording.delivery(delivery);
            }
        }
    });
    let trace = String::from_utf8_lossy(&recording.end()).into_owned();
    let mut simulated = Simulated { trace, error: None, line: None, question: None };
    match outcome {
        Ok(_) if count > DELIVERIES => {
            simulated.error = Some(format!(
                "there are {count} deliveries, and only the first {DELIVERIES} are shown: let less time pass"
            ));
        }
        Ok(_) => {}
        Err(error) => {
            simulated.error = Some(error.message);
            simulated.line = Some(error.line);
            simulated.question = error.question.map(named);
        }
    }
    simulated
}

/// `door.locked(1)` in its parts.
fn named(question: String) -> Question {
    let subject = question.split('(').next().unwrap_or_default();
    let (automaton, condition) = subject.split_once('.').unwrap_or(("", subject));
    Question { automaton: automaton.to_owned(), condition: condition.to_owned(), question }
}
