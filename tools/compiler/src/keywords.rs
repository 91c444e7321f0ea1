//! The words that mean something already: keys of the YAML, words in expressions, keywords of Rust.

/// The keys of the language. Only events, fields and arguments may have these names.
pub const KEYS_OF_THE_LANGUAGE: &[&str] = &[
    "actions",
    "after",
    "always",
    "arguments",
    "automaton",
    "by",
    "conditions",
    "default",
    "defer",
    "do",
    "doc",
    "entry",
    "enum",
    "events",
    "eventually",
    "every",
    "exit",
    "fields",
    "final",
    "from",
    "history",
    "if",
    "ignore",
    "initial",
    "instances",
    "keys",
    "max",
    "min",
    "never",
    "on",
    "parameters",
    "parts",
    "properties",
    "raise",
    "restart",
    "rust",
    "secret",
    "send",
    "set",
    "start",
    "starts",
    "states",
    "stay",
    "summary",
    "to",
    "type",
    "types",
    "variables",
];

/// Keys of the language that are not reserved as names, because definitions that use them as names exist already.
pub const KEYS_THAT_MAY_BE_NAMES: &[&str] = &["outside"];

/// Keywords of Rust, including reserved ones. Names may use them: the generated Rust writes them differently.
pub const KEYWORDS_OF_RUST: &[&str] = &[
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super",
    "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The words that have a meaning in expressions, so that nothing can be named by them.
pub const WORDS_OF_EXPRESSIONS: &[&str] =
    &["all", "and", "any", "event", "false", "in", "key", "no", "none", "not", "or", "self", "stay", "true"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_have_each_word_once() {
        for list in [KEYS_OF_THE_LANGUAGE, WORDS_OF_EXPRESSIONS, KEYWORDS_OF_RUST] {
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
