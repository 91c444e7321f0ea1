//! Expressions of a wanted type, over whatever can be named in their place.

use automata_compiler::model::IntegerType;

use crate::chance::Chance;
use crate::plan::{Automaton, Call, Kind, Named, Of, Plan};

/// Where an expression stands.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The whole system.
    pub plan: &'a Plan,
    /// In whose definition.
    pub automaton: &'a Automaton,
    /// Of the event at hand.
    pub fields: &'a [Named],
    /// What is certainly not `none` there, as it is written.
    pub known: &'a [String],
    /// So deep conditions may be asked there, one for the argument of another.
    pub asks: u8,
    /// A guard: nothing secret, and it may look at states.
    pub is_guard: bool,
    /// A property: it may look at the states of the instance itself.
    pub is_property: bool,
}

/// Deeper ones would only be longer.
const DEEPEST: usize = 3;

impl Place<'_> {
    /// One of that type, or nothing if no value of it can be had here. Integers may be of any integer type: they stay
    /// at the bounds.
    pub fn value(&self, of: Of, chance: &mut Chance) -> Option<String> {
        self.any(of, DEEPEST, chance)
    }

    /// One of type `bool`.
    pub fn truth(&self, chance: &mut Chance) -> String {
        self.bool(DEEPEST, chance)
    }

    fn any(&self, of: Of, depth: usize, chance: &mut Chance) -> Option<String> {
        if of.optional && depth > 0 && chance.once_in(8) {
            // An optional value as the second choice makes an optional one.
            let optional = self.atoms(|other| other == of, chance);
            if let [first, second, ..] = optional.as_slice() {
                return Some(format!("({first} ?? {second})"));
            }
        }
        if !of.optional && depth > 0 && chance.once_in(6) {
            let optional = self.atoms(|other| other == Of { optional: true, ..of }, chance);
            if let Some(first) = chance.pick(&optional).cloned() {
                // Integers of some types have no type in common.
                let is_integer = matches!(of.kind, Kind::Integer(_));
                let second = if is_integer { self.simple(of.kind, chance) } else { self.any(of, depth - 1, chance) };
                let second = second?;
                return Some(format!("({first} ?? {second})"));
            }
        }
        if of.optional {
            let atoms = self.atoms(|other| other == of, chance);
            return match chance.below(4) {
                0 => Some("none".to_owned()),
                1..3 => chance.pick(&atoms).cloned().or_else(|| self.any(Of::plain(of.kind), depth, chance)),
                _ => self.any(Of::plain(of.kind), depth, chance),
            }
            .or_else(|| Some("none".to_owned()));
        }
        match of.kind {
            Kind::Bool => Some(self.bool(depth, chance)),
            Kind::Integer(integer) => Some(self.integer(integer, depth, chance)),
            Kind::Duration => Some(self.duration(depth, chance)),
            _ => self.simple(of.kind, chance),
        }
    }

    /// What no operator makes: a name, or a constant.
    fn simple(&self, kind: Kind, chance: &mut Chance) -> Option<String> {
        let atoms = self.atoms(|other| other == Of::plain(kind), chance);
        if !atoms.is_empty() && !chance.once_in(4) {
            return chance.pick(&atoms).cloned();
        }
        let constant = constant(self.plan, kind, chance);
        constant.or_else(|| chance.pick(&atoms).cloned())
    }

    /// Everything that a name or a question gives here.
    fn atoms(&self, is_wanted: impl Fn(Of) -> bool, chance: &mut Chance) -> Vec<String> {
        let is_wanted = |of: Of| is_wanted(of) && !(self.is_guard && self.plan.is_secret(of.kind));
        let is_known = |name: &String| self.known.contains(name);
        let mut atoms: Vec<String> = Vec::new();
        for (name, of) in self.names() {
            if is_wanted(Of { optional: of.optional && !is_known(&name), ..of }) {
                atoms.push(name);
            }
        }
        if let Some(key) = self.automaton.key
            && is_wanted(Of::plain(self.plan.keys[key].1))
        {
            atoms.push("key".to_owned());
        }
        if self.asks > 0 {
            for condition in self.automaton.conditions.iter().filter(|condition| is_wanted(condition.of)) {
                atoms.extend(self.question(condition, chance));
            }
        }
        atoms
    }

    /// Variables, parameters and fields, in each way in which they can be written.
    fn names(&self) -> Vec<(String, Of)> {
        let values = self.automaton.variables.iter().chain(&self.automaton.parameters);
        let mut names: Vec<(String, Of)> = values.map(|value| (value.name.clone(), value.of)).collect();
        for field in self.fields {
            names.push((format!("event.{}", field.name), field.of));
            // `key` alone is that of the instance.
            if !self.is_value(&field.name) && field.name != "key" {
                names.push((field.name.clone(), field.of));
            }
        }
        names
    }

    /// The name of an optional value that is not known to be there, and that a guard may compare. With `lasts`: one
    /// that nothing can set.
    pub fn unknown(&self, lasts: bool, chance: &mut Chance) -> Option<String> {
        let is_set = |name: &String| self.automaton.variables.iter().any(|variable| variable.name == *name);
        let mut names = self.names();
        names.retain(|(name, of)| {
            let is_compared = of.optional && !self.plan.is_secret(of.kind);
            is_compared && !self.known.contains(name) && (!lasts || !is_set(name))
        });
        chance.pick(&names).map(|(name, _)| name.clone())
    }

    /// The same place where one more name is known.
    pub fn knowing(&self, name: &str) -> Vec<String> {
        self.known.iter().cloned().chain([name.to_owned()]).collect()
    }

    /// A variable or parameter, which a field of that name is behind.
    fn is_value(&self, name: &str) -> bool {
        self.automaton.variables.iter().chain(&self.automaton.parameters).any(|value| value.name == name)
    }

    /// Questions in questions, as far as chance goes.
    fn question(&self, condition: &Call, chance: &mut Chance) -> Option<String> {
        let is_secret = condition.fields.iter().any(|argument| self.plan.is_secret(argument.of.kind));
        if self.is_guard && is_secret || self.fields.iter().any(|field| field.name == condition.name) {
            return None;
        }
        let inner = Place { asks: self.asks - 1, ..*self };
        let arguments = inner.arguments(&condition.fields, chance)?;
        Some(format!("{}{arguments}", condition.name))
    }

    /// `(a, b = c)`; nothing if there are none.
    pub fn arguments(&self, fields: &[Named], chance: &mut Chance) -> Option<String> {
        if fields.is_empty() {
            return Some(String::new());
        }
        let named_from = if chance.once_in(2) { chance.below(fields.len()) } else { fields.len() };
        let mut arguments = Vec::new();
        for (index, field) in fields.iter().enumerate() {
            let value = self.any(field.of, 1, chance)?;
            arguments.push(if index < named_from { value } else { format!("{} = {value}", field.name) });
        }
        Some(format!("({})", arguments.join(", ")))
    }

    fn bool(&self, depth: usize, chance: &mut Chance) -> String {
        if depth == 0 {
            return self.simple(Kind::Bool, chance).unwrap_or_else(|| "true".to_owned());
        }
        let below = depth - 1;
        if self.is_guard
            && chance.once_in(6)
            && let Some(name) = self.unknown(false, chance)
        {
            let known = self.knowing(&name);
            let inner = Place { known: &known, ..*self }.bool(below, chance);
            let (comparison, joined) = [("!=", "and"), ("==", "or")][chance.below(2)];
            return format!("({name} {comparison} none {joined} {inner})");
        }
        match chance.below(12) {
            0..2 => self.simple(Kind::Bool, chance).unwrap_or_else(|| "true".to_owned()),
            2 => format!("(not {})", self.bool(below, chance)),
            3 => format!("({} and {})", self.bool(below, chance), self.bool(below, chance)),
            4 => format!("({} or {})", self.bool(below, chance), self.bool(below, chance)),
            5 if self.is_guard => self.look(chance).unwrap_or_else(|| "false".to_owned()),
            6..9 => self.comparison(below, chance),
            _ => self.equality(below, chance),
        }
    }

    fn comparison(&self, depth: usize, chance: &mut Chance) -> String {
        let symbol = ["<", "<=", ">", ">=", "==", "!="][chance.below(6)];
        if chance.once_in(10) {
            // Nothing but constants, of whatever types they need.
            const SMALL: [&str; 6] = ["0", "-1", "3 + 4", "300", "-70000", "5000000000"];
            const LARGE: [&str; 3] = ["0", "70000", "18446744073709551615"];
            let constants: &[&str] = if chance.once_in(3) { &LARGE } else { &SMALL };
            let mut constant = || constants[chance.below(constants.len())];
            return format!("({} {symbol} {})", constant(), constant());
        }
        if chance.once_in(4) {
            return format!("({} {symbol} {})", self.duration(depth, chance), self.duration_atom(chance));
        }
        let Some((left, of)) = self.some_integer(chance) else { return "true".to_owned() };
        let left = if chance.once_in(2) { left } else { self.operation(&left, of, depth, chance) };
        let right = match chance.below(3) {
            0 => small(of, chance),
            _ => match self.some_integer(chance) {
                Some((right, other)) if of.common(other).is_some() => right,
                _ => small(of, chance),
            },
        };
        format!("({left} {symbol} {right})")
    }

    /// Of values that have no order, and of optional ones.
    fn equality(&self, depth: usize, chance: &mut Chance) -> String {
        let symbol = ["==", "!="][chance.below(2)];
        let kind = self.plan.kind(chance);
        if self.plan.is_secret(kind) {
            return self.comparison(depth, chance);
        }
        let of = Of { kind, optional: chance.once_in(2) };
        // Two constants say nothing; a name stands on the left.
        let atoms = self.atoms(|other| other == of, chance);
        let Some(left) = chance.pick(&atoms).cloned() else { return self.comparison(depth, chance) };
        let right = match (of.optional, chance.below(3)) {
            (true, 0) => Some("none".to_owned()),
            (_, 1) => chance.pick(&atoms).cloned(),
            _ => self.simple(kind, chance),
        };
        let right = right.unwrap_or_else(|| left.clone());
        format!("({left} {symbol} {right})")
    }

    /// `X in S`.
    fn look(&self, chance: &mut Chance) -> Option<String> {
        if self.is_property && chance.once_in(2) {
            return Some(format!("(self in {})", self.automaton.states[self.automaton.some_state(chance)].name));
        }
        let other = chance.pick(&self.plan.automata)?;
        let state = &other.states[other.some_state(chance)].name;
        let Some(key) = other.key else { return Some(format!("({} in {state})", other.name)) };
        if chance.once_in(2) {
            let quantifier = ["any", "all", "no"][chance.below(3)];
            return Some(format!("({quantifier} {} in {state})", other.name));
        }
        let key = self.any(Of::plain(self.plan.keys[key].1), 1, chance)?;
        Some(format!("({}[{key}] in {state})", other.name))
    }

    fn some_integer(&self, chance: &mut Chance) -> Option<(String, IntegerType)> {
        let of = IntegerType::ALL[chance.below(IntegerType::ALL.len())];
        let all = IntegerType::ALL.into_iter().cycle().skip(of as usize).take(IntegerType::ALL.len());
        for of in all {
            let atoms = self.atoms(|other| other == Of::plain(Kind::Integer(of)), chance);
            if let Some(atom) = chance.pick(&atoms) {
                return Some((atom.clone(), of));
            }
        }
        None
    }

    fn integer(&self, wanted: IntegerType, depth: usize, chance: &mut Chance) -> String {
        if depth > 0
            && chance.once_in(6)
            && let Some((left, of)) = self.some_integer(chance)
        {
            let right = match self.some_integer(chance) {
                Some((right, other)) if of.common(other).is_some() => right,
                _ => small(of, chance),
            };
            return format!("{}({left}, {right})", ["min", "max"][chance.below(2)]);
        }
        match self.some_integer(chance) {
            Some((atom, of)) if depth > 0 && chance.once_in(2) => self.operation(&atom, of, depth, chance),
            Some((atom, _)) if !chance.once_in(3) => atom,
            _ => small(wanted, chance),
        }
    }

    /// The atom with something else of a type that goes with it.
    fn operation(&self, atom: &str, of: IntegerType, depth: usize, chance: &mut Chance) -> String {
        if of.bounds().0 < 0 && chance.once_in(8) {
            return format!("(-{atom})");
        }
        let symbol = ["+", "-", "*", "/", "%"][chance.below(5)];
        // Of a type that fits into that of the atom, so that the whole is of its type.
        let other = self.some_integer(chance).filter(|(_, other)| of.common(*other) == Some(of));
        let other = match other {
            Some((other, same)) if depth > 1 && chance.once_in(3) && same == of => {
                self.operation(&other, of, depth - 1, chance)
            }
            Some((other, _)) if !chance.once_in(3) => other,
            _ => chance.between(1, 100).to_string(),
        };
        format!("({atom} {symbol} {other})")
    }

    fn duration(&self, depth: usize, chance: &mut Chance) -> String {
        let atom = self.duration_atom(chance);
        if depth == 0 {
            return atom;
        }
        match chance.below(9) {
            7 => format!("{}({atom}, {})", ["min", "max"][chance.below(2)], self.duration(depth - 1, chance)),
            0 => format!("({atom} + {})", self.duration(depth - 1, chance)),
            1 => format!("({} - {atom})", self.duration(depth - 1, chance)),
            2..4 => {
                let Some((factor, _)) = self.some_integer(chance) else { return atom };
                format!("({atom} {} {factor})", ["*", "/"][chance.below(2)])
            }
            _ => atom,
        }
    }

    /// A name, since operators of two constants are none.
    fn duration_atom(&self, chance: &mut Chance) -> String {
        let atoms = self.atoms(|other| other == Of::plain(Kind::Duration), chance);
        chance.pick(&atoms).cloned().unwrap_or_else(|| "5s".to_owned())
    }
}

