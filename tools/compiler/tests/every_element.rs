//! Whatever the language has stands in a case under `tests/cases/accept` that a script runs, and so is held equal in
//! interpreter and generated Rust. The lists that are walked are those by which the compiler reads.

use std::fs;
use std::path::{Path, PathBuf};

use automata_compiler::durations::UNITS;
use automata_compiler::expression::SYMBOLS;
use automata_compiler::keywords::{KEYS_OF_THE_LANGUAGE, WORDS_OF_EXPRESSIONS};
use automata_compiler::resolve::built_in_types;
use automata_compiler::source::FileId;
use automata_compiler::yaml::{self, Node, NodeKind};

/// A key with its value, or (with an empty key) an item of a list.
struct Element {
    /// The keys around it, from the outside in.
    path: Vec<String>,
    key: String,
    node: Node,
}

impl Element {
    fn parent(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// The text, if it is one, or a key that is a text of the language.
    fn text(&self) -> Option<&str> {
        match &self.node.kind {
            NodeKind::Scalar(scalar) => Some(&scalar.text.text),
            _ => None,
        }
    }

    fn is_text(&self) -> bool {
        self.text().is_some()
    }

    fn is_list(&self) -> bool {
        matches!(self.node.kind, NodeKind::Sequence(_))
    }

    fn is_mapping(&self) -> bool {
        matches!(self.node.kind, NodeKind::Mapping(_))
    }

    /// It belongs to a state, or to the root.
    fn is_of_state(&self) -> bool {
        self.path.is_empty() || self.path.len() >= 2 && self.path[self.path.len() - 2] == "states"
    }

    fn is_prose(&self) -> bool {
        let is_reason = self.key == "ignore" && !self.is_of_state() || self.parent() == "ignore";
        matches!(self.key.as_str(), "summary" | "doc" | "stay" | "rust") || is_reason || self.parent() == "parts"
    }
}

/// The files of all cases that have a script.
fn files() -> Vec<PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    let read = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("the cases can be read");
        entries.map(|entry| entry.expect("the cases can be read").path()).collect()
    };
    let with_script = read(&cases.join("accept")).into_iter().filter(|case| case.join("script.jsonl").exists());
    let files = with_script.chain([cases.join("shared")]).flat_map(|case| read(&case));
    files.filter(|file| file.extension().is_some_and(|extension| extension == "yaml")).collect()
}

fn elements() -> Vec<Element> {
    let mut found = Vec::new();
    for file in files() {
        let text = fs::read_to_string(&file).expect("it can be read");
        let tree = yaml::parse(FileId(0), &text, &mut Vec::new()).expect("accepted cases are YAML");
        collect(&tree, &mut Vec::new(), &mut found);
    }
    found
}

fn collect(node: &Node, path: &mut Vec<String>, found: &mut Vec<Element>) {
    match &node.kind {
        NodeKind::Sequence(items) => {
            for item in items {
                found.push(Element { path: path.clone(), key: String::new(), node: item.clone() });
                collect(item, path, found);
            }
        }
        NodeKind::Mapping(entries) => {
            for entry in entries {
                let (key, node) = (entry.key.text.clone(), entry.value.clone());
                found.push(Element { path: path.clone(), key: key.clone(), node });
                path.push(key);
                collect(&entry.value, path, found);
                path.pop();
            }
        }
        NodeKind::Scalar(_) | NodeKind::Empty | NodeKind::Refused => {}
    }
}

/// Words, numbers and symbols of all texts that are not for people.
fn tokens(elements: &[Element]) -> Vec<String> {
    let mut tokens = Vec::new();
    for element in elements {
        let key = (!element.key.is_empty()).then_some(element.key.as_str());
        let text = element.text().filter(|_| !element.is_prose());
        key.into_iter().chain(text).for_each(|text| split(text, &mut tokens));
    }
    tokens
}

fn split(mut text: &str, tokens: &mut Vec<String>) {
    while let Some(first) = text.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if first == '"' {
            text[1..].find('"').map_or(text.len(), |end| end + 2)
        } else if is_word(first) {
            text.find(|c| !is_word(c)).unwrap_or(text.len())
        } else {
            SYMBOLS.iter().find(|symbol| text.starts_with(**symbol)).map_or(first.len_utf8(), |symbol| symbol.len())
        };
        tokens.push(text[..length].to_owned());
        text = &text[length..];
    }
}

