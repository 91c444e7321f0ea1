//! The front end as a whole: sources in, model and findings out.

use std::collections::BTreeSet;

use crate::codes::errors;
use crate::diagnostic::{Diagnostic, Severity};
use crate::model::System;
use crate::resolve::{Files, Shared, resolve};
use crate::source::{Fault, FileId, Source, Sources, Span};
use crate::yaml::Node;
use crate::{causes, checks, syntax, yaml};

/// What is known of a set of sources.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// `None` if there is any error.
    pub system: Option<System>,
    /// By file, place and code.
    pub findings: Vec<Diagnostic>,
}

/// A file as YAML, and what is wrong with it as such.
#[derive(Clone, Debug)]
pub struct ParsedFile {
    tree: Option<Node>,
    findings: Vec<Diagnostic>,
}

impl ParsedFile {
    /// Reads one file of the sources.
    #[must_use]
    pub fn new(id: FileId, source: &Source) -> Self {
        let mut findings = Vec::new();
        let tree = yaml::parse(id, &source.text, &mut findings);
        Self { tree, findings }
    }
}

/// Reads, resolves and checks all files. Whatever they contain, it comes back, with all findings of all files.
#[must_use]
pub fn analyse(sources: &Sources) -> Analysis {
    let files: Vec<ParsedFile> = sources
        .iter()
        .map(|(id, source)| sources.fault(id).map_or_else(|| ParsedFile::new(id, source), |fault| refused(id, fault)))
        .collect();
    analyse_parsed(sources, &files)
}

/// A file that could not be read as text.
fn refused(file: FileId, fault: &Fault) -> ParsedFile {
    let span = Span { file, start: fault.offset as u32, end: fault.offset as u32 };
    let finding =
        Diagnostic { help: fault.help.map(str::to_owned), ..Diagnostic::new(&errors::YAML, span, &*fault.message) };
    ParsedFile { tree: None, findings: vec![finding] }
}

/// As [`analyse`], with each of the files read already: most of the time goes there, and who analyses again and again while
/// one file changes need not read the others anew.
#[must_use]
pub fn analyse_parsed(sources: &Sources, parsed: &[ParsedFile]) -> Analysis {
    let mut findings = Vec::new();
    let files = read(sources, parsed, &mut findings);
    let system = resolve(files, &mut findings);
    let sound = !findings.iter().any(|finding| finding.code.severity == Severity::Error);
    let system = sound.then_some(system).and_then(|system| checked(system, &mut findings));
    // What one case says for several events is said once.
    findings.sort_by(|a, b| (a.span, a.code.number, &a.message).cmp(&(b.span, b.code.number, &b.message)));
    findings.dedup();
    let findings = causes::gather(findings);
    Analysis { system, findings }
}

/// What only the whole of a definition shows; the rest of the findings are warnings.
fn checked(system: System, findings: &mut Vec<Diagnostic>) -> Option<System> {
    let found = checks::run(&system);
    let sound = !found.iter().any(|finding| finding.code.severity == Severity::Error);
    findings.extend(found);
    sound.then_some(system)
}

fn read(sources: &Sources, parsed: &[ParsedFile], findings: &mut Vec<Diagnostic>) -> Files {
    let mut files =
        Files { types: Shared::Missing, parts: Shared::Missing, automata: Vec::new(), unreadable: BTreeSet::new() };
    for ((id, source), parsed) in sources.iter().zip(parsed) {
        let name = source.path.rsplit('/').next().unwrap_or(&source.path);
        let node = parsed.tree.as_ref();
        findings.extend(parsed.findings.iter().cloned());
        match (name, node) {
            ("types.yaml", node) => files.types = node.and_then(|node| syntax::read_types(node, findings)).into(),
            ("parts.yaml", node) => files.parts = node.and_then(|node| syntax::read_parts(node, findings)).into(),
            (name, node) => {
                let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
                if !name.ends_with(".yaml") {
                    let message = format!("files of the language end in `.yaml`; `{name}` does not");
                    findings.push(Diagnostic::new(&errors::FILE_NAME, Span { file: id, start: 0, end: 0 }, message));
                    match stem.as_str() {
                        "types" => files.types = Shared::Unreadable,
                        "parts" => files.parts = Shared::Unreadable,
                        _ => drop(files.unreadable.insert(stem)),
                    }
                    continue;
                }
                match node.and_then(|node| syntax::read_automaton(node, &stem, findings)) {
                    Some(automaton) => files.automata.push((stem, automaton)),
                    None => {
                        files.unreadable.insert(stem);
                    }
                }
            }
        }
    }
    files
}
