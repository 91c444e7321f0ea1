//! Servers that do nothing but answer: axum, tokio-tungstenite, and streams of `wtransport`.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use anyhow::Context as _;
use axum::Router;
use axum::extract::Json;
use axum::http::header;
use axum::routing::post;
use bitpie::api::certificate::{Certificate, ShownCertificate};
use bitpie::api::webtransport::endpoint;
use bitpie::home::clock::unix_ms;
use bitpie::quic_socket::QuicSocket;
use bitpie_bench_node::sides::runtime;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;
use wtransport::endpoint::IncomingSessionFuture;

use crate::clients::Place;

/// How long the certificate lasts.
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// A server, which ends with this.
pub struct Bare {
    /// Where it is.
    pub place: Place,
    _end: oneshot::Sender<()>,
}

impl Bare {
    /// Answers with that text, by the way of the same name.
    ///
    /// # Errors
    /// If there is no socket.
    pub fn start(way: &str, answer: String) -> anyhow::Result<Self> {
        let (told, place) = std::sync::mpsc::channel();
        let (end, ended) = oneshot::channel::<()>();
        let way = way.to_owned();
        std::thread::Builder::new().name(format!("bare {way}")).spawn(move || {
            runtime()?.block_on(async {
                tokio::select! {
                    served = serve(&way, answer, told) => served,
                    _ = ended => Ok(()),
                }
            })
        })?;
        Ok(Self { place: place.recv().context("the server has ended")?, _end: end })
    }
}

async fn serve(way: &str, answer: String, told: Sender<Place>) -> anyhow::Result<()> {
    match way {
        "http" => over_http(answer, told).await,
        "websocket" => over_websocket(answer, told).await,
        _ => over_webtransport(answer, told).await,
    }
}

async fn over_http(answer: String, told: Sender<Place>) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    told.send(Place::Http { at: listener.local_addr()?, token: None })?;
    let answer = move |Json(request): Json<Value>| async move {
        // What any server of JSON-RPC has to look at.
        assert!(request["method"].is_string());
        ([(header::CONTENT_TYPE, "application/json")], answer)
    };
    Ok(axum::serve(listener, Router::new().route("/rpc", post(answer))).await?)
}

async fn over_websocket(answer: String, told: Sender<Place>) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    told.send(Place::WebSocket { at: listener.local_addr()?, token: None })?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer = answer.clone();
        tokio::spawn(async move {
            let mut socket = tokio_tungstenite::accept_async(stream).await?;
            while let Some(Ok(Message::Text(text))) = socket.next().await {
                let request: Value = serde_json::from_str(&text)?;
                assert!(request["method"].is_string());
                socket.send(Message::text(answer.clone())).await?;
            }
            anyhow::Ok(())
        });
    }
}

async fn over_webtransport(answer: String, told: Sender<Place>) -> anyhow::Result<()> {
    let certificate = Certificate::make(unix_ms(), DAY_MS)?;
    let shown = ShownCertificate::default();
    shown.set(&certificate)?;
    let socket = std::net::UdpSocket::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    socket.set_nonblocking(true)?;
    let at = socket.local_addr()?;
    // The same QUIC with the same limits, and nothing of the API on top of it.
    let endpoint = endpoint(QuicSocket::new(socket.into(), Box::new(|_, _| {}))?, shown)?;
    told.send(Place::WebTransport { at, hash: certificate.hash(), token: None })?;
    let answer = Arc::new(answer + "\n");
    while let Some(incoming) = endpoint.accept().await {
        let answer = Arc::clone(&answer);
        tokio::spawn(async move {
            let session = IncomingSessionFuture::with_quic_incoming(incoming).await?.accept().await?;
            while let Ok((mut to, mut from)) = session.accept_bi().await {
                let answer = Arc::clone(&answer);
                tokio::spawn(async move {
                    let (mut begun, mut piece) = (Vec::new(), vec![0; 1 << 14]);
                    while let Some(length) = from.read(&mut piece).await? {
                        begun.extend_from_slice(&piece[..length]);
                        while let Some(end) = begun.iter().position(|byte| *byte == b'\n') {
                            let line: Vec<u8> = begun.drain(..=end).collect();
                            let request: Value = serde_json::from_slice(&line)?;
                            assert!(request["method"].is_string());
                            to.write_all(answer.as_bytes()).await?;
                        }
                    }
                    anyhow::Ok(())
                });
            }
            anyhow::Ok(())
        });
    }
    Ok(())
}
