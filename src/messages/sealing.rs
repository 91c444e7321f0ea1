//! How a message is sealed to its reader, and signed inside by its writer.
//!
//! A key agreement with the reader (`agreement`) gives each message a key of its own; ChaCha20-Poly1305 hides the message
//! by it, and the header is bound in as associated data. The agreement says nothing of the sender, so what is sealed is
//! `[body, signature]`, and the body names recipient, header and the encapsulated key: what was signed for one sealing
//! cannot be taken out and sealed to somebody else.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::agreement::{ENCAPSULATED_KEY_BYTES, MessageKey, OurAgreement, TheirAgreements};
use super::{MessageText, TEXT_BYTES, TextError};
use crate::codec::{DecodeError, decode, encode, fixed_bytes};
use crate::identity::Signed;
use crate::identity::{BadSignature, Domain, IdentityKey, Invitation, NodeId, SealingKey, SealingPublicKey};
use crate::wire::{MESSAGE_TEXT_BYTES, PacketId};

/// Bytes of a sealed message, at most: the longest text, and what stands around it.
pub const SEALED_BYTES: usize = TEXT_BYTES + 1024;

/// The nonce of every message: each has a key of its own, which is used once.
const NONCE: [u8; 12] = [0; 12];

// The nodes of a network have to agree on it, so it stands among the constants of the wire.
const _: () = assert!(TEXT_BYTES == MESSAGE_TEXT_BYTES);

/// What can be seen of a message without opening it; nobody can change it unnoticed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MessageHeader {
    /// To whom.
    #[n(0)]
    pub recipient: NodeId,
    /// From whom.
    #[n(1)]
    pub sender: NodeId,
    /// In which conversation: [`conversation_of`] the two.
    #[cbor(n(2), with = "fixed_bytes")]
    pub conversation: [u8; 32],
    /// Its id: that of the packet which carries it.
    #[n(3)]
    pub message: PacketId,
    /// When it was written: unix time in milliseconds.
    #[n(4)]
    pub time_unix_ms: u64,
    /// Until when it may be accepted: unix time in milliseconds.
    #[n(5)]
    pub expires_unix_ms: u64,
    /// Which message of the conversation it answers.
    #[n(6)]
    pub reply_to: Option<PacketId>,
}

impl MessageHeader {
    /// The header of a message that answers none.
    #[must_use]
    pub fn new(sender: NodeId, recipient: NodeId, message: PacketId, time_unix_ms: u64, expires_unix_ms: u64) -> Self {
        let conversation = conversation_of(&sender, &recipient);
        Self { recipient, sender, conversation, message, time_unix_ms, expires_unix_ms, reply_to: None }
    }
}

/// The id of the conversation between two: SHA-256 of `bitpie/conversation/1`, a zero byte, and both ids, the smaller
/// first.
#[must_use]
pub fn conversation_of(one: &NodeId, other: &NodeId) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(b"bitpie/conversation/1\0");
    hash.update(one.min(other).as_bytes());
    hash.update(one.max(other).as_bytes());
    hash.finalize().into()
}

/// What the payload of a packet of kind `Message` is.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Envelope {
    /// To which of the recipient's keys it is sealed.
    #[n(0)]
    rotation: u32,
    #[cbor(n(1), with = "fixed_bytes")]
    encapsulated_key: [u8; ENCAPSULATED_KEY_BYTES],
    /// The exact bytes of the header: they are the associated data.
    #[cbor(n(2), with = "minicbor::bytes")]
    header: Vec<u8>,
    #[cbor(n(3), with = "minicbor::bytes")]
    ciphertext: Vec<u8>,
    /// Which of the messages that are sealed by this agreement, from 0.
    #[n(4)]
    number: u32,
}

/// What the sender signs.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Body<'a> {
    #[n(0)]
    recipient: NodeId,
    #[cbor(n(1), with = "fixed_bytes")]
    encapsulated_key: [u8; ENCAPSULATED_KEY_BYTES],
    /// SHA-256 of the header's bytes.
    #[cbor(n(2), with = "fixed_bytes")]
    header_digest: [u8; 32],
    #[b(3)]
    text: &'a str,
    /// What the recipient gave away for messages of strangers to get through.
    #[n(4)]
    invitation: Option<Invitation>,
}

