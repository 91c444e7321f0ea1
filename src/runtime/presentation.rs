//! What the local API shows of the node: read from the core and the store, changed by nobody.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::api::answers;
use crate::api::errors::{ErrorKind, RpcError};
use crate::api::hidden::Hidden;
use crate::automata::local_service::State;
use crate::hosts::connections;
use crate::identity::{NodeId, VerifiedDocument};
use crate::messages::{Contact, ContactState, DeliveryState, Direction, Item, Rating, SentTime, WaitingMessage};
use crate::name::{ServiceName, webtransport_api_name};
use crate::nickname::Nickname;
use crate::node::Node;
use crate::peers::MISBEHAVIOUR_LIMIT;
use crate::services::{SERVICES, Service};
use crate::store::Store;
use crate::stun::OurSocket;
use crate::world::{KnownCertificate, services};

use super::errors::{bad, failed};
use super::lookup;
use super::recording::Recorder;
use crate::home::clock::unix_ms;
use crate::home::config::{Config, SETTINGS, Setting, Value, find};

type Core = Node<Recorder>;

/// For how long back it is told how often a contact was there: 30 days.
const RATED_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// The state of `network_connector`.
pub fn network_connector(node: &Core) -> String {
    let connector = node.system().network_connector.get();
    connector.map_or("CLOSED", |instance| instance.state().name()).to_owned()
}

/// Services that this one needs and that are off.
pub fn dependencies_off(node: &Core, service: &Service) -> Vec<&'static str> {
    service.depends_on.iter().copied().filter(|needed| !services::is_on(node.system(), needed)).collect()
}

/// Why a service that is on does not do what it is for.
pub fn problem(node: &Core, service: &Service) -> Option<String> {
    if services::is_on(node.system(), service.name) { (service.problem)(node.world(), node.system()) } else { None }
}

/// All services.
pub fn services(node: &Core, is_enabled: impl Fn(&str) -> bool) -> answers::Services {
    let view = |service: &'static Service| {
        let state = services::state(node.system(), service.name);
        let off = dependencies_off(node, service);
        let is_missing = state.name() == "DEPENDS_OFF" && !off.is_empty();
        let problem = if is_missing { Some(format!("{} is off", off.join(" and "))) } else { problem(node, service) };
        answers::Service {
            name: service.service_name(),
            summary: service.summary.to_owned(),
            state: state.name().to_owned(),
            enabled: is_enabled(service.name),
            problem,
            depends_on: service.depends_on.iter().filter_map(|name| name.parse().ok()).collect(),
            dependents: service.dependents().map(Service::service_name).collect(),
        }
    };
    answers::Services { services: SERVICES.iter().map(view).collect() }
}

/// Services that are on by default, and are off now. Before the services have begun, none is.
pub fn services_off(node: &Core, is_enabled: impl Fn(&str) -> bool) -> Vec<answers::ServiceOff> {
    let is_off = |service: &&Service| {
        let instance = node.system().local_service.get(&service.service_name());
        service.is_enabled && instance.is_some_and(|instance| instance.state().is_in_down())
    };
    let view = |service: &Service| answers::ServiceOff {
        name: service.service_name(),
        enabled: is_enabled(service.name),
        means: service.while_off.to_owned(),
        depends_on: service.depends_on.iter().filter_map(|name| name.parse().ok()).collect(),
    };
    SERVICES.iter().filter(is_off).map(view).collect()
}

/// Services that need this one, directly or not, are wanted by the settings, and are off without waiting for anything:
/// nothing but a start of their own starts them.
pub fn still_off(node: &Core, service: &Service) -> Vec<ServiceName> {
    let mut above = BTreeSet::from([service.name]);
    let mut off = Vec::new();
    // Each stands behind those that it depends on.
    for other in SERVICES.iter().filter(|other| !other.depends_on.is_empty()) {
        if other.depends_on.iter().any(|needed| above.contains(needed)) {
            above.insert(other.name);
            let name = other.service_name();
            if services::state(node.system(), other.name) == State::Off && node.world().enabled.contains(&name) {
                off.push(name);
            }
        }
    }
    off
}

