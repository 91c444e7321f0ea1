//! Places in files, as programs are told of them.

use automata_compiler::source::{Sources, Span};
use serde::Serialize;

/// Lines and columns count from 1, columns in characters; the end is the first place behind.
#[derive(Serialize)]
pub struct Place<'a> {
    pub path: &'a str,
    pub line: usize,
    pub column: usize,
    end_line: usize,
    end_column: usize,
}

pub fn place(sources: &Sources, span: Span) -> Place<'_> {
    let (line, column) = sources.line_and_column(span);
    let (end_line, end_column) = sources.line_and_column(Span { start: span.end, ..span });
    Place { path: &sources.get(span.file).path, line, column, end_line, end_column }
}

/// A workflow command of GitHub Actions, which shows a text beside its line in a pull request.
pub fn annotated(sources: &Sources, span: Span, severity: &str, title: &str, text: &str) -> String {
    let Place { path, line, column, end_line, end_column } = place(sources, span);
    let mut properties = vec![format!("file={}", property(path)), format!("line={line}"), format!("col={column}")];
    properties.push(format!("endLine={end_line}"));
    // Columns of another line have no meaning there.
    if end_line == line {
        properties.push(format!("endColumn={end_column}"));
    }
    properties.push(format!("title={}", property(title)));
    format!("::{severity} {}::{}", properties.join(","), escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}
