//! The text of `identity.key`: the seed of an identity as it is, or encrypted with a passphrase.
//!
//! ```text
//! bitpie identity key, version 1
//! id: <the node id>
//! seed: <64 hexadecimal digits>
//! ```
//! or, in place of the last line,
//! ```text
//! argon2id: memory_kib=262144 passes=3 lanes=4 salt=<32 digits>
//! sealed: <24 digits of the nonce, 96 of ciphertext and tag>
//! ```
//!
//! The id stands in the clear, so that it can be shown without the passphrase; it is bound in as associated data, and a
//! seed that does not make it is a damaged one. The parameters stand in the file, so that they can be raised; what is
//! read is bounded.

use std::str::FromStr;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use super::{IdentityKey, NodeId, SEED_BYTES};

/// Bytes of the salt of a passphrase.
pub const SALT_BYTES: usize = 16;

/// Bytes of the nonce with which a seed is encrypted.
pub const NONCE_BYTES: usize = 12;

/// Bytes of a key file, at most.
pub const KEY_FILE_BYTES: usize = 4096;

/// The first line.
const TITLE: &str = "bitpie identity key, version 1";

/// What any first line begins with, whatever the version.
const TITLE_START: &str = "bitpie identity key, version ";

/// Bytes of the encrypted seed with its tag.
const CIPHERTEXT_BYTES: usize = SEED_BYTES + 16;

/// What a guess of the passphrase costs (Argon2id, RFC 9106).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassphraseCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl PassphraseCost {
    /// What new files get: the second choice that RFC 9106 recommends (section 4), with four times its memory. A guess
    /// took 0.8 s of a processor where this was chosen.
    pub const USUAL: Self = Self { memory_kib: 256 * 1024, passes: 3, lanes: 4 };

    /// What a file may ask for, at most: 1 GiB, which a machine still has.
    pub const MOST: Self = Self { memory_kib: 1024 * 1024, passes: 16, lanes: 16 };

    /// KiB that all passes together may go over, at most: four times 1 GiB, some seconds.
    const MOST_WORK_KIB: u64 = 4 * 1024 * 1024;

    fn is_bounded(self) -> bool {
        let most = Self::MOST;
        self.memory_kib <= most.memory_kib
            && self.passes <= most.passes
            && self.lanes <= most.lanes
            && self.work_kib() <= Self::MOST_WORK_KIB
    }

    fn work_kib(self) -> u64 {
        u64::from(self.memory_kib) * u64::from(self.passes)
    }

    /// Whether a guess costs less than for a new file.
    #[must_use]
    pub fn is_below_usual(self) -> bool {
        self.memory_kib < Self::USUAL.memory_kib || self.work_kib() < Self::USUAL.work_kib()
    }

    /// The key that a passphrase makes.
    fn key(self, passphrase: &[u8], salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, argon2::Error> {
        let params = argon2::Params::new(self.memory_kib, self.passes, self.lanes, Some(32))?;
        let mut key = Zeroizing::new([0; 32]);
        argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
            .hash_password_into(passphrase, salt, &mut *key)?;
        Ok(key)
    }
}

/// The text of a key that nothing protects but the file's permissions.
#[must_use]
pub fn encode_plain(key: &IdentityKey) -> Zeroizing<String> {
    let seed = Zeroizing::new(HEXLOWER.encode(&*key.seed()));
    Zeroizing::new(format!("{TITLE}\nid: {}\nseed: {}\n", key.id(), *seed))
}

/// The text of a key that is encrypted with a passphrase. Salt and nonce are random, and new for each text.
///
/// # Errors
/// If the system does not give the memory that the cost asks for.
///
/// # Panics
/// If the cost is not one that [`decode`] would take.
pub fn encode_encrypted(
    key: &IdentityKey,
    passphrase: &[u8],
    cost: PassphraseCost,
    salt: &[u8; SALT_BYTES],
    nonce: &[u8; NONCE_BYTES],
) -> Result<Zeroizing<String>, KeyFileError> {
    assert!(cost.is_bounded(), "{cost:?} is more than a file may ask for");
    let id = key.id();
    let secret = match cost.key(passphrase, salt) {
        Ok(secret) => secret,
        Err(argon2::Error::OutOfMemory) => return Err(KeyFileError::NoMemory { memory_kib: cost.memory_kib }),
        Err(error) => panic!("{cost:?} is nothing that Argon2 knows: {error}"),
    };
    let seed = key.seed();
    let payload = Payload { msg: &*seed, aad: id.as_bytes() };
    let cipher = ChaCha20Poly1305::new(&(*secret).into());
    let ciphertext = cipher.encrypt(&Nonce::from(*nonce), payload).expect("a seed is short");
    Ok(Zeroizing::new(format!(
        "{TITLE}\nid: {id}\nargon2id: memory_kib={} passes={} lanes={} salt={}\nsealed: {}{}\n",
        cost.memory_kib,
        cost.passes,
        cost.lanes,
        HEXLOWER.encode(salt),
        HEXLOWER.encode(nonce),
        HEXLOWER.encode(&ciphertext),
    )))
}

