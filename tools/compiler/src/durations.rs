//! Lengths of time as they are written: `500ms`, `20s`, `5min`, `2h`, `1d`.

/// Units of durations, in milliseconds.
pub const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// A duration as written, in the largest unit that needs no fraction.
pub fn duration_text(ms: u64) -> String {
    let (unit, length) =
        UNITS.into_iter().rev().find(|(_, length)| ms.is_multiple_of(*length) && ms != 0).unwrap_or(("s", 1_000));
    format!("{}{unit}", ms / length)
}

/// The milliseconds of a number and its unit, if the text is that.
#[must_use]
pub fn duration_of(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, length_ms) = UNITS.into_iter().find(|(name, _)| *name == unit.trim())?;
    number.parse::<u64>().ok()?.checked_mul(length_ms)
}
