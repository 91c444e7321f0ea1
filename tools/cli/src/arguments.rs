//! The command line: commands and common options.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::{check, diff, explain, generate, list, manual, new, render, replay, sequence, serve, simulate};

/// Check, view, run and generate automata: state machines declared in YAML.
#[derive(Parser)]
#[command(
    name = "automata",
    version,
    max_term_width = 110,
    after_help = "Exit codes: 0 success; 1 the definitions have errors (with `check --deny-warnings` also warnings), files differ, a trace and the definitions differ, or a property is violated; 2 error in this command.\n\n\
        Examples:\n  \
        automata check --watch               findings, again at each change\n  \
        automata explain A0012               what a finding means, with an example\n  \
        automata simulate tcp_connection     step through an automaton\n  \
        automata serve                       all of it in a browser, again at each change\n  \
        automata render tcp_connection --out /tmp\n  \
        automata replay node.trace           replay a recording\n  \
        automata new door                    a small definition to start from"
)]
pub struct Arguments {
    /// The folder of the definitions [default: `automata`, here or in a folder above]
    #[arg(long, aliases = ["folder", "dir"], global = true, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub automata: Option<PathBuf>,
    /// When to use colours: auto, always, never; NO_COLOR is respected
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub color: Color,
    /// The command
    #[command(subcommand)]
    pub command: Command,
}

/// When to use colours.
#[derive(Clone, Copy, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Even into a pipe
    Always,
    /// Nowhere
    Never,
}

impl Color {
    /// Sets it, everywhere.
    pub fn apply(self) {
        let choice = match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}

#[derive(Subcommand)]
pub enum Command {
    Check(check::Check),
    List(list::List),
    Explain(explain::Explain),
    Simulate(simulate::Simulate),
    Replay(replay::Replay),
    Diff(diff::Diff),
    Sequence(sequence::Sequence),
    Render(render::Render),
    Serve(serve::Serve),
    Generate(generate::Generate),
    New(new::New),
    Completions(manual::Completions),
    Man(manual::Man),
}
