//! The hash of a model: distinguishes definitions that behave differently from those that only read differently.
//!
//! The model is written out as a text in a fixed order, and that text is hashed (SHA-256). Texts for people (summaries,
//! docs, reasons), places in the files, and paths of Rust types are left out: none of them changes a trace of these
//! definitions. Every struct is destructured with all its fields, so that a new field cannot be forgotten.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::model::{
    Action, ActionCall, Assignment, Automaton, BaseType, Condition, Effect, Effects, Event, EventKind, Expression,
    ExpressionKind, Field, Handler, History, Instances, Key, Observed, Parameter, Part, Partner, Property, Raise,
    Reaction, Recipient, Response, Restart, Send, Start, State, System, Target, Timer, Transition, Trigger, Type,
    TypeDefinition, TypeKind, Value, Variable,
};

/// SHA-256 of the model without its texts, in lower-case hexadecimal.
#[must_use]
pub fn model_hash(system: &System) -> String {
    let digest = Sha256::digest(canonical(system));
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The text that is hashed.
fn canonical(system: &System) -> String {
    let System { types, parts, automata } = system;
    let mut text = Canonical(String::from("automata model 1\n"));
    text.list("types", types, Canonical::type_definition);
    text.list("parts", parts, |text, Part { name, summary: _, outside: _, span: _ }| text.word(name));
    text.list("automata", automata, Canonical::automaton);
    text.0
}

struct Canonical(String);

impl Canonical {
    /// A name or a text, in quotes, so that nothing runs together.
    fn word(&mut self, word: &str) {
        let _ = write!(self.0, "{word:?} ");
    }

    /// Something whose text has no spaces in it: numbers, words of ours.
    fn plain(&mut self, value: impl std::fmt::Display) {
        let _ = write!(self.0, "{value} ");
    }

    fn list<T>(&mut self, name: &str, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        let _ = write!(self.0, "{name} {}(", items.len());
        for item in items {
            each(self, item);
            self.0.push_str(";\n");
        }
        self.0.push_str(") ");
    }

    fn option<T>(&mut self, item: Option<&T>, each: impl FnOnce(&mut Self, &T)) {
        match item {
            Some(item) => each(self, item),
            None => self.plain("-"),
        }
    }

    fn type_definition(&mut self, definition: &TypeDefinition) {
        let TypeDefinition { name, summary: _, kind, rust: _, secret, span: _ } = definition;
        self.word(name);
        self.plain(secret);
        match kind {
            TypeKind::Enum(variants) => self.list("enum", variants, |text, variant| text.word(variant)),
            TypeKind::Opaque => self.plain("opaque"),
        }
    }

    fn r#type(&mut self, of: Type) {
        let Type { base, optional } = of;
        match base {
            BaseType::Bool => self.plain("bool"),
            BaseType::Integer(integer) => self.plain(integer.name()),
            BaseType::Duration => self.plain("duration"),
            BaseType::String => self.plain("string"),
            BaseType::Bytes => self.plain("bytes"),
            BaseType::Declared(id) => self.plain(format_args!("type {}", id.0)),
        }
        self.plain(optional);
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Bool(value) => self.plain(value),
            Value::Integer(value) => self.plain(value),
            Value::Duration(milliseconds) => self.plain(format_args!("{milliseconds}ms")),
            Value::String(text) => self.word(text),
            Value::Variant(id, index) => self.plain(format_args!("variant {} {index}", id.0)),
            Value::None => self.plain("none"),
        }
    }

    fn automaton(&mut self, automaton: &Automaton) {
        let Automaton {
            name,
            summary: _,
            doc: _,
            key,
            parameters,
            variables,
            conditions,
            events,
            actions,
            states,
            transitions,
            timers,
            properties,
            span: _,
        } = automaton;
        self.word(name);
        self.option(key.as_ref(), |text, Key { name, r#type }| {
            text.word(name);
            text.r#type(*r#type);
        });
        self.list("parameters", parameters, |text, Parameter { name, r#type, default, summary: _, span: _ }| {
            text.word(name);
            text.r#type(*r#type);
            text.option(default.as_ref(), Self::value);
        });
        self.list("variables", variables, |text, Variable { name, r#type, initial, bounds, summary: _, span: _ }| {
            text.word(name);
            text.r#type(*r#type);
            text.value(initial);
            text.option(bounds.as_ref(), |text, (low, high)| text.plain(format_args!("{low}..{high}")));
        });
        self.list("conditions", conditions, |text, Condition { name, r#type, arguments, summary: _, span: _ }| {
            text.word(name);
            text.r#type(*r#type);
            text.fields(arguments);
        });
        self.list("events", events, Self::event);
        self.list("actions", actions, |text, Action { name, by, arguments, summary: _, span: _ }| {
            text.word(name);
            text.plain(by.0);
            text.fields(arguments);
        });
        self.list("states", states, Self::state);
        self.list("transitions", transitions, Self::transition);
        self.list("timers", timers, |text, Timer { state, kind, length, name, cases, span: _ }| {
            text.plain(state.0);
            text.plain(format_args!("{kind:?}"));
            text.expression(length);
            text.word(name);
            text.list("cases", cases, |text, case| text.plain(case.0));
        });
        self.list("properties", properties, |text, Property { name, kind, expression, summary: _, span: _ }| {
            text.word(name);
            text.plain(format_args!("{kind:?}"));
            text.expression(expression);
        });
    }

    fn fields(&mut self, fields: &[Field]) {
        self.list("fields", fields, |text, Field { name, r#type, span: _ }| {
            text.word(name);
            text.r#type(*r#type);
        });
    }

    fn event(&mut self, event: &Event) {
        let Event { name, kind, fields, summary: _, span: _ } = event;
        self.word(name);
        match kind {
            EventKind::Declared { from, starts } => {
                self.plain(starts);
                self.list("from", from, |text, partner| match partner {
                    Partner::Part(id) => text.plain(format_args!("part {}", id.0)),
                    Partner::Automaton(id) => text.plain(format_args!("automaton {}", id.0)),
                });
            }
            EventKind::Observation { automaton, change, state } => {
                self.plain(format_args!("{} {change:?} {}", automaton.0, state.0));
            }
        }
        self.fields(fields);
    }

    fn state(&mut self, state: &State) {
        let State {
            name,
            summary: _,
            parent,
            children,
            initial,
            entry,
            exit,
            handlers,
            ignores_others,
            timers,
            always,
            history,
            is_final,
            span: _,
        } = state;
        self.word(name);
        self.option(parent.as_ref(), |text, parent| text.plain(parent.0));
        self.list("children", children, |text, child| text.plain(child.0));
        self.option(initial.as_ref(), |text, initial| text.plain(initial.0));
        self.effects(entry);
        self.effects(exit);
        self.list("handlers", handlers, |text, Handler { event, key, response, span: _ }| {
            text.plain(event.0);
            text.option(key.as_ref(), Self::expression);
            match response {
                Response::Cases(cases) => text.list("cases", cases, |text, case| text.plain(case.0)),
                Response::Defer { limit } => text.plain(format_args!("defer {limit}")),
                Response::Ignore { reason: _ } => text.plain("ignore"),
            }
        });
        self.plain(ignores_others.is_some());
        self.list("timers", timers, |text, timer| text.plain(timer.0));
        self.list("always", always, |text, transition| text.plain(transition.0));
        self.plain(match history {
            History::None => "-",
            History::Shallow => "shallow",
            History::Deep => "deep",
        });
        self.plain(is_final);
    }

    fn transition(&mut self, transition: &Transition) {
        let Transition { state, trigger, guard, effects, reaction, summary: _, span: _ } = transition;
        self.plain(state.0);
        match trigger {
            Trigger::Event(id) => self.plain(format_args!("event {}", id.0)),
            Trigger::Timer(id) => self.plain(format_args!("timer {}", id.0)),
            Trigger::Always => self.plain("always"),
        }
        self.option(guard.as_ref(), Self::expression);
        self.effects(effects);
        match reaction {
            Reaction::Internal { stay: _ } => self.plain("internal"),
            Reaction::To(Target::State(state)) => self.plain(format_args!("to {}", state.0)),
            Reaction::To(Target::History(state)) => self.plain(format_args!("to history {}", state.0)),
            Reaction::Ignore { reason: _ } => self.plain("ignore"),
        }
    }

    fn effects(&mut self, effects: &Effects) {
        self.list("effects", &effects.0, Self::effect);
    }

    fn effect(&mut self, effect: &Effect) {
        match effect {
            Effect::Assign(Assignment { variable, value, span: _ }) => {
                self.plain(format_args!("set {}", variable.0));
                self.expression(value);
            }
            Effect::Act(ActionCall { action, arguments, span: _ }) => {
                self.plain(format_args!("do {}", action.0));
                self.expressions(arguments);
            }
            Effect::Send(Send { to: Recipient { automaton, instances }, event, arguments, span: _ }) => {
                self.plain(format_args!("send {}", automaton.0));
                match instances {
                    Instances::One => self.plain("one"),
                    Instances::Keyed(key) => self.expression(key),
                    Instances::All => self.plain("all"),
                }
                self.plain(event.0);
                self.expressions(arguments);
            }
            Effect::Start(Start { automaton, key, parameters, span: _ }) => {
                self.plain(format_args!("start {}", automaton.0));
                self.option(key.as_ref(), Self::expression);
                self.list("parameters", parameters, |text, (parameter, value)| {
                    text.plain(parameter.0);
                    text.expression(value);
                });
            }
            Effect::Raise(Raise { event, arguments, span: _ }) => {
                self.plain(format_args!("raise {}", event.0));
                self.expressions(arguments);
            }
            Effect::Restart(Restart { timer, span: _ }) => self.plain(format_args!("restart {}", timer.0)),
        }
    }

    fn expressions(&mut self, expressions: &[Expression]) {
        self.list("arguments", expressions, Self::expression);
    }

    fn expression(&mut self, expression: &Expression) {
        let Expression { kind, r#type, span: _ } = expression;
        self.r#type(*r#type);
        match kind {
            ExpressionKind::Literal(value) => self.value(value),
            ExpressionKind::Variable(id) => self.plain(format_args!("variable {}", id.0)),
            ExpressionKind::Parameter(id) => self.plain(format_args!("parameter {}", id.0)),
            ExpressionKind::Field(index) => self.plain(format_args!("field {index}")),
            ExpressionKind::Key => self.plain("key"),
            ExpressionKind::Condition(id, arguments) => {
                self.plain(format_args!("condition {}", id.0));
                self.expressions(arguments);
            }
            ExpressionKind::Not(inner) => {
                self.plain("not");
                self.expression(inner);
            }
            ExpressionKind::Negate(inner) => {
                self.plain("negate");
                self.expression(inner);
            }
            ExpressionKind::Binary(operator, left, right) => {
                self.plain(operator.symbol());
                self.expression(left);
                self.expression(right);
            }
            ExpressionKind::Extreme(extreme, left, right) => {
                self.plain(extreme.name());
                self.expression(left);
                self.expression(right);
            }
            ExpressionKind::Present(inner) => self.expression(inner),
            ExpressionKind::InState { who, automaton, state } => {
                self.plain(format_args!("in {} {}", automaton.0, state.0));
                match who {
                    Observed::One => self.plain("one"),
                    Observed::Keyed(key) => self.expression(key),
                    Observed::Any => self.plain("any"),
                    Observed::All => self.plain("all"),
                    Observed::No => self.plain("no"),
                    Observed::Itself => self.plain("self"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Source, Sources};

    const DOOR: &str = "\
automaton: door
summary: Is it open?
parameters:
  patience: { type: duration, default: 5s, summary: How long it stays open. }
events:
  push: { from: hall }
initial: SHUT
states:
  SHUT:
    on: { push: OPEN }
  OPEN:
    after: { patience: SHUT }
    ignore: { push: it is open }
";

    fn hash(door: &str, parts: &str) -> String {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        let sources = Sources::new(vec![source("a/door.yaml", door), source("a/parts.yaml", parts)]);
        let analysis = crate::analyse(&sources);
        model_hash(&analysis.system.expect("the definition is correct"))
    }

    const PARTS: &str = "parts:\n  hall: Everybody.\n";

    #[test]
    fn texts_and_places_do_not_change_it() {
        let plain = hash(DOOR, PARTS);
        assert_eq!(plain.len(), 64);
        let other_texts = DOOR
            .replace("Is it open?", "Can I come in?")
            .replace("How long it stays open", "Seconds until it closes")
            .replace("it is open", "nobody needs to")
            .replace("initial: SHUT", "\n# a comment\ninitial: SHUT");
        assert_eq!(hash(&other_texts, "# another file\nparts:\n  hall: The hall.\n"), plain);
    }

    #[test]
    fn what_changes_the_behaviour_changes_it() {
        let plain = hash(DOOR, PARTS);
        for (from, to) in [
            ("default: 5s", "default: 6s"),
            ("initial: SHUT", "initial: OPEN"),
            ("    ignore: { push: it is open }\n", ""),
            ("ignore: { push: it is open }", "defer: [push]"),
            ("after: { patience", "every: { patience"),
            ("{ push: OPEN }", "{ push: { if: \"patience > 1s\", to: OPEN } }"),
        ] {
            assert!(DOOR.contains(from), "{from}");
            assert_ne!(hash(&DOOR.replace(from, to), PARTS), plain, "{from} → {to}");
        }
    }
}
