//! The tasks of this repository: `cargo xtask codegen | test | interop | nat | fuzz | bench`.
//!
//! A program, not a script, so that it runs wherever Rust does, and is checked like the rest.

mod advisories;
mod bench;
mod browser;
mod codegen;
mod dependencies;
mod fuzz;
mod interop;
mod nat;
mod steps;
mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The tasks of this repository.")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Rebuild generated/ from automata/: Rust, diagrams, tables, reference pages, schema, data of the web page
    Codegen(codegen::Codegen),
    /// Run everything that must hold before a change is accepted
    Test(test::Test),
    /// Test with other programs: libtorrent, aioquic, coturn; Mermaid, Graphviz, PlantUML, SCION
    Interop(interop::Interop),
    /// Put real nodes behind routers of every kind, and show by which way they talk. Needs Linux and root
    Nat(nat::Nat),
    /// Run the fuzz targets for a while
    Fuzz(fuzz::Fuzz),
    /// Run the benchmarks: comparisons in one run, against named alternatives
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Codegen(task) => return task.run(),
        Task::Test(task) => task.run(),
        Task::Interop(task) => task.run(),
        Task::Nat(task) => task.run(),
        Task::Fuzz(task) => task.run(),
        Task::Bench(task) => task.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the repository.
fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).expect("the manifest is in tools/xtask")
}

/// The folder that all builds share.
fn target_folder() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}
