//! Questions, and what is put on the bus: as types, with the form that they have in records.

use std::fmt::Write as _;

use super::documentation::documented;
use super::identifiers;
use super::types::{argument_type, is_copy, is_secret, owned_type};
use super::usage::{QuestionNames, Read, Usage, Who};
use crate::model::{BaseType, Condition, Field, Instances, Type};

/// `Question`, `Ask` and its methods; nothing for an automaton that asks nothing.
pub fn questions(usage: &Usage<'_>) -> String {
    if !usage.asks() {
        return String::new();
    }
    let mut variants = String::new();
    let mut arms = String::new();
    let mut methods = String::new();
    for (condition, names) in usage.automaton.conditions.iter().zip(&usage.conditions) {
        variants.push_str(&documented(&format!("`{}`: {}", condition.name, condition.summary)));
        variants.push_str(&condition_variant(usage, condition, names));
        arms.push_str(&condition_arm(usage, condition, names));
        methods.push_str(&condition_method(usage, condition, names));
    }
    for (&read, names) in &usage.reads {
        let text = read_text(usage, read);
        let variant = &names.variant;
        let key = match read.who {
            Who::Keyed if usage.is_wide(read) => "key: i128, ".to_owned(),
            Who::Keyed => format!("key: {}, ", super::usage::key_type(usage.system, read.automaton)),
            _ => String::new(),
        };
        let _ = writeln!(variants, "/// `{text}`.\n{variant} {{ {key}answer: bool }},");
        arms.push_str(&read_arm(usage, read, variant));
        methods.push_str(&read_method(usage, read, names));
    }
    let host = if usage.has_conditions() { "host: &'a mut dyn Conditions," } else { "" };
    let key = if usage.has_conditions() && usage.automaton.key.is_some() {
        format!("key: &'a {},", usage.key_type())
    } else {
        String::new()
    };
    let states = if usage.reads.is_empty() { "" } else { "states: &'a States," };
    format!(
        "/// A question that was asked, with its answer.\n\
         #[derive(Clone, Debug, PartialEq)]\n\
         #[allow(missing_docs, reason = \"arguments are what they are called\")]\n\
         pub enum Question {{ {variants} }}\n\
         impl serde::Serialize for Question {{ \
           fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {{ match self {{ {arms} }} }} }}\n\
         /// Asks the host, each question once in a delivery, so that all guards see one world; and reads the states of others.\n\
         #[derive()]\nstruct Ask<'a> {{ {host} {key} {states} asked: &'a mut Asked<Question> }}\n\
         impl Ask<'_> {{ {methods} }}\n"
    )
    .replace("#[derive()]\n", "")
}

fn answer_clone(usage: &Usage<'_>, of: Type) -> &'static str {
    if is_copy(usage.system, of) { "*answer" } else { "answer.clone()" }
}

/// Each argument, with what it is called.
fn named<'a>(condition: &'a Condition, names: &'a QuestionNames) -> impl Iterator<Item = (&'a String, &'a Field)> {
    names.arguments.iter().zip(&condition.arguments)
}

