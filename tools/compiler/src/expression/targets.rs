//! Targets: a state, its history, or `stay`.

use super::environment::Environment;
use super::lookup;
use super::syntax::TargetSyntax;
use crate::codes::expression_errors::NO_HISTORY;
use crate::diagnostic::Diagnostic;
use crate::model::{History, Target};

/// A resolved target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolvedTarget {
    /// `stay`.
    Stay,
    /// A state, or its history.
    To(Target),
}

pub fn target(
    syntax: &TargetSyntax,
    environment: &Environment,
    findings: &mut Vec<Diagnostic>,
) -> Option<ResolvedTarget> {
    let TargetSyntax::State { state: name, history } = syntax else {
        return Some(ResolvedTarget::Stay);
    };
    let this = environment.this();
    let id = lookup::state(name, this, environment, findings)?;
    if !history {
        return Some(ResolvedTarget::To(Target::State(id)));
    }
    if this.states[id].history == History::None {
        let message = format!("`{}` keeps no history", name.name);
        let finding = Diagnostic::new(&NO_HISTORY, name.span, message).related(this.states[id].span, "declared here");
        findings.push(if this.states[id].children.is_empty() {
            finding.help(format!("it has no states inside to remember: write `{}` alone", name.name))
        } else {
            finding.help("add `history: shallow` or `history: deep` to that state")
        });
        return None;
    }
    Some(ResolvedTarget::To(Target::History(id)))
}
