//! The first words in a bulk stream, and the answer to them.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::transports::BulkStream;
use crate::wire::{BULK_PREFACE_BYTES, BulkAnswer, BulkOpening};

/// How long the first words may take, once the stream is there.
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

/// Answers.
pub(super) async fn answer(stream: &mut BulkStream, answer: BulkAnswer) -> io::Result<()> {
    write(stream, &answer.encode()).await
}

async fn write(stream: &mut BulkStream, words: &[u8]) -> io::Result<()> {
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
