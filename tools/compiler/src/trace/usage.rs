//! How often each state was entered, and each case performed, in a trace.

use crate::interpreter::{Delivery, Interpreter};
use crate::model::System;

/// Counts by automaton, then by state and by transition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Entries; what was active before the first delivery counts as entered once.
    pub states: Vec<Vec<u64>>,
    /// How often the case answered.
    pub transitions: Vec<Vec<u64>>,
    /// Deliveries to that automaton.
    pub deliveries: Vec<u64>,
    /// Deliveries that the trace leaves out: what was used in them is not known.
    pub left_out: u64,
}

impl Usage {
    /// Before the first delivery.
    #[must_use]
    pub fn new(interpreter: &Interpreter) -> Self {
        let system = interpreter.system();
        let mut usage = Self {
            states: system.automata.iter().map(|automaton| vec![0; automaton.states.len()]).collect(),
            transitions: system.automata.iter().map(|automaton| vec![0; automaton.transitions.len()]).collect(),
            deliveries: vec![0; system.automata.len()],
            left_out: 0,
        };
        for view in interpreter.instances() {
            let id = view.address().automaton;
            for state in system.automata[id].outwards(view.state()) {
                usage.states[id.index()][state.index()] += 1;
            }
        }
        usage
    }

    /// One more delivery.
    pub fn count(&mut self, _: &System, delivery: &Delivery) {
        let id = delivery.address.automaton.index();
        self.deliveries[id] += 1;
        for state in &delivery.entered {
            self.states[id][state.index()] += 1;
        }
        for case in &delivery.cases {
            self.transitions[id][case.index()] += 1;
        }
    }
}
