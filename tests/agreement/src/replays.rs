//! Replays of what generated Rust records.

use std::sync::Arc;

use automata_compiler::model::System;
use automata_compiler::trace::{Next, Opening, Reader, Replay, Summary, TraceError, Watch};

/// Replays a whole trace, and expects that every line is verified.
///
/// # Errors
/// What is not, with the trace.
pub fn verify(system: &Arc<System>, trace: &[u8]) -> Result<(), String> {
    let lines = trace.iter().filter(|&&byte| byte == b'\n').count() as u64;
    let said = match replay(system, trace, 4_096, &mut ()) {
        // The header, the snapshot and the end are no deliveries.
        Ok((summary, _)) if summary.parting.is_none() && summary.error.is_none() && summary.verified + 3 == lines => {
            return Ok(());
        }
        Ok((summary, _)) => format!("{summary:?}"),
        Err(error) => error.to_string(),
    };
    Err(format!("replay: {said}\n{}", String::from_utf8_lossy(trace)))
}

/// Replays a whole trace; lines come in blocks of about that many bytes.
///
/// # Errors
/// If its first two lines are wrong.
pub fn replay(
    system: &Arc<System>,
    trace: &[u8],
    bytes: usize,
    watch: &mut dyn Watch,
) -> Result<(Summary, Option<Replay>), TraceError> {
    let mut parts = trace.splitn(3, |&byte| byte == b'\n');
    let first = parts.next().unwrap_or_default();
    let opening = Opening::read(first, parts.next())?;
    let mut rest = parts.next().unwrap_or_default();
    let mut replay = match Replay::new(system, &opening) {
        Ok(replay) => replay,
        Err(parting) => {
            return Ok((Summary::parted(parting), None));
        }
    };
    // What is made of lines beforehand, and what the replay makes of them itself, has to be the same; so both are
    // tried.
    let (sequence, now_ms) = (opening.snapshot.sequence, opening.snapshot.now_ms);
    let mut reader = if bytes.is_multiple_of(2) {
        Reader::new(sequence, now_ms)
    } else {
        Reader::for_replay(system, sequence, now_ms)
    };
    let mut failed = None;
    let mut blocks = || {
        if let Some(error) = failed.take() {
            return Err(error);
        }
        let reach = rest.len().min(bytes.max(1));
        let end = rest[reach..].iter().position(|&byte| byte == b'\n').map(|length| reach + length + 1);
        let end = end.or_else(|| rest.iter().rposition(|&byte| byte == b'\n').map(|last| last + 1));
        let Some(end) = end else { return reader.finish(rest).map(Next::End) };
        let (block, outcome) = reader.read(rest[..end].to_vec());
        rest = &rest[end..];
        failed = outcome.err();
        Ok(Next::Block(block))
    };
    let summary = replay.run(&mut blocks, watch);
    Ok((summary, Some(replay)))
}
