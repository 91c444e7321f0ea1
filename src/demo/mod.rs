//! `bitpie demo`: the compiled automata of the node live through a story.
//!
//! The automata, the bus and the timers are those of the node. What is around them is not: [`world`] answers in place of sockets,
//! DHT and other nodes, from memory and in virtual time, so that the story is the same in every run and takes no time at all.

mod show;
mod story;
mod world;

use std::io;

use automata_runtime::record::{Outcome, Record};
use automata_runtime::{Bus, Records};

use crate::automata::system::{Settings, System};

pub use show::{Lines, People, Show};
use story::{CHAPTERS, Deed, END_MS};
use world::World;

/// What the story came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Deliveries by their outcome, in the order of [`OUTCOMES`].
    pub outcomes: Vec<(Outcome, usize)>,
    /// Deliveries in which something went wrong.
    pub faults: usize,
    /// Every instance that was there at the end: its name and its state.
    pub instances: Vec<(String, String)>,
}

/// All outcomes, the ordinary ones first.
pub const OUTCOMES: [Outcome; 10] = [
    Outcome::Started,
    Outcome::Taken,
    Outcome::Internal,
    Outcome::Ignored,
    Outcome::Deferred,
    Outcome::Idle,
    Outcome::Unexpected,
    Outcome::NoSuchInstance,
    Outcome::AlreadyThere,
    Outcome::DeferFull,
];

/// The first so many of [`OUTCOMES`] are as the definitions mean them.
const ORDINARY: usize = 6;

impl Summary {
    /// Whether nothing happened that the definitions do not provide for.
    #[must_use]
    pub fn is_as_meant(&self) -> bool {
        let odd = self.outcomes.iter().filter(|(outcome, _)| !OUTCOMES[..ORDINARY].contains(outcome));
        self.faults == 0 && odd.map(|(_, count)| count).sum::<usize>() == 0
    }

    fn add(&mut self, record: &Record) {
        match self.outcomes.iter_mut().find(|(outcome, _)| *outcome == record.outcome) {
            Some((_, count)) => *count += 1,
            None => self.outcomes.push((record.outcome, 1)),
        }
        self.faults += usize::from(!record.faults.is_empty());
        let at = self.instances.iter().position(|(name, _)| *name == record.instance);
        match (at, &record.after) {
            (Some(at), Some(after)) => self.instances[at].1.clone_from(after),
            (None, Some(after)) => self.instances.push((record.instance.clone(), after.clone())),
            (_, None) => {}
        }
    }
}

