//! Shell completions and man pages, made from the command line's own description.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

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
        write_pages(command, &folder).map_err(|error| {
            Failure::here(
                format!("no man pages in {}: {error}", folder.display()),
                "name a folder that you can write to",
            )
        })
    }
}

fn write_pages(command: Command, folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command, folder)?;
    // What this program makes is otherwise for its user alone, and manuals are for everybody.
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with("bitpie") && name.ends_with(".1")) {
            std::fs::set_permissions(entry.path(), Permissions::from_mode(0o644))?;
        }
    }
    Ok(())
}

fn print(bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut output = std::io::stdout().lock();
    output.write_all(bytes)?;
    Ok(output.flush()?)
}
