//! What a part of a step does, as statements, in the order of `docs/SEMANTICS.md`, section 3.

use std::fmt::Write as _;

use super::expressions::Scope;
use super::identifiers;
use super::usage::Usage;
use crate::model::{
    ActionCall, Assignment, AutomatonId, Change, Effect, Effects, Event, Expression, ExpressionKind, Field, History,
    Instances, Raise, Send, Start, StateId, TimerId, TimerKind, Type,
};

/// The statements of a part. A timer starts again only if `is_active` says that its state is active at that moment.
pub fn statements(
    usage: &Usage<'_>,
    effects: &Effects,
    event: Option<&Event>,
    is_active: impl Fn(StateId) -> bool,
) -> String {
    let part = Part { scope: Scope::new(usage, event), usage };
    let mut text = String::new();
    for effect in effects {
        match effect {
            Effect::Assign(assignment) => text.push_str(&part.assignment(assignment)),
            Effect::Act(call) => text.push_str(&part.action(call)),
            Effect::Send(send) => text.push_str(&part.send(send)),
            Effect::Start(start) => text.push_str(&part.start(start)),
            Effect::Raise(raise) => text.push_str(&part.raise(raise)),
            Effect::Restart(restart) => {
                if is_active(usage.automaton.timers[restart.timer].state) {
                    text.push_str(&start_timer(usage, restart.timer));
                }
            }
        }
    }
    text
}

/// Where a part's effects are written.
struct Part<'a> {
    scope: Scope<'a>,
    usage: &'a Usage<'a>,
}

impl Part<'_> {
    fn assignment(&self, assignment: &Assignment) -> String {
        let variable = &self.usage.automaton.variables[assignment.variable];
        let value = self.scope.owned(&assignment.value, variable.r#type, variable.bounds);
        format!("context.variables.{} = {value};\n", identifiers::word(&variable.name))
    }

    fn action(&self, call: &ActionCall) -> String {
        let action = &self.usage.automaton.actions[call.action];
        let path = format!("Action::{}", self.usage.actions[call.action.index()]);
        call_with("act", &literal(self.scope, &path, &action.arguments, &call.arguments))
    }

    fn send(&self, send: &Send) -> String {
        let usage = self.usage;
        let receiver = &usage.system.automata[send.to.automaton];
        let event = &receiver.events[send.event];
        let names = usage.names.of(send.to.automaton);
        let variant = format!("{}Event::{}", usage.path_to(send.to.automaton), names.event(send.event));
        let event = literal(self.scope, &variant, &event.fields, &send.arguments);
        let camel = &names.variant;
        let sent = match &send.to.instances {
            Instances::One => format!("Sent::To{camel}({event})"),
            Instances::All => format!("Sent::All{camel}({event})"),
            Instances::Keyed(key) => {
                let key = owned_key(self.scope, usage, send.to.automaton, key, false);
                format!("Sent::To{camel} {{ key: {key}, event: {event} }}")
            }
        };
        call_with("send", &sent)
    }

    fn start(&self, start: &Start) -> String {
        let usage = self.usage;
        let given = given(self.scope, usage, start.automaton, &start.parameters);
        let camel = &usage.names.of(start.automaton).variant;
        let sent = match &start.key {
            None => format!("Sent::Start{camel}({given})"),
            Some(key) => {
                let key = owned_key(self.scope, usage, start.automaton, key, true);
                format!("Sent::Start{camel} {{ key: {key}, given: {given} }}")
            }
        };
        call_with("send", &sent)
    }

    fn raise(&self, raise: &Raise) -> String {
        let raised = &self.usage.automaton.events[raise.event];
        let variant = format!("Event::{}", self.usage.own_names().event(raise.event));
        call_with("raise", &literal(self.scope, &variant, &raised.fields, &raise.arguments))
    }
}

/// A call of a method of `Effects`; a value that may note a fault there is made before.
fn call_with(method: &str, value: &str) -> String {
    if value.contains("context.effects.") {
        format!("let value_ = {value};\ncontext.effects.{method}(value_);\n")
    } else {
        format!("context.effects.{method}({value});\n")
    }
}