/// What keeps every message of ours waiting now, and what the user can do about it.
pub fn messages_wait(node: &Core) -> Option<(String, Option<String>)> {
    let service = crate::services::find(MESSAGES)?;
    if services::state(node.system(), service.name).is_in_down() {
        let said = format!("{} is off: {}", service.name, service.while_off);
        return Some((said, Some(format!("`bitpie service start {}`", service.name))));
    }
    let help = (!services::is_on(node.system(), HOOKUPS)).then(|| format!("`bitpie service start {HOOKUPS}`"));
    Some((problem(node, service)?, help))
}

/// The service that delivers messages.
const MESSAGES: &str = "private-messages";
/// The service that knows who is there: to whom messages can go now, and how often contacts are there.
pub const HOOKUPS: &str = "p2p-hookups";

/// How a contact is shown who is there; when it was last asked does not concern the user.
const CONNECTED: &str = "CONNECTED";

/// Whether contacts are there, and when they were last heard of.
pub type Presence = BTreeMap<NodeId, Present>;

/// Whether somebody is there.
#[derive(Clone, Default)]
pub struct Present {
    status: String,
    last_seen_unix_ms: Option<u64>,
    clock_ahead_ms: Option<i64>,
}

/// Of all that the core knows.
pub fn presence(node: &Core) -> Presence {
    let mut presence = Presence::new();
    for peer in node.world().peers.iter() {
        let clock_ahead_ms = node.world().clocks.apart(&peer.id, node.world().now);
        let last_seen_unix_ms = peer.last_seen_unix_ms;
        presence.insert(peer.id, Present { status: String::new(), last_seen_unix_ms, clock_ahead_ms });
    }
    for (peer, status) in node.system().contact_status.iter() {
        let state = status.state();
        let shown = if state.is_in_connected() { CONNECTED } else { state.name() };
        presence.entry(*peer).or_default().status = shown.to_owned();
    }
    presence
}

/// A contact.
///
/// # Errors
/// Those of the store.
pub fn contact(contact: &Contact, store: &Store, presence: &Presence) -> Result<answers::Contact, RpcError> {
    let Present { status, last_seen_unix_ms, clock_ahead_ms } = presence.get(&contact.id).cloned().unwrap_or_default();
    let Rating { seen_minutes, up_minutes } =
        store.rating(&contact.id, unix_ms().saturating_sub(RATED_MS)).map_err(failed)?;
    let document = document(&contact.id, store)?;
    Ok(answers::Contact {
        id: contact.id,
        name: contact.name.clone(),
        claimed_name: document.and_then(|document| document.document().name.clone()),
        state: contact_state(contact.state),
        online: status == CONNECTED,
        status,
        clock_ahead_ms,
        last_seen_unix_ms,
        unread: contact.unread,
        waiting: contact.waiting,
        invitation: contact.invited_with.clone(),
        rating: answers::Rating { seen_minutes, up_minutes },
        nickname_change: nickname_change(contact, store)?,
        looks_like: None,
    })
}

/// What somebody is to the user, as the API says it.
pub fn contact_state(state: ContactState) -> answers::ContactState {
    match state {
        ContactState::Requested => answers::ContactState::Request,
        ContactState::Accepted => answers::ContactState::Accepted,
        ContactState::Blocked => answers::ContactState::Refused,
        ContactState::Removed => answers::ContactState::Removed,
    }
}

/// The document of a node that is kept.
fn document(id: &NodeId, store: &Store) -> Result<Option<VerifiedDocument>, RpcError> {
    let kept = store.document(id).map_err(failed)?;
    Ok(kept.and_then(|kept| VerifiedDocument::verify_whenever(&kept.bytes).ok()))
}

