//! Timers on a clock that the caller moves, ordered by deadline and then by the order of their start.
//!
//! A binary heap of slots that know their place in it, so a cancelled timer is removed at once: a state with a timer of
//! an hour that is entered and left a million times a second holds one entry. A handle carries the generation of its
//! slot, so a handle that has outlived its timer does nothing.

/// Names a running timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerHandle {
    slot: u32,
    generation: u32,
}

/// A timer that fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fired<T> {
    /// What it was started with.
    pub what: T,
    /// When it was due, in milliseconds.
    pub deadline_ms: u64,
}

/// A running timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// When it is due next, in milliseconds.
    pub due_ms: u64,
    /// The interval, if it fires repeatedly.
    pub interval_ms: Option<u64>,
    /// Number of its start, which orders timers that are due at the same time.
    pub order: u64,
}

#[derive(Clone, Debug)]
struct Slot<T> {
    /// Counts the timers that this slot has held.
    generation: u32,
    /// Index into `heap` while it runs; otherwise the next free slot.
    place: u32,
    deadline_ms: u64,
    order: u64,
    /// 0: once.
    interval_ms: u64,
    what: Option<T>,
}

const NO_SLOT: u32 = u32::MAX;

/// All running timers.
#[derive(Clone, Debug)]
pub struct Timers<T> {
    slots: Vec<Slot<T>>,
    /// Slots in heap order: each is due no later than its children, at `2n + 1` and `2n + 2`.
    heap: Vec<u32>,
    free: u32,
    started: u64,
}

impl<T: Copy> Default for Timers<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Copy> Timers<T> {
    /// Without a running timer.
    #[must_use]
    pub const fn new() -> Self {
        Self { slots: Vec::new(), heap: Vec::new(), free: NO_SLOT, started: 0 }
    }

    /// Starts a timer. With an interval it fires repeatedly; an interval of 0 counts as 1 ms.
    pub fn start(&mut self, what: T, deadline_ms: u64, interval_ms: Option<u64>) -> TimerHandle {
        let place = index(self.heap.len());
        let order = self.started;
        self.started += 1;
        let interval_ms = interval_ms.map_or(0, |interval| interval.max(1));
        let slot = if self.free == NO_SLOT {
            self.slots.push(Slot { generation: 0, place, deadline_ms, order, interval_ms, what: Some(what) });
            index(self.slots.len() - 1)
        } else {
            let number = self.free;
            let slot = &mut self.slots[number as usize];
            self.free = slot.place;
            *slot = Slot { generation: slot.generation, place, deadline_ms, order, interval_ms, what: Some(what) };
            number
        };
        self.heap.push(slot);
        self.rise(place as usize);
        TimerHandle { slot, generation: self.slots[slot as usize].generation }
    }

    /// Stops a timer. A handle whose timer has fired for the last time, or was cancelled, does nothing.
    pub fn cancel(&mut self, handle: TimerHandle) {
        let Some(slot) = self.slots.get(handle.slot as usize) else { return };
        if slot.generation == handle.generation && slot.what.is_some() {
            self.remove(slot.place as usize);
        }
    }

    /// When the next timer is due.
    #[must_use]
    pub fn deadline_ms(&self) -> Option<u64> {
        self.heap.first().map(|&slot| self.slots[slot as usize].deadline_ms)
    }

    /// Whether a timer is due.
    #[must_use]
    pub fn is_due(&self, now_ms: u64) -> bool {
        self.deadline_ms().is_some_and(|deadline| deadline <= now_ms)
    }

    /// Takes the first timer that is due. One with an interval keeps running: its next beat is the first after
    /// `now_ms`, and it keeps its place in the order of start.
    pub fn fire(&mut self, now_ms: u64) -> Option<Fired<T>> {
        let number = *self.heap.first()?;
        let slot = &mut self.slots[number as usize];
        if slot.deadline_ms > now_ms {
            return None;
        }
        let fired = Fired { what: slot.what?, deadline_ms: slot.deadline_ms };
        let next_ms = (now_ms - slot.deadline_ms).checked_div(slot.interval_ms).and_then(|beats| {
            let past_ms = beats.checked_add(1)?.checked_mul(slot.interval_ms)?;
            slot.deadline_ms.checked_add(past_ms)
        });
        match next_ms {
            Some(next_ms) => {
                slot.deadline_ms = next_ms;
                self.sink(0);
            }
            None => self.remove(0),
        }
        Some(fired)
    }

    /// How many run.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// How many have been started so far, which is the number of the next start.
    #[must_use]
    pub fn starts(&self) -> u64 {
        self.started
    }

    /// Whether no timer runs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// The state of a timer; none if it does not run.
    #[must_use]
    pub fn running(&self, handle: TimerHandle) -> Option<Running> {
        let slot = self.slots.get(handle.slot as usize)?;
        let interval_ms = (slot.interval_ms > 0).then_some(slot.interval_ms);
        let running = Running { due_ms: slot.deadline_ms, interval_ms, order: slot.order };
        (slot.generation == handle.generation && slot.what.is_some()).then_some(running)
    }

    fn remove(&mut self, place: usize) {
        let number = self.heap.swap_remove(place);
        let slot = &mut self.slots[number as usize];
        slot.what = None;
        slot.generation = slot.generation.wrapping_add(1);
        slot.place = self.free;
        self.free = number;
        if place < self.heap.len() {
            self.slots[self.heap[place] as usize].place = index(place);
            self.sink(place);
            self.rise(place);
        }
    }

