//! `automata list`: lists the automata.

use std::io::Write;

use automata_compiler::model::{Automaton, EventKind, System};
use clap::Args;
use serde::Serialize;

use crate::folder::{Folder, resolve_sound};
use crate::terminal::{FAINT, STRONG, counted, output, print_json, styled};
use crate::verdict::Verdict;

/// List the automata: instances, states, events and purpose
#[derive(Args)]
pub struct List {
    /// Print one JSON object for each automaton, one to a line
    #[arg(long)]
    json: bool,
}

/// An automaton in a list.
#[derive(Serialize)]
struct Entry<'a> {
    automaton: &'a str,
    summary: &'a str,
    /// `one`, or `per <key>`.
    instances: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_type: Option<String>,
    /// Those in the file, leaves and composites.
    states: usize,
    /// Those that can be current.
    leaves: usize,
    events: usize,
    observations: usize,
    timers: usize,
    transitions: usize,
    actions: usize,
    conditions: usize,
}

impl List {
    pub fn run(self, folder: &Folder) -> anyhow::Result<Verdict> {
        let (system, verdict) = match resolve_sound(folder, &folder.read()?, &[])? {
            Ok(resolved) => resolved,
            Err(verdict) => return Ok(verdict),
        };
        let entries: Vec<Entry<'_>> = system.automata.iter().map(|automaton| entry(&system, automaton)).collect();
        if self.json {
            entries.iter().try_for_each(print_json)?;
        } else {
            table(&entries)?;
        }
        Ok(verdict)
    }
}

fn entry<'a>(system: &System, automaton: &'a Automaton) -> Entry<'a> {
    let observations =
        automaton.events.iter().filter(|event| matches!(event.kind, EventKind::Observation { .. })).count();
    Entry {
        automaton: &automaton.name,
        summary: &automaton.summary,
        instances: automaton.key.as_ref().map_or_else(|| "one".to_owned(), |key| format!("per {}", key.name)),
        key_type: automaton.key.as_ref().map(|key| system.type_name(key.r#type)),
        states: automaton.states.len() - 1,
        leaves: automaton.leaves().count(),
        events: automaton.events.len() - observations,
        observations,
        timers: automaton.timers.len(),
        transitions: automaton.transitions.len(),
        actions: automaton.actions.len(),
        conditions: automaton.conditions.len(),
    }
}

fn table(entries: &[Entry<'_>]) -> anyhow::Result<()> {
    let mut output = output();
    let widest = |text: fn(&Entry<'_>) -> usize| entries.iter().map(text).max().unwrap_or_default();
    let name = widest(|entry| entry.automaton.len());
    let instances = widest(|entry| entry.instances.len());
    for entry in entries {
        let padding = " ".repeat(name - entry.automaton.len());
        writeln!(
            output,
            "{}{padding}  {:instances$}  {:>9}  {:>9}  {}",
            styled(STRONG, entry.automaton),
            entry.instances,
            counted(entry.states, "state"),
            counted(entry.events, "event"),
            styled(FAINT, entry.summary),
        )?;
    }
    if entries.len() > 1 {
        let states = entries.iter().map(|entry| entry.states).sum();
        writeln!(output, "{} automata, {}", entries.len(), counted(states, "state"))?;
    }
    output.flush()?;
    Ok(())
}
