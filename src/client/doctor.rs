//! `bitpie doctor`: a list of checks, each with what it found and what to do about it. They change nothing;
//! `--repair` saves what can be read of a damaged database.

use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};
use std::path::Path;

use serde::Serialize;

pub use super::check::{Check, Finding, Patient, Verdict};
use super::duration::when;
use super::failure::{Failure, told};
use super::health::JUDGES;
use super::terminal::{ADVICE, BAD, FAINT, GOOD, ODD, counted, print, print_json, safe, styled};
use super::{Context, now_unix_ms};
use crate::api::access::{API_FILE, Access, AccessError};
use crate::api::methods::GetStatus;
use crate::identity::CLOCK_SKEW_MS;
use crate::privacy::{self, NotPrivate};

/// Checks of the home folder and the system; [`JUDGES`] then says what the status of a node means.
pub const CHECKS: &[Check] = &[
    Check { name: "home folder", run: home_folder },
    Check { name: "key file", run: key_file },
    Check { name: "settings", run: settings },
    Check { name: "disk space", run: disk_space },
    Check { name: "clock", run: clock },
    Check { name: API_FILE, run: api_file },
    Check { name: "node", run: node },
    Check { name: "ports", run: ports },
    Check { name: "log, traces", run: log_and_traces },
];

/// What a node with an identity leaves behind.
const DATABASES: [&str; 2] = ["messages/messages.db", "peers/peers.db"];

/// Below this, messages and traces may soon find no room.
const LEAST_FREE_BYTES: u64 = 200 << 20;

/// A clock before this is wrong: the program did not exist then (2025-01-01).
const EARLIEST_UNIX_MS: u64 = 1_735_689_600_000;

/// A clock behind this is wrong (2100-01-01).
const LATEST_UNIX_MS: u64 = 4_102_444_800_000;

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
const PORTS: [Port; 6] = [
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
];

/// Does all checks.
pub(super) fn perform(context: &Context<'_>) -> Result<(), Failure> {
    let asked = context.asked(|node| Ok((node.process(), node.call(&GetStatus {})?.answer)));
    let (running, status, unreachable) = match asked {
        Ok((process, status)) => (Some(process), Some(status), None),
        Err(Failure::NoNode { .. }) => (None, None, None),
        Err(failure @ Failure::Mute { .. }) => {
            (None, None, Some(Finding::bad(failure.to_string(), failure.help().unwrap_or_default())))
        }
        Err(failure) => {
            let said = format!("it cannot be asked: {failure}");
            (None, None, Some(Finding::bad(said, "first do what is advised above, then ask again")))
        }
    };
    let settings = (context.offline.settings)(&context.home).map_err(|error| told(&error));
    let (home, now_unix_ms) = (context.home.clone(), now_unix_ms());
    let patient = Patient { home, running, status, unreachable, settings, now_unix_ms };
    let checks = CHECKS.iter().chain(context.offline.checks);
    let mut findings: Vec<(&str, Finding)> = checks.map(|check| (check.name, (check.run)(&patient))).collect();
    findings.extend(of_node(&patient));
    say_once(&mut findings);
    if context.json {
        print_json(&json(&findings))?;
    } else {
        print(&text(&findings))?;
    }
    let is_well = findings.iter().all(|(_, finding)| finding.verdict != Verdict::Bad);
    if is_well { Ok(()) } else { Err(Failure::Told) }
}

/// One fault can be found by several checks. The first says it, and the others name that one.
fn say_once(findings: &mut [(&str, Finding)]) {
    for at in 1..findings.len() {
        let (before, rest) = findings.split_at_mut(at);
        let (_, finding) = &mut rest[0];
        let is_it = |(_, first): &&(&str, Finding)| {
            first.verdict == Verdict::Bad
                && match finding.verdict {
                    Verdict::Bad => finding.said.contains(first.said.as_str()),
                    // Of several notices only the first would be told by that.
                    _ => finding.said.starts_with(first.said.as_str()),
                }
        };
        if matches!(finding.verdict, Verdict::Bad | Verdict::Notable)
            && let Some((name, _)) = before.iter().find(is_it)
        {
            *finding = Finding::skipped(format!("see `{name}` above"));
        }
    }
}

