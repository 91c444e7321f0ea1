//! What both implementations can be asked to do, in names and JSON, and what can be seen of them.

use std::sync::Arc;

use automata_compiler::interpreter::{Address, ConditionAsked, Delivery, Host, Interpreter, SECRET, Value, object};
use automata_compiler::model::{AutomatonId, BaseType, ParameterId, System, Type};
use automata_runtime::Record;
use serde_json::{Map, Value as Json};

use crate::chance::{Chance, Constants};

/// An instance as it is between deliveries.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// `name` or `name[key]`.
    pub name: String,
    /// Its leaf.
    pub state: String,
    /// By name, in the order of declaration.
    pub variables: Map<String, Json>,
}

/// A running system.
pub trait Implementation {
    /// Starts the automata with one instance.
    fn start(&mut self);
    /// Gives the time.
    fn advance(&mut self, now_ms: u64);
    /// An event or observation from outside.
    fn deliver(&mut self, instance: &str, event: &str, fields: &Map<String, Json>);
    /// A start from outside.
    fn start_instance(&mut self, instance: &str, parameters: &Map<String, Json>);
    /// Puts an instance into a state without running anything; its timers begin now.
    fn place(&mut self, instance: &str, state: &str, variables: &Map<String, Json>, parameters: &Map<String, Json>);
    /// What conditions answer from now on.
    fn answer_by(&mut self, seed: u64);
    /// The records since the last call.
    fn records(&mut self) -> Vec<Record>;
    /// All instances: by automaton, then in the order of creation.
    fn instances(&self) -> Vec<Instance>;
    /// When the next timer is due.
    fn next_deadline_ms(&self) -> Option<u64>;
}

/// Answers conditions from a seed: the same question gets the same answer, whoever asks.
#[derive(Clone, Debug)]
pub struct Oracle {
    system: Arc<System>,
    constants: Vec<Constants>,
    /// Decides all answers.
    pub seed: u64,
}

impl Oracle {
    /// For the conditions of that system.
    #[must_use]
    pub fn new(system: &Arc<System>, seed: u64) -> Self {
        let constants = system.automata.iter().map(Constants::of).collect();
        Self { system: Arc::clone(system), constants, seed }
    }

    /// The answer to a condition of an automaton; the arguments are in the order of declaration.
    #[must_use]
    pub fn answer(&self, automaton: &str, condition: &str, arguments: &Map<String, Json>) -> Json {
        let id = self.system.automaton(automaton).expect("an automaton of the system");
        let declared = self.system.automata[id].conditions.iter().find(|declared| declared.name == condition);
        let declared = declared.expect("a condition of the automaton");
        let of = declared.r#type;
        // Generated Rust shows a secret to its host, and the interpreter does not have it.
        let mut arguments = arguments.clone();
        let is_secret = |of: Type| matches!(of.base, BaseType::Declared(id) if self.system.types[id].secret);
        for argument in declared.arguments.iter().filter(|argument| is_secret(argument.r#type)) {
            arguments.insert(argument.name.clone(), SECRET.into());
        }
        let question = format!("{automaton}.{condition}{}", Json::from(arguments));
        self.constants[id.index()].sample(&self.system, of, &mut Chance::of_text(self.seed, &question))
    }
}

/// The interpreter as an [`Implementation`].
#[derive(Clone, Debug)]
pub struct Interpreted {
    /// The interpreter itself.
    pub interpreter: Interpreter,
    host: Answering,
}

#[derive(Clone, Debug)]
struct Answering {
    oracle: Oracle,
    deliveries: Vec<Delivery>,
}

impl Host for Answering {
    fn answer(&mut self, asked: &ConditionAsked<'_>) -> Option<Value> {
        let automaton = &asked.system.automata[asked.address.automaton];
        let condition = &automaton.conditions[asked.condition];
        let arguments = object(asked.system, &condition.arguments, asked.arguments);
        let answer = self.oracle.answer(&automaton.name, &condition.name, &arguments);
        Value::from_json(asked.system, condition.r#type, &answer)
    }

    fn delivered(&mut self, _: &System, delivery: &Delivery) {
        self.deliveries.push(delivery.clone());
    }
}

impl Interpreted {
    /// Before its start.
    #[must_use]
    pub fn new(system: &Arc<System>) -> Self {
        let host = Answering { oracle: Oracle::new(system, 0), deliveries: Vec::new() };
        Self { interpreter: Interpreter::new(Arc::clone(system)), host }
    }

