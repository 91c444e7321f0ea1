//! Statements that wait for others on which they stand: a bounded number of them, with a bounded number of bytes, for a
//! bounded time, and of each peer its share.

use std::collections::{BTreeMap, BTreeSet};

use super::id::StatementId;
use super::refusal::Refusal;
use super::statement::Statement;
use crate::identity::NodeId;

/// Statements that may wait.
pub const WAITING: Share = Share { statements: 4096, bytes: 8 * 1024 * 1024 };

/// Of one peer.
pub const WAITING_OF_PEER: Share = Share { statements: 512, bytes: 1024 * 1024 };

/// How long a statement waits, in milliseconds.
pub const WAITING_MS: u64 = 60_000;

/// So many statements with so many bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    /// How many statements.
    pub statements: usize,
    /// How many bytes they have together.
    pub bytes: usize,
}

impl Share {
    fn has_room(self, used: Self, bytes: usize) -> bool {
        used.statements < self.statements && used.bytes + bytes <= self.bytes
    }

    fn add(&mut self, bytes: usize) {
        *self = Self { statements: self.statements + 1, bytes: self.bytes + bytes };
    }

    fn take_out(&mut self, bytes: usize) {
        *self = Self { statements: self.statements - 1, bytes: self.bytes - bytes };
    }
}

struct Orphan {
    statement: Statement,
    from: NodeId,
    since_ms: u64,
    lacks: BTreeSet<StatementId>,
}

/// Statements that wait.
#[derive(Default)]
pub struct Orphans {
    waiting: BTreeMap<StatementId, Orphan>,
    /// Who waits for a statement that is not here.
    waited_for: BTreeMap<StatementId, BTreeSet<StatementId>>,
    by_age: BTreeSet<(u64, StatementId)>,
    used: Share,
    used_by: BTreeMap<NodeId, Share>,
}

impl Orphans {
    /// Whether it waits.
    #[must_use]
    pub fn contains(&self, id: &StatementId) -> bool {
        self.waiting.contains_key(id)
    }

    /// How many wait, and their bytes.
    #[must_use]
    pub fn used(&self) -> Share {
        self.used
    }

    /// Lets a statement wait for others. If there is room no more, the youngest of the peer with the most bytes gives
    /// way, so a flood pushes out nobody else's.
    ///
    /// # Errors
    /// If its sender has as many waiting as it may.
    pub fn add(
        &mut self,
        statement: Statement,
        lacks: Vec<StatementId>,
        from: NodeId,
        now_ms: u64,
    ) -> Result<(), Refusal> {
        let bytes = statement.as_bytes().len();
        if !WAITING_OF_PEER.has_room(self.used_by.get(&from).copied().unwrap_or_default(), bytes) {
            return Err(Refusal::TooManyWaiting);
        }
        while !WAITING.has_room(self.used, bytes) {
            let largest = self.used_by.iter().max_by_key(|(_, used)| used.bytes).map(|(peer, _)| *peer);
            let youngest = self.by_age.iter().rev().find(|(_, id)| Some(self.waiting[id].from) == largest);
            match (largest, youngest.map(|(_, id)| *id)) {
                (Some(peer), Some(id)) if peer != from => drop(self.take_out(&id)),
                _ => return Err(Refusal::TooManyWaiting),
            }
        }
        let id = statement.id();
        for lacked in &lacks {
            self.waited_for.entry(*lacked).or_default().insert(id);
        }
        self.by_age.insert((now_ms, id));
        self.used.add(bytes);
        self.used_by.entry(from).or_default().add(bytes);
        let lacks = lacks.into_iter().collect();
        self.waiting.insert(id, Orphan { statement, from, since_ms: now_ms, lacks });
        Ok(())
    }

    /// A statement has come. Those that waited for it and for nothing else wait no longer.
    pub fn arrived(&mut self, id: &StatementId) -> Vec<(Statement, NodeId)> {
        let children = self.waited_for.remove(id).unwrap_or_default();
        let mut released = Vec::new();
        for child in children {
            let Some(orphan) = self.waiting.get_mut(&child) else { continue };
            orphan.lacks.remove(id);
            if orphan.lacks.is_empty()
                && let Some(orphan) = self.take_out(&child)
            {
                released.push((orphan.statement, orphan.from));
            }
        }
        released
    }

    /// A statement will never come, since it is not valid. Nor will those that stand on it.
    pub fn refused(&mut self, id: &StatementId) -> Vec<(StatementId, NodeId, Refusal)> {
        let (mut out, mut next) = (Vec::new(), vec![*id]);
        while let Some(parent) = next.pop() {
            for child in self.waited_for.get(&parent).cloned().unwrap_or_default() {
                if let Some(orphan) = self.take_out(&child) {
                    out.push((child, orphan.from, Refusal::OnRefused { parent }));
                    next.push(child);
                }
            }
        }
        out
    }

