//! Triggers: an event of the automaton, or a change of state of another one.

use super::environment::{Environment, EventScope};
use super::lookup::{self, Role, Selection, selection};
use super::syntax::{Name, Subject, TriggerSyntax};
use super::typer::{Typer, Use};
use crate::diagnostic::Diagnostic;
use crate::model::{AutomatonId, Change, EventId, Expression, StateId};
use crate::source::Span;

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

pub fn trigger(
    syntax: &TriggerSyntax,
    environment: &Environment,
    findings: &mut Vec<Diagnostic>,
) -> Option<ResolvedTrigger> {
    let Some((change, state)) = &syntax.change else {
        let id = lookup::event(&syntax.subject.automaton, environment.this(), environment, findings)?;
        return Some(ResolvedTrigger { event: TriggerEvent::Declared(id), key: TriggerKey::None, span: syntax.span });
    };
    let environment = Environment { event: EventScope::None, ..*environment };
    let (automaton, state, key) = observation(&syntax.subject, state, &environment, findings)?;
    let event = TriggerEvent::Observation { automaton, change: *change, state };
    Some(ResolvedTrigger { event, key, span: syntax.span })
}

fn observation(
    subject: &Subject,
    name: &Name,
    environment: &Environment,
    findings: &mut Vec<Diagnostic>,
) -> Option<(AutomatonId, StateId, TriggerKey)> {
    let of = lookup::automaton(&subject.automaton, environment, findings)?;
    let state = lookup::state(name, &environment.system.automata[of], environment, findings);
    let mut typer = Typer::new(environment, Use::TriggerKey, findings);
    let key = match selection(subject, of, Role::Watched, &mut typer)? {
        Selection::One => TriggerKey::None,
        Selection::Any | Selection::All => TriggerKey::Any,
        Selection::Keyed(key) => TriggerKey::Equals(key),
    };
    Some((of, state?, key))
}
