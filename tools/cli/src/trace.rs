//! A trace as a file: its first two lines, and then the rest in blocks, read in a thread of its own while the last ones are replayed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::{Context, anyhow};
use automata_compiler::model::System;
use automata_compiler::model_hash;
use automata_compiler::trace::{Block, Next, Opening, Parting, Reader, Replay, Summary, TraceError, Watch};
use automata_runtime::trace::LINE_LIMIT_BYTES;

/// Octets that are read at a time.
const BLOCK_BYTES: usize = 1 << 20;

/// Blocks that are read ahead: memory is bounded by these, however long the trace.
const BLOCKS_AHEAD: usize = 4;

/// A trace, open after its first two lines.
pub struct Trace {
    /// What to call it.
    pub name: String,
    /// The first two lines.
    pub opening: Opening,
    rest: Box<dyn Read + Send>,
}

impl Trace {
    /// `-` is standard input.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let is_standard = path == Path::new("-");
        let name = if is_standard { "standard input".to_owned() } else { path.display().to_string() };
        let file: Box<dyn Read + Send> = if is_standard {
            Box::new(io::stdin())
        } else {
            let file = File::open(path).with_context(|| format!("{name} cannot be read"))?;
            if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
                return Err(anyhow!("{name} is a folder\nhelp: traces are files; name one of those in it"));
            }
            Box::new(file)
        };
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let mut line = || -> anyhow::Result<Option<Vec<u8>>> {
            let mut line = Vec::new();
            let limit = LINE_LIMIT_BYTES as u64 + 2;
            reader
                .by_ref()
                .take(limit)
                .read_until(b'\n', &mut line)
                .with_context(|| format!("{name} cannot be read"))?;
            if line.last() == Some(&b'\n') {
                line.pop();
            } else if line.is_empty() {
                return Ok(None);
            }
            Ok(Some(line))
        };
        let first = line()?.unwrap_or_default();
        // What is no trace may be of any length: it is not read on.
        let second = if first.starts_with(b"{") { line()? } else { None };
        let opening = Opening::read(&first, second.as_deref()).map_err(|error| wrong(&name, &error))?;
        Ok(Self { name, opening, rest: Box::new(reader) })
    }

    /// Whether it was made under these definitions.
    pub fn is_of(&self, system: &System) -> bool {
        self.opening.first.model == model_hash(system)
    }

    /// Runs it again; what is wrong with a line is in the summary.
    pub fn replay(self, system: &Arc<System>, watch: &mut dyn Watch) -> Summary {
        match Replay::new(system, &self.opening) {
            Ok(mut replay) => self.run(&mut replay, watch),
            Err(parting) => parted_at_once(parting),
        }
    }

    /// Runs it on from where the replay is: after the first two lines.
    pub fn run(self, replay: &mut Replay, watch: &mut dyn Watch) -> Summary {
        let mut blocks = self.blocks();
        replay.run(&mut blocks, watch)
    }

    /// All that comes after the first two lines.
    pub fn blocks(self) -> impl FnMut() -> Result<Next, TraceError> {
        let receiver = read_ahead(self.rest, &self.opening);
        move || receiver.recv().unwrap_or_else(|_| Err(TraceError::new(0, "the thread that reads has ended")))
    }
}

/// The situation is none of these definitions.
pub fn parted_at_once(parting: Parting) -> Summary {
    Summary {
        verified: 0,
        inputs: 0,
        at_ms: 0,
        parting: Some(parting),
        is_incomplete: false,
        ending: None,
        error: None,
    }
}

/// What is wrong with a line, with the name of the file.
pub fn wrong(name: &str, error: &TraceError) -> anyhow::Error {
    anyhow!("{name}, {error}")
}

fn read_ahead(mut source: Box<dyn Read + Send>, opening: &Opening) -> Receiver<Result<Next, TraceError>> {
    let (sender, receiver) = sync_channel(BLOCKS_AHEAD);
    let mut reader = Reader::new(opening.snapshot.sequence, opening.snapshot.now_ms);
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        loop {
            let outcome = next(&mut source, &mut rest, &mut reader);
            let is_last = !matches!(outcome, (Next::Block(_), Ok(())));
            let (next, error) = outcome;
            if sender.send(Ok(next)).is_err() {
                return;
            }
            if let Err(error) = error {
                // Whoever does not want to know any more has gone.
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

/// A trace on the command line.
#[derive(clap::Args)]
pub struct TracePath {
    /// The trace; `-` reads standard input
    #[arg(value_name = "TRACE", value_hint = clap::ValueHint::FilePath)]
    pub trace: PathBuf,
}
