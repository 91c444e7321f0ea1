//! The key of an identity, and what it signs.
//!
//! Every kind of signed thing has a domain string of its own, so that a signature made for one can never pass for
//! another. Verification is strict (`verify_strict`: no small-order keys, no malleable signatures; RFC 8032 and
//! <https://hdevalence.ca/blog/2020-10-04-its-25519am>).

use std::cell::RefCell;
use std::collections::VecDeque;

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::NodeId;

/// Bytes of the seed from which a key is made.
pub const SEED_BYTES: usize = 32;

/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// What is signed; each kind under a text of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// An identity document.
    Document,
    /// The key of a Noise session, in the payload of its handshake.
    SessionKey,
    /// The final hash of a handshake, in PEER-ID.
    PeerId,
    /// A packet between users.
    Packet,
    /// What is inside a sealed message.
    Message,
    /// A claim to a nickname.
    NicknameClaim,
    /// A statement of the commons.
    Statement,
    /// What a node says about its copy of the commons.
    CommonsDigest,
}

impl Domain {
    /// All kinds.
    pub const ALL: [Domain; 8] = [
        Domain::Document,
        Domain::SessionKey,
        Domain::PeerId,
        Domain::Packet,
        Domain::Message,
        Domain::NicknameClaim,
        Domain::Statement,
        Domain::CommonsDigest,
    ];

    /// The text that is signed in front of the body, with a zero byte behind it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Domain::Document => "bitpie/document/1",
            Domain::SessionKey => "bitpie/session-key/1",
            Domain::PeerId => "bitpie/peer-id/1",
            Domain::Packet => "bitpie/packet/1",
            Domain::Message => "bitpie/message/1",
            Domain::NicknameClaim => "bitpie/nickname-claim/1",
            Domain::Statement => "bitpie/statement/1",
            Domain::CommonsDigest => "bitpie/commons-digest/1",
        }
    }

    fn prefixed(self, body: &[u8]) -> Vec<u8> {
        [self.text().as_bytes(), &[0], body].concat()
    }
}

/// The secret key of an identity. Forgotten when it is dropped, and never shown.
#[derive(Clone)]
pub struct IdentityKey(SigningKey);

impl IdentityKey {
    /// The key that this seed makes.
    #[must_use]
    pub fn from_seed(seed: &[u8; SEED_BYTES]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The seed; for the key file only.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; SEED_BYTES]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The identity.
    #[must_use]
    pub fn id(&self) -> NodeId {
        NodeId::from_bytes(self.0.verifying_key().to_bytes())
    }

    /// Signs a body.
    #[must_use]
    pub fn sign(&self, domain: Domain, body: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(&domain.prefixed(body)).to_bytes()
    }

    /// Signs a record of the DHT. BEP 44 says what is signed, and it begins with `3:seq`, as no domain does.
    ///
    /// # Panics
    /// If it begins otherwise: then it is no record, and might be anything.
    #[must_use]
    pub(crate) fn sign_item(&self, to_be_signed: &[u8]) -> [u8; SIGNATURE_BYTES] {
        assert!(to_be_signed.starts_with(b"3:seq"), "only records are signed without a domain");
        self.0.sign(to_be_signed).to_bytes()
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "IdentityKey(of {})", self.id())
    }
}

/// A signature that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not that of {of}")]
pub struct BadSignature {
    /// Who was said to have signed.
    pub of: NodeId,
}

/// Whether `id` signed this body.
///
/// # Errors
/// If the signature is not that of `id`, or `id` is no sound public key.
pub fn verify(id: &NodeId, domain: Domain, body: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> Result<(), BadSignature> {
    let key = verifying_key(id).ok_or(BadSignature { of: *id })?;
    let signature = ed25519_dalek::Signature::from_bytes(signature);
    key.verify_strict(&domain.prefixed(body), &signature).map_err(|_| BadSignature { of: *id })
}

/// Keys that are kept at hand by each thread, at most.
const KEYS_AT_HAND: usize = 16;

thread_local! {
    /// Keys of those who signed last, decompressed: that is a fifth of what a verification costs, and whoever signs one
    /// thing mostly signs several.
    static AT_HAND: RefCell<VecDeque<(NodeId, VerifyingKey)>> = const { RefCell::new(VecDeque::new()) };
}

/// The key that is an id; nothing if it is none.
fn verifying_key(id: &NodeId) -> Option<VerifyingKey> {
    AT_HAND.with_borrow_mut(|at_hand| {
        if let Some((_, key)) = at_hand.iter().find(|(of, _)| of == id) {
            return Some(*key);
        }
        let key = VerifyingKey::from_bytes(id.as_bytes()).ok()?;
        at_hand.truncate(KEYS_AT_HAND - 1);
        at_hand.push_front((*id, key));
        Some(key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_key_domain_and_body_alone() {
        let key = IdentityKey::from_seed(&[7; SEED_BYTES]);
        let other = IdentityKey::from_seed(&[8; SEED_BYTES]);
        let signature = key.sign(Domain::Packet, b"body");
        assert_eq!(verify(&key.id(), Domain::Packet, b"body", &signature), Ok(()));
        assert!(verify(&other.id(), Domain::Packet, b"body", &signature).is_err());
        assert!(verify(&key.id(), Domain::Document, b"body", &signature).is_err());
        assert!(verify(&key.id(), Domain::Packet, b"bodY", &signature).is_err());
        for bit in 0..512 {
            let mut wrong = signature;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(verify(&key.id(), Domain::Packet, b"body", &wrong).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn the_key_with_which_anything_is_signed_is_refused() {
        // The neutral element: with a plain verification a signature of it would hold for any body.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let signature = {
            let mut signature = [0; 64];
            signature[0] = 1;
            signature
        };
        assert!(verify(&NodeId::from_bytes(neutral), Domain::Packet, b"anything", &signature).is_err());
    }

    #[test]
    fn domains_are_distinct() {
        for (index, domain) in Domain::ALL.iter().enumerate() {
            assert!(Domain::ALL[index + 1..].iter().all(|other| !other.text().starts_with(domain.text())));
        }
    }

    #[test]
    fn a_key_is_never_shown() {
        let key = IdentityKey::from_seed(&[7; SEED_BYTES]);
        assert!(!format!("{key:?}").contains("7, 7"));
    }
}
