//! Words from other languages, and what they are called here, or that they do not exist.
//!
//! One table for all places: keys, events, expressions, actions and types. `tests/foreign_words.rs` writes each word in
//! its place, and checks the message.

/// Where a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A key of a case.
    Case,
    /// A key of a state, or of the top of a file.
    State,
    /// A key of `entry` or `exit`.
    Part,
    /// A key of a declaration.
    Declaration,
    /// What a case reacts to.
    Event,
    /// A symbol in an expression.
    Symbol,
    /// A word in place of a value.
    Value,
    /// A word after a value, in place of an operator.
    Operator,
    /// A call in an expression.
    Function,
    /// Before a `.` in an expression.
    Owner,
    /// A field of `event`.
    Field,
    /// A call under `do`.
    Action,
    /// A type.
    Type,
}

/// Words that mean the same elsewhere.
#[derive(Debug)]
pub struct Entry {
    /// Where they are written.
    pub places: &'static [Place],
    /// The words.
    pub words: &'static [&'static str],
    /// The intended key, if any; the entry applies only where that key is known.
    pub meant: Option<&'static str>,
    /// The message.
    pub help: &'static str,
}

/// The entry for this word in this place.
#[must_use]
pub fn help(place: Place, word: &str) -> Option<&'static str> {
    find(place, word, &[]).map(|entry| entry.help)
}

/// The entry for a key, where these are known.
#[must_use]
pub fn find(place: Place, word: &str, known: &[&str]) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| {
        let is_known = entry.meant.is_none_or(|meant| known.contains(&meant));
        is_known && entry.places.contains(&place) && entry.words.contains(&word)
    })
}

/// The longest symbol of the table that a text begins with, and its message.
#[must_use]
pub fn symbol(text: &str) -> Option<(&'static str, &'static str)> {
    let symbols = TABLE.iter().filter(|entry| entry.places.contains(&Place::Symbol));
    let all = symbols.flat_map(|entry| entry.words.iter().map(|word| (*word, entry.help)));
    all.filter(|(symbol, _)| text.starts_with(symbol)).max_by_key(|(symbol, _)| symbol.len())
}

/// The message for a type as other languages write it: `List<u8>`, `[u8]`, `Option<u8>`.
#[must_use]
pub fn type_help(written: &str) -> Option<&'static str> {
    let head = written.split(['<', '[', '(', '{', ' ']).next().unwrap_or_default();
    let head = if head.is_empty() { "[]" } else { head };
    help(Place::Type, head).or_else(|| written.ends_with(']').then(|| help(Place::Type, "[]")).flatten())
}

/// A number in hexadecimal, octal or binary, as this language writes it.
#[must_use]
pub fn decimal(written: &str) -> Option<u64> {
    let radix = match written.get(..2)?.to_ascii_lowercase().as_str() {
        "0x" => 16,
        "0o" => 8,
        "0b" => 2,
        _ => return None,
    };
    u64::from_str_radix(&written[2..].replace('_', ""), radix).ok()
}

const fn entry(
    places: &'static [Place],
    words: &'static [&'static str],
    meant: Option<&'static str>,
    help: &'static str,
) -> Entry {
    Entry { places, words, meant, help }
}

const NO_PARALLEL: &str =
    "there are no parallel states: make an automaton of each region; they observe one another by `X enters STATE`";
