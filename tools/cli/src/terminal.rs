//! Writing for people: colours where they can be seen, and no error when the reader has gone away.

use std::io::{self, Write};

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

/// Standard output for people.
pub fn output() -> AutoStream<io::StdoutLock<'static>> {
    anstream::stdout().lock()
}

/// Standard error for people.
pub fn errors() -> AutoStream<io::StderrLock<'static>> {
    anstream::stderr().lock()
}

/// Prints an error. Its text may continue with lines that begin with `help: `.
pub fn complain(error: &anyhow::Error) {
    let text = format!("{error:#}").replace("\nhelp: ", &format!("\n{} ", styled(ADVICE, "help:")));
    // If standard error is closed too, only the exit code shows it.
    let _ = writeln!(errors(), "{} {text}", styled(BAD, "error:"));
}

/// Whether the reader of our output has gone away, as `head` does when it has enough.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
            || cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind)
                == Some(io::ErrorKind::BrokenPipe)
    })
}

/// One JSON value to a line of standard output.
pub fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    serde_json::to_writer(&mut output, value)?;
    output.write_all(b"\n")?;
    output.flush()?;
    Ok(())
}

/// `1 error`, `2 errors`.
pub fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
