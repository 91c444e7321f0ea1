//! `parts.yaml`.

use super::PartDeclaration;
use super::reader::Reader;
use crate::diagnostic::Diagnostic;
use crate::yaml::{Node, NodeKind};

/// Reads `parts.yaml`.
#[must_use]
pub fn read_parts(node: &Node, findings: &mut Vec<Diagnostic>) -> Vec<PartDeclaration> {
    if node.kind == NodeKind::Empty {
        return Vec::new();
    }
    let reader = &mut Reader { findings };
    let Some(keys) = reader.keys(node, node.span, "`parts.yaml`", &["parts"]) else { return Vec::new() };
    let Some(entry) = reader.required(&keys, "parts", "`parts.yaml`") else { return Vec::new() };
    let parts = reader.mapping(entry, "a mapping of names to sentences");
    parts
        .iter()
        .map(|part| PartDeclaration {
            name: part.key.clone(),
            summary: reader.text(part, "a sentence on what it is").map(|text| text.text).unwrap_or_default(),
        })
        .collect()
}
