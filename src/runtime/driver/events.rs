//! What the network tells, as the core is told of it.

use std::time::Duration;

use crate::automata::senders::network::lan_discovery;
use crate::automata::senders::transports::peer_protocol as told;
use crate::automata::senders::transports::relay_circuit as carrying;
use crate::home::clock::unix_ms;
use crate::home::entropy::chance_ms;
use crate::identity::{NodeId, VerifiedDocument};
use crate::name::TransportName;
use crate::peers::AddressGroup;
use crate::runtime::inbound::{self, Inbound, Proved};
use crate::runtime::trace_budget::{Charged, Kind, Source};
use crate::transports::lan::LanEvent;
use crate::transports::relay::RelayEvent;
use crate::transports::{CloseReason, TransportEvent};
use crate::wire::{Frame, LENGTH_BYTES, PACKET, PONG};
use crate::world::{Input, Session, SessionInput, TransportInput};

use super::holds::Why;
use super::tasks::BySession;
use super::{Done, Driver};

impl Driver {
    pub(super) fn transport_event(&mut self, transport: TransportName, event: TransportEvent) {
        match event {
            TransportEvent::Listening { address } => {
                let listening = self.network.listening(transport, address);
                self.input(listening);
            }
            TransportEvent::ListenFailed { address, error } => {
                let failed = self.network.listen_failed(transport, address, &error);
                self.inputs(failed);
            }
            TransportEvent::ListeningStopped => self.input(Input::Transport(transport, TransportInput::Stopped)),
            TransportEvent::Accepted { session, remote, through } => {
                self.network.accepted(session, transport.clone());
                let charged = Some((Source::Group(AddressGroup::of(remote.ip())), Kind::OpeningOrEnd));
                let input = Input::Session(session, SessionInput::Accepted { transport, remote, through });
                self.because_of(BySession::cause(None, charged), |driver| driver.input(input));
            }
            TransportEvent::Connected { session, .. } => self.input(Input::Session(session, SessionInput::Connected)),
            TransportEvent::Authenticated { session, peer, handshake_hash, outgoing } => {
                self.network.proved.insert(session, Proved { peer, handshake_hash, is_outgoing: outgoing });
                if let Some(remote) = self.node.world().sessions.get(session).map(|found| found.remote.ip()) {
                    self.stun.expect(remote);
                }
                let charged = self.of_guest(session);
                let input = Input::Session(session, SessionInput::Authenticated { peer });
                self.because_of(BySession::cause(None, charged), |driver| driver.input(input));
            }
            TransportEvent::KeepAlive { session } => {
                let charged = self.said_by(session);
                let input = Input::Session(session, SessionInput::KeepAlive);
                self.because_of(BySession::cause(None, charged), |driver| driver.input(input));
            }
            TransportEvent::Stun { from, bytes } => {
                let heard = self.stun.heard_by_transport(from, &bytes);
                self.inputs(heard);
            }
            TransportEvent::PeerMoved { session, remote } => {
                let charged = self.of_guest(session);
                let input = Input::Session(session, SessionInput::PeerMoved { remote });
                self.because_of(BySession::cause(None, charged), |driver| driver.input(input));
            }
            TransportEvent::Moved { session } => self.input(Input::Session(session, SessionInput::Moved)),
            TransportEvent::Frame { session, bytes, waiting } => {
                let charged = self.said_by(session);
                self.because_of(BySession::cause(Some(waiting), charged), |driver| driver.frame(session, &bytes));
            }
            TransportEvent::Closed { session, reason, detail } => {
                let charged = self.of_guest(session);
                self.because_of(BySession::cause(None, charged), |driver| {
                    driver.session_closed(session, reason, detail)
                });
            }
            TransportEvent::Refused { remote, why, count } => {
                *self.network.refused_connections.entry(why.text().to_owned()).or_default() += count;
                tracing::debug!(%remote, %why, count, "connections refused");
            }
        }
    }

    pub(super) fn relay_event(&mut self, event: RelayEvent) {
        // Whoever has begun a circuit causes all that is told of it.
        let charged = match event {
            RelayEvent::Asked { circuit, by, session, .. } | RelayEvent::Called { circuit, by, session, .. } => {
                let Some(charged) = self.circuit_begins(&by, session) else { return self.network.relay.cut(circuit) };
                self.network.circuits.insert(circuit, charged);
                charged
            }
            RelayEvent::Taken { circuit } | RelayEvent::NotTaken { circuit } => {
                let Some(charged) = self.network.circuits.get(&circuit) else { return };
                *charged
            }
            RelayEvent::Ended { circuit, .. } => {
                let Some(charged) = self.network.circuits.remove(&circuit) else { return };
                charged
            }
        };
        let (is_known, event) = match event {
            RelayEvent::Asked { circuit, by, target, .. } => (true, carrying::asked(circuit, by, target)),
            RelayEvent::Called { circuit, by, caller, .. } => (true, carrying::called(circuit, by, caller)),
            RelayEvent::Taken { circuit } => (self.knows(circuit), carrying::taken(circuit)),
            RelayEvent::NotTaken { circuit } => (self.knows(circuit), carrying::not_taken(circuit)),
            RelayEvent::Ended { circuit, bytes } => (self.knows(circuit), carrying::ended(circuit, bytes)),
        };
        if is_known {
            self.because_of(BySession::cause(None, Some(charged)), |driver| driver.input(Input::Event(event)));
        }
    }

