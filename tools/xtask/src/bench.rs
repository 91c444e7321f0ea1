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
    /// The API beside bare axum, tokio-tungstenite and wtransport, and a thousand subscribers. Built with `node`
    #[command(disable_help_flag = true)]
    Api {
        /// See `cargo xtask bench api --help`: --quick, --rounds N, requests, subscribers
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Names beside plain records, in a DHT of sixty nodes on loopback
    #[command(disable_help_flag = true)]
    Dht {
        /// See `cargo xtask bench dht --help`: --quick, --rounds N, cold, warm, complete
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// The node beside plain TCP and libp2p: messages, the cost of the trace. Needs minutes to build, since libp2p does
    #[command(disable_help_flag = true)]
    Node {
        /// See `cargo xtask bench node --help`: --quick, --rounds N, messages, trace
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Sessions over TCP and QUIC beside plain TCP, plain quinn and libp2p: messages, bulk, READY, memory. Built with
    /// `node`
    #[command(disable_help_flag = true)]
    Transports {
        /// See `cargo xtask bench transports --help`: --quick, --rounds N, messages, bulk, ready, idle
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

impl Bench {
    pub fn run(self) -> anyhow::Result<()> {
        let mut arguments = vec!["bench", "--package", "bitpie-benches"];
        if let Some(of_its_own) = &self.of_its_own {
            const OF_NODE: &str = "benches/node/Cargo.toml";
            let (package, given): (&[&str], _) = match of_its_own {
                OfItsOwn::Api { arguments } => (&["--manifest-path", OF_NODE, "--bin", "api"], arguments),
                OfItsOwn::Dht { arguments } => (&["--package", "bitpie-bench-dht"], arguments),
                OfItsOwn::Node { arguments } => (&["--manifest-path", OF_NODE, "--bin", "node"], arguments),
                OfItsOwn::Transports { arguments } => (&["--manifest-path", OF_NODE, "--bin", "transports"], arguments),
            };
            arguments = [&["run", "--release"], package, &["--"]].concat();
            arguments.extend(given.iter().map(String::as_str));
        }
        for name in &self.names {
            arguments.extend(["--bench", name]);
        }
        run(&mut cargo(&arguments))
    }
}
