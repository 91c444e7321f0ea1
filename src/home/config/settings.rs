//! The settings: one row each in the table `settings!`, from which lists, checks, help and documentation come; and
//! [`Settings`], the same with types.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use automata_runtime::Milliseconds;

use super::error::ConfigError;
use super::typed::{ADDRESS, PORT, PortSetting, SWITCH, Typed, choice, duration, list, number, optional, size, text};
use super::value::{Form, Kind, Value};
use crate::dht::Bootstrap;
use crate::home::logging::LEVELS;
use crate::identity::Idurl;
use crate::name::ServiceName;
use crate::nickname::Nickname;
use crate::services::{SERVICES, Service};
use crate::world::CIRCUITS_OF_ONE;

/// A setting.
pub struct Setting {
    /// Its path: `services/tcp-transport/port` is `port` in `[services.tcp-transport]` of `config.toml`.
    pub path: String,
    /// What it may be.
    pub kind: Kind,
    /// What it is if nobody says anything, as it would be typed.
    pub default: &'static str,
    /// What it is for, in one sentence.
    pub summary: &'static str,
    /// Whether a node that runs notices a change only when it starts again.
    pub needs_restart: bool,
    /// Whether it is for tests only, and not listed.
    pub is_hidden: bool,
}

/// A setting that counts from the next start.
fn restart(path: String, kind: Kind, default: &'static str, summary: &'static str) -> Setting {
    Setting { path, kind, default, summary, needs_restart: true, is_hidden: false }
}

/// A setting that counts at once.
fn live(path: String, kind: Kind, default: &'static str, summary: &'static str) -> Setting {
    Setting { needs_restart: false, ..restart(path, kind, default, summary) }
}

