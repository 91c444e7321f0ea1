//! The story on paper: lines for people, or records for machines.

use std::fmt::Write as _;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use automata_runtime::record::{Outcome, Record};
use serde_json::{Map, Value};

use super::{Summary, world};

/// Sees what happens, in order.
pub trait Show {
    /// Something happens from outside.
    ///
    /// # Errors
    /// If it cannot be written.
    fn chapter(&mut self, at_ms: u64, text: &str) -> io::Result<()>;

    /// The bus has delivered something.
    ///
    /// # Errors
    /// If it cannot be written.
    fn delivery(&mut self, record: &Record) -> io::Result<()>;
}

/// One JSON record to a line, as in a trace.
pub struct Lines<W>(pub W);

impl<W: Write> Show for Lines<W> {
    fn chapter(&mut self, _: u64, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn delivery(&mut self, record: &Record) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, record)?;
        self.0.write_all(b"\n")
    }
}

/// For people: a line for each delivery, in colours.
pub struct People<W>(pub W);

const CHAPTER: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const STATE: Style = AnsiColor::Green.on_default();
const ACTION: Style = AnsiColor::Cyan.on_default();
const WRONG: Style = AnsiColor::Red.on_default().bold();

/// Columns of the instance and of the event.
const INSTANCE_WIDTH: usize = 32;
const EVENT_WIDTH: usize = 46;

impl<W: Write> People<W> {
    /// What comes before the story.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn opening(&mut self) -> io::Result<()> {
        writeln!(
            self.0,
            "{CHAPTER}The automata of a node live through some minutes.{CHAPTER:#}\n\
             They are the compiled ones, on the node's own bus. Network, DHT, services and the other node are not:\n\
             a small world in memory answers, in virtual time. Each line is one delivery:\n\
             {FAINT}time, instance, event, state before → after, actions of the host.{FAINT:#}"
        )
    }

    /// What it came to.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn ending(&mut self, summary: &Summary) -> io::Result<()> {
        let total: usize = summary.outcomes.iter().map(|(_, count)| count).sum();
        let counts = summary.outcomes.iter().map(|(outcome, count)| format!("{count} {}", word(*outcome)));
        writeln!(self.0, "\n{CHAPTER}{total} deliveries:{CHAPTER:#} {}", counts.collect::<Vec<_>>().join(", "))?;
        let names = summary.instances.iter().map(|(name, state)| (shortened(name), state));
        for (name, state) in names {
            writeln!(self.0, "  {name:<INSTANCE_WIDTH$} {STATE}{state}{STATE:#}")?;
        }
        if summary.is_as_meant() {
            writeln!(self.0, "{STATE}Nothing was unexpected, and nothing went wrong.{STATE:#}")
        } else {
            writeln!(self.0, "{WRONG}Something happened that the definitions do not provide for.{WRONG:#}")
        }
    }
}

impl<W: Write> Show for People<W> {
    fn chapter(&mut self, at_ms: u64, text: &str) -> io::Result<()> {
        writeln!(self.0, "\n{CHAPTER}{}  {text}{CHAPTER:#}", clock(at_ms))
    }

    fn delivery(&mut self, record: &Record) -> io::Result<()> {
        let instance = shortened(&record.instance);
        let event = shortened(&format!("{}{}", record.event, listed(&record.fields)));
        let start = format!("{}  {instance:<INSTANCE_WIDTH$} {event:<EVENT_WIDTH$} ", clock(record.at_ms));
        let (before, after) = (record.before.as_deref(), record.after.as_deref());
        match record.outcome {
            Outcome::Taken | Outcome::Started => {
                write!(self.0, "{start}")?;
                let arrow = before.map(|before| format!("{before} → ")).unwrap_or_default();
                write!(self.0, "{arrow}{STATE}{}{STATE:#}", after.unwrap_or("·"))?;
            }
            Outcome::Internal => write!(self.0, "{start}{}", after.unwrap_or("·"))?,
            Outcome::Ignored | Outcome::Idle | Outcome::Deferred => {
                let before = before.unwrap_or("·");
                return writeln!(self.0, "{FAINT}{start}{before}: {}{FAINT:#}", word(record.outcome));
            }
            odd => write!(self.0, "{start}{WRONG}{}{WRONG:#}", word(odd))?,
        }
        let mut doings = String::new();
        for performed in &record.actions {
            let arguments = shortened(&listed(&performed.arguments));
            let _ = write!(doings, "  {ACTION}{}{arguments}{ACTION:#}", performed.action);
        }
        for sent in &record.sends {
            let _ = write!(doings, "  {FAINT}⇒ {}.{}{FAINT:#}", shortened(&sent.to), sent.event);
        }
        for fault in &record.faults {
            let _ = write!(doings, "  {WRONG}{fault:?}{WRONG:#}");
        }
        writeln!(self.0, "{doings}")
    }
}

fn word(outcome: Outcome) -> String {
    format!("{outcome:?}").chars().fold(String::new(), |mut word, letter| {
        if letter.is_uppercase() && !word.is_empty() {
            word.push(' ');
        }
        word.extend(letter.to_lowercase());
        word
    })
}

/// `3:05.250`.
fn clock(at_ms: u64) -> String {
    format!("{}:{:02}.{:03}", at_ms / 60_000, at_ms / 1000 % 60, at_ms % 1000)
}

/// `(active, reason=…)`: what is true by its name, what is false or none not at all.
fn listed(fields: &Map<String, Value>) -> String {
    let shown: Vec<String> = fields
        .iter()
        .filter_map(|(name, value)| match value {
            Value::Bool(true) => Some(name.clone()),
            Value::Bool(false) | Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(format!("{name}={other}")),
        })
        .collect();
    if shown.is_empty() { String::new() } else { format!("({})", shown.join(", ")) }
}

/// With her name in place of her id, which is long.
fn shortened(text: &str) -> String {
    text.replace(&world::alice().to_string(), "alice")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_a_line() {
        let record: Record = serde_json::from_value(serde_json::json!({
            "sequence": 7, "at_ms": 65_040, "instance": format!("contact_status[{}]", world::alice()), "event": "ack_received",
            "outcome": "taken", "before": "AWAIT_ACK", "after": "CONNECTED",
            "actions": [{"action": "report_connected"}],
        }))
        .expect("a record");
        let mut out = anstream::StripStream::new(Vec::new());
        People(&mut out).delivery(&record).expect("memory takes it");
        let line = String::from_utf8(out.into_inner()).expect("text");
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(
            words,
            ["1:05.040", "contact_status[alice]", "ack_received", "AWAIT_ACK", "→", "CONNECTED", "report_connected"]
        );
    }

    #[test]
    fn outcomes_are_words() {
        assert_eq!(word(Outcome::NoSuchInstance), "no such instance");
        assert_eq!(word(Outcome::Taken), "taken");
    }

    #[test]
    fn fields_say_what_matters() {
        let fields = serde_json::json!({"active": true, "same": false, "length": 3, "reason": "gone", "nobody": null});
        assert_eq!(listed(fields.as_object().expect("an object")), "(active, length=3, gone)");
        assert_eq!(listed(&Map::new()), "");
    }
}
