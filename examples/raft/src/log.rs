//! The log of one node, and what a leader knows of the logs of others. It compares and copies; the automaton decides when.

use std::collections::BTreeMap;

use serde::Serialize;

/// A command, and the term in which a leader wrote it down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The leader's.
    pub term: u64,
    /// The client's.
    pub command: u32,
}

/// Some entries, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Entries(pub Vec<Entry>);

/// Entries that one node sends another: where they belong, and what comes right before them.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// Index of the entry before the first one; 0 if there is none.
    pub previous_index: u64,
    /// Its term; 0 if there is none.
    pub previous_term: u64,
    /// The entries.
    pub entries: Entries,
}

impl Excerpt {
    /// Index of the last entry, or of the one before if there is none.
    pub fn last_index(&self) -> u64 {
        self.previous_index + self.entries.0.len() as u64
    }
}

/// At most so many entries travel together.
const EXCERPT_LIMIT: usize = 8;

/// A log. Indexes begin with 1.
#[derive(Clone, Debug, Default)]
pub struct Log {
    entries: Vec<Entry>,
    /// Up to here it is safe, as far as this node knows.
    committed: u64,
    /// While the node leads: up to where the logs of others agree with this one.
    accepted: BTreeMap<u8, u64>,
    /// While the node leads: where the next excerpt for others begins.
    next: BTreeMap<u8, u64>,
}

impl Log {
    /// All entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Those that are safe, as far as this node knows.
    pub fn committed(&self) -> &[Entry] {
        &self.entries[..self.committed as usize]
    }

    /// Index and term of the last entry; 0 and 0 if there is none.
    pub fn last(&self) -> (u64, u64) {
        let index = self.entries.len() as u64;
        (index, self.term_at(index).unwrap_or_default())
    }

    /// The term of the entry at that index; 0 at index 0.
    fn term_at(&self, index: u64) -> Option<u64> {
        match index.checked_sub(1) {
            None => Some(0),
            Some(place) => self.entries.get(place as usize).map(|entry| entry.term),
        }
    }

    /// Whether there is an entry of that term at that index.
    pub fn fits(&self, index: u64, term: u64) -> bool {
        self.term_at(index) == Some(term)
    }

    /// Whether a log with this end lacks nothing that this one has.
    pub fn is_up_to_date(&self, last_index: u64, last_term: u64) -> bool {
        let (own_index, own_term) = self.last();
        (last_term, last_index) >= (own_term, own_index)
    }

    /// Adds one.
    pub fn append(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Takes over what a leader has behind that index. Entries that differ are removed, with all after them; equal ones stay, since an old message may
    /// come after a newer one.
    pub fn take_over(&mut self, previous_index: u64, entries: &Entries) {
        for (place, entry) in (previous_index as usize..).zip(&entries.0) {
            if self.entries.get(place) != Some(entry) {
                self.entries.truncate(place);
                self.entries.push(*entry);
            }
        }
    }

    /// Up to here it is safe. That never decreases.
    pub fn commit(&mut self, index: u64) {
        self.committed = self.committed.max(index);
    }

    /// The node leads from now on, and knows nothing of the logs of others.
    pub fn begin_to_lead(&mut self) {
        self.accepted.clear();
        self.next.clear();
    }

    /// The log of that node agrees with this one up to there.
    pub fn note_accepted(&mut self, follower: u8, last_index: u64) {
        let accepted = self.accepted.entry(follower).or_default();
        *accepted = last_index.max(*accepted);
        self.next.insert(follower, *accepted + 1);
    }

    /// What was sent to that node did not continue its log.
    pub fn note_refused(&mut self, follower: u8) {
        let accepted = self.accepted.get(&follower).copied().unwrap_or_default();
        let next = self.next_of(follower);
        self.next.insert(follower, next.saturating_sub(1).max(accepted + 1));
    }

    fn next_of(&self, follower: u8) -> u64 {
        self.next.get(&follower).copied().unwrap_or(self.entries.len() as u64 + 1)
    }

    /// What that node lacks, as far as is known.
    pub fn excerpt_for(&self, follower: u8) -> Excerpt {
        let previous_index = self.next_of(follower) - 1;
        let missing = self.entries.iter().skip(previous_index as usize).take(EXCERPT_LIMIT);
        Excerpt {
            previous_index,
            previous_term: self.term_at(previous_index).unwrap_or_default(),
            entries: Entries(missing.copied().collect()),
        }
    }

    /// The highest index up to which more than half of that many nodes have this log, if that entry is of this term; otherwise 0.
    pub fn agreed(&self, nodes: u8, term: u64) -> u64 {
        let mut indexes: Vec<u64> = self.accepted.values().copied().collect();
        indexes.push(self.entries.len() as u64);
        indexes.resize(nodes.into(), 0);
        indexes.sort_unstable_by(|a, b| b.cmp(a));
        let index = indexes[usize::from(nodes) / 2];
        if index > 0 && self.fits(index, term) { index } else { 0 }
    }

    /// What is known of others, and of what is safe, does not survive a crash. The entries do.
    pub fn crash(&mut self) {
        self.begin_to_lead();
        self.committed = 0;
    }

    /// How much of what ends at that index is safe.
    pub fn committed_up_to(&self, last_index: u64) -> u64 {
        self.committed.min(last_index)
    }
}
