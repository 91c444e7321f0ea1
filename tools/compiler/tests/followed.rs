//! Proposals of more than a name, followed word for word.

use automata_compiler::source::{Source, Sources};
use automata_compiler::{Analysis, analyse, render};

fn sources(part: &str) -> Sources {
    let door = format!(
        "automaton: door\nsummary: A door.\nvariables: {{ next: {{ type: u8, initial: 0 }}, wait: {{ type: duration, initial: 5s }} }}\n\
         events: {{ knock: {{ from: hand }}, told: {{ fields: {{ count: u8, text: string }} }} }}\n\
         actions: {{ tell: {{ by: hand, arguments: {{ count: u8 }} }} }}\ninitial: OPEN\nstates:\n  OPEN:\n    after: {{ wait: OPEN }}\n    \
         on: {{ told: stay, knock: {{ {part} }} }}\n"
    );
    let guest = "automaton: guest\nsummary: A guest.\ninstances: per number\nevents: { come: { from: door } }\ninitial: OUT\n\
        states:\n  OUT: { on: { come: IN } }\n  IN: { on: { come: OUT } }\n";
    let files = [
        ("types", "keys: { number: u8 }\n"),
        ("parts", "parts: { hand: Knocks. }\n"),
        ("door", &door),
        ("guest", guest),
    ];
    Sources::new(files.map(|(name, text)| Source { path: format!("{name}.yaml"), text: text.to_owned() }).into())
}

fn errors(sources: &Sources) -> (Analysis, usize) {
    let analysis = analyse(sources);
    let count = analysis.findings.iter().filter(|finding| finding.code.number < "A0200").count();
    (analysis, count)
}

#[test]
fn both_lists_for_keys_without_order_are_accepted_and_hold_all() {
    for part in [
        "set: next += 1, start: \"guest[next]\", send: \"guest[next].come\"",
        "do: [next += 1, \"start guest[next]\"], send: \"guest[next].come\"",
        "do: [next = 1, tell(4)], set: next = 2, restart: wait, raise: 'told(next, \"a: it''s\")'",
        "set: [next = 3, wait = 1s], restart: wait, do: tell(next), start: \"guest[3]\", send: \"guest[3].come\"",
    ] {
        let before = sources(part);
        let (analysis, count) = errors(&before);
        let shown = render::plain(&before, &analysis.findings);
        assert_eq!(count, 1, "{shown}");
        let help = analysis.findings.iter().find_map(|finding| finding.help.as_deref()).expect("a help");
        let lists: Vec<&str> = help.split('`').filter(|piece| piece.starts_with("do: ")).collect();
        assert_eq!(lists.len(), 2, "{shown}");
        for list in lists {
            let after = sources(list);
            let (analysis, count) = errors(&after);
            assert_eq!(count, 0, "{list}\n{}", render::plain(&after, &analysis.findings));
            for word in part.split(|c: char| !c.is_alphanumeric()).filter(|word| !["set", "do"].contains(word)) {
                assert!(list.contains(word), "{word} is not in {list}");
            }
        }
    }
}
