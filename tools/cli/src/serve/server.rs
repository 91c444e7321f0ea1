//! What is answered: the page and its files, the definitions, changes of them as server-sent events, and scripts.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use automata_web::{CONTENT_SECURITY_POLICY, asset, page};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use futures_util::stream::unfold;
use serde_json::json;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::access;
use super::connections::{Busy, Line};
use super::script::simulate;
use super::version::Version;
use crate::folder::Folder;
use crate::watch::Read;

/// Bytes of a script, at most.
const SCRIPT: usize = 1 << 20;

/// How long a script may take to arrive.
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Scripts that run at once; further ones wait.
const RUNNING: usize = 2;

/// Pages that hear of changes, at once.
const PAGES: usize = 32;

/// What is served.
pub struct Serving {
    version: Mutex<Arc<Version>>,
    /// Of the version above; tells those who wait.
    number: watch::Sender<u64>,
    against: Option<Folder>,
    port: u16,
    /// Tells this run of the server from others, whose versions have the same numbers.
    run: u128,
    running: Semaphore,
    pages: Arc<Semaphore>,
}

impl Serving {
    pub fn new(first: Version, against: Option<Folder>, port: u16) -> Self {
        Self {
            number: watch::Sender::new(first.number),
            version: Mutex::new(Arc::new(first)),
            against,
            port,
            run: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis()),
            running: Semaphore::new(RUNNING),
            pages: Arc::new(Semaphore::new(PAGES)),
        }
    }

    /// Takes what a changed folder holds, and tells the pages. It draws, so it takes a while.
    pub fn change(&self, read: &Read) {
        let next = self.version().next(read);
        let number = next.number;
        *self.version.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        self.number.send_replace(number);
    }

    fn version(&self) -> Arc<Version> {
        Arc::clone(&self.version.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The paths.
pub fn router(serving: Arc<Serving>) -> Router {
    Router::new()
        .route("/", get(room))
        .route("/assets/{name}", get(file))
        .route("/about", get(about))
        .route("/definitions", get(definitions))
        .route("/against", get(against))
        .route("/simulate", post(run_script))
        .route("/events", get(events))
        .fallback(|| async { told(StatusCode::NOT_FOUND, "there is nothing here") })
        .layer(middleware::from_fn_with_state(Arc::clone(&serving), guard))
        .with_state(serving)
}

/// Refuses what comes from, or through, a page from elsewhere, and puts the headers of a strict page on all answers.
async fn guard(State(serving): State<Arc<Serving>>, request: Request, next: Next) -> Response {
    let busy = request.extensions().get::<Arc<Line>>().map(Line::busy);
    let refusal = access::refusal(request.method(), request.uri().path(), request.headers(), serving.port);
    let mut response = match refusal {
        Some(why) => told(StatusCode::FORBIDDEN, why),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    drop(busy);
    response
}

async fn room() -> Response {
    let html = page("Automata", "/assets", "serve_page.js");
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

async fn file(Path(name): Path<String>) -> Response {
    match asset(&name) {
        Some(file) => ([(header::CONTENT_TYPE, file.content_type)], file.bytes).into_response(),
        None => told(StatusCode::NOT_FOUND, "there is no such file"),
    }
}

async fn about(State(serving): State<Arc<Serving>>) -> Response {
    let against = serving.against.as_ref().map(|folder| folder.path().display().to_string());
    axum::Json(json!({ "against": against })).into_response()
}

async fn definitions(State(serving): State<Arc<Serving>>) -> Response {
    written(&serving.version())
}

/// The other version, as it is now.
async fn against(State(serving): State<Arc<Serving>>) -> Response {
    let Some(folder) = serving.against.clone() else {
        return told(StatusCode::NOT_FOUND, "no other version was named: `automata serve --against DIR`");
    };
    let read = tokio::task::spawn_blocking(move || folder.read().map(|sources| Version::first(&sources))).await;
    match read {
        Ok(Ok(version)) => written(&version),
        Ok(Err(error)) => told(StatusCode::SERVICE_UNAVAILABLE, &format!("{error:#}")),
        Err(_) => told(StatusCode::INTERNAL_SERVER_ERROR, "it could not be drawn"),
    }
}

fn written(version: &Version) -> Response {
    axum::Json(&version.view).into_response()
}

async fn run_script(State(serving): State<Arc<Serving>>, body: Body) -> Response {
    let body: Bytes = match timeout(SCRIPT_TIMEOUT, to_bytes(body, SCRIPT)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return told(StatusCode::PAYLOAD_TOO_LARGE, "a script has at most 1 MiB"),
        Err(_) => return told(StatusCode::REQUEST_TIMEOUT, "the script did not arrive in time"),
    };
    let Ok(script) = String::from_utf8(body.to_vec()) else {
        return told(StatusCode::BAD_REQUEST, "the script is not UTF-8");
    };
    // It is never closed.
    let Ok(_place) = serving.running.acquire().await else {
        return told(StatusCode::SERVICE_UNAVAILABLE, "the server is ending");
    };
    let system = Arc::clone(&serving.version().system);
    match tokio::task::spawn_blocking(move || simulate(&system, &script)).await {
        Ok(simulated) => axum::Json(simulated).into_response(),
        Err(_) => told(StatusCode::INTERNAL_SERVER_ERROR, "the script could not be run"),
    }
}

/// The number of the version, now and after each change.
async fn events(State(serving): State<Arc<Serving>>, line: Option<Extension<Arc<Line>>>) -> Response {
    let Ok(place) = Arc::clone(&serving.pages).try_acquire_owned() else {
        return told(StatusCode::SERVICE_UNAVAILABLE, "too many pages are open");
    };
    let busy: Option<Busy> = line.map(|Extension(line)| line.busy());
    let mut numbers = serving.number.subscribe();
    numbers.mark_changed();
    let run = serving.run;
    // What is held is held as long as the page listens.
    let stream = unfold((numbers, place, busy), move |(mut numbers, place, busy)| async move {
        numbers.changed().await.ok()?;
        let number = *numbers.borrow_and_update();
        let event = Event::default().event("version").data(format!("{run}-{number}"));
        Some((Ok::<_, Infallible>(event), (numbers, place, busy)))
    });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

fn told(status: StatusCode, why: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], why.to_owned()).into_response()
}
