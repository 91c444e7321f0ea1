//! The little texts of the language: expressions, assignments, calls, sends, starts, triggers, targets, literals.
//!
//! Each is read by a small parser of our own (`parser`) and then typed against what the [`Environment`] declares
//! (`docs/SEMANTICS.md`, section 1). A wrong text yields `None` and a finding for each of its own faults;
//! what only follows from a fault reported elsewhere (a name whose declaration failed) yields `None` and no finding.

mod calls;
mod lexer;
mod literal;
mod names;
mod narrowing;
mod operators;
mod parser;
mod syntax;
#[cfg(test)]
mod tests;
mod typing;

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostic;
use crate::model::{
    ActionCall, Assignment, Automaton, AutomatonId, Change, Event, EventId, Expression, Raise, Send, Start, StateId,
    System, Target, Type, Value,
};
use crate::source::{Span, Text};
use crate::syntax::EffectKey;

pub use self::narrowing::Known;
pub use lexer::{LONGEST_TEXT_BYTES, SYMBOLS};
pub use parser::DEEPEST;

/// Represents the variants of enums among the broken names, when `types.yaml` could not be read.
pub(crate) const VARIANTS: &str = "types.yaml";

/// Among the broken names: some automaton's key has no type that could be read. Nothing is said about any key then.
pub(crate) const KEY: &str = "key";

/// What the names in a text can mean.
#[derive(Clone, Copy, Debug)]
pub struct Environment<'a> {
    /// With all declarations resolved: types, parts, automata with parameters, variables, conditions, declared events,
    /// actions and the tree of states. Reactions may be missing still.
    pub system: &'a System,
    /// The automaton whose definition contains the text.
    pub automaton: AutomatonId,
    /// The event at hand.
    pub event: EventScope,
    /// Under `properties`, where `self in STATE` has a meaning and conditions have none.
    pub inside_property: bool,
    /// A guard can be written before it: it is in a case, and not in `entry`, `exit` or the length of a timer.
    pub has_guard: bool,
    /// What is certainly not `none` here.
    pub known: &'a Known,
    /// Names whose declaration failed, of any kind: they are not reported again as unknown.
    pub broken: &'a BTreeSet<String>,
}

/// Whose fields can be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventScope {
    /// No event's: `entry`, `exit`, `always`, timers, properties.
    None,
    /// This event's.
    Event(EventId),
    /// An event's that could not be resolved: names that might be its fields are not reported.
    Unknown,
}

impl<'a> Environment<'a> {
    /// The automaton that contains the text.
    #[must_use]
    pub fn this(&self) -> &'a Automaton {
        &self.system.automata[self.automaton]
    }

    /// The event at hand, if there is one and it is known.
    #[must_use]
    pub fn event(&self) -> Option<&'a Event> {
        match self.event {
            EventScope::Event(id) => Some(&self.this().events[id]),
            EventScope::None | EventScope::Unknown => None,
        }
    }

    fn is_broken(&self, name: &str) -> bool {
        self.broken.contains(name)
    }
}

/// A resolved trigger.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedTrigger {
    /// What happens.
    pub event: TriggerEvent,
    /// To which instance, for observations of automata that have many.
    pub key: TriggerKey,
    /// In the file.
    pub span: Span,
}

/// What a trigger waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerEvent {
    /// An event of this automaton.
    Declared(EventId),
    /// A change of state.
    Observation {
        /// Of this automaton.
        automaton: AutomatonId,
        /// Enters or leaves.
        change: Change,
        /// This state.
        state: StateId,
    },
}

/// Which instance an observation looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum TriggerKey {
    /// There is one.
    None,
    /// `[any]`: `event.key` says which.
    Any,
    /// `[expression]`.
    Equals(Expression),
}

/// A resolved target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolvedTarget {
    /// `stay`.
    Stay,
    /// A state, or its history.
    To(Target),
}

/// A guard or a property: of type `bool`, nothing secret in it.
pub fn guard(text: &Text, environment: &Environment, findings: &mut Vec<Diagnostic>) -> Option<Expression> {
    let node = read(parser::expression(text), findings)?;
    let mut typer = typing::Typer::new(environment, typing::Use::Guard, findings);
    typer.place(&node, &typing::Place::new("a guard", Type::BOOL))
}

