//! Operations on values (`docs/SEMANTICS.md`, section 1).

use super::value::Value;
use crate::model::{BinaryOperator, Extreme};

/// The value of an operation on two values, and whether it divided by zero.
pub(crate) fn operation(operator: BinaryOperator, left: &Value, right: &Value) -> (Value, bool) {
    use BinaryOperator::{
        Add, And, Coalesce, Divide, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Multiply, NotEqual, Or,
        Remainder, Subtract,
    };
    match operator {
        Equal => return (Value::Bool(left == right), false),
        NotEqual => return (Value::Bool(left != right), false),
        _ => {}
    }
    if matches!(operator, Divide | Remainder) && counts_as_zero(left, right) {
        let zero = if matches!(left, Value::Duration(_)) { Value::Duration(0) } else { Value::Integer(0) };
        return (zero, true);
    }
    let value = match (left, right) {
        (Value::Integer(a), Value::Integer(b)) => match operator {
            Less => Value::Bool(a < b),
            LessOrEqual => Value::Bool(a <= b),
            Greater => Value::Bool(a > b),
            GreaterOrEqual => Value::Bool(a >= b),
            Add => Value::Integer(a.saturating_add(*b)),
            Subtract => Value::Integer(a.saturating_sub(*b)),
            Multiply => Value::Integer(a.saturating_mul(*b)),
            Divide => Value::Integer(a / b),
            Remainder => Value::Integer(a % b),
            Equal | NotEqual | And | Or | Coalesce => Value::None,
        },
        (Value::Duration(a), Value::Duration(b)) => match operator {
            Less => Value::Bool(a < b),
            LessOrEqual => Value::Bool(a <= b),
            Greater => Value::Bool(a > b),
            GreaterOrEqual => Value::Bool(a >= b),
            Add => Value::Duration(a.saturating_add(*b)),
            Subtract => Value::Duration(a.saturating_sub(*b)),
            _ => Value::None,
        },
        (Value::Duration(a), Value::Integer(b)) | (Value::Integer(b), Value::Duration(a)) => {
            // The factor is of some integer type, so it fits once it is not negative.
            let b = u64::try_from((*b).max(0)).unwrap_or(u64::MAX);
            Value::Duration(if operator == Multiply { a.saturating_mul(b) } else { a / b })
        }
        _ => Value::Bool(false),
    };
    (value, false)
}

/// The smaller or the larger of two integers or durations.
pub(crate) fn extreme_of(extreme: Extreme, left: Value, right: Value) -> Value {
    let is_less = operation(BinaryOperator::Less, &left, &right).0 == Value::Bool(true);
    if is_less == (extreme == Extreme::Min) { left } else { right }
}

/// A duration is never divided by less than 1: a negative divisor counts as 0.
fn counts_as_zero(dividend: &Value, divisor: &Value) -> bool {
    match (dividend, divisor) {
        (Value::Duration(_), Value::Integer(divisor)) => *divisor <= 0,
        (_, divisor) => matches!(divisor, Value::Integer(0) | Value::Duration(0)),
    }
}
