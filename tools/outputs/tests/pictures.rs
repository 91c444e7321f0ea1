//! Proves of every picture, from its text alone, that it can be read: no label lies on another, on a state's border or
//! name, or on a line that is not its own, and everything is inside.
//!
//! The boxes are computed from the finished SVG and the advance widths of the font, not from what the layout believed.

#[path = "support/picture.rs"]
mod picture;
mod support;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use automata_compiler::model::{AutomatonId, System};
use automata_compiler::trace::Usage;
use automata_outputs::sequence::{DELIVERIES_LIMIT, Row, Sequence, mermaid};
use automata_outputs::svg;
use automata_runtime::Record;
use picture::{Picture, number};
use roxmltree::{Document, Node};
use support::{Definitions, all, made_for_a_test};

/// Names and texts.
type Pictures = Vec<(String, String)>;

/// Every picture that there is, drawn once for all tests.
static ALL: LazyLock<Vec<(Definitions, Pictures)>> = LazyLock::new(|| {
    let pictures = all().into_iter().map(|of| {
        let pictures = pictures(&of);
        (of, pictures)
    });
    pictures.collect()
});

/// Of each automaton, in their order, then of the whole.
fn pictures(of: &Definitions) -> Pictures {
    let automata = of.system.automata.iter().enumerate();
    let mut pictures: Vec<_> = automata
        .map(|(index, automaton)| {
            (automaton.name.clone(), svg::automaton(&of.system, &of.sources, AutomatonId(index as u32)))
        })
        .collect();
    pictures.push(("system".to_owned(), svg::system_map::system(&of.system, &of.sources)));
    pictures
}

#[test]
fn nothing_lies_on_anything_else() {
    for (definitions, pictures) in ALL.iter() {
        for (name, svg) in pictures {
            let picture = Picture::read(svg);
            assert!(!picture.texts.is_empty() && !picture.boxes.is_empty(), "{name} has texts and boxes");
            assert_eq!(picture.faults(), Vec::<String>::new(), "{name} of {}", definitions.name);
        }
    }
}

/// The test above can fail: each fault is found when it is made.
#[test]
fn faults_are_found() {
    let (_, svg) = ALL[0].1.iter().find(|(name, _)| name == "tcp_connection").expect("it is there");
    assert_eq!(Picture::read(svg).faults(), Vec::<String>::new());

    let mut on_a_line = Picture::read(svg);
    let label = on_a_line.texts.iter().position(|text| text.in_label).expect("there are labels");
    let line = on_a_line.lines.iter().position(|line| line.of != on_a_line.labels[&on_a_line.texts[label].group]);
    let at = on_a_line.lines[line.expect("there are lines")].points[0];
    on_a_line.texts[label].place.x = at.x - 5.0;
    on_a_line.texts[label].place.y = at.y - 2.0;
    assert!(on_a_line.faults().iter().any(|fault| fault.contains("runs through")));

    let mut on_another = Picture::read(svg);
    on_another.texts[0].place = on_another.texts[1].place;
    assert!(on_another.faults().iter().any(|fault| fault.contains("lies on `")));

    let mut on_a_border = Picture::read(svg);
    let (x, y) = (on_a_border.boxes[0].1.x, on_a_border.boxes[0].1.y);
    on_a_border.texts[0].place.x = x - 4.0;
    on_a_border.texts[0].place.y = y + 40.0;
    assert!(on_a_border.faults().iter().any(|fault| fault.contains("border")));

    let mut outside = Picture::read(svg);
    outside.texts[0].place.x = -1.0;
    outside.lines[0].points[0].x = -1.0;
    assert_eq!(
        outside.faults().iter().filter(|fault| fault.contains("outside") || fault.contains("leaves")).count(),
        2
    );
}

/// Every state and every transition can be found by its id, once, and says its line of the YAML.
#[test]
fn ids_are_there_once() {
    for (Definitions { system, sources, .. }, pictures) in ALL.iter() {
        for (automaton, (_, svg)) in system.automata.iter().zip(pictures) {
            let document = Document::parse(svg).expect("a picture is XML");
            let ids: Vec<_> = document.descendants().filter_map(|node| Some((node.attribute("id")?, node))).collect();
            let distinct: BTreeSet<_> = ids.iter().map(|(id, _)| *id).collect();
            assert_eq!(distinct.len(), ids.len(), "ids of {}", automaton.name);
            let line_of = |id: &str| {
                let (_, node) =
                    ids.iter().find(|(other, _)| *other == id).unwrap_or_else(|| panic!("{id} of {}", automaton.name));
                number(*node, "data-line") as usize
            };
            for state in automaton.states.iter().filter(|state| !state.name.is_empty()) {
                let id = format!("{}-state-{}", automaton.name, state.name);
                assert_eq!(line_of(&id), sources.line_and_column(state.span).0);
            }
            for (id, transition) in svg::ids::transitions(automaton).iter().zip(&automaton.transitions) {
                assert_eq!(line_of(id), sources.line_and_column(transition.span).0);
            }
        }
    }
}

