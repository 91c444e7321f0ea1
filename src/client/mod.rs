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
mod backups;
pub mod check;
mod choosing;
mod compare;
mod connection;
mod contacts;
mod context;
mod default_home;
pub mod doctor;
mod duration;
mod failure;
pub mod health;
mod invitations;
mod manual;
mod messages;
mod names;
mod overview;
mod passphrase;
mod port_mapping;
mod ratings;
mod sending;
mod services;
mod settings;
mod short_id;
mod table;
mod terminal;
mod web;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use arguments::Arguments;
pub use connection::Connection;
pub(crate) use context::Context;
pub(crate) use context::now_unix_ms;
pub use context::{Holder, Offline};
pub use default_home::{HOME_FOLDER, HOME_VARIABLE};
pub use failure::{Failure, told};

/// Does what a command says, but for `run` and `demo`, which are not a client's.
#[must_use]
pub fn perform(arguments: Arguments, offline: &Offline) -> ExitCode {
    let json = arguments.json;
    let done = home_folder(arguments.home.as_deref())
        .map(|home| Context { home, json, offline })
        .and_then(|context| arguments.command.perform(&context).map_err(|failure| context.looked_at(failure)));
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
