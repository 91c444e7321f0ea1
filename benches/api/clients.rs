//! A client for each way, which is the same for the node and for a bare server.

use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use bitpie::world::CertificateHash;
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use wtransport::tls::Sha256Digest;
use wtransport::{ClientConfig, Connection, Endpoint, RecvStream, SendStream};

/// Where a server is, and what lets its user in.
#[derive(Clone)]
pub enum Place {
    /// At `/rpc`.
    Http { at: SocketAddr, token: Option<String> },
    /// At `/`.
    WebSocket { at: SocketAddr, token: Option<String> },
    /// At `/`.
    WebTransport { at: SocketAddr, hash: CertificateHash, token: Option<String> },
}

/// A connection.
pub enum Client {
    /// One request after the other: HTTP/1.1 answers in order.
    Http { sender: SendRequest<Full<Bytes>>, token: Option<String> },
    /// Requests overtake nothing on their way.
    WebSocket(Box<WebSocketStream<MaybeTlsStream<TcpStream>>>),
    /// Likewise, in one stream.
    WebTransport { to: SendStream, from: Box<Lines>, _session: Connection },
}

/// What comes by a stream, line by line.
pub struct Lines {
    from: RecvStream,
    begun: Vec<u8>,
}

impl Lines {
    async fn next(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut piece = [0; 1 << 14];
        loop {
            if let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
                return Ok(self.begun.drain(..=end).collect());
            }
            let length = self.from.read(&mut piece).await?.context("the stream has ended")?;
            self.begun.extend_from_slice(&piece[..length]);
        }
    }
}

/// A request.
pub fn request(method: &str, params: Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}

impl Client {
    /// Connects, and is let in.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn connect(place: &Place) -> anyhow::Result<Self> {
        let (mut client, token) = match place.clone() {
            Place::Http { at, token } => {
                let stream = TcpStream::connect(at).await?;
                stream.set_nodelay(true)?;
                let (sender, connection) = handshake(TokioIo::new(stream)).await?;
                tokio::spawn(connection);
                return Ok(Self::Http { sender, token });
            }
            Place::WebSocket { at, token } => {
                let (socket, _) = connect_async(format!("ws://{at}/")).await?;
                (Self::WebSocket(Box::new(socket)), token)
            }
            Place::WebTransport { at, hash, token } => {
                let config = ClientConfig::builder()
                    .with_bind_address("127.0.0.1:0".parse()?)
                    .with_server_certificate_hashes([Sha256Digest::new(hash.0)]);
                let session = Endpoint::client(config.build())?.connect(format!("https://{at}/")).await?;
                let (to, from) = session.open_bi().await?.await?;
                let from = Box::new(Lines { from, begun: Vec::new() });
                (Self::WebTransport { to, from, _session: session }, token)
            }
        };
        if let Some(token) = token {
            client.say(request("authenticate", json!({ "token": token }))).await?;
            let known: Value = serde_json::from_slice(&client.hear().await?)?;
            ensure!(known["result"]["is_user"] == true, "the node does not know the token");
        }
        Ok(client)
    }

    /// Sends a request, by a way on which several can be under way.
    ///
    /// # Errors
    /// If the connection has ended.
    pub async fn say(&mut self, mut line: String) -> anyhow::Result<()> {
        match self {
            Self::Http { .. } => bail!("HTTP answers before the next request"),
            Self::WebSocket(socket) => socket.send(Message::text(line)).await?,
            Self::WebTransport { to, .. } => {
                line.push('\n');
                to.write_all(line.as_bytes()).await?;
            }
        }
        Ok(())
    }

    /// The next answer or notification.
    ///
    /// # Errors
    /// If the connection has ended.
    pub async fn hear(&mut self) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Http { .. } => bail!("HTTP tells nothing by itself"),
            Self::WebSocket(socket) => loop {
                if let Message::Text(text) = socket.next().await.context("the connection has ended")?? {
                    return Ok(text.as_bytes().to_vec());
                }
            },
            Self::WebTransport { from, .. } => from.next().await,
        }
    }

    /// One request, one answer.
    ///
    /// # Errors
    /// If the connection has ended, or HTTP refuses.
    pub async fn ask(&mut self, line: String) -> anyhow::Result<Vec<u8>> {
        let Self::Http { sender, token } = self else {
            self.say(line).await?;
            return self.hear().await;
        };
        let mut asked = Request::builder().method(Method::POST).uri("/rpc").header(header::HOST, "localhost");
        asked = asked.header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            asked = asked.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        sender.ready().await?;
        let response = sender.send_request(asked.body(Full::from(line))?).await?;
        ensure!(response.status() == 200, "HTTP says {}", response.status());
        Ok(response.into_body().collect().await?.to_bytes().to_vec())
    }
}
