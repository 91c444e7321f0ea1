//! PEER-ID: who a node is, proved for this very session.

use minicbor::{Decode, Encode};

use super::Refusal;
use crate::codec::AtMost;
use crate::codec::fixed_bytes;
use crate::identity::{
    DocumentError, Domain, Entrypoint, IdentityKey, NodeId, SIGNATURE_BYTES, VerifiedDocument, verify,
};

/// Entrypoints in a PEER-ID, at most.
pub const PEER_ENTRYPOINTS: usize = 16;

/// Bytes of a handshake's final hash (BLAKE2s).
pub const HANDSHAKE_HASH_BYTES: usize = 32;

/// Which side of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The one that opened it.
    Initiator,
    /// The one that accepted it.
    Responder,
}

impl Role {
    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Initiator => Self::Responder,
            Self::Responder => Self::Initiator,
        }
    }

    /// What is signed behind the hash, so that neither side can send back what it was told.
    const fn byte(self) -> u8 {
        match self {
            Self::Initiator => 0,
            Self::Responder => 1,
        }
    }
}

/// A node's identity document, with the proof that the holder of its key made this session.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PeerId {
    /// The signed document, as it is.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub document: Vec<u8>,
    /// A signature over the handshake's hash and the role.
    #[cbor(n(1), with = "fixed_bytes")]
    pub proof: [u8; SIGNATURE_BYTES],
    /// Where the node can be reached now, as far as it knows.
    #[cbor(n(2), skip_if = "AtMost::is_empty")]
    pub entrypoints: AtMost<Entrypoint, PEER_ENTRYPOINTS>,
}

impl PeerId {
    /// Ours, for the session with this hash, in which we have this role.
    #[must_use]
    pub fn new(
        key: &IdentityKey,
        document: &VerifiedDocument,
        handshake_hash: &[u8; HANDSHAKE_HASH_BYTES],
        role: Role,
        entrypoints: Vec<Entrypoint>,
    ) -> Self {
        Self {
            document: document.as_bytes().to_vec(),
            proof: key.sign(Domain::PeerId, &proved(handshake_hash, role)),
            entrypoints: entrypoints.into(),
        }
    }

    /// The document, if it is that of the node which the transport has authenticated, and if that node has signed this
    /// session in this role, its own.
    ///
    /// # Errors
    /// What does not hold.
    pub fn verify(
        &self,
        handshake_hash: &[u8; HANDSHAKE_HASH_BYTES],
        role: Role,
        transport_id: &NodeId,
        now_unix_ms: u64,
    ) -> Result<VerifiedDocument, PeerIdError> {
        verify(transport_id, Domain::PeerId, &proved(handshake_hash, role), &self.proof)
            .map_err(|_| PeerIdError::BadProof { of: *transport_id })?;
        let document = VerifiedDocument::verify(&self.document, now_unix_ms)?;
        if document.id() == *transport_id {
            Ok(document)
        } else {
            Err(PeerIdError::OfAnother { expected: *transport_id, found: document.id() })
        }
    }
}

fn proved(handshake_hash: &[u8; HANDSHAKE_HASH_BYTES], role: Role) -> [u8; HANDSHAKE_HASH_BYTES + 1] {
    let mut proved = [role.byte(); HANDSHAKE_HASH_BYTES + 1];
    proved[..HANDSHAKE_HASH_BYTES].copy_from_slice(handshake_hash);
    proved
}

/// Why a PEER-ID is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerIdError {
    /// The session is not signed by the node that the transport has authenticated.
    #[error("{of} has not signed the handshake of this session")]
    BadProof {
        /// The node.
        of: NodeId,
    },
    /// The document is that of somebody else.
    #[error("the session is with {expected}, and the identity document is that of {found}")]
    OfAnother {
        /// Whom the transport has authenticated.
        expected: NodeId,
        /// Whose the document is.
        found: NodeId,
    },
    /// The document is not sound.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl PeerIdError {
    /// What the other side is told.
    #[must_use]
    pub const fn refusal(&self) -> Refusal {
        match self {
            Self::BadProof { .. } => Refusal::BadProof,
            Self::OfAnother { .. } => Refusal::UnexpectedId,
            Self::Document(_) => Refusal::BadDocument,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{DOCUMENT_VALIDITY_S, IdentityDocument, SEED_BYTES, SealingKey};

    const NOW: u64 = 1_700_000_000_000;
    const HASH: [u8; HANDSHAKE_HASH_BYTES] = [5; HANDSHAKE_HASH_BYTES];

    fn key(seed: u8) -> IdentityKey {
        IdentityKey::from_seed(&[seed; SEED_BYTES])
    }

    fn document(key: &IdentityKey) -> VerifiedDocument {
        IdentityDocument::new(key.id(), SealingKey::derive(key, 0).public(), 1, NOW).sign(key).0
    }

    #[test]
    fn it_proves_one_session_and_one_side_of_it() {
        let alice = key(1);
        let peer_id = PeerId::new(&alice, &document(&alice), &HASH, Role::Initiator, Vec::new());
        let verify = |hash, role, id: &NodeId| peer_id.verify(hash, role, id, NOW).map(|verified| verified.id());
        assert_eq!(verify(&HASH, Role::Initiator, &alice.id()), Ok(alice.id()));
        let bad_proof = |of| Err(PeerIdError::BadProof { of });
        assert_eq!(verify(&[6; 32], Role::Initiator, &alice.id()), bad_proof(alice.id()), "of another session");
        assert_eq!(
            verify(&HASH, Role::Responder, &alice.id()),
            bad_proof(alice.id()),
            "sent back to whom it came from"
        );
        assert_eq!(verify(&HASH, Role::Initiator, &key(2).id()), bad_proof(key(2).id()), "of another node");
    }

    #[test]
    fn the_document_is_of_whom_the_session_is_with() {
        let (alice, bob) = (key(1), key(2));
        let peer_id = PeerId::new(&alice, &document(&bob), &HASH, Role::Initiator, Vec::new());
        let error = peer_id.verify(&HASH, Role::Initiator, &alice.id(), NOW).expect_err("it is Bob's");
        assert_eq!(error, PeerIdError::OfAnother { expected: alice.id(), found: bob.id() });
        assert_eq!(error.refusal(), Refusal::UnexpectedId);

        let peer_id = PeerId::new(&alice, &document(&alice), &HASH, Role::Initiator, Vec::new());
        let later = NOW + DOCUMENT_VALIDITY_S * 1000;
        let error = peer_id.verify(&HASH, Role::Initiator, &alice.id(), later).expect_err("its time is over");
        assert_eq!(error.refusal(), Refusal::BadDocument);
    }
}
