//! How many there are.

use serde::Serialize;

use crate::folder::tally;
use crate::terminal::counted;

/// The summary of a check.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub automata: usize,
    /// Not known if there are errors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub states: Option<usize>,
    pub errors: usize,
    pub warnings: usize,
    /// Cells of `--unexpected`. Not known if there are errors.
    #[serde(skip)]
    pub unexpected: Option<usize>,
}

impl Counts {
    pub fn and(self, other: Self) -> Self {
        Self {
            automata: self.automata + other.automata,
            states: self.states.zip(other.states).map(|(here, there)| here + there),
            errors: self.errors + other.errors,
            warnings: self.warnings + other.warnings,
            unexpected: self.unexpected.zip(other.unexpected).map(|(here, there)| here + there),
        }
    }

    pub fn summary(self) -> String {
        let automata = if self.automata == 1 { "1 automaton".into() } else { format!("{} automata", self.automata) };
        let states = self.states.map(|states| format!(", {}", counted(states, "state"))).unwrap_or_default();
        let cells =
            self.unexpected.map(|cells| format!(", {}", counted(cells, "unexpected event"))).unwrap_or_default();
        format!("{automata}{states}, {}{cells}", tally(self.errors, self.warnings))
    }
}
