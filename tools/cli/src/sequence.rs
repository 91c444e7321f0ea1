//! `automata sequence`: a span of a trace as a picture of who said what to whom.

use std::io::Write;

use anyhow::bail;
use automata_compiler::trace::{LeftOut, Next, moment};
use automata_outputs::sequence::{DELIVERIES_LIMIT, LIFELINES_LIMIT, Sequence as Picture, mermaid};
use automata_outputs::svg::sequence::picture;
use automata_runtime::Record;
use clap::{Args, ValueEnum};

use crate::folder::{Folder, automaton};
use crate::replay::{Until, is_chosen, until};
use crate::terminal::{ODD, errors, plain_output, styled};
use crate::trace::{Trace, TracePath, wrong};
use crate::verdict::Verdict;

/// Draw a span of a trace: who said what to whom
#[derive(Args)]
#[command(
    after_help = "Lifelines are instances and parts of the program; one more shows where the trace leaves deliveries out. The trace is drawn as it is; `automata replay` verifies it.\n\n\
    Examples:\n  \
    automata sequence node.trace --from 120 --to 180 > talk.svg\n  \
    automata sequence node.trace --from 1:30 --to 1:35 > five_seconds.svg\n  \
    automata sequence node.trace --instance 'session[7]' --format mermaid"
)]
pub struct Sequence {
    #[command(flatten)]
    trace: TracePath,
    /// First delivery (a number) or time
    #[arg(long, value_name = "N|TIME", value_parser = until)]
    from: Option<Until>,
    /// Last delivery or time
    #[arg(long, value_name = "N|TIME", value_parser = until)]
    to: Option<Until>,
    /// Only what this automaton or instance gets or causes: NAME or NAME[KEY]
    #[arg(long, value_name = "INSTANCE")]
    instance: Vec<String>,
    /// The format
    #[arg(long, short, default_value = "svg")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Picture, in the style of the others
    Svg,
    /// Mermaid sequence diagram
    Mermaid,
}

impl Sequence {
    pub fn run(self, folder: &Folder) -> anyhow::Result<Verdict> {
        let system = match folder.system()? {
            Ok(system) => system,
            Err(verdict) => return Ok(verdict),
        };
        for instance in &self.instance {
            automaton(&system, instance.split('[').next().unwrap_or(instance))?;
        }
        let trace = Trace::open(&self.trace.trace)?;
        let name = trace.name.clone();
        let mut collected = Collected::default();
        let mut blocks = trace.blocks();
        'reading: loop {
            let block = match blocks() {
                Ok(Next::Block(block)) => block,
                Ok(Next::End(_)) => break,
                // Everything that can be read can be drawn.
                Err(error) => {
                    let problem = wrong(&name, &error);
                    writeln!(errors(), "{} {problem}; drawn up to there", styled(ODD, "note:"))?;
                    break;
                }
            };
            for line in (0..block.len()).filter_map(|index| block.line(index)) {
                if is_past(self.to, line.sequence(), line.at_ms()) {
                    break 'reading;
                }
                if let Some(left_out) = line.left_out() {
                    let is_before = match self.from {
                        Some(Until::Sequence(first)) => left_out.sequence + left_out.deliveries <= first,
                        Some(Until::Time(at_ms)) => left_out.at_ms < at_ms,
                        None => false,
                    };
                    // Whatever instance was asked for: it may have had a part in it.
                    if !is_before {
                        collected.leave_out(left_out);
                    }
                    continue;
                }
                let record = line.record().map_err(|error| wrong(&name, &error))?;
                let is_before = match self.from {
                    Some(Until::Sequence(first)) => record.sequence < first,
                    Some(Until::Time(at_ms)) => record.at_ms < at_ms,
                    None => false,
                };
                let cause = collected.picture.cause(&record);
                let is_wanted = is_chosen(&self.instance, &record.instance)
                    || cause.is_some_and(|cause| is_chosen(&self.instance, cause));
                if is_before || !is_wanted {
                    collected.picture.pass(&record);
                } else {
                    collected.add(&system, &record);
                }
            }
        }
        let text = match self.format {
            Format::Svg => {
                let sequence = collected.checked(&name)?;
                picture(sequence, &collected.title(&name), &collected.about())
            }
            Format::Mermaid => mermaid(collected.checked(&name)?),
        };
        let mut output = plain_output();
        output.write_all(text.as_bytes())?;
        output.flush()?;
        Ok(Verdict::Good)
    }
}

fn is_past(to: Option<Until>, sequence: u64, at_ms: u64) -> bool {
    match to {
        Some(Until::Sequence(last)) => sequence > last,
        Some(Until::Time(last_ms)) => at_ms > last_ms,
        None => false,
    }
}

/// What will be drawn, and how much more there is.
#[derive(Default)]
struct Collected {
    picture: Picture,
    wanted: usize,
    first: Option<(u64, u64)>,
    last: (u64, u64),
}

impl Collected {
    fn leave_out(&mut self, left_out: &LeftOut) {
        self.wanted += 1;
        self.first.get_or_insert((left_out.sequence, left_out.from_ms));
        self.last = (left_out.sequence + left_out.deliveries - 1, left_out.at_ms);
        if self.wanted <= DELIVERIES_LIMIT {
            self.picture.leave_out(left_out);
        }
    }

    fn add(&mut self, system: &automata_compiler::model::System, record: &Record) {
        self.wanted += 1;
        self.first.get_or_insert((record.sequence, record.at_ms));
        self.last = (record.sequence, record.at_ms);
        if self.wanted <= DELIVERIES_LIMIT {
            self.picture.add(system, record);
        }
    }

    fn checked(&self, name: &str) -> anyhow::Result<&Picture> {
        let Some(first) = self.first else {
            bail!("{name} has no such delivery\nhelp: `automata replay {name}` shows what there is, with times");
        };
        let help = format!(
            "help: choose a span with --from and --to (deliveries {} to {}, times {} to {}), or instances with --instance",
            first.0,
            self.last.0,
            moment(first.1),
            moment(self.last.1)
        );
        if self.wanted > DELIVERIES_LIMIT {
            bail!("these are {} deliveries; at most {DELIVERIES_LIMIT} can be drawn\n{help}", self.wanted);
        }
        let lifelines = self.picture.lifelines.len();
        if lifelines > LIFELINES_LIMIT {
            bail!("these are {lifelines} instances and parts; at most {LIFELINES_LIMIT} can be drawn\n{help}");
        }
        Ok(&self.picture)
    }

    fn title(&self, name: &str) -> String {
        let name = std::path::Path::new(name).file_name().map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_else(|| "trace".to_owned())
    }

    fn about(&self) -> String {
        let first = self.first.unwrap_or_default();
        format!("Deliveries {} to {}, from {} to {}.", first.0, self.last.0, moment(first.1), moment(self.last.1))
    }
}
