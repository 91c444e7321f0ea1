//! One automaton, for the page.

use automata_compiler::model::{
    Automaton, AutomatonId, Change, Event, EventKind, Field, History, Reaction, Response, State, StateId, System,
    Target, TimerKind, Trigger,
};
use automata_compiler::printer::Printer;
use automata_compiler::simulation::choices;
use automata_compiler::source::{Sources, Span};
use automata_outputs::svg::ids;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::expression::{effects, expression, literal};

/// One automaton. States, events, transitions and timers are named by their index wherever they are named.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AutomatonView {
    /// `snake_case`.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// Markdown; may be empty.
    pub doc: String,
    /// What tells its instances apart, with its type; `None`: there is one.
    pub key: Option<FieldView>,
    /// `automata/door.yaml`.
    pub path: String,
    /// Of its name, from 1.
    pub line: usize,
    /// SVG without its style sheet; ids as in `automata_outputs::svg::ids`.
    pub picture: String,
    /// The root first.
    pub states: Vec<StateView>,
    /// Declared ones, then observations.
    pub events: Vec<EventView>,
    /// In the order of the file.
    pub transitions: Vec<TransitionView>,
    /// Its memory.
    pub variables: Vec<VariableView>,
    /// Constants of an instance; the default in `initial`.
    pub parameters: Vec<VariableView>,
    /// Questions to the host; the type of the answer in `type`.
    pub conditions: Vec<ConditionView>,
    /// In the order of the file.
    pub timers: Vec<TimerView>,
    /// Name → the part that performs it.
    pub actions: Vec<ActionView>,
}

/// A name with its type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldView {
    /// As declared.
    pub name: String,
    /// As written in YAML, `?` included.
    pub r#type: String,
}

/// A state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StateView {
    /// Empty for the root.
    pub name: String,
    /// One sentence; may be empty.
    pub summary: String,
    /// Of its element in the picture.
    pub id: String,
    /// `None` for the root.
    pub parent: Option<u32>,
    /// `root`, `composite`, `leaf` or `final`.
    pub kind: &'static str,
    /// Of its name, from 1.
    pub line: usize,
    /// Entered by default: it, and those below it.
    pub defaults: Vec<u32>,
    /// `none`, `shallow` or `deep`.
    pub history: &'static str,
    /// What it says about events, in the order of asking.
    pub handlers: Vec<Json>,
    /// It ignores what nobody answers.
    pub ignores_others: bool,
    /// Its timers.
    pub timers: Vec<u32>,
    /// Transitions that are tried after each other one.
    pub always: Vec<u32>,
    /// Assignments and raised events on entering.
    pub entry: Vec<Json>,
    /// Assignments and raised events on leaving.
    pub exit: Vec<Json>,
    /// All that is done on entering, in the words of the definition.
    pub entry_text: Vec<String>,
    /// All that is done on leaving, in the words of the definition.
    pub exit_text: Vec<String>,
    /// Of a leaf: what it accepts from outside.
    pub accepts: Vec<AcceptedView>,
}

/// An event that a leaf accepts from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AcceptedView {
    /// The event.
    pub event: u32,
    /// What happens, in the order in which it is tried: `if outgoing: send_hello, → CLIENT`.
    pub reactions: Vec<String>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventView {
    /// `snake_case`, or the text of an observation.
    pub name: String,
    /// In the order of declaration.
    pub fields: Vec<FieldView>,
    /// One sentence; may be empty.
    pub summary: String,
    /// Parts and automata that send it; empty if it is only raised.
    pub from: Vec<String>,
    /// Makes the instance if its key has none.
    pub starts: bool,
    /// Of an observation: automaton, `enters` or `leaves`, state.
    pub observes: Option<(String, &'static str, String)>,
    /// Of its name, from 1.
    pub line: usize,
}

/// A transition: one case of an answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransitionView {
    /// Of the words that trigger it, in the picture.
    pub id: String,
    /// The state in which it is written.
    pub state: u32,
    /// `push`, `after patience`, `always`.
    pub trigger: String,
    /// In the words of the definition: `if not locked: greet(who), → OPEN`.
    pub text: String,
    /// The state it leads to; `None`: nothing is left or entered.
    pub target: Option<u32>,
    /// It leads to what the target remembers.
    pub to_history: bool,
    /// It is an `ignore` with a guard.
    pub ignores: bool,
    /// What must hold.
    pub guard: Option<Json>,
    /// Assignments and raised events.
    pub effects: Vec<Json>,
    /// What must be left: everything below this state.
    pub scope: Option<u32>,
    /// One sentence; may be empty.
    pub summary: String,
    /// From 1.
    pub line: usize,
    /// The last line of it.
    pub end_line: usize,
}

