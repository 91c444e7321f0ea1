//! What can go wrong with a command, what is said of it, and the exit code.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::api::access::AccessError;
use crate::api::errors::{ErrorKind, RpcError};

/// Why somebody who has the home cannot be asked.
const NO_API_FILE: &str = "there is no api.json";
const NOBODY_ANSWERS: &str = "nobody answers where api.json says";

/// Why a command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nobody to talk to.
    #[error("no node is running in {}{}", .home.display(), .gone.map(|process| format!(" (the one that wrote api.json, process {process}, is gone)")).unwrap_or_default())]
    NoNode {
        /// The home folder.
        home: PathBuf,
        /// The process that is named in an `api.json` that was left behind.
        gone: Option<u32>,
    },
    /// Somebody has the home, and cannot be asked.
    #[error(
        "{} runs in {}, but cannot be asked: {}",
        named(*.process), .home.display(), if *.has_api_file { NOBODY_ANSWERS } else { NO_API_FILE }
    )]
    Mute {
        /// The home folder.
        home: PathBuf,
        /// The process, if it is known.
        process: Option<u32>,
        /// It has said where it can be asked.
        has_api_file: bool,
    },
    /// The node said no.
    #[error("{0}")]
    Node(RpcError),
    /// It was done, but what came of it is not what was wanted; that has been told already.
    #[error("the outcome is not the one that was wanted")]
    Told,
    /// `api.json` is of no use.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Anything that went wrong here.
    #[error("{message}")]
    Here {
        /// What happened, to what.
        message: String,
        /// What to do about it.
        help: Option<String>,
    },
    /// Nobody reads any more; that is no error.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
    /// What the functions say that work without a node.
    #[error("{}", told(.0))]
    Offline(#[from] anyhow::Error),
}

impl Failure {
    /// Something that went wrong here, and what to do about it.
    pub fn here(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Here { message: message.into(), help: Some(help.into()) }
    }

    /// As documented in the help of the program.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Node(_) | Self::Told => 1,
            Self::Mute { .. } | Self::Access(_) | Self::Here { .. } | Self::Output(_) | Self::Offline(_) => 2,
            Self::NoNode { .. } => 3,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoNode { home, .. } => Some(format!("start one with `bitpie run{}`", home_option(home))),
            Self::Mute { process, .. } => {
                let end = process.map(|process| format!(", or end it with `kill {process}`")).unwrap_or_default();
                Some(format!("it may be starting or stopping: try again in a few seconds{end}"))
            }
            Self::Node(error) => error.data.help.clone(),
            // It says itself what to do.
            Self::Access(AccessError::NotPrivate(_)) => None,
            Self::Access(error) => Some(error.remedy()),
            Self::Here { help, .. } => help.clone(),
            Self::Told | Self::Output(_) | Self::Offline(_) => None,
        }
    }

    /// In the form that the node's own errors have.
    pub fn to_json(&self) -> String {
        let kind = match self {
            Self::Node(error) => return json!({ "error": error }).to_string(),
            Self::NoNode { .. } => "no_node",
            _ => "here",
        };
        json!({ "error": { "message": self.to_string(), "data": { "kind": kind, "help": self.help() } } }).to_string()
    }

    /// Whether the node said this.
    pub fn is(&self, kind: ErrorKind) -> bool {
        matches!(self, Self::Node(error) if error.kind() == kind)
    }
}

fn named(process: Option<u32>) -> String {
    process.map_or_else(|| "another process".to_owned(), |process| format!("process {process}"))
}

/// An error with its causes, each of which is told once: many errors name their cause themselves.
#[must_use]
pub fn told(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        _ if said.contains(&cause) => said,
        _ => format!("{said}: {cause}"),
    })
}

/// ` --home DIR`, if that is not where a node lives by default.
fn home_option(home: &Path) -> String {
    let is_default = std::env::home_dir().is_some_and(|user| user.join(super::default_home::HOME_FOLDER) == home);
    if is_default { String::new() } else { format!(" --home {}", home.display()) }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the key: {source}")]
    struct Named {
        source: io::Error,
    }

    #[test]
    fn a_cause_that_an_error_names_itself_is_told_once() {
        let refused = || io::Error::from(io::ErrorKind::PermissionDenied);
        let error = anyhow::Error::from(Named { source: refused() }).context("nothing was saved");
        assert_eq!(told(&error), format!("nothing was saved: cannot read the key: {}", refused()));
        let added = Err::<(), _>(refused()).context("the folder cannot be made").expect_err("it is one");
        assert_eq!(told(&added), format!("the folder cannot be made: {}", refused()));
    }
}
