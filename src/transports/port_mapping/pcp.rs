//! PCP (RFC 6887) and NAT-PMP (RFC 6886), by `crab_nat`: single packets of UDP, to and from the router alone, since the
//! socket is connected to it. Both are renewed by asking again, which is not left to the crate: it would ask for the
//! lifetime that the router gave last, and one of 0 means that the mapping is to go.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU16;
use std::time::Duration;

use crab_nat::pcp::{self, BaseMapRequest, DropMappingRange};
use crab_nat::{GatewayAddress, InternetProtocol, PortMappingOptions, PortMappingType, TimeoutConfig, natpmp};

use super::gateway::Way;
use super::protocol::IpProtocol;
use super::terms::{Granted, Unmapped, Wish};

/// A router in the same network answers at once; three requests in 1.75 s make up for lost packets.
const PATIENCE: TimeoutConfig =
    TimeoutConfig { initial_timeout: Duration::from_millis(250), max_retries: 2, max_retry_timeout: None };

/// A mapping that was made by one of both.
#[derive(Debug)]
pub(super) struct Mapping {
    way: Way,
    protocol: InternetProtocol,
    internal_port: NonZeroU16,
    external_port: NonZeroU16,
    /// Of PCP: by which nonce the mapping is known to be ours, and the address of the router.
    of_pcp: Option<(pcp::Nonce, IpAddr)>,
}

impl Mapping {
    /// Whether it is one by PCP, and not by NAT-PMP.
    pub(super) fn is_pcp(&self) -> bool {
        self.of_pcp.is_some()
    }

    /// Whether it leads to where the wish would have it.
    pub(super) fn serves(&self, wish: &Wish) -> bool {
        self.internal_port.get() == wish.listens_at.port()
    }

    /// Removes it.
    pub(super) async fn remove(self) -> Result<(), Unmapped> {
        let (gateway, client) = (GatewayAddress::IpV4(self.way.gateway), IpAddr::V4(self.way.local));
        match self.of_pcp {
            Some((nonce, _)) => {
                let only = DropMappingRange::Single { internal_port: self.internal_port, protocol: self.protocol };
                pcp::try_drop_mapping(gateway, client, nonce, only, Some(PATIENCE))
                    .await
                    .map_err(|error| of_pcp(&error))
            }
            None => natpmp::try_drop_mapping(gateway, self.protocol, Some(self.internal_port), Some(PATIENCE))
                .await
                .map_err(|error| of_nat_pmp(&error)),
        }
    }
}

/// Maps a port by PCP, or renews what was mapped by it.
pub(super) async fn by_pcp(way: Way, wish: &Wish, known: Option<&Mapping>) -> Result<(Mapping, Granted), Unmapped> {
    let (protocol, internal_port, options) = request(wish, known)?;
    let base = BaseMapRequest::new(GatewayAddress::IpV4(way.gateway), IpAddr::V4(way.local), protocol, internal_port);
    let (nonce, address) = known.and_then(|known| known.of_pcp).unzip();
    let mapped = pcp::port_mapping(base, nonce, address, options).await.map_err(|error| of_pcp(&error))?;
    let PortMappingType::Pcp { nonce, external_ip, .. } = mapped.mapping_type() else {
        return Err(Unmapped::Unclear);
    };
    let external_port = mapped.external_port();
    let mapping = Mapping { way, protocol, internal_port, external_port, of_pcp: Some((nonce, external_ip)) };
    Ok((mapping, granted(external_ip, external_port, mapped.lifetime())))
}

/// Maps a port by NAT-PMP, or renews what was mapped by it.
pub(super) async fn by_nat_pmp(way: Way, wish: &Wish, known: Option<&Mapping>) -> Result<(Mapping, Granted), Unmapped> {
    let (protocol, internal_port, options) = request(wish, known)?;
    let gateway = GatewayAddress::IpV4(way.gateway);
    // First where, then what: a router that does not say its address is of no use, and nothing is left behind there.
    let address: Ipv4Addr =
        natpmp::external_address(gateway, Some(PATIENCE)).await.map_err(|error| of_nat_pmp(&error))?;
    let mapped =
        natpmp::port_mapping(gateway, protocol, internal_port, options).await.map_err(|error| of_nat_pmp(&error))?;
    let external_port = mapped.external_port();
    let mapping = Mapping { way, protocol, internal_port, external_port, of_pcp: None };
    Ok((mapping, granted(address.into(), external_port, mapped.lifetime())))
}

fn request(
    wish: &Wish,
    known: Option<&Mapping>,
) -> Result<(InternetProtocol, NonZeroU16, PortMappingOptions), Unmapped> {
    let protocol = match wish.protocol {
        IpProtocol::Tcp => InternetProtocol::Tcp,
        IpProtocol::Udp => InternetProtocol::Udp,
    };
    let internal_port = NonZeroU16::new(wish.listens_at.port()).ok_or(Unmapped::Unclear)?;
    let options = PortMappingOptions {
        external_port: Some(known.map_or(internal_port, |known| known.external_port)),
        lifetime_seconds: Some(wish.lifetime_s()),
        timeout_config: Some(PATIENCE),
    };
    Ok((protocol, internal_port, options))
}

fn granted(ip: IpAddr, port: NonZeroU16, lifetime_s: u32) -> Granted {
    Granted { ip, port: port.get(), lifetime: Duration::from_secs(lifetime_s.into()) }
}

fn of_pcp(error: &pcp::Failure) -> Unmapped {
    use pcp::Failure as F;
    match error {
        F::Timeout => Unmapped::Silent,
        F::Socket(error) => of_socket(error.kind()),
        F::UnsupportedVersion(_) | F::UnsupportedOpcode | F::UnsupportedProtocol => Unmapped::Unable,
        F::NotAuthorized(_) => Unmapped::Forbidden,
        F::NetworkFailure(_) => Unmapped::Cut,
        F::NoResources(_) | F::UserExceededQuota(_) | F::CannotProvideExternal(_) => Unmapped::Full,
        F::AddressMismatch => Unmapped::Between,
        F::Nonce
        | F::InvalidResponse(_)
        | F::MalformedRequest
        | F::UnsupportedOption
        | F::MalformedOption
        | F::ExcessiveRemotePeers => Unmapped::Unclear,
    }
}

fn of_nat_pmp(error: &natpmp::Failure) -> Unmapped {
    use natpmp::Failure as F;
    match error {
        F::Timeout => Unmapped::Silent,
        F::Socket(error) => of_socket(error.kind()),
        F::UnsupportedVersion(_) | F::UnsupportedOpcode => Unmapped::Unable,
        F::NotAuthorized => Unmapped::Forbidden,
        F::NetworkFailure => Unmapped::Cut,
        F::OutOfResources => Unmapped::Full,
        F::InvalidResponse(_) => Unmapped::Unclear,
    }
}

/// Whoever refuses a packet is there, and has nobody who would answer it.
fn of_socket(kind: ErrorKind) -> Unmapped {
    if kind == ErrorKind::ConnectionRefused { Unmapped::Unable } else { Unmapped::Silent }
}
