//! The Internet Gateway Device protocol of UPnP, by `igd-next`, which bounds what it reads (1 MiB, 64 levels of XML),
//! and takes descriptions only from the address that answered. Whom to believe is decided here: the router of this
//! machine, if it is known, and nobody else in the local network.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use igd_next::aio::Gateway;
use igd_next::aio::tokio::{Tokio, search_gateway};
use igd_next::{AddAnyPortError, AddPortError, PortMappingProtocol, RequestError, SearchError, SearchOptions};

use super::gateway::{Way, local_address_towards, serves};
use super::protocol::IpProtocol;
use super::terms::{Granted, Unmapped, Wish};

/// The port of discovery (UPnP Device Architecture 2.0, section 1.3).
const SSDP_PORT: u16 = 1900;

/// The group of discovery.
const SSDP_GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);

/// A router that is asked alone answers at once.
const UNICAST_PATIENCE: Duration = Duration::from_millis(1_500);

/// Who is asked by multicast may wait for up to 3 s, as the request says; then its descriptions are read.
const MULTICAST_PATIENCE: Duration = Duration::from_millis(4_500);

/// What the router shows its owner. No name and no id: everybody in the local network can read it.
const DESCRIPTION: &str = "bitpie";

/// A mapping that was made by UPnP.
pub(super) struct Mapping {
    gateway: Gateway<Tokio>,
    protocol: PortMappingProtocol,
    local: SocketAddr,
    external_port: u16,
}

impl Mapping {
    /// Whether it leads to where the wish would have it.
    pub(super) fn serves(&self, wish: &Wish) -> bool {
        self.local.port() == wish.listens_at.port()
    }

    /// Renews it: what is mapped once more is mapped from now on.
    pub(super) async fn renew(&self, wish: &Wish) -> Result<Granted, Unmapped> {
        let ip = external_ip(&self.gateway).await?;
        add(&self.gateway, self.protocol, self.external_port, self.local, wish).await.map_err(Refused::unmapped)?;
        Ok(Granted { ip, port: self.external_port, lifetime: wish.lifetime })
    }

    /// Removes it.
    pub(super) async fn remove(self) -> Result<(), Unmapped> {
        self.gateway.remove_port(self.protocol, self.external_port).await.map_err(|_| Unmapped::Unclear)
    }
}

/// Maps a port.
pub(super) async fn map(way: Option<Way>, wish: &Wish) -> Result<(Mapping, Granted), Unmapped> {
    let gateway = find(way).await?;
    let IpAddr::V4(router) = gateway.addr.ip() else { return Err(Unmapped::Unclear) };
    let local = way.map(|way| way.local).or_else(|| local_address_towards(router)).ok_or(Unmapped::Silent)?;
    if !serves(wish.listens_at.ip(), local) {
        return Err(Unmapped::Elsewhere);
    }
    let protocol = match wish.protocol {
        IpProtocol::Tcp => PortMappingProtocol::TCP,
        IpProtocol::Udp => PortMappingProtocol::UDP,
    };
    let local = SocketAddr::new(local.into(), wish.listens_at.port());
    let ip = external_ip(&gateway).await?;
    let external_port = match add(&gateway, protocol, local.port(), local, wish).await {
        Ok(()) => local.port(),
        Err(Refused::Taken) => add_any(&gateway, protocol, local, wish).await?,
        Err(refused) => return Err(refused.unmapped()),
    };
    let mapping = Mapping { gateway, protocol, local, external_port };
    // UPnP does not say for how long: it is what was asked for, or for ever, and is renewed in the same way.
    Ok((mapping, Granted { ip, port: external_port, lifetime: wish.lifetime }))
}

