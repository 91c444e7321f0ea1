//! Selection, without running it: in a leaf, who answers to an event, a timer, or nothing at all (`always`).
//!
//! The steps of a [`Chain`] are in the order of asking (`docs/SEMANTICS.md`, section 2). Guards are judged together
//! ([`crate::worlds`]), so a step after guards that leave nothing over is known never to be reached.

use crate::model::{
    Automaton, BinaryOperator, EventId, Expression, ExpressionKind, Field, Response, StateId, System, TimerId,
    TransitionId, Type,
};
use crate::printer::Printer;
use crate::source::Span;
use crate::worlds::{Formula, Verdict, World, Worlds, open_case, without_spans};

/// All that is asked when one thing happens in one leaf.
#[derive(Debug)]
pub struct Chain<'a> {
    /// What happens.
    pub cause: Cause<'a>,
    /// In the order of asking.
    pub steps: Vec<Step<'a>>,
    /// Whether something always answers.
    pub remainder: Remainder,
    /// The guards were checked. They are not if they have too many cases.
    pub is_judged: bool,
}

/// What happens.
#[derive(Clone, Copy, Debug)]
pub enum Cause<'a> {
    /// An event comes.
    Event(Arrival<'a>),
    /// A timer is due.
    Timer(TimerId),
    /// A transition was performed, or the instance was started.
    Always,
}

/// An event that arrives. If an observation is only awaited with certain keys, each key is a separate arrival: all
/// other keys are ignored by the rules.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The event.
    pub event: EventId,
    /// The key that it comes with, where the definition only asks for certain ones.
    pub key: Option<&'a Expression>,
}

/// One question of a chain.
#[derive(Debug)]
pub struct Step<'a> {
    /// The state that is asked.
    pub state: StateId,
    /// What it says.
    pub answer: Answer,
    /// If this holds; `None`: always.
    pub guard: Option<&'a Expression>,
    /// Only for this key of the observation.
    pub key: Option<&'a Expression>,
    /// Of the handler or timer.
    pub handler: Span,
    /// This step can be reached: the ones before leave something over, in which it holds.
    pub reached: bool,
}

/// What a step says if it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// This transition (which may be an `ignore`) is performed.
    Transition(TransitionId),
    /// The event is kept.
    Defer,
    /// The event is ignored.
    Ignore,
    /// Nobody answers the event, so it is ignored.
    IgnoreOthers,
}

/// What the steps of a chain leave over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remainder {
    /// Nothing: some step always answers.
    Nothing,
    /// Something: there is a case in which none answers.
    Something,
    /// Unknown: the guards are too many, or depend on one another in a way that was not found out.
    Unknown,
}

/// What one leaf answers to everything.
#[derive(Debug)]
pub struct LeafAnswers<'a> {
    /// The leaf.
    pub leaf: StateId,
    /// For each arrival, in the order of the events.
    pub events: Vec<Chain<'a>>,
    /// For each timer that runs, from the inside out.
    pub timers: Vec<Chain<'a>>,
    /// What happens by itself.
    pub always: Chain<'a>,
}

impl LeafAnswers<'_> {
    /// The leaf is always left at once, so that no event and no timer finds it.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.always.remainder == Remainder::Nothing
    }

    /// What can happen there.
    pub fn chains(&self) -> impl Iterator<Item = &Chain<'_>> {
        let outside = (!self.is_transient()).then(|| self.events.iter().chain(&self.timers));
        outside.into_iter().flatten().chain([&self.always])
    }
}

/// The answers of every leaf that is not final.
#[must_use]
pub fn answers<'a>(system: &'a System, automaton: &'a Automaton) -> Vec<LeafAnswers<'a>> {
    let asker = Asker { system, automaton };
    let arrivals = all_arrivals(automaton);
    let leaves = automaton.leaves().filter(|&leaf| !automaton.states[leaf].is_final);
    leaves.map(|leaf| asker.leaf(leaf, &arrivals)).collect()
}

/// The answers of one leaf.
#[must_use]
pub fn answers_in<'a>(system: &'a System, automaton: &'a Automaton, leaf: StateId) -> LeafAnswers<'a> {
    Asker { system, automaton }.leaf(leaf, &all_arrivals(automaton))
}

fn all_arrivals(automaton: &Automaton) -> Vec<Arrival<'_>> {
    (0..automaton.events.len() as u32).flat_map(|event| arrivals(automaton, EventId(event))).collect()
}

