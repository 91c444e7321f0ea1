//! Tells the story while it happens.

use std::io::{self, Write as _};

use tokio::time::Instant;

/// Tells the story while it happens.
pub struct Teller {
    pub began: Instant,
    pub json: bool,
}

impl Teller {
    /// Something is done, or was said.
    pub fn tell(&self, who: &str, text: &str) {
        let seconds = self.began.elapsed().as_secs_f64();
        let mut out = io::stdout().lock();
        // Somebody who has seen enough is no reason to stop halfway.
        let _ = if self.json {
            writeln!(out, "{}", serde_json::json!({ "seconds": seconds, "who": who, "text": text }))
        } else {
            writeln!(out, "{seconds:6.2} s  {who:<6} {text}")
        };
    }
}
