//! Whom somebody means: by a name, an id, the beginning of one, or an address.
//!
//! The beginning of an id is marked as one, `bitpie:8kq3`, since whatever is not could be a nickname: anybody makes an
//! identity whose id begins with `mike`, and would get what is meant for whoever calls themselves so. A whole
//! fingerprint needs no mark, for nobody makes another of the same.

use std::collections::BTreeMap;

use crate::api::answers::Id;
use crate::api::errors::{ErrorKind, RpcError};
use crate::identity::{Entrypoint, Fingerprint, IDURL_SCHEME, Idurl, NodeId};
use crate::messages::Contact;
use crate::nickname::Nickname;
use crate::store::Store;

use super::errors::{bad, failed};

/// Characters of the beginning of an id, at the least: fewer are too easily somebody else's.
const BEGINNING_CHARACTERS: usize = 4;

/// Ids of an error that are told, at most.
const IDS_TOLD: usize = 5;

/// The contact that is meant.
///
/// # Errors
/// If it is nobody, or could be several.
pub fn resolve(store: &Store, who: &str) -> Result<Contact, RpcError> {
    match parse(who) {
        Ok(idurl) => {
            return store.contact(&idurl.id).map_err(failed)?.ok_or_else(|| {
                RpcError::new(ErrorKind::NotFound, format!("{} is not a contact", idurl.id))
                    .help("`bitpie contact add ADDRESS` makes it one")
            });
        }
        // It is an address, and may hold an invitation: what is wrong is told without the whole of it.
        Err(error) if who.starts_with(IDURL_SCHEME) && who.contains('?') => return Err(error),
        Err(_) => {}
    }
    let contacts = store.contacts().map_err(failed)?;
    if let Some(beginning) = who.strip_prefix(IDURL_SCHEME) {
        if beginning.chars().count() < BEGINNING_CHARACTERS {
            return Err(bad(format!("`{beginning}` is too short for the beginning of an id"))
                .help(format!("give at least {BEGINNING_CHARACTERS} characters of it")));
        }
        return the_one(who, &contacts, |id| id.to_string().starts_with(beginning));
    }
    if let Ok(name) = who.parse::<Nickname>()
        && let Some(contact) = contacts.iter().find(|contact| contact.name.as_ref() == Some(&name))
    {
        return Ok(contact.clone());
    }
    // If nobody's id begins so, it is a name after all.
    if let Ok(fingerprint) = who.parse::<Fingerprint>()
        && contacts.iter().any(|contact| fingerprint.is_of(&contact.id))
    {
        return the_one(who, &contacts, |id| fingerprint.is_of(id));
    }
    let error = RpcError::new(ErrorKind::NotFound, format!("there is no contact `{who}`"));
    let is_beginning = who.chars().count() >= BEGINNING_CHARACTERS
        && contacts.iter().any(|contact| contact.id.to_string().starts_with(who));
    if is_beginning {
        let help = format!("if that is the beginning of an id, say `{IDURL_SCHEME}{who}`: otherwise it is a name");
        return Err(error.help(help));
    }
    let names = contacts.iter().filter_map(|contact| contact.name.as_ref()).map(Nickname::as_str);
    Err(match automata_compiler::nearest::nearest(who, names) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help("`bitpie contact list` shows all; `bitpie contact add ADDRESS` makes somebody one"),
    })
}

/// The only contact whose id is so.
fn the_one(who: &str, contacts: &[Contact], is_so: impl Fn(&NodeId) -> bool) -> Result<Contact, RpcError> {
    let found: Vec<&Contact> = contacts.iter().filter(|contact| is_so(&contact.id)).collect();
    match found.as_slice() {
        [contact] => Ok((*contact).clone()),
        [] => Err(RpcError::new(ErrorKind::NotFound, format!("no contact has an id that begins as `{who}`"))
            .help("`bitpie contact list` shows all; `bitpie contact add ADDRESS` makes somebody one")),
        several => {
            let ids: Vec<String> = several.iter().take(IDS_TOLD).map(|contact| contact.id.to_string()).collect();
            Err(RpcError::new(ErrorKind::Ambiguous, format!("`{who}` could be {}", ids.join(" or ")))
                .help("give more of the id"))
        }
    }
}

