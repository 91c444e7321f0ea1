//! `bitpie run`: from a home folder to a node that runs, and back to rest.

use std::convert::Infallible;
use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::task::Poll;

use anyhow::Context as _;
use automata_runtime::Milliseconds;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};

use super::transports::TRANSPORTS;
use crate::api::access::Token;
use crate::api::answers;
use crate::api::bind::Bound;
use crate::api::desk::{Desk, Doors};
use crate::api::feeds::Feeds;
use crate::api::line::Shared;
use crate::api::methods::Call;
use crate::api::server::serve;
use crate::automata::system;
use crate::client::home_folder;
use crate::identity::{CLOCK_SKEW_MS, Entrypoint, NodeId, VerifiedDocument};
use crate::messages::{Contact, ContactState};
use crate::node::Node;
use crate::peers::KnownPeer;
use crate::store::{Store, StoreHandle, StoreThread};
use crate::transports::lan::{LanDiscovery, Ourselves};
use crate::transports::raise_descriptor_limit;
use crate::world::{Beginning, MappingRules, Places, RelayRules};

use super::api_file::ApiFile;
use super::databases;
use super::driver::{Driver, Keys, Network, Notices, OurIdentity, OurSettings, Parts, build};
use super::recording::{Recording, recorder};
use crate::home::clock::{Clock, unix_ms};
use crate::home::config::{Config, Settings};
use crate::home::entropy::random;
use crate::home::logging::{Log, LogOptions};
use crate::home::passphrase;
use crate::home::{Home, HomeLock, LOCK_PATIENCE};
use crate::runtime::whose::{self, KeyOptions, Taken};

/// Events of the local network that wait for the loop, at most. Those who tell them wait.
const LAN_EVENTS_WAITING: usize = 16;

/// Calls of the API that wait for the loop, at most.
const CALLS_WAITING: usize = 256;

/// How a node is run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// The home folder, if not the usual one.
    pub home: Option<PathBuf>,
    /// A file whose first line is the passphrase of the key.
    pub passphrase_file: Option<PathBuf>,
    /// From whom the node hears of others in the distributed hash table, instead of what its settings say; nothing to
    /// leave it at that.
    pub bootstrap: Vec<String>,
    /// Begin as somebody else where the key is lost.
    pub new_identity: bool,
}

/// The setting that [`RunOptions::bootstrap`] overrides for this run.
const DHT_BOOTSTRAP: &str = "services/entangled-dht/bootstrap";

/// A node that is about to run: everything that can go wrong at the start has not.
pub struct Started {
    home: Home,
    lock: HomeLock,
    keys: Keys,
    config: Config,
    settings: Settings,
    store: StoreHandle,
    thread: StoreThread,
    bound: Bound,
    calls: (mpsc::Sender<Call>, mpsc::Receiver<Call>),
    feeds: Feeds,
    is_recorded: bool,
    /// The way to the web page is shown on the terminal.
    is_link_shown: bool,
    /// The identity was made just now, or by a start that failed.
    is_new: bool,
    /// The database is damaged: nothing can be kept, so nothing is done that would have to be.
    is_damaged: bool,
    /// What the user should know of this start.
    notices: Vec<String>,
}

/// Runs a node until it is told to stop, by Ctrl-C, SIGTERM, SIGHUP or the API.
///
/// # Errors
/// What stood in the way, and what to do.
pub fn run(options: &RunOptions) -> anyhow::Result<ExitCode> {
    let home = Home::at(home_folder(options.home.as_deref())?);
    home.prepare()?;
    let mut config = Config::load(&home.config_file())?;
    if !options.bootstrap.is_empty() {
        config = config.for_this_run(DHT_BOOTSTRAP, &options.bootstrap.join(",")).context("--bootstrap")?;
    }
    let settings = Settings::of(&config)?;
    let log = Log::start(
        &LogOptions {
            level: settings.log.level.clone(),
            is_json: settings.log.format == "json",
            files: settings.log.files,
            to_terminal: true,
        },
        &home.log_folder(),
    )?;
    if let Some(point) = &settings.testing.abort_at {
        crate::abort_points::arm(point)?;
    }
    if raise_descriptor_limit().is_none() {
        tracing::warn!("the limit of open files stays as it is, and may be too low for all sessions");
    }
    // Before anybody is asked for a passphrase.
    whose::look(&home, options.new_identity)?;
    let passphrase = passphrase::for_key(&home, options.passphrase_file.as_deref())?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("the runtime cannot be started")?;
    runtime.block_on(async {
        let told = until_told();
        let is_encrypted = passphrase.is_some();
        let key = KeyOptions { passphrase, new_identity: options.new_identity };
        let started = Started::prepare(home, config, settings, &key)?;
        announce(&started, is_encrypted);
        started.with_link_shown().run(Some(log), told).await
    })?;
    Ok(ExitCode::SUCCESS)
}

