//! A node as the virtual network sees it, and how it begins.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use automata_runtime::Records;
use bitpie::automata::system::Settings;
use bitpie::automata::types::{DeliveryState, FailReason, NicknameResult};
use bitpie::identity::{Entrypoint, NodeId};
use bitpie::name::{TransportName, tcp_name, udp_name};
use bitpie::nickname::Nickname;
use bitpie::node::Node;
use bitpie::peers::KnownPeer;
use bitpie::services::{SERVICES, Service};
use bitpie::wire::PacketId;
use bitpie::world::{Beginning, CertificateHash, MappingRules, Places, RelayRules, SessionId};

use super::{address, entrypoint, id};

/// A node as others see it.
pub struct Host {
    pub core: Node<Records>,
    pub id: NodeId,
    pub address: SocketAddr,
    /// What its clock is ahead of the others'.
    pub skew_ms: u64,
    pub network: &'static str,
    pub is_plugged: bool,
    /// How many sessions it may have.
    pub(super) room: usize,
    pub listening: BTreeSet<TransportName>,
    /// A router lets in over UDP only those to whom it has sent something lately, and nobody over TCP.
    pub is_behind_router: bool,
    /// Its router takes another port for each whom it sends to, so that nobody is told of the right one.
    pub lets_nobody_in: bool,
    /// Its router answers what comes unasked, and then takes another port for the host's own packets.
    pub router_answers: bool,
    /// Its document says that it carries sessions of others.
    pub offers_relay: bool,
    /// Its sessions → (host, session) on the other side.
    pub wires: BTreeMap<SessionId, (usize, SessionId)>,
    pub accepted: SessionId,
    pub revision: u64,
    pub published: Vec<Entrypoint>,
    /// Messages of its user: which, to whom, and what has become of each.
    pub outbox: BTreeMap<PacketId, (NodeId, DeliveryState)>,
    pub refused: BTreeMap<PacketId, FailReason>,
    /// Messages that came in, by sender, each once.
    pub inbox: Vec<(NodeId, PacketId)>,
    pub(super) seen: BTreeSet<(NodeId, PacketId)>,
    pub online: BTreeMap<NodeId, bool>,
    pub remembered: BTreeMap<NodeId, KnownPeer>,
    pub reports: Vec<String>,
    pub answers: Vec<(u64, String)>,
    pub minutes: BTreeMap<NodeId, (u32, u32)>,
    /// Where it has called, and when.
    pub dialled: Vec<(u64, Entrypoint)>,
    /// Of which of its sessions it has probed the router in front of the other side.
    pub probed: Vec<SessionId>,
    /// What it announces in the local network, while it looks around there.
    pub announced: Option<Vec<Entrypoint>>,
    /// Whom of which message it is still to be told that it was read.
    pub receipts: BTreeSet<(NodeId, PacketId)>,
    /// It has a STUN server, and says so.
    pub offers_stun: bool,
    /// How often it has tested by STUN what its router lets in.
    pub filtering_tests: u32,
    /// How often it was to be forgotten what is over.
    pub tidied: u32,
    /// The store stands still: nothing is committed.
    pub is_store_stuck: bool,
    /// What its store still refuses, so many times, of what it is asked to build or load.
    pub store_failures: u32,
    pub nickname_reports: Vec<(NicknameResult, Option<Nickname>, u8)>,
    pub found: BTreeMap<u64, Search>,
    /// Whether nodes were there when the user asked.
    pub reached: BTreeMap<NodeId, bool>,
    /// Where its router lets others through, if it maps ports.
    pub router: Option<SocketAddr>,
    /// It maps one now.
    pub is_mapped: bool,
    /// How often it was asked to.
    pub mapping_requests: u32,
    /// How many certificates were made for its API.
    pub certificates: u8,
    /// Which of them is shown.
    pub shown: Option<CertificateHash>,
}

/// What has become of a search.
#[derive(Default)]
pub struct Search {
    /// Who claims which slot.
    pub claimants: Vec<(u8, NodeId)>,
    /// Once it is over: whether it is complete.
    pub is_complete: Option<bool>,
    /// Once it is over: how many slots have answered.
    pub answered: u8,
}

/// Services that are on: the usual ones, and the one that looks around.
pub fn usual_services() -> impl DoubleEndedIterator<Item = &'static Service> {
    SERVICES.iter().filter(|service| service.is_enabled || service.name == "lan-discovery")
}

pub(super) fn host(index: usize, contacts: &[usize], peers: Vec<KnownPeer>, room: usize) -> Host {
    let rules = MappingRules { is_private_network: true, in_private_networks: false };
    host_by(rules, index, contacts, peers, room)
}

pub(super) fn host_by(
    mapping_rules: MappingRules,
    index: usize,
    contacts: &[usize],
    peers: Vec<KnownPeer>,
    room: usize,
) -> Host {
    let beginning = Beginning {
        me: id(index as u8 + 1),
        chance: [index as u8; 32],
        enabled: usual_services().map(Service::service_name).collect(),
        contacts: contacts.iter().map(|other| (id(*other as u8 + 1), Vec::new())).collect(),
        bootstrap: contacts.iter().map(|other| (id(*other as u8 + 1), vec![entrypoint(*other)])).collect(),
        peers,
        network: "test".to_owned(),
        is_private_network: true,
        usual_ports: [(tcp_name(), 7771), (udp_name(), 7772)].into(),
        mapping_rules,
        refused: Vec::new(),
        places: Places { inbound: room, inbound_per_address: room },
        relay_rules: RelayRules { circuits: 8, circuits_per_peer: 2, friends_only: false },
        outgoing_limit: room,
        nickname: None,
        document: [0].as_slice().into(),
        document_name: None,
    };
    Host {
        core: Node::new(beginning, Settings::default(), Records::default()),
        id: id(index as u8 + 1),
        address: address(index),
        skew_ms: 0,
        network: "test",
        is_plugged: true,
        room,
        listening: BTreeSet::new(),
        is_behind_router: false,
        lets_nobody_in: false,
        router_answers: false,
        offers_relay: false,
        wires: BTreeMap::new(),
        accepted: 0,
        revision: 0,
        published: Vec::new(),
        outbox: BTreeMap::new(),
        refused: BTreeMap::new(),
        inbox: Vec::new(),
        seen: BTreeSet::new(),
        online: BTreeMap::new(),
        remembered: BTreeMap::new(),
        reports: Vec::new(),
        answers: Vec::new(),
        minutes: BTreeMap::new(),
        dialled: Vec::new(),
        probed: Vec::new(),
        announced: None,
        receipts: BTreeSet::new(),
        offers_stun: false,
        filtering_tests: 0,
        tidied: 0,
        is_store_stuck: false,
        store_failures: 0,
        nickname_reports: Vec::new(),
        found: BTreeMap::new(),
        reached: BTreeMap::new(),
        router: None,
        is_mapped: false,
        mapping_requests: 0,
        certificates: 0,
        shown: None,
    }
}