/// What has become of the nickname by which a contact was found, if it is not theirs any more.
///
/// # Errors
/// Those of the store.
pub fn nickname_change(contact: &Contact, store: &Store) -> Result<Option<answers::NicknameChange>, RpcError> {
    let Some(was) = &contact.found_as else { return Ok(None) };
    let Some(document) = document(&contact.id, store)? else { return Ok(None) };
    let is = document.document().name.clone();
    Ok((is.as_ref() != Some(was)).then(|| answers::NicknameChange { was: was.clone(), is }))
}

/// The name of another contact that looks like this one's.
///
/// # Errors
/// Those of the store.
pub fn looks_like(contact: &Contact, store: &Store) -> Result<Option<Nickname>, RpcError> {
    let Some(name) = &contact.name else { return Ok(None) };
    let others = store.contacts().map_err(failed)?;
    let others = others.into_iter().filter(|other| other.state != ContactState::Removed);
    let mut names = others.filter_map(|other| other.name);
    Ok(names.find(|other| other.is_confusable_with(name)))
}

/// How far a message of ours is.
pub fn message_state(state: DeliveryState) -> answers::MessageState {
    match state {
        DeliveryState::Queued => answers::MessageState::Queued,
        DeliveryState::Sent => answers::MessageState::Sent,
        DeliveryState::Delivered => answers::MessageState::Delivered,
        DeliveryState::Read => answers::MessageState::Read,
        DeliveryState::Refused => answers::MessageState::Refused,
        DeliveryState::Expired => answers::MessageState::Expired,
    }
}

fn sent_time(sent_unix_ms: u64, received_unix_ms: u64) -> Option<answers::SentTime> {
    match SentTime::of(sent_unix_ms, received_unix_ms) {
        SentTime::Fresh => None,
        SentTime::Delayed => Some(answers::SentTime::Delayed),
        SentTime::Impossible => Some(answers::SentTime::Impossible),
    }
}

/// Messages, the oldest first.
///
/// # Errors
/// Those of the store.
pub fn messages(store: &Store, items: Vec<Item>, next: Option<u64>) -> Result<answers::Messages, RpcError> {
    let names = lookup::names(store)?;
    let messages = items.iter().map(|item| message(item, &names, store)).collect::<Result<_, _>>()?;
    Ok(answers::Messages { messages, next, next_request: None })
}

/// Messages of strangers that wait for the user to accept or refuse them.
pub fn waiting(store: &Store, waiting: Vec<WaitingMessage>) -> Result<Vec<answers::Message>, RpcError> {
    let strangers = store.contacts().map_err(failed)?;
    let strangers: BTreeMap<NodeId, Contact> = strangers.into_iter().map(|contact| (contact.id, contact)).collect();
    let message = |waiting: WaitingMessage| answers::Message {
        position: 0,
        id: waiting.id.to_string(),
        direction: answers::Direction::Incoming,
        with: waiting.sender,
        name: strangers.get(&waiting.sender).and_then(|contact| contact.name.clone()),
        text: Hidden(waiting.text.as_str().to_owned()),
        time_unix_ms: waiting.sent_unix_ms,
        received_unix_ms: Some(waiting.stored_unix_ms),
        sent_time: sent_time(waiting.sent_unix_ms, waiting.stored_unix_ms),
        expires_unix_ms: None,
        reply_to: None,
        state: answers::MessageState::Waiting,
        why: None,
        attempts: 0,
        invited: strangers.get(&waiting.sender).is_some_and(|contact| contact.invited_with.is_some()),
    };
    Ok(waiting.into_iter().map(message).collect())
}

