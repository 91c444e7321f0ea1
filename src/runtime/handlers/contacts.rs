//! The local API's calls about contacts: added, listed, accepted, refused, removed, and asked whether they are there.
//!
//! Whoever is known already stays who they are: adding them again neither gives them another name that nobody has asked
//! for, nor takes a refusal back.

use crate::api::answers;
use crate::api::errors::{ErrorKind, RpcError};
use crate::api::methods::{
    AcceptContact, AddContact, Answers, ListContacts, PingContact, RefuseContact, RemoveContact,
};
use crate::api::reply::Reply;
use crate::identity::{Entrypoint, IDURL_SCHEME, NodeId, SHORT_ID_CHARACTERS};
use crate::messages::{CONTACT_HINTS, Contact, ContactState};
use crate::store::{NewContact, Removal, Store};
use crate::world::{Input, UserRequest, services};

use crate::home::clock::unix_ms;
use crate::runtime::alike::alike;
use crate::runtime::driver::{Done, Driver, WaitingPing};
use crate::runtime::errors::failed;
use crate::runtime::lookup::{self, resolve};
use crate::runtime::presentation::{self, Presence};

impl Answers<AddContact> for Driver {
    fn answer(&mut self, request: AddContact, reply: Reply<answers::ContactAdded>) {
        let me = self.identity.id();
        let now = unix_ms();
        let online = self.online();
        self.ask(reply, true, move |store| add(store, request, me, now, &online));
    }
}

impl Answers<ListContacts> for Driver {
    fn answer(&mut self, ListContacts {}: ListContacts, reply: Reply<answers::Contacts>) {
        let online = self.online();
        self.ask(reply, false, move |store| {
            let known = store.contacts().map_err(failed)?;
            let mut contacts = Vec::new();
            for contact in known.into_iter().filter(|contact| contact.state != ContactState::Removed) {
                contacts.push(presentation::contact(&contact, store, &online)?);
            }
            contacts.sort_by_key(|it| {
                (it.state != answers::ContactState::Request, it.name.is_none(), it.name.clone(), it.id)
            });
            let alike = alike(&contacts);
            Ok((answers::Contacts { contacts, alike }, Vec::new()))
        });
    }
}

impl Answers<RemoveContact> for Driver {
    fn answer(&mut self, request: RemoveContact, reply: Reply<answers::ContactRemoved>) {
        let RemoveContact { who, with_messages } = request;
        self.ask(reply, true, move |store| {
            let contact = resolve(store, &who)?;
            let Removal { given_up, kept, deleted } =
                store.remove_contact(&contact.id, with_messages).map_err(failed)?;
            let removed = answers::ContactRemoved {
                id: contact.id,
                name: contact.name,
                messages_given_up: given_up,
                messages_kept: kept,
                messages_deleted: deleted,
                was_refused: contact.state == ContactState::Blocked,
            };
            Ok((removed, vec![Input::ContactRemoved { peer: contact.id }]))
        });
    }
}

impl Answers<AcceptContact> for Driver {
    fn answer(&mut self, AcceptContact { who, name }: AcceptContact, reply: Reply<answers::Contact>) {
        let online = self.online();
        self.ask(reply, true, move |store| {
            let contact = resolve(store, &who)?;
            if let Some(name) = &name {
                store.name_contact(&contact.id, Some(name)).map_err(failed)?;
            }
            store.accept_contact(&contact.id).map_err(failed)?;
            let contact = store.contact(&contact.id).map_err(failed)?.unwrap_or(contact);
            let added = Input::ContactAdded { peer: contact.id, entrypoints: contact.hints.clone() };
            let looks_like = presentation::looks_like(&contact, store)?;
            let shown = presentation::contact(&contact, store, &online)?;
            Ok((answers::Contact { looks_like, ..shown }, vec![added]))
        });
    }
}

