//! A delivery as one line for people.

use automata_runtime::trace::LeftOut;
use automata_runtime::{Outcome, Record};
use serde_json::{Map, Value as Json};

use crate::invisible::is_invisible;

/// `0:50.040`, with hours if there are some.
#[must_use]
pub fn moment(milliseconds: u64) -> String {
    let (seconds, minutes, hours) = (milliseconds / 1000, milliseconds / 60_000, milliseconds / 3_600_000);
    let rest = format!("{:02}.{:03}", seconds % 60, milliseconds % 1000);
    if hours > 0 { format!("{hours}:{:02}:{rest}", minutes % 60) } else { format!("{minutes}:{rest}") }
}

/// Time, instance, event, outcome, and effects.
#[must_use]
pub fn timeline(record: &Record) -> String {
    let event = call(&record.event, &record.fields);
    let mut parts = vec![states(record)];
    parts.extend(effects(record));
    let line = format!("{:>10}  {:<22} {event:<30} {}", moment(record.at_ms), record.instance, parts.join("  "));
    line.trim_end().to_owned()
}

/// Deliveries that a trace leaves out, as one line: when, how many, and by whom.
#[must_use]
pub fn timeline_left_out(left_out: &LeftOut) -> String {
    let what = left_out_text(left_out);
    format!("{:>10}  {what}, up to {}", moment(left_out.from_ms), moment(left_out.at_ms))
}

/// `left out: 4812 deliveries by 203.0.113.0/24`.
#[must_use]
pub fn left_out_text(left_out: &LeftOut) -> String {
    let LeftOut { deliveries, source, .. } = left_out;
    let what = if *deliveries == 1 { "delivery" } else { "deliveries" };
    let by = if source.is_empty() { String::new() } else { format!(" by {}", cut(source)) };
    format!("left out: {deliveries} {what}{by}")
}

fn states(record: &Record) -> String {
    let name = |state: &Option<String>| match state.as_deref() {
        None => String::new(),
        Some("") => "·".to_owned(),
        Some(name) => name.to_owned(),
    };
    let (before, after) = (name(&record.before), name(&record.after));
    match record.outcome {
        Outcome::Started => format!("→ {after}"),
        Outcome::Taken => format!("{before} → {after}"),
        // A raised event or `always` may have changed the state again.
        Outcome::Internal if before != after => format!("{before} → {after}"),
        Outcome::Internal => format!("{before} ({})", record.outcome.name()),
        Outcome::NoSuchInstance => "(no such instance)".to_owned(),
        outcome => format!("{before} ({})", outcome.name().replace('_', " ")),
    }
}

fn effects(record: &Record) -> Vec<String> {
    let mut effects = Vec::new();
    for asked in &record.conditions {
        effects.push(format!("{}? {}", call(&asked.ask, &asked.arguments), bare(&asked.answer)));
    }
    for (variable, values) in &record.variables {
        if record.outcome != Outcome::Started {
            effects.push(format!("{variable} = {}", values.get(1).map(bare).unwrap_or_default()));
        }
    }
    effects.extend(record.actions.iter().map(|performed| call(&performed.action, &performed.arguments)));
    for sent in &record.sends {
        effects.push(match sent.event.as_str() {
            "start" => format!("start {}", call(&sent.to, &sent.fields)),
            event => format!("{}.{}", sent.to, call(event, &sent.fields)),
        });
    }
    for raised in &record.raised {
        effects.push(format!("raised {} ({})", call(&raised.event, &raised.fields), raised.outcome.name()));
    }
    effects.extend(record.faults.iter().map(|&fault| format!("FAULT {}", fault.name().replace('_', " "))));
    effects.extend(record.violated.iter().map(|property| format!("VIOLATED {property}")));
    effects
}

/// `name(a, b)`: the values alone, as in a call.
fn call(name: &str, arguments: &Map<String, Json>) -> String {
    let values: Vec<String> = arguments.values().map(bare).collect();
    if values.is_empty() { name.to_owned() } else { format!("{name}({})", values.join(", ")) }
}

/// Texts as they are.
fn bare(value: &Json) -> String {
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Object(stamp) if crate::interpreter::is_stamp(value) => {
            format!("secret of {} bytes", stamp.get("length").cloned().unwrap_or_default())
        }
        value => value.to_string(),
    };
    cut(&text)
}

/// To fit a line, and without characters that would move the cursor.
fn cut(text: &str) -> String {
    let text: String = text.chars().map(|c| if is_invisible(c) { '·' } else { c }).collect();
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
