//! From the parser's events to the tree.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use super::{DEPTH_LIMIT, Entry, FILE_SIZE_LIMIT, NODE_LIMIT, Node, NodeKind, Quoting, Scalar, flow_comma, scan_error};
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span, Text};

/// The tree of a file, or `None` after a finding that leaves nothing to continue with.
#[must_use]
pub fn parse(file: FileId, source: &str, findings: &mut Vec<Diagnostic>) -> Option<Node> {
    if source.len() > FILE_SIZE_LIMIT {
        let message = format!("the file has more than {FILE_SIZE_LIMIT} bytes, the most that are allowed");
        findings.push(Diagnostic::new(&errors::TOO_MUCH, Span { file, start: 0, end: 0 }, message));
        return None;
    }
    Builder { file, source, findings, frames: Vec::new(), done: None, nodes: 0, last_scalar: None }.run()
}

struct Builder<'s, 'f> {
    file: FileId,
    source: &'s str,
    findings: &'f mut Vec<Diagnostic>,
    frames: Vec<Frame>,
    done: Option<Node>,
    nodes: usize,
    last_scalar: Option<Span>,
}

/// A mapping or list that is not closed yet.
struct Frame {
    contents: Contents,
    flow: bool,
    start: u32,
}

enum Contents {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, key: Option<Key> },
}

/// A key that waits for its value.
enum Key {
    Text(Text),
    Refused,
}

impl Builder<'_, '_> {
    fn run(mut self) -> Option<Node> {
        let options = granit_parser::options! {
            emit_comments: false,
            emit_anchor_events: true,
            emit_unresolved_aliases: true,
            flow_nesting_limit: DEPTH_LIMIT,
            block_nesting_limit: DEPTH_LIMIT,
        };
        let source = self.source;
        let mut documents = 0;
        for next in Parser::new_from_str_with_options(source, options) {
            let (event, place) = match next {
                Ok(event) => event,
                Err(error) => {
                    let bracket = self.frames.last().filter(|frame| frame.flow).map(|frame| frame.start);
                    let bracket = bracket.map(|start| Span { file: self.file, start, end: start + 1 });
                    let before = scan_error::Before { scalar: self.last_scalar, bracket };
                    self.findings.push(scan_error::finding(self.file, source, &error, before));
                    return None;
                }
            };
            let span = self.span(place.byte_range().unwrap_or(0..0));
            if let Some(tag) = place.tag_span().and_then(|tag| tag.byte_range()) {
                self.refuse_tag(tag);
            }
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents == 2 {
                        let message = "a second YAML document begins here";
                        let help = "one file holds one document: remove the `---`, or put each in its own file";
                        self.findings.push(Diagnostic::new(&errors::DOCUMENTS, span, message).help(help));
                        return self.done;
                    }
                }
                Event::Scalar(text, style, _, tag) => {
                    self.last_scalar = Some(span);
                    let refused = tag.is_some() && text.is_empty();
                    self.scalar(&text, style, span, refused);
                }
                Event::SequenceStart(style, ..) => self.open(Contents::Sequence(Vec::new()), style, span),
                Event::MappingStart(style, ..) => {
                    self.open(Contents::Mapping { entries: Vec::new(), key: None }, style, span);
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(span),
                Event::Anchor(..) => self.refuse_anchor(span, "anchor"),
                Event::Alias(_) | Event::UnresolvedAlias(_) => {
                    self.refuse_anchor(span, "alias");
                    self.place(Node { kind: NodeKind::Refused, span });
                }
                // The ends of documents and of the stream, and comments, which are not requested.
                _ => {}
            }
            if self.nodes > NODE_LIMIT || self.frames.len() > DEPTH_LIMIT {
                self.findings.push(too_much(span, self.nodes > NODE_LIMIT));
                return None;
            }
        }
        // Nothing but comments.
        let nothing = Node { kind: NodeKind::Empty, span: self.span(0..0) };
        Some(self.done.unwrap_or(nothing))
    }

    fn span(&self, bytes: std::ops::Range<usize>) -> Span {
        Span { file: self.file, start: bytes.start as u32, end: bytes.end.max(bytes.start) as u32 }
    }

    fn slice(&self, span: Span) -> &str {
        self.source.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span, refused: bool) {
        let written = self.slice(span);
        let is_null = matches!(text, "" | "~" | "null" | "Null" | "NULL");
        let (quoting, inner) = match style {
            ScalarStyle::Plain => (Quoting::Plain, span),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let inner = Span { start: span.start + 1, end: span.end.saturating_sub(1).max(span.start + 1), ..span };
                (Quoting::Quoted, inner)
            }
            ScalarStyle::Literal | ScalarStyle::Folded => (Quoting::Block, span),
        };
        let exact = match quoting {
            Quoting::Plain => written == text,
            Quoting::Quoted => self.slice(inner) == text,
            Quoting::Block => false,
        };
        let text = Text { text: text.to_owned(), span: if exact { inner } else { span }, exact };
        let kind = match quoting {
            _ if refused => NodeKind::Refused,
            Quoting::Plain if is_null => NodeKind::Empty,
            _ => NodeKind::Scalar(Scalar { text, quoting }),
        };
        self.place(Node { kind, span });
    }

    fn open(&mut self, contents: Contents, style: StructureStyle, span: Span) {
        self.frames.push(Frame { contents, flow: style == StructureStyle::Flow, start: span.start });
    }

    fn close(&mut self, end: Span) {
        let Some(frame) = self.frames.pop() else { return };
        let mut span = Span { file: self.file, start: frame.start, end: end.end };
        let kind = match frame.contents {
            Contents::Sequence(mut items) => {
                if frame.flow {
                    flow_comma::mend_sequence(self.source, &mut items, self.findings);
                } else {
                    span.end = items.last().map_or(frame.start, |item| item.span.end);
                }
                NodeKind::Sequence(items)
            }
            Contents::Mapping { mut entries, .. } => {
                if frame.flow {
                    flow_comma::mend_mapping(self.source, &mut entries, self.findings);
                    flow_comma::refuse_lone_keys(self.source, &mut entries, self.findings);
                } else {
                    span.end = entries.last().map_or(frame.start, |entry| entry.span().end);
                }
                self.refuse_duplicates(&mut entries);
                NodeKind::Mapping(entries)
            }
        };
        self.place(Node { kind, span });
    }

    /// Puts a finished node where it belongs: as the next key, value or item of the innermost open frame.
    fn place(&mut self, node: Node) {
        self.nodes += 1;
        let Some(frame) = self.frames.last_mut() else {
            self.done.get_or_insert(node);
            return;
        };
        match &mut frame.contents {
            Contents::Sequence(items) => items.push(node),
            Contents::Mapping { entries, key } => match key.take() {
                Some(Key::Text(text)) => entries.push(Entry { key: text, value: node }),
                Some(Key::Refused) => {}
                None => *key = Some(accept_key(node, self.findings)),
            },
        }
    }

    fn refuse_duplicates(&mut self, entries: &mut Vec<Entry>) {
        let mut first: BTreeMap<String, Span> = BTreeMap::new();
        let findings = &mut *self.findings;
        entries.retain(|entry| match first.get(&entry.key.text) {
            Some(&earlier) => {
                let message = format!("the key `{}` occurs twice", entry.key.text);
                findings.push(
                    Diagnostic::new(&errors::DUPLICATE_KEY, entry.key.span, message).related(earlier, "first here"),
                );
                false
            }
            None => {
                first.insert(entry.key.text.clone(), entry.key.span);
                true
            }
        });
    }

    fn refuse_tag(&mut self, tag: std::ops::Range<usize>) {
        let span = self.span(tag);
        let written = self.slice(span).to_owned();
        let finding = Diagnostic::new(&errors::TAG, span, format!("`{written}` is a YAML tag; this language has none"));
        let name = written.trim_start_matches('!');
        self.findings.push(if written.starts_with("!!") || name.is_empty() {
            finding
        } else {
            finding.help(format!("if it is meant as logic, write `not {name}`; if it is text, put it in quotes"))
        });
    }

    fn refuse_anchor(&mut self, span: Span, what: &str) {
        let message = format!("`{}` is an {what} of YAML; this language has none", self.slice(span));
        let help = "write it out again, or move it to a state around both places; if it is text, put it in quotes";
        self.findings.push(Diagnostic::new(&errors::ANCHOR, span, message).help(help));
    }
}

