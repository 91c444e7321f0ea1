//! Ratings: per contact and hour, was it there when this node was.

use super::rows::{Column, integer};
use super::{Store, StoreError};
use crate::identity::NodeId;
use crate::messages::{ContactState, Rating};

/// Milliseconds of an hour.
pub const HOUR_MS: u64 = 60 * 60 * 1000;

/// For how many hours ratings are kept: 90 days.
pub const RATING_KEPT_HOURS: u64 = 90 * 24;

impl Store {
    /// Minutes went by in which this node was up, and these contacts were there. Counted for all accepted contacts.
    ///
    /// # Errors
    /// If the database fails.
    pub fn count_minutes(&self, minutes: u32, seen: &[NodeId], now_unix_ms: u64) -> Result<(), StoreError> {
        self.atomically(|store| {
            let count = || -> rusqlite::Result<()> {
                let hour = integer(now_unix_ms / HOUR_MS);
                store
                    .connection
                    .prepare_cached(
                        "INSERT INTO main.ratings SELECT node, ?1, 0, ?2 FROM main.contacts WHERE state = ?3
                         ON CONFLICT (node, hour) DO UPDATE SET up_minutes = up_minutes + excluded.up_minutes",
                    )?
                    .execute((hour, minutes, Column(ContactState::Accepted)))?;
                let mut statement = store.connection.prepare_cached(
                    "UPDATE main.ratings SET seen_minutes = min(seen_minutes + ?3, up_minutes) WHERE node = ?1 AND hour = ?2",
                )?;
                seen.iter().try_for_each(|node| statement.execute((Column(*node), hour, minutes)).map(drop))
            };
            count().map_err(|error| StoreError::sql("count minutes", error))
        })
    }

    /// How often a contact was there, since a time.
    ///
    /// # Errors
    /// If the database fails.
    pub fn rating(&self, node: &NodeId, since_unix_ms: u64) -> Result<Rating, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT coalesce(sum(seen_minutes), 0), coalesce(sum(up_minutes), 0) FROM main.ratings WHERE node = ?1 AND hour >= ?2",
            )
            .and_then(|mut query| {
                query.query_row((Column(*node), integer(since_unix_ms / HOUR_MS)), |row| {
                    Ok(Rating { seen_minutes: row.get(0)?, up_minutes: row.get(1)? })
                })
            })
            .map_err(|error| StoreError::sql("read a rating", error))
    }

    /// Forgets ratings older than [`RATING_KEPT_HOURS`].
    pub(super) fn forget_old_ratings(&self, now_unix_ms: u64) -> Result<(), StoreError> {
        let oldest = integer((now_unix_ms / HOUR_MS).saturating_sub(RATING_KEPT_HOURS));
        self.connection
            .execute("DELETE FROM main.ratings WHERE hour < ?1", [oldest])
            .map(drop)
            .map_err(|error| StoreError::sql("forget old ratings", error))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{accepted, node, store};
    use super::*;

    #[test]
    fn a_contact_is_rated_by_the_minutes_in_which_both_could_have_been_there() {
        let store = store();
        accepted(&store, 1);
        accepted(&store, 2);
        let hour = 500_000 * HOUR_MS;
        for minute in 0..10 {
            let seen = if minute < 4 { vec![node(1)] } else { vec![node(1), node(2), node(3)] };
            store.count_minutes(1, &seen, hour + minute * 60_000).expect("counted");
        }
        store.count_minutes(1, &[], hour + HOUR_MS).expect("counted");
        let rating = |seed, since| store.rating(&node(seed), since).expect("read");
        assert_eq!(rating(1, 0), Rating { seen_minutes: 10, up_minutes: 11 });
        assert_eq!(rating(2, 0), Rating { seen_minutes: 6, up_minutes: 11 });
        assert_eq!(rating(2, hour + HOUR_MS), Rating { seen_minutes: 0, up_minutes: 1 });
        assert_eq!(rating(3, 0), Rating::default(), "no contact");
        store.forget_old(hour + (RATING_KEPT_HOURS + 1) * HOUR_MS).expect("forgotten");
        assert_eq!(rating(1, 0), Rating { seen_minutes: 0, up_minutes: 1 });
    }
}
