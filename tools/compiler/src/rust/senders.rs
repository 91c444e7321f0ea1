//! `senders.rs`: one function for each event that a part of the program sends, so that rustc tells of an event that nobody sends.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::documentation::{documented, sentences};
use super::facts::Facts;
use super::names;
use super::types::owned_type;
use crate::model::{EventKind, Partner};

/// The pieces of `senders.rs`.
pub fn module(all: &[Facts<'_>]) -> Vec<String> {
    let mut parts: BTreeMap<u32, BTreeMap<usize, String>> = BTreeMap::new();
    for facts in all {
        for event in &facts.automaton.events {
            let EventKind::Declared { from, .. } = &event.kind else { continue };
            for partner in from {
                if let Partner::Part(part) = partner {
                    let functions = parts.entry(part.0).or_default().entry(facts.id.index()).or_default();
                    functions.push_str(&function(facts, event));
                }
            }
        }
    }
    let head = String::from(
        "//! Messages from the parts of the program, each part's in a module of its own.\n//!\n\
         //! A part calls its own functions only. One that is never called is an event that its part never sends.\n",
    );
    let mut pieces = vec![head];
    for (part, automata) in parts {
        let part = &all[0].system.parts[part as usize];
        let mut text = String::new();
        let _ = writeln!(text, "{}pub mod {} {{", documented(&part.summary), part.name);
        for (automaton, functions) in automata {
            let facts = &all[automaton];
            let mut imports = format!(
                "use automata_runtime::Input;\nuse super::super::super::{}::Event;\nuse super::super::super::system::Message;\n",
                facts.automaton.name
            );
            for (name, import) in [
                ("types", "use super::super::super::types;\n"),
                ("Milliseconds", "use automata_runtime::Milliseconds;\n"),
                ("Bytes", "use automata_runtime::Bytes;\n"),
            ] {
                if names::has_word(&functions, name) {
                    imports.push_str(import);
                }
            }
            let _ = writeln!(text, "/// To `{0}`.\npub mod {0} {{ {imports} {functions} }}", facts.automaton.name);
        }
        text.push_str("}\n");
        pieces.push(text);
    }
    pieces
}

fn function(facts: &Facts<'_>, event: &crate::model::Event) -> String {
    let mut parameters = Vec::new();
    let mut key = String::new();
    if let Some(declared) = &facts.automaton.key {
        let is_taken = event.fields.iter().any(|field| field.name == declared.name);
        let name = if is_taken { format!("{}_of_receiver", declared.name) } else { declared.name.clone() };
        parameters.push(format!("{name}: {}", facts.key_type()));
        key = format!("{name}, ");
    }
    parameters
        .extend(event.fields.iter().map(|field| format!("{}: {}", field.name, owned_type(facts.system, field.r#type))));
    let fields: Vec<&str> = event.fields.iter().map(|field| field.name.as_str()).collect();
    let fields = if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join(", ")) };
    let summary = documented(&sentences(&[&format!("`{}`.", event.name), &event.summary]));
    format!(
        "{summary}#[must_use]\npub fn {}({}) -> Message {{ Message::{}({key}Input::Event(Event::{}{fields})) }}\n",
        event.name,
        parameters.join(", "),
        names::camel(&facts.automaton.name),
        names::event_variant(facts.system, event),
    )
}
