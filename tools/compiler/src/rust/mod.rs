//! The code generator: from the resolved model to Rust that runs on `automata-runtime`.
//!
//! A pure function: same model, same text, byte for byte. Text is put together and then formatted by `prettyplease`, so that no
//! external formatter is needed. Nothing is emitted that a definition does not use: one without `defer` has no code for it.
//!
//! What comes out, as a map from path to text:
//!
//! * `mod.rs`: the list of modules; include it with `include!(concat!(env!("OUT_DIR"), "/automata/mod.rs"))` in a module of your own;
//! * `types.rs`: enums of `types.yaml`, and short names of opaque types;
//! * `<automaton>.rs`: `State`, `Event`, `Timer`, `Action` (and `Inside`, those of its actions that parts within
//!   perform, if others go outside), `Conditions`, `Parameters`, `Given`, `Variables`, the machine (on `statig`'s
//!   traits);
//! * `system.rs`: `System`, `Message`, `Action`, `Host`, `Settings`;
//! * `outside.rs`, if a part outside is asked for something: a command for each such action;
//! * `senders.rs`: a function for each event that a part of the program sends;
//! * `dynamic.rs`, if [`Options::dynamic`]: everything by name and JSON, for tests, replays and tools; and in each
//!   automaton's module `METADATA`, with everything that the YAML says about it.

mod automaton;
mod documentation;
mod dynamic;
mod effects;
mod expressions;
mod facts;
mod machine;
mod metadata;
mod names;
mod outside;
mod properties;
mod records;
mod senders;
mod system;
mod types;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::model::{AutomatonId, System};
use crate::source::Sources;
use facts::Facts;
use names::Names;

/// What is wanted beside the typed code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `dynamic.rs`: messages, answers, states and variables by name and JSON. Opaque types must then be `Deserialize` too.
    pub dynamic: bool,
    /// Properties are looked at after every delivery, and records, `Bus::violated` and `Handled` tell which are violated.
    pub properties: bool,
}

/// Generated modules that are not of automata. An automaton of such a name has a module with `_` behind it.
pub const MODULES: [&str; 5] = ["dynamic", "outside", "senders", "system", "types"];

/// The Rust of a system: a map from path to text. `sources` are those that the system was made of.
#[must_use]
pub fn generate(system: &System, sources: &Sources, options: &Options) -> BTreeMap<String, String> {
    let ids = (0..system.automata.len() as u32).map(AutomatonId);
    let names = Names::new(system, &MODULES);
    let all: Vec<Facts<'_>> = ids.map(|id| Facts::new(system, sources, &names, id, options)).collect();
    // The largest come first, so that no thread is left alone with one of them.
    let mut modules: Vec<Module<'_>> = vec![
        ("system", Box::new(|| system::module(system, &all))),
        ("senders", Box::new(|| senders::module(&all))),
        ("types", Box::new(|| types::module(system, options))),
    ];
    if !names.commands.is_empty() {
        modules.push(("outside", Box::new(|| outside::module(system, &all))));
    }
    if options.dynamic {
        modules.push(("dynamic", Box::new(|| dynamic::module(&all))));
    }
    for facts in &all {
        modules.push((&facts.own_names().module, Box::new(|| automaton::module(facts))));
    }
    let mut files = written(&modules);
    files.insert("mod.rs".to_owned(), index(&all, options));
    files
}

/// The name of a module, and what makes the pieces of its text: whole items, unformatted. They are formatted one by one, because a syntax tree
/// of a whole module is larger than the caches of a processor.
type Module<'a> = (&'a str, Box<dyn Fn() -> Vec<String> + Sync + 'a>);

