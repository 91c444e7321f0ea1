//! The digest: one hash for the whole database, by which two nodes see whether they have the same, and where not.

mod attestation;
mod prefix;
mod proof;
mod tree;

pub use attestation::{
    ATTESTATION_BYTES, Attestation, AttestationError, Contradiction, DIGEST_TIPS, VerifiedAttestation, contradiction,
    next_moment,
};
pub use prefix::{PREFIX_BYTES, PREFIX_DIGITS, Prefix};
pub use proof::{InclusionProof, PROOF_BYTES, ProofError};
pub use tree::{CHILDREN, Children, DigestTree, EMPTY, Hash, LEAF_IDS, Part};
