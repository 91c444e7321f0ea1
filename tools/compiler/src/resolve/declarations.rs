//! What an automaton declares, apart from its behaviour.

use super::resolver::Resolver;
use crate::codes::errors;
use crate::diagnostic::Diagnostic;
use crate::expression::literal;
use crate::model::{
    Action, Automaton, AutomatonId, BaseType, Condition, Event, EventKind, Parameter, PartId, Partner, Type, Value,
    Variable,
};
use crate::naming::Kind;
use crate::source::Text;
use crate::syntax::{self, Given};

impl Resolver<'_> {
    pub(super) fn declare_automata(&mut self, automata: &[syntax::Automaton]) {
        for syntax in automata {
            let automaton = self.declare(syntax);
            self.system.automata.push(automaton);
        }
    }

    fn declare(&mut self, syntax: &syntax::Automaton) -> Automaton {
        if !syntax.instances_are_known {
            self.broken.insert(syntax.name.text.clone());
        }
        let is_started = syntax.key.is_some() && syntax.events.iter().all(|event| event.starts.is_none());
        let is_started = is_started || !syntax.instances_are_known;
        let values: Vec<&str> = syntax.values().map(|name| name.text.as_str()).collect();
        let events: Vec<&str> = syntax.events.iter().map(|event| event.name.text.as_str()).collect();
        let actions: Vec<&str> = syntax.actions.iter().map(|action| action.name.text.as_str()).collect();
        let parameters = syntax.parameters.iter();
        let parameters = parameters.filter_map(|parameter| self.parameter(parameter, &values, is_started)).collect();
        let (states, initials_are_broken) = self.declare_states(syntax);
        let automaton = Automaton {
            name: syntax.name.text.clone(),
            summary: syntax.summary.clone(),
            doc: syntax.doc.clone(),
            key: syntax.key.as_ref().map(|name| self.instance_key(name)),
            parameters,
            variables: syntax.variables.iter().filter_map(|variable| self.variable(variable, &values)).collect(),
            conditions: syntax.conditions.iter().filter_map(|condition| self.condition(condition, &values)).collect(),
            events: syntax.events.iter().filter_map(|event| self.event(event, &events, syntax)).collect(),
            actions: syntax.actions.iter().filter_map(|action| self.action(action, &actions)).collect(),
            states,
            transitions: Vec::new(),
            timers: Vec::new(),
            properties: Vec::new(),
            span: syntax.name.span,
        };
        self.broken_initials.push(initials_are_broken);
        automaton
    }

    /// The value of a `default`, `initial`, `min` or `max`.
    fn literal(&mut self, text: &Text, r#type: Type, bounds: Option<(i128, i128)>) -> Option<Value> {
        literal(text, r#type, bounds, &self.system, self.findings)
    }

    fn parameter(&mut self, parameter: &syntax::Parameter, others: &[&str], is_started: bool) -> Option<Parameter> {
        let name = &parameter.name;
        self.check_name(name, Kind::Parameter, others);
        let Some(r#type) = parameter.r#type.as_ref().and_then(|text| self.resolve_type(text)) else {
            self.broken.insert(name.text.clone());
            return None;
        };
        let default = match &parameter.default {
            Given::No if is_started => None,
            Given::No => {
                let message =
                    format!("the parameter `{}` needs a `default`: not every instance is made by a `start`", name.text);
                self.report(Diagnostic::new(&errors::PARAMETER_WITHOUT_DEFAULT, name.span, message));
                Some(Value::None)
            }
            Given::Broken => Some(Value::None),
            Given::Yes(text) => Some(self.literal(text, r#type, None).unwrap_or(Value::None)),
        };
        let summary = parameter.summary.clone();
        Some(Parameter { name: name.text.clone(), r#type, default, summary, span: name.span })
    }

    fn variable(&mut self, variable: &syntax::Variable, others: &[&str]) -> Option<Variable> {
        let name = &variable.name;
        self.check_name(name, Kind::Variable, others);
        let Some(r#type) = variable.r#type.as_ref().and_then(|text| self.resolve_type(text)) else {
            self.broken.insert(name.text.clone());
            return None;
        };
        let bounds = self.bounds(variable, r#type);
        let initial = variable.initial.as_ref().and_then(|text| self.literal(text, r#type, bounds));
        Some(Variable {
            name: name.text.clone(),
            r#type,
            // After a finding; the value is not used then.
            initial: initial.unwrap_or(Value::None),
            bounds,
            summary: variable.summary.clone(),
            span: name.span,
        })
    }

    fn bounds(&mut self, variable: &syntax::Variable, r#type: Type) -> Option<(i128, i128)> {
        let (number, of_type) = match r#type.base {
            BaseType::Integer(integer) => (Type::integer(integer), integer.bounds()),
            BaseType::Duration => (Type::DURATION, (0, i128::from(u64::MAX))),
            _ => {
                for (key, bound) in [("min", &variable.min), ("max", &variable.max)] {
                    if let Given::Yes(text) = bound {
                        let name = self.system.type_name(r#type);
                        let message = format!(
                            "only integers and durations have a `{key}`; `{}` is of type `{name}`",
                            variable.name.text
                        );
                        self.report(Diagnostic::new(&errors::BOUNDS, text.span, message));
                    }
                }
                return None;
            }
        };
        let mut bound = |given: &Given<Text>| match given {
            Given::Yes(text) => match self.literal(text, number, None) {
                Some(Value::Integer(value)) => Some(value),
                Some(Value::Duration(milliseconds)) => Some(i128::from(milliseconds)),
                _ => None,
            },
            _ => None,
        };
        let (min, max) = (bound(&variable.min), bound(&variable.max));
        let bounds = (min.unwrap_or(of_type.0), max.unwrap_or(of_type.1));
        if bounds.0 > bounds.1 {
            let place = match (&variable.min, &variable.max) {
                (Given::Yes(text), _) | (_, Given::Yes(text)) => text.span,
                _ => variable.name.span,
            };
            let shown = |bound: i128| match r#type.base {
                BaseType::Duration => crate::durations::duration_text(u64::try_from(bound).unwrap_or(u64::MAX)),
                _ => bound.to_string(),
            };
            let message = format!("no value can be at least {} and at most {}", shown(bounds.0), shown(bounds.1));
            self.report(Diagnostic::new(&errors::BOUNDS, place, message));
            return Some(of_type);
        }
        Some(bounds)
    }

    fn condition(&mut self, condition: &syntax::Condition, others: &[&str]) -> Option<Condition> {
        let name = &condition.name;
        self.check_name(name, Kind::Condition, others);
        let r#type = condition.r#type.as_ref().and_then(|text| self.resolve_type(text));
        let (arguments, whole) = self.resolve_fields(&condition.arguments, Kind::Argument);
        let (Some(r#type), true) = (r#type, whole) else {
            self.broken.insert(name.text.clone());
            return None;
        };
        let summary = condition.summary.clone();
        Some(Condition { name: name.text.clone(), r#type, arguments, summary, span: name.span })
    }

    fn event(&mut self, event: &syntax::Event, others: &[&str], automaton: &syntax::Automaton) -> Option<Event> {
        let name = &event.name;
        self.check_name(name, Kind::Event, others);
        let mut from = Vec::new();
        for text in &event.from {
            let partner = self.partner(text);
            if partner.is_none() {
                // Then it is not known whether a sender is named.
                self.broken.insert(format!("{}.{}", automaton.name.text, name.text));
            }
            if let Some(partner) = partner {
                if from.contains(&partner) {
                    let message = format!("`from` names `{}` twice", text.text);
                    self.report(Diagnostic::new(&errors::DUPLICATE_NAME, text.span, message));
                } else {
                    from.push(partner);
                }
            }
        }
        self.check_starts(event, automaton);
        let (fields, whole) = self.resolve_fields(&event.fields, Kind::Field);
        if !whole {
            self.broken.insert(name.text.clone());
            return None;
        }
        Some(Event {
            name: name.text.clone(),
            kind: EventKind::Declared { from, starts: event.starts.is_some() },
            fields,
            summary: event.summary.clone(),
            span: name.span,
        })
    }

    fn check_starts(&mut self, event: &syntax::Event, automaton: &syntax::Automaton) {
        let Some(span) = event.starts else { return };
        let never_ends = !automaton.root.states.iter().any(|state| state.is_final.is_some());
        if automaton.key.is_none() && automaton.instances_are_known && never_ends {
            let message =
                format!("`{}` has one instance, which exists from the beginning and never ends", automaton.name.text);
            let help = "remove `starts`, or say `instances: per <key>` at the top";
            self.report(Diagnostic::new(&errors::STARTS, span, message).help(help));
        } else if event.from.is_empty() {
            let message =
                format!("`{}` has no sender: it can only be raised, by an instance that exists", event.name.text);
            self.report(Diagnostic::new(&errors::STARTS, span, message).help("say `from`, or remove `starts`"));
        }
    }

    /// A part or an automaton.
    fn partner(&mut self, text: &Text) -> Option<Partner> {
        if let Some(partner) = self.find_partner(&text.text) {
            return Some(partner);
        }
        if self.broken.contains(&text.text) || !self.absent_parts.is_worth_telling(text, |name| format!("`{name}`")) {
            return None;
        }
        let message = format!("there is no part or automaton `{}`", text.text);
        let finding = Diagnostic::new(&errors::UNKNOWN_PARTNER, text.span, message)
            .cause(format!("partner {}", text.text))
            .did_you_mean(&text.text, self.partners().filter(|name| Kind::Part.allows(name)));
        self.report(finding);
        None
    }

    /// The names of parts and automata.
    pub(super) fn partners(&self) -> impl Iterator<Item = &str> {
        let parts = self.system.parts.iter().map(|part| part.name.as_str());
        parts.chain(self.automata_names.iter().map(String::as_str))
    }

    fn find_partner(&self, name: &str) -> Option<Partner> {
        if let Some(part) = self.find_part(name) {
            return Some(Partner::Part(part));
        }
        let index = self.automata_names.binary_search_by(|known| known.as_str().cmp(name)).ok()?;
        Some(Partner::Automaton(AutomatonId(index as u32)))
    }

    fn find_part(&self, name: &str) -> Option<PartId> {
        let index = self.system.parts.binary_search_by(|part| part.name.as_str().cmp(name)).ok()?;
        Some(PartId(index as u32))
    }

    fn action(&mut self, action: &syntax::Action, others: &[&str]) -> Option<Action> {
        let name = &action.name;
        self.check_name(name, Kind::Action, others);
        let by = action.by.as_ref().and_then(|text| self.performer(text));
        let (arguments, whole) = self.resolve_fields(&action.arguments, Kind::Argument);
        let (Some(by), true) = (by, whole) else {
            self.broken.insert(name.text.clone());
            return None;
        };
        Some(Action { name: name.text.clone(), by, arguments, summary: action.summary.clone(), span: name.span })
    }

    fn performer(&mut self, text: &Text) -> Option<PartId> {
        if let Some(part) = self.find_part(&text.text) {
            return Some(part);
        }
        let is_automaton = self.automata_names.contains(&text.text);
        if self.broken.contains(&text.text)
            || !(is_automaton || self.absent_parts.is_worth_telling(text, |name| format!("`{name}`")))
        {
            return None;
        }
        let known = self.system.parts.iter().map(|part| part.name.as_str()).filter(|name| Kind::Part.allows(name));
        let finding = if is_automaton {
            let message = format!("`{}` is an automaton; actions are performed by parts", text.text);
            Diagnostic::new(&errors::UNKNOWN_PARTNER, text.span, message)
                .help("to send something to another automaton, declare an event there and `send` it")
        } else {
            let message = format!("there is no part `{}`", text.text);
            Diagnostic::new(&errors::UNKNOWN_PARTNER, text.span, message)
                .cause(format!("partner {}", text.text))
                .did_you_mean(&text.text, known)
        };
        self.report(finding);
        None
    }
}
