//! Questions, and what is put on the bus: as types, with the form that they have in records.

use std::fmt::Write as _;

use super::documentation::documented;
use super::expressions::read_name;
use super::facts::{Facts, Read, Who};
use super::names;
use super::types::{argument_type, is_copy, is_secret, owned_type};
use crate::model::{BaseType, Condition, Instances, Type};

/// `Question`, `Ask` and its methods; nothing for an automaton that asks nothing.
pub fn questions(facts: &Facts<'_>) -> String {
    if !facts.asks() {
        return String::new();
    }
    let mut variants = String::new();
    let mut arms = String::new();
    let mut methods = String::new();
    for condition in &facts.automaton.conditions {
        variants.push_str(&documented(&format!("`{}`: {}", condition.name, condition.summary)));
        variants.push_str(&condition_variant(facts, condition));
        arms.push_str(&condition_arm(facts, condition));
        methods.push_str(&condition_method(facts, condition));
    }
    for &read in &facts.reads {
        let text = read_text(facts, read);
        let variant = names::camel(&read_name(facts, read));
        let key = if read.who == Who::Keyed {
            format!("key: {}, ", super::facts::key_type(facts.system, read.automaton))
        } else {
            String::new()
        };
        let _ = writeln!(variants, "/// `{text}`.\n{variant} {{ {key}answer: bool }},");
        arms.push_str(&read_arm(facts, read, &variant));
        methods.push_str(&read_method(facts, read, &variant));
    }
    let host = if facts.has_conditions() { "host: &'a mut dyn Conditions," } else { "" };
    let key = if facts.has_conditions() && facts.automaton.key.is_some() {
        format!("key: &'a {},", facts.key_type())
    } else {
        String::new()
    };
    let states = if facts.reads.is_empty() { "" } else { "states: &'a States," };
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

fn answer_clone(facts: &Facts<'_>, of: Type) -> &'static str {
    if is_copy(facts.system, of) { "*answer" } else { "answer.clone()" }
}

fn condition_variant(facts: &Facts<'_>, condition: &Condition) -> String {
    let mut fields: Vec<String> = condition
        .arguments
        .iter()
        .map(|argument| format!("{}: {}", argument.name, owned_type(facts.system, argument.r#type)))
        .collect();
    fields.push(format!("answer: {}", owned_type(facts.system, condition.r#type)));
    format!("{} {{ {} }},\n", names::camel(&condition.name), fields.join(", "))
}

fn condition_arm(facts: &Facts<'_>, condition: &Condition) -> String {
    let variant = names::camel(&condition.name);
    let answer = shown(facts, "answer", condition.r#type);
    if condition.arguments.is_empty() {
        return format!(
            "Question::{variant} {{ answer }} => delivery::serialize_question({:?}, {answer}, serializer),\n",
            condition.name
        );
    }
    let fields: Vec<&str> = condition.arguments.iter().map(|argument| argument.name.as_str()).collect();
    let mut declared = Vec::new();
    let mut given = Vec::new();
    for argument in &condition.arguments {
        let name = &argument.name;
        if is_secret(facts.system, argument.r#type) {
            declared.push(format!("{name}: Secret<'a>"));
            given.push(format!("{name}: {}", shown(facts, name, argument.r#type).trim_start_matches('&')));
        } else {
            declared.push(format!("{name}: &'a {}", owned_type(facts.system, argument.r#type)));
            given.push(name.clone());
        }
    }
    let borrows = declared.iter().any(|field| field.contains("'a"));
    format!(
        "Question::{variant} {{ {}, answer }} => {{ \
           #[derive(serde::Serialize)] #[serde(crate = \"automata_runtime::serde\")] \
           struct Arguments{} {{ {} }} \
           let arguments = Arguments {{ {} }}; \
           delivery::serialize_question_of({:?}, Some(&arguments), {answer}, serializer) }}\n",
        fields.join(", "),
        if borrows { "<'a>" } else { "" },
        declared.join(", "),
        given.join(", "),
        condition.name
    )
}

/// A value as a record shows it: itself, or the placeholder of a secret.
pub fn shown(facts: &Facts<'_>, value: &str, of: Type) -> String {
    match (is_secret(facts.system, of), of.optional) {
        (false, _) => value.to_owned(),
        (true, false) => format!("&Secret::of({value})"),
        (true, true) => format!("&Secret::optional({value})"),
    }
}

fn condition_method(facts: &Facts<'_>, condition: &Condition) -> String {
    let variant = names::camel(&condition.name);
    let of = owned_type(facts.system, condition.r#type);
    let parameters: Vec<String> = condition
        .arguments
        .iter()
        .map(|argument| format!("{}: {}", argument.name, argument_type(facts.system, argument.r#type)))
        .collect();
    let known: Vec<String> =
        condition.arguments.iter().map(|argument| format!("{0}: known_{0}, ", argument.name)).collect();
    let same: Vec<String> =
        condition.arguments.iter().map(|argument| is_same(facts, &argument.name, argument.r#type)).collect();
    let same = if same.is_empty() { String::new() } else { format!("if {}", same.join(" && ")) };
    let others = facts.automaton.conditions.len() + facts.reads.len() > 1 || !condition.arguments.is_empty();
    let otherwise = if others { "_ => None," } else { "" };
    let mut handed: Vec<&str> = condition.arguments.iter().map(|argument| argument.name.as_str()).collect();
    if facts.automaton.key.is_some() {
        handed.insert(0, "self.key");
    }
    let kept: Vec<String> = condition
        .arguments
        .iter()
        .map(|argument| match kept(facts, &argument.name, argument.r#type) {
            value if value == argument.name => format!("{value}, "),
            value => format!("{}: {value}, ", argument.name),
        })
        .collect();
    let answer = if is_copy(facts.system, condition.r#type) { "answer" } else { "answer: answer.clone()" };
    format!(
        "fn {name}(&mut self, {parameters}) -> {of} {{ \
           let known = self.asked.questions.iter().find_map(|question| match question {{ \
             Question::{variant} {{ {known} answer }} {same} => Some({taken}), {otherwise} }}); \
           if let Some(answer) = known {{ return answer; }} \
           let answer = self.host.{name}({handed}); \
           self.asked.questions.push(Question::{variant} {{ {kept} {answer} }}); \
           answer }}\n",
        name = condition.name,
        parameters = parameters.join(", "),
        known = known.concat(),
        taken = answer_clone(facts, condition.r#type),
        handed = handed.join(", "),
        kept = kept.concat(),
    )
}

/// Compares the remembered argument with the one at hand.
fn is_same(facts: &Facts<'_>, name: &str, of: Type) -> String {
    match (is_copy(facts.system, of), of.optional, of.base) {
        (true, ..) => format!("*known_{name} == {name}"),
        (false, true, BaseType::String) => format!("known_{name}.as_deref() == {name}"),
        (false, true, _) => format!("known_{name}.as_ref() == {name}"),
        (false, false, _) => format!("known_{name} == {name}"),
    }
}

/// The argument at hand, to be remembered.
fn kept(facts: &Facts<'_>, name: &str, of: Type) -> String {
    match (is_copy(facts.system, of), of.optional, of.base) {
        (true, ..) => name.to_owned(),
        (false, true, BaseType::String) => format!("{name}.map(str::to_owned)"),
        (false, true, _) => format!("{name}.cloned()"),
        (false, false, BaseType::String) => format!("{name}.to_owned()"),
        (false, false, _) => format!("{name}.clone()"),
    }
}

fn read_text(facts: &Facts<'_>, read: Read) -> String {
    let observed = &facts.system.automata[read.automaton];
    let quantifier = match read.who {
        Who::One => "",
        Who::Keyed => return format!("{}[…] in {}", observed.name, observed.states[read.state].name),
        Who::Any => "any ",
        Who::All => "all ",
        Who::No => "no ",
    };
    format!("{quantifier}{} in {}", observed.name, observed.states[read.state].name)
}

fn read_arm(facts: &Facts<'_>, read: Read, variant: &str) -> String {
    if read.who == Who::Keyed {
        let observed = &facts.system.automata[read.automaton];
        return format!(
            "Question::{variant} {{ key, answer }} => {{ \
               let instance = InstanceName::new({:?}, key); \
               delivery::serialize_question(format_args!(\"{{instance}} in {}\"), answer, serializer) }}\n",
            observed.name, observed.states[read.state].name
        );
    }
    let text = read_text(facts, read);
    format!("Question::{variant} {{ answer }} => delivery::serialize_question({text:?}, answer, serializer),\n")
}

fn read_method(facts: &Facts<'_>, read: Read, variant: &str) -> String {
    let observed = &facts.system.automata[read.automaton];
    let is_in = is_in(facts, read);
    let (parameter, answer, key) = match read.who {
        Who::One => ("", format!("self.states.{}.is_some_and({is_in})", observed.name), ""),
        Who::Keyed => {
            let key = observed.key.as_ref().map_or(Type::BOOL, |key| key.r#type);
            let parameter = argument_type(facts.system, key);
            let borrowed = if is_copy(facts.system, key) { "&key" } else { "key" };
            let owned = kept(facts, "key", key);
            let question = if owned == "key" { "key, ".to_owned() } else { format!("key: {owned}, ") };
            return format!(
                "fn {}(&mut self, key: {parameter}) -> bool {{ \
                   let answer = self.states.{}.one({borrowed}, {is_in}); \
                   self.asked.note_read(|| Question::{variant} {{ {question} answer }}); answer }}\n",
                read_name(facts, read),
                observed.name
            );
        }
        Who::Any => ("", format!("self.states.{}.any({is_in})", observed.name), ""),
        Who::All => ("", format!("self.states.{}.all({is_in})", observed.name), ""),
        Who::No => ("", format!("!self.states.{}.any({is_in})", observed.name), ""),
    };
    format!(
        "fn {}(&mut self{parameter}) -> bool {{ let answer = {answer}; \
         self.asked.note_read(|| Question::{variant} {{ {key} answer }}); answer }}\n",
        read_name(facts, read)
    )
}

/// `|state| state.is_in_known()`, or a comparison for a leaf.
fn is_in(facts: &Facts<'_>, read: Read) -> String {
    let observed = &facts.system.automata[read.automaton];
    let state = &observed.states[read.state];
    let module = if read.automaton == facts.id { String::new() } else { format!("{}::", observed.name) };
    if state.children.is_empty() {
        format!("|state| state == {module}State::{}", names::state_variant(state))
    } else {
        format!("{module}State::is_in_{}", names::snake(&state.name))
    }
}

/// `Sent`, with its form in records; nothing for an automaton that puts nothing on the bus.
pub fn sent(facts: &Facts<'_>) -> String {
    let variants = sent_variants(facts);
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
pub fn sent_variants(facts: &Facts<'_>) -> Vec<SentVariant> {
    let automaton = facts.automaton;
    let mut kinds = std::collections::BTreeSet::new();
    let parts = automaton.transitions.iter().map(|transition| &transition.effects);
    let parts = parts.chain(automaton.states.iter().flat_map(|state| [&state.entry, &state.exit]));
    for effects in parts {
        kinds.extend(effects.sends().map(|send| match send.to.instances {
            Instances::All => SentKind::All(send.to.automaton),
            _ => SentKind::To(send.to.automaton),
        }));
        kinds.extend(effects.starts().map(|start| SentKind::Start(start.automaton)));
    }
    kinds.extend(facts.observed.iter().map(|&(change, state)| SentKind::Observed(change, state)));
    kinds.into_iter().map(|kind| sent_variant(facts, kind)).collect()
}

fn sent_variant(facts: &Facts<'_>, kind: SentKind) -> SentVariant {
    let system = facts.system;
    let module = |id: crate::model::AutomatonId| {
        if id == facts.id { String::new() } else { format!("{}::", system.automata[id].name) }
    };
    let (receiver, prefix, payload, field) = match kind {
        SentKind::Observed(change, state) => {
            let state = &facts.automaton.states[state].name;
            let name = format!("{}{}", names::change_word(change), names::camel(state));
            return SentVariant {
                declaration: format!(
                    "/// An observation: it {} `{state}`.\n{name},\n",
                    names::change_word(change).to_lowercase()
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
    let name = format!("{prefix}{}", names::camel(&automaton.name));
    let payload = if field == "given" && automaton.parameters.is_empty() {
        "()".to_owned()
    } else {
        format!("{}{payload}", module(receiver))
    };
    let serialize = if field == "given" { "serialize_start" } else { "serialize_sent" };
    let is_keyed = automaton.key.is_some() && !matches!(kind, SentKind::All(_));
    let what = match kind {
        SentKind::All(_) => format!("An event for every instance of `{}`.", automaton.name),
        SentKind::Start(_) => format!("A new instance of `{}`.", automaton.name),
        _ => format!("An event for `{}`.", automaton.name),
    };
    let (declaration, serialized) = if is_keyed {
        let key = super::facts::key_type(system, receiver);
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
