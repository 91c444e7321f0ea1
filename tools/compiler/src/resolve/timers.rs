//! Timers: declared with the states, so that every `restart` finds them.

use super::position::Position;
use super::resolver::Resolver;
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::expression::{Known, length};
use crate::model::{Automaton, AutomatonId, Expression, StateId, Timer, TimerId, Type};
use crate::naming::Kind;
use crate::printer::Printer;
use crate::source::Text;
use crate::syntax;

impl Resolver<'_> {
    /// Adds all timers of the states to the automaton, without cases, in the order of the file. All automata are
    /// already declared.
    pub(super) fn declare_timers(&mut self, automaton: AutomatonId, states: &[&syntax::State]) {
        let states_with_ids = (0..).map(StateId).zip(states);
        let mut timers: Vec<(StateId, &syntax::Timer)> =
            states_with_ids.flat_map(|(id, state)| state.timers.iter().map(move |timer| (id, timer))).collect();
        timers.sort_by_key(|(_, timer)| timer.name.span);
        for (state, syntax) in timers {
            let Some(length) = self.timer_length(automaton, &syntax.name) else {
                self.broken_timers.insert(syntax.name.span);
                continue;
            };
            let of = &self.system.automata[automaton];
            let name = Printer::new(&self.system, of).expression(&length, None);
            let earlier = of.timers.iter().find(|timer| timer.state == state && timer.name == name);
            if let Some(earlier) = earlier.map(|earlier| earlier.span) {
                let message = format!("the state has two timers `{name}`");
                let finding = Diagnostic::new(&errors::DUPLICATE_TIMER, syntax.name.span, message);
                self.report(finding.related(earlier, "the other one").help("give each a different length"));
                continue;
            }
            let (kind, span) = (syntax.kind, syntax.name.span);
            let timer = Timer { state, kind, length, name, cases: Vec::new(), span };
            self.system.automata[automaton].timers.push(timer);
        }
        let of = &mut self.system.automata[automaton];
        for (state, syntax) in (0..).map(StateId).zip(states) {
            of.states[state].timers = syntax.timers.iter().filter_map(|timer| find(of, &timer.name)).collect();
        }
    }
}

/// The timer that is declared at this place.
pub(super) fn find(automaton: &Automaton, name: &Text) -> Option<TimerId> {
    let index = automaton.timers.iter().position(|timer| timer.span == name.span)?;
    Some(TimerId(index as u32))
}

impl Resolver<'_> {
    fn timer_length(&mut self, automaton: AutomatonId, text: &Text) -> Option<Expression> {
        let name = text.text.trim();
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
        if is_name && !self.is_value(automaton, name) {
            self.unknown_length(automaton, text);
            return None;
        }
        let known = Known::default();
        self.read(Position::without_event(automaton, &known), text, length)
    }

    /// Whether a bare name has a value.
    fn is_value(&self, automaton: AutomatonId, name: &str) -> bool {
        let of = self.automaton(automaton);
        of.variables.iter().any(|variable| variable.name == name)
            || of.parameters.iter().any(|parameter| parameter.name == name)
            || of.conditions.iter().any(|condition| condition.name == name)
    }

    fn unknown_length(&mut self, automaton: AutomatonId, text: &Text) {
        if self.broken.contains(&text.text) {
            return;
        }
        let of = self.automaton(automaton);
        let message = format!("there is no parameter, variable or condition `{}`", text.text);
        let variables = of.variables.iter().map(|variable| (&variable.name, variable.r#type));
        let parameters = of.parameters.iter().map(|parameter| (&parameter.name, parameter.r#type));
        let conditions = of.conditions.iter().map(|condition| (&condition.name, condition.r#type));
        let durations = variables.chain(parameters).chain(conditions).filter(|(_, of)| *of == Type::DURATION);
        let finding = Diagnostic::new(&errors::TIMER_LENGTH, text.span, message)
            .cause(format!("value {} {}", of.name, text.text))
            .did_you_mean(
                &text.text,
                durations.map(|(name, _)| name.as_str()).filter(|name| Kind::Variable.allows(name)),
            );
        self.report(finding);
    }

    /// The text of a `restart`, as the name of the timer.
    fn timer_name(&mut self, automaton: AutomatonId, text: &Text) -> String {
        let known = Known::default();
        let before = self.findings.len();
        let length = self.tried(Position::without_event(automaton, &known), text, length);
        // Below it is reported that no timer has this length; other faults in it are not worth a second finding.
        self.findings.truncate(before);
        match length {
            Some(length) => Printer::new(&self.system, self.automaton(automaton)).expression(&length, None),
            None => text.text.clone(),
        }
    }

    /// The timer of that name of the innermost state, outwards.
    pub(super) fn restarted(&mut self, automaton: AutomatonId, state: StateId, text: &Text) -> Option<TimerId> {
        let name = self.timer_name(automaton, text);
        let automaton = &self.system.automata[automaton];
        let timers = || automaton.outwards(state).flat_map(|at| automaton.states[at].timers.iter().copied());
        let found = timers().find(|&timer| automaton.timers[timer].name == name);
        let broken = automaton.timers.is_empty() && !self.broken_timers.is_empty();
        if found.is_none() && !broken && !self.broken.contains(&text.text) {
            let message = format!("neither this state nor one around it has a timer `{}`", text.text);
            let mut finding = Diagnostic::new(&errors::UNKNOWN_TIMER, text.span, message)
                .cause(format!("value {} {}", automaton.name, text.text))
                .did_you_mean(&text.text, timers().map(|timer| automaton.timers[timer].name.as_str()));
            if let Some(elsewhere) = automaton.timers.iter().find(|timer| timer.name == name) {
                finding = finding.related(elsewhere.span, "the timer of that name belongs to another state");
            }
            self.findings.push(finding);
        }
        found
    }
}
