//! Whatever the files contain, the compiler comes back, with Rust or with findings that can be shown: real definitions,
//! mutated at random.

use std::path::Path;

use automata_compiler::rust::{Options, generate};
use automata_compiler::source::{Source, Sources, Span};
use automata_compiler::{analyse, read_folder, render};
use proptest::prelude::*;

/// What is put in: characters that mean something to YAML or to the language, and some that mean trouble.
const PIECES: &[&str] = &[
    "",
    " ",
    "\n",
    "\n  ",
    "\t",
    "\r",
    ":",
    ": ",
    "- ",
    ",",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "'",
    "#",
    " #",
    "!",
    "&a ",
    "*a",
    "<<: ",
    "|\n",
    ">-\n",
    "---\n",
    "...\n",
    "%TAG ! !\n",
    "? ",
    "~",
    "null",
    "final",
    "stay",
    "none",
    "\u{feff}",
    "\u{0}",
    "ä",
    "\u{2028}",
    "𝄞",
    "\\",
    "\"\\u0041\"",
    "99999999999999999999",
    "-",
    "and",
    "not",
    "in",
    " enters ",
    "[any]",
    ".history",
    "?",
    "if: ",
    "to: ",
    "states: ",
    "initial: ",
    "{{{{{{{{",
    "((((((((",
    "a.b.c",
    "=",
    "+= ",
    "5s",
    "u8",
];

/// Whole files are a lot of work for each case; these three have a bit of everything.
fn definitions() -> Vec<Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/accept/first_examples");
    let sources = read_folder(&folder).expect("the examples can be read");
    sources.iter().map(|(_, source)| source.clone()).collect()
}

fn boundary(text: &str, place: usize) -> usize {
    let mut at = place.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Replaces some bytes, from a place given in thousandths of the text, by a piece or by other bytes of the text itself.
fn mutate(text: &mut String, place: usize, length: usize, piece: usize, copy: Option<usize>) {
    let at = |thousandths: usize, text: &str| boundary(text, text.len() * thousandths / 1000);
    let start = at(place, text);
    let end = boundary(text, start + length).max(start);
    let new = match copy {
        Some(from) => {
            let from = at(from, text);
            text[from..boundary(text, from + length + 20).max(from)].to_owned()
        }
        None => PIECES[piece % PIECES.len()].to_owned(),
    };
    text.replace_range(start..end, &new);
}

fn check(files: Vec<Source>) {
    let sources = Sources::new(files);
    let analysis = analyse(&sources);
    let in_its_file = |span: Span| span.start <= span.end && (span.end as usize) <= sources.get(span.file).text.len();
    for finding in &analysis.findings {
        assert!(in_its_file(finding.span), "{finding:?}");
        assert!(finding.related.iter().all(|(span, _)| in_its_file(*span)), "{finding:?}");
        assert!(!finding.message.is_empty());
    }
    let text = render::plain(&sources, &analysis.findings);
    assert_eq!(text.is_empty(), analysis.findings.is_empty());
    match &analysis.system {
        Some(system) => assert!(generate(system, &sources, &Options::default()).contains_key("mod.rs")),
        None => assert!(!analysis.findings.is_empty(), "refused without a word"),
    }
    assert!(render::coloured(&sources, &analysis.findings).len() >= text.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_definitions_are_no_danger(
        mutations in prop::collection::vec(
            (any::<prop::sample::Index>(), 0..1000_usize, 0..30_usize, any::<usize>(), prop::option::of(0..1000_usize)),
            1..6,
        ),
    ) {
        let mut files = definitions();
        for (file, place, length, piece, copy) in mutations {
            let file = file.index(files.len());
            mutate(&mut files[file].text, place, length, piece, copy);
        }
        check(files);
    }

    #[test]
    fn texts_out_of_pieces_are_no_danger(pieces in prop::collection::vec(any::<usize>(), 0..60)) {
        let text: String = pieces.into_iter().map(|piece| PIECES[piece % PIECES.len()]).collect();
        let file = |path: &str| Source { path: path.to_owned(), text: text.clone() };
        check(vec![file("types.yaml"), file("parts.yaml"), file("door.yaml")]);
    }
}

/// Each of these is as large as a file may be, or larger.
#[test]
fn large_files_are_no_danger() {
    let size = 1 << 20;
    let texts = [
        "a: b\n".repeat(size / 5),
        "[".repeat(size),
        "- ".repeat(size / 2),
        format!("automaton: door\nsummary: {}\n", "x".repeat(size - 30)),
        format!(
            "automaton: door\nevents:\n{}",
            (0..10_000).map(|n| format!("  e{n}: {{ from: nobody{n} }}\n")).collect::<String>()
        ),
        format!("automaton: door\non:\n{}", (0..20_000).map(|n| format!("  e{n}: STATE_{n}\n")).collect::<String>()),
        format!("automaton: door\nproperties:\n  p: {{ always: \"{}\" }}\n", "(".repeat(size - 60)),
        format!("automaton: door\nproperties:\n  p: {{ always: \"1{}\" }}\n", " + 1".repeat(size / 4 - 30)),
        "x".repeat(size + 1),
        "\u{feff}".repeat(size / 3),
    ];
    for text in texts {
        check(vec![Source { path: "door.yaml".to_owned(), text }]);
    }
}
