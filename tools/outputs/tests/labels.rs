//! Measures pictures of the project's automata and of random ones: to which line a label belongs, where the initial
//! state is, and the shape of the whole.

#[path = "support/made.rs"]
mod made;
#[path = "support/picture.rs"]
mod picture;
mod support;

use automata_compiler::model::{Automaton, AutomatonId, StateId, System};
use automata_outputs::svg;
use made::Machine;
use picture::Picture;
use support::{Definitions, made_for_a_test};

fn drawn(machine: &Machine) -> (Definitions, Picture) {
    let definitions = made_for_a_test(&machine.yaml("made"));
    let picture = Picture::read(&svg::automaton(&definitions.system, &definitions.sources, AutomatonId(0)));
    (definitions, picture)
}

fn check(automaton: &Automaton, picture: &Picture, name: &str) {
    assert_eq!(picture.faults(), Vec::<String>::new(), "{name}");
    assert_eq!(picture.ambiguous_labels(), Vec::<String>::new(), "{name}");
    assert_eq!(not_on_top(automaton, picture), Vec::<String>::new(), "{name}");
}

/// Initial states that have another of the same composite above them.
fn not_on_top(automaton: &Automaton, picture: &Picture) -> Vec<String> {
    let place = |state: StateId| {
        let id = svg::ids::state(automaton, state);
        picture.boxes.iter().find(|(other, _)| *other == id).map(|(_, place)| *place)
    };
    let mut found = Vec::new();
    for state in automaton.state_ids() {
        let Some(mut initial) = automaton.states[state].initial else { continue };
        // It may be further in; what counts is the box around it that is directly inside.
        while automaton.states[initial].parent.is_some_and(|parent| parent != state) {
            initial = automaton.states[initial].parent.expect("it has one");
        }
        let top = place(initial).expect("every state has a box").y;
        let others = automaton.states[state].children.iter().copied().filter_map(place);
        if others.into_iter().any(|other| other.y < top - 0.5) {
            found.push(automaton.states[initial].name.clone());
        }
    }
    found
}

#[test]
fn pictures_of_the_project_can_be_read() {
    let project = support::project();
    let System { automata, .. } = &project.system;
    for (index, automaton) in automata.iter().enumerate() {
        let svg = svg::automaton(&project.system, &project.sources, AutomatonId(index as u32));
        check(automaton, &Picture::read(&svg), &automaton.name);
    }
    let map = Picture::read(&svg::system_map::system(&project.system, &project.sources));
    assert_eq!(map.ambiguous_labels(), Vec::<String>::new());
}

#[test]
fn random_pictures_can_be_read() {
    for seed in 0..40 {
        let (definitions, picture) = drawn(&made::any(seed));
        check(&definitions.system.automata[0], &picture, &format!("any {seed}"));
    }
    let kinds = [
        ("flat", made::flat(10, 3, 7)),
        ("flat of 24", made::flat(24, 3, 8)),
        ("dense", made::flat(9, 8, 9)),
        ("hub", made::hub(30)),
        ("composites", made::composites(4, 4, 2)),
        ("deep", made::deep(8, 4)),
    ];
    for (name, machine) in kinds {
        let (definitions, picture) = drawn(&machine);
        check(&definitions.system.automata[0], &picture, name);
    }
}

#[test]
fn the_first_state_to_work_is_on_top() {
    let project = support::project();
    let at = project.system.automata.iter().position(|automaton| automaton.name == "nickname_holder").expect("there");
    let svg = svg::automaton(&project.system, &project.sources, AutomatonId(at as u32));
    let picture = Picture::read(&svg);
    let top = |name: &str| {
        let id = format!("nickname_holder-state-{name}");
        picture.boxes.iter().find(|(other, _)| *other == id).expect("it is drawn").1.y
    };
    for other in ["DHT_WRITE", "DHT_VERIFY", "DHT_ERASE", "READY"] {
        assert!(top("DHT_READ") < top(other), "{other}");
    }
}

#[test]
fn composites_stand_side_by_side_where_that_is_squarer() {
    for (groups, size) in [(5, 5), (6, 4), (8, 5)] {
        let (_, picture) = drawn(&made::composites(groups, size, 3));
        let ratio = picture.size.1 / picture.size.0;
        assert!((0.4..1.7).contains(&ratio), "{groups} composites of {size}: {:?}", picture.size);
    }
}

/// What was too slow, or overflowed the stack.
#[test]
fn large_pictures_come() {
    for machine in [made::hub(100), made::flat(40, 3, 7), made::deep(28, 1)] {
        let (definitions, picture) = drawn(&machine);
        let automaton = &definitions.system.automata[0];
        assert_eq!(picture.boxes.len(), automaton.states.len() - 1);
        assert_eq!(picture.ambiguous_labels(), Vec::<String>::new());
    }
}

#[test]
fn what_is_too_large_for_lines_says_so() {
    let definitions = made_for_a_test(&made::flat(501, 2, 3).yaml("made"));
    let svg = svg::automaton(&definitions.system, &definitions.sources, AutomatonId(0));
    let picture = Picture::read(&svg);
    assert!(svg.contains("too large for lines") && picture.lines.is_empty());
    assert_eq!(picture.boxes.len(), 501);
    assert_eq!(picture.faults(), Vec::<String>::new());
    assert!(svg.contains("id=\"made-transition-STATE_500-event_1-1\""));
}

#[test]
fn cases_say_in_which_order_they_are_tried() {
    let definitions = made_for_a_test(
        "automaton: door\nsummary: A door.\nvariables: { tries: { type: u8, initial: 0 } }\nevents: { push: { from: host }, pull: { from: host } }\ninitial: SHUT\n\
         states:\n  SHUT: { on: { push: [ { if: tries > 3, to: BROKEN }, { to: OPEN } ], pull: { set: tries += 1 } } }\n  OPEN: { on: { pull: SHUT }, ignore: [ push ] }\n\
         \x20 BROKEN: { final: true }\n",
    );
    let svg = svg::automaton(&definitions.system, &definitions.sources, AutomatonId(0));
    for (order, id) in [("1", "push-1"), ("2", "push-2")] {
        let at = svg.find(&format!("id=\"door-transition-SHUT-{id}\"")).expect("it is there");
        assert!(svg[at..at + 300].contains(&format!("class=\"order\">{order}")), "{id}");
    }
    assert_eq!(svg.matches("class=\"order\"").count(), 2, "one case alone has no number");
    assert_eq!(Picture::read(&svg).faults(), Vec::<String>::new());
}

/// The measure can fail: a label that is moved away from its line is ambiguous.
#[test]
fn ambiguous_labels_are_found() {
    let (_, mut picture) = drawn(&made::flat(10, 3, 7));
    let moved = picture.texts.iter().position(|text| text.in_label).expect("there are labels");
    let group = picture.texts[moved].group;
    let line = picture.lines.iter().find(|line| line.of != picture.labels[&group]).expect("another line");
    let at = line.points[0];
    for text in picture.texts.iter_mut().filter(|text| text.group == group) {
        (text.place.x, text.place.y) = (at.x + 5.0, at.y + 5.0);
    }
    assert!(!picture.ambiguous_labels().is_empty());
}
