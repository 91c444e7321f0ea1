//! The files as they are written: every key in its place, nothing looked up yet.
//!
//! Read by hand over the tree of [`crate::yaml`] rather than derived, because short forms need a finding that names
//! them and not "data did not match any variant". One error does not hide the others: what cannot be read is reported
//! and left out.

mod automaton;
mod effects;
mod fields;
mod parts;
mod reactions;
mod reader;
mod state;
mod types;

pub use automaton::read_automaton;
pub use parts::read_parts;
pub use types::read_types;

use crate::model::{History, PropertyKind, TimerKind};
use crate::source::{Span, Text};

/// `types.yaml`.
#[derive(Debug, Default)]
pub struct TypesFile {
    /// Under `keys`.
    pub keys: Vec<Field>,
    /// Under `types`.
    pub types: Vec<TypeDeclaration>,
}

/// A type of `types.yaml`.
#[derive(Debug)]
pub struct TypeDeclaration {
    /// Its name.
    pub name: Text,
    /// `None` if neither `enum` nor `rust` could be read.
    pub kind: Option<TypeKind>,
    /// `rust: path`.
    pub rust: Option<Text>,
    /// `secret: true`.
    pub secret: bool,
    /// May be empty.
    pub summary: String,
}

/// What a type of `types.yaml` is.
#[derive(Debug)]
pub enum TypeKind {
    /// `enum: [A, B]`.
    Enum(Vec<Text>),
    /// `rust` alone.
    Opaque,
}

/// A part of `parts.yaml`.
#[derive(Debug)]
pub struct PartDeclaration {
    /// Its name.
    pub name: Text,
    /// One sentence.
    pub summary: String,
    /// `outside: true`.
    pub outside: bool,
}

/// A file with an automaton.
#[derive(Debug)]
pub struct Automaton {
    /// After `automaton`.
    pub name: Text,
    /// May be empty.
    pub summary: String,
    /// May be empty.
    pub doc: String,
    /// The word after `per`; `None`: `one`.
    pub key: Option<Text>,
    /// Whether `instances` could be read. If not, there are no findings about keys.
    pub instances_are_known: bool,
    /// Under `parameters`.
    pub parameters: Vec<Parameter>,
    /// Under `variables`.
    pub variables: Vec<Variable>,
    /// Under `conditions`.
    pub conditions: Vec<Condition>,
    /// Under `events`.
    pub events: Vec<Event>,
    /// Under `actions`.
    pub actions: Vec<Action>,
    /// The top of the file as a state.
    pub root: State,
    /// Under `properties`.
    pub properties: Vec<Property>,
    /// Names in declarations of the wrong shape: their uses are not reported.
    pub unread_names: Vec<String>,
}

impl Automaton {
    /// The names of parameters, variables and conditions, each of which can be only one of these.
    pub fn values(&self) -> impl Iterator<Item = &Text> {
        let parameters = self.parameters.iter().map(|parameter| &parameter.name);
        let variables = self.variables.iter().map(|variable| &variable.name);
        parameters.chain(variables).chain(self.conditions.iter().map(|condition| &condition.name))
    }
}

/// `name: Type`.
#[derive(Debug)]
pub struct Field {
    /// Before the colon.
    pub name: Text,
    /// After it; `None` after a finding.
    pub r#type: Option<Text>,
}

/// Under `parameters`.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: Text,
    /// `None` after a finding.
    pub r#type: Option<Text>,
    /// Where `start` and settings say nothing.
    pub default: Given<Text>,
    /// May be empty.
    pub summary: String,
}

/// A key that may be absent, or there but unreadable.
#[derive(Debug, PartialEq, Eq)]
pub enum Given<T> {
    /// It is absent.
    No,
    /// It is present, and a finding says what is wrong with it.
    Broken,
    /// It is present.
    Yes(T),
}

/// Under `variables`.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: Text,
    /// `None` after a finding.
    pub r#type: Option<Text>,
    /// `None` after a finding.
    pub initial: Option<Text>,
    /// The smallest value.
    pub min: Given<Text>,
    /// The largest value.
    pub max: Given<Text>,
    /// May be empty.
    pub summary: String,
}

/// Under `conditions`.
#[derive(Debug)]
pub struct Condition {
    /// Its name.
    pub name: Text,
    /// `None` after a finding.
    pub r#type: Option<Text>,
    /// May be empty.
    pub arguments: Vec<Field>,
    /// May be empty.
    pub summary: String,
}

