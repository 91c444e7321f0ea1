//! The side that answers. It keeps nothing between questions but the place in a stream that is being sent.

use super::message::{
    ASKED_IDS, ASKED_PARTS, PartAnswer, PeerState, STATE_TIPS, Salt, StreamEnd, SyncMessage, fingerprint,
};
use crate::codec::AtMost;
use crate::commons::digest::{DigestTree, Part, Prefix};
use crate::commons::id::{Place, StatementId};
use crate::commons::store::{Register, Store};

/// Statements in a stream, at most.
pub const STREAM_STATEMENTS: usize = 1000;

/// Bytes of statements in a stream, at most.
pub const STREAM_BYTES: usize = 4 * 1024 * 1024;

/// Tips that are counted, at most.
const COUNTED_TIPS: usize = 4096;

/// Places that are read at a time.
const PAGE: usize = 64;

/// What we have.
///
/// # Errors
/// If the store cannot be read.
pub fn state<S: Store>(store: &S, tree: &DigestTree) -> Result<PeerState, S::Error> {
    let tips = store.listed(&Register::Tips, None, COUNTED_TIPS)?;
    Ok(PeerState {
        root: tree.root(),
        count: tree.count(),
        tip_count: tips.len() as u64,
        tips: tips.iter().rev().take(STATE_TIPS).map(|place| place.id).collect(),
    })
}

/// What is in these parts of our tree.
///
/// # Errors
/// If the store cannot be read.
pub fn parts<S: Store>(
    store: &S,
    tree: &DigestTree,
    salt: &Salt,
    prefixes: &AtMost<Prefix, ASKED_PARTS>,
) -> Result<AtMost<PartAnswer, ASKED_PARTS>, S::Error> {
    let mut answers = Vec::with_capacity(prefixes.len());
    for prefix in prefixes.iter() {
        answers.push(match tree.part(prefix) {
            Part::Children(hashes) => PartAnswer::Children(hashes.map(|hash| fingerprint(salt, &hash))),
            Part::Leaf(ids) => {
                let mut places = Vec::with_capacity(ids.len());
                for id in &ids {
                    places.extend(store.entry(id)?.map(|entry| entry.place));
                }
                PartAnswer::Leaf(places)
            }
        });
    }
    Ok(answers.into())
}

/// A stream of statements that is being sent.
#[derive(Clone, Debug)]
pub struct Serving {
    rest: Rest,
    sent: usize,
    bytes: usize,
    is_over: bool,
    lacks_any: bool,
}

#[derive(Clone, Debug)]
enum Rest {
    These(std::vec::IntoIter<StatementId>),
    After(Place, std::vec::IntoIter<Place>),
}

impl Serving {
    /// These statements, in the order in which they were asked for.
    #[must_use]
    pub fn of(ids: &AtMost<StatementId, ASKED_IDS>) -> Self {
        Self::new(Rest::These(ids.clone().into_iter()))
    }

    /// All after a place, in order.
    #[must_use]
    pub fn after(place: Place) -> Self {
        Self::new(Rest::After(place, Vec::new().into_iter()))
    }

    fn new(rest: Rest) -> Self {
        Self { rest, sent: 0, bytes: 0, is_over: false, lacks_any: false }
    }

    /// What is sent next: a statement, or the end of the stream, after which nothing comes.
    ///
    /// # Errors
    /// If the store cannot be read; then `End(Internal)` is what the peer is told.
    pub fn next<S: Store>(&mut self, store: &S) -> Result<Option<SyncMessage>, S::Error> {
        if self.is_over {
            return Ok(None);
        }
        while let Some(id) = self.next_id(store)? {
            if self.sent == STREAM_STATEMENTS || self.bytes >= STREAM_BYTES {
                self.is_over = true;
                return Ok(Some(SyncMessage::End(StreamEnd::Limit)));
            }
            let Some(bytes) = store.bytes(&id)? else {
                self.lacks_any = true;
                continue;
            };
            self.sent += 1;
            self.bytes += bytes.len();
            return Ok(Some(SyncMessage::Statement(bytes.to_vec())));
        }
        self.is_over = true;
        let end = if self.lacks_any { StreamEnd::NotHere } else { StreamEnd::Complete };
        Ok(Some(SyncMessage::End(end)))
    }

    fn next_id<S: Store>(&mut self, store: &S) -> Result<Option<StatementId>, S::Error> {
        match &mut self.rest {
            Rest::These(ids) => Ok(ids.next()),
            Rest::After(last, page) => {
                if page.len() == 0 {
                    *page = store.after(*last, PAGE)?.into_iter();
                }
                let next = page.next();
                *last = next.unwrap_or(*last);
                Ok(next.map(|place| place.id))
            }
        }
    }
}
