//! What the host of a simulation answers: each answer holds until it is changed.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value as Json;

use crate::interpreter::{ConditionAsked, Error, Value};
use crate::model::{AutomatonId, Condition, ConditionId, System, Type};

/// Answers that hold until they are changed.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    known: BTreeMap<(AutomatonId, ConditionId), Known>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    /// Whatever the arguments.
    general: Option<Value>,
    /// For these arguments, in the order in which they came; takes precedence over the general one.
    exact: Vec<(Vec<Value>, Value)>,
    /// Where those of these arguments are in `exact`.
    places: HashMap<Vec<Value>, usize>,
}

impl Known {
    fn exact(&self, arguments: &[Value]) -> Option<&Value> {
        self.places.get(arguments).map(|&place| &self.exact[place].1)
    }
}

impl Answers {
    /// The known answer to the question.
    #[must_use]
    pub fn find(&self, asked: &ConditionAsked<'_>) -> Option<Value> {
        self.with(asked.address.automaton, asked.condition, asked.arguments).cloned()
    }

    /// Whether the condition has an answer for these arguments.
    pub(super) fn know(&self, automaton: AutomatonId, condition: ConditionId, arguments: &[Value]) -> bool {
        self.with(automaton, condition, arguments).is_some()
    }

    fn with(&self, automaton: AutomatonId, condition: ConditionId, arguments: &[Value]) -> Option<&Value> {
        let known = self.known.get(&(automaton, condition))?;
        known.exact(arguments).or(known.general.as_ref())
    }

    /// Takes an answer such as `best_transport(tcp)`: `false`. Without arguments it holds for all of them; with the
    /// name of an automaton before it (`p2p_connector.best_transport`) for that one, otherwise for every automaton that
    /// has the condition.
    ///
    /// # Errors
    /// [`Error::UnknownName`], [`Error::WrongType`], or [`Error::Missing`] if the arguments are too few or too many.
    pub fn set(&mut self, system: &System, question: &str, answer: &Json) -> Result<(), Error> {
        let (subject, arguments) = match question.split_once('(') {
            None => (question.trim(), None),
            Some((subject, rest)) => {
                let inner = rest.trim_end().strip_suffix(')').ok_or_else(|| Error::Missing {
                    what: format!("the closing parenthesis of `{question}`"),
                    expected: "`)` at its end".to_owned(),
                })?;
                (subject.trim(), Some(split(inner, ',')))
            }
        };
        let found = Self::conditions(system, subject)?;
        let mut refusal = None;
        let mut accepted = false;
        for (automaton, id) in found {
            let condition = &system.automata[automaton].conditions[id];
            match read(system, condition, arguments.as_deref(), answer) {
                Err(error) => refusal = Some(error),
                Ok((arguments, answer)) => {
                    accepted = true;
                    self.insert(automaton, id, arguments, answer);
                }
            }
        }
        match refusal {
            Some(error) if !accepted => Err(error),
            _ => Ok(()),
        }
    }

    /// An answer for these arguments, or for all.
    pub fn insert(
        &mut self,
        automaton: AutomatonId,
        condition: ConditionId,
        arguments: Option<Vec<Value>>,
        answer: Value,
    ) {
        let known = self.known.entry((automaton, condition)).or_default();
        match arguments {
            None => known.general = Some(answer),
            Some(arguments) => match known.places.get(&arguments) {
                Some(&place) => known.exact[place].1 = answer,
                None => {
                    known.places.insert(arguments.clone(), known.exact.len());
                    known.exact.push((arguments, answer));
                }
            },
        }
    }

