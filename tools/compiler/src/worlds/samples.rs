//! Values that can make a difference to guards: bounds, the constants in the guards, and their neighbours.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::interpreter::Value;
use crate::model::{self, BaseType, Expression, ExpressionKind, System, Type, TypeKind};

/// Integers up to this many are all tried if need be.
const ALL_OF: i128 = 256;

/// What is to be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// A few values of each.
    Few,
    /// All values, where there are not too many.
    All,
}

/// The constants of some guards, and how many values of each kind the guards read.
pub struct Constants {
    numbers: BTreeSet<i128>,
    texts: Vec<Arc<str>>,
    /// So many values can differ from one another.
    most: usize,
}

/// Values to try, and whether they stand for all values.
pub struct Samples {
    pub values: Vec<Value>,
    pub are_all: bool,
}

impl Constants {
    /// Those in the guards, of which `most` values are read.
    pub fn of<'e>(guards: impl IntoIterator<Item = &'e Expression>, most: usize) -> Self {
        let mut constants = Constants { numbers: BTreeSet::new(), texts: Vec::new(), most };
        for guard in guards {
            guard.visit(&mut |below| match &below.kind {
                ExpressionKind::Literal(model::Value::Integer(number)) => {
                    constants.numbers.insert(*number);
                }
                ExpressionKind::Literal(model::Value::Duration(ms)) => {
                    constants.numbers.insert(i128::from(*ms));
                }
                ExpressionKind::Literal(model::Value::String(text)) => constants.texts.push(text.as_str().into()),
                _ => {}
            });
        }
        constants
    }

    /// The values to try of a type with these bounds.
    pub fn samples(&self, system: &System, of: Type, bounds: (i128, i128), extent: Extent) -> Samples {
        let (mut values, are_all) = match of.base {
            BaseType::Bool => (vec![Value::Bool(false), Value::Bool(true)], true),
            BaseType::Integer(_) => self.numbers(bounds, extent, Value::Integer),
            BaseType::Duration => self.numbers(bounds, extent, |ms| Value::Duration(ms as u64)),
            BaseType::Declared(id) => match &system.types[id].kind {
                TypeKind::Enum(variants) => ((0..variants.len() as u32).map(Value::Variant).collect(), true),
                TypeKind::Opaque => {
                    let distinct = (0..self.most).map(|index| Value::Opaque(Arc::new(index.into())));
                    (distinct.collect(), true)
                }
            },
            BaseType::String => {
                let others = (0..self.most).map(|index| format!("\u{0}{index}").into());
                (self.texts.iter().cloned().chain(others).map(Value::String).collect(), true)
            }
            BaseType::Bytes => ((0..self.most).map(|index| Value::Bytes([index as u8].into())).collect(), true),
        };
        if of.optional {
            values.push(Value::None);
        }
        Samples { values, are_all }
    }

    fn numbers(&self, (low, high): (i128, i128), extent: Extent, value: impl Fn(i128) -> Value) -> (Vec<Value>, bool) {
        let size = high - low + 1;
        let is_small = size <= ALL_OF;
        let mut numbers: BTreeSet<i128> = if extent == Extent::All && is_small {
            (low..=high).collect()
        } else {
            let near = self.numbers.iter().flat_map(|number| [number - 1, *number, number + 1]);
            near.chain([0, 1, 2, low, low + 1, high - 1, high]).filter(|number| (low..=high).contains(number)).collect()
        };
        // The simple ones first: they make the better examples.
        let mut sorted: Vec<i128> = std::mem::take(&mut numbers).into_iter().collect();
        sorted.sort_by_key(|number| (number.abs(), *number < 0));
        let are_all = sorted.len() as i128 == size;
        (sorted.into_iter().map(value).collect(), are_all)
    }
}
