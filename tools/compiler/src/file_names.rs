//! Which files are definitions, and which were meant to be, by their names.
//!
//! A file that was meant to be a definition becomes a finding: its author would wonder why nothing of it is there. What
//! editors and people put beside a definition on purpose (`door.yaml~`, `door.yaml.bak`, `door.md`) is not meant to be
//! one.

use crate::nearest::edits;

/// What definitions end in; `yml` is what others would expect.
const ENDINGS: [&str; 2] = ["yaml", "yml"];

/// Endings of other files that differ from `yaml` in two letters.
const OTHERS: [&str; 4] = ["yacc", "yang", "yara", "yarn"];

/// Whether a file of that name is a definition, or was meant to be one: `door.yaml`, `door.YAML`, `door.yml`,
/// `door.yamll`, `door.yaml.txt`.
#[must_use]
pub fn is_meant_as_definition(file: &str) -> bool {
    let is_left_over = file.starts_with(['.', '#']) || file.ends_with('~');
    let (_, ending) = parts(file);
    let ending = ending.trim().to_lowercase();
    // Other formats are as near (`xml`, `toml`), but begin with another letter.
    let is_near =
        || ending.starts_with('y') && ENDINGS.iter().any(|yaml| edits(&ending, yaml, yaml.len() - 2).is_some());
    !is_left_over && !OTHERS.contains(&ending.as_str()) && is_near()
}

/// `door` of all these names.
pub(crate) fn stem(file: &str) -> &str {
    parts(file).0.trim_end()
}

/// What is before the last dot, and what is behind it, without what a program has added behind: `.txt`, a dot, a space.
fn parts(file: &str) -> (&str, &str) {
    let split = |name: &str| name.rsplit_once('.').map(|(stem, ending)| (stem.len(), ending.to_lowercase()));
    let trimmed = file.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    let name = match split(trimmed) {
        Some((length, ending)) if ending == "txt" => {
            let before = trimmed[..length].trim_end();
            let is_yaml = split(before).is_some_and(|(_, ending)| ENDINGS.contains(&ending.as_str()));
            if is_yaml { before } else { trimmed }
        }
        _ => trimmed,
    };
    name.rsplit_once('.').unwrap_or((name, ""))
}

#[cfg(test)]
mod tests {
    use super::{is_meant_as_definition, stem};

    #[test]
    fn what_was_meant_as_a_definition_is_recognised() {
        for file in [
            "m.yaml",
            "m.yml",
            "m.YAML",
            "m.yaml.txt",
            "m.yml.txt",
            "m.YML.TXT",
            "m.yaml .txt",
            "m.yamll",
            "m.yaaml",
            "m.ymal",
            "m.yalm",
            "m.ymla",
            "m.yam",
            "m.yaml2",
            "m.ymll",
            "m.yaml ",
            "m.yml\t",
            "m.yaml.",
            "m. yaml",
            "m.yaml_",
        ] {
            assert!(is_meant_as_definition(file), "{file}");
            assert_eq!(stem(file), "m", "{file}");
        }
    }

    #[test]
    fn what_is_something_else_is_left_alone() {
        for file in [
            "m.md",
            "m.txt",
            "m.json",
            "m.xml",
            "m.toml",
            "m.html",
            "m.ml",
            "m.eml",
            "m.raml",
            "m.svg",
            "m.rs",
            "m.sh",
            "m.yacc",
            "m.y",
            "m.yang",
            "m.yaml~",
            "m.yaml.txt~",
            "m.yaml.bak",
            "m.yaml.orig",
            "m.yaml.swp",
            "m.yaml.rej",
            "m.yaml.tmp",
            ".m.yaml",
            "#m.yaml#",
            ".yaml",
            "yaml",
            "yaml.txt",
            "yml",
            "",
            ".",
            "m.",
            "README",
            "Makefile",
            "m.yaml.md",
            "m.yaml.json",
        ] {
            assert!(!is_meant_as_definition(file), "{file}");
        }
    }
}
