//! The router as a neighbour: what `port_mapping` asks of it, and what it answers.

use std::time::Duration;

use automata_runtime::Milliseconds;

use crate::automata::outside::Router;
use crate::automata::senders::router::port_mapping as told;
use crate::identity::Entrypoint;
use crate::name::TransportName;
use crate::transports::port_mapping::{IpProtocol, Mapped, Wish, addresses};
use crate::world::Input;

use super::{Done, Driver};

impl Driver {
    pub(super) fn router_command(&mut self, command: Router) {
        match command {
            Router::PortMappingRequestMapping { transport, lifetime } => self.request_mapping(transport, lifetime),
            Router::PortMappingRemoveMapping { transport } => {
                let removed = self.network.router.remove(&transport);
                self.task(async move {
                    removed.await;
                    Done::Inputs(vec![Input::Event(told::mapping_removed(transport))])
                });
            }
        }
    }

    fn request_mapping(&mut self, transport: TransportName, lifetime: Milliseconds) {
        let Some(protocol) = IpProtocol::of(&transport) else {
            let reason = "routers cannot map this transport".to_owned();
            return self.later([Input::Event(told::mapping_failed(transport, reason))]);
        };
        let Some(listens_at) = self.network.listens_at(&transport) else {
            let reason = "the transport does not listen".to_owned();
            return self.later([Input::Event(told::mapping_failed(transport, reason))]);
        };
        let world = self.node.world();
        let entrypoints = world.identity.entrypoints.get(&transport).map_or(&[][..], Vec::as_slice);
        let maps_ipv4 = world.mappings.is_translated(entrypoints);
        let pinholes = addresses(world.mappings.pinholes(entrypoints));
        let lifetime = Duration::from_millis(lifetime.0);
        let wish = Wish { protocol, listens_at, lifetime, maps_ipv4, pinholes };
        let answer = self.network.router.request(&transport, wish);
        self.task(async move {
            match answer.await {
                Some(Ok(mapped)) => Done::Inputs(vec![Input::Event(granted(transport, mapped))]),
                Some(Err(reason)) => Done::Inputs(vec![Input::Event(told::mapping_failed(transport, reason))]),
                None => Done::Nothing,
            }
        });
    }
}

fn granted(transport: TransportName, mapped: Mapped) -> crate::automata::system::Message {
    let Mapped { external, pinholes, lifetime, protocol, missing } = mapped;
    let lifetime_s = lifetime.as_secs();
    if let Some(external) = external {
        tracing::info!(%transport, %external, %protocol, lifetime_s, "the router has mapped a port");
    }
    for pinhole in &pinholes {
        tracing::info!(%transport, %pinhole, lifetime_s, "the router lets others in by IPv6");
    }
    let entrypoint = |address| Entrypoint { transport: transport.clone(), address };
    let (external, pinholes) = (external.map(entrypoint), pinholes.into_iter().map(entrypoint).collect());
    let lifetime = Milliseconds(u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX));
    told::mapped(transport, external, pinholes, lifetime, protocol, missing)
}
