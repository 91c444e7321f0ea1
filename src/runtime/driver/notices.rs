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

    /// Tells something in place of what was told before and began alike.
    pub fn tell_instead(&mut self, beginning: &str, notice: String) {
        self.0.retain(|told| !told.starts_with(beginning) || *told == notice);
        self.tell(notice);
    }

    /// All of them, the oldest first.
    #[must_use]
    pub fn all(&self) -> &[String] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_again_takes_the_place_of_what_was_told_before() {
        let mut notices = Notices::default();
        notices.tell("another thing".to_owned());
        for revision in 1..=3 {
            notices.tell_instead("a newer document", format!("a newer document: {revision}"));
        }
        assert_eq!(notices.all(), ["another thing", "a newer document: 3"]);
    }
}
