//! How names of the language become names of Rust.
//!
//! Whatever a definition calls its things, no two names of the generated text meet. Three rules see to that:
//!
//! * A name of the language never ends in `_`. So a name of Rust's own that cannot be written as it is gets one
//!   ([`word`]), and what the generator names itself among names of a definition has one too.
//! * Where two names may become one, by a change of case or because they are joined, or where the generator's own names
//!   are wanted without a `_`, a [`Scope`] hands the names out. Each scope of the generated text is filled in one
//!   place: [`Names`], and `Usage`.
//! * Modules of automata have no name of a module or crate that generated code names beside them; everything else that
//!   is imported comes from `automata_runtime::generated`.

use std::collections::BTreeSet;

use crate::keywords::KEYWORDS_OF_RUST;
use crate::model::{
    Automaton, AutomatonId, Change, Event, EventId, EventKind, PartId, State, StateId, System, Timer, TimerKind,
};

/// `tcp_connection` and `AT_STARTUP` become `TcpConnection` and `AtStartup`.
pub fn camel(name: &str) -> String {
    crate::naming::upper_camel(name)
}

/// `AT_STARTUP` becomes `at_startup`; to be part of a longer name, otherwise it wants [`word`].
pub fn snake(state: &str) -> String {
    state.to_lowercase()
}

/// The name, or with `_` behind it if it is a keyword of Rust. (`r#` would not do for `self`, nor within longer names.)
pub fn word(name: &str) -> String {
    if KEYWORDS_OF_RUST.contains(&name) { format!("{name}_") } else { name.to_owned() }
}

/// `#[serde(rename = …)]` for a field that records call otherwise than Rust does.
pub fn renamed_field(name: &str) -> String {
    if word(name) == name { String::new() } else { format!("#[serde(rename = {name:?})] ") }
}

/// `#[serde(rename = …)]` for a variant, where `rename_all = "snake_case"` would give another name.
pub fn renamed_variant(variant: &str, name: &str) -> String {
    if serde_snake(variant) == name { String::new() } else { format!("#[serde(rename = {name:?})]\n") }
}

/// What serde's `rename_all = "snake_case"` makes of a variant.
fn serde_snake(variant: &str) -> String {
    let mut snake = String::with_capacity(variant.len() + 4);
    for (place, character) in variant.char_indices() {
        if place > 0 && character.is_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// `Enters`, `Leaves`.
pub fn change_word(change: Change) -> &'static str {
    match change {
        Change::Enters => "Enters",
        Change::Leaves => "Leaves",
    }
}

/// `AfterName`, `EveryName`.
pub fn timer_word(timer: &Timer) -> String {
    let kind = match timer.kind {
        TimerKind::After => "After",
        TimerKind::Every => "Every",
    };
    format!("{kind}{}", camel(&words_of(&timer.name)))
}

/// The letters and digits of a length, which may be any expression, as a name: `backoff * 2` becomes `backoff_2`.
fn words_of(length: &str) -> String {
    let words: Vec<&str> = length.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("_")
}

/// A name without a `_` behind it, to be the beginning of a longer one.
pub fn stem(name: &str) -> &str {
    name.trim_end_matches('_')
}

/// Hands out the names of one scope, each once.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    used: BTreeSet<String>,
}

impl Scope {
    /// One in which these names are taken.
    pub fn of<'a>(taken: impl IntoIterator<Item = &'a str>) -> Self {
        Self { used: taken.into_iter().map(str::to_owned).collect() }
    }

    /// Takes a name, or `name2`, `name3` … if it is taken.
    pub fn variant(&mut self, name: &str) -> String {
        let name = word(name);
        let apart = if name.ends_with(|last: char| last.is_ascii_digit()) { "_" } else { "" };
        let counted = (2_u32..).map(|number| format!("{}{apart}{number}", stem(&name)));
        self.first_free(std::iter::once(name.clone()).chain(counted))
    }

    /// Takes a name for a variable, field or function, or the same with `_` behind it if it is taken.
    pub fn local(&mut self, name: &str) -> String {
        let name = word(name);
        let counted = (2_u32..).map(|number| format!("{name}_{number}_"));
        self.first_free([name.clone(), format!("{name}_")].into_iter().chain(counted))
    }

    /// What [`Scope::local`] would give, without taking it.
    pub fn beside(&self, name: &str) -> String {
        self.clone().local(name)
    }

    fn first_free(&mut self, mut candidates: impl Iterator<Item = String>) -> String {
        let free = candidates.find(|candidate| !self.used.contains(candidate));
        let free = free.expect("there are more numbers than names");
        self.used.insert(free.clone());
        free
    }
}