/// Under `events`.
#[derive(Debug)]
pub struct Event {
    /// Its name.
    pub name: Text,
    /// Empty: it is only raised.
    pub from: Vec<Text>,
    /// The place of `starts: true`.
    pub starts: Option<Span>,
    /// May be empty.
    pub fields: Vec<Field>,
    /// May be empty.
    pub summary: String,
}

/// Under `actions`.
#[derive(Debug)]
pub struct Action {
    /// Its name.
    pub name: Text,
    /// `None` after a finding.
    pub by: Option<Text>,
    /// May be empty.
    pub arguments: Vec<Field>,
    /// May be empty.
    pub summary: String,
}

/// A state; the top of the file is one.
#[derive(Debug)]
pub struct State {
    /// Its name; of the root, the automaton's.
    pub name: Text,
    /// May be empty; of the root, not used.
    pub summary: String,
    /// The state entered by default.
    pub initial: Given<Text>,
    /// On entering.
    pub entry: Effects,
    /// On leaving.
    pub exit: Effects,
    /// In the order of the file.
    pub on: Vec<Reaction>,
    /// `after`, then `every`, each in the order of the file.
    pub timers: Vec<Timer>,
    /// In the order of the file.
    pub always: Vec<Case>,
    /// In the order of the file.
    pub defer: Vec<Deferred>,
    /// In the order of the file.
    pub ignore: Vec<Ignored>,
    /// `ignore: { others: reason }`: events that nobody answers, and why they mean nothing.
    pub ignores_others: Option<String>,
    /// What is remembered, and where the file says so.
    pub history: Option<(History, Span)>,
    /// Where the file says that it is final.
    pub is_final: Option<Span>,
    /// Inside it.
    pub states: Vec<State>,
}

/// A key under `on`.
#[derive(Debug)]
pub struct Reaction {
    /// `a`, `a, b`, `X[any] enters S`.
    pub trigger: Text,
    /// In the order of the file.
    pub cases: Vec<Case>,
}

/// A key under `after` or `every`.
#[derive(Debug)]
pub struct Timer {
    /// Which of the two.
    pub kind: TimerKind,
    /// Whose value is its length.
    pub name: Text,
    /// In the order of the file.
    pub cases: Vec<Case>,
}

/// An event under `defer`.
#[derive(Debug)]
pub struct Deferred {
    /// Which event.
    pub trigger: Text,
    /// `defer: { e: 64 }`.
    pub limit: Option<u32>,
}

/// An event under `ignore`.
#[derive(Debug)]
pub struct Ignored {
    /// Which event.
    pub trigger: Text,
    /// Empty in the list form.
    pub reason: String,
}

/// One case of a reaction.
#[derive(Debug)]
pub struct Case {
    /// `if`.
    pub guard: Given<Text>,
    /// What it does.
    pub effects: Effects,
    /// Where it leads.
    pub outcome: Outcome,
    /// May be empty.
    pub summary: String,
    /// The whole case.
    pub span: Span,
}

/// Where a case leads.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not given: it stays.
    Unsaid,
    /// `stay`, and why.
    Stay(String),
    /// `to`, or the short form.
    To(Text),
    /// `ignore: reason`.
    Ignore(String),
    /// A finding says what is wrong.
    Broken,
}

/// What a part of a step does, in the order in which it happens.
#[derive(Debug, Default)]
pub struct Effects(pub Vec<Effect>);

impl Effects {
    /// Nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One effect as it is written.
#[derive(Debug)]
pub struct Effect {
    /// The key that it is written under.
    pub key: EffectKey,
    /// An item of `do` says itself what it is; under the other keys is the rest of it.
    pub text: Text,
}

/// The keys of effects, in the order in which parts with several of them happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EffectKey {
    /// `set`: assignments.
    Set,
    /// `do`: effects of every kind, in order.
    Do,
    /// `start`: new instances.
    Start,
    /// `send`: events for other automata.
    Send,
    /// `raise`: events for itself.
    Raise,
    /// `restart`: timers that start again.
    Restart,
}

impl EffectKey {
    /// All of them, in that order.
    pub const ALL: [Self; 6] = [Self::Set, Self::Do, Self::Start, Self::Send, Self::Raise, Self::Restart];

    /// As in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Do => "do",
            Self::Start => "start",
            Self::Send => "send",
            Self::Raise => "raise",
            Self::Restart => "restart",
        }
    }
}

/// Under `properties`.
#[derive(Debug)]
pub struct Property {
    /// Its name.
    pub name: Text,
    /// How it is meant.
    pub kind: PropertyKind,
    /// What must hold.
    pub expression: Text,
    /// May be empty.
    pub summary: String,
}
