//! What happened in a delivery, for a person at a terminal.

use automata_runtime::record::{Outcome, Record};
use serde_json::{Map, Value as Json};

/// Seconds with three digits: a moment.
pub(super) fn moment(milliseconds: u64) -> String {
    format!("{}.{:03}s", milliseconds / 1000, milliseconds % 1000)
}

/// A record in a few lines: event, outcome, and effects.
#[must_use]
pub fn describe(record: &Record) -> String {
    let mut text = format!("#{} {} {} ← {}", record.sequence, moment(record.at_ms), record.instance, record.event);
    text.push_str(&arguments(&record.fields));
    let outcome = match record.outcome {
        Outcome::Taken => "taken",
        // An `always` may follow, which leaves and enters states.
        Outcome::Internal => "internal: the transition has no target",
        Outcome::Ignored => "ignored",
        Outcome::Deferred => "deferred: kept for later",
        Outcome::Unexpected => "unexpected: no active state says anything about it",
        Outcome::Idle => "idle: no guard held",
        Outcome::Started => "started",
        Outcome::NoSuchInstance => "no such instance",
        Outcome::AlreadyThere => "already there",
        Outcome::DeferFull => "lost: too many are deferred",
    };
    text.push_str(&format!("\n    {outcome}"));
    let state = |state: &Option<String>| match state.as_deref() {
        None => "none".to_owned(),
        Some("") => "(no states)".to_owned(),
        Some(name) => name.to_owned(),
    };
    let has_begun = record.outcome == Outcome::Started;
    if let (true, Some(after)) = (has_begun, record.after.as_deref().filter(|name| !name.is_empty())) {
        text.push_str(&format!(" in {after}"));
    } else if !has_begun && (record.before != record.after || record.outcome == Outcome::Taken) {
        let then = if record.outcome == Outcome::Taken { ":" } else { ", but then" };
        text.push_str(&format!("{then} {} → {}", state(&record.before), state(&record.after)));
    }
    for ask in &record.conditions {
        text.push_str(&format!("\n    asked {}{}: {}", ask.ask, arguments(&ask.arguments), shown(&ask.answer)));
    }
    for (name, values) in &record.variables {
        let (before, after) = (shown(&values[0]), shown(&values[1]));
        // There was nothing before the start.
        let change = if has_begun { format!("{name} = {after}") } else { format!("{name}: {before} → {after}") };
        text.push_str(&format!("\n    {change}"));
    }
    for action in &record.actions {
        text.push_str(&format!("\n    does {}{}", action.action, arguments(&action.arguments)));
    }
    for sent in &record.sends {
        text.push_str(&format!("\n    sends {}.{}{}", sent.to, sent.event, arguments(&sent.fields)));
    }
    for raised in &record.raised {
        let outcome = serde_json::to_value(raised.outcome).unwrap_or_default();
        let outcome = outcome.as_str().unwrap_or_default().to_owned();
        text.push_str(&format!("\n    raised {}{}: {outcome}", raised.event, arguments(&raised.fields)));
    }
    for fault in &record.faults {
        let fault = serde_json::to_value(fault).unwrap_or_default();
        text.push_str(&format!("\n    fault: {}", fault.as_str().unwrap_or_default().replace('_', " ")));
    }
    for property in &record.violated {
        text.push_str(&format!("\n    violates the property {property}"));
    }
    text
}

fn arguments(values: &Map<String, Json>) -> String {
    let values: Vec<String> = values.iter().map(|(name, value)| format!("{name} = {}", shown(value))).collect();
    if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) }
}

/// A value of a record; what JSON calls null is `none` in the language.
pub(super) fn shown(value: &Json) -> String {
    if value.is_null() { "none".to_owned() } else { value.to_string() }
}
