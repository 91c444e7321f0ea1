//! The servers: HTTP/1.1 at a socket in the home folder, and at ports.
//!
//! At the socket, the system says who the other side is, and nobody but this user is listened to. A port can be reached
//! by everybody on this machine, by pages in the user's browser, and by other machines if it is open to them: see
//! [`visitor`](super::visitor). Where a program of the user comes by a port, the node proves there who it is before that
//! says anything (`POST /prove`).
//!
//! Places for connections are bounded, at the socket and at each port apart from each other. Who needs one takes that of
//! a connection that is idle, so nobody keeps others out by connecting and saying nothing.
//!
//! Nobody finds a node whose socket was deleted. So it is looked every [`LOOK_EVERY`] whether the file is still in its
//! place, and another is made if not.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::process::geteuid;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep, timeout};

use super::bind::Bound;
use super::clients::StrangersPlace;
use super::http::router;
use super::line::{Line, Serves, Shared};
use super::places::{Place, Places};
use super::socket::{NodeSocket, SocketFile};
use super::visitor::Way;

/// Connections at the socket, and at each port, at once. One that is idle gives way to one that comes.
pub const CONNECTIONS: usize = 128;

/// How long the head of a request may take, and how long a connection may be idle.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long requests that are under way may take when the server, or their connection, is to end.
pub const END_TIMEOUT: Duration = Duration::from_secs(2);

/// How long accepting rests after it failed, as it does when there are no file descriptors left.
const ACCEPT_REST: Duration = Duration::from_millis(200);

/// How often it is looked whether the files by which programs find the node are still in their places.
pub const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Both directions of a connection.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Where connections come in.
enum Listener {
    Socket(KeptSocket),
    Port(TcpListener),
}

/// The socket, made again when somebody has removed it.
struct KeptSocket {
    /// Goes before the listener does: nobody is to find a socket at which nobody answers.
    file: SocketFile,
    listener: UnixListener,
    looks: Interval,
    /// It is missing, and that has been told.
    is_missing: bool,
}

/// Answers the user's programs, at the socket and the port that are bound, until `shared` says that the API ends.
///
/// # Errors
/// If the sockets cannot be used.
pub async fn serve(bound: Bound, shared: Arc<Shared>) -> io::Result<()> {
    let ending = shared.desk.ending();
    let router = router(shared.clone());
    let mut accepting = JoinSet::new();
    if let Some(socket) = bound.socket {
        let listener = Listener::Socket(KeptSocket::new(socket)?);
        accepting.spawn(accept(listener, Serves::Programs, router.clone(), shared.clone(), ending.clone()));
    }
    if let Some(port) = bound.port {
        let listener = Listener::Port(TcpListener::from_std(port.listener)?);
        accepting.spawn(accept(listener, Serves::Programs, router, shared, ending));
    }
    while accepting.join_next().await.is_some() {}
    Ok(())
}

/// Answers at a port, until `ending` says that it is to be closed or the API ends.
///
/// # Errors
/// If the port cannot be used.
pub async fn serve_port(
    listener: std::net::TcpListener,
    serves: Serves,
    shared: Arc<Shared>,
    mut ending: watch::Receiver<bool>,
) -> io::Result<()> {
    let listener = Listener::Port(TcpListener::from_std(listener)?);
    let mut all_end = shared.desk.ending();
    let (end, ends) = watch::channel(false);
    let accepting = accept(listener, serves, router(Arc::clone(&shared)), shared, ends);
    tokio::join!(accepting, async {
        tokio::select! {
            _ = ending.wait_for(|ends| *ends) => {}
            _ = all_end.wait_for(|ends| *ends) => {}
        }
        end.send_replace(true);
    });
    Ok(())
}

/// Takes connections until the end, and lets those that are there then finish.
async fn accept(
    mut listener: Listener,
    serves: Serves,
    router: Router,
    shared: Arc<Shared>,
    ending: watch::Receiver<bool>,
) {
    let places = Places::new(CONNECTIONS);
    let mut connections = JoinSet::new();
    let mut end = ending.clone();
    loop {
        tokio::select! {
            _ = end.wait_for(|ends| *ends) => break,
            // Nothing else may interrupt it: somebody may be in already, and wait for a place.
            (stream, way, place) = listener.next(&places) => {
                while connections.try_join_next().is_some() {}
                let Ok(strangers_place) = strangers_place(&shared, way) else { continue };
                let line = Line::new(way, serves, place, strangers_place);
                connections.spawn(connection(stream, line, router.clone(), ending.clone()));
            }
        }
    }
    drop(listener);
    let _ = timeout(END_TIMEOUT, async { while connections.join_next().await.is_some() {} }).await;
}

