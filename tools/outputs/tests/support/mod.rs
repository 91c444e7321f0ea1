//! The definitions that the tests look at: those of the project, and the accept cases.

#![allow(dead_code, reason = "each test file uses its part")]

use std::path::{Path, PathBuf};

use automata_compiler::model::System;
use automata_compiler::source::{Source, Sources};
use automata_compiler::{analyse, read_folder};

/// A set of definitions without errors.
pub struct Definitions {
    pub name: String,
    pub sources: Sources,
    pub system: System,
}

/// The folder of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The project's definitions.
pub fn project() -> Definitions {
    let sources = read_folder(&workspace().join("automata")).expect("the definitions can be read");
    resolved("automata".to_owned(), sources)
}

/// The project's definitions, and those of every accept case.
pub fn all() -> Vec<Definitions> {
    let folder = workspace().join("tests/cases/accept");
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .expect("the accept cases can be read")
        .map(|entry| entry.expect("the accept cases can be read").path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    assert!(cases.len() > 10, "the accept cases are there");
    let mut all = vec![project()];
    all.extend(cases.iter().map(|case| accept_case(case)));
    all
}

/// A case without `types.yaml` or `parts.yaml` of its own gets the shared one.
fn accept_case(folder: &Path) -> Definitions {
    let own = read_folder(folder).expect("the case can be read");
    let mut files: Vec<Source> = own.iter().map(|(_, source)| source.clone()).collect();
    let shared = read_folder(&workspace().join("tests/cases/shared")).expect("the shared files can be read");
    for (_, source) in shared.iter() {
        let name = source.path.rsplit('/').next().expect("a path has a last part");
        if !files.iter().any(|file| file.path.ends_with(name)) {
            files.push(source.clone());
        }
    }
    let name = folder.file_name().expect("a folder has a name").to_string_lossy().into_owned();
    resolved(name, Sources::new(files))
}

/// One automaton, made for a test; with parts `host` and `other`.
pub fn made_for_a_test(automaton: &str) -> Definitions {
    let name = automaton.lines().find_map(|line| line.strip_prefix("automaton: ")).expect("it has a name").trim();
    let file = |path: String, text: &str| Source { path, text: text.to_owned() };
    let sources = Sources::new(vec![
        file("automata/types.yaml".to_owned(), "keys: { number: u32 }\ntypes: {}\n"),
        file("automata/parts.yaml".to_owned(), "parts: { host: The host., other: Another. }\n"),
        file(format!("automata/{name}.yaml"), automaton),
    ]);
    resolved(name.to_owned(), sources)
}

pub fn resolved(name: String, sources: Sources) -> Definitions {
    let analysis = analyse(&sources);
    let findings: Vec<_> = analysis.findings.iter().map(|finding| finding.message.clone()).collect();
    let system = analysis.system.unwrap_or_else(|| panic!("{name} has errors: {findings:#?}"));
    Definitions { name, sources, system }
}
