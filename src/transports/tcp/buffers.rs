//! Large buffers, kept by the thread and not by the session: an idle session has none, and a busy one does not ask the
//! system for new ones.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Bytes of a buffer: two Noise messages with their lengths.
pub(super) const BUFFER_BYTES: usize = 2 * (2 + 65_535);

/// Buffers that a thread keeps, at most.
const KEPT_BUFFERS: usize = 8;

thread_local! {
    static KEPT: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer of [`BUFFER_BYTES`], with anything in it. Given back when it is dropped.
pub(super) struct Buffer(Box<[u8]>);

impl Buffer {
    pub(super) fn take() -> Self {
        // At the end of a thread its store may be gone already.
        let kept = KEPT.try_with(|kept| kept.borrow_mut().pop()).ok().flatten();
        Self(kept.unwrap_or_else(|| vec![0; BUFFER_BYTES].into_boxed_slice()))
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.0);
        let _ = KEPT.try_with(|kept| {
            let mut kept = kept.borrow_mut();
            if kept.len() < KEPT_BUFFERS {
                kept.push(buffer);
            }
        });
    }
}
