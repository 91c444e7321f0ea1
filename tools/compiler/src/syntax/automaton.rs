//! A file with an automaton: its declarations. States are read in `state`.

use super::fields::read_fields;
use super::reader::{Keys, Reader};
use super::state::{STATE_KEYS_OF_ROOT, read_root};
use super::{Action, Automaton, Condition, Event, Parameter, Property, Variable};
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::model::PropertyKind;
use crate::source::{Span, Text};
use crate::yaml::{Entry, Node, NodeKind};

const DECLARATION_KEYS: &[&str] = &[
    "automaton",
    "summary",
    "doc",
    "instances",
    "parameters",
    "variables",
    "conditions",
    "events",
    "actions",
    "properties",
];

/// Reads an automaton. Without a name, it has that of its file. `None` if it is not a mapping.
#[must_use]
pub fn read_automaton(node: &Node, file_stem: &str, findings: &mut Vec<Diagnostic>) -> Option<Automaton> {
    let reader = &mut Reader::new(findings);
    if node.kind == NodeKind::Empty {
        let message = "the file is empty";
        let help = format!("an automaton starts with `automaton: {file_stem}`");
        reader.report(Diagnostic::new(&errors::EMPTY, node.span, message).help(help));
        return None;
    }
    let known = [DECLARATION_KEYS, STATE_KEYS_OF_ROOT].concat();
    let keys = reader.keys(node, first_line(node), "an automaton", &known)?;
    let name = reader.required(&keys, "automaton", "the file").and_then(|entry| reader.text(entry, "a name"));
    let name = name.unwrap_or_else(|| Text { text: file_stem.to_owned(), span: keys.place, exact: false });
    let (key, instances_are_known) = read_instances(reader, &keys);
    let mut automaton = Automaton {
        summary: reader.prose(&keys, "summary"),
        doc: reader.prose(&keys, "doc"),
        key,
        instances_are_known,
        parameters: each(reader, &keys, "parameters", read_parameter),
        variables: each(reader, &keys, "variables", read_variable),
        conditions: each(reader, &keys, "conditions", read_condition),
        events: each(reader, &keys, "events", read_event),
        actions: each(reader, &keys, "actions", read_action),
        root: read_root(reader, &keys, name.clone()),
        properties: each(reader, &keys, "properties", read_property).into_iter().flatten().collect(),
        name,
        unread_names: Vec::new(),
    };
    automaton.unread_names = std::mem::take(&mut reader.unread_names);
    Some(automaton)
}

/// The first key of the file: where a missing one is reported, rather than at the whole file.
fn first_line(node: &Node) -> Span {
    match &node.kind {
        NodeKind::Mapping(entries) => entries.first().map_or(node.span, |entry| entry.key.span),
        _ => node.span,
    }
}

fn read_instances(reader: &mut Reader<'_>, keys: &Keys<'_>) -> (Option<Text>, bool) {
    let Some(entry) = keys.entry("instances") else { return (None, true) };
    let Some(text) = reader.text(entry, "`one` or `per <key>`") else { return (None, false) };
    if text.text == "one" {
        return (None, true);
    }
    let key = text
        .text
        .strip_prefix("per ")
        .map(str::trim)
        .filter(|key| !key.is_empty() && !key.contains(char::is_whitespace));
    let Some(key) = key else {
        let message = format!("`instances` is `one` or `per <key>`, not `{}`", text.text);
        reader.report(Diagnostic::new(&errors::INSTANCES, text.span, message));
        return (None, false);
    };
    let start = text.text.len() - key.len();
    let start = text.text.rfind(key).unwrap_or(start);
    (Some(Text { text: key.to_owned(), span: text.at(start, start + key.len()), exact: text.exact }), true)
}

/// Every entry of the mapping under a key.
fn each<T>(reader: &mut Reader<'_>, keys: &Keys<'_>, key: &str, read: fn(&mut Reader<'_>, &Entry) -> T) -> Vec<T> {
    let Some(entry) = keys.entry(key) else { return Vec::new() };
    reader.names(entry, "a mapping of names").iter().map(|entry| read(reader, entry)).collect()
}

/// The keys of one declaration; an empty set after a finding.
fn declared<'n>(reader: &mut Reader<'_>, entry: &'n Entry, what: &str, known: &[&'static str]) -> Option<Keys<'n>> {
    let node = reader.present(entry, &format!("a mapping with {}", super::reader::listed(known)))?;
    reader.keys(node, entry.key.span, what, known)
}