/// A message.
///
/// # Errors
/// Those of the store.
pub fn message(
    item: &Item,
    names: &BTreeMap<NodeId, Option<Nickname>>,
    store: &Store,
) -> Result<answers::Message, RpcError> {
    let delivery = match item.direction {
        Direction::Outgoing => store.delivery(&item.id).map_err(failed)?,
        Direction::Incoming => None,
    };
    let state = match (item.direction, item.state) {
        (Direction::Outgoing, Some(state)) => message_state(state),
        (Direction::Outgoing, None) => answers::MessageState::Queued,
        (Direction::Incoming, _) if item.read_unix_ms.is_some() => answers::MessageState::Read,
        (Direction::Incoming, _) => answers::MessageState::Unread,
    };
    let received_unix_ms = (item.direction == Direction::Incoming).then_some(item.stored_unix_ms);
    Ok(answers::Message {
        position: item.position,
        id: item.id.to_string(),
        direction: match item.direction {
            Direction::Incoming => answers::Direction::Incoming,
            Direction::Outgoing => answers::Direction::Outgoing,
        },
        with: item.with,
        name: names.get(&item.with).cloned().flatten(),
        text: Hidden(item.text.as_str().to_owned()),
        time_unix_ms: item.sent_unix_ms,
        received_unix_ms,
        sent_time: received_unix_ms.and_then(|received| sent_time(item.sent_unix_ms, received)),
        expires_unix_ms: Some(item.expires_unix_ms),
        reply_to: item.reply_to.map(|id| id.to_string()),
        state,
        why: item.refusal.clone(),
        attempts: delivery.map_or(0, |delivery| delivery.attempts),
        invited: false,
    })
}

/// Why a contact is not there, as far as it is known.
pub fn why_away(node: &Core, peer: &NodeId) -> String {
    let world = node.world();
    match (world.problems.last_ends.get(peer), world.peers.get(peer)) {
        (_, None) => "nobody has said where that node is".to_owned(),
        (_, Some(known)) if known.entrypoints.is_empty() => "nobody has said where that node is".to_owned(),
        (Some(why), _) => why.clone(),
        (None, Some(known)) if known.last_seen_unix_ms.is_none() => "it has never answered so far".to_owned(),
        (None, Some(_)) => "it does not answer".to_owned(),
    }
}

/// STUN.
pub fn stun(node: &Core) -> answers::StunStatus {
    let (system, world) = (node.system(), node.world());
    let external = world.stun.observations.external(world.now.ms).into_iter().map(|it| answers::ExternalAddress {
        ip: it.ip,
        address: it.address,
        observers: it.observers as u64,
        networks: it.networks as u64,
        mapping: it.mapping,
        filtering: it.filtering,
    });
    let is_answered = |peer: &NodeId| world.stun.observations.of(peer, OurSocket::Single, world.now.ms).is_some();
    answers::StunStatus {
        state: system.stun_server.get().map_or("CLOSED", |server| server.state().name()).to_owned(),
        listening: world.stun.entrypoints.clone(),
        problem: world.stun.problem.clone(),
        asked: world.stun.clients.len() as u64,
        answered: world.stun.clients.iter().filter(|peer| is_answered(peer)).count() as u64,
        external: external.collect(),
    }
}

/// What has gone through the gateway.
pub fn traffic(traffic: super::driver::Traffic) -> answers::Traffic {
    let super::driver::Traffic { frames_in, bytes_in, frames_out, bytes_out } = traffic;
    answers::Traffic { frames_in, bytes_in, frames_out, bytes_out }
}

