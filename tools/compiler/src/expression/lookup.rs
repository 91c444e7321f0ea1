//! Automata, their instances and their states by name.

use super::environment::{Environment, KEY};
use super::syntax::{Name, Subject, SubjectKey};
use super::typer::{Slot, Typer};
use crate::codes::expression_errors::{
    ALL_MISPLACED, ANY_MISPLACED, MISSING_KEY, SUPERFLUOUS_KEY, UNKNOWN_AUTOMATON, UNKNOWN_EVENT, UNKNOWN_STATE,
};
use crate::diagnostic::Diagnostic;
use crate::foreign;
use crate::model::{Automaton, AutomatonId, Event, EventId, EventKind, Expression, StateId};
use crate::naming::Kind;
use crate::source::Span;

/// Which instances a subject names, its key typed.
pub enum Selection {
    One,
    Any,
    All,
    Keyed(Expression),
}

/// Where a subject is written, and so which forms it may have.
#[derive(Clone, Copy, PartialEq)]
pub enum Role {
    /// `X in S`.
    Looked,
    /// `X.event`.
    Receiver,
    /// `start: X`.
    Started,
    /// `X enters S`.
    Watched,
}

pub fn automaton(name: &Name, environment: &Environment, findings: &mut Vec<Diagnostic>) -> Option<AutomatonId> {
    if let Some(id) = environment.system.automaton(&name.name) {
        return Some(id);
    }
    if !environment.is_broken(&name.name) {
        let names = environment.system.automata.iter().map(|automaton| automaton.name.as_str());
        let names = names.filter(|name| Kind::Automaton.allows(name));
        let finding = Diagnostic::new(&UNKNOWN_AUTOMATON, name.span, format!("no automaton `{}`", name.name));
        findings.push(finding.cause(format!("partner {}", name.name)).did_you_mean(&name.name, names));
    }
    None
}

pub fn state(
    name: &Name,
    of: &Automaton,
    environment: &Environment,
    findings: &mut Vec<Diagnostic>,
) -> Option<StateId> {
    if let Some(id) = of.state(&name.name) {
        return Some(id);
    }
    if !environment.is_broken(&name.name) && !environment.is_broken(&of.name) {
        let names = of.states.iter().skip(1).map(|state| state.name.as_str());
        let names = names.filter(|name| Kind::State.allows(name));
        let message = format!("no state `{}` in `{}`", name.name, of.name);
        let cause = format!("state {} {}", of.name, name.name);
        let finding = Diagnostic::new(&UNKNOWN_STATE, name.span, message).cause(cause);
        findings.push(finding.did_you_mean(&name.name, names));
    }
    None
}

/// A declared event by name.
pub fn event(
    name: &Name,
    of: &Automaton,
    environment: &Environment,
    findings: &mut Vec<Diagnostic>,
) -> Option<EventId> {
    if let Some(index) = declared_events(of).position(|event| event.name == name.name) {
        return Some(EventId(index as u32));
    }
    if environment.is_broken(&name.name) || environment.is_broken(&of.name) {
        return None;
    }
    let message = format!("no event `{}` in `{}`", name.name, of.name);
    let cause = format!("event {} {}", of.name, name.name);
    let finding = Diagnostic::new(&UNKNOWN_EVENT, name.span, message).cause(cause);
    let finding = if of.actions.iter().any(|action| action.name == name.name) {
        finding.help("that is an action; actions go under `do:`")
    } else if environment.system.automaton(&name.name).is_some() {
        finding.help(format!("that is an automaton; to observe it, write `{} enters STATE`", name.name))
    } else if let Some(help) = foreign::help(foreign::Place::Event, &name.name) {
        finding.help(help)
    } else {
        let names = declared_events(of).map(|event| event.name.as_str());
        finding.did_you_mean(&name.name, names.filter(|name| Kind::Event.allows(name)))
    };
    findings.push(finding);
    None
}

/// Declared events come before observations, so that places in this iterator are ids.
fn declared_events(of: &Automaton) -> impl Iterator<Item = &Event> {
    of.events.iter().take_while(|event| matches!(event.kind, EventKind::Declared { .. }))
}

/// What is in the brackets after an automaton, checked against whether it has many instances.
pub fn selection(subject: &Subject, of: AutomatonId, role: Role, typer: &mut Typer) -> Option<Selection> {
    let automaton = &typer.environment.system.automata[of];
    let Some(key) = automaton.key.as_ref() else {
        return match &subject.key {
            SubjectKey::Absent => Some(Selection::One),
            SubjectKey::Any(span) | SubjectKey::All(span) => typer.refuse(superfluous(automaton, *span)),
            SubjectKey::Equals(node) => typer.refuse(superfluous(automaton, node.span)),
        };
    };
    match &subject.key {
        SubjectKey::Absent => {
            let message = format!("`{}` has an instance for each {}; say which", automaton.name, key.name);
            typer.refuse(Diagnostic::new(&MISSING_KEY, subject.span, message).help(forms(automaton, &key.name, role)))
        }
        SubjectKey::Any(_) if role == Role::Watched => Some(Selection::Any),
        SubjectKey::All(_) if role == Role::Receiver => Some(Selection::All),
        SubjectKey::Any(span) => {
            let message = "`[any]` binds the key of an observation; it means nothing elsewhere";
            let finding = Diagnostic::new(&ANY_MISPLACED, *span, message);
            typer.refuse(finding.help(forms(automaton, &key.name, role)))
        }
        SubjectKey::All(span) => {
            let message = "`[all]` names the receivers of a send; it means nothing elsewhere";
            let finding = Diagnostic::new(&ALL_MISPLACED, *span, message);
            typer.refuse(finding.help(forms(automaton, &key.name, role)))
        }
        SubjectKey::Equals(_) if typer.environment.broken.contains(KEY) => None,
        SubjectKey::Equals(node) => {
            let slot = Slot::new(format!("the key of `{}`", automaton.name), key.r#type);
            typer.value(node, &slot).map(Selection::Keyed)
        }
    }
}

fn superfluous(automaton: &Automaton, span: Span) -> Diagnostic {
    let message = format!("`{}` has one instance, and no key", automaton.name);
    Diagnostic::new(&SUPERFLUOUS_KEY, span, message).related(automaton.span, "declared without `instances: per …`")
}

fn forms(automaton: &Automaton, key: &str, role: Role) -> String {
    let name = &automaton.name;
    match role {
        Role::Looked => {
            format!("write `{name}[{key}] in …`, `any {name} in …`, `all {name} in …` or `no {name} in …`")
        }
        Role::Receiver => format!("write `{name}[{key}].…` for one, `{name}[all].…` for all that exist"),
        Role::Started => format!("write `{name}[{key}]`, with the key of the new instance"),
        Role::Watched => format!("write `{name}[{key}]` for one, `{name}[any]` for each (`event.key` says which)"),
    }
}
