//! Clients of the DHT that look something up, and how long that takes.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bitpie::dht::{Directory, NICKNAME_SLOTS};
use bitpie::nickname::Nickname;
use futures_util::StreamExt as _;
use mainline::async_dht::AsyncDht;

use crate::network::{Network, now_unix_ms};

/// Lookups of other things that a used client has done before.
const LOOKUPS_BEFORE: usize = 10;

/// What is looked up.
#[derive(Clone, Copy)]
pub enum Contender {
    /// A plain record, until the first node gives it.
    FirstValue,
    /// A plain record, until everybody has answered who is near to its key.
    NewestValue,
    /// A name, until somebody is known who claims it: signed, in a slot, and with a document that agrees.
    FirstClaimant,
    /// A name with so many claimants, until all slots have answered.
    AllClaimants(u8),
}

/// What the client has done before.
#[derive(Clone, Copy)]
pub enum State {
    /// Nothing: its start is in the time.
    New,
    /// It has been started, and has heard of others.
    Joined,
    /// It has looked other things up.
    Used,
}

/// Has a client look it up, and says how long that took. Names and records are new each time, so that nobody knows
/// where they are.
///
/// # Errors
/// If it is not found.
pub async fn measure(network: &mut Network, state: State, contender: Contender) -> anyhow::Result<Duration> {
    match contender {
        Contender::FirstValue | Contender::NewestValue => {
            let key = network.record().await?;
            let begun = Instant::now();
            let client = match state {
                State::Used => used(network).await?.1,
                State::New | State::Joined => network.plain()?,
            };
            let begun = match state {
                State::New => begun,
                State::Joined | State::Used => {
                    ensure!(client.bootstrapped().await, "a client hears of nobody");
                    Instant::now()
                }
            };
            let found = match contender {
                Contender::FirstValue => client.get_mutable(&key, None, None).next().await,
                _ => client.get_mutable_most_recent(&key, None).await,
            };
            let took = begun.elapsed();
            ensure!(found.is_some(), "a record is not found");
            Ok(took)
        }
        Contender::FirstClaimant | Contender::AllClaimants(_) => {
            let (name, count) = match contender {
                Contender::AllClaimants(count) => (network.shared(count), count),
                _ => (network.name(1).await?, 1),
            };
            let begun = Instant::now();
            let client = match state {
                State::Used => used(network).await?.0,
                State::New | State::Joined => network.directory()?,
            };
            let begun = match state {
                State::New => begun,
                State::Joined | State::Used => {
                    ensure!(client.dht().is_anybody_there().await, "a client hears of nobody");
                    Instant::now()
                }
            };
            let found = match contender {
                Contender::FirstClaimant => claimants(&client, &name, true).await,
                _ => claimants(&client, &name, false).await,
            };
            let took = begun.elapsed();
            ensure!(found == usize::from(count), "of {count} claimants {found} are found");
            Ok(took)
        }
    }
}

/// How many claimants come in, if the first is enough or all are wanted.
async fn claimants(client: &Directory, name: &Nickname, first: bool) -> usize {
    let enough = if first { 1 } else { usize::MAX };
    let search = client.search(name, NICKNAME_SLOTS, first, now_unix_ms());
    let found = search.filter_map(|answer| async { answer.claimant });
    found.take(enough).count().await
}

/// The clients that have been used for a while.
async fn used(network: &mut Network) -> anyhow::Result<(Directory, AsyncDht)> {
    if network.used.is_none() {
        let (ours, plain) = (network.directory()?, network.plain()?);
        for _ in 0..LOOKUPS_BEFORE {
            let (name, key) = (network.name(1).await?, network.record().await?);
            ensure!(claimants(&ours, &name, true).await == 1, "a name is not found");
            plain.get_mutable(&key, None, None).next().await.context("a record is not found")?;
        }
        network.used = Some((ours, plain));
    }
    Ok(network.used.clone().expect("it was just made"))
}
