//! What every command needs: home folder, output form, offline functions.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::check::Check;
use super::connection::Connection;
use super::failure::Failure;
use crate::api::answers::{BackedUp, Id, Repaired, Setting, Settings};

/// How long a command that works without a node waits for a process that has the home and cannot be asked: a node that
/// begins, that stops, or that misses its socket and makes another.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it then asks again.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Who has a home folder, so that nobody else may change it.
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    /// The process, if it is known.
    pub process: Option<u32>,
}

/// What works without a running node. All take the home folder.
#[derive(Clone, Copy)]
pub struct Offline {
    /// Who has the home now.
    pub holder: fn(&Path) -> Option<Holder>,
    /// Who the node is.
    pub id: fn(&Path) -> anyhow::Result<Id>,
    /// All settings.
    pub settings: fn(&Path) -> anyhow::Result<Settings>,
    /// Changes a setting to what one writes on the command line, or back to its default.
    pub set: fn(&Path, &str, Option<&str>) -> anyhow::Result<Setting>,
    /// Writes a backup.
    pub backup: fn(&Path, &Path) -> anyhow::Result<BackedUp>,
    /// Makes the home folder (the second) of a backup (the first).
    pub restore: fn(&Path, &Path) -> anyhow::Result<()>,
    /// Gives the key another passphrase. The files, if they are given, hold the one that it has, and the new one;
    /// otherwise a terminal is asked.
    pub set_passphrase: fn(&Path, Option<&Path>, Option<&Path>) -> anyhow::Result<()>,
    /// Takes the passphrase away; the file holds the one that there is.
    pub remove_passphrase: fn(&Path, Option<&Path>) -> anyhow::Result<()>,
    /// Saves what can be read of a damaged database into a new one.
    pub repair: fn(&Path) -> anyhow::Result<Repaired>,
    /// Checks of `doctor` beside [`doctor::CHECKS`](super::doctor::CHECKS).
    pub checks: &'static [Check],
}

/// What every command needs: home folder, output form, offline functions.
pub(crate) struct Context<'a> {
    pub(crate) home: PathBuf,
    pub(crate) json: bool,
    pub(crate) offline: &'a Offline,
}

impl Context<'_> {
    /// The running node.
    pub(crate) fn node(&self) -> Result<Connection, Failure> {
        Connection::open(&self.home)
    }

    /// What a failure is in truth: where no node could be found, there can be one all the same.
    pub(crate) fn looked_at(&self, failure: Failure) -> Failure {
        let Failure::NoNode { home, gone } = failure else { return failure };
        match (self.offline.holder)(&home) {
            Some(holder) => Failure::Mute { home, process: holder.process, has_api_file: gone.is_some() },
            None => Failure::NoNode { home, gone },
        }
    }

    /// The answer of the running node. If none can be found, and a process has the home, it is asked again for a while.
    pub(crate) fn asked<T>(&self, ask: impl Fn(&Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.node().and_then(|node| ask(&node)).map_err(|failure| self.looked_at(failure)) {
                Err(Failure::Mute { .. }) if Instant::now() < until => std::thread::sleep(ASK_AGAIN),
                outcome => return outcome,
            }
        }
    }

    /// The answer of the running node, or what can be said without it: only if nobody has the home.
    pub(crate) fn node_or<T>(
        &self,
        ask: impl Fn(&Connection) -> Result<T, Failure>,
        otherwise: impl FnOnce() -> anyhow::Result<T>,
    ) -> Result<T, Failure> {
        match self.asked(ask) {
            Err(Failure::NoNode { .. }) => Ok(otherwise()?),
            answered => answered,
        }
    }
}

/// The clock of this machine.
pub(crate) fn now_unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