/// What can be read of a key file without its passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFileSummary {
    /// Whose key it is, as the file says.
    pub id: NodeId,
    /// What a guess of its passphrase costs, if it needs one.
    pub cost: Option<PassphraseCost>,
}

impl KeyFileSummary {
    /// Whether a passphrase is needed.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.cost.is_some()
    }
}

/// What can be read of a key file without its passphrase.
///
/// # Errors
/// If the text is no key file.
pub fn summary(text: &str) -> Result<KeyFileSummary, KeyFileError> {
    let file = parse(text)?;
    let cost = match file.secret {
        Secret::Plain(_) => None,
        Secret::Encrypted { cost, .. } => Some(cost),
    };
    Ok(KeyFileSummary { id: file.id, cost })
}

/// The key in a key file. A passphrase that the file does not need is not looked at.
///
/// # Errors
/// If the text is no key file, or the passphrase is missing or wrong.
pub fn decode(text: &str, passphrase: Option<&[u8]>) -> Result<IdentityKey, KeyFileError> {
    let File { id, secret } = parse(text)?;
    let seed = match secret {
        Secret::Plain(seed) => seed,
        Secret::Encrypted { cost, salt, nonce, ciphertext } => {
            let passphrase = passphrase.ok_or(KeyFileError::NeedsPassphrase)?;
            let key = cost.key(passphrase, &salt).map_err(|error| match error {
                argon2::Error::OutOfMemory => KeyFileError::NoMemory { memory_kib: cost.memory_kib },
                _ => KeyFileError::malformed(3, COST_LINE),
            })?;
            let payload = Payload { msg: &ciphertext, aad: id.as_bytes() };
            let opened = ChaCha20Poly1305::new(&(*key).into()).decrypt(&Nonce::from(nonce), payload);
            let opened = Zeroizing::new(opened.map_err(|_| KeyFileError::WrongPassphrase)?);
            Zeroizing::new(opened[..].try_into().expect("the ciphertext is that of a seed"))
        }
    };
    let key = IdentityKey::from_seed(&seed);
    if key.id() == id { Ok(key) } else { Err(KeyFileError::OfAnother { said: id, found: key.id() }) }
}

struct File {
    id: NodeId,
    secret: Secret,
}

enum Secret {
    Plain(Zeroizing<[u8; SEED_BYTES]>),
    Encrypted {
        cost: PassphraseCost,
        salt: [u8; SALT_BYTES],
        nonce: [u8; NONCE_BYTES],
        ciphertext: [u8; CIPHERTEXT_BYTES],
    },
}

const ID_LINE: &str = "`id: ` and a node id";
const SECRET_LINE: &str = "`seed: ` and 64 hexadecimal digits, or `argon2id: `";
const COST_LINE: &str = "`argon2id: memory_kib=… passes=… lanes=… salt=…` within bounds";
const SEALED_LINE: &str = "`sealed: ` and 120 hexadecimal digits";

fn parse(text: &str) -> Result<File, KeyFileError> {
    if text.len() > KEY_FILE_BYTES {
        return Err(KeyFileError::malformed(1, "a file of 4096 bytes at most"));
    }
    // The lines of a file that an editor of another system has saved end otherwise.
    let mut lines = text.lines();
    match lines.next() {
        Some(TITLE) => {}
        Some(title) if title.starts_with(TITLE_START) => return Err(KeyFileError::UnknownVersion),
        _ => return Err(KeyFileError::malformed(1, "`bitpie identity key, version 1`")),
    }
    let id = lines.next().and_then(|line| line.strip_prefix("id: ")?.parse().ok());
    let id = id.ok_or_else(|| KeyFileError::malformed(2, ID_LINE))?;
    let third = lines.next().unwrap_or_default();
    let (secret, used) = if let Some(digits) = third.strip_prefix("seed: ") {
        let seed = bytes(digits).ok_or_else(|| KeyFileError::malformed(3, SECRET_LINE))?;
        (Secret::Plain(seed), 3)
    } else {
        let cost = third.strip_prefix("argon2id: ").ok_or_else(|| KeyFileError::malformed(3, SECRET_LINE))?;
        let (cost, salt) = parse_cost(cost).ok_or_else(|| KeyFileError::malformed(3, COST_LINE))?;
        let sealed =
            lines.next().and_then(|line| bytes::<{ NONCE_BYTES + CIPHERTEXT_BYTES }>(line.strip_prefix("sealed: ")?));
        let sealed = sealed.ok_or_else(|| KeyFileError::malformed(4, SEALED_LINE))?;
        let (nonce, ciphertext) = sealed.split_at(NONCE_BYTES);
        let nonce = nonce.try_into().expect("it was cut so");
        let ciphertext = ciphertext.try_into().expect("it was cut so");
        (Secret::Encrypted { cost, salt, nonce, ciphertext }, 4)
    };
    if lines.any(|line| !line.trim().is_empty()) {
        return Err(KeyFileError::malformed(used + 1, "the end of the file"));
    }
    Ok(File { id, secret })
}

