//! What is wrong with settings, and where.

use std::io;
use std::path::{Path, PathBuf};

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    file: PathBuf,
    line: Option<usize>,
}

impl Place {
    pub(super) fn new(file: &Path, text: &str, offset: Option<usize>) -> Self {
        let before = offset.and_then(|offset| text.as_bytes().get(..offset));
        let line = before.map(|before| before.iter().filter(|byte| **byte == b'\n').count() + 1);
        Self { file: file.to_owned(), line }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.file.display())?;
        self.line.map_or(Ok(()), |line| write!(formatter, ", line {line}"))
    }
}

/// What is wrong with settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no such setting.
    #[error(
        "{}there is no setting `{path}`{}{}",
        .place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default(),
        .nearest.map(|nearest| format!(": did you mean `{nearest}`?")).unwrap_or_default(),
        // With such a line in the file nothing can be listed.
        match (.place, .nearest) {
            (Some(_), _) => "",
            (None, Some(_)) => " `bitpie config list` shows all",
            (None, None) => "; `bitpie config list` shows all",
        }
    )]
    Unknown {
        /// Where it was read.
        place: Option<Place>,
        /// What was asked for.
        path: String,
        /// What may have been meant.
        nearest: Option<&'static str>,
    },
    /// It cannot have that value.
    #[error(
        "{}`{path}` cannot be `{value}`: expected {expected}",
        .place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default()
    )]
    Value {
        /// Where it was read.
        place: Option<Place>,
        /// Which setting.
        path: &'static str,
        /// What it was to be.
        value: String,
        /// What it can be.
        expected: String,
    },
    /// The file is no TOML.
    #[error("{place}: this is no TOML: {what}")]
    NoToml {
        /// Where.
        place: Place,
        /// What the parser says.
        what: String,
    },
    /// A value stands where a table should.
    #[error("{place}: `{path}` cannot be set, for something that is no table is in the way")]
    NoTable {
        /// Where.
        place: Place,
        /// Which setting.
        path: &'static str,
    },
    /// The file cannot be read.
    #[error("cannot read {}: {source}", .file.display())]
    Read {
        /// Which.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("the settings were not saved: {detail}")]
    Write {
        /// Why.
        detail: String,
    },
    /// A setting and its default do not fit one another: a mistake in this program.
    #[error("the setting `{path}` has no usable default: this is a mistake in bitpie, please tell us")]
    NoDefault {
        /// Which.
        path: &'static str,
    },
    /// A setting has another kind than the program thinks: a mistake in this program.
    #[error(
        "the setting `{path}` is `{value}`, which the program does not expect: this is a mistake in bitpie, please tell us"
    )]
    Mismatch {
        /// Which.
        path: String,
        /// What it is.
        value: String,
    },
}