impl Answers<RefuseContact> for Driver {
    fn answer(&mut self, RefuseContact { who }: RefuseContact, reply: Reply<answers::Contact>) {
        let online = self.online();
        self.ask(reply, true, move |store| {
            let contact = resolve(store, &who)?;
            store.refuse_contact(&contact.id).map_err(failed)?;
            let contact = store.contact(&contact.id).map_err(failed)?.unwrap_or(contact);
            let removed = Input::ContactRefused { peer: contact.id };
            Ok((presentation::contact(&contact, store, &online)?, vec![removed]))
        });
    }
}

impl Answers<PingContact> for Driver {
    fn answer(&mut self, PingContact { who }: PingContact, reply: Reply<answers::Ping>) {
        let store = self.storage.store.clone();
        let asked_ms = self.clock.now().ms;
        self.task(async move {
            match store.run(move |store| Ok(resolve(store, &who))).await.map_err(failed).and_then(|found| found) {
                Ok(contact) => Done::Ping(WaitingPing {
                    peer: contact.id,
                    name: contact.name,
                    state: contact.state,
                    asked_ms,
                    reply,
                }),
                Err(error) => {
                    reply.refuse(error);
                    Done::Nothing
                }
            }
        });
    }
}

impl Driver {
    /// Asks a contact whether it is there; answered when its handshake is over.
    pub(in crate::runtime) fn begin_ping(&mut self, waiting: WaitingPing) {
        let peer = waiting.peer;
        if self.node.system().contact_status.get(&peer).is_none() {
            let error = self.why_not_asked(&waiting);
            return waiting.reply.refuse(error);
        }
        self.callers.wait_for_ping(waiting);
        self.input(Input::Request(UserRequest::PingContact(peer)));
    }

    /// Why somebody is not asked whether they are there.
    fn why_not_asked(&self, WaitingPing { peer, name, state, .. }: &WaitingPing) -> RpcError {
        let id = short_id(peer);
        let who = name.as_ref().map_or_else(|| id.clone(), ToString::to_string);
        let service = crate::services::find(HOOKUPS).expect("it is in the list");
        let refused = |why: String| RpcError::new(ErrorKind::Refused, why);
        let unavailable = |why: String| RpcError::new(ErrorKind::Unavailable, why);
        match state {
            ContactState::Requested => refused(format!("{who} is a stranger who waits to be accepted"))
                .help(format!("`bitpie contact accept {id}`")),
            ContactState::Blocked => {
                refused(format!("you have refused {who}")).help(format!("`bitpie contact accept {id}`"))
            }
            ContactState::Removed => {
                refused(format!("{who} is no longer a contact")).help(format!("`bitpie contact add bitpie:{peer}`"))
            }
            ContactState::Accepted if services::state(self.node.system(), HOOKUPS).is_in_down() => {
                unavailable(format!("{HOOKUPS} is off: {}", service.while_off))
                    .help(format!("`bitpie service start {HOOKUPS}`"))
            }
            ContactState::Accepted => {
                unavailable(format!("{HOOKUPS} is starting or stopping")).help("try again in some seconds")
            }
        }
    }

    /// States and last signs of life of contacts, as the core knows them.
    pub(super) fn online(&self) -> presentation::Presence {
        presentation::presence(&self.node)
    }
}

