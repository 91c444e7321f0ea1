//! Messages of ours are sealed once, and sent as they are on disk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::home::clock::unix_ms;
use crate::home::entropy::random;
use crate::identity::{NodeId, SealingPublicKey, VerifiedDocument};
use crate::messages::{MessageHeader, seal};
use crate::store::{Store, StoreError};
use crate::wire::{Packet, PacketId, PacketKind};

use super::our_identity::Keys;

/// Recipients whose verified document is kept at hand, at most.
const RECIPIENTS_AT_HAND: usize = 64;

/// Seals messages of ours. Cheap to clone, so that the store's thread can have it.
#[derive(Clone)]
pub struct Sealer {
    pub(super) keys: Keys,
    /// Documents that have been verified, so that it is not done again for each message: what is on disk is compared
    /// with them.
    verified: Arc<Mutex<HashMap<NodeId, VerifiedDocument>>>,
}

impl Sealer {
    pub fn new(keys: Keys) -> Self {
        Self { keys, verified: Arc::default() }
    }

    /// The packet that carries a message: the one that is on disk, or a new one that is there from now on. Nothing if
    /// the recipient's key is not known.
    pub fn sealed(&self, store: &Store, message: PacketId, recipient: NodeId) -> Result<Option<Vec<u8>>, StoreError> {
        let id = message;
        if let Some(bytes) = store.sealed_message(&id)? {
            return Ok(Some(bytes));
        }
        let Some(item) = store.outgoing(&id)? else { return Ok(None) };
        let Some(sealing_key) = self.sealing_key(store, &recipient)? else { return Ok(None) };
        let mut header =
            MessageHeader::new(self.keys.id(), recipient, message, item.sent_unix_ms, item.expires_unix_ms);
        header.reply_to = item.reply_to;
        let invitation = store.invitation_of(&recipient)?;
        let sealed = seal(&self.keys.identity, &sealing_key, &header, &item.text, invitation.as_ref(), random());
        let payload = match sealed {
            Ok(payload) => payload,
            Err(error) => {
                tracing::warn!(%error, "a message cannot be sealed");
                return Ok(None);
            }
        };
        let packet = Packet {
            kind: PacketKind::Message,
            id: message,
            sender: self.keys.id(),
            recipient,
            time_unix_ms: unix_ms(),
            answers: None,
            payload,
        };
        match packet.sign(&self.keys.identity) {
            Ok(signed) => store.seal_message(&id, signed.as_bytes()),
            Err(error) => {
                tracing::error!(%error, "a message of ours is too long for a packet");
                Ok(None)
            }
        }
    }

    fn sealing_key(&self, store: &Store, recipient: &NodeId) -> Result<Option<SealingPublicKey>, StoreError> {
        let Some(kept) = store.document(recipient)? else { return Ok(None) };
        // What is kept in there is whole at any time.
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{IdentityDocument, IdentityKey, Invitation, SealingKey};
    use crate::messages::{Expected, MessageText, NewMessage, open};
    use crate::store::NewContact;
    use crate::wire::VerifiedPacket;

    const NOW: u64 = 1_700_000_000_000;

    fn key(seed: u8) -> IdentityKey {
        IdentityKey::from_seed(&[seed; 32])
    }

    fn document(revision: u64, rotation: u32) -> VerifiedDocument {
        let sealing_key = SealingKey::derive(&key(2), rotation).public();
        IdentityDocument::new(key(2).id(), sealing_key, revision, NOW).sign(&key(2)).0
    }

    fn queue(store: &Store, id: u8) -> PacketId {
        let text = MessageText::new("hello".to_owned()).expect("a short text");
        let id = PacketId([id; 16]);
        let (to, expires_unix_ms) = (key(2).id(), NOW + 1_000);
        let new = NewMessage { id, to, text, reply_to: None, created_unix_ms: NOW, expires_unix_ms };
        store.queue_message(&new, NOW).expect("queued");
        id
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
}
