//! Our nickname, as far as it has come.

use crate::automata::types::{NicknameResult, SlotState};
use crate::nickname::Nickname;

/// Our nickname, as far as it has come.
#[derive(Clone, Debug, Default)]
pub struct OwnNickname {
    /// By which name the user wants to be known.
    pub wanted: Option<Nickname>,
    /// What was reported last: what has become of which name in which slot.
    pub report: Option<(NicknameResult, Option<Nickname>, u8)>,
    /// What the slot held that was read last.
    pub read: Option<SlotState>,
    /// The slot that was ours when it was read last.
    pub held: Option<u8>,
    /// The slot that was ours, and is somebody else's since.
    pub lost: Option<u8>,
    /// What stood in the way the last time.
    pub problem: Option<String>,
}
