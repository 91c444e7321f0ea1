//! That only one process uses a home.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::{Home, HomeError, at};

/// How long a command waits for a home whose node is just stopping.
pub const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// How often it then looks again.
const LOCK_LOOK: Duration = Duration::from_millis(50);

impl Home {
    /// Takes the home for this process, until the lock is dropped. The system gives it back if the process dies.
    ///
    /// What is locked is the folder itself, which nobody can put another in the place of, as with a file in it that
    /// somebody deletes. The file says which process has it, and is locked too: older programs look at it, and some
    /// file systems lock no folders.
    ///
    /// # Errors
    /// If another process has it, which is named, or the file cannot be written.
    pub fn lock(&self) -> Result<HomeLock, HomeError> {
        let path = self.lock_file();
        let failed = at("lock the home by", &path);
        let folder = File::open(&self.folder).map_err(at("open", &self.folder))?;
        match folder.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(self.taken()),
            Err(TryLockError::Error(error)) if locks_no_folders(&error) => {
                tracing::warn!(%error, "this file system locks no folders: do not delete the file `lock` of the home");
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut options = OpenOptions::new();
        // Not truncated: as long as another has it, its process id stands there.
        let mut file =
            options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(&failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(self.taken()),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(failed)?;
        Ok(HomeLock { folder, _file: file })
    }

    /// The same, after waiting so long for another process to give the home back: a node that was told to stop needs a
    /// moment for it.
    ///
    /// # Errors
    /// As [`Home::lock`].
    pub fn lock_within(&self, patience: Duration) -> Result<HomeLock, HomeError> {
        let until = Instant::now() + patience;
        loop {
            match self.lock() {
                Err(HomeError::Taken { .. }) if Instant::now() < until => thread::sleep(LOCK_LOOK),
                outcome => return outcome,
            }
        }
    }

    /// The process that has the home, if one has it. What cannot be looked at is in nobody's hands.
    #[must_use]
    pub fn holder(&self) -> Option<Holder> {
        // Shared, so that two who look do not take each other for the holder.
        let is_held = |path: &Path| {
            File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
        };
        let lock_file = self.lock_file();
        let is_taken = is_held(&self.folder) || is_held(&lock_file);
        is_taken.then(|| Holder { process: self.written_process() })
    }

    /// Another process has the home.
    fn taken(&self) -> HomeError {
        HomeError::Taken { home: self.folder.clone(), process: self.written_process() }
    }

    /// The process that the file names. What cannot be read is not told.
    fn written_process(&self) -> Option<u32> {
        let mut text = String::new();
        let _ = File::open(self.lock_file()).and_then(|file| file.take(32).read_to_string(&mut text));
        text.trim().parse().ok()
    }
}

/// Who has a home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process, if that is written there.
    pub process: Option<u32>,
}

/// As long as it is there, no other process has this home.
#[derive(Debug)]
pub struct HomeLock {
    folder: File,
    _file: File,
}

impl HomeLock {
    /// Whether the folder at that path is the one that is locked, and not another that was put in its place.
    #[must_use]
    pub fn is_of(&self, path: &Path) -> bool {
        let (Ok(locked), Ok(found)) = (self.folder.metadata(), fs::metadata(path)) else { return false };
        (locked.dev(), locked.ino()) == (found.dev(), found.ino())
    }
}

/// Whether a file system cannot lock a folder, as one of the network that takes a lock for a writing.
fn locks_no_folders(error: &io::Error) -> bool {
    let told = Errno::from_io_error(error);
    told.is_some_and(|told| [Errno::BADF, Errno::INVAL, Errno::NOLCK, Errno::NOSYS, Errno::OPNOTSUPP].contains(&told))
}

#[cfg(test)]
mod tests {
    use super::super::tests::home;
    use super::*;

    #[test]
    fn one_process_has_the_home_and_the_other_is_told_which() {
        let (_folder, home) = home();
        let lock = home.lock().expect("free");
        let error = home.lock().expect_err("taken").to_string();
        assert!(error.contains(&format!("the process {}", std::process::id())), "{error}");
        // Whoever deletes the file takes the lock away from nobody.
        fs::remove_file(home.lock_file()).expect("it is there");
        home.lock().expect_err("taken still");
        assert!(!home.lock_file().exists());
        drop(lock);
        home.lock().expect("free again");
    }

    #[test]
    fn who_waits_for_a_home_gets_it_as_soon_as_it_is_given_back() {
        let (_folder, home) = home();
        assert_eq!(home.holder(), None);
        let lock = home.lock().expect("free");
        assert_eq!(home.holder(), Some(Holder { process: Some(std::process::id()) }));
        let error = home.lock_within(Duration::ZERO).expect_err("taken");
        assert!(matches!(error, HomeError::Taken { .. }), "{error}");
        let (waits, waiting) = std::sync::mpsc::channel();
        let other = home.clone();
        let waiter = thread::spawn(move || {
            other.lock().expect_err("taken");
            waits.send(()).expect("somebody listens");
            other.lock_within(Duration::from_secs(60))
        });
        waiting.recv().expect("it waits");
        drop(lock);
        let lock = waiter.join().expect("it did not panic").expect("given back");
        assert!(lock.is_of(home.folder()));
        drop(lock);
        assert_eq!(home.holder(), None);
    }

    #[test]
    fn a_folder_in_place_of_the_home_is_not_the_one_that_is_locked() {
        let (folder, home) = home();
        let lock = home.lock().expect("free");
        fs::rename(home.folder(), folder.path().join("moved")).expect("moved");
        assert!(!lock.is_of(home.folder()));
        home.prepare().expect("another is made");
        assert!(!lock.is_of(home.folder()));
        assert_eq!(home.holder(), None);
    }
}