const NO_INVOKE: &str = "there is no `invoke`: an action (`do`) asks the host, which answers with an event; `start` makes an instance of another automaton";
const EMIT: &str = "raise an event for this automaton (`raise: e`); send one to another (`send: other.e`)";
const LOG: &str = "there is no logging: every delivery is recorded; to make the host log something, declare an action";
const NO_ELSE: &str = "there is no such word: a last case without `if` answers the rest";
const ALL_OTHERS: &str = "there is no event for all others: name each, separated by commas (`a, b:`); events that mean nothing go under `ignore`";
const TIMERS: &str = "timers go under `after` (once) and `every` (repeatedly)";
const BARE: &str = "variables, parameters and fields are written alone, without a prefix";
const NO_FRACTIONS: &str = "there are no fractions: count in a smaller unit, such as thousandths, with an integer (`u8` to `u64`, `i8` to `i64`)";
const INTEGERS: &str = "integer types name their size: `u8` to `u64`, `i8` to `i64`";
const COLLECTIONS: &str = "there are no collections: use `bytes` for bytes; for others, a Rust type (`rust:` in `types.yaml`), or an instance for each element";

/// All of it.
pub const TABLE: &[Entry] = &[
    // Keys of cases and parts.
    entry(
        &[Place::Case],
        &["target", "goto", "next", "then", "destination"],
        Some("to"),
        "the target of a case is written as `to`",
    ),
    entry(
        &[Place::Case],
        &["guard", "cond", "when", "condition", "unless", "in"],
        Some("if"),
        "the guard of a case is written as `if`",
    ),
    entry(&[Place::Case], &["else", "otherwise", "default", "elif", "elseif", "else_if"], None, NO_ELSE),
    entry(
        &[Place::Case, Place::Part],
        &["action", "actions", "effect", "effects", "run", "exec", "call"],
        Some("do"),
        "actions are listed under `do`",
    ),
    entry(
        &[Place::Case, Place::Part],
        &["assign", "let", "update"],
        Some("set"),
        "assignments go under `set`: `set: x = 1`, or a list of them",
    ),
    entry(&[Place::Case, Place::Part], &["emit", "dispatch", "publish", "trigger", "fire"], None, EMIT),
    entry(&[Place::Case, Place::Part, Place::State], &["log", "print"], None, LOG),
    entry(&[Place::Case, Place::Part, Place::State], &["invoke", "spawn", "activities"], None, NO_INVOKE),
    entry(
        &[Place::Case, Place::Part],
        &["delay", "timeout", "after", "wait"],
        None,
        "a timer belongs to a state: declare it there under `after` or `every`",
    ),
    entry(
        &[Place::Case],
        &["internal", "external", "reenter"],
        None,
        "a case without `to` leaves nothing; one with `to` its own state leaves it and enters it again",
    ),
    // Keys of states.
    entry(
        &[Place::State],
        &["on_entry", "onentry", "onEntry", "enter", "on_enter", "onEnter", "entry_actions"],
        Some("entry"),
        "entry effects go under `entry`",
    ),
    entry(
        &[Place::State],
        &["on_exit", "onexit", "onExit", "leave", "on_leave", "exit_actions"],
        Some("exit"),
        "exit effects go under `exit`",
    ),
    entry(
        &[Place::State],
        &["transition", "transitions", "handlers"],
        Some("on"),
        "transitions go under `on`, each after its event: `on: { opened: OPEN }`",
    ),
    entry(&[Place::State], &["parallel", "regions", "orthogonal", "concurrent"], None, NO_PARALLEL),
    entry(
        &[Place::State],
        &["type"],
        None,
        "a state needs no type: `final: true` ends the instance, `history` remembers, `states` are inside; there are no parallel states",
    ),
    entry(&[Place::State], &["delay", "timeout", "timer", "timers", "delays", "interval"], None, TIMERS),
    entry(
        &[Place::State],
        &["on_done", "onDone", "done"],
        None,
        "a state does not report that it is done: `raise` an event, or leave the state",
    ),
    entry(
        &[Place::State],
        &["context", "data", "datamodel", "vars", "locals", "memory"],
        Some("variables"),
        "an automaton's memory is declared under `variables`",
    ),
    entry(
        &[Place::State],
        &["context", "data", "vars", "variables"],
        None,
        "variables belong to the whole automaton, not to a state",
    ),
    entry(&[Place::State], &["name", "id", "machine"], Some("automaton"), "the automaton is named by `automaton`"),
    entry(
        &[Place::State],
        &["guards"],
        Some("conditions"),
        "questions to the host go under `conditions`; guards go in the cases, as `if`",
    ),
    entry(
        &[Place::State],
        &["parent", "superstate", "extends"],
        None,
        "a state is written inside its parent, under `states`",
    ),
    entry(
        &[Place::State, Place::Declaration],
        &["description", "comment", "title"],
        Some("summary"),
        "a sentence about it is written as `summary`",
    ),
    // Keys of declarations.
    entry(
        &[Place::Declaration],
        &["default", "value", "init"],
        Some("initial"),
        "a variable starts with its `initial`",
    ),
    entry(&[Place::Declaration], &["initial", "value", "init"], Some("default"), "a parameter has a `default`"),
    entry(
        &[Place::Declaration],
        &["payload", "data", "params", "args"],
        Some("fields"),
        "an event's fields go under `fields`",
    ),
    entry(
        &[Place::Declaration],
        &["payload", "params", "args", "parameters"],
        Some("arguments"),
        "its arguments go under `arguments`",
    ),
    entry(
        &[Place::Declaration],
        &["values", "variants"],
        Some("enum"),
        "the variants of a type are listed under `enum`: `{ enum: [A, B] }`",
    ),
    // Events.
    entry(&[Place::Event], &["*", "any", "default", "else", "otherwise", "others", "_", "wildcard"], None, ALL_OTHERS),
    entry(
        &[Place::Event],
        &["timeout", "timer", "after", "every", "tick"],
        None,
        "a timer is not an event: it goes beside `on`, under `after` (once) or `every` (repeatedly)",
    ),
    entry(
        &[Place::Event],
        &["entry", "on_entry", "onEntry", "enter"],
        None,
        "entering is not an event: its effects go beside `on`, under `entry`",
    ),
    entry(
        &[Place::Event],
        &["exit", "on_exit", "onExit", "leave"],
        None,
        "leaving is not an event: its effects go beside `on`, under `exit`",
    ),
    entry(
        &[Place::Event],
        &["always", "null", "epsilon"],
        None,
        "a transition without an event goes beside `on`, under `always`",
    ),
    // Symbols of expressions.
    entry(&[Place::Symbol], &["&&", "&"], None, "write `and`"),
    entry(&[Place::Symbol], &["||", "|"], None, "write `or`"),
    entry(&[Place::Symbol], &["!"], None, "write `not`"),
    entry(&[Place::Symbol], &["==="], None, "equality is written `==`"),
    entry(&[Place::Symbol], &["!==", "<>"], None, "inequality is written `!=`"),
    entry(&[Place::Symbol], &["'"], None, "strings go in double quotes"),
    entry(&[Place::Symbol], &["?"], None, "there is no `a ? b : c`: write two cases, the first with the guard"),
    entry(&[Place::Symbol], &[":"], None, "in YAML, `: ` makes a key; assignments are written with `=`"),
    entry(&[Place::Symbol], &[";"], None, "write several as a list: `[first, second]`"),
    entry(
        &[Place::Symbol],
        &["**", "<<", ">>", "^", "~"],
        None,
        "the operators are `+ - * / %`, the comparisons, and `and`, `or`, `not`",
    ),
    entry(&[Place::Symbol], &["->", "=>"], None, "the target of a case is written as `to`"),
    entry(&[Place::Symbol], &["{", "$"], None, "names are written alone, without signs around them"),
    // Words of expressions.
    entry(
        &[Place::Value],
        &["null", "nil", "undefined", "None", "NULL", "Null", "nothing", "void"],
        None,
        "a missing value is `none`",
    ),
    entry(&[Place::Value], &["True", "TRUE", "yes", "Yes", "on"], None, "write `true`"),
    entry(&[Place::Value], &["False", "FALSE", "off"], None, "write `false`"),
    entry(&[Place::Value], &["this", "context", "ctx", "state"], None, BARE),
    entry(&[Place::Value], &["else", "otherwise", "default"], None, NO_ELSE),
    entry(&[Place::Operator], &["is", "eq", "equals", "equal"], None, "equality is written `==`"),
    entry(&[Place::Operator], &["ne", "isnt", "xor"], None, "inequality is written `!=`"),
    entry(
        &[Place::Operator],
        &["lt", "gt", "le", "ge", "lte", "gte"],
        None,
        "the comparisons are `<`, `<=`, `>` and `>=`",
    ),
    entry(&[Place::Operator], &["mod", "rem"], None, "the remainder is `%`"),
    entry(&[Place::Operator], &["div"], None, "division is `/`, and rounds towards zero"),
    entry(
        &[Place::Operator],
        &["if", "then", "else", "unless"],
        None,
        "there is no `if` within an expression: write two cases, the first with the guard",
    ),
    entry(
        &[Place::Function],
        &["len", "length", "size", "is_empty"],
        None,
        "there are no lengths: let the event carry it as a field, or ask the host through a condition",
    ),
    entry(&[Place::Function], &["abs"], None, "there is no `abs`: write two cases, one for below zero"),
    entry(
        &[Place::Function],
        &["now", "time", "elapsed"],
        None,
        "an automaton has no clock: use a timer, or let the event carry the time",
    ),
    entry(
        &[Place::Function],
        &["random", "rand"],
        None,
        "an automaton has no randomness: ask the host through a condition, or let the event carry it",
    ),
    entry(
        &[Place::Function],
        &["in_state", "isIn", "matches", "In"],
        None,
        "to look at a state, write `automaton in STATE`",
    ),
    entry(
        &[Place::Owner],
        &["this", "self", "context", "ctx", "data", "vars", "state", "params", "e", "ev"],
        None,
        BARE,
    ),
    entry(
        &[Place::Field],
        &["type", "name"],
        None,
        "the case already belongs to one event: the one it is written below, under `on`",
    ),
    entry(
        &[Place::Field],
        &["data", "payload"],
        None,
        "the fields of the event are named directly: `event.length`, or `length`",
    ),
    // Calls under `do`.
    entry(&[Place::Action], &["assign", "set"], None, "assignments go under `set`, beside `do`: `set: x = 1`"),
    entry(&[Place::Action], &["emit", "dispatch", "publish", "trigger", "fire"], None, EMIT),
    entry(&[Place::Action], &["log", "print", "console"], None, LOG),
    entry(&[Place::Action], &["invoke", "spawn"], None, NO_INVOKE),
    entry(&[Place::Action], &["goto", "transition"], None, "the target of a case is written as `to`, beside `do`"),
    // Types.
    entry(
        &[Place::Type],
        &["f64", "f32", "float", "double", "real", "decimal", "number", "Number"],
        None,
        NO_FRACTIONS,
    ),
    entry(
        &[Place::Type],
        &["int", "integer", "uint", "long", "short", "byte", "Int", "Integer", "usize", "isize", "u128", "i128"],
        None,
        INTEGERS,
    ),
    entry(&[Place::Type], &["boolean", "Boolean", "flag"], None, "truth values have type `bool`"),
    entry(&[Place::Type], &["str", "text", "char", "Text"], None, "texts have type `string`"),
    entry(
        &[Place::Type],
        &["time", "timespan", "interval", "millis", "Duration"],
        None,
        "lengths of time have type `duration`",
    ),
    entry(
        &[Place::Type],
        &["Option", "Optional", "Maybe", "optional"],
        None,
        "an optional value has a `?` after its type: `u8?`",
    ),
    entry(
        &[Place::Type],
        &[
            "[]", "List", "list", "Vec", "Array", "array", "Map", "map", "Set", "set", "HashMap", "dict", "object",
            "Object", "any", "Any",
        ],
        None,
        COLLECTIONS,
    ),
];
