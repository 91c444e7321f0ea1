//! Two contacts behind two routers: by which way they talk, and after what time.

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::lab::{Machine, within};

use super::bare::Servers;
use super::internet::{Internet, Site};
use super::kinds::{Conditions, Kind};

/// How long a node may take until it has sessions with both go-betweens. What else it finds out is waited for as long,
/// and may be missing: behind some routers it cannot be known.
const PREPARED_WITHIN: Duration = Duration::from_secs(20);

/// How long messages may take between contacts that are online.
const DELIVERED_WITHIN: Duration = Duration::from_secs(20);

/// Where routers forget soon, so many lifetimes of a mapping pass between two exchanges of messages.
const LIFETIMES_OF_SILENCE: u32 = 3;

/// By which way two contacts talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// One dialled an address that the other's own machine has.
    Direct,
    /// One dialled an outer address that the other's router passes on to it, whoever comes.
    Mapped,
    /// Through a hole in a router that lets in only what was asked for.
    Punched,
    /// Through somebody else.
    Carried,
}

impl Way {
    /// Whether packets go from one to the other without a third node.
    pub fn is_straight(self) -> bool {
        self != Self::Carried
    }
}

impl fmt::Display for Way {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Direct => "direct",
            Self::Mapped => "mapped",
            Self::Punched => "punched",
            Self::Carried => "carried",
        })
    }
}

/// A session between the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Talk {
    pub way: Way,
    pub transport: String,
    /// From the moment at which both knew each other until both were online by this way.
    pub after: Duration,
}

/// What two contacts came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub a: Kind,
    pub b: Kind,
    /// How they talked at the end; nothing if they never met.
    pub talk: Option<Talk>,
    /// How long two bare sockets took for the hole, if they managed.
    pub bare: Option<Duration>,
    /// What went wrong.
    pub problem: Option<String>,
}

impl Outcome {
    /// What is not as it has to be.
    pub fn failure(&self) -> Option<String> {
        let punches = self.a.bare_socket_punches(self.b);
        let what = match (&self.problem, &self.talk) {
            (Some(problem), _) => problem.clone(),
            (None, None) if punches => "they never met, and a bare socket gets through".to_owned(),
            (None, None) => "they never met, and two nodes could have carried it for them".to_owned(),
            (None, Some(talk)) if punches && !talk.way.is_straight() => {
                format!("{}, and a bare socket gets through", talk.way)
            }
            (None, Some(_)) => return None,
        };
        Some(format!("{}/{}: {what}", self.a, self.b))
    }
}

/// What is tried.
#[derive(Clone, Debug)]
pub struct Trial<'a> {
    pub conditions: Conditions,
    /// How long the two may take to meet.
    pub patience: Duration,
    /// Where logs and traces of the nodes are kept.
    pub logs: Option<&'a Path>,
}

