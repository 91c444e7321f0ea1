//! The command line's side: from the words of a shell to the running node's local API, and back to a table.
//!
//! What works without a node (`id`, `config`, `backup`, `restore`, `doctor`) is done by functions that are handed in as
//! [`Offline`], so that this module knows nothing of how a home folder looks inside.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "files, sockets and time are the business of a rim"
)]

pub mod arguments;
mod check;
mod choosing;
mod connection;
mod contacts;
mod context;
mod default_home;
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

use crate::api::methods::{MakeBackup, Reconnect, ShutDown};
use arguments::{Arguments, Command, PassphraseCommand};
pub use connection::Connection;
pub(crate) use context::Context;
pub use context::Offline;
pub(crate) use context::now_unix_ms;
pub use default_home::{HOME_FOLDER, HOME_VARIABLE};
pub use failure::Failure;
use terminal::{print, print_json, safe};

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
