//! Nodes of libtorrent that carry a DHT on loopback: a process of Python's (`tests/interop/libtorrent_nodes.py`) that
//! is told what to do, line by line.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Once;

use bitpie::dht::Item;
use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::nodes::Node;

/// Where `cargo xtask interop` says which Python has libtorrent.
const PYTHON: &str = "BITPIE_INTEROP_PYTHON";

/// The process.
pub struct Libtorrent {
    child: Child,
    /// Taken when it ends.
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    ports: Vec<u16>,
}

/// How the nodes have come up.
#[derive(Debug, Deserialize)]
pub struct CameUp {
    /// The version of libtorrent.
    pub version: String,
    /// Where each listens on loopback.
    pub ports: Vec<u16>,
    /// How many others each knows.
    pub known: Vec<u32>,
}

/// A record as libtorrent has found it, and verified its signature.
#[derive(Debug, Deserialize)]
pub struct Record {
    /// What it holds, in hexadecimal digits, as all bytes here.
    value: String,
    /// Its number.
    pub sequence: i64,
    signature: String,
    salt: String,
}

impl Record {
    /// What it holds.
    pub fn value(&self) -> Vec<u8> {
        bytes(&self.value)
    }

    /// Its signature.
    pub fn signature(&self) -> [u8; 64] {
        bytes(&self.signature).try_into().expect("a signature has 64 bytes")
    }

    /// What BEP 44 has signed, put together here from what libtorrent tells.
    pub fn signed_text(&self) -> Vec<u8> {
        let salt = bytes(&self.salt);
        let mut text = Vec::new();
        if !salt.is_empty() {
            text.extend_from_slice(format!("4:salt{}:", salt.len()).as_bytes());
            text.extend_from_slice(&salt);
        }
        let value = self.value();
        text.extend_from_slice(format!("3:seqi{}e1:v{}:", self.sequence, value.len()).as_bytes());
        text.extend_from_slice(&value);
        text
    }
}

impl Libtorrent {
    /// That many nodes, which know one another.
    pub fn start(count: usize) -> (Self, CameUp) {
        let python = std::env::var_os(PYTHON)
            .unwrap_or_else(|| panic!("{PYTHON} names no Python that has libtorrent: run it by `cargo xtask interop`"));
        end_with_standard_input();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/libtorrent_nodes.py");
        let mut child = Command::new(&python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be run: {error}", python.display()));
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("it is a pipe"));
        let mut nodes = Self { child, requests, answers, ports: Vec::new() };
        let came_up: CameUp = nodes.ask(&json!({ "do": "start", "count": count }));
        nodes.ports.clone_from(&came_up.ports);
        (nodes, came_up)
    }

    /// From whom a client is to hear of the others: the last ones, which stay when the first ones leave.
    pub fn bootstrap(&self, count: usize) -> Vec<String> {
        self.ports.iter().rev().take(count).map(|port| format!("127.0.0.1:{port}")).collect()
    }

    /// A node that is not to outlive this run, however it ends.
    pub fn guard(&mut self, node: &Node) {
        let folder = node.home().to_str().expect("its path is text");
        let _: Value = self.ask(&json!({ "do": "guard", "pid": node.process_id(), "folder": folder }));
    }

    /// Looks a record up from one of its nodes.
    pub fn get(&mut self, node: usize, key: &[u8; 32], salt: &[u8]) -> Option<Record> {
        #[derive(Deserialize)]
        struct Looked {
            found: Option<Record>,
        }
        let request =
            json!({ "do": "get", "session": node, "key": HEXLOWER.encode(key), "salt": HEXLOWER.encode(salt) });
        self.ask::<Looked>(&request).found
    }

    /// Writes a record, signed by libtorrent. Says how many of its nodes have taken it.
    pub fn put(&mut self, node: usize, seed: &[u8; 32], key: &[u8; 32], salt: &[u8], value: &[u8]) -> u32 {
        #[derive(Deserialize)]
        struct Put {
            nodes: u32,
        }
        let request = json!({
            "do": "put",
            "session": node,
            "seed": HEXLOWER.encode(seed),
            "key": HEXLOWER.encode(key),
            "salt": HEXLOWER.encode(salt),
            "value": HEXLOWER.encode(value),
        });
        self.ask::<Put>(&request).nodes
    }

    /// Whether one of its nodes finds exactly this record.
    pub fn has(&mut self, node: usize, item: &Item) -> bool {
        self.get(node, &item.key, b"").is_some_and(|record| {
            record.value() == item.value && record.sequence == item.sequence && record.signature() == item.signature
        })
    }

    /// How many records each of its nodes keeps.
    pub fn kept(&mut self) -> Vec<u32> {
        #[derive(Deserialize)]
        struct Kept {
            records: Vec<u32>,
        }
        self.ask::<Kept>(&json!({ "do": "kept" })).records
    }

    /// So many of its nodes leave without a word.
    pub fn leave(&mut self, count: usize) {
        let _: Value = self.ask(&json!({ "do": "leave", "count": count }));
        self.ports.drain(..count);
    }

    fn ask<A: for<'a> Deserialize<'a>>(&mut self, request: &Value) -> A {
        let requests = self.requests.as_mut().expect("it has not ended");
        writeln!(requests, "{request}").expect("the nodes of libtorrent read on");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("they write UTF-8");
        assert!(!line.is_empty(), "the nodes of libtorrent have ended: {:?}", self.child.try_wait());
        let mut answer: Value = serde_json::from_str(&line).expect("they write JSON");
        if let Some(error) = answer.get("error") {
            panic!("libtorrent, asked for {request}: {error}");
        }
        A::deserialize(answer.take()).unwrap_or_else(|error| panic!("libtorrent answers {line}: {error}"))
    }
}

impl Drop for Libtorrent {
    fn drop(&mut self) {
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}

fn bytes(digits: &str) -> Vec<u8> {
    HEXLOWER.decode(digits.as_bytes()).expect("hexadecimal digits")
}

/// Ends this process when standard input ends: whoever started it is gone then, and the nodes of libtorrent notice that
/// it has ended, and end those of ours.
fn end_with_standard_input() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::thread::spawn(|| {
            let mut bytes = [0; 64];
            while std::io::stdin().lock().read(&mut bytes).is_ok_and(|count| count > 0) {}
            eprintln!("whoever has started this is gone, so it ends");
            std::process::exit(1);
        });
    });
}