fn add(
    store: &Store,
    parameters: AddContact,
    me: NodeId,
    now_unix_ms: u64,
    online: &Presence,
) -> Result<(answers::ContactAdded, Vec<Input>), RpcError> {
    let idurl = lookup::parse(&parameters.idurl.0)?;
    if idurl.id == me {
        return Err(RpcError::new(ErrorKind::Refused, "this is your own address".to_owned())
            .help("to try things out, run a second node with `bitpie --home DIR run`"));
    }
    let known = store.contact(&idurl.id).map_err(failed)?;
    if let Some(refused) = known.as_ref().filter(|known| known.state == ContactState::Blocked) {
        return Err(is_refused(refused));
    }
    let kept_name = known.as_ref().and_then(|known| known.name.clone());
    let name = parameters.name.or(kept_name).or_else(|| parameters.found_as.clone()).or(idurl.name);
    let kept_hints = known.as_ref().map(|known| known.hints.as_slice()).unwrap_or_default();
    // What the user says now counts before what was known; what a search has found comes behind it.
    let hints = match &parameters.found_as {
        None => merged(&idurl.at, kept_hints),
        Some(_) => merged(kept_hints, &idurl.at),
    };
    let invited = idurl.invitation.is_some();
    let (found_as, invitation) = (parameters.found_as, idurl.invitation);
    let new = NewContact { id: idurl.id, name, hints, found_as, invitation };
    let contact = store.add_contact(&new, now_unix_ms).map_err(failed)?;
    let added = Input::ContactAdded { peer: contact.id, entrypoints: idurl.at };
    let looks_like = presentation::looks_like(&contact, store)?;
    let shown = presentation::contact(&contact, store, online)?;
    let known = known.filter(|known| known.state != ContactState::Removed);
    let known =
        known.map(|known| answers::KnownContact { state: presentation::contact_state(known.state), name: known.name });
    Ok((answers::ContactAdded { contact: answers::Contact { looks_like, ..shown }, known, invited }, vec![added]))
}

/// The service that finds out whether contacts are there.
const HOOKUPS: &str = "p2p-hookups";

/// An id as the user can give it to a command.
fn short_id(id: &NodeId) -> String {
    let beginning: String = id.to_string().chars().take(SHORT_ID_CHARACTERS).collect();
    format!("{IDURL_SCHEME}{beginning}")
}

fn is_refused(contact: &Contact) -> RpcError {
    let id = short_id(&contact.id);
    let named = contact.name.as_ref().map(|name| format!("{name}, ")).unwrap_or_default();
    RpcError::new(ErrorKind::Refused, format!("you have refused this node ({named}{id})"))
        .help(format!("if you want to talk after all: `bitpie contact accept {id}`"))
}

