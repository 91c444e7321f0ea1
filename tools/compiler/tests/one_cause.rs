//! One cause, one finding: what is not declared, or not there, is told once, however often it is named.

use std::path::Path;

use automata_compiler::source::{Source, Sources};
use automata_compiler::{Analysis, analyse, read_folder, render};

/// The project's own definitions, some of them changed (`None`: removed).
fn definitions(change: impl Fn(&str, &str) -> Option<String>) -> Sources {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../automata");
    let sources = read_folder(&folder).expect("the definitions can be read");
    let changed = sources.iter().filter_map(|(_, source)| {
        let name = source.path.rsplit('/').next().expect("a path has a last part");
        Some(Source { path: source.path.clone(), text: change(name, &source.text)? })
    });
    Sources::new(changed.collect())
}

fn only(sources: &Sources, code: &str, message: &str) -> Analysis {
    let analysis = analyse(sources);
    let shown = render::plain(sources, &analysis.findings);
    let [finding] = analysis.findings.as_slice() else { panic!("not one finding:\n{shown}") };
    assert_eq!(finding.code.number, code, "{shown}");
    assert!(finding.message.starts_with(message), "{shown}");
    analysis
}

#[test]
fn a_shared_file_that_is_not_there_is_one_finding() {
    for (file, code, named) in [
        ("parts.yaml", "A0023", "there is no `parts.yaml` to declare `"),
        ("types.yaml", "A0020", "there is no `types.yaml` to declare "),
    ] {
        let analysis = only(&definitions(|name, text| (name != file).then(|| text.to_owned())), code, named);
        let names = analysis.findings[0].message.matches('`').count() / 2 - 1;
        assert_eq!(names, 12, "the list has a bound");
    }
}

#[test]
fn a_shared_file_that_says_nothing_is_one_finding() {
    for file in ["parts.yaml", "types.yaml"] {
        for nothing in ["", "# to come\n"] {
            let emptied = |name: &str, text: &str| Some(if name == file { nothing } else { text }.to_owned());
            only(&definitions(emptied), "A0006", "the file is empty");
        }
    }
}

#[test]
fn a_shared_file_that_is_misnamed_is_one_finding() {
    let renamed =
        definitions(|_, text| Some(text.to_owned())).iter().map(|(_, source)| source.clone()).collect::<Vec<_>>();
    for file in ["parts", "types"] {
        let mut files = renamed.clone();
        for source in &mut files {
            source.path = source.path.replace(&format!("{file}.yaml"), &format!("{file}.yml"));
        }
        only(&Sources::new(files), "A0038", &format!("`{file}.yml` is not read"));
    }
}

#[test]
fn an_automaton_that_is_not_there_is_one_finding_with_its_other_places() {
    for file in ["network_connector", "network_transport", "p2p_connector"] {
        let sources = definitions(|name, text| (name != format!("{file}.yaml")).then(|| text.to_owned()));
        let analysis = analyse(&sources);
        let shown = render::plain(&sources, &analysis.findings);
        assert_eq!(analysis.findings.len(), 1, "{shown}");
        assert!(shown.contains(&format!("`{file}`")) && shown.contains("here too"), "{shown}");
    }
}

#[test]
fn a_declaration_misspelt_is_told_once() {
    let door = |event: &str| {
        let states =
            (0..12).map(|n| format!("  S{n}:\n    on: {{ opened: S{} }}\n    after: {{ pause: S0 }}\n", (n + 1) % 12));
        format!(
            "automaton: door\nsummary: A door.\nparameters: {{ pause: {{ type: duration, default: 1s, summary: So long. }} }}\n\
             events: {{ {event}: {{ from: hand }} }}\ninitial: S0\nstates:\n{}",
            states.collect::<String>()
        )
    };
    let sources = |text: String| {
        let parts = Source { path: "parts.yaml".into(), text: "parts: { hand: Somebody. }".into() };
        Sources::new(vec![Source { path: "door.yaml".into(), text }, parts])
    };
    assert!(analyse(&sources(door("opened"))).system.is_some());
    let analysis = only(&sources(door("opend")), "A0116", "no event `opened` in `door`");
    let finding = &analysis.findings[0];
    assert_eq!(finding.help.as_deref(), Some("did you mean `opend`?"));
    assert_eq!(finding.related.len(), 6, "the places have a bound");
    assert_eq!(finding.related[5].1, "here too, and in 5 more places");
    only(
        &sources(door("opened").replace("{ pause: {", "{ paus: {")),
        "A0032",
        "there is no parameter, variable or condition `pause`",
    );
}

#[test]
fn a_key_whose_type_is_broken_is_told_once() {
    let door = "automaton: door\nsummary: A door.\ninstances: per door\nevents: { push: { from: hand, starts: true } }\n\
        initial: SHUT\nstates:\n  SHUT: { on: { push: { if: \"key == 3 and not door[7] in OPEN\", to: OPEN } } }\n  OPEN: { on: { push: SHUT } }\n";
    let watch = "automaton: watch\nsummary: A watch.\nvariables: { last: { type: u8, initial: 0 } }\ninitial: ON\nstates:\n  \
        ON: { on: { \"door[any] enters OPEN\": { if: event.key != last, set: last = event.key, send: \"door[event.key].shut\" } } }\n";
    let door = door
        .replace("starts: true } }", "starts: true }, shut: { from: watch } }")
        .replace("push: SHUT", "push: SHUT, shut: SHUT");
    let parts = "parts: { hand: Pushes. }\n";
    for types in ["keys: { door: u99 }\n", "keys: { door: \"u8?\" }\n"] {
        let files = [("types", types), ("parts", parts), ("door", &door), ("watch", watch)];
        let files = files.map(|(name, text)| Source { path: format!("a/{name}.yaml"), text: text.to_owned() });
        let sources = Sources::new(files.into());
        let analysis = analyse(&sources);
        let errors = analysis.findings.iter().filter(|finding| finding.code.number < "A0200").count();
        assert_eq!(errors, 1, "{}", render::plain(&sources, &analysis.findings));
    }
}
