//! Names: their form, words that cannot be one, and names given twice.

use std::collections::BTreeMap;

use super::resolver::Resolver;
use super::states::depth_first;
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::naming::{Kind, NAME_LENGTH_LIMIT};
use crate::source::{Span, Text};
use crate::syntax;

impl Resolver<'_> {
    /// The form of a name, and whether it can be one; `others`: all names of the same place.
    pub(super) fn check_name(&mut self, name: &Text, kind: Kind, others: &[&str]) {
        let written = name.text.as_str();
        if !kind.convention().fits(written) {
            let shown: String = written.chars().take(NAME_LENGTH_LIMIT).collect();
            let form = kind.convention().name();
            let message = format!("the name of {} is in {form}; `{shown}` is not", kind.what());
            let finding = Diagnostic::new(&errors::NAME_SHAPE, name.span, message);
            let help = match kind.proposal(written, others) {
                _ if written.len() > NAME_LENGTH_LIMIT => format!("it may have at most {NAME_LENGTH_LIMIT} characters"),
                Ok(proposal) => {
                    let help = format!("write `{proposal}`");
                    // Where it is used in its right form already.
                    self.broken.insert(proposal);
                    help
                }
                Err(why) => why,
            };
            self.report(finding.help(help));
        } else if let Some(reason) = kind.reserved(written) {
            let message = format!("`{written}` cannot be the name of {}: it is {reason}", kind.what());
            self.report(Diagnostic::new(&errors::RESERVED_NAME, name.span, message));
        }
    }

    /// Names of automata, and all names within each: the form of states, names given twice.
    pub(super) fn check_names(&mut self, automata: &[syntax::Automaton]) {
        let parts: Vec<(String, Span)> = self.system.parts.iter().map(|part| (part.name.clone(), part.span)).collect();
        let names = automata.iter().map(|automaton| (automaton.name.text.clone(), automaton.name.span));
        self.refuse_duplicates("part or automaton", parts.into_iter().chain(names).collect());
        let all: Vec<String> = self.partners().map(str::to_owned).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        for automaton in automata {
            self.check_name(&automaton.name, Kind::Automaton, &all);
            self.check_names_of(automaton);
        }
    }

    fn check_names_of(&mut self, automaton: &syntax::Automaton) {
        let states = depth_first(&automaton.root);
        let states: Vec<&Text> = states.iter().skip(1).map(|state| &state.name).collect();
        let all: Vec<&str> = states.iter().map(|name| name.text.as_str()).collect();
        for name in &states {
            self.check_name(name, Kind::State, &all);
        }
        self.refuse_duplicates("state", pairs(&states));
        let all: Vec<&str> = automaton.properties.iter().map(|property| property.name.text.as_str()).collect();
        for property in &automaton.properties {
            self.check_name(&property.name, Kind::Property, &all);
        }
        let values: Vec<&Text> = automaton.values().collect();
        self.refuse_duplicates("parameter, variable or condition", pairs(&values));
    }

    fn refuse_duplicates(&mut self, what: &str, names: Vec<(String, Span)>) {
        let mut first: BTreeMap<String, Span> = BTreeMap::new();
        for (name, span) in names {
            match first.get(&name) {
                Some(&earlier) => {
                    let message = format!("there is another {what} `{name}`");
                    let finding = Diagnostic::new(&errors::DUPLICATE_NAME, span, message);
                    self.report(finding.related(earlier, "first here"));
                }
                None => {
                    first.insert(name, span);
                }
            }
        }
    }
}

fn pairs(names: &[&Text]) -> Vec<(String, Span)> {
    names.iter().map(|name| (name.text.clone(), name.span)).collect()
}
