//! What a type of the program must be able to do before definitions may name it (`rust:` in `types.yaml`).
//!
//! Generated code uses such a type in many places: in events, variables, questions, records. So that a missing `derive`
//! is one error and not one for each place, the generated `types.rs` names the type by [`Checked`], with a number that
//! only a type that can do all of it has. If that number cannot be computed, rustc reports it once, names what is
//! missing, and treats the alias as an error already reported.

use std::fmt::Debug;
use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// `T` itself, where `CHECKS` is the sum of the checks of this module.
pub type Checked<T, const CHECKS: usize> = <[(); CHECKS] as Is<T>>::Itself;

/// Makes [`Checked`] depend on its number.
pub trait Is<T> {
    /// `T`.
    type Itself;
}

impl<T, const CHECKS: usize> Is<T> for [(); CHECKS] {
    type Itself = T;
}

/// Can be carried by events and kept in variables.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is named in `types.yaml`, so it has to be `Clone`, `PartialEq` and `Debug`",
    note = "events carry it, variables keep it, and guards compare it"
)]
pub trait Carried: Clone + PartialEq + Debug + 'static {}

impl<T: Clone + PartialEq + Debug + 'static> Carried for T {}

/// Can be shown in records and traces.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is named in `types.yaml`, so it has to be `serde::Serialize`",
    note = "records and traces show it as it serialises; a type with `secret: true` is `AsRef<[u8]>` instead"
)]
pub trait Shown: Serialize {}

impl<T: Serialize> Shown for T {}

/// Can be shown by its length and hash alone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has `secret: true` in `types.yaml`, so it has to be `AsRef<[u8]>`",
    note = "traces show the length and a hash of these bytes instead of the value"
)]
pub trait Hidden: AsRef<[u8]> {}

impl<T: AsRef<[u8]>> Hidden for T {}

/// Can tell instances apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is the key of an automaton, so it has to be `Eq` and `Hash`",
    note = "instances are found by it"
)]
pub trait Key: Eq + Hash {}

impl<T: Eq + Hash> Key for T {}

/// Can be copied, as an enum of the language is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is an `enum` in `types.yaml`, so it has to be `Copy` and `Eq`",
    note = "so are the enums that the compiler declares itself"
)]
pub trait Copied: Copy + Eq {}

impl<T: Copy + Eq> Copied for T {}

/// Can be made from JSON.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is named in `types.yaml`, so it has to be `serde::Deserialize` for the module `dynamic`",
    note = "without `dynamic` in the options of the build it need not be"
)]
pub trait Read: DeserializeOwned {}

impl<T: DeserializeOwned> Read for T {}

/// Adds nothing, and compiles only for a type that is [`Carried`].
#[must_use]
pub const fn carried<T: Carried>() -> usize {
    0
}

/// As [`carried`], for a type that is [`Shown`].
#[must_use]
pub const fn shown<T: Shown>() -> usize {
    0
}

/// As [`carried`], for a type that is [`Hidden`].
#[must_use]
pub const fn hidden<T: Hidden>() -> usize {
    0
}

/// As [`carried`], for a type that is a [`Key`].
#[must_use]
pub const fn key<T: Key>() -> usize {
    0
}

/// As [`carried`], for a type that can be [`Copied`].
#[must_use]
pub const fn copied<T: Copied>() -> usize {
    0
}

/// As [`carried`], for a type that can be [`Read`].
#[must_use]
pub const fn read<T: Read>() -> usize {
    0
}

/// Whether a value serialises as this name: in a trace, and in a script, a variant is written as `types.yaml` has it.
#[must_use]
pub fn is_called(value: &impl Serialize, name: &str) -> bool {
    serde_json::to_value(value).is_ok_and(|json| json == name)
}
