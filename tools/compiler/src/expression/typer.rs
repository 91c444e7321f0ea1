//! The typer of one text: what it knows, and what it says where a value may be `none`.
//!
//! What it does with the nodes is in files of their own: values and names in `typing`, operations in `operators`.

use std::borrow::Cow;

use super::environment::Environment;
use super::narrowing::{Known, can_be_known};
use crate::codes::expression_errors::NOT_ALLOWED_HERE;
use crate::diagnostic::Diagnostic;
use crate::model::{Expression, Type};
use crate::printer::Printer;
use crate::source::Span;

/// What an expression is for, and so what it may contain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Use {
    /// Decides: nothing secret.
    Guard,
    /// Is carried: secrets pass.
    Effect,
    /// How long a timer runs: no event is at hand, and there is no guard before it.
    Length,
    /// Tells instances apart before any guard is asked: no questions to the host.
    TriggerKey,
}

/// Where a value goes: what it is called there, and what fits.
pub struct Slot<'a> {
    pub what: Cow<'a, str>,
    pub r#type: Type,
    pub bounds: Option<(i128, i128)>,
    pub declared: Option<Span>,
}

impl<'a> Slot<'a> {
    pub fn new(what: impl Into<Cow<'a, str>>, r#type: Type) -> Self {
        Slot { what: what.into(), r#type, bounds: None, declared: None }
    }

    pub fn declared(self, span: Span) -> Self {
        Slot { declared: Some(span), ..self }
    }

    pub fn bounds(self, bounds: Option<(i128, i128)>) -> Self {
        Slot { bounds, ..self }
    }

    pub fn point(&self, finding: Diagnostic) -> Diagnostic {
        match self.declared {
            Some(span) => finding.related(span, "declared here"),
            None => finding,
        }
    }
}

/// Types the nodes of one text.
pub struct Typer<'a, 'f> {
    pub environment: &'a Environment<'a>,
    pub use_: Use,
    /// What is certainly not `none` at this point of the text.
    pub known: Known,
    pub findings: &'f mut Vec<Diagnostic>,
}

impl<'a, 'f> Typer<'a, 'f> {
    pub fn new(environment: &'a Environment<'a>, use_: Use, findings: &'f mut Vec<Diagnostic>) -> Self {
        Typer { environment, use_, known: environment.known.clone(), findings }
    }

    /// Notes a finding; the caller's result is then nothing.
    pub fn refuse<T>(&mut self, finding: Diagnostic) -> Option<T> {
        self.findings.push(finding);
        None
    }

    pub fn type_name(&self, of: Type) -> String {
        self.environment.system.type_name(of)
    }

    /// What to write where a value may be `none` and its place needs one. As an operand of arithmetic it needs
    /// parentheses.
    pub fn how_to_unwrap(&self, found: &Expression, is_operand: bool) -> String {
        let text = self.text_of(found);
        let fallback = if is_operand { format!("`({text} ?? …)`") } else { format!("`{text} ?? …`") };
        match self.use_ {
            Use::Effect if self.environment.has_guard && self.known.is_set(&found.kind) => {
                format!("give a fallback: {fallback} (a guard would not help: `{text}` is set before this)")
            }
            Use::Effect if self.environment.has_guard && can_be_known(&found.kind) => {
                format!("guard the case with `{text} != none`, or give a fallback: {fallback}")
            }
            Use::Guard if can_be_known(&found.kind) => {
                format!("write `{text} != none and …` in front, or give a fallback: {fallback}")
            }
            Use::Effect | Use::Guard | Use::Length | Use::TriggerKey => format!("give a fallback: {fallback}"),
        }
    }

    pub fn text_of(&self, found: &Expression) -> String {
        Printer::new(self.environment.system, self.environment.this())
            .expression_over(found, self.environment.event().map_or(&[], |event| &event.fields))
    }

    /// Whether it may be certain that this is not `none`, by a text that could not be read. Then nothing is said of it.
    pub fn is_doubted(&self, found: &Expression) -> bool {
        let text = || self.text_of(found);
        can_be_known(&found.kind) && self.known.doubts(text().trim_start_matches("event."))
    }

    /// Keys of triggers and properties are evaluated without asking the host.
    pub fn questions_allowed(&mut self, what: &str, span: Span) -> Option<()> {
        let place = match self.use_ {
            Use::TriggerKey => "the key of an observation",
            Use::Guard if self.environment.inside_property => "a property",
            Use::Guard | Use::Effect | Use::Length => return Some(()),
        };
        self.refuse(Diagnostic::new(&NOT_ALLOWED_HERE, span, format!("{what} cannot be asked in {place}")))
    }
}
