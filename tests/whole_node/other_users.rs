//! Other users of the machine: they do not get at what a node keeps, nor at its API, nor can they keep its user out of
//! it; and a second node does not get into the home of one that runs.

use std::fs::{self, Permissions};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bitpie::api::access::{API_FILE, Access};
use bitpie::api::methods::GetNodeInfo;
use bitpie::api::socket::SOCKET_FILE;
use bitpie::home::Home;
use rustix::process::geteuid;
use serde_json::Value;

use super::nodes::{Node, until};

/// Somebody whom every system knows, and who has nothing.
const NOBODY: u32 = 65_534;

/// What a helper process is told by.
const SOCKET_VARIABLE: &str = "BITPIE_TEST_SOCKET";

/// Everything below a folder, the folder itself included.
fn everything_below(folder: &Path, found: &mut Vec<PathBuf>) {
    found.push(folder.to_owned());
    for entry in fs::read_dir(folder).expect("it can be read") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() { everything_below(&path, found) } else { found.push(path) }
    }
}

#[test]
fn whatever_a_node_makes_is_for_its_user_alone_whatever_the_umask() {
    let mut node = Node::new();
    // Said to the terminal, by the test and not by the node.
    let not_its = [node.home().join("config.toml"), node.home().join("said.txt")];
    node.started_by = ["/bin/sh", "-c", "umask 0; exec \"$0\" \"$@\""].map(str::to_owned).to_vec();
    node.start();
    node.output(&["config", "set", "identity/name", "alice"]);
    let mut found = Vec::new();
    everything_below(node.home(), &mut found);
    assert!(found.len() > 10, "{found:?}");
    for path in found.iter().filter(|path| !not_its.contains(path)) {
        let mode = path.symlink_metadata().expect("it is there").mode();
        assert_eq!(mode & 0o077, 0, "{} (mode {mode:04o})", path.display());
    }
    let socket = node.home().join(SOCKET_FILE).symlink_metadata().expect("it is there");
    assert!(socket.file_type().is_socket());
}

#[test]
fn a_home_or_a_secret_that_others_can_get_at_is_refused_with_the_command_that_helps() {
    let mut node = Node::started();
    node.stop();
    let passphrase = node.home().join("passphrase.txt");
    fs::write(&passphrase, "correct horse\n").expect("written");
    let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
    set(&passphrase, 0o600);
    let (home, key) = (node.home().to_owned(), Home::at(node.home()).key_file());
    let messages = Home::at(node.home()).messages_folder();
    let cases = [
        (home.clone(), 0o755, 0o700),
        (messages, 0o710, 0o700),
        (key, 0o640, 0o600),
        (passphrase.clone(), 0o604, 0o600),
    ];
    for (path, open, private) in cases {
        set(&path, open);
        node.passphrase_file = (path == passphrase).then(|| passphrase.clone());
        let output = node.run_command().output().expect("it can be run");
        let said = String::from_utf8(output.stderr).expect("the program writes UTF-8");
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("chmod {private:o} '{}'", path.display())), "{said}");
        set(&path, private);
    }
    // The commands that need no node as well.
    set(&home, 0o750);
    for arguments in [&["id"][..], &["backup", "/tmp/never-written"], &["passphrase", "remove"]] {
        let (code, said) = node.complaint(arguments);
        assert!(code == Some(2) && said.contains("chmod 700"), "{arguments:?}: {said}");
    }
    set(&home, 0o700);
    node.passphrase_file = None;
    node.start();
}

#[test]
fn a_file_in_the_place_of_a_folder_of_the_home_is_named_by_the_start_and_by_doctor() {
    let mut node = Node::started();
    node.stop();
    let messages = Home::at(node.home()).messages_folder();
    let aside = node.home().with_extension("aside");
    fs::rename(&messages, &aside).expect("moved");
    fs::write(&messages, "no folder").expect("written");
    let output = node.run_command().output().expect("it can be run");
    let said = String::from_utf8(output.stderr).expect("the program writes UTF-8");
    let expected = format!("{} is not a folder: a file is in its place", messages.display());
    assert!(output.status.code() == Some(2) && said.contains(&expected), "{said}");
    let doctor = node.command(&["doctor"]).output().expect("it can be run");
    let said = String::from_utf8(doctor.stdout).expect("the program writes UTF-8");
    assert!(said.contains(&expected) && said.contains("move it away"), "{said}");
    fs::remove_file(&messages).expect("removed");
    fs::rename(&aside, &messages).expect("moved back");
    node.start();
}

