//! Finds where a peer's database differs from ours, by going down both trees where their fingerprints differ.
//!
//! Answers lead one digit deeper, so a million statements take six questions one after another, and what is compared is about 130 bytes for each statement and level in which something differs.

use std::collections::{BTreeSet, VecDeque};

use super::fault::SyncFault;
use super::message::{ASKED_PARTS, PartAnswer, PeerState, Salt, SyncMessage, fingerprint};
use crate::codec::AtMost;
use crate::commons::digest::{DigestTree, PREFIX_DIGITS, Prefix};
use crate::commons::id::{Place, StatementId};

/// Statements that a walk lists on either side, at most. With more the walk ends early, and another one follows when
/// these were fetched.
pub const LISTED: usize = 65_536;

/// Questions of one walk that may be under way at a time.
pub const QUESTIONS_UNDER_WAY: usize = 16;

/// Parts that wait to be asked for, at most: as many as lead to so many statements.
const WAITING_PARTS: usize = LISTED;

/// Parts that are asked for in a walk, at most: more than lead to as many statements as it lists on both sides.
const MOST_PARTS: u64 = 16 * LISTED as u64;

/// A walk down the tree of one peer. Our own tree is a copy of when it began; what comes meanwhile is announced.
pub struct Walk {
    tree: DigestTree,
    salt: Salt,
    next: VecDeque<Prefix>,
    asked: VecDeque<Vec<Prefix>>,
    lacking: BTreeSet<Place>,
    offers: Vec<StatementId>,
    is_partial: bool,
    /// Parts that may yet be asked for.
    left: u64,
    peer_count: u64,
}

impl Walk {
    /// Begins. The salt is random. `peer_count` is how many statements the peer says that it has.
    #[must_use]
    pub fn new(tree: DigestTree, salt: Salt, peer_count: u64) -> Self {
        // Ids are hashes, and hashes are spread evenly: no tree of so many has more parts.
        let parts = peer_count.max(tree.count()).saturating_mul(4).saturating_add(1024);
        let left = parts.min(MOST_PARTS);
        let next = VecDeque::from([Prefix::ROOT]);
        Self {
            tree,
            salt,
            next,
            asked: VecDeque::new(),
            lacking: BTreeSet::new(),
            offers: Vec::new(),
            is_partial: false,
            left,
            peer_count,
        }
    }

    /// The next question. Several can be under way, so that a wide tree costs no more time than a deep one; nothing while
    /// [`QUESTIONS_UNDER_WAY`] are, or while nothing is known to ask for.
    pub fn ask(&mut self) -> Option<SyncMessage> {
        if self.next.is_empty() || self.asked.len() == QUESTIONS_UNDER_WAY {
            return None;
        }
        let count = self.next.len().min(ASKED_PARTS);
        let asked: Vec<Prefix> = self.next.drain(..count).collect();
        let prefixes = asked.iter().copied().collect();
        self.asked.push_back(asked);
        Some(SyncMessage::AskParts { salt: self.salt, prefixes })
    }

    /// Takes the answer to the oldest question that is under way.
    ///
    /// # Errors
    /// If the peer breaks the rules.
    pub fn answered(&mut self, parts: &AtMost<PartAnswer, ASKED_PARTS>) -> Result<(), SyncFault> {
        let asked = self.asked.pop_front().unwrap_or_default();
        if asked.is_empty() || asked.len() != parts.len() {
            return Err(SyncFault::NotAsked);
        }
        self.left = self.left.checked_sub(asked.len() as u64).ok_or(SyncFault::TooDeep(self.peer_count))?;
        for (prefix, part) in asked.iter().zip(parts.iter()) {
            match part {
                PartAnswer::Leaf(places) => self.leaf(prefix, places)?,
                PartAnswer::Children(_) if prefix.depth() == PREFIX_DIGITS => {
                    return Err(SyncFault::WrongPart(*prefix));
                }
                PartAnswer::Children(children) => {
                    for (digit, theirs) in children.iter().enumerate() {
                        self.child(prefix.child(digit), theirs);
                    }
                }
            }
        }
        Ok(())
    }

    fn leaf(&mut self, prefix: &Prefix, places: &[Place]) -> Result<(), SyncFault> {
        let is_ascending = places.windows(2).all(|pair| pair[0].id < pair[1].id);
        if !is_ascending || places.iter().any(|place| !prefix.is_of(&place.id) || place.generation == 0) {
            return Err(SyncFault::WrongPart(*prefix));
        }
        let theirs: BTreeSet<StatementId> = places.iter().map(|place| place.id).collect();
        for place in places.iter().filter(|place| !self.tree.contains(&place.id)) {
            self.is_partial |= self.lacking.len() >= LISTED;
            if self.lacking.len() < LISTED {
                self.lacking.insert(*place);
            }
        }
        self.offer(prefix, &theirs);
        Ok(())
    }

    fn child(&mut self, prefix: Prefix, theirs: &[u8; 8]) {
        if *theirs == [0; 8] {
            self.offer(&prefix, &BTreeSet::new());
        } else if *theirs != fingerprint(&self.salt, &self.tree.hash(&prefix)) {
            let has_room = self.lacking.len() < LISTED && self.offers.len() < LISTED;
            if has_room && self.next.len() < WAITING_PARTS {
                self.next.push_back(prefix);
            } else {
                self.is_partial = true;
            }
        }
    }

    /// What we have there and they have not.
    fn offer(&mut self, prefix: &Prefix, theirs: &BTreeSet<StatementId>) {
        let room = LISTED - self.offers.len();
        let ours = self.tree.ids(prefix, (room + theirs.len()).saturating_add(1));
        let ours = ours.into_iter().filter(|id| !theirs.contains(id));
        self.offers.extend(ours.clone().take(room));
        self.is_partial |= ours.count() > room;
    }

    /// Whether there is nothing more to ask.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.asked.is_empty() && self.next.is_empty()
    }

    /// Whether there is more to find than a walk lists.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// Whether the peer's tree, as it showed it, is that of what it states. It is to be asked for its state before the
    /// walk and after it, and this counts if both are the same: otherwise it has learnt something meanwhile.
    ///
    /// # Errors
    /// If it is not. A walk that is partial or not over says nothing.
    pub fn compare(&self, state: &PeerState) -> Result<(), SyncFault> {
        if self.is_partial || !self.is_over() {
            return Ok(());
        }
        let mut theirs = self.tree.clone();
        for id in &self.offers {
            theirs.remove(id);
        }
        theirs.extend(self.lacking.iter().map(|place| place.id));
        if (theirs.root(), theirs.count()) != (state.root, state.count) {
            return Err(SyncFault::FalseDigest);
        }
        match state.tips.iter().find(|tip| !theirs.contains(tip)) {
            Some(tip) => Err(SyncFault::FalseTip(*tip)),
            None => Ok(()),
        }
    }

    /// What the peer says that it has and we lack, parents before their children.
    #[must_use]
    pub fn lacking(&self) -> &BTreeSet<Place> {
        &self.lacking
    }

    /// What we have and the peer lacks, to be announced to it.
    #[must_use]
    pub fn offers(&self) -> &[StatementId] {
        &self.offers
    }
}
