//! What packets carry, by kind. `Read` carries nothing, `Identity` a signed document, `Message` a sealed message.

use minicbor::{Decode, Encode};

use super::PacketId;
use crate::codec::numbered;
use crate::codec::{AtMost, DecodeError, Text, decode, encode};

/// Packets that one `Ack` acknowledges beside the one that it answers, at most.
pub const ACK_FURTHER: usize = 63;

/// Bytes of the text in a [`Fail`], at most.
pub const FAIL_TEXT_BYTES: usize = 200;

numbered! {
    /// Why the recipient of a packet has not done what it asks.
    pub enum FailReason: u16 {
        /// The recipient does not want to hear from the sender.
        Blocked = 1,
        /// The sender, or all strangers together, have used up what the recipient keeps for them.
        QuotaExceeded = 2,
        /// The packet came after its time.
        Expired = 3,
        /// It is addressed to another node.
        NotForMe = 4,
        /// Its payload is not what its kind carries.
        Malformed = 5,
        /// The recipient knows no such kind.
        UnknownKind = 6,
        /// The service that would handle it is off.
        ServiceOff = 7,
        /// It is sealed to a key that the recipient has not, or was damaged before it was sealed.
        Unreadable = 8,
        /// It wants to be kept for longer than any message may.
        TooFarAhead = 9,
        /// It says that it was written later than now.
        FromTheFuture = 10,
    }
}

impl FailReason {
    /// What the sender's user reads.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Blocked => "the recipient does not want to hear from you",
            Self::QuotaExceeded => "too much waits there already until the recipient accepts you",
            Self::Expired => "it arrived after it had expired",
            Self::TooFarAhead => "it would be kept for longer than any message may",
            Self::FromTheFuture => "it says that it was written in the future: a clock is wrong",
            Self::NotForMe => "it was meant for another node",
            Self::Malformed => "the recipient's node does not understand it",
            Self::UnknownKind => "the recipient's node is older, and does not know such messages",
            Self::ServiceOff => "the recipient's node takes no messages",
            Self::Unreadable => "it was sealed to a key that the recipient no longer has",
            Self::Other => "the recipient's node gave a reason that this one does not know",
        }
    }
}

/// The payload of a packet of kind `Ack`. Without bytes it names nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ack {
    /// What is acknowledged with it, beside the packet that it answers.
    #[n(0)]
    pub further: AtMost<PacketId, ACK_FURTHER>,
}

impl Ack {
    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        if self.further.is_empty() { Vec::new() } else { encode(self) }
    }

    /// The payload of these bytes.
    ///
    /// # Errors
    /// If they are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.is_empty() { Ok(Self::default()) } else { decode(bytes) }
    }
}

/// The payload of a packet of kind `Fail`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Fail {
    /// Why.
    #[n(0)]
    pub reason: FailReason,
    /// The same for people; may be empty.
    #[n(1)]
    pub text: Text<FAIL_TEXT_BYTES>,
}

impl Fail {
    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// The payload of these bytes.
    ///
    /// # Errors
    /// If they are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: usize) -> Vec<PacketId> {
        (0..count).map(|index| PacketId([index as u8; 16])).collect()
    }

    #[test]
    fn an_ack_of_one_packet_has_no_payload_and_of_several_names_the_others() {
        assert_eq!(Ack::default().encode(), [0; 0]);
        assert_eq!(Ack::decode(&[]), Ok(Ack::default()));
        for count in [1, ACK_FURTHER] {
            let ack = Ack { further: ids(count).into() };
            assert_eq!(ack.further.len(), count);
            assert_eq!(Ack::decode(&ack.encode()), Ok(ack));
        }
    }

    #[test]
    fn an_ack_of_more_than_may_be_is_refused() {
        /// The same without a limit.
        #[derive(Encode)]
        #[cbor(map)]
        struct Unbounded {
            #[n(0)]
            further: Vec<PacketId>,
        }
        let of = |count| Ack::decode(&encode(&Unbounded { further: ids(count) }));
        assert!(of(ACK_FURTHER).is_ok());
        assert!(of(ACK_FURTHER + 1).is_err());
        assert!(Ack::decode(&[1, 2, 3]).is_err());
    }
}
