//! The traces of the demo, run again with the definitions that the program was made of.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use anyhow::{Context as _, anyhow, bail};
use automata_compiler::analyse;
use automata_compiler::model::System;
use automata_compiler::source::{Source, Sources};
use automata_compiler::trace::{Ending, Parting, Stream, Why, differences, timeline};

use crate::automata;

/// The model of the definitions that are compiled into the program.
static DEFINITIONS: LazyLock<Arc<System>> = LazyLock::new(|| {
    let source = |&(path, text): &(&str, &str)| Source { path: path.to_owned(), text: text.to_owned() };
    let sources = Sources::new(automata::DEFINITIONS.iter().map(source).collect());
    Arc::new(analyse(&sources).system.expect("the build script has compiled the same text"))
});

/// Replays these traces, each to its end, and returns how many deliveries agree: all of them.
///
/// # Errors
/// The first place where a trace and the definitions part, with the file and the line; or why a trace cannot be read.
pub fn replay(files: &[PathBuf]) -> anyhow::Result<u64> {
    files.iter().map(|file| replay_one(file).with_context(|| file.display().to_string())).sum()
}

fn replay_one(path: &Path) -> anyhow::Result<u64> {
    let stream = Stream::open(File::open(path).context("it cannot be read")?)?;
    if stream.opening.first.model != automata::system::MODEL_HASH {
        bail!("it was made under other definitions than those that this program was built of");
    }
    let summary = stream.replay(&DEFINITIONS, &mut ());
    match (&summary.parting, summary.error, summary.ending) {
        (Some(parting), _, _) => Err(told(parting)),
        (None, Some(error), _) => Err(error.into()),
        (None, None, Some(Ending::Ended)) if !summary.is_incomplete => Ok(summary.verified),
        _ => bail!("it has no end, although its node has stopped in order"),
    }
}

fn told(parting: &Parting) -> anyhow::Error {
    let mut text = format!("line {}: the node did not do what the definitions say", parting.line);
    if let Some(recorded) = &parting.expected {
        text += &format!("\n  recorded  {}", timeline(recorded));
    }
    match &parting.why {
        Why::Differs(found) => {
            text += &format!("\n  replayed  {}", timeline(found));
            let details = parting.expected.as_ref().map(|recorded| differences(recorded, found)).unwrap_or_default();
            for (place, recorded, found) in details {
                text += &format!("\n    {place}: {recorded} in the trace, {found} by the definitions");
            }
        }
        Why::Due { instance, timer, due_ms } => {
            text += &format!("\n  replayed  `{timer}` of {instance}, which is due at {due_ms} ms");
        }
        Why::NoDelivery => text += "\n  replayed  nothing: there is nothing to deliver",
        Why::Unanswered { instance, question } => {
            text += &format!("\n  replayed  {instance} asks for `{question}`, which the trace has no answer for");
        }
        Why::Unknown(problem) => text += &format!("\n  replayed  {problem}"),
    }
    anyhow!(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_in_the_program_are_those_that_it_was_made_of() {
        assert_eq!(automata_compiler::model_hash(&DEFINITIONS), automata::system::MODEL_HASH);
    }
}
