//! What the network tells, as the core is told of it.

use std::rc::Rc;

use tokio::time::sleep;

use crate::automata::senders::network::lan_discovery;
use crate::automata::senders::transports::peer_protocol as told;
use crate::home::clock::unix_ms;
use crate::home::entropy::chance_ms;
use crate::identity::VerifiedDocument;
use crate::name::TransportName;
use crate::runtime::inbound::{self, Inbound, Proved};
use crate::transports::lan::LanEvent;
use crate::transports::{CloseReason, TransportEvent};
use crate::wire::{Frame, PACKET};
use crate::world::{Input, SessionInput, TransportInput};

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
            TransportEvent::Accepted { session, remote } => {
                self.network.accepted(session, transport.clone());
                self.input(Input::Session(session, SessionInput::Accepted { transport, remote }));
            }
            TransportEvent::Connected { session, .. } => self.input(Input::Session(session, SessionInput::Connected)),
            TransportEvent::Authenticated { session, peer, handshake_hash, outgoing } => {
                self.network.proved.insert(session, Proved { peer, handshake_hash, is_outgoing: outgoing });
                self.input(Input::Session(session, SessionInput::Authenticated { peer }));
            }
            TransportEvent::KeepAlive { session } => self.input(Input::Session(session, SessionInput::KeepAlive)),
            TransportEvent::Frame { session, bytes, waiting } => {
                self.because_of(Some(Rc::new(waiting)), |driver| driver.frame(session, &bytes));
            }
            TransportEvent::Closed { session, reason, detail } => self.session_closed(session, reason, detail),
            TransportEvent::Refused { remote, why, count } => {
                *self.network.refused_connections.entry(why.text().to_owned()).or_default() += count;
                tracing::debug!(%remote, %why, count, "connections refused");
            }
        }
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

    fn frame(&mut self, session: u64, bytes: &[u8]) {
        let Some(proved) = self.network.proved.get(&session).copied() else { return };
        let is_friend = self.node.world().is_friend(&proved.peer);
        let is_packet = Frame::tag_of(bytes) == Some(PACKET);
        if let Some(wait) = self.network.rates.take(session, is_packet, is_friend, self.clock.elapsed_us()) {
            // It is dealt with now, and holds its place until others may follow.
            let held = self.tasks.cause.clone();
            self.network.early.push(Box::pin(async move {
                sleep(wait).await;
                drop(held);
            }));
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
