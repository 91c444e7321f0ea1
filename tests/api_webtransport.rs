//! The port of WebTransport over real sockets, with a task in place of the node and the client of `wtransport`: who may
//! ask for what, lines, what is told, limits, slow readers, and the change of certificates.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bitpie::api::access::Token;
use bitpie::api::answers::{MarkedRead, Messages, PeerInfos, ShuttingDown};
use bitpie::api::bind::{PortChoice, Reach, bind_datagrams};
use bitpie::api::certificate::{Certificate, ShownCertificate};
use bitpie::api::conversation::SUBSCRIPTIONS_OF_STRANGER;
use bitpie::api::desk::{Desk, Doors};
use bitpie::api::errors::{ErrorKind, RpcError};
use bitpie::api::feeds::Feeds;
use bitpie::api::line::{STRANGERS_BODY_BYTES, Shared};
use bitpie::api::methods::{Call, GetPeerInfo, ListedPeers, MarkRead, Request, ShutDown, WatchMessages, answer};
use bitpie::api::server::CONNECTIONS;
use bitpie::api::webtransport::{STREAMS, endpoint, serve_webtransport};
use bitpie::home::clock::unix_ms;
use bitpie::quic_socket::QuicSocket;
use bitpie::world::CertificateHash;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use wtransport::endpoint::ConnectOptions;
use wtransport::endpoint::endpoint_side::Client;
use wtransport::error::{ConnectingError, ConnectionError};
use wtransport::tls::Sha256Digest;
use wtransport::{ClientConfig, Connection, Endpoint, RecvStream, SendStream};

/// How long a test waits for what has to come.
const DEADLINE: Duration = Duration::from_secs(30);

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

struct Port {
    address: SocketAddr,
    hash: CertificateHash,
    shown: ShownCertificate,
    token: Token,
    feeds: Feeds,
    shared: Arc<Shared>,
    serving: JoinHandle<std::io::Result<()>>,
    end: watch::Sender<bool>,
}

impl Port {
    fn open(mut answering: impl FnMut(Call) + Send + 'static) -> Self {
        let token = Token::generate().expect("there is randomness");
        let (calls, mut received) = mpsc::channel(8);
        let feeds = Feeds::default();
        let (end, ending) = watch::channel(false);
        let doors = Doors { token: token.clone(), calls, feeds: feeds.clone(), web_sessions: Arc::default() };
        let shared = Arc::new(Shared::new(Desk::new(doors, ending.clone())));
        let bound = bind_datagrams(PortChoice::Default(0), Reach::ThisMachine).expect("some port is free");
        let socket = QuicSocket::new(bound.listener.into(), Box::new(|_, _| {})).expect("a socket");
        let shown = ShownCertificate::default();
        let hash = show(&shown);
        let held = Arc::downgrade(&socket);
        let endpoint = endpoint(socket, shown.clone()).expect("QUIC");
        let serving = tokio::spawn(serve_webtransport(endpoint, held, Arc::clone(&shared), ending));
        tokio::spawn(async move {
            while let Some(call) = received.recv().await {
                answering(call);
            }
        });
        Self { address: bound.address, hash, shown, token, feeds, shared, serving, end }
    }

    /// With a node that has no peers, marks messages as read, stops, and knows nothing else.
    fn plain() -> Self {
        Self::open(|call| {
            let outcome = match &call.request {
                Request::ShutDown(_) => answer::<ShutDown>(&ShuttingDown { process: 7 }),
                Request::MarkRead(_) => answer::<MarkRead>(&MarkedRead { count: 3 }),
                Request::GetPeerInfo(_) => answer::<GetPeerInfo>(&PeerInfos { peers: Vec::new() }),
                Request::ListedPeers(_) => answer::<ListedPeers>(&PeerInfos { peers: Vec::new() }),
                _ => Err(RpcError::new(ErrorKind::NotFound, "there is no such thing")),
            };
            let _ = call.reply.send(outcome);
        })
    }

    fn client(&self, hash: CertificateHash) -> Endpoint<Client> {
        let config = ClientConfig::builder()
            .with_bind_address("127.0.0.1:0".parse().expect("an address"))
            .with_server_certificate_hashes([Sha256Digest::new(hash.0)]);
        Endpoint::client(config.build()).expect("a socket")
    }

    async fn try_connect(&self, path: &str, headers: &[(&str, &str)]) -> Result<Connection, ConnectingError> {
        let mut options = ConnectOptions::builder(format!("https://{}{path}", self.address));
        for (name, value) in headers {
            options = options.add_header(*name, *value);
        }
        timeout(DEADLINE, self.client(self.hash).connect(options.build())).await.expect("in time")
    }