    /// The deliveries since the last call, with what records do not show.
    pub fn deliveries(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.host.deliveries)
    }

    fn put(&mut self, address: Address, state: &str, variables: Vec<Value>, parameters: &[(ParameterId, Value)]) {
        let system = Arc::clone(self.interpreter.system());
        let automaton = &system.automata[address.automaton];
        let state = automaton.leaves().find(|&leaf| automaton.states[leaf].name == state).expect("a leaf");
        self.interpreter.remove(&address);
        let situation = self.interpreter.situation(address, state, variables, parameters);
        self.interpreter.restore(situation).expect("of the types of the automaton");
    }

    fn address(&self, instance: &str) -> Address {
        self.interpreter.address(instance).expect("an instance's name")
    }
}

impl Implementation for Interpreted {
    fn start(&mut self) {
        self.interpreter.start(&mut self.host).expect("all conditions are answered");
    }

    fn advance(&mut self, now_ms: u64) {
        self.interpreter.advance(now_ms, &mut self.host).expect("time goes forward");
    }

    fn deliver(&mut self, instance: &str, event: &str, fields: &Map<String, Json>) {
        let address = self.address(instance);
        let system = Arc::clone(self.interpreter.system());
        let id = self.interpreter.event(address.automaton, event).expect("an event of the automaton");
        let declared = &system.automata[address.automaton].events[id];
        let fields = self.interpreter.fields(declared, fields).expect("fields of the event");
        self.interpreter.deliver(address, id, fields, &mut self.host).expect("all conditions are answered");
    }

    fn start_instance(&mut self, instance: &str, parameters: &Map<String, Json>) {
        let address = self.address(instance);
        let parameters = self.interpreter.parameters(address.automaton, parameters).expect("parameters");
        self.interpreter.start_instance(address, parameters, &mut self.host).expect("all conditions are answered");
    }

    fn place(&mut self, instance: &str, state: &str, variables: &Map<String, Json>, parameters: &Map<String, Json>) {
        let address = self.address(instance);
        let system = Arc::clone(self.interpreter.system());
        let declared = system.automata[address.automaton].variables.iter();
        let value = |variable: &automata_compiler::model::Variable| {
            let json = variables.get(&variable.name).unwrap_or(&Json::Null);
            Value::from_json(&system, variable.r#type, json).expect("a value of the variable's type")
        };
        let variables = declared.map(value).collect();
        let parameters = self.interpreter.parameters(address.automaton, parameters).expect("parameters");
        self.put(address, state, variables, &parameters);
    }

    fn answer_by(&mut self, seed: u64) {
        self.host.oracle.seed = seed;
    }

    fn records(&mut self) -> Vec<Record> {
        let system = Arc::clone(self.interpreter.system());
        self.deliveries().iter().map(|delivery| delivery.record(&system)).collect()
    }

    fn instances(&self) -> Vec<Instance> {
        let system = self.interpreter.system();
        let instance = |view: automata_compiler::interpreter::InstanceView<'_>| {
            let automaton = &system.automata[view.address().automaton];
            let variables = automaton.variables.iter().zip(view.variables());
            Instance {
                name: view.name(),
                state: automaton.states[view.state()].name.clone(),
                variables: variables
                    .map(|(variable, value)| (variable.name.clone(), value.shown(system, variable.r#type)))
                    .collect(),
            }
        };
        self.interpreter.instances().map(instance).collect()
    }

    fn next_deadline_ms(&self) -> Option<u64> {
        self.interpreter.next_deadline_ms()
    }
}

/// The name of an instance with some key of three.
pub fn instance_name(system: &System, id: AutomatonId, constants: &Constants, chance: &mut Chance) -> String {
    let automaton = &system.automata[id];
    let Some(key) = &automaton.key else { return automaton.name.clone() };
    // Few keys, so that they meet.
    let json = constants.sample(system, key.r#type, &mut Chance::new(chance.number() % 3));
    let key = Value::from_json(system, key.r#type, &json);
    automata_compiler::interpreter::instance_name(system, id, key.as_ref())
}
