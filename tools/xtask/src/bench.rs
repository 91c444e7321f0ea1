//! `cargo xtask bench`: the packages below `benches/`, which are not default members, so that nobody waits for them.

use clap::{Args, Subcommand};

use crate::steps::{cargo, run};

/// Run the benchmarks: comparisons in one run, against named alternatives.
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Figures and what they mean are in docs/BENCHMARKS.md. Nothing here is part of `cargo xtask test`."
)]
pub struct Bench {
    #[command(subcommand)]
    of_its_own: Option<OfItsOwn>,
    /// Of the framework: dispatch, compile, trace, pictures [default: all]
    names: Vec<String>,
}

/// Benchmarks with their own package.
#[derive(Subcommand)]
enum OfItsOwn {
    /// Names beside plain records, in a DHT of sixty nodes on loopback
    #[command(disable_help_flag = true)]
    Dht {
        /// See `cargo xtask bench dht --help`: --quick, --rounds N, cold, warm, complete
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// The node beside plain TCP and libp2p: messages, the cost of the trace, bulk, memory. Needs minutes to build,
    /// since libp2p does
    #[command(disable_help_flag = true)]
    Node {
        /// See `cargo xtask bench node --help`: --quick, --rounds N, messages, trace, bulk, frames, idle
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

impl Bench {
    pub fn run(self) -> anyhow::Result<()> {
        let mut arguments = vec!["bench", "--package", "bitpie-benches"];
        if let Some(of_its_own) = &self.of_its_own {
            let (package, given) = match of_its_own {
                OfItsOwn::Dht { arguments } => (["--package", "bitpie-bench-dht"], arguments),
                OfItsOwn::Node { arguments } => (["--manifest-path", "benches/node/Cargo.toml"], arguments),
            };
            arguments = [&["run", "--release"], &package[..], &["--"]].concat();
            arguments.extend(given.iter().map(String::as_str));
        }
        for name in &self.names {
            arguments.extend(["--bench", name]);
        }
        run(&mut cargo(&arguments))
    }
}
