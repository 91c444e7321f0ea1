//! The Rust files of a folder, as the modules of one crate.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path as FilePath;

use crate::imports::{self, Module, Path};

/// Files with their modules.
pub struct Files {
    /// As shown.
    names: Vec<String>,
    modules: BTreeMap<Path, (usize, Module)>,
}

impl Files {
    /// Those below a folder, shown with its name.
    pub fn below(root: &FilePath, folder: &str) -> Self {
        let texts = texts(&root.join(folder));
        assert!(!texts.is_empty(), "{folder} was not found");
        Self::of(texts.iter().map(|(file, text)| (format!("{folder}/{file}"), module_path(file), text.as_str())))
    }

    /// Of each file its name, the path of its module, and its text.
    pub fn of<'t>(files: impl IntoIterator<Item = (String, Path, &'t str)>) -> Self {
        let (mut names, mut modules) = (Vec::new(), BTreeMap::new());
        for (name, path, text) in files {
            for module in imports::read(text, path) {
                modules.insert(module.path.clone(), (names.len(), module));
            }
            names.push(name);
        }
        Self { names, modules }
    }

    pub fn count(&self) -> usize {
        self.names.len()
    }

    pub fn name(&self, file: usize) -> &str {
        &self.names[file]
    }

    /// All modules with the names of their files.
    pub fn modules(&self) -> impl Iterator<Item = (&str, &Module)> {
        self.modules.values().map(|(file, module)| (self.name(*file), module))
    }

    /// Which file takes which item from which other, tests left out.
    pub fn imports(&self) -> impl Iterator<Item = (usize, String, usize)> {
        let modules = self.modules.values().filter(|(_, module)| !module.is_test);
        let all = modules.flat_map(|(from, module)| module.imports.iter().map(move |path| (*from, path)));
        let found = all.filter_map(|(from, path)| self.home(path, 0).map(|(item, home)| (from, item, home)));
        found.filter(|(from, _, home)| from != home)
    }

    /// An item, and the file that defines it: what a module only hands on is looked for behind it. A module by itself
    /// is no item.
    fn home(&self, path: &[String], depth: usize) -> Option<(String, usize)> {
        let of_length = |length: usize| Some((length, self.modules.get(&path[..length])?));
        let (length, (file, module)) = (1..=path.len()).rev().find_map(of_length)?;
        match module.names.get(path.get(length)?) {
            Some(start) if depth < 8 => self.home(&[start, &path[length + 1..]].concat(), depth + 1),
            _ => Some((path[..=length].join("::"), *file)),
        }
    }
}

/// `a/b.rs` and `a/b/mod.rs` are `crate::a::b`.
fn module_path(file: &str) -> Path {
    let below = file.trim_end_matches(".rs").trim_end_matches("/mod");
    let is_root = matches!(below, "lib" | "mod");
    ["crate"].into_iter().chain(below.split('/').filter(|_| !is_root)).map(str::to_owned).collect()
}

/// All Rust files below a folder, with their texts, in the order of their paths from it.
pub fn texts(folder: &FilePath) -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.expect("the folder can be read").path()) {
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(texts(&path).into_iter().map(|(file, text)| (format!("{name}/{file}"), text)));
        } else if name.ends_with(".rs") {
            found.push((name, fs::read_to_string(&path).expect("a source file can be read")));
        }
    }
    found.sort();
    found
}