fn parse_cost(text: &str) -> Option<(PassphraseCost, [u8; SALT_BYTES])> {
    fn number<T: FromStr>(word: &str, name: &str) -> Option<T> {
        word.strip_prefix(name)?.strip_prefix('=')?.parse().ok()
    }
    let [memory, passes, lanes, salt] = <[&str; 4]>::try_from(text.split(' ').collect::<Vec<_>>()).ok()?;
    let cost = PassphraseCost {
        memory_kib: number(memory, "memory_kib")?,
        passes: number(passes, "passes")?,
        lanes: number(lanes, "lanes")?,
    };
    let salt = *bytes(salt.strip_prefix("salt=")?)?;
    cost.is_bounded().then_some((cost, salt))
}

fn bytes<const LENGTH: usize>(digits: &str) -> Option<Zeroizing<[u8; LENGTH]>> {
    let mut bytes = Zeroizing::new([0; LENGTH]);
    let fits = digits.len() == LENGTH * 2 && HEXLOWER.decode_mut(digits.as_bytes(), &mut *bytes).is_ok();
    fits.then_some(bytes)
}

/// Why there is no key in a text. Nothing of the text is repeated: it may be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// A line is not as it should be.
    #[error("line {line} of the key file is not what should stand there, {expected}: restore the file from a backup")]
    Malformed {
        /// Which line.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// A later program has written it.
    #[error("the key file is of a version that this program does not know: use a newer one")]
    UnknownVersion,
    /// It is encrypted.
    #[error("the key file is encrypted: its passphrase is needed")]
    NeedsPassphrase,
    /// The passphrase is another.
    #[error("the passphrase is not the one of the key file, or the file is damaged")]
    WrongPassphrase,
    /// There is too little memory for the passphrase.
    #[error("to use the passphrase, {} MiB of memory are needed, and the system does not give them: end other programs", .memory_kib.div_ceil(1024))]
    NoMemory {
        /// How much is needed.
        memory_kib: u32,
    },
    /// The seed makes another id than the file says.
    #[error("the key file says that it is of {said}, and its key is that of {found}: restore the file from a backup")]
    OfAnother {
        /// What it says.
        said: NodeId,
        /// What it holds.
        found: NodeId,
    },
}

