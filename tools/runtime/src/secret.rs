//! Values of secret types, as records show them: never themselves.
//!
//! A record says `"(secret)"`. A replay of a trace must see whether two secrets are equal, so in a trace, and only
//! there, a secret is its length and a hash under the key of the run. That key is never written, so outside the run the
//! hash reveals nothing, however easy the secret is to guess. The key reaches serialisation through a thread-local
//! variable that is set for one call ([`with_key`]). Serialising in any other way hides everything.

use std::cell::Cell;

use hmac::{Hmac, KeyInit, Mac};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use sha2::Sha256;

use crate::value::Hexadecimal;

/// What a record shows instead of a value of a secret type.
pub const SECRET: &str = "(secret)";

/// Bytes of the hash that a trace shows: HMAC-SHA-256, cut to 128 bits.
pub const HASH_BYTES: usize = 16;

/// The key of a run: random bytes that the caller makes and never writes down.
pub type Key = [u8; 32];

thread_local! {
    static KEY: Cell<Option<Key>> = const { Cell::new(None) };
}

/// While `run` runs on this thread, secrets serialise as `{"length": …, "hash": "…"}`.
pub fn with_key<T>(key: &Key, run: impl FnOnce() -> T) -> T {
    struct Restore(Option<Key>);
    impl Drop for Restore {
        fn drop(&mut self) {
            KEY.set(self.0);
        }
    }
    let _restore = Restore(KEY.replace(Some(*key)));
    run()
}

/// For `#[serde(serialize_with)]` on a value of a secret type.
///
/// # Errors
/// Those of the serializer.
pub fn one<T: AsRef<[u8]>, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    Secret::of(value).serialize(serializer)
}

/// As [`one`], for a value that may be `none`, which is not secret.
///
/// # Errors
/// Those of the serializer.
pub fn optional<T: AsRef<[u8]>, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    Secret::optional(value).serialize(serializer)
}

/// As [`optional`], for a value that may be missing.
///
/// # Errors
/// Those of the serializer.
pub fn given<T: AsRef<[u8]>, S: Serializer>(value: &Option<Option<T>>, serializer: S) -> Result<S::Ok, S::Error> {
    Secret(value.as_ref().and_then(Option::as_ref).map(AsRef::as_ref)).serialize(serializer)
}

/// A value of a secret type in a record that is built by hand; `None` is `none`.
#[derive(Clone, Copy)]
pub struct Secret<'a>(Option<&'a [u8]>);

impl<'a> Secret<'a> {
    /// Instead of a value.
    #[must_use]
    pub fn of<T: AsRef<[u8]>>(value: &'a T) -> Self {
        Secret(Some(value.as_ref()))
    }

    /// Instead of a value that may be `none`.
    #[must_use]
    pub fn optional<T: AsRef<[u8]>>(value: &'a Option<T>) -> Self {
        Secret(value.as_ref().map(AsRef::as_ref))
    }
}

impl Serialize for Secret<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(bytes) = self.0 else { return serializer.serialize_none() };
        let Some(key) = KEY.get() else { return serializer.serialize_str(SECRET) };
        let mut keyed = Hmac::<Sha256>::new_from_slice(&key).expect("a key may have any length");
        keyed.update(bytes);
        let hash = keyed.finalize().into_bytes();
        let mut stamp = serializer.serialize_map(Some(2))?;
        stamp.serialize_entry("length", &bytes.len())?;
        stamp.serialize_entry("hash", &format_args!("{}", Hexadecimal(&hash[..HASH_BYTES])))?;
        stamp.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(value: impl Serialize) -> String {
        serde_json::to_string(&value).expect("it serialises")
    }

    #[test]
    fn without_a_key_nothing_is_shown() {
        let none: Option<String> = None;
        assert_eq!(json(Secret::of(&"hush")), "\"(secret)\"");
        assert_eq!(json(Secret::optional(&Some("hush"))), "\"(secret)\"");
        assert_eq!(json(Secret::optional(&none)), "null");
    }

    #[test]
    fn equal_secrets_are_equal_under_one_key_only() {
        let under = |key: u8, secret: &str| with_key(&[key; 32], || json(Secret::of(&secret)));
        assert_eq!(under(1, "hush"), under(1, "hush"));
        assert_ne!(under(1, "hush"), under(2, "hush"));
        assert_ne!(under(1, "hush"), under(1, "hash"));
        assert!(!under(1, "hush").contains("hush"));
        // HMAC-SHA-256 by `openssl dgst -mac HMAC -macopt hexkey:0101…01`, cut to 16 bytes.
        assert_eq!(under(1, "hush"), HUSH);
    }

    const HUSH: &str = r#"{"length":4,"hash":"44da63f4af33449b124a9f77377cb876"}"#;

    #[test]
    fn the_key_is_gone_after_the_call_even_if_that_panics() {
        let outcome = std::panic::catch_unwind(|| with_key(&[1; 32], || panic!("on purpose")));
        assert!(outcome.is_err());
        assert_eq!(json(Secret::of(&"hush")), "\"(secret)\"");
    }
}
