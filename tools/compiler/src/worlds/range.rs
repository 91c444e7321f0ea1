//! The values that a calculation can have, from those of its operands: bounds that hold, and whether all between them
//! occur.

use super::without_spans::{collect_bases, without_spans};
use crate::model::{Automaton, BaseType, BinaryOperator, Expression, ExpressionKind, Extreme, Type, Value};

/// Smallest and largest value of an integer or duration.
pub fn range(of: &Expression, automaton: &Automaton) -> (i128, i128) {
    range_knowing(of, automaton, &|_| None)
}

/// The same, where some parts are known to have one value.
pub fn range_knowing(
    of: &Expression,
    automaton: &Automaton,
    known: &dyn Fn(&Expression) -> Option<i128>,
) -> (i128, i128) {
    if let Some(value) = known(of) {
        return (value, value);
    }
    let bounds = bounds(of.r#type);
    let range = |of: &Expression| range_knowing(of, automaton, known);
    let (low, high) = match &of.kind {
        ExpressionKind::Literal(Value::Integer(value)) => (*value, *value),
        ExpressionKind::Literal(Value::Duration(ms)) => (i128::from(*ms), i128::from(*ms)),
        ExpressionKind::Variable(id) => automaton.variables[*id].bounds.unwrap_or(bounds),
        ExpressionKind::Negate(of) => {
            let (low, high) = range(of);
            (-high, -low)
        }
        // Conditions give the same answer twice, so this holds for whatever is read.
        ExpressionKind::Binary(BinaryOperator::Subtract, left, right)
            if without_spans(left) == without_spans(right) =>
        {
            (0, 0)
        }
        ExpressionKind::Binary(BinaryOperator::Coalesce, left, right) => either(range(left), range(right)),
        ExpressionKind::Binary(operator, left, right) => {
            // Beside a duration, a number below 0 counts as 0.
            let least = if of.r#type.base == BaseType::Duration { 0 } else { i128::MIN };
            let side = |side: (i128, i128)| (side.0.max(least), side.1.max(least));
            calculated(*operator, side(range(left)), side(range(right)))
        }
        ExpressionKind::Extreme(extreme, left, right) => {
            let (left, right) = (range(left), range(right));
            match extreme {
                Extreme::Min => (left.0.min(right.0), left.1.min(right.1)),
                Extreme::Max => (left.0.max(right.0), left.1.max(right.1)),
            }
        }
        ExpressionKind::Present(of) => range(of),
        _ => bounds,
    };
    (low.clamp(bounds.0, bounds.1), high.clamp(bounds.0, bounds.1))
}

fn bounds(of: Type) -> (i128, i128) {
    match of.base {
        BaseType::Integer(integer) => integer.bounds(),
        _ => (0, i128::from(u64::MAX)),
    }
}

fn either(left: (i128, i128), right: (i128, i128)) -> (i128, i128) {
    (left.0.min(right.0), left.1.max(right.1))
}

fn calculated(operator: BinaryOperator, left: (i128, i128), right: (i128, i128)) -> (i128, i128) {
    match operator {
        BinaryOperator::Add => (left.0 + right.0, left.1 + right.1),
        BinaryOperator::Subtract => (left.0 - right.1, left.1 - right.0),
        BinaryOperator::Multiply => {
            let ends = [(left.0, right.0), (left.0, right.1), (left.1, right.0), (left.1, right.1)];
            let ends = ends.map(|(left, right)| left.saturating_mul(right));
            (ends.into_iter().min().unwrap_or(0), ends.into_iter().max().unwrap_or(0))
        }
        // A division by zero gives 0.
        BinaryOperator::Divide | BinaryOperator::Remainder if right == (0, 0) => (0, 0),
        BinaryOperator::Remainder if left.0 >= 0 && right.0 > 0 => (0, left.1.min(right.1 - 1)),
        // Neither makes a number larger, or changes the sign of one that is not negative divided by one that is not.
        _ if left.0 >= 0 && right.0 >= 0 => (0, left.1),
        _ => {
            let largest = left.0.abs().max(left.1.abs());
            (-largest, largest)
        }
    }
}

/// Whether every value of the range occurs: of sums and differences of values that do not depend on one another.
pub fn is_exact(of: &Expression) -> bool {
    match &of.kind {
        ExpressionKind::Binary(BinaryOperator::Add | BinaryOperator::Subtract, left, right) => {
            is_exact(left) && is_exact(right) && are_independent(left, right)
        }
        ExpressionKind::Binary(..) | ExpressionKind::Extreme(..) => false,
        ExpressionKind::Negate(of) | ExpressionKind::Present(of) => is_exact(of),
        _ => true,
    }
}

/// Whether the two have nothing in common.
pub fn are_independent(left: &Expression, right: &Expression) -> bool {
    let (mut these, mut those) = (Vec::new(), Vec::new());
    collect_bases(left, &mut these);
    collect_bases(right, &mut those);
    !these.iter().any(|base| those.contains(base))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{IntegerType, ParameterId};
    use crate::source::Span;

    fn expression(kind: ExpressionKind, of: IntegerType) -> Expression {
        Expression { kind, r#type: Type::integer(of), span: Span::default() }
    }

    fn calculation(operator: BinaryOperator, left: Expression, right: Expression, of: IntegerType) -> Expression {
        expression(ExpressionKind::Binary(operator, Box::new(left), Box::new(right)), of)
    }

    fn parameter(id: u32, of: IntegerType) -> Expression {
        expression(ExpressionKind::Parameter(ParameterId(id)), of)
    }

    fn literal(value: i128, of: IntegerType) -> Expression {
        expression(ExpressionKind::Literal(Value::Integer(value)), of)
    }

    #[test]
    fn calculations_stay_at_the_bounds_of_their_type() {
        use IntegerType::{I16, I64, U8, U64};
        let automaton = Automaton::default();
        let range_of = |of: Expression| range(&of, &automaton);
        let sum = calculation(BinaryOperator::Add, parameter(0, U8), literal(3, U8), U8);
        assert_eq!(range_of(sum), (3, 255));
        let difference = calculation(BinaryOperator::Subtract, parameter(0, U8), parameter(1, I16), I16);
        assert_eq!(range_of(difference), (-32767, 32767));
        let product = calculation(BinaryOperator::Multiply, parameter(0, U64), parameter(1, U64), U64);
        assert_eq!(range_of(product), U64.bounds(), "the largest product is beyond 128 bits");
        let negative = calculation(BinaryOperator::Divide, parameter(0, I64), parameter(1, I64), I64);
        assert_eq!(range_of(negative), I64.bounds());
    }

    #[test]
    fn what_can_only_be_one_number_is_that_number() {
        use IntegerType::U8;
        let automaton = Automaton::default();
        let range_of = |operator, left, right| range(&calculation(operator, left, right, U8), &automaton);
        assert_eq!(range_of(BinaryOperator::Subtract, parameter(0, U8), parameter(0, U8)), (0, 0));
        assert_eq!(range_of(BinaryOperator::Multiply, parameter(0, U8), literal(0, U8)), (0, 0));
        assert_eq!(range_of(BinaryOperator::Remainder, parameter(0, U8), literal(2, U8)), (0, 1));
        let half = calculation(BinaryOperator::Divide, parameter(0, U8), parameter(1, U8), U8);
        let zero = |of: &Expression| (*of == parameter(1, U8)).then_some(0);
        assert_eq!(range_knowing(&half, &automaton, &zero), (0, 0), "a division by zero gives 0");
        let least = ExpressionKind::Extreme(Extreme::Min, Box::new(parameter(0, U8)), Box::new(literal(0, U8)));
        assert_eq!(range(&expression(least, U8), &automaton), (0, 0));
    }

    #[test]
    fn only_sums_of_independent_values_are_exact() {
        use IntegerType::U8;
        let sum = |left, right| calculation(BinaryOperator::Add, left, right, U8);
        assert!(is_exact(&sum(parameter(0, U8), parameter(1, U8))));
        assert!(!is_exact(&sum(parameter(0, U8), parameter(0, U8))), "no odd number is twice a number");
        assert!(!is_exact(&calculation(BinaryOperator::Multiply, parameter(0, U8), literal(2, U8), U8)));
    }
}
