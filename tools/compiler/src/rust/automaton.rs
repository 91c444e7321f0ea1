//! The module of one automaton: its types, its machine, and what the bus must know of it.

use std::fmt::Write as _;

use super::documentation::{documented, module_documented, sentences};
use super::types::{argument_type, constant, integer, is_secret, owned_type, secret_attribute};
use super::usage::{QuestionNames, Usage};
use super::{effects, identifiers, machine, metadata, properties, records, transitions};
use crate::model::{Condition, EventId, EventKind, ExpressionKind, Field, History, Partner, StateId, TimerId, Value};

/// The pieces of `<automaton>.rs`.
pub fn module(usage: &Usage<'_>) -> Vec<String> {
    let mut pieces = vec![
        String::new(),
        state_enum(usage),
        event_enum(usage),
        timer_enum(usage),
        action_enum(usage),
        conditions(usage),
        parameters(usage),
        variables(usage),
        history(usage),
        records::sent(usage),
        records::questions(usage),
        context(usage),
        machine_impls(usage),
        machine::handlers(usage),
        transitions::entries_and_exits(usage),
        entry_points(usage),
        automaton_impl(usage),
        properties::function(usage),
        format!("/// The definition.\nconst FILE: &str = {:?};\n", file(usage)),
        if usage.is_dynamic { metadata::tables(usage) } else { String::new() },
    ];
    pieces[0] = header(usage) + &imports(usage, &pieces.concat());
    pieces
}

