//! From bytes to lines: faults in the text are found here, with their lines. The replay decides what the lines mean.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use automata_runtime::record::Record;
use automata_runtime::trace::{FORMAT, LINE_LIMIT_BYTES, LeftOut, LeftOutLine};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::input::Input;
use super::scan::{Scanned, scan};
use crate::json::{repeated_key, with_column};
use crate::model::System;

/// A fault in a trace after which it cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceError {
    /// The line of the file, from 1.
    pub line: u64,
    /// What is wrong, and what was expected.
    pub problem: String,
}

impl TraceError {
    /// Wrong at that line.
    pub fn new(line: u64, problem: impl Into<String>) -> Self {
        Self { line, problem: problem.into() }
    }
}

impl std::error::Error for TraceError {}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

/// Some lines of a trace, read as far as a replay needs.
#[derive(Debug, Default)]
pub struct Block {
    text: String,
    lines: Vec<Parts>,
}

/// Where the parts of a line are in the bytes of its block.
#[derive(Clone, Debug)]
struct Parts {
    number: u64,
    line: Range<usize>,
    sequence: u64,
    at_ms: u64,
    cause: Option<u64>,
    instance: Range<usize>,
    event: Range<usize>,
    fields: Range<usize>,
    conditions: Range<usize>,
    /// The line as an input, if it can be one and the reader knows the definitions.
    input: Option<Input>,
    /// It stands for deliveries that were left out.
    left_out: Option<Box<LeftOut>>,
}

/// The line of a delivery, or of deliveries that were left out.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    all: &'a str,
    parts: &'a Parts,
}

impl<'a> Line<'a> {
    /// In the file, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.parts.number
    }

    /// The whole line, without its line feed.
    #[must_use]
    pub fn text(&self) -> &'a str {
        &self.all[self.parts.line.clone()]
    }

    /// What was left out here, if the line is none of a delivery; then it has no instance, event, fields and
    /// conditions, and its number and time are those of the first delivery that is missing.
    #[must_use]
    pub fn left_out(&self) -> Option<&'a LeftOut> {
        self.parts.left_out.as_deref()
    }

    /// The whole line as a record.
    ///
    /// # Errors
    /// If it is something else, has a key that records do not have, or has one twice.
    pub fn record(&self) -> Result<Record, TraceError> {
        let record = match repeated_key(self.text()) {
            Some(problem) => Err(problem),
            None => serde_json::from_str(self.text()).map_err(|error| with_column(&error)),
        };
        let wrong =
            |problem| TraceError::new(self.number(), format!("the line is not a record of a delivery: {problem}"));
        record.map_err(wrong)
    }

    /// Number of the delivery.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.parts.sequence
    }

    /// The time that was given to the bus.
    #[must_use]
    pub fn at_ms(&self) -> u64 {
        self.parts.at_ms
    }

    /// The delivery from which it followed.
    #[must_use]
    pub fn cause(&self) -> Option<u64> {
        self.parts.cause
    }

    /// `name[key]`.
    #[must_use]
    pub fn instance(&self) -> Cow<'a, str> {
        unquoted(&self.all[self.parts.instance.clone()])
    }

    /// As in the record.
    #[must_use]
    pub fn event(&self) -> Cow<'a, str> {
        unquoted(&self.all[self.parts.event.clone()])
    }

    /// `{…}` as written in the line; empty if there are none.
    #[must_use]
    pub fn fields(&self) -> &'a str {
        &self.all[self.parts.fields.clone()]
    }

    /// `[…]` as written in the line; empty if nothing was asked.
    #[must_use]
    pub fn conditions(&self) -> &'a str {
        &self.all[self.parts.conditions.clone()]
    }
}

/// A text of JSON, without its quotes and escapes.
fn unquoted(json: &str) -> Cow<'_, str> {
    match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) if !inner.contains('\\') => Cow::Borrowed(inner),
        _ => Cow::Owned(serde_json::from_str(json).unwrap_or_default()),
    }
}

impl Block {
    /// How many lines it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The line at that place, if there is one.
    #[must_use]
    pub fn line(&self, index: usize) -> Option<Line<'_>> {
        self.lines.get(index).map(|parts| Line { all: &self.text, parts })
    }

    /// The line as an input, if the reader has made one; only once.
    pub(super) fn take_input(&mut self, index: usize) -> Option<Input> {
        self.lines.get_mut(index)?.input.take()
    }
}

/// How a trace ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With the last line.
    Ended,
    /// After a whole line, without the last line.
    CutOff,
}

