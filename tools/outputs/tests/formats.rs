//! The registry is sound, and each format says what the model holds.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use automata_compiler::model::{AutomatonId, EventKind, Reaction};
use automata_outputs::{OUTPUTS, Output, scxml};
use roxmltree::Document;
use support::{Definitions, all, made_for_a_test, project, workspace};

fn rendered(format: &str, of: &Definitions) -> BTreeMap<String, String> {
    Output::named(format).unwrap_or_else(|| panic!("there is a format {format}")).render(&of.system, &of.sources)
}

#[test]
fn formats_are_unique_and_documented() {
    let names: BTreeSet<_> = OUTPUTS.iter().map(|output| output.name).collect();
    assert_eq!(names.len(), OUTPUTS.len());
    for output in OUTPUTS {
        assert!(output.name.bytes().all(|byte| byte.is_ascii_lowercase()), "{}", output.name);
        assert!(output.summary.len() > 20 && output.summary.ends_with('.'), "{}", output.name);
        assert!(["diagrams", "tables", "reference", "schema"].contains(&output.folder), "{}", output.name);
        assert!(output.automaton.is_some() || !output.system.is_empty(), "{} makes something", output.name);
        assert!(std::ptr::eq(Output::named(output.name).expect("it is there"), output));
    }
}

#[test]
fn paths_are_unique_and_texts_are_text() {
    let definitions = project();
    let mut paths = BTreeSet::new();
    for output in OUTPUTS.iter().filter(|output| output.name != "svg") {
        for (path, text) in output.render(&definitions.system, &definitions.sources) {
            assert!(
                text.len() > 20 && text.ends_with('\n') && !text.ends_with("\n\n") && !text.contains('\r'),
                "{path}"
            );
            assert!(!text.contains(&workspace().display().to_string()), "{path} says where the workspace lies");
            assert!(path.starts_with(output.folder) && path.ends_with(output.extension), "{path}");
            assert!(paths.insert(path));
        }
    }
    for automaton in &definitions.system.automata {
        for path in [
            "diagrams/{}.mmd",
            "diagrams/{}.dot",
            "diagrams/{}.puml",
            "diagrams/{}.scxml",
            "tables/{}.md",
            "reference/{}.md",
        ] {
            assert!(paths.contains(&path.replace("{}", &automaton.name)), "{path} of {}", automaton.name);
        }
    }
    for path in [
        "reference/README.md",
        "schema/automaton.json",
        "schema/types.json",
        "schema/parts.json",
        "diagrams/system.mmd",
        "diagrams/system.dot",
        "diagrams/system.puml",
    ] {
        assert!(paths.contains(path), "{path}");
    }
}

/// Every row has as many cells as the head, and none is empty.
#[test]
fn no_cell_of_a_table_is_empty() {
    for definitions in all() {
        for format in ["table", "reference"] {
            for (path, text) in rendered(format, &definitions) {
                check_tables(&format!("{path} of {}", definitions.name), &text);
            }
        }
    }
}

fn check_tables(what: &str, text: &str) {
    let mut columns = None;
    for line in text.lines() {
        if !line.starts_with('|') {
            columns = None;
            continue;
        }
        let row = line.replace("\\|", "");
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let is_head = columns.is_none();
        assert_eq!(cells.len(), *columns.get_or_insert(cells.len()), "{what}: {line}");
        let empty = cells.iter().skip(usize::from(is_head)).filter(|cell| cell.is_empty()).count();
        assert_eq!(empty, 0, "{what}: {line}");
    }
}

/// Every leaf is a column, every event and timer a row.
#[test]
fn tables_are_whole() {
    for definitions in all() {
        let tables = rendered("table", &definitions);
        for automaton in &definitions.system.automata {
            let text = &tables[&format!("tables/{}.md", automaton.name)];
            for leaf in automaton.leaves().filter(|&leaf| !automaton.states[leaf].is_final) {
                let state = &automaton.states[leaf].name;
                let name = if state.is_empty() { &automaton.name } else { state };
                let in_head = |line: &str| line.starts_with("| |") && line.split('|').any(|cell| cell.trim() == name);
                assert_eq!(text.lines().filter(|line| in_head(line)).count(), 1, "{name} of {}", automaton.name);
            }
            for event in automaton.events.iter().filter(|event| matches!(event.kind, EventKind::Declared { .. })) {
                assert!(text.contains(&format!("| `{}` |", event.name)), "{} of {}", event.name, automaton.name);
            }
            for timer in 0..automaton.timers.len() as u32 {
                let label = automaton.timer_label(automata_compiler::model::TimerId(timer));
                assert!(text.contains(&format!("| `{label}`")), "{label} of {}", automaton.name);
            }
        }
    }
}

