//! The settings in force, and the home folder that they are kept in.

use std::time::Duration;

use crate::dht::DhtOptions;
use crate::home::Home;
use crate::home::config::{Config, ConfigError, Settings};
use crate::home::logging::Log;
use crate::name::ServiceName;
use crate::store::Quota;

use super::dht_socket::DhtSocket;
use super::network::Bandwidth;

/// The settings in force, and the home folder that they are kept in.
pub struct OurSettings {
    /// The home folder.
    pub home: Home,
    /// The settings, as they stand in the file.
    pub config: Config,
    /// The same, with types.
    pub values: Settings,
    /// The log, if it is ours.
    pub log: Option<Log>,
}

impl OurSettings {
    /// Changes a setting in the file. What the command line says for this run stays as it is.
    pub fn change(&self, path: &str, value: Option<&str>) -> Result<Config, ConfigError> {
        let config = Config::change(&self.home.config_file(), path, value)?;
        Ok(config.in_run_of(&self.config))
    }

    /// They are others now. The network counts from the next start. Tells whether our name has changed.
    pub(super) fn take_over(&mut self, config: Config) -> bool {
        let Ok(values) = Settings::of(&config) else { return false };
        if values.log.level != self.values.log.level
            && let Some(log) = &self.log
        {
            let _ = log.set_level(&values.log.level);
        }
        let name_changed = values.identity.name != self.values.identity.name;
        self.values = Settings { node: self.values.node.clone(), ..values };
        self.config = config;
        name_changed
    }

    /// Whether a service is to be on when the node starts.
    pub fn is_enabled(&self, service: &str) -> bool {
        let name = service.parse::<ServiceName>().ok();
        name.and_then(|name| self.values.services.get(&name).copied()).unwrap_or(false)
    }

    /// How many bytes of frames may come and go in a second.
    pub(super) fn bandwidth(&self) -> Bandwidth {
        let limit = |bytes: u64| (bytes > 0).then_some(bytes);
        let gateway = &self.values.gateway;
        Bandwidth { download: limit(gateway.download), upload: limit(gateway.upload) }
    }

    /// How much of messages of strangers is kept.
    pub(super) fn quota(&self) -> Quota {
        Quota {
            messages_per_stranger: self.values.messages.request_quota,
            messages_of_all: self.values.messages.requests_of_all,
            ..Quota::default()
        }
    }

    /// How the socket of the DHT is to be opened.
    pub(super) fn dht_socket(&self) -> DhtSocket {
        let values = &self.values;
        DhtSocket {
            options: DhtOptions {
                address: values.dht.address,
                port: values.dht.port.port,
                bootstrap: values.dht.bootstrap.clone(),
                known: Vec::new(),
                is_server: values.dht.server,
                request_timeout: Duration::from_millis(values.dht.request_timeout.0),
            },
            may_move_port: !values.dht.port.is_set,
            network: values.node.network.clone(),
            nodes_file: self.home.dht_nodes_file(),
        }
    }
}
