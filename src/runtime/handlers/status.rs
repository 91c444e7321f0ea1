//! The local API's calls for how the node is, who it is, and whom it knows.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::answers;
use crate::api::errors::RpcError;
use crate::api::methods::{Answers, GetHealth, GetId, GetStatus, ListPeers};
use crate::api::reply::Reply;
use crate::automata::{contact_status, port_mapping};
use crate::client::check::Finding;
use crate::client::health;
use crate::home::clock::unix_ms;
use crate::home::logging::Log;
use crate::messages::ContactState;
use crate::name::TransportName;
use crate::node::Node;
use crate::services::SERVICES;
use crate::store::Store;
use crate::world::{ClockVerdict, Session, World, services};

use crate::runtime::driver::Driver;
use crate::runtime::errors::failed;
use crate::runtime::recording::Recorder;
use crate::runtime::{lookup, presentation};

impl Answers<GetStatus> for Driver {
    fn answer(&mut self, GetStatus {}: GetStatus, reply: Reply<answers::Status>) {
        let status = self.status_at_hand();
        self.ask(reply, false, move |store| Ok((with_what_is_stored(status, store)?, Vec::new())));
    }
}

impl Answers<GetHealth> for Driver {
    fn answer(&mut self, GetHealth {}: GetHealth, reply: Reply<answers::Health>) {
        let status = self.status_at_hand();
        self.ask(reply, false, move |store| {
            let (status, now_unix_ms) = (with_what_is_stored(status, store)?, unix_ms());
            let (verdict, headline) = health::headline(&status, now_unix_ms);
            let finding = |(about, judge): &(&str, health::Judge)| {
                let Finding { verdict, said, help } = judge(&status, now_unix_ms);
                answers::HealthFinding { about: (*about).to_owned(), verdict: verdict.word().to_owned(), said, help }
            };
            let findings = health::JUDGES.iter().map(finding).collect();
            Ok((answers::Health { headline, verdict: verdict.word().to_owned(), findings }, Vec::new()))
        });
    }
}

impl Driver {
    /// How the node is, apart from what the store knows.
    fn status_at_hand(&mut self) -> answers::Status {
        let traces_problem = self.recording.problem().map(str::to_owned);
        answers::Status { traces_problem, ..at_hand(self) }
    }
}

fn with_what_is_stored(mut status: answers::Status, store: &Store) -> Result<answers::Status, RpcError> {
    for (state, count) in store.count_deliveries().map_err(failed)? {
        status.messages.insert(presentation::message_state(state), count);
    }
    for contact in store.contacts().map_err(failed)? {
        match contact.state {
            ContactState::Accepted => {
                status.contacts.accepted += 1;
                status.contacts.unread += contact.unread;
            }
            ContactState::Requested => {
                status.contacts.requests += 1;
                status.contacts.invited += u64::from(contact.invited_with.is_some());
            }
            ContactState::Blocked | ContactState::Removed => {}
        }
    }
    Ok(status)
}

impl Answers<GetId> for Driver {
    fn answer(&mut self, GetId {}: GetId, reply: Reply<answers::Id>) {
        let entrypoints = self.node.world().reached_at().flat_map(|(_, at)| at).collect();
        let name = self.settings.values.identity.name.clone();
        reply.give(Ok(lookup::address_of(self.identity.id(), entrypoints, name)));
    }
}

impl Answers<ListPeers> for Driver {
    fn answer(&mut self, ListPeers {}: ListPeers, reply: Reply<answers::Peers>) {
        let mut peers = presentation::peers(&self.node, unix_ms(), self.callers.started_unix_ms);
        for peer in &mut peers {
            let traffic = peer.id.and_then(|id| self.network.gateway.of_peer(&id));
            peer.traffic = traffic.map(presentation::traffic);
        }
        self.ask(reply, false, move |store| {
            let names = lookup::names(store)?;
            for peer in &mut peers {
                peer.name = peer.id.and_then(|id| names.get(&id).cloned().flatten());
            }
            Ok((answers::Peers { peers }, Vec::new()))
        });
    }
}

