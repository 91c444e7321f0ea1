//! Findings as a person reads them: message, place, the source there, related places, help.
//!
//! Only the lines that are shown are given to the renderer, so that many findings in a large file stay cheap.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::codes::Severity;
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Sources, Span};

/// Places further apart than this many lines are shown in separate excerpts.
const LINES_IN_ONE_EXCERPT: usize = 40;

/// Only a window of a longer line (in bytes) is shown: nobody could read it.
const LINE_LENGTH_LIMIT: usize = 1000;

/// Characters of the window before the place, and from its start on.
const WINDOW: (usize, usize) = (40, 80);

/// Findings of one code in one file that are shown. With more, fix the first ones and check again.
pub const SHOWN_OF_A_KIND: usize = 20;

/// The findings that people are shown, and a line for each code and file of which there are more.
#[must_use]
pub fn bounded(sources: &Sources, findings: &[Diagnostic]) -> (Vec<Diagnostic>, Vec<String>) {
    let mut counts: BTreeMap<(FileId, &str), usize> = BTreeMap::new();
    let mut shown = Vec::new();
    for finding in findings {
        let count = counts.entry((finding.span.file, finding.code.number)).or_default();
        *count += 1;
        if *count <= SHOWN_OF_A_KIND {
            shown.push(finding.clone());
        }
    }
    let more = counts.into_iter().filter(|(_, count)| *count > SHOWN_OF_A_KIND).map(|((file, code), count)| {
        let path = &sources.get(file).path;
        format!("{path}: and {} more of {code}; `automata check --json` has all", count - SHOWN_OF_A_KIND)
    });
    (shown, more.collect())
}

/// For files, tests and pipes.
#[must_use]
pub fn plain(sources: &Sources, findings: &[Diagnostic]) -> String {
    render(&Renderer::plain(), sources, findings)
}

/// For terminals: with ANSI colours.
#[must_use]
pub fn coloured(sources: &Sources, findings: &[Diagnostic]) -> String {
    render(&Renderer::styled(), sources, findings)
}

/// A finding in one line: `path:line:column: A0115: no state …; did you mean …?`, for logs that show each line
/// separately.
#[must_use]
pub fn line(sources: &Sources, finding: &Diagnostic) -> String {
    let (line, column) = sources.line_and_column(finding.span);
    let path = &sources.get(finding.span.file).path;
    let help = finding.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
    let text = format!("{path}:{line}:{column}: {}: {}{help}", finding.code.number, finding.message);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn render(renderer: &Renderer, sources: &Sources, findings: &[Diagnostic]) -> String {
    let files: Vec<File> = sources.iter().map(|(_, source)| File::new(&source.path, &source.text)).collect();
    let mut text = String::new();
    for finding in findings {
        if !text.is_empty() {
            text.push('\n');
        }
        let mut columns = Vec::new();
        let mut shown = renderer.render(&[group(&files, finding, &mut columns)]);
        for (written, meant) in &columns {
            shown = shown.replacen(written, meant, 1);
        }
        text.push_str(&shown);
        text.push('\n');
    }
    text
}

fn group<'a>(files: &'a [File<'a>], finding: &'a Diagnostic, columns: &mut Vec<(String, String)>) -> Group<'a> {
    let level = match finding.code.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let primary = Shown { span: finding.span, label: &finding.label, kind: AnnotationKind::Primary };
    let related =
        finding.related.iter().map(|(span, why)| Shown { span: *span, label: why, kind: AnnotationKind::Context });
    let mut excerpts: Vec<Excerpt<'a>> = Vec::new();
    for shown in std::iter::once(primary).chain(related) {
        let Some(file) = files.get(shown.span.file.0 as usize) else { continue };
        let line = file.line_of(shown.span.start as usize);
        match excerpts.iter_mut().find(|excerpt| excerpt.takes(shown.span.file, line)) {
            Some(excerpt) => excerpt.add(line, shown),
            None => excerpts.push(Excerpt { file, id: shown.span.file, first: line, last: line, shown: vec![shown] }),
        }
    }
    let mut group =
        level.primary_title(finding.message.as_str()).id(finding.code.number).elements(Vec::<Origin>::new());
    for excerpt in excerpts {
        group = excerpt.add_to(group, columns);
    }
    match &finding.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}

struct Shown<'a> {
    span: Span,
    label: &'a str,
    kind: AnnotationKind,
}

/// Lines of one file that are shown together.
struct Excerpt<'a> {
    file: &'a File<'a>,
    id: FileId,
    first: usize,
    last: usize,
    shown: Vec<Shown<'a>>,
}

impl<'a> Excerpt<'a> {
    fn takes(&self, file: FileId, line: usize) -> bool {
        self.id == file && line + LINES_IN_ONE_EXCERPT >= self.last && line <= self.first + LINES_IN_ONE_EXCERPT
    }

    fn add(&mut self, line: usize, shown: Shown<'a>) {
        self.first = self.first.min(line);
        self.last = self.last.max(line);
        self.shown.push(shown);
    }

