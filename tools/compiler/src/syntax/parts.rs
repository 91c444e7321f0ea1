//! `parts.yaml`.

use super::PartDeclaration;
use super::reader::{Reader, says_nothing};
use crate::diagnostic::Diagnostic;
use crate::yaml::{Node, NodeKind};

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
    let parts = reader.mapping(entry, "a mapping of names to sentences").iter().map(|part| PartDeclaration {
        name: part.key.clone(),
        summary: reader.text(part, "a sentence on what it is").map(|text| text.text).unwrap_or_default(),
    });
    let parts = parts.collect();
    matches!(entry.value.kind, NodeKind::Mapping(_)).then_some(parts)
}