/// Modules and crates that generated code names beside its own modules.
const MODULES_OF_OTHERS: [&str; 8] =
    ["automata_runtime", "automaton", "blocking", "core", "delivery", "serde", "serde_json", "std"];

/// The names of a system by which one module of its Rust names what is in another.
pub struct Names {
    automata: Vec<AutomatonNames>,
    /// Those of what parts outside are asked for.
    pub commands: Commands,
}

/// The names of an automaton by which others know it.
pub struct AutomatonNames {
    /// Its module, and the file of that.
    pub module: String,
    /// Its field in `System`, `Settings` and `States`.
    pub member: String,
    /// Its variant in `Message`, `Action` and `Alarm`.
    pub variant: String,
    /// Variants for its states, composite ones too; the root has one if it is the only state.
    states: Vec<String>,
    /// Variants of its `Event`.
    events: Vec<String>,
}

impl Names {
    /// Hands them out. `modules` are those beside the automata's own.
    pub fn new(system: &System, modules: &[&str]) -> Self {
        let commands = Commands::new(system);
        // The list of modules is a file too.
        let mut files = Scope::of(modules.iter().chain(&MODULES_OF_OTHERS).copied().chain(["mod"]));
        let mut members = Scope::of(["settings", "states"]);
        let mut variants = Scope::of((!commands.is_empty()).then_some("Outside"));
        let named = |automaton: &Automaton| AutomatonNames {
            module: files.local(&automaton.name),
            member: members.local(&automaton.name),
            variant: variants.variant(&camel(&automaton.name)),
            states: state_variants(automaton),
            events: Vec::new(),
        };
        let mut names = Self { automata: system.automata.iter().map(named).collect(), commands };
        for (index, automaton) in system.automata.iter().enumerate() {
            let mut scope = Scope::default();
            let events = automaton.events.iter().map(|event| scope.variant(&names.event_variant(event)));
            names.automata[index].events = events.collect();
        }
        names
    }

    /// Those of an automaton.
    pub fn of(&self, id: AutomatonId) -> &AutomatonNames {
        &self.automata[id.index()]
    }

    /// Before it is made unique.
    fn event_variant(&self, event: &Event) -> String {
        match event.kind {
            EventKind::Declared { .. } => camel(&event.name),
            EventKind::Observation { automaton, change, state } => {
                let observed = self.of(automaton);
                format!("{}{}{}", stem(&observed.variant), change_word(change), stem(observed.state(state)))
            }
        }
    }
}

/// The names of what parts outside are asked for.
pub struct Commands {
    /// The enum of each part, and its variant; empty for a part that is not outside, or is asked for nothing.
    parts: Vec<String>,
    /// The variant of each action of each automaton; empty for those that stay inside.
    actions: Vec<Vec<String>>,
}

impl Commands {
    /// Hands them out.
    pub fn new(system: &System) -> Self {
        let mut scopes: Vec<Scope> = system.parts.iter().map(|_| Scope::default()).collect();
        let mut asked = vec![false; system.parts.len()];
        let mut actions = Vec::new();
        for automaton in &system.automata {
            let mut variants = Vec::new();
            for action in &automaton.actions {
                let part = action.by.0 as usize;
                let name = camel(&automaton.name) + &camel(&action.name);
                asked[part] |= system.is_outside(action);
                variants.push(if system.is_outside(action) { scopes[part].variant(&name) } else { String::new() });
            }
            actions.push(variants);
        }
        let mut enums = Scope::of(["Command", "Option", "String", "Milliseconds", "Bytes"]);
        let named = system.parts.iter().zip(asked);
        let parts = named.map(|(part, is_asked)| match is_asked {
            true => enums.variant(&camel(&part.name)),
            false => String::new(),
        });
        Self { parts: parts.collect(), actions }
    }

