//! What is to be checked, as people name it: folders, files, automata, standard input.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use automata_compiler::nearest::nearest;
use automata_compiler::source::{FileId, Source, Sources};
use automata_compiler::yaml::{self, Node, NodeKind};

use crate::folder::{Folder, USUAL_NAME, unknown};

/// What stands for standard input, on the command line and before the findings of what came in there.
const STANDARD_INPUT: (&str, &str) = ("-", "<stdin>");

/// Files of one folder.
pub struct Target {
    /// The folder; none for a definition from standard input that belongs to none.
    pub folder: Option<Folder>,
    /// The names of the files that are asked for; all of them, if there is none.
    pub files: BTreeSet<String>,
    /// A definition from standard input: it stands in for the file of that name.
    input: Option<Source>,
}

impl Target {
    /// The whole folder.
    fn folder(folder: Folder) -> Self {
        Self { folder: Some(folder), files: BTreeSet::new(), input: None }
    }

    /// Files of the same folder that are asked for too. A definition from standard input still stands in for its file.
    fn add(&mut self, other: Self) {
        if self.files.is_empty() || other.files.is_empty() {
            self.files.clear();
        } else {
            self.files.extend(other.files);
        }
        self.input = self.input.take().or(other.input);
    }

    /// All definitions of the folder, those that are not asked for too: they are what the others name.
    pub fn read(&self) -> anyhow::Result<Sources> {
        let sources = self.folder.as_ref().map(Folder::read).transpose()?;
        let Some(input) = &self.input else { return Ok(sources.unwrap_or_default()) };
        let Some(sources) = sources else { return Ok(alone(input)) };
        let others = sources.iter().filter(|(_, source)| file_name(&source.path) != input.path);
        let others = others.map(|(id, source)| (source.clone(), sources.fault(id).cloned()));
        Ok(Sources::with_faults(others.chain([(input.clone(), None)]).collect()))
    }

    /// With the paths by which people open them.
    pub fn shown(&self, sources: Sources) -> Sources {
        let folder = self.folder.as_ref().map(Folder::seen_from_here).unwrap_or_default();
        sources.shown_as(|path| match (&self.input, file_name(path)) {
            (Some(input), name) if name == input.path => STANDARD_INPUT.1.to_owned(),
            (_, name) if folder.is_empty() => name.to_owned(),
            (_, name) => format!("{folder}/{name}"),
        })
    }
}

/// Groups what is named by folders, in the order in which they are named first. Nothing named is the whole folder.
pub fn find(named: &[PathBuf], folder: Option<&Path>) -> anyhow::Result<Vec<Target>> {
    if named.iter().filter(|name| *name == Path::new(STANDARD_INPUT.0)).count() > 1 {
        bail!(
            "`-` is given twice, but standard input can be read only once\nhelp: name the other definitions by their files"
        );
    }
    let mut targets: Vec<Target> = Vec::new();
    for name in named {
        let target = one(name, folder)?;
        let path = |target: &Target| target.folder.as_ref().and_then(|folder| folder.path().canonicalize().ok());
        match targets.iter_mut().find(|other| path(other).is_some() && path(other) == path(&target)) {
            Some(other) => other.add(target),
            None => targets.push(target),
        }
    }
    if targets.is_empty() {
        targets.push(Target::folder(Folder::find(folder)?));
    }
    Ok(targets)
}

fn one(name: &Path, folder: Option<&Path>) -> anyhow::Result<Target> {
    if name == Path::new(STANDARD_INPUT.0) {
        return standard_input(folder);
    }
    let text = name.to_string_lossy();
    // A bare word is an automaton, if there is one of that name; `./door` is a path whatever there is.
    let is_bare = !text.contains(['/', '\\', '.']);
    let file = format!("{text}.yaml");
    if is_bare
        && let Ok(found) = Folder::find(folder)
        && found.path().join(&file).symlink_metadata().is_ok()
    {
        return Ok(Target { folder: Some(found), files: BTreeSet::from([file]), input: None });
    }
    if name.is_dir() {
        return Ok(Target::folder(Folder::find(Some(&with_definitions(name)))?));
    }
    // A link that leads nowhere is a file of the folder as well: its finding says so.
    if name.symlink_metadata().is_ok() {
        let file = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let parent = name.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        if !automata_compiler::is_meant_as_definition(&file) {
            bail!("{text} is not a definition\nhelp: definitions are files that end in `.yaml`");
        }
        return Ok(Target { folder: Some(Folder::find(Some(parent))?), files: BTreeSet::from([file]), input: None });
    }
    if is_bare {
        let found = Folder::find(folder)?;
        let sources = found.read()?;
        let automata: Vec<&str> = sources.iter().filter_map(|(_, source)| automaton_of(&source.path)).collect();
        bail!("{}", unknown("automaton", &text, automata.iter().copied()));
    }
    bail!("{text} does not exist{}", near(name, folder))
}

