//! The differences between two records of one delivery.

use automata_runtime::Record;
use automata_runtime::secret::SECRET;
use serde_json::{Map, Value as Json};

use crate::interpreter::is_stamp;

/// Each difference as (what, in the first, in the second); nothing if they agree.
///
/// A secret that stands in the definitions is known to who reads them, and a trace hides it. So where one of the two
/// has such a secret, any agrees with any.
#[must_use]
pub fn differences(first: &Record, second: &Record) -> Vec<(String, String, String)> {
    let (mut first, mut second) = (json(first), json(second));
    // A timer that starts in one only is reported by its name, whether others start with it or not.
    for record in [&mut first, &mut second] {
        if let Json::Object(fields) = record {
            fields.entry("timers").or_insert_with(|| Json::Object(Map::new()));
        }
    }
    if [&first, &second].into_iter().any(has_known_secret) {
        hide(&mut first);
        hide(&mut second);
    }
    let mut found = Vec::new();
    compare("", &first, &second, &mut found);
    found
}

fn has_known_secret(json: &Json) -> bool {
    match json {
        Json::Array(items) => items.iter().any(has_known_secret),
        Json::Object(fields) => fields.values().any(has_known_secret),
        json => json.as_str() == Some(SECRET),
    }
}

/// What is left of a record when no secret can be told from another.
fn hide(record: &mut Json) {
    hide_stamps(record);
    let Json::Object(fields) = record else { return };
    if let Some(Json::Object(variables)) = fields.get_mut("variables") {
        variables.retain(|_, change| *change != Json::from([SECRET; 2].as_slice()));
        if variables.is_empty() {
            fields.remove("variables");
        }
    }
    if let Some(Json::Array(conditions)) = fields.get_mut("conditions") {
        let mut kept: Vec<Json> = Vec::new();
        conditions.drain(..).for_each(|asked| {
            if !kept.contains(&asked) {
                kept.push(asked)
            }
        });
        *conditions = kept;
    }
}

fn hide_stamps(json: &mut Json) {
    match json {
        json if is_stamp(json) => *json = Json::from(SECRET),
        Json::Array(items) => items.iter_mut().for_each(hide_stamps),
        Json::Object(fields) => fields.values_mut().for_each(hide_stamps),
        _ => {}
    }
}

/// The time from which the two differ in effect: that of the delivery, or, if only timers are due at other times, the
/// earliest time at which one of them is due.
#[must_use]
pub fn parts_at_ms(first: &Record, second: &Record) -> u64 {
    let without = |record: &Record| Record { timers: Map::new(), ..record.clone() };
    if !differences(&without(first), &without(second)).is_empty() {
        return first.at_ms.min(second.at_ms);
    }
    let labels = first.timers.keys().chain(second.timers.keys());
    let differing = labels.filter(|label| first.timers.get(*label) != second.timers.get(*label));
    let due = differing.flat_map(|label| [first.timers.get(label), second.timers.get(label)]);
    due.flatten().filter_map(Json::as_u64).min().unwrap_or(first.at_ms)
}

fn json(record: &Record) -> Json {
    serde_json::to_value(record).unwrap_or_default()
}

fn compare(place: &str, first: &Json, second: &Json, found: &mut Vec<(String, String, String)>) {
    match (first, second) {
        (Json::Object(a), Json::Object(b)) if !is_stamp(first) && !is_stamp(second) => {
            let names: Vec<&String> = a.keys().chain(b.keys().filter(|name| !a.contains_key(*name))).collect();
            for name in names {
                let inner = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                let of = |object: &serde_json::Map<String, Json>| object.get(name).cloned();
                match (of(a), of(b)) {
                    (Some(a), Some(b)) => compare(&inner, &a, &b, found),
                    (a, b) => found.push((inner, shown(a.as_ref()), shown(b.as_ref()))),
                }
            }
        }
        // Lists of actions and the like: the first place where they differ, and both in full if one is longer.
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{place}[{index}]"), a, b, found);
            }
        }
        _ if first == second => {}
        _ => found.push((place.to_owned(), shown(Some(first)), shown(Some(second)))),
    }
}

fn shown(value: Option<&Json>) -> String {
    value.map_or_else(|| "nothing".to_owned(), Json::to_string)
}
