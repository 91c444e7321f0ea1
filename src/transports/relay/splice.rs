//! Bytes of one stream into the other, and back.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use tokio::time::{Instant, sleep};

use crate::pace::{Pace, cost_us};
use crate::transports::BulkStream;
use crate::transports::sessions::lock;

/// Bytes that are read at a time, at most.
const PIECE_BYTES: usize = 16_384;

/// What was not used of the rate is saved up for so long, so that what is short is not held up.
const SAVED_US: u64 = 1_000_000;

/// What both directions share.
struct Splice<'a> {
    begun: Instant,
    pace: Mutex<Pace>,
    bytes_per_second: u64,
    bytes: &'a AtomicU64,
}

/// Passes bytes until both sides have ended, or either is cut off, and counts them.
pub(super) async fn splice(one: BulkStream, other: BulkStream, bytes_per_second: u64, bytes: &AtomicU64) {
    let shared = Splice { begun: Instant::now(), pace: Mutex::default(), bytes_per_second, bytes };
    let (mut from_one, mut to_one) = split(one);
    let (mut from_other, mut to_other) = split(other);
    // An error cuts both streams off, since both are dropped.
    let _ = tokio::try_join!(shared.pass(&mut from_one, &mut to_other), shared.pass(&mut from_other, &mut to_one),);
}

impl Splice<'_> {
    async fn pass(&self, from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let bytes = from.read(&mut piece).await?;
            if bytes == 0 {
                return to.shutdown().await;
            }
            // A splice begins with a second saved up.
            let now_us = SAVED_US + u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX - SAVED_US);
            let wait = lock(&self.pace).take(cost_us(bytes as u64, self.bytes_per_second), SAVED_US, now_us);
            if !wait.is_zero() {
                sleep(wait).await;
            }
            to.write_all(&piece[..bytes]).await?;
            self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }
}
