//! Names: their form, words that cannot be one, and names given twice.

use super::Resolver;
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::names::{Convention, NAME_LENGTH_LIMIT, reserved, reserved_for_events};
use crate::source::{Span, Text};
use crate::syntax;
use std::collections::BTreeMap;

impl Resolver<'_> {
    /// The form of a name, and whether it can be one.
    pub(super) fn check_name(&mut self, name: &Text, convention: Convention, what: &str) {
        let written = name.text.as_str();
        if !convention.fits(written) {
            let shown: String = written.chars().take(NAME_LENGTH_LIMIT).collect();
            let message = format!("the name of {} is in {}; `{shown}` is not", with_article(what), convention.name());
            let mut finding = Diagnostic::new(&errors::NAME_SHAPE, name.span, message);
            if written.len() > NAME_LENGTH_LIMIT {
                finding = finding.help(format!("it may have at most {NAME_LENGTH_LIMIT} characters"));
            } else if let Some(proposal) = convention.apply(written) {
                finding = finding.help(format!("write `{proposal}`"));
            }
            self.report(finding);
        }
        let reason = match what {
            "field" | "argument" => None,
            "event" => reserved_for_events(written),
            _ => reserved(written),
        };
        if let Some(reason) = reason {
            let message = format!("`{written}` cannot be the name of {}: it is {reason}", with_article(what));
            self.report(Diagnostic::new(&errors::RESERVED_NAME, name.span, message));
        }
    }

    /// Names of automata, and all names within each: the form of states, names given twice.
    pub(super) fn check_names(&mut self, automata: &[syntax::Automaton]) {
        let parts: Vec<(String, Span)> = self.system.parts.iter().map(|part| (part.name.clone(), part.span)).collect();
        let names = automata.iter().map(|automaton| (automaton.name.text.clone(), automaton.name.span));
        self.refuse_duplicates("part or automaton", parts.into_iter().chain(names).collect());
        for automaton in automata {
            self.check_name(&automaton.name, Convention::SnakeCase, "automaton");
            self.check_names_of(automaton);
        }
    }

    fn check_names_of(&mut self, automaton: &syntax::Automaton) {
        let states = super::states::depth_first(&automaton.root);
        let states: Vec<&Text> = states.iter().skip(1).map(|state| &state.name).collect();
        for name in &states {
            self.check_name(name, Convention::UpperSnake, "state");
        }
        self.refuse_duplicates("state", pairs(&states));
        let conditions = automaton.conditions.iter().map(|condition| &condition.name);
        let parameters = automaton.parameters.iter().map(|parameter| &parameter.name);
        let variables = automaton.variables.iter().map(|variable| &variable.name);
        for property in &automaton.properties {
            self.check_name(&property.name, Convention::SnakeCase, "property");
        }
        let values: Vec<&Text> = parameters.chain(variables).chain(conditions).collect();
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

fn with_article(what: &str) -> String {
    let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {what}")
}
