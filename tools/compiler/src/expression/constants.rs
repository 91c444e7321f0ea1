//! Constants: what literals alone come to, and whether that is within bounds.

use super::syntax::{Node, NodeKind};
use crate::codes::expression_errors::CONSTANT_OUT_OF_BOUNDS;
use crate::diagnostic::Diagnostic;
use crate::model::BinaryOperator;
use crate::source::Span;

/// The value of an integer expression made only of literals: it counts as one literal, computed exactly, so that
/// `60 * 60` does not stay at the bound of `u8`.
pub fn constant(node: &Node) -> Option<i128> {
    match &node.kind {
        NodeKind::Integer(value) => Some(*value),
        NodeKind::Negate(of) => constant(of)?.checked_neg(),
        NodeKind::Binary(operator, left, right) => {
            let (left, right) = (constant(left)?, constant(right)?);
            match operator {
                BinaryOperator::Add => left.checked_add(right),
                BinaryOperator::Subtract => left.checked_sub(right),
                BinaryOperator::Multiply => left.checked_mul(right),
                BinaryOperator::Divide => left.checked_div(right),
                BinaryOperator::Remainder => left.checked_rem(right),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether a constant is within the bounds of its place.
pub fn fits_or_refused(value: i128, bounds: (i128, i128), what: &str, span: Span) -> Result<(), Box<Diagnostic>> {
    if (bounds.0..=bounds.1).contains(&value) {
        return Ok(());
    }
    let message = format!("`{value}` is outside the bounds of {what}: {} to {}", bounds.0, bounds.1);
    Err(Box::new(Diagnostic::new(&CONSTANT_OUT_OF_BOUNDS, span, message)))
}
