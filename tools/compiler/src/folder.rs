//! The edge of the compiler: the only place that reads definitions.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::file_names::is_meant_as_definition;
use crate::source::{Fault, Source, Sources};
use crate::yaml::FILE_SIZE_LIMIT;

/// The files of the language in a folder, to be shown as `<folder name>/<file>`.
///
/// Hidden files, and files that are not YAML by name, are ignored. What looks like a definition but cannot be one (a
/// folder, a broken link, `door.YAML`, `door.yaml.txt`) is included, and becomes a finding: it must not be skipped
/// silently.
///
/// # Errors
/// If the folder cannot be read; the error names it. What is wrong with a file in it becomes a finding.
pub fn read_folder(folder: &Path) -> io::Result<Sources> {
    let name = folder_name(folder)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| at(folder, &error))? {
        let path = entry.map_err(|error| at(folder, &error))?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !file.starts_with('.') {
            files.extend(read_entry(&path, &file, format!("{name}/{file}")));
        }
    }
    Ok(Sources::with_faults(files))
}

/// A definition, or what is wrong with it; none for other files.
fn read_entry(path: &Path, file: &str, shown: String) -> Option<(Source, Option<Fault>)> {
    let is_named_so = is_meant_as_definition(file);
    // Through links: a broken one is a missing definition.
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return is_named_so.then(|| Source::unreadable(shown, &why(path, &error))),
    };
    if metadata.is_dir() {
        let message = format!("`{file}` is a folder: definitions in it are not read");
        let help = "move them up into this folder, one automaton to a file; other files belong elsewhere";
        return Some(Source::misplaced(shown, message, help.to_owned()));
    }
    if !is_named_so {
        return None;
    }
    if path.file_name().is_some_and(|name| name.to_str().is_none()) {
        return Some(Source::unreadable(shown, "its name is not UTF-8"));
    }
    if !metadata.is_file() {
        return Some(Source::unreadable(shown, "it is not a regular file"));
    }
    Some(match read(path) {
        Ok(bytes) if bytes.len() > FILE_SIZE_LIMIT => {
            (Source { path: shown, text: String::from_utf8_lossy(&bytes).into_owned() }, None)
        }
        Ok(bytes) => Source::decode(shown, bytes),
        Err(error) => Source::unreadable(shown, &why(path, &error)),
    })
}

fn folder_name(folder: &Path) -> io::Result<String> {
    let full = fs::canonicalize(folder).map_err(|error| at(folder, &error))?;
    Ok(full.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
}

/// At most a byte more than a file may have: a file that is too large is then a finding like any other.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_SIZE_LIMIT as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn why(path: &Path, error: &io::Error) -> String {
    match fs::read_link(path) {
        Ok(target) if error.kind() == io::ErrorKind::NotFound => {
            format!("it is a link to `{}`, which does not exist", target.display())
        }
        _ => words_of(error),
    }
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The system's text for an error, without its number.
fn words_of(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error ").next().unwrap_or(&text).to_owned()
}