/// Seals messages to one reader by one key agreement, which is the greater part of what a sealing costs.
pub struct Sealing {
    recipient: NodeId,
    recipient_key: SealingPublicKey,
    agreement: OurAgreement,
    sealed: u32,
}

impl Sealing {
    /// Agrees on a secret with the reader. The randomness is for this alone: used twice for one recipient, it gives
    /// different messages the same key.
    ///
    /// # Errors
    /// If the recipient's key is one to which nothing can be sealed.
    pub fn begin(recipient: NodeId, recipient_key: SealingPublicKey, randomness: [u8; 32]) -> Result<Self, SealError> {
        let agreement = OurAgreement::begin(&recipient_key, randomness)
            .map_err(|_| SealError { recipient, rotation: recipient_key.rotation })?;
        Ok(Self { recipient, recipient_key, agreement, sealed: 0 })
    }

    /// To which key it seals.
    #[must_use]
    pub const fn recipient_key(&self) -> &SealingPublicKey {
        &self.recipient_key
    }

    /// How many messages it has sealed.
    #[must_use]
    pub const fn sealed(&self) -> u32 {
        self.sealed
    }

    /// Seals a message, with the recipient's invitation if there is one.
    ///
    /// # Panics
    /// If the key is not that of the sender, the message is for another reader, or 2³² messages were sealed.
    #[must_use]
    pub fn seal(
        &mut self,
        key: &IdentityKey,
        header: &MessageHeader,
        text: &MessageText,
        invitation: Option<&Invitation>,
    ) -> Vec<u8> {
        assert_eq!(key.id(), header.sender, "a message is signed by its sender");
        assert_eq!(self.recipient, header.recipient, "a message is sealed to its recipient");
        let number = self.sealed;
        self.sealed = number.checked_add(1).expect("no key is used twice");
        let encapsulated_key = self.agreement.encapsulated_key;
        let header_bytes = encode(header);
        let body = Zeroizing::new(encode(&Body {
            recipient: header.recipient,
            encapsulated_key,
            header_digest: Sha256::digest(&header_bytes).into(),
            text: text.as_str(),
            invitation: invitation.cloned(),
        }));
        let signed = Signed::sign(key, Domain::Message, &body);
        let payload = Payload { msg: signed.as_bytes(), aad: &header_bytes };
        let ciphertext = cipher(&self.agreement.key(number)).encrypt(&Nonce::from(NONCE), payload);
        let ciphertext = ciphertext.expect("a message is not too long to be sealed");
        let rotation = self.recipient_key.rotation;
        encode(&Envelope { rotation, encapsulated_key, header: header_bytes, ciphertext, number })
    }
}

/// Seals one message by a key agreement of its own. For the randomness see [`Sealing::begin`].
///
/// # Errors
/// If the recipient's key is one to which nothing can be sealed.
///
/// # Panics
/// If the key is not that of the sender.
pub fn seal(
    key: &IdentityKey,
    recipient_key: &SealingPublicKey,
    header: &MessageHeader,
    text: &MessageText,
    invitation: Option<&Invitation>,
    randomness: [u8; 32],
) -> Result<Vec<u8>, SealError> {
    Ok(Sealing::begin(header.recipient, *recipient_key, randomness)?.seal(key, header, text, invitation))
}

fn cipher(key: &MessageKey) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&(**key).into())
}

/// What is known of a message from the packet that carried it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Who has signed the packet.
    pub sender: NodeId,
    /// Who reads it.
    pub recipient: NodeId,
    /// The packet's id.
    pub message: PacketId,
}

/// A message that was sealed to us, and signed by its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedMessage {
    /// What could be seen from outside.
    pub header: MessageHeader,
    /// What was written.
    pub text: MessageText,
    /// The invitation that came with it; whether it is one of ours is not asked here.
    pub invitation: Option<Invitation>,
}

/// Opens a message with that of our keys to which it is sealed.
///
/// # Errors
/// What does not hold.
pub fn open(keys: &[SealingKey], expected: &Expected, bytes: &[u8]) -> Result<OpenedMessage, OpenError> {
    open_by(&mut TheirAgreements::default(), keys, expected, bytes)
}

