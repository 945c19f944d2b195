//! The OpenAPI document holds what the routes do: every route is in it, and every answer it promises can be had.

use std::collections::BTreeSet;
use std::fs;

use axum::body::Body;
use axum::http::{Method, Request};
use patchbay::admin::document;
use patchbay::model::{Record, TenantId};
use serde_json::{Value, json};

use crate::admin_desk::Desk;
use crate::store_fixtures::{began, numbered};

/// Every operation of the document: method, path, and what is said of it.
fn operations() -> Vec<(Method, String, Value)> {
    let document: Value = serde_json::from_str(&document().to_json().unwrap()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            found.push((method, path.clone(), operation.clone()));
        }
    }
    found
}

fn statuses(operation: &Value) -> BTreeSet<String> {
    operation["responses"].as_object().unwrap().keys().cloned().collect()
}

/// The tenant that examples name.
const SHOWN_TENANT: &str = "ten_01kafbd2x0q7h3m8w5r9t2c6ze";

/// A path of the right form to which nothing belongs.
fn nothing_at(path: &str) -> String {
    let prefixes = [
        ("/numbers/", "num"),
        ("/voicemails/", "vm"),
        ("/orgs/", "org"),
        ("/tokens/", "tok"),
        ("/webhooks/", "wh"),
        ("/erasures/", "era"),
        ("/jobs/", "job"),
    ];
    let prefix = prefixes.iter().find(|(part, _)| path.contains(part)).map_or("ten", |(_, prefix)| prefix);
    path.replace("{id}", &format!("{prefix}_00000000000000000000000000"))
        .replace("{sid}", "CA0")
        .replace("{messageId}", "msg_00000000000000000000000000")
}

/// One thing of each kind that a path may name.
struct There {
    tenant: String,
    number: String,
    org: String,
    webhook: String,
}

impl There {
    async fn new(desk: &Desk) -> There {
        let tenant = desk.tenant("Smile Dental").await;
        let number = desk.number("+16475550111", &tenant).await;
        let org = desk.post("/api/orgs", json!({"name": "Acme"})).await.expect(201);
        let webhook = json!({"url": "https://hooks.example.com/", "events": ["call.ended"]});
        let webhook = desk.post("/api/webhooks", webhook).await.expect(201);
        let call = Record::CallBegan(began("CA1", Some(&TenantId::parse(&tenant).unwrap()), 0));
        desk.store.apply("journal", &numbered(1, &[call])).await.unwrap();
        let id = |thing: Value| thing["id"].as_str().unwrap().to_owned();
        There { tenant, number, org: id(org), webhook: id(webhook) }
    }

    fn at(&self, path: &str) -> String {
        let id = match path {
            _ if path.contains("/numbers/") => &self.number,
            _ if path.contains("/orgs/") => &self.org,
            _ if path.contains("/webhooks/") => &self.webhook,
            _ => &self.tenant,
        };
        path.replace("{id}", id).replace("{sid}", "CA1")
    }
}

#[test]
fn the_document_lists_every_route() {
    let listed: Vec<String> = operations().iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    insta::assert_snapshot!(listed.join("\n"));
}

/// The console's types are generated from a copy, so that nobody needs a patchbay to build it.
#[test]
fn the_console_knows_this_api() {
    let document: Value = serde_json::from_str(&document().to_json().unwrap()).unwrap();
    let now = serde_json::to_string_pretty(&document).unwrap() + "\n";
    let copy = concat!(env!("CARGO_MANIFEST_DIR"), "/console/openapi.json");
    if std::env::var_os("PATCHBAY_UPDATE").is_some_and(|set| set == "1") {
        fs::write(copy, &now).unwrap();
    }
    // Not `assert_eq!`: both are thousands of lines.
    assert!(
        fs::read_to_string(copy).is_ok_and(|kept| kept == now),
        "console/openapi.json is not the document of this API. Write it anew, and commit it:\n\
         PATCHBAY_UPDATE=1 cargo test --test it the_console_knows_this_api"
    );
}

#[test]
fn every_operation_says_what_it_does_and_shows_how() {
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations() {
        let name = format!("{method} {path}");
        assert!(operation["summary"].as_str().is_some_and(|words| words.len() > 4), "{name}");
        assert!(operation["tags"][0].is_string(), "{name}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{name} has no name of its own");
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(response["description"].as_str().is_some_and(|words| !words.is_empty()), "{name} {status}");
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].as_str().is_some_and(|words| !words.is_empty()), "{name} {parameter}");
        }
    }
}

#[test]
fn every_reference_in_the_document_leads_somewhere() {
    fn walk(value: &Value, document: &Value) {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(&target[1..]).is_some_and(Value::is_object), "{target} leads nowhere");
        }
        match value {
            Value::Object(members) => members.values().for_each(|member| walk(member, document)),
            Value::Array(items) => items.iter().for_each(|item| walk(item, document)),
            _ => {}
        }
    }
    let document: Value = serde_json::from_str(&document().to_json().unwrap()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    walk(&document, &document);
}

