//! Places where a test can make the program die, as if by `kill -9`: every boundary between what is on disk and what is
//! told.
//!
//! The points exist in builds with debug assertions only; in a release `reach` is empty and `arm` refuses. Nothing is
//! read from the environment: whoever starts the program for a test arms a point by hand (a test's own child process,
//! or `run` by the hidden setting `testing/abort-at`), and everybody else runs code that was run under test.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "ends the process")]

#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicU64, Ordering};

/// A boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbortPoint {
    /// The store has done all jobs of a group; nothing is committed.
    BeforeCommit,
    /// The group is on disk; nobody has been answered.
    AfterCommit,
    /// Some of a group have been answered, others not.
    BetweenAnswers,
    /// All of a group have been answered.
    AfterAnswers,
    /// A message is on disk; the core is about to be told, which acknowledges it.
    BeforeAcknowledgement,
    /// The acknowledgement of a message was handed to the session.
    AfterAcknowledgement,
    /// The identity document of a peer is on disk; the core is about to be told, which acknowledges it.
    BeforeIdentityAcknowledgement,
    /// The acknowledgement of an identity document was handed to the session.
    AfterIdentityAcknowledgement,
    /// Our own identity document is on disk; nobody has been shown it yet.
    BeforeIdentityShown,
    /// Whoever has to be shown our own identity document at once was.
    AfterIdentityShown,
    /// A packet is about to be handed to the session for the first time.
    BeforeSending,
    /// The packet was handed to the session; that is not on disk yet.
    AfterSending,
    /// An acknowledgement came; that is not on disk yet.
    BeforeDelivered,
    /// An acknowledgement came, and that is on disk.
    AfterDelivered,
}

impl AbortPoint {
    /// All of them.
    pub const ALL: [AbortPoint; 14] = [
        Self::BeforeCommit,
        Self::AfterCommit,
        Self::BetweenAnswers,
        Self::AfterAnswers,
        Self::BeforeAcknowledgement,
        Self::AfterAcknowledgement,
        Self::BeforeIdentityAcknowledgement,
        Self::AfterIdentityAcknowledgement,
        Self::BeforeIdentityShown,
        Self::AfterIdentityShown,
        Self::BeforeSending,
        Self::AfterSending,
        Self::BeforeDelivered,
        Self::AfterDelivered,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BeforeCommit => "before-commit",
            Self::AfterCommit => "after-commit",
            Self::BetweenAnswers => "between-answers",
            Self::AfterAnswers => "after-answers",
            Self::BeforeAcknowledgement => "before-acknowledgement",
            Self::AfterAcknowledgement => "after-acknowledgement",
            Self::BeforeIdentityAcknowledgement => "before-identity-acknowledgement",
            Self::AfterIdentityAcknowledgement => "after-identity-acknowledgement",
            Self::BeforeIdentityShown => "before-identity-shown",
            Self::AfterIdentityShown => "after-identity-shown",
            Self::BeforeSending => "before-sending",
            Self::AfterSending => "after-sending",
            Self::BeforeDelivered => "before-delivered",
            Self::AfterDelivered => "after-delivered",
        }
    }
}

/// Which point is armed (its number from 1, in the upper half) and how often it has still to be reached (lower half); 0
/// is none.
#[cfg(debug_assertions)]
static ARMED: AtomicU64 = AtomicU64::new(0);

/// Makes the program die when it reaches a point for the n-th time: `after-commit` or `after-commit:3`.
///
/// # Errors
/// If there is no such point, or this is a build without them.
pub fn arm(text: &str) -> Result<(), ArmError> {
    let (name, times) = text.split_once(':').unwrap_or((text, "1"));
    let number = AbortPoint::ALL.iter().position(|point| point.name() == name);
    let times = times.parse::<u32>().ok().filter(|times| *times > 0);
    let (Some(number), Some(times)) = (number, times) else { return Err(ArmError::Unknown { text: text.to_owned() }) };
    set(number as u64 + 1, times)
}

#[cfg(debug_assertions)]
fn set(number: u64, times: u32) -> Result<(), ArmError> {
    ARMED.store((number << 32) | u64::from(times), Ordering::SeqCst);
    Ok(())
}

#[cfg(not(debug_assertions))]
fn set(_number: u64, _times: u32) -> Result<(), ArmError> {
    Err(ArmError::Release)
}

/// Dies here, if this point is armed and this is the time.
#[cfg(debug_assertions)]
pub fn reach(point: AbortPoint) {
    let is_it = |armed: u64| armed >> 32 == point as u64 + 1 && armed & 0xffff_ffff > 0;
    let before = ARMED.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |armed| is_it(armed).then(|| armed - 1));
    if before.is_ok_and(|before| before & 0xffff_ffff == 1) {
        std::process::abort();
    }
}

/// Nothing, in a release.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn reach(_point: AbortPoint) {}

/// Why no point was armed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArmError {
    /// There is no such point.
    #[error(
        "`{text}` is no point to abort at: a name and how often it is reached (`after-commit:3`), and the names are {}",
        AbortPoint::ALL.map(AbortPoint::name).join(", ")
    )]
    Unknown {
        /// What was said.
        text: String,
    },
    /// The points are not in this build.
    #[error("a release has no points to abort at: use a debug build")]
    Release,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_numbered_as_they_are_listed_and_named_apart() {
        for (index, point) in AbortPoint::ALL.into_iter().enumerate() {
            assert_eq!(point as usize, index);
            assert!(AbortPoint::ALL[index + 1..].iter().all(|other| other.name() != point.name()));
        }
    }

    #[test]
    fn what_is_no_point_is_refused() {
        for wrong in ["", "nowhere", "after-commit:0", "after-commit:x", "after-commit:"] {
            assert!(arm(wrong).is_err_and(|error| error.to_string().contains("between-answers")), "{wrong}");
        }
    }
}
