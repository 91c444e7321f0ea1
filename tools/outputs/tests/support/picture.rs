//! A finished picture read again: its texts, lines and boxes, and what is wrong with them.
//!
//! The boxes are computed from the finished SVG and the advance widths of the font, not from what the layout believed.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use automata_outputs::metrics::text_width;
use automata_outputs::svg::geometry::{Point, Rectangle, segments};
use roxmltree::{Document, Node};

/// Size and weight of the text of each class.
const FONTS: [(&str, f64, bool); 6] = [
    ("heading-name", 20.0, true),
    ("heading-instances", 13.0, false),
    ("heading-summary", 14.0, false),
    ("name", 13.0, true),
    ("label-text", 12.0, false),
    ("detail-text", 11.0, false),
];

pub struct Text {
    pub words: String,
    pub place: Rectangle,
    /// Number of the `g` around it: of a label or a state.
    pub group: usize,
    pub in_label: bool,
}

pub struct Line {
    pub points: Vec<Point>,
    /// Which transitions, as said in `data-transitions`, or which ends; the label of the same is its own.
    pub of: String,
}

#[derive(Default)]
pub struct Picture {
    pub size: (f64, f64),
    pub texts: Vec<Text>,
    pub lines: Vec<Line>,
    /// Borders of states, with their ids.
    pub boxes: Vec<(String, Rectangle)>,
    /// What each label belongs to, by the number of its `g`.
    pub labels: BTreeMap<usize, String>,
}

pub fn number(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{name} of {node:?}"))
}

fn class<'a>(node: Node<'a, '_>) -> &'a str {
    node.attribute("class").unwrap_or_default()
}

impl Picture {
    pub fn read(svg: &str) -> Picture {
        let document = Document::parse(svg).expect("a picture is XML");
        let root = document.root_element();
        let mut picture = Picture { size: (number(root, "width"), number(root, "height")), ..Picture::default() };
        assert_eq!(root.attribute("viewBox"), Some(format!("0 0 {} {}", picture.size.0, picture.size.1).as_str()));
        for node in root.descendants().filter(Node::is_element) {
            match (node.tag_name().name(), class(node)) {
                ("text", _) => picture.text(node),
                ("rect", "box") => {
                    let id = node.parent().and_then(|parent| parent.attribute("id")).unwrap_or_default();
                    picture.boxes.push((id.to_owned(), rectangle(node)));
                }
                ("path", "line") => picture.line(node),
                ("g", class) if class.contains("label") => {
                    picture.labels.insert(node.id().get_usize(), owner(node));
                }
                _ => {}
            }
        }
        picture
    }

    fn text(&mut self, node: Node<'_, '_>) {
        let (_, size, bold) = *FONTS.iter().find(|(name, _, _)| *name == class(node)).expect("a class of the list");
        let words: String = node
            .descendants()
            .filter(|inner| {
                inner.is_text()
                    && !inner.ancestors().any(|outer| outer.has_tag_name(("http://www.w3.org/2000/svg", "title")))
            })
            .filter_map(|inner| inner.text())
            .collect();
        let (x, baseline) = (number(node, "x"), number(node, "y"));
        let place = Rectangle {
            x,
            y: baseline - 0.72 * size,
            width: text_width(&words, size, bold),
            height: 0.72 * size + 0.2 * size,
        };
        let group = node.ancestors().find(|outer| outer.has_tag_name(("http://www.w3.org/2000/svg", "g")));
        let group = group.expect("a text is in a group");
        let in_label = class(group).contains("label");
        self.texts.push(Text { words, place, group: group.id().get_usize(), in_label });
    }

    /// Corners are round: the point between is where the straight parts would meet, and is in the path as that of the
    /// curve.
    fn line(&mut self, node: Node<'_, '_>) {
        let path = node.attribute("d").expect("a path has a form");
        let mut points = Vec::new();
        let mut numbers: Vec<f64> = Vec::new();
        let mut command = ' ';
        let mut take = |command: char, numbers: &mut Vec<f64>| {
            match (command, numbers.as_slice()) {
                ('M' | 'L', &[x, y]) | ('Q', &[x, y, _, _]) => points.push(Point { x, y }),
                (' ', []) => {}
                other => panic!("unexpected in {path}: {other:?}"),
            }
            numbers.clear();
        };
        let mut text = String::new();
        for character in path.chars().chain(['M']) {
            if character.is_ascii_alphabetic() {
                numbers.extend(text.split_whitespace().map(|word| word.parse::<f64>().expect("a number")));
                text.clear();
                take(command, &mut numbers);
                command = character;
            } else {
                text.push(character);
            }
        }
        let group = node.parent().expect("a line is in a group");
        self.lines.push(Line { points, of: owner(group) });
    }

