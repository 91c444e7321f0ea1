//! What a part of a step does: each effect resolved in order, and the order checked against the keys that it is written
//! with.

use super::position::Position;
use super::resolver::Resolver;
use crate::codes::expression_errors::ORDER_MATTERS;
use crate::diagnostic::Diagnostic;
use crate::expression::{self, EffectForm};
use crate::model::{Effect, Effects, ExpressionKind, Restart, VariableId};
use crate::source::Text;
use crate::syntax::{self, EffectKey};

impl Resolver<'_> {
    pub(super) fn effects(&mut self, place: Position<'_>, syntax: &syntax::Effects) -> Effects {
        let mut known = place.known.clone();
        let mut resolved = Vec::new();
        for written in &syntax.0 {
            let Some(effect) = self.effect(Position { known: &known, ..place }, written) else {
                // It may have set what the next ones need.
                if let Some(variable) = written.set() {
                    known.doubt(Some(variable));
                }
                continue;
            };
            if let Effect::Assign(assignment) = &effect {
                known.assigned(assignment);
            }
            resolved.push((written, effect));
        }
        self.check_order(place, syntax, &resolved);
        Effects(resolved.into_iter().map(|(_, effect)| effect).collect())
    }

    fn effect(&mut self, place: Position<'_>, written: &syntax::Effect) -> Option<Effect> {
        if written.key != EffectKey::Do {
            return self.keyed(place, written.key, &written.text);
        }
        let (form, text) = expression::effect_form(&written.text, self.findings)?;
        match form {
            EffectForm::Keyword(key) => self.keyed(place, key, &text),
            EffectForm::Assignment => self.keyed(place, EffectKey::Set, &text),
            EffectForm::Action => self.keyed(place, EffectKey::Do, &text),
        }
    }

    /// The text under a key, or after that word in an item of `do`.
    fn keyed(&mut self, place: Position<'_>, key: EffectKey, text: &Text) -> Option<Effect> {
        match key {
            EffectKey::Set => self.read(place, text, expression::assignment).map(Effect::Assign),
            EffectKey::Do => self.read(place, text, expression::action_call).map(Effect::Act),
            EffectKey::Send => self.read(place, text, expression::send).map(Effect::Send),
            EffectKey::Start => self.read(place, text, expression::start).map(Effect::Start),
            EffectKey::Raise => self.read(place, text, expression::raise).map(Effect::Raise),
            EffectKey::Restart => {
                let timer = self.restarted(place.automaton, place.state, text)?;
                Some(Effect::Restart(Restart { timer, span: text.span }))
            }
        }
    }

    /// Refuses a part in which the order of the keys would decide: one key writes a variable that another reads or
    /// writes.
    fn check_order(&mut self, place: Position<'_>, syntax: &syntax::Effects, resolved: &[(&syntax::Effect, Effect)]) {
        for (written, effect) in resolved {
            let Effect::Assign(assignment) = effect else { continue };
            let touching = |(other, effect): &&(&syntax::Effect, Effect)| {
                other.key != written.key && self.touches(place, effect, assignment.variable)
            };
            let others: Vec<EffectKey> = resolved.iter().filter(touching).map(|(other, _)| other.key).collect();
            let Some((other, touching)) = resolved.iter().find(touching) else { continue };
            let name = self.automaton(place.automaton).variables[assignment.variable].name.clone();
            let does = if matches!(touching, Effect::Assign(set) if set.variable == assignment.variable) {
                "sets"
            } else {
                "reads"
            };
            let message = format!(
                "`{}` {does} `{name}`, which `{}` sets: the order matters, but keys have no order",
                other.key.name(),
                written.key.name(),
            );
            let [first, second] = syntax.both_orders(written.key, &others);
            let help = format!("write one list in the intended order: `do: [{first}]` or `do: [{second}]`");
            let finding = Diagnostic::new(&ORDER_MATTERS, touching.span(), message).help(help);
            self.report(finding.related(assignment.span, format!("`{name}` is set here")));
            return;
        }
    }

    /// Whether an effect reads or writes a variable.
    fn touches(&self, place: Position<'_>, effect: &Effect, variable: VariableId) -> bool {
        match effect {
            Effect::Assign(assignment) if assignment.variable == variable => return true,
            Effect::Restart(restart) => {
                let length = &self.automaton(place.automaton).timers[restart.timer].length;
                return length.contains(|below| below.kind == ExpressionKind::Variable(variable));
            }
            _ => {}
        }
        let reads = |expression: &&crate::model::Expression| {
            expression.contains(|below| below.kind == ExpressionKind::Variable(variable))
        };
        effect.expressions().iter().any(reads)
    }
}

impl syntax::Effects {
    /// All effects as items of one list: those of one key before those of the others that are named, and behind them.
    fn both_orders(&self, setting: EffectKey, others: &[EffectKey]) -> [String; 2] {
        let list = |keys: &[EffectKey]| {
            let items = keys.iter().flat_map(|key| self.0.iter().filter(|effect| effect.key == *key));
            items.map(syntax::Effect::as_item).collect::<Vec<_>>().join(", ")
        };
        let rest: Vec<EffectKey> = EffectKey::ALL.into_iter().filter(|key| *key != setting).collect();
        let places = rest.iter().enumerate().filter(|(_, key)| others.contains(key)).map(|(at, _)| at);
        let (first, last) = (places.clone().min().unwrap_or(0), places.max().unwrap_or(0));
        [first, last + 1].map(|at| list(&[&rest[..at], &[setting], &rest[at..]].concat()))
    }
}

impl syntax::Effect {
    /// The variable that it sets, as it is written.
    fn set(&self) -> Option<&str> {
        let is_assignment = match self.key {
            EffectKey::Set => true,
            EffectKey::Do => {
                matches!(expression::effect_form(&self.text, &mut Vec::new()), Some((EffectForm::Assignment, _)))
            }
            EffectKey::Start | EffectKey::Send | EffectKey::Raise | EffectKey::Restart => false,
        };
        self.text.text.split('=').next().filter(|_| is_assignment)
    }

    /// As an item of `do` in flow style, quoted where YAML would cut it.
    fn as_item(&self) -> String {
        let text = self.text.text.trim();
        let item = match self.key {
            EffectKey::Set | EffectKey::Do => text.to_owned(),
            key => format!("{} {text}", key.name()),
        };
        if item.contains([',', '[', ']', '{', '}', '"', '#', ':']) { crate::list_form::quoted(&item) } else { item }
    }
}