/// Ids of a page with all pictures of a system, and whose picture each says that it is.
#[test]
fn pictures_on_one_page_share_no_id() {
    for (definitions, pictures) in ALL.iter() {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for (name, svg) in pictures {
            let document = Document::parse(svg).expect("a picture is XML");
            assert_eq!(document.root_element().attribute("data-automaton"), Some(name.as_str()));
            for id in document.descendants().filter_map(|node| node.attribute("id")) {
                assert!(id.starts_with(&format!("{name}-")), "{id} in {name}");
                assert!(seen.insert(id.to_owned()), "{id} of {}", definitions.name);
            }
        }
    }
}

/// The name of a composite, and how far from its left side it begins.
fn title_offset(svg: &str, id: &str) -> f64 {
    let document = Document::parse(svg).expect("a picture is XML");
    let group = document.descendants().find(|node| node.attribute("id") == Some(id)).expect("it is there");
    let of = |test: &dyn Fn(&Node) -> bool| group.descendants().find(|node| test(node)).expect("it is drawn");
    let frame = of(&|node| node.attribute("class") == Some("box"));
    let name = of(&|node| node.attribute("class") == Some("name"));
    number(name, "x") - number(frame, "x")
}

/// A line that enters further to the right moves the rows of a composite, but not its name.
#[test]
fn names_of_composites_stand_at_the_left() {
    let pictures = &ALL[0].1;
    let svg = |name: &str| &pictures.iter().find(|(other, _)| other == name).expect("it is there").1;
    assert!(title_offset(svg("nickname_holder"), "nickname_holder-state-WORKING") < 13.0);
    assert!(title_offset(svg("network_transport"), "network_transport-state-CHANGING") < 26.0);
}

#[test]
fn equal_guards_of_what_is_stayed_at_are_said_once() {
    let definitions = made_for_a_test(
        "automaton: door\nsummary: A door.\nconditions: { locked: { type: bool, summary: It is. } }\n\
         events: { push: { from: host }, pull: { from: host }, look: { from: host } }\ninitial: SHUT\nstates:\n  SHUT:\n    on:\n\
         \u{20}     push: [ { if: locked, stay: it is }, OPEN ]\n      pull: [ { if: locked, stay: it is }, OPEN ]\n      look: stay\n  OPEN: { on: { pull: SHUT }, ignore: [ push, look ] }\n",
    );
    let svg = svg::automaton(&definitions.system, &definitions.sources, AutomatonId(0));
    let document = Document::parse(&svg).expect("a picture is XML");
    let group =
        document.descendants().find(|node| node.attribute("id") == Some("door-state-SHUT")).expect("it is there");
    let shown = |node: &Node| {
        node.is_text()
            && node
                .parent()
                .is_some_and(|parent| parent.has_tag_name((parent.tag_name().namespace().unwrap_or_default(), "tspan")))
    };
    let words: Vec<&str> = group.descendants().filter(shown).filter_map(|node| node.text()).collect();
    assert!(words.join(" ").contains("stays at 1 push, 1 pull [locked]; look"), "{words:?}");
}

#[test]
fn an_id_stays_whatever_is_added_elsewhere() {
    let ids = |more_states: &str, more_events: &str| {
        let definitions = made_for_a_test(&format!(
            "automaton: door\nsummary: A door.\nparameters: {{ pause: {{ type: duration, default: 1s, summary: So long. }} }}\n\
             events: {{ {more_events}open: {{ from: host }}, close: {{ from: host }} }}\ninitial: SHUT\non: {{ close: {{ stay: it is }} }}\nstates:\n\
             {more_states}  SHUT:\n    on: {{ open: OPEN }}\n  OPEN:\n    after: {{ pause: SHUT }}\n    on: {{ open: SHUT }}\n    always: {{ if: 1 == 2, to: SHUT }}\n"
        ));
        svg::ids::transitions(&definitions.system.automata[0])
    };
    let before = ids("", "");
    let names = ["any-close", "SHUT-open", "OPEN-after-pause", "OPEN-open", "OPEN-always"];
    for name in names {
        assert!(before.contains(&format!("door-transition-{name}-1")), "{before:?}");
    }
    let after = ids(
        "  AJAR:\n    on: { open: [ { if: 1 == 2, to: OPEN }, { to: SHUT } ], knock: OPEN }\n",
        "knock: { from: host }, ",
    );
    assert_eq!(after.len(), before.len() + 3);
    assert!(before.iter().all(|id| after.contains(id)), "{before:?}, {after:?}");
    assert!(after.contains(&"door-transition-AJAR-open-2".to_owned()), "{after:?}");
}

