//! Walks an automaton with each answer and each silence of its host, and finds situations without a way out.
//!
//! One instance, run by the interpreter, is taken through everything that can happen to it: events, observations,
//! timers, with each answer to each condition and with other automata in each state that it asks for. The host is
//! honest: an answer comes only to what was asked, or never; a late one may come all the same. What is found:
//!
//! * a situation from which the goal cannot be reached again without a person, as far as timers, answers and the rest
//!   of the node go;
//! * an answer that is waited for, with no timer to end the silence;
//! * an answer that was asked for and is `unexpected` when it comes.
//!
//! Situations are counted as one if they differ only in numbers above [`MANY`], or in lengths of time.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use automata_compiler::interpreter::{Address, ConditionAsked, Delivery, Host, Interpreter, Snapshot, Value};
use automata_compiler::model::{
    ActionId, Automaton, AutomatonId, BaseType, Change, EventId, EventKind, ExpressionKind, ParameterId, Partner,
    StateId, System, TimerId, Type, TypeKind,
};
use automata_runtime::Outcome;
use serde_json::Value as Json;

/// Numbers above this count as the same.
const MANY: i128 = 3;

/// Situations of one automaton, at most. More is an error: nothing is left out in silence.
pub const SITUATIONS: usize = 60_000;

/// Parts behind which a person is.
const PEOPLE: [&str; 2] = ["api", "user"];

/// Where an automaton is to come again and again, or where it may stay.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// The automaton.
    pub automaton: &'static str,
    /// States, simple or composite. Final states are an end for all.
    pub states: &'static [&'static str],
    /// States in which it may stay since nobody wants anything of it: the state, a variable, and its value there.
    pub rests: &'static [(&'static str, Option<(&'static str, &'static str)>)],
    /// Actions that need no timer since they are asked again, and by whom.
    pub asked_again: &'static [(&'static str, &'static str)],
}

impl Goal {
    /// An automaton that comes to these states.
    #[must_use]
    pub const fn of(automaton: &'static str, states: &'static [&'static str]) -> Self {
        Self { automaton, states, rests: &[], asked_again: &[] }
    }
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The automaton.
    pub automaton: String,
    /// The state.
    pub state: String,
    /// What is wrong.
    pub what: String,
    /// How it comes there.
    pub path: Vec<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} in {}: {}", self.automaton, self.state, self.what)?;
        self.path.iter().try_for_each(|step| write!(formatter, "\n    {step}"))
    }
}

/// The events that an action promises as answers: those that its summary names in a sentence with "answers".
#[must_use]
pub fn promises(automaton: &Automaton, action: ActionId) -> Vec<EventId> {
    let summary = &automaton.actions[action].summary;
    let sentences = summary.split_inclusive(['.', ';']).filter(|sentence| is_promise(sentence));
    let words: BTreeSet<&str> = sentences.flat_map(words).collect();
    let events = automaton.events.iter().zip((0..).map(EventId));
    events.filter(|(event, _)| words.contains(event.name.as_str())).map(|(_, id)| id).collect()
}

/// An action that says that it is answered, and does not name by what.
#[must_use]
pub fn is_vague(automaton: &Automaton, action: ActionId) -> bool {
    is_promise(&automaton.actions[action].summary) && promises(automaton, action).is_empty()
}

/// Whether an event that answers something comes without a question too: its summary does not call it an answer.
fn comes_by_itself(automaton: &Automaton, event: EventId) -> bool {
    words(&automaton.events[event].summary).all(|word| word != "answer")
}

fn is_promise(sentence: &str) -> bool {
    words(sentence).any(|word| word == "answers")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
}

