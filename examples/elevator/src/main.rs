//! A day in a house with two elevators, with real timers: some 50 seconds in two, or with `--slow` as long as they take. `--trace FILE` keeps it, for
//! `automata replay`.

use std::fs::File;
use std::io::{self, BufWriter, LineWriter};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use automata_runtime::trace::{Header, Trace};
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
    match day(speed, file) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("something happened that no definition mentions: look for `unexpected` above");
            ExitCode::FAILURE
        }
        // The reader has gone (`| head`).
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the trace cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Shows a day at this speed, and records it in that file. Returns whether the definitions had an answer to everything.
fn day(speed: u32, file: Option<PathBuf>) -> io::Result<bool> {
    let file = file.map(File::create).transpose()?;
    // There are no secrets in this house, so any key will do.
    let trace = file.map(|file| Trace::new(BufWriter::new(file), header(), [0; 32]));
    let mut building = Building::new((Lines::new(LineWriter::new(io::stdout())), trace));
    a_day(&mut building);
    let begin = Instant::now();
    building.run(|due_ms| {
        let due = begin + Duration::from_millis(due_ms) / speed;
        sleep(due.saturating_duration_since(Instant::now()));
        let now_ms = (begin.elapsed() * speed).as_millis() as u64;
        now_ms.max(due_ms)
    });
    let is_clean = building.is_clean();
    let (mut people, trace) = building.into_recorder();
    trace.map(Trace::close).transpose()?;
    people.error().map_or(Ok(is_clean), Err)
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
