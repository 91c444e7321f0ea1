//! What recording costs, and how fast a trace is replayed: the bus without and with a recorder, reading alone, and reading and replaying in two threads.
//!
//! Sessions get a packet and an answer in turn; a packet asks a condition, sets a variable and performs two actions, so that a line is as long as those of
//! the node. `cargo bench -p bitpie-benches --bench trace`; with a word behind `--`, only what has it in its name, for a profiler.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use automata_compiler::model::System as Model;
use automata_compiler::trace::{Block, Next, Opening, Reader, Replay};
use automata_runtime::trace::{Header, Lines, end, opening};
use automata_runtime::{Bus, Off, Recorder};
use bitpie_benches::{Contender, compare};

/// What the generated code refers to.
#[allow(dead_code, missing_docs, reason = "the benchmark uses a part of what is generated")]
mod automata {
    include!(concat!(env!("OUT_DIR"), "/rust/mod.rs"));
}

use automata::senders::bench::session::{answered, packet};
use automata::session;
use automata::system::{Action, Settings, System};

/// Sessions that take turns.
const SESSIONS: u64 = 64;
/// Events of one contender in one round.
const EVENTS: u64 = 200_000;
/// Octets of lines, before they are handed on.
const BUFFER_BYTES: usize = 64 * 1024;
/// Octets that a reader takes at a time.
const BLOCK_BYTES: usize = 1 << 20;

struct Always;

impl session::Conditions for Always {
    fn welcome(&mut self, _: &u64, _: u32) -> bool {
        true
    }
}

struct Run<R: Recorder> {
    bus: Bus<System, R>,
    actions: Vec<Action>,
    now_ms: u64,
}

impl<R: Recorder> Run<R> {
    fn new(recorder: R) -> Self {
        let mut run = Self {
            bus: Bus::with_recorder(System::new(Settings::default()), recorder),
            actions: Vec::new(),
            now_ms: 0,
        };
        run.bus.start(0, &mut Always, &mut run.actions);
        run
    }

    /// That many events, and after every few of them what `drain` does.
    fn events(&mut self, count: u64, mut drain: impl FnMut(&mut R)) {
        for number in 0..count / 2 {
            self.now_ms += number & 1;
            let session = number % SESSIONS;
            self.bus.handle(self.now_ms, packet(session, (number % 1_500) as u32), &mut Always, &mut self.actions);
            self.bus.handle(self.now_ms, answered(session), &mut Always, &mut self.actions);
            black_box(&self.actions);
            self.actions.clear();
            drain(self.bus.recorder_mut());
        }
    }
}

fn drain(lines: &mut Lines) {
    if lines.bytes().len() >= BUFFER_BYTES {
        black_box(lines.bytes());
        lines.clear();
    }
}

/// A whole trace of that many events.
fn recorded(events: u64) -> Vec<u8> {
    let mut run = Run::new(Lines::new([7; 32]));
    run.bus.recorder_mut().clear();
    let mut trace = Vec::new();
    opening(&run.bus, &Header::default(), &mut trace);
    run.events(events, |lines| {
        trace.extend_from_slice(lines.bytes());
        lines.clear();
    });
    let lines = trace.iter().filter(|&&byte| byte == b'\n').count();
    end(lines as u64, &mut trace);
    trace
}

fn model() -> Arc<Model> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("automata");
    let sources = automata_compiler::read_folder(&folder).expect("the benchmark's definitions are readable");
    Arc::new(automata_compiler::analyse(&sources).system.expect("they are correct"))
}

/// A trace in memory, as its first two lines, and the rest in blocks of whole lines.
fn blocks(trace: &[u8]) -> (Opening, Vec<&[u8]>) {
    let mut parts = trace.splitn(3, |&byte| byte == b'\n');
    let first = parts.next().expect("a header");
    let opening = Opening::read(first, parts.next()).expect("it was just recorded");
    let mut rest = parts.next().expect("lines");
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        let reach = rest.len().min(BLOCK_BYTES);
        let end = rest[..reach].iter().rposition(|&byte| byte == b'\n').expect("lines are shorter than blocks") + 1;
        blocks.push(&rest[..end]);
        rest = &rest[end..];
    }
    (opening, blocks)
}

fn read(opening: &Opening, blocks: &[&[u8]], mut each: impl FnMut(Block) -> bool) {
    let mut reader = Reader::new(opening.snapshot.sequence, opening.snapshot.now_ms);
    for block in blocks {
        let (block, outcome) = reader.read(block.to_vec());
        outcome.expect("it was just recorded");
        if !each(block) {
            return;
        }
    }
}

fn replay(model: &Arc<Model>, opening: &Opening, blocks: &[&[u8]]) -> u64 {
    let mut replay = Replay::new(model, opening).expect("it was recorded under these definitions");
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(4);
        scope.spawn(move || read(opening, blocks, |block| sender.send(block).is_ok()));
        let mut next = || Ok(receiver.recv().map_or(Next::End(automata_compiler::trace::Ending::Ended), Next::Block));
        replay.run(&mut next, &mut ()).verified
    })
}

fn main() {
    let trace = recorded(EVENTS);
    let (opening, blocks) = blocks(&trace);
    let model = model();
    let lines = trace.iter().filter(|&&byte| byte == b'\n').count() as u64 - 3;
    assert_eq!(replay(&model, &opening, &blocks), lines, "the replay verifies all");

    let (mut off, mut on) = (Run::new(Off), Run::new(Lines::new([7; 32])));
    let mut contenders = vec![
        Contender::new("bus, recording off", move || off.events(EVENTS, |_| ())),
        Contender::new("bus, recording on", move || on.events(EVENTS, drain)),
        Contender::new("reading alone", || {
            read(&opening, &blocks, |block| {
                black_box(&block);
                true
            });
        }),
        Contender::new("reading and replaying", || assert_eq!(replay(&model, &opening, &blocks), lines)),
    ];
    if let Some(word) = std::env::args().skip(1).find(|word| !word.starts_with('-')) {
        contenders.retain(|contender| contender.name().contains(&word));
        for (name, nanoseconds) in compare(EVENTS, contenders).medians {
            println!("{name:<26}{nanoseconds:>12.0} ns/event");
        }
        return;
    }
    let comparison = compare(EVENTS, contenders);
    println!("{} octets to a line, {} lines", trace.len() as u64 / lines, lines);
    println!("{:<26}{:>12}{:>12}{:>12}{:>12}", "", "ns/event", "M/s", "aim M/s", "× off");
    for (name, aim) in [
        ("bus, recording off", Some(5.0)),
        ("bus, recording on", Some(1.0)),
        ("reading alone", None),
        ("reading and replaying", Some(1.0)),
    ] {
        let nanoseconds = comparison.of(name);
        let rate = 1_000.0 / nanoseconds;
        let (aim, missed) = aim.map_or(("–".to_owned(), false), |aim: f64| (format!("{aim:.0}"), rate < aim));
        println!(
            "{name:<26}{nanoseconds:>12.0}{rate:>12.2}{aim:>12}{:>12.1}{}",
            nanoseconds / comparison.of("bus, recording off"),
            if missed { " !" } else { "" }
        );
    }
}
