//! The local API over real sockets, with a task in place of the node: what is let in, what is refused and how, and what
//! waits. Most is tried at the port of loopback, which everybody can reach; what differs at the socket is tried there.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use bitpie::api::access::Token;
use bitpie::api::answers::{MarkedRead, Messages, ShuttingDown};
use bitpie::api::bind::{Bound, PortChoice, Reach, bind_port};
use bitpie::api::desk::{Desk, Doors, WAITING_OF_ONE};
use bitpie::api::errors::{ErrorKind, RpcError};
use bitpie::api::feeds::Feeds;
use bitpie::api::line::{BODY_BYTES, Shared};
use bitpie::api::methods::{Call, MarkRead, Request, ShutDown, WatchMessages, answer};
use bitpie::api::proof::{Answer, Exchange, Nonce, Side};
use bitpie::api::server::{CONNECTIONS, HEAD_TIMEOUT, serve};
use bitpie::api::socket::SOCKET_FILE;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

/// How long a test waits for what has to come.
const DEADLINE: Duration = Duration::from_secs(20);

/// A server with something behind it that answers, on a thread of its own.
struct Server {
    home: tempfile::TempDir,
    address: SocketAddr,
    token: Token,
    feeds: Feeds,
    end: Option<watch::Sender<bool>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// `answering` stands for the node.
    fn start(mut answering: impl FnMut(Call) + Send + 'static) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let mut bound = Bound::of_home(home.path()).expect("bound");
        bound.port = Some(bind_port(PortChoice::Default(0), Reach::ThisMachine).expect("some port is free"));
        let address = bound.port.as_ref().expect("it was asked for").address;
        let token = Token::generate().expect("there is randomness");
        let (calls, mut received) = mpsc::channel(8);
        let feeds = Feeds::default();
        let (end, ending) = watch::channel(false);
        let doors = Doors { token: token.clone(), calls, feeds: feeds.clone(), web_sessions: Arc::default() };
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let node = async move {
                    while let Some(call) = received.recv().await {
                        answering(call);
                    }
                    std::future::pending::<()>().await;
                };
                tokio::select! {
                    served = serve(bound, Arc::new(Shared::new(Desk::new(doors, ending)))) => served.expect("the socket can be used"),
                    () = node => {}
                }
            });
        });
        Self { home, address, token, feeds, end: Some(end), thread: Some(thread) }
    }

    /// A server whose node marks messages as read, stops, and knows nothing else.
    fn plain() -> Self {
        Self::start(|call| {
            let outcome = match &call.request {
                Request::ShutDown(_) => answer::<ShutDown>(&ShuttingDown { process: 7 }),
                Request::MarkRead(_) => answer::<MarkRead>(&MarkedRead { count: 3 }),
                _ => Err(RpcError::new(ErrorKind::NotFound, "there is no such thing").help("look elsewhere")),
            };
            let _ = call.reply.send(outcome);
        })
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time-out");
        stream
    }

    fn connect_to_socket(&self) -> UnixStream {
        let stream = UnixStream::connect(self.home.path().join(SOCKET_FILE)).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time-out");
        stream
    }

    /// The status and the body of the answer to a request whose head is all given.
    fn raw(&self, head: &str, body: &[u8]) -> (u16, String) {
        Self::raw_by(self.connect(), head, body)
    }

    fn raw_by(mut stream: impl Read + Write, head: &str, body: &[u8]) -> (u16, String) {
        stream.write_all(head.as_bytes()).expect("it reads");
        // It may have answered and closed before it has read all of a body that is too large.
        let _ = stream.write_all(body);
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        assert!(read.is_ok() || !answer.is_empty(), "{read:?}");
        let status =
            answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"));
        let (_, body) = answer.split_once("\r\n\r\n").expect("there is a body");
        (status, body.to_owned())
    }

    /// As a client of this node does it, but for what is changed.
    fn with(&self, change: impl FnOnce(&mut Vec<(&'static str, String)>), body: &[u8]) -> (u16, Value) {
        let mut headers = vec![
            ("Host", self.address.to_string()),
            ("Authorization", format!("Bearer {}", self.token.text())),
            ("Content-Type", "application/json".to_owned()),
            ("Content-Length", body.len().to_string()),
            ("Connection", "close".to_owned()),
        ];
        change(&mut headers);
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let (status, body) = self.raw(&format!("POST /rpc HTTP/1.1\r\n{headers}\r\n"), body);
        (status, serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}")))
    }

    fn call(&self, method: &str, parameters: &Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters });
        let (status, answer) = self.with(|_| {}, body.to_string().as_bytes());
        assert_eq!((status, &answer["id"]), (200, &json!(1)), "{answer}");
        answer
    }
}