    /// All answers, as they would be written.
    #[must_use]
    pub fn list(&self, system: &System) -> Vec<(String, Json)> {
        let mut list = Vec::new();
        for (&(of, id), known) in &self.known {
            let automaton = &system.automata[of];
            let condition = &automaton.conditions[id];
            let shown = |value: &Value| value.shown(system, condition.r#type);
            let name = format!("{}.{}", automaton.name, condition.name);
            list.extend(known.general.iter().map(|answer| (name.clone(), shown(answer))));
            let exact = known.exact.iter();
            list.extend(exact.map(|(arguments, answer)| (question_text(system, of, id, arguments), shown(answer))));
        }
        list
    }

    fn conditions(system: &System, subject: &str) -> Result<Vec<(AutomatonId, ConditionId)>, Error> {
        let (of, name) = match subject.split_once('.') {
            Some((automaton, name)) => (Some(automaton), name),
            None => (None, subject),
        };
        if let Some(of) = of
            && system.automaton(of).is_none()
        {
            let known = system.automata.iter().map(|automaton| automaton.name.as_str());
            return Err(Error::unknown("automaton", of, known));
        }
        let automata = || {
            let automata = system.automata.iter().zip(0..).map(|(automaton, index)| (AutomatonId(index), automaton));
            automata.filter(move |(_, automaton)| of.is_none_or(|of| of == automaton.name))
        };
        let all = automata().flat_map(|(id, automaton)| {
            let conditions = automaton.conditions.iter().zip(0..);
            conditions.map(move |(condition, index)| (id, ConditionId(index), condition))
        });
        let found: Vec<_> =
            all.filter(|(.., condition)| condition.name == name).map(|(automaton, id, _)| (automaton, id)).collect();
        if found.is_empty() {
            let known = automata().flat_map(|(_, automaton)| &automaton.conditions);
            return Err(Error::unknown("condition", name, known.map(|condition| condition.name.as_str())));
        }
        Ok(found)
    }
}

/// `best_transport(tcp)` with the automaton's name before it, as [`Answers::set`] reads it.
pub(super) fn question_text(system: &System, of: AutomatonId, id: ConditionId, arguments: &[Value]) -> String {
    let automaton = &system.automata[of];
    let condition = &automaton.conditions[id];
    let places = condition.arguments.iter().zip(arguments);
    let arguments: Vec<String> = places.map(|(place, value)| argument_text(system, place.r#type, value)).collect();
    let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
    format!("{}.{}{arguments}", automaton.name, condition.name)
}

/// Texts bare where they can be read like that, otherwise in quotes.
fn argument_text(system: &System, of: Type, value: &Value) -> String {
    match value.to_json(system, of) {
        Json::Null => "none".to_owned(),
        Json::String(text)
            if argument(system, of, &text).as_ref() == Some(value)
                && text.trim() == text
                && !text.contains(['(', ')', '[', ']', '{', '}', '"', '\\', ',']) =>
        {
            text
        }
        json => json.to_string(),
    }
}

/// Reads an argument as [`argument_text`] writes it.
fn argument(system: &System, of: Type, text: &str) -> Option<Value> {
    if of.optional && text == "none" {
        return Some(Value::None);
    }
    Value::from_bare(system, of, text)
}

type Read = (Option<Vec<Value>>, Value);

fn read(system: &System, condition: &Condition, arguments: Option<&[String]>, answer: &Json) -> Result<Read, Error> {
    let wrong = |what: String, of, got: String| Error::WrongType {
        what,
        expected: crate::interpreter::expected(system, of),
        got,
    };
    let value = Value::from_json(system, condition.r#type, answer)
        .ok_or_else(|| wrong(format!("the condition `{}`", condition.name), condition.r#type, answer.to_string()))?;
    let Some(given) = arguments else { return Ok((None, value)) };
    if given.len() != condition.arguments.len() {
        let places: Vec<&str> = condition.arguments.iter().map(|place| place.name.as_str()).collect();
        return Err(Error::Missing {
            what: format!("the right number of arguments of `{}` ({} given)", condition.name, given.len()),
            expected: format!("({})", places.join(", ")),
        });
    }
    let mut values = Vec::with_capacity(given.len());
    for (place, text) in condition.arguments.iter().zip(given) {
        let value = argument(system, place.r#type, text).ok_or_else(|| {
            wrong(format!("argument {} of `{}`", place.name, condition.name), place.r#type, text.clone())
        })?;
        values.push(value);
    }
    Ok((Some(values), value))
}

/// Parts between separators outside quotes and brackets, trimmed; none if the text is empty.
pub(super) fn split(text: &str, separator: char) -> Vec<String> {
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    let mut parts = vec![String::new()];
    for c in text.chars() {
        let is_end = c == separator && depth == 0 && !quoted;
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '[' | '{' | '(' if !quoted => depth += 1,
            ']' | '}' | ')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if is_end {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    let mut parts: Vec<String> = parts.iter().map(|part| part.trim().to_owned()).collect();
    if parts.len() == 1 && parts[0].is_empty() {
        parts.clear();
    }
    parts
}