    /// Everything that is wrong with it.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let page = Rectangle { x: 0.0, y: 0.0, width: self.size.0, height: self.size.1 };
        for (index, text) in self.texts.iter().enumerate() {
            if !page.contains(&text.place) {
                faults.push(format!("`{}` is outside of the picture", text.words));
            }
            for other in &self.texts[index + 1..] {
                if other.place.overlaps(&text.place) {
                    faults.push(format!("`{}` lies on `{}`", text.words, other.words));
                }
            }
            for (id, border) in &self.boxes {
                if border.overlaps(&text.place) && !border.contains(&text.place) {
                    faults.push(format!("`{}` lies on the border of {id}", text.words));
                }
            }
            for line in &self.lines {
                let own = text.in_label && self.labels[&text.group] == line.of;
                let crosses = segments(&line.points).any(|part| text.place.is_crossed_by(part));
                if crosses {
                    faults.push(format!(
                        "{} line of {} runs through `{}`",
                        if own { "its own" } else { "the" },
                        line.of,
                        text.words
                    ));
                }
            }
        }
        self.faults_of_boxes(&page, &mut faults);
        faults
    }

    /// Labels that are not on their own line, nor at least twice as near to it as to any other.
    pub fn ambiguous_labels(&self) -> Vec<String> {
        let mut ambiguous = Vec::new();
        for (group, owner) in &self.labels {
            let texts: Vec<&Text> = self.texts.iter().filter(|text| text.group == *group).collect();
            let Some(whole) = texts.iter().map(|text| text.place).reduce(around) else { continue };
            let nearest = |own: bool| {
                let lines = self.lines.iter().filter(|line| (line.of == *owner) == own);
                let parts = lines.flat_map(|line| segments(&line.points));
                parts.map(|part| distance(&whole, part)).fold(f64::INFINITY, f64::min)
            };
            let (own, other) = (nearest(true), nearest(false));
            if own > 0.0 && other < 2.0 * own {
                ambiguous.push(format!("`{}`: {own:.1} from its own line, {other:.1} from another", texts[0].words));
            }
        }
        ambiguous
    }

    fn faults_of_boxes(&self, page: &Rectangle, faults: &mut Vec<String>) {
        for (index, (id, border)) in self.boxes.iter().enumerate() {
            if !page.contains(border) {
                faults.push(format!("{id} is outside of the picture"));
            }
            for (other, place) in &self.boxes[index + 1..] {
                if place.overlaps(border) && !place.contains(border) && !border.contains(place) {
                    faults.push(format!("{id} lies on {other}"));
                }
            }
        }
        for line in &self.lines {
            for point in &line.points {
                if !page.contains(&Rectangle { x: point.x, y: point.y, width: 0.0, height: 0.0 }) {
                    faults.push(format!("the line of {} leaves the picture", line.of));
                }
            }
        }
    }
}

fn rectangle(node: Node<'_, '_>) -> Rectangle {
    Rectangle {
        x: number(node, "x"),
        y: number(node, "y"),
        width: number(node, "width"),
        height: number(node, "height"),
    }
}

fn owner(group: Node<'_, '_>) -> String {
    match group.attribute("data-transitions") {
        Some(transitions) => transitions.to_owned(),
        None => format!("{:?} to {:?}", group.attribute("data-from"), group.attribute("data-to")),
    }
}

/// The smallest rectangle around both.
fn around(a: Rectangle, b: Rectangle) -> Rectangle {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    Rectangle { x, y, width: a.right().max(b.right()) - x, height: a.bottom().max(b.bottom()) - y }
}

/// From a rectangle to a level or upright line.
fn distance(place: &Rectangle, (from, to): (Point, Point)) -> f64 {
    let dx = (from.x.min(to.x) - place.right()).max(place.x - from.x.max(to.x)).max(0.0);
    let dy = (from.y.min(to.y) - place.bottom()).max(place.y - from.y.max(to.y)).max(0.0);
    dx.hypot(dy)
}
