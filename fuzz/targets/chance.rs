//! Choices from the bytes of an input, so that the fuzzer can steer: numbers, values of any type, answers.

use std::sync::Arc;

use automata_compiler::interpreter::{ConditionAsked, Host, Value};
use automata_compiler::model::{BaseType, System, Type, TypeKind};
use serde_json::Value as Json;

/// The bytes of an input, over and over again.
pub struct Chance<'a>(std::iter::Cycle<std::slice::Iter<'a, u8>>);

impl<'a> Chance<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.iter().cycle())
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or_default()) % bound
    }

    /// A value of that type: few different ones, so that some are equal, and those at the bounds.
    pub fn value(&mut self, system: &System, of: Type) -> Value {
        if of.optional && self.below(4) == 0 {
            return Value::None;
        }
        match of.base {
            BaseType::Bool => Value::Bool(self.below(2) == 0),
            BaseType::Integer(integer) => {
                let (low, high) = integer.bounds();
                let some = [low, high, 0, 1, 2, 3, low + 1, high - 1];
                Value::Integer(some[self.below(some.len())].clamp(low, high))
            }
            BaseType::Duration => Value::Duration([0, 1, 500, 20_000, u64::MAX][self.below(5)]),
            BaseType::String => Value::String(["", "a", "b", "\u{e4}\n\"]"][self.below(4)].into()),
            BaseType::Bytes => Value::Bytes([&[][..], &[0], &[255, 0]][self.below(3)].into()),
            BaseType::Declared(id) => match &system.types[id].kind {
                TypeKind::Enum(variants) => Value::Variant(self.below(variants.len()) as u32),
                TypeKind::Opaque { .. } => {
                    let json = [Json::from("a"), Json::from("b"), Json::from(7), Json::from(vec![1, 2])];
                    Value::Opaque(Arc::new(json[self.below(json.len())].clone()))
                }
            },
        }
    }
}

impl Host for Chance<'_> {
    fn answer(&mut self, asked: &ConditionAsked<'_>) -> Option<Value> {
        let condition = &asked.system.automata[asked.address.automaton].conditions[asked.condition];
        Some(self.value(asked.system, condition.r#type))
    }
}
