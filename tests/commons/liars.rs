//! Peers that lie, and peers that are lost in the middle.

use std::collections::BTreeMap;

use bitpie::commons::sync::{PartAnswer, SyncMessage};
use bitpie::commons::{Place, StatementId};

use super::exchange::{Honest, Peer};
use super::history::Random;

/// How a node lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lie {
    /// It has nothing to do with what others say, and shows what it had at the beginning.
    Withhold,
    /// It shows statements that do not exist.
    Invent,
    /// It sends more than it may, unasked.
    Flood,
    /// It says two things under one number, to different nodes.
    Equivocate,
    /// It changes what it passes on.
    InvalidStream,
    /// It names tips that do not exist.
    FalseTips,
    /// It states a digest of something else.
    FalseDigest,
}

pub const LIES: [Lie; 7] =
    [Lie::Withhold, Lie::Invent, Lie::Flood, Lie::Equivocate, Lie::InvalidStream, Lie::FalseTips, Lie::FalseDigest];

/// A node that answers with a lie, now and then.
pub struct Liar<'a> {
    pub honest: Honest<'a>,
    pub lie: Lie,
    pub random: &'a mut Random,
}

impl Peer for Liar<'_> {
    fn answer(&mut self, question: &SyncMessage) -> Option<Vec<SyncMessage>> {
        let mut answers = self.honest.answer(question)?;
        let invented = StatementId(std::array::from_fn(|_| self.random.number().to_be_bytes()[0]));
        match (self.lie, &mut answers[0]) {
            (Lie::FalseDigest, SyncMessage::State(state)) => state.root = [0x66; 32],
            (Lie::FalseTips, SyncMessage::State(state)) => {
                state.tips = vec![StatementId([0x55; 32])].into();
            }
            (Lie::Invent, SyncMessage::State(state)) => state.root[0] ^= 1,
            (Lie::Invent, SyncMessage::Parts(parts)) => {
                if let SyncMessage::AskParts { prefixes, .. } = question {
                    let lies = prefixes.iter().zip(parts.iter()).map(|(prefix, part)| match part {
                        PartAnswer::Leaf(places) if places.len() < 8 => {
                            let id = if prefix.is_of(&invented) { invented } else { prefix.lowest() };
                            let mut places: BTreeMap<StatementId, Place> =
                                places.iter().map(|place| (place.id, *place)).collect();
                            places.insert(id, Place { generation: 3, id });
                            PartAnswer::Leaf(places.into_values().collect())
                        }
                        part => part.clone(),
                    });
                    *parts = lies.collect();
                }
            }
            (Lie::InvalidStream, SyncMessage::Statement(bytes)) => {
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
            }
            _ => {}
        }
        Some(answers)
    }
}

/// One whose messages are lost after a while.
pub struct Lossy<'a> {
    pub peer: &'a mut dyn Peer,
    pub answers_left: usize,
}

impl Peer for Lossy<'_> {
    fn answer(&mut self, question: &SyncMessage) -> Option<Vec<SyncMessage>> {
        self.answers_left = self.answers_left.checked_sub(1)?;
        self.peer.answer(question)
    }
}
