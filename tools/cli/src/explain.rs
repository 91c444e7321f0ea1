//! `automata explain`: what a code means, with an example and its fix.

use std::io::Write;

use anyhow::bail;
use automata_compiler::codes;
use automata_compiler::codes::{Code, Severity};
use automata_compiler::nearest::nearest;
use clap::Args;

use crate::terminal::{BAD, FAINT, ODD, STRONG, output, styled};
use crate::verdict::Verdict;

/// Explain a finding, with an example and its fix
#[derive(Args)]
#[command(
    after_help = "Examples:\n  automata explain           all codes\n  automata explain A0012\n  automata explain 12"
)]
pub struct Explain {
    /// The code, such as A0012; without one, all are listed
    code: Option<String>,
}

impl Explain {
    pub fn run(self) -> anyhow::Result<Verdict> {
        let mut output = output();
        match self.code.as_deref() {
            None => {
                for code in codes::all() {
                    writeln!(output, "{}  {}", number(code), code.title)?;
                }
                writeln!(output, "\n{}", styled(FAINT, "`automata explain CODE` explains one of them."))?;
            }
            Some(written) => {
                let Some(code) = find(written) else {
                    let near = near(written).map_or(String::new(), |code| format!("did you mean `{code}`? "));
                    bail!(
                        "there is no code `{}`\nhelp: {near}`automata explain` lists all codes",
                        written.escape_debug()
                    )
                };
                writeln!(output, "{}: {}\n", number(code), styled(STRONG, code.title))?;
                writeln!(output, "{}", code.explanation.trim())?;
            }
        }
        output.flush()?;
        Ok(Verdict::Good)
    }
}

fn find(written: &str) -> Option<&'static Code> {
    codes::find(written).or_else(|| codes::find(&format!("A{:04}", number_in(written)?)))
}

fn number_in(written: &str) -> Option<u64> {
    written.trim_start_matches(['a', 'A']).parse().ok()
}

/// The code that is spelled nearly like this. A number that is only close means something else.
fn near(written: &str) -> Option<&'static str> {
    nearest(written, codes::all().map(|code| code.number))
}

fn number(code: &Code) -> String {
    match code.severity {
        Severity::Error => styled(BAD, format_args!("error {}", code.number)),
        Severity::Warning => styled(ODD, format_args!("warning {}", code.number)),
    }
}