#[test]
fn a_node_without_the_service_has_no_port_for_its_api_and_no_token() {
    let mut node = Node::with(&[
        ("services/http-api/enabled", "false"),
        ("services/websocket-api/enabled", "false"),
        ("services/webtransport-api/enabled", "false"),
    ]);
    node.start();
    let access = Access::read(node.home()).expect("it can be read").expect("it runs");
    assert!(access.socket.is_some() && access.http.is_none());
    assert_eq!(access.process, node.process_id());
    assert!(!fs::read_to_string(node.home().join(API_FILE)).expect("it is there").contains("token"));
    assert!(node.call(&GetNodeInfo {}).api.is_empty());
}

/// What `api.json` says, as soon as it names the port of HTTP.
fn access_by_port(node: &Node) -> Access {
    until("api.json names the port", || {
        Access::read(node.home()).expect("it can be read").filter(|access| access.http.is_some())
    })
}

#[test]
fn idle_connections_of_others_keep_nobody_waiting() {
    let mut node = Node::with(&[("api/http-port", "0")]);
    node.start();
    let access = access_by_port(&node);
    let http = access.http.clone().expect("it is there");
    let connect = |_| TcpStream::connect(http.address).expect("it listens");
    let _idle: Vec<TcpStream> = (0..190).map(connect).collect();
    let ask = |node: &Node| {
        let began = Instant::now();
        assert!(node.output(&["id"]).contains("bitpie:"));
        assert!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
    };
    ask(&node);
    // The same for whoever has to use the port.
    let path = node.home().join(API_FILE);
    fs::write(&path, Access { socket: None, ..access.clone() }.to_text()).expect("it is ours");
    ask(&node);
    fs::write(&path, access.to_text()).expect("it is ours");
}

#[test]
fn what_a_killed_node_left_behind_is_replaced_and_a_second_node_is_refused() {
    let mut node = Node::started();
    node.kill();
    assert!(node.home().join(SOCKET_FILE).exists(), "nobody could remove it");
    let (code, said) = node.complaint(&["status"]);
    assert!(code == Some(3) && said.contains("is gone"), "{said}");
    // Nothing has to be done about it, so it is no fault.
    let doctor = node.command(&["doctor", "--json"]).output().expect("it can be run");
    let found: Value = serde_json::from_slice(&doctor.stdout).expect("JSON");
    let checks = found["checks"].as_array().expect("a list");
    let left = checks.iter().find(|check| check["name"] == API_FILE).expect("there is such a check");
    assert_eq!(left["verdict"], "skipped", "{left}");
    assert!(left["said"].as_str().is_some_and(|said| said.contains("nothing has to be done")), "{left}");
    node.start();
    let refused = |node: &Node| {
        let output = node.run_command().output().expect("it can be run");
        let said = String::from_utf8(output.stderr).expect("the program writes UTF-8");
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("is in use by"), "{said}");
        node.status();
        said
    };
    let said = refused(&node);
    assert!(said.contains(&format!("the process {}", node.process_id())), "{said}");
    // Whoever deletes files of the home takes it away from nobody.
    fs::remove_file(Home::at(node.home()).lock_file()).expect("it is there");
    refused(&node);
    // And in order it leaves nothing behind.
    node.stop();
    assert!(!node.home().join(SOCKET_FILE).exists() && !node.home().join(API_FILE).exists());
}