impl Trial<'_> {
    /// Puts two nodes behind routers of those kinds and makes them contacts.
    pub fn of(&self, a: Kind, b: Kind) -> Outcome {
        let mut outcome = Outcome { a, b, talk: None, bare: None, problem: None };
        let Some(mut internet) = Internet::new(&format!("{a}/{b}")) else {
            outcome.problem = Some("network namespaces cannot be made".to_owned());
            return outcome;
        };
        let done = internet.start_go_betweens().and_then(|()| self.between(&internet, &mut outcome));
        if let Err(problem) = done {
            outcome.problem = Some(problem);
        }
        outcome
    }

    fn between(&self, internet: &Internet, outcome: &mut Outcome) -> Result<(), String> {
        let mut sites = [(1, outcome.a, "a"), (2, outcome.b, "b")]
            .map(|(number, kind, name)| Site::new(internet, number, kind, name, self.conditions));
        let at = |place: usize| {
            let address = format!("11.77.{}.2:0", 101 + place);
            (&internet.go_betweens[place].0, address.parse::<SocketAddr>().expect("it is one"))
        };
        let servers = Servers::at([at(0), at(1)]);
        outcome.bare = servers.punch(&sites[0].machine, &sites[1].machine);
        sites.iter_mut().for_each(|site| site.machine.start());
        let result = self.acquaint(&sites, outcome);
        if let Some(folder) = self.logs {
            let folder = folder.join(format!("{}-{}", outcome.a, outcome.b));
            let go_betweens = internet.go_betweens.iter().zip(["go-between-1", "go-between-2"]);
            let machines = sites.iter().map(|site| &site.machine).zip(["a", "b"]);
            for (machine, name) in machines.chain(go_betweens.map(|((machine, _), name)| (machine, name))) {
                keep(machine, &folder.join(name)).map_err(|error| format!("logs could not be kept: {error}"))?;
            }
        }
        result
    }

    fn acquaint(&self, sites: &[Site; 2], outcome: &mut Outcome) -> Result<(), String> {
        for (site, name) in sites.iter().zip(["a", "b"]) {
            if !within(PREPARED_WITHIN, || ready_sessions(&site.machine) == 2) {
                return Err(format!("{name} has no session with both go-betweens"));
            }
            // Where nobody believes an address, that is what this router is like.
            if site.kind != Kind::NoUdp {
                within(PREPARED_WITHIN, || knows_where_it_is(&site.machine));
            }
            if site.kind == Kind::PortPcp && !within(PREPARED_WITHIN, || is_mapped(&site.machine)) {
                return Err(format!("the router of {name} has not mapped its ports"));
            }
        }
        let ids = sites.each_ref().map(|site| site.machine.id());
        sites[0].machine.run(&["contact", "add", &ids[1], "--name", "b"]);
        let began = Instant::now();
        sites[1].machine.run(&["contact", "add", &ids[0], "--name", "a"]);
        let wanted = |way: Way| way.is_straight() || !outcome.a.bare_socket_punches(outcome.b);
        let mut talk: Option<Talk> = None;
        // A way through somebody else is for the time until there is a better one.
        within(self.patience, || {
            match (way(sites, 0), way(sites, 1)) {
                (Some((way, transport)), Some(_)) => {
                    let same = talk.as_ref().is_some_and(|talk| (talk.way, &talk.transport) == (way, &transport));
                    if !same {
                        talk = Some(Talk { way, transport, after: began.elapsed() });
                    }
                }
                _ => return false,
            }
            talk.as_ref().is_some_and(|talk| wanted(talk.way))
        });
        outcome.talk = talk;
        if outcome.talk.is_none() {
            return Ok(());
        }
        exchange(sites, "they were online")?;
        let Some(seconds) = self.conditions.mapping_seconds else { return Ok(()) };
        // Long enough for the routers to forget whatever nobody keeps up.
        std::thread::sleep(LIFETIMES_OF_SILENCE * Duration::from_secs(seconds.into()));
        exchange(sites, "nobody wrote while the routers forgot")
    }
}

/// Each sends a message to the other, and both arrive.
fn exchange(sites: &[Site; 2], when: &str) -> Result<(), String> {
    let sent = [sites[0].machine.send("b"), sites[1].machine.send("a")];
    let arrived =
        within(DELIVERED_WITHIN, || sites.iter().zip(&sent).all(|(site, message)| site.machine.is_delivered(message)));
    let late = || format!("{when}, and messages did not arrive within {} s", DELIVERED_WITHIN.as_secs());
    arrived.then_some(()).ok_or_else(late)
}

/// The peers of a node with a session that is ready.
fn sessions(machine: &Machine) -> Vec<Value> {
    let listed = machine.ask(&["peers"]).unwrap_or_default();
    let peers = listed["peers"].as_array().cloned().unwrap_or_default();
    peers.into_iter().filter(|peer| peer["id"].is_string() && is_ready(&peer["session"])).collect()
}

fn is_ready(session: &Value) -> bool {
    // The two parts of READY of `peer_protocol`.
    ["STEADY", "PROVING"].contains(&session["state"].as_str().unwrap_or_default())
}

fn ready_sessions(machine: &Machine) -> usize {
    sessions(machine).len()
}

fn knows_where_it_is(machine: &Machine) -> bool {
    let status = machine.ask(&["status"]).unwrap_or_default();
    let is_seen = status["stun"]["external"].as_array().is_some_and(|external| !external.is_empty());
    is_seen && status["dht"]["identity"] == "PUBLISHED"
}

fn is_mapped(machine: &Machine) -> bool {
    let status = machine.ask(&["status"]).unwrap_or_default();
    let is_mapped = |transport: &Value| transport["mapping"]["state"] == "MAPPED";
    status["transports"].as_array().is_some_and(|transports| transports.iter().all(is_mapped))
}

