//! To the running node: found by `api.json` in the home folder, and asked over HTTP, at the socket there or at a port of
//! loopback.
//!
//! Nothing is said before it is sure who listens. At the socket the system tells whose process that is; at a port the
//! node proves that it knows the token ([`proof`]).

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method as HttpMethod, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::failure::Failure;
use crate::api::access::{Access, HttpAccess, Way};
use crate::api::desk::{ANSWER_TIMEOUT, BACKUP_TIMEOUT};
use crate::api::errors::RpcError;
use crate::api::methods::Method;
use crate::api::proof::{self, Exchange, Nonce, PROOF_SCHEME, PROVE_PATH, Side};
use crate::api::socket::Reachable;

/// Bytes of an answer, at most.
const ANSWER_BYTES: usize = 64 << 20;

/// Bytes of a proof, at most.
const PROOF_BYTES: usize = 4096;

/// How long it may take until it is sure that the node listens.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How much longer than the node a client has patience, so that the node's own word arrives.
const PATIENCE: Duration = Duration::from_secs(5);

/// The running node of a home folder.
pub struct Connection {
    runtime: Runtime,
    access: Access,
    way: Way,
    home: PathBuf,
}

/// An answer, as it came and as it is meant.
pub struct Answered<A> {
    /// As it came.
    pub raw: Value,
    /// As it is meant.
    pub answer: A,
}

/// Why there was no answer.
enum Trouble {
    /// Nobody listens, or whoever did has gone.
    Gone,
    /// It is not the node.
    Stranger,
    /// Nothing came in time.
    Silent,
    /// Anything else.
    Other(String),
}

impl Connection {
    /// Finds the node. Whether it still answers shows at the first question.
    ///
    /// # Errors
    /// If there is none, or `api.json` is of no use or open to others.
    pub fn open(home: &Path) -> Result<Self, Failure> {
        let none = || Failure::NoNode { home: home.to_owned(), gone: None };
        let access = Access::read(home)?.ok_or_else(none)?;
        let way = access.way().ok_or_else(none)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| {
            Failure::here(format!("this process cannot wait for an answer: {error}"), "close other programs")
        })?;
        Ok(Self { runtime, access, way, home: home.to_owned() })
    }

    /// The process that wrote `api.json`.
    pub fn process(&self) -> u32 {
        self.access.process
    }

    /// Asks the node.
    ///
    /// # Errors
    /// If it is not there any more, says no, or answers what this program does not understand.
    pub fn call<M: Method>(&self, parameters: &M) -> Result<Answered<M::Answer>, Failure> {
        self.ask(M::NAME, &json!(parameters))
    }

    fn ask<A: DeserializeOwned>(&self, method: &str, parameters: &Value) -> Result<Answered<A>, Failure> {
        let raw = self.exchange(method, parameters)?;
        match A::deserialize(&raw) {
            Ok(answer) => Ok(Answered { raw, answer }),
            Err(error) => Err(Failure::here(
                format!("the node's answer to `{method}` is not understood: {error}"),
                "node and command are of different versions: stop the node and start it with this program",
            )),
        }
    }

    fn exchange(&self, method: &str, parameters: &Value) -> Result<Value, Failure> {
        let wait = parameters["wait_ms"].as_u64().unwrap_or(0);
        let limit = if method == "backup" { BACKUP_TIMEOUT } else { ANSWER_TIMEOUT };
        let limit = limit.saturating_add(PATIENCE).saturating_add(Duration::from_millis(wait));
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters }).to_string();
        let bytes = self.runtime.block_on(self.talk(body, limit)).map_err(|trouble| self.failure(trouble))?;
        // Who answers was proved before anything was said, so it is the node.
        let not_understood = || {
            Failure::here(
                format!("the node's answer to `{method}` is not understood"),
                "node and command are of different versions: stop the node and start it with this program",
            )
        };
        let mut answer: Value = serde_json::from_slice(&bytes).map_err(|_| not_understood())?;
        match (answer.get_mut("result").map(Value::take), answer.get_mut("error").map(Value::take)) {
            (Some(result), None) => Ok(result),
            (None, Some(error)) => {
                let error: RpcError = serde_json::from_value(error).map_err(|_| not_understood())?;
                Err(Failure::Node(error))
            }
            _ => Err(not_understood()),
        }
    }

    /// Sends a request, and returns the body of the answer.
    async fn talk(&self, body: String, limit: Duration) -> Result<Bytes, Trouble> {
        let (mut sender, authorization) = within(CONNECT_TIMEOUT, self.connect()).await?;
        let answered = async {
            let (_, answer) = send(&mut sender, "/rpc", body, authorization.as_deref(), ANSWER_BYTES).await?;
            Ok(answer)
        };
        within(limit, answered).await
    }

    /// A connection to the node and to nobody else; and what lets its requests in.
    async fn connect(&self) -> Result<(SendRequest<Full<Bytes>>, Option<String>), Trouble> {
        match &self.way {
            Way::Socket(name) => {
                let reachable = Reachable::new(&self.home, name).map_err(|error| of_system(&error))?;
                let stream = UnixStream::connect(reachable.path()).await.map_err(|error| of_system(&error))?;
                let peer = stream.peer_cred().map_err(|error| of_system(&error))?;
                if peer.uid() != rustix::process::geteuid().as_raw() {
                    return Err(Trouble::Stranger);
                }
                Ok((speak(stream).await?, None))
            }
            Way::Http(http) => {
                let stream = TcpStream::connect(http.address).await.map_err(|error| of_system(&error))?;
                let _ = stream.set_nodelay(true);
                let mut sender = speak(stream).await?;
                let authorization = proved(&mut sender, http).await?;
                Ok((sender, Some(authorization)))
            }
        }
    }

    fn failure(&self, trouble: Trouble) -> Failure {
        let (process, way) = (self.access.process, &self.way);
        match trouble {
            Trouble::Gone => Failure::NoNode { home: self.home.clone(), gone: Some(process) },
            Trouble::Stranger => Failure::here(
                format!("what answers at {way} is not the node that wrote api.json; it was told nothing"),
                format!(
                    "the node has gone, and another program is in its place; start it again: `bitpie run --home {}`",
                    self.home.display()
                ),
            ),
            Trouble::Silent => self.no_answer("nothing came in time"),
            Trouble::Other(why) => self.no_answer(&why),
        }
    }

    fn no_answer(&self, why: &str) -> Failure {
        Failure::here(
            format!("the node at {} (process {}) does not answer: {why}", self.way, self.access.process),
            "`bitpie doctor` looks for the reason; its log is in log/ of the home folder",
        )
    }
}

