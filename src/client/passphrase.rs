//! `bitpie passphrase …`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::Context;
use super::failure::Failure;
use super::terminal::{print, print_json};

/// `bitpie passphrase …`
#[derive(Subcommand)]
pub enum PassphraseCommand {
    /// Encrypt the key, or encrypt it anew
    Set {
        /// The new passphrase is the first line of this file, which nobody but you may read or write; without it, a
        /// terminal is asked
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        passphrase_file: Option<PathBuf>,
        /// What is needed if it is encrypted already
        #[command(flatten)]
        old: OldPassphrase,
    },
    /// Keep the key as it is, for whoever can read the file
    Remove {
        /// What is needed
        #[command(flatten)]
        old: OldPassphrase,
    },
}

/// The passphrase that a key has.
#[derive(Args)]
pub struct OldPassphrase {
    /// The passphrase that the key has is the first line of this file, which nobody but you may read or write; without
    /// it, a terminal is asked
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    old_passphrase_file: Option<PathBuf>,
}

impl OldPassphrase {
    /// The file, if one is given.
    #[must_use]
    pub fn file(&self) -> Option<&std::path::Path> {
        self.old_passphrase_file.as_deref()
    }
}

/// Does what is asked for.
pub fn perform(command: &PassphraseCommand, context: &Context<'_>) -> Result<(), Failure> {
    let said = match command {
        PassphraseCommand::Set { passphrase_file, old } => {
            (context.offline.set_passphrase)(&context.home, old.file(), passphrase_file.as_deref())?;
            "The key is encrypted with the new passphrase; `bitpie run` asks for it. Without it nobody can use the key again. Older backups are as they were.\n"
        }
        PassphraseCommand::Remove { old } => {
            (context.offline.remove_passphrase)(&context.home, old.file())?;
            "The key is not encrypted any more: anybody who has the file can be you.\n"
        }
    };
    if context.json {
        let encrypted = matches!(command, PassphraseCommand::Set { .. });
        return Ok(print_json(&serde_json::json!({ "encrypted": encrypted }))?);
    }
    Ok(print(said)?)
}
