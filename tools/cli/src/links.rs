//! Links from drawings to the definitions. The formats write them as seen from `generated/`; here they are rewritten
//! for wherever a file really is.

use std::path::{Component, Path, PathBuf};

use anyhow::Context;

use crate::folder::Folder;
use crate::places::real;

/// Where the definitions are.
pub struct Links {
    /// Without links of the file system, so that `..` is correct.
    definitions: PathBuf,
    /// How the formats write the way there.
    written: String,
}

impl Links {
    pub fn to(folder: &Folder) -> anyhow::Result<Self> {
        let path = folder.path();
        let definitions = path.canonicalize().with_context(|| format!("{} cannot be found", path.display()))?;
        let name = definitions.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { definitions, written: automata_outputs::definitions_link(&name) })
    }

    /// In the text of a file in that folder, which need not exist yet.
    pub fn for_folder(&self, folder: &Path, text: &str) -> anyhow::Result<String> {
        let folder = real(folder).context("the current folder cannot be found")?;
        let way = relative(&folder, &self.definitions).unwrap_or_else(|| self.url());
        Ok(automata_outputs::relinked(text, &self.written, &way))
    }

    /// In a text that may be put anywhere.
    pub fn for_anywhere(&self, text: &str) -> String {
        automata_outputs::relinked(text, &self.written, &self.url())
    }

    fn url(&self) -> String {
        let path = self.definitions.to_string_lossy().replace('\\', "/");
        // `C:/…` has no slash before it, and `//?/C:/…` too many.
        let path = path.trim_start_matches("//?/").trim_start_matches('/').to_owned();
        format!("file:///{}", encoded(&path))
    }
}

/// From one folder to another; `None` if they are on different drives.
fn relative(from: &Path, to: &Path) -> Option<String> {
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if common == 0 {
        return None;
    }
    let up = from[common..].iter().map(|_| "..".to_owned());
    let down = to[common..].iter().map(|component: &Component<'_>| encoded(&component.as_os_str().to_string_lossy()));
    let way: Vec<String> = up.chain(down).collect();
    Some(if way.is_empty() { ".".to_owned() } else { way.join("/") })
}

/// For a link: special characters are written by their bytes.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::{encoded, relative};
    use std::path::Path;

    #[test]
    fn the_way_goes_up_and_down() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to)).expect("one drive");
        assert_eq!(way("/a/generated/diagrams", "/a/automata"), "../../automata");
        assert_eq!(way("/tmp", "/a/b c/automata"), "../a/b%20c/automata");
        assert_eq!(way("/a/automata", "/a/automata"), ".");
        assert_eq!(encoded("ä#?"), "%C3%A4%23%3F");
    }
}