async fn within<T>(limit: Duration, what: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    timeout(limit, what).await.unwrap_or(Err(Trouble::Silent))
}

/// HTTP over a connection, carried on by the runtime while somebody waits for an answer.
async fn speak<S>(stream: S) -> Result<SendRequest<Full<Bytes>>, Trouble>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| of_http(&error))?;
    tokio::spawn(connection);
    Ok(sender)
}

/// Has the node prove that it knows the token; what then proves the same of us.
async fn proved(sender: &mut SendRequest<Full<Bytes>>, http: &HttpAccess) -> Result<String, Trouble> {
    let client = Nonce::generate().map_err(|error| Trouble::Other(error.to_string()))?;
    let question = json!(proof::Question { nonce: client.text() }).to_string();
    let (status, answer) = match send(sender, PROVE_PATH, question, None, PROOF_BYTES).await {
        // What is no HTTP at all is no node.
        Err(Trouble::Other(_)) => return Err(Trouble::Stranger),
        other => other?,
    };
    let answer = serde_json::from_slice::<proof::Answer>(&answer).ok().filter(|_| status == StatusCode::OK);
    let proved = answer.and_then(|answer| {
        let exchange = Exchange { client, node: Nonce::parse(&answer.nonce)?, address: http.address };
        exchange.is_proved(Side::Node, &http.token, answer.proof.as_bytes()).then_some(exchange)
    });
    let exchange = proved.ok_or(Trouble::Stranger)?;
    Ok(format!("{PROOF_SCHEME}{}", exchange.prove(Side::Client, &http.token)))
}

/// Sends a request, and returns the status and the body of the answer, of at most so many bytes.
async fn send(
    sender: &mut SendRequest<Full<Bytes>>,
    path: &str,
    body: String,
    authorization: Option<&str>,
    most: usize,
) -> Result<(StatusCode, Bytes), Trouble> {
    let mut request = Request::builder()
        .method(HttpMethod::POST)
        .uri(path)
        .header(header::HOST, "localhost")
        .header(header::USER_AGENT, concat!("bitpie/", env!("CARGO_PKG_VERSION")))
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    let request = request.body(Full::from(body)).map_err(|error| Trouble::Other(error.to_string()))?;
    let response = sender.send_request(request).await.map_err(|error| of_http(&error))?;
    let status = response.status();
    let body = Limited::new(response.into_body(), most).collect().await;
    let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
        Ok(error) => of_http(&error),
        Err(error) => Trouble::Other(error.to_string()),
    })?;
    Ok((status, body.to_bytes()))
}

fn of_http(error: &hyper::Error) -> Trouble {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(error) = inner.downcast_ref::<io::Error>() {
            return of_system(error);
        }
        cause = inner.source();
    }
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return Trouble::Gone;
    }
    Trouble::Other(error.to_string())
}

fn of_system(error: &io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::NotFound
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::NotConnected
        | io::ErrorKind::BrokenPipe => Trouble::Gone,
        _ => Trouble::Other(error.to_string()),
    }
}
