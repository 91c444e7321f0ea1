//! Searches for a nickname on behalf of the user: what has been found so far, kept for a while so that it can be asked
//! for as it comes in.

use crate::api::answers;
use crate::api::errors::{ErrorKind, RpcError};
use crate::api::methods::{Answers, ClearNickname, FindName, FoundNames, SetNickname, ShowNickname, StopSearch};
use crate::api::reply::Reply;
use crate::automata::{dht_connector, nickname_holder};
use crate::dht::NICKNAME_SLOTS;
use crate::identity::{Entrypoint, NodeId, VerifiedDocument};
use crate::messages::{Contact, ContactState};
use crate::nickname::Nickname;
use crate::store::{Store, StoreError};
use crate::world::services;
use crate::world::{Input, UserRequest};

use crate::runtime::driver::{Driver, Found, SEARCHES, Search};
use crate::runtime::errors::{bad, failed};
use crate::runtime::{lookup, presentation};

/// The search begins once it is known whether there is a DHT.
impl Answers<FindName> for Driver {
    fn answer(&mut self, request: FindName, reply: Reply<answers::Search>) {
        self.callers.searches.waiting.retain(|(_, reply)| !reply.is_closed());
        if self.callers.searches.waiting.len() < SEARCHES {
            self.callers.searches.waiting.push((request, reply));
            self.look_at_searches();
        } else {
            let error = RpcError::new(ErrorKind::Unavailable, "too many searches wait for the DHT".to_owned());
            reply.refuse(error.help("try again when they have ended"));
        }
    }
}

impl Answers<FoundNames> for Driver {
    fn answer(&mut self, FoundNames { search, .. }: FoundNames, reply: Reply<answers::FoundNames>) {
        self.found_names(search, reply);
    }
}

impl Answers<StopSearch> for Driver {
    fn answer(&mut self, StopSearch { search }: StopSearch, reply: Reply<answers::FoundNames>) {
        self.stop_search(search);
        self.found_names(search, reply);
    }
}

impl Answers<SetNickname> for Driver {
    fn answer(&mut self, SetNickname { name }: SetNickname, reply: Reply<answers::NicknameStatus>) {
        self.change_nickname(Some(name), reply);
    }
}

impl Answers<ClearNickname> for Driver {
    fn answer(&mut self, ClearNickname {}: ClearNickname, reply: Reply<answers::NicknameStatus>) {
        self.change_nickname(None, reply);
    }
}

impl Answers<ShowNickname> for Driver {
    fn answer(&mut self, ShowNickname { .. }: ShowNickname, reply: Reply<answers::NicknameStatus>) {
        reply.give(Ok(self.nickname()));
    }
}

impl Driver {
    /// Begins searches that have waited for the DHT, or says that there is none.
    pub(in crate::runtime) fn look_at_searches(&mut self) {
        if self.callers.searches.waiting.is_empty() {
            return;
        }
        let connector = self.node.system().dht_connector.get().map(|connector| connector.state());
        let is_starting = services::state(self.node.system(), "entangled-dht").is_in_starting();
        match connector {
            _ if is_starting => {}
            Some(dht_connector::State::Opening | dht_connector::State::Joining) => {}
            Some(dht_connector::State::Joined) => {
                for (parameters, reply) in std::mem::take(&mut self.callers.searches.waiting) {
                    // Whoever has gone wants nobody to be asked.
                    if !reply.is_closed() {
                        self.begin_search(parameters, reply);
                    }
                }
            }
            _ => {
                let asks_nobody = self.dht.asks_nobody();
                let problem = self.node.world().problems.dht.clone();
                for (_, reply) in std::mem::take(&mut self.callers.searches.waiting) {
                    reply.refuse(no_dht(connector, asks_nobody, problem.as_deref()));
                }
            }
        }
    }

