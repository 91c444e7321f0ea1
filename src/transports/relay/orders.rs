//! What a circuit is told to do.

use crate::identity::NodeId;
use crate::transports::OpeningBulk;
use crate::transports::sessions::Caller;
use crate::wire::CarryRefusal;

/// What a circuit is told to do.
pub(super) enum Order {
    Offer { stream: OpeningBulk, caller: NodeId },
    Join { bytes_per_second: u64 },
    TurnDown(CarryRefusal),
    Take(Caller),
}
