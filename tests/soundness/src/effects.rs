//! The effects of a case, an `entry` or an `exit`.

use crate::behaviour::Behaviour;
use crate::chance::Chance;
use crate::expressions::Place;
use crate::plan::{Call, Of};

/// The effects that a case, an `entry` or an `exit` may have, by their keys. A new kind of effect is one more line.
pub const EFFECTS: &[(&str, Effect)] =
    &[("set", set), ("do", action), ("send", send), ("start", start), ("raise", raise), ("restart", restart)];

/// Writes one effect in that state, if there is anything that it could be.
pub type Effect = fn(&Behaviour<'_>, &Place<'_>, usize, &mut Chance) -> Option<String>;

fn set(of: &Behaviour<'_>, place: &Place<'_>, _: usize, chance: &mut Chance) -> Option<String> {
    let variable = chance.pick(&of.automaton().variables)?;
    let value = place.value(variable.of, chance)?;
    Some(format!("{} = {value}", variable.name))
}

fn action(of: &Behaviour<'_>, place: &Place<'_>, _: usize, chance: &mut Chance) -> Option<String> {
    let action = chance.pick(&of.automaton().actions)?;
    Some(format!("{}{}", action.name, place.arguments(&action.fields, chance)?))
}

fn send(of: &Behaviour<'_>, place: &Place<'_>, _: usize, chance: &mut Chance) -> Option<String> {
    let all = of.plan.automata.iter();
    let events: Vec<_> = all
        .flat_map(|other| other.events.iter().map(move |event| (other, event)))
        .filter(|(_, event)| event.automata.contains(&of.index))
        .collect();
    let (other, event) = *chance.pick(&events)?;
    let who = match other.key {
        None => String::new(),
        Some(_) if chance.once_in(4) => "[all]".to_owned(),
        Some(key) => format!("[{}]", place.value(Of::plain(of.plan.keys[key].1), chance)?),
    };
    Some(format!("{}{who}.{}{}", other.name, event.name, place.arguments(&event.fields, chance)?))
}

fn start(of: &Behaviour<'_>, place: &Place<'_>, _: usize, chance: &mut Chance) -> Option<String> {
    let keyed: Vec<_> = of.plan.automata.iter().filter(|other| other.key.is_some()).collect();
    let other = *chance.pick(&keyed)?;
    let key = place.value(Of::plain(of.plan.keys[other.key?].1), chance)?;
    let mut given = Vec::new();
    for parameter in &other.parameters {
        if chance.once_in(3)
            && let Some(value) = place.value(parameter.of, chance)
        {
            given.push(format!("{} = {value}", parameter.name));
        }
    }
    let given = if given.is_empty() { String::new() } else { format!("({})", given.join(", ")) };
    Some(format!("{}[{key}]{given}", other.name))
}

fn raise(of: &Behaviour<'_>, place: &Place<'_>, _: usize, chance: &mut Chance) -> Option<String> {
    let is_internal = |event: &&Call| event.parts.is_empty() && event.automata.is_empty();
    let internal: Vec<_> = of.automaton().events.iter().filter(is_internal).collect();
    let event = *chance.pick(&internal)?;
    Some(format!("{}{}", event.name, place.arguments(&event.fields, chance)?))
}

fn restart(of: &Behaviour<'_>, _: &Place<'_>, state: usize, chance: &mut Chance) -> Option<String> {
    let states = &of.automaton().states;
    let outwards = std::iter::successors(Some(state), |&at| states[at].parent);
    let timers: Vec<&String> = outwards.flat_map(|at| &states[at].timers).map(|(name, _)| name).collect();
    chance.pick(&timers).map(|name| (*name).clone())
}
