//! The picture of a sequence of deliveries: lifelines from left to right, time from the top down.
//!
//! Every row holds one text, so no two can meet; the widths only have to leave room for each text between its
//! lifelines. Lifelines are placed from left to right, each as near as the texts to its left allow.

use std::fmt::Write as _;

use automata_compiler::trace::moment;

use super::draw::{Canvas, Heading, number};
use super::geometry::{Point, Rectangle};
use super::sizes::{DETAIL_SIZE, LABEL_SIZE, NAME_SIZE};
use super::style::sequence_rules;
use crate::metrics::text_width;
use crate::sequence::{Arrow, Became, Row, Sequence};
use crate::xml::escape;

/// Height of a row, in pixels.
const ROW: f64 = 26.0;
/// Between the rows of two inputs, in pixels.
const GAP: f64 = 10.0;
/// Height of the box with a name, in pixels.
const HEAD: f64 = 30.0;
/// Height of a box with a state, in pixels.
const STATE: f64 = 20.0;
/// Between a text and what is beside it, in pixels.
const ROOM: f64 = 12.0;
/// Width of an arrow from a lifeline to itself, in pixels.
const LOOP: f64 = 26.0;
/// Column of the times and of the numbers of deliveries, in pixels.
const TIMES: f64 = 132.0;
/// Where the numbers begin, in pixels.
const NUMBERS: f64 = 78.0;

/// The picture, with `title` and `about` above it.
#[must_use]
pub fn picture(sequence: &Sequence, title: &str, about: &str) -> String {
    let columns = columns(sequence);
    let rows = levels(sequence);
    let bottom = rows.last().map_or(HEAD, |level| level + ROW) + GAP;
    let last = sequence.lifelines.len().saturating_sub(1);
    let right_of_last = sequence.rows.iter().map(|(_, _, row)| beyond(row, last)).fold(0.0, f64::max);
    let width = columns.last().map_or(TIMES, |x| x + right_of_last.max(head_width(sequence, last) / 2.0));
    let heading = Heading::new(title, "", about, width);
    let mut canvas = Canvas::new("", heading.origin());
    for (lifeline, &x) in sequence.lifelines.iter().zip(&columns) {
        canvas.lifeline(x, bottom);
        let head = text_width(&lifeline.name, NAME_SIZE, true) + 2.0 * ROOM;
        let class = if lifeline.is_part { "part" } else { "instance" };
        canvas.named_box(class, &lifeline.name, "name", NAME_SIZE, true, x, (0.0, HEAD), head);
    }
    let (mut shown_ms, mut shown) = (None, None);
    for ((delivery, at_ms, row), &level) in sequence.rows.iter().zip(&rows) {
        if shown != Some(*delivery) {
            shown = Some(*delivery);
            let is_new = shown_ms.replace(*at_ms) != Some(*at_ms);
            canvas.beside(*delivery, is_new.then_some(*at_ms), level + ROW - 8.0);
        }
        canvas.row(row, &columns, level);
    }
    heading.finish_with("sequence", "", (width, bottom), &canvas.text, &sequence_rules())
}

/// The upper side of each row.
fn levels(sequence: &Sequence) -> Vec<f64> {
    let mut level = HEAD + GAP;
    let mut before = None;
    let mut levels = Vec::with_capacity(sequence.rows.len());
    for (delivery, _, _) in &sequence.rows {
        if before.is_some_and(|before| before != *delivery) {
            level += GAP / 2.0;
        }
        before = Some(*delivery);
        levels.push(level);
        level += ROW;
    }
    levels
}

fn head_width(sequence: &Sequence, index: usize) -> f64 {
    sequence.lifelines.get(index).map_or(0.0, |lifeline| text_width(&lifeline.name, NAME_SIZE, true) + 2.0 * ROOM)
}

fn state_width(text: &str) -> f64 {
    text_width(text, DETAIL_SIZE, false) + 2.0 * ROOM
}

/// What a row needs to the right of that lifeline, if it is the last.
fn beyond(row: &Row, last: usize) -> f64 {
    match row {
        Row::Message { from, to, label, .. } if from == to && *from == last => {
            LOOP + text_width(label, LABEL_SIZE, false) + ROOM
        }
        Row::State { of, text, .. } if *of == last => state_width(text) / 2.0,
        _ => 0.0,
    }
}

/// Where the lifelines stand.
fn columns(sequence: &Sequence) -> Vec<f64> {
    let count = sequence.lifelines.len();
    // Distances that must be kept: from one lifeline to a later one.
    let mut needs: Vec<(usize, usize, f64)> = Vec::new();
    for index in 1..count {
        needs.push((index - 1, index, (head_width(sequence, index - 1) + head_width(sequence, index)) / 2.0 + ROOM));
    }
    let mut first = TIMES + head_width(sequence, 0) / 2.0;
    for (_, _, row) in &sequence.rows {
        match row {
            Row::Message { from, to, label, .. } => {
                let label = text_width(label, LABEL_SIZE, false);
                if from == to {
                    needs.push((*from, from + 1, LOOP + label + 2.0 * ROOM));
                } else {
                    needs.push((*from.min(to), *from.max(to), label + 2.0 * ROOM + 10.0));
                }
            }
            Row::State { of, text, .. } => {
                let half = state_width(text) / 2.0 + ROOM;
                needs.push((*of, of + 1, half));
                if *of > 0 {
                    needs.push((of - 1, *of, half));
                } else {
                    first = first.max(TIMES + half);
                }
            }
        }
    }
    let mut columns = vec![first; count];
    for index in 1..count {
        let from_left = needs.iter().filter(|(_, to, _)| *to == index).map(|(from, _, need)| columns[*from] + need);
        columns[index] = from_left.fold(columns[index - 1], f64::max).ceil();
    }
    columns
}

