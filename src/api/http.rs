//! What there is over HTTP: `POST /rpc`, and at the ports also the web page, the way in for browsers, an OpenRPC document
//! and figures for Prometheus.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest as _, State, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderValue, Method as HttpMethod, Request as HttpRequest, Response, StatusCode, header};
use axum::middleware::{self, Next};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::asker::Rights;
use super::errors::{ErrorKind, RpcError};
use super::hidden::Hidden;
use super::line::{BODY_BYTES, Line, STRANGERS_BODY_BYTES, Serves, Shared};
use super::methods::{Access, GetStatus, Method};
use super::proof::{self, Exchange, Nonce, PROVE_PATH, Side};
use super::visitor::{Way, judge};
use super::{metrics, openrpc, rpc, websocket};
use crate::web;

/// How long the body of a request may take.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of what a client asks for its proof or for its way in, at most.
const QUESTION_BYTES: usize = 256;

/// Everything that is answered.
pub fn router(shared: Arc<Shared>) -> Router {
    let pages = Router::new()
        .route("/session", post(enter).delete(log_out).fallback(only_post))
        .route("/openrpc.json", get(describe))
        .route("/metrics", get(measure))
        .route("/ws", get(open_websocket))
        .fallback(page)
        .layer(middleware::from_fn(only_at_ports));
    Router::new()
        .route("/rpc", post(rpc).options(preflight).fallback(only_post))
        .route(PROVE_PATH, post(prove).fallback(only_post))
        .route("/healthz", get(|| async { "ok\n" }))
        .merge(pages)
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), let_in))
        .with_state(shared)
}

