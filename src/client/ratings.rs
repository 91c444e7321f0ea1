//! `bitpie peers --ratings`: how often each contact was there while this node was, with a chart of the hours of the day.

use super::Context;
use super::contacts::NO_CONTACTS;
use super::failure::Failure;
use super::now_unix_ms;
use super::short_id::ShortIds;
use super::table::{Cell, Table};
use super::terminal::{FAINT, ODD, STRONG, print, print_json, safe, shows_unicode, styled};
use crate::api::answers::{ContactRatings, RatedDay, Ratings};
use crate::api::methods::ListRatings;
use crate::calendar::{Month, date};

/// `bitpie peers --ratings`
pub fn perform(month: Option<Month>, context: &Context<'_>) -> Result<(), Failure> {
    // Who reads a table sees one month of them, so the others need not be sent.
    let shown = month.unwrap_or_else(|| Month::of(now_unix_ms()));
    let wanted = if context.json { month } else { Some(shown) };
    let answered = context.node()?.call(&ListRatings { month: wanted })?;
    if context.json {
        return Ok(print_json(&answered.raw)?);
    }
    let signs = if shows_unicode() { &BLOCKS } else { &DIGITS };
    let view = View { month: shown, is_chart_of_month: month.is_some(), signs };
    Ok(print(&view.text(&answered.answer))?)
}

/// The signs of which a chart is made.
struct Signs {
    /// From never to always.
    levels: &'static [char],
    /// Nothing was counted.
    none: char,
}

const BLOCKS: Signs = Signs { levels: &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'], none: '·' };
const DIGITS: Signs = Signs { levels: &['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'], none: '.' };

/// A heading as wide as a chart, with the hours below which they stand.
const HOURS: &str = "00    06    12    18 UTC";

/// What of the answer is shown, and how.
struct View<'a> {
    /// The month of which the share is shown.
    month: Month,
    /// The chart is that of the month, and not of all months.
    is_chart_of_month: bool,
    signs: &'a Signs,
}

impl View<'_> {
    fn text(&self, ratings: &Ratings) -> String {
        if ratings.contacts.is_empty() {
            return NO_CONTACTS.to_owned();
        }
        let not_counting = not_counting(ratings);
        if ratings.contacts.iter().all(|contact| contact.total.counted == 0) {
            let soon = "Your node counts once a minute who of your contacts is there: look again in a few minutes.";
            return format!("Nothing was counted yet. {}\n", not_counting.unwrap_or_else(|| soon.to_owned()));
        }
        if self.is_chart_of_month && ratings.contacts.iter().all(|contact| self.of_month(contact).counted == 0) {
            let all = "`bitpie peers --ratings` shows all months together";
            return format!("Nothing was counted in {}, or it is too long ago: {all}.\n", self.month);
        }
        let short = ShortIds::of(ratings.contacts.iter().map(|contact| &contact.id));
        let mut table = Table::new(&["NAME", "ID", "MONTH", "TOTAL", "SINCE", HOURS]);
        for contact in &ratings.contacts {
            table.row(self.row(contact, short));
        }
        let told = not_counting.map(|why| format!("{}\n", styled(ODD, why))).unwrap_or_default();
        format!("{}{}\n{told}", table.render(), styled(FAINT, self.legend()))
    }

    fn row(&self, contact: &ContactRatings, short: ShortIds) -> [Cell; 6] {
        let month = self.of_month(contact);
        let day = if self.is_chart_of_month { month } else { contact.total };
        let name = contact.name.as_ref().map(ToString::to_string);
        let share = |day: RatedDay| share(day.here, day.counted).map_or_else(Cell::default, Cell::number);
        [
            // There may be nothing but ASCII.
            Cell::new(name.as_deref().unwrap_or("-")).styled(if name.is_some() { STRONG } else { FAINT }),
            Cell::new(short.show(&contact.id)),
            share(month),
            share(contact.total),
            contact.since_unix_ms.map_or_else(Cell::default, |since| Cell::new(date(since))),
            Cell::new(self.chart(&day)),
        ]
    }

    /// What was counted in the month that is shown.
    fn of_month(&self, contact: &ContactRatings) -> RatedDay {
        let found = contact.months.iter().find(|it| it.month == self.month);
        found.map(|it| it.day).unwrap_or_default()
    }

    /// A sign for each hour of the day.
    fn chart(&self, day: &RatedDay) -> String {
        day.hours.iter().map(|hour| self.sign(hour.here, hour.counted)).collect()
    }

    /// The nearest level, but that of never for nothing else.
    fn sign(&self, here: u64, counted: u64) -> char {
        let levels = self.signs.levels;
        let (here, most) = (u128::from(here), levels.len() as u128 - 1);
        let counted = u128::from(counted);
        if counted == 0 {
            return self.signs.none;
        }
        let level = ((here * most * 2 + counted) / (counted * 2)).clamp(u128::from(here > 0), most);
        levels[usize::try_from(level).expect("it is at most the last level")]
    }

    /// One line that says what the table shows.
    fn legend(&self) -> String {
        let (levels, none) = (self.signs.levels, self.signs.none);
        let chart = if self.is_chart_of_month { "that month" } else { "all months" };
        let (never, always) = (levels[0], levels[levels.len() - 1]);
        format!(
            "MONTH: {}. Chart: {chart}, by hour, from {never} never there to {always} always; {none} not counted.",
            self.month
        )
    }
}

