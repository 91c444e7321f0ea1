//! From what is written to what it means: every name looked up.
//!
//! Declarations first, of all files, then triggers (each observation becomes an event of its observer), then what
//! transitions do. At that point everything that can be named is known, whatever the order of files and keys.
//!
//! Names whose declaration failed are remembered as *broken*, and nothing is said where they are used: one cause, one
//! finding.

mod absence;
mod behaviours;
mod check_names;
mod declarations;
mod effects;
mod initials;
mod position;
mod resolver;
mod states;
mod timers;
mod triggers;
mod types;

pub use types::built_in_types;

use std::collections::BTreeSet;

use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::expression::VARIANTS;
use crate::model::{AutomatonId, System};
use crate::naming::Convention;
use crate::source::Text;
use crate::syntax;
use absence::{Absence, MissingFile};
use resolver::Resolver;

/// All files, read.
#[derive(Debug, Default)]
pub struct Files {
    /// `types.yaml`.
    pub types: Shared<syntax::TypesFile>,
    /// `parts.yaml`.
    pub parts: Shared<Vec<syntax::PartDeclaration>>,
    /// All others, with the names that their files give them.
    pub automata: Vec<(String, syntax::Automaton)>,
    /// The names that belong to files that could not be read.
    pub unreadable: BTreeSet<String>,
}

/// A file that declares what all automata may name.
#[derive(Debug, Default)]
pub enum Shared<T> {
    /// There is none. That is reported once, if something names what it would declare.
    #[default]
    Missing,
    /// A finding says what is wrong with it; names that it may declare are not reported.
    Unreadable,
    /// This is in it.
    Read(T),
}

impl<T> From<Option<T>> for Shared<T> {
    fn from(read: Option<T>) -> Self {
        read.map_or(Self::Unreadable, Self::Read)
    }
}

impl<T: Default> Shared<T> {
    /// What is in it, and who reports a name that is not.
    fn open(self, file: &'static str) -> (T, Absence) {
        match self {
            Self::Missing => (T::default(), Absence::OfFile(MissingFile::new(file))),
            Self::Unreadable => (T::default(), Absence::Told),
            Self::Read(contents) => (contents, Absence::OfName),
        }
    }
}

/// Resolves everything. The system is complete only if there is no error among the findings.
#[must_use]
pub fn resolve(files: Files, findings: &mut Vec<Diagnostic>) -> System {
    let automata = in_order(files.automata, findings);
    let mut broken = files.unreadable;
    for (stem, automaton) in &automata {
        broken.extend(automaton.unread_names.iter().cloned());
        if *stem != automaton.name.text {
            broken.insert(stem.clone());
        }
    }
    let (types, absent_types) = files.types.open("types.yaml");
    let (parts, absent_parts) = files.parts.open("parts.yaml");
    if matches!(absent_types, Absence::Told) {
        broken.insert(VARIANTS.to_owned());
    }
    let automata: Vec<syntax::Automaton> = automata.into_iter().map(|(_, automaton)| automaton).collect();
    let mut resolver = Resolver {
        absent_types,
        absent_parts,
        system: System::default(),
        automata_names: automata.iter().map(|automaton| automaton.name.text.clone()).collect(),
        keys: Vec::new(),
        broken,
        broken_initials: Vec::new(),
        broken_timers: BTreeSet::new(),
        dropped: None,
        findings,
    };
    resolver.declare_types(types);
    resolver.declare_parts(parts);
    resolver.check_names(&automata);
    resolver.declare_automata(&automata);
    resolver.report_missing_files();
    let states: Vec<_> = automata.iter().map(|automaton| states::depth_first(&automaton.root)).collect();
    for (id, states) in (0..).zip(&states) {
        resolver.declare_timers(AutomatonId(id), states);
    }
    let triggers: Vec<_> =
        (0..).zip(&states).map(|(id, states)| resolver.resolve_triggers(AutomatonId(id), states)).collect();
    let behaviours: Vec<_> = (0..)
        .zip(automata.iter().zip(states.iter().zip(&triggers)))
        .map(|(id, (automaton, (states, triggers)))| {
            resolver.resolve_behaviour(AutomatonId(id), states, triggers, &automaton.properties)
        })
        .collect();
    for (automaton, behaviour) in resolver.system.automata.iter_mut().zip(behaviours) {
        behaviour.install(automaton);
    }
    for (automaton, states) in (0..).zip(&states) {
        resolver.check_initials(AutomatonId(automaton), states);
    }
    resolver.refuse_what_is_not_whole();
    resolver.system
}

/// By name, each name once.
fn in_order(
    mut automata: Vec<(String, syntax::Automaton)>,
    findings: &mut Vec<Diagnostic>,
) -> Vec<(String, syntax::Automaton)> {
    // Of two with one name, the one whose file has that name is the real one.
    automata.sort_by(|(a_stem, a), (b_stem, b)| {
        (&a.name.text, a.name.text != *a_stem, a_stem).cmp(&(&b.name.text, b.name.text != *b_stem, b_stem))
    });
    let mut first: Option<Text> = None;
    let stems: BTreeSet<String> = automata.iter().map(|(stem, _)| stem.clone()).collect();
    automata.retain(|(stem, automaton)| {
        let name = &automaton.name;
        if let Some(first) = first.as_ref().filter(|first| first.text == name.text) {
            let message = format!("there is another automaton `{}`", name.text);
            findings.push(
                Diagnostic::new(&errors::DUPLICATE_NAME, name.span, message).related(first.span, "declared here"),
            );
            return false;
        }
        // If only its form is wrong, that is reported elsewhere.
        if *stem != name.text && Convention::SnakeCase.apply(&name.text).as_ref() != Some(stem) {
            let message = format!("the automaton `{}` is in a file called `{stem}.yaml`", name.text);
            let help = if stems.contains(&name.text) {
                format!("rename the automaton: there is a `{}.yaml` beside it", name.text)
            } else {
                format!("rename the file to `{}.yaml`, or the automaton", name.text)
            };
            findings.push(Diagnostic::new(&errors::FILE_NAME, name.span, message).help(help));
        }
        first = Some(name.clone());
        true
    });
    automata
}
