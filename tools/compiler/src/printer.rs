//! The model as text: expressions, triggers, guards and effects, as an author would write them.
//!
//! Printed from the model and not cut out of the YAML, so that short forms (`missed += 1`, a string where a list is
//! meant) look the same in pictures, tables, findings and simulations.

use crate::durations::duration_text;
use crate::keywords::WORDS_OF_EXPRESSIONS;
use crate::model::{
    ActionCall, Assignment, Automaton, BinaryOperator, Change, Effect, Effects, EventId, EventKind, Expression,
    ExpressionKind, Extreme, Field, Instances, Observed, ParameterId, Partner, Raise, Reaction, Response, Send, Start,
    System, Target, TimerId, TimerKind, Transition, TransitionId, Trigger, TypeId, TypeKind, Value,
};

/// Prints what belongs to one automaton.
#[derive(Clone, Copy)]
pub struct Printer<'a> {
    /// All that was declared.
    pub system: &'a System,
    /// The current automaton.
    pub automaton: &'a Automaton,
}

/// How tightly an operator binds; see `docs/SEMANTICS.md`, section 1.
mod binding {
    pub const OR: u8 = 1;
    pub const AND: u8 = 2;
    pub const NOT: u8 = 3;
    pub const COMPARISON: u8 = 4;
    pub const COALESCE: u8 = 5;
    pub const SUM: u8 = 6;
    pub const PRODUCT: u8 = 7;
    pub const UNARY: u8 = 8;
    pub const ATOM: u8 = 9;
}

impl<'a> Printer<'a> {
    /// A printer for that automaton.
    #[must_use]
    pub fn new(system: &'a System, automaton: &'a Automaton) -> Self {
        Self { system, automaton }
    }

    /// An expression; `event` is the event at hand, whose fields it may name.
    #[must_use]
    pub fn expression(&self, expression: &Expression, event: Option<EventId>) -> String {
        let fields = event.map_or(&[] as &[Field], |event| &self.automaton.events[event].fields);
        self.expression_over(expression, fields)
    }

    /// An expression over the fields of the event at hand.
    #[must_use]
    pub fn expression_over(&self, expression: &Expression, fields: &[Field]) -> String {
        self.bound(expression, fields, 0)
    }

    fn bound(&self, expression: &Expression, fields: &[Field], outside: u8) -> String {
        let (text, inside) = self.with_binding(expression, fields);
        if inside < outside { format!("({text})") } else { text }
    }

    fn with_binding(&self, expression: &Expression, fields: &[Field]) -> (String, u8) {
        match &expression.kind {
            ExpressionKind::Literal(value) => (self.value(value), binding::ATOM),
            ExpressionKind::Variable(id) => (self.automaton.variables[*id].name.clone(), binding::ATOM),
            ExpressionKind::Parameter(id) => (self.automaton.parameters[*id].name.clone(), binding::ATOM),
            ExpressionKind::Field(index) => (self.field(*index, fields), binding::ATOM),
            ExpressionKind::Key => ("key".to_owned(), binding::ATOM),
            ExpressionKind::Condition(id, arguments) => {
                (self.call(&self.automaton.conditions[*id].name, arguments, fields), binding::ATOM)
            }
            ExpressionKind::Not(inner) => (format!("not {}", self.bound(inner, fields, binding::NOT)), binding::NOT),
            ExpressionKind::Negate(inner) => {
                (format!("-{}", self.bound(inner, fields, binding::UNARY)), binding::UNARY)
            }
            ExpressionKind::Binary(operator, left, right) => {
                let inside = operator_binding(*operator);
                // Comparisons do not chain, so both sides bind tighter; elsewhere only the right side must.
                // `??` groups to the right.
                let (left_outside, right_outside) = match inside {
                    binding::COMPARISON => (inside + 1, inside + 1),
                    binding::COALESCE => (inside + 1, inside),
                    _ => (inside, inside + 1),
                };
                let (left, right) = (self.bound(left, fields, left_outside), self.bound(right, fields, right_outside));
                (format!("{left} {} {right}", operator.symbol()), inside)
            }
            ExpressionKind::Extreme(extreme, left, right) => {
                let (left, right) = (self.bound(left, fields, 0), self.bound(right, fields, 0));
                (format!("{}({left}, {right})", extreme.name()), binding::ATOM)
            }
            ExpressionKind::Present(inner) => self.with_binding(inner, fields),
            ExpressionKind::InState { who, automaton, state } => {
                let automaton = &self.system.automata[*automaton];
                let who = match who {
                    Observed::One => automaton.name.clone(),
                    Observed::Keyed(key) => format!("{}[{}]", automaton.name, self.expression_over(key, fields)),
                    Observed::Any => format!("any {}", automaton.name),
                    Observed::All => format!("all {}", automaton.name),
                    Observed::No => format!("no {}", automaton.name),
                    Observed::Itself => "self".to_owned(),
                };
                (format!("{who} in {}", automaton.states[*state].name), binding::COMPARISON)
            }
        }
    }