/// Tells the server to end.
fn end(end: Option<watch::Sender<bool>>) {
    if let Some(end) = end {
        end.send_replace(true);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(self.end.take());
        let ended = self.thread.take().map(std::thread::JoinHandle::join);
        if !std::thread::panicking() {
            ended.into_iter().for_each(|ended| ended.expect("it did not panic"));
        }
    }
}

const STATUS: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"shutdown"}"#;

#[track_caller]
fn is_refused(answer: &(u16, Value), status: u16, kind: &str, said: &str) {
    let (found, body) = answer;
    let message = body["error"]["message"].as_str().unwrap_or_default();
    assert_eq!((*found, &body["error"]["data"]["kind"]), (status, &json!(kind)), "{body}");
    assert!(message.contains(said), "`{said}` is not in {body}");
}

#[test]
fn a_request_is_answered_and_an_error_keeps_its_kind_and_its_help() {
    let server = Server::plain();
    assert_eq!(server.call("shutdown", &json!({})), json!({ "jsonrpc": "2.0", "id": 1, "result": { "process": 7 } }));
    let error = json!({ "code": 1, "message": "there is no such thing", "data": { "kind": "not_found", "help": "look elsewhere" } });
    assert_eq!(server.call("status", &json!({})), json!({ "jsonrpc": "2.0", "id": 1, "error": error }));
    assert_eq!(server.call("messages.mark_read", &json!({ "with": "alice" }))["result"]["count"], 3);
}

#[test]
fn nobody_gets_in_without_the_token() {
    let server = Server::plain();
    let token = |text: String| move |headers: &mut Vec<(&'static str, String)>| headers[1].1 = text;
    is_refused(&server.with(|headers| drop(headers.remove(1)), STATUS), 401, "forbidden", "has no token");
    is_refused(&server.with(token("Basic eDp4".to_owned()), STATUS), 401, "forbidden", "is not known");
    let wrong = Token::from_bytes(&[0; 32]);
    for text in ["x", wrong.text(), &server.token.text()[1..], &format!("{}0", server.token.text())] {
        is_refused(&server.with(token(format!("Bearer {text}")), STATUS), 401, "forbidden", "not that of this node");
    }
    assert!(
        !server.with(token(format!("Bearer {}", wrong.text())), STATUS).1.to_string().contains(server.token.text())
    );
}

#[test]
fn a_page_whose_name_points_here_is_refused() {
    let server = Server::plain();
    for host in ["example.org", "example.org:38081", "127.0.0.1.example.org", "localhost.example.org", ""] {
        let answer = server.with(|headers| headers[0].1 = host.to_owned(), STATUS);
        is_refused(&answer, 403, "forbidden", "`Host`");
    }
    let (status, _) = server.raw("GET /healthz HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n", b"");
    assert_eq!(status, 403);
    for host in ["localhost", "127.0.0.1", "[::1]:1"] {
        assert_eq!(server.with(|headers| headers[0].1 = host.to_owned(), STATUS).0, 200, "{host}");
    }
}

#[test]
fn a_page_from_elsewhere_is_refused() {
    let server = Server::plain();
    let port = server.address.port();
    for origin in
        ["null", "https://example.org", "http://localhost", "http://localhost:1", &format!("https://localhost:{port}")]
    {
        let answer = server.with(|headers| headers.push(("Origin", origin.to_owned())), STATUS);
        is_refused(&answer, 403, "forbidden", "from a page");
    }
    // There is no page at the port for programs.
    let own = format!("http://127.0.0.1:{port}");
    is_refused(&server.with(|headers| headers.push(("Origin", own)), STATUS), 403, "forbidden", "from a page");
    // What a form of a page can send without asking.
    let answer = server.with(|headers| headers[2].1 = "text/plain".to_owned(), STATUS);
    is_refused(&answer, 415, "invalid_request", "does not say that it is JSON");
}

#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let server = Server::plain();
    let answer = server.with(|headers| headers[3].1 = (BODY_BYTES + 1).to_string(), b"");
    is_refused(&answer, 413, "too_large", "at most 1048576 bytes");
    // Chunks do not say how many will come.
    let mut chunked = Vec::new();
    for _ in 0..=BODY_BYTES / 65_536 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.resize(chunked.len() + 65_536, b' ');
        chunked.extend_from_slice(b"\r\n");
    }
    let chunks = |headers: &mut Vec<(&'static str, String)>| headers[3] = ("Transfer-Encoding", "chunked".to_owned());
    is_refused(&server.with(chunks, &chunked), 413, "too_large", "at most 1048576 bytes");
    let mut full = STATUS.to_vec();
    full.resize(BODY_BYTES, b' ');
    assert_eq!(server.with(|_| {}, &full).0, 200);
}

