//! The local API's calls about messages: sent, shown, searched, watched, exported, read.

use crate::api::answers;
use crate::api::errors::{ErrorKind, RpcError};
use crate::api::methods::{self, MESSAGES_PER_ANSWER};
use crate::automata::senders::api::read_receipts;
use crate::home::clock::unix_ms;
use crate::home::entropy::random;
use crate::identity::NodeId;
use crate::messages::{MessageText, NewMessage};
use crate::store::Store;
use crate::wire::{MESSAGE_LIFETIME_MS, PacketId};
use crate::world::{Input, QueuedMessage};

use crate::runtime::driver::Driver;
use crate::runtime::lookup::{self, resolve};
use crate::runtime::presentation;
use crate::runtime::replies::{Reply, bad, failed};

impl Driver {
    pub(super) fn send_message(&mut self, parameters: methods::SendMessage, reply: Reply) {
        let now = unix_ms();
        let lifetime_ms = parameters.expires_ms.unwrap_or(self.settings.values.messages.expiry.0);
        let id = PacketId(random());
        let sealer = self.storage.sealer.clone();
        self.ask::<methods::SendMessage>(reply, true, move |store| {
            let contact = resolve(store, &parameters.to)?;
            let text = MessageText::new(parameters.text.0).map_err(|error| bad(error.to_string()))?;
            let expires_unix_ms = now.saturating_add(lifetime_ms.min(MESSAGE_LIFETIME_MS));
            let new = NewMessage { id, to: contact.id, text, reply_to: None, created_unix_ms: now, expires_unix_ms };
            store.queue_message(&new, now).map_err(failed)?;
            // In the same commit, so that it costs none of its own. If it cannot be done now, it is done before the
            // message is sent.
            if let Err(error) = sealer.sealed(store, id, contact.id) {
                tracing::warn!(%error, "a message was accepted, and could not be sealed yet");
            }
            let nickname_change = presentation::nickname_change(&contact, store)?;
            let sent = answers::MessageSent {
                id: id.to_string(),
                to: contact.id,
                name: contact.name,
                state: answers::MessageState::Queued,
                expires_unix_ms,
                nickname_change,
            };
            let queued = QueuedMessage { message: id, peer: contact.id, expires_unix_ms, attempts: 0, pause_ms: 0 };
            Ok((sent, vec![Input::MessageQueued(queued)]))
        });
    }

    pub(super) fn message(&mut self, id: String, reply: Reply) {
        self.ask::<methods::GetMessage>(reply, false, move |store| {
            let id: PacketId = id.parse().map_err(|_| bad(format!("`{id}` is no id of a message")))?;
            let item = store.outgoing(&id).map_err(failed)?;
            let item =
                item.ok_or_else(|| RpcError::new(ErrorKind::NotFound, format!("there is no message {id} of yours")))?;
            let names = lookup::names(store)?;
            Ok((presentation::message(&item, &names, store)?, Vec::new()))
        });
    }

    pub(super) fn messages(&mut self, parameters: methods::ListMessages, reply: Reply) {
        let methods::ListMessages { with, limit, before } = parameters;
        let limit = at_most(limit);
        self.ask::<methods::ListMessages>(reply, false, move |store| {
            let with = partner(store, with)?;
            let items = store.messages_before(with.as_ref(), before, limit).map_err(failed)?;
            let next = (items.len() == limit).then(|| items.first().map(|item| item.position)).flatten();
            Ok((presentation::messages(store, items, next)?, Vec::new()))
        });
    }

    pub(super) fn search_messages(&mut self, parameters: methods::SearchMessages, reply: Reply) {
        let methods::SearchMessages { query, limit } = parameters;
        self.ask::<methods::SearchMessages>(reply, false, move |store| {
            let items = store.search(&query.0, at_most(limit)).map_err(failed)?;
            Ok((presentation::messages(store, items, None)?, Vec::new()))
        });
    }

    pub(super) fn watch_messages(&mut self, parameters: methods::WatchMessages, reply: Reply) {
        let methods::WatchMessages { with, after, .. } = parameters;
        self.ask::<methods::WatchMessages>(reply, false, move |store| {
            let with = partner(store, with)?;
            let last = store.last_position().map_err(failed)?;
            let after = after.unwrap_or(last);
            let limit = MESSAGES_PER_ANSWER as usize;
            let items = store.messages_after(with.as_ref(), after, limit).map_err(failed)?;
            let next = items.last().map_or(after, |item| item.position);
            Ok((presentation::messages(store, items, Some(next))?, Vec::new()))
        });
    }

    pub(super) fn export_messages(&mut self, parameters: methods::ExportMessages, reply: Reply) {
        let methods::ExportMessages { with, after, limit } = parameters;
        let limit = at_most(limit);
        self.ask::<methods::ExportMessages>(reply, false, move |store| {
            let with = partner(store, with)?;
            let items = store.messages_after(with.as_ref(), after, limit).map_err(failed)?;
            let next = (items.len() == limit).then(|| items.last().map(|item| item.position)).flatten();
            Ok((presentation::messages(store, items, next)?, Vec::new()))
        });
    }

    pub(super) fn mark_read(&mut self, parameters: methods::MarkRead, reply: Reply) {
        let now = unix_ms();
        let receipts = self.settings.values.messages.read_receipts;
        self.ask::<methods::MarkRead>(reply, true, move |store| {
            let contact = resolve(store, &parameters.with)?;
            let up_to = parameters.up_to.unwrap_or(u64::MAX >> 1);
            let count = store.mark_read(&contact.id, up_to, receipts, now).map_err(failed)?;
            let read = Input::Event(read_receipts::look(contact.id));
            Ok((answers::MarkedRead { count }, vec![read]))
        });
    }
}

/// With whom the messages are, if they are to be those with somebody.
fn partner(store: &Store, who: Option<String>) -> Result<Option<NodeId>, RpcError> {
    who.map(|who| resolve(store, &who).map(|contact| contact.id)).transpose()
}

/// As many as are wanted, within what goes into one answer.
fn at_most(limit: u32) -> usize {
    limit.clamp(1, MESSAGES_PER_ANSWER) as usize
}
