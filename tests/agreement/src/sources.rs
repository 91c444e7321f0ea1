//! Where the definitions are that the two implementations are held equal on: the cases of the language, and the
//! project's own.
//!
//! `build.rs` includes this file too, so it depends on nothing but the compiler.

use std::path::{Path, PathBuf};
use std::{fs, io};

use automata_compiler::source::{Source, Sources};

/// Definitions that belong together.
#[derive(Clone, Debug)]
pub struct Definitions {
    /// The folder's name.
    pub name: String,
    /// Where it is.
    pub folder: PathBuf,
    /// Its YAML; `types.yaml` and `parts.yaml` of `tests/cases/shared` where it has none of its own.
    pub sources: Sources,
}

/// The top of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All cases of `tests/cases/accept`, in the order of their names, and after them the project's own definitions, called
/// `automata`.
///
/// # Errors
/// If something cannot be read.
pub fn definitions() -> io::Result<Vec<Definitions>> {
    let cases = repository().join("tests/cases");
    let mut folders: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(cases.join("accept"))? {
        let path = entry?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    folders.push(repository().join("automata"));
    folders.into_iter().map(|folder| read(folder, &cases.join("shared"))).collect()
}

fn read(folder: PathBuf, shared: &Path) -> io::Result<Definitions> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut files = yaml(&folder, &name)?;
    for source in yaml(shared, "shared")? {
        let file_name = |path: &str| path.rsplit('/').next().map(str::to_owned);
        if files.iter().all(|file| file_name(&file.path) != file_name(&source.path)) {
            files.push(source);
        }
    }
    Ok(Definitions { name, folder, sources: Sources::new(files) })
}

fn yaml(folder: &Path, name: &str) -> io::Result<Vec<Source>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let file = path.file_name().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
            files.push(Source { path: format!("{name}/{file}"), text: fs::read_to_string(&path)? });
        }
    }
    Ok(files)
}
