//! Writing to standard output and standard error: colours where they can be seen, and no error when the reader has gone
//! away.
//!
//! A reader that goes away, as `head` does when it has enough, ends the printing and nothing else: the command does the
//! rest of its work, and its exit code is the same.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::AutoStream;
use clap::builder::styling::{AnsiColor, Style};

/// For emphasis: names, states.
pub const STRONG: Style = Style::new().bold();
/// For secondary text.
pub const FAINT: Style = Style::new().dimmed();
/// For success.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// For failure.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// For warnings.
pub const ODD: Style = AnsiColor::Yellow.on_default().bold();
/// For help.
pub const ADVICE: Style = AnsiColor::Cyan.on_default().bold();

/// The text in that style; streams of this module drop the style where it cannot be seen.
pub fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// The reader of standard output has gone away.
static OUTPUT_IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// The reader of standard error has gone away.
static ERRORS_ARE_CLOSED: AtomicBool = AtomicBool::new(false);

/// Writes as long as somebody reads.
pub struct WhileRead<W> {
    stream: W,
    is_closed: &'static AtomicBool,
}

impl<W> WhileRead<W> {
    /// What it came to, or `instead` if nobody reads.
    fn unless_closed<T>(&self, outcome: io::Result<T>, instead: T) -> io::Result<T> {
        match outcome {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed.store(true, Ordering::Relaxed);
                Ok(instead)
            }
            outcome => outcome,
        }
    }
}

impl<W: Write> Write for WhileRead<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closed.load(Ordering::Relaxed) {
            return Ok(bytes.len());
        }
        let outcome = self.stream.write(bytes);
        self.unless_closed(outcome, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let outcome = self.stream.flush();
        self.unless_closed(outcome, ())
    }
}

/// Standard output for people.
pub fn output() -> WhileRead<AutoStream<io::StdoutLock<'static>>> {
    WhileRead { stream: anstream::stdout().lock(), is_closed: &OUTPUT_IS_CLOSED }
}

/// Standard output for programs: everything as it is.
pub fn plain_output() -> WhileRead<io::StdoutLock<'static>> {
    WhileRead { stream: io::stdout().lock(), is_closed: &OUTPUT_IS_CLOSED }
}

/// Standard error for people.
pub fn errors() -> WhileRead<AutoStream<io::StderrLock<'static>>> {
    WhileRead { stream: anstream::stderr().lock(), is_closed: &ERRORS_ARE_CLOSED }
}

/// Whether nobody reads standard output any more, as far as is known from what was written.
pub fn is_output_closed() -> bool {
    OUTPUT_IS_CLOSED.load(Ordering::Relaxed)
}

/// Prints an error. Its text may continue with lines that begin with `help: `.
pub fn complain(error: &anyhow::Error) {
    let text = format!("{error:#}").replace("\nhelp: ", &format!("\n{} ", styled(ADVICE, "help:")));
    // If standard error is closed too, only the exit code shows it.
    let _ = writeln!(errors(), "{} {text}", styled(BAD, "error:"));
}

/// One JSON value to a line of standard output.
pub fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut output = plain_output();
    serde_json::to_writer(&mut output, value)?;
    output.write_all(b"\n")?;
    output.flush()?;
    Ok(())
}

/// `1 error`, `2 errors`.
pub fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
