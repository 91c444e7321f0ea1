//! What the user should know, and would not see otherwise: said in the log and by `status` until the node stops.

/// Notices that are kept, at most; what there is more of is in the log.
const NOTICES: usize = 16;

/// What the user should know of this run.
#[derive(Debug, Default)]
pub struct Notices(Vec<String>);

impl Notices {
    /// Tells something, once.
    pub fn tell(&mut self, notice: String) {
        if self.0.contains(&notice) {
            return;
        }
        tracing::warn!("{notice}");
        if self.0.len() < NOTICES {
            self.0.push(notice);
        }
    }

    /// All of them, the oldest first.
    #[must_use]
    pub fn all(&self) -> &[String] {
        &self.0
    }
}
