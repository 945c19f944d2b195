//! Makes the OpenAPI document say exactly what the API takes and answers: the formats of ours as patterns, answers
//! closed and complete, the headers all answers carry, and where an identifier of one answer leads.
//!
//! The handlers' types say most of it; here stands what follows from them by a rule, so that no handler repeats it.
//! Examples are made in `examples`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use super::examples;

/// What a text of each format of ours looks like. A pattern is for programs that write and read them; what it cannot
/// say (that a zone exists, that a slug is free) the API says when it is asked.
const FORMS: [(&str, &str); 21] = [
    ("tenant-id", "^ten_[0-9a-hjkmnp-tv-z]{26}$"),
    ("org-id", "^org_[0-9a-hjkmnp-tv-z]{26}$"),
    ("token-id", "^tok_[0-9a-hjkmnp-tv-z]{26}$"),
    ("number-id", "^num_[0-9a-hjkmnp-tv-z]{26}$"),
    ("job-id", "^job_[0-9a-hjkmnp-tv-z]{26}$"),
    ("voicemail-id", "^vm_[0-9a-hjkmnp-tv-z]{26}$"),
    ("erasure-id", "^era_[0-9a-hjkmnp-tv-z]{26}$"),
    ("webhook-id", "^wh_[0-9a-hjkmnp-tv-z]{26}$"),
    ("message-id", "^msg_[0-9a-hjkmnp-tv-z]{26}$"),
    ("webhook-url", "^[Hh][Tt][Tt][Pp][Ss]://.+$"),
    ("webhook-secret", "^whsec_[A-Za-z0-9+/]{32,88}={0,2}$"),
    ("port-id", "^prt_[0-9a-hjkmnp-tv-z]{26}$"),
    ("email", r"^[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+$"),
    ("role", "^(operator|org:org_[0-9a-hjkmnp-tv-z]{26}|tenant:ten_[0-9a-hjkmnp-tv-z]{26})$"),
    ("e164", r"^\+[0-9]{7,15}$"),
    ("sid", "^[!-~]{1,64}$"),
    ("slug", "^(?!clinic-)(?![0-9]{7,}$)[a-z0-9-]{1,63}$"),
    ("country", "^[A-Za-z]{2}$"),
    ("iana-zone", "^[A-Za-z][A-Za-z0-9_+/-]*$"),
    ("sip-name", "^sip_[0-9a-f]{8}$"),
    ("sip-uri", "^[Ss][Ii][Pp][Ss]?:[!-~]+@[!-~]+$"),
];

/// Texts for people: without control characters, and a name is more than blanks.
const SPOKEN: &str = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$";
const NOTE: &str = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$";

/// Kinds of events, by comma.
const EVENT_KINDS: &str = r"^((call\.(began|event|ended)|voicemail|job|changed|ai\.breaker|warning)(,(?!$)|$))*$";

/// Which identifier a path names, by the resource before it.
const NAMED_BY: [(&str, &str); 9] = [
    ("/api/erasures/", "erasure-id"),
    ("/api/webhooks/", "webhook-id"),
    ("/api/tenants/", "tenant-id"),
    ("/api/orgs/", "org-id"),
    ("/api/tokens/", "token-id"),
    ("/api/numbers/", "number-id"),
    ("/api/jobs/", "job-id"),
    ("/api/voicemails/", "voicemail-id"),
    ("/api/calls/", "sid"),
];

/// Parameters that mean the same wherever they are.
const PARAMETERS: [(&str, &str, &str); 7] = [
    ("path", "messageId", "message-id"),
    ("path", "name", "sip-name"),
    ("query", "types", "event-kinds"),
    ("query", "tenantId", "tenant-id"),
    ("query", "cursor", "cursor"),
    ("header", "Idempotency-Key", "idempotency-key"),
    ("header", "If-Match", "version-tag"),
];

/// The OpenAPI document as it is served.
#[derive(Debug)]
pub struct Document(Value);

impl Document {
    /// Makes what the handlers say exact.
    pub(super) fn exactly(said: OpenApi) -> Document {
        let mut document = serde_json::to_value(said).expect("a document is made of texts and numbers");
        exact(&mut document);
        Document(document)
    }

    /// The document as JSON.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(&self.0)
    }
}

fn exact(document: &mut Value) {
    show_availability(document);
    join_parts(document);
    complete_answers(document);
    for_each_operation(document, name_what_parameters_are);
    spell_formats(document);
    for_each_operation(document, |_, _, operation| add_headers(operation));
    add_links(document);
    examples::add(document);
}

/// Does something to every operation: path, method, operation.
pub(super) fn for_each_operation(document: &mut Value, mut touch: impl FnMut(&str, &str, &mut Value)) {
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            touch(path, method, operation);
        }
    }
}

/// Availability settings are read by the model and not by a type of ours, so their form is written down by hand. It
/// explains; whoever saves settings hears from the model what is wrong with them.
fn show_availability(document: &mut Value) {
    let form: Map<String, Value> =
        serde_json::from_str(include_str!("forms/availability.json")).expect("the file is JSON, and a test reads it");
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.extend(form);
    }
}