fn header(usage: &Usage<'_>) -> String {
    let automaton = usage.automaton;
    let mut text = format!("`{}`: {}", automaton.name, automaton.summary);
    let instances = match &automaton.key {
        None => "There is one.".to_owned(),
        Some(key) => format!("There is one per {} ({}).", key.name, usage.system.type_name(key.r#type)),
    };
    let _ = write!(text, "\n\n{instances} Generated from `{}`; change that.", file(usage));
    if !automaton.doc.is_empty() {
        let _ = write!(text, "\n\n{}", automaton.doc);
    }
    module_documented(&text)
}

fn file<'a>(usage: &'a Usage<'_>) -> &'a str {
    &usage.sources.get(usage.automaton.span.file).path
}

fn imports(usage: &Usage<'_>, body: &str) -> String {
    let mut text = "use automata_runtime::generated::*;\n".to_owned();
    if !usage.reads.is_empty() || !usage.watched().is_empty() {
        text.push_str("use super::system::States;\n");
    }
    text.push_str(&identifiers::imports(body, usage.other_modules().chain(["types"])));
    text
}

fn state_enum(usage: &Usage<'_>) -> String {
    let automaton = usage.automaton;
    let mut variants = String::new();
    let mut all = Vec::new();
    let mut name_arms = String::new();
    for (index, leaf) in automaton.leaves().enumerate() {
        let state = &automaton.states[leaf];
        let variant = usage.own_names().state(leaf);
        let path: Vec<&str> = automaton
            .outwards(leaf)
            .map(|id| automaton.states[id].name.as_str())
            .filter(|name| !name.is_empty())
            .collect();
        let inside: Vec<String> = path.iter().skip(1).rev().map(|name| format!("`{name}`")).collect();
        let inside = if inside.is_empty() { String::new() } else { format!(", in {}", inside.join(", ")) };
        let head = format!("`{}`{inside}.", state.name);
        variants.push_str(&documented(&sentences(&[&head, &state.summary])));
        let default = if leaf == usage.initial_leaf() { "#[default]\n" } else { "" };
        let _ = writeln!(variants, "{default}{variant},");
        let _ = writeln!(name_arms, "State::{variant} => {:?},", state.name);
        all.push(format!("State::{variant}"));
        debug_assert!(index < 1 << 16);
    }
    let mut composites = String::new();
    for id in automaton.state_ids().skip(1).filter(|&id| !automaton.states[id].children.is_empty()) {
        let state = &automaton.states[id];
        let leaves: Vec<String> = usage.leaves_in(id).into_iter().map(|leaf| usage.leaf(leaf)).collect();
        composites.push_str(&documented(&sentences(&[&format!("Inside `{}`.", state.name), &state.summary])));
        let _ = writeln!(
            composites,
            "#[must_use] pub const fn is_in_{}(self) -> bool {{ matches!(self, {}) }}",
            identifiers::snake(&state.name),
            leaves.join(" | ")
        );
    }
    let finals: Vec<String> =
        automaton.leaves().filter(|&leaf| automaton.states[leaf].is_final).map(|leaf| usage.leaf(leaf)).collect();
    let is_final =
        if finals.is_empty() { "false".to_owned() } else { format!("matches!(self, {})", finals.join(" | ")) };
    format!(
        "/// The leaf states.\n\
         #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]\n\
         pub enum State {{ {variants} }}\n\
         impl State {{\n\
           /// Every leaf, in the order of the file.\n\
           pub const ALL: &[State] = &[{}];\n\
           /// As in the YAML.\n\
           #[must_use] pub const fn name(self) -> &'static str {{ match self {{ {name_arms} }} }}\n\
           {composites} }}\n\
         impl automaton::State for State {{\n\
           const ALL: &'static [State] = State::ALL;\n\
           #[inline] fn name(self) -> &'static str {{ State::name(self) }}\n\
           #[inline] fn index(self) -> usize {{ self as usize }}\n\
           #[inline] fn is_final(self) -> bool {{ {is_final} }} }}\n",
        all.join(", ")
    )
}

/// The fields of an enum's variant, with what hides secrets.
fn fields(usage: &Usage<'_>, fields: &[Field]) -> String {
    if fields.is_empty() {
        return String::new();
    }
    let fields: Vec<String> = fields
        .iter()
        .map(|field| {
            let hidden = secret_attribute(usage.system, field.r#type);
            let renamed = identifiers::renamed_field(&field.name);
            format!("{renamed}{hidden} {}: {}", identifiers::word(&field.name), owned_type(usage.system, field.r#type))
        })
        .collect();
    format!(" {{ {} }}", fields.join(", "))
}

fn event_enum(usage: &Usage<'_>) -> String {
    let mut variants = String::new();
    let mut observations = Vec::new();
    let mut starts = Vec::new();
    for (index, event) in usage.automaton.events.iter().enumerate() {
        let variant = usage.own_names().event(EventId(index as u32));
        let rest = if event.fields.is_empty() { "" } else { " { .. }" };
        let from = match &event.kind {
            EventKind::Observation { .. } => {
                observations.push(format!("Event::{variant}{rest}"));
                String::new()
            }
            EventKind::Declared { from, starts: makes } => {
                if *makes {
                    starts.push(format!("Event::{variant}{rest}"));
                }
                from_text(usage, from)
            }
        };
        variants.push_str(&documented(&sentences(&[&format!("`{}`{from}.", event.name), &event.summary])));
        let _ = writeln!(
            variants,
            "{}{variant}{},",
            identifiers::renamed_variant(variant, &event.name),
            fields(usage, &event.fields)
        );
    }
    if variants.is_empty() {
        return "/// It has no events.\npub type Event = Never;\n".to_owned();
    }
    let question = |name: &str, patterns: &[String]| {
        if patterns.is_empty() {
            return String::new();
        }
        format!("#[inline] fn {name}(&self) -> bool {{ matches!(self, {}) }}\n", patterns.join(" | "))
    };
    format!(
        "/// What it reacts to, apart from time.\n\
         #[derive(Clone, Debug, PartialEq, serde::Serialize)]\n\
         #[serde(crate = \"automata_runtime::serde\", tag = \"event\", content = \"fields\", rename_all = \"snake_case\")]\n\
         #[allow(missing_docs, reason = \"fields are what they are called\")]\n\
         pub enum Event {{ {variants} }}\n\
         impl automaton::Event for Event {{ {}{} }}\n",
        question("is_observation", &observations),
        question("starts", &starts)
    )
}

fn from_text(usage: &Usage<'_>, from: &[Partner]) -> String {
    if from.is_empty() {
        return ", raised by itself".to_owned();
    }
    let names: Vec<String> =
        from.iter().map(|&from| format!("`{}`", metadata::partner_name(usage.system, from))).collect();
    format!(", from {}", names.join(", "))
}

fn timer_enum(usage: &Usage<'_>) -> String {
    if usage.timers.is_empty() {
        return "/// It has no timers.\npub type Timer = Never;\n".to_owned();
    }
    let mut variants = String::new();
    let mut labels = String::new();
    let all: Vec<String> = usage.timers.iter().map(|variant| format!("Timer::{variant}")).collect();
    for index in 0..usage.timers.len() as u32 {
        let id = TimerId(index);
        let label = usage.automaton.timer_label(id);
        let place = metadata::place_text(usage, usage.automaton.timers[id].span);
        let _ = writeln!(variants, "/// `{label}` ({place}).\n{},", usage.timer(id));
        let _ = writeln!(labels, "Timer::{} => {label:?},", usage.timer(id));
    }
    format!(
        "/// The timers of its states.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\n\
         pub enum Timer {{ {variants} }}\n\
         impl automaton::Timer for Timer {{\n\
           const ALL: &'static [Self] = &[{}];\n\
           #[inline] fn index(self) -> usize {{ self as usize }}\n\
           fn label(self) -> &'static str {{ match self {{ {labels} }} }} }}\n",
        all.join(", ")
    )
}

fn action_enum(usage: &Usage<'_>) -> String {
    if usage.automaton.actions.is_empty() {
        return "/// It asks nothing of its host.\npub type Action = Never;\n".to_owned();
    }
    let mut variants = String::new();
    for (action, variant) in usage.automaton.actions.iter().zip(&usage.actions) {
        let by = format!("`{}`, by `{}`.", action.name, usage.system.parts[action.by].name);
        variants.push_str(&documented(&sentences(&[&by, &action.summary])));
        let arguments = fields(usage, &action.arguments);
        let _ = writeln!(variants, "{}{variant}{arguments},", identifiers::renamed_variant(variant, &action.name));
    }
    format!(
        "/// What it asks of its host.\n\
         #[derive(Clone, Debug, PartialEq, serde::Serialize)]\n\
         #[serde(crate = \"automata_runtime::serde\", tag = \"action\", content = \"arguments\", rename_all = \"snake_case\")]\n\
         #[allow(missing_docs, reason = \"arguments are what they are called\")]\n\
         pub enum Action {{ {variants} }}\n{}",
        inside_enum(usage)
    )
}

/// Those actions that the parts within perform, where others go outside.
fn inside_enum(usage: &Usage<'_>) -> String {
    let is_any_outside = usage.system.parts.iter().any(|part| part.outside);
    if !is_any_outside || !usage.has_inside_actions() {
        return String::new();
    }
    // So that a host is written the same way before and after the first action that goes outside.
    if !usage.has_outside_actions() {
        return "/// What it asks of the parts inside: all.\npub type Inside = Action;\n".to_owned();
    }
    let mut variants = String::new();
    let inside = usage.automaton.actions.iter().zip(&usage.actions);
    for (action, variant) in inside.filter(|(action, _)| !usage.system.is_outside(action)) {
        let typed = action
            .arguments
            .iter()
            .map(|field| format!("{}: {}", identifiers::word(&field.name), owned_type(usage.system, field.r#type)));
        let typed: Vec<String> = typed.collect();
        let arguments = if typed.is_empty() { String::new() } else { format!(" {{ {} }}", typed.join(", ")) };
        let _ = writeln!(variants, "/// `{}`.\n{variant}{arguments},", action.name);
    }
    format!(
        "/// What it asks of the parts inside.\n#[derive(Clone, Debug, PartialEq)]\n\
         #[allow(missing_docs, reason = \"arguments are what they are called\")]\n\
         pub enum Inside {{ {variants} }}\n"
    )
}

fn conditions(usage: &Usage<'_>) -> String {
    if !usage.has_conditions() {
        return String::new();
    }
    let mut methods = String::new();
    for (condition, of) in usage.automaton.conditions.iter().zip(&usage.conditions) {
        let parameters = asked_parameters(usage, condition, of);
        methods.push_str(&documented(if condition.summary.is_empty() { &condition.name } else { &condition.summary }));
        let answer = owned_type(usage.system, condition.r#type);
        let _ = writeln!(methods, "fn {}({parameters}) -> {answer};", identifiers::word(&condition.name));
    }
    format!(
        "/// Answers the questions of its guards. Each is asked at most once with the same arguments in a delivery.\n\
         pub trait Conditions {{ {methods} }}\n"
    )
}

/// The parameters of the method by which the host answers.
pub fn asked_parameters(usage: &Usage<'_>, condition: &Condition, names: &QuestionNames) -> String {
    let mut parameters = vec!["&mut self".to_owned()];
    if usage.automaton.key.is_some() {
        parameters.push(format!("{}: &{}", names.key, usage.key_type()));
    }
    let typed = names.arguments.iter().zip(&condition.arguments);
    parameters
        .extend(typed.map(|(name, argument)| format!("{name}: {}", argument_type(usage.system, argument.r#type))));
    parameters.join(", ")
}

fn parameters(usage: &Usage<'_>) -> String {
    let parameters = &usage.automaton.parameters;
    if parameters.is_empty() {
        return "/// It has no parameters.\npub type Parameters = ();\n/// It has no parameters.\npub type Given = ();\n".to_owned();
    }
    let mut all = String::new();
    let mut settings = String::new();
    let mut given = String::new();
    let mut made = String::new();
    let mut unset = Vec::new();
    for parameter in parameters {
        let (name, renamed) = (identifiers::word(&parameter.name), identifiers::renamed_field(&parameter.name));
        let of = owned_type(usage.system, parameter.r#type);
        let hidden = format!("{renamed}{}", secret_attribute(usage.system, parameter.r#type));
        let summary = if parameter.summary.is_empty() { &parameter.name } else { &parameter.summary };
        let documentation = documented(summary);
        let _ = writeln!(all, "{documentation}{hidden} pub {name}: {of},");
        if let Some(default) = &parameter.default {
            let _ = writeln!(settings, "{name}: {},", constant(usage.system, default, parameter.r#type));
            let hidden = match (is_secret(usage.system, parameter.r#type), parameter.r#type.optional) {
                (false, _) => "",
                (true, false) => "serialize_with = \"automata_runtime::secret::optional\", ",
                (true, true) => "serialize_with = \"automata_runtime::secret::given\", ",
            };
            let skip = format!("{renamed}#[serde({hidden}skip_serializing_if = \"Option::is_none\")]");
            let _ = writeln!(given, "{documentation}{skip} pub {name}: Option<{of}>,");
            let _ = writeln!(made, "{name}: given.{name}.clone().unwrap_or_else(|| settings.{name}.clone()),");
            unset.push(format!("self.{name}.is_none()"));
        } else {
            let _ = writeln!(given, "{documentation}{hidden} pub {name}: {of},");
            let _ = writeln!(made, "{name}: given.{name}.clone(),");
            unset.push("false".to_owned());
        }
    }
    let is_empty = if usage.all_defaulted() { unset.join(" && ") } else { "false".to_owned() };
    let default = if usage.all_defaulted() { ", Default" } else { "" };
    let derives = format!(
        "#[derive(Clone, Debug, PartialEq{default}, serde::Serialize)]\n#[serde(crate = \"automata_runtime::serde\")]"
    );
    let (derived, settings_type) = settings_type(usage, &settings);
    let settings_argument = if usage.has_settings() { "settings: &Settings, " } else { "" };
    format!(
        "/// Constants of an instance.\n\
         #[derive(Clone, Debug{derived}, PartialEq, serde::Serialize)]\n#[serde(crate = \"automata_runtime::serde\")]\n\
         pub struct Parameters {{ {all} }}\n\
         {settings_type}\
         /// The parameters that a start gives.\n{derives}\npub struct Given {{ {given} }}\n\
         impl automaton::Given for Given {{ fn is_empty(&self) -> bool {{ {is_empty} }} }}\n\
         impl Parameters {{ /// Those that a start gives, and the settings for the rest.\n#[must_use] pub fn new({settings_argument}given: &Given) -> Self {{ Self {{ {made} }} }} }}\n"
    )
}

/// Where the defaults are: `Parameters` themselves, if all of them have one. With what these then derive.
fn settings_type(usage: &Usage<'_>, defaults: &str) -> (&'static str, String) {
    if !usage.has_settings() {
        return ("", String::new());
    }
    let of = if usage.all_defaulted() { "Parameters" } else { "Settings" };
    let defaulted = usage.automaton.parameters.iter().filter(|parameter| parameter.default.is_some());
    let is_derived = defaulted.clone().all(|parameter| {
        let is_none = parameter.default == Some(Value::None);
        parameter.default.as_ref().is_some_and(is_rust_default) && (!parameter.r#type.optional || is_none)
    });
    let (derived, default) = default_impl(of, is_derived, defaults);
    if usage.all_defaulted() {
        let alias = "/// What an instance has where its start gives nothing else.\npub type Settings = Parameters;\n";
        return (derived, default + alias);
    }
    let mut fields = String::new();
    for parameter in defaulted {
        fields.push_str(&documented(if parameter.summary.is_empty() { &parameter.name } else { &parameter.summary }));
        let (name, renamed) = (identifiers::word(&parameter.name), identifiers::renamed_field(&parameter.name));
        let hidden = secret_attribute(usage.system, parameter.r#type);
        let _ = writeln!(fields, "{renamed}{hidden} pub {name}: {},", owned_type(usage.system, parameter.r#type));
    }
    let settings = format!(
        "/// What an instance has where its start gives nothing else.\n\
         #[derive(Clone, Debug{derived}, PartialEq, serde::Serialize)]\n#[serde(crate = \"automata_runtime::serde\")]\n\
         pub struct Settings {{ {fields} }}\n{default}"
    );
    ("", settings)
}

/// `Default::default()` gives the same.
fn is_rust_default(value: &Value) -> bool {
    match value {
        Value::Bool(value) => !value,
        Value::Integer(value) => *value == 0,
        Value::Duration(milliseconds) => *milliseconds == 0,
        Value::String(text) => text.is_empty(),
        Value::Variant(..) => false,
        Value::None => true,
    }
}

/// `, Default` for the list of derived traits, or else an `impl` with these fields.
fn default_impl(of: &str, is_derived: bool, fields: &str) -> (&'static str, String) {
    if is_derived {
        return (", Default", String::new());
    }
    ("", format!("impl Default for {of} {{ fn default() -> Self {{ Self {{ {fields} }} }} }}\n"))
}

fn variables(usage: &Usage<'_>) -> String {
    let variables = &usage.automaton.variables;
    if variables.is_empty() {
        return "/// It has no variables.\npub type Variables = ();\n".to_owned();
    }
    let mut fields = String::new();
    let mut initial = String::new();
    let mut changes = String::new();
    let mut is_derived = true;
    for variable in variables {
        let (name, renamed) = (identifiers::word(&variable.name), identifiers::renamed_field(&variable.name));
        is_derived &=
            is_rust_default(&variable.initial) && (!variable.r#type.optional || variable.initial == Value::None);
        let of = owned_type(usage.system, variable.r#type);
        let bounds = match (variable.bounds, variable.r#type.base) {
            (Some((low, high)), crate::model::BaseType::Integer(own)) if (low, high) != own.bounds() => {
                format!("Stays within {}..={}.", integer(low), integer(high))
            }
            _ => String::new(),
        };
        let summary =
            if variable.summary.is_empty() { format!("`{}`.", variable.name) } else { variable.summary.clone() };
        fields.push_str(&documented(&sentences(&[&summary, &bounds])));
        let _ = writeln!(fields, "{renamed}{} pub {name}: {of},", secret_attribute(usage.system, variable.r#type));
        let _ = writeln!(initial, "{name}: {},", constant(usage.system, &variable.initial, variable.r#type));
        let before = records::shown(usage, &format!("&before.{name}"), variable.r#type);
        let after = records::shown(usage, &format!("&self.{name}"), variable.r#type);
        // The placeholder of a secret is made here, so it is no reference.
        let unborrowed = |shown: String| match shown.strip_prefix("&Secret") {
            Some(rest) => format!("Secret{rest}"),
            None => shown,
        };
        let (before, after) = (unborrowed(before), unborrowed(after));
        let _ = writeln!(
            changes,
            "if before.is_none_or(|before| before.{name} != self.{name}) {{ \
             changes.serialize_entry({:?}, &(before.map(|before| {before}), {after}))?; }}",
            variable.name
        );
    }
    let (derived, default) = default_impl("Variables", is_derived, &initial);
    format!(
        "/// Memory of an instance.\n\
         #[derive(Clone, Debug{derived}, PartialEq, serde::Serialize)]\n#[serde(crate = \"automata_runtime::serde\")]\n\
         pub struct Variables {{ {fields} }}\n\
         {default}\
         impl automaton::Variables for Variables {{ \
           fn serialize_changes<M: serde::ser::SerializeMap>(&self, before: Option<&Self>, changes: &mut M) -> Result<(), M::Error> {{ \
             {changes} Ok(()) }} }}\n"
    )
}

fn history(usage: &Usage<'_>) -> String {
    let histories = usage.histories();
    if histories.is_empty() {
        return "/// Nothing is remembered of states that were left.\npub type History = ();\n".to_owned();
    }
    let automaton = usage.automaton;
    let leaf_of = |state: StateId| automaton.default_entries(state).last().copied().unwrap_or(state);
    let mut fields = String::new();
    let mut functions = String::new();
    let mut tells = String::new();
    for id in histories {
        let state = &automaton.states[id];
        let name = identifiers::snake(&state.name);
        let field = identifiers::word(&name);
        let _ = writeln!(
            fields,
            "/// Where `{0}.history` leads; none: `{0}` was not left yet.\npub {field}: Option<State>,",
            state.name
        );
        let _ = writeln!(tells, "if let Some(leaf) = self.{field} {{ tell({:?}, leaf.name()); }}", state.name);
        let body = if state.history == History::Deep {
            "leaf".to_owned()
        } else {
            let mut arms = String::new();
            for &child in &state.children {
                let leaves: Vec<String> = usage.leaves_in(child).into_iter().map(|leaf| usage.leaf(leaf)).collect();
                let target = usage.leaf(leaf_of(child));
                if leaves.len() > 1 || leaves[0] != target {
                    let _ = writeln!(arms, "{} => {target},", leaves.join(" | "));
                }
            }
            if arms.is_empty() { "leaf".to_owned() } else { format!("match leaf {{ {arms} _ => leaf }}") }
        };
        let _ = writeln!(
            functions,
            "/// Where `{}.history` leads after it was left in `leaf`.\n\
             fn remembered_in_{name}(leaf: State) -> State {{ {body} }}",
            state.name
        );
    }
    format!(
        "/// What is remembered of states that were left.\n\
         #[derive(Clone, Debug, Default, PartialEq)]\npub struct History {{ {fields} }}\n\
         impl automaton::History for History {{ \
           fn each(&self, tell: &mut dyn FnMut(&'static str, &'static str)) {{ {tells} }} }}\n\
         {functions}"
    )
}

fn context(usage: &Usage<'_>) -> String {
    let key = if usage.automaton.key.is_some() { format!("key: &'a {},\n", usage.key_type()) } else { String::new() };
    let parameters = if usage.automaton.parameters.is_empty() { "" } else { "parameters: &'a Parameters,\n" };
    let variables = if usage.automaton.variables.is_empty() { "" } else { "variables: &'a mut Variables,\n" };
    let ask = if usage.asks() { "ask: Ask<'a>,\n" } else { "" };
    let history = if usage.histories().is_empty() { "" } else { "history: &'a mut History,\n" };
    format!(
        "/// What a machine reacts to.\npub type Trigger<'a> = automaton::Trigger<'a, Event, Timer>;\n\
         type Response = automata_runtime::statig::Outcome<State>;\n\
         /// What the machine works with. The trigger is part of it.\n\
         pub struct Context<'a> {{ trigger: Trigger<'a>,\n\
         /// The state when the trigger came.\n\
         leaf: State,\n{key}{parameters}{variables}{history}{ask}\
         effects: &'a mut Effects<Machine>,\n answer: Answer }}\n\
         impl Context<'_> {{ {} }}\n",
        context_methods(usage)
    )
}

fn context_methods(usage: &Usage<'_>) -> String {
    let exhausted = if usage.has_always() { "if self.is_exhausted() { return Response::Handled; }\n" } else { "" };
    let mut text = format!(
        "#[inline] fn take(&mut self, target: State) -> Response {{ \
           self.answer = Answer::Taken; {exhausted} Response::Transition(target) }}\n\
         #[inline] fn internal(&mut self) -> Response {{ self.answer = Answer::Internal; Response::Handled }}\n\
         #[inline] fn ignored(&mut self) -> Response {{ self.answer = Answer::Ignored; Response::Handled }}\n"
    );
    if usage.defers() {
        text.push_str(
            "#[inline] fn deferred(&mut self, limit: u32) -> Response { \
             self.effects.defer_limit = limit; self.answer = Answer::Deferred; Response::Handled }\n",
        );
    }
    if usage.has_always() {
        text.push_str(
            "/// There have been too many microsteps: this one is only asked for.\n\
             #[inline] fn is_exhausted(&self) -> bool { matches!(self.trigger, Trigger::Exhausted) }\n",
        );
    }
    if usage.ignores_others() {
        text.push_str(
            "/// An event that nobody answers means nothing.\n\
             #[inline] fn others_ignored(&mut self, response: Response) -> Response { \
             if matches!((self.answer, self.trigger), (Answer::None, Trigger::Event(_))) { self.ignored() } else { response } }\n",
        );
    }
    text.push_str(
        "#[inline] fn nobody_answers(&mut self) -> Response { self.answer = Answer::None; Response::Handled }\n",
    );
    for id in usage.histories() {
        let state = &usage.automaton.states[id];
        let name = identifiers::snake(&state.name);
        let leaf = usage.automaton.default_entries(id).last().copied().unwrap_or(id);
        let _ = writeln!(
            text,
            "/// Where `{}.history` leads now. If it is active, it is about to be left.\n\
             fn history_of_{name}(&self) -> State {{ \
               if self.leaf.is_in_{name}() {{ return remembered_in_{name}(self.leaf); }} \
               self.history.{}.unwrap_or({}) }}",
            state.name,
            identifiers::word(&name),
            usage.leaf(leaf)
        );
    }
    text
}

fn machine_impls(usage: &Usage<'_>) -> String {
    let automaton = usage.automaton;
    let mut arms = String::new();
    for leaf in automaton.leaves() {
        let state = &automaton.states[leaf];
        let call = if state.is_final {
            "context.nobody_answers()".to_owned()
        } else {
            let answer = format!("{}(context)", machine::handler_name(usage, leaf));
            let ignores = automaton.outwards(leaf).any(|id| automaton.states[id].ignores_others.is_some());
            if ignores { format!("{{ let response_ = {answer}; context.others_ignored(response_) }}") } else { answer }
        };
        let _ = writeln!(arms, "{} => {call},", usage.leaf(leaf));
    }
    format!(
        "/// The state machine, for `statig`. The leaf state is its state; everything else is in the [`Context`].\n\
         #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]\npub struct Machine;\n\
         impl blocking::IntoStateMachine for Machine {{ \
           type Event<'event> = (); type Context<'context> = Context<'context>; type State = State; \
           type Superstate<'superstate> = (); fn initial() -> State {{ {} }} }}\n\
         impl blocking::State<Machine> for State {{ \
           #[inline] fn call_handler(&mut self, _: &mut Machine, _: &(), context: &mut Context<'_>) -> Response {{ \
             match self {{ {arms} }} }} }}\n",
        usage.leaf(usage.initial_leaf())
    )
}

/// `step` and `create`: what `system.rs` calls.
///
/// They drive the machine through `statig`'s traits, but not through its `StateMachine`: that one is not inlined
/// across crates, so the context has to be in memory, which costs time in each dispatch. It also keeps
/// its state to itself, so that an instance could not be put into one without entering it.
fn entry_points(usage: &Usage<'_>) -> String {
    let mut outside = String::new();
    if usage.has_conditions() {
        outside.push_str(", host: &mut dyn Conditions");
    }
    if !usage.reads.is_empty() {
        outside.push_str(", states: &States");
    }
    let (is_keyed, asks) = (usage.automaton.key.is_some(), usage.asks());
    let key = if is_keyed { "key" } else { "_" };
    let asked = if asks { "asked" } else { "_" };
    let parts = match (is_keyed, asks) {
        (true, true) => "key, instance, effects, asked",
        (true, false) => "key, instance, effects, ..",
        (false, true) => "instance, effects, asked, ..",
        (false, false) => "instance, effects, ..",
    };
    let asked_type = if asks { "Asked<Question>" } else { "automaton::Asked<Never>" };
    let (variables, history) = (
        if usage.automaton.variables.is_empty() {
            "let variables = ();"
        } else {
            "let mut variables = Variables::default();"
        },
        if usage.histories().is_empty() { "let history = ();" } else { "let mut history = History::default();" },
    );
    let step = context_literal(usage, "trigger", "instance.");
    let create = context_literal(usage, "Trigger::Always", "");
    let (beginning, begun) = match transitions::beginning(usage) {
        nothing if nothing.is_empty() => (nothing, "_context"),
        calls => (calls, "context"),
    };
    format!(
        "/// An instance.\npub type Instance = automata_runtime::Instance<Machine>;\n\
         /// One selection, and what it leads to; effects are added to the buffers.\n\
         #[inline]\npub fn step(parts: Parts<'_, Machine>, trigger: Trigger<'_>{outside}) -> Answer {{ \
           let Parts {{ {parts} }} = parts; let mut context = {step}; let state = &mut instance.state; \
           if let Response::Transition(target) = state.call_handler(&mut Machine, &(), &mut context) {{ *state = target; }} \
           context.answer }}\n\
         /// A new instance, which has entered its initial state.\n\
         pub fn create({key}: &{key_type}, parameters: Parameters, effects: &mut Effects<Machine>, {asked}: &mut {asked_type}{outside}) -> Instance {{ \
           {variables} {history} let {begun} = &mut {create}; {beginning} \
           Instance::new(State::default(), parameters, variables, history) }}\n",
        key_type = usage.key_type(),
    )
}

/// A `Context` over the parts of an instance, which are fields of `owner` or variables.
fn context_literal(usage: &Usage<'_>, trigger: &str, owner: &str) -> String {
    let mut fields = if trigger == "trigger" { "trigger, ".to_owned() } else { format!("trigger: {trigger}, ") };
    fields.push_str(if owner.is_empty() { "leaf: State::default(), " } else { "leaf: instance.state, " });
    if usage.automaton.key.is_some() {
        fields.push_str("key, ");
    }
    if !usage.automaton.parameters.is_empty() {
        let _ = write!(fields, "parameters: &{owner}parameters, ");
    }
    if !usage.automaton.variables.is_empty() {
        let _ = write!(fields, "variables: &mut {owner}variables, ");
    }
    if !usage.histories().is_empty() {
        let _ = write!(fields, "history: &mut {owner}history, ");
    }
    if usage.asks() {
        let host = if usage.has_conditions() { "host, " } else { "" };
        let key = if usage.has_conditions() && usage.automaton.key.is_some() { "key, " } else { "" };
        let states = if usage.reads.is_empty() { "" } else { "states, " };
        let _ = write!(fields, "ask: Ask {{ {host}{key}{states}asked }}, ");
    }
    format!("Context {{ {fields} effects, answer: Answer::None }}")
}

fn automaton_impl(usage: &Usage<'_>) -> String {
    let automaton = usage.automaton;
    let never = |has: bool, name: &'static str| if has { name } else { "Never" };
    let sends = !records::sent_variants(usage).is_empty();
    let kept = if usage.defers() { "automata_runtime::deferral::Kept<Event>" } else { "()" };
    let observes = automaton.events.iter().any(|event| matches!(event.kind, EventKind::Observation { .. }));
    let nothing_given = match (usage.automaton.parameters.is_empty(), usage.all_defaulted()) {
        (true, _) => "Some(())",
        (false, true) => "Some(Given::default())",
        (false, false) => "None",
    };
    format!(
        "impl automata_runtime::Automaton for Machine {{ \
           const NAME: &'static str = {:?}; const HAS_ALWAYS: bool = {}; const OBSERVES: bool = {observes}; {}\
           type Key = {}; type State = State; type Event = Event; type Timer = Timer; type Action = Action; \
           type Sent = {}; type Question = {}; type Parameters = Parameters; type Given = Given; type Variables = Variables; \
           type History = History; type Kept = {kept}; type Timers = automaton::TimerHandles<{}>;\n\
           fn nothing_given() -> Option<Given> {{ {nothing_given} }}\n\
           {}{} }}\n",
        automaton.name,
        usage.has_always(),
        properties::names(usage),
        usage.key_type(),
        never(sends, "Sent"),
        never(usage.asks(), "Question"),
        usage.timers.len(),
        defers(usage),
        timers_of(usage),
    )
}

/// Which leaf states defer which events.
fn defers(usage: &Usage<'_>) -> String {
    if !usage.defers() {
        return String::new();
    }
    let automaton = usage.automaton;
    let mut arms = Vec::new();
    for (index, event) in automaton.events.iter().enumerate() {
        let says = |state: &StateId| {
            automaton.states[*state].handlers.iter().any(|handler| {
                handler.event.index() == index && matches!(handler.response, crate::model::Response::Defer { .. })
            })
        };
        let leaves: Vec<String> = automaton
            .leaves()
            .filter(|&leaf| automaton.outwards(leaf).any(|state| says(&state)))
            .map(|leaf| usage.leaf(leaf))
            .collect();
        if !leaves.is_empty() {
            let rest = if event.fields.is_empty() { "" } else { " { .. }" };
            let variant = usage.own_names().event(EventId(index as u32));
            arms.push(format!("({}, Event::{variant}{rest})", leaves.join(" | ")));
        }
    }
    format!("fn defers(state: State, event: &Event) -> bool {{ matches!((state, event), {}) }}\n", arms.join(" | "))
}

fn timers_of(usage: &Usage<'_>) -> String {
    if usage.timers.is_empty() {
        return String::new();
    }
    let automaton = usage.automaton;
    let mut body = String::new();
    for id in automaton.state_ids() {
        let state = &automaton.states[id];
        if state.timers.is_empty() {
            continue;
        }
        let starts: String = state.timers.iter().map(|&timer| effects::start_timer_outside(usage, timer)).collect();
        if starts.is_empty() {
            continue;
        }
        if id == StateId::ROOT {
            body.push_str(&starts);
            continue;
        }
        let is_active = if state.children.is_empty() {
            format!("state == {}", usage.leaf(id))
        } else {
            format!("state.is_in_{}()", identifiers::snake(&state.name))
        };
        let _ = writeln!(body, "if {is_active} {{ {starts} }}");
    }
    if body.is_empty() {
        return String::new();
    }
    let ids = || (0..automaton.timers.len() as u32).map(TimerId).filter(|&id| effects::starts_outside(usage, id));
    let reads = |is_such: fn(&ExpressionKind) -> bool| {
        ids().any(|id| automaton.timers[id].length.contains(|part| is_such(&part.kind)))
    };
    let name = |is_used: bool, name: &'static str| if is_used { name } else { "_" };
    format!(
        "fn timers_of({}: State, {}: &Parameters, {}: &Variables, effects: &mut Effects<Machine>) {{ {body} }}\n",
        name(ids().any(|id| automaton.timers[id].state != StateId::ROOT), "state"),
        name(reads(|part| matches!(part, ExpressionKind::Parameter(_))), "parameters"),
        name(reads(|part| matches!(part, ExpressionKind::Variable(_))), "variables")
    )
}