/// A setting for tests.
fn hidden(path: String, kind: Kind, default: &'static str, summary: &'static str) -> Setting {
    Setting { is_hidden: true, ..restart(path, kind, default, summary) }
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

const NETWORK: Form = Form {
    expected: "a name of 1 to 32 lower-case letters, digits and dashes",
    fits: |text| {
        (1..=32).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    },
};

const NICKNAME: Form = Form {
    expected: "a nickname of at most 32 visible characters, or nothing",
    fits: |text| text.is_empty() || text.parse::<Nickname>().is_ok(),
};

const PEER: Form =
    Form::of::<Idurl>("an address with its id, as `bitpie id` prints it (bitpie:…?at=tcp://203.0.113.5:7771)");

const DHT_NODE: Form = Form {
    expected: "`public` for the well-known nodes of the public DHT, or HOST:PORT; an empty list is nobody",
    fits: |text| {
        text == PUBLIC_DHT
            || text.rsplit_once(':').is_some_and(|(host, port)| {
                port.parse::<u16>().is_ok_and(|port| port != 0)
                    && !host.is_empty()
                    && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
            })
    },
};

/// In the list of nodes of the DHT: the well-known ones.
const PUBLIC_DHT: &str = "public";

const DHT_NODES: Typed<Bootstrap> = Typed {
    kind: Kind::List(DHT_NODE),
    read: |value, _| match value {
        Value::List(nodes) if nodes.iter().any(|node| node == PUBLIC_DHT) => Some(Bootstrap::Public),
        Value::List(nodes) => Some(Bootstrap::Nodes(nodes)),
        _ => None,
    },
};

const IP: Form = Form {
    expected: "an IP address of this machine, or nothing",
    fits: |text| text.is_empty() || text.parse::<IpAddr>().is_ok(),
};

const IPV4: Form = Form::of::<Ipv4Addr>("an IPv4 address of this machine: the DHT speaks nothing else");

const INTERFACE: Form = Form {
    expected: "the name of a network interface of this machine, like \"eth0\"",
    // As Linux takes them; `lo` alone brings loopback in.
    fits: |text| (1..16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/'),
};

const ABORT_POINT: Form = Form { expected: "a name and a number, like after-commit:3", fits: |_| true };

/// The public network.
const MAIN_NETWORK: &str = "main";

const CIRCUITS_PER_PEER: Typed<usize> = number(1, CIRCUITS_OF_ONE as u64);

const SESSIONS: Typed<usize> = number(0, 10_000);

/// Makes the list of all settings, a struct for each group, and how they are read, from a table that looks like
/// `config.toml`. A field `half_open` in the group `[a/b]` has the path `a/b/half-open`. The compiler tells of a type
/// that the kind does not have, and of a setting that nobody reads.
macro_rules! settings {
    ($(
        [$at:literal]
        $group:ident: $Group:ident {
            $($name:ident: $Type:ty = $when:ident($kind:expr, $default:expr, $summary:literal $(,)?),)*
        }
    )*) => {
        $(
            #[doc = concat!("`", $at, "`")]
            #[derive(Clone, Debug)]
            pub struct $Group {
                $(#[doc = $summary] pub(crate) $name: $Type,)*
            }
        )*

        /// All settings, with types. They are grouped as the paths are.
        #[derive(Clone, Debug)]
        pub struct Settings {
            /// `services/<name>/enabled`
            pub(crate) services: BTreeMap<ServiceName, bool>,
            $(#[doc = concat!("`", $at, "`")] pub(crate) $group: $Group,)*
        }

        /// All settings, by topic.
        pub static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
            with_services(vec![
                $($($when(path($at, stringify!($name)), Typed::<$Type>::untyped($kind), $default, $summary),)*)*
            ])
        });

        impl Settings {
            /// The settings with these values; each says whether somebody has set it.
            pub(super) fn read(value: impl Fn(&str) -> Result<(Value, bool), ConfigError>) -> Result<Self, ConfigError> {
                let enabled = |service: &Service| Ok((service.service_name(), read(&value, &service.setting(), SWITCH)?));
                Ok(Self {
                    services: SERVICES.iter().map(enabled).collect::<Result<_, ConfigError>>()?,
                    $($group: $Group { $($name: read(&value, &path($at, stringify!($name)), $kind)?,)* },)*
                })
            }
        }
    };
}

settings! {
    [""]
    node: NodeSettings {
        network: String = restart(
            text(NETWORK),
            MAIN_NETWORK,
            "The network that this node belongs to; nodes of another one are refused",
        ),
        listed: bool = live(
            SWITCH,
            "false",
            "Other nodes may tell those who ask them that this node is there, and where",
        ),
    }

    ["identity"]
    identity: IdentitySettings {
        name: Option<Nickname> = live(optional(NICKNAME), "", "The nickname in this node's identity document"),
    }

    ["services/lan-discovery"]
    lan: LanSettings {
        interfaces: Vec<String> = live(
            list(INTERFACE),
            "",
            "Where to look for nodes; if empty, at every interface but loopback, which counts only if it is named",
        ),
    }

    ["services/port-mapping"]
    port_mapping: PortMappingSettings {
        own_networks: bool = restart(
            SWITCH,
            "false",
            "Ask the router even if `network` names a network of your own",
        ),
    }

    ["services/tcp-transport"]
    tcp: TcpSettings {
        port: PortSetting = restart(PORT, "7771", "The TCP port that other nodes connect to"),
        address: IpAddr = restart(ADDRESS, "::", "The address that other nodes connect to; `::` is all of IPv6 and IPv4"),
        bootstrap: Vec<Idurl> = restart(list(PEER), "", "Nodes with which a session is always kept"),
    }

    ["services/udp-transport"]
    udp: UdpSettings {
        port: PortSetting = restart(PORT, "7772", "The UDP port that other nodes speak to"),
        address: IpAddr = restart(ADDRESS, "::", "The address that other nodes speak to; `::` is all of IPv6 and IPv4"),
    }

    ["services/entangled-dht"]
    dht: DhtSettings {
        port: PortSetting = restart(PORT, "14441", "The UDP port of the distributed hash table"),
        address: Ipv4Addr = restart(text(IPV4), "0.0.0.0", "The address of the distributed hash table"),
        bootstrap: Bootstrap = restart(
            DHT_NODES,
            PUBLIC_DHT,
            "The nodes by which this node enters the distributed hash table",
        ),
        server: bool = restart(SWITCH, "false", "Keep records for others, in a distributed hash table of one's own"),
        request_timeout: Milliseconds = restart(
            duration(20, 10_000),
            "1s",
            "How long one node of the distributed hash table may take to answer",
        ),
    }

    ["services/stun"]
    stun: StunSettings {
        port: PortSetting = restart(PORT, "3478", "The UDP and TCP port at which others ask by STUN where this node sees them"),
        address: IpAddr = restart(ADDRESS, "::", "The address of the STUN server; `::` is all of IPv6 and IPv4"),
        other_address: Option<IpAddr> = restart(
            optional(IP),
            "",
            "A second address of the STUN server, by which clients find out what their router does (RFC 5780)",
        ),
    }

    ["services/gateway"]
    gateway: GatewaySettings {
        download: u64 = live(size(0, 1 << 40), "0B", "Bytes received per second, at most; 0B is no limit. Relayed data is not counted"),
        upload: u64 = live(size(0, 1 << 40), "0B", "Bytes sent per second, at most; 0B is no limit. Relayed data is not counted"),
    }

    ["services/relay"]
    relay: RelaySettings {
        circuits: usize = restart(number(1, 10_000), "32", "Sessions relayed at the same time, at most"),
        circuits_per_peer: usize = restart(CIRCUITS_PER_PEER, "4", "Sessions relayed for one node, at most"),
        bytes_per_second: u64 = live(size(1 << 10, 1 << 30), "256KiB", "Bytes per second of one relayed session, at most"),
        friends_only: bool = restart(SWITCH, "false", "Relay only for contacts and for nodes named in the settings"),
    }

    ["sessions"]
    sessions: SessionSettings {
        inbound: usize = restart(SESSIONS, "125", "Sessions that others may open, at most"),
        outbound: usize = restart(SESSIONS, "60", "Sessions that this node opens, at most"),
        half_open: usize = restart(SESSIONS, "64", "Sessions whose handshake is not over, at most"),
        inbound_per_address: usize = restart(SESSIONS, "16", "Sessions that one address may open, at most"),
        half_open_per_address: usize = restart(SESSIONS, "8", "Handshakes that one address may have open, at most"),
        accepted_per_second: usize = restart(
            number(1, 100_000),
            "5",
            "Connections that are accepted of one address in a second, after 60 at once",
        ),
    }

    ["api"]
    api: ApiSettings {
        http_port: PortSetting = restart(PORT, "38081", "The TCP port of the web page, and of the API over HTTP"),
        ws_port: PortSetting = restart(PORT, "38082", "The TCP port of the API over WebSocket"),
        wt_port: PortSetting = restart(PORT, "38083", "The UDP port of the API over WebTransport"),
    }

    ["messages"]
    messages: MessageSettings {
        expiry: Milliseconds = live(duration(60_000, 30 * DAY_MS), "7d", "How long delivery of a message is tried"),
        read_receipts: bool = live(SWITCH, "true", "Tell senders that their messages were read"),
        request_quota: u64 = live(number(0, 1_000), "20", "Messages of one stranger that may wait to be accepted"),
        requests_of_all: u64 = live(
            number(0, 100_000),
            "1000",
            "Messages of all strangers that may wait to be accepted",
        ),
    }

    ["traces"]
    traces: TraceSettings {
        files: usize = restart(number(2, 1_000), "8", "Trace files that are kept, at most"),
        file_size: u64 = restart(size(64 << 10, 1 << 30), "16MiB", "The size at which a new trace file is begun"),
    }

    ["log"]
    log: LogSettings {
        level: String = live(choice(LEVELS), "info", "What is worth a line in the log"),
        format: String = restart(choice(&["text", "json"]), "text", "How lines of the log look"),
        files: usize = restart(number(1, 365), "7", "Log files that are kept, one a day, each of 64 MiB at most"),
    }

    ["testing"]
    testing: TestingSettings {
        mdns_port: PortSetting = hidden(
            PORT,
            "5353",
            "The UDP port of discovery in the local network, for tests that must not meet anybody else",
        ),
        nickname_check: Milliseconds = hidden(
            duration(100, DAY_MS),
            "5min",
            "How often the record of the nickname is looked at, for tests that cannot wait so long",
        ),
        dht_look: Milliseconds = hidden(
            duration(100, DAY_MS),
            "1min",
            "How often it is looked whether others in the DHT still answer, for tests that cannot wait so long",
        ),
        mapping_lifetime: Milliseconds = hidden(
            duration(1_000, DAY_MS),
            "1h",
            "How long routers are asked to map ports, for tests that cannot wait so long",
        ),
        certificate_lifetime: Milliseconds = hidden(
            duration(1_000, 13 * DAY_MS),
            "13d",
            "How long a certificate of the API over WebTransport lasts, for tests that cannot wait so long",
        ),
        handshake_timeout: Milliseconds = hidden(
            duration(100, 60_000),
            "10s",
            "How long the automata wait for a handshake, and for HELLO, PEER-ID and READY, for tests that cannot wait so long",
        ),
        frame_timeout: Milliseconds = hidden(
            duration(100, 60_000),
            "60s",
            "How long a message or frame that has begun may take, for tests that cannot wait so long",
        ),
        ping_interval: Milliseconds = hidden(
            duration(100, 60_000),
            "20s",
            "How often a session is asked whether it lives, for tests that cannot wait so long",
        ),
        count_interval: Milliseconds = hidden(
            duration(100, DAY_MS),
            "1min",
            "How often contacts are counted, each time as a minute, for tests that cannot wait so long",
        ),
        abort_at: Option<String> = hidden(
            optional(ABORT_POINT),
            "",
            "A point at which a debug build dies, for crash tests",
        ),
    }
}

/// The path of a setting, from that of its group and the name of its field.
fn path(group: &str, field: &str) -> String {
    format!("{group}/{field}").trim_start_matches('/').replace('_', "-")
}

/// With the switches of all services, before everything else of services.
fn with_services(mut settings: Vec<Setting>) -> Vec<Setting> {
    let switches = SERVICES.iter().map(|service| {
        let default = if service.is_enabled { "true" } else { "false" };
        live(service.setting(), SWITCH.kind, default, service.purpose)
    });
    let first = settings.iter().position(|setting| setting.path.starts_with("services/")).unwrap_or(0);
    settings.splice(first..first, switches);
    settings
}

fn read<T>(
    value: impl Fn(&str) -> Result<(Value, bool), ConfigError>,
    path: &str,
    typed: Typed<T>,
) -> Result<T, ConfigError> {
    let (value, is_set) = value(path)?;
    let read = (typed.read)(value.clone(), is_set);
    read.ok_or_else(|| ConfigError::Mismatch { path: path.to_owned(), value: value.to_string() })
}

impl Settings {
    /// Whether this is a network of one's own, in which addresses inside private networks are as good as others.
    #[must_use]
    pub fn is_private_network(&self) -> bool {
        self.node.network != MAIN_NETWORK
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::config::Config;

    #[test]
    fn every_setting_is_documented_unique_and_has_a_default_that_it_takes() {
        for (index, setting) in SETTINGS.iter().enumerate() {
            let path = &setting.path;
            assert!(SETTINGS[index + 1..].iter().all(|other| other.path != *path), "{path} stands there twice");
            assert!(setting.kind.parse(setting.default).is_some(), "{path}: {}", setting.default);
            let well_formed = |part: &str| {
                !part.is_empty()
                    && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            };
            assert!(path.split('/').all(well_formed), "{path}");
            assert!(setting.summary.len() > 10 && !setting.summary.ends_with('.'), "{path}");
            // A table and a value cannot have one name.
            assert!(SETTINGS.iter().all(|other| !other.path.starts_with(&format!("{path}/"))), "{path}");
        }
    }

    #[test]
    fn the_defaults_make_settings() {
        let settings = Settings::of(&Config::default()).expect("the defaults fit");
        assert_eq!(settings.tcp.port, PortSetting { port: 7771, is_set: false });
        assert_eq!(settings.messages.expiry.0, 7 * DAY_MS);
        assert_eq!(settings.identity.name, None);
        let by_default = SERVICES.iter().map(|service| (service.service_name(), service.is_enabled));
        assert_eq!(settings.services, by_default.collect());
    }
}
