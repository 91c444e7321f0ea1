//! `senders.rs`: one function for each event that a part of the program sends, so that rustc tells of an event that
//! nobody sends.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::documentation::{documented, sentences};
use super::identifiers::{self, Scope};
use super::types::owned_type;
use super::usage::Usage;
use crate::model::{EventId, EventKind, Partner};

/// The pieces of `senders.rs`.
pub fn module(all: &[Usage<'_>]) -> Vec<String> {
    let mut parts: BTreeMap<u32, BTreeMap<usize, String>> = BTreeMap::new();
    for usage in all {
        for (index, event) in usage.automaton.events.iter().enumerate() {
            let EventKind::Declared { from, .. } = &event.kind else { continue };
            for partner in from {
                if let Partner::Part(part) = partner {
                    let functions = parts.entry(part.0).or_default().entry(usage.id.index()).or_default();
                    functions.push_str(&function(usage, EventId(index as u32)));
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
        let _ = writeln!(text, "{}pub mod {} {{", documented(&part.summary), identifiers::word(&part.name));
        for (automaton, functions) in automata {
            let usage = &all[automaton];
            let module = &usage.own_names().module;
            let types = if identifiers::has_module(&functions, "types") { ", types" } else { "" };
            let imports = format!(
                "use automata_runtime::generated::*;\n\
                 use super::super::super::{{{module}::Event, system::Message{types}}};\n"
            );
            let _ = writeln!(
                text,
                "/// To `{}`.\npub mod {} {{ {imports} {functions} }}",
                usage.automaton.name,
                identifiers::word(&usage.automaton.name)
            );
        }
        text.push_str("}\n");
        pieces.push(text);
    }
    pieces
}

fn function(usage: &Usage<'_>, id: EventId) -> String {
    let event = &usage.automaton.events[id];
    let mut scope = Scope::default();
    let fields: Vec<String> = event.fields.iter().map(|field| scope.local(&field.name)).collect();
    let typed = fields.iter().zip(&event.fields).map(|(name, field)| (name, owned_type(usage.system, field.r#type)));
    let mut parameters: Vec<String> = typed.map(|(name, of)| format!("{name}: {of}")).collect();
    let mut key = String::new();
    if let Some(declared) = &usage.automaton.key {
        let name = scope.local(&declared.name);
        parameters.insert(0, format!("{name}: {}", usage.key_type()));
        key = format!("{name}, ");
    }
    let fields = if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join(", ")) };
    let summary = documented(&sentences(&[&format!("`{}`.", event.name), &event.summary]));
    let own = usage.own_names();
    format!(
        "{summary}#[must_use]\npub fn {}({}) -> Message {{ Message::{}({key}Input::Event(Event::{}{fields})) }}\n",
        identifiers::word(&event.name),
        parameters.join(", "),
        own.variant,
        own.event(id),
    )
}
