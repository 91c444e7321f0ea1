//! How types and constants of the language become types and constants of Rust.

use std::fmt::Write as _;

use super::documentation::documented;
use super::identifiers;
use super::options::Options;
use crate::model::{BaseType, IntegerType, System, Type, TypeDefinition, TypeId, TypeKind, Value};

/// The type of a field, variable or answer.
pub fn owned_type(system: &System, of: Type) -> String {
    let base = match of.base {
        BaseType::Bool => "bool".to_owned(),
        BaseType::Integer(integer) => integer.name().to_owned(),
        BaseType::Duration => "Milliseconds".to_owned(),
        BaseType::String => "String".to_owned(),
        BaseType::Bytes => "Bytes".to_owned(),
        BaseType::Declared(id) => format!("types::{}", identifiers::word(&system.types[id].name)),
    };
    if of.optional { format!("Option<{base}>") } else { base }
}

/// The type of a function's argument: by value what is `Copy`, otherwise borrowed.
pub fn argument_type(system: &System, of: Type) -> String {
    if is_copy(system, of) {
        return owned_type(system, of);
    }
    let base = match of.base {
        BaseType::String => "&str".to_owned(),
        _ => format!("&{}", owned_type(system, Type { optional: false, ..of })),
    };
    if of.optional { format!("Option<{base}>") } else { base }
}

/// Whether the generated code may count on `Copy`. An opaque type may be, but nothing says so.
pub fn is_copy(system: &System, of: Type) -> bool {
    match of.base {
        BaseType::Bool | BaseType::Integer(_) | BaseType::Duration => true,
        BaseType::String | BaseType::Bytes => false,
        BaseType::Declared(id) => matches!(system.types[id].kind, TypeKind::Enum(_)),
    }
}

/// Whether records must not show it.
pub fn is_secret(system: &System, of: Type) -> bool {
    matches!(of.base, BaseType::Declared(id) if system.types[id].secret)
}

/// The attribute that hides a secret field; nothing for others.
pub fn secret_attribute(system: &System, of: Type) -> &'static str {
    match (is_secret(system, of), of.optional) {
        (false, _) => "",
        (true, false) => "#[serde(serialize_with = \"automata_runtime::secret::one\")]",
        (true, true) => "#[serde(serialize_with = \"automata_runtime::secret::optional\")]",
    }
}

/// A constant of that type.
pub fn constant(system: &System, value: &Value, of: Type) -> String {
    let bare = match value {
        Value::None => return "None".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => integer(*value),
        Value::Duration(milliseconds) => format!("Milliseconds({})", integer(i128::from(*milliseconds))),
        Value::String(text) if of.base == BaseType::Bytes => format!("Bytes::from({text:?}.as_bytes())"),
        Value::String(text) => format!("{text:?}.to_owned()"),
        Value::Variant(id, variant) => variant_path(system, *id, *variant),
    };
    if of.optional { format!("Some({bare})") } else { bare }
}

/// `types::CloseReason::Failed`.
pub fn variant_path(system: &System, id: crate::model::TypeId, variant: u32) -> String {
    let definition = &system.types[id];
    match &definition.kind {
        TypeKind::Enum(variants) => {
            format!(
                "types::{}::{}",
                identifiers::word(&definition.name),
                identifiers::word(&variants[variant as usize])
            )
        }
        TypeKind::Opaque => unreachable!("only enums have variants"),
    }
}

