//! `automata simulate`: an automaton at a person's hands, or at a script's. What it does is the interpreter's; here it meets the terminal.

use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use automata_compiler::model::System;
use automata_compiler::model_hash;
use automata_compiler::simulation::{Session, describe, run_script};
use automata_runtime::record::QUEUE_LIMIT;
use automata_runtime::trace::{FORMAT, FirstLine, Header, Output, SecondLine, Snapshot};
use clap::Args;

use crate::Verdict;
use crate::folder::{Folder, automaton, is_interactive, resolve_sound};
use crate::terminal::{FAINT, STRONG, output, print_json, styled};

/// Step through an automaton: what is it in, what would it accept, what does each do
#[derive(Args)]
#[command(
    after_help = "All automata of the folder run together; NAME is the one that is looked at. Time passes only when you say so.\n\n\
    A script is JSON Lines; every key may be left out, and answers hold from their line on:\n  \
    {\"at_ms\": 5000, \"instance\": \"door[1]\", \"event\": \"open\", \"fields\": {\"by\": \"alice\"}, \"conditions\": {\"locked\": false}}\n\
    Time passes up to at_ms, and timers are served when they are due; with \"jump\": true it jumps there, and they are served late,\n\
    as on a machine that slept.\n\n\
    Examples:\n  \
    automata simulate tcp_connection\n  \
    automata simulate 'tcp_connection[7]'\n  \
    automata simulate tcp_connection --script steps.jsonl\n  \
    automata simulate tcp_connection --script - --json < steps.jsonl | jq .outcome\n  \
    automata simulate tcp_connection --script steps.jsonl --trace run.trace     for `automata replay`"
)]
pub struct Simulate {
    /// The automaton, or one of its instances: `name[key]`
    name: String,
    /// Do these steps instead of asking a person; `-` reads standard input
    #[arg(long, value_name = "STEPS.jsonl", value_hint = clap::ValueHint::FilePath)]
    script: Option<PathBuf>,
    /// Print one JSON object for each delivery; with --script
    #[arg(long)]
    json: bool,
    /// Write the run as a trace, which `automata replay` can run again; with --script
    #[arg(long, value_name = "TRACE", requires = "script", value_hint = clap::ValueHint::FilePath)]
    trace: Option<PathBuf>,
}

impl Simulate {
    pub fn run(self, folder: &Folder) -> anyhow::Result<Verdict> {
        if self.json && self.script.is_none() {
            bail!(
                "--json needs --script: JSON output belongs to the run of a script; a person is told in words\n\
                 help: `automata simulate {} --script STEPS.jsonl --json`; `--script -` reads the steps from standard input",
                self.name.escape_debug()
            );
        }
        let (name, _) = self.name.split_once('[').unwrap_or((&self.name, ""));
        let (system, _) = match resolve_sound(folder, &folder.read()?, &[name.trim()])? {
            Ok(resolved) => resolved,
            Err(verdict) => return Ok(verdict),
        };
        automaton(&system, name.trim())?;
        match &self.script {
            Some(path) => script(system, path, self.json, self.trace.as_deref()),
            None => interactive(system, &self.name),
        }
    }
}

fn script(system: Arc<System>, path: &Path, json: bool, trace: Option<&Path>) -> anyhow::Result<Verdict> {
    let (named, text) = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).context("standard input cannot be read as text")?;
        ("standard input".to_owned(), text)
    } else {
        let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        (path.display().to_string(), text)
    };
    let mut written = Ok(());
    let mut lines = opening(&system)?;
    let outcome = run_script(system, &text, |record| {
        if trace.is_some() {
            lines.push(serde_json::to_string(&record).unwrap_or_default());
        }
        if written.is_ok() {
            written = if json {
                print_json(&record)
            } else {
                writeln!(output(), "{}", describe(&record)).map_err(Into::into)
            };
        }
    });
    written?;
    if let Some(path) = trace {
        let bytes: Vec<u8> = lines.iter().flat_map(|line| line.bytes().chain([b'\n'])).collect();
        let file = std::fs::File::create(path).map(Output::new);
        let written = file.and_then(|mut file| {
            file.write(&bytes)?;
            file.close()
        });
        written.with_context(|| format!("{} cannot be written", path.display()))?;
    }
    match outcome {
        Ok(_) => Ok(Verdict::Good),
        Err(error) => bail!("{named}, {error}"),
    }
}

/// The first two lines of a trace of a system that has not started yet.
fn opening(system: &System) -> anyhow::Result<Vec<String>> {
    let first = FirstLine {
        trace: FORMAT,
        header: Header { program: format!("automata {}", env!("CARGO_PKG_VERSION")), ..Header::default() },
        model: model_hash(system),
        queue_limit: QUEUE_LIMIT as u64,
        settings: serde_json::Map::new(),
    };
    let second = SecondLine { snapshot: Snapshot::default() };
    Ok(vec![serde_json::to_string(&first)?, serde_json::to_string(&second)?])
}

fn interactive(system: Arc<System>, name: &str) -> anyhow::Result<Verdict> {
    let (mut session, reply) = Session::new(system, name)?;
    let mut output = output();
    let person = is_interactive();
    if person {
        writeln!(
            output,
            "{}",
            styled(FAINT, "A number or a name sends that event; `help` tells the rest, `quit` ends.")
        )?;
    }
    show(&mut output, &reply.text)?;
    let mut lines = io::stdin().lock().lines();
    let mut seen = String::new();
    loop {
        let situation = session.situation();
        if situation != seen {
            write!(output, "\n{situation}")?;
            seen = situation;
        }
        write!(output, "{}", styled(STRONG, session.prompt()))?;
        output.flush()?;
        let Some(line) = lines.next() else {
            // End of input: a person pressed Control-D.
            writeln!(output)?;
            show(&mut output, &session.at_end_of_input().unwrap_or_default())?;
            return Ok(Verdict::Good);
        };
        let reply = session.line(&line.context("standard input cannot be read as text")?);
        if reply.quit {
            return Ok(Verdict::Good);
        }
        if !person {
            // What a pipe says is not seen otherwise.
            writeln!(output)?;
        }
        show(&mut output, &reply.text)?;
        if reply.text.is_empty() {
            seen.clear();
        }
    }
}

fn show(output: &mut impl Write, text: &str) -> io::Result<()> {
    if text.is_empty() { Ok(()) } else { writeln!(output, "{}", text.trim_end()) }
}