/// Tells the story.
///
/// # Errors
/// Those of `show`.
pub fn run(show: &mut dyn Show) -> io::Result<Summary> {
    let mut world = World::default();
    let mut bus = Bus::with_recorder(System::new(Settings::default()), Records::default());
    let mut actions = Vec::new();
    let mut summary = Summary::default();
    let mut chapters = CHAPTERS.iter().peekable();
    let mut now_ms = 0;
    loop {
        let chapter_ms = chapters.peek().map(|chapter| chapter.at_ms);
        let next = [bus.deadline(), world.next_ms(), chapter_ms].into_iter().flatten().min();
        let Some(next_ms) = next.filter(|&next_ms| next_ms <= END_MS) else { break };
        now_ms = next_ms.max(now_ms);
        // At one instant: timers, then the story, then answers.
        if bus.deadline().is_some_and(|deadline_ms| deadline_ms <= now_ms) {
            bus.advance(now_ms, &mut world, &mut actions);
        } else if let Some(chapter) = chapters.next_if(|chapter| chapter.at_ms <= now_ms) {
            show.chapter(chapter.at_ms, chapter.text)?;
            match chapter.deed {
                Deed::Start => bus.start(now_ms, &mut world, &mut actions),
                Deed::World(deed) => deed(&mut world, now_ms),
            }
        } else if let Some(message) = world.next_message(now_ms) {
            bus.handle(now_ms, message, &mut world, &mut actions);
        }
        for record in std::mem::take(&mut bus.recorder_mut().0) {
            summary.add(&record);
            show.delivery(&record)?;
        }
        for action in actions.drain(..) {
            world.perform(now_ms, action);
        }
    }
    summary.outcomes.sort_by_key(|(outcome, _)| OUTCOMES.iter().position(|known| known == outcome));
    summary.instances.sort();
    Ok(summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps everything.
    #[derive(Default)]
    struct Kept(Vec<Record>);

    impl Show for Kept {
        fn chapter(&mut self, _: u64, _: &str) -> io::Result<()> {
            Ok(())
        }

        fn delivery(&mut self, record: &Record) -> io::Result<()> {
            self.0.push(record.clone());
            Ok(())
        }
    }

    fn told() -> (Vec<Record>, Summary) {
        let mut kept = Kept::default();
        let summary = run(&mut kept).expect("memory takes everything");
        (kept.0, summary)
    }

    /// The states that an instance went through, without repetitions.
    fn life<'a>(records: &'a [Record], instance: &str) -> Vec<&'a str> {
        let of_it = records.iter().filter(|record| record.instance.starts_with(instance));
        let mut states: Vec<&str> = of_it.filter_map(|record| record.after.as_deref()).collect();
        states.dedup();
        states
    }

    #[test]
    fn nothing_happens_that_the_definitions_do_not_provide_for() {
        let (records, summary) = told();
        let odd: Vec<&Record> = records
            .iter()
            .filter(|record| !OUTCOMES[..ORDINARY].contains(&record.outcome) || !record.faults.is_empty())
            .collect();
        assert!(odd.is_empty(), "{odd:#?}");
        assert!(summary.is_as_meant());
        assert_eq!(summary.outcomes.iter().map(|(_, count)| count).sum::<usize>(), records.len());
    }

    #[test]
    fn every_automaton_has_its_part() {
        let (records, _) = told();
        for automaton in [
            "contact_status",
            "local_service",
            "network_connector",
            "network_transport",
            "nickname_holder",
            "nickname_observer",
            "p2p_connector",
            "tcp_connection",
        ] {
            assert!(life(&records, automaton).len() > 2, "{automaton}: {:?}", life(&records, automaton));
        }
    }

    #[test]
    fn the_contact_comes_and_goes_and_comes_back() {
        let (records, _) = told();
        let states = life(&records, "contact_status[");
        let here: Vec<&str> =
            states.iter().copied().filter(|state| matches!(*state, "CONNECTED" | "OFFLINE")).collect();
        let mut here = here;
        here.dedup();
        assert_eq!(here, ["OFFLINE", "CONNECTED", "OFFLINE", "CONNECTED"], "{states:?}");
    }

    #[test]
    fn the_network_goes_down_and_comes_back() {
        let (records, _) = told();
        let mut settled = life(&records, "network_connector");
        settled.retain(|state| matches!(*state, "CONNECTED" | "RESTING"));
        settled.dedup();
        assert_eq!(settled.first(), Some(&"CONNECTED"), "{settled:?}");
        assert!(settled.windows(3).any(|states| states == ["CONNECTED", "RESTING", "CONNECTED"]), "{settled:?}");
    }

    #[test]
    fn the_story_is_the_same_in_every_run() {
        assert_eq!(told(), told());
    }

    #[test]
    fn in_the_end_everything_has_come_down() {
        let (_, summary) = told();
        let state = |name: &str| {
            let found = summary.instances.iter().find(|(instance, _)| instance == name);
            found.map_or("nowhere", |(_, state)| state.as_str())
        };
        assert_eq!(state("local_service[gateway]"), "OFF");
        assert_eq!(state("local_service[private-messages]"), "OFF");
        assert_eq!(state("network_transport[tcp]"), "CLOSED");
        assert_eq!(state("nickname_holder"), "CLOSED");
    }
}
