//! A node under test: a home folder, the process that runs in it, and its API.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::io::{Read as _, Seek as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use bitpie::api::access::Access;
use bitpie::api::answers::{
    Contact, Contacts, Message, MessageSent, MessageState, Messages, Peer, Peers, ServiceChange, Status,
};
use bitpie::api::hidden::Hidden;
use bitpie::api::methods::{
    AddContact, ExportMessages, GetId, GetMessage, GetStatus, ListContacts, ListPeers, MarkRead, Method, SendMessage,
    ShutDown, StartService, StopService,
};
use bitpie::api::socket::SOCKET_FILE;
use bitpie::client::{Connection, Failure};
use bitpie::home::Home;
use bitpie::identity::{IdentityKey, NodeId, key_file};
use bitpie::store::Store;
use tempfile::TempDir;

use super::replays;

/// After this a test has failed. The machine may be busy with other things.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// How often a condition is looked at that nobody tells of.
const LOOK_AGAIN: Duration = Duration::from_millis(30);

/// Ports for nodes that have to be found again after a restart: below those that systems give to outgoing connections.
const FIRST_PORT: u16 = 21_000;

/// How many of them.
const PORTS: u16 = 9_000;

/// Traces that a node keeps, at most: as many as it can be told to. Each start begins another, and all of them are
/// replayed.
const TRACE_FILES: &str = "1000";

/// Waits for a condition.
///
/// # Panics
/// If it has not come about by then.
#[track_caller]
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    until_within(DEADLINE, what, look)
}

