//! Ratings: per contact and hour, was it there when this node was.
//!
//! Counted twice: by the hour for the last 90 days, and by month and hour of the day for two years. What is older than
//! that is added up, so that a contact has at most [`RATED_MONTHS`] + 1 times 24 rows, whatever the clock does.

use std::collections::BTreeMap;

use super::rows::{Column, integer};
use super::{Store, StoreError};
use crate::calendar::Month;
use crate::identity::NodeId;
use crate::messages::{ContactState, Rating};

/// Milliseconds of an hour.
pub const HOUR_MS: u64 = 60 * 60 * 1000;

/// For how many hours ratings by the hour are kept: 90 days.
pub const RATING_KEPT_HOURS: u64 = 90 * 24;

/// Of how many months ratings are kept apart, at most: of each contact the latest. Those before are added up.
pub const RATED_MONTHS: usize = 24;

/// Minutes of one hour of the day in one month, at most: no clock comes so far, and nothing counts beyond it. The
/// schema has it too.
const MOST_MINUTES: u32 = u32::MAX;

/// The place of all months that were added up, where the [`number`](Month::number) of a month stands otherwise.
const BEFORE: u32 = 0;

/// Ratings for each hour of the day, from 0 to 23 o'clock in UTC.
pub type RatedDay = [Rating; 24];

/// How often a contact was there: by month and in total.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ratings {
    /// Since when it is counted, in milliseconds of unix time, as the clock stood then.
    pub since_unix_ms: u64,
    /// The months in which it was counted, at most [`RATED_MONTHS`].
    pub months: BTreeMap<Month, RatedDay>,
    /// All months before these, if there are any.
    pub before: Option<RatedDay>,
    /// All of it.
    pub total: RatedDay,
}

impl Store {
    /// Minutes went by in which this node was up, and these contacts were there. Counted for all accepted contacts.
    ///
    /// # Errors
    /// If the database fails.
    pub fn count_minutes(&self, minutes: u32, seen: &[NodeId], now_unix_ms: u64) -> Result<(), StoreError> {
        self.atomically(|store| {
            store
                .count_in_hour(minutes, seen, now_unix_ms)
                .and_then(|()| store.count_in_month(minutes, seen, now_unix_ms))
                .map_err(|error| StoreError::sql("count minutes", error))
        })
    }

    fn count_in_hour(&self, minutes: u32, seen: &[NodeId], now_unix_ms: u64) -> rusqlite::Result<()> {
        let hour = integer(now_unix_ms / HOUR_MS);
        self.connection
            .prepare_cached(
                "INSERT INTO main.ratings SELECT node, ?1, 0, ?2 FROM main.contacts WHERE state = ?3
                 ON CONFLICT (node, hour) DO UPDATE SET up_minutes = up_minutes + excluded.up_minutes",
            )?
            .execute((hour, minutes, Column(ContactState::Accepted)))?;
        let mut statement = self.connection.prepare_cached(
            "UPDATE main.ratings SET seen_minutes = min(seen_minutes + ?3, up_minutes) WHERE node = ?1 AND hour = ?2",
        )?;
        seen.iter().try_for_each(|node| statement.execute((Column(*node), hour, minutes)).map(drop))
    }

    fn count_in_month(&self, minutes: u32, seen: &[NodeId], now_unix_ms: u64) -> rusqlite::Result<()> {
        let (month, hour) = (Month::of(now_unix_ms).number(), integer(now_unix_ms / HOUR_MS % 24));
        self.connection
            .prepare_cached(
                "INSERT INTO main.rating_months (node, month, hour, up_minutes, seen_minutes, since_unix_ms)
                 SELECT node, ?1, ?2, ?3, 0, ?4 FROM main.contacts WHERE state = ?5
                 ON CONFLICT (node, month, hour)
                    DO UPDATE SET up_minutes = min(up_minutes + excluded.up_minutes, ?6)",
            )?
            .execute((month, hour, minutes, integer(now_unix_ms), Column(ContactState::Accepted), MOST_MINUTES))?;
        let mut statement = self.connection.prepare_cached(
            "UPDATE main.rating_months SET seen_minutes = min(seen_minutes + ?4, up_minutes)
             WHERE node = ?1 AND month = ?2 AND hour = ?3",
        )?;
        seen.iter().try_for_each(|node| statement.execute((Column(*node), month, hour, minutes)).map(drop))
    }

    /// How often a contact was there, since a time that is at most [`RATING_KEPT_HOURS`] ago.
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

