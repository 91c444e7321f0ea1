//! Expressions of the language as ECMAScript, for SCXML.

use automata_compiler::model::{
    Automaton, BinaryOperator, EventId, Expression, ExpressionKind, Observed, System, TypeKind, Value,
};

/// Writes the expressions of one automaton.
#[derive(Clone, Copy)]
pub struct Script<'a> {
    /// All that was declared.
    pub system: &'a System,
    /// The automaton at hand.
    pub automaton: &'a Automaton,
}

impl Script<'_> {
    /// An expression. Every operation stands in parentheses, but for the outermost.
    #[must_use]
    pub fn expression(&self, expression: &Expression, event: Option<EventId>) -> String {
        let text = self.nested(expression, event);
        match &expression.kind {
            ExpressionKind::Binary(..) => text[1..text.len() - 1].to_owned(),
            _ => text,
        }
    }

    /// An expression to which something is added.
    #[must_use]
    pub fn operand(&self, expression: &Expression, event: Option<EventId>) -> String {
        self.nested(expression, event)
    }

    fn nested(&self, expression: &Expression, event: Option<EventId>) -> String {
        match &expression.kind {
            ExpressionKind::Literal(value) => self.value(value),
            ExpressionKind::Variable(id) => self.automaton.variables[*id].name.clone(),
            ExpressionKind::Parameter(id) => self.automaton.parameters[*id].name.clone(),
            ExpressionKind::Field(index) => {
                let field = event.and_then(|event| self.automaton.events[event].fields.get(*index as usize));
                format!("_event.data.{}", field.map_or_else(|| index.to_string(), |field| field.name.clone()))
            }
            ExpressionKind::Key => "key".to_owned(),
            ExpressionKind::Condition(id, arguments) => {
                let arguments: Vec<_> = arguments.iter().map(|argument| self.expression(argument, event)).collect();
                format!("{}({})", self.automaton.conditions[*id].name, arguments.join(", "))
            }
            ExpressionKind::Not(inner) => format!("!{}", self.nested(inner, event)),
            ExpressionKind::Negate(inner) => format!("(-{})", self.nested(inner, event)),
            ExpressionKind::Binary(operator, left, right) => {
                format!("({} {} {})", self.nested(left, event), symbol(*operator), self.nested(right, event))
            }
            ExpressionKind::Extreme(extreme, left, right) => {
                let (left, right) = (self.expression(left, event), self.expression(right, event));
                format!("Math.{}({left}, {right})", extreme.name())
            }
            ExpressionKind::Present(inner) => self.nested(inner, event),
            ExpressionKind::InState { who, automaton, state } => {
                let automaton = &self.system.automata[*automaton];
                let state = &automaton.states[*state].name;
                let (which, key) = match who {
                    Observed::Itself => return format!("In('{state}')"),
                    Observed::One => ("one", None),
                    Observed::Any => ("any", None),
                    Observed::All => ("all", None),
                    Observed::No => ("no", None),
                    Observed::Keyed(key) => ("key", Some(key)),
                };
                let key = key.map_or(String::new(), |key| format!(", {}", self.expression(key, event)));
                format!("in_state('{}', '{which}', '{state}'{key})", automaton.name)
            }
        }
    }

    /// A constant.
    #[must_use]
    pub fn value(&self, value: &Value) -> String {
        match value {
            Value::Bool(value) => value.to_string(),
            Value::Integer(value) => value.to_string(),
            Value::Duration(milliseconds) => milliseconds.to_string(),
            Value::String(text) => serde_json::Value::from(text.as_str()).to_string(),
            Value::Variant(id, index) => match &self.system.types[*id].kind {
                TypeKind::Enum(variants) => format!("'{}'", variants[*index as usize]),
                TypeKind::Opaque { .. } => index.to_string(),
            },
            Value::None => "null".to_owned(),
        }
    }
}

const fn symbol(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Or => "||",
        BinaryOperator::And => "&&",
        BinaryOperator::Equal => "===",
        BinaryOperator::NotEqual => "!==",
        other => other.symbol(),
    }
}
