//! `automata simulate`: an automaton run by a person or a script. The interpreter does the work; this is its terminal.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use automata_compiler::model::System;
use automata_compiler::simulation::{Journal, Saved, Session, describe, play};
use automata_compiler::trace::Recording;
use automata_runtime::Record;
use clap::Args;

use crate::folder::{Folder, automaton, is_interactive, resolve_sound};
use crate::places::{is_same, refuse_definition};
use crate::terminal::{BAD, FAINT, STRONG, counted, errors, is_output_closed, output, print_json, styled};
use crate::verdict::Verdict;

/// Step through an automaton: see its state, the events it accepts, and what each does
#[derive(Args)]
#[command(
    after_help = "All automata of the folder run together; NAME is the one you see. Time passes only when you say so.\n\n\
    A script is JSON Lines, one step to a line. All keys are optional (`instance` and `fields` need `event`, `jump` needs `at_ms`):\n  \
    {\"at_ms\": 5000, \"instance\": \"door[1]\", \"event\": \"open\", \"fields\": {\"by\": \"alice\"}, \"conditions\": {\"locked\": false}}\n\
    at_ms       time passes up to then, and timers fire when they are due; with \"jump\": true they fire late, as when the machine slept\n\
    instance    receives the event; without it, NAME does\n\
    conditions  answers that hold from this line on until changed\n\n\
    Examples:\n  \
    automata simulate tcp_connection\n  \
    automata simulate 'tcp_connection[7]'\n  \
    automata simulate tcp_connection --script steps.jsonl\n  \
    automata simulate tcp_connection --script - --json < steps.jsonl | jq .outcome\n  \
    automata simulate tcp_connection --script steps.jsonl --trace run.trace     for `automata replay`\n  \
    automata simulate tcp_connection --save-script steps.jsonl                  saves your session as a script,\n                                                                           with what you typed, secrets too"
)]
pub struct Simulate {
    /// The automaton, or one of its instances: `name[key]`
    name: String,
    /// Run these steps instead of an interactive session; `-` reads standard input
    #[arg(long, value_name = "STEPS.jsonl", value_hint = clap::ValueHint::FilePath)]
    script: Option<PathBuf>,
    /// Print one JSON object for each delivery; with --script
    #[arg(long)]
    json: bool,
    /// Write what happened as a trace, for `automata replay`
    #[arg(long, value_name = "TRACE", value_hint = clap::ValueHint::FilePath)]
    trace: Option<PathBuf>,
    /// Write what was done as a script, for `--script`
    #[arg(long, value_name = "STEPS.jsonl", value_hint = clap::ValueHint::FilePath)]
    save_script: Option<PathBuf>,
}

impl Simulate {
    pub fn run(self, folder: &Folder) -> anyhow::Result<Verdict> {
        if self.json && self.script.is_none() {
            bail!(
                "--json needs --script: an interactive session prints text\n\
                 help: `automata simulate {} --script STEPS.jsonl --json`; `--script -` reads the steps from standard input",
                self.name.escape_debug()
            );
        }
        self.refuse_places(folder)?;
        let (name, _) = self.name.split_once('[').unwrap_or((&self.name, ""));
        let (system, _) = match resolve_sound(folder, &folder.read()?, &[name.trim()])? {
            Ok(resolved) => resolved,
            Err(verdict) => return Ok(verdict),
        };
        automaton(&system, name.trim())?;
        match &self.script {
            Some(path) => self.play(system, path),
            None => self.session(system, folder),
        }
    }

    /// Refuses to write over what is read, before anything is done.
    fn refuse_places(&self, folder: &Folder) -> anyhow::Result<()> {
        let written = [("--trace", &self.trace), ("--save-script", &self.save_script)];
        for (option, path) in written.into_iter().filter_map(|(option, path)| Some((option, path.as_ref()?))) {
            refuse_definition(path, folder)?;
            if self.script.as_ref().is_some_and(|script| is_same(script, path)) {
                bail!("{option} names the script {}, and would overwrite it\nhelp: name another file", path.display());
            }
        }
        match (&self.trace, &self.save_script) {
            (Some(trace), Some(script)) if is_same(trace, script) => {
                bail!("--trace and --save-script both name {}\nhelp: name two files", trace.display())
            }
            _ => Ok(()),
        }
    }

