//! Where a command may write: not over what it reads, and not among the definitions.

use std::io;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};

use crate::folder::Folder;

/// The absolute path without links of the file system and without `..`. What does not exist yet is taken as it is
/// written.
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

/// Whether what is written to one path would overwrite what is read from the other, or written there too. Neither file
/// need exist yet; `-` is what standard input is read from. Into devices, such as `/dev/null`, anything may be written.
pub fn is_same(one: &Path, other: &Path) -> bool {
    let [one, other] = [one, other].map(|path| if path == Path::new("-") { Path::new("/dev/stdin") } else { path });
    if [one, other].into_iter().any(|path| path.exists() && !path.is_file() && !path.is_dir()) {
        return false;
    }
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

/// Refuses a folder for output that is the folder of the definitions, or is inside it: nothing but definitions may be
/// there.
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

/// Refuses to write over a definition, and to put a file among the definitions that would be taken for one.
pub fn refuse_definition(out: &Path, folder: &Folder) -> anyhow::Result<()> {
    let is_named_so = |path: &Path| {
        path.file_name().is_some_and(|name| automata_compiler::is_meant_as_definition(&name.to_string_lossy()))
    };
    let is_among = || {
        let (Ok(out), Ok(folder)) = (real(out), real(folder.path())) else { return false };
        out.parent() == Some(folder.as_path()) && is_named_so(&out)
    };
    let entries = std::fs::read_dir(folder.path()).into_iter().flatten().flatten().map(|entry| entry.path());
    if is_among() || entries.into_iter().any(|entry| is_named_so(&entry) && is_same(&entry, out)) {
        bail!(
            "{} is a definition, or would be taken for one; nothing was written to it\nhelp: name another file",
            out.display()
        );
    }
    Ok(())
}
