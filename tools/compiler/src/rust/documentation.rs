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
        let line: String = line.chars().filter(|character| *character != '\r').collect();
        documented.push_str(mark);
        if !line.is_empty() {
            documented.push(' ');
            documented.push_str(&line);
        }
        documented.push('\n');
    }
    documented
}

/// A sentence from its parts: those that are not empty, with a blank between.
pub fn sentences(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}
