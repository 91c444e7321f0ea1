//! Known peers, bounded: who is the least useful is forgotten first.

use rusqlite::{OptionalExtension as _, Row};

use super::rows::{Column, get, integer, parsed};
use super::{Store, StoreError};
use crate::identity::NodeId;
use crate::peers::{
    KnownPeer, MISBEHAVIOUR_LEAK_MS, Misbehaviour, UNVERIFIED_PEERS, UNVERIFIED_PEERS_PER_SOURCE, VERIFIED_PEERS,
};

/// The least useful first: those that fail, then those not seen for longest. Contacts stay; and so do those that
/// misbehaved, or their record could be washed away by a crowd of new ones, unless there is nobody else.
///
/// `?4` is the time; `?5` that in which a point of misbehaviour is forgotten.
const LEAST_USEFUL: &str = "misbehaviour_points > (?4 - misbehaviour_counted_unix_ms) / ?5, failures DESC, \
                            coalesce(last_seen_unix_ms, first_seen_unix_ms)";

impl Store {
    /// Keeps what is known of a peer. Returns whom it had to forget for that.
    ///
    /// # Errors
    /// If the database fails.
    pub fn save_peer(&self, peer: &KnownPeer, now_unix_ms: u64) -> Result<Vec<NodeId>, StoreError> {
        self.atomically(|store| {
            let text = |value: serde_json::Result<String>| value.map_err(|_| StoreError::Damaged { what: "a peer" });
            let source = text(serde_json::to_string(&peer.source))?;
            let entrypoints = text(serde_json::to_string(&peer.entrypoints))?;
            store
                .connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO peers.known VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
                )
                .and_then(|mut statement| {
                    statement.execute((
                        Column(peer.id),
                        peer.verified,
                        &source,
                        entrypoints,
                        integer(peer.first_seen_unix_ms),
                        peer.last_seen_unix_ms.map(integer),
                        integer(peer.sessions),
                        peer.round_trip_us.map(integer),
                        peer.failures,
                        integer(peer.next_attempt_unix_ms),
                        peer.misbehaviour.points,
                        integer(peer.misbehaviour.counted_unix_ms),
                        peer.listed,
                        peer.acquainted,
                    ))
                })
                .map_err(|error| StoreError::sql("keep a peer", error))?;
            let mut forgotten = Vec::new();
            if peer.verified {
                store.forget_peers(true, None, VERIFIED_PEERS, now_unix_ms, &mut forgotten)?;
            } else {
                store.forget_peers(false, Some(&source), UNVERIFIED_PEERS_PER_SOURCE, now_unix_ms, &mut forgotten)?;
                store.forget_peers(false, None, UNVERIFIED_PEERS, now_unix_ms, &mut forgotten)?;
            }
            Ok(forgotten)
        })
    }

    /// All peers that are known.
    ///
    /// # Errors
    /// If the database fails.
    pub fn peers(&self) -> Result<Vec<KnownPeer>, StoreError> {
        self.connection
            .prepare_cached("SELECT * FROM peers.known ORDER BY node")
            .and_then(|mut query| query.query_map([], peer)?.collect())
            .map_err(|error| StoreError::sql("read the peers", error))
    }

    /// One peer.
    ///
    /// # Errors
    /// If the database fails.
    pub fn peer(&self, id: &NodeId) -> Result<Option<KnownPeer>, StoreError> {
        self.connection
            .prepare_cached("SELECT * FROM peers.known WHERE node = ?1")
            .and_then(|mut query| query.query_row([Column(*id)], peer).optional())
            .map_err(|error| StoreError::sql("read a peer", error))
    }

    /// Forgets a peer.
    ///
    /// # Errors
    /// If the database fails.
    pub fn forget_peer(&self, id: &NodeId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("DELETE FROM peers.known WHERE node = ?1")
            .and_then(|mut statement| statement.execute([Column(*id)]).map(drop))
            .map_err(|error| StoreError::sql("forget a peer", error))
    }

    /// Forgets as many as there are above a bound; of one source, or of all.
    fn forget_peers(
        &self,
        verified: bool,
        source: Option<&str>,
        bound: usize,
        now_unix_ms: u64,
        forgotten: &mut Vec<NodeId>,
    ) -> Result<(), StoreError> {
        let which = "is_verified = ?1 AND (?2 IS NULL OR source = ?2)";
        let mut forget = || -> rusqlite::Result<()> {
            let count = format!("SELECT count(*) FROM peers.known WHERE {which}");
            let count: u64 = self.connection.prepare_cached(&count)?.query_row((verified, source), |row| row.get(0))?;
            let surplus = count.saturating_sub(bound as u64);
            if surplus > 0 {
                let delete = format!(
                    "DELETE FROM peers.known WHERE node IN (
                         SELECT node FROM peers.known WHERE {which} AND node NOT IN (SELECT node FROM main.contacts)
                         ORDER BY {LEAST_USEFUL} LIMIT ?3) RETURNING node"
                );
                let mut statement = self.connection.prepare_cached(&delete)?;
                let parameters =
                    (verified, source, integer(surplus), integer(now_unix_ms), integer(MISBEHAVIOUR_LEAK_MS));
                for node in statement.query_map(parameters, |row| get(row, "node"))? {
                    forgotten.push(node?);
                }
            }
            Ok(())
        };
        forget().map_err(|error| StoreError::sql("forget peers", error))
    }
}

