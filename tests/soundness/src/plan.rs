//! What a system declares, before anything refers to it: then everything can refer to everything.

use automata_compiler::model::IntegerType;

use crate::chance::Chance;
use crate::random_names::Names;

/// A type, `?` aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `bool`.
    Bool,
    /// `u8` and so on.
    Integer(IntegerType),
    /// `duration`.
    Duration,
    /// `string`.
    String,
    /// `bytes`.
    Bytes,
    /// One of `types.yaml`, by its place in [`Plan::types`].
    Declared(usize),
}

/// A type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Of {
    /// Without the `?`.
    pub kind: Kind,
    /// With a `?`.
    pub optional: bool,
}

/// A type of `types.yaml`.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// Of an enum; an opaque type has none.
    pub variants: Vec<String>,
    /// Records hide it.
    pub secret: bool,
}

/// Something with a name and a type.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its type.
    pub of: Of,
    /// A parameter that not every start has to give.
    pub has_default: bool,
    /// A variable has `min` and `max`.
    pub is_bounded: bool,
}

/// A condition, event or action.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its name.
    pub name: String,
    /// Arguments or fields.
    pub fields: Vec<Named>,
    /// What a condition answers.
    pub of: Of,
    /// The parts that send an event, or the one that performs an action.
    pub parts: Vec<usize>,
    /// The automata that send an event.
    pub automata: Vec<usize>,
    /// It makes its instance.
    pub starts: bool,
}

/// A state.
#[derive(Clone, Debug)]
pub struct State {
    /// Its name; the root's is empty.
    pub name: String,
    /// Its children, by their places in [`Automaton::states`].
    pub children: Vec<usize>,
    /// Around it.
    pub parent: Option<usize>,
    /// `shallow`, `deep`.
    pub history: Option<&'static str>,
    /// It ends the instance.
    pub is_final: bool,
    /// Its timers by their lengths, and whether they repeat.
    pub timers: Vec<(String, bool)>,
}

/// An automaton.
#[derive(Clone, Debug, Default)]
pub struct Automaton {
    /// Its name.
    pub name: String,
    /// By its place in [`Plan::keys`].
    pub key: Option<usize>,
    /// Constants.
    pub parameters: Vec<Named>,
    /// Memory.
    pub variables: Vec<Named>,
    /// Questions.
    pub conditions: Vec<Call>,
    /// Those that are declared.
    pub events: Vec<Call>,
    /// For the host.
    pub actions: Vec<Call>,
    /// The root first, parents before children.
    pub states: Vec<State>,
}

/// A system.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// `types.yaml`.
    pub types: Vec<Declared>,
    /// `keys` there.
    pub keys: Vec<(String, Kind)>,
    /// `parts.yaml`.
    pub parts: Vec<String>,
    /// All others.
    pub automata: Vec<Automaton>,
}

impl Of {
    /// Without `?`.
    #[must_use]
    pub const fn plain(kind: Kind) -> Self {
        Self { kind, optional: false }
    }
}

impl Plan {
    /// A random one.
    pub fn new(chance: &mut Chance) -> Self {
        let mut plan = Self::default();
        let mut names = Names::default();
        for _ in 0..chance.between(2, 5) {
            let name = names.type_name(chance);
            let mut variants = Names::default();
            let count = if chance.once_in(3) { 0 } else { chance.between(1, 4) };
            let variants = (0..count).map(|_| variants.type_name(chance)).collect();
            plan.types.push(Declared { name, variants, secret: chance.once_in(4) });
        }
        let mut names = Names::default();
        for _ in 0..chance.between(1, 3) {
            let kind = loop {
                let kind = plan.kind(chance);
                if !plan.is_secret(kind) {
                    break kind;
                }
            };
            plan.keys.push((names.small(chance), kind));
        }
        // Parts and automata share their names.
        let mut names = Names::default();
        // Files of these names declare other things.
        ["types", "parts"].iter().for_each(|name| names.take(name));
        plan.parts = (0..chance.between(1, 3)).map(|_| names.small(chance)).collect();
        let count = [1, 1, 1, 1, 2, 2, 2, 3][chance.below(8)];
        let named: Vec<String> = (0..count).map(|_| names.small(chance)).collect();
        for name in named {
            let automaton = plan.automaton(name, count, chance);
            plan.automata.push(automaton);
        }
        plan
    }

