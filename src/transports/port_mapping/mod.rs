//! Asks the router of this machine to map ports: by PCP, by NAT-PMP, and by UPnP, one after the other until one does.
//!
//! [`PortMapper`] decides nothing: when something is asked for, renewed or removed, `automata/port_mapping.yaml` says.
//! Everything that a router answers is a stranger's word. Its size is bounded by the crates that read it, the time that
//! it may take is bounded here, and no text of it is told to anybody.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the rim: sockets and time-outs are its business"
)]

mod gateway;
mod pcp;
mod protocol;
mod terms;
mod upnp;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::time::{sleep, timeout};

use crate::name::TransportName;
use terms::Unmapped;

pub use gateway::Way;
pub use protocol::{IpProtocol, MappingProtocol};
pub use terms::{Mapped, Wish};

/// All ways together take no longer than this.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request that is no longer wanted may still come to its end, so that what the router has mapped can be removed.
const LAST_PATIENCE: Duration = Duration::from_millis(500);

/// Removing a mapping takes no longer than this.
const REMOVAL_PATIENCE: Duration = Duration::from_secs(2);

/// A mapping at a router, as far as it has to be known to renew and to remove it.
enum Held {
    Packets(pcp::Mapping),
    Upnp(upnp::Mapping),
}

impl Held {
    fn serves(&self, wish: &Wish) -> bool {
        match self {
            Self::Packets(mapping) => mapping.serves(wish),
            Self::Upnp(mapping) => mapping.serves(wish),
        }
    }

    async fn remove(self) -> Result<(), Unmapped> {
        match self {
            Self::Packets(mapping) => mapping.remove().await,
            Self::Upnp(mapping) => mapping.remove().await,
        }
    }
}

/// Asks for mappings, and knows those that there are: one for each transport.
#[derive(Default)]
pub struct PortMapper {
    lines: BTreeMap<TransportName, Line>,
}

#[derive(Default)]
struct Line {
    /// Whoever asks or removes waits for those before.
    held: Arc<Mutex<Option<Held>>>,
    /// How often a mapping was to be removed: a request from before that is no longer wanted.
    removals: watch::Sender<u64>,
}

impl PortMapper {
    /// Has a port mapped, or renews what is mapped already. Nothing comes of it if the mapping is to be removed
    /// meanwhile; the error says why nobody maps it.
    pub fn request(
        &mut self,
        transport: &TransportName,
        wish: Wish,
    ) -> impl Future<Output = Option<Result<Mapped, String>>> + use<> {
        self.request_by(transport, wish, Way::out)
    }

    /// The same, by a router that is told.
    fn request_by<F: FnOnce() -> Option<Way>>(
        &mut self,
        transport: &TransportName,
        wish: Wish,
        way: F,
    ) -> impl Future<Output = Option<Result<Mapped, String>>> + use<F> {
        let line = self.lines.entry(transport.clone()).or_default();
        let (held, mut removals) = (Arc::clone(&line.held), line.removals.subscribe());
        async move {
            let mut held = held.lock().await;
            tokio::select! {
                biased;
                mapped = timeout(PATIENCE, map(way(), &wish, &mut held)) => {
                    Some(mapped.unwrap_or_else(|_| Err("the router takes too long to answer".to_owned())))
                }
                () = async {
                    let _ = removals.changed().await;
                    sleep(LAST_PATIENCE).await;
                } => None,
            }
        }
    }

    /// Stops asking, and removes what was mapped, if the router lets it be removed within a short time; otherwise it
    /// ends by its lifetime.
    pub fn remove(&mut self, transport: &TransportName) -> impl Future<Output = ()> + use<> {
        let line = self.lines.entry(transport.clone()).or_default();
        line.removals.send_modify(|removals| *removals += 1);
        let held = Arc::clone(&line.held);
        async move {
            let Some(mapping) = held.lock().await.take() else { return };
            match timeout(REMOVAL_PATIENCE, mapping.remove()).await {
                Ok(Ok(())) => tracing::info!("the router has removed its mapping"),
                Ok(Err(why)) => tracing::info!(%why, "the router has not removed its mapping, which ends by itself"),
                Err(_) => tracing::info!("the router does not answer; its mapping ends by itself"),
            }
        }
    }
}

