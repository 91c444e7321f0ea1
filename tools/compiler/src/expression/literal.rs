//! Constants in declarations: `default`, `initial`, `min`, `max`.

use super::constants::{self, fits_or_refused};
use super::parser;
use super::syntax::{Node, NodeKind};
use crate::codes::expression_errors::{CONSTANT_OUT_OF_BOUNDS, NO_LITERAL, TYPE_MISMATCH, UNKNOWN_VARIANT};
use crate::diagnostic::Diagnostic;
use crate::durations::duration_text;
use crate::model::{BaseType, IntegerType, System, Type, TypeDefinition, TypeId, TypeKind, Value};
use crate::naming::Kind;
use crate::source::{Span, Text};

/// The constant, of the expected type and within the bounds.
pub fn value(
    text: &Text,
    expected: Type,
    bounds: Option<(i128, i128)>,
    system: &System,
    findings: &mut Vec<Diagnostic>,
) -> Option<Value> {
    if expected.optional && text.text.trim() == "none" {
        return Some(Value::None);
    }
    let whole = text.at(0, text.text.len());
    if has_no_constants(expected, system) {
        findings.push(no_literal(expected, whole, system));
        return None;
    }
    match expected.base {
        BaseType::String => return Some(Value::String(text.text.clone())),
        BaseType::Bool if ["yes", "no", "on", "off"].contains(&text.text.to_ascii_lowercase().as_str()) => {
            let finding = Diagnostic::new(&TYPE_MISMATCH, whole, format!("`{}` is a word, not a `bool`", text.text));
            findings.push(finding.help("write `true` or `false`"));
            return None;
        }
        _ => {}
    }
    let node = parser::reported(parser::expression(text), findings)?;
    constant(&node, expected, bounds, system).map_err(|finding| findings.push(*finding)).ok()
}

fn has_no_constants(expected: Type, system: &System) -> bool {
    match expected.base {
        BaseType::Bytes => true,
        BaseType::Declared(id) => matches!(system.types[id].kind, TypeKind::Opaque),
        BaseType::Bool | BaseType::Integer(_) | BaseType::Duration | BaseType::String => false,
    }
}

fn constant(
    node: &Node,
    expected: Type,
    bounds: Option<(i128, i128)>,
    system: &System,
) -> Result<Value, Box<Diagnostic>> {
    match (&node.kind, expected.base, constants::constant(node)) {
        (NodeKind::Bool(value), BaseType::Bool, _) => Ok(Value::Bool(*value)),
        (NodeKind::Duration(ms), BaseType::Duration, _) => within_bounds(*ms, bounds, node.span),
        (_, BaseType::Integer(integer), Some(value)) => within(value, integer, bounds, node.span),
        (NodeKind::Name(name), BaseType::Declared(id), _) => variant(name, None, node.span, id, system),
        (NodeKind::Member(owner, name), BaseType::Declared(id), _) => {
            variant(&name.name, Some(&owner.name), node.span, id, system)
        }
        _ => Err(Box::new(refused(node, expected, system))),
    }
}

fn within_bounds(ms: u64, bounds: Option<(i128, i128)>, span: Span) -> Result<Value, Box<Diagnostic>> {
    let Some((min, max)) = bounds.filter(|(min, max)| !(*min..=*max).contains(&i128::from(ms))) else {
        return Ok(Value::Duration(ms));
    };
    let text = |bound: i128| duration_text(u64::try_from(bound).unwrap_or(u64::MAX));
    let (value, min, max) = (duration_text(ms), text(min), text(max));
    let message = format!("`{value}` is outside the bounds of the variable: {min} to {max}");
    Err(Box::new(Diagnostic::new(&CONSTANT_OUT_OF_BOUNDS, span, message)))
}

fn within(
    value: i128,
    integer: IntegerType,
    bounds: Option<(i128, i128)>,
    span: Span,
) -> Result<Value, Box<Diagnostic>> {
    let bounds = bounds.unwrap_or(integer.bounds());
    let declared = if bounds == integer.bounds() { "" } else { " with its `min` and `max`" };
    fits_or_refused(value, bounds, &format!("`{}`{declared}", integer.name()), span)?;
    Ok(Value::Integer(value))
}

fn variant(name: &str, owner: Option<&str>, span: Span, id: TypeId, system: &System) -> Result<Value, Box<Diagnostic>> {
    let definition = &system.types[id];
    if let Some(owner) = owner.filter(|owner| *owner != definition.name) {
        let message = format!("this has type `{owner}`, but `{}` is needed", definition.name);
        return Err(Box::new(Diagnostic::new(&TYPE_MISMATCH, span, message)));
    }
    let position = variants(definition).iter().position(|variant| variant == name);
    position.map(|index| Value::Variant(id, index as u32)).ok_or_else(|| {
        let message = format!("`{}` has no variant `{name}`", definition.name);
        let finding = Diagnostic::new(&UNKNOWN_VARIANT, span, message).related(definition.span, "declared here");
        let names = variants(definition).iter().map(String::as_str);
        Box::new(finding.did_you_mean(name, names.filter(|name| Kind::Variant.allows(name))))
    })
}

fn variants(definition: &TypeDefinition) -> &[String] {
    match &definition.kind {
        TypeKind::Enum(variants) => variants,
        TypeKind::Opaque => &[],
    }
}

fn no_literal(expected: Type, span: Span, system: &System) -> Diagnostic {
    let plain = system.type_name(Type { optional: false, ..expected });
    let finding = Diagnostic::new(&NO_LITERAL, span, format!("there are no constants of type `{plain}`"));
    finding.help(if expected.optional {
        "only `none` is possible here".to_owned()
    } else {
        format!("make the type `{plain}?`, and start with `none`")
    })
}

fn refused(node: &Node, expected: Type, system: &System) -> Diagnostic {
    let wanted = system.type_name(expected);
    let finding = Diagnostic::new(&TYPE_MISMATCH, node.span, format!("a constant of type `{wanted}` is needed"));
    match (&node.kind, expected.base) {
        (NodeKind::Integer(value), BaseType::Duration) => {
            finding.help(format!("write the unit: `{value}ms`, `{value}s`, `{value}min`"))
        }
        (NodeKind::None, _) => finding.help(format!("only a `{wanted}?` may be `none`")),
        (NodeKind::Duration(ms), BaseType::Integer(_)) => {
            finding.label(format!("`{}` is a duration", duration_text(*ms)))
        }
        _ => finding,
    }
}
