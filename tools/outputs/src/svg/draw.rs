//! Writes the picture: containers, then lines, then leaves, then labels, so that nothing important is covered.

use std::fmt::Write as _;

use automata_compiler::model::Automaton;

use super::diagram::{Counts, Diagram, Edge, Node, Shape};
use super::geometry::{Point, Rectangle, segments};
use super::ids;
use super::layout::Layout;
use super::sizes::{BLOCK_GAP, INSET, LABEL_INSET, NAME_BAND, NAME_SIZE};
use super::style::{style_sheet, usage_rules};
use super::typeset::{Glyph, ORDER_END, Paragraph, Reference, Run, wrap};
use crate::metrics::text_width;
use crate::xml::escape;

/// Around the whole, in pixels.
const PAGE_MARGIN: f64 = 24.0;
/// Of a corner of a line, in pixels.
const CORNER: f64 = 7.0;
/// Between the places that are tried for the name of a composite, in pixels.
const TITLE_STEP: f64 = 2.0;
/// How near a line may come to the beginning of the name of a composite, with room and without, in pixels.
const BEFORE_TITLE: [f64; 2] = [9.0, 2.5];
/// And how near to its end, in pixels.
const BEHIND_TITLE: f64 = 2.5;
/// Length of an arrowhead, in pixels.
const ARROW: f64 = 9.0;
/// The heading is broken at the width of the drawing, but not below this, in pixels.
const HEADING_WIDTH: f64 = 460.0;

/// The whole picture. The note is beside the name of the automaton; it may be empty.
pub fn picture(
    automaton: &Automaton,
    path: &str,
    diagram: &Diagram,
    layout: &Layout,
    usage: Option<(Counts<'_>, u64)>,
    note: &str,
) -> String {
    let instances =
        automaton.key.as_ref().map_or("one instance".to_owned(), |key| format!("one instance per {}", key.name));
    let mut beside = usage.map_or(instances, |(counts, deliveries)| used(counts, deliveries));
    if !note.is_empty() {
        beside = format!("{beside}; {note}");
    }
    let heading = Heading::new(&automaton.name, &beside, &automaton.summary, layout.size.0);
    let mut canvas = Canvas { ids: ids::transitions(automaton), ..Canvas::new(path, heading.origin()) };
    for (node, (place, text)) in diagram.nodes.iter().zip(layout.nodes.iter().zip(&layout.texts)) {
        if node.shape == Shape::Composite {
            let title = title_place(node, place, text, layout);
            canvas.container(automaton, node, place, text, title);
        }
    }
    for (edge, route) in diagram.edges.iter().zip(&layout.routes) {
        canvas.line(automaton, diagram, edge, route);
    }
    for (node, place) in diagram.nodes.iter().zip(&layout.nodes) {
        match node.shape {
            Shape::Composite => {}
            Shape::Initial | Shape::History(_) => canvas.mark(automaton, node, place),
            Shape::Leaf | Shape::Final | Shape::Anywhere => canvas.leaf(automaton, node, place),
        }
    }
    for (edge, place) in diagram.edges.iter().zip(&layout.labels) {
        if let Some(place) = place {
            canvas.label(edge, place);
        }
    }
    let extra = if usage.is_some() { usage_rules() } else { String::new() };
    heading.finish_with(&automaton.name, &canvas.link, layout.size, &canvas.text, &extra)
}

/// Where the name of a composite begins: as far left as possible without a line through it; its rows, which are wider,
/// may be further right.
fn title_place(node: &Node, place: &Rectangle, text: &Rectangle, layout: &Layout) -> f64 {
    let width = text_width(&node.title, NAME_SIZE, true);
    let steps = ((text.x - place.x + BEFORE_TITLE[0]) / TITLE_STEP).floor().max(0.0) as usize;
    let starts = || (0..steps).map(|step| place.x + INSET + TITLE_STEP * step as f64);
    let is_free = |x: &f64, before: f64| {
        let name = Rectangle { x: x - before, y: place.y, width: before + width + BEHIND_TITLE, height: NAME_BAND };
        let mut lines = layout.routes.iter().flat_map(|route| segments(route));
        !lines.any(|line| name.is_crossed_by(line))
            && !layout.labels.iter().flatten().any(|label| label.overlaps(&name))
    };
    BEFORE_TITLE.iter().find_map(|&before| starts().find(|x| is_free(x, before))).unwrap_or(text.x + INSET)
}

/// `123 deliveries in the trace; never: 2 of 6 states, 3 of 12 transitions`.
fn used(counts: Counts<'_>, deliveries: u64) -> String {
    let never = |of: &[u64]| of.iter().filter(|&&count| count == 0).count();
    let states = &counts.states[1..];
    let plural = if deliveries == 1 { "delivery" } else { "deliveries" };
    format!(
        "{deliveries} {plural} in the trace; never: {} of {} states, {} of {} transitions",
        never(states),
        states.len(),
        never(counts.transitions),
        counts.transitions.len()
    )
}

fn usage_class(used: Option<bool>) -> &'static str {
    match used {
        None => "",
        Some(true) => " used",
        Some(false) => " unused",
    }
}

