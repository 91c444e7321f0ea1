//! The trap of flow style: `{ do: f(a, b) }` falls apart at the comma, into `do: f(a` and a key `b)` with nothing behind it.
//!
//! It is recognised by a text whose parentheses do not close, followed by pieces that close them. The pieces are put together
//! again, so that the rest of the analysis sees what was meant, and the one finding says how to write it.

use super::{Entry, Node, NodeKind, Quoting, Scalar};
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::source::{Span, Text};

/// Puts together what fell apart in the entries of a flow mapping.
pub(super) fn mend_mapping(source: &str, entries: &mut Vec<Entry>, findings: &mut Vec<Diagnostic>) {
    let mut at = 0;
    while at < entries.len() {
        let pieces = entries[at + 1..].iter().map(|entry| match entry.value.kind {
            NodeKind::Empty => Some(entry.key.text.as_str()),
            _ => None,
        });
        if let Some(count) = pieces_missing(&entries[at].value, pieces) {
            let end = entries[at + count].key.span.end;
            let key = entries[at].key.text.clone();
            entries[at].value = joined(source, &entries[at].value, end, Some(&key), findings);
            entries.drain(at + 1..=at + count);
        }
        at += 1;
    }
}

/// Puts together what fell apart in the items of a flow list.
pub(super) fn mend_sequence(source: &str, items: &mut Vec<Node>, findings: &mut Vec<Diagnostic>) {
    let mut at = 0;
    while at < items.len() {
        let pieces = items[at + 1..].iter().map(plain);
        if let Some(count) = pieces_missing(&items[at], pieces) {
            let end = items[at + count].span.end;
            items[at] = joined(source, &items[at], end, None, findings);
            items.drain(at + 1..=at + count);
        }
        at += 1;
    }
}

/// How many of the following pieces close the parentheses that `first` leaves open, if they do.
fn pieces_missing<'p>(first: &Node, pieces: impl Iterator<Item = Option<&'p str>>) -> Option<usize> {
    let mut open = unclosed(plain(first)?);
    if open <= 0 {
        return None;
    }
    for (index, piece) in pieces.enumerate() {
        open += unclosed(piece?);
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
