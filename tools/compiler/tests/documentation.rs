//! Every YAML in `docs/AUTOMATA.md` is right: analysed, not only looked at.
//!
//! A fenced block says what it is:
//!
//! * `yaml file=turnstile.yaml` is a whole file. Later ones of that name replace it; after each, all whole files so far
//!   make a system without any finding.
//! * `yaml excerpt` shows lines of a whole file of the page, or of a definition of an example, in their order.
//! * `rust excerpt` and `toml excerpt` show lines of the examples' own files, or of the node's `src/automata.rs`, in
//!   the same way; `json` is a script that the elevator runs.
//! * `yaml` is a fragment: it fits into the definitions beside this file (`documentation/session.yaml`) without an
//!   error.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use automata_compiler::codes::Severity;
use automata_compiler::simulation::run_script;
use automata_compiler::source::{Source, Sources};
use automata_compiler::{analyse, render};

type Files = BTreeMap<String, String>;

const DECLARATION_KEYS: &[&str] = &[
    "automaton",
    "summary",
    "doc",
    "instances",
    "parameters",
    "variables",
    "conditions",
    "events",
    "actions",
    "properties",
    "initial",
    "states",
];
const STATE_KEYS: &[&str] = &["entry", "exit", "on", "after", "every", "always", "defer", "ignore"];
const CASE_KEYS: &[&str] = &["if", "set", "do", "send", "start", "raise", "restart", "to", "stay"];

/// A fenced block.
struct Block {
    /// What stands behind the fence: the language, and a mark.
    mark: String,
    /// Of its first line, for messages.
    line: usize,
    text: String,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml_files(folder: &Path) -> Files {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a folder that can be listed").path());
    let yaml = paths.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    yaml.map(|path| (path.file_name().expect("a file has a name").to_string_lossy().into_owned(), read(&path)))
        .collect()
}

fn blocks() -> Vec<Block> {
    let text = read(&repository().join("docs/AUTOMATA.md"));
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => block.text += &format!("{line}\n"),
            (None, Some(mark)) => open = Some(Block { mark: mark.into(), line: index + 2, text: String::new() }),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "the last block is not closed");
    blocks
}

/// The findings of these files, as a person sees them.
fn findings(files: &Files, at_least: Severity) -> Option<String> {
    let sources = files.iter().map(|(name, text)| Source { path: name.clone(), text: text.clone() });
    let sources = Sources::new(sources.collect());
    let analysis = analyse(&sources);
    let counts = |severity: Severity| at_least == Severity::Warning || severity == Severity::Error;
    let found: Vec<_> = analysis.findings.into_iter().filter(|finding| counts(finding.code.severity)).collect();
    (!found.is_empty()).then(|| render::plain(&sources, &found))
}

#[test]
fn whole_definitions_have_no_findings() {
    let mut files = Files::new();
    let mut checked = 0;
    for block in blocks() {
        let Some(name) = block.mark.strip_prefix("yaml file=") else { continue };
        files.insert(name.to_owned(), block.text);
        if name != "types.yaml" && name != "parts.yaml" {
            checked += 1;
            if let Some(found) = findings(&files, Severity::Warning) {
                panic!("docs/AUTOMATA.md, line {}:\n{found}", block.line);
            }
        }
    }
    assert!(checked >= 3, "only {checked} whole definitions were found");
}

#[test]
fn the_finding_that_is_shown_is_what_the_compiler_says() {
    let page = read(&repository().join("docs/AUTOMATA.md"));
    let whole = |name: &str| {
        let mark = format!("yaml file={name}");
        blocks().into_iter().find(|block| block.mark == mark).expect("the page begins with a turnstile").text
    };
    let misspelt = whole("turnstile.yaml").replacen("to: OPEN }", "to: OPNE }", 1);
    let files = [("turnstile.yaml", misspelt), ("parts.yaml", whole("parts.yaml"))];
    let files = files.map(|(name, text)| (format!("automata/{name}"), text));
    let found = findings(&Files::from(files), Severity::Warning).expect("a finding");
    assert!(page.contains(found.trim_end()), "docs/AUTOMATA.md does not show this:\n{found}");
}

#[test]
fn the_examples_have_no_findings() {
    for example in ["elevator", "raft"] {
        let files = yaml_files(&repository().join("examples").join(example).join("automata"));
        if let Some(found) = findings(&files, Severity::Warning) {
            panic!("examples/{example}:\n{found}");
        }
    }
}

#[test]
fn excerpts_stand_in_the_files_that_they_are_of() {
    let (elevator, raft) = (repository().join("examples/elevator"), repository().join("examples/raft"));
    let mut yaml: Vec<String> = yaml_files(&elevator.join("automata")).into_values().collect();
    yaml.extend(yaml_files(&raft.join("automata")).into_values());
    let blocks = blocks();
    yaml.extend(blocks.iter().filter(|block| block.mark.starts_with("yaml file=")).map(|block| block.text.clone()));
    let own = |names: &[&str]| names.iter().map(|name| read(&elevator.join(name))).collect::<Vec<_>>();
    let files = ["build.rs", "src/lib.rs", "src/building.rs", "src/trace.rs", "src/main.rs", "tests/day.rs"];
    let mut rust = own(&files);
    rust.extend(["build.rs", "src/cluster.rs", "tests/safety.rs"].map(|name| read(&raft.join(name))));
    rust.push(read(&repository().join("src/automata.rs")));
    for (mark, wholes, least) in
        [("yaml excerpt", yaml, 10), ("rust excerpt", rust, 7), ("toml excerpt", own(&["Cargo.toml"]), 1)]
    {
        let excerpts: Vec<&Block> = blocks.iter().filter(|block| block.mark == mark).collect();
        assert!(excerpts.len() >= least, "only {} times `{mark}`", excerpts.len());
        for block in excerpts {
            let found = wholes.iter().any(|whole| contains_in_order(whole, &block.text));
            assert!(found, "docs/AUTOMATA.md, line {}: no file has these lines:\n{}", block.line, block.text);
        }
    }
}

