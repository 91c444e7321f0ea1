//! Texts separated by commas, where the language needs a list: `a = 1, b = 2` is written `[a = 1, b = 2]`.

/// The texts between the commas outside brackets and quotes, each with its first byte. One, if there is no such comma.
pub(crate) fn pieces(text: &str) -> Vec<(usize, &str)> {
    let (mut depth, mut in_quotes, mut start) = (0_usize, false, 0);
    let mut pieces = Vec::new();
    for (at, character) in text.char_indices() {
        match character {
            '"' => in_quotes = !in_quotes,
            _ if in_quotes => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                pieces.push((start, &text[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push((start, &text[start..]));
    let trimmed = pieces.into_iter().map(|(start, piece)| {
        let inner = piece.trim_start();
        (start + piece.len() - inner.len(), inner.trim_end())
    });
    trimmed.filter(|(_, piece)| !piece.is_empty()).collect()
}

/// The pieces as a list in flow style, in quotes where a comma or bracket would end them.
pub(crate) fn written(pieces: &[(usize, &str)]) -> String {
    let items: Vec<String> = pieces.iter().map(|(_, piece)| item(piece)).collect();
    format!("[{}]", items.join(", "))
}

/// A text in quotes that YAML removes again.
pub(crate) fn quoted(text: &str) -> String {
    if text.contains('"') { format!("'{}'", text.replace('\'', "''")) } else { format!("\"{text}\"") }
}

fn item(piece: &str) -> String {
    match (piece.contains([',', '[', ']', '{', '}']), piece.contains('"')) {
        (false, false) => piece.to_owned(),
        _ => quoted(piece),
    }
}

#[cfg(test)]
mod tests {
    use super::{pieces, written};

    #[test]
    fn only_commas_outside_of_brackets_and_quotes_separate() {
        let cases = [
            ("a = 1, b = 2", "[a = 1, b = 2]"),
            ("f(a, b), c", "[\"f(a, b)\", c]"),
            ("x[k].e, note(\"a, b\"),", "[\"x[k].e\", 'note(\"a, b\")']"),
            ("f(a, b)", "[\"f(a, b)\"]"),
        ];
        for (text, list) in cases {
            let pieces = pieces(text);
            assert_eq!(written(&pieces), list);
            assert!(pieces.iter().all(|(start, piece)| text[*start..].starts_with(piece)), "{text}");
        }
    }
}
