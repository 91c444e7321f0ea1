//! `automata check`: all findings of all definitions, or of those that are named.

mod counts;
mod place;
mod report;
mod targets;
mod unexpected;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use automata_compiler::codes::Severity;
use automata_compiler::diagnostic::Diagnostic;
use automata_compiler::model::System;
use automata_compiler::source::Sources;
use automata_compiler::{render, sound_part};
use clap::{Args, ValueEnum};

use crate::folder::show;
use crate::terminal::{FAINT, ODD, counted, output, print_json, styled};
use crate::verdict::Verdict;
use crate::watch::watch;
use counts::Counts;
use report::{Finding, Report, annotation};
use targets::{Target, automaton_of, file_name};
use unexpected::{Cell, Unexpected};

/// Errors of other files that are named beside the findings of the files that were asked for.
const ELSEWHERE_SHOWN: usize = 5;

/// Find errors in the definitions, and what was probably not meant
#[derive(Args)]
#[command(
    after_help = "NAME is a folder, a file, an automaton, or `-` for a definition on standard input. Of a folder that has no definitions but a\n\
    folder `automata`, that one is checked. A bare word is an automaton if there is one of that name; `./door` is always a path.\n\
    Files are checked together with the rest of their folder. Errors elsewhere are named, and fail the check only if they keep\n\
    these files from being checked. A definition on standard input takes the place of the file of that name.\n\n\
    Examples:\n  \
    automata check                       the whole folder\n  \
    automata check door                  one automaton\n  \
    automata check examples/*/automata   several folders\n  \
    automata check - < draft.yaml        before it is saved\n  \
    automata check --deny-warnings       for continuous integration\n  \
    automata check --unexpected door     which events no state of it answers\n  \
    automata check --format github       shown beside the lines of a pull request\n  \
    automata check --json | jq '.findings[] | .path, .line'\n  \
    automata check --watch               again at each change, until interrupted"
)]
pub struct Check {
    /// What to check: folders, files, automata, `-` [default: the whole folder]
    #[arg(value_name = "NAME", value_hint = clap::ValueHint::AnyPath)]
    names: Vec<PathBuf>,
    /// How to print findings
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// Print one JSON object with counts and findings: `--format json`
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// List the events that no state answers, for each state; with --deny-warnings, fail if there are any
    #[arg(long)]
    unexpected: bool,
    /// Fail if there are warnings
    #[arg(long)]
    deny_warnings: bool,
    /// Check again whenever a definition changes
    #[arg(long)]
    watch: bool,
}

/// For whom findings are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: with the lines of the file
    Human,
    /// One JSON object with counts and findings
    Json,
    /// Annotations of GitHub Actions
    Github,
}

impl Check {
    pub fn run(self, folder: Option<&Path>) -> anyhow::Result<Verdict> {
        let targets = targets::find(&self.names, folder)?;
        if self.watch {
            let [Target { folder: Some(folder), .. }] = targets.as_slice() else {
                bail!("--watch takes one folder, or files of one folder");
            };
            if self.names.iter().any(|name| name == Path::new("-")) {
                bail!("--watch cannot read standard input again\nhelp: name a file instead");
            }
            return watch(folder, |sources| {
                self.report(&[Judged::new(&targets[0], sources.clone(), self.unexpected)?])
            });
        }
        let judged: anyhow::Result<Vec<Judged>> =
            targets.iter().map(|target| Judged::new(target, target.read()?, self.unexpected)).collect();
        self.report(&judged?)
    }

    fn report(&self, all: &[Judged]) -> anyhow::Result<Verdict> {
        let counts = all.iter().map(|judged| judged.counts).reduce(Counts::and).unwrap_or_default();
        let format = if self.json { Format::Json } else { self.format };
        match format {
            Format::Json => print_json(&Report {
                counts,
                findings: all.iter().flat_map(|judged| judged.each(&judged.findings)).collect(),
                elsewhere: all.iter().flat_map(|judged| judged.each(&judged.elsewhere)).collect(),
                unexpected: self.unexpected.then(|| all.iter().flat_map(Judged::cells).collect()),
            })?,
            Format::Github => {
                let mut output = output();
                for judged in all {
                    for finding in &judged.findings {
                        writeln!(output, "{}", annotation(&judged.sources, finding))?;
                    }
                    for cell in judged.unexpected.iter().flatten() {
                        writeln!(output, "{}", cell.annotation(&judged.sources))?;
                    }
                }
                writeln!(output, "{}", counts.summary())?;
                output.flush()?;
            }
            Format::Human => {
                let mut output = output();
                for judged in all {
                    judged.tell(&mut output)?;
                }
                writeln!(output, "{}", counts.summary())?;
                output.flush()?;
            }
        }
        let is_doubtful = counts.warnings > 0 || counts.unexpected.is_some_and(|cells| cells > 0);
        let is_good = counts.errors == 0 && !(self.deny_warnings && is_doubtful);
        Ok(Verdict::good_if(is_good && all.iter().all(|judged| judged.is_complete)))
    }
}

