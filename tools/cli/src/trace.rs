//! A trace from a file, or from standard input.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use automata_compiler::model::System;
use automata_compiler::model_hash;
use automata_compiler::trace::{Next, Opening, Replay, Stream, Summary, TraceError, Watch};

/// A trace, open after its first two lines.
pub struct Trace {
    /// Its name.
    pub name: String,
    stream: Stream,
}

impl Trace {
    /// `-` is standard input.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let is_standard = path == Path::new("-");
        let name = if is_standard { "standard input".to_owned() } else { path.display().to_string() };
        let stream = if is_standard {
            Stream::open(io::stdin())
        } else {
            let file = File::open(path).with_context(|| format!("{name} cannot be read"))?;
            if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
                return Err(anyhow!("{name} is a folder\nhelp: name a trace file in it"));
            }
            Stream::open(file)
        };
        let stream = stream.map_err(|error| wrong(&name, &error))?;
        Ok(Self { name, stream })
    }

    /// The first two lines.
    pub fn opening(&self) -> &Opening {
        &self.stream.opening
    }

    /// Whether it was made under these definitions.
    pub fn is_of(&self, system: &System) -> bool {
        self.opening().first.model == model_hash(system)
    }

    /// Runs it again; what is wrong with a line is in the summary.
    pub fn replay(self, system: &Arc<System>, watch: &mut dyn Watch) -> Summary {
        self.stream.replay(system, watch)
    }

    /// Runs it on from where the replay is: after the first two lines.
    pub fn run(self, replay: &mut Replay, watch: &mut dyn Watch) -> Summary {
        self.stream.run(replay, watch)
    }

    /// All that comes after the first two lines.
    pub fn blocks(self) -> impl FnMut() -> Result<Next, TraceError> {
        self.stream.blocks()
    }
}

/// What is wrong with a line, with the name of the file.
pub fn wrong(name: &str, error: &TraceError) -> anyhow::Error {
    anyhow!("{name}, {error}")
}

/// A trace on the command line.
#[derive(clap::Args)]
pub struct TracePath {
    /// The trace; `-` reads standard input
    #[arg(value_name = "TRACE", value_hint = clap::ValueHint::FilePath)]
    pub trace: PathBuf,
}
