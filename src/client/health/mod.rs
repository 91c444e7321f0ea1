//! What the status of a node means for its user: whether others reach it, and what is not as it should be. `doctor` and
//! `status` judge by the same functions, so they never contradict each other.

use super::check::{Finding, Verdict};
use super::duration::when;
use super::port_mapping;
use super::terminal::counted;
use crate::api::answers::{ServiceOff, Status};
use crate::identity::Entrypoint;
use crate::name::ServiceName;

/// Who came in before this is no sign that others get through now: a day.
const LATELY_MS: u64 = 24 * 60 * 60 * 1000;

/// A node that has run for less than this may not have come so far.
const BEGINNING_MS: u64 = 10_000;

/// A judgement about a status, at a time in milliseconds of unix time.
pub type Judge = fn(&Status, u64) -> Finding;

/// Everything that is judged, by its name.
pub const JUDGES: &[(&str, Judge)] = &[
    ("listening", listening),
    ("from outside", from_outside),
    ("router", port_mapping::judge),
    ("clocks", clock),
    ("DHT", dht),
    ("nickname", nickname),
    ("local net", local_network),
    ("services", services),
    ("notices", notices),
];

/// The one line that says how the node is, and whether that is as it should be.
pub fn headline(status: &Status, now_unix_ms: u64) -> (Verdict, String) {
    if status.is_damaged {
        let said = "out of the network: messages.db is damaged, and can be read and exported until it is repaired";
        return (Verdict::Bad, said.to_owned());
    }
    let is_in_company = status.sessions.incoming + status.sessions.outgoing > 0;
    let listening = listening(status, now_unix_ms);
    match listening.verdict {
        Verdict::Bad if is_in_company => {
            return (Verdict::Bad, format!("online, but not reachable, because {}", listening.said));
        }
        Verdict::Bad => return (Verdict::Bad, format!("not reachable, because {}", listening.said)),
        Verdict::Skipped => return (Verdict::Skipped, format!("not reachable yet: {}", listening.said)),
        Verdict::Good | Verdict::Notable => {}
    }
    if !is_in_company && status.dht.state != "JOINED" {
        let why = match status.dht.state.as_str() {
            "CLOSED" | "AT_STARTUP" => "the DHT is off",
            "OPENING" | "RESTING" if status.dht.problem.is_some() => "the DHT cannot be entered",
            _ if status.dht.asks_nobody => "it asks nobody in the DHT",
            "OPENING" | "JOINING" => "the DHT is being joined",
            _ => "nobody in the DHT answers",
        };
        return (Verdict::Skipped, format!("alone: it listens, but there is no session with another node, and {why}"));
    }
    if is_of_this_machine_alone(status) {
        return (Verdict::Skipped, "online, but reachable on this machine only: it listens on loopback".to_owned());
    }
    let lately = |then: Option<u64>| then.filter(|then| now_unix_ms.saturating_sub(*then) < LATELY_MS);
    match (lately(status.came_in.from_internet_unix_ms), lately(status.came_in.last_unix_ms)) {
        (Some(then), _) => {
            let last = when(now_unix_ms, then);
            (Verdict::Good, format!("online and reachable: others come in from the internet, the last {last}"))
        }
        (None, Some(_)) => (
            Verdict::Good,
            "online, and reachable in its own network; from the internet nobody has come in lately".to_owned(),
        ),
        (None, None) => (
            Verdict::Skipped,
            "online; nobody has come in lately, so it is not known whether others can reach it".to_owned(),
        ),
    }
}

fn entrypoints(status: &Status) -> impl Iterator<Item = &Entrypoint> {
    status.transports.iter().flat_map(|transport| &transport.listening)
}

fn is_of_this_machine_alone(status: &Status) -> bool {
    entrypoints(status).all(Entrypoint::is_loopback)
}

/// What a node with a damaged database does not do.
const OUT_OF_THE_NETWORK: &str = "the node keeps out of the network until its database is repaired";

