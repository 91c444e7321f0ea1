//! The identity document: the card that a node shows, signed by its key and small enough for a record of the DHT.
//!
//! A [`VerifiedDocument`] is made by signing or by verifying and in no other way, so whoever holds one need not ask
//! whether it is sound.

use std::sync::Arc;

use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use super::signed::Signed;
use super::{BadSignature, Domain, Entrypoint, IdentityKey, NodeId, SealingPublicKey};
use crate::codec::{AtMost, DecodeError, decode, encode};
use crate::name::ServiceName;
use crate::nickname::Nickname;

/// How far the clocks of two nodes may be apart, and how far in the future a time may lie, in milliseconds.
pub const CLOCK_SKEW_MS: u64 = 150_000;

/// Bytes of a signed document, at most. BEP 44 counts 1000, four of them for its own framing.
pub const DOCUMENT_BYTES: usize = 996;

/// The highest revision that a document may have: the numbers of BEP 44 and of databases have a sign.
pub const GREATEST_REVISION: u64 = i64::MAX as u64;

/// How long a document is valid, in seconds: seven days.
pub const DOCUMENT_VALIDITY_S: u64 = 7 * 24 * 60 * 60;

/// Contacts in a document, at most.
pub const DOCUMENT_CONTACTS: usize = 16;

/// Services in a document, at most.
pub const DOCUMENT_SERVICES: usize = 32;

/// External addresses in a document, at most.
pub const DOCUMENT_EXTERNAL: usize = 4;

/// What a node says about itself to all.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct IdentityDocument {
    /// Whose it is.
    #[n(0)]
    pub id: NodeId,
    /// The nickname that its user goes by.
    #[n(1)]
    pub name: Option<Nickname>,
    /// The key to which messages for it are sealed.
    #[n(2)]
    pub sealing_key: SealingPublicKey,
    /// Where it is reached, the most stable way first.
    #[cbor(n(3), skip_if = "AtMost::is_empty")]
    pub contacts: AtMost<Entrypoint, DOCUMENT_CONTACTS>,
    /// The services that it offers to others.
    #[cbor(n(4), skip_if = "AtMost::is_empty")]
    pub services: AtMost<ServiceName, DOCUMENT_SERVICES>,
    /// The addresses under which others see it (STUN).
    #[cbor(n(5), skip_if = "AtMost::is_empty")]
    pub external: AtMost<Entrypoint, DOCUMENT_EXTERNAL>,
    /// Grows with every change.
    #[n(6)]
    pub revision: u64,
    /// When it was made: unix time in seconds.
    #[n(7)]
    pub time_unix_s: u64,
    /// Until when it counts: unix time in seconds.
    #[n(8)]
    pub valid_until_unix_s: u64,
}

impl IdentityDocument {
    /// A document of this moment, valid for as long as one can be, with nothing in it that need not be there.
    #[must_use]
    pub fn new(id: NodeId, sealing_key: SealingPublicKey, revision: u64, now_unix_ms: u64) -> Self {
        let time_unix_s = now_unix_ms / 1000;
        Self {
            id,
            name: None,
            sealing_key,
            contacts: AtMost::default(),
            services: AtMost::default(),
            external: AtMost::default(),
            revision,
            time_unix_s,
            valid_until_unix_s: time_unix_s + DOCUMENT_VALIDITY_S,
        }
    }

    /// Signs it. What there is no room for is left out, and given back: services first, then contacts, then external
    /// addresses, each from the end, since how to reach a node matters most.
    ///
    /// # Panics
    /// If the key is not that of the document's id.
    #[must_use]
    pub fn sign(mut self, key: &IdentityKey) -> (VerifiedDocument, LeftOut) {
        assert_eq!(key.id(), self.id, "a document is signed by whom it is about");
        let mut left_out = LeftOut::default();
        loop {
            let signed = Signed::sign(key, Domain::Document, &encode(&self));
            if signed.as_bytes().len() <= DOCUMENT_BYTES {
                return (VerifiedDocument { document: self, bytes: signed.to_shared() }, left_out);
            }
            if let Some(service) = self.services.pop() {
                left_out.services.push(service);
            } else if let Some(contact) = self.contacts.pop() {
                left_out.contacts.push(contact);
            } else {
                let external = self.external.pop().expect("without its lists a document is below its limit");
                left_out.external.push(external);
            }
        }
    }
}

