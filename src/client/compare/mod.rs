//! `bitpie compare`: asks several nodes the same, and shows where they do not agree.

mod ask;
mod difference;
mod ways;
mod webtransport;

use clap::Args;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::Context;
use super::failure::Failure;
use super::table::{Cell, Table};
use super::terminal::{BAD, GOOD, counted, print, print_json, safe, styled};
use ask::Place;
use difference::{Difference, differences};

/// Characters of a value that are shown.
const SHOWN: usize = 40;

/// Whom `bitpie compare` asks, and for what.
#[derive(Args)]
#[command(
    after_help = "A node is HOST:PORT or http://HOST:PORT (HTTP), ws://HOST:PORT (WebSocket), or https://HOST:PORT (WebTransport). The \
    certificate of WebTransport is checked by its SHA-256 hash: give it as https://HOST:PORT#HASH, or it is fetched over HTTP from port 38081 of HOST. \
    Nodes are asked without a token, so only public methods are answered. Exit code 1 if the answers differ, or a node does not answer.\n\n\
    Examples:\n  bitpie compare 127.0.0.1:38081 192.0.2.7:38081 ws://192.0.2.8:38082\n  \
    bitpie compare 127.0.0.1:38081 192.0.2.7:38081 --method findnickname --params '{\"name\": \"alice\"}'"
)]
pub struct Compare {
    /// The nodes
    #[arg(value_name = "NODE", required = true, num_args = 2..)]
    nodes: Vec<Place>,
    /// The method that they are asked for
    #[arg(long, value_name = "METHOD", default_value = "getservices")]
    method: String,
    /// Its parameters, as a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}")]
    params: String,
}

/// `bitpie compare`
pub(super) fn perform(compare: &Compare, context: &Context<'_>) -> Result<(), Failure> {
    let params: Value = serde_json::from_str(&compare.params).map_err(|error| {
        Failure::here(format!("--params is not valid JSON: {error}"), "give an object, like '{\"name\": \"alice\"}'")
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::here(format!("this process cannot wait: {error}"), "close other programs"))?;
    let asked = compare.nodes.iter().map(|node| node.ask(&compare.method, &params));
    let answers = runtime.block_on(join_all(asked));
    let good: Vec<Value> = answers.iter().filter_map(|answer| answer.as_ref().ok().cloned()).collect();
    let found = differences(&good);
    let is_complete = good.len() == answers.len();
    if context.json {
        let answers = answers.iter().map(|answer| match answer {
            Ok(answer) => json!({ "answer": answer }),
            Err(error) => json!({ "problem": error.to_string() }),
        });
        let differences = found.iter().map(|it| json!({ "path": it.path, "values": it.values }));
        print_json(&json!({
            "agree": is_complete && found.is_empty(),
            "nodes": answers.collect::<Vec<_>>(),
            "differences": differences.collect::<Vec<_>>(),
        }))?;
    } else {
        let problems = compare.nodes.iter().zip(&answers).enumerate().filter_map(|(number, (node, answer))| {
            let problem = answer.as_ref().err()?;
            Some(format!("{} {} does not answer: {}\n", number + 1, shown_place(node), safe(&problem.to_string())))
        });
        print(&text(&compare.nodes, &problems.collect::<String>(), &found, good.len()))?;
    }
    if is_complete && found.is_empty() { Ok(()) } else { Err(Failure::Told) }
}

fn shown_place(place: &Place) -> String {
    match place {
        Place::Http(at) => format!("http://{}", safe(at)),
        Place::WebSocket(at) => format!("ws://{}", safe(at)),
        Place::WebTransport { at, .. } => format!("https://{}", safe(at)),
    }
}

fn text(nodes: &[Place], problems: &str, found: &[Difference], answered: usize) -> String {
    let nodes: String =
        nodes.iter().enumerate().map(|(number, node)| format!("{} {}\n", number + 1, shown_place(node))).collect();
    let verdict = match (answered, found.len()) {
        (0 | 1, _) => styled(BAD, "There is nothing to compare."),
        (answered, 0) => styled(GOOD, format!("{answered} nodes say the same.")),
        (_, differences) => styled(BAD, format!("They differ in {}.", counted(differences as u64, "place"))),
    };
    let mut table = Table::new(&["WHERE", "NODE", "SAYS"]);
    for difference in found {
        for (number, value) in difference.values.iter().enumerate() {
            let path = if number == 0 { shown_path(&difference.path) } else { String::new() };
            table.row([Cell::new(path), Cell::number(number + 1), Cell::maybe(value.as_ref().map(shown))]);
        }
    }
    let table = if found.is_empty() { String::new() } else { format!("\n{}", table.render()) };
    format!("{nodes}{problems}{verdict}\n{table}")
}

fn shown_path(path: &str) -> String {
    if path.is_empty() { "the whole".to_owned() } else { path.to_owned() }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    let short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}
