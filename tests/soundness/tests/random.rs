//! Random definitions: most are accepted, all that are compile without a warning, and do what the interpreter does.

use std::path::{Path, PathBuf};

use soundness::batch::{Place, run};

/// How many, always the same ones. `SOUNDNESS_DEFINITIONS=2000` makes more; `cargo xtask fuzz definitions` makes
/// others, for as long as you like.
const DEFINITIONS: u64 = 200;

#[test]
fn what_is_accepted_compiles_without_a_warning_and_does_the_same() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository.join("target"), PathBuf::from);
    let number = |variable: &str| std::env::var(variable).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("SOUNDNESS_FIRST").unwrap_or(0);
    let seeds = first..first.saturating_add(number("SOUNDNESS_DEFINITIONS").unwrap_or(DEFINITIONS));
    let outcome = run(&Place { repository, target }, seeds).expect("the batch can be built");
    assert!(outcome.failures.is_empty(), "{}", outcome.failures_shown());
    // What is refused tries nothing.
    assert!(outcome.accepted * 10 > outcome.made * 8, "only {} of {} are accepted", outcome.accepted, outcome.made);
}