/// Reads the lines after the first two.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Number of the last line.
    number: u64,
    sequence: u64,
    at_ms: u64,
    ending: Ending,
    system: Option<Arc<System>>,
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(default)]
    sequence: Option<u64>,
    #[serde(default)]
    at_ms: Option<u64>,
    #[serde(default)]
    cause: Option<u64>,
    #[serde(default, borrow)]
    instance: Option<&'a RawValue>,
    #[serde(default, borrow)]
    event: Option<&'a RawValue>,
    #[serde(default, borrow)]
    fields: Option<&'a RawValue>,
    #[serde(default, borrow)]
    conditions: Option<&'a RawValue>,
    #[serde(default)]
    trace: Option<IgnoredAny>,
    #[serde(default)]
    snapshot: Option<IgnoredAny>,
    #[serde(default)]
    end: Option<IgnoredAny>,
    #[serde(default)]
    left_out: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LastLine {
    end: End,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    lines: u64,
}

impl Reader {
    /// After the first two lines; the number of the first delivery, and the time before it, are those of the snapshot.
    #[must_use]
    pub fn new(sequence: u64, now_ms: u64) -> Self {
        Self { number: 2, sequence, at_ms: now_ms, ending: Ending::CutOff, system: None }
    }

    /// Likewise, for a replay under these definitions: lines are prepared where they are read, which may be another
    /// thread than that of the replay.
    #[must_use]
    pub fn for_replay(system: &Arc<System>, sequence: u64, now_ms: u64) -> Self {
        Self { system: Some(Arc::clone(system)), ..Self::new(sequence, now_ms) }
    }

    /// Reads whole lines, including the line feed after the last. Those before the first wrong one are returned in any
    /// case.
    pub fn read(&mut self, bytes: Vec<u8>) -> (Block, Result<(), TraceError>) {
        let (text, mut outcome) = self.text(bytes);
        let mut lines = Vec::with_capacity(text.len() / 300 + 1);
        let mut begin = 0;
        while begin < text.len() {
            let end = text[begin..].find('\n').map_or(text.len(), |length| begin + length);
            self.number += 1;
            match self.line(&text, begin..end) {
                Ok(parts) => lines.extend(parts),
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
            begin = end + 1;
        }
        (Block { text, lines }, outcome)
    }

    /// The whole lines before the first that is not text.
    fn text(&self, bytes: Vec<u8>) -> (String, Result<(), TraceError>) {
        let error = match String::from_utf8(bytes) {
            Ok(text) => return (text, Ok(())),
            Err(error) => error,
        };
        let valid = error.utf8_error().valid_up_to();
        let mut bytes = error.into_bytes();
        let whole = bytes[..valid].iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        bytes.truncate(whole);
        let text = String::from_utf8(bytes).unwrap_or_default();
        let number = self.number + 1 + text.bytes().filter(|&byte| byte == b'\n').count() as u64;
        (text, Err(TraceError::new(number, "the line is not UTF-8 text")))
    }

    /// The error that the next line cannot be read.
    #[must_use]
    pub fn broken(&self, why: &str) -> TraceError {
        TraceError::new(self.number + 1, format!("the rest of the trace cannot be read: {why}"))
    }

    /// Checks that there is nothing more.
    ///
    /// # Errors
    /// If there is: a line without an end.
    pub fn finish(&self, rest: &[u8]) -> Result<Ending, TraceError> {
        if rest.is_empty() {
            return Ok(self.ending);
        }
        let problem = if rest.len() > LINE_LIMIT_BYTES {
            too_long()
        } else {
            format!(
                "the line is cut off after {} bytes: it has no line feed, so the trace ended in the middle of it",
                rest.len()
            )
        };
        Err(TraceError::new(self.number + 1, problem))
    }

    fn line(&mut self, all: &str, range: Range<usize>) -> Result<Option<Parts>, TraceError> {
        let number = self.number;
        let wrong = |problem: String| Err(TraceError::new(number, problem));
        if self.ending == Ending::Ended {
            return wrong("there are lines after the end of the trace".to_owned());
        }
        if range.len() > LINE_LIMIT_BYTES {
            return wrong(too_long());
        }
        let text = &all[range.clone()];
        // As the recorder writes it; everything else is parsed as JSON.
        if let Some(scanned) = scan(text) {
            let begin = range.start;
            let moved = |part: Range<usize>| part.start + begin..part.end + begin;
            let [instance, event, fields, conditions] = scanned.parts.map(moved);
            let Scanned { sequence, at_ms, cause, .. } = scanned;
            let input = self.system.as_ref().filter(|_| cause.is_none()).and_then(|system| {
                let part = |part: &Range<usize>| &all[part.clone()];
                Input::read(system, &unquoted(part(&instance)), &unquoted(part(&event)), part(&fields))
            });
            let line = range;
            let parts = Parts {
                number,
                line,
                sequence,
                at_ms,
                cause,
                instance,
                event,
                fields,
                conditions,
                input,
                left_out: None,
            };
            return self.follows(parts).map(Some);
        }
        let raw: Raw<'_> = match serde_json::from_str(text) {
            Ok(raw) => raw,
            Err(error) => return wrong(not_json(text, &error)),
        };
        if raw.trace.is_some() {
            return wrong("another trace begins here; replay each trace by itself".to_owned());
        }
        if raw.snapshot.is_some() {
            return wrong("there is a snapshot here; only the second line of a trace may be one".to_owned());
        }
        if raw.end.is_some() {
            let LastLine { end } = match serde_json::from_str(text) {
                Ok(line) => line,
                Err(error) => {
                    return wrong(format!(
                        "the last line is not `{{\"end\":{{\"lines\":…}}}}`: {}",
                        with_column(&error)
                    ));
                }
            };
            if end.lines != number - 1 {
                return wrong(format!(
                    "the end says that {} lines come before it, but there are {}: some were taken out or added",
                    end.lines,
                    number - 1
                ));
            }
            self.ending = Ending::Ended;
            return Ok(None);
        }
        if raw.left_out.is_some() {
            return self.left_out(text, range).map(Some);
        }
        let (Some(sequence), Some(at_ms)) = (raw.sequence, raw.at_ms) else {
            return wrong("the line is not a delivery: it has no `sequence` or no `at_ms`".to_owned());
        };
        let (Some(instance), Some(event)) = (raw.instance, raw.event) else {
            return wrong("the line is not a delivery: it has no `instance` or no `event`".to_owned());
        };
        if !instance.get().starts_with('"') || !event.get().starts_with('"') {
            return wrong("`instance` and `event` must be strings".to_owned());
        }
        let base = all.as_ptr() as usize;
        let place = |part: &RawValue| {
            let begin = part.get().as_ptr() as usize - base;
            begin..begin + part.get().len()
        };
        self.follows(Parts {
            number,
            line: range,
            sequence,
            at_ms,
            cause: raw.cause,
            instance: place(instance),
            event: place(event),
            fields: raw.fields.map_or(0..0, place),
            conditions: raw.conditions.map_or(0..0, place),
            input: None,
            left_out: None,
        })
        .map(Some)
    }

