//! Findings of the compiler, for the page.

use automata_compiler::codes::Severity;
use automata_compiler::diagnostic::Diagnostic;
use automata_compiler::render;
use automata_compiler::source::Sources;
use serde::Serialize;

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `A0115`.
    pub code: &'static str,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// What this code is about.
    pub title: &'static str,
    /// What is wrong.
    pub message: String,
    /// `automata/door.yaml`.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// All of it with the lines of the file, as `automata check` prints it.
    pub text: String,
}

/// Findings for the page: of many of one kind only the first, and a line for the rest.
#[must_use]
pub fn findings(sources: &Sources, all: &[Diagnostic]) -> (Vec<Finding>, Vec<String>) {
    let (shown, more) = render::bounded(sources, all);
    (shown.iter().map(|finding| view(sources, finding)).collect(), more)
}

fn view(sources: &Sources, finding: &Diagnostic) -> Finding {
    let (line, column) = sources.line_and_column(finding.span);
    Finding {
        code: finding.code.number,
        severity: match finding.code.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        title: finding.code.title,
        message: finding.message.clone(),
        path: sources.get(finding.span.file).path.clone(),
        line,
        column,
        text: render::plain(sources, std::slice::from_ref(finding)),
    }
}
