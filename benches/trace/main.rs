//! What recording costs, and how fast a trace is replayed: the bus without and with a recorder, reading alone, and
//! reading and replaying in two threads.
//!
//! Sessions get a packet and an answer in turn; a packet asks a condition, sets a variable and performs two actions, so
//! that a line is as long as those of the node. `cargo bench -p bitpie-benches --bench trace`; with a word behind `--`,
//! only what has it in its name, for a profiler; with `record=N`, a trace of N events goes to standard output.

use std::hint::black_box;
use std::io::{self, BufWriter, Cursor, Write};
use std::sync::Arc;

use automata_compiler::model::System as Model;
use automata_compiler::trace::{Next, Stream};
use automata_runtime::trace::{Header, Lines, Output, opening};
use automata_runtime::{Bus, Off, Recorder};
use bitpie_benches::{Contender, compare};

/// What the generated code refers to.
#[allow(dead_code, missing_docs, reason = "the benchmark uses a part of what is generated")]
mod automata {
    include!(concat!(env!("OUT_DIR"), "/automata/mod.rs"));
}

use automata::senders::bench::session::{answered, packet};
use automata::session;
use automata::system::{Action, Settings, System};

/// Sessions that take turns.
const SESSIONS: u64 = 64;
/// Events of one contender in one round.
const EVENTS: u64 = 200_000;
/// Bytes of lines, before they are handed on.
const BUFFER_BYTES: usize = 64 * 1024;

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

/// Writes a whole trace of that many events; returns how many deliveries it has.
fn record(events: u64, out: &mut impl Write) -> io::Result<u64> {
    let mut run = Run::new(Lines::new([7; 32]));
    run.bus.recorder_mut().clear();
    let mut beginning = Vec::new();
    opening(&run.bus, &Header::default(), &mut beginning);
    let mut out = Output::new(out);
    out.write(&beginning)?;
    let (mut deliveries, mut outcome) = (0, Ok(()));
    run.events(events, |lines| {
        deliveries += lines.bytes().iter().filter(|&&byte| byte == b'\n').count() as u64;
        outcome = std::mem::replace(&mut outcome, Ok(())).and_then(|()| out.write(lines.bytes()));
        lines.clear();
    });
    outcome?;
    out.close()?;
    Ok(deliveries)
}

fn model() -> Arc<Model> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("automata");
    let sources = automata_compiler::read_folder(&folder).expect("the benchmark's definitions are readable");
    Arc::new(automata_compiler::analyse(&sources).system.expect("they are correct"))
}

fn stream(trace: &Arc<[u8]>) -> Stream {
    Stream::open(Cursor::new(Arc::clone(trace))).expect("it was just recorded")
}

fn read(trace: &Arc<[u8]>) {
    let mut blocks = stream(trace).blocks();
    while let Next::Block(block) = blocks().expect("it was just recorded") {
        black_box(&block);
    }
}

fn replay(model: &Arc<Model>, trace: &Arc<[u8]>) -> u64 {
    stream(trace).replay(model, &mut ()).verified
}

fn main() {
    if let Some(count) = std::env::args().find_map(|word| word.strip_prefix("record=")?.parse().ok()) {
        record(count, &mut BufWriter::new(io::stdout())).expect("somebody takes it");
        return;
    }
    let mut trace = Vec::new();
    let lines = record(EVENTS, &mut trace).expect("memory takes it");
    let trace: Arc<[u8]> = trace.into();
    let model = model();
    assert_eq!(replay(&model, &trace), lines, "the replay verifies all");

    let (mut off, mut on) = (Run::new(Off), Run::new(Lines::new([7; 32])));
    let mut contenders = vec![
        Contender::new("bus, recording off", move || off.events(EVENTS, |_| ())),
        Contender::new("bus, recording on", move || on.events(EVENTS, drain)),
        Contender::new("reading alone", || read(&trace)),
        Contender::new("reading and replaying", || assert_eq!(replay(&model, &trace), lines)),
    ];
    if let Some(word) = std::env::args().skip(1).find(|word| !word.starts_with('-')) {
        contenders.retain(|contender| contender.name().contains(&word));
        let comparison = compare(EVENTS, contenders);
        for (name, nanoseconds) in &comparison.medians {
            let processor = comparison.processor_of(name).unwrap_or(f64::NAN);
            println!("{name:<26}{nanoseconds:>12.0} ns/event{processor:>12.0} on a processor");
        }
        return;
    }
    let comparison = compare(EVENTS, contenders);
    println!("{} bytes to a line, {} lines", trace.len() as u64 / lines, lines);
    println!("{:<26}{:>12}{:>12}{:>12}{:>12}{:>14}", "", "ns/event", "M/s", "aim M/s", "× off", "processor ns");
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
            "{name:<26}{nanoseconds:>12.0}{rate:>12.2}{aim:>12}{:>12.1}{:>14.0}{}",
            nanoseconds / comparison.of("bus, recording off"),
            comparison.processor_of(name).unwrap_or(f64::NAN),
            if missed { " !" } else { "" }
        );
    }
}
