//! A claim to a nickname: somebody says, signed, that a slot of it is theirs.

use minicbor::{Decode, Encode};

use super::ITEM_BYTES;
use crate::codec::{DecodeError, Text, decode, encode};
use crate::identity::{BadSignature, Domain, IdentityKey, NodeId};
use crate::identity::{CLOCK_SKEW_MS, Signed};
use crate::nickname::Nickname;
use crate::wire::NETWORK_BYTES;

/// Bytes of a claim, at most.
pub const CLAIM_BYTES: usize = ITEM_BYTES;

/// How long a claim counts, in seconds. It is written again much sooner; whoever goes away for longer gives the name
/// back.
pub const CLAIM_VALIDITY_S: u64 = 2 * 24 * 60 * 60;

/// What somebody says who claims a nickname.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NicknameClaim {
    /// In which network.
    #[n(0)]
    pub network: Text<NETWORK_BYTES>,
    /// Which nickname.
    #[n(1)]
    pub nickname: Nickname,
    /// Which slot of it, from 0.
    #[n(2)]
    pub index: u8,
    /// Who.
    #[n(3)]
    pub id: NodeId,
    /// When: unix time in seconds.
    #[n(4)]
    pub time_unix_s: u64,
    /// Until when it counts: unix time in seconds.
    #[n(5)]
    pub valid_until_unix_s: u64,
}

impl NicknameClaim {
    /// A claim of this moment.
    #[must_use]
    pub fn new(network: &str, nickname: Nickname, index: u8, id: NodeId, now_unix_ms: u64) -> Self {
        let time_unix_s = now_unix_ms / 1000;
        Self {
            network: Text::cut(network),
            nickname,
            index,
            id,
            time_unix_s,
            valid_until_unix_s: time_unix_s + CLAIM_VALIDITY_S,
        }
    }

    /// Signs it.
    ///
    /// # Panics
    /// If the key is not that of the claim's id.
    #[must_use]
    pub fn sign(self, key: &IdentityKey) -> VerifiedClaim {
        assert_eq!(key.id(), self.id, "a claim is signed by whom it is for");
        let signed = Signed::sign(key, Domain::NicknameClaim, &encode(&self));
        VerifiedClaim { claim: self, signed }
    }
}

/// A claim whose signature holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedClaim {
    claim: NicknameClaim,
    signed: Signed,
}

impl VerifiedClaim {
    /// Reads what stands in a slot.
    ///
    /// # Errors
    /// If it is no claim to that slot, is not signed by whom it is for, comes from the future, or is no longer valid.
    pub fn verify(
        bytes: &[u8],
        network: &str,
        nickname: &Nickname,
        index: u8,
        now_unix_ms: u64,
    ) -> Result<Self, ClaimError> {
        if bytes.len() > CLAIM_BYTES {
            return Err(ClaimError::TooLong { bytes: bytes.len() });
        }
        let signed = Signed::parse(bytes)?;
        let claim: NicknameClaim = decode(signed.unverified_body())?;
        signed.verify(&claim.id, Domain::NicknameClaim)?;
        if claim.network.as_str() != network || claim.nickname != *nickname || claim.index != index {
            return Err(ClaimError::OtherSlot);
        }
        let validity_s = claim.valid_until_unix_s.checked_sub(claim.time_unix_s);
        if validity_s.is_none_or(|seconds| seconds == 0 || seconds > CLAIM_VALIDITY_S) {
            return Err(ClaimError::Validity);
        }
        if claim.time_unix_s.saturating_mul(1000) > now_unix_ms.saturating_add(CLOCK_SKEW_MS) {
            return Err(ClaimError::FromFuture);
        }
        if claim.valid_until_unix_s.saturating_mul(1000) <= now_unix_ms {
            return Err(ClaimError::Expired);
        }
        Ok(Self { claim, signed })
    }

    /// What it says.
    #[must_use]
    pub fn claim(&self) -> &NicknameClaim {
        &self.claim
    }

    /// Who claims.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.claim.id
    }

    /// The exact bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.signed.as_bytes()
    }
}

