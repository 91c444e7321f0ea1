//! What this node reads and writes in the DHT: identity documents under their owners' keys, and claims in the slots of
//! nicknames.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{self, Either, MaybeDone};
use futures_util::stream::{self, FuturesUnordered, StreamExt as _};
use tokio::sync::{Notify, Semaphore};

use super::{Dht, Enough, Found, Item, ItemError, NicknameClaim, Slot, SlotState, VerifiedClaim, WriteError, judge};
use crate::identity::{IdentityKey, NodeId, VerifiedDocument};
use crate::nickname::Nickname;

/// So many nodes that say the same are believed to know what there is, if no other says something else soon.
const NEARLY_ENOUGH_ANSWERS: u32 = 4;

/// More than half of the nodes that keep a record, of which there are twenty (`K` of `mainline`): what they do not have
/// has not reached half of them.
const ENOUGH_ANSWERS: u32 = 11;

/// Claimants of one slot that are looked into, at most: those who would prevail first.
const CLAIMANTS_PER_SLOT: usize = 8;

/// Slots that are read at the same time. A lookup sends dozens of questions at once, and the answers of ten lookups are
/// more than a socket's buffer holds: what is lost has to be asked for again.
const SLOTS_AT_ONCE: usize = 4;

/// Documents of claimants that are looked for at the same time, beside the slots: whoever has a claimant waits for no
/// other slot.
const CLAIMANTS_AT_ONCE: usize = 2;

/// Documents of others that are looked for at the same time: there may be hundreds to look for, and nobody else may
/// have to wait for them.
const DOCUMENTS_AT_ONCE: usize = 2;

/// Reads and writes on behalf of one network. Cheap to clone.
#[derive(Clone)]
pub struct Directory {
    dht: Dht,
    network: String,
    slots: Arc<Semaphore>,
    claimants: Arc<Semaphore>,
    documents: Arc<Semaphore>,
}

/// Somebody who claims a nickname, and whose own identity document says so too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimant {
    /// The slot.
    pub index: u8,
    /// The identity document.
    pub document: VerifiedDocument,
}

/// What is known of one slot of a nickname that is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotAnswer {
    /// The slot.
    pub index: u8,
    /// Who holds it, of all of whom was heard.
    pub claimant: Option<Claimant>,
    /// So many have answered that nobody else holds it. Otherwise it is not known who does.
    pub is_answered: bool,
}

/// What came of looking a document up.
struct Looked {
    document: Option<VerifiedDocument>,
    found: Found,
}

/// Whether the document of somebody who claims a slot names the nickname too.
enum Agreement {
    /// It does.
    Agrees(Box<VerifiedDocument>),
    /// It does not, or there is none.
    Differs,
    /// Too few have answered to know.
    Unknown(SlotError),
}