/// What the status of a node means, if one answers.
fn of_node(patient: &Patient) -> Vec<(&'static str, Finding)> {
    match &patient.status {
        Some(status) => JUDGES.iter().map(|(name, judge)| (*name, judge(status, patient.now_unix_ms))).collect(),
        None => {
            let names: Vec<&str> = JUDGES.iter().map(|(name, _)| *name).collect();
            vec![("the rest", Finding::skipped(format!("only a node that runs can tell: {}", names.join(", "))))]
        }
    }
}

/// `bitpie doctor --repair`
pub(super) fn repair(context: &Context<'_>) -> Result<(), Failure> {
    let repaired = (context.offline.repair)(&context.home)?;
    if context.json {
        return Ok(print_json(&repaired)?);
    }
    let Some(damage) = &repaired.damage else {
        return Ok(print("There is nothing to repair; nothing was changed.\n")?);
    };
    let mut text = format!("messages.db was damaged: {}.\n", safe(damage));
    let _ = writeln!(
        text,
        "Saved into a new one: {}, {}, {} of strangers.",
        counted(repaired.contacts, "contact"),
        counted(repaired.messages, "message"),
        repaired.waiting
    );
    if repaired.invitations > 0 {
        text +=
            "No invitation counts any more, for it is not known which were used: `bitpie id --invite` makes another.\n";
    }
    if repaired.unreadable > 0 {
        let _ = writeln!(text, "{} could not be read.", counted(repaired.unreadable, "piece"));
    }
    if let Some(aside) = &repaired.aside {
        let _ = writeln!(text, "The damaged one is kept: {}", safe(aside));
    }
    text += "What was lost with it cannot be counted: if you have a later backup, compare. Start the node with `bitpie run`.\n";
    Ok(print(&text)?)
}

fn json(findings: &[(&str, Finding)]) -> impl Serialize {
    #[derive(Serialize)]
    struct Named {
        name: String,
        #[serde(flatten)]
        finding: Finding,
    }
    #[derive(Serialize)]
    struct All {
        checks: Vec<Named>,
    }
    let named = |(name, finding): &(&str, Finding)| Named { name: (*name).to_owned(), finding: finding.clone() };
    All { checks: findings.iter().map(named).collect() }
}

fn text(findings: &[(&str, Finding)]) -> String {
    let width = findings.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, finding) in findings {
        let mark = match finding.verdict {
            Verdict::Good => styled(GOOD, "✓"),
            Verdict::Skipped => styled(ODD, "–"),
            Verdict::Notable => styled(ODD, "!"),
            Verdict::Bad => styled(BAD, "✗"),
        };
        let said = safe(&finding.said);
        let said = if finding.verdict == Verdict::Skipped { styled(FAINT, said) } else { said };
        let _ = writeln!(text, "{mark} {name:<width$}  {said}");
        if let Some(help) = &finding.help {
            let _ = writeln!(text, "  {:width$}  {} {}", "", styled(ADVICE, "→"), safe(help));
        }
    }
    let count = |verdict| findings.iter().filter(|(_, finding)| finding.verdict == verdict).count();
    let sum = match count(Verdict::Bad) {
        0 if count(Verdict::Notable) > 0 => styled(GOOD, "Nothing is wrong; what is marked with ! is worth knowing."),
        0 => styled(GOOD, "All is well."),
        1 => styled(BAD, "One thing is not as it should be."),
        bad => styled(BAD, format!("{bad} things are not as they should be.")),
    };
    let _ = writeln!(text, "\n{sum}");
    text
}

fn home_folder(patient: &Patient) -> Finding {
    let home = patient.home.display();
    match std::fs::symlink_metadata(&patient.home) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Finding::skipped(format!("{home} is not there yet; the first `bitpie run` makes it"))
        }
        Err(error) => Finding::bad(format!("{home} cannot be looked at: {error}"), "see who owns the folders above it"),
        Ok(metadata) if metadata.is_symlink() && !patient.home.is_dir() => {
            Finding::bad(format!("{home} is a link to nowhere"), "make the folder that it means, or remove it")
        }
        Ok(metadata) if !metadata.is_symlink() && !metadata.is_dir() => {
            Finding::bad(format!("{home} is not a folder"), "move it away, or name another with --home")
        }
        Ok(_) => match std::fs::metadata(&patient.home) {
            Err(error) => Finding::bad(format!("{home} cannot be looked at: {error}"), "see who owns it"),
            Ok(metadata) => private(privacy::of_folder(&patient.home, &metadata))
                .unwrap_or_else(|| Finding::good(format!("{home}"))),
        },
    }
}

