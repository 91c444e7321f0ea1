//! A recorder that keeps lines in memory, and can leave out what somebody else has no room for.

use super::add;
use super::left_out::Span;
use crate::automaton::Automaton;
use crate::delivery::{Delivery, Recorder};
use crate::secret::Key;

/// Records a line for each delivery into a buffer.
pub struct Lines {
    bytes: Vec<u8>,
    key: Key,
    /// What is being left out.
    span: Option<Box<Span>>,
}

impl Lines {
    /// An empty buffer. The key makes equal secrets recognisable within this run: random bytes that nobody else knows.
    #[must_use]
    pub const fn new(key: Key) -> Self {
        Self { bytes: Vec::new(), key, span: None }
    }

    /// Takes the lines since they were last taken or cleared. [`Lines::bytes`] and [`Lines::clear`] do the same and
    /// keep the memory.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// The lines since they were last taken or cleared.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Drops the lines, and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Adds a whole line, with its line feed.
    pub fn append(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
    }

    /// Between two inputs: what follows is left out, until [`Lines::take_left_out`]. `source` is who causes it, or
    /// nothing; called again, it adds another one.
    pub fn leave_out(&mut self, source: &str) {
        self.span.get_or_insert_default().add_source(source);
    }

    /// What is being left out at the moment.
    #[must_use]
    pub fn left_out(&self) -> Option<&Span> {
        self.span.as_deref()
    }

    /// Between two inputs: what follows is recorded again. What was left out, if it was anything, is for [`left_out`],
    /// which has to make its line before the next input, and for [`Lines::append`].
    #[must_use]
    pub fn take_left_out(&mut self) -> Option<Span> {
        self.span.take().map(|span| *span).filter(|span| span.deliveries() > 0)
    }
}

impl Recorder for Lines {
    fn secret_key(&self) -> Option<&Key> {
        Some(&self.key)
    }

    fn record<A: Automaton>(&mut self, delivery: &Delivery<'_, A>) {
        let Self { bytes, key, span } = self;
        if let Some(span) = span {
            return span.note(delivery, key);
        }
        add(bytes, key, |bytes| crate::line::write(delivery, bytes));
    }
}
