//! `parts.yaml`.

use super::PartDeclaration;
use super::reader::{Reader, says_nothing};
use crate::diagnostic::Diagnostic;
use crate::yaml::{Entry, Node, NodeKind};

/// Reads `parts.yaml`; `None` if its shape is wrong, so that the parts are not known.
#[must_use]
pub fn read_parts(node: &Node, findings: &mut Vec<Diagnostic>) -> Option<Vec<PartDeclaration>> {
    if node.kind == NodeKind::Empty {
        says_nothing(node, "parts", "api: Programs that use this one.", findings);
        return None;
    }
    let reader = &mut Reader::new(findings);
    let keys = reader.keys(node, node.span, "`parts.yaml`", &["parts"])?;
    let entry = reader.required(&keys, "parts", "`parts.yaml`")?;
    let parts = reader.mapping(entry, "a mapping of names to sentences").iter().map(|part| read_part(reader, part));
    let parts = parts.collect();
    matches!(entry.value.kind, NodeKind::Mapping(_)).then_some(parts)
}

/// A part: a sentence, or a mapping where more is said.
fn read_part(reader: &mut Reader<'_>, entry: &Entry) -> PartDeclaration {
    let mut part = PartDeclaration { name: entry.key.clone(), summary: String::new(), outside: false };
    if !matches!(entry.value.kind, NodeKind::Mapping(_)) {
        part.summary = reader.text(entry, "a sentence on what it is").map(|text| text.text).unwrap_or_default();
    } else if let Some(keys) = reader.keys(&entry.value, entry.key.span, "a part", &["summary", "outside"]) {
        part.summary = reader.prose(&keys, "summary");
        part.outside = keys.entry("outside").and_then(|outside| reader.boolean(outside)).unwrap_or(false);
    }
    part
}
