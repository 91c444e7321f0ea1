//! Looking into a running system, and putting an instance into a situation without running anything.

use std::sync::Arc;

use super::bus::Bus;
use super::delivery::Address;
use super::error::Error;
use super::instances::{Data, Entry, Kept, KeptEvents, Running};
use super::look::Look;
use super::value::Value;
use super::{Interpreter, instance_name};
use crate::model::{AutomatonId, ParameterId, StateId, System, TimerId, TimerKind};

/// An instance as it is between deliveries.
#[derive(Clone, Copy, Debug)]
pub struct InstanceView<'a> {
    system: &'a System,
    automaton: AutomatonId,
    key: Option<&'a Value>,
    data: &'a Data,
}

/// A timer that is pending.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// Whose.
    pub address: Address,
    /// Which.
    pub timer: TimerId,
    /// When it is due.
    pub deadline_ms: u64,
}

/// All that an instance is, for traces and tests.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Which instance.
    pub address: Address,
    /// Its leaf.
    pub state: StateId,
    /// In the order of declaration.
    pub parameters: Vec<Value>,
    /// In the order of declaration.
    pub variables: Vec<Value>,
    /// By state: the leaf that was active when it was last left.
    pub history: Vec<Option<StateId>>,
    /// Deferred events, oldest first.
    pub kept: Vec<Kept>,
    /// Pending timers in the order of their start.
    pub timers: Vec<Running>,
}

impl<'a> InstanceView<'a> {
    /// Which instance.
    #[must_use]
    pub fn address(&self) -> Address {
        Address { automaton: self.automaton, key: self.key.cloned() }
    }

    /// `name` or `name[key]`.
    #[must_use]
    pub fn name(&self) -> String {
        instance_name(self.system, self.automaton, self.key)
    }

    /// Its leaf.
    #[must_use]
    pub fn state(&self) -> StateId {
        self.data.active
    }

    /// In the order of declaration.
    #[must_use]
    pub fn parameters(&self) -> &'a [Value] {
        &self.data.parameters
    }

    /// In the order of declaration.
    #[must_use]
    pub fn variables(&self) -> &'a [Value] {
        &self.data.variables
    }

    /// Deferred events, oldest first.
    #[must_use]
    pub fn kept(&self) -> Vec<&'a Kept> {
        self.data.kept.list()
    }

    /// Pending timers, in the order of their start.
    #[must_use]
    pub fn timers(&self) -> Vec<Running> {
        let mut running = self.data.running.clone();
        running.sort_by_key(|running| running.order);
        running
    }

    /// By state: the leaf that was active when it was last left.
    #[must_use]
    pub fn history(&self) -> &'a [Option<StateId>] {
        &self.data.history
    }

    /// Everything, to be restored later.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            address: self.address(),
            state: self.data.active,
            parameters: self.data.parameters.clone(),
            variables: self.data.variables.clone(),
            history: self.data.history.clone(),
            kept: self.kept().into_iter().cloned().collect(),
            timers: self.timers(),
        }
    }
}

