//! How the node is: `status`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::messages::MessageState;
use super::names::NicknameStatus;
use super::node::ApiPort;
use super::transports::{LanStatus, RelayStatus, StunStatus, TransportStatus};
use crate::identity::NodeId;
use crate::name::ServiceName;
use crate::nickname::Nickname;

/// `status`: how the node is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// Whose node it is.
    pub id: NodeId,
    /// The name that the user gave it.
    pub name: Option<Nickname>,
    /// The version of the program.
    pub version: String,
    /// The network that it belongs to.
    pub network: String,
    /// Its process.
    pub process: u32,
    /// Its home folder.
    pub home: String,
    /// Where its traces lie.
    pub traces: String,
    /// Why what it does is not recorded now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traces_problem: Option<String>,
    /// Why its log is not written now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_problem: Option<String>,
    /// Since when it has been running.
    pub started_unix_ms: u64,
    /// How long it has been running.
    pub uptime_ms: u64,
    /// The state of `network_connector`.
    pub network_connector: String,
    /// Why others cannot reach this node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_problem: Option<String>,
    /// The state of `p2p_connector`.
    pub p2p_connector: String,
    /// Every transport.
    pub transports: Vec<TransportStatus>,
    /// Discovery in the local network.
    pub lan_discovery: LanStatus,
    /// At which addresses others see this node, and whether it tells them the same.
    #[serde(default)]
    pub stun: StunStatus,
    /// Sessions of others that this node carries.
    #[serde(default)]
    pub relay: RelayStatus,
    /// How many services are in each state.
    pub services: BTreeMap<String, u64>,
    /// Services that are on by default, and are off now.
    #[serde(default)]
    pub services_off: Vec<ServiceOff>,
    /// How many sessions there are.
    pub sessions: SessionCounts,
    /// When others last came in.
    #[serde(default)]
    pub came_in: CameIn,
    /// How the clock of this machine stands to those of others.
    #[serde(default)]
    pub clock: ClockStatus,
    /// How many contacts there are.
    pub contacts: ContactCounts,
    /// How many messages are in each state.
    pub messages: BTreeMap<MessageState, u64>,
    /// What has come and gone since the start.
    pub counters: Counters,
    /// Where the API is reached.
    #[serde(default)]
    pub api: Vec<ApiPort>,
    /// The distributed hash table.
    pub dht: DhtStatus,
    /// How our nickname stands.
    pub nickname: NicknameStatus,
    /// What the user should know of this run, the oldest first.
    #[serde(default)]
    pub notices: Vec<String>,
    /// The database of messages is damaged, so the node keeps out of the network.
    #[serde(default)]
    pub is_damaged: bool,
}

/// A service in [`Status`] that is on by default, and is off now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceOff {
    /// Which.
    pub name: ServiceName,
    /// Whether the user wants it: `services/<name>/enabled`.
    pub enabled: bool,
    /// What is not done as long as it is off.
    pub means: String,
    /// What has to be on before it.
    pub depends_on: Vec<ServiceName>,
}

/// The distributed hash table in [`Status`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DhtStatus {
    /// The state of `dht_connector`.
    pub state: String,
    /// The state of `identity_publisher`.
    pub identity: String,
    /// The settings name nobody whom it could ask.
    #[serde(default)]
    pub asks_nobody: bool,
    /// Where its socket is (UDP).
    pub listening: Option<SocketAddr>,
    /// Why it is not there, or our identity document not in it.
    pub problem: Option<String>,
}

/// Sessions in [`Status`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionCounts {
    /// Opened by others, and ready.
    pub incoming: u64,
    /// Opened by this node, and ready.
    pub outgoing: u64,
    /// Not yet ready, whoever opened them.
    pub half_open: u64,
}

/// When another node last opened a session with this one that became ready, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CameIn {
    /// From anywhere.
    pub last_unix_ms: Option<u64>,
    /// From an address of the internet.
    pub from_internet_unix_ms: Option<u64>,
}

/// How the clock of this machine stands to those of others, by what they said lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClockStatus {
    /// It is wrong, as most of several peers have it: ahead of theirs by so many milliseconds; behind, if negative.
    pub ahead_ms: Option<i64>,
    /// Peers whose clocks are so far from ours that each refuses the other; strangers of one network count once.
    pub apart: u64,
    /// What is wrong, in words.
    pub problem: Option<String>,
}

/// Contacts in [`Status`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactCounts {
    /// Those that the user talks with.
    pub accepted: u64,
    /// Those of them that are there now.
    pub online: u64,
    /// Strangers whose messages wait to be accepted or refused.
    pub requests: u64,
    /// Those of them who came by an invitation.
    #[serde(default)]
    pub invited: u64,
    /// Messages of those that the user talks with that were not read.
    #[serde(default)]
    pub unread: u64,
}

/// What has come and gone since the node's start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counters {
    /// Frames received in sessions.
    pub frames_in: u64,
    /// Frames sent in sessions.
    pub frames_out: u64,
    /// Packets that came in through the gateway.
    pub packets_in: u64,
    /// Packets that went out through the gateway.
    pub packets_out: u64,
    /// What this node refused, by the name of the refusal.
    pub refusals: BTreeMap<String, u64>,
    /// What others refused this node, likewise.
    #[serde(default)]
    pub refused_by_peers: BTreeMap<String, u64>,
    /// What peers did that the protocol does not allow.
    #[serde(default)]
    pub violations: u64,
    /// Sessions that ended, by the reason: `local` (this node closed it), `remote`, `timed_out`, `bad_handshake` (what
    /// came proved nothing), `spoilt` (what came was not authentic), `unexpected_id` (another node answered than the
    /// one that was dialled), `violation` (of what is beneath the frames), `failed`.
    #[serde(default)]
    pub sessions_ended: BTreeMap<String, u64>,
    /// Sessions whose peer went away before they were ready, by the state in which they were.
    #[serde(default)]
    pub broken_off: BTreeMap<String, u64>,
}
