//! What the store is asked on behalf of the core, and what comes of it.

use std::sync::Arc;

use crate::home::clock::unix_ms;
use crate::identity::{NodeId, Rank, VerifiedDocument};
use crate::messages::{Arrival, ArrivalVerdict, Delivery, Expected, open};
use crate::store::{Quota, Store, StoreError};
use crate::wire::{FailReason, PacketId};
use crate::world::{Input, QueuedMessage};

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

    pub(super) fn commit_message(&mut self, session: u64, sender: NodeId, packet: PacketId, bytes: Arc<[u8]>) {
        // Opened here, so that nobody's commit waits for it.
        let expected = Expected { sender, recipient: self.keys.id(), message: packet };
        let opened = match open(&self.keys.sealing, &expected, &bytes) {
            Ok(opened) => opened,
            Err(error) => {
                tracing::debug!(%sender, %error, "a message cannot be opened");
                let refused = Some(FailReason::Unreadable);
                let committed = Input::MessageCommitted { session, sender, packet, refused };
                return self.task(async move { Done::Inputs(vec![committed]) });
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
        let waiting = self.arriving.take();
        let quota = Quota {
            messages_per_stranger: self.settings.requests_per_stranger,
            messages_of_all: self.settings.requests_of_all,
            ..Quota::default()
        };
        let now = unix_ms();
        self.store_task(
            "keep a message",
            move |store| store.receive(&arrival, &quota, now).map(ArrivalVerdict::refusal),
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
            // What could not be kept is not answered either; it is sent again.
            move |verdict| {
                drop(waiting);
                let Some(rank) = verdict else { return Done::Nothing };
                let entrypoints = entrypoints.filter(|_| matches!(rank, Some(Rank::Newer | Rank::Same)));
                Done::Inputs(vec![Input::IdentityCommitted { session, sender, packet, entrypoints }])
            },
        );
    }
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
