//! What a transition, `entry` or `exit` does.

use super::reader::{Keys, Reader};
use super::{Effect, EffectKey, Effects};
use crate::yaml::{Entry, NodeKind};

/// The keys of effects.
pub(super) const EFFECT_KEYS: &[&str] = &["set", "do", "send", "start", "raise", "restart"];

/// The effects among these keys, in the order in which they happen.
pub(super) fn read_effects(reader: &mut Reader<'_>, keys: &Keys<'_>) -> Effects {
    let mut effects = Vec::new();
    for key in EffectKey::ALL {
        let texts = keys.entry(key.name()).map(|entry| reader.texts(entry, wanted(key))).unwrap_or_default();
        effects.extend(texts.into_iter().map(|text| Effect { key, text }));
    }
    Effects(effects)
}

const fn wanted(key: EffectKey) -> &'static str {
    match key {
        EffectKey::Set => "an assignment or a list of assignments",
        EffectKey::Do => "an effect or a list of effects",
        EffectKey::Start => "a new instance or a list of them",
        EffectKey::Send => "an event for another automaton or a list of them",
        EffectKey::Raise => "an event of this automaton or a list of them",
        EffectKey::Restart => "a timer or a list of timers",
    }
}

/// `entry` or `exit`: the effects, or an effect or list of effects where only `do` is meant.
pub(super) fn read_entry_or_exit(reader: &mut Reader<'_>, entry: &Entry) -> Effects {
    let Some(node) = reader.present(entry, "an effect, a list of effects, or a mapping") else {
        return Effects::default();
    };
    if !matches!(node.kind, NodeKind::Mapping(_)) {
        let texts = reader.texts(entry, wanted(EffectKey::Do));
        return Effects(texts.into_iter().map(|text| Effect { key: EffectKey::Do, text }).collect());
    }
    let what = format!("`{}`", entry.key.text);
    let known = [EFFECT_KEYS, &["summary"]].concat();
    match reader.keys(node, entry.key.span, &what, &known) {
        Some(keys) => {
            reader.prose(&keys, "summary");
            read_effects(reader, &keys)
        }
        None => Effects::default(),
    }
}
