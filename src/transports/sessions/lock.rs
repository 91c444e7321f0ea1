//! Locks.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is locked here is whole after each statement, so a panic elsewhere does not spoil it.
pub(in crate::transports) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
