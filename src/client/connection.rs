//! To the running node: found by `api.json` in the home folder, asked over HTTP on loopback, never through a proxy.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use ureq::Agent;

use super::failure::Failure;
use crate::api::access::Access;
use crate::api::errors::RpcError;
use crate::api::methods::Method;
use crate::api::server::{ANSWER_TIMEOUT, BACKUP_TIMEOUT};

/// Bytes of an answer, at most.
const ANSWER_BYTES: u64 = 64 << 20;

/// How long a connection to this machine may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How much longer than the node a client has patience, so that the node's own word arrives.
const PATIENCE: Duration = Duration::from_secs(5);

/// The running node of a home folder.
pub struct Connection {
    agent: Agent,
    access: Access,
    home: PathBuf,
}

/// An answer, as it came and as it is meant.
pub struct Answered<A> {
    /// As it came.
    pub raw: Value,
    /// As it is meant.
    pub answer: A,
}

impl Connection {
    /// Finds the node. Whether it still answers shows at the first question.
    ///
    /// # Errors
    /// If there is none, or `api.json` is of no use.
    pub fn open(home: &Path) -> Result<Self, Failure> {
        let access = Access::read(home)?.ok_or_else(|| Failure::NoNode { home: home.to_owned(), gone: None })?;
        let agent = Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .user_agent(concat!("bitpie/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Ok(Self { agent, access, home: home.to_owned() })
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
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters });
        let answered = self
            .agent
            .post(format!("http://{}/rpc", self.access.address))
            .config()
            .timeout_global(Some(limit))
            .build()
            .header("Authorization", format!("Bearer {}", self.access.token.text()))
            .send_json(&body);
        let mut response = answered.map_err(|error| self.unreachable(&error))?;
        let read = response.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec();
        let bytes = read.map_err(|error| self.unreachable(&error))?;
        let stranger = || {
            Failure::here(
                format!("what answers at {} is not the node that wrote api.json", self.access.address),
                format!(
                    "the node has gone, and another program has its port; start it again: `bitpie run --home {}`",
                    self.home.display()
                ),
            )
        };
        let mut answer: Value = serde_json::from_slice(&bytes).map_err(|_| stranger())?;
        match (answer.get_mut("result").map(Value::take), answer.get_mut("error").map(Value::take)) {
            (Some(result), None) => Ok(result),
            (None, Some(error)) => {
                let error: RpcError = serde_json::from_value(error).map_err(|_| stranger())?;
                Err(Failure::Node(error))
            }
            _ => Err(stranger()),
        }
    }

    fn unreachable(&self, error: &ureq::Error) -> Failure {
        let is_gone = match error {
            ureq::Error::ConnectionFailed => true,
            ureq::Error::Io(error) => matches!(
                error.kind(),
                std::io::ErrorKind::ConnectionRefused
                    | std::io::ErrorKind::ConnectionReset
                    | std::io::ErrorKind::UnexpectedEof
                    | std::io::ErrorKind::BrokenPipe
            ),
            _ => false,
        };
        if is_gone {
            return Failure::NoNode { home: self.home.clone(), gone: Some(self.access.process) };
        }
        Failure::here(
            format!("the node at {} (process {}) does not answer: {error}", self.access.address, self.access.process),
            "`bitpie doctor` looks for the reason; its log is in log/ of the home folder",
        )
    }
}
