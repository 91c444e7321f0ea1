//! The map of the system: a card for each automaton, with what the parts of the program tell it and do for it, and
//! lines for what automata tell one another.
//!
//! Parts are words on the cards, not boxes, since most of them deal with most automata: boxes would make a knot.

use std::fmt::Write as _;

use automata_compiler::graph::{LinkKind, SystemGraph};
use automata_compiler::model::{AutomatonId, Partner, System};
use automata_compiler::source::Sources;

use super::draw::{Canvas, Heading, number};
use super::geometry::Rectangle;
use super::layout::{Graph, GraphEdge, GraphNode, Layout, Work, place};
use super::sizes::{DETAIL_SIZE, INSET, LABEL_INSET, LABEL_SIZE, NAME_BAND, NAME_SIZE};
use super::typeset::{Glyph, Paragraph, Run, Tone};
use crate::metrics::text_width;
use crate::xml::escape;

/// Lines on a card are broken at this width, in pixels.
const CARD_TEXT: f64 = 270.0;

struct Card {
    rows: Vec<Paragraph>,
}

struct Line {
    from: usize,
    to: usize,
    kind: LinkKind,
    label: Paragraph,
}

/// The picture of the whole system.
#[must_use]
pub fn system(system: &System, sources: &Sources) -> String {
    let links = SystemGraph::new(system);
    let cards: Vec<_> = (0..system.automata.len()).map(|index| card(system, &links, index)).collect();
    let lines = lines(&links);
    let graph = Graph {
        nodes: cards.iter().enumerate().map(|(index, card)| card.node(&system.automata[index].name)).collect(),
        edges: lines.iter().map(Line::edge).collect(),
    };
    let layout = place(&graph, &mut Work::default());
    let count = system.automata.len();
    let amount = if count == 1 { "one automaton".to_owned() } else { format!("{count} automata") };
    let summary = "Which automaton tells which other what, and which parts of the program (in italics) tell it or are asked by it.";
    let heading = Heading::new("Who tells whom", &amount, summary, layout.size.0);
    let mut canvas = Canvas::new("", heading.origin());
    draw(&mut canvas, system, sources, &cards, &lines, &layout);
    heading.finish("system", "../reference/README.md", layout.size, &canvas.text)
}

impl Card {
    fn node(&self, name: &str) -> GraphNode {
        let name = text_width(name, NAME_SIZE, true);
        let width = self.rows.iter().map(Paragraph::width).fold(name, f64::max) + 2.0 * INSET;
        let rows: f64 = self.rows.iter().map(Paragraph::height).sum();
        let size = (width.ceil().max(120.0), NAME_BAND + if self.rows.is_empty() { 4.0 } else { rows + 14.0 });
        GraphNode { size, ..GraphNode::default() }
    }
}

impl Line {
    fn edge(&self) -> GraphEdge {
        let (width, height) = (self.label.width(), self.label.height());
        let size = ((width + 2.0 * LABEL_INSET).ceil(), (height + 2.0 * LABEL_INSET).ceil());
        GraphEdge { from: self.from, to: self.to, label: Some(size) }
    }
}

/// What it is told by parts and by itself, and what it asks of parts.
fn card(system: &System, links: &SystemGraph, index: usize) -> Card {
    let this = Partner::Automaton(AutomatonId(index as u32));
    let mut rows = vec![Paragraph::new(
        DETAIL_SIZE,
        None,
        vec![Run::plain(system.automata[index].summary.clone(), Tone::Quiet)],
        CARD_TEXT,
    )];
    rows.retain(|row| row.width() > 0.0);
    let heading = |text: &str| Paragraph::new(DETAIL_SIZE, None, vec![Run::plain(text, Tone::Heading)], CARD_TEXT);
    let sections = [("told by", LinkKind::Event, Tone::Event), ("asks", LinkKind::Action, Tone::Effect)];
    for (title, kind, tone) in sections {
        let before = rows.len();
        for edge in links.graph.edge_indices() {
            let Some((from, to)) = links.graph.edge_endpoints(edge) else { continue };
            let link = &links.graph[edge];
            let (part, automaton) = if kind == LinkKind::Event {
                (links.graph[from], links.graph[to])
            } else {
                (links.graph[to], links.graph[from])
            };
            let Partner::Part(part) = part else { continue };
            if link.kind == kind && automaton == this {
                let runs = named(format!("{}:", system.parts[part].name), &link.names, tone);
                rows.push(Paragraph::new(DETAIL_SIZE, None, runs, CARD_TEXT));
            }
        }
        if kind == LinkKind::Event {
            rows.extend(told_by_itself(links, this));
        }
        if rows.len() > before {
            rows.insert(before, heading(title));
        }
    }
    Card { rows }
}

