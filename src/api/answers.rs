//! What the methods of the local API answer. `--json` prints these as they are, so a field that is there once stays.
//!
//! Times are unix times in milliseconds. States of automata stand as their diagrams name them.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::hidden::Hidden;
use crate::calendar::Month;
use crate::identity::{Entrypoint, InvitationName, NodeId};
use crate::name::ServiceName;
use crate::name::TransportName;
use crate::nickname::{Nickname, NicknameResult};
use crate::stun::{Filtering, Mapping};
use crate::transports::MappingProtocol;
use crate::world::services::ServiceResult;

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

/// `nick.show`, `nick.set`, `nick.clear`: how our nickname stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NicknameStatus {
    /// By which name the user wants to be known.
    pub name: Option<Nickname>,
    /// The state of `nickname_holder`.
    pub state: String,
    /// What was reported last.
    #[serde(with = "crate::words::in_json_if_any", default)]
    #[schemars(with = "Option<String>")]
    pub result: Option<NicknameResult>,
    /// The slot, from 0, of which that was reported; it need not be ours.
    pub index: Option<u8>,
    /// The slot that is ours, as far as it is known.
    #[serde(default)]
    pub held: Option<u8>,
    /// The slot that was ours, and is somebody else's since.
    #[serde(default)]
    pub lost: Option<u8>,
    /// Nothing is under way.
    pub settled: bool,
    /// What stands in the way.
    pub problem: Option<String>,
    /// What the user can do about it; nothing where the node goes on trying by itself.
    pub help: Option<String>,
}

/// `names.find`: a search that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Search {
    /// Its number, for `names.found`.
    pub search: u64,
}

/// `names.found`, `names.stop`: what a search has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FoundNames {
    /// The search.
    pub search: u64,
    /// The nickname.
    pub name: Nickname,
    /// In the order in which they came in.
    pub claimants: Vec<Claimant>,
    /// Nothing more will come.
    pub over: bool,
    /// It is over, and all places have answered: nobody else claims the nickname. Never so if only the first was
    /// wanted and was found.
    pub complete: bool,
    /// So many places have answered, once it is over: enough nodes of the DHT have told of each who claims it, or that
    /// nobody does.
    pub answered: u8,
    /// Places of a nickname.
    pub places: u8,
    /// Changes whenever anything of this does.
    pub seen: u64,
    /// A contact with another name that looks like this one.
    pub looks_like: Option<Nickname>,
    /// A contact who was found by this nickname, and does not claim it any more.
    pub missing: Option<Nickname>,
}

/// Somebody who claims a nickname, and whose own identity document says so too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claimant {
    /// The slot, from 0.
    pub index: u8,
    /// Who.
    pub id: NodeId,
    /// The address, with where the node says that it can be reached.
    pub address: String,
    /// All places where it says that it can be reached are inside networks of its own, and are not dialled from here.
    #[serde(default)]
    pub only_private: bool,
    /// It is this node.
    pub is_me: bool,
    /// It is a contact: somebody with whom the user talks.
    pub is_contact: bool,
    /// What they are to the user; nothing if they are nobody.
    pub state: Option<ContactState>,
    /// The user's name for them.
    pub contact: Option<Nickname>,
    /// The node answers now; `null` while that is being found out.
    pub answers: Option<bool>,
}

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

/// `id`: who the node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Id {
    /// The id.
    pub id: NodeId,
    /// The address to give to others: `bitpie:<id>?at=…&name=…`.
    pub idurl: String,
    /// The name that the user gave it.
    pub name: Option<Nickname>,
    /// Where it listens; nothing if the node is not running.
    pub entrypoints: Vec<Entrypoint>,
}

/// `invite.new`: an invitation, and the address that carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invited {
    /// The id.
    pub id: NodeId,
    /// The address to give away: `bitpie:<id>?at=…&name=…&invite=…`.
    pub idurl: Hidden,
    /// The name that the user gave the node.
    pub name: Option<Nickname>,
    /// Where it listens.
    pub entrypoints: Vec<Entrypoint>,
    /// What it is called, and until when it counts.
    pub invitation: Invitation,
}

/// `invite.list`: the invitations that count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invitations {
    /// The one that ends first before the others.
    pub invitations: Vec<Invitation>,
}

