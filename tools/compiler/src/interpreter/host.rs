//! What the interpreter asks of the world outside the automata, and tells it.

use super::delivery::{Address, Delivery};
use super::value::Value;
use crate::model::{ConditionId, System};

/// The world outside the automata, as far as it must answer.
pub trait Host {
    /// The answer to a condition; `None` if it is not known, which stops the interpreter with
    /// [`super::Error::Unanswered`].
    fn answer(&mut self, asked: &ConditionAsked<'_>) -> Option<Value>;

    /// A delivery is complete. Called in the order of the deliveries; [`Delivery::record`] makes a line of a trace of
    /// it.
    fn delivered(&mut self, system: &System, delivery: &Delivery) {
        let _ = (system, delivery);
    }
}

/// A question to the host.
#[derive(Clone, Copy, Debug)]
pub struct ConditionAsked<'a> {
    /// Everything that was declared.
    pub system: &'a System,
    /// Who asks.
    pub address: &'a Address,
    /// What, of the asking automaton.
    pub condition: ConditionId,
    /// With which arguments, in the order of declaration.
    pub arguments: &'a [Value],
}

impl ConditionAsked<'_> {
    /// As a person would write it: `best_transport(tcp)`.
    #[must_use]
    pub fn question(&self) -> String {
        let condition = &self.system.automata[self.address.automaton].conditions[self.condition];
        if condition.arguments.is_empty() {
            return condition.name.clone();
        }
        let arguments = condition.arguments.iter().zip(self.arguments);
        let arguments: Vec<String> = arguments.map(|(place, value)| value.bare(self.system, place.r#type)).collect();
        format!("{}({})", condition.name, arguments.join(", "))
    }
}
