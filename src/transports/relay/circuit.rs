//! One circuit, from the first words of its first stream to its end.

use std::future::pending;
use std::pin::Pin;
use std::sync::atomic::AtomicU64;

use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;

use super::event::{CircuitNumber, RelayEvent};
use super::inner::Inner;
use super::orders::Order;
use super::{preface, splice};
use crate::identity::NodeId;
use crate::transports::sessions::{Caller, lock};
use crate::transports::{BulkStream, OpeningBulk};
use crate::wire::{BulkAnswer, BulkOpening};

/// Lives until it has ended; then that is told.
pub(super) async fn run(inner: &Inner, number: CircuitNumber, first: BulkStream, event: RelayEvent) {
    let (orders, told) = mpsc::unbounded_channel();
    lock(&inner.circuits).insert(number, orders);
    let bytes = AtomicU64::new(0);
    // Nobody is there to be told when the node ends.
    if inner.events.send(event).await.is_ok() {
        live(inner, number, told, first, &bytes).await;
    }
    lock(&inner.circuits).remove(&number);
    let _ = inner.events.send(RelayEvent::Ended { circuit: number, bytes: bytes.into_inner() }).await;
}

/// Whether the other side takes the session, once that is known.
type Offered = Pin<Box<dyn Future<Output = Option<(BulkStream, BulkAnswer)>> + Send>>;

/// What the last order leads to, until the end of the circuit.
type LastOrder<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Until it has ended.
async fn live(
    inner: &Inner,
    number: CircuitNumber,
    mut told: mpsc::UnboundedReceiver<Order>,
    mut first: BulkStream,
    bytes: &AtomicU64,
) {
    let mut offered: Offered = Box::pin(pending());
    let mut second = None;
    loop {
        let order = tokio::select! {
            order = told.recv() => order,
            asked = &mut offered => {
                offered = Box::pin(pending());
                let (event, stream) = match asked {
                    Some((stream, BulkAnswer::Taken)) => (RelayEvent::Taken { circuit: number }, Some(stream)),
                    Some((_, BulkAnswer::TurnedDown(_))) | None => (RelayEvent::NotTaken { circuit: number }, None),
                };
                second = stream;
                let _ = inner.events.send(event).await;
                continue;
            }
            // Whoever has asked says nothing before it has the answer; if it does, or goes, that is the end.
            _ = first.read_u8() => return,
        };
        let last: LastOrder = match order {
            Some(Order::Offer { stream, caller }) => {
                offered = Box::pin(ask(stream, caller));
                continue;
            }
            Some(Order::Join { bytes_per_second }) => Box::pin(join(first, second, bytes_per_second, bytes)),
            Some(Order::TurnDown(reason)) => Box::pin(async move {
                let _ = preface::turn_down(&mut first, reason).await;
            }),
            Some(Order::Take(by)) => Box::pin(take(inner, first, by)),
            // It is cut.
            None => return,
        };
        return tokio::select! {
            () = last => {}
            () = until_cut(told) => {}
        };
    }
}

async fn join(mut first: BulkStream, second: Option<BulkStream>, bytes_per_second: u64, bytes: &AtomicU64) {
    if let Some(second) = second
        && preface::answer(&mut first, BulkAnswer::Taken).await.is_ok()
    {
        splice::splice(first, second, bytes_per_second, bytes).await;
    }
}

async fn take(inner: &Inner, mut first: BulkStream, by: Caller) {
    if preface::answer(&mut first, BulkAnswer::Taken).await.is_ok() {
        inner.sessions.called(first, by);
    }
}

async fn ask(stream: OpeningBulk, caller: NodeId) -> Option<(BulkStream, BulkAnswer)> {
    let mut stream = stream.await.ok()?;
    let answer = preface::ask(&mut stream, BulkOpening::Call(caller)).await.ok()?;
    Some((stream, answer))
}

/// Until nobody can give orders any more; those that come before are too late.
async fn until_cut(mut told: mpsc::UnboundedReceiver<Order>) {
    while told.recv().await.is_some() {}
}
