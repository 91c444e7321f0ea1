//! Months and days in UTC, of unix times: the proleptic Gregorian calendar, without leap seconds.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Milliseconds of a day.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A month in UTC, from 1970-01 to 9999-12. Written as in ISO 8601: `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Month(u32);

impl Month {
    /// The earliest.
    pub const FIRST: Self = Self(1970 * 12);
    /// The latest.
    pub const LAST: Self = Self(9999 * 12 + 11);

    /// The month of a time in milliseconds of unix time; [`Self::LAST`] for any later time.
    #[must_use]
    pub fn of(unix_ms: u64) -> Self {
        let (year, month, _) = civil(unix_ms);
        let number = year.saturating_mul(12).saturating_add(month - 1);
        Self(u32::try_from(number).unwrap_or(u32::MAX).min(Self::LAST.0))
    }

    /// Months since January of the year 0: always more than 0, and what a database keeps.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// The month of that [`number`](Self::number), if there is one.
    #[must_use]
    pub fn numbered(number: u32) -> Option<Self> {
        (Self::FIRST.0..=Self::LAST.0).contains(&number).then_some(Self(number))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}", self.0 / 12, self.0 % 12 + 1)
    }
}

impl FromStr for Month {
    type Err = ParseMonthError;

    fn from_str(text: &str) -> Result<Self, ParseMonthError> {
        let (year, month) = text.split_once('-').ok_or(ParseMonthError)?;
        // `parse` alone takes a sign.
        let number = |digits: &str, count: usize| {
            let is_plain = digits.len() == count && digits.bytes().all(|byte| byte.is_ascii_digit());
            if is_plain { digits.parse::<u32>().map_err(|_| ParseMonthError) } else { Err(ParseMonthError) }
        };
        let (year, month) = (number(year, 4)?, number(month, 2)?);
        if !(1..=12).contains(&month) {
            return Err(ParseMonthError);
        }
        Self::numbered(year * 12 + month - 1).ok_or(ParseMonthError)
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

impl TryFrom<String> for Month {
    type Error = ParseMonthError;

    fn try_from(text: String) -> Result<Self, ParseMonthError> {
        text.parse()
    }
}

/// A text that is not a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a month is written like 2026-11, from 1970-01 to 9999-12")]
pub struct ParseMonthError;

/// The day of a time in milliseconds of unix time, as in ISO 8601: `2026-11-30`.
#[must_use]
pub fn date(unix_ms: u64) -> String {
    let (year, month, day) = civil(unix_ms);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Year, month from 1, day from 1. Howard Hinnant's `civil_from_days` (chrono-Compatible Low-Level Date Algorithms), in
/// which years begin on 1 March, so that the leap day is the last of its year.
fn civil(unix_ms: u64) -> (u64, u64, u64) {
    // Days from 0000-03-01 to 1970-01-01, and of 400 years.
    const TO_1970: u64 = 719_468;
    const ERA_DAYS: u64 = 146_097;
    let days = unix_ms / DAY_MS + TO_1970;
    let (era, of_era) = (days / ERA_DAYS, days % ERA_DAYS);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        // Unix times in seconds, as `date -u -d @… +%F` says them.
        for (unix_s, day) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_709_164_800, "2024-02-29"),
            (1_796_083_199, "2026-11-30"),
            (1_796_083_200, "2026-12-01"),
            (4_107_542_400, "2100-03-01"),
            (4_107_542_399, "2100-02-28"),
        ] {
            assert_eq!(date(unix_s * 1000), day);
            assert_eq!(Month::of(unix_s * 1000).to_string(), day[..7]);
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let lengths = |year: u64| {
            let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
            [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        };
        let mut days = 0;
        for year in 1970..2410 {
            for (month, length) in (1..).zip(lengths(year)) {
                for day in 1..=length {
                    assert_eq!(civil(days * DAY_MS), (year, month, day));
                    days += 1;
                }
            }
        }
    }

    #[test]
    fn a_clock_that_is_far_off_stays_within_what_can_be_written() {
        assert_eq!(Month::of(u64::MAX), Month::LAST);
        assert_eq!(Month::of(0), Month::FIRST);
        assert_eq!((Month::FIRST.to_string(), Month::LAST.to_string()), ("1970-01".to_owned(), "9999-12".to_owned()));
        assert!(date(u64::MAX).ends_with(|last: char| last.is_ascii_digit()));
    }

    #[test]
    fn a_month_is_read_as_it_is_written() {
        for text in ["1970-01", "2026-11", "2026-12", "9999-12"] {
            let month: Month = text.parse().expect("a month");
            assert_eq!(month.to_string(), text);
            assert_eq!(Month::numbered(month.number()), Some(month));
            assert_eq!(serde_json::to_value(month).expect("JSON"), text);
            assert_eq!(serde_json::from_value::<Month>(text.into()).expect("a month"), month);
        }
        for wrong in [
            "",
            "2026",
            "2026-",
            "2026-0",
            "2026-00",
            "2026-13",
            "2026-1",
            "1969-12",
            "+026-11",
            "2026-11-30",
            "99999-01",
            "2026-+1",
            "٢٠٢٦-11",
        ] {
            assert_eq!(wrong.parse::<Month>(), Err(ParseMonthError), "{wrong}");
        }
        assert_eq!((Month::numbered(0), Month::numbered(u32::MAX)), (None, None));
    }
}
