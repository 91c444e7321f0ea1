//! The store as a neighbour: what it is asked on behalf of the core, and what comes of it.
//!
//! A message of ours costs two commits, the one by which it is accepted and the one by which it is delivered. It is
//! sealed with the first, and that it was sent is not written down as long as the answer may come at once.

use std::collections::BTreeMap;
use std::future::ready;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::abort_points::{AbortPoint, reach};
use crate::automata::senders::store as told;
use crate::home::clock::unix_ms;
use crate::identity::{Entrypoint, NodeId, Rank, VerifiedDocument};
use crate::messages::{
    Arrival, ArrivalVerdict, Delivery, DeliveryState, DeliveryUpdate, Expected, TheirAgreements, open_by,
};
use crate::name::ServiceName;
use crate::nickname::Nickname;
use crate::peers::KnownPeer;
use crate::runtime::inbound;
use crate::store::{Quota, Store, StoreError, StoreHandle};
use crate::wire::{FailReason, Packet, PacketId, PacketIds, VerifiedPacket};
use crate::world::{Input, QueuedMessage};

use super::our_identity::{self, Keys};
use super::sealer::Sealer;
use super::tasks::{Committed, Done, Task};

/// That a message was sent is written down after so long, if nothing was heard of it by then. A crash before that makes
/// the node forget an attempt; it would send the message again anyway.
const SENT_UNWRITTEN: Duration = Duration::from_secs(1);

/// What could not be written is tried again in this time.
const RECORDED_AGAIN: Duration = Duration::from_secs(10);

/// The store, and what is not in it yet.
pub struct Storage {
    /// Where everything is kept.
    pub store: StoreHandle,
    /// Seals messages of ours.
    pub sealer: Sealer,
    /// By which messages of others are sealed.
    agreements: TheirAgreements,
    /// Held by each message of ours that is read from disk to be sent.
    read_to_send: Rc<()>,
    /// What became of messages, as the commands at hand say.
    news: Vec<(PacketId, DeliveryUpdate)>,
    /// Messages that were sent; this has yet to be written to disk.
    sent: BTreeMap<PacketId, DeliveryUpdate>,
    /// When that is to be written down.
    pub(super) sent_due: Option<Instant>,
}

impl Storage {
    pub(super) fn new(store: StoreHandle, keys: Keys) -> Self {
        Self {
            store,
            sealer: Sealer::new(keys),
            agreements: TheirAgreements::default(),
            read_to_send: Rc::default(),
            news: Vec::new(),
            sent: BTreeMap::new(),
            sent_due: None,
        }
    }

