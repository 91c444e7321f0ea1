//! The listening side: accepts what the limits allow, counts what they do not, and pauses when the system has no more
//! descriptors.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout_at};

use super::inner::{Inner, Listener};
use super::session;
use crate::transports::sessions::{BulkStream, Caller, Place, Refusals, lock};
use crate::transports::{CloseReason, ListenError, RefusedWhy, SessionNumber, TransportEvent, bind};

/// How long to wait when the system cannot accept (no more descriptors, no more memory), at first and at most.
const PAUSE: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];

pub(super) fn listen(inner: &Arc<Inner>, address: SocketAddr) {
    let mut listening = lock(&inner.listener);
    let bound = match &*listening {
        Some(listener) => Err(ListenError::AlreadyListening { at: listener.address }),
        None => open(inner, address).map_err(|error| bind::named(address, &error)),
    };
    match bound {
        Ok((socket, address)) => {
            let task = inner.shared.runtime.spawn(accept_all(Arc::clone(inner), socket, address)).abort_handle();
            *listening = Some(Listener { address, task });
        }
        Err(error) => inner.shared.tell(TransportEvent::ListenFailed { address, error }),
    }
}

pub(super) fn stop(inner: &Arc<Inner>) {
    let Some(listener) = lock(&inner.listener).take() else {
        inner.shared.tell(TransportEvent::ListeningStopped);
        return;
    };
    listener.task.abort();
    let events = inner.shared.events.clone();
    inner.shared.runtime.spawn(async move {
        // The port is free when the task is gone, and not earlier.
        while !listener.task.is_finished() {
            tokio::task::yield_now().await;
        }
        let _ = events.send(TransportEvent::ListeningStopped).await;
    });
}

/// Whether the port can be had there.
pub(super) fn can_listen(address: SocketAddr) -> bool {
    bind::listening(address).is_ok()
}

fn open(inner: &Inner, address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = bind::listening(address)?;
    let _runtime = inner.shared.runtime.enter();
    let listener = TcpListener::from_std(socket.into())?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

async fn accept_all(inner: Arc<Inner>, listener: TcpListener, address: SocketAddr) {
    if inner.shared.events.send(TransportEvent::Listening { address }).await.is_err() {
        return;
    }
    let mut refusals = Refusals::default();
    let mut pause = PAUSE[0];
    loop {
        let accepted = match refusals.due() {
            Some(due) => match timeout_at(due, listener.accept()).await {
                Ok(accepted) => accepted,
                Err(_) => {
                    refusals.tell(&inner.shared);
                    continue;
                }
            },
            None => listener.accept().await,
        };
        match accepted {
            Ok((socket, remote)) => {
                pause = PAUSE[0];
                let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
                accept(&inner, socket, remote, &mut refusals);
            }
            // One connection ended before it was accepted; the next one may be well.
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                if pause == PAUSE[0] {
                    tracing::warn!(%error, "no connection can be accepted for now; raise the limit of open files if that lasts");
                }
                sleep(pause).await;
                pause = (pause * 2).min(PAUSE[1]);
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

fn accept(inner: &Arc<Inner>, socket: TcpStream, remote: SocketAddr, refusals: &mut Refusals) {
    let number = inner.shared.numbers.next();
    match place(inner, number, remote, refusals) {
        Some(place) => session::accepted(inner, number, socket, remote, place),
        None => drop(socket),
    }
}

/// Somebody has called over a line that another node carries.
pub(super) fn called(inner: &Arc<Inner>, stream: BulkStream, by: Caller) {
    let number = inner.shared.numbers.next();
    let mut refusals = Refusals::default();
    if let Some(place) = place(inner, number, by.remote, &mut refusals) {
        session::called(inner, number, stream, by, place);
    }
    refusals.tell(&inner.shared);
}

/// A place for one more, for which the oldest of too many handshakes may have to go.
fn place(inner: &Inner, number: SessionNumber, remote: SocketAddr, refusals: &mut Refusals) -> Option<Place> {
    match inner.shared.admission.accept(&inner.shared.limits, number, remote.ip()) {
        Ok((place, evicted)) => {
            if let Some(evicted) = evicted {
                if let Some(orders) = inner.shared.orders(evicted) {
                    let detail = "its handshake was the oldest of too many, and made room for another";
                    orders.drop_session(CloseReason::Failed, detail.into());
                }
                refusals.count(&inner.shared, RefusedWhy::HalfOpenLimit, remote);
            }
            Some(place)
        }
        Err(why) => {
            refusals.count(&inner.shared, why, remote);
            None
        }
    }
}
