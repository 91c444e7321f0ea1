//! Invitations: those that this user has given away, who came by them, and the one of theirs that a contact's address
//! carried.
//!
//! Of an invitation that was given away only the digest is here. A stranger who waits by one takes up none of the room
//! that all strangers share, and never makes room for others; so each invitation has bounds of its own.

use rusqlite::{OptionalExtension as _, Row};

use super::rows::{Column, get, get_optional, integer};
use super::{Store, StoreError};
use crate::identity::{Invitation, InvitationDigest, InvitationName, NodeId};
use crate::messages::{Arrival, ContactState};

/// Invitations that are kept at a time, at most.
pub const INVITATIONS: u64 = 64;

/// Strangers who wait by one invitation, at most. The next ones wait as if they had none.
pub const STRANGERS_PER_INVITATION: u64 = 64;

/// Bytes of text that wait by one invitation, at most.
pub const BYTES_PER_INVITATION: u64 = 1024 * 1024;

/// Messages of one stranger that may wait by an invitation, even if the setting for strangers allows fewer.
pub const MESSAGES_PER_INVITED: u64 = 20;

/// An invitation that the user gives away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvitation {
    /// By what it is recognised.
    pub digest: InvitationDigest,
    /// Until when it counts, in milliseconds of unix time.
    pub until_unix_ms: u64,
    /// For the first who uses it alone.
    pub is_once: bool,
}

/// An invitation that was given away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredInvitation {
    /// By what it is recognised.
    pub digest: InvitationDigest,
    /// When it was made, in milliseconds of unix time.
    pub made_unix_ms: u64,
    /// Until when it counts.
    pub until_unix_ms: u64,
    /// For the first who uses it alone.
    pub is_once: bool,
    /// Who came by it, as far as they are still known.
    pub used_by: Vec<NodeId>,
}

/// What waits of a stranger, and what may.
pub(super) struct Standing {
    /// Messages that wait.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The invitation by which they wait.
    pub invited_with: Option<InvitationDigest>,
    /// Messages that may wait of one who was not invited.
    pub messages_allowed: u64,
    /// Bytes that may wait.
    pub bytes_allowed: u64,
}

/// Whether there is room for a message that comes by an invitation.
pub(super) enum Admission {
    /// There is; by this one.
    Invited(InvitationDigest),
    /// It comes by none, or by one that does not count for its sender, or by which too many wait.
    Uninvited,
    /// Its sender waits by an invitation, and has written all that may wait by it.
    TooMuch,
}

