//! The settings: one line each in [`SETTINGS`], from which lists, checks, help and documentation come; and [`Settings`], the same with types.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::value::{Form, Kind, Value};
use super::{Config, ConfigError};
use crate::dht::Bootstrap;
use crate::identity::Idurl;
use crate::name::ServiceName;
use crate::nickname::Nickname;

/// A setting.
pub struct Setting {
    /// Its path: `services/tcp-transport/port` is `port` in `[services.tcp-transport]` of `config.toml`.
    pub path: &'static str,
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

const fn setting(path: &'static str, kind: Kind, default: &'static str, summary: &'static str) -> Setting {
    Setting { path, kind, default, summary, needs_restart: true, is_hidden: false }
}

const fn live(path: &'static str, kind: Kind, default: &'static str, summary: &'static str) -> Setting {
    Setting { needs_restart: false, ..setting(path, kind, default, summary) }
}

const fn hidden(path: &'static str, kind: Kind, default: &'static str, summary: &'static str) -> Setting {
    Setting { is_hidden: true, ..setting(path, kind, default, summary) }
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

const PEER: Form = Form {
    expected: "an address with its id, as `bitpie id` prints it (bitpie:…?at=tcp://203.0.113.5:7771)",
    fits: |text| text.parse::<Idurl>().is_ok(),
};

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

const IPV4: Form = Form {
    expected: "an IPv4 address of this machine: the DHT speaks nothing else",
    fits: |text| text.parse::<Ipv4Addr>().is_ok(),
};

const INTERFACE: Form = Form {
    expected: "the name of a network interface of this machine, like \"eth0\"",
    // As Linux takes them; `lo` alone brings loopback in.
    fits: |text| (1..16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/'),
};

const ABORT_POINT: Form = Form { expected: "a name and a number, like after-commit:3", fits: |_| true };

const BOOTSTRAP: &str = "services/tcp-transport/bootstrap";

const SESSIONS: Kind = Kind::Number { from: 0, to: 10_000 };

/// All settings, by topic.
pub const SETTINGS: &[Setting] = &[
    setting(
        "network",
        Kind::Text(NETWORK),
        "main",
        "The network that this node belongs to; nodes of another one are refused",
    ),
    live("identity/name", Kind::Text(NICKNAME), "", "The nickname in this node's identity document"),
    live("services/network/enabled", Kind::Switch, "true", "Watch the network and keep it up"),
    live("services/gateway/enabled", Kind::Switch, "true", "The one door for packets in and out"),
    live("services/tcp-connections/enabled", Kind::Switch, "true", "Sessions over TCP"),
    live("services/tcp-transport/enabled", Kind::Switch, "true", "Carry data between nodes over TCP"),
    live(
        "services/identity-propagate/enabled",
        Kind::Switch,
        "true",
        "Tell sessions and contacts of a new identity document, and keep it in the DHT",
    ),
    live(
        "services/entangled-dht/enabled",
        Kind::Switch,
        "true",
        "Find nodes and nicknames by the distributed hash table",
    ),
    live("services/p2p-hookups/enabled", Kind::Switch, "true", "Keep up contacts with other users"),
    live("services/private-messages/enabled", Kind::Switch, "true", "Send and receive private messages"),
    live(
        "services/lan-discovery/enabled",
        Kind::Switch,
        "false",
        "Find contacts in the local network, and tell everybody there that this node is here",
    ),
    live(
        "services/lan-discovery/interfaces",
        Kind::List(INTERFACE),
        "",
        "Where to look for nodes; if empty, at every interface but loopback, which counts only if it is named",
    ),
    setting("services/tcp-transport/port", Kind::Port, "7771", "The TCP port that other nodes connect to"),
    setting(
        "services/tcp-transport/address",
        Kind::Address,
        "0.0.0.0",
        "The address that other nodes connect to; `::` is IPv6 and IPv4",
    ),
    setting(BOOTSTRAP, Kind::List(PEER), "", "Nodes with which a session is always kept"),
    setting("services/entangled-dht/port", Kind::Port, "14441", "The UDP port of the distributed hash table"),
    setting("services/entangled-dht/address", Kind::Text(IPV4), "0.0.0.0", "The address of the distributed hash table"),
    setting(
        "services/entangled-dht/bootstrap",
        Kind::List(DHT_NODE),
        PUBLIC_DHT,
        "From whom this node hears of others in the distributed hash table",
    ),
    setting(
        "services/entangled-dht/server",
        Kind::Switch,
        "false",
        "Keep records for others, in a distributed hash table of one's own",
    ),
    setting(
        "services/entangled-dht/request-timeout",
        Kind::Duration { from_ms: 20, to_ms: 10_000 },
        "1s",
        "How long one node of the distributed hash table may take to answer",
    ),
    setting("services/tcp-connections/inbound", SESSIONS, "125", "Sessions that others may open, at the most"),
    setting("services/tcp-connections/outbound", SESSIONS, "60", "Sessions that this node opens, at the most"),
    setting("services/tcp-connections/half-open", SESSIONS, "64", "Sessions whose handshake is not over, at the most"),
    setting(
        "services/tcp-connections/inbound-per-address",
        SESSIONS,
        "16",
        "Sessions that one address may open, at the most",
    ),
    setting(
        "services/tcp-connections/half-open-per-address",
        SESSIONS,
        "8",
        "Handshakes that one address may have open, at the most",
    ),
    setting("api/http-port", Kind::Port, "38081", "The port on loopback where the commands reach the node"),
    live(
        "messages/expiry",
        Kind::Duration { from_ms: 60_000, to_ms: 30 * DAY_MS },
        "7d",
        "How long delivery of a message is tried",
    ),
    live("messages/read-receipts", Kind::Switch, "true", "Tell senders that their messages were read"),
    live(
        "messages/request-quota",
        Kind::Number { from: 0, to: 1_000 },
        "20",
        "Messages of one stranger that may wait to be accepted",
    ),
    live(
        "messages/requests-of-all",
        Kind::Number { from: 0, to: 100_000 },
        "1000",
        "Messages of all strangers that may wait to be accepted",
    ),
    setting("traces/files", Kind::Number { from: 2, to: 1_000 }, "8", "Trace files that are kept, at the most"),
    setting(
        "traces/file-size",
        Kind::Size { from: 64 << 10, to: 1 << 30 },
        "16MiB",
        "The size at which a new trace file is begun",
    ),
    live("log/level", Kind::Choice(super::super::logging::LEVELS), "info", "What is worth a line in the log"),
    setting("log/format", Kind::Choice(&["text", "json"]), "text", "How lines of the log look"),
    setting(
        "log/files",
        Kind::Number { from: 1, to: 365 },
        "7",
        "Log files that are kept, one a day, each of 64 MiB at the most",
    ),
    hidden(
        "testing/mdns-port",
        Kind::Port,
        "5353",
        "The UDP port of discovery in the local network, for tests that must not meet anybody else",
    ),
    hidden(
        "testing/nickname-check",
        Kind::Duration { from_ms: 100, to_ms: DAY_MS },
        "5min",
        "How often the record of the nickname is looked at, for tests that cannot wait so long",
    ),
    hidden(
        "testing/dht-look",
        Kind::Duration { from_ms: 100, to_ms: DAY_MS },
        "1min",
        "How often it is looked whether others in the DHT still answer, for tests that cannot wait so long",
    ),
    hidden(
        "testing/handshake-timeout",
        Kind::Duration { from_ms: 100, to_ms: 60_000 },
        "10s",
        "How long the automata wait for a handshake, and for HELLO, PEER-ID and READY, for tests that cannot wait so long",
    ),
    hidden(
        "testing/frame-timeout",
        Kind::Duration { from_ms: 100, to_ms: 60_000 },
        "60s",
        "How long a message or frame that has begun may take, for tests that cannot wait so long",
    ),
    hidden(
        "testing/ping-interval",
        Kind::Duration { from_ms: 100, to_ms: 60_000 },
        "20s",
        "How often a session is asked whether it lives, for tests that cannot wait so long",
    ),
    hidden("testing/abort-at", Kind::Text(ABORT_POINT), "", "A point at which a debug build dies, for crash tests"),
];

/// A port, and whether the user has chosen it: one that was chosen and is taken is an error; a default gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortSetting {
    /// The port; 0 is any free one.
    pub port: u16,
    /// Whether it stands in `config.toml`.
    pub is_set: bool,
}

/// All settings, with types. They are grouped as the paths are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `network`
    pub network: String,
    /// `identity/name`
    pub name: Option<Nickname>,
    /// `services/<name>/enabled`
    pub services: BTreeMap<ServiceName, bool>,
    /// `services/tcp-transport`
    pub tcp: TcpSettings,
    /// `services/entangled-dht`
    pub dht: DhtSettings,
    /// `services/lan-discovery/interfaces`
    pub lan_interfaces: Vec<String>,
    /// `services/tcp-connections`
    pub sessions: SessionSettings,
    /// `api/http-port`
    pub api_http_port: PortSetting,
    /// `messages`
    pub messages: MessageSettings,
    /// `traces`
    pub traces: TraceSettings,
    /// `log`
    pub log: LogSettings,
    /// `testing`
    pub testing: TestingSettings,
}

/// `services/tcp-transport`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpSettings {
    /// `port`
    pub port: PortSetting,
    /// `address`
    pub address: IpAddr,
    /// `bootstrap`
    pub bootstrap: Vec<Idurl>,
}