#[test]
fn a_body_that_is_no_request_is_answered_as_json_rpc_says() {
    let server = Server::plain();
    let send = |body: &str| server.with(|_| {}, body.as_bytes());
    is_refused(&send("{"), 200, "parse_error", "not valid JSON");
    is_refused(&send(""), 200, "parse_error", "not valid JSON");
    is_refused(&send("[]"), 200, "invalid_request", "batch is empty");
    is_refused(&send(&"[".repeat(100_000)), 200, "too_large", "deeper than");
    let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"shutdown"},{"jsonrpc":"2.0","method":"shutdown"},{"id":2}]"#;
    let (status, answers) = send(batch);
    assert_eq!((status, &answers[0]["result"]["process"], &answers[1]["id"]), (200, &json!(7), &json!(2)));
    assert_eq!(answers[1]["error"]["data"]["kind"], "invalid_request");
    assert_eq!(answers.as_array().map(Vec::len), Some(2), "nobody waits for an answer to a notification");
    let answer = send(r#"{"jsonrpc":"2.0","id":"x","method":"contcat.add"}"#);
    is_refused(&answer, 200, "method_not_found", "`contcat.add`");
    assert_eq!(answer.1["id"], "x");
    assert_eq!(answer.1["error"]["data"]["help"], "did you mean `contact.add`?");
    let answer = send(r#"{"jsonrpc":"2.0","id":1,"method":"contact.add","params":{"idurl":7}}"#);
    is_refused(&answer, 200, "invalid_params", "`idurl`");
    let answer = send(r#"{"jsonrpc":"2.0","id":1,"method":"contact.add","params":{}}"#);
    is_refused(&answer, 200, "invalid_params", "`idurl`");
}

#[test]
fn other_paths_and_methods_are_refused_and_health_needs_no_token() {
    let server = Server::plain();
    let get =
        |path: &str| server.raw(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), b"");
    assert_eq!(get("/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(get("/rpc").0, 405);
    assert_eq!(get("/").0, 404);
}

#[test]
fn many_requests_go_through_one_connection() {
    let server = Server::plain();
    let mut stream = server.connect();
    for _ in 0..100 {
        let head = format!(
            "POST /rpc HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            server.token.text(),
            STATUS.len()
        );
        stream.write_all(head.as_bytes()).expect("it reads");
        stream.write_all(STATUS).expect("it reads");
        let mut answer = Vec::new();
        while !answer.ends_with(b"}}") {
            let mut bytes = [0; 1024];
            let length = stream.read(&mut bytes).expect("it answers");
            assert!(length > 0, "it closed");
            answer.extend_from_slice(&bytes[..length]);
        }
    }
}

/// What a node with one message answers, if the position asked for is before it.
fn watching(there: &std::sync::atomic::AtomicBool, call: Call, questions: &std::sync::mpsc::Sender<Option<u64>>) {
    let Request::WatchMessages(watch) = &call.request else { panic!("{:?}", call.request) };
    let is_there = there.load(std::sync::atomic::Ordering::SeqCst);
    questions.send(watch.after).expect("the test listens");
    let outcome = if is_there && watch.after.is_some_and(|after| after < 5) {
        Ok(json!({ "messages": [{ "position": 5 }], "next": 5 }))
    } else {
        answer::<WatchMessages>(&Messages { messages: Vec::new(), next: Some(4), next_request: None })
    };
    let _ = call.reply.send(outcome);
}

#[test]
fn what_comes_while_somebody_watches_is_told_at_once() {
    let there = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (questions, asked) = std::sync::mpsc::channel();
    let server = {
        let there = std::sync::Arc::clone(&there);
        Server::start(move |call| watching(&there, call, &questions))
    };
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| server.call("messages.watch", &json!({ "wait_ms": 30_000 })));
        assert_eq!(asked.recv_timeout(DEADLINE), Ok(None));
        // A change that is none for this one: asked again, from where it was, and it goes on waiting.
        server.feeds.conversations_changed();
        assert_eq!(asked.recv_timeout(DEADLINE), Ok(Some(4)));
        there.store(true, std::sync::atomic::Ordering::SeqCst);
        server.feeds.conversations_changed();
        let answer = waiting.join().expect("it is answered");
        assert_eq!(answer["result"], json!({ "messages": [{ "position": 5 }], "next": 5 }));
    });
}

