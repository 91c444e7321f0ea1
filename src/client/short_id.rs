//! Ids as people read them: only their beginning, as long as it takes to tell those apart that are shown together.

use crate::identity::{IDURL_SCHEME, NodeId, SHORT_ID_CHARACTERS};

/// How ids are shortened in one table.
#[derive(Clone, Copy, Debug)]
pub struct ShortIds {
    characters: usize,
}

impl ShortIds {
    /// So that these can be told apart.
    pub fn of<'a>(ids: impl IntoIterator<Item = &'a NodeId>) -> Self {
        let mut texts: Vec<String> = ids.into_iter().map(NodeId::to_string).collect();
        texts.sort();
        texts.dedup();
        let common =
            |pair: &[String]| pair[0].bytes().zip(pair[1].bytes()).take_while(|(one, other)| one == other).count();
        let telling = texts.windows(2).map(|pair| common(pair) + 1).max().unwrap_or(0);
        Self { characters: telling.max(SHORT_ID_CHARACTERS) }
    }

    /// The beginning of an id; `contact` commands take it behind `bitpie:`.
    pub fn show(self, id: &NodeId) -> String {
        id.to_string().chars().take(self.characters).collect()
    }
}

/// A name if there is one, otherwise the beginning of the id.
pub fn name_or_id(name: Option<&crate::nickname::Nickname>, id: &NodeId) -> String {
    name.map_or_else(|| ShortIds::of([id]).show(id), ToString::to_string)
}

/// How a command is told whom it is about: the name as a shell takes it, or the beginning of the id, marked as one.
pub fn reference(name: Option<&crate::nickname::Nickname>, id: &NodeId) -> String {
    match name {
        Some(name) => quoted(name.as_str()),
        None => format!("{IDURL_SCHEME}{}", ShortIds::of([id]).show(id)),
    }
}

/// As a shell takes it.
fn quoted(text: &str) -> String {
    let is_plain = text.chars().all(|character| character.is_alphanumeric() || "-_.".contains(character));
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_begin_alike_are_shown_longer() {
        let [mut one, mut other] = [[7; 32]; 2];
        let alone = ShortIds::of([&NodeId::from_bytes(one)]);
        assert_eq!(alone.show(&NodeId::from_bytes(one)).len(), 8);
        one[10] = 1;
        other[10] = 2;
        let [one, other] = [one, other].map(NodeId::from_bytes);
        let both = ShortIds::of([&one, &other, &one]);
        assert_ne!(both.show(&one), both.show(&other));
        assert_eq!(both.show(&one)[..both.characters - 1], both.show(&other)[..both.characters - 1]);
    }

    #[test]
    fn a_command_is_told_whom_it_is_about_as_a_shell_takes_it() {
        let shown = |name: &str| reference(Some(&name.parse().expect("a nickname")), &NodeId::from_bytes([1; 32]));
        assert_eq!(shown("alice"), "alice");
        assert_eq!(shown("o'neill the $1st"), r"'o'\''neill the $1st'");
        assert_eq!(reference(None, &NodeId::from_bytes([1; 32])), "bitpie:yryonyeb");
    }
}
