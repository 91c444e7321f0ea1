//! Messages of ours are sealed once, and sent as they are on disk.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::home::clock::unix_ms;
use crate::home::entropy::random;
use crate::identity::{NodeId, SealingPublicKey, VerifiedDocument};
use crate::messages::{MessageHeader, MessageText, NewMessage, SealError, Sealing};
use crate::store::{Store, StoreError};
use crate::wire::{Packet, PacketId, PacketKind};

use super::our_identity::Keys;

/// Recipients whose verified document is kept at hand, at most.
const RECIPIENTS_AT_HAND: usize = 64;

/// Packets that are kept at hand until they are sent for the first time, at most; all others are read from disk.
const PACKETS_AT_HAND: usize = 64;

/// Messages that are sealed to a recipient by one key agreement, at most, and for how long at most: those that the user
/// writes at about the same time.
const BY_ONE_AGREEMENT: u32 = 64;
const AGREEMENT_AGE: Duration = Duration::from_secs(1);

/// Seals messages of ours. Cheap to clone, so that the store's thread can have it.
#[derive(Clone)]
pub struct Sealer {
    pub(super) keys: Keys,
    /// Documents that have been verified, so that it is not done again for each message: what is on disk is compared
    /// with them.
    verified: Arc<Mutex<HashMap<NodeId, VerifiedDocument>>>,
    /// What was agreed on with recipients just now.
    agreed: Arc<Mutex<HashMap<NodeId, (Sealing, Instant)>>>,
    /// Packets that were sealed just now. They are on disk too, so it does no harm if one is dropped, or stays until
    /// others push it out because its message could not be kept.
    at_hand: Arc<Mutex<AtHand>>,
}

/// Packets that were sealed just now, the last one first.
type AtHand = VecDeque<(PacketId, Vec<u8>)>;

impl Sealer {
    pub fn new(keys: Keys) -> Self {
        Self { keys, verified: Arc::default(), agreed: Arc::default(), at_hand: Arc::default() }
    }

    /// The packet that carries a message which is about to be kept. Nothing if the recipient's key is not known.
    pub fn seal_new(&self, store: &Store, new: &NewMessage) -> Result<Option<Vec<u8>>, StoreError> {
        let mut header = MessageHeader::new(self.keys.id(), new.to, new.id, new.created_unix_ms, new.expires_unix_ms);
        header.reply_to = new.reply_to;
        let packet = self.packet(store, &header, &new.text)?;
        if let Some(bytes) = &packet {
            let mut at_hand = whole(&self.at_hand);
            at_hand.truncate(PACKETS_AT_HAND - 1);
            at_hand.push_front((new.id, bytes.clone()));
        }
        Ok(packet)
    }

    /// The packet of a message that was sealed just now, once.
    pub fn take_from_hand(&self, message: &PacketId) -> Option<Vec<u8>> {
        let mut at_hand = whole(&self.at_hand);
        let index = at_hand.iter().position(|(id, _)| id == message)?;
        at_hand.remove(index).map(|(_, bytes)| bytes)
    }

    /// The packet that carries a message: the one that is on disk, or a new one that is there from now on. Nothing if
    /// the recipient's key is not known.
    pub fn sealed(&self, store: &Store, message: PacketId, recipient: NodeId) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(bytes) = store.sealed_message(&message)? {
            return Ok(Some(bytes));
        }
        let Some(item) = store.outgoing(&message)? else { return Ok(None) };
        let mut header =
            MessageHeader::new(self.keys.id(), recipient, message, item.sent_unix_ms, item.expires_unix_ms);
        header.reply_to = item.reply_to;
        match self.packet(store, &header, &item.text)? {
            Some(bytes) => store.seal_message(&message, &bytes),
            None => Ok(None),
        }
    }

    fn packet(&self, store: &Store, header: &MessageHeader, text: &MessageText) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(sealing_key) = self.sealing_key(store, &header.recipient)? else { return Ok(None) };
        let invitation = store.invitation_of(&header.recipient)?;
        let mut agreed = whole(&self.agreed);
        let payload = match agreement(&mut agreed, header.recipient, sealing_key) {
            Ok(sealing) => sealing.seal(&self.keys.identity, header, text, invitation.as_ref()),
            Err(error) => {
                tracing::warn!(%error, "a message cannot be sealed");
                return Ok(None);
            }
        };
        let packet = Packet {
            kind: PacketKind::Message,
            id: header.message,
            sender: header.sender,
            recipient: header.recipient,
            time_unix_ms: unix_ms(),
            answers: None,
            payload,
        };
        match packet.sign(&self.keys.identity) {
            Ok(signed) => Ok(Some(signed.as_bytes().to_vec())),
            Err(error) => {
                tracing::error!(%error, "a message of ours is too long for a packet");
                Ok(None)
            }
        }
    }

    fn sealing_key(&self, store: &Store, recipient: &NodeId) -> Result<Option<SealingPublicKey>, StoreError> {
        let Some(kept) = store.document(recipient)? else { return Ok(None) };
        let mut verified = whole(&self.verified);
        if let Some(document) = verified.get(recipient).filter(|document| document.as_bytes() == &*kept.bytes) {
            return Ok(Some(document.document().sealing_key));
        }
        let Ok(document) = VerifiedDocument::verify_whenever(&kept.bytes) else { return Ok(None) };
        let sealing_key = document.document().sealing_key;
        if verified.len() >= RECIPIENTS_AT_HAND {
            verified.clear();
        }
        verified.insert(*recipient, document);
        Ok(Some(sealing_key))
    }
}