fn listening(status: &Status, _: u64) -> Finding {
    if status.is_damaged {
        return Finding::skipped(OUT_OF_THE_NETWORK);
    }
    const HELP: &str = "nobody reaches this node until that has changed; it looks again by itself, and at once on \
                        `bitpie reconnect`";
    let of_transports = status.transports.iter().filter_map(|transport| {
        let problem = transport.problem.as_ref()?;
        Some(format!("{} does not listen: {problem}", transport.name))
    });
    let failing: Vec<String> = of_transports.collect();
    let off: Vec<&ServiceOff> = transports_off(status).collect();
    // One that is on and fails says more than one that is off.
    if !off.is_empty() && failing.is_empty() {
        let names: Vec<&str> = off.iter().map(|service| service.name.as_str()).collect();
        let is_off = if names.len() == 1 { "is off" } else { "are off" };
        return Finding::bad(
            format!("no transport listens: {} {is_off}", names.join(" and ")),
            to_start(status, off.iter().copied()),
        );
    }
    let problems: Vec<String> = status.network_problem.iter().cloned().chain(failing).collect();
    if !problems.is_empty() {
        return Finding::bad(problems.join("; "), HELP);
    }
    let at: Vec<String> = entrypoints(status).map(Entrypoint::to_string).collect();
    let is_beginning = status.uptime_ms < BEGINNING_MS
        || status
            .transports
            .iter()
            .any(|transport| !matches!(transport.state.as_str(), "OFFLINE" | "CLOSED" | "AT_STARTUP"));
    match at.as_slice() {
        [] if is_beginning => Finding::skipped("it has not begun to listen"),
        [] => Finding::bad(
            "no transport listens",
            "`bitpie service list` shows which services are off; `bitpie service start NAME` starts one",
        ),
        at if is_of_this_machine_alone(status) => Finding::good(format!(
            "at {}: only this machine gets there, as the setting of the address has it",
            at.join(" ")
        )),
        at => Finding::good(format!("at {}", at.join(" "))),
    }
}

/// Services of transports that are off, if no transport listens.
fn transports_off(status: &Status) -> impl Iterator<Item = &ServiceOff> {
    let is_deaf = entrypoints(status).next().is_none();
    status.services_off.iter().filter(move |service| is_deaf && is_of_transport(service))
}

fn is_of_transport(service: &ServiceOff) -> bool {
    service.name.as_str().ends_with("-transport")
}

/// Services that are on by default, and are off. `listening` tells of those for want of which nobody listens.
fn services(status: &Status, _: u64) -> Finding {
    if status.is_damaged {
        return Finding::skipped(OUT_OF_THE_NETWORK);
    }
    let told: Vec<&ServiceName> = transports_off(status).map(|service| &service.name).collect();
    let off: Vec<&ServiceOff> = status.services_off.iter().filter(|service| !told.contains(&&service.name)).collect();
    if off.is_empty() {
        return Finding::good("all are on that are on by default");
    }
    let said: Vec<String> = off.iter().map(|service| format!("{} is off: {}", service.name, service.means)).collect();
    Finding::notable(said.join("; "), to_start(status, off))
}

/// How services are started again that are off. A start takes along what the service needs, unless the settings have
/// that off: then it has to be named, and first.
fn to_start<'a>(status: &'a Status, services: impl IntoIterator<Item = &'a ServiceOff>) -> String {
    let is_needed = |name: &ServiceName, by: &ServiceOff| by.depends_on.contains(name);
    let mut needed: Vec<&ServiceName> = services.into_iter().map(|service| &service.name).collect();
    // Each stands behind those that it depends on, so one way back finds all.
    for service in status.services_off.iter().rev() {
        let by_wanted = |by: &ServiceOff| needed.contains(&&by.name) && is_needed(&service.name, by);
        if !needed.contains(&&service.name) && status.services_off.iter().any(by_wanted) {
            needed.push(&service.name);
        }
    }
    let of_need = |service: &&ServiceOff| needed.contains(&&service.name);
    let comes_along = |service: &ServiceOff| {
        service.enabled && status.services_off.iter().filter(of_need).any(|by| is_needed(&service.name, by))
    };
    let commands = status.services_off.iter().filter(of_need).filter(|service| !comes_along(service)).map(|service| {
        let word = if service.enabled { "start" } else { "enable" };
        format!("`bitpie service {word} {}`", service.name)
    });
    commands.collect::<Vec<_>>().join(", ")
}

fn from_outside(status: &Status, now_unix_ms: u64) -> Finding {
    let came = status.came_in;
    match (came.from_internet_unix_ms, came.last_unix_ms) {
        (Some(then), _) => Finding::good(format!("the last session from the internet: {}", when(now_unix_ms, then))),
        (None, Some(then)) => Finding::skipped(format!(
            "the last session that another node opened: {}; none came from the internet",
            when(now_unix_ms, then)
        )),
        (None, None) => Finding::skipped(
            "no other node has opened a session since the start; whether a router lets others in, this machine cannot see",
        ),
    }
}

