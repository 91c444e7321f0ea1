//! Events that an instance keeps until no active state defers them.

use std::collections::VecDeque;
use std::mem::{Discriminant, discriminant};

/// Where an automaton keeps deferred events: [`Kept`], or `()` if it defers nothing. Whether an event is still deferred
/// depends on its kind alone: what is asked about one event holds for all of its variant.
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

/// Deferred events, those of each kind by themselves: which of them are still deferred is the same for all of a kind.
#[derive(Clone, Debug)]
pub struct Kept<E> {
    /// There are few kinds, so a list is faster than a map.
    kinds: Vec<Kind<E>>,
    next: u64,
}

#[derive(Clone, Debug)]
struct Kind<E> {
    discriminant: Discriminant<E>,
    /// Each with its place among all.
    events: VecDeque<(u64, E, Option<u64>)>,
}

impl<E> Default for Kept<E> {
    fn default() -> Self {
        Self { kinds: Vec::new(), next: 0 }
    }
}

impl<E> Kept<E> {
    fn kind(&mut self, event: &E) -> &mut Kind<E> {
        let discriminant = discriminant(event);
        let place = self.kinds.iter().position(|kind| kind.discriminant == discriminant).unwrap_or_else(|| {
            self.kinds.push(Kind { discriminant, events: VecDeque::new() });
            self.kinds.len() - 1
        });
        &mut self.kinds[place]
    }

    /// The kind of the oldest that is not deferred.
    fn oldest(&self, is_deferred: impl Fn(&E) -> bool) -> Option<usize> {
        let first = self.kinds.iter().enumerate().filter_map(|(index, kind)| Some((index, kind.events.front()?)));
        let free = first.filter(|(_, (_, event, _))| !is_deferred(event));
        free.min_by_key(|(_, (place, _, _))| *place).map(|(index, _)| index)
    }
}

impl<E> Deferral<E> for Kept<E> {
    fn keep(&mut self, event: E, cause: Option<u64>, limit: u32) -> bool {
        let place = self.next;
        let kind = self.kind(&event);
        if kind.events.len() >= limit as usize {
            return false;
        }
        kind.events.push_back((place, event, cause));
        self.next += 1;
        true
    }

    fn recall(&mut self, is_deferred: impl Fn(&E) -> bool) -> Option<(E, Option<u64>)> {
        let kind = self.oldest(is_deferred)?;
        self.kinds[kind].events.pop_front().map(|(_, event, cause)| (event, cause))
    }

    fn can_recall(&self, is_deferred: impl Fn(&E) -> bool) -> bool {
        self.oldest(is_deferred).is_some()
    }

    fn iter<'a>(&'a self) -> impl Iterator<Item = (&'a E, Option<u64>)>
    where
        E: 'a,
    {
        let mut all: Vec<_> = self.kinds.iter().flat_map(|kind| &kind.events).collect();
        all.sort_unstable_by_key(|(place, _, _)| *place);
        all.into_iter().map(|(_, event, cause)| (event, *cause))
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
