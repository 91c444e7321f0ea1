//! Texts of the YAML as doc comments.

/// `/// …` lines. Nothing in the text can end the comment.
pub fn documented(text: &str) -> String {
    lines("///", text)
}

/// `//! …` lines.
pub fn module_documented(text: &str) -> String {
    lines("//!", text)
}

fn lines(mark: &str, text: &str) -> String {
    let mut documented = String::new();
    for line in text.trim_end().split('\n') {
        let line: String = line.chars().map(shown).collect();
        let line = line.trim_end();
        documented.push_str(mark);
        if !line.is_empty() {
            documented.push(' ');
            documented.push_str(line);
        }
        documented.push('\n');
    }
    documented
}

/// What Rust does not take in a comment, or a reader would not see, is written out: other control characters, and marks that change the
/// direction of a line or end it.
fn shown(character: char) -> String {
    match character {
        '\r' => String::new(),
        '\t' => " ".to_owned(),
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
            character.escape_unicode().to_string()
        }
        _ if character.is_control() => character.escape_unicode().to_string(),
        _ => character.to_string(),
    }
}

/// A sentence from its parts: those that are not empty, with a blank between.
pub fn sentences(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}
