//! Cases: what follows an event, a timer or `always`.

use super::effects::{EFFECT_KEYS, read_effects};
use super::reader::{Keys, Reader};
use super::{Case, Effects, Given, Outcome};
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::yaml::{Entry, Node, NodeKind};

const OUTCOME_KEYS: &[&str] = &["to", "stay", "ignore"];

/// The cases under a key: a target, one case, or a list of cases.
pub(super) fn read_cases(reader: &mut Reader<'_>, entry: &Entry) -> Vec<Case> {
    let Some(node) = reader.present(entry, "a target, a case or a list of cases") else { return Vec::new() };
    match &node.kind {
        NodeKind::Sequence(items) if items.is_empty() => {
            let message = format!("there is no case after `{}`", entry.key.text);
            reader.report(Diagnostic::new(&errors::EMPTY, entry.key.span, message));
            Vec::new()
        }
        NodeKind::Sequence(items) => items.iter().filter_map(|item| read_case(reader, item)).collect(),
        _ => read_case(reader, node).into_iter().collect(),
    }
}

fn read_case(reader: &mut Reader<'_>, node: &Node) -> Option<Case> {
    match &node.kind {
        NodeKind::Scalar(scalar) => Some(Case {
            guard: Given::No,
            effects: Effects::default(),
            outcome: Outcome::To(scalar.text.clone()),
            summary: String::new(),
            span: node.span,
        }),
        NodeKind::Mapping(_) => {
            let known = [&["if"], EFFECT_KEYS, OUTCOME_KEYS, &["summary"]].concat();
            let keys = reader.keys(node, node.span, "a case", &known)?;
            let effects = read_effects(reader, &keys);
            let outcome = read_outcome(reader, &keys);
            if let (Outcome::Ignore(_), false) = (&outcome, effects.is_empty()) {
                let message = "a case that ignores the event has no effects; this one has";
                let help = "say `stay` instead of `ignore`, or remove the effects";
                reader.report(Diagnostic::new(&errors::EXCLUSIVE_KEYS, node.span, message).help(help));
            }
            Some(Case {
                guard: reader.given(&keys, "if", "an expression"),
                effects,
                outcome,
                summary: reader.prose(&keys, "summary"),
                span: node.span,
            })
        }
        _ => {
            reader.wrong_shape(node, "a target or a mapping");
            None
        }
    }
}

fn read_outcome(reader: &mut Reader<'_>, keys: &Keys<'_>) -> Outcome {
    let mut found = keys.entries.iter().filter(|(key, _)| OUTCOME_KEYS.contains(key));
    let Some(&(key, first)) = found.next() else { return Outcome::Unsaid };
    if let Some((other, second)) = found.next() {
        let message = format!("a case says `{key}` or `{other}`, not both");
        let finding = Diagnostic::new(&errors::EXCLUSIVE_KEYS, second.key.span, message);
        reader.report(finding.related(first.key.span, "the first one"));
        return Outcome::Broken;
    }
    let wanted = if key == "to" { "a target" } else { "the reason" };
    match (reader.text(first, wanted), key) {
        (None, _) => Outcome::Broken,
        (Some(target), "to") => Outcome::To(target),
        (Some(reason), "stay") => Outcome::Stay(reason.text),
        (Some(reason), _) => Outcome::Ignore(reason.text),
    }
}
