//! Shell completions and man pages, made from the command line's own description.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use automata_compiler::codes;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap_complete::Shell;

use crate::verdict::Verdict;

/// Print shell completions
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    automata completions bash > ~/.local/share/bash-completion/completions/automata\n  \
    automata completions fish > ~/.config/fish/completions/automata.fish\n  \
    automata completions zsh > ~/.zfunc/_automata")]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub fn run(self, command: clap::Command) -> anyhow::Result<Verdict> {
        // Into memory first: the library takes a closed pipe for a bug.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut with_codes(command), "automata", &mut script);
        print(&script)
    }
}

/// With the codes that `explain` knows, which it also takes in other forms.
fn with_codes(command: clap::Command) -> clap::Command {
    let codes = PossibleValuesParser::new(codes::all().map(|code| PossibleValue::new(code.number).help(code.title)));
    command.mut_subcommand("explain", |explain| explain.mut_arg("code", |code| code.value_parser(codes)))
}

/// Print the man page, or write one for each command
#[derive(Args)]
#[command(after_help = "Examples:\n  automata man | man -l -\n  automata man --out ~/.local/share/man/man1")]
pub struct Man {
    /// Write automata.1 and one page for each command into this folder
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    out: Option<PathBuf>,
}

impl Man {
    pub fn run(self, command: clap::Command) -> anyhow::Result<Verdict> {
        match self.out {
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(command).render(&mut page)?;
                print(&page)
            }
            Some(folder) => {
                write_pages(command, &folder).with_context(|| format!("no man pages in {}", folder.display()))?;
                Ok(Verdict::Good)
            }
        }
    }
}

fn write_pages(command: clap::Command, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command, folder)?;
    Ok(())
}

fn print(bytes: &[u8]) -> anyhow::Result<Verdict> {
    let mut output = crate::terminal::plain_output();
    output.write_all(bytes)?;
    output.flush()?;
    Ok(Verdict::Good)
}
