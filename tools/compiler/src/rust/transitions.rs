//! What a transition leaves, does and enters, in that order (`docs/SEMANTICS.md`, section 3).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::effects;
use super::identifiers;
use super::usage::Usage;
use crate::model::{Event, Reaction, StateId, Target, Transition, Trigger};

/// What is done where a transition with a target is taken, up to the answer.
pub fn taken(usage: &Usage<'_>, transition: &Transition, target: Target, event: Option<&Event>) -> String {
    let automaton = usage.automaton;
    let scope = automaton.scope(transition.state, target);
    let part = effects::statements(usage, &transition.effects, event, |state| automaton.is_in(scope, state));
    let way = automaton.entries(scope, target.state());
    // Where history leads is asked before anything is left.
    let (asked, leaf, entered) = match target {
        Target::State(state) => {
            let all = way.into_iter().chain(automaton.default_entries(state));
            (String::new(), leaf_variant(usage, state), enter_calls(usage, all))
        }
        Target::History(state) => {
            let asked =
                format!("let target_ = context.history_of_{}();\n", identifiers::snake(&automaton.states[state].name));
            let calls = |leaf| {
                let inside = automaton.entries(state, leaf);
                enter_calls(usage, way.iter().copied().chain(inside))
            };
            let entered = by_leaf(usage, "target_", usage.leaves_in(state), calls);
            (asked, "target_".to_owned(), entered)
        }
    };
    let done = exits(usage, transition.state, scope) + &part + &entered;
    format!("{asked}{} context.take({leaf})", unless_exhausted(transition, done))
}

/// Statements; an `always` beyond the limit of microsteps is only asked for.
pub fn unless_exhausted(transition: &Transition, statements: String) -> String {
    match transition.trigger {
        Trigger::Always if !statements.is_empty() => format!("if !context.is_exhausted() {{ {statements} }}"),
        _ => statements,
    }
}

/// What entering the initial state of a new instance does.
pub fn beginning(usage: &Usage<'_>) -> String {
    let all = std::iter::once(StateId::ROOT).chain(usage.automaton.default_entries(StateId::ROOT));
    enter_calls(usage, all)
}

/// One function for each state that does something when it is entered or left, and one for each state whose whole
/// inside is left, if that depends on the leaf.
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
            let name = identifiers::snake(&state.name);
            let _ = writeln!(text, "/// On leaving {title}.\nfn leave_{name}(context: &mut Context<'_>) {{ {body} }}");
        }
    }
    for scope in scopes_of_several(usage) {
        let what = match scope {
            StateId::ROOT => "every active state".to_owned(),
            _ => format!("every active state inside `{}`", usage.automaton.states[scope].name),
        };
        let body = exits_of(usage, scope, scope);
        let name = exit_function(usage, scope);
        let _ = writeln!(
            text,
            "/// Leaves {what}, from the innermost outwards.\nfn {name}(context: &mut Context<'_>) {{ {body} }}"
        );
    }
    text
}

/// What is left, up to a state that stays active: called by name, or by one function that looks at the leaf.
fn exits(usage: &Usage<'_>, from: StateId, scope: StateId) -> String {
    let text = exits_of(usage, from, scope);
    if depends_on_leaf(&text) { format!("{}(context);\n", exit_function(usage, scope)) } else { text }
}

fn exits_of(usage: &Usage<'_>, from: StateId, scope: StateId) -> String {
    let calls = |leaf| {
        let left = usage.automaton.exits(leaf, scope);
        let visible = left.into_iter().filter(|&state| usage.leaves_visibly(state));
        visible
            .map(|state| format!("leave_{}(context);\n", identifiers::snake(&usage.automaton.states[state].name)))
            .collect()
    };
    let mut leaves = usage.leaves_in(from);
    leaves.retain(|&leaf| !usage.automaton.states[leaf].is_final);
    by_leaf(usage, "context.leaf", leaves, calls)
}

fn depends_on_leaf(exits: &str) -> bool {
    exits.contains("context.leaf")
}

/// The states from inside of which some transition leaves different states for different leaves.
fn scopes_of_several(usage: &Usage<'_>) -> BTreeSet<StateId> {
    let transitions = usage.automaton.transitions.iter().filter_map(|transition| match transition.reaction {
        Reaction::To(target) => Some((transition.state, usage.automaton.scope(transition.state, target))),
        Reaction::Internal { .. } | Reaction::Ignore { .. } => None,
    });
    transitions
        .filter(|&(from, scope)| depends_on_leaf(&exits_of(usage, from, scope)))
        .map(|(_, scope)| scope)
        .collect()
}

fn exit_function(usage: &Usage<'_>, scope: StateId) -> String {
    match scope {
        StateId::ROOT => "exit_all".to_owned(),
        _ => format!("exit_inside_{}", identifiers::snake(&usage.automaton.states[scope].name)),
    }
}

/// The leaf that is entered when a state is the target.
fn leaf_variant(usage: &Usage<'_>, state: StateId) -> String {
    let leaf = usage.automaton.default_entries(state).last().copied().unwrap_or(state);
    usage.leaf(leaf)
}

fn enter_calls(usage: &Usage<'_>, states: impl Iterator<Item = StateId>) -> String {
    let visible = states.filter(|&state| usage.enters_visibly(state));
    visible
        .map(|id| match id {
            StateId::ROOT => format!("{}(context);\n", usage.enter_root),
            _ => format!("enter_{}(context);\n", identifiers::snake(&usage.automaton.states[id].name)),
        })
        .collect()
}

/// The calls for each leaf: at once if they are the same for all, otherwise by a `match` on the leaf.
fn by_leaf(usage: &Usage<'_>, leaf_at_hand: &str, leaves: Vec<StateId>, calls: impl Fn(StateId) -> String) -> String {
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
        return format!("if {leaf_at_hand} == {leaf} {{ {calls} }}\n");
    }
    let mut arms = String::new();
    for calls in visible {
        let _ = writeln!(arms, "{} => {{ {calls} }}", groups[calls].join(" | "));
    }
    let is_exhaustive = order.iter().all(|calls| !calls.is_empty())
        && groups.values().map(Vec::len).sum::<usize>() == usage.automaton.leaves().count();
    let rest = if is_exhaustive { "" } else { "_ => {}" };
    format!("match {leaf_at_hand} {{ {arms} {rest} }}\n")
}
