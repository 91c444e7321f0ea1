//! Whether the ports of the settings can be had.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};

use super::super::check::{Finding, Patient};

/// A setting that is a port.
struct Port {
    path: &'static str,
    default: u16,
    /// Which ports it is among.
    protocol: Protocol,
    /// The setting of the address at which it is bound; loopback, if there is none.
    address: Option<(&'static str, IpAddr)>,
    /// The setting that has to be on for anybody to bind it.
    used_with: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Tcp,
    Udp,
    UdpAndTcp,
}

const TCP_ADDRESS: &str = "services/tcp-transport/address";

const UDP_ADDRESS: &str = "services/udp-transport/address";

/// All of them.
const PORTS: [Port; 7] = [
    Port {
        path: "services/tcp-transport/port",
        default: 7771,
        protocol: Protocol::Tcp,
        address: Some((TCP_ADDRESS, IpAddr::V6(Ipv6Addr::UNSPECIFIED))),
        used_with: None,
    },
    Port {
        path: "services/udp-transport/port",
        default: 7772,
        protocol: Protocol::Udp,
        address: Some((UDP_ADDRESS, IpAddr::V6(Ipv6Addr::UNSPECIFIED))),
        used_with: None,
    },
    Port {
        path: "services/entangled-dht/port",
        default: 14441,
        protocol: Protocol::Udp,
        address: Some(("services/entangled-dht/address", IpAddr::V4(Ipv4Addr::UNSPECIFIED))),
        used_with: Some("services/entangled-dht/enabled"),
    },
    Port {
        path: "services/stun/port",
        default: 3478,
        protocol: Protocol::UdpAndTcp,
        address: Some(("services/stun/address", IpAddr::V6(Ipv6Addr::UNSPECIFIED))),
        used_with: Some("services/stun/enabled"),
    },
    Port {
        path: "api/http-port",
        default: 38081,
        protocol: Protocol::Tcp,
        address: None,
        used_with: Some("services/http-api/enabled"),
    },
    Port {
        path: "api/ws-port",
        default: 38082,
        protocol: Protocol::Tcp,
        address: None,
        used_with: Some("services/websocket-api/enabled"),
    },
    Port {
        path: "api/wt-port",
        default: 38083,
        protocol: Protocol::Udp,
        address: None,
        used_with: Some("services/webtransport-api/enabled"),
    },
];

impl Protocol {
    /// Whether somebody could bind it now.
    fn bind(self, address: IpAddr, port: u16) -> io::Result<()> {
        match self {
            Self::Tcp => TcpListener::bind((address, port)).map(drop),
            Self::Udp => UdpSocket::bind((address, port)).map(drop),
            Self::UdpAndTcp => Self::Udp.bind(address, port).and_then(|()| Self::Tcp.bind(address, port)),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::UdpAndTcp => "UDP and TCP",
        }
    }
}

impl Port {
    /// What to do if it cannot be had.
    fn remedy(&self, why: io::ErrorKind) -> String {
        let another = format!("`bitpie config set {} PORT` (0 takes any)", self.path);
        match (why, self.address) {
            (io::ErrorKind::AddrInUse, _) => format!("end the program that has it, or choose another: {another}"),
            (io::ErrorKind::AddrNotAvailable, Some((path, all))) => {
                format!(
                    "choose an address that this machine has: `bitpie config set {path} ADDRESS` ({all} is all of them)"
                )
            }
            (io::ErrorKind::PermissionDenied, _) => {
                format!("this user may not have it; choose one above 1023: {another}")
            }
            _ => format!("choose another: {another}"),
        }
    }
}

pub(super) fn ports(patient: &Patient) -> Finding {
    if patient.unreachable.is_some() {
        return Finding::skipped("it is not known whether a node has them");
    }
    if patient.running.is_some() {
        return Finding::good("the node has them; `bitpie status` shows which");
    }
    let setting = |path: &str| {
        let settings = patient.settings.as_ref().ok()?;
        settings.settings.iter().find(|setting| setting.path == path)
    };
    let is_used =
        |port: &&Port| port.used_with.is_none_or(|path| setting(path).is_some_and(|setting| setting.value == true));
    let mut said = Vec::new();
    for of in PORTS.iter().filter(is_used) {
        let Port { path, default, protocol, address, .. } = of;
        let address = address.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |(path, default)| {
            setting(path).and_then(|address| address.value.as_str()?.parse().ok()).unwrap_or(default)
        });
        let port = setting(path).and_then(|setting| setting.value.as_u64()?.try_into().ok()).unwrap_or(*default);
        let mut bound = protocol.bind(address, port);
        // As the node does on a machine without IPv6.
        if address == IpAddr::V6(Ipv6Addr::UNSPECIFIED)
            && bound.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::AddrInUse)
        {
            bound = protocol.bind(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port);
        }
        let name = protocol.name();
        match bound {
            Ok(()) if port == 0 => said.push(format!("any will do for {path}")),
            Ok(()) => said.push(format!("{port} ({name}) is free")),
            Err(error) if setting(path).is_some_and(|setting| setting.is_set) => {
                let said = format!("port {port} ({name}) of {address} cannot be had: {error}");
                return Finding::bad(said, of.remedy(error.kind()));
            }
            Err(_) => said.push(format!("{port} ({name}) cannot be had, so another will be used")),
        }
    }
    Finding::good(said.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{home, patient};
    use super::*;
    use crate::api::answers::Settings;
    use crate::client::check::Verdict;

    #[test]
    fn advice_about_a_port_is_for_what_is_wrong_with_it() {
        let setting = |path: &str, value: serde_json::Value| crate::api::answers::Setting {
            path: path.to_owned(),
            value,
            default: 0.into(),
            is_set: true,
            kind: String::new(),
            summary: String::new(),
            needs_restart: true,
        };
        let folder = home();
        // Of a network for documentation (RFC 5737).
        let settings =
            vec![setting(TCP_ADDRESS, "192.0.2.77".into()), setting("services/tcp-transport/port", 7771.into())];
        let finding = ports(&Patient { settings: Ok(Settings { settings }), ..patient(folder.path()) });
        let help = finding.help.expect("it cannot be had");
        assert!(help.contains("an address that this machine has") && !help.contains("program"), "{help}");
    }

    #[test]
    fn a_port_that_is_taken_is_told_with_its_setting() {
        let setting = |path: &str, value: serde_json::Value| crate::api::answers::Setting {
            path: path.to_owned(),
            value,
            default: 0.into(),
            is_set: true,
            kind: "port".to_owned(),
            summary: String::new(),
            needs_restart: true,
        };
        let folder = home();
        let find = |of: &Port, port: u16, is_on: bool| {
            let mut settings: Vec<_> = PORTS.iter().map(|port| setting(port.path, 0.into())).collect();
            settings.extend(
                PORTS.iter().filter_map(|port| port.address).map(|(path, _)| setting(path, "127.0.0.1".into())),
            );
            settings.extend(PORTS.iter().filter_map(|port| port.used_with).map(|path| setting(path, is_on.into())));
            settings.iter_mut().find(|setting| setting.path == of.path).expect("it is one of them").value = port.into();
            ports(&Patient { settings: Ok(Settings { settings }), ..patient(folder.path()) })
        };
        for of in &PORTS {
            let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("some port is free");
            let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("some port is free");
            let taken = match of.protocol {
                Protocol::Tcp => tcp.local_addr(),
                Protocol::Udp | Protocol::UdpAndTcp => udp.local_addr(),
            };
            let port = taken.expect("it is bound").port();
            let finding = find(of, port, true);
            let help = finding.help.unwrap_or_default();
            assert!(help.contains("end the program") && help.contains(of.path), "{}: {help}", of.path);
            assert!(finding.said.contains(of.protocol.name()), "{}", finding.said);
            let is_wanted = of.used_with.is_none();
            assert_eq!(find(of, port, false).verdict == Verdict::Bad, is_wanted, "{}", of.path);
        }
    }
}