/// The nodes that are known, and sessions whose peer has not said who it is.
pub fn peers(node: &Core, now_unix_ms: u64, started_unix_ms: u64) -> Vec<answers::Peer> {
    let world = node.world();
    let session_view = |id: u64| {
        let session = world.sessions.get(id)?;
        let protocol = node.system().peer_protocol.get(&id).map(|protocol| protocol.state().name());
        let connection = || connections::state(node.system(), id).map(|(state, _)| state);
        Some(answers::PeerSession {
            session: id,
            direction: if session.is_outgoing { answers::Direction::Outgoing } else { answers::Direction::Incoming },
            transport: session.transport.clone(),
            remote: session.entrypoint(),
            through: session.through,
            by_meeting: session.is_by_meeting,
            state: protocol.or_else(connection).unwrap_or("DIALLING").to_owned(),
            round_trip_ms: session.round_trip_ms.map(u64::from),
            since_unix_ms: started_unix_ms + session.opened_ms,
        })
    };
    let of_peer = |peer: &NodeId| {
        let ready = world.sessions.ready(peer);
        ready.or_else(|| {
            world.sessions.iter().find(|(_, session)| session.peer.as_ref() == Some(peer)).map(|(id, _)| id)
        })
    };
    let mut peers: Vec<answers::Peer> = world
        .peers
        .iter()
        .map(|known| answers::Peer {
            id: Some(known.id),
            name: None,
            entrypoints: known.entrypoints.iter().map(|known| known.entrypoint.clone()).collect(),
            session: of_peer(&known.id).and_then(session_view),
            failures: known.failures,
            next_attempt_unix_ms: Some(known.next_attempt_unix_ms).filter(|next| *next > now_unix_ms),
            misbehaviour: f64::from(known.misbehaviour.points_at(now_unix_ms)) / f64::from(MISBEHAVIOUR_LIMIT),
            last_seen_unix_ms: known.last_seen_unix_ms,
            first_seen_unix_ms: Some(known.first_seen_unix_ms),
            sessions: known.sessions,
            round_trip_us: known.round_trip_us,
            sees_us_at: world.stun.observations.of(&known.id, OurSocket::Single, world.now.ms).map(|seen| seen.mapped),
            traffic: None,
        })
        .collect();
    let strangers = world.sessions.iter().filter(|(_, session)| session.peer.is_none());
    peers.extend(strangers.map(|(id, session)| answers::Peer {
        id: session.expected,
        name: None,
        entrypoints: vec![session.entrypoint()],
        session: session_view(id),
        failures: 0,
        next_attempt_unix_ms: None,
        misbehaviour: 0.0,
        last_seen_unix_ms: None,
        first_seen_unix_ms: None,
        sessions: 0,
        round_trip_us: None,
        sees_us_at: None,
        traffic: None,
    }));
    peers.sort_by_key(|peer| (peer.session.is_none(), std::cmp::Reverse(peer.last_seen_unix_ms), peer.id));
    peers
}

fn json(value: &Value) -> Json {
    match value {
        Value::Switch(on) => Json::from(*on),
        Value::Number(number) => Json::from(*number),
        Value::DurationMs(_) | Value::Size(_) => Json::from(value.to_string()),
        Value::Text(text) => Json::from(text.as_str()),
        Value::List(texts) => Json::from(texts.clone()),
    }
}

/// One setting.
///
/// # Errors
/// If there is none of that path.
pub fn setting(config: &Config, path: &str) -> Result<answers::Setting, RpcError> {
    let setting = find(path).map_err(|error| RpcError::new(ErrorKind::NotFound, error.to_string()))?;
    view_of_setting(config, setting)
}

fn view_of_setting(config: &Config, setting: &Setting) -> Result<answers::Setting, RpcError> {
    let value = config.get(&setting.path).map_err(|error| bad(error.to_string()))?;
    Ok(answers::Setting {
        path: setting.path.clone(),
        value: json(&value),
        default: setting.kind.parse(setting.default).as_ref().map_or(Json::Null, json),
        is_set: config.is_set(&setting.path),
        kind: setting.kind.expected(),
        summary: setting.summary.to_owned(),
        needs_restart: setting.needs_restart,
    })
}