impl Canvas {
    fn lifeline(&mut self, x: f64, bottom: f64) {
        let (x, top) = (number(self.origin.x + x), number(self.origin.y + HEAD));
        let bottom = number(self.origin.y + bottom);
        let _ = writeln!(self.text, "<path class=\"lifeline\" d=\"M{x} {top}V{bottom}\"/>");
    }

    /// The number of a delivery, and its time if it differs from the one before.
    fn beside(&mut self, delivery: u64, at_ms: Option<u64>, baseline: f64) {
        let texts = [(0.0, at_ms.map(moment)), (NUMBERS, Some(format!("#{delivery}")))];
        self.text.push_str("<g class=\"beside\">\n");
        for (x, words) in texts.into_iter().filter_map(|(x, words)| Some((x, words?))) {
            let (x, y) = (number(self.origin.x + x), number(self.origin.y + baseline));
            let _ = writeln!(
                self.text,
                "<text class=\"detail-text\" x=\"{x}\" y=\"{y}\"><tspan class=\"quiet\">{words}</tspan></text>"
            );
        }
        self.text.push_str("</g>\n");
    }

    /// A box with a text in its middle, upright between two levels.
    #[allow(clippy::too_many_arguments, reason = "a box is all of these")]
    fn named_box(
        &mut self,
        class: &str,
        words: &str,
        text_class: &str,
        size: f64,
        bold: bool,
        x: f64,
        (top, height): (f64, f64),
        width: f64,
    ) {
        let place = self.moved(&Rectangle { x: x - width / 2.0, y: top, width, height });
        let _ = writeln!(self.text, "<g class=\"{class}\">");
        self.rectangle("box", &place, 5.0);
        let left = place.x + (width - text_width(words, size, bold)) / 2.0;
        let baseline = place.y + height / 2.0 + size * 0.35;
        let (left, baseline) = (number(left), number(baseline));
        let words = escape(words);
        let _ = writeln!(self.text, "<text class=\"{text_class}\" x=\"{left}\" y=\"{baseline}\">{words}</text>\n</g>");
    }

    fn row(&mut self, row: &Row, columns: &[f64], level: f64) {
        match row {
            Row::State { of, text, kind } => {
                let class = match kind {
                    Became::Entered => "entered",
                    Became::Nothing => "nothing",
                    Became::Odd => "odd",
                };
                let top = level + (ROW - STATE) / 2.0;
                let width = state_width(text);
                self.named_box(class, text, "detail-text", DETAIL_SIZE, false, columns[*of], (top, STATE), width);
            }
            Row::Message { from, to, label, kind } => {
                let (class, tone) = match kind {
                    Arrow::Event => ("transition", "event"),
                    Arrow::Observation => ("transition observes", "observation"),
                    Arrow::Start => ("transition starts", "always"),
                    Arrow::Timer => ("transition", "timer"),
                    Arrow::Action => ("transition", "effect"),
                };
                let _ = writeln!(self.text, "<g class=\"{class}\">");
                let (start, end) = (columns[*from], columns[*to]);
                let width = text_width(label, LABEL_SIZE, false);
                let left = if from == to {
                    let (upper, lower) = (level + 6.0, level + ROW - 5.0);
                    let out = start + LOOP - 8.0;
                    let corner = |x, y| Point { x, y };
                    self.arrow_line(&[
                        corner(start, upper),
                        corner(out, upper),
                        corner(out, lower),
                        corner(start, lower),
                    ]);
                    start + LOOP
                } else {
                    let y = level + ROW - 5.0;
                    self.arrow_line(&[Point { x: start, y }, Point { x: end, y }]);
                    (start + end - width) / 2.0
                };
                // So that a lifeline in between does not run through the words.
                let baseline = level + ROW / 2.0 + 2.0;
                let behind =
                    Rectangle { x: left - 2.0, y: baseline - LABEL_SIZE, width: width + 4.0, height: LABEL_SIZE + 3.0 };
                let behind = self.moved(&behind);
                if from != to {
                    self.rectangle("behind", &behind, 0.0);
                }
                let (x, y) = (number(self.origin.x + left), number(self.origin.y + baseline));
                let words = escape(label);
                let _ = writeln!(
                    self.text,
                    "<text class=\"label-text\" x=\"{x}\" y=\"{y}\"><tspan class=\"{tone}\">{words}</tspan></text>\n</g>"
                );
            }
        }
    }
}