/// The length of a timer: a duration, read whenever the timer starts, where no event is at hand.
pub fn length(text: &Text, environment: &Environment, findings: &mut Vec<Diagnostic>) -> Option<Expression> {
    let node = read(parser::expression(text), findings)?;
    let mut typer = typing::Typer::new(environment, typing::Use::Length, findings);
    typer.place(&node, &typing::Place::new("the length of a timer", Type::DURATION))
}

/// What an item of `do` is, and the rest of its text.
///
/// `send X.event` is the send `X.event`; an assignment and a call of an action are their own text.
pub fn effect_form(text: &Text, findings: &mut Vec<Diagnostic>) -> Option<(EffectForm, Text)> {
    match read(parser::effect_form(text), findings)? {
        parser::EffectForm::Assignment => Some((EffectForm::Assignment, text.clone())),
        parser::EffectForm::Action => Some((EffectForm::Action, text.clone())),
        parser::EffectForm::Keyword(key, start) => Some((EffectForm::Keyword(key), text.from(start))),
    }
}

/// What an item of `do` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectForm {
    /// `send`, `start`, `raise` or `restart`, followed by what such a key takes.
    Keyword(EffectKey),
    /// `variable = value`.
    Assignment,
    /// A call of an action.
    Action,
}

/// `variable = value`, `variable += value`.
pub fn assignment(text: &Text, environment: &Environment, findings: &mut Vec<Diagnostic>) -> Option<Assignment> {
    let syntax = read(parser::assignment(text), findings)?;
    calls::assignment(&syntax, environment, findings)
}

/// `action`, `action(arguments)`.
pub fn action_call(text: &Text, environment: &Environment, findings: &mut Vec<Diagnostic>) -> Option<ActionCall> {
    let (name, arguments) = read(parser::call(text), findings)?;
    calls::action_call(&name, &arguments, environment, findings)
}

/// `event`, `event(fields)`: an event for itself.
pub fn raise(text: &Text, environment: &Environment, findings: &mut Vec<Diagnostic>) -> Option<Raise> {
    let (name, arguments) = read(parser::call(text), findings)?;
    calls::raise(&name, &arguments, environment, findings)
}

/// `automaton.event`, `automaton[key].event(fields)`, `automaton[all].event`. The event's `from` must name the sender.
pub fn send(text: &Text, environment: &Environment, findings: &mut Vec<Diagnostic>) -> Option<Send> {
    let (subject, event, arguments) = read(parser::send(text), findings)?;
    calls::send(&subject, &event, &arguments, environment, findings)
}

/// `automaton[key](parameter = value)`.
pub fn start(text: &Text, environment: &Environment, findings: &mut Vec<Diagnostic>) -> Option<Start> {
    let (subject, arguments) = read(parser::start(text), findings)?;
    calls::start(&subject, &arguments, environment, findings)
}

/// One trigger or several, separated by commas. Keys are typed without an event at hand.
///
/// If some fail, there is no result, and a finding for each.
pub fn triggers(
    text: &Text,
    environment: &Environment,
    findings: &mut Vec<Diagnostic>,
) -> Option<Vec<ResolvedTrigger>> {
    let triggers = read(parser::triggers(text), findings)?;
    let found: Vec<_> = triggers.iter().map(|trigger| names::trigger(trigger, environment, findings)).collect();
    found.into_iter().collect()
}

/// `STATE`, `STATE.history`, `stay`.
pub fn target(text: &Text, environment: &Environment, findings: &mut Vec<Diagnostic>) -> Option<ResolvedTarget> {
    let target = read(parser::target(text), findings)?;
    names::target(&target, environment, findings)
}

/// A constant for a `default`, `initial`, `min` or `max` of that type, within those bounds.
///
/// Where a `string` is expected the text is taken as it is, since YAML has its own quotes.
pub fn literal(
    text: &Text,
    expected: Type,
    bounds: Option<(i128, i128)>,
    system: &System,
    findings: &mut Vec<Diagnostic>,
) -> Option<Value> {
    literal::value(text, expected, bounds, system, findings)
}

fn read<T>(result: Result<T, parser::Refusal>, findings: &mut Vec<Diagnostic>) -> Option<T> {
    result.map_err(|finding| findings.push(*finding)).ok()
}
