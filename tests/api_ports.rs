//! The ports of the API over real sockets, with a task in place of the node: who may ask for what, batches,
//! notifications, the web page and the way in, limits, and what is told over WebSocket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bitpie::api::access::Token;
use bitpie::api::answers::{MarkedRead, Messages, PeerInfos, ShuttingDown};
use bitpie::api::bind::{PortChoice, Reach, bind_port};
use bitpie::api::clients::REQUESTS_PER_SECOND;
use bitpie::api::conversation::SUBSCRIPTIONS_OF_STRANGER;
use bitpie::api::desk::{Desk, Doors};
use bitpie::api::errors::{ErrorKind, RpcError};
use bitpie::api::feeds::Feeds;
use bitpie::api::line::{STRANGERS_BODY_BYTES, Serves, Shared};
use bitpie::api::methods::{Call, GetPeerInfo, ListedPeers, MarkRead, Request, ShutDown, WatchMessages, answer};
use bitpie::api::server::{CONNECTIONS, serve_port};
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long a test waits for what has to come.
const DEADLINE: Duration = Duration::from_secs(20);

struct Ports {
    http: SocketAddr,
    websocket: SocketAddr,
    token: Token,
    feeds: Feeds,
    shared: Arc<Shared>,
    end: watch::Sender<bool>,
}

impl Ports {
    fn open(mut answering: impl FnMut(Call) + Send + 'static) -> Self {
        let token = Token::generate().expect("there is randomness");
        let (calls, mut received) = mpsc::channel(8);
        let feeds = Feeds::default();
        let (end, ending) = watch::channel(false);
        let doors = Doors { token: token.clone(), calls, feeds: feeds.clone(), web_sessions: Arc::default() };
        let shared = Arc::new(Shared::new(Desk::new(doors, ending.clone())));
        let open = |serves| {
            let bound = bind_port(PortChoice::Default(0), Reach::ThisMachine).expect("some port is free");
            tokio::spawn(serve_port(bound.listener, serves, Arc::clone(&shared), ending.clone()));
            bound.address
        };
        let (http, websocket) = (open(Serves::Http), open(Serves::WebSocket));
        shared.desk.page.send_replace(Some(http));
        tokio::spawn(async move {
            while let Some(call) = received.recv().await {
                answering(call);
            }
        });
        Self { http, websocket, token, feeds, shared, end }
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

    /// The status, the headers as one text, and the body.
    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String, String) {
        let stream = TcpStream::connect(self.http).await.expect("it listens");
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.expect("it speaks HTTP");
        tokio::spawn(connection);
        let mut request = hyper::Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", self.http.to_string());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).expect("a request");
        let response = timeout(DEADLINE, sender.send_request(request)).await.expect("in time").expect("an answer");
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        (head.status.as_u16(), format!("{:?}", head.headers), String::from_utf8_lossy(&body).into_owned())
    }

    async fn rpc(&self, headers: &[(&str, &str)], body: &Value) -> (u16, Value) {
        let headers = [&[("content-type", "application/json")], headers].concat();
        let (status, _, body) = self.ask("POST", "/rpc", &headers, &body.to_string()).await;
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token.text())
    }
}

impl Drop for Ports {
    fn drop(&mut self) {
        self.end.send_replace(true);
    }
}

fn request(id: u64, method: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method })
}

#[tokio::test]
async fn without_a_token_only_what_is_public_is_answered() {
    let ports = Ports::plain();
    let (status, answer) = ports.rpc(&[], &request(1, "getpeerinfo")).await;
    assert_eq!((status, &answer["result"]["peers"]), (200, &json!([])));
    let (_, answer) = ports.rpc(&[], &request(1, "shutdown")).await;
    assert_eq!(answer["error"]["data"]["kind"], "forbidden");
    let (_, answer) = ports.rpc(&[("authorization", &ports.bearer())], &request(1, "shutdown")).await;
    assert_eq!(answer["result"]["process"], 7);
    let (status, answer) = ports.rpc(&[("authorization", "Bearer x")], &request(1, "getpeerinfo")).await;
    assert_eq!((status, &answer["error"]["data"]["kind"]), (401, &json!("forbidden")));
}

