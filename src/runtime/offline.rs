//! What the command line does in a home folder whose node does not run.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::api::answers::{BackedUp, Id, Setting, Settings};
use crate::client::Holder;
use crate::identity::key_file;

use super::{lookup, presentation};
use crate::home::backup as copy;
use crate::home::config::{Config, Settings as Typed};
use crate::home::passphrase::{self, Change};
use crate::home::{Home, LOCK_PATIENCE};

/// Who the node is.
///
/// # Errors
/// If there is no identity, or its file or the settings cannot be read.
pub fn id(home: &Path) -> anyhow::Result<Id> {
    let home = Home::at(home);
    let Some(text) = home.read_key()? else {
        if home.sign_of_use()?.is_some() {
            bail!(
                "the key of this identity, {}, is missing: `bitpie run` says what can be done",
                home.key_file().display()
            );
        }
        bail!("there is no identity in {} yet: `bitpie run` makes one", home.folder().display());
    };
    let key = key_file::summary(&text).with_context(|| format!("{} cannot be used", home.key_file().display()))?;
    let name = Typed::of(&Config::load(&home.config_file())?)?.identity.name;
    Ok(lookup::address_of(key.id, Vec::new(), name))
}

/// The process that has the home.
#[must_use]
pub fn holder(home: &Path) -> Option<Holder> {
    Home::at(home).holder().map(|holder| Holder { process: holder.process })
}

/// All settings.
///
/// # Errors
/// If the file cannot be read, or something in it is wrong.
pub fn settings(home: &Path) -> anyhow::Result<Settings> {
    let config = Config::load(&Home::at(home).config_file())?;
    presentation::settings(&config).map_err(|error| anyhow::anyhow!(error.message))
}

/// Changes a setting, or sets it back to its default.
///
/// # Errors
/// If there is no such setting, or it cannot have that value.
pub fn set(home: &Path, path: &str, value: Option<&str>) -> anyhow::Result<Setting> {
    let home = Home::at(home);
    home.prepare()?;
    let config = Config::change(&home.config_file(), path, value)?;
    presentation::setting(&config, path).map_err(|error| anyhow::anyhow!(error.message))
}

/// Writes a backup.
///
/// # Errors
/// Those of the backup.
pub fn backup(home: &Path, to: &Path) -> anyhow::Result<BackedUp> {
    copy::backup(&Home::at(home), to)?;
    let bytes = std::fs::metadata(to).map_or(0, |metadata| metadata.len());
    Ok(BackedUp { path: to.display().to_string(), bytes })
}

/// Makes a home of a backup.
///
/// # Errors
/// Those of the restoration.
pub fn restore(from: &Path, home: &Path) -> anyhow::Result<()> {
    Ok(copy::restore(from, &Home::at(home), LOCK_PATIENCE)?)
}

/// Gives the key another passphrase.
///
/// # Errors
/// If there is no key, the old passphrase is missing or wrong, or the file cannot be written; then everything is as it
/// was.
pub fn set_passphrase(home: &Path, old: Option<&Path>, new: Option<&Path>) -> anyhow::Result<()> {
    passphrase::change(&Home::at(home), old, Change::Set { file: new })
}

/// Takes the passphrase of the key away.
///
/// # Errors
/// As [`set_passphrase`]; and if there is none.
pub fn remove_passphrase(home: &Path, old: Option<&Path>) -> anyhow::Result<()> {
    passphrase::change(&Home::at(home), old, Change::Remove)
}
