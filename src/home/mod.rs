//! The home folder: where everything lies, who may read it, and that only one node uses it; and what is in it or made
//! with it: settings, passphrase, backups, logs. The node uses it, and the command line where no node runs.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "files, clocks and the environment")]

pub mod backup;
pub mod clock;
pub mod config;
pub mod entropy;
mod lock;
mod log_file;
pub mod logging;
pub mod passphrase;
pub mod used;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::privacy::{self, NotPrivate};
pub use lock::{Holder, HomeLock, LOCK_PATIENCE};

/// Bytes of a key file or of `api.json`, at most.
const SECRET_BYTES: u64 = 16 * 1024;

/// The key below the home folder.
const KEY_FILE: &str = "identity.key";

/// The home folder of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    folder: PathBuf,
}

impl Home {
    /// The home in this folder. Touches nothing.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Makes the folder and those in it, if they are not there, for the owner alone.
    ///
    /// # Errors
    /// If they cannot be made, something else is in the place of one, or others can get at one that is there. Then none
    /// was made.
    pub fn prepare(&self) -> Result<(), HomeError> {
        let folders = self.folders();
        for folder in &folders {
            self.look_at_folder(folder)?;
        }
        for folder in &folders {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at("make the folder", folder))?;
        }
        Ok(())
    }

    /// The home folder, and those in it.
    fn folders(&self) -> [PathBuf; 5] {
        [self.folder.clone(), self.messages_folder(), self.peers_folder(), self.traces_folder(), self.log_folder()]
    }

    /// Whether one of the folders can be used as it is, or is not there and can be made.
    fn look_at_folder(&self, folder: &Path) -> Result<(), HomeError> {
        match fs::metadata(folder) {
            Ok(metadata) if metadata.is_dir() => {
                privacy::of_folder(folder, &metadata).map_err(|open| exposed(open, &self.folder))
            }
            Ok(_) => Err(HomeError::NoFolder { path: folder.to_owned(), what: "a file is in its place" }),
            // What a link leads to is not made.
            Err(_) if folder.is_symlink() => {
                Err(HomeError::NoFolder { path: folder.to_owned(), what: "it is a link that leads to no folder" })
            }
            // It is not there, or making it says why it cannot be looked at.
            Err(_) => Ok(()),
        }
    }

    /// Keeps the text of a new key, durably. A key that is there is never overwritten.
    ///
    /// # Errors
    /// If there is one, or the file cannot be written.
    pub fn create_key(&self, text: &str) -> Result<(), HomeError> {
        let path = self.key_file();
        if path.try_exists().map_err(at("look for", &path))? {
            return Err(HomeError::KeyExists { path });
        }
        self.replace_key(text)
    }

    /// Keeps the text of a key in place of the one that is there: for a new passphrase of the same key.
    ///
    /// # Errors
    /// If the file cannot be written; then the old one is still there.
    pub fn replace_key(&self, text: &str) -> Result<(), HomeError> {
        write_secret(&self.key_file(), text.as_bytes())
    }

    /// The text of the key; `None` before the first run.
    ///
    /// # Errors
    /// If others can get at it or at the home, or it cannot be read.
    pub fn read_key(&self) -> Result<Option<Zeroizing<String>>, HomeError> {
        privacy::of_home(&self.folder).map_err(|open| exposed(open, &self.folder))?;
        read_secret(&self.key_file())
    }

    /// Tells client commands where the API is and how to get in.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_api_file(&self, json: &str) -> Result<(), HomeError> {
        write_secret(&self.api_file(), json.as_bytes())
    }

    /// What client commands are told; `None` if no node says that it runs.
    ///
    /// # Errors
    /// If others may read it, or it cannot be read.
    pub fn read_api_file(&self) -> Result<Option<Zeroizing<String>>, HomeError> {
        read_secret(&self.api_file())
    }

    /// Keeps the certificates of the API, with their keys.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_certificates(&self, text: &str) -> Result<(), HomeError> {
        write_secret(&self.certificates_file(), text.as_bytes())
    }

    /// The certificates that were kept; `None` if there are none.
    ///
    /// # Errors
    /// If others may read them, or they cannot be read.
    pub fn read_certificates(&self) -> Result<Option<Zeroizing<String>>, HomeError> {
        read_secret(&self.certificates_file())
    }

    /// The API is gone.
    ///
    /// # Errors
    /// If the file cannot be removed.
    pub fn remove_api_file(&self) -> Result<(), HomeError> {
        let path = self.api_file();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at("remove", &path)(error)),
            _ => Ok(()),
        }
    }

    /// Which of the home's files and folders others can get at: for `doctor`.
    ///
    /// # Errors
    /// If the home cannot be looked at.
    pub fn open_to_others(&self) -> Result<Vec<NotPrivate>, HomeError> {
        let mut found = Vec::new();
        for folder in self.folders() {
            match self.look_at_folder(&folder) {
                Err(HomeError::NotPrivate { open, .. }) => found.push(open),
                other => other?,
            }
        }
        for path in [self.key_file(), self.api_file(), self.certificates_file(), self.config_file()] {
            match fs::metadata(&path) {
                Ok(metadata) => found.extend(privacy::of_file(&path, &metadata).err()),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at("look at", &path)(error)),
                Err(_) => {}
            }
        }
        Ok(found)
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// `config.toml`: the settings.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.folder.join("config.toml")
    }

    /// `identity.key`: the key, mode 0600.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        self.folder.join(KEY_FILE)
    }

    /// `identity.new`: whose key was made here, until the databases say whose home it is.
    #[must_use]
    pub fn new_identity_file(&self) -> PathBuf {
        self.folder.join("identity.new")
    }

    /// `api.json`: where a running node answers, mode 0600.
    #[must_use]
    pub fn api_file(&self) -> PathBuf {
        self.folder.join("api.json")
    }

    /// `webtransport.json`: the certificates of the API over WebTransport, with their keys, mode 0600.
    #[must_use]
    pub fn certificates_file(&self) -> PathBuf {
        self.folder.join("webtransport.json")
    }

    /// `lock`: held by the node that runs, with its process id.
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        self.folder.join("lock")
    }

    /// `messages/`.
    #[must_use]
    pub fn messages_folder(&self) -> PathBuf {
        self.folder.join("messages")
    }

    /// `messages/messages.db`: contacts, messages, documents.
    #[must_use]
    pub fn messages_database(&self) -> PathBuf {
        self.messages_folder().join("messages.db")
    }

    /// `peers/`.
    #[must_use]
    pub fn peers_folder(&self) -> PathBuf {
        self.folder.join("peers")
    }

    /// `peers/peers.db`: known peers.
    #[must_use]
    pub fn peers_database(&self) -> PathBuf {
        self.peers_folder().join("peers.db")
    }

    /// `peers/dht-nodes`: nodes of the DHT that answered the last time, one to a line.
    #[must_use]
    pub fn dht_nodes_file(&self) -> PathBuf {
        self.peers_folder().join("dht-nodes")
    }

    /// `traces/`: the ring of trace files.
    #[must_use]
    pub fn traces_folder(&self) -> PathBuf {
        self.folder.join("traces")
    }

    /// `log/`.
    #[must_use]
    pub fn log_folder(&self) -> PathBuf {
        self.folder.join("log")
    }
}

