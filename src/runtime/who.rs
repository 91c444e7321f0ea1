//! Whom somebody means: by a name, an id, the beginning of one, or an address.

use std::collections::BTreeMap;

use crate::api::answers::Id;
use crate::api::errors::{ErrorKind, RpcError};
use crate::identity::{Entrypoint, Idurl, NodeId};
use crate::messages::Contact;
use crate::nickname::Nickname;
use crate::store::Store;

use super::calls::{bad, failed};

/// Characters of the beginning of an id, at the least: fewer are too easily somebody else's.
const BEGINNING_CHARACTERS: usize = 4;

/// The contact that is meant.
///
/// # Errors
/// If it is nobody, or could be several.
pub fn resolve(store: &Store, who: &str) -> Result<Contact, RpcError> {
    let contacts = store.contacts().map_err(failed)?;
    if let Ok(idurl) = parse(who) {
        let found = contacts.into_iter().find(|contact| contact.id == idurl.id);
        return found.ok_or_else(|| {
            RpcError::new(ErrorKind::NotFound, format!("{} is no contact", idurl.id))
                .help("`bitpie contact add ADDRESS` makes it one")
        });
    }
    if let Ok(name) = who.parse::<Nickname>()
        && let Some(contact) = contacts.iter().find(|contact| contact.name.as_ref() == Some(&name))
    {
        return Ok(contact.clone());
    }
    let begins: Vec<&Contact> = contacts.iter().filter(|contact| contact.id.to_string().starts_with(who)).collect();
    match begins.as_slice() {
        [contact] if who.chars().count() >= BEGINNING_CHARACTERS => Ok((*contact).clone()),
        [_, _, ..] => {
            let ids: Vec<String> = begins.iter().take(5).map(|contact| contact.id.to_string()).collect();
            Err(RpcError::new(ErrorKind::Ambiguous, format!("`{who}` could be {}", ids.join(" or ")))
                .help("give more of the id"))
        }
        _ => {
            let error = RpcError::new(ErrorKind::NotFound, format!("there is no contact `{who}`"));
            let names = contacts.iter().filter_map(|contact| contact.name.as_ref()).map(Nickname::as_str);
            Err(match crate::api::nearest::nearest(who, names) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help("`bitpie contact list` shows all; `bitpie contact add ADDRESS` makes somebody one"),
            })
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
    let idurl = Idurl { id, at: entrypoints.clone(), name: name.clone() }.to_string();
    Id { id, idurl, name, entrypoints }
}
