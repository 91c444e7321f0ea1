//! Other nodes, and sessions with them.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::direction::Direction;
use super::transports::Traffic;
use crate::identity::{Entrypoint, NodeId};
use crate::name::TransportName;
use crate::nickname::Nickname;

/// `peers.list`: the nodes that this one knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Peers {
    /// Those with a session first, then the last seen.
    pub peers: Vec<Peer>,
}

/// A node that this one knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Peer {
    /// Who; `null` as long as a session has not told.
    pub id: Option<NodeId>,
    /// The user's name for it, if it is a contact.
    pub name: Option<Nickname>,
    /// Where it may be reached.
    pub entrypoints: Vec<Entrypoint>,
    /// The session with it.
    pub session: Option<PeerSession>,
    /// Attempts to reach it that failed, since the last that did not.
    pub failures: u32,
    /// When it is tried again.
    pub next_attempt_unix_ms: Option<u64>,
    /// Its misbehaviour, which leaks away with time: 0 is good.
    pub misbehaviour: f64,
    /// When it was last heard.
    pub last_seen_unix_ms: Option<u64>,
    /// Since when it is known.
    #[serde(default)]
    pub first_seen_unix_ms: Option<u64>,
    /// How many sessions with it there were, in all runs of the node.
    #[serde(default)]
    pub sessions: u64,
    /// The round trip, smoothed over all sessions, in microseconds.
    #[serde(default)]
    pub round_trip_us: Option<u64>,
    /// Where it sees this node, by STUN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sees_us_at: Option<SocketAddr>,
    /// What has gone to it and come from it since the node was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<Traffic>,
}

/// `getpeerinfo`: what peers and this node see of one another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PeerInfos {
    /// Those with a session that is ready.
    pub peers: Vec<PeerInfo>,
}

/// A peer in [`PeerInfos`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PeerInfo {
    /// Who.
    pub id: NodeId,
    /// The other end of the session.
    pub remote: Entrypoint,
    /// Where the peer sees this end, as its HELLO said.
    pub session_seen_at: Option<Entrypoint>,
    /// Its STUN server, if it says that it has one.
    pub stun_server: Option<SocketAddr>,
    /// The state of the `stun_client` that asks it.
    pub stun_client: Option<String>,
    /// Where it sees the socket that asks it alone.
    pub sees_us_at: Option<SocketAddr>,
    /// Where it sees the socket that asks all.
    pub sees_shared_at: Option<SocketAddr>,
    /// From where somebody at its address asked this node's STUN server, the latest last. Another node behind the same
    /// router is not told apart.
    pub asked_from: Vec<StunRequests>,
}

/// Requests to this node's STUN server from one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StunRequests {
    /// From where, as this node sees it.
    pub from: SocketAddr,
    /// How many.
    pub requests: u64,
    /// When the last one came.
    pub at_unix_ms: u64,
}

/// A session in [`Peer`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PeerSession {
    /// Its number in this run of the node.
    pub session: u64,
    /// Who opened it.
    pub direction: Direction,
    /// By which transport.
    pub transport: TransportName,
    /// The address of the other end, or of the node that carries the session.
    pub remote: Entrypoint,
    /// Who carries it, if another node does. It sees sizes and times, and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<NodeId>,
    /// It came about because somebody who knows both arranged it, and both dialled at once.
    #[serde(default)]
    pub by_meeting: bool,
    /// The state of its automaton.
    pub state: String,
    /// How long a ping and its pong take.
    pub round_trip_ms: Option<u64>,
    /// Since when it is there.
    pub since_unix_ms: u64,
}