/// Writes a file for the owner alone, durably and at once: whoever reads it finds the old contents or the new ones.
pub(super) fn write_secret(path: &Path, contents: &[u8]) -> Result<(), HomeError> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.partial", std::process::id()));
    let partial = PathBuf::from(partial);
    let write = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
        file.write_all(contents)?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    };
    write().map_err(|error| {
        // The first error is the one to tell.
        let _ = fs::remove_file(&partial);
        at("write", path)(error)
    })
}

fn read_secret(path: &Path) -> Result<Option<Zeroizing<String>>, HomeError> {
    let failed = at("read", path);
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(&failed)?,
    };
    let judged = privacy::of_file(path, &file.metadata().map_err(&failed)?);
    judged.map_err(|open| exposed(open, path.parent().unwrap_or(Path::new("."))))?;
    // Made as large as it may become, so that growing leaves no copies of a secret behind.
    let mut text = Zeroizing::new(String::with_capacity(SECRET_BYTES as usize + 1));
    file.take(SECRET_BYTES + 1).read_to_string(&mut text).map_err(&failed)?;
    if text.len() as u64 > SECRET_BYTES {
        return Err(failed(io::Error::other("it is far too long")));
    }
    Ok(Some(text))
}

/// Others can get at that home, or at a file in it.
fn exposed(open: NotPrivate, home: &Path) -> HomeError {
    HomeError::NotPrivate { open, has_key: home.join(KEY_FILE).symlink_metadata().is_ok() }
}

