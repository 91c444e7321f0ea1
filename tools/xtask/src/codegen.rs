//! `cargo xtask codegen`: `automata generate` for this repository.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;

/// Rebuild generated/ from automata/.
#[derive(Args)]
pub struct Codegen {
    /// Write nothing; fail if a file differs from what would be written
    #[arg(long)]
    check: bool,
}

impl Codegen {
    pub fn run(self) -> ExitCode {
        let code = generate(self.check);
        if self.check && code == ExitCode::from(1) {
            eprintln!("In this repository, `cargo xtask codegen` runs it.");
        }
        code
    }
}

/// Writes or compares generated/.
pub fn generate(check: bool) -> ExitCode {
    let arguments: &[&str] = if check { &["generate", "--check"] } else { &["generate"] };
    tool(arguments, &crate::root().join("automata"))
}

/// Runs the `automata` program on a folder of definitions.
pub fn tool(arguments: &[&str], folder: &Path) -> ExitCode {
    let mut words: Vec<OsString> = vec!["automata".into()];
    words.extend(arguments.iter().map(Into::into));
    words.extend(["--automata".into(), folder.into()]);
    automata_cli::run(words)
}