    async fn connect(&self) -> Connection {
        self.try_connect("/", &[]).await.expect("it takes WebTransport")
    }

    async fn stream(&self) -> Stream {
        Stream::of(self.connect().await).await
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token.text())
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.end.send_replace(true);
    }
}

/// Makes a certificate, and shows it.
fn show(shown: &ShownCertificate) -> CertificateHash {
    let certificate = Certificate::make(unix_ms(), 13 * DAY_MS).expect("made");
    shown.set(&certificate).expect("it fits");
    certificate.hash()
}

struct Stream {
    session: Connection,
    to: SendStream,
    from: RecvStream,
    begun: Vec<u8>,
}

impl Stream {
    async fn of(session: Connection) -> Self {
        let (to, from) = session.open_bi().await.expect("a stream").await.expect("a stream");
        Self { session, to, from, begun: Vec::new() }
    }

    async fn say(&mut self, text: &str) {
        self.to.write_all(text.as_bytes()).await.expect("it is there");
    }

    /// The next line; nothing if the stream ends.
    async fn hear(&mut self) -> Option<Value> {
        let mut piece = [0; 4_096];
        loop {
            if let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
                let rest = self.begun.split_off(end + 1);
                let line = std::mem::replace(&mut self.begun, rest);
                return Some(serde_json::from_slice(&line).expect("a line is JSON"));
            }
            match timeout(DEADLINE, self.from.read(&mut piece)).await.expect("in time") {
                Ok(Some(length)) => self.begun.extend_from_slice(&piece[..length]),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.say(&format!("{request}\n")).await;
        self.hear().await.expect("an answer")
    }

    /// With which code the session is ended by the other side.
    async fn ends_with(&self) -> u64 {
        code(timeout(DEADLINE, self.session.closed()).await.expect("in time"))
    }
}

fn code(error: ConnectionError) -> u64 {
    match error {
        ConnectionError::ApplicationClosed(close) => close.code().into_inner(),
        other => panic!("{other:?}"),
    }
}

fn kind(answer: &Value) -> &str {
    answer["error"]["data"]["kind"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn what_is_public_is_answered_and_the_user_is_known_by_the_token() {
    let port = Port::plain();
    let mut stream = port.stream().await;
    assert_eq!(stream.call("getpeerinfo", json!({})).await["result"]["peers"], json!([]));
    assert_eq!(kind(&stream.call("shutdown", json!({})).await), "forbidden");
    assert_eq!(kind(&stream.call("authenticate", json!({ "token": "x" })).await), "forbidden");
    let known = stream.call("authenticate", json!({ "token": port.token.text() })).await;
    assert_eq!(known["result"]["is_user"], true);
    assert_eq!(stream.call("shutdown", json!({})).await["result"]["process"], 7);
    // Another stream of the same session is another conversation.
    let mut other = Stream::of(port.connect().await).await;
    assert_eq!(kind(&other.call("shutdown", json!({})).await), "forbidden");
    // A program can show the token with the request for the session.
    let session = port.try_connect("/rpc", &[("authorization", &port.bearer())]).await.expect("it is let in");
    assert_eq!(Stream::of(session).await.call("shutdown", json!({})).await["result"]["process"], 7);
    assert!(port.try_connect("/", &[("authorization", "Bearer x")]).await.is_err());
}

#[tokio::test]
async fn lines_come_in_pieces_and_together_and_the_last_one_needs_no_end() {
    let port = Port::plain();
    let mut stream = port.stream().await;
    let request = |id: u32| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"getpeerinfo"}}"#);
    let text = format!("\n{}\r\n\n{}\n{}", request(1), request(2), request(3));
    for piece in text.as_bytes().chunks(7) {
        stream.to.write_all(piece).await.expect("it is there");
    }
    stream.to.finish().await.expect("it is heard");
    let mut ids = Vec::new();
    while let Some(answer) = stream.hear().await {
        ids.push(answer["id"].as_u64().expect("an id"));
    }
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3], "everything is answered before the stream ends");
    let mut stream = port.stream().await;
    stream.say("{\n").await;
    assert_eq!(stream.hear().await.expect("an answer")["error"]["code"], -32_700);
    stream.say(&format!("[{},7]\n", request(9))).await;
    assert_eq!(stream.hear().await.expect("a list").as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn what_changes_is_told_and_subscriptions_have_a_bound() {
    let port = Port::open(|call| {
        let outcome = match &call.request {
            Request::WatchMessages(watch) => {
                let next = Some(watch.after.unwrap_or(5));
                answer::<WatchMessages>(&Messages { messages: Vec::new(), next, next_request: None })
            }
            _ => Err(RpcError::new(ErrorKind::NotFound, "there is no such thing")),
        };
        let _ = call.reply.send(outcome);
    });
    let mut stream = port.stream().await;
    assert_eq!(kind(&stream.call("subscribe", json!({ "topic": "conversations" })).await), "forbidden");
    stream.call("authenticate", json!({ "token": port.token.text() })).await;
    let subscribed = stream.call("subscribe", json!({ "topic": "conversations" })).await;
    let subscription = subscribed["result"]["subscription"].clone();
    // It may not be listening yet.
    let told = loop {
        port.feeds.conversations_changed();
        if let Ok(told) = timeout(Duration::from_millis(100), stream.hear()).await {
            break told.expect("it is there");
        }
    };
    assert_eq!((&told["method"], &told["params"]["subscription"]), (&json!("subscription"), &subscription));
    let mut stranger = port.stream().await;
    for _ in 0..SUBSCRIPTIONS_OF_STRANGER {
        let answer = stranger.call("subscribe", json!({ "topic": "peers" })).await;
        assert!(answer["result"]["subscription"].is_u64(), "{answer}");
    }
    assert_eq!(kind(&stranger.call("subscribe", json!({ "topic": "peers" })).await), "busy");
}

#[tokio::test]
async fn a_page_from_elsewhere_gets_no_session() {
    let port = Port::plain();
    port.shared.desk.page.send_replace(Some("127.0.0.1:5000".parse().expect("an address")));
    let is_let_in = async |headers: &[(&str, &str)]| port.try_connect("/", headers).await.is_ok();
    assert!(is_let_in(&[("origin", "http://127.0.0.1:5000")]).await);
    for foreign in ["https://example.org", "null", "http://127.0.0.1:5001", "https://127.0.0.1:5000"] {
        assert!(!is_let_in(&[("origin", foreign)]).await, "{foreign}");
    }
    assert!(!is_let_in(&[("sec-fetch-site", "cross-site")]).await);
}

#[tokio::test]
async fn a_line_that_is_too_long_is_told_so_and_ends_its_stream_alone() {
    let port = Port::plain();
    let mut stream = port.stream().await;
    let long = format!("\"{}\"\n", "x".repeat(STRANGERS_BODY_BYTES));
    stream.say(&long).await;
    assert_eq!(kind(&stream.hear().await.expect("an answer")), "too_large");
    assert_eq!(stream.hear().await, None);
    let mut other = Stream::of(stream.session).await;
    other.call("authenticate", json!({ "token": port.token.text() })).await;
    other.say(&long).await;
    assert_eq!(kind(&other.hear().await.expect("an answer")), "invalid_request", "the user may say more");
    // Without an end, not even the user may.
    let mut endless = vec![b'x'; 1 << 16];
    endless[0] = b'"';
    while other.to.write_all(&endless).await.is_ok() {}
    assert_eq!(kind(&other.hear().await.expect("an answer")), "too_large");
}

#[tokio::test]
async fn requests_that_come_too_fast_end_the_session() {
    let port = Port::plain();
    let mut stream = port.stream().await;
    let batch = Value::Array(vec![json!({ "jsonrpc": "2.0", "id": 1, "method": "getpeerinfo" }); 50]);
    // The first uses up what was saved, and more.
    stream.say(&format!("{batch}\n{batch}\n")).await;
    assert_eq!(stream.ends_with().await, 1008);
}

#[tokio::test]
async fn nobody_has_more_streams_than_there_may_be_and_one_that_ends_makes_room() {
    let port = Port::plain();
    let session = port.connect().await;
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        let (mut to, from) = session.open_bi().await.expect("a stream").await.expect("a stream");
        to.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"getpeerinfo\"}\n").await.expect("it is there");
        streams.push((to, from));
    }
    for (_, from) in &mut streams {
        let mut piece = [0; 64];
        timeout(DEADLINE, from.read(&mut piece)).await.expect("in time").expect("an answer");
    }
    let mut more = std::pin::pin!(session.open_bi());
    assert!(timeout(Duration::from_millis(300), &mut more).await.is_err(), "QUIC lets it wait");
    let (mut to, mut from) = streams.pop().expect("there are some");
    to.finish().await.expect("it is heard");
    let mut rest = [0; 4_096];
    while timeout(DEADLINE, from.read(&mut rest)).await.expect("in time").expect("it ends in order").is_some() {}
    timeout(DEADLINE, more).await.expect("in time").expect("there is room");
    // What goes one way alone is heard by nobody.
    let mut one_way = session.open_uni().await.expect("a stream").await.expect("a stream");
    timeout(DEADLINE, one_way.stopped()).await.expect("it is refused");
}

