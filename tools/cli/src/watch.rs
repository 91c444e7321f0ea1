//! `--watch`: the same again whenever a definition changes.
//!
//! It polls the files: they are few and small, it needs no library and no system call of one system
//! only, and it compares contents, not times, so a file that is saved unchanged triggers nothing.

use std::io::Write;
use std::time::Duration;

use automata_compiler::source::Sources;

use crate::folder::Folder;
use crate::terminal::{FAINT, complain, errors, is_output_closed, styled};
use crate::verdict::Verdict;

/// Soon enough for somebody who has just saved a file.
pub const PAUSE: Duration = Duration::from_millis(200);

/// The definitions of a folder, or why they cannot be read.
pub type Read = Result<Sources, String>;

/// A folder that is looked at again and again.
pub struct Watched {
    folder: Folder,
    last: Option<Read>,
}

impl Watched {
    /// Not looked at yet.
    pub fn new(folder: Folder) -> Self {
        Self { folder, last: None }
    }

    /// Read already.
    pub fn after(folder: Folder, read: Read) -> Self {
        Self { folder, last: Some(read) }
    }

    /// What it holds now, and what it held before, if that differs; the first time always.
    pub fn look(&mut self) -> Option<(&Read, Option<Read>)> {
        let read = self.folder.read().map_err(|error| format!("{error:#}"));
        if self.last.as_ref() == Some(&read) {
            return None;
        }
        let before = self.last.replace(read);
        self.last.as_ref().map(|now| (now, before))
    }
}

/// Calls `each` with the definitions, now and after each change, until the program is interrupted or its output closed.
/// Errors on the way are printed, and the next change may fix them.
pub fn watch(folder: &Folder, mut each: impl FnMut(&Sources) -> anyhow::Result<Verdict>) -> anyhow::Result<Verdict> {
    let mut watched = Watched::new(folder.clone());
    loop {
        if let Some((now, before)) = watched.look() {
            if let Some(changed) = before.as_ref().map(|before| changes(before, now)) {
                writeln!(errors(), "{}", styled(FAINT, format_args!("changed: {changed}")))?;
            }
            let done = match now {
                Ok(sources) => each(sources),
                Err(error) => Err(anyhow::Error::msg(error.clone())),
            };
            match done {
                Err(error) => complain(&error),
                Ok(verdict) if is_output_closed() => return Ok(verdict),
                Ok(Verdict::Good | Verdict::Bad) => {}
            }
        }
        std::thread::sleep(PAUSE);
    }
}

/// The paths of files that were added, removed or changed.
fn changes(before: &Read, after: &Read) -> String {
    let files = |of: &Read| {
        let sources = of.as_ref().ok().cloned().unwrap_or_default();
        sources.iter().map(|(_, source)| (source.path.clone(), source.text.clone())).collect::<Vec<_>>()
    };
    let (before, after) = (files(before), files(after));
    let differing =
        before.iter().filter(|file| !after.contains(file)).chain(after.iter().filter(|file| !before.contains(file)));
    let paths: std::collections::BTreeSet<&str> = differing.map(|(path, _)| path.as_str()).collect();
    paths.into_iter().collect::<Vec<_>>().join(", ")
}
