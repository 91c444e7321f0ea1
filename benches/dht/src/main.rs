//! What it takes to find a name, beside the plain get of one record by the crate `mainline`: the same DHT of sixty
//! nodes on loopback, the same kind of client, the same run.

mod clients;
mod network;
#[allow(dead_code, reason = "the benchmark of the node uses more of it")]
#[path = "../../node/src/rounds.rs"]
mod rounds;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};

use clients::{Contender, State};
use network::Network;
use rounds::Table;

#[derive(Parser)]
#[command(name = "cargo xtask bench dht", about = "Names beside plain records, in a DHT of sixty nodes on loopback.")]
struct Arguments {
    /// Which; all of them if none is named
    what: Vec<What>,
    /// Rounds, of which the median is shown
    #[arg(long, default_value_t = 21, value_parser = clap::value_parser!(u32).range(1..=101))]
    rounds: u32,
    /// Five rounds, to see that it works; the figures say little
    #[arg(long)]
    quick: bool,
}

/// What is compared.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
enum What {
    /// By a client that was just started: from the start, and from when it has heard of others
    Cold,
    /// By a client that has asked for other things before
    Warm,
    /// Until it is known who claims a name, and that nobody else does
    Complete,
}

/// Claimants of the names of which the complete list is wanted.
const CLAIMANTS: [u8; 3] = [1, 3, 10];

fn main() -> anyhow::Result<()> {
    let Arguments { what, rounds, quick } = Arguments::parse();
    let rounds = if quick { 5 } else { rounds };
    let wanted = |one: What| what.is_empty() || what.contains(&one);
    tell_machine();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut network = runtime.block_on(Network::new(&CLAIMANTS)).context("the DHT on loopback")?;
    println!(
        "a DHT of {} nodes on loopback, clients which wait {} ms for each node",
        network::NODES,
        network::REQUEST_TIMEOUT.as_millis()
    );
    let first = [
        ("mainline: first value of a record", Contender::FirstValue),
        ("mainline: newest of all values", Contender::NewestValue),
        ("bitpie: first claimant of a name", Contender::FirstClaimant),
    ];
    let mut compare = |title: &str, state: State, contenders: &[(&str, Contender)]| {
        let table = Table { title: title.to_owned(), columns: vec!["ms"], against: 0 };
        rounds::compare(&table, rounds, contenders, |contender| {
            let took = runtime.block_on(clients::measure(&mut network, state, *contender))?;
            Ok(vec![took.as_secs_f64() * 1e3])
        })
    };
    if wanted(What::Cold) {
        compare("a client that is just started, and hears of others first", State::New, &first)?;
        compare("a client that was just started, and has heard of others", State::Joined, &first)?;
    }
    if wanted(What::Warm) {
        compare("a client that has asked for other things before", State::Used, &first)?;
    }
    if wanted(What::Complete) {
        let complete = [
            ("mainline: newest of all values", Contender::NewestValue),
            ("bitpie: all of 1 claimant", Contender::AllClaimants(CLAIMANTS[0])),
            ("bitpie: all of 3 claimants", Contender::AllClaimants(CLAIMANTS[1])),
            ("bitpie: all of 10 claimants", Contender::AllClaimants(CLAIMANTS[2])),
        ];
        compare("a client that was just started, and has heard of others: everything", State::Joined, &complete)?;
    }
    tell_load();
    Ok(())
}

/// What the figures were made on: they mean nothing without it.
fn tell_machine() {
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let described = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = described.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, it)| it);
    let model = model.unwrap_or("unknown");
    println!("{processors} processors ({model}), {}-{}", std::env::consts::ARCH, std::env::consts::OS);
    tell_load();
}

fn tell_load() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_else(|_| "unknown".to_owned());
    println!("load of the last 1, 5 and 15 minutes: {}", load.split(' ').take(3).collect::<Vec<_>>().join(", "));
}