/// What a document had no room for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Services, the last one first.
    pub services: Vec<ServiceName>,
    /// Contacts, the least preferred first.
    pub contacts: Vec<Entrypoint>,
    /// External addresses, the last one first.
    pub external: Vec<Entrypoint>,
}

impl LeftOut {
    /// Whether there was room for everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.services.is_empty() && self.contacts.is_empty() && self.external.is_empty()
    }
}

/// A document whose signature holds, with the exact bytes that were signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedDocument {
    document: IdentityDocument,
    bytes: Arc<[u8]>,
}

impl VerifiedDocument {
    /// Reads a document that somebody else has signed.
    ///
    /// # Errors
    /// If it is no document, is not signed by whom it is about, comes from the future, or is no longer valid.
    pub fn verify(bytes: &[u8], now_unix_ms: u64) -> Result<Self, DocumentError> {
        let verified = Self::verify_whenever(bytes)?;
        let IdentityDocument { time_unix_s, valid_until_unix_s, .. } = verified.document;
        if time_unix_s.saturating_mul(1000) > now_unix_ms.saturating_add(CLOCK_SKEW_MS) {
            return Err(DocumentError::FromFuture { time_unix_s });
        }
        if valid_until_unix_s.saturating_mul(1000) <= now_unix_ms {
            return Err(DocumentError::Expired { valid_until_unix_s });
        }
        Ok(verified)
    }

    /// Reads a document whose time does not matter: one that was valid once, kept as the last that is known or as
    /// evidence.
    ///
    /// # Errors
    /// If it is no document, or is not signed by whom it is about.
    pub fn verify_whenever(bytes: &[u8]) -> Result<Self, DocumentError> {
        if bytes.len() > DOCUMENT_BYTES {
            return Err(DocumentError::TooLong { bytes: bytes.len() });
        }
        let signed = Signed::parse(bytes)?;
        let document: IdentityDocument = decode(signed.unverified_body())?;
        signed.verify(&document.id, Domain::Document)?;
        let validity_s = document.valid_until_unix_s.checked_sub(document.time_unix_s);
        if document.revision > GREATEST_REVISION {
            return Err(DocumentError::Revision { revision: document.revision });
        }
        if validity_s.is_none_or(|seconds| seconds == 0 || seconds > DOCUMENT_VALIDITY_S) {
            return Err(DocumentError::Validity);
        }
        Ok(Self { document, bytes: signed.to_shared() })
    }

    /// What it says.
    #[must_use]
    pub fn document(&self) -> &IdentityDocument {
        &self.document
    }

    /// Whose it is.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.document.id
    }

    /// The exact bytes, to be sent and stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the exact bytes.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.bytes).into()
    }
}

/// How a document stands to the highest revision that was seen of the same identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// It takes the other's place.
    Newer,
    /// It is the same.
    Same,
    /// It was valid once, and is not taken back: that would be a rollback.
    Older,
    /// It has the same revision, and says something else: evidence that two nodes use one key, or that one of them went
    /// back in time.
    Conflict,
}

/// Compares a document with the highest revision that was seen of its identity, and the digest of that one.
#[must_use]
pub fn judge(highest_seen: Option<(u64, [u8; 32])>, new: &VerifiedDocument) -> Rank {
    let Some((revision, digest)) = highest_seen else { return Rank::Newer };
    match new.document.revision.cmp(&revision) {
        std::cmp::Ordering::Greater => Rank::Newer,
        std::cmp::Ordering::Less => Rank::Older,
        std::cmp::Ordering::Equal if new.digest() == digest => Rank::Same,
        std::cmp::Ordering::Equal => Rank::Conflict,
    }
}

