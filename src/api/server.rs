//! The server: HTTP/1.1, `POST /rpc` and `GET /healthz`, at a socket in the home folder and, where that is wanted, at a
//! port of loopback.
//!
//! At the socket, the system says who the other side is, and nobody but this user is listened to. The port can be
//! reached by everybody on this machine, and by pages in the user's browser. So nothing is believed there that such a
//! page can send: the token is in a header that it does not know, `Host` has to be local (or a name that was made to
//! point here could do as its pages like), a foreign `Origin` is refused, and the body has to say that it is JSON. And
//! the node proves there who it is before a client says anything (`POST /prove`).
//!
//! Places for connections are bounded, at the socket and at the port apart from each other. Who needs one takes that of
//! a connection that is idle, so nobody keeps others out by connecting and saying nothing.
//!
//! Nobody finds a node whose socket was deleted. So it is looked every [`LOOK_EVERY`] whether the file is still in its
//! place, and another is made if not.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Request as HttpRequest, Response, StatusCode, header};
use axum::middleware::{self, Next};
use axum::routing::{get, post};
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::process::geteuid;
use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, sleep_until, timeout};

use super::access::Token;
use super::answers::MessageState;
use super::bind::Bound;
use super::errors::{ErrorKind, RpcError};
use super::methods::{Call, Request, WAIT_MS};
use super::places::{Place, Places};
use super::proof::{self, Exchange, Nonce, PROOF_SCHEME, PROVE_PATH, Side};
use super::rpc::{parse_request, write_response};
use super::socket::{NodeSocket, SocketFile};

/// Bytes of a request's body, at most.
pub const BODY_BYTES: usize = 1 << 20;

/// Connections at the socket, and at the port, at once. One that is idle gives way to one that comes.
pub const CONNECTIONS: usize = 128;

/// Requests that wait for something to happen, at once; further ones are refused.
pub const WAITING_REQUESTS: usize = 64;

/// Requests that wait for something to happen, of one program, at once. All that come by the port are one.
pub const WAITING_OF_ONE: usize = 32;

/// How long the head of a request may take, and how long a connection may be idle.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the body of a request may take.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the node may take to answer.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// How long the node may take for a backup.
pub const BACKUP_TIMEOUT: Duration = Duration::from_secs(3600);

/// Bytes of what a client asks for its proof, at most.
const QUESTION_BYTES: usize = 256;

/// How long requests that are under way may take when the server, or their connection, is to end.
pub const END_TIMEOUT: Duration = Duration::from_secs(2);

/// How long accepting rests after it failed, as it does when there are no file descriptors left.
const ACCEPT_REST: Duration = Duration::from_millis(200);

/// How often it is looked whether the files by which programs find the node are still in their places.
pub const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What the server needs of the node.
#[derive(Clone, Debug)]
pub struct Doors {
    /// What lets a request in at the port.
    pub token: Token,
    /// Where requests go. Each is to be answered at once with what is there: the server does the waiting.
    pub calls: mpsc::Sender<Call>,
    /// Changes whenever messages or their states have changed; requests that wait are then asked again.
    pub changes: watch::Receiver<u64>,
}

struct Shared {
    doors: Doors,
    waiting: Mutex<HashMap<Program, usize>>,
    ending: watch::Receiver<bool>,
}

/// Whose requests are counted together: a process at the socket, if the system tells which; or nobody knows who.
type Program = Option<i32>;

/// By which way a connection came.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// At the socket: this user's program.
    Socket(Program),
    /// At the port: whose it is has to show.
    Port(SocketAddr),
}

/// What is known of a connection.
#[derive(Debug)]
struct Line {
    way: Way,
    place: Place,
    /// What the node has proved its knowledge of the token with.
    exchange: Mutex<Option<Exchange>>,
}

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

/// Answers requests until `end` completes; then those that are under way may finish.
///
/// # Errors
/// If the sockets cannot be used.
pub async fn serve(bound: Bound, doors: Doors, end: impl Future<Output = ()>) -> io::Result<()> {
    let (end_all, ending) = watch::channel(false);
    let shared = Arc::new(Shared { doors, waiting: Mutex::default(), ending: ending.clone() });
    let router = Router::new()
        .route("/rpc", post(rpc).fallback(only_post))
        .route(PROVE_PATH, post(prove).fallback(only_post))
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(nothing_there)
        .layer(middleware::from_fn(local_only))
        .with_state(shared);
    let mut accepting = JoinSet::new();
    if let Some(socket) = bound.socket {
        let listener = Listener::Socket(KeptSocket::new(socket)?);
        accepting.spawn(accept(listener, router.clone(), ending.clone()));
    }
    if let Some(port) = bound.port {
        let listener = Listener::Port(TcpListener::from_std(port.listener)?);
        accepting.spawn(accept(listener, router, ending));
    }
    end.await;
    end_all.send_replace(true);
    while accepting.join_next().await.is_some() {}
    Ok(())
}

