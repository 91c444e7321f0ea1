//! `dynamic.rs`: the system by names and JSON (`automata_runtime::dynamic::ByName`).

use std::fmt::Write as _;

use super::identifiers;
use super::types::owned_type;
use super::usage::{QuestionNames, Usage};
use crate::model::{Condition, EventId, Field};

/// The pieces of `dynamic.rs`.
pub fn module(all: &[Usage<'_>]) -> Vec<String> {
    let mut pieces = vec![String::new(), by_name(all)];
    pieces.extend(all.iter().map(conditions));
    pieces.extend(all.iter().map(input));
    pieces.extend(all.iter().map(set_parameter));
    pieces.push(setter(all));
    let mut imports = "use automata_runtime::dynamic::{self, Answering, Answers, ByName, Dynamic, Fields};\n\
         use automata_runtime::generated::*;\n\
         use automata_runtime::serde_json::Value;\n\
         use super::system::{Host, Message, Settings, System};\n"
        .to_owned();
    let automata = all.iter().map(|usage| usage.own_names().module.as_str());
    imports.push_str(&identifiers::imports(&pieces.concat(), automata.chain(["types"])));
    pieces[0] = format!("//! The system by names and JSON: for tests, replays and tools.\n{imports}");
    pieces
}

fn by_name(all: &[Usage<'_>]) -> String {
    let mut metadata = String::new();
    let mut messages = String::new();
    let mut instances = String::new();
    let mut states = String::new();
    let mut variables = String::new();
    let mut places = String::new();
    for usage in all {
        let name = &usage.automaton.name;
        let (path, function) = (path(usage), &usage.own_names().module);
        let (member, variant) = (&usage.own_names().member, &usage.own_names().variant);
        let is_keyed = usage.automaton.key.is_some();
        let _ = writeln!(metadata, "&{path}::METADATA,");
        let _ = if is_keyed {
            writeln!(
                messages,
                "{name:?} => Message::{variant}(dynamic::key(key)?, input_of_{function}(event, fields)?),"
            )
        } else {
            writeln!(
                messages,
                "{name:?} => {{ dynamic::no_key(key)?; Message::{variant}(input_of_{function}(event, fields)?) }}"
            )
        };
        let (each, get, key) = if is_keyed {
            (
                format!(
                    "names.extend(self.{member}.iter().map(|(key, _)| InstanceName::new({name:?}, key).to_string()));"
                ),
                format!("self.{member}.get(&dynamic::key(key).ok()?)?"),
                "dynamic::key(key)?".to_owned(),
            )
        } else {
            (
                format!("names.extend(self.{member}.get().map(|_| {name:?}.to_owned()));"),
                format!("self.{member}.get()?"),
                "dynamic::no_key(key)?".to_owned(),
            )
        };
        let _ = writeln!(instances, "{each}");
        let _ = writeln!(states, "{name:?} => {get}.state().name(),");
        let _ = writeln!(variables, "{name:?} => dynamic::object(&{get}.variables),");
        let _ = writeln!(places, "{name:?} => {{ {} }}", place(usage, &key));
    }
    format!(
        "/// A system that is driven by names, and records every delivery.\n#[must_use]\n\
         pub fn run(settings: Settings) -> Box<dyn Dynamic> {{ Box::new(dynamic::Run::new(System::new(settings))) }}\n\
         impl ByName for System {{\n\
           const AUTOMATA: &'static [&'static AutomatonMetadata] = &[{metadata}];\n\
           fn host<'a>(answers: &'a mut Answers<'a>) -> Box<dyn Host + 'a> {{ Box::new(Answering::new(answers)) }}\n\
           fn message(instance: &str, event: &str, fields: &Fields) -> Result<Message, String> {{ \
             let (name, key) = dynamic::split(instance); \
             Ok(match name {{ {messages} _ => return Err(format!(\"there is no automaton `{{name}}`\")) }}) }}\n\
           fn instances(&self) -> Vec<String> {{ let mut names = Vec::new(); {instances} names }}\n\
           fn state(&self, instance: &str) -> Option<&'static str> {{ \
             let (name, key) = dynamic::split(instance); let _ = key; \
             Some(match name {{ {states} _ => return None }}) }}\n\
           fn variables(&self, instance: &str) -> Option<Fields> {{ \
             let (name, key) = dynamic::split(instance); let _ = key; \
             Some(match name {{ {variables} _ => return None }}) }}\n\
           fn place<R: Recorder>(bus: &mut Bus<Self, R>, instance: &str, state: &str, variables: &Fields, parameters: &Fields) -> Result<(), String> {{ \
             let (name, key) = dynamic::split(instance); \
             match name {{ {places} _ => return Err(format!(\"there is no automaton `{{name}}`\")) }} Ok(()) }} }}\n"
    )
}

fn place(usage: &Usage<'_>, key: &str) -> String {
    let (path, function) = (path(usage), &usage.own_names().module);
    let mut text = format!(
        "let known = {path}::State::ALL.iter().find(|known| known.name() == state); \
         let state = *known.ok_or_else(|| format!(\"there is no leaf state `{{state}}`\"))?;\n"
    );
    let variables: Vec<&str> = usage.automaton.variables.iter().map(|variable| variable.name.as_str()).collect();
    let _ = writeln!(text, "dynamic::only(variables, &{variables:?})?;");
    if variables.is_empty() {
        text.push_str("let placed = ();\n");
    } else {
        let _ = writeln!(text, "let mut placed = {path}::Variables::default();");
        for variable in variables {
            let _ =
                writeln!(text, "dynamic::set(&mut placed.{}, variables, {variable:?})?;", identifiers::word(variable));
        }
    }
    let _ = writeln!(text, "bus.place::<{path}::Machine>({key}, &given_of_{function}(parameters)?, state, placed);");
    text
}

/// A function from event name and fields to the input of an automaton.
fn input(usage: &Usage<'_>) -> String {
    let name = &usage.automaton.name;
    let (path, function) = (path(usage), &usage.own_names().module);
    let mut arms = format!("\"start\" => Input::Start(given_of_{function}(fields)?),\n");
    for (index, event) in usage.automaton.events.iter().enumerate() {
        let fields: Vec<&str> = event.fields.iter().map(|field| field.name.as_str()).collect();
        let read: Vec<String> = event.fields.iter().map(read_field).collect();
        let read = if read.is_empty() { String::new() } else { format!(" {{ {} }}", read.join(", ")) };
        let _ = writeln!(
            arms,
            "{:?} => {{ dynamic::only(fields, &{fields:?})?; Input::Event({path}::Event::{}{read}) }}",
            event.name,
            usage.own_names().event(EventId(index as u32))
        );
    }
    format!(
        "fn given_of_{function}(fields: &Fields) -> Result<{path}::Given, String> {{ {} }}\n\
         fn input_of_{function}(event: &str, fields: &Fields) -> Result<Input<{path}::Machine>, String> {{ \
         Ok(match event {{ {arms} _ => return Err(format!(\"`{name}` has no event `{{event}}`\")) }}) }}\n",
        given(usage)
    )
}

fn read_field(field: &Field) -> String {
    let read = if field.r#type.optional { "optional" } else { "field" };
    format!("{}: dynamic::{read}(fields, {:?})?", identifiers::word(&field.name), field.name)
}

fn given(usage: &Usage<'_>) -> String {
    let parameters = &usage.automaton.parameters;
    let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    if parameters.is_empty() {
        return "dynamic::only(fields, &[])".to_owned();
    }
    let read: Vec<String> = parameters
        .iter()
        .map(|parameter| {
            let read = match (parameter.default.is_some(), parameter.r#type.optional) {
                (true, _) => "given",
                (false, true) => "optional",
                (false, false) => "field",
            };
            format!("{}: dynamic::{read}(fields, {:?})?", identifiers::word(&parameter.name), parameter.name)
        })
        .collect();
    format!("dynamic::only(fields, &{names:?})?; Ok({}::Given {{ {} }})", path(usage), read.join(", "))
}

fn conditions(usage: &Usage<'_>) -> String {
    if !usage.has_conditions() {
        return String::new();
    }
    let all = usage.automaton.conditions.iter().zip(&usage.conditions);
    let methods: String = all.map(|(condition, names)| answer(usage, condition, names)).collect();
    format!("impl {}::Conditions for Answering<'_> {{ {methods} }}\n", path(usage))
}

fn answer(usage: &Usage<'_>, condition: &Condition, question: &QuestionNames) -> String {
    let key = if usage.automaton.key.is_some() { question.key.as_str() } else { "&()" };
    let given = question.arguments.iter().zip(&condition.arguments);
    let arguments: Vec<String> =
        given.map(|(name, argument)| format!("({:?}, dynamic::json({name}))", argument.name)).collect();
    format!(
        "fn {}({}) -> {} {{ self.ask({:?}, {key}, {:?}, &[{}]) }}\n",
        identifiers::word(&condition.name),
        super::automaton::asked_parameters(usage, condition, question),
        owned_type(usage.system, condition.r#type),
        usage.automaton.name,
        condition.name,
        arguments.join(", ")
    )
}

/// The module of an automaton.
fn path(usage: &Usage<'_>) -> String {
    usage.own_names().module.clone()
}

fn set_parameter(usage: &Usage<'_>) -> String {
    if !usage.has_settings() {
        return String::new();
    }
    let mut arms = String::new();
    for parameter in usage.automaton.parameters.iter().filter(|parameter| parameter.default.is_some()) {
        let _ = writeln!(
            arms,
            "{0:?} => dynamic::set(&mut settings.{1}, &fields, {0:?}),",
            parameter.name,
            identifiers::word(&parameter.name)
        );
    }
    let name = &usage.automaton.name;
    let (path, function) = (path(usage), &usage.own_names().module);
    format!(
        "fn set_in_{function}(settings: &mut {path}::Settings, parameter: &str, value: Value) -> Result<(), String> {{ \
           let fields = Fields::from_iter([(parameter.to_owned(), value)]); \
           match parameter {{ {arms} _ => Err(format!(\"`{name}` has no setting `{{parameter}}`\")) }} }}\n"
    )
}

/// `set`: one setting by its name.
fn setter(all: &[Usage<'_>]) -> String {
    let mut arms = String::new();
    for usage in all.iter().filter(|usage| usage.has_settings()) {
        let own = usage.own_names();
        let _ = writeln!(
            arms,
            "{:?} => set_in_{}(&mut settings.{}, parameter, value),",
            usage.automaton.name, own.module, own.member
        );
    }
    let unknown = "Err(format!(\"`{automaton}` has no settings\"))";
    let body =
        if arms.is_empty() { unknown.to_owned() } else { format!("match automaton {{ {arms} _ => {unknown} }}") };
    format!(
        "/// Changes one setting.\n///\n/// # Errors\n/// If there is none of that name, or the value is not of its type.\n\
         pub fn set(settings: &mut Settings, automaton: &str, parameter: &str, value: Value) -> Result<(), String> {{ \
           let _ = (&settings, &value, parameter); \
           {body} }}\n"
    )
}