/// Of the whole, everything that passes between two is in each of the maps.
#[test]
fn maps_of_the_system_are_whole() {
    for definitions in all() {
        let maps: Vec<String> = ["mermaid", "dot", "plantuml"]
            .iter()
            .map(|format| {
                let files = rendered(format, &definitions);
                // Beside an automaton called `system`, the whole is `system_`.
                let is_taken = definitions.system.automaton("system").is_some();
                let stem = if is_taken { "diagrams/system_." } else { "diagrams/system." };
                let map = files.into_iter().find(|(path, _)| path.starts_with(stem));
                map.expect("there is a map of the system").1
            })
            .collect();
        for automaton in &definitions.system.automata {
            for (map, declared) in maps.iter().zip(["[\"X\"]", "[label=\"X\"", "component \"X\""]) {
                assert!(map.contains(&declared.replace('X', &automaton.name)), "{} in {map}", automaton.name);
            }
        }
        let arrows = |arrow: &str, map: &str| map.lines().filter(|line| line.contains(arrow)).count();
        let counts =
            [arrows("->|", &maps[0]), arrows(" -> ", &maps[1]), arrows(".> ", &maps[2]) + arrows("--> ", &maps[2])];
        assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?} of {}", definitions.name);
    }
}

/// The index counts states as `automata list` does.
#[test]
fn the_index_counts_the_states_that_are_written_down() {
    let definitions = project();
    let index = &rendered("reference", &definitions)["reference/README.md"];
    for automaton in &definitions.system.automata {
        let row = index.lines().find(|line| line.starts_with(&format!("| [{}]", automaton.name))).expect("a row");
        let states = row.split('|').map(str::trim).nth(4);
        assert_eq!(states, Some((automaton.states.len() - 1).to_string().as_str()), "{row}");
    }
}

#[test]
fn cells_say_what_happens() {
    let definitions = project();
    let text = &rendered("table", &definitions)["tables/tcp_connection.md"];
    let row = |event: &str| {
        text.lines().find(|line| line.starts_with(&format!("| `{event}` |"))).expect("a row of that event")
    };
    assert!(row("connection_made").starts_with(
        "| `connection_made` | `[outgoing]` **CLIENT** / `begin_handshake`<br>**SERVER** | *unexpected* |"
    ));
    assert!(row("disconnect").contains("**DISCONNECTING** <sub>OPEN</sub>"));
    assert!(text.contains("*ignored:* that is what is being done"));
}

/// Well-formed, in the namespace of the W3C, and its targets, states and events are those of the model.
#[test]
fn scxml_is_whole() {
    const SCXML: &str = "http://www.w3.org/2005/07/scxml";
    for Definitions { system, sources, .. } in all() {
        for (index, automaton) in system.automata.iter().enumerate() {
            let text = scxml::automaton(&system, &sources, AutomatonId(index as u32));
            let document = Document::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", automaton.name));
            let root = document.root_element();
            assert_eq!((root.tag_name().name(), root.tag_name().namespace()), ("scxml", Some(SCXML)));
            let elements: Vec<_> = document.descendants().filter(|node| node.is_element()).collect();
            for node in &elements {
                assert_eq!(node.tag_name().namespace(), Some(SCXML), "an engine refuses what it does not know");
                assert!(node.attributes().all(|attribute| attribute.namespace().is_none()));
            }
            let of_scxml = |names: &[&str]| {
                let wanted = elements.iter().filter(|node| node.tag_name().namespace() == Some(SCXML));
                wanted.filter(|node| names.contains(&node.tag_name().name())).copied().collect::<Vec<_>>()
            };
            let ids: Vec<_> =
                of_scxml(&["state", "final", "history"]).iter().filter_map(|node| node.attribute("id")).collect();
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "ids of {}", automaton.name);
            for state in automaton.states.iter().filter(|state| !state.name.is_empty()) {
                assert!(ids.contains(&state.name.as_str()), "{} of {}", state.name, automaton.name);
            }
            for target in elements.iter().filter_map(|node| node.attribute("target").or(node.attribute("initial"))) {
                assert!(target.starts_with("#_") || ids.contains(&target), "{target} of {}", automaton.name);
            }
            let leading =
                automaton.transitions.iter().filter(|transition| matches!(transition.reaction, Reaction::To(_)));
            let in_states = of_scxml(&["transition"]).into_iter().filter(|node| {
                node.attribute("target").is_some()
                    && node.parent().is_some_and(|parent| !parent.has_tag_name((SCXML, "history")))
            });
            assert_eq!(in_states.count(), leading.count(), "transitions of {}", automaton.name);
        }
    }
}