    /// A type that anything may be of.
    pub fn kind(&self, chance: &mut Chance) -> Kind {
        match chance.below(10) {
            0 => Kind::Bool,
            1..5 => Kind::Integer(IntegerType::ALL[chance.below(IntegerType::ALL.len())]),
            5 => Kind::Duration,
            6 => Kind::String,
            7 => Kind::Bytes,
            _ => Kind::Declared(chance.below(self.types.len())),
        }
    }

    /// Whether nothing may depend on it.
    #[must_use]
    pub fn is_secret(&self, kind: Kind) -> bool {
        matches!(kind, Kind::Declared(index) if self.types[index].secret)
    }

    /// Whether a value of it can be written down.
    #[must_use]
    pub fn is_written(&self, kind: Kind) -> bool {
        match kind {
            Kind::Declared(index) => !self.types[index].variants.is_empty(),
            kind => kind != Kind::Bytes,
        }
    }

    /// The type as the language writes it.
    #[must_use]
    pub fn text(&self, of: Of) -> String {
        let text = match of.kind {
            Kind::Bool => "bool",
            Kind::Integer(integer) => integer.name(),
            Kind::Duration => "duration",
            Kind::String => "string",
            Kind::Bytes => "bytes",
            Kind::Declared(index) => &self.types[index].name,
        };
        format!("{text}{}", if of.optional { "?" } else { "" })
    }

    fn of(&self, chance: &mut Chance) -> Of {
        Of { kind: self.kind(chance), optional: chance.once_in(4) }
    }

    /// Of a type whose values can be written, or that may be none.
    fn initialised(&self, name: String, chance: &mut Chance) -> Named {
        let mut of = self.of(chance);
        of.optional |= !self.is_written(of.kind);
        Named { name, of, has_default: true, is_bounded: false }
    }

    fn fields(&self, most: usize, chance: &mut Chance) -> Vec<Named> {
        let mut names = Names::default();
        (0..chance.below(most + 1))
            .map(|_| Named { name: names.small(chance), of: self.of(chance), has_default: false, is_bounded: false })
            .collect()
    }

    fn call(&self, name: String, chance: &mut Chance) -> Call {
        let parts = (0..self.parts.len()).filter(|_| chance.once_in(2)).collect();
        let (fields, of) = (self.fields(3, chance), self.of(chance));
        Call { name, fields, of, parts, automata: Vec::new(), starts: false }
    }

    fn automaton(&self, name: String, automata: usize, chance: &mut Chance) -> Automaton {
        let key = chance.once_in(2).then(|| chance.below(self.keys.len()));
        let mut values = Names::default();
        let mut events = Names::default();
        // What dynamic drivers call the start of an instance.
        events.take("start");
        let mut automaton = Automaton { name, key, ..Automaton::default() };
        for _ in 0..chance.below(4) {
            automaton.parameters.push(self.initialised(values.small(chance), chance));
        }
        for _ in 0..chance.between(1, 5) {
            let mut variable = self.initialised(values.small(chance), chance);
            let has_bounds = matches!(variable.of.kind, Kind::Integer(_) | Kind::Duration);
            variable.is_bounded = has_bounds && chance.once_in(3);
            automaton.variables.push(variable);
        }
        for _ in 0..chance.below(3) {
            let mut condition = self.call(values.small(chance), chance);
            if chance.once_in(2) {
                condition.of = Of::plain(Kind::Bool);
            }
            automaton.conditions.push(condition);
        }
        let length =
            Named { name: values.small(chance), of: Of::plain(Kind::Duration), has_default: true, is_bounded: false };
        automaton.parameters.push(length);
        let most_events = if chance.once_in(8) { 0 } else { chance.between(1, 3) };
        for _ in 0..most_events {
            let mut event = self.call(events.small(chance), chance);
            event.automata = (0..automata).filter(|_| chance.once_in(2)).collect();
            event.starts = key.is_some() && chance.once_in(3) && !(event.parts.is_empty() && event.automata.is_empty());
            automaton.events.push(event);
        }
        let mut actions = Names::default();
        for _ in 0..chance.between(1, 2) {
            let mut action = self.call(actions.small(chance), chance);
            action.parts = vec![chance.below(self.parts.len())];
            automaton.actions.push(action);
        }
        automaton.states = states(&automaton, chance);
        automaton
    }
}

