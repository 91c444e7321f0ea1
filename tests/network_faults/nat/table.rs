//! The table of `cargo xtask nat`, and the figures under it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::kinds::Kind;
use super::pair::{Outcome, Way};

/// What a cell says.
pub const LEGEND: &str = "Way, transport, seconds from when both knew each other; (+) bare UDP sockets get through, \
                          (-) they do not; ! is not as it has to be.\n";

/// Rows are the kinds of a, columns those of b.
pub fn table(outcomes: &[Outcome]) -> String {
    let kinds = |of: fn(&Outcome) -> Kind| -> Vec<Kind> {
        Kind::ALL.into_iter().filter(|kind| outcomes.iter().any(|outcome| of(outcome) == *kind)).collect()
    };
    let (rows, columns) = (kinds(|outcome| outcome.a), kinds(|outcome| outcome.b));
    let mut text = String::from("| a \\ b     |");
    for column in &columns {
        let _ = write!(text, " {column:<20} |");
    }
    text.push_str("\n|-----------|");
    text.push_str(&"----------------------|".repeat(columns.len()));
    for row in rows {
        let _ = write!(text, "\n| {row:<9} |");
        for column in &columns {
            let found = outcomes.iter().find(|outcome| (outcome.a, outcome.b) == (row, *column));
            let _ = write!(text, " {:<20} |", found.map(cell).unwrap_or_default());
        }
    }
    text.push('\n');
    text
}

/// The way, the transport, the seconds, and an exclamation mark if it had to be better.
fn cell(outcome: &Outcome) -> String {
    let bare = if outcome.a.bare_socket_punches(outcome.b) { "+" } else { "-" };
    let mark = if outcome.failure().is_some() { "!" } else { "" };
    match &outcome.talk {
        None => format!("none ({bare}){mark}"),
        Some(talk) => format!("{} {} {:.1} ({bare}){mark}", talk.way, talk.transport, talk.after.as_secs_f32()),
    }
}

/// An outcome, as it is told when it is there.
pub fn line(outcome: &Outcome) -> String {
    let (a, b) = (outcome.a, outcome.b);
    let problem = outcome.failure().map(|failure| format!("  {failure}")).unwrap_or_default();
    format!("{a}/{b}: {}{problem}", cell(outcome))
}

/// How often each way was taken, and how long it took, beside a bare socket's hole.
pub fn figures(outcomes: &[Outcome]) -> String {
    let mut ways: BTreeMap<Way, Vec<Duration>> = BTreeMap::new();
    for talk in outcomes.iter().filter_map(|outcome| outcome.talk.as_ref()) {
        ways.entry(talk.way).or_default().push(talk.after);
    }
    let mut text = String::new();
    for (way, times) in &ways {
        let _ = writeln!(text, "{way:<8} {:>3} pairs, median {}", times.len(), seconds(median(times)));
    }
    let none = outcomes.iter().filter(|outcome| outcome.talk.is_none()).count();
    let _ = writeln!(text, "none     {none:>3} pairs");
    let is_straight = |way: &Way| way.is_straight();
    let straight: Vec<Duration> =
        ways.iter().filter(|(way, _)| is_straight(way)).flat_map(|(_, all)| all).copied().collect();
    let bare: Vec<Duration> = outcomes.iter().filter_map(|outcome| outcome.bare).collect();
    let _ = writeln!(
        text,
        "Until two nodes talk without a third: median {} ({} pairs). Until two bare sockets do, once both know where \
         to send: {} ({} pairs).",
        seconds(median(&straight)),
        straight.len(),
        seconds(median(&bare)),
        bare.len()
    );
    let agrees = |outcome: &&Outcome| outcome.bare.is_some() == outcome.a.bare_socket_punches(outcome.b);
    let differs: Vec<String> = outcomes
        .iter()
        .filter(|outcome| !agrees(outcome))
        .map(|outcome| format!("{}/{}", outcome.a, outcome.b))
        .collect();
    if !differs.is_empty() {
        let _ =
            writeln!(text, "Bare sockets did otherwise than the table of expectations says: {}", differs.join(", "));
    }
    text
}

fn seconds(time: Option<Duration>) -> String {
    time.map_or("-".to_owned(), |time| format!("{:.3} s", time.as_secs_f32()))
}

/// The middle one, or the lower one of two.
pub fn median(times: &[Duration]) -> Option<Duration> {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_is_the_lower_one() {
        let seconds = |all: &[u64]| all.iter().copied().map(Duration::from_secs).collect::<Vec<_>>();
        assert_eq!(median(&seconds(&[])), None);
        assert_eq!(median(&seconds(&[9, 1, 5])), Some(Duration::from_secs(5)));
        assert_eq!(median(&seconds(&[4, 1, 3, 2])), Some(Duration::from_secs(2)));
    }

    #[test]
    fn a_pair_that_was_not_tried_has_an_empty_cell() {
        let tried = |a, b| Outcome { a, b, talk: None, bare: None, problem: None };
        let table = table(&[tried(Kind::Port, Kind::Open), tried(Kind::Naive, Kind::Port)]);
        let rows: Vec<Vec<&str>> = table
            .lines()
            .map(|line| line.split('|').map(str::trim).filter(|cell| !cell.starts_with('-')).collect())
            .collect();
        assert_eq!(rows[0], ["", "a \\ b", "open", "port", ""]);
        assert_eq!(rows[2], ["", "port", "none (+)!", "", ""]);
        assert_eq!(rows[3], ["", "naive", "", "none (+)!", ""]);
    }
}
