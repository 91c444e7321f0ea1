//! `automata diff`: one trace under two versions of the definitions: where do they part, and what comes after that?

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use automata_compiler::model::System;
use automata_compiler::trace::{
    Beside, Comparison, Parting, Replay as Running, Step, Summary, Why, differences, timeline,
};
use automata_runtime::Record;
use clap::Args;
use serde_json::json;

use crate::folder::Folder;
use crate::replay::{counted, difference_text, parting_as_json, printable, tell_left_out, why_text};
use crate::terminal::{BAD, GOOD, ODD, STRONG, output, print_json, styled};
use crate::trace::{Trace, wrong};
use crate::verdict::Verdict;

/// Run a trace under two versions of the definitions: where do they part?
#[derive(Args)]
#[command(
    after_help = "Both get the inputs and answers of the trace. If it was made under neither, a note says so. After the first difference the other version goes on in its own situation: its own timers fire, and each further input is compared. Where the trace leaves deliveries out, both take over what came of them.\n\
    Exit codes: 0 same behaviour; 1 different behaviour; 2 error.\n\n\
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
    /// OLD in the first version is called NEW in the second: a state, event or variable of that automaton
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
    /// Checks that one version has the old name, and the other the new one, for a thing of one kind.
    fn check(&self, [old, new]: [(&System, &Path); 2]) -> anyhow::Result<()> {
        let (kinds_of_old, kinds_of_new) = (self.kinds(old, &self.old)?, self.kinds(new, &self.new)?);
        if kinds_of_old.iter().any(|kind| kinds_of_new.contains(kind)) {
            return Ok(());
        }
        let Self { automaton, old: from, new: to } = self;
        bail!(
            "--rename: `{from}` of `{automaton}` is {} in {}, and `{to}` is {} in {}, so they are not the same thing",
            kinds_of_old.join(" and "),
            old.1.display(),
            kinds_of_new.join(" and "),
            new.1.display()
        )
    }

    /// What the automaton has of that name: at least one thing.
    fn kinds(&self, (system, folder): (&System, &Path), name: &str) -> anyhow::Result<Vec<&'static str>> {
        let folder = folder.display();
        let Some(id) = system.automaton(&self.automaton) else {
            bail!("--rename: there is no automaton `{}` in {folder}", self.automaton);
        };
        let automaton = &system.automata[id];
        let kinds = [
            ("a state", automaton.states.iter().any(|state| state.name == name)),
            ("an event", automaton.events.iter().any(|event| event.name == name)),
            ("a variable", automaton.variables.iter().any(|variable| variable.name == name)),
        ];
        let kinds: Vec<&str> = kinds.into_iter().filter(|(_, has)| *has).map(|(kind, _)| kind).collect();
        if kinds.is_empty() {
            bail!("--rename: `{}` in {folder} has no state, event or variable `{name}`", self.automaton);
        }
        Ok(kinds)
    }

    /// Gives what the system calls `from` the name `to`. The names of states, events and variables are kept apart: each
    /// that fits is renamed.
    fn apply(&self, system: &mut System, from: &str, to: &str) -> anyhow::Result<()> {
        let Some(id) = system.automaton(&self.automaton) else { return Ok(()) };
        let automaton = &mut system.automata[id];
        let states = automaton.states.iter_mut().map(|state| &mut state.name);
        let events = automaton.events.iter_mut().map(|event| &mut event.name);
        let variables = automaton.variables.iter_mut().map(|variable| &mut variable.name);
        let mut names: Vec<&mut String> = states.chain(events).chain(variables).collect();
        if names.iter().any(|name| *name == to) {
            bail!("--rename: the definitions with `{from}` have a `{}.{to}` too", self.automaton);
        }
        for name in names.iter_mut().filter(|name| **name == from) {
            to.clone_into(name);
        }
        Ok(())
    }
}

/// Further differences that are shown, at most; all are counted.
const STEPS_SHOWN: usize = 20;

/// What comes after the first difference.
struct Further {
    of: Comparison,
    /// 0: the old version follows the trace; 1: the new one does.
    leader: usize,
}

impl Further {
    /// What is of the leader and what is of the other, as old and new.
    fn sides<T>(&self, leader: T, other: T) -> (T, T) {
        if self.leader == 0 { (leader, other) } else { (other, leader) }
    }

