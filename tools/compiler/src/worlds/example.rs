//! A world as text: the few facts that decide.

use super::dimension::{Cell, Dimension, Subject};
use super::{World, Worlds};
use crate::durations::duration_text;
use crate::model::{Expression, Field, Value};
use crate::printer::Printer;

impl Worlds<'_> {
    /// The facts that make a world like this, without those that make no difference: each reads like a guard.
    pub fn example(&self, fields: &[Field], is_such: impl Fn(&World) -> bool) -> Option<Vec<String>> {
        let mut found: Option<Vec<(usize, usize)>> = None;
        self.each(|world| {
            if found.is_none() && is_such(world) {
                found = Some(world.chosen().collect());
            }
        });
        let mut deciding = found?;
        for (dimension, _) in deciding.clone() {
            let others: Vec<(usize, usize)> =
                deciding.iter().copied().filter(|(other, _)| *other != dimension).collect();
            let mut all_such = true;
            let whole = self.each_with(&others, |any| all_such &= is_such(any));
            if whole && all_such {
                deciding = others;
            }
        }
        Some(deciding.into_iter().map(|(index, cell)| self.fact(&self.dimensions[index], cell, fields)).collect())
    }

    fn fact(&self, dimension: &Dimension, cell: usize, fields: &[Field]) -> String {
        let printer = Printer::new(self.system, self.automaton);
        let text = |of: &Expression| printer.expression_over(of, fields);
        let cell = &dimension.cells[cell];
        match &dimension.subject {
            Subject::Value(of) => self.value_fact(&text(of), dimension, cell),
            Subject::Order(first, second) => {
                let symbol = match cell {
                    Cell::Less => "<",
                    Cell::Greater => ">",
                    Cell::Different => "!=",
                    _ => "==",
                };
                format!("{} {symbol} {}", text(first), text(second))
            }
            Subject::Leaf(automaton, key) => {
                let observed = &self.system.automata[*automaton];
                let key = key.as_ref().map(|key| format!("[{}]", text(key))).unwrap_or_default();
                match cell {
                    Cell::Leaf(leaf) => format!("{}{key} in {}", observed.name, observed.states[*leaf].name),
                    _ => format!("there is no {}{key}", observed.name),
                }
            }
            Subject::Divisor(of) if *cell == Cell::Zero => format!("{} == 0", text(of)),
            Subject::Divisor(of) => format!("{} != 0", text(of)),
            Subject::Quantified(of) if *cell == Cell::True => text(of),
            Subject::Quantified(of) => format!("not {}", text(of)),
        }
    }

    fn value_fact(&self, value: &str, dimension: &Dimension, cell: &Cell) -> String {
        let printer = Printer::new(self.system, self.automaton);
        let number = |number: i128| match u64::try_from(number) {
            Ok(ms) if dimension.is_duration() => duration_text(ms),
            _ => number.to_string(),
        };
        let mut ranges = dimension.cells.iter().filter(|cell| matches!(cell, Cell::Range(..)));
        let (first, last) = (ranges.clone().next(), ranges.next_back());
        match cell {
            Cell::Constant(Value::Bool(true)) if dimension.cells.len() == 2 => value.to_owned(),
            Cell::Constant(Value::Bool(false)) if dimension.cells.len() == 2 => format!("not {value}"),
            Cell::Constant(constant) => format!("{value} == {}", printer.value(constant)),
            Cell::Range(low, high) if low == high => format!("{value} == {}", number(*low)),
            Cell::Range(_, high) if Some(cell) == first && Some(cell) != last => {
                format!("{value} <= {}", number(*high))
            }
            Cell::Range(low, _) if Some(cell) == last && Some(cell) != first => format!("{value} >= {}", number(*low)),
            Cell::Range(low, high) => {
                format!("{value} >= {} and {value} <= {}", number(*low), number(*high))
            }
            _ => format!("{value} is none of those named"),
        }
    }
}
