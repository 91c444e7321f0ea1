//! `bitpie id`, `bitpie status`, `bitpie peers`, `bitpie reconnect`, `bitpie stop`.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use super::check::Verdict;
use super::duration::{Span, when};
use super::failure::Failure;
use super::health;
use super::port_mapping;
use super::short_id::ShortIds;
use super::table::{Cell, Table};
use super::terminal::{
    ADVICE, BAD, FAINT, GOOD, ODD, STRONG, advise, counted, print, print_json, safe, state_style, styled,
};
use super::{Context, now_unix_ms};
use crate::api::answers::{
    ContactCounts, Counters, Direction, ExternalAddress, LanStatus, Peer, Peers, RelayStatus, Status, StunStatus,
    Traffic, TransportStability, TransportStatus,
};
use crate::api::methods::{GetId, GetStatus, ListPeers, Reconnect, ShutDown};
use crate::identity::Entrypoint;

/// `bitpie id`, without an invitation
pub fn id(context: &Context<'_>) -> Result<(), Failure> {
    let mut is_running = true;
    let offline = || {
        is_running = false;
        (context.offline.id)(&context.home)
    };
    let id = context.node_or(|node| Ok(node.call(&GetId {})?.answer), offline)?;
    if context.json {
        return Ok(print_json(&id)?);
    }
    // First and alone on its line, so that it can be copied, and piped into a QR code.
    print(&format!("{}\n", safe(&id.idurl)))?;
    // Standard output is for the address alone: `contact add "$(bitpie id)"`.
    if !is_running {
        advise(&styled(FAINT, "No node is running, so this says who it is, and not where.\n"));
    } else if id.entrypoints.is_empty() {
        advise(&styled(
            FAINT,
            "The node listens nowhere now, or at no address of a network, so this says who it is, and not where.\n\
             Where there is no network at all, nodes of one machine reach each other if each has:\n  \
             bitpie config set services/tcp-transport/address 127.0.0.1\n",
        ));
    }
    Ok(())
}

/// `bitpie status`
pub fn status(is_verbose: bool, context: &Context<'_>) -> Result<(), Failure> {
    let answered = context.node()?.call(&GetStatus {})?;
    if context.json {
        return Ok(print_json(&answered.raw)?);
    }
    Ok(print(&status_text(&answered.answer, is_verbose, now_unix_ms()))?)
}

/// `bitpie peers`
pub fn peers(context: &Context<'_>) -> Result<(), Failure> {
    let answered = context.node()?.call(&ListPeers {})?;
    if context.json {
        return Ok(print_json(&answered.raw)?);
    }
    Ok(print(&peers_text(&answered.answer, now_unix_ms()))?)
}

/// `bitpie reconnect`
pub fn reconnect(context: &Context<'_>) -> Result<(), Failure> {
    let answered = context.node()?.call(&Reconnect {})?;
    if context.json {
        return Ok(print_json(&answered.raw)?);
    }
    let state = safe(&answered.answer.network_connector);
    Ok(print(&format!(
        "The network is taken down and up again (network_connector is in {state}); `bitpie status` tells how it goes.\n"
    ))?)
}

/// `bitpie stop`
pub fn stop(context: &Context<'_>) -> Result<(), Failure> {
    let answered = context.node()?.call(&ShutDown {})?;
    if context.json {
        return Ok(print_json(&answered.raw)?);
    }
    Ok(print(&format!("The node (process {}) is stopping.\n", answered.answer.process))?)
}

fn status_text(status: &Status, is_verbose: bool, now_unix_ms: u64) -> String {
    let (verdict, said) = health::headline(status, now_unix_ms);
    let style = match verdict {
        Verdict::Good => GOOD,
        Verdict::Skipped | Verdict::Notable => ODD,
        Verdict::Bad => BAD,
    };
    let mut lines = Lines(format!("{}\n", styled(style, safe(&said))));
    lines.of_problems(status, now_unix_ms);
    for notice in &status.notices {
        lines.add("note", styled(ODD, safe(notice)));
    }
    let name = status.name.as_ref().map(|name| format!("{}, ", styled(STRONG, name))).unwrap_or_default();
    lines.add("node", format!("{name}{}", status.id));
    let listening: Vec<String> =
        status.transports.iter().flat_map(|it| &it.listening).map(Entrypoint::to_string).collect();
    let through_router = port_mapping::published(status).map(|external| format!("{external} (by the router)"));
    let listening: Vec<String> = listening.into_iter().chain(through_router).collect();
    let at = if listening.is_empty() { styled(FAINT, "nowhere") } else { listening.join(" ") };
    lines.add("listens at", at);
    for external in &status.stun.external {
        lines.add("seen at", external_text(external));
    }
    if let Some(problem) = &status.stun.problem {
        lines.add("STUN", styled(BAD, format!("nobody can ask where this node sees them: {}", safe(problem))));
    }
    if status.relay.state == "ON" || status.relay.carries > 0 {
        lines.add("relaying", relay_text(&status.relay));
    }
    lines.add("contacts", contacts_text(&status.contacts));
    lines.add("messages", messages_text(status));
    if !is_verbose {
        lines.of_what_is_well(status, now_unix_ms);
    }
    lines.add(
        "version",
        format!("{}, process {}, running for {}", safe(&status.version), status.process, Span { ms: status.uptime_ms }),
    );
    lines.add("home", safe(&status.home));
    if is_verbose || status.traces_problem.is_some() {
        lines.add("traces", with_problem(&status.traces, status.traces_problem.as_ref()));
    }
    if let Some(problem) = &status.log_problem {
        lines.add("log", styled(BAD, safe(problem)));
    }
    if is_verbose {
        lines.of_automata(status, now_unix_ms);
        lines.of_counters(status);
    }
    lines.0
}

