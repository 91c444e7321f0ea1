//! Missing texts for people, where they are needed.

use super::Subject;
use crate::codes::warnings::MISSING_SUMMARY;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

pub fn missing_summaries(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let automaton = subject.automaton;
    let mut check = |what: &str, name: &str, summary: &str, span: Span| {
        if summary.trim().is_empty() {
            findings.push(Diagnostic::new(&MISSING_SUMMARY, span, format!("the {what} `{name}` has no summary")));
        }
    };
    check("automaton", &automaton.name, &automaton.summary, automaton.span);
    for condition in &automaton.conditions {
        check("condition", &condition.name, &condition.summary, condition.span);
    }
    for parameter in &automaton.parameters {
        check("parameter", &parameter.name, &parameter.summary, parameter.span);
    }
}
