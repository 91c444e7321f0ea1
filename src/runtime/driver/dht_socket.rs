//! The socket of the DHT: opened with the nodes that answered the last time, which are written down for the next.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;

use crate::dht::{Bootstrap, Dht, DhtOptions, Directory};

/// Why a node does not open.
const SERVES_THE_PUBLIC: &str = "services/entangled-dht/server is for a DHT of one's own: name its nodes in services/entangled-dht/bootstrap, or switch it off";

/// Files of saved nodes are small.
const NODES_FILE_BYTES: u64 = 64 * 1024;

/// How long DNS may take.
const NAME_TIMEOUT: Duration = Duration::from_secs(5);

/// The port may be held for a moment by the DHT that was just closed.
const OPEN_ATTEMPTS: u32 = 5;

/// How the socket is to be opened.
pub(super) struct DhtSocket {
    pub(super) options: DhtOptions,
    pub(super) may_move_port: bool,
    pub(super) network: String,
    pub(super) nodes_file: PathBuf,
}

/// The DHT while its socket is open.
pub struct OpenDht {
    pub(super) directory: Directory,
    pub(super) address: SocketAddr,
    /// From whom it has heard of others; the settings may have changed since.
    bootstrap: Bootstrap,
    /// Names of those that could not be looked up when it was opened, and why.
    pub(super) names_missing: Option<String>,
    /// The default port, which was taken.
    gave_way: Option<(Ipv4Addr, u16)>,
    nodes_file: PathBuf,
}

impl DhtSocket {
    /// Opens it.
    pub(super) async fn open(self) -> Result<OpenDht, String> {
        let Self { options, may_move_port, network, nodes_file } = self;
        let wanted = (options.address, options.port);
        let (port, bootstrap, file) = (options.port, options.bootstrap.clone(), nodes_file.clone());
        let (entries, names_missing) = look_up(bootstrap.names()).await;
        let missing = names_missing.clone();
        let opened = tokio::task::spawn_blocking(move || {
            if serves_the_public(&options) {
                return Err(std::io::Error::other(SERVES_THE_PUBLIC));
            }
            let known = saved_nodes(&file, &options.bootstrap);
            if let Some(missing) = missing.filter(|_| entries.is_empty() && known.is_empty()) {
                return Err(std::io::Error::other(missing));
            }
            // As addresses: the library looks names up without a limit of time, and tells nobody of those that it does
            // not find.
            open(&DhtOptions { bootstrap: Bootstrap::Nodes(entries), known, ..options }, may_move_port)
        });
        let opened = opened.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        let dht = opened.map_err(|error| match error.kind() {
            std::io::ErrorKind::Other => error.to_string(),
            std::io::ErrorKind::AddrInUse => format!(
                "port {port} (UDP) is in use by another program: stop that, or choose another port; the setting is \
                 services/entangled-dht/port"
            ),
            std::io::ErrorKind::AddrNotAvailable => format!(
                "this machine has no address {}: choose one that it has, or 0.0.0.0 for all; the setting is \
                 services/entangled-dht/address",
                wanted.0
            ),
            _ => format!("port {port} (UDP): {error}; the setting is services/entangled-dht/port"),
        })?;
        let address: SocketAddr = dht.local_address().await.into();
        let gave_way = Some(wanted).filter(|(_, port)| *port != 0 && *port != address.port());
        let directory = Directory::new(dht, &network);
        Ok(OpenDht { directory, address, bootstrap, names_missing, gave_way, nodes_file })
    }
}

impl OpenDht {
    /// Whether the settings named nobody whom it could ask.
    pub(super) fn asks_nobody(&self) -> bool {
        matches!(&self.bootstrap, Bootstrap::Nodes(nodes) if nodes.is_empty())
    }

    /// Whether the default port was taken, and is free now.
    pub(super) fn could_have_its_port(&self) -> bool {
        self.gave_way.is_some_and(|wanted| UdpSocket::bind(wanted).is_ok())
    }

    /// Writes down which nodes answer, for the next start.
    pub(super) fn save_nodes(&self) -> impl Future<Output = ()> + use<> {
        let (directory, file, heading) = (self.directory.clone(), self.nodes_file.clone(), heading(&self.bootstrap));
        async move {
            let nodes = format!("{heading}\n{}\n", directory.dht().nodes().await.join("\n"));
            let saved = tokio::task::spawn_blocking(move || std::fs::write(file, nodes)).await;
            if let Ok(Err(error)) = saved {
                tracing::warn!(%error, "the nodes of the DHT cannot be written down for the next start");
            }
        }
    }
}

