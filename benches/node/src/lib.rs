//! What the comparisons of the node and of its transports share: the alternatives, rounds in turns, and the machine.

pub mod echo;
pub mod exchange;
pub mod journal;
pub mod libp2p_side;
pub mod machine;
pub mod nodes;
pub mod rounds;
pub mod sides;

use std::path::{Path, PathBuf};

use clap::Args;

/// What any comparison can be told.
#[derive(Args)]
pub struct Options {
    /// A few seconds for each, to see that it works; the figures say little
    #[arg(long)]
    quick: bool,
    /// Rounds, of which the median is shown
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=101))]
    rounds: Option<u32>,
    /// Where homes and databases are made; what a commit costs depends on the disk below it
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// How much is measured, and where files are made.
pub struct Extent {
    /// A few seconds instead of minutes.
    pub is_quick: bool,
    /// How often each contender has its turn.
    pub rounds: u32,
    temporary: tempfile::TempDir,
}

impl Extent {
    /// What was asked for.
    ///
    /// # Errors
    /// If no folder can be made.
    pub fn of(options: &Options) -> anyhow::Result<Self> {
        let temporary = match &options.folder {
            Some(folder) => tempfile::tempdir_in(folder)?,
            None => tempfile::tempdir()?,
        };
        let rounds = options.rounds.unwrap_or(if options.quick { 1 } else { 5 });
        Ok(Self { is_quick: options.quick, rounds, temporary })
    }

    /// The folder; it is removed at the end.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.temporary.path()
    }
}
