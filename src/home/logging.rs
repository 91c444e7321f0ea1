//! Logs: to the terminal and to a file for each day, with the level and the form that the settings say.
//!
//! Lines wait in bounded queues for threads that write them, and are dropped and counted when those cannot follow: a
//! slow disk or terminal never holds up the node. What is secret has types whose `Debug` hides it, so it cannot get
//! here.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::InitError;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{Layer, Registry, reload};

use super::log_file::{Health, LogFile, today};

/// The levels, the quietest first.
pub const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];

/// Bytes of the log of one day; what comes after that is dropped, since others must not be able to fill the disk.
const DAY_BYTES: u64 = 64 * 1024 * 1024;

/// The last line of a day that has too many.
const FULL: &str = "The log of this day is full; it goes on tomorrow.\n";
const FULL_IN_JSON: &str =
    "{\"level\":\"WARN\",\"fields\":{\"message\":\"The log of this day is full; it goes on tomorrow.\"}}\n";

/// Lines that wait to be written, for the terminal and for the file, at most.
const LINES_WAITING: usize = 8_192;

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// One of [`LEVELS`].
    pub level: String,
    /// JSON Lines instead of text.
    pub is_json: bool,
    /// Files that are kept, one a day.
    pub files: usize,
    /// Whether the terminal (standard error) gets the lines too.
    pub to_terminal: bool,
}

/// As long as it is there, lines are written; when it goes, those that wait still are.
pub struct Log {
    level: reload::Handle<Targets, Registry>,
    folder: PathBuf,
    health: Health,
    _workers: Vec<WorkerGuard>,
}

impl Log {
    /// Begins to log, for the whole process.
    ///
    /// # Errors
    /// If the folder cannot be written, or logging has begun already.
    pub fn start(options: &LogOptions, folder: &Path) -> Result<Self, LogError> {
        let (subscriber, log) = build(options, folder)?;
        subscriber.try_init()?;
        Ok(log)
    }

    /// Why the log is not in its files now. A folder that was removed is noticed here although nothing is written.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.health.problem().or_else(|| {
            let is_gone = !self.folder.is_dir();
            is_gone.then(|| {
                format!("the folder {} is gone; with the next line it is tried to make it again", self.folder.display())
            })
        })
    }

    /// Changes the level, from now on. A text that is none changes nothing, and is answered with `false`.
    #[must_use]
    pub fn set_level(&self, level: &str) -> bool {
        level_of(level).is_some_and(|level| self.level.reload(targets(level)).is_ok())
    }
}

fn build(
    options: &LogOptions,
    folder: &Path,
) -> Result<(impl tracing::Subscriber + Send + Sync + use<>, Log), LogError> {
    let level = level_of(&options.level).ok_or_else(|| LogError::Level { level: options.level.clone() })?;
    let file = LogFile::open(folder, options.files)?;
    let health = file.health();
    let notice = if options.is_json { FULL_IN_JSON } else { FULL };
    let file = BoundedByDay::new(file, DAY_BYTES, notice, today).with(written_today(folder));
    let (file, file_worker) = in_background(file);
    let (terminal, terminal_worker) = in_background(io::stderr());
    let (filter, level) = reload::Layer::new(targets(level));
    let terminal = options
        .to_terminal
        .then(|| lines(terminal, options.is_json, io::stderr().is_terminal() && no_color_is_unset()));
    let subscriber =
        tracing_subscriber::registry().with(filter).with(terminal).with(lines(file, options.is_json, false));
    let folder = folder.to_owned();
    Ok((subscriber, Log { level, folder, health, _workers: vec![file_worker, terminal_worker] }))
}

fn in_background(writer: impl io::Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default().buffered_lines_limit(LINES_WAITING).lossy(true).finish(writer)
}

/// Bytes of the newest log, if it is of today.
fn written_today(folder: &Path) -> u64 {
    let days = |time: SystemTime| Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs() / (24 * 60 * 60));
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let newest =
        entries.filter_map(|entry| entry.metadata().ok().filter(|it| it.is_file())).max_by_key(|it| it.modified().ok());
    newest.filter(|it| it.modified().ok().and_then(days) == Some(today())).map_or(0, |it| it.len())
}

/// Takes a bounded number of bytes a day, and says so once when it takes no more.
struct BoundedByDay<W, T> {
    inner: W,
    bound: u64,
    notice: &'static str,
    today: T,
    day: u64,
    written: u64,
}

impl<W: io::Write, T: Fn() -> u64> BoundedByDay<W, T> {
    fn new(inner: W, bound: u64, notice: &'static str, today: T) -> Self {
        Self { inner, bound, notice, day: today(), today, written: 0 }
    }

    /// So much was written today already, by those who ran before.
    fn with(self, written: u64) -> Self {
        Self { written, ..self }
    }
}

