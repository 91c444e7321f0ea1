//! Tables for people: columns as wide as what is in them, by the width that a terminal gives to a text, not by its
//! characters.

use std::fmt::Write as _;

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use super::terminal::{FAINT, safe};

/// What stands in a table at one place.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    style: Style,
    is_number: bool,
}

impl Cell {
    /// A text; what could do something to a terminal is made harmless.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self { text: safe(text.as_ref()), ..Self::default() }
    }

    /// In this style.
    #[must_use]
    pub fn styled(self, style: Style) -> Self {
        Self { style, ..self }
    }

    /// A number: to the right.
    pub fn number(number: impl ToString) -> Self {
        Self { text: number.to_string(), is_number: true, ..Self::default() }
    }

    /// A text if there is one, a faint dash otherwise.
    pub fn maybe(text: Option<impl AsRef<str>>) -> Self {
        text.map_or_else(|| Self::new("–").styled(FAINT), Self::new)
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// Columns of a terminal that has not been made wider.
pub const USUAL_WIDTH: usize = 80;

/// Rows below headings. A column in which nothing stands is left out; the last one may have several lines.
#[derive(Clone, Debug)]
pub struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
    /// Columns of the terminal for which the last column is wrapped.
    wrapped_at: Option<usize>,
}

impl Table {
    /// Without rows.
    pub fn new(headings: &[&'static str]) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new(), wrapped_at: None }
    }

    /// Wraps the last column between words, so that no line is wider than that many columns of a terminal. A word that
    /// is too long stays whole.
    #[must_use]
    pub fn wrapped_at(self, width: usize) -> Self {
        Self { wrapped_at: Some(width), ..self }
    }

    /// Another row, with a cell for each heading.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let mut cells: Vec<Cell> = cells.into_iter().collect();
        cells.resize_with(self.headings.len(), Cell::default);
        self.rows.push(cells);
    }

    /// The text, a line for each row and one for the headings.
    pub fn render(&self) -> String {
        let is_used = |column: &usize| self.rows.iter().any(|row| !row[*column].text.is_empty());
        let columns: Vec<usize> = (0..self.headings.len()).filter(is_used).collect();
        let width = |column: &usize| {
            let cells = self.rows.iter().flat_map(|row| row[*column].text.lines()).map(|line| line.width());
            cells.chain([self.headings[*column].width()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = columns.iter().map(width).collect();
        let before_last: usize = widths.iter().rev().skip(1).map(|width| width + GAP).sum();
        let mut text = String::new();
        let headings: Vec<Cell> = self
            .headings
            .iter()
            .enumerate()
            .map(|(column, heading)| {
                let is_number = self.rows.iter().any(|row| row[column].is_number);
                Cell { text: (*heading).to_owned(), style: FAINT, is_number }
            })
            .collect();
        line(&mut text, &headings, &columns, &widths);
        for row in &self.rows {
            match (self.wrapped_at, columns.last()) {
                (Some(width), Some(&last)) => {
                    let mut row = row.clone();
                    row[last].text = wrapped(&row[last].text, width.saturating_sub(before_last));
                    line(&mut text, &row, &columns, &widths);
                }
                _ => line(&mut text, row, &columns, &widths),
            }
        }
        text
    }
}

/// Spaces between two columns.
const GAP: usize = 2;

/// The text with its lines broken between words, so that each fits into so many columns of a terminal.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for whole in text.lines() {
        let mut line = String::new();
        for word in whole.split(' ') {
            if !line.is_empty() && line.width() + 1 + word.width() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.join("\n")
}

fn line(text: &mut String, row: &[Cell], columns: &[usize], widths: &[usize]) {
    let mut at = 0;
    for (place, (&column, &width)) in columns.iter().zip(widths).enumerate() {
        let cell = &row[column];
        let is_last = place + 1 == columns.len();
        for (number, part) in cell.text.split('\n').enumerate() {
            if number > 0 {
                // Only the last cell can go on below itself.
                if !is_last {
                    break;
                }
                text.push('\n');
                text.extend(std::iter::repeat_n(' ', at));
            }
            let room = width.saturating_sub(part.width());
            let (before, behind) = if cell.is_number { (room, 0) } else { (0, room) };
            // An empty cell has no style either, so that what ends a line can be cut off.
            let style = if part.is_empty() { Style::new() } else { cell.style };
            let _ = write!(text, "{:before$}{style}{part}{style:#}", "");
            if !is_last {
                let _ = write!(text, "{:width$}", "", width = behind + GAP);
            }
        }
        at += width + GAP;
    }
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn columns_are_aligned_by_the_width_that_is_seen() {
        let mut table = Table::new(&["NAME", "COUNT", "TEXT"]);
        table.row(["alice".into(), Cell::number(7), "short".into()]);
        table.row(["日本語".into(), Cell::number(1234), "one\ntwo".into()]);
        table.row(["Zoe\u{308}".into(), Cell::number(0), Cell::maybe(None::<&str>)]);
        let plain = anstream::adapter::strip_str(&table.render()).to_string();
        expect![[r#"
            NAME    COUNT  TEXT
            alice       7  short
            日本語   1234  one
                           two
            Zoë         0  –
        "#]]
        .assert_eq(&plain);
    }

    #[test]
    fn the_last_column_is_wrapped_between_words_where_that_is_asked_for() {
        let mut table = Table::new(&["NAME", "TEXT"]).wrapped_at(18);
        table.row(["alice".into(), "one two three four".into()]);
        table.row(["bob".into(), "a-word-that-is-too-long\nnext".into()]);
        table.row(["eve".into(), "".into()]);
        expect![[r#"
            NAME   TEXT
            alice  one two
                   three four
            bob    a-word-that-is-too-long
                   next
            eve
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&table.render()).to_string());
    }

    #[test]
    fn a_column_without_anything_is_left_out() {
        let mut table = Table::new(&["A", "B", "C"]);
        table.row(["1".into(), "".into(), "3".into()]);
        expect![[r#"
            A  C
            1  3
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&table.render()).to_string());
    }

    #[test]
    fn styles_do_not_change_the_columns() {
        let mut table = Table::new(&["A", "B"]);
        table.row([Cell::new("x").styled(super::super::terminal::GOOD), "y".into()]);
        let text = table.render();
        assert!(text.contains('\u{1b}'));
        assert_eq!(anstream::adapter::strip_str(&text).to_string(), "A  B\nx  y\n");
    }

    #[test]
    fn what_others_write_does_nothing_to_the_terminal() {
        let mut table = Table::new(&["A"]);
        table.row(["\u{1b}[2J\u{202e}boo\r".into()]);
        assert_eq!(anstream::adapter::strip_str(&table.render()).to_string(), "A\n\\u{1b}[2J\\u{202e}boo\\r\n");
    }
}