/// What was found in one folder.
struct Judged {
    /// With the paths by which people open them.
    sources: Sources,
    counts: Counts,
    /// Of the files that were asked for.
    findings: Vec<Diagnostic>,
    /// Errors of other files.
    elsewhere: Vec<Diagnostic>,
    /// If it was asked for, and there are no errors.
    unexpected: Option<Vec<Unexpected>>,
    /// Errors elsewhere did not keep anything that was asked for from being checked.
    is_complete: bool,
}

impl Judged {
    fn new(target: &Target, sources: Sources, with_unexpected: bool) -> anyhow::Result<Self> {
        let analysis = automata_compiler::analyse(&sources);
        let is_wanted = |path: &str| target.files.is_empty() || target.files.iter().any(|file| file == file_name(path));
        let is_here = |finding: &Diagnostic| {
            let spans = std::iter::once(finding.span).chain(finding.related.iter().map(|(span, _)| *span));
            spans.into_iter().any(|span| is_wanted(&sources.get(span.file).path))
        };
        let (mut findings, mut elsewhere): (Vec<Diagnostic>, Vec<Diagnostic>) =
            analysis.findings.into_iter().partition(is_here);
        elsewhere.retain(|finding| finding.code.severity == Severity::Error);
        let wanted: Vec<&str> = sources
            .iter()
            .filter(|(_, source)| is_wanted(&source.path))
            .filter_map(|(_, it)| automaton_of(&it.path))
            .collect();
        let mut is_complete = true;
        let mut system = analysis.system;
        if system.is_none() && count(&findings, Severity::Error) == 0 {
            // Warnings are looked for in what is whole.
            let part = sound_part(&sources);
            is_complete = !wanted.iter().any(|name| part.left_out.iter().any(|left_out| left_out == name));
            findings = part.warnings.into_iter().filter(|finding| is_here(finding)).collect();
            system = Some(part.system).filter(|_| is_complete);
        }
        let unexpected = system.as_ref().filter(|_| with_unexpected).map(|system| unexpected::of(system, &wanted));
        let counts = Counts {
            automata: wanted.len(),
            states: system.as_ref().map(|system| states(system, &wanted)),
            errors: count(&findings, Severity::Error),
            warnings: count(&findings, Severity::Warning),
            unexpected: unexpected.as_ref().map(Vec::len),
        };
        if counts == (Counts { states: counts.states, unexpected: counts.unexpected, ..Counts::default() })
            && target.files.is_empty()
        {
            // In continuous integration a folder that was moved would be well for ever.
            if let Some(folder) = &target.folder {
                return Err(folder.without_automata());
            }
        }
        Ok(Self { sources: target.shown(sources), counts, findings, elsewhere, unexpected, is_complete })
    }

    fn each<'a>(&'a self, findings: &'a [Diagnostic]) -> impl Iterator<Item = Finding<'a>> {
        findings.iter().map(|finding| Finding::new(&self.sources, finding))
    }

    fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        self.unexpected.iter().flatten().map(|cell| cell.cell(&self.sources))
    }

    fn tell(&self, output: &mut impl Write) -> anyhow::Result<()> {
        if !self.findings.is_empty() {
            show(output, &self.sources, &self.findings)?;
        }
        for finding in self.elsewhere.iter().take(ELSEWHERE_SHOWN) {
            let line = render::line(&self.sources, finding);
            writeln!(output, "{}", styled(FAINT, format_args!("elsewhere: {line}")))?;
        }
        if let Some(more) = self.elsewhere.len().checked_sub(ELSEWHERE_SHOWN).filter(|more| *more > 0) {
            writeln!(output, "{}", styled(FAINT, format_args!("elsewhere: {}", counted(more, "more error"))))?;
        }
        if !self.is_complete {
            let why = "an automaton that is asked for names what has errors, so its warnings are not known";
            writeln!(output, "{} {why}", styled(ODD, "note:"))?;
        }
        unexpected::tell(self.unexpected.as_deref().unwrap_or_default(), &self.sources, output)?;
        Ok(())
    }
}

fn count(findings: &[Diagnostic], severity: Severity) -> usize {
    findings.iter().filter(|finding| finding.code.severity == severity).count()
}

/// Those that somebody wrote down: the root is none of them.
fn states(system: &System, names: &[&str]) -> usize {
    let automata = system.automata.iter().filter(|automaton| names.contains(&automaton.name.as_str()));
    automata.map(|automaton| automaton.states.len() - 1).sum()
}
