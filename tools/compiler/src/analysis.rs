//! The front end as a whole: sources in, model and findings out.

use std::collections::BTreeSet;

use crate::codes::Severity;
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::file_names::stem;
use crate::model::System;
use crate::naming::{Convention, reserved};
use crate::resolve::{Files, Shared, resolve};
use crate::source::{Fault, FileId, Source, Sources, Span, Text};
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
    pub(crate) tree: Option<Node>,
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

/// Reads, resolves and checks all files. Whatever they contain, it returns, with all findings of all files.
#[must_use]
pub fn analyse(sources: &Sources) -> Analysis {
    analyse_parsed(sources, &parse(sources))
}

/// All files as YAML.
pub(crate) fn parse(sources: &Sources) -> Vec<ParsedFile> {
    let parsed =
        |(id, source)| sources.fault(id).map_or_else(|| ParsedFile::new(id, source), |fault| refused(id, fault));
    sources.iter().map(parsed).collect()
}

/// What the name of a definition ends in.
const ENDING: &str = ".yaml";

/// `door.yml`, `door.YAML`, `door.yaml.txt`.
fn other_ending(sources: &Sources, file: FileId, name: &str, stem: &str) -> Diagnostic {
    let proposal = format!("{}{ENDING}", stem.to_lowercase());
    let others = || sources.iter().filter(|(id, _)| *id != file).map(|(id, source)| (id, file_name(source)));
    // The first of several may be renamed.
    let is_before = |(id, other): (FileId, &str)| {
        id < file && !other.ends_with(ENDING) && self::stem(other).eq_ignore_ascii_case(stem)
    };
    let help = if others().any(|(_, other)| other == proposal) {
        format!("there is a `{proposal}` beside it: remove this file, or give it another name")
    } else if others().any(is_before) {
        format!("another file would be `{proposal}` too: remove this one, or give it another name")
    } else {
        format!("rename it to `{proposal}`")
    };
    let message = format!("`{name}` is not read: definition files end in `{ENDING}`");
    Diagnostic::new(&errors::NOT_READ, Span { file, start: 0, end: 0 }, message).help(help)
}

/// What could not be read as text.
fn refused(file: FileId, fault: &Fault) -> ParsedFile {
    let span = Span { file, start: fault.offset as u32, end: fault.offset as u32 };
    let finding = Diagnostic { help: fault.help.clone(), ..Diagnostic::new(fault.code, span, &*fault.message) };
    ParsedFile { tree: None, findings: vec![finding] }
}

/// As [`analyse`], with each of the files read already: reading takes most of the time, and a caller that analyses
/// again whenever one file changes need not read the others again.
#[must_use]
pub fn analyse_parsed(sources: &Sources, parsed: &[ParsedFile]) -> Analysis {
    analyse_without(sources, parsed, &BTreeSet::new())
}

/// As if some files were not there; where an automaton in them sends an event (`from`), it is taken for a part of the
/// program.
pub(crate) fn analyse_without(sources: &Sources, parsed: &[ParsedFile], absent: &BTreeSet<FileId>) -> Analysis {
    let mut findings = Vec::new();
    let files = read(sources, parsed, absent, &mut findings);
    let system = resolve(files, &mut findings);
    let sound = !findings.iter().any(|finding| finding.code.severity == Severity::Error);
    let system = sound.then_some(system).and_then(|system| checked(system, &mut findings));
    // A finding on a case for several events is reported once.
    findings.sort_by(|a, b| (a.span, a.code.number, &a.message).cmp(&(b.span, b.code.number, &b.message)));
    findings.dedup();
    let findings = causes::gather(findings);
    Analysis { system, findings }
}

/// Errors that only the whole definition shows; the other findings are warnings.
fn checked(system: System, findings: &mut Vec<Diagnostic>) -> Option<System> {
    let found = checks::run(&system);
    let sound = !found.iter().any(|finding| finding.code.severity == Severity::Error);
    findings.extend(found);
    sound.then_some(system)
}

fn read(sources: &Sources, parsed: &[ParsedFile], absent: &BTreeSet<FileId>, findings: &mut Vec<Diagnostic>) -> Files {
    let mut files =
        Files { types: Shared::Missing, parts: Shared::Missing, automata: Vec::new(), unreadable: BTreeSet::new() };
    let mut senders = Vec::new();
    for ((id, source), parsed) in sources.iter().zip(parsed) {
        let name = file_name(source);
        let node = parsed.tree.as_ref();
        let stem = stem(name).to_owned();
        if absent.contains(&id) {
            senders.push(stand_in(id, stem));
            continue;
        }
        if !name.ends_with(ENDING) {
            findings.extend(match sources.fault(id) {
                Some(_) => parsed.findings.clone(),
                None => vec![other_ending(sources, id, name, &stem)],
            });
            match stem.to_lowercase().as_str() {
                "types" => files.types = Shared::Unreadable,
                "parts" => files.parts = Shared::Unreadable,
                small => files.unreadable.extend([small.to_owned(), stem]),
            }
            continue;
        }
        findings.extend(parsed.findings.iter().cloned());
        match (name, node) {
            ("types.yaml", node) => files.types = node.and_then(|node| syntax::read_types(node, findings)).into(),
            ("parts.yaml", node) => files.parts = node.and_then(|node| syntax::read_parts(node, findings)).into(),
            (_, node) => match node.and_then(|node| syntax::read_automaton(node, &stem, findings)) {
                Some(automaton) => files.automata.push((stem, automaton)),
                None => {
                    files.unreadable.insert(stem);
                }
            },
        }
    }
    // `door.yml` and `door.yaml.txt` stand for one automaton.
    let mut names = BTreeSet::new();
    senders.retain(|sender| can_stand_in(&files, &sender.name.text) && names.insert(sender.name.text.clone()));
    if !senders.is_empty() {
        match &mut files.parts {
            Shared::Read(parts) => parts.extend(senders),
            Shared::Missing => files.parts = Shared::Read(senders),
            Shared::Unreadable => {}
        }
    }
    files
}

fn file_name(source: &Source) -> &str {
    source.path.rsplit('/').next().unwrap_or(&source.path)
}

/// A stand-in causes no findings.
fn can_stand_in(files: &Files, name: &str) -> bool {
    let is_part = matches!(&files.parts, Shared::Read(parts) if parts.iter().any(|part| part.name.text == name));
    let is_automaton = files.automata.iter().any(|(_, automaton)| automaton.name.text == name);
    !is_part && !is_automaton && Convention::SnakeCase.fits(name) && reserved(name).is_none()
}

/// The part in place of an automaton that is left out.
fn stand_in(file: FileId, name: String) -> syntax::PartDeclaration {
    let name = Text { text: name, span: Span { file, start: 0, end: 0 }, exact: false };
    syntax::PartDeclaration { name, summary: String::new(), outside: false }
}
