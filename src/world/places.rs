//! Places for sessions that others open: who gets one, and who has to go for it.
//!
//! Contacts always find a place, and some are kept for them. Of strangers, the largest group of neighbouring addresses
//! gives way to others, and in it whoever was used least; so it costs addresses in many networks, and not only keys, to
//! hold the places of a node.

use std::collections::BTreeMap;

use crate::automata::types::Room;
use crate::peers::AddressGroup;

use super::ids::SessionId;

/// A stranger's session that brought no packet gives way to any other after so long.
pub const IDLE_MS: u64 = 600_000;

/// One part in so many of the places is kept for contacts.
const KEPT_PART: usize = 5;

/// How many places there are for sessions that others open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    /// In all.
    pub inbound: usize,
    /// For one address: of IPv4, or a network of 64 bits of IPv6.
    pub inbound_per_address: usize,
}

impl Places {
    /// Those that strangers may have.
    #[must_use]
    pub fn for_strangers(&self) -> usize {
        self.inbound - self.inbound / KEPT_PART
    }
}

/// A session that somebody else opened, and that has a place or wants one.
#[derive(Clone, Copy, Debug)]
pub struct Guest {
    /// Which.
    pub session: SessionId,
    /// Its peer is a contact, or named in the settings.
    pub is_friend: bool,
    /// From where.
    pub group: AddressGroup,
    /// It comes from the same address as the one that wants a place.
    pub is_same_address: bool,
    /// Packets that it brought.
    pub packets: u64,
    /// How long it has been there, in milliseconds.
    pub age_ms: u64,
}

/// Whether there is a place for a newcomer beside those who have one, and who goes for it.
#[must_use]
pub fn judge(places: &Places, newcomer: &Guest, taken: &[Guest]) -> (Room, Option<SessionId>) {
    let strangers: Vec<&Guest> = taken.iter().filter(|guest| !guest.is_friend).collect();
    if newcomer.is_friend {
        if taken.len() < places.inbound {
            return (Room::Free, None);
        }
        // More friends than places: each of them was wanted by our user.
        let goes = least_useful(&strangers, None);
        return goes.map_or((Room::Free, None), |session| (Room::MakeRoom, Some(session)));
    }
    if strangers.iter().filter(|guest| guest.is_same_address).count() >= places.inbound_per_address {
        return (Room::Full, None);
    }
    if strangers.len() < places.for_strangers() && taken.len() < places.inbound {
        return (Room::Free, None);
    }
    match least_useful(&strangers, Some(newcomer.group)) {
        Some(session) => (Room::MakeRoom, Some(session)),
        None => (Room::Full, None),
    }
}

/// Who goes: of the largest group, whoever brought least, the youngest of them. A newcomer of that very group, or of one
/// as large as it would be then, takes nobody's place but that of an idle one.
fn least_useful(strangers: &[&Guest], newcomer: Option<AddressGroup>) -> Option<SessionId> {
    let mut sizes: BTreeMap<AddressGroup, usize> = BTreeMap::new();
    for guest in strangers {
        *sizes.entry(guest.group).or_default() += 1;
    }
    let size = |group: &AddressGroup| sizes.get(group).copied().unwrap_or(0);
    let own = newcomer.map_or(0, |group| size(&group) + 1);
    let largest = sizes.values().copied().max()?;
    let may_go = |guest: &&&Guest| {
        let is_idle = guest.packets == 0 && guest.age_ms >= IDLE_MS;
        if largest > own || newcomer.is_none() { size(&guest.group) == largest } else { is_idle }
    };
    let those = strangers.iter().filter(may_go);
    those.min_by_key(|guest| (guest.packets, guest.age_ms, guest.session)).map(|guest| guest.session)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: Places = Places { inbound: 10, inbound_per_address: 4 };

    fn guest(session: SessionId, address: &str) -> Guest {
        let group = AddressGroup::of(address.parse().expect("an address"));
        Guest { session, is_friend: false, group, is_same_address: false, packets: 0, age_ms: 1_000 * session }
    }

    /// So many, from as few networks as given.
    fn crowd(count: u64, networks: u64) -> Vec<Guest> {
        (1..=count).map(|number| guest(number, &format!("10.0.{}.{number}", number % networks))).collect()
    }

    #[test]
    fn strangers_of_few_networks_give_way_to_one_of_another_and_not_to_more_of_their_own() {
        let taken = crowd(8, 2);
        assert_eq!(judge(&PLACES, &guest(99, "10.9.9.9"), &taken), (Room::MakeRoom, Some(1)));
        assert_eq!(judge(&PLACES, &guest(99, "10.0.1.99"), &taken), (Room::Full, None));
    }

    #[test]
    fn who_was_used_stays() {
        let mut taken = crowd(8, 2);
        for used in [1, 3, 5] {
            taken[used - 1].packets = 7;
        }
        assert_eq!(judge(&PLACES, &guest(99, "10.9.9.9"), &taken), (Room::MakeRoom, Some(2)));
    }

    #[test]
    fn where_all_are_alike_only_the_idle_give_way() {
        let mut taken = crowd(8, 100);
        assert_eq!(judge(&PLACES, &guest(99, "10.9.9.9"), &taken), (Room::Full, None));
        (taken[4].age_ms, taken[5].age_ms, taken[5].packets) = (IDLE_MS, IDLE_MS, 1);
        assert_eq!(judge(&PLACES, &guest(99, "10.9.9.9"), &taken), (Room::MakeRoom, Some(5)));
    }

    #[test]
    fn friends_find_a_place_whoever_is_there() {
        let friend = Guest { is_friend: true, ..guest(99, "10.0.1.99") };
        assert_eq!(judge(&PLACES, &friend, &crowd(8, 2)), (Room::Free, None), "it was kept");
        let friends = |count| (1..=count).map(|number| Guest { is_friend: true, ..guest(number, "10.1.1.1") });
        let taken: Vec<Guest> = crowd(8, 2).into_iter().chain(friends(2)).collect();
        assert_eq!(judge(&PLACES, &friend, &taken), (Room::MakeRoom, Some(1)));
        let taken: Vec<Guest> = friends(10).collect();
        assert_eq!(judge(&PLACES, &friend, &taken), (Room::Free, None), "our user wants them all");
        assert_eq!(judge(&PLACES, &guest(98, "10.9.9.9"), &taken), (Room::Full, None));
    }

    #[test]
    fn one_address_has_not_more_than_its_part() {
        let taken: Vec<Guest> = crowd(4, 1).into_iter().map(|it| Guest { is_same_address: true, ..it }).collect();
        assert_eq!(judge(&PLACES, &guest(99, "10.0.0.99"), &taken), (Room::Full, None));
        assert_eq!(judge(&PLACES, &Guest { is_friend: true, ..guest(99, "10.0.0.99") }, &taken), (Room::Free, None));
    }
}
