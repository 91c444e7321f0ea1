//! The first words in a bulk stream, and the answer to them.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::transports::BulkStream;
use crate::wire::{BULK_PREFACE_BYTES, BulkAnswer, BulkOpening, CarryRefusal};

/// How long the first words may take, once the stream is there, and how long the answer may take to be sent.
const OPENING_TIMEOUT: Duration = Duration::from_secs(10);

/// Says what a stream is for, and waits for the answer. Whoever waits says for how long.
pub(super) async fn ask(stream: &mut BulkStream, opening: BulkOpening) -> io::Result<BulkAnswer> {
    write(stream, &opening.encode()).await?;
    BulkAnswer::decode(&read(stream).await?).map_err(io::Error::other)
}

/// Reads what a stream is for.
pub(super) async fn read_opening(stream: &mut BulkStream) -> io::Result<BulkOpening> {
    let bytes = timeout(OPENING_TIMEOUT, read(stream)).await.map_err(|_| io::ErrorKind::TimedOut)?;
    BulkOpening::decode(&bytes?).map_err(io::Error::other)
}

/// Answers. Whoever asked may not read.
pub(super) async fn answer(stream: &mut (impl AsyncWrite + Unpin), answer: BulkAnswer) -> io::Result<()> {
    timeout(OPENING_TIMEOUT, write(stream, &answer.encode())).await.map_err(|_| io::ErrorKind::TimedOut)?
}

/// Answers with a refusal, and ends the stream; without the end, the answer might be cut off.
pub(super) async fn turn_down(stream: &mut (impl AsyncWrite + Unpin), reason: CarryRefusal) -> io::Result<()> {
    answer(stream, BulkAnswer::TurnedDown(reason)).await?;
    timeout(OPENING_TIMEOUT, stream.shutdown()).await.map_err(|_| io::ErrorKind::TimedOut)?
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), words: &[u8]) -> io::Result<()> {
    let length = u32::try_from(words.len()).expect("it is short");
    stream.write_all(&[&length.to_be_bytes(), words].concat()).await?;
    stream.flush().await
}

async fn read(stream: &mut BulkStream) -> io::Result<Vec<u8>> {
    let length = usize::try_from(stream.read_u32().await?).unwrap_or(usize::MAX);
    if length > BULK_PREFACE_BYTES {
        return Err(io::Error::other(format!("{length} bytes are announced, and {BULK_PREFACE_BYTES} are allowed")));
    }
    let mut words = vec![0; length];
    stream.read_exact(&mut words).await?;
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::duplex;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_read_the_answer_is_not_waited_for() {
        let (mut stream, _unread) = duplex(1);
        let begun = Instant::now();
        let answered = answer(&mut stream, BulkAnswer::Taken).await;
        assert_eq!(answered.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
        let turned_down = turn_down(&mut stream, CarryRefusal::NotHere).await;
        assert_eq!(turned_down.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
        assert_eq!(begun.elapsed(), 2 * OPENING_TIMEOUT);
    }
}