fn peer(row: &Row<'_>) -> rusqlite::Result<KnownPeer> {
    Ok(KnownPeer {
        id: get(row, "node")?,
        verified: row.get("is_verified")?,
        source: parsed(row, "source", |text| serde_json::from_str(text).ok())?,
        entrypoints: parsed(row, "entrypoints", |text| serde_json::from_str(text).ok())?,
        first_seen_unix_ms: row.get("first_seen_unix_ms")?,
        last_seen_unix_ms: row.get("last_seen_unix_ms")?,
        sessions: row.get("sessions")?,
        round_trip_us: row.get("round_trip_us")?,
        failures: row.get("failures")?,
        next_attempt_unix_ms: row.get("next_attempt_unix_ms")?,
        misbehaviour: Misbehaviour {
            points: row.get("misbehaviour_points")?,
            counted_unix_ms: row.get("misbehaviour_counted_unix_ms")?,
        },
        listed: row.get("is_listed")?,
        acquainted: row.get("is_acquainted")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{accepted, node, store};
    use super::*;
    use crate::peers::PeerSource;

    /// Soon enough for nothing to be forgotten.
    const NOW: u64 = 5_000;

    fn heard_of(seed: u64, source: PeerSource) -> KnownPeer {
        let entrypoint = "tcp://203.0.113.5:7771".parse().expect("an entrypoint");
        KnownPeer::heard_of(node(seed), source, &[entrypoint], seed)
    }

    #[test]
    fn what_is_known_of_a_peer_is_read_as_it_was_kept() {
        let store = store();
        let mut peer = heard_of(1, PeerSource::Peer(node(7)));
        let over = peer.entrypoints[0].entrypoint.clone();
        peer.connected(Some(&over), 1_000);
        peer.measured(1_500);
        peer.failed(&over, 2_000);
        peer.misbehaviour.add(30, 3_000);
        assert_eq!(store.save_peer(&peer, NOW).expect("kept"), []);
        assert_eq!(store.peer(&node(1)).expect("read"), Some(peer.clone()));
        assert_eq!(store.peers().expect("read"), [peer]);
        store.forget_peer(&node(1)).expect("forgotten");
        assert_eq!(store.peer(&node(1)).expect("read"), None);
    }

    #[test]
    fn one_source_cannot_fill_the_table() {
        let store = store();
        let source = PeerSource::Peer(node(7));
        store.save_peer(&heard_of(100_000, PeerSource::Bootstrap), NOW).expect("kept");
        accepted(&store, 1);
        let bound = UNVERIFIED_PEERS_PER_SOURCE as u64;
        let forgotten: Vec<NodeId> =
            (1..=bound + 2).flat_map(|seed| store.save_peer(&heard_of(seed, source), NOW).expect("kept")).collect();
        // The first is a contact, and stays.
        assert_eq!(forgotten, [node(2), node(3)]);
        assert_eq!(store.peers().expect("read").len() as u64, bound + 1);
    }

    #[test]
    fn those_that_fail_go_first_and_those_that_misbehaved_are_remembered() {
        let store = store();
        let source = PeerSource::Peer(node(7));
        let mut bad = heard_of(1, source);
        bad.misbehaviour.add(100, 1);
        let mut failing = heard_of(50, source);
        let over = failing.entrypoints[0].entrypoint.clone();
        failing.failed(&over, 60);
        failing.failures = 1;
        store.save_peer(&bad, NOW).expect("kept");
        store.save_peer(&failing, NOW).expect("kept");
        let forgotten: Vec<NodeId> =
            (1_000..1_101).flat_map(|seed| store.save_peer(&heard_of(seed, source), NOW).expect("kept")).collect();
        assert_eq!(forgotten, [node(50), node(1_000), node(1_001)]);
        assert!(store.peer(&node(1)).expect("read").is_some());
    }
}
