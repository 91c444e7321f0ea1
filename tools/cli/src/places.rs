//! Where a command may write: not over what it reads, and not among the definitions.

use std::io;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};

use crate::folder::Folder;

/// The absolute path without links of the file system and without `..`. What does not exist yet is taken as it is written.
///
/// # Errors
/// If there is no current folder.
pub fn real(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    for above in path.ancestors() {
        if let Ok(mut real) = above.canonicalize() {
            for part in path.strip_prefix(above).unwrap_or(Path::new("")).components() {
                match part {
                    Component::ParentDir => _ = real.pop(),
                    part => real.push(part),
                }
            }
            return Ok(real);
        }
    }
    Ok(path)
}

/// Whether both paths lead to one file, which need not exist yet.
pub fn is_same(one: &Path, other: &Path) -> bool {
    is_one_file(one, other) || real(one).is_ok_and(|one| real(other).is_ok_and(|other| one == other))
}

/// Whether both are names of one file that exists: also two hard links, which have different real paths.
#[cfg(unix)]
fn is_one_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |path: &Path| path.metadata().ok().map(|of| (of.dev(), of.ino()));
    identity(one).is_some_and(|one| identity(other) == Some(one))
}

#[cfg(not(unix))]
fn is_one_file(_: &Path, _: &Path) -> bool {
    false
}

/// Refuses a folder for output that is the folder of the definitions, or is inside it: nothing but definitions may be there.
pub fn refuse_inside(out: &Path, folder: &Folder) -> anyhow::Result<()> {
    let definitions = real(folder.path()).with_context(|| format!("{} cannot be found", folder.path().display()))?;
    let out_real = real(out).with_context(|| format!("{} cannot be found", out.display()))?;
    if !out_real.starts_with(&definitions) {
        return Ok(());
    }
    let what = if out_real == definitions {
        "is the folder of the definitions"
    } else {
        "is inside the folder of the definitions"
    };
    bail!(
        "{} {what}, where folders of other files are not allowed; nothing was written\n\
         help: write beside it, such as `--out {}`",
        out.display(),
        folder.parent()?.join("generated").display()
    )
}