impl Store {
    /// Keeps an invitation that the user gives away. Those that have expired go, and if there are too many, the oldest
    /// that was used.
    ///
    /// # Errors
    /// If [`INVITATIONS`] wait to be used, or the database fails.
    pub fn add_invitation(&self, new: &NewInvitation, now_unix_ms: u64) -> Result<(), StoreError> {
        self.atomically(|store| {
            let failed = |error| StoreError::sql("keep an invitation", error);
            store.forget_invitations(now_unix_ms).map_err(failed)?;
            let count = || store.connection.query_row("SELECT count(*) FROM main.invitations", [], |row| row.get(0));
            let kept: u64 = count().map_err(failed)?;
            if kept >= INVITATIONS {
                let sql = "DELETE FROM main.invitations WHERE digest = (SELECT digest FROM main.invitations
                     WHERE is_once = 1 AND used_by IS NOT NULL ORDER BY made_unix_ms, digest LIMIT 1)";
                if store.connection.execute(sql, []).map_err(failed)? == 0 {
                    return Err(StoreError::ManyInvitations { open: kept });
                }
            }
            store
                .connection
                .execute(
                    "INSERT INTO main.invitations (digest, made_unix_ms, until_unix_ms, is_once)
                     VALUES (?1, ?2, ?3, ?4)",
                    (Column(new.digest), integer(now_unix_ms), integer(new.until_unix_ms), new.is_once),
                )
                .map(drop)
                .map_err(failed)
        })
    }

    /// The invitations that count, the one that ends first before the others.
    ///
    /// # Errors
    /// If the database fails.
    pub fn invitations(&self, now_unix_ms: u64) -> Result<Vec<StoredInvitation>, StoreError> {
        let failed = |error| StoreError::sql("read the invitations", error);
        let mut query = self
            .connection
            .prepare_cached("SELECT * FROM main.invitations WHERE until_unix_ms > ?1 ORDER BY until_unix_ms, digest")
            .map_err(failed)?;
        let found = query.query_map([integer(now_unix_ms)], |row| {
            let user: Option<NodeId> = get_optional(row, "used_by")?;
            Ok((invitation(row)?, user))
        });
        let found: Vec<_> = found.and_then(Iterator::collect).map_err(failed)?;
        found
            .into_iter()
            .map(|(mut invitation, user)| {
                invitation.used_by = user.into_iter().collect();
                if !invitation.is_once {
                    invitation.used_by = self.invited_with(&invitation.digest).map_err(failed)?;
                }
                Ok(invitation)
            })
            .collect()
    }

    /// Takes an invitation back: it counts no more. Strangers who wait by it are as any others from now on.
    /// Returns how many those are.
    ///
    /// # Errors
    /// If there is no such invitation that counts, or the database fails.
    pub fn remove_invitation(&self, name: &InvitationName, now_unix_ms: u64) -> Result<u64, StoreError> {
        self.atomically(|store| {
            let failed = |error| StoreError::sql("take an invitation back", error);
            let found = store.invitations(now_unix_ms)?.into_iter().find(|it| it.digest.name() == *name);
            let digest = found.ok_or_else(|| StoreError::NoInvitation { name: name.clone() })?.digest;
            store
                .connection
                .execute("DELETE FROM main.invitations WHERE digest = ?1", [Column(digest)])
                .map_err(failed)?;
            let sql = "UPDATE main.contacts SET invited_with = NULL WHERE invited_with = ?1 AND state = ?2";
            let waiting = store.connection.execute(sql, (Column(digest), Column(ContactState::Requested)));
            Ok(waiting.map_err(failed)? as u64)
        })
    }

    /// The invitation of theirs that a contact's address carried, as long as they have not answered.
    ///
    /// # Errors
    /// If the database fails.
    pub fn invitation_of(&self, contact: &NodeId) -> Result<Option<Invitation>, StoreError> {
        self.connection
            .prepare_cached("SELECT invitation FROM main.contacts WHERE node = ?1")
            .and_then(|mut query| query.query_row([Column(*contact)], |row| get_optional(row, "invitation")).optional())
            .map(Option::flatten)
            .map_err(|error| StoreError::sql("read an invitation", error))
    }

    /// A contact has shown that this user's messages reach it: what its address carried is needed no more.
    pub(super) fn forget_invitation_of(&self, contact: &NodeId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE main.contacts SET invitation = NULL WHERE node = ?1 AND invitation IS NOT NULL")
            .and_then(|mut statement| statement.execute([Column(*contact)]).map(drop))
            .map_err(|error| StoreError::sql("forget an invitation", error))
    }

    /// No invitation that was given away counts any more. Strangers who wait by one stay as they are.
    pub(super) fn withdraw_invitations(&self) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM main.invitations", [])
            .map(drop)
            .map_err(|error| StoreError::sql("take invitations back", error))
    }

    /// Removes what has expired.
    pub(super) fn forget_invitations(&self, now_unix_ms: u64) -> rusqlite::Result<()> {
        self.connection
            .execute("DELETE FROM main.invitations WHERE until_unix_ms <= ?1", [integer(now_unix_ms)])
            .map(drop)
    }

    /// Whether a stranger's message comes by an invitation, and there is room for it.
    pub(super) fn admission(
        &self,
        arrival: &Arrival,
        stranger: &Standing,
        now_unix_ms: u64,
    ) -> Result<Admission, StoreError> {
        let bytes = stranger.bytes + arrival.text.as_str().len() as u64;
        let has_room = |digest: &InvitationDigest| -> Result<bool, StoreError> {
            let (others, bytes_of_others) = self.others_invited(digest, &arrival.sender)?;
            Ok(stranger.messages < stranger.messages_allowed.max(MESSAGES_PER_INVITED)
                && bytes <= stranger.bytes_allowed
                && others < STRANGERS_PER_INVITATION
                && bytes_of_others + bytes <= BYTES_PER_INVITATION)
        };
        // A stranger who waits by one uses no second one.
        if let Some(digest) = stranger.invited_with.filter(|_| stranger.messages > 0) {
            return Ok(if has_room(&digest)? { Admission::Invited(digest) } else { Admission::TooMuch });
        }
        let Some(digest) = arrival.invitation.as_ref().map(Invitation::digest) else {
            return Ok(Admission::Uninvited);
        };
        let is_invited = self.counts_for(&digest, &arrival.sender, now_unix_ms)? && has_room(&digest)?;
        Ok(if is_invited { Admission::Invited(digest) } else { Admission::Uninvited })
    }

    /// Somebody has come by this invitation. One that counts once is theirs from now on.
    pub(super) fn use_invitation(&self, digest: &InvitationDigest, by: &NodeId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "UPDATE main.invitations SET used_by = ?2 WHERE digest = ?1 AND is_once = 1 AND used_by IS NULL",
            )
            .and_then(|mut statement| statement.execute((Column(*digest), Column(*by))).map(drop))
            .map_err(|error| StoreError::sql("use an invitation", error))
    }

    /// Whether an invitation is one of ours, counts, and is nobody else's.
    fn counts_for(&self, digest: &InvitationDigest, sender: &NodeId, now_unix_ms: u64) -> Result<bool, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT 1 FROM main.invitations WHERE digest = ?1 AND until_unix_ms > ?2
                 AND (is_once = 0 OR used_by IS NULL OR used_by = ?3)",
            )
            .and_then(|mut query| query.exists((Column(*digest), integer(now_unix_ms), Column(*sender))))
            .map_err(|error| StoreError::sql("look for an invitation", error))
    }

    /// How many others wait by an invitation, with how many bytes.
    fn others_invited(&self, digest: &InvitationDigest, but: &NodeId) -> Result<(u64, u64), StoreError> {
        self.connection
            .prepare_cached(
                "SELECT count(*), coalesce(sum(waiting_bytes), 0) FROM main.contacts
                 WHERE invited_with = ?1 AND waiting > 0 AND node <> ?2",
            )
            .and_then(|mut query| {
                query.query_row((Column(*digest), Column(*but)), |row| Ok((row.get(0)?, row.get(1)?)))
            })
            .map_err(|error| StoreError::sql("count who was invited", error))
    }

    /// Who came by an invitation.
    fn invited_with(&self, digest: &InvitationDigest) -> rusqlite::Result<Vec<NodeId>> {
        let sql = "SELECT node FROM main.contacts WHERE invited_with = ?1 ORDER BY added_unix_ms, node";
        self.connection.prepare_cached(sql)?.query_map([Column(*digest)], |row| get(row, "node"))?.collect()
    }
}