/// The ways in which an event can arrive.
fn arrivals(automaton: &Automaton, event: EventId) -> Vec<Arrival<'_>> {
    let handlers = automaton.states.iter().flat_map(|state| &state.handlers).filter(|handler| handler.event == event);
    let mut keys: Vec<&Expression> = Vec::new();
    let mut for_any_key = false;
    for handler in handlers {
        match &handler.key {
            None => for_any_key = true,
            Some(key) if keys.iter().any(|known| without_spans(known) == without_spans(key)) => {}
            Some(key) => keys.push(key),
        }
    }
    if for_any_key || keys.is_empty() {
        return vec![Arrival { event, key: None }];
    }
    keys.into_iter().map(|key| Arrival { event, key: Some(key) }).collect()
}

/// When a chain that leaves something over does: facts that read like guards; empty if it is always so.
#[must_use]
pub fn example_of_remainder(system: &System, automaton: &Automaton, chain: &Chain) -> Vec<String> {
    let conditions: Vec<Vec<Expression>> = chain.steps.iter().map(conditions).collect();
    let worlds = Worlds::of(system, automaton, conditions.iter().flatten());
    let fields = fields(automaton, chain.cause);
    if worlds.is_uncertain() {
        let Verdict::Open(facts) = open_case(system, automaton, fields, &conditions) else { return Vec::new() };
        let printer = Printer::new(system, automaton);
        return facts.iter().map(|fact| printer.expression_over(fact, fields)).collect();
    }
    let formulas = formulas(&worlds, &conditions);
    let is_open =
        |world: &World| !formulas.iter().any(|formula| formula.holds(world)) && !worlds.is_before_the_start(world);
    worlds.example(fields, is_open).unwrap_or_default()
}

/// Of the event at hand.
fn fields<'a>(automaton: &'a Automaton, cause: Cause) -> &'a [Field] {
    match cause {
        Cause::Event(arrival) => &automaton.events[arrival.event].fields,
        Cause::Timer(_) | Cause::Always => &[],
    }
}

fn formulas(worlds: &Worlds, conditions: &[Vec<Expression>]) -> Vec<Formula> {
    conditions.iter().map(|all| Formula::All(all.iter().map(|one| worlds.guard(one)).collect())).collect()
}

struct Asker<'a> {
    system: &'a System,
    automaton: &'a Automaton,
}