#[tokio::test]
async fn who_does_not_read_holds_up_nobody_else() {
    let port = Port::open(|call| {
        let text = "x".repeat(1 << 20);
        let _ = call.reply.send(Ok(json!({ "peers": [], "text": text })));
    });
    let mut slow = port.stream().await;
    slow.call("authenticate", json!({ "token": port.token.text() })).await;
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "getpeerinfo" }).to_string() + "\n";
    // Far more than fits into all windows and queues; from some point on nothing more is taken.
    let filled = timeout(Duration::from_secs(3), async {
        loop {
            if slow.to.write_all(request.repeat(1_000).as_bytes()).await.is_err() {
                break;
            }
        }
    });
    assert!(filled.await.is_err(), "it is held up, and not ended at once");
    let mut other = port.stream().await;
    assert_eq!(other.call("getpeerinfo", json!({})).await["result"]["peers"], json!([]));
}

#[tokio::test]
async fn who_is_not_the_user_gives_way_to_others() {
    let port = Port::plain();
    let mut user = port.stream().await;
    user.call("authenticate", json!({ "token": port.token.text() })).await;
    let first = port.stream().await;
    let client = port.client(port.hash);
    let mut others = Vec::new();
    for _ in 0..CONNECTIONS {
        let session = timeout(DEADLINE, client.connect(format!("https://{}/", port.address))).await.expect("in time");
        others.push(session.expect("it takes WebTransport"));
    }
    assert_eq!(first.ends_with().await, 1013);
    assert_eq!(user.call("shutdown", json!({})).await["result"]["process"], 7);
}

