//! Which properties look at the states of an automaton, and so can change with them.

use crate::model::{Automaton, AutomatonId, ExpressionKind, Observed, StateId};

/// A property of an instance: automaton, number of the instance, index of the property.
pub(super) type OfInstance = (AutomatonId, u64, usize);

/// A property that looks at the states of an automaton.
#[derive(Debug)]
pub(super) struct Watcher {
    pub of: AutomatonId,
    pub property: usize,
    pub looks: Vec<StateLook>,
}

/// One way in which it looks at them.
#[derive(Debug, PartialEq)]
pub(super) struct StateLook {
    pub at: Instances,
    pub state: StateId,
}

/// Whose states are looked at, and so whose properties can change when one instance changes its state.
#[derive(Debug, PartialEq)]
pub(super) enum Instances {
    /// There is one, or the key is worked out: the properties of all.
    Some,
    /// The one with the key of the instance that has the property: the property of that one.
    OfOwnKey,
    /// Whether any is in the state: the properties of all, if the first came or the last went.
    Any,
    /// Whether all are: likewise with those outside of it.
    All,
}

/// By automaton: the properties that look at its states.
pub(super) fn watching(automata: &[Automaton]) -> Vec<Vec<Watcher>> {
    let mut watching: Vec<Vec<Watcher>> = automata.iter().map(|_| Vec::new()).collect();
    for (id, automaton) in (0..).map(AutomatonId).zip(automata) {
        for (property, of) in automaton.properties.iter().enumerate().filter(|(_, of)| of.is_looked_at()) {
            of.expression.visit(&mut |part| {
                let ExpressionKind::InState { who, automaton: observed, state } = &part.kind else { return };
                let at = match who {
                    Observed::Itself => return,
                    Observed::One => Instances::Some,
                    Observed::Keyed(key) if key.kind == ExpressionKind::Key => Instances::OfOwnKey,
                    Observed::Keyed(_) => Instances::Some,
                    Observed::Any | Observed::No => Instances::Any,
                    Observed::All => Instances::All,
                };
                let watchers = &mut watching[observed.index()];
                let is_it = |watcher: &Watcher| (watcher.of, watcher.property) == (id, property);
                let look = StateLook { at, state: *state };
                match watchers.iter_mut().find(|watcher| is_it(watcher)) {
                    Some(watcher) if watcher.looks.contains(&look) => {}
                    Some(watcher) => watcher.looks.push(look),
                    None => watchers.push(Watcher { of: id, property, looks: vec![look] }),
                }
            });
        }
    }
    watching
}
