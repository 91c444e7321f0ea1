//! What a check of `doctor` is, and what it finds.

use std::path::PathBuf;

use serde::Serialize;

use crate::api::answers::{Settings, Status};

/// A check in the list of all.
#[derive(Clone, Copy)]
pub struct Check {
    /// One or two words.
    pub name: &'static str,
    /// Looks.
    pub run: fn(&Patient) -> Finding,
}

/// What is looked at.
pub struct Patient {
    /// The home folder.
    pub home: PathBuf,
    /// The process of a node that answers.
    pub running: Option<u32>,
    /// What it answers.
    pub status: Option<Status>,
    /// What is wrong if a node cannot be asked, although one may be running.
    pub unreachable: Option<Finding>,
    /// All settings, or why they cannot be read.
    pub settings: Result<Settings, String>,
    /// The clock of this machine.
    pub now_unix_ms: u64,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How it is.
    pub verdict: Verdict,
    /// What was found, in one sentence.
    pub said: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Nothing that could be looked at now.
    Skipped,
    /// Worth knowing, and no fault.
    Notable,
    /// Not as it should be.
    Bad,
}

impl Verdict {
    /// The word for it, as in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Skipped => "skipped",
            Self::Notable => "notable",
            Self::Bad => "bad",
        }
    }
}

impl Finding {
    /// It is as it should be.
    pub fn good(said: impl Into<String>) -> Self {
        Self { verdict: Verdict::Good, said: said.into(), help: None }
    }

    /// It could not be looked at, and that is no fault.
    pub fn skipped(said: impl Into<String>) -> Self {
        Self { verdict: Verdict::Skipped, said: said.into(), help: None }
    }

    /// The user should know it, and it is no fault.
    pub fn notable(said: impl Into<String>, help: impl Into<String>) -> Self {
        Self { verdict: Verdict::Notable, said: said.into(), help: Some(help.into()) }
    }

    /// It is not as it should be.
    pub fn bad(said: impl Into<String>, help: impl Into<String>) -> Self {
        Self { verdict: Verdict::Bad, said: said.into(), help: Some(help.into()) }
    }
}