/// `services/entangled-dht`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhtSettings {
    /// `port`
    pub port: PortSetting,
    /// `address`
    pub address: Ipv4Addr,
    /// `bootstrap`
    pub bootstrap: Bootstrap,
    /// `server`
    pub is_server: bool,
    /// `request-timeout`
    pub request_timeout_ms: u64,
}

/// `services/tcp-connections`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSettings {
    /// `inbound`
    pub inbound: usize,
    /// `outbound`
    pub outbound: usize,
    /// `half-open`
    pub half_open: usize,
    /// `inbound-per-address`
    pub inbound_per_address: usize,
    /// `half-open-per-address`
    pub half_open_per_address: usize,
}

/// `messages`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageSettings {
    /// `expiry`
    pub expiry_ms: u64,
    /// `read-receipts`
    pub read_receipts: bool,
    /// `request-quota`
    pub requests_per_stranger: u64,
    /// `requests-of-all`
    pub requests_of_all: u64,
}

/// `traces`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceSettings {
    /// `files`
    pub files: usize,
    /// `file-size`
    pub file_bytes: u64,
}

/// `log`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// `level`
    pub level: String,
    /// `format` is `json`
    pub is_json: bool,
    /// `files`
    pub files: usize,
}

/// `testing`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestingSettings {
    /// `nickname-check`
    pub nickname_check_ms: u64,
    /// `dht-look`
    pub dht_look_ms: u64,
    /// `handshake-timeout`
    pub handshake_timeout_ms: u64,
    /// `frame-timeout`
    pub frame_timeout_ms: u64,
    /// `ping-interval`
    pub ping_interval_ms: u64,
    /// `mdns-port`
    pub mdns_port: u16,
    /// `abort-at`
    pub abort_at: Option<String>,
}

