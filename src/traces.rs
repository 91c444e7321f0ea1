//! Traces on disk: a folder with a bounded number of bounded files, each of which replays alone.
//!
//! A ring knows nothing of what a trace says. It is given bytes, says when a file is full, and is then given the
//! opening (header and snapshot) of the next. Files are only ever appended to, so that after a crash all that was
//! flushed is there. What it finds in its folder and has not written by name and shape it leaves alone. When the disk
//! cannot take more, or somebody has removed the file or the folder, it says so once and pauses, and makes them again
//! when it can: whatever a node does, it does it with a full disk too.

// Of the rim: this is where files are written.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use automata_runtime::trace::Output;

/// Bounds of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Files in the folder, the one that is written to included; at least 2.
    pub files: usize,
    /// A file that has reached this is followed by another. It may end somewhat beyond: what is written at once stays
    /// together, and an opening takes the room that it needs.
    pub file_bytes: u64,
    /// Bytes that are held in memory before they are handed to the system.
    pub buffer_bytes: usize,
}

impl Default for Limits {
    /// 8 files of 16 MiB: at some 300 bytes for a delivery, the last 450 000.
    fn default() -> Self {
        Self { files: 8, file_bytes: 16 * 1024 * 1024, buffer_bytes: 64 * 1024 }
    }
}

/// A file of the ring.
struct Open {
    file: Output<File>,
    /// By which the system knows it.
    identity: (u64, u64),
    path: PathBuf,
    /// Handed over or in the buffer.
    bytes: u64,
}

impl Open {
    /// An error if somebody has removed or moved the file.
    fn is_in_place(&self) -> io::Result<()> {
        match fs::metadata(&self.path) {
            Ok(found) if identity(&found) == self.identity => Ok(()),
            Ok(_) => Err(gone(&self.path)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Err(gone(&self.path))
            }
            Err(error) => Err(told(&self.path, "cannot be looked at", &error)),
        }
    }
}

fn gone(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("{} was removed while it was written to", path.display()))
}

fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// A folder of traces.
pub struct Ring {
    folder: PathBuf,
    limits: Limits,
    /// Number of the next file.
    next: u64,
    /// That of the first of this run, which stays: it says how everything began, whatever floods the ring later.
    first: Option<u64>,
    open: Option<Open>,
    buffer: Vec<u8>,
    /// What was to be written could not be: nothing is, until [`Ring::begin`] succeeds again.
    is_paused: bool,
    /// Bytes of lines that were dropped since the last attempt.
    dropped: u64,
    /// Why the last attempt failed.
    problem: Option<String>,
}

/// While the ring is paused, it asks for another attempt each time that so many bytes of lines were dropped: an opening
/// is not for nothing.
pub const RETRY_BYTES: u64 = 1024 * 1024;

/// A file is called `trace-NNNNNNNNNN.jsonl`: names sort as the files came to be.
const PREFIX: &str = "trace-";
const SUFFIX: &str = ".jsonl";
const DIGITS: usize = 10;

