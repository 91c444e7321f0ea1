//! The state machine: one function for each state, which asks its parent's where it has no answer of its own.
//!
//! The functions of the parents are inlined into those of the leaves, so that at run time every leaf knows its whole
//! chain. What a transition leaves, does and enters is resolved here, and stands where the transition is: `statig`
//! learns of leaves only (`Superstate = ()`), and has no exits and entries to call.

use std::fmt::Write as _;

use super::documentation::{documented, remarked, sentences};
use super::expressions::Scope;
use super::usage::{Usage, fields_in, fields_of_effects};
use super::{effects, identifiers, metadata, transitions};
use crate::model::{Event, EventId, EventKind, Handler, Reaction, Response, StateId, Transition, TransitionId};

/// One possible answer of a state, tried in order.
struct Alternative {
    condition: Option<String>,
    answer: String,
}

/// The functions that answer, one for each state that can be active.
pub fn handlers(usage: &Usage<'_>) -> String {
    let mut text = String::new();
    for id in usage.automaton.state_ids() {
        if !usage.automaton.states[id].is_final {
            text.push_str(&handler(usage, id));
        }
    }
    text
}

/// The function that answers for a state.
pub fn handler_name(usage: &Usage<'_>, id: StateId) -> String {
    match id {
        StateId::ROOT => "anywhere".to_owned(),
        _ => format!("in_{}", identifiers::snake(&usage.automaton.states[id].name)),
    }
}

fn handler(usage: &Usage<'_>, id: StateId) -> String {
    let state = &usage.automaton.states[id];
    let further = match state.parent {
        Some(parent) => format!("{}(context)", handler_name(usage, parent)),
        None => "context.nobody_answers()".to_owned(),
    };
    let mut arms = String::new();
    let events = by_event(usage, id);
    let of_all = |all: usize, own: usize| all > 0 && own == all;
    let is_everything = of_all(usage.automaton.events.len(), events.len())
        && of_all(usage.automaton.timers.len(), state.timers.len())
        && !state.always.is_empty();
    let of_events = events.iter().map(|(event, handlers)| event_arm(usage, id, *event, handlers, &further));
    for (patterns, body) in joined(of_events) {
        let _ = writeln!(arms, "Trigger::Event({}) => {body},", patterns.join(" | "));
    }
    for &timer in &state.timers {
        let cases = &usage.automaton.timers[timer].cases;
        let alternatives = cases.iter().map(|&case| alternative(usage, case, None, None)).collect();
        let body = chain(alternatives, "context.nobody_answers()");
        let _ = writeln!(arms, "Trigger::Timer(Timer::{}) => {body},", usage.timer(timer));
    }
    if !state.always.is_empty() {
        let alternatives = state.always.iter().map(|&case| alternative(usage, case, None, None)).collect();
        let body = chain(alternatives, &further);
        let _ = writeln!(arms, "Trigger::Always | Trigger::Exhausted => {body},");
    }
    let what = match (id, state.name.as_str()) {
        (StateId::ROOT, _) => "What holds in every state.".to_owned(),
        (_, name) if state.summary.is_empty() => format!("`{name}`."),
        (_, name) => format!("`{name}`: {}", state.summary),
    };
    let rest = if is_everything { String::new() } else { format!("_ => {further},") };
    let body = if arms.is_empty() { further } else { format!("match context.trigger {{ {arms} {rest} }}") };
    format!(
        "{}#[inline]\nfn {}(context: &mut Context<'_>) -> Response {{ {body} }}\n",
        documented(&what),
        handler_name(usage, id)
    )
}

/// What a state says about each event, in the order of the first mention; the root also answers for keyed observations
/// that nobody waits for.
fn by_event<'a>(usage: &'a Usage<'_>, id: StateId) -> Vec<(EventId, Vec<&'a Handler>)> {
    let mut events: Vec<(EventId, Vec<&Handler>)> = Vec::new();
    for handler in &usage.automaton.states[id].handlers {
        match events.iter_mut().find(|(event, _)| *event == handler.event) {
            Some((_, handlers)) => handlers.push(handler),
            None => events.push((handler.event, vec![handler])),
        }
    }
    if id == StateId::ROOT {
        for index in 0..usage.automaton.events.len() as u32 {
            let event = EventId(index);
            if !awaited_keys(usage, event).is_empty() && events.iter().all(|(known, _)| *known != event) {
                events.push((event, Vec::new()));
            }
        }
    }
    events
}

/// The keys for which an observation is awaited anywhere, if it is awaited for certain keys only.
fn awaited_keys<'a>(usage: &'a Usage<'_>, event: EventId) -> Vec<&'a Handler> {
    let handlers = usage.automaton.states.iter().flat_map(|state| &state.handlers);
    let handlers: Vec<&Handler> = handlers.filter(|handler| handler.event == event).collect();
    let is_observation = matches!(usage.automaton.events[event].kind, EventKind::Observation { .. });
    if is_observation && handlers.iter().all(|handler| handler.key.is_some()) { handlers } else { Vec::new() }
}

