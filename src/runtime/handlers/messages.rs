//! The local API's calls about messages: sent, shown, searched, watched, exported, read.

use crate::api::answers;
use crate::api::errors::{ErrorKind, RpcError};
use crate::api::methods::{
    Answers, CountMessages, ExportMessages, GetMessage, ListMessages, MESSAGES_PER_ANSWER, MarkRead, SearchMessages,
    SendMessage, WatchMessages,
};
use crate::api::reply::Reply;
use crate::automata::senders::api::read_receipts;
use crate::home::clock::unix_ms;
use crate::home::entropy::random;
use crate::identity::NodeId;
use crate::messages::{MessageText, NewMessage};
use crate::store::Store;
use crate::wire::{MESSAGE_LIFETIME_MS, PacketId};
use crate::world::{Input, QueuedMessage};

use crate::runtime::driver::Driver;
use crate::runtime::errors::{bad, failed};
use crate::runtime::lookup::{self, resolve};
use crate::runtime::presentation;

/// Milliseconds of a day.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

impl Answers<SendMessage> for Driver {
    fn answer(&mut self, request: SendMessage, reply: Reply<answers::MessageSent>) {
        let now = unix_ms();
        let lifetime_ms = request.expires_ms.unwrap_or(self.settings.values.messages.expiry.0);
        if lifetime_ms > MESSAGE_LIFETIME_MS {
            let days = MESSAGE_LIFETIME_MS / DAY_MS;
            return reply
                .refuse(bad(format!("no message is tried for longer than {days} days")).help("give a shorter time"));
        }
        let id = PacketId(random());
        let sealer = self.storage.sealer.clone();
        let (problem, help) = presentation::messages_wait(&self.node).unzip();
        self.ask(reply, true, move |store| {
            let contact = resolve(store, &request.to)?;
            let text = MessageText::new(request.text.0).map_err(|error| bad(error.to_string()))?;
            let expires_unix_ms = now.saturating_add(lifetime_ms);
            let new = NewMessage { id, to: contact.id, text, reply_to: None, created_unix_ms: now, expires_unix_ms };
            // In the same commit, so that it costs none of its own. If it cannot be done now, it is done before the
            // message is sent.
            let sealed = sealer.seal_new(store, &new).unwrap_or_else(|error| {
                tracing::warn!(%error, "a message cannot be sealed yet");
                None
            });
            store.queue_message(&new, sealed.as_deref(), now).map_err(failed)?;
            let nickname_change = presentation::nickname_change(&contact, store)?;
            let sent = answers::MessageSent {
                id: id.to_string(),
                to: contact.id,
                name: contact.name,
                state: answers::MessageState::Queued,
                expires_unix_ms,
                nickname_change,
                problem,
                help: help.flatten(),
            };
            let queued = QueuedMessage { message: id, peer: contact.id, expires_unix_ms, attempts: 0, pause_ms: 0 };
            Ok((sent, vec![Input::MessageQueued(queued)]))
        });
    }
}

impl Answers<GetMessage> for Driver {
    fn answer(&mut self, GetMessage { id, .. }: GetMessage, reply: Reply<answers::Message>) {
        self.ask(reply, false, move |store| {
            let id: PacketId = id.parse().map_err(|_| bad(format!("`{id}` is not the id of a message")))?;
            let item = store.outgoing(&id).map_err(failed)?;
            let item =
                item.ok_or_else(|| RpcError::new(ErrorKind::NotFound, format!("there is no message {id} of yours")))?;
            let names = lookup::names(store)?;
            Ok((presentation::message(&item, &names, store)?, Vec::new()))
        });
    }
}

impl Answers<ListMessages> for Driver {
    fn answer(&mut self, ListMessages { with, limit, before }: ListMessages, reply: Reply<answers::Messages>) {
        let limit = at_most(limit);
        self.ask(reply, false, move |store| {
            let with = partner(store, with)?;
            // What waits of a stranger is the newest of the conversation.
            let mut waiting = match with.filter(|_| before.is_none()) {
                Some(stranger) => store.waiting(&stranger, MESSAGES_PER_ANSWER as usize).map_err(failed)?,
                None => Vec::new(),
            };
            waiting.drain(..waiting.len().saturating_sub(limit));
            let items = store.messages_before(with.as_ref(), before, limit - waiting.len()).map_err(failed)?;
            let is_full = items.len() + waiting.len() == limit;
            let next = if is_full { items.first().map(|item| item.position) } else { None };
            let mut shown = presentation::messages(store, items, next)?;
            shown.messages.extend(presentation::waiting(store, waiting)?);
            Ok((shown, Vec::new()))
        });
    }
}

impl Answers<CountMessages> for Driver {
    fn answer(&mut self, CountMessages { with }: CountMessages, reply: Reply<answers::MessageCount>) {
        self.ask(reply, false, move |store| {
            let contact = resolve(store, &with)?;
            let messages = store.count_messages(&contact.id).map_err(failed)?;
            Ok((answers::MessageCount { with: contact.id, name: contact.name, messages }, Vec::new()))
        });
    }
}

impl Answers<SearchMessages> for Driver {
    fn answer(&mut self, SearchMessages { query, limit }: SearchMessages, reply: Reply<answers::Messages>) {
        self.ask(reply, false, move |store| {
            let items = store.search(&query.0, at_most(limit)).map_err(failed)?;
            Ok((presentation::messages(store, items, None)?, Vec::new()))
        });
    }
}

impl Answers<WatchMessages> for Driver {
    fn answer(&mut self, request: WatchMessages, reply: Reply<answers::Messages>) {
        let WatchMessages { with, after, after_request, .. } = request;
        self.ask(reply, false, move |store| {
            let with = partner(store, with)?;
            let after = after.map_or_else(|| store.last_position(), Ok).map_err(failed)?;
            let after_request = after_request.map_or_else(|| store.last_request(), Ok).map_err(failed)?;
            let limit = MESSAGES_PER_ANSWER as usize;
            let items = store.messages_after(with.as_ref(), after, limit).map_err(failed)?;
            let waiting = store.waiting_after(with.as_ref(), after_request, limit - items.len()).map_err(failed)?;
            let next = items.last().map_or(after, |item| item.position);
            let next_request = waiting.last().map_or(after_request, |message| message.arrival);
            let mut news = presentation::messages(store, items, Some(next))?;
            news.messages.extend(presentation::waiting(store, waiting)?);
            Ok((answers::Messages { next_request: Some(next_request), ..news }, Vec::new()))
        });
    }
}

impl Answers<ExportMessages> for Driver {
    fn answer(&mut self, ExportMessages { with, after, limit }: ExportMessages, reply: Reply<answers::Messages>) {
        let limit = at_most(limit);
        self.ask(reply, false, move |store| {
            let with = partner(store, with)?;
            let items = store.messages_after(with.as_ref(), after, limit).map_err(failed)?;
            let next = (items.len() == limit).then(|| items.last().map(|item| item.position)).flatten();
            Ok((presentation::messages(store, items, next)?, Vec::new()))
        });
    }
}

impl Answers<MarkRead> for Driver {
    fn answer(&mut self, request: MarkRead, reply: Reply<answers::MarkedRead>) {
        let now = unix_ms();
        let receipts = self.settings.values.messages.read_receipts;
        self.ask(reply, true, move |store| {
            let contact = resolve(store, &request.with)?;
            let up_to = request.up_to.unwrap_or(u64::MAX >> 1);
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
