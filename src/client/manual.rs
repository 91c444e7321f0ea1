//! Shell completions and man pages, made from the command line's own description.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

use super::failure::Failure;

/// Print completions for a shell
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    bitpie completions bash > ~/.local/share/bash-completion/completions/bitpie\n  \
    bitpie completions fish > ~/.config/fish/completions/bitpie.fish\n  \
    bitpie completions zsh > ~/.zfunc/_bitpie")]
pub struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, mut command: Command) -> Result<(), Failure> {
        // Into memory first: the library takes a closed pipe for a bug.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "bitpie", &mut script);
        print(&script)
    }
}

/// Print the man page, or write one for each command
#[derive(Args)]
#[command(after_help = "Examples:\n  bitpie man | man -l -\n  bitpie man --out ~/.local/share/man/man1")]
pub struct Man {
    /// Write bitpie.1 and one page for each command into this folder
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    out: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(self, command: Command) -> Result<(), Failure> {
        let Some(folder) = self.out else {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            return print(&page);
        };
        std::fs::create_dir_all(&folder).and_then(|()| clap_mangen::generate_to(command, &folder)).map_err(|error| {
            Failure::here(
                format!("no man pages in {}: {error}", folder.display()),
                "name a folder that you can write to",
            )
        })
    }
}

fn print(bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut output = std::io::stdout().lock();
    output.write_all(bytes)?;
    Ok(output.flush()?)
}
