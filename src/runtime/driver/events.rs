//! What the transport tells, as the core is told of it.

use std::net::SocketAddr;

use crate::home::clock::unix_ms;
use crate::home::entropy::chance_ms;
use crate::identity::{Rank, VerifiedDocument};
use crate::runtime::inbound::{self, Proved};
use crate::runtime::network;
use crate::transports::lan::LanEvent;
use crate::transports::{CloseReason, TransportEvent, Waiting, tcp_name};
use crate::wire::Frame;
use crate::world::{FrameContent, Input, LanInput, SessionInput, TransportInput};

use super::{Done, Driver};

impl Driver {
    pub(super) fn transport_event(&mut self, event: TransportEvent) {
        let session = |session, input| Input::Session(session, input);
        let input = match event {
            TransportEvent::Listening { address } => {
                self.listen_at = address;
                self.may_move_port = false;
                let entrypoints = network::entrypoints(address);
                tracing::info!(%address, "listening");
                Input::Transport(tcp_name(), TransportInput::Listening { entrypoints })
            }
            TransportEvent::ListenFailed { address, error } => {
                if self.may_move_port && address.port() != 0 {
                    tracing::warn!(%error, "the default port of services/tcp-transport/port gives way to a free one");
                    self.may_move_port = false;
                    self.transport.listen(SocketAddr::new(address.ip(), 0));
                    return;
                }
                let reason = format!("{error}; the setting is services/tcp-transport/port");
                Input::Transport(tcp_name(), TransportInput::Failed { reason })
            }
            TransportEvent::ListeningStopped => Input::Transport(tcp_name(), TransportInput::Stopped),
            TransportEvent::Accepted { session: number, remote } => {
                session(number, SessionInput::Accepted { transport: tcp_name(), remote })
            }
            TransportEvent::Connected { session: number, .. } => session(number, SessionInput::Connected),
            TransportEvent::Authenticated { session: number, peer, handshake_hash, outgoing } => {
                self.proved.insert(number, Proved { peer, handshake_hash, is_outgoing: outgoing });
                session(number, SessionInput::Authenticated { peer })
            }
            TransportEvent::KeepAlive { session: number } => session(number, SessionInput::KeepAlive),
            TransportEvent::Frame { session: number, bytes, waiting } => {
                self.frame(number, &bytes, waiting);
                return;
            }
            TransportEvent::Closed { session: number, reason, detail } => {
                self.proved.remove(&number);
                self.receipts_lost(number);
                tracing::debug!(session = number, ?reason, detail, "session closed");
                // The session's protocol says what follows from it, as it does for what it sees itself.
                if reason == CloseReason::Violation {
                    let content = FrameContent::Violation(detail.clone());
                    self.input(Input::Session(number, SessionInput::Frame { length: 0, content }));
                }
                session(number, SessionInput::Closed { reason, detail, chance_ms: chance_ms() })
            }
            TransportEvent::Refused { remote, why, count } => {
                self.count_refusal(why.text(), count);
                tracing::debug!(%remote, %why, count, "connections refused");
                return;
            }
        };
        self.input(input);
    }

    pub(super) fn lan_event(&mut self, event: LanEvent) {
        self.input(Input::Lan(match event {
            LanEvent::Searching => LanInput::Searching,
            LanEvent::Failed { reason } => LanInput::Failed { reason },
            LanEvent::Found { peer, entrypoints } => {
                tracing::debug!(%peer, "announced in the local network");
                LanInput::Found { peer, entrypoints }
            }
            LanEvent::Gone { peer } => LanInput::Gone { peer },
        }));
    }

    fn count_refusal(&mut self, name: &str, count: u64) {
        *self.refused_connections.entry(name.to_owned()).or_default() += count;
    }

    fn frame(&mut self, session: u64, bytes: &[u8], waiting: Waiting) {
        let Some(proved) = self.proved.get(&session).copied() else { return };
        let now_unix_ms = unix_ms();
        let frame = Frame::decode(bytes);
        let document = match &frame {
            Ok(Frame::PeerId(peer_id)) => Some(peer_id.document.clone()),
            _ => None,
        };
        let content = inbound::content(frame, &proved, &self.settings.network, &self.keys.id(), now_unix_ms);
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        match (content, document) {
            // Whether the document is older than one that was seen, only the store knows.
            (FrameContent::PeerId { peer, is_proven, is_document_valid: true, entrypoints }, Some(document))
                if peer == proved.peer =>
            {
                let document = VerifiedDocument::verify_whenever(&document).ok();
                self.store_task(
                    "keep an identity document",
                    move |store| document.map(|document| store.keep_document(&document, now_unix_ms)).transpose(),
                    move |verdict| {
                        drop(waiting);
                        let is_document_valid = matches!(verdict, Some(Some(Rank::Newer | Rank::Same)));
                        let content = FrameContent::PeerId { peer, is_proven, is_document_valid, entrypoints };
                        Done::Inputs(vec![Input::Session(session, SessionInput::Frame { length, content })])
                    },
                );
            }
            (content, _) => {
                if let FrameContent::Pong(number) = content {
                    self.pong_came(session, number);
                }
                self.arriving = Some(waiting);
                self.input(Input::Session(session, SessionInput::Frame { length, content }));
                self.arriving = None;
            }
        }
    }
}