/// Why a document is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// There are too many bytes.
    #[error("an identity document of {bytes} bytes is too long: {DOCUMENT_BYTES} are allowed")]
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// They are not what a document is made of.
    #[error("the identity document cannot be read: {0}")]
    Malformed(#[from] DecodeError),
    /// The signature does not hold.
    #[error("the identity document is forged or damaged: {0}")]
    Signature(#[from] BadSignature),
    /// No node would find a higher one any more.
    #[error("revision {revision} of an identity document is too high: at most {GREATEST_REVISION}")]
    Revision {
        /// Which.
        revision: u64,
    },
    /// It ends before it begins, or counts for longer than seven days.
    #[error("the identity document is valid for no time at all, or for more than 7 days")]
    Validity,
    /// It was made at a time that is still to come.
    #[error(
        "the identity document was made at unix time {time_unix_s} s, which is still to come: compare the clocks of the two machines"
    )]
    FromFuture {
        /// When, as it says.
        time_unix_s: u64,
    },
    /// Its time is over.
    #[error(
        "the identity document was valid until unix time {valid_until_unix_s} s: the node has to publish a new one"
    )]
    Expired {
        /// Until when it was valid.
        valid_until_unix_s: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_that_some_could_not_keep_is_refused_by_all() {
        let key = IdentityKey::from_seed(&[7; 32]);
        let verified = |revision| {
            let sealing_key = SealingKey::derive(&key, 0).public();
            let document = IdentityDocument::new(key.id(), sealing_key, revision, 1_000).sign(&key).0;
            VerifiedDocument::verify_whenever(document.as_bytes()).map(|document| document.document().revision)
        };
        assert_eq!(verified(GREATEST_REVISION), Ok(1_u64 << 63).map(|revision| revision - 1));
        for revision in [GREATEST_REVISION + 1, u64::MAX] {
            assert_eq!(verified(revision), Err(DocumentError::Revision { revision }));
        }
    }
    use crate::identity::{SEED_BYTES, SealingKey};

    const NOW: u64 = 1_700_000_000_000;

    fn key() -> IdentityKey {
        IdentityKey::from_seed(&[7; SEED_BYTES])
    }

    fn document(revision: u64) -> IdentityDocument {
        IdentityDocument::new(key().id(), SealingKey::derive(&key(), 0).public(), revision, NOW)
    }

    fn entrypoints(count: usize) -> Vec<Entrypoint> {
        (1..=count).map(|port| format!("tcp://[2001:db8::1]:{port}").parse().expect("an entrypoint")).collect()
    }

    fn services(count: usize) -> Vec<ServiceName> {
        (0..count).map(|number| format!("service-{number}").parse().expect("a name")).collect()
    }

    #[test]
    fn what_was_signed_is_verified() {
        let mut document = document(3);
        document.name = Some("Zoë".parse().expect("a nickname"));
        document.contacts = entrypoints(2).into();
        document.services = services(3).into();
        let (signed, left_out) = document.clone().sign(&key());
        assert!(left_out.is_empty());
        assert_eq!(VerifiedDocument::verify(signed.as_bytes(), NOW), Ok(signed.clone()));
        assert_eq!(*signed.document(), document);
        assert_eq!(signed.digest(), <[u8; 32]>::from(Sha256::digest(signed.as_bytes())));
    }

    #[test]
    fn what_there_is_no_room_for_is_left_out_from_the_end() {
        let mut full = document(GREATEST_REVISION);
        full.name = Some("\u{10348}".repeat(32).parse().expect("32 characters of 4 bytes"));
        full.contacts = entrypoints(DOCUMENT_CONTACTS).into();
        full.external = entrypoints(DOCUMENT_EXTERNAL).into();
        full.services = services(DOCUMENT_SERVICES).into();
        let (signed, left_out) = full.clone().sign(&key());
        assert!(signed.as_bytes().len() <= DOCUMENT_BYTES);
        let kept = signed.document();
        assert!(!left_out.services.is_empty() && left_out.contacts.is_empty() && left_out.external.is_empty());
        assert_eq!(kept.services.len() + left_out.services.len(), DOCUMENT_SERVICES);
        assert_eq!(left_out.services[0], full.services[DOCUMENT_SERVICES - 1]);
        assert_eq!(*kept.services, full.services[..kept.services.len()]);
        assert_eq!(VerifiedDocument::verify(signed.as_bytes(), NOW).as_ref(), Ok(&signed));

        // The longest transport that can be named; then contacts have to go too.
        let long: Vec<Entrypoint> = (1..=DOCUMENT_CONTACTS)
            .map(|port| format!("{}://[2001:db8::1]:{port}", "x".repeat(64)).parse().expect("an entrypoint"))
            .collect();
        full.contacts = long.clone().into();
        full.external = long.clone().into();
        let (signed, left_out) = full.sign(&key());
        assert!(signed.as_bytes().len() <= DOCUMENT_BYTES);
        assert_eq!(signed.document().contacts.first(), long.first());
        assert_eq!((left_out.services.len(), left_out.contacts.first()), (DOCUMENT_SERVICES, long.last()));
    }

    #[test]
    fn time_decides() {
        let (signed, _) = document(1).sign(&key());
        let at = |now_unix_ms| VerifiedDocument::verify(signed.as_bytes(), now_unix_ms).map(|_| ());
        let end = NOW + DOCUMENT_VALIDITY_S * 1000;
        assert_eq!(at(NOW - CLOCK_SKEW_MS), Ok(()));
        assert_eq!(at(NOW - CLOCK_SKEW_MS - 1), Err(DocumentError::FromFuture { time_unix_s: NOW / 1000 }));
        assert_eq!(at(end - 1), Ok(()));
        assert_eq!(at(end), Err(DocumentError::Expired { valid_until_unix_s: end / 1000 }));
        assert!(VerifiedDocument::verify_whenever(signed.as_bytes()).is_ok());
    }

    #[test]
    fn nothing_counts_for_longer_than_it_may_or_for_no_time() {
        for (time_unix_s, valid_until_unix_s) in
            [(10, 10), (10, 9), (10, 11 + DOCUMENT_VALIDITY_S), (0, u64::MAX), (u64::MAX, 0)]
        {
            let (signed, _) = IdentityDocument { time_unix_s, valid_until_unix_s, ..document(1) }.sign(&key());
            assert_eq!(VerifiedDocument::verify(signed.as_bytes(), 10_000), Err(DocumentError::Validity));
        }
        let latest = IdentityDocument { time_unix_s: u64::MAX - 1, valid_until_unix_s: u64::MAX, ..document(1) };
        let signed = latest.sign(&key()).0;
        assert!(matches!(VerifiedDocument::verify(signed.as_bytes(), NOW), Err(DocumentError::FromFuture { .. })));
    }

    #[test]
    fn no_bit_can_be_another_and_nothing_can_follow() {
        let (signed, _) = document(1).sign(&key());
        for bit in 0..signed.as_bytes().len() * 8 {
            let mut wrong = signed.as_bytes().to_vec();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(VerifiedDocument::verify(&wrong, NOW).is_err(), "bit {bit}");
        }
        assert!(VerifiedDocument::verify(&[signed.as_bytes(), &[0]].concat(), NOW).is_err());
        let long = vec![0; DOCUMENT_BYTES + 1];
        assert_eq!(VerifiedDocument::verify(&long, NOW), Err(DocumentError::TooLong { bytes: DOCUMENT_BYTES + 1 }));
    }

    #[test]
    fn it_is_signed_by_whom_it_is_about_and_as_a_document() {
        let other = IdentityKey::from_seed(&[8; SEED_BYTES]);
        let body = encode(&document(1));
        for signed in [Signed::sign(&other, Domain::Document, &body), Signed::sign(&key(), Domain::Packet, &body)] {
            let verified = VerifiedDocument::verify(signed.as_bytes(), NOW);
            assert_eq!(verified, Err(DocumentError::Signature(BadSignature { of: key().id() })));
        }
    }

    /// A later version has added a field; what is signed stays what it was.
    #[test]
    fn a_field_that_is_not_known_is_kept_in_the_bytes() {
        let mut body = encode(&document(1));
        assert_eq!(body[0], 0xa5, "a map of five fields");
        body[0] = 0xa6;
        body.extend([0x18, 99, 0x62, b'h', b'i']);
        let signed = Signed::sign(&key(), Domain::Document, &body);
        let verified = VerifiedDocument::verify(signed.as_bytes(), NOW).expect("it is sound");
        assert_eq!(verified.as_bytes(), signed.as_bytes());
        assert_eq!(*verified.document(), document(1));
    }

    #[test]
    fn an_older_document_does_not_come_back() {
        let (three, _) = document(3).sign(&key());
        let other_three = {
            let mut document = document(3);
            document.contacts = entrypoints(1).into();
            document.sign(&key()).0
        };
        assert_eq!(judge(None, &three), Rank::Newer);
        assert_eq!(judge(Some((2, three.digest())), &three), Rank::Newer);
        assert_eq!(judge(Some((3, three.digest())), &three), Rank::Same);
        assert_eq!(judge(Some((3, three.digest())), &other_three), Rank::Conflict);
        assert_eq!(judge(Some((4, three.digest())), &three), Rank::Older);
    }
}