/// An address, or an id alone.
///
/// # Errors
/// If it is neither.
pub fn parse(text: &str) -> Result<Idurl, RpcError> {
    if let Ok(id) = text.parse::<NodeId>() {
        return Ok(id.into());
    }
    text.parse::<Idurl>().map_err(|error| bad(error.to_string()).help("`bitpie id` on their side prints their address"))
}

/// The names of all contacts.
///
/// # Errors
/// Those of the store.
pub fn names(store: &Store) -> Result<BTreeMap<NodeId, Option<Nickname>>, RpcError> {
    Ok(store.contacts().map_err(failed)?.into_iter().map(|contact| (contact.id, contact.name)).collect())
}

/// Who a node is, with the address to give to others.
#[must_use]
pub fn address_of(id: NodeId, entrypoints: Vec<Entrypoint>, name: Option<Nickname>) -> Id {
    let idurl = Idurl { id, at: entrypoints.clone(), name: name.clone(), invitation: None }.to_string();
    Id { id, idurl, name, entrypoints }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::NewContact;

    /// `mike` has no contact by that name; the second id begins as it does.
    fn store() -> Store {
        let store = Store::in_memory().expect("a store");
        let ground = format!("mike{}", "y".repeat(48)).parse().expect("an id");
        for (id, name) in [(NodeId::from_bytes([1; 32]), Some("alice")), (ground, None)] {
            let name = name.map(|name| name.parse().expect("a nickname"));
            store
                .add_contact(&NewContact { id, name, hints: Vec::new(), found_as: None, invitation: None }, 1)
                .expect("added");
        }
        store
    }

    fn found(store: &Store, who: &str) -> Result<String, (ErrorKind, String)> {
        let contact = resolve(store, who);
        contact
            .map(|contact| contact.id.to_string()[..8].to_owned())
            .map_err(|error| (error.data.kind, error.data.help.unwrap_or_default()))
    }

    #[test]
    fn what_could_be_a_nickname_is_never_taken_for_the_beginning_of_an_id() {
        let store = store();
        for text in ["mike", "mikeyyyy", &format!("mike{}", "y".repeat(19))] {
            let (kind, help) = found(&store, text).expect_err("it is a name");
            assert_eq!(kind, ErrorKind::NotFound, "{text}");
            assert!(help.contains(&format!("`bitpie:{text}`")), "{help}");
        }
    }

    #[test]
    fn a_contact_is_meant_by_name_by_id_by_its_marked_beginning_and_by_its_fingerprint() {
        let store = store();
        let id = NodeId::from_bytes([1; 32]).to_string();
        let texts = ["alice", &*id, &format!("bitpie:{id}"), "bitpie:yryo", &id[..24], "yryo nyeb yryo nyeb yryo nyeb"];
        for text in texts {
            assert_eq!(found(&store, text).as_deref(), Ok("yryonyeb"), "{text}");
        }
        assert_eq!(found(&store, "bitpie:mike").as_deref(), Ok("mikeyyyy"));
        assert_eq!(found(&store, "bitpie:mik").expect_err("short").0, ErrorKind::BadValue);
        let error = resolve(&store, &format!("bitpie:{id}?invite=yyyyyyyyyyyy")).expect_err("no invitation");
        assert!(!error.message.contains("yyyyyyyyyyyy") && error.message.contains("26 characters"), "{error}");
        assert_eq!(found(&store, "bitpie:yyyy").expect_err("nobody").0, ErrorKind::NotFound);
        let other = format!("mike{}", "n".repeat(47) + "y").parse().expect("an id");
        store
            .add_contact(&NewContact { id: other, name: None, hints: Vec::new(), found_as: None, invitation: None }, 1)
            .expect("added");
        assert_eq!(found(&store, "bitpie:mike").expect_err("two").0, ErrorKind::Ambiguous);
        assert_eq!(found(&store, "bitpie:miken").as_deref(), Ok("mikennnn"));
    }
}