/// A node that runs in a home that is not one of [`Node`]'s; it goes with this.
struct Elsewhere(Child);

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_home_with_a_long_path_is_as_good_as_another() {
    let like = Node::new();
    let home = like.home().join("a".repeat(100)).join("b".repeat(100));
    fs::create_dir_all(&home).expect("made");
    fs::set_permissions(&home, Permissions::from_mode(0o700)).expect("it is ours");
    fs::copy(like.home().join("config.toml"), home.join("config.toml")).expect("copied");
    let bitpie = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bitpie"));
        command.arg("--home").arg(&home).args(arguments).stdin(Stdio::null());
        command
    };
    let child = bitpie(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it can be run");
    let mut node = Elsewhere(child);
    until("its API is there", || home.join(API_FILE).exists().then_some(()));
    let output = bitpie(&["status", "--json"]).output().expect("it can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(bitpie(&["stop"]).output().expect("it can be run").status.success());
    let ended = until("it ends", || node.0.try_wait().expect("it is a child"));
    assert!(ended.success() && !home.join(SOCKET_FILE).exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_node_leaves_no_core_dump_and_shows_its_memory_to_nobody() {
    let node = Node::started();
    let process = Path::new("/proc").join(node.process_id().to_string());
    let limits = fs::read_to_string(process.join("limits")).expect("it runs");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("there is such a limit");
    let figures: Vec<&str> = core.trim_start_matches("Max core file size").split_whitespace().take(2).collect();
    assert_eq!(figures, ["0", "0"]);
    // What may not be dumped belongs to root there, and no program of the user can open it.
    assert_eq!(fs::metadata(process.join("mem")).expect("it runs").uid(), 0);
}

/// As a unit of systemd with `LimitMEMLOCK=infinity` starts it.
#[cfg(target_os = "linux")]
#[test]
fn a_node_that_may_lock_all_of_its_memory_does_and_another_works_without() {
    let locked_kib = |node: &Node| -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", node.process_id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).expect("it is told");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    };
    let mut node = Node::new();
    let with_limit =
        |limit: &str| ["/bin/sh", "-c", &format!("ulimit -l {limit} && exec \"$0\" \"$@\"")].map(str::to_owned);
    node.started_by = with_limit("64").to_vec();
    node.start();
    assert_eq!(locked_kib(&node), 0);
    node.stop();
    let may_raise = Command::new("/bin/sh").args(["-c", "ulimit -l unlimited"]).stderr(Stdio::null()).status();
    if !may_raise.is_ok_and(|status| status.success()) {
        eprintln!("left out: the limit of locked memory cannot be raised here");
        return;
    }
    node.started_by = with_limit("unlimited").to_vec();
    node.start();
    assert!(locked_kib(&node) > 1024, "{} KiB", locked_kib(&node));
}

/// The last door, were the folder open: whoever is somebody else is not listened to.
#[cfg(target_os = "linux")]
#[test]
fn another_user_who_reaches_the_socket_is_not_listened_to() {
    if !geteuid().is_root() {
        eprintln!("left out: only root can be somebody else");
        return;
    }
    let node = Node::started();
    let socket = node.home().join(SOCKET_FILE);
    let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
    set(node.home(), 0o755);
    set(&socket, 0o666);
    let somebody = |user: u32| {
        let mut command = Command::new(std::env::current_exe().expect("it runs"));
        command.args(["--exact", "other_users::somebody_at_the_socket", "--ignored", "--nocapture"]);
        command.env(SOCKET_VARIABLE, &socket).uid(user).stdin(Stdio::null()).output()
    };
    let found = [0, NOBODY].map(somebody);
    set(node.home(), 0o700);
    let [own, other] = found;
    let heard = |output: &[u8]| String::from_utf8_lossy(output).into_owned();
    assert!(heard(&own.expect("it is this program").stdout).contains("heard: HTTP/1.1 200"));
    match other {
        // Where this program lies, nobody else can get at it.
        Err(error) => eprintln!("left out: {error}"),
        Ok(output) => {
            let heard = heard(&output.stdout);
            assert!(!heard.contains("heard: HTTP") && heard.contains("heard: "), "{heard}");
        }
    }
    node.status();
}

/// Not a test: what runs as somebody else in the one before.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "it is run by another test"]
fn somebody_at_the_socket() {
    let Some(path) = std::env::var_os(SOCKET_VARIABLE) else { return };
    let mut stream = UnixStream::connect(path).expect("it is open to everybody");
    let mut heard = String::new();
    let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let _ = stream.read_to_string(&mut heard);
    println!("heard: {heard}");
}
