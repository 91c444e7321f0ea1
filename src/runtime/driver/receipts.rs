//! Read receipts on their way. Nobody answers them, so what was handed to a session is kept on disk until it is known
//! to have come: the control stream keeps its order, and a PONG to a PING that was sent later says that everything
//! before it was received.

use std::collections::BTreeMap;

use crate::identity::NodeId;
use crate::wire::PacketId;

/// A receipt: to whom, and for which of their messages.
pub type Receipt = (NodeId, PacketId);

/// Receipts that were handed to sessions and of which it is not known whether they came.
#[derive(Debug, Default)]
pub(super) struct ReceiptsOnTheirWay {
    of: BTreeMap<u64, OfSession>,
}

#[derive(Debug, Default)]
struct OfSession {
    /// Handed over since the last PING.
    since_ping: Vec<Receipt>,
    /// Handed over before it.
    before_ping: Vec<Receipt>,
    /// The number of the last PING.
    ping: Option<u64>,
}

impl ReceiptsOnTheirWay {
    /// A session has taken one.
    pub(super) fn handed_over(&mut self, session: u64, receipt: Receipt) {
        self.of.entry(session).or_default().since_ping.push(receipt);
    }

    /// One that is on its way need not go again.
    pub(super) fn contains(&self, receipt: &Receipt) -> bool {
        self.of.values().any(|of| of.since_ping.contains(receipt) || of.before_ping.contains(receipt))
    }

    /// A session has taken a PING.
    pub(super) fn asked(&mut self, session: u64, number: u64) {
        if let Some(of) = self.of.get_mut(&session) {
            of.before_ping.append(&mut of.since_ping);
            of.ping = Some(number);
        }
    }

    /// A PONG came: these receipts have come too.
    pub(super) fn answered(&mut self, session: u64, number: u64) -> Vec<Receipt> {
        let Some(of) = self.of.get_mut(&session).filter(|of| of.ping == Some(number)) else { return Vec::new() };
        let come = std::mem::take(&mut of.before_ping);
        of.ping = None;
        if of.since_ping.is_empty() {
            self.of.remove(&session);
        }
        come
    }

    /// A session has ended: nobody knows whether these have come.
    pub(super) fn lost(&mut self, session: u64) -> Vec<Receipt> {
        self.of.remove(&session).map(|of| [of.before_ping, of.since_ping].concat()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(number: u8) -> Receipt {
        (NodeId::from_bytes([1; 32]), PacketId([number; 16]))
    }

    #[test]
    fn what_was_sent_before_a_ping_has_come_when_that_is_answered() {
        let mut on_their_way = ReceiptsOnTheirWay::default();
        on_their_way.handed_over(2, receipt(1));
        assert_eq!(on_their_way.answered(2, 7), [], "nobody has asked");
        on_their_way.asked(2, 7);
        on_their_way.handed_over(2, receipt(2));
        assert_eq!(on_their_way.answered(4, 7), [], "another session");
        assert_eq!(on_their_way.answered(2, 6), [], "another question");
        assert_eq!(on_their_way.answered(2, 7), [receipt(1)]);
        assert!(!on_their_way.contains(&receipt(1)) && on_their_way.contains(&receipt(2)));
        assert_eq!(on_their_way.answered(2, 7), [], "the answer of before");
        on_their_way.asked(2, 8);
        assert_eq!(on_their_way.answered(2, 8), [receipt(2)]);
        assert!(on_their_way.of.is_empty());
    }

    #[test]
    fn what_is_on_its_way_when_a_session_ends_is_lost() {
        let mut on_their_way = ReceiptsOnTheirWay::default();
        on_their_way.handed_over(2, receipt(1));
        on_their_way.asked(2, 7);
        on_their_way.handed_over(2, receipt(2));
        on_their_way.handed_over(4, receipt(3));
        assert_eq!(on_their_way.lost(2), [receipt(1), receipt(2)]);
        assert_eq!(on_their_way.lost(2), []);
        assert!(on_their_way.contains(&receipt(3)));
    }
}
