//! Words for what the model holds: expressions, triggers, guards and effects, as the author would write them.
//!
//! Printed from the model and not cut out of the YAML, so that short forms (`missed += 1`, a string where a list is
//! meant) look the same wherever they appear.

use automata_compiler::model::{
    Assignment, Automaton, BinaryOperator, Change, Effects, EventId, EventKind, Expression, ExpressionKind, Instances,
    Observed, Partner, Response, System, Target, TimerId, TimerKind, TimerLength, Transition, TransitionId, Trigger,
    TypeKind, Value,
};

/// The words of one automaton.
#[derive(Clone, Copy)]
pub struct Wording<'a> {
    /// All that was declared.
    pub system: &'a System,
    /// The automaton at hand.
    pub automaton: &'a Automaton,
}

/// How tightly an operator binds; see `docs/SEMANTICS.md`, section 1.
mod binding {
    pub const OR: u8 = 1;
    pub const AND: u8 = 2;
    pub const NOT: u8 = 3;
    pub const COMPARISON: u8 = 4;
    pub const SUM: u8 = 5;
    pub const PRODUCT: u8 = 6;
    pub const UNARY: u8 = 7;
    pub const ATOM: u8 = 8;
}

impl<'a> Wording<'a> {
    /// The words of that automaton.
    #[must_use]
    pub fn new(system: &'a System, automaton: &'a Automaton) -> Self {
        Self { system, automaton }
    }

    /// An expression; `event` is the event at hand, whose fields it may name.
    #[must_use]
    pub fn expression(&self, expression: &Expression, event: Option<EventId>) -> String {
        self.bound(expression, event, 0)
    }

    fn bound(&self, expression: &Expression, event: Option<EventId>, outside: u8) -> String {
        let (text, inside) = self.with_binding(expression, event);
        if inside < outside { format!("({text})") } else { text }
    }

    fn with_binding(&self, expression: &Expression, event: Option<EventId>) -> (String, u8) {
        match &expression.kind {
            ExpressionKind::Literal(value) => (self.value(value), binding::ATOM),
            ExpressionKind::Variable(id) => (self.automaton.variables[*id].name.clone(), binding::ATOM),
            ExpressionKind::Parameter(id) => (self.automaton.parameters[*id].name.clone(), binding::ATOM),
            ExpressionKind::Field(index) => (self.field(*index, event), binding::ATOM),
            ExpressionKind::Key => ("key".to_owned(), binding::ATOM),
            ExpressionKind::Condition(id, arguments) => {
                (self.call(&self.automaton.conditions[*id].name, arguments, event), binding::ATOM)
            }
            ExpressionKind::Not(inner) => (format!("not {}", self.bound(inner, event, binding::NOT)), binding::NOT),
            ExpressionKind::Negate(inner) => (format!("-{}", self.bound(inner, event, binding::UNARY)), binding::UNARY),
            ExpressionKind::Binary(operator, left, right) => {
                let inside = operator_binding(*operator);
                // Comparisons do not chain, so both sides bind tighter; elsewhere only the right side must.
                let left_outside = if inside == binding::COMPARISON { inside + 1 } else { inside };
                let (left, right) = (self.bound(left, event, left_outside), self.bound(right, event, inside + 1));
                (format!("{left} {} {right}", operator.symbol()), inside)
            }
            ExpressionKind::InState { who, automaton, state } => {
                let automaton = &self.system.automata[*automaton];
                let who = match who {
                    Observed::One => automaton.name.clone(),
                    Observed::Keyed(key) => format!("{}[{}]", automaton.name, self.expression(key, event)),
                    Observed::Any => format!("any {}", automaton.name),
                    Observed::All => format!("all {}", automaton.name),
                    Observed::No => format!("no {}", automaton.name),
                    Observed::Itself => "self".to_owned(),
                };
                (format!("{who} in {}", automaton.states[*state].name), binding::COMPARISON)
            }
        }
    }

    /// A field of the event at hand: with `event.` where something else has its name.
    fn field(&self, index: u32, event: Option<EventId>) -> String {
        let Some(field) = event.and_then(|event| self.automaton.events[event].fields.get(index as usize)) else {
            return format!("event.{index}");
        };
        let observed =
            event.is_some_and(|event| matches!(self.automaton.events[event].kind, EventKind::Observation { .. }));
        let taken = self.automaton.variables.iter().any(|variable| variable.name == field.name)
            || self.automaton.parameters.iter().any(|parameter| parameter.name == field.name);
        if observed || taken { format!("event.{}", field.name) } else { field.name.clone() }
    }