/// A variable or parameter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VariableView {
    /// `snake_case`.
    pub name: String,
    /// As written in YAML.
    pub r#type: String,
    /// At the start of an instance.
    pub initial: Option<Json>,
    /// At the start of an instance, in the words of the definition; empty if there is none.
    pub initial_text: String,
    /// Smallest and largest value.
    pub bounds: Option<(i128, i128)>,
    /// One sentence; may be empty.
    pub summary: String,
    /// From 1.
    pub line: usize,
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConditionView {
    /// `snake_case`.
    pub name: String,
    /// Of the answer.
    pub r#type: String,
    /// In the order of declaration.
    pub arguments: Vec<FieldView>,
    /// One sentence.
    pub summary: String,
    /// From 1.
    pub line: usize,
}

/// A timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TimerView {
    /// As records name it: `after patience in OPEN`.
    pub label: String,
    /// The state it belongs to.
    pub state: u32,
    /// It fires again and again.
    pub repeats: bool,
    /// Tried in this order.
    pub cases: Vec<u32>,
    /// From 1.
    pub line: usize,
}

/// An action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActionView {
    /// `snake_case`.
    pub name: String,
    /// The part that performs it.
    pub by: String,
    /// One sentence; may be empty.
    pub summary: String,
}

/// The automaton, with its picture.
pub fn automaton(system: &System, sources: &Sources, id: AutomatonId, picture: String) -> AutomatonView {
    let of = &system.automata[id];
    let line = |span: Span| sources.line_and_column(span).0;
    let printer = Printer::new(system, of);
    let variable = |name: &str, r#type, initial: Option<&automata_compiler::model::Value>| VariableView {
        name: name.to_owned(),
        r#type: system.type_name(r#type),
        initial: initial.map(|value| literal(system, value)),
        initial_text: initial.map_or(String::new(), |value| printer.value(value)),
        bounds: None,
        summary: String::new(),
        line: 0,
    };
    let variables = of.variables.iter().map(|it| VariableView {
        bounds: it.bounds,
        summary: it.summary.clone(),
        line: line(it.span),
        ..variable(&it.name, it.r#type, Some(&it.initial))
    });
    let parameters = of.parameters.iter().map(|it| VariableView {
        summary: it.summary.clone(),
        line: line(it.span),
        ..variable(&it.name, it.r#type, it.default.as_ref())
    });
    AutomatonView {
        name: of.name.clone(),
        summary: of.summary.clone(),
        doc: of.doc.clone(),
        key: of.key.as_ref().map(|key| FieldView { name: key.name.clone(), r#type: system.type_name(key.r#type) }),
        path: sources.get(of.span.file).path.clone(),
        line: line(of.span),
        picture,
        states: of.state_ids().map(|id| state(system, sources, of, id)).collect(),
        events: of.events.iter().map(|it| event(system, &printer, it, line(it.span))).collect(),
        transitions: transitions(system, sources, of),
        variables: variables.collect(),
        parameters: parameters.collect(),
        conditions: of
            .conditions
            .iter()
            .map(|it| ConditionView {
                name: it.name.clone(),
                r#type: system.type_name(it.r#type),
                arguments: fields(system, &it.arguments),
                summary: it.summary.clone(),
                line: line(it.span),
            })
            .collect(),
        timers: timers(of, line),
        actions: of
            .actions
            .iter()
            .map(|it| ActionView {
                name: it.name.clone(),
                by: system.parts[it.by].name.clone(),
                summary: it.summary.clone(),
            })
            .collect(),
    }
}

fn fields(system: &System, of: &[Field]) -> Vec<FieldView> {
    of.iter().map(|field| FieldView { name: field.name.clone(), r#type: system.type_name(field.r#type) }).collect()
}

fn state(system: &System, sources: &Sources, automaton: &Automaton, id: StateId) -> StateView {
    let of = &automaton.states[id];
    let printer = Printer::new(system, automaton);
    StateView {
        name: of.name.clone(),
        summary: of.summary.clone(),
        id: ids::state(automaton, id),
        parent: of.parent.map(|parent| parent.0),
        kind: kind(of, id),
        line: sources.line_and_column(of.span).0,
        defaults: automaton.default_entries(id).into_iter().map(|id| id.0).collect(),
        history: match of.history {
            History::None => "none",
            History::Shallow => "shallow",
            History::Deep => "deep",
        },
        handlers: handlers(system, automaton, of),
        ignores_others: of.ignores_others.is_some(),
        timers: of.timers.iter().map(|timer| timer.0).collect(),
        always: of.always.iter().map(|transition| transition.0).collect(),
        entry: effects(system, automaton, &of.entry),
        exit: effects(system, automaton, &of.exit),
        entry_text: printer.effects(&of.entry, None),
        exit_text: printer.effects(&of.exit, None),
        accepts: accepts(system, automaton, id),
    }
}

fn kind(of: &State, id: StateId) -> &'static str {
    match (of.is_final, of.children.is_empty()) {
        (true, _) => "final",
        _ if id == StateId::ROOT => "root",
        (_, true) => "leaf",
        (_, false) => "composite",
    }
}

/// `{"event": 3, "cases": [1, 2]}`, `{"event": 3, "answer": "defer"}`; `key` is that of an observation.
fn handlers(system: &System, automaton: &Automaton, of: &State) -> Vec<Json> {
    let one = |handler: &automata_compiler::model::Handler| {
        let mut view = match &handler.response {
            Response::Cases(cases) => {
                let cases: Vec<u32> = cases.iter().map(|case| case.0).collect();
                json!({ "event": handler.event.0, "cases": cases })
            }
            Response::Defer { .. } => json!({ "event": handler.event.0, "answer": "defer" }),
            Response::Ignore { .. } => json!({ "event": handler.event.0, "answer": "ignore" }),
        };
        if let Some(key) = &handler.key {
            view["key"] = expression(system, automaton, key);
        }
        view
    };
    of.handlers.iter().map(one).collect()
}

fn accepts(system: &System, automaton: &Automaton, id: StateId) -> Vec<AcceptedView> {
    let of = &automaton.states[id];
    if !of.children.is_empty() || of.is_final {
        return Vec::new();
    }
    let choices = choices(system, automaton, id).into_iter().filter(|choice| choice.from_outside);
    let view = |choice: automata_compiler::simulation::Choice| AcceptedView {
        event: choice.event.0,
        reactions: choice.reactions.into_iter().map(|reaction| reaction.text).collect(),
    };
    choices.map(view).collect()
}

fn event(system: &System, printer: &Printer<'_>, of: &Event, line: usize) -> EventView {
    let (from, starts, observes) = match &of.kind {
        EventKind::Declared { from, starts } => {
            (from.iter().map(|partner| printer.partner(*partner).to_owned()).collect(), *starts, None)
        }
        EventKind::Observation { automaton, change, state } => {
            let observed = &system.automata[*automaton];
            let change = if *change == Change::Enters { "enters" } else { "leaves" };
            let observes = (observed.name.clone(), change, observed.states[*state].name.clone());
            (vec![observed.name.clone()], false, Some(observes))
        }
    };
    EventView {
        name: of.name.clone(),
        fields: fields(system, &of.fields),
        summary: of.summary.clone(),
        from,
        starts,
        observes,
        line,
    }
}

fn transitions(system: &System, sources: &Sources, of: &Automaton) -> Vec<TransitionView> {
    let printer = Printer::new(system, of);
    let one = |(transition, id): (&automata_compiler::model::Transition, String)| {
        let target = match transition.reaction {
            Reaction::To(target) => Some(target),
            Reaction::Internal { .. } | Reaction::Ignore { .. } => None,
        };
        let end = Span { start: transition.span.end.saturating_sub(1), ..transition.span };
        TransitionView {
            id,
            state: transition.state.0,
            trigger: match transition.trigger {
                Trigger::Event(event) => of.events[event].name.clone(),
                Trigger::Timer(timer) => of.timer_label(timer),
                Trigger::Always => "always".to_owned(),
            },
            text: printer.case(transition),
            target: target.map(|target| target.state().0),
            to_history: matches!(target, Some(Target::History(_))),
            ignores: matches!(transition.reaction, Reaction::Ignore { .. }),
            guard: transition.guard.as_ref().map(|guard| expression(system, of, guard)),
            effects: effects(system, of, &transition.effects),
            scope: target.map(|target| of.scope(transition.state, target).0),
            summary: transition.summary.clone(),
            line: sources.line_and_column(transition.span).0,
            end_line: sources.line_and_column(end).0,
        }
    };
    of.transitions.iter().zip(ids::transitions(of)).map(one).collect()
}

fn timers(of: &Automaton, line: impl Fn(Span) -> usize) -> Vec<TimerView> {
    let one = |(timer, id): (&automata_compiler::model::Timer, u32)| TimerView {
        label: of.timer_label(automata_compiler::model::TimerId(id)),
        state: timer.state.0,
        repeats: timer.kind == TimerKind::Every,
        cases: timer.cases.iter().map(|case| case.0).collect(),
        line: line(timer.span),
    };
    of.timers.iter().zip(0..).map(one).collect()
}