impl Ring {
    /// Makes the folder if it is not there. Nothing is written before [`Ring::begin`], and no file that is there
    /// already is written to again.
    ///
    /// # Errors
    /// If the folder cannot be made or listed.
    pub fn open(folder: impl Into<PathBuf>, limits: Limits) -> io::Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(|error| told(&folder, "cannot be made", &error))?;
        let next = numbers(&folder)?.last().map_or(0, |last| last + 1);
        let limits = Limits { files: limits.files.max(2), ..limits };
        Ok(Self {
            folder,
            limits,
            next,
            first: None,
            open: None,
            buffer: Vec::new(),
            is_paused: false,
            dropped: 0,
            problem: None,
        })
    }

    /// Whether the next thing has to be [`Ring::begin`], with an opening made at this moment: at first, and whenever a
    /// file is full. While the ring is paused it is so by and by, to try again ([`RETRY_BYTES`]).
    #[must_use]
    pub fn needs_opening(&self) -> bool {
        match &self.open {
            Some(open) => open.bytes >= self.limits.file_bytes,
            None => !self.is_paused || self.dropped >= RETRY_BYTES,
        }
    }

    /// The file that is written to.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.open.as_ref().map(|open| open.path.as_path())
    }

    /// Whether anything is in memory that was not handed to the system yet.
    #[must_use]
    pub fn holds_back(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Whether the last attempt to write failed. Then lines are dropped; the next file begins with a snapshot, so
    /// nothing of them is needed.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Why nothing is kept now.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// While the ring is paused: it is to be tried again now ([`Ring::needs_opening`]).
    pub fn try_again(&mut self) {
        self.dropped = self.dropped.max(RETRY_BYTES);
    }

    /// Ends the file at hand and begins another with these two lines; files beyond the limit go, the oldest first. What
    /// was written before has to be in the ring already: the snapshot follows upon it.
    ///
    /// # Errors
    /// If the file cannot be made, written or an old one removed, with its path and the reason. The ring is paused
    /// then. That a further attempt failed too is no error: it was told already.
    pub fn begin(&mut self, opening: &[u8]) -> io::Result<()> {
        // The old file may well be unable to take its end while a new one is possible again, after somebody made room.
        let was_paused = self.is_paused;
        let ended = if was_paused { Ok(()) } else { self.end() };
        self.open = None;
        self.buffer.clear();
        let begun = ended.and_then(|()| self.make_folder()).and_then(|()| self.make_room());
        let begun = begun.and_then(|()| self.create());
        let begun = begun.and_then(|()| {
            self.is_paused = false;
            self.write(opening)?;
            self.flush()
        });
        self.is_paused = begun.is_err();
        self.problem = begun.as_ref().err().map(ToString::to_string);
        self.dropped = 0;
        if self.is_paused {
            self.open = None;
        }
        if was_paused { Ok(()) } else { begun }
    }

    /// Adds whole lines. They are in memory until [`Limits::buffer_bytes`] have come together, or [`Ring::flush`].
    /// Without a file, or paused, they are dropped.
    ///
    /// # Errors
    /// If the file cannot be written, with its path and the reason: once, then the ring is paused.
    pub fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let Some(open) = self.open.as_mut().filter(|_| !self.is_paused) else {
            self.dropped += lines.len() as u64;
            return Ok(());
        };
        open.bytes += lines.len() as u64;
        self.buffer.extend_from_slice(lines);
        if self.buffer.len() >= self.limits.buffer_bytes { self.flush() } else { Ok(()) }
    }

    /// Hands all that is in memory to the operating system: from then on it survives the end of this process, however
    /// that comes.
    ///
    /// # Errors
    /// As [`Ring::write`].
    pub fn flush(&mut self) -> io::Result<()> {
        let Some(open) = self.open.as_mut().filter(|_| !self.is_paused) else { return Ok(()) };
        let written = open.file.write(&self.buffer).map_err(|error| told(&open.path, "cannot be written", &error));
        // What is written into a file that was removed is nowhere.
        let outcome = written.and_then(|()| open.is_in_place());
        self.buffer.clear();
        if let Err(error) = &outcome {
            self.is_paused = true;
            self.open = None;
            self.problem = Some(error.to_string());
            if error.kind() == io::ErrorKind::NotFound {
                self.try_again();
            }
        }
        outcome
    }

    /// Writes the line by which a reader knows that the trace was not cut off, and sees to it that the file survives a
    /// loss of power. [`Ring::begin`] does it for a file that is full, and dropping the ring does it too, though then
    /// nobody learns of an error.
    ///
    /// # Errors
    /// As [`Ring::write`].
    pub fn end(&mut self) -> io::Result<()> {
        self.flush()?;
        let Some(Open { file, path, .. }) = self.open.take() else { return Ok(()) };
        let ended = file.close().and_then(|file| file.sync_data());
        self.is_paused = ended.is_err();
        ended.map_err(|error| told(&path, "cannot be written", &error))
    }

    fn make_folder(&self) -> io::Result<()> {
        fs::create_dir_all(&self.folder).map_err(|error| told(&self.folder, "cannot be made", &error))
    }

    /// Removes the oldest files, but not the first of this run, so that there is room for one more.
    fn make_room(&self) -> io::Result<()> {
        let numbers = numbers(&self.folder)?;
        let excess = (numbers.len() + 1).saturating_sub(self.limits.files);
        for number in numbers.iter().filter(|number| self.first != Some(**number)).take(excess) {
            let path = self.folder.join(name(*number));
            fs::remove_file(&path).map_err(|error| told(&path, "cannot be removed", &error))?;
        }
        Ok(())
    }

    fn create(&mut self) -> io::Result<()> {
        loop {
            let path = self.folder.join(name(self.next));
            self.next += 1;
            match OpenOptions::new().append(true).create_new(true).open(&path) {
                Ok(file) => {
                    self.first.get_or_insert(self.next - 1);
                    let identity = identity(&file.metadata()?);
                    self.open = Some(Open { file: Output::new(file), identity, path, bytes: 0 });
                    return Ok(());
                }
                // Somebody else wrote it since; it is not ours.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(told(&path, "cannot be made", &error)),
            }
        }
    }
}

