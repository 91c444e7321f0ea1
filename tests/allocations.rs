//! A delivery allocates nothing, but for cloning the arguments of actions and sends: every buffer is used again.
//!
//! Each case runs once to let the buffers grow, and is then counted by an allocator that counts. What is counted is
//! the bus with everything below it: queue, selection, transition, timers, observations, actions.

use automata_runtime::{Bus, Input, Milliseconds};
use bitpie::automata::system::{Action, Message, Settings, System};
use bitpie::automata::types::{OtherSession, Room};
use bitpie::automata::{
    api_address, api_certificate, contact_status, network_connector, network_transport, nickname_holder, p2p_connector,
    peer_link, peer_protocol, port_mapping, quic_connection, reachability, relay_circuit, tcp_connection,
};
use bitpie::identity::{Entrypoint, NodeId};
use bitpie::name::{ServiceName, TransportName};
use bitpie::nickname::Nickname;
use bitpie::world::{CertificateHash, Observers};

struct Answers;

impl api_address::Conditions for Answers {
    fn has_observers(&mut self, _: &ServiceName) -> bool {
        false
    }

    fn observers(&mut self, _: &ServiceName) -> Observers {
        Observers::default()
    }
}

impl api_certificate::Conditions for Answers {
    fn lasts(&mut self, _: Milliseconds) -> bool {
        true
    }

    fn best(&mut self, _: Milliseconds) -> Option<CertificateHash> {
        None
    }
}

impl contact_status::Conditions for Answers {
    fn in_session(&mut self, _: &NodeId) -> bool {
        true
    }
}

impl network_connector::Conditions for Answers {
    fn connection_alive(&mut self, _: Milliseconds) -> bool {
        true
    }
}

impl nickname_holder::Conditions for Answers {
    fn document_names(&mut self, _: Option<&Nickname>) -> bool {
        true
    }
}

impl p2p_connector::Conditions for Answers {
    fn peers_known(&mut self) -> bool {
        true
    }

    fn best_transport(&mut self, _: &TransportName) -> bool {
        true
    }

    fn order_changed(&mut self) -> bool {
        false
    }
}

impl peer_link::Conditions for Answers {
    fn in_session(&mut self, _: &NodeId) -> bool {
        false
    }

    fn any_address(&mut self, _: &NodeId) -> bool {
        true
    }

    fn another_address(&mut self, _: &NodeId) -> bool {
        true
    }

    fn any_go_between(&mut self, _: &NodeId) -> bool {
        false
    }

    fn another_go_between(&mut self, _: &NodeId) -> bool {
        false
    }

    fn carried(&mut self, _: &NodeId) -> bool {
        false
    }

    fn next_session(&mut self, _: &NodeId) -> u64 {
        2
    }
}

impl relay_circuit::Conditions for Answers {
    fn offered(&mut self, _: &u64) -> bool {
        true
    }

    fn serves(&mut self, _: &u64, _: &NodeId) -> bool {
        true
    }

    fn here(&mut self, _: &u64, _: &NodeId) -> bool {
        true
    }

    fn room_for(&mut self, _: &u64, _: &NodeId) -> bool {
        true
    }

    fn heeded(&mut self, _: &u64, _: &NodeId) -> bool {
        true
    }

    fn may_know(&mut self, _: &u64, _: &NodeId, _: &NodeId) -> bool {
        true
    }

    fn wanted(&mut self, _: &u64, _: &NodeId) -> bool {
        true
    }
}

impl quic_connection::Conditions for Answers {
    fn refused(&mut self, _: &u64, _: &NodeId) -> bool {
        false
    }
}

impl tcp_connection::Conditions for Answers {
    fn refused(&mut self, _: &u64, _: &NodeId) -> bool {
        false
    }
}

impl peer_protocol::Conditions for Answers {
    fn misbehaved(&mut self, _: &u64, _: &NodeId) -> bool {
        false
    }

    fn told_peers_lately(&mut self, _: &u64, _: Milliseconds) -> bool {
        false
    }

    fn address_misbehaved(&mut self, _: &u64) -> bool {
        false
    }

    fn outgoing(&mut self, _: &u64) -> bool {
        true
    }

    fn room(&mut self, _: &u64) -> Room {
        Room::Free
    }

    fn expected(&mut self, _: &u64, _: &NodeId) -> bool {
        true
    }

    fn myself(&mut self, _: &u64, _: &NodeId) -> bool {
        false
    }

    fn other_session(&mut self, _: &u64) -> OtherSession {
        OtherSession::Absent
    }
}

impl port_mapping::Conditions for Answers {
    fn behind_router(&mut self, _: &TransportName) -> bool {
        true
    }

    fn reachable(&mut self, _: &TransportName, _: &Entrypoint) -> bool {
        true
    }
}

impl reachability::Conditions for Answers {
    fn myself(&mut self, _: &NodeId) -> bool {
        false
    }

    fn in_session(&mut self, _: &NodeId) -> bool {
        true
    }

    fn under_way(&mut self, _: &NodeId) -> u16 {
        0
    }
}

