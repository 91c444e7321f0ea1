//! Asks a node at an address, by HTTP, WebSocket or WebTransport. Nothing is proved of who it is: what it says is held against what
//! others say.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::ways::{over_http, over_websocket};
use super::webtransport::over_webtransport;
use crate::api::errors::RpcError;
use crate::world::CertificateHash;

/// How long a node may take.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// Where a node is asked, and by which way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Over HTTP, at `/rpc`.
    Http(String),
    /// Over WebSocket.
    WebSocket(String),
    /// Over WebTransport.
    WebTransport {
        /// Where.
        at: String,
        /// The certificate that it shows; if there is none, the node is asked for it over HTTP.
        hash: Option<CertificateHash>,
    },
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
        let (rest, hash) = match rest.split_once('#') {
            Some((rest, hash)) if kind == "https" => (rest, Some(hash.parse::<CertificateHash>()?)),
            _ => (rest, None),
        };
        let place = rest.trim_end_matches('/');
        let has_port = place.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0) && !host.contains(['/', '@', ' ', '#'])
        });
        match kind {
            "http" if has_port => Ok(Self::Http(place.to_owned())),
            "ws" if has_port => Ok(Self::WebSocket(place.to_owned())),
            "https" if has_port => Ok(Self::WebTransport { at: place.to_owned(), hash }),
            _ => {
                let forms =
                    "HOST:PORT or http://HOST:PORT (38081), ws://HOST:PORT (38082), or https://HOST:PORT (38083)";
                Err(format!("it is {forms}"))
            }
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
                Self::WebTransport { at, hash } => over_webtransport(at, *hash, request).await,
            }
        };
        let late = || format!("no answer came within {} s", PATIENCE.as_secs());
        let answer = timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(late())).map_err(NoAnswer::Lost)?;
        let mut answer: Value = serde_json::from_str(&answer)
            .map_err(|_| NoAnswer::Lost("this is not a bitpie node: the answer is not valid JSON".to_owned()))?;
        match (answer.get_mut("result").map(Value::take), answer.get_mut("error").map(Value::take)) {
            (Some(result), None) => Ok(result),
            (None, Some(error)) => Err(serde_json::from_value(error).map_or_else(
                |_| NoAnswer::Lost("the error in its answer does not follow JSON-RPC".to_owned()),
                NoAnswer::Refused,
            )),
            _ => Err(NoAnswer::Lost("its answer does not follow JSON-RPC".to_owned())),
        }
    }
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
        let hash = CertificateHash([0xab; 32]);
        let of_webtransport = |hash| Ok(Place::WebTransport { at: "[::1]:38083".to_owned(), hash });
        assert_eq!(place("https://[::1]:38083/"), of_webtransport(None));
        assert_eq!(place(&format!("https://[::1]:38083#{hash}")), of_webtransport(Some(hash)));
        for wrong in [
            "",
            "node",
            ":1",
            "a:0",
            "a:b",
            "https://a:1#ab",
            "http://a:1#ab",
            "ftp://a:1",
            "a:65536",
            "http://u@a:1",
            "http://a:1/x",
        ] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
