//! Circuits of the virtual network: what the rim of a node that carries sessions does, and that of the two others.

use std::collections::BTreeMap;

use automata_runtime::Input as BusInput;
use bitpie::automata::relay_circuit::Event;
use bitpie::automata::system::Message;
use bitpie::automata::types::CloseReason;
use bitpie::identity::NodeId;
use bitpie::name::relay_name;
use bitpie::world::{Input, SessionId, SessionInput};

use crate::network::{DELAY_MS, World, closed};

/// Circuits and calls, by numbers that no two of them share.
#[derive(Default)]
pub struct Carrying {
    circuits: BTreeMap<u64, Circuit>,
    /// Calls of those who are wanted: call → circuit.
    calls: BTreeMap<u64, u64>,
    numbers: u64,
}

#[derive(Clone, Copy)]
struct Circuit {
    go_between: usize,
    /// The one that has asked: host, session.
    asker: (usize, SessionId),
    /// The other one.
    target: Option<(usize, SessionId)>,
}

impl World {
    /// How many lines are carried.
    pub fn carried(&self) -> usize {
        self.carrying.circuits.values().filter(|circuit| circuit.target.is_some()).count()
    }

    fn next_number(&mut self) -> u64 {
        self.carrying.numbers += 1;
        self.carrying.numbers
    }

    fn tell_circuit(&mut self, index: usize, circuit: u64, event: Event) {
        self.tell(index, DELAY_MS, Input::Event(Message::RelayCircuit(circuit, BusInput::Event(event))));
    }

    pub fn dial_through(&mut self, index: usize, session: SessionId, through: SessionId, target: NodeId) {
        let Some(&(go_between, _)) = self.hosts[index]
            .wires
            .get(&through)
            .filter(|(other, _)| self.hosts[*other].is_plugged && self.hosts[index].is_plugged)
        else {
            return self.tell(index, 50, closed(session, CloseReason::Failed));
        };
        let number = self.next_number();
        self.carrying.circuits.insert(number, Circuit { go_between, asker: (index, session), target: None });
        let peer = self.hosts[index].id;
        self.tell_circuit(go_between, number, Event::Asked { peer, target });
    }

    pub fn offer(&mut self, go_between: usize, circuit: u64, target: NodeId, caller: NodeId) {
        let target = self.hosts.iter().position(|host| host.id == target).expect("it is a host");
        let call = self.next_number();
        self.carrying.calls.insert(call, circuit);
        let carrier = self.hosts[go_between].id;
        self.tell_circuit(target, call, Event::Called { carrier, caller });
    }

    pub fn take(&mut self, index: usize, call: u64) {
        let number = self.carrying.calls[&call];
        let host = &mut self.hosts[index];
        host.accepted += 2;
        let theirs = host.accepted - 1;
        let Some(circuit) = self.carrying.circuits.get_mut(&number) else { return };
        circuit.target = Some((index, theirs));
        let go_between = circuit.go_between;
        self.tell_circuit(go_between, number, Event::Taken);
    }

    pub fn join(&mut self, number: u64) {
        let Some(Circuit { go_between, asker: (one, ours), target: Some((other, theirs)) }) =
            self.carrying.circuits.get(&number).copied()
        else {
            return;
        };
        self.hosts[one].wires.insert(ours, (other, theirs));
        self.hosts[other].wires.insert(theirs, (one, ours));
        let (remote, through) = (self.hosts[go_between].address, Some(self.hosts[go_between].id));
        let accepted = SessionInput::Accepted { transport: relay_name(), remote, through };
        self.tell(other, DELAY_MS, Input::Session(theirs, accepted));
        self.tell(one, DELAY_MS, Input::Session(ours, SessionInput::Connected));
    }

    pub fn turn_down(&mut self, number: u64) {
        if let Some(circuit) = self.carrying.calls.remove(&number) {
            if let Some(go_between) = self.carrying.circuits.get(&circuit).map(|circuit| circuit.go_between) {
                self.tell_circuit(go_between, circuit, Event::NotTaken);
            }
        } else if let Some(Circuit { asker: (index, session), .. }) = self.carrying.circuits.remove(&number) {
            self.tell(index, DELAY_MS, closed(session, CloseReason::Failed));
        }
    }

    pub fn cut(&mut self, number: u64) {
        let Some(Circuit { asker, target, .. }) = self.carrying.circuits.remove(&number) else { return };
        for (index, session) in [Some(asker), target].into_iter().flatten() {
            if self.hosts[index].wires.remove(&session).is_some() {
                self.tell(index, DELAY_MS, closed(session, CloseReason::Remote));
            }
        }
    }

    /// A host has closed a session; if it was carried, its circuit ends.
    pub fn line_closed(&mut self, index: usize, session: SessionId) {
        let at_end = |circuit: &Circuit| circuit.asker == (index, session) || circuit.target == Some((index, session));
        let ended = self.carrying.circuits.iter().find(|(_, circuit)| at_end(circuit)).map(|(number, _)| *number);
        if let Some(number) = ended {
            let circuit = self.carrying.circuits.remove(&number).expect("it was found");
            self.tell_circuit(circuit.go_between, number, Event::Ended { bytes: 100 });
        }
    }

    /// Whoever carries a session is there; so is everybody else's line, which nobody carries.
    pub fn is_line_whole(&self, index: usize, session: SessionId) -> bool {
        let at_end = |circuit: &&Circuit| circuit.asker == (index, session) || circuit.target == Some((index, session));
        let circuit = self.carrying.circuits.values().find(at_end);
        circuit.is_none_or(|circuit| self.hosts[circuit.go_between].is_plugged)
    }
}
