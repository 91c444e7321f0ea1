//! Whether a file or folder is this user's alone. What ssh asks of its keys is asked of the home folder, the key, the
//! file that says how to reach the node, and passphrase files: whoever can write them can be somebody else, and
//! whoever can read them can be the user.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "owners and modes of files are of the rim")]

use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

/// What group and others may do with it: nothing.
pub const FOR_OTHERS: u32 = 0o077;

/// What to do about a key that others could get at.
pub const KEY_MAY_BE_READ: &str =
    "If somebody may have read the key, use another folder, with another key: `bitpie --home DIR run`";

/// Others can get at a file or folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotPrivate {
    /// Which one.
    pub path: PathBuf,
    /// In what way.
    pub how: Exposure,
}

/// In what way others can get at a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// It belongs to the user of this number.
    Owner(u32),
    /// Its mode lets others in.
    Mode {
        /// What it is.
        is: u32,
        /// What it should be.
        wanted: u32,
    },
}

impl NotPrivate {
    /// What is wrong, in one sentence.
    #[must_use]
    pub fn found(&self) -> String {
        let path = self.path.display();
        match self.how {
            Exposure::Owner(owner) => format!("{path} belongs to another user (number {owner})"),
            Exposure::Mode { is, .. } => format!("others on this machine can get at {path} (mode {is:04o})"),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        let path = self.path.display();
        match self.how {
            Exposure::Owner(_) => format!("run this as that user, or `chown \"$USER\" '{path}'`"),
            Exposure::Mode { wanted, .. } => format!("run `chmod {wanted:o} '{path}'`"),
        }
    }
}

impl fmt::Display for NotPrivate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.found(), self.remedy())
    }
}

impl std::error::Error for NotPrivate {}

/// A file with a secret in it: it belongs to this user (or to root, who can read it anyway), and nobody else has any
/// right to it. A terminal or another device is no file that somebody could have left open.
///
/// # Errors
/// If others can get at it.
pub fn of_file(path: &Path, metadata: &Metadata) -> Result<(), NotPrivate> {
    let kind = metadata.file_type();
    if kind.is_char_device() {
        return Ok(());
    }
    judge(path, metadata, 0o600, metadata.uid() == 0)
}

/// The home folder: it belongs to this user, and nobody else has any right to it.
///
/// # Errors
/// If others can get at it.
pub fn of_folder(path: &Path, metadata: &Metadata) -> Result<(), NotPrivate> {
    judge(path, metadata, 0o700, false)
}

/// The home folder, if it is there: what is not there is nobody's, and what cannot be looked at shows when it is used.
///
/// # Errors
/// If others can get at it.
pub fn of_home(home: &Path) -> Result<(), NotPrivate> {
    match std::fs::metadata(home) {
        Ok(metadata) if metadata.is_dir() => of_folder(home, &metadata),
        _ => Ok(()),
    }
}

fn judge(path: &Path, metadata: &Metadata, wanted: u32, may_be_of_root: bool) -> Result<(), NotPrivate> {
    let told = |how| Err(NotPrivate { path: path.to_owned(), how });
    if metadata.uid() != geteuid().as_raw() && !may_be_of_root {
        return told(Exposure::Owner(metadata.uid()));
    }
    if metadata.mode() & FOR_OTHERS != 0 {
        return told(Exposure::Mode { is: metadata.mode() & 0o7777, wanted });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_others_can_read_or_write_is_refused_with_the_command_that_helps() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("it's a key");
        fs::write(&file, "x").expect("written");
        let with = |path: &Path, mode: u32| {
            fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
            fs::metadata(path).expect("it is there")
        };
        for mode in [0o600, 0o400, 0o700] {
            assert_eq!(of_file(&file, &with(&file, mode)), Ok(()), "{mode:o}");
        }
        for mode in [0o640, 0o604, 0o620, 0o602, 0o601, 0o666] {
            let error = of_file(&file, &with(&file, mode)).expect_err("open").to_string();
            assert!(error.contains(&format!("mode {mode:04o}")) && error.contains("chmod 600 '"), "{error}");
        }
        assert_eq!(of_folder(folder.path(), &with(folder.path(), 0o700)), Ok(()));
        for mode in [0o755, 0o750, 0o701, 0o1777] {
            let error = of_folder(folder.path(), &with(folder.path(), mode)).expect_err("open").to_string();
            assert!(error.contains("chmod 700 '"), "{error}");
        }
        with(folder.path(), 0o700);
        assert_eq!(of_home(&folder.path().join("none")), Ok(()));
    }

    #[test]
    fn what_belongs_to_somebody_else_is_refused() {
        // Of root, unless it is root that runs this; then it is looked at the other way round.
        let of_root = fs::metadata("/").expect("there is one");
        let error = judge(Path::new("/"), &of_root, 0o700, false).expect_err("open, or of another");
        let is_root = geteuid().is_root();
        assert_eq!(matches!(error.how, Exposure::Owner(0)), !is_root, "{error}");
        assert!(fs::metadata("/dev/null").is_ok_and(|device| of_file(Path::new("/dev/null"), &device).is_ok()));
    }
}