/// Name, instances and summary above a picture.
pub struct Heading {
    name: String,
    instances: String,
    summary: Vec<String>,
    full_summary: String,
    /// Its height, in pixels.
    pub height: f64,
    width: f64,
}

impl Heading {
    /// Above a drawing of that width.
    pub fn new(name: &str, instances: &str, summary: &str, drawing_width: f64) -> Self {
        let lines = wrap(summary, 14.0, drawing_width.max(HEADING_WIDTH));
        let first = text_width(name, 20.0, true) + 12.0 + text_width(instances, 13.0, false);
        let width = lines.iter().map(|line| text_width(line, 14.0, false)).fold(first, f64::max);
        let height = 34.0 + 19.0 * lines.len() as f64 + 8.0;
        let (name, instances) = (name.to_owned(), instances.to_owned());
        Self { name, instances, summary: lines, full_summary: summary.to_owned(), height, width }
    }

    /// The finished file around the drawing; `of` names its subject, for programs.
    pub fn finish(&self, of: &str, link: &str, drawing: (f64, f64), drawn: &str) -> String {
        self.finish_with(of, link, drawing, drawn, "")
    }

    /// Likewise, with more rules after those of every picture. Without a link, the name is plain text.
    pub fn finish_with(&self, of: &str, link: &str, drawing: (f64, f64), drawn: &str, rules: &str) -> String {
        let width = (drawing.0.max(self.width) + 2.0 * PAGE_MARGIN).ceil();
        let height = (drawing.1 + self.height + 2.0 * PAGE_MARGIN).ceil();
        let name = escape(&self.name);
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"automaton\" data-automaton=\"{of}\" role=\"img\" \
             width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n<title>{name}</title>\n\
             <desc>{}</desc>\n<style>\n{}{rules}</style>\n<rect class=\"canvas\" width=\"{width}\" height=\"{height}\"/>\n",
            escape(&self.full_summary),
            style_sheet(),
        );
        let baseline = PAGE_MARGIN + 18.0;
        let beside = PAGE_MARGIN + text_width(&self.name, 20.0, true) + 12.0;
        let _ = writeln!(
            text,
            "<g class=\"heading\">\n{}<text class=\"heading-name\" x=\"{PAGE_MARGIN}\" y=\"{baseline}\">{name}</text>{}",
            if link.is_empty() { String::new() } else { format!("<a href=\"{}\">", escape(link)) },
            if link.is_empty() { "" } else { "</a>" }
        );
        if !self.instances.is_empty() {
            let _ = writeln!(
                text,
                "<text class=\"heading-instances\" x=\"{}\" y=\"{baseline}\">{}</text>",
                number(beside),
                escape(&self.instances)
            );
        }
        for (index, line) in self.summary.iter().enumerate() {
            let y = PAGE_MARGIN + 44.0 + 19.0 * index as f64;
            let _ =
                writeln!(text, "<text class=\"heading-summary\" x=\"{PAGE_MARGIN}\" y=\"{y}\">{}</text>", escape(line));
        }
        let _ = write!(text, "</g>\n{drawn}</svg>\n");
        text
    }

    /// Where the drawing begins.
    pub fn origin(&self) -> Point {
        Point { x: PAGE_MARGIN, y: PAGE_MARGIN + self.height }
    }
}

/// The drawing so far.
pub struct Canvas {
    /// The YAML, as seen from the folder of the picture.
    pub link: String,
    /// Added to all places.
    pub origin: Point,
    /// The elements.
    pub text: String,
    /// Of the transitions, by their numbers.
    ids: Vec<String>,
}

impl Canvas {
    /// Nothing yet; `path` is the YAML's.
    pub fn new(path: &str, origin: Point) -> Self {
        Self { link: format!("../../{path}"), origin, text: String::new(), ids: Vec::new() }
    }

    /// From the drawing's places to the page's.
    pub fn moved(&self, place: &Rectangle) -> Rectangle {
        Rectangle { x: self.origin.x + place.x, y: self.origin.y + place.y, ..*place }
    }