/// What `status` prints: each line with its name.
struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, value: impl Display) {
        let _ = writeln!(self.0, "{FAINT}{name:<13}{FAINT:#}{value}");
    }

    /// What is not as it should be, or worth knowing; the first line says of the network whether others get through,
    /// and notices have lines of their own.
    fn of_problems(&mut self, status: &Status, now_unix_ms: u64) {
        let mut is_any = false;
        for (name, judge) in health::JUDGES.iter().filter(|(name, _)| !matches!(*name, "listening" | "notices")) {
            let finding = judge(status, now_unix_ms);
            let style = match finding.verdict {
                Verdict::Bad => BAD,
                Verdict::Notable => ODD,
                Verdict::Good | Verdict::Skipped => continue,
            };
            self.add(name, styled(style, safe(&finding.said)));
            is_any = true;
        }
        if is_any || health::headline(status, now_unix_ms).0 == Verdict::Bad {
            self.add("", styled(ADVICE, "`bitpie doctor` says what to do about it"));
        }
    }

    /// The same parts, where nothing is wrong.
    fn of_what_is_well(&mut self, status: &Status, now_unix_ms: u64) {
        for (name, judge) in health::JUDGES.iter().filter(|(name, _)| !matches!(*name, "listening" | "notices")) {
            let finding = judge(status, now_unix_ms);
            if matches!(finding.verdict, Verdict::Good | Verdict::Skipped) {
                self.add(name, safe(&finding.said));
            }
        }
    }

    /// The states of automata, as their diagrams name them.
    fn of_automata(&mut self, status: &Status, now_unix_ms: u64) {
        let state = |state: &str| styled(state_style(state), safe(state));
        let (network, connector) = (safe(&status.network), state(&status.network_connector));
        let why = status.network_problem.as_ref().map(|problem| format!(": {}", styled(BAD, safe(problem))));
        let peer_to_peer = state(&status.p2p_connector);
        self.add("network", format!("{network}: {connector}, peer to peer {peer_to_peer}{}", why.unwrap_or_default()));
        for transport in &status.transports {
            self.add(transport.name.as_str(), transport_text(transport));
            self.add("", stability_text(&transport.stability, now_unix_ms));
            if transport.traffic.frames_in + transport.traffic.frames_out > 0 {
                self.add("", styled(FAINT, bytes_of(&transport.traffic)));
            }
            if let (Some(state), Some(said)) =
                (&transport.mapping.state, port_mapping::in_words(transport, now_unix_ms))
            {
                self.add("router", format!("{} {}", styled(state_style(state), safe(state)), safe(&said)));
            }
        }
        self.add("local net", lan_text(&status.lan_discovery));
        self.add("STUN", stun_text(&status.stun));
        self.add("DHT", dht(status));
        if let Some(nickname) = nickname(status) {
            self.add("nickname", nickname);
        }
        self.add("services", counts(status.services.iter().map(|(name, count)| (state(name), *count))));
        let sessions = status.sessions;
        let named =
            [("incoming", sessions.incoming), ("outgoing", sessions.outgoing), ("half open", sessions.half_open)];
        self.add("sessions", counts(named));
    }

    /// What has come and gone since the start.
    fn of_counters(&mut self, status: &Status) {
        let counters = &status.counters;
        self.add("traffic", traffic_text(counters));
        self.add("refused", by_name(&counters.refusals));
        self.add("refused by", by_name(&counters.refused_by_peers));
        self.add("violations", counters.violations);
        self.add("ended", by_name(&counters.sessions_ended));
        self.add("broken off", by_name(&counters.broken_off));
    }
}

fn with_problem(place: &str, problem: Option<&String>) -> String {
    let problem = problem.map(|problem| format!(": nothing is recorded: {}", styled(BAD, safe(problem))));
    format!("{}{}", safe(place), problem.unwrap_or_default())
}