impl Directory {
    /// For that network.
    #[must_use]
    pub fn new(dht: Dht, network: &str) -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self {
            dht,
            network: network.to_owned(),
            slots: places(SLOTS_AT_ONCE),
            claimants: places(CLAIMANTS_AT_ONCE),
            documents: places(DOCUMENTS_AT_ONCE),
        }
    }

    /// The node of the DHT.
    #[must_use]
    pub fn dht(&self) -> &Dht {
        &self.dht
    }

    /// Writes our document under our key. Says how many nodes have taken it.
    ///
    /// # Errors
    /// If nobody has, or a higher revision of it is there already.
    pub async fn publish(&self, key: &IdentityKey, document: &VerifiedDocument) -> Result<u32, PublishError> {
        let revision = document.document().revision;
        let published = self.find(&key.id(), |_| false).await.document;
        if let Some(published) = published.filter(|published| published.document().revision > revision) {
            return Err(PublishError::HigherRevision { published: Box::new(published), revision });
        }
        let sequence = i64::try_from(revision).unwrap_or(i64::MAX);
        let item = Item::sign_own(key, document.as_bytes(), sequence)?;
        Ok(self.dht.write(&item, None).await?)
    }

    /// The document of a node, with the highest revision that anybody has; nothing if there is none that counts now.
    pub async fn document(&self, id: &NodeId, now_unix_ms: u64) -> Option<VerifiedDocument> {
        let _place = self.documents.acquire().await;
        let document = self.find(id, |_| false).await.document?;
        VerifiedDocument::verify(document.as_bytes(), now_unix_ms).ok()
    }

    /// Looks the document of a node up: the highest revision of all that come in, or one that some give alike and that
    /// `suffices`. Those who are nearest to the key, and have what was written last, are asked last; so without a good
    /// reason nothing suffices.
    async fn find(&self, id: &NodeId, suffices: impl Fn(&VerifiedDocument) -> bool) -> Looked {
        let read = |value: &[u8]| VerifiedDocument::verify_whenever(value).ok().filter(|document| document.id() == *id);
        let enough = |found: &Found| match found.values.last_key_value() {
            Some(((_, value), &times)) if read(value).is_some_and(|document| suffices(&document)) => enough_of(times),
            _ => Enough::No,
        };
        let found = self.dht.read_until(id.as_bytes(), enough).await;
        // The highest sequence number that is in order, whatever the number says: what is signed inside decides.
        let documents = found.values.keys().filter_map(|(_, value)| read(value));
        let document = documents.max_by_key(|document| document.document().revision);
        Looked { document, found }
    }

    /// The slot of a nickname.
    #[must_use]
    pub fn slot(&self, nickname: &Nickname, index: u8) -> Slot {
        Slot::new(&self.network, nickname.clone(), index)
    }

    /// What a slot holds for `me`. A claim that is in order counts whoever has given it, if it is ours or prevails over
    /// ours; that the slot is to be had is concluded only if enough have answered.
    ///
    /// # Errors
    /// If too few have answered.
    pub async fn read_slot(&self, slot: &Slot, me: &NodeId, now_unix_ms: u64) -> Result<SlotState, SlotError> {
        let found = self.dht.read(&slot.public_key()).await;
        // Beside each other, so that nobody is made to wait by a crowd of claims without documents.
        let claimants = self.claimants(slot, &found, now_unix_ms).into_iter().enumerate();
        let agreeing = stream::iter(claimants).map(|(at, id)| async move {
            // Our own document need not be in the DHT for us to know what it says.
            if id == *me {
                return Some(Ok(id));
            }
            match self.agreeing(slot, &id, at == 0, now_unix_ms).await {
                Agreement::Agrees(_) => Some(Ok(id)),
                Agreement::Differs => None,
                Agreement::Unknown(error) => Some(Err(error)),
            }
        });
        let holder = pin!(agreeing.buffered(CLAIMANTS_PER_SLOT).filter_map(future::ready)).next().await.transpose()?;
        match judge(slot, me, holder.as_ref()) {
            state @ (SlotState::Mine | SlotState::Prevails) => Ok(state),
            state @ (SlotState::Empty | SlotState::Yields) => enough_answers(&found).map(|()| state),
        }
    }

    /// Writes our claim into a slot.
    ///
    /// # Errors
    /// If too few have answered to know what it takes the place of, or nobody has taken it, or there is no higher
    /// sequence number: then somebody wants nobody to have this slot.
    pub async fn write_slot(&self, slot: &Slot, key: &IdentityKey, now_unix_ms: u64) -> Result<u32, SlotError> {
        let claim = NicknameClaim::new(slot.network(), slot.nickname().clone(), slot.index(), key.id(), now_unix_ms);
        let found = self.dht.read(&slot.public_key()).await;
        enough_answers(&found)?;
        self.replace(slot, &found, claim.sign(key).as_bytes()).await
    }

    /// Takes our claim out of a slot, if it is there: what is left counts as nothing. Says whether it was.
    ///
    /// # Errors
    /// If nobody has taken the empty value, or too few have answered to know that our claim is not there.
    pub async fn erase_slot(&self, slot: &Slot, me: &NodeId, now_unix_ms: u64) -> Result<bool, SlotError> {
        let found = self.dht.read(&slot.public_key()).await;
        if !self.claims(slot, &found, now_unix_ms).contains_key(me) {
            enough_answers(&found)?;
            return Ok(false);
        }
        self.replace(slot, &found, &[]).await.map(|_| true)
    }

    /// Takes the place of what was found in the slot, and of nothing else: who has written meanwhile is not
    /// overwritten.
    ///
    /// Nodes whom a writing has not reached refuse what is to replace it, as they would if somebody had written
    /// meanwhile. Otherwise nobody could ever write there again, it is looked which of the two it is.
    async fn replace(&self, slot: &Slot, found: &Found, value: &[u8]) -> Result<u32, SlotError> {
        let highest = found.highest_sequence();
        let sequence = highest.unwrap_or(0).checked_add(1).ok_or(SlotError::SequenceExhausted)?;
        let item = slot.item(value, sequence)?;
        match self.dht.write(&item, highest).await {
            Err(WriteError::HoldOther) => {
                let now = self.dht.read(&slot.public_key()).await;
                let is_later = |(number, other): &(i64, Vec<u8>)| *number >= sequence && other != value;
                if !now.is_answered || now.values.keys().any(is_later) {
                    return Err(WriteError::HoldOther.into());
                }
                Ok(self.dht.write(&item, None).await?)
            }
            written => Ok(written?),
        }
    }

    /// Who makes a claim to that slot that is in order, and how many nodes say so: of those values that were written
    /// last, since some nodes still have what was there before.
    fn claims(&self, slot: &Slot, found: &Found, now_unix_ms: u64) -> BTreeMap<NodeId, u32> {
        let last = found.highest_sequence();
        let mut claims = BTreeMap::new();
        for ((_, value), nodes) in found.values.iter().filter(|((sequence, _), _)| Some(*sequence) == last) {
            let claim = VerifiedClaim::verify(value, &self.network, slot.nickname(), slot.index(), now_unix_ms);
            if let Ok(claim) = claim {
                *claims.entry(claim.id()).or_default() += nodes;
            }
        }
        claims
    }

    /// Who claims that slot: of several who wrote at once the one first to whom it belongs.
    fn claimants(&self, slot: &Slot, found: &Found, now_unix_ms: u64) -> Vec<NodeId> {
        let mut claimants: Vec<NodeId> = self.claims(slot, found, now_unix_ms).into_keys().collect();
        claimants.sort_by(|one, other| slot.compare(one, other));
        claimants.truncate(CLAIMANTS_PER_SLOT);
        claimants
    }

    /// The document of somebody who claims a slot, if it names the nickname too. If it does not seem to, that of the
    /// `first` is looked for once more: answers can be lost, and with those of the nearest nodes the newest document.
    /// The others are mostly there to keep us busy.
    async fn agreeing(&self, slot: &Slot, id: &NodeId, first: bool, now_unix_ms: u64) -> Agreement {
        let names_it = |document: &VerifiedDocument| document.document().name.as_ref() == Some(slot.nickname());
        let _place = self.claimants.acquire().await;
        let mut looked = self.find(id, names_it).await;
        if first && !looked.document.as_ref().is_some_and(names_it) {
            looked = self.find(id, names_it).await;
        }
        let Some(document) = looked.document.filter(names_it) else {
            return enough_answers(&looked.found).map_or_else(Agreement::Unknown, |()| Agreement::Differs);
        };
        let verified = VerifiedDocument::verify(document.as_bytes(), now_unix_ms);
        verified.map_or(Agreement::Differs, |document| Agreement::Agrees(Box::new(document)))
    }

    /// Everybody who claims a nickname: each slot once, as soon as it has been read, with who holds it. Whoever wants
    /// only the `first` gets an answer as soon as some nodes agree.
    pub fn search(
        &self,
        nickname: &Nickname,
        slots: u8,
        first: bool,
        now_unix_ms: u64,
    ) -> impl stream::Stream<Item = SlotAnswer> + use<> {
        let lookups = (0..slots).map(|index| {
            let (directory, slot) = (self.clone(), self.slot(nickname, index));
            async move { directory.holder(&slot, first, now_unix_ms).await }
        });
        lookups.collect::<FuturesUnordered<_>>()
    }

    /// Who holds a slot; `first` is for whoever would rather know it soon than surely.
    async fn holder(&self, slot: &Slot, first: bool, now_unix_ms: u64) -> SlotAnswer {
        let agreeing = async |id: NodeId, first| self.agreeing(slot, &id, first, now_unix_ms).await;
        // Mostly whoever is seen first is the only one, and their document is looked for while the slot is still being
        // read.
        let (expected, is_expected) = (Cell::new(None), Notify::new());
        let mut ahead = pin!(future::maybe_done(async {
            is_expected.notified().await;
            Some(agreeing(expected.get()?, true).await)
        }));
        let enough = |found: &Found| {
            let claims = self.claims(slot, found, now_unix_ms);
            if expected.get().is_none()
                && let Some(id) = claims.keys().next()
            {
                expected.set(Some(*id));
                is_expected.notify_one();
            }
            if first && claims.len() == 1 { enough_of(claims.into_values().sum()) } else { Enough::No }
        };
        let read = pin!(async {
            let _place = self.slots.acquire().await;
            self.dht.read_until(&slot.public_key(), enough).await
        });
        let found = match future::select(read, ahead.as_mut()).await {
            Either::Left((found, _)) => found,
            Either::Right(((), read)) => read.await,
        };
        let claimants = self.claimants(slot, &found, now_unix_ms);
        let mut answer = SlotAnswer { index: slot.index(), claimant: None, is_answered: found.is_answered };
        let mut others = claimants.as_slice();
        if let [first, rest @ ..] = others
            && expected.get() == Some(*first)
        {
            ahead.as_mut().await;
            if let Some(agreement) = ahead.as_mut().take_output().flatten() {
                answer.heard(agreement);
            }
            others = rest;
        }
        // It may have a place for which the others wait, and nobody goes on with it from here.
        ahead.set(MaybeDone::Gone);
        for (at, id) in others.iter().enumerate() {
            if answer.claimant.is_some() {
                break;
            }
            answer.heard(agreeing(*id, at == 0 && others.len() == claimants.len()).await);
        }
        answer
    }
}

