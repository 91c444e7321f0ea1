//! `name: Type`, as under `fields`, `arguments` and `keys`.

use super::Field;
use super::reader::{Keys, Reader};
use crate::yaml::Entry;

/// The fields under a key, if it is there.
pub(super) fn read_fields(reader: &mut Reader<'_>, keys: &Keys<'_>, key: &str) -> Vec<Field> {
    keys.entry(key).map(|entry| read_field_entries(reader, entry)).unwrap_or_default()
}

/// The fields under this key.
pub(super) fn read_field_entries(reader: &mut Reader<'_>, entry: &Entry) -> Vec<Field> {
    let entries = reader.mapping(entry, "a mapping of names to types");
    entries.iter().map(|field| Field { name: field.key.clone(), r#type: reader.text(field, "a type") }).collect()
}