/// What is wrong if others can get at it.
fn private(judged: Result<(), NotPrivate>) -> Option<Finding> {
    judged.err().map(|open| Finding::bad(open.found(), open.remedy()))
}

fn key_file(patient: &Patient) -> Finding {
    let path = patient.home.join("identity.key");
    match std::fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if DATABASES.iter().any(|database| patient.home.join(database).exists()) {
                Finding::bad(
                    "the key is gone, and the rest of the home folder is there",
                    "put identity.key back from a backup: without it this identity cannot be used; `bitpie run` says what else can be done",
                )
            } else {
                Finding::skipped("there is no key yet; the first `bitpie run` makes it")
            }
        }
        Err(error) => Finding::bad(format!("{} cannot be looked at: {error}", path.display()), "see who owns it"),
        Ok(metadata) if !metadata.is_file() => {
            Finding::bad(format!("{} is no file", path.display()), "put identity.key back from a backup")
        }
        Ok(metadata) => {
            let open = privacy::of_file(&path, &metadata).err().map(|open| {
                let help = format!("{}. {}", open.remedy(), privacy::KEY_MAY_BE_READ);
                Finding::bad(open.found(), help)
            });
            open.unwrap_or_else(|| match std::fs::File::open(&path) {
                Ok(_) if metadata.len() > 0 => Finding::good("there, and for this user alone"),
                Ok(_) => Finding::bad(format!("{} is empty", path.display()), "put identity.key back from a backup"),
                Err(error) => Finding::bad(format!("{} cannot be read: {error}", path.display()), "see who owns it"),
            })
        }
    }
}

fn settings(patient: &Patient) -> Finding {
    match &patient.settings {
        Ok(settings) => {
            let set = settings.settings.iter().filter(|setting| setting.is_set).count();
            Finding::good(format!("{set} of {} are set, and all can be understood", settings.settings.len()))
        }
        Err(error) => {
            Finding::bad(error.clone(), "mend that line of config.toml, or take it out: then the default counts")
        }
    }
}

#[cfg(unix)]
fn disk_space(patient: &Patient) -> Finding {
    // Before the first run the folder is not there, but the one in which it will be made is.
    let Some(there) = patient.home.ancestors().find(|folder| folder.exists()) else {
        return Finding::skipped("the home folder is not there");
    };
    match rustix::fs::statvfs(there) {
        Err(error) => Finding::skipped(format!("the system does not tell: {error}")),
        Ok(space) => {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let said = format!("{} MiB are free", free >> 20);
            if free < LEAST_FREE_BYTES {
                Finding::bad(said, "make room: without it no message can be taken, and none is acknowledged")
            } else {
                Finding::good(said)
            }
        }
    }
}

#[cfg(not(unix))]
fn disk_space(_: &Patient) -> Finding {
    Finding::skipped("not looked at on this system")
}

fn clock(patient: &Patient) -> Finding {
    let help = "set the clock of this machine (or turn on its synchronisation): nodes whose clocks are more than 150 s apart refuse each other";
    let now = patient.now_unix_ms;
    if !(EARLIEST_UNIX_MS..LATEST_UNIX_MS).contains(&now) {
        let days = now / 86_400_000;
        return Finding::bad(format!("it cannot be right: {days} days since the beginning of 1970"), help);
    }
    let modified = |path: &Path| {
        let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()?;
        let since = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
        u64::try_from(since.as_millis()).ok()
    };
    let files = ["identity.key", "config.toml", "messages", "log", "traces"];
    let newest = files.iter().filter_map(|file| modified(&patient.home.join(file))).max();
    match newest.filter(|newest| *newest > now + CLOCK_SKEW_MS) {
        Some(newest) => Finding::bad(format!("a file of the home folder was written {}", when(now, newest)), help),
        None => Finding::good("it can be right"),
    }
}

