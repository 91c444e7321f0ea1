//! What the core asks for, carried out. Whatever takes its time becomes a task, and what comes of it is an input.

use crate::codec::Text;
use crate::home::clock::unix_ms;
use crate::identity::{Entrypoint, NodeId};
use crate::nickname::Nickname;
use crate::runtime::our_identity;
use crate::store::Store;
use crate::transports::CloseReason;
use crate::transports::lan::Wanted;
use crate::wire::{Fail, Frame, Hello, Packet, PacketId, PacketKind, PeerHint, PeerId};
use crate::world::{Command, Input, OutgoingFrame, OutgoingPacket};

use super::commits::queued;
use super::{Done, Driver};

impl Driver {
    pub(super) fn carry_out(&mut self) {
        while let Some(command) = self.node.poll_command() {
            self.command(command);
        }
        self.look_at_pings();
        self.look_at_started();
        self.look_at_searches();
        self.recording.take(&mut self.node, self.clock.now().ms);
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Outside(command) => self.outside(command),
            Command::SearchLan { entrypoints } => {
                let interfaces = self.settings.lan_interfaces.clone();
                self.lan.search(Wanted { interfaces, entrypoints });
            }
            // Waited for at the end of the program too, so that others hear the goodbye.
            Command::StopLan => {
                let withdrawn = self.lan.stop();
                self.task(async move {
                    withdrawn.await;
                    Done::Nothing
                });
            }
            Command::Dial { session, entrypoint, expected } => {
                tracing::debug!(session, %entrypoint, peer = %expected, "dialling");
                self.transport.dial(session, entrypoint.address, Some(expected));
            }
            Command::OpenStream(session) => self.transport.open_stream(session),
            Command::Send(session, frame) => {
                if let Some(frame) = self.outgoing(session, frame)
                    && self.send(session, &frame)
                    && let Frame::Ping(number) = frame
                {
                    self.ping_handed_over(session, number);
                }
            }
            Command::SendPacket { session, recipient, id, packet } => self.send_packet(session, recipient, id, packet),
            Command::Transmit { session, message, recipient } => self.transmit(session, message, recipient),
            Command::CommitMessage { session, sender, packet, bytes } => {
                self.commit_message(session, sender, packet, bytes)
            }
            Command::CommitIdentity { session, sender, packet, bytes } => {
                self.commit_identity(session, sender, packet, bytes)
            }
            Command::BuildIdentity { entrypoints, services } => {
                let (keys, name, now) = (self.keys.clone(), self.settings.name.clone(), unix_ms());
                self.store_task(
                    "build the identity document",
                    move |store| our_identity::build(store, &keys, name, entrypoints, services, now),
                    |built| built.map_or(Done::Nothing, Done::Built),
                );
            }
            Command::LoadMessages => {
                self.store_task("read the messages that are on their way", Store::unfinished_deliveries, |deliveries| {
                    Done::Inputs(deliveries.into_iter().flatten().map(queued).map(Input::MessageQueued).collect())
                })
            }
            Command::FindDelivered { message, peer } => {
                let now = unix_ms();
                let id = message;
                self.store_task(
                    "write down that a message was read",
                    move |store| store.confirm_read(&id, &peer, now),
                    |_| Done::Changed(Vec::new()),
                );
            }
            Command::RememberPeer(peer) => {
                self.store_task("remember a peer", move |store| store.save_peer(&peer, unix_ms()), |_| Done::Nothing)
            }
            Command::CountPresence(counted) => {
                let seen: Vec<NodeId> =
                    counted.into_iter().filter(|(_, is_here)| *is_here).map(|(peer, _)| peer).collect();
                let now = unix_ms();
                self.store_task(
                    "count who is there",
                    move |store| store.count_minutes(1, &seen, now),
                    |_| Done::Nothing,
                );
            }
            Command::Report { what, reason } => tracing::warn!(reason, "{what}"),
            Command::FindIdentity(peer) => self.find_identity(peer),
            Command::ReportNickname { result, nickname, index } => {
                tracing::info!(?result, nickname = nickname.as_ref().map(Nickname::as_str), index, "nickname");
                self.changed();
            }
            Command::Answer(request, result) => self.pending.answer_service(request, result, &self.node),
            Command::Stopped => self.has_stopped = true,
        }
    }

    /// A frame, with what only the rim knows.
    fn outgoing(&self, session: u64, frame: OutgoingFrame) -> Option<Frame> {
        Some(match frame {
            OutgoingFrame::Hello { observed } => {
                Frame::Hello(Hello::new(&self.settings.network, unix_ms(), Some(observed)))
            }
            OutgoingFrame::PeerId => {
                let proved = self.proved.get(&session)?;
                let entrypoints = self.node.world().identity.published.clone();
                Frame::PeerId(PeerId::new(
                    &self.keys.identity,
                    &self.document,
                    &proved.handshake_hash,
                    proved.role(),
                    entrypoints,
                ))
            }
            OutgoingFrame::Ready => Frame::Ready,
            OutgoingFrame::Refused(reason) => Frame::Refused(reason),
            OutgoingFrame::Ping(nonce) => Frame::Ping(nonce),
            OutgoingFrame::Pong(nonce) => Frame::Pong(nonce),
            OutgoingFrame::GetPeers => Frame::GetPeers,
            OutgoingFrame::Peers(peers) => {
                let hint =
                    |(id, entrypoints): (NodeId, Vec<Entrypoint>)| PeerHint { id, entrypoints: entrypoints.into() };
                Frame::Peers(peers.into_iter().map(hint).collect())
            }
        })
    }

    fn send_packet(&mut self, session: u64, recipient: NodeId, id: PacketId, packet: OutgoingPacket) {
        let (kind, answers, payload) = match packet {
            OutgoingPacket::Identity => (PacketKind::Identity, None, self.document.as_bytes().to_vec()),
            OutgoingPacket::Ack(of) => (PacketKind::Ack, Some(of), Vec::new()),
            OutgoingPacket::Read(of) => (PacketKind::Read, Some(of), Vec::new()),
            OutgoingPacket::Fail(of, reason) => {
                let fail = Fail { reason, text: Text::cut(reason.in_words()) };
                (PacketKind::Fail, Some(of), fail.encode())
            }
        };
        let packet = Packet { kind, id, sender: self.keys.id(), recipient, time_unix_ms: unix_ms(), answers, payload };
        let signed = match packet.sign(&self.keys.identity) {
            Ok(signed) => signed,
            Err(error) => return tracing::error!(%error, "a packet of ours cannot be"),
        };
        let is_sent = self.send(session, &Frame::Packet(signed.as_bytes().to_vec()));
        if let (true, PacketKind::Read, Some(of)) = (is_sent, kind, answers) {
            self.receipt_handed_over(session, recipient, of);
        }
    }

    /// Hands a frame to a session. One that takes no more is closed: its peer does not read.
    pub(super) fn send(&mut self, session: u64, frame: &Frame) -> bool {
        match self.transport.send(session, frame.encode()) {
            Ok(()) => {
                self.frames_out += 1;
                true
            }
            Err(error) => {
                tracing::debug!(session, frame = frame.name(), %error, "a frame was not sent");
                self.transport.close(session, CloseReason::Failed, error.to_string());
                false
            }
        }
    }
}
