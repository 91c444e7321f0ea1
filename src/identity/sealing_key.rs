//! The keys to which messages are sealed (X25519).
//!
//! They are derived from the seed of the identity and the number of their rotation, so that the key file is all that
//! has to be kept, and what was sealed to an earlier one can still be opened. The price: whoever has the seed has them
//! all.

use std::fmt;

use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem as _, Serializable as _};
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use super::IdentityKey;
use crate::codec::fixed_bytes;

/// Bytes of a sealing key, public or secret.
pub const SEALING_KEY_BYTES: usize = 32;

/// What is hashed in front of the seed.
const LABEL: &[u8] = b"bitpie/sealing-key/1\0";

/// The public half: in the identity document.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(map)]
pub struct SealingPublicKey {
    /// Which of the identity's sealing keys.
    #[n(0)]
    pub rotation: u32,
    /// The X25519 public key.
    #[cbor(n(1), with = "fixed_bytes")]
    pub key: [u8; SEALING_KEY_BYTES],
}

impl fmt::Debug for SealingPublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SealingPublicKey(rotation {}, {})", self.rotation, data_encoding::HEXLOWER.encode(&self.key))
    }
}

/// The secret half. Forgotten when it is dropped, and never shown.
#[derive(Clone)]
pub struct SealingKey {
    secret: Zeroizing<[u8; SEALING_KEY_BYTES]>,
    public: SealingPublicKey,
}

impl SealingKey {
    /// The sealing key of an identity with this number: `DeriveKeyPair` of DHKEM(X25519, HKDF-SHA256) (RFC 9180,
    /// section 7.1.3) over a label, the seed, and the number in four bytes, big-endian.
    #[must_use]
    pub fn derive(identity: &IdentityKey, rotation: u32) -> Self {
        let seed = identity.seed();
        let mut material = Zeroizing::new(Vec::with_capacity(LABEL.len() + seed.len() + 4));
        material.extend_from_slice(LABEL);
        material.extend_from_slice(&*seed);
        material.extend_from_slice(&rotation.to_be_bytes());
        let (secret, public) = X25519HkdfSha256::derive_keypair(&material);
        let mut bytes = Zeroizing::new([0; SEALING_KEY_BYTES]);
        secret.write_exact(&mut *bytes);
        Self { secret: bytes, public: SealingPublicKey { rotation, key: public.to_bytes().into() } }
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> SealingPublicKey {
        self.public
    }

    /// As the sealing wants it.
    pub(crate) fn secret(&self) -> <X25519HkdfSha256 as hpke::Kem>::PrivateKey {
        <X25519HkdfSha256 as hpke::Kem>::PrivateKey::from_bytes(&*self.secret).expect("any 32 bytes are a secret key")
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SealingKey(of {:?})", self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::SEED_BYTES;

    #[test]
    fn each_identity_and_rotation_has_its_own() {
        let key = |seed: u8, rotation: u32| {
            SealingKey::derive(&IdentityKey::from_seed(&[seed; SEED_BYTES]), rotation).public()
        };
        assert_eq!(key(7, 0), key(7, 0));
        assert_ne!(key(7, 0).key, key(7, 1).key);
        assert_ne!(key(7, 0).key, key(8, 0).key);
    }

    #[test]
    fn the_secret_half_is_never_shown() {
        let key = SealingKey::derive(&IdentityKey::from_seed(&[7; SEED_BYTES]), 0);
        let shown = format!("{key:?}");
        assert!(!shown.contains(&data_encoding::HEXLOWER.encode(&*key.secret)), "{shown}");
        assert!(shown.contains(&data_encoding::HEXLOWER.encode(&key.public.key)), "{shown}");
    }
}
