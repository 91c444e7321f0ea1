//! Pinholes: what a firewall for IPv6 lets in to an address and port of this machine. Nothing is translated, so the
//! address is the one that others know already. PCP is asked first, and then UPnP.

use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use super::firewall::Firewall;
use super::gateway::Way6;
use super::pcp_ipv6::{self, Nonce};
use super::protocol::{IpProtocol, MappingProtocol};
use super::terms::{Unmapped, Wish};

/// A pinhole, as far as it has to be known to renew and to close it.
pub(super) struct Pinhole {
    way: Way6,
    protocol: IpProtocol,
    local: SocketAddrV6,
    by: By,
}

enum By {
    Pcp(Nonce),
    Upnp(Firewall, u16),
}

impl By {
    fn protocol(&self) -> MappingProtocol {
        match self {
            Self::Pcp(_) => MappingProtocol::Pcp,
            Self::Upnp(..) => MappingProtocol::Upnp,
        }
    }
}

impl Pinhole {
    async fn renew(&self, lifetime_s: u32) -> Result<Duration, Unmapped> {
        match &self.by {
            By::Pcp(nonce) => pcp_ipv6::map(self.way, self.protocol, self.local, lifetime_s, *nonce).await,
            By::Upnp(firewall, number) => {
                firewall.renew(*self.local.ip(), *number, lifetime_s).await?;
                Ok(Duration::from_secs(lifetime_s.into()))
            }
        }
    }

    /// Closes it.
    pub(super) async fn close(self) -> Result<(), Unmapped> {
        match &self.by {
            By::Pcp(nonce) => pcp_ipv6::map(self.way, self.protocol, self.local, 0, *nonce).await.map(drop),
            By::Upnp(firewall, number) => firewall.delete(*self.local.ip(), *number).await,
        }
    }
}

/// What a firewall lets in.
pub(super) struct Opened {
    pub(super) at: Vec<SocketAddr>,
    pub(super) lifetime: Duration,
    pub(super) protocol: MappingProtocol,
}

/// Opens a pinhole for each address of the wish, or renews it. Says why there is none if there is none at all.
pub(super) async fn open_all(way: Option<Way6>, wish: &Wish, held: &mut Vec<Pinhole>) -> Result<Opened, String> {
    let way = way.ok_or_else(|| "this machine has no router for IPv6".to_owned())?;
    let mut opened: Option<Opened> = None;
    let (mut firewall, mut why) = (None, Vec::new());
    for address in &wish.pinholes {
        let local = SocketAddrV6::new(*address, wish.listens_at.port(), 0, 0);
        let known = held.iter().position(|it| it.local == local && it.way == way && it.protocol == wish.protocol);
        let known = known.map(|place| held.swap_remove(place));
        let (pinhole, lifetime) = match open(way, wish, local, known, &mut firewall).await {
            Ok(opened) => opened,
            Err(errors) => {
                why = errors;
                continue;
            }
        };
        let protocol = pinhole.by.protocol();
        held.push(pinhole);
        let opened = opened.get_or_insert(Opened { at: Vec::new(), lifetime, protocol });
        opened.at.push(local.into());
        opened.lifetime = opened.lifetime.min(lifetime);
    }
    opened.ok_or_else(|| in_words(way, &why))
}

/// One pinhole. Where UPnP was not found for an earlier address, it is not looked for again.
async fn open(
    way: Way6,
    wish: &Wish,
    local: SocketAddrV6,
    known: Option<Pinhole>,
    firewall: &mut Option<Result<Firewall, Unmapped>>,
) -> Result<(Pinhole, Duration), Vec<(MappingProtocol, Unmapped)>> {
    let lifetime_s = wish.lifetime_s();
    if let Some(known) = known {
        match known.renew(lifetime_s).await {
            Ok(lifetime) if !lifetime.is_zero() => return Ok((known, lifetime)),
            Ok(_) => {}
            Err(why) => tracing::debug!(%why, "a pinhole is not renewed; it is asked for again"),
        }
    }
    let pinhole = |by| Pinhole { way, protocol: wish.protocol, local, by };
    let mut nonce = Nonce::default();
    let by_pcp = match getrandom::fill(&mut nonce) {
        Ok(()) => pcp_ipv6::map(way, wish.protocol, local, lifetime_s, nonce).await,
        Err(_) => Err(Unmapped::Unable),
    };
    let by_pcp = match by_pcp {
        // For no time at all it is not open.
        Ok(lifetime) if lifetime.is_zero() => Unmapped::Unclear,
        Ok(lifetime) => return Ok((pinhole(By::Pcp(nonce)), lifetime)),
        Err(why) => why,
    };
    let found = match firewall {
        Some(found) => found.clone(),
        None => firewall.insert(Firewall::find(way, *local.ip()).await).clone(),
    };
    let by_upnp = match found {
        Ok(firewall) => firewall.add(local, wish.protocol, lifetime_s).await.map(|number| By::Upnp(firewall, number)),
        Err(why) => Err(why),
    };
    match by_upnp {
        Ok(by) => Ok((pinhole(by), Duration::from_secs(lifetime_s.into()))),
        Err(by_upnp) => Err(vec![(MappingProtocol::Pcp, by_pcp), (MappingProtocol::Upnp, by_upnp)]),
    }
}

/// Why there is no pinhole.
fn in_words(way: Way6, why: &[(MappingProtocol, Unmapped)]) -> String {
    let is_deaf = |(_, why): &(MappingProtocol, Unmapped)| matches!(why, Unmapped::Silent | Unmapped::Unable);
    if why.iter().all(is_deaf) {
        return format!("the router {} does not open pinholes for IPv6 (PCP, UPnP tried)", way.gateway);
    }
    let said: Vec<String> = why.iter().map(|(protocol, why)| format!("{protocol}: {why}")).collect();
    format!("the router {} has not opened a pinhole for IPv6 ({})", way.gateway, said.join("; "))
}

/// Addresses for which pinholes are opened, at most: a machine may have many, for privacy.
pub const PINHOLES: usize = 4;

/// The first of these addresses, as many as there may be.
pub fn addresses(all: impl Iterator<Item = Ipv6Addr>) -> Vec<Ipv6Addr> {
    all.take(PINHOLES).collect()
}
