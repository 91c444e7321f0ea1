//! The slots of a nickname: where they are in the DHT, and which of several claims prevails.

use std::cmp::Ordering;

use ed25519_dalek::SigningKey;
use sha2::{Digest as _, Sha256};

use super::{Item, ItemError};
use serde::Serialize;

use crate::identity::NodeId;
use crate::nickname::Nickname;

/// Slots of a nickname.
pub const NICKNAME_SLOTS: u8 = 10;

/// Before what the key of a slot is made of.
const KEY_CONTEXT: &[u8] = b"bitpie/nickname-slot/1";

/// A slot. Its key pair follows from network, nickname and index, so anybody can find it, and anybody can write into
/// it.
#[derive(Clone)]
pub struct Slot {
    network: String,
    nickname: Nickname,
    index: u8,
    key: SigningKey,
}

impl Slot {
    /// The slot with that number.
    #[must_use]
    pub fn new(network: &str, nickname: Nickname, index: u8) -> Self {
        let seed: [u8; 32] = digest(KEY_CONTEXT, network, &nickname, index).finalize().into();
        Self { network: network.to_owned(), nickname, index, key: SigningKey::from_bytes(&seed) }
    }

    /// The public key under which it lies in the DHT.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// Its number.
    #[must_use]
    pub fn index(&self) -> u8 {
        self.index
    }

    /// The nickname.
    #[must_use]
    pub fn nickname(&self) -> &Nickname {
        &self.nickname
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &str {
        &self.network
    }

    /// A record to be written into it.
    ///
    /// # Errors
    /// If the value is too long, or the sequence number is none.
    pub fn item(&self, value: &[u8], sequence: i64) -> Result<Item, ItemError> {
        Item::sign(&self.key, value, sequence)
    }

    /// Which of two claimants the slot belongs to: the lesser one. The same for every reader, and nobody can choose it
    /// but by making keys.
    #[must_use]
    pub fn compare(&self, one: &NodeId, other: &NodeId) -> Ordering {
        self.rank(one).cmp(&self.rank(other))
    }

    fn rank(&self, id: &NodeId) -> [u8; 32] {
        digest(b"bitpie/nickname-rank/1", &self.network, &self.nickname, self.index)
            .chain_update(id.as_bytes())
            .finalize()
            .into()
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Slot({} {} in {})", self.nickname, self.index, self.network)
    }
}

/// Network and nickname each end with a byte that neither can contain, so that no two slots share their bytes.
fn digest(context: &[u8], network: &str, nickname: &Nickname, index: u8) -> Sha256 {
    let separated = |digest: Sha256, text: &[u8]| digest.chain_update(text).chain_update([0]);
    let digest = separated(Sha256::new(), context);
    let digest = separated(digest, network.as_bytes());
    separated(digest, nickname.as_str().as_bytes()).chain_update([index])
}

/// What a slot holds, for somebody who wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum SlotState {
    /// No claim that counts.
    Empty,
    /// Our own, and no other that prevails over it.
    Mine,
    /// Somebody else's, who has to give way to us.
    Yields,
    /// Somebody else's, to whom we have to give way.
    Prevails,
}

/// What a slot holds for `me`, if it is held by that node.
#[must_use]
pub fn judge(slot: &Slot, me: &NodeId, holder: Option<&NodeId>) -> SlotState {
    match holder {
        None => SlotState::Empty,
        Some(first) if first == me => SlotState::Mine,
        Some(first) if slot.compare(first, me) == Ordering::Less => SlotState::Prevails,
        Some(_) => SlotState::Yields,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(network: &str, nickname: &str, index: u8) -> Slot {
        Slot::new(network, nickname.parse().expect("a nickname"), index)
    }

    #[test]
    fn each_slot_has_a_key_of_its_own_and_always_the_same() {
        let alike =
            [("net", "alice", 0), ("net", "alice", 1), ("neta", "lice", 0), ("net", "alic", b'e'), ("n", "alice", 0)];
        for (at, (network, nickname, index)) in alike.into_iter().enumerate() {
            let key = slot(network, nickname, index).public_key();
            assert_eq!(key, slot(network, nickname, index).public_key());
            for (network, nickname, index) in &alike[at + 1..] {
                assert_ne!(key, slot(network, nickname, *index).public_key());
            }
        }
    }

    #[test]
    fn of_several_claims_one_prevails_for_everybody() {
        let ids: Vec<NodeId> = (0..10).map(|number| NodeId::from_bytes([number; 32])).collect();
        let slot = slot("net", "alice", 0);
        let first = *ids.iter().min_by(|one, other| slot.compare(one, other)).expect("there are some");
        assert_eq!(judge(&slot, &ids[0], None), SlotState::Empty);
        for me in &ids {
            let expected = if *me == first { SlotState::Mine } else { SlotState::Prevails };
            assert_eq!(judge(&slot, me, Some(&first)), expected);
            if *me != first {
                assert_eq!(judge(&slot, &first, Some(me)), SlotState::Yields);
            }
        }
        // Another slot has another winner, so nobody prevails everywhere.
        let winners: std::collections::BTreeSet<NodeId> = (0..NICKNAME_SLOTS)
            .map(|index| {
                let slot = Slot::new("net", "alice".parse().expect("a nickname"), index);
                *ids.iter().min_by(|one, other| slot.compare(one, other)).expect("there are some")
            })
            .collect();
        assert!(winners.len() > 3, "{winners:?}");
    }
}