/// Whether one of the answers can say that it failed: there are several, or the one that there is carries a choice.
#[must_use]
pub fn can_fail(system: &System, automaton: &Automaton, answers: &[EventId]) -> bool {
    let is_choice = |of: Type| {
        let is_enum = matches!(of.base, BaseType::Declared(id) if matches!(system.types[id].kind, TypeKind::Enum(_)));
        of.optional || of.base == BaseType::Bool || is_enum
    };
    answers.len() > 1
        || answers.iter().any(|&answer| automaton.events[answer].fields.iter().any(|field| is_choice(field.r#type)))
}

/// A situation, as far as it counts: leaf, variables, running timers, kept events, and what was asked of the host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    leaf: StateId,
    variables: Vec<Value>,
    timers: Vec<TimerId>,
    kept: Vec<EventId>,
    /// Asked, and not answered yet.
    pending: BTreeSet<ActionId>,
    /// Of these, what was asked since the leaf was entered.
    here: BTreeSet<ActionId>,
    /// Asked ever.
    asked: BTreeSet<ActionId>,
}

struct Node {
    snapshot: Snapshot,
    pending: BTreeSet<ActionId>,
    here: BTreeSet<ActionId>,
    asked: BTreeSet<ActionId>,
    from: Option<(usize, String)>,
    edges: Vec<Edge>,
}

struct Edge {
    kind: Kind,
    /// Where it leads; nowhere if the instance has come to its end.
    to: Option<usize>,
    /// These were asked of the host on the way.
    asks: BTreeSet<ActionId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Somebody wants something.
    Person,
    /// A timer.
    Timer,
    /// What was asked is answered.
    Answer(ActionId),
    /// It is not answered, and never will be.
    Silence,
    /// An answer that nobody asked for any more.
    Untimely,
    /// Anything else that happens by itself.
    World,
}

/// All situations of one automaton.
pub struct Exploration {
    system: Arc<System>,
    id: AutomatonId,
    nodes: Vec<Node>,
    answers: BTreeMap<EventId, Vec<ActionId>>,
    findings: Vec<Finding>,
}

/// Explores that automaton.
///
/// # Panics
/// If it has more situations than [`SITUATIONS`].
#[must_use]
pub fn explore(system: &Arc<System>, id: AutomatonId) -> Exploration {
    let automaton = &system.automata[id];
    let mut answers: BTreeMap<EventId, Vec<ActionId>> = BTreeMap::new();
    for action in (0..automaton.actions.len() as u32).map(ActionId) {
        for event in promises(automaton, action) {
            answers.entry(event).or_default().push(action);
        }
    }
    let mut exploration =
        Exploration { system: Arc::clone(system), id, nodes: Vec::new(), answers, findings: Vec::new() };
    exploration.walk();
    exploration
}

impl Exploration {
    fn automaton(&self) -> &Automaton {
        &self.system.automata[self.id]
    }

    fn walk(&mut self) {
        let mut known: HashMap<Key, usize> = HashMap::new();
        let mut queue: VecDeque<usize> = VecDeque::new();
        let stage = Stage::new(&self.system, self.id);
        let (none, nothing) = (BTreeSet::new(), BTreeSet::new());
        for begun in stage.begin() {
            self.arrive(&mut known, &mut queue, None, &none, &nothing, Kind::World, begun);
        }
        while let Some(index) = queue.pop_front() {
            assert!(
                self.nodes.len() <= SITUATIONS,
                "{} has more than {SITUATIONS} situations: give it smaller numbers, or this more room",
                self.automaton().name
            );
            let snapshot = self.nodes[index].snapshot.clone();
            let (pending, asked) = (self.nodes[index].pending.clone(), self.nodes[index].asked.clone());
            for &action in &pending {
                let mut less = pending.clone();
                less.remove(&action);
                let label = format!("`{}` is not answered", self.automaton().actions[action].name);
                let step =
                    Step { label, event: None, delivery: None, after: Some(snapshot.clone()), asks: none.clone() };
                self.arrive(&mut known, &mut queue, Some(index), &less, &asked, Kind::Silence, step);
            }
            for step in stage.steps(&snapshot) {
                let (kind, pending) = self.kind(&step, &pending, &asked);
                let Some(kind) = kind else { continue };
                if step.delivery.as_ref().is_some_and(|delivery| delivery.outcome == Outcome::Unexpected)
                    && matches!(kind, Kind::Answer(_) | Kind::Untimely)
                {
                    self.find(index, format!("`{}` is unexpected, and may come", step.label));
                }
                self.arrive(&mut known, &mut queue, Some(index), &pending, &asked, kind, step);
            }
        }
    }

    /// What kind of step it is, and what is still pending after it. An answer to what was never asked does not come.
    fn kind(
        &self,
        step: &Step,
        pending: &BTreeSet<ActionId>,
        asked: &BTreeSet<ActionId>,
    ) -> (Option<Kind>, BTreeSet<ActionId>) {
        let Some(event) = step.event else { return (Some(Kind::Timer), pending.clone()) };
        if let Some(actions) = self.answers.get(&event) {
            let mut left = pending.clone();
            if let Some(&action) = actions.iter().find(|action| pending.contains(action)) {
                left.remove(&action);
                return (Some(Kind::Answer(action)), left);
            }
            if comes_by_itself(self.automaton(), event) {
                return (Some(Kind::World), left);
            }
            let is_late = actions.iter().any(|action| asked.contains(action));
            return (is_late.then_some(Kind::Untimely), left);
        }
        let from = match &self.automaton().events[event].kind {
            EventKind::Declared { from, .. } => from.as_slice(),
            EventKind::Observation { .. } => &[],
        };
        let is_person = |partner: &Partner| match partner {
            Partner::Part(part) => PEOPLE.contains(&self.system.parts[*part].name.as_str()),
            Partner::Automaton(_) => false,
        };
        let kind = if from.iter().any(is_person) { Kind::Person } else { Kind::World };
        (Some(kind), pending.clone())
    }

    #[allow(clippy::too_many_arguments, reason = "all of it is about one step")]
    fn arrive(
        &mut self,
        known: &mut HashMap<Key, usize>,
        queue: &mut VecDeque<usize>,
        from: Option<usize>,
        pending: &BTreeSet<ActionId>,
        asked: &BTreeSet<ActionId>,
        kind: Kind,
        step: Step,
    ) {
        let promising = |action: &ActionId| !promises(self.automaton(), *action).is_empty();
        let asks: BTreeSet<ActionId> = step.asks.into_iter().filter(promising).collect();
        let to = step.after.map(|snapshot| {
            let pending: BTreeSet<ActionId> = pending.union(&asks).copied().collect();
            let asked: BTreeSet<ActionId> = asked.union(&asks).copied().collect();
            let before = from.map(|from| &self.nodes[from]).filter(|before| before.snapshot.state == snapshot.state);
            let still: BTreeSet<ActionId> = before.map(|before| before.here.clone()).unwrap_or_default();
            let here: BTreeSet<ActionId> = still.intersection(&pending).chain(&asks).copied().collect();
            let key = key(&snapshot, &pending, &here, &asked);
            *known.entry(key).or_insert_with(|| {
                let from = from.map(|from| (from, step.label.clone()));
                self.nodes.push(Node { snapshot, pending, here, asked, from, edges: Vec::new() });
                queue.push_back(self.nodes.len() - 1);
                self.nodes.len() - 1
            })
        });
        if let Some(from) = from {
            self.nodes[from].edges.push(Edge { kind, to, asks });
        }
    }

    fn find(&mut self, node: usize, what: String) {
        let state = self.state_name(node);
        let automaton = self.automaton().name.clone();
        if self.findings.iter().any(|known| known.state == state && known.what == what) {
            return;
        }
        let mut path = Vec::new();
        let mut at = node;
        while let Some((before, label)) = &self.nodes[at].from {
            path.push(format!("{} -> {}: {label}", self.state_name(*before), self.state_name(at)));
            at = *before;
        }
        path.reverse();
        self.findings.push(Finding { automaton, state, what, path });
    }

    fn state_name(&self, node: usize) -> String {
        self.automaton().states[self.nodes[node].snapshot.state].name.clone()
    }

    /// How many situations there are.
    #[must_use]
    pub fn situations(&self) -> usize {
        self.nodes.len()
    }

    /// All that is wrong, by that goal.
    #[must_use]
    pub fn findings(mut self, goal: &Goal) -> Vec<Finding> {
        for state in goal.states.iter().chain(goal.rests.iter().map(|(state, _)| state)) {
            if self.automaton().states.iter().all(|known| known.name != *state) {
                let what = "the goal is no state of it".to_owned();
                let automaton = self.automaton().name.clone();
                self.findings.push(Finding { automaton, state: (*state).to_owned(), what, path: Vec::new() });
            }
        }
        self.look_for_traps(goal);
        self.look_for_silence(goal);
        self.findings
    }

    /// From everywhere the goal can be reached again without a person.
    fn look_for_traps(&mut self, goal: &Goal) {
        let is_goal: Vec<bool> = (0..self.nodes.len()).map(|node| self.is_at(node, goal)).collect();
        // Backwards, over what happens without a person.
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        let mut reaches = is_goal.clone();
        for (index, node) in self.nodes.iter().enumerate() {
            for edge in node.edges.iter().filter(|edge| !matches!(edge.kind, Kind::Person | Kind::Untimely)) {
                match edge.to {
                    Some(to) => before[to].push(index),
                    // Whoever ends it from outside, as a service that is switched off does, has not shown a way out.
                    None => reaches[index] |= matches!(edge.kind, Kind::Timer | Kind::Answer(_)),
                }
            }
        }
        let mut queue: Vec<usize> = (0..self.nodes.len()).filter(|node| reaches[*node]).collect();
        while let Some(node) = queue.pop() {
            for &earlier in &before[node] {
                if !reaches[earlier] {
                    reaches[earlier] = true;
                    queue.push(earlier);
                }
            }
        }
        if self.nodes.iter().all(|node| node.edges.iter().all(|edge| edge.to.is_some())) && !is_goal.contains(&true) {
            self.find(0, "its goal is never reached".to_owned());
        }
        for node in (0..self.nodes.len()).filter(|node| !reaches[*node]) {
            self.find(node, "the goal cannot be reached again without a person".to_owned());
        }
    }

    fn is_at(&self, node: usize, goal: &Goal) -> bool {
        let json = |text: &str| serde_json::from_str::<Json>(text).expect("the value of a rest is JSON");
        let automaton = self.automaton();
        let snapshot = &self.nodes[node].snapshot;
        let is_in = |name: &str| automaton.outwards(snapshot.state).any(|state| automaton.states[state].name == name);
        goal.states.iter().any(|state| is_in(state))
            || goal.rests.iter().any(|(state, condition)| {
                is_in(state)
                    && condition.is_none_or(|(variable, value)| {
                        let mut variables = automaton.variables.iter().zip(&snapshot.variables);
                        variables.any(|(declared, is)| {
                            declared.name == variable && is.shown(&self.system, declared.r#type) == json(value)
                        })
                    })
            })
    }

    /// Whatever answer is waited for in the state in which it was asked for, a timer ends the silence.
    fn look_for_silence(&mut self, goal: &Goal) {
        for index in 0..self.nodes.len() {
            for action in self.nodes[index].here.clone() {
                let leaf = self.nodes[index].snapshot.state;
                let leads_on = |edge: &Edge| {
                    edge.kind == Kind::Answer(action) && edge.to.is_none_or(|to| self.nodes[to].snapshot.state != leaf)
                };
                let name = self.automaton().actions[action].name.clone();
                let is_excused = goal.asked_again.iter().any(|(excused, _)| *excused == name);
                if !is_excused && self.nodes[index].edges.iter().any(leads_on) && !self.timers_lead_on(index, action) {
                    self.find(index, format!("the answer to `{name}` is waited for, and no timer ends the wait"));
                }
            }
        }
    }

    /// By timers alone the state is left, or what was asked is asked again.
    fn timers_lead_on(&self, node: usize, action: ActionId) -> bool {
        let leaf = self.nodes[node].snapshot.state;
        let (mut seen, mut queue) = (BTreeSet::from([node]), vec![node]);
        while let Some(at) = queue.pop() {
            for edge in self.nodes[at].edges.iter().filter(|edge| edge.kind == Kind::Timer) {
                let Some(to) = edge.to else { return true };
                if edge.asks.contains(&action) || self.nodes[to].snapshot.state != leaf {
                    return true;
                }
                if seen.insert(to) {
                    queue.push(to);
                }
            }
        }
        false
    }
}

fn key(
    snapshot: &Snapshot,
    pending: &BTreeSet<ActionId>,
    here: &BTreeSet<ActionId>,
    asked: &BTreeSet<ActionId>,
) -> Key {
    let coarse = |value: &Value| match value {
        Value::Integer(number) => Value::Integer((*number).clamp(-MANY, MANY)),
        Value::Duration(length) => Value::Duration((*length).min(1)),
        other => other.clone(),
    };
    let mut timers: Vec<TimerId> = snapshot.timers.iter().map(|running| running.timer).collect();
    timers.sort();
    Key {
        leaf: snapshot.state,
        variables: snapshot.variables.iter().map(coarse).collect(),
        timers,
        kept: snapshot.kept.iter().map(|kept| kept.event).collect(),
        pending: pending.clone(),
        here: here.clone(),
        asked: asked.clone(),
    }
}

/// One thing that happens to the instance, and what comes of it.
struct Step {
    label: String,
    /// Nothing for a timer.
    event: Option<EventId>,
    delivery: Option<Delivery>,
    /// Nothing if the instance has come to its end.
    after: Option<Snapshot>,
    asks: BTreeSet<ActionId>,
}

/// Where the instance is put, with everything that can happen to it.
struct Stage {
    system: Arc<System>,
    id: AutomatonId,
    address: Address,
    empty: Interpreter,
    /// Other automata, each in one state for each way in which it answers `in`, or absent.
    surroundings: Vec<Vec<Snapshot>>,
    given: Vec<(ParameterId, Value)>,
}

impl Stage {
    fn new(system: &Arc<System>, id: AutomatonId) -> Self {
        let automaton = &system.automata[id];
        let mut empty = Interpreter::new(Arc::clone(system));
        for (parameter, number) in automaton.parameters.iter().zip((0..).map(ParameterId)) {
            // What happens with two of something happens with ten.
            if let (BaseType::Integer(_), Some(default)) = (parameter.r#type.base, &parameter.default)
                && let Value::Integer(value) = Value::from(default)
            {
                empty.set_parameter(id, number, Value::Integer(value.min(1))).expect("a smaller number of its type");
            }
        }
        let sample = |of: Type| samples(system, of).pop().expect("each type has a value");
        let key = automaton.key.as_ref().map(|key| sample(key.r#type));
        let needed = automaton.parameters.iter().zip((0..).map(ParameterId));
        let given = needed.filter(|(parameter, _)| parameter.default.is_none());
        let given = given.map(|(parameter, number)| (number, sample(parameter.r#type))).collect();
        let address = Address { automaton: id, key };
        let surroundings = surroundings(system, automaton, &empty, &address);
        Self { system: Arc::clone(system), id, address, empty, surroundings, given }
    }

    /// How it begins.
    fn begin(&self) -> Vec<Step> {
        self.try_all("it begins".to_owned(), None, |interpreter, host| {
            interpreter.start_instance(self.address.clone(), self.given.clone(), host)
        })
    }

    /// Everything that can happen to it in this situation.
    fn steps(&self, snapshot: &Snapshot) -> Vec<Step> {
        let automaton = &self.system.automata[self.id];
        let mut steps = Vec::new();
        for running in &snapshot.timers {
            // Whichever timer it is, it may be the first: the others last longer.
            let mut placed = snapshot.clone();
            for timer in &mut placed.timers {
                timer.deadline_ms = if timer.timer == running.timer { 1 } else { 1_000_000 };
            }
            let label = automaton.timer_label(running.timer);
            steps.extend(self.try_all(label, None, |interpreter, host| {
                interpreter.restore(placed.clone())?;
                interpreter.advance(1, host)
            }));
        }
        let mut placed = snapshot.clone();
        placed.timers.iter_mut().for_each(|timer| timer.deadline_ms = 1_000_000);
        for (event, id) in automaton.events.iter().zip((0..).map(EventId)) {
            let is_internal = matches!(&event.kind, EventKind::Declared { from, .. } if from.is_empty());
            if is_internal {
                continue;
            }
            for fields in combinations(event.fields.iter().map(|field| samples(&self.system, field.r#type)).collect()) {
                let shown = event.fields.iter().zip(&fields);
                let shown: Vec<String> = shown
                    .map(|(field, value)| format!("{}: {}", field.name, value.shown(&self.system, field.r#type)))
                    .collect();
                let label = match shown.is_empty() {
                    true => event.name.clone(),
                    false => format!("{} {{{}}}", event.name, shown.join(", ")),
                };
                steps.extend(self.try_all(label, Some(id), |interpreter, host| {
                    interpreter.restore(placed.clone())?;
                    interpreter.deliver(self.address.clone(), id, fields.clone(), host)
                }));
            }
        }
        steps
    }

    /// Does it in all surroundings, with all answers to all conditions.
    fn try_all(
        &self,
        label: String,
        event: Option<EventId>,
        perform: impl Fn(&mut Interpreter, &mut Chooser) -> Result<(), automata_compiler::interpreter::Error>,
    ) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for others in &self.surroundings {
            let mut choices: Vec<(usize, usize)> = Vec::new();
            loop {
                let mut interpreter = self.empty.clone();
                for other in others {
                    interpreter.restore(other.clone()).expect("of the types of the automaton");
                }
                let mut host = Chooser::new(&self.system, &self.address, choices);
                perform(&mut interpreter, &mut host).expect("all conditions are answered");
                let Chooser { made, deliveries, .. } = host;
                choices = made;
                let after = interpreter.instance(&self.address).map(|view| view.snapshot());
                let asks =
                    deliveries.iter().flat_map(|delivery| &delivery.actions).map(|(action, _)| *action).collect();
                let delivery = deliveries.into_iter().next();
                let outcome = |delivery: &Option<Delivery>| delivery.as_ref().map(|delivery| delivery.outcome);
                let is_known = steps.iter().any(|step: &Step| {
                    step.after == after && step.asks == asks && outcome(&step.delivery) == outcome(&delivery)
                });
                if !is_known {
                    steps.push(Step { label: label.clone(), event, delivery, after, asks });
                }
                // The next combination of answers.
                while choices.last().is_some_and(|(choice, of)| choice + 1 == *of) {
                    choices.pop();
                }
                let Some((choice, _)) = choices.last_mut() else { break };
                *choice += 1;
            }
        }
        steps
    }
}

/// Answers conditions by choices that are made before, and by the first value where none is.
struct Chooser {
    system: Arc<System>,
    address: Address,
    made: Vec<(usize, usize)>,
    asked: usize,
    deliveries: Vec<Delivery>,
}

impl Chooser {
    fn new(system: &Arc<System>, address: &Address, made: Vec<(usize, usize)>) -> Self {
        Self { system: Arc::clone(system), address: address.clone(), made, asked: 0, deliveries: Vec::new() }
    }
}

impl Host for Chooser {
    fn answer(&mut self, asked: &ConditionAsked<'_>) -> Option<Value> {
        let declared = &self.system.automata[asked.address.automaton].conditions[asked.condition];
        let mut values = samples(&self.system, declared.r#type);
        // What others ask is not looked into.
        if *asked.address != self.address {
            return Some(values.swap_remove(0));
        }
        if self.asked == self.made.len() {
            self.made.push((0, values.len()));
        }
        let (choice, _) = self.made[self.asked];
        self.asked += 1;
        Some(values.swap_remove(choice))
    }

    fn delivered(&mut self, _: &System, delivery: &Delivery) {
        if delivery.address == self.address {
            self.deliveries.push(delivery.clone());
        }
    }
}

/// A few values of a type, among which every choice that an automaton can make is there.
fn samples(system: &System, of: Type) -> Vec<Value> {
    let json: Vec<Json> = match of.base {
        BaseType::Bool => vec![false.into(), true.into()],
        BaseType::Integer(_) => vec![0.into(), 1.into()],
        BaseType::Duration => vec![0.into(), 3_600_000.into()],
        BaseType::String => vec!["a".into()],
        BaseType::Bytes => vec!["00".into()],
        BaseType::Declared(id) => match &system.types[id].kind {
            TypeKind::Enum(variants) => variants.iter().map(|variant| variant.as_str().into()).collect(),
            TypeKind::Opaque => vec!["alice".into()],
        },
    };
    let none = of.optional.then_some(Value::None);
    let values = json.iter().map(|json| Value::from_json(system, of, json).expect("a value of the type"));
    none.into_iter().chain(values).collect()
}

fn combinations(of: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
    of.into_iter().fold(vec![Vec::new()], |before, values| {
        let with = |start: &Vec<Value>| {
            let start = start.clone();
            values.clone().into_iter().map(move |value| start.iter().cloned().chain([value]).collect::<Vec<Value>>())
        };
        before.iter().flat_map(with).collect()
    })
}

/// For each other automaton that it asks for, a state for each way in which the questions can be answered.
fn surroundings(system: &System, automaton: &Automaton, empty: &Interpreter, own: &Address) -> Vec<Vec<Snapshot>> {
    let mut asked: BTreeMap<AutomatonId, BTreeSet<StateId>> = BTreeMap::new();
    for expression in automaton.expressions() {
        expression.visit(&mut |inner| {
            if let ExpressionKind::InState { automaton, state, .. } = inner.kind
                && automaton != own.automaton
            {
                asked.entry(automaton).or_default().insert(state);
            }
        });
    }
    // What it observes may make it look at states that it asks for.
    for event in &automaton.events {
        if let EventKind::Observation { automaton, change: Change::Enters, state } = event.kind
            && automaton != own.automaton
            && let Some(states) = asked.get_mut(&automaton)
        {
            states.insert(state);
        }
    }
    let mut all: Vec<Vec<Snapshot>> = vec![Vec::new()];
    for (other, states) in asked {
        let declared = &system.automata[other];
        let mut ways: BTreeMap<Vec<bool>, StateId> = BTreeMap::new();
        for leaf in declared.leaves().filter(|&leaf| !declared.states[leaf].is_final) {
            ways.entry(states.iter().map(|&state| declared.is_in(leaf, state)).collect()).or_insert(leaf);
        }
        let key = declared.key.as_ref().map(|key| match &own.key {
            Some(value) if value.is_of(system, key.r#type) => value.clone(),
            _ => samples(system, key.r#type).remove(0),
        });
        let placed = |leaf: StateId| {
            let address = Address { automaton: other, key: key.clone() };
            let variables = declared.variables.iter().map(|variable| Value::from(&variable.initial)).collect();
            let mut snapshot = empty.situation(address, leaf, variables, &[]);
            // It has no life of its own.
            snapshot.timers.clear();
            snapshot
        };
        let ways: Vec<Option<Snapshot>> = ways.into_values().map(|leaf| Some(placed(leaf))).chain([None]).collect();
        all =
            all.iter().flat_map(|before| ways.iter().map(|way| before.iter().chain(way).cloned().collect())).collect();
    }
    all
}
