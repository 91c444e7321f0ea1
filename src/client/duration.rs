//! Spans of time as people write and read them.

use std::fmt;
use std::str::FromStr;

/// Milliseconds, written like `500ms`, `30s`, `10min`, `2h`, `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// How long.
    pub ms: u64,
}

/// What may stand behind the number.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

impl FromStr for Span {
    type Err = ParseSpanError;

    fn from_str(text: &str) -> Result<Self, ParseSpanError> {
        let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let unit = UNITS.iter().find(|(name, _)| *name == unit.trim_start()).ok_or(ParseSpanError)?;
        let number: u64 = number.parse().map_err(|_| ParseSpanError)?;
        Ok(Self { ms: number.checked_mul(unit.1).ok_or(ParseSpanError)? })
    }
}

/// A text that is no span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is written like 500ms, 30s, 10min, 2h or 7d")]
pub struct ParseSpanError;

/// In the largest unit of which there is at least one: `3 min`, `2 h`.
impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, size) = UNITS.iter().rev().find(|(_, size)| self.ms >= *size).unwrap_or(&UNITS[0]);
        write!(formatter, "{} {unit}", self.ms / size)
    }
}

/// `3 min ago`, `in 20 s`, `now`; never more exact than people want to know.
pub fn when(now_unix_ms: u64, then_unix_ms: u64) -> String {
    let span = Span { ms: now_unix_ms.abs_diff(then_unix_ms) };
    if span.ms < 1000 {
        "now".to_owned()
    } else if then_unix_ms < now_unix_ms {
        format!("{span} ago")
    } else {
        format!("in {span}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_they_are_written() {
        for (text, ms) in
            [("0ms", 0), ("500ms", 500), ("30s", 30_000), ("10 min", 600_000), ("2h", 7_200_000), ("7d", 604_800_000)]
        {
            assert_eq!(text.parse(), Ok(Span { ms }), "{text}");
        }
        for wrong in ["", "5", "s", "-1s", "1.5h", "1 week", "99999999999999999999s", "18446744073709551615d"] {
            assert_eq!(wrong.parse::<Span>(), Err(ParseSpanError), "{wrong}");
        }
    }

    #[test]
    fn a_time_is_told_from_now() {
        let now = 10_000_000_000;
        let told = |then: u64| when(now, then);
        assert_eq!(told(now - 999), "now");
        assert_eq!(told(now - 1000), "1 s ago");
        assert_eq!(told(now - 59_999), "59 s ago");
        assert_eq!(told(now - 180_000), "3 min ago");
        assert_eq!(told(now - 7_200_000), "2 h ago");
        assert_eq!(told(now + 20_000), "in 20 s");
        assert_eq!(told(0), "115 d ago");
    }
}
