//! Connections, so many at most. When one more comes, the oldest that is idle gives way, so nobody is kept out by
//! others who connect and say nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// At once.
const CONNECTIONS: usize = 64;

/// How long the head of a request may take, and how long a connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// After an error of the system, before the next connection is accepted.
const REST: Duration = Duration::from_millis(100);

/// A connection, as its requests see it.
#[derive(Default)]
pub struct Line {
    requests: AtomicUsize,
}

/// While it lives, its connection is not idle.
pub struct Busy(Arc<Line>);

impl Line {
    /// A request begins.
    pub fn busy(self: &Arc<Self>) -> Busy {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    fn is_idle(&self) -> bool {
        self.requests.load(Ordering::Relaxed) == 0
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Serves for ever.
pub async fn serve(listener: TcpListener, router: Router) {
    let mut open: VecDeque<(Arc<Line>, AbortHandle)> = VecDeque::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(REST).await;
            continue;
        };
        open.retain(|(_, task)| !task.is_finished());
        if open.len() >= CONNECTIONS {
            match open.iter().position(|(line, _)| line.is_idle()).and_then(|place| open.remove(place)) {
                Some((_, idle)) => idle.abort(),
                // All are at work: this one is closed.
                None => continue,
            }
        }
        let line = Arc::new(Line::default());
        let task = tokio::spawn(connection(stream, router.clone(), Arc::clone(&line)));
        open.push_back((line, task.abort_handle()));
    }
}

async fn connection(stream: TcpStream, router: Router, line: Arc<Line>) {
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router.layer(Extension(line)));
    // How a connection ends is the other side's business.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
