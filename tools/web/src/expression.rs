//! Expressions and effects as JSON, for `assets/expression.js` and `assets/follow.js`.
//!
//! An expression is an array that begins with a word: `["op", "+", left, right, "u8", false]`. Only effects that decide
//! what follows inside a delivery are there, assignments and raised events.

use automata_compiler::model::{
    Automaton, BaseType, BinaryOperator, Effect, Effects, Expression, ExpressionKind, Observed, System, Value,
};
use serde_json::{Value as Json, json};

/// An expression.
pub fn expression(system: &System, automaton: &Automaton, of: &Expression) -> Json {
    let inner = |of: &Expression| expression(system, automaton, of);
    let name = |of: &Expression| system.type_name(of.r#type);
    match &of.kind {
        ExpressionKind::Literal(value) => json!(["value", literal(system, value)]),
        ExpressionKind::Variable(id) => json!(["variable", automaton.variables[*id].name]),
        ExpressionKind::Parameter(id) => json!(["parameter", automaton.parameters[*id].name]),
        ExpressionKind::Field(index) => json!(["field", index]),
        ExpressionKind::Key => json!(["key"]),
        ExpressionKind::Condition(id, arguments) => {
            let condition = &automaton.conditions[*id];
            let places = condition.arguments.iter().zip(arguments);
            let places: Vec<Json> = places
                .map(|(place, argument)| json!([place.name, system.type_name(place.r#type), inner(argument)]))
                .collect();
            json!(["condition", condition.name, places])
        }
        ExpressionKind::Not(of) => json!(["not", inner(of)]),
        ExpressionKind::Negate(negated) => json!(["negate", inner(negated), name(of)]),
        ExpressionKind::Binary(BinaryOperator::And, left, right) => json!(["and", inner(left), inner(right)]),
        ExpressionKind::Binary(BinaryOperator::Or, left, right) => json!(["or", inner(left), inner(right)]),
        ExpressionKind::Binary(BinaryOperator::Coalesce, left, right) => {
            json!(["coalesce", inner(left), inner(right), name(of)])
        }
        ExpressionKind::Binary(operator, left, right) => {
            let is_duration = left.r#type.base == BaseType::Duration || right.r#type.base == BaseType::Duration;
            json!(["op", operator.symbol(), inner(left), inner(right), name(of), is_duration])
        }
        ExpressionKind::Extreme(extreme, left, right) => json!([extreme.name(), inner(left), inner(right)]),
        ExpressionKind::Present(of) => inner(of),
        ExpressionKind::InState { who, automaton: observed, state } => {
            let observed = &system.automata[*observed];
            let state = &observed.states[*state].name;
            let (who, key) = match who {
                Observed::One => ("one", Json::Null),
                Observed::Keyed(key) => ("keyed", inner(key)),
                Observed::Any => ("any", Json::Null),
                Observed::All => ("all", Json::Null),
                Observed::No => ("no", Json::Null),
                Observed::Itself => ("self", Json::Null),
            };
            json!(["in", who, observed.name, state, key])
        }
    }
}

/// A constant as records show it.
pub fn literal(system: &System, value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::from(*value),
        Value::Integer(value) => {
            i64::try_from(*value).map_or_else(|_| u64::try_from(*value).map_or(Json::Null, Json::from), Json::from)
        }
        Value::Duration(milliseconds) => Json::from(*milliseconds),
        Value::String(text) => Json::from(text.as_str()),
        Value::Variant(id, index) => match &system.types[*id].kind {
            automata_compiler::model::TypeKind::Enum(variants) => Json::from(variants[*index as usize].as_str()),
            automata_compiler::model::TypeKind::Opaque => Json::Null,
        },
        Value::None => Json::Null,
    }
}

/// Assignments and raised events, in their order.
pub fn effects(system: &System, automaton: &Automaton, of: &Effects) -> Vec<Json> {
    let one = |effect: &Effect| match effect {
        Effect::Assign(assignment) => {
            let name = &automaton.variables[assignment.variable].name;
            Some(json!(["set", name, expression(system, automaton, &assignment.value)]))
        }
        Effect::Raise(raise) => {
            let event = &automaton.events[raise.event];
            let places = event.fields.iter().zip(&raise.arguments);
            let arguments: Vec<Json> = places
                .map(|(place, argument)| {
                    json!([place.name, system.type_name(place.r#type), expression(system, automaton, argument)])
                })
                .collect();
            Some(json!(["raise", raise.event.0, arguments]))
        }
        Effect::Act(_) | Effect::Send(_) | Effect::Start(_) | Effect::Restart(_) => None,
    };
    of.iter().filter_map(one).collect()
}
