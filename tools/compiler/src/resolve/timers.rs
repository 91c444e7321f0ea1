//! Timers: declared with the states, so that every `restart` finds them.

use super::Resolver;
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::model::{Automaton, AutomatonId, ParameterId, StateId, Timer, TimerId, TimerLength, Type, VariableId};
use crate::source::Text;
use crate::syntax;

/// Adds all timers of the states to the automaton, without cases, in the order of the file.
pub(super) fn declare(resolver: &mut Resolver<'_>, automaton: &mut Automaton, states: &[&syntax::State]) {
    let mut timers: Vec<(StateId, &syntax::Timer)> = (0..)
        .map(StateId)
        .zip(states)
        .flat_map(|(id, state)| state.timers.iter().map(move |timer| (id, timer)))
        .collect();
    timers.sort_by_key(|(_, timer)| timer.name.span);
    for (state, syntax) in timers {
        let earlier = automaton.timers.iter().find(|timer| timer.state == state && timer.name == syntax.name.text);
        if let Some(earlier) = earlier {
            let message = format!("the state has two timers `{}`", syntax.name.text);
            let finding = Diagnostic::new(&errors::DUPLICATE_TIMER, syntax.name.span, message);
            resolver.report(finding.related(earlier.span, "here is the other").help("give each a length of its own"));
            continue;
        }
        let Some(length) = resolver.timer_length(automaton, &syntax.name) else {
            resolver.broken_timers.insert(syntax.name.span);
            continue;
        };
        let name = syntax.name.text.clone();
        automaton.timers.push(Timer {
            state,
            kind: syntax.kind,
            length,
            name,
            cases: Vec::new(),
            span: syntax.name.span,
        });
    }
    for (state, syntax) in (0..).map(StateId).zip(states) {
        let of_state = syntax.timers.iter().filter_map(|timer| find(automaton, &timer.name));
        automaton.states[state].timers = of_state.collect();
    }
}

/// The timer that is declared at this place.
pub(super) fn find(automaton: &Automaton, name: &Text) -> Option<TimerId> {
    let index = automaton.timers.iter().position(|timer| timer.span == name.span)?;
    Some(TimerId(index as u32))
}

impl Resolver<'_> {
    fn timer_length(&mut self, automaton: &Automaton, name: &Text) -> Option<TimerLength> {
        let variables = automaton.variables.iter().map(|variable| (&variable.name, variable.r#type));
        let variable = (0..).map(|id| TimerLength::Variable(VariableId(id))).zip(variables);
        let parameters = automaton.parameters.iter().map(|parameter| (&parameter.name, parameter.r#type));
        let parameter = (0..).map(|id| TimerLength::Parameter(ParameterId(id))).zip(parameters);
        let known: Vec<_> = variable.chain(parameter).collect();
        let found = known.iter().find(|(_, (known, _))| **known == name.text);
        let finding = match found {
            Some((length, (_, Type::DURATION))) => return Some(*length),
            Some((_, (_, r#type))) => {
                let type_name = self.system.type_name(*r#type);
                let message =
                    format!("the length of a timer is of type `duration`; `{}` is of type `{type_name}`", name.text);
                Diagnostic::new(&errors::TIMER_LENGTH, name.span, message)
            }
            None if self.broken.contains(&name.text) => return None,
            None if name.text.starts_with(|c: char| c.is_ascii_digit()) => {
                let message = format!("the length of a timer has a name; `{}` is a value", name.text);
                let help = format!(
                    "declare a parameter and name it here: `parameters: {{ timeout: {{ type: duration, default: {} }} }}`",
                    name.text
                );
                Diagnostic::new(&errors::TIMER_LENGTH, name.span, message).help(help)
            }
            None => {
                let message = format!("there is no parameter and no variable `{}`", name.text);
                let durations = known.iter().filter(|(_, (_, r#type))| *r#type == Type::DURATION);
                Diagnostic::new(&errors::TIMER_LENGTH, name.span, message)
                    .cause(format!("value {} {}", automaton.name, name.text))
                    .did_you_mean(&name.text, durations.map(|(_, (name, _))| name.as_str()))
            }
        };
        self.report(finding);
        None
    }

    /// The timer of that name of the innermost state, outwards.
    pub(super) fn restarted(&mut self, automaton: AutomatonId, state: StateId, text: &Text) -> Option<TimerId> {
        let automaton = &self.system.automata[automaton];
        let timers = || automaton.outwards(state).flat_map(|at| automaton.states[at].timers.iter().copied());
        let found = timers().find(|&timer| automaton.timers[timer].name == text.text);
        let broken = automaton.timers.is_empty() && !self.broken_timers.is_empty();
        if found.is_none() && !broken && !self.broken.contains(&text.text) {
            let message = format!("neither this state nor one around it has a timer `{}`", text.text);
            let mut finding = Diagnostic::new(&errors::UNKNOWN_TIMER, text.span, message)
                .cause(format!("value {} {}", automaton.name, text.text))
                .did_you_mean(&text.text, timers().map(|timer| automaton.timers[timer].name.as_str()));
            if let Some(elsewhere) = automaton.timers.iter().find(|timer| timer.name == text.text) {
                finding = finding.related(elsewhere.span, "the one of that name belongs to another state");
            }
            self.findings.push(finding);
        }
        found
    }
}