/// The public network.
const MAIN_NETWORK: &str = "main";

impl Settings {
    /// Whether this is a network of one's own, in which addresses inside private networks are as good as others.
    #[must_use]
    pub fn is_private_network(&self) -> bool {
        self.network != MAIN_NETWORK
    }

    /// The settings of a configuration.
    ///
    /// # Errors
    /// Never for a configuration that was read: each value was checked against its kind.
    pub fn of(config: &Config) -> Result<Self, ConfigError> {
        let mut services = BTreeMap::new();
        for setting in SETTINGS {
            let name = setting.path.strip_prefix("services/").and_then(|rest| rest.strip_suffix("/enabled"));
            if let Some(name) = name.and_then(|name| name.parse().ok()) {
                services.insert(name, config.switch(setting.path)?);
            }
        }
        Ok(Self {
            network: config.text("network")?,
            name: filled(config.text("identity/name")?).and_then(|name| name.parse().ok()),
            services,
            tcp: TcpSettings {
                port: config.port("services/tcp-transport/port")?,
                address: config.parsed("services/tcp-transport/address")?,
                bootstrap: config.list(BOOTSTRAP)?.into_iter().map(idurl).collect::<Result<_, _>>()?,
            },
            dht: DhtSettings {
                port: config.port("services/entangled-dht/port")?,
                address: config.parsed("services/entangled-dht/address")?,
                bootstrap: match config.list("services/entangled-dht/bootstrap")? {
                    nodes if nodes.iter().any(|node| node == PUBLIC_DHT) => Bootstrap::Public,
                    nodes => Bootstrap::Nodes(nodes),
                },
                is_server: config.switch("services/entangled-dht/server")?,
                request_timeout_ms: config.number("services/entangled-dht/request-timeout")?,
            },
            lan_interfaces: config.list("services/lan-discovery/interfaces")?,
            sessions: SessionSettings {
                inbound: config.count("services/tcp-connections/inbound")?,
                outbound: config.count("services/tcp-connections/outbound")?,
                half_open: config.count("services/tcp-connections/half-open")?,
                inbound_per_address: config.count("services/tcp-connections/inbound-per-address")?,
                half_open_per_address: config.count("services/tcp-connections/half-open-per-address")?,
            },
            api_http_port: config.port("api/http-port")?,
            messages: MessageSettings {
                expiry_ms: config.number("messages/expiry")?,
                read_receipts: config.switch("messages/read-receipts")?,
                requests_per_stranger: config.number("messages/request-quota")?,
                requests_of_all: config.number("messages/requests-of-all")?,
            },
            traces: TraceSettings {
                files: config.count("traces/files")?,
                file_bytes: config.number("traces/file-size")?,
            },
            log: LogSettings {
                level: config.text("log/level")?,
                is_json: config.text("log/format")? == "json",
                files: config.count("log/files")?,
            },
            testing: TestingSettings {
                nickname_check_ms: config.number("testing/nickname-check")?,
                dht_look_ms: config.number("testing/dht-look")?,
                handshake_timeout_ms: config.number("testing/handshake-timeout")?,
                frame_timeout_ms: config.number("testing/frame-timeout")?,
                ping_interval_ms: config.number("testing/ping-interval")?,
                mdns_port: config.port("testing/mdns-port")?.port,
                abort_at: filled(config.text("testing/abort-at")?),
            },
        })
    }
}

