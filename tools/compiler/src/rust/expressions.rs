//! Expressions as Rust.
//!
//! What is `Copy` is handled as a value; everything else as a place, which is borrowed for a question, compared where
//! it is, and cloned only where something new is made of it. Arithmetic is done in the type that the model gives, by
//! methods that stay at its bounds.

use super::identifiers;
use super::types::{constant, integer, is_copy, owned_type, widens};
use super::usage::{Read, Usage, is_busy};
use crate::model::{
    AutomatonId, BaseType, BinaryOperator, Event, Expression, ExpressionKind, Field, IntegerType, Observed, StateId,
    Type, Value,
};

/// How tightly a piece of Rust holds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// `match` or a block, which is put in parentheses wherever something follows it: at the beginning of an arm it
    /// would end there.
    Block,
    Or,
    And,
    Comparison,
    Sum,
    Unary,
    Atom,
}

/// A piece of Rust.
#[derive(Clone, Debug)]
struct Code {
    text: String,
    level: Level,
}

impl Code {
    fn new(level: Level, text: impl Into<String>) -> Self {
        Self { text: text.into(), level }
    }

    fn atom(text: impl Into<String>) -> Self {
        Self::new(Level::Atom, text)
    }

    /// As an operand of something that binds like `level`.
    fn within(self, level: Level) -> String {
        if self.level < level { format!("({})", self.text) } else { self.text }
    }

    /// As what a method is called on; a `*` in front is left to Rust.
    fn receiver(self) -> String {
        match self.text.strip_prefix('*') {
            Some(place) if self.level == Level::Unary => place.to_owned(),
            _ => self.within(Level::Atom),
        }
    }
}

/// Where an expression is evaluated.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    usage: &'a Usage<'a>,
    event: Option<&'a Event>,
    /// Before the names of variables, parameters and effects.
    owner: &'static str,
    /// Where faults are noted.
    faults: &'static str,
    /// In a property: the tables of states are read without a question, and the state of the instance itself is at
    /// hand.
    is_property: bool,
}

/// Why what is optional is there.
const SHOWN: &str = "a guard has shown that it is not none";

impl<'a> Scope<'a> {
    /// In a part of a step; `event` is the one at hand.
    pub fn new(usage: &'a Usage<'a>, event: Option<&'a Event>) -> Self {
        Self { usage, event, owner: "context.", faults: "context.effects.faults", is_property: false }
    }

    /// Where `parameters`, `variables` and `effects` are not parts of a context.
    pub fn outside(usage: &'a Usage<'a>) -> Self {
        Self { usage, event: None, owner: "", faults: "effects.faults", is_property: false }
    }

    /// In a property, beside `key`, `state`, `parameters`, `variables` and `states`; a division by zero makes it false.
    pub fn property(usage: &'a Usage<'a>) -> Self {
        Self { usage, event: None, owner: "", faults: "faults_", is_property: true }
    }

    /// Whether the property holds.
    pub fn holds(self, property: &Expression) -> String {
        let holds = self.value(property).text;
        if super::usage::divides(property) {
            format!("{{ let mut faults_ = Faults::default(); let holds_ = {holds}; holds_ && faults_.is_empty() }}")
        } else {
            holds
        }
    }

    /// An integer in a type that holds all others.
    pub fn wide(self, expression: &Expression) -> String {
        match literal(expression) {
            Some(value) => format!("{}_i128", integer(value)),
            None => format!("i128::from({})", self.value(expression).text),
        }
    }

    /// Where effects are collected.
    pub fn effects(self) -> String {
        format!("{}effects", self.owner)
    }

    /// A guard, or a comparison with a key, as a condition for `if`. If it divides by zero it is false as a whole.
    pub fn condition(self, guard: &Expression) -> String {
        self.checked(guard, |scope| scope.value(guard).text)
    }

    /// The same, to be joined with others by `&&`.
    fn checked(self, expression: &Expression, code: impl Fn(Self) -> String) -> String {
        if !super::usage::divides(expression) {
            return code(self);
        }
        let holds = code(Self { faults: "faults_", ..self });
        format!(
            "{{ let mut faults_ = Faults::default(); let holds_ = {holds}; \
             context.effects.faults.note_all(faults_); holds_ && faults_.is_empty() }}"
        )
    }