#[tokio::test]
async fn the_end_is_in_order_and_gives_back_the_port() {
    let mut port = Port::plain();
    let mut stream = port.stream().await;
    stream.call("getpeerinfo", json!({})).await;
    port.end.send_replace(true);
    assert_eq!(stream.ends_with().await, 1001);
    timeout(DEADLINE, &mut port.serving).await.expect("in time").expect("it has not panicked").expect("in order");
    std::net::UdpSocket::bind(port.address).expect("the port is free");
}

#[tokio::test]
async fn who_connects_after_the_change_sees_the_new_certificate_and_who_was_there_stays() {
    let port = Port::plain();
    let mut before = port.stream().await;
    let next = show(&port.shown);
    assert_ne!(next, port.hash);
    assert!(port.try_connect("/", &[]).await.is_err(), "the old hash is of no use any more");
    let url = format!("https://{}/", port.address);
    let session = timeout(DEADLINE, port.client(next).connect(url)).await.expect("in time").expect("it is known");
    assert_eq!(Stream::of(session).await.call("getpeerinfo", json!({})).await["result"]["peers"], json!([]));
    assert_eq!(before.call("getpeerinfo", json!({})).await["result"]["peers"], json!([]));
}

#[tokio::test]
async fn what_is_no_quic_and_no_webtransport_does_no_harm() {
    let port = Port::plain();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("some port is free");
    for length in 0..1_400 {
        let first = u8::try_from(length % 256).expect("it is small");
        socket.send_to(&vec![first; length], port.address).expect("sent");
    }
    // QUIC, and HTTP/3 that is none: it waits for a place no longer than a handshake may take.
    let mut tls = rustls_client(port.hash);
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let config = quinn::crypto::rustls::QuicClientConfig::try_from(tls).expect("TLS 1.3");
    let client = quinn::Endpoint::client("127.0.0.1:0".parse().expect("an address")).expect("a socket");
    let connecting = client.connect_with(quinn::ClientConfig::new(Arc::new(config)), port.address, "localhost");
    let connection = timeout(DEADLINE, connecting.expect("begun")).await.expect("in time").expect("QUIC");
    let (mut to, _from) = connection.open_bi().await.expect("a stream");
    to.write_all(&[0xff; 10_000]).await.expect("sent");
    // Nobody answers it any more, so it ends by its silence.
    timeout(Duration::from_secs(90), connection.closed()).await.expect("it is ended");
    assert_eq!(port.stream().await.call("getpeerinfo", json!({})).await["result"]["peers"], json!([]));
}

/// TLS of a client that knows the certificate by its hash.
fn rustls_client(hash: CertificateHash) -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).expect("TLS 1.3");
    let verifier = wtransport::tls::client::ServerHashVerification::new([Sha256Digest::new(hash.0)]);
    builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
}
