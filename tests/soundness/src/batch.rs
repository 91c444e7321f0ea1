//! Many definitions at once: all are compiled without a warning, and some also run beside the interpreter.
//!
//! They are packages of a workspace below the target folder, with the lock file of the repository and no network: two
//! libraries that are only checked, side by side, and a program that drives its definitions by names. What fails is
//! reported in full, and kept in `soundness/failed/<seed>/` there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use automata_compiler::rust::Options;

use crate::Definition;

/// Inputs in a sequence, and sequences for each definition.
const STEPS: usize = 60;
const SEQUENCES: u64 = 8;

/// One in so many is run: to make a program of it takes several times as long as to check it.
const RUN_ONE_IN: u64 = 8;

/// The libraries: as many as there are processors on a small machine.
const LIBRARIES: [&str; 2] = ["first-half", "second-half"];

/// The program.
const PROGRAM: &str = "driven";

/// A sequence ends after so many deliveries, and no further one begins after ten times as many: some definitions talk
/// without end, up to the limit of one input.
const DELIVERIES: u64 = 300;

/// Where the repository is, and where things are built.
#[derive(Clone, Debug)]
pub struct Place {
    /// The top of the repository.
    pub repository: PathBuf,
    /// Its target folder.
    pub target: PathBuf,
}

/// What came of a batch.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Definitions that were made.
    pub made: usize,
    /// Those of them that the compiler accepted.
    pub accepted: usize,
    /// What failed: the seed, and what was said of it.
    pub failures: BTreeMap<u64, String>,
}

/// Makes, checks, generates, compiles and runs the definitions of those seeds.
///
/// # Errors
/// If files cannot be written, cargo cannot be started, or it fails for another reason than a definition.
pub fn run(place: &Place, seeds: impl Iterator<Item = u64>) -> io::Result<Outcome> {
    let folder = place.target.join("soundness/batch");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut outcome = Outcome::default();
    let mut accepted = Vec::new();
    for seed in seeds {
        outcome.made += 1;
        let definition = Definition::new(seed);
        let Ok(artifacts) = automata_compiler::compile(
            &definition.sources(),
            &Options { dynamic: seed.is_multiple_of(RUN_ONE_IN), properties: true },
        ) else {
            continue;
        };
        let name = format!("d{seed}");
        definition.write(&folder.join("definitions").join(&name))?;
        let modules = folder.join(package_of(seed)).join("src").join(&name);
        fs::create_dir_all(&modules)?;
        artifacts.rust.iter().try_for_each(|(file, text)| fs::write(modules.join(file), text))?;
        accepted.push(seed);
    }
    outcome.accepted = accepted.len();
    write_packages(place, &folder, &accepted)?;
    outcome.failures = compile_and_run(place, &folder)?;
    for (seed, said) in &outcome.failures {
        let kept = place.target.join("soundness/failed").join(seed.to_string());
        Definition::new(*seed).write(&kept)?;
        fs::write(kept.join("said.txt"), said)?;
    }
    Ok(outcome)
}

impl Outcome {
    /// All that failed, each with its definition.
    #[must_use]
    pub fn failures_shown(&self) -> String {
        self.failures.iter().fold(String::new(), |mut text, (seed, said)| {
            let _ = writeln!(text, "{}\n{said}", Definition::new(*seed).text());
            text
        })
    }
}

/// Where the definition of that seed is compiled.
fn package_of(seed: u64) -> &'static str {
    if seed.is_multiple_of(RUN_ONE_IN) { PROGRAM } else { LIBRARIES[(seed % 2) as usize] }
}

fn write_packages(place: &Place, folder: &Path, accepted: &[u64]) -> io::Result<()> {
    let dependency = |name: &str, path: &str| {
        let path = place.repository.join(path).display().to_string();
        format!("{name} = {{ path = {path:?} }}\n")
    };
    let runtime = dependency("automata-runtime", "tools/runtime");
    let of_program = dependency("agreement", "tests/agreement")
        + &dependency("automata-compiler", "tools/compiler")
        + "serde = { version = \"1\", features = [\"derive\"] }\nserde_json = \"1\"\n";
    let members: Vec<&str> = LIBRARIES.into_iter().chain([PROGRAM]).collect();
    for package in &members {
        let seeds: Vec<u64> = accepted.iter().copied().filter(|&seed| package_of(seed) == *package).collect();
        let (file, text, dependencies) = if *package == PROGRAM {
            ("main.rs", program(folder, &seeds), of_program.as_str())
        } else {
            ("lib.rs", library(&seeds), "")
        };
        let source = folder.join(package).join("src");
        fs::create_dir_all(&source)?;
        fs::write(source.join(file), text)?;
        let manifest = format!(
            "[package]\nname = {package:?}\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{runtime}{dependencies}"
        );
        fs::write(folder.join(package).join("Cargo.toml"), manifest)?;
    }
    let workspace = format!(
        "[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n[profile.dev]\ndebug = false\nincremental = false\n"
    );
    fs::write(folder.join("Cargo.toml"), workspace)?;
    fs::copy(place.repository.join("Cargo.lock"), folder.join("Cargo.lock")).map(drop)
}