#[test]
fn nothing_that_comes_is_told_when_the_time_is_up() {
    let (questions, _asked) = std::sync::mpsc::channel();
    let there = std::sync::atomic::AtomicBool::new(false);
    let server = Server::start(move |call| watching(&there, call, &questions));
    let answer = server.call("messages.watch", &json!({ "after": 4, "wait_ms": 1 }));
    assert_eq!(answer["result"], json!({ "messages": [], "next": 4 }));
}

#[test]
fn only_so_many_may_wait_and_the_others_are_served() {
    let (questions, asked) = std::sync::mpsc::channel();
    let there = std::sync::atomic::AtomicBool::new(false);
    let server = Server::start(move |call| watching(&there, call, &questions));
    let wait =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "messages.watch", "params": { "wait_ms": 30_000 } }).to_string();
    let head = format!(
        "POST /rpc HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{wait}",
        server.token.text(),
        wait.len()
    );
    let waiting: Vec<TcpStream> = (0..WAITING_OF_ONE)
        .map(|_| {
            let mut stream = server.connect();
            stream.write_all(head.as_bytes()).expect("it reads");
            assert_eq!(asked.recv_timeout(DEADLINE), Ok(None));
            stream
        })
        .collect();
    let answer = server.call("messages.watch", &json!({ "wait_ms": 1000 }));
    assert_eq!(answer["error"]["data"]["kind"], "busy", "{answer}");
    assert_eq!(server.call("messages.watch", &json!({}))["result"]["next"], 4);
    // Another program may still wait.
    let (_, answer) = Server::raw_by(server.connect_to_socket(), &at_socket(WATCH_BRIEFLY), WATCH_BRIEFLY);
    assert!(answer.contains(r#""next":4"#), "{answer}");
    // Whoever goes away makes room.
    drop(waiting);
    let until = std::time::Instant::now() + DEADLINE;
    while server.call("messages.watch", &json!({ "wait_ms": 1 }))["error"]["data"]["kind"] == "busy" {
        assert!(std::time::Instant::now() < until, "those that went away still count");
    }
}

/// The head of a request at the socket: there is no token.
fn at_socket(body: &[u8]) -> String {
    format!(
        "POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: \
         close\r\n\r\n",
        body.len()
    )
}

const WATCH_BRIEFLY: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"messages.watch","params":{"wait_ms":1}}"#;

#[test]
fn whoever_is_at_the_socket_needs_no_token_and_a_page_is_refused_there_too() {
    let server = Server::plain();
    let (status, answer) = Server::raw_by(server.connect_to_socket(), &at_socket(STATUS), STATUS);
    assert!(status == 200 && answer.contains(r#""process":7"#), "{answer}");
    let from_a_page = at_socket(STATUS).replace("Host:", "Origin: http://localhost\r\nHost:");
    assert_eq!(Server::raw_by(server.connect_to_socket(), &from_a_page, STATUS).0, 403);
    let elsewhere = at_socket(STATUS).replace("localhost", "example.org");
    assert_eq!(Server::raw_by(server.connect_to_socket(), &elsewhere, STATUS).0, 403);
    // Who is there is known already.
    assert_eq!(Server::raw_by(server.connect_to_socket(), &at_socket(STATUS).replace("/rpc", "/prove"), STATUS).0, 404);
}

#[test]
fn the_socket_is_for_its_user_alone_and_goes_with_the_node() {
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    let mut server = Server::plain();
    let path = server.home.path().join(SOCKET_FILE);
    let metadata = path.symlink_metadata().expect("it is there");
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.mode() & 0o777, 0o600);
    end(server.end.take());
    server.thread.take().expect("it runs").join().expect("it did not panic");
    assert!(!path.exists());
}

/// A request, and the status and the body of its answer, in a connection that stays.
fn ask(stream: &mut TcpStream, path: &str, authorization: &str, body: &[u8]) -> (u16, Value) {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}Content-Type: application/json\r\nContent-Length: \
         {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    stream.write_all(body).expect("it reads");
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer).into_owned();
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body);
        if let Some(body) = body.and_then(|body| serde_json::from_str(body).ok()) {
            let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
            return (status.expect("a status"), body);
        }
        let mut bytes = [0; 4096];
        let length = stream.read(&mut bytes).expect("it answers");
        assert!(length > 0, "it closed after {text}");
        answer.extend_from_slice(&bytes[..length]);
    }
}

