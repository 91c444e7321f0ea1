//! The `automata` program.

fn main() -> std::process::ExitCode {
    automata_cli::run(std::env::args_os())
}
