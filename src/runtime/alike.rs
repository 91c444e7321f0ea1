//! Contacts that could be taken for one another: their names look alike, or their ids begin alike.

use std::collections::BTreeMap;

use crate::api::answers::{Alike, AlikeIn, Contact, ContactState};
use crate::identity::{NodeId, SHORT_ID_CHARACTERS};
use crate::nickname::Nickname;

/// Pairs of which at least one is a contact, the one that may be taken for it second. Of each at most one pair by its
/// names, and one by its id: a crowd of strangers with one name is not told pair by pair.
#[must_use]
pub fn alike(contacts: &[Contact]) -> Vec<Alike> {
    let of = |state| contacts.iter().filter(move |contact| contact.state == state);
    let mut seen = Seen::default();
    let mut found = Vec::new();
    for contact in of(ContactState::Accepted).chain(of(ContactState::Request)) {
        found.extend(seen.compare(contact));
    }
    found
}

/// The contacts that were compared already, by how a hasty eye sees them.
#[derive(Default)]
struct Seen {
    names: BTreeMap<String, NodeId>,
    ids: BTreeMap<String, NodeId>,
}

impl Seen {
    /// Which contacts this one could be taken for. Others may be taken for it, if it is one.
    fn compare(&mut self, contact: &Contact) -> Vec<Alike> {
        let looks: Vec<String> = shown_names(contact).flat_map(Nickname::looks).collect();
        let id: String = contact.id.to_string().chars().take(SHORT_ID_CHARACTERS).collect();
        let by_name = looks.iter().find_map(|look| self.names.get(look)).map(|one| (*one, AlikeIn::Name));
        let by_id = self.ids.get(&id).map(|one| (*one, AlikeIn::Id));
        let found = by_name.into_iter().chain(by_id);
        let found = found.map(|(one, by)| Alike { one, other: contact.id, by }).collect();
        if contact.state == ContactState::Accepted {
            for look in looks {
                self.names.entry(look).or_insert(contact.id);
            }
            self.ids.entry(id).or_insert(contact.id);
        }
        found
    }
}

/// What the user calls them, and what they call themselves.
fn shown_names(contact: &Contact) -> impl Iterator<Item = &Nickname> {
    contact.name.iter().chain(&contact.claimed_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::answers::Rating;

    /// Ids with the same second number begin alike.
    fn contact(number: u8, begins: u8, names: [Option<&str>; 2], state: ContactState) -> Contact {
        let [name, claimed_name] = names.map(|name| name.map(|name| name.parse().expect("a nickname")));
        let mut id = [begins; 32];
        id[31] = number;
        Contact {
            id: NodeId::from_bytes(id),
            name,
            claimed_name,
            state,
            online: false,
            status: String::new(),
            clock_ahead_ms: None,
            last_seen_unix_ms: None,
            unread: 0,
            waiting: 0,
            invitation: None,
            rating: Rating { seen_minutes: 0, up_minutes: 0 },
            nickname_change: None,
            looks_like: None,
        }
    }

    fn pairs(contacts: &[Contact]) -> Vec<(u8, u8, AlikeIn)> {
        alike(contacts).iter().map(|it| (it.one.as_bytes()[31], it.other.as_bytes()[31], it.by)).collect()
    }

    #[test]
    fn names_that_look_alike_are_told_whoever_gives_them() {
        use ContactState::{Accepted, Request};
        let contacts = [
            contact(9, 9, [None, Some("аlice")], Request),
            contact(8, 8, [None, Some("bob")], Request),
            contact(1, 1, [Some("alice"), Some("alice")], Accepted),
            contact(2, 2, [Some("al"), Some("Alice")], Accepted),
            contact(3, 3, [Some("bob"), None], Accepted),
            contact(4, 4, [Some("carol"), Some("carol")], Accepted),
            contact(5, 5, [None, None], Accepted),
            contact(6, 6, [None, None], Accepted),
        ];
        let expected = [(1, 2, AlikeIn::Name), (1, 9, AlikeIn::Name), (3, 8, AlikeIn::Name)];
        assert_eq!(pairs(&contacts), expected);
    }

    #[test]
    fn ids_that_begin_alike_are_told() {
        use ContactState::{Accepted, Request};
        let contacts = [
            contact(1, 7, [Some("alice"), None], Accepted),
            contact(2, 7, [Some("bob"), None], Accepted),
            contact(3, 7, [None, None], Request),
            contact(4, 8, [None, None], Request),
        ];
        assert_eq!(pairs(&contacts), [(1, 2, AlikeIn::Id), (1, 3, AlikeIn::Id)]);
    }

    #[test]
    fn only_contacts_can_be_mistaken_for_and_nobody_who_was_refused_is_told() {
        use ContactState::{Accepted, Refused, Request};
        let strangers = (1..200).map(|number| contact(number, 7, [None, Some("alice")], Request));
        let mut contacts: Vec<Contact> = strangers.collect();
        contacts.push(contact(200, 7, [Some("alice"), None], Refused));
        assert_eq!(pairs(&contacts), []);
        contacts.push(contact(201, 7, [Some("alice"), None], Accepted));
        assert_eq!(pairs(&contacts).len(), 2 * 199, "two for each stranger, and no more");
    }
}