fn owned_key(scope: Scope<'_>, usage: &Usage<'_>, receiver: AutomatonId, key: &Expression, is_start: bool) -> String {
    if usage.sends_wide(receiver, is_start) {
        return scope.wide(key);
    }
    let declared = usage.system.automata[receiver].key.as_ref().expect("only keyed automata are addressed by key");
    scope.owned(key, declared.r#type, None)
}

fn literal(scope: Scope<'_>, path: &str, fields: &[Field], values: &[Expression]) -> String {
    if fields.is_empty() {
        return path.to_owned();
    }
    let fields: Vec<String> = fields
        .iter()
        .zip(values)
        .map(|(field, value)| assigned(&identifiers::word(&field.name), scope.owned(value, field.r#type, None)))
        .collect();
    format!("{path} {{ {} }}", fields.join(", "))
}

/// `name: value`, or `name` where that is the same.
fn assigned(name: &str, value: String) -> String {
    if name == value { value } else { format!("{name}: {value}") }
}

fn given(
    scope: Scope<'_>,
    usage: &Usage<'_>,
    receiver: AutomatonId,
    parameters: &[(crate::model::ParameterId, Expression)],
) -> String {
    let automaton = &usage.system.automata[receiver];
    if automaton.parameters.is_empty() {
        return "()".to_owned();
    }
    let path = format!("{}Given", usage.path_to(receiver));
    if parameters.is_empty() {
        return format!("{path}::default()");
    }
    let mut fields: Vec<String> = parameters
        .iter()
        .map(|(id, value)| {
            let parameter = &automaton.parameters[*id];
            let value = scope.owned(value, parameter.r#type, None);
            let name = identifiers::word(&parameter.name);
            match parameter.default {
                Some(_) => format!("{name}: Some({value})"),
                None => assigned(&name, value),
            }
        })
        .collect();
    if parameters.len() < automaton.parameters.len() {
        if automaton.parameters.iter().all(|parameter| parameter.default.is_some()) {
            fields.push(format!("..{path}::default()"));
        } else {
            let is_given = |id: usize| parameters.iter().any(|(given, _)| given.index() == id);
            let rest = automaton.parameters.iter().enumerate().filter(|(id, _)| !is_given(*id));
            fields.extend(rest.map(|(_, parameter)| format!("{}: None", identifiers::word(&parameter.name))));
        }
    }
    format!("{path} {{ {} }}", fields.join(", "))
}

/// Starts a timer, with its length read now.
pub fn start_timer(usage: &Usage<'_>, id: TimerId) -> String {
    started(usage, id, Scope::new(usage, None))
}

/// Starts a timer where there is no context, only `parameters`, `variables` and `effects`; nothing if its length needs
/// more.
pub fn start_timer_outside(usage: &Usage<'_>, id: TimerId) -> String {
    if starts_outside(usage, id) { started(usage, id, Scope::outside(usage)) } else { String::new() }
}

/// Whether nothing but parameters and variables decides how long a timer runs.
pub fn starts_outside(usage: &Usage<'_>, id: TimerId) -> bool {
    let needs_more = |part: &Expression| {
        matches!(part.kind, ExpressionKind::Condition(..) | ExpressionKind::InState { .. } | ExpressionKind::Key)
    };
    !usage.automaton.timers[id].length.contains(needs_more)
}

fn started(usage: &Usage<'_>, id: TimerId, scope: Scope<'_>) -> String {
    let timer = &usage.automaton.timers[id];
    let start = match timer.kind {
        TimerKind::After => "start_after",
        TimerKind::Every => "start_every",
    };
    let length = scope.owned(&timer.length, Type::DURATION, None);
    let (effects, timer) = (scope.effects(), usage.timer(id));
    if length.contains("effects.") {
        // It may note a fault there, so it is calculated before.
        return format!("let length_ = {length};\n{effects}.{start}(Timer::{timer}, length_);\n");
    }
    format!("{effects}.{start}(Timer::{timer}, {length});\n")
}

/// What entering one state does.
pub fn entering(usage: &Usage<'_>, id: StateId) -> String {
    let state = &usage.automaton.states[id];
    let mut text = observation(usage, Change::Enters, id);
    text.push_str(&statements(usage, &state.entry, None, |_| true));
    for &timer in &state.timers {
        text.push_str(&start_timer(usage, timer));
    }
    text
}

/// What leaving one state does.
pub fn leaving(usage: &Usage<'_>, id: StateId) -> String {
    let state = &usage.automaton.states[id];
    let mut text = String::new();
    if state.history != History::None {
        let name = identifiers::snake(&state.name);
        let _ =
            writeln!(text, "context.history.{} = Some(remembered_in_{name}(context.leaf));", identifiers::word(&name));
    }
    text.push_str(&statements(usage, &state.exit, None, |_| true));
    for &timer in &state.timers {
        let _ = writeln!(text, "context.effects.stop(Timer::{});", usage.timer(timer));
    }
    text.push_str(&observation(usage, Change::Leaves, id));
    text
}

fn observation(usage: &Usage<'_>, change: Change, id: StateId) -> String {
    if !usage.observed.contains(&(change, id)) {
        return String::new();
    }
    let state = usage.own_names().state(id);
    format!("context.effects.send(Sent::{}{state});\n", identifiers::change_word(change))
}