type Form = (&'static str, fn(&Element) -> bool);

/// Every way to write something that has more than one.
const FORMS: &[Form] = &[
    ("`e: STATE`", |e| e.parent() == "on" && e.text().is_some_and(|text| text != "stay")),
    ("`e: stay`", |e| e.parent() == "on" && e.text() == Some("stay")),
    ("`e: { … }`", |e| e.parent() == "on" && e.is_mapping()),
    ("`e: [ … ]`", |e| e.parent() == "on" && e.is_list()),
    ("a target in a list of cases", |e| {
        e.key.is_empty() && e.path.len() > 1 && e.path[e.path.len() - 2] == "on" && e.is_text()
    }),
    ("`a, b: …`", |e| e.parent() == "on" && e.key.contains(", ")),
    ("a case that ignores", |e| e.key == "ignore" && !e.is_of_state()),
    ("a case that stays", |e| e.key == "stay"),
    ("`always: { … }`", |e| e.key == "always" && e.is_of_state() && e.is_mapping()),
    ("`always: [ … ]`", |e| e.key == "always" && e.is_of_state() && e.is_list()),
    ("`after: { p: STATE }`", |e| e.parent() == "after" && e.is_text()),
    ("`after: { p: { … } }`", |e| e.parent() == "after" && e.is_mapping()),
    ("`after: { p: [ … ] }`", |e| e.parent() == "after" && e.is_list()),
    ("`every: { p: { … } }`", |e| e.parent() == "every" && e.is_mapping()),
    ("`every: { p: [ … ] }`", |e| e.parent() == "every" && e.is_list()),
    ("`entry: f`", |e| e.key == "entry" && e.is_text()),
    ("`entry: [ … ]`", |e| e.key == "entry" && e.is_list()),
    ("`entry: { … }`", |e| e.key == "entry" && e.is_mapping()),
    ("`exit: f`", |e| e.key == "exit" && e.is_text()),
    ("`exit: [ … ]`", |e| e.key == "exit" && e.is_list()),
    ("`exit: { … }`", |e| e.key == "exit" && e.is_mapping()),
    ("`defer: e`", |e| e.key == "defer" && e.is_text()),
    ("`defer: [ … ]`", |e| e.key == "defer" && e.is_list()),
    ("`defer: { … }`", |e| e.key == "defer" && e.is_mapping()),
    ("`ignore: e`", |e| e.key == "ignore" && e.is_of_state() && e.is_text()),
    ("`ignore: [ … ]`", |e| e.key == "ignore" && e.is_list()),
    ("`ignore: { … }`", |e| e.key == "ignore" && e.is_mapping()),
    ("`S: final`", |e| e.parent() == "states" && e.text() == Some("final")),
    ("`final: true`", |e| e.key == "final" && e.text() == Some("true")),
    ("`from: a`", |e| e.key == "from" && e.is_text()),
    ("`from: [ … ]`", |e| e.key == "from" && e.is_list()),
    ("`set: a`", |e| e.key == "set" && e.is_text()),
    ("`set: [ … ]`", |e| e.key == "set" && e.is_list()),
    ("`do: a`", |e| e.key == "do" && e.is_text()),
    ("`do: [ … ]`", |e| e.key == "do" && e.is_list()),
    ("`send: a`", |e| e.key == "send" && e.is_text()),
    ("`send: [ … ]`", |e| e.key == "send" && e.is_list()),
    ("`start: a`", |e| e.key == "start" && e.is_text()),
    ("`start: [ … ]`", |e| e.key == "start" && e.is_list()),
    ("`raise: a`", |e| e.key == "raise" && e.is_text()),
    ("`raise: [ … ]`", |e| e.key == "raise" && e.is_list()),
    ("`do: a = b`", |e| e.key == "do" && e.text().is_some_and(|text| text.contains(" = "))),
    ("`do: send X.e`", |e| e.parent() == "do" && e.text().is_some_and(|text| text.starts_with("send "))),
    ("`do: start X`", |e| e.parent() == "do" && e.text().is_some_and(|text| text.starts_with("start "))),
    ("`do: raise e`", |e| e.parent() == "do" && e.text().is_some_and(|text| text.starts_with("raise "))),
    ("`do: restart t`", |e| e.parent() == "do" && e.text().is_some_and(|text| text.starts_with("restart "))),
    ("`ignore: { others: … }`", |e| e.parent() == "ignore" && e.key == "others"),
    ("`after: { 5s: S }`", |e| e.parent() == "after" && e.key == "5s"),
    ("`after: { \"a * b\": S }`", |e| e.parent() == "after" && e.key.contains('*')),
    ("`restart: a`", |e| e.key == "restart" && e.is_text()),
    ("`restart: [ … ]`", |e| e.key == "restart" && e.is_list()),
    ("`instances: one`", |e| e.key == "instances" && e.text() == Some("one")),
    ("`instances: per key`", |e| e.key == "instances" && e.text().is_some_and(|text| text.starts_with("per "))),
    ("`history: shallow`", |e| e.key == "history" && e.text() == Some("shallow")),
    ("`history: deep`", |e| e.key == "history" && e.text() == Some("deep")),
    ("`STATE.history`", |e| e.key == "to" && e.text().is_some_and(|text| text.ends_with(".history"))),
    ("`X enters S`", |e| e.parent() == "on" && e.key.contains(" enters ")),
    ("`X leaves S`", |e| e.parent() == "on" && e.key.contains(" leaves ")),
    ("`X[any] enters S`", |e| e.parent() == "on" && e.key.contains("[any]")),
    ("`X[value] enters S`", |e| e.key.contains("s ") && e.key.contains('[') && !e.key.contains("[any]")),
    ("`X.e`", |e| e.key == "send" && e.text().is_some_and(|text| !text.contains('['))),
    ("`X[all].e`", |e| e.key == "send" && e.text().is_some_and(|text| text.contains("[all]"))),
    ("`X[value].e`", |e| e.key == "send" && e.text().is_some_and(|text| text.contains('[') && !text.contains("[all]"))),
    ("`start: X`", |e| e.key == "start" && e.text().is_some_and(|text| !text.contains('['))),
    ("`start: X[value]`", |e| e.key == "start" && e.text().is_some_and(|text| text.contains('['))),
    ("`start: X(p = value)`", |e| e.key == "start" && e.text().is_some_and(|text| text.contains(" = "))),
    ("`X in S`", |e| e.key == "if" && e.text().is_some_and(|text| text.contains(" in ") && !text.contains('['))),
    ("`X[value] in S`", |e| e.key == "if" && e.text().is_some_and(|text| text.contains("] in "))),
    ("`self in S`", |e| e.text().is_some_and(|text| text.contains("self in "))),
    ("`event.field`", |e| e.text().is_some_and(|text| text.contains("event."))),
    ("`Enum.Variant`", |e| {
        e.text().is_some_and(|text| {
            text.split_once('.').is_some_and(|(owner, variant)| {
                [owner, variant]
                    .iter()
                    .all(|word| word.starts_with(char::is_uppercase) && word.contains(char::is_lowercase))
            })
        })
    }),
    ("`f(a)`", |e| e.key == "do" && e.text().is_some_and(|text| text.contains('(') && !text.contains('='))),
    ("`f(name = a)`", |e| e.key == "do" && e.text().is_some_and(|text| text.contains(" = "))),
    ("`T?`", |e| e.text().is_some_and(|text| text.ends_with('?'))),
    ("`-1`", |e| e.text().is_some_and(|text| text.starts_with('-'))),
];

#[test]
fn every_element_of_the_language_is_in_a_case_that_is_run() {
    let elements = elements();
    let tokens = tokens(&elements);
    let is_unit = |token: &str, unit: &str| {
        token
            .strip_suffix(unit)
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut missing: Vec<String> = Vec::new();
    let mut demand = |what: &str, name: &str, there: bool| {
        if !there {
            missing.push(format!("{what} {name}"));
        }
    };
    for key in KEYS_OF_THE_LANGUAGE {
        demand("the key", key, elements.iter().any(|element| element.key == *key));
    }
    for word in WORDS_OF_EXPRESSIONS {
        demand("the word", word, tokens.iter().any(|token| token == word));
    }
    for symbol in SYMBOLS {
        demand("the symbol", symbol, tokens.iter().any(|token| token == symbol));
    }
    for (unit, _) in UNITS {
        demand("the unit", unit, tokens.iter().any(|token| is_unit(token, unit)));
    }
    for name in built_in_types() {
        demand(
            "the type",
            name,
            elements.iter().any(|element| element.text().is_some_and(|text| text.trim_end_matches('?') == name)),
        );
    }
    for (form, has) in FORMS {
        demand("the form", form, elements.iter().any(has));
    }
    assert!(missing.is_empty(), "in no accept case with a script:\n{}", missing.join("\n"));
}
