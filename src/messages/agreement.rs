//! What the writer and the reader of messages agree on before anything is sealed: one key agreement, and a key for each
//! of several messages.
//!
//! HPKE in base mode (RFC 9180: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, export only). The key of a message is what is
//! exported for its number, so it is used once, messages can be opened in any order, and each without the others.

use std::collections::VecDeque;

use hpke::aead::{AeadCtxR, AeadCtxS, ExportOnlyAead};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{Infallible, TryCryptoRng, TryRng};
use hpke::{Deserializable as _, HpkeError, Kem, OpModeR, OpModeS, Serializable as _};
use zeroize::Zeroizing;

use crate::identity::{SealingKey, SealingPublicKey};

/// The `info` of HPKE: what the agreement is for.
const INFO: &[u8] = b"bitpie/sealed/2";

/// What a message's key is exported for, in front of its number in four bytes, big-endian.
const KEY_CONTEXT: &[u8] = b"bitpie/message-key/1\0";

/// Bytes of an encapsulated key.
pub(super) const ENCAPSULATED_KEY_BYTES: usize = 32;

/// Agreements of others that are kept, at most; what was agreed before is worked out again.
const AGREEMENTS_KEPT: usize = 16;

/// The key of one message.
pub(super) type MessageKey = Zeroizing<[u8; 32]>;

type Writing = AeadCtxS<ExportOnlyAead, HkdfSha256, X25519HkdfSha256>;
type Reading = AeadCtxR<ExportOnlyAead, HkdfSha256, X25519HkdfSha256>;

/// An agreement of ours with a reader.
pub(super) struct OurAgreement {
    pub(super) encapsulated_key: [u8; ENCAPSULATED_KEY_BYTES],
    context: Writing,
}

impl OurAgreement {
    /// With whoever has the secret half of that key.
    pub(super) fn begin(with: &SealingPublicKey, randomness: [u8; 32]) -> Result<Self, HpkeError> {
        let public = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&with.key)?;
        let mut once = Once(Some(Zeroizing::new(randomness)));
        let (encapsulated, context) = hpke::setup_sender_with_rng::<ExportOnlyAead, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &public,
            INFO,
            &mut once,
        )?;
        Ok(Self { encapsulated_key: encapsulated.to_bytes().into(), context })
    }

    /// The key of the message of that number. No two messages may have the same.
    pub(super) fn key(&self, number: u32) -> MessageKey {
        exported(number, |context, key| self.context.export(context, key))
    }
}

/// Agreements that others have made for keys of ours: those that were needed last.
#[derive(Default)]
pub struct TheirAgreements {
    kept: VecDeque<TheirAgreement>,
}

/// An agreement that somebody else has made for a key of ours.
pub(super) struct TheirAgreement {
    rotation: u32,
    encapsulated_key: [u8; ENCAPSULATED_KEY_BYTES],
    context: Reading,
}

impl TheirAgreement {
    /// The key of the message of that number.
    pub(super) fn key(&self, number: u32) -> MessageKey {
        exported(number, |context, key| self.context.export(context, key))
    }
}

impl TheirAgreements {
    /// The agreement that was made for this key of ours. It is not kept ([`TheirAgreements::keep`]).
    pub(super) fn take(
        &mut self,
        ours: &SealingKey,
        encapsulated_key: [u8; ENCAPSULATED_KEY_BYTES],
    ) -> Result<TheirAgreement, HpkeError> {
        let rotation = ours.public().rotation;
        let is_it = |kept: &TheirAgreement| (kept.rotation, kept.encapsulated_key) == (rotation, encapsulated_key);
        if let Some(kept) = self.kept.iter().position(is_it).and_then(|at| self.kept.remove(at)) {
            return Ok(kept);
        }
        let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&encapsulated_key)?;
        let context = hpke::setup_receiver::<ExportOnlyAead, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &ours.secret(),
            &encapsulated,
            INFO,
        )?;
        Ok(TheirAgreement { rotation, encapsulated_key, context })
    }

    /// A message was opened by it, so others may follow.
    pub(super) fn keep(&mut self, agreement: TheirAgreement) {
        self.kept.truncate(AGREEMENTS_KEPT - 1);
        self.kept.push_front(agreement);
    }
}

fn exported(number: u32, export: impl FnOnce(&[u8], &mut [u8]) -> Result<(), HpkeError>) -> MessageKey {
    let mut key = Zeroizing::new([0; 32]);
    export(&[KEY_CONTEXT, &number.to_be_bytes()].concat(), &mut *key).expect("a key is short enough to be exported");
    key
}

/// Randomness that was handed in, in the form in which HPKE asks for it: once, 32 bytes, from which it derives the
/// ephemeral key.
struct Once(Option<Zeroizing<[u8; 32]>>);

impl TryRng for Once {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("an X25519 key is made of bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("an X25519 key is made of bytes")
    }

    fn try_fill_bytes(&mut self, destination: &mut [u8]) -> Result<(), Infallible> {
        let randomness = self.0.take().expect("one ephemeral key is made for an agreement");
        destination.copy_from_slice(&*randomness);
        Ok(())
    }
}

impl TryCryptoRng for Once {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{IdentityKey, SEED_BYTES};

    fn ours(rotation: u32) -> SealingKey {
        SealingKey::derive(&IdentityKey::from_seed(&[2; SEED_BYTES]), rotation)
    }

    #[test]
    fn both_have_the_same_key_for_each_number_and_no_two_numbers_have_one_key() {
        let writing = OurAgreement::begin(&ours(0).public(), [4; 32]).expect("a sound key");
        let other = OurAgreement::begin(&ours(0).public(), [5; 32]).expect("a sound key");
        let reading = TheirAgreements::default().take(&ours(0), writing.encapsulated_key).expect("it is ours");
        for number in [0, 1, 2, u32::MAX] {
            assert_eq!(writing.key(number), reading.key(number));
            assert_ne!(writing.key(number), writing.key(number.wrapping_add(1)));
            assert_ne!(writing.key(number), other.key(number));
        }
    }

    #[test]
    fn agreements_of_others_are_bounded_and_those_that_were_used_last_stay() {
        let mut theirs = TheirAgreements::default();
        let agreed = |seed| OurAgreement::begin(&ours(0).public(), [seed; 32]).expect("sound").encapsulated_key;
        let is_kept = |theirs: &TheirAgreements, seed| theirs.kept.iter().any(|it| it.encapsulated_key == agreed(seed));
        for seed in 0..AGREEMENTS_KEPT as u8 {
            let new = theirs.take(&ours(0), agreed(seed)).expect("it is ours");
            assert!(!is_kept(&theirs, seed));
            theirs.keep(new);
        }
        // It is needed again.
        let first = theirs.take(&ours(0), agreed(0)).expect("it is ours");
        theirs.keep(first);
        let new = theirs.take(&ours(0), agreed(200)).expect("it is ours");
        theirs.keep(new);
        assert_eq!(theirs.kept.len(), AGREEMENTS_KEPT);
        assert!(is_kept(&theirs, 0) && is_kept(&theirs, 200) && !is_kept(&theirs, 1));
        // The same for another key of ours is another agreement.
        assert_eq!(theirs.take(&ours(1), agreed(0)).expect("it is ours").rotation, 1);
        assert!(is_kept(&theirs, 0));
    }
}
