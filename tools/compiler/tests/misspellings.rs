//! Every name in the project's own definitions, misspelled once at each place where it occurs: it is found each time.
//!
//! Found means: a finding at that place, or one that names what was written or what was meant. What no compiler of the
//! definitions can find is a name that is only declared and never mentioned again (the field of an event that no guard
//! and no argument uses, a state that is only there for what is inside): misspelled, it is simply another name. For
//! these it is enough that the definitions are still sound: then nothing mentions the name that was meant, and the
//! host's Rust, which does, no longer compiles.

use std::num::NonZero;
use std::ops::Range;
use std::path::Path;
use std::thread;

use automata_compiler::diagnostic::Diagnostic;
use automata_compiler::source::{FileId, Source, Sources, Span, Text};
use automata_compiler::yaml::{self, Node, NodeKind};
use automata_compiler::{ParsedFile, analyse, analyse_parsed, read_folder};

/// A word of the definitions, and where it stands.
struct Occurrence {
    file: FileId,
    bytes: Range<usize>,
    /// The keys around it, from the outside in.
    path: Vec<String>,
}

/// Texts of the language, not those for people, and not paths of Rust types.
fn texts<'n>(node: &'n Node, path: &mut Vec<String>, found: &mut Vec<(&'n Text, Vec<String>)>) {
    match &node.kind {
        NodeKind::Scalar(scalar) => found.push((&scalar.text, path.clone())),
        NodeKind::Sequence(items) => items.iter().for_each(|item| texts(item, path, found)),
        NodeKind::Mapping(entries) => {
            for entry in entries {
                found.push((&entry.key, path.clone()));
                let inside = path.last().map_or("", String::as_str);
                let is_prose = matches!(entry.key.text.as_str(), "summary" | "doc" | "stay" | "rust")
                    || matches!(inside, "ignore" | "parts")
                    || (entry.key.text == "ignore" && matches!(entry.value.kind, NodeKind::Scalar(_)));
                path.push(entry.key.text.clone());
                if !is_prose {
                    texts(&entry.value, path, found);
                }
                path.pop();
            }
        }
        NodeKind::Empty | NodeKind::Refused => {}
    }
}

fn occurrences(sources: &Sources) -> Vec<Occurrence> {
    let mut all = Vec::new();
    for (file, source) in sources.iter() {
        let tree = yaml::parse(file, &source.text, &mut Vec::new()).expect("the definitions are YAML");
        let mut found = Vec::new();
        texts(&tree, &mut Vec::new(), &mut found);
        for (text, path) in found {
            assert!(text.exact, "{} is written in a way that this test does not understand", text.text);
            for word in words(&text.text) {
                let start = text.span.start as usize;
                all.push(Occurrence { file, bytes: start + word.start..start + word.end, path: path.clone() });
            }
        }
    }
    all
}

/// The identifiers in a text; numbers with their units are none, nor is what a literal text of the language says.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut is_literal = false;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        is_literal ^= c == '"';
        let is_part = !is_literal && (c.is_ascii_alphanumeric() || c == '_');
        match start {
            None if is_part => start = Some(at),
            Some(from) if !is_part => {
                if !text[from..].starts_with(|c: char| c.is_ascii_digit()) {
                    words.push(from..at);
                }
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// The character in the middle twice: never another word of the definitions, and as near to the right one as can be.
fn misspelled(word: &str) -> String {
    let middle = word.len() / 2;
    let (before, behind) = word.split_at(middle);
    let doubled = &behind[..1];
    if doubled == "_" { format!("{before}x{behind}") } else { format!("{before}{doubled}{behind}") }
}

fn with_slip(sources: &Sources, slip: &Occurrence, word: &str) -> Sources {
    let files = sources.iter().map(|(id, source)| {
        let mut text = source.text.clone();
        if id == slip.file {
            text.replace_range(slip.bytes.clone(), word);
        }
        Source { path: source.path.clone(), text }
    });
    Sources::new(files.collect())
}

fn is_told(findings: &[Diagnostic], place: Span, written: &str, meant: &str) -> bool {
    findings.iter().any(|finding| {
        let overlaps = |span: Span| span.file == place.file && span.start < place.end && place.start < span.end;
        let texts = [&finding.message, &finding.label].into_iter().chain(&finding.help);
        let names = |name: &str| texts.clone().any(|text| words(text).into_iter().any(|word| &text[word] == name));
        overlaps(finding.span) || names(written) || names(meant)
    })
}

/// Where a name is declared that nothing needs to mention again: arguments and fields by their places, states by being
/// inside others, variants by the host.
fn may_be_declared_only(slip: &Occurrence) -> bool {
    matches!(slip.path.last().map(String::as_str), Some("fields" | "arguments" | "states" | "enum"))
}

/// What is wrong with the answer to this slip, if anything.
fn missed(sources: &Sources, files: &[ParsedFile], slip: &Occurrence) -> Option<String> {
    let meant = &sources.get(slip.file).text[slip.bytes.clone()];
    let written = misspelled(meant);
    let misspelled = with_slip(sources, slip, &written);
    let mut files = files.to_vec();
    files[slip.file.0 as usize] = ParsedFile::new(slip.file, misspelled.get(slip.file));
    let analysis = analyse_parsed(&misspelled, &files);
    let end = slip.bytes.start + written.len();
    let place = Span { file: slip.file, start: slip.bytes.start as u32, end: end as u32 };
    let is_other_name = may_be_declared_only(slip) && analysis.system.is_some();
    if is_other_name || is_told(&analysis.findings, place, &written, meant) {
        return None;
    }
    let (line, _) = sources.line_and_column(place);
    Some(format!("{}:{line}: `{written}` for `{meant}`", sources.get(slip.file).path))
}

#[test]
fn every_slip_is_found() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../automata");
    let sources = read_folder(&folder).expect("the definitions can be read");
    assert!(analyse(&sources).system.is_some(), "the definitions are sound");
    let files: Vec<ParsedFile> = sources.iter().map(|(id, source)| ParsedFile::new(id, source)).collect();
    let occurrences = occurrences(&sources);
    assert!(occurrences.len() > 1000, "only {} words were found", occurrences.len());
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let missed: Vec<String> = thread::scope(|scope| {
        let chunks = occurrences.chunks(occurrences.len().div_ceil(threads));
        let workers: Vec<_> = chunks
            .map(|chunk| {
                scope.spawn(|| chunk.iter().filter_map(|slip| missed(&sources, &files, slip)).collect::<Vec<_>>())
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no worker panics")).collect()
    });
    assert!(missed.is_empty(), "{} slips are not found:\n{}", missed.len(), missed.join("\n"));
}