/// The folder itself, or the `automata` in it where the definitions of a project are.
fn with_definitions(folder: &Path) -> PathBuf {
    let inner = folder.join(USUAL_NAME);
    let has_own = || {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.file_name().to_string_lossy().to_lowercase().ends_with(".yaml"))
    };
    if inner.is_dir() && !has_own() { inner } else { folder.to_owned() }
}

/// What is called so in the folder of definitions, or nearly so where it was looked for.
fn near(path: &Path, folder: Option<&Path>) -> String {
    let parent = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let definitions = Folder::find(folder).ok();
    if let (Some(definitions), Some(file)) = (definitions, path.file_name())
        && definitions.path().join(file).is_file()
    {
        let there = match definitions.seen_from_here() {
            folder if folder.is_empty() => file.to_string_lossy().into_owned(),
            folder => format!("{folder}/{}", file.to_string_lossy()),
        };
        return format!("\nhelp: did you mean `{there}`?");
    }
    let names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let written = path.file_name().unwrap_or_default().to_string_lossy();
    match nearest(&written, names.iter().map(String::as_str)) {
        Some(near) => format!("\nhelp: did you mean `{}`?", path.with_file_name(near).display()),
        None if !parent.is_dir() => format!("\nhelp: nor does {}", parent.display()),
        None => "\nhelp: name a folder of definitions, one of its files, or an automaton".to_owned(),
    }
}

/// The definition that comes in at standard input, among those of the folder if there is one.
fn standard_input(folder: Option<&Path>) -> anyhow::Result<Target> {
    let mut bytes = Vec::new();
    let most = yaml::FILE_SIZE_LIMIT as u64 + 1;
    std::io::stdin().take(most).read_to_end(&mut bytes).context("standard input cannot be read")?;
    let text = String::from_utf8(bytes).context("standard input is not UTF-8")?;
    let name = top_level(&text, "automaton").unwrap_or_else(|| {
        let shared = ["types", "parts"].into_iter().find(|key| declares(&text, key));
        shared.unwrap_or("stdin").to_owned()
    });
    let file = format!("{name}.yaml");
    let folder = match folder {
        Some(_) => Some(Folder::find(folder)?),
        None => Folder::find(None).ok(),
    };
    Ok(Target { folder, files: BTreeSet::from([file.clone()]), input: Some(Source { path: file, text }) })
}

/// A definition that belongs to no folder: whom it names by `from` and `by` is believed to be a part of the program.
fn alone(input: &Source) -> Sources {
    let mut names = BTreeSet::new();
    if let Some(Node { kind: NodeKind::Mapping(sections), .. }) = parse(&input.text) {
        for section in sections.iter().filter(|section| ["events", "actions"].contains(&section.key.text.as_str())) {
            collect_partners(&section.value, &mut names);
        }
    }
    let mut files = vec![input.clone()];
    if !names.is_empty() {
        let lines: String = names.iter().map(|name| format!("  {name}: Around it.\n")).collect();
        files.push(Source { path: "parts.yaml".to_owned(), text: format!("parts:\n{lines}") });
    }
    Sources::new(files)
}

fn collect_partners(declarations: &Node, names: &mut BTreeSet<String>) {
    let NodeKind::Mapping(declarations) = &declarations.kind else { return };
    for declaration in declarations {
        let NodeKind::Mapping(keys) = &declaration.value.kind else { continue };
        for key in keys.iter().filter(|key| ["from", "by"].contains(&key.key.text.as_str())) {
            let texts = match &key.value.kind {
                NodeKind::Sequence(items) => items.iter().collect(),
                _ => vec![&key.value],
            };
            names.extend(texts.into_iter().filter_map(|node| match &node.kind {
                NodeKind::Scalar(scalar) => Some(scalar.text.text.clone()),
                _ => None,
            }));
        }
    }
    let is_name = |name: &String| automata_compiler::naming::Convention::SnakeCase.fits(name);
    names.retain(is_name);
}

fn parse(text: &str) -> Option<Node> {
    yaml::parse(FileId(0), text, &mut Vec::new())
}

/// The text behind a key at the top of a file.
fn top_level(text: &str, key: &str) -> Option<String> {
    let NodeKind::Mapping(entries) = parse(text)?.kind else { return None };
    let entry = entries.into_iter().find(|entry| entry.key.text == key)?;
    match entry.value.kind {
        // What is no name cannot be that of a file either; the compiler says what is wrong with it.
        NodeKind::Scalar(scalar) if !scalar.text.text.contains(['/', '.']) => Some(scalar.text.text),
        _ => None,
    }
}

fn declares(text: &str, key: &str) -> bool {
    matches!(parse(text), Some(Node { kind: NodeKind::Mapping(entries), .. }) if entries.iter().any(|it| it.key.text == key))
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The automaton whose file this is by its name; `types.yaml` and `parts.yaml` are no automata's.
pub fn automaton_of(path: &str) -> Option<&str> {
    let name = file_name(path).strip_suffix(".yaml")?;
    (!["types", "parts"].contains(&name)).then_some(name)
}
