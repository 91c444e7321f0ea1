//! `automata render`: pictures, tables and pages, of one automaton or all. The formats are those of
//! `automata_outputs::OUTPUTS`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use automata_compiler::interpreter::{Delivery, Interpreter};
use automata_compiler::model::{AutomatonId, System};
use automata_compiler::source::Sources;
use automata_compiler::trace::{LeftOut, Line, Replay, Usage, Watch};
use automata_outputs::{OUTPUTS, Output};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::folder::{Folder, resolve, resolve_sound, unknown};
use crate::links::Links;
use crate::places::{is_same, refuse_inside};
use crate::terminal::{GOOD, output, plain_output, styled};
use crate::trace::{Trace, wrong};
use crate::verdict::Verdict;
use crate::watch::watch;

const ALL: &str = "all";

/// The file about the whole system that people look for; the others (schema, index) come with their format.
const WHOLE: &str = "system";

/// Draw pictures, tables and pages of one automaton or all
#[derive(Args)]
#[command(after_help = "One format writes DIR/NAME.EXTENSION; several write into folders, as in generated/.\n\n\
    Examples:\n  \
    automata render tcp_connection > tcp_connection.svg\n  \
    automata render tcp_connection --format mermaid\n  \
    automata render --format svg,table --out /tmp/look\n  \
    automata render tcp_connection --trace node.trace > used.svg     what was used, and how often\n  \
    automata render tcp_connection --out /tmp --watch     with the picture open in a browser")]
pub struct Render {
    /// Automata; or `system` (the picture of all) and `README` (its reference page) [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Formats, separated by commas
    #[arg(long, short, value_delimiter = ',', default_value = "svg", value_parser = formats())]
    format: Vec<String>,
    /// Write files into this folder, instead of one file to standard output
    #[arg(long, short, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    out: Option<PathBuf>,
    /// Show how often each state and transition was used in this trace
    #[arg(long, value_name = "TRACE", conflicts_with = "watch", value_hint = clap::ValueHint::FilePath)]
    trace: Option<PathBuf>,
    /// Draw again whenever a definition changes
    #[arg(long, requires = "out")]
    watch: bool,
}

fn formats() -> PossibleValuesParser {
    let one = |output: &Output| PossibleValue::new(output.name).help(output.summary);
    let all = PossibleValue::new(ALL).help("All of these.");
    PossibleValuesParser::new(OUTPUTS.iter().map(one).chain([all]))
}

impl Render {
    pub fn run(self, folder: &Folder) -> anyhow::Result<Verdict> {
        if self.watch {
            return watch(folder, |sources| self.render(folder, sources));
        }
        self.render(folder, &folder.read()?)
    }

    fn render(&self, folder: &Folder, sources: &Sources) -> anyhow::Result<Verdict> {
        // A trace is of the whole system.
        let resolved = if self.trace.is_some() {
            resolve(folder, sources)?.map(|system| (system, Verdict::Good))
        } else {
            let names: Vec<&str> = self.names.iter().map(String::as_str).filter(|name| *name != WHOLE).collect();
            resolve_sound(folder, sources, &names)?
        };
        let (system, verdict) = match resolved {
            Ok(resolved) => resolved,
            Err(verdict) => return Ok(verdict),
        };
        let chosen = |output: &&Output| self.format.iter().any(|format| format == output.name || format == ALL);
        let chosen: Vec<&Output> = OUTPUTS.iter().filter(chosen).collect();
        let files = match &self.trace {
            Some(trace) => self.used(&system, sources, trace)?,
            None => self.files(&system, sources, &chosen)?,
        };
        let links = Links::to(folder)?;
        match (&self.out, files.values().next()) {
            (Some(out), _) => {
                self.refuse_places(out, &files, folder)?;
                write_all(out, &files, &links)?;
            }
            (None, Some(text)) if files.len() == 1 => {
                let mut output = plain_output();
                output.write_all(links.for_anywhere(text).as_bytes())?;
                output.flush()?;
            }
            (None, _) => {
                let of_one = chosen.iter().any(|output| output.automaton.is_some());
                let or_less = if of_one { ", or one automaton and one format" } else { "" };
                bail!(
                    "these are {} files; standard output takes one\nhelp: name a folder with --out DIR{or_less}",
                    files.len()
                )
            }
        }
        Ok(verdict)
    }

    /// Refuses to write folders among the definitions, or a picture over its own trace.
    fn refuse_places(&self, out: &Path, files: &BTreeMap<String, String>, folder: &Folder) -> anyhow::Result<()> {
        for target in files.keys().map(|path| out.join(path)) {
            let below = target.parent().unwrap_or(out);
            if !is_same(below, folder.path()) {
                refuse_inside(below, folder)?;
            }
            if let Some(trace) = self.trace.as_ref().filter(|trace| is_same(trace, &target)) {
                bail!("{} is the trace, so no picture is written to it\nhelp: name another folder", trace.display());
            }
        }
        Ok(())
    }

