//! Guards that are tried with values: where what [`super::Worlds`] finds may be impossible.
//!
//! Everything that the guards read gets values that can make a difference, and the guards are evaluated as at run time.
//! If none of them holds, that is a case that they leave open. If the values are all that there are, finding none
//! proves that there is none.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::lazy::{self, World};
use super::range;
use super::samples::{Constants, Extent};
use super::without_spans::without_spans;
use crate::interpreter::{Value, extreme_of, operation};
use crate::model::{
    self, Automaton, AutomatonId, BaseType, BinaryOperator, ConditionId, Expression, ExpressionKind, Field, Observed,
    StateId, System, Type, TypeKind,
};
use crate::source::Span;

/// Combinations that are tried first.
const FEW_WORLDS: usize = 1 << 12;
/// Combinations that are tried if they are all that there are.
const ALL_WORLDS: usize = 1 << 16;

/// Values that can only be compared, such as those of opaque types: so many different ones are tried.
const MOST_ALIKE: usize = 6;

/// What a trial comes to.
pub enum Verdict {
    /// A case in which nothing holds: facts that read like guards.
    Open(Vec<Expression>),
    /// Something always holds.
    Closed,
    /// Neither was found.
    Unknown,
}

/// What guards read, and the values that it can have.
pub struct Trial<'a> {
    system: &'a System,
    automaton: &'a Automaton,
    fields: &'a [Field],
    /// One for each step: all of them must hold.
    steps: &'a [Vec<Expression>],
    bases: Vec<Base>,
    are_all: bool,
}

struct Base {
    subject: Subject,
    choices: Vec<Choice>,
}

#[derive(PartialEq)]
enum Subject {
    /// A variable, parameter, field, condition or the key.
    Read(ExpressionKind),
    /// The state of one instance.
    Leaf(AutomatonId, Option<ExpressionKind>),
    /// Whether some instance is in that leaf.
    Occupied(AutomatonId, StateId),
}

enum Choice {
    Value(Value),
    /// `None`: there is no such instance.
    Leaf(Option<StateId>),
    Occupied(bool),
}

/// Why an expression has no value.
enum Stop {
    /// By a division by zero: the guard is false.
    Divided,
    /// The values do not go together.
    Impossible,
}

/// What was answered already in one world: the same question has the same answer.
#[derive(Default)]
struct Answers {
    conditions: Vec<(ConditionId, Vec<Value>, Value)>,
    instances: Vec<(AutomatonId, Value, Option<StateId>)>,
    /// The looks at states that were evaluated.
    looks: Vec<ExpressionKind>,
}

/// Looks for a case in which no step answers.
pub fn open_case(system: &System, automaton: &Automaton, fields: &[Field], steps: &[Vec<Expression>]) -> Verdict {
    for (extent, most) in [(Extent::Few, FEW_WORLDS), (Extent::All, ALL_WORLDS)] {
        let trial = Trial::new(system, automaton, fields, steps, extent);
        if extent == Extent::All && !(trial.are_all && trial.size() <= most) {
            break;
        }
        let mut found = None;
        let whole = lazy::each(trial.bases.iter().map(|base| base.choices.len()), &[], most, |world| {
            if found.is_none() {
                found = trial.open(world);
            }
        });
        match found {
            Some(facts) => return Verdict::Open(facts),
            None if whole && trial.are_all => return Verdict::Closed,
            None => {}
        }
    }
    Verdict::Unknown
}

