//! `automata generate`: everything generated from the definitions, in one folder, and nothing else in it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use automata_compiler::model::System;
use automata_compiler::source::Sources;
use clap::Args;

use crate::Verdict;
use crate::folder::{Folder, resolve};
use crate::links::Links;
use crate::terminal::{BAD, GOOD, counted, errors, output, styled};

/// Where the Rust goes; the other formats name their own folders.
const RUST: &str = "rust";

/// How many files are named when many differ.
const NAMED: usize = 20;

/// Write everything generated from the definitions: Rust, diagrams, tables, reference pages, schema
#[derive(Args)]
#[command(after_help = "If any definition has an error, nothing is written.\n\n\
    Examples:\n  \
    automata generate                    writes generated/ beside the folder of the definitions\n  \
    automata generate --check            writes nothing; fails and lists the files that differ")]
pub struct Generate {
    /// Where to write [default: `generated`, beside the folder of the definitions]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    out: Option<PathBuf>,
    /// Write nothing; fail if a file differs from what would be written
    #[arg(long)]
    check: bool,
}

impl Generate {
    pub fn run(self, folder: &Folder) -> anyhow::Result<Verdict> {
        let sources = folder.read()?;
        let system = match resolve(folder, &sources)? {
            Ok(system) => system,
            Err(verdict) => return Ok(verdict),
        };
        let out = match self.out {
            Some(out) => out,
            None => folder.parent()?.join("generated"),
        };
        let links = Links::to(folder)?;
        let linked = |mut files: BTreeMap<String, String>| -> anyhow::Result<BTreeMap<String, String>> {
            for (path, text) in &mut files {
                let target = out.join(path);
                *text = links.for_folder(target.parent().unwrap_or(&out), text)?;
            }
            Ok(files)
        };
        let mut wanted = linked(rust(&system, &sources))?;
        let mut written = 0;
        if !self.check {
            // The Rust comes first, so that no drawing keeps it from being written.
            let differences = Differences::in_files(&wanted, &out)?;
            differences.mend(&wanted, &out)?;
            written = differences.missing.len() + differences.changed.len();
        }
        wanted.extend(linked(automata_outputs::render_all(&system, &sources))?);
        let differences = Differences::between(&wanted, &out)?;
        if self.check {
            return differences.report(&out, wanted.len());
        }
        differences.mend(&wanted, &out)?;
        let mut output = output();
        writeln!(
            output,
            "{} in {}: {} written, {} removed",
            counted(wanted.len(), "file"),
            out.display(),
            written + differences.missing.len() + differences.changed.len(),
            differences.stale.len()
        )?;
        output.flush()?;
        Ok(Verdict::Good)
    }
}

/// The Rust, by its path in the folder.
fn rust(system: &System, sources: &Sources) -> BTreeMap<String, String> {
    let files = automata_compiler::rust::generate(system, sources, &automata_compiler::rust::Options::default());
    files.into_iter().map(|(path, text)| (format!("{RUST}/{path}"), text)).collect()
}

/// How a folder differs from what it should hold.
struct Differences {
    missing: Vec<String>,
    changed: Vec<String>,
    stale: Vec<String>,
}

impl Differences {
    /// Which of the wanted files differ.
    fn in_files(wanted: &BTreeMap<String, String>, out: &Path) -> anyhow::Result<Self> {
        let mut differences = Self { missing: Vec::new(), changed: Vec::new(), stale: Vec::new() };
        for (path, text) in wanted {
            match std::fs::read(out.join(path)) {
                Ok(bytes) if bytes == text.as_bytes() => {}
                Ok(_) => differences.changed.push(path.clone()),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => differences.missing.push(path.clone()),
                Err(error) => bail!("{} cannot be read: {error}", out.join(path).display()),
            }
        }
        Ok(differences)
    }

    /// Likewise, and which files should not exist.
    fn between(wanted: &BTreeMap<String, String>, out: &Path) -> anyhow::Result<Self> {
        let mut differences = Self::in_files(wanted, out)?;
        let mut there = Vec::new();
        // Files in these folders that are not generated are stale; anything beside them is left alone.
        let folders: BTreeSet<&str> =
            automata_outputs::OUTPUTS.iter().map(|output| output.folder).chain([RUST]).collect();
        for folder in folders {
            files_below(&out.join(folder), folder, &mut there)?;
        }
        there.retain(|path| !wanted.contains_key(path));
        there.sort();
        differences.stale = there;
        Ok(differences)
    }

    fn report(&self, out: &Path, files: usize) -> anyhow::Result<Verdict> {
        let all = [("missing", &self.missing), ("changed", &self.changed), ("stale", &self.stale)];
        let lines: Vec<(&str, &String)> =
            all.into_iter().flat_map(|(what, paths)| paths.iter().map(move |path| (what, path))).collect();
        if lines.is_empty() {
            let mut output = output();
            writeln!(output, "{}", styled(GOOD, format_args!("{} up to date", counted(files, "file"))))?;
            output.flush()?;
            return Ok(Verdict::Good);
        }
        let mut errors = errors();
        for (what, path) in lines.iter().take(NAMED) {
            writeln!(errors, "{what}: {}", out.join(path).display())?;
        }
        if lines.len() > NAMED {
            writeln!(errors, "… and {} more", lines.len() - NAMED)?;
        }
        writeln!(
            errors,
            "{} {} out of date\n{} run `automata generate` (here: `cargo xtask codegen`)",
            styled(BAD, "error:"),
            if lines.len() == 1 { "1 file is".to_owned() } else { format!("{} files are", lines.len()) },
            styled(crate::terminal::ADVICE, "help:"),
        )?;
        Ok(Verdict::Bad)
    }

    /// Writes only what differs, so that the times of other files stay; removes what is stale.
    fn mend(&self, wanted: &BTreeMap<String, String>, out: &Path) -> anyhow::Result<()> {
        for path in self.missing.iter().chain(&self.changed) {
            let target = out.join(path);
            let folder = target.parent().unwrap_or(out);
            std::fs::create_dir_all(folder).with_context(|| format!("{} could not be made", folder.display()))?;
            std::fs::write(&target, &wanted[path])
                .with_context(|| format!("{} could not be written", target.display()))?;
        }
        for path in &self.stale {
            let target = out.join(path);
            std::fs::remove_file(&target).with_context(|| format!("{} could not be removed", target.display()))?;
        }
        Ok(())
    }
}

/// Paths of all files below a folder, `/` between the parts, as seen from its parent. Links are not followed.
fn files_below(folder: &Path, named: &str, found: &mut Vec<String>) -> anyhow::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => bail!("{} cannot be read: {error}", folder.display()),
    };
    for entry in entries {
        let entry = entry?;
        let name = format!("{named}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            files_below(&entry.path(), &name, found)?;
        } else {
            found.push(name);
        }
    }
    Ok(())
}