#[tokio::test]
async fn batches_and_notifications_are_as_json_rpc_has_them() {
    let ports = Ports::plain();
    let notification = json!({ "jsonrpc": "2.0", "method": "getpeerinfo" });
    let batch = json!([request(1, "getpeerinfo"), notification, 7, request(2, "nothing.like.it")]);
    let (status, answers) = ports.rpc(&[], &batch).await;
    let answers = answers.as_array().expect("a list").clone();
    assert_eq!((status, answers.len()), (200, 3));
    assert_eq!((&answers[0]["id"], &answers[1]["id"], &answers[2]["id"]), (&json!(1), &Value::Null, &json!(2)));
    assert_eq!((&answers[1]["error"]["code"], &answers[2]["error"]["code"]), (&json!(-32_600), &json!(-32_601)));
    assert_eq!(ports.rpc(&[], &notification).await, (204, Value::Null));
    assert_eq!(ports.rpc(&[], &json!([notification])).await, (204, Value::Null));
}

#[tokio::test]
async fn a_page_from_elsewhere_gets_nothing() {
    let ports = Ports::plain();
    let port = ports.http.port();
    let own = format!("http://localhost:{port}");
    let ask = |headers: Vec<(&'static str, String)>| {
        let ports = &ports;
        async move {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            ports.rpc(&headers, &request(1, "getpeerinfo")).await.0
        }
    };
    assert_eq!(ask(vec![("origin", own)]).await, 200);
    let websocket = format!("http://localhost:{}", ports.websocket.port());
    for origin in ["null".to_owned(), "https://example.org".to_owned(), "http://localhost".to_owned(), websocket] {
        assert_eq!(ask(vec![("origin", origin)]).await, 403);
    }
    assert_eq!(ask(vec![("host", "example.org".to_owned())]).await, 403);
    assert_eq!(ask(vec![("sec-fetch-site", "cross-site".to_owned())]).await, 403);
    let preflight = [("origin", "https://example.org"), ("access-control-request-method", "POST")];
    let (status, headers, _) = ports.ask("OPTIONS", "/rpc", &preflight, "").await;
    assert!(status == 403 && !headers.contains("access-control"), "{headers}");
}

#[tokio::test]
async fn the_page_is_served_with_what_keeps_others_out_of_it() {
    let ports = Ports::plain();
    let (status, headers, page) = ports.ask("GET", "/", &[], "").await;
    assert!(status == 200 && page.contains("main.js"), "{page}");
    for said in ["default-src 'none'", "frame-ancestors 'none'", "nosniff", "no-referrer"] {
        assert!(headers.contains(said), "{headers}");
    }
    assert!(!headers.contains("access-control"), "{headers}");
    for absent in ["/nothing", "/../Cargo.toml", "/%2e%2e/Cargo.toml"] {
        assert_eq!(ports.ask("GET", absent, &[], "").await.0, 404, "{absent}");
    }
    // Who follows a link from elsewhere sees the page, and nothing of the node.
    let navigated = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
    assert_eq!(ports.ask("GET", "/", &navigated, "").await.0, 200);
}

#[tokio::test]
async fn a_browser_comes_in_by_a_link_once() {
    let ports = Ports::plain();
    let link = ports.shared.desk.web_link().expect("the page is served").link.0;
    let link = link.split_once("#link=").expect("a token").1.to_owned();
    let enter = || async {
        let body = json!({ "link": link }).to_string();
        let (status, _, body) = ports.ask("POST", "/session", &[("content-type", "application/json")], &body).await;
        (status, serde_json::from_str::<Value>(&body).expect("JSON"))
    };
    let (status, entered) = enter().await;
    let token = entered["token"].as_str().expect("a token").to_owned();
    assert!(status == 200 && token != ports.token.text());
    let (_, answer) = ports.rpc(&[("authorization", &format!("Bearer {token}"))], &request(1, "shutdown")).await;
    assert_eq!(answer["result"]["process"], 7);
    let (status, refused) = enter().await;
    assert_eq!((status, &refused["error"]["data"]["kind"]), (403, &json!("forbidden")));
    // A form of another page could send this without asking.
    let body = json!({ "link": link }).to_string();
    assert_eq!(ports.ask("POST", "/session", &[("content-type", "text/plain")], &body).await.0, 415);
}

