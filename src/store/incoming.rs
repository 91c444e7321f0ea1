//! Messages that come in: each one once, from whom the user wants, within bounds.

use rusqlite::{OptionalExtension as _, Params, Row};

use super::invitations::{Admission, Standing};
use super::rows::{Column, get, get_optional, integer, parsed};
use super::{Store, StoreError};
use crate::identity::CLOCK_SKEW_MS;
use crate::identity::{InvitationDigest, NodeId};
use crate::messages::{Arrival, ArrivalVerdict, ContactState, MessageText, WaitingMessage};
use crate::wire::MESSAGE_LIFETIME_MS;

/// Messages of one contact that have not been read, at most; more are refused until some are.
pub const UNREAD_PER_CONTACT: u64 = 10_000;

/// How long a stranger's message waits for the user, in milliseconds, so that strangers cannot fill the quota for ever.
pub const REQUEST_KEPT_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// Up to when the ids of messages were forgotten, in milliseconds of unix time: what expired before is refused even if
/// the clock says otherwise.
pub(super) const FORGOTTEN_UNTIL: &str = "arrivals_forgotten_until_unix_ms";

/// How much of strangers may wait for the user's decision. Those who come by an invitation are not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Messages of one stranger.
    pub messages_per_stranger: u64,
    /// Bytes of text of one stranger.
    pub bytes_per_stranger: u64,
    /// Messages of all strangers together.
    pub messages_of_all: u64,
    /// Bytes of text of all strangers together.
    pub bytes_of_all: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            messages_per_stranger: 20,
            bytes_per_stranger: 64 * 1024,
            messages_of_all: 1_000,
            bytes_of_all: 4 * 1024 * 1024,
        }
    }
}

impl Store {
    /// Takes an incoming message: notices whether it came before, and puts it where it belongs, in one transaction.
    ///
    /// # Errors
    /// If the database fails; then nothing has happened, and nothing is to be acknowledged.
    pub fn receive(&self, arrival: &Arrival, quota: &Quota, now_unix_ms: u64) -> Result<ArrivalVerdict, StoreError> {
        self.atomically(|store| {
            // Before all else, so that nothing that they send is answered, whatever is wrong with it.
            let sender = store.contact_counts(&arrival.sender)?;
            if sender.as_ref().is_some_and(|contact| contact.state == ContactState::Blocked) {
                return Ok(ArrivalVerdict::Blocked);
            }
            let keep_until = arrival.expires_unix_ms.saturating_add(CLOCK_SKEW_MS);
            let forgotten_until = store.fact(FORGOTTEN_UNTIL)?.unwrap_or(0);
            if keep_until <= now_unix_ms || keep_until <= forgotten_until {
                return Ok(ArrivalVerdict::Expired);
            }
            if arrival.expires_unix_ms > now_unix_ms.saturating_add(MESSAGE_LIFETIME_MS + CLOCK_SKEW_MS) {
                return Ok(ArrivalVerdict::TooFarAhead);
            }
            if arrival.sent_unix_ms > now_unix_ms.saturating_add(CLOCK_SKEW_MS) {
                return Ok(ArrivalVerdict::FromTheFuture);
            }
            if store.has_arrived(arrival)? {
                return Ok(ArrivalVerdict::Duplicate);
            }
            let verdict = match sender {
                Some(contact) if contact.state == ContactState::Accepted => {
                    if contact.unread >= UNREAD_PER_CONTACT {
                        ArrivalVerdict::QuotaExceeded
                    } else {
                        let position = store.insert_incoming(arrival, now_unix_ms)?;
                        store.position_given(position)?;
                        ArrivalVerdict::Accepted { position }
                    }
                }
                stranger => {
                    let stranger = Standing {
                        messages: stranger.as_ref().map_or(0, |known| known.waiting),
                        bytes: stranger.as_ref().map_or(0, |known| known.waiting_bytes),
                        invited_with: stranger.and_then(|known| known.invited_with),
                        messages_allowed: quota.messages_per_stranger,
                        bytes_allowed: quota.bytes_per_stranger,
                    };
                    let by = store.admission(arrival, &stranger, now_unix_ms)?;
                    let more = arrival.text.as_str().len() as u64;
                    let is_taken = match &by {
                        Admission::Invited(_) => true,
                        Admission::Uninvited => {
                            stranger.messages < quota.messages_per_stranger
                                && stranger.bytes + more <= quota.bytes_per_stranger
                                && store.make_room(quota, &arrival.sender, more)?
                        }
                        Admission::TooMuch => false,
                    };
                    if is_taken {
                        let invitation = if let Admission::Invited(digest) = by { Some(digest) } else { None };
                        store.insert_request(arrival, invitation.as_ref(), now_unix_ms)?;
                        ArrivalVerdict::WaitsAsRequest
                    } else {
                        ArrivalVerdict::QuotaExceeded
                    }
                }
            };
            if matches!(verdict, ArrivalVerdict::Accepted { .. } | ArrivalVerdict::WaitsAsRequest) {
                store
                    .connection
                    .prepare_cached("INSERT INTO main.arrived VALUES (?1, ?2, ?3)")
                    .and_then(|mut statement| {
                        statement.execute((Column(arrival.sender), Column(arrival.id), integer(keep_until)))
                    })
                    .map_err(|error| StoreError::sql("note an arrival", error))?;
            }
            Ok(verdict)
        })
    }

