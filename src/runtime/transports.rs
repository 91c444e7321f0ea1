//! The transports of a node: what each is made of, and which settings it follows. Adding one is a row in
//! [`TRANSPORTS`].

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::home::clock::unix_ms;
use crate::home::config::{PortSetting, Settings, find};
use crate::identity::IdentityKey;
use crate::name::TransportName;
use crate::transports::quic::QuicTransport;
use crate::transports::tcp::TcpTransport;
use crate::transports::{Limits, SessionNumbers, Transport, TransportEvent};

/// A transport, before it is made.
pub struct TransportKind {
    name: &'static str,
    /// The setting of its port.
    pub port_setting: &'static str,
    /// The setting of its address.
    pub address_setting: &'static str,
    /// Where it listens, and whether the user has set the port; one that nobody has set gives way to a free one.
    pub listens_at: fn(&Settings) -> (SocketAddr, bool),
    /// Makes it.
    pub open: fn(&IdentityKey, &Settings, SessionNumbers, mpsc::Sender<TransportEvent>) -> Box<dyn Transport>,
}

/// All transports.
pub const TRANSPORTS: &[TransportKind] = &[
    TransportKind {
        name: "tcp",
        port_setting: "services/tcp-transport/port",
        address_setting: "services/tcp-transport/address",
        listens_at: |settings| at(settings.tcp.address, settings.tcp.port),
        open: |key, settings, numbers, events| {
            Box::new(TcpTransport::new(key, unix_ms, limits(settings), numbers, events))
        },
    },
    TransportKind {
        name: "udp",
        port_setting: "services/udp-transport/port",
        address_setting: "services/udp-transport/address",
        listens_at: |settings| at(settings.udp.address, settings.udp.port),
        open: |key, settings, numbers, events| {
            Box::new(QuicTransport::new(key, unix_ms, limits(settings), numbers, events))
        },
    },
];

fn at(address: IpAddr, port: PortSetting) -> (SocketAddr, bool) {
    (SocketAddr::new(address, port.port), port.is_set)
}

impl TransportKind {
    /// Its name, as entrypoints and automata carry it.
    #[must_use]
    pub fn transport_name(&self) -> TransportName {
        self.name.parse().expect("the names of the list are names")
    }

    /// Its port if nobody has set one.
    #[must_use]
    pub fn usual_port(&self) -> u16 {
        let setting = find(self.port_setting).expect("the list names settings that there are");
        setting.default.parse().expect("the default of a port is a port")
    }
}

/// What is allowed for sessions that others carry. They all come from the addresses of a few nodes, which the user has
/// named.
pub fn limits_of_carried(settings: &Settings) -> Limits {
    let limits = limits(settings);
    Limits { outbound_per_address: limits.outbound, half_open_per_address: limits.half_open, ..limits }
}

/// What each transport allows.
pub fn limits(settings: &Settings) -> Limits {
    Limits {
        outbound: settings.sessions.outbound,
        accepted_per_second: settings.sessions.accepted_per_second,
        half_open: settings.sessions.half_open,
        half_open_per_address: settings.sessions.half_open_per_address,
        // The automaton decides; this is for a node that does not get round to it.
        handshake_timeout: Duration::from_millis(2 * settings.testing.handshake_timeout.0),
        frame_timeout: Duration::from_millis(settings.testing.frame_timeout.0),
        ..Limits::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_transport_has_a_usual_port_of_its_own() {
        let ports: Vec<u16> = TRANSPORTS.iter().map(TransportKind::usual_port).collect();
        assert_eq!(ports, [7771, 7772]);
    }
}