    /// Where a line is too long to show: the first place, with the text around it.
    ///
    /// The renderer takes the window for the line: `columns` has what it writes as the place, and what it should.
    fn add_window_to(self, group: Group<'a>, columns: &mut Vec<(String, String)>) -> Group<'a> {
        let shown = &self.shown[0];
        let at = self.file.line_of(shown.span.start as usize);
        let line = self.file.line(at);
        let start = self.file.boundary(shown.span.start as usize).min(line.end);
        let end = self.file.boundary(shown.span.end as usize).clamp(start, line.end);
        let window = Window::new(&self.file.text[line.clone()], start - line.start..end - line.start);
        let annotation = shown.kind.span(window.place.clone());
        let annotation = if shown.label.is_empty() { annotation } else { annotation.label(shown.label) };
        let place = |column: usize| format!("{}:{}:{column}", self.file.path, at + 1);
        let in_window = window.text[..window.place.start].chars().count() + 1;
        columns.push((place(in_window), place(window.column)));
        group.element(Snippet::source(window.text).line_start(at + 1).path(self.file.path).annotation(annotation))
    }

    fn add_to(self, group: Group<'a>, columns: &mut Vec<(String, String)>) -> Group<'a> {
        let text = self.file.text;
        let (start, end) = (self.file.line(self.first).start, self.file.line(self.last).end);
        if (self.first..=self.last).any(|line| self.file.line(line).len() > LINE_LENGTH_LIMIT) {
            return self.add_window_to(group, columns);
        }
        let annotations = self.shown.iter().map(|shown| annotation(self.file, shown, start));
        let snippet = Snippet::source(&text[start..end]).line_start(self.first + 1).path(self.file.path);
        group.element(snippet.annotations(annotations.collect::<Vec<_>>()))
    }
}

/// A part of a line, with `…` where something was cut off.
struct Window {
    text: String,
    /// The place, in this text.
    place: Range<usize>,
    /// In the whole line, from 1.
    column: usize,
}

impl Window {
    fn new(line: &str, place: Range<usize>) -> Self {
        let (before, behind) = (&line[..place.start], &line[place.start..]);
        let start = before.char_indices().rev().nth(WINDOW.0 - 1).map_or(0, |(at, _)| at);
        let end = behind.char_indices().nth(WINDOW.1).map_or(line.len(), |(at, _)| place.start + at);
        let mark = |is_cut: bool| if is_cut { "…" } else { "" };
        let (left, right) = (mark(start > 0), mark(end < line.len()));
        let text = format!("{left}{}{right}", &line[start..end]);
        let moved = |at: usize| at.min(end) - start + left.len();
        Self { text, place: moved(place.start)..moved(place.end), column: before.chars().count() + 1 }
    }
}

/// Only on the first line of the place: a whole state would hide the message.
fn annotation<'a>(file: &File<'a>, shown: &Shown<'a>, offset: usize) -> Annotation<'a> {
    let start = file.boundary(shown.span.start as usize);
    let line = file.line(file.line_of(start));
    let end = file.boundary(shown.span.end as usize).clamp(start, line.end.max(start));
    let annotation = shown.kind.span(start - offset..end - offset);
    if shown.label.is_empty() { annotation } else { annotation.label(shown.label) }
}

struct File<'a> {
    path: &'a str,
    text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl<'a> File<'a> {
    fn new(path: &'a str, text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { path, text, lines: std::iter::once(0).chain(breaks).collect() }
    }

    /// From 0.
    fn line_of(&self, offset: usize) -> usize {
        self.lines.partition_point(|&start| start <= offset.min(self.text.len())) - 1
    }

    /// Without its end.
    fn line(&self, line: usize) -> Range<usize> {
        let start = self.lines[line];
        let end = self.lines.get(line + 1).map_or(self.text.len(), |next| next - 1);
        let text = &self.text[start..end];
        start..start + text.strip_suffix('\r').unwrap_or(text).len()
    }

    /// The offset itself, or the nearest one before it that is between two characters.
    fn boundary(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn a_long_line_is_shown_around_the_place() {
        let before = "ä, ".repeat(2000);
        let text = format!("a: [{before}wrong, {}]\nb: c\n", "b, ".repeat(2000));
        let start = text.find("wrong").expect("it is there") as u32;
        let span = Span { file: FileId(0), start, end: start + 5 };
        let sources = Sources::new(vec![Source { path: "door.yaml".into(), text }]);
        let finding = Diagnostic::new(&crate::codes::errors::SHAPE, span, "this is wrong").label("here").help("fix it");
        let shown = plain(&sources, &[finding]);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 7, "{shown}");
        assert_eq!(lines[0], "error[A0010]: this is wrong");
        assert_eq!(lines[1].trim(), "--> door.yaml:1:6005");
        let place = lines.iter().position(|line| line.contains("wrong, b")).expect("the place is shown");
        let (before, marked) = (lines[place].find("wrong"), lines[place + 1].find("^^^^^ here"));
        let columns = |line: &str, at: usize| line[..at].chars().count();
        assert_eq!(
            before.map(|at| columns(lines[place], at)),
            marked.map(|at| columns(lines[place + 1], at)),
            "{shown}"
        );
        assert!(lines[place].contains(" …") && lines[place].ends_with('…'), "{shown}");
        assert!(shown.len() < 600 && shown.ends_with("= help: fix it\n"), "{shown}");
    }
}