/// Takes connections until the end, and lets those that are there then finish.
async fn accept(mut listener: Listener, router: Router, ending: watch::Receiver<bool>) {
    let places = Places::new(CONNECTIONS);
    let mut connections = JoinSet::new();
    let mut end = ending.clone();
    loop {
        tokio::select! {
            _ = end.wait_for(|ends| *ends) => break,
            // Nothing else may interrupt it: somebody may be in already, and wait for a place.
            (stream, way, place) = listener.next(&places) => {
                while connections.try_join_next().is_some() {}
                let line = Arc::new(Line { way, place, exchange: Mutex::default() });
                connections.spawn(connection(stream, line, router.clone(), ending.clone()));
            }
        }
    }
    drop(listener);
    let _ = timeout(END_TIMEOUT, async { while connections.join_next().await.is_some() {} }).await;
}

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
                let (stream, _) = listener.accept().await?;
                let _ = stream.set_nodelay(true);
                let Ok(address) = stream.local_addr() else { return Ok(None) };
                Ok(Some((Box::new(stream), Way::Port(address))))
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

/// Refuses what comes from, or through, a page that is not this node's.
async fn local_only(Extension(line): Extension<Arc<Line>>, request: HttpRequest<Body>, next: Next) -> Response<Body> {
    let port = match line.way {
        Way::Socket(_) => None,
        Way::Port(address) => Some(address.port()),
    };
    match judge_headers(request.headers(), port) {
        Ok(()) => next.run(request).await,
        Err(error) => refused(StatusCode::FORBIDDEN, error),
    }
}

/// No page comes from the socket, so there no `Origin` is ours.
fn judge_headers(headers: &HeaderMap, port: Option<u16>) -> Result<(), RpcError> {
    let forbidden = |message: String| RpcError::new(ErrorKind::Forbidden, message);
    let mut hosts = headers.get_all(header::HOST).iter();
    let is_local = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().is_ok_and(is_local_host),
        _ => false,
    };
    if !is_local {
        return Err(forbidden("the `Host` header does not name this machine".to_owned())
            .help("use the address that stands in api.json, or localhost"));
    }
    let is_own = |origin: &HeaderValue| {
        let place = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
        place.is_some_and(|place| is_local_host(place) && port.is_some() && port_of(place) == port)
    };
    if !headers.get_all(header::ORIGIN).iter().all(is_own) {
        return Err(forbidden("the request comes from a page that is not this node's".to_owned()));
    }
    Ok(())
}

/// Whether it is `127.0.0.1`, `localhost` or `[::1]`, with a port or without.
fn is_local_host(host: &str) -> bool {
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|local| {
        host.get(..local.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(local))
            && (host.len() == local.len() || port_of(host).is_some())
            && host[local.len()..].bytes().all(|byte| byte == b':' || byte.is_ascii_digit())
    })
}

fn port_of(host: &str) -> Option<u16> {
    host.rsplit_once(':')?.1.parse().ok()
}

async fn only_post() -> Response<Body> {
    let error = RpcError::new(ErrorKind::InvalidRequest, "this path takes POST only");
    let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, error);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

async fn nothing_there() -> Response<Body> {
    let error = RpcError::new(ErrorKind::NotFound, "there is nothing at this path");
    refused(StatusCode::NOT_FOUND, error.help("requests go to /rpc; /healthz says whether the node is there"))
}

