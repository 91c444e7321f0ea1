//! Comparisons: which two things are compared, and what holds in a cell.

use super::dimension::{Cell, number};
use super::without_spans::{declared, without_spans};
use crate::model::{BinaryOperator, Expression, ExpressionKind, Type, Value};

/// The two sides of a comparison, sorted out.
pub enum Sides<'e> {
    Constants(&'e Value, &'e Value),
    BothBool,
    WithConstant { value: Expression, constant: &'e Value, flipped: bool },
    Values { first: Expression, second: Expression, flipped: bool },
}

impl<'e> Sides<'e> {
    pub fn of(left: &'e Expression, right: &'e Expression) -> Self {
        match (&left.kind, &right.kind) {
            (ExpressionKind::Literal(a), ExpressionKind::Literal(b)) => Sides::Constants(a, b),
            _ if left.r#type == Type::BOOL && right.r#type == Type::BOOL => Sides::BothBool,
            (_, ExpressionKind::Literal(constant)) => {
                Sides::WithConstant { value: without_spans(declared(left)), constant, flipped: false }
            }
            (ExpressionKind::Literal(constant), _) => {
                Sides::WithConstant { value: without_spans(declared(right)), constant, flipped: true }
            }
            _ => {
                let (a, b) = (without_spans(left), without_spans(right));
                // One order for `a < b` and `b > a`; which one does not matter.
                let flipped = format!("{a:?}") > format!("{b:?}");
                let (first, second) = if flipped { (b, a) } else { (a, b) };
                Sides::Values { first, second, flipped }
            }
        }
    }
}

pub fn flip(operator: BinaryOperator) -> BinaryOperator {
    match operator {
        BinaryOperator::Less => BinaryOperator::Greater,
        BinaryOperator::LessOrEqual => BinaryOperator::GreaterOrEqual,
        BinaryOperator::Greater => BinaryOperator::Less,
        BinaryOperator::GreaterOrEqual => BinaryOperator::LessOrEqual,
        other => other,
    }
}

pub fn compare(operator: BinaryOperator, a: &Value, b: &Value) -> bool {
    let order = match (number(a), number(b)) {
        (Some(a), Some(b)) if a < b => Cell::Less,
        (Some(a), Some(b)) if a > b => Cell::Greater,
        _ if a == b => Cell::Equal,
        _ => Cell::Different,
    };
    order_holds(operator, &order)
}

pub fn order_holds(operator: BinaryOperator, order: &Cell) -> bool {
    match operator {
        BinaryOperator::Equal => *order == Cell::Equal,
        BinaryOperator::NotEqual => *order != Cell::Equal,
        BinaryOperator::Less => *order == Cell::Less,
        BinaryOperator::LessOrEqual => matches!(order, Cell::Less | Cell::Equal),
        BinaryOperator::Greater => *order == Cell::Greater,
        _ => matches!(order, Cell::Greater | Cell::Equal),
    }
}

/// Whether the values of a cell compare like this with a constant. Ranges were cut there, so all values of a range
/// answer alike.
pub fn cell_compares(cell: &Cell, operator: BinaryOperator, constant: &Value) -> bool {
    match (cell, number(constant)) {
        (Cell::Range(low, _), Some(number)) => compare(operator, &Value::Integer(*low), &Value::Integer(number)),
        (Cell::Constant(value), _) => compare(operator, value, constant),
        _ => operator == BinaryOperator::NotEqual,
    }
}
