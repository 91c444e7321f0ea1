//! `api.json` while the node runs: made again when somebody has removed it, for without it no program finds the node.

use std::convert::Infallible;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use anyhow::ensure;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::api::access::{Access, HttpAccess, Token};
use crate::api::server::LOOK_EVERY;
use crate::home::{Home, HomeLock};

/// The file of a node that runs.
pub(super) struct ApiFile {
    home: Home,
    lock: Arc<HomeLock>,
    access: Access,
    /// The file, open so that the system gives its number to no other.
    written: Option<File>,
    /// It is missing, and that has been told.
    is_missing: bool,
}

impl ApiFile {
    /// Makes the file, in a home that is locked.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn write(home: Home, lock: Arc<HomeLock>, access: Access) -> anyhow::Result<Self> {
        let mut file = Self { home, lock, access, written: None, is_missing: false };
        file.make()?;
        Ok(file)
    }

    /// Looks again and again whether it is still there, and says where the port of HTTP is, which needs the token.
    pub(super) async fn keep(&mut self, mut page: watch::Receiver<Option<SocketAddr>>, token: &Token) -> Infallible {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = looks.tick() => self.look(),
                changed = page.changed() => {
                    let address = *page.borrow_and_update();
                    self.set_http(address, token);
                    if changed.is_err() {
                        std::future::pending().await
                    }
                }
            }
        }
    }

    /// The port of HTTP is there now, or no longer. A home that has no socket is reached by a port of its own.
    fn set_http(&mut self, address: Option<SocketAddr>, token: &Token) {
        if self.access.socket.is_none() {
            return;
        }
        let here = |address: SocketAddr| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port());
        self.access.http = address.map(|address| HttpAccess { address: here(address), token: token.clone() });
        if let Err(error) = self.make() {
            tracing::warn!(%error, "api.json does not say where the port of HTTP is");
        }
    }

    fn look(&mut self) {
        if self.is_in_place() {
            self.is_missing = false;
            return;
        }
        match self.make() {
            Ok(()) => {
                self.is_missing = false;
                tracing::warn!("api.json was removed; another is written");
            }
            Err(error) if !self.is_missing => {
                self.is_missing = true;
                tracing::warn!(%error, "api.json was removed, and nobody finds the node until another can be written");
            }
            Err(_) => {}
        }
    }

    fn make(&mut self) -> anyhow::Result<()> {
        // In another folder the file can be another node's.
        ensure!(self.lock.is_of(self.home.folder()), "the home folder was removed or moved");
        self.home.write_api_file(&self.access.to_text())?;
        self.written = Some(File::open(self.home.api_file())?);
        Ok(())
    }

    fn is_in_place(&self) -> bool {
        let written = self.written.as_ref().and_then(|file| file.metadata().ok());
        let found = fs::symlink_metadata(self.home.api_file()).ok();
        written.zip(found).is_some_and(|(written, found)| (written.dev(), written.ino()) == (found.dev(), found.ino()))
    }

    /// The API is gone.
    pub(super) fn remove(self) {
        if self.lock.is_of(self.home.folder())
            && let Err(error) = self.home.remove_api_file()
        {
            tracing::warn!(%error, "api.json stays, though nobody answers there any more");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_removed_is_written_again_but_not_into_another_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("home"));
        home.prepare().expect("made");
        let lock = Arc::new(home.lock().expect("free"));
        let access = Access { process: 7, socket: Some("api.sock".to_owned()), http: None };
        let mut file = ApiFile::write(home.clone(), lock, access.clone()).expect("written");
        let read = || home.read_api_file().expect("private").map(|text| text.to_string());
        assert_eq!(read(), Some(access.to_text()));
        for _ in 0..2 {
            home.remove_api_file().expect("it is there");
            file.look();
            assert_eq!(read(), Some(access.to_text()));
        }
        // What is in its place cannot be overwritten, and then it can.
        home.remove_api_file().expect("it is there");
        fs::create_dir(home.api_file()).expect("made");
        file.look();
        assert!(file.is_missing);
        fs::remove_dir(home.api_file()).expect("it is empty");
        file.look();
        assert!(!file.is_missing && read().is_some());

        fs::rename(home.folder(), folder.path().join("moved")).expect("moved");
        home.prepare().expect("another is made");
        home.write_api_file("another node's").expect("written");
        file.look();
        file.remove();
        assert_eq!(read().as_deref(), Some("another node's"));
    }
}
