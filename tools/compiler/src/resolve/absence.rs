//! Names that `types.yaml` or `parts.yaml` does not declare. If the whole file is missing, that is one finding.

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::source::{Span, Text};

/// How many names are listed.
const NAMES_SHOWN: usize = 12;

/// A missing file, and what was looked for in it.
pub(super) struct MissingFile {
    name: &'static str,
    first: Option<Span>,
    names: Vec<String>,
}

impl MissingFile {
    pub fn new(name: &'static str) -> Self {
        Self { name, first: None, names: Vec::new() }
    }

    fn add(&mut self, name: String, span: Span) {
        self.first = Some(self.first.map_or(span, |first| first.min(span)));
        if !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    pub fn finding(&self, code: &'static Code) -> Option<Diagnostic> {
        let mut names: Vec<String> = self.names.iter().take(NAMES_SHOWN).cloned().collect();
        if self.names.len() > NAMES_SHOWN {
            names.push(format!("{} more", self.names.len() - NAMES_SHOWN));
        }
        let last = names.pop()?;
        let names = if names.is_empty() { last } else { format!("{} and {last}", names.join(", ")) };
        let message = format!("there is no `{}` to declare {names}", self.name);
        Some(Diagnostic::new(code, self.first?, message).label("the first of these is named here"))
    }
}

/// Why a name is not among those of `types.yaml` or `parts.yaml`.
pub(super) enum Absence {
    /// Nothing declares that name.
    OfName,
    /// The whole file is missing.
    OfFile(MissingFile),
    /// The file could not be read, which is reported elsewhere.
    Told,
}

impl Absence {
    /// Whether to report this undeclared name.
    pub(super) fn is_worth_telling(&mut self, text: &Text, as_named: impl FnOnce(&str) -> String) -> bool {
        match self {
            Self::OfName => true,
            Self::Told => false,
            Self::OfFile(missing) => {
                missing.add(as_named(text.text.trim_end_matches('?')), text.span);
                false
            }
        }
    }
}
