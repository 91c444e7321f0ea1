//! What guards say together: whether one of them always holds, and which can never be reached.
//!
//! The guards are cut into *dimensions* (a bool; an integer, cut into the ranges between the constants that it is
//! compared with; an enum; the state of an automaton; how two values compare), and every combination of their *cells*
//! is a world. In a world each guard is true or false. Worlds that differ only in what no guard evaluates are visited
//! as one, so guards that are tried one after another make about as many worlds as there are guards. Dimensions that
//! may depend on one another (`a + 1 < 3` beside `a < 2`) are taken as independent, which invents worlds: what is found
//! in all worlds is still true, and what is found in some is marked as uncertain: then values are tried ([`trial`]).

mod comparison;
mod dimension;
mod example;
mod formula;
mod lazy;
mod range;
mod samples;
mod trial;
mod without_spans;

use self::comparison::{Sides, cell_compares, compare, flip, order_holds};
use self::dimension::{Cell, Dimension, Subject};
pub use self::formula::Formula;
use self::lazy::MOST_WORLDS;
pub use self::lazy::World;
pub(crate) use self::range::range_knowing;
pub(crate) use self::samples::{Constants, Extent};
pub(crate) use self::trial::{Verdict, fact, open_case};
use self::without_spans::declared;
pub use self::without_spans::without_spans;
use crate::model::{
    Automaton, AutomatonId, BaseType, BinaryOperator, Expression, ExpressionKind, Observed, StateId, System, Type,
    TypeKind, Value,
};

/// All combinations of what some guards depend on.
#[derive(Debug)]
pub struct Worlds<'a> {
    system: &'a System,
    automaton: &'a Automaton,
    dimensions: Vec<Dimension>,
    divides: bool,
}

