//! The tree of states: names, `initial`, `final`, `history`.

use std::collections::BTreeSet;

use super::resolver::Resolver;
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::model::{Effects, History, State, StateId};
use crate::naming::Kind;
use crate::source::Text;
use crate::syntax::{self, Given};

/// A state and all inside it, each before those inside it, in the order of the file: the order of [`StateId`]s.
pub(super) fn depth_first(root: &syntax::State) -> Vec<&syntax::State> {
    let mut states = vec![root];
    for state in &root.states {
        states.extend(depth_first(state));
    }
    states
}

impl Resolver<'_> {
    /// All states without behaviour, and those whose `initial` failed.
    pub(super) fn declare_states(&mut self, automaton: &syntax::Automaton) -> (Vec<State>, BTreeSet<StateId>) {
        let mut states = Vec::new();
        add(&automaton.root, None, &mut states);
        let mut broken = BTreeSet::new();
        for (id, syntax) in (0..).map(StateId).zip(depth_first(&automaton.root)) {
            match &syntax.initial {
                Given::No => {}
                Given::Broken => {
                    broken.insert(id);
                }
                Given::Yes(text) => match find_inside(&states, id, &text.text) {
                    Some(initial) => states[id].initial = Some(initial),
                    None => {
                        if !self.broken.contains(&text.text) {
                            self.unknown_initial(&states, id, text, &automaton.name.text);
                        }
                        broken.insert(id);
                    }
                },
            }
            self.check_final(&states, id, syntax);
            if let (Some((_, span)), true) = (syntax.history, syntax.states.is_empty()) {
                let message = format!("`{}` has no states inside to remember", syntax.name.text);
                self.report(Diagnostic::new(&errors::HISTORY, span, message));
            }
        }
        (states, broken)
    }

    fn unknown_initial(&mut self, states: &[State], at: StateId, text: &Text, automaton: &str) {
        let place = if at == StateId::ROOT { automaton } else { states[at].name.as_str() };
        let inside = (0..states.len() as u32).map(StateId).filter(|&id| id != at && is_inside(states, id, at));
        let inside: Vec<&str> = inside.map(|id| states[id].name.as_str()).collect();
        let elsewhere = states[1..].iter().find(|state| state.name == text.text);
        let message = match elsewhere {
            Some(_) => format!("`{}` is not inside `{place}`", text.text),
            None => format!("there is no state `{}` inside `{place}`", text.text),
        };
        let mut finding = Diagnostic::new(&errors::UNKNOWN_INITIAL, text.span, message);
        finding = match elsewhere {
            Some(elsewhere) => finding.related(elsewhere.span, "it is here"),
            None => finding.cause(format!("state {automaton} {}", text.text)),
        };
        let finding = match inside.as_slice() {
            [] => finding.help(format!("`{place}` has no states inside: remove `initial`")),
            [only] if Kind::State.allows(only) => finding.help(format!("did you mean `{only}`?")),
            _ => finding.did_you_mean(&text.text, inside.into_iter().filter(|name| Kind::State.allows(name))),
        };
        self.report(finding);
    }

    fn check_final(&mut self, states: &[State], id: StateId, syntax: &syntax::State) {
        let Some(span) = syntax.is_final else { return };
        if states[id].parent != Some(StateId::ROOT) {
            let message = format!("the final state `{}` is inside another state", syntax.name.text);
            self.report(
                Diagnostic::new(&errors::FINAL_INSIDE, span, message).help("move it to the top level of `states`"),
            );
        }
        let entry_or_exit =
            [("entry", &syntax.entry), ("exit", &syntax.exit)].into_iter().find(|(_, part)| !part.is_empty());
        let case = syntax.on.iter().map(|reaction| ("on", reaction.trigger.span));
        let timers = syntax.timers.iter().map(|timer| ("after` or `every", timer.name.span));
        let always = syntax.always.iter().map(|case| ("always", case.span));
        let defer = syntax.defer.iter().map(|deferred| ("defer", deferred.trigger.span));
        let ignore = syntax.ignore.iter().map(|ignored| ("ignore", ignored.trigger.span));
        let inside = syntax.states.iter().map(|state| ("states", state.name.span));
        let parts = entry_or_exit.map(|(key, _)| (key, syntax.name.span));
        let history = syntax.history.map(|(_, span)| ("history", span));
        let extra = case
            .chain(timers)
            .chain(always)
            .chain(defer)
            .chain(ignore)
            .chain(inside)
            .chain(parts)
            .chain(history)
            .next();
        if let Some((key, place)) = extra {
            let message = format!("the state `{}` is final, so it can have no `{key}`", syntax.name.text);
            self.report(Diagnostic::new(&errors::FINAL_GOES_ON, place, message).related(span, "it is final"));
        }
    }
}

fn add(syntax: &syntax::State, parent: Option<StateId>, states: &mut Vec<State>) -> StateId {
    let id = StateId(states.len() as u32);
    states.push(State {
        name: if parent.is_some() { syntax.name.text.clone() } else { String::new() },
        summary: syntax.summary.clone(),
        parent,
        children: Vec::new(),
        initial: None,
        entry: Effects::default(),
        exit: Effects::default(),
        handlers: Vec::new(),
        ignores_others: syntax.ignores_others.clone(),
        timers: Vec::new(),
        always: Vec::new(),
        history: syntax.history.map_or(History::None, |(history, _)| history),
        is_final: syntax.is_final.is_some(),
        span: syntax.name.span,
    });
    let children = syntax.states.iter().map(|child| add(child, Some(id), states)).collect();
    states[id].children = children;
    id
}

fn is_inside(states: &[State], state: StateId, region: StateId) -> bool {
    std::iter::successors(Some(state), |&at| states[at].parent).any(|at| at == region)
}

fn find_inside(states: &[State], region: StateId, name: &str) -> Option<StateId> {
    let mut ids = (0..states.len() as u32).map(StateId).skip(1);
    ids.find(|&id| states[id].name == name && id != region && is_inside(states, id, region))
}
