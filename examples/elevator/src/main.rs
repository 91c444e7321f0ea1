//! A day in a house with two elevators, with real timers: some 50 seconds in two, or with `--slow` as long as they take. `--trace FILE` keeps it, for
//! `automata replay`.

use std::io::{self, LineWriter};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use automata_runtime::trace::{self, Header};
use elevator::building::{Building, a_day};
use elevator::trace::Lines;

const USAGE: &str = "usage: elevator [--slow] [--trace FILE]";

fn main() -> ExitCode {
    let (mut speed, mut file) = (25, None);
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.to_str(), &mut arguments) {
            (Some("--slow"), _) => speed = 1,
            (Some("--trace"), rest) => match rest.next() {
                Some(path) => file = Some(PathBuf::from(path)),
                None => return usage(),
            },
            _ => return usage(),
        }
    }
    // There are no secrets in this house, so any key will do.
    let recorder = file.as_ref().map(|_| trace::Lines::new([0; 32]));
    let mut building = Building::new((Lines::new(LineWriter::new(io::stdout())), recorder));
    a_day(&mut building);
    let mut lines = building.opening(&header());
    let begin = Instant::now();
    building.run(|due_ms| {
        let due = begin + Duration::from_millis(due_ms) / speed;
        sleep(due.saturating_duration_since(Instant::now()));
        let now_ms = (begin.elapsed() * speed).as_millis() as u64;
        now_ms.max(due_ms)
    });
    let (people, recorder) = building.recorder_mut();
    let mut outcome = people.error().map_or(Ok(()), Err);
    if let (Some(path), Some(recorder)) = (file, recorder) {
        lines.extend_from_slice(recorder.bytes());
        let count = lines.iter().filter(|&&byte| byte == b'\n').count();
        trace::end(count as u64, &mut lines);
        outcome = outcome.and(std::fs::write(path, lines));
    }
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("the trace cannot be written: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn header() -> Header {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Header {
        program: format!("elevator {}", env!("CARGO_PKG_VERSION")),
        started_unix_ms: started.as_millis() as u64,
        ..Header::default()
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}
