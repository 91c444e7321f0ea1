//! Messages handed over one after the other at each of so many places, and how long each took to be answered.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};

use crate::journal::Journal;
use crate::machine;
use crate::rounds::{Figures, quantile};
use crate::sides::{Line, Request};

/// Bytes of a message: a few sentences.
pub const MESSAGE_BYTES: usize = 256;

/// Messages that nobody times: until then, connections and caches are as they stay.
pub const WARM_UP: usize = 50;

/// How long a turn takes, and how many are under way.
#[derive(Clone, Copy)]
pub struct Turn {
    /// How many.
    pub at_a_time: usize,
    /// How long.
    pub time: Duration,
}

/// Times as they were found, in milliseconds, and how long all took.
pub struct Timed {
    /// Of each message.
    pub latencies: Vec<f64>,
    seconds: f64,
    processor_seconds: f64,
}

/// When it began, by the clock and by the processors.
pub struct Begun {
    /// By the clock.
    pub at: Instant,
    processor_seconds: f64,
}

impl Begun {
    /// Now.
    pub fn now() -> Self {
        Self { at: Instant::now(), processor_seconds: machine::processor_seconds() }
    }

    /// What came of it.
    pub fn ended(&self, latencies: Vec<f64>) -> Timed {
        let processor_seconds = machine::processor_seconds() - self.processor_seconds;
        Timed { latencies, seconds: self.at.elapsed().as_secs_f64(), processor_seconds }
    }
}

impl Timed {
    /// Messages in a second, two quantiles of the latency, and the processor time of each.
    pub fn figures(mut self) -> Figures {
        let messages = self.latencies.len() as f64;
        let (p50, p99) = (quantile(&mut self.latencies, 0.5), quantile(&mut self.latencies, 0.99));
        vec![messages / self.seconds, p50, p99, self.processor_seconds * 1e6 / messages]
    }
}

/// Hands over messages of an alternative, one after the other at each of so many places.
///
/// # Errors
/// If the connection or the journal fails.
pub async fn exchange(line: Line, journal: Option<Journal>, turn: Turn) -> anyhow::Result<Figures> {
    let Line { requests, ended } = line;
    for id in 0..WARM_UP {
        one_exchange(&requests, journal.as_ref(), id as u64).await?;
    }
    let begun = Begun::now();
    let next = std::cell::Cell::new(WARM_UP as u64);
    let place = async || {
        let mut latencies = Vec::new();
        while begun.at.elapsed() < turn.time {
            let id = next.replace(next.get() + 1);
            latencies.push(one_exchange(&requests, journal.as_ref(), id).await?);
        }
        anyhow::Ok(latencies)
    };
    let mut places: FuturesUnordered<_> = (0..turn.at_a_time).map(|_| place()).collect();
    let mut latencies = Vec::new();
    while let Some(found) = places.next().await {
        latencies.extend(found?);
    }
    let figures = begun.ended(latencies).figures();
    drop(places);
    drop(requests);
    ended.await.context("the connection ends")?;
    Ok(figures)
}

/// One message; how long it took from when it was committed here.
async fn one_exchange(requests: &mpsc::Sender<Request>, journal: Option<&Journal>, id: u64) -> anyhow::Result<f64> {
    let payload = vec![b'm'; MESSAGE_BYTES];
    if let Some(journal) = journal {
        journal.insert(id, payload.clone()).await?;
    }
    let accepted = Instant::now();
    let (answered, answer) = oneshot::channel();
    requests.send(Request { payload, answered }).await.ok().context("the connection is lost")?;
    answer.await.context("no answer comes")?;
    if let Some(journal) = journal {
        journal.delivered(id).await?;
    }
    Ok(accepted.elapsed().as_secs_f64() * 1e3)
}
