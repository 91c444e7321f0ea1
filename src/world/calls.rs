//! Calls by nodes that carry sessions: what each has found out by them. A carrier that says who calls could say anything,
//! one id after another, and see from the answers which of them our user knows.

use std::collections::{BTreeMap, VecDeque};

use crate::identity::NodeId;

/// So often a carrier may name somebody who is not wanted, at once.
const UNWANTED_AT_ONCE: u64 = 16;

/// After so long it may do so once more.
const UNWANTED_AGAIN_AFTER_MS: u64 = 120_000;

/// Callers that are remembered of one carrier, at most; the oldest is forgotten.
const TAKEN_OF_ONE: usize = 256;

/// Carriers of which it is remembered, at most. Our user has named each of them; the one that was heard of first is
/// forgotten.
const CARRIERS: usize = 256;

/// What carriers have found out.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    carriers: BTreeMap<NodeId, Carrier>,
    oldest: VecDeque<NodeId>,
}

#[derive(Clone, Debug, Default)]
struct Carrier {
    /// Whose calls were taken, the oldest first.
    taken: VecDeque<NodeId>,
    /// When all those are forgotten who were not wanted.
    forgotten_ms: u64,
}

impl Calls {
    /// Whether the answer to such a call may depend on whether the caller is wanted. If not, it is turned down.
    #[must_use]
    pub fn may_know(&self, carrier: &NodeId, caller: &NodeId, now_ms: u64) -> bool {
        let Some(carrier) = self.carriers.get(carrier) else { return true };
        let full_ms = now_ms.saturating_add((UNWANTED_AT_ONCE - 1) * UNWANTED_AGAIN_AFTER_MS);
        carrier.taken.contains(caller) || carrier.forgotten_ms <= full_ms
    }

    /// A call was taken.
    pub fn taken(&mut self, carrier: NodeId, caller: NodeId) {
        let taken = &mut self.carrier(carrier).taken;
        if !taken.contains(&caller) {
            if taken.len() >= TAKEN_OF_ONE {
                taken.pop_front();
            }
            taken.push_back(caller);
        }
    }

    /// A call was turned down, as its caller is not wanted.
    pub fn unwanted(&mut self, carrier: NodeId, now_ms: u64) {
        let carrier = self.carrier(carrier);
        carrier.forgotten_ms = carrier.forgotten_ms.max(now_ms).saturating_add(UNWANTED_AGAIN_AFTER_MS);
    }

    fn carrier(&mut self, carrier: NodeId) -> &mut Carrier {
        if !self.carriers.contains_key(&carrier) {
            if self.carriers.len() >= CARRIERS
                && let Some(oldest) = self.oldest.pop_front()
            {
                self.carriers.remove(&oldest);
            }
            self.oldest.push_back(carrier);
        }
        self.carriers.entry(carrier).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(number: usize) -> NodeId {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&u64::try_from(number).expect("it is small").to_be_bytes());
        NodeId::from_bytes(bytes)
    }

    /// How many of a thousand who are not wanted a carrier finds out about.
    fn found_out(calls: &mut Calls, carrier: NodeId, now_ms: u64) -> usize {
        let asks = |caller: &usize| {
            let may_know = calls.may_know(&carrier, &node(*caller), now_ms);
            if may_know {
                calls.unwanted(carrier, now_ms);
            }
            may_know
        };
        (1_000..2_000).filter(asks).count()
    }

    #[test]
    fn a_carrier_finds_out_about_few_and_others_are_heard_all_the_same() {
        let mut calls = Calls::default();
        let (nosy, honest, known) = (node(1), node(2), node(3));
        calls.taken(nosy, known);
        assert_eq!(found_out(&mut calls, nosy, 0), 16);
        assert!(calls.may_know(&nosy, &known, 0), "it knows that already");
        assert!(calls.may_know(&honest, &node(4), 0));
        assert_eq!(found_out(&mut calls, nosy, UNWANTED_AGAIN_AFTER_MS - 1), 0);
        assert_eq!(found_out(&mut calls, nosy, 3 * UNWANTED_AGAIN_AFTER_MS), 3);
        assert_eq!(found_out(&mut calls, nosy, 1_000 * UNWANTED_AGAIN_AFTER_MS), 16);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut calls = Calls::default();
        for number in 0..1_000 {
            calls.taken(node(1), node(number));
            calls.taken(node(number), node(1));
        }
        assert!(calls.carriers.len() <= CARRIERS && calls.oldest.len() == calls.carriers.len());
        assert!(calls.carriers.values().all(|carrier| carrier.taken.len() <= TAKEN_OF_ONE));
    }
}