impl<W: io::Write, T: Fn() -> u64> io::Write for BoundedByDay<W, T> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let day = (self.today)();
        if day != std::mem::replace(&mut self.day, day) {
            self.written = 0;
        }
        let was_full = self.written >= self.bound;
        self.written = self.written.saturating_add(line.len() as u64);
        if was_full {
            return Ok(line.len());
        }
        self.inner.write_all(line)?;
        if self.written >= self.bound {
            self.inner.write_all(self.notice.as_bytes())?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn lines<S>(writer: NonBlocking, is_json: bool, is_coloured: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    NonBlocking: for<'a> MakeWriter<'a>,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(is_coloured);
    if is_json { layer.json().boxed() } else { layer.boxed() }
}

/// <https://no-color.org>
fn no_color_is_unset() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn level_of(text: &str) -> Option<LevelFilter> {
    LEVELS.contains(&text).then(|| text.parse().ok()).flatten()
}

/// The level is that of this program. Libraries are heard when something is wrong; at `trace`, always. The DHT's
/// library says each second that nobody answers, which is no fault of a node that is alone, and which `status` shows;
/// so it is heard from `debug` on. That of WebTransport tells the headers of each session, in which a token may be, and
/// is heard at no level when nothing is wrong.
fn targets(level: LevelFilter) -> Targets {
    let of_libraries = if level == LevelFilter::TRACE { level } else { level.min(LevelFilter::WARN) };
    let of_the_dht = if level >= LevelFilter::DEBUG { of_libraries } else { LevelFilter::OFF };
    Targets::new()
        .with_default(of_libraries)
        .with_target("mainline", of_the_dht)
        .with_target("wtransport", level.min(LevelFilter::WARN))
        .with_target("bitpie", level)
}

/// Why nothing is logged.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// There is no such level.
    #[error("`{level}` is no level of the log: it is one of {}", LEVELS.join(", "))]
    Level {
        /// What was asked for.
        level: String,
    },
    /// No file can be made.
    #[error("cannot write log files: {0}; {help}", help = advice(cause(.0)))]
    File(#[from] InitError),
    /// The process logs already.
    #[error("logging has begun already: {0}")]
    Started(#[from] TryInitError),
}

/// What the system has said.
fn cause(error: &InitError) -> Option<io::ErrorKind> {
    std::error::Error::source(error)?.downcast_ref().map(io::Error::kind)
}

/// What to do about it.
fn advice(cause: Option<io::ErrorKind>) -> &'static str {
    use io::ErrorKind::{
        AlreadyExists, IsADirectory, NotADirectory, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
    };
    match cause {
        Some(PermissionDenied) => "let this user write into the folder `log` of the home",
        Some(StorageFull | QuotaExceeded) => "make room on the disk",
        Some(AlreadyExists | IsADirectory | NotADirectory) => {
            "something else is in the place of the folder `log` of the home, or of a file in it: move it away"
        }
        Some(ReadOnlyFilesystem) => "the home is on a disk that takes nothing: choose another with `--home DIR`",
        _ => "see what is in the folder `log` of the home",
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_day_has_room_for_so_much_and_the_next_one_again() {
        let day = Cell::new(1);
        let mut written = Vec::new();
        let mut log = BoundedByDay::new(&mut written, 20, "full\n", || day.get()).with(10);
        for line in ["first\n", "second\n", "third\n"] {
            log.write_all(line.as_bytes()).expect("written");
        }
        day.set(2);
        log.write_all(b"fourth\n").expect("written");
        let written = String::from_utf8(written).expect("text");
        assert_eq!(written, "first\nsecond\nfull\nfourth\n");
    }

    fn logged(options: &LogOptions, work: impl FnOnce(&Log)) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let (subscriber, log) = build(options, folder.path()).expect("built");
        tracing::subscriber::with_default(subscriber, || work(&log));
        // The worker writes what waits before it goes.
        drop(log);
        let files: Vec<_> =
            std::fs::read_dir(folder.path()).expect("read").map(|file| file.expect("read").path()).collect();
        assert_eq!(files.len(), 1);
        std::fs::read_to_string(&files[0]).expect("read")
    }

    fn options(level: &str, is_json: bool) -> LogOptions {
        LogOptions { level: level.into(), is_json, files: 2, to_terminal: false }
    }

    #[test]
    fn what_is_advised_fits_why_no_file_can_be_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        std::fs::write(&log, "a file").expect("written");
        let error = build(&options("info", false), &log).map(drop).expect_err("it is no folder").to_string();
        assert!(error.ends_with("move it away") && !error.contains("let this user"), "{error}");
        std::fs::remove_file(&log).expect("removed");
        std::fs::create_dir_all(crate::home::log_file::path(&log, today())).expect("made");
        let error = build(&options("info", false), &log).map(drop).expect_err("it is no file").to_string();
        assert!(error.ends_with("move it away"), "{error}");
        assert!(advice(Some(io::ErrorKind::PermissionDenied)).contains("let this user write"));
        assert!(advice(Some(io::ErrorKind::StorageFull)).contains("room on the disk"));
    }

    #[test]
    fn the_level_and_the_form_are_as_the_settings_say() {
        let text = logged(&options("info", false), |_| {
            tracing::info!(port = 7771, "listening");
            tracing::debug!("detail");
            tracing::info!(target: "some_library", "chatter");
            tracing::warn!(target: "some_library", "trouble");
        });
        assert!(text.contains("listening") && text.contains("port=7771") && text.contains("trouble"), "{text}");
        assert!(!text.contains("detail") && !text.contains("chatter") && !text.contains('\u{1b}'), "{text}");
        let json = logged(&options("info", true), |_| tracing::info!(port = 7771, "listening"));
        let line: serde_json::Value = serde_json::from_str(json.trim()).expect("JSON");
        assert_eq!(line["fields"]["port"], 7771);
    }

    #[test]
    fn the_level_can_be_changed_while_it_runs() {
        let text = logged(&options("error", false), |log| {
            tracing::info!("first");
            assert!(!log.set_level("loud"));
            assert!(log.set_level("debug"));
            tracing::debug!("second");
        });
        assert!(!text.contains("first") && text.contains("second"), "{text}");
    }

    #[test]
    fn secrets_do_not_get_into_the_log() {
        let secret = crate::messages::MessageText::new("geheim").expect("short");
        let key = crate::identity::IdentityKey::from_seed(&[7; 32]);
        let text = logged(&options("trace", false), |_| tracing::info!(?secret, ?key, "hello"));
        assert!(text.contains("6 bytes") && !text.contains("geheim") && !text.contains("7, 7"), "{text}");
    }
}