fn clock(status: &Status, _: u64) -> Finding {
    const OURS: &str = "set the clock of this machine, or turn on its synchronisation: nodes whose clocks are more than \
                        150 s apart refuse each other";
    const UNKNOWN: &str = "compare the clock of this machine with another; `bitpie contact list` names contacts whose \
                           clocks differ";
    match &status.clock.problem {
        None => Finding::good("none that was heard of lately is too far from ours"),
        Some(problem) => Finding::bad(problem.clone(), if status.clock.ahead_ms.is_some() { OURS } else { UNKNOWN }),
    }
}

fn dht(status: &Status, _: u64) -> Finding {
    const ALONE: &str = "look whether UDP gets out of this network, and at `bitpie config get \
                         services/entangled-dht/bootstrap`; it goes on trying. Without it, contacts are found only where \
                         they were last, and nicknames not at all; who wants none: `bitpie service disable entangled-dht`";
    const NOT_OPEN: &str = "fix that, or the setting that it names; the node tries again at least once a minute";
    const FAILED: &str = "it is tried again by itself";
    if status.is_damaged {
        return Finding::skipped(OUT_OF_THE_NETWORK);
    }
    let dht = &status.dht;
    match (dht.state.as_str(), &dht.problem) {
        ("CLOSED" | "AT_STARTUP", _) => Finding::skipped("off: nobody is found by nickname, or after they have moved"),
        ("JOINING" | "ALONE", None) if dht.asks_nobody => Finding::skipped(
            "nobody is asked, as services/entangled-dht/bootstrap has it: nobody is found by nickname, or after they have moved",
        ),
        // What was not published then was not for that reason, and would say it again.
        ("ALONE", _) => Finding::bad("nobody in it answers", ALONE),
        ("OPENING" | "RESTING", Some(problem)) => Finding::bad(problem.clone(), NOT_OPEN),
        (_, Some(problem)) => Finding::bad(problem.clone(), FAILED),
        ("JOINED", None) if dht.identity == "PUBLISHED" => {
            Finding::good("others answer, and our identity document is in it")
        }
        ("JOINED", None) => Finding::good("others answer"),
        (_, None) => Finding::skipped("it is being joined"),
    }
}

fn nickname(status: &Status, _: u64) -> Finding {
    const HELP: &str = "it is tried again by itself; `bitpie nick show` tells how it stands";
    if status.is_damaged {
        return Finding::skipped(OUT_OF_THE_NETWORK);
    }
    let nickname = &status.nickname;
    let Some(name) = nickname.name.as_ref().map(crate::nickname::Nickname::as_str) else {
        return Finding::skipped("none is wanted");
    };
    let help = nickname.help.clone().unwrap_or_else(|| HELP.to_owned());
    match (&nickname.problem, nickname.state.as_str()) {
        // The DHT is still being joined.
        (Some(_), _) if status.uptime_ms < BEGINNING_MS => Finding::skipped(format!("{name} is being registered")),
        (Some(problem), _) => Finding::bad(format!("nobody finds this node as {name}: {problem}"), help),
        (None, "FAILED") => Finding::bad(format!("{name} could not be registered"), help),
        // While a place is looked at again it is still ours.
        (None, _) => match nickname.held {
            Some(place) => Finding::good(format!("others find this node as {name}, in place {place}")),
            None => Finding::skipped(format!("{name} is being registered")),
        },
    }
}

fn local_network(status: &Status, _: u64) -> Finding {
    const HELP: &str = "it is tried again each half minute; the interfaces are those of the setting \
                        services/lan-discovery/interfaces";
    let lan = &status.lan_discovery;
    match (&lan.problem, lan.state.as_str(), lan.found) {
        (Some(problem), _, _) => Finding::bad(format!("nobody is found there: {problem}"), HELP),
        (None, "ON", 0) => Finding::good("it is searched; nobody else is announced there"),
        (None, "ON", found) => Finding::good(format!("{} found", counted(found, "node"))),
        (None, "FAILED", _) => Finding::bad("the service lan-discovery has failed", HELP),
        (None, ..) => Finding::skipped("it is not searched: the service lan-discovery is not on"),
    }
}

fn notices(status: &Status, _: u64) -> Finding {
    match status.notices.as_slice() {
        [] => Finding::good("nothing out of the ordinary in this run"),
        all => Finding::notable(all.join("\n"), "read it; it is told until the node is started again"),
    }
}

#[cfg(test)]
pub(super) mod tests;
