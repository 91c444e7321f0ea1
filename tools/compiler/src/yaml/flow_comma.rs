//! The trap of flow style: `{ do: f(a, b) }` is cut at the comma, into `do: f(a` and a key `b)` without a value.
//!
//! In a mapping it is recognised by the keys without a colon that follow a text; in a list by a text whose parentheses
//! do not close, followed by pieces that close them. The pieces are put together again, so that the rest of the
//! analysis sees what was meant, and the one finding says how to write it.

use super::scan_error::joined_pair;
use super::{Entry, Node, NodeKind, Quoting, Scalar};
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::list_form;
use crate::source::{Span, Text};

/// The keys that take a list of texts in which a comma has no meaning of its own.
const KEYS_WITH_LISTS: &[&str] = &["set", "do", "send", "start", "raise", "restart"];

/// Joins what was cut in the entries of a flow mapping: a text, and keys after it that have no colon.
pub(super) fn mend_mapping(source: &str, entries: &mut Vec<Entry>, findings: &mut Vec<Diagnostic>) {
    let mut at = 0;
    while at < entries.len() {
        let count = entries[at + 1..].iter().take_while(|entry| is_lone(source, entry)).count();
        if count > 0 && plain(&entries[at].value).is_some() {
            let end = entries[at + count].key.span.end;
            let key = entries[at].key.text.clone();
            let first = &entries[at].value;
            entries[at].value = match meant_as_list(source, first, end, &key, findings) {
                Some(list) => list,
                None => joined(source, first, end, Some(&key), findings),
            };
            entries.drain(at + 1..=at + count);
        }
        at += 1;
    }
}

/// Joins what was cut in the items of a flow list.
pub(super) fn mend_sequence(source: &str, items: &mut Vec<Node>, findings: &mut Vec<Diagnostic>) {
    let mut at = 0;
    while at < items.len() {
        if let Some(count) = pieces_missing(&items[at], &items[at + 1..]) {
            let end = items[at + count].span.end;
            items[at] = joined(source, &items[at], end, None, findings);
            items.drain(at + 1..=at + count);
        }
        at += 1;
    }
}

/// Reports a key without a colon, `a` in `{ a, b: X }`.
pub(super) fn refuse_lone_keys(source: &str, entries: &mut [Entry], findings: &mut Vec<Diagnostic>) {
    for at in 0..entries.len() {
        let (key, next) = (entries[at].key.clone(), entries.get(at + 1).map(|entry| entry.key.text.clone()));
        if !is_lone(source, &entries[at]) {
            continue;
        }
        if let Some((name, value)) = joined_pair(&key.text).filter(|_| key.exact) {
            let message = format!("there is nothing after `{}`", key.text);
            let help = format!("a space is missing after `:`: write `{name}: {value}`");
            findings.push(Diagnostic::new(&errors::FLOW_COMMA, key.span, message).help(help));
            let value_span = key.at(name.len() + 1, key.text.len());
            let text = Text { text: value.to_owned(), span: value_span, exact: true };
            entries[at] = Entry {
                key: Text { text: name.to_owned(), span: key.at(0, name.len()), exact: true },
                value: Node { kind: NodeKind::Scalar(Scalar { text, quoting: Quoting::Plain }), span: value_span },
            };
            continue;
        }
        let message = format!("there is nothing after `{}`: in flow style (`{{ … }}`) a comma ends the key", key.text);
        let finding = Diagnostic::new(&errors::FLOW_COMMA, key.span, message);
        findings.push(match next {
            Some(next) => {
                let help =
                    format!("for one reaction to several events, put them in quotes: \"{}, {next}\": …", key.text);
                finding.help(help)
            }
            None => finding,
        });
        entries[at].value.kind = NodeKind::Refused;
    }
}

/// `a` in `{ a, b: X }`: nothing after it, not even a colon.
fn is_lone(source: &str, entry: &Entry) -> bool {
    let behind = source.get(entry.key.span.end as usize..).unwrap_or("");
    let behind = behind.trim_start_matches(['"', '\'']).trim_start();
    entry.value.kind == NodeKind::Empty && behind.starts_with([',', '}'])
}

/// How many of the following items close the parentheses that `first` leaves open, if they do.
fn pieces_missing(first: &Node, pieces: &[Node]) -> Option<usize> {
    let mut open = unclosed(plain(first)?);
    if open <= 0 {
        return None;
    }
    for (index, piece) in pieces.iter().enumerate() {
        open += unclosed(plain(piece)?);
        if open <= 0 {
            return Some(index + 1);
        }
    }
    None
}

fn plain(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Scalar(Scalar { text, quoting: Quoting::Plain }) => Some(&text.text),
        _ => None,
    }
}

fn unclosed(text: &str) -> isize {
    text.chars().map(|c| isize::from(c == '(') - isize::from(c == ')')).sum()
}

/// `{ set: a = 1, b = 2 }`: a list, if the key takes one and a comma is outside all brackets.
fn meant_as_list(source: &str, first: &Node, end: u32, key: &str, findings: &mut Vec<Diagnostic>) -> Option<Node> {
    let span = Span { end, ..first.span };
    let whole = source.get(span.start as usize..span.end as usize)?;
    let pieces = list_form::pieces(whole);
    if pieces.len() < 2 || !KEYS_WITH_LISTS.contains(&key) {
        return None;
    }
    let message = format!("in flow style (`{{ … }}`) the comma ends the text, so that `{whole}` falls apart");
    let help = format!("write a list: `{key}: {}`", list_form::written(&pieces));
    findings.push(Diagnostic::new(&errors::FLOW_COMMA, span, message).help(help));
    let items = pieces.iter().map(|(start, piece)| {
        let start = span.start + *start as u32;
        let span = Span { start, end: start + piece.len() as u32, ..span };
        let text = Text { text: (*piece).to_owned(), span, exact: true };
        Node { kind: NodeKind::Scalar(Scalar { text, quoting: Quoting::Plain }), span }
    });
    Some(Node { kind: NodeKind::Sequence(items.collect()), span })
}

fn joined(source: &str, first: &Node, end: u32, key: Option<&str>, findings: &mut Vec<Diagnostic>) -> Node {
    let span = Span { end, ..first.span };
    let whole = source.get(span.start as usize..span.end as usize).unwrap_or("");
    let message = format!("in flow style (`{{ … }}`, `[ … ]`) the comma ends the text, so that `{whole}` falls apart");
    let block = match key {
        Some(key) => format!("write it in block style, a line for each key:\n{key}: {whole}"),
        None => format!("write it in block style, a line for each item:\n- {whole}"),
    };
    let help = format!("{block}\nor put it in quotes: \"{whole}\"");
    findings.push(Diagnostic::new(&errors::FLOW_COMMA, span, message).help(help));
    let text = Text { text: whole.to_owned(), span, exact: true };
    Node { kind: NodeKind::Scalar(Scalar { text, quoting: Quoting::Plain }), span }
}
