//! Backup and restoration of a home. What is in a backup: the key, the settings, contacts and messages; see
//! `src/store/backup.rs`.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::{Home, HomeError, write_secret};
use crate::identity::key_file::{self, KeyFileError};
use crate::store::{BackupError, SavedFile, read_backup, restore_messages, write_backup};

const KEY: &str = "identity.key";
const CONFIG: &str = "config.toml";

/// Makes a backup of a home in one file, whether its node runs or not.
///
/// # Errors
/// If there is nothing to save, the file exists, or something cannot be read or written.
pub fn backup(home: &Home, to: &Path) -> Result<(), HomeBackupError> {
    let Some(key) = home.read_key()? else { return Err(HomeBackupError::NoKey { home: home.folder().to_owned() }) };
    let messages = home.messages_database();
    if !messages.try_exists().map_err(|source| HomeError::File { doing: "look at", path: messages.clone(), source })? {
        return Err(HomeBackupError::NoMessages { path: messages, key: home.key_file() });
    }
    let mut files = vec![SavedFile { name: KEY.to_owned(), contents: key.as_bytes().to_vec().into() }];
    match fs::read(home.config_file()) {
        Ok(contents) => files.push(SavedFile { name: CONFIG.to_owned(), contents: contents.into() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(HomeBackupError::Config { source }),
    }
    Ok(write_backup(&messages, to, &files)?)
}

/// Makes a home out of a backup. The home must have neither a key nor messages. Its node first reads what it had
/// published, and goes one revision higher (`Store::is_restored`). If a process has the home, it is waited for so long.
///
/// # Errors
/// If the backup cannot be used, the home is in use or not empty, or something cannot be written.
pub fn restore(from: &Path, home: &Home, patience: Duration) -> Result<(), HomeBackupError> {
    let files = read_backup(from)?;
    let file = |name: &str| files.iter().find(|file| file.name == name).map(|file| file.contents.as_slice());
    let key = file(KEY).and_then(|contents| std::str::from_utf8(contents).ok());
    let key = key.ok_or_else(|| HomeBackupError::NoKeyInBackup { from: from.to_owned() })?;
    // Otherwise the home would be one that nobody can start, and for which nobody takes another backup any more.
    if !matches!(key_file::decode(key, None), Ok(_) | Err(KeyFileError::NeedsPassphrase)) {
        return Err(HomeBackupError::KeyDamaged { from: from.to_owned() });
    }
    home.prepare()?;
    let _lock = home.lock_within(patience)?;
    if home.read_key()?.is_some() {
        return Err(HomeError::KeyExists { path: home.key_file() }.into());
    }
    restore_messages(from, &home.messages_database())?;
    if let Some(config) = file(CONFIG) {
        write_secret(&home.config_file(), config)?;
    }
    // The key last: a home is one when it has a key.
    Ok(home.create_key(key)?)
}

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum HomeBackupError {
    /// The home has no key.
    #[error("{} has no identity: there is no key, and without it a backup would bring nothing back", .home.display())]
    NoKey {
        /// Which home.
        home: std::path::PathBuf,
    },
    /// The home has a key and no database.
    #[error(
        "there is no {}: a backup holds contacts and messages too. `bitpie run` makes it; \
         to save the key alone, copy {}",
        .path.display(), .key.display()
    )]
    NoMessages {
        /// Where it should be.
        path: std::path::PathBuf,
        /// Where the key is.
        key: std::path::PathBuf,
    },
    /// The backup has no key.
    #[error("{} holds no identity key: it is not a whole backup", .from.display())]
    NoKeyInBackup {
        /// Which backup.
        from: std::path::PathBuf,
    },
    /// The key in the backup is none.
    #[error("the identity key in {} is damaged, and nothing was restored: take another backup", .from.display())]
    KeyDamaged {
        /// Which backup.
        from: std::path::PathBuf,
    },
    /// The settings cannot be read.
    #[error("cannot read config.toml: {source}")]
    Config {
        /// What the system says.
        source: io::Error,
    },
    /// Something is wrong with the home.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// Something is wrong with the backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::IdentityKey;
    use crate::store::Store;

    fn key_text() -> zeroize::Zeroizing<String> {
        key_file::encode_plain(&IdentityKey::from_seed(&[7; 32]))
    }

    #[test]
    fn a_home_comes_back_from_its_backup() {
        let folder = tempfile::tempdir().expect("a folder");
        let (old, new) = (Home::at(folder.path().join("old")), Home::at(folder.path().join("new")));
        let saved = folder.path().join("saved.bitpie");
        old.prepare().expect("prepared");
        assert!(matches!(backup(&old, &saved), Err(HomeBackupError::NoKey { .. })));
        old.create_key(&key_text()).expect("kept");
        fs::write(old.config_file(), "network = \"test\"\n").expect("written");
        let error = backup(&old, &saved).expect_err("there is no database");
        assert!(matches!(error, HomeBackupError::NoMessages { .. }), "{error}");
        assert!(!saved.exists());
        let open = |home: &Home| Store::open(&home.messages_database(), &home.peers_database()).expect("opened");
        let store = open(&old);
        backup(&old, &saved).expect("saved while the store is open");
        drop(store);
        restore(&saved, &new, Duration::ZERO).expect("restored");
        assert_eq!(new.read_key().expect("read").expect("there"), key_text());
        assert_eq!(fs::read_to_string(new.config_file()).expect("read"), "network = \"test\"\n");
        assert!(open(&new).is_restored().expect("read"));
        assert_eq!(new.open_to_others().expect("looked"), []);
    }

    #[test]
    fn a_key_that_is_damaged_makes_no_home() {
        let folder = tempfile::tempdir().expect("a folder");
        let whole = key_text();
        let digit = whole.len() - 2;
        let other_digit = if whole.ends_with("0\n") { "1" } else { "0" };
        let damaged = format!("{}{other_digit}\n", &whole[..digit]);
        for (number, text) in [damaged.as_str(), &whole[..digit], "no key"].into_iter().enumerate() {
            let (old, new) = (folder.path().join(format!("old {number}")), folder.path().join(format!("new {number}")));
            let (old, new) = (Home::at(old), Home::at(new));
            let saved = folder.path().join(format!("saved {number}"));
            old.prepare().expect("prepared");
            old.create_key(text).expect("kept");
            drop(Store::open(&old.messages_database(), &old.peers_database()).expect("opened"));
            backup(&old, &saved).expect("saved");
            let error = restore(&saved, &new, Duration::ZERO).expect_err("nobody could start it");
            assert!(matches!(error, HomeBackupError::KeyDamaged { .. }), "{error}");
            assert!(!new.folder().exists());
        }
    }

    #[test]
    fn a_home_that_is_in_use_or_has_a_key_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("home"));
        let saved = folder.path().join("saved.bitpie");
        home.prepare().expect("prepared");
        home.create_key(&key_text()).expect("kept");
        drop(Store::open(&home.messages_database(), &home.peers_database()).expect("opened"));
        backup(&home, &saved).expect("saved");
        assert!(matches!(
            restore(&saved, &home, Duration::ZERO),
            Err(HomeBackupError::Home(HomeError::KeyExists { .. }))
        ));
        let other = Home::at(folder.path().join("other"));
        other.prepare().expect("prepared");
        let _lock = other.lock().expect("free");
        assert!(matches!(restore(&saved, &other, Duration::ZERO), Err(HomeBackupError::Home(HomeError::Taken { .. }))));
        assert!(!other.messages_database().exists() && !other.key_file().exists());
    }
}
