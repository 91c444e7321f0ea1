//! What the core asks for, carried out. Whatever takes its time becomes a task, and what comes of it is an input.

use crate::home::clock::unix_ms;
use crate::nickname::Nickname;
use crate::peers::AddressGroup;
use crate::transports::router_probe;
use crate::wire::{Frame, Hello, PeerId};
use crate::world::{Command, Input, Session, SessionInput};

use super::{Done, Driver};

impl Driver {
    pub(super) fn carry_out(&mut self) {
        while let Some(command) = self.node.poll_command() {
            self.command(command);
        }
        self.tasks.extend(self.storage.write_down_news());
        self.callers.look(&self.node, self.clock.now().ms);
        self.look_at_searches();
        self.recording.take(&mut self.node, self.clock.now().ms);
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Outside(command) => self.outside(command),
            Command::Dial { session, entrypoint, expected } => {
                tracing::debug!(session, %entrypoint, peer = %expected, "dialling");
                let failed = self.network.dial(session, &entrypoint, expected);
                self.later(failed);
            }
            Command::DialThrough { session, through, remote, expected } => {
                tracing::debug!(session, through, peer = %expected, "dialling through another node");
                self.network.dial_through(session, through, remote, expected);
            }
            Command::ProbeRouter { session, at } => self.task(async move {
                let answers = router_probe::answers_what_is_unasked(at).await;
                Done::Inputs(vec![Input::Session(session, SessionInput::RouterProbed { answers })])
            }),
            Command::SendFrame(session, frame) => drop(self.send_frame(session, &frame)),
            Command::SendPacket { session, packet } => {
                if let Some(frame) = self.identity.sign(&packet) {
                    self.send_frame(session, &frame);
                }
            }
            Command::SendMessage { session, message, recipient } => {
                self.tasks.push(self.storage.transmit(session, message, recipient));
            }
            Command::CommitMessage { session, packet } => {
                let quota = self.settings.quota();
                let remote = self.node.world().sessions.get(session).map(|session| session.remote.ip());
                let origin = remote.map_or_else(String::new, |ip| AddressGroup::of(ip).to_string());
                self.tasks.push(self.storage.commit_message(session, &packet, quota, origin));
            }
            Command::CommitIdentity { session, packet } => {
                self.tasks.push(self.storage.commit_identity(session, &packet));
            }
            Command::BuildIdentity { entrypoints, services } => {
                let name = self.settings.values.identity.name.clone();
                self.tasks.push(self.storage.build_identity(name, entrypoints, services));
            }
            Command::FindDelivered { message, peer } => self.tasks.push(self.storage.message_read(message, peer)),
            Command::RememberPeer(peer) => self.tasks.push(self.storage.remember_peer(*peer)),
            Command::CountPresence(counted) => self.tasks.push(self.storage.count_presence(counted)),
            Command::Report { what, reason } => tracing::warn!(reason, "{what}"),
            Command::FindIdentity(peer) => self.dht.find_identity(peer),
            Command::NicknameTaken { nickname, index, is_claimed } => {
                let now = if is_claimed {
                    "is somebody else's now: their claim to it prevails"
                } else {
                    "cannot be written into any more by anybody: somebody has used it up"
                };
                self.notices.tell(format!(
                    "place {index} of the nickname {nickname}, which was yours, {now}. This node looks for another \
                     place; friends who have not pinned you yet need your fingerprint (`bitpie id`)."
                ));
            }
            Command::ReportNickname { result, nickname, index } => {
                tracing::info!(?result, nickname = nickname.as_ref().map(Nickname::as_str), index, "nickname");
                self.callers.changed();
            }
            Command::Answer(request, result) => self.callers.answer_service(request, result, &self.node),
        }
    }

    /// Says what this node is.
    pub(super) fn send_hello(&mut self, session: u64) {
        let found = self.node.world().sessions.get(session);
        // Where a session is carried, nobody sees where the other one is.
        let observed = found.filter(|session| !session.is_carried()).map(Session::entrypoint);
        let settings = &self.settings.values;
        let hello = Hello::new(&settings.node.network, unix_ms(), observed).listed(settings.node.listed);
        self.send_frame(session, &Frame::Hello(hello));
    }

    /// Proves who this node is.
    pub(super) fn send_peer_id(&mut self, session: u64) {
        let Some(proved) = self.network.proved.get(&session) else { return };
        let entrypoints = self.node.world().identity.published.clone();
        let (key, document) = (&self.identity.keys.identity, &self.identity.document);
        let peer_id = PeerId::new(key, document, &proved.handshake_hash, proved.role(), entrypoints);
        self.send_frame(session, &Frame::PeerId(peer_id));
    }
}
