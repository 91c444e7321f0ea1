//! What a part of a step does, as statements, in the order of `docs/SEMANTICS.md`, section 3.

use std::fmt::Write as _;

use super::expressions::Scope;
use super::facts::Facts;
use super::names;
use crate::model::{
    ActionCall, Assignment, AutomatonId, Change, Effect, Effects, Event, Expression, ExpressionKind, Field, History,
    Instances, Raise, Send, Start, StateId, TimerId, TimerKind, Type,
};

/// The statements of a part. A timer starts again only if `is_active` says that its state is active at that moment.
pub fn statements(
    facts: &Facts<'_>,
    effects: &Effects,
    event: Option<&Event>,
    is_active: impl Fn(StateId) -> bool,
) -> String {
    let part = Part { scope: Scope::new(facts, event), facts };
    let mut text = String::new();
    for effect in effects {
        match effect {
            Effect::Assign(assignment) => text.push_str(&part.assignment(assignment)),
            Effect::Act(call) => text.push_str(&part.action(call)),
            Effect::Send(send) => text.push_str(&part.send(send)),
            Effect::Start(start) => text.push_str(&part.start(start)),
            Effect::Raise(raise) => text.push_str(&part.raise(raise)),
            Effect::Restart(restart) => {
                if is_active(facts.automaton.timers[restart.timer].state) {
                    text.push_str(&start_timer(facts, restart.timer));
                }
            }
        }
    }
    text
}

/// Where a part's effects are written.
struct Part<'a> {
    scope: Scope<'a>,
    facts: &'a Facts<'a>,
}

impl Part<'_> {
    fn assignment(&self, assignment: &Assignment) -> String {
        let variable = &self.facts.automaton.variables[assignment.variable];
        let value = self.scope.owned(&assignment.value, variable.r#type, variable.bounds);
        format!("context.variables.{} = {value};\n", names::word(&variable.name))
    }

    fn action(&self, call: &ActionCall) -> String {
        let action = &self.facts.automaton.actions[call.action];
        let path = format!("Action::{}", self.facts.actions[call.action.index()]);
        call_with("act", &literal(self.scope, &path, &action.arguments, &call.arguments))
    }

    fn send(&self, send: &Send) -> String {
        let facts = self.facts;
        let receiver = &facts.system.automata[send.to.automaton];
        let event = &receiver.events[send.event];
        let names = facts.names.of(send.to.automaton);
        let variant = format!("{}Event::{}", facts.path_to(send.to.automaton), names.event(send.event));
        let event = literal(self.scope, &variant, &event.fields, &send.arguments);
        let camel = &names.variant;
        let sent = match &send.to.instances {
            Instances::One => format!("Sent::To{camel}({event})"),
            Instances::All => format!("Sent::All{camel}({event})"),
            Instances::Keyed(key) => {
                let key = owned_key(self.scope, facts, send.to.automaton, key, false);
                format!("Sent::To{camel} {{ key: {key}, event: {event} }}")
            }
        };
        call_with("send", &sent)
    }

    fn start(&self, start: &Start) -> String {
        let facts = self.facts;
        let given = given(self.scope, facts, start.automaton, &start.parameters);
        let camel = &facts.names.of(start.automaton).variant;
        let sent = match &start.key {
            None => format!("Sent::Start{camel}({given})"),
            Some(key) => {
                let key = owned_key(self.scope, facts, start.automaton, key, true);
                format!("Sent::Start{camel} {{ key: {key}, given: {given} }}")
            }
        };
        call_with("send", &sent)
    }

    fn raise(&self, raise: &Raise) -> String {
        let raised = &self.facts.automaton.events[raise.event];
        let variant = format!("Event::{}", self.facts.own_names().event(raise.event));
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

fn owned_key(scope: Scope<'_>, facts: &Facts<'_>, receiver: AutomatonId, key: &Expression, is_start: bool) -> String {
    if facts.sends_wide(receiver, is_start) {
        return scope.wide(key);
    }
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
        .map(|(field, value)| assigned(&names::word(&field.name), scope.owned(value, field.r#type, None)))
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
    let path = format!("{}Given", facts.path_to(receiver));
    if parameters.is_empty() {
        return format!("{path}::default()");
    }
    let mut fields: Vec<String> = parameters
        .iter()
        .map(|(id, value)| {
            let parameter = &automaton.parameters[*id];
            let value = scope.owned(value, parameter.r#type, None);
            let name = names::word(&parameter.name);
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
            fields.extend(rest.map(|(_, parameter)| format!("{}: None", names::word(&parameter.name))));
        }
    }
    format!("{path} {{ {} }}", fields.join(", "))
}

/// Starts a timer, with its length read now.
pub fn start_timer(facts: &Facts<'_>, id: TimerId) -> String {
    started(facts, id, Scope::new(facts, None))
}

/// Starts a timer where there is no context, only `parameters`, `variables` and `effects`; nothing if its length needs more.
pub fn start_timer_outside(facts: &Facts<'_>, id: TimerId) -> String {
    if starts_outside(facts, id) { started(facts, id, Scope::outside(facts)) } else { String::new() }
}

/// Whether nothing but parameters and variables decides how long a timer runs.
pub fn starts_outside(facts: &Facts<'_>, id: TimerId) -> bool {
    let needs_more = |part: &Expression| {
        matches!(part.kind, ExpressionKind::Condition(..) | ExpressionKind::InState { .. } | ExpressionKind::Key)
    };
    !facts.automaton.timers[id].length.contains(needs_more)
}

fn started(facts: &Facts<'_>, id: TimerId, scope: Scope<'_>) -> String {
    let timer = &facts.automaton.timers[id];
    let start = match timer.kind {
        TimerKind::After => "start_after",
        TimerKind::Every => "start_every",
    };
    let length = scope.owned(&timer.length, Type::DURATION, None);
    let (effects, timer) = (scope.effects(), facts.timer(id));
    if length.contains("effects.") {
        // It may note a fault there, so it is calculated before.
        return format!("let length_ = {length};\n{effects}.{start}(Timer::{timer}, length_);\n");
    }
    format!("{effects}.{start}(Timer::{timer}, {length});\n")
}

/// What entering one state does.
pub fn entering(facts: &Facts<'_>, id: StateId) -> String {
    let state = &facts.automaton.states[id];
    let mut text = observation(facts, Change::Enters, id);
    text.push_str(&statements(facts, &state.entry, None, |_| true));
    for &timer in &state.timers {
        text.push_str(&start_timer(facts, timer));
    }
    text
}

/// What leaving one state does.
pub fn leaving(facts: &Facts<'_>, id: StateId) -> String {
    let state = &facts.automaton.states[id];
    let mut text = String::new();
    if state.history != History::None {
        let name = names::snake(&state.name);
        let _ = writeln!(text, "context.history.{} = Some(remembered_in_{name}(leaf));", names::word(&name));
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
    let state = facts.own_names().state(id);
    format!("context.effects.send(Sent::{}{state});\n", names::change_word(change))
}
