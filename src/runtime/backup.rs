//! Backup and restoration of a home. What is in a backup: the key, the settings, contacts and messages; see `src/store/backup.rs`.

use std::fs;
use std::io;
use std::path::Path;

use super::home::{Home, HomeError, write_secret};
use crate::store::{BackupError, SavedFile, read_backup, restore_messages, write_backup};

const KEY: &str = "identity.key";
const CONFIG: &str = "config.toml";

/// Makes a backup of a home in one file, whether its node runs or not.
///
/// # Errors
/// If there is nothing to save, the file exists, or something cannot be read or written.
pub fn backup(home: &Home, to: &Path) -> Result<(), HomeBackupError> {
    let Some(key) = home.read_key()? else { return Err(HomeBackupError::NoKey { home: home.folder().to_owned() }) };
    let mut files = vec![SavedFile { name: KEY.to_owned(), contents: key.as_bytes().to_vec().into() }];
    match fs::read(home.config_file()) {
        Ok(contents) => files.push(SavedFile { name: CONFIG.to_owned(), contents: contents.into() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(HomeBackupError::Config { source }),
    }
    Ok(write_backup(&home.messages_database(), to, &files)?)
}

/// Makes a home out of a backup. The home must have neither a key nor messages. Its node first reads what it had published, and goes
/// one revision higher (`Store::is_restored`).
///
/// # Errors
/// If the backup cannot be used, the home is in use or not empty, or something cannot be written.
pub fn restore(from: &Path, home: &Home) -> Result<(), HomeBackupError> {
    let files = read_backup(from)?;
    let file = |name: &str| files.iter().find(|file| file.name == name).map(|file| file.contents.as_slice());
    let key = file(KEY).and_then(|contents| std::str::from_utf8(contents).ok());
    let key = key.ok_or_else(|| HomeBackupError::NoKeyInBackup { from: from.to_owned() })?;
    home.prepare()?;
    let _lock = home.lock()?;
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
    #[error("{} has no identity yet, so there is nothing to save: `bitpie run` makes one", .home.display())]
    NoKey {
        /// Which home.
        home: std::path::PathBuf,
    },
    /// The backup has no key.
    #[error("{} holds no identity key: it is not a whole backup", .from.display())]
    NoKeyInBackup {
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