    /// Path below the output folder → text.
    fn files(
        &self,
        system: &System,
        sources: &Sources,
        chosen: &[&Output],
    ) -> anyhow::Result<BTreeMap<String, String>> {
        // With one format a folder would add nothing.
        let in_folders = chosen.len() > 1 || self.format.iter().any(|format| format == ALL);
        let mut files = BTreeMap::new();
        for output in chosen {
            let texts = if self.names.is_empty() {
                output.render(system, sources)
            } else {
                self.names.iter().flat_map(|name| one(output, system, sources, name)).collect()
            };
            for (path, text) in texts {
                let path = if in_folders { path } else { path.rsplit('/').next().unwrap_or(&path).to_owned() };
                files.insert(path, text);
            }
        }
        let shows = |name: &String| chosen.iter().any(|output| !one(output, system, sources, name).is_empty());
        if let Some(name) = self.names.iter().find(|name| !shows(name)) {
            let is_automaton = system.automaton(name).is_some();
            let shows = |output: &&Output| {
                is_automaton && output.automaton.is_some() || output.system.iter().any(|(stem, _)| stem == name)
            };
            let formats: Vec<&str> = OUTPUTS.iter().filter(shows).map(|output| output.name).collect();
            if !formats.is_empty() {
                bail!(
                    "the format `{}` does not show `{name}`\nhelp: these do: {}",
                    self.format.join(","),
                    formats.join(", ")
                );
            }
            let names = system.automata.iter().map(|automaton| automaton.name.as_str()).chain([WHOLE]);
            bail!("{}", unknown("automaton", name, names));
        }
        Ok(files)
    }

    /// Pictures with what was used in a trace: of the automata that were named, or all.
    fn used(&self, system: &Arc<System>, sources: &Sources, trace: &Path) -> anyhow::Result<BTreeMap<String, String>> {
        if let Some(format) = self.format.iter().find(|format| *format != "svg") {
            bail!(
                "the format `{format}` does not take a trace: only svg shows how often everything was used\n\
                 help: `--format svg`, or no format at all; `automata sequence` draws who said what to whom"
            );
        }
        let mut ids = Vec::new();
        for name in &self.names {
            ids.push(crate::folder::automaton(system, name)?);
        }
        if ids.is_empty() {
            ids.extend((0..system.automata.len() as u32).map(AutomatonId));
        }
        let usage = usage(system, trace)?;
        let picture = |id: AutomatonId| automata_outputs::svg::with_usage(system, sources, id, &usage);
        Ok(ids.into_iter().map(|id| (format!("{}.svg", system.automata[id].name), picture(id))).collect())
    }
}

/// What was used; a trace that does not match the definitions would show something that did not happen.
fn usage(system: &Arc<System>, path: &Path) -> anyhow::Result<Usage> {
    struct Count(Usage);
    impl Watch for Count {
        fn verified(&mut self, system: &System, delivery: &Delivery, _: Line<'_>) -> bool {
            self.0.count(system, delivery);
            true
        }

        fn left_out(&mut self, _: &Interpreter, left_out: &LeftOut, _: Line<'_>) -> bool {
            self.0.left_out += left_out.deliveries;
            true
        }
    }
    let trace = Trace::open(path)?;
    let (name, is_of) = (trace.name.clone(), trace.is_of(system));
    let parted = |line: u64| {
        let why = if is_of { "" } else { ", which are not those it was made under" };
        anyhow!(
            "{name} does not match these definitions from line {line} on{why}, so usage is not known\n\
             help: `automata replay {name}` shows where; --automata DIR names other definitions"
        )
    };
    let mut replay = Replay::new(system, trace.opening()).map_err(|parting| parted(parting.line))?;
    let mut count = Count(Usage::new(replay.interpreter()));
    let summary = trace.run(&mut replay, &mut count);
    match (summary.parting, summary.error) {
        (Some(parting), _) => Err(parted(parting.line)),
        (None, Some(error)) => Err(wrong(&name, &error)),
        (None, None) => Ok(count.0),
    }
}

/// What this format shows of that automaton, or the file about the whole of that name.
fn one(output: &Output, system: &System, sources: &Sources, name: &str) -> BTreeMap<String, String> {
    let automaton = system.automaton(name).zip(output.automaton).map(|(id, render)| render(system, sources, id));
    let whole = || output.whole(system).find(|(stem, _)| stem == name).map(|(_, render)| render(system, sources));
    automaton.or_else(whole).map(|text| (output.path(name), text)).into_iter().collect()
}

fn write_all(out: &Path, files: &BTreeMap<String, String>, links: &Links) -> anyhow::Result<()> {
    let mut output = output();
    for (path, text) in files {
        let target = out.join(path);
        let folder = target.parent().unwrap_or(out);
        std::fs::create_dir_all(folder).with_context(|| format!("{} could not be made", folder.display()))?;
        let text = links.for_folder(folder, text)?;
        std::fs::write(&target, text).with_context(|| format!("{} could not be written", target.display()))?;
        writeln!(output, "{} {}", styled(GOOD, "wrote"), target.display())?;
    }
    output.flush()?;
    Ok(())
}
