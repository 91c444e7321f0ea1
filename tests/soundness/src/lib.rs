//! Random hostile definitions.
//!
//! Whatever `check` accepts becomes Rust that compiles without a warning, and does what the interpreter does. That is
//! so by construction; here it is tried: systems of a few automata are made up from a seed, well-typed, and with every
//! name asking for trouble. [`batch`] compiles many of them as one program, which then runs each beside the
//! interpreter.
//!
//! A new element of the language is added where it belongs: a kind of effect to `EFFECTS` in `effects`, an operator to
//! `expressions`, something that is declared to `plan` and [`Definition::new`].

pub mod batch;
pub mod behaviour;
pub mod chance;
pub mod effects;
pub mod expressions;
pub mod plan;
pub mod random_names;

use std::fs;
use std::io;
use std::path::Path;

use automata_compiler::source::{Source, Sources};
use serde_json::{Map, Value as Json, json};

use crate::behaviour::Behaviour;
use crate::chance::Chance;
use crate::expressions::{Place, bounds, initial};
use crate::plan::{Automaton, Call, Named, Plan};

/// Texts that end up in comments and strings.
pub(crate) const SUMMARIES: &[&str] = &[
    "A thing.",
    "Ends a comment: */ // \" \\ {} \r and \u{202e}more\u{2066}.",
    "types::Bytes, Bytes, Milliseconds and InstanceName are only spoken of.",
    "Two\nlines,\ttabs and \u{0}, \u{85}, \u{2028}.",
    "- a list\n- of things\nand what follows",
];

/// A system as files of YAML. (They are JSON, which is YAML as well.)
#[derive(Clone, Debug)]
pub struct Definition {
    /// What it was made of.
    pub seed: u64,
    /// Names and texts.
    pub files: Vec<(String, String)>,
}

impl Definition {
    /// The one of that seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let plan = Plan::new(&mut chance);
        let mut files = vec![file("types", &types(&plan)), file("parts", &parts(&plan, &mut chance))];
        for index in 0..plan.automata.len() {
            files.push(file(&plan.automata[index].name, &automaton(&plan, index, &mut chance)));
        }
        Self { seed, files }
    }

    /// For the compiler.
    #[must_use]
    pub fn sources(&self) -> Sources {
        let source = |(name, text): &(String, String)| Source { path: name.clone(), text: text.clone() };
        Sources::new(self.files.iter().map(source).collect())
    }

    /// The whole of it, to be shown.
    #[must_use]
    pub fn text(&self) -> String {
        let files = self.files.iter().map(|(name, text)| format!("=== {name}\n{text}\n"));
        format!("# seed {}\n{}", self.seed, files.collect::<String>())
    }

    /// Its files into a folder.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        self.files.iter().try_for_each(|(name, text)| fs::write(folder.join(name), text))
    }
}

fn file(name: &str, content: &Json) -> (String, String) {
    (format!("{name}.yaml"), serde_json::to_string_pretty(content).expect("texts and numbers are JSON"))
}

fn types(plan: &Plan) -> Json {
    let mut types = Map::new();
    for declared in &plan.types {
        let mut keys = if declared.variants.is_empty() {
            json!({ "rust": "crate::StandIn" })
        } else {
            json!({ "enum": declared.variants })
        };
        if declared.secret {
            keys["secret"] = json!(true);
        }
        types.insert(declared.name.clone(), keys);
    }
    let keys = plan.keys.iter().map(|(name, kind)| (name.clone(), json!(plan.text(plan::Of::plain(*kind)))));
    json!({ "types": types, "keys": keys.collect::<Map<_, _>>() })
}

fn parts(plan: &Plan, chance: &mut Chance) -> Json {
    let parts = plan.parts.iter().map(|name| {
        let summary = summary(chance);
        let part = if chance.once_in(2) { json!({ "summary": summary, "outside": true }) } else { summary };
        (name.clone(), part)
    });
    json!({ "parts": parts.collect::<Map<_, _>>() })
}

fn summary(chance: &mut Chance) -> Json {
    json!(SUMMARIES[chance.below(SUMMARIES.len())])
}

fn automaton(plan: &Plan, index: usize, chance: &mut Chance) -> Json {
    let this = &plan.automata[index];
    let mut keys = Map::new();
    keys.insert("automaton".to_owned(), json!(this.name));
    keys.insert("summary".to_owned(), summary(chance));
    if let Some(key) = this.key {
        keys.insert("instances".to_owned(), json!(format!("per {}", plan.keys[key].0)));
    }
    for (key, values, start) in [("parameters", &this.parameters, "default"), ("variables", &this.variables, "initial")]
    {
        let mut declared = Map::new();
        for value in values {
            let mut of = json!({ "type": plan.text(value.of), "summary": "V." });
            of[start] = json!(initial(plan, value.of, chance));
            if value.is_bounded {
                let (low, high) = bounds(value.of.kind);
                (of["min"], of["max"]) = (json!(low), json!(high));
            }
            declared.insert(value.name.clone(), of);
        }
        keys.insert(key.to_owned(), Json::Object(declared));
    }
    keys.extend(calls(
        plan,
        "conditions",
        &this.conditions,
        |condition| json!({ "type": plan.text(condition.of), "arguments": fields(plan, &condition.fields) }),
    ));
    keys.extend(calls(plan, "events", &this.events, |event| {
        let parts = event.parts.iter().map(|&part| plan.parts[part].as_str());
        let automata = event.automata.iter().map(|&automaton| plan.automata[automaton].name.as_str());
        let from: Vec<&str> = parts.chain(automata).collect();
        let mut keys = json!({ "fields": fields(plan, &event.fields) });
        if !from.is_empty() {
            keys["from"] = json!(from);
        }
        if event.starts {
            keys["starts"] = json!(true);
        }
        keys
    }));
    keys.extend(calls(
        plan,
        "actions",
        &this.actions,
        |action| json!({ "by": plan.parts[action.parts[0]], "arguments": fields(plan, &action.fields) }),
    ));
    keys.extend(properties(plan, this, chance));
    if let Json::Object(root) = (Behaviour { plan, index }).state(0, chance) {
        keys.extend(root);
    }
    Json::Object(keys)
}

fn calls(plan: &Plan, key: &str, calls: &[Call], keys: impl Fn(&Call) -> Json) -> Option<(String, Json)> {
    let _ = plan;
    let declare = |call: &Call| {
        let mut keys = keys(call);
        keys["summary"] = json!("C.");
        // What has no fields says nothing of them.
        if let Json::Object(keys) = &mut keys {
            keys.retain(|_, value| *value != json!({}));
        }
        (call.name.clone(), keys)
    };
    (!calls.is_empty()).then(|| (key.to_owned(), Json::Object(calls.iter().map(declare).collect())))
}

fn fields(plan: &Plan, fields: &[Named]) -> Json {
    Json::Object(fields.iter().map(|field| (field.name.clone(), json!(plan.text(field.of)))).collect())
}

fn properties(plan: &Plan, this: &Automaton, chance: &mut Chance) -> Option<(String, Json)> {
    let place = Place { plan, automaton: this, fields: &[], known: &[], asks: 0, is_guard: true, is_property: true };
    let mut names = random_names::Names::default();
    let properties = (0..chance.below(4)).map(|_| {
        let kind = ["always", "always", "never", "never", "eventually"][chance.below(5)];
        (names.small(chance), json!({ kind: place.truth(chance) }))
    });
    let properties: Map<_, _> = properties.collect();
    (!properties.is_empty()).then(|| ("properties".to_owned(), Json::Object(properties)))
}
