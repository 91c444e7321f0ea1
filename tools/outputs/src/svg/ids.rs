//! Ids in pictures: unique over all pictures that a page may show, and the same whatever is added elsewhere in the
//! file.

use std::collections::BTreeMap;

use automata_compiler::model::{Automaton, StateId, TimerKind, Trigger};

/// `tcp_connection-state-OPEN`; what the root does is in the box `tcp_connection-any-state`.
#[must_use]
pub fn state(automaton: &Automaton, id: StateId) -> String {
    match automaton.states[id].name.as_str() {
        "" => format!("{}-any-state", automaton.name),
        name => format!("{}-state-{name}", automaton.name),
    }
}

/// Of all transitions: `tcp_connection-transition-OPEN-disconnect-1` is the first that the state `OPEN` has for
/// `disconnect`. What the root does is of the state `any`.
#[must_use]
pub fn transitions(automaton: &Automaton) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let ids = automaton.transitions.iter().map(|transition| {
        let state = match automaton.states[transition.state].name.as_str() {
            "" => "any",
            name => name,
        };
        let trigger = match transition.trigger {
            Trigger::Event(event) => automaton.events[event].name.replace(' ', "-"),
            Trigger::Timer(timer) => {
                let timer = &automaton.timers[timer];
                let kind = if timer.kind == TimerKind::After { "after" } else { "every" };
                format!("{kind}-{}", timer.name)
            }
            Trigger::Always => "always".to_owned(),
        };
        let id = format!("{}-transition-{state}-{trigger}", automaton.name);
        let count = counts.entry(id.clone()).or_default();
        *count += 1;
        format!("{id}-{count}")
    });
    ids.collect()
}
