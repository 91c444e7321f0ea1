//! What the parser could not read, explained for authors of automata.

use granit_parser::{ErrorKind, ScanError};

use super::DEPTH_LIMIT;
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

/// What was read before the error.
#[derive(Clone, Copy)]
pub(super) struct Before {
    /// The last text.
    pub scalar: Option<Span>,
    /// The innermost `{` or `[` that is still open.
    pub bracket: Option<Span>,
}

/// The finding for a file that is not YAML.
pub(super) fn finding(file: FileId, source: &str, error: &ScanError, before: Before) -> Diagnostic {
    let place = place(file, source, error.marker().byte_offset().unwrap_or(0));
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        let message = format!("more than {DEPTH_LIMIT} nested mappings and lists");
        return Diagnostic::new(&errors::TOO_MUCH, place, message);
    }
    // The text before it may have been passed on already, or not.
    let here = Span { start: place.start.saturating_sub(1), end: place.start, ..place };
    let texts = before.scalar.into_iter().chain([here]).filter(|_| before.bracket.is_some());
    if let Some(bracket) = texts.into_iter().find_map(|text| bracket_after(source, text)) {
        let message = "in flow style (`{ … }`, `[ … ]`) a bracket ends the text";
        let help = "write it in block style, a line for each key, or put the text in quotes";
        return Diagnostic::new(&errors::FLOW_COMMA, bracket, message).help(help);
    }
    let message = format!("this is not YAML: {}", error.info());
    if error.info().contains("tab") {
        let place = tab_in_indentation(source, place).unwrap_or(place);
        return Diagnostic::new(&errors::YAML, place, message).help("YAML is indented with spaces");
    }
    if let Some((place, key)) = missing_space(source, place) {
        let help = format!("a space is missing after `:`: write `{key}: …`");
        return Diagnostic::new(&errors::YAML, place, message).help(help);
    }
    let finding = Diagnostic::new(&errors::YAML, place, message);
    if error.info().contains("unclosed") {
        return finding.label("opened here");
    }
    let opened = quote_before(source, before.scalar, error, place).or(before.bracket);
    if let Some(opened) = opened.filter(|opened| line_start(source, opened.start) != line_start(source, place.start)) {
        return finding.related(opened, "opened here").help("it may not be closed");
    }
    match help(error.kind()) {
        Some(help) => finding.help(help),
        None => finding,
    }
}

fn line_start(source: &str, offset: u32) -> usize {
    source[..offset as usize].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The tab, which the parser notices only after it or when it has stopped before it.
fn tab_in_indentation(source: &str, place: Span) -> Option<Span> {
    let mut start = line_start(source, place.start);
    loop {
        let line = source[start..].lines().next()?;
        let indentation = line.len() - line.trim_start().len();
        if let Some(tab) = line[..indentation].find('\t') {
            let tab = (start + tab) as u32;
            return Some(Span { start: tab, end: tab + 1, ..place });
        }
        start += source[start..].find('\n')? + 1;
    }
}

/// `key:value` in this line or the one above it, where `key: value` was meant: the colon, and the key.
fn missing_space(source: &str, place: Span) -> Option<(Span, &str)> {
    let here = line_start(source, place.start);
    let above = line_start(source, here.checked_sub(1).map_or(0, |end| end as u32));
    [here, above].into_iter().find_map(|start| {
        let line = source[start..].lines().next()?;
        let text = line.trim_start().trim_start_matches("- ");
        let (key, _) = joined_pair(text)?;
        let colon = (start + line.len() - text.len() + key.len()) as u32;
        Some((Span { start: colon, end: colon + 1, ..place }, key))
    })
}

/// Key and value of `key:value`.
pub(crate) fn joined_pair(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once(':')?;
    let is_name = key.starts_with(char::is_alphabetic) && key.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_joined = value.starts_with(|c: char| !c.is_whitespace() && c != ':' && c != '/');
    (is_name && is_joined).then_some((key, value))
}

/// Where the quoted text began that has not ended, or ended too early.
fn quote_before(source: &str, last: Option<Span>, error: &ScanError, place: Span) -> Option<Span> {
    if !error.info().contains("quoted") {
        return None;
    }
    let from = last.map_or(0, |scalar| scalar.end as usize);
    let behind = source.get(from..place.start as usize)?;
    let quote = behind.char_indices().find(|(at, c)| {
        let before = behind[..*at].chars().next_back().unwrap_or(' ');
        matches!(c, '"' | '\'') && (before.is_whitespace() || matches!(before, '[' | '{' | ','))
    });
    let start = (from + quote?.0) as u32;
    Some(Span { start, end: start + 1, ..place })
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

/// A `[` or `{` right after a text: `x[key].event` within `{ … }`.
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
        ErrorKind::UnexpectedCharacter { character: '`' | '@' | '%' }
        | ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            Some("put the whole text in single quotes: 'the \"text\"' (a quote inside is written twice)")
        }
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation | ErrorKind::SimpleKeyExpected => {
            Some("look at the indentation of this line and of the one above, and whether a `:` is missing")
        }
        _ => None,
    }
}
