//! Characters that nobody sees in a text, or that turn it around.

use std::borrow::Cow;

/// Whether it is a control character (a line feed or tab is one), or a mark that is not drawn, changes the direction of
/// a line, or ends it. Joiners (emoji, Persian) are none.
#[must_use]
pub fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{fffe}'
                | '\u{ffff}'
        )
}

/// The text with those characters written as Rust writes them, other than line feeds, carriage returns and tabs.
#[must_use]
pub fn written_out(text: &str) -> Cow<'_, str> {
    let is_written_out = |character: char| is_invisible(character) && !matches!(character, '\n' | '\r' | '\t');
    if !text.contains(is_written_out) {
        return text.into();
    }
    let mut seen = String::with_capacity(text.len());
    for character in text.chars() {
        if is_written_out(character) {
            seen.extend(character.escape_unicode());
        } else {
            seen.push(character);
        }
    }
    seen.into()
}

#[cfg(test)]
mod tests {
    use super::written_out;

    #[test]
    fn what_turns_a_text_around_is_written_out_and_lines_stay() {
        assert_eq!(written_out("a\u{202e}b\u{2066}\n\tc\u{7}\u{200d}"), "a\\u{202e}b\\u{2066}\n\tc\\u{7}\u{200d}");
    }
}
