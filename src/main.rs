//! The `bitpie` program: from the words of a shell to the node that runs here, or to the client of one that runs already.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use bitpie::api::answers::{BackedUp, Id, Setting, Settings};
use bitpie::client::arguments::{Arguments, Command};
use bitpie::client::{self, Offline};
use bitpie::demo;
use clap::Parser as _;

/// What works without a running node, and who does it.
const OFFLINE: Offline = Offline { id, settings, set, backup, restore, checks: &[] };

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    arguments.color.apply();
    match &arguments.command {
        Command::Run(_) => {
            eprintln!(
                "error: this version of bitpie has no node to run: it has the node's automata and the framework that compiles, draws \
                 and runs them, but neither transports nor DHT nor services over real sockets yet\n\
                 help: `bitpie demo` shows the automata at work in a world in memory; `automata simulate NAME` lets you step through one"
            );
            ExitCode::from(2)
        }
        Command::Demo => match tell(arguments.json) {
            Ok(code) => code,
            // Somebody has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: the story cannot be written: {error}");
                ExitCode::from(2)
            }
        },
        _ => client::perform(arguments, &OFFLINE),
    }
}

fn tell(json: bool) -> io::Result<ExitCode> {
    let summary = if json {
        let mut lines = demo::Lines(io::BufWriter::new(io::stdout().lock()));
        let summary = demo::run(&mut lines)?;
        lines.0.flush()?;
        summary
    } else {
        let mut people = demo::People(anstream::stdout().lock());
        people.opening()?;
        let summary = demo::run(&mut people)?;
        people.ending(&summary)?;
        people.0.flush()?;
        summary
    };
    Ok(if summary.is_as_meant() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn id(home: &Path) -> anyhow::Result<Id> {
    bail!("no node is running in {}, and this version cannot tell without one", home.display())
}

fn settings(home: &Path) -> anyhow::Result<Settings> {
    bail!("no node is running in {}, and this version cannot tell without one", home.display())
}

fn set(home: &Path, _: &str, _: Option<&str>) -> anyhow::Result<Setting> {
    bail!("no node is running in {}, and this version cannot tell without one", home.display())
}

fn backup(home: &Path, _: &Path) -> anyhow::Result<BackedUp> {
    bail!("no node is running in {}, and this version cannot do it without one", home.display())
}

fn restore(from: &Path, home: &Path) -> anyhow::Result<()> {
    bail!("{} cannot be restored to {} in this version", from.display(), home.display())
}