/// Texts may hold anything, in every format.
#[test]
fn odd_texts_do_no_harm() {
    let definitions = made_for_a_test(
        "automaton: odd\nsummary: \"<b> | & \\\"quotes\\\" \\\\ {braces} %% end `tick` *star*\"\nevents:\n  e: { from: host, summary: \"a | b\" }\n  f: { from: host }\n\
         variables: { text: { type: string, initial: \"\\\"a|b\\\"\" } }\ninitial: A\nstates:\n  A:\n    summary: \"x ]]> | y\"\n    on: { e: B }\n\
         \x20   ignore: { f: \"| and <i> and `\" }\n  B: { on: { e: { if: 'text == \"|}{;:%%<&\"', to: A } } }\n",
    );
    for (path, text) in automata_outputs::render_all(&definitions.system, &definitions.sources) {
        if path.ends_with(".svg") || path.ends_with(".scxml") {
            assert!(Document::parse(&text).is_ok(), "{path}");
        }
        if path.ends_with(".md") {
            check_tables(&path, &text);
        }
        if path.ends_with("odd.mmd") {
            let labels = text.lines().filter_map(|line| line.split_once(" : ")).map(|(_, label)| label);
            assert!(labels.clone().count() > 1);
            labels.for_each(|label| assert!(!label.contains([':', '{', '}', '"', '<', '|', '%']), "{label}"));
        }
    }
}

