//! What the core asks of its rim, one command after the other.

use bitpie::automata::types::DeliveryState;
use bitpie::wire::{Packet, PacketKind};
use bitpie::world::{Command, IdentityBuilt, Input, SessionInput};

use super::{EPOCH_MS, World};

impl World {
    pub(super) fn command(&mut self, index: usize, command: Command) {
        match command {
            Command::Outside(command) => self.outside(index, command),
            Command::Dial { session, entrypoint, .. } => self.dial(index, session, &entrypoint),
            Command::DialThrough { session, through, expected, .. } => {
                self.dial_through(index, session, through, expected)
            }
            Command::ProbeRouter { session, .. } => {
                self.hosts[index].probed.push(session);
                let answers =
                    self.hosts[index].wires.get(&session).is_some_and(|(other, _)| self.hosts[*other].router_answers);
                self.tell(index, 25, Input::Session(session, SessionInput::RouterProbed { answers }));
            }
            Command::SendFrame(session, frame) => self.frame(index, session, frame),
            Command::SendPacket { session, packet } => self.packet(index, session, &packet),
            Command::SendMessage { session, message, recipient } => {
                let is_sent = self.hosts[index].wires.contains_key(&session);
                self.tell(index, 1, Input::Transmitted { message, session, is_sent });
                let sender = self.hosts[index].id;
                self.packet(
                    index,
                    session,
                    &Packet {
                        kind: PacketKind::Message,
                        id: message,
                        sender,
                        recipient,
                        time_unix_ms: EPOCH_MS + self.now_ms,
                        answers: None,
                        payload: vec![1],
                    },
                );
            }
            Command::CommitMessage { session, packet } => {
                let Packet { sender, id: packet, .. } = *packet.packet();
                let host = &mut self.hosts[index];
                if host.is_store_stuck {
                    return;
                }
                if host.seen.insert((sender, packet)) {
                    host.inbox.push((sender, packet));
                }
                self.tell(index, 3, Input::MessagesCommitted { session, sender, packets: vec![packet] });
            }
            Command::CommitIdentity { session, packet } => {
                let Packet { sender, id: packet, .. } = *packet.packet();
                let of = self.hosts.iter().position(|host| host.id == sender).expect("senders are hosts");
                let entrypoints = Some(self.hosts[of].published.clone());
                let relays = self.hosts[of].offers_relay;
                self.tell(index, 3, Input::IdentityCommitted { session, sender, packet, entrypoints, relays });
            }
            Command::BuildIdentity { .. } if self.fails(index) => {
                self.tell(index, 5, Input::IdentityFailed { reason: "the disk is full".to_owned() });
            }
            Command::BuildIdentity { entrypoints, services } => {
                let host = &mut self.hosts[index];
                let offers_relay = services.iter().any(|service| service.as_str() == "relay");
                let services_changed = std::mem::replace(&mut host.offers_relay, offers_relay) != offers_relay;
                let name = host.core.world().nickname.wanted.clone();
                let contacts_changed = host.published != entrypoints;
                let name_changed = host.core.world().identity.name != name;
                let identity_changed = (name_changed || services_changed) && !contacts_changed;
                if contacts_changed || identity_changed {
                    host.revision += 1;
                    host.published = entrypoints;
                }
                let revision = host.revision;
                let document = [0].as_slice().into();
                let built = IdentityBuilt { contacts_changed, identity_changed, document, revision, name };
                self.tell(index, 5, Input::IdentityBuilt(built));
            }
            Command::FindDelivered { message, peer } => {
                if let Some((to, state)) = self.hosts[index].outbox.get_mut(&message)
                    && *to == peer
                {
                    *state = DeliveryState::Read;
                }
            }
            Command::RememberPeer(record) => {
                self.hosts[index].remembered.insert(record.id, *record);
            }
            Command::CountPresence(counted) => {
                for (peer, is_here) in counted {
                    let (here, all) = self.hosts[index].minutes.entry(peer).or_default();
                    *here += u32::from(is_here);
                    *all += 1;
                }
            }
            Command::FindIdentity(peer) => self.find_identity(index, peer),
            Command::NicknameTaken { .. } => {}
            Command::ReportNickname { result, nickname, index: slot } => {
                self.hosts[index].nickname_reports.push((result, nickname, slot));
            }
            Command::Report { what, reason } => self.hosts[index].reports.push(format!("{what}: {reason}")),
            Command::Answer(request, result) => self.hosts[index].answers.push((request.0, format!("{result:?}"))),
        }
    }

    /// Whether its store refuses once more.
    pub(super) fn fails(&mut self, index: usize) -> bool {
        let left = &mut self.hosts[index].store_failures;
        let fails = *left > 0;
        *left = left.saturating_sub(1);
        fails
    }
}