/// The router. It is asked alone first, so that in most networks nobody else hears of it.
async fn find(way: Option<Way>) -> Result<Gateway<Tokio>, Unmapped> {
    if let Some(way) = way
        && let Ok(found) = search(way.local, way.gateway, UNICAST_PATIENCE).await
        && found.addr.ip() == way.gateway
    {
        return Ok(found);
    }
    let local = way.map_or(Ipv4Addr::UNSPECIFIED, |way| way.local);
    let found = search(local, SSDP_GROUP, MULTICAST_PATIENCE).await.map_err(|error| match error {
        SearchError::NoResponseWithinTimeout | SearchError::IoError(_) => Unmapped::Silent,
        _ => Unmapped::Unclear,
    })?;
    match way {
        Some(way) if found.addr.ip() != way.gateway => {
            tracing::debug!(at = %found.addr, router = %way.gateway, "somebody who is not the router offers UPnP");
            Err(Unmapped::Stranger)
        }
        _ => Ok(found),
    }
}

async fn search(local: Ipv4Addr, asked: Ipv4Addr, patience: Duration) -> Result<Gateway<Tokio>, SearchError> {
    let mut options = SearchOptions::default();
    options.bind_addr = (local, 0).into();
    options.broadcast_address = (asked, SSDP_PORT).into();
    options.timeout = Some(patience);
    options.single_search_timeout = Some(patience);
    options.gateway_ip_version = igd_next::GatewayIpVersion::V4;
    search_gateway(options).await
}

async fn external_ip(gateway: &Gateway<Tokio>) -> Result<IpAddr, Unmapped> {
    gateway.get_external_ip().await.map_err(|error| match error {
        igd_next::GetExternalIpError::ActionNotAuthorized => Unmapped::Forbidden,
        igd_next::GetExternalIpError::RequestError(error) => of_request(&error),
    })
}

/// Why a router does not map that port.
enum Refused {
    /// It is somebody else's.
    Taken,
    For(Unmapped),
}

impl Refused {
    fn unmapped(self) -> Unmapped {
        match self {
            Self::Taken => Unmapped::Full,
            Self::For(why) => why,
        }
    }
}

/// Maps that port, and no other. A router that knows only mappings for ever is asked for one, which is removed like
/// others.
async fn add(
    gateway: &Gateway<Tokio>,
    protocol: PortMappingProtocol,
    external_port: u16,
    local: SocketAddr,
    wish: &Wish,
) -> Result<(), Refused> {
    let mut added = gateway.add_port(protocol, external_port, local, wish.lifetime_s(), DESCRIPTION).await;
    if matches!(added, Err(AddPortError::OnlyPermanentLeasesSupported)) {
        added = gateway.add_port(protocol, external_port, local, 0, DESCRIPTION).await;
    }
    added.map_err(|error| match error {
        AddPortError::PortInUse => Refused::Taken,
        AddPortError::ActionNotAuthorized => Refused::For(Unmapped::Forbidden),
        AddPortError::RequestError(error) => Refused::For(of_request(&error)),
        _ => Refused::For(Unmapped::Unclear),
    })
}

/// Maps a port that the router or chance chooses.
async fn add_any(
    gateway: &Gateway<Tokio>,
    protocol: PortMappingProtocol,
    local: SocketAddr,
    wish: &Wish,
) -> Result<u16, Unmapped> {
    let added = gateway.add_any_port(protocol, local, wish.lifetime_s(), DESCRIPTION).await;
    added.map_err(|error| match error {
        AddAnyPortError::ActionNotAuthorized => Unmapped::Forbidden,
        AddAnyPortError::NoPortsAvailable | AddAnyPortError::ExternalPortInUse => Unmapped::Full,
        AddAnyPortError::RequestError(error) => of_request(&error),
        _ => Unmapped::Unclear,
    })
}

/// The text of the answer is not told: it is a stranger's, and may be long.
fn of_request(error: &RequestError) -> Unmapped {
    match error {
        RequestError::IoError(_) | RequestError::HyperError(_) | RequestError::HyperClientError(_) => Unmapped::Silent,
        // "Action not authorized" of UPnP.
        RequestError::ErrorCode(606, _) => Unmapped::Forbidden,
        RequestError::UnsupportedAction(_) => Unmapped::Unable,
        // "Action Failed", which miniupnpd answers where the router itself has no network.
        RequestError::ErrorCode(501, _) => Unmapped::Cut,
        _ => Unmapped::Unclear,
    }
}