/// That contacts are not counted now, why, and what can be done.
fn not_counting(ratings: &Ratings) -> Option<String> {
    if ratings.counting {
        return None;
    }
    let why = ratings.problem.as_deref().map(|why| format!(": {}", safe(why))).unwrap_or_default();
    let then = match &ratings.help {
        Some(help) => format!("; {}", safe(help)),
        None => "; your node goes on by itself".to_owned(),
    };
    Some(format!("Contacts are not counted now{why}{then}."))
}

/// A share in percent, if there is one: 0 % is never, 100 % is always, and nothing else is either.
fn share(part: u64, whole: u64) -> Option<String> {
    let (part, whole) = (u128::from(part.min(whole)), u128::from(whole));
    let rounded = (part * 200 + whole).checked_div(whole * 2)?;
    let percent = if part == 0 || part == whole { rounded } else { rounded.clamp(1, 99) };
    Some(format!("{percent} %"))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::api::answers::{RatedHour, RatedMonth};
    use crate::identity::NodeId;

    fn month(text: &str) -> Month {
        text.parse().expect("a month")
    }

    /// What was counted in the hours from 0 o'clock.
    fn day(of_hours: &[(u64, u64)]) -> RatedDay {
        let mut hours = [RatedHour::default(); 24];
        for (hour, (here, counted)) in hours.iter_mut().zip(of_hours) {
            *hour = RatedHour { here: *here, counted: *counted };
        }
        hours.into()
    }

    fn contact(number: u8, name: Option<&str>, of_month: RatedDay, total: RatedDay) -> ContactRatings {
        ContactRatings {
            id: NodeId::from_bytes([number; 32]),
            name: name.map(|name| name.parse().expect("a nickname")),
            since_unix_ms: (total.counted > 0).then_some(1_796_079_600_000),
            months: vec![RatedMonth { month: month("2026-11"), day: of_month }],
            before: None,
            total,
        }
    }

    fn ratings(contacts: Vec<ContactRatings>) -> Ratings {
        Ratings { month: month("2026-11"), counting: true, problem: None, help: None, contacts }
    }

    fn three() -> Ratings {
        let rising: Vec<(u64, u64)> = (0..24).map(|hour| (hour, 23)).collect();
        let half: Vec<(u64, u64)> = (0..24).map(|hour| (30, if hour < 12 { 60 } else { 0 })).map(there).collect();
        ratings(vec![
            contact(1, Some("alice"), day(&[(60, 60)]), day(&rising)),
            contact(2, Some("Zoë 日本"), day(&[]), day(&half)),
            contact(3, None, day(&[(0, 60)]), day(&[(0, 60)])),
            contact(4, Some("new"), day(&[]), day(&[])),
        ])
    }

    /// Nobody is there when nobody looks.
    fn there((here, counted): (u64, u64)) -> (u64, u64) {
        (here.min(counted), counted)
    }

    fn shown(ratings: &Ratings, is_chart_of_month: bool, signs: &Signs) -> String {
        let view = View { month: month("2026-11"), is_chart_of_month, signs };
        anstream::adapter::strip_str(&view.text(ratings)).to_string()
    }

    #[test]
    fn contacts_are_shown_with_their_hours() {
        expect![[r#"
            NAME      ID        MONTH  TOTAL  SINCE       00    06    12    18 UTC
            alice     yryonyeb  100 %   50 %  2026-11-30  ▁▂▂▂▂▃▃▃▃▄▄▄▅▅▅▆▆▆▆▇▇▇██
            Zoë 日本  yebyryon          50 %  2026-11-30  ▅▅▅▅▅▅▅▅▅▅▅▅············
            -         ycbogyad    0 %    0 %  2026-11-30  ▁·······················
            new       yonyebyr                            ························
            MONTH: 2026-11. Chart: all months, by hour, from ▁ never there to █ always; · not counted.
        "#]]
        .assert_eq(&shown(&three(), false, &BLOCKS));
    }

    #[test]
    fn one_month_has_a_chart_of_its_own() {
        expect![[r#"
            NAME      ID        MONTH  TOTAL  SINCE       00    06    12    18 UTC
            alice     yryonyeb  100 %   50 %  2026-11-30  █·······················
            Zoë 日本  yebyryon          50 %  2026-11-30  ························
            -         ycbogyad    0 %    0 %  2026-11-30  ▁·······················
            new       yonyebyr                            ························
            MONTH: 2026-11. Chart: that month, by hour, from ▁ never there to █ always; · not counted.
        "#]]
        .assert_eq(&shown(&three(), true, &BLOCKS));
    }

    #[test]
    fn where_there_is_only_ascii_the_chart_has_digits() {
        let mut ratings = three();
        ratings.contacts.retain(|contact| contact.name.as_ref().is_none_or(|name| name.as_str().is_ascii()));
        let text = shown(&ratings, false, &DIGITS);
        assert!(text.is_ascii(), "{text}");
        expect![[r#"
            NAME   ID        MONTH  TOTAL  SINCE       00    06    12    18 UTC
            alice  yryonyeb  100 %   50 %  2026-11-30  011122233444555667778899
            -      ycbogyad    0 %    0 %  2026-11-30  0.......................
            new    yonyebyr                            ........................
            MONTH: 2026-11. Chart: all months, by hour, from 0 never there to 9 always; . not counted.
        "#]]
        .assert_eq(&text);
    }

    #[test]
    fn a_chart_shows_never_always_and_what_was_not_counted_as_such() {
        let view = View { month: month("2026-11"), is_chart_of_month: false, signs: &BLOCKS };
        let signs =
            [(0, 1), (0, u64::MAX), (1, u64::MAX), (1, 1), (u64::MAX, u64::MAX), (0, 0), (1, 2), (9, 5), (1, 0)];
        let signs: String = signs.iter().map(|(here, counted)| view.sign(*here, *counted)).collect();
        assert_eq!(signs, "▁▁▂██·▅█·");
        for (part, whole, said) in [
            (0, 1, "0 %"),
            (1, 1, "100 %"),
            (0, 100_000, "0 %"),
            (1, 100_000, "1 %"),
            (99_999, 100_000, "99 %"),
            (1, 8, "13 %"),
            (u64::MAX - 1, u64::MAX, "99 %"),
            (u64::MAX, u64::MAX, "100 %"),
            (2, 1, "100 %"),
        ] {
            assert_eq!(share(part, whole).as_deref(), Some(said), "{part} of {whole}");
        }
        assert_eq!(share(0, 0), None);
    }

    #[test]
    fn where_there_is_nothing_to_show_it_is_said_why_and_what_to_do() {
        let none = shown(&ratings(Vec::new()), false, &BLOCKS);
        assert_eq!(none, NO_CONTACTS);
        let fresh = ratings(vec![contact(1, Some("alice"), day(&[]), day(&[]))]);
        expect![[r#"
            Nothing was counted yet. Your node counts once a minute who of your contacts is there: look again in a few minutes.
        "#]].assert_eq(&shown(&fresh, false, &BLOCKS));
        let off = Ratings {
            counting: false,
            problem: Some("the service p2p-hookups is off".to_owned()),
            help: Some("`bitpie service start p2p-hookups`".to_owned()),
            ..fresh.clone()
        };
        expect![[r#"
            Nothing was counted yet. Contacts are not counted now: the service p2p-hookups is off; `bitpie service start p2p-hookups`.
        "#]].assert_eq(&shown(&off, false, &BLOCKS));
        let waiting = Ratings { problem: Some("no transport listens".to_owned()), help: None, ..off };
        expect![[r#"
            Nothing was counted yet. Contacts are not counted now: no transport listens; your node goes on by itself.
        "#]]
        .assert_eq(&shown(&waiting, false, &BLOCKS));
        let counted_before = Ratings { contacts: three().contacts, ..waiting };
        let text = shown(&counted_before, false, &BLOCKS);
        assert!(text.ends_with("\nContacts are not counted now: no transport listens; your node goes on by itself.\n"));
        let mut long_ago = three();
        long_ago.contacts.iter_mut().for_each(|contact| contact.months.clear());
        expect![[r#"
            Nothing was counted in 2026-11, or it is too long ago: `bitpie peers --ratings` shows all months together.
        "#]]
        .assert_eq(&shown(&long_ago, true, &BLOCKS));
    }
}