/// The node proves that it knows the token. That is all that a stranger gets, and it helps nobody: only who knows the
/// token can tell a proof from noise.
async fn prove(
    State(shared): State<Arc<Shared>>,
    Extension(line): Extension<Arc<Line>>,
    request: HttpRequest<Body>,
) -> Response<Body> {
    let Way::Port(address) = line.way else { return nothing_there().await };
    let body = match read(request.into_body(), QUESTION_BYTES).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let question = serde_json::from_slice::<proof::Question>(&body).ok();
    let Some(client) = question.and_then(|question| Nonce::parse(&question.nonce)) else {
        let error = RpcError::new(ErrorKind::InvalidRequest, "this is no question for a proof")
            .help(r#"it is {"nonce": "…"}, with 64 hexadecimal digits"#);
        return refused(StatusCode::BAD_REQUEST, error);
    };
    let Ok(node) = Nonce::generate() else {
        let error = RpcError::new(ErrorKind::Internal, "the system gives no random bytes");
        return refused(StatusCode::INTERNAL_SERVER_ERROR, error);
    };
    let exchange = Exchange { client, node, address };
    *line.exchange.lock().unwrap_or_else(PoisonError::into_inner) = Some(exchange);
    let proof = exchange.prove(Side::Node, &shared.doors.token);
    json(StatusCode::OK, to_bytes_of(&proof::Answer { nonce: node.text(), proof }))
}

async fn rpc(
    State(shared): State<Arc<Shared>>,
    Extension(line): Extension<Arc<Line>>,
    request: HttpRequest<Body>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    if let Err((status, error)) = line.let_in(&head.headers, &shared.doors.token).and_then(|()| suits(&head.headers)) {
        return refused(status, error);
    }
    line.place.is_known();
    let body = match read(body, BODY_BYTES).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let _busy = line.place.busy();
    let program = match line.way {
        Way::Socket(program) => program,
        Way::Port(_) => None,
    };
    let (id, outcome) = match parse_request(&body) {
        Ok(numbered) => (numbered.id, shared.answer(numbered.request, program).await),
        Err(bad) => (bad.id, Err(*bad.error)),
    };
    // An answer of JSON-RPC is a success of HTTP, whatever it says.
    json(StatusCode::OK, write_response(&id, &outcome))
}

/// All of a body, or what is said of one that does not come or is too large.
async fn read(body: Body, most: usize) -> Result<axum::body::Bytes, Response<Body>> {
    match timeout(BODY_TIMEOUT, to_bytes(body, most)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => {
            let too_large = std::error::Error::source(&error).is_some_and(|cause| cause.to_string().contains("limit"));
            Err(if too_large {
                refused(StatusCode::PAYLOAD_TOO_LARGE, too_large_error(most))
            } else {
                let error = RpcError::new(ErrorKind::InvalidRequest, format!("the body broke off: {error}"));
                refused(StatusCode::BAD_REQUEST, error)
            })
        }
        Err(_) => {
            let said = format!("the body did not come within {} s", BODY_TIMEOUT.as_secs());
            Err(refused(StatusCode::REQUEST_TIMEOUT, RpcError::new(ErrorKind::TimedOut, said)))
        }
    }
}

impl Line {
    /// Whether the request is one of the user's. Whoever is at the socket is.
    fn let_in(&self, headers: &HeaderMap, token: &Token) -> Result<(), (StatusCode, RpcError)> {
        if matches!(self.way, Way::Socket(_)) {
            return Ok(());
        }
        let presented = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
        let (said, help) = if let Some(presented) = presented.strip_prefix(b"Bearer ") {
            if token.matches(presented) {
                return Ok(());
            }
            ("the token is not that of this node", "it is new at each start of the node: read it from api.json again")
        } else if let Some(presented) = presented.strip_prefix(PROOF_SCHEME.as_bytes()) {
            let exchange = *self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
            if exchange.is_some_and(|exchange| exchange.is_proved(Side::Client, token, presented)) {
                return Ok(());
            }
            (
                "the proof is not one of this node's token in this connection",
                "ask /prove first, in the same connection, and read api.json again",
            )
        } else {
            (
                "the request has no token",
                "send the header `Authorization: Bearer TOKEN`, with the token of api.json in the node's home folder",
            )
        };
        Err((StatusCode::UNAUTHORIZED, RpcError::new(ErrorKind::Forbidden, said).help(help)))
    }
}

/// Whether the body is JSON, and not too large, as far as the head tells.
fn suits(headers: &HeaderMap) -> Result<(), (StatusCode, RpcError)> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        let error = RpcError::new(ErrorKind::InvalidRequest, "the request does not say that it is JSON")
            .help("send the header `Content-Type: application/json`");
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > BODY_BYTES as u64) {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, too_large_error(BODY_BYTES)));
    }
    Ok(())
}

fn too_large_error(most: usize) -> RpcError {
    RpcError::new(ErrorKind::TooLarge, format!("a request has at most {most} bytes"))
}

/// A request that waits is counted for as long as this is there.
struct Waiting<'a> {
    shared: &'a Shared,
    program: Program,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waiting = self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = waiting.get_mut(&self.program) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.program);
            }
        }
    }
}