    /// Whether the key of the observation at hand is this one.
    pub fn key_matches(self, key: &Expression) -> String {
        let field = Expression { kind: ExpressionKind::Field(0), r#type: self.fields()[0].r#type, span: key.span };
        self.checked(key, |scope| scope.equal(&field, key, "==").text)
    }

    /// Both hold, the first asked first.
    pub fn both(first: Option<String>, second: Option<&Expression>, scope: Self) -> Option<String> {
        match (first, second) {
            (None, None) => None,
            (Some(condition), None) => Some(condition),
            (None, Some(guard)) => Some(scope.condition(guard)),
            (Some(first), Some(guard)) => {
                let second = scope.condition(guard);
                let is_or = matches!(guard.kind, ExpressionKind::Binary(BinaryOperator::Or, ..));
                Some(if is_or { format!("{first} && ({second})") } else { format!("{first} && {second}") })
            }
        }
    }

    fn fields(&self) -> &'a [Field] {
        self.event.map_or(&[], |event| &event.fields)
    }

    fn is_copy(&self, of: Type) -> bool {
        is_copy(self.usage.system, of)
    }

    /// A value of its own, for a place of type `to`; integers stay at the bounds, of the type if none are given.
    pub fn owned(self, expression: &Expression, to: Type, bounds: Option<(i128, i128)>) -> String {
        if let ExpressionKind::Literal(value) = &expression.kind {
            return constant(self.usage.system, &clamped(value, to, bounds), to);
        }
        let from = expression.r#type;
        let code = if self.is_copy(from) { self.value(expression) } else { self.cloned(expression) };
        let code = match (from.base, to.base) {
            (BaseType::Integer(from_integer), BaseType::Integer(to_integer)) if from.optional => {
                let inner = bounded(Code::atom("value_"), from_integer, to_integer, bounds).text;
                if inner == "value_" { code } else { Code::atom(format!("{}.map(|value_| {inner})", code.receiver())) }
            }
            (BaseType::Integer(from), BaseType::Integer(to)) => bounded(code, from, to, bounds),
            (BaseType::Duration, BaseType::Duration) if from.optional => {
                let inner = bounded_duration(Code::atom("value_"), bounds).text;
                if inner == "value_" { code } else { Code::atom(format!("{}.map(|value_| {inner})", code.receiver())) }
            }
            (BaseType::Duration, BaseType::Duration) => bounded_duration(code, bounds),
            _ => code,
        };
        if to.optional && !from.optional { format!("Some({})", code.text) } else { code.text }
    }

    /// For an argument of a function: by value, or borrowed.
    pub fn argument(self, expression: &Expression, to: Type) -> String {
        if self.is_copy(to) {
            return self.owned(expression, to, None);
        }
        if expression.kind == ExpressionKind::Literal(Value::None) {
            return "None".to_owned();
        }
        let is_text = to.base == BaseType::String;
        match (to.optional, expression.r#type.optional) {
            (false, _) => self.borrowed(expression),
            (true, false) if is_text && matches!(expression.kind, ExpressionKind::Literal(_)) => {
                format!("Some({})", self.borrowed(expression))
            }
            (true, false) if is_text => format!("Some({}.as_str())", self.place(expression).receiver()),
            (true, false) => format!("Some({})", self.borrowed(expression)),
            (true, true) if is_text => format!("{}.as_deref()", self.place(expression).receiver()),
            (true, true) => format!("{}.as_ref()", self.place(expression).receiver()),
        }
    }

