//! YAML as a tree in which everything has its place in the file.
//!
//! Built on the events of `granit-parser` (why: `docs/decisions/0002-yaml-parser.md`). What YAML offers beyond
//! mappings, lists and texts (tags, anchors, aliases, merge keys, several documents) is refused here, so nothing beyond
//! this module has to handle it.

mod builder;
mod flow_comma;
mod scan_error;
#[cfg(test)]
mod tests;

pub(crate) use builder::explain_null;
pub use builder::parse;
pub(crate) use scan_error::joined_pair;

use crate::source::{Span, Text};

/// Bytes in one file, at most.
pub const FILE_SIZE_LIMIT: usize = 1 << 20;

/// Nested mappings and lists, at most.
pub const DEPTH_LIMIT: usize = 64;

/// Keys, values and items in one file, at most.
pub const NODE_LIMIT: usize = 50_000;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// From its first byte to its last. Of a block mapping or list: without what precedes its first key or item.
    pub span: Span,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A word, a number, a sentence: YAML's own types for scalars are not used, since each place here knows what it
    /// needs.
    Scalar(Scalar),
    /// `- a` or `[a, b]`.
    Sequence(Vec<Node>),
    /// `a: b` or `{ a: b }`. No key occurs twice.
    Mapping(Vec<Entry>),
    /// Nothing, or YAML's `null` or `~`.
    Empty,
    /// Something that was refused already; reading it gives no finding.
    Refused,
}

/// A scalar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// What it says.
    pub text: Text,
    /// How it is written.
    pub quoting: Quoting,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// Without quotes.
    Plain,
    /// In `'…'` or `"…"`.
    Quoted,
    /// After `|` or `>`.
    Block,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Text,
    /// The value.
    pub value: Node,
}

impl Entry {
    /// From the key to the end of the value.
    #[must_use]
    pub fn span(&self) -> Span {
        self.key.span.to(self.value.span)
    }
}
