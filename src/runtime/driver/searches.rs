//! Searches for a nickname on behalf of the user: what has been found so far.

use std::collections::BTreeMap;

use crate::api::answers;
use crate::api::methods::FindName;
use crate::api::reply::Reply;
use crate::identity::NodeId;
use crate::nickname::Nickname;

/// Searches that are kept, and those that wait, at most. The oldest that is kept is forgotten first.
pub const SEARCHES: usize = 16;

/// All searches.
#[derive(Default)]
pub struct Searches {
    last: u64,
    kept: BTreeMap<u64, Search>,
    /// Searches that begin once there is a DHT.
    pub waiting: Vec<(FindName, Reply<answers::Search>)>,
}

/// One search.
#[derive(Clone)]
pub struct Search {
    /// What is searched for.
    pub nickname: Nickname,
    /// What has been found so far.
    found: Vec<Found>,
    /// Nothing more will come; all slots have answered, or not.
    pub is_complete: Option<bool>,
    /// So many slots have, once nothing more will come.
    pub answered: u8,
    /// Counts what has changed.
    pub seen: u64,
}

/// Somebody who claims the nickname.
#[derive(Clone, Copy)]
pub struct Found {
    /// In which slot.
    pub index: u8,
    /// Who it is.
    pub id: NodeId,
    /// Whether the node answers now; nothing while that is being found out.
    pub is_there: Option<bool>,
}

impl Search {
    /// Who claims the nickname. Whoever has gone on to another slot may have left a claim behind: the lowest is theirs.
    pub fn claimants(&self) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(|found| {
            let theirs = self.found.iter().filter(|other| other.id == found.id);
            theirs.map(|other| other.index).min() == Some(found.index)
        })
    }
}

impl Searches {
    /// One that is kept.
    pub fn get(&self, search: u64) -> Option<&Search> {
        self.kept.get(&search)
    }

    /// Another one begins. Its number, and that of the one that is forgotten for it.
    pub fn begin(&mut self, nickname: Nickname) -> (u64, Option<u64>) {
        self.last += 1;
        self.kept.insert(self.last, Search { nickname, found: Vec::new(), is_complete: None, answered: 0, seen: 0 });
        let forgotten = if self.kept.len() > SEARCHES { self.kept.pop_first() } else { None };
        (self.last, forgotten.map(|(oldest, _)| oldest))
    }

    /// Somebody was found.
    pub(super) fn found(&mut self, search: u64, found: Found) {
        if let Some(search) = self.kept.get_mut(&search) {
            search.seen += 1;
            search.found.push(found);
        }
    }

    /// It is known whether a node is there.
    pub(super) fn reached(&mut self, id: NodeId, is_reached: bool) {
        for search in self.kept.values_mut() {
            for found in search.found.iter_mut().filter(|found| found.id == id) {
                found.is_there = Some(is_reached);
                search.seen += 1;
            }
        }
    }

    /// Nothing more will be found.
    pub(super) fn ended(&mut self, search: u64, is_complete: bool, answered: u8) {
        if let Some(search) = self.kept.get_mut(&search) {
            search.seen += 1;
            search.is_complete = Some(is_complete);
            search.answered = answered;
        }
    }
}
