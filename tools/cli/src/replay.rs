//! `automata replay`: runs a trace again, and holds every delivery against what was recorded.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use automata_compiler::interpreter::{Delivery, Interpreter};
use automata_compiler::invisible::is_invisible;
use automata_compiler::model::System;
use automata_compiler::model_hash;
use automata_compiler::trace::{
    Anonymiser, Ending, Line, Parting, Replay as Running, Summary, Watch, Why, differences, moment, timeline,
    timeline_left_out,
};
use automata_runtime::trace::{LeftOut, Output};
use clap::Args;
use serde_json::{Value as Json, json};

use crate::folder::{Folder, automaton};
use crate::places::{is_same, refuse_definition};
use crate::terminal::{BAD, FAINT, GOOD, ODD, STRONG, is_output_closed, output, plain_output, styled};
use crate::trace::{Trace, TracePath, wrong};
use crate::verdict::Verdict;

/// Run a trace again, and verify every state, variable, action and send
#[derive(Args)]
#[command(
    after_help = "The inputs and the answers to conditions come from the trace; everything else is worked out from the definitions, and compared.\n\
    Exit codes: 0 all agrees; 1 the trace and the definitions differ, or a property is violated; 2 the trace cannot be read.\n\n\
    Examples:\n  \
    automata replay node.trace\n  \
    automata replay node.trace --quiet                      only whether it agrees\n  \
    automata replay node.trace --instance 'session[7]'      what happened to one instance\n  \
    automata replay node.trace --until 1:30 --speed 1       the first minute and a half, as it was\n  \
    automata replay node.trace --anonymise copy.trace       a copy to show to others"
)]
pub struct Replay {
    #[command(flatten)]
    trace: TracePath,
    /// Stop after that delivery (a number), or at that time: 90s, 5min, 1:30.5
    #[arg(long, value_name = "N|TIME", value_parser = until)]
    until: Option<Until>,
    /// Show only this automaton or instance, NAME or NAME[KEY]; everything is verified still
    #[arg(long, value_name = "INSTANCE")]
    instance: Vec<String>,
    /// Show each delivery at its time, that many times as fast as it was [default: as fast as can be]
    #[arg(long, value_name = "FACTOR", value_parser = speed)]
    speed: Option<f64>,
    /// Show no deliveries
    #[arg(long, short, conflicts_with_all = ["instance", "speed"])]
    quiet: bool,
    /// Print the lines of the trace, and at the end one with what it came to
    #[arg(long)]
    json: bool,
    /// Write a copy in which texts and values of opaque types are replaced, always by the same; it replays as this one
    /// does
    #[arg(long, value_name = "OUT", value_hint = clap::ValueHint::FilePath)]
    anonymise: Option<PathBuf>,
}

/// Where to stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Until {
    /// After that delivery.
    Sequence(u64),
    /// After everything up to then.
    Time(u64),
}

impl Replay {
    pub fn run(self, folder: &Folder) -> anyhow::Result<Verdict> {
        let system = match folder.system()? {
            Ok(system) => system,
            Err(verdict) => return Ok(verdict),
        };
        for instance in &self.instance {
            automaton(&system, instance.split('[').next().unwrap_or(instance))?;
        }
        let trace = Trace::open(&self.trace.trace)?;
        let (name, is_of) = (trace.name.clone(), trace.is_of(&system));
        if !self.json {
            self.introduce(&trace, &system, is_of)?;
        }
        let mut copy = match &self.anonymise {
            Some(out) => {
                refuse_definition(out, folder)?;
                Some(Copy::new(out, &self.trace.trace, &system, &trace, is_of)?)
            }
            None => None,
        };
        let mut show = Show::new(&self, copy.as_mut());
        let summary = match Running::new(&system, trace.opening()) {
            Ok(mut running) => {
                if let Some(copy) = &mut show.copy {
                    copy.begin(&trace, &running);
                }
                trace.run(&mut running, &mut show)
            }
            Err(parting) => Summary::parted(parting),
        };
        show.finish()?;
        if let Some(copy) = copy {
            copy.finish(&summary)?;
        }
        self.conclude(&name, &summary, is_of)
    }

