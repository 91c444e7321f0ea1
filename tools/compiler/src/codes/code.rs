//! What an entry of the lists of codes is, and how a list is written.

/// Whether a finding stops the compilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing can be generated.
    Error,
    /// The definition has a meaning, but hardly the intended one.
    Warning,
}

/// An entry of the list of codes. Every finding has one; `automata explain` prints it.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `A0001` …: errors below `A0200`, warnings from there on. Never reused.
    pub number: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// A line, such as "unknown state".
    pub title: &'static str,
    /// Markdown: why it matters, a wrong example, and the same example fixed.
    pub explanation: &'static str,
}

/// Declares codes as statics, and the list of them as `CODES`.
macro_rules! codes {
    ($severity:ident; $($(#[$doc:meta])* $name:ident = $number:literal, $title:literal, $explanation:literal;)*) => {
        $(
            $(#[$doc])*
            #[doc = concat!($number, ": ", $title, ".")]
            pub static $name: $crate::codes::Code = $crate::codes::Code {
                number: $number,
                severity: $crate::codes::Severity::$severity,
                title: $title,
                explanation: $explanation,
            };
        )*

        /// All codes of this file, by number.
        pub const CODES: &[&$crate::codes::Code] = &[$(&$name),*];
    };
}
pub(super) use codes;
