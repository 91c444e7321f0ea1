//! The OpenRPC document (<https://spec.open-rpc.org>, version 1.3.2) of the API, made of the lists of its methods.

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::door_methods::DOOR_METHODS;
use super::errors::ErrorKind;
use super::methods::{Access, METHODS, MethodDescription};

/// The document. Those who may ask for public methods only are told of these only.
#[must_use]
pub fn document(most: Access) -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut schemas = settings.into_generator();
    let listed = METHODS.iter().chain(DOOR_METHODS);
    let methods: Vec<Value> = listed
        .filter(|method| most == Access::User || method.access == Access::Public)
        .map(|method| described(method, &mut schemas))
        .collect();
    json!({
        "openrpc": "1.3.2",
        "info": {
            "title": "bitpie",
            "description": "A peer-to-peer node. JSON-RPC 2.0 over HTTP, WebSocket and WebTransport; docs/API.md says how.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "methods": methods,
        "components": { "schemas": schemas.take_definitions(true), "errors": errors() },
    })
}

fn described(method: &MethodDescription, schemas: &mut SchemaGenerator) -> Value {
    let parameters = (method.parameters)(schemas);
    let result = (method.answer)(schemas);
    let mut described = json!({
        "name": method.name,
        "summary": method.summary,
        "paramStructure": "by-name",
        "params": parameters_of(&parameters, schemas),
        "result": { "name": "result", "schema": result },
        "errors": ErrorKind::ALL.iter().map(|kind| json!({ "$ref": format!("#/components/errors/{}", name_of(*kind)) })).collect::<Vec<_>>(),
    });
    if method.access == Access::User {
        described["tags"] = json!([{ "name": "user", "description": "Needs the token, on the same machine." }]);
    }
    described
}

/// OpenRPC lists parameters one by one; here they are the fields of one struct.
fn parameters_of(schema: &Schema, schemas: &SchemaGenerator) -> Vec<Value> {
    let fields = resolved(schema, schemas);
    let required: Vec<&str> =
        fields.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = fields.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let content = |(name, mut schema): (String, Value)| {
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let mut content = Map::new();
        content.insert("required".to_owned(), required.contains(&name.as_str()).into());
        content.insert("name".to_owned(), name.into());
        content.extend(description.map(|description| ("description".to_owned(), description)));
        content.insert("schema".to_owned(), schema);
        Value::Object(content)
    };
    properties.into_iter().map(content).collect()
}

/// What a reference refers to.
fn resolved(schema: &Schema, schemas: &SchemaGenerator) -> Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
    match name {
        Some(name) => schemas.definitions().get(name).cloned().unwrap_or_default(),
        None => schema.clone().to_value(),
    }
}

fn errors() -> Value {
    let error = |kind: &ErrorKind| {
        let message = name_of(*kind).replace('_', " ");
        (name_of(*kind), json!({ "code": kind.code(), "message": message }))
    };
    Value::Object(ErrorKind::ALL.iter().map(error).collect())
}

fn name_of(kind: ErrorKind) -> String {
    let name = serde_json::to_value(kind).expect("a kind is a word");
    name.as_str().expect("a kind is a word").to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::Object(fields) => {
                for (name, inside) in fields {
                    match inside {
                        Value::String(path) if name == "$ref" => found.push(path),
                        inside => references(inside, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_method_is_in_it_and_every_reference_leads_somewhere() {
        let document = document(Access::User);
        let methods = document["methods"].as_array().expect("a list");
        let names: BTreeSet<&str> = methods.iter().filter_map(|method| method["name"].as_str()).collect();
        let known: BTreeSet<&str> = METHODS.iter().chain(DOOR_METHODS).map(|method| method.name).collect();
        assert_eq!(names, known);
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > METHODS.len());
        for reference in found {
            let place = reference.strip_prefix('#').expect("nothing is elsewhere");
            assert!(document.pointer(place).is_some(), "{reference}");
        }
    }

    #[test]
    fn strangers_are_told_of_public_methods_only() {
        let document = document(Access::Public);
        let methods = document["methods"].as_array().expect("a list");
        assert!(methods.iter().any(|method| method["name"] == "getnodeinfo"));
        assert!(methods.iter().all(|method| method.get("tags").is_none() && method["name"] != "messages.send"));
    }

    #[test]
    fn parameters_stand_one_by_one_with_what_they_are() {
        let document = document(Access::User);
        let find = |name: &str| {
            let methods = document["methods"].as_array().expect("a list");
            methods.iter().find(|method| method["name"] == name).expect("there").clone()
        };
        let add = find("contact.add");
        let parameters = add["params"].as_array().expect("a list");
        let idurl = parameters.iter().find(|it| it["name"] == "idurl").expect("there");
        assert_eq!((&idurl["required"], &idurl["schema"]["type"]), (&json!(true), &json!("string")));
        let name = parameters.iter().find(|it| it["name"] == "name").expect("there");
        assert_eq!(name["required"], json!(false));
        assert!(find("status")["params"].as_array().expect("a list").is_empty());
    }
}