/// What is agreed on with a recipient: the agreement of just now, or a new one.
fn agreement(
    agreed: &mut HashMap<NodeId, (Sealing, Instant)>,
    recipient: NodeId,
    key: SealingPublicKey,
) -> Result<&mut Sealing, SealError> {
    let is_good = |(sealing, begun): &mut (Sealing, Instant)| {
        sealing.recipient_key() == &key && sealing.sealed() < BY_ONE_AGREEMENT && begun.elapsed() < AGREEMENT_AGE
    };
    if !agreed.get_mut(&recipient).is_some_and(is_good) {
        // Secrets are not kept for longer than they are of use.
        agreed.retain(|_, (_, begun)| begun.elapsed() < AGREEMENT_AGE);
        agreed.insert(recipient, (Sealing::begin(recipient, key, random())?, Instant::now()));
    }
    Ok(&mut agreed.get_mut(&recipient).expect("it was just put there").0)
}

/// What is kept in there is whole at any time.
fn whole<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::identity::{IdentityDocument, IdentityKey, Invitation, SealingKey};
    use crate::messages::{Expected, MessageText, NewMessage, open};
    use crate::store::NewContact;
    use crate::wire::VerifiedPacket;

    const NOW: u64 = 1_700_000_000_000;

    pub fn key(seed: u8) -> IdentityKey {
        IdentityKey::from_seed(&[seed; 32])
    }

    pub fn document(revision: u64, rotation: u32) -> VerifiedDocument {
        let sealing_key = SealingKey::derive(&key(2), rotation).public();
        IdentityDocument::new(key(2).id(), sealing_key, revision, NOW).sign(&key(2)).0
    }

    pub fn new_message(id: u8) -> NewMessage {
        let text = MessageText::new("hello".to_owned()).expect("a short text");
        let id = PacketId([id; 16]);
        let (to, expires_unix_ms) = (key(2).id(), NOW + 1_000);
        NewMessage { id, to, text, reply_to: None, created_unix_ms: NOW, expires_unix_ms }
    }

    #[test]
    fn messages_of_one_moment_are_sealed_by_one_agreement_until_the_key_is_another_or_there_were_many() {
        let mut agreed = HashMap::new();
        let key_of = |rotation| SealingKey::derive(&key(2), rotation).public();
        let mut seal = |rotation| {
            let header = MessageHeader::new(key(1).id(), key(2).id(), PacketId([1; 16]), NOW, NOW + 1);
            let sealing = agreement(&mut agreed, key(2).id(), key_of(rotation)).expect("a sound key");
            let text = MessageText::new("hello".to_owned()).expect("a short text");
            let _ = sealing.seal(&key(1), &header, &text, None);
            sealing.sealed()
        };
        // Whatever the clock says, one of 64 begins again.
        let sealed: Vec<u32> = (0..2 * BY_ONE_AGREEMENT).map(|_| seal(0)).collect();
        assert!(sealed.iter().all(|sealed| *sealed <= BY_ONE_AGREEMENT), "{sealed:?}");
        assert_eq!(seal(1), 1, "the key is another");
    }

    fn queue(store: &Store, id: u8) -> PacketId {
        let new = new_message(id);
        store.queue_message(&new, None, NOW).expect("queued");
        new.id
    }

    /// Whether it can be opened with the recipient's key of that number.
    fn opens(sealed: &[u8], message: PacketId, rotation: u32) -> bool {
        let packet = VerifiedPacket::verify(sealed).expect("a packet that is signed");
        let expected = Expected { sender: key(1).id(), recipient: key(2).id(), message };
        open(&[SealingKey::derive(&key(2), rotation)], &expected, &packet.packet().payload).is_ok()
    }

    #[test]
    fn messages_carry_the_invitation_of_the_address_until_its_owner_answers() {
        let store = Store::in_memory().expect("memory");
        let invitation = Some(Invitation::from_bytes([5; 16]));
        let new = NewContact { id: key(2).id(), name: None, hints: Vec::new(), found_as: None, invitation };
        store.add_contact(&new, NOW).expect("added");
        store.keep_document(&document(1, 0), NOW).expect("kept");
        let sealer = Sealer::new(Keys::of(key(1)));
        let carried = |id| {
            let message = queue(&store, id);
            let sealed = sealer.sealed(&store, message, key(2).id()).expect("the store is well").expect("sealed");
            let packet = VerifiedPacket::verify(&sealed).expect("a packet that is signed");
            let expected = Expected { sender: key(1).id(), recipient: key(2).id(), message };
            let keys = [SealingKey::derive(&key(2), 0)];
            open(&keys, &expected, &packet.packet().payload).expect("it opens").invitation
        };
        assert_eq!([carried(1), carried(2)], [new.invitation.clone(), new.invitation]);
        store.confirm_read(&PacketId([1; 16]), &key(2).id(), NOW).expect("kept");
        assert_eq!(carried(3), None);
    }

    #[test]
    fn a_message_is_sealed_once_and_the_next_one_to_the_key_that_is_in_force_then() {
        let store = Store::in_memory().expect("memory");
        store
            .add_contact(
                &NewContact { id: key(2).id(), name: None, hints: Vec::new(), found_as: None, invitation: None },
                NOW,
            )
            .expect("added");
        let sealer = Sealer::new(Keys::of(key(1)));
        let sealed = |message| sealer.sealed(&store, message, key(2).id()).expect("the store is well");

        let first = queue(&store, 1);
        assert_eq!(sealed(first), None, "the recipient's key is not known");
        store.keep_document(&document(1, 0), NOW).expect("kept");
        let bytes = sealed(first).expect("it is known now");
        assert!(opens(&bytes, first, 0));

        let second = queue(&store, 2);
        assert!(opens(&sealed(second).expect("sealed"), second, 0));
        store.keep_document(&document(2, 1), NOW).expect("kept");
        let third = queue(&store, 3);
        assert!(
            opens(&sealed(third).expect("sealed"), third, 1),
            "the document that was verified before is out of date"
        );
        assert_eq!(sealed(first), Some(bytes), "what was sealed stays as it is");
    }
    #[test]
    fn what_is_sealed_with_its_message_is_at_hand_once_and_the_same_on_disk() {
        let store = Store::in_memory().expect("memory");
        store
            .add_contact(
                &NewContact { id: key(2).id(), name: None, hints: Vec::new(), found_as: None, invitation: None },
                NOW,
            )
            .expect("added");
        store.keep_document(&document(1, 0), NOW).expect("kept");
        let sealer = Sealer::new(Keys::of(key(1)));
        let seal = |id| {
            let new = new_message(id);
            let sealed = sealer.seal_new(&store, &new).expect("the store is well").expect("his key is known");
            store.queue_message(&new, Some(&sealed), NOW).expect("queued");
            (new.id, sealed)
        };
        let (first, sealed) = seal(1);
        assert!(opens(&sealed, first, 0));
        assert_eq!(sealer.take_from_hand(&first).as_ref(), Some(&sealed));
        assert_eq!(sealer.take_from_hand(&first), None);
        assert_eq!(sealer.sealed(&store, first, key(2).id()).expect("read"), Some(sealed));
        for id in 2..=3 + PACKETS_AT_HAND as u8 {
            seal(id);
        }
        assert_eq!(whole(&sealer.at_hand).len(), PACKETS_AT_HAND);
        assert_eq!(sealer.take_from_hand(&PacketId([3; 16])), None, "the oldest went");
        assert!(sealer.take_from_hand(&PacketId([4; 16])).is_some());
    }
}
