//! Whether a home was used, and what there is of its key. A key that is gone is never replaced without being asked for:
//! what lies beside it belongs to somebody. A key that was made just now has no history yet, and a start that fails does
//! not make it one whose history is lost.

use std::fs;
use std::io;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::{Home, HomeError, at, read_secret, write_secret};
use crate::identity::{NodeId, key_file};

/// What there is of the key.
#[derive(Debug)]
pub enum KeyFile {
    /// Nothing.
    Missing,
    /// Something that is no key, and what is wrong with it.
    Damaged(String),
    /// A key, which may be encrypted.
    There(Zeroizing<String>),
}

impl Home {
    /// Looks at the key without a passphrase.
    ///
    /// # Errors
    /// If others may read it, or this user may not: then nothing can be said of it.
    pub fn key_state(&self) -> Result<KeyFile, HomeError> {
        let path = self.key_file();
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(KeyFile::Missing),
            Err(error) => return Err(at("look at", &path)(error)),
            Ok(metadata) if metadata.is_symlink() && !path.exists() => {
                return Ok(KeyFile::Damaged("it is a link to nowhere".to_owned()));
            }
            Ok(metadata) if !metadata.is_symlink() && !metadata.is_file() || path.is_dir() => {
                return Ok(KeyFile::Damaged("it is not a file".to_owned()));
            }
            Ok(_) => {}
        }
        let text = match self.read_key() {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(KeyFile::Missing),
            Err(HomeError::File { source, .. }) if source.kind() == io::ErrorKind::InvalidData => {
                return Ok(KeyFile::Damaged("it is not UTF-8 text".to_owned()));
            }
            Err(error) => return Err(error),
        };
        if text.trim().is_empty() {
            return Ok(KeyFile::Damaged("it is empty".to_owned()));
        }
        Ok(match key_file::summary(&text) {
            Ok(_) => KeyFile::There(text),
            Err(error) => KeyFile::Damaged(error.to_string()),
        })
    }

    /// Something that only a node with an identity leaves behind; nothing in a home that was never used. Settings, logs
    /// and the lock are there before the key is.
    ///
    /// # Errors
    /// If the home cannot be looked at.
    pub fn sign_of_use(&self) -> Result<Option<PathBuf>, HomeError> {
        for folder in [self.messages_folder(), self.peers_folder(), self.traces_folder()] {
            let entries = match fs::read_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                other => other.map_err(at("look into", &folder))?,
            };
            let mut files = Vec::new();
            for entry in entries {
                files.push(entry.map_err(at("look into", &folder))?.path());
            }
            if let Some(first) = files.into_iter().min() {
                return Ok(Some(first));
            }
        }
        let api = self.api_file();
        Ok(api.try_exists().map_err(at("look for", &api))?.then_some(api))
    }

    /// Notes that the key of this identity is about to be made, durably. It is new until [`Home::has_begun`].
    ///
    /// # Errors
    /// If that cannot be written.
    pub fn note_new(&self, id: &NodeId) -> Result<(), HomeError> {
        write_secret(&self.new_identity_file(), format!("{id}\n").as_bytes())
    }

    /// Whether this identity was made here, and no start has come as far as to write down that the home is its own.
    ///
    /// # Errors
    /// If that cannot be read.
    pub fn is_new(&self, id: &NodeId) -> Result<bool, HomeError> {
        let noted = read_secret(&self.new_identity_file())?;
        Ok(noted.is_some_and(|noted| noted.trim() == id.to_string()))
    }

    /// The databases say whose home this is: no identity is new here.
    ///
    /// # Errors
    /// If the note cannot be removed.
    pub fn has_begun(&self) -> Result<(), HomeError> {
        let path = self.new_identity_file();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at("remove", &path)(error)),
            _ => Ok(()),
        }
    }

    /// Moves something of the home out of the way, under a name that nothing has; it is not deleted. Says where it is.
    ///
    /// # Errors
    /// If it cannot be moved.
    pub fn set_aside(&self, path: &std::path::Path) -> Result<PathBuf, HomeError> {
        let named = |number: u32| {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".damaged-{number}"));
            PathBuf::from(name)
        };
        let free = (1..=u32::MAX).map(named).find(|name| fs::symlink_metadata(name).is_err());
        let aside = free.ok_or_else(|| at("move", path)(io::Error::other("every name is taken")))?;
        fs::rename(path, &aside).map_err(at("move", path))?;
        Ok(aside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::IdentityKey;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("home"));
        home.prepare().expect("prepared");
        (folder, home)
    }

    #[test]
    fn a_home_is_used_when_something_of_an_identity_is_there() {
        let (_folder, home) = home();
        fs::write(home.config_file(), "").expect("written");
        fs::write(home.log_folder().join("log"), "").expect("written");
        drop(home.lock().expect("locked"));
        assert_eq!(home.sign_of_use().expect("looked"), None);
        for sign in [
            home.messages_database(),
            home.messages_folder().join("messages.db-wal"),
            home.peers_database(),
            home.dht_nodes_file(),
            home.traces_folder().join("trace-000000.jsonl"),
            home.api_file(),
        ] {
            fs::write(&sign, "").expect("written");
            assert_eq!(home.sign_of_use().expect("looked"), Some(sign.clone()));
            fs::remove_file(&sign).expect("removed");
        }
    }

    #[test]
    fn an_identity_is_new_until_it_has_begun_and_no_other_is() {
        let (_folder, home) = home();
        let [one, other] = [1, 2].map(|byte| NodeId::from_bytes([byte; 32]));
        assert!(!home.is_new(&one).expect("looked"));
        home.note_new(&one).expect("written");
        assert!(home.is_new(&one).expect("looked") && !home.is_new(&other).expect("looked"));
        assert_eq!(home.sign_of_use().expect("looked"), None, "it is no sign of use");
        home.note_new(&other).expect("written");
        assert!(!home.is_new(&one).expect("looked") && home.is_new(&other).expect("looked"));
        home.has_begun().expect("removed");
        assert!(!home.is_new(&other).expect("looked"));
        home.has_begun().expect("it is gone already");
    }

    #[test]
    fn what_is_no_key_is_told_from_none() {
        let (_folder, home) = home();
        assert!(matches!(home.key_state().expect("looked"), KeyFile::Missing));
        for (text, what) in [("", "empty"), (" \n", "empty"), ("something else", "")] {
            home.replace_key(text).expect("written");
            let KeyFile::Damaged(why) = home.key_state().expect("looked") else { panic!("{text:?}") };
            assert!(why.contains(what), "{why}");
        }
        let aside = home.set_aside(&home.key_file()).expect("moved");
        assert_eq!(fs::read_to_string(aside).expect("it is not deleted"), "something else");
        fs::create_dir(home.key_file()).expect("made");
        assert!(matches!(home.key_state().expect("looked"), KeyFile::Damaged(_)));
        let aside = home.set_aside(&home.key_file()).expect("moved");
        assert!(aside.is_dir() && aside.ends_with("identity.key.damaged-2"));
        std::os::unix::fs::symlink("nowhere", home.key_file()).expect("linked");
        assert!(matches!(home.key_state().expect("looked"), KeyFile::Damaged(_)));
        fs::remove_file(home.key_file()).expect("removed");
        home.create_key(&key_file::encode_plain(&IdentityKey::from_seed(&[7; 32]))).expect("kept");
        assert!(matches!(home.key_state().expect("looked"), KeyFile::There(_)));
    }
}
