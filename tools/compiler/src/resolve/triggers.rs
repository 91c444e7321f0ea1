//! Triggers: what is before the colon under `on`, and what `defer` and `ignore` name.
//!
//! Each observation becomes an event of the automaton that observes, in the order of first mention.

use super::position::Position;
use super::resolver::Resolver;
use crate::codes::errors;
use crate::codes::expression_errors::NOT_ALLOWED_HERE;
use crate::diagnostic::Diagnostic;
use crate::expression::{Known, ResolvedTrigger, TriggerEvent, TriggerKey, triggers};
use crate::model::{AutomatonId, Change, Event, EventId, EventKind, Expression, Field};
use crate::source::{Span, Text};
use crate::syntax;

/// The triggers of one state, as the file has them; `None` where one could not be resolved.
pub(super) struct StateTriggers {
    pub on: Vec<Option<Vec<Trigger>>>,
    pub defer: Vec<Option<Vec<Trigger>>>,
    pub ignore: Vec<Option<Vec<Trigger>>>,
}

/// An event, and what its key must be.
pub(super) struct Trigger {
    pub event: EventId,
    pub key: Option<Expression>,
    pub span: Span,
}

impl Resolver<'_> {
    /// Of all states, in the order of their ids.
    pub(super) fn resolve_triggers(&mut self, automaton: AutomatonId, states: &[&syntax::State]) -> Vec<StateTriggers> {
        let mut resolved = Vec::new();
        for state in states {
            resolved.push(StateTriggers {
                on: state.on.iter().map(|reaction| self.resolve_trigger(automaton, &reaction.trigger)).collect(),
                defer: state.defer.iter().map(|deferred| self.resolve_deferred(automaton, &deferred.trigger)).collect(),
                ignore: state.ignore.iter().map(|ignored| self.resolve_trigger(automaton, &ignored.trigger)).collect(),
            });
        }
        resolved
    }

    fn resolve_trigger(&mut self, automaton: AutomatonId, text: &Text) -> Option<Vec<Trigger>> {
        let known = Known::default();
        let found = self.read(Position::without_event(automaton, &known), text, triggers)?;
        Some(found.into_iter().map(|trigger| self.intern(automaton, trigger)).collect())
    }

    /// Whether an event is kept depends on the state alone, so that nothing is asked when it is looked at again.
    fn resolve_deferred(&mut self, automaton: AutomatonId, text: &Text) -> Option<Vec<Trigger>> {
        let triggers = self.resolve_trigger(automaton, text)?;
        for trigger in &triggers {
            let Some(key) = &trigger.key else { continue };
            let EventKind::Observation { automaton: observed, .. } =
                self.automaton(automaton).events[trigger.event].kind
            else {
                continue;
            };
            let name = &self.automaton(observed).name;
            let message = "`defer` keeps an observation whatever its key";
            let help = format!("write `{name}[any]`; the reaction to it can look at `event.key`");
            let finding = Diagnostic::new(&NOT_ALLOWED_HERE, key.span, message).help(help);
            self.report(finding);
            return None;
        }
        Some(triggers)
    }

    fn intern(&mut self, observer: AutomatonId, trigger: ResolvedTrigger) -> Trigger {
        let event = match trigger.event {
            TriggerEvent::Declared(event) => event,
            TriggerEvent::Observation { automaton, change, state } => {
                let kind = EventKind::Observation { automaton, change, state };
                match self.automaton(observer).events.iter().position(|event| event.kind == kind) {
                    Some(known) => EventId(known as u32),
                    None => self.add_observation(observer, kind, trigger.span),
                }
            }
        };
        let key = match trigger.key {
            TriggerKey::None | TriggerKey::Any => None,
            TriggerKey::Equals(expression) => Some(expression),
        };
        Trigger { event, key, span: trigger.span }
    }

    fn add_observation(&mut self, observer: AutomatonId, kind: EventKind, span: Span) -> EventId {
        let EventKind::Observation { automaton, change, state } = kind else {
            unreachable!("only observations are added");
        };
        let observed = self.automaton(automaton);
        let word = match change {
            Change::Enters => "enters",
            Change::Leaves => "leaves",
        };
        let name = format!("{} {word} {}", observed.name, observed.states[state].name);
        let key = observed.key.iter().map(|key| Field { name: "key".to_owned(), r#type: key.r#type, span });
        let event = Event { name, kind, fields: key.collect(), summary: String::new(), span };
        let events = &mut self.system.automata[observer].events;
        events.push(event);
        EventId(events.len() as u32 - 1)
    }

    /// Reports that `on`, `defer` or `ignore` of one state names an event twice.
    pub(super) fn named_twice(&mut self, key: &str, trigger: &Trigger, earlier: Span) {
        let message = format!("`{key}` names this event twice");
        let finding = Diagnostic::new(&errors::DUPLICATE_NAME, trigger.span, message);
        self.report(finding.related(earlier, "first here"));
    }
}