/// An invitation that was given away. What stands in the address is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invitation {
    /// What it is called.
    pub name: InvitationName,
    /// For the first who uses it alone.
    pub once: bool,
    /// When it was made.
    pub made_unix_ms: u64,
    /// Until when it counts.
    pub until_unix_ms: u64,
    /// Who came by it, as far as they are still known.
    pub used_by: Vec<InvitationUser>,
}

/// Somebody who came by an invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvitationUser {
    /// Who.
    pub id: NodeId,
    /// The user's name for them.
    pub name: Option<Nickname>,
}

/// `invite.remove`: an invitation that counts no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvitationRemoved {
    /// What it was called.
    pub name: InvitationName,
    /// Strangers who came by it, and wait as any other from now on.
    pub waiting: u64,
}

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

/// `getservices`: what a node does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicServices {
    /// The services that are on.
    pub services: Vec<PublicService>,
}

/// A service in [`PublicServices`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicService {
    /// Which.
    pub name: ServiceName,
    /// What it is for, in one sentence.
    pub summary: String,
}

/// `findnickname`: who claims a nickname.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicClaimants {
    /// The nickname.
    pub name: Nickname,
    /// Who claims it, by their place.
    pub claimants: Vec<PublicClaimant>,
    /// Everybody was heard who could know of one. If not, there may be more.
    pub complete: bool,
}

/// Somebody in [`PublicClaimants`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicClaimant {
    /// The place of the claim, from 0.
    pub index: u8,
    /// Who.
    pub id: NodeId,
    /// Their address.
    pub address: String,
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

/// Which way something goes, as this node sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the other.
    Incoming,
    /// From this node.
    Outgoing,
}

/// `peers.ratings`: how often each contact was there while this node was. Counted in minutes, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ratings {
    /// The month now.
    pub month: Month,
    /// Whether contacts are counted now.
    pub counting: bool,
    /// Why they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What the user can do about it; nothing where it begins by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Those that the user talks with, by name.
    pub contacts: Vec<ContactRatings>,
}

/// A contact in [`Ratings`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactRatings {
    /// Who.
    pub id: NodeId,
    /// The user's name for them.
    pub name: Option<Nickname>,
    /// Since when they are counted; `null` if they have not been yet.
    pub since_unix_ms: Option<u64>,
    /// The months in which they were counted, the oldest first: at most 24, or the one that was asked for.
    pub months: Vec<RatedMonth>,
    /// All older months.
    pub before: Option<RatedDay>,
    /// All months, whichever was asked for.
    pub total: RatedDay,
}

/// A month in [`ContactRatings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RatedMonth {
    /// Which.
    pub month: Month,
    /// What was counted in it.
    #[serde(flatten)]
    pub day: RatedDay,
}

/// What was counted, as a whole and for each hour of the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RatedDay {
    /// Minutes in which this node was there, and looked.
    pub counted: u64,
    /// Minutes of these in which the contact was there too.
    pub here: u64,
    /// From 0 to 23 o'clock, UTC.
    pub hours: [RatedHour; 24],
}

/// An hour of the day in [`RatedDay`], over all days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RatedHour {
    /// Minutes in which this node was there, and looked.
    pub counted: u64,
    /// Minutes of these in which the contact was there too.
    pub here: u64,
}

impl From<[RatedHour; 24]> for RatedDay {
    fn from(hours: [RatedHour; 24]) -> Self {
        let sum = |minutes: fn(&RatedHour) -> u64| hours.iter().map(minutes).fold(0, u64::saturating_add);
        Self { counted: sum(|hour| hour.counted), here: sum(|hour| hour.here), hours }
    }
}

/// `service.list`: the services of this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Services {
    /// In the order in which they are started.
    pub services: Vec<Service>,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Service {
    /// Which.
    pub name: ServiceName,
    /// What it is for, in one sentence.
    pub summary: String,
    /// The state of its `local_service`.
    pub state: String,
    /// Whether the user wants it: `services/<name>/enabled`.
    pub enabled: bool,
    /// Why it is not on, if it should be.
    pub problem: Option<String>,
    /// What has to be on before it.
    pub depends_on: Vec<ServiceName>,
    /// What needs it.
    pub dependents: Vec<ServiceName>,
}

