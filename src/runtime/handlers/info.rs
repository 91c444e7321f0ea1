//! The API's calls for who and where this node is, what it does, and what it and its peers see of one another.

use data_encoding::HEXLOWER;

use crate::api::answers::{
    AutomataSnapshot, IdentityInfo, NodeInfo, PeerInfo, PeerInfos, PublicService, PublicServices, StunRequests,
};
use crate::api::methods::{Answers, GetIdentity, GetNodeInfo, GetPeerInfo, GetServices, GetSnapshot, ListedPeers};
use crate::api::reply::Reply;
use crate::hosts::stun_client;
use crate::identity::{Fingerprint, NodeId};
use crate::runtime::driver::Driver;
use crate::runtime::{lookup, presentation};
use crate::services::SERVICES;
use crate::stun::{OurSocket, SeenFrom};
use crate::world::{SessionId, services};

impl Answers<GetNodeInfo> for Driver {
    fn answer(&mut self, GetNodeInfo {}: GetNodeInfo, reply: Reply<NodeInfo>) {
        reply.give(Ok(NodeInfo {
            id: self.identity.id(),
            network: self.settings.values.node.network.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            listening: self.node.world().identity.entrypoints.values().flatten().cloned().collect(),
            stun: presentation::stun(&self.node),
            api: presentation::api_ports(&self.node),
        }));
    }
}

impl Answers<GetPeerInfo> for Driver {
    fn answer(&mut self, GetPeerInfo { id }: GetPeerInfo, reply: Reply<PeerInfos>) {
        let ready = self.node.world().sessions.ready_peers();
        let wanted = ready.filter(|(peer, _)| id.is_none_or(|id| id == **peer));
        let peers = wanted.filter_map(|(peer, session)| self.peer_info(*peer, session)).collect();
        reply.give(Ok(PeerInfos { peers }));
    }
}

impl Answers<ListedPeers> for Driver {
    fn answer(&mut self, ListedPeers { id }: ListedPeers, reply: Reply<PeerInfos>) {
        let world = self.node.world();
        let ready = world.sessions.ready_peers().filter(|(peer, _)| world.peers.may_be_told_of(peer));
        let wanted = ready.filter(|(peer, _)| id.is_none_or(|id| id == **peer));
        let peers = wanted.filter_map(|(peer, session)| self.peer_info(*peer, session));
        // Where it has asked from is between that peer and this node.
        let peers = peers.map(|peer| PeerInfo { asked_from: Vec::new(), ..peer }).collect();
        reply.give(Ok(PeerInfos { peers }));
    }
}

impl Answers<GetIdentity> for Driver {
    fn answer(&mut self, GetIdentity {}: GetIdentity, reply: Reply<IdentityInfo>) {
        let document = self.identity.document.document();
        let (id, entrypoints) = (self.identity.id(), document.contacts.to_vec());
        let address = lookup::address_of(id, entrypoints.clone(), document.name.clone());
        reply.give(Ok(IdentityInfo {
            id,
            fingerprint: Fingerprint::of(&id).to_string(),
            idurl: address.idurl,
            name: document.name.clone(),
            revision: document.revision,
            entrypoints,
            document: HEXLOWER.encode(self.identity.document.as_bytes()),
        }));
    }
}

impl Answers<GetServices> for Driver {
    fn answer(&mut self, GetServices {}: GetServices, reply: Reply<PublicServices>) {
        let on = SERVICES.iter().filter(|service| services::is_on(self.node.system(), service.name));
        let services =
            on.map(|service| PublicService { name: service.service_name(), summary: service.summary.to_owned() });
        reply.give(Ok(PublicServices { services: services.collect() }));
    }
}

impl Answers<GetSnapshot> for Driver {
    fn answer(&mut self, GetSnapshot {}: GetSnapshot, reply: Reply<AutomataSnapshot>) {
        let (lines, position) = self.recording.snapshot(&mut self.node);
        reply.give(Ok(AutomataSnapshot { lines, position }));
    }
}

impl Driver {
    fn peer_info(&self, peer: NodeId, session: SessionId) -> Option<PeerInfo> {
        let world = self.node.world();
        let session = world.sessions.get(session)?;
        let seen = |socket| world.stun.observations.of(&peer, socket, self.clock.now().ms).map(|seen| seen.mapped);
        let requests = |SeenFrom { from, requests, at_unix_ms }| StunRequests { from, requests, at_unix_ms };
        let client = self.node.system().stun_client.get(&peer);
        Some(PeerInfo {
            id: peer,
            remote: session.entrypoint(),
            session_seen_at: session.observed.clone(),
            stun_server: stun_client::server_of(world, &peer),
            stun_client: client.map(|client| client.state().name().to_owned()),
            sees_us_at: seen(OurSocket::Single),
            sees_shared_at: seen(OurSocket::Shared),
            asked_from: self.stun.seen(session.remote.ip()).into_iter().map(requests).collect(),
        })
    }
}
