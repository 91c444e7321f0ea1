//! The sound part of broken definitions: the automata without errors, with all that they name.
//!
//! Files with errors are removed, then those that lack a name because of it, until nothing is wrong. From `types.yaml`
//! and `parts.yaml` only the declarations with errors are removed. So one automaton can be drawn while another is being
//! written.

use std::collections::BTreeSet;

use crate::analysis::{ParsedFile, analyse_without, parse};
use crate::codes::Severity;
use crate::diagnostic::Diagnostic;
use crate::model::System;
use crate::source::{FileId, Sources, Span};
use crate::yaml::{Entry, Node, NodeKind};

/// The part of a set of sources without errors.
#[derive(Clone, Debug)]
pub struct SoundPart {
    /// Without the automata that have errors, and those that name one of them other than by `from`.
    pub system: System,
    /// Warnings about it.
    pub warnings: Vec<Diagnostic>,
    /// The names of the automata that are not in it, in order.
    pub left_out: Vec<String>,
}

/// The part of these sources without errors. All of it, if there is none.
#[must_use]
pub fn sound_part(sources: &Sources) -> SoundPart {
    let mut parsed = parse(sources);
    let mut absent = BTreeSet::new();
    loop {
        let analysis = analyse_without(sources, &parsed, &absent);
        if let Some(system) = analysis.system {
            let is_there = |finding: &Diagnostic| !absent.contains(&finding.span.file);
            let warnings = analysis.findings.into_iter().filter(is_there).collect();
            return SoundPart { system, warnings, left_out: names(sources, &absent) };
        }
        let errors = analysis.findings.iter().filter(|finding| finding.code.severity == Severity::Error);
        let before = absent.len();
        let mut pruned = false;
        for Span { file, start, .. } in errors.map(|finding| finding.span) {
            if is_shared(sources, file) && prune(&mut parsed[file.0 as usize], start) {
                pruned = true;
            } else {
                absent.insert(file);
            }
        }
        if absent.len() == before && !pruned {
            // Nothing else can be removed.
            let all = sources.iter().map(|(id, _)| id).collect();
            return SoundPart { system: System::default(), warnings: Vec::new(), left_out: names(sources, &all) };
        }
    }
}

fn file_name(sources: &Sources, file: FileId) -> &str {
    let path = &sources.get(file).path;
    path.rsplit('/').next().unwrap_or(path)
}

fn is_shared(sources: &Sources, file: FileId) -> bool {
    ["types.yaml", "parts.yaml"].contains(&file_name(sources, file))
}

/// Removes the declaration at this place. Returns whether there is one.
fn prune(file: &mut ParsedFile, at: u32) -> bool {
    let Some(Node { kind: NodeKind::Mapping(sections), .. }) = &mut file.tree else { return false };
    for section in sections {
        let NodeKind::Mapping(declarations) = &mut section.value.kind else { continue };
        let is_here = |entry: &Entry| entry.key.span.start <= at && at <= entry.value.span.end;
        if let Some(found) = declarations.iter().position(is_here) {
            declarations.remove(found);
            return true;
        }
    }
    false
}

/// Of automata, not of the shared files.
fn names(sources: &Sources, files: &BTreeSet<FileId>) -> Vec<String> {
    let automata = files.iter().filter(|file| !is_shared(sources, **file)).map(|file| file_name(sources, *file));
    automata.filter_map(|file| Some(file.rsplit_once('.')?.0.to_owned())).collect()
}