fn at(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> HomeError + use<> {
    let path = path.to_owned();
    move |source| HomeError::File { doing, path: path.clone(), source }
}

/// What is wrong with a home.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Another process uses it.
    #[error(
        "{} is in use by {}: stop that node first, or name another home with `--home DIR`",
        .home.display(),
        .process.map_or("another process".to_owned(), |process| format!("the process {process}"))
    )]
    Taken {
        /// Which home.
        home: PathBuf,
        /// Who, if that is written there.
        process: Option<u32>,
    },
    /// There is a key, which must not be overwritten.
    #[error("{} exists already, and is left as it is: a lost key cannot be made again", .path.display())]
    KeyExists {
        /// Where.
        path: PathBuf,
    },
    /// Others can get at the home, or at a secret in it.
    #[error("{open}{}", if *.has_key { format!(". {}", privacy::KEY_MAY_BE_READ) } else { String::new() })]
    NotPrivate {
        /// What is open to them.
        open: NotPrivate,
        /// There is a key in this home, which somebody may have read.
        has_key: bool,
    },
    /// Something else is where a folder of the home has to be.
    #[error("{} is not a folder: {what}; move it away, or use another home: `--home DIR`", .path.display())]
    NoFolder {
        /// Where.
        path: PathBuf,
        /// What is there.
        what: &'static str,
    },
    /// The system refuses.
    #[error("cannot {doing} {}: {source}", .path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl HomeError {
    /// What kind of error the system has given, if it was one of the system.
    #[must_use]
    pub fn kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::File { source, .. } => Some(source.kind()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    pub(super) fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("home"));
        home.prepare().expect("prepared");
        (folder, home)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").mode() & 0o777
    }

    #[test]
    fn everything_is_for_the_owner_alone() {
        let (_folder, home) = home();
        home.prepare().expect("again");
        home.create_key("secret").expect("kept");
        home.write_api_file("{}").expect("written");
        for path in [home.folder(), &home.messages_folder(), &home.log_folder()] {
            assert_eq!(mode(path), 0o700, "{}", path.display());
        }
        for path in [home.key_file(), home.api_file()] {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
        assert_eq!(home.open_to_others().expect("looked"), []);
        assert_eq!(home.read_api_file().expect("read").expect("there").as_str(), "{}");
        home.remove_api_file().expect("removed");
        home.remove_api_file().expect("it is gone already");
        assert_eq!(home.read_api_file().expect("read"), None);
    }

    #[test]
    fn a_key_is_never_overwritten_by_a_new_one() {
        let (_folder, home) = home();
        assert_eq!(home.read_key().expect("read"), None);
        home.create_key("first").expect("kept");
        assert!(matches!(home.create_key("second"), Err(HomeError::KeyExists { .. })));
        assert_eq!(home.read_key().expect("read").expect("there").as_str(), "first");
        home.replace_key("encrypted").expect("kept");
        assert_eq!(home.read_key().expect("read").expect("there").as_str(), "encrypted");
        let files = fs::read_dir(home.folder()).expect("read").count();
        assert_eq!(files, 5, "four folders, one key, and nothing left over");
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let (_folder, home) = home();
        home.create_key("secret").expect("kept");
        fs::set_permissions(home.key_file(), fs::Permissions::from_mode(0o640)).expect("set");
        let error = home.read_key().expect_err("open").to_string();
        assert!(error.contains("chmod 600") && error.contains("0640") && !error.contains("secret"), "{error}");
        let found = home.open_to_others().expect("looked");
        assert_eq!(found.iter().map(|it| &it.path).collect::<Vec<_>>(), [&home.key_file()]);
    }

    #[test]
    fn a_home_that_others_can_look_into_is_refused_before_anything_is_made_or_read() {
        let (_folder, home) = home();
        home.create_key("secret").expect("kept");
        fs::remove_dir(home.log_folder()).expect("it is empty");
        fs::set_permissions(home.folder(), fs::Permissions::from_mode(0o750)).expect("set");
        for error in [home.prepare().expect_err("open"), home.read_key().expect_err("open")] {
            assert!(error.to_string().contains(&format!("chmod 700 '{}'", home.folder().display())), "{error}");
        }
        assert!(!home.log_folder().exists());
    }

    #[test]
    fn a_folder_of_the_home_that_others_can_look_into_is_refused_and_found() {
        let (_folder, home) = home();
        for folder in &home.folders()[1..] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("set");
            let error = home.prepare().expect_err("open").to_string();
            assert!(error.contains(&format!("chmod 700 '{}'", folder.display())), "{error}");
            let found = home.open_to_others().expect("looked");
            assert_eq!(found.iter().map(|it| &it.path).collect::<Vec<_>>(), [folder]);
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("set");
        }
        home.prepare().expect("they are the owner's alone");
    }

    #[test]
    fn what_is_in_the_place_of_a_folder_is_named_and_nothing_is_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let [in_place, link] = ["file", "link"].map(|name| folder.path().join(name));
        fs::write(&in_place, "x").expect("written");
        std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).expect("made");
        for path in [&in_place, &link] {
            let error = Home::at(path).prepare().expect_err("no folder").to_string();
            assert!(error.starts_with(&format!("{} is not a folder: ", path.display())), "{error}");
            assert!(error.contains("`--home DIR`"), "{error}");
        }
        let home = Home::at(folder.path().join("home"));
        home.prepare().expect("prepared");
        fs::remove_dir(home.messages_folder()).expect("it is empty");
        fs::remove_dir(home.peers_folder()).expect("it is empty");
        fs::write(home.messages_folder(), "x").expect("written");
        let error = home.prepare().expect_err("no folder").to_string();
        assert!(error.contains(&format!("{} is not a folder: a file", home.messages_folder().display())), "{error}");
        assert!(!home.peers_folder().exists());
    }

    #[test]
    fn advice_about_a_key_is_for_a_home_that_has_one() {
        let (_folder, home) = home();
        let open = || {
            fs::set_permissions(home.folder(), fs::Permissions::from_mode(0o750)).expect("set");
            let said = home.prepare().expect_err("open").to_string();
            fs::set_permissions(home.folder(), fs::Permissions::from_mode(0o700)).expect("set");
            said
        };
        assert!(!open().contains("the key"), "{}", open());
        home.create_key("secret").expect("kept");
        assert!(open().ends_with("use another folder, with another key: `bitpie --home DIR run`"), "{}", open());
    }

    #[test]
    fn a_huge_key_file_is_not_read_into_memory() {
        let (_folder, home) = home();
        home.create_key(&"x".repeat(SECRET_BYTES as usize + 1)).expect("kept");
        assert!(home.read_key().expect_err("too long").to_string().contains("too long"));
    }
}
