//! The virtual network: carries out the commands of every core as its rim would, with a delay, and remembers what users
//! would have seen.

mod commands;
mod dht;
mod host;
mod lines;
mod outside;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use automata_runtime::{Input as BusInput, Record};
use bitpie::automata::system::Message;
use bitpie::automata::types::{CloseReason, DeliveryState, Refusal};
use bitpie::automata::{local_service, node_life, reachability, read_receipts};
use bitpie::identity::{Entrypoint, IdentityKey, NodeId};
use bitpie::name::{ServiceName, TransportName};
use bitpie::peers::KnownPeer;
use bitpie::wire::PacketId;
use bitpie::words::snake_case;
use bitpie::world::{Input, MappingRules, Now, QueuedMessage, RequestId, SessionId, SessionInput};

use crate::carrying::Carrying;

pub use dht::VirtualDht;
pub use host::{Host, usual_services};
use host::{host, host_by};

/// Unix time at which every simulation begins, in milliseconds.
const EPOCH_MS: u64 = 1_800_000_000_000;

/// Sessions of a node, at most, if nothing else is said.
const SESSION_LIMIT: usize = 100;

/// From one core to another.
pub const DELAY_MS: u64 = 10;

pub struct World {
    pub hosts: Vec<Host>,
    pub dht: VirtualDht,
    pub now_ms: u64,
    pub carrying: Carrying,
    /// Frames by this transport take so many milliseconds longer.
    pub slow: Option<(TransportName, u64)>,
    /// Flows that a router has taken for its own, and since when: (whose router, from whom).
    taken_ports: BTreeMap<(usize, usize), u64>,
    agenda: BTreeMap<(u64, u64), (usize, Input)>,
    counter: u64,
}

/// The key of the node with that number.
fn key(number: u8) -> IdentityKey {
    IdentityKey::from_seed(&[number; 32])
}

pub fn id(number: u8) -> NodeId {
    key(number).id()
}

pub fn address(index: usize) -> SocketAddr {
    format!("10.0.0.{}:7771", index + 1).parse().expect("an address")
}

fn stun_entrypoint(index: usize) -> Entrypoint {
    format!("stun://10.0.0.{}:3478", index + 1).parse().expect("an entrypoint")
}

pub fn entrypoint(index: usize) -> Entrypoint {
    Entrypoint { transport: bitpie::name::tcp_name(), address: address(index) }
}

pub fn message(byte: u8) -> PacketId {
    PacketId([byte; 16])
}

impl World {
    /// So many nodes, each of which knows all others as contacts if `are_contacts`.
    pub fn new(count: usize, are_contacts: bool) -> World {
        Self::acquainted(count, |_, _| are_contacts, |_| SESSION_LIMIT)
    }

    /// So many nodes, each of which knows those others as contacts, and takes so many sessions.
    pub fn acquainted(count: usize, is_contact: impl Fn(usize, usize) -> bool, room: impl Fn(usize) -> usize) -> World {
        let mut world = World {
            hosts: Vec::new(),
            dht: VirtualDht::default(),
            now_ms: 0,
            carrying: Carrying::default(),
            slow: None,
            taken_ports: BTreeMap::new(),
            agenda: BTreeMap::new(),
            counter: 0,
        };
        for index in 0..count {
            let others = (0..count).filter(|other| *other != index && is_contact(index, *other));
            let contacts: Vec<usize> = others.collect();
            world.hosts.push(host(index, &contacts, Vec::new(), room(index)));
        }
        world
    }

    /// A node that asks its router, which lets others through there; nowhere, if it maps no ports. Before it begins.
    pub fn put_behind_router(&mut self, index: usize, router: Option<SocketAddr>) {
        let rules = MappingRules { is_private_network: true, in_private_networks: true };
        self.hosts[index] = Host { router, ..host_by(rules, index, &[], Vec::new(), SESSION_LIMIT) };
    }