fn announce(started: &Started, is_encrypted: bool) {
    for notice in &started.notices {
        eprintln!("Note: {notice}");
    }
    if started.is_new {
        eprintln!("A new identity was made: {}", started.keys.id());
        let key = started.home.key_file();
        let key = key.display();
        if is_encrypted {
            eprintln!("Its key is in {key}, encrypted with the passphrase; keep a backup: bitpie backup FILE");
        } else {
            eprintln!("Its key is in {key}; anybody who has that file can be you.");
            eprintln!("Keep a backup (bitpie backup FILE), and encrypt it if you like (bitpie passphrase set).");
        }
    }
    eprintln!(
        "The node runs. In another terminal: bitpie status, bitpie id, bitpie contact add ADDRESS, bitpie msg send NAME TEXT"
    );
    eprintln!("Ctrl-C stops it.");
}

/// Completes when the process is told to end: by Ctrl-C, SIGTERM, or because its terminal was closed (SIGHUP). From the
/// call on, none of these ends it in the midst of its work.
fn until_told() -> impl Future<Output = ()> {
    let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
    if !is_hangup_ignored() {
        kinds.push(SignalKind::hangup());
    }
    let mut told: Vec<Signal> = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
    async move {
        // If the system gives no signals at all, nobody tells.
        std::future::poll_fn(|context| {
            let is_told = told.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if is_told { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Whether whoever started this process wants it to outlive its terminal, as `nohup` does.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // SIGHUP is the first signal.
    ignored.is_some_and(|mask| mask & 1 != 0)
}

impl Started {
    /// Everything that can fail: the lock, the key, the database, the socket.
    ///
    /// # Errors
    /// What stood in the way, and what to do.
    pub fn prepare(home: Home, config: Config, settings: Settings, key: &KeyOptions) -> anyhow::Result<Self> {
        home.prepare()?;
        let lock = home.lock_within(LOCK_PATIENCE)?;
        // Before a new key is made: into a damaged database it could not be written whose home this is.
        let opened = key.new_identity.then(|| databases::open(&home)).transpose()?;
        if opened.as_ref().is_some_and(|(store, _)| store.is_read_only()) {
            anyhow::bail!(
                "the database of messages is damaged: `bitpie doctor --repair` saves what can be read into a new one; then \
                 `bitpie run --new-identity`"
            );
        }
        let taken = whose::take(&home, key)?;
        let (store, mut notices) = opened.map_or_else(|| databases::open(&home), Ok)?;
        let is_damaged = store.is_read_only();
        notices.extend(whose::settle(&home, &store, &taken, key.new_identity)?);
        let Taken { key, is_new } = taken;
        let keys = Keys::of(key);
        let bound = Bound::of_home(home.folder())?;
        let (store, thread) = StoreThread::start(store).context("the thread of the store cannot be started")?;
        let calls = mpsc::channel(CALLS_WAITING);
        let feeds = Feeds::default();
        Ok(Self {
            home,
            lock,
            keys,
            config,
            settings,
            store,
            thread,
            bound,
            calls,
            feeds,
            is_recorded: true,
            is_link_shown: false,
            is_new,
            is_damaged,
            notices,
        })
    }

    /// Who it is.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.keys.id()
    }

    /// Where a program that runs the node inside of itself leaves calls, with no socket in between.
    #[must_use]
    pub fn calls(&self) -> mpsc::Sender<Call> {
        self.calls.0.clone()
    }

    /// Is another number whenever messages, contacts or their states have changed.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.feeds.conversations()
    }

    /// Records no trace: for measuring what the trace costs, and for nothing else.
    #[must_use]
    pub fn without_trace(mut self) -> Self {
        self.is_recorded = false;
        self
    }

    /// Shows the way to the web page on the terminal, as soon as it is served.
    fn with_link_shown(mut self) -> Self {
        self.is_link_shown = true;
        self
    }

    /// Runs until `end`, and stops in order.
    ///
    /// # Errors
    /// What went wrong at the start.
    pub async fn run(self, log: Option<Log>, end: impl Future<Output = ()>) -> anyhow::Result<()> {
        let Self { home, lock, keys, config, settings, store, thread, bound, calls, feeds, is_recorded, .. } = self;
        let mut notices = Notices::default();
        self.notices.into_iter().for_each(|notice| notices.tell(notice));
        let token = Token::generate().context("the system gives no random bytes")?;
        let access = bound.access(&token);
        let (network, events, carried) = Network::open(&keys.identity, &settings);
        let me = keys.id();
        let (lan_events, near) = mpsc::channel(LAN_EVENTS_WAITING);
        let ourselves =
            Ourselves { id: me, network: settings.node.network.clone(), mdns_port: settings.testing.mdns_port.port };
        let lan = LanDiscovery::new(ourselves, lan_events);
        let (peers, contacts) = store.run(|store| Ok((store.peers()?, store.contacts()?))).await?;
        let own = keys.clone();
        let name = settings.identity.name.clone();
        let now = unix_ms();
        // There is always a document, so that whoever comes early can be told who we are.
        let built = store.run(move |store| {
            let published = published(store, &me)?;
            build(store, &own, name, published, Vec::new(), now)
        });
        let built = built.await?;
        if !self.is_damaged {
            // From this document on, the database says whose home it is.
            home.has_begun()?;
        }

        let mut beginning = beginning(&built.document, &settings, peers, &contacts);
        if self.is_damaged {
            beginning.enabled.clear();
        }
        let recording = Recording::open(&home.traces_folder(), &settings, &me, now, feeds.clone());
        let node = Node::new(beginning, automata_settings(&settings), recorder().filter(|_| is_recorded));

        let (calls, waiting_calls) = calls;
        let (end_api, api_ends) = watch::channel(false);
        let doors = Doors { token: token.clone(), calls, feeds, web_sessions: Arc::default() };
        let shared = Arc::new(Shared::new(Desk::new(doors, api_ends)));
        let lock = Arc::new(lock);
        let mut api_file = ApiFile::write(home.clone(), Arc::clone(&lock), access)?;
        let page = shared.desk.page.subscribe();
        let desk = Arc::clone(&shared.desk);
        let is_link_shown = self.is_link_shown;
        let api = tokio::spawn(serve(bound, Arc::clone(&shared)));

        let driver = Driver::new(Parts {
            node,
            clock: Clock::start(),
            recording,
            identity: OurIdentity { keys, document: built.document },
            settings: OurSettings { home: home.clone(), config, values: settings, log },
            network,
            lan,
            store,
            api: shared,
            is_damaged: self.is_damaged,
            notices,
        });
        let _log = tokio::select! {
            log = driver.run(events, carried, near, waiting_calls, end) => log,
            never = api_file.keep(page, &token) => match never {},
            never = show_link(&desk), if is_link_shown => match never {},
        };
        api_file.remove();
        let _ = end_api.send(true);
        let _ = api.await;
        tokio::task::spawn_blocking(move || thread.join()).await.context("the store cannot be closed")?;
        tracing::info!("stopped");
        drop(lock);
        Ok(())
    }
}

/// Shows the way to the web page once it is served.
async fn show_link(desk: &Desk) -> Infallible {
    let mut page = desk.page.subscribe();
    if page.wait_for(Option::is_some).await.is_ok()
        && let Ok(answers::WebLink { link }) = desk.web_link()
    {
        eprintln!("The web page: {}", link.0);
        eprintln!("(The address lets one browser in, once; `bitpie web` makes another.)");
    }
    std::future::pending().await
}

/// What the core begins with.
fn beginning(
    document: &VerifiedDocument,
    settings: &Settings,
    peers: Vec<KnownPeer>,
    contacts: &[Contact],
) -> Beginning {
    let accepted = contacts.iter().filter(|contact| contact.state == ContactState::Accepted);
    let refused = contacts.iter().filter(|contact| contact.state == ContactState::Blocked);
    Beginning {
        me: document.id(),
        chance: random(),
        enabled: settings.services.iter().filter(|(_, on)| **on).map(|(name, _)| name.clone()).collect(),
        refused: refused.map(|contact| contact.id).collect(),
        places: Places {
            inbound: settings.sessions.inbound,
            inbound_per_address: settings.sessions.inbound_per_address,
        },
        contacts: accepted.map(|contact| (contact.id, contact.hints.clone())).collect(),
        bootstrap: settings.tcp.bootstrap.iter().map(|peer| (peer.id, peer.at.clone())).collect(),
        peers,
        network: settings.node.network.clone(),
        is_private_network: settings.is_private_network(),
        usual_ports: TRANSPORTS.iter().map(|kind| (kind.transport_name(), kind.usual_port())).collect(),
        mapping_rules: MappingRules {
            is_private_network: settings.is_private_network(),
            in_private_networks: settings.port_mapping.own_networks,
        },
        relay_rules: RelayRules {
            circuits: settings.relay.circuits,
            circuits_per_peer: settings.relay.circuits_per_peer,
            friends_only: settings.relay.friends_only,
        },
        outgoing_limit: settings.sessions.outbound,
        nickname: settings.identity.name.clone(),
        document: document.as_bytes().into(),
        document_name: document.document().name.clone(),
    }
}

/// The parameters of automata that settings change.
fn automata_settings(settings: &Settings) -> system::Settings {
    let mut of_automata = system::Settings::default();
    let holder = &mut of_automata.nickname_holder;
    holder.check_interval = settings.testing.nickname_check;
    holder.settle_interval = holder.settle_interval.min(holder.check_interval);
    of_automata.contact_ratings.count_interval = settings.testing.count_interval;
    of_automata.dht_connector.look_interval = settings.testing.dht_look;
    let mapping = &mut of_automata.port_mapping;
    mapping.wanted_lifetime = settings.testing.mapping_lifetime;
    mapping.shortest_lifetime = mapping.shortest_lifetime.min(mapping.wanted_lifetime);
    of_automata.tcp_connection.handshake_timeout = settings.testing.handshake_timeout;
    of_automata.quic_connection.handshake_timeout = settings.testing.handshake_timeout;
    of_automata.peer_protocol.handshake_timeout = settings.testing.handshake_timeout;
    of_automata.peer_protocol.greatest_skew = Milliseconds(CLOCK_SKEW_MS);
    of_automata.peer_protocol.ping_interval = settings.testing.ping_interval;
    of_automata
}

/// Where our last document said that we can be reached.
fn published(store: &Store, me: &NodeId) -> Result<Vec<Entrypoint>, crate::store::StoreError> {
    let kept = store.document(me)?;
    let kept = kept.and_then(|kept| crate::identity::VerifiedDocument::verify_whenever(&kept.bytes).ok());
    Ok(kept.map(|document| document.document().contacts.to_vec()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::api::socket::SOCKET_FILE;
    use crate::home::config::Config;
    use crate::identity::{IdentityKey, key_file};
    use crate::runtime::transports::limits;
    use crate::transports::Limits;

    #[test]
    fn a_number_is_the_same_wherever_it_is_a_default() {
        let settings = Settings::of(&Config::default()).expect("the defaults are in order");
        assert_eq!(automata_settings(&settings), system::Settings::default());
        assert_eq!(limits(&settings), Limits::default());
    }

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("home"));
        home.prepare().expect("prepared");
        (folder, home)
    }

    /// Begins without services.
    fn prepare(home: &Home) -> anyhow::Result<Started> {
        let mut settings = Settings::of(&Config::default()).expect("the defaults are in order");
        settings.services.values_mut().for_each(|is_on| *is_on = false);
        Started::prepare(home.clone(), Config::default(), settings, &KeyOptions::default())
    }

    #[tokio::test]
    async fn a_first_start_that_fails_loses_no_history() {
        let (_folder, home) = home();
        // The first start ends as soon as the key is there, and then something is in the place of the socket.
        let in_the_way = home.folder().join(SOCKET_FILE);
        fs::create_dir(&in_the_way).expect("made");
        fs::write(in_the_way.join("x"), "").expect("written");
        let id = whose::take(&home, &KeyOptions::default()).expect("a key").key.id();
        for _ in 0..2 {
            let error = prepare(&home).map(drop).expect_err("in the way").to_string();
            assert!(error.contains(SOCKET_FILE), "{error}");
        }
        fs::remove_dir_all(&in_the_way).expect("removed");
        let started = prepare(&home).expect("nothing is in the way");
        assert!(started.is_new, "it is told who was made");
        assert_eq!(started.notices, [""; 0]);
        assert_eq!(started.id(), id);
        started.run(None, std::future::ready(())).await.expect("it ran");
        // From then on a lost history is one.
        assert!(!prepare(&home).expect("in order").is_new);
        std::fs::remove_dir_all(home.messages_folder()).expect("removed");
        let again = prepare(&home).expect("it starts");
        assert!(!again.is_new);
        assert!(again.notices.iter().any(|notice| notice.contains("no history")), "{:?}", again.notices);
    }

    #[test]
    fn an_older_key_beside_a_start_that_failed_is_not_taken_for_the_new_one() {
        let (_folder, home) = home();
        let in_the_way = home.folder().join(SOCKET_FILE);
        fs::create_dir(&in_the_way).expect("made");
        fs::write(in_the_way.join("x"), "").expect("written");
        prepare(&home).map(drop).expect_err("in the way");
        fs::remove_dir_all(&in_the_way).expect("removed");
        home.replace_key(&key_file::encode_plain(&IdentityKey::from_seed(&[7; 32]))).expect("written");
        let started = prepare(&home).expect("nothing is in the way");
        assert!(!started.is_new);
        assert!(started.notices.iter().any(|notice| notice.contains("no history")), "{:?}", started.notices);
    }
}
