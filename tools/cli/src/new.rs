//! `automata new`: a small valid definition to start from.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use automata_compiler::model::System;
use automata_compiler::naming::{Convention, reserved};
use automata_compiler::source::{Source, Sources};
use automata_outputs::schema;
use clap::Args;

use crate::folder::{Folder, USUAL_NAME, unknown};
use crate::terminal::{BAD, GOOD, ODD, errors, output, styled};
use crate::verdict::Verdict;

const TEMPLATE: &str = include_str!("template.yaml");

/// The part that is declared if there is none yet.
const FIRST_PART: &str = "program";

const PARTS_FILE: &str = "parts.yaml";

/// Files that are not read as automata.
const OTHER_FILES: [&str; 2] = ["types", "parts"];

const ANOTHER: &str = "help: choose another name";

/// Write a small valid definition to start from
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    automata new door                    writes automata/door.yaml; parts.yaml and the schemas for editors if missing\n  \
    automata new lamp --part hardware    its events come from the part `hardware`, which parts.yaml declares if it is there\n\n\
    Nothing is overwritten. `automata simulate NAME` then runs it, `automata render NAME` draws it.")]
pub struct New {
    /// Its name, in snake_case
    name: String,
    /// The part that sends its events and performs its actions [default: the first of parts.yaml]
    #[arg(long)]
    part: Option<String>,
}

impl New {
    pub fn run(self, named: Option<&Path>) -> anyhow::Result<Verdict> {
        let name = &self.name;
        if !Convention::SnakeCase.fits(name) {
            let form =
                "a name is in snake_case: lower-case letters, digits and single underscores, starting with a letter";
            let help = match Convention::SnakeCase.apply(name) {
                Some(near) => format!("{form}; such as `{near}`"),
                None => form.to_owned(),
            };
            bail!("`{}` cannot be the name of an automaton\nhelp: {help}", name.escape_debug());
        }
        if OTHER_FILES.contains(&name.as_str()) {
            bail!("`{name}` cannot be the name of an automaton: {name}.yaml declares the {name}\n{ANOTHER}");
        }
        if let Some(reason) = reserved(name) {
            bail!("`{name}` cannot be the name of an automaton: it is {reason}\n{ANOTHER}");
        }
        let path = place(named)?;
        let sources = if path.is_dir() { Folder::find(Some(&path))?.read()? } else { Sources::default() };
        let parts = parts(&sources);
        if parts.contains(name) {
            let file = path.join(PARTS_FILE);
            bail!("`{name}` cannot be the name of an automaton: {} has a part of that name\n{ANOTHER}", file.display());
        }
        let part = match (self.part, parts.first()) {
            (Some(part), Some(_)) if !parts.contains(&part) => bail!(
                "{}\nhelp: to declare it, add a line to {}",
                unknown("part", &part, parts.iter().map(String::as_str)),
                path.join(PARTS_FILE).display()
            ),
            (Some(part), _) if Convention::SnakeCase.fits(&part) => part,
            (Some(part), _) => {
                bail!("`{}` cannot be the name of a part\nhelp: write it in snake_case", part.escape_debug())
            }
            (None, Some(first)) => first.clone(),
            (None, None) => FIRST_PART.to_owned(),
        };
        let mut files = vec![(format!("{name}.yaml"), TEMPLATE.replace("NAME", name).replace("PART", &part))];
        if parts.is_empty() {
            files.push((PARTS_FILE.to_owned(), parts_file(&part)));
        }
        for (file, _) in &files {
            if path.join(file).exists() {
                bail!("{} exists already\nhelp: choose another name, or remove it first", path.join(file).display());
            }
        }
        if !fits_in(&sources, &path, &files)? {
            return Ok(Verdict::Bad);
        }
        std::fs::create_dir_all(&path).with_context(|| format!("{} could not be made", path.display()))?;
        for (file, text) in files.iter().rev() {
            write_new(&path.join(file), text)?;
        }
        let mut output = output();
        for (file, _) in files.iter().rev() {
            writeln!(output, "{} {}", styled(GOOD, "wrote"), path.join(file).display())?;
        }
        for line in write_schemas(&Folder::find(Some(&path))?)? {
            writeln!(output, "{line}")?;
        }
        writeln!(output, "next: `automata simulate {name}` runs it, `automata render {name} --out .` draws it")?;
        output.flush()?;
        Ok(Verdict::Good)
    }
}

