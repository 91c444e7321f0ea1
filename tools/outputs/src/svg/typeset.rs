//! Words set into lines of true width.

use automata_compiler::model::TransitionId;

use super::sizes::LABEL_SIZE;
use crate::metrics::text_width;

/// What a word is; decides its look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// An event that somebody sends, or that is raised.
    Event,
    /// A timer.
    Timer,
    /// A change of another automaton's state.
    Observation,
    /// `always`.
    Always,
    /// A guard.
    Guard,
    /// What is done.
    Effect,
    /// `entry`, `exit`, `defers`, `ignores`.
    Keyword,
    /// A heading above several lines.
    Heading,
    /// The least important text.
    Quiet,
    /// The trigger of a transition that a trace never took.
    Never,
}

impl Tone {
    /// Its class in the picture.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Tone::Event => "event",
            Tone::Timer => "timer",
            Tone::Observation => "observation",
            Tone::Always => "always",
            Tone::Guard => "guard",
            Tone::Effect => "effect",
            Tone::Keyword => "keyword",
            Tone::Heading => "section",
            Tone::Quiet => "quiet",
            Tone::Never => "never",
        }
    }
}

/// A glyph before the words of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    /// A clock: a timer.
    Clock,
    /// An eye: an observation.
    Eye,
}

/// The link of words: to a transition, or just to a line of the YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The transition whose trigger this is.
    pub transition: Option<TransitionId>,
    /// Line of the YAML, from 1.
    pub line: usize,
    /// Tooltip; may be empty.
    pub tooltip: String,
    /// In which order the cases of one trigger are tried, from 1. The text then begins with it, and [`ORDER_END`].
    pub order: Option<usize>,
}

/// Between the number of a case and its trigger: a space at which no line is broken.
pub const ORDER_END: char = '\u{a0}';

/// A run of text of one tone that may be broken at its spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The text, without spaces at its ends.
    pub text: String,
    /// What it is.
    pub tone: Tone,
    /// Where it leads.
    pub reference: Option<Reference>,
}

impl Run {
    /// A run without a link.
    #[must_use]
    pub fn plain(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone, reference: None }
    }
}

/// Lines of one size, one above the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Paragraph {
    /// Size of the font in pixels.
    pub size: f64,
    /// At the start of the first line.
    pub glyph: Option<Glyph>,
    /// Lines after the first stand this far in, in pixels.
    pub hang: f64,
    /// Each line's runs, to be set with a space between them.
    pub lines: Vec<Vec<Run>>,
}

/// Room that a glyph takes at the start or the end of a line, in pixels.
pub const GLYPH_WIDTH: f64 = 17.0;

/// The usual [`Paragraph::hang`], in pixels.
pub const HANG: f64 = 10.0;

impl Paragraph {
    /// Sets runs into lines no wider than `width`, unless a single word is. A run is broken only if it does not fit
    /// into a line of its own, so that calls and guards stay whole where they can.
    #[must_use]
    pub fn new(size: f64, glyph: Option<Glyph>, runs: Vec<Run>, width: f64) -> Self {
        let mut paragraph = Paragraph { size, glyph, hang: HANG, lines: vec![Vec::new()] };
        let mut used = 0.0;
        for run in runs {
            let whole = text_width(&run.text, size, false);
            if whole > paragraph.room(used, width) && whole <= width - paragraph.indent(1) {
                paragraph.begin_line(&mut used);
            }
            let mut joins = false;
            for word in words(&run.text) {
                let needed = text_width(&word, size, false);
                if needed > paragraph.room(used, width) && used > 0.0 {
                    paragraph.begin_line(&mut used);
                    joins = false;
                }
                used += needed + if used > 0.0 { text_width(" ", size, false) } else { 0.0 };
                let line = paragraph.lines.last_mut().expect("there is a first line");
                match line.last_mut() {
                    Some(last) if joins => {
                        last.text.push(' ');
                        last.text.push_str(&word);
                    }
                    _ => line.push(Run { text: word, ..run.clone() }),
                }
                joins = true;
            }
        }
        paragraph
    }

