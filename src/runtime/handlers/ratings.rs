//! The local API's call for how often contacts were there while this node was.

use crate::api::answers;
use crate::api::errors::RpcError;
use crate::api::methods::{Answers, ListRatings};
use crate::api::reply::Reply;
use crate::automata::{contact_ratings, network_connector};
use crate::calendar::Month;
use crate::home::clock::unix_ms;
use crate::messages::{Contact, ContactState};
use crate::runtime::driver::Driver;
use crate::runtime::errors::failed;
use crate::runtime::presentation::HOOKUPS;
use crate::store::{self, Store};
use crate::world::services;

impl Answers<ListRatings> for Driver {
    fn answer(&mut self, ListRatings { month }: ListRatings, reply: Reply<answers::Ratings>) {
        let now_unix_ms = unix_ms();
        let (problem, help) = self.why_nobody_is_counted().unzip();
        let mut ratings = answers::Ratings {
            month: Month::of(now_unix_ms),
            counting: problem.is_none(),
            problem,
            help: help.flatten(),
            contacts: Vec::new(),
        };
        self.ask(reply, false, move |store| {
            let contacts = store.contacts().map_err(failed)?;
            let counted = contacts.into_iter().filter(|contact| contact.state == ContactState::Accepted);
            ratings.contacts =
                counted.map(|contact| of_contact(contact, month, store, now_unix_ms)).collect::<Result<_, _>>()?;
            Ok((ratings, Vec::new()))
        });
    }
}

impl Driver {
    /// Why contacts are not counted now, and what the user can do about it.
    fn why_nobody_is_counted(&self) -> Option<(String, Option<String>)> {
        let system = self.node.system();
        if !services::is_on(system, HOOKUPS) {
            let help = format!("`bitpie service start {HOOKUPS}`");
            return Some((format!("the service {HOOKUPS} is off"), Some(help)));
        }
        let network = system.network_connector.get().map(|connector| connector.state());
        if network != Some(network_connector::State::Connected) {
            let why = self.node.world().problems.network.clone();
            return Some((why.unwrap_or_else(|| "this node is not connected".to_owned()), None));
        }
        let counting = system.contact_ratings.get().map(|ratings| ratings.state());
        (counting != Some(contact_ratings::State::Counting))
            .then(|| ("it is not known yet whether others reach this node".to_owned(), None))
    }
}

/// What is shown of a contact: of its months all, or the one that is wanted.
fn of_contact(
    contact: Contact,
    wanted: Option<Month>,
    store: &Store,
    now_unix_ms: u64,
) -> Result<answers::ContactRatings, RpcError> {
    let ratings = store.ratings(&contact.id).map_err(failed)?;
    // Whatever the clock said then, nobody was counted before they were a contact, nor later than now.
    let since_unix_ms =
        ratings.as_ref().map(|ratings| ratings.since_unix_ms.max(contact.added_unix_ms).min(now_unix_ms));
    let store::Ratings { months, before, total, .. } = ratings.unwrap_or_default();
    let months = months.into_iter().filter(|(month, _)| wanted.is_none_or(|wanted| wanted == *month));
    Ok(answers::ContactRatings {
        id: contact.id,
        name: contact.name,
        since_unix_ms,
        months: months.map(|(month, hours)| answers::RatedMonth { month, day: day(&hours) }).collect(),
        before: before.as_ref().map(day),
        total: day(&total),
    })
}

fn day(hours: &store::RatedDay) -> answers::RatedDay {
    hours.map(|hour| answers::RatedHour { counted: hour.up_minutes, here: hour.seen_minutes }).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::NodeId;
    use crate::store::NewContact;

    /// 2026-11-30, 23:00 in UTC.
    const NOW: u64 = 1_796_079_600_000;
    const HOUR_MS: u64 = store::HOUR_MS;

    #[test]
    fn a_contact_is_shown_with_the_months_that_are_wanted_and_the_total_of_all() {
        let store = Store::in_memory().expect("memory");
        let id = NodeId::from_bytes([1; 32]);
        let new = NewContact { id, name: None, hints: Vec::new(), found_as: None, invitation: None };
        let contact = store.add_contact(&new, NOW - 100).expect("added");
        let shown = |wanted: Option<&str>, now| {
            let wanted = wanted.map(|month| month.parse().expect("a month"));
            of_contact(contact.clone(), wanted, &store, now).expect("read")
        };
        let none = shown(None, NOW);
        assert_eq!((none.since_unix_ms, none.months.len(), none.before), (None, 0, None));
        assert_eq!(none.total, answers::RatedDay::default());
        store.count_minutes(3, &[id], NOW).expect("counted");
        store.count_minutes(2, &[], NOW + HOUR_MS).expect("counted");
        let all = shown(None, NOW + HOUR_MS);
        assert_eq!(all.since_unix_ms, Some(NOW));
        assert_eq!(all.months.iter().map(|it| it.month.to_string()).collect::<Vec<_>>(), ["2026-11", "2026-12"]);
        assert_eq!((all.total.counted, all.total.here), (5, 3));
        assert_eq!(all.total.hours[23], answers::RatedHour { counted: 3, here: 3 });
        assert_eq!(all.total.hours[0], answers::RatedHour { counted: 2, here: 0 });
        let one = shown(Some("2026-12"), NOW + HOUR_MS);
        assert_eq!((one.months[0].day.counted, one.months[0].day.here, one.months.len()), (2, 0, 1));
        assert_eq!(one.total, all.total);
        assert_eq!(shown(Some("2025-12"), NOW).months, []);
        // A clock that was years behind.
        store.count_minutes(1, &[id], 7).expect("counted");
        assert_eq!(shown(None, NOW).since_unix_ms, Some(NOW - 100));
        assert_eq!(shown(None, NOW - 200).since_unix_ms, Some(NOW - 200));
    }
}