    pub fn begin(&mut self, index: usize) {
        self.tell(index, 0, Input::Begin);
    }

    /// The program is to end.
    pub fn stop(&mut self, index: usize) {
        let stop = Message::NodeLife(BusInput::Event(node_life::Event::Stop));
        self.tell(index, 0, Input::Event(stop));
    }

    /// The user starts or stops a service.
    pub fn switch(&mut self, index: usize, request: RequestId, service: ServiceName, is_to_be_on: bool) {
        use local_service::Event::{StartRequested, StopRequested};
        let event = if is_to_be_on { StartRequested { request } } else { StopRequested { request } };
        self.tell(index, 0, Input::Event(Message::LocalService(service, BusInput::Event(event))));
    }

    /// The user wants to know whether a node is there.
    pub fn reach(&mut self, index: usize, peer: NodeId) {
        let asked = BusInput::Event(reachability::Event::Asked);
        self.tell(index, 0, Input::Event(Message::Reachability(peer, asked)));
    }

    pub fn begin_all(&mut self) {
        (0..self.hosts.len()).for_each(|index| self.begin(index));
    }

    /// The program dies, and is started again with what was on its disk. Its sockets are reset after `reset_ms`, or
    /// never.
    pub fn crash(&mut self, index: usize, reset_ms: Option<u64>) {
        let old = &self.hosts[index];
        let contacts: Vec<usize> =
            (0..self.hosts.len()).filter(|other| old.core.world().contacts.contains(&id(*other as u8 + 1))).collect();
        let remembered: Vec<KnownPeer> = old.remembered.values().cloned().collect();
        let wires: Vec<(usize, SessionId)> = old.wires.values().copied().collect();
        let mut new = host(index, &contacts, remembered, old.room);
        new.outbox.clone_from(&old.outbox);
        new.seen.clone_from(&old.seen);
        new.inbox.clone_from(&old.inbox);
        new.revision = old.revision;
        new.store_failures = old.store_failures;
        new.published.clone_from(&old.published);
        self.hosts[index] = new;
        self.agenda.retain(|_, (of, _)| *of != index);
        for (other, session) in wires {
            self.hosts[other].wires.remove(&session);
            if let Some(reset_ms) = reset_ms {
                self.tell(other, reset_ms, closed(session, CloseReason::Failed));
            }
        }
        self.begin(index);
    }

    pub fn tell(&mut self, index: usize, delay_ms: u64, input: Input) {
        self.counter += 1;
        self.agenda.insert((self.now_ms + delay_ms, self.counter), (index, input));
    }

    /// The user reads a message of that node, and wants it known.
    pub fn read(&mut self, index: usize, sender: NodeId, message: PacketId) {
        self.hosts[index].receipts.insert((sender, message));
        self.tell(index, 0, Input::Event(Message::ReadReceipts(sender, BusInput::Event(read_receipts::Event::Look))));
    }

    pub fn write(&mut self, from: usize, to: usize, byte: u8) {
        let peer = id(to as u8 + 1);
        self.hosts[from].outbox.insert(message(byte), (peer, DeliveryState::Queued));
        let queued = self.queued(from, message(byte), peer);
        self.tell(from, 0, Input::MessageQueued(queued));
    }

    fn queued(&self, _: usize, message: PacketId, peer: NodeId) -> QueuedMessage {
        let expires_unix_ms = EPOCH_MS + self.now_ms + 7 * 86_400_000;
        QueuedMessage { message, peer, expires_unix_ms, attempts: 0, pause_ms: 0 }
    }

    /// Runs until that time.
    pub fn run_for(&mut self, length_ms: u64) {
        let end_ms = self.now_ms + length_ms;
        self.run_until_or(end_ms, |_| false);
        self.now_ms = end_ms;
    }

    /// Runs until it holds, for ten minutes at most.
    pub fn run_until(&mut self, what: &str, holds: impl Fn(&World) -> bool) {
        let end_ms = self.now_ms + 600_000;
        assert!(self.run_until_or(end_ms, holds), "{what}: not within ten minutes\n{}", self.describe());
    }

