//! Pictures, tables, reference pages and schema of automata definitions: everything that is generated for people and
//! editors.
//!
//! One registry, [`OUTPUTS`]; a new format is one file and one line. A format is a pure function of the resolved model
//! and of the sources (which are needed only to know lines). Kept apart from the compiler, because a build script waits
//! for the compiler, and the layout engine takes a while to compile.

use std::collections::BTreeMap;

use automata_compiler::model::{AutomatonId, System};
pub use automata_compiler::printer;
use automata_compiler::source::Sources;

pub mod dot;
mod ecmascript;
pub mod mermaid;
pub mod metrics;
pub mod outline;
pub mod plantuml;
pub mod reference;
pub mod schema;
pub mod scxml;
pub mod sequence;
pub mod svg;
pub mod system_map;
pub mod table;
mod widths;
mod xml;

/// A format.
pub struct Output {
    /// Its name in `automata render --format`.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Folder inside `generated/`.
    pub folder: &'static str,
    /// Of its files, without the dot.
    pub extension: &'static str,
    /// Makes `<folder>/<automaton>.<extension>`.
    pub automaton: Option<RenderAutomaton>,
    /// Files about the whole system: the stem, and what makes `<folder>/<stem>.<extension>`.
    pub system: &'static [(&'static str, RenderSystem)],
}

/// Makes the text of one automaton's file.
pub type RenderAutomaton = fn(&System, &Sources, AutomatonId) -> String;

/// Makes the text of a file about the whole system.
pub type RenderSystem = fn(&System, &Sources) -> String;

/// All formats, in the order in which they are listed.
pub static OUTPUTS: &[Output] = &[
    Output {
        name: "svg",
        summary: "Picture: self-contained, light and dark, with links to the lines of the YAML.",
        folder: "diagrams",
        extension: "svg",
        automaton: Some(svg::automaton),
        system: &[("system", svg::system_map::system)],
    },
    Output {
        name: "mermaid",
        summary: "Mermaid state diagram, which many sites draw in Markdown.",
        folder: "diagrams",
        extension: "mmd",
        automaton: Some(mermaid::automaton),
        system: &[("system", system_map::mermaid)],
    },
    Output {
        name: "dot",
        summary: "DOT, for Graphviz: composites are clusters.",
        folder: "diagrams",
        extension: "dot",
        automaton: Some(dot::automaton),
        system: &[("system", system_map::dot)],
    },
    Output {
        name: "plantuml",
        summary: "PlantUML state diagram; the whole system as a component diagram.",
        folder: "diagrams",
        extension: "puml",
        automaton: Some(plantuml::automaton),
        system: &[("system", system_map::plantuml)],
    },
    Output {
        name: "scxml",
        summary: "SCXML 1.0 of the W3C, for other tools.",
        folder: "diagrams",
        extension: "scxml",
        automaton: Some(scxml::automaton),
        system: &[],
    },
    Output {
        name: "table",
        summary: "State × event table in Markdown; no cell is empty.",
        folder: "tables",
        extension: "md",
        automaton: Some(table::automaton),
        system: &[],
    },
    Output {
        name: "reference",
        summary: "Reference page in Markdown, and the index of all.",
        folder: "reference",
        extension: "md",
        automaton: Some(reference::automaton),
        system: &[("README", reference::index)],
    },
    Output {
        name: "schema",
        summary: "JSON Schema of the language, so that editors complete and check as you type.",
        folder: "schema",
        extension: "json",
        automaton: None,
        system: &[("automaton", schema::automaton), ("types", schema::types), ("parts", schema::parts)],
    },
];

impl Output {
    /// The format of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Output> {
        OUTPUTS.iter().find(|output| output.name == name)
    }

    /// The path of the file of an automaton, inside `generated/`.
    #[must_use]
    pub fn path(&self, stem: &str) -> String {
        format!("{}/{stem}.{}", self.folder, self.extension)
    }

    /// The files about the whole of that system: the stem, and what makes each. One that an automaton has too, be it in
    /// small letters, gets a `_`, in which no name ends.
    pub fn whole(&self, system: &System) -> impl Iterator<Item = (String, RenderSystem)> {
        self.system.iter().map(|&(stem, render)| {
            let is_taken = system.automata.iter().any(|automaton| automaton.name.eq_ignore_ascii_case(stem));
            (if is_taken { format!("{stem}_") } else { stem.to_owned() }, render)
        })
    }

    /// All files of this format, by their paths inside `generated/`.
    #[must_use]
    pub fn render(&self, system: &System, sources: &Sources) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for (stem, render) in self.whole(system) {
            files.insert(self.path(&stem), render(system, sources));
        }
        if let Some(render) = self.automaton {
            for (index, automaton) in system.automata.iter().enumerate() {
                files.insert(self.path(&automaton.name), render(system, sources, AutomatonId(index as u32)));
            }
        }
        files
    }
}

/// How the files in `generated/` link to the folder of definitions of that name.
#[must_use]
pub fn definitions_link(folder: &str) -> String {
    format!("../../{folder}")
}

/// The text of a file with its links to definitions replaced: `from`, as given by [`definitions_link`], becomes `to`.
#[must_use]
pub fn relinked(text: &str, from: &str, to: &str) -> String {
    // In SVG a link is in quotes, in Markdown in parentheses.
    let from_escaped = xml::escape(from);
    text.replace(&format!("href=\"{from_escaped}/"), &format!("href=\"{}/", xml::escape(to)))
        .replace(&format!("]({from}/"), &format!("]({to}/"))
}

/// All files of all formats, by their paths inside `generated/`.
#[must_use]
pub fn render_all(system: &System, sources: &Sources) -> BTreeMap<String, String> {
    OUTPUTS.iter().flat_map(|output| output.render(system, sources)).collect()
}
