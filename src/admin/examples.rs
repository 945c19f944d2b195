//! Examples for the OpenAPI document: what each answer looks like, made from the examples of its members.

use serde_json::{Map, Value, json};

use super::error::Problem;
use super::exact::{for_each_operation, named};

/// Adds an example to every answer of JSON that shows none, and to every parameter of a path.
pub(super) fn add(document: &mut Value) {
    let schemas = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    for_each_operation(document, |_, _, operation| {
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            if parameter["in"] == "path" && parameter.get("example").is_none() {
                parameter["example"] = sample(&parameter["schema"], &schemas);
            }
        }
        for (status, answer) in operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten() {
            for (kind, content) in answer.get_mut("content").and_then(Value::as_object_mut).into_iter().flatten() {
                let shown = match kind.as_str() {
                    "application/problem+json" => Problem::sample(status),
                    "application/json" => Some(sample(&content["schema"], &schemas)),
                    _ => None,
                };
                if let Some(shown) = shown
                    && content.get("example").is_none()
                {
                    content["example"] = shown;
                }
            }
        }
    });
}

/// Something of this form: what the schema itself shows, else put together of what its members show.
fn sample(schema: &Value, schemas: &Map<String, Value>) -> Value {
    if let Some(shown) = schema.get("example").or_else(|| schema["examples"].get(0)) {
        return shown.clone();
    }
    if let Some(name) = named(schema) {
        return schemas.get(name).map_or(Value::Null, |schema| sample(schema, schemas));
    }
    if let Some(choices) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        let real = choices.iter().find(|choice| choice["type"] != "null");
        return real.map_or(Value::Null, |choice| sample(choice, schemas));
    }
    if let Some(word) = schema["enum"].get(0) {
        return word.clone();
    }
    match kind(schema) {
        "object" => {
            let members = schema["properties"].as_object().into_iter().flatten();
            Value::Object(members.map(|(name, member)| (name.clone(), member_sample(name, member, schemas))).collect())
        }
        "array" => json!([sample(&schema["items"], schemas)]),
        "integer" | "number" => schema.get("minimum").cloned().filter(|least| *least != json!(0)).unwrap_or(json!(1)),
        "boolean" => json!(false),
        "string" => text(schema),
        _ => Value::Null,
    }
}

/// The end of a list is what a first page shows: whoever copies an example should not carry a cursor of nobody's.
fn member_sample(name: &str, member: &Value, schemas: &Map<String, Value>) -> Value {
    if name == "nextCursor" { Value::Null } else { sample(member, schemas) }
}

/// The type of a schema, null left aside.
fn kind(schema: &Value) -> &str {
    let mut kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().collect(),
        one => vec![one],
    };
    kinds.retain(|kind| *kind != "null");
    kinds.first().and_then(|kind| kind.as_str()).unwrap_or_default()
}

fn text(schema: &Value) -> Value {
    let id = |prefix: &str| json!(format!("{prefix}_01kafbd2x0q7h3m8w5r9t2c6ze"));
    match schema["format"].as_str().unwrap_or_default() {
        "date-time" => json!("2026-11-20T15:00:00Z"),
        "date" => json!("2026-11-20"),
        "tenant-id" => id("ten"),
        "org-id" => id("org"),
        "token-id" => id("tok"),
        "number-id" => id("num"),
        "erasure-id" => id("era"),
        "webhook-id" => id("wh"),
        "message-id" => id("msg"),
        "voicemail-id" => id("vm"),
        "port-id" => id("prt"),
        "email" => json!("robin@example.com"),
        "e164" => json!("+16475550123"),
        "sid" => json!("CA00000000000000000000000000000001"),
        "iana-zone" => json!("America/Toronto"),
        "country" => json!("CA"),
        "sip-name" => json!("sip_ca5ecdfd"),
        "sip-uri" => json!("sip:smile-dental@sip.vapi.ai"),
        "uri" => json!("https://hooks.example.com/patchbay"),
        _ => json!("…"),
    }
}
