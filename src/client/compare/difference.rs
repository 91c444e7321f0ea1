//! Where several answers are not the same. Pure.

use serde_json::Value;

/// A place at which answers differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where: `peers[0].id`; nothing if it is the whole.
    pub path: String,
    /// What each has there, in the order of the answers; nothing where there is nothing.
    pub values: Vec<Option<Value>>,
}

/// Every place at which the answers differ, the outermost that says it. Lists are compared place by place.
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
        let longest = lists.iter().map(|list| list.len()).max().unwrap_or_default();
        for place in 0..longest {
            let inside: Vec<_> = lists.iter().map(|list| list.get(place)).collect();
            compare(format!("{path}[{place}]"), &inside, found);
        }
        return;
    }
    found.push(Difference { path, values: values.iter().map(|value| value.cloned()).collect() });
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
