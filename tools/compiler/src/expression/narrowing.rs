//! What is certainly not `none`: learnt from guards, lost and gained by assignments (`docs/SEMANTICS.md`, section 1).
//!
//! All of it holds within one delivery: fields and parameters do not change, a condition that was asked keeps its
//! answer, and a variable changes only by assignments, which are seen in order.

use std::collections::BTreeSet;

use super::syntax::Node;
use crate::model::{
    Assignment, BinaryOperator, ConditionId, Expression, ExpressionKind, ParameterId, Value, VariableId,
};
use crate::nearest::nearest;

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
pub struct Known {
    present: BTreeSet<Optional>,
    /// Set behind the guard, perhaps to `none`: no guard says anything of these.
    set: BTreeSet<VariableId>,
    /// Words of texts before this place that could not be read: what they would have said of these is not known.
    doubted: BTreeSet<String>,
    /// There is such a text whose words are not known either.
    is_all_doubted: bool,
}

impl Known {
    /// Whether that expression is certainly not `none`.
    #[must_use]
    pub fn holds(&self, expression: &ExpressionKind) -> bool {
        optional(expression).is_some_and(|optional| self.present.contains(&optional))
    }

    /// A guard was evaluated, with this answer. One that divides may be false because of the division alone, and then
    /// says nothing.
    pub fn learn(&mut self, guard: Option<&Expression>, answer: bool) {
        let Some(guard) = guard else { return };
        let divides = |part: &Expression| {
            matches!(part.kind, ExpressionKind::Binary(BinaryOperator::Divide | BinaryOperator::Remainder, ..))
        };
        if answer || !guard.contains(divides) {
            self.present.extend(follows(guard, answer));
        }
    }

    /// Inside a guard: its left side has this value.
    #[must_use]
    pub(super) fn behind(&self, left: &Expression, value: bool) -> Self {
        let present = self.present.iter().copied().chain(follows(left, value)).collect();
        Self { present, ..self.clone() }
    }

    /// The variable may have been set.
    pub fn forget(&mut self, variable: VariableId) {
        self.present.remove(&Optional::Variable(variable));
        self.set.insert(variable);
    }

    /// Whether it may have been set since the guard.
    #[must_use]
    pub(super) fn is_set(&self, expression: &ExpressionKind) -> bool {
        matches!(expression, ExpressionKind::Variable(id) if self.set.contains(id))
    }

    /// A text before this place could not be read; `None`: not even its words.
    pub fn doubt(&mut self, text: Option<&str>) {
        let Some(text) = text else {
            self.is_all_doubted = true;
            return;
        };
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
        self.doubted.extend(words.map(str::to_owned));
    }

    /// Inside a guard: its left side could not be read.
    #[must_use]
    pub(super) fn in_doubt(&self, left: &Node) -> Self {
        let mut doubtful = self.clone();
        left.words(&mut |word| {
            doubtful.doubted.insert(word.to_owned());
        });
        doubtful
    }

    /// Whether a text that could not be read mentions that name, or something that was perhaps meant to be it.
    #[must_use]
    pub(super) fn doubts(&self, name: &str) -> bool {
        let is_mentioned = || self.doubted.iter().any(|word| word == name || nearest(word, [name]).is_some());
        self.is_all_doubted || is_mentioned()
    }

    /// That was done.
    pub fn assigned(&mut self, assignment: &Assignment) {
        if assignment.value.r#type.optional {
            self.forget(assignment.variable);
        } else {
            self.present.insert(Optional::Variable(assignment.variable));
        }
    }
}

/// Whether a guard can say that it is not `none`.
#[must_use]
pub(super) fn can_be_known(expression: &ExpressionKind) -> bool {
    optional(expression).is_some()
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
