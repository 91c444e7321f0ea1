//! The DHT as a neighbour: what the core asks of it. Each question is a future of its own, and all of them end when the
//! DHT is closed.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::rc::Rc;

use futures_util::stream::{FuturesUnordered, StreamExt as _};

use crate::automata::senders::dht as told;
use crate::dht::{Directory, PublishError, SlotError};
use crate::home::clock::unix_ms;
use crate::identity::{NodeId, Rank, VerifiedDocument};
use crate::nickname::Nickname;
use crate::store::{StoreError, StoreHandle};
use crate::world::{DhtInput, Input};

use super::dht_socket::{DhtSocket, OpenDht};
use super::our_identity::Keys;
use super::tasks::{Answers, Done, Task};

/// The DHT, if it is open, and what it was asked.
pub struct DhtNeighbour {
    store: StoreHandle,
    keys: Keys,
    open: Option<OpenDht>,
    /// Questions to the DHT. They are not waited for when the node ends.
    pub(super) questions: FuturesUnordered<Task>,
    /// Searches whose slots are waited for.
    reading: BTreeSet<u64>,
    /// Slots of nicknames into which a claim was written that may still be there.
    written: Rc<RefCell<BTreeSet<(Nickname, u8)>>>,
    /// What the holder of our nickname has asked; a new question takes the place of the one before.
    pub(super) nickname_question: FuturesUnordered<Task>,
}

impl DhtNeighbour {
    /// Closed. What is read there and counts is kept in that store.
    pub(super) fn new(store: StoreHandle, keys: Keys) -> Self {
        Self {
            store,
            keys,
            open: None,
            questions: FuturesUnordered::new(),
            reading: BTreeSet::new(),
            written: Rc::default(),
            nickname_question: FuturesUnordered::new(),
        }
    }

    /// Where the socket is.
    pub fn address(&self) -> Option<SocketAddr> {
        self.open.as_ref().map(|open| open.address)
    }

    /// Whether there is a socket, and the settings named nobody whom it could ask.
    pub fn asks_nobody(&self) -> bool {
        self.open.as_ref().is_some_and(OpenDht::asks_nobody)
    }

    /// Opens the socket.
    pub(super) fn open(&mut self, socket: DhtSocket) {
        self.wait_for(async move { Done::DhtOpened(socket.open().await) });
    }

    /// The socket is open, or cannot be.
    pub(super) fn opened(&mut self, opened: Result<OpenDht, String>) -> Input {
        match opened {
            Ok(open) => {
                tracing::info!(address = %open.address, "the DHT is open");
                self.open = Some(open);
                Input::Dht(DhtInput::Opened)
            }
            Err(reason) => Input::Event(told::dht_connector::open_failed(reason)),
        }
    }

    /// Closes the socket. Whatever was asked is not answered.
    pub(super) fn close(&mut self) {
        self.open = None;
        self.questions.clear();
        self.nickname_question.clear();
        self.reading.clear();
    }

    /// Looks whether anybody answers.
    pub(super) fn look(&mut self) {
        let names_missing = self.open.as_ref().and_then(|open| open.names_missing.clone());
        if self.open.as_ref().is_some_and(OpenDht::could_have_its_port) {
            return self.wait_for(async { Done::Inputs(vec![Input::Event(told::dht_connector::port_free())]) });
        }
        self.ask(Input::Event(told::dht_connector::alone()), |directory| async move {
            Input::Event(match (directory.dht().is_anybody_there().await, names_missing) {
                (true, _) => told::dht_connector::answered(),
                (false, Some(reason)) => told::dht_connector::names_missing(reason),
                (false, None) => told::dht_connector::alone(),
            })
        });
    }

    /// Writes down which nodes answer.
    pub(super) fn save_nodes(&mut self) {
        if let Some(saved) = self.open.as_ref().map(OpenDht::save_nodes) {
            self.wait_for(async move {
                saved.await;
                Done::Nothing
            });
        }
    }