/// Waits for a condition that takes longer to come about.
///
/// # Panics
/// If it has not come about by then.
#[track_caller]
pub fn until_within<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {} s: {what}", limit.as_secs());
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Waits until something is as it should be.
///
/// # Panics
/// If it is not by then, with what it is.
#[track_caller]
pub fn until_equal<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, mut look: impl FnMut() -> T) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let found = look();
        if found == *expected {
            return;
        }
        if Instant::now() >= deadline {
            assert_eq!(found, *expected, "{what}");
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// A port that is free, and that no other test of this run takes.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % u32::from(PORTS)).expect("it is small");
    loop {
        let offset = (u32::from(first) * 7 + u32::from(NEXT.fetch_add(1, Ordering::Relaxed))) % u32::from(PORTS);
        let port = FIRST_PORT + u16::try_from(offset).expect("it is small");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// A new folder, in memory where the system has such a place: it is processes that die here, and not the machine, so
/// nothing has to come to a disk, on which each commit would wait.
fn folder() -> TempDir {
    let in_memory = Path::new("/dev/shm");
    let mut private = tempfile::Builder::new();
    // A home is its user's alone.
    private.permissions(Permissions::from_mode(0o700));
    private.tempdir_in(in_memory).or_else(|_| private.tempdir()).expect("a folder")
}

/// A node: stopped or running.
pub struct Node {
    folder: TempDir,
    port: u16,
    config: Vec<(String, String)>,
    /// The file with the passphrase of its key, if that is encrypted.
    pub passphrase_file: Option<PathBuf>,
    /// More that is said to the program that runs it.
    pub run_arguments: Vec<String>,
    /// What starts the program, if it is not started by itself: a program and its first arguments.
    pub started_by: Vec<String>,
    running: Option<Running>,
    /// Traces that were being written to when a process did not end in order.
    cut_off: BTreeSet<PathBuf>,
}

struct Running {
    child: Child,
    access: Option<Access>,
}

impl Node {
    /// A home of the network `test`, at a port of its own, with an identity; its node does not run.
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// The same, with more settings, each as it stands in `config.toml`.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let port = free_port();
        let mut node = Self {
            folder: folder(),
            port,
            config: Vec::new(),
            passphrase_file: None,
            run_arguments: Vec::new(),
            started_by: Vec::new(),
            running: None,
            cut_off: BTreeSet::new(),
        };
        node.set("network", Some("\"test\""));
        node.set("log/level", Some("\"debug\""));
        node.set("traces/files", Some(TRACE_FILES));
        node.set("services/tcp-transport/address", Some("\"127.0.0.1\""));
        node.set("services/tcp-transport/port", Some(&port.to_string()));
        // What is true of one transport is tried by TCP; `ways.rs` tries the other, and both.
        for service in ["udp-connections", "udp-transport"] {
            node.set(&format!("services/{service}/enabled"), Some("false"));
        }
        node.set("services/udp-transport/address", Some("\"127.0.0.1\""));
        node.set("services/udp-transport/port", Some("0"));
        node.set("services/stun/address", Some("\"127.0.0.1\""));
        node.set("services/stun/port", Some("0"));
        node.set("api/http-port", Some("0"));
        node.set("api/ws-port", Some("0"));
        node.set("api/wt-port", Some("0"));
        // Nobody of the public DHT is ever asked by a test.
        node.set("services/entangled-dht/address", Some("\"127.0.0.1\""));
        node.set("services/entangled-dht/port", Some("0"));
        node.set("services/entangled-dht/bootstrap", Some("[]"));
        node.set("services/entangled-dht/request-timeout", Some("\"200ms\""));
        for (path, value) in settings {
            node.set(path, Some(value));
        }
        node
    }

    /// One that is to take the place of another, at its port: its home is another, and empty.
    pub fn in_place_of(other: &Self) -> Self {
        Self {
            folder: folder(),
            port: other.port,
            config: other.config.clone(),
            passphrase_file: None,
            run_arguments: other.run_arguments.clone(),
            started_by: other.started_by.clone(),
            running: None,
            cut_off: BTreeSet::new(),
        }
    }

    /// One that runs.
    pub fn started() -> Self {
        let mut node = Self::new();
        node.start();
        node
    }

    /// Changes a setting in the file, for the next start.
    pub fn set(&mut self, path: &str, value: Option<&str>) {
        self.config.retain(|(other, _)| other != path);
        self.config.extend(value.map(|value| (path.to_owned(), value.to_owned())));
        let mut text = String::new();
        for (path, value) in &self.config {
            writeln!(text, "{} = {value}", path.replace('/', ".")).expect("a text takes everything");
        }
        fs::write(self.home().join("config.toml"), text).expect("written");
    }

    /// Its home folder.
    pub fn home(&self) -> &Path {
        self.folder.path()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The program in this home.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_bitpie");
        let mut command = match self.started_by.split_first() {
            None => Command::new(program),
            Some((first, more)) => {
                let mut command = Command::new(first);
                command.args(more).arg(program);
                command
            }
        };
        command.arg("--home").arg(self.home()).args(arguments).stdin(Stdio::null());
        command
    }

    /// The program that runs its node.
    pub fn run_command(&self) -> Command {
        let mut command = self.command(&["run"]);
        // What is given back to the allocator goes back to the system (glibc, mallopt(3)), so that a node's memory is
        // what it needs.
        command
            .env("MALLOC_TRIM_THRESHOLD_", "65536")
            .env("MALLOC_MMAP_THRESHOLD_", "65536")
            .env("MALLOC_ARENA_MAX", "1");
        if let Some(file) = &self.passphrase_file {
            command.arg("--passphrase-file").arg(file);
        }
        command.args(&self.run_arguments);
        command
    }

    /// What a command prints.
    pub fn output(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("it can be run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8(output.stdout).expect("the program writes UTF-8")
    }

    /// What a command says that comes to nothing, and its exit code.
    pub fn complaint(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command(arguments).output().expect("it can be run");
        let said = String::from_utf8(output.stderr).expect("the program writes UTF-8");
        assert!(!output.status.success(), "{arguments:?} was done");
        assert_eq!(output.stdout, b"", "{arguments:?}: what went wrong is told, and nothing else");
        (output.status.code(), said)
    }

    /// Starts the process, and returns at once.
    pub fn spawn(&mut self) {
        assert!(self.running.is_none(), "it runs already");
        // What the one before left behind is not to be taken for the new one's.
        let _ = fs::remove_file(self.api_file());
        let log = File::options().create(true).append(true).open(self.said_file()).expect("a file");
        let child = self.run_command().stdout(Stdio::null()).stderr(log).spawn().expect("it can be run");
        self.running = Some(Running { child, access: None });
    }

    /// Starts it, and waits until its API answers.
    pub fn start(&mut self) {
        self.spawn();
        self.wait_until_it_answers();
    }

    /// Waits until its API answers.
    pub fn wait_until_it_answers(&mut self) {
        let (home, api) = (self.home().to_owned(), self.api_file());
        let running = self.running.as_mut().expect("it was started");
        let access = until("the node says where its API is", || {
            if let Some(status) = running.child.try_wait().expect("it is a child") {
                panic!("the node ended at once: {status}\n{}", tail(&home.join(SAID)));
            }
            api.exists().then(|| Access::read(&home).ok().flatten()).flatten()
        });
        running.access = Some(access);
        self.status();
    }

    /// Looks whether its API is there, and does not wait.
    pub fn look_for_api(&mut self) {
        let access = Access::read(self.home()).ok().flatten();
        let running = self.running.as_mut().expect("it was started");
        running.access = running.access.take().or(access);
    }

    /// The number of its process.
    pub fn process_id(&self) -> u32 {
        self.running.as_ref().expect("it runs").child.id()
    }

    /// Whether its API is known.
    pub fn has_api(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.access.is_some())
    }

    /// Starts it, and waits until it listens too.
    pub fn start_listening(&mut self) {
        self.start();
        self.until("it listens", |node| !node.call(&GetId {}).entrypoints.is_empty());
    }

    /// Stops it in order.
    pub fn stop(&mut self) {
        self.call(&ShutDown {});
        let status = self.wait();
        assert!(status.success(), "it ended with {status}");
    }

    /// As `kill -9`.
    pub fn kill(&mut self) {
        let mut running = self.running.take().expect("it runs");
        running.child.kill().expect("it runs");
        let status = running.child.wait().expect("it ends");
        self.ended(status);
    }

    /// Waits until it has ended by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let running = self.running.as_mut().expect("it runs");
        let status = until("the process ends", || running.child.try_wait().expect("it is a child"));
        self.ended(status);
        status
    }

    /// How it ended, if it has.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        let running = self.running.as_mut()?;
        let status = running.child.try_wait().expect("it is a child")?;
        self.ended(status);
        Some(status)
    }

    fn ended(&mut self, status: ExitStatus) {
        self.running = None;
        if !status.success() {
            self.cut_off.extend(replays::traces(self.home()).pop());
        }
    }

    /// Asks the API.
    #[track_caller]
    pub fn call<M: Method>(&self, parameters: &M) -> M::Answer {
        match self.ask(parameters) {
            Ok(answer) => answer,
            Err(error) => panic!("{}: {error}", M::NAME),
        }
    }

    /// Asks the API, which may say no, or not be there.
    pub fn ask<M: Method>(&self, parameters: &M) -> Result<M::Answer, String> {
        self.running.as_ref().and_then(|running| running.access.as_ref()).ok_or("it does not run")?;
        let answered = Connection::open(self.home()).and_then(|node| node.call(parameters));
        answered.map(|answered| answered.answer).map_err(|failure| match failure {
            Failure::Node(error) => format!("{:?}: {}", error.data.kind, error.message),
            other => other.to_string(),
        })
    }

    /// Sends bytes to the socket of its API, and leaves the connection as it is.
    pub fn say_to_api(&self, bytes: &[u8]) -> UnixStream {
        let mut stream = UnixStream::connect(self.home().join(SOCKET_FILE)).expect("somebody listens");
        stream.write_all(bytes).expect("it is taken");
        stream
    }

    /// Waits for a condition of this node.
    #[track_caller]
    pub fn until(&self, what: &str, mut look: impl FnMut(&Self) -> bool) {
        until(what, || look(self).then_some(()));
    }

    /// How it is.
    #[track_caller]
    pub fn status(&self) -> Status {
        self.call(&GetStatus {})
    }

    /// Its key, as it lies in its home.
    pub fn key(&self) -> IdentityKey {
        let text = Home::at(self.home()).read_key().expect("it can be read").expect("it is there");
        key_file::decode(&text, None).expect("it is a key")
    }

    /// Who it is; it makes its identity for that, if it has none yet.
    pub fn id(&mut self) -> NodeId {
        if Home::at(self.home()).read_key().expect("it can be read").is_none() {
            self.start();
            self.stop();
        }
        self.key().id()
    }

    /// Its address, as others get it.
    pub fn idurl(&mut self) -> String {
        self.idurl_at(self.address())
    }

    /// Its address, with another place than its own.
    pub fn idurl_at(&mut self, address: SocketAddr) -> String {
        format!("bitpie:{}?at=tcp://{address}", self.id())
    }

    /// Makes somebody a contact, under a name.
    #[track_caller]
    pub fn add(&self, idurl: &str, name: &str) -> Contact {
        let name = Some(name.parse().expect("a name"));
        self.call(&AddContact { idurl: Hidden(idurl.to_owned()), name, found_as: None }).contact
    }

    /// Somebody among the contacts and requests.
    pub fn contact(&self, id: NodeId) -> Option<Contact> {
        let Contacts { contacts, .. } = self.call(&ListContacts {});
        contacts.into_iter().find(|contact| contact.id == id)
    }

    /// Whether a contact is here.
    pub fn is_online(&self, id: NodeId) -> bool {
        self.contact(id).is_some_and(|contact| contact.online)
    }

    /// Waits until a contact is here.
    #[track_caller]
    pub fn until_online(&self, id: NodeId) {
        self.until("the contact is online", |node| node.is_online(id));
    }

    /// The numbers of its sessions that are ready with somebody.
    pub fn sessions_with(&self, id: NodeId) -> Vec<u64> {
        let Peers { peers } = self.call(&ListPeers {});
        let is_it = |peer: &Peer| peer.id == Some(id);
        let sessions = peers.into_iter().filter(is_it).filter_map(|peer| peer.session);
        sessions.filter(|session| session.state == "STEADY").map(|session| session.session).collect()
    }

    /// Sends a message; it is on disk when this returns.
    #[track_caller]
    pub fn send(&self, to: &str, text: &str) -> MessageSent {
        self.call(&SendMessage { to: to.to_owned(), text: Hidden(text.to_owned()), expires_ms: None })
    }

    /// One of its messages.
    #[track_caller]
    pub fn message(&self, id: &str) -> Message {
        self.call(&GetMessage { id: id.to_owned(), other_than: None, wait_ms: 0 })
    }

    /// Waits until a message of its user is in one of these states.
    #[track_caller]
    pub fn until_state(&self, id: &str, wanted: &[MessageState]) -> Message {
        let what = format!("message {id} is {wanted:?}");
        let mut message = self.message(id);
        until(&what, || {
            if !wanted.contains(&message.state) {
                let (id, other_than) = (id.to_owned(), Some(message.state));
                message = self.call(&GetMessage { id, other_than, wait_ms: 1_000 });
            }
            wanted.contains(&message.state).then(|| message.clone())
        })
    }

    /// Waits until a message has arrived, whether it was read or not.
    #[track_caller]
    pub fn until_delivered(&self, id: &str) -> Message {
        self.until_state(id, &[MessageState::Delivered, MessageState::Read])
    }

    /// Marks everything of somebody as read.
    pub fn mark_read(&self, with: &str) -> u64 {
        self.call(&MarkRead { with: with.to_owned(), up_to: None }).count
    }

    /// All its messages, the oldest first.
    pub fn all_messages(&self) -> Vec<Message> {
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let page: Messages = self.call(&ExportMessages { with: None, after, limit: 500 });
            all.extend(page.messages);
            match page.next {
                Some(next) => after = next,
                None => return all,
            }
        }
    }

    /// The texts of messages that came in, in the order in which they are shown.
    pub fn received(&self) -> Vec<String> {
        let incoming = |message: &Message| message.direction == bitpie::api::answers::Direction::Incoming;
        self.all_messages().into_iter().filter(incoming).map(|message| message.text.0).collect()
    }

    /// Starts a service.
    pub fn start_service(&self, name: &str) -> ServiceChange {
        self.call(&StartService { name: name.parse().expect("a name") })
    }

    /// Stops a service.
    pub fn stop_service(&self, name: &str) -> ServiceChange {
        self.call(&StopService { name: name.parse().expect("a name") })
    }

    /// How often it has refused others for that.
    pub fn refusals(&self, name: &str) -> u64 {
        self.status().counters.refusals.get(name).copied().unwrap_or(0)
    }

    /// How often others have refused it for that.
    pub fn refused_by_peers(&self, name: &str) -> u64 {
        self.status().counters.refused_by_peers.get(name).copied().unwrap_or(0)
    }

    /// What it has written to its terminal.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.said_file()).expect("it was started")).into_owned()
    }

    /// Bytes that its process has in memory for itself, if this system tells.
    pub fn resident_bytes(&self) -> Option<u64> {
        let process = self.running.as_ref().expect("it runs").child.id();
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        // Without the program's own pages, which come in when they are first needed.
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
        let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
        Some(kib * 1_024)
    }

    /// Its database, once the process has ended.
    pub fn store(&self) -> Store {
        assert!(self.running.is_none(), "the node has it");
        let home = Home::at(self.home());
        Store::open(&home.messages_database(), &home.peers_database()).expect("opened")
    }

    /// Nobody else can write to its database as long as this is there: the node's store stands still.
    pub fn hold_store(&self) -> rusqlite::Connection {
        let held = rusqlite::Connection::open(Home::at(self.home()).messages_database()).expect("it is there");
        held.busy_timeout(DEADLINE).expect("a time-out");
        held.execute_batch("BEGIN IMMEDIATE").expect("it is free now and then");
        held
    }

    /// Bytes of its trace.
    pub fn trace_bytes(&self) -> u64 {
        let traces = files_below(&self.home().join("traces"));
        traces.iter().map(|path| fs::metadata(path).map_or(0, |metadata| metadata.len())).sum()
    }

    /// All files in its home.
    pub fn files(&self) -> Vec<PathBuf> {
        files_below(self.home())
    }

    fn api_file(&self) -> PathBuf {
        self.home().join(bitpie::api::access::API_FILE)
    }

    fn said_file(&self) -> PathBuf {
        self.home().join(SAID)
    }
}