fn told_by_itself(links: &SystemGraph, this: Partner) -> Option<Paragraph> {
    let edge = links.graph.edge_indices().find(|&edge| {
        let ends = links.graph.edge_endpoints(edge).map(|(from, to)| (links.graph[from], links.graph[to]));
        ends == Some((this, this)) && !links.graph[edge].names.is_empty()
    })?;
    let runs = named("itself:".to_owned(), &links.graph[edge].names, Tone::Event);
    Some(Paragraph::new(DETAIL_SIZE, None, runs, CARD_TEXT))
}

fn named(keyword: String, names: &[String], tone: Tone) -> Vec<Run> {
    let mut runs = vec![Run::plain(keyword, Tone::Keyword)];
    runs.extend(names.iter().map(|name| Run::plain(format!("{name},"), tone)));
    if let Some(last) = runs.last_mut().filter(|_| !names.is_empty()) {
        last.text.pop();
    }
    runs
}

fn lines(links: &SystemGraph) -> Vec<Line> {
    let mut lines = Vec::new();
    for edge in links.graph.edge_indices() {
        let Some((from, to)) = links.graph.edge_endpoints(edge) else { continue };
        let (Partner::Automaton(from), Partner::Automaton(to)) = (links.graph[from], links.graph[to]) else { continue };
        if from == to {
            continue;
        }
        let link = &links.graph[edge];
        let (glyph, tone) = match link.kind {
            LinkKind::Observe => (Some(Glyph::Eye), Tone::Observation),
            _ => (None, Tone::Event),
        };
        let names = if link.kind == LinkKind::Start { vec!["start".to_owned()] } else { link.names.clone() };
        let lines_of_label = names.into_iter().map(|name| vec![Run::plain(name, tone)]).collect();
        let label = Paragraph { size: LABEL_SIZE, glyph, hang: 0.0, lines: lines_of_label };
        lines.push(Line { from: from.index(), to: to.index(), kind: link.kind, label });
    }
    lines
}

fn draw(canvas: &mut Canvas, system: &System, sources: &Sources, cards: &[Card], lines: &[Line], layout: &Layout) {
    for (line, route) in lines.iter().zip(&layout.routes) {
        let kind = match line.kind {
            LinkKind::Observe => "observes",
            LinkKind::Start => "starts",
            _ => "sends",
        };
        let _ = writeln!(
            canvas.text,
            "<g class=\"transition {kind}\" data-from=\"{}\" data-to=\"{}\">",
            system.automata[line.from].name, system.automata[line.to].name
        );
        canvas.arrow_line(route);
        canvas.text.push_str("</g>\n");
    }
    for ((automaton, card), place) in system.automata.iter().zip(cards).zip(&layout.nodes) {
        let place = canvas.moved(place);
        let line = sources.line_and_column(automaton.span).0;
        let name = escape(&automaton.name);
        let _ = writeln!(canvas.text, "<g id=\"system-automaton-{name}\" class=\"state card\" data-line=\"{line}\">");
        canvas.tooltip(&automaton.summary);
        canvas.rectangle("box", &place, 10.0);
        canvas.band(&Rectangle { height: NAME_BAND, ..place });
        let x = place.x + (place.width - text_width(&automaton.name, NAME_SIZE, true)) / 2.0;
        let _ = writeln!(
            canvas.text,
            "<a href=\"{name}.svg\"><text class=\"name\" x=\"{}\" y=\"{}\">{name}</text></a>",
            number(x),
            number(place.y + 21.0)
        );
        canvas.rows(&card.rows, place.x + INSET, place.y + NAME_BAND + 7.0);
        canvas.text.push_str("</g>\n");
    }
    for (line, place) in lines.iter().zip(&layout.labels) {
        let Some(place) = place.map(|place| canvas.moved(&place)) else { continue };
        let _ = writeln!(
            canvas.text,
            "<g class=\"transition label\" data-from=\"{}\" data-to=\"{}\">",
            system.automata[line.from].name, system.automata[line.to].name
        );
        canvas.paragraph(&line.label, place.x + LABEL_INSET, place.y + LABEL_INSET, &mut Vec::new());
        canvas.text.push_str("</g>\n");
    }
}
