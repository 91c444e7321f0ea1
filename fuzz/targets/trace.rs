//! No text may make the reader of traces fall over or run away: it is read, replayed under the definitions of the node,
//! and, where something was verified, anonymised, drawn and replayed again.

#![no_main]

use std::path::Path;
use std::sync::{Arc, LazyLock};

use automata_compiler::interpreter::{Delivery, Interpreter};
use automata_compiler::model::System;
use automata_compiler::trace::{
    Anonymiser, Beside, LeftOut, Line, Next, Opening, Reader, Replay, Summary, Watch, resume, timeline,
    timeline_left_out,
};
use automata_outputs::sequence::{Sequence, mermaid};
use libfuzzer_sys::fuzz_target;

static NODE: LazyLock<Arc<System>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../automata");
    let sources = automata_compiler::read_folder(&folder).expect("the node's definitions are there");
    Arc::new(automata_compiler::analyse(&sources).system.expect("they are correct"))
});

struct Copy {
    anonymiser: Anonymiser,
    out: Vec<u8>,
    sequence: Sequence,
}

impl Watch for Copy {
    fn verified(&mut self, system: &System, delivery: &Delivery, _: Line<'_>) -> bool {
        self.anonymiser.delivery(delivery, &mut self.out);
        let record = delivery.record(system);
        assert!(!timeline(&record).is_empty());
        self.sequence.add(system, &record);
        true
    }

    fn left_out(&mut self, interpreter: &Interpreter, left_out: &LeftOut, _: Line<'_>) -> bool {
        self.anonymiser.left_out(left_out, interpreter, &mut self.out);
        assert!(!timeline_left_out(left_out).is_empty());
        self.sequence.leave_out(left_out);
        true
    }
}

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(3, |&byte| byte == b'\n');
    let Ok(opening) = Opening::read(parts.next().unwrap_or_default(), parts.next()) else { return };
    let Ok(interpreter) = resume(&NODE, &opening) else { return };
    let mut copy =
        Copy { anonymiser: Anonymiser::new(&NODE, &opening), out: Vec::new(), sequence: Sequence::default() };
    copy.anonymiser.opening(&opening, &interpreter, &mut copy.out);
    let rest = parts.next().unwrap_or_default();
    let summary = replay(&opening, rest, true, &mut copy);
    // Inputs that are made of lines where they are read are those that the replay makes of them.
    assert_eq!(replay(&opening, rest, false, &mut ()), summary);
    let _ = mermaid(&copy.sequence);
    let mut beside = Beside::new(&NODE, &opening, 1).expect("the situation was resumed before");
    assert_eq!(replay(&opening, rest, true, &mut beside), summary);
    let mut parts = copy.out.splitn(3, |&byte| byte == b'\n');
    let opening = Opening::read(parts.next().unwrap_or_default(), parts.next()).expect("a copy is a trace");
    let again = replay(&opening, parts.next().unwrap_or_default(), true, &mut ());
    let reached = |summary: &Summary| (summary.verified, summary.left_out);
    assert_eq!(reached(&again), reached(&summary), "a copy replays as far: {summary:?} {again:?}");
});

fn replay(opening: &Opening, rest: &[u8], is_ahead: bool, watch: &mut dyn Watch) -> Summary {
    let mut replay = Replay::new(&NODE, opening).expect("the situation was resumed before");
    let (sequence, now_ms) = (opening.snapshot.sequence, opening.snapshot.now_ms);
    let mut reader = if is_ahead { Reader::for_replay(&NODE, sequence, now_ms) } else { Reader::new(sequence, now_ms) };
    let whole = rest.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
    let mut bytes = Some(rest[..whole].to_vec());
    let mut failed = None;
    let mut blocks = || match (bytes.take(), failed.take()) {
        (Some(bytes), _) => {
            let (block, outcome) = reader.read(bytes);
            failed = outcome.err();
            Ok(Next::Block(block))
        }
        (None, Some(error)) => Err(error),
        (None, None) => reader.finish(&rest[whole..]).map(Next::End),
    };
    replay.run(&mut blocks, watch)
}
