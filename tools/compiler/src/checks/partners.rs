//! Events that nobody sends or raises.

use super::subject::Subject;
use crate::codes::warnings::{NEVER_RAISED, NEVER_SENT};
use crate::diagnostic::Diagnostic;
use crate::model::{Effects, EventId, EventKind, Partner};

pub fn never_sent(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    for (id, event) in subject.declared_events() {
        let EventKind::Declared { from, .. } = &event.kind else { continue };
        for partner in from {
            let Partner::Automaton(sender) = *partner else { continue };
            let sender = &subject.system.automata[sender];
            let sends = sender.all_effects().flat_map(Effects::sends);
            let sent = sends.into_iter().any(|send| send.to.automaton == subject.id && send.event == id);
            if !sent {
                let message = format!("`{}` never sends `{}`, though its `from` says so", sender.name, event.name);
                let finding = Diagnostic::new(&NEVER_SENT, event.span, message);
                let help = format!(
                    "remove `{}` from its `from`, or send it there: `{}.{}`",
                    sender.name, subject.automaton.name, event.name
                );
                findings.push(finding.related(sender.span, "the sender").help(help));
            }
        }
    }
}

pub fn never_raised(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    for (id, event) in subject.declared_events() {
        let internal = matches!(&event.kind, EventKind::Declared { from, .. } if from.is_empty());
        if internal && !is_raised(subject, id) {
            let message = format!("`{}` has no `from`, and nothing raises it", event.name);
            let finding = Diagnostic::new(&NEVER_RAISED, event.span, message);
            findings.push(finding.help("say who sends it with `from`, or `raise` it"));
        }
    }
}

fn is_raised(subject: &Subject, event: EventId) -> bool {
    subject.automaton.all_effects().flat_map(Effects::raises).any(|raise| raise.event == event)
}