impl SlotAnswer {
    /// It is known what the document of the next who claims the slot says. If it is not, the slot may be theirs.
    fn heard(&mut self, agreement: Agreement) {
        match agreement {
            Agreement::Agrees(document) => {
                self.claimant = Some(Claimant { index: self.index, document: *document });
            }
            Agreement::Differs => {}
            Agreement::Unknown(_) => self.is_answered = false,
        }
    }
}

/// What none of those has who have answered is not there.
fn enough_answers(found: &Found) -> Result<(), SlotError> {
    match *found {
        Found { is_answered: true, .. } => Ok(()),
        Found { answered: 0, .. } => Err(SlotError::NobodyAnswers),
        Found { answered, asked, .. } => Err(SlotError::FewAnswer { answered, asked }),
    }
}

/// Whether so many nodes that say the same are enough.
fn enough_of(nodes: u32) -> Enough {
    match nodes {
        ENOUGH_ANSWERS.. => Enough::Yes,
        NEARLY_ENOUGH_ANSWERS.. => Enough::Nearly,
        _ => Enough::No,
    }
}

/// Why our document was not published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// Somebody has published a higher revision with our key.
    #[error(
        "revision {} of the identity document is published, and this node is at {revision}: it was restored from a backup, or another node uses its key",
        .published.document().revision
    )]
    HigherRevision {
        /// What is there.
        published: Box<VerifiedDocument>,
        /// What was to be.
        revision: u64,
    },
    /// It cannot be a record.
    #[error(transparent)]
    Item(#[from] ItemError),
    /// Nobody took it.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Why a slot was not read or not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    /// There was no answer.
    #[error("nobody in the DHT has answered")]
    NobodyAnswers,
    /// There were too few answers.
    #[error("too few nodes of the DHT have answered: {answered} of {asked}")]
    FewAnswer {
        /// Nodes that have answered.
        answered: u32,
        /// Nodes that were asked.
        asked: u32,
    },
    /// There is no higher number.
    #[error("somebody has used up the sequence numbers of this slot, so that nobody can write into it")]
    SequenceExhausted,
    /// It cannot be a record.
    #[error(transparent)]
    Item(#[from] ItemError),
    /// Nobody took it.
    #[error(transparent)]
    Write(#[from] WriteError),
}