/// Those that are not zero.
fn counts(counts: impl IntoIterator<Item = (impl Display, u64)>) -> String {
    let shown = counts.into_iter().filter(|(_, count)| *count > 0);
    let shown: Vec<String> = shown.map(|(what, count)| format!("{count} {what}")).collect();
    if shown.is_empty() { styled(FAINT, "none") } else { shown.join(", ") }
}

fn by_name(counters: &BTreeMap<String, u64>) -> String {
    counts(counters.iter().map(|(name, count)| (safe(name).replace('_', " "), *count)))
}

fn contacts_text(contacts: &ContactCounts) -> String {
    let see = if contacts.requests > 0 { ": see `bitpie contact list`" } else { "" };
    let invited = if contacts.invited > 0 { format!(", {} of them invited", contacts.invited) } else { String::new() };
    let shown = counts([
        ("online", contacts.online),
        ("in all", contacts.accepted),
        ("waiting to be accepted", contacts.requests),
    ]);
    shown + &invited + see
}

/// What this node relays.
fn relay_text(relay: &RelayStatus) -> String {
    let before = match relay.carried {
        0 => String::new(),
        ended => format!("; {ended} ended, {}", bytes_text(relay.carried_bytes)),
    };
    format!("{}{before}", counted(relay.carries, "session"))
}

/// Frames and their bytes, in and out.
fn bytes_of(traffic: &Traffic) -> String {
    let (came, went) = (counted(traffic.frames_in, "frame"), counted(traffic.frames_out, "frame"));
    format!("{came} in, {}; {went} out, {}", bytes_text(traffic.bytes_in), bytes_text(traffic.bytes_out))
}

/// Bytes, in the greatest unit of which there is one.
fn bytes_text(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    match units.iter().find(|(shift, _)| bytes >> shift > 0) {
        Some((shift, unit)) => format!("{:.1} {unit}", bytes as f64 / (1_u64 << shift) as f64),
        None => counted(bytes, "byte"),
    }
}

/// What came and was not read, and how far those are that were sent.
fn messages_text(status: &Status) -> String {
    let sent = counts(status.messages.iter().map(|(state, count)| (state.word(), *count)));
    match status.contacts.unread {
        0 => format!("none unread; sent: {sent}"),
        unread => format!("{}; sent: {sent}", styled(ODD, format!("{unread} unread"))),
    }
}

fn traffic_text(counters: &Counters) -> String {
    let (packets, frames) = (counted(counters.packets_in, "packet"), counted(counters.frames_in, "frame"));
    format!("{packets} in, {} out; {frames} in, {} out", counters.packets_out, counters.frames_out)
}

fn dht(status: &Status) -> String {
    let dht = &status.dht;
    let state = styled(state_style(&dht.state), safe(&dht.state));
    let identity = match dht.identity.as_str() {
        "PUBLISHED" => ", our identity is in it",
        "PUBLISHING" => ", our identity is being published",
        _ => "",
    };
    let problem = dht.problem.as_ref().map(|problem| format!(": {}", styled(BAD, safe(problem)))).unwrap_or_default();
    let at = dht.listening.map(|address| format!(" udp://{address}")).unwrap_or_default();
    format!("{state}{at}{identity}{problem}")
}

fn nickname(status: &Status) -> Option<String> {
    let nickname = &status.nickname;
    let name = nickname.name.as_ref()?;
    let place = nickname.held.map(|place| format!(" in place {place}")).unwrap_or_default();
    Some(format!("{} {}{place}", safe(name.as_str()), styled(state_style(&nickname.state), safe(&nickname.state))))
}

fn transport_text(transport: &TransportStatus) -> String {
    let state = styled(state_style(&transport.state), safe(&transport.state));
    let at: Vec<String> = transport.listening.iter().map(Entrypoint::to_string).collect();
    let problem = transport.problem.as_ref().map(|problem| format!(": {}", styled(BAD, safe(problem))));
    format!("{state} {}{}", at.join(" "), problem.unwrap_or_default())
}

fn stability_text(stability: &TransportStability, now_unix_ms: u64) -> String {
    let is_unused = stability.sessions == 0 && stability.came_in_unix_ms.is_none() && stability.lasts_ms.is_none();
    if is_unused && stability.round_trip_ms.is_none() {
        return styled(FAINT, "there was no session by it yet");
    }
    let mut said = vec![counted(stability.sessions, "session"), format!("{} % last", stability.success_percent)];
    said.extend(stability.round_trip_ms.map(|ms| format!("round trip {ms} ms")));
    said.extend(stability.loss_per_mille.map(|lost| format!("{}.{} % lost", lost / 10, lost % 10)));
    said.extend(stability.lasts_ms.map(|ms| format!("a session lasts {}", Span { ms: ms.into() })));
    said.push(match stability.came_in_unix_ms {
        Some(then) => format!("somebody came in {}", when(now_unix_ms, then)),
        None => "nobody has come in by it".to_owned(),
    });
    said.extend(stability.place.map(|place| match &stability.better {
        Some(better) => format!("number {place} in our document, since {}", safe(better)),
        None => format!("number {place} in our document"),
    }));
    styled(FAINT, said.join(", "))
}