    fn begin_search(&mut self, FindName { name, first }: FindName, reply: Reply<answers::Search>) {
        let (search, forgotten) = self.callers.searches.begin(name.clone());
        if let Some(forgotten) = forgotten {
            self.stop_search(forgotten);
        }
        self.input(Input::Request(UserRequest::FindNickname { search, nickname: name, first }));
        reply.give(Ok(answers::Search { search }));
    }

    fn stop_search(&mut self, search: u64) {
        self.input(Input::Request(UserRequest::StopSearch(search)));
    }

    /// What a search has found.
    fn found_names(&mut self, search: u64, reply: Reply<answers::FoundNames>) {
        let Some(searched) = self.callers.searches.get(search) else {
            let error = RpcError::new(ErrorKind::NotFound, format!("there is no search {search}"));
            return reply.refuse(error.help("`names.find` begins one"));
        };
        let searched = searched.clone();
        let me = self.identity.id();
        let is_private_network = self.settings.values.is_private_network();
        self.ask(reply, false, move |store| {
            Ok((found_names(store, search, searched, me, is_private_network).map_err(failed)?, Vec::new()))
        });
    }

    /// Our user wants to be known by that name, or by none, from now on.
    fn change_nickname(&mut self, name: Option<Nickname>, reply: Reply<answers::NicknameStatus>) {
        let text = name.as_ref().map(Nickname::as_str);
        match self.settings.change("identity/name", text) {
            Ok(config) => {
                let is_same = self.settings.values.identity.name == name;
                self.settings_changed(config);
                if is_same {
                    // Whoever says it again does not want to wait for the next check.
                    self.input(Input::Request(UserRequest::SetNickname(name)));
                }
                reply.give(Ok(self.nickname()));
            }
            Err(error) => reply.refuse(bad(error.to_string())),
        }
    }

    /// How our nickname stands.
    pub(super) fn nickname(&self) -> answers::NicknameStatus {
        let world = self.node.world();
        let holder = self.node.system().nickname_holder.get();
        let state = holder.map_or("CLOSED", |holder| holder.state().name()).to_owned();
        // What is on its way to the holder has not been settled by it yet.
        let settled = holder.is_none_or(|holder| {
            holder.state().is_in_ready()
                || (holder.state() == nickname_holder::State::AtStartup && world.nickname.wanted.is_none())
        });
        let (result, index) = match &world.nickname.report {
            Some((result, _, index)) => (Some(*result), Some(*index)),
            None => (None, None),
        };
        let wanted = &world.nickname.wanted;
        let (unnamed, help) = wanted.as_ref().and_then(|_| self.why_unnamed()).unzip();
        let problem = unnamed.or_else(|| world.nickname.problem.clone());
        let (name, held, lost) = (wanted.clone(), world.nickname.held, world.nickname.lost);
        answers::NicknameStatus { name, state, result, index, held, lost, settled, problem, help: help.flatten() }
    }

    /// Why our nickname is not even being registered; and what to do about it, if it is for the user to do something.
    fn why_unnamed(&self) -> Option<(String, Option<String>)> {
        let system = self.node.system();
        match system.dht_connector.get().map(|connector| connector.state()) {
            Some(dht_connector::State::Joined) if services::state(system, NICKNAMES).is_in_down() => {
                let why = format!("the service {NICKNAMES} is off, which looks after the nickname");
                Some((why, Some(format!("`bitpie service start {NICKNAMES}` starts it"))))
            }
            Some(dht_connector::State::Joined) => None,
            dht => {
                let problem = self.node.world().problems.dht.as_deref();
                let error = no_dht(dht, self.dht.asks_nobody(), problem);
                Some((error.message, error.data.help.filter(|_| is_closed(dht))))
            }
        }
    }
}

