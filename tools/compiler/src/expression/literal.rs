//! Constants in declarations: `default`, `initial`, `min`, `max`.

use super::syntax::{Node, NodeKind};
use super::typing::fits_or_refused;
use super::{lexer, parser};
use crate::codes::expression_errors::{NO_LITERAL, TYPE_MISMATCH, UNKNOWN_VARIANT};
use crate::diagnostic::Diagnostic;
use crate::model::{BaseType, System, Type, TypeKind, Value};
use crate::source::{Span, Text};

pub fn value(
    text: &Text,
    expected: Type,
    bounds: Option<(i128, i128)>,
    system: &System,
    findings: &mut Vec<Diagnostic>,
) -> Option<Value> {
    if expected.base == BaseType::String && !(expected.optional && text.text == "none") {
        return Some(Value::String(text.text.clone()));
    }
    if expected.base == BaseType::Bool && ["yes", "no", "on", "off"].contains(&text.text.to_ascii_lowercase().as_str())
    {
        let span = text.at(0, text.text.len());
        let finding = Diagnostic::new(&TYPE_MISMATCH, span, format!("`{}` is a word, and no `bool`", text.text));
        findings.push(finding.help("write `true` or `false`"));
        return None;
    }
    let node = super::read(parser::expression(text), findings)?;
    let constant = super::operators::constant(&node);
    let result = match (&node.kind, expected.base) {
        (NodeKind::None, _) if expected.optional => Ok(Value::None),
        (NodeKind::Bool(value), BaseType::Bool) => Ok(Value::Bool(*value)),
        (NodeKind::Duration(ms), BaseType::Duration) => Ok(Value::Duration(*ms)),
        (_, BaseType::Integer(integer)) if constant.is_some() => {
            let value = constant.expect("just looked at");
            let what = system.type_name(Type { optional: false, ..expected });
            fits_or_refused(value, bounds.unwrap_or(integer.bounds()), &format!("`{what}`"), node.span)
                .map(|()| Value::Integer(value))
        }
        (NodeKind::Name(name), BaseType::Declared(id)) => variant(name, None, node.span, id, system),
        (NodeKind::Member(owner, name), BaseType::Declared(id)) => {
            variant(&name.name, Some(&owner.name), node.span, id, system)
        }
        _ => Err(refused(&node, expected, system)),
    };
    result.map_err(|finding| findings.push(finding)).ok()
}

fn variant(
    name: &str,
    owner: Option<&str>,
    span: Span,
    id: crate::model::TypeId,
    system: &System,
) -> Result<Value, Diagnostic> {
    let definition = &system.types[id];
    let TypeKind::Enum(variants) = &definition.kind else {
        return Err(no_literal(&definition.name, span));
    };
    if owner.is_some_and(|owner| owner != definition.name) {
        let message =
            format!("this is of the type `{}`, and `{}` is wanted", owner.unwrap_or_default(), definition.name);
        return Err(Diagnostic::new(&TYPE_MISMATCH, span, message));
    }
    match variants.iter().position(|variant| variant == name) {
        Some(index) => Ok(Value::Variant(id, index as u32)),
        None => {
            let message = format!("`{}` has no variant `{name}`", definition.name);
            let finding = Diagnostic::new(&UNKNOWN_VARIANT, span, message).related(definition.span, "declared here");
            Err(finding.did_you_mean(name, variants.iter().map(String::as_str)))
        }
    }
}

fn no_literal(type_name: &str, span: Span) -> Diagnostic {
    let message = format!("there are no constants of the type `{type_name}`");
    let help = format!("make the type `{type_name}?`, and begin with `none`");
    Diagnostic::new(&NO_LITERAL, span, message).help(help)
}

fn refused(node: &Node, expected: Type, system: &System) -> Diagnostic {
    let wanted = system.type_name(expected);
    let opaque = match expected.base {
        BaseType::Bytes => true,
        BaseType::Declared(id) => matches!(system.types[id].kind, TypeKind::Opaque { .. }),
        _ => false,
    };
    if opaque {
        return no_literal(&system.type_name(Type { optional: false, ..expected }), node.span);
    }
    let finding = Diagnostic::new(&TYPE_MISMATCH, node.span, format!("a constant of the type `{wanted}` is wanted"));
    match (&node.kind, expected.base) {
        (NodeKind::Integer(value), BaseType::Duration) => {
            finding.help(format!("write the unit: `{value}ms`, `{value}s`, `{value}min`"))
        }
        (NodeKind::None, _) => finding.help(format!("only a `{wanted}?` may be `none`")),
        (NodeKind::Duration(ms), BaseType::Integer(_)) => {
            finding.label(format!("`{}` is a duration", lexer::duration_text(*ms)))
        }
        _ => finding,
    }
}
