//! The whole way from files to Rust, for a `build.rs` of three lines.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{env, fs, io};

use crate::codes::Severity;
use crate::diagnostic::Diagnostic;
use crate::model::System;
use crate::rust::{self, Options};
use crate::source::Sources;
use crate::{analyse, read_folder, render};

/// The result for sources without errors.
#[derive(Clone, Debug)]
pub struct Artifacts {
    /// The resolved model.
    pub system: System,
    /// Generated Rust by path, as [`rust::generate`] gives it.
    pub rust: BTreeMap<String, String>,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
}

/// From sources to Rust.
///
/// # Errors
/// All findings, if one of them is an error.
pub fn compile(sources: &Sources, options: &Options) -> Result<Artifacts, Vec<Diagnostic>> {
    let analysis = analyse(sources);
    match analysis.system {
        Some(system) => {
            let rust = rust::generate(&system, sources, options);
            Ok(Artifacts { system, rust, warnings: analysis.findings })
        }
        None => Err(analysis.findings),
    }
}

/// For `build.rs`: compiles the definitions in `folder` (relative to the package) to Rust, and tells cargo what they
/// depend on. Each warning is one line of cargo's; errors are shown as `automata check` shows them, and end the build.
///
/// The Rust is in a folder of the same name in `OUT_DIR`. Include it in a module of your own:
/// `include!(concat!(env!("OUT_DIR"), "/automata/mod.rs"));` after `build("automata")`. A crate may have several such
/// folders, with a call and a module for each. (Of `../shared/automata` the name is `shared/automata`; of an absolute
/// path outside of the package, its last part.)
pub fn build(folder: impl AsRef<Path>) {
    build_with(folder, &Options::default());
}

/// [`build`] with options.
pub fn build_with(folder: impl AsRef<Path>, options: &Options) {
    let folder = folder.as_ref();
    let Some(out) = env::var_os("OUT_DIR") else { end("OUT_DIR is not set: call this in a build script") };
    let target = Path::new(&out).join(place(folder));
    // A second call for the same place would replace what the first one wrote.
    static TAKEN: Mutex<BTreeMap<PathBuf, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(first) = taken.insert(target.clone(), folder.to_owned()) {
        end(&format!(
            "the Rust of `{}` and of `{}` would both be written to {}\nhelp: use `build_into` to say where the second goes",
            first.display(),
            folder.display(),
            target.display()
        ));
    }
    if let Err(text) = build_into(folder, &target, options) {
        end(&text);
    }
}

fn end(text: &str) -> ! {
    eprintln!("{text}");
    std::process::exit(1);
}

/// Where the Rust of a folder goes, below `OUT_DIR`.
fn place(folder: &Path) -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let inside = package.and_then(|package| folder.strip_prefix(package).ok());
    let named = match inside {
        Some(inside) => inside,
        None if folder.is_absolute() => folder.file_name().map_or(folder, Path::new),
        None => folder,
    };
    let place: PathBuf = named.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    if place.as_os_str().is_empty() { "automata".into() } else { place }
}

/// Compiles the definitions in `folder` to files in `target`, and removes other `*.rs` files there.
///
/// # Errors
/// The rendered findings, or what went wrong with a file.
pub fn build_into(folder: &Path, target: &Path, options: &Options) -> Result<(), String> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let sources = read_folder(folder).map_err(|error| error.to_string())?;
    // As seen from the package, so that the paths that cargo shows can be opened.
    let opened = |path: &str| folder.join(path.rsplit('/').next().unwrap_or(path)).display().to_string();
    let shown = || sources.clone().shown_as(opened);
    let artifacts = compile(&sources, options).map_err(|findings| {
        let (first, more) = render::bounded(&sources, &findings);
        render::plain(&shown(), &first) + &more.join("\n")
    })?;
    if artifacts.system.automata.is_empty() {
        return Err(format!("there is no automaton in {}", folder.display()));
    }
    // Each such line is a separate message to cargo, which shows it with "warning:" before it.
    let named = shown();
    for warning in artifacts.warnings.iter().filter(|finding| finding.code.severity == Severity::Warning) {
        println!("cargo::warning={}", render::line(&named, warning));
    }
    write(target, &artifacts.rust).map_err(|error| format!("{}: {error}", target.display()))
}

/// Writes only what differs, so that nothing is compiled again without need.
fn write(target: &Path, files: &BTreeMap<String, String>) -> io::Result<()> {
    fs::create_dir_all(target)?;
    for entry in fs::read_dir(target)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.ends_with(".rs") && !files.contains_key(&name) {
            fs::remove_file(path)?;
        }
    }
    for (name, text) in files {
        let path = target.join(name);
        if fs::read_to_string(&path).ok().as_deref() != Some(text) {
            fs::write(path, text)?;
        }
    }
    Ok(())
}
