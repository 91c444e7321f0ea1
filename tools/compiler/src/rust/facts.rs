//! What an automaton uses, so that the generator emits nothing else.

use std::collections::BTreeSet;

use super::names::{self, Unique};
use crate::model::{
    Automaton, AutomatonId, BinaryOperator, Change, Effects, EventKind, Expression, ExpressionKind, Observed, Reaction,
    Response, StateId, System, TimerId, TransitionId,
};
use crate::source::Sources;

/// A form of `X in S`, apart from its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read {
    /// X.
    pub automaton: AutomatonId,
    /// S.
    pub state: StateId,
    /// Which instances.
    pub who: Who,
}

/// [`Observed`] without the key.
#[allow(missing_docs, reason = "as in the model")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    One,
    Keyed,
    Any,
    All,
    No,
}

/// An automaton with all that is asked of it again and again.
pub struct Facts<'a> {
    /// Everything.
    pub system: &'a System,
    /// For places.
    pub sources: &'a Sources,
    /// This one.
    pub id: AutomatonId,
    /// This one.
    pub automaton: &'a Automaton,
    /// Its changes of state that somebody observes.
    pub observed: BTreeSet<(Change, StateId)>,
    /// What its expressions read of the table of states.
    pub reads: BTreeSet<Read>,
    /// Variants of `Transition`, by [`TransitionId`]; empty for those without a target.
    pub transitions: Vec<String>,
    /// Variants of `Timer`, by [`TimerId`].
    pub timers: Vec<String>,
}

impl<'a> Facts<'a> {
    /// Collects them.
    pub fn new(system: &'a System, sources: &'a Sources, id: AutomatonId) -> Self {
        let automaton = &system.automata[id];
        let mut reads = BTreeSet::new();
        each_expression(automaton, &mut |expression| {
            if let ExpressionKind::InState { who, automaton, state } = &expression.kind
                && let Some(who) = who_of(who)
            {
                reads.insert(Read { automaton: *automaton, state: *state, who });
            }
        });
        let observations = system.automata.iter().flat_map(|observer| &observer.events);
        let observed = observations.filter_map(|event| match event.kind {
            EventKind::Observation { automaton, change, state } if automaton == id => Some((change, state)),
            _ => None,
        });
        let mut unique = Unique::default();
        let timers = automaton.timers.iter().map(|timer| unique.name(names::timer_variant(automaton, timer))).collect();
        let mut unique = Unique::default();
        unique.name("Start".to_owned());
        let transitions = automaton.transitions.iter().map(|transition| match transition.reaction {
            Reaction::To(_) => unique.name(transition_name(system, automaton, transition)),
            _ => String::new(),
        });
        Self {
            system,
            sources,
            id,
            automaton,
            observed: observed.collect(),
            reads,
            transitions: transitions.collect(),
            timers,
        }
    }

    /// The variant of a timer.
    pub fn timer(&self, id: TimerId) -> &str {
        &self.timers[id.index()]
    }

    /// The variant of a transition.
    pub fn transition(&self, id: TransitionId) -> &str {
        &self.transitions[id.index()]
    }

    /// Some state says `defer`.
    pub fn defers(&self) -> bool {
        let mut handlers = self.automaton.states.iter().flat_map(|state| &state.handlers);
        handlers.any(|handler| matches!(handler.response, Response::Defer { .. }))
    }

    /// Some state ignores what nobody answers.
    pub fn ignores_others(&self) -> bool {
        self.automaton.states.iter().any(|state| state.ignores_others.is_some())
    }

    /// States that remember, the outermost first.
    pub fn histories(&self) -> Vec<StateId> {
        let remembers = |id: &StateId| self.automaton.states[*id].history != crate::model::History::None;
        self.automaton.state_ids().filter(remembers).collect()
    }

    /// Some state has `always`.
    pub fn has_always(&self) -> bool {
        self.automaton.states.iter().any(|state| !state.always.is_empty())
    }

    /// It asks the host.
    pub fn has_conditions(&self) -> bool {
        !self.automaton.conditions.is_empty()
    }

    /// It asks anything.
    pub fn asks(&self) -> bool {
        self.has_conditions() || !self.reads.is_empty()
    }

    /// Whether entering a state leaves a trace beyond the state itself.
    pub fn enters_visibly(&self, id: StateId) -> bool {
        let state = &self.automaton.states[id];
        !state.entry.is_empty() || !state.timers.is_empty() || self.observed.contains(&(Change::Enters, id))
    }

    /// Whether leaving a state leaves a trace beyond the state itself.
    pub fn leaves_visibly(&self, id: StateId) -> bool {
        let state = &self.automaton.states[id];
        !state.exit.is_empty()
            || !state.timers.is_empty()
            || state.history != crate::model::History::None
            || self.observed.contains(&(Change::Leaves, id))
    }

    /// The type of the instances' key in Rust, `()` if there is one instance.
    pub fn key_type(&self) -> String {
        key_type(self.system, self.id)
    }

