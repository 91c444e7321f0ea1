//! The file that the log is written to: one for each day, made again when somebody has removed it.
//!
//! Whoever writes to a file that was removed, or whose folder was, writes into nothing. So it is looked, at most once a
//! second, whether the file is still where it was; and what cannot be written is told and tried again.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing_appender::rolling::{Builder, InitError, RollingFileAppender, Rotation};

use super::clock::unix_ms;

/// How often it is looked, while something is written, whether the file is still in its place.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How a file is called: `bitpie.2026-01-31.log`.
const PREFIX: &str = "bitpie";
const SUFFIX: &str = "log";

/// Writes the log of each day into a file of its own.
pub(super) struct LogFile {
    folder: PathBuf,
    files: usize,
    /// What is written to; nothing as long as there can be none.
    inner: Option<RollingFileAppender>,
    /// By which the system knows the file of the day, once it was seen.
    identity: Option<(u64, u64)>,
    day: u64,
    looked: Instant,
    health: Health,
}

/// Why the log is not written, for whoever asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Health(Arc<Mutex<Option<String>>>);

impl Health {
    /// Why the log is not written.
    pub(super) fn problem(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether that is news.
    fn set(&self, problem: Option<String>) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = kept.is_none() != problem.is_none();
        *kept = problem;
        is_news
    }
}

impl LogFile {
    /// Begins or goes on with the file of today; at most so many are kept.
    ///
    /// # Errors
    /// If there can be none.
    pub(super) fn open(folder: &Path, files: usize) -> Result<Self, InitError> {
        let mut file = Self {
            folder: folder.to_owned(),
            files,
            inner: None,
            identity: None,
            day: today(),
            looked: Instant::now(),
            health: Health::default(),
        };
        file.begin()?;
        Ok(file)
    }

    /// How it is, for as long as this writes.
    pub(super) fn health(&self) -> Health {
        self.health.clone()
    }

    fn begin(&mut self) -> Result<(), InitError> {
        self.inner = None;
        let files = Builder::new().rotation(Rotation::DAILY).filename_prefix(PREFIX).filename_suffix(SUFFIX);
        self.inner = Some(files.max_log_files(self.files).build(&self.folder)?);
        self.day = today();
        self.identity = identity(&path(&self.folder, self.day));
        Ok(())
    }

    /// Whether the file is still where it was; if not, it is begun again.
    fn look(&mut self) {
        self.looked = Instant::now();
        let day = today();
        if self.inner.is_some() && day != self.day {
            // Before the next line, another file is begun.
            (self.day, self.identity) = (day, None);
            return;
        }
        let found = identity(&path(&self.folder, self.day));
        let is_in_place =
            self.inner.is_some() && found.is_some() && (self.identity.is_none() || self.identity == found);
        if is_in_place {
            self.identity = found;
            return;
        }
        let was_there = self.inner.is_some();
        match self.begin() {
            Ok(()) if was_there => tracing::warn!("the file of the log was removed; another is begun"),
            Ok(()) => self.recovered(),
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&self, error: &dyn std::error::Error) {
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        let problem = format!("the log in {} cannot be written: {error}{cause}", self.folder.display());
        if self.health.set(Some(problem.clone())) {
            tracing::warn!("{problem}");
        }
    }

    fn recovered(&self) {
        if self.health.set(None) {
            tracing::info!("the log is written again");
        }
    }
}

impl io::Write for LogFile {
    /// Takes every line, written or not: the node goes on, and whoever asks is told.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.looked.elapsed() >= LOOK_EVERY {
            self.look();
        }
        if let Some(file) = &mut self.inner {
            match file.write_all(line) {
                Ok(()) => self.recovered(),
                Err(error) => self.failed(&error),
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.as_mut().map_or(Ok(()), io::Write::flush)
    }
}

/// The day, counted as unix time is.
pub(super) fn today() -> u64 {
    unix_ms() / (24 * 60 * 60 * 1000)
}

pub(super) fn path(folder: &Path, day: u64) -> PathBuf {
    let (year, month, day) = date(day);
    folder.join(format!("{PREFIX}.{year:04}-{month:02}-{day:02}.{SUFFIX}"))
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Year, month and day of a day since the beginning of 1970, by the calendar of today. Years are counted from March, so
/// that the day which some have and others do not is the last.
fn date(day: u64) -> (u64, u64, u64) {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    // Days from the first of March of the year 0 to the beginning of 1970.
    let day = day + 719_468;
    let (era, day) = (day / DAYS_OF_400_YEARS, day % DAYS_OF_400_YEARS);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next_year, month, day)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn written(folder: &Path) -> String {
        fs::read_to_string(path(folder, today())).unwrap_or_default()
    }

    #[test]
    fn days_have_their_dates() {
        for (day, expected) in [
            (0, (1970, 1, 1)),
            (58, (1970, 2, 28)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (19_782, (2024, 2, 29)),
            (19_783, (2024, 3, 1)),
            (20_453, (2025, 12, 31)),
            (20_454, (2026, 1, 1)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(date(day), expected, "{day}");
        }
    }

    #[test]
    fn a_log_whose_file_or_folder_was_removed_is_begun_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("log");
        let mut file = LogFile::open(&folder, 2).expect("it can be made");
        file.write_all(b"first\n").expect("taken");
        assert_eq!(written(&folder), "first\n", "it is called as is expected here");
        fs::remove_file(path(&folder, today())).expect("it is there");
        file.look();
        file.write_all(b"second\n").expect("taken");
        assert_eq!(written(&folder), "second\n");
        fs::remove_dir_all(&folder).expect("it is there");
        file.look();
        file.write_all(b"third\n").expect("taken");
        assert_eq!((written(&folder).as_str(), file.health().problem()), ("third\n", None));
    }

    #[test]
    fn a_log_that_cannot_be_written_is_told_and_written_again_when_it_can_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("log");
        let mut file = LogFile::open(&folder, 2).expect("it can be made");
        fs::remove_dir_all(&folder).expect("it is there");
        fs::write(&folder, "no folder").expect("it is ours");
        file.look();
        file.write_all(b"lost\n").expect("taken");
        let problem = file.health().problem().expect("there is one");
        assert!(problem.contains(&format!("the log in {} cannot be written", folder.display())), "{problem}");
        fs::remove_file(&folder).expect("it is ours");
        file.look();
        file.write_all(b"kept\n").expect("taken");
        assert_eq!((written(&folder).as_str(), file.health().problem()), ("kept\n", None));
    }
}
