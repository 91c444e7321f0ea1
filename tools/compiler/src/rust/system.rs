//! `system.rs`: the tables of all instances, the messages between them, and their routing.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::documentation::documented;
use super::identifiers;
use super::outside;
use super::properties;
use super::records::{SentKind, sent_variants};
use super::usage::{Usage, Who};
use crate::model::{AutomatonId, Change, EventId, EventKind, StateId, System};

/// The pieces of `system.rs`.
pub fn module(system: &System, all: &[Usage<'_>]) -> Vec<String> {
    let mut text =
        String::from("//! All automata together: the tables of their instances, and the routing of what they send.\n");
    let mut pieces = vec![
        String::new(),
        format!(
            "/// Tells these definitions from others: their texts and places aside, other definitions have another one.\n\
             pub const MODEL_HASH: &str = {:?};\n",
            crate::model_hash(system)
        ),
        message(all),
        action(all),
        alarm(all),
        host(all),
        settings(all),
        states(all),
        tables(all),
        system_impl(all),
    ];
    pieces.extend(all.iter().map(|usage| member(all, usage)));
    text.push_str("use automata_runtime::generated::*;\n");
    let automata = all.iter().map(|usage| usage.own_names().module.as_str());
    text.push_str(&identifiers::imports(&pieces.concat(), automata.chain(["outside", "types"])));
    pieces[0] = text;
    pieces
}

/// The variant of an automaton.
fn variant<'a>(usage: &Usage<'a>) -> &'a str {
    &usage.own_names().variant
}

/// What stands before a name of an automaton's module.
fn path(usage: &Usage<'_>) -> String {
    usage.own_names().module.clone()
}