/// The same, where others may have come that were sealed by the same agreement.
///
/// Whether it has expired, and whether it was here before, is not asked here.
///
/// # Errors
/// What does not hold.
pub fn open_by(
    agreements: &mut TheirAgreements,
    keys: &[SealingKey],
    expected: &Expected,
    bytes: &[u8],
) -> Result<OpenedMessage, OpenError> {
    if bytes.len() > SEALED_BYTES {
        return Err(OpenError::TooLong { bytes: bytes.len() });
    }
    let envelope: Envelope = decode(bytes)?;
    let header: MessageHeader = decode(&envelope.header)?;
    let found = Expected { sender: header.sender, recipient: header.recipient, message: header.message };
    if found != *expected || header.conversation != conversation_of(&header.sender, &header.recipient) {
        return Err(OpenError::OfAnotherPacket);
    }
    let rotation = envelope.rotation;
    let key = keys.iter().find(|key| key.public().rotation == rotation).ok_or(OpenError::UnknownKey { rotation })?;
    let agreement = agreements.take(key, envelope.encapsulated_key).map_err(|_| OpenError::Unreadable)?;
    let plaintext = decrypt(&agreement.key(envelope.number), &envelope)?;
    agreements.keep(agreement);

    let signed = Signed::parse(&plaintext)?;
    let body: Body<'_> = decode(signed.verify(&header.sender, Domain::Message)?)?;
    let names_this_sealing = body.recipient == header.recipient
        && body.encapsulated_key == envelope.encapsulated_key
        && body.header_digest == <[u8; 32]>::from(Sha256::digest(&envelope.header));
    if !names_this_sealing {
        return Err(OpenError::OfAnotherSealing);
    }
    Ok(OpenedMessage { text: MessageText::new(body.text)?, invitation: body.invitation, header })
}

fn decrypt(key: &MessageKey, envelope: &Envelope) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let payload = Payload { msg: &envelope.ciphertext, aad: &envelope.header };
    let opened = cipher(key).decrypt(&Nonce::from(NONCE), payload);
    opened.map(Zeroizing::new).map_err(|_| OpenError::Unreadable)
}

/// A message that cannot be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "nothing can be sealed to {recipient}: the sealing key {rotation} in its identity document is not sound; ask its user to make another"
)]
pub struct SealError {
    /// To whom.
    pub recipient: NodeId,
    /// The number of the key.
    pub rotation: u32,
}

