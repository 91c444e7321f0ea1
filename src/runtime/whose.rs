//! Whose home it is: the key, and whether what lies beside it belongs to that key.
//!
//! A key that is missing beside a used home is a loss, and not a first run: the node says what can be done, and goes on
//! as somebody else only when it is told to.

use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

use crate::home::Home;
use crate::home::entropy::random;
use crate::home::passphrase::Passphrase;
use crate::home::used::KeyFile;
use crate::identity::{IdentityKey, NodeId, key_file};
use crate::store::{Store, StoreError};

/// Why a message of an identity that is lost is tried no longer.
const IDENTITY_LOST: &str = "the identity that wrote it is no longer here";

/// How the key is had.
#[derive(Debug, Default)]
pub struct KeyOptions {
    /// The passphrase with which it is, or is to be, encrypted.
    pub passphrase: Option<Passphrase>,
    /// Begin as somebody else where the key is lost.
    pub new_identity: bool,
}

/// The key of a home.
pub struct Taken {
    /// The key.
    pub key: IdentityKey,
    /// It was made just now, or by a start that failed before it had written down whose home this is.
    pub is_new: bool,
}

/// Refuses a home whose key is lost, unless a new identity is wanted. Says whether a key has to be made.
///
/// # Errors
/// What is wrong with the key, and what can be done.
pub fn look(home: &Home, new_identity: bool) -> anyhow::Result<bool> {
    let wrong = match home.key_state()? {
        KeyFile::There(_) => return Ok(false),
        KeyFile::Missing => "is missing".to_owned(),
        KeyFile::Damaged(why) => format!("is damaged ({why})"),
    };
    let is_missing = wrong == "is missing";
    let sign = home.sign_of_use()?;
    if new_identity || is_missing && sign.is_none() {
        return Ok(true);
    }
    let was_used =
        sign.map_or_else(String::new, |sign| format!(", and this home was used: {} is there", sign.display()));
    bail!(
        "the key of this identity, {}, {wrong}{was_used}.\n\
         To go on as who you were: put identity.key back from a copy. A backup has it: `bitpie restore FILE --home DIR` with \
         another folder, then copy identity.key from there, or use that folder.\n\
         To begin as somebody else: `bitpie run --new-identity`. Contacts and conversations stay, messages that were not \
         delivered are given up, and your contacts do not know the new identity.",
        home.key_file().display()
    )
}

/// The key of the home; a new one on the first run, or where one is wanted in place of one that is lost. What was in
/// its place is set aside. The home is locked.
///
/// # Errors
/// As [`look`], or if the key cannot be opened or made.
pub fn take(home: &Home, options: &KeyOptions) -> anyhow::Result<Taken> {
    let passphrase = options.passphrase.as_deref().map(Vec::as_slice);
    if !look(home, options.new_identity)? {
        let KeyFile::There(text) = home.key_state()? else { bail!("the key has gone meanwhile") };
        let key = key_file::decode(&text, passphrase);
        let key = key.with_context(|| format!("{} cannot be used", home.key_file().display()))?;
        let is_new = home.is_new(&key.id())?;
        return Ok(Taken { key, is_new });
    }
    let path = home.key_file();
    if path.symlink_metadata().is_ok() {
        let aside = home.set_aside(&path)?;
        tracing::warn!(aside = %aside.display(), "what was in place of the key is set aside");
    }
    let key = IdentityKey::from_seed(&Zeroizing::new(random()));
    let text = match passphrase {
        Some(passphrase) => {
            key_file::encode_encrypted(&key, passphrase, key_file::PassphraseCost::USUAL, &random(), &random())?
        }
        None => key_file::encode_plain(&key),
    };
    // Before the key is there: whatever fails from here on, the next start knows that there is no history to be missed.
    home.note_new(&key.id())?;
    home.create_key(&text)?;
    Ok(Taken { key, is_new: true })
}

/// Holds the key against what the store says, before anything is done with either. Returns what the user should know.
///
/// # Errors
/// If the store belongs to another identity and that was not asked for, if a new identity was asked for in a home that
/// has one, or if the store fails.
pub fn settle(home: &Home, store: &Store, taken: &Taken, new_identity: bool) -> anyhow::Result<Option<String>> {
    let me = taken.key.id();
    let owners = store.owners()?;
    let others: Vec<&NodeId> = owners.iter().filter(|owner| **owner != me).collect();
    if let Some(other) = others.first() {
        if !new_identity && !taken.is_new {
            bail!(
                "{} is the key of {me}, and the messages in this home are those of {other}: put the right key back, or, to \
                 go on with them as {me}, `bitpie run --new-identity`",
                home.key_file().display()
            );
        }
        return Ok(Some(adopt(store, &me, other)?));
    }
    if new_identity && !taken.is_new {
        bail!(
            "this home has an identity, {me}: `--new-identity` is for a home whose key is lost. To begin as somebody else \
             all the same, use another folder (`--home DIR`)"
        );
    }
    if taken.is_new || owners.contains(&me) || store.is_read_only() {
        return Ok(None);
    }
    // Others remember revisions that nobody here knows any more.
    store.set_restored(true)?;
    Ok(Some(
        "no history of this identity was found in the home: its key is there, its contacts and messages are not (a lost \
         folder messages/?). It goes on above the last identity document that others can have seen; add your contacts \
         again, or restore a backup."
            .to_owned(),
    ))
}

/// What lies in the home is that of another identity, and stays; what would be sent in its name does not.
fn adopt(store: &Store, me: &NodeId, other: &NodeId) -> Result<String, StoreError> {
    let given_up = store.change_owner(IDENTITY_LOST)?;
    Ok(format!(
        "this home was that of {other}, and is that of {me} from now on. Contacts and conversations are still there; \
         messages that were not delivered are given up: {given_up}. Your contacts do not know this identity: send them your \
         address (`bitpie id`)."
    ))
}
