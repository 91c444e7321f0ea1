//! Arguments: what is in the brackets of a condition, an action, an event or a start, held against what is declared.

use super::syntax::{Argument, Name, Subject};
use super::typer::{Slot, Typer};
use crate::codes::expression_errors::{
    DUPLICATE_ARGUMENT, MISSING_ARGUMENT, POSITIONAL_ARGUMENT, TOO_MANY_ARGUMENTS, UNKNOWN_ARGUMENT,
};
use crate::diagnostic::Diagnostic;
use crate::model::{AutomatonId, Expression, ExpressionKind, Field, ParameterId, Value};
use crate::naming::Kind;
use crate::source::Span;

/// Named ones only: parameters have defaults, so their order means nothing.
pub fn parameters(
    id: AutomatonId,
    subject: &Subject,
    given: &[Argument],
    typer: &mut Typer,
) -> Option<Vec<(ParameterId, Expression)>> {
    let automaton = &typer.environment.system.automata[id];
    let mut values: Vec<Option<Expression>> = vec![None; automaton.parameters.len()];
    let mut seen = vec![false; automaton.parameters.len()];
    let mut whole = true;
    for argument in given {
        let Some(name) = &argument.name else {
            let message = "parameters are always named";
            let finding = Diagnostic::new(&POSITIONAL_ARGUMENT, argument.value.span, message);
            let first = automaton.parameters.first().map_or("parameter", |parameter| &parameter.name);
            typer.findings.push(finding.help(format!("write `{first} = …`")));
            whole = false;
            continue;
        };
        let found = automaton.parameters.iter().position(|parameter| parameter.name == name.name);
        let Some(index) = found.filter(|index| !std::mem::replace(&mut seen[*index], true)) else {
            let names = automaton.parameters.iter().map(|parameter| parameter.name.as_str());
            refuse_name(name, found.is_some(), Kind::Parameter, &automaton.name, names, typer);
            whole = false;
            continue;
        };
        let parameter = &automaton.parameters[index];
        let slot = Slot::new(format!("the parameter `{}`", parameter.name), parameter.r#type).declared(parameter.span);
        values[index] = typer.value(&argument.value, &slot);
        whole &= values[index].is_some();
    }
    for (parameter, _) in
        automaton.parameters.iter().zip(&seen).filter(|(parameter, seen)| parameter.default.is_none() && !**seen)
    {
        if !typer.environment.broken.contains(&parameter.name) {
            let message = format!("`{}` cannot start without its parameter `{}`", automaton.name, parameter.name);
            let finding = Diagnostic::new(&MISSING_ARGUMENT, subject.span, message);
            typer.findings.push(finding.related(parameter.span, "it has no default"));
        }
        whole = false;
    }
    let numbered = values.into_iter().enumerate().map(|(index, value)| Some((ParameterId(index as u32), value?)));
    whole.then(|| numbered.flatten().collect())
}

/// Arguments in the order of declaration: positional ones, then named ones; those that may be `none` can be left out.
pub fn arguments(
    of: &str,
    fields: &[Field],
    declared: Span,
    given: &[Argument],
    span: Span,
    typer: &mut Typer,
) -> Option<Vec<Expression>> {
    if typer.environment.broken.contains(of) {
        return None;
    }
    let mut values: Vec<Option<Expression>> = vec![None; fields.len()];
    let mut seen = vec![false; fields.len()];
    let mut whole = true;
    let mut named = false;
    for (position, argument) in given.iter().enumerate() {
        let index = match &argument.name {
            Some(name) => {
                named = true;
                named_argument(name, of, fields, &mut seen, typer)
            }
            None if named => {
                let message = "named arguments come after the others";
                typer.findings.push(Diagnostic::new(&POSITIONAL_ARGUMENT, argument.value.span, message));
                return None;
            }
            None if position >= fields.len() => {
                typer.findings.push(too_many(of, fields, declared, argument.value.span));
                return None;
            }
            None => {
                seen[position] = true;
                Some(position)
            }
        };
        let value = index.and_then(|index| {
            let field = &fields[index];
            let what = format!("the argument `{}` of `{of}`", field.name);
            let value = typer.value(&argument.value, &Slot::new(what, field.r#type).declared(field.span));
            values[index] = value;
            values[index].as_ref()
        });
        whole &= value.is_some();
    }
    // A misspelt name has been reported, and is likely the one that is missing.
    if whole && !missing(of, fields, declared, &seen, span, typer) {
        let none =
            |field: &Field| Expression { kind: ExpressionKind::Literal(Value::None), r#type: field.r#type, span };
        return Some(
            values.into_iter().zip(fields).map(|(value, field)| value.unwrap_or_else(|| none(field))).collect(),
        );
    }
    None
}

fn named_argument(name: &Name, of: &str, fields: &[Field], seen: &mut [bool], typer: &mut Typer) -> Option<usize> {
    let found = fields.iter().position(|field| field.name == name.name);
    if let Some(index) = found.filter(|index| !std::mem::replace(&mut seen[*index], true)) {
        return Some(index);
    }
    refuse_name(name, found.is_some(), Kind::Argument, of, fields.iter().map(|field| field.name.as_str()), typer);
    None
}

fn refuse_name<'a>(
    name: &Name,
    is_known: bool,
    kind: Kind,
    of: &str,
    names: impl Iterator<Item = &'a str>,
    typer: &mut Typer,
) {
    let what = if kind == Kind::Parameter { "parameter" } else { "argument" };
    if is_known {
        let message = format!("the {what} `{}` is given twice", name.name);
        typer.findings.push(Diagnostic::new(&DUPLICATE_ARGUMENT, name.span, message));
    } else if !typer.environment.broken.contains(&name.name) {
        let message = format!("`{of}` has no {what} `{}`", name.name);
        typer.findings.push(
            Diagnostic::new(&UNKNOWN_ARGUMENT, name.span, message)
                .did_you_mean(&name.name, names.filter(|name| kind.allows(name))),
        );
    }
}

fn too_many(of: &str, fields: &[Field], declared: Span, span: Span) -> Diagnostic {
    let message = match fields.len() {
        0 => format!("`{of}` takes no arguments"),
        1 => format!("`{of}` takes one argument"),
        count => format!("`{of}` takes {count} arguments"),
    };
    let finding = Diagnostic::new(&TOO_MANY_ARGUMENTS, span, message).related(declared, "declared here");
    finding.help(format!("write `{}`", signature(of, fields)))
}

/// Whether something is missing that cannot be left out; then there is a finding.
fn missing(of: &str, fields: &[Field], declared: Span, seen: &[bool], span: Span, typer: &mut Typer) -> bool {
    let absent = fields.iter().zip(seen).filter(|(field, seen)| !**seen && !field.r#type.optional);
    let names: Vec<String> = absent.map(|(field, _)| format!("`{}`", field.name)).collect();
    if names.is_empty() {
        return false;
    }
    let arguments = if names.len() == 1 { "argument" } else { "arguments" };
    let message = format!("`{of}` lacks its {arguments} {}", names.join(", "));
    let finding = Diagnostic::new(&MISSING_ARGUMENT, span, message).related(declared, "declared here");
    typer.findings.push(finding.help(format!("write `{}`", signature(of, fields))));
    true
}

/// How a call is written: `remember_peer(peer)`.
pub fn signature(of: &str, fields: &[Field]) -> String {
    if fields.is_empty() {
        return of.to_owned();
    }
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    format!("{of}({})", names.join(", "))
}