/// Arms that do the same are one, unless their patterns bind something.
fn joined(arms: impl Iterator<Item = Arm>) -> Vec<(Vec<String>, String)> {
    let mut joined: Vec<(bool, Vec<String>, String)> = Vec::new();
    for Arm { pattern, binds, body } in arms {
        match joined.iter_mut().find(|(other_binds, _, other)| !binds && !other_binds && *other == body) {
            Some((_, patterns, _)) => patterns.push(pattern),
            None => joined.push((binds, vec![pattern], body)),
        }
    }
    joined.into_iter().map(|(_, patterns, body)| (patterns, body)).collect()
}

/// What a state answers to an event.
struct Arm {
    pattern: String,
    /// The pattern binds fields.
    binds: bool,
    body: String,
}

fn event_arm(usage: &Usage<'_>, id: StateId, event_id: EventId, handlers: &[&Handler], further: &str) -> Arm {
    let event = &usage.automaton.events[event_id];
    let scope = Scope::new(usage, Some(event));
    let mut used = std::collections::BTreeSet::new();
    let mut alternatives: Vec<Alternative> = Vec::new();
    // What stands behind one without a condition is never asked, and names no fields.
    let is_decided = |so_far: &[Alternative]| so_far.last().is_some_and(|last| last.condition.is_none());
    for handler in handlers {
        if is_decided(&alternatives) {
            break;
        }
        if let Some(key) = &handler.key {
            used.insert(0);
            fields_in(key, &mut used);
        }
        let key = || handler.key.as_ref().map(|key| scope.key_matches(key));
        match &handler.response {
            Response::Cases(cases) => {
                for &case in cases {
                    if is_decided(&alternatives) {
                        break;
                    }
                    let transition = &usage.automaton.transitions[case];
                    used.extend(fields_of_effects(&transition.effects));
                    if let Some(guard) = &transition.guard {
                        fields_in(guard, &mut used);
                    }
                    alternatives.push(alternative(usage, case, Some(event), key()));
                }
            }
            Response::Defer { limit } => {
                alternatives.push(Alternative { condition: key(), answer: format!("context.deferred({limit})") });
            }
            Response::Ignore { .. } => {
                alternatives.push(Alternative { condition: key(), answer: "context.ignored()".to_owned() });
            }
        }
    }
    if id == StateId::ROOT && !is_decided(&alternatives) {
        let keys = awaited_keys(usage, event_id);
        let keys: Vec<String> =
            keys.iter().filter_map(|handler| handler.key.as_ref()).map(|key| scope.key_matches(key)).collect();
        if !keys.is_empty() {
            used.insert(0);
            let condition = Some(format!("!({})", keys.join(" || ")));
            alternatives.push(Alternative { condition, answer: "context.ignored()".to_owned() });
        }
    }
    Arm { pattern: pattern(usage, event_id, &used), binds: !used.is_empty(), body: chain(alternatives, further) }
}

/// `Event::HelloReceived { peer, .. }`.
fn pattern(usage: &Usage<'_>, id: EventId, used: &std::collections::BTreeSet<u32>) -> String {
    let event = &usage.automaton.events[id];
    let variant = format!("Event::{}", usage.own_names().event(id));
    if event.fields.is_empty() {
        return variant;
    }
    let mut fields: Vec<String> = used
        .iter()
        .map(|&field| {
            let name = &event.fields[field as usize].name;
            let (field, binding) = (identifiers::word(name), usage.binding(name));
            if field == binding { binding } else { format!("{field}: {binding}") }
        })
        .collect();
    if fields.len() < event.fields.len() {
        fields.push("..".to_owned());
    }
    format!("{variant} {{ {} }}", fields.join(", "))
}

/// `if … { … } else if … { … } else { … }`; what comes after one without a condition is never reached.
fn chain(alternatives: Vec<Alternative>, further: &str) -> String {
    let mut text = String::new();
    for alternative in alternatives {
        match alternative.condition {
            Some(condition) => {
                let _ = write!(text, "if {condition} {{ {} }} else ", alternative.answer);
            }
            None if text.is_empty() => return format!("{{ {} }}", alternative.answer),
            None => {
                let _ = write!(text, "{{ {} }}", alternative.answer);
                return text;
            }
        }
    }
    let _ = write!(text, "{{ {further} }}");
    text
}

fn alternative(usage: &Usage<'_>, id: TransitionId, event: Option<&Event>, key: Option<String>) -> Alternative {
    let transition = &usage.automaton.transitions[id];
    let scope = Scope::new(usage, event);
    let condition = Scope::both(key, transition.guard.as_ref(), scope);
    let answer = match &transition.reaction {
        Reaction::Ignore { .. } => "context.ignored()".to_owned(),
        Reaction::Internal { .. } => {
            let part = effects::statements(usage, &transition.effects, event, |_| true);
            format!("{} context.internal()", transitions::unless_exhausted(transition, part))
        }
        Reaction::To(target) => transitions::taken(usage, transition, *target, event),
    };
    let answer = format!("{}{answer}", remark(usage, transition));
    Alternative { condition, answer }
}

/// Where the transition stands in the YAML, and what is said of it there.
fn remark(usage: &Usage<'_>, transition: &Transition) -> String {
    let target = match transition.reaction {
        Reaction::To(target) => format!("→ {}", metadata::target_text(usage, target)),
        Reaction::Internal { .. } => "Stays".to_owned(),
        Reaction::Ignore { .. } => "Ignored".to_owned(),
    };
    let head = format!("{target} ({}).", metadata::place_text(usage, transition.span));
    remarked(&sentences(&[&head, &transition.summary]))
}
