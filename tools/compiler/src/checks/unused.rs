//! Declarations that nothing uses.

use std::collections::BTreeSet;

use super::subject::Subject;
use crate::codes::warnings::{NEVER_READ, NEVER_SET, UNUSED};
use crate::diagnostic::Diagnostic;
use crate::model::{
    BaseType, Effects, EventKind, Expression, ExpressionKind, Field, PartId, Partner, System, Type, TypeId, VariableId,
};
use crate::source::Span;

pub fn in_automaton(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let automaton = subject.automaton;
    let mut used = Used::default();
    for expression in automaton.expressions() {
        used.note(expression);
    }
    let called = automaton.all_effects().flat_map(Effects::actions).map(|call| call.action.index());
    used.actions.extend(called);
    for (index, action) in automaton.actions.iter().enumerate() {
        tell(used.actions.contains(&index), "action", &action.name, action.span, findings);
    }
    for (index, condition) in automaton.conditions.iter().enumerate() {
        tell(used.conditions.contains(&index), "condition", &condition.name, condition.span, findings);
    }
    for (index, parameter) in automaton.parameters.iter().enumerate() {
        tell(used.parameters.contains(&index), "parameter", &parameter.name, parameter.span, findings);
    }
    variables(subject, findings);
}

/// Everything mentioned where it makes a difference.
#[derive(Default)]
struct Used {
    actions: BTreeSet<usize>,
    conditions: BTreeSet<usize>,
    parameters: BTreeSet<usize>,
}

impl Used {
    fn note(&mut self, expression: &Expression) {
        expression.visit(&mut |below| {
            match below.kind {
                ExpressionKind::Condition(id, _) => self.conditions.insert(id.index()),
                ExpressionKind::Parameter(id) => self.parameters.insert(id.index()),
                _ => false,
            };
        });
    }
}

fn tell(is_used: bool, what: &str, name: &str, span: Span, findings: &mut Vec<Diagnostic>) {
    if !is_used {
        findings.push(Diagnostic::new(&UNUSED, span, format!("the {what} `{name}` is never used")));
    }
}

fn variables(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let automaton = subject.automaton;
    let assignments = || automaton.all_effects().flat_map(Effects::assignments);
    for (index, variable) in automaton.variables.iter().enumerate() {
        let id = VariableId(index as u32);
        let set = assignments().find(|assignment| assignment.variable == id);
        let name = &variable.name;
        match (set, is_read(subject, id)) {
            (None, false) => tell(false, "variable", name, variable.span, findings),
            (None, true) => {
                let message = format!("the variable `{name}` is never set");
                findings.push(Diagnostic::new(&NEVER_SET, variable.span, message).help("declare it as a parameter"));
            }
            (Some(set), false) => {
                let message = format!("the variable `{name}` is set, and nothing reads it");
                findings.push(Diagnostic::new(&NEVER_READ, variable.span, message).related(set.span, "set here"));
            }
            (Some(_), true) => {}
        }
    }
}

/// Whether something else than the variable's own next value depends on it.
fn is_read(subject: &Subject, id: VariableId) -> bool {
    let automaton = subject.automaton;
    let reads = |expression: &Expression| expression.contains(|below| below.kind == ExpressionKind::Variable(id));
    let own: BTreeSet<Span> = automaton
        .all_effects()
        .flat_map(Effects::assignments)
        .filter(|assignment| assignment.variable == id)
        .map(|assignment| assignment.value.span)
        .collect();
    automaton.expressions().any(|expression| !own.contains(&expression.span) && reads(expression))
}

/// Types and parts.
pub fn in_system(subjects: &[Subject], findings: &mut Vec<Diagnostic>) {
    let Some(system) = subjects.first().map(|subject| subject.system) else { return };
    let types = used_types(system);
    for (index, definition) in system.types.iter().enumerate() {
        if !types.contains(&TypeId(index as u32)) {
            let message = format!("the type `{}` is never used", definition.name);
            findings.push(Diagnostic::new(&UNUSED, definition.span, message));
        }
    }
    let parts = used_parts(system);
    for (index, part) in system.parts.iter().enumerate() {
        if !parts.contains(&PartId(index as u32)) {
            let message = format!("the part `{}` sends no event and performs no action", part.name);
            findings.push(Diagnostic::new(&UNUSED, part.span, message));
        }
    }
}

fn used_types(system: &System) -> BTreeSet<TypeId> {
    let mut types: Vec<Type> = Vec::new();
    let mut fields = |fields: &[Field]| types.extend(fields.iter().map(|field| field.r#type));
    for automaton in &system.automata {
        automaton.events.iter().for_each(|event| fields(&event.fields));
        automaton.actions.iter().for_each(|action| fields(&action.arguments));
        automaton.conditions.iter().for_each(|condition| fields(&condition.arguments));
    }
    for automaton in &system.automata {
        types.extend(automaton.key.iter().map(|key| key.r#type));
        types.extend(automaton.parameters.iter().map(|parameter| parameter.r#type));
        types.extend(automaton.variables.iter().map(|variable| variable.r#type));
        types.extend(automaton.conditions.iter().map(|condition| condition.r#type));
    }
    let declared = types.into_iter().filter_map(|used| match used.base {
        BaseType::Declared(id) => Some(id),
        _ => None,
    });
    declared.collect()
}

fn used_parts(system: &System) -> BTreeSet<PartId> {
    let automata = || system.automata.iter();
    let from = automata().flat_map(|automaton| &automaton.events).flat_map(|event| match &event.kind {
        EventKind::Declared { from, .. } => from.as_slice(),
        EventKind::Observation { .. } => &[],
    });
    let from = from.filter_map(|partner| match partner {
        Partner::Part(id) => Some(*id),
        Partner::Automaton(_) => None,
    });
    from.chain(automata().flat_map(|automaton| &automaton.actions).map(|action| action.by)).collect()
}