impl<'a> Trial<'a> {
    fn new(
        system: &'a System,
        automaton: &'a Automaton,
        fields: &'a [Field],
        steps: &'a [Vec<Expression>],
        extent: Extent,
    ) -> Self {
        let mut trial = Trial { system, automaton, fields, steps, bases: Vec::new(), are_all: true };
        let guards = || steps.iter().flatten();
        let mut read: Vec<ExpressionKind> = Vec::new();
        for guard in guards() {
            guard.visit(&mut |below| {
                let kind = without_spans(below).kind;
                if is_read(below) && !trial.can_be_written(below.r#type) && !read.contains(&kind) {
                    read.push(kind);
                }
            });
        }
        let constants = Constants::of(guards(), read.len().clamp(1, MOST_ALIKE));
        trial.are_all = read.len() <= MOST_ALIKE;
        for guard in guards() {
            guard.visit(&mut |below| trial.add(below, &constants, extent));
        }
        trial
    }

    fn size(&self) -> usize {
        self.bases.iter().fold(1, |size, base| size.saturating_mul(base.choices.len()))
    }

    fn add(&mut self, below: &Expression, constants: &Constants, extent: Extent) {
        match &below.kind {
            ExpressionKind::InState { who, automaton, .. } => match who {
                Observed::Keyed(key) => self.add_leaf(*automaton, Some(without_spans(key).kind)),
                Observed::One | Observed::Itself => self.add_leaf(*automaton, None),
                Observed::Any | Observed::All | Observed::No => {
                    for leaf in leaves(self.system, *automaton) {
                        let choices = vec![Choice::Occupied(false), Choice::Occupied(true)];
                        self.push(Subject::Occupied(*automaton, leaf), choices);
                    }
                }
            },
            _ if is_read(below) => {
                let declared = self.declared(below);
                let place = Expression { r#type: declared, ..without_spans(below) };
                let samples = constants.samples(self.system, declared, range::range(&place, self.automaton), extent);
                self.are_all &= samples.are_all;
                self.push(Subject::Read(place.kind), samples.values.into_iter().map(Choice::Value).collect());
            }
            _ => {}
        }
    }

    fn add_leaf(&mut self, automaton: AutomatonId, key: Option<ExpressionKind>) {
        let observed = &self.system.automata[automaton];
        // The moments before an automaton has begun do not count.
        let may_be_absent = key.is_some() || observed.states.iter().any(|state| state.is_final);
        let present = leaves(self.system, automaton).map(Some);
        let choices = present.chain(may_be_absent.then_some(None)).map(Choice::Leaf).collect();
        self.push(Subject::Leaf(automaton, key), choices);
    }

    fn push(&mut self, subject: Subject, choices: Vec<Choice>) {
        if !self.bases.iter().any(|base| base.subject == subject) {
            self.bases.push(Base { subject, choices });
        }
    }

    /// Whether there are literals of the type.
    fn can_be_written(&self, of: Type) -> bool {
        match of.base {
            BaseType::Bool | BaseType::Integer(_) | BaseType::Duration => true,
            BaseType::String | BaseType::Bytes => false,
            BaseType::Declared(id) => matches!(self.system.types[id].kind, TypeKind::Enum(_)),
        }
    }

    /// The declared type of what is read.
    fn declared(&self, read: &Expression) -> Type {
        match &read.kind {
            ExpressionKind::Field(index) => self.fields.get(*index as usize).map_or(read.r#type, |field| field.r#type),
            ExpressionKind::Variable(id) => self.automaton.variables[*id].r#type,
            ExpressionKind::Parameter(id) => self.automaton.parameters[*id].r#type,
            ExpressionKind::Condition(id, _) => self.automaton.conditions[*id].r#type,
            _ => read.r#type,
        }
    }

    /// What makes it so, if no step answers in this world.
    fn open(&self, world: &World) -> Option<Vec<Expression>> {
        let answers = RefCell::default();
        let seen = Seen { trial: self, world, answers: &answers };
        for step in self.steps {
            if seen.answers(step).ok()? {
                return None;
            }
        }
        seen.is_possible().then(|| seen.facts())
    }
}

fn leaves(system: &System, automaton: AutomatonId) -> impl Iterator<Item = StateId> + '_ {
    let observed = &system.automata[automaton];
    observed.leaves().filter(|&leaf| !observed.states[leaf].is_final)
}

fn is_read(expression: &Expression) -> bool {
    matches!(
        expression.kind,
        ExpressionKind::Variable(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Field(_)
            | ExpressionKind::Key
            | ExpressionKind::Condition(..)
    )
}

/// One world, and what was asked in it.
struct Seen<'t, 'a> {
    trial: &'t Trial<'a>,
    world: &'t World,
    answers: &'t RefCell<Answers>,
}

impl Seen<'_, '_> {
    fn answers(&self, step: &[Expression]) -> Result<bool, Stop> {
        for condition in step {
            match self.value(condition) {
                Ok(Value::Bool(true)) => {}
                Ok(_) | Err(Stop::Divided) => return Ok(false),
                Err(Stop::Impossible) => return Err(Stop::Impossible),
            }
        }
        Ok(true)
    }

    fn choice(&self, subject: &Subject) -> Result<&Choice, Stop> {
        let bases = &self.trial.bases;
        let index = bases.iter().position(|base| base.subject == *subject).ok_or(Stop::Impossible)?;
        bases[index].choices.get(self.world.cell(index)).ok_or(Stop::Impossible)
    }

    fn read(&self, kind: &ExpressionKind) -> Result<Value, Stop> {
        let place = Expression { kind: kind.clone(), r#type: Type::BOOL, span: Span::default() };
        match self.choice(&Subject::Read(without_spans(&place).kind))? {
            Choice::Value(value) => Ok(value.clone()),
            Choice::Leaf(_) | Choice::Occupied(_) => Err(Stop::Impossible),
        }
    }

    fn value(&self, expression: &Expression) -> Result<Value, Stop> {
        Ok(match &expression.kind {
            ExpressionKind::Literal(value) => Value::from(value),
            ExpressionKind::Variable(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Field(_)
            | ExpressionKind::Key => self.read(&expression.kind)?,
            ExpressionKind::Condition(id, arguments) => self.condition(*id, arguments, &expression.kind)?,
            ExpressionKind::Not(of) => Value::Bool(self.value(of)? != Value::Bool(true)),
            ExpressionKind::Negate(of) => match self.value(of)? {
                Value::Integer(number) => Value::Integer(-number).passed_to(expression.r#type),
                value => value,
            },
            ExpressionKind::Present(of) => match self.value(of)? {
                Value::None => return Err(Stop::Impossible),
                value => value,
            },
            ExpressionKind::Extreme(extreme, left, right) => {
                extreme_of(*extreme, self.value(left)?, self.value(right)?)
            }
            ExpressionKind::Binary(operator @ (BinaryOperator::And | BinaryOperator::Or), left, right) => {
                let left = self.value(left)? == Value::Bool(true);
                if left == (*operator == BinaryOperator::Or) { Value::Bool(left) } else { self.value(right)? }
            }
            ExpressionKind::Binary(BinaryOperator::Coalesce, left, right) => match self.value(left)? {
                Value::None => self.value(right)?.passed_to(expression.r#type),
                value => value.passed_to(expression.r#type),
            },
            ExpressionKind::Binary(operator, left, right) => {
                let (value, divided) = operation(*operator, &self.value(left)?, &self.value(right)?);
                if divided {
                    return Err(Stop::Divided);
                }
                value.passed_to(expression.r#type)
            }
            ExpressionKind::InState { who, automaton, state } => {
                self.answers.borrow_mut().looks.push(without_spans(expression).kind);
                Value::Bool(self.in_state(who, *automaton, *state)?)
            }
        })
    }

    fn condition(&self, id: ConditionId, arguments: &[Expression], whole: &ExpressionKind) -> Result<Value, Stop> {
        let places = self.trial.automaton.conditions[id].arguments.iter();
        let arguments: Vec<Value> = arguments
            .iter()
            .zip(places)
            .map(|(argument, place)| Ok(self.value(argument)?.passed_to(place.r#type)))
            .collect::<Result<_, Stop>>()?;
        let known = |answers: &Answers| {
            let same = answers.conditions.iter().find(|(asked, with, _)| *asked == id && *with == arguments);
            same.map(|(_, _, answer)| answer.clone())
        };
        if let Some(answer) = known(&self.answers.borrow()) {
            return Ok(answer);
        }
        let answer = self.read(whole)?;
        self.answers.borrow_mut().conditions.push((id, arguments, answer.clone()));
        Ok(answer)
    }

    fn in_state(&self, who: &Observed, automaton: AutomatonId, state: StateId) -> Result<bool, Stop> {
        let observed = &self.trial.system.automata[automaton];
        let is_in = |leaf: Option<StateId>| leaf.is_some_and(|leaf| observed.is_in(leaf, state));
        let mut leaves = leaves(self.trial.system, automaton);
        Ok(match who {
            Observed::One | Observed::Itself => is_in(self.leaf(&Subject::Leaf(automaton, None))?),
            Observed::Keyed(key) => is_in(self.instance(automaton, key)?),
            Observed::Any | Observed::No => {
                let mut inside = leaves.filter(|&leaf| observed.is_in(leaf, state));
                let any = inside.try_fold(false, |any, leaf| Ok(any || self.is_occupied(automaton, leaf)?))?;
                any == (*who == Observed::Any)
            }
            Observed::All => leaves.try_fold(true, |all, leaf| {
                Ok(all && (observed.is_in(leaf, state) || !self.is_occupied(automaton, leaf)?))
            })?,
        })
    }

    fn leaf(&self, subject: &Subject) -> Result<Option<StateId>, Stop> {
        match self.choice(subject)? {
            Choice::Leaf(leaf) => Ok(*leaf),
            Choice::Value(_) | Choice::Occupied(_) => Err(Stop::Impossible),
        }
    }

    fn is_occupied(&self, automaton: AutomatonId, leaf: StateId) -> Result<bool, Stop> {
        Ok(matches!(self.choice(&Subject::Occupied(automaton, leaf))?, Choice::Occupied(true)))
    }

    fn instance(&self, automaton: AutomatonId, key: &Expression) -> Result<Option<StateId>, Stop> {
        let value = self.value(key)?;
        let key_type = self.trial.system.automata[automaton].key.as_ref().map(|key| key.r#type);
        if !key_type.is_some_and(|of| value.is_of(self.trial.system, of)) {
            return Ok(None);
        }
        let known = |answers: &Answers| {
            let same = answers.instances.iter().find(|(of, asked, _)| *of == automaton && *asked == value);
            same.map(|(_, _, leaf)| *leaf)
        };
        if let Some(leaf) = known(&self.answers.borrow()) {
            return Ok(leaf);
        }
        let leaf = self.leaf(&Subject::Leaf(automaton, Some(without_spans(key).kind)))?;
        self.answers.borrow_mut().instances.push((automaton, value, leaf));
        Ok(leaf)
    }

    /// Whether the instances that were looked at one by one fit to what was found of all of them.
    fn is_possible(&self) -> bool {
        let mut occupied: BTreeMap<AutomatonId, (Vec<StateId>, Vec<StateId>)> = BTreeMap::new();
        for (index, cell) in self.world.chosen() {
            let base = &self.trial.bases[index];
            if let (Subject::Occupied(automaton, leaf), Choice::Occupied(is_so)) = (&base.subject, &base.choices[cell])
            {
                let (full, empty) = occupied.entry(*automaton).or_default();
                if *is_so { full.push(*leaf) } else { empty.push(*leaf) }
            }
        }
        let answers = self.answers.borrow();
        occupied.into_iter().all(|(automaton, (mut full, empty))| {
            let mut known = 0;
            for (_, _, leaf) in answers.instances.iter().filter(|(of, ..)| *of == automaton) {
                known += 1;
                if leaf.is_some_and(|leaf| empty.contains(&leaf)) {
                    return false;
                }
                full.retain(|occupied| Some(*occupied) != *leaf);
            }
            // Each of the others needs a key of its own.
            let key = self.trial.system.automata[automaton].key.as_ref();
            key.is_some_and(|key| full.len() + known <= most_values(self.trial.system, key.r#type))
        })
    }

    /// What was read in this world, each with its value.
    fn facts(&self) -> Vec<Expression> {
        let mut told = Vec::new();
        let mut facts = Vec::new();
        for guard in self.trial.steps.iter().flatten() {
            self.facts_of(guard, &mut told, &mut facts);
        }
        facts
    }

    fn facts_of(&self, expression: &Expression, told: &mut Vec<ExpressionKind>, facts: &mut Vec<Expression>) {
        let is_fact = match &expression.kind {
            ExpressionKind::InState { .. } => true,
            // Values that cannot be written: what they are compared with says more.
            ExpressionKind::Binary(operator, left, _) if operator.compares() => !self.trial.can_be_written(left.r#type),
            _ => is_read(expression),
        };
        if !is_fact {
            expression.children().into_iter().for_each(|child| self.facts_of(child, told, facts));
            return;
        }
        let of = without_spans(expression);
        if self.was_read(expression)
            && !told.contains(&of.kind)
            && let Ok(value) = self.value(expression)
        {
            told.push(of.kind.clone());
            facts.extend(fact(of, &value));
        }
    }

    /// All that it depends on was read.
    fn was_read(&self, expression: &Expression) -> bool {
        let chosen: Vec<usize> = self.world.chosen().map(|(index, _)| index).collect();
        let mut all = true;
        expression.visit(&mut |below| match &below.kind {
            ExpressionKind::InState { .. } => {
                all &= self.answers.borrow().looks.contains(&without_spans(below).kind);
            }
            _ if is_read(below) => {
                let wanted = Subject::Read(without_spans(below).kind);
                all &= chosen.iter().any(|index| self.trial.bases[*index].subject == wanted);
            }
            _ => {}
        });
        all
    }
}

/// That this has this value, as a guard.
pub fn fact(of: Expression, value: &Value) -> Option<Expression> {
    let with = |kind| Expression { kind, r#type: Type::BOOL, span: Span::default() };
    let constant = match (value, of.r#type.base) {
        (Value::Bool(true), _) if !of.r#type.optional => return Some(of),
        (Value::Bool(false), _) if !of.r#type.optional => {
            return Some(with(match of.kind {
                ExpressionKind::Binary(BinaryOperator::Equal, left, right) => {
                    ExpressionKind::Binary(BinaryOperator::NotEqual, left, right)
                }
                ExpressionKind::Binary(BinaryOperator::NotEqual, left, right) => {
                    ExpressionKind::Binary(BinaryOperator::Equal, left, right)
                }
                _ => ExpressionKind::Not(Box::new(of)),
            }));
        }
        (Value::None, _) => model::Value::None,
        (Value::Bool(value), _) => model::Value::Bool(*value),
        (Value::Integer(number), _) => model::Value::Integer(*number),
        (Value::Duration(ms), _) => model::Value::Duration(*ms),
        (Value::Variant(index), BaseType::Declared(id)) => model::Value::Variant(id, *index),
        _ => return None,
    };
    let constant = Expression { kind: ExpressionKind::Literal(constant), ..of.clone() };
    Some(with(ExpressionKind::Binary(BinaryOperator::Equal, Box::new(of), Box::new(constant))))
}

/// How many values a key can have.
fn most_values(system: &System, of: Type) -> usize {
    match of.base {
        BaseType::Bool => 2,
        BaseType::Declared(id) => match &system.types[id].kind {
            TypeKind::Enum(variants) => variants.len(),
            TypeKind::Opaque => usize::MAX,
        },
        BaseType::Integer(_) | BaseType::Duration | BaseType::String | BaseType::Bytes => 256,
    }
}
