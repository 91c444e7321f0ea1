//! How long a picture takes, beside `dot` of Graphviz, which is given the same automaton in the same run; and how many
//! of its labels could belong to more than one line.
//!
//! `cargo bench -p bitpie-benches --bench pictures`. Without `dot`, only the own times are shown.

#[path = "../../tools/outputs/tests/support/made.rs"]
mod made;
#[path = "../../tools/outputs/tests/support/picture.rs"]
mod picture;

use std::process::{Command, Stdio};
use std::time::Instant;

use automata_compiler::model::{AutomatonId, System};
use automata_compiler::source::{Source, Sources};
use bitpie_benches::median;
use made::Machine;
use picture::Picture;

/// Rounds of what is fast; what takes longer than a second is steady enough.
const ROUNDS: usize = 5;

/// Where `dot` took longer than this, it is not asked for larger ones of the kind, in milliseconds: it would take
/// hours.
const PATIENCE: f64 = 10_000.0;

fn main() {
    let has_dot = Command::new("dot").arg("-V").stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !has_dot {
        println!("`dot` is missing (Debian: apt-get install graphviz); own times only");
    }
    let flat = [10, 20, 40, 70, 100, 200, 300]
        .map(|states| (format!("flat, {states} states, 3 each"), made::flat(states, 3, 7)));
    let hubs = [30, 100].map(|states| (format!("{states} states around one"), made::hub(states)));
    let nested = [(5, 5), (10, 8)]
        .map(|(groups, size)| (format!("{groups} composites of {size}"), made::composites(groups, size, 3)));
    println!("{:<28}{:>10}{:>12}{:>8}{:>12}", "", "own, ms", "dot, ms", "ratio", "ambiguous");
    let kinds: [&[(String, Machine)]; 3] = [&flat, &hubs, &nested];
    for kind in kinds {
        let mut asks_dot = has_dot;
        for (name, machine) in kind {
            let milliseconds = compare(name, machine, asks_dot);
            asks_dot &= milliseconds < PATIENCE;
        }
    }
}

/// Shows one line; what `dot` took is the answer, in milliseconds.
fn compare(name: &str, machine: &Machine, has_dot: bool) -> f64 {
    let (system, sources) = analysed(machine);
    let text = automata_outputs::dot::automaton(&system, &sources, AutomatonId(0));
    let (mut own, mut other, mut svg) = (Vec::new(), Vec::new(), String::new());
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        svg = automata_outputs::svg::automaton(&system, &sources, AutomatonId(0));
        own.push(begin.elapsed().as_secs_f64() * 1000.0);
        if has_dot {
            other.push(milliseconds_of_dot(&text));
        }
        if own.iter().chain(&other).any(|milliseconds| *milliseconds > 1000.0) {
            break;
        }
    }
    let ambiguous = Picture::read(&svg).ambiguous_labels().len();
    let own = median(own);
    if has_dot {
        let other = median(other);
        println!("{name:<28}{own:>10.1}{other:>12.1}{:>8.4}{ambiguous:>12}", own / other);
        other
    } else {
        println!("{name:<28}{own:>10.1}{:>12}{:>8}{ambiguous:>12}", "not asked", "");
        f64::INFINITY
    }
}

fn milliseconds_of_dot(text: &str) -> f64 {
    use std::io::Write;
    let begin = Instant::now();
    let mut dot = Command::new("dot")
        .arg("-Tsvg")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("`dot` answered a moment ago");
    dot.stdin.take().expect("it is piped").write_all(text.as_bytes()).expect("`dot` reads what it is given");
    dot.wait().expect("`dot` ends");
    begin.elapsed().as_secs_f64() * 1000.0
}

fn analysed(machine: &Machine) -> (System, Sources) {
    let file = |name: &str, text: &str| Source { path: format!("automata/{name}.yaml"), text: text.to_owned() };
    let sources = Sources::new(vec![
        file("types", "types: {}\n"),
        file("parts", "parts: { host: The host. }\n"),
        file("made", &machine.yaml("made")),
    ]);
    let system = automata_compiler::analyse(&sources).system.expect("what is made has no errors");
    (system, sources)
}
