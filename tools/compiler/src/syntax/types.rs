//! `types.yaml`.

use super::fields::read_field_entries;
use super::reader::{Keys, Reader, says_nothing};
use super::{TypeDeclaration, TypeKind, TypesFile};
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::yaml::{Entry, Node, NodeKind};

/// Reads `types.yaml`; `None` if its shape is wrong, so that the types are not known.
#[must_use]
pub fn read_types(node: &Node, findings: &mut Vec<Diagnostic>) -> Option<TypesFile> {
    if node.kind == NodeKind::Empty {
        says_nothing(node, "types", "Reason: { enum: [Lost, Refused] }", findings);
        return None;
    }
    let reader = &mut Reader::new(findings);
    let keys = reader.keys(node, node.span, "`types.yaml`", &["keys", "types"])?;
    let key_types = keys.entry("keys").map(|entry| read_field_entries(reader, entry)).unwrap_or_default();
    let declarations =
        keys.entry("types").map_or(&[][..], |entry| reader.mapping(entry, "a mapping of names to types"));
    let sections = [keys.entry("keys"), keys.entry("types")];
    let whole = sections.iter().flatten().all(|entry| matches!(entry.value.kind, NodeKind::Mapping(_)));
    let types = declarations.iter().map(|entry| read_type(reader, entry)).collect();
    whole.then_some(TypesFile { keys: key_types, types })
}

fn read_type(reader: &mut Reader<'_>, entry: &Entry) -> TypeDeclaration {
    let name = entry.key.clone();
    let mut declaration = TypeDeclaration { name, kind: None, rust: None, secret: false, summary: String::new() };
    let Some(node) = reader.present(entry, "`enum` or `rust`") else { return declaration };
    let Some(keys) = reader.keys(node, entry.key.span, "a type", &["enum", "rust", "secret", "summary"]) else {
        return declaration;
    };
    declaration.summary = reader.prose(&keys, "summary");
    declaration.secret = keys.entry("secret").and_then(|entry| reader.boolean(entry)).unwrap_or(false);
    declaration.rust = keys.entry("rust").and_then(|path| reader.text(path, "the path of a Rust type"));
    declaration.kind = read_kind(reader, &keys, &declaration);
    declaration
}

fn read_kind(reader: &mut Reader<'_>, keys: &Keys<'_>, declaration: &TypeDeclaration) -> Option<TypeKind> {
    let name = &declaration.name;
    match (keys.entry("enum"), keys.entry("rust")) {
        (Some(variants), _) => {
            let names = reader.texts(variants, "a list of variants");
            if matches!(&variants.value.kind, NodeKind::Sequence(items) if items.is_empty()) {
                let message = format!("the enum `{}` has no variant, so it can have no value", name.text);
                reader.report(Diagnostic::new(&errors::EMPTY, variants.value.span, message));
            }
            Some(TypeKind::Enum(names))
        }
        (None, Some(_)) => declaration.rust.is_some().then_some(TypeKind::Opaque),
        (None, None) => {
            let message =
                format!("the type `{}` lacks `enum` (its variants) or `rust` (the path of a Rust type)", name.text);
            reader.report(Diagnostic::new(&errors::MISSING_KEY, name.span, message));
            None
        }
    }
}