#[tokio::test]
async fn a_browser_that_has_logged_out_is_a_stranger() {
    let ports = Ports::plain();
    let link = ports.shared.desk.web_link().expect("the page is served").link.0;
    let (_, link) = link.split_once("#link=").expect("a token");
    let body = json!({ "link": link }).to_string();
    let (_, _, entered) = ports.ask("POST", "/session", &[("content-type", "application/json")], &body).await;
    let entered: Value = serde_json::from_str(&entered).expect("JSON");
    let bearer = format!("Bearer {}", entered["token"].as_str().expect("a token"));
    let log_out = |bearer: String| {
        let ports = &ports;
        async move { ports.ask("DELETE", "/session", &[("authorization", &bearer)], "").await.0 }
    };
    assert_eq!(ports.rpc(&[("authorization", &bearer)], &request(1, "shutdown")).await.0, 200);
    // Only a browser has a session: the node's own token stays.
    assert_eq!(log_out(ports.bearer()).await, 401);
    assert_eq!(ports.ask("DELETE", "/session", &[], "").await.0, 401);
    assert_eq!(log_out(bearer.clone()).await, 204);
    assert_eq!(ports.rpc(&[("authorization", &bearer)], &request(2, "shutdown")).await.0, 401);
    assert_eq!(log_out(bearer).await, 401);
    assert_eq!(ports.rpc(&[("authorization", &ports.bearer())], &request(3, "shutdown")).await.0, 200);
}

#[tokio::test]
async fn who_asks_too_fast_or_too_much_is_refused_and_the_user_is_not() {
    let ports = Ports::plain();
    let large = json!({ "jsonrpc": "2.0", "id": 1, "method": "getpeerinfo", "x": "y".repeat(STRANGERS_BODY_BYTES) });
    assert_eq!(ports.rpc(&[], &large).await.0, 413);
    assert_ne!(ports.rpc(&[("authorization", &ports.bearer())], &large).await.0, 413);
    let batch = Value::Array(vec![request(1, "getpeerinfo"); REQUESTS_PER_SECOND as usize]);
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(ports.rpc(&[], &batch).await.0);
    }
    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
    assert_eq!(ports.rpc(&[("authorization", &ports.bearer())], &batch).await.0, 200);
}