impl Drop for Node {
    /// Whatever a test was about: all that its nodes have recorded has to replay. A node that still runs is stopped in
    /// order, so that its trace is whole.
    fn drop(&mut self) {
        if std::thread::panicking() {
            if let Some(running) = &mut self.running {
                let _ = running.child.kill();
                let _ = running.child.wait();
            }
            eprintln!("---- what the node at {} said last ----\n{}", self.address(), tail(&self.said_file()));
            return;
        }
        if self.running.is_some() {
            self.look_for_api();
            if self.ask(&ShutDown {}).is_ok() {
                let status = self.wait();
                assert!(status.success(), "it ended with {status}");
            } else {
                self.kill();
            }
        }
        replays::demand(self.home(), &self.cut_off);
        // Unless the test is about what goes.
        if self.config.iter().any(|(path, value)| path == "traces/files" && value == TRACE_FILES) {
            replays::demand_all(self.home());
        }
    }
}

/// Everything that a node writes to its terminal.
const SAID: &str = "said.txt";

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("it can be read") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files
}

/// The end of a file, for a test that failed.
fn tail(path: &Path) -> String {
    const BYTES: u64 = 12_000;
    let mut text = Vec::new();
    if let Ok(mut file) = File::open(path) {
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let _ = file.seek(std::io::SeekFrom::Start(length.saturating_sub(BYTES)));
        let _ = file.read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Two nodes that have each other as contacts under the names `a` and `b`; neither runs.
pub fn pair() -> (Node, Node) {
    let (mut a, mut b) = (Node::new(), Node::new());
    acquaint(&mut a, &mut b);
    (a, b)
}

/// Makes two nodes contacts of each other, under the names `a` and `b`; afterwards neither runs.
pub fn acquaint(a: &mut Node, b: &mut Node) {
    let (a_url, b_url) = (a.idurl(), b.idurl());
    a.start();
    a.add(&b_url, "b");
    a.stop();
    b.start();
    b.add(&a_url, "a");
    b.stop();
}

/// Two contacts that run, and see each other.
pub fn pair_online() -> (Node, Node) {
    let (mut a, mut b) = (Node::started(), Node::started());
    a.add(&b.idurl(), "b");
    b.add(&a.idurl(), "a");
    until_both_online(&mut a, &mut b);
    (a, b)
}

/// Waits until both see each other.
#[track_caller]
pub fn until_both_online(a: &mut Node, b: &mut Node) {
    a.until_online(b.id());
    b.until_online(a.id());
}