    fn introduce(&self, trace: &Trace, system: &System, is_of: bool) -> anyhow::Result<()> {
        let mut output = output();
        let header = &trace.opening().first.header;
        let mut parts = vec![header.program.clone()];
        for (what, text) in [("node", &header.node), ("network", &header.network)] {
            if !text.is_empty() {
                parts.push(format!("{what} {text}"));
            }
        }
        if header.started_unix_ms > 0 {
            parts.push(format!("started {}", date(header.started_unix_ms)));
        }
        if !is_of {
            writeln!(output, "{}", other_definitions(trace, system))?;
        }
        if !self.quiet {
            writeln!(output, "{}", styled(FAINT, printable(&parts.join(", "))))?;
        }
        output.flush()?;
        Ok(())
    }

    fn conclude(&self, name: &str, summary: &Summary, is_of: bool) -> anyhow::Result<Verdict> {
        if self.json {
            let mut output = plain_output();
            writeln!(output, "{}", as_json(summary, is_of))?;
            output.flush()?;
        } else {
            tell(name, summary)?;
        }
        match &summary.error {
            Some(error) if summary.parting.is_none() => Err(wrong(name, error)),
            _ => Ok(Verdict::good_if(summary.parting.is_none() && summary.violated.is_empty())),
        }
    }
}

/// Before anything else: that the definitions are others.
pub fn other_definitions(trace: &Trace, system: &System) -> String {
    let short = |hash: &str| hash.chars().take(12).collect::<String>();
    format!(
        "{} {} was made under other definitions ({}, and these are {}); where do they part?",
        styled(ODD, "note:"),
        trace.name,
        printable(&short(&trace.opening().first.model)),
        short(&model_hash(system))
    )
}

fn as_json(summary: &Summary, is_of: bool) -> Json {
    json!({
        "verified": summary.verified,
        "inputs": summary.inputs,
        "at_ms": summary.at_ms,
        "left_out": summary.left_out,
        "same_definitions": is_of,
        "ended": summary.ending == Some(Ending::Ended),
        "incomplete": summary.is_incomplete,
        "violated": summary.violated.iter().map(|(sequence, property)| json!({ "sequence": sequence, "property": property })).collect::<Vec<_>>(),
        "parting": summary.parting.as_ref().map(parting_as_json),
        "error": summary.error.as_ref().map(|error| json!({ "line": error.line, "problem": error.problem })),
    })
}

/// A parting for machines.
pub fn parting_as_json(parting: &Parting) -> Json {
    let (kind, found) = match &parting.why {
        Why::Differs(found) => ("differs", Some(found)),
        Why::NoDelivery => ("no_delivery", None),
        Why::Due { .. } => ("due", None),
        Why::Unanswered { .. } => ("unanswered", None),
        Why::Unknown(_) => ("unknown", None),
    };
    let details = match (&parting.expected, found) {
        (Some(expected), Some(found)) => differences(expected, found),
        _ => Vec::new(),
    };
    let details = details.into_iter().map(|(place, expected, found)| json!([place, expected, found]));
    json!({
        "line": parting.line,
        "at_ms": parting.at_ms(),
        "kind": kind,
        "says": why_text(&parting.why),
        "expected": parting.expected,
        "found": found,
        "differences": details.collect::<Vec<_>>(),
    })
}

/// What there is to say, where there are no two records to compare.
pub fn why_text(why: &Why) -> Option<String> {
    match why {
        Why::Differs(_) => None,
        Why::NoDelivery => Some("the definitions have nothing to deliver here".to_owned()),
        Why::Unanswered { instance, question } => {
            Some(format!("{instance} asks for the condition `{question}`, which the trace has no answer for here"))
        }
        Why::Due { instance, timer, due_ms } => Some(format!(
            "`{timer}` of {instance} is due at {} here. This trace does not say when timers were due, so it was late, or its length has changed",
            moment(*due_ms)
        )),
        Why::Unknown(problem) => Some(problem.clone()),
    }
}