/// A value, if there is one.
fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn idurl(text: String) -> Result<Idurl, ConfigError> {
    text.parse().map_err(|_| ConfigError::mismatch(BOOTSTRAP, &Value::Text(text)))
}

/// Values whose kind is known.
impl Config {
    fn switch(&self, path: &'static str) -> Result<bool, ConfigError> {
        match self.get(path)? {
            Value::Switch(on) => Ok(on),
            other => Err(ConfigError::mismatch(path, &other)),
        }
    }

    fn number(&self, path: &'static str) -> Result<u64, ConfigError> {
        match self.get(path)? {
            Value::Number(number) | Value::DurationMs(number) | Value::Size(number) => Ok(number),
            other => Err(ConfigError::mismatch(path, &other)),
        }
    }

    fn count(&self, path: &'static str) -> Result<usize, ConfigError> {
        self.number(path).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
    }

    fn port(&self, path: &'static str) -> Result<PortSetting, ConfigError> {
        let port = u16::try_from(self.number(path)?).unwrap_or(0);
        Ok(PortSetting { port, is_set: self.is_set(path) })
    }

    fn text(&self, path: &'static str) -> Result<String, ConfigError> {
        match self.get(path)? {
            Value::Text(text) => Ok(text),
            other => Err(ConfigError::mismatch(path, &other)),
        }
    }

    fn parsed<T: std::str::FromStr>(&self, path: &'static str) -> Result<T, ConfigError> {
        let text = self.text(path)?;
        text.parse().map_err(|_| ConfigError::mismatch(path, &Value::Text(text)))
    }

    fn list(&self, path: &'static str) -> Result<Vec<String>, ConfigError> {
        match self.get(path)? {
            Value::List(texts) => Ok(texts),
            other => Err(ConfigError::mismatch(path, &other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_documented_unique_and_has_a_default_that_it_takes() {
        for (index, setting) in SETTINGS.iter().enumerate() {
            let path = setting.path;
            assert!(SETTINGS[index + 1..].iter().all(|other| other.path != path), "{path} stands there twice");
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
        assert_eq!(settings.messages.expiry_ms, 7 * DAY_MS);
        assert_eq!(settings.name, None);
        assert_eq!(settings.services.len(), 9);
        let off: Vec<_> = settings.services.iter().filter(|(_, on)| !**on).map(|(name, _)| name.as_str()).collect();
        assert_eq!(off, ["lan-discovery"]);
    }
}
