//! What the core asks for, carried out. Whatever takes its time becomes a task, and what comes of it is an input.

use crate::home::clock::unix_ms;
use crate::identity::{Entrypoint, NodeId};
use crate::nickname::Nickname;
use crate::transports::lan::Wanted;
use crate::wire::{Frame, Hello, PacketId, PeerHint, PeerId};
use crate::world::{Command, OutgoingFrame, OutgoingPacket};

use super::{Done, Driver};

impl Driver {
    pub(super) fn carry_out(&mut self) {
        while let Some(command) = self.node.poll_command() {
            self.command(command);
        }
        self.callers.look(&self.node, self.clock.now().ms);
        self.look_at_searches();
        self.recording.take(&mut self.node, self.clock.now().ms);
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Outside(command) => self.outside(command),
            Command::SearchLan { entrypoints } => {
                let interfaces = self.settings.values.lan_interfaces.clone();
                self.network.lan.search(Wanted { interfaces, entrypoints });
            }
            // Waited for at the end of the program too, so that others hear the goodbye.
            Command::StopLan => {
                let withdrawn = self.network.lan.stop();
                self.task(async move {
                    withdrawn.await;
                    Done::Nothing
                });
            }
            Command::Dial { session, entrypoint, expected } => {
                tracing::debug!(session, %entrypoint, peer = %expected, "dialling");
                self.network.transport.dial(session, entrypoint.address, Some(expected));
            }
            Command::OpenStream(session) => self.network.transport.open_stream(session),
            Command::Send(session, frame) => self.send_frame(session, frame),
            Command::SendPacket { session, recipient, id, packet } => self.send_packet(session, recipient, id, packet),
            Command::Transmit { session, message, recipient } => {
                self.tasks.push(self.storage.transmit(session, message, recipient));
            }
            Command::CommitMessage { session, sender, packet, bytes } => {
                let (quota, waiting) = (self.settings.quota(), self.network.arriving.take());
                self.tasks.push(self.storage.commit_message(session, sender, packet, &bytes, quota, waiting));
            }
            Command::CommitIdentity { session, sender, packet, bytes } => {
                let waiting = self.network.arriving.take();
                self.tasks.push(self.storage.commit_identity(session, sender, packet, &bytes, waiting));
            }
            Command::BuildIdentity { entrypoints, services } => {
                let name = self.settings.values.name.clone();
                self.tasks.push(self.storage.build_identity(name, entrypoints, services));
            }
            Command::LoadMessages => self.tasks.push(self.storage.load_messages()),
            Command::FindDelivered { message, peer } => self.tasks.push(self.storage.message_read(message, peer)),
            Command::RememberPeer(peer) => self.tasks.push(self.storage.remember_peer(*peer)),
            Command::CountPresence(counted) => self.tasks.push(self.storage.count_presence(counted)),
            Command::Report { what, reason } => tracing::warn!(reason, "{what}"),
            Command::FindIdentity(peer) => self.dht.find_identity(peer),
            Command::ReportNickname { result, nickname, index } => {
                tracing::info!(?result, nickname = nickname.as_ref().map(Nickname::as_str), index, "nickname");
                self.callers.changed();
            }
            Command::Answer(request, result) => self.callers.answer_service(request, result, &self.node),
            Command::Stopped => self.has_stopped = true,
        }
    }

    fn send_frame(&mut self, session: u64, frame: OutgoingFrame) {
        if let Some(frame) = self.outgoing(session, frame)
            && self.network.send(session, &frame)
            && let Frame::Ping(number) = frame
        {
            self.storage.ping_handed_over(session, number);
        }
    }

    /// A frame, with what only the rim knows.
    fn outgoing(&self, session: u64, frame: OutgoingFrame) -> Option<Frame> {
        Some(match frame {
            OutgoingFrame::Hello { observed } => {
                Frame::Hello(Hello::new(&self.settings.values.network, unix_ms(), Some(observed)))
            }
            OutgoingFrame::PeerId => {
                let proved = self.network.proved.get(&session)?;
                let entrypoints = self.node.world().identity.published.clone();
                let (key, document) = (&self.identity.keys.identity, &self.identity.document);
                Frame::PeerId(PeerId::new(key, document, &proved.handshake_hash, proved.role(), entrypoints))
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
        let read = if let OutgoingPacket::Read(of) = packet { Some(of) } else { None };
        if let Some(frame) = self.identity.packet(recipient, id, packet)
            && self.network.send(session, &frame)
            && let Some(of) = read
        {
            self.storage.receipt_handed_over(session, recipient, of);
        }
    }
}