    /// A field of the event at hand: with `event.` where the bare name means something else.
    fn field(&self, index: u32, fields: &[Field]) -> String {
        let Some(field) = fields.get(index as usize) else { return format!("event.{index}") };
        let name = field.name.as_str();
        let is_taken = WORDS_OF_EXPRESSIONS.contains(&name)
            || Extreme::of_name(name).is_some()
            || self.automaton.variables.iter().any(|variable| variable.name == name)
            || self.automaton.parameters.iter().any(|parameter| parameter.name == name);
        if is_taken { format!("event.{name}") } else { name.to_owned() }
    }

    /// A constant.
    #[must_use]
    pub fn value(&self, value: &Value) -> String {
        match value {
            Value::Bool(value) => value.to_string(),
            Value::Integer(value) => value.to_string(),
            Value::Duration(milliseconds) => duration_text(*milliseconds),
            Value::String(text) => format!("{text:?}"),
            Value::Variant(id, index) => self.variant(*id, *index),
            Value::None => "none".to_owned(),
        }
    }

    /// Bare, also where two enums share a name: its place says of which enum it is.
    fn variant(&self, id: TypeId, index: u32) -> String {
        match &self.system.types[id].kind {
            TypeKind::Enum(variants) => variants[index as usize].clone(),
            TypeKind::Opaque => index.to_string(),
        }
    }

    fn call(&self, name: &str, arguments: &[Expression], fields: &[Field]) -> String {
        if arguments.is_empty() {
            return name.to_owned();
        }
        let arguments: Vec<_> = arguments.iter().map(|argument| self.expression_over(argument, fields)).collect();
        format!("{name}({})", arguments.join(", "))
    }

    /// What a transition reacts to, with the length of a timer if it is known: `after incoming_timeout (20s)`.
    #[must_use]
    pub fn trigger(&self, id: TransitionId) -> String {
        let transition = &self.automaton.transitions[id];
        match transition.trigger {
            Trigger::Event(event) => self.event(event, self.observed_key(id)),
            Trigger::Timer(timer) => self.timer(timer),
            Trigger::Always => "always".to_owned(),
        }
    }

    /// An event by its name; an observation with the key that it is compared with.
    #[must_use]
    pub fn event(&self, id: EventId, key: Option<&Expression>) -> String {
        let event = &self.automaton.events[id];
        let EventKind::Observation { automaton, change, state } = event.kind else { return event.name.clone() };
        let observed = &self.system.automata[automaton];
        let change = match change {
            Change::Enters => "enters",
            Change::Leaves => "leaves",
        };
        let key = match key {
            Some(key) => format!("[{}]", self.expression(key, None)),
            None if event.fields.is_empty() => String::new(),
            None => "[any]".to_owned(),
        };
        format!("{}{key} {change} {}", observed.name, observed.states[state].name)
    }

