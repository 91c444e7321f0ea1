//! The state machine: one function for each state, which asks its parent's where it has no answer of its own; what each
//! transition leaves, does and enters; and the implementation of `statig`'s traits on top.
//!
//! The functions of the parents are inlined into those of the leaves, so that at run time every leaf knows its whole chain. Exits, own part
//! and entries of each transition are resolved here: `statig` learns of leaves only (`Superstate = ()`), and calls
//! `call_exit_action` and `call_entry_action` once each for a transition, between which it changes the state.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::documentation::documented;
use super::effects;
use super::expressions::Scope;
use super::identifiers;
use super::usage::{Usage, fields_in, fields_of_effects};
use crate::model::{
    Event, EventId, EventKind, Handler, History, Reaction, Response, StateId, Target, TransitionId, Trigger,
};

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
    for (event, handlers) in events {
        arms.push_str(&event_arm(usage, id, event, &handlers, &further));
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

/// What a state says about each event, in the order of the first mention; the root also answers for keyed observations that nobody waits for.
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

fn event_arm(usage: &Usage<'_>, id: StateId, event_id: EventId, handlers: &[&Handler], further: &str) -> String {
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
    let body = chain(alternatives, further);
    format!("Trigger::Event({}) => {body},\n", pattern(usage, event_id, &used))
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
            match (part.is_empty(), transition.trigger) {
                (true, _) => "context.internal()".to_owned(),
                (false, Trigger::Always) => {
                    format!("if !context.is_exhausted() {{ {part} }} context.internal()")
                }
                (false, _) => format!("{part} context.internal()"),
            }
        }
        Reaction::To(target) => {
            let leaf = match target {
                Target::State(state) => leaf_variant(usage, *state),
                Target::History(state) => {
                    format!("context.history_of_{}()", identifiers::snake(&usage.automaton.states[*state].name))
                }
            };
            format!("context.take(Transition::{}, {leaf})", transition_value(usage, id))
        }
    };
    Alternative { condition, answer }
}

/// The leaf that is entered when a state is the target.
fn leaf_variant(usage: &Usage<'_>, state: StateId) -> String {
    let leaf = usage.automaton.default_entries(state).last().copied().unwrap_or(state);
    usage.leaf(leaf)
}

/// `ClientAnswerReceived { peer }`, as a value and as a pattern.
fn transition_value(usage: &Usage<'_>, id: TransitionId) -> String {
    let fields = transition_fields(usage, id);
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    let variant = usage.transition(id);
    if names.is_empty() { variant.to_owned() } else { format!("{variant} {{ {} }}", names.join(", ")) }
}