    /// How often a contact was there, by month and in total; nothing if it was never counted.
    ///
    /// # Errors
    /// If the database fails.
    pub fn ratings(&self, node: &NodeId) -> Result<Option<Ratings>, StoreError> {
        let mut ratings = Ratings { since_unix_ms: u64::MAX, ..Ratings::default() };
        let mut is_counted = false;
        let mut read = || -> rusqlite::Result<()> {
            let mut query = self.connection.prepare_cached(
                "SELECT month, hour, seen_minutes, up_minutes, since_unix_ms FROM main.rating_months WHERE node = ?1",
            )?;
            let mut rows = query.query([Column(*node)])?;
            while let Some(row) = rows.next()? {
                let rating = Rating { seen_minutes: row.get(2)?, up_minutes: row.get(3)? };
                ratings.add(row.get(0)?, row.get(1)?, rating, row.get(4)?);
                is_counted = true;
            }
            Ok(())
        };
        read().map_err(|error| StoreError::sql("read ratings", error))?;
        Ok(is_counted.then_some(ratings))
    }

    /// Forgets ratings by the hour older than [`RATING_KEPT_HOURS`], and adds up months before the latest
    /// [`RATED_MONTHS`].
    pub(super) fn forget_old_ratings(&self, now_unix_ms: u64) -> Result<(), StoreError> {
        let oldest = integer((now_unix_ms / HOUR_MS).saturating_sub(RATING_KEPT_HOURS));
        self.connection
            .execute("DELETE FROM main.ratings WHERE hour < ?1", [oldest])
            .and_then(|_| self.add_up_months())
            .map_err(|error| StoreError::sql("forget old ratings", error))
    }

    /// Which months are the latest is asked of the rows and not of the clock: if the clock runs ahead for a while, the
    /// last two years must not be added up for good.
    fn add_up_months(&self) -> rusqlite::Result<()> {
        let crowded: Vec<(Column<NodeId>, u32)> = self
            .connection
            .prepare_cached(
                "SELECT node, (SELECT month FROM main.rating_months AS other WHERE other.node = rating_months.node
                               GROUP BY month ORDER BY month DESC LIMIT 1 OFFSET ?2)
                 FROM main.rating_months WHERE month > ?1 GROUP BY node HAVING count(DISTINCT month) > ?3",
            )?
            .query_map((BEFORE, RATED_MONTHS as i64 - 1, RATED_MONTHS as i64), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (node, oldest) in &crowded {
            self.connection
                .prepare_cached(
                    "INSERT INTO main.rating_months (node, month, hour, up_minutes, seen_minutes, since_unix_ms)
                     SELECT node, ?3, hour, min(sum(up_minutes), ?4), min(sum(seen_minutes), ?4), min(since_unix_ms)
                     FROM main.rating_months WHERE node = ?1 AND month < ?2 GROUP BY hour
                     ON CONFLICT (node, month, hour) DO UPDATE SET up_minutes = excluded.up_minutes,
                        seen_minutes = excluded.seen_minutes, since_unix_ms = excluded.since_unix_ms",
                )?
                .execute((node, oldest, BEFORE, MOST_MINUTES))?;
            self.connection
                .prepare_cached("DELETE FROM main.rating_months WHERE node = ?1 AND month < ?2 AND month <> ?3")?
                .execute((node, oldest, BEFORE))?;
        }
        Ok(())
    }
}

