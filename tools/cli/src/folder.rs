//! The folder of definitions: where it is, what is in it, and the names of what it declares.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use automata_compiler::codes::Severity;
use automata_compiler::diagnostic::Diagnostic;
use automata_compiler::model::{AutomatonId, System};
use automata_compiler::nearest::nearest;
use automata_compiler::sound_part;
use automata_compiler::source::Sources;

use crate::terminal::{BAD, GOOD, ODD, counted, errors, styled};
use crate::verdict::Verdict;

/// Its name unless `--automata` says otherwise.
pub const USUAL_NAME: &str = "automata";

/// At most this many names, or errors in a line each, are listed.
const NAMED: usize = 16;

/// A folder of definitions that exists.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The one that was named, or else the nearest `automata` here or in a folder above.
    pub fn find(named: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(path) = named {
            return Self::at(path, "--automata names", "--automata ");
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

    /// The one at that path; where the path stands on the command line, for the help.
    pub fn at(path: &Path, what_names_it: &str, before_it: &str) -> anyhow::Result<Self> {
        if path.is_dir() {
            return Ok(Self { path: path.to_owned() });
        }
        let what = if path.exists() { "is not a folder" } else { "does not exist" };
        let help = match path.parent().filter(|_| path.is_file()) {
            Some(around) if around == Path::new("") => format!(": `{before_it}.`"),
            Some(around) => format!(": `{before_it}{}`", around.display()),
            None => String::new(),
        };
        bail!("{} {what}\nhelp: {what_names_it} the folder that holds the definitions{help}", path.display())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The way to it from the current folder, with `/` between the parts: goes before the name of a file that a person
    /// is to open. Empty if it is the current folder itself.
    pub fn seen_from_here(&self) -> String {
        let from_here = |path: &Path| {
            let here = std::env::current_dir().ok()?;
            let up = here.ancestors().position(|above| path.parent() == Some(above))?;
            Some(std::iter::repeat_n("..", up).collect::<PathBuf>().join(path.file_name()?))
        };
        let path = if self.path.is_absolute() { from_here(&self.path) } else { None };
        let path = path.as_deref().unwrap_or(&self.path);
        let parts = path.components().filter(|part| *part != std::path::Component::CurDir);
        parts.collect::<PathBuf>().to_string_lossy().replace('\\', "/")
    }

    /// The folder that contains it, and `generated` too.
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

    /// The definitions, resolved; if they have errors, prints them to standard error instead.
    pub fn system(&self) -> anyhow::Result<Result<Arc<System>, Verdict>> {
        resolve(self, &self.read()?)
    }

    /// The error that it contains no automaton.
    pub fn without_automata(&self) -> anyhow::Error {
        anyhow!("there is no automaton in {}\nhelp: `automata new NAME` makes one", self.path.display())
    }
}

/// The definitions, resolved; if they have errors, prints them to standard error instead. Warnings are left to
/// `automata check`.
pub fn resolve(folder: &Folder, sources: &Sources) -> anyhow::Result<Result<Arc<System>, Verdict>> {
    let analysis = automata_compiler::analyse(sources);
    match analysis.system {
        Some(system) if system.automata.is_empty() => Err(folder.without_automata()),
        Some(system) => Ok(Ok(Arc::new(system))),
        None => refuse(sources, analysis.findings, None).map(Err),
    }
}

/// As [`resolve`]; but an error in one file does not affect the others. The names are those of the automata that are
/// needed (none: all of them). With errors elsewhere the system is the sound part, each error is printed in one line,
/// and the verdict says whether everything requested is there.
pub fn resolve_sound(
    folder: &Folder,
    sources: &Sources,
    names: &[&str],
) -> anyhow::Result<Result<(Arc<System>, Verdict), Verdict>> {
    let analysis = automata_compiler::analyse(sources);
    if let Some(system) = analysis.system {
        let none = system.automata.is_empty();
        return if none { Err(folder.without_automata()) } else { Ok(Ok((Arc::new(system), Verdict::Good))) };
    }
    let part = sound_part(sources);
    if let Some(name) = names.iter().find(|name| part.left_out.iter().any(|left_out| left_out == *name)) {
        return refuse(sources, analysis.findings, Some(name)).map(Err);
    }
    if part.system.automata.is_empty() {
        return refuse(sources, analysis.findings, None).map(Err);
    }
    let mut stream = errors();
    let findings = errors_among(analysis.findings);
    for finding in findings.iter().take(NAMED) {
        writeln!(stream, "{}", automata_compiler::render::line(sources, finding))?;
    }
    if findings.len() > NAMED {
        writeln!(stream, "… and {} more; `automata check` shows them", findings.len() - NAMED)?;
    }
    let left_out = part.left_out.join(", ");
    writeln!(stream, "{} left out, with these errors: {left_out}", styled(ODD, "note:"))?;
    Ok(Ok((Arc::new(part.system), Verdict::good_if(!names.is_empty()))))
}

/// Shows the errors on standard error, and says that nothing was done because of them.
fn refuse(sources: &Sources, findings: Vec<Diagnostic>, wanted: Option<&str>) -> anyhow::Result<Verdict> {
    let findings = errors_among(findings);
    let mut stream = errors();
    show(&mut stream, sources, &findings)?;
    let why = match wanted {
        Some(name) => format!("`{name}` has errors, or names an automaton that has"),
        None => format!("the definitions have {}", counted(findings.len(), "error")),
    };
    writeln!(stream, "{} {why}; nothing was done", styled(BAD, "error:"))?;
    Ok(Verdict::Bad)
}

fn errors_among(findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    findings.into_iter().filter(|it| it.code.severity == Severity::Error).collect()
}

/// Shows findings to a person: only the first of many of the same kind.
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

/// "There is no …", with what was probably meant and the known names.
pub fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let all: Vec<&str> = known.clone().collect();
    // A file is not the name of what is in it, but says which one is meant.
    let stem = Path::new(name).file_stem().map(|stem| stem.to_string_lossy()).filter(|stem| *stem != name);
    let of_file = stem.and_then(|stem| all.iter().copied().find(|known| *known == stem));
    let help = match of_file.or_else(|| nearest(name, known)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if all.is_empty() => "there are none".to_owned(),
        None if all.len() > NAMED => format!("there are: {}, …", all[..NAMED].join(", ")),
        None => format!("there are: {}", all.join(", ")),
    };
    format!("there is no {what} `{}`\nhelp: {help}", name.escape_debug())
}

/// Numbers of a summary line: green if there is nothing to report.
pub fn tally(errors: usize, warnings: usize) -> String {
    let style = match (errors, warnings) {
        (0, 0) => GOOD,
        (0, _) => ODD,
        _ => BAD,
    };
    styled(style, format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")))
}

/// Whether input and output are a terminal.
pub fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}