    /// Whether the user has refused somebody.
    ///
    /// # Errors
    /// If the database fails.
    pub fn is_blocked(&self, sender: &NodeId) -> Result<bool, StoreError> {
        Ok(self.contact_counts(sender)?.is_some_and(|contact| contact.state == ContactState::Blocked))
    }

    /// What waits of strangers behind a place, in the order of its arrival.
    ///
    /// # Errors
    /// If the database fails.
    pub fn waiting_after(
        &self,
        sender: Option<&NodeId>,
        after: u64,
        limit: usize,
    ) -> Result<Vec<WaitingMessage>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT * FROM main.requests WHERE arrival > ?1 AND (?2 IS NULL OR node = ?2) ORDER BY arrival LIMIT ?3",
            )
            .and_then(|mut query| {
                let values = (integer(after), sender.copied().map(Column), integer(limit as u64));
                query.query_map(values, waiting_message)?.collect()
            })
            .map_err(|error| StoreError::sql("read what waits", error))
    }

    /// The place of the last message of a stranger that waits.
    ///
    /// # Errors
    /// If the database fails.
    pub fn last_request(&self) -> Result<u64, StoreError> {
        self.connection
            .prepare_cached("SELECT coalesce(max(arrival), 0) FROM main.requests")
            .and_then(|mut query| query.query_row([], |row| row.get(0)))
            .map_err(|error| StoreError::sql("read the last request", error))
    }

    /// What waits of a stranger, in the order of its arrival.
    ///
    /// # Errors
    /// If the database fails.
    pub fn waiting(&self, sender: &NodeId, limit: usize) -> Result<Vec<WaitingMessage>, StoreError> {
        self.connection
            .prepare_cached("SELECT * FROM main.requests WHERE node = ?1 ORDER BY arrival LIMIT ?2")
            .and_then(|mut query| query.query_map((Column(*sender), integer(limit as u64)), waiting_message)?.collect())
            .map_err(|error| StoreError::sql("read what waits", error))
    }

    /// Forgets what is over: ids and receipts of messages that have expired, strangers that were never answered,
    /// invitations that count no more, old ratings. To be done now and then.
    ///
    /// # Errors
    /// If the database fails.
    pub fn forget_old(&self, now_unix_ms: u64) -> Result<(), StoreError> {
        self.atomically(|store| {
            let failed = |error| StoreError::sql("forget what is old", error);
            let now = integer(now_unix_ms);
            // The mark is what was forgotten and not the clock: a clock that runs ahead for a while must not shut the
            // door for good.
            let newest: Option<u64> = store
                .connection
                .query_row("SELECT max(keep_until_unix_ms) FROM main.arrived WHERE keep_until_unix_ms <= ?1", [now], |row| {
                    row.get(0)
                })
                .map_err(failed)?;
            if let Some(newest) = newest {
                let mark = store.fact(FORGOTTEN_UNTIL)?.unwrap_or(0).max(newest);
                store.set_fact(FORGOTTEN_UNTIL, mark)?;
            }
            let old_request = integer(now_unix_ms.saturating_sub(REQUEST_KEPT_MS));
            store
                .connection
                .execute("DELETE FROM main.arrived WHERE keep_until_unix_ms <= ?1", [now])
                .and_then(|_| store.forget_invitations(now_unix_ms))
                .and_then(|_| store.connection.execute("DELETE FROM main.receipts WHERE expires_unix_ms <= ?1", [now]))
                .and_then(|_| {
                    let sql = "UPDATE main.contacts SET
                         waiting = (SELECT count(*) FROM main.requests WHERE node = contacts.node AND stored_unix_ms > ?1),
                         waiting_bytes = (SELECT coalesce(sum(octet_length(text)), 0) FROM main.requests
                                          WHERE node = contacts.node AND stored_unix_ms > ?1)
                         WHERE node IN (SELECT node FROM main.requests WHERE stored_unix_ms <= ?1)";
                    store.connection.execute(sql, [old_request])
                })
                .and_then(|_| store.connection.execute("DELETE FROM main.requests WHERE stored_unix_ms <= ?1", [old_request]))
                .and_then(|_| {
                    // With some there was a conversation before, and that stays.
                    let sql = "UPDATE main.contacts SET state = ?2 WHERE state = ?1 AND waiting = 0
                         AND EXISTS (SELECT 1 FROM main.messages WHERE node = contacts.node)";
                    store.connection.execute(sql, (Column(ContactState::Requested), Column(ContactState::Removed)))
                })
                .and_then(|_| {
                    let sql = "DELETE FROM main.contacts WHERE state = ?1 AND waiting = 0";
                    store.connection.execute(sql, [Column(ContactState::Requested)])
                })
                .map_err(failed)?;
            store.forget_old_ratings(now_unix_ms)
        })
    }

    fn has_arrived(&self, arrival: &Arrival) -> Result<bool, StoreError> {
        self.connection
            .prepare_cached("SELECT 1 FROM main.arrived WHERE node = ?1 AND id = ?2")
            .and_then(|mut query| query.exists((Column(arrival.sender), Column(arrival.id))))
            .map_err(|error| StoreError::sql("look for an earlier copy", error))
    }

    fn contact_counts(&self, id: &NodeId) -> Result<Option<Counts>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT state, unread, waiting, waiting_bytes, invited_with FROM main.contacts WHERE node = ?1",
            )
            .and_then(|mut query| {
                let counts = |row: &Row<'_>| {
                    Ok(Counts {
                        state: get(row, "state")?,
                        unread: row.get("unread")?,
                        waiting: row.get("waiting")?,
                        waiting_bytes: row.get("waiting_bytes")?,
                        invited_with: get_optional(row, "invited_with")?,
                    })
                };
                query.query_row([Column(*id)], counts).optional()
            })
            .map_err(|error| StoreError::sql("look for the sender", error))
    }

    /// Sees to it that there is room for so many more bytes of a stranger: while there is none, whoever wrote first of the
    /// largest group of addresses goes, with all that waits of them. So it costs addresses in many networks, and not only
    /// keys, to keep other strangers from writing. Strangers who came by an invitation are not counted, and never go.
    /// Says whether there is room.
    fn make_room(&self, quota: &Quota, sender: &NodeId, more: u64) -> Result<bool, StoreError> {
        let failed = |error| StoreError::sql("make room for what a stranger wrote", error);
        loop {
            let (of_all, bytes_of_all): (u64, u64) = self
                .connection
                .prepare_cached(
                    "SELECT coalesce(sum(waiting), 0), coalesce(sum(waiting_bytes), 0) FROM main.contacts
                     WHERE waiting > 0 AND invited_with IS NULL",
                )
                .and_then(|mut query| query.query_row([], |row| Ok((row.get(0)?, row.get(1)?))))
                .map_err(failed)?;
            if of_all < quota.messages_of_all && bytes_of_all + more <= quota.bytes_of_all {
                return Ok(true);
            }
            let oldest: Option<NodeId> = self
                .connection
                .prepare_cached(
                    "SELECT node FROM main.contacts
                     WHERE waiting > 0 AND invited_with IS NULL AND node <> ?1 AND origin = (
                         SELECT origin FROM main.contacts WHERE waiting > 0 AND invited_with IS NULL AND node <> ?1
                         GROUP BY origin ORDER BY sum(waiting) DESC, sum(waiting_bytes) DESC, origin LIMIT 1)
                     ORDER BY added_unix_ms, node LIMIT 1",
                )
                .and_then(|mut query| query.query_row([Column(*sender)], |row| get(row, "node")).optional())
                .map_err(failed)?;
            let Some(oldest) = oldest else { return Ok(false) };
            self.forget_requests(&oldest).map_err(failed)?;
        }
    }

    /// Forgets what waits of a stranger. With some there was a conversation before, and that stays.
    fn forget_requests(&self, stranger: &NodeId) -> rusqlite::Result<()> {
        for sql in [
            // What is forgotten may come again; or the table of what has come would grow with every key that is made up.
            "DELETE FROM main.arrived WHERE node = ?1 AND id IN (SELECT id FROM main.requests WHERE node = ?1)",
            "DELETE FROM main.requests WHERE node = ?1",
            "UPDATE main.contacts SET waiting = 0, waiting_bytes = 0, state = ?2 WHERE node = ?1",
            "DELETE FROM main.contacts WHERE node = ?1 AND NOT EXISTS (SELECT 1 FROM main.messages WHERE node = ?1)",
        ] {
            let mut statement = self.connection.prepare_cached(sql)?;
            match statement.parameter_count() {
                1 => statement.execute([Column(*stranger)])?,
                _ => statement.execute((Column(*stranger), Column(ContactState::Removed)))?,
            };
        }
        Ok(())
    }

    fn insert_incoming(&self, arrival: &Arrival, now_unix_ms: u64) -> Result<u64, StoreError> {
        let insert = || -> rusqlite::Result<u64> {
            self.connection
                .prepare_cached(
                    "INSERT INTO main.messages
                        (node, is_incoming, id, text, reply_to, sent_unix_ms, stored_unix_ms, expires_unix_ms)
                     VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(columns(arrival, now_unix_ms))?;
            let position = self.connection.last_insert_rowid();
            self.connection
                .prepare_cached("UPDATE main.contacts SET unread = unread + 1, invitation = NULL WHERE node = ?1")?
                .execute([Column(arrival.sender)])?;
            Ok(position.unsigned_abs())
        };
        insert().map_err(|error| StoreError::sql("keep a message", error))
    }

    fn insert_request(
        &self,
        arrival: &Arrival,
        invitation: Option<&InvitationDigest>,
        now_unix_ms: u64,
    ) -> Result<(), StoreError> {
        if let Some(invitation) = invitation {
            self.use_invitation(invitation, &arrival.sender)?;
        }
        let insert = || -> rusqlite::Result<()> {
            self.connection
                .prepare_cached(
                    "INSERT INTO main.contacts
                        (node, state, hints, added_unix_ms, waiting, waiting_bytes, origin, invited_with)
                     VALUES (?1, ?2, '', ?3, 1, ?4, ?5, ?6)
                     ON CONFLICT (node) DO UPDATE
                        SET state = excluded.state, waiting = waiting + 1, waiting_bytes = waiting_bytes + ?4,
                            origin = CASE WHEN waiting = 0 THEN excluded.origin ELSE origin END,
                            invited_with = excluded.invited_with",
                )?
                .execute((
                    Column(arrival.sender),
                    Column(ContactState::Requested),
                    integer(now_unix_ms),
                    integer(arrival.text.as_str().len() as u64),
                    &arrival.origin,
                    invitation.copied().map(Column),
                ))?;
            self.connection
                .prepare_cached(
                    "INSERT INTO main.requests (node, id, text, reply_to, sent_unix_ms, stored_unix_ms, expires_unix_ms)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(columns(arrival, now_unix_ms))?;
            Ok(())
        };
        insert().map_err(|error| StoreError::sql("keep a stranger's message", error))
    }
}

/// What is asked of a contact when a message comes.
struct Counts {
    state: ContactState,
    unread: u64,
    waiting: u64,
    waiting_bytes: u64,
    invited_with: Option<InvitationDigest>,
}

/// The seven columns that a message and a request have in common.
fn columns(arrival: &Arrival, now_unix_ms: u64) -> impl Params {
    (
        Column(arrival.sender),
        Column(arrival.id),
        arrival.text.as_str(),
        arrival.reply_to.map(Column),
        integer(arrival.sent_unix_ms),
        integer(now_unix_ms),
        integer(arrival.expires_unix_ms),
    )
}

fn waiting_message(row: &Row<'_>) -> rusqlite::Result<WaitingMessage> {
    Ok(WaitingMessage {
        arrival: row.get("arrival")?,
        sender: get(row, "node")?,
        id: get(row, "id")?,
        text: parsed(row, "text", |text| MessageText::new(text).ok())?,
        sent_unix_ms: row.get("sent_unix_ms")?,
        stored_unix_ms: row.get("stored_unix_ms")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{accepted, arrival, node, store};
    use super::*;
    use crate::store::StoreError;

    const NOW: u64 = 1_000;

    fn receive(store: &Store, arrival: &Arrival, now_unix_ms: u64) -> ArrivalVerdict {
        store.receive(arrival, &Quota::default(), now_unix_ms).expect("received")
    }

    fn texts(store: &Store) -> Vec<String> {
        let items = store.messages_after(None, 0, 100).expect("read");
        items.into_iter().map(|item| item.text.as_str().to_owned()).collect()
    }

    #[test]
    fn a_message_is_shown_once_however_often_it_comes() {
        let store = store();
        accepted(&store, 1);
        accepted(&store, 2);
        assert_eq!(receive(&store, &arrival(1, 5, "one"), NOW), ArrivalVerdict::Accepted { position: 1 });
        assert_eq!(receive(&store, &arrival(1, 5, "one"), NOW), ArrivalVerdict::Duplicate);
        assert_eq!(receive(&store, &arrival(1, 5, "another text"), NOW), ArrivalVerdict::Duplicate);
        // The same id of another sender is another message.
        assert_eq!(receive(&store, &arrival(2, 5, "two"), NOW), ArrivalVerdict::Accepted { position: 2 });
        assert_eq!(texts(&store), ["one", "two"]);
        assert_eq!(store.contact(&node(1)).expect("read").expect("there").unread, 1);
    }

    #[test]
    fn a_copy_is_refused_after_its_id_was_forgotten() {
        let store = store();
        accepted(&store, 1);
        receive(&store, &arrival(1, 5, "one"), NOW);
        let end = 1_000_000 + CLOCK_SKEW_MS;
        store.forget_old(end - 1).expect("forgotten");
        assert_eq!(receive(&store, &arrival(1, 5, "one"), end - 1), ArrivalVerdict::Duplicate);
        store.forget_old(end).expect("forgotten");
        assert!(!store.has_arrived(&arrival(1, 5, "one")).expect("looked"));
        assert_eq!(receive(&store, &arrival(1, 5, "one"), end), ArrivalVerdict::Expired);
        // Nor if the clock is set back afterwards.
        assert_eq!(receive(&store, &arrival(1, 5, "one"), NOW), ArrivalVerdict::Expired);
        assert_eq!(texts(&store), ["one"]);
    }

    #[test]
    fn a_clock_that_ran_ahead_does_not_shut_the_door_for_good() {
        let store = store();
        accepted(&store, 1);
        receive(&store, &arrival(1, 5, "one"), NOW);
        store.forget_old(u64::MAX / 2).expect("forgotten");
        let next = Arrival { expires_unix_ms: 1_000_001, ..arrival(1, 6, "two") };
        assert!(matches!(receive(&store, &next, NOW), ArrivalVerdict::Accepted { .. }));
    }

    #[test]
    fn an_id_that_would_have_to_be_kept_for_ever_is_refused() {
        let store = store();
        accepted(&store, 1);
        let far = |expires_unix_ms| Arrival { expires_unix_ms, ..arrival(1, 1, "x") };
        assert_eq!(receive(&store, &far(u64::MAX), NOW), ArrivalVerdict::TooFarAhead);
        let farthest = NOW + MESSAGE_LIFETIME_MS + CLOCK_SKEW_MS;
        assert_eq!(receive(&store, &far(farthest + 1), NOW), ArrivalVerdict::TooFarAhead);
        assert!(matches!(receive(&store, &far(farthest), NOW), ArrivalVerdict::Accepted { .. }));
    }

    #[test]
    fn strangers_wait_within_a_quota_and_come_into_the_conversation_when_accepted() {
        let store = store();
        let quota = Quota { messages_per_stranger: 2, messages_of_all: 4, ..Quota::default() };
        let receive = |sender, id, text| store.receive(&arrival(sender, id, text), &quota, NOW).expect("received");
        assert_eq!(receive(1, 1, "a"), ArrivalVerdict::WaitsAsRequest);
        assert_eq!(receive(1, 1, "a"), ArrivalVerdict::Duplicate);
        assert_eq!(receive(1, 2, "b"), ArrivalVerdict::WaitsAsRequest);
        assert_eq!(receive(1, 3, "c"), ArrivalVerdict::QuotaExceeded);
        assert_eq!(receive(2, 1, "d"), ArrivalVerdict::WaitsAsRequest);
        assert_eq!(texts(&store), [""; 0], "what waits is not in a conversation");
        assert_eq!(store.search("a", 9).expect("searched"), []);
        let waiting = store.waiting(&node(1), 10).expect("read");
        assert_eq!(waiting.iter().map(|message| message.text.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(store.accept_contact(&node(1)).expect("accepted"), 2);
        assert_eq!(texts(&store), ["a", "b"]);
        let contact = store.contact(&node(1)).expect("read").expect("there");
        assert_eq!((contact.unread, contact.waiting), (2, 0));
        // What was refused for want of room may come again.
        assert!(matches!(receive(1, 3, "c"), ArrivalVerdict::Accepted { .. }));
        assert_eq!(receive(3, 1, "e"), ArrivalVerdict::WaitsAsRequest);
        assert_eq!(store.check().expect("checked"), [""; 0]);
    }

    #[test]
    fn the_bytes_of_strangers_are_bounded_too() {
        let store = store();
        let quota = Quota { bytes_per_stranger: 10, bytes_of_all: 15, ..Quota::default() };
        let receive = |sender, id, text| store.receive(&arrival(sender, id, text), &quota, NOW).expect("received");
        assert_eq!(receive(1, 1, "1234567890"), ArrivalVerdict::WaitsAsRequest);
        assert_eq!(receive(1, 2, "1"), ArrivalVerdict::QuotaExceeded);
        assert_eq!(receive(2, 1, "12345678901"), ArrivalVerdict::QuotaExceeded);
        assert_eq!(receive(2, 1, "12345"), ArrivalVerdict::WaitsAsRequest);
        assert_eq!(store.waiting(&node(1), 10).expect("read").len(), 1, "there was room for both");
        assert_eq!(receive(3, 1, "1"), ArrivalVerdict::WaitsAsRequest);
        assert!(store.waiting(&node(1), 10).expect("read").is_empty(), "whoever wrote first made room");
    }

    #[test]
    fn strangers_that_nobody_answers_are_forgotten() {
        let store = store();
        let long = Arrival { expires_unix_ms: NOW + MESSAGE_LIFETIME_MS, ..arrival(1, 1, "hello") };
        receive(&store, &long, NOW);
        receive(&store, &arrival(2, 1, "hello"), NOW + 1);
        store.forget_old(NOW + REQUEST_KEPT_MS).expect("forgotten");
        let left: Vec<NodeId> = store.contacts().expect("read").into_iter().map(|contact| contact.id).collect();
        assert_eq!(left, [node(2)]);
        assert_eq!(store.check().expect("checked"), [""; 0]);
    }

    #[test]
    fn unread_messages_of_one_contact_are_bounded() {
        let store = store();
        accepted(&store, 1);
        store.connection.execute("UPDATE contacts SET unread = ?1", [integer(UNREAD_PER_CONTACT)]).expect("set");
        assert_eq!(receive(&store, &arrival(1, 1, "x"), NOW), ArrivalVerdict::QuotaExceeded);
    }

    #[test]
    fn of_a_crowd_from_one_network_the_first_goes_and_others_get_through() {
        let store = store();
        let quota = Quota { messages_of_all: 10, messages_per_stranger: 3, ..Quota::default() };
        let from = |sender, id, origin: &str| Arrival { origin: origin.to_owned(), ..arrival(sender, id, "may I?") };
        let receive =
            |sender, id, origin, now| store.receive(&from(sender, id, origin), &quota, now).expect("received");
        assert_eq!(receive(1, 1, "honest", NOW), ArrivalVerdict::WaitsAsRequest);
        for sender in 100..200 {
            assert_eq!(receive(sender, sender, "crowd", NOW + sender), ArrivalVerdict::WaitsAsRequest);
        }
        assert_eq!(receive(2, 2, "elsewhere", NOW), ArrivalVerdict::WaitsAsRequest);
        let waiting = |sender| store.waiting(&node(sender), 10).expect("read").len();
        assert_eq!((waiting(1), waiting(2), waiting(199), waiting(100)), (1, 1, 1, 0));
        let contacts = store.contacts().expect("read");
        assert_eq!(contacts.iter().map(|contact| contact.waiting).sum::<u64>(), 10);
        assert_eq!(contacts.len(), 10, "of those who had to go nothing is left");
        let arrived = store.connection.query_row("SELECT count(*) FROM main.arrived", [], |row| row.get::<_, u64>(0));
        assert_eq!(arrived.expect("counted"), 10);
        // Nobody goes for one who is alone in taking too much.
        for id in 10..12 {
            assert_eq!(receive(2, id, "elsewhere", NOW), ArrivalVerdict::WaitsAsRequest);
        }
        assert_eq!(receive(2, 13, "elsewhere", NOW), ArrivalVerdict::QuotaExceeded);
    }

    #[test]
    fn what_says_that_it_was_written_in_the_future_is_refused() {
        let store = store();
        accepted(&store, 1);
        let at = |id, sent_unix_ms| {
            let expires_unix_ms = NOW + MESSAGE_LIFETIME_MS;
            receive(&store, &Arrival { sent_unix_ms, expires_unix_ms, ..arrival(1, id, "x") }, NOW)
        };
        assert!(matches!(at(1, NOW + CLOCK_SKEW_MS), ArrivalVerdict::Accepted { .. }));
        assert_eq!(at(2, NOW + CLOCK_SKEW_MS + 1), ArrivalVerdict::FromTheFuture);
        assert_eq!(at(3, u64::MAX), ArrivalVerdict::FromTheFuture);
    }

    #[test]
    fn a_failure_after_the_message_was_kept_leaves_neither_message_nor_id() {
        let store = store();
        accepted(&store, 1);
        let outcome: Result<(), StoreError> = store.atomically(|store| {
            receive(store, &arrival(1, 1, "x"), NOW);
            Err(StoreError::Closed)
        });
        assert!(outcome.is_err());
        assert!(matches!(receive(&store, &arrival(1, 1, "x"), NOW), ArrivalVerdict::Accepted { .. }));
    }
}
