//! States: the root, and those under `states`.

use super::effects::read_entry_or_exit;
use super::reactions::read_cases;
use super::reader::{Keys, Reader};
use super::{Case, Deferred, Effects, Given, Ignored, Reaction, State, Timer};
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::model::{History, TimerKind};
use crate::source::{Span, Text};
use crate::yaml::{Entry, NodeKind, Quoting, Scalar};

/// The keys of a state that the top of a file may have as well. (The root is never left while the instance exists: it
/// has no history.)
pub(super) const STATE_KEYS_OF_ROOT: &[&str] =
    &["initial", "entry", "exit", "on", "after", "every", "always", "defer", "ignore", "states"];

/// Kept copies of one deferred event that a file may ask for, at most.
const DEFER_LIMIT_MAX: u32 = 65_536;

/// The state that the top of the file is.
pub(super) fn read_root(reader: &mut Reader<'_>, keys: &Keys<'_>, name: Text) -> State {
    read_contents(reader, keys, name)
}

fn read_state(reader: &mut Reader<'_>, entry: &Entry) -> State {
    let name = entry.key.clone();
    let Some(node) = reader.present(entry, "a mapping, `{}` or `final`") else { return empty(name) };
    if let NodeKind::Scalar(Scalar { text, quoting: Quoting::Plain }) = &node.kind
        && text.text == "final"
    {
        return State { is_final: Some(node.span), ..empty(name) };
    }
    if !matches!(node.kind, NodeKind::Mapping(_)) {
        reader.wrong_shape(node, "a mapping, or the word `final`,");
        return empty(name);
    }
    let known = [&["summary", "final", "history"], STATE_KEYS_OF_ROOT].concat();
    match reader.keys(node, entry.key.span, "a state", &known) {
        Some(keys) => read_contents(reader, &keys, name),
        None => empty(name),
    }
}

fn empty(name: Text) -> State {
    State {
        name,
        summary: String::new(),
        initial: Given::No,
        entry: Effects::default(),
        exit: Effects::default(),
        on: Vec::new(),
        timers: Vec::new(),
        always: Vec::new(),
        defer: Vec::new(),
        ignore: Vec::new(),
        ignores_others: None,
        history: None,
        is_final: None,
        states: Vec::new(),
    }
}

/// Under `ignore`: events that nobody answers.
pub const OTHERS: &str = "others";

fn read_contents(reader: &mut Reader<'_>, keys: &Keys<'_>, name: Text) -> State {
    let mut timers = read_timers(reader, keys, "after", TimerKind::After);
    timers.extend(read_timers(reader, keys, "every", TimerKind::Every));
    let ignored = keys.entry("ignore").map(|entry| read_ignore(reader, entry)).unwrap_or_default();
    let (others, ignore) = ignored.into_iter().partition::<Vec<_>, _>(|ignored| ignored.trigger.text == OTHERS);
    State {
        name,
        summary: reader.prose(keys, "summary"),
        initial: reader.given(keys, "initial", "a state"),
        entry: keys.entry("entry").map(|entry| read_entry_or_exit(reader, entry)).unwrap_or_default(),
        exit: keys.entry("exit").map(|entry| read_entry_or_exit(reader, entry)).unwrap_or_default(),
        on: read_reactions(reader, keys),
        timers,
        always: keys.entry("always").map(|entry| read_cases(reader, entry)).unwrap_or_default(),
        defer: keys.entry("defer").map(|entry| read_defer(reader, entry)).unwrap_or_default(),
        ignore,
        ignores_others: others.into_iter().next().map(|others| others.reason),
        history: keys.entry("history").and_then(|entry| read_history(reader, entry)),
        is_final: read_final(reader, keys),
        states: read_states(reader, keys),
    }
}

fn read_states(reader: &mut Reader<'_>, keys: &Keys<'_>) -> Vec<State> {
    let Some(entry) = keys.entry("states") else { return Vec::new() };
    reader.names(entry, "a mapping of states").iter().map(|entry| read_state(reader, entry)).collect()
}

fn read_final(reader: &mut Reader<'_>, keys: &Keys<'_>) -> Option<Span> {
    let entry = keys.entry("final")?;
    (reader.boolean(entry)?).then(|| entry.span())
}

fn read_reactions(reader: &mut Reader<'_>, keys: &Keys<'_>) -> Vec<Reaction> {
    with_cases(reader, keys, "on", "a mapping of events").map(|(trigger, cases)| Reaction { trigger, cases }).collect()
}

fn read_timers(reader: &mut Reader<'_>, keys: &Keys<'_>, key: &str, kind: TimerKind) -> Vec<Timer> {
    let wanted = "a mapping of lengths (`5s`, or the name of a `duration`)";
    with_cases(reader, keys, key, wanted).map(|(name, cases)| Timer { kind, name, cases }).collect()
}

fn with_cases(
    reader: &mut Reader<'_>,
    keys: &Keys<'_>,
    key: &str,
    wanted: &str,
) -> impl Iterator<Item = (Text, Vec<Case>)> + use<> {
    let entries = keys.entry(key).map_or(&[][..], |entry| reader.mapping(entry, wanted));
    let read: Vec<_> = entries.iter().map(|entry| (entry.key.clone(), read_cases(reader, entry))).collect();
    read.into_iter()
}

fn read_history(reader: &mut Reader<'_>, entry: &Entry) -> Option<(History, Span)> {
    let text = reader.text(entry, "`shallow` or `deep`")?;
    let history = match text.text.as_str() {
        "shallow" => History::Shallow,
        "deep" => History::Deep,
        other => {
            let message = format!("`history` is `shallow` or `deep`, not `{other}`");
            let finding =
                Diagnostic::new(&errors::HISTORY, text.span, message).did_you_mean(other, ["shallow", "deep"]);
            reader.report(finding);
            return None;
        }
    };
    Some((history, entry.span()))
}

fn read_defer(reader: &mut Reader<'_>, entry: &Entry) -> Vec<Deferred> {
    let wanted = "an event, a list of events, or a mapping of events to limits";
    let Some(node) = reader.present(entry, wanted) else { return Vec::new() };
    let NodeKind::Mapping(entries) = &node.kind else {
        return reader.texts(entry, wanted).into_iter().map(|trigger| Deferred { trigger, limit: None }).collect();
    };
    entries.iter().map(|entry| Deferred { trigger: entry.key.clone(), limit: read_limit(reader, entry) }).collect()
}

fn read_limit(reader: &mut Reader<'_>, entry: &Entry) -> Option<u32> {
    let text = reader.text(entry, "the number of deferred events")?;
    let limit = text.text.parse().ok().filter(|limit| (1..=DEFER_LIMIT_MAX).contains(limit));
    if limit.is_none() {
        let message = format!("the number of deferred events must be from 1 to {DEFER_LIMIT_MAX}, not `{}`", text.text);
        reader.report(Diagnostic::new(&errors::DEFER_LIMIT, text.span, message));
    }
    limit
}

fn read_ignore(reader: &mut Reader<'_>, entry: &Entry) -> Vec<Ignored> {
    let wanted = "an event, a list of events, or a mapping of events to reasons";
    let Some(node) = reader.present(entry, wanted) else { return Vec::new() };
    let NodeKind::Mapping(entries) = &node.kind else {
        return reader
            .texts(entry, wanted)
            .into_iter()
            .map(|trigger| Ignored { trigger, reason: String::new() })
            .collect();
    };
    entries
        .iter()
        .map(|entry| Ignored {
            trigger: entry.key.clone(),
            reason: reader.text(entry, "the reason").map(|text| text.text).unwrap_or_default(),
        })
        .collect()
}
