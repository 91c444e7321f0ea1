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

/// What the page has to know of these definitions. It draws every picture, several at a time.
#[must_use]
pub fn definitions(system: &System, sources: &Sources) -> Definitions {
    let types = system.types.iter().map(|of| TypeView {
        name: of.name.clone(),
        variants: match &of.kind {
            TypeKind::Enum(variants) => variants.clone(),
            TypeKind::Opaque => Vec::new(),
        },
        secret: of.secret,
    });
    let (pictures, map) = pictures(system, sources);
    let automata = pictures.into_iter().zip(0..).map(|(picture, id)| {
        let id = AutomatonId(id);
        automaton(system, sources, id, picture)
    });
    Definitions {
        model: model_hash(system),
        automata: automata.collect(),
        types: types.collect(),
        parts: system.parts.iter().map(|part| part.name.clone()).collect(),
        map,
    }
}

/// Of each automaton, and of the whole.
fn pictures(system: &System, sources: &Sources) -> (Vec<String>, String) {
    let ids: Vec<AutomatonId> = (0..system.automata.len() as u32).map(AutomatonId).collect();
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(ids.len().max(1));
    let mut pictures = vec![String::new(); ids.len()];
    let mut map = String::new();
    // Every so many-th, since the large ones may stand side by side.
    let draw = |worker: usize| {
        let own = ids.iter().skip(worker).step_by(workers);
        own.map(|&id| (id, bare(&svg::automaton(system, sources, id)))).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let draw = &draw;
        let others: Vec<_> = (1..workers).map(|worker| scope.spawn(move || draw(worker))).collect();
        map = bare(&svg::system_map::system(system, sources));
        let drawn = others.into_iter().flat_map(|other| other.join().expect("drawing does not panic"));
        for (id, picture) in draw(0).into_iter().chain(drawn) {
            pictures[id.index()] = picture;
        }
    });
    (pictures, map)
}

/// A picture without its style sheet, which a strict page does not take from it.
fn bare(picture: &str) -> String {
    let Some((before, rest)) = picture.split_once("<style>") else { return picture.to_owned() };
    let Some((_, after)) = rest.split_once("</style>\n") else { return picture.to_owned() };
    format!("{before}{after}")
}
