//! Definitions made by numbers, for pictures: flat graphs, hubs, dense ones, composites, deep nesting, long labels and
//! odd names.

#![allow(dead_code, reason = "each test file uses its part")]

use std::fmt::Write as _;

/// A small generator of numbers: the same in every run.
pub struct Numbers(pub u64);

impl Numbers {
    /// One of 0 to `bound`, without `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % bound as u64) as usize
    }
}

/// States, in the order in which they are written, and what leads from one to another.
#[derive(Default)]
pub struct Machine {
    /// Name, and the state around it.
    pub states: Vec<(String, Option<usize>)>,
    /// From, event, to.
    pub transitions: Vec<(usize, String, usize)>,
}

impl Machine {
    fn with(names: impl Iterator<Item = String>) -> Self {
        Machine { states: names.map(|name| (name, None)).collect(), ..Machine::default() }
    }

    fn leads(&mut self, from: usize, event: impl Into<String>, to: usize) {
        let event = event.into();
        if !self.transitions.iter().any(|(other, name, _)| (*other, name) == (from, &event)) {
            self.transitions.push((from, event, to));
        }
    }

    /// As YAML.
    pub fn yaml(&self, name: &str) -> String {
        let mut text = format!("automaton: {name}\nsummary: Made by numbers.\nevents:\n");
        let events: std::collections::BTreeSet<&String> = self.transitions.iter().map(|(_, event, _)| event).collect();
        for event in events {
            let _ = writeln!(text, "  {event}: {{ from: host }}");
        }
        self.inside(&mut text, None, 0);
        text
    }

    fn inside(&self, text: &mut String, parent: Option<usize>, depth: usize) {
        let indent = "  ".repeat(depth);
        let inside: Vec<usize> = (0..self.states.len()).filter(|&state| self.states[state].1 == parent).collect();
        let Some(first) = inside.first() else { return };
        let _ = writeln!(text, "{indent}initial: {}\n{indent}states:", self.states[*first].0);
        for &state in &inside {
            let _ = writeln!(text, "{indent}  {}:", self.states[state].0);
            let own: Vec<_> = self.transitions.iter().filter(|(from, _, _)| *from == state).collect();
            let _ = writeln!(text, "{indent}    summary: State {state}.");
            if !own.is_empty() {
                let _ = writeln!(text, "{indent}    on:");
                for (_, event, to) in own {
                    let _ = writeln!(text, "{indent}      {event}: {}", self.states[*to].0);
                }
            }
            self.inside(text, Some(state), depth + 2);
        }
    }
}

/// `states` states with `each` transitions to any other; each can be reached.
pub fn flat(states: usize, each: usize, seed: u64) -> Machine {
    let mut numbers = Numbers(seed);
    let mut machine = Machine::with((0..states).map(|at| format!("STATE_{at}")));
    for state in 0..states {
        for number in 0..each {
            let to = if number == 0 { (state + 1) % states } else { numbers.below(states) };
            machine.leads(state, format!("event_{number}"), to);
        }
    }
    machine
}

/// Any of `states` states from one in the middle, and back.
pub fn hub(states: usize) -> Machine {
    let mut machine = Machine::with((0..states).map(|at| format!("STATE_{at}")));
    for state in 1..states {
        machine.leads(0, format!("to_{state}"), state);
        machine.leads(state, "back", 0);
    }
    machine
}

/// `groups` composites of `size` states each, which lead on inside and to the next composite.
pub fn composites(groups: usize, size: usize, seed: u64) -> Machine {
    let mut numbers = Numbers(seed);
    let mut machine = Machine::default();
    for group in 0..groups {
        machine.states.push((format!("GROUP_{group}"), None));
        let around = machine.states.len() - 1;
        for state in 0..size {
            machine.states.push((format!("LEAF_{group}_{state}"), Some(around)));
        }
    }
    let at = |group: usize| (group % groups) * (size + 1);
    for group in 0..groups {
        for state in 0..size {
            machine.leads(at(group) + 1 + state, "go_on", at(group) + 1 + (state + 1) % size);
            if numbers.below(3) == 0 {
                machine.leads(
                    at(group) + 1 + state,
                    "leave",
                    at(group + 1 + numbers.below(2)) + 1 + numbers.below(size),
                );
            }
        }
        machine.leads(at(group), "next_group", at(group + 1));
    }
    machine
}

/// Composites in composites, each with a state beside the inner one; lines lead in and out at random.
pub fn deep(depth: usize, seed: u64) -> Machine {
    let mut numbers = Numbers(seed);
    let mut machine = Machine::default();
    let mut around = None;
    for level in 0..depth {
        machine.states.push((format!("BESIDE_{level}"), around));
        machine.states.push((format!("DEEP_{level}"), around));
        around = Some(machine.states.len() - 1);
    }
    machine.states.push(("INNERMOST".to_owned(), around));
    let count = machine.states.len();
    for level in 0..depth {
        machine.leads(2 * level, "inwards", 2 * level + 1);
        machine.leads(2 * level + 1, "outwards", 2 * level);
        machine.leads(2 * level, "anywhere", numbers.below(count));
        machine.leads(2 * level + 1, "jump", numbers.below(count));
    }
    machine.leads(count - 1, "home", 0);
    machine
}

/// Nested at random, with lines between any two, to oneself, into and out of composites; labels of any length.
pub fn any(seed: u64) -> Machine {
    let mut numbers = Numbers(seed);
    let count = 2 + numbers.below(14);
    let mut machine = Machine::default();
    let mut depth = Vec::new();
    for index in 0..count {
        let parent = Some(numbers.below(index + 1))
            .filter(|&parent| parent < index && depth[parent] < 3 && numbers.below(2) == 0);
        depth.push(parent.map_or(0, |parent: usize| depth[parent] + 1));
        let long = "_AND_SO_ON".repeat([0, 0, 0, 1, 4][numbers.below(5)]);
        machine.states.push((format!("STATE_{index}{long}"), parent));
    }
    for state in 1..count {
        machine.leads(numbers.below(state), format!("reach_{state}"), state);
    }
    for number in 0..numbers.below(2 * count) {
        let (from, to) = (numbers.below(count), numbers.below(count));
        let long = "_when_it_is_time".repeat([0, 0, 1, 3][numbers.below(4)]);
        machine.leads(from, format!("event_{number}{long}"), to);
    }
    machine
}
