//! What is certainly not `none`: learnt from guards, lost and gained by assignments (`docs/SEMANTICS.md`, section 1).
//!
//! All of it holds within one delivery: fields and parameters do not change, a condition that was asked keeps its answer, and a
//! variable changes only by assignments, which are seen in order.

use std::collections::BTreeSet;

use crate::model::{
    Assignment, BinaryOperator, ConditionId, Expression, ExpressionKind, ParameterId, Value, VariableId,
};

/// Something of an optional type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Optional {
    Variable(VariableId),
    Parameter(ParameterId),
    Field(u32),
    /// Without arguments.
    Condition(ConditionId),
}

/// What is certainly not `none` at some place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known(BTreeSet<Optional>);

impl Known {
    /// Whether that expression is certainly not `none`.
    #[must_use]
    pub fn holds(&self, expression: &ExpressionKind) -> bool {
        optional(expression).is_some_and(|optional| self.0.contains(&optional))
    }

    /// A guard was evaluated, with this answer. One that divides may be false because of the division alone, and then says nothing.
    pub fn learn(&mut self, guard: Option<&Expression>, answer: bool) {
        let Some(guard) = guard else { return };
        let divides = |part: &Expression| {
            matches!(part.kind, ExpressionKind::Binary(BinaryOperator::Divide | BinaryOperator::Remainder, ..))
        };
        if answer || !guard.contains(divides) {
            self.0.extend(follows(guard, answer));
        }
    }

    /// Inside a guard: its left side has this value.
    #[must_use]
    pub(super) fn behind(&self, left: &Expression, value: bool) -> Self {
        Self(self.0.iter().copied().chain(follows(left, value)).collect())
    }

    /// The variable may have been set.
    pub fn forget(&mut self, variable: VariableId) {
        self.0.remove(&Optional::Variable(variable));
    }

    /// That was done.
    pub fn assigned(&mut self, assignment: &Assignment) {
        if assignment.value.r#type.optional {
            self.forget(assignment.variable);
        } else {
            self.0.insert(Optional::Variable(assignment.variable));
        }
    }
}

fn optional(expression: &ExpressionKind) -> Option<Optional> {
    match expression {
        ExpressionKind::Variable(id) => Some(Optional::Variable(*id)),
        ExpressionKind::Parameter(id) => Some(Optional::Parameter(*id)),
        ExpressionKind::Field(index) => Some(Optional::Field(*index)),
        ExpressionKind::Condition(id, arguments) if arguments.is_empty() => Some(Optional::Condition(*id)),
        _ => None,
    }
}

/// What is not `none` if the expression has that value.
fn follows(expression: &Expression, value: bool) -> BTreeSet<Optional> {
    use BinaryOperator::{And, Equal, NotEqual, Or};
    match &expression.kind {
        ExpressionKind::Not(inner) => follows(inner, !value),
        ExpressionKind::Binary(operator @ (And | Or), left, right) => {
            let (left, right) = (follows(left, value), follows(right, value));
            // Both sides have the value of a true `and`, and of a false `or`; otherwise either may have it.
            if (*operator == And) == value { &left | &right } else { &left & &right }
        }
        ExpressionKind::Binary(Equal, left, right) if value => equal(left, right),
        ExpressionKind::Binary(NotEqual, left, right) if !value => equal(left, right),
        ExpressionKind::Binary(NotEqual, left, right) if value => unequal(left, right),
        ExpressionKind::Binary(Equal, left, right) if !value => unequal(left, right),
        _ => BTreeSet::new(),
    }
}

/// Equal to something that is never `none`.
fn equal(left: &Expression, right: &Expression) -> BTreeSet<Optional> {
    let sides = [(left, right), (right, left)];
    let known = sides.into_iter().filter(|(_, other)| !other.r#type.optional);
    known.filter_map(|(side, _)| optional(&side.kind)).collect()
}

/// Unequal to `none`.
fn unequal(left: &Expression, right: &Expression) -> BTreeSet<Optional> {
    let is_none = |expression: &Expression| expression.kind == ExpressionKind::Literal(Value::None);
    let sides = [(left, right), (right, left)];
    sides.into_iter().filter(|(_, other)| is_none(other)).filter_map(|(side, _)| optional(&side.kind)).collect()
}
