//! Where several answers are not the same. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A place at which answers differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where: `peers[0].id`; nothing if it is the whole.
    pub path: String,
    /// What each has there, in the order of the answers; nothing where there is nothing.
    pub values: Vec<Option<Value>>,
}

/// Every place at which the answers differ, the outermost that says it. Lists of objects that all have a name or an id
/// are compared by it, so that one entry more is one difference; all others place by place.
#[must_use]
pub fn differences(answers: &[Value]) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(String::new(), &answers.iter().map(Some).collect::<Vec<_>>(), &mut found);
    found
}

fn compare(path: String, values: &[Option<&Value>], found: &mut Vec<Difference>) {
    let Some((first, others)) = values.split_first() else { return };
    if others.iter().all(|other| other == first) {
        return;
    }
    let objects: Option<Vec<_>> = values.iter().map(|value| value.and_then(Value::as_object)).collect();
    if let Some(objects) = objects {
        let mut names: Vec<&String> = objects.iter().flat_map(|object| object.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let inside: Vec<_> = objects.iter().map(|object| object.get(name)).collect();
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            compare(path, &inside, found);
        }
        return;
    }
    let lists: Option<Vec<_>> = values.iter().map(|value| value.and_then(Value::as_array)).collect();
    if let Some(lists) = lists {
        if let Some((keys, lists)) = by_key(&lists) {
            for key in keys {
                let inside: Vec<_> = lists.iter().map(|list| list.get(key).copied()).collect();
                compare(format!("{path}[{key}]"), &inside, found);
            }
            return;
        }
        let longest = lists.iter().map(|list| list.len()).max().unwrap_or_default();
        for place in 0..longest {
            let inside: Vec<_> = lists.iter().map(|list| list.get(place)).collect();
            compare(format!("{path}[{place}]"), &inside, found);
        }
        return;
    }
    found.push(Difference { path, values: values.iter().map(|value| value.cloned()).collect() });
}

/// The elements of a list by their keys.
type Keyed<'a> = BTreeMap<&'a str, &'a Value>;

/// All keys of these lists, and each list by them, if every element is an object whose `name`, or whose `id`, is a text
/// of its own within its list.
fn by_key<'a>(lists: &[&'a Vec<Value>]) -> Option<(BTreeSet<&'a str>, Vec<Keyed<'a>>)> {
    ["name", "id"].into_iter().find_map(|field| {
        let keyed = |list: &&'a Vec<Value>| {
            let entries: Option<Keyed<'a>> =
                list.iter().map(|element| Some((element.get(field)?.as_str()?, element))).collect();
            entries.filter(|entries| entries.len() == list.len())
        };
        let lists: Vec<_> = lists.iter().map(keyed).collect::<Option<_>>()?;
        let keys = lists.iter().flat_map(|list| list.keys().copied()).collect();
        Some((keys, lists))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(answers: &[Value]) -> Vec<String> {
        let told = |difference: Difference| {
            let values = difference.values.iter().map(|value| match value {
                Some(value) => value.to_string(),
                None => "–".to_owned(),
            });
            format!("{}: {}", difference.path, values.collect::<Vec<_>>().join(" | "))
        };
        differences(answers).into_iter().map(told).collect()
    }

    #[test]
    fn what_is_the_same_differs_nowhere() {
        let answer = json!({ "a": [1, { "b": null }], "c": "x" });
        assert_eq!(told(&[answer.clone(), answer.clone(), answer]), [""; 0]);
        assert_eq!(told(&[json!({ "a": 1, "b": 2 }), json!({ "b": 2, "a": 1 })]), [""; 0]);
        assert_eq!(told(&[]), [""; 0]);
        assert_eq!(told(&[json!(1)]), [""; 0]);
    }

    #[test]
    fn one_entry_more_is_one_difference_where_entries_have_names() {
        let entry = |name: &str, state: u8| json!({ "name": name, "state": state });
        let one = json!([entry("a", 1), entry("b", 1), entry("c", 1)]);
        let other = json!([entry("c", 2), entry("a", 1)]);
        assert_eq!(told(&[one, other]), [r#"[b]: {"name":"b","state":1} | –"#, "[c].state: 1 | 2"]);
        // A name given twice names nothing.
        let twice = json!([entry("a", 1), entry("a", 2)]);
        assert_eq!(told(&[twice, json!([entry("a", 1)])]), [r#"[1]: {"name":"a","state":2} | –"#]);
        assert_eq!(told(&[json!([{ "id": "x" }]), json!([])]), [r#"[x]: {"id":"x"} | –"#]);
    }

    #[test]
    fn differences_are_told_where_they_are() {
        assert_eq!(told(&[json!(1), json!(2)]), [": 1 | 2"]);
        let one = json!({ "count": 3, "tips": ["a", "b"], "of": { "alice": 1 } });
        let other = json!({ "count": 4, "tips": ["a"], "of": { "alice": 1, "bob": 2 } });
        assert_eq!(
            told(&[one.clone(), other, one]),
            ["count: 3 | 4 | 3", "of.bob: – | 2 | –", "tips[1]: \"b\" | – | \"b\""]
        );
        assert_eq!(told(&[json!({ "a": [1] }), json!({ "a": { "b": 1 } })]), ["a: [1] | {\"b\":1}"]);
    }
}