impl<'a> Worlds<'a> {
    /// The worlds of those guards.
    pub fn of<'g>(
        system: &'a System,
        automaton: &'a Automaton,
        guards: impl IntoIterator<Item = &'g Expression>,
    ) -> Self {
        let mut worlds = Worlds { system, automaton, dimensions: Vec::new(), divides: false };
        for guard in guards {
            worlds.collect(guard);
        }
        worlds
    }

    /// Whether some of them may be impossible: what holds in *some* world is then uncertain.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        let bases: Vec<Vec<Expression>> = self.dimensions.iter().map(|dimension| dimension.subject.bases()).collect();
        self.divides
            || !self.dimensions.iter().all(|dimension| dimension.subject.is_exact())
            || bases.iter().enumerate().any(|(index, these)| {
                bases[index + 1..].iter().any(|those| these.iter().any(|base| those.contains(base)))
            })
    }

    /// Visits each world once, as far as it is evaluated; returns whether these were all.
    pub fn each(&self, visit: impl FnMut(&World)) -> bool {
        self.each_with(&[], visit)
    }

    /// Those of them with these cells in these dimensions.
    fn each_with(&self, fixed: &[(usize, usize)], visit: impl FnMut(&World)) -> bool {
        lazy::each(self.dimensions.iter().map(|dimension| dimension.cells.len()), fixed, MOST_WORLDS, visit)
    }

    /// Whether it is a world only of the moments before an automaton that never ends has begun, as far as it was looked
    /// at.
    #[must_use]
    pub fn is_before_the_start(&self, world: &World) -> bool {
        let absent = Cell::Absent { never_ends: true };
        world.chosen().any(|(dimension, cell)| self.dimensions[dimension].cells[cell] == absent)
    }

    /// A guard of those that the worlds were made of.
    #[must_use]
    pub fn guard(&self, guard: &Expression) -> Formula {
        self.formula(guard)
    }

    fn formula(&self, expression: &Expression) -> Formula {
        match &expression.kind {
            ExpressionKind::Literal(Value::Bool(value)) => Formula::Constant(*value),
            ExpressionKind::Not(of) => Formula::Not(Box::new(self.formula(of))),
            ExpressionKind::Binary(BinaryOperator::And, left, right) => {
                Formula::All(vec![self.formula(left), self.formula(right)])
            }
            ExpressionKind::Binary(BinaryOperator::Or, left, right) => {
                Formula::Any(vec![self.formula(left), self.formula(right)])
            }
            ExpressionKind::Binary(operator, left, right) if operator.compares() => {
                let of = self.comparison(*operator, left, right);
                // Two bools are separate formulas, which handle their divisions themselves.
                if matches!(of, Formula::Same(..) | Formula::Not(_)) { of } else { self.dividing(expression, of) }
            }
            ExpressionKind::InState { who, automaton, state } => {
                self.dividing(expression, self.in_state(who, *automaton, *state, expression))
            }
            _ => {
                let is_true = |cell: &Cell| *cell == Cell::Constant(Value::Bool(true));
                self.dividing(expression, self.cells(&Subject::Value(without_spans(declared(expression))), is_true))
            }
        }
    }

    /// With the divisions that it takes.
    fn dividing(&self, expression: &Expression, of: Formula) -> Formula {
        let mut divisors = Vec::new();
        expression.visit(&mut |below| {
            if let Some(divisor) = divisor(below) {
                let dimension = self.dimension(&Subject::Divisor(without_spans(divisor)));
                let zero = self.dimensions[dimension].cells.iter().position(|cell| *cell == Cell::Zero);
                divisors.push((dimension, zero.expect("a divisor can be zero")));
            }
        });
        if divisors.is_empty() { of } else { Formula::Dividing(divisors, Box::new(of)) }
    }

    fn comparison(&self, operator: BinaryOperator, left: &Expression, right: &Expression) -> Formula {
        match Sides::of(left, right) {
            Sides::Constants(a, b) => Formula::Constant(compare(operator, a, b)),
            Sides::BothBool => {
                let same = Formula::Same(Box::new(self.formula(left)), Box::new(self.formula(right)));
                if operator == BinaryOperator::NotEqual { Formula::Not(Box::new(same)) } else { same }
            }
            Sides::WithConstant { value, constant, flipped } => {
                let operator = if flipped { flip(operator) } else { operator };
                self.cells(&Subject::Value(value), |cell| cell_compares(cell, operator, constant))
            }
            Sides::Values { first, second, flipped } => {
                if first == second {
                    return Formula::Constant(order_holds(operator, &Cell::Equal));
                }
                let operator = if flipped { flip(operator) } else { operator };
                self.cells(&Subject::Order(first, second), |cell| order_holds(operator, cell))
            }
        }
    }

    fn in_state(&self, who: &Observed, automaton: AutomatonId, state: StateId, whole: &Expression) -> Formula {
        let observed = &self.system.automata[automaton];
        match who {
            Observed::One | Observed::Keyed(_) | Observed::Itself => {
                let subject = Subject::Leaf(automaton, instance(who));
                self.cells(&subject, |cell| matches!(cell, Cell::Leaf(leaf) if observed.is_in(*leaf, state)))
            }
            Observed::Any | Observed::All => self.cells(&quantified(whole), |cell| *cell == Cell::True),
            Observed::No => self.cells(&quantified(whole), |cell| *cell != Cell::True),
        }
    }

    fn cells(&self, subject: &Subject, holds: impl FnMut(&Cell) -> bool) -> Formula {
        let index = self.dimension(subject);
        Formula::In(index, self.dimensions[index].cells.iter().map(holds).collect())
    }

    fn dimension(&self, subject: &Subject) -> usize {
        let index = self.dimensions.iter().position(|dimension| dimension.subject == *subject);
        index.expect("the worlds were made of this guard")
    }

    /// Adds the dimensions of a guard.
    fn collect(&mut self, expression: &Expression) {
        expression.visit(&mut |below| {
            if let Some(divisor) = divisor(below) {
                self.divides = true;
                self.add(Subject::Divisor(without_spans(divisor)), || vec![Cell::Zero, Cell::Other]);
            }
        });
        self.collect_logic(expression);
    }

    fn collect_logic(&mut self, expression: &Expression) {
        match &expression.kind {
            ExpressionKind::Literal(_) => {}
            ExpressionKind::Not(of) => self.collect_logic(of),
            ExpressionKind::Binary(BinaryOperator::And | BinaryOperator::Or, left, right) => {
                self.collect_logic(left);
                self.collect_logic(right);
            }
            ExpressionKind::Binary(operator, left, right) if operator.compares() => match Sides::of(left, right) {
                Sides::Constants(..) => {}
                Sides::BothBool => {
                    self.collect_logic(left);
                    self.collect_logic(right);
                }
                Sides::WithConstant { value, constant, .. } => {
                    let index = self.value(value);
                    self.dimensions[index].cut(constant);
                }
                Sides::Values { first, second, .. } if first == second => {}
                Sides::Values { first, second, .. } => {
                    let ordered = matches!(first.r#type.base, BaseType::Integer(_) | BaseType::Duration)
                        && !first.r#type.optional
                        && !second.r#type.optional;
                    let cells = if ordered { self.orders(&first, &second) } else { vec![Cell::Equal, Cell::Different] };
                    self.add(Subject::Order(first, second), || cells);
                }
            },
            ExpressionKind::InState { who, automaton, .. } => match instance_subject(who, *automaton) {
                Some(subject) => {
                    let cells = self.leaves(*automaton);
                    self.add(subject, || cells);
                }
                None => {
                    self.add(quantified(expression), || vec![Cell::True, Cell::False]);
                }
            },
            _ => {
                self.value(without_spans(declared(expression)));
            }
        }
    }

    /// The ways in which the two can compare.
    fn orders(&self, first: &Expression, second: &Expression) -> Vec<Cell> {
        let (a, b) = (range::range(first, self.automaton), range::range(second, self.automaton));
        let possible = [(a.0 < b.1, Cell::Less), (a.0 <= b.1 && b.0 <= a.1, Cell::Equal), (a.1 > b.0, Cell::Greater)];
        possible.into_iter().filter(|(possible, _)| *possible).map(|(_, cell)| cell).collect()
    }

    fn add(&mut self, subject: Subject, cells: impl FnOnce() -> Vec<Cell>) -> usize {
        if let Some(index) = self.dimensions.iter().position(|dimension| dimension.subject == subject) {
            return index;
        }
        self.dimensions.push(Dimension { subject, cells: cells() });
        self.dimensions.len() - 1
    }

    fn value(&mut self, expression: Expression) -> usize {
        let cells = self.values_of(&expression);
        self.add(Subject::Value(expression), || cells)
    }

    fn values_of(&self, expression: &Expression) -> Vec<Cell> {
        let Type { base, optional } = expression.r#type;
        let mut cells = match base {
            BaseType::Bool => vec![Cell::Constant(Value::Bool(false)), Cell::Constant(Value::Bool(true))],
            BaseType::Integer(_) | BaseType::Duration => {
                let (low, high) = range::range(expression, self.automaton);
                vec![Cell::Range(low, high)]
            }
            BaseType::Declared(id) => match &self.system.types[id].kind {
                TypeKind::Enum(variants) => {
                    (0..variants.len() as u32).map(|index| Cell::Constant(Value::Variant(id, index))).collect()
                }
                TypeKind::Opaque => vec![Cell::Other],
            },
            BaseType::String | BaseType::Bytes => vec![Cell::Other],
        };
        if optional {
            cells.push(Cell::Constant(Value::None));
        }
        cells
    }

    fn leaves(&self, automaton: AutomatonId) -> Vec<Cell> {
        let observed = &self.system.automata[automaton];
        let never_ends = observed.key.is_none() && observed.states.iter().all(|state| !state.is_final);
        let leaves = observed.leaves().filter(|&leaf| !observed.states[leaf].is_final).map(Cell::Leaf);
        leaves.chain([Cell::Absent { never_ends }]).collect()
    }
}

/// The divisor, unless it is a constant (which is not zero: that is an error).
fn divisor(expression: &Expression) -> Option<&Expression> {
    match &expression.kind {
        ExpressionKind::Binary(BinaryOperator::Divide | BinaryOperator::Remainder, _, right)
            if !matches!(right.kind, ExpressionKind::Literal(_)) =>
        {
            Some(right)
        }
        _ => None,
    }
}

fn instance(who: &Observed) -> Option<Expression> {
    match who {
        Observed::Keyed(key) => Some(without_spans(key)),
        _ => None,
    }
}

fn instance_subject(who: &Observed, automaton: AutomatonId) -> Option<Subject> {
    matches!(who, Observed::One | Observed::Keyed(_) | Observed::Itself)
        .then(|| Subject::Leaf(automaton, instance(who)))
}

/// `any X in S`, and `no X in S` as its opposite; `all X in S` on its own.
fn quantified(expression: &Expression) -> Subject {
    let mut expression = without_spans(expression);
    if let ExpressionKind::InState { who: who @ Observed::No, .. } = &mut expression.kind {
        *who = Observed::Any;
    }
    Subject::Quantified(expression)
}
