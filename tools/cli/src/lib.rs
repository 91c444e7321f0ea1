//! The `automata` program: check, look at, run and generate automata definitions.
//!
//! A library, so that the tasks of a repository can call it without building or starting a second program. What it
//! prints for people goes through [`terminal`], what it prints for machines is plain JSON, one value to a line.

mod arguments;
mod check;
mod diff;
mod explain;
mod folder;
mod generate;
mod links;
mod list;
mod manual;
mod new;
mod places;
mod render;
mod replay;
mod sequence;
mod serve;
mod simulate;
mod terminal;
mod trace;
mod verdict;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser};

use arguments::{Arguments, Command};
use folder::Folder;
use verdict::Verdict;

/// Runs the command line; the first word is the name of the program.
#[must_use]
pub fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nothing can be written to a closed pipe, and nothing needs to be.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    arguments.color.apply();
    match perform(arguments) {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::from(1),
        Err(error) => {
            terminal::complain(&error);
            ExitCode::from(2)
        }
    }
}

fn perform(arguments: Arguments) -> anyhow::Result<Verdict> {
    let folder = || Folder::find(arguments.automata.as_deref());
    match arguments.command {
        Command::Check(command) => command.run(arguments.automata.as_deref()),
        Command::Render(command) => command.run(&folder()?),
        Command::Generate(command) => command.run(&folder()?),
        Command::Explain(command) => command.run(),
        Command::List(command) => command.run(&folder()?),
        Command::Simulate(command) => command.run(&folder()?),
        Command::Replay(command) => command.run(&folder()?),
        Command::Diff(command) => command.run(),
        Command::Serve(command) => command.run(arguments.automata.as_deref()),
        Command::Sequence(command) => command.run(&folder()?),
        Command::New(command) => command.run(arguments.automata.as_deref()),
        Command::Completions(command) => command.run(Arguments::command()),
        Command::Man(command) => command.run(Arguments::command()),
    }
}
