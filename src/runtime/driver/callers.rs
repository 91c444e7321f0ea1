//! Callers of the local API, as the loop knows them: those who wait until automata have come to rest, their searches,
//! and whoever is told of changes.

use std::collections::HashMap;

use crate::api::answers;
use crate::api::feeds::Feeds;
use crate::api::reply::Reply;
use crate::automata::contact_status;
use crate::automata::senders::api::reachability;
use crate::home::clock::unix_ms;
use crate::identity::NodeId;
use crate::messages::ContactState;
use crate::name::ServiceName;
use crate::nickname::Nickname;
use crate::node::Node;
use crate::runtime::presentation;
use crate::runtime::recording::Recorder;
use crate::services::Service;
use crate::world::services::{self, ServiceResult};
use crate::world::{Input, RequestId};

use super::searches::{Found, Searches};

/// Whoever calls the local API.
pub struct Callers {
    /// When the node was started, as they are told.
    pub started_unix_ms: u64,
    /// Searches for nicknames.
    pub searches: Searches,
    requests: u64,
    feeds: Feeds,
    services: HashMap<RequestId, WaitingService>,
    /// Starts of services which are on, and yet have to find out whether they can do what they are for.
    settling: Vec<WaitingService>,
    pings: Vec<WaitingPing>,
}

/// Waits until a service has come to rest.
pub struct WaitingService {
    /// Which one.
    pub service: &'static Service,
    /// Whether it is to be on when the node starts.
    pub enabled: bool,
    /// Takes the answer.
    pub reply: Reply<answers::ServiceChange>,
}

/// Waits until it is known whether a contact is there.
pub struct WaitingPing {
    /// Whom.
    pub peer: NodeId,
    /// What the user calls them.
    pub name: Option<Nickname>,
    /// What they are to the user.
    pub state: ContactState,
    /// When it was asked, in milliseconds since the start.
    pub asked_ms: u64,
    /// Takes the answer.
    pub reply: Reply<answers::Ping>,
}

impl Callers {
    /// Nobody yet. Whoever waits for changes is told by the feeds.
    pub(super) fn new(feeds: Feeds) -> Self {
        Self {
            started_unix_ms: unix_ms(),
            searches: Searches::default(),
            requests: 0,
            feeds,
            services: HashMap::new(),
            settling: Vec::new(),
            pings: Vec::new(),
        }
    }

    /// A number for a request of the user. Even, so that those of the core never meet them.
    pub fn request_id(&mut self) -> RequestId {
        self.requests += 2;
        RequestId(self.requests)
    }

    /// Whoever waits for messages or their states looks again.
    pub fn changed(&self) {
        self.feeds.conversations_changed();
    }

    /// Somebody switches a service on or off. The number of that request.
    pub fn wait_for_service(&mut self, waiting: WaitingService) -> RequestId {
        let request = self.request_id();
        self.services.insert(request, waiting);
        request
    }

    /// Somebody asks whether a contact is there.
    pub fn wait_for_ping(&mut self, waiting: WaitingPing) {
        self.pings.push(waiting);
    }

    /// A service has come to rest.
    pub(super) fn answer_service(&mut self, request: RequestId, result: ServiceResult, node: &Node<Recorder>) {
        let Some(waiting) = self.services.remove(&request) else { return };
        if result == ServiceResult::Started {
            return self.settling.push(waiting);
        }
        let why = (result == ServiceResult::DependsOff).then(|| {
            let off = presentation::dependencies_off(node, waiting.service);
            format!("it needs {}, which is off: start that, and it starts too", off.join(" and "))
        });
        waiting.answer(result, why, Vec::new());
    }

    /// Answers whoever has waited for what automata have come to by now.
    pub(super) fn look(&mut self, node: &Node<Recorder>, now_ms: u64) {
        self.feeds.node_changed();
        self.look_at_pings(node, now_ms);
        self.look_at_started(node);
    }

    /// Answers whoever has started a service, once it is known whether it does what it is for.
    fn look_at_started(&mut self, node: &Node<Recorder>) {
        if self.settling.is_empty() {
            return;
        }
        let is_settled = |waiting: &mut WaitingService| (waiting.service.is_settled)(node.system());
        for waiting in self.settling.extract_if(.., is_settled) {
            let problem = presentation::problem(node, waiting.service);
            let why = problem.map(|problem| format!("{problem}; it tries again by itself"));
            // It may have been stopped again meanwhile.
            let is_on = services::is_on(node.system(), waiting.service.name);
            let still_off = if is_on { presentation::still_off(node, waiting.service) } else { Vec::new() };
            waiting.answer(if is_on { ServiceResult::Started } else { ServiceResult::Stopped }, why, still_off);
        }
    }

    /// Answers pings whose contact has come to rest.
    fn look_at_pings(&mut self, node: &Node<Recorder>, now_ms: u64) {
        let status = |ping: &WaitingPing| node.system().contact_status.get(&ping.peer).map(|status| status.state());
        let is_asked = |state: contact_status::State| {
            state.is_in_ping() || (state.is_in_connected() && state != contact_status::State::Heard)
        };
        let is_at_rest = |ping: &mut WaitingPing| !status(ping).is_some_and(is_asked);
        for ping in self.pings.extract_if(.., is_at_rest) {
            let online = status(&ping).is_some_and(contact_status::State::is_in_connected);
            let sessions = &node.world().sessions;
            let session = sessions.ready(&ping.peer).and_then(|id| sessions.get(id));
            let transport = session.map(|session| session.transport.clone());
            let why = (!online).then(|| presentation::why_away(node, &ping.peer));
            let took_ms = online.then(|| now_ms.saturating_sub(ping.asked_ms));
            let found = answers::Ping { id: ping.peer, name: ping.name, online, took_ms, transport, why };
            ping.reply.give(Ok(found));
        }
    }

    /// A search has found somebody. Whether that node is there now is to be found out at once, unless we are it.
    pub(super) fn claimant_found(&mut self, search: u64, index: u8, claimant: NodeId, me: NodeId) -> Option<Input> {
        let is_me = claimant == me;
        self.searches.found(search, Found { index, id: claimant, is_there: is_me.then_some(true) });
        self.changed();
        (!is_me).then_some(Input::Event(reachability::asked(claimant)))
    }

    /// A search will find nothing more.
    pub(super) fn search_ended(&mut self, search: u64, is_complete: bool, answered: u8) {
        self.searches.ended(search, is_complete, answered);
        self.changed();
    }

    /// It is known whether a node is there.
    pub(super) fn node_reached(&mut self, node: NodeId, is_reached: bool) {
        self.searches.reached(node, is_reached);
        self.changed();
    }
}

impl WaitingService {
    fn answer(self, result: ServiceResult, why: Option<String>, still_off: Vec<ServiceName>) {
        let Self { service, enabled, reply } = self;
        let change = answers::ServiceChange { name: service.service_name(), result, enabled, why, still_off };
        reply.give(Ok(change));
    }
}
