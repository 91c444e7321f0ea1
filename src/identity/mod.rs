//! Who a node is: its keys, its id, its identity document. Pure: no files, no sockets, no clock.

mod document;
mod encoding;
mod entrypoint;
mod fingerprint;
mod idurl;
mod invitation;
pub mod key_file;
mod keys;
mod node_id;
mod sealing_key;
mod session_key;
mod signed;

pub use document::{
    CLOCK_SKEW_MS, DOCUMENT_BYTES, DOCUMENT_CONTACTS, DOCUMENT_EXTERNAL, DOCUMENT_SERVICES, DOCUMENT_VALIDITY_S,
    DocumentError, GREATEST_REVISION, IdentityDocument, LeftOut, Rank, VerifiedDocument, judge,
};
pub use entrypoint::{ENTRYPOINT_CHARACTERS, Entrypoint, Entrypoints, ParseEntrypointError};
pub use fingerprint::{FINGERPRINT_CHARACTERS, Fingerprint, ParseFingerprintError};
pub use idurl::{IDURL_BYTES, IDURL_ENTRYPOINTS, IDURL_SCHEME, Idurl, ParseIdurlError};
pub use invitation::{
    INVITATION_BYTES, Invitation, InvitationDigest, InvitationName, ParseInvitationError, ParseInvitationNameError,
};
pub use keys::{BadSignature, Domain, IdentityKey, SEED_BYTES, SIGNATURE_BYTES, verify};
pub use node_id::{NODE_ID_BYTES, NODE_ID_CHARACTERS, NodeId, ParseNodeIdError, SHORT_ID_CHARACTERS};
pub use sealing_key::{SEALING_KEY_BYTES, SealingKey, SealingPublicKey};
pub use session_key::{
    SESSION_KEY_TOLERANCE_S, SESSION_KEY_VALIDITY_S, SESSION_PROOF_BYTES, SessionProofError, prove_session_key,
    verify_session_key,
};
pub use signed::Signed;