    fn container(&mut self, automaton: &Automaton, node: &Node, place: &Rectangle, text: &Rectangle, title: f64) {
        let Rectangle { x, y, width, height } = self.moved(place);
        let text = self.moved(text);
        self.open_state(automaton, node, "container");
        self.rectangle("box", &Rectangle { x, y, width, height }, 10.0);
        self.band(&Rectangle { height: NAME_BAND, ..self.moved(place) });
        self.name(node, self.origin.x + title, y + 21.0);
        self.rows(&node.rows, text.x + INSET, y + NAME_BAND + 8.0);
        self.text.push_str("</g>\n");
    }

    /// The tinted upper end of a box with round corners.
    pub fn band(&mut self, place: &Rectangle) {
        let Rectangle { x, y, width, .. } = *place;
        let (left, right, bottom) = (number(x + 0.65), number(x + width - 0.65), number(place.bottom()));
        let _ = writeln!(
            self.text,
            "<path class=\"band\" d=\"M{left} {bottom}V{0}Q{left} {1} {2} {1}H{3}Q{right} {1} {right} {0}V{bottom}Z\"/>",
            number(y + 10.0),
            number(y + 0.65),
            number(x + 10.0),
            number(x + width - 10.0),
        );
    }

    fn leaf(&mut self, automaton: &Automaton, node: &Node, place: &Rectangle) {
        let place = self.moved(place);
        let Rectangle { x, y, width, height } = place;
        let class = match node.shape {
            Shape::Final => "final",
            Shape::Anywhere => "any-state",
            _ => "leaf",
        };
        self.open_state(automaton, node, class);
        self.rectangle("box", &place, 10.0);
        let ornament = if node.shape == Shape::Final { 22.0 } else { 0.0 };
        let name_x = x + (width - text_width(&node.title, NAME_SIZE, true) - ornament) / 2.0 + ornament;
        let middle = if node.rows.is_empty() { y + height / 2.0 } else { y + NAME_BAND / 2.0 };
        if node.shape == Shape::Final {
            self.rectangle("rim", &place.grown(-3.0), 7.5);
            let centre = format!("cx=\"{}\" cy=\"{}\"", number(name_x - 14.0), number(middle));
            let _ = writeln!(
                self.text,
                "<circle class=\"ring\" {centre} r=\"7\"/><circle class=\"dot\" {centre} r=\"4\"/>"
            );
        }
        self.name(node, name_x, middle + 5.0);
        if !node.rows.is_empty() {
            let (left, right, level) = (number(x + 1.0), number(x + width - 1.0), number(y + NAME_BAND));
            let _ = writeln!(self.text, "<path class=\"rule\" d=\"M{left} {level}H{right}\"/>");
            self.rows(&node.rows, x + INSET, y + NAME_BAND + 6.0);
        }
        self.text.push_str("</g>\n");
    }

    fn open_state(&mut self, automaton: &Automaton, node: &Node, class: &str) {
        let state = &automaton.states[node.state];
        let id = ids::state(automaton, node.state);
        let parent = state.parent.map(|parent| automaton.states[parent].name.as_str()).filter(|name| !name.is_empty());
        let parent = parent.map_or(String::new(), |name| format!(" data-parent=\"{name}\""));
        let class = format!("{class}{}", usage_class(node.used));
        let _ = writeln!(self.text, "<g id=\"{id}\" class=\"state {class}\"{parent} data-line=\"{}\">", node.line);
        self.tooltip(&node.tooltip);
    }

    fn mark(&mut self, automaton: &Automaton, node: &Node, place: &Rectangle) {
        let place = self.moved(place);
        let (x, y) = (place.x + place.width / 2.0, place.y + place.height / 2.0);
        let name = &automaton.states[node.state].name;
        let suffix = if name.is_empty() { String::new() } else { format!("-{name}") };
        let of = &automaton.name;
        if node.shape == Shape::Initial {
            let _ = writeln!(
                self.text,
                "<circle id=\"{of}-initial{suffix}\" class=\"dot\" cx=\"{}\" cy=\"{}\" r=\"7\"/>",
                number(x),
                number(y)
            );
            return;
        }
        let _ = writeln!(self.text, "<g id=\"{of}-history{suffix}\" class=\"history\">");
        self.tooltip(&node.tooltip);
        let _ = writeln!(
            self.text,
            "<circle class=\"box\" cx=\"{}\" cy=\"{}\" r=\"12.5\"/><text class=\"name\" x=\"{}\" y=\"{}\">{}</text></g>",
            number(x),
            number(y),
            number(x - text_width(&node.title, NAME_SIZE, true) / 2.0),
            number(y + 5.0),
            node.title
        );
    }