impl KeyFileError {
    const fn malformed(line: usize, expected: &'static str) -> Self {
        Self::Malformed { line, expected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As little as Argon2 does.
    const CHEAP: PassphraseCost = PassphraseCost { memory_kib: 8, passes: 1, lanes: 1 };

    fn key() -> IdentityKey {
        IdentityKey::from_seed(&[7; SEED_BYTES])
    }

    fn encrypted() -> Zeroizing<String> {
        encode_encrypted(&key(), b"correct horse", CHEAP, &[1; SALT_BYTES], &[2; NONCE_BYTES]).expect("it is cheap")
    }

    #[test]
    fn a_plain_key_survives() {
        let text = encode_plain(&key());
        assert_eq!(decode(&text, None).map(|key| key.id()), Ok(key().id()));
        assert_eq!(decode(&text, Some(b"not needed")).map(|key| key.id()), Ok(key().id()));
        assert_eq!(summary(&text), Ok(KeyFileSummary { id: key().id(), cost: None }));
        assert!(decode(&text.replace('\n', "\r\n"), None).is_ok());
    }

    #[test]
    fn an_encrypted_key_needs_its_passphrase() {
        let text = encrypted();
        let found = |passphrase| decode(&text, passphrase).map(|key| key.id());
        assert_eq!(found(Some(b"correct horse")), Ok(key().id()));
        assert_eq!(found(Some(b"correct house")), Err(KeyFileError::WrongPassphrase));
        assert_eq!(found(Some(b"")), Err(KeyFileError::WrongPassphrase));
        assert_eq!(found(None), Err(KeyFileError::NeedsPassphrase));
        assert_eq!(summary(&text), Ok(KeyFileSummary { id: key().id(), cost: Some(CHEAP) }));
        assert!(!text.contains(&HEXLOWER.encode(&[7; SEED_BYTES])));
    }

    /// As programs before this one wrote it.
    const OLDER: &str = "bitpie identity key, version 1
id: 7jfgaa9nutjyixzikb7tgmsf9gkwq7iqz498zr1nd5ig1fng4esy
argon2id: memory_kib=65536 passes=3 lanes=1 salt=01010101010101010101010101010101
sealed: 0202020202020202020202024b039b536414e8e4c4c5f516ea7c80ca078b9f0f1973fab24353a93658ed3af34930b94f591158e124d7a4b1ce44a0b2
";

    #[test]
    fn a_file_of_an_older_program_opens_and_is_known_to_be_weaker() {
        assert_eq!(decode(OLDER, Some(b"correct horse")).map(|key| key.id()), Ok(key().id()));
        let cost = summary(OLDER).expect("a key file").cost.expect("it is encrypted");
        assert_eq!(cost, PassphraseCost { memory_kib: 65536, passes: 3, lanes: 1 });
        assert!(cost.is_below_usual() && !PassphraseCost::USUAL.is_below_usual());
    }

    #[test]
    fn what_new_files_get_is_no_less_than_what_is_recommended() {
        // RFC 9106, section 4, the second recommended option.
        let PassphraseCost { memory_kib, passes, lanes } = PassphraseCost::USUAL;
        assert!(memory_kib >= 64 * 1024 && passes >= 3 && lanes == 4 && PassphraseCost::USUAL.is_bounded());
    }

    #[test]
    fn a_file_cannot_ask_for_more_than_a_machine_has_or_a_person_waits_for() {
        let asks = |memory_kib: &str, passes: &str, lanes: &str| {
            let text = OLDER.replace("memory_kib=65536", &format!("memory_kib={memory_kib}"));
            let text =
                text.replace("passes=3", &format!("passes={passes}")).replace("lanes=1", &format!("lanes={lanes}"));
            summary(&text).is_ok()
        };
        assert!(asks("1048576", "4", "16") && asks("262144", "16", "1"));
        for (memory_kib, passes, lanes) in [
            ("1048577", "1", "1"),
            ("1048576", "5", "1"),
            ("65536", "17", "1"),
            ("65536", "3", "17"),
            ("4294967295", "4294967295", "4294967295"),
            ("99999999999999999999", "3", "1"),
            ("-1", "3", "1"),
        ] {
            assert!(!asks(memory_kib, passes, lanes), "{memory_kib} {passes} {lanes}");
        }
    }

    #[test]
    fn no_character_can_be_another() {
        for text in [encode_plain(&key()), encrypted()] {
            for at in 0..text.len() - 1 {
                let mut wrong = text.as_bytes().to_vec();
                wrong[at] = if wrong[at] == b'1' { b'2' } else { b'1' };
                let wrong = String::from_utf8(wrong).expect("ASCII");
                assert!(decode(&wrong, Some(b"correct horse")).is_err(), "{at}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line_and_never_shown() {
        let plain = encode_plain(&key());
        let line = |text: &str| match decode(text, Some(b"correct horse")) {
            Err(KeyFileError::Malformed { line, .. }) => line,
            other => panic!("{other:?}"),
        };
        assert_eq!(line(""), 1);
        assert_eq!(line("-----BEGIN OPENSSH PRIVATE KEY-----"), 1);
        assert_eq!(line(&"x".repeat(KEY_FILE_BYTES + 1)), 1);
        assert_eq!(line(TITLE), 2);
        assert_eq!(line(&plain.replace("seed: ", "sead: ")), 3);
        assert_eq!(line(&plain[..plain.len() - 3]), 3);
        assert_eq!(line(&format!("{}more\n", *plain)), 4);
        assert_eq!(line(&encrypted().replace("memory_kib=8", "memory_kib=1048577")), 3);
        assert_eq!(line(&encrypted().replace("passes=1", "passes=0")), 3);
        assert_eq!(line(&encrypted().replace("sealed: ", "sealed: 0")), 4);
        let newer = plain.replace("version 1", "version 2");
        assert_eq!(decode(&newer, None).map(|_| ()), Err(KeyFileError::UnknownVersion));
        let of_another = plain.replace(&key().id().to_string(), &IdentityKey::from_seed(&[8; 32]).id().to_string());
        assert!(matches!(decode(&of_another, None), Err(KeyFileError::OfAnother { .. })));
    }
}