#[test]
fn pictures_are_the_same_every_time() {
    let (definitions, drawn) = &ALL[0];
    assert_eq!(&pictures(definitions), drawn);
}

/// Texts may hold anything; widths are those of what is shown.
#[test]
fn texts_are_escaped() {
    let definitions = made_for_a_test(
        "automaton: odd\nsummary: \"<b> & \\\"quotes\\\" 'single' \\u65e5\\u672c\"\nevents: { e: { from: host, summary: \"a < b & c\" } }\n\
         initial: A\nstates:\n  A: { summary: \"]]> <x>\", on: { e: B } }\n  B: { on: { e: A } }\n",
    );
    let svg = svg::automaton(&definitions.system, &definitions.sources, AutomatonId(0));
    let document = Document::parse(&svg).expect("a picture is XML");
    let shown: String = document.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect();
    assert!(
        shown.contains("<b> & \"quotes\" 'single' \u{65e5}\u{672c}")
            && shown.contains("a < b & c")
            && shown.contains("]]> <x>")
    );
    assert_eq!(Picture::read(&svg).faults(), Vec::<String>::new());
}

/// Counts by chance: what was never used among them.
fn some_usage(system: &System) -> Usage {
    let mut number = 7_u64;
    let mut next = || {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        [0, 1, 23, 456_789][(number >> 33) as usize % 4]
    };
    // Whatever chance says, each has something that was used and something that was not; the first state is the root,
    // which is not drawn.
    let mut of_each = |count: usize| -> Vec<u64> {
        let mut counts: Vec<u64> = (0..count).map(|_| next()).collect();
        counts.iter_mut().zip([0, 23, 0]).for_each(|(count, fixed)| *count = fixed);
        counts
    };
    Usage {
        left_out: 0,
        states: system.automata.iter().map(|automaton| of_each(automaton.states.len())).collect(),
        transitions: system.automata.iter().map(|automaton| of_each(automaton.transitions.len())).collect(),
        deliveries: system.automata.iter().map(|_| next()).collect(),
    }
}

#[test]
fn with_what_a_trace_used_every_text_can_be_read_still() {
    let project = support::project();
    let usage = some_usage(&project.system);
    for index in 0..project.system.automata.len() as u32 {
        let svg = svg::with_usage(&project.system, &project.sources, AutomatonId(index), &usage);
        let faults = Picture::read(&svg).faults();
        assert_eq!(faults, [""; 0], "{}", project.system.automata[index as usize].name);
        for shown in [" used\"", " unused\"", "\u{d7}0"] {
            assert!(svg.contains(shown), "{} in {}", shown, project.system.automata[index as usize].name);
        }
    }
}

/// The records of a scenario of the node.
fn records(scenario: &std::path::Path) -> Vec<Record> {
    let text = std::fs::read_to_string(scenario.join("expected.jsonl")).expect("a scenario has records");
    text.lines().map(|line| serde_json::from_str(line).expect("a record")).collect()
}

#[test]
fn every_text_of_a_sequence_can_be_read() {
    let project = support::project();
    let folder = support::workspace().join("tests/scenarios");
    let mut all: Vec<Record> = Vec::new();
    let mut names: Vec<_> =
        std::fs::read_dir(folder).expect("scenarios").map(|entry| entry.expect("one").path()).collect();
    names.sort();
    for scenario in names {
        let records = records(&scenario);
        all.extend(records.iter().take(12).cloned());
        check_sequence(&project.system, &records, &scenario.display().to_string());
    }
    for (number, record) in (0..).zip(&mut all) {
        record.sequence = number;
        record.cause = record.cause.filter(|_| number > 0).map(|_| number - 1);
    }
    check_sequence(&project.system, &all[..all.len().min(DELIVERIES_LIMIT)], "all together");
    // What is long, and what is none of the language.
    let mut odd = all[0].clone();
    odd.instance = format!("tcp_connection[{}]", "x".repeat(200));
    odd.event = "\u{7}\n<&>\u{65e5}\u{672c}".repeat(40);
    check_sequence(&project.system, &[odd, all[0].clone()], "odd ones");
}

fn check_sequence(system: &System, records: &[Record], name: &str) {
    let mut sequence = Sequence::default();
    records.iter().for_each(|record| sequence.add(system, record));
    let svg = svg::sequence::picture(&sequence, name, "Some deliveries.");
    assert_eq!(Picture::read(&svg).faults(), [""; 0], "{name}");
    let text = mermaid(&sequence);
    let is_message = |row: &&(u64, u64, Row)| matches!(row.2, Row::Message { .. });
    let messages = sequence.rows.iter().filter(is_message).count();
    let arrows = text.lines().filter(|line| line.contains("->>p") || line.contains("-)p")).count();
    assert_eq!(arrows, messages, "{text}");
}
