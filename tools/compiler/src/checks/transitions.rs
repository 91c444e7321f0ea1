//! Transitions that are never taken, are always taken despite a guard, or do nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::subject::Subject;
use crate::codes::warnings::{CONSTANT_GUARD, EMPTY_TRANSITION, SHADOWED};
use crate::diagnostic::Diagnostic;
use crate::model::{EventId, Expression, Reaction, StateId, Trigger};
use crate::selection::{Answer, Cause, Chain, Step};
use crate::source::Span;
use crate::worlds::Worlds;

/// A case, an `ignore` or a `defer` that is never reached.
pub fn shadowed(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<Span, Seen> = BTreeMap::new();
    for of in subject.reachable() {
        for chain in of.events.iter().chain(&of.timers).chain([&of.always]) {
            let is_asked = !of.is_transient() || std::ptr::eq(chain, &of.always);
            for (index, step) in chain.steps.iter().enumerate() {
                let this = seen.entry(place(subject, step)).or_insert_with(|| Seen::new(chain, step));
                if !is_asked {
                    // The state is left before anything can happen in it.
                    this.left = this.left.or_else(|| of.always.steps.first().map(|first| place(subject, first)));
                    continue;
                }
                this.reached |= step.reached;
                let before = chain.steps[..index].iter().rev().find(|before| before.reached);
                if let Some(before) = before {
                    this.behind = this.behind.or(Some(place(subject, before)));
                    this.only_inner &= before.state != step.state;
                }
            }
        }
    }
    for (span, this) in seen.into_iter().filter(|(_, this)| !this.reached) {
        // It decides what is kept there, though it never keeps anything itself.
        if this.answer == Answer::Defer && something_is_kept(subject, this.event) {
            continue;
        }
        let never_holds = this.guard.is_some_and(|guard| constant(subject, guard) == Some(false));
        // What hides it already has a finding: its guard is constant.
        let follows = always_holds_before(subject, span);
        if never_holds || follows {
            continue;
        }
        let Some(behind) = this.behind else {
            let finding = Diagnostic::new(&SHADOWED, span, "this is never reached: the state is left at once");
            findings.extend(this.left.map(|left| finding.related(left, "by this `always`")));
            continue;
        };
        let message = match (this.answer, this.only_inner) {
            (Answer::Transition(_), false) => "this case is never reached: those before it always answer",
            (Answer::Transition(_), true) => "this case is never reached: every state inside answers first",
            (Answer::IgnoreOthers, _) => "`others` is never reached: every event is answered in every state inside",
            (_, false) => "this is never reached: the state's own reactions always answer",
            (_, true) => "this is never reached: every state inside answers first",
        };
        findings.push(Diagnostic::new(&SHADOWED, span, message).related(behind, "answers first"));
    }
}

/// What is known about a step, over all leaves in which it is asked.
struct Seen<'a> {
    event: Option<EventId>,
    answer: Answer,
    guard: Option<&'a Expression>,
    reached: bool,
    /// What answers before it.
    behind: Option<Span>,
    /// That is always a state further in.
    only_inner: bool,
    /// The `always` by which the state is left at once.
    left: Option<Span>,
}

impl<'a> Seen<'a> {
    fn new(chain: &Chain<'a>, step: &Step<'a>) -> Self {
        let event = event_of(chain);
        Seen {
            event,
            answer: step.answer,
            guard: step.guard,
            reached: false,
            behind: None,
            only_inner: true,
            left: None,
        }
    }
}

fn event_of(chain: &Chain) -> Option<EventId> {
    match chain.cause {
        Cause::Event(arrival) => Some(arrival.event),
        Cause::Timer(_) | Cause::Always => None,
    }
}

/// Whether some state keeps the event: then every active `defer` of it decides when it is delivered.
fn something_is_kept(subject: &Subject, event: Option<EventId>) -> bool {
    let chains = subject.resting().flat_map(|of| &of.events).filter(|chain| event_of(chain) == event);
    chains.flat_map(|chain| &chain.steps).any(|step| step.answer == Answer::Defer && step.reached)
}

fn place(subject: &Subject, step: &Step) -> Span {
    match step.answer {
        Answer::Transition(id) => subject.automaton.transitions[id].span,
        Answer::Defer | Answer::Ignore | Answer::IgnoreOthers => step.handler,
    }
}

/// Whether a case before it in the same chain has a guard that always holds.
fn always_holds_before(subject: &Subject, span: Span) -> bool {
    let chains = subject.reachable().flat_map(|of| of.events.iter().chain(&of.timers).chain([&of.always]));
    chains.into_iter().any(|chain| {
        let Some(index) = chain.steps.iter().position(|step| place(subject, step) == span) else { return false };
        let guards = chain.steps[..index].iter().filter_map(|step| step.guard);
        guards.into_iter().any(|guard| constant(subject, guard) == Some(true))
    })
}

/// A constant guard.
pub fn constant_guards(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let mut told = BTreeSet::new();
    for transition in &subject.automaton.transitions {
        let Some(guard) = &transition.guard else { continue };
        // A look at a final state has its own finding.
        if !told.insert(guard.span) || guard.contains(|below| super::states::looks_at_final(subject, below)) {
            continue;
        }
        let (message, help) = match constant(subject, guard) {
            Some(true) => ("this guard always holds", "leave it out"),
            Some(false) => ("this guard never holds", "this case is never taken"),
            None => continue,
        };
        findings.push(Diagnostic::new(&CONSTANT_GUARD, guard.span, message).help(help));
    }
}

/// The value that a guard has in all worlds.
pub(super) fn constant(subject: &Subject, guard: &Expression) -> Option<bool> {
    let worlds = Worlds::of(subject.system, subject.automaton, [guard]);
    let formula = worlds.guard(guard);
    let mut values = BTreeSet::new();
    let whole = worlds.each(|world| {
        values.insert(formula.holds(world));
    });
    if whole && values.len() == 1 { values.pop_first() } else { None }
}

/// Neither target nor effect.
pub fn empty(subject: &Subject, findings: &mut Vec<Diagnostic>) {
    let mut told = BTreeSet::new();
    for transition in &subject.automaton.transitions {
        let says_nothing = transition.reaction == Reaction::Internal { stay: None } && transition.effects.is_empty();
        // An `always` that does nothing does it for ever, which is a separate error.
        if says_nothing && transition.trigger != Trigger::Always && told.insert(transition.span) {
            let state = name(subject, transition.state);
            let message = format!("this transition from {state} has no target and no effect");
            findings.push(
                Diagnostic::new(&EMPTY_TRANSITION, transition.span, message)
                    .help("if that is meant, say `stay`, or `ignore: why`"),
            );
        }
    }
}

fn name(subject: &Subject, state: StateId) -> String {
    format!("`{}`", subject.state_name(state))
}