#[tokio::test]
async fn every_operation_under_api_refuses_whoever_has_no_token_and_says_so() {
    let desk = Desk::new().await;
    for (method, path, operation) in operations() {
        let request = Request::builder().method(method.clone()).uri(nothing_at(&path)).body(Body::empty()).unwrap();
        let answer = desk.send(request).await;
        let signs_in = path == "/api/session" && method == Method::POST;
        let is_api = path.starts_with("/api/") && !signs_in;
        assert_eq!(answer.status == 401, is_api, "{method} {path}");
        assert_eq!(statuses(&operation).contains("401"), is_api || signs_in, "{method} {path}");
        assert_eq!(operation["security"] == json!([]), !is_api, "{method} {path}");
    }
}

#[tokio::test]
async fn every_operation_on_one_thing_says_when_it_is_not_there() {
    let desk = Desk::new().await;
    for (method, path, operation) in operations().into_iter().filter(|(_, path, _)| path.contains("id}")) {
        let body = valid_body(&operation);
        let answer = desk.ask(method.clone(), &nothing_at(&path), &[], body).await;
        assert_eq!(answer.status, 404, "{method} {path} {}", answer.text);
        assert!(statuses(&operation).contains("404"), "{method} {path}");
    }
}

#[tokio::test]
async fn whatever_says_it_takes_if_match_refuses_a_version_of_before() {
    let desk = Desk::new().await;
    let there = There::new(&desk).await;
    let mut tried = 0;
    for (method, path, operation) in operations() {
        let mut parameters = operation["parameters"].as_array().into_iter().flatten();
        if parameters.any(|parameter| parameter["name"] == "If-Match") {
            let stale = [("if-match", "\"99\"")];
            let answer = desk.ask(method.clone(), &there.at(&path), &stale, valid_body(&operation)).await;
            assert_eq!(answer.status, 412, "{method} {path}: {}", answer.text);
            tried += 1;
        }
    }
    assert_eq!(tried, 15);
}