/// With `_` between groups of three digits from five digits on.
pub fn integer(value: i128) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    if value < 0 {
        text.push('-');
    }
    for (place, digit) in digits.char_indices() {
        if place > 0 && digits.len() >= 5 && (digits.len() - place).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

/// Whether every value of `from` is one of `to`.
pub fn widens(from: IntegerType, to: IntegerType) -> bool {
    let (from, to) = (from.bounds(), to.bounds());
    to.0 <= from.0 && from.1 <= to.1
}

/// `String`, where a declared type is called so as well.
fn unhidden(system: &System, rust: &str) -> String {
    let is_hidden = system.types.iter().any(|declared| declared.name == rust);
    if is_hidden { format!("::std::string::{rust}") } else { rust.to_owned() }
}

fn variant(name: &str) -> String {
    let word = identifiers::word(name);
    let renamed = if word == name { String::new() } else { format!("#[serde(rename = {name:?})] ") };
    format!("{renamed}{word},")
}

/// Holds a Rust enum to the variants of `types.yaml`: rustc sees that there are no more and no fewer, a test that
/// records name them so.
fn variants_checked(definition: &TypeDefinition, variants: &[String]) -> String {
    let name = &definition.name;
    let words: Vec<String> = variants.iter().map(|variant| identifiers::word(variant)).collect();
    let patterns: Vec<String> = words.iter().map(|word| format!("{name}_of_::{word}")).collect();
    let mut text = format!(
        "/// Its variants are those of `types.yaml`.\nconst _: fn(&{name}_of_) = |value| match value {{ {} => {{}} }};\n",
        patterns.join(" | ")
    );
    if !definition.secret {
        let pairs: String = patterns.iter().zip(variants).map(|(path, name)| format!("({path}, {name:?}),")).collect();
        let _ = writeln!(
            text,
            "#[cfg(test)]\n#[test]\n#[allow(non_snake_case)]\nfn variants_of_{name}_are_named_as_in_types_yaml() {{ \
             for (value, name) in [{pairs}] {{ assert!(opaque::is_called(&value, name), \"`{{value:?}}` has to serialise as \\\"{{name}}\\\"\"); }} }}",
        );
    }
    text
}

/// `types.rs`: enums, and short names for types of the program.
pub fn module(system: &System, options: &Options) -> Vec<String> {
    let mut text = String::from(
        "//! The types of `types.yaml`.\n//!\n\
         //! Each type of the program is checked here, once, for what it must be able to do.\n",
    );
    if system.types.iter().any(|definition| definition.rust.is_none()) {
        text.push_str("use automata_runtime::serde;\n");
    }
    if system.types.iter().any(|definition| definition.rust.is_some()) {
        text.push_str("use automata_runtime::opaque;\n");
    }
    for (index, definition) in system.types.iter().enumerate() {
        let type_name = identifiers::word(&definition.name);
        let summary = if definition.summary.is_empty() { definition.name.as_str() } else { &definition.summary };
        text.push_str(&documented(summary));
        match (&definition.kind, &definition.rust) {
            (kind, Some(rust)) => {
                text.push_str(&checked(system, TypeId(index as u32), &unhidden(system, rust), options));
                if let TypeKind::Enum(variants) = kind {
                    text.push_str(&variants_checked(definition, variants));
                }
            }
            (TypeKind::Opaque, None) => unreachable!("an opaque type is one of Rust"),
            (TypeKind::Enum(variants), None) => {
                let declared: String = variants.iter().map(|name| variant(name)).collect();
                let derives =
                    if options.dynamic { ", serde::Serialize, serde::Deserialize" } else { ", serde::Serialize" };
                let _ = writeln!(
                    text,
                    "#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash{derives})]\n\
                     #[serde(crate = \"automata_runtime::serde\")]\n\
                     #[allow(missing_docs, reason = \"each is what it is called\")]\n\
                     pub enum {type_name} {{ {declared} }}",
                );
                if definition.secret {
                    let arms: String = variants
                        .iter()
                        .map(|name| format!("Self::{} => b{name:?},", identifiers::word(name)))
                        .collect();
                    let _ = writeln!(
                        text,
                        "impl ::core::convert::AsRef<[u8]> for {type_name} {{ \
                         fn as_ref(&self) -> &[u8] {{ match self {{ {arms} }} }} }}",
                    );
                }
            }
        }
    }
    vec![text]
}

/// The name of a type of the program, by way of a check of what it must be able to do: what is missing is one error,
/// here.
fn checked(system: &System, id: TypeId, rust: &str, options: &Options) -> String {
    let definition = &system.types[id];
    let (name, plain) = (identifiers::word(&definition.name), &definition.name);
    let mut keys = system.automata.iter().filter_map(|automaton| automaton.key.as_ref());
    let is_key = keys.any(|key| key.r#type.base == BaseType::Declared(id));
    let mut checks = vec!["carried"];
    checks.push(if definition.secret { "hidden" } else { "shown" });
    if is_key {
        checks.push("key");
    }
    if matches!(definition.kind, TypeKind::Enum(_)) {
        checks.push("copied");
    }
    if options.dynamic {
        checks.push("read");
    }
    let checks: Vec<String> = checks.iter().map(|check| format!("opaque::{check}::<{plain}_of_>()")).collect();
    let checks = checks.join(" + ");
    format!(
        "pub type {name} = opaque::Checked<{plain}_of_, {{ {checks} }}>;\n\
         #[allow(non_camel_case_types)] type {plain}_of_ = {rust};\n"
    )
}