#[tokio::test]
async fn what_the_api_can_do_is_described_as_far_as_the_asker_may_know() {
    let ports = Ports::plain();
    let names = |document: &Value| {
        let methods = document["methods"].as_array().expect("a list");
        methods.iter().filter_map(|method| method["name"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let (status, _, body) = ports.ask("GET", "/openrpc.json", &[], "").await;
    let document: Value = serde_json::from_str(&body).expect("JSON");
    let (_, discovered) = ports.rpc(&[], &request(1, "rpc.discover")).await;
    assert!(status == 200 && discovered["result"] == document);
    assert!(names(&document).contains(&"getnodeinfo".to_owned()) && !names(&document).contains(&"shutdown".to_owned()));
    let (_, discovered) = ports.rpc(&[("authorization", &ports.bearer())], &request(1, "rpc.discover")).await;
    assert!(names(&discovered["result"]).contains(&"shutdown".to_owned()));
}

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn open(address: SocketAddr) -> Self {
        Self(connect_async(format!("ws://{address}/")).await.expect("it takes WebSocket").0)
    }

    async fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.expect("it is there");
    }

    async fn hear(&mut self) -> Value {
        loop {
            match timeout(DEADLINE, self.0.next()).await.expect("in time").expect("it is there") {
                Ok(Message::Text(text)) => return serde_json::from_str(&text).expect("JSON"),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        self.say(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })).await;
        self.hear().await
    }

    async fn ends_with(&mut self) -> u16 {
        loop {
            match timeout(DEADLINE, self.0.next()).await.expect("in time") {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn over_websocket_the_user_is_known_by_the_token_and_told_of_what_changes() {
    let ports = Ports::open(|call| {
        let outcome = match &call.request {
            Request::WatchMessages(watch) => {
                let next = Some(watch.after.unwrap_or(5));
                answer::<WatchMessages>(&Messages { messages: Vec::new(), next, next_request: None })
            }
            Request::ShutDown(_) => answer::<ShutDown>(&ShuttingDown { process: 7 }),
            _ => Err(RpcError::new(ErrorKind::NotFound, "there is no such thing")),
        };
        let _ = call.reply.send(outcome);
    });
    for address in [ports.websocket, ports.http] {
        let url = if address == ports.http { format!("ws://{address}/ws") } else { format!("ws://{address}/") };
        let mut socket = Socket(connect_async(url).await.expect("it takes WebSocket").0);
        let kind = |answer: Value| answer["error"]["data"]["kind"].clone();
        assert_eq!(kind(socket.call("shutdown", json!({})).await), "forbidden");
        assert_eq!(kind(socket.call("subscribe", json!({ "topic": "conversations" })).await), "forbidden");
        assert_eq!(kind(socket.call("authenticate", json!({ "token": "x" })).await), "forbidden");
        let known = socket.call("authenticate", json!({ "token": ports.token.text() })).await;
        assert_eq!(known["result"]["is_user"], true);
        assert_eq!(socket.call("shutdown", json!({})).await["result"]["process"], 7);
        let subscribed = socket.call("subscribe", json!({ "topic": "conversations" })).await;
        let subscription = subscribed["result"]["subscription"].clone();
        // It may not be listening yet.
        let told = loop {
            ports.feeds.conversations_changed();
            if let Ok(told) = timeout(Duration::from_millis(100), socket.hear()).await {
                break told;
            }
        };
        assert_eq!((&told["method"], &told["params"]["topic"]), (&json!("subscription"), &json!("conversations")));
        assert_eq!(told["params"]["subscription"], subscription);
        assert!(told.get("id").is_none());
        let ended = socket.call("unsubscribe", json!({ "subscription": subscription })).await;
        assert_eq!(ended["result"]["was_there"], true);
        let ended = socket.call("unsubscribe", json!({ "subscription": subscription })).await;
        assert_eq!(ended["result"]["was_there"], false);
    }
}

#[tokio::test]
async fn strangers_are_told_of_public_topics_and_subscriptions_have_a_bound() {
    let ports = Ports::plain();
    let mut socket = Socket::open(ports.websocket).await;
    let mut answers = Vec::new();
    for id in 0..=SUBSCRIPTIONS_OF_STRANGER as u64 {
        socket.say(&json!({ "jsonrpc": "2.0", "id": id, "method": "subscribe", "params": { "topic": "peers" } })).await;
    }
    let mut told = 0;
    while answers.len() <= SUBSCRIPTIONS_OF_STRANGER {
        let heard = socket.hear().await;
        if heard["method"] == "subscription" {
            assert_eq!(heard["params"]["data"]["peers"], json!([]));
            told += 1;
        } else {
            answers.push(heard);
        }
    }
    let refused: Vec<_> = answers.iter().filter(|answer| answer["error"]["data"]["kind"] == "busy").collect();
    assert_eq!(refused.len(), 1);
    while told < SUBSCRIPTIONS_OF_STRANGER {
        assert_eq!(socket.hear().await["method"], "subscription");
        told += 1;
    }
}

#[tokio::test]
async fn what_is_no_request_over_websocket_is_told_and_the_connection_ends_in_order() {
    let ports = Ports::plain();
    let mut socket = Socket::open(ports.websocket).await;
    socket.0.send(Message::text("{")).await.expect("sent");
    assert_eq!(socket.hear().await["error"]["code"], -32_700);
    socket.0.send(Message::binary(vec![1, 2, 3])).await.expect("sent");
    assert_eq!(socket.ends_with().await, 1003);
    let mut fast = Socket::open(ports.websocket).await;
    let batch = Value::Array(vec![request(1, "getpeerinfo"); 50]);
    // The first uses up what was saved, and more.
    fast.say(&batch).await;
    fast.say(&batch).await;
    assert_eq!(fast.ends_with().await, 1008);
    let mut last = Socket::open(ports.websocket).await;
    ports.end.send_replace(true);
    assert_eq!(last.ends_with().await, 1001);
}

#[tokio::test]
async fn who_is_not_the_user_gives_way_to_others() {
    let ports = Ports::plain();
    let mut user = Socket::open(ports.websocket).await;
    user.call("authenticate", json!({ "token": ports.token.text() })).await;
    let mut first = Socket::open(ports.websocket).await;
    let mut others = Vec::new();
    while others.len() < CONNECTIONS {
        others.push(Socket::open(ports.websocket).await);
    }
    assert_eq!(first.ends_with().await, 1013);
    assert_eq!(user.call("shutdown", json!({})).await["result"]["process"], 7);
}

#[tokio::test]
async fn a_page_from_elsewhere_gets_no_websocket() {
    use tungstenite::client::IntoClientRequest as _;
    let ports = Ports::plain();
    for (origin, is_let_in) in [("https://example.org".to_owned(), false), (format!("http://{}", ports.http), true)] {
        let mut request = format!("ws://{}/", ports.websocket).into_client_request().expect("a request");
        request.headers_mut().insert("origin", origin.parse().expect("a value"));
        assert_eq!(connect_async(request).await.is_ok(), is_let_in, "{origin}");
    }
    // Not WebSocket at all.
    let stream = TcpStream::connect(ports.websocket).await.expect("it listens");
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.expect("it speaks HTTP");
    tokio::spawn(connection);
    let request = hyper::Request::builder().uri("/").header("host", "localhost").body(Full::<Bytes>::default());
    let answer = sender.send_request(request.expect("a request")).await.expect("an answer");
    assert_eq!(answer.status(), 426);
}