/// The name of the schema a reference leads to.
pub(super) fn named(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/components/schemas/")
}

/// What is put together of several schemas becomes one, since only one of one piece can be closed.
fn join_parts(document: &mut Value) {
    let Some(known) = document["components"]["schemas"].as_object().cloned() else { return };
    for schema in document["components"]["schemas"].as_object_mut().into_iter().flat_map(|schemas| schemas.values_mut())
    {
        let Some(parts) = schema["allOf"].as_array().cloned() else { continue };
        let (mut members, mut required) = (Map::new(), Vec::new());
        for part in &parts {
            let part = named(part).and_then(|name| known.get(name)).unwrap_or(part);
            members.extend(part["properties"].as_object().cloned().unwrap_or_default());
            required.extend(part["required"].as_array().cloned().unwrap_or_default());
        }
        let words = schema["description"].take();
        *schema = json!({"type": "object", "required": required, "properties": members});
        if !words.is_null() {
            schema["description"] = words;
        }
    }
}

/// What only answers has no members but those it names, and leaves none out that may be null: such a member is null
/// rather than absent. What may be absent is never null.
fn complete_answers(document: &mut Value) {
    let taken = reached(document, |operation| vec![&operation["requestBody"]]);
    let answered =
        reached(document, |operation| operation["responses"].as_object().into_iter().flat_map(Map::values).collect());
    for name in answered.difference(&taken) {
        let schema = &mut document["components"]["schemas"][name];
        let Some(members) = schema["properties"].as_object() else { continue };
        let mut required: Vec<Value> = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, member) in members {
            if may_be_null(member) && !required.iter().any(|known| known == name) {
                required.push(json!(name));
            }
        }
        schema["required"] = json!(required);
        schema["additionalProperties"] = json!(false);
    }
}

fn may_be_null(schema: &Value) -> bool {
    let is_null = |kind: &Value| kind == "null";
    let of_types = schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(is_null));
    // A schema without a word takes anything, null with it.
    let of_anything = schema.as_object().is_some_and(|words| words.keys().all(|word| word == "description"));
    of_types
        || of_anything
        || schema["oneOf"].as_array().is_some_and(|choices| choices.iter().any(|one| is_null(&one["type"])))
}