impl Interpreter {
    /// The time that was given last.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.bus.now_ms
    }

    /// How many deliveries there were.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.bus.sequence
    }

    /// How many timers have been started so far: the number of the next start.
    #[must_use]
    pub fn timer_starts(&self) -> u64 {
        self.bus.timers.starts()
    }

    /// When the next timer is due.
    #[must_use]
    pub fn next_deadline_ms(&self) -> Option<u64> {
        self.bus.timers.first().map(|(deadline_ms, _)| deadline_ms)
    }

    /// The timer that is due first.
    #[must_use]
    pub fn next_timer(&self) -> Option<Pending> {
        self.bus.timers.first().map(|pending| self.pending(pending))
    }

    /// All pending timers in the order in which they are due.
    #[must_use]
    pub fn timers(&self) -> Vec<Pending> {
        self.bus.timers.iter().map(|pending| self.pending(pending)).collect()
    }

    fn pending(&self, (deadline_ms, (automaton, number, timer)): (u64, (AutomatonId, u64, TimerId))) -> Pending {
        let key = self.bus.tables[automaton.index()].get(number).and_then(|entry| entry.key.clone());
        Pending { address: Address { automaton, key }, timer, deadline_ms }
    }

    /// All instances: by automaton, then in the order of creation.
    pub fn instances(&self) -> impl Iterator<Item = InstanceView<'_>> {
        self.bus.tables.iter().zip(0..).flat_map(move |(table, index)| {
            let automaton = AutomatonId(index);
            table.iter().filter_map(move |(_, entry)| self.view(automaton, entry))
        })
    }

    /// The instance, if it exists.
    #[must_use]
    pub fn instance(&self, address: &Address) -> Option<InstanceView<'_>> {
        let table = &self.bus.tables[address.automaton.index()];
        self.view(address.automaton, table.get(table.number(address.key.as_ref())?)?)
    }

    fn view<'a>(&'a self, automaton: AutomatonId, entry: &'a Entry) -> Option<InstanceView<'a>> {
        let data = entry.data.as_deref()?;
        Some(InstanceView { system: &self.program.system, automaton, key: entry.key.as_ref(), data })
    }

    /// Puts an instance into a situation without running anything; makes it if its key is free.
    ///
    /// # Errors
    /// [`Error::Key`] if the address is none of that automaton; [`Error::WrongType`] if a variable or parameter has
    /// another type, or the state is not a leaf.
    pub fn restore(&mut self, snapshot: Snapshot) -> Result<(), Error> {
        self.guard()?;
        self.check_snapshot(&snapshot)?;
        self.bus.restore(snapshot, false);
        self.bus.take_properties_as_they_are(&self.program);
        Ok(())
    }

    pub(super) fn check_snapshot(&self, snapshot: &Snapshot) -> Result<(), Error> {
        self.check_key(&snapshot.address)?;
        let system = Arc::clone(&self.program.system);
        let automaton = &system.automata[snapshot.address.automaton];
        let variables = automaton.variables.iter().map(|variable| (&variable.name, variable.r#type));
        let parameters = automaton.parameters.iter().map(|parameter| (&parameter.name, parameter.r#type));
        let places = variables.zip(&snapshot.variables).chain(parameters.zip(&snapshot.parameters));
        for ((name, of), value) in places {
            super::check(&system, value, of, || format!("{name} of {}", automaton.name))?;
        }
        let counts = (snapshot.variables.len(), snapshot.parameters.len(), snapshot.history.len());
        let declared = (automaton.variables.len(), automaton.parameters.len(), automaton.states.len());
        let state = automaton.states.get(snapshot.state.index());
        let is_leaf = state.is_some_and(|state| state.children.is_empty() && !state.is_final);
        if counts != declared || !is_leaf {
            return Err(Error::WrongType {
                what: format!("a snapshot of {}", automaton.name),
                expected: "a leaf state that is not final, and a value for each variable and parameter".to_owned(),
                got: "another".to_owned(),
            });
        }
        Ok(())
    }

    /// A snapshot of an instance in that state with those variables, with parameters that were not given by default,
    /// and the timers of its active states begun at this moment: what [`Interpreter::restore`] needs in a test.
    #[must_use]
    pub fn situation(
        &self,
        address: Address,
        state: StateId,
        variables: Vec<Value>,
        given: &[(ParameterId, Value)],
    ) -> Snapshot {
        let system = &self.program.system;
        let automaton = &system.automata[address.automaton];
        let settings = self.bus.settings[address.automaton.index()].iter();
        let mut parameters: Vec<Value> = settings
            .zip(&automaton.parameters)
            .map(|(setting, parameter)| setting.clone().unwrap_or_else(|| Value::least(system, parameter.r#type)))
            .collect();
        for (id, value) in given {
            parameters[id.index()] = value.clone();
        }
        let mut timers = Vec::new();
        let chain: Vec<StateId> = automaton.outwards(state).collect();
        for &id in chain.iter().rev().flat_map(|&state| &automaton.states[state].timers) {
            let timer = &automaton.timers[id];
            // One whose length asks the host, or looks at others, does not run: there is no host to answer.
            let mut look = Look {
                key: None,
                parameters: &parameters,
                variables: &variables,
                in_state: &|_, _, _| None,
                divided_by_zero: false,
            };
            let Some(Value::Duration(length_ms)) = look.value(&timer.length) else { continue };
            let interval_ms = if timer.kind == TimerKind::Every { length_ms.max(1) } else { length_ms };
            let deadline_ms = self.bus.now_ms.saturating_add(interval_ms);
            timers.push(Running { timer: id, deadline_ms, interval_ms, order: timers.len() as u64 });
        }
        let history = vec![None; automaton.states.len()];
        Snapshot { address, state, parameters, variables, history, kept: Vec::new(), timers }
    }

    /// Takes an instance away without running anything.
    pub fn remove(&mut self, address: &Address) {
        self.bus.forget(address);
    }
}

impl Bus {
    fn forget(&mut self, address: &Address) {
        let table = Arc::make_mut(&mut self.tables[address.automaton.index()]);
        let Some(number) = table.number(address.key.as_ref()) else { return };
        let data = table.get_mut(number).and_then(|entry| entry.data.take());
        if let Some(data) = data {
            self.remove(address.automaton, number, &data);
        }
    }

    /// Stops the timers of an instance, if it exists.
    pub(super) fn stop_timers(&mut self, address: &Address) {
        let table = Arc::make_mut(&mut self.tables[address.automaton.index()]);
        let number = table.number(address.key.as_ref());
        let data = number.and_then(|number| table.get_mut(number)).and_then(|entry| entry.data.as_mut());
        for running in data.map(|data| std::mem::take(&mut data.running)).unwrap_or_default() {
            self.timers.stop(running.deadline_ms, running.order);
        }
    }

    pub(super) fn restore(&mut self, snapshot: Snapshot, keeps_order: bool) {
        let Address { automaton, key } = snapshot.address;
        let table = Arc::make_mut(&mut self.tables[automaton.index()]);
        // An instance that exists keeps its number, and with it its place in the order of creation.
        let number = table.number(key.as_ref()).unwrap_or_else(|| {
            self.created += 1;
            self.created - 1
        });
        if let Some(old) = table.get_mut(number).and_then(|entry| entry.data.take()) {
            old.running.iter().for_each(|running| self.timers.stop(running.deadline_ms, running.order));
        }
        let timers = &mut self.timers;
        let running = snapshot.timers.into_iter().map(|running| {
            if keeps_order {
                timers.resume(running, automaton, number);
                return running;
            }
            Running { order: timers.start(running.deadline_ms, automaton, number, running.timer), ..running }
        });
        let data = Box::new(Data {
            active: snapshot.state,
            parameters: snapshot.parameters,
            variables: snapshot.variables,
            history: snapshot.history,
            kept: KeptEvents::of(snapshot.kept),
            running: running.collect(),
        });
        table.insert(number, Entry { key, leaf: Some(snapshot.state), data: Some(data) });
    }
}