    fn cloned(self, expression: &Expression) -> Code {
        match &expression.kind {
            ExpressionKind::Condition(..) => self.place(expression),
            ExpressionKind::Binary(BinaryOperator::Coalesce, left, right) => {
                self.coalesced(left, right, expression.r#type)
            }
            _ => Code::atom(format!("{}.clone()", self.place(expression).receiver())),
        }
    }

    /// A reference to something that is not `Copy`.
    fn borrowed(self, expression: &Expression) -> String {
        match &expression.kind {
            ExpressionKind::Literal(Value::String(text)) if expression.r#type.base == BaseType::String => {
                format!("{text:?}")
            }
            _ => {
                let place = self.place(expression);
                match place.text.strip_prefix('*') {
                    Some(reference) if place.level == Level::Unary => reference.to_owned(),
                    _ => format!("&{}", place.within(Level::Unary)),
                }
            }
        }
    }

    /// Something that is not `Copy`, where it is.
    fn place(self, expression: &Expression) -> Code {
        match &expression.kind {
            ExpressionKind::Literal(Value::String(text)) if expression.r#type.base == BaseType::String => {
                Code::atom(format!("{text:?}"))
            }
            _ => self.value(expression),
        }
    }

    /// A value that is `Copy`, or the place of one that is not.
    fn value(self, expression: &Expression) -> Code {
        let automaton = self.usage.automaton;
        match &expression.kind {
            ExpressionKind::Literal(value) => {
                let text = constant(self.usage.system, value, expression.r#type);
                Code::new(if text.starts_with('-') { Level::Unary } else { Level::Atom }, text)
            }
            ExpressionKind::Variable(id) => {
                Code::atom(format!("{}variables.{}", self.owner, identifiers::word(&automaton.variables[*id].name)))
            }
            ExpressionKind::Parameter(id) => {
                Code::atom(format!("{}parameters.{}", self.owner, identifiers::word(&automaton.parameters[*id].name)))
            }
            ExpressionKind::Field(field) => {
                Code::new(Level::Unary, format!("*{}", self.usage.binding(&self.fields()[*field as usize].name)))
            }
            ExpressionKind::Key => Code::new(Level::Unary, format!("*{}key", self.owner)),
            ExpressionKind::Condition(id, arguments) => {
                let condition = &automaton.conditions[*id];
                let arguments: Vec<(&Expression, Type)> =
                    arguments.iter().zip(condition.arguments.iter().map(|argument| argument.r#type)).collect();
                self.question(&self.usage.conditions[id.index()].method, &arguments)
            }
            ExpressionKind::Not(inner) => self.not(inner),
            ExpressionKind::Negate(inner) => {
                let zero = Code::atom(match expression.r#type.base {
                    BaseType::Integer(integer) => format!("0_{}", integer.name()),
                    _ => "0".to_owned(),
                });
                self.arithmetic("saturating_sub", zero, self.operand(inner, expression.r#type))
            }
            ExpressionKind::Binary(BinaryOperator::Coalesce, left, right) => {
                self.coalesced(left, right, expression.r#type)
            }
            ExpressionKind::Binary(operator, left, right) => self.binary(*operator, left, right, expression.r#type),
            ExpressionKind::Extreme(extreme, left, right) => {
                let of = expression.r#type;
                let (left, right) = (self.operand(left, of).within(Level::Atom), self.operand(right, of).text);
                Code::atom(format!("{left}.{}({right})", extreme.name()))
            }
            ExpressionKind::Present(inner) if self.is_copy(expression.r#type) => {
                Code::atom(format!("{}.expect({SHOWN:?})", self.value(inner).receiver()))
            }
            ExpressionKind::Present(inner) => {
                Code::new(Level::Unary, format!("*{}.as_ref().expect({SHOWN:?})", self.place(inner).receiver()))
            }
            ExpressionKind::InState { who, automaton: observed, state } if self.is_property => {
                self.looked_up(who, *observed, *state)
            }
            ExpressionKind::InState { who, automaton: observed, state } => {
                let Some(read) = Read::of(who, *observed, *state) else {
                    unreachable!("`self in` stands in properties only")
                };
                let key_type = self.usage.system.automata[*observed].key.as_ref().map(|key| key.r#type);
                let method = &self.usage.reads[&read].method;
                match (who, key_type) {
                    (Observed::Keyed(key), _) if self.usage.is_wide(read) && is_busy(key) => {
                        let text = format!("{{ let key_ = {}; context.ask.{method}(key_) }}", self.wide(key));
                        Code::new(Level::Block, text)
                    }
                    (Observed::Keyed(key), _) if self.usage.is_wide(read) => {
                        Code::atom(format!("context.ask.{method}({})", self.wide(key)))
                    }
                    (Observed::Keyed(key), Some(key_type)) => self.question(method, &[(&**key, key_type)]),
                    _ => self.question(method, &[]),
                }
            }
        }
    }

    /// `X in S` straight from the tables of states.
    fn looked_up(self, who: &Observed, observed: AutomatonId, state: StateId) -> Code {
        let is_in = |read| super::records::is_in(self.usage, read);
        let Some(read) = Read::of(who, observed, state) else {
            let automaton = self.usage.automaton;
            return if automaton.states[state].children.is_empty() {
                Code::new(Level::Comparison, format!("state == {}", self.usage.leaf(state)))
            } else {
                Code::atom(format!("state.is_in_{}()", identifiers::snake(&automaton.states[state].name)))
            };
        };
        let table = format!("states.{}", self.usage.names.of(observed).member);
        let is_in = is_in(read);
        match who {
            Observed::Any => Code::atom(format!("{table}.any({is_in})")),
            Observed::All => Code::atom(format!("{table}.all({is_in})")),
            Observed::No => Code::new(Level::Unary, format!("!{table}.any({is_in})")),
            Observed::One | Observed::Itself => Code::atom(format!("{table}.is_some_and({is_in})")),
            Observed::Keyed(key) if super::usage::is_wide_key(self.usage.system, observed, key) => {
                let of = super::usage::key_type(self.usage.system, observed);
                let key = self.wide(key);
                Code::atom(format!("{of}::try_from({key}).is_ok_and(|key_| {table}.one(&key_, {is_in}))"))
            }
            Observed::Keyed(key) => {
                let of = self.usage.system.automata[observed].key.as_ref().map_or(Type::BOOL, |key| key.r#type);
                let key = self.argument(key, of);
                if self.is_copy(of) {
                    Code::new(Level::Block, format!("{{ let key_ = {key}; {table}.one(&key_, {is_in}) }}"))
                } else {
                    Code::atom(format!("{table}.one({key}, {is_in})"))
                }
            }
        }
    }

    /// `left ?? right` as a value of its own. The right side is asked only if it is needed.
    fn coalesced(self, left: &Expression, right: &Expression, of: Type) -> Code {
        let here = if self.is_copy(left.r#type) { self.value(left) } else { self.cloned(left) };
        let otherwise = self.owned(right, of, None);
        let widened = match (left.r#type.base, of.base) {
            (BaseType::Integer(from), BaseType::Integer(to)) if from != to => Some(format!("{}::from", to.name())),
            _ => None,
        };
        if is_busy(right) {
            let value = match (&widened, of.optional) {
                (None, false) => "value_".to_owned(),
                (None, true) => "Some(value_)".to_owned(),
                (Some(from), false) => format!("{from}(value_)"),
                (Some(from), true) => format!("Some({from}(value_))"),
            };
            let here = here.text;
            return Code::new(Level::Block, format!("match {here} {{ Some(value_) => {value}, None => {otherwise} }}"));
        }
        let here = here.receiver();
        Code::atom(match (widened, of.optional) {
            (None, false) => format!("{here}.unwrap_or({otherwise})"),
            (None, true) => format!("{here}.or({otherwise})"),
            (Some(from), false) => format!("{here}.map_or({otherwise}, {from})"),
            (Some(from), true) => format!("{here}.map({from}).or({otherwise})"),
        })
    }

    /// A call of a method of `Ask`. Arguments that ask themselves are asked first.
    fn question(self, name: &str, arguments: &[(&Expression, Type)]) -> Code {
        if !arguments.iter().any(|(argument, _)| is_busy(argument)) {
            let arguments: Vec<String> = arguments.iter().map(|(argument, to)| self.argument(argument, *to)).collect();
            return Code::atom(format!("context.ask.{name}({})", arguments.join(", ")));
        }
        let mut before = String::new();
        let mut handed = Vec::new();
        for (number, (argument, to)) in arguments.iter().enumerate() {
            let value = self.owned(argument, *to, None);
            // Its type stands there for `None`, which has none of its own.
            let of = owned_type(self.usage.system, *to);
            before.push_str(&format!("let argument_{number}_: {of} = {value}; "));
            handed.push(match (self.is_copy(*to), to.optional, to.base) {
                (true, ..) => format!("argument_{number}_"),
                (false, true, BaseType::String) => format!("argument_{number}_.as_deref()"),
                (false, true, _) => format!("argument_{number}_.as_ref()"),
                (false, false, _) => format!("&argument_{number}_"),
            });
        }
        Code::new(Level::Block, format!("{{ {before} context.ask.{name}({}) }}", handed.join(", ")))
    }

    fn not(self, inner: &Expression) -> Code {
        if let ExpressionKind::Binary(operator, left, right) = &inner.kind {
            let opposite = match operator {
                BinaryOperator::Equal => Some(BinaryOperator::NotEqual),
                BinaryOperator::NotEqual => Some(BinaryOperator::Equal),
                BinaryOperator::Less => Some(BinaryOperator::GreaterOrEqual),
                BinaryOperator::LessOrEqual => Some(BinaryOperator::Greater),
                BinaryOperator::Greater => Some(BinaryOperator::LessOrEqual),
                BinaryOperator::GreaterOrEqual => Some(BinaryOperator::Less),
                _ => None,
            };
            if let Some(opposite) = opposite {
                return self.binary(opposite, left, right, Type::BOOL);
            }
        }
        if let ExpressionKind::Not(twice) = &inner.kind {
            return self.value(twice);
        }
        Code::new(Level::Unary, format!("!{}", self.value(inner).within(Level::Unary)))
    }

    fn binary(self, operator: BinaryOperator, left: &Expression, right: &Expression, of: Type) -> Code {
        match operator {
            BinaryOperator::Coalesce => self.coalesced(left, right, of),
            BinaryOperator::Or => Code::new(
                Level::Or,
                format!("{} || {}", self.value(left).within(Level::Or), self.value(right).within(Level::Or)),
            ),
            BinaryOperator::And => Code::new(
                Level::And,
                format!("{} && {}", self.value(left).within(Level::And), self.value(right).within(Level::And)),
            ),
            BinaryOperator::Equal => self.equal(left, right, "=="),
            BinaryOperator::NotEqual => self.equal(left, right, "!="),
            BinaryOperator::Less
            | BinaryOperator::LessOrEqual
            | BinaryOperator::Greater
            | BinaryOperator::GreaterOrEqual => {
                let (left, right) = self.comparable(left, right);
                let (left, right) = (left.within(Level::Sum), right.within(Level::Sum));
                Code::new(Level::Comparison, format!("{left} {} {right}", operator.symbol()))
            }
            BinaryOperator::Add | BinaryOperator::Subtract if of.base == BaseType::Duration => {
                let (left, right) = (self.value(left).within(Level::Sum), self.value(right).within(Level::Unary));
                Code::new(Level::Sum, format!("{left} {} {right}", operator.symbol()))
            }
            BinaryOperator::Multiply if of.base == BaseType::Duration => {
                let (duration, factor) =
                    if left.r#type.base == BaseType::Duration { (left, right) } else { (right, left) };
                self.arithmetic("times", self.value(duration), self.operand(factor, factor.r#type))
            }
            BinaryOperator::Divide if of.base == BaseType::Duration => {
                let divisor = self.operand(right, right.r#type);
                Code::atom(format!("{}.divided({}, &mut {})", self.value(left).receiver(), divisor.text, self.faults))
            }
            BinaryOperator::Divide | BinaryOperator::Remainder => {
                let name = if operator == BinaryOperator::Divide { "divided" } else { "remainder" };
                let (left, right) = (self.operand(left, of), self.operand(right, of));
                Code::atom(format!("Integer::{name}({}, {}, &mut {})", left.text, right.text, self.faults))
            }
            BinaryOperator::Add => self.arithmetic("saturating_add", self.operand(left, of), self.operand(right, of)),
            BinaryOperator::Subtract => {
                self.arithmetic("saturating_sub", self.operand(left, of), self.operand(right, of))
            }
            BinaryOperator::Multiply => {
                self.arithmetic("saturating_mul", self.operand(left, of), self.operand(right, of))
            }
        }
    }

    fn arithmetic(self, method: &str, left: Code, right: Code) -> Code {
        Code::atom(format!("{}.{method}({})", left.receiver(), right.text))
    }

    /// An integer in the type in which it is calculated with; literals say their type.
    fn operand(self, expression: &Expression, of: Type) -> Code {
        match (&expression.kind, expression.r#type.base, of.base) {
            (ExpressionKind::Literal(Value::Integer(value)), _, BaseType::Integer(to)) => {
                let text = format!("{}_{}", integer(*value), to.name());
                Code::new(if *value < 0 { Level::Unary } else { Level::Atom }, text)
            }
            (_, BaseType::Integer(from), BaseType::Integer(to)) => bounded(self.value(expression), from, to, None),
            _ => self.value(expression),
        }
    }

    /// Two integers in a type that holds both, or two values of one type.
    fn comparable(self, left: &Expression, right: &Expression) -> (Code, Code) {
        match (left.r#type.base, right.r#type.base) {
            (BaseType::Integer(a), BaseType::Integer(b)) if a != b => {
                let widen = |expression: &Expression, from: IntegerType| match a.common(b) {
                    _ if literal(expression).is_some() => self.suffixed(expression, a.common(b)),
                    Some(common) => bounded(self.value(expression), from, common, None),
                    None => Code::atom(self.wide(expression)),
                };
                (widen(left, a), widen(right, b))
            }
            // Between two literals nothing else says their type.
            (BaseType::Integer(of), _) if literal(left).is_some() && literal(right).is_some() => {
                (self.suffixed(left, Some(of)), self.suffixed(right, Some(of)))
            }
            _ => (self.value(left), self.value(right)),
        }
    }

    /// A literal that says its type; `i128` if it is to be of none.
    fn suffixed(self, expression: &Expression, of: Option<IntegerType>) -> Code {
        let Some(value) = literal(expression) else { return self.value(expression) };
        let text = format!("{}_{}", integer(value), of.map_or("i128", IntegerType::name));
        Code::new(if value < 0 { Level::Unary } else { Level::Atom }, text)
    }

    fn equal(self, left: &Expression, right: &Expression, symbol: &str) -> Code {
        let is_none = |expression: &Expression| expression.kind == ExpressionKind::Literal(Value::None);
        let question = if symbol == "==" { "is_none" } else { "is_some" };
        if is_none(right) {
            return Code::atom(format!("{}.{question}()", self.place(left).receiver()));
        }
        if is_none(left) {
            return Code::atom(format!("{}.{question}()", self.place(right).receiver()));
        }
        if let Some(code) = self.equal_to_bool(left, right, symbol) {
            return code;
        }
        let (left, right) = match (left.r#type.optional, right.r#type.optional) {
            (false, false) if self.is_copy(left.r#type) => self.comparable(left, right),
            (false, false) => (self.place(left), self.place(right)),
            (true, true) => self.optionals(left, right),
            (true, false) => self.optional_and_plain(left, right),
            (false, true) => {
                let (right, left) = self.optional_and_plain(right, left);
                (left, right)
            }
        };
        let (left, right) = (left.within(Level::Sum), right.within(Level::Sum));
        Code::new(Level::Comparison, format!("{left} {symbol} {right}"))
    }

    /// `x == true` is `x`.
    fn equal_to_bool(self, left: &Expression, right: &Expression, symbol: &str) -> Option<Code> {
        let (literal, other) = match (&left.kind, &right.kind) {
            (ExpressionKind::Literal(Value::Bool(literal)), _) => (literal, right),
            (_, ExpressionKind::Literal(Value::Bool(literal))) => (literal, left),
            _ => return None,
        };
        if other.r#type.optional {
            return None;
        }
        Some(if *literal == (symbol == "==") { self.value(other) } else { self.not(other) })
    }

    fn optionals(self, left: &Expression, right: &Expression) -> (Code, Code) {
        match (left.r#type.base, right.r#type.base) {
            (BaseType::Integer(a), BaseType::Integer(b)) if a != b => {
                let widen = |expression| Code::atom(format!("{}.map(i128::from)", self.value(expression).receiver()));
                (widen(left), widen(right))
            }
            _ => (self.place(left), self.place(right)),
        }
    }

    fn optional_and_plain(self, optional: &Expression, plain: &Expression) -> (Code, Code) {
        if let (BaseType::Integer(a), BaseType::Integer(b)) = (optional.r#type.base, plain.r#type.base)
            && a != b
        {
            let optional = Code::atom(format!("{}.map(i128::from)", self.value(optional).receiver()));
            return (optional, Code::atom(format!("Some({})", self.wide(plain))));
        }
        if self.is_copy(plain.r#type) {
            return (self.value(optional), Code::atom(format!("Some({})", self.value(plain).text)));
        }
        let place = self.place(optional).receiver();
        if plain.r#type.base == BaseType::String {
            let text = self.place(plain);
            let text = if text.text.starts_with('"') { text.text } else { format!("{}.as_str()", text.receiver()) };
            return (Code::atom(format!("{place}.as_deref()")), Code::atom(format!("Some({text})")));
        }
        (Code::atom(format!("{place}.as_ref()")), Code::atom(format!("Some({})", self.borrowed(plain))))
    }
}

fn literal(expression: &Expression) -> Option<i128> {
    if let ExpressionKind::Literal(Value::Integer(value)) = expression.kind { Some(value) } else { None }
}

fn bounded(code: Code, from: IntegerType, to: IntegerType, bounds: Option<(i128, i128)>) -> Code {
    let code = if from == to {
        code
    } else if widens(from, to) {
        Code::atom(format!("{}::from({})", to.name(), code.text))
    } else {
        Code::atom(format!("{}::saturating_from({})", to.name(), code.text))
    };
    let (low, high) = bounds.unwrap_or(to.bounds());
    // In parentheses where it is a reference: `clamp` would be that of references.
    match (low > to.bounds().0.max(from.bounds().0), high < to.bounds().1.min(from.bounds().1)) {
        (false, false) => code,
        (true, false) => Code::atom(format!("{}.max({})", code.within(Level::Atom), integer(low))),
        (false, true) => Code::atom(format!("{}.min({})", code.within(Level::Atom), integer(high))),
        (true, true) => Code::atom(format!("{}.clamp({}, {})", code.within(Level::Atom), integer(low), integer(high))),
    }
}

fn bounded_duration(code: Code, bounds: Option<(i128, i128)>) -> Code {
    let Some((low, high)) = bounds else { return code };
    let code = match (low > 0, high < i128::from(u64::MAX)) {
        (false, false) => return code,
        (true, false) => format!("{}.max({})", code.within(Level::Atom), milliseconds(low)),
        (false, true) => format!("{}.min({})", code.within(Level::Atom), milliseconds(high)),
        (true, true) => {
            format!("{}.clamp({}, {})", code.within(Level::Atom), milliseconds(low), milliseconds(high))
        }
    };
    Code::atom(code)
}

fn milliseconds(of: i128) -> String {
    format!("Milliseconds({})", integer(of))
}

fn clamped(value: &Value, to: Type, bounds: Option<(i128, i128)>) -> Value {
    match (value, to.base) {
        (Value::Integer(value), BaseType::Integer(integer)) => {
            let (low, high) = bounds.unwrap_or(integer.bounds());
            Value::Integer((*value).clamp(low, high))
        }
        (Value::Duration(value), BaseType::Duration) => {
            let (low, high) = bounds.unwrap_or((0, i128::from(u64::MAX)));
            Value::Duration(u64::try_from(i128::from(*value).clamp(low, high)).unwrap_or(u64::MAX))
        }
        _ => value.clone(),
    }
}
