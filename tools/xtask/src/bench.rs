//! `cargo xtask bench`: the packages below `benches/`, which are outside of the default members so that nobody waits for them.

use clap::Args;

use crate::steps::{cargo, run};

/// Run the benchmarks: comparisons in one run, against named alternatives.
#[derive(Args)]
#[command(
    after_help = "Figures and what they mean are in docs/BENCHMARKS.md. Nothing here is part of `cargo xtask test`."
)]
pub struct Bench {
    /// Which: dispatch, compile, trace; all of them if none is named
    names: Vec<String>,
}

impl Bench {
    pub fn run(self) -> anyhow::Result<()> {
        let mut arguments = vec!["bench", "--package", "bitpie-benches"];
        for name in &self.names {
            arguments.extend(["--bench", name]);
        }
        run(&mut cargo(&arguments))
    }
}
