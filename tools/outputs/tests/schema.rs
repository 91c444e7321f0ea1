//! The JSON Schemas accept every definition that there is, and refuse what they are there to refuse.
//!
//! The validator is a small one of this file: it knows exactly the keywords that the schemas use, and fails on any
//! other, so that nothing in a schema goes unchecked. (A complete validator costs a minute of compiling.)

mod support;

use automata_compiler::keywords::{KEYS_OF_THE_LANGUAGE, KEYS_THAT_MAY_BE_NAMES};
use automata_compiler::source::{FileId, Sources};
use automata_compiler::yaml::{self, Node, NodeKind, Quoting};
use automata_outputs::schema;
use regex_lite::Regex;
use serde_json::{Map, Value, json};
use support::{Definitions, all, project};

struct Schema {
    root: Value,
}

impl Schema {
    fn new(text: &str) -> Self {
        Self { root: serde_json::from_str(text).expect("a schema is JSON") }
    }

    fn accepts(&self, value: &Value) -> bool {
        self.check(&self.root, value)
    }

    fn check(&self, schema: &Value, value: &Value) -> bool {
        schema.as_object().expect("a schema is an object").iter().all(|(keyword, argument)| match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "default" => true,
            "$ref" => self.check(self.definition(argument), value),
            "type" => has_type(argument, value),
            "const" => value == argument,
            "enum" => argument.as_array().expect("a list").contains(value),
            "not" => !self.check(argument, value),
            "oneOf" => self.of(argument, value) == 1,
            "anyOf" => self.of(argument, value) > 0,
            "allOf" => self.of(argument, value) == argument.as_array().expect("a list").len(),
            "pattern" => value.as_str().is_none_or(|text| regex(argument).is_match(text)),
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 >= number(argument)),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 <= number(argument)),
            "minimum" => value.as_u64().is_none_or(|value| value >= number(argument)),
            "maximum" => value.as_u64().is_none_or(|value| value <= number(argument)),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= number(argument)),
            "items" => value.as_array().is_none_or(|items| items.iter().all(|item| self.check(argument, item))),
            "uniqueItems" => value
                .as_array()
                .is_none_or(|items| items.iter().enumerate().all(|(index, item)| !items[..index].contains(item))),
            "minProperties" => value.as_object().is_none_or(|object| object.len() as u64 >= number(argument)),
            "required" => value.as_object().is_none_or(|object| {
                argument
                    .as_array()
                    .expect("a list")
                    .iter()
                    .all(|key| object.contains_key(key.as_str().expect("a name")))
            }),
            "propertyNames" => {
                value.as_object().is_none_or(|object| object.keys().all(|key| self.check(argument, &json!(key))))
            }
            "properties" => value.as_object().is_none_or(|object| {
                let known = argument.as_object().expect("an object");
                known.iter().all(|(key, schema)| object.get(key).is_none_or(|value| self.check(schema, value)))
            }),
            "additionalProperties" => value.as_object().is_none_or(|object| self.additional(schema, argument, object)),
            other => panic!("the validator does not know `{other}`"),
        })
    }

    fn additional(&self, schema: &Value, argument: &Value, object: &Map<String, Value>) -> bool {
        let known = schema.get("properties").and_then(Value::as_object);
        let mut others = object.iter().filter(|(key, _)| known.is_none_or(|known| !known.contains_key(*key)));
        match argument {
            Value::Bool(allowed) => *allowed || others.next().is_none(),
            _ => others.all(|(_, value)| self.check(argument, value)),
        }
    }

    fn of(&self, schemas: &Value, value: &Value) -> usize {
        schemas.as_array().expect("a list").iter().filter(|schema| self.check(schema, value)).count()
    }

    fn definition(&self, reference: &Value) -> &Value {
        let path = reference.as_str().and_then(|path| path.strip_prefix('#')).expect("references stay in the file");
        self.root.pointer(path).unwrap_or_else(|| panic!("there is no {path}"))
    }
}

fn has_type(argument: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "null" => value.is_null(),
        other => panic!("there is no type `{other}`"),
    };
    match argument {
        Value::String(name) => is(name),
        _ => argument.as_array().expect("a list").iter().any(|name| is(name.as_str().expect("a name"))),
    }
}

fn regex(argument: &Value) -> Regex {
    Regex::new(argument.as_str().expect("a pattern is a string")).expect("a pattern can be read")
}

fn number(argument: &Value) -> u64 {
    argument.as_u64().expect("a bound is a number")
}