/// Refuses what comes from, or through, a page that is not this node's.
async fn let_in(
    State(shared): State<Arc<Shared>>,
    Extension(line): Extension<Arc<Line>>,
    request: HttpRequest<Body>,
    next: Next,
) -> Response<Body> {
    let page_port = shared.desk.page.borrow().map(|address| address.port());
    if let Err(error) = judge(request.headers(), line.way, page_port) {
        return refused(StatusCode::FORBIDDEN, error);
    }
    let is_public = !line.way.is_local();
    let mut response = match line.serves {
        Serves::WebSocket => open_websocket(State(shared), Extension(line), request).await,
        Serves::Programs | Serves::Http | Serves::WebTransport => next.run(request).await,
    };
    if is_public {
        // Nothing that a page from anywhere could not ask for by itself: what is public has no cookies and no tokens.
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    response
}

async fn only_at_ports(
    Extension(line): Extension<Arc<Line>>,
    request: HttpRequest<Body>,
    next: Next,
) -> Response<Body> {
    match line.serves {
        Serves::Programs => nothing_there(),
        Serves::Http | Serves::WebSocket | Serves::WebTransport => next.run(request).await,
    }
}

/// A page from elsewhere asks whether it may ask. On this machine it may not.
async fn preflight(Extension(line): Extension<Arc<Line>>) -> Response<Body> {
    if line.way.is_local() {
        return only_post().await;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

async fn only_post() -> Response<Body> {
    let error = RpcError::new(ErrorKind::InvalidRequest, "this path takes POST only");
    let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, error);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

fn nothing_there() -> Response<Body> {
    let error = RpcError::new(ErrorKind::NotFound, "there is nothing at this path");
    refused(StatusCode::NOT_FOUND, error.help("requests go to /rpc; /healthz says whether the node is there"))
}

async fn page(Extension(line): Extension<Arc<Line>>, request: HttpRequest<Body>) -> Response<Body> {
    if !line.way.is_local() {
        return nothing_there();
    }
    if request.method() != HttpMethod::GET && request.method() != HttpMethod::HEAD {
        return nothing_there();
    }
    match web::asset(request.uri().path()) {
        Some(asset) => {
            let mut response = Response::new(Body::from(Bytes::from_static(asset.bytes)));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
            for (name, value) in web::HEADERS {
                headers.insert(header::HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            response
        }
        None => nothing_there(),
    }
}

/// A browser comes by a link, and gets a token of its own.
async fn enter(
    State(shared): State<Arc<Shared>>,
    Extension(line): Extension<Arc<Line>>,
    request: HttpRequest<Body>,
) -> Response<Body> {
    #[derive(Deserialize)]
    struct Question {
        link: Hidden,
    }
    #[derive(Serialize)]
    struct Answer<'a> {
        token: &'a str,
    }
    if !line.way.is_local() {
        return nothing_there();
    }
    let (head, body) = request.into_parts();
    if let Err((status, error)) = suits(&head.headers, QUESTION_BYTES) {
        return refused(status, error);
    }
    let body = match read(body, QUESTION_BYTES).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let Ok(question) = serde_json::from_slice::<Question>(&body) else {
        return refused(StatusCode::BAD_REQUEST, RpcError::new(ErrorKind::InvalidRequest, "it is {\"link\": \"…\"}"));
    };
    match shared.desk.doors().web_sessions.enter(question.link.0.as_bytes()) {
        Ok(Some(token)) => json(StatusCode::OK, to_bytes_of(&Answer { token: token.text() })),
        Ok(None) => {
            let error = RpcError::new(
                ErrorKind::Forbidden,
                "this link was used already, or is of an earlier start of the node",
            );
            refused(StatusCode::FORBIDDEN, error.help("`bitpie web` makes another"))
        }
        Err(_) => no_randomness(),
    }
}

/// A browser does not want its token any more: it opens nothing from now on.
async fn log_out(
    State(shared): State<Arc<Shared>>,
    Extension(line): Extension<Arc<Line>>,
    headers: HeaderMap,
) -> Response<Body> {
    if !line.way.is_local() {
        return nothing_there();
    }
    let presented = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let token = presented.and_then(|presented| presented.strip_prefix(b"Bearer "));
    if token.is_some_and(|token| shared.desk.doors().web_sessions.forget(token)) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        return response;
    }
    let error = RpcError::new(ErrorKind::Forbidden, "no browser with that token is let in");
    refused(
        StatusCode::UNAUTHORIZED,
        error.help("send the header `Authorization: Bearer TOKEN`, with the token of `POST /session`"),
    )
}

fn no_randomness() -> Response<Body> {
    refused(StatusCode::INTERNAL_SERVER_ERROR, RpcError::new(ErrorKind::Internal, "the system gives no random bytes"))
}

/// The OpenRPC document of what is public; `rpc.discover` gives the user's.
async fn describe() -> Response<Body> {
    json(StatusCode::OK, to_bytes_of(&openrpc::document(Access::Public)))
}

/// Figures for Prometheus; on this machine only.
async fn measure(State(shared): State<Arc<Shared>>, Extension(line): Extension<Arc<Line>>) -> Response<Body> {
    if !line.way.is_local() {
        return nothing_there();
    }
    // Each look costs the node something, and everybody on this machine can have one.
    if let Err(error) = shared.clients.count(line.asker(Rights::Public), 1) {
        return refused(StatusCode::TOO_MANY_REQUESTS, error);
    }
    let status = shared.desk.ask(GetStatus {}.into()).await;
    let status = status.and_then(|status| {
        serde_json::from_value::<<GetStatus as Method>::Answer>(status)
            .map_err(|error| RpcError::new(ErrorKind::Internal, format!("the status is not as it should be: {error}")))
    });
    match status {
        Ok(status) => {
            let mut response = Response::new(Body::from(metrics::text(&status)));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE));
            response
        }
        Err(error) => refused(StatusCode::SERVICE_UNAVAILABLE, error),
    }
}

async fn open_websocket(
    State(shared): State<Arc<Shared>>,
    Extension(line): Extension<Arc<Line>>,
    request: HttpRequest<Body>,
) -> Response<Body> {
    let asker = match line.who(request.headers(), &shared.desk) {
        Ok(asker) => asker,
        Err((status, error)) => return refused(status, error),
    };
    match WebSocketUpgrade::from_request(request, &()).await {
        Ok(upgrade) => websocket::open(upgrade, shared, line, asker),
        Err(_) => {
            let error = RpcError::new(ErrorKind::InvalidRequest, "this is for WebSocket");
            let mut response =
                refused(StatusCode::UPGRADE_REQUIRED, error.help("requests over HTTP go to /rpc of the HTTP port"));
            response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            response
        }
    }
}

/// The node proves that it knows the token. That is all that a stranger gets, and it helps nobody: only who knows the
/// token can tell a proof from noise.
async fn prove(
    State(shared): State<Arc<Shared>>,
    Extension(line): Extension<Arc<Line>>,
    request: HttpRequest<Body>,
) -> Response<Body> {
    let Way::Port { here, .. } = line.way else { return nothing_there() };
    if !line.way.is_local() {
        return nothing_there();
    }
    let body = match read(request.into_body(), QUESTION_BYTES).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let question = serde_json::from_slice::<proof::Question>(&body).ok();
    let Some(client) = question.and_then(|question| Nonce::parse(&question.nonce)) else {
        let error = RpcError::new(ErrorKind::InvalidRequest, "this is not a request for a proof")
            .help(r#"send {"nonce": "…"}, with 64 hexadecimal digits"#);
        return refused(StatusCode::BAD_REQUEST, error);
    };
    let Ok(node) = Nonce::generate() else { return no_randomness() };
    let exchange = Exchange { client, node, address: here };
    *line.exchange.lock().unwrap_or_else(PoisonError::into_inner) = Some(exchange);
    let proof = exchange.prove(Side::Node, &shared.desk.doors().token);
    json(StatusCode::OK, to_bytes_of(&proof::Answer { nonce: node.text(), proof }))
}

async fn rpc(
    State(shared): State<Arc<Shared>>,
    Extension(line): Extension<Arc<Line>>,
    request: HttpRequest<Body>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let asker = match line.who(&head.headers, &shared.desk) {
        Ok(asker) => asker,
        Err((status, error)) => return refused(status, error),
    };
    let most = match asker.rights {
        Rights::User => BODY_BYTES,
        Rights::Public => STRANGERS_BODY_BYTES,
    };
    if let Err((status, error)) = suits(&head.headers, most) {
        return refused(status, error);
    }
    if asker.rights == Rights::User {
        line.place.is_known();
    }
    let body = match read(body, most).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let parsed = rpc::parse(&body);
    if let Err(error) = shared.clients.count(asker, parsed.requests()) {
        return refused(StatusCode::TOO_MANY_REQUESTS, error);
    }
    let _busy = line.place.busy();
    // An answer of JSON-RPC is a success of HTTP, whatever it says.
    match shared.desk.answer(parsed, asker).await {
        Some(answer) => json(StatusCode::OK, answer),
        None => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
    }
}

/// All of a body, or what is said of one that does not come or is too large.
async fn read(body: Body, most: usize) -> Result<Bytes, Response<Body>> {
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

/// Whether the body is JSON, and not too large, as far as the head tells.
fn suits(headers: &HeaderMap, most: usize) -> Result<(), (StatusCode, RpcError)> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        let error = RpcError::new(ErrorKind::InvalidRequest, "the request does not say that it is JSON")
            .help("send the header `Content-Type: application/json`");
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > most as u64) {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, too_large_error(most)));
    }
    Ok(())
}

fn too_large_error(most: usize) -> RpcError {
    RpcError::new(ErrorKind::TooLarge, format!("a request has at most {most} bytes"))
}

/// An error that has no request to which it would be the answer.
pub(super) fn refused(status: StatusCode, error: RpcError) -> Response<Body> {
    json(status, rpc::answer(&serde_json::Value::Null, &Err(error)))
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
