//! Asks the router of this machine to map ports: by PCP, by NAT-PMP, and by UPnP, one after the other until one does.
//! Where nothing is translated, since the address is of IPv6, it asks the firewall to let others in: by PCP, and by UPnP.
//!
//! [`PortMapper`] decides nothing: when something is asked for, renewed or removed, `automata/port_mapping.yaml` says.
//! Everything that a router answers is a stranger's word. Its size is bounded by the crates that read it, the time that
//! it may take is bounded here, and no text of it is told to anybody.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the rim: sockets and time-outs are its business"
)]

mod firewall;
mod gateway;
mod pcp;
mod pcp_ipv6;
mod pinhole;
mod protocol;
mod terms;
mod upnp;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::name::TransportName;
use pinhole::{Opened, Pinhole};
use terms::Unmapped;

pub use gateway::{Way, Way6, Ways};
pub use pinhole::{PINHOLES, addresses};
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

/// What there is for one transport.
#[derive(Default)]
struct Kept {
    mapping: Option<Held>,
    pinholes: Vec<Pinhole>,
}

#[derive(Default)]
struct Line {
    /// Whoever asks or removes waits for those before.
    held: Arc<Mutex<Kept>>,
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
        self.request_by(transport, wish, Ways::out)
    }

    /// The same, by a router that is told.
    fn request_by<F: FnOnce() -> Ways>(
        &mut self,
        transport: &TransportName,
        wish: Wish,
        ways: F,
    ) -> impl Future<Output = Option<Result<Mapped, String>>> + use<F> {
        let line = self.lines.entry(transport.clone()).or_default();
        let (held, mut removals) = (Arc::clone(&line.held), line.removals.subscribe());
        async move {
            let mut held = held.lock().await;
            tokio::select! {
                biased;
                mapped = timeout(PATIENCE, ask(ways(), &wish, &mut held)) => {
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
            let Kept { mapping, pinholes } = std::mem::take(&mut *held.lock().await);
            let mapping = async {
                if let Some(mapping) = mapping {
                    tell_removal("mapping", timeout(REMOVAL_PATIENCE, mapping.remove()).await);
                }
            };
            let pinholes = async {
                let mut closings: JoinSet<Result<(), Unmapped>> = pinholes.into_iter().map(Pinhole::close).collect();
                while let Ok(Some(closed)) = timeout(REMOVAL_PATIENCE, closings.join_next()).await {
                    tell_removal("pinhole", Ok::<_, ()>(closed.unwrap_or(Err(Unmapped::Unclear))));
                }
            };
            // What takes longer than a moment is dropped with what it has begun.
            let _ = timeout(REMOVAL_PATIENCE, async { tokio::join!(mapping, pinholes) }).await;
        }
    }
}

fn tell_removal<T>(what: &str, removed: Result<Result<(), Unmapped>, T>) {
    match removed {
        Ok(Ok(())) => tracing::info!("the router has removed its {what}"),
        Ok(Err(why)) => tracing::info!(%why, "the router has not removed its {what}, which ends by itself"),
        Err(_) => tracing::info!("the router does not answer; its {what} ends by itself"),
    }
}

/// Asks for all that is wanted.
async fn ask(ways: Ways, wish: &Wish, kept: &mut Kept) -> Result<Mapped, String> {
    let Kept { mapping, pinholes } = kept;
    let mapped = async { if wish.maps_ipv4 { Some(map(ways.ipv4, wish, mapping).await) } else { None } };
    let opened = async {
        if wish.pinholes.is_empty() { None } else { Some(pinhole::open_all(ways.ipv6, wish, pinholes).await) }
    };
    let (mapped, opened) = tokio::join!(mapped, opened);
    together(mapped, opened)
}

/// What has come of both, as far as they were wanted.
fn together(mapped: Option<Result<Mapped, String>>, opened: Option<Result<Opened, String>>) -> Result<Mapped, String> {
    match (mapped, opened) {
        (Some(Ok(mapped)), Some(Ok(opened))) => {
            Ok(Mapped { pinholes: opened.at, lifetime: mapped.lifetime.min(opened.lifetime), ..mapped })
        }
        (Some(Ok(mapped)), Some(Err(why))) => Ok(Mapped { missing: Some(why), ..mapped }),
        (Some(Ok(mapped)), None) => Ok(mapped),
        (Some(Err(why)), Some(Ok(Opened { at, lifetime, protocol }))) => {
            Ok(Mapped { external: None, pinholes: at, lifetime, protocol, missing: Some(why) })
        }
        (None, Some(Ok(Opened { at, lifetime, protocol }))) => {
            Ok(Mapped { external: None, pinholes: at, lifetime, protocol, missing: None })
        }
        (Some(Err(why)), _) | (None, Some(Err(why))) => Err(why),
        (None, None) => Err("this transport needs no mapping".to_owned()),
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

#[cfg(test)]
mod pinhole_tests;
// All of 127.0.0.0/8 is loopback on Linux alone.
#[cfg(all(test, target_os = "linux"))]
mod tests;
