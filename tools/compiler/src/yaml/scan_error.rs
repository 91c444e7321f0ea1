//! What the parser could not read, in words for somebody who writes automata.

use granit_parser::{ErrorKind, ScanError};

use super::DEPTH_LIMIT;
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

/// The finding for a file that is not YAML. `after_scalar`: the last text read, if the problem is inside of `{ … }` or `[ … ]`.
pub(super) fn finding(file: FileId, source: &str, error: &ScanError, after_scalar: Option<Span>) -> Diagnostic {
    let place = place(file, source, error.marker().byte_offset().unwrap_or(0));
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        let message = format!("more than {DEPTH_LIMIT} mappings and lists within one another");
        return Diagnostic::new(&errors::TOO_MUCH, place, message);
    }
    if let Some(bracket) = after_scalar.and_then(|scalar| bracket_after(source, scalar)) {
        let message = "in flow style (`{ … }`, `[ … ]`) a bracket ends the text";
        let help = "write it in block style, a line for each key, or put the text in quotes";
        return Diagnostic::new(&errors::FLOW_COMMA, bracket, message).help(help);
    }
    let finding = Diagnostic::new(&errors::YAML, place, format!("this is not YAML: {}", error.info()));
    match help(error.kind()) {
        Some(help) => finding.help(help),
        None => finding,
    }
}

/// One character at the byte offset, or the last one of the file.
fn place(file: FileId, source: &str, offset: usize) -> Span {
    let mut start = offset.min(source.len());
    while !source.is_char_boundary(start) {
        start -= 1;
    }
    let end = source[start..].chars().next().map_or(start, |c| start + c.len_utf8());
    Span { file, start: start as u32, end: end as u32 }
}

/// A `[` or `{` right behind a text: `x[key].event` within `{ … }`.
fn bracket_after(source: &str, scalar: Span) -> Option<Span> {
    let behind = source.get(scalar.end as usize..)?.chars().next()?;
    let before = source.get(scalar.start as usize..scalar.end as usize)?.chars().next_back()?;
    let is_name = before.is_alphanumeric() || before == '_';
    (is_name && matches!(behind, '[' | '{')).then_some(Span { start: scalar.end, end: scalar.end + 1, ..scalar })
}

fn help(kind: &ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement | ErrorKind::InvalidSimpleKey => {
            Some("a text with `: ` in it, or before a second `:`, needs quotes")
        }
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart => Some("YAML is indented with spaces"),
        ErrorKind::UnexpectedCharacter { character: '`' | '@' | '%' }
        | ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            Some("put the whole text in single quotes: 'the \"text\"' (a quote within is written twice)")
        }
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation | ErrorKind::SimpleKeyExpected => {
            Some("look at the indentation of this line and of the one above, and whether a `:` is missing")
        }
        _ => None,
    }
}
