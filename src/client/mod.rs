//! The command line's side: from the words of a shell to the running node's local API, and back to a table.
//!
//! What works without a node (`id`, `config`, `backup`, `restore`, `doctor`) is done by functions that are handed in as [`Offline`], so that
//! this module knows nothing of how a home folder looks inside.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "files, sockets and time are the business of a rim"
)]

pub mod arguments;
mod choosing;
mod connection;
mod contacts;
pub mod doctor;
mod duration;
mod failure;
mod manual;
mod messages;
mod names;
mod overview;
mod sending;
mod services;
mod settings;
mod short_id;
mod table;
mod terminal;

use clap::CommandFactory as _;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::api::answers::{BackedUp, Id, Setting, Settings};
use crate::api::methods::{MakeBackup, Reconnect, ShutDown};
use arguments::{Arguments, Command, PassphraseCommand};
pub use connection::Connection;
pub use failure::Failure;
use terminal::{print, print_json, safe};

/// The folder below the user's own in which a node lives by default.
pub const HOME_FOLDER: &str = ".bitpie";

/// What names another.
pub const HOME_VARIABLE: &str = "BITPIE_HOME";

/// What works without a running node. All take the home folder.
#[derive(Clone, Copy)]
pub struct Offline {
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
    /// Gives the key another passphrase. The files, if they are given, hold the one that it has, and the new one; otherwise a terminal is asked.
    pub set_passphrase: fn(&Path, Option<&Path>, Option<&Path>) -> anyhow::Result<()>,
    /// Takes the passphrase away; the file holds the one that there is.
    pub remove_passphrase: fn(&Path, Option<&Path>) -> anyhow::Result<()>,
    /// Checks of `doctor` beside [`doctor::CHECKS`].
    pub checks: &'static [doctor::Check],
}

/// What a command is done with.
pub(crate) struct Context<'a> {
    pub(crate) home: PathBuf,
    pub(crate) json: bool,
    pub(crate) offline: &'a Offline,
}

impl Context<'_> {
    /// The running node.
    fn node(&self) -> Result<Connection, Failure> {
        Connection::open(&self.home)
    }

    /// The answer of the running node, or what can be said without it.
    fn node_or<T>(
        &self,
        ask: impl FnOnce(&Connection) -> Result<T, Failure>,
        otherwise: impl FnOnce() -> anyhow::Result<T>,
    ) -> Result<T, Failure> {
        match self.node().and_then(|node| ask(&node)) {
            Err(Failure::NoNode { .. }) => Ok(otherwise()?),
            answered => answered,
        }
    }
}

/// Does what a command says, but for `run` and `demo`, which are not a client's.
#[must_use]
pub fn perform(arguments: Arguments, offline: &Offline) -> ExitCode {
    let json = arguments.json;
    let done = home_folder(arguments.home.as_deref())
        .and_then(|home| dispatch(arguments.command, &Context { home, json, offline }));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if failure.exit_code() > 0 && !matches!(failure, Failure::Told) {
                terminal::complain(&failure, json);
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

/// The home folder: the one that is named, that of the environment, or the default.
///
/// # Errors
/// If none is named and the user has no folder of their own.
pub fn home_folder(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let of_environment = || std::env::var_os(HOME_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let by_default = || std::env::home_dir().filter(|user| user.is_absolute()).map(|user| user.join(HOME_FOLDER));
    let home = named.map(Path::to_owned).or_else(of_environment).or_else(by_default).ok_or_else(|| {
        Failure::here("it is not known where this user's folders are", "name a home folder: --home DIR")
    })?;
    std::path::absolute(&home)
        .map_err(|error| Failure::here(format!("{} is no path: {error}", home.display()), "name another: --home DIR"))
}

fn dispatch(command: Command, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        Command::Run(_) | Command::Demo(_) => {
            Err(Failure::here("`run` and `demo` are no commands of a client", "the program does them itself"))
        }
        Command::Id => overview::id(context),
        Command::Status => overview::status(context),
        Command::Peers => overview::peers(context),
        Command::Contact { command } => contacts::perform(command, context),
        Command::Nick { command } => names::nick(command, context),
        Command::Find { name, first } => names::find(name, first, context),
        Command::Msg { command } => messages::perform(command, context),
        Command::Service { command } => services::perform(command, context),
        Command::Config { command } => settings::perform(command, context),
        Command::Reconnect => reconnect(context),
        Command::Stop => stop(context),
        Command::Backup { to } => backup(&to, context),
        Command::Restore { from } => restore(&from, context),
        Command::Passphrase { command } => passphrase(&command, context),
        Command::Doctor => doctor::perform(context),
        Command::Completions(completions) => completions.run(Arguments::command()),
        Command::Man(man) => man.run(Arguments::command()),
    }
}

fn reconnect(context: &Context<'_>) -> Result<(), Failure> {
    let answered = context.node()?.call(&Reconnect {})?;
    if context.json {
        return Ok(print_json(&answered.raw)?);
    }
    let state = safe(&answered.answer.network_connector);
    Ok(print(&format!(
        "The network is taken down and up again (network_connector is in {state}); `bitpie status` tells how it goes.\n"
    ))?)
}

fn stop(context: &Context<'_>) -> Result<(), Failure> {
    let answered = context.node()?.call(&ShutDown {})?;
    if context.json {
        return Ok(print_json(&answered.raw)?);
    }
    Ok(print(&format!("The node (process {}) is stopping.\n", answered.answer.process))?)
}

fn backup(to: &Path, context: &Context<'_>) -> Result<(), Failure> {
    // The node has a working directory of its own.
    let to = std::path::absolute(to)?;
    let Some(text) = to.to_str() else {
        return Err(Failure::here(format!("{} is not UTF-8", to.display()), "choose another place"));
    };
    let done = context.node_or(
        |node| Ok(node.call(&MakeBackup { to: text.to_owned() })?.answer),
        || (context.offline.backup)(&context.home, &to),
    )?;
    if context.json {
        return Ok(print_json(&done)?);
    }
    let size = done.bytes.div_ceil(1024);
    Ok(print(&format!(
        "{} ({size} KiB) holds key, settings, contacts and messages. Whoever has it can be you: keep it accordingly.\n",
        safe(&done.path)
    ))?)
}

fn restore(from: &Path, context: &Context<'_>) -> Result<(), Failure> {
    (context.offline.restore)(from, &context.home)?;
    if context.json {
        return Ok(print_json(&serde_json::json!({ "home": context.home }))?);
    }
    Ok(print(&format!(
        "{} is there again; `bitpie run` goes on with it. Do not go on with the old one beside it.\n",
        context.home.display()
    ))?)
}

fn passphrase(command: &PassphraseCommand, context: &Context<'_>) -> Result<(), Failure> {
    let said = match command {
        PassphraseCommand::Set { passphrase_file, old } => {
            (context.offline.set_passphrase)(&context.home, old.file(), passphrase_file.as_deref())?;
            "The key is encrypted with the new passphrase; `bitpie run` asks for it. Without it nobody can use the key again. Older backups are as they were.\n"
        }
        PassphraseCommand::Remove { old } => {
            (context.offline.remove_passphrase)(&context.home, old.file())?;
            "The key is not encrypted any more: whoever has the file is you.\n"
        }
    };
    if context.json {
        let encrypted = matches!(command, PassphraseCommand::Set { .. });
        return Ok(print_json(&serde_json::json!({ "encrypted": encrypted }))?);
    }
    Ok(print(said)?)
}

/// The clock of this machine.
pub(crate) fn now_unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
