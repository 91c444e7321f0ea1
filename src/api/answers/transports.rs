//! How transports, the router, the local network, relays and STUN are: parts of `status`.

use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identity::Entrypoint;
use crate::name::TransportName;
use crate::stun::{Filtering, Mapping};
use crate::transports::MappingProtocol;

/// A transport in [`Status`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransportStatus {
    /// Which.
    pub name: TransportName,
    /// The state of its `network_transport`.
    pub state: String,
    /// Where it listens.
    pub listening: Vec<Entrypoint>,
    /// Why it does not, if it should.
    pub problem: Option<String>,
    /// How well it has served since the node was started.
    pub stability: TransportStability,
    /// What has gone by it since the node was started.
    #[serde(default)]
    pub traffic: Traffic,
    /// Whether the router lets others through to it.
    #[serde(default)]
    pub mapping: MappingStatus,
}

/// Frames that have come and gone, and their bytes. Bulk data is not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Traffic {
    /// Frames that came.
    pub frames_in: u64,
    /// Their bytes.
    pub bytes_in: u64,
    /// Frames that went.
    pub frames_out: u64,
    /// Their bytes.
    pub bytes_out: u64,
}

/// How well a transport has served, in a [`TransportStatus`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransportStability {
    /// Its place in our identity document, from 1: by which way others try first. None if it is not there.
    pub place: Option<u64>,
    /// Why it stands before the next one.
    pub better: Option<String>,
    /// Sessions that are ready now.
    pub sessions: u64,
    /// How many of its sessions came about and lasted, of 100: a mean that forgets.
    pub success_percent: u32,
    /// The mean round trip, in milliseconds.
    pub round_trip_ms: Option<u32>,
    /// Packets that were lost, of a thousand: a mean that forgets. None where the transport does not count them.
    #[serde(default)]
    pub loss_per_mille: Option<u32>,
    /// How long its sessions lasted in the mean, in milliseconds.
    pub lasts_ms: Option<u32>,
    /// When somebody else last opened a session by it, in milliseconds of unix time.
    pub came_in_unix_ms: Option<u64>,
}

/// What the router does for a transport in [`TransportStatus`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MappingStatus {
    /// The state of its `port_mapping`; nothing if there is none.
    pub state: Option<String>,
    /// Where the router lets others through.
    pub external: Option<Entrypoint>,
    /// Where a firewall lets others in by IPv6, because it was asked.
    #[serde(default)]
    pub pinholes: Vec<Entrypoint>,
    /// Why one of both is missing, if both were wanted.
    #[serde(default)]
    pub missing: Option<String>,
    /// By which protocol it was asked.
    #[serde(with = "crate::words::in_json_if_any", default)]
    #[schemars(with = "Option<String>")]
    pub protocol: Option<MappingProtocol>,
    /// Until when, if it is not renewed.
    pub until_unix_ms: Option<u64>,
    /// It is in the identity document of this node, as it is an address that others can reach.
    pub published: bool,
    /// Why the router is not asked.
    pub not_needed: Option<String>,
    /// Why there is no mapping, or why it may end.
    pub problem: Option<String>,
}

/// Discovery in the local network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LanStatus {
    /// The state of the service `lan-discovery`.
    pub state: String,
    /// Nodes that are announced there, at the moment.
    pub found: u64,
    /// Why nobody is found, or nobody finds this node.
    pub problem: Option<String>,
}

/// Sessions of others in [`Status`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RelayStatus {
    /// The state of the service `relay`.
    pub state: String,
    /// Sessions that are carried now.
    pub carries: u64,
    /// Those that were carried since the node was started, and have ended.
    pub carried: u64,
    /// Bytes of those that have ended, of both directions.
    pub carried_bytes: u64,
}

/// STUN in [`Status`] and [`NodeInfo`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StunStatus {
    /// The state of `stun_server`.
    pub state: String,
    /// Where others can ask, by UDP and TCP.
    pub listening: Vec<Entrypoint>,
    /// Why they cannot, if they should.
    pub problem: Option<String>,
    /// Peers that are asked where they see this node.
    pub asked: u64,
    /// Those of them that have answered.
    pub answered: u64,
    /// The addresses that are believed, since enough of them agree: one of IPv4, one of IPv6, or none.
    pub external: Vec<ExternalAddress>,
}

/// An address at which others see this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExternalAddress {
    /// The IP.
    pub ip: IpAddr,
    /// With the port of the socket by which all of them are asked, if they agree on that too.
    pub address: Option<SocketAddr>,
    /// How many peers say so.
    pub observers: u64,
    /// In how many networks these are: each has one vote.
    pub networks: u64,
    /// What the router does: `unknown`, `open`, `endpoint_independent`, `address_dependent`,
    /// `address_and_port_dependent`, or `dependent` if it is not known which of the last two.
    pub mapping: Mapping,
    /// Whom the router, or a firewall, lets in to a port from which something was sent: `unknown`,
    /// `endpoint_independent` (everybody), `address_dependent` (addresses to which something was sent),
    /// `not_port_dependent` if it is not known which of these two, or `address_and_port_dependent`.
    #[serde(default = "unknown_filtering")]
    pub filtering: Filtering,
}

fn unknown_filtering() -> Filtering {
    Filtering::Unknown
}