    /// A constant.
    #[must_use]
    pub fn value(&self, value: &Value) -> String {
        match value {
            Value::Bool(value) => value.to_string(),
            Value::Integer(value) => value.to_string(),
            Value::Duration(milliseconds) => duration(*milliseconds),
            Value::String(text) => format!("{text:?}"),
            Value::Variant(id, index) => self.variant(*id, *index),
            Value::None => "none".to_owned(),
        }
    }

    /// Bare, also where two enums share a name: its place says of which enum it is.
    fn variant(&self, id: automata_compiler::model::TypeId, index: u32) -> String {
        match &self.system.types[id].kind {
            TypeKind::Enum(variants) => variants[index as usize].clone(),
            TypeKind::Opaque { .. } => index.to_string(),
        }
    }

    fn call(&self, name: &str, arguments: &[Expression], event: Option<EventId>) -> String {
        if arguments.is_empty() {
            return name.to_owned();
        }
        let arguments: Vec<_> = arguments.iter().map(|argument| self.expression(argument, event)).collect();
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

    /// `after name (length)` or `every name (length)`.
    #[must_use]
    pub fn timer(&self, id: TimerId) -> String {
        let timer = &self.automaton.timers[id];
        let kind = match timer.kind {
            TimerKind::After => "after",
            TimerKind::Every => "every",
        };
        match self.timer_length(id) {
            Some(length) => format!("{kind} {} ({length})", timer.name),
            None => format!("{kind} {}", timer.name),
        }
    }

    /// The length of a timer, where it is a parameter with a default.
    #[must_use]
    pub fn timer_length(&self, id: TimerId) -> Option<String> {
        match self.automaton.timers[id].length {
            TimerLength::Parameter(parameter) => {
                self.automaton.parameters[parameter].default.as_ref().map(|value| self.value(value))
            }
            TimerLength::Variable(_) => None,
        }
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

    /// The guard, or `else` for a case without one that stands behind others.
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
        let mut words = Vec::new();
        words.extend(effects.set.iter().map(|assignment| self.assignment(assignment, event)));
        for call in &effects.actions {
            words.push(self.call(&self.automaton.actions[call.action].name, &call.arguments, event));
        }
        for send in &effects.sends {
            let receiver = &self.system.automata[send.to.automaton];
            let key = match &send.to.instances {
                Instances::One => String::new(),
                Instances::Keyed(key) => format!("[{}]", self.expression(key, event)),
                Instances::All => "[all]".to_owned(),
            };
            let call = self.call(&receiver.events[send.event].name, &send.arguments, event);
            words.push(format!("{}{key}.{call}", receiver.name));
        }
        for start in &effects.starts {
            let started = &self.system.automata[start.automaton];
            let key = start.key.as_ref().map_or(String::new(), |key| format!("[{}]", self.expression(key, event)));
            let parameters: Vec<_> = start
                .parameters
                .iter()
                .map(|(id, value)| format!("{} = {}", started.parameters[*id].name, self.expression(value, event)))
                .collect();
            let parameters = if parameters.is_empty() { String::new() } else { format!("({})", parameters.join(", ")) };
            words.push(format!("start {}{key}{parameters}", started.name));
        }
        for raise in &effects.raises {
            words.push(format!(
                "raise {}",
                self.call(&self.automaton.events[raise.event].name, &raise.arguments, event)
            ));
        }
        words.extend(effects.restarts.iter().map(|&timer| format!("restart {}", self.automaton.timers[timer].name)));
        words
    }

    fn assignment(&self, assignment: &Assignment, event: Option<EventId>) -> String {
        let name = &self.automaton.variables[assignment.variable].name;
        if let ExpressionKind::Binary(operator, left, right) = &assignment.value.kind
            && left.kind == ExpressionKind::Variable(assignment.variable)
            && operator_binding(*operator) > binding::COMPARISON
        {
            return format!("{name} {}= {}", operator.symbol(), self.expression(right, event));
        }
        format!("{name} = {}", self.expression(&assignment.value, event))
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

/// A length of time in the largest unit that divides it: `20s`, `1500ms`.
#[must_use]
pub fn duration(milliseconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s")];
    UNITS
        .into_iter()
        .find(|(unit, _)| milliseconds != 0 && milliseconds.is_multiple_of(*unit))
        .map_or_else(|| format!("{milliseconds}ms"), |(unit, name)| format!("{}{name}", milliseconds / unit))
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
        BinaryOperator::Add | BinaryOperator::Subtract => binding::SUM,
        BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::Remainder => binding::PRODUCT,
    }
}
