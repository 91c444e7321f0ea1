//! What to draw of one automaton: boxes and lines with their texts set, but not yet placed.
//!
//! Three decisions keep the picture clear. Transitions of one pair of states share one line, with their labels one
//! above the other. A reaction that leaves no state is listed inside it. And what the root does (what holds everywhere)
//! starts from a separate box, `any state`, instead of from a frame around everything.

use std::collections::BTreeMap;

use automata_compiler::model::{
    Automaton, Effects, History, Reaction, Response, StateId, System, Target, Transition, TransitionId, Trigger,
};
use automata_compiler::source::{Sources, Span};

use super::sizes::{BLOCK_GAP, DETAIL_SIZE, INSET, LABEL_INSET, LABEL_SIZE, NAME_BAND, NAME_SIZE};
use super::typeset::{Glyph, ORDER_END, Paragraph, Reference, Run, Tone};
use crate::metrics::text_width;
use crate::printer::{Printer, event_of};

/// Lines inside a leaf are broken at this width, in pixels.
const LEAF_TEXT: f64 = 250.0;
/// Lines inside a composite, and of what the root does, are broken at this width, in pixels.
const COMPOSITE_TEXT: f64 = 330.0;

/// Everything to be drawn.
#[derive(Clone, Debug)]
pub struct Diagram {
    /// Parents before their children.
    pub nodes: Vec<Node>,
    /// In the order of the file; those of the initial dots first.
    pub edges: Vec<Edge>,
}

/// What a box is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A state without children.
    Leaf,
    /// A state with children.
    Composite,
    /// A final state.
    Final,
    /// The dot from which the initial state is entered.
    Initial,
    /// `H` or `H*`.
    History(History),
    /// What the root does.
    Anywhere,
}

/// A box.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub shape: Shape,
    /// The state drawn, or the one that a dot or history belongs to.
    pub state: StateId,
    /// The composite in which it lies.
    pub parent: Option<usize>,
    /// Shown as its name.
    pub title: String,
    /// Inside, under a line.
    pub rows: Vec<Paragraph>,
    /// Line of the YAML, from 1.
    pub line: usize,
    /// Tooltip; may be empty.
    pub tooltip: String,
    /// Whether the trace entered it, if there is one.
    pub used: Option<bool>,
}

/// How often things were used in a trace.
#[derive(Clone, Copy, Debug)]
pub struct Counts<'a> {
    /// By state.
    pub states: &'a [u64],
    /// By transition.
    pub transitions: &'a [u64],
}

/// A line with its label.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Index of a node.
    pub from: usize,
    /// Index of a node.
    pub to: usize,
    /// What it represents; empty for the line of an initial dot.
    pub transitions: Vec<TransitionId>,
    /// One for each group of transitions that do the same under the same guard.
    pub label: Vec<Vec<Paragraph>>,
    /// Whether one of them was performed in the trace, if there is one.
    pub used: Option<bool>,
}

impl Node {
    /// Width and height of name and rows: the whole of a leaf, the text above the children of a composite.
    #[must_use]
    pub fn text_size(&self) -> (f64, f64) {
        match self.shape {
            Shape::Initial => (16.0, 16.0),
            Shape::History(_) => (26.0, 26.0),
            Shape::Leaf | Shape::Composite | Shape::Final | Shape::Anywhere => {
                let ornament = if self.shape == Shape::Final { 22.0 } else { 0.0 };
                let name = text_width(&self.title, NAME_SIZE, true) + ornament;
                let width = self.rows.iter().map(Paragraph::width).fold(name, f64::max) + 2.0 * INSET;
                let rows: f64 = self.rows.iter().map(Paragraph::height).sum();
                (width.max(96.0).ceil(), NAME_BAND + if self.rows.is_empty() { 4.0 } else { rows + 14.0 })
            }
        }
    }
}

impl Edge {
    /// Width and height of its label, if it has one.
    #[must_use]
    pub fn label_size(&self) -> Option<(f64, f64)> {
        if self.label.is_empty() {
            return None;
        }
        let lines = self.label.iter().flatten();
        let width = lines.clone().map(Paragraph::width).fold(0.0, f64::max);
        let height: f64 = lines.map(Paragraph::height).sum::<f64>() + BLOCK_GAP * (self.label.len() - 1) as f64;
        Some(((width + 2.0 * LABEL_INSET).ceil(), (height + 2.0 * LABEL_INSET).ceil()))
    }
}

