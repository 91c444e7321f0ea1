//! What this process does for the secrets that it will hold, before it does anything else.
//!
//! * Files that it makes are for its user alone (umask 077), whatever the user's own umask says.
//! * It leaves no core dump, whose file would hold the key and the texts of messages.
//! * Other programs of the same user can neither trace it nor read its memory (Linux).
//! * Where the system lets it lock as much memory as it likes, nothing of it goes to swap (Linux). A process that may
//!   lock only a little must not try: it would be refused memory in the middle of its work.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "the process itself is of the rim")]

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

use crate::privacy::FOR_OTHERS;

/// Does all of it. What this system does not have is left out: the node works without.
pub fn harden() {
    umask(Mode::from_raw_mode(FOR_OTHERS));
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
        lock_memory();
    }
}

/// Keeps all memory out of swap, that of now and that to come, if there is no limit to it. Pages are locked when they
/// are first used, so that it costs no memory.
#[cfg(target_os = "linux")]
fn lock_memory() {
    use rustix::mm::{MlockAllFlags, mlockall};
    use rustix::process::getrlimit;
    if getrlimit(Resource::Memlock).current.is_none() {
        let _ = mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT);
    }
}
