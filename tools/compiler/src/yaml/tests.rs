//! The tree: what is exact, what is empty, what is joined again.

use super::{Entry, Node, NodeKind, Quoting, Scalar, parse};
use crate::diagnostic::Diagnostic;
use crate::source::FileId;

fn read(source: &str) -> (Option<Node>, Vec<Diagnostic>) {
    let mut findings = Vec::new();
    let node = parse(FileId(0), source, &mut findings);
    (node, findings)
}

fn entries(source: &str) -> Vec<Entry> {
    let (node, findings) = read(source);
    assert!(findings.is_empty(), "{findings:?}");
    match node.map(|node| node.kind) {
        Some(NodeKind::Mapping(entries)) => entries,
        other => panic!("no mapping: {other:?}"),
    }
}

fn scalar(node: &Node) -> &Scalar {
    match &node.kind {
        NodeKind::Scalar(scalar) => scalar,
        other => panic!("no scalar: {other:?}"),
    }
}

fn slice<'s>(source: &'s str, entry: &Entry) -> &'s str {
    let span = scalar(&entry.value).text.span;
    &source[span.start as usize..span.end as usize]
}

#[test]
fn an_exact_text_is_found_again_in_the_file() {
    for source in [
        "a: x in Y",
        "a: 'x in Y'",
        "a: \"x in Y\"",
        "\u{feff}a: x in Y",
        "b: ä\r\na: x in Y  # why\r\n",
        "{ a: x in Y }",
    ] {
        let entries = entries(source);
        let entry = entries.iter().find(|entry| entry.key.text == "a").expect("there is an `a`");
        let text = &scalar(&entry.value).text;
        assert!(text.exact, "{source:?}");
        assert_eq!((text.text.as_str(), slice(source, entry)), ("x in Y", "x in Y"), "{source:?}");
        let word = text.at(2, 4);
        assert_eq!(&source[word.start as usize..word.end as usize], "in", "{source:?}");
        assert_eq!(&source[entry.key.span.start as usize..entry.key.span.end as usize], "a");
    }
}

#[test]
fn a_text_with_escapes_or_folds_is_only_pointed_at_as_a_whole() {
    let cases = [
        ("a: \"x \\u0069n Y\"", "x in Y", "\"x \\u0069n Y\""),
        ("a: 'it''s'", "it's", "'it''s'"),
        ("a: x\n  in Y", "x in Y", "x\n  in Y"),
        ("a: \"\"", "", ""),
    ];
    for (source, text, place) in cases {
        let entries = entries(source);
        assert_eq!(scalar(&entries[0].value).text.text, text);
        assert_eq!(slice(source, &entries[0]), place, "{source:?}");
        assert_eq!(scalar(&entries[0].value).text.exact, text.is_empty(), "{source:?}");
    }
    let block = &entries("a: |\n  x\n  y\n")[0];
    assert_eq!(scalar(&block.value).text.text, "x\ny\n");
    assert_eq!((scalar(&block.value).quoting, scalar(&block.value).text.exact), (Quoting::Block, false));
}

#[test]
fn nothing_is_told_from_words_that_look_like_it() {
    for source in ["a:", "a: ~", "a: null", "a: NULL", "{ a: }", "a: # why"] {
        assert_eq!(entries(source)[0].value.kind, NodeKind::Empty, "{source:?}");
    }
    for word in ["no", "ON", "off", "yes", "none", "0x10", "1e3", "true", "'null'", "'~'", ".inf"] {
        let source = format!("a: {word}");
        assert_eq!(scalar(&entries(&source)[0].value).text.text, word.trim_matches('\''));
    }
}

#[test]
fn the_place_of_a_mapping_ends_with_its_last_value() {
    let source = "a:\n  b: c\n\n# nothing\n\nd: e\n";
    let entries = entries(source);
    let span = entries[0].value.span;
    assert_eq!(&source[span.start as usize..span.end as usize], "b: c");
}

#[test]
fn what_a_comma_tears_apart_is_put_together_again() {
    let cases = [
        ("{ do: f(a, b), to: X }", "do", "f(a, b)"),
        ("{ do: f(a, b, c) }", "do", "f(a, b, c)"),
        ("{ to: X, summary: First, second. }", "summary", "First, second."),
    ];
    for (source, key, text) in cases {
        let (node, findings) = read(source);
        let numbers: Vec<_> = findings.iter().map(|finding| finding.code.number).collect();
        assert_eq!(numbers, ["A0009"], "{source:?}");
        let Some(NodeKind::Mapping(entries)) = node.map(|node| node.kind) else { panic!("no mapping") };
        let entry = entries.iter().find(|entry| entry.key.text == key).expect("it is there");
        assert_eq!((scalar(&entry.value).text.text.as_str(), slice(source, entry)), (text, text));
    }
    let (node, findings) = read("[f(a, b), c, g(d), h(]");
    let Some(NodeKind::Sequence(items)) = node.map(|node| node.kind) else { panic!("no list") };
    let texts: Vec<_> = items.iter().map(|item| scalar(item).text.text.as_str()).collect();
    assert_eq!((texts, findings.len()), (vec!["f(a, b)", "c", "g(d)", "h("], 1));
}

#[test]
fn a_file_that_ends_too_early_is_no_tree() {
    for source in ["a: [", "a: \"", "{ a: b", "a: b: c", "a\nb: c", "a:\n\tb: c", "- a\nb: c"] {
        let (node, findings) = read(source);
        assert_eq!((node, findings.len()), (None, 1), "{source:?}");
        assert_eq!(findings[0].code.number, "A0001", "{source:?}");
    }
}

#[test]
fn limits_hold() {
    let too_deep = "[".repeat(65) + &"]".repeat(65);
    let mixed = format!(
        "{}{}",
        (0..40).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>(),
        " ".repeat(40) + &"[".repeat(30) + &"]".repeat(30)
    );
    let too_many = "- a\n".repeat(super::NODE_LIMIT + 1);
    let too_large = " ".repeat(super::FILE_SIZE_LIMIT + 1);
    for source in [too_deep, mixed, too_many, too_large] {
        let (node, findings) = read(&source);
        assert_eq!((node, findings.len()), (None, 1));
        assert_eq!(findings[0].code.number, "A0008");
    }
    let deepest = "[".repeat(64) + &"]".repeat(64);
    assert!(read(&deepest).1.is_empty());
}
