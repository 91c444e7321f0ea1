//! `automata diff`: one trace under two versions of the definitions, and the first place where they part.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use automata_compiler::model::System;
use automata_compiler::trace::{Parting, Summary, Why, differences, timeline};
use automata_runtime::Record;
use clap::Args;
use serde_json::json;

use crate::Verdict;
use crate::folder::Folder;
use crate::replay::{counted, difference_text, parting_as_json, printable, why_text};
use crate::terminal::{BAD, GOOD, ODD, STRONG, output, print_json, styled};
use crate::trace::{Trace, wrong};

/// Run a trace under two versions of the definitions: where do they part?
#[derive(Args)]
#[command(
    after_help = "The inputs and answers of the trace are given to both. The trace should have been made under one of them: it is followed as far as one of the two does what it says.\n\
    Exit codes: 0 they do the same; 1 they part; 2 it could not be found out.\n\n\
    Examples:\n  \
    git worktree add /tmp/before HEAD~1\n  \
    automata diff node.trace /tmp/before/automata automata\n  \
    automata diff node.trace old new --rename door.OPEN=OPENED"
)]
pub struct Diff {
    /// The trace
    #[arg(value_name = "TRACE", value_hint = clap::ValueHint::FilePath)]
    trace: PathBuf,
    /// The folder of one version of the definitions
    #[arg(value_name = "OLD", value_hint = clap::ValueHint::DirPath)]
    old: PathBuf,
    /// The folder of the other
    #[arg(value_name = "NEW", value_hint = clap::ValueHint::DirPath)]
    new: PathBuf,
    /// A state, event or variable of an automaton is called OLD in one version and NEW in the other
    #[arg(long, value_name = "AUTOMATON.OLD=NEW", value_parser = rename)]
    rename: Vec<Rename>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What the old definitions call one thing, and the new ones another.
#[derive(Clone, Debug)]
struct Rename {
    automaton: String,
    old: String,
    new: String,
}

fn rename(text: &str) -> Result<Rename, String> {
    let parts = text.split_once('.').and_then(|(automaton, names)| Some((automaton, names.split_once('=')?)));
    match parts {
        Some((automaton, (old, new))) if ![automaton, old, new].contains(&"") => {
            Ok(Rename { automaton: automaton.to_owned(), old: old.to_owned(), new: new.to_owned() })
        }
        _ => Err("write AUTOMATON.OLD=NEW, such as door.OPEN=OPENED".to_owned()),
    }
}

impl Rename {
    /// Gives what the system calls `from` the name `to`. The names of states, events and variables are kept apart: each that fits is renamed.
    fn apply(&self, system: &mut System, from: &str, to: &str) -> anyhow::Result<()> {
        let Some(id) = system.automaton(&self.automaton) else {
            bail!("--rename: there is no automaton `{}` in both versions", self.automaton);
        };
        let automaton = &mut system.automata[id];
        let states = automaton.states.iter_mut().map(|state| &mut state.name);
        let events = automaton.events.iter_mut().map(|event| &mut event.name);
        let variables = automaton.variables.iter_mut().map(|variable| &mut variable.name);
        let mut names: Vec<&mut String> = states.chain(events).chain(variables).collect();
        if names.iter().any(|name| *name == to) {
            bail!("--rename: the definitions with `{from}` have a `{}.{to}` too", self.automaton);
        }
        let mut is_known = false;
        for name in names.iter_mut().filter(|name| **name == from) {
            to.clone_into(name);
            is_known = true;
        }
        if !is_known {
            bail!("--rename: `{}` has no state, event or variable `{from}`", self.automaton);
        }
        Ok(())
    }
}

/// What one version does at the place where they part.
struct Side<'a> {
    name: String,
    /// It does what the trace says, or something else.
    record: Option<&'a Record>,
    /// Why it delivers nothing.
    why: Option<&'a Why>,
}

impl Diff {
    pub fn run(self) -> anyhow::Result<Verdict> {
        if self.trace.as_os_str() == "-" {
            bail!("the trace is read twice, so it cannot come from standard input\nhelp: write it into a file");
        }
        let mut systems = Vec::new();
        let mut made_under = Vec::new();
        for path in [&self.old, &self.new] {
            let system = match Folder::find(Some(path))?.system()? {
                Ok(system) => system,
                Err(verdict) => return Ok(verdict),
            };
            if Trace::open(&self.trace)?.is_of(&system) {
                made_under.push(path.display().to_string());
            }
            systems.push(system);
        }
        // Both get the names that are in the trace: those of the old version, unless it was made under the new one.
        let is_of_new = made_under.first().is_some_and(|path| *path == self.new.display().to_string());
        for renamed in &self.rename {
            let (side, from, to) =
                if is_of_new { (0, &renamed.old, &renamed.new) } else { (1, &renamed.new, &renamed.old) };
            renamed.apply(Arc::make_mut(&mut systems[side]), from, to)?;
        }
        let mut summaries = Vec::new();
        for system in &systems {
            summaries.push(Trace::open(&self.trace)?.replay(system, &mut ()));
        }
        let name = self.trace.display().to_string();
        if !self.json {
            let mut output = output();
            match made_under.as_slice() {
                [] => writeln!(output, "{} {name} was made under neither of these definitions", styled(ODD, "note:"))?,
                names => writeln!(output, "{name} was made under {}", names.join(" and "))?,
            }
        }
        self.compare(&name, &summaries[0], &summaries[1])
    }

