//! Messages that are to go to a contact, in the order in which they were written. What each of them *is* only its
//! `message_delivery` knows.

use std::collections::BTreeMap;

use crate::identity::NodeId;
use crate::wire::PacketId;

/// The lines of all contacts.
#[derive(Clone, Debug, Default)]
pub struct SendQueue {
    of: BTreeMap<NodeId, Line>,
}

/// The line of one contact, by the numbers of the messages.
#[derive(Clone, Debug, Default)]
struct Line {
    waiting: BTreeMap<u64, PacketId>,
    on_their_way: BTreeMap<u64, PacketId>,
}

impl SendQueue {
    /// A message takes its place.
    pub fn stand(&mut self, peer: NodeId, number: u64, message: PacketId) {
        self.of.entry(peer).or_default().waiting.insert(number, message);
    }

    /// It goes away, whether it was on its way or not.
    pub fn leave(&mut self, peer: &NodeId, number: u64) {
        if let Some(line) = self.of.get_mut(peer) {
            line.waiting.remove(&number);
            line.on_their_way.remove(&number);
            if line.waiting.is_empty() && line.on_their_way.is_empty() {
                self.of.remove(peer);
            }
        }
    }

    /// The next message that may go, if fewer than `at_once` are on their way; it is from now on.
    pub fn next(&mut self, peer: &NodeId, at_once: usize) -> Option<PacketId> {
        let line = self.of.get_mut(peer).filter(|line| line.on_their_way.len() < at_once)?;
        let (number, message) = line.waiting.pop_first()?;
        line.on_their_way.insert(number, message);
        Some(message)
    }

    /// What was on its way did not get through: each goes back to its place.
    pub fn step_back(&mut self, peer: &NodeId) {
        if let Some(line) = self.of.get_mut(peer) {
            line.waiting.append(&mut line.on_their_way);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: NodeId = NodeId::from_bytes([1; 32]);

    fn message(number: u64) -> PacketId {
        let mut bytes = [0; 16];
        // Ids have nothing to do with the order.
        bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        PacketId(bytes)
    }

    fn all(lines: &mut SendQueue) -> Vec<PacketId> {
        std::iter::from_fn(|| lines.next(&PEER, 32)).collect()
    }

    #[test]
    fn they_go_in_the_order_of_their_numbers_a_few_at_a_time() {
        let mut lines = SendQueue::default();
        for number in (1..=40).rev() {
            lines.stand(PEER, number, message(number));
        }
        assert_eq!(all(&mut lines), (1..=32).map(message).collect::<Vec<_>>());
        lines.leave(&PEER, 7);
        lines.leave(&PEER, 34);
        assert_eq!(all(&mut lines), [message(33)]);
        lines.leave(&PEER, 8);
        assert_eq!(all(&mut lines), [message(35)]);
    }

    #[test]
    fn what_did_not_get_through_goes_first_the_next_time() {
        let mut lines = SendQueue::default();
        (1..=40).for_each(|number| lines.stand(PEER, number, message(number)));
        assert_eq!(all(&mut lines).len(), 32);
        lines.leave(&PEER, 1);
        lines.step_back(&PEER);
        assert_eq!(all(&mut lines), (2..=33).map(message).collect::<Vec<_>>());
    }

    #[test]
    fn a_line_that_is_empty_is_forgotten() {
        let mut lines = SendQueue::default();
        lines.stand(PEER, 1, message(1));
        assert_eq!(all(&mut lines), [message(1)]);
        lines.leave(&PEER, 1);
        assert!(lines.of.is_empty());
        lines.leave(&PEER, 1);
        lines.step_back(&PEER);
        assert_eq!(lines.next(&PEER, 32), None);
    }
}
