//! What the store is asked on behalf of the core, and what comes of it.

use std::sync::Arc;

use crate::abort_points::{AbortPoint, reach};
use crate::automata::types;
use crate::identity::{NodeId, Rank, VerifiedDocument};
use crate::messages::{Arrival, Delivery, DeliveryState, DeliveryUpdate, Expected, MessageHeader, open, seal};
use crate::node::{Input, QueuedMessage};
use crate::runtime::clock::unix_ms;
use crate::runtime::entropy::random;
use crate::runtime::names;
use crate::runtime::own::Keys;
use crate::store::{Quota, Store, StoreError};
use crate::wire::{Packet, PacketId, PacketKind};

use super::{Done, Driver};

impl Driver {
    /// Does something with the store. What comes of it, or nothing if it fails, which is logged.
    pub(super) fn store_task<T: Send + 'static>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
        then: impl FnOnce(Option<T>) -> Done + 'static,
    ) {
        let store = self.store.clone();
        self.task(async move {
            let result =
                store.run(work).await.inspect_err(|error| tracing::error!(%error, "the store could not {doing}"));
            then(result.ok())
        });
    }

    /// Sealed and signed once; whatever is sent again is the same to the last octet.
    pub(super) fn transmit(&mut self, session: u64, message: PacketId, recipient: NodeId) {
        let keys = self.keys.clone();
        let randomness: [u8; 32] = random();
        let now = unix_ms();
        self.store_task(
            "seal a message",
            move |store| sealed(store, &keys, message, recipient, randomness, now),
            move |bytes| Done::Sealed { session, message, bytes: bytes.flatten() },
        );
    }

    pub(super) fn commit_message(&mut self, session: u64, sender: NodeId, packet: PacketId, bytes: Arc<[u8]>) {
        let keys = self.keys.clone();
        let waiting = self.arriving.take();
        let quota = Quota {
            messages_per_stranger: self.settings.requests_per_stranger,
            messages_of_all: self.settings.requests_of_all,
            ..Quota::default()
        };
        let now = unix_ms();
        self.store_task(
            "keep a message",
            move |store| {
                let expected = Expected { sender, recipient: keys.id(), message: packet };
                let opened = match open(&keys.sealing, &expected, &bytes) {
                    Ok(opened) => opened,
                    Err(error) => {
                        tracing::debug!(%sender, %error, "a message cannot be opened");
                        return Ok(Some(types::FailReason::Unreadable));
                    }
                };
                let arrival = Arrival {
                    sender,
                    id: packet,
                    text: opened.text,
                    reply_to: opened.header.reply_to,
                    sent_unix_ms: opened.header.time_unix_ms,
                    expires_unix_ms: opened.header.expires_unix_ms,
                };
                store.receive(&arrival, &quota, now).map(names::refused_arrival)
            },
            // What was not committed is not answered either; the sender sends it again.
            move |refused| {
                drop(waiting);
                match refused {
                    Some(refused) => Done::Changed(vec![Input::MessageCommitted { session, sender, packet, refused }]),
                    None => Done::Nothing,
                }
            },
        );
    }

    pub(super) fn commit_identity(&mut self, session: u64, sender: NodeId, packet: PacketId, bytes: Arc<[u8]>) {
        let now = unix_ms();
        let waiting = self.arriving.take();
        let verified = VerifiedDocument::verify(&bytes, now).ok().filter(|document| document.id() == sender);
        let entrypoints = verified.as_ref().map(|document| document.document().contacts.to_vec());
        self.store_task(
            "keep an identity document",
            move |store| match verified {
                Some(document) => store.keep_document(&document, now).map(Some),
                None => Ok(None),
            },
            move |verdict| {
                drop(waiting);
                let is_taken = matches!(verdict, Some(Some(Rank::Newer | Rank::Same)));
                let entrypoints = entrypoints.filter(|_| is_taken);
                Done::Inputs(vec![Input::IdentityCommitted { session, sender, packet, entrypoints }])
            },
        );
    }

    pub(super) fn record_delivery(
        &mut self,
        message: PacketId,
        state: types::DeliveryState,
        attempts: u16,
        pause_ms: u64,
    ) {
        if state == types::DeliveryState::Delivered {
            reach(AbortPoint::BeforeDelivered);
        }
        self.update_delivery(message, update(names::delivery_to_store(state), u32::from(attempts), pause_ms));
    }

    pub(super) fn update_delivery(&mut self, message: PacketId, update: DeliveryUpdate) {
        let now = unix_ms();
        let id = message;
        self.store_task(
            "write down what became of a message",
            move |store| store.update_delivery(&id, &update, now),
            |_| {
                reach(AbortPoint::AfterDelivered);
                Done::Changed(Vec::new())
            },
        );
    }
}

/// What became of a message, as the store is told.
pub(super) fn update(state: DeliveryState, attempts: u32, pause_ms: u64) -> DeliveryUpdate {
    DeliveryUpdate { state, attempts, pause_ms, refusal: None }
}

/// A message that is on its way, as the core is told of it.
pub(super) fn queued(delivery: Delivery) -> QueuedMessage {
    QueuedMessage {
        message: delivery.id,
        peer: delivery.to,
        expires_unix_ms: delivery.expires_unix_ms,
        attempts: u16::try_from(delivery.attempts).unwrap_or(u16::MAX),
        pause_ms: delivery.pause_ms,
    }
}

/// The packet that carries a message: the one that is on disk, or a new one that is there from now on. Nothing if the recipient's key is not known.
fn sealed(
    store: &Store,
    keys: &Keys,
    message: PacketId,
    recipient: NodeId,
    randomness: [u8; 32],
    now_unix_ms: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let id = message;
    if let Some(bytes) = store.sealed_message(&id)? {
        return Ok(Some(bytes));
    }
    let (Some(item), Some(document)) = (store.outgoing(&id)?, store.document(&recipient)?) else { return Ok(None) };
    let Ok(document) = VerifiedDocument::verify_whenever(&document.bytes) else { return Ok(None) };
    let mut header = MessageHeader::new(keys.id(), recipient, message, item.sent_unix_ms, item.expires_unix_ms);
    header.reply_to = item.reply_to;
    let payload = match seal(&keys.identity, &document.document().sealing_key, &header, &item.text, randomness) {
        Ok(payload) => payload,
        Err(error) => {
            tracing::warn!(%error, "a message cannot be sealed");
            return Ok(None);
        }
    };
    let packet = Packet {
        kind: PacketKind::Message,
        id: message,
        sender: keys.id(),
        recipient,
        time_unix_ms: now_unix_ms,
        answers: None,
        payload,
    };
    match packet.sign(&keys.identity) {
        Ok(signed) => store.seal_message(&id, signed.as_bytes()),
        Err(error) => {
            tracing::error!(%error, "a message of ours is too long for a packet");
            Ok(None)
        }
    }
}
