//! What an automaton does: cases with their guards and effects, entries and exits, timers, what is kept and what means
//! nothing.

use serde_json::{Map, Value as Json, json};

use crate::chance::Chance;
use crate::effects::EFFECTS;
use crate::expressions::Place;
use crate::plan::{Automaton, Kind, Named, Of, Plan};

/// Whose behaviour it is.
#[derive(Clone, Copy)]
pub struct Behaviour<'a> {
    /// The whole system.
    pub plan: &'a Plan,
    /// This one, by its place there.
    pub index: usize,
}

impl<'a> Behaviour<'a> {
    /// Its declarations.
    pub fn automaton(&self) -> &'a Automaton {
        &self.plan.automata[self.index]
    }

    fn place(&self, fields: &'a [Named]) -> Place<'a> {
        Place {
            plan: self.plan,
            automaton: self.automaton(),
            fields,
            known: &[],
            asks: 2,
            is_guard: false,
            is_property: false,
        }
    }

    /// A state with all that is in it, as YAML.
    pub fn state(&self, index: usize, chance: &mut Chance) -> Json {
        let state = &self.automaton().states[index];
        if state.is_final {
            return json!({ "final": true });
        }
        let mut keys = Map::new();
        if index != 0 && chance.once_in(3) {
            keys.insert("summary".to_owned(), json!(crate::SUMMARIES[chance.below(crate::SUMMARIES.len())]));
        }
        if let Some(&first) = state.children.first() {
            keys.insert("initial".to_owned(), json!(self.automaton().states[first].name));
        }
        if let Some(history) = state.history {
            keys.insert("history".to_owned(), json!(history));
        }
        for key in ["entry", "exit"] {
            // The root is never left.
            if chance.once_in(3) && index != 0 {
                let effects = self.effects(&self.place(&[]), index, chance);
                if !effects.is_empty() {
                    keys.insert(key.to_owned(), Json::Object(effects));
                }
            }
        }
        self.events(index, &mut keys, chance);
        for (length, repeats) in &state.timers {
            let key = if *repeats { "every" } else { "after" };
            keys.insert(key.to_owned(), json!({ length.as_str(): self.cases(&[], index, chance) }));
        }
        if chance.once_in(6) {
            keys.extend(self.always(index, chance).map(|cases| ("always".to_owned(), cases)));
        }
        if !state.children.is_empty() {
            let children = state.children.iter();
            let children =
                children.map(|&child| (self.automaton().states[child].name.clone(), self.state(child, chance)));
            keys.insert("states".to_owned(), Json::Object(children.collect()));
        }
        Json::Object(keys)
    }

    /// Each event has one place in a state at most.
    fn events(&self, index: usize, keys: &mut Map<String, Json>, chance: &mut Chance) {
        let (mut on, mut defer, mut ignore) = (Map::new(), Map::new(), Map::new());
        for event in &self.automaton().events {
            match chance.below(8) {
                0..4 => {
                    on.insert(event.name.clone(), self.cases(&event.fields, index, chance));
                }
                4 => {
                    defer.insert(event.name.clone(), json!(chance.between(1, 3)));
                }
                5 => {
                    ignore.insert(event.name.clone(), json!("it means nothing here"));
                }
                _ => {}
            }
        }
        for _ in 0..chance.below(3) {
            if let Some((name, fields)) = self.observation(chance) {
                on.entry(name).or_insert_with(|| self.cases(&fields, index, chance));
            }
        }
        if chance.once_in(6) {
            ignore.insert("others".to_owned(), json!("nothing else has a meaning here"));
        }
        for (key, entries) in [("on", on), ("defer", defer), ("ignore", ignore)] {
            if !entries.is_empty() {
                keys.insert(key.to_owned(), Json::Object(entries));
            }
        }
    }

    /// `X enters S` in one of its forms, with the field that it has.
    fn observation(&self, chance: &mut Chance) -> Option<(String, Vec<Named>)> {
        let other = chance.pick(&self.plan.automata)?;
        let state = &other.states[chance.between(1, other.states.len() - 1)].name;
        let verb = ["enters", "leaves"][chance.below(2)];
        let Some(key) = other.key else { return Some((format!("{} {verb} {state}", other.name), Vec::new())) };
        let of = Of::plain(self.plan.keys[key].1);
        let field = Named { name: "key".to_owned(), of, has_default: false, is_bounded: false };
        if chance.once_in(2) {
            return Some((format!("{}[any] {verb} {state}", other.name), vec![field]));
        }
        let key = Place { asks: 0, ..self.place(&[]) }.value(of, chance)?;
        // Keys of observations look at no states and ask nothing; the field is the same in all forms.
        Some((format!("{}[{key}] {verb} {state}", other.name), vec![field]))
    }

    fn cases(&self, fields: &[Named], state: usize, chance: &mut Chance) -> Json {
        let place = Place { fields, ..self.place(&[]) };
        let mut cases = Vec::new();
        let mut known = Vec::new();
        if chance.once_in(6)
            && let Some(name) = place.unknown(true, chance)
        {
            // After this case it is known not to be none.
            let mut first = self.case(&place, state, false, chance);
            first["if"] = json!(format!("{name} == none"));
            cases.push(first);
            known.push(name);
        }
        let place = Place { known: &known, ..place };
        cases.extend((0..chance.below(3)).map(|_| self.case(&place, state, true, chance)));
        cases.push(self.case(&place, state, chance.once_in(3), chance));
        if cases.len() == 1 { cases.remove(0) } else { Json::Array(cases) }
    }

    fn case(&self, place: &Place<'_>, state: usize, is_guarded: bool, chance: &mut Chance) -> Json {
        let mut case = Map::new();
        let mut known = place.known.to_vec();
        if is_guarded {
            let guard = Place { is_guard: true, ..*place };
            let mut text = guard.truth(chance);
            if chance.once_in(4)
                && let Some(name) = guard.unknown(true, chance)
            {
                known.push(name.clone());
                text = format!("{name} != none and {text}");
            }
            case.insert("if".to_owned(), json!(text));
        }
        let place = &Place { known: &known, ..*place };
        if chance.once_in(8) {
            case.insert("ignore".to_owned(), json!("not now"));
            return Json::Object(case);
        }
        case.extend(self.effects(place, state, chance));
        match chance.below(4) {
            0 if case.keys().any(|key| key != "if") => {}
            0 => drop(case.insert("stay".to_owned(), json!("it is well where it is"))),
            _ => drop(case.insert("to".to_owned(), json!(self.target(chance)))),
        }
        Json::Object(case)
    }

    fn target(&self, chance: &mut Chance) -> String {
        let states = &self.automaton().states;
        let state = &states[chance.between(1, states.len() - 1)];
        let suffix = if state.history.is_some() && chance.once_in(2) { ".history" } else { "" };
        format!("{}{suffix}", state.name)
    }

    /// One that ends: it makes its own guard false.
    fn always(&self, state: usize, chance: &mut Chance) -> Option<Json> {
        let is_counter = |of: &&Named| matches!(of.of, Of { kind: Kind::Integer(_), optional: false });
        let counters: Vec<&Named> = self.automaton().variables.iter().filter(is_counter).collect();
        let name = &chance.pick(&counters)?.name;
        let mut case = self.effects(&self.place(&[]), state, chance);
        case.insert("if".to_owned(), json!(format!("{name} > 3")));
        let last = json!(format!("{name} = 0"));
        match case.get_mut("do") {
            Some(Json::Array(list)) => list.push(last),
            _ => {
                case.clear();
                case.insert("if".to_owned(), json!(format!("{name} > 3")));
                case.insert("do".to_owned(), last);
            }
        }
        if chance.once_in(2) {
            case.insert("to".to_owned(), json!(self.target(chance)));
        }
        Some(Json::Object(case))
    }

    /// One list in any order, or the short form where there is one effect.
    fn effects(&self, place: &Place<'_>, state: usize, chance: &mut Chance) -> Map<String, Json> {
        let mut list: Vec<(&str, String)> = Vec::new();
        for (key, effect) in EFFECTS {
            // Messages lead to more of them: with too many, nearly every system talks without end.
            let rarity = if matches!(*key, "send" | "start" | "raise") { 8 } else { 3 };
            let count = if chance.once_in(rarity) { chance.between(1, 2) } else { 0 };
            for text in (0..count).filter_map(|_| effect(self, place, state, chance)).collect::<Vec<_>>() {
                list.insert(chance.between(0, list.len()), (key, text));
            }
        }
        let mut effects = Map::new();
        match list.as_slice() {
            [] => {}
            [(key, text)] if chance.once_in(2) => drop(effects.insert((*key).to_owned(), json!(text))),
            _ => drop(effects.insert("do".to_owned(), Json::from_iter(list.iter().map(|(key, text)| item(key, text))))),
        }
        effects
    }
}

/// An effect as an item of `do`.
fn item(key: &str, text: &str) -> String {
    match key {
        "set" | "do" => text.to_owned(),
        word => format!("{word} {text}"),
    }
}