/// Where the API is reached.
pub fn api_ports(node: &Node<Recorder>) -> Vec<answers::ApiPort> {
    let (ports, certificates) = (&node.world().api_ports, &node.world().api_certificates);
    let external = |service: &ServiceName| {
        let believed = ports.external.get(service).into_iter().flatten();
        believed.map(|it| answers::ApiAddress { address: it.address, observers: it.observers }).collect()
    };
    let certificate = |known: &KnownCertificate| answers::ApiCertificate {
        sha256: known.hash.to_string(),
        begins_unix_ms: known.begins_unix_ms,
        ends_unix_ms: known.ends_unix_ms,
        is_shown: certificates.shown == Some(known.hash),
    };
    let shows = |service: &ServiceName| *service == webtransport_api_name();
    let port = |(service, address): (&ServiceName, &std::net::SocketAddr)| answers::ApiPort {
        service: service.clone(),
        address: *address,
        is_public: ports.is_public,
        external: external(service),
        certificates: certificates.known.iter().filter(|_| shows(service)).map(certificate).collect(),
    };
    ports.open.iter().map(port).collect()
}

/// All settings that are listed.
///
/// # Errors
/// Never for a configuration that was read.
pub fn settings(config: &Config) -> Result<answers::Settings, RpcError> {
    let listed = SETTINGS.iter().filter(|setting| !setting.is_hidden);
    Ok(answers::Settings {
        settings: listed.map(|setting| view_of_setting(config, setting)).collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::CLOCK_SKEW_MS;
    use crate::messages::{Arrival, MessageText, NewMessage};
    use crate::store::{NewContact, Quota};
    use crate::wire::{MESSAGE_LIFETIME_MS, PacketId};

    const NOW: u64 = 1_800_000_000_000;

    fn arrival(sender: NodeId, number: u8, sent_unix_ms: u64) -> Arrival {
        Arrival {
            sender,
            id: PacketId([number; 16]),
            text: MessageText::new("hello").expect("it is short"),
            reply_to: None,
            sent_unix_ms,
            expires_unix_ms: NOW + 1,
            origin: String::new(),
            invitation: None,
        }
    }

    #[test]
    fn a_message_says_when_it_came_beside_what_its_sender_says() {
        let store = Store::in_memory().expect("a store");
        let [friend, stranger] = [1, 2].map(|number| NodeId::from_bytes([number; 32]));
        let contact = NewContact { id: friend, name: None, hints: Vec::new(), found_as: None, invitation: None };
        store.add_contact(&contact, NOW).expect("added");
        let times = [NOW - 1, NOW - CLOCK_SKEW_MS - 1, NOW - MESSAGE_LIFETIME_MS - CLOCK_SKEW_MS - 1];
        for (number, time) in (1..).zip(times) {
            for sender in [friend, stranger] {
                store.receive(&arrival(sender, number, time), &Quota::default(), NOW).expect("kept");
            }
        }
        let items = store.messages_after(None, 0, 9).expect("read");
        let of_friend = messages(&store, items, None).expect("shown").messages;
        let of_stranger = waiting(&store, store.waiting(&stranger, 9).expect("read")).expect("shown");
        use answers::SentTime::{Delayed, Impossible};
        for shown in [of_friend, of_stranger] {
            let odd: Vec<_> = shown.iter().map(|message| message.sent_time).collect();
            assert_eq!(odd, [None, Some(Delayed), Some(Impossible)]);
            let said: Vec<_> = shown.iter().map(|message| message.time_unix_ms).collect();
            assert_eq!(said, times);
            assert!(shown.iter().all(|message| message.received_unix_ms == Some(NOW)));
        }
        let own = NewMessage {
            id: PacketId([9; 16]),
            to: friend,
            text: MessageText::new("hi").expect("it is short"),
            reply_to: None,
            created_unix_ms: NOW,
            expires_unix_ms: NOW + 1,
        };
        store.queue_message(&own, None, NOW).expect("queued");
        let own = messages(&store, store.messages_after(None, 3, 9).expect("read"), None).expect("shown").messages;
        assert_eq!((own[0].received_unix_ms, own[0].sent_time), (None, None));
    }
}