/// Why a sealed message is not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// There are too many bytes.
    #[error("a sealed message of {bytes} bytes is too long: {SEALED_BYTES} are allowed")]
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// They are not what a sealed message is made of.
    #[error("the sealed message cannot be read: {0}")]
    Malformed(#[from] DecodeError),
    /// Its header names others than the packet in which it came.
    #[error("the sealed message was made for another packet than the one in which it came")]
    OfAnotherPacket,
    /// We have no such key.
    #[error("the message is sealed to sealing key {rotation}, which this identity has not, or has no longer")]
    UnknownKey {
        /// The number of the key.
        rotation: u32,
    },
    /// The key does not open it: it is damaged, or was sealed to somebody else.
    #[error("the sealed message does not open: it is damaged, or sealed to another key")]
    Unreadable,
    /// The signature inside does not hold.
    #[error("the sealed message is forged: {0}")]
    Signature(#[from] BadSignature),
    /// The signature inside was made for another sealing, and put into this one.
    #[error("what is inside the sealed message was signed for another one")]
    OfAnotherSealing,
    /// The text is empty, or too long.
    #[error("the sealed message holds no text that can be shown: {0}")]
    Text(#[from] TextError),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::identity::SEED_BYTES;

    const NOW: u64 = 1_700_000_000_000;

    struct Two {
        alice: IdentityKey,
        bob: SealingKey,
        header: MessageHeader,
        expected: Expected,
    }

    impl Two {
        fn bob_id(&self) -> NodeId {
            self.expected.recipient
        }
    }

    fn two() -> Two {
        let alice = IdentityKey::from_seed(&[1; SEED_BYTES]);
        let bob = IdentityKey::from_seed(&[2; SEED_BYTES]);
        let message = PacketId([3; 16]);
        let header = MessageHeader::new(alice.id(), bob.id(), message, NOW, NOW + 1000);
        let expected = Expected { sender: alice.id(), recipient: bob.id(), message };
        Two { alice, bob: SealingKey::derive(&bob, 0), header, expected }
    }

    fn text(text: &str) -> MessageText {
        MessageText::new(text).expect("not empty and not long")
    }

    fn sealed(two: &Two) -> Vec<u8> {
        let invitation = Invitation::from_bytes([8; 16]);
        let text = text("Hello, Bob.");
        seal(&two.alice, &two.bob.public(), &two.header, &text, Some(&invitation), [4; 32]).expect("his key is sound")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn what_is_sealed_is_opened(
            words in "\\PC{1,300}",
            reply_to: Option<[u8; 16]>,
            invitation: Option<[u8; 16]>,
            randomness: [u8; 32],
        ) {
            let Two { alice, bob, mut header, expected } = two();
            header.reply_to = reply_to.map(PacketId);
            let (text, invitation) = (text(&words), invitation.map(Invitation::from_bytes));
            let sealed = seal(&alice, &bob.public(), &header, &text, invitation.as_ref(), randomness);
            let opened = open(&[bob], &expected, &sealed.expect("his key is sound"));
            prop_assert_eq!(opened, Ok(OpenedMessage { header, text, invitation }));
        }
    }

    #[test]
    fn the_longest_text_fits() {
        let Two { alice, bob, mut header, expected } = two();
        header.reply_to = Some(header.message);
        let longest = text(&"x".repeat(TEXT_BYTES));
        let invitation = Invitation::from_bytes([0xff; 16]);
        let sealed = seal(&alice, &bob.public(), &header, &longest, Some(&invitation), [4; 32]);
        let sealed = sealed.expect("his key is sound");
        assert!(sealed.len() <= SEALED_BYTES, "{}", sealed.len());
        assert_eq!(open(&[bob], &expected, &sealed).map(|opened| opened.text), Ok(longest));
        assert!(matches!(open(&[], &expected, &[0; SEALED_BYTES + 1]), Err(OpenError::TooLong { .. })));
    }

    #[test]
    fn no_bit_can_be_another() {
        let two = two();
        let sealed = sealed(&two);
        for bit in 0..sealed.len() * 8 {
            let mut wrong = sealed.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(open(std::slice::from_ref(&two.bob), &two.expected, &wrong).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(open(std::slice::from_ref(&two.bob), &two.expected, &sealed[..length]).is_err());
        }
    }

    #[test]
    fn an_earlier_key_opens_what_was_sealed_to_it() {
        let two = two();
        let bob = IdentityKey::from_seed(&[2; SEED_BYTES]);
        let keys = [SealingKey::derive(&bob, 1), two.bob.clone()];
        assert!(open(&keys, &two.expected, &sealed(&two)).is_ok());
        assert_eq!(open(&keys[..1], &two.expected, &sealed(&two)), Err(OpenError::UnknownKey { rotation: 0 }));
        let of_another = SealingKey::derive(&two.alice, 0);
        assert_eq!(open(&[of_another], &two.expected, &sealed(&two)), Err(OpenError::Unreadable));
    }

    #[test]
    fn messages_of_one_agreement_are_opened_in_any_order_and_each_by_its_own_key() {
        let two = two();
        let mut sealing = Sealing::begin(two.bob_id(), two.bob.public(), [4; 32]).expect("his key is sound");
        let of = |index: u8| {
            let message = PacketId([index; 16]);
            let header = MessageHeader { message, ..two.header.clone() };
            (header, Expected { message, ..two.expected }, text(&format!("message {index}")))
        };
        let sealed: Vec<Vec<u8>> = (0..4)
            .map(|index| {
                let (header, _, text) = of(index);
                sealing.seal(&two.alice, &header, &text, None)
            })
            .collect();
        assert_eq!(sealing.sealed(), 4);
        let mut agreements = TheirAgreements::default();
        for index in [2, 0, 3, 1, 2] {
            let (header, expected, text) = of(index);
            let keys = std::slice::from_ref(&two.bob);
            let opened = open_by(&mut agreements, keys, &expected, &sealed[usize::from(index)]);
            assert_eq!(opened, Ok(OpenedMessage { header, text, invitation: None }));
        }
        let mut envelope: Envelope = decode(&sealed[1]).expect("a sealed message");
        envelope.number = 2;
        let (_, expected, _) = of(1);
        assert_eq!(open(&[two.bob], &expected, &encode(&envelope)), Err(OpenError::Unreadable));
    }

    #[test]
    fn it_belongs_to_its_packet() {
        let two = two();
        let other = IdentityKey::from_seed(&[9; SEED_BYTES]).id();
        for expected in [
            Expected { sender: other, ..two.expected },
            Expected { recipient: other, ..two.expected },
            Expected { message: PacketId([0; 16]), ..two.expected },
        ] {
            let opened = open(std::slice::from_ref(&two.bob), &expected, &sealed(&two));
            assert_eq!(opened, Err(OpenError::OfAnotherPacket));
        }
        let header = MessageHeader { conversation: [0; 32], ..two.header.clone() };
        let sealed = seal(&two.alice, &two.bob.public(), &header, &text("x"), None, [4; 32]).expect("his key is sound");
        assert_eq!(open(&[two.bob], &two.expected, &sealed), Err(OpenError::OfAnotherPacket));
    }

    /// Bob gets a message from Alice, and seals what she has signed to Carol, as if it were hers for Carol.
    #[test]
    fn what_was_signed_for_one_reader_does_not_pass_with_another() {
        let two = two();
        let opened_by_bob = {
            let envelope: Envelope = decode(&sealed(&two)).expect("a sealed message");
            let agreement =
                TheirAgreements::default().take(&two.bob, envelope.encapsulated_key).expect("it is for Bob");
            decrypt(&agreement.key(envelope.number), &envelope).expect("it is for Bob")
        };
        let carol = IdentityKey::from_seed(&[5; SEED_BYTES]);
        let carol_key = SealingKey::derive(&carol, 0);
        let header = MessageHeader::new(two.alice.id(), carol.id(), two.header.message, NOW, NOW + 1000);
        let expected = Expected { recipient: carol.id(), ..two.expected };
        let header_bytes = encode(&header);
        let agreement = OurAgreement::begin(&carol_key.public(), [6; 32]).expect("a key");
        let payload = Payload { msg: &opened_by_bob, aad: &header_bytes };
        let ciphertext = cipher(&agreement.key(0)).encrypt(&Nonce::from(NONCE), payload).expect("it is short");
        let encapsulated_key = agreement.encapsulated_key;
        let forged = encode(&Envelope { rotation: 0, encapsulated_key, header: header_bytes, ciphertext, number: 0 });
        assert_eq!(open(&[carol_key], &expected, &forged), Err(OpenError::OfAnotherSealing));
    }

    #[test]
    fn a_key_that_gives_no_secret_is_refused() {
        let two = two();
        let unsound = SealingPublicKey { rotation: 7, key: [0; 32] };
        let error = seal(&two.alice, &unsound, &two.header, &text("x"), None, [4; 32]).expect_err("no key");
        assert_eq!(error, SealError { recipient: two.header.recipient, rotation: 7 });
    }

    /// What an older node seals has no such field, and is the same to the last byte.
    #[test]
    fn an_invitation_is_a_field_that_may_be_missing_and_is_never_shown() {
        let two = two();
        let opened = open(std::slice::from_ref(&two.bob), &two.expected, &sealed(&two)).expect("it is for Bob");
        assert_eq!(opened.invitation, Some(Invitation::from_bytes([8; 16])));
        assert!(format!("{opened:?}").contains("Invitation(…)"));
        let without = seal(&two.alice, &two.bob.public(), &two.header, &text("Hello, Bob."), None, [4; 32]);
        let without = without.expect("his key is sound");
        assert_eq!(sealed(&two).len(), without.len() + 18, "a key, and 16 bytes behind their length");
        assert_eq!(open(&[two.bob], &two.expected, &without).map(|opened| opened.invitation), Ok(None));
    }

    #[test]
    fn the_text_is_never_shown() {
        let two = two();
        let opened = open(std::slice::from_ref(&two.bob), &two.expected, &sealed(&two)).expect("it is for Bob");
        assert!(!format!("{opened:?}").contains("Bob."));
    }
}
