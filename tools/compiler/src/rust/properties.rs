//! Properties, as a function that says which an instance violates.

use std::fmt::Write as _;

use super::expressions::Scope;
use super::usage::Usage;
use crate::model::{AutomatonId, ExpressionKind, Observed, PropertyKind};

/// `violates`; nothing for an automaton without properties that are looked at.
pub fn function(usage: &Usage<'_>) -> String {
    if usage.properties.is_empty() {
        return String::new();
    }
    let mut arms = String::new();
    for (index, property) in usage.properties.iter().enumerate() {
        let holds = Scope::property(usage).holds(&property.expression);
        let violated = if property.kind == PropertyKind::Never { holds } else { format!("!({holds})") };
        let _ = writeln!(arms, "// {}\n{index} => {violated},", property.name);
    }
    let sees = |is_such: &dyn Fn(&ExpressionKind) -> bool| {
        usage.properties.iter().any(|property| property.expression.contains(|part| is_such(&part.kind)))
    };
    let is_self = |part: &ExpressionKind| matches!(part, ExpressionKind::InState { who: Observed::Itself, .. });
    let name = |is_used: bool, name: &'static str| if is_used { name } else { "_" };
    let states = if usage.watched().is_empty() { String::new() } else { ", states: &States".to_owned() };
    format!(
        "/// Whether an instance violates that one of its properties.\n\
         pub fn violates(property: usize, {}: &{}, {}: State, {}: &Parameters, {}: &Variables{states}) -> bool {{ \
           match property {{ {arms} _ => false }} }}\n",
        name(sees(&|part| matches!(part, ExpressionKind::Key)), "key"),
        usage.key_type(),
        name(sees(&is_self), "state"),
        name(sees(&|part| matches!(part, ExpressionKind::Parameter(_))), "parameters"),
        name(sees(&|part| matches!(part, ExpressionKind::Variable(_))), "variables"),
    )
}

/// `PROPERTIES` of `impl Automaton`.
pub fn names(usage: &Usage<'_>) -> String {
    if usage.properties.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = usage.properties.iter().map(|property| property.name.as_str()).collect();
    format!("const PROPERTIES: &'static [&'static str] = &{names:?};\n")
}

/// What `impl System` says of them: for each automaton, whose properties look at its states.
pub fn watchers(all: &[Usage<'_>]) -> String {
    if all.iter().all(|usage| usage.properties.is_empty()) {
        return String::new();
    }
    let mut arms = String::new();
    for observed in all {
        let mut looks = String::new();
        for watcher in all {
            let watching = watching(watcher, observed.id);
            if !watching.is_empty() {
                let module = &watcher.own_names().module;
                let _ = writeln!(looks, "bus.look_at_all::<{module}::Machine>(&{watching:?});");
            }
        }
        if !looks.is_empty() {
            let _ = writeln!(arms, "{} => {{ {looks} }}", observed.id.index());
        }
    }
    let watchers = if arms.is_empty() {
        String::new()
    } else {
        format!(
            "fn look_at_watchers<R: Recorder>(bus: &mut Bus<Self, R>, automaton: usize) {{ \
               match automaton {{ {arms} _ => {{}} }} }}\n"
        )
    };
    format!("const LOOKS_AT_PROPERTIES: bool = true;\n{watchers}")
}

/// The properties of an automaton that look at states of that one.
fn watching(usage: &Usage<'_>, observed: AutomatonId) -> Vec<usize> {
    let looks = |part: &ExpressionKind| {
        matches!(part, ExpressionKind::InState { who, automaton, .. }
            if *who != Observed::Itself && *automaton == observed)
    };
    let properties = usage.properties.iter().enumerate();
    properties.filter(|(_, of)| of.expression.contains(|part| looks(&part.kind))).map(|(index, _)| index).collect()
}

/// `violates` of `impl Member`.
pub fn member(usage: &Usage<'_>, path: &str) -> String {
    if usage.properties.is_empty() {
        return String::new();
    }
    let member = &usage.own_names().member;
    let states = if usage.watched().is_empty() { "" } else { ", &self.states" };
    format!(
        "fn violates(&self, slot: Slot, property: usize) -> bool {{ \
           let instance = self.{member}.instance(slot); \
           {path}::violates(property, self.{member}.key(slot), instance.state, &instance.parameters, &instance.variables{states}) }}\n"
    )
}
