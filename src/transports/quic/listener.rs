//! The listening side: who calls without a proof gets no answer; who has one, and may be anywhere, is asked to come
//! again from where it says it is (Retry, RFC 9000, section 8.1.2), as soon as more than a few call.

use std::net::SocketAddr;
use std::sync::Arc;

use quinn::Incoming;
use tokio::time::timeout_at;

use super::caller_proof::is_proof;
use super::endpoint::Endpoint;
use super::inner::Inner;
use super::{parameters, session};
use crate::transports::sessions::{Refusals, lock};
use crate::transports::{CloseReason, ListenError, RefusedWhy, TransportEvent, bind};

pub(super) fn listen(inner: &Arc<Inner>, address: SocketAddr) {
    if let Err(error) = try_listen(inner, address) {
        inner.shared.tell(TransportEvent::ListenFailed { address, error });
    }
}

fn try_listen(inner: &Arc<Inner>, address: SocketAddr) -> Result<(), ListenError> {
    let mut open = lock(&inner.endpoint);
    let mut endpoint = match open.take() {
        Some(endpoint) if endpoint.listens() => {
            let at = endpoint.address();
            *open = Some(endpoint);
            return Err(ListenError::AlreadyListening { at });
        }
        // Sessions of before go on by it.
        Some(endpoint) if endpoint.address() == address => endpoint,
        // Those of another socket keep that until they end.
        other => Endpoint::open(&inner.shared, address).map_err(|error| {
            *open = other;
            bind::named(address, &error)
        })?,
    };
    let address = endpoint.address();
    endpoint.accept(parameters::called(&inner.identity), |quinn| {
        inner.shared.runtime.spawn(accept_all(Arc::clone(inner), quinn, address)).abort_handle()
    });
    *open = Some(endpoint);
    Ok(())
}

pub(super) fn stop(inner: &Arc<Inner>) {
    let mut open = lock(&inner.endpoint);
    let Some(endpoint) = &mut *open else {
        inner.shared.tell(TransportEvent::ListeningStopped);
        return;
    };
    let socket = endpoint.socket();
    let is_unused = endpoint.accept_no_more();
    if is_unused {
        *open = None;
    }
    let events = inner.shared.events.clone();
    inner.shared.runtime.spawn(async move {
        // The port is free when the socket is gone, and not earlier; sessions keep it.
        while is_unused && socket.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
        let _ = events.send(TransportEvent::ListeningStopped).await;
    });
}

async fn accept_all(inner: Arc<Inner>, endpoint: quinn::Endpoint, address: SocketAddr) {
    if inner.shared.events.send(TransportEvent::Listening { address }).await.is_err() {
        return;
    }
    let mut refusals = Refusals::default();
    loop {
        let incoming = match refusals.due() {
            Some(due) => match timeout_at(due, endpoint.accept()).await {
                Ok(incoming) => incoming,
                Err(_) => {
                    refusals.tell(&inner.shared);
                    continue;
                }
            },
            None => endpoint.accept().await,
        };
        match incoming {
            Some(incoming) => accept(&inner, incoming, &mut refusals),
            None => break,
        }
    }
    // The system has taken the socket away.
    *lock(&inner.endpoint) = None;
    let error = ListenError::Other { address, error: "the socket was lost".to_owned() };
    let _ = inner.shared.events.send(TransportEvent::ListenFailed { address, error }).await;
}

fn accept(inner: &Arc<Inner>, incoming: Incoming, refusals: &mut Refusals) {
    let remote = incoming.remote_address();
    let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
    let proof = incoming.orig_dst_cid();
    if !is_proof(&proof, &inner.identity.id(), (inner.unix_ms)()) {
        return incoming.ignore();
    }
    let (admission, limits) = (&inner.shared.admission, &inner.shared.limits);
    if !incoming.remote_address_validated() && !admission.is_calm(limits, remote.ip()) {
        if let Err(error) = incoming.retry() {
            error.into_incoming().ignore();
        }
        return;
    }
    if lock(&inner.heard).is_known(&proof) {
        return incoming.ignore();
    }
    let number = inner.shared.numbers.next();
    match admission.accept(limits, number, remote.ip()) {
        Ok((place, evicted)) => {
            // Not before: a call that finds no place is repeated, and may find one then.
            lock(&inner.heard).remember(&proof);
            if let Some(evicted) = evicted {
                let detail = "its handshake was the oldest of too many, and made room for another";
                inner.shared.order(evicted, |orders| orders.drop_session(CloseReason::Failed, detail.into()));
                refusals.count(&inner.shared, RefusedWhy::HalfOpenLimit, remote);
            }
            session::accepted(inner, number, incoming, remote, place);
        }
        Err(why) => {
            incoming.ignore();
            refusals.count(&inner.shared, why, remote);
        }
    }
}