    /// The line of deliveries that were left out.
    fn left_out(&mut self, text: &str, line: Range<usize>) -> Result<Parts, TraceError> {
        let number = self.number;
        let read = match repeated_key(text) {
            Some(problem) => Err(problem),
            None => serde_json::from_str(text).map_err(|error| with_column(&error)),
        };
        let LeftOutLine { left_out } = read.map_err(|problem| {
            TraceError::new(number, format!("the line does not say what was left out: {problem}"))
        })?;
        let LeftOut { sequence, deliveries, from_ms, at_ms, .. } = left_out;
        if deliveries == 0 {
            return Err(TraceError::new(number, "the line says that no delivery was left out"));
        }
        let parts = Parts {
            number,
            line,
            sequence,
            at_ms: from_ms,
            cause: None,
            instance: 0..0,
            event: 0..0,
            fields: 0..0,
            conditions: 0..0,
            input: None,
            left_out: Some(Box::new(left_out)),
        };
        let parts = self.follows(parts)?;
        if at_ms < from_ms {
            let problem = format!("time goes back: deliveries were left out from {from_ms} ms to {at_ms} ms");
            return Err(TraceError::new(number, problem));
        }
        let Some(next) = sequence.checked_add(deliveries) else {
            return Err(TraceError::new(number, format!("{deliveries} deliveries cannot follow number {sequence}")));
        };
        (self.sequence, self.at_ms) = (next, at_ms);
        Ok(parts)
    }

    /// Checks that the line can follow those before it.
    fn follows(&mut self, parts: Parts) -> Result<Parts, TraceError> {
        let Parts { number, sequence, at_ms, cause, .. } = parts;
        let wrong = |problem: String| Err(TraceError::new(number, problem));
        if sequence != self.sequence {
            return wrong(format!(
                "the line has the sequence {sequence}, but {} was expected: lines are missing, out of order, or from another trace",
                self.sequence
            ));
        }
        if at_ms < self.at_ms {
            return wrong(format!("time goes back: it was {} ms, but the line says {at_ms} ms", self.at_ms));
        }
        if cause.is_some_and(|cause| cause >= sequence) {
            return wrong("the line's cause is a later delivery".to_owned());
        }
        (self.sequence, self.at_ms) = (sequence.saturating_add(1), at_ms);
        Ok(parts)
    }
}

pub(super) fn too_long() -> String {
    format!("the line is longer than {} MiB", LINE_LIMIT_BYTES >> 20)
}

/// What is wrong with a line as JSON: where, and what is there.
pub(super) fn not_json(text: &str, error: &serde_json::Error) -> String {
    let column = error.column();
    let around: String = text.chars().skip(column.saturating_sub(13)).take(24).collect();
    let what = with_column(error);
    if text.trim().is_empty() {
        return "the line is empty".to_owned();
    }
    format!("the line is not JSON of a trace: {what}, around `{around}`")
}

/// How a first line must begin, for messages.
pub(super) fn begins() -> String {
    format!("a trace begins with {{\"trace\":{FORMAT},…")
}