    /// What is left of the last line for another word.
    fn room(&self, used: f64, width: f64) -> f64 {
        let space = if used > 0.0 { text_width(" ", self.size, false) } else { 0.0 };
        let line = self.lines.len() - 1;
        width - self.indent(line) - self.behind(line) - used - space
    }

    fn begin_line(&mut self, used: &mut f64) {
        if *used > 0.0 {
            self.lines.push(Vec::new());
            *used = 0.0;
        }
    }

    /// From one baseline to the next.
    #[must_use]
    pub fn line_height(&self) -> f64 {
        self.size + 4.0
    }

    /// Of all lines.
    #[must_use]
    pub fn height(&self) -> f64 {
        self.line_height() * self.lines.len() as f64
    }

    /// Of the widest line, with its glyph.
    #[must_use]
    pub fn width(&self) -> f64 {
        let width = |line: usize| self.indent(line) + self.line_width(line) + self.behind(line);
        (0..self.lines.len()).map(width).fold(0.0, f64::max)
    }

    /// Where the text of that line begins.
    #[must_use]
    pub fn indent(&self, line: usize) -> f64 {
        let glyph = if self.glyph.is_some() && !self.is_label() { GLYPH_WIDTH } else { 0.0 };
        match line {
            0 => glyph,
            _ => glyph.max(self.hang),
        }
    }

    /// Whether it is beside a line: then nothing comes between the line and its words, and the glyph is after them.
    #[must_use]
    pub fn is_label(&self) -> bool {
        self.size >= LABEL_SIZE
    }

    /// Room after a line of text for the glyph.
    fn behind(&self, line: usize) -> f64 {
        if line == 0 && self.glyph.is_some() && self.is_label() { GLYPH_WIDTH } else { 0.0 }
    }

    /// Of that line of text.
    #[must_use]
    pub fn line_width(&self, line: usize) -> f64 {
        let text: Vec<_> = self.lines[line].iter().map(|run| run.text.as_str()).collect();
        text_width(&text.join(" "), self.size, false)
    }
}

/// The words of a run; a slash is part of the one after it.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut slash = false;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if std::mem::replace(&mut slash, word == "/") {
            words.push(format!("/ {word}"));
        } else if !slash {
            words.push(word.to_owned());
        }
    }
    if slash {
        words.push("/".to_owned());
    }
    words
}

/// Breaks a text into lines no wider than `width`.
#[must_use]
pub fn wrap(text: &str, size: f64, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(&format!("{line} {word}"), size, false) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_to_the_width_and_lose_no_word() {
        let runs = vec![
            Run::plain("network_connector enters CONNECTED", Tone::Observation),
            Run::plain("[not peers_known and a_long_condition(transport)]", Tone::Guard),
        ];
        let paragraph = Paragraph::new(13.0, Some(Glyph::Eye), runs, 180.0);
        assert!(paragraph.lines.len() > 2 && paragraph.width() <= 180.0 + 100.0);
        let words: Vec<_> = paragraph.lines.iter().flatten().map(|run| run.text.as_str()).collect();
        assert_eq!(
            words.join(" "),
            "network_connector enters CONNECTED [not peers_known and a_long_condition(transport)]"
        );
    }

    #[test]
    fn what_fits_into_a_line_of_its_own_is_not_broken() {
        let runs =
            vec![Run::plain("/ first_of_all(a, b),", Tone::Effect), Run::plain("second = second + 1", Tone::Effect)];
        let paragraph = Paragraph::new(12.0, None, runs, 160.0);
        let lines: Vec<_> = paragraph.lines.iter().map(|line| line[0].text.as_str()).collect();
        assert_eq!(lines, ["/ first_of_all(a, b),", "second = second + 1"]);
    }

    #[test]
    fn a_word_wider_than_the_line_stands_alone() {
        let paragraph =
            Paragraph::new(12.0, None, vec![Run::plain("a an_extraordinarily_long_name b", Tone::Event)], 60.0);
        assert_eq!(paragraph.lines.len(), 3);
        assert!(paragraph.width() > 60.0);
    }
}
