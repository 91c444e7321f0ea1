//! The passphrase of the key: from a file or a terminal, and given, changed and taken away. It is never an argument,
//! since others on the machine can read those.

use std::fs;
use std::io::{BufRead as _, BufReader, IsTerminal as _, Read as _};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use zeroize::Zeroizing;

use super::Home;
use super::entropy::random;
use crate::identity::key_file::{self, KeyFileError, PassphraseCost};
use crate::privacy;

/// Bytes of a passphrase, at most.
const PASSPHRASE_BYTES: u64 = 1024;

/// What only its owner knows. Wiped when it is dropped.
pub type Passphrase = Zeroizing<Vec<u8>>;

/// The first line of a file.
///
/// # Errors
/// If the file cannot be read, others can get at it, or its first line is empty or too long to be meant.
pub fn of_file(file: &Path) -> anyhow::Result<Passphrase> {
    let failed = || format!("the passphrase file {} cannot be read", file.display());
    let opened = fs::File::open(file).with_context(failed)?;
    privacy::of_file(file, &opened.metadata().with_context(failed)?)?;
    let mut line = Zeroizing::new(Vec::with_capacity(PASSPHRASE_BYTES as usize + 2));
    BufReader::new(opened.take(PASSPHRASE_BYTES + 2)).read_until(b'\n', &mut line).with_context(failed)?;
    while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        line.pop();
    }
    ensure!(!line.is_empty(), "the first line of the passphrase file {} is empty", file.display());
    ensure!(
        line.len() as u64 <= PASSPHRASE_BYTES,
        "the first line of the passphrase file {} is longer than {PASSPHRASE_BYTES} bytes",
        file.display()
    );
    Ok(line)
}

/// The passphrase, if the key needs one, or is to be made with one.
///
/// # Errors
/// If it cannot be had.
pub fn for_key(home: &Home, file: Option<&Path>) -> anyhow::Result<Option<Passphrase>> {
    if let Some(file) = file {
        return of_file(file).map(Some);
    }
    let Some(key) = home.read_key()? else { return Ok(None) };
    if key_file::summary(&key).is_ok_and(|summary| summary.is_encrypted()) {
        asked("Passphrase of the key: ", "--passphrase-file").map(Some)
    } else {
        Ok(None)
    }
}

/// What becomes of the passphrase of a key.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// The key is encrypted with a passphrase: that of a file, or one that a terminal is asked for twice.
    Set {
        /// The file.
        file: Option<&'a Path>,
    },
    /// The key lies open.
    Remove,
}

/// Gives the key of a home another passphrase, or none. The key stays the same. `old` is a file with the passphrase
/// that it has; without it a terminal is asked, if it has one.
///
/// # Errors
/// If there is no key, the old passphrase is missing or wrong, or the file cannot be written; then everything is as it
/// was.
pub fn change(home: &Home, old: Option<&Path>, change: Change<'_>) -> anyhow::Result<()> {
    let Some(text) = home.read_key()? else {
        bail!("there is no key in {}: the first `bitpie run` makes one", home.folder().display());
    };
    let summary = || key_file::summary(&text).with_context(|| format!("{} cannot be used", home.key_file().display()));
    if matches!(change, Change::Remove) && !summary()?.is_encrypted() {
        bail!("the key in {} has no passphrase", home.key_file().display());
    }
    let old = match old {
        Some(file) => Some(of_file(file)?),
        None if summary()?.is_encrypted() => Some(asked("Passphrase that the key has: ", "--old-passphrase-file")?),
        None => None,
    };
    let key = match key_file::decode(&text, old.as_deref().map(Vec::as_slice)) {
        Ok(key) => key,
        Err(error @ KeyFileError::WrongPassphrase) => return Err(error.into()),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be used", home.key_file().display())),
    };
    let text = match change {
        Change::Set { file } => {
            let new = match file {
                Some(file) => of_file(file)?,
                None => chosen()?,
            };
            key_file::encode_encrypted(&key, &new, PassphraseCost::USUAL, &random(), &random())?
        }
        Change::Remove => key_file::encode_plain(&key),
    };
    Ok(home.replace_key(&text)?)
}

