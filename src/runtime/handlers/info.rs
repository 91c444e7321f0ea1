//! The local API's calls for where this node is, and what it and its peers see of one another.

use crate::api::answers::{NodeInfo, PeerInfo, PeerInfos, StunRequests};
use crate::api::methods::{Answers, GetNodeInfo, GetPeerInfo};
use crate::api::reply::Reply;
use crate::hosts::stun_client;
use crate::identity::NodeId;
use crate::runtime::driver::Driver;
use crate::runtime::presentation;
use crate::stun::{OurSocket, SeenFrom};
use crate::world::SessionId;

impl Answers<GetNodeInfo> for Driver {
    fn answer(&mut self, GetNodeInfo {}: GetNodeInfo, reply: Reply<NodeInfo>) {
        reply.give(Ok(NodeInfo {
            id: self.identity.id(),
            network: self.settings.values.node.network.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            listening: self.node.world().identity.entrypoints.values().flatten().cloned().collect(),
            stun: presentation::stun(&self.node),
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