    fn name(&mut self, node: &Node, x: f64, y: f64) {
        let _ = writeln!(
            self.text,
            "<a href=\"{}#L{}\"><text class=\"name\" x=\"{}\" y=\"{}\">{}</text></a>",
            escape(&self.link),
            node.line,
            number(x),
            number(y),
            escape(&node.title)
        );
    }

    /// Lines of text, one under the other.
    pub fn rows(&mut self, rows: &[Paragraph], x: f64, mut y: f64) {
        for row in rows {
            self.paragraph(row, x, y, &mut Vec::new());
            y += row.height();
        }
    }

    fn label(&mut self, edge: &Edge, place: &Rectangle) {
        let place = self.moved(place);
        let _ = writeln!(self.text, "<g class=\"transition label{}\"{}>", usage_class(edge.used), numbers(edge));
        let (x, mut y) = (place.x + LABEL_INSET, place.y + LABEL_INSET);
        let mut named = Vec::new();
        for block in &edge.label {
            for paragraph in block {
                self.paragraph(paragraph, x, y, &mut named);
                y += paragraph.height();
            }
            y += BLOCK_GAP;
        }
        self.text.push_str("</g>\n");
    }

    /// Draws lines of text; `named` are the transitions that have their id already.
    pub fn paragraph(&mut self, paragraph: &Paragraph, x: f64, y: f64, named: &mut Vec<u32>) {
        let class = if paragraph.is_label() { "label-text" } else { "detail-text" };
        if let Some(glyph) = paragraph.glyph {
            let behind = if paragraph.is_label() { paragraph.line_width(0) + 5.0 } else { 0.0 };
            self.glyph(glyph, x + behind + 6.5, y + paragraph.line_height() / 2.0);
        }
        for (index, line) in paragraph.lines.iter().enumerate() {
            let baseline = y + paragraph.line_height() * (index as f64 + 0.5) + paragraph.size * 0.35;
            let _ = write!(
                self.text,
                "<text class=\"{class}\" x=\"{}\" y=\"{}\">",
                number(x + paragraph.indent(index)),
                number(baseline)
            );
            for (position, run) in line.iter().enumerate() {
                if position > 0 {
                    self.text.push(' ');
                }
                self.run(run, named);
            }
            self.text.push_str("</text>\n");
        }
    }

    fn run(&mut self, run: &Run, named: &mut Vec<u32>) {
        let class = run.tone.class();
        let Some(Reference { transition, line, tooltip, order }) = &run.reference else {
            let _ = write!(self.text, "<tspan class=\"{class}\">{}</tspan>", escape(&run.text));
            return;
        };
        let prefix = order.map(|order| format!("{order}{ORDER_END}"));
        let (number, words) = match prefix.and_then(|prefix| run.text.strip_prefix(&prefix)) {
            Some(words) => (
                order.map_or(String::new(), |order| format!("<tspan class=\"order\">{order}</tspan>{ORDER_END}")),
                words,
            ),
            None => (String::new(), run.text.as_str()),
        };
        let words = escape(words);
        let id = match transition {
            Some(id) if !named.contains(&id.0) => {
                named.push(id.0);
                format!(" id=\"{}\"", escape(&self.ids[id.index()]))
            }
            _ => String::new(),
        };
        let title = if tooltip.is_empty() { String::new() } else { format!("<title>{}</title>", escape(tooltip)) };
        let _ = write!(
            self.text,
            "<a{id} href=\"{}#L{line}\" data-line=\"{line}\">{title}{number}<tspan class=\"{class}\">{words}</tspan></a>",
            escape(&self.link)
        );
    }

    fn glyph(&mut self, glyph: Glyph, x: f64, y: f64) {
        let at = |dx: f64, dy: f64| format!("{} {}", number(x + dx), number(y + dy));
        let _ = match glyph {
            Glyph::Clock => writeln!(
                self.text,
                "<g class=\"glyph clock\"><circle cx=\"{}\" cy=\"{}\" r=\"5.5\"/><path d=\"M{}L{}L{}\"/></g>",
                number(x),
                number(y),
                at(0.0, -3.2),
                at(0.0, 0.0),
                at(2.4, 1.6)
            ),
            Glyph::Eye => writeln!(
                self.text,
                "<g class=\"glyph eye\"><path d=\"M{}Q{} {}Q{} {}Z\"/><circle cx=\"{}\" cy=\"{}\" r=\"1.8\"/></g>",
                at(-6.0, 0.0),
                at(0.0, -7.6),
                at(6.0, 0.0),
                at(0.0, 7.6),
                at(-6.0, 0.0),
                number(x),
                number(y)
            ),
        };
    }