    fn observed_key(&self, id: TransitionId) -> Option<&'a Expression> {
        let state = &self.automaton.states[self.automaton.transitions[id].state];
        let handler = state.handlers.iter().find(|handler| match &handler.response {
            Response::Cases(cases) => cases.contains(&id),
            Response::Defer { .. } | Response::Ignore { .. } => false,
        })?;
        handler.key.as_ref()
    }

    /// `after name (length)` or `every name (length)`; the length only where the name does not say it.
    #[must_use]
    pub fn timer(&self, id: TimerId) -> String {
        let timer = &self.automaton.timers[id];
        let kind = match timer.kind {
            TimerKind::After => "after",
            TimerKind::Every => "every",
        };
        match self.timer_length(id) {
            Some(length) if length != timer.name => format!("{kind} {} ({length})", timer.name),
            _ => format!("{kind} {}", timer.name),
        }
    }

    /// The length of a timer, where it is a literal or a parameter with a default.
    #[must_use]
    pub fn timer_length(&self, id: TimerId) -> Option<String> {
        let value = match &self.automaton.timers[id].length.kind {
            ExpressionKind::Literal(value) => value,
            ExpressionKind::Parameter(parameter) => self.automaton.parameters[*parameter].default.as_ref()?,
            _ => return None,
        };
        Some(self.value(value))
    }

    /// The cases among which this one is tried, in order.
    #[must_use]
    pub fn cases_around(&self, id: TransitionId) -> &'a [TransitionId] {
        let transition = &self.automaton.transitions[id];
        let state = &self.automaton.states[transition.state];
        match transition.trigger {
            Trigger::Timer(timer) => &self.automaton.timers[timer].cases,
            Trigger::Always => &state.always,
            Trigger::Event(_) => state
                .handlers
                .iter()
                .find_map(|handler| match &handler.response {
                    Response::Cases(cases) if cases.contains(&id) => Some(cases.as_slice()),
                    _ => None,
                })
                .unwrap_or(&[]),
        }
    }

    /// The guard, or `else` for a case without one after others.
    #[must_use]
    pub fn guard(&self, id: TransitionId) -> Option<String> {
        let transition = &self.automaton.transitions[id];
        match &transition.guard {
            Some(guard) => Some(self.expression(guard, event_of(transition))),
            None => (self.cases_around(id).first().is_some_and(|&first| first != id)).then(|| "else".to_owned()),
        }
    }

    /// What a part of a step does, in the order in which it is done.
    #[must_use]
    pub fn effects(&self, effects: &Effects, event: Option<EventId>) -> Vec<String> {
        let fields = event.map_or(&[] as &[Field], |event| &self.automaton.events[event].fields);
        effects.iter().map(|effect| self.effect(effect, fields)).collect()
    }

    /// One effect as an item of `do`, over the fields of the event at hand.
    #[must_use]
    pub fn effect(&self, effect: &Effect, fields: &[Field]) -> String {
        match effect {
            Effect::Assign(assignment) => self.assignment(assignment, fields),
            Effect::Act(ActionCall { action, arguments, .. }) => {
                self.call(&self.automaton.actions[*action].name, arguments, fields)
            }
            Effect::Send(send) => format!("send {}", self.send(send, fields)),
            Effect::Start(start) => format!("start {}", self.start(start, fields)),
            Effect::Raise(Raise { event, arguments, .. }) => {
                format!("raise {}", self.call(&self.automaton.events[*event].name, arguments, fields))
            }
            Effect::Restart(restart) => format!("restart {}", self.automaton.timers[restart.timer].name),
        }
    }

    fn send(&self, send: &Send, fields: &[Field]) -> String {
        let receiver = &self.system.automata[send.to.automaton];
        let key = match &send.to.instances {
            Instances::One => String::new(),
            Instances::Keyed(key) => format!("[{}]", self.expression_over(key, fields)),
            Instances::All => "[all]".to_owned(),
        };
        let call = self.call(&receiver.events[send.event].name, &send.arguments, fields);
        format!("{}{key}.{call}", receiver.name)
    }

    fn start(&self, start: &Start, fields: &[Field]) -> String {
        let started = &self.system.automata[start.automaton];
        let key = start.key.as_ref().map_or(String::new(), |key| format!("[{}]", self.expression_over(key, fields)));
        let parameter = |(id, value): &(ParameterId, Expression)| {
            format!("{} = {}", started.parameters[*id].name, self.expression_over(value, fields))
        };
        let parameters: Vec<_> = start.parameters.iter().map(parameter).collect();
        let parameters = if parameters.is_empty() { String::new() } else { format!("({})", parameters.join(", ")) };
        format!("{}{key}{parameters}", started.name)
    }

    fn assignment(&self, assignment: &Assignment, fields: &[Field]) -> String {
        let name = &self.automaton.variables[assignment.variable].name;
        if let ExpressionKind::Binary(operator, left, right) = &assignment.value.kind
            && left.kind == ExpressionKind::Variable(assignment.variable)
            && operator_binding(*operator) >= binding::SUM
        {
            return format!("{name} {}= {}", operator.symbol(), self.expression_over(right, fields));
        }
        format!("{name} = {}", self.expression_over(&assignment.value, fields))
    }

    /// One case: `if guard: effects → TARGET`.
    #[must_use]
    pub fn case(&self, transition: &Transition) -> String {
        let event = event_of(transition);
        let mut text = match &transition.guard {
            Some(guard) => format!("if {}: ", self.expression(guard, event)),
            None => String::new(),
        };
        let mut parts = self.effects(&transition.effects, event);
        parts.push(match &transition.reaction {
            Reaction::To(target) => format!("→ {}", self.target(*target)),
            Reaction::Internal { stay: Some(reason) } if !reason.is_empty() => format!("stays ({reason})"),
            Reaction::Internal { .. } => "stays".to_owned(),
            Reaction::Ignore { reason } => ignored(reason),
        });
        text.push_str(&parts.join(", "));
        text
    }

    /// An event with its fields: `hello_received(peer: NodeId)`.
    #[must_use]
    pub fn signature(&self, event: EventId) -> String {
        let event = &self.automaton.events[event];
        let of = |field: &Field| format!("{}: {}", field.name, self.system.type_name(field.r#type));
        let fields: Vec<String> = event.fields.iter().map(of).collect();
        if fields.is_empty() { event.name.clone() } else { format!("{}({})", event.name, fields.join(", ")) }
    }

    /// The target as written in `to`.
    #[must_use]
    pub fn target(&self, target: Target) -> String {
        let name = &self.automaton.states[target.state()].name;
        match target {
            Target::State(_) => name.clone(),
            Target::History(_) => format!("{name}.history"),
        }
    }

    /// The name of a part or automaton.
    #[must_use]
    pub fn partner(&self, partner: Partner) -> &'a str {
        match partner {
            Partner::Part(id) => &self.system.parts[id].name,
            Partner::Automaton(id) => &self.system.automata[id].name,
        }
    }
}

/// The event whose fields a transition may name.
#[must_use]
pub fn event_of(transition: &Transition) -> Option<EventId> {
    match transition.trigger {
        Trigger::Event(event) => Some(event),
        Trigger::Timer(_) | Trigger::Always => None,
    }
}

/// `ignored`, and why.
#[must_use]
pub fn ignored(reason: &str) -> String {
    if reason.is_empty() { "ignored".to_owned() } else { format!("ignored ({reason})") }
}

const fn operator_binding(operator: BinaryOperator) -> u8 {
    match operator {
        BinaryOperator::Or => binding::OR,
        BinaryOperator::And => binding::AND,
        BinaryOperator::Equal
        | BinaryOperator::NotEqual
        | BinaryOperator::Less
        | BinaryOperator::LessOrEqual
        | BinaryOperator::Greater
        | BinaryOperator::GreaterOrEqual => binding::COMPARISON,
        BinaryOperator::Coalesce => binding::COALESCE,
        BinaryOperator::Add | BinaryOperator::Subtract => binding::SUM,
        BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::Remainder => binding::PRODUCT,
    }
}
