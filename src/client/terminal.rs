//! Writing for people: colours where they can be seen, nothing that others wrote let loose on the terminal, and no fuss
//! when the reader has gone away.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use super::failure::Failure;

/// What is to be noticed: names.
pub const STRONG: Style = Style::new().bold();
/// What may be overlooked.
pub const FAINT: Style = Style::new().dimmed();
/// It is well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// It is not.
pub const BAD: Style = AnsiColor::Red.on_default();
/// It is on its way, or odd.
pub const ODD: Style = AnsiColor::Yellow.on_default();
/// What may be done about it.
pub const ADVICE: Style = AnsiColor::Cyan.on_default();

/// The text in that style; streams of this module drop the style where it cannot be seen.
pub fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// In green what is as it should be, in red what has failed, in yellow what is on its way. Names of states, as diagrams
/// write them.
pub fn state_style(state: &str) -> Style {
    match state.rsplit('.').next().unwrap_or(state) {
        "ON" | "LISTENING" | "CONNECTED" | "READY" | "STEADY" | "INCOMING" | "KNOWN" | "MAPPED" => GOOD,
        "OFF" | "OFFLINE" | "CLOSED" | "DOWN" | "STOPPED" => FAINT,
        "NOT_INSTALLED" | "DEPENDS_OFF" | "DISCONNECTED" | "FAILED" => BAD,
        _ => ODD,
    }
}

/// A text that others may have written, without what would move the cursor, change colours or turn the direction of
/// writing.
pub fn safe(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let is_harmless = match character.general_category() {
            GeneralCategory::Control
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::Surrogate
            | GeneralCategory::Unassigned => character == '\n',
            // The joiners make one picture of several, and letters of some scripts.
            GeneralCategory::Format => matches!(character, '\u{200c}' | '\u{200d}'),
            _ => true,
        };
        if character == '\t' {
            shown.push(' ');
        } else if is_harmless {
            shown.push(character);
        } else {
            shown.extend(character.escape_default());
        }
    }
    shown
}

/// Whether the terminal shows more than ASCII. If the environment names a locale, its character set decides (POSIX,
/// Base Definitions, 8.2: the first that is set of these three); if it names none, everything shows UTF-8 nowadays.
pub fn shows_unicode() -> bool {
    is_unicode(|variable| std::env::var(variable).ok())
}

fn is_unicode(value: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(value).find(|value| !value.is_empty());
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Prints for people.
///
/// # Errors
/// If standard output cannot be written to.
pub fn print(text: &str) -> io::Result<()> {
    let mut output = anstream::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// One JSON value to a line of standard output.
///
/// # Errors
/// If standard output cannot be written to.
pub fn print_json(value: &impl Serialize) -> io::Result<()> {
    let mut output = io::stdout().lock();
    serde_json::to_writer(&mut output, value)?;
    output.write_all(b"\n")?;
    output.flush()
}

/// Tells people something beside what a command prints, on standard error.
pub fn advise(text: &str) {
    // Whoever has closed standard error does not want to know.
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// Tells of what went wrong: for people on standard error, or as JSON there.
pub fn complain(failure: &Failure, json: bool) {
    // If standard error is closed as well, the exit code has to say it.
    let mut errors = anstream::stderr().lock();
    let _ = if json {
        writeln!(errors, "{}", failure.to_json())
    } else {
        let help = failure.help().map(|help| format!("\n{} {}", styled(ADVICE.bold(), "help:"), safe(&help)));
        let said = safe(&failure.to_string());
        writeln!(errors, "{} {said}{}", styled(BAD.bold(), "error:"), help.unwrap_or_default())
    };
}

/// `1 message`, `2 messages`.
pub fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_pictures_stay_and_the_rest_is_escaped() {
        for harmless in ["héllo", "日本語", "👩\u{200d}🚀", "one\ntwo", "שלום"] {
            assert_eq!(safe(harmless), harmless);
        }
        assert_eq!(safe("a\u{1b}]0;title\u{7}b"), "a\\u{1b}]0;title\\u{7}b");
        assert_eq!(safe("\u{202e}\u{2066}\u{9b}\u{feff}"), "\\u{202e}\\u{2066}\\u{9b}\\u{feff}");
        assert_eq!(safe("a\tb"), "a b");
    }

    #[test]
    fn the_first_locale_that_is_set_decides_what_is_shown() {
        let shows = |set: &[(&str, &str)]| {
            is_unicode(|wanted| set.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned()))
        };
        assert!(shows(&[]) && shows(&[("LC_ALL", "")]) && shows(&[("LANG", "de_DE.UTF-8")]));
        assert!(shows(&[("LANG", "C"), ("LC_CTYPE", "C.utf8")]));
        assert!(!shows(&[("LANG", "C")]) && !shows(&[("LANG", "de_DE@euro")]));
        assert!(!shows(&[("LC_ALL", "POSIX"), ("LANG", "en_GB.UTF-8")]));
    }
}