    fn as_json(&self) -> serde_json::Value {
        let steps = self.of.steps.iter().skip(1).map(|step| {
            let (here, there) = step.first_difference().unwrap_or_default();
            let (old, new) = self.sides(here, there);
            let details = old.zip(new).map(|(old, new)| details(old, new)).unwrap_or_default();
            let details: Vec<_> = details.iter().map(|(place, old, new)| json!([place, old, new])).collect();
            json!({ "line": step.line, "old": old, "new": new, "differences": details })
        });
        let apart = self.of.apart.iter().map(|(name, here, there)| {
            let (old, new) = self.sides(here, there);
            json!({ "instance": name, "old": old, "new": new })
        });
        let stopped = self.of.stopped.as_ref().map(|(line, why)| json!({ "line": line, "says": why }));
        json!({
            "differences": steps.collect::<Vec<_>>(),
            "inputs_same": self.of.same,
            "inputs_different": self.of.different,
            "kinds": self.of.kinds,
            "apart_at_the_end": apart.collect::<Vec<_>>(),
            "stopped": stopped,
        })
    }

    fn tell(&self, output: &mut impl Write) -> std::io::Result<()> {
        if self.of.steps.len() > 1 {
            writeln!(output, "{} with the same inputs (- before, + after)", styled(STRONG, "further:"))?;
        }
        for step in self.of.steps.iter().skip(1) {
            self.tell_step(output, step)?;
        }
        let shown = u64::try_from(self.of.steps.len()).unwrap_or(u64::MAX);
        if self.of.different > shown {
            writeln!(output, "… and {}", counted(self.of.different - shown, "more difference", "more differences"))?;
        }
        if let Some((line, why)) = &self.of.stopped {
            let which = if self.leader == 0 { "new" } else { "old" };
            let stopped = styled(ODD, "stopped:");
            writeln!(
                output,
                "{stopped} the {which} version cannot be followed beyond line {line}: {}",
                printable(why)
            )?;
        }
        let mut kinds: Vec<(&String, &u64)> = self.of.kinds.iter().collect();
        kinds.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} × {kind}")).collect();
        let (summary, different, all) =
            (styled(STRONG, "summary:"), self.of.different, self.of.same + self.of.different);
        writeln!(output, "{summary} {different} of {all} inputs and timers differ: {}", kinds.join(", "))?;
        if self.of.stopped.is_some() {
            return Ok(());
        }
        let state = |state: Option<&String>| match state.map(String::as_str) {
            None => "does not exist".to_owned(),
            Some("") => "exists".to_owned(),
            Some(name) => format!("is in {name}"),
        };
        if self.of.apart.is_empty() {
            writeln!(output, "  at the end every instance is in the same state")?;
        }
        for (name, here, there) in self.of.apart.iter().take(STEPS_SHOWN) {
            let (old, new) = self.sides(state(here.as_ref()), state(there.as_ref()));
            writeln!(output, "  at the end {} {old} before, {new} after", printable(name))?;
        }
        if let Some(more) = self.of.apart.len().checked_sub(STEPS_SHOWN).filter(|more| *more > 0) {
            writeln!(output, "  … and {}", counted(more as u64, "more instance", "more instances"))?;
        }
        Ok(())
    }

    /// The first deliveries that differ: `-` is before, `+` is after.
    fn tell_step(&self, output: &mut impl Write, step: &Step) -> std::io::Result<()> {
        let Some((here, there)) = step.first_difference() else { return Ok(()) };
        let (old, new) = self.sides(here, there);
        let mut place = step.line.map_or_else(String::new, |line| format!("line {line}"));
        let looks_same = old.zip(new).is_some_and(|(old, new)| timeline(old) == timeline(new));
        let sides = if looks_same { [(" ", old), ("+", None)] } else { [("-", old), ("+", new)] };
        for (sign, record) in sides {
            if let Some(record) = record {
                writeln!(output, "{:<10} {} {}", std::mem::take(&mut place), styled(STRONG, sign), timeline(record))?;
            }
        }
        let Some((old, new)) =
            old.zip(new).filter(|(old, new)| (&old.instance, &old.event) == (&new.instance, &new.event))
        else {
            return Ok(());
        };
        for difference in details(old, new) {
            writeln!(output, "{:17}{}", "", difference_text(&difference, ["before", "after"]))?;
        }
        Ok(())
    }
}