#[tokio::test]
async fn every_operation_with_a_body_holds_it_against_its_schema() {
    let desk = Desk::new().await;
    let there = There::new(&desk).await;
    let document: Value = serde_json::from_str(&document().to_json().unwrap()).unwrap();
    let mut checked = 0;
    for (method, path, operation) in operations() {
        let Some(schema) = body_schema(&operation, &document) else { continue };
        let at = there.at(&path);
        // A voicemail needs a call first; the body is judged before it is looked for.
        let at = if path.contains("/voicemails/") { nothing_at(&path) } else { at };
        assert!(example(&schema).is_some(), "{method} {path} shows no example");
        for status in ["400", "413", "415", "422"] {
            assert!(statuses(&operation).contains(status), "{method} {path} {status}");
        }
        let answer = desk.ask(method.clone(), &at, &[], Some(json!([]))).await;
        assert_eq!(answer.faults(), [" type"], "{method} {path}");
        for name in schema["properties"].as_object().into_iter().flat_map(|members| members.keys()) {
            // No member takes a list of a list, so this is of the wrong type everywhere, itself or its item.
            let answer = desk.ask(method.clone(), &at, &[], Some(json!({name: [[]]}))).await;
            let wrong = [format!("/{name} type"), format!("/{name}/0 type"), format!("/{name} not_supported")];
            let faults = answer.faults();
            assert!(faults.iter().any(|fault| wrong.contains(fault)), "{method} {path} takes anything for {name}");
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked}");
}

#[tokio::test]
async fn every_example_is_taken_by_the_operation_that_shows_it() {
    let document: Value = serde_json::from_str(&document().to_json().unwrap()).unwrap();
    for (method, path, operation) in operations() {
        let Some(schema) = body_schema(&operation, &document) else { continue };
        let desk = Desk::new().await;
        let there = There::new(&desk).await;
        if path.contains("/voicemails/") {
            continue;
        }
        // What Vapi has is asked of Vapi, and there is none here.
        if path == "/api/numbers/sync" {
            continue;
        }
        let at = there.at(&path);
        let shown = example(&schema).map(|shown| shown.to_string());
        // Examples name things that are not there; these are.
        let shown = shown.map(|shown| shown.replace(SHOWN_TENANT, &there.tenant));
        let shown = shown.map(|shown| if path.ends_with("/release") { shown.replace("0123", "0111") } else { shown });
        let shown = shown.map(|shown| serde_json::from_str(&shown).unwrap());
        if path.ends_with("/release") {
            desk.ask(Method::DELETE, &at.replace("/release", ""), &[], None).await.expect(204);
        }
        if path.ends_with("/port") {
            let ported = json!({"method": "ported", "phoneNumber": "+13125550100"});
            let at = at.replace("/port", "/phone-integration");
            desk.ask(Method::PUT, &at, &[], Some(ported)).await.expect(200);
        }
        let answer = desk.ask(method.clone(), &at, &[], shown).await;
        assert!(answer.status.is_success(), "{method} {path} {} {}", answer.status, answer.text);
    }
}

/// A value that fits what the document says of a query parameter.
fn fitting(parameter: &Value) -> String {
    let schema = &parameter["schema"];
    let is = |name: &str| schema["type"] == name || schema["type"].as_array().is_some_and(|t| t.contains(&json!(name)));
    let first_word = schema["enum"][0].as_str().map(str::to_owned);
    match schema["format"].as_str() {
        _ if is("boolean") => "true".to_owned(),
        _ if is("integer") => "7".to_owned(),
        Some("date-time") => "2026-11-20T09:00:00Z".to_owned(),
        Some("e164") => "%2B16475550123".to_owned(),
        Some("tenant-id") => nothing_at("{id}"),
        Some("org-id") => "org_00000000000000000000000000".to_owned(),
        _ => first_word.unwrap_or_else(|| "smile".to_owned()),
    }
}

#[tokio::test]
async fn every_list_takes_each_parameter_it_names_and_refuses_any_other() {
    let desk = Desk::new().await;
    let there = There::new(&desk).await;
    let (mut lists, mut narrowed) = (0, 0);
    for (method, path, operation) in operations() {
        let at = there.at(&path);
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let named: Vec<&Value> = parameters.iter().filter(|parameter| parameter["in"] == "query").collect();
        if !named.iter().any(|parameter| parameter["name"] == "cursor") {
            continue;
        }
        lists += 1;
        for status in ["400", "422"] {
            assert!(statuses(&operation).contains(status), "{method} {path} {status}");
        }
        let answer = desk.get(&format!("{at}?colour=red")).await;
        assert_eq!(answer.faults(), ["?colour unknown_parameter"], "{path}");
        assert_eq!(desk.get(&format!("{at}?cursor=smile")).await.faults(), ["?cursor bad_cursor"], "{path}");
        for parameter in named.iter().filter(|parameter| parameter["name"] != "cursor") {
            let name = parameter["name"].as_str().unwrap();
            desk.get(&format!("{at}?{name}={}", fitting(parameter))).await.expect(200);
            let twice = desk.get(&format!("{at}?{name}={0}&{name}={0}", fitting(parameter))).await;
            assert_eq!(twice.faults(), [format!("?{name} repeated_parameter")], "{path}");
            if fitting(parameter) != "smile" {
                assert_eq!(desk.get(&format!("{at}?{name}=%01")).await.faults().len(), 1, "{path} takes any {name}");
                narrowed += 1;
            }
        }
    }
    assert!(lists >= 8 && narrowed > 20, "{lists} {narrowed}");
}

/// Keywords the check of bodies obeys, and those that only explain.
const KEYWORDS: [&str; 22] = [
    "$ref",
    "additionalProperties",
    "enum",
    "format",
    "items",
    "maxLength",
    "maximum",
    "minLength",
    "minimum",
    "oneOf",
    "pattern",
    "properties",
    "required",
    "type",
    "default",
    "description",
    "example",
    "examples",
    "readOnly",
    "summary",
    "title",
    "writeOnly",
];

/// Settings that are held against the model and not against their schema, which only shows what they look like.
const READ_BY_THE_MODEL: &str = "Availability";

/// Names every keyword of a schema that is not among those.
fn unknown_keywords(schema: &Value, document: &Value, seen: &mut BTreeSet<String>, found: &mut BTreeSet<String>) {
    let Some(members) = schema.as_object() else { return };
    found.extend(members.keys().filter(|name| !KEYWORDS.contains(&name.as_str())).cloned());
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/components/schemas/"))
        && name != READ_BY_THE_MODEL
        && seen.insert(name.to_owned())
    {
        unknown_keywords(&document["components"]["schemas"][name], document, seen, found);
    }
    let inside = schema["properties"].as_object().into_iter().flat_map(|members| members.values());
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    for schema in inside.chain(choices).chain(schema.get("items")) {
        unknown_keywords(schema, document, seen, found);
    }
}

#[test]
fn no_schema_of_a_body_has_a_keyword_that_the_check_passes_over() {
    let document: Value = serde_json::from_str(&document().to_json().unwrap()).unwrap();
    let (mut seen, mut found) = (BTreeSet::new(), BTreeSet::new());
    for (_, _, operation) in operations() {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        unknown_keywords(schema, &document, &mut seen, &mut found);
    }
    assert!(seen.len() > 5, "{seen:?}");
    assert!(found.is_empty(), "src/admin/schema.rs does not know {found:?}");
}

/// The example a schema shows.
fn example(schema: &Value) -> Option<Value> {
    schema.get("example").or_else(|| schema.get("examples")?.get(0)).cloned()
}

fn body_schema(operation: &Value, document: &Value) -> Option<Value> {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let schema = match &schema["oneOf"] {
        Value::Array(choices) => choices.iter().find(|choice| choice.get("$ref").is_some())?,
        _ => schema,
    };
    document.pointer(&schema.get("$ref")?.as_str()?[1..]).cloned()
}

fn valid_body(operation: &Value) -> Option<Value> {
    let document: Value = serde_json::from_str(&document().to_json().unwrap()).unwrap();
    example(&body_schema(operation, &document)?)
}
