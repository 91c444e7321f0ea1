//! The proof that whoever calls knows the id of the node that it calls. It is the destination connection id of the
//! first packet of a call, which the caller chooses (RFC 9000, section 7.2). Whoever has none gets no answer at all, so
//! nobody learns by knocking that a node is there, nor which.
//!
//! Whoever records a call sees its proof. It is good for one call, as far as this node remembers it, and for three days at
//! most. What somebody can do who holds a call back, or waits until it is forgotten, is told in `docs/SECURITY.md`.

use std::collections::{HashSet, VecDeque};

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use quinn::ConnectionId;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::identity::NodeId;

/// The salt of the key that proofs are made with.
const CALLER_KEY_SALT: &[u8] = b"bitpie/quic-caller/1";

/// Bytes of a proof: the longest connection id that QUIC has.
pub const CALLER_PROOF_BYTES: usize = 20;

/// Bytes of chance in front, by which each call has a proof of its own.
pub(super) const CHANCE_BYTES: usize = 8;

/// A proof is made for a day.
const DAY_MS: u64 = 86_400_000;

/// Proofs that are remembered, so that none is taken twice.
const REMEMBERED_CALLS: usize = 4_096;

type Proof = [u8; CALLER_PROOF_BYTES];

/// The proof of a call to this node, made of chance and the time.
#[must_use]
pub fn caller_proof(called: &NodeId, chance: [u8; CHANCE_BYTES], unix_ms: u64) -> [u8; CALLER_PROOF_BYTES] {
    let mut key = [0; 32];
    let derived = Hkdf::<Sha256>::new(Some(CALLER_KEY_SALT), called.as_bytes()).expand(&[], &mut key);
    derived.expect("32 bytes are less than HKDF can give");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
    mac.update(&chance);
    mac.update(&(unix_ms / DAY_MS).to_be_bytes());
    let tag = mac.finalize().into_bytes();
    let mut proof = [0; CALLER_PROOF_BYTES];
    proof[..CHANCE_BYTES].copy_from_slice(&chance);
    proof[CHANCE_BYTES..].copy_from_slice(&tag[..CALLER_PROOF_BYTES - CHANCE_BYTES]);
    proof
}

/// Whether this connection id proves that its sender knows our id: for today, or for the day before or after, since
/// clocks differ.
pub(super) fn is_proof(id: &ConnectionId, me: &NodeId, unix_ms: u64) -> bool {
    let Ok(found) = Proof::try_from(&**id) else { return false };
    let Some(&chance) = found.first_chunk::<CHANCE_BYTES>() else { return false };
    [unix_ms, unix_ms.saturating_sub(DAY_MS), unix_ms.saturating_add(DAY_MS)]
        .into_iter()
        .any(|at| caller_proof(me, chance, at).ct_eq(&found).into())
}

/// Proofs that were taken, the oldest first.
#[derive(Debug, Default)]
pub(super) struct HeardCalls {
    known: HashSet<Proof>,
    order: VecDeque<Proof>,
}

impl HeardCalls {
    /// Whether a call with this proof was taken.
    pub(super) fn is_known(&self, id: &ConnectionId) -> bool {
        Proof::try_from(&**id).is_ok_and(|proof| self.known.contains(&proof))
    }

    /// A call with this proof is taken.
    pub(super) fn remember(&mut self, id: &ConnectionId) {
        let Ok(proof) = Proof::try_from(&**id) else { return };
        if !self.known.insert(proof) {
            return;
        }
        self.order.push_back(proof);
        if self.order.len() > REMEMBERED_CALLS
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: NodeId = NodeId::from_bytes([1; 32]);
    const NOW_MS: u64 = 1_800_000_000_000;

    #[test]
    fn a_proof_is_for_one_node_and_for_some_days() {
        let proof = ConnectionId::new(&caller_proof(&ME, [7; 8], NOW_MS));
        assert!(is_proof(&proof, &ME, NOW_MS));
        assert!(is_proof(&proof, &ME, NOW_MS + DAY_MS) && is_proof(&proof, &ME, NOW_MS - DAY_MS));
        assert!(!is_proof(&proof, &ME, NOW_MS + 2 * DAY_MS));
        assert!(!is_proof(&proof, &NodeId::from_bytes([2; 32]), NOW_MS));
        for wrong in 0..CALLER_PROOF_BYTES {
            let mut bytes = caller_proof(&ME, [7; 8], NOW_MS);
            bytes[wrong] ^= 1;
            assert!(!is_proof(&ConnectionId::new(&bytes), &ME, NOW_MS), "byte {wrong}");
        }
        for length in 0..CALLER_PROOF_BYTES {
            assert!(!is_proof(&ConnectionId::new(&proof[..length]), &ME, NOW_MS), "{length} bytes");
        }
    }

    #[test]
    fn a_proof_is_taken_once_and_memory_has_an_end() {
        let mut heard = HeardCalls::default();
        let numbered = |number: u64| ConnectionId::new(&caller_proof(&ME, number.to_be_bytes(), NOW_MS));
        for number in 0..2 * REMEMBERED_CALLS as u64 {
            assert!(!heard.is_known(&numbered(number)));
            heard.remember(&numbered(number));
        }
        assert!(heard.is_known(&numbered(2 * REMEMBERED_CALLS as u64 - 1)));
        assert!(!heard.is_known(&numbered(0)), "the oldest was forgotten");
        assert_eq!((heard.known.len(), heard.order.len()), (REMEMBERED_CALLS, REMEMBERED_CALLS));
    }
}