/// What is not the same in two deliveries after the first difference. Their numbers differ by what came before.
fn details(old: &Record, new: &Record) -> Vec<(String, String, String)> {
    let mut details = differences(old, new);
    details.retain(|(place, ..)| !matches!(place.as_str(), "sequence" | "cause" | "violated"));
    details
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
        for (path, what) in [(&self.old, "OLD is"), (&self.new, "NEW is")] {
            let system = match Folder::at(path, what, "")?.system()? {
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
            renamed.check([(&systems[0], &self.old), (&systems[1], &self.new)])?;
        }
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
        self.compare(&name, &systems, &summaries[0], &summaries[1])
    }

    fn compare(&self, name: &str, systems: &[Arc<System>], old: &Summary, new: &Summary) -> anyhow::Result<Verdict> {
        let line = |summary: &Summary| summary.parting.as_ref().map_or(u64::MAX, |parting| parting.line);
        let first = line(old).min(line(new));
        let unreadable = old.error.as_ref().or(new.error.as_ref());
        if let Some(error) = unreadable.filter(|error| error.line < first) {
            return Err(wrong(name, error));
        }
        if first == u64::MAX {
            return self.tell_agreement(old, new);
        }
        let at = |summary: &'_ Summary| summary.parting.clone().filter(|parting| parting.line == first);
        let (old_parting, new_parting) = (at(old), at(new));
        if let (Some(old), Some(new)) = (&old_parting, &new_parting)
            && old.why == new.why
        {
            bail!(
                "{name}, line {first}: here both do the same, which is not what the trace says, so there is nothing that could be followed\n\
                 help: a trace that was made under one of the two can be followed to its end; `automata replay {name} --automata {}` shows more",
                self.old.display()
            );
        }
        // The one that follows the trace further leads.
        let leader = usize::from(line(new) > line(old));
        let further = self.follow(&systems[leader], &systems[1 - leader])?;
        self.tell(name, first, old_parting.as_ref(), new_parting.as_ref(), further.map(|of| Further { of, leader }))
    }

    /// What comes after the first difference. None: the situation at the beginning of the trace is none of the other
    /// definitions.
    fn follow(&self, leader: &Arc<System>, other: &Arc<System>) -> anyhow::Result<Option<Comparison>> {
        let trace = Trace::open(&self.trace)?;
        let Ok(mut beside) = Beside::new(other, trace.opening(), STEPS_SHOWN + 1) else { return Ok(None) };
        let Ok(mut running) = Running::new(leader, trace.opening()) else { return Ok(None) };
        trace.run(&mut running, &mut beside);
        Ok(Some(beside.finish(running.interpreter())))
    }

    fn tell_agreement(&self, old: &Summary, new: &Summary) -> anyhow::Result<Verdict> {
        let only = |of: &Summary, other: &Summary| -> Vec<(u64, String)> {
            of.violated.iter().filter(|violation| !other.violated.contains(violation)).cloned().collect()
        };
        let (only_old, only_new) = (only(old, new), only(new, old));
        if self.json {
            let listed = |of: &[(u64, String)]| -> Vec<_> {
                of.iter().map(|(sequence, property)| json!({ "sequence": sequence, "property": property })).collect()
            };
            let violated = json!({ "old": listed(&only_old), "new": listed(&only_new) });
            print_json(&json!({
                "parting": null, "verified": old.verified, "left_out": old.left_out, "violated_in_one": violated,
            }))?;
        } else {
            let mut output = output();
            let same = counted(old.verified, "delivery", "deliveries");
            writeln!(output, "{} on all {same}", styled(GOOD, "they agree"))?;
            tell_left_out(&mut output, old.left_out)?;
            for (path, only) in [(&self.old, &only_old), (&self.new, &only_new)] {
                for (sequence, property) in only {
                    let path = path.display();
                    let error = styled(ODD, "error:");
                    writeln!(
                        output,
                        "{error} the property {property} of {path} is violated since delivery #{sequence}"
                    )?;
                }
            }
            output.flush()?;
        }
        Ok(Verdict::good_if(only_old.is_empty() && only_new.is_empty()))
    }

    fn tell(
        &self,
        name: &str,
        line: u64,
        old: Option<&Parting>,
        new: Option<&Parting>,
        further: Option<Further>,
    ) -> anyhow::Result<Verdict> {
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
            let parting = json!({
                "line": line, "trace": expected, "old": of(old), "new": of(new), "differences": details,
            });
            let further = further.as_ref().map(Further::as_json);
            print_json(&json!({ "parting": parting, "further": further }))?;
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
        if let Some(further) = further {
            further.tell(&mut output)?;
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
