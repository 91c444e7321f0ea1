//! Who said what to whom, in a span of a trace: deliveries as arrows between lifelines, for [`crate::svg::sequence`]
//! and as Mermaid.
//!
//! A lifeline is an instance, or a part of the program. An input comes from the part that the definition names (from
//! `outside`, if it names several); what has a cause comes from the instance whose delivery that was; an action goes to
//! the part that performs it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use automata_compiler::invisible::is_invisible;
use automata_compiler::model::{Automaton, EventKind, Partner, System};
use automata_compiler::trace::{LeftOut, left_out_text};
use automata_runtime::{Outcome, Record};
use serde_json::{Map, Value as Json};

/// Deliveries in one picture, at most: more cannot be read.
pub const DELIVERIES_LIMIT: usize = 300;

/// Lifelines in one picture, at most.
pub const LIFELINES_LIMIT: usize = 60;

/// Characters of a label, at most.
const LABEL_LIMIT: usize = 52;

/// Deliveries whose maker is remembered. Messages follow within one input, which has fewer; older ones were deferred.
const REMEMBERED: usize = 10_000;

/// The source of an input whose definition names several parts, or none.
pub const OUTSIDE: &str = "outside";

/// Where it is shown that a trace leaves deliveries out.
pub const LEFT_OUT: &str = "left out";

/// A lifeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifeline {
    /// `name`, `name[key]`, or a part.
    pub name: String,
    /// A part of the program, not an instance.
    pub is_part: bool,
}

/// What an arrow represents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrow {
    /// An event.
    Event,
    /// A change of state that somebody observes.
    Observation,
    /// The making of an instance.
    Start,
    /// A timer, from an instance to itself.
    Timer,
    /// A request to a part.
    Action,
}

/// One row of the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A message.
    Message {
        /// Index of a lifeline.
        from: usize,
        /// Index of a lifeline; may be the same.
        to: usize,
        /// What.
        label: String,
        /// In which way.
        kind: Arrow,
    },
    /// What became of it.
    State {
        /// Index of a lifeline.
        of: usize,
        /// The state that was entered, or why none was.
        text: String,
        /// How it is shown.
        kind: Became,
    },
}

/// The outcome of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// A state was entered.
    Entered,
    /// Nothing, as the definition says.
    Nothing,
    /// Nobody foresaw it, or it was lost.
    Odd,
}

/// Rows with their times.
#[derive(Clone, Debug, Default)]
pub struct Sequence {
    /// In the order of their first appearance.
    pub lifelines: Vec<Lifeline>,
    /// From the top down, with the number of the delivery and its time.
    pub rows: Vec<(u64, u64, Row)>,
    /// Deliveries in it.
    pub deliveries: usize,
    by_name: BTreeMap<String, usize>,
    /// Who made the deliveries before.
    made_by: VecDeque<(u64, String)>,
}

impl Sequence {
    /// A delivery that is not shown, but may have caused one that is.
    pub fn pass(&mut self, record: &Record) {
        if self.made_by.len() == REMEMBERED {
            self.made_by.pop_front();
        }
        self.made_by.push_back((record.sequence, record.instance.clone()));
    }

    /// Who made the delivery that caused this one.
    #[must_use]
    pub fn cause(&self, record: &Record) -> Option<&str> {
        let cause = record.cause?;
        let place = self.made_by.binary_search_by_key(&cause, |(sequence, _)| *sequence).ok()?;
        Some(&self.made_by[place].1)
    }

    /// A delivery that is shown.
    pub fn add(&mut self, system: &System, record: &Record) {
        let name = record.instance.split('[').next().unwrap_or_default();
        let automaton = system.automaton(name).map(|id| &system.automata[id]);
        self.incoming(system, automaton, record);
        let of = self.lifeline(&record.instance, false);
        if let Some((text, kind)) = became(record) {
            self.row(record, Row::State { of, text, kind });
        }
        for performed in &record.actions {
            let declared = automaton.and_then(|it| it.actions.iter().find(|action| action.name == performed.action));
            let part = declared.map_or(OUTSIDE, |action| system.parts[action.by].name.as_str());
            let to = self.lifeline(part, true);
            let label = call(&performed.action, &performed.arguments);
            self.row(record, Row::Message { from: of, to, label, kind: Arrow::Action });
        }
        self.deliveries += 1;
        self.pass(record);
    }

    /// Deliveries that the trace leaves out.
    pub fn leave_out(&mut self, left_out: &LeftOut) {
        let of = self.lifeline(LEFT_OUT, true);
        let text = shortened(&left_out_text(left_out));
        self.rows.push((left_out.sequence, left_out.from_ms, Row::State { of, text, kind: Became::Nothing }));
    }