fn condition_variant(usage: &Usage<'_>, condition: &Condition, names: &QuestionNames) -> String {
    let mut fields: Vec<String> = named(condition, names)
        .map(|(name, argument)| format!("{name}: {}", owned_type(usage.system, argument.r#type)))
        .collect();
    fields.push(format!("answer: {}", owned_type(usage.system, condition.r#type)));
    format!("{} {{ {} }},\n", names.variant, fields.join(", "))
}

fn condition_arm(usage: &Usage<'_>, condition: &Condition, names: &QuestionNames) -> String {
    let variant = &names.variant;
    let answer = shown(usage, "answer", condition.r#type);
    if condition.arguments.is_empty() {
        return format!(
            "Question::{variant} {{ answer }} => delivery::serialize_question({:?}, {answer}, serializer),\n",
            condition.name
        );
    }
    let mut declared = Vec::new();
    let mut given = Vec::new();
    for (name, argument) in named(condition, names) {
        let renamed =
            if *name == argument.name { String::new() } else { format!("#[serde(rename = {:?})] ", argument.name) };
        if is_secret(usage.system, argument.r#type) {
            declared.push(format!("{renamed}{name}: Secret<'a>"));
            given.push(format!("{name}: {}", shown(usage, name, argument.r#type).trim_start_matches('&')));
        } else {
            declared.push(format!("{renamed}{name}: &'a {}", owned_type(usage.system, argument.r#type)));
            given.push(name.clone());
        }
    }
    format!(
        "Question::{variant} {{ {}, answer }} => {{ \
           #[derive(serde::Serialize)] #[serde(crate = \"automata_runtime::serde\")] \
           struct Arguments<'a> {{ {} }} \
           let arguments = Arguments {{ {} }}; \
           delivery::serialize_question_of({:?}, Some(&arguments), {answer}, serializer) }}\n",
        names.arguments.join(", "),
        declared.join(", "),
        given.join(", "),
        condition.name
    )
}

/// A value as a record shows it: itself, or the placeholder of a secret.
pub fn shown(usage: &Usage<'_>, value: &str, of: Type) -> String {
    match (is_secret(usage.system, of), of.optional) {
        (false, _) => value.to_owned(),
        (true, false) => format!("&Secret::of({value})"),
        (true, true) => format!("&Secret::optional({value})"),
    }
}

fn condition_method(usage: &Usage<'_>, condition: &Condition, names: &QuestionNames) -> String {
    let variant = &names.variant;
    let of = owned_type(usage.system, condition.r#type);
    let parameters: Vec<String> = named(condition, names)
        .map(|(name, argument)| format!("{name}: {}", argument_type(usage.system, argument.r#type)))
        .collect();
    let both = || named(condition, names).zip(&names.known);
    let known: Vec<String> = both().map(|((name, _), known)| format!("{name}: {known}, ")).collect();
    let same: Vec<String> =
        both().map(|((name, argument), known)| is_same(usage, known, name, argument.r#type)).collect();
    let same = if same.is_empty() { String::new() } else { format!("if {}", same.join(" && ")) };
    let others = usage.automaton.conditions.len() + usage.reads.len() > 1 || !condition.arguments.is_empty();
    let otherwise = if others { "_ => None," } else { "" };
    let mut handed: Vec<&str> = names.arguments.iter().map(String::as_str).collect();
    if usage.automaton.key.is_some() {
        handed.insert(0, "self.key");
    }
    let kept: Vec<String> = named(condition, names)
        .map(|(name, argument)| match kept(usage, name, argument.r#type) {
            value if value == *name => format!("{value}, "),
            value => format!("{name}: {value}, "),
        })
        .collect();
    let answer = if is_copy(usage.system, condition.r#type) { "answer" } else { "answer: answer.clone()" };
    format!(
        "fn {method}(&mut self, {parameters}) -> {of} {{ \
           let known = self.asked.questions.iter().find_map(|question| match question {{ \
             Question::{variant} {{ {known} answer }} {same} => Some({taken}), {otherwise} }}); \
           if let Some(answer) = known {{ return answer; }} \
           let answer = self.host.{name}({handed}); \
           self.asked.questions.push(Question::{variant} {{ {kept} {answer} }}); \
           answer }}\n",
        method = names.method,
        name = identifiers::word(&condition.name),
        parameters = parameters.join(", "),
        known = known.concat(),
        taken = answer_clone(usage, condition.r#type),
        handed = handed.join(", "),
        kept = kept.concat(),
    )
}

/// Compares the remembered argument with the one at hand.
fn is_same(usage: &Usage<'_>, known: &str, name: &str, of: Type) -> String {
    match (is_copy(usage.system, of), of.optional, of.base) {
        (true, ..) => format!("*{known} == {name}"),
        (false, true, BaseType::String) => format!("{known}.as_deref() == {name}"),
        (false, true, _) => format!("{known}.as_ref() == {name}"),
        (false, false, _) => format!("{known} == {name}"),
    }
}

/// The argument at hand, to be remembered.
fn kept(usage: &Usage<'_>, name: &str, of: Type) -> String {
    match (is_copy(usage.system, of), of.optional, of.base) {
        (true, ..) => name.to_owned(),
        (false, true, BaseType::String) => format!("{name}.map(str::to_owned)"),
        (false, true, _) => format!("{name}.cloned()"),
        (false, false, BaseType::String) => format!("{name}.to_owned()"),
        (false, false, _) => format!("{name}.clone()"),
    }
}

fn read_text(usage: &Usage<'_>, read: Read) -> String {
    let observed = &usage.system.automata[read.automaton];
    let quantifier = match read.who {
        Who::One => "",
        Who::Keyed => return format!("{}[…] in {}", observed.name, observed.states[read.state].name),
        Who::Any => "any ",
        Who::All => "all ",
        Who::No => "no ",
    };
    format!("{quantifier}{} in {}", observed.name, observed.states[read.state].name)
}

fn read_arm(usage: &Usage<'_>, read: Read, variant: &str) -> String {
    if read.who == Who::Keyed {
        let observed = &usage.system.automata[read.automaton];
        return format!(
            "Question::{variant} {{ key, answer }} => {{ \
               let instance = InstanceName::new({:?}, key); \
               delivery::serialize_question(format_args!(\"{{instance}} in {}\"), answer, serializer) }}\n",
            observed.name, observed.states[read.state].name
        );
    }
    let text = read_text(usage, read);
    format!("Question::{variant} {{ answer }} => delivery::serialize_question({text:?}, answer, serializer),\n")
}

fn read_method(usage: &Usage<'_>, read: Read, names: &QuestionNames) -> String {
    let observed = &usage.system.automata[read.automaton];
    let member = &usage.names.of(read.automaton).member;
    let (method, variant) = (&names.method, &names.variant);
    let is_in = is_in(usage, read);
    let (parameter, answer, key) = match read.who {
        Who::One => ("", format!("self.states.{member}.is_some_and({is_in})"), ""),
        Who::Keyed if usage.is_wide(read) => {
            let of = super::usage::key_type(usage.system, read.automaton);
            (
                ", key: i128",
                format!("{of}::try_from(key).is_ok_and(|key| self.states.{member}.one(&key, {is_in}))"),
                "key, ",
            )
        }
        Who::Keyed => {
            let key = observed.key.as_ref().map_or(Type::BOOL, |key| key.r#type);
            let parameter = argument_type(usage.system, key);
            let borrowed = if is_copy(usage.system, key) { "&key" } else { "key" };
            let owned = kept(usage, "key", key);
            let question = if owned == "key" { "key, ".to_owned() } else { format!("key: {owned}, ") };
            return format!(
                "fn {method}(&mut self, key: {parameter}) -> bool {{ \
                   let answer = self.states.{member}.one({borrowed}, {is_in}); \
                   self.asked.note_read(|| Question::{variant} {{ {question} answer }}); answer }}\n"
            );
        }
        Who::Any => ("", format!("self.states.{member}.any({is_in})"), ""),
        Who::All => ("", format!("self.states.{member}.all({is_in})"), ""),
        Who::No => ("", format!("!self.states.{member}.any({is_in})"), ""),
    };
    format!(
        "fn {method}(&mut self{parameter}) -> bool {{ let answer = {answer}; \
         self.asked.note_read(|| Question::{variant} {{ {key} answer }}); answer }}\n"
    )
}

/// `|state| state.is_in_known()`, or a comparison for a leaf.
pub fn is_in(usage: &Usage<'_>, read: Read) -> String {
    let observed = &usage.system.automata[read.automaton];
    let state = &observed.states[read.state];
    let path = usage.path_to(read.automaton);
    if state.children.is_empty() {
        format!("|state| state == {path}State::{}", usage.names.of(read.automaton).state(read.state))
    } else {
        format!("{path}State::is_in_{}", identifiers::snake(&state.name))
    }
}

/// `Sent`, with its form in records; nothing for an automaton that puts nothing on the bus.
pub fn sent(usage: &Usage<'_>) -> String {
    let variants = sent_variants(usage);
    if variants.is_empty() {
        return String::new();
    }
    let mut declared = String::new();
    let mut arms = String::new();
    for variant in &variants {
        declared.push_str(&variant.declaration);
        arms.push_str(&variant.serialized);
    }
    let observations: Vec<&str> = variants.iter().filter_map(|variant| variant.observation.as_deref()).collect();
    let is_observation = if observations.is_empty() {
        String::new()
    } else {
        format!("fn is_observation(&self) -> bool {{ matches!(self, {}) }}", observations.join(" | "))
    };
    format!(
        "/// What an instance puts on the bus.\n\
         #[derive(Clone, Debug)]\n\
         #[allow(missing_docs, reason = \"a key is a key\")]\n\
         pub enum Sent {{ {declared} }}\n\
         impl serde::Serialize for Sent {{ \
           fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {{ match self {{ {arms} }} }} }}\n\
         impl automaton::Sent for Sent {{ {is_observation} }}\n"
    )
}

/// A variant of `Sent`.
pub struct SentVariant {
    /// In the enum, with its documentation.
    declaration: String,
    /// The arm of `serialize`.
    serialized: String,
    /// Its pattern, if it is an observation.
    observation: Option<String>,
    /// What becomes of it on the bus.
    pub kind: SentKind,
    /// Its name.
    pub name: String,
}

/// What a variant of `Sent` stands for.
#[allow(missing_docs, reason = "as in the model")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SentKind {
    To(crate::model::AutomatonId),
    All(crate::model::AutomatonId),
    Start(crate::model::AutomatonId),
    Observed(crate::model::Change, crate::model::StateId),
}

/// The variants of `Sent`.
pub fn sent_variants(usage: &Usage<'_>) -> Vec<SentVariant> {
    let mut kinds = std::collections::BTreeSet::new();
    for effects in super::usage::all_effects(usage.automaton) {
        kinds.extend(effects.sends().map(|send| match send.to.instances {
            Instances::All => SentKind::All(send.to.automaton),
            _ => SentKind::To(send.to.automaton),
        }));
        kinds.extend(effects.starts().map(|start| SentKind::Start(start.automaton)));
    }
    kinds.extend(usage.observed.iter().map(|&(change, state)| SentKind::Observed(change, state)));
    kinds.into_iter().map(|kind| sent_variant(usage, kind)).collect()
}

fn sent_variant(usage: &Usage<'_>, kind: SentKind) -> SentVariant {
    let system = usage.system;
    let (receiver, prefix, payload, field) = match kind {
        SentKind::Observed(change, state) => {
            let name = format!("{}{}", identifiers::change_word(change), usage.own_names().state(state));
            let state = &usage.automaton.states[state].name;
            return SentVariant {
                declaration: format!(
                    "/// An observation: it {} `{state}`.\n{name},\n",
                    identifiers::change_word(change).to_lowercase()
                ),
                serialized: format!("Sent::{name} => serializer.serialize_unit(),\n"),
                observation: Some(format!("Sent::{name}")),
                kind,
                name,
            };
        }
        SentKind::To(id) => (id, "To", "Event", "event"),
        SentKind::All(id) => (id, "All", "Event", "event"),
        SentKind::Start(id) => (id, "Start", "Given", "given"),
    };
    let automaton = &system.automata[receiver];
    let name = format!("{prefix}{}", usage.names.of(receiver).variant);
    let payload = if field == "given" && automaton.parameters.is_empty() {
        "()".to_owned()
    } else {
        format!("{}{payload}", usage.path_to(receiver))
    };
    let serialize = if field == "given" { "serialize_start" } else { "serialize_sent" };
    let is_keyed = automaton.key.is_some() && !matches!(kind, SentKind::All(_));
    let what = match kind {
        SentKind::All(_) => format!("An event for every instance of `{}`.", automaton.name),
        SentKind::Start(_) => format!("A new instance of `{}`.", automaton.name),
        _ => format!("An event for `{}`.", automaton.name),
    };
    let (declaration, serialized) = if is_keyed {
        let is_wide = usage.sends_wide(receiver, field == "given");
        let key = if is_wide { "i128".to_owned() } else { super::usage::key_type(system, receiver) };
        (
            format!("{name} {{ key: {key}, {field}: {payload} }}"),
            format!(
                "Sent::{name} {{ key, {field} }} => \
                 delivery::{serialize}(InstanceName::new({:?}, key), {field}, serializer),\n",
                automaton.name
            ),
        )
    } else {
        let instance = match kind {
            SentKind::All(_) => format!("InstanceName::all({:?})", automaton.name),
            _ => format!("InstanceName::new({:?}, &())", automaton.name),
        };
        (
            format!("{name}({payload})"),
            format!("Sent::{name}({field}) => delivery::{serialize}({instance}, {field}, serializer),\n"),
        )
    };
    SentVariant { declaration: format!("/// {what}\n{declaration},\n"), serialized, observation: None, kind, name }
}
