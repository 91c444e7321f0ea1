//! How node and client prove to each other, over a TCP port, that they know the token, before either says anything
//! else. Who took over the port of a node that died learns neither the token nor what the client wanted to say, and
//! cannot answer as the node.
//!
//! Each side sends a nonce of 32 random bytes. A proof is an HMAC-SHA256 under the token over a label of the side, both
//! nonces, and the address that the connection leads to; so a proof of one connection is worth nothing in another, and
//! whoever passes one on from another port is found out. The socket in the home folder needs nothing of this: there the
//! system says who the other side is.

use std::net::SocketAddr;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::access::Token;

/// Where a client asks the node for its proof.
pub const PROVE_PATH: &str = "/prove";

/// In the header `Authorization`, before the proof of a client.
pub const PROOF_SCHEME: &str = "Proof ";

/// Bytes of a nonce, and of a proof.
const BYTES: usize = 32;

/// Chosen at random for one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce([u8; BYTES]);

impl Nonce {
    /// A new one, from the system's randomness.
    ///
    /// # Errors
    /// If the system has none.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// As it travels.
    #[must_use]
    pub fn text(&self) -> String {
        HEXLOWER.encode(&self.0)
    }

    /// What came.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self(HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()?))
    }
}

/// What a client asks at [`PROVE_PATH`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The client's nonce.
    pub nonce: String,
}

/// What the node answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The node's nonce, for the client's own proof in the same connection.
    pub nonce: String,
    /// The node's proof.
    pub proof: String,
}

/// A connection in which something is to be proved.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// The client's.
    pub client: Nonce,
    /// The node's.
    pub node: Nonce,
    /// Where the client has connected to, and the node was connected to.
    pub address: SocketAddr,
}

/// Who proves something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The node.
    Node,
    /// The client.
    Client,
}

impl Exchange {
    /// That this side knows the token.
    #[must_use]
    pub fn prove(&self, side: Side, token: &Token) -> String {
        HEXLOWER.encode(&self.mac(side, token).finalize().into_bytes())
    }

    /// Whether the proof is that of this side. How long it takes says nothing of where it is wrong.
    #[must_use]
    pub fn is_proved(&self, side: Side, token: &Token, proof: &[u8]) -> bool {
        HEXLOWER.decode(proof).is_ok_and(|proof| self.mac(side, token).verify_slice(&proof).is_ok())
    }

    fn mac(&self, side: Side, token: &Token) -> Hmac<Sha256> {
        let label: &[u8] = match side {
            Side::Node => b"bitpie local API, version 1: the node\0",
            Side::Client => b"bitpie local API, version 1: the client\0",
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(token.text().as_bytes()).expect("a key may have any length");
        mac.update(label);
        mac.update(&self.client.0);
        mac.update(&self.node.0);
        mac.update(self.address.to_string().as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange() -> Exchange {
        let address = "127.0.0.1:38081".parse().expect("an address");
        Exchange { client: Nonce([1; BYTES]), node: Nonce([2; BYTES]), address }
    }

    #[test]
    fn a_proof_holds_for_its_side_its_token_and_its_connection_alone() {
        let token = Token::from_bytes(&[7; 32]);
        let ours = exchange();
        for side in [Side::Node, Side::Client] {
            let proof = ours.prove(side, &token);
            assert!(ours.is_proved(side, &token, proof.as_bytes()) && !proof.contains(token.text()));
            let other_side = if side == Side::Node { Side::Client } else { Side::Node };
            assert!(!ours.is_proved(other_side, &token, proof.as_bytes()));
            assert!(!ours.is_proved(side, &Token::from_bytes(&[8; 32]), proof.as_bytes()));
            for other in [
                Exchange { client: Nonce([3; BYTES]), ..ours },
                Exchange { node: Nonce([3; BYTES]), ..ours },
                Exchange { address: "127.0.0.1:38082".parse().expect("an address"), ..ours },
            ] {
                assert!(!other.is_proved(side, &token, proof.as_bytes()), "{other:?}");
            }
            for wrong in ["", "00", &proof[1..], &proof.to_uppercase(), &format!("{proof}00")] {
                assert!(!ours.is_proved(side, &token, wrong.as_bytes()), "{wrong}");
            }
        }
    }

    #[test]
    fn a_nonce_is_read_as_it_was_written_and_nothing_else_is_one() {
        let nonce = Nonce::generate().expect("there is randomness");
        assert_eq!(Nonce::parse(&nonce.text()), Some(nonce));
        assert_ne!(Nonce::generate().expect("there is randomness"), nonce);
        for wrong in ["", "00", &"0".repeat(63), &"0".repeat(66), &"g".repeat(64)] {
            assert_eq!(Nonce::parse(wrong), None, "{wrong}");
        }
    }
}
