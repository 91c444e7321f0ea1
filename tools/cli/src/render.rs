//! `automata render`: pictures, tables and pages, of one automaton or all. The formats are those of `automata_outputs::OUTPUTS`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use automata_compiler::model::System;
use automata_compiler::source::Sources;
use automata_outputs::{OUTPUTS, Output};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::Verdict;
use crate::folder::{Folder, resolve, unknown};
use crate::links::Links;
use crate::terminal::{GOOD, output, styled};
use crate::watch::watch;

const ALL: &str = "all";

/// The file about the whole that people look for; the others (schema, index) come with their format.
const WHOLE: &str = "system";

/// Draw: pictures, tables and pages of one automaton or all
#[derive(Args)]
#[command(
    after_help = "With one format, files are DIR/NAME.EXTENSION; with several they lie in folders, as in generated/.\n\n\
    Examples:\n  \
    automata render tcp_connection > tcp_connection.svg\n  \
    automata render tcp_connection --format mermaid\n  \
    automata render --format svg,table --out /tmp/look\n  \
    automata render tcp_connection --out /tmp --watch     with the picture open in a browser"
)]
pub struct Render {
    /// The automaton, or a file about the whole system; all of them if none is named
    name: Option<String>,
    /// Which formats, with commas between
    #[arg(long, short, value_delimiter = ',', default_value = "svg", value_parser = formats())]
    format: Vec<String>,
    /// Write files into this folder, instead of one to standard output
    #[arg(long, short, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    out: Option<PathBuf>,
    /// Draw again whenever a definition changes
    #[arg(long, requires = "out")]
    watch: bool,
}

fn formats() -> PossibleValuesParser {
    let one = |output: &Output| PossibleValue::new(output.name).help(output.summary);
    let all = PossibleValue::new(ALL).help("Each of these.");
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
        let system = match resolve(sources)? {
            Ok(system) => system,
            Err(verdict) => return Ok(verdict),
        };
        let chosen = |output: &&Output| self.format.iter().any(|format| format == output.name || format == ALL);
        let chosen: Vec<&Output> = OUTPUTS.iter().filter(chosen).collect();
        let files = self.files(&system, sources, &chosen)?;
        let links = Links::to(folder)?;
        match (&self.out, files.values().next()) {
            (Some(out), _) => write_all(out, &files, &links)?,
            (None, Some(text)) if files.len() == 1 => {
                let mut output = std::io::stdout().lock();
                output.write_all(links.for_anywhere(text).as_bytes())?;
                output.flush()?;
            }
            (None, _) => bail!(
                "these are {} files, and standard output takes one\n\
                 help: name a folder with --out DIR, or one automaton and one format",
                files.len()
            ),
        }
        Ok(Verdict::Good)
    }

    /// Path below the output folder → text.
    fn files(
        &self,
        system: &System,
        sources: &Sources,
        chosen: &[&Output],
    ) -> anyhow::Result<BTreeMap<String, String>> {
        // With one format the folder would say nothing.
        let in_folders = chosen.len() > 1 || self.format.iter().any(|format| format == ALL);
        let mut files = BTreeMap::new();
        for output in chosen {
            let texts = match &self.name {
                None => output.render(system, sources),
                Some(name) => one(output, system, sources, name),
            };
            for (path, text) in texts {
                let path = if in_folders { path } else { path.rsplit('/').next().unwrap_or(&path).to_owned() };
                files.insert(path, text);
            }
        }
        if let (Some(name), true) = (&self.name, files.is_empty()) {
            let is_automaton = system.automaton(name).is_some();
            let shows = |output: &&Output| {
                is_automaton && output.automaton.is_some() || output.system.iter().any(|(stem, _)| stem == name)
            };
            let formats: Vec<&str> = OUTPUTS.iter().filter(shows).map(|output| output.name).collect();
            if !formats.is_empty() {
                bail!(
                    "the format `{}` shows nothing of `{name}`\nhelp: these do: {}",
                    self.format.join(","),
                    formats.join(", ")
                );
            }
            let names = system.automata.iter().map(|automaton| automaton.name.as_str()).chain([WHOLE]);
            bail!("{}", unknown("automaton", name, names));
        }
        Ok(files)
    }
}

/// What this format shows of that automaton, or the file about the whole of that name.
fn one(output: &Output, system: &System, sources: &Sources, name: &str) -> BTreeMap<String, String> {
    let automaton = system.automaton(name).zip(output.automaton).map(|(id, render)| render(system, sources, id));
    let whole = || output.system.iter().find(|(stem, _)| *stem == name).map(|(_, render)| render(system, sources));
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
