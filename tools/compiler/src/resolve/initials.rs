//! Missing `initial`s.

use std::collections::BTreeMap;

use super::resolver::Resolver;
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::model::{AutomatonId, History, Reaction, StateId, Target};
use crate::source::Span;
use crate::syntax::{self, Given};

impl Resolver<'_> {
    /// Reports states with others inside that something enters and that have no `initial`.
    pub(super) fn check_initials(&mut self, id: AutomatonId, states: &[&syntax::State]) {
        let automaton = self.automaton(id);
        let mut needed: BTreeMap<StateId, (Span, &str)> = BTreeMap::new();
        needed.insert(StateId::ROOT, (automaton.span, ""));
        for (state, syntax) in automaton.state_ids().zip(states) {
            if let (Some(initial), Given::Yes(text)) = (automaton.states[state].initial, &syntax.initial) {
                needed.entry(initial).or_insert((text.span, "it is entered as the initial state here"));
            }
            if let Some((history, span)) = syntax.history {
                needed.entry(state).or_insert((span, "the first time there is no history"));
                for &child in automaton.states[state].children.iter().filter(|_| history == History::Shallow) {
                    needed.entry(child).or_insert((span, "a shallow history enters it through its `initial`"));
                }
            }
        }
        for transition in &automaton.transitions {
            if let Reaction::To(Target::State(state)) = transition.reaction {
                needed.entry(state).or_insert((transition.span, "it is the target here"));
            }
        }
        let broken = &self.broken_initials[id.index()];
        let missing = needed.into_iter().filter(|(state, _)| {
            let model = &automaton.states[*state];
            model.initial.is_none() && !model.children.is_empty() && !broken.contains(state)
        });
        let mut findings = Vec::new();
        for (state, (place, why)) in missing {
            let model = &automaton.states[state];
            let name = self.state_name(id, state);
            let message = format!("{name} has states inside and needs an `initial`");
            let mut finding = Diagnostic::new(&errors::MISSING_INITIAL, model.span, message);
            if state != StateId::ROOT {
                finding = finding.related(place, why);
            }
            let first = &automaton.states[model.children[0]].name;
            findings.push(finding.help(format!("such as `initial: {first}`")));
        }
        self.findings.append(&mut findings);
    }
}