impl Shared {
    /// The answer of the node; if the request wants to wait, the first one that is worth it, or the last one within its
    /// time.
    async fn answer(&self, mut request: Request, program: Program) -> Result<Value, RpcError> {
        let wait = Duration::from_millis(wait_ms(&request).min(WAIT_MS));
        if wait.is_zero() {
            return self.ask(request).await;
        }
        let _waiting = self.begin_to_wait(program)?;
        let until = Instant::now() + wait;
        let (mut changes, mut ending) = (self.doors.changes.clone(), self.ending.clone());
        loop {
            // Before the question: what changes behind it is then seen.
            changes.mark_unchanged();
            let answer = self.ask(request.clone()).await?;
            if is_worth_telling(&mut request, &answer) {
                return Ok(answer);
            }
            tokio::select! {
                changed = changes.changed() => changed.map_err(|_| stopping())?,
                _ = ending.wait_for(|ending| *ending) => return Err(stopping()),
                () = sleep_until(until) => return Ok(answer),
            }
        }
    }

    /// Counts a request that waits: so many of all, and so many of one program.
    fn begin_to_wait(&self, program: Program) -> Result<Waiting<'_>, RpcError> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let of_all: usize = waiting.values().sum();
        let of_one = waiting.get(&program).copied().unwrap_or(0);
        let said = if of_all >= WAITING_REQUESTS {
            format!("{WAITING_REQUESTS} requests wait already")
        } else if of_one >= WAITING_OF_ONE {
            format!("{WAITING_OF_ONE} requests of this program wait already")
        } else {
            *waiting.entry(program).or_default() += 1;
            return Ok(Waiting { shared: self, program });
        };
        let help = "end one of the programs that watch, or ask without waiting";
        Err(RpcError::new(ErrorKind::Busy, said).help(help))
    }

    /// One question to the node.
    async fn ask(&self, request: Request) -> Result<Value, RpcError> {
        let (method, limit) = (request.method(), answer_timeout(&request));
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.doors.calls.send(Call { request, reply }).await.map_err(|_| stopping())?;
            answer.await.unwrap_or_else(|_| Err(stopping()))
        };
        timeout(limit, asked).await.unwrap_or_else(|_| {
            let said = format!("the node has not answered `{method}` within {} s", limit.as_secs());
            Err(RpcError::new(ErrorKind::TimedOut, said).help("it may still do it: look before you try again"))
        })
    }
}

fn stopping() -> RpcError {
    RpcError::new(ErrorKind::Unavailable, "the node is stopping")
}

fn wait_ms(request: &Request) -> u64 {
    match request {
        Request::WatchMessages(watch) => watch.wait_ms,
        Request::GetMessage(get) if get.other_than.is_some() => get.wait_ms,
        Request::FoundNames(found) if found.seen.is_some() => found.wait_ms,
        Request::ShowNickname(show) => show.wait_ms,
        _ => 0,
    }
}

fn answer_timeout(request: &Request) -> Duration {
    match request {
        Request::MakeBackup(_) => BACKUP_TIMEOUT,
        _ => ANSWER_TIMEOUT,
    }
}

/// Whether the answer is what the request waits for. If not, the request is made one that does not miss what comes
/// meanwhile.
fn is_worth_telling(request: &mut Request, answer: &Value) -> bool {
    match request {
        Request::WatchMessages(watch) => {
            watch.after = watch.after.or_else(|| answer["next"].as_u64());
            watch.after_request = watch.after_request.or_else(|| answer["next_request"].as_u64());
            answer["messages"].as_array().is_none_or(|messages| !messages.is_empty())
        }
        Request::GetMessage(get) => {
            let state = serde_json::from_value::<MessageState>(answer["state"].clone()).ok();
            state.is_none() || state != get.other_than
        }
        Request::FoundNames(found) => answer["over"] == true || answer["seen"].as_u64() != found.seen,
        Request::ShowNickname(_) => answer["settled"] == true,
        _ => true,
    }
}

fn refused(status: StatusCode, error: RpcError) -> Response<Body> {
    json(status, write_response(&Value::Null, &Err(error)))
}

fn to_bytes_of(answer: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(answer).expect("texts are JSON")
}

fn json(status: StatusCode, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for local in ["127.0.0.1", "127.0.0.1:38081", "localhost", "LOCALHOST:1", "[::1]", "[::1]:38081"] {
            assert!(is_local_host(local), "{local}");
        }
        for foreign in [
            "",
            "example.org",
            "example.org:38081",
            "127.0.0.1.example.org",
            "127.0.0.10",
            "localhost.example.org:80",
            "localhost:",
            "localhost:x",
            "localhost:80:80a",
            "localhost:99999",
            "[::1]x",
            "::1",
            "ö",
        ] {
            assert!(!is_local_host(foreign), "{foreign}");
        }
    }
}
