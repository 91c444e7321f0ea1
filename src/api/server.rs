//! The server: HTTP/1.1 on loopback, `POST /rpc` and `GET /healthz`.
//!
//! A page in the user's browser can send requests to loopback too, so nothing is believed that such a page can send:
//! the token is in a header that it does not know, `Host` has to be local (or a name that was made to point here could
//! do as its pages like), a foreign `Origin` is refused, and the body has to say that it is JSON.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Request as HttpRequest, Response, StatusCode, header};
use axum::middleware::{self, Next};
use axum::routing::{get, post};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::access::Token;
use super::answers::MessageState;
use super::bind::Bound;
use super::errors::{ErrorKind, RpcError};
use super::methods::{Call, Request, WAIT_MS};
use super::rpc::{parse_request, write_response};

/// Bytes of a request's body, at most.
pub const BODY_BYTES: usize = 1 << 20;

/// Connections at once; further ones wait in the system's queue.
pub const CONNECTIONS: usize = 64;

/// Requests that wait for something to happen, at once; further ones are refused.
pub const WAITING_REQUESTS: usize = 32;

/// How long the head of a request may take, and how long a connection may be idle.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the body of a request may take.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the node may take to answer.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// How long the node may take for a backup.
pub const BACKUP_TIMEOUT: Duration = Duration::from_secs(3600);

/// How long requests that are under way may take when the server is to end.
pub const END_TIMEOUT: Duration = Duration::from_secs(2);

/// How long accepting rests after it failed, as it does when there are no file descriptors left.
const ACCEPT_REST: Duration = Duration::from_millis(200);

/// What the server needs of the node.
#[derive(Clone, Debug)]
pub struct Doors {
    /// What lets a request in.
    pub token: Token,
    /// Where requests go. Each is to be answered at once with what is there: the server does the waiting.
    pub calls: mpsc::Sender<Call>,
    /// Changes whenever messages or their states have changed; requests that wait are then asked again.
    pub changes: watch::Receiver<u64>,
}

struct Shared {
    doors: Doors,
    waiting: Semaphore,
    ending: watch::Receiver<bool>,
    port: u16,
}

/// Answers requests until `end` completes; then those that are under way may finish.
///
/// # Errors
/// If the socket cannot be used.
pub async fn serve(bound: Bound, doors: Doors, end: impl Future<Output = ()>) -> std::io::Result<()> {
    let port = bound.address.port();
    let listener = TcpListener::from_std(bound.listener)?;
    let (end_all, ending) = watch::channel(false);
    let shared = Arc::new(Shared { doors, waiting: Semaphore::new(WAITING_REQUESTS), ending: ending.clone(), port });
    let router = Router::new()
        .route("/rpc", post(rpc).fallback(only_post))
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(nothing_there)
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), local_only))
        .with_state(shared);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut end = std::pin::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => break,
            Some(_) = connections.join_next() => {}
            (stream, place) = next_connection(&listener, &places) => {
                let (router, ending) = (router.clone(), ending.clone());
                connections.spawn(async move {
                    connection(stream, router, ending).await;
                    drop(place);
                });
            }
        }
    }
    drop(listener);
    end_all.send_replace(true);
    let _ = timeout(END_TIMEOUT, async { while connections.join_next().await.is_some() {} }).await;
    Ok(())
}

/// The next connection, as soon as there is a place for it.
async fn next_connection(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, tokio::sync::OwnedSemaphorePermit) {
    let place = Arc::clone(places).acquire_owned().await.expect("nobody closes it");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(error) => {
                tracing::warn!(%error, "the API cannot accept a connection");
                sleep(ACCEPT_REST).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, router: Router, mut ending: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service)
    );
    // How a connection ends is the other side's business.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = ending.wait_for(|ending| *ending) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Refuses what comes from, or through, a page that is not this node's.
async fn local_only(State(shared): State<Arc<Shared>>, request: HttpRequest<Body>, next: Next) -> Response<Body> {
    match judge_headers(request.headers(), shared.port) {
        Ok(()) => next.run(request).await,
        Err(error) => refused(StatusCode::FORBIDDEN, error),
    }
}

fn judge_headers(headers: &HeaderMap, port: u16) -> Result<(), RpcError> {
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
        place.is_some_and(|place| is_local_host(place) && port_of(place) == Some(port))
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
    let error = RpcError::new(ErrorKind::InvalidRequest, "/rpc takes POST only");
    let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, error);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

async fn nothing_there() -> Response<Body> {
    let error = RpcError::new(ErrorKind::NotFound, "there is nothing at this path");
    refused(StatusCode::NOT_FOUND, error.help("requests go to /rpc; /healthz says whether the node is there"))
}

async fn rpc(State(shared): State<Arc<Shared>>, request: HttpRequest<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    if let Err((status, error)) = let_in(&head.headers, &shared.doors.token) {
        return refused(status, error);
    }
    let body = match timeout(BODY_TIMEOUT, to_bytes(body, BODY_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => {
            let too_large = std::error::Error::source(&error).is_some_and(|cause| cause.to_string().contains("limit"));
            return if too_large {
                refused(StatusCode::PAYLOAD_TOO_LARGE, too_large_error())
            } else {
                let error = RpcError::new(ErrorKind::InvalidRequest, format!("the body broke off: {error}"));
                refused(StatusCode::BAD_REQUEST, error)
            };
        }
        Err(_) => {
            let said = format!("the body did not come within {} s", BODY_TIMEOUT.as_secs());
            return refused(StatusCode::REQUEST_TIMEOUT, RpcError::new(ErrorKind::TimedOut, said));
        }
    };
    let (id, outcome) = match parse_request(&body) {
        Ok(numbered) => (numbered.id, shared.answer(numbered.request).await),
        Err(bad) => (bad.id, Err(*bad.error)),
    };
    // An answer of JSON-RPC is a success of HTTP, whatever it says.
    json(StatusCode::OK, write_response(&id, &outcome))
}

fn let_in(headers: &HeaderMap, token: &Token) -> Result<(), (StatusCode, RpcError)> {
    let presented = headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    match presented {
        Some(presented) if token.matches(presented) => {}
        Some(_) => {
            let error = RpcError::new(ErrorKind::Forbidden, "the token is not that of this node")
                .help("it is new at each start of the node: read it from api.json again");
            return Err((StatusCode::UNAUTHORIZED, error));
        }
        None => {
            let error = RpcError::new(ErrorKind::Forbidden, "the request has no token").help(
                "send the header `Authorization: Bearer TOKEN`, with the token of api.json in the node's home folder",
            );
            return Err((StatusCode::UNAUTHORIZED, error));
        }
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        let error = RpcError::new(ErrorKind::InvalidRequest, "the request does not say that it is JSON")
            .help("send the header `Content-Type: application/json`");
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > BODY_BYTES as u64) {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, too_large_error()));
    }
    Ok(())
}

fn too_large_error() -> RpcError {
    RpcError::new(ErrorKind::TooLarge, format!("a request has at most {BODY_BYTES} bytes"))
}

impl Shared {
    /// The answer of the node; if the request wants to wait, the first one that is worth it, or the last one within its
    /// time.
    async fn answer(&self, mut request: Request) -> Result<Value, RpcError> {
        let wait = Duration::from_millis(wait_ms(&request).min(WAIT_MS));
        if wait.is_zero() {
            return self.ask(request).await;
        }
        let _place = self.waiting.try_acquire().map_err(|_| {
            let said = format!("{WAITING_REQUESTS} requests wait already");
            RpcError::new(ErrorKind::Busy, said).help("end one of the programs that watch, or ask without waiting")
        })?;
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
