//! Values and answers from a seed: the same everywhere, and often at the bounds and constants where behaviour changes.

use automata_compiler::model::{Automaton, BaseType, ExpressionKind, System, Type, TypeKind, Value as Constant};
use serde_json::Value as Json;

/// A generator of numbers (splitmix64, public domain).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// What follows is decided by the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Seeded by a number and a text.
    #[must_use]
    pub fn of_text(seed: u64, text: &str) -> Self {
        // FNV-1a: spreads texts over numbers; nothing depends on its quality.
        let hash = text
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        let mut chance = Self(seed ^ hash);
        chance.number();
        chance
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the bound, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.number() % bound as u64) as usize
    }

    /// One of them; `None` if there is none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { from.get(self.below(from.len())) }
    }
}

/// Constants at which an automaton's behaviour may change.
#[derive(Clone, Debug, Default)]
pub struct Constants {
    integers: Vec<i128>,
    durations: Vec<u64>,
    texts: Vec<String>,
}

impl Constants {
    /// Those that the automaton mentions, and some that are always of interest.
    #[must_use]
    pub fn of(automaton: &Automaton) -> Self {
        let mut constants = Self {
            integers: vec![0, 1, 2, 3],
            durations: vec![0, 1, 1000],
            texts: ["", "a", "b"].map(str::to_owned).to_vec(),
        };
        for expression in automaton.expressions() {
            expression.visit(&mut |inner| {
                if let ExpressionKind::Literal(value) = &inner.kind {
                    constants.add(value);
                }
            });
        }
        automaton.parameters.iter().filter_map(|parameter| parameter.default.as_ref()).for_each(|of| constants.add(of));
        for variable in &automaton.variables {
            constants.add(&variable.initial);
            if let Some((low, high)) = variable.bounds {
                constants.integers.extend([low, high]);
            }
        }
        constants
    }

    fn add(&mut self, constant: &Constant) {
        match constant {
            Constant::Integer(value) => self.integers.extend([*value - 1, *value, *value + 1]),
            Constant::Duration(length) => self.durations.extend([length.saturating_sub(1), *length, length + 1]),
            Constant::String(text) => self.texts.push(text.clone()),
            Constant::Bool(_) | Constant::Variant(..) | Constant::None => {}
        }
    }

    /// Some value of the type.
    pub fn sample(&self, system: &System, of: Type, chance: &mut Chance) -> Json {
        if of.optional && chance.below(3) == 0 {
            return Json::Null;
        }
        match of.base {
            BaseType::Bool => Json::from(chance.below(2) == 1),
            BaseType::Integer(integer) => {
                let (low, high) = integer.bounds();
                let value = match chance.below(10) {
                    0 => low,
                    1 => high,
                    2 => i128::from(chance.number() as i64),
                    _ => chance.pick(&self.integers).copied().unwrap_or(0),
                };
                let value = value.clamp(low, high);
                u64::try_from(value).map_or_else(|_| Json::from(value as i64), Json::from)
            }
            BaseType::Duration => match chance.below(10) {
                0 => Json::from(u64::MAX),
                _ => Json::from(chance.pick(&self.durations).copied().unwrap_or(0)),
            },
            BaseType::String => Json::from(chance.pick(&self.texts).map_or("", String::as_str)),
            BaseType::Bytes => Json::from(["", "00", "ff", "00ff"][chance.below(4)]),
            BaseType::Declared(id) => match &system.types[id].kind {
                TypeKind::Enum(variants) => Json::from(variants[chance.below(variants.len())].as_str()),
                TypeKind::Opaque => Json::from(["alice", "bob", "carol"][chance.below(3)]),
            },
        }
    }
}