/// By which way one of the two talks with the other, as it says itself, and by which transport. Nothing if the other is
/// not online for it.
fn way(sites: &[Site; 2], here: usize) -> Option<(Way, String)> {
    let machine = &sites[here].machine;
    let contacts = machine.ask(&["contact", "list"])?;
    // It has one alone.
    contacts["contacts"][0]["online"].as_bool().filter(|online| *online)?;
    let name = ["b", "a"][here];
    let Some(peer) = sessions(machine).into_iter().find(|peer| peer["name"] == name) else {
        // It is there, without a session of its own.
        return Some((Way::Carried, "?".to_owned()));
    };
    let session = &peer["session"];
    let transport = session["transport"].as_str().unwrap_or("?").to_owned();
    let remote = session["remote"].as_str().unwrap_or_default();
    if session["through"].is_string() {
        return Some((Way::Carried, transport));
    }
    let is_by_meeting = session["by_meeting"] == true;
    let dialled = if session["direction"] == "outgoing" { 1 - here } else { here };
    Some((judge(is_by_meeting, remote, [&sites[here], &sites[1 - here]], &sites[dialled]), transport))
}

/// What a session is: by the word of the node if it has one, else by the addresses. A router that asks nobody lets in
/// what comes unasked only where its kind says so, so what came in elsewhere has come by a hole.
fn judge(is_by_meeting: bool, remote: &str, [here, there]: [&Site; 2], dialled: &Site) -> Way {
    let host = remote.rsplit("://").next().and_then(|address| address.rsplit_once(':')).map_or("", |(host, _)| host);
    if is_by_meeting {
        return Way::Punched;
    }
    // The other end is neither at its own address nor at that of its router.
    if ![&there.outside, &there.inside].contains(&&host.to_owned()) {
        return Way::Carried;
    }
    match dialled.kind {
        Kind::Open => Way::Direct,
        Kind::Full | Kind::PortPcp => Way::Mapped,
        // Both in one network would be this; here nobody is.
        _ if host == here.inside => Way::Direct,
        _ => Way::Punched,
    }
}

/// Keeps what a node tells of itself: its answers, log, traces, and what it said on the terminal.
fn keep(machine: &Machine, folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for command in ["id", "status", "peers", "contact list"] {
        let answer = machine.ask(&command.split(' ').collect::<Vec<_>>()).unwrap_or_default();
        fs::write(folder.join(format!("{}.json", command.replace(' ', "-"))), format!("{answer:#}"))?;
    }
    for name in ["said", "config.toml", "log", "traces"] {
        let from = machine.home().join(name);
        if from.is_dir() {
            fs::create_dir_all(folder.join(name))?;
            for file in fs::read_dir(from)?.flatten().filter(|file| file.path().is_file()) {
                fs::copy(file.path(), folder.join(name).join(file.file_name()))?;
            }
        } else if from.is_file() {
            fs::copy(from, folder.join(name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(a: Kind, b: Kind, way: Option<Way>) -> Outcome {
        let talk = |way| Talk { way, transport: "udp".to_owned(), after: Duration::from_secs(1) };
        Outcome { a, b, talk: way.map(talk), bare: None, problem: None }
    }

    #[test]
    fn what_bare_sockets_reach_has_to_be_reached_and_the_rest_carried() {
        let fails = |a, b, way| outcome(a, b, way).failure().is_some();
        for way in [Way::Direct, Way::Mapped, Way::Punched] {
            assert!(!fails(Kind::Port, Kind::Port, Some(way)), "{way}");
        }
        assert!(fails(Kind::Port, Kind::Port, Some(Way::Carried)));
        assert!(fails(Kind::Port, Kind::Port, None));
        assert!(!fails(Kind::Symmetric, Kind::Port, Some(Way::Carried)));
        assert!(!fails(Kind::Symmetric, Kind::Port, Some(Way::Punched)), "better than a bare socket");
        assert!(fails(Kind::NoUdp, Kind::NoUdp, None));
        let undelivered =
            Outcome { problem: Some("lost".to_owned()), ..outcome(Kind::Open, Kind::Open, Some(Way::Direct)) };
        assert_eq!(undelivered.failure().as_deref(), Some("open/open: lost"));
    }
}
