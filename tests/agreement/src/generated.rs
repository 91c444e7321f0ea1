//! The generated Rust of all definitions, and how it is driven by names.

use std::collections::BTreeSet;
use std::sync::Arc;

use automata_compiler::model::System;
use automata_runtime::dynamic::Dynamic;
use automata_runtime::trace::Header;
use automata_runtime::{Fault, Handled, Outcome, Record};
use serde_json::{Map, Value as Json};

use crate::implementation::{Implementation, Instance, Oracle};

include!(concat!(env!("OUT_DIR"), "/generated.rs"));

/// Generated Rust as an [`Implementation`].
pub struct Generated {
    running: Box<dyn Dynamic>,
    oracle: Oracle,
    now_ms: u64,
    records: Vec<Record>,
}

impl Generated {
    /// The system of those definitions before its start; the model is for the answers only.
    ///
    /// # Panics
    /// If there are no such definitions.
    #[must_use]
    pub fn new(definitions: &str, system: &Arc<System>) -> Self {
        Self::running(run(definitions).expect("build.rs compiles all definitions"), system)
    }

    /// A generated system that was made elsewhere.
    #[must_use]
    pub fn running(running: Box<dyn Dynamic>, system: &Arc<System>) -> Self {
        Self { running, oracle: Oracle::new(system, 0), now_ms: 0, records: Vec::new() }
    }
}

/// Answers by the oracle.
fn answers(oracle: &Oracle) -> impl FnMut(&str, &str, &Map<String, Json>) -> Json + '_ {
    |instance, condition, arguments| {
        let automaton = instance.split('[').next().unwrap_or(instance);
        oracle.answer(automaton, condition, arguments)
    }
}

impl Generated {
    /// The two lines with which a trace begins at this moment.
    #[must_use]
    pub fn opening(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let header = Header { program: "agreement".to_owned(), ..Header::default() };
        self.running.opening(&header, &mut out);
        out
    }

    /// Keeps the records of a call, which say the same as what it returned. `message` is the event that was handed
    /// over, if one was.
    fn note(&mut self, handled: Handled, message: Option<&str>) {
        let records = self.running.take_records();
        let is_it = |record: &&Record| message == Some(&record.event) && record.cause.is_none();
        assert_eq!(handled.outcome(), records.iter().find(is_it).map(|record| record.outcome), "{records:#?}");
        assert_eq!(handled.deliveries() as usize, records.len(), "{records:#?}");
        for outcome in Outcome::ALL {
            let all = records.iter().flat_map(|record| {
                std::iter::once(record.outcome).chain(record.raised.iter().map(|raised| raised.outcome))
            });
            assert_eq!(handled.count(outcome) as usize, all.filter(|of| *of == outcome).count(), "{records:#?}");
        }
        let faults: BTreeSet<Fault> = records.iter().flat_map(|record| record.faults.iter().copied()).collect();
        assert_eq!(handled.faults().collect::<BTreeSet<_>>(), faults, "{records:#?}");
        assert_eq!(handled.violations() as usize, records.iter().flat_map(|record| &record.violated).count());
        self.records.extend(records);
    }

    /// What follows is left out of the lines.
    pub fn leave_out(&mut self, source: &str) {
        self.running.leave_out(source);
    }

    /// Everything is in the lines again, after one that says what was left out, if something was.
    pub fn record_again(&mut self) {
        self.running.record_again();
    }

    /// The lines since the last call.
    pub fn lines(&mut self) -> Vec<u8> {
        self.running.take_lines()
    }
}

impl Implementation for Generated {
    fn start(&mut self) {
        let handled = self.running.start(self.now_ms, &mut answers(&self.oracle));
        self.note(handled, None);
    }

    fn advance(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        let handled = self.running.advance(now_ms, &mut answers(&self.oracle));
        self.note(handled, None);
    }

    fn deliver(&mut self, instance: &str, event: &str, fields: &Map<String, Json>) {
        let outcome = self.running.handle(self.now_ms, instance, event, fields, &mut answers(&self.oracle));
        let handled = outcome.unwrap_or_else(|error| panic!("{event} for {instance}: {error}"));
        self.note(handled, Some(event));
    }

    fn start_instance(&mut self, instance: &str, parameters: &Map<String, Json>) {
        self.deliver(instance, "start", parameters);
    }

    fn place(&mut self, instance: &str, state: &str, variables: &Map<String, Json>, parameters: &Map<String, Json>) {
        let outcome = self.running.place(instance, state, variables, parameters);
        outcome.unwrap_or_else(|error| panic!("{instance} in {state}: {error}"));
    }

    fn answer_by(&mut self, seed: u64) {
        self.oracle.seed = seed;
    }

    fn records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    fn instances(&self) -> Vec<Instance> {
        let instance = |name: String| {
            let state = self.running.state(&name).expect("it exists").to_owned();
            let variables = self.running.variables(&name).expect("it exists");
            Instance { name, state, variables }
        };
        self.running.instances().into_iter().map(instance).collect()
    }

    fn next_deadline_ms(&self) -> Option<u64> {
        self.running.deadline()
    }
}
