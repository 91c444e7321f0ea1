//! The same reasons under the names of the automata, of the wire and of the store: translated here.

use crate::automata::types;
use crate::messages::{ArrivalVerdict, DeliveryState};
use crate::wire;

/// As it goes over the wire.
pub fn refusal_to_wire(reason: types::Refusal) -> wire::Refusal {
    use types::Refusal as Ours;
    match reason {
        Ours::WrongNetwork => wire::Refusal::WrongNetwork,
        Ours::NoCommonVersion => wire::Refusal::NoCommonVersion,
        Ours::ConstantsDiffer => wire::Refusal::ConstantsDiffer,
        Ours::ClocksApart => wire::Refusal::ClocksApart,
        Ours::IsMyself => wire::Refusal::IsMyself,
        Ours::BadProof => wire::Refusal::BadProof,
        Ours::BadDocument => wire::Refusal::BadDocument,
        Ours::UnexpectedId => wire::Refusal::UnexpectedId,
        Ours::Misbehaved => wire::Refusal::Misbehaved,
        Ours::Violation => wire::Refusal::Violation,
        Ours::AlreadyConnected => wire::Refusal::AlreadyConnected,
        Ours::LimitReached => wire::Refusal::LimitReached,
        Ours::TookTooLong => wire::Refusal::TimedOut,
        Ours::Requested => wire::Refusal::Requested,
        Ours::Stopping | Ours::Other => wire::Refusal::Stopping,
    }
}

/// As the automata know it.
pub fn refusal_from_wire(reason: wire::Refusal) -> types::Refusal {
    use types::Refusal as Ours;
    match reason {
        wire::Refusal::WrongNetwork => Ours::WrongNetwork,
        wire::Refusal::NoCommonVersion => Ours::NoCommonVersion,
        wire::Refusal::ConstantsDiffer => Ours::ConstantsDiffer,
        wire::Refusal::ClocksApart => Ours::ClocksApart,
        wire::Refusal::IsMyself => Ours::IsMyself,
        wire::Refusal::BadProof => Ours::BadProof,
        wire::Refusal::BadDocument => Ours::BadDocument,
        wire::Refusal::UnexpectedId => Ours::UnexpectedId,
        wire::Refusal::Misbehaved => Ours::Misbehaved,
        wire::Refusal::Violation => Ours::Violation,
        wire::Refusal::Requested => Ours::Requested,
        wire::Refusal::AlreadyConnected => Ours::AlreadyConnected,
        wire::Refusal::LimitReached => Ours::LimitReached,
        wire::Refusal::TimedOut => Ours::TookTooLong,
        wire::Refusal::Stopping => Ours::Stopping,
        wire::Refusal::Other(_) => Ours::Other,
    }
}

/// As it goes over the wire.
pub fn fail_to_wire(reason: types::FailReason) -> wire::FailReason {
    use types::FailReason as Ours;
    match reason {
        Ours::Blocked => wire::FailReason::Blocked,
        Ours::QuotaExceeded => wire::FailReason::QuotaExceeded,
        Ours::ArrivedLate => wire::FailReason::Expired,
        Ours::TooFarAhead => wire::FailReason::TooFarAhead,
        Ours::NotForMe => wire::FailReason::NotForMe,
        Ours::UnknownKind => wire::FailReason::UnknownKind,
        Ours::ServiceOff => wire::FailReason::ServiceOff,
        Ours::Unreadable => wire::FailReason::Unreadable,
        Ours::Malformed | Ours::Other => wire::FailReason::Malformed,
    }
}

/// As the automata know it.
pub fn fail_from_wire(reason: wire::FailReason) -> types::FailReason {
    use types::FailReason as Ours;
    match reason {
        wire::FailReason::Blocked => Ours::Blocked,
        wire::FailReason::QuotaExceeded => Ours::QuotaExceeded,
        wire::FailReason::Expired => Ours::ArrivedLate,
        wire::FailReason::TooFarAhead => Ours::TooFarAhead,
        wire::FailReason::NotForMe => Ours::NotForMe,
        wire::FailReason::Malformed => Ours::Malformed,
        wire::FailReason::UnknownKind => Ours::UnknownKind,
        wire::FailReason::ServiceOff => Ours::ServiceOff,
        wire::FailReason::Unreadable => Ours::Unreadable,
        wire::FailReason::Other(_) => Ours::Other,
    }
}

/// What a person reads.
pub fn fail_in_words(reason: types::FailReason) -> &'static str {
    use types::FailReason as Ours;
    match reason {
        Ours::Blocked => "the recipient does not want to hear from you",
        Ours::QuotaExceeded => "too much waits there already until the recipient accepts you",
        Ours::ArrivedLate => "it arrived after it had expired",
        Ours::TooFarAhead => "it would be kept for longer than any message may",
        Ours::NotForMe => "it was meant for another node",
        Ours::Malformed => "the recipient's node does not understand it",
        Ours::UnknownKind => "the recipient's node is older, and does not know such messages",
        Ours::ServiceOff => "the recipient's node takes no messages",
        Ours::Unreadable => "it was sealed to a key that the recipient no longer has",
        Ours::Other => "the recipient's node gave a reason that this one does not know",
    }
}

/// As it stands on disk.
pub fn delivery_to_store(state: types::DeliveryState) -> DeliveryState {
    match state {
        types::DeliveryState::Queued => DeliveryState::Queued,
        types::DeliveryState::Sent => DeliveryState::Sent,
        types::DeliveryState::Delivered => DeliveryState::Delivered,
        types::DeliveryState::Read => DeliveryState::Read,
        types::DeliveryState::Expired => DeliveryState::Expired,
    }
}

/// Why a message that came in is not acknowledged; nothing if it is.
pub fn refused_arrival(verdict: ArrivalVerdict) -> Option<types::FailReason> {
    match verdict {
        ArrivalVerdict::Accepted { .. } | ArrivalVerdict::Duplicate | ArrivalVerdict::WaitsAsRequest => None,
        ArrivalVerdict::QuotaExceeded => Some(types::FailReason::QuotaExceeded),
        ArrivalVerdict::Blocked => Some(types::FailReason::Blocked),
        ArrivalVerdict::Expired => Some(types::FailReason::ArrivedLate),
        ArrivalVerdict::TooFarAhead => Some(types::FailReason::TooFarAhead),
    }
}