    /// Publishes our identity document.
    pub(super) fn publish(&mut self, document: VerifiedDocument) {
        let keys = self.keys.clone();
        let failed = |reason| Input::Event(told::identity_publisher::publish_failed(reason));
        let Some(directory) = self.directory() else {
            let failed = failed("there is no DHT".to_owned());
            return self.wait_for(async move { Done::Inputs(vec![failed]) });
        };
        self.wait_for(async move {
            match directory.publish(&keys.identity, &document).await {
                Ok(nodes) => {
                    let revision = document.document().revision;
                    tracing::debug!(revision, nodes, "the identity document is published");
                    Done::Inputs(vec![Input::Event(told::identity_publisher::published())])
                }
                Err(error) => {
                    tracing::warn!(%error, "the identity document is not published");
                    let event = failed(error.to_string());
                    match error {
                        PublishError::HigherRevision { published, .. } => {
                            Done::Outdated { published: *published, event }
                        }
                        _ => Done::Inputs(vec![event]),
                    }
                }
            }
        });
    }

    /// Looks for a node's identity document; it may say where the node is now.
    pub(super) fn find_identity(&mut self, peer: NodeId) {
        let store = self.store.clone();
        let otherwise = Input::Dht(DhtInput::IdentityRead { peer, entrypoints: None });
        self.ask(otherwise, move |directory| async move {
            let document = directory.document(&peer, unix_ms()).await;
            let document = kept(&store, document).await;
            let entrypoints = document.map(|document| document.document().contacts.to_vec());
            Input::Dht(DhtInput::IdentityRead { peer, entrypoints })
        });
    }

    /// Reads a slot of our nickname.
    pub(super) fn read_slot(&mut self, nickname: Nickname, index: u8) {
        self.leave_slots_but(&nickname, index);
        let me = self.keys.id();
        let failed = |reason| Input::Dht(DhtInput::SlotReadFailed { reason });
        self.ask_for_nickname(failed, move |directory| async move {
            let slot = directory.slot(&nickname, index);
            match directory.read_slot(&slot, &me, unix_ms()).await {
                Ok(state) => Input::Dht(DhtInput::SlotRead(state)),
                Err(error) => {
                    tracing::debug!(%nickname, index, %error, "a slot is not read");
                    failed(error.to_string())
                }
            }
        });
    }

    /// Writes our claim.
    pub(super) fn write_slot(&mut self, nickname: Nickname, index: u8) {
        let failed = |reason| Input::Dht(DhtInput::SlotWriteFailed { reason, is_exhausted: false });
        let keys = self.keys.clone();
        self.written.borrow_mut().insert((nickname.clone(), index));
        self.ask_for_nickname(failed, move |directory| async move {
            let slot = directory.slot(&nickname, index);
            match directory.write_slot(&slot, &keys.identity, unix_ms()).await {
                Ok(_) => Input::Event(told::nickname_holder::slot_written()),
                Err(error) => {
                    tracing::warn!(%nickname, index, %error, "the claim to a nickname is not written");
                    let is_exhausted = error == SlotError::SequenceExhausted;
                    Input::Dht(DhtInput::SlotWriteFailed { reason: error.to_string(), is_exhausted })
                }
            }
        });
    }

    /// Takes our claim out of a slot.
    pub(super) fn erase_slot(&mut self, nickname: Nickname, index: u8) {
        self.leave_slots_but(&nickname, index);
        let me = self.keys.id();
        let name = nickname.clone();
        let failed = move |reason| {
            let problem = format!("{name} may stay taken for two days: {reason}");
            Input::Dht(DhtInput::SlotErased { problem: Some(problem) })
        };
        self.ask_for_nickname(failed.clone(), move |directory| async move {
            let slot = directory.slot(&nickname, index);
            match directory.erase_slot(&slot, &me, unix_ms()).await {
                Ok(_) => Input::Dht(DhtInput::SlotErased { problem: None }),
                Err(error) => {
                    tracing::warn!(%nickname, index, %error, "the claim to a nickname is left to expire");
                    failed(error.to_string())
                }
            }
        });
    }

    /// A node holds one slot of its nickname. What it wrote into others, before it was told to go on, would keep them
    /// from whoever comes; so it is taken out, until it is not there any more.
    fn leave_slots_but(&mut self, nickname: &Nickname, index: u8) {
        let Some(directory) = self.directory() else { return };
        let left: Vec<_> =
            self.written.borrow().iter().filter(|slot| **slot != (nickname.clone(), index)).cloned().collect();
        let me = self.keys.id();
        for (nickname, index) in left {
            let (written, directory) = (Rc::clone(&self.written), directory.clone());
            self.wait_for(async move {
                let slot = directory.slot(&nickname, index);
                match directory.erase_slot(&slot, &me, unix_ms()).await {
                    Ok(true) => {}
                    Ok(false) => {
                        written.borrow_mut().remove(&(nickname, index));
                    }
                    Err(error) => tracing::debug!(%nickname, index, %error, "a claim that was left is still there"),
                }
                Done::Nothing
            });
        }
    }

