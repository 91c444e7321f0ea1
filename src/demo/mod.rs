//! `bitpie demo`: three real nodes in one process, with homes of their own and real sockets on loopback, who find each
//! other and talk. One is stopped and comes back; in the end their traces are replayed: what they did has to be what
//! the definitions say.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "it runs whole nodes")]

mod person;
pub mod replay;
mod teller;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use tokio::time::Instant;

use crate::api::answers::MessageState;
use crate::name::TransportName;
use person::Person;
use teller::Teller;

/// The exit code if a replay shows something else than what was recorded.
const REPLAY_DIFFERS: u8 = 1;

/// How the demo is run.
#[derive(Clone, Debug, Default)]
pub struct DemoOptions {
    /// Leave homes and traces there.
    pub keep: Option<PathBuf>,
    /// One JSON object for each step, and nothing else.
    pub json: bool,
}

/// Runs the demo.
///
/// # Errors
/// What did not come about, and where the homes and traces are that tell why.
pub fn run(options: &DemoOptions) -> anyhow::Result<ExitCode> {
    let (folder, is_kept) = match &options.keep {
        Some(folder) => (prepared(folder)?, true),
        None => (temporary()?, false),
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("the runtime cannot be started")?;
    let teller = Teller { began: Instant::now(), json: options.json };
    let told = tokio::task::LocalSet::new().block_on(&runtime, story(&folder, &teller));
    let traces = told.map_err(|error| {
        error.context(format!("the demo came to no good end; homes and traces are in {}", folder.display()))
    })?;
    for (name, files) in &traces {
        match replay::replay(files) {
            Ok(deliveries) => {
                let traces = if files.len() == 1 { "1 trace".to_owned() } else { format!("{} traces", files.len()) };
                teller.tell(name, &format!("replayed: {deliveries} deliveries, all as recorded ({traces})"));
            }
            Err(error) => {
                eprintln!(
                    "error: the replay of {name}'s node shows something else than what it has recorded: {error:#}"
                );
                eprintln!("homes and traces are in {}", folder.display());
                return Ok(ExitCode::from(REPLAY_DIFFERS));
            }
        }
    }
    if is_kept {
        teller.tell("", &format!("Homes, logs and traces are in {}", folder.display()));
        if let Some(newest) = traces.first().and_then(|(_, files)| files.last()) {
            teller.tell("", &format!("To see what alice's node did: cargo automata replay {}", newest.display()));
        }
    } else {
        let _ = std::fs::remove_dir_all(&folder);
        teller.tell(
            "",
            "The homes are gone; `bitpie demo --keep DIR` leaves them, with a trace of everything that happened.",
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn prepared(folder: &Path) -> anyhow::Result<PathBuf> {
    let folder = std::path::absolute(folder).with_context(|| format!("{} is not a folder", folder.display()))?;
    if folder.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{} is not empty: choose a folder that is not there yet", folder.display());
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(folder)
}

fn temporary() -> anyhow::Result<PathBuf> {
    let unique: [u8; 8] = crate::home::entropy::random();
    let name = format!("bitpie-demo-{}", data_encoding::HEXLOWER.encode(&unique));
    prepared(&std::env::temp_dir().join(name))
}

/// Whose traces lie where.
type Traces = Vec<(&'static str, Vec<PathBuf>)>;

async fn story(folder: &Path, teller: &Teller) -> anyhow::Result<Traces> {
    teller.tell("", "Three nodes start on this machine, each with an identity, a home and a port of its own.");
    let mut alice = Person::new("alice", folder, "")?;
    alice.start().await?;
    teller.tell(alice.name, &format!("is {}", alice.address()?));
    // Whoever comes later hears of the DHT by her node; it is none of the public one.
    let dht = alice.dht().await?;
    let mut bob = Person::new("bob", folder, &dht)?;
    let mut carol = Person::new("carol", folder, &dht)?;
    for person in [&mut bob, &mut carol] {
        person.start().await?;
        teller.tell(person.name, &format!("is {}", person.address()?));
    }

    teller.tell("", "Each registers a nickname in a distributed hash table that the three nodes carry themselves.");
    for person in [&alice, &bob, &carol] {
        let place = person.is_known().await?;
        teller.tell(person.name, &format!("is known by that name, in place {place} of it."));
    }
    let fingerprint = alice.finds("bob").await?;
    teller.tell("alice", &format!("looks for `bob`, and finds {fingerprint}…"));
    let fingerprint = bob.finds("alice").await?;
    teller.tell("bob", &format!("looks for `alice`, and finds {fingerprint}…"));
    alice.sees("bob", true).await?;
    bob.sees("alice", true).await?;
    let way = alice.way_to("bob", None).await?;
    teller.tell("alice", &format!("and bob are connected {}: HELLO, PEER-ID, READY.", in_words(&way)));

    alice.says(teller, "bob", "Hello Bob, no server has seen this.", MessageState::Delivered).await?;
    bob.hears(teller, "alice").await?;
    bob.says(teller, "alice", "Hello Alice. I shall be away for a moment.", MessageState::Delivered).await?;
    alice.hears(teller, "bob").await?;

    bob.switch_off(&way).await?;
    teller.tell("bob", &format!("switches that way off: `bitpie service stop {way}-connections`."));
    let other_way = alice.way_to("bob", Some(&way)).await?;
    teller.tell("alice", &format!("and bob go on {}.", in_words(&other_way)));
    alice.says(teller, "bob", "Did you notice?", MessageState::Delivered).await?;
    bob.hears(teller, "alice").await?;

    bob.stop().await?;
    teller.tell("bob", "stops his node.");
    alice.sees("bob", false).await?;
    teller.tell("alice", "sees that bob is gone, and writes all the same.");
    let message = alice.writes(teller, "bob", "You will find this when you are back.").await?;

    bob.start().await?;
    teller.tell("bob", "starts his node again, at the same address.");
    alice.awaits(&message, MessageState::Delivered).await?;
    teller.tell("alice", "is told that the message is on bob's disk.");
    bob.hears(teller, "alice").await?;

    teller.tell("", "Carol looks for Bob's name too, but Bob does not know her.");
    carol.finds("bob").await?;
    carol.says(teller, "bob", "Hello, we have not met.", MessageState::Delivered).await?;
    bob.accepts(&carol).await?;
    teller.tell("bob", "is asked whether he wants to hear from her, and accepts.");
    bob.hears(teller, "carol").await?;
    bob.reads("carol").await?;
    carol.sees_read("bob").await?;
    teller.tell("carol", "sees that he has read it.");

    all_stop([alice, bob, carol], teller).await
}

/// By which way two nodes talk.
fn in_words(transport: &TransportName) -> String {
    match transport.as_str() {
        "tcp" => "by TCP, with Noise".to_owned(),
        "udp" => "by UDP, with QUIC".to_owned(),
        other => format!("by {other}"),
    }
}

async fn all_stop(people: [Person; 3], teller: &Teller) -> anyhow::Result<Traces> {
    teller.tell("", "All stop, and what their nodes recorded is run again by the definitions.");
    let mut traces = Traces::new();
    for mut person in people {
        let frames = person.frames().await?;
        person.stop().await?;
        let files = person.trace_files()?;
        anyhow::ensure!(!files.is_empty(), "{}'s node has left no trace", person.name);
        teller.tell(person.name, &format!("stops in order after {frames} frames."));
        traces.push((person.name, files));
    }
    Ok(traces)
}
