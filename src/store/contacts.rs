//! Contacts: added, accepted, refused, removed.

use rusqlite::{OptionalExtension as _, Row};

use super::rows::{Column, get, get_optional, integer, parsed};
use super::{Store, StoreError};
use crate::identity::{Entrypoint, Invitation, InvitationDigest, NodeId};
use crate::messages::{CONTACT_HINTS, Contact, ContactState};
use crate::nickname::Nickname;

/// A contact that the user adds.
#[derive(Clone, Debug)]
pub struct NewContact {
    /// The node of that user.
    pub id: NodeId,
    /// What this user calls them; `None` leaves the name that they have.
    pub name: Option<Nickname>,
    /// Where they may be reached. [`CONTACT_HINTS`] at most are kept.
    pub hints: Vec<Entrypoint>,
    /// The nickname by which they were found; `None` leaves the one that there is.
    pub found_as: Option<Nickname>,
    /// The invitation that their address carries; `None` leaves the one that there is.
    pub invitation: Option<Invitation>,
}

/// Why a message is tried no longer: its recipient is no contact any more.
const REMOVED: &str = "the contact was removed before it was delivered";

/// Why a message is tried no longer: its recipient was refused.
const REFUSED: &str = "you refused them before it was delivered";

/// What became of a conversation when its contact was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// Messages that had not been delivered, and are tried no longer.
    pub given_up: u64,
    /// Messages that stay.
    pub kept: u64,
    /// Messages that are deleted.
    pub deleted: u64,
}

impl Store {
    /// Adds a contact, or accepts one that has asked or was refused. What waited of them comes into the conversation.
    ///
    /// # Errors
    /// If another contact has that name, or the database fails.
    pub fn add_contact(&self, new: &NewContact, now_unix_ms: u64) -> Result<Contact, StoreError> {
        self.atomically(|store| {
            if let Some(name) = &new.name {
                store.claim_name(name, &new.id)?;
            }
            let mut hints = new.hints.clone();
            if hints.is_empty() {
                hints = store.contact(&new.id)?.map(|known| known.hints).unwrap_or_default();
            }
            hints.truncate(CONTACT_HINTS);
            store
                .connection
                .prepare_cached(
                    "INSERT INTO main.contacts (node, name, state, hints, added_unix_ms, found_as, invitation)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                     ON CONFLICT (node) DO UPDATE SET name = coalesce(excluded.name, name), hints = excluded.hints,
                        found_as = coalesce(excluded.found_as, found_as),
                        invitation = coalesce(excluded.invitation, invitation)",
                )
                .and_then(|mut statement| {
                    statement.execute((
                        Column(new.id),
                        new.name.as_ref().map(Nickname::as_str),
                        Column(ContactState::Accepted),
                        hints_text(&hints),
                        integer(now_unix_ms),
                        new.found_as.as_ref().map(Nickname::as_str),
                        new.invitation.clone().map(Column),
                    ))
                })
                .map_err(|error| StoreError::sql("add a contact", error))?;
            store.accept_contact(&new.id)?;
            store.contact(&new.id)?.ok_or(StoreError::NoContact { id: new.id })
        })
    }

    /// Accepts a contact: what waited of them comes into the conversation, in the order of its arrival. Returns how
    /// many messages.
    ///
    /// # Errors
    /// If there is no such contact, or the database fails.
    pub fn accept_contact(&self, id: &NodeId) -> Result<u64, StoreError> {
        self.atomically(|store| {
            let failed = |error| StoreError::sql("accept a contact", error);
            let changed = store
                .connection
                .prepare_cached(
                    "UPDATE main.contacts SET state = ?2, unread = unread + waiting, waiting = 0, waiting_bytes = 0 WHERE node = ?1",
                )
                .and_then(|mut statement| statement.execute((Column(*id), Column(ContactState::Accepted))))
                .map_err(failed)?;
            if changed == 0 {
                return Err(StoreError::NoContact { id: *id });
            }
            let moved = store
                .connection
                .prepare_cached(
                    "INSERT INTO main.messages
                        (node, is_incoming, id, text, reply_to, sent_unix_ms, stored_unix_ms, expires_unix_ms)
                     SELECT node, 1, id, text, reply_to, sent_unix_ms, stored_unix_ms, expires_unix_ms
                     FROM main.requests WHERE node = ?1 ORDER BY arrival",
                )
                .and_then(|mut statement| statement.execute([Column(*id)]))
                .map_err(failed)?;
            store.delete_requests(id)?;
            // Their positions may have gone past the one at which texts are indexed.
            store.index_texts()?;
            Ok(moved as u64)
        })
    }

