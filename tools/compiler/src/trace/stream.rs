//! A trace that comes byte by byte from somewhere: read and parsed in a separate thread, while the lines before are
//! replayed.
//!
//! Memory is bounded by the blocks that are read ahead, however long the trace is. Where it comes from is for the
//! caller: nothing here opens a file.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use automata_runtime::trace::LINE_LIMIT_BYTES;

use super::opening::Opening;
use super::reader::{Block, Reader, TraceError};
use super::replay::{Next, Replay, Summary, Watch};
use crate::model::System;

/// Bytes that are read at a time: few enough that they are still in the processor's cache when the other thread gets to
/// them.
const BLOCK_BYTES: usize = 1 << 18;

/// Blocks that are read ahead.
const BLOCKS_AHEAD: usize = 4;

/// A trace after its first two lines.
pub struct Stream {
    /// The first two lines.
    pub opening: Opening,
    rest: Box<dyn Read + Send>,
}

impl Stream {
    /// Reads the first two lines.
    ///
    /// # Errors
    /// If they are not those of a trace, or cannot be read.
    pub fn open(source: impl Read + Send + 'static) -> Result<Self, TraceError> {
        let mut reader = BufReader::with_capacity(1 << 16, source);
        let first = line(&mut reader, 1)?.unwrap_or_default();
        // Something that is not a trace may have any length: the rest is not read.
        let begin = first.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&first);
        let second = if begin.starts_with(b"{") { line(&mut reader, 2)? } else { None };
        let opening = Opening::read(&first, second.as_deref())?;
        Ok(Self { opening, rest: Box::new(reader) })
    }

    /// Runs it again under these definitions; what is wrong with a line is in the summary.
    pub fn replay(self, system: &Arc<System>, watch: &mut dyn Watch) -> Summary {
        match Replay::new(system, &self.opening) {
            Ok(mut replay) => self.run(&mut replay, watch),
            Err(parting) => Summary::parted(parting),
        }
    }

    /// Runs it on from where the replay is: after the first two lines.
    pub fn run(self, replay: &mut Replay, watch: &mut dyn Watch) -> Summary {
        let snapshot = &self.opening.snapshot;
        let system = replay.interpreter().system();
        let reader = Reader::for_replay(system, snapshot.sequence, snapshot.now_ms);
        replay.run(&mut following(self.rest, reader), watch)
    }

    /// Everything after the first two lines, for callers that do not replay.
    pub fn blocks(self) -> impl FnMut() -> Result<Next, TraceError> {
        let reader = Reader::new(self.opening.snapshot.sequence, self.opening.snapshot.now_ms);
        following(self.rest, reader)
    }
}

/// A line without its line feed; none at the end.
fn line(source: &mut impl BufRead, number: u64) -> Result<Option<Vec<u8>>, TraceError> {
    let mut line = Vec::new();
    let limit = LINE_LIMIT_BYTES as u64 + 2;
    let outcome = source.take(limit).read_until(b'\n', &mut line);
    outcome.map_err(|error| TraceError::new(number, format!("the trace cannot be read: {error}")))?;
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.is_empty() {
        return Ok(None);
    }
    Ok(Some(line))
}

fn following(source: Box<dyn Read + Send>, reader: Reader) -> impl FnMut() -> Result<Next, TraceError> {
    let receiver = read_ahead(source, reader);
    move || receiver.recv().unwrap_or_else(|_| Err(TraceError::new(0, "the thread that reads has ended")))
}

fn read_ahead(mut source: Box<dyn Read + Send>, mut reader: Reader) -> Receiver<Result<Next, TraceError>> {
    let (sender, receiver) = sync_channel(BLOCKS_AHEAD);
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        loop {
            let (next, outcome) = next(&mut source, &mut rest, &mut reader);
            let is_last = outcome.is_err() || matches!(next, Next::End(_));
            // The receiver has stopped.
            if sender.send(Ok(next)).is_err() {
                return;
            }
            if let Err(error) = outcome {
                let _ = sender.send(Err(error));
            }
            if is_last {
                return;
            }
        }
    });
    receiver
}

/// Whole lines, as many as a block holds; what is left over is kept for the next.
fn next(source: &mut dyn Read, rest: &mut Vec<u8>, reader: &mut Reader) -> (Next, Result<(), TraceError>) {
    loop {
        let before = rest.len();
        rest.reserve(BLOCK_BYTES);
        let read = match source.take(BLOCK_BYTES as u64).read_to_end(rest) {
            Ok(read) => read,
            Err(error) => return (Next::Block(Block::default()), Err(reader.broken(&error.to_string()))),
        };
        let last = rest[before..].iter().rposition(|&byte| byte == b'\n').map(|last| before + last + 1);
        if let Some(last) = last {
            let left = rest.split_off(last);
            let (block, outcome) = reader.read(std::mem::replace(rest, left));
            return (Next::Block(block), outcome);
        }
        if read == 0 || rest.len() > LINE_LIMIT_BYTES {
            return match reader.finish(rest) {
                Ok(ending) => (Next::End(ending), Ok(())),
                Err(error) => (Next::Block(Block::default()), Err(error)),
            };
        }
    }
}