/// One that nobody knows yet.
fn chosen() -> anyhow::Result<Passphrase> {
    let new = asked("New passphrase: ", "--passphrase-file")?;
    ensure!(!new.is_empty(), "a passphrase has at least one character; `bitpie passphrase remove` takes it away");
    let again = asked("The same again: ", "--passphrase-file")?;
    ensure!(new == again, "the two were not the same; nothing was changed");
    Ok(new)
}

fn asked(prompt: &str, option: &str) -> anyhow::Result<Passphrase> {
    let nobody = || format!("there is no terminal to ask for the passphrase: use {option} FILE");
    // A program in the background may have a terminal, and nobody who looks at it.
    ensure!(std::io::stdin().is_terminal(), nobody());
    let entered = rpassword::prompt_password(prompt).with_context(nobody)?;
    Ok(Zeroizing::new(entered.into_bytes()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::identity::IdentityKey;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("home"));
        home.prepare().expect("made");
        (folder, home)
    }

    fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> std::path::PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
        path
    }

    #[test]
    fn a_key_gets_a_passphrase_another_and_none_and_stays_the_same() {
        let (folder, home) = home();
        let (first, second) = (file(&folder, "first", "correct horse\nnot this\n"), file(&folder, "second", "battery"));
        let set = |old, new| change(&home, old, Change::Set { file: Some(new) });
        assert!(set(None, &first).expect_err("no key").to_string().contains("there is no key"));
        let key = IdentityKey::from_seed(&[7; 32]);
        home.create_key(&key_file::encode_plain(&key)).expect("created");
        assert!(change(&home, None, Change::Remove).expect_err("none").to_string().contains("has no passphrase"));

        set(None, &first).expect("given");
        let opens = |with: &[u8]| {
            let text = home.read_key().expect("read").expect("there");
            key_file::decode(&text, Some(with)).map(|key| key.id())
        };
        assert_eq!(opens(b"correct horse"), Ok(key.id()));
        // Wrong, or missing where nobody can be asked: nothing changes.
        for old in [Some(second.as_path()), None] {
            set(old, &second).expect_err("not the passphrase");
            assert_eq!(opens(b"correct horse"), Ok(key.id()));
        }
        set(Some(&first), &second).expect("changed");
        assert_eq!(opens(b"battery"), Ok(key.id()));
        assert!(opens(b"correct horse").is_err());
        change(&home, Some(&second), Change::Remove).expect("taken away");
        assert!(!key_file::summary(&home.read_key().expect("read").expect("there")).expect("a key").is_encrypted());
    }

    #[test]
    fn a_file_without_a_passphrase_is_none() {
        let (folder, _) = home();
        assert_eq!(*of_file(&file(&folder, "a", "one\r\ntwo")).expect("a line"), b"one");
        for text in ["", "\n", "\r\nsecond line", &"x".repeat(1025)] {
            of_file(&file(&folder, "a", text)).expect_err("no passphrase");
        }
        assert!(of_file(&folder.path().join("nothing")).expect_err("no file").to_string().contains("nothing"));
    }

    #[test]
    fn a_passphrase_that_others_can_read_or_write_is_refused_and_a_pipe_is_not() {
        let (folder, _) = home();
        let path = file(&folder, "a", "correct horse");
        for mode in [0o644, 0o622] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("it is ours");
            let error = of_file(&path).expect_err("open to others").to_string();
            assert!(error.contains(&format!("chmod 600 '{}'", path.display())) && !error.contains("horse"), "{error}");
        }
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        std::io::Write::write_all(&mut writer, b"correct horse\n").expect("it takes that much");
        let descriptor = std::os::fd::AsRawFd::as_raw_fd(&reader);
        let pipe = std::path::PathBuf::from(format!("/dev/fd/{descriptor}"));
        assert_eq!(*of_file(&pipe).expect("as the shell's <(…)"), b"correct horse");
    }
}