    fn compare(&self, name: &str, old: &Summary, new: &Summary) -> anyhow::Result<Verdict> {
        let line = |summary: &Summary| summary.parting.as_ref().map_or(u64::MAX, |parting| parting.line);
        let first = line(old).min(line(new));
        let unreadable = old.error.as_ref().or(new.error.as_ref());
        if let Some(error) = unreadable.filter(|error| error.line < first) {
            return Err(wrong(name, error));
        }
        if first == u64::MAX {
            let same = counted(old.verified, "delivery", "deliveries");
            if self.json {
                print_json(&json!({ "parting": null, "verified": old.verified }))?;
            } else {
                writeln!(output(), "{} on all {same}", styled(GOOD, "they agree"))?;
            }
            return Ok(Verdict::Good);
        }
        let at = |summary: &'_ Summary| summary.parting.clone().filter(|parting| parting.line == first);
        let (old, new) = (at(old), at(new));
        if let (Some(old), Some(new)) = (&old, &new)
            && old.why == new.why
        {
            bail!(
                "{name}, line {first}: here both do the same, which is not what the trace says, so there is nothing that could be followed\n\
                 help: a trace that was made under one of the two can be followed to its end; `automata replay {name} --automata {}` shows more",
                self.old.display()
            );
        }
        self.tell(name, first, old.as_ref(), new.as_ref())
    }

    fn tell(&self, name: &str, line: u64, old: Option<&Parting>, new: Option<&Parting>) -> anyhow::Result<Verdict> {
        let expected = old.or(new).and_then(|parting| parting.expected.as_deref());
        let side = |path: &PathBuf, parting: Option<&'_ Parting>| {
            let name = path.display().to_string();
            match parting.map(|parting| &parting.why) {
                None => (name, expected.cloned(), None),
                Some(Why::Differs(found)) => (name, Some(Record::clone(found)), None),
                Some(why) => (name, None, Some(why.clone())),
            }
        };
        let (old_side, new_side) = (side(&self.old, old), side(&self.new, new));
        let details = match (&old_side.1, &new_side.1) {
            (Some(old), Some(new)) => differences(old, new),
            _ => Vec::new(),
        };
        if self.json {
            let of = |parting: Option<&Parting>| parting.map(parting_as_json);
            let details: Vec<_> = details.iter().map(|(place, old, new)| json!([place, old, new])).collect();
            print_json(&json!({ "parting": {
                "line": line, "trace": expected, "old": of(old), "new": of(new), "differences": details,
            } }))?;
            return Ok(Verdict::Bad);
        }
        let mut output = output();
        writeln!(output, "{} at line {line} of {name}", styled(BAD, "they part"))?;
        if let Some(expected) = expected {
            writeln!(output, "  {} #{} {}", styled(STRONG, "trace"), expected.sequence, timeline(expected))?;
        }
        for (name, record, why) in [&old_side, &new_side] {
            let side = Side { name: name.clone(), record: record.as_ref(), why: why.as_ref() };
            side.tell(&mut output)?;
        }
        for difference in &details {
            writeln!(output, "  {}", difference_text(difference, ["before", "after"]))?;
        }
        output.flush()?;
        Ok(Verdict::Bad)
    }
}

impl Side<'_> {
    fn tell(&self, output: &mut impl Write) -> std::io::Result<()> {
        writeln!(output, "  {}", styled(STRONG, &self.name))?;
        if let Some(why) = self.why {
            let text = why_text(why).unwrap_or_default();
            return writeln!(output, "    {text}");
        }
        let Some(record) = self.record else { return writeln!(output, "    has come to the end, as the trace") };
        let state = |state: &Option<String>| match state.as_deref() {
            None => "no instance".to_owned(),
            Some("") => "no states".to_owned(),
            Some(name) => name.to_owned(),
        };
        writeln!(output, "    event       {} ← {}", record.instance, record.event)?;
        writeln!(output, "    states      {} → {}", state(&record.before), state(&record.after))?;
        let list = |items: Vec<String>| if items.is_empty() { "none".to_owned() } else { printable(&items.join(", ")) };
        let conditions =
            record.conditions.iter().map(|ask| format!("{} = {}", call(&ask.ask, &ask.arguments), ask.answer));
        writeln!(output, "    conditions  {}", list(conditions.collect()))?;
        let actions = record.actions.iter().map(|performed| call(&performed.action, &performed.arguments));
        writeln!(output, "    actions     {}", list(actions.collect()))?;
        let sends = record.sends.iter().map(|sent| format!("{}.{}", sent.to, call(&sent.event, &sent.fields)));
        writeln!(output, "    sends       {}", list(sends.collect()))
    }
}

fn call(name: &str, arguments: &serde_json::Map<String, serde_json::Value>) -> String {
    let values: Vec<String> = arguments.values().map(ToString::to_string).collect();
    if values.is_empty() { name.to_owned() } else { format!("{name}({})", values.join(", ")) }
}