/// Hints without repetitions, [`CONTACT_HINTS`] at most.
fn merged(first: &[Entrypoint], then: &[Entrypoint]) -> Vec<Entrypoint> {
    let mut hints: Vec<Entrypoint> = Vec::new();
    for hint in first.iter().chain(then) {
        if hints.len() < CONTACT_HINTS && !hints.contains(hint) {
            hints.push(hint.clone());
        }
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::hidden::Hidden;

    const NOW: u64 = 1_000;

    fn id() -> NodeId {
        NodeId::from_bytes([1; 32])
    }

    fn address(port: u16) -> String {
        format!("bitpie:{}?at=tcp://203.0.113.5:{port}&name=proposed", id())
    }

    fn ask(
        store: &Store,
        port: u16,
        name: Option<&str>,
        found_as: Option<&str>,
    ) -> Result<answers::ContactAdded, RpcError> {
        let nickname = |text: &str| text.parse().expect("a nickname");
        let idurl = Hidden(address(port));
        let wanted = AddContact { idurl, name: name.map(nickname), found_as: found_as.map(nickname) };
        let me = NodeId::from_bytes([9; 32]);
        add(store, wanted, me, NOW, &Presence::new()).map(|(added, _)| added)
    }

    fn kept(store: &Store) -> (Option<String>, Vec<String>, Option<String>) {
        let contact = store.contact(&id()).expect("read").expect("there");
        let text = |name: Option<crate::nickname::Nickname>| name.map(String::from);
        (text(contact.name), contact.hints.iter().map(ToString::to_string).collect(), text(contact.found_as))
    }

    #[test]
    fn whoever_is_new_gets_the_name_that_is_said_or_found_or_proposed() {
        for (name, found_as, expected) in
            [(Some("al"), Some("alice"), "al"), (None, Some("alice"), "alice"), (None, None, "proposed")]
        {
            let store = Store::in_memory().expect("a store");
            let added = ask(&store, 1, name, found_as).expect("added");
            assert_eq!(added.known, None);
            assert_eq!(added.contact.name.map(String::from).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_contact_who_is_found_under_another_name_keeps_name_and_hints() {
        let store = Store::in_memory().expect("a store");
        ask(&store, 1, Some("al"), None).expect("added");
        let added = ask(&store, 2, None, Some("alice")).expect("known");
        let al = Some("al".parse().expect("a nickname"));
        assert_eq!(added.known, Some(answers::KnownContact { state: answers::ContactState::Accepted, name: al }));
        let hints = vec!["tcp://203.0.113.5:1".to_owned(), "tcp://203.0.113.5:2".to_owned()];
        assert_eq!(kept(&store), (Some("al".to_owned()), hints, Some("alice".to_owned())));
        // Somebody hands over a new address: it comes first, and the name stays.
        ask(&store, 3, None, None).expect("known");
        let (name, hints, _) = kept(&store);
        assert_eq!((name.as_deref(), hints[0].as_str(), hints.len()), (Some("al"), "tcp://203.0.113.5:3", 3));
        // Another name is given to whoever asks for it.
        let renamed = ask(&store, 3, Some("zoe"), None).expect("known");
        assert_eq!(renamed.known.and_then(|known| known.name).map(String::from).as_deref(), Some("al"));
        assert_eq!(kept(&store).0.as_deref(), Some("zoe"));
    }

    #[test]
    fn a_refusal_is_taken_back_by_nothing_but_accepting() {
        let store = Store::in_memory().expect("a store");
        ask(&store, 1, Some("mallory"), None).expect("added");
        store.refuse_contact(&id()).expect("refused");
        for (name, found_as) in [(None, Some("alice")), (Some("alice"), None), (None, None)] {
            let error = ask(&store, 2, name, found_as).expect_err("refused");
            assert_eq!(error.data.kind, ErrorKind::Refused);
            assert_eq!(error.message, "you have refused this node (mallory, bitpie:yryonyeb)");
            let help = error.data.help.expect("what to do");
            assert!(help.contains("`bitpie contact accept bitpie:yryonyeb`"), "{help}");
        }
        let contact = store.contact(&id()).expect("read").expect("there");
        assert_eq!((contact.state, contact.hints.len()), (ContactState::Blocked, 1));
        store.accept_contact(&id()).expect("accepted");
        ask(&store, 2, None, Some("alice")).expect("a contact again");
    }

    #[test]
    fn the_invitation_of_an_address_is_kept_and_a_plain_address_leaves_it() {
        let store = Store::in_memory().expect("a store");
        let invitation = crate::identity::Invitation::from_bytes([3; 16]);
        let kept = || store.invitation_of(&id()).expect("read");
        assert!(!ask(&store, 1, None, None).expect("added").invited);
        assert_eq!(kept(), None);
        let idurl = Hidden(format!("{}&invite={}", address(1), *invitation.text()));
        let wanted = AddContact { idurl, name: None, found_as: None };
        assert!(!format!("{wanted:?}").contains(&**invitation.text()));
        let me = NodeId::from_bytes([9; 32]);
        assert!(add(&store, wanted, me, NOW, &Presence::new()).expect("known").0.invited);
        assert!(!ask(&store, 2, None, None).expect("known").invited);
        assert_eq!(kept(), Some(invitation));
        store.refuse_contact(&id()).expect("refused");
        assert_eq!(kept(), None);
    }

    #[test]
    fn hints_are_merged_within_their_bound() {
        let hints = |ports: std::ops::Range<u16>| -> Vec<Entrypoint> {
            ports.map(|port| format!("tcp://203.0.113.5:{port}").parse().expect("an entrypoint")).collect()
        };
        assert_eq!(merged(&hints(1..4), &hints(2..6)), [hints(1..4), hints(4..6)].concat());
        assert_eq!(merged(&hints(1..12), &hints(20..40)).len(), CONTACT_HINTS);
    }
}
