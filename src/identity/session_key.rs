//! What binds the key of a session to an identity, for a time: a node signs the X25519 key that it uses in handshakes,
//! and from when until when it does. Whoever steals that key can use it no longer than this says.

use super::keys::{BadSignature, Domain, IdentityKey, SIGNATURE_BYTES, verify};
use super::node_id::{NODE_ID_BYTES, NodeId};

/// Bytes of a proof: id, first second, last second, signature.
pub const SESSION_PROOF_BYTES: usize = NODE_ID_BYTES + 8 + 8 + SIGNATURE_BYTES;

/// Seconds for which a proof is made, and for which one is taken at most.
pub const SESSION_KEY_VALIDITY_S: u64 = 86_400;

/// Seconds by which clocks may be apart before a proof is refused for its time. It is so much because whoever is
/// refused here cannot be told why; HELLO names clocks that are apart by less.
pub const SESSION_KEY_TOLERANCE_S: u64 = 86_400;

/// Why a proof is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionProofError {
    /// Its signature does not hold.
    #[error("the session key is not signed by {of}")]
    NotSigned {
        /// Who is said to have signed it.
        of: NodeId,
    },
    /// It is not of this time.
    #[error(
        "the session key of {of} counts from {from_s} to {until_s} (seconds of unix time), and it is {now_s} now: one of \
         the two clocks is wrong, or somebody uses an old key"
    )]
    NotNow {
        /// Whose it is.
        of: NodeId,
        /// Since when it counts.
        from_s: u64,
        /// Until when it counts.
        until_s: u64,
        /// When it was looked at.
        now_s: u64,
    },
}

impl From<BadSignature> for SessionProofError {
    fn from(BadSignature { of }: BadSignature) -> Self {
        Self::NotSigned { of }
    }
}

/// Binds a session key to an identity, from now on.
#[must_use]
pub fn prove_session_key(identity: &IdentityKey, session_key: &[u8], now_unix_ms: u64) -> [u8; SESSION_PROOF_BYTES] {
    let from_s = now_unix_ms / 1_000;
    let until_s = from_s.saturating_add(SESSION_KEY_VALIDITY_S);
    let times = [from_s.to_be_bytes(), until_s.to_be_bytes()].concat();
    let signature = identity.sign(Domain::SessionKey, &[session_key, &times].concat());
    let mut proof = [0; SESSION_PROOF_BYTES];
    let (id, rest) = proof.split_at_mut(NODE_ID_BYTES);
    id.copy_from_slice(identity.id().as_bytes());
    rest[..16].copy_from_slice(&times);
    rest[16..].copy_from_slice(&signature);
    proof
}

/// Who uses this session key now, as the proof says.
///
/// # Errors
/// What does not hold.
pub fn verify_session_key(
    proof: &[u8; SESSION_PROOF_BYTES],
    session_key: &[u8],
    now_unix_ms: u64,
) -> Result<NodeId, SessionProofError> {
    let (id, rest) = proof.split_first_chunk::<NODE_ID_BYTES>().expect("a proof is longer");
    let (times, signature) = rest.split_first_chunk::<16>().expect("a proof is longer");
    let signature = signature.try_into().expect("the rest of a proof is a signature");
    let of = NodeId::from_bytes(*id);
    verify(&of, Domain::SessionKey, &[session_key, times].concat(), signature)?;
    let (from, until) = times.split_first_chunk::<8>().expect("two times");
    let from_s = u64::from_be_bytes(*from);
    let until_s = u64::from_be_bytes(until.try_into().expect("two times"));
    let now_s = now_unix_ms / 1_000;
    let is_short = until_s.checked_sub(from_s).is_some_and(|validity_s| validity_s <= SESSION_KEY_VALIDITY_S);
    let has_begun = from_s <= now_s.saturating_add(SESSION_KEY_TOLERANCE_S);
    let is_over = until_s < now_s.saturating_sub(SESSION_KEY_TOLERANCE_S);
    if is_short && has_begun && !is_over {
        Ok(of)
    } else {
        Err(SessionProofError::NotNow { of, from_s, until_s, now_s })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];
    const NOW: u64 = 1_700_000_000_000;
    const DAY: u64 = 86_400_000;

    fn identity() -> IdentityKey {
        IdentityKey::from_seed(&[1; 32])
    }

    #[test]
    fn a_proof_holds_for_its_key_and_its_time() {
        let proof = prove_session_key(&identity(), &KEY, NOW);
        for now in [NOW, NOW + DAY, NOW + 2 * DAY, NOW - DAY] {
            assert_eq!(verify_session_key(&proof, &KEY, now), Ok(identity().id()), "{now}");
        }
        assert_eq!(
            verify_session_key(&proof, &[8; 32], NOW),
            Err(SessionProofError::NotSigned { of: identity().id() })
        );
        for now in [NOW + 2 * DAY + 1_000, NOW - DAY - 1_000, 0, u64::MAX] {
            let refused = verify_session_key(&proof, &KEY, now);
            assert!(matches!(refused, Err(SessionProofError::NotNow { .. })), "{now}: {refused:?}");
        }
    }

    #[test]
    fn nobody_changes_a_proof_or_makes_one_that_lasts() {
        let proof = prove_session_key(&identity(), &KEY, NOW);
        for at in 0..SESSION_PROOF_BYTES {
            let mut changed = proof;
            changed[at] ^= 1;
            assert!(verify_session_key(&changed, &KEY, NOW).is_err(), "byte {at}");
        }
        for (from_s, until_s) in [(0, u64::MAX), (NOW / 1_000, NOW / 1_000 + SESSION_KEY_VALIDITY_S + 1), (2, 1)] {
            let times = [from_s.to_be_bytes(), until_s.to_be_bytes()].concat();
            let signature = identity().sign(Domain::SessionKey, &[&KEY[..], &times].concat());
            let bytes = [&identity().id().as_bytes()[..], &times, &signature].concat();
            let lasting = bytes.try_into().expect("a proof");
            let refused = verify_session_key(&lasting, &KEY, NOW);
            assert!(matches!(refused, Err(SessionProofError::NotNow { .. })), "{from_s} to {until_s}: {refused:?}");
        }
    }
}
