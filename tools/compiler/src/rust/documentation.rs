//! Texts of the YAML as doc comments.

use crate::invisible::written_out;

/// `/// …` lines. Nothing in the text can end the comment.
pub fn documented(text: &str) -> String {
    lines("///", text)
}

/// `//! …` lines.
pub fn module_documented(text: &str) -> String {
    lines("//!", text)
}

/// A `//` comment before a statement. It is a doc comment, which formatting keeps, until [`with_remarks`] has seen it.
pub fn remarked(text: &str) -> String {
    lines(REMARK, &text.replace('\n', " "))
}

/// What [`remarked`] begins with.
const REMARK: &str = "///@";

/// The text with its remarks as `//` comments.
pub fn with_remarks(text: &str) -> String {
    let shown = |line: &str| match line.trim_start().strip_prefix(REMARK) {
        Some(remark) => format!("{}//{remark}\n", &line[..line.len() - line.trim_start().len()]),
        None => format!("{line}\n"),
    };
    text.lines().map(shown).collect()
}

fn lines(mark: &str, text: &str) -> String {
    let mut documented = String::new();
    for line in text.trim_end().split('\n') {
        // What Rust does not take in a comment, or a reader would not see, is written out.
        let line = line.replace('\r', "").replace('\t', " ");
        let line = written_out(line.trim_end());
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
