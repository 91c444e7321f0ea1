//! Messages that go out, from the moment they are written until nothing more is tried.

use rusqlite::{OptionalExtension as _, Row};

use super::rows::{Column, get, integer};
use super::{Store, StoreError};
use crate::identity::NodeId;
use crate::messages::{ContactState, Delivery, DeliveryState, DeliveryUpdate, NewMessage, REFUSAL_CHARACTERS};
use crate::wire::PacketId;

/// Messages that wait to be delivered, to all contacts together, at most.
pub const UNFINISHED_MESSAGES: u64 = 10_000;

/// How many deliveries are not final. Kept, because to count them for each new message would slow down those who have
/// many.
const UNFINISHED: &str = "unfinished_deliveries";

impl Store {
    /// Takes a message from the user, with its packet if it was sealed already. Returns its position; it is queued, and
    /// on disk.
    ///
    /// # Errors
    /// If the recipient is no accepted contact, the id was used, too many wait, or the database fails; then nothing was
    /// kept.
    pub fn queue_message(&self, new: &NewMessage, sealed: Option<&[u8]>, now_unix_ms: u64) -> Result<u64, StoreError> {
        self.atomically(|store| {
            match store.contact(&new.to)?.map(|contact| contact.state) {
                None | Some(ContactState::Removed) => return Err(StoreError::NoContact { id: new.to }),
                Some(ContactState::Requested | ContactState::Blocked) => {
                    return Err(StoreError::NotAccepted { id: new.to });
                }
                Some(ContactState::Accepted) => {}
            }
            let waiting = store.fact(UNFINISHED)?.unwrap_or(0);
            if waiting >= UNFINISHED_MESSAGES {
                return Err(StoreError::QueueFull { waiting });
            }
            let insert = || -> rusqlite::Result<u64> {
                store
                    .connection
                    .prepare_cached(
                        "INSERT INTO main.messages
                            (node, is_incoming, id, text, reply_to, sent_unix_ms, stored_unix_ms, expires_unix_ms)
                         VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7)",
                    )?
                    .execute((
                        Column(new.to),
                        Column(new.id),
                        new.text.as_str(),
                        new.reply_to.map(Column),
                        integer(new.created_unix_ms),
                        integer(now_unix_ms),
                        integer(new.expires_unix_ms),
                    ))?;
                let position = store.connection.last_insert_rowid();
                store
                    .connection
                    .prepare_cached("INSERT INTO main.deliveries (position, state, sealed) VALUES (?1, ?2, ?3)")?
                    .execute((position, Column(DeliveryState::Queued), sealed))?;
                Ok(position.unsigned_abs())
            };
            let position = insert().map_err(|error| match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::ConstraintViolation) => StoreError::MessageExists { id: new.id },
                _ => StoreError::sql("queue a message", error),
            })?;
            store.set_fact(UNFINISHED, waiting + 1)?;
            store.position_given(position)?;
            Ok(position)
        })
    }

    /// Keeps the sealed packet of a message, and returns the one to be sent: the first that was kept, so that every
    /// attempt sends the same bytes. `None` if nothing is to be sent any more.
    ///
    /// # Errors
    /// If there is no such message, or the database fails.
    pub fn seal_message(&self, id: &PacketId, sealed: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.atomically(|store| {
            store
                .connection
                .prepare_cached(
                    "UPDATE main.deliveries SET sealed = ?2 WHERE sealed IS NULL AND state < 3
                     AND position = (SELECT position FROM main.messages WHERE id = ?1 AND is_incoming = 0)",
                )
                .and_then(|mut statement| statement.execute((Column(*id), sealed)))
                .map_err(|error| StoreError::sql("keep a sealed message", error))?;
            store.sealed_message(id)
        })
    }

    /// The sealed packet of a message, if it was sealed and is still to be sent.
    ///
    /// # Errors
    /// If there is no such message, or the database fails.
    pub fn sealed_message(&self, id: &PacketId) -> Result<Option<Vec<u8>>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT sealed FROM main.deliveries JOIN main.messages USING (position) WHERE id = ?1 AND is_incoming = 0",
            )
            .and_then(|mut query| query.query_row([Column(*id)], |row| row.get(0)).optional())
            .map_err(|error| StoreError::sql("read a sealed message", error))?
            .ok_or(StoreError::NoMessage { id: *id })
    }

    /// Keeps news of a delivery. Returns whether they were taken: what was confirmed is not forgotten because of a late
    /// report ([`DeliveryState::may_become`]). `now_unix_ms` is when the other user has read it, if that is the news.
    ///
    /// # Errors
    /// If there is no such message, or the database fails.
    pub fn update_delivery(
        &self,
        id: &PacketId,
        update: &DeliveryUpdate,
        now_unix_ms: u64,
    ) -> Result<bool, StoreError> {
        self.atomically(|store| {
            let failed = |error| StoreError::sql("keep the state of a delivery", error);
            let (position, state): (i64, DeliveryState) = store
                .connection
                .prepare_cached(
                    "SELECT position, state FROM main.deliveries JOIN main.messages USING (position)
                     WHERE id = ?1 AND is_incoming = 0",
                )
                .and_then(|mut query| {
                    query.query_row([Column(*id)], |row| Ok((row.get("position")?, get(row, "state")?))).optional()
                })
                .map_err(failed)?
                .ok_or(StoreError::NoMessage { id: *id })?;
            if !state.may_become(update.state) {
                return Ok(false);
            }
            let refusal = update.refusal.as_ref().map(|text| text.chars().take(REFUSAL_CHARACTERS).collect::<String>());
            store
                .connection
                .prepare_cached(
                    "UPDATE main.deliveries SET state = ?2, attempts = ?3, pause_ms = ?4, refusal = ?5,
                     sealed = iif(?2 < 3, sealed, NULL) WHERE position = ?1",
                )
                .and_then(|mut statement| {
                    statement.execute((
                        position,
                        Column(update.state),
                        update.attempts,
                        integer(update.pause_ms),
                        refusal,
                    ))
                })
                .map_err(failed)?;
            if update.state == DeliveryState::Read && state != DeliveryState::Read {
                store
                    .connection
                    .prepare_cached("UPDATE main.messages SET read_unix_ms = ?2 WHERE position = ?1")
                    .and_then(|mut statement| statement.execute((position, integer(now_unix_ms))))
                    .map_err(failed)?;
            }
            if update.state.is_final() && !state.is_final() {
                let waiting = store.fact(UNFINISHED)?.unwrap_or(0);
                store.set_fact(UNFINISHED, waiting.saturating_sub(1))?;
            }
            Ok(true)
        })
    }

    /// Tries no longer to deliver what has not been confirmed: to somebody, or to anybody. Returns how many messages
    /// those are. They may have arrived all the same, as whatever has expired.
    ///
    /// # Errors
    /// If the database fails.
    pub fn give_up_messages(&self, to: Option<&NodeId>, why: &str) -> Result<u64, StoreError> {
        self.atomically(|store| {
            let given_up = store
                .connection
                .execute(
                    "UPDATE main.deliveries SET state = ?1, refusal = ?2, sealed = NULL WHERE state < 3 AND position IN
                        (SELECT position FROM main.messages WHERE is_incoming = 0 AND (?3 IS NULL OR node = ?3))",
                    (Column(DeliveryState::Expired), why, to.copied().map(Column)),
                )
                .map_err(|error| StoreError::sql("give messages up", error))?;
            store.count_unfinished()?;
            Ok(given_up as u64)
        })
    }

    /// The other user says that they have read a message. Returns whether that is news: it went to them, and they had
    /// not said so before.
    ///
    /// # Errors
    /// If the database fails.
    pub fn confirm_read(&self, id: &PacketId, reader: &NodeId, now_unix_ms: u64) -> Result<bool, StoreError> {
        self.atomically(|store| {
            let Some(item) = store.outgoing(id)?.filter(|item| item.with == *reader) else { return Ok(false) };
            let (attempts, pause_ms) = store
                .connection
                .prepare_cached("SELECT attempts, pause_ms FROM main.deliveries WHERE position = ?1")
                .and_then(|mut query| query.query_row([integer(item.position)], |row| Ok((row.get(0)?, row.get(1)?))))
                .map_err(|error| StoreError::sql("read a delivery", error))?;
            // Nobody marks as read what strangers write, so this user has been taken in.
            store.forget_invitation_of(reader)?;
            let update = DeliveryUpdate { state: DeliveryState::Read, attempts, pause_ms, refusal: None };
            Ok(item.state != Some(DeliveryState::Read) && store.update_delivery(id, &update, now_unix_ms)?)
        })
    }

    /// Deliveries that are not final, the oldest first: where to go on after a restart. Not more than
    /// [`UNFINISHED_MESSAGES`].
    ///
    /// # Errors
    /// If the database fails.
    pub fn unfinished_deliveries(&self) -> Result<Vec<Delivery>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT * FROM main.deliveries JOIN main.messages USING (position) WHERE state < 3 ORDER BY position",
            )
            .and_then(|mut query| query.query_map([], delivery)?.collect())
            .map_err(|error| StoreError::sql("read the deliveries", error))
    }

    /// The delivery of one message.
    ///
    /// # Errors
    /// If the database fails.
    pub fn delivery(&self, id: &PacketId) -> Result<Option<Delivery>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT * FROM main.deliveries JOIN main.messages USING (position) WHERE main.messages.id = ?1",
            )
            .and_then(|mut query| query.query_row([Column(*id)], delivery).optional())
            .map_err(|error| StoreError::sql("read a delivery", error))
    }

    /// How many outgoing messages are in each state.
    ///
    /// # Errors
    /// If the database fails.
    pub fn count_deliveries(&self) -> Result<Vec<(DeliveryState, u64)>, StoreError> {
        self.connection
            .prepare_cached("SELECT state, count(*) AS messages FROM main.deliveries GROUP BY state ORDER BY state")
            .and_then(|mut query| query.query_map([], |row| Ok((get(row, "state")?, row.get("messages")?)))?.collect())
            .map_err(|error| StoreError::sql("count the deliveries", error))
    }

    /// Counts anew what is not final, after messages were deleted.
    pub(super) fn count_unfinished(&self) -> Result<(), StoreError> {
        let unfinished = self
            .connection
            .query_row("SELECT count(*) FROM main.deliveries WHERE state < 3", [], |row| row.get(0))
            .map_err(|error| StoreError::sql("count the deliveries", error))?;
        self.set_fact(UNFINISHED, unfinished)
    }
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: get(row, "id")?,
        to: get(row, "node")?,
        created_unix_ms: row.get("sent_unix_ms")?,
        expires_unix_ms: row.get("expires_unix_ms")?,
        state: get(row, "state")?,
        attempts: row.get("attempts")?,
        pause_ms: row.get("pause_ms")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{accepted, new_message, node, store};
    use super::*;

    fn update(state: DeliveryState) -> DeliveryUpdate {
        DeliveryUpdate { state, attempts: 3, pause_ms: 77, refusal: None }
    }

    #[test]
    fn a_message_goes_only_to_an_accepted_contact() {
        let store = store();
        let message = new_message(1, 1, "hello");
        assert!(matches!(store.queue_message(&message, None, 1), Err(StoreError::NoContact { .. })));
        accepted(&store, 1);
        store.queue_message(&message, None, 1).expect("queued");
        assert!(matches!(store.queue_message(&message, None, 1), Err(StoreError::MessageExists { .. })));
        store.refuse_contact(&node(1)).expect("refused");
        assert!(matches!(store.queue_message(&new_message(1, 2, "x"), None, 1), Err(StoreError::NotAccepted { .. })));
    }

    #[test]
    fn every_attempt_sends_what_was_sealed_first_until_it_is_over() {
        let store = store();
        accepted(&store, 1);
        let message = new_message(1, 1, "hello");
        assert!(matches!(store.seal_message(&message.id, b"x"), Err(StoreError::NoMessage { .. })));
        store.queue_message(&message, None, 1).expect("queued");
        assert_eq!(store.sealed_message(&message.id).expect("read"), None);
        assert_eq!(store.seal_message(&message.id, b"first").expect("kept").as_deref(), Some(&b"first"[..]));
        assert_eq!(store.seal_message(&message.id, b"second").expect("kept").as_deref(), Some(&b"first"[..]));
        assert!(store.update_delivery(&message.id, &update(DeliveryState::Delivered), 5).expect("kept"));
        assert_eq!(store.sealed_message(&message.id).expect("read"), None);
        assert_eq!(store.seal_message(&message.id, b"third").expect("kept"), None);
    }

    #[test]
    fn a_delivery_goes_on_after_a_restart_and_is_never_taken_back() {
        let store = store();
        accepted(&store, 1);
        let message = new_message(1, 1, "hello");
        store.queue_message(&message, None, 1).expect("queued");
        assert!(store.update_delivery(&message.id, &update(DeliveryState::Sent), 5).expect("kept"));
        let unfinished = store.unfinished_deliveries().expect("read");
        assert_eq!(unfinished.len(), 1);
        assert_eq!((unfinished[0].attempts, unfinished[0].pause_ms), (3, 77));
        assert_eq!(unfinished[0].state, DeliveryState::Sent);
        assert!(store.update_delivery(&message.id, &update(DeliveryState::Read), 50).expect("kept"));
        for late in [DeliveryState::Expired, DeliveryState::Delivered, DeliveryState::Queued] {
            assert!(!store.update_delivery(&message.id, &update(late), 60).expect("looked at"), "{late:?}");
        }
        assert_eq!(store.unfinished_deliveries().expect("read"), []);
        let item = store.outgoing(&message.id).expect("read").expect("there");
        assert_eq!((item.state, item.read_unix_ms), (Some(DeliveryState::Read), Some(50)));
        assert_eq!(store.count_deliveries().expect("counted"), [(DeliveryState::Read, 1)]);
    }

    #[test]
    fn only_the_recipient_can_say_that_a_message_was_read() {
        let store = store();
        accepted(&store, 1);
        accepted(&store, 2);
        let message = new_message(1, 1, "hello");
        store.queue_message(&message, None, 1).expect("queued");
        assert!(!store.confirm_read(&message.id, &node(2), 9).expect("looked at"), "it did not go to them");
        assert!(!store.confirm_read(&new_message(1, 2, "x").id, &node(1), 9).expect("looked at"), "there is none");
        assert!(store.confirm_read(&message.id, &node(1), 9).expect("kept"));
        assert!(!store.confirm_read(&message.id, &node(1), 10).expect("looked at"), "that is known");
        assert_eq!(store.outgoing(&message.id).expect("read").expect("there").read_unix_ms, Some(9));
        assert_eq!(store.check().expect("checked"), [""; 0]);
    }

    #[test]
    fn a_full_queue_refuses_and_takes_again_when_one_is_over() {
        let store = store();
        accepted(&store, 1);
        store.set_fact(UNFINISHED, UNFINISHED_MESSAGES - 1).expect("set");
        store.queue_message(&new_message(1, 7, "x"), None, 1).expect("the last place");
        let next = new_message(1, UNFINISHED_MESSAGES, "x");
        assert!(matches!(
            store.queue_message(&next, None, 1),
            Err(StoreError::QueueFull { waiting: UNFINISHED_MESSAGES })
        ));
        let refused = DeliveryUpdate { refusal: Some("ж".repeat(500)), ..update(DeliveryState::Refused) };
        assert!(store.update_delivery(&new_message(1, 7, "x").id, &refused, 5).expect("kept"));
        let item = store.outgoing(&new_message(1, 7, "x").id).expect("read").expect("there");
        assert_eq!(item.refusal, Some("ж".repeat(REFUSAL_CHARACTERS)));
        store.queue_message(&next, None, 1).expect("room again");
        assert_eq!(store.check().expect("checked"), ["the count of unfinished deliveries is wrong"]);
        store.count_unfinished().expect("counted");
        assert_eq!(store.check().expect("checked"), [""; 0]);
    }
}
