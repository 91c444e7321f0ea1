//! Messages from one side to the other: accepted here, acknowledged from there, so many under way at a time.
//!
//! A node commits each message twice: before it is accepted from the user, and at the other side before it is
//! acknowledged; and a third time when that is known. An echo does not, so there are two kinds of alternatives: as they
//! are, and with a journal in SQLite at each side that commits at the same three moments. A message goes in and out
//! without the API's socket.

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bitpie::api::hidden::Hidden;
use bitpie::api::methods::SendMessage;
use bitpie_bench_node::exchange::{Begun, MESSAGE_BYTES, Timed, Turn, WARM_UP, exchange};
use bitpie_bench_node::journal::Journal;
use bitpie_bench_node::libp2p_side::{self, Carrier};
use bitpie_bench_node::nodes::{Node, answer_of, pair};
use bitpie_bench_node::rounds::{self, Figures, Table};
use bitpie_bench_node::sides::{across, block_on};
use bitpie_bench_node::{Extent, echo};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use rusqlite::{Connection, OpenFlags};
use tokio::net::{TcpListener, TcpStream};

/// Messages of a turn, at most: a node keeps no more of a contact that are not read.
const MESSAGES: usize = 9_000;

/// Messages under way at a time.
const AT_A_TIME: [usize; 2] = [1, 64];

/// After this, a message that has not arrived does not arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who carries the messages.
#[derive(Clone, Copy)]
enum Contender {
    Nodes { is_recorded: bool },
    TcpEcho { is_committed: bool },
    Libp2p { is_committed: bool },
}

/// Nodes beside the alternatives.
///
/// # Errors
/// What went wrong.
pub fn compare(extent: &Extent) -> anyhow::Result<()> {
    let contenders = [
        ("bitpie: signed, sealed, committed", Contender::Nodes { is_recorded: true }),
        ("TCP echo", Contender::TcpEcho { is_committed: false }),
        ("TCP echo + SQLite", Contender::TcpEcho { is_committed: true }),
        ("libp2p", Contender::Libp2p { is_committed: false }),
        ("libp2p + SQLite", Contender::Libp2p { is_committed: true }),
    ];
    compare_these(extent, "", &contenders, &AT_A_TIME)
}

/// Nodes that record a trace beside nodes that do not.
///
/// # Errors
/// What went wrong.
pub fn compare_traces(extent: &Extent) -> anyhow::Result<()> {
    let contenders = [
        ("without a trace", Contender::Nodes { is_recorded: false }),
        ("with a trace", Contender::Nodes { is_recorded: true }),
    ];
    compare_these(extent, "between nodes of bitpie, ", &contenders, &AT_A_TIME)
}

fn compare_these(
    extent: &Extent,
    between: &str,
    contenders: &[(&str, Contender)],
    at_a_time: &[usize],
) -> anyhow::Result<()> {
    for &at_a_time in at_a_time {
        let time = Duration::from_millis(if extent.is_quick { 300 } else { 3_000 });
        let turn = Turn { at_a_time, time };
        let table = Table {
            title: format!("messages of {MESSAGE_BYTES} bytes, {between}{at_a_time} at a time"),
            columns: vec!["messages/s", "p50 ms", "p99 ms", "CPU µs each"],
            against: 0,
        };
        rounds::compare(&table, extent.rounds, contenders, |contender| run(extent, *contender, turn))?;
    }
    Ok(())
}

fn run(extent: &Extent, contender: Contender, turn: Turn) -> anyhow::Result<Figures> {
    let folder = tempfile::tempdir_in(extent.folder())?;
    match contender {
        Contender::Nodes { is_recorded } => {
            block_on(async { between_nodes(pair(folder.path(), is_recorded).await?, turn).await })
        }
        Contender::TcpEcho { is_committed } => with_journals(folder.path(), is_committed, |here, there| {
            across(
                |told| async move {
                    let listener = TcpListener::bind("127.0.0.1:0").await?;
                    told.send(listener.local_addr()?)?;
                    echo::serve_socket(listener.accept().await?.0, there).await
                },
                |address| async move {
                    exchange(echo::connect_socket(TcpStream::connect(address).await?)?, here, turn).await
                },
            )
        }),
        Contender::Libp2p { is_committed } => with_journals(folder.path(), is_committed, |here, there| {
            across(
                |told| libp2p_side::serve(Carrier::Tcp, told, there),
                |address| async move { exchange(libp2p_side::connect(address).await?, here, turn).await },
            )
        }),
    }
}

