//! Expressions of the language as ECMAScript, for SCXML.
//!
//! Numbers stay at their bounds by `Math.min` and `Math.max`, written only where a bound can be exceeded; division is
//! `Math.trunc`, and where the divisor may be zero a function of [`helpers`] that gives 0.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use automata_compiler::invisible::is_invisible;
use automata_compiler::model::{
    Automaton, BaseType, BinaryOperator, EventId, Expression, ExpressionKind, Extreme, IntegerType, Observed, System,
    Type, TypeKind, Value,
};

/// Writes the expressions of one automaton.
pub struct Script<'a> {
    /// All that was declared.
    pub system: &'a System,
    /// The automaton at hand.
    pub automaton: &'a Automaton,
    /// The names of its data and functions.
    pub names: Names,
}

/// The names of a document, each its own.
pub struct Names {
    /// In the order of the model.
    pub parameters: Vec<String>,
    /// In the order of the model.
    pub variables: Vec<String>,
    /// In the order of the model.
    pub conditions: Vec<String>,
    /// Of the instance.
    pub key: String,
}

/// A function of the host: `in_state_(automaton, which, state, key)`. No name of the language ends in `_`.
pub const IN_STATE: &str = "in_state_";

/// Words that cannot be names of variables in ECMAScript, in a module or not.
const RESERVED: &[&str] = &[
    "arguments",
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "undefined",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// Functions that expressions may call: name and definition.
const HELPERS: [(&str, &str); 4] = [
    ("quotient_", "function (a, b) { return b === 0 ? 0 : Math.trunc(a / b); }"),
    ("remainder_", "function (a, b) { return b === 0 ? 0 : a % b; }"),
    ("divisor_", "function (b) { if (b === 0) { throw 'division by zero'; } return b; }"),
    (
        "holds_",
        "function (guard) { try { return guard(); } catch (fault) { if (fault === 'division by zero') { return false; } \
         throw fault; } }",
    ),
];

/// Those of the functions that a text calls.
pub fn helpers(text: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    HELPERS.into_iter().filter(|(name, _)| text.contains(&format!("{name}(")))
}

impl Names {
    fn new(automaton: &Automaton) -> Self {
        let mut taken: BTreeSet<String> = HELPERS.iter().map(|(name, _)| (*name).to_owned()).collect();
        taken.insert(IN_STATE.to_owned());
        let mut own = |name: &str| {
            let mut name = name.to_owned();
            while RESERVED.contains(&name.as_str()) || !taken.insert(name.clone()) {
                name.push('_');
            }
            name
        };
        Self {
            parameters: automaton.parameters.iter().map(|parameter| own(&parameter.name)).collect(),
            variables: automaton.variables.iter().map(|variable| own(&variable.name)).collect(),
            conditions: automaton.conditions.iter().map(|condition| own(&condition.name)).collect(),
            key: own("key"),
        }
    }
}

type Range = (i128, i128);

/// How an expression may be nested in another, and its range if it is an integer.
struct Written {
    text: String,
    atom: bool,
    range: Option<Range>,
}

impl Written {
    fn atom(text: impl Into<String>) -> Self {
        Self { text: text.into(), atom: true, range: None }
    }

    fn operation(text: String) -> Self {
        Self { text, atom: false, range: None }
    }

    fn within(self, range: Option<Range>) -> Self {
        Self { range, ..self }
    }

    fn nested(&self) -> String {
        if self.atom { self.text.clone() } else { format!("({})", self.text) }
    }

    /// Clamped at the bounds that it could exceed.
    fn clamped(mut self, bounds: Option<Range>) -> Self {
        let (Some((low, high)), Some((least, most))) = (self.range, bounds) else { return self };
        if low == high && low != low.clamp(least, most) {
            let value = low.clamp(least, most);
            return Self { text: value.to_string(), atom: value >= 0, range: Some((value, value)) };
        }
        if high > most {
            self = Self::atom(format!("Math.min({}, {most})", self.text));
        }
        if low < least {
            self = Self::atom(format!("Math.max({}, {least})", self.text));
        }
        Self { range: Some((low.clamp(least, most), high.clamp(least, most))), ..self }
    }
}

/// A condition that is false if it divides by zero.
fn whole(text: String) -> String {
    if text.contains("divisor_(") { format!("holds_(function () {{ return {text}; }})") } else { text }
}

/// Whether a division by zero makes the whole false.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Guard,
    Value,
}

impl<'a> Script<'a> {
    /// For one automaton.
    pub fn new(system: &'a System, automaton: &'a Automaton) -> Self {
        Self { system, automaton, names: Names::new(automaton) }
    }

    /// A guard. A division by zero in it makes the whole of it false.
    pub fn guard(&self, expression: &Expression, event: Option<EventId>) -> String {
        whole(self.written(expression, event, Place::Guard).text)
    }

    /// Whether the key of an observation is this. If it divides by zero, it is not.
    pub fn is_key(&self, expression: &Expression) -> String {
        whole(format!("_event.data.key === {}", self.written(expression, None, Place::Guard).nested()))
    }

