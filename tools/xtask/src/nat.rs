//! `cargo xtask nat`: real nodes behind routers of every kind, and by which way two contacts talk.
//!
//! The test is in `tests/network_faults/nat`, and otherwise ignored. It runs in a process namespace of its own, so that
//! nodes and network namespaces are gone when it is, however it ends.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use clap::Args;

use crate::steps::{self, cargo, shown, works};

/// The test that is run.
const TEST: &str = "nat::contacts_behind_routers_of_every_kind";

/// Programs that make the networks, and what installs them.
const PROGRAMS: [(&str, &str); 4] =
    [("ip", "iproute2"), ("nft", "nftables"), ("unshare", "util-linux"), ("nsenter", "util-linux")];

/// Kinds of routers, as `tests/network_faults/nat/kinds.rs` has them.
const KINDS: [&str; 9] = ["open", "full", "address", "port", "symmetric", "naive", "port+cgn", "port+pcp", "noudp"];

/// Runs a program with an empty folder that is in memory, and vanishes with the namespace.
const HOMES_IN_MEMORY: &str = "mount -t tmpfs -o mode=0700 homes \"$0\" && exec \"$@\"";

/// Put real nodes behind routers of every kind, and show by which way they talk.
#[derive(Args)]
#[command(
    after_help = "Kinds: open (public address), full, address, port (cones; `port` is the usual home router), symmetric, naive \
    (Linux without a firewall), port+cgn (a second router at the provider), port+pcp (maps ports for those who ask; needs \
    miniupnpd), noudp.\n\nExamples:\n  cargo xtask nat\n  cargo xtask nat port symmetric\n  cargo xtask nat --pairs \
    port/port,full/naive --loss 5 --keep-logs /tmp/nat\n\ndocs/NAT.md tells how to read the table."
)]
pub struct Nat {
    /// The kind of router in front of the first node [default: every pair]
    #[arg(value_name = "KIND_A", value_parser = KINDS, requires = "kind_b")]
    kind_a: Option<String>,
    /// The kind of router in front of the second one
    #[arg(value_name = "KIND_B", value_parser = KINDS)]
    kind_b: Option<String>,
    /// Try these pairs
    #[arg(long, value_name = "A/B,…", value_delimiter = ',', value_parser = a_pair, conflicts_with = "kind_a")]
    pairs: Vec<String>,
    /// Each router drops this share of UDP packets
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=90))]
    loss: u8,
    /// Routers forget a mapping of UDP after so many seconds without a packet
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "1",
        value_parser = clap::value_parser!(u32).range(1..=3600)
    )]
    short_mappings: Option<u32>,
    /// How long two nodes may take to meet
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=600))]
    wait: u64,
    /// Pairs that are tried at the same time [default: as many as there are processors]
    #[arg(long, value_name = "NUMBER")]
    at_once: Option<usize>,
    /// Keep logs and traces of the nodes in this folder
    #[arg(long, value_name = "DIR")]
    keep_logs: Option<PathBuf>,
    /// Show what is found, and fail at nothing of it
    #[arg(long)]
    report: bool,
}

/// Two kinds with a stroke between them.
fn a_pair(text: &str) -> Result<String, String> {
    let is_kind = |name: &str| KINDS.contains(&name);
    match text.split_once('/') {
        Some((a, b)) if is_kind(a) && is_kind(b) => Ok(text.to_owned()),
        _ => Err(format!("write two of {} with a slash between them, like port/full", KINDS.join(", "))),
    }
}

impl Nat {
    pub fn run(self) -> anyhow::Result<()> {
        can_be_run()?;
        let asked = self.asked()?;
        let test = ["test", "--package", "bitpie", "--test", "network_faults"];
        // First, since in a process namespace Ctrl-C does not reach cargo.
        steps::run(&mut cargo(&[&test[..], &["--no-run"]].concat()))?;
        let run = cargo(&[&test[..], &["--", TEST, "--exact", "--ignored", "--nocapture"]].concat());
        let mut inside = steps::command("unshare", &["--pid", "--fork", "--kill-child", "--mount-proc"]);
        let homes = crate::target_folder().join("nat");
        std::fs::create_dir_all(&homes).with_context(|| format!("{} cannot be made", homes.display()))?;
        inside.args(["sh", "-c", HOMES_IN_MEMORY]).arg(&homes).arg(run.get_program()).args(run.get_args());
        inside.env("BITPIE_NAT", asked).env("TMPDIR", &homes).env("RUST_BACKTRACE", "0");
        println!("$ {}", shown(&run));
        // The test ends when this pipe closes, and everything that it has started with it.
        let mut child = inside.stdin(Stdio::piped()).spawn().context("`unshare` could not be started")?;
        let alive = child.stdin.take();
        let status = child.wait()?;
        drop(alive);
        if !status.success() {
            bail!("not all pairs are as they have to be ({status}); which and why is above");
        }
        Ok(())
    }

    /// For the test, as JSON.
    fn asked(&self) -> anyhow::Result<String> {
        let pairs = match (&self.kind_a, &self.kind_b) {
            (Some(a), Some(b)) => vec![format!("{a}/{b}")],
            _ => self.pairs.clone(),
        };
        let logs = match &self.keep_logs {
            None => None,
            Some(folder) => {
                std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
                Some(folder.canonicalize().with_context(|| format!("{} cannot be used", folder.display()))?)
            }
        };
        let asked = serde_json::json!({
            "pairs": pairs,
            "loss_percent": self.loss,
            "mapping_seconds": self.short_mappings,
            "wait_seconds": self.wait,
            "at_once": self.at_once.unwrap_or_else(steps::processors),
            "logs": logs,
            "report": self.report,
        });
        Ok(asked.to_string())
    }
}

/// Says what is missing.
fn can_be_run() -> anyhow::Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("`cargo xtask nat` needs the network namespaces of Linux");
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &str| std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    let missing: Vec<(&str, &str)> = PROGRAMS.into_iter().filter(|(program, _)| !is_there(program)).collect();
    if !missing.is_empty() {
        let names = |of: fn(&(&'static str, &'static str)) -> &'static str| {
            missing.iter().map(of).collect::<Vec<_>>().join(" and ")
        };
        bail!(
            "{} cannot be found.\nhelp: install {} (packages of Debian and its like)",
            names(|it| it.0),
            names(|it| it.1)
        );
    }
    if !works(Command::new("unshare").args(["--net", "--mount", "--pid", "--fork", "true"])) {
        bail!("`cargo xtask nat` needs root: it makes network namespaces, which vanish when it ends");
    }
    Ok(())
}
