//! Messages that come in: each one once, from whom the user wants, within bounds.

use rusqlite::{OptionalExtension as _, Params, Row};

use super::rows::{Column, get, integer, parsed};
use super::{Store, StoreError};
use crate::identity::NodeId;
use crate::messages::{Arrival, ArrivalVerdict, CLOCK_SKEW_MS, ContactState, LIFETIME_MS, MessageText, WaitingMessage};

/// Messages of one contact that have not been read, at the most; more are refused until some are.
pub const UNREAD_PER_CONTACT: u64 = 10_000;

/// How long a stranger's message waits for the user, in milliseconds, so that strangers cannot fill the quota for ever.
pub const REQUEST_KEPT_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// Up to when the ids of messages were forgotten, in milliseconds of unix time: what expired before is refused even if the clock says otherwise.
const FORGOTTEN_UNTIL: &str = "arrivals_forgotten_until_unix_ms";

/// How much of strangers may wait for the user's decision.
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
            let keep_until = arrival.expires_unix_ms.saturating_add(CLOCK_SKEW_MS);
            let forgotten_until = store.fact(FORGOTTEN_UNTIL)?.unwrap_or(0);
            if keep_until <= now_unix_ms || keep_until <= forgotten_until {
                return Ok(ArrivalVerdict::Expired);
            }
            if arrival.expires_unix_ms > now_unix_ms.saturating_add(LIFETIME_MS + CLOCK_SKEW_MS) {
                return Ok(ArrivalVerdict::TooFarAhead);
            }
            if store.has_arrived(arrival)? {
                return Ok(ArrivalVerdict::Duplicate);
            }
            let verdict = match store.contact_counts(&arrival.sender)? {
                Some(contact) if contact.state == ContactState::Blocked => ArrivalVerdict::Blocked,
                Some(contact) if contact.state == ContactState::Accepted => {
                    if contact.unread >= UNREAD_PER_CONTACT {
                        ArrivalVerdict::QuotaExceeded
                    } else {
                        ArrivalVerdict::Accepted { position: store.insert_incoming(arrival, now_unix_ms)? }
                    }
                }
                stranger => {
                    let (messages, bytes) = stranger.map_or((0, 0), |known| (known.waiting, known.waiting_bytes));
                    if store.is_over(quota, messages, bytes, arrival.text.as_str().len() as u64)? {
                        ArrivalVerdict::QuotaExceeded
                    } else {
                        store.insert_request(arrival, now_unix_ms)?;
                        ArrivalVerdict::WaitsAsRequest
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

    /// Forgets what is over: ids and receipts of messages that have expired, strangers that were never answered, old ratings. To be
    /// done now and then.
    ///
    /// # Errors
    /// If the database fails.
    pub fn forget_old(&self, now_unix_ms: u64) -> Result<(), StoreError> {
        self.atomically(|store| {
            let failed = |error| StoreError::sql("forget what is old", error);
            let now = integer(now_unix_ms);
            // The mark is what was forgotten and not the clock: a clock that runs ahead for a while must not shut the door for good.
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
            .prepare_cached("SELECT state, unread, waiting, waiting_bytes FROM main.contacts WHERE node = ?1")
            .and_then(|mut query| {
                let counts = |row: &Row<'_>| {
                    Ok(Counts {
                        state: get(row, "state")?,
                        unread: row.get("unread")?,
                        waiting: row.get("waiting")?,
                        waiting_bytes: row.get("waiting_bytes")?,
                    })
                };
                query.query_row([Column(*id)], counts).optional()
            })
            .map_err(|error| StoreError::sql("look for the sender", error))
    }

    fn is_over(&self, quota: &Quota, messages: u64, bytes: u64, more: u64) -> Result<bool, StoreError> {
        if messages >= quota.messages_per_stranger || bytes + more > quota.bytes_per_stranger {
            return Ok(true);
        }
        let (of_all, bytes_of_all): (u64, u64) = self
            .connection
            .prepare_cached("SELECT coalesce(sum(waiting), 0), coalesce(sum(waiting_bytes), 0) FROM main.contacts WHERE waiting > 0")
            .and_then(|mut query| query.query_row([], |row| Ok((row.get(0)?, row.get(1)?))))
            .map_err(|error| StoreError::sql("count what waits", error))?;
        Ok(of_all >= quota.messages_of_all || bytes_of_all + more > quota.bytes_of_all)
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
                .prepare_cached("UPDATE main.contacts SET unread = unread + 1 WHERE node = ?1")?
                .execute([Column(arrival.sender)])?;
            Ok(position.unsigned_abs())
        };
        insert().map_err(|error| StoreError::sql("keep a message", error))
    }

    fn insert_request(&self, arrival: &Arrival, now_unix_ms: u64) -> Result<(), StoreError> {
        let insert = || -> rusqlite::Result<()> {
            self.connection
                .prepare_cached(
                    "INSERT INTO main.contacts (node, state, hints, added_unix_ms, waiting, waiting_bytes)
                     VALUES (?1, ?2, '', ?3, 1, ?4)
                     ON CONFLICT (node) DO UPDATE SET waiting = waiting + 1, waiting_bytes = waiting_bytes + ?4",
                )?
                .execute((
                    Column(arrival.sender),
                    Column(ContactState::Requested),
                    integer(now_unix_ms),
                    integer(arrival.text.as_str().len() as u64),
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
        sender: get(row, "node")?,
        id: get(row, "id")?,
        text: parsed(row, "text", |text| MessageText::new(text).ok())?,
        sent_unix_ms: row.get("sent_unix_ms")?,
        stored_unix_ms: row.get("stored_unix_ms")?,
    })
}
