//! How long the compiler takes: the project's own definitions, and up to 500 made ones, to see that it grows linearly.
//!
//! `cargo bench -p bitpie-benches --bench compile`

use std::path::Path;
use std::time::Instant;

use automata_compiler::rust::Options;
use automata_compiler::source::{Source, Sources};
use bitpie_benches::median;

/// Rounds of the small case; the large ones take long enough to be steady.
const SMALL_ROUNDS: usize = 20;
const LARGE_ROUNDS: usize = 3;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../automata");
    let own = automata_compiler::read_folder(&folder).expect("the project's definitions are readable");
    let milliseconds = measure(&own, SMALL_ROUNDS);
    println!("{:<34}{milliseconds:>10.1} ms   aim: < 100 ms", "all definitions of the project");

    let mut smallest = None;
    for count in [125, 250, 500] {
        let milliseconds = measure(&made(count), LARGE_ROUNDS);
        let each = milliseconds / f64::from(count);
        let base = *smallest.get_or_insert(each);
        let aim = if count == 500 { "   aim: < 5000 ms" } else { "" };
        println!(
            "{:<34}{milliseconds:>10.1} ms   {each:.3} ms each, {:.2} x of the first line of these{aim}",
            format!("{count} made automata"),
            each / base
        );
    }
}

/// Median time to parse, check and generate, in milliseconds.
fn measure(sources: &Sources, rounds: usize) -> f64 {
    let times = (0..rounds).map(|_| {
        let begin = Instant::now();
        let artifacts = automata_compiler::compile(sources, &Options::default());
        let milliseconds = begin.elapsed().as_secs_f64() * 1000.0;
        if let Err(findings) = artifacts {
            panic!("{}", automata_compiler::render::plain(sources, &findings));
        }
        milliseconds
    });
    median(times.collect())
}

/// That many automata in a ring: each has two levels of states, timers, guards and actions, sends to the next, and
/// watches the one before.
fn made(count: u32) -> Sources {
    let mut files = vec![
        Source { path: "automata/types.yaml".into(), text: "types: {}\n".into() },
        Source { path: "automata/parts.yaml".into(), text: "parts:\n  world: Everything else.\n".into() },
    ];
    for index in 0..count {
        let next = (index + 1) % count;
        let before = (index + count - 1) % count;
        let text = MADE
            .replace("{this}", &format!("made_{index}"))
            .replace("{next}", &format!("made_{next}"))
            .replace("{before}", &format!("made_{before}"));
        files.push(Source { path: format!("automata/made_{index}.yaml"), text });
    }
    Sources::new(files)
}

const MADE: &str = include_str!("made.yaml");
