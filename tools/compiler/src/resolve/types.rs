//! Types, keys of instances, and parts.

use super::resolver::{InstanceKey, Resolver};
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::expression::KEY;
use crate::foreign;
use crate::keywords::KEYWORDS_OF_RUST;
use crate::model::{BaseType, Field, IntegerType, Key, Part, Type, TypeDefinition, TypeId, TypeKind};
use crate::naming::Kind;
use crate::source::Text;
use crate::syntax;

const BUILT_IN: [(&str, BaseType); 4] = [
    ("bool", BaseType::Bool),
    ("duration", BaseType::Duration),
    ("string", BaseType::String),
    ("bytes", BaseType::Bytes),
];

/// The names of all types that need no declaration.
pub fn built_in_types<'a>() -> impl Iterator<Item = &'a str> {
    BUILT_IN.iter().map(|(name, _)| *name).chain(IntegerType::ALL.map(IntegerType::name))
}

impl Resolver<'_> {
    pub(super) fn declare_types(&mut self, file: syntax::TypesFile) {
        let mut declarations = file.types;
        declarations.sort_by(|a, b| a.name.text.cmp(&b.name.text));
        let all: Vec<String> = declarations.iter().map(|declaration| declaration.name.text.clone()).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        for declaration in declarations {
            self.check_name(&declaration.name, Kind::Type, &all);
            if let Some(path) = &declaration.rust {
                self.check_rust_path(path);
            }
            match declaration.kind.and_then(|kind| self.declare_kind(&declaration.name.text, kind)) {
                Some(kind) => self.system.types.push(TypeDefinition {
                    name: declaration.name.text,
                    summary: declaration.summary,
                    kind,
                    rust: declaration.rust.map(|path| path.text),
                    secret: declaration.secret,
                    span: declaration.name.span,
                }),
                None => {
                    self.broken.insert(declaration.name.text);
                }
            }
        }
        let all: Vec<&str> = file.keys.iter().map(|key| key.name.text.as_str()).collect();
        for key in &file.keys {
            self.check_name(&key.name, Kind::Key, &all);
            let r#type = self.key_type(key);
            self.keys.push(InstanceKey { name: key.name.text.clone(), r#type });
        }
    }

    fn declare_kind(&mut self, name: &str, kind: syntax::TypeKind) -> Option<TypeKind> {
        match kind {
            syntax::TypeKind::Enum(variants) => {
                let all: Vec<&str> = variants.iter().map(|variant| variant.text.as_str()).collect();
                for (index, variant) in variants.iter().enumerate() {
                    self.check_name(variant, Kind::Variant, &all);
                    if let Some(first) = variants[..index].iter().find(|other| other.text == variant.text) {
                        let message = format!("the enum `{name}` has the variant `{}` twice", variant.text);
                        let finding = Diagnostic::new(&errors::DUPLICATE_NAME, variant.span, message);
                        self.report(finding.related(first.span, "first here"));
                    }
                }
                Some(TypeKind::Enum(variants.into_iter().map(|variant| variant.text).collect()))
            }
            syntax::TypeKind::Opaque => Some(TypeKind::Opaque),
        }
    }

    fn check_rust_path(&mut self, path: &Text) {
        if !is_rust_path(&path.text) {
            let message = format!("`{}` is not the path of a Rust type", path.text);
            let help = "such as `crate::identity::NodeId`; for a type with parameters, declare a type alias in Rust";
            self.report(Diagnostic::new(&errors::RUST_PATH, path.span, message).help(help));
        }
    }

    fn key_type(&mut self, key: &syntax::Field) -> Option<Type> {
        let text = key.r#type.as_ref()?;
        let r#type = self.resolve_type(text)?;
        let is_secret = matches!(r#type.base, BaseType::Declared(id) if self.system.types[id].secret);
        if !r#type.optional && !is_secret {
            return Some(r#type);
        }
        let (what, why) =
            if r#type.optional { ("optional", "is always there") } else { ("secret", "is shown in every record") };
        let message = format!("the key `{}` cannot have the {what} type `{}`: a key {why}", key.name.text, text.text);
        self.report(Diagnostic::new(&errors::KEY_TYPE, text.span, message));
        None
    }

    pub(super) fn declare_parts(&mut self, mut parts: Vec<syntax::PartDeclaration>) {
        parts.sort_by(|a, b| a.name.text.cmp(&b.name.text));
        let names = parts.iter().map(|part| part.name.text.clone());
        let all: Vec<String> = names.chain(self.automata_names.iter().cloned()).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        for part in parts {
            self.check_name(&part.name, Kind::Part, &all);
            let syntax::PartDeclaration { name, summary, outside } = part;
            self.system.parts.push(Part { name: name.text, summary, outside, span: name.span });
        }
    }

    /// The type of that name; no finding if its declaration is broken.
    pub(super) fn resolve_type(&mut self, text: &Text) -> Option<Type> {
        let (name, optional) = match text.text.strip_suffix('?') {
            Some(name) => (name, true),
            None => (text.text.as_str(), false),
        };
        let integer = IntegerType::ALL.into_iter().find(|integer| integer.name() == name).map(BaseType::Integer);
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, base)| *base);
        let declared = || self.system.types.binary_search_by(|declared| declared.name.as_str().cmp(name)).ok();
        let base = integer.or(built_in).or_else(|| Some(BaseType::Declared(TypeId(declared()? as u32))));
        if let Some(base) = base {
            return Some(Type { base, optional });
        }
        // A lower-case name cannot be in `types.yaml`.
        let foreign = foreign::type_help(name);
        let is_built_in = foreign.is_some() || !name.starts_with(|c: char| c.is_ascii_uppercase());
        if !self.broken.contains(name)
            && (is_built_in || self.absent_types.is_worth_telling(text, |name| format!("`{name}`")))
        {
            let message = format!("there is no type `{name}`");
            let declared = self.system.types.iter().map(|declared| declared.name.as_str());
            let declared = declared.filter(|name| Kind::Type.allows(name));
            let known = built_in_types().chain(declared);
            let span = text.at(0, name.len());
            let finding = Diagnostic::new(&errors::UNKNOWN_TYPE, span, message)
                .cause(format!("type {name}"))
                .did_you_mean(name, known);
            self.report(match finding.help {
                _ if foreign.is_some() => Diagnostic { help: foreign.map(str::to_owned), ..finding },
                Some(_) => finding,
                None if !is_built_in => finding.help("declare it in `types.yaml`"),
                None => {
                    finding.help("built in are `bool`, `u8` to `u64`, `i8` to `i64`, `duration`, `string` and `bytes`")
                }
            });
        }
        None
    }

    /// Fields, without those whose type failed; the flag says whether all are there.
    pub(super) fn resolve_fields(&mut self, fields: &[syntax::Field], kind: Kind) -> (Vec<Field>, bool) {
        let mut resolved = Vec::new();
        let all: Vec<&str> = fields.iter().map(|field| field.name.text.as_str()).collect();
        for field in fields {
            self.check_name(&field.name, kind, &all);
            match field.r#type.as_ref().and_then(|text| self.resolve_type(text)) {
                Some(r#type) => resolved.push(Field { name: field.name.text.clone(), r#type, span: field.name.span }),
                None => self.drops(field.name.span),
            }
        }
        let whole = resolved.len() == fields.len();
        (resolved, whole)
    }

    /// The key after `per`. After a finding, or if its type is broken, one of an arbitrary type, so that
    /// findings about keys elsewhere still make sense.
    pub(super) fn instance_key(&mut self, name: &Text) -> Key {
        let known = self.keys.iter().find(|key| key.name == name.text);
        if known.is_none() && self.absent_types.is_worth_telling(name, |name| format!("the key `{name}`")) {
            let message = format!("`types.yaml` declares no key `{}`", name.text);
            let known = self.keys.iter().map(|key| key.name.as_str()).filter(|name| Kind::Key.allows(name));
            let finding = Diagnostic::new(&errors::UNKNOWN_INSTANCE_KEY, name.span, message)
                .cause(format!("key {}", name.text))
                .did_you_mean(&name.text, known);
            let finding = match finding.help {
                Some(_) => finding,
                None => finding.help(format!("declare it there: `keys: {{ {}: … }}`", name.text)),
            };
            self.report(finding);
        }
        let r#type = self.keys.iter().find(|key| key.name == name.text).and_then(|key| key.r#type);
        if r#type.is_none() {
            self.broken.insert(KEY.to_owned());
        }
        Key { name: name.text.clone(), r#type: r#type.unwrap_or(Type::BOOL) }
    }
}

/// `a::b::C`, perhaps with `::` before it.
fn is_rust_path(path: &str) -> bool {
    let is_identifier = |segment: &str| {
        let word = segment.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && segment.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && segment != "_";
        word && (matches!(segment, "crate" | "self" | "super") || !KEYWORDS_OF_RUST.contains(&segment))
    };
    path.strip_prefix("::").unwrap_or(path).split("::").all(is_identifier)
}

#[cfg(test)]
mod tests {
    use super::is_rust_path;

    #[test]
    fn a_path_is_told_from_other_texts() {
        for path in ["crate::identity::NodeId", "String", "::core::net::IpAddr", "super::x::Y"] {
            assert!(is_rust_path(path), "{path}");
        }
        for text in ["", "::", "crate/identity", "a::", "Vec<u8>", "crate::type::X", "a b", "1::X", "ä::X"] {
            assert!(!is_rust_path(text), "{text}");
        }
    }
}