    /// Does something with the store. What comes of it, or nothing if it fails, which is logged.
    pub(super) fn task<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
        then: impl FnOnce(Option<T>) -> Done + 'static,
    ) -> Task {
        let store = self.store.clone();
        Box::pin(async move {
            let result =
                store.run(work).await.inspect_err(|error| tracing::error!(%error, "the store could not {doing}"));
            then(result.ok())
        })
    }

    /// Does something of which nothing comes but what is on disk then.
    pub(super) fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Task {
        self.task(doing, work, |_| Done::Nothing)
    }

    /// Messages that are on their way.
    pub(super) fn load_messages(&self) -> Task {
        let store = self.store.clone();
        Box::pin(async move {
            Done::Inputs(match store.run(Store::unfinished_deliveries).await {
                Ok(deliveries) => {
                    let queued = deliveries.into_iter().map(queued).map(Input::MessageQueued);
                    queued.chain([Input::Event(told::outbox::loaded())]).collect()
                }
                Err(error) => vec![Input::Event(told::outbox::load_failed(error.to_string()))],
            })
        })
    }

    /// Builds our identity document, if it is to say something else than the one in force.
    pub(super) fn build_identity(
        &self,
        name: Option<Nickname>,
        entrypoints: Vec<Entrypoint>,
        services: Vec<ServiceName>,
    ) -> Task {
        let (store, keys, now) = (self.store.clone(), self.sealer.keys.clone(), unix_ms());
        Box::pin(async move {
            let built = store.run(move |store| our_identity::build(store, &keys, name, entrypoints, services, now));
            match built.await {
                Ok(built) => Done::Built(built),
                Err(error) => Done::Inputs(vec![Input::IdentityFailed { reason: error.to_string() }]),
            }
        })
    }

    /// What is over is forgotten.
    pub(super) fn forget_old(&self) -> Task {
        self.write("forget what is old", move |store| store.forget_old(unix_ms()))
    }

    /// What is known of a peer is kept.
    pub(super) fn remember_peer(&self, peer: KnownPeer) -> Task {
        self.write("remember a peer", move |store| store.save_peer(&peer, unix_ms()))
    }

    /// Whoever is here was here for another minute.
    pub(super) fn count_presence(&self, counted: Vec<(NodeId, bool)>) -> Task {
        let now = unix_ms();
        let seen: Vec<NodeId> = counted.into_iter().filter(|(_, is_here)| *is_here).map(|(peer, _)| peer).collect();
        self.write("count who is there", move |store| store.count_minutes(1, &seen, now))
    }

    /// A message of ours was read.
    pub(super) fn message_read(&self, message: PacketId, reader: NodeId) -> Task {
        let now = unix_ms();
        self.task(
            "write down that a message was read",
            move |store| store.confirm_read(&message, &reader, now),
            |_| Done::Changed(Vec::new()),
        )
    }

    /// A message came. It is opened here, so that nobody's commit waits for it.
    pub(super) fn commit_message(
        &mut self,
        session: u64,
        packet: &VerifiedPacket,
        quota: Quota,
        origin: String,
    ) -> Task {
        let Packet { sender, id: packet, payload: ref bytes, .. } = *packet.packet();
        let keys = &self.sealer.keys;
        let expected = Expected { sender, recipient: keys.id(), message: packet };
        let opened = match open_by(&mut self.agreements, &keys.sealing, &expected, bytes) {
            Ok(opened) => opened,
            Err(error) => {
                tracing::debug!(%sender, %error, "a message cannot be opened");
                let refused = Input::MessageRefused { session, sender, packet, reason: FailReason::Unreadable };
                return self.task(
                    "look for a sender",
                    move |store| store.is_blocked(&sender),
                    move |is_blocked| {
                        if is_blocked == Some(false) { Done::Inputs(vec![refused]) } else { Done::Nothing }
                    },
                );
            }
        };
        let arrival = Arrival {
            sender,
            id: packet,
            text: opened.text,
            reply_to: opened.header.reply_to,
            sent_unix_ms: opened.header.time_unix_ms,
            expires_unix_ms: opened.header.expires_unix_ms,
            origin,
            invitation: opened.invitation,
        };
        let now = unix_ms();
        self.task(
            "keep a message",
            move |store| store.receive(&arrival, &quota, now),
            // What was not committed is not answered either; the sender sends it again. Nor is whoever was refused.
            move |verdict| {
                if verdict == Some(ArrivalVerdict::WaitsAsRequest) {
                    tracing::info!(%sender, "a stranger asks to talk: see `bitpie contact list`");
                }
                match verdict.and_then(ArrivalVerdict::answer) {
                    Some(Ok(())) => Done::Committed(Committed { session, sender, packet }),
                    Some(Err(reason)) => Done::Changed(vec![Input::MessageRefused { session, sender, packet, reason }]),
                    None => Done::Nothing,
                }
            },
        )
    }

    /// Keeps an identity document, and says whether it is the newest; if it is not, which one is.
    pub(super) fn keep_document(
        &self,
        document: VerifiedDocument,
        now_unix_ms: u64,
        then: impl FnOnce(bool, Option<Vec<u8>>) -> Done + 'static,
    ) -> Task {
        self.task(
            "keep an identity document",
            move |store| {
                let is_newest = matches!(store.keep_document(&document, now_unix_ms)?, Rank::Newer | Rank::Same);
                let newest = if is_newest { None } else { store.document(&document.id())? };
                Ok((is_newest, newest.map(|kept| kept.bytes)))
            },
            move |kept| {
                let (is_newest, newest) = kept.unwrap_or_default();
                then(is_newest, newest)
            },
        )
    }

    /// Goes above a document of ours that others have seen, and this home had not.
    pub(super) fn raise_revision(&self, seen: VerifiedDocument) -> Task {
        let (keys, now) = (self.sealer.keys.clone(), unix_ms());
        self.task(
            "go above a revision that others have seen",
            move |store| our_identity::raise(store, &keys, &seen, now),
            |raised| raised.flatten().map_or(Done::Nothing, Done::Raised),
        )
    }

    /// An identity document came in a packet.
    pub(super) fn commit_identity(&self, session: u64, packet: &VerifiedPacket) -> Task {
        let Packet { sender, id: packet, payload: ref bytes, .. } = *packet.packet();
        let now = unix_ms();
        let verified = VerifiedDocument::verify(bytes, now).ok().filter(|document| document.id() == sender);
        let entrypoints = verified.as_ref().map(|document| document.document().contacts.to_vec());
        let relays = verified.as_ref().is_some_and(inbound::offers_relay);
        self.task(
            "keep an identity document",
            move |store| {
                if store.is_blocked(&sender)? {
                    return Ok(None);
                }
                verified.map(|document| store.keep_document(&document, now)).transpose().map(Some)
            },
            // What could not be kept is not answered either; it is sent again. Whoever was refused is not answered.
            move |verdict| {
                let Some(rank) = verdict.flatten() else { return Done::Nothing };
                let entrypoints = entrypoints.filter(|_| matches!(rank, Some(Rank::Newer | Rank::Same)));
                Done::Inputs(vec![Input::IdentityCommitted { session, sender, packet, entrypoints, relays }])
            },
        )
    }

    /// A message of ours is to be sent. It is sealed and signed once; whatever is sent again is the same to the last
    /// byte.
    pub(super) fn transmit(&self, session: u64, message: PacketId, recipient: NodeId) -> Task {
        // What is at hand would overtake an earlier one that is still being read, as one is that is sent again.
        let overtakes = Rc::strong_count(&self.read_to_send) > 1;
        if !overtakes && let Some(bytes) = self.sealer.take_from_hand(&message) {
            return Box::pin(ready(Done::MessagePacket { session, message, bytes: Some(bytes) }));
        }
        let sealer = self.sealer.clone();
        let reading = Rc::clone(&self.read_to_send);
        self.task(
            "seal a message",
            move |store| sealer.sealed(store, message, recipient),
            move |bytes| {
                drop(reading);
                Done::MessagePacket { session, message, bytes: bytes.flatten() }
            },
        )
    }

    /// It is known what has become of a message of ours: to be written down with what the other commands at hand say
    /// ([`Storage::write_down_news`]). That it was sent is written down later.
    pub(super) fn record_delivery(&mut self, message: PacketId, update: DeliveryUpdate) {
        let state = update.state;
        if state == DeliveryState::Sent {
            self.sent.insert(message, update);
            self.sent_due.get_or_insert_with(|| Instant::now() + SENT_UNWRITTEN);
            return;
        }
        if state == DeliveryState::Delivered {
            reach(AbortPoint::BeforeDelivered);
        }
        // This is the later news.
        self.sent.remove(&message);
        self.news.push((message, update));
    }

    /// Writes down what became of messages.
    pub(super) fn write_down_news(&mut self) -> Option<Task> {
        let news = std::mem::take(&mut self.news);
        if news.is_empty() {
            return None;
        }
        let is_delivered = news.iter().any(|(_, update)| update.state == DeliveryState::Delivered);
        Some(self.record(news, is_delivered))
    }

    /// Writes down what became of messages. What could not be written is tried again in a while.
    fn record(&self, updates: Vec<(PacketId, DeliveryUpdate)>, is_delivered: bool) -> Task {
        let now = unix_ms();
        let again = updates.clone();
        self.task(
            "write down what became of messages",
            move |store| {
                updates.iter().try_for_each(|(message, update)| match store.update_delivery(message, update, now) {
                    // Its contact was removed meanwhile, and it with them.
                    Ok(_) | Err(StoreError::NoMessage { .. }) => Ok(()),
                    Err(error) => Err(error),
                })
            },
            move |written| {
                if is_delivered {
                    reach(AbortPoint::AfterDelivered);
                }
                if written.is_some() { Done::Changed(Vec::new()) } else { Done::Unrecorded(again) }
            },
        )
    }

    /// These could not be written down. Later news of a message counts more.
    pub(super) fn unrecorded(&mut self, updates: Vec<(PacketId, DeliveryUpdate)>) {
        for (message, update) in updates {
            self.sent.entry(message).or_insert(update);
        }
        self.sent_due.get_or_insert_with(|| Instant::now() + RECORDED_AGAIN);
    }

    /// Writes down which messages were sent and not answered since.
    pub(super) fn write_down_sent(&mut self) -> Option<Task> {
        self.sent_due = None;
        let sent = std::mem::take(&mut self.sent);
        if sent.is_empty() {
            return None;
        }
        Some(self.record(sent.into_iter().collect(), false))
    }
}

