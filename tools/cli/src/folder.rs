//! The folder of definitions: where it is, what is in it, and the names of what it declares.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use automata_compiler::diagnostic::{Diagnostic, Severity};
use automata_compiler::model::{AutomatonId, System};
use automata_compiler::nearest::nearest;
use automata_compiler::source::Sources;

use crate::Verdict;
use crate::terminal::{BAD, GOOD, ODD, counted, errors, styled};

/// What it is called unless `--automata` says otherwise.
pub const USUAL_NAME: &str = "automata";

/// So many names are listed in a message.
const NAMED: usize = 16;

/// A folder of definitions that exists.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The one that was named, or else the nearest `automata` here or in a folder above.
    pub fn find(named: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(path) = named {
            if !path.is_dir() {
                let what = if path.exists() { "is no folder" } else { "does not exist" };
                let help = match path.parent().filter(|_| path.is_file()) {
                    Some(around) if around == Path::new("") => ": `--automata .`".to_owned(),
                    Some(around) => format!(": `--automata {}`", around.display()),
                    None => String::new(),
                };
                bail!("{} {what}\nhelp: --automata names the folder that holds the definitions{help}", path.display());
            }
            return Ok(Self { path: path.to_owned() });
        }
        let here = std::env::current_dir().context("the current folder cannot be found")?;
        let found = here.ancestors().map(|above| above.join(USUAL_NAME)).find(|path| path.is_dir());
        match found {
            Some(path) => Ok(Self { path }),
            None => bail!(
                "there is no folder `{USUAL_NAME}` in {} or above\n\
                 help: name another one with --automata DIR, or make one with `automata new NAME`",
                here.display()
            ),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that it is in, where `generated` is too.
    pub fn parent(&self) -> anyhow::Result<PathBuf> {
        let path = std::path::absolute(&self.path).context("the current folder cannot be found")?;
        // `automata/..` and the like have no parent by name.
        let path = if path.file_name().is_some() { path } else { path.canonicalize()? };
        path.parent().map(Path::to_owned).with_context(|| format!("{} is in no folder", path.display()))
    }

    /// All definitions in it.
    pub fn read(&self) -> anyhow::Result<Sources> {
        automata_compiler::read_folder(&self.path)
            .with_context(|| format!("the definitions in {} cannot be read", self.path.display()))
    }

    /// The definitions, resolved; if they have errors, tells of them on standard error instead.
    pub fn system(&self) -> anyhow::Result<Result<Arc<System>, Verdict>> {
        resolve(&self.read()?)
    }
}

/// The definitions, resolved; if they have errors, tells of them on standard error instead. Warnings are left to `automata check`.
pub fn resolve(sources: &Sources) -> anyhow::Result<Result<Arc<System>, Verdict>> {
    let analysis = automata_compiler::analyse(sources);
    match analysis.system {
        Some(system) => Ok(Ok(Arc::new(system))),
        None => {
            let only_errors = analysis.findings.into_iter().filter(|it| it.code.severity == Severity::Error);
            let findings: Vec<Diagnostic> = only_errors.collect();
            let mut stream = errors();
            show(&mut stream, sources, &findings)?;
            writeln!(
                stream,
                "{} the definitions have {}; nothing was done",
                styled(BAD, "error:"),
                counted(findings.len(), "error")
            )?;
            Ok(Err(Verdict::Bad))
        }
    }
}

/// Shows findings to a person: of many alike the first ones.
pub fn show(stream: &mut impl Write, sources: &Sources, findings: &[Diagnostic]) -> std::io::Result<()> {
    let (shown, more) = automata_compiler::render::bounded(sources, findings);
    writeln!(stream, "{}", automata_compiler::render::coloured(sources, &shown))?;
    for line in &more {
        writeln!(stream, "{line}")?;
    }
    if more.is_empty() { Ok(()) } else { writeln!(stream) }
}

/// The automaton of that name.
pub fn automaton(system: &System, name: &str) -> anyhow::Result<AutomatonId> {
    let known = || system.automata.iter().map(|automaton| automaton.name.as_str());
    match system.automaton(name) {
        Some(id) => Ok(id),
        None => bail!("{}", unknown("automaton", name, known())),
    }
}

/// "There is no …", with what was probably meant and what there is.
pub fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let all: Vec<&str> = known.clone().collect();
    let help = match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if all.is_empty() => format!("there is no {what} at all"),
        None if all.len() > NAMED => format!("there are: {}, …", all[..NAMED].join(", ")),
        None => format!("there are: {}", all.join(", ")),
    };
    format!("there is no {what} `{}`\nhelp: {help}", name.escape_debug())
}

/// Numbers of a summary line: green if there is nothing to tell.
pub fn tally(errors: usize, warnings: usize) -> String {
    let style = match (errors, warnings) {
        (0, 0) => GOOD,
        (0, _) => ODD,
        _ => BAD,
    };
    styled(style, format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")))
}

/// Whether a person sits at both ends.
pub fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}
