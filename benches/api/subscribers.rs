//! A thousand subscriptions to what the automata do. A service is switched off and on; each subscription is told of the
//! transitions that this leads to.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use bitpie::api::conversation::SUBSCRIPTIONS;
use bitpie::api::methods::{StartService, StopService};
use bitpie_bench_node::nodes::{Listens, Node};
use bitpie_bench_node::rounds::quantile;
use bitpie_bench_node::sides::block_on;
use bitpie_bench_node::{Extent, machine};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::clients::{Client, Place, request};
use crate::requests::places;

/// Subscriptions, over as many connections as they need.
const SUBSCRIBERS: usize = 1_000;

/// How often something happens.
const EVENTS: usize = 20;

/// How long all may take to be told of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The service that is switched, on which no other depends.
const SERVICE: &str = "public-api";

/// What stands in the line of the trace that everybody waits for.
const MARK: &str = "public-api";

/// Measures and tells.
///
/// # Errors
/// What went wrong.
pub fn measure(extent: &Extent) -> anyhow::Result<()> {
    let subscribers = if extent.is_quick { SUBSCRIBERS / 10 } else { SUBSCRIBERS };
    let node = Node::start(extent.folder(), "told", Listens::Nowhere, true)?;
    let places = places(&node)?;
    let place = places.iter().find(|place| matches!(place, Place::WebSocket { .. })).context("there is WebSocket")?;
    block_on(async {
        let before = machine::resident_bytes()?;
        let (told, mut hears) = mpsc::unbounded_channel();
        let mut left = subscribers;
        while left > 0 {
            let count = left.min(SUBSCRIPTIONS);
            left -= count;
            let client = subscribed(place, count).await?;
            tokio::task::spawn_local(listen(client, told.clone()));
        }
        let each = (machine::resident_bytes()? - before) / subscribers as f64 / 1_024.0;
        let (mut medians, mut lasts) = (Vec::new(), Vec::new());
        for event in 0..EVENTS {
            // What the last one has led to is over.
            while timeout(Duration::from_millis(200), hears.recv()).await.is_ok() {}
            let begun = Instant::now();
            // The service is off at first.
            let name = SERVICE.parse()?;
            match event % 2 {
                0 => drop(node.ask(StartService { name }).await?),
                _ => drop(node.ask(StopService { name }).await?),
            }
            let mut delays = Vec::with_capacity(subscribers);
            let mut seen = std::collections::HashSet::new();
            while seen.len() < subscribers {
                let heard = timeout(PATIENCE, hears.recv()).await.context("not all were told")?;
                let (who, at): ((usize, u64), Instant) = heard.context("nobody listens any more")?;
                if at >= begun && seen.insert(who) {
                    delays.push(at.duration_since(begun).as_secs_f64() * 1e3);
                }
            }
            medians.push(quantile(&mut delays, 0.5));
            lasts.push(quantile(&mut delays, 1.0));
        }
        println!(
            "\n{subscribers} subscriptions to what the automata do, {SUBSCRIPTIONS} to a connection, {EVENTS} events"
        );
        println!(
            "  from the request until half of them are told: {:.1} ms (median of the events)",
            quantile(&mut medians, 0.5)
        );
        println!(
            "  until the last one is told: {:.1} ms (median), {:.1} ms (the worst)",
            quantile(&mut lasts, 0.5),
            quantile(&mut lasts, 1.0)
        );
        println!("  resident memory of a subscription, with its share of both ends of the connection: {each:.1} KiB");
        Ok(())
    })?;
    node.stop()
}

/// A connection with so many subscriptions, each of which has had its snapshot.
async fn subscribed(place: &Place, count: usize) -> anyhow::Result<Client> {
    let mut client = Client::connect(place).await?;
    for _ in 0..count {
        client.say(request("subscribe", json!({ "topic": "automata" }))).await?;
    }
    let (mut answers, mut snapshots) = (0, 0);
    while answers < count || snapshots < count {
        let heard: Value = serde_json::from_slice(&client.hear().await?)?;
        ensure!(heard.get("error").is_none(), "{heard}");
        answers += usize::from(heard["result"]["subscription"].is_u64());
        snapshots += usize::from(heard["params"]["data"]["begins"] == true);
    }
    Ok(client)
}

/// Tells each time that a subscription is told of the service.
async fn listen(mut client: Client, told: mpsc::UnboundedSender<((usize, u64), Instant)>) -> anyhow::Result<()> {
    let which = std::ptr::from_ref(&client).addr();
    loop {
        let heard = client.hear().await?;
        let at = Instant::now();
        if contains(&heard, MARK) {
            let heard: Value = serde_json::from_slice(&heard)?;
            let Some(subscription) = heard["params"]["subscription"].as_u64() else { bail!("{heard}") };
            told.send(((which, subscription), at))?;
        }
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
