//! A record that can change: BEP 44's mutable item, without salt.

use ed25519_dalek::{Signer as _, SigningKey};

use crate::identity::IdentityKey;

/// Bytes of a value, at most: BEP 44 counts 1000 for the bencoded form, which adds three digits and a colon.
pub const ITEM_BYTES: usize = 996;

/// A record, signed with the key under which it lies.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    /// The public key under which it lies.
    pub key: [u8; 32],
    /// The signature over sequence number and value.
    pub signature: [u8; 64],
    /// What it holds.
    pub value: Vec<u8>,
    /// The higher one takes the other's place.
    pub sequence: i64,
}

impl Item {
    /// Signs a record with a key that belongs to a slot.
    ///
    /// # Errors
    /// If the value is too long, or the sequence number is none.
    pub fn sign(key: &SigningKey, value: &[u8], sequence: i64) -> Result<Self, ItemError> {
        let text = to_be_signed(value, sequence)?;
        let signature = key.sign(&text).to_bytes();
        Ok(Self { key: key.verifying_key().to_bytes(), signature, value: value.to_vec(), sequence })
    }

    /// Signs a record that lies under an identity's own key.
    ///
    /// # Errors
    /// If the value is too long, or the sequence number is none.
    pub fn sign_own(key: &IdentityKey, value: &[u8], sequence: i64) -> Result<Self, ItemError> {
        let text = to_be_signed(value, sequence)?;
        let signature = key.sign_item(&text);
        Ok(Self { key: *key.id().as_bytes(), signature, value: value.to_vec(), sequence })
    }
}

impl std::fmt::Debug for Item {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Item({} bytes, sequence {})", self.value.len(), self.sequence)
    }
}

/// What BEP 44 signs: sequence number and value, bencoded as they stand in a message.
fn to_be_signed(value: &[u8], sequence: i64) -> Result<Vec<u8>, ItemError> {
    if value.len() > ITEM_BYTES {
        return Err(ItemError::TooLong { bytes: value.len() });
    }
    if sequence < 0 {
        return Err(ItemError::Sequence { sequence });
    }
    let mut text = format!("3:seqi{sequence}e1:v{}:", value.len()).into_bytes();
    text.extend_from_slice(value);
    Ok(text)
}

/// Why something cannot be a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// There are too many bytes.
    #[error("a value of {bytes} bytes does not fit into a record of the DHT: {ITEM_BYTES} are allowed")]
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// Sequence numbers are not negative.
    #[error("{sequence} is no sequence number of a record")]
    Sequence {
        /// The number.
        sequence: i64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::SEED_BYTES;

    /// The test vector of BEP 44, "Test 1 (mutable)", whose value is the bencoded `12:Hello World!`.
    #[test]
    fn what_is_signed_is_what_bep_44_says() {
        assert_eq!(to_be_signed(b"Hello World!", 1).expect("it fits"), b"3:seqi1e1:v12:Hello World!");
    }

    #[test]
    fn a_value_is_checked_before_it_is_signed() {
        let key = IdentityKey::from_seed(&[7; SEED_BYTES]);
        assert!(Item::sign_own(&key, &[0; ITEM_BYTES], i64::MAX).is_ok());
        let long = [0; ITEM_BYTES + 1];
        assert_eq!(Item::sign_own(&key, &long, 1), Err(ItemError::TooLong { bytes: ITEM_BYTES + 1 }));
        assert_eq!(Item::sign_own(&key, &[], -1), Err(ItemError::Sequence { sequence: -1 }));
    }

    #[test]
    fn the_signature_is_one_that_the_dht_verifies() {
        let key = IdentityKey::from_seed(&[7; SEED_BYTES]);
        let item = Item::sign_own(&key, b"value", 5).expect("it fits");
        let verifying = ed25519_dalek::VerifyingKey::from_bytes(&item.key).expect("a key");
        let signature = ed25519_dalek::Signature::from_bytes(&item.signature);
        assert!(verifying.verify_strict(b"3:seqi5e1:v5:value", &signature).is_ok());
        assert!(verifying.verify_strict(b"3:seqi6e1:v5:value", &signature).is_err());
    }
}