    /// Those that have waited too long wait no longer.
    pub fn expire(&mut self, now_ms: u64) -> Vec<(StatementId, NodeId, Refusal)> {
        let mut out = Vec::new();
        while let Some((since_ms, id)) = self.by_age.first().copied()
            && since_ms.saturating_add(WAITING_MS) <= now_ms
        {
            if let Some(orphan) = self.take_out(&id) {
                out.push((id, orphan.from, Refusal::WaitedTooLong));
            }
        }
        out
    }

    /// When the oldest has waited too long, in the milliseconds by which it was added.
    #[must_use]
    pub fn next_expiry_ms(&self) -> Option<u64> {
        self.by_age.first().map(|(since_ms, _)| since_ms.saturating_add(WAITING_MS))
    }

    /// What is waited for and does not wait itself: what is to be asked for, at most `limit` of it.
    #[must_use]
    pub fn lacking(&self, limit: usize) -> Vec<StatementId> {
        self.waited_for.keys().filter(|id| !self.contains(id)).take(limit).copied().collect()
    }

    fn take_out(&mut self, id: &StatementId) -> Option<Orphan> {
        let orphan = self.waiting.remove(id)?;
        for lacked in &orphan.lacks {
            if let Some(children) = self.waited_for.get_mut(lacked) {
                children.remove(id);
                if children.is_empty() {
                    self.waited_for.remove(lacked);
                }
            }
        }
        let bytes = orphan.statement.as_bytes().len();
        self.by_age.remove(&(orphan.since_ms, *id));
        self.used.take_out(bytes);
        if let Some(used) = self.used_by.get_mut(&orphan.from) {
            used.take_out(bytes);
            if used.statements == 0 {
                self.used_by.remove(&orphan.from);
            }
        }
        Some(orphan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commons::samples::Author;

    fn peer(number: u8) -> NodeId {
        NodeId::from_bytes([number; 32])
    }

    fn id(number: u8) -> StatementId {
        StatementId([number; 32])
    }

    #[test]
    fn a_statement_goes_on_when_all_that_it_lacks_is_there() {
        let mut orphans = Orphans::default();
        let one = Author::numbered(1).note_on(&[id(1), id(2)], "one");
        orphans.add(one.clone(), vec![id(1), id(2)], peer(1), 0).expect("there is room");
        assert_eq!(orphans.lacking(9), [id(1), id(2)]);
        assert_eq!(orphans.arrived(&id(1)), []);
        assert_eq!(orphans.arrived(&id(2)), [(one, peer(1))]);
        assert_eq!((orphans.used(), orphans.lacking(9)), (Share::default(), vec![]));
    }

    #[test]
    fn what_stands_on_something_refused_goes_with_it() {
        let mut orphans = Orphans::default();
        let one = Author::numbered(1).note_on(&[id(1)], "one");
        let two = Author::numbered(2).note_on(&[one.id(), id(3)], "two");
        orphans.add(two.clone(), vec![one.id(), id(3)], peer(2), 0).expect("there is room");
        orphans.add(one.clone(), vec![id(1)], peer(1), 0).expect("there is room");
        assert_eq!(orphans.lacking(9), [id(1), id(3)]);
        let refused = orphans.refused(&id(1));
        let on = |parent| Refusal::OnRefused { parent };
        assert_eq!(refused, [(one.id(), peer(1), on(id(1))), (two.id(), peer(2), on(one.id()))]);
        assert_eq!((orphans.used(), orphans.lacking(9)), (Share::default(), vec![]));
    }

    #[test]
    fn nobody_waits_for_ever() {
        let mut orphans = Orphans::default();
        let one = Author::numbered(1).note_on(&[id(1)], "one");
        orphans.add(one.clone(), vec![id(1)], peer(1), 1000).expect("there is room");
        assert_eq!(orphans.next_expiry_ms(), Some(1000 + WAITING_MS));
        assert_eq!(orphans.expire(999 + WAITING_MS), []);
        assert_eq!(orphans.expire(1000 + WAITING_MS), [(one.id(), peer(1), Refusal::WaitedTooLong)]);
        assert_eq!((orphans.used(), orphans.next_expiry_ms()), (Share::default(), None));
    }

    #[test]
    fn a_flood_takes_no_place_from_others() {
        let mut orphans = Orphans::default();
        let mut number = 0_u32;
        let mut add = |orphans: &mut Orphans, from| {
            number += 1;
            let orphan = Author::numbered(1).note_on(&[id(1)], &format!("{number}"));
            orphans.add(orphan.clone(), vec![id(1)], from, u64::from(number)).map(|()| orphan.id())
        };
        let honest = add(&mut orphans, peer(0)).expect("there is room");
        let flooders = WAITING.statements / WAITING_OF_PEER.statements;
        for flooder in 1..=flooders {
            let flooder = peer(u8::try_from(flooder).expect("a few"));
            while add(&mut orphans, flooder).is_ok() {}
        }
        assert!(orphans.contains(&honest), "it was there first, and takes little");
        assert_eq!(orphans.used().statements, WAITING.statements);
        let late = add(&mut orphans, peer(0)).expect("who takes most gives way");
        assert!(orphans.contains(&late) && orphans.contains(&honest));
        assert_eq!(orphans.used().statements, WAITING.statements);
    }
}
