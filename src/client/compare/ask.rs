//! Asks a node at an address, by HTTP or WebSocket. Nothing is proved of who it is: what it says is held against what
//! others say.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::api::errors::RpcError;

/// How long a node may take.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// Bytes of an answer, at most.
const ANSWER_BYTES: usize = 16 << 20;

/// Where a node is asked, and by which way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Over HTTP, at `/rpc`.
    Http(String),
    /// Over WebSocket.
    WebSocket(String),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The node said no.
    #[error("{0}")]
    Refused(RpcError),
    /// It could not be asked, or did not answer.
    #[error("{0}")]
    Lost(String),
}

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) = text.split_once("://").unwrap_or(("http", text));
        let place = rest.trim_end_matches('/');
        let has_port = place.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0) && !host.contains(['/', '@', ' '])
        });
        match kind {
            "http" if has_port => Ok(Self::Http(place.to_owned())),
            "ws" if has_port => Ok(Self::WebSocket(place.to_owned())),
            _ => Err("it is HOST:PORT or http://HOST:PORT (38081), or ws://HOST:PORT (38082)".to_owned()),
        }
    }
}

impl Place {
    /// Asks for one thing.
    ///
    /// # Errors
    /// If the node says no, or cannot be asked.
    pub async fn ask(&self, method: &str, params: &Value) -> Result<Value, NoAnswer> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let answer = async {
            match self {
                Self::Http(place) => over_http(place, request).await,
                Self::WebSocket(place) => over_websocket(place, request).await,
            }
        };
        let late = || format!("no answer came within {} s", PATIENCE.as_secs());
        let answer = timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(late())).map_err(NoAnswer::Lost)?;
        let mut answer: Value = serde_json::from_str(&answer)
            .map_err(|_| NoAnswer::Lost("what answers there is no node: its answer is no JSON".to_owned()))?;
        match (answer.get_mut("result").map(Value::take), answer.get_mut("error").map(Value::take)) {
            (Some(result), None) => Ok(result),
            (None, Some(error)) => Err(serde_json::from_value(error)
                .map_or_else(|_| NoAnswer::Lost("its error is none of JSON-RPC".to_owned()), NoAnswer::Refused)),
            _ => Err(NoAnswer::Lost("its answer is none of JSON-RPC".to_owned())),
        }
    }
}

async fn over_http(place: &str, body: String) -> Result<String, String> {
    let stream = TcpStream::connect(place).await.map_err(|error| error.to_string())?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    let request = Request::builder()
        .method(Method::POST)
        .uri("/rpc")
        .header(header::HOST, place)
        .header(header::USER_AGENT, concat!("bitpie/", env!("CARGO_PKG_VERSION")))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::<Bytes>::from(body))
        .map_err(|error| error.to_string())?;
    let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await.map_err(|error| error.to_string())?;
    String::from_utf8(body.to_bytes().to_vec()).map_err(|_| "its answer is no text".to_owned())
}

async fn over_websocket(place: &str, body: String) -> Result<String, String> {
    let stream = TcpStream::connect(place).await.map_err(|error| error.to_string())?;
    let configuration = WebSocketConfig::default().max_message_size(Some(ANSWER_BYTES));
    let (mut socket, _) =
        tokio_tungstenite::client_async_with_config(format!("ws://{place}/"), stream, Some(configuration))
            .await
            .map_err(|error| error.to_string())?;
    socket.send(Message::text(body)).await.map_err(|error| error.to_string())?;
    while let Some(message) = socket.next().await {
        match message.map_err(|error| error.to_string())? {
            Message::Text(text) => return Ok(text.to_string()),
            Message::Close(Some(frame)) => return Err(format!("it has closed the connection: {}", frame.reason)),
            _ => {}
        }
    }
    Err("it has closed the connection".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_host_and_a_port_with_the_way() {
        let place = |text: &str| text.parse::<Place>();
        assert_eq!(place("127.0.0.1:38081"), Ok(Place::Http("127.0.0.1:38081".to_owned())));
        assert_eq!(place("http://[::1]:80/"), Ok(Place::Http("[::1]:80".to_owned())));
        assert_eq!(place("ws://node.example:38082"), Ok(Place::WebSocket("node.example:38082".to_owned())));
        for wrong in ["", "node", ":1", "a:0", "a:b", "https://a:1", "a:65536", "http://u@a:1", "http://a:1/x"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
