//! The state × event table in Markdown: what happens in each leaf state on each event and timer, with the hierarchy
//! resolved.
//!
//! No cell is empty. What the outer states say is in the cell of each leaf, in the order of asking, so that a reader
//! need not combine it. States are columns, a few to a table, because a row per event can be long but a page is not
//! wide.

use std::fmt::Write as _;

use automata_compiler::model::{AutomatonId, Reaction, Response, StateId, System, TransitionId};
use automata_compiler::selection::{Answer, Cause, Chain, LeafAnswers, Remainder, Step, answers};
use automata_compiler::source::Sources;

use crate::outline::visible;
use crate::printer::{Printer, event_of};

/// States side by side in one table.
const COLUMNS: usize = 4;

/// The page of one automaton.
#[must_use]
pub fn automaton(system: &System, _: &Sources, id: AutomatonId) -> String {
    let automaton = &system.automata[id];
    format!(
        "# {}: states × events\n\n{}\n\n{LEGEND}\n{}\n",
        automaton.name,
        prose(&automaton.summary),
        tables(&Printer::new(system, automaton)).trim_end()
    )
}

const LEGEND: &str = "Cases of a cell are tried from top to bottom. **STATE** is where it leads, `/ …` what is done. *unexpected* is counted and traced, \
but nothing happens; *idle* is a timer of which no guard holds; *not running* is a timer of another state.\n";

/// The tables alone.
#[must_use]
pub fn tables(printer: &Printer<'_>) -> String {
    let answers = answers(printer.system, printer.automaton);
    let mut text = String::new();
    let tables = answers.len().div_ceil(COLUMNS).max(1);
    for leaves in answers.chunks(answers.len().div_ceil(tables).max(1)) {
        let names = leaves.iter().map(|of| {
            let name = &printer.automaton.states[of.leaf].name;
            if name.is_empty() { printer.automaton.name.clone() } else { name.clone() }
        });
        let _ = writeln!(text, "| | {} |", names.collect::<Vec<_>>().join(" | "));
        let _ = writeln!(text, "|---|{}", "---|".repeat(leaves.len()));
        for row in rows(printer, &answers) {
            let cells: Vec<_> = leaves.iter().map(|of| cell(printer, of, &row)).collect();
            let _ = writeln!(text, "| {} | {} |", row.name, cells.join(" | "));
        }
        text.push('\n');
    }
    text
}

struct Row {
    name: String,
    kind: RowKind,
}

enum RowKind {
    /// Place in [`LeafAnswers::events`], the same in all leaves.
    Event(usize),
    Timer(automata_compiler::model::TimerId),
    Always,
}

fn rows(printer: &Printer<'_>, answers: &[LeafAnswers<'_>]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, chain) in answers.first().map_or(&[][..], |of| &of.events).iter().enumerate() {
        if let Cause::Event(arrival) = chain.cause {
            let event = &printer.automaton.events[arrival.event];
            let name = match arrival.key {
                Some(key) => printer.event(arrival.event, Some(key)),
                None if event.fields.is_empty() => event.name.clone(),
                None => printer.event(arrival.event, None),
            };
            rows.push(Row { name: code(&name), kind: RowKind::Event(index) });
        }
    }
    for index in 0..printer.automaton.timers.len() as u32 {
        let timer = automata_compiler::model::TimerId(index);
        let length = printer.timer_length(timer).map_or(String::new(), |length| format!(" ({length})"));
        let name = format!("{}{length}", code(&printer.automaton.timer_label(timer)));
        rows.push(Row { name, kind: RowKind::Timer(timer) });
    }
    if answers.iter().any(|of| !of.always.steps.is_empty()) {
        rows.push(Row { name: code("always"), kind: RowKind::Always });
    }
    rows
}

