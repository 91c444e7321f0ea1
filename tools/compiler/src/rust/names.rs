//! How names of the language become names of Rust.

use std::collections::BTreeSet;

use crate::model::{Automaton, Change, Event, EventKind, State, StateId, System, Timer, TimerKind};

/// `tcp_connection` and `AT_STARTUP` become `TcpConnection` and `AtStartup`.
pub fn camel(name: &str) -> String {
    crate::names::upper_camel(name)
}

/// `AT_STARTUP` becomes `at_startup`.
pub fn snake(state: &str) -> String {
    state.to_lowercase()
}

/// What serde's `rename_all = "snake_case"` makes of a variant.
pub fn serde_snake(variant: &str) -> String {
    let mut snake = String::with_capacity(variant.len() + 4);
    for (place, character) in variant.char_indices() {
        if place > 0 && character.is_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// The variant of `State`.
pub fn state_variant(state: &State) -> String {
    if state.name.is_empty() { "Root".to_owned() } else { camel(&state.name) }
}

/// The function that answers for a state.
pub fn handler(automaton: &Automaton, state: StateId) -> String {
    if state == StateId::ROOT { "anywhere".to_owned() } else { format!("in_{}", snake(&automaton.states[state].name)) }
}

/// The variant of `Event`.
pub fn event_variant(system: &System, event: &Event) -> String {
    match event.kind {
        EventKind::Declared { .. } => camel(&event.name),
        EventKind::Observation { automaton, change, state } => {
            let observed = &system.automata[automaton];
            format!("{}{}{}", camel(&observed.name), change_word(change), camel(&observed.states[state].name))
        }
    }
}

/// `Enters`, `Leaves`.
pub fn change_word(change: Change) -> &'static str {
    match change {
        Change::Enters => "Enters",
        Change::Leaves => "Leaves",
    }
}

/// The variant of `Timer`, before it is made unique.
pub fn timer_variant(automaton: &Automaton, timer: &Timer) -> String {
    let kind = match timer.kind {
        TimerKind::After => "After",
        TimerKind::Every => "Every",
    };
    format!("{}{kind}{}", camel(&automaton.states[timer.state].name), camel(&words_of(&timer.name)))
}

/// The letters and digits of a length, which may be any expression, as a name: `backoff * 2` becomes `backoff_2`.
fn words_of(length: &str) -> String {
    let words: Vec<&str> = length.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("_")
}

/// Makes names unique by counting up those that come again.
#[derive(Default)]
pub struct Unique {
    used: BTreeSet<String>,
}

impl Unique {
    /// `name`, or `name2`, `name3` …
    pub fn name(&mut self, name: String) -> String {
        let mut unique = name.clone();
        let mut number = 2;
        while !self.used.insert(unique.clone()) {
            unique = format!("{name}{number}");
            number += 1;
        }
        unique
    }
}

/// The variable that holds an event's field; stays clear of the names that generated functions use themselves.
pub fn binding(field: &str) -> String {
    match field {
        "context" | "self" | "faults" | "holds" | "other" => format!("{field}_field"),
        _ => field.to_owned(),
    }
}

/// Whether the text has that word, not as a part of a longer one.
pub fn has_word(text: &str, word: &str) -> bool {
    let is_part = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).any(|(place, _)| {
        !is_part(text[..place].chars().next_back()) && !is_part(text[place + word.len()..].chars().next())
    })
}

/// The names before a `::`.
pub fn qualifiers(text: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for (end, _) in text.match_indices("::") {
        let before = &text[..end];
        names.insert(&before[before.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_').len()..]);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_converted() {
        assert_eq!(camel("tcp_connection"), "TcpConnection");
        assert_eq!(camel("AT_STARTUP"), "AtStartup");
        assert_eq!(camel("p2p_connector"), "P2pConnector");
        assert_eq!(serde_snake("TcpConnection"), "tcp_connection");
    }

    #[test]
    fn qualifiers_are_whole_names() {
        let found = qualifiers("a_b::C, d::e::F; ::g h:: <i>::J");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["", "a_b", "d", "e", "h"]);
    }

    #[test]
    fn what_comes_again_is_counted() {
        let mut unique = Unique::default();
        assert_eq!(["A", "B", "A", "A"].map(|name| unique.name(name.to_owned())), ["A", "B", "A2", "A3"]);
    }
}
