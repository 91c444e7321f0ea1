//! Runs that are followed with the values of variables, as far as they are known.
//!
//! A value is known from the beginning, and as long as what is assigned asks nobody and depends on no field. A guard
//! that depends on something unknown may hold or not.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use super::steps::{self, Step};
use super::subject::Subject;
use crate::interpreter::{Look, Value};
use crate::model::{Assignment, Effects, Expression, ExpressionKind, StateId, TransitionId, VariableId};
use crate::selection::{Answer, Chain, LeafAnswers};

/// Points that are visited at most.
const MOST_POINTS: usize = 1000;
/// As at run time.
const MOST_MICROSTEPS: usize = 64;

/// A moment of a run: the active leaf, and the values of variables; `None` is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Point {
    pub leaf: StateId,
    pub values: Vec<Option<Value>>,
}

/// What is done next.
pub enum Next<'c, 'a> {
    Step(&'c Step<'a>),
    Nothing,
    Unknown,
}

/// Where `always` leads.
pub enum Settled {
    /// No `always` holds any more, or the instance has ended.
    Done,
    Unknown,
    /// It is stopped. The transitions that it takes in the end.
    Endless(BTreeSet<TransitionId>),
}

/// The transitions of an automaton, to be followed.
pub struct Course<'s, 'a> {
    subject: &'s Subject<'a>,
    steps: Vec<Step<'a>>,
    /// The steps of a transition in a leaf.
    of: BTreeMap<(StateId, TransitionId), Vec<usize>>,
    /// Variables on which guards depend. The others are left unknown, to have fewer points.
    relevant: BTreeSet<VariableId>,
}

impl<'s, 'a> Course<'s, 'a> {
    pub fn new(subject: &'s Subject<'a>) -> Self {
        let steps = steps::all(subject);
        let mut of: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (index, step) in steps.iter().enumerate() {
            if let (Some(from), Some(transition)) = (step.from, step.transition) {
                of.entry((from, transition)).or_default().push(index);
            }
        }
        let guards = subject.automaton.transitions.iter().filter_map(|transition| transition.guard.as_ref());
        let relevant = depended_on(subject, guards);
        Course { subject, steps, of, relevant }
    }

    /// Nothing is known but where it is.
    pub fn unknown(&self, leaf: StateId) -> Point {
        Point { leaf, values: vec![None; self.subject.automaton.variables.len()] }
    }

    /// Points to which runs lead from the start, before `always` is looked at.
    pub fn explore(&self) -> Vec<Point> {
        let mut initial = self.unknown(StateId::ROOT);
        for &id in &self.relevant {
            initial.values[id.index()] = Some(Value::from(&self.subject.automaton.variables[id].initial));
        }
        let start = self.after(&self.steps[0], &initial);
        let mut seen = HashSet::from([start.clone()]);
        let mut open = VecDeque::from([start]);
        let mut points = Vec::new();
        while points.len() < MOST_POINTS
            && let Some(point) = open.pop_front()
        {
            open.extend(self.following(&point).into_iter().filter(|next| seen.insert(next.clone())));
            points.push(point);
        }
        points
    }

    /// Whether runs from the start, all of them followed with all of these values known, come to those leaves and never
    /// stay in a loop there.
    pub fn is_free_of_loops(&self, leaves: &BTreeSet<StateId>, read: &BTreeSet<VariableId>) -> bool {
        let points = self.explore();
        let is_known = |point: &Point| read.iter().all(|id| point.values[id.index()].is_some());
        let there: Vec<&Point> = points.iter().filter(|point| leaves.contains(&point.leaf)).collect();
        points.len() < MOST_POINTS
            && there.iter().all(|point| is_known(point) && matches!(self.settle(point), Settled::Done))
    }

    fn following(&self, point: &Point) -> Vec<Point> {
        let Some(of) = self.answers(point.leaf) else { return Vec::new() };
        let (mut points, rests) = self.ways(&of.always, point);
        // What goes on for ever is stopped where it is.
        let rests = if rests { !of.is_transient() } else { matches!(self.settle(point), Settled::Endless(_)) };
        if rests {
            for chain in of.events.iter().chain(&of.timers) {
                points.extend(self.ways(chain, point).0);
            }
        }
        points
    }

    /// Where a chain may lead, and whether it may be that nothing answers.
    fn ways(&self, chain: &Chain, point: &Point) -> (Vec<Point>, bool) {
        let mut points = Vec::new();
        for step in &chain.steps {
            let holds = self.holds(step.guard, point);
            if holds == Some(false) {
                continue;
            }
            if let Answer::Transition(id) = step.answer {
                let steps = self.of.get(&(point.leaf, id)).into_iter().flatten();
                points.extend(steps.map(|&index| self.after(&self.steps[index], point)));
            }
            if holds == Some(true) && step.key.is_none() {
                return (points, false);
            }
        }
        (points, true)
    }

