//! `outside.rs`: what the automata ask of the parts that are outside, as commands that whoever drives the system
//! carries out.

use std::fmt::Write as _;

use super::documentation::{documented, sentences};
use super::identifiers::{self, Scope};
use super::types::owned_type;
use super::usage::Usage;
use crate::model::{Action, BaseType, PartId, System};

/// The pieces of `outside.rs`.
pub fn module(system: &System, all: &[Usage<'_>]) -> Vec<String> {
    let commands = &all[0].names.commands;
    let mut variants = String::new();
    let mut enums = String::new();
    for (index, part) in system.parts.iter().enumerate() {
        let id = PartId(index as u32);
        let name = commands.part(id);
        if name.is_empty() {
            continue;
        }
        let _ = writeln!(variants, "/// Of `{}`.\n{name}({name}),", part.name);
        let asked: String = all.iter().map(|usage| of_automaton(usage, id)).collect();
        let _ = writeln!(
            enums,
            "{}#[derive(Clone, Debug, PartialEq)]\n\
             #[allow(missing_docs, reason = \"arguments are what they are called\")]\n\
             pub enum {name} {{ {asked} }}",
            documented(&sentences(&[&format!("What `{}` is asked for.", part.name), &part.summary])),
        );
    }
    let body = format!(
        "/// What a part outside is asked for.\n#[derive(Clone, Debug, PartialEq)]\npub enum Command {{ {variants} }}\n{enums}"
    );
    let mut head = String::from(
        "//! What the automata ask of the parts that are outside (`outside` in `parts.yaml`), one variant for each action.\n\
",
    );
    if all.iter().any(carries_runtime_types) {
        head.push_str("use automata_runtime::generated::*;\n");
    }
    head.push_str(&identifiers::imports(&body, ["types"]));
    vec![head, body]
}

fn of_automaton(usage: &Usage<'_>, part: PartId) -> String {
    let mut text = String::new();
    for (index, action) in usage.automaton.actions.iter().enumerate().filter(|(_, action)| action.by == part) {
        let typed = action.arguments.iter().map(|argument| owned_type(usage.system, argument.r#type));
        let types = usage.automaton.key.iter().map(|_| usage.key_type()).chain(typed);
        let fields: Vec<String> =
            field_names(usage, action).iter().zip(types).map(|(name, of)| format!("{name}: {of}")).collect();
        let fields = braced(&fields);
        let what = format!("`{}.{}`.", usage.automaton.name, action.name);
        let _ = writeln!(
            text,
            "{}{}{fields},",
            documented(&sentences(&[&what, &action.summary])),
            usage.names.commands.action(usage.id, index)
        );
    }
    text
}

/// The fields of a command: the key of the instance, and the arguments.
fn field_names(usage: &Usage<'_>, action: &Action) -> Vec<String> {
    let mut scope = Scope::default();
    let key = usage.automaton.key.iter().map(|key| key.name.as_str());
    let arguments = action.arguments.iter().map(|argument| argument.name.as_str());
    key.chain(arguments).map(|name| scope.local(name)).collect()
}

fn braced(fields: &[String]) -> String {
    if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join(", ")) }
}

/// Durations and bytes are types of the runtime.
fn carries_runtime_types(usage: &Usage<'_>) -> bool {
    let outside = usage.automaton.actions.iter().filter(|action| usage.system.is_outside(action));
    let mut carried = outside.flat_map(|action| {
        let key = usage.automaton.key.iter().map(|key| key.r#type.base);
        key.chain(action.arguments.iter().map(|argument| argument.r#type.base))
    });
    carried.any(|base| matches!(base, BaseType::Duration | BaseType::Bytes))
}

/// `impl Member`: what becomes of an action of this automaton, of an instance of that key.
pub fn handed_on(usage: &Usage<'_>, path: &str, variant: &str) -> String {
    let automaton = usage.automaton;
    let is_keyed = automaton.key.is_some();
    let key = if is_keyed { "instance_.clone(), " } else { "" };
    if !usage.has_outside_actions() {
        return format!("Action::{variant}({key}action)");
    }
    let mut arms = String::new();
    for (index, action) in automaton.actions.iter().enumerate() {
        let own = &usage.actions[index];
        let names: Vec<String> = action.arguments.iter().map(|argument| identifiers::word(&argument.name)).collect();
        let pattern = braced(&names);
        let handed = if usage.system.is_outside(action) {
            let values = automaton.key.iter().map(|_| "instance_.clone()").chain(names.iter().map(String::as_str));
            let given = field_names(usage, action).into_iter().zip(values);
            let given = given.map(|(name, value)| if name == value { name } else { format!("{name}: {value}") });
            let fields = braced(&given.collect::<Vec<_>>());
            let (part, command) = (usage.names.commands.part(action.by), usage.names.commands.action(usage.id, index));
            format!("Action::Outside(outside::Command::{part}(outside::{part}::{command}{fields}))")
        } else {
            format!("Action::{variant}({key}{path}::Inside::{own}{pattern})")
        };
        let _ = writeln!(arms, "{path}::Action::{own}{pattern} => {handed},");
    }
    format!("match action {{ {arms} }}")
}
