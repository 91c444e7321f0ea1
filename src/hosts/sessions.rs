//! Sessions: what transports report of them, counted and told to whom it concerns.

use automata_runtime::Milliseconds;

use crate::automata::peer_protocol;
use crate::automata::senders::gateway;
use crate::automata::system::System;
use crate::automata::types::CloseReason;
use crate::hosts::connections::{self, Told};
use crate::hosts::introductions;
use crate::peers::AddressGroup;
use crate::world::{ClockVerdict, Command, clocks};
use crate::world::{Counters, RouterProbe, Session, SessionId, SessionInput, World};

/// The state of a session that this side is not closing: that of its protocol, or of its handshake before.
fn living_state(system: &System, id: SessionId) -> Option<&'static str> {
    let (connection, is_ending) = connections::state(system, id)?;
    match system.peer_protocol.get(&id) {
        Some(protocol) => Some(protocol.state()).filter(|state| state.is_in_open()).map(peer_protocol::State::name),
        None => Some(connection).filter(|_| !is_ending),
    }
}

/// The socket is closed.
fn closed(
    world: &mut World,
    system: &System,
    id: SessionId,
    reason: CloseReason,
    detail: String,
    chance: Milliseconds,
) {
    Counters::count(&mut world.counters.sessions_ended, reason);
    if reason == CloseReason::UnexpectedId {
        Counters::count(&mut world.counters.refused, reason);
    }
    if let Some(state) = living_state(system, id) {
        match reason {
            // The transport has its own time-outs, and whichever comes first counts.
            CloseReason::TimedOut => world.count_timed_out(),
            CloseReason::Remote if world.sessions.get(id).is_some_and(|session| !session.was_ready) => {
                *world.counters.broken_off.entry(state.to_lowercase()).or_default() += 1;
            }
            CloseReason::BadHandshake => Counters::count(&mut world.counters.refused, reason),
            _ => {}
        }
    }
    connections::tell(world, system, id, Told::Lost { reason });
    if let Some(newer) = world.sessions.contested_by(id) {
        world.tell_if_there(system, gateway::peer_protocol::other_gone(newer));
    }
    let Some(session) = world.sessions.remove(id) else { return };
    let peer_is_here =
        session.expected.is_some_and(|peer| world.sessions.ready(&peer).is_some_and(|ready| ready != id));
    let is_broken = !matches!(reason, CloseReason::Local | CloseReason::Remote) && !peer_is_here;
    if is_broken && (session.is_outgoing || session.was_ready) {
        world.identity.stabilities.session(&session.transport, false);
    }
    let Some(peer) = session.peer.or(session.expected) else { return };
    if session.was_ready {
        let now = world.now;
        world.identity.stabilities.lasted(&session.transport, now.ms.saturating_sub(session.opened_ms));
        // What was measured in the session, too, is written down only now.
        world.peers.seen(&peer, session.heard_unix_ms(now));
        world.remember_peer(&peer);
        if world.sessions.ready(&peer).is_none_or(|ready| ready == id) {
            world.tell_if_there(system, gateway::peer_link::session_ended(peer, chance));
        }
    } else if session.is_outgoing {
        // Where another way was quicker, this one has not failed.
        if world.sessions.ready(&peer).is_none() {
            world.peers.failed(&peer, &session.entrypoint(), world.now.unix_ms);
        }
        world.tell_if_there(system, gateway::peer_link::dial_failed(peer, id, chance));
    }
    world.last_closed(peer, session.ended_because.unwrap_or(detail));
}

/// A connection is made. If sessions went off meanwhile, it is ended at once.
fn made(world: &mut World, system: &System, id: SessionId, is_outgoing: bool) {
    let Some(session) = world.sessions.get(id) else { return };
    let service = format!("{}-connections", session.transport);
    connections::tell(world, system, id, Told::Made { is_outgoing });
    if !world.is_service_on(system, &service) {
        connections::tell(world, system, id, Told::Disconnect);
    }
}

/// A peer has said what its clock says. The user is told when it means something else than before.
fn clock(world: &mut World, id: SessionId, ahead_ms: i64) {
    let Some(session) = world.sessions.get(id) else { return };
    let (Some(peer), group) = (session.peer, AddressGroup::of(session.remote.ip())) else { return };
    let (now, is_friend) = (world.now, world.is_friend(&peer));
    let (before, was_apart) = (world.clocks.judge(now), world.clocks.apart(&peer, now).is_some());
    world.clocks.note(peer, is_friend, group, ahead_ms, now);
    let is_ours = |verdict| matches!(verdict, ClockVerdict::Ours { .. });
    let after = world.clocks.judge(now);
    if is_ours(after)
        && !is_ours(before)
        && let Some(reason) = after.in_words()
    {
        world.command(Command::Report { what: "the clock of this machine is wrong".to_owned(), reason });
    }
    if is_friend
        && !was_apart
        && let Some(ahead_ms) = world.clocks.apart(&peer, now)
    {
        let what = "no session with a contact, for the clocks are too far apart".to_owned();
        let reason = format!("the clock of {peer} is {} ours", clocks::in_words(ahead_ms));
        world.command(Command::Report { what, reason });
    }
}

/// A session reports.
pub fn report(world: &mut World, system: &System, id: SessionId, input: SessionInput) {
    match input {
        SessionInput::Accepted { transport, remote, through } => {
            let accepted = Session::new(transport, remote, None, world.now.ms);
            world.sessions.insert(id, Session { through, ..accepted });
            made(world, system, id, false);
        }
        SessionInput::Connected => made(world, system, id, true),
        SessionInput::Authenticated { peer } => {
            let Some(session) = world.sessions.get_mut(id) else { return };
            session.peer = Some(peer);
            world.identity.stabilities.session(&session.transport, true);
            connections::tell(world, system, id, Told::Proved { peer });
        }
        SessionInput::Clock { ahead_ms } => clock(world, id, ahead_ms),
        SessionInput::KeepAlive => connections::tell(world, system, id, Told::KeepAlive),
        SessionInput::PeerMoved { remote } => {
            if let Some(session) = world.sessions.get_mut(id) {
                session.remote = remote;
                session.router = RouterProbe::Unknown;
            }
        }
        SessionInput::Loss { per_mille } => {
            let Some(session) = world.sessions.get(id) else { return };
            world.identity.stabilities.loss(&session.transport, per_mille);
        }
        SessionInput::RouterProbed { answers } => introductions::router_probed(world, id, answers),
        SessionInput::Moved => connections::tell(world, system, id, Told::Moved),
        SessionInput::Frame(event) => {
            let now_ms = world.now.ms;
            let Some(session) = world.sessions.get_mut(id) else { return };
            session.heard_ms = now_ms;
            world.counters.frames_in += 1;
            if let Some(event) = event {
                world.tell_if_there(system, event);
            }
        }
        SessionInput::Closed { reason, detail, chance_ms } => {
            closed(world, system, id, reason, detail, Milliseconds(chance_ms));
        }
    }
}