/// A small number of that type.
fn small(of: IntegerType, chance: &mut Chance) -> String {
    let number = chance.below(101);
    if of.bounds().0 < 0 && chance.once_in(4) { format!("-{number}") } else { number.to_string() }
}

/// A constant as expressions write it.
fn constant(plan: &Plan, kind: Kind, chance: &mut Chance) -> Option<String> {
    Some(match kind {
        Kind::Bool => ["true", "false"][chance.below(2)].to_owned(),
        Kind::Integer(of) => small(of, chance),
        Kind::Duration => ["0s", "5s", "1d"][chance.below(3)].to_owned(),
        Kind::String => ["\"\"", "\"x\"", "\"{value} \u{202e}\""][chance.below(3)].to_owned(),
        Kind::Bytes => return None,
        Kind::Declared(index) => {
            let declared = &plan.types[index];
            format!("{}.{}", declared.name, chance.pick(&declared.variants)?)
        }
    })
}

/// What all constants are within: `min` and `max` of a variable.
pub fn bounds(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Integer(of) if of.bounds().0 < 0 => ("-100", "100"),
        Kind::Duration => ("0s", "1d"),
        _ => ("0", "100"),
    }
}

/// A constant as `default` and `initial` write it.
pub fn initial(plan: &Plan, of: Of, chance: &mut Chance) -> String {
    if of.optional && (chance.once_in(2) || !plan.is_written(of.kind)) {
        return "none".to_owned();
    }
    match of.kind {
        Kind::String | Kind::Bytes => ["", "x", "value"][chance.below(3)].to_owned(),
        Kind::Declared(index) => chance.pick(&plan.types[index].variants).cloned().unwrap_or_default(),
        kind => constant(plan, kind, chance).unwrap_or_default(),
    }
}