fn schemas() -> [Schema; 3] {
    let Definitions { system, sources, .. } = project();
    [schema::automaton, schema::types, schema::parts].map(|render| Schema::new(&render(&system, &sources)))
}

/// As an editor reads it: plain scalars have the types of YAML's core schema.
fn read(text: &str) -> Value {
    let mut findings = Vec::new();
    let node = yaml::parse(FileId(0), text, &mut findings).expect("definitions are YAML");
    assert!(findings.is_empty(), "{text}");
    as_json(&node)
}

fn as_json(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Scalar(scalar) => match (scalar.quoting, scalar.text.text.as_str()) {
            (Quoting::Plain, "true") => json!(true),
            (Quoting::Plain, "false") => json!(false),
            (Quoting::Plain, text) => text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number)),
            (_, text) => json!(text),
        },
        NodeKind::Sequence(items) => items.iter().map(as_json).collect(),
        NodeKind::Mapping(entries) => {
            Value::Object(entries.iter().map(|entry| (entry.key.text.clone(), as_json(&entry.value))).collect())
        }
        NodeKind::Empty => Value::Null,
        NodeKind::Refused => panic!("nothing was refused"),
    }
}

fn refused<'s>([automaton, types, parts]: &[Schema; 3], sources: &'s Sources) -> Vec<&'s str> {
    let files = sources.iter().filter(|(_, source)| {
        let schema = match source.path.rsplit('/').next() {
            Some("types.yaml") => types,
            Some("parts.yaml") => parts,
            _ => automaton,
        };
        !schema.accepts(&read(&source.text))
    });
    files.map(|(_, source)| source.path.as_str()).collect()
}

#[test]
fn every_definition_is_accepted() {
    let schemas = schemas();
    for Definitions { sources, .. } in all() {
        assert_eq!(refused(&schemas, &sources), Vec::<&str>::new());
    }
}

#[test]
fn misspelt_keys_and_impossible_values_are_refused() {
    let [automaton, types, parts] = schemas();
    for text in [
        "automaton: a\nstate: {}",
        "automaton: A",
        "automaton: a\nstates: { lower: {} }",
        "automaton: a\nstates: { A: { intial: B } }",
        "automaton: a\nstates: { A: { on: { e: { to: B, stay: why } } } }",
        "automaton: a\nstates: { A: { on: { e: [] } } }",
        "automaton: a\nstates: { A: { on: { e: { too: B } } } }",
        "automaton: a\nstates: { A: { history: some } }",
        "automaton: a\nstates: { A: { defer: { e: 0 } } }",
        "automaton: a\nevents: { e: { fields: { f: float } } }",
        "automaton: a\nactions: { a: {} }",
        "automaton: a\ninstances: many",
        "summary: nameless",
    ] {
        assert!(!automaton.accepts(&read(text)), "{text}");
    }
    for text in [
        "types: { T: { enum: [A], rust: \"\" } }",
        "types: { T: {} }",
        "types: { T: { enum: [A, A] } }",
        "keys: { k: float }",
    ] {
        assert!(!types.accepts(&read(text)), "{text}");
    }
    for text in [
        "{}",
        "parts: { Upper: Name. }",
        "parts: { p: \"\" }",
        "parts: { p: { outside: maybe } }",
        "parts: { p: { inside: true } }",
        "parts: {}\nmore: 1",
    ] {
        assert!(!parts.accepts(&read(text)), "{text}");
    }
}

/// Every key of the language is a key of some schema, and the other way round.
#[test]
fn the_schemas_know_the_keys_of_the_language() {
    let mut keys = Vec::new();
    schemas().iter().for_each(|schema| collect_keys(&schema.root, &mut keys));
    let known: Vec<&str> = KEYS_OF_THE_LANGUAGE.iter().chain(KEYS_THAT_MAY_BE_NAMES).copied().collect();
    for key in &known {
        assert!(keys.iter().any(|other| other == key), "the schemas lack `{key}`");
    }
    for key in keys {
        assert!(known.contains(&key.as_str()), "the language has no key `{key}`");
    }
}

fn collect_keys(schema: &Value, keys: &mut Vec<String>) {
    match schema {
        Value::Object(object) => {
            for (keyword, argument) in object {
                if keyword == "properties" {
                    for (key, schema) in argument.as_object().expect("an object") {
                        keys.push(key.clone());
                        collect_keys(schema, keys);
                    }
                } else {
                    collect_keys(argument, keys);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        _ => {}
    }
}