/// How the node is, apart from what the store knows.
fn at_hand(driver: &Driver) -> answers::Status {
    let node = &driver.node;
    let system = node.system();
    let world = node.world();
    let mut services = BTreeMap::new();
    for service in SERVICES {
        *services.entry(services::state(system, service.name).name().to_owned()).or_default() += 1;
    }
    let online = contact_status::State::is_in_connected;
    let online = system.contact_status.iter().filter(|(_, status)| online(status.state())).count();
    let started_unix_ms = driver.callers.started_unix_ms;
    let settings = &driver.settings;
    answers::Status {
        id: driver.identity.id(),
        name: settings.values.identity.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        network: settings.values.node.network.clone(),
        process: std::process::id(),
        home: settings.home.folder().display().to_string(),
        traces: settings.home.traces_folder().display().to_string(),
        traces_problem: None,
        log_problem: settings.log.as_ref().and_then(Log::problem),
        started_unix_ms,
        uptime_ms: unix_ms().saturating_sub(started_unix_ms),
        network_connector: presentation::network_connector(node),
        network_problem: world.problems.network.clone(),
        p2p_connector: system.p2p_connector.get().map_or("CLOSED", |instance| instance.state().name()).to_owned(),
        transports: transports(driver),
        lan_discovery: answers::LanStatus {
            state: services::state(system, "lan-discovery").name().to_owned(),
            found: world.lan.found() as u64,
            problem: world.lan.problem().map(str::to_owned),
        },
        stun: presentation::stun(node),
        relay: answers::RelayStatus {
            state: services::state(system, "relay").name().to_owned(),
            carries: world.relay.circuits() as u64,
            carried: world.relay.carried.sessions,
            carried_bytes: world.relay.carried.bytes,
        },
        services,
        services_off: presentation::services_off(node, |name| settings.is_enabled(name)),
        sessions: sessions(node),
        came_in: answers::CameIn {
            last_unix_ms: world.came_in_unix_ms.0,
            from_internet_unix_ms: world.came_in_unix_ms.1,
        },
        clock: clock(driver),
        contacts: answers::ContactCounts { online: online as u64, ..answers::ContactCounts::default() },
        messages: BTreeMap::new(),
        counters: counters(driver),
        api: presentation::api_ports(node),
        dht: answers::DhtStatus {
            state: system.dht_connector.get().map_or("CLOSED", |instance| instance.state().name()).to_owned(),
            identity: system.identity_publisher.get().map_or("CLOSED", |instance| instance.state().name()).to_owned(),
            asks_nobody: driver.dht.asks_nobody(),
            listening: driver.dht.address(),
            problem: world.problems.dht.clone().or_else(|| world.problems.publishing.clone()),
        },
        nickname: driver.nickname(),
        notices: driver.notices.all().to_vec(),
        is_damaged: driver.is_damaged,
    }
}

fn clock(driver: &Driver) -> answers::ClockStatus {
    let verdict = driver.node.world().clocks.judge(driver.clock.now());
    let (ahead_ms, apart) = match verdict {
        ClockVerdict::Fine => (None, 0),
        ClockVerdict::Ours { ahead_ms, peers } => (Some(ahead_ms), peers),
        ClockVerdict::Unknown { peers, .. } => (None, peers),
    };
    answers::ClockStatus { ahead_ms, apart: apart as u64, problem: verdict.in_words() }
}

fn transports(driver: &Driver) -> Vec<answers::TransportStatus> {
    let (node, world) = (&driver.node, driver.node.world());
    let transports = node.system().network_transport.iter().map(|(name, transport)| answers::TransportStatus {
        name: name.clone(),
        state: transport.state().name().to_owned(),
        listening: world.identity.entrypoints.get(name).cloned().unwrap_or_default(),
        problem: world.problems.transports.get(name).cloned(),
        stability: stability(world, name),
        traffic: presentation::traffic(driver.network.gateway.of_transport(name)),
        mapping: mapping(node, name),
    });
    transports.collect()
}