fn api_file(patient: &Patient) -> Finding {
    match (Access::read(&patient.home), patient.running) {
        (Err(AccessError::NotPrivate(open)), _) => Finding::bad(open.found(), open.remedy()),
        (Err(error), _) => Finding::bad(error.to_string(), error.remedy()),
        (Ok(_), None) if patient.unreachable.is_some() => Finding::skipped("see `node` below"),
        (Ok(None), _) => Finding::good("there is none, as no node is running"),
        (Ok(Some(access)), None) => Finding::skipped(format!(
            "process {} left it behind; nothing has to be done: the next `bitpie run` writes a new one",
            access.process
        )),
        (Ok(Some(_)), Some(_)) => Finding::good("there, and for this user alone"),
    }
}

fn node(patient: &Patient) -> Finding {
    match (patient.running, &patient.unreachable) {
        (Some(process), _) => Finding::good(format!("it answers (process {process})")),
        (None, Some(why)) => why.clone(),
        (None, None) => Finding::skipped("none is running; `bitpie run` starts one"),
    }
}

/// What the node says of its log and its traces; without one, whether it could write them.
fn log_and_traces(patient: &Patient) -> Finding {
    let help = "make room on the disk, or see who has removed or changed these folders of the home; \
                the node tries again by itself";
    if let Some(status) = &patient.status {
        let problems: Vec<&str> = [&status.log_problem, &status.traces_problem]
            .into_iter()
            .filter_map(|problem| problem.as_deref())
            .collect();
        return match problems.as_slice() {
            [] => Finding::good("both are written"),
            problems => Finding::bad(problems.join("; "), help),
        };
    }
    for folder in ["log", "traces"].map(|name| patient.home.join(name)) {
        let writable = rustix::fs::access(&folder, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK);
        match std::fs::metadata(&folder) {
            Ok(metadata) if !metadata.is_dir() => {
                return Finding::bad(format!("{} is not a folder", folder.display()), "move it away");
            }
            Ok(_) if writable.is_err() => {
                return Finding::bad(format!("nothing can be written into {}", folder.display()), "see who owns it");
            }
            _ => {}
        }
    }
    Finding::good("both can be written")
}

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