    fn run_until_or(&mut self, end_ms: u64, holds: impl Fn(&World) -> bool) -> bool {
        loop {
            if holds(self) {
                return true;
            }
            let next_input = self.agenda.keys().next().map(|(at_ms, _)| *at_ms);
            let deadlines =
                self.hosts.iter().enumerate().filter_map(|(index, host)| Some((host.core.poll_deadline()?, index)));
            let next_timer = deadlines.min();
            let Some(next_ms) = next_input.into_iter().chain(next_timer.map(|(at_ms, _)| at_ms)).min() else {
                return false;
            };
            if next_ms > end_ms {
                return false;
            }
            self.now_ms = self.now_ms.max(next_ms);
            match next_timer.filter(|(at_ms, _)| *at_ms <= self.now_ms) {
                Some((_, index)) => {
                    let now = self.now(index);
                    self.hosts[index].core.advance(now);
                    self.carry_out(index);
                }
                None => {
                    let Some((_, (index, input))) = self.agenda.pop_first() else { return false };
                    let now = self.now(index);
                    self.hosts[index].core.handle(now, input);
                    self.carry_out(index);
                }
            }
        }
    }

    fn now(&self, index: usize) -> Now {
        Now { ms: self.now_ms, unix_ms: EPOCH_MS + self.now_ms + self.hosts[index].skew_ms }
    }

    fn carry_out(&mut self, index: usize) {
        while let Some(command) = self.hosts[index].core.poll_command() {
            self.command(index, command);
        }
    }

    pub fn is_online(&self, index: usize, other: usize) -> bool {
        self.hosts[index].online.get(&id(other as u8 + 1)) == Some(&true)
    }

    pub fn state_of(&self, index: usize, byte: u8) -> DeliveryState {
        self.hosts[index].outbox[&message(byte)].1
    }

    pub fn sessions(&self, index: usize) -> usize {
        self.hosts[index].core.world().sessions.len()
    }

    /// Refusals that a host has told others, by name.
    pub fn refusals(&self, index: usize, reason: Refusal) -> u64 {
        self.hosts[index].core.world().counters.refused.get(&snake_case(&reason)).copied().unwrap_or(0)
    }

    /// Everything that was delivered to a host's automata.
    pub fn records(&mut self, index: usize) -> Vec<Record> {
        self.hosts[index].core.recorder_mut().0.clone()
    }

    /// Deliveries that the definitions do not provide for.
    pub fn odd(&mut self) -> Vec<String> {
        use automata_runtime::Outcome::{AlreadyThere, DeferFull, NoSuchInstance, Unexpected};
        let mut odd = Vec::new();
        for index in 0..self.hosts.len() {
            for record in self.records(index) {
                if matches!(record.outcome, Unexpected | NoSuchInstance | AlreadyThere | DeferFull)
                    || !record.faults.is_empty()
                {
                    let (at_ms, instance, event) = (record.at_ms, &record.instance, &record.event);
                    odd.push(format!("{index} {at_ms} {instance} {event} {:?} in {:?}", record.outcome, record.before));
                }
            }
        }
        odd
    }

    fn describe(&self) -> String {
        let mut text = String::new();
        for (index, host) in self.hosts.iter().enumerate() {
            let records = &host.core.bus().recorder().0;
            for record in records.iter().rev().take(40).rev() {
                text += &format!(
                    "{index} {:>7} {} {} {:?} {:?} -> {:?}\n",
                    record.at_ms, record.instance, record.event, record.outcome, record.before, record.after
                );
            }
        }
        text
    }
}

pub fn closed(session: SessionId, reason: CloseReason) -> Input {
    let detail = format!("{reason:?}");
    Input::Session(session, SessionInput::Closed { reason, detail, chance_ms: 100 + 37 * (session % 7) })
}