/// The folder to write to: the one that was named, or the nearest, or one in the current folder.
fn place(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    match named {
        Some(path) => Ok(path.to_owned()),
        None => match Folder::find(None) {
            Ok(folder) => Ok(folder.path().to_owned()),
            Err(_) => Ok(PathBuf::from(USUAL_NAME)),
        },
    }
}

/// The function that makes the schema of a kind of file.
type Schema = fn(&System, &Sources) -> String;

/// Writes the schemas that the first lines of the files name, where `automata generate` writes them too; says what was
/// written, and which of them differ from those of this program and are left as they are.
fn write_schemas(folder: &Folder) -> anyhow::Result<Vec<String>> {
    let target = folder.parent()?.join("generated/schema");
    std::fs::create_dir_all(&target).with_context(|| format!("{} could not be made", target.display()))?;
    let schemas: [(&str, Schema); 3] =
        [("automaton", schema::automaton), ("parts", schema::parts), ("types", schema::types)];
    let mut said = Vec::new();
    for (name, schema) in schemas {
        let path = target.join(format!("{name}.json"));
        let text = schema(&System::default(), &Sources::default());
        match std::fs::read(&path) {
            Ok(bytes) if bytes == text.as_bytes() => {}
            Ok(_) => said.push(format!(
                "{} {} as it is: from another version; `automata generate` writes it again",
                styled(ODD, "left"),
                path.display()
            )),
            Err(_) => {
                write_new(&path, &text)?;
                said.push(format!("{} {}", styled(GOOD, "wrote"), path.display()));
            }
        }
    }
    Ok(said)
}

/// Names of the declared parts, in the order of the names.
fn parts(sources: &Sources) -> Vec<String> {
    let only = sources.iter().map(|(_, source)| source).filter(|source| file_name(&source.path) == PARTS_FILE).cloned();
    let system = automata_compiler::analyse(&Sources::new(only.collect())).system;
    system.map(|system| system.parts.into_iter().map(|part| part.name).collect()).unwrap_or_default()
}

fn parts_file(part: &str) -> String {
    format!(
        "# yaml-language-server: $schema=../generated/schema/parts.json\n\
         # The parts of the program that are not automata: who sends events in, and who performs actions.\nparts:\n  {part}: Everything around the automata.\n"
    )
}

/// Whether the files, with the existing ones, have no findings; prints any findings.
fn fits_in(sources: &Sources, folder: &Path, files: &[(String, String)]) -> anyhow::Result<bool> {
    let folder = folder.file_name().map_or_else(|| USUAL_NAME.into(), |name| name.to_string_lossy());
    let added = files.iter().map(|(file, text)| Source { path: format!("{folder}/{file}"), text: text.clone() });
    let together = Sources::new(sources.iter().map(|(_, source)| source.clone()).chain(added).collect());
    let mut findings = automata_compiler::analyse(&together).findings;
    findings.retain(|finding| {
        let path = &together.get(finding.span.file).path;
        files.iter().any(|(file, _)| file_name(path) == file)
    });
    if findings.is_empty() {
        return Ok(true);
    }
    let mut errors = errors();
    writeln!(errors, "{}", automata_compiler::render::coloured(&together, &findings))?;
    writeln!(errors, "{} nothing was written: with this name it would have findings", styled(BAD, "error:"))?;
    Ok(false)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Writes a file that must not exist yet.
fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let write = || -> io::Result<()> { std::fs::File::create_new(path)?.write_all(text.as_bytes()) };
    write().with_context(|| format!("{} could not be written", path.display()))
}
