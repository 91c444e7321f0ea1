//! What a node says about its database, signed: two answers that contradict each other are evidence that it lies.

use minicbor::{Decode, Encode};

use super::tree::Hash;
use crate::codec::{AtMost, DecodeError, Text, decode, encode, fixed_bytes};
use crate::commons::id::StatementId;
use crate::identity::{BadSignature, Domain, IdentityKey, NodeId, Signed};

/// Tips that an attestation names, at most.
pub const DIGEST_TIPS: usize = 16;

/// Bytes of an attestation, at most.
pub const ATTESTATION_BYTES: usize = 1024;

/// What a node says that it has.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Attestation {
    /// In which network.
    #[n(0)]
    pub network: Text<32>,
    /// Who says so.
    #[n(1)]
    pub node: NodeId,
    /// When: unix time in milliseconds, which never goes back ([`next_moment`]).
    #[n(2)]
    pub moment_unix_ms: u64,
    /// Of statements up to this time alone; of all if it is missing.
    #[n(3)]
    pub until_unix_ms: Option<u64>,
    /// The root of the tree over their ids.
    #[cbor(n(4), with = "fixed_bytes")]
    pub root: Hash,
    /// How many they are.
    #[n(5)]
    pub count: u64,
    /// How many of them no other names. This and what follows is left out where `until` is given: the index knows what
    /// is, and not what was.
    #[n(6)]
    pub tip_count: Option<u64>,
    /// Those with the highest places, the highest first.
    #[cbor(n(7), skip_if = "AtMost::is_empty")]
    pub tips: AtMost<StatementId, DIGEST_TIPS>,
    /// How many ratings count.
    #[n(8)]
    pub ratings: Option<u64>,
    /// Their stars together.
    #[n(9)]
    pub stars: Option<u64>,
}

/// When an attestation says that it is made: now, or just after the one before if the clock was set back since. A node
/// keeps the last one across restarts.
#[must_use]
pub fn next_moment(last_unix_ms: Option<u64>, now_unix_ms: u64) -> u64 {
    last_unix_ms.map_or(now_unix_ms, |last| now_unix_ms.max(last.saturating_add(1)))
}

impl Attestation {
    /// Signs it.
    ///
    /// # Panics
    /// If the key is not that of its node.
    #[must_use]
    pub fn sign(self, key: &IdentityKey) -> VerifiedAttestation {
        assert_eq!(key.id(), self.node, "a node speaks for itself");
        let signed = Signed::sign(key, Domain::CommonsDigest, &encode(&self));
        VerifiedAttestation { attestation: self, signed }
    }
}

/// An attestation whose signature holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAttestation {
    attestation: Attestation,
    signed: Signed,
}

impl VerifiedAttestation {
    /// Reads one.
    ///
    /// # Errors
    /// If the bytes are not an attestation, or are not signed by the node for which it speaks.
    pub fn verify(bytes: &[u8]) -> Result<Self, AttestationError> {
        if bytes.len() > ATTESTATION_BYTES {
            return Err(AttestationError::TooLong { bytes: bytes.len() });
        }
        let signed = Signed::parse(bytes)?;
        let attestation: Attestation = decode(signed.unverified_body())?;
        signed.verify(&attestation.node, Domain::CommonsDigest)?;
        Ok(Self { attestation, signed })
    }

    /// What it says.
    #[must_use]
    pub fn attestation(&self) -> &Attestation {
        &self.attestation
    }

    /// The exact bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.signed.as_bytes()
    }
}

/// Why an attestation is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttestationError {
    /// There are too many bytes.
    #[error("an attestation of {bytes} bytes is too long: {ATTESTATION_BYTES} are allowed")]
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// They are not what it is made of.
    #[error("the attestation cannot be read: {0}")]
    Malformed(#[from] DecodeError),
    /// The signature does not hold.
    #[error("the attestation is forged or damaged: {0}")]
    Signature(#[from] BadSignature),
}

/// How two attestations of one node cannot both be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// They name one root, and other numbers, tips or sums for it: those follow from the statements.
    SameRoot,
    /// They are of one moment, and name two roots.
    SameMoment,
    /// The later one has no more statements than the earlier one, and yet others. Statements are never removed.
    Lost,
}