/// A difference as a line: of a timer, when it is due.
pub fn difference_text((place, first, second): &(String, String, String), of: [&str; 2]) -> String {
    let due = |text: &str| {
        text.parse().map_or_else(|_| "not running".to_owned(), |at_ms| format!("due at {}", moment(at_ms)))
    };
    match place.strip_prefix("timers.") {
        Some(timer) => format!("timer `{timer}`: {} {}, {} {}", due(first), of[0], due(second), of[1]),
        None => format!("{place}: {} {}, {} {}", printable(first), of[0], printable(second), of[1]),
    }
}

fn tell(name: &str, summary: &Summary) -> anyhow::Result<()> {
    let mut output = output();
    if let Some(parting) = &summary.parting {
        tell_parting(&mut output, name, parting)?;
    }
    for (sequence, property) in &summary.violated {
        writeln!(output, "{} the property {property} is violated since delivery #{sequence}", styled(ODD, "error:"))?;
    }
    let what = format!(
        "{} of {}, up to {}",
        counted(summary.verified, "delivery", "deliveries"),
        counted(summary.inputs, "input", "inputs"),
        moment(summary.at_ms)
    );
    match (&summary.parting, &summary.error) {
        (None, None) => writeln!(
            output,
            "{} {what}: states, variables, conditions, actions and sends are those of the trace",
            styled(GOOD, "verified")
        )?,
        (Some(_), _) => writeln!(output, "{what} agree before it")?,
        (None, Some(_)) => writeln!(output, "{what} agree, as far as it can be read")?,
    }
    tell_left_out(&mut output, summary.left_out)?;
    if summary.parting.is_none() && summary.error.is_none() {
        if summary.is_incomplete {
            writeln!(
                output,
                "{} it ends within an input: what followed was not written any more",
                styled(ODD, "note:")
            )?;
        } else if summary.ending == Some(Ending::CutOff) {
            writeln!(
                output,
                "{} it has no end: the program did not stop in good order, or runs still",
                styled(ODD, "note:")
            )?;
        }
    }
    output.flush()?;
    Ok(())
}

/// That something was not verified, if that is so.
pub fn tell_left_out(output: &mut impl Write, left_out: u64) -> io::Result<()> {
    if left_out == 0 {
        return Ok(());
    }
    let (what, were) = (counted(left_out, "delivery", "deliveries"), if left_out == 1 { "was" } else { "were" });
    writeln!(
        output,
        "{} {what} {were} left out when the trace was made; what came of it was taken over from there",
        styled(ODD, "note:")
    )
}

fn tell_parting(output: &mut impl Write, name: &str, parting: &Parting) -> anyhow::Result<()> {
    let at = parting.at_ms().map_or(String::new(), |at_ms| format!(", at {}", moment(at_ms)));
    writeln!(
        output,
        "{} {name}, line {}: the definitions and the trace part{at}",
        styled(BAD, "parted:"),
        parting.line
    )?;
    if let Some(expected) = &parting.expected {
        writeln!(output, "  {} #{} {}", styled(STRONG, "expected"), expected.sequence, timeline(expected))?;
    } else if matches!(parting.why, Why::Differs(_)) {
        writeln!(output, "  {} nothing more", styled(STRONG, "expected"))?;
    }
    match &parting.why {
        Why::Differs(found) => {
            writeln!(output, "  {}    #{} {}", styled(STRONG, "found"), found.sequence, timeline(found))?;
            let details = parting.expected.as_ref().map(|expected| differences(expected, found)).unwrap_or_default();
            for difference in &details {
                writeln!(output, "    {}", difference_text(difference, ["in the trace", "here"]))?;
            }
        }
        why => writeln!(output, "  {}    {}", styled(STRONG, "found"), why_text(why).unwrap_or_default())?,
    }
    Ok(())
}

/// `1 delivery`, `2 deliveries`.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Without what would move the cursor or turn the line around.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_invisible(c) { '·' } else { c }).collect()
}

/// Whether that instance was asked for; all, if none was.
pub fn is_chosen(chosen: &[String], instance: &str) -> bool {
    let is_it = |wanted: &String| {
        instance == wanted || instance.strip_prefix(wanted.as_str()).is_some_and(|rest| rest.starts_with('['))
    };
    chosen.is_empty() || chosen.iter().any(is_it)
}

