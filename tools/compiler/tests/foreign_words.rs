//! What people try first, written once in its place: what is said is what the table of such words says.

use std::fmt::Write;

use automata_compiler::analyse;
use automata_compiler::foreign::{Place, TABLE};
use automata_compiler::source::{Source, Sources};
use expect_test::expect_file;

/// A definition with this word in that place; the place is marked by what cannot be written there.
fn definition(place: Place, word: &str, meant: Option<&str>) -> String {
    let state = |inside: &str| format!("initial: A\nstates: {{ A: {{ on: {{ e: {{ {inside} }} }} }}, B: {{}} }}\n");
    let guard = |text: &str| state(&format!("if: {}, to: B", serde_json::to_string(text).expect("a string")));
    let case = || state(&format!("\"{word}\": B"));
    match place {
        Place::Case => case(),
        Place::Part => {
            format!("initial: A\nstates: {{ A: {{ entry: {{ \"{word}\": x }}, on: {{ e: B }} }}, B: {{}} }}\n")
        }
        Place::State if matches!(meant, Some("variables" | "automaton" | "conditions")) => {
            format!("\"{word}\": x\n{}", state("to: B"))
        }
        Place::State => format!("initial: A\nstates: {{ A: {{ on: {{ e: B }} }}, B: {{ \"{word}\": x }} }}\n"),
        Place::Declaration => match meant {
            Some("default") => format!("parameters: {{ q: {{ type: u8, \"{word}\": 1 }} }}\n{}", state("to: B")),
            Some("fields") => {
                format!("events: {{ e: {{ from: p }}, f: {{ from: p, \"{word}\": x }} }}\n{}", state("to: B"))
            }
            Some("arguments") => format!("actions: {{ a: {{ by: p, \"{word}\": x }} }}\n{}", state("to: B")),
            Some("enum") => String::new(),
            _ => format!("variables: {{ q: {{ type: u8, \"{word}\": 1 }} }}\n{}", state("to: B")),
        },
        Place::Event => format!("initial: A\nstates: {{ A: {{ on: {{ e: B, \"{word}\": B }} }}, B: {{}} }}\n"),
        Place::Symbol => guard(&format!("n {word} 1")),
        Place::Value => guard(&format!("n == {word}")),
        Place::Operator => guard(&format!("n {word} 1")),
        Place::Function => guard(&format!("{word}(n) == 1")),
        Place::Owner => guard(&format!("{word}.n == 1")),
        Place::Field => guard(&format!("event.{word} == 1")),
        Place::Action => state(&format!("do: \"{word}(n)\"")),
        Place::Type => {
            let written = if word == "[]" { "[u8]".to_owned() } else { word.to_owned() };
            format!("variables: {{ q: {{ type: \"{written}\", initial: 1 }} }}\n{}", state("to: B"))
        }
    }
}

/// What is said about such a definition: messages with their helps.
fn said(definition: &str) -> Vec<(String, Option<String>)> {
    let mut text = String::from("automaton: m\nsummary: x\n");
    if !definition.contains("variables:") {
        text.push_str("variables: { n: { type: u8, initial: 0 } }\n");
    }
    if !definition.contains("events:") {
        text.push_str("events: { e: { from: p } }\n");
    }
    text.push_str(definition);
    let files = [
        ("m.yaml", text.as_str()),
        ("parts.yaml", "parts: { p: Around it. }\n"),
        ("types.yaml", "types: { T: { enum: [A] } }\n"),
    ];
    let files = files.map(|(path, text)| Source { path: path.to_owned(), text: text.to_owned() });
    let findings = analyse(&Sources::new(files.to_vec())).findings;
    findings.into_iter().filter(|it| it.code.number < "A0200").map(|it| (it.message, it.help)).collect()
}

#[test]
fn every_word_is_answered_where_it_is_written() {
    let mut all = String::new();
    let mut missed = Vec::new();
    for entry in TABLE {
        for place in entry.places {
            // These are declared in another file.
            if entry.meant == Some("enum") {
                continue;
            }
            let _ = writeln!(all, "{place:?}: {}\n    {}", entry.words.join(" "), entry.help);
            for word in entry.words {
                let said = said(&definition(*place, word, entry.meant));
                if !said.iter().any(|(_, help)| help.as_deref() == Some(entry.help)) {
                    missed.push(format!("{place:?} `{word}`: {said:?}"));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{} words are not answered:\n{}", missed.len(), missed.join("\n"));
    expect_file!["foreign_words.txt"].assert_eq(&all);
}

#[test]
fn what_is_meant_is_taken_for_it_so_that_nothing_follows() {
    let one = |inside: &str| {
        said(&format!(
            "initial: A\nactions: {{ act: {{ by: p }} }}\nstates: {{ A: {{ on: {{ e: {{ {inside} }} }} }}, B: {{}} }}\n"
        ))
    };
    for inside in ["target: B", "cond: n > 1, to: B", "to: B, actions: act", "to: B, assign: n = 1"] {
        assert_eq!(one(inside).len(), 1, "{inside}: {:?}", one(inside));
    }
}

#[test]
fn numbers_are_shown_as_they_are_written_here() {
    let guard = |text: &str| {
        let definition = format!(
            "variables: {{ n: {{ type: u16, initial: 0 }}, d: {{ type: duration, initial: 0s }} }}\ninitial: A\nstates: {{ A: {{ on: {{ e: {{ if: \"{text}\", to: B }} }} }}, B: {{}} }}\n"
        );
        said(&definition)
    };
    for (written, help) in [
        ("n > 0x1F", "write `31`"),
        ("n > 0b101", "write `5`"),
        ("n > 0o17", "write `15`"),
        ("n > 0xFF_FF", "write `65535`"),
        ("d > 1.5s", "write `1500ms`"),
        ("d > 0.5min", "write `30s`"),
        ("d > 1.0001s", "the smallest unit is the millisecond"),
        ("n > 1.5", "count in a smaller unit, such as hundredths, with integers"),
        ("n = 3", "equality is written `==`"),
        ("n === 3", "equality is written `==`"),
        ("n > 1 ? true : false", "there is no `a ? b : c`: write two cases, the first with the guard"),
        ("self.n > 1", "variables, parameters and fields are written alone, without a prefix"),
    ] {
        let said = guard(written);
        assert_eq!(
            said.iter().map(|(_, help)| help.as_deref()).collect::<Vec<_>>(),
            [Some(help)],
            "{written}: {said:?}"
        );
    }
    assert_eq!(guard("n > 1_000"), [], "underscores are read over");
}

#[test]
fn truth_is_written_in_one_way() {
    for (written, help) in
        [("yes", "write `true`"), ("True", "write `true`"), ("off", "write `false`"), ("no", "write `false`")]
    {
        let said = said(&format!("initial: A\nstates: {{ A: {{ on: {{ e: B }} }}, B: {{ final: {written} }} }}\n"));
        assert_eq!(said.iter().map(|(_, help)| help.as_deref()).collect::<Vec<_>>(), [Some(help)], "{written}");
    }
}

#[test]
fn an_increment_and_its_relatives_are_assignments() {
    for (written, help) in [("n++", "write `n += 1`"), ("n--", "write `n -= 1`")] {
        let said = said(&format!("initial: A\nstates: {{ A: {{ on: {{ e: {{ set: {written} }} }} }} }}\n"));
        assert_eq!(said.iter().map(|(_, help)| help.as_deref()).collect::<Vec<_>>(), [Some(help)], "{written}");
    }
}
