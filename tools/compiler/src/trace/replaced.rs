//! A delivery with other values, for values that may not be shown.

use crate::interpreter::{Asked, Delivery, Message, Value, Who};
use crate::model::{Automaton, Field, System, Type};

/// Replaces a value, by its type.
pub(super) type Replace<'a> = dyn FnMut(Type, &Value) -> Value + 'a;

/// The delivery with each of its values replaced.
pub(super) fn replaced(system: &System, delivery: &Delivery, replace: &mut Replace<'_>) -> Delivery {
    let automaton = &system.automata[delivery.address.automaton];
    let mut delivery = delivery.clone();
    if let (Some(key), Some(of)) = (&mut delivery.address.key, &automaton.key) {
        *key = replace(of.r#type, key);
    }
    message(automaton, &mut delivery.message, replace);
    for (asked, answer) in &mut delivery.asked {
        match asked {
            Asked::Condition(id, arguments) => {
                let condition = &automaton.conditions[*id];
                values(&condition.arguments, arguments, replace);
                *answer = replace(condition.r#type, answer);
            }
            Asked::State(whose, of, _) => who(&system.automata[*of], whose, replace),
        }
    }
    for changed in &mut delivery.changed {
        let of = automaton.variables[changed.variable].r#type;
        changed.before = changed.before.as_ref().map(|before| replace(of, before));
        changed.after = replace(of, &changed.after);
    }
    for (id, arguments) in &mut delivery.actions {
        values(&automaton.actions[*id].arguments, arguments, replace);
    }
    for sending in &mut delivery.sends {
        let receiver = &system.automata[sending.to];
        who(receiver, &mut sending.who, replace);
        message(receiver, &mut sending.message, replace);
    }
    for (id, fields, _) in &mut delivery.raised {
        values(&automaton.events[*id].fields, fields, replace);
    }
    for (address, _) in &mut delivery.violated {
        if let (Some(key), Some(of)) = (&mut address.key, &system.automata[address.automaton].key) {
            *key = replace(of.r#type, key);
        }
    }
    delivery
}

fn who(automaton: &Automaton, who: &mut Who, replace: &mut Replace<'_>) {
    if let (Who::Keyed(key), Some(of)) = (who, &automaton.key) {
        *key = replace(of.r#type, key);
    }
}

fn message(receiver: &Automaton, message: &mut Message, replace: &mut Replace<'_>) {
    match message {
        Message::Event { event, fields } => values(&receiver.events[*event].fields, fields, replace),
        Message::Timer(_) => {}
        Message::Start { parameters } => {
            for (id, value) in parameters {
                *value = replace(receiver.parameters[*id].r#type, value);
            }
        }
    }
}

fn values(places: &[Field], values: &mut [Value], replace: &mut Replace<'_>) {
    for (place, value) in places.iter().zip(values) {
        *value = replace(place.r#type, value);
    }
}
