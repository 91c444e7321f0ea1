//! The tables, and how a database of an older version becomes one of this.
//!
//! Two files, one connection. `messages.db` holds what cannot be got again (contacts, messages, documents that were
//! seen), is committed with an fsync, and is what a backup holds. `peers.db`, attached as `peers`, holds what can be
//! found again, and may lose the last second when the power goes. Each has its own version; a migration is one text,
//! and is never changed once it was released.

use rusqlite::Connection;

use super::StoreError;

/// Marks the files as ours, so that no other database is taken for one (`PRAGMA application_id`): "btpi".
pub const APPLICATION_ID: i32 = 0x6274_7069;

/// The steps from an empty `messages.db` to the present one. The version is the number of steps done.
pub const MESSAGES: &[&str] = &["
-- Single values of this home, by name.
CREATE TABLE main.facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO main.facts VALUES ('unfinished_deliveries', 0);

-- The newest document of each node that was seen, and of this one.
CREATE TABLE main.documents (
    node BLOB PRIMARY KEY CHECK (length(node) = 32),
    is_own INTEGER NOT NULL CHECK (is_own IN (0, 1)),
    revision INTEGER NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    bytes BLOB NOT NULL,
    seen_unix_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX main.documents_by_age ON documents (seen_unix_ms) WHERE is_own = 0;
-- Documents that differ from another of the same revision: evidence of a fault.
CREATE TABLE main.conflicting_documents (
    node BLOB NOT NULL,
    revision INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    seen_unix_ms INTEGER NOT NULL,
    PRIMARY KEY (node, revision, bytes)
) STRICT, WITHOUT ROWID;

CREATE TABLE main.contacts (
    node BLOB PRIMARY KEY CHECK (length(node) = 32),
    name TEXT UNIQUE,
    state INTEGER NOT NULL,
    hints TEXT NOT NULL,
    added_unix_ms INTEGER NOT NULL,
    unread INTEGER NOT NULL DEFAULT 0,
    waiting INTEGER NOT NULL DEFAULT 0,
    waiting_bytes INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX main.contacts_waiting ON contacts (waiting, waiting_bytes) WHERE waiting > 0;

-- All conversations. A position is never given twice.
CREATE TABLE main.messages (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    node BLOB NOT NULL REFERENCES contacts (node) ON DELETE CASCADE,
    is_incoming INTEGER NOT NULL CHECK (is_incoming IN (0, 1)),
    id BLOB NOT NULL CHECK (length(id) = 16),
    text TEXT NOT NULL,
    reply_to BLOB,
    sent_unix_ms INTEGER NOT NULL,
    stored_unix_ms INTEGER NOT NULL,
    expires_unix_ms INTEGER NOT NULL,
    read_unix_ms INTEGER
) STRICT;
CREATE INDEX main.messages_by_node ON messages (node, position);
CREATE INDEX main.messages_unread ON messages (node, position) WHERE is_incoming = 1 AND read_unix_ms IS NULL;
CREATE UNIQUE INDEX main.messages_outgoing ON messages (id) WHERE is_incoming = 0;

CREATE TABLE main.deliveries (
    position INTEGER PRIMARY KEY REFERENCES messages (position) ON DELETE CASCADE,
    state INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    pause_ms INTEGER NOT NULL DEFAULT 0,
    refusal TEXT,
    sealed BLOB
) STRICT;
CREATE INDEX main.deliveries_unfinished ON deliveries (position) WHERE state < 3;

-- Messages of strangers, until the user decides. On acceptance they get a position, on refusal they are deleted.
CREATE TABLE main.requests (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT,
    node BLOB NOT NULL REFERENCES contacts (node) ON DELETE CASCADE,
    id BLOB NOT NULL CHECK (length(id) = 16),
    text TEXT NOT NULL,
    reply_to BLOB,
    sent_unix_ms INTEGER NOT NULL,
    stored_unix_ms INTEGER NOT NULL,
    expires_unix_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX main.requests_by_node ON requests (node, arrival);
CREATE INDEX main.requests_by_age ON requests (stored_unix_ms);

-- What has come before: no foreign key, for it outlives the contact.
CREATE TABLE main.arrived (
    node BLOB NOT NULL,
    id BLOB NOT NULL,
    keep_until_unix_ms INTEGER NOT NULL,
    PRIMARY KEY (node, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX main.arrived_by_age ON arrived (keep_until_unix_ms);

-- Read receipts that are to be sent.
CREATE TABLE main.receipts (
    node BLOB NOT NULL REFERENCES contacts (node) ON DELETE CASCADE,
    id BLOB NOT NULL,
    expires_unix_ms INTEGER NOT NULL,
    PRIMARY KEY (node, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX main.receipts_by_age ON receipts (expires_unix_ms);

CREATE TABLE main.ratings (
    node BLOB NOT NULL REFERENCES contacts (node) ON DELETE CASCADE,
    hour INTEGER NOT NULL,
    seen_minutes INTEGER NOT NULL,
    up_minutes INTEGER NOT NULL,
    PRIMARY KEY (node, hour)
) STRICT, WITHOUT ROWID;
CREATE INDEX main.ratings_by_age ON ratings (hour);

CREATE VIRTUAL TABLE main.texts USING fts5 (text, content = 'messages', content_rowid = 'position', tokenize = 'unicode61');
CREATE TRIGGER main.text_added AFTER INSERT ON messages BEGIN
    INSERT INTO texts (rowid, text) VALUES (new.position, new.text);
END;
CREATE TRIGGER main.text_removed AFTER DELETE ON messages BEGIN
    INSERT INTO texts (texts, rowid, text) VALUES ('delete', old.position, old.text);
END;
", "
-- The nickname by which a contact was found, if by one.
ALTER TABLE main.contacts ADD COLUMN found_as TEXT;
", "
-- From which group of addresses a stranger wrote first.
ALTER TABLE main.contacts ADD COLUMN origin TEXT NOT NULL DEFAULT '';
", "
-- Texts go into the index many at a time: one at a time, that costs more than to keep the message.
DROP TRIGGER main.text_added;
DROP TRIGGER main.text_removed;
INSERT INTO main.facts SELECT 'texts_indexed_until', coalesce(max(position), 0) FROM main.messages;
CREATE TRIGGER main.text_removed AFTER DELETE ON messages
    WHEN old.position <= (SELECT value FROM facts WHERE name = 'texts_indexed_until')
BEGIN
    INSERT INTO texts (texts, rowid, text) VALUES ('delete', old.position, old.text);
END;
", "
-- Invitations that this user has given away: of each a digest, by which it is recognised. `used_by` is who has used one
-- that counts once.
CREATE TABLE main.invitations (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
    made_unix_ms INTEGER NOT NULL,
    until_unix_ms INTEGER NOT NULL,
    is_once INTEGER NOT NULL CHECK (is_once IN (0, 1)),
    used_by BLOB CHECK (length(used_by) = 32)
) STRICT, WITHOUT ROWID;
-- By which of them a stranger came; and the invitation of theirs that a contact's address carried.
ALTER TABLE main.contacts ADD COLUMN invited_with BLOB;
ALTER TABLE main.contacts ADD COLUMN invitation BLOB;
CREATE INDEX main.contacts_invited ON contacts (invited_with) WHERE invited_with IS NOT NULL;
-- Strangers who were invited take up no room of the others.
DROP INDEX main.contacts_waiting;
CREATE INDEX main.contacts_waiting ON contacts (waiting, waiting_bytes) WHERE waiting > 0 AND invited_with IS NULL;
", "
-- Ratings by month and hour of the day (UTC). Months are counted from January of the year 0; 0 stands for all months
-- that were added up. Since when: when the first minute was counted.
CREATE TABLE main.rating_months (
    node BLOB NOT NULL REFERENCES contacts (node) ON DELETE CASCADE,
    month INTEGER NOT NULL CHECK (month = 0 OR month BETWEEN 23640 AND 119999),
    hour INTEGER NOT NULL CHECK (hour BETWEEN 0 AND 23),
    seen_minutes INTEGER NOT NULL CHECK (seen_minutes BETWEEN 0 AND up_minutes),
    up_minutes INTEGER NOT NULL CHECK (up_minutes BETWEEN 0 AND 4294967295),
    since_unix_ms INTEGER NOT NULL CHECK (since_unix_ms >= 0),
    PRIMARY KEY (node, month, hour)
) STRICT, WITHOUT ROWID;
-- What was counted by the hour. SQLite's calendar ends with the year 9999.
INSERT INTO main.rating_months
    SELECT node,
        CAST(strftime('%Y', hour * 3600, 'unixepoch') AS INTEGER) * 12
            + CAST(strftime('%m', hour * 3600, 'unixepoch') AS INTEGER) - 1 AS month,
        hour % 24 AS of_day, sum(min(seen_minutes, up_minutes)), sum(up_minutes), min(hour) * 3600000
    FROM main.ratings WHERE hour BETWEEN 0 AND 70000000 GROUP BY node, month, of_day;
"];

/// The steps from an empty `peers.db` to the present one.
pub const PEERS: &[&str] = &[
    "
CREATE TABLE peers.known (
    node BLOB PRIMARY KEY CHECK (length(node) = 32),
    is_verified INTEGER NOT NULL CHECK (is_verified IN (0, 1)),
    source TEXT NOT NULL,
    entrypoints TEXT NOT NULL,
    first_seen_unix_ms INTEGER NOT NULL,
    last_seen_unix_ms INTEGER,
    sessions INTEGER NOT NULL,
    round_trip_us INTEGER,
    failures INTEGER NOT NULL,
    next_attempt_unix_ms INTEGER NOT NULL,
    misbehaviour_points INTEGER NOT NULL,
    misbehaviour_counted_unix_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX peers.known_by_source ON known (is_verified, source);
",
    "
-- It wants to be told of; and it has, or had, to do with our user, so nobody else is told of it.
ALTER TABLE peers.known ADD COLUMN is_listed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peers.known ADD COLUMN is_acquainted INTEGER NOT NULL DEFAULT 0;
",
];

/// Brings one of the two databases to the present version.
///
/// # Errors
/// If it is not ours, was written by a newer program, or cannot be written.
pub fn migrate(connection: &Connection, database: &str, steps: &[&str]) -> Result<(), StoreError> {
    let failed = |error| StoreError::sql("bring the database to this version", error);
    let pragma = |name: &str| -> Result<i64, StoreError> {
        connection.query_row(&format!("PRAGMA {database}.{name}"), [], |row| row.get(0)).map_err(failed)
    };
    let version = pragma("user_version")?;
    let application = pragma("application_id")?;
    let is_empty = pragma("schema_version")? == 0;
    if !is_empty && application != i64::from(APPLICATION_ID) {
        return Err(StoreError::Foreign { database: database.to_owned() });
    }
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    let Some(missing) = steps.get(done..) else {
        return Err(StoreError::Newer { database: database.to_owned(), found: version, known: steps.len() });
    };
    for (index, step) in missing.iter().enumerate() {
        // Each step with its version in one transaction: a crash leaves a whole version.
        let version = done + index + 1;
        connection
            .execute_batch(&format!(
                "BEGIN IMMEDIATE;\n{step}\nPRAGMA {database}.application_id = {APPLICATION_ID};\n\
                 PRAGMA {database}.user_version = {version};\nCOMMIT;"
            ))
            .map_err(|error| {
                // The first error is the one to tell; without a transaction there is nothing to roll back.
                let _ = connection.execute_batch("ROLLBACK");
                failed(error)
            })?;
    }
    Ok(())
}
