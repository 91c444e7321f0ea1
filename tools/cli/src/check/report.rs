//! How findings are told to programs: one JSON object, or annotations of GitHub.

use automata_compiler::codes::Severity;
use automata_compiler::diagnostic::Diagnostic;
use automata_compiler::source::{Sources, Span};
use serde::Serialize;

use super::counts::Counts;
use super::place::{Place, annotated, place};
use super::unexpected::Cell;

/// All that was found, for programs.
#[derive(Serialize)]
pub struct Report<'a> {
    #[serde(flatten)]
    pub counts: Counts,
    pub findings: Vec<Finding<'a>>,
    /// Errors in files that were not asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Finding<'a>>,
    /// With `--unexpected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unexpected: Option<Vec<Cell<'a>>>,
}

#[derive(Serialize)]
pub struct Finding<'a> {
    code: &'a str,
    severity: &'a str,
    title: &'a str,
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<Related<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

#[derive(Serialize)]
struct Related<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
}

impl<'a> Finding<'a> {
    pub fn new(sources: &'a Sources, finding: &'a Diagnostic) -> Self {
        let related = |(span, message): &'a (Span, String)| Related { message, place: place(sources, *span) };
        Self {
            code: finding.code.number,
            severity: severity(finding),
            title: finding.code.title,
            message: &finding.message,
            place: place(sources, finding.span),
            label: &finding.label,
            related: finding.related.iter().map(related).collect(),
            help: finding.help.as_deref(),
        }
    }
}

fn severity(finding: &Diagnostic) -> &'static str {
    match finding.code.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// A workflow command of GitHub Actions, which shows the finding beside its line in a pull request.
pub fn annotation(sources: &Sources, finding: &Diagnostic) -> String {
    let help = finding.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    let text = format!("{}{help}", finding.message);
    annotated(sources, finding.span, severity(finding), finding.code.number, &text)
}

#[cfg(test)]
mod tests {
    use automata_compiler::codes::errors::SHAPE;
    use automata_compiler::source::{FileId, Source};

    use super::*;

    #[test]
    fn annotations_escape_what_has_a_meaning_to_github() {
        let source = Source { path: "a,b/100%:x.yaml".to_owned(), text: "ä: [1]\n".to_owned() };
        let sources = Sources::new(vec![source]);
        let span = Span { file: FileId(0), start: 4, end: 7 };
        let finding = Diagnostic::new(&SHAPE, span, "50 %: a, b\r").help("write\nit");
        assert_eq!(
            annotation(&sources, &finding),
            "::error file=a%2Cb/100%25%3Ax.yaml,line=1,col=4,endLine=1,endColumn=7,title=A0010::50 %25: a, b%0D%0Ahelp: write%0Ait"
        );
    }
}
