//! What an automaton uses, so that the generator emits nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::identifiers::{self, AutomatonNames, Names, Scope};
use super::options::Options;
use crate::model::{
    Automaton, AutomatonId, BaseType, BinaryOperator, Change, Condition, Effects, EventKind, Expression,
    ExpressionKind, Instances, Observed, Property, Response, StateId, System, Timer, TimerId,
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
pub struct Usage<'a> {
    /// Everything.
    pub system: &'a System,
    /// For places.
    pub sources: &'a Sources,
    /// The names by which modules know one another's things.
    pub names: &'a Names,
    /// This one.
    pub id: AutomatonId,
    /// This one.
    pub automaton: &'a Automaton,
    /// Its changes of state that somebody observes.
    pub observed: BTreeSet<(Change, StateId)>,
    /// What its expressions read of the table of states, with the names of its question.
    pub reads: BTreeMap<Read, QuestionNames>,
    /// Those of them whose key may be outside of the key's type, so that it is passed as a wider number.
    wide_reads: BTreeSet<Read>,
    /// The automata to which it sends by such a key, events or starts.
    wide_sends: BTreeSet<(AutomatonId, bool)>,
    /// It is driven by names too, and so says everything about itself.
    pub is_dynamic: bool,
    /// The properties that are looked at after every delivery, in the order of declaration.
    pub properties: Vec<&'a Property>,
    /// The names of its conditions, in the order of the file.
    pub conditions: Vec<QuestionNames>,
    /// Variants of `Action`, by its id.
    pub actions: Vec<String>,
    /// Variants of `Timer`, by [`TimerId`].
    pub timers: Vec<String>,
    /// What fields of an event cannot be called where they are variables: functions that are called there, and the
    /// generator's own variable.
    beside_fields: Scope,
    /// The function that enters the root.
    pub enter_root: String,
}

/// The names of a question.
pub struct QuestionNames {
    /// The method of `Ask`.
    pub method: String,
    /// The variant of `Question`.
    pub variant: String,
    /// What its arguments are called where they are fields or variables.
    pub arguments: Vec<String>,
    /// What those are called that were given earlier.
    pub known: Vec<String>,
    /// What the key of the instance is called where the host is asked.
    pub key: String,
}

impl<'a> Usage<'a> {
    /// Collects them.
    pub fn new(system: &'a System, sources: &'a Sources, names: &'a Names, id: AutomatonId, options: &Options) -> Self {
        let automaton = &system.automata[id];
        let observations = system.automata.iter().flat_map(|observer| &observer.events);
        let observed = observations.filter_map(|event| match event.kind {
            EventKind::Observation { automaton, change, state } if automaton == id => Some((change, state)),
            _ => None,
        });
        let (conditions, reads) = questions(system, automaton);
        let mut scope = Scope::default();
        let actions = automaton.actions.iter().map(|action| scope.variant(&identifiers::camel(&action.name)));
        let (beside_fields, enter_root) = functions(automaton);
        Self {
            system,
            sources,
            names,
            id,
            automaton,
            observed: observed.collect(),
            reads,
            wide_reads: wide_reads(system, automaton),
            wide_sends: wide_sends(system, automaton),
            is_dynamic: options.dynamic,
            properties: automaton
                .properties
                .iter()
                .filter(|property| options.properties && property.is_looked_at())
                .collect(),
            conditions,
            actions: actions.collect(),
            timers: timer_variants(automaton, names.of(id)),
            beside_fields,
            enter_root,
        }
    }

    /// Whether the question is asked with a key that may be outside of the key's type.
    pub fn is_wide(&self, read: Read) -> bool {
        self.wide_reads.contains(&read)
    }

    /// Whether it sends (or starts) by a key that may be outside of the key's type.
    pub fn sends_wide(&self, to: AutomatonId, is_start: bool) -> bool {
        self.wide_sends.contains(&(to, is_start))
    }

    /// What its properties look at, of other instances.
    pub fn watched(&self) -> BTreeSet<Read> {
        let mut watched = BTreeSet::new();
        for property in &self.properties {
            each_part(&property.expression, &mut |part| {
                if let ExpressionKind::InState { who, automaton, state } = &part.kind {
                    watched.extend(Read::of(who, *automaton, *state));
                }
            });
        }
        watched
    }

