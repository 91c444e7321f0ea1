//! The cases in `tests/cases`: what the compiler refuses, word for word, and what it accepts.
//!
//! A case is a folder of YAML files. Without `types.yaml` or `parts.yaml` of its own it gets those of
//! `tests/cases/shared`. What is said about a case under `reject` stands in its `expected.txt`, what is warned of in
//! one under `accept` in its `expected_warnings.txt`, if there is anything; `UPDATE_EXPECT=1` writes these anew, to be
//! looked at.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use automata_compiler::diagnostic::Diagnostic;
use automata_compiler::source::{Source, Sources};
use automata_compiler::{analyse, codes, render};
use expect_test::expect_file;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases")
}

/// The folders in this folder, by name.
fn folders(of: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(cases().join(of)).expect("the folder of cases exists");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut folders: Vec<PathBuf> = paths.filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(!folders.is_empty(), "no cases in {of}");
    folders
}

fn name(path: &Path) -> String {
    path.file_name().expect("it has a name").to_string_lossy().into_owned()
}

fn sources(case: &Path) -> Sources {
    let entries = fs::read_dir(case).expect("the case can be read");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("the case can be read").path()).collect();
    paths.retain(|path| {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        ending == "yaml" || ending == "yml"
    });
    for shared in ["types.yaml", "parts.yaml"] {
        if !case.join(shared).exists() {
            paths.push(cases().join("shared").join(shared));
        }
    }
    let read = |path: &PathBuf| fs::read(path).expect("the file can be read");
    Sources::with_faults(paths.iter().map(|path| Source::decode(name(path), read(path))).collect())
}

/// That a case does not use all of what the cases share says nothing about it.
fn of_case(case: &Path, sources: &Sources, mut findings: Vec<Diagnostic>) -> Vec<Diagnostic> {
    findings.retain(|finding| case.join(&sources.get(finding.span.file).path).exists());
    findings
}

#[test]
fn what_is_refused_is_refused_in_these_words() {
    for case in folders("reject") {
        let sources = sources(&case);
        let findings = of_case(&case, &sources, analyse(&sources).findings);
        let code = name(&case)[..5].to_uppercase();
        assert!(
            findings.iter().any(|finding| finding.code.number == code),
            "{} has no finding {code}:\n{}",
            name(&case),
            render::plain(&sources, &findings)
        );
        expect_file![case.join("expected.txt")].assert_eq(&render::plain(&sources, &findings));
    }
}

#[test]
fn every_code_has_a_case() {
    let with_case: BTreeSet<String> = folders("reject").iter().map(|case| name(case)[..5].to_uppercase()).collect();
    // No definition is a case of a bug of the compiler; were one known, it would be fixed.
    let bug = &codes::check_errors::COMPILER_BUG;
    let codes = codes::all().filter(|code| code.number != bug.number).map(|code| code.number);
    let without: Vec<&str> = codes.filter(|number| !with_case.contains(*number)).collect();
    assert!(without.is_empty(), "no case under tests/cases/reject for {without:?}");
}

/// Warnings come and go with changes of the checks that nobody meant: those of a case stand beside it.
#[test]
fn what_is_accepted_has_no_error_and_these_warnings() {
    for case in folders("accept") {
        let sources = sources(&case);
        let analysis = analyse(&sources);
        let text = render::plain(&sources, &analysis.findings);
        assert!(analysis.system.is_some(), "{}:\n{text}", name(&case));
        let text = render::plain(&sources, &of_case(&case, &sources, analysis.findings));
        let expected = case.join("expected_warnings.txt");
        if !text.is_empty() || expected.exists() {
            expect_file![expected].assert_eq(&text);
        }
    }
}

/// Findings that point at a part of what is to be written anew: a test cannot put the proposal in its place.
const OF_A_PART: [&str; 4] = ["A0100", "A0121", "A0122", "A0204"];

/// What a finding says to write instead, if it is more than a form with places to fill.
fn proposal(finding: &Diagnostic) -> Option<&str> {
    let help = finding.help.as_deref().filter(|_| !OF_A_PART.contains(&finding.code.number))?;
    let after = ["did you mean `", "write `"].iter().find_map(|words| help.strip_prefix(words))?;
    let (proposal, _) = after.split_once('`')?;
    (!proposal.contains('…')).then_some(proposal)
}

#[test]
fn what_a_finding_proposes_is_accepted_in_its_place() {
    let mut tried = 0;
    for case in folders("reject") {
        let sources = sources(&case);
        let findings = of_case(&case, &sources, analyse(&sources).findings);
        for finding in &findings {
            let Some(proposal) = proposal(finding) else { continue };
            tried += 1;
            let mut files: Vec<Source> = sources.iter().map(|(_, source)| source.clone()).collect();
            let file = &sources.get(finding.span.file).path;
            let text = &mut files.iter_mut().find(|source| source.path == *file).expect("the file is there").text;
            text.replace_range(finding.span.start as usize..finding.span.end as usize, proposal);
            let changed = Sources::new(files);
            let left = of_case(&case, &changed, analyse(&changed).findings);
            let there =
                |other: &&Diagnostic| (other.span.file, other.span.start) == (finding.span.file, finding.span.start);
            assert!(
                left.iter().filter(there).count() < findings.iter().filter(there).count(),
                "{}: {} ({:?}); then:\n{}",
                name(&case),
                finding.message,
                finding.help,
                render::plain(&changed, &left)
            );
        }
    }
    assert!(tried > 70, "{tried}");
}