fn accept_key(node: Node, findings: &mut Vec<Diagnostic>) -> Key {
    match node.kind {
        NodeKind::Scalar(Scalar { text, quoting: Quoting::Plain }) if text.text == "<<" => {
            let message = "`<<` merges mappings in older YAML; this language does not have it";
            findings.push(Diagnostic::new(&errors::MERGE_KEY, node.span, message).help("write the keys out"));
            Key::Refused
        }
        NodeKind::Scalar(scalar) if !scalar.text.text.is_empty() => Key::Text(scalar.text),
        NodeKind::Empty | NodeKind::Scalar(_) => {
            let finding = Diagnostic::new(&errors::EMPTY, node.span, "a key is missing here");
            findings.push(explain_null(finding, &node));
            Key::Refused
        }
        NodeKind::Sequence(_) | NodeKind::Mapping(_) => {
            let message = "a key must be a word, not a list or a mapping";
            findings.push(Diagnostic::new(&errors::SHAPE, node.span, message).help("if it is text, put it in quotes"));
            Key::Refused
        }
        NodeKind::Refused => Key::Refused,
    }
}

/// For what is called by the word that YAML has for nothing.
pub(crate) fn explain_null(finding: Diagnostic, node: &Node) -> Diagnostic {
    let is_word = node.kind == NodeKind::Empty && (node.span.end - node.span.start) as usize == "null".len();
    if is_word {
        finding.help("`null`, in small or capital letters, is YAML's word for nothing; as a name it needs quotes")
    } else {
        finding
    }
}

fn too_much(span: Span, nodes: bool) -> Diagnostic {
    let message = if nodes {
        format!("the file has more than {NODE_LIMIT} keys and values")
    } else {
        format!("more than {DEPTH_LIMIT} nested mappings and lists")
    };
    Diagnostic::new(&errors::TOO_MUCH, span, message)
}
