//! The comment at the head: what the host gives and gets, and what of this definition SCXML cannot carry.

use std::fmt::Write as _;

use automata_compiler::model::{
    Automaton, BaseType, BinaryOperator, Effects, EventKind, Expression, ExpressionKind, Field, Instances, IntegerType,
    Reaction, Response, StateId, Target, TimerKind, Type,
};

use super::{ROOT, Writer, in_comment};
use crate::ecmascript::IN_STATE;
use crate::outline::visible;
use crate::printer::Printer;

impl Writer<'_> {
    pub(super) fn head(&mut self) {
        let mut lines = vec![format!("{}: {}", self.automaton.name, self.automaton.summary)];
        lines.extend(self.partners());
        let limits = self.limits();
        if !limits.is_empty() {
            lines.push("What SCXML cannot carry of this definition:".to_owned());
            lines.extend(limits.into_iter().map(|limit| format!("* {limit}")));
        }
        self.text.push_str("<!--\n");
        for line in lines {
            let _ = writeln!(self.text, "  {}", in_comment(&visible(&line)));
        }
        self.text.push_str("-->\n");
    }

    /// The interface of the automaton.
    fn partners(&self) -> Vec<String> {
        let (automaton, printer) = (self.automaton, Printer::new(self.system, self.automaton));
        let mut lines = Vec::new();
        for (id, event) in automaton.events.iter().enumerate() {
            let name = self.event_name(automata_compiler::model::EventId(id as u32));
            let from = match &event.kind {
                EventKind::Declared { from, .. } if from.is_empty() => "raised here".to_owned(),
                EventKind::Declared { from, .. } => {
                    let from: Vec<_> = from.iter().map(|&partner| printer.partner(partner)).collect();
                    format!("from {}", from.join(", "))
                }
                EventKind::Observation { .. } => format!("to be sent when: {}", event.name),
            };
            lines.push(format!("Event {name}{}, {from}. {}", self.fields(&event.fields), event.summary));
        }
        for (condition, name) in automaton.conditions.iter().zip(&self.script.names.conditions) {
            let arguments = self.fields(&condition.arguments);
            let arguments = if arguments.is_empty() { "()" } else { arguments.as_str() };
            let answer = self.system.type_name(condition.r#type);
            lines.push(format!("Function of the host {name}{arguments}: {answer}. {}", condition.summary));
        }
        let asks_states = |part: &Expression| matches!(part.kind, ExpressionKind::InState { .. });
        if behaviour(automaton).any(|expression| expression.contains(asks_states)) {
            lines.push(format!(
                "Function of the host {IN_STATE}(automaton, which, state, key): bool. Whether it is in that state; which is \
                 one, key, any, all or no."
            ));
        }
        for action in &automaton.actions {
            let by = &self.system.parts[action.by].name;
            let arguments = self.fields(&action.arguments);
            lines.push(format!("Log entry `action {}`{arguments}, for {by}. {}", action.name, action.summary));
        }
        let effects: Vec<&Effects> = automaton.all_effects().collect();
        if effects.iter().any(|effects| effects.sends().any(|send| !self.is_own(&send.to.instances, send.to.automaton)))
        {
            lines.push(
                "Log entry `send AUTOMATON.EVENT`: an event for another, with its key if there are many.".to_owned(),
            );
        }
        if effects.iter().any(|effects| effects.starts().next().is_some()) {
            lines.push("Log entry `start AUTOMATON`: an instance, with its key and parameters.".to_owned());
        }
        lines
    }

    fn is_own(&self, instances: &Instances, automaton: automata_compiler::model::AutomatonId) -> bool {
        *instances == Instances::One && self.system.automata[automaton].name == self.automaton.name
    }

    fn fields(&self, fields: &[Field]) -> String {
        if fields.is_empty() {
            return String::new();
        }
        let field = |field: &Field| format!("{}: {}", field.name, self.system.type_name(field.r#type));
        format!("({})", fields.iter().map(field).collect::<Vec<_>>().join(", "))
    }

    fn limits(&self) -> Vec<String> {
        let automaton = self.automaton;
        let deferred = |state: &automata_compiler::model::State| {
            state.handlers.iter().any(|handler| matches!(handler.response, Response::Defer { .. }))
        };
        let wide = |of: Type| matches!(of.base, BaseType::Integer(IntegerType::U64 | IntegerType::I64));
        let carried = automaton.events.iter().flat_map(|event| &event.fields).map(|field| field.r#type);
        let remembered = automaton.variables.iter().map(|variable| variable.r#type);
        let set = automaton.parameters.iter().map(|parameter| parameter.r#type);
        let always = automaton.states.iter().any(|state| !state.always.is_empty());
        let raises = automaton.all_effects().any(|effects| effects.raises().next().is_some());
        let back_from_inside = automaton.transitions.iter().any(|transition| {
            let Reaction::To(Target::History(state)) = transition.reaction else { return false };
            transition.state != state && automaton.is_in(transition.state, state)
        });
        let needed = automaton.parameters.iter().zip(&self.script.names.parameters);
        let needed: Vec<&str> =
            needed.filter(|(parameter, _)| parameter.default.is_none()).map(|(_, name)| name.as_str()).collect();
        let is_division = |part: &Expression| {
            matches!(part.kind, ExpressionKind::Binary(BinaryOperator::Divide | BinaryOperator::Remainder, ..))
        };
        let starts =
            automaton.events.iter().any(|event| matches!(event.kind, EventKind::Declared { starts: true, .. }));
        let all = [
            (
                automaton.states.iter().any(deferred),
                "defer: there is nowhere to keep an event. It is logged as `deferred EVENT` and lost.".to_owned(),
            ),
            (
                automaton.key.is_some(),
                format!("instances: this is one of them; the host makes them and sets the data `{}`.", self.script.names.key),
            ),
            (!needed.is_empty(), format!("parameters without a default: the host sets {}.", needed.join(", "))),
            (starts, "an event that starts an instance: the host has to start the document.".to_owned()),
            (
                automaton.events.iter().any(|event| matches!(event.kind, EventKind::Observation { .. })),
                "observations: somebody has to send the events `observed_.…`.".to_owned(),
            ),
            (
                remembered.chain(set).chain(carried).any(wide),
                "64-bit integers: numbers of ECMAScript are exact up to 2^53.".to_owned(),
            ),
            (
                !automaton.conditions.is_empty(),
                "one answer for each question in a step: a function may be called more than once.".to_owned(),
            ),
            (
                automaton.timers.len() > 1 && automaton.timers.iter().any(|timer| timer.kind == TimerKind::Every),
                "the order of timers that are due at one moment: a beat counts as begun at the one before.".to_owned(),
            ),
            (always || raises, "the limit of 64 microsteps: a loop never ends.".to_owned()),
            (
                behaviour(automaton).any(|expression| expression.contains(is_division)),
                "the fault `division_by_zero`: the value is 0, a guard is false, but no fault is reported.".to_owned(),
            ),
            (
                back_from_inside,
                "a transition to the history of a state around its own: it does not leave that state and enter it again.".to_owned(),
            ),
            (
                !automaton.properties.is_empty(),
                "properties: they are not checked.".to_owned(),
            ),
            (
                self.is_wrapped() && !automaton.states[StateId::ROOT].children.is_empty(),
                format!("what the root does: it is in a separate state, `{ROOT}`."),
            ),
        ];
        all.into_iter().filter(|(holds, _)| *holds).map(|(_, limit)| limit).collect()
    }
}

/// Every expression but those of properties.
fn behaviour(automaton: &Automaton) -> impl Iterator<Item = &Expression> {
    let guards = automaton.transitions.iter().filter_map(|transition| transition.guard.as_ref());
    let keys = automaton.states.iter().flat_map(|state| &state.handlers).filter_map(|handler| handler.key.as_ref());
    let lengths = automaton.timers.iter().map(|timer| &timer.length);
    guards.chain(keys).chain(lengths).chain(automaton.all_effects().flat_map(Effects::expressions))
}