/// The files of the modules. Formatting is nearly all of the compiler's work, so every processor takes its part of it; how many there are shows in
/// nothing but the time.
fn written(modules: &[Module<'_>]) -> BTreeMap<String, String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mine = std::iter::from_fn(|| modules.get(next.fetch_add(1, Ordering::Relaxed)));
        mine.map(|(name, pieces)| (format!("{name}.rs"), formatted(name, &pieces()))).collect::<Vec<_>>()
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(modules.len());
    thread::scope(|scope| {
        // A thread that the system refuses is one fewer to share the work.
        let helper = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..threads).filter_map(helper).collect();
        let mut files = BTreeMap::from_iter(work());
        for other in others {
            files.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        files
    })
}

/// `mod.rs`. It has no inner attributes or documentation, so that it can be included.
fn index(all: &[Facts<'_>], options: &Options) -> String {
    let mut text = String::from("// Generated by the automata compiler. Change the YAML instead.\n");
    // A definition may declare what no code of the program uses; guards and names are written as their author likes them.
    let allowed = "#[allow(dead_code, unused_comparisons, clippy::absurd_extreme_comparisons, clippy::blocks_in_conditions, \
                   clippy::clone_on_copy, clippy::collapsible_match, clippy::enum_variant_names, clippy::eq_op, \
                   clippy::if_same_then_else, \
                   clippy::large_enum_variant, clippy::manual_range_contains, clippy::new_ret_no_self, \
                   clippy::nonminimal_bool, clippy::overly_complex_bool_expr, clippy::should_implement_trait, \
                   clippy::too_many_arguments, clippy::unnecessary_find_map, clippy::unnecessary_min_or_max, \
                   clippy::wrong_self_convention)]";
    let mut module = |name: &str, summary: &str, allow: bool| {
        // Senders are not allowed to be dead: that nobody calls one is worth knowing.
        let allow = if allow { allowed } else { "#[allow(clippy::too_many_arguments)]" };
        let _ =
            write!(text, "\n{}{allow}\n#[path = \"{name}.rs\"]\npub mod {name};\n", documentation::documented(summary));
    };
    for facts in all {
        module(&facts.own_names().module, &facts.automaton.summary, true);
    }
    module("types", "The types of `types.yaml`.", true);
    module("system", "All automata together.", true);
    if all.iter().any(Facts::has_outside_actions) {
        module("outside", "What the parts outside are asked for.", true);
    }
    module("senders", "Messages from the parts of the program.", false);
    if options.dynamic {
        module("dynamic", "Everything by name and JSON, for tests, replays and tools.", true);
    }
    text
}

/// Formats what was put together.
fn formatted(name: &str, pieces: &[String]) -> String {
    let mut text = String::new();
    for piece in pieces {
        match syn::parse_file(piece) {
            Ok(file) => text.push_str(&prettyplease::unparse(&file)),
            Err(error) => unreachable!("{name}.rs is Rust by construction, but: {error} in `{piece}`"),
        }
    }
    format!("// Generated by the automata compiler. Change the YAML instead.\n{}", spaced(&text))
}

/// An empty line between items, and between the functions of an `impl`: `prettyplease` puts none.
fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len() + text.len() / 20);
    let mut before = "";
    for line in text.lines() {
        let indentation = line.len() - line.trim_start().len();
        let ends_item = |indentation: usize| {
            let end = before.get(..indentation).is_some_and(|start| start.trim().is_empty());
            end && matches!(&before[indentation..], "}" | "};" | "]" | "];")
        };
        let is_import = line.starts_with("use ");
        let follows_import = before.starts_with("use ") || before == "};";
        let is_apart = match indentation {
            0 if line.is_empty() || line == "}" => false,
            0 if before.starts_with("//") => before.starts_with("//!") && !line.starts_with("//!"),
            0 if is_import => !follows_import && !before.is_empty(),
            0 => ends_item(0) || before.ends_with(';'),
            4 | 8 | 12 => {
                !line.trim_start().starts_with(['}', ')', ']']) && ends_item(indentation) && starts_function(line)
            }
            _ => false,
        };
        if is_apart && !before.is_empty() {
            spaced.push('\n');
        }
        spaced.push_str(line);
        spaced.push('\n');
        before = line;
    }
    spaced
}

/// A function in an `impl`, or what stands before one.
fn starts_function(line: &str) -> bool {
    let line = line.trim_start();
    ["///", "#[", "pub ", "fn ", "const fn ", "type "].iter().any(|start| line.starts_with(start))
}
