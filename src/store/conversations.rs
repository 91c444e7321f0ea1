//! Conversations as they are shown: pages, search, what is new, what was read.

use rusqlite::{OptionalExtension as _, Params, Row};

use super::rows::{Column, get, get_optional, integer, parsed};
use super::{Store, StoreError};
use crate::identity::NodeId;
use crate::messages::{Direction, Item, MessageText};
use crate::wire::{PacketId, PacketIds};

/// Items of one page, at most.
pub const PAGE_ITEMS: usize = 1_000;

/// Characters of a search, at most.
pub const SEARCH_CHARACTERS: usize = 200;

/// So many messages come at most before their texts go into the index together: for each of them that costs a fraction
/// of what it costs alone, and a search has no more than these to index in memory.
const TEXTS_AT_ONCE: u64 = 256;

/// The position of the last message whose text is in the index. A trigger of the schema knows it too: what is deleted
/// is taken out of the index only if it is there.
const TEXTS_INDEXED: &str = "texts_indexed_until";

const ITEMS: &str =
    "SELECT m.*, d.state, d.refusal FROM main.messages AS m LEFT JOIN main.deliveries AS d USING (position)";

impl Store {
    /// The newest messages before a position (or of all), with one contact or with all, in the order of their
    /// positions.
    ///
    /// # Errors
    /// If the database fails.
    pub fn messages_before(
        &self,
        with: Option<&NodeId>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Item>, StoreError> {
        let before = integer(before.unwrap_or(u64::MAX));
        let limit = integer(limit.min(PAGE_ITEMS) as u64);
        let mut items = match with {
            Some(node) => self.items(
                "WHERE node = ?1 AND position < ?2 ORDER BY position DESC LIMIT ?3",
                (Column(*node), before, limit),
            ),
            None => self.items("WHERE position < ?1 ORDER BY position DESC LIMIT ?2", (before, limit)),
        }?;
        items.reverse();
        Ok(items)
    }

    /// The next messages after a position, with one contact or with all: to go on watching, or to export page by page.
    ///
    /// # Errors
    /// If the database fails.
    pub fn messages_after(&self, with: Option<&NodeId>, after: u64, limit: usize) -> Result<Vec<Item>, StoreError> {
        let (after, limit) = (integer(after), integer(limit.min(PAGE_ITEMS) as u64));
        match with {
            Some(node) => self
                .items("WHERE node = ?1 AND position > ?2 ORDER BY position LIMIT ?3", (Column(*node), after, limit)),
            None => self.items("WHERE position > ?1 ORDER BY position LIMIT ?2", (after, limit)),
        }
    }

    /// The last position that was given; 0 if none was.
    ///
    /// # Errors
    /// If the database fails.
    pub fn last_position(&self) -> Result<u64, StoreError> {
        self.connection
            .prepare_cached("SELECT coalesce(max(position), 0) FROM main.messages")
            .and_then(|mut query| query.query_row([], |row| row.get(0)))
            .map_err(|error| StoreError::sql("read the last position", error))
    }

    /// An outgoing message.
    ///
    /// # Errors
    /// If the database fails.
    pub fn outgoing(&self, id: &PacketId) -> Result<Option<Item>, StoreError> {
        self.connection
            .prepare_cached(&format!("{ITEMS} WHERE id = ?1 AND is_incoming = 0"))
            .and_then(|mut query| query.query_row([Column(*id)], item).optional())
            .map_err(|error| StoreError::sql("read a message", error))
    }

    /// The messages in which all these words stand, in whatever order; the last word may be the beginning of one. The
    /// newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub fn search(&self, words: &str, limit: usize) -> Result<Vec<Item>, StoreError> {
        // Quoted, word by word: what the user types is never read in the language of the index. Without a letter or
        // digit there is nothing to find, and the index would call it an error.
        let words: String = words.chars().take(SEARCH_CHARACTERS).filter(|character| *character != '\0').collect();
        let words = words.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric));
        let query = words.map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect::<Vec<_>>().join(" ");
        if query.is_empty() {
            return Ok(Vec::new());
        }
        self.index_tail()?;
        self.items(
            "WHERE position IN (SELECT rowid FROM main.texts WHERE texts MATCH ?1
                 UNION ALL SELECT rowid FROM temp.tail WHERE tail MATCH ?1) ORDER BY position DESC LIMIT ?2",
            (format!("{query}*"), integer(limit.min(PAGE_ITEMS) as u64)),
        )
    }

    /// Indexes in memory what is not in the index yet, so that a search writes nothing: it works with a full disk too.
    fn index_tail(&self) -> Result<(), StoreError> {
        // What is read only was indexed when it was read.
        if self.is_read_only {
            return Ok(());
        }
        let done = self.fact(TEXTS_INDEXED)?.unwrap_or(0);
        let failed = |error| StoreError::sql("index texts for a search", error);
        self.connection.prepare_cached("DELETE FROM temp.tail").and_then(|mut it| it.execute([])).map_err(failed)?;
        self.connection
            .prepare_cached(
                "INSERT INTO temp.tail (rowid, text) SELECT position, text FROM main.messages WHERE position > ?1",
            )
            .and_then(|mut statement| statement.execute([integer(done)]).map(drop))
            .map_err(failed)
    }

    /// Puts the texts of new messages into the index. It is done now and then while messages come ([`TEXTS_AT_ONCE`]).
    ///
    /// # Errors
    /// If the database fails.
    pub(super) fn index_texts(&self) -> Result<(), StoreError> {
        // What is read only was indexed when it was read.
        if self.is_read_only {
            return Ok(());
        }
        self.atomically(|store| {
            let last = store.last_position()?;
            let done = store.fact(TEXTS_INDEXED)?.unwrap_or(0);
            if done >= last {
                return Ok(());
            }
            store
                .connection
                .prepare_cached(
                    "INSERT INTO main.texts (rowid, text) SELECT position, text FROM main.messages WHERE position > ?1",
                )
                .and_then(|mut statement| statement.execute([integer(done)]))
                .map_err(|error| StoreError::sql("index texts", error))?;
            store.set_fact(TEXTS_INDEXED, last)
        })
    }

    /// A message was given this position.
    pub(super) fn position_given(&self, position: u64) -> Result<(), StoreError> {
        if position.is_multiple_of(TEXTS_AT_ONCE) { self.index_texts() } else { Ok(()) }
    }

    /// Marks what came from a contact as read, up to a position. Returns how many that were. With `send_receipts`,
    /// their senders are to be told: see [`Store::receipts_to`].
    ///
    /// # Errors
    /// If the database fails.
    pub fn mark_read(
        &self,
        with: &NodeId,
        up_to: u64,
        send_receipts: bool,
        now_unix_ms: u64,
    ) -> Result<u64, StoreError> {
        self.atomically(|store| {
            let unread = "node = ?1 AND is_incoming = 1 AND read_unix_ms IS NULL AND position <= ?2";
            let mark = || -> rusqlite::Result<u64> {
                if send_receipts {
                    let sql = format!(
                        "INSERT OR IGNORE INTO main.receipts
                         SELECT node, id, expires_unix_ms FROM main.messages WHERE {unread} AND expires_unix_ms > ?3"
                    );
                    let values = (Column(*with), integer(up_to), integer(now_unix_ms));
                    store.connection.prepare_cached(&sql)?.execute(values)?;
                }
                let sql = format!("UPDATE main.messages SET read_unix_ms = ?3 WHERE {unread}");
                let values = (Column(*with), integer(up_to), integer(now_unix_ms));
                let read = store.connection.prepare_cached(&sql)?.execute(values)?;
                store
                    .connection
                    .prepare_cached("UPDATE main.contacts SET unread = unread - ?2 WHERE node = ?1")?
                    .execute((Column(*with), integer(read as u64)))?;
                Ok(read as u64)
            };
            mark().map_err(|error| StoreError::sql("mark messages as read", error))
        })
    }

    /// Read receipts that are to be sent to somebody: to whom, and for which of their messages.
    ///
    /// # Errors
    /// If the database fails.
    pub fn receipts_to(&self, to: &NodeId, limit: usize) -> Result<PacketIds, StoreError> {
        self.connection
            .prepare_cached("SELECT id FROM main.receipts WHERE node = ?1 LIMIT ?2")
            .and_then(|mut query| {
                query.query_map((Column(*to), integer(limit as u64)), |row| get(row, "id"))?.collect()
            })
            .map_err(|error| StoreError::sql("read the receipts", error))
    }

    /// A read receipt has come.
    ///
    /// # Errors
    /// If the database fails.
    pub fn receipt_sent(&self, to: &NodeId, id: &PacketId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM main.receipts WHERE node = ?1 AND id = ?2")
            .and_then(|mut statement| statement.execute((Column(*to), Column(*id))).map(drop))
            .map_err(|error| StoreError::sql("forget a receipt", error))
    }

    fn items(&self, condition: &str, values: impl Params) -> Result<Vec<Item>, StoreError> {
        self.connection
            .prepare_cached(&format!("{ITEMS} {condition}"))
            .and_then(|mut query| query.query_map(values, item)?.collect())
            .map_err(|error| StoreError::sql("read messages", error))
    }
}

