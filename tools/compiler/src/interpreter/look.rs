//! Expressions that are evaluated outside a delivery: properties, and lengths of timers in states that nobody entered.
//!
//! The host is not asked and nothing is recorded. What needs an answer of the host, or a field, has no value.

use super::delivery::Who;
use super::operations::{extreme_of, operation};
use super::value::Value;
use crate::model::{AutomatonId, BinaryOperator, Expression, ExpressionKind, Observed, StateId};

/// Whether the instances that are meant are in a state; `None` if that is not to be known here.
pub(crate) type InState<'a> = &'a dyn Fn(Who, AutomatonId, StateId) -> Option<bool>;

/// What such an expression sees.
pub(crate) struct Look<'a> {
    pub key: Option<&'a Value>,
    pub parameters: &'a [Value],
    pub variables: &'a [Value],
    pub in_state: InState<'a>,
    /// Something was divided by zero.
    pub divided_by_zero: bool,
}

impl Look<'_> {
    /// The value; `None` if it takes more than is seen here.
    pub fn value(&mut self, expression: &Expression) -> Option<Value> {
        Some(match &expression.kind {
            ExpressionKind::Literal(value) => Value::from(value),
            ExpressionKind::Variable(id) => self.variables[id.index()].clone(),
            ExpressionKind::Parameter(id) => self.parameters[id.index()].clone(),
            ExpressionKind::Key => self.key?.clone(),
            ExpressionKind::Field(_) | ExpressionKind::Condition(..) => return None,
            ExpressionKind::Not(inner) => Value::Bool(self.value(inner)? != Value::Bool(true)),
            ExpressionKind::Negate(inner) => match self.value(inner)? {
                Value::Integer(value) => Value::Integer(-value).passed_to(expression.r#type),
                value => value,
            },
            ExpressionKind::Present(inner) => self.value(inner)?,
            ExpressionKind::Extreme(extreme, left, right) => {
                extreme_of(*extreme, self.value(left)?, self.value(right)?)
            }
            ExpressionKind::Binary(operator @ (BinaryOperator::And | BinaryOperator::Or), left, right) => {
                let left = self.value(left)? == Value::Bool(true);
                if left == (*operator == BinaryOperator::Or) { Value::Bool(left) } else { self.value(right)? }
            }
            ExpressionKind::Binary(BinaryOperator::Coalesce, left, right) => match self.value(left)? {
                Value::None => self.value(right)?.passed_to(expression.r#type),
                value => value.passed_to(expression.r#type),
            },
            ExpressionKind::Binary(operator, left, right) => {
                let (value, divided_by_zero) = operation(*operator, &self.value(left)?, &self.value(right)?);
                self.divided_by_zero |= divided_by_zero;
                value.passed_to(expression.r#type)
            }
            ExpressionKind::InState { who, automaton, state } => {
                let who = match who {
                    Observed::One => Who::One,
                    Observed::Any => Who::Any,
                    Observed::All => Who::All,
                    Observed::No => Who::No,
                    Observed::Itself => Who::Itself,
                    Observed::Keyed(key) => Who::Keyed(self.value(key)?),
                };
                Value::Bool((self.in_state)(who, *automaton, *state)?)
            }
        })
    }
}