/// Those on other machines have places of their own beside, so many for each address and in all.
fn strangers_place(shared: &Shared, way: Way) -> Result<Option<StrangersPlace>, NoPlace> {
    if way.is_local() {
        return Ok(None);
    }
    shared.clients.admit(way.counted_as()).map(Some).ok_or(NoPlace)
}

/// There is no place for a stranger.
struct NoPlace;

impl Listener {
    /// The next connection, as soon as there is a place for it.
    async fn next(&mut self, places: &Arc<Places>) -> (Box<dyn Stream>, Way, Place) {
        loop {
            match self.accept().await {
                Ok(Some((stream, way))) => {
                    let place = places.take().await;
                    if matches!(way, Way::Socket(_)) {
                        place.is_known();
                    }
                    return (stream, way, place);
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "the API cannot accept a connection");
                    sleep(ACCEPT_REST).await;
                }
            }
        }
    }

    /// The next connection; `None` if it is nobody who may come in, or none has come until a look at the socket.
    async fn accept(&mut self) -> io::Result<Option<(Box<dyn Stream>, Way)>> {
        match self {
            Self::Socket(socket) => {
                let accepted = tokio::select! {
                    biased;
                    accepted = socket.listener.accept() => Some(accepted?),
                    _ = socket.looks.tick() => None,
                };
                let Some((stream, _)) = accepted else {
                    socket.look();
                    return Ok(None);
                };
                // Whoever has gone already is nobody.
                let Ok(peer) = stream.peer_cred() else { return Ok(None) };
                if peer.uid() != geteuid().as_raw() {
                    tracing::warn!(user = peer.uid(), "another user of this machine is not let into the API");
                    return Ok(None);
                }
                Ok(Some((Box::new(stream), Way::Socket(peer.pid()))))
            }
            Self::Port(listener) => {
                let (stream, from) = listener.accept().await?;
                let _ = stream.set_nodelay(true);
                let Ok(here) = stream.local_addr() else { return Ok(None) };
                Ok(Some((Box::new(stream), Way::Port { here, from })))
            }
        }
    }
}

impl KeptSocket {
    fn new(socket: NodeSocket) -> io::Result<Self> {
        let (listener, file) = socket.into_parts();
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self { file, listener: UnixListener::from_std(listener)?, looks, is_missing: false })
    }

    /// Whether the file is still in its place; if not, another socket is made. Connections that are there stay.
    fn look(&mut self) {
        if self.file.is_in_place() {
            self.is_missing = false;
            return;
        }
        match self.make_again() {
            Ok(()) => {
                self.is_missing = false;
                tracing::warn!("the socket of the API was removed; another is made");
            }
            Err(error) if !self.is_missing => {
                self.is_missing = true;
                tracing::warn!(%error, "the socket of the API was removed, and nobody finds the node until another can be made");
            }
            Err(_) => {}
        }
    }

    fn make_again(&mut self) -> io::Result<()> {
        let (listener, file) = self.file.make_again().map_err(io::Error::other)?.into_parts();
        let listener = UnixListener::from_std(listener)?;
        // The file first: the old one looks whether it is still the one in that place.
        self.file = file;
        self.listener = listener;
        Ok(())
    }
}

async fn connection(stream: Box<dyn Stream>, line: Arc<Line>, router: Router, mut ending: watch::Receiver<bool>) {
    let service = TowerToHyperService::new(router.layer(Extension(Arc::clone(&line))));
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
    );
    // How a connection ends is the other side's business.
    tokio::select! {
        _ = connection.as_mut() => return,
        is_known = line.place.is_to_leave() => if !is_known { return },
        _ = ending.wait_for(|ending| *ending) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(END_TIMEOUT, connection).await;
}