/// `service.start`, `service.stop`, `service.enable`, `service.disable`: what it came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceChange {
    /// Which service.
    pub name: ServiceName,
    /// What it came to.
    #[serde(with = "crate::words::in_json")]
    #[schemars(with = "String")]
    pub result: ServiceResult,
    /// Whether the user wants it, from now on.
    pub enabled: bool,
    /// Why, if it is not what was asked for; of a service that is on, what keeps it from doing what it is for.
    pub why: Option<String>,
    /// Services that need it, are wanted by the settings, and are still off; a start of this one does not start them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub still_off: Vec<ServiceName>,
}

/// `contact.list`: whom the user talks with, and who would like to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contacts {
    /// Requests first, then by name.
    pub contacts: Vec<Contact>,
    /// Which of them could be taken for another.
    #[serde(default)]
    pub alike: Vec<Alike>,
}

/// Somebody could be taken for a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alike {
    /// The contact.
    pub one: NodeId,
    /// Who could be taken for it: another contact, or a stranger.
    pub other: NodeId,
    /// By what.
    pub by: AlikeIn,
}

/// What of two nodes looks alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlikeIn {
    /// The names that the user has for them, or that they give themselves.
    Name,
    /// The beginnings of their ids, by which those are shown.
    Id,
}

/// Somebody whom the user talks with, or who would like to; the answer to `contact.accept` and `contact.refuse` too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    /// Who.
    pub id: NodeId,
    /// The user's name for them.
    pub name: Option<Nickname>,
    /// The name that they give themselves; anybody can take any.
    pub claimed_name: Option<Nickname>,
    /// What they are to the user.
    pub state: ContactState,
    /// Whether they are there now.
    pub online: bool,
    /// The state of their `contact_status`.
    pub status: String,
    /// By how many milliseconds their clock is ahead of ours (behind, if negative), if so much that there is no
    /// session.
    #[serde(default)]
    pub clock_ahead_ms: Option<i64>,
    /// When they were last heard.
    pub last_seen_unix_ms: Option<u64>,
    /// Messages of theirs that the user has not read.
    pub unread: u64,
    /// Messages of theirs that wait until they are accepted.
    pub waiting: u64,
    /// The invitation by which their first message got through, if by one.
    #[serde(default)]
    pub invitation: Option<InvitationName>,
    /// How often they were there in the last 30 days.
    pub rating: Rating,
    /// They were found by a nickname, and have given it up.
    pub nickname_change: Option<NicknameChange>,
    /// Another contact, whose name looks like that of this one: told when a contact is added or accepted.
    pub looks_like: Option<Nickname>,
}

/// `contact.add`: the contact, as it is now, and as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactAdded {
    /// The contact.
    #[serde(flatten)]
    pub contact: Contact,
    /// What this node was to the user before; nothing if it was nobody.
    pub known: Option<KnownContact>,
    /// Their address held an invitation: the messages to them carry it until they have answered.
    #[serde(default)]
    pub invited: bool,
}

/// Somebody who was known before they were added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KnownContact {
    /// What they were to the user.
    pub state: ContactState,
    /// The user's name for them.
    pub name: Option<Nickname>,
}

/// Somebody who was found by a nickname has given it up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NicknameChange {
    /// The nickname by which they were found.
    pub was: Nickname,
    /// What they call themselves now.
    pub is: Option<Nickname>,
}

/// How often a contact was there while this node was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rating {
    /// Minutes in which they were seen.
    pub seen_minutes: u64,
    /// Minutes in which this node was up and looked.
    pub up_minutes: u64,
}

/// What somebody is to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactState {
    /// They would like to talk; nobody has answered them.
    Request,
    /// The user talks with them.
    Accepted,
    /// The user does not want to hear of them.
    Refused,
    /// No contact any more; their messages are still there.
    Removed,
}

/// `contact.remove`: who is no contact any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactRemoved {
    /// Who.
    pub id: NodeId,
    /// The name that the user had for them.
    pub name: Option<Nickname>,
    /// Messages to them that had not been delivered, and are tried no longer.
    pub messages_given_up: u64,
    /// Messages of the conversation that stay.
    #[serde(default)]
    pub messages_kept: u64,
    /// Messages of the conversation that are deleted.
    #[serde(default)]
    pub messages_deleted: u64,
    /// They had been refused, and are so no longer.
    #[serde(default)]
    pub was_refused: bool,
}

/// `messages.count`: how large a conversation is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageCount {
    /// With whom.
    pub with: NodeId,
    /// The user's name for them.
    pub name: Option<Nickname>,
    /// Messages in both directions; those that wait for the user to accept or refuse a stranger are not among them.
    pub messages: u64,
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