    /// The leaf that is entered at the start.
    pub fn initial_leaf(&self) -> StateId {
        self.automaton.default_entries(StateId::ROOT).last().copied().unwrap_or(StateId::ROOT)
    }

    /// The leaves inside a state, itself if it is one.
    pub fn leaves_in(&self, region: StateId) -> Vec<StateId> {
        self.automaton.leaves().filter(|&leaf| self.automaton.is_in(leaf, region)).collect()
    }
}

/// The type of an automaton's key in Rust, `()` if there is one instance.
pub fn key_type(system: &System, id: AutomatonId) -> String {
    match &system.automata[id].key {
        Some(key) => super::types::owned_type(system, key.r#type),
        None => "()".to_owned(),
    }
}

fn transition_name(system: &System, automaton: &Automaton, transition: &crate::model::Transition) -> String {
    let trigger = match transition.trigger {
        crate::model::Trigger::Event(event) => names::event_variant(system, &automaton.events[event]),
        crate::model::Trigger::Timer(timer) => {
            let timer = &automaton.timers[timer];
            let name = names::timer_variant(automaton, timer);
            name[names::camel(&automaton.states[timer.state].name).len()..].to_owned()
        }
        crate::model::Trigger::Always => "Always".to_owned(),
    };
    format!("{}{trigger}", names::camel(&automaton.states[transition.state].name))
}

fn who_of(who: &Observed) -> Option<Who> {
    Some(match who {
        Observed::One => Who::One,
        Observed::Keyed(_) => Who::Keyed,
        Observed::Any => Who::Any,
        Observed::All => Who::All,
        Observed::No => Who::No,
        Observed::Itself => return None,
    })
}

impl Read {
    /// The form of an expression; `None` for the forms that only properties have.
    pub fn of(who: &Observed, automaton: AutomatonId, state: StateId) -> Option<Self> {
        Some(Self { automaton, state, who: who_of(who)? })
    }
}

/// Every expression that is evaluated at run time, parts of expressions too.
pub fn each_expression<'a>(automaton: &'a Automaton, visit: &mut impl FnMut(&'a Expression)) {
    for transition in &automaton.transitions {
        if let Some(guard) = &transition.guard {
            each_part(guard, visit);
        }
        each_in_effects(&transition.effects, visit);
    }
    for state in &automaton.states {
        each_in_effects(&state.entry, visit);
        each_in_effects(&state.exit, visit);
        for &timer in &state.timers {
            each_part(&automaton.timers[timer].length, visit);
        }
        for key in state.handlers.iter().filter_map(|handler| handler.key.as_ref()) {
            each_part(key, visit);
        }
    }
}

/// The expressions of one part of a step.
pub fn each_in_effects<'a>(effects: &'a Effects, visit: &mut impl FnMut(&'a Expression)) {
    for expression in effects.expressions() {
        each_part(expression, visit);
    }
}

/// An expression and all its parts.
pub fn each_part<'a>(expression: &'a Expression, visit: &mut impl FnMut(&'a Expression)) {
    expression.visit(visit);
}

/// Whether something in it divides.
pub fn divides(expression: &Expression) -> bool {
    let mut divides = false;
    each_part(expression, &mut |part| {
        divides |=
            matches!(part.kind, ExpressionKind::Binary(BinaryOperator::Divide | BinaryOperator::Remainder, _, _));
    });
    divides
}

/// Whether evaluating it needs the context for itself: it asks, or may note a fault.
pub fn is_busy(expression: &Expression) -> bool {
    let mut is_busy = divides(expression);
    each_part(expression, &mut |part| {
        is_busy |= matches!(part.kind, ExpressionKind::Condition(..) | ExpressionKind::InState { .. });
    });
    is_busy
}

/// The fields of the event at hand that are used in it.
pub fn fields_in(expression: &Expression, fields: &mut BTreeSet<u32>) {
    each_part(expression, &mut |part| {
        if let ExpressionKind::Field(field) = part.kind {
            fields.insert(field);
        }
    });
}

/// The fields of the event at hand that an own part uses.
pub fn fields_of_effects(effects: &Effects) -> BTreeSet<u32> {
    let mut fields = BTreeSet::new();
    each_in_effects(effects, &mut |part| {
        if let ExpressionKind::Field(field) = part.kind {
            fields.insert(field);
        }
    });
    fields
}

impl Facts<'_> {
    /// The line of a place, from 1.
    pub fn line(&self, span: crate::source::Span) -> usize {
        self.sources.line_and_column(span).0
    }

    /// Every parameter has a default.
    pub fn all_defaulted(&self) -> bool {
        self.automaton.parameters.iter().all(|parameter| parameter.default.is_some())
    }

    /// Some parameter has a default.
    pub fn has_settings(&self) -> bool {
        self.automaton.parameters.iter().any(|parameter| parameter.default.is_some())
    }
}