    /// The step that is taken in any case.
    pub fn next(&self, chain: &Chain, point: &Point, constant: impl Fn(&Expression) -> Option<bool>) -> Next<'_, 'a> {
        for step in &chain.steps {
            let holds = self.holds(step.guard, point).or_else(|| step.guard.and_then(&constant));
            if holds == Some(false) {
                continue;
            }
            let (Some(true), None, Answer::Transition(id)) = (holds, step.key, step.answer) else {
                return Next::Unknown;
            };
            return match self.of.get(&(point.leaf, id)).map(Vec::as_slice) {
                Some([only]) => Next::Step(&self.steps[*only]),
                Some(_) => Next::Unknown,
                None => Next::Nothing,
            };
        }
        Next::Nothing
    }

    /// Takes `always` transitions until none holds.
    pub fn settle(&self, point: &Point) -> Settled {
        let mut point = point.clone();
        let mut taken = Vec::new();
        while let Some(of) = self.answers(point.leaf) {
            match self.next(&of.always, &point, |_| None) {
                Next::Unknown => return Settled::Unknown,
                Next::Nothing => break,
                Next::Step(_) if taken.len() == MOST_MICROSTEPS => {
                    return Settled::Endless(taken.split_off(MOST_MICROSTEPS / 2).into_iter().collect());
                }
                Next::Step(step) => {
                    taken.extend(step.transition);
                    point = self.after(step, &point);
                }
            }
        }
        Settled::Done
    }

    pub fn answers(&self, leaf: StateId) -> Option<&'s LeafAnswers<'a>> {
        self.subject.answers.iter().find(|of| of.leaf == leaf)
    }

    /// After a step that begins there.
    pub fn after(&self, step: &Step, point: &Point) -> Point {
        let mut point = Point { leaf: step.to, values: point.values.clone() };
        for assignment in step.parts.iter().flat_map(|part| part.effects.assignments()) {
            let value = self.assigned(assignment, &point);
            point.values[assignment.variable.index()] = value;
        }
        point
    }

    fn assigned(&self, assignment: &Assignment, point: &Point) -> Option<Value> {
        let variable = &self.subject.automaton.variables[assignment.variable];
        if !self.relevant.contains(&assignment.variable) {
            return None;
        }
        let (value, _) = self.value(&assignment.value, point)?;
        let bound = |number: i128| variable.bounds.map_or(number, |(low, high)| number.clamp(low, high));
        Some(match value.passed_to(variable.r#type) {
            Value::Integer(number) => Value::Integer(bound(number)),
            Value::Duration(ms) => Value::Duration(bound(i128::from(ms)) as u64),
            value => value,
        })
    }

    fn holds(&self, guard: Option<&Expression>, point: &Point) -> Option<bool> {
        let Some(guard) = guard else { return Some(true) };
        let (value, divided_by_zero) = self.value(guard, point)?;
        Some(value == Value::Bool(true) && !divided_by_zero)
    }

    /// Its value, and whether something was divided by zero.
    fn value(&self, expression: &Expression, point: &Point) -> Option<(Value, bool)> {
        let automaton = self.subject.automaton;
        let is_unknown = |below: &Expression| match below.kind {
            ExpressionKind::Variable(id) => point.values[id.index()].is_none(),
            ExpressionKind::Parameter(id) => automaton.parameters[id].default.is_none(),
            _ => false,
        };
        if expression.contains(is_unknown) {
            return None;
        }
        let known = |value: &Option<Value>| value.clone().unwrap_or(Value::None);
        let parameters = automaton.parameters.iter().map(|of| of.default.as_ref().map_or(Value::None, Value::from));
        let (variables, parameters): (Vec<Value>, Vec<Value>) =
            (point.values.iter().map(known).collect(), parameters.collect());
        let mut look = Look {
            key: None,
            parameters: &parameters,
            variables: &variables,
            in_state: &|_, _, _| None,
            divided_by_zero: false,
        };
        Some((look.value(expression)?, look.divided_by_zero))
    }
}

/// The variables on which these expressions depend, also through what is assigned.
pub fn depended_on<'e>(subject: &Subject, of: impl IntoIterator<Item = &'e Expression>) -> BTreeSet<VariableId> {
    let mut found = BTreeSet::new();
    of.into_iter().for_each(|expression| read(expression, &mut found));
    let assignments: Vec<&Assignment> = subject.automaton.all_effects().flat_map(Effects::assignments).collect();
    loop {
        let before = found.len();
        for assignment in &assignments {
            if found.contains(&assignment.variable) {
                read(&assignment.value, &mut found);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

fn read(expression: &Expression, found: &mut BTreeSet<VariableId>) {
    expression.visit(&mut |below| {
        if let ExpressionKind::Variable(id) = below.kind {
            found.insert(id);
        }
    });
}
