//! The command line of the node.

use std::io::{self, Write};
use std::process::ExitCode;

use bitpie::demo;
use clap::{Parser, Subcommand};

/// A peer-to-peer node whose every behaviour is an explicit state machine.
#[derive(Parser)]
#[command(name = "bitpie", version, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the node (not in this version)
    Run,
    /// Show the node's automata at work: services, network, transport, sessions, contacts, in virtual time
    #[command(
        after_help = "The automata, the bus and the timers are those of the node. Network, DHT and the other node are a small \
        world in memory.\n\nExamples:\n  bitpie demo | less -R\n  bitpie demo --json | jq 'select(.outcome == \"taken\") | .after'"
    )]
    Demo {
        /// Print one JSON object for each delivery, and nothing else
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Run => {
            eprintln!(
                "error: this version of bitpie has no node to run: it has the node's automata and the framework that compiles, draws \
                 and runs them, but neither transports nor DHT nor services over real sockets yet\n\
                 help: `bitpie demo` shows the automata at work in a world in memory; `automata simulate NAME` lets you step through one"
            );
            ExitCode::from(2)
        }
        Command::Demo { json } => match tell(json) {
            Ok(code) => code,
            // Somebody has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: the story cannot be written: {error}");
                ExitCode::from(2)
            }
        },
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
