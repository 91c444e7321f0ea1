//! Bytes of one stream into the other, and back.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::pace::{Pace, cost_us};
use crate::transports::sessions::lock;

/// Bytes that are read at a time, at most.
const PIECE_BYTES: usize = 16_384;

/// What was not used of the rate is saved up for so long, so that what is short is not held up.
const SAVED_US: u64 = 1_000_000;

/// When one side has said all, the other has so long for what it still says. It might never end otherwise, since nobody
/// hears whether the first one is still there.
const REST: Duration = Duration::from_secs(30);

/// A circuit by which nothing has gone for so long is over. A session says something every 20 s.
const IDLE: Duration = Duration::from_secs(180);

/// A side that has taken nothing for so long reads no more. What waits for it holds up the whole session by which it
/// came.
const UNREAD: Duration = Duration::from_secs(20);

/// What both directions share.
struct Splice<'a> {
    begun: Instant,
    /// When something came last.
    last: Mutex<Instant>,
    pace: Mutex<Pace>,
    bytes_per_second: u64,
    bytes: &'a AtomicU64,
}

/// Passes bytes until both sides have ended, either is cut off or takes nothing, or nothing more comes; and counts them.
pub(super) async fn splice<S>(one: S, other: S, bytes_per_second: u64, bytes: &AtomicU64)
where
    S: AsyncRead + AsyncWrite,
{
    let begun = Instant::now();
    let shared = Splice { begun, last: Mutex::new(begun), pace: Mutex::default(), bytes_per_second, bytes };
    let (from_one, to_one) = split(one);
    let (from_other, to_other) = split(other);
    let there = shared.pass(from_one, to_other);
    let back = shared.pass(from_other, to_one);
    tokio::pin!(there, back);
    // Whatever ends it cuts both streams off, since both are dropped.
    let both = async {
        tokio::select! {
            said = &mut there => said?,
            said = &mut back => {
                said?;
                return timeout(REST, there).await?;
            }
        }
        timeout(REST, back).await?
    };
    tokio::select! {
        _ = both => {}
        () = shared.idle() => {}
    }
}

impl Splice<'_> {
    async fn pass(&self, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> io::Result<()> {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let bytes = from.read(&mut piece).await?;
            *lock(&self.last) = Instant::now();
            if bytes == 0 {
                return timeout(UNREAD, to.shutdown()).await?;
            }
            // A splice begins with a second saved up.
            let now_us = SAVED_US + u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX - SAVED_US);
            let wait = lock(&self.pace).take(cost_us(bytes as u64, self.bytes_per_second), SAVED_US, now_us);
            if !wait.is_zero() {
                sleep(wait).await;
            }
            timeout(UNREAD, to.write_all(&piece[..bytes])).await??;
            self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }

    /// Until nothing has come for too long.
    async fn idle(&self) {
        loop {
            let due = *lock(&self.last) + IDLE;
            if due <= Instant::now() {
                return;
            }
            sleep_until(due).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{DuplexStream, duplex};
    use tokio::task::JoinHandle;

    /// The two sides of a splice, and the splice, which says how many bytes it was.
    fn spliced() -> (DuplexStream, DuplexStream, JoinHandle<u64>) {
        let (one, there) = duplex(1_024);
        let (other, back) = duplex(1_024);
        let splice = tokio::spawn(async move {
            let bytes = AtomicU64::new(0);
            splice(there, back, 1 << 20, &bytes).await;
            bytes.into_inner()
        });
        (one, other, splice)
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_end_of_one_side_the_other_has_a_while_and_no_longer() {
        let (mut one, mut other, splice) = spliced();
        one.shutdown().await.expect("it ends");
        assert_eq!(other.read(&mut [0]).await.expect("it is an end"), 0);
        let begun = Instant::now();
        other.write_all(b"the rest").await.expect("it is taken");
        let mut rest = [0; 8];
        one.read_exact(&mut rest).await.expect("it is passed on");
        assert_eq!(splice.await.expect("it ends"), 8);
        assert_eq!(begun.elapsed(), REST);
        assert!(other.write_all(b"more").await.is_err(), "it is cut off");
    }

    #[tokio::test(start_paused = true)]
    async fn both_ends_are_an_end_at_once() {
        let (mut one, mut other, splice) = spliced();
        let begun = Instant::now();
        one.shutdown().await.expect("it ends");
        other.shutdown().await.expect("it ends");
        splice.await.expect("it ends");
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_circuit_by_which_nothing_goes_is_over_and_one_that_is_used_is_not() {
        let (mut one, mut other, splice) = spliced();
        let begun = Instant::now();
        for _ in 0..30 {
            sleep(Duration::from_secs(20)).await;
            one.write_all(&[1]).await.expect("it is taken");
            other.read_u8().await.expect("it is passed on");
        }
        assert_eq!(splice.await.expect("it ends"), 30);
        assert_eq!(begun.elapsed(), 30 * Duration::from_secs(20) + IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_side_that_does_not_read_is_cut_off() {
        let (mut one, _other, splice) = spliced();
        let begun = Instant::now();
        while one.write_all(&[0; 512]).await.is_ok() {}
        splice.await.expect("it ends");
        assert!(begun.elapsed() < 2 * UNREAD, "{:?}", begun.elapsed());
    }
}