    fn line(&mut self, automaton: &Automaton, diagram: &Diagram, edge: &Edge, route: &[Point]) {
        let end = |node: usize| {
            let name = &automaton.states[diagram.nodes[node].state].name;
            if name.is_empty() { "any".to_owned() } else { name.clone() }
        };
        let id = if edge.transitions.is_empty() {
            String::new()
        } else {
            format!(" data-from=\"{}\" data-to=\"{}\"", end(edge.from), end(edge.to))
        };
        let _ = writeln!(self.text, "<g class=\"transition{}\"{id}{}>", usage_class(edge.used), numbers(edge));
        self.arrow_line(route);
        self.text.push_str("</g>\n");
    }

    /// A line with round corners and a head at its end.
    pub fn arrow_line(&mut self, route: &[Point]) {
        let points: Vec<_> =
            route.iter().map(|point| Point { x: self.origin.x + point.x, y: self.origin.y + point.y }).collect();
        let [.., before, tip] = points.as_slice() else { return };
        let (before, tip) = (*before, *tip);
        let length = distance(before, tip).max(f64::EPSILON);
        let (ux, uy) = ((tip.x - before.x) / length, (tip.y - before.y) / length);
        let head = ARROW.min(length);
        let mut shortened = points.clone();
        let last = shortened.len() - 1;
        shortened[last] = Point { x: tip.x - ux * (head - 1.0), y: tip.y - uy * (head - 1.0) };
        let _ = writeln!(self.text, "<path class=\"line\" d=\"{}\"/>", rounded(&shortened));
        let (base_x, base_y) = (tip.x - ux * head, tip.y - uy * head);
        let (side_x, side_y) = (-uy * 4.2, ux * 4.2);
        let (notch_x, notch_y) = (tip.x - ux * (head - 2.2), tip.y - uy * (head - 2.2));
        let _ = writeln!(
            self.text,
            "<path class=\"arrow\" d=\"M{} {}L{} {}L{} {}L{} {}Z\"/>",
            number(tip.x),
            number(tip.y),
            number(base_x + side_x),
            number(base_y + side_y),
            number(notch_x),
            number(notch_y),
            number(base_x - side_x),
            number(base_y - side_y),
        );
    }

    /// A rectangle with round corners.
    pub fn rectangle(&mut self, class: &str, place: &Rectangle, radius: f64) {
        let _ = writeln!(
            self.text,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{radius}\"/>",
            number(place.x),
            number(place.y),
            number(place.width),
            number(place.height)
        );
    }

    /// A tooltip for the open element; nothing if it is empty.
    pub fn tooltip(&mut self, text: &str) {
        if !text.is_empty() {
            let _ = writeln!(self.text, "<title>{}</title>", escape(text));
        }
    }
}

fn numbers(edge: &Edge) -> String {
    if edge.transitions.is_empty() {
        return String::new();
    }
    let numbers: Vec<_> = edge.transitions.iter().map(|transition| transition.0.to_string()).collect();
    format!(" data-transitions=\"{}\"", numbers.join(" "))
}

fn distance(a: Point, b: Point) -> f64 {
    (a.x - b.x).abs() + (a.y - b.y).abs()
}

fn rounded(points: &[Point]) -> String {
    let mut path = format!("M{} {}", number(points[0].x), number(points[0].y));
    for corner in points.windows(3) {
        let [before, at, after] = [corner[0], corner[1], corner[2]];
        let radius = CORNER.min(distance(before, at) / 2.0).min(distance(at, after) / 2.0);
        let towards = |other: Point| {
            let length = distance(at, other).max(f64::EPSILON);
            (at.x + (other.x - at.x) / length * radius, at.y + (other.y - at.y) / length * radius)
        };
        let ((x1, y1), (x2, y2)) = (towards(before), towards(after));
        let _ = write!(
            path,
            "L{} {}Q{} {} {} {}",
            number(x1),
            number(y1),
            number(at.x),
            number(at.y),
            number(x2),
            number(y2)
        );
    }
    let last = points[points.len() - 1];
    let _ = write!(path, "L{} {}", number(last.x), number(last.y));
    path
}

/// With at most two decimals, so that the text is short and the same on every machine.
pub fn number(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    let rounded = if rounded == 0.0 { 0.0 } else { rounded };
    format!("{rounded}")
}
