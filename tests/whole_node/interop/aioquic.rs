//! A caller that speaks QUIC by aioquic (`tests/interop/aioquic_caller.py`) calls the UDP port of a node. Whoever does
//! not know its id hears nothing, and whoever shows a wrong identity is told so by name.
//!
//! `cargo xtask interop quic` installs aioquic and runs this; without it there is nothing to run.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::nodes::Node;

/// Where `cargo xtask interop` says which Python has aioquic.
const PYTHON: &str = "BITPIE_INTEROP_PYTHON";

/// What is added to an alert of TLS to make an error of QUIC (RFC 9001, section 4.8).
const ALERT: u64 = 0x0100;

/// Alerts of TLS (RFC 8446, section 6.2; RFC 7301, section 3.2).
const HANDSHAKE_FAILURE: u64 = 40;
const CERTIFICATE_UNKNOWN: u64 = 46;
const DECRYPT_ERROR: u64 = 51;
const CERTIFICATE_REQUIRED: u64 = 116;
const NO_APPLICATION_PROTOCOL: u64 = 120;

/// The process of Python's. It ends with its standard input.
struct Aioquic {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// Which node is called.
    port: u16,
    id: String,
}

/// What came of a call.
#[derive(Debug, Deserialize)]
struct Said {
    /// Bytes that came back.
    bytes: u64,
    /// The caller is done with its side of the handshake.
    handshake: bool,
    /// The node is, too.
    taken: bool,
    /// How the node has ended it.
    closed: Option<Closed>,
    /// Why aioquic has.
    given_up: Option<String>,
    /// Whose key the node has shown, and signed with.
    peer: Option<String>,
}

/// The node's last words.
#[derive(Debug, Deserialize)]
struct Closed {
    code: u64,
    reason: String,
}

impl Aioquic {
    fn start(node: &Node) -> Self {
        let python = std::env::var_os(PYTHON).unwrap_or_else(|| panic!("{PYTHON} is set by `cargo xtask interop`"));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/aioquic_caller.py");
        let mut command = Command::new(python);
        let child = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("Python can be run");
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("it is a pipe"));
        let transports = node.status().transports;
        let udp = transports.into_iter().find(|transport| transport.name.as_str() == "udp").expect("it is listed");
        let port = udp.listening.first().expect("it listens").address.port();
        let mut started = Self { child, requests, answers, port, id: HEXLOWER.encode(node.key().id().as_bytes()) };
        println!("        aioquic {}", started.line::<Value>()["version"]);
        started
    }

    fn line<T: for<'d> Deserialize<'d>>(&mut self) -> T {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it is text");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Makes a call as described, to the node.
    fn call(&mut self, what: &str, mut how: Value) -> Said {
        how["host"] = json!("127.0.0.1");
        how["port"] = json!(self.port);
        let requests = self.requests.as_mut().expect("it runs");
        writeln!(requests, "{how}").expect("it runs");
        let said: Said = self.line();
        println!("        {what}: {said:?}");
        said
    }

    /// Makes a call with the caller's proof.
    fn call_with_proof(&mut self, what: &str, mut how: Value) -> Said {
        how["called"] = json!(self.id);
        self.call(what, how)
    }
}

impl Drop for Aioquic {
    fn drop(&mut self) {
        drop(self.requests.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "`cargo xtask interop` installs aioquic and runs it"]
fn a_caller_by_aioquic_is_refused_by_name() {
    println!();
    let mut node = Node::with(&[
        ("services/udp-transport/enabled", "true"),
        ("services/udp-connections/enabled", "true"),
        ("services/tcp-transport/enabled", "false"),
    ]);
    node.start_listening();
    let mut aioquic = Aioquic::start(&node);
    let id = aioquic.id.clone();

    // Whoever knows the id and holds the key that it shows is taken, so what is refused below is refused for its own
    // reason. The proof is aioquic's own computation, from what docs/PROTOCOL.md says.
    let taken = |aioquic: &mut Aioquic| {
        let said = aioquic.call_with_proof("with a proof and an identity", json!({ "shows": "own key" }));
        assert!(said.handshake && said.taken && said.closed.is_none(), "{said:?}");
        assert_eq!(said.peer.as_ref(), Some(&id), "the node shows the key of its id");
    };
    taken(&mut aioquic);
    silent_to_strangers(&mut aioquic);
    refused_by_name(&mut aioquic);
    // And after all of that the node is as it was.
    taken(&mut aioquic);
    drop(aioquic);
    node.stop();
}

/// Whoever does not prove that it knows the id, or speaks another version, hears not a byte.
fn silent_to_strangers(aioquic: &mut Aioquic) {
    let another = HEXLOWER.encode(&[7; 32]);
    let calls = [
        ("without a proof", json!({})),
        ("with the proof of a call to another node", json!({ "called": another })),
        ("with a proof of four days ago", json!({ "called": aioquic.id, "days_later": -4 })),
        ("with a proof of a day to come", json!({ "called": aioquic.id, "days_later": 4 })),
        ("in version 2, without a proof", json!({ "version": 2 })),
        ("in version 2, with a proof", json!({ "version": 2, "called": aioquic.id })),
        ("without a proof, as HTTP/3", json!({ "alpn": "h3", "raw_keys": false })),
    ];
    for (what, how) in calls {
        let said = aioquic.call(what, how);
        assert_eq!((said.bytes, said.handshake), (0, false), "{what}: {said:?}");
    }
}

/// Whoever proves that it knows the id is told what is wrong with its own identity: by an alert of TLS, and in words.
fn refused_by_name(aioquic: &mut Aioquic) {
    let calls = [
        // aioquic as it comes, which asks for a certificate.
        (json!({ "raw_keys": false, "shows": "certificate" }), HANDSHAKE_FAILURE, "IncorrectCertificateTypeExtension"),
        (json!({ "raw_keys": false, "shows": "nothing" }), HANDSHAKE_FAILURE, "IncorrectCertificateTypeExtension"),
        // aioquic that was taught raw public keys, and shows something else.
        (json!({ "shows": "nothing" }), CERTIFICATE_REQUIRED, "peer sent no certificates"),
        (json!({ "shows": "key of another" }), DECRYPT_ERROR, "BadSignature"),
        (json!({ "shows": "certificate" }), CERTIFICATE_UNKNOWN, "not a bitpie identity"),
        (json!({ "shows": "key of another kind" }), CERTIFICATE_UNKNOWN, "not a bitpie identity"),
        (json!({ "alpn": "h3" }), NO_APPLICATION_PROTOCOL, "any known protocol"),
    ];
    for (how, alert, words) in calls {
        let what = how.to_string();
        let said = aioquic.call_with_proof(&what, how);
        assert!(!said.taken && said.given_up.is_none(), "{what}: {said:?}");
        let closed = said.closed.expect("the node says why");
        assert_eq!(closed.code, ALERT + alert, "{what}: {}", closed.reason);
        assert!(closed.reason.contains(words), "{what}: {}", closed.reason);
    }
}