/// How long a timer runs: a name, a literal, or any expression.
fn length(automaton: &Automaton, chance: &mut Chance) -> String {
    let values = || automaton.parameters.iter().chain(&automaton.variables);
    let names = |of: Of| values().filter(|value| value.of == of).map(|value| value.name.as_str()).collect::<Vec<_>>();
    let name = *chance.pick(&names(Of::plain(Kind::Duration))).expect("there is a parameter for it");
    let optional = names(Of { kind: Kind::Duration, optional: true });
    let is_asked = |call: &&Call| call.of == Of::plain(Kind::Duration) && call.fields.is_empty();
    let asked: Vec<&str> = automaton.conditions.iter().filter(is_asked).map(|call| call.name.as_str()).collect();
    let is_number = |value: &&Named| matches!(value.of, Of { kind: Kind::Integer(_), optional: false });
    let numbers: Vec<&str> = values().filter(is_number).map(|value| value.name.as_str()).collect();
    match chance.below(10) {
        0 => ["5s", "1h", "500ms", "2d"][chance.below(4)].to_owned(),
        1 => format!("{name} * 2"),
        2 => format!("min({name}, 10s) + 1s"),
        3 => format!("max(1s, {name} - 3s)"),
        4 => chance.pick(&optional).map_or_else(|| name.to_owned(), |optional| format!("{optional} ?? {name}")),
        5 => chance.pick(&asked).map_or_else(|| name.to_owned(), |asked| format!("max({asked}, 1s)")),
        6 => chance.pick(&numbers).map_or_else(|| name.to_owned(), |number| format!("{name} / {number} + 1s")),
        _ => name.to_owned(),
    }
}

/// A tree of states, each with its timers.
fn states(automaton: &Automaton, chance: &mut Chance) -> Vec<State> {
    let mut names = Names::default();
    let root = State {
        name: String::new(),
        children: Vec::new(),
        parent: None,
        history: None,
        is_final: false,
        timers: Vec::new(),
    };
    let mut states = vec![root];
    for index in 1..=chance.between(2, 5) {
        let parent = if chance.once_in(2) { 0 } else { chance.below(states.len()) };
        let parent = if states[parent].is_final { 0 } else { parent };
        let is_final = parent == 0 && index > 2 && chance.once_in(8);
        let name = names.state(chance);
        states[parent].children.push(index);
        states.push(State { name, parent: Some(parent), is_final, ..states[0].clone() });
        states[index].children.clear();
    }
    for state in &mut states {
        if state.is_final {
            continue;
        }
        if !state.children.is_empty() && !state.name.is_empty() && chance.once_in(2) {
            state.history = Some(if chance.once_in(2) { "shallow" } else { "deep" });
        }
        for repeats in [false, true] {
            if chance.once_in(4) {
                let length = length(automaton, chance);
                // Two of one length would be one timer.
                if state.timers.iter().all(|(other, _)| *other != length) {
                    state.timers.push((length, repeats));
                }
            }
        }
    }
    states
}

impl Automaton {
    /// A state that is no final one.
    pub fn some_state(&self, chance: &mut Chance) -> usize {
        let states: Vec<usize> = (1..self.states.len()).filter(|&index| !self.states[index].is_final).collect();
        *chance.pick(&states).expect("the first two are none")
    }
}