/// Why what stands in a slot counts as nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// There are too many bytes.
    #[error("a claim of {bytes} bytes is too long: {CLAIM_BYTES} are allowed")]
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// They are not what a claim is made of.
    #[error("it is no claim: {0}")]
    Malformed(#[from] DecodeError),
    /// The signature does not hold.
    #[error("the claim is forged or damaged: {0}")]
    Signature(#[from] BadSignature),
    /// It is for another slot, nickname or network, and was copied here.
    #[error("the claim is for another slot")]
    OtherSlot,
    /// It ends before it begins, or counts for longer than two days.
    #[error("the claim counts for no time at all, or for more than 2 days")]
    Validity,
    /// It was made at a time that is still to come.
    #[error("the claim was made at a time that is still to come")]
    FromFuture,
    /// Its time is over.
    #[error("the claim has expired")]
    Expired,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::SEED_BYTES;

    const NOW: u64 = 1_700_000_000_000;

    fn key(seed: u8) -> IdentityKey {
        IdentityKey::from_seed(&[seed; SEED_BYTES])
    }

    fn name(text: &str) -> Nickname {
        text.parse().expect("a nickname")
    }

    fn claim() -> NicknameClaim {
        NicknameClaim::new("net", name("alice"), 3, key(7).id(), NOW)
    }

    fn read(bytes: &[u8], now_unix_ms: u64) -> Result<NodeId, ClaimError> {
        VerifiedClaim::verify(bytes, "net", &name("alice"), 3, now_unix_ms).map(|claim| claim.id())
    }

    #[test]
    fn what_was_signed_is_verified_in_its_slot_alone() {
        let signed = claim().sign(&key(7));
        assert_eq!(read(signed.as_bytes(), NOW), Ok(key(7).id()));
        for (network, nickname, index) in [("other", "alice", 3), ("net", "alicf", 3), ("net", "alice", 4)] {
            let read = VerifiedClaim::verify(signed.as_bytes(), network, &name(nickname), index, NOW);
            assert_eq!(read.map(|_| ()), Err(ClaimError::OtherSlot));
        }
    }

    #[test]
    fn the_longest_claim_fits_into_a_record() {
        let longest = name(&"\u{10348}".repeat(32));
        let network = "n".repeat(NETWORK_BYTES);
        let signed = NicknameClaim::new(&network, longest, 9, key(7).id(), u64::MAX / 2).sign(&key(7));
        assert!(signed.as_bytes().len() <= CLAIM_BYTES, "{}", signed.as_bytes().len());
    }

    #[test]
    fn time_decides() {
        let signed = claim().sign(&key(7));
        let end = NOW + CLAIM_VALIDITY_S * 1000;
        assert!(read(signed.as_bytes(), NOW - CLOCK_SKEW_MS).is_ok());
        assert_eq!(read(signed.as_bytes(), NOW - CLOCK_SKEW_MS - 1), Err(ClaimError::FromFuture));
        assert!(read(signed.as_bytes(), end - 1).is_ok());
        assert_eq!(read(signed.as_bytes(), end), Err(ClaimError::Expired));
        for (time_unix_s, valid_until_unix_s) in [(10, 10), (10, 9), (10, 11 + CLAIM_VALIDITY_S), (0, u64::MAX)] {
            let signed = NicknameClaim { time_unix_s, valid_until_unix_s, ..claim() }.sign(&key(7));
            assert_eq!(read(signed.as_bytes(), 10_000), Err(ClaimError::Validity));
        }
    }

    #[test]
    fn it_is_signed_by_whom_it_is_for_and_as_a_claim() {
        let body = encode(&claim());
        for signed in
            [Signed::sign(&key(8), Domain::NicknameClaim, &body), Signed::sign(&key(7), Domain::Document, &body)]
        {
            assert_eq!(read(signed.as_bytes(), NOW), Err(ClaimError::Signature(BadSignature { of: key(7).id() })));
        }
        let signed = claim().sign(&key(7));
        for bit in 0..signed.as_bytes().len() * 8 {
            let mut wrong = signed.as_bytes().to_vec();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&wrong, NOW).is_err(), "bit {bit}");
        }
        assert!(read(&[signed.as_bytes(), &[0]].concat(), NOW).is_err());
        assert_eq!(read(&vec![0; CLAIM_BYTES + 1], NOW), Err(ClaimError::TooLong { bytes: CLAIM_BYTES + 1 }));
    }
}
