//! All codes of findings, in one place: `automata explain` and the tests walk this list.

pub mod check_errors;
mod code;
pub mod errors;
pub mod expression_errors;
pub mod warnings;

pub use code::{Code, Severity};

/// The lists, each sorted by number.
pub const LISTS: &[&[&Code]] = &[errors::CODES, expression_errors::CODES, check_errors::CODES, warnings::CODES];

/// All codes, by number.
pub fn all() -> impl Iterator<Item = &'static Code> {
    LISTS.iter().copied().flatten().copied()
}

/// The code of that number, such as `A0012`; upper or lower case.
#[must_use]
pub fn find(number: &str) -> Option<&'static Code> {
    all().find(|code| code.number.eq_ignore_ascii_case(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_sorted_and_say_the_severity() {
        let numbers: Vec<&str> = all().map(|code| code.number).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
        for code in all() {
            let severity = if code.number < "A0200" { Severity::Error } else { Severity::Warning };
            assert_eq!(code.severity, severity, "{}", code.number);
            assert!(code.number.len() == 5 && code.number.starts_with('A'), "{}", code.number);
            assert!(code.explanation.contains("```yaml"), "{} shows no example", code.number);
        }
    }
}
