//! Assignments, and everything that takes arguments: conditions, actions, raises, sends, starts.

use super::Environment;
use super::names::{self, Role, Selection, selection};
use super::syntax::{Argument, Arguments, AssignmentSyntax, Name, Node, NodeKind, Subject};
use super::typing::{Place, Typer, Use};
use crate::codes::expression_errors::{
    DUPLICATE_ARGUMENT, MISSING_ARGUMENT, NOT_ASSIGNABLE, NOT_SENT_BY, POSITIONAL_ARGUMENT, TOO_MANY_ARGUMENTS,
    UNKNOWN_ACTION, UNKNOWN_ARGUMENT, UNKNOWN_VARIABLE,
};
use crate::diagnostic::Diagnostic;
use crate::foreign;
use crate::model::{
    ActionCall, ActionId, Assignment, AutomatonId, EventKind, Expression, ExpressionKind, Field, Instances,
    ParameterId, Partner, Raise, Recipient, Send, Start, Value, VariableId,
};
use crate::naming::Kind;
use crate::source::Span;

pub fn assignment(
    syntax: &AssignmentSyntax,
    environment: &Environment,
    findings: &mut Vec<Diagnostic>,
) -> Option<Assignment> {
    let this = environment.this();
    let name = &syntax.variable;
    let Some(index) = this.variables.iter().position(|variable| variable.name == name.name) else {
        not_assignable(name, environment, findings);
        return None;
    };
    let variable = &this.variables[index];
    let place = Place::new(format!("the variable `{}`", variable.name), variable.r#type)
        .bounds(variable.bounds)
        .declared(variable.span);
    let mut typer = Typer::new(environment, Use::Effect, findings);
    let value = match syntax.operator {
        None => typer.place(&syntax.value, &place)?,
        Some(operator) => {
            let old = Node::leaf(NodeKind::Name(name.name.clone()), name.span);
            let (kind, r#type) = typer.binary(operator, &old, &syntax.value)?;
            Expression { kind, r#type, span: syntax.span }
        }
    };
    Some(Assignment { variable: VariableId(index as u32), value, span: syntax.span })
}

fn not_assignable(name: &Name, environment: &Environment, findings: &mut Vec<Diagnostic>) {
    if environment.is_broken(&name.name) {
        return;
    }
    let this = environment.this();
    let named = name.name.as_str();
    let refused = |what: &str, help: &str| {
        let message = format!("`{named}` is {what}, and cannot be set");
        Diagnostic::new(&NOT_ASSIGNABLE, name.span, message).help(help)
    };
    let is_field = environment.event().is_some_and(|event| event.fields.iter().any(|field| field.name == named));
    findings.push(if let Some(parameter) = this.parameters.iter().find(|parameter| parameter.name == named) {
        refused("a parameter", "a parameter is constant; use a variable").related(parameter.span, "declared here")
    } else if let Some(condition) = this.conditions.iter().find(|condition| condition.name == named) {
        refused("a condition", "the host answers it; declare a variable").related(condition.span, "declared here")
    } else if is_field {
        refused("a field of the event", "declare a variable to keep it in")
    } else {
        let message = format!("no variable `{named}` in `{}`", this.name);
        let names = this.variables.iter().map(|variable| variable.name.as_str());
        let names = names.filter(|name| Kind::Variable.allows(name));
        Diagnostic::new(&UNKNOWN_VARIABLE, name.span, message)
            .cause(format!("value {} {named}", this.name))
            .did_you_mean(named, names)
    });
}

pub fn action_call(
    name: &Name,
    given: &Arguments,
    environment: &Environment,
    findings: &mut Vec<Diagnostic>,
) -> Option<ActionCall> {
    let this = environment.this();
    let Some(index) = this.actions.iter().position(|action| action.name == name.name) else {
        unknown_action(name, environment, findings);
        return None;
    };
    let action = &this.actions[index];
    let mut typer = Typer::new(environment, Use::Effect, findings);
    let span = name.span.to(given.span);
    let arguments = arguments(&action.name, &action.arguments, action.span, &given.given, span, &mut typer)?;
    Some(ActionCall { action: ActionId(index as u32), arguments, span })
}

fn unknown_action(name: &Name, environment: &Environment, findings: &mut Vec<Diagnostic>) {
    let this = environment.this();
    let named = name.name.as_str();
    if environment.is_broken(named) {
        return;
    }
    let finding = Diagnostic::new(&UNKNOWN_ACTION, name.span, format!("no action `{named}` in `{}`", this.name))
        .cause(format!("action {} {named}", this.name));
    findings.push(if this.events.iter().any(|event| event.name == named) {
        finding.help("that is an event; an automaton's own events go under `raise:`")
    } else if this.conditions.iter().any(|condition| condition.name == named) {
        finding.help("that is a condition; use it in a guard")
    } else if let Some(help) = foreign::help(foreign::Place::Action, named) {
        finding.help(help)
    } else {
        let names = this.actions.iter().map(|action| action.name.as_str());
        finding.did_you_mean(named, names.filter(|name| Kind::Action.allows(name)))
    });
}

pub fn raise(
    name: &Name,
    given: &Arguments,
    environment: &Environment,
    findings: &mut Vec<Diagnostic>,
) -> Option<Raise> {
    let this = environment.this();
    let id = names::event(name, this, environment, findings)?;
    let event = &this.events[id];
    let mut typer = Typer::new(environment, Use::Effect, findings);
    let span = name.span.to(given.span);
    let arguments = arguments(&event.name, &event.fields, event.span, &given.given, span, &mut typer)?;
    Some(Raise { event: id, arguments, span })
}

pub fn send(
    subject: &Subject,
    name: &Name,
    given: &Arguments,
    environment: &Environment,
    findings: &mut Vec<Diagnostic>,
) -> Option<Send> {
    let to = names::automaton(&subject.automaton, environment, findings)?;
    let receiver = &environment.system.automata[to];
    let mut typer = Typer::new(environment, Use::Effect, findings);
    let selected = selection(subject, to, Role::Receiver, &mut typer);
    let id = names::event(name, receiver, environment, findings)?;
    let event = &receiver.events[id];
    let span = subject.span.to(given.span);
    let allowed = sender_allowed(to, name, &event.kind, event.span, environment, findings);
    let mut typer = Typer::new(environment, Use::Effect, findings);
    let arguments = arguments(&event.name, &event.fields, event.span, &given.given, span, &mut typer)?;
    let instances = match selected? {
        Selection::One => Instances::One,
        Selection::All | Selection::Any => Instances::All,
        Selection::Keyed(key) => Instances::Keyed(Box::new(key)),
    };
    allowed?;
    Some(Send { to: Recipient { automaton: to, instances }, event: id, arguments, span })
}

fn sender_allowed(
    to: AutomatonId,
    name: &Name,
    kind: &EventKind,
    declared: Span,
    environment: &Environment,
    findings: &mut Vec<Diagnostic>,
) -> Option<()> {
    let EventKind::Declared { from, .. } = kind else { return None };
    if from.contains(&Partner::Automaton(environment.automaton)) {
        return Some(());
    }
    let (sender, receiver) = (&environment.this().name, &environment.system.automata[to].name);
    // Its `from` names an unknown sender: perhaps this one was meant.
    if environment.is_broken(sender) || environment.is_broken(&format!("{receiver}.{}", name.name)) {
        return None;
    }
    let message = format!("`{receiver}` does not name `{sender}` as a sender of `{}`", name.name);
    let finding = Diagnostic::new(&NOT_SENT_BY, name.span, message).related(declared, "declared here");
    let help = if from.is_empty() && to == environment.automaton {
        format!("to send itself an event, it writes `raise: {}`", name.name)
    } else if from.is_empty() {
        format!("an event without `from` is only raised; add `from: {sender}` to it")
    } else {
        format!("add `{sender}` to its `from`")
    };
    findings.push(finding.help(help));
    None
}

pub fn start(
    subject: &Subject,
    given: &Arguments,
    environment: &Environment,
    findings: &mut Vec<Diagnostic>,
) -> Option<Start> {
    let id = names::automaton(&subject.automaton, environment, findings)?;
    let mut typer = Typer::new(environment, Use::Effect, findings);
    let selected = selection(subject, id, Role::Started, &mut typer);
    let parameters = parameters(id, subject, &given.given, &mut typer);
    let key = match selected? {
        Selection::Keyed(key) => Some(key),
        Selection::One | Selection::All | Selection::Any => None,
    };
    Some(Start { automaton: id, key, parameters: parameters?, span: subject.span.to(given.span) })
}

/// Named ones only: parameters have defaults, so their order means nothing.
fn parameters(
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
        let place =
            Place::new(format!("the parameter `{}`", parameter.name), parameter.r#type).declared(parameter.span);
        values[index] = typer.place(&argument.value, &place);
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
            let value = typer.place(&argument.value, &Place::new(what, field.r#type).declared(field.span));
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
