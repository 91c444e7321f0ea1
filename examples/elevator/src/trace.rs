//! A recorder that writes a line for each delivery, for people.

use std::fmt::{self, Write as _};
use std::io;

use automata_runtime::{Automaton, Delivery, Outcome, Record, Recorder};

/// Writes a line for each delivery.
pub struct Lines<W> {
    to: W,
    error: Option<io::Error>,
}

impl<W: io::Write> Lines<W> {
    /// To standard output, a file, a `Vec<u8>`.
    pub fn new(to: W) -> Self {
        Self { to, error: None }
    }

    /// The first error that occurred, once; nothing is written after it.
    pub fn error(&mut self) -> Option<io::Error> {
        self.error.take()
    }
}

impl<W: io::Write> Recorder for Lines<W> {
    fn record<A: Automaton>(&mut self, delivery: &Delivery<'_, A>) {
        if self.error.is_none() {
            self.error = writeln!(self.to, "{}", Line(&delivery.to_record())).err();
        }
    }
}

/// A record as a line: time, instance, event, outcome, and effects.
pub struct Line<'a>(pub &'a Record);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.0;
        let seconds = format!("{}.{:03}", record.at_ms / 1000, record.at_ms % 1000);
        let event = call(&record.event, &record.fields);
        let (state, effects) = (state(record), effects(record).join(", "));
        let line = format!("{seconds:>7}  {:<11} {event:<42} {state:<23} {effects}", record.instance);
        f.write_str(line.trim_end())
    }
}

/// `IDLE → UP`; if no state was left, the state, and the outcome if it says more.
fn state(record: &Record) -> String {
    let before = record.before.as_deref().unwrap_or_default();
    let after = record.after.as_deref().unwrap_or_default();
    match record.outcome {
        Outcome::Started => format!("→ {after}"),
        Outcome::Taken => format!("{before} → {after}"),
        Outcome::Internal => before.to_owned(),
        other => format!("{before} ({})", format!("{other:?}").to_lowercase()),
    }
}

fn effects(record: &Record) -> Vec<String> {
    let mut effects = Vec::new();
    for asked in &record.conditions {
        effects.push(format!("{}? {}", call(&asked.ask, &asked.arguments), asked.answer));
    }
    for performed in &record.actions {
        effects.push(call(&performed.action, &performed.arguments));
    }
    for sent in &record.sends {
        effects.push(match sent.event.as_str() {
            "start" => format!("start {}", call(&sent.to, &sent.fields)),
            event => format!("{}.{}", sent.to, call(event, &sent.fields)),
        });
    }
    for fault in &record.faults {
        effects.push(format!("FAULT {fault:?}"));
    }
    effects
}

/// `name(a = 1, b = "x")`, or the name alone.
fn call<'a>(
    name: &str,
    arguments: impl IntoIterator<Item = (&'a String, &'a automata_runtime::serde_json::Value)>,
) -> String {
    let mut text = name.to_owned();
    let mut separator = '(';
    for (argument, value) in arguments {
        let opening = if separator == '(' { "(" } else { ", " };
        write!(text, "{opening}{argument} = {value}").expect("texts can be written to");
        separator = ',';
    }
    if separator == ',' {
        text.push(')');
    }
    text
}