impl Ratings {
    /// Adds what is known of one hour of the day of one month, or of all that were added up.
    fn add(&mut self, month: u32, hour: usize, rating: Rating, since_unix_ms: u64) {
        let day = match Month::numbered(month) {
            Some(month) => self.months.entry(month).or_default(),
            None => self.before.get_or_insert_default(),
        };
        for day in [day, &mut self.total] {
            if let Some(of_hour) = day.get_mut(hour) {
                of_hour.seen_minutes = of_hour.seen_minutes.saturating_add(rating.seen_minutes);
                of_hour.up_minutes = of_hour.up_minutes.saturating_add(rating.up_minutes);
            }
        }
        self.since_unix_ms = self.since_unix_ms.min(since_unix_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{accepted, arrival, node, store};
    use super::*;
    use crate::store::Quota;

    const DAY_MS: u64 = 24 * HOUR_MS;

    /// 2026-11-30, 23:00 in UTC.
    const NOVEMBER: u64 = 1_796_079_600_000;

    fn month(text: &str) -> Month {
        text.parse().expect("a month")
    }

    fn rating(seen_minutes: u64, up_minutes: u64) -> Rating {
        Rating { seen_minutes, up_minutes }
    }

    fn ratings(store: &Store, seed: u64) -> Ratings {
        store.ratings(&node(seed)).expect("read").expect("counted")
    }

    /// A day in which nothing was counted but in these hours.
    fn day<const N: usize>(hours: [(usize, Rating); N]) -> RatedDay {
        let mut day = RatedDay::default();
        hours.into_iter().for_each(|(hour, rating)| day[hour] = rating);
        day
    }

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
        assert_eq!(ratings(&store, 1).total.iter().map(|hour| hour.up_minutes).sum::<u64>(), 11, "months stay");
    }

    #[test]
    fn months_and_hours_are_kept_apart_and_both_are_in_the_total() {
        let store = store();
        accepted(&store, 1);
        accepted(&store, 2);
        store.receive(&arrival(3, 1, "may I?"), &Quota::default(), 1_000).expect("a stranger asks");
        assert_eq!(store.ratings(&node(1)).expect("read"), None);
        for minute in 0..10 {
            store.count_minutes(1, &[node(1), node(3)], NOVEMBER + minute * 60_000).expect("counted");
        }
        store.count_minutes(1, &[], NOVEMBER - 22 * HOUR_MS).expect("counted");
        store.count_minutes(2, &[node(2)], NOVEMBER + HOUR_MS).expect("counted");
        store.count_minutes(1, &[node(1)], NOVEMBER + DAY_MS).expect("counted");
        let one = ratings(&store, 1);
        assert_eq!(one.since_unix_ms, NOVEMBER - 22 * HOUR_MS);
        assert_eq!(one.before, None);
        let of = |text: &str| one.months[&month(text)];
        assert_eq!(one.months.keys().map(Month::to_string).collect::<Vec<_>>(), ["2026-11", "2026-12"]);
        assert_eq!(of("2026-11"), day([(1, rating(0, 1)), (23, rating(10, 10))]));
        assert_eq!(of("2026-12"), day([(0, rating(0, 2)), (23, rating(1, 1))]));
        assert_eq!(one.total, day([(0, rating(0, 2)), (1, rating(0, 1)), (23, rating(11, 11))]));
        assert_eq!(ratings(&store, 2).total, day([(0, rating(2, 2)), (1, rating(0, 1)), (23, rating(0, 11))]));
        assert_eq!(store.ratings(&node(3)).expect("read"), None, "a stranger is not counted");
    }

    #[test]
    fn months_before_the_latest_are_added_up_and_nothing_is_lost() {
        let store = store();
        accepted(&store, 1);
        let first = NOVEMBER - 900 * DAY_MS;
        let mut minutes = 0;
        // Once a month at the least, for more than 40 months.
        for days in (0..1250).step_by(25) {
            store.count_minutes(2, &[node(1)], first + days * DAY_MS).expect("counted");
            store.count_minutes(1, &[], first + days * DAY_MS - 3 * HOUR_MS).expect("counted");
            minutes += 3;
            if days % 500 == 0 {
                accepted(&store, 2);
                store.forget_old(first + days * DAY_MS).expect("forgotten");
            }
        }
        let before = ratings(&store, 1);
        let last = first + 1250 * DAY_MS;
        store.forget_old(last).expect("forgotten");
        let after = ratings(&store, 1);
        assert_eq!(after.months.len(), RATED_MONTHS);
        assert_eq!(after.months.last_key_value(), before.months.last_key_value());
        assert!(after.months.keys().rev().eq(before.months.keys().rev().take(RATED_MONTHS)), "the latest are kept");
        assert_eq!((after.total, after.since_unix_ms), (before.total, first - 3 * HOUR_MS));
        assert_eq!(after.total, day([(20, rating(0, minutes / 3)), (23, rating(minutes * 2 / 3, minutes * 2 / 3))]));
        let kept: u64 = after.months.values().flatten().map(|hour| hour.up_minutes).sum();
        let added_up: u64 = after.before.expect("there are some").iter().map(|hour| hour.up_minutes).sum();
        assert!(added_up > 0 && kept + added_up == minutes, "{kept} and {added_up} of {minutes}");
        store.forget_old(last).expect("forgotten");
        assert_eq!(ratings(&store, 1), after, "once more changes nothing");
        let rows: u64 =
            store.connection.query_row("SELECT count(*) FROM rating_months", [], |row| row.get(0)).expect("counted");
        assert!(rows <= 2 * (RATED_MONTHS as u64 + 1) * 2, "{rows}");
        assert_eq!(store.check().expect("checked"), [""; 0]);
    }

    #[test]
    fn a_clock_that_jumps_does_no_harm() {
        let store = store();
        accepted(&store, 1);
        store.count_minutes(5, &[node(1)], NOVEMBER).expect("counted");
        for odd in [0, u64::MAX, i64::MAX as u64, NOVEMBER - 1, NOVEMBER, u64::MAX / 3] {
            store.count_minutes(1, &[node(1)], odd).expect("counted");
            store.forget_old(odd).expect("forgotten");
        }
        let one = ratings(&store, 1);
        assert_eq!(one.months[&month("2026-11")], day([(22, rating(1, 1)), (23, rating(6, 6))]));
        assert_eq!(one.months.keys().map(Month::to_string).collect::<Vec<_>>(), ["1970-01", "2026-11", "9999-12"]);
        // More than can be counted.
        for _ in 0..3 {
            store.count_minutes(u32::MAX, &[node(1)], NOVEMBER).expect("counted");
        }
        let most = u64::from(MOST_MINUTES);
        assert_eq!(ratings(&store, 1).months[&month("2026-11")][23], rating(most, most));
        // Each month another clock: all that is more than that is added up, and stays in bounds.
        for number in 0..40 {
            store.count_minutes(u32::MAX, &[], NOVEMBER + number * 31 * DAY_MS).expect("counted");
            store.forget_old(NOVEMBER).expect("forgotten");
            assert!(ratings(&store, 1).months.len() <= RATED_MONTHS);
        }
        assert_eq!(ratings(&store, 1).before.expect("there are some")[23].up_minutes, most);
    }

    #[test]
    fn a_contact_that_is_removed_loses_its_ratings() {
        for (has_written, with_messages) in [(false, false), (true, false), (true, true)] {
            let store = store();
            accepted(&store, 1);
            accepted(&store, 2);
            if has_written {
                store.receive(&arrival(1, 1, "hello"), &Quota::default(), 1_000).expect("received");
            }
            store.count_minutes(1, &[node(1), node(2)], NOVEMBER).expect("counted");
            store.remove_contact(&node(1), with_messages).expect("removed");
            assert_eq!(store.ratings(&node(1)).expect("read"), None, "{has_written} {with_messages}");
            store.count_minutes(1, &[node(1), node(2)], NOVEMBER).expect("counted");
            assert_eq!(store.ratings(&node(1)).expect("read"), None, "no contact any more");
            assert_eq!(ratings(&store, 2).total, day([(23, rating(2, 2))]));
            accepted(&store, 1);
            store.count_minutes(1, &[], NOVEMBER + 60_000).expect("counted");
            let again = ratings(&store, 1);
            assert_eq!((again.total, again.since_unix_ms), (day([(23, rating(0, 1))]), NOVEMBER + 60_000));
            assert_eq!(store.check().expect("checked"), [""; 0]);
        }
    }

    #[test]
    fn ratings_outlive_a_restart_a_backup_and_a_repair() {
        use crate::store::{restore_messages, write_backup};
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let store = Store::open(&at("messages.db"), &at("peers.db")).expect("opened");
        accepted(&store, 1);
        accepted(&store, 2);
        store.count_minutes(7, &[node(1)], NOVEMBER).expect("counted");
        store.count_minutes(2, &[node(2)], NOVEMBER + HOUR_MS).expect("counted");
        let all = |store: &Store| [1, 2].map(|seed| ratings(store, seed));
        let before = all(&store);
        drop(store);
        let store = Store::open(&at("messages.db"), &at("peers.db")).expect("opened again");
        assert_eq!(all(&store), before);
        write_backup(&at("messages.db"), &at("backup"), &[]).expect("saved");
        drop(store);
        restore_messages(&at("backup"), &at("restored.db")).expect("restored");
        assert_eq!(all(&Store::open(&at("restored.db"), &at("other.db")).expect("opened")), before);
        Store::write_salvaged(&at("messages.db"), &at("repaired.db")).expect("repaired");
        let repaired = Store::open(&at("repaired.db"), &at("third.db")).expect("opened");
        assert_eq!(all(&repaired), before);
        assert_eq!(repaired.check().expect("checked"), [""; 0]);
    }

    #[test]
    fn what_an_older_version_has_counted_by_the_hour_is_there_by_the_month() {
        use crate::store::schema;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("messages.db");
        let old = rusqlite::Connection::open(&file).expect("opened");
        schema::migrate(&old, "main", &schema::MESSAGES[..5]).expect("made");
        let insert = "INSERT INTO contacts (node, name, state, hints, added_unix_ms) VALUES (?1, 'al', 1, '', 7)";
        old.execute(insert, [Column(node(1))]).expect("inserted");
        let hour = NOVEMBER / HOUR_MS;
        for (hour, seen, up) in [(hour, 3, 60), (hour - 24, 60, 60), (hour + 1, 0, 5), (u64::MAX / 2, 1, 1)] {
            old.execute("INSERT INTO ratings VALUES (?1, ?2, ?3, ?4)", (Column(node(1)), integer(hour), seen, up))
                .expect("inserted");
        }
        old.close().expect("closed");
        let store = Store::open(&file, &folder.path().join("peers.db")).expect("opened");
        let one = ratings(&store, 1);
        assert_eq!(one.months[&month("2026-11")], day([(23, rating(63, 120))]));
        assert_eq!(one.months[&month("2026-12")], day([(0, rating(0, 5))]));
        assert_eq!((one.months.len(), one.since_unix_ms), (2, NOVEMBER - DAY_MS), "an hour of no year is left out");
    }
}
