//! `automata check`: all findings of all definitions.

use std::io::Write;

use anyhow::bail;
use automata_compiler::Analysis;
use automata_compiler::diagnostic::{Diagnostic, Severity};
use automata_compiler::source::{Sources, Span};
use clap::Args;
use serde::Serialize;

use crate::Verdict;
use crate::folder::{Folder, show, tally};
use crate::terminal::{counted, output, print_json};
use crate::watch::watch;

/// Find what is wrong with the definitions, or hardly meant
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    automata check --deny-warnings       for continuous integration\n  \
    automata check --json | jq '.findings[] | .path, .line'\n  \
    automata check --watch               again at each change, until interrupted")]
pub struct Check {
    /// Print one JSON object with counts and findings
    #[arg(long)]
    json: bool,
    /// Fail if there are warnings
    #[arg(long)]
    deny_warnings: bool,
    /// Check again whenever a definition changes
    #[arg(long)]
    watch: bool,
}

impl Check {
    pub fn run(self, folder: &Folder) -> anyhow::Result<Verdict> {
        if self.watch {
            return watch(folder, |sources| self.check(folder, sources));
        }
        self.check(folder, &folder.read()?)
    }

    fn check(&self, folder: &Folder, sources: &Sources) -> anyhow::Result<Verdict> {
        // In continuous integration a folder that was moved would be well for ever.
        if sources.iter().next().is_none() {
            bail!("no *.yaml in {}\nhelp: `automata new NAME` makes a definition", folder.path().display());
        }
        let analysis = automata_compiler::analyse(sources);
        let counts = Counts::of(sources, &analysis);
        if self.json {
            print_json(&Report::new(counts, sources, &analysis.findings))?;
        } else {
            let mut output = output();
            if !analysis.findings.is_empty() {
                show(&mut output, sources, &analysis.findings)?;
            }
            writeln!(output, "{}", counts.summary())?;
            output.flush()?;
        }
        Ok(Verdict::good_if(counts.errors == 0 && !(self.deny_warnings && counts.warnings > 0)))
    }
}

/// The summary of a check.
#[derive(Clone, Copy, Serialize)]
struct Counts {
    automata: usize,
    /// Not known if there are errors.
    #[serde(skip_serializing_if = "Option::is_none")]
    states: Option<usize>,
    errors: usize,
    warnings: usize,
}

impl Counts {
    fn of(sources: &Sources, analysis: &Analysis) -> Self {
        let of = |severity| analysis.findings.iter().filter(|finding| finding.code.severity == severity).count();
        let states = |system: &automata_compiler::model::System| {
            // The root is no state that anybody wrote down.
            system.automata.iter().map(|automaton| automaton.states.len() - 1).sum()
        };
        let shared = ["types.yaml", "parts.yaml"];
        let is_automaton = |path: &str| path.rsplit('/').next().is_some_and(|name| !shared.contains(&name));
        Self {
            automata: sources.iter().filter(|(_, source)| is_automaton(&source.path)).count(),
            states: analysis.system.as_ref().map(states),
            errors: of(Severity::Error),
            warnings: of(Severity::Warning),
        }
    }

    fn summary(self) -> String {
        let automata = if self.automata == 1 { "1 automaton".into() } else { format!("{} automata", self.automata) };
        let states = self.states.map(|states| format!(", {}", counted(states, "state"))).unwrap_or_default();
        format!("{automata}{states}, {}", tally(self.errors, self.warnings))
    }
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    counts: Counts,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Finding<'a> {
    code: &'a str,
    severity: &'a str,
    title: &'a str,
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<Related<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

/// Lines and columns count from 1, columns in characters; the end is the first place behind.
#[derive(Serialize)]
struct Place<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
struct Related<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
}

impl<'a> Report<'a> {
    fn new(counts: Counts, sources: &'a Sources, findings: &'a [Diagnostic]) -> Self {
        let finding = |finding: &'a Diagnostic| Finding {
            code: finding.code.number,
            severity: match finding.code.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            title: finding.code.title,
            message: &finding.message,
            place: place(sources, finding.span),
            label: &finding.label,
            related: finding
                .related
                .iter()
                .map(|(span, message)| Related { message, place: place(sources, *span) })
                .collect(),
            help: finding.help.as_deref(),
        };
        Self { counts, findings: findings.iter().map(finding).collect() }
    }
}

fn place(sources: &Sources, span: Span) -> Place<'_> {
    let (line, column) = sources.line_and_column(span);
    let (end_line, end_column) = sources.line_and_column(Span { start: span.end, ..span });
    Place { path: &sources.get(span.file).path, line, column, end_line, end_column }
}
