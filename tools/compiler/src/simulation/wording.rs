//! Expressions, effects and what happened, in the words of the definition, for a person at a terminal.

use automata_runtime::record::{Outcome, Record};
use serde_json::{Map, Value as Json};

use crate::expression::duration_text;
use crate::model::{
    Automaton, BinaryOperator, Effects, EventId, Expression, ExpressionKind, Field, Instances, Observed, Reaction,
    System, Target, Transition, Value,
};

/// The words of one automaton.
#[derive(Clone, Copy)]
pub(crate) struct Wording<'a> {
    pub system: &'a System,
    pub automaton: &'a Automaton,
}

impl Wording<'_> {
    /// `if guard: effects → TARGET`.
    pub fn case(self, transition: &Transition, fields: &[Field]) -> String {
        let mut text = match &transition.guard {
            Some(guard) => format!("if {}: ", self.expression(guard, fields)),
            None => String::new(),
        };
        let mut parts = self.effects(&transition.effects, fields);
        match &transition.reaction {
            Reaction::To(Target::State(state)) => parts.push(format!("→ {}", self.automaton.states[*state].name)),
            Reaction::To(Target::History(state)) => {
                parts.push(format!("→ {}.history", self.automaton.states[*state].name));
            }
            Reaction::Internal { stay: Some(reason) } if !reason.is_empty() => parts.push(format!("stays ({reason})")),
            Reaction::Internal { .. } => parts.push("stays".to_owned()),
            Reaction::Ignore { reason } => parts.push(ignored(reason)),
        }
        text.push_str(&parts.join(", "));
        text
    }

    fn effects(self, effects: &Effects, fields: &[Field]) -> Vec<String> {
        let system = self.system;
        let list = |values: &[Expression]| {
            let values: Vec<String> = values.iter().map(|value| self.expression(value, fields)).collect();
            if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) }
        };
        let mut parts = Vec::new();
        parts.extend(effects.set.iter().map(|assignment| {
            let variable = &self.automaton.variables[assignment.variable].name;
            format!("{variable} = {}", self.expression(&assignment.value, fields))
        }));
        parts.extend(
            effects
                .actions
                .iter()
                .map(|call| format!("{}{}", self.automaton.actions[call.action].name, list(&call.arguments))),
        );
        parts.extend(effects.sends.iter().map(|send| {
            let receiver = &system.automata[send.to.automaton];
            let which = match &send.to.instances {
                Instances::One => String::new(),
                Instances::All => "[all]".to_owned(),
                Instances::Keyed(key) => format!("[{}]", self.expression(key, fields)),
            };
            format!("send {}{which}.{}{}", receiver.name, receiver.events[send.event].name, list(&send.arguments))
        }));
        parts.extend(effects.starts.iter().map(|start| {
            let key = start.key.as_ref().map_or(String::new(), |key| format!("[{}]", self.expression(key, fields)));
            format!("start {}{key}", system.automata[start.automaton].name)
        }));
        parts.extend(
            effects
                .raises
                .iter()
                .map(|raise| format!("raise {}{}", self.automaton.events[raise.event].name, list(&raise.arguments))),
        );
        parts.extend(effects.restarts.iter().map(|&timer| format!("restart {}", self.automaton.timers[timer].name)));
        parts
    }

    pub fn expression(self, expression: &Expression, fields: &[Field]) -> String {
        self.within(expression, fields, 0)
    }

    /// `loosest`: an operator that binds less than this is put in parentheses.
    fn within(self, expression: &Expression, fields: &[Field], loosest: u8) -> String {
        let automaton = self.automaton;
        match &expression.kind {
            ExpressionKind::Literal(value) => self.constant(value),
            ExpressionKind::Variable(id) => automaton.variables[*id].name.clone(),
            ExpressionKind::Parameter(id) => automaton.parameters[*id].name.clone(),
            ExpressionKind::Field(index) => {
                fields.get(*index as usize).map_or_else(|| "event".to_owned(), |field| self.field(&field.name))
            }
            ExpressionKind::Key => "key".to_owned(),
            ExpressionKind::Condition(id, arguments) => {
                let arguments: Vec<String> = arguments.iter().map(|value| self.expression(value, fields)).collect();
                let name = &automaton.conditions[*id].name;
                if arguments.is_empty() { name.clone() } else { format!("{name}({})", arguments.join(", ")) }
            }
            ExpressionKind::Not(inner) => parenthesised(format!("not {}", self.within(inner, fields, 3)), 3 < loosest),
            ExpressionKind::Negate(inner) => format!("-{}", self.within(inner, fields, 7)),
            ExpressionKind::Binary(operator, left, right) => {
                let strength = strength(*operator);
                let left = self.within(left, fields, strength);
                let right = self.within(right, fields, strength + 1);
                parenthesised(format!("{left} {} {right}", operator.symbol()), strength < loosest)
            }
            ExpressionKind::InState { who, automaton: observed, state } => {
                let observed = &self.system.automata[*observed];
                let name = &observed.name;
                let subject = match who {
                    Observed::One => name.clone(),
                    Observed::Keyed(key) => format!("{name}[{}]", self.expression(key, fields)),
                    Observed::Any => format!("any {name}"),
                    Observed::All => format!("all {name}"),
                    Observed::No => format!("no {name}"),
                    Observed::Itself => "self".to_owned(),
                };
                parenthesised(format!("{subject} in {}", observed.states[*state].name), 4 < loosest)
            }
        }
    }

    /// With `event.` where the bare name means something else.
    fn field(self, name: &str) -> String {
        let variables = self.automaton.variables.iter().map(|variable| &variable.name);
        let mut others = variables.chain(self.automaton.parameters.iter().map(|parameter| &parameter.name));
        if name == "key" || others.any(|other| other == name) { format!("event.{name}") } else { name.to_owned() }
    }

    pub fn constant(self, value: &Value) -> String {
        match value {
            Value::Bool(value) => value.to_string(),
            Value::Integer(value) => value.to_string(),
            Value::Duration(milliseconds) => duration_text(*milliseconds),
            Value::String(text) => format!("{text:?}"),
            Value::Variant(id, index) => match &self.system.types[*id].kind {
                crate::model::TypeKind::Enum(variants) => variants[*index as usize].clone(),
                crate::model::TypeKind::Opaque { .. } => index.to_string(),
            },
            Value::None => "none".to_owned(),
        }
    }

    /// `hello_received(peer: NodeId)`.
    pub fn signature(self, event: EventId) -> String {
        let event = &self.automaton.events[event];
        let of = |field: &Field| format!("{}: {}", field.name, self.system.type_name(field.r#type));
        let fields: Vec<String> = event.fields.iter().map(of).collect();
        if fields.is_empty() { event.name.clone() } else { format!("{}({})", event.name, fields.join(", ")) }
    }
}

fn parenthesised(text: String, needed: bool) -> String {
    if needed { format!("({text})") } else { text }
}

/// As in `docs/SEMANTICS.md`: loosest first.
fn strength(operator: BinaryOperator) -> u8 {
    match operator {
        BinaryOperator::Or => 1,
        BinaryOperator::And => 2,
        BinaryOperator::Equal
        | BinaryOperator::NotEqual
        | BinaryOperator::Less
        | BinaryOperator::LessOrEqual
        | BinaryOperator::Greater
        | BinaryOperator::GreaterOrEqual => 4,
        BinaryOperator::Add | BinaryOperator::Subtract => 5,
        BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::Remainder => 6,
    }
}

/// `ignored`, and why.
pub(super) fn ignored(reason: &str) -> String {
    if reason.is_empty() { "ignored".to_owned() } else { format!("ignored ({reason})") }
}

/// Seconds with three digits: a moment.
pub(super) fn moment(milliseconds: u64) -> String {
    format!("{}.{:03}s", milliseconds / 1000, milliseconds % 1000)
}

/// A record in a few lines: what came, what became of it, and what was done.
#[must_use]
pub fn describe(record: &Record) -> String {
    let mut text = format!("#{} {} {} ← {}", record.sequence, moment(record.at_ms), record.instance, record.event);
    text.push_str(&arguments(&record.fields));
    let outcome = match record.outcome {
        Outcome::Taken => "taken",
        Outcome::Internal => "internal: nothing left or entered",
        Outcome::Ignored => "ignored",
        Outcome::Deferred => "deferred: kept for later",
        Outcome::Unexpected => "unexpected: no active state says anything about it",
        Outcome::Idle => "idle: no guard held",
        Outcome::Started => "started",
        Outcome::NoSuchInstance => "no such instance",
        Outcome::AlreadyThere => "already there",
        Outcome::DeferFull => "lost: too many are deferred",
    };
    text.push_str(&format!("\n    {outcome}"));
    let state = |state: &Option<String>| match state.as_deref() {
        None => "none".to_owned(),
        Some("") => "(no states)".to_owned(),
        Some(name) => name.to_owned(),
    };
    let has_begun = record.outcome == Outcome::Started;
    if let (true, Some(after)) = (has_begun, record.after.as_deref().filter(|name| !name.is_empty())) {
        text.push_str(&format!(" in {after}"));
    } else if !has_begun && (record.before != record.after || record.outcome == Outcome::Taken) {
        text.push_str(&format!(": {} → {}", state(&record.before), state(&record.after)));
    }
    for ask in &record.conditions {
        text.push_str(&format!("\n    asked {}{}: {}", ask.ask, arguments(&ask.arguments), shown(&ask.answer)));
    }
    for (name, values) in &record.variables {
        let (before, after) = (shown(&values[0]), shown(&values[1]));
        // Nothing was there before the start.
        let change = if has_begun { format!("{name} = {after}") } else { format!("{name}: {before} → {after}") };
        text.push_str(&format!("\n    {change}"));
    }
    for action in &record.actions {
        text.push_str(&format!("\n    does {}{}", action.action, arguments(&action.arguments)));
    }
    for sent in &record.sends {
        text.push_str(&format!("\n    sends {}.{}{}", sent.to, sent.event, arguments(&sent.fields)));
    }
    for raised in &record.raised {
        let outcome = serde_json::to_value(raised.outcome).unwrap_or_default();
        let outcome = outcome.as_str().unwrap_or_default().to_owned();
        text.push_str(&format!("\n    raised {}{}: {outcome}", raised.event, arguments(&raised.fields)));
    }
    for fault in &record.faults {
        let fault = serde_json::to_value(fault).unwrap_or_default();
        text.push_str(&format!("\n    fault: {}", fault.as_str().unwrap_or_default().replace('_', " ")));
    }
    text
}

fn arguments(values: &Map<String, Json>) -> String {
    let values: Vec<String> = values.iter().map(|(name, value)| format!("{name} = {}", shown(value))).collect();
    if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) }
}

/// A value of a record; what JSON calls null is `none` in the language.
pub(super) fn shown(value: &Json) -> String {
    if value.is_null() { "none".to_owned() } else { value.to_string() }
}
