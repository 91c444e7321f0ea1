//! What a part of a step does, as statements, in the order of `docs/SEMANTICS.md`, section 3.

use std::fmt::Write as _;

use super::expressions::Scope;
use super::facts::Facts;
use super::names;
use crate::model::{
    AutomatonId, Change, Effects, Event, Expression, Field, History, Instances, StateId, TimerId, TimerKind,
    TimerLength,
};

/// The statements of a part. A timer is begun anew only if `is_active` says that its state is active at that moment.
pub fn statements(
    facts: &Facts<'_>,
    effects: &Effects,
    event: Option<&Event>,
    is_active: impl Fn(StateId) -> bool,
) -> String {
    let scope = Scope::new(facts, event);
    let mut text = String::new();
    for assignment in &effects.set {
        let variable = &facts.automaton.variables[assignment.variable];
        let value = scope.owned(&assignment.value, variable.r#type, variable.bounds);
        let _ = writeln!(text, "context.variables.{} = {value};", variable.name);
    }
    for call in &effects.actions {
        let action = &facts.automaton.actions[call.action];
        let value =
            literal(scope, &format!("Action::{}", names::camel(&action.name)), &action.arguments, &call.arguments);
        text.push_str(&call_with("act", &value));
    }
    for send in &effects.sends {
        let receiver = &facts.system.automata[send.to.automaton];
        let event = &receiver.events[send.event];
        let event_type = if send.to.automaton == facts.id { String::new() } else { format!("{}::", receiver.name) };
        let variant = format!("{event_type}Event::{}", names::event_variant(facts.system, event));
        let event = literal(scope, &variant, &event.fields, &send.arguments);
        let camel = names::camel(&receiver.name);
        let sent = match &send.to.instances {
            Instances::One => format!("Sent::To{camel}({event})"),
            Instances::All => format!("Sent::All{camel}({event})"),
            Instances::Keyed(key) => {
                let key = owned_key(scope, facts, send.to.automaton, key);
                format!("Sent::To{camel} {{ key: {key}, event: {event} }}")
            }
        };
        text.push_str(&call_with("send", &sent));
    }
    for start in &effects.starts {
        let receiver = &facts.system.automata[start.automaton];
        let given = given(scope, facts, start.automaton, &start.parameters);
        let camel = names::camel(&receiver.name);
        let sent = match &start.key {
            None => format!("Sent::Start{camel}({given})"),
            Some(key) => {
                let key = owned_key(scope, facts, start.automaton, key);
                format!("Sent::Start{camel} {{ key: {key}, given: {given} }}")
            }
        };
        text.push_str(&call_with("send", &sent));
    }
    for raise in &effects.raises {
        let raised = &facts.automaton.events[raise.event];
        let variant = format!("Event::{}", names::event_variant(facts.system, raised));
        let raised = literal(scope, &variant, &raised.fields, &raise.arguments);
        text.push_str(&call_with("raise", &raised));
    }
    for &timer in &effects.restarts {
        if is_active(facts.automaton.timers[timer].state) {
            text.push_str(&start_timer(facts, timer, "context."));
        }
    }
    text
}

/// A call of a method of `Effects`; a value that may note a fault there is made before.
fn call_with(method: &str, value: &str) -> String {
    if value.contains("context.effects.") {
        format!("let value = {value};\ncontext.effects.{method}(value);\n")
    } else {
        format!("context.effects.{method}({value});\n")
    }
}

fn owned_key(scope: Scope<'_>, facts: &Facts<'_>, receiver: AutomatonId, key: &Expression) -> String {
    let declared = facts.system.automata[receiver].key.as_ref().expect("only keyed automata are addressed by key");
    scope.owned(key, declared.r#type, None)
}

fn literal(scope: Scope<'_>, path: &str, fields: &[Field], values: &[Expression]) -> String {
    if fields.is_empty() {
        return path.to_owned();
    }
    let fields: Vec<String> = fields
        .iter()
        .zip(values)
        .map(|(field, value)| assigned(&field.name, scope.owned(value, field.r#type, None)))
        .collect();
    format!("{path} {{ {} }}", fields.join(", "))
}

/// `name: value`, or `name` where that is the same.
fn assigned(name: &str, value: String) -> String {
    if name == value { value } else { format!("{name}: {value}") }
}

fn given(
    scope: Scope<'_>,
    facts: &Facts<'_>,
    receiver: AutomatonId,
    parameters: &[(crate::model::ParameterId, Expression)],
) -> String {
    let automaton = &facts.system.automata[receiver];
    if automaton.parameters.is_empty() {
        return "()".to_owned();
    }
    let path = if receiver == facts.id { "Given".to_owned() } else { format!("{}::Given", automaton.name) };
    if parameters.is_empty() {
        return format!("{path}::default()");
    }
    let mut fields: Vec<String> = parameters
        .iter()
        .map(|(id, value)| {
            let parameter = &automaton.parameters[*id];
            let value = scope.owned(value, parameter.r#type, None);
            match parameter.default {
                Some(_) => format!("{}: Some({value})", parameter.name),
                None => assigned(&parameter.name, value),
            }
        })
        .collect();
    if parameters.len() < automaton.parameters.len() {
        if automaton.parameters.iter().all(|parameter| parameter.default.is_some()) {
            fields.push(format!("..{path}::default()"));
        } else {
            let is_given = |id: usize| parameters.iter().any(|(given, _)| given.index() == id);
            let rest = automaton.parameters.iter().enumerate().filter(|(id, _)| !is_given(*id));
            fields.extend(rest.map(|(_, parameter)| format!("{}: None", parameter.name)));
        }
    }
    format!("{path} {{ {} }}", fields.join(", "))
}

/// Begins a timer; `before` is where effects, parameters and variables are.
pub fn start_timer(facts: &Facts<'_>, id: TimerId, before: &str) -> String {
    let timer = &facts.automaton.timers[id];
    let start = match timer.kind {
        TimerKind::After => "start_after",
        TimerKind::Every => "start_every",
    };
    let length = match timer.length {
        TimerLength::Parameter(id) => format!("parameters.{}", facts.automaton.parameters[id].name),
        TimerLength::Variable(id) => format!("variables.{}", facts.automaton.variables[id].name),
    };
    format!("{before}effects.{start}(Timer::{}, {before}{length});\n", facts.timer(id))
}

/// What entering one state does.
pub fn entering(facts: &Facts<'_>, id: StateId) -> String {
    let state = &facts.automaton.states[id];
    let mut text = observation(facts, Change::Enters, id);
    text.push_str(&statements(facts, &state.entry, None, |_| true));
    for &timer in &state.timers {
        text.push_str(&start_timer(facts, timer, "context."));
    }
    text
}

/// What leaving one state does.
pub fn leaving(facts: &Facts<'_>, id: StateId) -> String {
    let state = &facts.automaton.states[id];
    let mut text = String::new();
    if state.history != History::None {
        let name = names::snake(&state.name);
        let _ = writeln!(text, "context.history.{name} = Some(remembered_in_{name}(leaf));");
    }
    text.push_str(&statements(facts, &state.exit, None, |_| true));
    for &timer in &state.timers {
        let _ = writeln!(text, "context.effects.stop(Timer::{});", facts.timer(timer));
    }
    text.push_str(&observation(facts, Change::Leaves, id));
    text
}

fn observation(facts: &Facts<'_>, change: Change, id: StateId) -> String {
    if !facts.observed.contains(&(change, id)) {
        return String::new();
    }
    let state = names::camel(&facts.automaton.states[id].name);
    format!("context.effects.send(Sent::{}{state});\n", names::change_word(change))
}