    /// Reads the slots of a search. What is known of them at once is given back.
    pub(super) fn read_slots(&mut self, search: u64, nickname: &Nickname, slots: u8, first: bool) -> Vec<Input> {
        let Some(directory) = self.directory() else {
            // Nobody can be asked, so nothing is known of any slot.
            return (0..slots).map(|index| slot_read(search, index, None, false)).collect();
        };
        self.reading.insert(search);
        self.wait_for_slot(search, Box::pin(directory.search(nickname, slots, first, unix_ms())));
        Vec::new()
    }

    fn wait_for_slot(&mut self, search: u64, mut answers: Answers) {
        let store = self.store.clone();
        self.wait_for(async move {
            let Some(read) = answers.next().await else { return Done::SlotsRead { search } };
            let document = kept(&store, read.claimant.map(|claimant| claimant.document)).await;
            Done::SlotRead { search, index: read.index, document, is_answered: read.is_answered, rest: answers }
        });
    }

    /// All slots of a search have been read, or nobody wants to know more; answers that still come are dropped.
    pub(super) fn stop_reading(&mut self, search: u64) {
        self.reading.remove(&search);
    }

    /// A slot of a search has been read: whether anybody still wants to know. Then the others are waited for.
    pub(super) fn is_reading(&mut self, search: u64, rest: Answers) -> bool {
        let is_reading = self.reading.contains(&search);
        if is_reading {
            self.wait_for_slot(search, rest);
        }
        is_reading
    }

    /// Asks the DHT; if there is none, `otherwise` is the answer.
    fn ask<F>(&mut self, otherwise: Input, question: impl FnOnce(Directory) -> F)
    where
        F: Future<Output = Input> + 'static,
    {
        match self.directory().map(question) {
            Some(answer) => self.wait_for(async move { Done::Inputs(vec![answer.await]) }),
            None => self.wait_for(async move { Done::Inputs(vec![otherwise]) }),
        }
    }

    /// Asks on behalf of the holder of our nickname. It has one question at a time: of one that it has given up no
    /// answer comes.
    fn ask_for_nickname<F>(&mut self, failed: impl FnOnce(String) -> Input, question: impl FnOnce(Directory) -> F)
    where
        F: Future<Output = Input> + 'static,
    {
        self.nickname_question.clear();
        self.nickname_question.push(match self.directory().map(question) {
            Some(answer) => Box::pin(async move { Done::Inputs(vec![answer.await]) }),
            None => {
                let answer = failed("there is no DHT".to_owned());
                Box::pin(async move { Done::Inputs(vec![answer]) })
            }
        });
    }

    fn directory(&self) -> Option<Directory> {
        self.open.as_ref().map(|open| open.directory.clone())
    }

    fn wait_for(&mut self, question: impl Future<Output = Done> + 'static) {
        self.questions.push(Box::pin(question));
    }
}

/// A slot of a search has been read: the document of whoever holds it, and whether enough have answered to know.
pub(super) fn slot_read(search: u64, index: u8, document: Option<VerifiedDocument>, is_answered: bool) -> Input {
    let claimant: Option<NodeId> = document.as_ref().map(VerifiedDocument::id);
    let entrypoints = document.map(|document| document.document().contacts.to_vec()).unwrap_or_default();
    Input::Dht(DhtInput::SearchSlotRead { search, index, claimant, is_answered, entrypoints })
}

/// The document, if it is not older than one that was seen of the same node. Those that count are kept.
async fn kept(store: &StoreHandle, document: Option<VerifiedDocument>) -> Option<VerifiedDocument> {
    let document = document?;
    let now_unix_ms = unix_ms();
    let to_keep = document.clone();
    let rank = store.run(move |store| store.keep_document(&to_keep, now_unix_ms)).await;
    match rank {
        Ok(Rank::Newer | Rank::Same) => Some(document),
        Ok(rank) => {
            tracing::debug!(peer = %document.id(), ?rank, "an identity document in the DHT does not count");
            None
        }
        Err(StoreError::Closed) => None,
        Err(error) => {
            tracing::warn!(%error, "an identity document cannot be kept");
            None
        }
    }
}
