//! The local API's call for how the node is.

use std::collections::BTreeMap;

use crate::api::{answers, methods};
use crate::automata::contact_status;
use crate::hosts::lan;
use crate::services::SERVICES;
use crate::world::services;

use crate::home::clock::unix_ms;
use crate::runtime::driver::Driver;
use crate::runtime::presentation;
use crate::runtime::replies::{Reply, failed};

impl Driver {
    pub(super) fn status(&mut self, reply: Reply) {
        let mut status = at_hand(self);
        self.ask::<methods::GetStatus>(reply, false, move |store| {
            for (state, count) in store.count_deliveries().map_err(failed)? {
                status.messages.insert(presentation::message_state(state), count);
            }
            for contact in store.contacts().map_err(failed)? {
                match contact.state {
                    crate::messages::ContactState::Accepted => status.contacts.accepted += 1,
                    crate::messages::ContactState::Requested => status.contacts.requests += 1,
                    crate::messages::ContactState::Blocked => {}
                }
            }
            Ok((status, Vec::new()))
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
    let mut sessions = answers::SessionCounts::default();
    for (id, session) in world.sessions.iter() {
        let is_ready = system.peer_protocol.get(&id).is_some_and(|protocol| protocol.state().is_in_ready());
        match (is_ready, session.is_outgoing) {
            (true, true) => sessions.outgoing += 1,
            (true, false) => sessions.incoming += 1,
            (false, _) => sessions.half_open += 1,
        }
    }
    let online = |status: contact_status::State| status == contact_status::State::Connected;
    let online = system.contact_status.iter().filter(|(_, status)| online(status.state())).count();
    let transports = system
        .network_transport
        .iter()
        .map(|(name, transport)| answers::TransportStatus {
            name: name.clone(),
            state: transport.state().name().to_owned(),
            listening: world.identity.entrypoints.get(name).cloned().unwrap_or_default(),
            problem: world.transport_failures.get(name).cloned(),
        })
        .collect();
    let counters = &world.counters;
    let mut refusals = counters.refused.clone();
    for (name, count) in &driver.network.refused_connections {
        *refusals.entry(name.clone()).or_default() += count;
    }
    let now = unix_ms();
    answers::Status {
        id: driver.identity.id(),
        name: driver.settings.values.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        network: driver.settings.values.network.clone(),
        process: std::process::id(),
        home: driver.settings.home.folder().display().to_string(),
        traces: driver.settings.home.traces_folder().display().to_string(),
        started_unix_ms: driver.callers.started_unix_ms,
        uptime_ms: now.saturating_sub(driver.callers.started_unix_ms),
        network_connector: presentation::network_connector(node),
        p2p_connector: system.p2p_connector.get().map_or("CLOSED", |instance| instance.state().name()).to_owned(),
        transports,
        lan_discovery: answers::LanStatus {
            state: services::state(system, lan::SERVICE).name().to_owned(),
            found: world.lan.found() as u64,
            problem: world.lan.problem().map(str::to_owned),
        },
        services,
        sessions,
        contacts: answers::ContactCounts { online: online as u64, ..answers::ContactCounts::default() },
        messages: BTreeMap::new(),
        counters: answers::Counters {
            frames_in: counters.frames_in,
            frames_out: driver.network.frames_out,
            packets_in: counters.packets_in,
            packets_out: counters.packets_out,
            refusals,
            refused_by_peers: counters.refused_by_peers.clone(),
            violations: counters.violations,
            sessions_ended: counters.sessions_ended.clone(),
            broken_off: counters.broken_off.clone(),
        },
        dht: answers::DhtStatus {
            state: system.dht_connector.get().map_or("CLOSED", |instance| instance.state().name()).to_owned(),
            identity: system.identity_publisher.get().map_or("CLOSED", |instance| instance.state().name()).to_owned(),
            listening: driver.dht.address(),
            problem: world.dht_failure.clone().or_else(|| world.unpublished_because.clone()),
        },
        nickname: driver.nickname(),
    }
}