impl<'a> Asker<'a> {
    fn leaf(&self, leaf: StateId, arrivals: &[Arrival<'a>]) -> LeafAnswers<'a> {
        let states = || self.automaton.outwards(leaf);
        let timers = states().flat_map(|state| self.automaton.states[state].timers.iter().copied());
        let always = states().flat_map(|state| self.cases(state, &self.automaton.states[state].always)).collect();
        LeafAnswers {
            leaf,
            events: arrivals.iter().map(|arrival| self.event(leaf, *arrival)).collect(),
            timers: timers.map(|timer| self.timer(timer)).collect(),
            always: self.judged(Cause::Always, always),
        }
    }

    fn event(&self, leaf: StateId, arrival: Arrival<'a>) -> Chain<'a> {
        let mut steps = Vec::new();
        for state in self.automaton.outwards(leaf) {
            for handler in self.automaton.states[state].handlers.iter().filter(|handler| handler.event == arrival.event)
            {
                let key = match (&handler.key, arrival.key) {
                    (Some(key), Some(wanted)) if without_spans(key) == without_spans(wanted) => None,
                    (Some(_), Some(_)) => continue,
                    (key, _) => key.as_ref(),
                };
                let step = |answer| Step { state, answer, guard: None, key, handler: handler.span, reached: true };
                match &handler.response {
                    Response::Cases(cases) => steps.extend(self.cases(state, cases).into_iter().map(|case| Step {
                        key,
                        handler: handler.span,
                        ..case
                    })),
                    Response::Defer { .. } => steps.push(step(Answer::Defer)),
                    Response::Ignore { .. } => steps.push(step(Answer::Ignore)),
                }
            }
        }
        let others = self.automaton.outwards(leaf).find(|&state| self.automaton.states[state].ignores_others.is_some());
        steps.extend(others.map(|state| {
            let handler = self.automaton.states[state].span;
            Step { state, answer: Answer::IgnoreOthers, guard: None, key: None, handler, reached: true }
        }));
        self.judged(Cause::Event(arrival), steps)
    }

    fn timer(&self, timer: TimerId) -> Chain<'a> {
        let (automaton, id) = (self.automaton, timer);
        let timer = &automaton.timers[id];
        let steps = self.cases(timer.state, &timer.cases).into_iter().map(|case| Step { handler: timer.span, ..case });
        self.judged(Cause::Timer(id), steps.collect())
    }

    fn cases(&self, state: StateId, cases: &'a [TransitionId]) -> Vec<Step<'a>> {
        let step = |&id: &TransitionId| {
            let transition = &self.automaton.transitions[id];
            let guard = transition.guard.as_ref();
            Step { state, answer: Answer::Transition(id), guard, key: None, handler: transition.span, reached: true }
        };
        cases.iter().map(step).collect()
    }

    /// Fills in what is reached, and what is left over.
    fn judged(&self, cause: Cause<'a>, mut steps: Vec<Step<'a>>) -> Chain<'a> {
        let decisive = steps.iter().position(|step| step.guard.is_none() && step.key.is_none());
        let always_answers =
            |step: &Step| step.key.is_none() && step.guard.is_some_and(|guard| self.always_holds(guard));
        for step in steps.iter_mut().skip(decisive.map_or(usize::MAX, |index| index + 1)) {
            step.reached = false;
        }
        let asked = decisive.unwrap_or(steps.len());
        let mut is_judged = true;
        let remainder = match decisive {
            Some(0) => Remainder::Nothing,
            _ if steps.is_empty() => Remainder::Something,
            _ => {
                let judged = self.judge(cause, &mut steps, asked);
                is_judged = judged.is_some();
                match judged {
                    None | Some(Remainder::Unknown) if steps.iter().any(always_answers) => Remainder::Nothing,
                    judged => judged.unwrap_or(Remainder::Unknown),
                }
            }
        };
        let remainder = if decisive.is_some() { Remainder::Nothing } else { remainder };
        Chain { cause, steps, remainder, is_judged }
    }

    /// Whether that guard holds in all worlds.
    fn always_holds(&self, guard: &Expression) -> bool {
        let worlds = Worlds::of(self.system, self.automaton, [guard]);
        let formula = worlds.guard(guard);
        let mut holds = true;
        worlds.each(|world| holds &= formula.holds(world)) && holds
    }

    /// Of the steps before `asked`, all of which have guards; then of the one there, if there is one.
    fn judge(&self, cause: Cause, steps: &mut [Step<'a>], asked: usize) -> Option<Remainder> {
        let conditions: Vec<Vec<Expression>> = steps[..asked].iter().map(conditions).collect();
        let worlds = Worlds::of(self.system, self.automaton, conditions.iter().flatten());
        let formulas = formulas(&worlds, &conditions);
        let mut reached = vec![false; steps.len()];
        let mut remains = false;
        let whole = worlds.each(|world| match formulas.iter().position(|formula| formula.holds(world)) {
            Some(first) => reached[first] = true,
            None => {
                remains |= !worlds.is_before_the_start(world);
                if let Some(next) = reached.get_mut(asked) {
                    *next = true;
                }
            }
        });
        if !whole {
            return None;
        }
        for (step, reached) in steps.iter_mut().zip(reached) {
            step.reached = reached;
        }
        Some(match (remains, worlds.is_uncertain()) {
            (false, _) => Remainder::Nothing,
            (true, false) => Remainder::Something,
            // Then what remains may be impossible.
            (true, true) => match open_case(self.system, self.automaton, fields(self.automaton, cause), &conditions) {
                Verdict::Open(_) => Remainder::Something,
                Verdict::Closed => Remainder::Nothing,
                Verdict::Unknown => Remainder::Unknown,
            },
        })
    }
}

/// What must hold for a step to answer.
fn conditions(step: &Step) -> Vec<Expression> {
    let mut all: Vec<Expression> = step.guard.into_iter().cloned().collect();
    if let Some(key) = step.key {
        let bound = Expression {
            kind: ExpressionKind::Field(0),
            r#type: Type { optional: false, ..key.r#type },
            span: key.span,
        };
        let kind = ExpressionKind::Binary(BinaryOperator::Equal, Box::new(bound), Box::new(key.clone()));
        all.push(Expression { kind, r#type: Type::BOOL, span: key.span });
    }
    all
}
