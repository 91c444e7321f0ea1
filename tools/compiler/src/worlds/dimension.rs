//! What guards depend on, cut into cells within which they answer alike.

use super::range;
use super::without_spans::{collect_bases, some_instance};
use crate::model::{AutomatonId, BaseType, Expression, ExpressionKind, StateId, Value};

#[derive(Debug)]
pub struct Dimension {
    pub subject: Subject,
    pub cells: Vec<Cell>,
}

/// What a dimension is about; expressions without spans, so that they can be compared.
#[derive(Debug, PartialEq)]
pub enum Subject {
    Value(Expression),
    Order(Expression, Expression),
    Leaf(AutomatonId, Option<Expression>),
    Divisor(Expression),
    Quantified(Expression),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Constant(Value),
    /// Integers and durations: from, to.
    Range(i128, i128),
    /// None of the constants that are named.
    Other,
    Less,
    Equal,
    Greater,
    Different,
    Leaf(StateId),
    /// There is no such instance.
    Absent {
        never_ends: bool,
    },
    Zero,
    True,
    False,
}

impl Dimension {
    pub fn is_duration(&self) -> bool {
        matches!(&self.subject, Subject::Value(of) if of.r#type.base == BaseType::Duration)
    }

    /// Makes a separate cell for a constant.
    pub fn cut(&mut self, constant: &Value) {
        if let Some(number) = number(constant) {
            let cut = |cell: &Cell| match *cell {
                Cell::Range(low, high) if low <= number && number <= high => {
                    let parts = [(low, number - 1), (number, number), (number + 1, high)];
                    let parts = parts.into_iter().filter(|(low, high)| low <= high);
                    parts.map(|(low, high)| Cell::Range(low, high)).collect()
                }
                _ => vec![cell.clone()],
            };
            self.cells = self.cells.iter().flat_map(cut).collect();
        } else if self.cells.contains(&Cell::Other) && !self.cells.contains(&Cell::Constant(constant.clone())) {
            self.cells.push(Cell::Constant(constant.clone()));
        }
    }
}

impl Subject {
    /// Whether each of its cells occurs.
    pub fn is_exact(&self) -> bool {
        match self {
            Subject::Value(of) => range::is_exact(of),
            Subject::Order(first, second) => {
                range::is_exact(first) && range::is_exact(second) && range::are_independent(first, second)
            }
            Subject::Leaf(..) | Subject::Divisor(_) | Subject::Quantified(_) => true,
        }
    }

    /// What it depends on and shares with other dimensions. The answers of different conditions are independent, and so
    /// are those for different constants.
    pub fn bases(&self) -> Vec<Expression> {
        let mut bases = Vec::new();
        match self {
            Subject::Value(of) | Subject::Divisor(of) => collect_bases(of, &mut bases),
            Subject::Order(first, second) => {
                collect_bases(first, &mut bases);
                collect_bases(second, &mut bases);
            }
            Subject::Leaf(automaton, Some(_)) => bases.push(some_instance(*automaton)),
            Subject::Leaf(_, None) => {}
            // `any X in S` and `any X in T` depend on one another where S and T overlap; so do `any`, `all` and
            // `X[key]`.
            Subject::Quantified(of) => {
                if let ExpressionKind::InState { automaton, .. } = of.kind {
                    bases.push(some_instance(automaton));
                }
            }
        }
        bases
    }
}

/// Integers and durations as numbers.
pub fn number(value: &Value) -> Option<i128> {
    match value {
        Value::Integer(value) => Some(*value),
        Value::Duration(ms) => Some(i128::from(*ms)),
        _ => None,
    }
}