/// The addresses behind these names, and why some have none. A name is waited for no longer than the socket may take
/// to open, less what the port may take.
async fn look_up(names: Vec<String>) -> (Vec<String>, Option<String>) {
    let looked_up = names.iter().map(|name| async move {
        let found = timeout(NAME_TIMEOUT, tokio::net::lookup_host(name)).await;
        let found = found.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        found
            .map(|addresses| addresses.filter(SocketAddr::is_ipv4).map(|it| it.to_string()).collect::<Vec<_>>())
            .map_err(|error| (name, error))
    });
    let mut entries = Vec::new();
    let mut missing = Vec::new();
    for found in futures_util::future::join_all(looked_up).await {
        match found {
            Ok(addresses) => entries.extend(addresses),
            Err((name, error)) => missing.push((name.as_str(), error.to_string())),
        }
    }
    let missing = (!missing.is_empty())
        .then(|| format!("names in services/entangled-dht/bootstrap were not found: {}", by_reason(&missing)));
    (entries, missing)
}

/// Names, and why they were not found. Mostly the reason is the same for all, and is said once.
fn by_reason(missing: &[(&str, String)]) -> String {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, reason) in missing {
        match reasons.iter_mut().find(|(known, _)| known == reason) {
            Some((_, names)) => names.push(name),
            None => reasons.push((reason, vec![name])),
        }
    }
    let of_reason = |(reason, names): &(&str, Vec<&str>)| format!("{} ({reason})", names.join(", "));
    reasons.iter().map(of_reason).collect::<Vec<_>>().join("; ")
}

/// Opens the socket; a default port that is taken gives way to a free one.
fn open(options: &DhtOptions, may_move_port: bool) -> std::io::Result<Dht> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        match Dht::open(options) {
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && attempts < OPEN_ATTEMPTS => {
                std::thread::sleep(Duration::from_millis(50 << attempts));
            }
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && may_move_port => {
                tracing::warn!(%error, "the default port of services/entangled-dht/port gives way to a free one");
                return Dht::open(&DhtOptions { port: 0, ..options.clone() });
            }
            opened => return opened,
        }
    }
}

/// A node keeps records of others only in a DHT of one's own.
fn serves_the_public(options: &DhtOptions) -> bool {
    options.is_server && options.bootstrap == Bootstrap::Public
}

/// What the file of saved nodes begins with: those of one DHT are of no use in another, and are not to be asked.
fn heading(bootstrap: &Bootstrap) -> String {
    match bootstrap {
        Bootstrap::Public => "# the public DHT".to_owned(),
        Bootstrap::Nodes(nodes) => format!("# the DHT of {}", nodes.join(" ")),
    }
}

/// Nodes that answered the last time, in the same DHT.
fn saved_nodes(file: &Path, bootstrap: &Bootstrap) -> Vec<String> {
    use std::io::Read as _;
    let Ok(opened) = std::fs::File::open(file) else { return Vec::new() };
    let mut text = String::new();
    if opened.take(NODES_FILE_BYTES).read_to_string(&mut text).is_err() {
        return Vec::new();
    }
    let mut lines = text.lines();
    let is_alone = matches!(bootstrap, Bootstrap::Nodes(nodes) if nodes.is_empty());
    if is_alone || lines.next() != Some(&heading(bootstrap)) {
        return Vec::new();
    }
    let is_address = |line: &&str| line.parse::<std::net::SocketAddrV4>().is_ok();
    lines.filter(is_address).take(crate::dht::SAVED_NODES).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_dht_of_ones_own_is_served() {
        let ours = Bootstrap::Nodes(vec!["192.0.2.1:1".to_owned()]);
        let cases = [(Bootstrap::Public, true, true), (Bootstrap::Public, false, false), (ours, true, false)];
        for (bootstrap, is_server, expected) in cases {
            let options = DhtOptions {
                address: std::net::Ipv4Addr::LOCALHOST,
                port: 0,
                bootstrap,
                known: Vec::new(),
                is_server,
                request_timeout: Duration::from_secs(1),
            };
            assert_eq!(serves_the_public(&options), expected, "{options:?}");
        }
    }

    #[test]
    fn why_names_were_not_found_is_said_once_for_each_reason() {
        let no_dns = || "no such name".to_owned();
        let missing = [("a:1", no_dns()), ("b:2", "timed out".to_owned()), ("c:3", no_dns())];
        assert_eq!(by_reason(&missing), "a:1, c:3 (no such name); b:2 (timed out)");
    }

    #[test]
    fn nodes_of_one_dht_are_not_asked_in_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("nodes");
        let (ours, none) = (Bootstrap::Nodes(vec!["192.0.2.1:1".to_owned()]), Bootstrap::Nodes(Vec::new()));
        assert_eq!(saved_nodes(&file, &ours), [""; 0]);
        std::fs::write(&file, format!("{}\n192.0.2.7:7\nnonsense\n", heading(&ours))).expect("written");
        assert_eq!(saved_nodes(&file, &ours), ["192.0.2.7:7"]);
        for other in [Bootstrap::Public, none.clone(), Bootstrap::Nodes(vec!["192.0.2.2:1".to_owned()])] {
            assert_eq!(saved_nodes(&file, &other), [""; 0], "{other:?}");
        }
        std::fs::write(&file, format!("{}\n192.0.2.7:7\n", heading(&none))).expect("written");
        assert_eq!(saved_nodes(&file, &none), [""; 0], "who asks nobody asks nobody");
    }
}
