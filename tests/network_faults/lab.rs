//! Machines in network namespaces of their own, at one switch. Everything is gone when the test is, however it ends: a
//! namespace lives as long as a process that reads from the test.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// After this a test has failed. A dead session is noticed within 80 s.
const DEADLINE: Duration = Duration::from_secs(150);

const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Waits for a condition.
#[track_caller]
pub fn until(what: &str, holds: impl FnMut() -> bool) {
    assert!(within(DEADLINE, holds), "not within {} s: {what}", DEADLINE.as_secs());
}

/// Waits for a condition, so long at most, and tells whether it holds.
pub fn within(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while !holds() {
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    true
}

/// A network namespace.
pub struct Namespace {
    /// It reads what never comes; when the test ends, so does it.
    keeper: Child,
}

impl Namespace {
    /// A new one; nothing where that is not allowed.
    pub fn new() -> Option<Self> {
        let keeper = Command::new("unshare")
            .args(["--net", "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut namespace = Self { keeper };
        let ours = fs::read_link("/proc/self/ns/net").ok()?;
        let deadline = Instant::now() + Duration::from_secs(5);
        // It is there when the program that makes it has turned into the one that keeps it.
        while namespace.keeper.try_wait().ok()?.is_none() && Instant::now() < deadline {
            let theirs = fs::read_link(format!("/proc/{}/ns/net", namespace.keeper.id()));
            if theirs.is_ok_and(|theirs| theirs != ours) {
                namespace.ip(&["link", "set", "lo", "up"]).then_some(())?;
                return Some(namespace);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }

    fn id(&self) -> u32 {
        self.keeper.id()
    }

    /// The file by which a thread enters it.
    pub fn entrance(&self) -> PathBuf {
        format!("/proc/{}/ns/net", self.id()).into()
    }

    /// A program in this namespace.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.entrance().display())).arg(program).stdin(Stdio::null());
        command
    }

    /// Gives its firewall these rules of nftables.
    #[track_caller]
    pub fn nft(&self, rules: &str) {
        let mut nft = self.command("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn().expect("nft was there");
        nft.stdin.take().expect("it is piped").write_all(rules.as_bytes()).expect("written");
        assert!(nft.wait().expect("it ends").success(), "{rules}");
    }

    /// Whether `ip` has done that.
    fn ip(&self, arguments: &[&str]) -> bool {
        let output = self.command("ip").args(arguments).output();
        output.is_ok_and(|output| output.status.success())
    }

    /// The same; the test fails if it has not.
    #[track_caller]
    pub fn must(&self, arguments: &[&str]) {
        assert!(self.ip(arguments), "{arguments:?}");
    }

    /// Writes a file of /proc as it is there.
    pub fn write(&self, path: &str, text: &str) {
        fs_in(self, path, text);
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

/// A switch, and where its machines are made.
pub struct Lab {
    switch: Namespace,
    /// The port of whoever carries the DHT.
    pub dht_port: u16,
    machines: AtomicU32,
}

impl Lab {
    /// A switch with the address 10.77.0.1. Nothing where namespaces cannot be made, which is told.
    pub fn new(test: &str) -> Option<Self> {
        let made = || {
            let switch = Namespace::new()?;
            let is_made = switch.ip(&["link", "add", "br0", "type", "bridge"])
                && switch.ip(&["link", "set", "br0", "up"])
                && switch.ip(&["address", "add", "10.77.0.1/16", "dev", "br0"]);
            is_made.then_some(Self { switch, dht_port: 6_881, machines: AtomicU32::new(0) })
        };
        let lab = if cfg!(target_os = "linux") { made() } else { None };
        if lab.is_none() {
            eprintln!("{test} was left out: network namespaces want Linux, root, `unshare`, `nsenter` and `ip`");
        }
        lab
    }

    /// Where all cables come together.
    pub fn switch(&self) -> &Namespace {
        &self.switch
    }

    /// A machine at the switch, with a cable and no address.
    pub fn machine(&self, name: &str, settings: &[(&str, String)]) -> Machine {
        let namespace = Namespace::new().expect("the first could be made");
        let port = self.plug(&namespace, "eth0");
        Machine::new(name, namespace, self.switch.id(), port, settings)
    }

    /// A cable from the switch to an interface of that name; tells the port of the switch.
    pub fn plug(&self, namespace: &Namespace, interface: &str) -> String {
        let port = format!("to{}", self.machines.fetch_add(1, Ordering::Relaxed));
        cable(namespace, interface, &self.switch, &port);
        self.switch.must(&["link", "set", &port, "master", "br0"]);
        port
    }

    /// A machine that is joined to an interface of another one, and not to the switch.
    pub fn machine_behind(&self, router: &Namespace, at: &str, name: &str, settings: &[(&str, String)]) -> Machine {
        let namespace = Namespace::new().expect("the first could be made");
        cable(&namespace, "eth0", router, at);
        Machine::new(name, namespace, self.switch.id(), String::new(), settings)
    }

    /// A node in the namespace of the switch.
    pub fn machine_at_the_switch(&self, name: &str, settings: &[(&str, String)]) -> Machine {
        self.beside(&self.switch, name, settings)
    }

    /// A second node on a machine.
    pub fn second_on(&self, machine: &Machine, name: &str, settings: &[(&str, String)]) -> Machine {
        self.beside(&machine.namespace, name, settings)
    }

    fn beside(&self, other: &Namespace, name: &str, settings: &[(&str, String)]) -> Machine {
        let keeper = Command::new("nsenter")
            .args([&format!("--net=/proc/{}/ns/net", other.id()), "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("it can be entered");
        let namespace = Namespace { keeper };
        until("it is entered", || {
            let of = |id: u32| fs::read_link(format!("/proc/{id}/ns/net")).ok();
            of(namespace.id()) == of(other.id())
        });
        Machine::new(name, namespace, self.switch.id(), String::new(), settings)
    }

    /// A node at the switch that keeps and answers what is in the DHT.
    pub fn carry_dht(&self) -> Machine {
        let settings = [
            ("services/entangled-dht/server", "true".to_owned()),
            ("services/entangled-dht/bootstrap", format!("[\"10.77.0.1:{}\"]", self.dht_port)),
            ("services/entangled-dht/port", self.dht_port.to_string()),
        ];
        let mut machine = self.machine_at_the_switch("dht", &settings);
        machine.start();
        until("the DHT is there", || machine.status()["dht"]["listening"].is_string());
        machine
    }
}

/// A cable between two interfaces that it makes.
pub fn cable(one: &Namespace, interface: &str, other: &Namespace, port: &str) {
    let (here, there) = (one.id().to_string(), other.id().to_string());
    one.must(&["link", "add", interface, "netns", &here, "type", "veth", "peer", "name", port, "netns", &there]);
    other.must(&["link", "set", port, "up"]);
    // An address of IPv6 is usable at once.
    fs_in(one, &format!("/proc/sys/net/ipv6/conf/{interface}/accept_dad"), "0");
    one.must(&["link", "set", interface, "up"]);
}

/// Writes a file of /proc as it is in that namespace.
fn fs_in(namespace: &Namespace, path: &str, text: &str) {
    let command = format!("echo {text} > {path}");
    let _ = namespace.command("sh").args(["-c", &command]).status();
}

/// A machine, and a node on it.
pub struct Machine {
    namespace: Namespace,
    switch: u32,
    port: String,
    home: TempDir,
    node: Option<Child>,
}

impl Machine {
    fn new(name: &str, namespace: Namespace, switch: u32, port: String, settings: &[(&str, String)]) -> Self {
        let ours = fs::Permissions::from_mode(0o700);
        let home = tempfile::Builder::new().prefix(name).permissions(ours).tempdir().expect("a folder");
        let mut text = String::new();
        let usual = [
            ("network", "\"test\"".to_owned()),
            ("log/level", "\"debug\"".to_owned()),
            ("api/http-port", "0".to_owned()),
            ("services/entangled-dht/bootstrap", "[]".to_owned()),
            ("services/entangled-dht/request-timeout", "\"500ms\"".to_owned()),
        ];
        let is_set = |path: &str| settings.iter().any(|(other, _)| *other == path);
        for (path, value) in usual.iter().filter(|(path, _)| !is_set(path)).chain(settings) {
            text.push_str(&format!("{} = {value}\n", path.replace('/', ".")));
        }
        fs::write(home.path().join("config.toml"), text).expect("written");
        fs::write(home.path().join("hosts"), "127.0.0.1 localhost\n").expect("written");
        fs::write(home.path().join("resolv.conf"), "nameserver 127.0.0.1\n").expect("written");
        Self { namespace, switch, port, home, node: None }
    }

    /// The program in this home. It has names of its own, and nobody to ask for others.
    fn bitpie(&self, arguments: &[&str]) -> Command {
        let mut command = self.namespace.command("unshare");
        let bind = |file: &str| format!("mount --bind {}/{file} /etc/{file}", self.home.path().display());
        let script = format!("{} && {} && exec \"$0\" \"$@\"", bind("hosts"), bind("resolv.conf"));
        command.args(["--mount", "sh", "-c", &script, env!("CARGO_BIN_EXE_bitpie")]);
        command.arg("--home").arg(self.home.path()).args(arguments);
        command
    }

    /// Where it is in the network.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The home folder of its node.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Asks its node, as JSON; nothing if it does not answer. That goes by a file in its home, so it costs less than a
    /// command in its namespace.
    pub fn ask(&self, arguments: &[&str]) -> Option<Value> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bitpie"));
        let output = command.arg("--home").arg(self.home()).args(arguments).arg("--json").output().ok()?;
        output.status.success().then(|| serde_json::from_slice(&output.stdout).ok()).flatten()
    }

    /// Starts its node.
    pub fn start(&mut self) {
        let said = File::create(self.said_file()).expect("a file");
        let mut command = self.bitpie(&["run"]);
        command.stdout(Stdio::null()).stderr(said).process_group(0);
        self.node = Some(command.spawn().expect("it can be run"));
        until("it answers", || self.try_run(&["status", "--json"]).is_some());
    }

    /// Ends its node; the machine is still there.
    pub fn stop(&mut self) {
        if let Some(mut node) = self.node.take() {
            let _ = node.kill();
            let _ = node.wait();
        }
    }

    fn said_file(&self) -> PathBuf {
        self.home.path().join("said")
    }

    /// What its node has said on the terminal.
    pub fn said(&self) -> String {
        let mut text = String::new();
        let _ = File::open(self.said_file()).and_then(|mut file| file.read_to_string(&mut text));
        text
    }

    /// What a command prints, if it succeeds.
    pub fn try_run(&self, arguments: &[&str]) -> Option<String> {
        let output = self.bitpie(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// What a command prints.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.bitpie(arguments).output().expect("it can be run");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// How its node is.
    pub fn status(&self) -> Value {
        serde_json::from_str(&self.run(&["status", "--json"])).expect("JSON")
    }

    /// What its services say.
    pub fn services(&self) -> String {
        self.run(&["service", "list"]).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What `doctor` finds, well or not.
    pub fn doctor(&self) -> String {
        let output = self.bitpie(&["doctor"]).output().expect("it can be run");
        String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Its address, as `bitpie id` prints it.
    pub fn id(&self) -> String {
        self.run(&["id"]).lines().next().unwrap_or_default().to_owned()
    }

    /// Sends a message, and tells which it is.
    pub fn send(&self, to: &str) -> String {
        let sent: Value = serde_json::from_str(&self.run(&["msg", "send", to, "hello", "--json"])).expect("JSON");
        sent["id"].as_str().expect("a message has an id").to_owned()
    }

    /// Whether it has arrived.
    pub fn is_delivered(&self, message: &str) -> bool {
        let listed = self.run(&["msg", "list", "--json"]);
        let messages: Value = serde_json::from_str(&listed).expect("JSON");
        let all = messages["messages"].as_array().expect("a list");
        all.iter().any(|of| of["id"] == message && ["delivered", "read"].contains(&of["state"].as_str().unwrap_or("")))
    }

    /// Notes in the log that something begins.
    pub fn mark(&mut self) {
        let _ = self.run(&["status"]);
    }

    /// One more address.
    pub fn address(&self, address: &str) {
        assert!(self.namespace.ip(&["address", "add", address, "dev", "eth0"]), "{address}");
        self.way_out();
    }

    /// Its way out is by the switch.
    pub fn way_out(&self) {
        let _ = self.namespace.ip(&["route", "replace", "default", "via", "10.77.0.1"]);
    }

    /// One more address, and the way out is by somebody.
    pub fn address_by(&self, address: &str, gateway: &str) {
        self.namespace.must(&["address", "add", address, "dev", "eth0"]);
        self.way_out_by(gateway);
    }

    /// Its way out is by somebody.
    pub fn way_out_by(&self, gateway: &str) {
        self.namespace.must(&["route", "replace", "default", "via", gateway]);
    }

    /// Ends its node in order.
    pub fn end(&mut self) {
        self.run(&["stop"]);
        let mut node = self.node.take().expect("it runs");
        until("it has ended", || node.try_wait().expect("it is ours").is_some());
    }

    /// It has another address from now on.
    pub fn move_to(&self, from: &str, to: &str) {
        assert!(self.namespace.ip(&["address", "del", from, "dev", "eth0"]), "{from}");
        self.address(to);
    }

    /// Its link is put up or down.
    pub fn link(&self, state: &str) {
        assert!(self.namespace.ip(&["link", "set", "eth0", state]), "{state}");
    }

    /// Packets of it vanish, though its link is up.
    pub fn unplug_at_the_switch(&self) {
        self.at_the_switch(&["link", "set", &self.port, "nomaster"]);
    }

    /// They come through again.
    pub fn plug_in_at_the_switch(&self) {
        self.at_the_switch(&["link", "set", &self.port, "master", "br0"]);
    }

    fn at_the_switch(&self, arguments: &[&str]) {
        let entered = format!("--net=/proc/{}/ns/net", self.switch);
        let done = Command::new("nsenter").arg(entered).arg("ip").args(arguments).status();
        assert!(done.is_ok_and(|status| status.success()), "{arguments:?}");
    }

    /// That name has an address from now on.
    pub fn knows(&self, name: &str, address: &str) {
        // In place, since the file itself is what the node sees as /etc/hosts.
        fs::write(self.hosts_file(), format!("127.0.0.1 localhost\n{address} {name}\n")).expect("written");
    }

    fn hosts_file(&self) -> PathBuf {
        Path::new(self.home.path()).join("hosts")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.stop();
    }
}
