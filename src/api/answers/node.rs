//! The program itself: what it is, where its API is, and what is done with it.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::transports::StunStatus;
use crate::api::hidden::Hidden;
use crate::identity::{Entrypoint, NodeId};
use crate::name::ServiceName;
use crate::nickname::Nickname;

/// `getnodeinfo`: where this node is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeInfo {
    /// Who it is.
    pub id: NodeId,
    /// The network that it belongs to.
    pub network: String,
    /// The version of the program.
    pub version: String,
    /// Where its transports listen.
    pub listening: Vec<Entrypoint>,
    /// Where others see it.
    pub stun: StunStatus,
    /// Where its API is reached.
    #[serde(default)]
    pub api: Vec<ApiPort>,
}

/// A port of the API in [`NodeInfo`] and [`Status`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiPort {
    /// The service that it belongs to: `http-api`, `websocket-api`, `webtransport-api`.
    pub service: ServiceName,
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether other machines are answered, with what is public.
    pub is_public: bool,
    /// Where peers see it by STUN, and so may others reach it: of IPv4 and of IPv6.
    #[serde(default)]
    pub external: Vec<ApiAddress>,
    /// The certificates by which a browser recognises it, over WebTransport. There are two for some days, so that a page
    /// which knows both is let in before and after the change.
    #[serde(default)]
    pub certificates: Vec<ApiCertificate>,
}

/// An address of an [`ApiPort`] as peers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiAddress {
    /// The address.
    pub address: SocketAddr,
    /// How many peers say so.
    pub observers: usize,
}

/// A certificate of an [`ApiPort`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiCertificate {
    /// The SHA-256 hash of its DER, in 64 hexadecimal digits.
    pub sha256: String,
    /// From when on it is valid, in milliseconds of unix time.
    pub begins_unix_ms: u64,
    /// Until when, likewise.
    pub ends_unix_ms: u64,
    /// It is the one that is shown now.
    pub is_shown: bool,
}

/// `getidentity`: who a node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityInfo {
    /// Its id.
    pub id: NodeId,
    /// The same, short enough to be compared by people.
    pub fingerprint: String,
    /// Its address: `bitpie:<id>?at=…&name=…`.
    pub idurl: String,
    /// The nickname that it claims.
    pub name: Option<Nickname>,
    /// The revision of its document.
    pub revision: u64,
    /// Where its document says that it is reached, the best way first.
    pub entrypoints: Vec<Entrypoint>,
    /// The document, as it is signed, in hexadecimal digits.
    pub document: String,
}

/// `web.link`: the way to the web page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WebLink {
    /// An address that lets one browser in, once.
    pub link: Hidden,
}

/// `web.qr`: a text as a QR code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QrCode {
    /// A picture, black on nothing.
    pub svg: String,
}

/// `health`: what is as it should be, and what is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// How the node is, in one line.
    pub headline: String,
    /// Whether that is as it should be: `good`, `notable`, `bad`, or `skipped` if it cannot be known yet.
    pub verdict: String,
    /// What was looked at.
    pub findings: Vec<HealthFinding>,
}

/// A finding in [`Health`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HealthFinding {
    /// About what it is.
    pub about: String,
    /// As [`Health::verdict`].
    pub verdict: String,
    /// What was found, in one sentence.
    pub said: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// `automata.snapshot`: every automaton as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AutomataSnapshot {
    /// The first two lines of a trace: header and snapshot, as docs/TRACES.md says.
    pub lines: String,
    /// Bytes of the trace that were told before it, since the start of the node.
    pub position: u64,
}

/// `bitpie doctor --repair`: what was saved of a damaged database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Repaired {
    /// What was wrong with it; nothing if it was in order, and is as it was.
    pub damage: Option<String>,
    /// Contacts, those of whom only the conversation is left among them.
    pub contacts: u64,
    /// Messages.
    pub messages: u64,
    /// Messages of strangers that wait.
    pub waiting: u64,
    /// Invitations that count no more, as far as they were seen: which were used cannot be known.
    #[serde(default)]
    pub invitations: u64,
    /// Pages and entries that could not be read, as far as they were seen.
    pub unreadable: u64,
    /// Where the damaged database is now.
    pub aside: Option<String>,
}

/// `backup`: it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackedUp {
    /// Where.
    pub path: String,
    /// How large.
    pub bytes: u64,
}

/// `shutdown`: the node is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShuttingDown {
    /// The process that will end.
    pub process: u32,
}

/// `network.reconnect`: the network is taken down and up again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reconnecting {
    /// The state of `network_connector`.
    pub network_connector: String,
}
