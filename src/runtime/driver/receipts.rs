//! Read receipts on their way. Nobody answers them, so what was handed to a session is kept on disk until it is known to have come: the control stream keeps
//! its order, and a PONG to a PING that was sent later says that everything before it was received.

use std::collections::BTreeMap;

use crate::identity::NodeId;
use crate::store::Store;
use crate::wire::PacketId;
use crate::world::Input;

use super::{Done, Driver};

/// Read receipts that are on their way to one contact, at the most; the rest follows when these have come.
const RECEIPTS_AT_ONCE: usize = 256;

/// A receipt: to whom, and for which of their messages.
pub(super) type Receipt = (NodeId, PacketId);

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
    fn handed_over(&mut self, session: u64, receipt: Receipt) {
        self.of.entry(session).or_default().since_ping.push(receipt);
    }

    /// One that is on its way need not go again.
    fn contains(&self, receipt: &Receipt) -> bool {
        self.of.values().any(|of| of.since_ping.contains(receipt) || of.before_ping.contains(receipt))
    }

    /// A session has taken a PING.
    fn asked(&mut self, session: u64, number: u64) {
        if let Some(of) = self.of.get_mut(&session) {
            of.before_ping.append(&mut of.since_ping);
            of.ping = Some(number);
        }
    }

    /// A PONG came: these receipts have come too.
    fn answered(&mut self, session: u64, number: u64) -> Vec<Receipt> {
        let Some(of) = self.of.get_mut(&session).filter(|of| of.ping == Some(number)) else { return Vec::new() };
        let come = std::mem::take(&mut of.before_ping);
        of.ping = None;
        if of.since_ping.is_empty() {
            self.of.remove(&session);
        }
        come
    }

    /// A session has ended: nobody knows whether these have come.
    fn lost(&mut self, session: u64) -> Vec<Receipt> {
        self.of.remove(&session).map(|of| [of.before_ping, of.since_ping].concat()).unwrap_or_default()
    }
}

impl Driver {
    /// Receipts that wait are sent to those of these peers who are here.
    pub(in crate::runtime) fn send_receipts(&mut self, to: Vec<NodeId>) {
        self.store_task(
            "read receipts",
            move |store: &Store| {
                let of_each = to.iter().map(|peer| store.receipts_to(peer, RECEIPTS_AT_ONCE));
                Ok(of_each.collect::<Result<Vec<_>, _>>()?.concat())
            },
            |receipts| Done::Receipts(receipts.unwrap_or_default()),
        );
    }

    /// Those that were found. Others may have been quicker with some of them.
    pub(super) fn receipts_found(&mut self, receipts: Vec<Receipt>) {
        for receipt in receipts {
            if !self.receipts.contains(&receipt) {
                let (sender, message) = receipt;
                self.input(Input::ReadReceipt { sender, message });
            }
        }
    }

    /// A session has taken a receipt.
    pub(super) fn receipt_handed_over(&mut self, session: u64, to: NodeId, message: PacketId) {
        self.receipts.handed_over(session, (to, message));
    }

    /// A session has taken a PING.
    pub(super) fn ping_handed_over(&mut self, session: u64, number: u64) {
        self.receipts.asked(session, number);
    }

    /// What was sent before this PING has come.
    pub(super) fn pong_came(&mut self, session: u64, number: u64) {
        let come = self.receipts.answered(session, number);
        let Some(peer) = come.first().map(|(peer, _)| *peer) else { return };
        self.store_task(
            "note receipts",
            move |store: &Store| come.iter().try_for_each(|(peer, message)| store.receipt_sent(peer, message)),
            |_| Done::Nothing,
        );
        self.send_receipts(vec![peer]);
    }

    /// A session has ended, and what was on its way goes by another one, now or when there is one.
    pub(super) fn receipts_lost(&mut self, session: u64) {
        let lost = self.receipts.lost(session);
        if let Some((peer, _)) = lost.first() {
            self.send_receipts(vec![*peer]);
        }
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
