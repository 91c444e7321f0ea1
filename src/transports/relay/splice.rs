//! Bytes of one stream into the other, and back.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};

use super::pace::{self, Pace};
use crate::transports::BulkStream;

/// Bytes that are read at a time, at most.
const PIECE_BYTES: usize = 16_384;

/// Passes bytes until both sides have ended, or either is cut off, and counts them.
pub(super) async fn splice(one: BulkStream, other: BulkStream, bytes_per_second: u64, bytes: &AtomicU64) {
    let pace = Mutex::new(Pace::new(bytes_per_second));
    let (mut from_one, mut to_one) = split(one);
    let (mut from_other, mut to_other) = split(other);
    // An error cuts both streams off, since both are dropped.
    let _ = tokio::try_join!(
        pass(&mut from_one, &mut to_other, &pace, bytes),
        pass(&mut from_other, &mut to_one, &pace, bytes),
    );
}

async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    pace: &Mutex<Pace>,
    count: &AtomicU64,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let bytes = from.read(&mut piece).await?;
        if bytes == 0 {
            return to.shutdown().await;
        }
        let due = pace.lock().unwrap_or_else(PoisonError::into_inner).take(bytes);
        pace::until(due).await;
        to.write_all(&piece[..bytes]).await?;
        count.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}
