//! The rim of the compiler: the only place that touches files.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::source::{Source, Sources};
use crate::yaml::FILE_SIZE_LIMIT;

/// The files of the language in a folder (not in folders inside it), to be shown as `<folder name>/<file>`.
///
/// # Errors
/// If the folder or a file in it cannot be read, or a file is not UTF-8; the error names the file.
pub fn read_folder(folder: &Path) -> io::Result<Sources> {
    let name = folder_name(folder)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| at(folder, &error))? {
        let path = entry.map_err(|error| at(folder, &error))?.path();
        let Some(file) = path.file_name().and_then(|file| file.to_str()) else { continue };
        let is_definition = file.ends_with(".yaml") || file.ends_with(".yml");
        if !is_definition || file.starts_with('.') || !path.is_file() {
            continue;
        }
        let text = read(&path).map_err(|error| at(&path, &error))?;
        files.push(Source { path: format!("{name}/{file}"), text });
    }
    Ok(Sources::new(files))
}

fn folder_name(folder: &Path) -> io::Result<String> {
    let full = fs::canonicalize(folder).map_err(|error| at(folder, &error))?;
    Ok(full.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
}

/// At most a byte more than a file may have: that it is too large is then a finding like any other.
fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_SIZE_LIMIT as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > FILE_SIZE_LIMIT {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        io::Error::new(io::ErrorKind::InvalidData, format!("not UTF-8 at byte {offset}"))
    })
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
