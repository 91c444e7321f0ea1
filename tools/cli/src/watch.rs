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
const PAUSE: Duration = Duration::from_millis(200);

/// Calls `each` with the definitions, now and after each change, until the program is interrupted or its output closed.
/// Errors on the way are printed, and the next change may fix them.
pub fn watch(folder: &Folder, mut each: impl FnMut(&Sources) -> anyhow::Result<Verdict>) -> anyhow::Result<Verdict> {
    let mut last = None;
    loop {
        let sources = folder.read().map_err(|error| format!("{error:#}"));
        if last.as_ref() != Some(&sources) {
            if let Some(changed) = last.as_ref().map(|last| changes(last, &sources)) {
                writeln!(errors(), "{}", styled(FAINT, format_args!("changed: {changed}")))?;
            }
            let done = match &sources {
                Ok(sources) => each(sources),
                Err(error) => Err(anyhow::Error::msg(error.clone())),
            };
            match done {
                Err(error) => complain(&error),
                Ok(verdict) if is_output_closed() => return Ok(verdict),
                Ok(Verdict::Good | Verdict::Bad) => {}
            }
            last = Some(sources);
        }
        std::thread::sleep(PAUSE);
    }
}

/// The paths of files that were added, removed or changed.
fn changes(before: &Result<Sources, String>, after: &Result<Sources, String>) -> String {
    let files = |of: &Result<Sources, String>| {
        let sources = of.as_ref().ok().cloned().unwrap_or_default();
        sources.iter().map(|(_, source)| (source.path.clone(), source.text.clone())).collect::<Vec<_>>()
    };
    let (before, after) = (files(before), files(after));
    let differing =
        before.iter().filter(|file| !after.contains(file)).chain(after.iter().filter(|file| !before.contains(file)));
    let paths: std::collections::BTreeSet<&str> = differing.map(|(path, _)| path.as_str()).collect();
    paths.into_iter().collect::<Vec<_>>().join(", ")
}
