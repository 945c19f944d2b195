//! The OpenAPI document is exact: answers are closed and complete and show what they look like, headers are named, and
//! what is made says where its identifier leads.

use std::collections::BTreeSet;

use patchbay::admin::document;
use serde_json::{Map, Value};

fn read() -> Value {
    serde_json::from_str(&document().to_json().unwrap()).unwrap()
}

/// Every operation: its name, and what is said of it.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let of = |(path, item): (&String, _)| (path.clone(), Value::as_object(item).unwrap().iter());
    let all = paths.map(of).flat_map(|(path, item)| item.map(move |(method, said)| (format!("{method} {path}"), said)));
    all.collect()
}

fn answers(operation: &Value) -> &Map<String, Value> {
    operation["responses"].as_object().unwrap()
}

/// The names of all schemas a value leads to.
fn reached(document: &Value, from: &Value, found: &mut BTreeSet<String>) {
    if let Some(name) = from["$ref"].as_str().and_then(|name| name.strip_prefix("#/components/schemas/"))
        && found.insert(name.to_owned())
    {
        reached(document, &document["components"]["schemas"][name], found);
    }
    match from {
        Value::Object(members) => members.values().for_each(|member| reached(document, member, found)),
        Value::Array(items) => items.iter().for_each(|item| reached(document, item, found)),
        _ => {}
    }
}

#[test]
fn what_only_answers_is_closed_and_leaves_nothing_out_that_may_be_null() {
    let document = read();
    let (mut taken, mut answered) = (BTreeSet::new(), BTreeSet::new());
    for (_, operation) in operations(&document) {
        reached(&document, &operation["requestBody"], &mut taken);
        reached(&document, &operation["responses"], &mut answered);
    }
    let only: Vec<&String> = answered.difference(&taken).collect();
    assert!(only.len() > 20, "{only:?}");
    for name in only {
        let schema = &document["components"]["schemas"][name];
        assert!(schema.get("allOf").is_none(), "{name} is in parts");
        let Some(members) = schema["properties"].as_object() else { continue };
        assert_eq!(schema["additionalProperties"], false, "{name}");
        for (member, said) in members {
            let may_be_null = said["type"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"));
            let must = schema["required"].as_array().into_iter().flatten().any(|must| must == member);
            assert!(!may_be_null || must, "{name}.{member} may be null and absent: which is it?");
        }
    }
}

#[test]
fn every_answer_names_its_headers_and_shows_an_example() {
    let document = read();
    for (name, operation) in operations(&document) {
        for (status, answer) in answers(operation) {
            let names: Vec<&String> = answer["headers"].as_object().unwrap().keys().collect();
            let has = |wanted: &str| names.iter().any(|name| *name == wanted);
            assert!(has("X-Request-Id"), "{name} {status}");
            assert_eq!(has("WWW-Authenticate"), status == "401", "{name} {status}");
            // Whoever signs in is nobody yet to whom a key could belong.
            let takes_key = name.starts_with("post ") && name != "post /api/session";
            assert_eq!(has("Idempotency-Replayed"), takes_key, "{name} {status}");
            for (kind, content) in answer["content"].as_object().into_iter().flatten() {
                let is_shown =
                    content.get("example").is_some() || ["402", "409", "416", "502"].contains(&status.as_str());
                let is_json = kind == "application/json" || kind == "application/problem+json";
                assert!(is_shown || !is_json, "{name} {status} shows no {kind}");
            }
        }
    }
}

#[test]
fn every_parameter_says_what_it_looks_like() {
    let document = read();
    for (name, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let schema = &parameter["schema"];
            let free = ["q", "lastEventId", "Last-Event-ID", "Range", "X-Vapi-Secret"]
                .iter()
                .any(|name| parameter["name"] == *name);
            let said = ["pattern", "enum", "$ref", "oneOf", "format", "minimum", "maxLength", "default"];
            let exact = said.iter().any(|word| schema.get(word).is_some()) || schema["type"] == "boolean";
            assert!(free || exact, "{name}: {parameter}");
            assert!(parameter["in"] != "path" || parameter.get("example").is_some(), "{name}: {parameter}");
        }
    }
}

#[test]
fn what_is_made_says_where_its_identifier_leads() {
    let document = read();
    let operations = operations(&document);
    let mut leads = 0;
    for (name, operation) in &operations {
        for (_, answer) in answers(operation) {
            for (target, link) in answer["links"].as_object().into_iter().flatten() {
                let found = operations.iter().find(|(_, other)| other["operationId"] == link["operationId"]);
                let (_, found) = found.unwrap_or_else(|| panic!("{name} leads to {target}, which is not there"));
                for parameter in link["parameters"].as_object().unwrap().keys() {
                    let takes = found["parameters"].as_array().unwrap().iter().any(|one| one["name"] == *parameter);
                    assert!(takes, "{target} takes no {parameter}");
                }
                leads += 1;
            }
        }
    }
    assert!(leads > 15, "{leads}");
}