/// `contact.ping`: are they there?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ping {
    /// Who.
    pub id: NodeId,
    /// The user's name for them.
    pub name: Option<Nickname>,
    /// Whether they answered.
    pub online: bool,
    /// How long it took, if they did.
    pub took_ms: Option<u64>,
    /// By which way.
    pub transport: Option<TransportName>,
    /// Why not, if they did not.
    pub why: Option<String>,
}

/// `messages.send`: it is on disk, and under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageSent {
    /// Its id; `messages.get` follows it.
    pub id: String,
    /// To whom.
    pub to: NodeId,
    /// The user's name for them.
    pub name: Option<Nickname>,
    /// How far it is.
    pub state: MessageState,
    /// Until when it is tried.
    pub expires_unix_ms: u64,
    /// They were found by a nickname, and have given it up.
    pub nickname_change: Option<NicknameChange>,
    /// What keeps every message waiting now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What the user can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// To others: on disk, not yet sent.
    Queued,
    /// To others: sent, not yet confirmed.
    Sent,
    /// To others: on their disk.
    Delivered,
    /// To others: they have read it. From others: the user has.
    Read,
    /// To others: they do not take it.
    Refused,
    /// To others: not confirmed in time. Whether it arrived is not known.
    Expired,
    /// From others: not read yet.
    Unread,
    /// From a stranger: waits until they are accepted.
    Waiting,
}

impl MessageState {
    /// The word for it, as in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Unread => "unread",
            Self::Waiting => "waiting",
        }
    }

    /// Whether a message to others is still under way.
    #[must_use]
    pub fn is_under_way(self) -> bool {
        matches!(self, Self::Queued | Self::Sent)
    }
}

/// What is odd about the time at which a message of others was written, which is its sender's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SentTime {
    /// Some minutes or days before it came. That is so when one of the two was away; nobody knows it but the sender.
    Delayed,
    /// So long before it came as no message waits, or after it. It is not true.
    Impossible,
}

/// A message; the answer to `messages.get` too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// Its place among all messages, from 1, in the order in which this node got to know them; 0 as long as it waits
    /// for the user to accept or refuse a stranger.
    pub position: u64,
    /// Its id.
    pub id: String,
    /// Which way it went.
    pub direction: Direction,
    /// Who is at the other end.
    pub with: NodeId,
    /// The user's name for them.
    pub name: Option<Nickname>,
    /// What it says.
    pub text: Hidden,
    /// When it was written; for one of others, that is what its sender says.
    pub time_unix_ms: u64,
    /// When it came; `null` for one to others.
    pub received_unix_ms: Option<u64>,
    /// What is odd about the time at which its sender says that it was written, if anything is.
    pub sent_time: Option<SentTime>,
    /// Until when it is tried.
    pub expires_unix_ms: Option<u64>,
    /// The message that it answers.
    pub reply_to: Option<String>,
    /// How far it is.
    pub state: MessageState,
    /// Why it was refused.
    pub why: Option<String>,
    /// How often it was sent.
    pub attempts: u32,
    /// It waits, and came by an invitation.
    #[serde(default)]
    pub invited: bool,
}

/// `messages.list`, `messages.search`, `messages.watch`, `messages.export`: messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Messages {
    /// The oldest first.
    pub messages: Vec<Message>,
    /// Where to go on: as `before` of `messages.list`, as `after` of `messages.watch` and `messages.export`. `null`
    /// where there is nothing more (`messages.watch` always says where to go on).
    pub next: Option<u64>,
    /// Where to go on with messages of strangers: as `after_request` of `messages.watch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_request: Option<u64>,
}

/// `messages.mark_read`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarkedRead {
    /// How many were unread.
    pub count: u64,
}

/// `config.list`: every setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// By path.
    pub settings: Vec<Setting>,
}

/// A setting; the answer to `config.get` and `config.set` too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Setting {
    /// Its path: `services/tcp-transport/port`.
    pub path: String,
    /// What it is set to.
    pub value: Value,
    /// What it is if nobody sets it.
    pub default: Value,
    /// Whether somebody has set it.
    pub is_set: bool,
    /// What may stand there: `port`, `true or false`, `duration`.
    pub kind: String,
    /// What it does, in one sentence.
    pub summary: String,
    /// Whether it counts from the node's next start only.
    pub needs_restart: bool,
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