    fn incoming(&mut self, system: &System, automaton: Option<&Automaton>, record: &Record) {
        let cause = self.cause(record).map(str::to_owned);
        let label = call(&record.event, &record.fields);
        let event = automaton.and_then(|it| it.events.iter().find(|event| event.name == record.event));
        let is_timer = event.is_none() && (record.event.starts_with("after ") || record.event.starts_with("every "));
        let (from, kind) = match (event.map(|event| &event.kind), cause) {
            (None, _) if is_timer => (self.lifeline(&record.instance, false), Arrow::Timer),
            // The system's start: nobody sends it.
            (None, None) => return,
            (None, Some(cause)) => (self.lifeline(&cause, false), Arrow::Start),
            (Some(EventKind::Observation { .. }), Some(cause)) => (self.lifeline(&cause, false), Arrow::Observation),
            (Some(_), Some(cause)) => (self.lifeline(&cause, false), Arrow::Event),
            (Some(EventKind::Observation { .. }), None) => (self.lifeline(OUTSIDE, true), Arrow::Observation),
            (Some(EventKind::Declared { from, .. }), None) => {
                let mut parts = from.iter().filter_map(|partner| match partner {
                    Partner::Part(id) => Some(system.parts[*id].name.as_str()),
                    Partner::Automaton(_) => None,
                });
                let only = parts.next().filter(|_| parts.next().is_none());
                (self.lifeline(only.unwrap_or(OUTSIDE), true), Arrow::Event)
            }
        };
        let to = self.lifeline(&record.instance, false);
        let label = if kind == Arrow::Timer { short_timer(&record.event).to_owned() } else { label };
        self.row(record, Row::Message { from, to, label, kind });
    }

    fn row(&mut self, record: &Record, row: Row) {
        self.rows.push((record.sequence, record.at_ms, row));
    }

    fn lifeline(&mut self, name: &str, is_part: bool) -> usize {
        if let Some(&known) = self.by_name.get(name) {
            return known;
        }
        self.lifelines.push(Lifeline { name: shortened(name), is_part });
        self.by_name.insert(name.to_owned(), self.lifelines.len() - 1);
        self.lifelines.len() - 1
    }
}

/// `after name in STATE` without the state, which is visible.
fn short_timer(event: &str) -> &str {
    event.split(" in ").next().unwrap_or(event)
}

/// Its outcome, if that is not clear from the rest.
fn became(record: &Record) -> Option<(String, Became)> {
    let after = record.after.as_deref().unwrap_or_default();
    let (text, kind) = match record.outcome {
        Outcome::Taken | Outcome::Started if !after.is_empty() => (after, Became::Entered),
        Outcome::Started => ("started", Became::Entered),
        Outcome::Internal if record.before != record.after => (after, Became::Entered),
        Outcome::Taken | Outcome::Internal => return None,
        Outcome::Ignored => ("ignored", Became::Nothing),
        Outcome::Deferred => ("deferred", Became::Nothing),
        Outcome::Idle => ("idle", Became::Nothing),
        Outcome::AlreadyThere => ("already there", Became::Nothing),
        Outcome::Unexpected => ("unexpected", Became::Odd),
        Outcome::NoSuchInstance => ("no such instance", Became::Odd),
        Outcome::DeferFull => ("lost: too many are deferred", Became::Odd),
    };
    Some((text.to_owned(), kind))
}

fn call(name: &str, arguments: &Map<String, Json>) -> String {
    let value = |value: &Json| match value {
        Json::String(text) => text.clone(),
        Json::Object(stamp) if automata_compiler::interpreter::is_stamp(value) => {
            format!("secret of {} bytes", stamp.get("length").cloned().unwrap_or_default())
        }
        value => value.to_string(),
    };
    let values: Vec<String> = arguments.values().map(value).collect();
    shortened(&if values.is_empty() { name.to_owned() } else { format!("{name}({})", values.join(", ")) })
}

/// One line, cut to fit a picture.
fn shortened(text: &str) -> String {
    let text: String = text.chars().map(|c| if is_invisible(c) { '·' } else { c }).collect();
    match text.char_indices().nth(LABEL_LIMIT) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text,
    }
}

/// As a Mermaid sequence diagram.
#[must_use]
pub fn mermaid(sequence: &Sequence) -> String {
    let mut text = String::from("sequenceDiagram\n");
    for (index, lifeline) in sequence.lifelines.iter().enumerate() {
        let kind = if lifeline.is_part { "actor" } else { "participant" };
        let _ = writeln!(text, "    {kind} p{index} as {}", mermaid_text(&lifeline.name));
    }
    for (_, _, row) in &sequence.rows {
        let _ = match row {
            Row::Message { from, to, label, kind } => {
                let arrow = match kind {
                    Arrow::Event | Arrow::Timer => "->>",
                    Arrow::Action => "-)",
                    Arrow::Observation | Arrow::Start => "-->>",
                };
                writeln!(text, "    p{from}{arrow}p{to}: {}", mermaid_text(label))
            }
            Row::State { of, text: state, .. } => writeln!(text, "    Note over p{of}: {}", mermaid_text(state)),
        };
    }
    text
}

/// With entities for characters that are special in Mermaid.
fn mermaid_text(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '#' | ';' | ':' | '<' | '>' | '"' | '&' => {
                let _ = write!(escaped, "#{};", u32::from(character));
            }
            _ => escaped.push(character),
        }
    }
    if escaped.is_empty() { "#32;".to_owned() } else { escaped }
}