    fn play(&self, system: Arc<System>, path: &Path) -> anyhow::Result<Verdict> {
        let (named, text) = if path == Path::new("-") {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).context("standard input cannot be read as text")?;
            ("standard input".to_owned(), text)
        } else {
            let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
            (path.display().to_string(), text)
        };
        let (mut journal, mut steps) = (Journal::new(&system), String::new());
        let mut recording = Recording::begin(&system, PROGRAM, random_key());
        let (mut written, mut violated) = (Ok(()), Vec::new());
        let outcome = play(Arc::clone(&system), Some(&self.name), &text, &mut |input, deliveries| {
            if self.save_script.is_some() {
                journal.input(input, &deliveries, &mut steps);
            }
            for delivery in &deliveries {
                let properties = delivery.violations(&system).into_iter();
                violated.extend(properties.map(|property| (delivery.sequence, property)));
                if self.trace.is_some() {
                    recording.delivery(delivery);
                }
                if written.is_ok() {
                    written = self.tell(&delivery.record(&system));
                }
            }
        });
        written?;
        self.keep(&steps, &recording.end())?;
        match outcome {
            Ok(_) if violated.is_empty() => Ok(Verdict::Good),
            Ok(_) => {
                for (sequence, property) in violated {
                    let error = styled(BAD, "error:");
                    writeln!(errors(), "{error} the property {property} is violated since delivery #{sequence}")?;
                }
                Ok(Verdict::Bad)
            }
            Err(error) => bail!("{named}, {error}"),
        }
    }

    fn tell(&self, record: &Record) -> anyhow::Result<()> {
        if self.json { print_json(record) } else { Ok(writeln!(output(), "{}", describe(record))?) }
    }

    /// Writes the files that were asked for on the command line.
    fn keep(&self, script: &str, trace: &[u8]) -> anyhow::Result<()> {
        for (path, bytes) in [(&self.save_script, script.as_bytes()), (&self.trace, trace)] {
            if let Some(path) = path {
                write(path, bytes)?;
            }
        }
        Ok(())
    }

    fn session(&self, system: Arc<System>, folder: &Folder) -> anyhow::Result<Verdict> {
        let session = interactive(system, &self.name, folder)?;
        self.keep(&session.script(), &session.write_trace(PROGRAM, random_key()))?;
        Ok(Verdict::Good)
    }
}

/// What a trace calls this program.
pub const PROGRAM: &str = concat!("automata ", env!("CARGO_PKG_VERSION"));

/// It must not be guessable, and nobody needs to know it: the keys of two hash maps of the standard library are random
/// enough.
pub fn random_key() -> [u8; 32] {
    let mut key = [0; 32];
    for (index, part) in key.chunks_mut(8).enumerate() {
        let number = RandomState::new().hash_one(index);
        part.copy_from_slice(&number.to_be_bytes());
    }
    key
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("{} cannot be written", path.display()))
}

/// Writes a file that the person asked for, and says so; after an error the session continues.
fn save(session: &Session, file: &Saved, folder: &Folder) -> String {
    let (path, bytes) = match file {
        Saved::Script(path) => (path, session.script().into_bytes()),
        Saved::Trace(path) => (path, session.write_trace(PROGRAM, random_key())),
    };
    let path = Path::new(path);
    match refuse_definition(path, folder).and_then(|()| write(path, &bytes)) {
        Ok(()) => {
            let lines = bytes.iter().filter(|&&byte| byte == b'\n').count();
            format!("Wrote {} to {}.", counted(lines, "line"), path.display())
        }
        Err(error) => format!("{error:#}"),
    }
}

/// Runs the session with a person or a pipe until the end; what was done is in the session.
fn interactive(system: Arc<System>, name: &str, folder: &Folder) -> anyhow::Result<Session> {
    let (mut session, reply) = Session::new(system, name)?;
    let mut output = output();
    let person = is_interactive();
    if person {
        writeln!(
            output,
            "{}",
            styled(FAINT, "A number or a name sends that event; `help` lists the commands, `quit` ends.")
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
        if is_output_closed() {
            return Ok(session);
        }
        let Some(line) = lines.next() else {
            // End of input: a person pressed Control-D.
            writeln!(output)?;
            show(&mut output, &session.at_end_of_input().unwrap_or_default())?;
            return Ok(session);
        };
        let reply = session.line(&line.context("standard input cannot be read as text")?);
        if reply.quit {
            return Ok(session);
        }
        let text = reply.save.as_ref().map_or_else(|| reply.text.clone(), |file| save(&session, file, folder));
        if !person {
            // Input from a pipe would not be visible otherwise.
            writeln!(output)?;
        }
        show(&mut output, &text)?;
        if text.is_empty() {
            seen.clear();
        }
    }
}

fn show(output: &mut impl Write, text: &str) -> io::Result<()> {
    if text.is_empty() { Ok(()) } else { writeln!(output, "{}", text.trim_end()) }
}