#[test]
fn at_the_port_the_node_proves_itself_and_then_takes_a_proof_in_place_of_the_token() {
    let server = Server::plain();
    let mut stream = server.connect();
    let client = Nonce::generate().expect("there is randomness");
    let question = json!({ "nonce": client.text() }).to_string();
    let prove = |stream: &mut TcpStream| {
        let (status, answer) = ask(stream, "/prove", "", question.as_bytes());
        let answer: Answer = serde_json::from_value(answer).expect("a proof");
        assert_eq!(status, 200);
        let node = Nonce::parse(&answer.nonce).expect("a nonce");
        let exchange = Exchange { client, node, address: server.address };
        assert!(exchange.is_proved(Side::Node, &server.token, answer.proof.as_bytes()));
        assert!(!exchange.is_proved(Side::Client, &server.token, answer.proof.as_bytes()));
        format!("Authorization: Proof {}\r\n", exchange.prove(Side::Client, &server.token))
    };
    let header = prove(&mut stream);
    let (status, answer) = ask(&mut stream, "/rpc", &header, STATUS);
    assert_eq!((status, &answer["result"]["process"]), (200, &json!(7)));
    // In another connection it is worth nothing, nor after another question, nor is the node's own one.
    let refused = |answer: (u16, Value)| is_refused(&answer, 401, "forbidden", "the proof is not one");
    refused(ask(&mut server.connect(), "/rpc", &header, STATUS));
    let mut other = server.connect();
    prove(&mut other);
    refused(ask(&mut other, "/rpc", &header, STATUS));
    let mut other = server.connect();
    let (_, answer) = ask(&mut other, "/prove", "", question.as_bytes());
    let its_own = format!("Authorization: Proof {}\r\n", answer["proof"].as_str().expect("a proof"));
    refused(ask(&mut other, "/rpc", &its_own, STATUS));
    // What is no question gets no proof.
    for wrong in [&b"{}"[..], b"{\"nonce\":\"00\"}", b"no JSON"] {
        let answer = ask(&mut server.connect(), "/prove", "", wrong);
        is_refused(&answer, 400, "invalid_request", "not a request for a proof");
    }
    let too_large = ask(&mut server.connect(), "/prove", "", &[b' '; 1000]);
    is_refused(&too_large, 413, "too_large", "at most 256 bytes");
}

#[test]
fn idle_connections_keep_nobody_out() {
    let server = Server::plain();
    // As any user of this machine can make them; at the port nobody knows whose they are.
    let idle: Vec<TcpStream> = (0..3 * CONNECTIONS).map(|_| server.connect()).collect();
    let began = std::time::Instant::now();
    for _ in 0..10 {
        assert_eq!(server.call("shutdown", &json!({}))["result"]["process"], 7);
        let (status, _) = Server::raw_by(server.connect_to_socket(), &at_socket(STATUS), STATUS);
        assert_eq!(status, 200);
    }
    // Nobody waited for a time-out.
    assert!(began.elapsed() < HEAD_TIMEOUT / 2, "{:?}", began.elapsed());
    // Those of the user's own programs neither.
    let of_the_user: Vec<UnixStream> = (0..CONNECTIONS).map(|_| server.connect_to_socket()).collect();
    let (status, _) = Server::raw_by(server.connect_to_socket(), &at_socket(STATUS), STATUS);
    assert_eq!(status, 200);
    assert!(began.elapsed() < HEAD_TIMEOUT / 2, "{:?}", began.elapsed());
    drop((idle, of_the_user));
}

#[test]
fn an_idle_connection_is_closed_in_the_end() {
    let server = Server::plain();
    let (mut port, mut socket) = (server.connect(), server.connect_to_socket());
    for stream in [&mut port as &mut dyn Read, &mut socket] {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).expect("it is closed before the test's own deadline");
    }
}

#[test]
fn a_node_that_stops_says_so_to_those_who_wait() {
    let server = Server::start(drop);
    let answer = server.call("status", &json!({}));
    assert_eq!(answer["error"]["data"]["kind"], "unavailable", "{answer}");
    assert_eq!(answer["error"]["message"], "the node is stopping");
}

#[test]
fn those_who_wait_when_the_node_stops_are_told_at_once() {
    let (questions, asked) = std::sync::mpsc::channel();
    let there = std::sync::atomic::AtomicBool::new(false);
    let mut server = Server::start(move |call| watching(&there, call, &questions));
    let end = server.end.take();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| server.call("messages.watch", &json!({ "wait_ms": 30_000 })));
        assert_eq!(asked.recv_timeout(DEADLINE), Ok(None));
        drop(end);
        assert_eq!(waiting.join().expect("it is answered")["error"]["message"], "the node is stopping");
    });
}
