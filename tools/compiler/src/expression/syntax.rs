//! The little texts after parsing: trees whose names mean nothing yet.

use crate::model::{BinaryOperator, Change};
use crate::source::Span;

/// A name in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    pub name: String,
    pub span: Span,
}

/// An expression whose names mean nothing yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub kind: NodeKind,
    pub span: Span,
    /// Nested or chained operations from here down; at least 1.
    pub depth: usize,
}

impl Node {
    /// A node without others below it.
    pub fn leaf(kind: NodeKind, span: Span) -> Self {
        Node { kind, span, depth: 1 }
    }

    /// The names of values in it.
    pub fn words<'n>(&'n self, found: &mut impl FnMut(&'n str)) {
        match &self.kind {
            NodeKind::Name(name) => found(name),
            NodeKind::Member(_, member) => found(&member.name),
            NodeKind::Call(function, arguments) => {
                found(&function.name);
                arguments.iter().for_each(|argument| argument.value.words(found));
            }
            NodeKind::Not(of) | NodeKind::Negate(of) => of.words(found),
            NodeKind::Binary(_, left, right) => {
                left.words(found);
                right.words(found);
            }
            NodeKind::In(_, subject, _) => {
                if let SubjectKey::Equals(key) = &subject.key {
                    key.words(found);
                }
            }
            NodeKind::Bool(_)
            | NodeKind::Integer(_)
            | NodeKind::Duration(_)
            | NodeKind::String(_)
            | NodeKind::None
            | NodeKind::Key
            | NodeKind::SelfIn(_) => {}
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    Bool(bool),
    Integer(i128),
    Duration(u64),
    String(String),
    None,
    /// `key`.
    Key,
    /// A bare name.
    Name(String),
    /// `event.name`, `CloseReason.Failed`.
    Member(Name, Name),
    Call(Name, Vec<Argument>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary(BinaryOperator, Box<Node>, Box<Node>),
    /// `X in S` and its relatives.
    In(Quantifier, Subject, Name),
    /// `self in S`.
    SelfIn(Name),
}

/// The word before `X in S`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quantifier {
    One,
    Any,
    All,
    No,
}

/// An automaton, and which of its instances.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    pub automaton: Name,
    pub key: SubjectKey,
    pub span: Span,
}

/// What is in the brackets after an automaton's name.
#[derive(Clone, Debug, PartialEq)]
pub enum SubjectKey {
    /// No brackets.
    Absent,
    /// `[any]`, with its place.
    Any(Span),
    /// `[all]`, with its place.
    All(Span),
    /// `[expression]`.
    Equals(Box<Node>),
}

/// One argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    pub name: Option<Name>,
    pub value: Node,
}

/// `name` or `name(arguments)`, `X.name(arguments)`, `X(arguments)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Arguments {
    pub given: Vec<Argument>,
    /// Of the whole text that contains them.
    pub span: Span,
}

/// `variable = value`, `variable += value`.
#[derive(Clone, Debug, PartialEq)]
pub struct AssignmentSyntax {
    pub variable: Name,
    /// Of `+=` and its relatives.
    pub operator: Option<BinaryOperator>,
    pub value: Node,
    pub span: Span,
}

/// One trigger: an event's name, or an observation.
#[derive(Clone, Debug, PartialEq)]
pub struct TriggerSyntax {
    pub subject: Subject,
    pub change: Option<(Change, Name)>,
    pub span: Span,
}

/// A target.
#[derive(Clone, Debug, PartialEq)]
pub enum TargetSyntax {
    Stay,
    State { state: Name, history: bool },
}