fn cell(printer: &Printer<'_>, of: &LeafAnswers<'_>, row: &Row) -> String {
    let found = match row.kind {
        RowKind::Event(index) => of.events.get(index).map(|chain| (chain, "unexpected")),
        RowKind::Timer(timer) => {
            let running = of.timers.iter().find(|chain| matches!(chain.cause, Cause::Timer(other) if other == timer));
            running.map(|chain| (chain, "idle"))
        }
        RowKind::Always => Some((&of.always, "stays")),
    };
    if of.is_transient() && !matches!(row.kind, RowKind::Always) {
        return "*left at once*".to_owned();
    }
    found.map_or_else(|| "*not running*".to_owned(), |(chain, otherwise)| answer(printer, of.leaf, chain, otherwise))
}

fn answer(printer: &Printer<'_>, leaf: StateId, chain: &Chain<'_>, otherwise: &str) -> String {
    let steps: Vec<_> = chain.steps.iter().filter(|step| step.reached).collect();
    let mut lines: Vec<_> = steps.iter().map(|step| describe(printer, leaf, step)).collect();
    if chain.remainder != Remainder::Nothing {
        let otherwise = format!("*{otherwise}*");
        lines.push(if lines.is_empty() { otherwise } else { format!("else {otherwise}") });
    }
    if lines.is_empty() { format!("*{otherwise}*") } else { lines.join("<br>") }
}

fn describe(printer: &Printer<'_>, leaf: StateId, step: &Step<'_>) -> String {
    let guard = match (step.guard, step.answer) {
        (Some(guard), Answer::Transition(id)) => {
            let event = event_of(&printer.automaton.transitions[id]);
            format!("{} ", code(&format!("[{}]", printer.expression(guard, event))))
        }
        (Some(guard), _) => format!("{} ", code(&format!("[{}]", printer.expression(guard, None)))),
        (None, _) => String::new(),
    };
    let what = match step.answer {
        Answer::Transition(id) => transition(printer, id),
        Answer::Defer => "*deferred*".to_owned(),
        Answer::Ignore => ignored(reason(printer, step)),
        Answer::IgnoreOthers => {
            ignored(printer.automaton.states[step.state].ignores_others.as_deref().unwrap_or_default())
        }
    };
    let outer = &printer.automaton.states[step.state].name;
    let whose = if step.state == leaf || outer.is_empty() { String::new() } else { format!(" <sub>{outer}</sub>") };
    format!("{guard}{what}{whose}")
}

fn transition(printer: &Printer<'_>, id: TransitionId) -> String {
    let transition = &printer.automaton.transitions[id];
    let effects = printer.effects(&transition.effects, event_of(transition));
    let done = if effects.is_empty() { String::new() } else { format!(" / {}", code(&effects.join(", "))) };
    match &transition.reaction {
        Reaction::To(target) => format!("**{}**{done}", printer.target(*target)),
        Reaction::Ignore { reason } => ignored(reason),
        Reaction::Internal { stay: Some(reason) } if !reason.is_empty() => format!("*stays:* {}{done}", prose(reason)),
        Reaction::Internal { .. } => format!("*stays*{done}"),
    }
}

fn ignored(reason: &str) -> String {
    if reason.is_empty() { "*ignored*".to_owned() } else { format!("*ignored:* {}", prose(reason)) }
}

fn reason<'a>(printer: &Printer<'a>, step: &Step<'_>) -> &'a str {
    let handlers = printer.automaton.states[step.state].handlers.iter();
    handlers
        .filter(|handler| handler.span == step.handler)
        .find_map(|handler| match &handler.response {
            Response::Ignore { reason } => Some(reason.as_str()),
            Response::Cases(_) | Response::Defer { .. } => None,
        })
        .unwrap_or_default()
}

/// As code inside a cell; a bar would end the cell even there.
#[must_use]
pub fn code(text: &str) -> String {
    let fence = if text.contains('`') { "``" } else { "`" };
    let space = if text.contains('`') { " " } else { "" };
    format!("{fence}{space}{}{space}{fence}", visible(text).replace('|', "\\|"))
}

/// A text for people inside a cell: one line, and nothing in it is Markdown.
#[must_use]
pub fn prose(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in visible(text.trim()).chars() {
        match character {
            '|' | '*' | '_' | '`' | '<' | '>' | '[' | ']' | '\\' | '&' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}
