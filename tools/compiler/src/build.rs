//! The whole way from files to Rust, for a `build.rs` of three lines.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs, io};

use crate::diagnostic::{Diagnostic, Severity};
use crate::model::System;
use crate::rust::{self, Options};
use crate::source::Sources;
use crate::{analyse, read_folder, render};

/// What comes of sources without errors.
#[derive(Clone, Debug)]
pub struct Artifacts {
    /// The resolved model.
    pub system: System,
    /// Generated Rust by path, as [`rust::generate`] gives it.
    pub rust: BTreeMap<String, String>,
    /// What could be better.
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

/// For `build.rs`: compiles the definitions in `folder` (relative to the package) to `OUT_DIR/rust/*.rs`, tells cargo what they
/// depend on, and shows findings. After errors the build ends. The result is included with
/// `include!(concat!(env!("OUT_DIR"), "/rust/mod.rs"));`.
pub fn build(folder: impl AsRef<Path>) {
    build_with(folder, &Options::default());
}

/// [`build`] with options.
pub fn build_with(folder: impl AsRef<Path>, options: &Options) {
    let Some(target) = env::var_os("OUT_DIR") else {
        eprintln!("OUT_DIR is not set: this is to be called by a build script");
        std::process::exit(1);
    };
    if let Err(text) = build_into(folder.as_ref(), &Path::new(&target).join("rust"), options) {
        eprintln!("{text}");
        std::process::exit(1);
    }
}

/// Compiles the definitions in `folder` to files in `target`, and removes other `*.rs` files there.
///
/// # Errors
/// The rendered findings, or what went wrong with a file.
pub fn build_into(folder: &Path, target: &Path, options: &Options) -> Result<(), String> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let sources = read_folder(folder).map_err(|error| error.to_string())?;
    let artifacts = compile(&sources, options).map_err(|findings| {
        let (shown, more) = render::bounded(&sources, &findings);
        render::plain(&sources, &shown) + &more.join("\n")
    })?;
    for warning in artifacts.warnings.iter().filter(|finding| finding.code.severity == Severity::Warning) {
        for line in render::plain(&sources, std::slice::from_ref(warning)).lines() {
            println!("cargo::warning={line}");
        }
    }
    write(target, &artifacts.rust).map_err(|error| format!("{}: {error}", target.display()))
}

/// Writes what differs, so that nothing is compiled again without need.
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