/// The fields of the event that the own part of a transition needs: name and type.
fn transition_fields(usage: &Usage<'_>, id: TransitionId) -> Vec<(String, String)> {
    let transition = &usage.automaton.transitions[id];
    let Trigger::Event(event) = transition.trigger else { return Vec::new() };
    let fields = &usage.automaton.events[event].fields;
    let used = fields_of_effects(&transition.effects);
    used.iter()
        .map(|&field| {
            let field = &fields[field as usize];
            (usage.binding(&field.name), super::types::owned_type(usage.system, field.r#type))
        })
        .collect()
}

/// `Transition` borrows from the event at hand.
pub fn transition_borrows(usage: &Usage<'_>) -> bool {
    (0..usage.automaton.transitions.len() as u32)
        .map(TransitionId)
        .any(|id| !usage.transition(id).is_empty() && !transition_fields(usage, id).is_empty())
}

/// The enum of transitions.
pub fn transition_enum(usage: &Usage<'_>) -> String {
    let mut variants = String::from("/// Into the initial state.\nStart,\n");
    for (index, transition) in usage.automaton.transitions.iter().enumerate() {
        let id = TransitionId(index as u32);
        let Reaction::To(target) = transition.reaction else { continue };
        let state = &usage.automaton.states[transition.state].name;
        let trigger = super::metadata::trigger_text(usage, transition);
        let target_name = super::metadata::target_text(usage, target);
        let from = if state.is_empty() { "anywhere".to_owned() } else { format!("in `{state}`") };
        let head =
            format!("`{trigger}` {from} → `{target_name}` ({}).", super::metadata::place_text(usage, transition.span));
        variants.push_str(&documented(&super::documentation::sentences(&[&head, &transition.summary])));
        let fields = transition_fields(usage, id);
        let fields: Vec<String> = fields.iter().map(|(name, of)| format!("{name}: &'a {of}")).collect();
        if fields.is_empty() {
            let _ = writeln!(variants, "{},", usage.transition(id));
        } else {
            let _ = writeln!(variants, "{} {{ {} }},", usage.transition(id), fields.join(", "));
        }
    }
    let generics = if transition_borrows(usage) { "<'a>" } else { "" };
    format!(
        "/// A transition with a target, with what its own part needs of the event.\n\
         #[derive(Clone, Copy, Debug)]\n\
         #[allow(missing_docs, reason = \"fields are what they are called\")]\n\
         pub enum Transition{generics} {{ {variants} }}\n"
    )
}

/// One function for each state that does something when it is entered or left.
pub fn entries_and_exits(usage: &Usage<'_>) -> String {
    let mut text = String::new();
    for id in usage.automaton.state_ids() {
        let state = &usage.automaton.states[id];
        let (name, title) = match id {
            StateId::ROOT => (usage.enter_root.clone(), "the root".to_owned()),
            _ => (format!("enter_{}", identifiers::snake(&state.name)), format!("`{}`", state.name)),
        };
        if usage.enters_visibly(id) {
            let body = effects::entering(usage, id);
            let _ = writeln!(text, "/// On entering {title}.\nfn {name}(context: &mut Context<'_>) {{ {body} }}");
        }
        if id != StateId::ROOT && usage.leaves_visibly(id) {
            let body = effects::leaving(usage, id);
            let leaf = if state.history == History::None { "" } else { ", leaf: State" };
            let name = identifiers::snake(&state.name);
            let _ = writeln!(
                text,
                "/// On leaving {title}.\nfn leave_{name}(context: &mut Context<'_>{leaf}) {{ {body} }}"
            );
        }
    }
    text
}

/// What `call_exit_action` does: what is left, and the own part of each transition.
pub fn exit_arms(usage: &Usage<'_>) -> Arms {
    let mut arms = Arms::default();
    for (index, transition) in usage.automaton.transitions.iter().enumerate() {
        let id = TransitionId(index as u32);
        let Reaction::To(target) = transition.reaction else { continue };
        let scope = usage.automaton.scope(transition.state, target);
        let event = match transition.trigger {
            Trigger::Event(event) => Some(&usage.automaton.events[event]),
            _ => None,
        };
        let part = effects::statements(usage, &transition.effects, event, |state| usage.automaton.is_in(scope, state));
        let leaves = usage.leaves_in(transition.state);
        let leaves = leaves.into_iter().filter(|&leaf| !usage.automaton.states[leaf].is_final);
        let calls = |leaf| {
            let left = usage.automaton.exits(leaf, scope);
            left.into_iter()
                .filter(|&state| usage.leaves_visibly(state))
                .map(|state| leave_call(usage, state))
                .collect()
        };
        let exits = by_leaf(usage, leaves, calls);
        arms.add(transition_value(usage, id), exits + &part);
    }
    arms
}

/// The arms of a `match` on the transition, those that do the same joined, those that do nothing left out.
#[derive(Default)]
pub struct Arms(Vec<(String, Vec<String>)>);

impl Arms {
    fn add(&mut self, pattern: String, body: String) {
        if body.trim().is_empty() {
            return;
        }
        match self.0.iter_mut().find(|(known, _)| *known == body) {
            // Patterns that bind different types cannot be joined.
            Some((_, patterns)) if !binds(&pattern) && !binds(&patterns[0]) => patterns.push(pattern),
            _ => self.0.push((body, vec![pattern])),
        }
    }

    /// The whole statement; nothing if there are no arms.
    pub fn matching(self, what: &str) -> String {
        if let [(body, patterns)] = &self.0[..] {
            return format!("if let {} = {what} {{ {body} }}", joined(patterns));
        }
        if self.0.is_empty() {
            return String::new();
        }
        let arms = self.0.iter().fold(String::new(), |mut arms, (body, patterns)| {
            let _ = writeln!(arms, "{} => {{ {body} }}", joined(patterns));
            arms
        });
        format!("match {what} {{ {arms} _ => {{}} }}")
    }
}

fn binds(pattern: &str) -> bool {
    pattern.contains('{') && !pattern.ends_with("{ .. }")
}

/// `Some(Transition::A | Transition::B)`.
fn joined(patterns: &[String]) -> String {
    let patterns: Vec<String> = patterns.iter().map(|pattern| format!("Transition::{pattern}")).collect();
    format!("Some({})", patterns.join(" | "))
}

fn leave_call(usage: &Usage<'_>, id: StateId) -> String {
    let state = &usage.automaton.states[id];
    let leaf = if state.history == History::None { "" } else { ", *self" };
    format!("leave_{}(context{leaf});\n", identifiers::snake(&state.name))
}

/// What `call_entry_action` does: what each transition enters.
pub fn entry_arms(usage: &Usage<'_>) -> Arms {
    let automaton = usage.automaton;
    let mut arms = Arms::default();
    let start = std::iter::once(StateId::ROOT).chain(automaton.default_entries(StateId::ROOT));
    arms.add("Start".to_owned(), enter_calls(usage, start));
    for (index, transition) in automaton.transitions.iter().enumerate() {
        let Reaction::To(target) = transition.reaction else { continue };
        let scope = automaton.scope(transition.state, target);
        let way = automaton.entries(scope, target.state());
        let body = match target {
            Target::State(state) => enter_calls(usage, way.into_iter().chain(automaton.default_entries(state))),
            Target::History(state) => {
                let calls = |leaf| {
                    let inside = automaton.entries(state, leaf);
                    let all = way.iter().copied().chain(inside);
                    all.filter(|&state| usage.enters_visibly(state)).map(|state| enter_call(usage, state)).collect()
                };
                by_leaf(usage, usage.leaves_in(state).into_iter(), calls)
            }
        };
        let id = TransitionId(index as u32);
        let fields = if transition_fields(usage, id).is_empty() { "" } else { " { .. }" };
        arms.add(format!("{}{fields}", usage.transition(id)), body);
    }
    arms
}

fn enter_calls(usage: &Usage<'_>, states: impl Iterator<Item = StateId>) -> String {
    states.filter(|&state| usage.enters_visibly(state)).map(|state| enter_call(usage, state)).collect()
}

fn enter_call(usage: &Usage<'_>, id: StateId) -> String {
    match id {
        StateId::ROOT => format!("{}(context);\n", usage.enter_root),
        _ => format!("enter_{}(context);\n", identifiers::snake(&usage.automaton.states[id].name)),
    }
}

/// The calls for each leaf: at once if they are the same for all, otherwise by a `match` on the leaf.
fn by_leaf(usage: &Usage<'_>, leaves: impl Iterator<Item = StateId>, calls: impl Fn(StateId) -> String) -> String {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut order = Vec::new();
    for leaf in leaves {
        let calls = calls(leaf);
        if !groups.contains_key(&calls) {
            order.push(calls.clone());
        }
        groups.entry(calls).or_default().push(usage.leaf(leaf));
    }
    if order.len() <= 1 {
        return order.pop().unwrap_or_default();
    }
    let visible: Vec<&String> = order.iter().filter(|calls| !calls.is_empty()).collect();
    if let [calls] = visible[..]
        && let [leaf] = &groups[calls][..]
    {
        return format!("if *self == {leaf} {{ {calls} }}\n");
    }
    let mut arms = String::new();
    for calls in visible {
        let _ = writeln!(arms, "{} => {{ {calls} }}", groups[calls].join(" | "));
    }
    let is_exhaustive = order.iter().all(|calls| !calls.is_empty())
        && groups.values().map(Vec::len).sum::<usize>() == usage.automaton.leaves().count();
    let rest = if is_exhaustive { "" } else { "_ => {}" };
    format!("match *self {{ {arms} {rest} }}\n")
}
