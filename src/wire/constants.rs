//! What all nodes of a network have to agree on, and the digest by which two of them find out whether they do.
//!
//! None of these is a user's setting: a node with other values would refuse what the rest accept, and nobody would know
//! why.

use sha2::{Digest as _, Sha256};

use super::{FRAME_BYTES, PACKET_BYTES};
use crate::identity::{CLOCK_SKEW_MS, DOCUMENT_BYTES, DOCUMENT_VALIDITY_S};

/// Versions of the protocol that this node speaks, the best first.
pub const PROTOCOL_VERSIONS: &[u16] = &[1];

/// Bytes of a message's text, at most.
pub const MESSAGE_TEXT_BYTES: usize = 16 * 1024;

/// How far ahead a message may expire, in milliseconds: its id is kept as long, so that no copy is shown twice.
pub const MESSAGE_LIFETIME_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// The constants of a network by name, in the order in which they are hashed.
#[must_use]
pub fn constants() -> Vec<(&'static str, u64)> {
    vec![
        ("frame_bytes", FRAME_BYTES as u64),
        ("packet_bytes", PACKET_BYTES as u64),
        ("document_bytes", DOCUMENT_BYTES as u64),
        ("document_validity_s", DOCUMENT_VALIDITY_S),
        ("message_text_bytes", MESSAGE_TEXT_BYTES as u64),
        ("message_lifetime_ms", MESSAGE_LIFETIME_MS),
        ("clock_skew_ms", CLOCK_SKEW_MS),
    ]
}

/// SHA-256 of `bitpie/constants/1`, of `name=value` for each constant, and of `network=` with the network's name, a
/// line each, the last one without its end.
#[must_use]
pub fn constants_digest(network: &str) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix("bitpie/constants/1\n");
    for (name, value) in constants() {
        hash.update(format!("{name}={value}\n"));
    }
    hash.update(format!("network={network}"));
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_differ() {
        assert_eq!(constants_digest("main"), constants_digest("main"));
        assert_ne!(constants_digest("main"), constants_digest("test"));
    }
}
