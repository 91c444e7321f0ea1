//! The types of operations (`docs/SEMANTICS.md`, section 1).

use super::constants::constant;
use super::syntax::{Argument, Node, NodeKind};
use super::typer::{Slot, Typer};
use crate::codes::expression_errors::{
    CONSTANT_OUT_OF_BOUNDS, DIVISION_BY_ZERO, NO_COMMON_TYPE, OPTIONAL_VALUE, SECRET, SYNTAX, TYPE_MISMATCH, UNORDERED,
};
use crate::diagnostic::Diagnostic;
use crate::model::{BaseType, BinaryOperator, Expression, ExpressionKind, Extreme, IntegerType, Type};
use crate::source::Span;

type Typed = (ExpressionKind, Type);

impl Typer<'_, '_> {
    pub fn bool_operand(&mut self, operator: &str, node: &Node) -> Option<Expression> {
        self.value(node, &Slot::new(format!("an operand of `{operator}`"), Type::BOOL))
    }

    pub fn negation(&mut self, of: &Node) -> Option<Typed> {
        let operand = self.expression(of, None)?;
        let signed = matches!(operand.r#type, Type { base: BaseType::Integer(integer), optional: false } if integer.bounds().0 < 0);
        if !signed {
            let message = format!("`-` needs a signed integer, not `{}`", self.type_name(operand.r#type));
            return self.refuse(Diagnostic::new(&TYPE_MISMATCH, of.span, message));
        }
        let r#type = operand.r#type;
        Some((ExpressionKind::Negate(Box::new(operand)), r#type))
    }

    pub fn binary(&mut self, operator: BinaryOperator, left: &Node, right: &Node) -> Option<Typed> {
        use BinaryOperator as Operator;
        match operator {
            Operator::Or | Operator::And => {
                let left_node = left;
                let left = self.bool_operand(operator.symbol(), left);
                // The right side is evaluated only if the left one does not decide.
                let behind = match &left {
                    Some(left) => self.known.behind(left, operator == Operator::And),
                    None => self.known.in_doubt(left_node),
                };
                let before = std::mem::replace(&mut self.known, behind);
                let right = self.bool_operand(operator.symbol(), right);
                self.known = before;
                Some((binary(operator, left?, right?), Type::BOOL))
            }
            Operator::Coalesce => self.coalesce(left, right),
            Operator::Equal | Operator::NotEqual => self.equality(operator, left, right),
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                self.ordering(operator, left, right)
            }
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
                let (left, right) = self.sides(left, right);
                self.arithmetic(operator, left?, right?)
            }
        }
    }

    /// Both sides, each a hint for the other: a side that adapts is typed after one that does not.
    fn sides(&mut self, left: &Node, right: &Node) -> (Option<Side>, Option<Side>) {
        if self.adapts(left) && !self.adapts(right) {
            let typed = self.side(right, None);
            let hint = typed.as_ref().map(|side| side.expression.r#type);
            // A failed side has reported its fault; the meaning of the other beside it is not known.
            let left = if typed.is_some() { self.side(left, hint) } else { None };
            return (left, typed);
        }
        let typed = self.side(left, None);
        let hint = typed.as_ref().map(|side| side.expression.r#type);
        let right = if typed.is_some() || !self.adapts(right) { self.side(right, hint) } else { None };
        (typed, right)
    }

    /// `left ?? right`: left, or right where left is `none`.
    fn coalesce(&mut self, left: &Node, right: &Node) -> Option<Typed> {
        let optional = self.as_declared(left, None)?;
        if !optional.r#type.optional {
            let message = format!("this is `{}`, which is never `none`", self.type_name(optional.r#type));
            let finding = Diagnostic::new(&OPTIONAL_VALUE, left.span, message);
            return self
                .refuse(finding.help("`??` goes after a value that may be `none`; remove it and its right side"));
        }
        let wanted = Type { optional: false, ..optional.r#type };
        let hint = if matches!(right.kind, NodeKind::None) { optional.r#type } else { wanted };
        let otherwise = self.side(right, Some(hint))?;
        let base = match (optional.r#type.base, otherwise.expression.r#type.base) {
            (BaseType::Integer(x), BaseType::Integer(y)) if x != y => {
                let left = Side { expression: optional.clone(), constant: None };
                BaseType::Integer(self.common(&left, &otherwise, x, y)?)
            }
            (x, y) if x == y => x,
            _ => {
                let (a, b) = (self.type_name(wanted), self.type_name(otherwise.expression.r#type));
                let message = format!("both sides of `??` must have the same type, not `{a}` and `{b}`");
                return self.refuse(Diagnostic::new(&TYPE_MISMATCH, right.span, message));
            }
        };
        let r#type = Type { base, optional: otherwise.expression.r#type.optional };
        Some((binary(BinaryOperator::Coalesce, optional, otherwise.expression), r#type))
    }

    /// `min(a, b)`, `max(a, b)`.
    pub fn extreme(&mut self, extreme: Extreme, given: &[Argument], span: Span) -> Option<Typed> {
        let name = extreme.name();
        let [Argument { name: None, value: left }, Argument { name: None, value: right }] = given else {
            let message = format!("`{name}` takes two values");
            return self.refuse(Diagnostic::new(&SYNTAX, span, message).help(format!("write `{name}(a, b)`")));
        };
        let (left, right) = self.sides(left, right);
        let (left, right) = (left?, right?);
        for side in [&left, &right] {
            self.ordered(name, side)?;
        }
        let r#type = match (left.expression.r#type.base, right.expression.r#type.base) {
            (BaseType::Integer(x), BaseType::Integer(y)) => Type::integer(self.common(&left, &right, x, y)?),
            (BaseType::Duration, BaseType::Duration) => Type::DURATION,
            (a, b) => {
                let of = |base| self.type_name(Type { base, optional: false });
                let message = format!("`{name}` takes two values of the same type, not `{}` and `{}`", of(a), of(b));
                return self.refuse(Diagnostic::new(&TYPE_MISMATCH, span, message));
            }
        };
        Some((ExpressionKind::Extreme(extreme, Box::new(left.expression), Box::new(right.expression)), r#type))
    }

    /// Only integers and durations have an order.
    fn ordered(&mut self, operator: &str, side: &Side) -> Option<()> {
        let r#type = side.expression.r#type;
        if matches!(r#type.base, BaseType::Integer(_) | BaseType::Duration) && !r#type.optional {
            return Some(());
        }
        if r#type.optional && self.is_doubted(&side.expression) {
            return None;
        }
        let name = self.type_name(r#type);
        let message = format!("`{name}` has no order: `{operator}` is for integers and durations");
        let finding = Diagnostic::new(&UNORDERED, side.expression.span, message);
        self.refuse(if r#type.optional {
            finding.help(format!("it may be `none`: {}", self.how_to_unwrap(&side.expression, false)))
        } else {
            finding
        })
    }

    fn declared_side(&mut self, node: &Node) -> Option<Side> {
        Some(Side { expression: self.as_declared(node, None)?, constant: constant(node) })
    }

    fn side(&mut self, node: &Node, hint: Option<Type>) -> Option<Side> {
        Some(Side { expression: self.expression(node, hint)?, constant: constant(node) })
    }

    /// Whether the node's type follows from its place.
    fn adapts(&self, node: &Node) -> bool {
        match &node.kind {
            NodeKind::None => true,
            NodeKind::Name(name) => name.starts_with(char::is_uppercase),
            _ => constant(node).is_some(),
        }
    }

    fn equality(&mut self, operator: BinaryOperator, left: &Node, right: &Node) -> Option<Typed> {
        // A value known not to be `none` may still be compared with it, so that side has its declared type.
        let (left, right) = match (&left.kind, &right.kind) {
            (NodeKind::None, NodeKind::None) => self.sides(left, right),
            (NodeKind::None, _) => {
                let right = self.declared_side(right)?;
                (self.side(left, Some(right.expression.r#type)), Some(right))
            }
            (_, NodeKind::None) => {
                let left = self.declared_side(left)?;
                let hint = Some(left.expression.r#type);
                (Some(left), self.side(right, hint))
            }
            _ => self.sides(left, right),
        };
        let (left, right) = (left?, right?);
        self.comparable(operator, &left, &right)?;
        Some((binary(operator, left.expression, right.expression), Type::BOOL))
    }

    fn comparable(&mut self, operator: BinaryOperator, left: &Side, right: &Side) -> Option<()> {
        let span = left.expression.span.to(right.expression.span);
        let (a, b) = (left.expression.r#type, right.expression.r#type);
        if self.is_secret(a) || self.is_secret(b) {
            let secret = self.type_name(if self.is_secret(a) { a } else { b });
            return self.refuse(Diagnostic::new(
                &SECRET,
                span,
                format!("`{secret}` is a secret type, and cannot be compared"),
            ));
        }
        match (a.base, b.base) {
            (BaseType::Integer(x), BaseType::Integer(y)) if x != y && !a.optional && !b.optional => {
                self.common(left, right, x, y).map(|_| ())
            }
            (x, y) if x == y => Some(()),
            (x, y) => {
                let (a, b) = (self.type_name(a), self.type_name(b));
                let message = format!("`{}` compares values of the same type, not `{a}` with `{b}`", operator.symbol());
                let finding = Diagnostic::new(&TYPE_MISMATCH, span, message)
                    .related(left.expression.span, format!("`{a}`"))
                    .related(right.expression.span, format!("`{b}`"));
                self.refuse(match (left.constant, x, right.constant, y) {
                    (None, BaseType::Duration, Some(_), _) | (Some(_), _, None, BaseType::Duration) => {
                        finding.help("give the number a unit: `5s`")
                    }
                    _ => finding,
                })
            }
        }
    }

    fn ordering(&mut self, operator: BinaryOperator, left: &Node, right: &Node) -> Option<Typed> {
        let (left, right) = self.sides(left, right);
        let (left, right) = (left?, right?);
        for side in [&left, &right] {
            self.ordered(operator.symbol(), side)?;
        }
        self.comparable(operator, &left, &right)?;
        Some((binary(operator, left.expression, right.expression), Type::BOOL))
    }

    fn arithmetic(&mut self, operator: BinaryOperator, left: Side, right: Side) -> Option<Typed> {
        use BinaryOperator as Operator;
        let (a, b) = (left.expression.r#type, right.expression.r#type);
        if let Some(side) = [&left, &right].into_iter().find(|side| side.expression.r#type.optional) {
            if self.is_doubted(&side.expression) {
                return None;
            }
            let message = format!("`{}` cannot calculate with a value that may be `none`", operator.symbol());
            let finding = Diagnostic::new(&OPTIONAL_VALUE, side.expression.span, message);
            let finding = finding.label(format!("`{}`", self.type_name(side.expression.r#type)));
            return self.refuse(finding.help(self.how_to_unwrap(&side.expression, true)));
        }
        if matches!(operator, Operator::Divide | Operator::Remainder) && right.constant == Some(0) {
            return self.refuse(Diagnostic::new(&DIVISION_BY_ZERO, right.expression.span, "this divides by zero"));
        }
        let r#type = match (a.base, operator, b.base) {
            (BaseType::Integer(x), _, BaseType::Integer(y)) => Type::integer(self.common(&left, &right, x, y)?),
            (BaseType::Duration, Operator::Add | Operator::Subtract, BaseType::Duration) => Type::DURATION,
            (BaseType::Duration, Operator::Multiply | Operator::Divide, BaseType::Integer(_)) => Type::DURATION,
            _ => return self.no_arithmetic(operator, &left, &right),
        };
        Some((binary(operator, left.expression, right.expression), r#type))
    }

    fn no_arithmetic<T>(&mut self, operator: BinaryOperator, left: &Side, right: &Side) -> Option<T> {
        let span = left.expression.span.to(right.expression.span);
        let (a, b) = (left.expression.r#type, right.expression.r#type);
        let message = format!("there is no `{} {} {}`", self.type_name(a), operator.symbol(), self.type_name(b));
        let finding = Diagnostic::new(&TYPE_MISMATCH, span, message);
        self.refuse(match (a.base, operator, b.base) {
            (BaseType::Integer(_), BinaryOperator::Multiply, BaseType::Duration) => {
                finding.help("write the duration first")
            }
            (BaseType::Duration, _, BaseType::Integer(_)) => finding.help("give the number a unit: `5s`"),
            _ => {
                finding.help("`+ - * / %` are for integers; durations have `+` and `-`, and `*` and `/` by an integer")
            }
        })
    }

    /// The type in which two integers meet. A literal has the type of the other side, and so does not widen it.
    fn common(&mut self, left: &Side, right: &Side, x: IntegerType, y: IntegerType) -> Option<IntegerType> {
        for (literal, other, r#type) in [(left, right, y), (right, left, x)] {
            if let (Some(value), None) = (literal.constant, other.constant)
                && x != y
            {
                let bounds = r#type.bounds();
                let message = format!(
                    "`{value}` is outside the bounds of the other side, a `{}`: {} to {}",
                    r#type.name(),
                    bounds.0,
                    bounds.1
                );
                let finding = Diagnostic::new(&CONSTANT_OUT_OF_BOUNDS, literal.expression.span, message);
                return self.refuse(finding.related(other.expression.span, format!("`{}`", r#type.name())));
            }
        }
        if let Some(common) = x.common(y) {
            return Some(common);
        }
        let span: Span = left.expression.span.to(right.expression.span);
        let message = format!("no integer type holds both `{}` and `{}`", x.name(), y.name());
        self.refuse(
            Diagnostic::new(&NO_COMMON_TYPE, span, message).help("declare one of the two with a different type"),
        )
    }
}

/// One side of an operation.
struct Side {
    expression: Expression,
    /// It is a literal of this value.
    constant: Option<i128>,
}

fn binary(operator: BinaryOperator, left: Expression, right: Expression) -> ExpressionKind {
    ExpressionKind::Binary(operator, Box::new(left), Box::new(right))
}