fn message(all: &[Usage<'_>]) -> String {
    let variants = all.iter().fold(String::new(), |mut text, usage| {
        let name = &usage.automaton.name;
        let key = if usage.automaton.key.is_some() { format!("{}, ", usage.key_type()) } else { String::new() };
        let _ = writeln!(text, "/// For `{name}`.\n{}({key}Input<{}::Machine>),", variant(usage), path(usage));
        if is_sent_beyond(all, usage.id) {
            let beyond = beyond(variant(usage));
            let _ = writeln!(
                text,
                "/// For `{name}`, by a number that is outside of the type of its key.\n{beyond}(i128, Input<{}::Machine>),",
                path(usage)
            );
        }
        text
    });
    format!(
        "/// A message for one instance: an event, or its start.\n#[derive(Clone, Debug)]\npub enum Message {{ {variants} }}\n"
    )
}

fn action(all: &[Usage<'_>]) -> String {
    let mut variants = String::new();
    for usage in all.iter().filter(|usage| usage.has_inside_actions()) {
        let name = &usage.automaton.name;
        let key = if usage.automaton.key.is_some() { format!("{}, ", usage.key_type()) } else { String::new() };
        let of = if usage.has_outside_actions() { "Inside" } else { "Action" };
        let _ = writeln!(variants, "/// Of `{name}`.\n{}({key}{}::{of}),", variant(usage), path(usage));
    }
    if all.iter().any(Usage::has_outside_actions) {
        variants.push_str("/// For a part outside.\nOutside(outside::Command),\n");
    }
    format!(
        "/// What an instance asks of its host.\n#[derive(Clone, Debug, PartialEq)]\npub enum Action {{ {variants} }}\n"
    )
}

fn alarm(all: &[Usage<'_>]) -> String {
    let mut variants = String::new();
    for usage in all.iter().filter(|usage| !usage.timers.is_empty()) {
        let name = &usage.automaton.name;
        let _ = writeln!(variants, "/// Of `{name}`.\n{}(Slot, {}::Timer),", variant(usage), path(usage));
    }
    format!("/// A timer of an instance.\n#[derive(Clone, Copy, Debug)]\npub enum Alarm {{ {variants} }}\n")
}

fn host(all: &[Usage<'_>]) -> String {
    let traits: Vec<String> =
        all.iter().filter(|usage| usage.has_conditions()).map(|usage| format!("{}::Conditions", path(usage))).collect();
    if traits.is_empty() {
        return "/// Nothing is asked: every type is a host, also `()`.\npub trait Host {}\nimpl<T> Host for T {}\n"
            .to_owned();
    }
    let traits = traits.join(" + ");
    format!(
        "/// Answers the conditions of all automata: every type that answers those of each.\n\
         pub trait Host: {traits} {{}}\nimpl<T: {traits}> Host for T {{}}\n"
    )
}

fn settings(all: &[Usage<'_>]) -> String {
    let mut fields = String::new();
    for usage in all.iter().filter(|usage| usage.has_settings()) {
        let name = &usage.automaton.name;
        let _ = writeln!(fields, "/// Of `{name}`.\npub {}: {}::Settings,", usage.own_names().member, path(usage));
    }
    format!(
        "/// Parameters of instances, where their start gives nothing else.\n\
         #[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]\n#[serde(crate = \"automata_runtime::serde\")]\n\
         pub struct Settings {{ {fields} }}\n"
    )
}

/// What is read of an automaton's states, by anybody.
fn reads_of(all: &[Usage<'_>], id: AutomatonId) -> BTreeSet<Who> {
    let reads = all.iter().flat_map(|usage| usage.reads.keys().copied().chain(usage.watched()));
    reads.filter(|read| read.automaton == id).map(|read| read.who).collect()
}

/// Some automaton reads the states of others.
fn has_states(all: &[Usage<'_>]) -> bool {
    all.iter().any(|usage| !usage.reads.is_empty() || !usage.watched().is_empty())
}

fn states(all: &[Usage<'_>]) -> String {
    if !has_states(all) {
        return String::new();
    }
    let mut fields = String::new();
    for usage in all {
        let name = &usage.automaton.name;
        let reads = reads_of(all, usage.id);
        let of = match (reads.is_empty(), usage.automaton.key.is_some(), reads.contains(&Who::Keyed)) {
            (true, ..) => continue,
            (false, false, _) => format!("Option<{}::State>", path(usage)),
            (false, true, true) => {
                format!("automata_runtime::StateTable<{}, {}::State>", usage.key_type(), path(usage))
            }
            (false, true, false) => format!("automata_runtime::StateCounts<{}::State>", path(usage)),
        };
        let _ = writeln!(fields, "/// Of `{name}`.\npub {}: {of},", usage.own_names().member);
    }
    format!(
        "/// The states that others look at. They change between deliveries only.\n\
         #[derive(Clone, Debug, Default)]\npub struct States {{ {fields} }}\n"
    )
}

fn tables(all: &[Usage<'_>]) -> String {
    let mut fields = String::new();
    let mut made = String::new();
    let mut present = String::new();
    if has_states(all) {
        fields.push_str("states: States,\n");
        made.push_str("states: States::default(),\n");
    }
    for usage in all {
        let (member, path) = (&usage.own_names().member, path(usage));
        let (table, what) = match &usage.automaton.key {
            Some(key) => ("Instances", format!("Per {}. {}", key.name, usage.automaton.summary)),
            None => ("Single", usage.automaton.summary.clone()),
        };
        let _ = writeln!(fields, "{}pub {member}: {table}<{path}::Machine>,", documented(&what));
        let _ = writeln!(made, "{member}: {table}::default(),");
        let variant = variant(usage);
        let _ = match &usage.automaton.key {
            Some(_) => writeln!(present, "Message::{variant}(key, _) => self.{member}.get(key).is_some(),"),
            None => writeln!(present, "Message::{variant}(_) => self.{member}.get().is_some(),"),
        };
        if is_sent_beyond(all, usage.id) {
            let _ = writeln!(present, "Message::{}(..) => false,", beyond(variant));
        }
    }
    format!(
        "/// Every instance of every automaton. Runs in a [`Bus`].\n\
         pub struct System {{ settings: Settings, {fields} }}\n\
         impl System {{\n/// Without instances.\n#[must_use]\npub fn new(settings: Settings) -> Self {{ \
         Self {{ settings, {made} }} }}\n\
         /// The instance that a message is for is there.\n#[must_use]\npub fn has_recipient(&self, message: &Message) -> bool {{ \
         match message {{ {present} }} }} }}\n"
    )
}

fn system_impl(all: &[Usage<'_>]) -> String {
    let mut starts = Vec::new();
    let mut deliver = String::new();
    let mut fire = String::new();
    let mut visits = String::new();
    for usage in all {
        let (path, variant) = (path(usage), variant(usage));
        let _ = writeln!(visits, "visitor.member::<{path}::Machine>();");
        if usage.automaton.key.is_none() && usage.all_defaulted() {
            let given = if usage.automaton.parameters.is_empty() {
                "()".to_owned()
            } else {
                format!("{path}::Given::default()")
            };
            starts.push(format!("Message::{variant}(Input::Start({given}))"));
        }
        let _ = if usage.automaton.key.is_some() {
            writeln!(
                deliver,
                "Message::{variant}(key, input) => bus.deliver_to::<{path}::Machine>(key, input, origin, Message::{variant}, host, actions),"
            )
        } else {
            writeln!(
                deliver,
                "Message::{variant}(input) => bus.deliver_to::<{path}::Machine>((), input, origin, |(), input| Message::{variant}(input), host, actions),"
            )
        };
        if is_sent_beyond(all, usage.id) {
            let beyond = beyond(variant);
            let _ = writeln!(
                deliver,
                "Message::{beyond}(key, input) => bus.deliver_beyond::<{path}::Machine>(key, &input, origin),"
            );
        }
        if !usage.timers.is_empty() {
            let _ = writeln!(
                fire,
                "Alarm::{variant}(slot, timer) => bus.fire_at::<{path}::Machine>(slot, timer, host, actions),"
            );
        }
    }
    let visitor = if visits.is_empty() { "_" } else { "visitor" };
    let (fire_body, fire_bus, fire_host, fire_actions) = if fire.is_empty() {
        ("match alarm {}".to_owned(), "_", "_", "_")
    } else {
        (format!("match alarm {{ {fire} }}"), "bus", "host", "actions")
    };
    format!(
        "impl automata_runtime::System for System {{\n\
           type Message = Message;\ntype Action = Action;\ntype Alarm = Alarm;\ntype Host<'host> = dyn Host + 'host;\ntype Settings = Settings;\n\
           const MODEL_HASH: &'static str = MODEL_HASH;\n\
           {properties}\
           fn settings(&self) -> &Settings {{ &self.settings }}\n\
           fn visit<V: Visitor<Self>>({visitor}: &mut V) {{ {visits} }}\n\
           fn starts(&self) -> Vec<Message> {{ vec![{}] }}\n\
           fn deliver<R: Recorder>(bus: &mut Bus<Self, R>, message: Message, origin: Origin, host: &mut (dyn Host + '_), actions: &mut Vec<Action>) {{ \
             match message {{ {deliver} }} }}\n\
           fn fire<R: Recorder>({fire_bus}: &mut Bus<Self, R>, alarm: Alarm, {fire_host}: &mut (dyn Host + '_), {fire_actions}: &mut Vec<Action>) {{ {fire_body} }} }}\n",
        starts.join(", "),
        properties = properties::watchers(all),
    )
}

/// `impl Member<x::Machine> for System`.
fn member(all: &[Usage<'_>], usage: &Usage<'_>) -> String {
    let (member, path, variant) = (&usage.own_names().member, path(usage), variant(usage));
    let is_keyed = usage.automaton.key.is_some();
    let table = if is_keyed { "Instances" } else { "Single" };
    let host = if usage.has_conditions() { ", host" } else { "" };
    let states = if usage.reads.is_empty() { "" } else { ", &self.states" };
    let host_name = if usage.has_conditions() { "host" } else { "_" };
    let action = match (usage.automaton.actions.is_empty(), is_keyed) {
        (true, _) => {
            format!("fn action(_: &{}, action: {path}::Action) -> Action {{ match action {{}} }}\n", usage.key_type())
        }
        (false, true) => format!(
            "#[inline]\nfn action(instance_: &{}, action: {path}::Action) -> Action {{ {} }}\n",
            usage.key_type(),
            outside::handed_on(usage, &path, variant)
        ),
        (false, false) => format!(
            "#[inline]\nfn action((): &(), action: {path}::Action) -> Action {{ {} }}\n",
            outside::handed_on(usage, &path, variant)
        ),
    };
    let alarm = if usage.timers.is_empty() {
        format!("fn alarm(_: Slot, timer: {path}::Timer) -> Alarm {{ match timer {{}} }}\n")
    } else {
        format!("fn alarm(slot: Slot, timer: {path}::Timer) -> Alarm {{ Alarm::{variant}(slot, timer) }}\n")
    };
    format!(
        "impl Member<{path}::Machine> for System {{\n\
           const INDEX: usize = {index};\n\
           type Table = {table}<{path}::Machine>;\n\
           #[inline]\nfn table(&self) -> &Self::Table {{ &self.{member} }}\n\
           #[inline]\nfn table_mut(&mut self) -> &mut Self::Table {{ &mut self.{member} }}\n\
           fn create(&mut self, key: &{key}, {given_name}: &{path}::Given, {host_name}: &mut (dyn Host + '_)) -> {path}::Instance {{ \
             {made} \
             let buffers = self.{member}.buffers_mut(); \
             {path}::create(key, {handed}, &mut buffers.effects, &mut buffers.asked{host}{states}) }}\n\
           fn parameters(&self, {given_name}: &{path}::Given) -> {path}::Parameters {{ {parameters} }}\n\
           #[inline]\nfn step(&mut self, slot: Slot, trigger: Trigger<'_, {path}::Event, {path}::Timer>, {host_name}: &mut (dyn Host + '_)) -> Answer {{ \
             {path}::step(self.{member}.parts(slot), trigger{host}{states}) }}\n\
           {route}{moved}{violates}{action}{alarm} }}\n",
        parameters = match (usage.automaton.parameters.is_empty(), usage.has_settings()) {
            (true, _) => String::new(),
            (false, true) => format!("{path}::Parameters::new(&self.settings.{member}, given)"),
            (false, false) => format!("{path}::Parameters::new(given)"),
        },
        made = if usage.automaton.parameters.is_empty() {
            String::new()
        } else {
            format!("let parameters = Member::<{path}::Machine>::parameters(self, given);")
        },
        handed = if usage.automaton.parameters.is_empty() { "()" } else { "parameters" },
        given_name = if usage.automaton.parameters.is_empty() { "_" } else { "given" },
        index = usage.id.index(),
        key = usage.key_type(),
        route = route(all, usage),
        moved = moved(all, usage),
        violates = properties::member(usage, &path),
    )
}

fn moved(all: &[Usage<'_>], usage: &Usage<'_>) -> String {
    let (member, path) = (&usage.own_names().member, path(usage));
    let reads = reads_of(all, usage.id);
    if reads.is_empty() {
        return String::new();
    }
    let (slot, before, body) = match (usage.automaton.key.is_some(), reads.contains(&Who::Keyed)) {
        (false, _) => ("_", "_", format!("self.states.{member} = after;")),
        (true, true) => {
            ("slot", "before", format!("self.states.{member}.moved(self.{member}.key(slot), before, after);"))
        }
        (true, false) => ("_", "before", format!("self.states.{member}.moved(before, after);")),
    };
    format!(
        "fn moved(&mut self, {slot}: Slot, {before}: Option<{path}::State>, after: Option<{path}::State>) {{ {body} }}\n"
    )
}

fn route(all: &[Usage<'_>], usage: &Usage<'_>) -> String {
    let path = path(usage);
    let variants = sent_variants(usage);
    if variants.is_empty() {
        let nothing = "fn route(&self, _: Slot, sent: automata_runtime::value::Never, _: &mut Outbox<'_, Self>) { match sent {} }\n";
        return nothing.to_owned();
    }
    let mut arms = String::new();
    let mut uses_slot = false;
    for variant in &variants {
        let sent = format!("{path}::Sent::{}", variant.name);
        arms.push_str(&match variant.kind {
            SentKind::To(receiver) => route_one(usage, receiver, &sent, false),
            SentKind::Start(receiver) => route_one(usage, receiver, &sent, true),
            SentKind::All(receiver) => route_all(usage, receiver, &sent),
            SentKind::Observed(change, state) => {
                uses_slot |= usage.automaton.key.is_some();
                route_observation(all, usage, change, state, &sent)
            }
        });
    }
    let slot = if uses_slot { "slot" } else { "_" };
    format!(
        "fn route(&self, {slot}: Slot, sent: {path}::Sent, outbox: &mut Outbox<'_, Self>) {{ match sent {{ {arms} }} }}\n"
    )
}

fn route_one(usage: &Usage<'_>, receiver: AutomatonId, sent: &str, is_start: bool) -> String {
    let automaton = &usage.system.automata[receiver];
    let variant = &usage.names.of(receiver).variant;
    let (field, input) = if is_start { ("given", "Start") } else { ("event", "Event") };
    if automaton.key.is_none() {
        return format!("{sent}({field}) => outbox.send(Message::{variant}(Input::{input}({field}))),\n");
    }
    if usage.sends_wide(receiver, is_start) {
        let of = super::usage::key_type(usage.system, receiver);
        return format!(
            "{sent} {{ key, {field} }} => outbox.send(match {of}::try_from(key) {{ \
               Ok(key) => Message::{variant}(key, Input::{input}({field})), \
               Err(_) => Message::{}(key, Input::{input}({field})) }}),\n",
            beyond(variant)
        );
    }
    format!("{sent} {{ key, {field} }} => outbox.send(Message::{variant}(key, Input::{input}({field}))),\n")
}

/// The variant of `Message` for a key that no instance can have. A name of a definition does not end in `_`.
fn beyond(variant: &str) -> String {
    format!("{}Beyond_", identifiers::stem(variant))
}

/// Whether something is sent to this automaton by a key that may be outside of the key's type.
fn is_sent_beyond(all: &[Usage<'_>], id: AutomatonId) -> bool {
    all.iter().any(|usage| usage.sends_wide(id, false) || usage.sends_wide(id, true))
}

fn route_all(usage: &Usage<'_>, receiver: AutomatonId, sent: &str) -> String {
    let automaton = &usage.system.automata[receiver];
    let names = usage.names.of(receiver);
    let (member, variant) = (&names.member, &names.variant);
    if automaton.key.is_some() {
        format!(
            "{sent}(event) => {{ for (key, _) in self.{member}.iter() {{ \
             outbox.send(Message::{variant}(key.clone(), Input::Event(event.clone()))); }} }}\n"
        )
    } else {
        format!(
            "{sent}(event) => {{ if self.{member}.get().is_some() {{ outbox.send(Message::{variant}(Input::Event(event))); }} }}\n"
        )
    }
}

/// For each automaton whose definition mentions the change, in the order of their names, to each of its instances.
fn route_observation(all: &[Usage<'_>], usage: &Usage<'_>, change: Change, state: StateId, sent: &str) -> String {
    let mut loops = String::new();
    for observer in all {
        for (index, event) in observer.automaton.events.iter().enumerate() {
            let is_it = matches!(event.kind, EventKind::Observation { automaton, change: of, state: which }
                if automaton == usage.id && of == change && which == state);
            if !is_it {
                continue;
            }
            let (own, path) = (observer.own_names(), path(observer));
            let (member, variant) = (&own.member, &own.variant);
            let key = if event.fields.is_empty() {
                String::new()
            } else {
                format!(" {{ key: self.{}.key(slot).clone() }}", usage.own_names().member)
            };
            let event = format!("Input::Event({path}::Event::{}{key})", own.event(EventId(index as u32)));
            let _ = if observer.automaton.key.is_some() {
                writeln!(
                    loops,
                    "for (key, observer) in self.{member}.serials() {{ \
                     outbox.observe::<{path}::Machine>(Message::{variant}(key.clone(), {event}), observer); }}"
                )
            } else {
                writeln!(
                    loops,
                    "for observer in self.{member}.serials() {{ \
                     outbox.observe::<{path}::Machine>(Message::{variant}({event}), observer); }}"
                )
            };
        }
    }
    format!("{sent} => {{ {loops} }}\n")
}
