//! The little texts of the language: expressions, assignments, calls, sends, starts, triggers, targets, literals.
//!
//! Each is read by a small parser of our own (`parser`) and then typed against what the [`Environment`] declares
//! (`docs/SEMANTICS.md`, section 1). A wrong text yields `None` and a finding for each of its own faults;
//! what only follows from a fault reported elsewhere (a name whose declaration failed) yields `None` and no finding.

mod arguments;
mod constants;
mod effects;
mod environment;
mod lexer;
mod literal;
mod lookup;
mod narrowing;
mod operators;
mod parser;
mod syntax;
mod targets;
#[cfg(test)]
mod tests;
mod triggers;
mod typer;
mod typing;

use crate::diagnostic::Diagnostic;
use crate::model::{ActionCall, Assignment, Expression, Raise, Send, Start, System, Type, Value};
use crate::source::Text;
use crate::syntax::EffectKey;
use typer::{Slot, Typer, Use};

pub use environment::{Environment, EventScope};
pub(crate) use environment::{KEY, VARIANTS};
pub use lexer::{LONGEST_TEXT_BYTES, SYMBOLS};
pub use narrowing::Known;
pub use parser::DEEPEST;
pub use targets::ResolvedTarget;
pub use triggers::{ResolvedTrigger, TriggerEvent, TriggerKey};

/// A guard or a property: of type `bool`, nothing secret in it.
pub fn guard(text: &Text, environment: &Environment, findings: &mut Vec<Diagnostic>) -> Option<Expression> {
    let node = parser::reported(parser::expression(text), findings)?;
    let mut typer = Typer::new(environment, Use::Guard, findings);
    typer.value(&node, &Slot::new("a guard", Type::BOOL))
}

/// The length of a timer: a duration, read whenever the timer starts, where no event is at hand.
pub fn length(text: &Text, environment: &Environment, findings: &mut Vec<Diagnostic>) -> Option<Expression> {
    let node = parser::reported(parser::expression(text), findings)?;
    let mut typer = Typer::new(environment, Use::Length, findings);
    typer.value(&node, &Slot::new("the length of a timer", Type::DURATION))
}

/// What an item of `do` is, and the rest of its text.
///
/// `send X.event` is the send `X.event`; an assignment and a call of an action are their own text.
pub fn effect_form(text: &Text, findings: &mut Vec<Diagnostic>) -> Option<(EffectForm, Text)> {
    match parser::reported(parser::effect_form(text), findings)? {
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
    let syntax = parser::reported(parser::assignment(text), findings)?;
    effects::assignment(&syntax, environment, findings)
}

/// `action`, `action(arguments)`.
pub fn action_call(text: &Text, environment: &Environment, findings: &mut Vec<Diagnostic>) -> Option<ActionCall> {
    let (name, arguments) = parser::reported(parser::call(text), findings)?;
    effects::action_call(&name, &arguments, environment, findings)
}

/// `event`, `event(fields)`: an event for itself.
pub fn raise(text: &Text, environment: &Environment, findings: &mut Vec<Diagnostic>) -> Option<Raise> {
    let (name, arguments) = parser::reported(parser::call(text), findings)?;
    effects::raise(&name, &arguments, environment, findings)
}

/// `automaton.event`, `automaton[key].event(fields)`, `automaton[all].event`. The event's `from` must name the sender.
pub fn send(text: &Text, environment: &Environment, findings: &mut Vec<Diagnostic>) -> Option<Send> {
    let (subject, event, arguments) = parser::reported(parser::send(text), findings)?;
    effects::send(&subject, &event, &arguments, environment, findings)
}

/// `automaton[key](parameter = value)`.
pub fn start(text: &Text, environment: &Environment, findings: &mut Vec<Diagnostic>) -> Option<Start> {
    let (subject, arguments) = parser::reported(parser::start(text), findings)?;
    effects::start(&subject, &arguments, environment, findings)
}

/// One trigger or several, separated by commas. Keys are typed without an event at hand.
///
/// If some fail, there is no result, and a finding for each.
pub fn triggers(
    text: &Text,
    environment: &Environment,
    findings: &mut Vec<Diagnostic>,
) -> Option<Vec<ResolvedTrigger>> {
    let triggers = parser::reported(parser::triggers(text), findings)?;
    let found: Vec<_> = triggers.iter().map(|trigger| triggers::trigger(trigger, environment, findings)).collect();
    found.into_iter().collect()
}

/// `STATE`, `STATE.history`, `stay`.
pub fn target(text: &Text, environment: &Environment, findings: &mut Vec<Diagnostic>) -> Option<ResolvedTarget> {
    let target = parser::reported(parser::target(text), findings)?;
    targets::target(&target, environment, findings)
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
