//! The items of `do`: assignments, calls of actions, raises, sends and starts.

use super::arguments::{arguments, parameters};
use super::environment::Environment;
use super::lookup::{self, Role, Selection, selection};
use super::syntax::{Arguments, AssignmentSyntax, Name, Node, NodeKind, Subject};
use super::typer::{Slot, Typer, Use};
use crate::codes::expression_errors::{NOT_ASSIGNABLE, NOT_SENT_BY, UNKNOWN_ACTION, UNKNOWN_VARIABLE};
use crate::diagnostic::Diagnostic;
use crate::foreign;
use crate::model::{
    ActionCall, ActionId, Assignment, AutomatonId, EventKind, Expression, Instances, Partner, Raise, Recipient, Send,
    Start, VariableId,
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
    let slot = Slot::new(format!("the variable `{}`", variable.name), variable.r#type)
        .bounds(variable.bounds)
        .declared(variable.span);
    let mut typer = Typer::new(environment, Use::Effect, findings);
    let value = match syntax.operator {
        None => typer.value(&syntax.value, &slot)?,
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
    let id = lookup::event(name, this, environment, findings)?;
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
    let to = lookup::automaton(&subject.automaton, environment, findings)?;
    let receiver = &environment.system.automata[to];
    let mut typer = Typer::new(environment, Use::Effect, findings);
    let selected = selection(subject, to, Role::Receiver, &mut typer);
    let id = lookup::event(name, receiver, environment, findings)?;
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
    let id = lookup::automaton(&subject.automaton, environment, findings)?;
    let mut typer = Typer::new(environment, Use::Effect, findings);
    let selected = selection(subject, id, Role::Started, &mut typer);
    let parameters = parameters(id, subject, &given.given, &mut typer);
    let key = match selected? {
        Selection::Keyed(key) => Some(key),
        Selection::One | Selection::All | Selection::Any => None,
    };
    Some(Start { automaton: id, key, parameters: parameters?, span: subject.span.to(given.span) })
}