/// Renews what there is, or finds out who maps a port.
async fn map(way: Option<Way>, wish: &Wish, held: &mut Option<Held>) -> Result<Mapped, String> {
    if let Some(known) = held.as_mut().filter(|known| known.serves(wish)) {
        match renew(known, way, wish).await {
            Ok(mapped) => return Ok(mapped),
            Err(why) => tracing::debug!(%why, "a mapping is not renewed; it is asked for again"),
        }
    }
    let (new, mapped) = first_that_does(way, wish).await?;
    *held = Some(new);
    Ok(mapped)
}

async fn renew(known: &mut Held, way: Option<Way>, wish: &Wish) -> Result<Mapped, Unmapped> {
    match known {
        Held::Packets(mapping) => {
            let way = way.ok_or(Unmapped::Silent)?;
            let (new, granted, protocol) = if mapping.is_pcp() {
                let (new, granted) = pcp::by_pcp(way, wish, Some(mapping)).await?;
                (new, granted, MappingProtocol::Pcp)
            } else {
                let (new, granted) = pcp::by_nat_pmp(way, wish, Some(mapping)).await?;
                (new, granted, MappingProtocol::NatPmp)
            };
            *mapping = new;
            granted.mapped(protocol)
        }
        Held::Upnp(mapping) => mapping.renew(wish).await?.mapped(MappingProtocol::Upnp),
    }
}

/// The ways, from the one that says most to the one that most routers know.
async fn first_that_does(way: Option<Way>, wish: &Wish) -> Result<(Held, Mapped), String> {
    // Where it is known that there is no router, nobody else in the local network is asked.
    if way.is_none() && cfg!(target_os = "linux") {
        return Err("this machine has no router: there is no default route".to_owned());
    }
    let mut why = Vec::new();
    if let Some(way) = way {
        if !gateway::serves(wish.listens_at.ip(), way.local) {
            return Err(format!("{}, {}", Unmapped::Elsewhere, way.gateway));
        }
        let by_pcp = pcp::by_pcp(way, wish, None).await;
        match by_pcp.and_then(|(new, granted)| Ok((new, granted.mapped(MappingProtocol::Pcp)?))) {
            Ok((new, mapped)) => return Ok((Held::Packets(new), mapped)),
            Err(error) => why.push((MappingProtocol::Pcp, error)),
        }
        let by_nat_pmp = pcp::by_nat_pmp(way, wish, None).await;
        match by_nat_pmp.and_then(|(new, granted)| Ok((new, granted.mapped(MappingProtocol::NatPmp)?))) {
            Ok((new, mapped)) => return Ok((Held::Packets(new), mapped)),
            Err(error) => why.push((MappingProtocol::NatPmp, error)),
        }
    }
    match upnp::map(way, wish).await.and_then(|(new, granted)| Ok((new, granted.mapped(MappingProtocol::Upnp)?))) {
        Ok((new, mapped)) => return Ok((Held::Upnp(new), mapped)),
        Err(error) => why.push((MappingProtocol::Upnp, error)),
    }
    Err(in_words(way, &why))
}

/// Why no way led to a mapping.
fn in_words(way: Option<Way>, why: &[(MappingProtocol, Unmapped)]) -> String {
    let router = way.map_or_else(|| "the router".to_owned(), |way| format!("the router {}", way.gateway));
    let is_deaf = |(_, why): &(MappingProtocol, Unmapped)| matches!(why, Unmapped::Silent | Unmapped::Unable);
    if why.iter().all(is_deaf) {
        let ways: Vec<String> = why.iter().map(|(protocol, _)| protocol.to_string()).collect();
        return format!("{router} does not map ports ({} tried)", ways.join(", "));
    }
    let said: Vec<String> = why.iter().map(|(protocol, why)| format!("{protocol}: {why}")).collect();
    format!("{router} has not mapped the port ({})", said.join("; "))
}

// All of 127.0.0.0/8 is loopback on Linux alone.
#[cfg(all(test, target_os = "linux"))]
mod tests;