/// Whether two attestations contradict each other. They do only if no honest node could have signed both.
#[must_use]
pub fn contradiction(one: &VerifiedAttestation, other: &VerifiedAttestation) -> Option<Contradiction> {
    let (one, other) = (&one.attestation, &other.attestation);
    if (one.node, &one.network) != (other.node, &other.network) {
        return None;
    }
    let of_all = |of: &Attestation| (of.tip_count, of.tips.clone(), of.ratings, of.stars);
    if one.root == other.root {
        let are_of_all = one.until_unix_ms.is_none() && other.until_unix_ms.is_none();
        let differ = one.count != other.count || (are_of_all && of_all(one) != of_all(other));
        return differ.then_some(Contradiction::SameRoot);
    }
    if one.until_unix_ms != other.until_unix_ms {
        return None;
    }
    let (earlier, later) = if one.moment_unix_ms <= other.moment_unix_ms { (one, other) } else { (other, one) };
    if earlier.moment_unix_ms == later.moment_unix_ms {
        return Some(Contradiction::SameMoment);
    }
    (later.count <= earlier.count).then_some(Contradiction::Lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> IdentityKey {
        IdentityKey::from_seed(&[7; 32])
    }

    fn attestation() -> Attestation {
        Attestation {
            network: Text::cut("test"),
            node: key().id(),
            moment_unix_ms: 1000,
            until_unix_ms: None,
            root: [1; 32],
            count: 20,
            tip_count: Some(17),
            tips: (0..16).map(|byte| StatementId([byte; 32])).collect(),
            ratings: Some(2),
            stars: Some(7),
        }
    }

    #[test]
    fn what_was_signed_is_verified() {
        let signed = attestation().sign(&key());
        assert_eq!(VerifiedAttestation::verify(signed.as_bytes()), Ok(signed.clone()));
        for bit in 0..signed.as_bytes().len() * 8 {
            let mut bytes = signed.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(VerifiedAttestation::verify(&bytes).is_err(), "bit {bit}");
        }
        let longest = Attestation {
            network: Text::cut(&"n".repeat(32)),
            moment_unix_ms: u64::MAX,
            until_unix_ms: Some(u64::MAX),
            count: u64::MAX,
            tip_count: Some(u64::MAX),
            ratings: Some(u64::MAX),
            stars: Some(u64::MAX),
            ..attestation()
        };
        assert!(VerifiedAttestation::verify(longest.sign(&key()).as_bytes()).is_ok());
    }

    #[test]
    fn only_what_cannot_both_be_true_is_a_contradiction() {
        let first = attestation();
        let against = |other: Attestation| {
            let (one, other) = (first.clone().sign(&key()), other.sign(&key()));
            assert_eq!(contradiction(&one, &other), contradiction(&other, &one));
            contradiction(&one, &other)
        };
        let later = |root: u8, count| Attestation { moment_unix_ms: 2000, root: [root; 32], count, ..first.clone() };
        assert_eq!(against(first.clone()), None);
        assert_eq!(against(later(2, 21)), None, "it has learnt one more");
        assert_eq!(against(later(1, 20)), None, "it has learnt nothing");
        assert_eq!(against(Attestation { until_unix_ms: Some(5), count: 3, root: [2; 32], ..first.clone() }), None);
        assert_eq!(against(later(2, 20)), Some(Contradiction::Lost));
        assert_eq!(against(later(2, 3)), Some(Contradiction::Lost));
        assert_eq!(against(later(1, 21)), Some(Contradiction::SameRoot));
        assert_eq!(against(Attestation { stars: Some(8), ..later(1, 20) }), Some(Contradiction::SameRoot));
        assert_eq!(against(Attestation { root: [2; 32], count: 21, ..first.clone() }), Some(Contradiction::SameMoment));
        // One until a time has nothing but the count to compare.
        let tips = AtMost::default();
        let until =
            Attestation { until_unix_ms: Some(9), tip_count: None, tips, ratings: None, stars: None, ..later(1, 20) };
        assert_eq!(against(until.clone()), None);
        assert_eq!(against(Attestation { count: 19, ..until }), Some(Contradiction::SameRoot));
        let other_key = IdentityKey::from_seed(&[8; 32]);
        let other = Attestation { node: other_key.id(), ..later(2, 3) }.sign(&other_key);
        assert_eq!(contradiction(&first.clone().sign(&key()), &other), None, "two nodes may differ");
    }

    #[test]
    fn a_moment_never_goes_back() {
        assert_eq!([next_moment(None, 5), next_moment(Some(3), 5), next_moment(Some(9), 5)], [5, 5, 10]);
    }
}