/// Shows deliveries as they are verified.
struct Show<'a> {
    command: &'a Replay,
    out: BufWriter<Box<dyn Write>>,
    copy: Option<&'a mut Copy>,
    begin: Option<(Instant, u64)>,
    failed: Option<io::Error>,
}

impl<'a> Show<'a> {
    fn new(command: &'a Replay, copy: Option<&'a mut Copy>) -> Self {
        let out: Box<dyn Write> = if command.json { Box::new(plain_output()) } else { Box::new(output()) };
        Self { command, out: BufWriter::new(out), copy, begin: None, failed: None }
    }

    fn show(&mut self, system: &System, delivery: &Delivery, line: Line<'_>) -> io::Result<()> {
        if self.command.quiet || !is_chosen(&self.command.instance, &delivery.address.name(system)) {
            return Ok(());
        }
        self.say(delivery.at_ms, line, || timeline(&delivery.record(system)))
    }

    /// Whatever instance was asked for: it may have had a part in it.
    fn show_left_out(&mut self, left_out: &LeftOut, line: Line<'_>) -> io::Result<()> {
        if self.command.quiet {
            return Ok(());
        }
        self.say(left_out.from_ms, line, || timeline_left_out(left_out))
    }

    fn say(&mut self, at_ms: u64, line: Line<'_>, words: impl FnOnce() -> String) -> io::Result<()> {
        if let Some(speed) = self.command.speed.filter(|_| !is_output_closed()) {
            let (begin, first_ms) = *self.begin.get_or_insert_with(|| (Instant::now(), at_ms));
            self.out.flush()?;
            let after = Duration::from_secs_f64(((at_ms - first_ms) as f64 / 1000.0 / speed).min(1e9));
            std::thread::sleep(after.saturating_sub(begin.elapsed()));
        }
        if self.command.json {
            return writeln!(self.out, "{}", line.text());
        }
        writeln!(self.out, "{}", words())
    }

    /// Whether what begins with that delivery, at that time, is beyond what is wanted.
    fn is_beyond(&self, sequence: u64, at_ms: u64) -> bool {
        match self.command.until {
            Some(Until::Sequence(last)) => sequence > last,
            Some(Until::Time(last_ms)) => at_ms > last_ms,
            None => false,
        }
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.out.flush()?;
        self.failed.map_or(Ok(()), |error| Err(error.into()))
    }
}

impl Watch for Show<'_> {
    fn verified(&mut self, system: &System, delivery: &Delivery, line: Line<'_>) -> bool {
        if self.is_beyond(delivery.sequence, delivery.at_ms) {
            return false;
        }
        let mut outcome = self.show(system, delivery, line);
        if let (Some(copy), true) = (&mut self.copy, outcome.is_ok()) {
            outcome = copy.add(|anonymiser, out| anonymiser.delivery(delivery, out));
        }
        self.failed = outcome.err();
        self.failed.is_none()
    }

    fn left_out(&mut self, interpreter: &Interpreter, left_out: &LeftOut, line: Line<'_>) -> bool {
        if self.is_beyond(left_out.sequence, left_out.from_ms) {
            return false;
        }
        let mut outcome = self.show_left_out(left_out, line);
        if let (Some(copy), true) = (&mut self.copy, outcome.is_ok()) {
            outcome = copy.add(|anonymiser, out| anonymiser.left_out(left_out, interpreter, out));
        }
        self.failed = outcome.err();
        self.failed.is_none()
    }
}

/// The copy that can be shown to others.
struct Copy {
    anonymiser: Anonymiser,
    file: Output<BufWriter<File>>,
    path: PathBuf,
    line: Vec<u8>,
}

impl Copy {
    fn new(
        out: &Path,
        from: &Path,
        system: &std::sync::Arc<System>,
        trace: &Trace,
        is_of: bool,
    ) -> anyhow::Result<Self> {
        if !is_of {
            bail!(
                "{} was made under other definitions, so it is not known what in it may be shown; there is no copy\n\
                 help: name those that it was made under with --automata DIR",
                trace.name
            );
        }
        if is_same(out, from) {
            bail!("{} cannot be its own copy", trace.name);
        }
        let file = File::create(out).with_context(|| format!("{} cannot be written", out.display()))?;
        let anonymiser = Anonymiser::new(system, trace.opening());
        Ok(Self { anonymiser, file: Output::new(BufWriter::new(file)), path: out.to_owned(), line: Vec::new() })
    }

