//! What is known while files are resolved, and how texts are read and findings reported meanwhile.

use std::collections::BTreeSet;

use super::absence::Absence;
use super::position::Position;
use crate::codes::check_errors::COMPILER_BUG;
use crate::codes::{Severity, errors};
use crate::diagnostic::Diagnostic;
use crate::expression::{Environment, VARIANTS};
use crate::model::{Automaton, AutomatonId, StateId, System, Type};
use crate::source::{FileId, Span, Text};

/// What is known so far.
pub(super) struct Resolver<'f> {
    pub system: System,
    pub automata_names: Vec<String>,
    pub keys: Vec<InstanceKey>,
    pub absent_types: Absence,
    pub absent_parts: Absence,
    /// Names whose declaration failed.
    pub broken: BTreeSet<String>,
    /// For each automaton, the states whose `initial` failed.
    pub broken_initials: Vec<BTreeSet<StateId>>,
    /// The places of timers whose length failed.
    pub broken_timers: BTreeSet<Span>,
    /// Where something was first dropped.
    pub dropped: Option<Span>,
    pub findings: &'f mut Vec<Diagnostic>,
}

/// A name that may follow `instances: per`; `None` if its type is wrong.
pub(super) struct InstanceKey {
    pub name: String,
    pub r#type: Option<Type>,
}

impl Resolver<'_> {
    pub fn report(&mut self, finding: Diagnostic) {
        self.findings.push(finding);
    }

    /// Notes that something at this place is not in the system. Then there is a finding, for this or for its cause.
    pub fn drops(&mut self, span: Span) {
        self.dropped.get_or_insert(span);
    }

    /// Reports each missing file, with the names that it would declare.
    pub fn report_missing_files(&mut self) {
        let files = [(&self.absent_types, &errors::UNKNOWN_TYPE), (&self.absent_parts, &errors::UNKNOWN_PARTNER)];
        for (absence, code) in files {
            let Absence::OfFile(missing) = absence else { continue };
            let finding = missing.finding(code);
            // Variants may be declared there too; but unknown ones are held back only where this finding is their
            // cause.
            if finding.is_some() && code.number == errors::UNKNOWN_TYPE.number {
                self.broken.insert(VARIANTS.to_owned());
            }
            self.findings.extend(finding);
        }
    }

    /// If something was dropped, there is an error. If it was forgotten, that itself is the error: the system is not
    /// complete.
    pub fn refuse_what_is_not_whole(&mut self) {
        let is_told = self.findings.iter().any(|finding| finding.code.severity == Severity::Error);
        let is_whole = self.dropped.is_none() && self.broken.is_empty() && self.broken_timers.is_empty();
        if is_told || is_whole {
            return;
        }
        let name = self.broken.first().map_or_else(|| "something ".to_owned(), |name| format!("`{name}` "));
        let message = format!("the compiler has a bug: {name}was dropped, and no finding says why");
        let start = Span { file: FileId(0), start: 0, end: 0 };
        let span = self.dropped.or(self.broken_timers.first().copied()).unwrap_or(start);
        let help = "please report it, with this definition; the part shown here was dropped";
        self.report(Diagnostic::new(&COMPILER_BUG, span, message).help(help));
    }

    pub fn automaton(&self, id: AutomatonId) -> &Automaton {
        &self.system.automata[id]
    }

    /// Calls one of the functions over texts, at a place.
    pub fn read<T>(
        &mut self,
        place: Position<'_>,
        text: &Text,
        read: fn(&Text, &Environment<'_>, &mut Vec<Diagnostic>) -> Option<T>,
    ) -> Option<T> {
        let found = self.tried(place, text, read);
        if found.is_none() {
            self.drops(text.span);
        }
        found
    }

    /// [`Resolver::read`], where nothing is lost if it fails.
    pub fn tried<T>(
        &mut self,
        place: Position<'_>,
        text: &Text,
        read: fn(&Text, &Environment<'_>, &mut Vec<Diagnostic>) -> Option<T>,
    ) -> Option<T> {
        let environment = Environment {
            system: &self.system,
            automaton: place.automaton,
            event: place.event,
            inside_property: false,
            has_guard: place.has_guard,
            known: place.known,
            broken: &self.broken,
        };
        read(text, &environment, self.findings)
    }

    /// The name of a state in findings.
    pub fn state_name(&self, automaton: AutomatonId, state: StateId) -> String {
        match state {
            StateId::ROOT => format!("the automaton `{}`", self.automaton(automaton).name),
            _ => format!("`{}`", self.automaton(automaton).states[state].name),
        }
    }
}