    /// A value of any type, where no particular one is needed.
    pub fn value_of(&self, expression: &Expression, event: Option<EventId>) -> String {
        self.written(expression, event, Place::Value).text
    }

    /// The length of a timer, to which a unit is added; at least that many milliseconds.
    pub fn length(&self, expression: &Expression, least: i128) -> String {
        let bounds = Some((least, IntegerType::U64.bounds().1));
        self.written(expression, None, Place::Value).clamped(bounds).nested()
    }

    /// A value for a place of that type, and with those bounds if it is a variable with its own.
    pub fn placed(
        &self,
        expression: &Expression,
        event: Option<EventId>,
        of: Type,
        bounds: Option<(i128, i128)>,
    ) -> String {
        let written = self.written(expression, event, Place::Value);
        let bounds = bounds.or_else(|| bounds_of(of));
        if !expression.r#type.optional {
            return written.clamped(bounds).text;
        }
        let nested = written.nested();
        let clamped = Written { text: nested.clone(), ..written }.clamped(bounds).text;
        if clamped == nested { nested } else { format!("{nested} == null ? null : {clamped}") }
    }

    fn written(&self, expression: &Expression, event: Option<EventId>, place: Place) -> Written {
        let range = bounds_of(expression.r#type);
        match &expression.kind {
            ExpressionKind::Literal(Value::Integer(value)) if *value < 0 => {
                Written::operation(value.to_string()).within(Some((*value, *value)))
            }
            ExpressionKind::Literal(value) => {
                let number = match value {
                    Value::Integer(value) => Some(*value),
                    Value::Duration(milliseconds) => Some(i128::from(*milliseconds)),
                    _ => None,
                };
                let range = number.map(|number| (number, number));
                Written::atom(self.value(value)).within(range)
            }
            ExpressionKind::Variable(id) => {
                let variable = &self.automaton.variables[*id];
                Written::atom(self.names.variables[id.index()].clone()).within(variable.bounds.or(range))
            }
            ExpressionKind::Parameter(id) => Written::atom(self.names.parameters[id.index()].clone()).within(range),
            ExpressionKind::Field(index) => Written::atom(self.field(*index, event)).within(range),
            ExpressionKind::Key => Written::atom(self.names.key.clone()).within(range),
            ExpressionKind::Condition(id, arguments) => {
                let declared = &self.automaton.conditions[*id].arguments;
                let arguments = declared.iter().zip(arguments);
                let arguments: Vec<_> =
                    arguments.map(|(field, value)| self.placed(value, event, field.r#type, None)).collect();
                let name = &self.names.conditions[id.index()];
                Written::atom(format!("{name}({})", arguments.join(", "))).within(range)
            }
            ExpressionKind::Not(inner) => {
                Written::operation(format!("!{}", self.written(inner, event, place).nested()))
            }
            ExpressionKind::Negate(inner) => {
                let inner = self.written(inner, event, place);
                let negated = inner.range.map(|(low, high)| (-high, -low));
                Written::operation(format!("-{}", inner.nested())).within(negated).clamped(range)
            }
            ExpressionKind::Binary(operator, left, right) => {
                let (left, right) = (self.written(left, event, place), self.written(right, event, place));
                binary(*operator, expression.r#type, left, right, place)
            }
            ExpressionKind::Extreme(extreme, left, right) => {
                let (left, right) = (self.written(left, event, place), self.written(right, event, place));
                let of_both = |a: i128, b: i128| if *extreme == Extreme::Min { a.min(b) } else { a.max(b) };
                let range = left.range.zip(right.range).map(|((a, b), (c, d))| (of_both(a, c), of_both(b, d)));
                Written::atom(format!("Math.{}({}, {})", extreme.name(), left.text, right.text)).within(range)
            }
            ExpressionKind::Present(inner) => self.written(inner, event, place),
            ExpressionKind::InState { who, automaton, state } => {
                let automaton = &self.system.automata[*automaton];
                let state = &automaton.states[*state].name;
                let (which, key) = match who {
                    Observed::Itself => return Written::atom(format!("In('{state}')")),
                    Observed::One => ("one", None),
                    Observed::Any => ("any", None),
                    Observed::All => ("all", None),
                    Observed::No => ("no", None),
                    Observed::Keyed(key) => ("key", Some(key)),
                };
                let key = key.as_ref().map_or(String::new(), |key| format!(", {}", self.value_of(key, event)));
                Written::atom(format!("{IN_STATE}('{}', '{which}', '{state}'{key})", automaton.name))
            }
        }
    }

    fn field(&self, index: u32, event: Option<EventId>) -> String {
        let field = event.and_then(|event| self.automaton.events[event].fields.get(index as usize));
        field.map_or_else(|| format!("_event.data[{index}]"), |field| format!("_event.data.{}", field.name))
    }

    /// A constant.
    pub fn value(&self, value: &Value) -> String {
        match value {
            Value::Bool(value) => value.to_string(),
            Value::Integer(value) => value.to_string(),
            Value::Duration(milliseconds) => milliseconds.to_string(),
            Value::String(text) => string(text),
            Value::Variant(id, index) => match &self.system.types[*id].kind {
                TypeKind::Enum(variants) => format!("'{}'", variants[*index as usize]),
                TypeKind::Opaque => index.to_string(),
            },
            Value::None => "null".to_owned(),
        }
    }
}

/// A JSON string is one of ECMAScript, except for two characters that older editions do not accept. Those that nobody
/// sees are escaped, too.
fn string(text: &str) -> String {
    let mut string = String::new();
    for character in serde_json::Value::from(text).to_string().chars() {
        if is_invisible(character) {
            // All of them have four digits.
            let _ = write!(string, "\\u{:04x}", u32::from(character));
        } else {
            string.push(character);
        }
    }
    string
}

/// Of integers, those of the type. A duration is not below 0; that it is below 2^64 is not kept.
fn bounds_of(of: Type) -> Option<Range> {
    match of.base {
        BaseType::Integer(integer) => Some(integer.bounds()),
        BaseType::Duration => Some((0, IntegerType::U64.bounds().1)),
        _ => None,
    }
}

fn binary(operator: BinaryOperator, of: Type, left: Written, right: Written, place: Place) -> Written {
    use BinaryOperator::{Add, And, Divide, Equal, Multiply, NotEqual, Or, Remainder, Subtract};
    let with_none = left.text == "null" || right.text == "null";
    let symbol = match operator {
        Or => "||",
        And => "&&",
        // A field that was left out is `undefined`, and `none` too.
        Equal if with_none => "==",
        NotEqual if with_none => "!=",
        Equal => "===",
        NotEqual => "!==",
        other => other.symbol(),
    };
    if operator == BinaryOperator::Coalesce {
        let range = left.range.zip(right.range).map(|((a, b), (c, d))| (a.min(c), b.max(d)));
        let (left, right) = (left.nested(), right.nested());
        return Written::operation(format!("{left} == null ? {right} : {left}")).within(range);
    }
    let duration = of.base == BaseType::Duration;
    // A negative factor or divisor of a duration counts as 0.
    let (left, right) = match operator {
        Multiply | Divide if duration => {
            let at_zero = |side: Written| side.clamped(Some((0, i128::MAX)));
            (at_zero(left), at_zero(right))
        }
        _ => (left, right),
    };
    let plain =
        |left: &Written, right: &Written| Written::operation(format!("{} {symbol} {}", left.nested(), right.nested()));
    let (Some((a, b)), Some((c, d))) = (left.range, right.range) else { return plain(&left, &right) };
    let may_be_zero = c <= 0 && d >= 0;
    let corners = |of: fn(i128, i128) -> i128| {
        let all = [of(a, c), of(a, d), of(b, c), of(b, d)];
        (all.into_iter().min().unwrap_or(0), all.into_iter().max().unwrap_or(0))
    };
    let (written, range) = match operator {
        Add => (plain(&left, &right), (a.saturating_add(c), b.saturating_add(d))),
        Subtract => (plain(&left, &right), (a.saturating_sub(d), b.saturating_sub(c))),
        Multiply => (plain(&left, &right), corners(i128::saturating_mul)),
        Divide => {
            let most = a.saturating_abs().max(b.saturating_abs());
            let range = if a >= 0 && c >= 0 { (0, b) } else { (-most, most) };
            (divided(&left, &right, may_be_zero, place), range)
        }
        Remainder => {
            let most = a.saturating_abs().max(b.saturating_abs());
            (remainder(&left, &right, may_be_zero, place), (if a >= 0 { 0 } else { -most }, most))
        }
        _ => return plain(&left, &right),
    };
    // 2^64 milliseconds are not kept: no clock gets there.
    let range = if duration { (range.0, range.1.min(IntegerType::U64.bounds().1)) } else { range };
    written.within(Some(range)).clamped(bounds_of(of))
}

fn divided(left: &Written, right: &Written, may_be_zero: bool, place: Place) -> Written {
    Written::atom(match (may_be_zero, place) {
        (false, _) => format!("Math.trunc({} / {})", left.nested(), right.nested()),
        (true, Place::Value) => format!("quotient_({}, {})", left.text, right.text),
        (true, Place::Guard) => format!("Math.trunc({} / divisor_({}))", left.nested(), right.text),
    })
}

fn remainder(left: &Written, right: &Written, may_be_zero: bool, place: Place) -> Written {
    match (may_be_zero, place) {
        (false, _) => Written::operation(format!("{} % {}", left.nested(), right.nested())),
        (true, Place::Value) => Written::atom(format!("remainder_({}, {})", left.text, right.text)),
        (true, Place::Guard) => Written::operation(format!("{} % divisor_({})", left.nested(), right.text)),
    }
}
