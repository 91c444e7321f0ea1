//! What the page has to know of the definitions: pictures, names and places, and enough of each transition to tell from
//! a delivery's line which of them were performed.

use automata_compiler::model::{AutomatonId, System, TypeKind};
use automata_compiler::model_hash;
use automata_compiler::source::Sources;
use automata_outputs::svg;
use serde::Serialize;

use crate::automaton::{AutomatonView, automaton};

/// All that the page knows of the definitions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Definitions {
    /// The hash by which a trace knows its definitions.
    pub model: String,
    /// In the order of their names.
    pub automata: Vec<AutomatonView>,
    /// Of `types.yaml`.
    pub types: Vec<TypeView>,
    /// Of `parts.yaml`: names.
    pub parts: Vec<String>,
    /// The picture of the whole system, as SVG without its style sheet.
    pub map: String,
}

/// A type of `types.yaml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TypeView {
    /// `UpperCamel`.
    pub name: String,
    /// Of an enum; empty for an opaque type.
    pub variants: Vec<String>,
    /// Hidden in traces.
    pub secret: bool,
}

/// SVG of each automaton, in the order of the model, and of the whole system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pictures {
    /// One for each automaton.
    pub automata: Vec<String>,
    /// The map of the system.
    pub map: String,
}

/// What the page has to know of these definitions. It draws every picture, several at a time.
#[must_use]
pub fn definitions(system: &System, sources: &Sources) -> Definitions {
    definitions_with(system, sources, &draw(system, sources))
}

/// The same, with pictures that were drawn already. Pictures that are missing are empty.
#[must_use]
pub fn definitions_with(system: &System, sources: &Sources, pictures: &Pictures) -> Definitions {
    let types = system.types.iter().map(|of| TypeView {
        name: of.name.clone(),
        variants: match &of.kind {
            TypeKind::Enum(variants) => variants.clone(),
            TypeKind::Opaque => Vec::new(),
        },
        secret: of.secret,
    });
    let automata = (0..system.automata.len() as u32).map(AutomatonId).map(|id| {
        let picture = pictures.automata.get(id.index()).map(|picture| bare(picture)).unwrap_or_default();
        automaton(system, sources, id, picture)
    });
    Definitions {
        model: model_hash(system),
        automata: automata.collect(),
        types: types.collect(),
        parts: system.parts.iter().map(|part| part.name.clone()).collect(),
        map: bare(&pictures.map),
    }
}

/// The definitions as a file, with each automaton on a line of its own, so that a difference shows which one changed.
#[must_use]
pub fn file(definitions: &Definitions) -> String {
    let Definitions { model, automata, types, parts, map } = definitions;
    let automata: Vec<String> = automata.iter().map(json).collect();
    let rest = [("types", json(types)), ("parts", json(parts)), ("map", json(map))];
    let rest: Vec<String> = rest.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{\"model\":{},\n\"automata\":[\n{}\n],\n{}}}\n", json(model), automata.join(",\n"), rest.join(",\n"))
}

fn json(of: &impl Serialize) -> String {
    serde_json::to_string(of).expect("names, texts and numbers are JSON")
}

fn draw(system: &System, sources: &Sources) -> Pictures {
    let ids: Vec<AutomatonId> = (0..system.automata.len() as u32).map(AutomatonId).collect();
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(ids.len().max(1));
    let mut pictures = Pictures { automata: vec![String::new(); ids.len()], map: String::new() };
    // Every so many-th, since the large ones may stand side by side.
    let draw = |worker: usize| {
        let own = ids.iter().skip(worker).step_by(workers);
        own.map(|&id| (id, svg::automaton(system, sources, id))).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let draw = &draw;
        let others: Vec<_> = (1..workers).map(|worker| scope.spawn(move || draw(worker))).collect();
        pictures.map = svg::system_map::system(system, sources);
        let drawn = others.into_iter().flat_map(|other| other.join().expect("drawing does not panic"));
        for (id, picture) in draw(0).into_iter().chain(drawn) {
            pictures.automata[id.index()] = picture;
        }
    });
    pictures
}

/// A picture without its style sheet, which a strict page does not take from it.
fn bare(picture: &str) -> String {
    let Some((before, rest)) = picture.split_once("<style>") else { return picture.to_owned() };
    let Some((_, after)) = rest.split_once("</style>\n") else { return picture.to_owned() };
    format!("{before}{after}")
}