/// At which address others see this node, how many say so, and what the router does.
fn external_text(external: &ExternalAddress) -> String {
    let at = external.address.map_or_else(|| external.ip.to_string(), |address| address.to_string());
    let (peers, networks) = (counted(external.observers, "peer"), counted(external.networks, "network"));
    let (mapping, filtering) = (external.mapping.in_words(), external.filtering.in_words());
    format!("{at}, say {peers} in {networks}; {mapping}; {filtering}")
}

fn stun_text(stun: &StunStatus) -> String {
    let state = styled(state_style(&stun.state), safe(&stun.state));
    let at: Vec<String> = stun.listening.iter().map(|at| format!(" {at}")).collect();
    let asked = match stun.asked {
        0 => String::new(),
        asked => format!(", {} of {} asked answered", stun.answered, counted(asked, "peer")),
    };
    format!("{state}{}{asked}", at.concat())
}

fn lan_text(lan: &LanStatus) -> String {
    let state = styled(state_style(&lan.state), safe(&lan.state));
    let problem = lan.problem.as_ref().map(|problem| format!(": {}", styled(BAD, safe(problem)))).unwrap_or_default();
    match (lan.found, lan.state.as_str()) {
        (0, "ON") => format!("{state} nobody found{problem}"),
        (0, _) => state,
        (found, _) => format!("{state} {} found{problem}", counted(found, "node")),
    }
}

fn peers_text(peers: &Peers, now_unix_ms: u64) -> String {
    if peers.peers.is_empty() {
        return "No other node is known yet. A contact's address says where theirs is: `bitpie contact add IDURL`.\n"
            .to_owned();
    }
    let short = ShortIds::of(peers.peers.iter().filter_map(|peer| peer.id.as_ref()));
    let mut table = Table::new(&[
        "ID",
        "NAME",
        "SESSION",
        "STATE",
        "PING",
        "MET",
        "FAILED",
        "NEXT TRY",
        "MISBEHAVED",
        "SEEN",
        "AT",
    ]);
    for peer in &peers.peers {
        table.row(peer_row(peer, short, now_unix_ms));
    }
    table.render()
}

fn peer_row(peer: &Peer, short: ShortIds, now_unix_ms: u64) -> [Cell; 11] {
    let session = peer.session.as_ref();
    let moment = |then: Option<u64>| then.map_or_else(Cell::default, |then| Cell::new(when(now_unix_ms, then)));
    let way = session.map(|session| match session.direction {
        // The relay is in the list too, under the same short id.
        _ if session.through.is_some() => {
            let carrier = session.through.as_ref().map(|carrier| short.show(carrier)).unwrap_or_default();
            format!("through {carrier}")
        }
        _ if session.by_meeting => format!("{} met", session.transport),
        Direction::Incoming => format!("{} in", session.transport),
        Direction::Outgoing => format!("{} out", session.transport),
    });
    let at: Vec<String> = match session {
        Some(session) => vec![session.remote.to_string()],
        None => peer.entrypoints.iter().map(Entrypoint::to_string).collect(),
    };
    // Of the session, or what all sessions before have come to.
    let round_trip_ms = session.and_then(|session| session.round_trip_ms);
    let round_trip_ms = round_trip_ms.or(peer.round_trip_us.map(|us| us.div_ceil(1000)));
    let unless_none = |count: u32| if count > 0 { Cell::number(count).styled(BAD) } else { Cell::default() };
    [
        Cell::maybe(peer.id.as_ref().map(|id| short.show(id))),
        Cell::new(peer.name.as_ref().map(ToString::to_string).unwrap_or_default()).styled(STRONG),
        Cell::maybe(way),
        session.map_or_else(Cell::default, |session| Cell::new(&session.state).styled(state_style(&session.state))),
        Cell::maybe(round_trip_ms.map(|ms| format!("{ms} ms"))),
        if peer.sessions > 0 { Cell::number(peer.sessions) } else { Cell::default() },
        unless_none(peer.failures),
        moment(peer.next_attempt_unix_ms),
        if peer.misbehaviour > 0.0 {
            Cell::number(format!("{:.1}", peer.misbehaviour)).styled(BAD)
        } else {
            Cell::default()
        },
        moment(peer.last_seen_unix_ms),
        Cell::new(at.join(" ")),
    ]
}