    /// Nothing goes outside.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(String::is_empty)
    }

    /// The enum of a part.
    pub fn part(&self, part: PartId) -> &str {
        &self.parts[part.0 as usize]
    }

    /// The variant of an action of an automaton.
    pub fn action(&self, of: AutomatonId, action: usize) -> &str {
        &self.actions[of.index()][action]
    }
}

impl AutomatonNames {
    /// The variant for a state.
    pub fn state(&self, id: StateId) -> &str {
        &self.states[id.index()]
    }

    /// The variant of an event.
    pub fn event(&self, id: EventId) -> &str {
        &self.events[id.index()]
    }
}

fn state_variants(automaton: &Automaton) -> Vec<String> {
    let mut scope = Scope::default();
    let variant = |state: &State| match state.name.as_str() {
        // Only as a leaf it has a variant; then it is alone.
        "" => "Root".to_owned(),
        name => scope.variant(&camel(name)),
    };
    automaton.states.iter().map(variant).collect()
}

/// `use super::…` of those generated modules that the text names.
pub fn imports<'a>(text: &str, modules: impl IntoIterator<Item = &'a str>) -> String {
    let mut named: Vec<&str> = modules.into_iter().filter(|module| has_module(text, module)).collect();
    named.sort_unstable();
    match named.as_slice() {
        [] => String::new(),
        [only] => format!("use super::{only};\n"),
        several => format!("use super::{{{}}};\n", several.join(", ")),
    }
}

/// Whether the text has a path that begins with that module, comments and texts in quotes aside.
pub fn has_module(text: &str, module: &str) -> bool {
    let is_part = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':');
    let code = code_of(text);
    code.match_indices(&format!("{module}::")).any(|(place, _)| !is_part(code[..place].chars().next_back()))
}

/// The text without comments, and with nothing between quotes.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find(['"', '/']) {
        code.push_str(&rest[..=place]);
        let after = &rest[place + 1..];
        rest = match (&rest[place..=place], after.starts_with('/')) {
            ("/", true) => after.find('\n').map_or("", |end| &after[end..]),
            ("/", false) => after,
            _ => &after[end_of_quoted(after)..],
        };
    }
    code + rest
}

/// Where the text ends that is in quotes and begins here.
fn end_of_quoted(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 1)
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
    fn words_of_rust_are_set_apart_and_keep_their_names_in_records() {
        assert_eq!(["self", "match", "length"].map(word), ["self_", "match_", "length"]);
        assert_eq!(renamed_field("match"), "#[serde(rename = \"match\")] ");
        assert_eq!(renamed_field("length"), "");
        assert_eq!(renamed_variant("Self_", "self"), "#[serde(rename = \"self\")]\n");
        assert_eq!(renamed_variant("Go", "go"), "");
    }

    #[test]
    fn no_name_is_handed_out_twice() {
        let mut scope = Scope::default();
        let given = ["A", "B", "A", "A", "Part1", "Part1", "Self", "A2", "Self"].map(|name| scope.variant(name));
        assert_eq!(given, ["A", "B", "A2", "A3", "Part1", "Part1_2", "Self_", "A2_2", "Self2"]);
        let mut scope = Scope::of(["context"]);
        let given = ["context", "peer", "type", "context", "peer"].map(|name| scope.local(name));
        assert_eq!(given, ["context_", "peer", "type_", "context_2_", "peer_"]);
    }

    #[test]
    fn a_module_counts_only_in_code() {
        assert!(has_module("x: types::Y", "types"));
        for text in ["// types::Y", "x(\"types::Y \\\" types::Y\")", "super::types::Y", "my_types::Y", "types: Y"] {
            assert!(!has_module(text, "types"), "{text}");
        }
        assert!(has_module("a / b + types::Y", "types"));
    }
}
