//! What a transition, `entry` or `exit` does.

use super::Effects;
use super::reader::{Keys, Reader};
use crate::yaml::{Entry, NodeKind};

/// The keys of effects.
pub(super) const EFFECT_KEYS: &[&str] = &["set", "do", "send", "start", "raise", "restart"];

/// The effects among these keys.
pub(super) fn read_effects(reader: &mut Reader<'_>, keys: &Keys<'_>) -> Effects {
    let mut list =
        |key: &str, wanted: &str| keys.entry(key).map(|entry| reader.texts(entry, wanted)).unwrap_or_default();
    Effects {
        set: list("set", "an assignment or a list of assignments"),
        actions: list("do", "an action or a list of actions"),
        sends: list("send", "an event for another automaton or a list of them"),
        starts: list("start", "a new instance or a list of them"),
        raises: list("raise", "an event of this automaton or a list of them"),
        restarts: list("restart", "a timer or a list of timers"),
    }
}

/// `entry` or `exit`: the effects, or an action or list of actions where only `do` is meant.
pub(super) fn read_entry_or_exit(reader: &mut Reader<'_>, entry: &Entry) -> Effects {
    let wanted = "an action, a list of actions, or a mapping";
    let Some(node) = reader.present(entry, wanted) else { return Effects::default() };
    if !matches!(node.kind, NodeKind::Mapping(_)) {
        return Effects { actions: reader.texts(entry, "an action or a list of actions"), ..Effects::default() };
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