    fn begin(&mut self, trace: &Trace, running: &Running) {
        self.anonymiser.opening(trace.opening(), running.interpreter(), &mut self.line);
    }

    fn add(&mut self, write: impl FnOnce(&mut Anonymiser, &mut Vec<u8>)) -> io::Result<()> {
        write(&mut self.anonymiser, &mut self.line);
        self.file.write(&self.line)?;
        self.line.clear();
        Ok(())
    }

    fn finish(mut self, summary: &Summary) -> anyhow::Result<()> {
        let is_whole = summary.ending == Some(Ending::Ended) && summary.parting.is_none();
        let outcome = self.file.write(&self.line);
        let outcome = outcome.and_then(|()| if is_whole { self.file.close() } else { self.file.cut() });
        outcome.map(drop).with_context(|| format!("{} cannot be written", self.path.display()))
    }
}

/// `2026-11-26 05:52:35 UTC`, by the civil calendar (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn date(unix_ms: u64) -> String {
    let seconds = unix_ms / 1000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{:02} UTC", second % 60)
}

/// A delivery by its number, or a time.
pub fn until(text: &str) -> Result<Until, String> {
    match text.parse() {
        Ok(sequence) => Ok(Until::Sequence(sequence)),
        Err(_) => time(text).map(Until::Time),
    }
}

/// `90s`, `5min`, `1.5h`, `250ms`, `1:30`, `1:02:03.5`: milliseconds.
pub fn time(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a time; write 90s, 5min, 2h, 250ms or 1:30.5");
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    let units = [("ms", 1.0), ("min", 60_000.0), ("s", 1_000.0), ("h", 3_600_000.0), ("d", 86_400_000.0)];
    let of_unit = units.iter().find_map(|(unit, factor)| Some(number(text.strip_suffix(unit)?)? * factor));
    let of_clock = || {
        let parts: Vec<f64> = text.split(':').map(number).collect::<Option<_>>()?;
        (2..=3).contains(&parts.len()).then(|| parts.iter().fold(0.0, |sum, part| sum * 60.0 + part) * 1000.0)
    };
    of_unit.or_else(of_clock).map(|milliseconds| milliseconds.round() as u64).ok_or_else(wrong)
}

fn speed(text: &str) -> Result<f64, String> {
    let factor = text.parse().ok().filter(|factor: &f64| factor.is_finite() && *factor > 0.0);
    factor.ok_or_else(|| format!("`{text}` is not a factor; 1 is as fast as it was, 10 ten times as fast"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, milliseconds) in [
            ("90s", 90_000),
            ("250ms", 250),
            ("5min", 300_000),
            ("1:30.5", 90_500),
            ("1:00:00", 3_600_000),
            ("1.5h", 5_400_000),
        ] {
            assert_eq!(time(text), Ok(milliseconds), "{text}");
        }
        for text in ["", "s", "-1s", "1:2:3:4", "x:1", "nan", "1x"] {
            assert!(time(text).is_err(), "{text}");
        }
        assert_eq!(until("17"), Ok(Until::Sequence(17)));
        assert_eq!(until("17s"), Ok(Until::Time(17_000)));
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(date(951_782_400_000), "2000-02-29 00:00:00 UTC");
        assert_eq!(date(1_795_672_355_000), "2026-11-26 05:52:35 UTC");
    }

    #[test]
    fn an_automaton_stands_for_its_instances() {
        let chosen = ["door".to_owned(), "bell[1]".to_owned()];
        for (instance, expected) in
            [("door", true), ("door[7]", true), ("doors[7]", false), ("bell[1]", true), ("bell[2]", false)]
        {
            assert_eq!(is_chosen(&chosen, instance), expected, "{instance}");
        }
        assert!(is_chosen(&[], "anything"));
    }
}
