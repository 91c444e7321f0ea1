//! A day in a house with two elevators, with real timers: some 50 seconds in two, or with `--slow` as long as they take.

use std::io::{self, LineWriter};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use elevator::building::{Building, a_day};
use elevator::trace::Lines;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let speed = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => 25,
        ["--slow"] => 1,
        _ => {
            eprintln!("usage: elevator [--slow]");
            return ExitCode::from(2);
        }
    };
    let mut building = Building::new(Lines::new(LineWriter::new(io::stdout())));
    a_day(&mut building);
    let begin = Instant::now();
    building.run(|due_ms| {
        let due = begin + Duration::from_millis(due_ms) / speed;
        sleep(due.saturating_duration_since(Instant::now()));
        let now_ms = (begin.elapsed() * speed).as_millis() as u64;
        now_ms.max(due_ms)
    });
    match building.recorder_mut().error() {
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("the trace cannot be written: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
