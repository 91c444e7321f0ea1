//! What a command comes to.

/// The result of a command. (A failure is an error, and exit code 2.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Exit code 0.
    Good,
    /// The definitions have findings, files differ, or a trace parts from the definitions: exit code 1.
    Bad,
}

impl Verdict {
    pub fn good_if(good: bool) -> Self {
        if good { Self::Good } else { Self::Bad }
    }
}