/// Nobody has to remember the end of the last file. What goes wrong here is not told: who wants to know calls
/// [`Ring::end`].
impl Drop for Ring {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = self.end();
        }
    }
}

fn name(number: u64) -> String {
    format!("{PREFIX}{number:0DIGITS$}{SUFFIX}")
}

/// The number of a file that is called as ours are; none for any other.
fn number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let is_ours = digits.len() >= DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|&number| is_ours && self::name(number) == name)
}

/// Numbers of our files, the oldest first.
fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let listed = |error| told(folder, "cannot be listed", &error);
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder).map_err(listed)? {
        let entry = entry.map_err(listed)?;
        // A folder or a link of that name is somebody else's.
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        numbers.extend(entry.file_name().to_str().and_then(number).filter(|_| is_file));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The error with what a person needs to know.
fn told(path: &Path, what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{} {what}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Limits = Limits { files: 3, file_bytes: 100, buffer_bytes: 20 };

    fn files(folder: &Path) -> Vec<(String, String)> {
        let entries = fs::read_dir(folder).expect("it can be listed").map(|entry| entry.expect("an entry").path());
        let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = |path: &Path| fs::read_to_string(path).unwrap_or_default();
        let mut files: Vec<_> = entries.map(|path| (name(&path), text(&path))).collect();
        files.sort();
        files
    }

    /// As a node does it: an opening when one is needed, then lines.
    fn record(ring: &mut Ring, lines: impl Iterator<Item = usize>) {
        for number in lines {
            if ring.needs_opening() {
                ring.begin(format!("head\nsnapshot {number}\n").as_bytes()).expect("there is room");
            }
            ring.write(format!("line {number} of some length\n").as_bytes()).expect("there is room");
        }
    }

    #[test]
    fn each_file_opens_with_what_it_needs_and_ends_in_good_order() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let mut ring = Ring::open(folder.path(), SMALL).expect("it is ours");
        assert!(ring.needs_opening() && ring.path().is_none());
        record(&mut ring, 0..8);
        ring.end().expect("there is room");
        let files = files(folder.path());
        assert_eq!(
            files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["trace-0000000000.jsonl", "trace-0000000001.jsonl"]
        );
        let mut next = 0;
        for (name, text) in files {
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(lines[1], format!("snapshot {next}"), "{name} follows upon the one before");
            next += lines.len() - 3;
            assert_eq!(lines[lines.len() - 1], format!("{{\"end\":{{\"lines\":{}}}}}", lines.len() - 1));
        }
        assert_eq!(next, 8);
    }

    #[test]
    fn the_oldest_files_go_and_others_stay() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let others = ["notes.txt", "trace-1.jsonl", "trace-0000000000.jsonl.bak", "trace-000000000x.jsonl"];
        for name in others {
            fs::write(folder.path().join(name), "not ours").expect("it can be written");
        }
        fs::create_dir(folder.path().join("trace-0000000001.jsonl")).expect("it can be made");
        let mut ring = Ring::open(folder.path(), SMALL).expect("it is ours");
        record(&mut ring, 0..40);
        ring.flush().expect("there is room");
        let files = files(folder.path());
        for name in others.iter().chain(&["trace-0000000001.jsonl"]) {
            assert!(files.iter().any(|(known, text)| known == name && text.as_str() != "line"), "{name} is gone");
        }
        let ours: Vec<&String> =
            files.iter().map(|(name, _)| name).filter(|name| !others.contains(&name.as_str())).collect();
        assert_eq!(ours.len(), 3 + 1, "{ours:?}");
        assert!(files.iter().any(|(_, text)| text.contains("line 39 ")), "the newest is there");
        assert!(files.iter().any(|(_, text)| text.contains("line 0 ")), "and the first of the run");
        assert!(!files.iter().any(|(_, text)| text.contains("line 20 ")), "others are not");
    }

    #[test]
    fn a_new_ring_goes_on_behind_the_old_one_and_leaves_its_files() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let mut ring = Ring::open(folder.path(), SMALL).expect("it is ours");
        record(&mut ring, 0..2);
        ring.flush().expect("there is room");
        // No end: as after kill -9.
        std::mem::forget(ring);
        let before = files(folder.path());
        let mut ring = Ring::open(folder.path(), SMALL).expect("it is ours");
        assert!(ring.needs_opening());
        record(&mut ring, 2..3);
        ring.end().expect("there is room");
        let after = files(folder.path());
        assert_eq!(after[0], before[0]);
        assert_eq!(after[1].0, "trace-0000000001.jsonl");
        assert!(after[1].1.starts_with("head\nsnapshot 2\nline 2 "));
    }

    #[test]
    fn a_ring_that_is_dropped_ends_its_file_in_good_order() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let mut ring = Ring::open(folder.path(), SMALL).expect("it is ours");
        ring.begin(b"h\ns\n").expect("there is room");
        ring.write(b"in memory\n").expect("there is room");
        drop(ring);
        assert_eq!(files(folder.path())[0].1, "h\ns\nin memory\n{\"end\":{\"lines\":3}}\n");
    }

    #[test]
    fn what_was_flushed_is_there_and_the_rest_when_enough_came_together() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let mut ring = Ring::open(folder.path(), SMALL).expect("it is ours");
        ring.begin(b"h\ns\n").expect("there is room");
        let text = || files(folder.path())[0].1.clone();
        assert_eq!(text(), "h\ns\n", "an opening is flushed at once");
        ring.write(b"short\n").expect("there is room");
        assert_eq!(text(), "h\ns\n");
        ring.flush().expect("there is room");
        assert_eq!(text(), "h\ns\nshort\n");
        ring.write(b"a line of more than twenty bytes\n").expect("there is room");
        assert!(text().ends_with("bytes\n"));
    }

    #[cfg(unix)]
    #[test]
    fn a_full_disk_is_told_once_and_recording_goes_on_when_there_is_room() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let mut ring = Ring::open(folder.path(), SMALL).expect("it is ours");
        ring.begin(b"h\ns\n").expect("there is room");
        // Linux has a device that is always full.
        let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else { return };
        if let Some(open) = &mut ring.open {
            open.file = Output::new(full);
        }
        ring.write(b"some\n").expect("it is in memory still");
        let error = ring.flush().expect_err("the device is full");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains("trace-0000000000.jsonl cannot be written"), "{error}");
        assert!(ring.is_paused() && !ring.needs_opening());
        ring.write(&vec![b'\n'; RETRY_BYTES as usize]).expect("told once");
        assert!(ring.needs_opening(), "it tries again by and by");
        ring.flush().expect("told once");
        ring.begin(b"h\ns 2\n").expect("there is room again");
        ring.write(b"more\n").expect("there is room again");
        ring.end().expect("there is room again");
        let files = files(folder.path());
        assert_eq!(files[1].1, "h\ns 2\nmore\n{\"end\":{\"lines\":3}}\n");
    }

    #[test]
    fn a_folder_that_cannot_be_is_an_error_that_says_so() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let file = folder.path().join("file");
        fs::write(&file, "").expect("it can be written");
        let error = Ring::open(file.join("traces"), SMALL).err().expect("a file is no folder");
        assert!(error.to_string().contains("cannot be made"), "{error}");
    }

    #[test]
    fn a_folder_that_vanished_is_told_and_made_again() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let inside = folder.path().join("traces");
        let mut ring = Ring::open(&inside, SMALL).expect("it is ours");
        ring.begin(b"h\ns\n").expect("there is room");
        fs::remove_dir_all(&inside).expect("it is ours");
        ring.write(b"lost\n").expect("it is in memory");
        let error = ring.flush().expect_err("nobody would find it").to_string();
        assert!(error.contains("trace-0000000000.jsonl was removed") && ring.problem() == Some(&error), "{error}");
        assert!(ring.is_paused() && ring.needs_opening(), "it tries again at once");
        ring.begin(b"h\ns 2\n").expect("it is made again");
        assert!(!ring.is_paused() && ring.problem().is_none());
        assert_eq!(files(&inside), [("trace-0000000001.jsonl".to_owned(), "h\ns 2\n".to_owned())]);
    }

    #[test]
    fn a_file_that_was_moved_away_is_told_and_another_begun() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let mut ring = Ring::open(folder.path(), SMALL).expect("it is ours");
        ring.begin(b"h\ns\n").expect("there is room");
        let path = ring.path().expect("it is open").to_owned();
        fs::rename(&path, folder.path().join("kept")).expect("it is ours");
        fs::write(&path, "somebody else's").expect("it is ours");
        ring.write(b"lost\n").expect("it is in memory");
        ring.flush().expect_err("it is another file");
        ring.begin(b"h\ns 2\n").expect("there is room");
        assert_eq!(fs::read_to_string(path).expect("it is there"), "somebody else's");
    }

    #[test]
    fn a_folder_in_whose_place_something_else_is_pauses_the_ring() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let inside = folder.path().join("traces");
        let mut ring = Ring::open(&inside, SMALL).expect("it is ours");
        fs::remove_dir(&inside).expect("it is empty");
        fs::write(&inside, "no folder").expect("it is ours");
        let error = ring.begin(b"h\ns\n").expect_err("there is no folder").to_string();
        assert!(error.contains("traces cannot be made") && ring.problem() == Some(&error), "{error}");
        ring.write(b"dropped\n").expect("told once");
        ring.begin(b"h\ns\n").expect("told once");
        assert!(ring.is_paused() && !ring.needs_opening());
        fs::remove_file(&inside).expect("it is ours");
        ring.try_again();
        assert!(ring.needs_opening());
        ring.begin(b"h\ns\n").expect("it can be made");
        assert!(!ring.is_paused());
    }

    #[test]
    fn names_sort_as_they_came_to_be() {
        let names: Vec<String> = [0, 9, 10, 99_999, 9_999_999_999].map(name).to_vec();
        assert!(names.is_sorted());
        assert!(names.iter().zip([0, 9, 10, 99_999, 9_999_999_999]).all(|(name, of)| number(name) == Some(of)));
        for name in ["trace-00000000010.jsonl", "trace-1.jsonl", "trace-+000000001.jsonl", "x"] {
            assert_eq!(number(name), None, "{name}");
        }
    }
}
