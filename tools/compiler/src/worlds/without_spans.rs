//! Expressions as they can be compared: by what they say, and by what they depend on.

use crate::model::{AutomatonId, Expression, ExpressionKind, Observed, StateId, Type};
use crate::source::Span;

/// What is certainly not `none` as it was declared: beside guards that ask whether it is.
pub fn declared(expression: &Expression) -> &Expression {
    match &expression.kind {
        ExpressionKind::Present(of) => of,
        _ => expression,
    }
}

/// The expression without its places, so that two can be compared by what they say.
#[must_use]
pub fn without_spans(expression: &Expression) -> Expression {
    let strip = |of: &Expression| Box::new(without_spans(of));
    let kind = match &expression.kind {
        ExpressionKind::Condition(id, arguments) => {
            ExpressionKind::Condition(*id, arguments.iter().map(without_spans).collect())
        }
        ExpressionKind::Not(of) => ExpressionKind::Not(strip(of)),
        ExpressionKind::Negate(of) => ExpressionKind::Negate(strip(of)),
        ExpressionKind::Present(of) => ExpressionKind::Present(strip(of)),
        ExpressionKind::Extreme(extreme, left, right) => ExpressionKind::Extreme(*extreme, strip(left), strip(right)),
        ExpressionKind::Binary(operator, left, right) => ExpressionKind::Binary(*operator, strip(left), strip(right)),
        ExpressionKind::InState { who: Observed::Keyed(key), automaton, state } => {
            ExpressionKind::InState { who: Observed::Keyed(strip(key)), automaton: *automaton, state: *state }
        }
        other => other.clone(),
    };
    Expression { kind, r#type: expression.r#type, span: Span::default() }
}

/// Stands for whatever depends on the instances of an automaton.
pub fn some_instance(automaton: AutomatonId) -> Expression {
    let kind = ExpressionKind::InState { who: Observed::Any, automaton, state: StateId::ROOT };
    Expression { kind, r#type: Type::BOOL, span: Span::default() }
}

/// What an expression depends on, and other expressions may depend on too.
pub fn collect_bases(expression: &Expression, bases: &mut Vec<Expression>) {
    match expression.kind {
        ExpressionKind::Literal(_) => {}
        ExpressionKind::Binary(..)
        | ExpressionKind::Extreme(..)
        | ExpressionKind::Present(_)
        | ExpressionKind::Not(_)
        | ExpressionKind::Negate(_) => {
            for child in expression.children() {
                collect_bases(child, bases);
            }
        }
        ExpressionKind::Condition(id, ref arguments) => {
            bases.push(expression.clone());
            // If the arguments are equal, the answers are.
            if arguments.iter().any(|argument| !matches!(argument.kind, ExpressionKind::Literal(_))) {
                bases.push(Expression { kind: ExpressionKind::Condition(id, Vec::new()), ..expression.clone() });
                arguments.iter().for_each(|argument| collect_bases(argument, bases));
            }
        }
        _ => bases.push(expression.clone()),
    }
}