fn ports(patient: &Patient) -> Finding {
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
    use expect_test::expect;

    use super::*;
    use crate::api::answers::Settings;

    fn patient(home: &Path) -> Patient {
        Patient {
            home: home.to_owned(),
            running: None,
            status: None,
            unreachable: None,
            settings: Ok(Settings { settings: Vec::new() }),
            now_unix_ms: now_unix_ms(),
        }
    }

    fn home() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        mode(folder.path(), 0o700);
        folder
    }

    fn mode(path: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
    }

    #[test]
    fn findings_are_a_list_with_advice_below() {
        let findings = [
            ("home folder", Finding::good("/home/a/.bitpie")),
            ("key", Finding::bad("others can read it", "chmod 600 it")),
            ("node", Finding::skipped("none is running")),
        ];
        expect![[r#"
            ✓ home folder  /home/a/.bitpie
            ✗ key          others can read it
                           → chmod 600 it
            – node         none is running

            One thing is not as it should be.
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&text(&findings)).to_string());
    }

    #[test]
    fn what_several_checks_find_is_said_by_the_first() {
        let mut findings = [
            ("home folder", Finding::bad("others can read it", "chmod 700 it")),
            ("settings", Finding::good("others can read it, and nobody minds")),
            ("node", Finding::bad("it cannot be asked: others can read it", "ask again")),
            ("ports", Finding::bad("7771 is taken", "choose another")),
        ];
        say_once(&mut findings);
        expect![[r#"
            ✗ home folder  others can read it
                           → chmod 700 it
            ✓ settings     others can read it, and nobody minds
            – node         see `home folder` above
            ✗ ports        7771 is taken
                           → choose another

            2 things are not as they should be.
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&text(&findings)).to_string());
    }

    #[test]
    fn a_notice_is_marked_and_is_no_fault() {
        let findings =
            [("node", Finding::good("it answers")), ("notices", Finding::notable("this home was restored", "read it"))];
        expect![[r#"
            ✓ node     it answers
            ! notices  this home was restored
                       → read it

            Nothing is wrong; what is marked with ! is worth knowing.
        "#]]
        .assert_eq(&anstream::adapter::strip_str(&text(&findings)).to_string());
    }

    #[test]
    fn a_home_that_others_can_read_is_told_with_the_remedy() {
        let folder = home();
        assert_eq!(home_folder(&patient(folder.path())).verdict, Verdict::Good);
        mode(folder.path(), 0o755);
        let finding = home_folder(&patient(folder.path()));
        assert!(finding.said.contains("mode 0755"), "{finding:?}");
        assert_eq!(finding.help, Some(format!("run `chmod 700 '{}'`", folder.path().display())));
    }

    #[test]
    fn a_key_is_looked_at_from_outside() {
        let folder = home();
        let key = folder.path().join("identity.key");
        assert_eq!(key_file(&patient(folder.path())).verdict, Verdict::Skipped);
        // Made by the first setting too.
        std::fs::create_dir(folder.path().join("messages")).expect("a folder");
        assert_eq!(key_file(&patient(folder.path())).verdict, Verdict::Skipped);
        std::fs::write(folder.path().join("messages/messages.db"), "").expect("a file");
        assert!(key_file(&patient(folder.path())).said.contains("the key is gone"));
        std::fs::write(&key, "").expect("a file");
        mode(&key, 0o600);
        assert!(key_file(&patient(folder.path())).said.contains("is empty"));
        std::fs::write(&key, "x").expect("a file");
        assert_eq!(key_file(&patient(folder.path())).verdict, Verdict::Good);
        mode(&key, 0o640);
        let help = key_file(&patient(folder.path())).help.expect("what to do");
        assert!(help.starts_with(&format!("run `chmod 600 '{}'`. If somebody", key.display())), "{help}");
    }

    #[test]
    fn a_clock_that_cannot_be_right_is_told() {
        let folder = home();
        let at = |now_unix_ms: u64| clock(&Patient { now_unix_ms, ..patient(folder.path()) }).verdict;
        assert_eq!(at(0), Verdict::Bad);
        assert_eq!(at(LATEST_UNIX_MS), Verdict::Bad);
        assert_eq!(at(now_unix_ms()), Verdict::Good);
        std::fs::write(folder.path().join("config.toml"), "").expect("a file");
        assert_eq!(at(now_unix_ms() - 3_600_000), Verdict::Bad);
    }

    #[test]
    fn an_api_file_that_was_left_behind_is_told() {
        let folder = home();
        assert_eq!(api_file(&patient(folder.path())).verdict, Verdict::Good);
        let access = Access { process: 77, socket: Some("api.sock".to_owned()), http: None };
        std::fs::write(folder.path().join(API_FILE), access.to_text()).expect("a file");
        mode(&folder.path().join(API_FILE), 0o600);
        let finding = api_file(&patient(folder.path()));
        assert!(finding.said.contains("process 77 left it behind"), "{finding:?}");
        assert_eq!(finding.verdict, Verdict::Skipped, "nothing has to be done");
        // Not so if somebody has the home.
        let unreachable = Some(Finding::bad("process 77 runs", "try again"));
        let finding = api_file(&Patient { unreachable, ..patient(folder.path()) });
        assert!(!finding.said.contains("left it behind"), "{finding:?}");
    }

    #[test]
    fn a_node_that_cannot_be_asked_is_not_called_none() {
        let folder = home();
        let unreachable = Some(Finding::bad("it does not answer", "ask again"));
        let patient = Patient { unreachable, ..patient(folder.path()) };
        assert_eq!((node(&patient).verdict, ports(&patient).verdict), (Verdict::Bad, Verdict::Skipped));
    }

    #[test]
    fn a_log_or_a_trace_that_cannot_be_is_told() {
        let folder = home();
        assert_eq!(log_and_traces(&patient(folder.path())).verdict, Verdict::Good, "the first run makes them");
        std::fs::write(folder.path().join("traces"), "").expect("a file");
        assert!(log_and_traces(&patient(folder.path())).said.contains("traces is not a folder"));
    }

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
