//! The ways over TCP by which a node is asked.

use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Bytes of an answer, at most.
pub(super) const ANSWER_BYTES: usize = 16 << 20;

/// One request, one answer.
pub(super) async fn over_http(place: &str, body: String) -> Result<String, String> {
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
    String::from_utf8(body.to_bytes().to_vec()).map_err(|_| "its answer is not UTF-8".to_owned())
}

/// One request, one answer.
pub(super) async fn over_websocket(place: &str, body: String) -> Result<String, String> {
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
