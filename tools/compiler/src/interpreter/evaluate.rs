//! Expressions (`docs/SEMANTICS.md`, section 1), and the questions that they ask (section 2).

use automata_runtime::record::Fault;

use super::delivery::{Asked, Who};
use super::error::{Error, Evaluated};
use super::host::ConditionAsked;
use super::operations::{extreme_of, operation};
use super::step::Step;
use super::value::{Value, expected};
use crate::model::{AutomatonId, BinaryOperator, ConditionId, Expression, ExpressionKind, Observed, StateId, Type};

impl Step<'_> {
    /// A guard: false as a whole if something was divided by zero in it.
    pub(super) fn holds(&mut self, guard: &Expression, fields: &[Value]) -> Evaluated<bool> {
        self.divided_by_zero = false;
        let value = self.evaluate(guard, fields)?;
        Ok(value == Value::Bool(true) && !self.divided_by_zero)
    }

    /// Whether the `[expr]` of a keyed observation is the key that it brought.
    pub(super) fn key_matches(&mut self, key: &Expression, fields: &[Value]) -> Evaluated<bool> {
        self.divided_by_zero = false;
        let value = self.evaluate(key, fields)?;
        Ok(Some(&value) == fields.first() && !self.divided_by_zero)
    }

    /// The value of the expression at the bound of the place that it is passed to.
    pub(super) fn pass(&mut self, expression: &Expression, fields: &[Value], place: Type) -> Evaluated<Value> {
        Ok(self.evaluate(expression, fields)?.passed_to(place))
    }

    pub(super) fn evaluate(&mut self, expression: &Expression, fields: &[Value]) -> Evaluated<Value> {
        Ok(match &expression.kind {
            ExpressionKind::Literal(value) => Value::from(value),
            ExpressionKind::Variable(id) => self.data.variables[id.index()].clone(),
            ExpressionKind::Parameter(id) => self.data.parameters[id.index()].clone(),
            ExpressionKind::Field(index) => fields[*index as usize].clone(),
            ExpressionKind::Key => self.delivery.address.key.clone().unwrap_or(Value::None),
            ExpressionKind::Condition(id, arguments) => {
                let places = &self.automaton.conditions[*id].arguments;
                let arguments = self.arguments(arguments, places, fields)?;
                self.condition(*id, arguments)?
            }
            ExpressionKind::Not(inner) => Value::Bool(self.evaluate(inner, fields)? != Value::Bool(true)),
            ExpressionKind::Negate(inner) => match self.evaluate(inner, fields)? {
                Value::Integer(value) => Value::Integer(-value).passed_to(expression.r#type),
                value => value,
            },
            ExpressionKind::Binary(BinaryOperator::And, left, right) => {
                let holds = self.evaluate(left, fields)? == Value::Bool(true);
                Value::Bool(holds && self.evaluate(right, fields)? == Value::Bool(true))
            }
            ExpressionKind::Binary(BinaryOperator::Or, left, right) => {
                let holds = self.evaluate(left, fields)? == Value::Bool(true);
                Value::Bool(holds || self.evaluate(right, fields)? == Value::Bool(true))
            }
            ExpressionKind::Binary(BinaryOperator::Coalesce, left, right) => match self.evaluate(left, fields)? {
                Value::None => self.evaluate(right, fields)?.passed_to(expression.r#type),
                value => value.passed_to(expression.r#type),
            },
            ExpressionKind::Extreme(extreme, left, right) => {
                let (left, right) = (self.evaluate(left, fields)?, self.evaluate(right, fields)?);
                extreme_of(*extreme, left, right)
            }
            ExpressionKind::Present(inner) => self.evaluate(inner, fields)?,
            ExpressionKind::Binary(operator, left, right) => {
                let (left, right) = (self.evaluate(left, fields)?, self.evaluate(right, fields)?);
                self.binary(*operator, &left, &right).passed_to(expression.r#type)
            }
            ExpressionKind::InState { who, automaton, state } => {
                let who = match who {
                    Observed::One => Who::One,
                    Observed::Any => Who::Any,
                    Observed::All => Who::All,
                    Observed::No => Who::No,
                    Observed::Itself => Who::Itself,
                    // A number outside of the type of the key stays as it is: no instance has it.
                    Observed::Keyed(key) => Who::Keyed(self.evaluate(key, fields)?),
                };
                Value::Bool(self.in_state(who, *automaton, *state))
            }
        })
    }

    fn binary(&mut self, operator: BinaryOperator, left: &Value, right: &Value) -> Value {
        let (value, divided_by_zero) = operation(operator, left, right);
        if divided_by_zero {
            self.divided_by_zero = true;
            self.delivery.note(Fault::DivisionByZero);
        }
        value
    }

    fn condition(&mut self, id: ConditionId, arguments: Vec<Value>) -> Evaluated<Value> {
        let known = self.delivery.asked.iter().find_map(|(asked, answer)| match asked {
            Asked::Condition(condition, with) if *condition == id && *with == arguments => Some(answer.clone()),
            _ => None,
        });
        if let Some(answer) = known {
            return Ok(answer);
        }
        let system = &self.program.system;
        let asked = ConditionAsked { system, address: &self.delivery.address, condition: id, arguments: &arguments };
        let wanted = self.automaton.conditions[id].r#type;
        let Some(answer) = self.host.answer(&asked) else {
            return Err(Box::new(Error::Unanswered {
                instance: self.delivery.address.name(system),
                condition: self.automaton.conditions[id].name.clone(),
                question: asked.question(),
                expected: expected(system, wanted),
            }));
        };
        if !answer.is_of(system, wanted) {
            return Err(Box::new(Error::WrongType {
                what: format!("the condition `{}` of {}", asked.question(), self.delivery.address.name(system)),
                expected: expected(system, wanted),
                got: format!("{answer:?}"),
            }));
        }
        self.delivery.asked.push((Asked::Condition(id, arguments), answer.clone()));
        Ok(answer)
    }

    fn in_state(&mut self, who: Who, automaton: AutomatonId, state: StateId) -> bool {
        let asked = Asked::State(who, automaton, state);
        if let Some((_, answer)) = self.delivery.asked.iter().find(|(earlier, _)| *earlier == asked) {
            return *answer == Value::Bool(true);
        }
        let Asked::State(who, ..) = &asked else { return false };
        let (table, plan) = (&self.tables[automaton.index()], &self.program.plans[automaton.index()]);
        let is_in = |leaf: Option<StateId>| leaf.is_some_and(|leaf| plan.is_in(leaf, state));
        let mut leaves = table.leaves().map(|(leaf, _)| leaf);
        let of_key = |key| table.number(key).and_then(|number| table.get(number)).and_then(|entry| entry.leaf);
        let answer = match who {
            Who::One => is_in(of_key(None)),
            Who::Keyed(key) => is_in(of_key(Some(key))),
            Who::Any => leaves.any(|leaf| plan.is_in(leaf, state)),
            Who::All => leaves.all(|leaf| plan.is_in(leaf, state)),
            Who::No => !leaves.any(|leaf| plan.is_in(leaf, state)),
            Who::Itself => is_in(table.get(self.number).and_then(|entry| entry.leaf)),
        };
        self.delivery.asked.push((asked, Value::Bool(answer)));
        answer
    }
}