/// What a search has found, and what is kept of those nodes.
fn found_names(
    store: &Store,
    search: u64,
    searched: Search,
    me: NodeId,
    is_private_network: bool,
) -> Result<answers::FoundNames, StoreError> {
    let contacts = store.contacts()?;
    let claimant = |found: &Found| {
        let id = found.id;
        let document = store.document(&id)?;
        let document = document.and_then(|kept| VerifiedDocument::verify_whenever(&kept.bytes).ok());
        let mut entrypoints = document.map(|document| document.document().contacts.to_vec()).unwrap_or_default();
        entrypoints.retain(Entrypoint::can_be_dialled);
        // Anybody can name an address inside the network of whoever looks; it is not handed on as one that the user has
        // given.
        let only_private =
            !is_private_network && !entrypoints.is_empty() && !entrypoints.iter().any(Entrypoint::is_public);
        entrypoints.retain(|entrypoint| is_private_network || entrypoint.is_public());
        let is_it = |contact: &&Contact| contact.id == id && contact.state != ContactState::Removed;
        let contact = contacts.iter().find(is_it);
        let state = contact.map(|contact| presentation::contact_state(contact.state));
        Ok(answers::Claimant {
            index: found.index,
            address: lookup::address_of(id, entrypoints, None).idurl,
            id,
            only_private,
            is_me: id == me,
            is_contact: state == Some(answers::ContactState::Accepted),
            state,
            contact: contact.and_then(|contact| contact.name.clone()),
            answers: found.is_there,
        })
    };
    let claimants = searched.claimants().map(claimant).collect::<Result<Vec<_>, StoreError>>()?;
    let Search { nickname: name, is_complete, answered, seen, .. } = searched;
    let (over, complete) = (is_complete.is_some(), is_complete == Some(true));
    // Nobody takes anybody for somebody whom the user has refused.
    let accepted = || contacts.iter().filter(|contact| contact.state == ContactState::Accepted);
    let mut names = accepted().filter_map(|contact| contact.name.as_ref());
    let looks_like = names.find(|known| known.is_confusable_with(&name)).cloned();
    let given_up = accepted().find(|contact| {
        contact.found_as.as_ref() == Some(&name)
            && complete
            && claimants.iter().all(|claimant| claimant.id != contact.id)
    });
    let missing = given_up.and_then(|contact| contact.name.clone());
    Ok(answers::FoundNames {
        search,
        name,
        claimants,
        over,
        complete,
        answered,
        places: NICKNAME_SLOTS,
        seen,
        looks_like,
        missing,
    })
}

/// The service that looks after our nickname.
const NICKNAMES: &str = "private-messages";

/// The service is off; in any other state the node goes on trying.
fn is_closed(dht: Option<dht_connector::State>) -> bool {
    use dht_connector::State;
    matches!(dht, None | Some(State::AtStartup | State::Closed))
}

/// Why nobody in the DHT can be asked: its state, whether the settings name nobody, and what stands in the way.
fn no_dht(state: Option<dht_connector::State>, asks_nobody: bool, problem: Option<&str>) -> RpcError {
    use dht_connector::State;
    const TRIED: &str = "it is tried again by itself, at least once a minute";
    let (why, help) = match state {
        Some(State::Opening | State::Resting) if problem.is_some() => (problem.unwrap_or_default(), TRIED),
        Some(State::Alone) if asks_nobody => (
            "this node asks nobody: services/entangled-dht/bootstrap is empty",
            "`bitpie config set services/entangled-dht/bootstrap --default` names the public DHT again",
        ),
        Some(State::Joining | State::Opening) => {
            ("this node is still looking for others in the DHT", "try again in some seconds")
        }
        Some(State::Alone) => (
            "nobody in the DHT answers this node",
            "`bitpie config get services/entangled-dht/bootstrap` shows who is asked",
        ),
        Some(State::Resting) => ("the DHT is not open", TRIED),
        _ => ("the service entangled-dht is off", "`bitpie service start entangled-dht` starts it"),
    };
    RpcError::new(ErrorKind::Unavailable, why.to_owned()).help(help)
}
