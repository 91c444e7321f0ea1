//! Writing a whole trace: nobody has to remember its first lines and its last one.
//!
//! The last line says how many there are, so a reader can tell a trace that ended cleanly from one that was cut off.
//! [`Output`] counts the lines and writes it when it is closed or dropped; [`Trace`] is a recorder on top of it, which
//! gets the first two lines from its bus.

use std::{fmt, io, thread};

use super::{Header, add};
use crate::automaton::Automaton;
use crate::delivery::{Delivery, Recorder};
use crate::opening::Opening;
use crate::secret::Key;

/// Records a whole trace: give it to [`Bus::with_recorder`](crate::Bus::with_recorder), and close it when the bus is no
/// longer needed.
///
/// ```text
/// let file = BufWriter::new(File::create("day.trace")?);
/// let mut bus = Bus::with_recorder(System::new(settings), Trace::new(file, header, random_bytes));
/// // …
/// bus.into_recorder().close()?;
/// ```
///
/// Each line is written as it comes, so `W` should have a buffer. Dropped instead of closed, it still ends the trace,
/// but errors are not reported.
pub struct Trace<W: io::Write> {
    output: Output<W>,
    header: Header,
    key: Key,
    /// The first error; nothing is written after it.
    error: Option<io::Error>,
    /// One line at a time; kept for its memory.
    line: Vec<u8>,
}

impl<W: io::Write> Trace<W> {
    /// Writes to `out`. The key makes equal secrets recognisable within this run: random bytes that nobody else knows.
    #[must_use]
    pub const fn new(out: W, header: Header, key: Key) -> Self {
        Self { output: Output::new(out), header, key, error: None, line: Vec::new() }
    }

    /// Ends the trace cleanly.
    ///
    /// # Errors
    /// The first error that `W` had, now or while the bus ran. What is written up to there can be replayed.
    pub fn close(self) -> io::Result<W> {
        match self.error {
            Some(error) => Err(error),
            None => self.output.close(),
        }
    }

    fn write(&mut self, make: impl FnOnce(&mut Vec<u8>, &Header, &Key)) {
        if self.error.is_none() {
            self.line.clear();
            make(&mut self.line, &self.header, &self.key);
            self.error = self.output.write(&self.line).err();
        }
    }
}

impl<W: io::Write> fmt::Debug for Trace<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Trace").field("lines", &self.output.lines).field("error", &self.error).finish()
    }
}

impl<W: io::Write> Recorder for Trace<W> {
    fn secret_key(&self) -> Option<&Key> {
        Some(&self.key)
    }

    fn open(&mut self, opening: &Opening<'_>) {
        self.write(|lines, header, key| opening.write(header, Some(key), lines));
    }

    fn record<A: Automaton>(&mut self, delivery: &Delivery<'_, A>) {
        self.write(|lines, _, key| add(lines, key, |line| crate::line::write(delivery, line)));
    }
}

/// Takes the lines of a trace, wherever they come from, and ends them cleanly when it is closed or dropped.
///
/// It writes no last line after an error, while its thread panics, or if nothing was written: then the trace did not
/// end cleanly.
pub struct Output<W: io::Write> {
    /// None once it is closed.
    out: Option<W>,
    lines: u64,
    has_failed: bool,
}

impl<W: io::Write> Output<W> {
    /// Writes to `out`.
    #[must_use]
    pub const fn new(out: W) -> Self {
        Self { out: Some(out), lines: 0, has_failed: false }
    }

    /// Writes whole lines, each with its line feed.
    ///
    /// # Errors
    /// Those of `W`. Nothing should be written after one.
    pub fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self.lines += lines.iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.attempt(|out| out.write_all(lines))
    }

    /// Flushes what was written.
    ///
    /// # Errors
    /// Those of `W`.
    pub fn flush(&mut self) -> io::Result<()> {
        self.attempt(io::Write::flush)
    }

    /// Writes the last line, and returns the writer.
    ///
    /// # Errors
    /// Those of `W`.
    pub fn close(mut self) -> io::Result<W> {
        self.end()?;
        self.into_inner()
    }

    /// Ends without writing the last line: for the copy of a trace that was cut off.
    ///
    /// # Errors
    /// Those of `W`.
    pub fn cut(mut self) -> io::Result<W> {
        self.flush()?;
        self.into_inner()
    }

    fn into_inner(mut self) -> io::Result<W> {
        self.out.take().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn end(&mut self) -> io::Result<()> {
        if self.lines > 0 {
            let end = format!("{{\"end\":{{\"lines\":{}}}}}\n", self.lines);
            self.attempt(|out| out.write_all(end.as_bytes()))?;
        }
        self.flush()
    }

    fn attempt(&mut self, write: impl FnOnce(&mut W) -> io::Result<()>) -> io::Result<()> {
        let outcome = self.out.as_mut().map_or(Ok(()), write);
        self.has_failed |= outcome.is_err();
        outcome
    }
}

impl<W: io::Write> Drop for Output<W> {
    fn drop(&mut self) {
        if self.out.is_some() && !self.has_failed && !thread::panicking() {
            // `close` reports an error; here nobody can be told.
            let _ = self.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    const END: &str = "{\"end\":{\"lines\":2}}\n";

    fn written(use_it: impl FnOnce(Output<&mut Vec<u8>>)) -> String {
        let mut bytes = Vec::new();
        use_it(Output::new(&mut bytes));
        String::from_utf8(bytes).expect("lines are texts")
    }

    #[test]
    fn closed_or_dropped_it_says_how_many_lines_there_are() {
        let closed = written(|mut output| {
            output.write(b"a\nb\n").expect("memory takes it");
            output.close().expect("memory takes it");
        });
        let dropped = written(|mut output| output.write(b"a\nb\n").expect("memory takes it"));
        assert_eq!((closed, dropped), (format!("a\nb\n{END}"), format!("a\nb\n{END}")));
    }

    #[test]
    fn what_is_not_in_good_order_does_not_say_that_it_is() {
        let cut = written(|mut output| {
            output.write(b"a\nb\n").expect("memory takes it");
            output.cut().expect("memory takes it");
        });
        assert_eq!(cut, "a\nb\n");
        assert_eq!(written(|output| drop(output)), "");
        let mut bytes = Vec::new();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let mut output = Output::new(&mut bytes);
            output.write(b"a\n").expect("memory takes it");
            panic!("on purpose");
        }));
        assert!(panicked.is_err());
        assert_eq!(bytes, b"a\n");
    }

    /// Takes that many bytes, then nothing.
    struct Small<'a>(&'a mut Vec<u8>, usize);

    impl io::Write for Small<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let room = self.1.saturating_sub(self.0.len()).min(bytes.len());
            if room == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0.extend_from_slice(&bytes[..room]);
            Ok(room)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn after_an_error_nothing_is_written_any_more() {
        let mut bytes = Vec::new();
        let mut output = Output::new(Small(&mut bytes, 3));
        assert!(output.write(b"a\nb\n").is_err());
        output.out.as_mut().expect("it is open").1 = 100;
        drop(output);
        assert_eq!(bytes, b"a\nb");
    }
}