    fn due(&self, place: usize) -> (u64, u64) {
        let slot = &self.slots[self.heap[place] as usize];
        (slot.deadline_ms, slot.order)
    }

    fn exchange(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.slots[self.heap[a] as usize].place = index(a);
        self.slots[self.heap[b] as usize].place = index(b);
    }

    fn rise(&mut self, mut place: usize) {
        while place > 0 {
            let parent = (place - 1) / 2;
            if self.due(parent) <= self.due(place) {
                break;
            }
            self.exchange(parent, place);
            place = parent;
        }
    }

    fn sink(&mut self, mut place: usize) {
        loop {
            let children = [2 * place + 1, 2 * place + 2];
            let first =
                children.into_iter().filter(|&child| child < self.heap.len()).min_by_key(|&child| self.due(child));
            match first {
                Some(child) if self.due(child) < self.due(place) => {
                    self.exchange(child, place);
                    place = child;
                }
                _ => break,
            }
        }
    }
}

/// Running timers are bounded by instances times timers of a definition, far below 2^32.
fn index(of: usize) -> u32 {
    u32::try_from(of).expect("fewer than 2^32 timers run")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fire_all(timers: &mut Timers<char>, now_ms: u64) -> String {
        std::iter::from_fn(|| timers.fire(now_ms).map(|fired| fired.what)).collect()
    }

    fn due_ms(timers: &Timers<char>, handle: TimerHandle) -> Option<u64> {
        timers.running(handle).map(|running| running.due_ms)
    }

    #[test]
    fn due_at_the_same_instant_they_fire_in_the_order_of_their_start() {
        let mut timers = Timers::new();
        for (what, deadline) in [('d', 7), ('a', 5), ('b', 5), ('e', 7), ('c', 5)] {
            timers.start(what, deadline, None);
        }
        assert_eq!(timers.deadline_ms(), Some(5));
        assert_eq!(fire_all(&mut timers, 4), "");
        assert_eq!(fire_all(&mut timers, 7), "abcde");
        assert_eq!(timers.deadline_ms(), None);
    }

    #[test]
    fn a_cancelled_timer_leaves_nothing_behind() {
        let mut timers = Timers::new();
        let mut last = None;
        for deadline in 0..100_000 {
            if let Some(handle) = last.replace(timers.start('x', 3_600_000 + deadline, None)) {
                timers.cancel(handle);
            }
        }
        assert_eq!((timers.len(), timers.slots.len()), (1, 2));
    }

    #[test]
    fn a_stale_handle_does_nothing() {
        let mut timers = Timers::new();
        let old = timers.start('a', 5, None);
        assert_eq!(fire_all(&mut timers, 5), "a");
        let new = timers.start('b', 6, None);
        assert_eq!(old.slot, new.slot);
        timers.cancel(old);
        assert_eq!(timers.running(old), None);
        assert_eq!(due_ms(&timers, new), Some(6));
    }

    #[test]
    fn beats_that_are_past_are_skipped() {
        let mut timers = Timers::new();
        let handle = timers.start('x', 10, Some(10));
        assert_eq!(timers.fire(35), Some(Fired { what: 'x', deadline_ms: 10 }));
        assert_eq!(timers.fire(35), None);
        assert_eq!(due_ms(&timers, handle), Some(40));
        assert_eq!(timers.fire(40), Some(Fired { what: 'x', deadline_ms: 40 }));
        assert_eq!(due_ms(&timers, handle), Some(50));
    }

    #[test]
    fn a_beat_keeps_its_place_in_the_order_of_start() {
        let mut timers = Timers::new();
        timers.start('a', 10, Some(10));
        timers.start('b', 20, None);
        assert_eq!(fire_all(&mut timers, 10), "a");
        timers.start('c', 20, None);
        assert_eq!(fire_all(&mut timers, 20), "abc");
    }

    #[test]
    fn an_interval_of_zero_counts_as_one_and_the_end_of_time_ends_it() {
        let mut timers = Timers::new();
        timers.start('x', 0, Some(0));
        assert_eq!(fire_all(&mut timers, 7), "x");
        assert_eq!(timers.deadline_ms(), Some(8));
        assert_eq!(fire_all(&mut timers, u64::MAX), "x");
        assert!(timers.is_empty());
    }

    #[test]
    fn it_agrees_with_a_sorted_list() {
        let mut timers = Timers::new();
        let mut list: Vec<(u64, u64, TimerHandle)> = Vec::new();
        let mut random = 1_u64;
        for order in 0..5_000_u64 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let roll = random >> 33;
            match roll % 4 {
                0 | 1 => {
                    let deadline = roll / 4 % 1_000;
                    list.push((deadline, order, timers.start(order, deadline, None)));
                }
                2 if !list.is_empty() => {
                    let (_, _, handle) = list.swap_remove(roll as usize / 4 % list.len());
                    timers.cancel(handle);
                }
                _ => {
                    list.sort_by_key(|&(deadline, order, _)| (deadline, order));
                    let expected = (!list.is_empty()).then(|| list.remove(0));
                    let fired = timers.fire(u64::MAX).map(|fired| (fired.deadline_ms, fired.what));
                    assert_eq!(fired, expected.map(|(deadline, order, _)| (deadline, order)));
                }
            }
            assert_eq!(timers.len(), list.len());
        }
    }
}