/// Marks that turn a line around would hide what a page says.
#[test]
fn no_format_holds_marks_of_direction() {
    let definitions = made_for_a_test(
        "automaton: turned\nsummary: \"one \\u202e two \\u2066\"\ndoc: \"a \\u202e b\\n\\n* c \\u2067 d\"\n\
         variables: { text: { type: string, initial: \"\\u202e\", summary: \"\\u2068\" } }\n\
         events:\n  e: { from: host, summary: \"a \\u202d b\" }\n  f: { from: host }\n\
         properties: { p: { never: \"text == \\\"\\u202c\\\"\", summary: \"\\u200e\" } }\n\
         initial: A\nstates:\n  A:\n    summary: \"x \\u202b y\"\n    on: { e: { summary: \"\\u202b\", set: \"text = \\\"\\u202e\\\"\", to: B } }\n    \
         ignore: { f: \"why \\u202a\" }\n  B: { on: { e: { if: \"text == \\\"\\u2069\\\"\", to: A }, f: { stay: \"\\u202e\" } } }\n",
    );
    for (path, text) in automata_outputs::render_all(&definitions.system, &definitions.sources) {
        let turned = text.lines().find(|line| {
            line.contains(|c: char| matches!(c, '\u{200e}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        });
        assert!(turned.is_none(), "{path}: {turned:?}");
        if path.ends_with(".scxml") {
            assert!(text.contains("&quot;\\u202e&quot;"), "an escape of ECMAScript: {text}");
        }
    }
}

/// What the real programs would take for their own: what is escaped, and what stays readable. `cargo xtask interop
/// formats` asks them.
#[test]
fn texts_mean_nothing_to_the_programs() {
    use automata_outputs::{dot, mermaid, plantuml};
    assert_eq!(mermaid::escape("packet_lost [tries + 1 < 3]"), "packet_lost [tries + 1 #60; 3]");
    assert_eq!(mermaid::escape("a](b) __c__ www.d"), "a]#40;b) #95;#95;c#95;#95; www#46;d");
    assert_eq!(mermaid::escape("1. a:::b %%{c}"), "#49;. a#58;#58;#58;b #37;#37;#123;c#125;");
    assert_eq!(plantuml::escape("a_b - c / d"), "a_b - c / d");
    assert_eq!(plantuml::escape("__a__ /' // \\n"), {
        let code = |text: &str| text.chars().map(|c| format!("<U+{:04X}>", u32::from(c))).collect::<String>();
        format!("{0}a{0} {1} {2} {3}n", code("__"), code("/'"), code("//"), code("\\"))
    });
    assert_eq!(plantuml::escape("@enduml"), "<U+0040>enduml");
    assert_eq!(dot::quote("a\"b\\N &lt;\nc"), "\"a\\\"b\\\\N &amp;lt;\\nc\"");
    for escape in [mermaid::escape, plantuml::escape, dot::quote] {
        let turned = escape("\u{202e}\u{7}\u{200d}");
        assert!(!turned.contains(['\u{202e}', '\u{7}']), "{turned}");
    }
}

/// Names of states are keywords somewhere; what stands for them in the texts never is.
#[test]
fn keywords_may_be_names_of_states() {
    let definitions = made_for_a_test(
        "automaton: keywords\nsummary: Words.\nevents: { go: { from: host } }\ninitial: DEFAULT\nstates:\n  DEFAULT: { on: { go: NODE } }\n  NODE: { on: { go: END } }\n\
         \x20 END: { initial: GRAPH, on: { go: END }, states: { GRAPH: {} } }\n",
    );
    let text = |format| rendered(format, &definitions).remove(&Output::named(format).expect("there").path("keywords"));
    for (format, declared, line) in [
        ("mermaid", "state \"END\" as s_END {", "s_DEFAULT --> s_NODE : go"),
        ("dot", "\"GRAPH\" [label=\"GRAPH\"]", "\"DEFAULT\" -> \"NODE\" [label=\"go\"]"),
        ("plantuml", "state \"END\" as s_END {", "s_DEFAULT --> s_NODE : go"),
    ] {
        let text = text(format).expect("a text of the automaton");
        assert!(text.contains(declared) && text.contains(line), "{text}");
    }
}

/// Integers stay at their bounds, division is that of the language, and reserved words are names all the same.
#[test]
fn scxml_calculates_as_the_language_does() {
    let definitions = made_for_a_test(
        "automaton: sums\nsummary: Sums.\nvariables: { var: { type: u8, initial: 0, max: 10 }, part: { type: i8, initial: 0 }, few: { type: u8, initial: 0, max: 3 } }\n\
         events: { error: { from: host }, b: { from: host }, c: { from: host } }\ninitial: A\nstates:\n  A:\n    on:\n      error: { set: [var += 1, few = few - 1] }\n\
         \x20     b: { if: var / few == 1, set: part = part / part, to: A }\n      c: { set: var = var / 2, to: A }\n",
    );
    let text = scxml::automaton(&definitions.system, &definitions.sources, AutomatonId(0));
    for expected in [
        "event=\"error_\"",
        "location=\"var_\" expr=\"Math.min(var_ + 1, 10)\"",
        "expr=\"Math.max(few - 1, 0)\"",
        "cond=\"holds_(function () { return Math.trunc(var_ / divisor_(few)) === 1; })\"",
        "expr=\"Math.min(quotient_(part, part), 127)\"",
        "expr=\"Math.trunc(var_ / 2)\"",
        "the fault `division_by_zero`",
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    assert!(!text.contains("defer:"), "only what is used is said:\n{text}");
}

/// Pictures are for developers: what users of the framework compile into their programs is free of them.
#[test]
fn the_outputs_are_in_tools_only() {
    let lock = std::fs::read_to_string(workspace().join("Cargo.lock")).expect("there is a lock file");
    let users_of = |dependency: &str| -> BTreeSet<String> {
        let packages = lock
            .split("[[package]]")
            .filter(|package| package.lines().any(|line| line.trim() == format!("\"{dependency}\",")));
        let name = |package: &str| {
            package.lines().find_map(|line| line.strip_prefix("name = ")).map(|name| name.trim_matches('"').to_owned())
        };
        packages.filter_map(name).collect()
    };
    // `automata-web` needs them for its feature `definitions` alone, without which the node has it.
    let tools = ["automata-cli", "automata-web", "bitpie-benches", "xtask"].map(str::to_owned).into();
    assert!(users_of("automata-outputs").is_subset(&tools), "{:?}", users_of("automata-outputs"));
}