/// With a journal at each side, or without.
fn with_journals<T>(
    folder: &Path,
    is_committed: bool,
    work: impl FnOnce(Option<Journal>, Option<Journal>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    if !is_committed {
        return work(None, None);
    }
    let (here, of_here) = Journal::start(&folder.join("here.db"))?;
    let (there, of_there) = Journal::start(&folder.join("there.db"))?;
    let found = work(Some(here), Some(there))?;
    of_here.join()?;
    of_there.join()?;
    Ok(found)
}

/// Hands over messages to a node, as many at a time as there are to be under way, and looks into its database for how
/// many are delivered: it delivers to one contact in order.
async fn between_nodes((mut here, there): (Node, Node), turn: Turn) -> anyhow::Result<Figures> {
    let database = Deliveries::of(&here)?;
    send_and_count(&mut here, &database, WARM_UP, 1, PATIENCE).await?;
    let timed = send_and_count(&mut here, &database, MESSAGES, turn.at_a_time, turn.time).await?;
    let sent = WARM_UP + timed.latencies.len();
    let arrived = Deliveries::of(&there)?.arrived()?;
    ensure!(arrived == sent as u64, "{sent} messages were sent, and {arrived} have arrived");
    drop(database);
    here.stop()?;
    there.stop()?;
    Ok(timed.figures())
}

async fn send_and_count(
    here: &mut Node,
    database: &Deliveries,
    messages: usize,
    at_a_time: usize,
    time: Duration,
) -> anyhow::Result<Timed> {
    let before = database.delivered()?;
    let (mut begun, mut delivered) = (0, 0);
    let mut answers = FuturesOrdered::new();
    let mut under_way = VecDeque::new();
    let mut latencies = Vec::new();
    let start = Begun::now();
    loop {
        while begun < messages && begun - latencies.len() < at_a_time && start.at.elapsed() < time {
            let text = Hidden("m".repeat(MESSAGE_BYTES));
            let sending = here.begin(SendMessage { to: "there".to_owned(), text, expires_ms: None }).await?;
            answers.push_back(async move {
                let sent = answer_of::<SendMessage>(sending).await;
                (Instant::now(), sent)
            });
            begun += 1;
        }
        if latencies.len() == begun {
            break;
        }
        tokio::select! {
            // What was accepted first is asked first: a delivery that was seen has been accepted.
            biased;
            Some((accepted, sent)) = answers.next() => {
                sent?;
                under_way.push_back(accepted);
            }
            changed = here.changes.changed() => {
                changed.context("the node has ended")?;
                delivered = database.delivered()? - before;
            }
            () = tokio::time::sleep(PATIENCE) => anyhow::bail!("nothing has happened for {} s", PATIENCE.as_secs()),
        }
        while (latencies.len() as u64) < delivered
            && let Some(accepted) = under_way.pop_front()
        {
            latencies.push(accepted.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok(start.ended(latencies))
}

/// A node's database, to be looked at from outside.
struct Deliveries(Connection);

impl Deliveries {
    fn of(node: &Node) -> anyhow::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Ok(Self(Connection::open_with_flags(node.home.messages_database(), flags)?))
    }

    /// Messages that were delivered, by two numbers that the node keeps, so that looking costs little. Nothing ever
    /// comes in to this node.
    fn delivered(&self) -> anyhow::Result<u64> {
        let sql = "SELECT coalesce((SELECT max(position) FROM messages), 0)
            - coalesce((SELECT value FROM facts WHERE name = 'unfinished_deliveries'), 0)";
        Ok(self.0.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0))?.try_into()?)
    }

    fn arrived(&self) -> anyhow::Result<u64> {
        let sql = "SELECT count(*) FROM messages WHERE is_incoming = 1";
        Ok(self.0.query_row(sql, [], |row| row.get::<_, i64>(0))?.try_into()?)
    }
}