    /// The names by which others know it.
    pub fn own_names(&self) -> &'a AutomatonNames {
        self.names.of(self.id)
    }

    /// What stands before a name of another automaton's module: `x::`, or nothing if it is this one.
    pub fn path_to(&self, other: AutomatonId) -> String {
        if other == self.id { String::new() } else { format!("{}::", self.names.of(other).module) }
    }

    /// The modules of the other automata.
    pub fn other_modules(&self) -> impl Iterator<Item = &'a str> {
        let others = (0..self.system.automata.len() as u32).map(AutomatonId).filter(|id| *id != self.id);
        others.map(|id| self.names.of(id).module.as_str())
    }

    /// The variant of a leaf of this automaton, with its path.
    pub fn leaf(&self, id: StateId) -> String {
        format!("State::{}", self.own_names().state(id))
    }

    /// The variable that holds an event's field.
    pub fn binding(&self, field: &str) -> String {
        self.beside_fields.beside(field)
    }

    /// The variant of a timer.
    pub fn timer(&self, id: TimerId) -> &str {
        &self.timers[id.index()]
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

    /// Parts outside are asked for something.
    pub fn has_outside_actions(&self) -> bool {
        self.automaton.actions.iter().any(|action| self.system.is_outside(action))
    }

    /// Parts within are asked for something.
    pub fn has_inside_actions(&self) -> bool {
        self.automaton.actions.iter().any(|action| !self.system.is_outside(action))
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

/// The keyed reads of which at least one has a key that may be outside of the key's type.
fn wide_reads(system: &System, automaton: &Automaton) -> BTreeSet<Read> {
    let mut wide = BTreeSet::new();
    each_expression(automaton, &mut |expression| {
        if let ExpressionKind::InState { who: who @ Observed::Keyed(key), automaton, state } = &expression.kind
            && is_wide_key(system, *automaton, key)
        {
            wide.extend(Read::of(who, *automaton, *state));
        }
    });
    wide
}

/// The automata to which something is sent by such a key; whether it is a start.
fn wide_sends(system: &System, automaton: &Automaton) -> BTreeSet<(AutomatonId, bool)> {
    let mut wide = BTreeSet::new();
    for effects in all_effects(automaton) {
        let sends = effects.sends().filter_map(|send| match &send.to.instances {
            Instances::Keyed(key) => Some((send.to.automaton, &**key, false)),
            Instances::One | Instances::All => None,
        });
        let starts = effects.starts().filter_map(|start| Some((start.automaton, start.key.as_ref()?, true)));
        let is_wide = |&(to, key, _): &(AutomatonId, &Expression, bool)| is_wide_key(system, to, key);
        wide.extend(sends.chain(starts).filter(is_wide).map(|(to, _, is_start)| (to, is_start)));
    }
    wide
}

/// The parts of its transitions and states.
pub fn all_effects(automaton: &Automaton) -> impl Iterator<Item = &Effects> {
    let parts = automaton.transitions.iter().map(|transition| &transition.effects);
    parts.chain(automaton.states.iter().flat_map(|state| [&state.entry, &state.exit]))
}

/// Whether the expression may have a value that the key of that automaton cannot have.
pub fn is_wide_key(system: &System, automaton: AutomatonId, key: &Expression) -> bool {
    let declared = system.automata[automaton].key.as_ref().map(|key| key.r#type.base);
    match (&key.kind, key.r#type.base, declared) {
        (ExpressionKind::Literal(_), ..) => false,
        (_, BaseType::Integer(from), Some(BaseType::Integer(to))) => !super::types::widens(from, to),
        _ => false,
    }
}

/// The names of all questions: those of conditions first, which keep their own.
fn questions(system: &System, automaton: &Automaton) -> (Vec<QuestionNames>, BTreeMap<Read, QuestionNames>) {
    let (mut methods, mut variants) = (Scope::of(METHODS_OF_VALUES), Scope::default());
    let key = automaton.key.as_ref().map_or("", |key| key.name.as_str());
    let mut condition = |condition: &Condition| {
        // What the functions around them call their own.
        let mut locals = Scope::of(["answer", "arguments", "known", "question", "serializer"]);
        let arguments = condition.arguments.iter().map(|argument| locals.local(&argument.name)).collect();
        let known = condition.arguments.iter().map(|argument| locals.local(&format!("known_{}", argument.name)));
        QuestionNames {
            method: methods.local(&condition.name),
            variant: variants.variant(&identifiers::camel(&condition.name)),
            arguments,
            known: known.collect(),
            key: locals.local(key),
        }
    };
    let conditions = automaton.conditions.iter().map(&mut condition).collect();
    let mut reads = BTreeSet::new();
    each_expression(automaton, &mut |expression| {
        if let ExpressionKind::InState { who, automaton, state } = &expression.kind {
            reads.extend(Read::of(who, *automaton, *state));
        }
    });
    let mut named = |read: Read| {
        let method = methods.local(&read.name(system));
        let variant = variants.variant(&identifiers::camel(&method));
        QuestionNames { method, variant, arguments: Vec::new(), known: Vec::new(), key: String::new() }
    };
    (conditions, reads.into_iter().map(|read| (read, named(read))).collect())
}

/// Methods that every type has by value: Rust finds them before those by reference, such as the ones of `Ask`.
const METHODS_OF_VALUES: [&str; 4] = ["into", "into_future", "into_iter", "try_into"];

/// The functions of the module beside which fields of events are variables, and which of them enters the root.
fn functions(automaton: &Automaton) -> (Scope, String) {
    let mut scope = Scope::of(["context", "anywhere", "exit_all"]);
    for state in automaton.states.iter().filter(|state| !state.name.is_empty()) {
        for verb in ["in", "enter", "leave", "exit_inside", "remembered_in"] {
            scope.local(&format!("{verb}_{}", identifiers::snake(&state.name)));
        }
    }
    let enter_root = scope.local("enter_root");
    (scope, enter_root)
}

fn timer_variants(automaton: &Automaton, own: &AutomatonNames) -> Vec<String> {
    let mut scope = Scope::default();
    let variant = |timer: &Timer| format!("{}{}", state_prefix(own, timer.state), identifiers::timer_word(timer));
    automaton.timers.iter().map(|timer| scope.variant(&variant(timer))).collect()
}

/// What a state adds to the names of its timers; the root adds nothing.
fn state_prefix(own: &AutomatonNames, state: StateId) -> &str {
    if state == StateId::ROOT { "" } else { identifiers::stem(own.state(state)) }
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

    /// The method of `Ask`, before it is made unique.
    fn name(self, system: &System) -> String {
        let observed = &system.automata[self.automaton];
        let quantifier = match self.who {
            Who::One | Who::Keyed => "",
            Who::Any => "any_",
            Who::All => "all_",
            Who::No => "no_",
        };
        format!("{quantifier}{}_in_{}", observed.name, identifiers::snake(&observed.states[self.state].name))
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

impl Usage<'_> {
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
