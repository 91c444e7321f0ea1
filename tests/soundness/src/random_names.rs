//! Names that are asking for trouble: words of Rust, its prelude and its crates, the generator's own, and pairs that
//! meet once their case is changed.

use std::collections::BTreeSet;

use automata_compiler::keywords::KEYWORDS_OF_RUST;
use automata_compiler::naming::{Convention, reserved};

use crate::chance::Chance;

/// Beside the keywords of Rust. Those with digits meet one another in `UpperCamel`.
const WORDS: &[&str] = &[
    "a",
    "a_in_b",
    "action",
    "alarm",
    "all_of",
    "answer",
    "answers",
    "any_a_in_b",
    "anywhere",
    "argument_0",
    "asked",
    "ask",
    "as_ref",
    "automata_runtime",
    "b",
    "before",
    "blocking",
    "borrow",
    "bus",
    "bytes",
    "call_handler",
    "changes",
    "clone",
    "cloned",
    "cmp",
    "conditions_of",
    "context",
    "context_field",
    "core",
    "count",
    "create",
    "debug",
    "deferred",
    "delivery",
    "deref",
    "deserialize",
    "drop",
    "dynamic",
    "effects",
    "enter_a",
    "enter_root",
    "entered",
    "eq",
    "err",
    "error",
    "event_of",
    "faults",
    "field",
    "file",
    "fire",
    "fmt",
    "format",
    "from_str",
    "generated",
    "given",
    "handle",
    "hash",
    "history_of_a",
    "holds",
    "host",
    "ignored",
    "in_a",
    "in_b",
    "in_part_1",
    "in_part1",
    "index",
    "input",
    "input_of_a",
    "instance",
    "instances_of",
    "internal",
    "into",
    "into_iter",
    "is_exhausted",
    "is_final",
    "is_in_a",
    "iter",
    "key_of",
    "known",
    "known_a",
    "known_answer",
    "leaf",
    "leave_a",
    "leave_b",
    "len",
    "machine",
    "main",
    "map",
    "matches",
    "member",
    "message",
    "metadata",
    "milliseconds",
    "name",
    "never_mind",
    "new_one",
    "nobody_answers",
    "none_of",
    "observer",
    "ok",
    "option",
    "other",
    "outbox",
    "panic",
    "part1",
    "part_1",
    "part_1_1",
    "part_11",
    "parts_of",
    "pause",
    "place",
    "placed",
    "print",
    "question",
    "raised",
    "recorder",
    "remembered_in_a",
    "response",
    "result",
    "root",
    "routes",
    "run",
    "self_test",
    "senders",
    "sent",
    "serde",
    "serde_json",
    "serialize",
    "serializer",
    "settings",
    "some",
    "start_a",
    "state",
    "statig",
    "std",
    "step",
    "str",
    "string",
    "system",
    "take",
    "target",
    "tell",
    "timer",
    "timers_of",
    "to_owned",
    "transition",
    "trigger",
    "try_into",
    "type_id",
    "unwrap",
    "usize",
    "u8",
    "value",
    "vec",
    "visitor",
    "who",
    "x",
    "y1",
    "y_1",
];

/// Names of types beside those.
const TYPES: &[&str] = &[
    "AsRef",
    "Box",
    "Clone",
    "Context",
    "Copy",
    "Debug",
    "Default",
    "Err",
    "From",
    "Hash",
    "Instance",
    "Into",
    "Iterator",
    "Milliseconds",
    "Never",
    "None",
    "Ok",
    "Option",
    "Part1",
    "Result",
    "Root",
    "Self",
    "Sized",
    "Some",
    "State",
    "String",
    "Vec",
    "Bytes",
    "Event",
    "Action",
    "Machine",
    "Timer",
    "Trigger",
    "Secret",
    "Faults",
    "Integer",
    "Fields",
    "Value",
];

/// Hands out hostile names, each once.
#[derive(Clone, Debug, Default)]
pub struct Names {
    given: BTreeSet<String>,
}

impl Names {
    /// One for an automaton, event, field, variable and the like.
    pub fn small(&mut self, chance: &mut Chance) -> String {
        self.fresh(chance, Convention::SnakeCase)
    }

    /// One for a state.
    pub fn state(&mut self, chance: &mut Chance) -> String {
        self.fresh(chance, Convention::UpperSnake)
    }

    /// One for a type or a variant.
    pub fn type_name(&mut self, chance: &mut Chance) -> String {
        self.fresh(chance, Convention::UpperCamel)
    }

    /// That no later one is called so.
    pub fn take(&mut self, name: &str) {
        self.given.insert(name.to_owned());
    }

    fn fresh(&mut self, chance: &mut Chance, convention: Convention) -> String {
        for attempt in 0.. {
            let word = match chance.below(8) {
                0..3 => *chance.pick(KEYWORDS_OF_RUST).expect("there are some"),
                3..5 if convention == Convention::UpperCamel => *chance.pick(TYPES).expect("there are some"),
                _ => *chance.pick(WORDS).expect("there are some"),
            };
            let word = if attempt < 20 { word.to_owned() } else { format!("{word}_{attempt}") };
            let name = if convention.fits(&word) { Some(word) } else { convention.apply(&word) };
            if let Some(name) = name
                && reserved(&name).is_none()
                && self.given.insert(name.clone())
            {
                return name;
            }
        }
        unreachable!("numbers do not end")
    }
}