    /// Refuses a contact: what waits of them is deleted, what they send from now on is refused, and no receipt goes to
    /// them.
    ///
    /// # Errors
    /// If there is no such contact, or the database fails.
    pub fn refuse_contact(&self, id: &NodeId) -> Result<(), StoreError> {
        self.atomically(|store| {
            let failed = |error| StoreError::sql("refuse a contact", error);
            let changed = store
                .connection
                .execute(
                    "UPDATE main.contacts SET state = ?2, waiting = 0, waiting_bytes = 0, invitation = NULL
                     WHERE node = ?1",
                    (Column(*id), Column(ContactState::Blocked)),
                )
                .map_err(failed)?;
            if changed == 0 {
                return Err(StoreError::NoContact { id: *id });
            }
            store.delete_requests(id)?;
            store.connection.execute("DELETE FROM main.receipts WHERE node = ?1", [Column(*id)]).map_err(failed)?;
            store.give_up_messages(Some(id), REFUSED)?;
            Ok(())
        })
    }

    /// Makes a contact a stranger again. The conversation stays, unless it is to be deleted too. What was on its way to
    /// them is given up, and what waits of them is deleted. Copies of old messages are still known as such.
    ///
    /// # Errors
    /// If there is no such contact (of a conversation that is left, only the messages can be removed), or the database
    /// fails.
    pub fn remove_contact(&self, id: &NodeId, with_messages: bool) -> Result<Removal, StoreError> {
        self.atomically(|store| {
            let failed = |error| StoreError::sql("remove a contact", error);
            let known = store.contact(id)?.ok_or(StoreError::NoContact { id: *id })?;
            if known.state == ContactState::Removed && !with_messages {
                return Err(StoreError::NoContact { id: *id });
            }
            let given_up = store.give_up_messages(Some(id), REMOVED)?;
            let messages = store.count_messages(id)?;
            if with_messages || messages == 0 {
                store.connection.execute("DELETE FROM main.messages WHERE node = ?1", [Column(*id)]).map_err(failed)?;
                store.connection.execute("DELETE FROM main.contacts WHERE node = ?1", [Column(*id)]).map_err(failed)?;
                return Ok(Removal { given_up, kept: 0, deleted: messages });
            }
            for sql in [
                "DELETE FROM main.requests WHERE node = ?1",
                "DELETE FROM main.receipts WHERE node = ?1",
                "DELETE FROM main.ratings WHERE node = ?1",
                "DELETE FROM main.rating_months WHERE node = ?1",
            ] {
                store.connection.execute(sql, [Column(*id)]).map_err(failed)?;
            }
            store
                .connection
                .execute(
                    "UPDATE main.contacts SET state = ?2, hints = '', found_as = NULL, waiting = 0, waiting_bytes = 0,
                        invited_with = NULL, invitation = NULL
                     WHERE node = ?1",
                    (Column(*id), Column(ContactState::Removed)),
                )
                .map_err(failed)?;
            Ok(Removal { given_up, kept: messages, deleted: 0 })
        })
    }

    /// How many messages there are of the conversation with somebody, in both directions.
    ///
    /// # Errors
    /// If the database fails.
    pub fn count_messages(&self, with: &NodeId) -> Result<u64, StoreError> {
        self.connection
            .prepare_cached("SELECT count(*) FROM main.messages WHERE node = ?1")
            .and_then(|mut query| query.query_row([Column(*with)], |row| row.get(0)))
            .map_err(|error| StoreError::sql("count messages", error))
    }

    /// Gives a contact another name, or none.
    ///
    /// # Errors
    /// If there is no such contact, another one has that name, or the database fails.
    pub fn name_contact(&self, id: &NodeId, name: Option<&Nickname>) -> Result<(), StoreError> {
        self.atomically(|store| {
            if let Some(name) = name {
                store.claim_name(name, id)?;
            }
            let changed = store
                .connection
                .execute(
                    "UPDATE main.contacts SET name = ?2 WHERE node = ?1",
                    (Column(*id), name.map(Nickname::as_str)),
                )
                .map_err(|error| StoreError::sql("name a contact", error))?;
            if changed == 0 { Err(StoreError::NoContact { id: *id }) } else { Ok(()) }
        })
    }

    /// One contact, strangers that have written included.
    ///
    /// # Errors
    /// If the database fails.
    pub fn contact(&self, id: &NodeId) -> Result<Option<Contact>, StoreError> {
        self.connection
            .prepare_cached("SELECT * FROM main.contacts WHERE node = ?1")
            .and_then(|mut query| query.query_row([Column(*id)], contact).optional())
            .map_err(|error| StoreError::sql("read a contact", error))
    }

    /// All contacts, by name and then by id; those without a name last.
    ///
    /// # Errors
    /// If the database fails.
    pub fn contacts(&self) -> Result<Vec<Contact>, StoreError> {
        self.connection
            .prepare_cached("SELECT * FROM main.contacts ORDER BY name IS NULL, name, node")
            .and_then(|mut query| query.query_map([], contact)?.collect())
            .map_err(|error| StoreError::sql("read the contacts", error))
    }

