//! `automata render`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::scratch::{DOOR, Scratch};

#[test]
fn one_picture_goes_to_standard_output() {
    let scratch = Scratch::with_doors();
    let picture = scratch.run(&["render", "door"]).good();
    assert!(picture.starts_with("<svg") && picture.contains("CLOSED"), "{picture}");
}

#[test]
fn several_files_want_a_folder() {
    let scratch = Scratch::with_doors();
    scratch.run(&["render"]).bad(2, &["files; standard output takes one", "--out DIR"]);
    scratch.run(&["render", "--out", "look"]).good();
    assert!(scratch.has("look/door.svg") && scratch.has("look/bell.svg"));
}

#[test]
fn every_format_of_the_registry_can_be_had() {
    let scratch = Scratch::with_doors();
    scratch.run(&["render", "--format", "all", "--out", "look"]).good();
    for output in automata_outputs::OUTPUTS {
        let names = output.automaton.iter().map(|_| "door").chain(output.system.iter().map(|(stem, _)| *stem));
        for name in names {
            let alone = scratch.run(&["render", name, "--format", output.name]).good();
            let written = scratch.read(&format!("look/{}", output.path(name)));
            let definitions = format!("file://{}/automata/", real_path(&scratch).display());
            let alone = alone.replace(&definitions, "../../automata/");
            assert_eq!(alone, written, "{} of {name}", output.name);
        }
    }
    let help = scratch.run(&["render", "--help"]).good();
    assert!(automata_outputs::OUTPUTS.iter().all(|output| help.contains(output.name)), "{help}");
}

fn real_path(scratch: &Scratch) -> PathBuf {
    scratch.path().canonicalize().expect("it exists")
}

/// The targets of all links of a picture to definitions.
fn linked(picture: &str) -> BTreeSet<&str> {
    let links = picture.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    links.filter_map(|link| link.split('#').next()).filter(|link| link.ends_with(".yaml")).collect()
}

#[test]
fn links_lead_to_the_definitions_from_wherever_the_picture_lies() {
    let scratch = Scratch::with_doors();
    for out in ["look", "a/b/c", "generated/diagrams", "automata", "."] {
        scratch.run(&["render", "--out", out]).good();
        for name in ["door", "bell"] {
            let picture = scratch.read(&format!("{out}/{name}.svg"));
            let links = linked(&picture);
            assert_eq!(links.len(), 1, "{links:?}");
            let target = real_path(&scratch).join(out).join(links.first().expect("there is one"));
            let target = target.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", target.display()));
            assert_eq!(target, real_path(&scratch).join(format!("automata/{name}.yaml")), "from {out}");
        }
    }
    scratch.run(&["generate", "--out", "elsewhere/deeper"]).good();
    let page = scratch.read("elsewhere/deeper/reference/door.md");
    assert!(page.contains("[automata/door.yaml](../../../automata/door.yaml)"), "{page}");
    assert_eq!(scratch.run(&["generate", "--out", "elsewhere/deeper", "--check"]).code, 0);
}

#[test]
fn on_standard_output_links_say_where_the_definitions_are() {
    let scratch = Scratch::new();
    scratch.write("so #1/automata/parts.yaml", crate::scratch::PARTS);
    scratch.write("so #1/automata/types.yaml", crate::scratch::TYPES);
    scratch.write("so #1/automata/door.yaml", DOOR);
    scratch.write("so #1/automata/bell.yaml", crate::scratch::BELL);
    let picture = scratch.run(&["render", "door", "--automata", "so #1/automata"]).good();
    let expected = format!("file://{}/so%20%231/automata/door.yaml", real_path(&scratch).display());
    assert_eq!(linked(&picture), BTreeSet::from([expected.as_str()]));
}

#[test]
fn mistyped_names_are_found() {
    let scratch = Scratch::with_doors();
    scratch.run(&["render", "dor"]).bad(2, &["there is no automaton `dor`", "did you mean `door`?"]);
    let run = scratch.run(&["render", "nope"]);
    assert_eq!(run.err, "error: there is no automaton `nope`\nhelp: there are: bell, door, system\n");
    scratch
        .run(&["render", "README"])
        .bad(2, &["the format `svg` does not show `README`", "help: these do: reference"]);
    let run = scratch.run(&["render", "system", "--format", "scxml"]);
    assert_eq!(
        run.err,
        "error: the format `scxml` does not show `system`\nhelp: these do: svg, mermaid, dot, plantuml\n"
    );
    assert!(scratch.run(&["render", "system", "--format", "plantuml"]).good().contains("component \"door\""));
    scratch.run(&["render", "door", "--format", "svgg"]).bad(2, &["invalid value 'svgg'", "svg"]);
}

#[test]
fn definitions_with_errors_are_not_drawn() {
    let scratch = Scratch::with_doors();
    scratch.write("automata/door.yaml", &DOOR.replace("remove: GONE", "remove: GON"));
    let run = scratch.run(&["render", "bell"]);
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    run.bad(1, &["door.yaml:19", "nothing was done"]);
}

#[test]
fn a_place_that_cannot_be_written_to_is_named() {
    let scratch = Scratch::with_doors();
    scratch.write("look", "a file");
    scratch.run(&["render", "door", "--out", "look"]).bad(2, &["look could not be made"]);
}