/// What to draw; the lines of labels are broken at `label_width` pixels. With counts of a trace, they are shown.
#[must_use]
pub fn diagram(
    system: &System,
    sources: &Sources,
    automaton: &Automaton,
    counts: Option<Counts<'_>>,
    label_width: f64,
) -> Diagram {
    let mut builder = Builder {
        counts,
        printer: Printer::new(system, automaton),
        sources,
        label_width,
        diagram: Diagram { nodes: Vec::new(), edges: Vec::new() },
        node_of: BTreeMap::new(),
        history_of: BTreeMap::new(),
    };
    builder.nodes();
    builder.edges();
    builder.diagram
}

struct Builder<'a> {
    counts: Option<Counts<'a>>,
    printer: Printer<'a>,
    sources: &'a Sources,
    label_width: f64,
    diagram: Diagram,
    node_of: BTreeMap<StateId, usize>,
    history_of: BTreeMap<StateId, usize>,
}

/// Transitions that do the same under the same guard.
struct Group {
    transitions: Vec<TransitionId>,
    guard: Option<String>,
    effects: Vec<String>,
}

impl<'a> Builder<'a> {
    fn automaton(&self) -> &'a Automaton {
        self.printer.automaton
    }

    fn nodes(&mut self) {
        let automaton = self.automaton();
        let remembered: Vec<_> = automaton
            .transitions
            .iter()
            .filter_map(|transition| match transition.reaction {
                Reaction::To(Target::History(state)) => Some(state),
                _ => None,
            })
            .collect();
        for id in automaton.state_ids() {
            let state = &automaton.states[id];
            let parent = state.parent.filter(|&parent| parent != StateId::ROOT).map(|parent| self.node_of[&parent]);
            if let Some(node) = self.node(id, parent) {
                self.node_of.insert(id, self.diagram.nodes.len());
                self.diagram.nodes.push(node);
            }
            let inside = if id == StateId::ROOT { None } else { self.node_of.get(&id).copied() };
            if state.initial.is_some() {
                self.mark(id, inside, Shape::Initial, "");
            }
            if remembered.contains(&id) {
                let title = if state.history == History::Deep { "H*" } else { "H" };
                self.history_of.insert(id, self.diagram.nodes.len());
                self.mark(id, inside, Shape::History(state.history), title);
            }
        }
    }

    /// The box of a state. The root has one only if it does something, or is the only state.
    fn node(&self, id: StateId, parent: Option<usize>) -> Option<Node> {
        let automaton = self.automaton();
        let state = &automaton.states[id];
        let shape = match id {
            StateId::ROOT => Shape::Anywhere,
            _ if state.is_final => Shape::Final,
            _ if state.children.is_empty() => Shape::Leaf,
            _ => Shape::Composite,
        };
        let width = if matches!(shape, Shape::Composite | Shape::Anywhere) { COMPOSITE_TEXT } else { LEAF_TEXT };
        let rows = self.rows(id, width);
        let leads_on = automaton
            .transitions
            .iter()
            .any(|transition| transition.state == id && matches!(transition.reaction, Reaction::To(_)));
        if shape == Shape::Anywhere && rows.is_empty() && !leads_on && !state.children.is_empty() {
            return None;
        }
        let title = match shape {
            Shape::Anywhere if state.children.is_empty() => automaton.name.clone(),
            Shape::Anywhere => "any state".to_owned(),
            _ => state.name.clone(),
        };
        let count = self.counts.filter(|_| id != StateId::ROOT).map(|counts| counts.states[id.index()]);
        let title = count.map_or(title.clone(), |count| format!("{title} ×{count}"));
        let used = count.map(|count| count > 0);
        let tooltip = if shape == Shape::Anywhere {
            "Holds in every state, unless a state further in says otherwise.".to_owned()
        } else {
            state.summary.clone()
        };
        Some(Node { shape, state: id, parent, title, rows, line: self.line(state.span), tooltip, used })
    }

    fn mark(&mut self, state: StateId, parent: Option<usize>, shape: Shape, title: &str) {
        let line = self.line(self.automaton().states[state].span);
        let tooltip = match shape {
            Shape::History(History::Deep) => "The innermost state that was active when this one was last left.",
            Shape::History(_) => "The direct child that was active when this one was last left.",
            _ => "",
        };
        let (title, tooltip) = (title.to_owned(), tooltip.to_owned());
        self.diagram.nodes.push(Node { shape, state, parent, title, rows: Vec::new(), line, tooltip, used: None });
    }

    fn rows(&self, id: StateId, width: f64) -> Vec<Paragraph> {
        let automaton = self.automaton();
        let state = &automaton.states[id];
        let mut rows = Vec::new();
        for (keyword, effects) in [("entry", &state.entry), ("exit", &state.exit)] {
            if !effects.is_empty() {
                rows.push(self.activity(keyword, effects, width));
            }
        }
        let own = (0..automaton.transitions.len() as u32).map(TransitionId).filter(|&transition| {
            let transition = &automaton.transitions[transition];
            transition.state == id && matches!(transition.reaction, Reaction::Internal { .. })
        });
        let (silent, effective): (Vec<_>, Vec<_>) =
            own.partition(|&transition| automaton.transitions[transition].effects.is_empty());
        for group in self.groups(effective) {
            rows.push(self.internal(&group, width));
        }
        rows.extend(self.stays(silent, width));
        rows.extend(self.list("defers", self.deferred(id), width));
        rows.extend(self.list("ignores", self.ignored(id), width));
        rows
    }

    fn activity(&self, keyword: &str, effects: &Effects, width: f64) -> Paragraph {
        let mut runs = vec![Run::plain(format!("{keyword} /"), Tone::Keyword)];
        runs.extend(separated(self.printer.effects(effects, None).into_iter().map(effect).collect()));
        Paragraph::new(DETAIL_SIZE, None, runs, width)
    }

    fn internal(&self, group: &Group, width: f64) -> Paragraph {
        let mut runs = separated(group.transitions.iter().map(|&transition| self.trigger(transition)).collect());
        runs.extend(group.guard.as_ref().map(|guard| Run::plain(format!("[{guard}]"), Tone::Guard)));
        runs.extend(done(&group.effects));
        let glyph = group.transitions.first().and_then(|&transition| self.glyph(transition));
        Paragraph::new(DETAIL_SIZE, glyph, runs, width)
    }

    /// Reactions that stay, equal guards once: `stays at a, b [guard]; c`.
    fn stays(&self, transitions: Vec<TransitionId>, width: f64) -> Option<Paragraph> {
        let groups = self.groups(transitions);
        let between = if groups.iter().any(|group| group.transitions.len() > 1) { ";" } else { "," };
        let mut runs = vec![Run::plain("stays at", Tone::Keyword)];
        for group in &groups {
            if runs.len() > 1
                && let Some(last) = runs.last_mut()
            {
                last.text.push_str(between);
            }
            let triggers = group.transitions.iter().map(|&id| Run { tone: Tone::Quiet, ..self.trigger(id) });
            runs.extend(separated(triggers.collect()));
            if let (Some(last), Some(guard)) = (runs.last_mut(), &group.guard) {
                last.text.push_str(&format!(" [{guard}]"));
            }
        }
        (runs.len() > 1).then(|| Paragraph::new(DETAIL_SIZE, None, runs, width))
    }

    fn list(&self, keyword: &str, items: Vec<Run>, width: f64) -> Option<Paragraph> {
        if items.is_empty() {
            return None;
        }
        let mut runs = vec![Run::plain(keyword, Tone::Keyword)];
        runs.extend(separated(items));
        Some(Paragraph::new(DETAIL_SIZE, None, runs, width))
    }

    fn deferred(&self, id: StateId) -> Vec<Run> {
        let handlers = self.automaton().states[id].handlers.iter();
        let deferred = handlers.filter(|handler| matches!(handler.response, Response::Defer { .. }));
        deferred
            .map(|handler| self.quiet(self.printer.event(handler.event, handler.key.as_ref()), handler.span, ""))
            .collect()
    }

    /// The `ignore` of a state, and its cases that say `ignore`.
    fn ignored(&self, id: StateId) -> Vec<Run> {
        let automaton = self.automaton();
        let cases = (0..automaton.transitions.len() as u32).map(TransitionId).filter_map(|transition| {
            let case = &automaton.transitions[transition];
            let ignores = case.state == id && matches!(case.reaction, Reaction::Ignore { .. });
            ignores.then(|| self.trigger_with_guard(transition))
        });
        let handlers = automaton.states[id].handlers.iter().filter_map(|handler| match &handler.response {
            Response::Ignore { reason } => {
                Some(self.quiet(self.printer.event(handler.event, handler.key.as_ref()), handler.span, reason))
            }
            Response::Cases(_) | Response::Defer { .. } => None,
        });
        let state = &automaton.states[id];
        let others = state.ignores_others.as_ref().map(|reason| self.quiet("others".to_owned(), state.span, reason));
        cases.chain(handlers).chain(others).collect()
    }

    fn quiet(&self, text: String, span: Span, tooltip: &str) -> Run {
        let reference = Reference { transition: None, line: self.line(span), tooltip: tooltip.to_owned(), order: None };
        Run { text, tone: Tone::Quiet, reference: Some(reference) }
    }

    fn trigger_with_guard(&self, transition: TransitionId) -> Run {
        let mut run = self.trigger(transition);
        if let Some(guard) = self.printer.guard(transition) {
            run.text = format!("{} [{guard}]", run.text);
        }
        let tone = if run.tone == Tone::Never { Tone::Never } else { Tone::Quiet };
        Run { tone, ..run }
    }

    fn trigger(&self, id: TransitionId) -> Run {
        let transition = &self.automaton().transitions[id];
        let reason = match &transition.reaction {
            Reaction::Ignore { reason } | Reaction::Internal { stay: Some(reason) } => reason.as_str(),
            Reaction::Internal { stay: None } | Reaction::To(_) => "",
        };
        let of_event = event_of(transition).map_or("", |event| self.automaton().events[event].summary.as_str());
        let tooltip = [transition.summary.as_str(), reason, of_event].into_iter().find(|text| !text.is_empty());
        let reference = Reference {
            transition: Some(id),
            line: self.line(transition.span),
            tooltip: tooltip.unwrap_or_default().to_owned(),
            order: self.order(id),
        };
        let number = reference.order.map_or(String::new(), |order| format!("{order}{ORDER_END}"));
        let (text, tone) = (format!("{number}{}", self.printer.trigger(id)), self.tone(transition));
        match self.counts.map(|counts| counts.transitions[id.index()]) {
            None => Run { text, tone, reference: Some(reference) },
            Some(0) => Run { text: format!("{text} ×0"), tone: Tone::Never, reference: Some(reference) },
            Some(count) => Run { text: format!("{text} ×{count}"), tone, reference: Some(reference) },
        }
    }

    /// Which of several cases of one trigger in one state this is, from 1.
    fn order(&self, id: TransitionId) -> Option<usize> {
        let transitions = &self.automaton().transitions;
        let (this, text) = (&transitions[id], self.printer.trigger(id));
        let alike = (0..transitions.len() as u32).map(TransitionId).filter(|&other| {
            let other_one = &transitions[other];
            (other_one.state, other_one.trigger) == (this.state, this.trigger) && self.printer.trigger(other) == text
        });
        let alike: Vec<_> = alike.collect();
        alike.iter().position(|&other| other == id).filter(|_| alike.len() > 1).map(|place| place + 1)
    }

    fn tone(&self, transition: &Transition) -> Tone {
        match transition.trigger {
            Trigger::Timer(_) => Tone::Timer,
            Trigger::Always => Tone::Always,
            Trigger::Event(event) => match self.automaton().events[event].kind {
                automata_compiler::model::EventKind::Declared { .. } => Tone::Event,
                automata_compiler::model::EventKind::Observation { .. } => Tone::Observation,
            },
        }
    }

    fn glyph(&self, id: TransitionId) -> Option<Glyph> {
        match self.tone(&self.automaton().transitions[id]) {
            Tone::Timer => Some(Glyph::Clock),
            Tone::Observation => Some(Glyph::Eye),
            _ => None,
        }
    }

    /// Groups transitions that do the same under the same guard. An `else` belongs to its own list of cases, and stays
    /// separate.
    fn groups(&self, transitions: Vec<TransitionId>) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for id in transitions {
            let transition = &self.automaton().transitions[id];
            let guard = self.printer.guard(id);
            let effects = self.printer.effects(&transition.effects, event_of(transition));
            let alike = groups
                .iter_mut()
                .find(|group| group.guard == guard && guard.as_deref() != Some("else") && group.effects == effects);
            match alike {
                Some(group) => group.transitions.push(id),
                None => groups.push(Group { transitions: vec![id], guard, effects }),
            }
        }
        groups
    }

    fn edges(&mut self) {
        for index in 0..self.diagram.nodes.len() {
            let node = &self.diagram.nodes[index];
            if node.shape == Shape::Initial
                && let Some(initial) = self.automaton().states[node.state].initial
            {
                let to = self.node_of[&initial];
                self.diagram.edges.push(Edge {
                    from: index,
                    to,
                    transitions: Vec::new(),
                    label: Vec::new(),
                    used: None,
                });
            }
        }
        let mut pairs: Vec<((usize, usize), Vec<TransitionId>)> = Vec::new();
        for (index, transition) in self.automaton().transitions.iter().enumerate() {
            let Reaction::To(target) = transition.reaction else { continue };
            let to = match target {
                Target::State(state) => self.node_of[&state],
                Target::History(state) => self.history_of[&state],
            };
            let pair = (self.node_of[&transition.state], to);
            let id = TransitionId(index as u32);
            match pairs.iter_mut().find(|(other, _)| *other == pair) {
                Some((_, transitions)) => transitions.push(id),
                None => pairs.push((pair, vec![id])),
            }
        }
        for ((from, to), transitions) in pairs {
            let label = self.groups(transitions.clone()).iter().map(|group| self.block(group)).collect();
            let is_used = |counts: Counts<'_>| transitions.iter().any(|id| counts.transitions[id.index()] > 0);
            let used = self.counts.map(is_used);
            self.diagram.edges.push(Edge { from, to, transitions, label, used });
        }
    }

    /// Triggers, one in a line, with the guard; then what is done.
    fn block(&self, group: &Group) -> Vec<Paragraph> {
        let mut paragraphs = Vec::new();
        let guard = group.guard.as_ref().map(|guard| Run::plain(format!("[{guard}]"), Tone::Guard));
        let alone = group.transitions.len() == 1;
        for &transition in &group.transitions {
            let mut runs = vec![self.trigger(transition)];
            if alone {
                runs.extend(guard.clone());
            }
            paragraphs.push(Paragraph::new(LABEL_SIZE, self.glyph(transition), runs, self.label_width));
        }
        if !alone && let Some(guard) = guard {
            paragraphs.push(Paragraph::new(LABEL_SIZE, None, vec![guard], self.label_width));
        }
        if !group.effects.is_empty() {
            paragraphs.push(Paragraph::new(DETAIL_SIZE, None, done(&group.effects), self.label_width));
        }
        paragraphs
    }

    fn line(&self, span: Span) -> usize {
        self.sources.line_and_column(span).0
    }
}

fn effect(text: String) -> Run {
    Run { text, tone: Tone::Effect, reference: None }
}

/// `/ one, other`.
fn done(effects: &[String]) -> Vec<Run> {
    let mut runs: Vec<_> = effects.iter().cloned().map(effect).collect();
    if let Some(first) = runs.first_mut() {
        first.text.insert_str(0, "/ ");
    }
    separated(runs)
}

/// With a comma after each but the last.
fn separated(mut runs: Vec<Run>) -> Vec<Run> {
    let last = runs.len().saturating_sub(1);
    for run in &mut runs[..last] {
        run.text.push(',');
    }
    runs
}