/// Read receipts.
impl Storage {
    /// Looks for receipts that wait for this peer.
    pub(super) fn find_receipts(&self, peer: NodeId, limit: u16) -> Task {
        self.task(
            "read receipts",
            move |store| store.receipts_to(&peer, limit.into()),
            move |found| Done::Inputs(vec![Input::Event(told::read_receipts::found(peer, found.unwrap_or_default()))]),
        )
    }

    /// These have come.
    pub(super) fn receipts_came(&self, peer: NodeId, messages: PacketIds) -> Task {
        self.write("note receipts", move |store| {
            messages.iter().try_for_each(|message| store.receipt_sent(&peer, message))
        })
    }
}

/// A message that is on its way, as the core is told of it.
fn queued(delivery: Delivery) -> QueuedMessage {
    QueuedMessage {
        message: delivery.id,
        peer: delivery.to,
        expires_unix_ms: delivery.expires_unix_ms,
        attempts: u16::try_from(delivery.attempts).unwrap_or(u16::MAX),
        pause_ms: delivery.pause_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sealer::tests::{document, key, new_message};
    use super::super::tasks::Tasks;
    use super::*;
    use crate::store::{NewContact, StoreThread};

    /// The first one was handed to a session before, and is sent again; the others are at hand.
    #[tokio::test]
    async fn a_message_that_is_sent_again_is_not_overtaken_by_those_that_are_at_hand() {
        let store = Store::in_memory().expect("memory");
        let recipient = key(2).id();
        let contact = NewContact { id: recipient, name: None, hints: Vec::new(), found_as: None, invitation: None };
        store.add_contact(&contact, unix_ms()).expect("added");
        store.keep_document(&document(1, 0), unix_ms()).expect("kept");
        let (handle, thread) = StoreThread::start(store).expect("a thread");
        let storage = Storage::new(handle, Keys::of(key(1)));
        let mut messages = Vec::new();
        for number in 1..=8 {
            let (new, sealer) = (new_message(number), storage.sealer.clone());
            messages.push(new.id);
            let kept = move |store: &Store| {
                let sealed = sealer.seal_new(store, &new)?;
                store.queue_message(&new, sealed.as_deref(), unix_ms())
            };
            storage.store.run(kept).await.expect("kept");
        }
        storage.sealer.take_from_hand(&messages[0]).expect("it is at hand once");

        let mut tasks = Tasks::default();
        tasks.extend(messages.iter().map(|message| storage.transmit(1, *message, recipient)));
        let mut sent = Vec::new();
        while let Some((done, _)) = tasks.next().await {
            let Done::MessagePacket { message, bytes: Some(_), .. } = done else { panic!("each can be sent") };
            sent.push(message);
        }
        assert_eq!(sent, messages);
        drop(storage);
        thread.join();
    }
}
