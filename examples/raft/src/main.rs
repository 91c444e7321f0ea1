//! A short story of five nodes: an election, an entry, a leader that crashes, and a network that splits and heals.
//!
//! Another seed tells another story: `cargo run -- 7`.

use std::process::ExitCode;

use automata_runtime::{Automaton, Delivery, Recorder};
use raft::cluster::Cluster;
use raft::network::Weather;

/// Writes a line whenever a node changes its role.
struct Roles;

impl Recorder for Roles {
    fn record<A: Automaton>(&mut self, delivery: &Delivery<'_, A>) {
        let record = delivery.to_record();
        if let (Some(before), Some(after)) = (&record.before, &record.after)
            && before != after
        {
            let term =
                record.variables.get("term").map(|change| format!(", in term {}", change[1])).unwrap_or_default();
            println!("{:>7} ms  {}  {before} → {after}{term}  on {}", record.at_ms, record.instance, record.event);
        }
    }
}

const NODES: u8 = 5;

fn main() -> ExitCode {
    let seed = match std::env::args().nth(1).map(|word| word.parse()) {
        None => 1,
        Some(Ok(seed)) => seed,
        Some(Err(_)) => {
            eprintln!("usage: raft [SEED]\nThe seed is a whole number.");
            return ExitCode::from(2);
        }
    };
    let mut cluster = Cluster::new(NODES, seed, Roles);
    tell("Five nodes, and nobody leads.");
    run(&mut cluster, 1_000);
    let Some((first, _)) = newest_leader(&cluster) else { return nobody_leads() };

    tell(&format!("Node {first} leads. A client asks it to write 42 down."));
    cluster.propose(first, 42);
    run(&mut cluster, 300);
    show_logs(&cluster);

    tell(&format!("Node {first} crashes."));
    cluster.crash(first);
    run(&mut cluster, 1_500);
    let Some((second, _)) = newest_leader(&cluster) else { return nobody_leads() };

    tell(&format!("Node {second} leads, and is cut off from the others. What it writes down now is never safe."));
    cluster.restart(first);
    cluster.network().island = [second].into();
    cluster.propose(second, 13);
    run(&mut cluster, 1_500);
    let Some((third, _)) = newest_leader(&cluster) else { return nobody_leads() };

    tell(&format!("Node {third} leads the rest, and writes 43 down in bad weather."));
    cluster.network().weather = Weather::STORM;
    cluster.propose(third, 43);
    run(&mut cluster, 1_500);

    tell("The network is whole again, and the weather fair.");
    cluster.network().weather = Weather::FAIR;
    cluster.network().island.clear();
    run(&mut cluster, 1_500);
    show_logs(&cluster);
    ExitCode::SUCCESS
}

fn tell(text: &str) {
    println!("\n{text}");
}

fn run(cluster: &mut Cluster<Roles>, duration_ms: u64) {
    let end_ms = cluster.now_ms() + duration_ms;
    while cluster.step(end_ms).is_some() {}
}

/// Who leads in the newest term.
fn newest_leader(cluster: &Cluster<Roles>) -> Option<(u8, u64)> {
    cluster.leaders().max_by_key(|(_, term)| *term)
}

fn nobody_leads() -> ExitCode {
    println!("Nobody leads yet. With another seed somebody will.");
    ExitCode::FAILURE
}

fn show_logs(cluster: &Cluster<Roles>) {
    for (node, log) in (1..).zip(cluster.logs()) {
        let commands: Vec<u32> = log.committed().iter().map(|entry| entry.command).collect();
        let unsafe_yet = log.entries().len() - commands.len();
        println!("            node {node} has {commands:?} for certain, and {unsafe_yet} more");
    }
}
