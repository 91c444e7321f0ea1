//! The cells of an automaton's table: what each leaf may answer to each event and timer.

use automata_compiler::model::{
    Automaton, EventId, EventKind, Expression, ExpressionKind, Response, StateId, System, TimerId, TransitionId,
    Trigger,
};
use automata_compiler::simulation::case_text;

/// What comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// An event or observation.
    Event(EventId),
    /// A timer.
    Timer(TimerId),
}

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// That case.
    Case(TransitionId),
    /// The `defer` of that state.
    Defer(StateId),
    /// The `ignore` of that state.
    Ignore(StateId),
    /// A keyed observation of a key that nobody waits for.
    OtherKey,
    /// Nobody.
    Unexpected,
    /// A timer whose guards all fail.
    Idle,
}

/// One way in which one leaf answers one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    /// The current leaf.
    pub leaf: StateId,
    /// What comes in.
    pub arrival: Arrival,
    /// What answers.
    pub answer: Answer,
}

/// All cells: by leaf, then event in the order of declaration, then timer. Final states have none: nothing reaches
/// them.
#[must_use]
pub fn cells(automaton: &Automaton) -> Vec<Cell> {
    let mut cells = Vec::new();
    for leaf in automaton.leaves().filter(|&leaf| !automaton.states[leaf].is_final) {
        for event in (0..automaton.events.len() as u32).map(EventId) {
            let answers = answers(automaton, leaf, event);
            cells.extend(answers.into_iter().map(|answer| Cell { leaf, arrival: Arrival::Event(event), answer }));
        }
        let timers = automaton.outwards(leaf).flat_map(|state| automaton.states[state].timers.iter().copied());
        for timer in timers {
            let cases = &automaton.timers[timer].cases;
            let mut answers: Vec<Answer> = cases.iter().map(|&case| Answer::Case(case)).collect();
            if cases.iter().all(|&case| automaton.transitions[case].guard.is_some()) {
                answers.push(Answer::Idle);
            }
            cells.extend(answers.into_iter().map(|answer| Cell { leaf, arrival: Arrival::Timer(timer), answer }));
        }
    }
    cells
}

fn answers(automaton: &Automaton, leaf: StateId, event: EventId) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut can_fail = false;
    let mentions = || {
        automaton.states.iter().zip(automaton.state_ids()).flat_map(|(state, id)| {
            state.handlers.iter().filter(|handler| handler.event == event).map(move |handler| (id, handler))
        })
    };
    let is_keyed = mentions().next().is_some() && mentions().all(|(_, handler)| handler.key.is_some());
    // Where only the own key is waited for, a state that answers hides those around it.
    let is_own = |key: &Expression| matches!(key.kind, ExpressionKind::Key);
    let is_of_own_key = is_keyed && mentions().all(|(_, handler)| handler.key.as_ref().is_some_and(is_own));
    if is_of_own_key {
        answers.push(Answer::OtherKey);
    }
    for state in automaton.outwards(leaf) {
        for handler in automaton.states[state].handlers.iter().filter(|handler| handler.event == event) {
            let decides = match &handler.response {
                Response::Cases(cases) => {
                    answers.extend(cases.iter().map(|&case| Answer::Case(case)));
                    cases.iter().any(|&case| automaton.transitions[case].guard.is_none())
                }
                Response::Defer { .. } => {
                    answers.push(Answer::Defer(state));
                    true
                }
                Response::Ignore { .. } => {
                    answers.push(Answer::Ignore(state));
                    true
                }
            };
            can_fail |= !decides;
            if decides && (handler.key.is_none() || is_of_own_key) {
                return answers;
            }
        }
    }
    if is_keyed && !is_of_own_key {
        answers.push(Answer::OtherKey);
    }
    // With only keyed mentions, it is unexpected where a key matches further away, or where it matches here and the
    // guards fail.
    if !is_keyed || can_fail || mentions().any(|(state, _)| !automaton.is_in(leaf, state)) {
        answers.push(Answer::Unexpected);
    }
    answers
}

/// The `always` cases, which belong to no leaf and event.
#[must_use]
pub fn always_cases(automaton: &Automaton) -> Vec<TransitionId> {
    let ids = (0..automaton.transitions.len() as u32).map(TransitionId);
    ids.filter(|&id| automaton.transitions[id].trigger == Trigger::Always).collect()
}

/// The table as a text, a cell a line.
#[must_use]
pub fn table(system: &System, automaton: &Automaton) -> String {
    let name = |state: StateId| match automaton.states[state].name.as_str() {
        "" => "the root".to_owned(),
        name => name.to_owned(),
    };
    let case = |id: TransitionId| {
        format!("in {}: {}", name(automaton.transitions[id].state), case_text(system, automaton, id))
    };
    let mut text = format!("# {}: every cell of its table; UPDATE_EXPECT=1 writes it anew.\n", automaton.name);
    let mut leaf = None;
    for cell in cells(automaton) {
        if leaf != Some(cell.leaf) {
            leaf = Some(cell.leaf);
            text.push_str(&format!("\n{}\n", name(cell.leaf)));
        }
        let arrival = match cell.arrival {
            Arrival::Event(event) => {
                let event = &automaton.events[event];
                let is_internal = matches!(&event.kind, EventKind::Declared { from, .. } if from.is_empty());
                if is_internal { format!("{} (raised)", event.name) } else { event.name.clone() }
            }
            Arrival::Timer(timer) => automaton.timer_label(timer),
        };
        let answer = match cell.answer {
            Answer::Case(id) => case(id),
            Answer::Defer(state) => format!("in {}: deferred", name(state)),
            Answer::Ignore(state) => format!("in {}: ignored", name(state)),
            Answer::OtherKey => "ignored: the key of another".to_owned(),
            Answer::Unexpected => "unexpected".to_owned(),
            Answer::Idle => "idle".to_owned(),
        };
        text.push_str(&format!("  {arrival} | {answer}\n"));
    }
    let always = always_cases(automaton);
    if !always.is_empty() {
        text.push_str("\nalways\n");
        always.into_iter().for_each(|id| text.push_str(&format!("  {}\n", case(id))));
    }
    text
}