fn modules(seeds: &[u64]) -> String {
    seeds.iter().fold(String::new(), |mut text, seed| {
        let _ = writeln!(text, "/// Of that seed.\npub mod d{seed} {{ include!(\"d{seed}/mod.rs\"); }}");
        text
    })
}

/// Definitions that are compiled, and no more.
fn library(seeds: &[u64]) -> String {
    format!(
        "#![deny(warnings)]\n#![forbid(unsafe_code)]\n//! Random definitions.\n\n\
         /// Stands for every opaque type.\n\
         #[derive(Clone, Debug, PartialEq, Eq, Hash, automata_runtime::serde::Serialize)]\n\
         #[serde(crate = \"automata_runtime::serde\")]\npub struct StandIn(String);\n\n\
         impl AsRef<[u8]> for StandIn {{\n    fn as_ref(&self) -> &[u8] {{ self.0.as_bytes() }}\n}}\n\n{}",
        modules(seeds)
    )
}

fn program(folder: &Path, seeds: &[u64]) -> String {
    let calls = seeds.iter().fold(String::new(), |mut text, seed| {
        let _ = writeln!(text, "    side_by_side({seed}, d{seed}::dynamic::run);");
        text
    });
    format!(
        "#![deny(warnings)]\n#![forbid(unsafe_code)]\n//! Random definitions.\n\
         use std::sync::Arc;\nuse agreement::chance::Chance;\nuse agreement::generated::Generated;\n\
         agreement::stand_in!(StandIn);\n\n{modules}\n\
         type Run<S> = fn(S) -> Box<dyn automata_runtime::dynamic::Dynamic>;\n\n\
         fn side_by_side<S: Default>(seed: u64, run: Run<S>) {{\n\
         let folder = std::path::Path::new({definitions:?}).join(format!(\"d{{seed}}\"));\n\
         let sources = automata_compiler::read_folder(&folder).expect(\"it was written\");\n\
         let system = Arc::new(automata_compiler::analyse(&sources).system.expect(\"it was accepted\"));\n\
         let steps = agreement::steps::Steps::new(&system);\n\
         let mut deliveries = 0;\n\
         for sequence in 0..{SEQUENCES} {{\n\
         if deliveries > {DELIVERIES} * 10 {{ break; }}\n\
         let mut chance = Chance::new(seed ^ sequence << 32);\n\
         let numbers: Vec<u64> = (0..{STEPS}).map(|_| chance.number()).collect();\n\
         let generated = Generated::running(run(S::default()), &system);\n\
         let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {{ \
             let run = agreement::side_by_side::agree_on(&system, generated, &steps, &numbers, {DELIVERIES})?; \
             agreement::replays::verify(&system, &run.trace)?; Ok::<u64, String>(run.deliveries) }}));\n\
         let said = match outcome {{ Ok(Ok(more)) => {{ deliveries += more; continue; }}, Ok(Err(said)) => said, \
             Err(_) => \"it panics\".to_owned() }};\n\
         println!(\"=== d{{seed}}: sequence {{sequence}}\\n{{said}}\");\n\
         return;\n}}\n}}\n\nfn main() {{\n{calls}}}\n",
        modules = modules(seeds),
        definitions = folder.join("definitions").display().to_string()
    )
}

fn compile_and_run(place: &Place, folder: &Path) -> io::Result<BTreeMap<u64, String>> {
    let [first, second] = LIBRARIES;
    let mut failures = cargo(place, folder, &["check", "--package", first, "--package", second])?;
    failures.append(&mut cargo(place, folder, &["run", "--package", PROGRAM])?);
    Ok(failures)
}

/// Runs cargo, and finds the definitions that it complains of.
fn cargo(place: &Place, folder: &Path, arguments: &[&str]) -> io::Result<BTreeMap<u64, String>> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).args(["--offline", "--quiet", "--message-format=short"]).current_dir(folder);
    command.env("CARGO_TARGET_DIR", place.target.join("soundness/build")).env_remove("RUSTFLAGS");
    let output = command.output()?;
    let compiler = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut failures: BTreeMap<u64, String> = BTreeMap::new();
    // `driven/src/d8/machine.rs:12:3: error: …`
    for line in compiler.lines().filter(|line| line.contains(": error") || line.contains(": warning")) {
        if let Some(seed) = seed_in(line) {
            let _ = writeln!(failures.entry(seed).or_default(), "{line}");
        }
    }
    let program = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in program.split("=== ").skip(1) {
        failures.extend(part.strip_prefix('d').and_then(number).map(|seed| (seed, part.to_owned())));
    }
    if !output.status.success() && failures.is_empty() {
        return Err(io::Error::other(format!("the batch failed, and no definition is to blame:\n{compiler}{program}")));
    }
    Ok(failures)
}

fn seed_in(line: &str) -> Option<u64> {
    line.split(['/', '\\']).filter_map(|segment| segment.strip_prefix('d')).find_map(number)
}

fn number(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}