#[test]
fn the_script_that_is_shown_runs() {
    let files = yaml_files(&repository().join("examples/elevator/automata"));
    let sources = files.into_iter().map(|(path, text)| Source { path, text });
    let system = analyse(&Sources::new(sources.collect())).system.expect("the elevator is without errors");
    let blocks = blocks();
    let script = blocks.iter().find(|block| block.mark == "json").expect("the page shows a script");
    let mut last = None;
    let outcome = run_script(Arc::new(system), &script.text, |record| last = Some(record));
    assert!(outcome.is_ok(), "docs/AUTOMATA.md, line {}: {:?}", script.line, outcome.err());
    let last = last.expect("something happened");
    assert_eq!((last.at_ms, last.instance.as_str(), last.after.as_deref()), (5000, "elevator[2]", Some("HALTED")));
}

/// Whether the lines of `excerpt` are lines of `whole`, in their order; lines between them may be left out.
fn contains_in_order(whole: &str, excerpt: &str) -> bool {
    let mut lines = whole.lines().map(str::trim);
    excerpt.lines().map(str::trim).all(|wanted| lines.any(|line| line == wanted))
}

#[test]
fn fragments_fit_into_a_definition() {
    let fixture = yaml_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documentation"));
    let mut checked = 0;
    for block in blocks().iter().filter(|block| block.mark == "yaml") {
        checked += 1;
        if let Some(found) = findings(&embedded(&fixture, &block.text), Severity::Error) {
            panic!("docs/AUTOMATA.md, line {}:\n{found}", block.line);
        }
    }
    assert!(checked >= 10, "only {checked} fragments were found");
}

/// The fixture with a fragment in it. The fragment's first key says where it belongs.
fn embedded(fixture: &Files, fragment: &str) -> Files {
    let first = first_key(fragment);
    let key = first.split(['[', ' ', ',']).next().unwrap_or_default();
    let mut files = fixture.clone();
    match key {
        "keys" | "types" => return Files::from([("types.yaml".into(), fragment.into())]),
        "parts" => return Files::from([("parts.yaml".into(), fragment.into())]),
        _ => {}
    }
    let declarations = if DECLARATION_KEYS.contains(&key) {
        fragment.to_owned()
    } else if STATE_KEYS.contains(&key) {
        in_states(&format!("IDLE:\n{}", indented(fragment)))
    } else if CASE_KEYS.contains(&key) {
        in_states(&format!("IDLE:\n  on:\n    greeting_received:\n{}", indented(&indented(&indented(fragment)))))
    } else {
        assert!(key.chars().all(|c| c.is_ascii_uppercase() || c == '_'), "what is `{key}`?");
        format!("initial: {key}\nstates:\n{}", indented(&with_usual_states(fragment)))
    };
    let session = files.get_mut("session.yaml").expect("the fixture has a session");
    *session = merged(session, &declarations);
    files
}

fn in_states(idle: &str) -> String {
    format!("initial: IDLE\nstates:\n{}", indented(&with_usual_states(idle)))
}

/// Adds `OPEN`, `READY`, `BUSY` and `CLOSED`, which fragments may lead to, unless the fragment has them.
fn with_usual_states(states: &str) -> String {
    let has = |name: &str| states.lines().any(|line| line.trim_start().starts_with(&format!("{name}:")));
    let mut all = states.to_owned();
    for name in ["READY", "BUSY", "IDLE"] {
        if !has(name) {
            all += &format!("{name}: {{}}\n");
        }
    }
    if !has("OPEN") {
        all += "OPEN: { initial: OPENED, history: shallow, states: { OPENED: {} } }\n";
    }
    if !has("CLOSED") {
        all += "CLOSED: final\n";
    }
    all
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn first_key(text: &str) -> &str {
    let line = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
    line.split(':').next().unwrap_or_default()
}

/// `fixture` with those of its top keys replaced, or followed, by those of `fragment`.
fn merged(fixture: &str, fragment: &str) -> String {
    let mut sections = sections(fixture);
    for (key, text) in self::sections(fragment) {
        match sections.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = text,
            None => sections.push((key, text)),
        }
    }
    sections.into_iter().map(|(_, text)| text).collect()
}

/// The top keys of a file, each with its text.
fn sections(text: &str) -> Vec<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        if !line.starts_with([' ', '-']) {
            sections.push((line.split(':').next().unwrap_or_default().to_owned(), String::new()));
        }
        sections.last_mut().expect("a file begins with a key").1 += &format!("{line}\n");
    }
    sections
}
