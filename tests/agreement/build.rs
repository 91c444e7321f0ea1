//! Compiles every accept case and the project's own definitions to Rust, with stand-ins for the types that they name.

#[allow(dead_code, reason = "the package itself uses more of it")]
#[path = "src/sources.rs"]
mod sources;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use automata_compiler::model::{System, TypeKind};
use automata_compiler::rust::Options;

/// Modules of the stand-ins: a name is a type here, with the variants of an enum, or a module further in.
#[derive(Default)]
struct Module {
    types: BTreeMap<String, Vec<String>>,
    modules: BTreeMap<String, Module>,
}

fn main() -> io::Result<()> {
    for folder in ["tests/cases/accept", "tests/cases/shared", "automata"] {
        println!("cargo::rerun-if-changed={}", sources::repository().join(folder).display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/sources.rs");
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it for build scripts"));
    let (mut modules, mut arms) = (String::new(), String::new());
    let mut stand_ins = Module::default();
    for definitions in sources::definitions()? {
        let name = &definitions.name;
        match automata_compiler::compile(&definitions.sources, &Options { dynamic: true, properties: true }) {
            Ok(artifacts) => {
                write(&target.join(name), &artifacts.rust)?;
                stand_ins.add_all(&artifacts.system);
            }
            Err(findings) => {
                let findings = automata_compiler::render::plain(&definitions.sources, &findings);
                return Err(io::Error::other(format!("{name} has errors:\n{findings}")));
            }
        }
        let documentation = format!("/// Generated from `{name}`.\n#[deny(warnings)]");
        let _ = writeln!(
            modules,
            "{documentation}\npub mod of_{name} {{ include!(concat!(env!(\"OUT_DIR\"), \"/{name}/mod.rs\")); }}"
        );
        let _ = writeln!(arms, "{name:?} => of_{name}::dynamic::run(Default::default()),");
    }
    let run = format!(
        "/// The generated system of those definitions, before its start.\n#[must_use]\n\
         pub fn run(definitions: &str) -> Option<Box<dyn Dynamic>> {{\n\
         Some(match definitions {{ {arms} _ => return None }}) }}\n"
    );
    fs::write(target.join("generated.rs"), format!("{modules}{run}"))?;
    fs::write(target.join("stand_ins.rs"), stand_ins.text())
}

fn write(folder: &Path, files: &BTreeMap<String, String>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    files.iter().try_for_each(|(name, text)| fs::write(folder.join(name), text))
}

impl Module {
    fn add_all(&mut self, system: &System) {
        for definition in &system.types {
            let path = definition.rust.as_ref().and_then(|path| path.strip_prefix("crate::"));
            let Some(path) = path else { continue };
            let variants = match &definition.kind {
                TypeKind::Enum(variants) => variants.clone(),
                TypeKind::Opaque => Vec::new(),
            };
            let mut at = &mut *self;
            let mut segments = path.split("::").peekable();
            while let Some(segment) = segments.next() {
                if segments.peek().is_some() {
                    at = at.modules.entry(segment.to_owned()).or_default();
                } else {
                    at.types.insert(segment.to_owned(), variants);
                    break;
                }
            }
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (name, variants) in &self.types {
            let _ = match variants.as_slice() {
                [] => writeln!(text, "crate::stand_in!({name});"),
                variants => writeln!(
                    text,
                    "/// Stands for an enum of a program.\n\
                     #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]\n\
                     #[allow(missing_docs, reason = \"each is what it is called\")]\n\
                     pub enum {name} {{ {} }}",
                    variants.join(", ")
                ),
            };
        }
        for (name, module) in &self.modules {
            let _ = writeln!(text, "/// Stand-ins.\npub mod {name} {{ {} }}", module.text());
        }
        text
    }
}