fn read_parameter(reader: &mut Reader<'_>, entry: &Entry) -> Parameter {
    let what = format!("the parameter `{}`", entry.key.text);
    let keys = declared(reader, entry, &what, &["type", "default", "summary"]);
    let r#type = keys
        .as_ref()
        .and_then(|keys| reader.required(keys, "type", &what))
        .and_then(|entry| reader.text(entry, "a type"));
    let keys = keys.unwrap_or_else(|| Keys::none(entry.key.span));
    Parameter {
        name: entry.key.clone(),
        r#type,
        default: reader.given(&keys, "default", "a value"),
        summary: reader.prose(&keys, "summary"),
    }
}

fn read_variable(reader: &mut Reader<'_>, entry: &Entry) -> Variable {
    let what = format!("the variable `{}`", entry.key.text);
    let keys = declared(reader, entry, &what, &["type", "initial", "min", "max", "summary"]);
    let mut required = |key: &str, wanted: &str| {
        let entry = reader.required(keys.as_ref()?, key, &what)?;
        reader.text(entry, wanted)
    };
    let (r#type, initial) = (required("type", "a type"), required("initial", "a value (`none` if there is none)"));
    let keys = keys.unwrap_or_else(|| Keys::none(entry.key.span));
    Variable {
        name: entry.key.clone(),
        r#type,
        initial,
        min: reader.given(&keys, "min", "a number"),
        max: reader.given(&keys, "max", "a number"),
        summary: reader.prose(&keys, "summary"),
    }
}

fn read_condition(reader: &mut Reader<'_>, entry: &Entry) -> Condition {
    let what = format!("the condition `{}`", entry.key.text);
    let keys = declared(reader, entry, &what, &["type", "arguments", "summary"]);
    let r#type = keys
        .as_ref()
        .and_then(|keys| reader.required(keys, "type", &what))
        .and_then(|entry| reader.text(entry, "a type"));
    let keys = keys.unwrap_or_else(|| Keys::none(entry.key.span));
    Condition {
        name: entry.key.clone(),
        r#type,
        arguments: read_fields(reader, &keys, "arguments"),
        summary: reader.prose(&keys, "summary"),
    }
}

fn read_event(reader: &mut Reader<'_>, entry: &Entry) -> Event {
    let what = format!("the event `{}`", entry.key.text);
    let keys = declared(reader, entry, &what, &["from", "starts", "fields", "summary"])
        .unwrap_or_else(|| Keys::none(entry.key.span));
    let starts = keys.entry("starts").filter(|entry| reader.boolean(entry) == Some(true));
    Event {
        name: entry.key.clone(),
        from: keys.entry("from").map(|entry| reader.texts(entry, "a part or an automaton")).unwrap_or_default(),
        starts: starts.map(Entry::span),
        fields: read_fields(reader, &keys, "fields"),
        summary: reader.prose(&keys, "summary"),
    }
}

fn read_action(reader: &mut Reader<'_>, entry: &Entry) -> Action {
    let what = format!("the action `{}`", entry.key.text);
    let keys = declared(reader, entry, &what, &["by", "arguments", "summary"]);
    let by = keys
        .as_ref()
        .and_then(|keys| reader.required(keys, "by", &what))
        .and_then(|entry| reader.text(entry, "a part"));
    let keys = keys.unwrap_or_else(|| Keys::none(entry.key.span));
    Action {
        name: entry.key.clone(),
        by,
        arguments: read_fields(reader, &keys, "arguments"),
        summary: reader.prose(&keys, "summary"),
    }
}

fn read_property(reader: &mut Reader<'_>, entry: &Entry) -> Option<Property> {
    let what = format!("the property `{}`", entry.key.text);
    let keys = declared(reader, entry, &what, &["always", "never", "eventually", "summary"])?;
    let kinds =
        [("always", PropertyKind::Always), ("never", PropertyKind::Never), ("eventually", PropertyKind::Eventually)];
    let mut found = kinds.iter().filter_map(|(key, kind)| Some((keys.entry(key)?, *kind)));
    let Some((expression, kind)) = found.next() else {
        let message = format!("{what} lacks `always`, `never` or `eventually`");
        reader.report(Diagnostic::new(&errors::MISSING_KEY, entry.key.span, message));
        return None;
    };
    if let Some((second, _)) = found.next() {
        let message = format!("{what} says both `{}` and `{}`", expression.key.text, second.key.text);
        reader
            .report(Diagnostic::new(&errors::EXCLUSIVE_KEYS, second.key.span, message).help("make it two properties"));
    }
    let summary = reader.prose(&keys, "summary");
    Some(Property { name: entry.key.clone(), kind, expression: reader.text(expression, "an expression")?, summary })
}