/// The names of all schemas that some part of the operations leads to.
fn reached(document: &Value, part: impl Fn(&Value) -> Vec<&Value>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let items = document["paths"].as_object().into_iter().flat_map(Map::values);
    let operations = items.flat_map(|item| item.as_object().into_iter().flat_map(Map::values));
    let mut open: Vec<&Value> = operations.flat_map(part).collect();
    while let Some(value) = open.pop() {
        if let Some(name) = named(value)
            && found.insert(name.to_owned())
        {
            open.push(&document["components"]["schemas"][name]);
        }
        match value {
            Value::Object(members) => open.extend(members.values()),
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    found
}

/// Gives parameters the format of what they name.
fn name_what_parameters_are(path: &str, _method: &str, operation: &mut Value) {
    let mut first = true;
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        let (place, name) =
            (parameter["in"].as_str().unwrap_or_default(), parameter["name"].as_str().unwrap_or_default());
        let format = match place {
            // The first is whose it is; what comes behind it says so itself.
            "path" if std::mem::take(&mut first) => {
                NAMED_BY.iter().find(|(start, _)| path.starts_with(start)).map(|(_, format)| *format)
            }
            _ => PARAMETERS.iter().find(|(at, of, _)| (*at, *of) == (place, name)).map(|(_, _, format)| *format),
        };
        if (place, name) == ("query", "limit") {
            // Any whole number is taken: one beyond all bounds is clamped like one that is only too large.
            parameter["schema"].as_object_mut().map(|schema| schema.shift_remove("format"));
        }
        if let Some(format) = format
            && parameter["schema"].get("format").is_none()
        {
            parameter["schema"]["format"] = json!(format);
        }
    }
}

/// Writes the pattern of each format of ours beside it.
fn spell_formats(value: &mut Value) {
    if let Some(format) = value.get("format").and_then(Value::as_str).map(str::to_owned) {
        spell(value, &format);
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(spell_formats),
        Value::Array(items) => items.iter_mut().for_each(spell_formats),
        _ => {}
    }
}

fn spell(schema: &mut Value, format: &str) {
    let pattern = match format {
        "spoken" => SPOKEN,
        "text" => NOTE,
        "cursor" => "^[A-Za-z0-9_-]*$",
        "event-kinds" => EVENT_KINDS,
        "idempotency-key" => "^[!-~]{1,255}$",
        "version-tag" => r#"^(\*|"[0-9]+"(, ?"[0-9]+")*)$"#,
        _ => match FORMS.iter().find(|(name, _)| *name == format) {
            Some((_, pattern)) => pattern,
            None => return,
        },
    };
    if schema.get("pattern").is_none() {
        schema["pattern"] = json!(pattern);
    }
}

/// The headers an answer carries beside those its handler names.
fn add_headers(operation: &mut Value) {
    let is_post =
        operation["parameters"].as_array().into_iter().flatten().any(|given| given["name"] == "Idempotency-Key");
    let Some(answers) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for (status, answer) in answers {
        let mut add = |name: &str, words: &str, schema: Value, always: bool| {
            if answer["headers"].get(name).is_none() {
                answer["headers"][name] = json!({"description": words, "schema": schema, "required": always});
            }
        };
        let text = || json!({"type": "string"});
        add("X-Request-Id", "The id under which the log speaks of this request.", text(), true);
        if is_post {
            let schema = json!({"type": "string", "enum": ["true"]});
            add("Idempotency-Replayed", "This is the first answer to the same Idempotency-Key.", schema, false);
        }
        match status.as_str() {
            "401" => add("WWW-Authenticate", "How to prove who one is.", text(), true),
            "503" => add(
                "Retry-After",
                "Seconds after which to try again.",
                json!({"type": "string", "pattern": "^[0-9]+$"}),
                false,
            ),
            _ => {}
        }
    }
}

/// Says for each thing that is made where its identifier leads.
fn add_links(document: &mut Value) {
    let mut lead = Vec::new();
    for_each_operation(document, |_, _, operation| {
        let id = operation["operationId"].clone();
        let first = operation["parameters"].as_array().into_iter().flatten().find(|given| given["in"] == "path");
        if let Some(first) = first.filter(|first| first["schema"]["format"].is_string()) {
            lead.push((first["schema"]["format"].clone(), first["name"].clone(), id));
        }
    });
    let schemas = document["components"]["schemas"].clone();
    for_each_operation(document, |_, _, operation| {
        let Some(made) = operation.pointer_mut("/responses/201") else { return };
        let name = named(&made["content"]["application/json"]["schema"]).unwrap_or_default();
        let format = schemas[name]["properties"]["id"]["format"].clone();
        for (_, parameter, id) in lead.iter().filter(|(of, _, _)| format.is_string() && *of == format) {
            let (Some(id), Some(parameter)) = (id.as_str(), parameter.as_str()) else { continue };
            made["links"][id] = json!({"operationId": id, "parameters": {parameter: "$response.body#/id"}});
        }
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::super::formats;
    use super::*;

    /// The pattern of a format as far as this machine's regular expressions go: they do not look ahead.
    fn pattern(format: &str) -> Regex {
        let mut schema = json!({});
        spell(&mut schema, format);
        let pattern = schema["pattern"].as_str().expect("a format of ours").to_owned();
        let plain = pattern.replace("(?!clinic-)(?![0-9]{7,}$)", "");
        Regex::new(&plain).expect("a pattern")
    }

    #[test]
    fn a_pattern_takes_what_the_api_takes_and_refuses_what_has_the_wrong_form() {
        let id = "01kafbd2x0q7h3m8w5r9t2c6ze";
        let role = format!("tenant:ten_{id}");
        for (format, good, bad) in [
            ("role", role.as_str(), "tenant:1"),
            ("role", "operator", "operators"),
            ("e164", "+16475550123", "16475550123"),
            ("sid", "CA01", "CA 01"),
            ("slug", "smile-dental", "Smile"),
            ("country", "ca", "CAN"),
            ("iana-zone", "America/Argentina/Buenos_Aires", "../etc"),
            ("sip-uri", "sips:desk@sip.vapi.ai:5061;transport=tls", "desk@sip.vapi.ai"),
            ("spoken", "Café ]]> & Sons", " "),
            ("text", "one\n\ttwo", "a\0b"),
        ] {
            assert!(pattern(format).is_match(good) && formats::check(Some(format), good).is_ok(), "{format} {good}");
            assert!(!pattern(format).is_match(bad) && formats::check(Some(format), bad).is_err(), "{format} {bad}");
        }
        for (format, prefix) in [("tenant-id", "ten"), ("org-id", "org"), ("token-id", "tok"), ("number-id", "num")] {
            let (good, bad) = (format!("{prefix}_{id}"), format!("{prefix}_{id}l"));
            assert!(pattern(format).is_match(&good) && formats::check(Some(format), &good).is_ok(), "{format}");
            assert!(!pattern(format).is_match(&bad) && formats::check(Some(format), &bad).is_err(), "{format}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_api_takes_fits_the_pattern(
            format in prop::sample::select(vec!["spoken", "text", "sid", "slug", "country", "e164", "sip-uri", "iana-zone"]),
            text in r"\PC{0,12}|[+]?[0-9]{5,16}|sips?:[!-~]{1,9}@[!-~]{1,9}|[a-z0-9-]{1,8}|[A-Za-z]{2}|[\x00-\x9f]{0,5}",
        ) {
            let taken = formats::check(Some(format), &text).is_ok();
            prop_assert!(!taken || pattern(format).is_match(&text), "{format} {text:?}");
        }
    }
}
