//! A proof that a statement is in a database with a known root, which can be checked without the database.

use minicbor::{Decode, Encode};

use super::prefix::{PREFIX_DIGITS, digit};
use super::tree::{CHILDREN, Children, DigestTree, Hash, LEAF_IDS, leaf_hash, node_hash};
use crate::codec::{AtMost, DecodeError, decode, encode};
use crate::commons::id::StatementId;

/// Bytes of a proof, at most: one of a tree of full depth, which nobody can make grow beyond a dozen parts.
pub const PROOF_BYTES: usize = 36 * 1024;

/// What leads from a leaf to the root.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct InclusionProof {
    /// The ids of the leaf, in ascending order.
    #[cbor(n(0), skip_if = "AtMost::is_empty")]
    leaf: AtMost<StatementId, LEAF_IDS>,
    /// The parts above it, from the root.
    #[cbor(n(1), skip_if = "AtMost::is_empty")]
    above: AtMost<Above, PREFIX_DIGITS>,
}

/// A part on the way: how many ids it has, and the hashes of its children, one behind the other.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Above {
    #[n(0)]
    count: u64,
    #[cbor(n(1), with = "crate::codec::fixed_bytes")]
    children: [u8; CHILDREN * 32],
}

impl Above {
    fn children(&self) -> Children {
        std::array::from_fn(|index| self.children[index * 32..][..32].try_into().expect("32 bytes"))
    }
}

impl DigestTree {
    /// Proves that an id is here; nothing if it is not.
    #[must_use]
    pub fn prove(&self, id: &StatementId) -> Option<InclusionProof> {
        let (above, leaf) = self.path(id);
        leaf.binary_search(id).ok()?;
        let above = above.into_iter().map(|(count, children)| Above {
            count,
            children: children.concat().try_into().expect("16 hashes of 32 bytes"),
        });
        Some(InclusionProof { leaf: leaf.iter().copied().collect(), above: above.collect() })
    }
}

impl InclusionProof {
    /// Whether it proves that the id is in the database with this root. Returns how many statements that has.
    ///
    /// # Errors
    /// If it does not.
    pub fn check(&self, id: &StatementId, root: &Hash) -> Result<u64, ProofError> {
        if !self.leaf.windows(2).all(|pair| pair[0] < pair[1]) || !self.leaf.contains(id) {
            return Err(ProofError::NotInLeaf);
        }
        let (mut hash, mut count) = (leaf_hash(&self.leaf), self.leaf.len() as u64);
        for (depth, above) in self.above.iter().enumerate().rev() {
            let children = above.children();
            if children[digit(id, depth)] != hash {
                return Err(ProofError::OtherPart { depth });
            }
            (hash, count) = (node_hash(above.count, &children), above.count);
        }
        if hash == *root { Ok(count) } else { Err(ProofError::OtherRoot) }
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// The proof with these bytes.
    ///
    /// # Errors
    /// If they are not a proof.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > PROOF_BYTES {
            return Err(DecodeError::TooLong { bytes: bytes.len(), limit: PROOF_BYTES });
        }
        decode(bytes)
    }
}

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The id is not in its leaf, or the leaf is not in order.
    #[error("the proof is not about this statement")]
    NotInLeaf,
    /// A part does not have the one below it.
    #[error("the proof does not hang together at depth {depth}")]
    OtherPart {
        /// The depth of the upper one, from 0.
        depth: usize,
    },
    /// It leads to another root.
    #[error("the proof is for a database with another digest")]
    OtherRoot,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> StatementId {
        StatementId::of(&number.to_be_bytes())
    }

    #[test]
    fn what_is_there_can_be_proved_and_nothing_else() {
        for count in [1, 8, 9, 100, 3000] {
            let tree: DigestTree = (0..count).map(id).collect();
            let other: DigestTree = (1..=count).map(id).collect();
            for number in [0, count / 2, count - 1] {
                let proof = tree.prove(&id(number)).expect("it is there");
                let read = InclusionProof::decode(&proof.encode()).expect("it is one");
                assert_eq!(read, proof);
                assert_eq!(read.check(&id(number), &tree.root()), Ok(u64::from(count)));
                assert_eq!(read.check(&id(count), &tree.root()), Err(ProofError::NotInLeaf));
                assert_eq!(read.check(&id(number), &other.root()), Err(ProofError::OtherRoot));
            }
            assert_eq!(tree.prove(&id(count)), None);
        }
    }

    #[test]
    fn a_leaf_cannot_be_put_into_another_place() {
        let tree: DigestTree = (0..1000).map(id).collect();
        let (one, other) = (id(1), id(2));
        let (of_one, of_other) = (tree.prove(&one).expect("a proof"), tree.prove(&other).expect("a proof"));
        let mixed = InclusionProof { leaf: of_one.leaf.clone(), above: of_other.above };
        assert!(matches!(mixed.check(&one, &tree.root()), Err(ProofError::OtherPart { .. })));
        let doubled = InclusionProof { leaf: vec![one, one].into(), ..of_one };
        assert_eq!(doubled.check(&one, &tree.root()), Err(ProofError::NotInLeaf));
    }

    #[test]
    fn the_deepest_proof_has_room() {
        // Nine ids that differ in the last digit alone: nobody can find such.
        let tree: DigestTree =
            (0..9).map(|last| StatementId([[0; 31].as_slice(), &[last]].concat().try_into().expect("32"))).collect();
        let deepest = tree.prove(&StatementId([0; 32])).expect("it is there").encode();
        assert!((PROOF_BYTES - 4096..PROOF_BYTES).contains(&deepest.len()), "{}", deepest.len());
        assert!(InclusionProof::decode(&deepest).is_ok());
    }
}
