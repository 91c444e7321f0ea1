//! What can be asked of the generator.

/// What is wanted beside the typed code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `dynamic.rs`: messages, answers, states and variables by name and JSON. Opaque types must then be `Deserialize`
    /// too.
    pub dynamic: bool,
    /// Properties are looked at after every delivery, and records, `Bus::violated` and `Handled` tell which are
    /// violated.
    pub properties: bool,
}
