//! `getnodeinfo` by each way, beside a bare server that answers with the same bytes.

use std::time::Instant;

use anyhow::ensure;
use bitpie::api::access::Access;
use bitpie::api::answers::ApiPort;
use bitpie::api::methods::GetNodeInfo;
use bitpie_bench_node::Extent;
use bitpie_bench_node::nodes::{Listens, Node, until};
use bitpie_bench_node::rounds::{self, Table, quantile};
use bitpie_bench_node::sides::block_on;
use serde_json::json;

use crate::bare::Bare;
use crate::clients::{Client, Place, request};

/// Requests of a turn, one after the other.
const REQUESTS: u32 = 20_000;

/// Before it is measured.
const BEFORE: u32 = 200;

/// All ways.
const WAYS: [&str; 3] = ["http", "websocket", "webtransport"];

/// Where a node's API is by each way, with its token.
///
/// # Errors
/// If the ports are not open in time.
pub fn places(node: &Node) -> anyhow::Result<Vec<Place>> {
    block_on(async {
        let ports = until("the ports of the API are open", async || {
            let ports = node.ask(GetNodeInfo {}).await?.api;
            Ok((ports.len() == WAYS.len()).then_some(ports))
        })
        .await?;
        let access = until("api.json names the port of HTTP", async || {
            Ok(Access::read(node.home.folder())?.and_then(|it| it.http))
        });
        let token = Some(access.await?.token.text().to_owned());
        let place = |port: &ApiPort| {
            let at = port.address;
            Ok(match port.service.as_str() {
                "http-api" => Place::Http { at, token: token.clone() },
                "websocket-api" => Place::WebSocket { at, token: token.clone() },
                _ => {
                    let shown = port.certificates.iter().find(|certificate| certificate.is_shown);
                    let hash = shown.map(|shown| shown.sha256.parse());
                    let hash = hash.ok_or_else(|| anyhow::anyhow!("no certificate is shown"))?;
                    Place::WebTransport { at, hash: hash.map_err(anyhow::Error::msg)?, token: token.clone() }
                }
            })
        };
        ports.iter().map(place).collect()
    })
}

/// Each way, beside its bare server.
///
/// # Errors
/// What went wrong.
pub fn compare(extent: &Extent) -> anyhow::Result<()> {
    let node = Node::start(extent.folder(), "asked", Listens::Nowhere, true)?;
    let requests = if extent.is_quick { REQUESTS / 20 } else { REQUESTS };
    let asked = || request("getnodeinfo", json!({}));
    for place in places(&node)? {
        let way = match &place {
            Place::Http { .. } => WAYS[0],
            Place::WebSocket { .. } => WAYS[1],
            Place::WebTransport { .. } => WAYS[2],
        };
        let answer = block_on(async { Client::connect(&place).await?.ask(asked()).await })?;
        let bare = Bare::start(way, String::from_utf8(answer)?.trim_end().to_owned())?;
        let table = Table {
            title: format!("getnodeinfo over {way}, {requests} requests by one connection, one after the other"),
            columns: vec!["requests/s", "p50 µs", "p99 µs"],
            against: 0,
        };
        let contenders = [("bare", bare.place.clone()), ("bitpie", place)];
        rounds::compare(&table, extent.rounds, &contenders, |place| {
            block_on(async {
                let mut client = Client::connect(place).await?;
                for _ in 0..BEFORE {
                    client.ask(asked()).await?;
                }
                let mut times = Vec::with_capacity(requests as usize);
                let begun = Instant::now();
                for _ in 0..requests {
                    let sent = Instant::now();
                    let answer = client.ask(asked()).await?;
                    times.push(sent.elapsed().as_secs_f64() * 1e6);
                    ensure!(answer.starts_with(b"{\"jsonrpc\""), "it is no answer");
                }
                let per_second = f64::from(requests) / begun.elapsed().as_secs_f64();
                Ok(vec![per_second, quantile(&mut times, 0.5), quantile(&mut times, 0.99)])
            })
        })?;
    }
    node.stop()
}