    /// A name that only a conversation still bears goes to whoever bears it now.
    fn claim_name(&self, name: &Nickname, id: &NodeId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE main.contacts SET name = NULL WHERE name = ?1 AND node != ?2 AND state = ?3")
            .and_then(|mut statement| statement.execute((name.as_str(), Column(*id), Column(ContactState::Removed))))
            .map_err(|error| StoreError::sql("free a name", error))?;
        let holder = self
            .connection
            .prepare_cached("SELECT node FROM main.contacts WHERE name = ?1 AND node != ?2")
            .and_then(|mut query| query.query_row((name.as_str(), Column(*id)), |row| get(row, "node")).optional())
            .map_err(|error| StoreError::sql("look for a name", error))?;
        holder.map_or(Ok(()), |holder| Err(StoreError::NameTaken { name: name.clone(), holder }))
    }

    fn delete_requests(&self, id: &NodeId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM main.requests WHERE node = ?1")
            .and_then(|mut statement| statement.execute([Column(*id)]).map(drop))
            .map_err(|error| StoreError::sql("delete what waited", error))
    }
}

/// Hints as a column's text: entrypoints have no spaces.
pub(super) fn hints_text(hints: &[Entrypoint]) -> String {
    hints.iter().map(Entrypoint::to_string).collect::<Vec<_>>().join(" ")
}

