//! Source files and places in them.

use std::collections::BTreeMap;

use crate::codes::Code;
use crate::codes::errors;

/// Index of a file in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileId(pub u32);

/// A run of bytes in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The run from the start of `self` to the end of `other`, which is in the same file.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { end: other.end.max(self.end), ..self }
    }
}

/// A scalar of the YAML: a name, a little text of the language, or a text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// What it says, after YAML's own escapes and folding.
    pub text: String,
    /// Its place; if `exact`, from the first byte of `text` (inside the quotes).
    pub span: Span,
    /// Byte offsets in `text` are byte offsets in the file, from `span.start`. Otherwise (escapes, folding) only the
    /// whole span can be pointed at.
    pub exact: bool,
}

impl Text {
    /// The place in the file of a run of bytes of `text`.
    #[must_use]
    pub fn at(&self, start: usize, end: usize) -> Span {
        if !self.exact {
            return self.span;
        }
        Span { file: self.span.file, start: self.span.start + start as u32, end: self.span.start + end as u32 }
    }

    /// The rest of it, from a byte of `text` on.
    #[must_use]
    pub fn from(&self, start: usize) -> Text {
        Text { text: self.text[start..].to_owned(), span: self.at(start, self.text.len()), exact: self.exact }
    }
}

/// One file: its path as the user knows it (relative, `/` between the parts), and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Path, as shown in findings and in generated text. Never absolute.
    pub path: String,
    /// The text.
    pub text: String,
}

/// Why a file could not be read as text. It becomes a finding like any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of finding it becomes.
    pub code: &'static Code,
    /// The byte, of the text that is shown.
    pub offset: usize,
    /// What is wrong: "this is not UTF-8: the byte 0xFF".
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Source {
    /// A file as it was read. If it is not UTF-8, its text has replacement characters, for people to see where.
    #[must_use]
    pub fn decode(path: String, bytes: Vec<u8>) -> (Self, Option<Fault>) {
        let error = match String::from_utf8(bytes) {
            Ok(text) => return (Self { path, text }, None),
            Err(error) => error,
        };
        let offset = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let message = format!("this is not UTF-8: the byte 0x{:02X}", bytes[offset]);
        let help = if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            "it looks like UTF-16: save the file as UTF-8"
        } else {
            "save the file as UTF-8"
        };
        let fault = Fault { code: &errors::YAML, offset, message, help: Some(help.to_owned()) };
        (Self { path, text: String::from_utf8_lossy(bytes).into_owned() }, Some(fault))
    }

    /// A file whose contents cannot be read.
    #[must_use]
    pub fn unreadable(path: String, why: &str) -> (Self, Option<Fault>) {
        let message = format!("the file cannot be read: {why}");
        let fault = Fault { code: &errors::YAML, offset: 0, message, help: None };
        (Self { path, text: String::new() }, Some(fault))
    }

    /// Something in the folder that cannot be a definition, but looks as if it contained some.
    #[must_use]
    pub fn misplaced(path: String, message: String, help: String) -> (Self, Option<Fault>) {
        let fault = Fault { code: &errors::NOT_READ, offset: 0, message, help: Some(help) };
        (Self { path, text: String::new() }, Some(fault))
    }
}

/// All files of one compilation, in the order of their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    files: Vec<Source>,
    /// Of each file, the first byte of each line.
    line_starts: Vec<Vec<usize>>,
    faults: BTreeMap<FileId, Fault>,
}

impl Sources {
    /// Takes files in any order, and sorts them by path, so that the order in which they were found does not matter.
    #[must_use]
    pub fn new(files: Vec<Source>) -> Self {
        Self::with_faults(files.into_iter().map(|file| (file, None)).collect())
    }

    /// [`Sources::new`], with the reasons why some files could not be read.
    #[must_use]
    pub fn with_faults(mut files: Vec<(Source, Option<Fault>)>) -> Self {
        files.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        let (files, faults): (Vec<Source>, Vec<Option<Fault>>) = files.into_iter().unzip();
        let faults = (0..).map(FileId).zip(faults).filter_map(|(id, fault)| Some((id, fault?))).collect();
        let starts_of = |source: &Source| {
            let newlines = source.text.match_indices('\n');
            std::iter::once(0).chain(newlines.map(|(place, _)| place + 1)).collect()
        };
        let line_starts = files.iter().map(starts_of).collect();
        Self { files, line_starts, faults }
    }

    /// The same files in the same order under other paths: as people open them from the current folder.
    #[must_use]
    pub fn shown_as(mut self, path: impl Fn(&str) -> String) -> Self {
        for source in &mut self.files {
            source.path = path(&source.path);
        }
        self
    }

    /// Why that file could not be read as text, if it could not.
    #[must_use]
    pub fn fault(&self, id: FileId) -> Option<&Fault> {
        self.faults.get(&id)
    }

    /// All files with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        self.files.iter().enumerate().map(|(index, source)| (FileId(index as u32), source))
    }

    /// The file of that id.
    ///
    /// # Panics
    /// If the id is of other sources.
    #[must_use]
    pub fn get(&self, id: FileId) -> &Source {
        &self.files[id.0 as usize]
    }

    /// Line and column, both from 1, columns in characters, of the start of a span.
    #[must_use]
    pub fn line_and_column(&self, span: Span) -> (usize, usize) {
        let text = &self.get(span.file).text;
        let mut start = (span.start as usize).min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let starts = &self.line_starts[span.file.0 as usize];
        let line = starts.partition_point(|&line_start| line_start <= start);
        (line, text[starts[line - 1]..start].chars().count() + 1)
    }
}
