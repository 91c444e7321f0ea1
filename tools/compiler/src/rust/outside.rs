//! `outside.rs`: what the automata ask of the parts that are outside, as commands that whoever drives the system
//! carries out.

use std::fmt::Write as _;

use super::documentation::{documented, sentences};
use super::facts::Facts;
use super::names::{self, Scope};
use super::types::owned_type;
use crate::model::{Action, BaseType, PartId, System};

/// The pieces of `outside.rs`.
pub fn module(system: &System, all: &[Facts<'_>]) -> Vec<String> {
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
        let asked: String = all.iter().map(|facts| of_automaton(facts, id)).collect();
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
    if names::has_module(&body, "types") {
        head.push_str("use super::types;\n");
    }
    vec![head, body]
}

fn of_automaton(facts: &Facts<'_>, part: PartId) -> String {
    let mut text = String::new();
    for (index, action) in facts.automaton.actions.iter().enumerate().filter(|(_, action)| action.by == part) {
        let typed = action.arguments.iter().map(|argument| owned_type(facts.system, argument.r#type));
        let types = facts.automaton.key.iter().map(|_| facts.key_type()).chain(typed);
        let fields: Vec<String> =
            field_names(facts, action).iter().zip(types).map(|(name, of)| format!("{name}: {of}")).collect();
        let fields = braced(&fields);
        let what = format!("`{}.{}`.", facts.automaton.name, action.name);
        let _ = writeln!(
            text,
            "{}{}{fields},",
            documented(&sentences(&[&what, &action.summary])),
            facts.names.commands.action(facts.id, index)
        );
    }
    text
}

/// The fields of a command: the key of the instance, and the arguments.
fn field_names(facts: &Facts<'_>, action: &Action) -> Vec<String> {
    let mut scope = Scope::default();
    let key = facts.automaton.key.iter().map(|key| key.name.as_str());
    let arguments = action.arguments.iter().map(|argument| argument.name.as_str());
    key.chain(arguments).map(|name| scope.local(name)).collect()
}

fn braced(fields: &[String]) -> String {
    if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join(", ")) }
}

/// Durations and bytes are types of the runtime.
fn carries_runtime_types(facts: &Facts<'_>) -> bool {
    let outside = facts.automaton.actions.iter().filter(|action| facts.system.is_outside(action));
    let mut carried = outside.flat_map(|action| {
        let key = facts.automaton.key.iter().map(|key| key.r#type.base);
        key.chain(action.arguments.iter().map(|argument| argument.r#type.base))
    });
    carried.any(|base| matches!(base, BaseType::Duration | BaseType::Bytes))
}

/// `impl Member`: what becomes of an action of this automaton, of an instance of that key.
pub fn handed_on(facts: &Facts<'_>, path: &str, variant: &str) -> String {
    let automaton = facts.automaton;
    let is_keyed = automaton.key.is_some();
    let key = if is_keyed { "instance_.clone(), " } else { "" };
    if !facts.has_outside_actions() {
        return format!("Action::{variant}({key}action)");
    }
    let mut arms = String::new();
    for (index, action) in automaton.actions.iter().enumerate() {
        let own = &facts.actions[index];
        let names: Vec<String> = action.arguments.iter().map(|argument| names::word(&argument.name)).collect();
        let pattern = braced(&names);
        let handed = if facts.system.is_outside(action) {
            let values = automaton.key.iter().map(|_| "instance_.clone()").chain(names.iter().map(String::as_str));
            let given = field_names(facts, action).into_iter().zip(values);
            let given = given.map(|(name, value)| if name == value { name } else { format!("{name}: {value}") });
            let fields = braced(&given.collect::<Vec<_>>());
            let (part, command) = (facts.names.commands.part(action.by), facts.names.commands.action(facts.id, index));
            format!("Action::Outside(outside::Command::{part}(outside::{part}::{command}{fields}))")
        } else {
            format!("Action::{variant}({key}{path}::Inside::{own}{pattern})")
        };
        let _ = writeln!(arms, "{path}::Action::{own}{pattern} => {handed},");
    }
    format!("match action {{ {arms} }}")
}
