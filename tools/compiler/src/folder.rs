//! The rim of the compiler: the only place that touches files.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::source::{Source, Sources};
use crate::yaml::FILE_SIZE_LIMIT;

/// The files of the language in a folder (not in folders inside it), to be shown as `<folder name>/<file>`.
///
/// # Errors
/// If the folder cannot be read; the error names it. What is wrong with a file in it becomes a finding.
pub fn read_folder(folder: &Path) -> io::Result<Sources> {
    let name = folder_name(folder)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| at(folder, &error))? {
        let path = entry.map_err(|error| at(folder, &error))?.path();
        let Some(file) = path.file_name().and_then(|file| file.to_str()) else { continue };
        let is_definition = file.ends_with(".yaml") || file.ends_with(".yml");
        if !is_definition || file.starts_with('.') {
            continue;
        }
        let shown = format!("{name}/{file}");
        // Through links: one that leads nowhere is a definition that is missed.
        match fs::metadata(&path).and_then(|metadata| if metadata.is_file() { read(&path).map(Some) } else { Ok(None) })
        {
            Ok(Some(bytes)) if bytes.len() > FILE_SIZE_LIMIT => {
                files.push((Source { path: shown, text: String::from_utf8_lossy(&bytes).into_owned() }, None));
            }
            Ok(Some(bytes)) => files.push(Source::decode(shown, bytes)),
            Ok(None) => {}
            Err(error) => files.push(Source::unreadable(shown, &why(&path, &error))),
        }
    }
    Ok(Sources::with_faults(files))
}

fn folder_name(folder: &Path) -> io::Result<String> {
    let full = fs::canonicalize(folder).map_err(|error| at(folder, &error))?;
    Ok(full.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
}

/// At most a byte more than a file may have: that it is too large is then a finding like any other.
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
        _ => error.to_string(),
    }
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