/// The bus, and what a program keeps beside it.
struct Run {
    bus: Bus<System>,
    actions: Vec<Action>,
    now_ms: u64,
}

impl Run {
    fn new() -> Self {
        let mut run =
            Self { bus: Bus::new(System::new(Settings::default())), actions: Vec::with_capacity(1024), now_ms: 0 };
        run.bus.start(0, &mut Answers, &mut run.actions);
        run
    }

    fn handle(&mut self, message: Message) {
        self.actions.clear();
        self.bus.handle(self.now_ms, message, &mut Answers, &mut self.actions);
    }

    fn advance(&mut self, by_ms: u64) {
        self.now_ms += by_ms;
        self.actions.clear();
        self.bus.advance(self.now_ms, &mut Answers, &mut self.actions);
    }

    /// Allocations of `messages`, after they were handled before.
    fn allocations(&mut self, messages: impl Fn() -> Vec<Message>) -> u64 {
        for _ in 0..2 {
            for message in messages() {
                self.handle(message);
            }
        }
        let messages = messages();
        let sequence = self.bus.sequence();
        let count = allocation_counter::measure(|| {
            for message in messages {
                self.handle(message);
            }
        });
        assert!(self.bus.sequence() > sequence, "something was delivered");
        // The vector that held the messages is freed inside, which is no allocation.
        count.count_total
    }
}

fn tcp() -> TransportName {
    "tcp".parse().expect("a good name")
}

fn network(event: network_connector::Event) -> Message {
    Message::NetworkConnector(Input::Event(event))
}

fn transport(event: network_transport::Event) -> Message {
    Message::NetworkTransport(tcp(), Input::Event(event))
}

fn connector(event: p2p_connector::Event) -> Message {
    Message::P2pConnector(Input::Event(event))
}

fn session(id: u64, event: tcp_connection::Event) -> Message {
    Message::TcpConnection(id, Input::Event(event))
}

/// A node whose network is up and whose TCP transport listens.
fn connected() -> Run {
    let mut run = Run::new();
    for message in [
        transport(network_transport::Event::Init { listen: true }),
        transport(network_transport::Event::Initialised),
        transport(network_transport::Event::ReceivingStarted),
        network(network_connector::Event::Init),
        network(network_connector::Event::NetworkInfoReceived { active: true, same_interfaces: true }),
        network(network_connector::Event::NetworkUp),
    ] {
        run.handle(message);
    }
    let state = run.bus.system().network_connector.get().map(|instance| instance.state());
    assert_eq!(state, Some(network_connector::State::Connected));
    run
}

#[test]
fn an_internal_transition_with_an_action_allocates_nothing() {
    let mut run = Run::new();
    let peer = NodeId::from_bytes([1; 32]);
    run.handle(session(1, tcp_connection::Event::ConnectionMade { outgoing: true }));
    run.handle(session(1, tcp_connection::Event::PeerProved { peer }));
    let allocations = run.allocations(|| vec![session(1, tcp_connection::Event::KeepAliveReceived); 100]);
    assert_eq!(run.actions.len(), 1, "it was noted");
    assert_eq!(allocations, 0);
}

#[test]
fn what_is_ignored_unexpected_or_for_nobody_allocates_nothing() {
    let mut run = Run::new();
    let allocations = run.allocations(|| {
        vec![
            Message::NicknameHolder(Input::Event(nickname_holder::Event::SlotErased)),
            connector(p2p_connector::Event::Init),
            network(network_connector::Event::NetworkUp),
            session(99, tcp_connection::Event::Disconnect),
        ]
    });
    assert_eq!(allocations, 0);
}

/// Out of `CONNECTED` and back, which the other automaton observes, and which stops and starts timers.
#[test]
fn a_transition_with_sends_observations_and_timers_allocates_nothing() {
    let mut run = connected();
    run.handle(connector(p2p_connector::Event::Init));
    let allocations = run.allocations(|| {
        vec![
            network(network_connector::Event::CheckReconnect),
            network(network_connector::Event::TransportsVerified),
            connector(p2p_connector::Event::MyIdUpdated { contacts_changed: false, identity_changed: true }),
            connector(p2p_connector::Event::MyIdSent { contacts: 0 }),
        ]
    });
    assert!(run.bus.sequence() > 20, "the others observed it");
    assert_eq!(allocations, 0);
}

#[test]
fn a_timer_allocates_nothing_but_for_the_arguments_of_what_it_sends() {
    let mut run = connected();
    run.advance(30_000);
    run.advance(30_000);
    let sequence = run.bus.sequence();
    let count = allocation_counter::measure(|| run.advance(30_000));
    assert!(run.bus.sequence() > sequence + 1, "the check told the transports");
    assert_eq!(count.count_total, 0, "the key of a transport is shared, not copied");
}

#[test]
fn the_counter_counts() {
    let count = allocation_counter::measure(|| drop(std::hint::black_box(vec![0_u8; 100])));
    assert_eq!(count.count_total, 1);
}