fn contact(row: &Row<'_>) -> rusqlite::Result<Contact> {
    let nickname = |column: &str| -> rusqlite::Result<Option<Nickname>> {
        let text: Option<String> = row.get(column)?;
        Ok(text.map(|text| text.parse()).transpose().map_err(|_| rusqlite::types::FromSqlError::InvalidType)?)
    };
    let (name, found_as) = (nickname("name")?, nickname("found_as")?);
    let invited_with: Option<InvitationDigest> = get_optional(row, "invited_with")?;
    Ok(Contact {
        id: get(row, "node")?,
        name,
        state: get(row, "state")?,
        hints: parsed(row, "hints", |text| text.split_whitespace().map(|hint| hint.parse().ok()).collect())?,
        added_unix_ms: row.get("added_unix_ms")?,
        unread: row.get("unread")?,
        waiting: row.get("waiting")?,
        found_as,
        invited_with: invited_with.map(|digest| digest.name()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{arrival, name, node, store};
    use super::*;
    use crate::messages::ArrivalVerdict;
    use crate::store::Quota;

    #[test]
    fn a_name_belongs_to_one_contact() {
        let store = store();
        let new = |seed, text| NewContact {
            id: node(seed),
            name: Some(name(text)),
            hints: Vec::new(),
            found_as: None,
            invitation: None,
        };
        store.add_contact(&new(1, "alice"), 10).expect("added");
        let error = store.add_contact(&new(2, "alice"), 10).expect_err("taken").to_string();
        assert!(error.contains("alice") && error.contains(&node(1).to_string()), "{error}");
        assert_eq!(store.contact(&node(2)).expect("read"), None);
        store.add_contact(&new(1, "alice"), 20).expect("the same again");
        store.name_contact(&node(1), Some(&name("zoe"))).expect("renamed");
        store.add_contact(&new(2, "alice"), 10).expect("free now");
        assert!(store.name_contact(&node(2), Some(&name("zoe"))).is_err());
        let names: Vec<_> = store.contacts().expect("read").into_iter().map(|contact| contact.name).collect();
        assert_eq!(names, [Some(name("alice")), Some(name("zoe"))]);
        assert_eq!(store.contact(&node(1)).expect("read").expect("there").added_unix_ms, 10);
    }

    #[test]
    fn hints_are_kept_and_bounded() {
        let store = store();
        let hints: Vec<Entrypoint> =
            (1..=20).map(|port| format!("tcp://[2001:db8::5]:{port}").parse().expect("an entrypoint")).collect();
        let new = NewContact { id: node(1), name: None, hints: hints.clone(), found_as: None, invitation: None };
        assert_eq!(store.add_contact(&new, 1).expect("added").hints, hints[..CONTACT_HINTS]);
        let again = NewContact { hints: Vec::new(), ..new };
        assert_eq!(store.add_contact(&again, 1).expect("added").hints, hints[..CONTACT_HINTS]);
    }

    #[test]
    fn a_refused_stranger_is_forgotten_and_stays_refused_until_added() {
        let store = store();
        let quota = Quota::default();
        assert_eq!(store.receive(&arrival(1, 1, "one"), &quota, 1_000).unwrap(), ArrivalVerdict::WaitsAsRequest);
        store.refuse_contact(&node(1)).expect("refused");
        assert_eq!(store.waiting(&node(1), 10).expect("read"), []);
        assert_eq!(store.receive(&arrival(1, 2, "two"), &quota, 1_000).unwrap(), ArrivalVerdict::Blocked);
        store
            .add_contact(
                &NewContact { id: node(1), name: None, hints: Vec::new(), found_as: None, invitation: None },
                5,
            )
            .expect("added");
        assert!(matches!(
            store.receive(&arrival(1, 2, "two"), &quota, 1_000).unwrap(),
            ArrivalVerdict::Accepted { .. }
        ));
        assert_eq!(store.check().expect("checked"), [""; 0]);
        assert!(matches!(store.refuse_contact(&node(9)), Err(StoreError::NoContact { .. })));
        assert!(matches!(store.accept_contact(&node(9)), Err(StoreError::NoContact { .. })));
        assert!(matches!(store.remove_contact(&node(9), true), Err(StoreError::NoContact { .. })));
    }

    #[test]
    fn a_removed_contact_leaves_the_conversation() {
        let store = store();
        let new = |seed, text| NewContact {
            id: node(seed),
            name: Some(name(text)),
            hints: Vec::new(),
            found_as: None,
            invitation: None,
        };
        store.add_contact(&new(1, "a"), 5).expect("added");
        store.receive(&arrival(1, 1, "one"), &Quota::default(), 1_000).unwrap();
        store.queue_message(&super::super::tests::new_message(1, 9, "back"), None, 1_000).expect("queued");
        let removal = store.remove_contact(&node(1), false).expect("removed");
        assert_eq!(removal, Removal { given_up: 1, kept: 2, deleted: 0 });
        assert_eq!(store.unfinished_deliveries().expect("read"), []);
        let texts = |store: &Store| -> Vec<String> {
            let items = store.messages_after(Some(&node(1)), 0, 9).expect("read");
            items.into_iter().map(|item| item.text.as_str().to_owned()).collect()
        };
        assert_eq!(texts(&store), ["one", "back"]);
        let again = store.queue_message(&super::super::tests::new_message(1, 10, "more"), None, 1_000);
        assert!(matches!(again, Err(StoreError::NoContact { .. })));
        assert!(matches!(store.remove_contact(&node(1), false), Err(StoreError::NoContact { .. })));
        // Who writes is a stranger again, and when nobody answers the conversation is still there.
        let wrote = store.receive(&arrival(1, 2, "two"), &Quota::default(), 1_000).unwrap();
        assert_eq!(wrote, ArrivalVerdict::WaitsAsRequest);
        store.forget_old(u64::MAX / 2).expect("forgotten");
        assert_eq!(store.contact(&node(1)).unwrap().unwrap().state, ContactState::Removed);
        // The name is for whoever bears it now.
        store.add_contact(&new(2, "a"), 6).expect("the name is free");
        assert_eq!(store.contact(&node(1)).unwrap().unwrap().name, None);
        store.add_contact(&new(1, "b"), 7).expect("added again");
        assert_eq!(texts(&store), ["one", "back"]);
        assert_eq!(store.check().expect("checked"), [""; 0]);
    }

    #[test]
    fn a_refused_contact_is_sent_nothing_after_the_next_start() {
        let store = store();
        super::super::tests::accepted(&store, 1);
        store.queue_message(&super::super::tests::new_message(1, 9, "back"), None, 1_000).expect("queued");
        store.refuse_contact(&node(1)).expect("refused");
        assert_eq!(store.unfinished_deliveries().expect("read"), []);
        assert_eq!(store.check().expect("checked"), [""; 0]);
    }

    #[test]
    fn a_contact_removed_with_the_conversation_leaves_nothing_but_the_ids_of_messages() {
        let store = store();
        store
            .add_contact(
                &NewContact { id: node(1), name: Some(name("a")), hints: Vec::new(), found_as: None, invitation: None },
                5,
            )
            .expect("added");
        store.receive(&arrival(1, 1, "one"), &Quota::default(), 1_000).unwrap();
        store.queue_message(&super::super::tests::new_message(1, 9, "back"), None, 1_000).expect("queued");
        assert_eq!(store.remove_contact(&node(1), false).expect("removed").kept, 2);
        let removal = store.remove_contact(&node(1), true).expect("what was kept goes too");
        assert_eq!(removal, Removal { given_up: 0, kept: 0, deleted: 2 });
        assert_eq!(store.unfinished_deliveries().expect("read"), []);
        assert_eq!(store.search("one", 5).expect("searched"), []);
        let copy = store.receive(&arrival(1, 1, "one"), &Quota::default(), 1_000).unwrap();
        assert_eq!(copy, ArrivalVerdict::Duplicate);
        assert_eq!(store.check().expect("checked"), [""; 0]);
    }
}