    /// A peer wants to begin a circuit by a session. To whom the circuit is charged, if it may begin: by the session
    /// that serves the peer, since what others bring may be over already; and no faster than frames come.
    fn circuit_begins(&mut self, by: &NodeId, session: u64) -> Option<Charged> {
        let world = self.node.world();
        let is_friend = world.is_friend(by);
        let serves = world.sessions.direct(by).is_some_and(|(direct, _)| direct == session);
        let is_in_time =
            serves && self.network.rates.take(session, false, is_friend, self.clock.elapsed_us()).is_none();
        is_in_time.then(|| self.said_by(session)).flatten()
    }

    /// Whether the core waits for what becomes of a circuit.
    fn knows(&self, circuit: u64) -> bool {
        self.node.system().relay_circuit.get(&circuit).is_some()
    }

    /// Who causes the opening or the end of a session; nobody else if we have opened it.
    fn of_guest(&self, session: u64) -> Option<Charged> {
        let found = self.node.world().sessions.get(session).filter(|found| !found.is_outgoing)?;
        Some((self.source(found), Kind::OpeningOrEnd))
    }

    /// Who says something by a session, whoever has opened it.
    fn said_by(&self, session: u64) -> Option<Charged> {
        let found = self.node.world().sessions.get(session)?;
        Some((self.source(found), if found.is_proved { Kind::Talk } else { Kind::OpeningOrEnd }))
    }

    fn source(&self, session: &Session) -> Source {
        let contact = session.peer.filter(|peer| session.is_proved && self.node.world().is_friend(peer));
        contact.map_or_else(|| Source::Group(AddressGroup::of(session.remote.ip())), Source::Contact)
    }

    fn session_closed(&mut self, session: u64, reason: CloseReason, detail: String) {
        self.network.closed(session);
        tracing::debug!(session, ?reason, detail, "session closed");
        // The session's protocol says what follows from it, as it does for what it sees itself.
        if reason == CloseReason::Violation {
            let event = Some(told::violation(session, detail.clone()));
            self.input(Input::Session(session, SessionInput::Frame(event)));
        }
        self.input(Input::Session(session, SessionInput::Closed { reason, detail, chance_ms: chance_ms() }));
    }

    pub(super) fn lan_event(&mut self, event: LanEvent) {
        self.input(Input::Event(match event {
            LanEvent::Searching => lan_discovery::searching(),
            LanEvent::Unheard { reason } => lan_discovery::unheard(reason),
            LanEvent::Failed { reason } => lan_discovery::failed(reason),
            LanEvent::Found { peer, entrypoints } => {
                tracing::debug!(%peer, "announced in the local network");
                lan_discovery::found(peer, entrypoints)
            }
            LanEvent::Gone { peer } => lan_discovery::gone(peer),
        }));
    }

    /// The frame at hand is dealt with now, and holds its place until others may follow.
    fn hold(&mut self, session: u64, why: Why, wait: Duration) {
        let due_us = self.clock.elapsed_us().saturating_add(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX));
        self.network.rates.holds.hold(session, why, due_us, self.tasks.cause.clone());
    }

    /// Counts a frame. It holds its place if it came too early.
    fn frame_came(&mut self, session: u64, peer: &NodeId, is_packet: bool, bytes: u64) {
        let (is_friend, now_us) = (self.node.world().is_friend(peer), self.clock.elapsed_us());
        if let Some(wait) = self.network.rates.take(session, is_packet, is_friend, now_us) {
            self.hold(session, Why::Rate, wait);
        }
        if let Some(transport) = self.network.transport_of(session).cloned() {
            self.network.gateway.came(&transport, peer, bytes);
        }
        if let Some(wait) = self.network.gateway.holds_up(session, bytes, self.settings.bandwidth().download, now_us) {
            self.hold(session, Why::Download, wait);
        }
    }

    fn frame(&mut self, session: u64, bytes: &[u8]) {
        let Some(proved) = self.network.proved.get(&session).copied() else { return };
        let is_packet = Frame::tag_of(bytes) == Some(PACKET);
        self.frame_came(session, &proved.peer, is_packet, (LENGTH_BYTES + bytes.len()) as u64);
        if Frame::tag_of(bytes) == Some(PONG)
            && let Some(per_mille) = self.network.loss_per_mille(session)
        {
            self.input(Input::Session(session, SessionInput::Loss { per_mille }));
        }
        let now_unix_ms = unix_ms();
        if let Some(ahead_ms) = inbound::clock_ahead_ms(bytes, now_unix_ms) {
            self.input(Input::Session(session, SessionInput::Clock { ahead_ms }));
        }
        let introduction = match inbound::read(session, bytes, &proved, &self.settings.values.node.network, now_unix_ms)
        {
            Inbound::Event(event) => return self.input(Input::Session(session, SessionInput::Frame(event))),
            Inbound::OurDocument(bytes) => return self.our_document_told(session, &bytes),
            Inbound::Introduction(introduction) => introduction,
        };
        let Some(document) = introduction.document() else {
            let event = Some(introduction.event(session, true));
            return self.input(Input::Session(session, SessionInput::Frame(event)));
        };
        self.tasks.push(self.storage.keep_document(document, now_unix_ms, move |is_newest, newest| {
            // Whoever has lost their history learns here how far it went.
            let newest = newest.filter(|_| introduction.is_proven());
            let event = Some(introduction.event(session, is_newest));
            Done::Introduced { session, newest, event: Input::Session(session, SessionInput::Frame(event)) }
        }));
    }

    /// Somebody says which document of ours they have seen. Nothing but our own signature is believed.
    fn our_document_told(&mut self, session: u64, bytes: &[u8]) {
        let document = VerifiedDocument::verify_whenever(bytes).ok();
        match document.filter(|document| document.id() == self.identity.id()) {
            Some(document) => self.raise_revision(document),
            None => {
                let event = told::violation(session, "what it has of us is no document of ours".to_owned());
                self.input(Input::Session(session, SessionInput::Frame(Some(event))));
            }
        }
    }
}
