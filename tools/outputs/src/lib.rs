//! Pictures, tables, reference pages and schema of automata definitions: everything that is generated for people and editors.
//!
//! One registry, [`OUTPUTS`]; a new format is one file and one line. A format is a pure function of the resolved model and of the
//! sources (which are needed only to know lines). Kept apart from the compiler, because a build script waits for
//! the compiler, and the layout engine takes a while to compile.

use std::collections::BTreeMap;

use automata_compiler::model::{AutomatonId, System};
use automata_compiler::source::Sources;

pub mod metrics;
pub mod svg;
mod widths;
pub mod wording;

/// A format.
pub struct Output {
    /// What `automata render --format` calls it.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Folder inside `generated/`.
    pub folder: &'static str,
    /// Of its files, without the dot.
    pub extension: &'static str,
    /// Makes `<folder>/<automaton>.<extension>`.
    pub automaton: Option<RenderAutomaton>,
    /// Files about the whole: the stem, and what makes `<folder>/<stem>.<extension>`.
    pub system: &'static [(&'static str, RenderSystem)],
}

/// Makes the text of one automaton's file.
pub type RenderAutomaton = fn(&System, &Sources, AutomatonId) -> String;

/// Makes the text of a file about the whole system.
pub type RenderSystem = fn(&System, &Sources) -> String;

/// All formats, in the order in which they are listed.
pub const OUTPUTS: &[Output] = &[Output {
    name: "svg",
    summary: "Picture: self-contained, light and dark, with links to the lines of the YAML.",
    folder: "diagrams",
    extension: "svg",
    automaton: Some(svg::automaton),
    system: &[],
}];

impl Output {
    /// The format of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Output> {
        OUTPUTS.iter().find(|output| output.name == name)
    }

    /// Where the file of an automaton lies, inside `generated/`.
    #[must_use]
    pub fn path(&self, stem: &str) -> String {
        format!("{}/{stem}.{}", self.folder, self.extension)
    }

    /// All files of this format, by their paths inside `generated/`.
    #[must_use]
    pub fn render(&self, system: &System, sources: &Sources) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for &(stem, render) in self.system {
            files.insert(self.path(stem), render(system, sources));
        }
        if let Some(render) = self.automaton {
            for (index, automaton) in system.automata.iter().enumerate() {
                files.insert(self.path(&automaton.name), render(system, sources, AutomatonId(index as u32)));
            }
        }
        files
    }
}

/// All files of all formats, by their paths inside `generated/`.
#[must_use]
pub fn render_all(system: &System, sources: &Sources) -> BTreeMap<String, String> {
    OUTPUTS.iter().flat_map(|output| output.render(system, sources)).collect()
}
