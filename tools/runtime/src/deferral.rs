//! Events that an instance keeps until no active state defers them.

use std::collections::VecDeque;
use std::mem::{Discriminant, discriminant};

/// Where an automaton keeps deferred events: [`Kept`], or `()` if it defers nothing.
pub trait Deferral<E>: Default {
    /// Keeps an event, unless `limit` of its kind are kept already. Returns whether it did.
    fn keep(&mut self, event: E, cause: Option<u64>, limit: u32) -> bool;

    /// Takes the oldest event that is no longer deferred, with its cause.
    fn recall(&mut self, is_deferred: impl Fn(&E) -> bool) -> Option<(E, Option<u64>)>;

    /// Whether [`Deferral::recall`] would return one.
    fn can_recall(&self, is_deferred: impl Fn(&E) -> bool) -> bool;

    /// The kept ones with their causes, oldest first.
    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a E, Option<u64>)>
    where
        E: 'a;
}

impl<E> Deferral<E> for () {
    fn keep(&mut self, _: E, _: Option<u64>, _: u32) -> bool {
        false
    }

    fn recall(&mut self, _: impl Fn(&E) -> bool) -> Option<(E, Option<u64>)> {
        None
    }

    fn can_recall(&self, _: impl Fn(&E) -> bool) -> bool {
        false
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a E, Option<u64>)>
    where
        E: 'a,
    {
        std::iter::empty()
    }
}

/// Deferred events, oldest first.
#[derive(Clone, Debug)]
pub struct Kept<E> {
    events: VecDeque<(E, Option<u64>)>,
    /// How many of each kind. There are few kinds, so a list is faster than a map.
    counts: Vec<(Discriminant<E>, u32)>,
}

impl<E> Default for Kept<E> {
    fn default() -> Self {
        Self { events: VecDeque::new(), counts: Vec::new() }
    }
}

impl<E> Kept<E> {
    fn count(&mut self, event: &E) -> &mut u32 {
        let kind = discriminant(event);
        let place = self.counts.iter().position(|&(known, _)| known == kind).unwrap_or_else(|| {
            self.counts.push((kind, 0));
            self.counts.len() - 1
        });
        &mut self.counts[place].1
    }
}

impl<E> Deferral<E> for Kept<E> {
    fn keep(&mut self, event: E, cause: Option<u64>, limit: u32) -> bool {
        let count = self.count(&event);
        if *count >= limit {
            return false;
        }
        *count += 1;
        self.events.push_back((event, cause));
        true
    }

    fn recall(&mut self, is_deferred: impl Fn(&E) -> bool) -> Option<(E, Option<u64>)> {
        let place = self.events.iter().position(|(event, _)| !is_deferred(event))?;
        let kept = self.events.remove(place)?;
        *self.count(&kept.0) -= 1;
        Some(kept)
    }

    fn can_recall(&self, is_deferred: impl Fn(&E) -> bool) -> bool {
        self.events.iter().any(|(event, _)| !is_deferred(event))
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a E, Option<u64>)>
    where
        E: 'a,
    {
        self.events.iter().map(|(event, cause)| (event, *cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Event {
        A(u8),
        B(u8),
    }

    #[test]
    fn the_limit_counts_each_kind_for_itself() {
        let mut kept = Kept::default();
        assert!(kept.keep(Event::A(1), None, 2));
        assert!(kept.keep(Event::B(1), None, 1));
        assert!(kept.keep(Event::A(2), None, 2));
        assert!(!kept.keep(Event::A(3), None, 2));
        assert!(!kept.keep(Event::B(2), None, 1));
        assert_eq!(kept.recall(|_| false), Some((Event::A(1), None)));
        assert!(kept.keep(Event::A(3), None, 2));
        assert_eq!(kept.iter().map(|(event, _)| *event).collect::<Vec<_>>(), [Event::B(1), Event::A(2), Event::A(3)]);
    }

    #[test]
    fn the_oldest_that_is_not_deferred_is_recalled_with_its_cause() {
        let mut kept = Kept::default();
        for (number, event) in [Event::A(1), Event::B(1), Event::A(2), Event::B(2)].into_iter().enumerate() {
            assert!(kept.keep(event, u64::try_from(number).ok(), 16));
        }
        let is_a = |event: &Event| matches!(event, Event::A(_));
        assert!(kept.can_recall(is_a));
        assert_eq!(kept.recall(is_a), Some((Event::B(1), Some(1))));
        assert_eq!(kept.recall(is_a), Some((Event::B(2), Some(3))));
        assert!(!kept.can_recall(is_a));
        assert_eq!(kept.recall(is_a), None);
        assert_eq!(kept.recall(|_| false), Some((Event::A(1), Some(0))));
    }
}