fn stability(world: &World, name: &TransportName) -> answers::TransportStability {
    let mut order: Vec<&TransportName> =
        world.identity.published.iter().map(|entrypoint| &entrypoint.transport).collect();
    let mut seen = BTreeSet::new();
    order.retain(|transport| seen.insert(*transport));
    let place = order.iter().position(|transport| *transport == name);
    let of = |transport: &TransportName| world.identity.stabilities.of(transport);
    let stability = of(name);
    let next = place.and_then(|place| order.get(place + 1));
    let is_by_it = |session: &Session| session.transport == *name;
    let ready = world.sessions.ready_peers().filter_map(|(_, id)| world.sessions.get(id));
    answers::TransportStability {
        place: place.map(|place| place as u64 + 1),
        better: next.and_then(|next| stability.is_better_than(&of(next))).map(|better| better.in_words().to_owned()),
        sessions: ready.filter(|session| is_by_it(session)).count() as u64,
        success_percent: stability.success_percent(),
        round_trip_ms: stability.round_trip_ms(),
        loss_per_mille: stability.loss_per_mille(),
        lasts_ms: stability.lasts_ms(),
        came_in_unix_ms: stability.came_in_unix_ms(),
    }
}

fn mapping(node: &Node<Recorder>, transport: &TransportName) -> answers::MappingStatus {
    let (world, mappings) = (node.world(), &node.world().mappings);
    let state = node.system().port_mapping.get(transport).map(|mapping| mapping.state());
    let listens_at = world.identity.entrypoints.get(transport).map_or(&[][..], Vec::as_slice);
    let held = mappings.held.get(transport);
    let is_waiting = state == Some(port_mapping::State::Waiting);
    answers::MappingStatus {
        state: state.map(|state| state.name().to_owned()),
        external: held.and_then(|mapping| mapping.external.clone()),
        pinholes: held.map(|mapping| mapping.pinholes.clone()).unwrap_or_default(),
        missing: held.and_then(|mapping| mapping.missing.clone()),
        protocol: held.map(|mapping| mapping.protocol),
        until_unix_ms: held.map(|mapping| mapping.until_unix_ms),
        published: held.is_some_and(|mapping| mapping.is_published),
        not_needed: mappings.not_needed(listens_at).filter(|_| is_waiting).map(str::to_owned),
        problem: mappings.problems.get(transport).cloned(),
    }
}

fn sessions(node: &Node<Recorder>) -> answers::SessionCounts {
    let mut sessions = answers::SessionCounts::default();
    for (id, session) in node.world().sessions.iter() {
        let protocol = node.system().peer_protocol.get(&id);
        match (protocol.is_some_and(|protocol| protocol.state().is_in_ready()), session.is_outgoing) {
            (true, true) => sessions.outgoing += 1,
            (true, false) => sessions.incoming += 1,
            (false, _) => sessions.half_open += 1,
        }
    }
    sessions
}

fn counters(driver: &Driver) -> answers::Counters {
    let counters = &driver.node.world().counters;
    let mut refusals = counters.refused.clone();
    for (name, count) in &driver.network.refused_connections {
        *refusals.entry(name.clone()).or_default() += count;
    }
    answers::Counters {
        frames_in: counters.frames_in,
        frames_out: driver.network.frames_out,
        packets_in: counters.packets_in,
        packets_out: counters.packets_out,
        refusals,
        refused_by_peers: counters.refused_by_peers.clone(),
        violations: counters.violations,
        sessions_ended: counters.sessions_ended.clone(),
        broken_off: counters.broken_off.clone(),
    }
}