fn item(row: &Row<'_>) -> rusqlite::Result<Item> {
    let is_incoming: bool = row.get("is_incoming")?;
    Ok(Item {
        position: row.get("position")?,
        id: get(row, "id")?,
        with: get(row, "node")?,
        direction: if is_incoming { Direction::Incoming } else { Direction::Outgoing },
        text: parsed(row, "text", |text| MessageText::new(text).ok())?,
        sent_unix_ms: row.get("sent_unix_ms")?,
        stored_unix_ms: row.get("stored_unix_ms")?,
        expires_unix_ms: row.get("expires_unix_ms")?,
        reply_to: get_optional(row, "reply_to")?,
        state: get_optional(row, "state")?,
        refusal: row.get("refusal")?,
        read_unix_ms: row.get("read_unix_ms")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{accepted, arrival, message_id, new_message, node, store};
    use super::*;
    use crate::store::Quota;

    /// With 1: messages 1 to 5, of which 3 is outgoing; with 2: message 6.
    fn conversations() -> Store {
        let store = store();
        accepted(&store, 1);
        accepted(&store, 2);
        let receive =
            |sender, id, text| store.receive(&arrival(sender, id, text), &Quota::default(), 1_000).expect("kept");
        receive(1, 1, "The quick brown fox");
        receive(1, 2, "jumps over \"the\" lazy dog");
        store.queue_message(&new_message(1, 3, "Quick answer"), None, 1_000).expect("queued");
        receive(1, 4, "Привет, Zoë!");
        receive(1, 5, "100% -- OR NOT (text:*)");
        receive(2, 6, "quick too");
        store
    }

    fn positions(items: Vec<Item>) -> Vec<u64> {
        items.into_iter().map(|item| item.position).collect()
    }

    #[test]
    fn pages_follow_one_another_both_ways() {
        let store = conversations();
        let before = |with: Option<u64>, before, limit| {
            positions(store.messages_before(with.map(node).as_ref(), before, limit).expect("read"))
        };
        assert_eq!(before(None, None, 3), [4, 5, 6]);
        assert_eq!(before(None, Some(4), 3), [1, 2, 3]);
        assert_eq!(before(Some(1), None, 2), [4, 5]);
        assert_eq!(before(Some(1), Some(1), 2), [0; 0]);
        assert_eq!(before(Some(9), None, 2), [0; 0]);
        let after = |with: Option<u64>, after, limit| {
            positions(store.messages_after(with.map(node).as_ref(), after, limit).expect("read"))
        };
        assert_eq!(after(None, 4, 9), [5, 6]);
        assert_eq!(after(Some(1), 2, 2), [3, 4]);
        assert_eq!(after(None, 6, 9), [0; 0]);
        assert_eq!(after(None, u64::MAX, 9), [0; 0]);
        assert_eq!(store.last_position().expect("read"), 6);
    }

    #[test]
    fn an_item_says_all_about_a_message_and_is_a_line_of_json() {
        let store = conversations();
        let item = store.outgoing(&message_id(3)).expect("read").expect("there");
        let json = serde_json::to_string(&item).expect("JSON");
        assert_eq!(
            json,
            format!(
                "{{\"position\":3,\"id\":\"00000000000000000000000000000003\",\"with\":\"{}\",\"direction\":\"outgoing\",\
                 \"text\":\"Quick answer\",\"sent_unix_ms\":900,\"stored_unix_ms\":1000,\"expires_unix_ms\":1000000,\"state\":\"queued\"}}",
                node(1)
            )
        );
        assert_eq!(serde_json::from_str::<Item>(&json).expect("what was written"), item);
        assert_eq!(store.outgoing(&message_id(1)).expect("read"), None, "that one is incoming");
    }

    #[test]
    fn texts_are_indexed_many_at_a_time_and_what_is_deleted_before_leaves_nothing() {
        let store = store();
        let indexed = || store.fact(TEXTS_INDEXED).expect("read").expect("there");
        accepted(&store, 1);
        accepted(&store, 2);
        for id in 1..TEXTS_AT_ONCE {
            store.receive(&arrival(1 + id % 2, id, "a word"), &Quota::default(), 1_000).expect("kept");
        }
        assert_eq!(indexed(), 0);
        let remove = |contact| store.remove_contact(&node(contact), true).expect("removed");
        remove(1);
        store.receive(&arrival(2, 1_000, "the last"), &Quota::default(), 1_000).expect("kept");
        assert_eq!(indexed(), TEXTS_AT_ONCE);
        store.receive(&arrival(2, 1_001, "a word more"), &Quota::default(), 1_000).expect("kept");
        assert_eq!(positions(store.search("word", 2).expect("searched")), [TEXTS_AT_ONCE + 1, TEXTS_AT_ONCE - 1]);
        assert_eq!(indexed(), TEXTS_AT_ONCE, "a search writes nothing");
        assert_eq!(store.check().expect("checked"), [""; 0]);
        remove(2);
        assert_eq!(store.search("word", 9).expect("searched"), []);
        assert_eq!(store.check().expect("checked"), [""; 0]);
    }

    #[test]
    fn words_are_found_in_any_order_and_the_newest_comes_first() {
        let store = conversations();
        let found = |words: &str| positions(store.search(words, 9).expect(words));
        assert_eq!(found("quick"), [6, 3, 1]);
        assert_eq!(found("fox QUICK"), [1]);
        assert_eq!(found("quick answ"), [3], "the last word may be a beginning");
        assert_eq!(found("qui answer"), [0; 0], "the others are whole");
        assert_eq!(found("zoe"), [4], "accents do not matter");
        assert_eq!(found("привет"), [4]);
        assert_eq!(found("nothing"), [0; 0]);
    }

    #[test]
    fn a_search_is_never_read_as_a_language() {
        let store = conversations();
        for words in
            ["", "  ", "\"", "*", "OR", "NOT", "text:", "a\"b", "(", "-x", "^", "NEAR(a b)", "\0", "' OR 1=1 --", "%"]
        {
            store.search(words, 9).expect(words);
        }
        assert_eq!(positions(store.search("\"the\"", 9).expect("quotes")), [2, 1]);
        assert_eq!(positions(store.search("or not", 9).expect("words")), [5]);
        store.search(&"x ".repeat(100_000), 9).expect("a long one");
    }

    #[test]
    fn what_was_read_is_told_to_its_sender_once() {
        let store = conversations();
        assert_eq!(store.mark_read(&node(1), 2, true, 5_000).expect("marked"), 2);
        assert_eq!(store.contact(&node(1)).expect("read").expect("there").unread, 2);
        assert_eq!(store.receipts_to(&node(1), 9).expect("read"), [message_id(1), message_id(2)]);
        store.receipt_sent(&node(1), &message_id(1)).expect("noted");
        assert_eq!(store.mark_read(&node(1), 2, true, 6_000).expect("marked"), 0);
        assert_eq!(store.receipts_to(&node(1), 9).expect("read"), [message_id(2)]);
        assert_eq!(store.mark_read(&node(1), u64::MAX, false, 6_000).expect("marked"), 2);
        assert_eq!(store.receipts_to(&node(1), 9).expect("read").len(), 1, "none were wanted");
        let items = store.messages_after(Some(&node(1)), 0, 9).expect("read");
        let read: Vec<_> = items.iter().map(|item| item.read_unix_ms).collect();
        assert_eq!(read, [Some(5_000), Some(5_000), None, Some(6_000), Some(6_000)]);
        store.forget_old(1_000_000).expect("forgotten");
        assert_eq!(store.receipts_to(&node(1), 9).expect("read"), [], "it would come too late");
        assert_eq!(store.check().expect("checked"), [""; 0]);
    }
}