/// All but who has used it.
fn invitation(row: &Row<'_>) -> rusqlite::Result<StoredInvitation> {
    Ok(StoredInvitation {
        digest: get(row, "digest")?,
        made_unix_ms: row.get("made_unix_ms")?,
        until_unix_ms: row.get("until_unix_ms")?,
        is_once: row.get("is_once")?,
        used_by: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{arrival, message_id, new_message, node, store};
    use super::*;
    use crate::messages::ArrivalVerdict::{Accepted, Duplicate, QuotaExceeded, WaitsAsRequest};
    use crate::messages::{ArrivalVerdict, DeliveryState, DeliveryUpdate};
    use crate::store::{NewContact, Quota, REQUEST_KEPT_MS};

    const NOW: u64 = 1_000;
    const UNTIL: u64 = 500_000;

    fn token(number: u8) -> Invitation {
        Invitation::from_bytes([number; 16])
    }

    fn give(store: &Store, number: u8, is_once: bool) {
        let new = NewInvitation { digest: token(number).digest(), until_unix_ms: UNTIL, is_once };
        store.add_invitation(&new, NOW).expect("kept");
    }

    /// Nobody who has no invitation gets in.
    const NOBODY: Quota =
        Quota { messages_per_stranger: 20, bytes_per_stranger: 64 * 1024, messages_of_all: 0, bytes_of_all: 0 };

    fn receive(store: &Store, sender: u64, id: u64, with: Option<u8>, now_unix_ms: u64) -> ArrivalVerdict {
        let arrival = Arrival { invitation: with.map(token), ..arrival(sender, id, "may I?") };
        store.receive(&arrival, &NOBODY, now_unix_ms).expect("received")
    }

    fn used_by(store: &Store, number: u8) -> Vec<NodeId> {
        let all = store.invitations(NOW).expect("read");
        all.into_iter().find(|it| it.digest == token(number).digest()).expect("it counts").used_by
    }

    #[test]
    fn once_is_for_the_first_who_uses_it_and_for_nobody_else() {
        let store = store();
        give(&store, 1, true);
        assert_eq!(receive(&store, 1, 1, None, NOW), QuotaExceeded);
        assert_eq!(receive(&store, 1, 1, Some(2), NOW), QuotaExceeded, "nobody has given that one away");
        assert_eq!(used_by(&store, 1), []);
        assert_eq!(receive(&store, 1, 1, Some(1), NOW), WaitsAsRequest);
        assert_eq!(used_by(&store, 1), [node(1)]);
        assert_eq!(receive(&store, 1, 1, Some(1), NOW), Duplicate);
        assert_eq!(receive(&store, 2, 1, Some(1), NOW), QuotaExceeded, "it is somebody else's");
        assert_eq!(receive(&store, 1, 2, Some(1), NOW), WaitsAsRequest, "it is theirs");
        assert_eq!(receive(&store, 1, 3, None, NOW), WaitsAsRequest, "they wait by it");
        // It stays theirs when their contact is gone.
        store.accept_contact(&node(1)).expect("accepted");
        store.remove_contact(&node(1), true).expect("removed");
        assert_eq!(receive(&store, 1, 4, None, NOW), QuotaExceeded);
        assert_eq!(receive(&store, 2, 1, Some(1), NOW), QuotaExceeded);
        assert_eq!(receive(&store, 1, 4, Some(1), NOW), WaitsAsRequest);
        assert_eq!(used_by(&store, 1), [node(1)]);
        assert_eq!(store.check().expect("checked"), [""; 0]);
    }

    #[test]
    fn a_stranger_who_waits_by_one_uses_no_second_one() {
        let store = store();
        give(&store, 1, true);
        give(&store, 2, true);
        assert_eq!(receive(&store, 1, 1, Some(1), NOW), WaitsAsRequest);
        assert_eq!(receive(&store, 1, 2, Some(2), NOW), WaitsAsRequest);
        assert_eq!(used_by(&store, 2), []);
        assert_eq!(receive(&store, 2, 1, Some(2), NOW), WaitsAsRequest);
        let contact = store.contact(&node(1)).expect("read").expect("there");
        assert_eq!(contact.invited_with, Some(token(1).digest().name()));
    }

    #[test]
    fn contacts_and_the_refused_use_none() {
        let store = store();
        give(&store, 1, true);
        super::super::tests::accepted(&store, 1);
        assert!(matches!(receive(&store, 1, 1, Some(1), NOW), Accepted { .. }));
        store.refuse_contact(&node(1)).expect("refused");
        assert_eq!(receive(&store, 1, 2, Some(1), NOW), ArrivalVerdict::Blocked);
        assert_eq!(used_by(&store, 1), []);
    }

    #[test]
    fn it_ends_with_its_time_and_who_came_by_it_waits_on() {
        let store = store();
        give(&store, 1, false);
        assert_eq!(receive(&store, 1, 1, Some(1), UNTIL - 1), WaitsAsRequest);
        assert_eq!(receive(&store, 2, 1, Some(1), UNTIL), QuotaExceeded);
        assert_eq!(receive(&store, 1, 2, Some(1), UNTIL), WaitsAsRequest);
        assert_eq!(store.invitations(UNTIL).expect("read"), []);
        assert_eq!(store.invitations(UNTIL - 1).expect("read").len(), 1);
        store.forget_old(UNTIL).expect("forgotten");
        assert_eq!(store.invitations(NOW).expect("read"), []);
        assert_eq!(store.waiting(&node(1), 9).expect("read").len(), 2);
        store.forget_old(UNTIL + REQUEST_KEPT_MS).expect("forgotten");
        assert_eq!(store.contacts().expect("read"), [], "as any request that nobody answers");
    }

    #[test]
    fn one_that_is_taken_back_opens_nothing_and_protects_nobody() {
        let store = store();
        give(&store, 1, false);
        receive(&store, 1, 1, Some(1), NOW);
        receive(&store, 2, 1, Some(1), NOW);
        store.accept_contact(&node(2)).expect("accepted");
        let name = token(1).digest().name();
        assert_eq!(store.remove_invitation(&name, NOW).expect("taken back"), 1);
        assert!(matches!(store.remove_invitation(&name, NOW), Err(StoreError::NoInvitation { .. })));
        assert_eq!(receive(&store, 1, 2, Some(1), NOW), QuotaExceeded);
        assert_eq!(store.contact(&node(1)).expect("read").expect("there").invited_with, None);
        // The next stranger for whom there is room comes in their place.
        let quota = Quota { messages_of_all: 1, bytes_of_all: 1_000, ..NOBODY };
        assert_eq!(store.receive(&arrival(4, 1, "x"), &quota, NOW).expect("received"), WaitsAsRequest);
        assert_eq!(store.contact(&node(1)).expect("read"), None);
        assert_eq!(receive(&store, 3, 1, Some(1), NOW), QuotaExceeded);
        assert_eq!(store.check().expect("checked"), [""; 0]);
    }

    #[test]
    fn a_crowd_pushes_nobody_out_who_was_invited_and_the_invited_take_no_room_of_others() {
        let store = store();
        let quota = Quota { messages_of_all: 5, ..Quota::default() };
        give(&store, 1, true);
        let from = |sender, with: Option<u8>, origin: &str| Arrival {
            origin: origin.to_owned(),
            invitation: with.map(token),
            ..arrival(sender, sender, "may I?")
        };
        let receive = |arrival: &Arrival, now| store.receive(arrival, &quota, now).expect("received");
        // In the very networks of the crowd, and before it.
        receive(&from(1, Some(1), "network 0"), NOW);
        receive(&from(2, None, "a"), NOW);
        for sender in 100..200 {
            let origin = format!("network {}", sender % 50);
            assert_eq!(receive(&from(sender, None, &origin), NOW + sender), WaitsAsRequest);
        }
        let waiting = |sender| store.waiting(&node(sender), 9).expect("read").len();
        assert_eq!((waiting(1), waiting(2)), (1, 0));
        assert_eq!(store.contacts().expect("read").len(), 6, "five of the crowd beside the one");
        assert_eq!(store.check().expect("checked"), [""; 0]);
    }

    #[test]
    fn who_waits_already_is_invited_by_a_later_message() {
        let store = store();
        let quota = Quota { messages_of_all: 1, ..Quota::default() };
        give(&store, 1, true);
        assert_eq!(store.receive(&arrival(1, 1, "x"), &quota, NOW).expect("received"), WaitsAsRequest);
        assert_eq!(receive(&store, 1, 2, Some(1), NOW), WaitsAsRequest);
        assert_eq!(store.receive(&arrival(2, 1, "x"), &quota, NOW).expect("received"), WaitsAsRequest);
        assert_eq!(store.waiting(&node(1), 9).expect("read").len(), 2, "nobody had to go");
    }

    #[test]
    fn what_waits_by_one_invitation_is_bounded_and_beyond_it_is_as_none() {
        let store = store();
        give(&store, 1, false);
        for sender in 1..=STRANGERS_PER_INVITATION {
            assert_eq!(receive(&store, sender, 1, Some(1), NOW), WaitsAsRequest);
        }
        assert_eq!(receive(&store, 100, 1, Some(1), NOW), QuotaExceeded);
        let quota = Quota::default();
        let late = Arrival { invitation: Some(token(1)), ..arrival(100, 1, "x") };
        assert_eq!(store.receive(&late, &quota, NOW).expect("received"), WaitsAsRequest);
        assert_eq!(store.contact(&node(100)).expect("read").expect("there").invited_with, None);
        // A stranger who is accepted or refused makes room.
        store.refuse_contact(&node(1)).expect("refused");
        assert_eq!(receive(&store, 101, 1, Some(1), NOW), WaitsAsRequest);
        // Of one of them.
        for id in 2..=MESSAGES_PER_INVITED {
            assert_eq!(receive(&store, 2, id, None, NOW), WaitsAsRequest);
        }
        assert_eq!(receive(&store, 2, 99, Some(1), NOW), QuotaExceeded);
    }

    #[test]
    fn the_bytes_that_wait_by_one_invitation_are_bounded() {
        let store = store();
        give(&store, 1, false);
        let long = |sender| Arrival { invitation: Some(token(1)), ..arrival(sender, 1, &"x".repeat(16 * 1024)) };
        let mut taken = 0;
        for sender in 1..=STRANGERS_PER_INVITATION {
            for id in 1..=4 {
                let arrival = Arrival { id: message_id(id), ..long(sender) };
                taken += u64::from(store.receive(&arrival, &NOBODY, NOW).expect("received") == WaitsAsRequest);
            }
        }
        assert_eq!(taken * 16 * 1024, BYTES_PER_INVITATION);
        assert_eq!(store.check().expect("checked"), [""; 0]);
    }

    #[test]
    fn no_more_are_kept_than_may_be_and_used_ones_make_room() {
        let store = store();
        for number in 0..INVITATIONS {
            give(&store, number as u8, true);
        }
        let new = NewInvitation { digest: token(100).digest(), until_unix_ms: UNTIL, is_once: true };
        let error = store.add_invitation(&new, NOW).expect_err("too many").to_string();
        assert!(error.contains("64 invitations") && error.contains("`bitpie invite remove NAME`"), "{error}");
        assert_eq!(receive(&store, 1, 1, Some(7), NOW), WaitsAsRequest);
        store.add_invitation(&new, NOW).expect("the used one has gone");
        assert_eq!(store.invitations(NOW).expect("read").len() as u64, INVITATIONS);
        assert_eq!(receive(&store, 1, 2, Some(7), NOW), WaitsAsRequest, "they wait by it all the same");
        store.add_invitation(&NewInvitation { digest: token(101).digest(), ..new }, UNTIL).expect("all have expired");
    }

    /// What this user is to somebody is shown by their answers.
    #[test]
    fn the_invitation_of_a_contact_is_kept_until_they_answer() {
        let add = |invitation: Option<u8>| {
            let store = store();
            let new = NewContact {
                id: node(1),
                name: None,
                hints: Vec::new(),
                found_as: None,
                invitation: invitation.map(token),
            };
            store.add_contact(&new, NOW).expect("added");
            store.add_contact(&NewContact { invitation: None, ..new }, NOW).expect("added again");
            store.queue_message(&new_message(1, 1, "hello"), None, NOW).expect("queued");
            store
        };
        let kept = |store: &Store| store.invitation_of(&node(1)).expect("read");
        assert_eq!(kept(&add(None)), None);

        let store = add(Some(3));
        let update = |state| DeliveryUpdate { state, attempts: 1, pause_ms: 0, refusal: None };
        store.update_delivery(&message_id(1), &update(DeliveryState::Delivered), NOW).expect("kept");
        assert_eq!(kept(&store), Some(token(3)), "it may wait there");
        store.confirm_read(&message_id(1), &node(2), NOW).expect("kept");
        assert_eq!(kept(&store), Some(token(3)), "that is somebody else");
        store.confirm_read(&message_id(1), &node(1), NOW).expect("kept");
        assert_eq!(kept(&store), None);

        let store = add(Some(3));
        store.receive(&arrival(1, 1, "hello"), &Quota::default(), NOW).expect("received");
        assert_eq!(kept(&store), None);

        let store = add(Some(3));
        store.remove_contact(&node(1), false).expect("removed");
        assert_eq!(kept(&store), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever comes: an invitation that counts once has one user, of whom alone something waits by it; and within
        /// the bounds of each nothing contradicts itself.
        #[test]
        fn nothing_that_comes_contradicts_the_bounds(
            sent in proptest::collection::vec((1_u64..6, 1_u64..40, proptest::option::of(0_u8..4), 0_u8..8), 1..60)
        ) {
            let store = store();
            let quota = Quota { messages_of_all: 3, ..Quota::default() };
            (0..3).for_each(|number| give(&store, number, number < 2));
            for (sender, id, with, event) in sent {
                let arrival = Arrival { invitation: with.map(token), ..arrival(sender, id, "may I?") };
                store.receive(&arrival, &quota, NOW).expect("received");
                match event {
                    0 => drop(store.accept_contact(&node(sender))),
                    1 => drop(store.remove_contact(&node(sender), false)),
                    _ => {}
                }
                let contacts = store.contacts().expect("read");
                let waiting = contacts.iter().filter(|it| it.state == ContactState::Requested);
                let mut uninvited = 0;
                for contact in waiting {
                    match &contact.invited_with {
                        None => uninvited += contact.waiting,
                        Some(name) => {
                            let all = store.invitations(NOW).expect("read");
                            let by = all.iter().find(|it| it.digest.name() == *name).expect("it counts");
                            prop_assert!(by.used_by.contains(&contact.id));
                            prop_assert!(!by.is_once || by.used_by.len() == 1);
                        }
                    }
                }
                prop_assert!(uninvited <= 3);
            }
            prop_assert_eq!(store.check().expect("checked"), [""; 0]);
        }
    }
}
