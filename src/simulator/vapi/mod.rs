//! Vapi's half, in the shapes of its public description: calls, phone numbers, credentials, and who answers.
//!
//! Requests are judged as Vapi judges them (unknown properties are refused); every well-formed id of an assistant or
//! a squad exists.

use hyper::{Method, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::wire::{Reply, Request};
use super::world::World;

mod calls;
mod credentials;
mod numbers;

pub(super) use credentials::Credentials;
pub(super) use numbers::{Numbers, Settings};

/// The organization everything belongs to.
const ORG_ID: &str = "00000000-0000-4000-8000-000000000001";

/// Longest name of anything.
const NAME_MAX: usize = 40;

/// Items of a list, unless asked otherwise, and at most.
const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1000;

pub(super) fn answer(world: &World, request: &Request) -> Reply {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    // The control address carries its own permission, as Vapi's does.
    if let (&Method::POST, [id, "control"]) = (&request.method, &segments[..]) {
        return calls::control(&mut world.lock(), request, id);
    }
    if !let_in(world, request) {
        let words = "Invalid Key. Hot tip, you may be using the private key instead of the public key, or vice versa.";
        return problem(StatusCode::UNAUTHORIZED, &json!(words));
    }
    let state = &mut world.lock();
    match (&request.method, &segments[..]) {
        (_, ["call", rest @ ..]) => calls::answer(state, request, rest),
        (_, ["phone-number", rest @ ..]) => numbers::answer(state, request, rest),
        (&Method::GET, ["v2", "phone-number"]) => numbers::searched(state, request),
        (_, ["credential", rest @ ..]) => credentials::answer(state, request, rest),
        (&Method::GET, [kind @ ("assistant" | "squad"), id]) => who_answers(kind, id),
        _ => unknown(request),
    }
}

fn who_answers(kind: &str, id: &str) -> Reply {
    if !well_formed(id) {
        return absent(kind, id);
    }
    let created = Timestamp::UNIX_EPOCH.to_string();
    let name = format!("Simulated {kind}");
    let body = json!({ "id": id, "orgId": ORG_ID, "createdAt": created, "updatedAt": created, "name": name });
    Reply::json(StatusCode::OK, &body)
}

fn unknown(request: &Request) -> Reply {
    problem(StatusCode::NOT_FOUND, &json!(format!("Cannot {} {}", request.method, request.path)))
}

fn absent(kind: &str, id: &str) -> Reply {
    problem(StatusCode::NOT_FOUND, &json!(format!("Couldn't find {kind} with id {id}")))
}

/// How many of a list are asked for.
fn limit(request: &Request) -> usize {
    request.query("limit").and_then(|text| text.parse().ok()).unwrap_or(LIMIT).min(LIMIT_MAX)
}

/// What is wrong with properties whatever they belong to: some are not known, the name is too long.
fn oddities(asked: &Value, known: &[&str]) -> Vec<String> {
    let Some(fields) = asked.as_object() else { return vec!["the body must be an object".to_owned()] };
    let unknown = fields.keys().filter(|name| !known.contains(&name.as_str()));
    let mut faults: Vec<String> = unknown.map(|name| format!("property {name} should not exist")).collect();
    if asked["name"].as_str().is_some_and(|name| name.chars().count() > NAME_MAX) {
        faults.push(format!("name must be shorter than or equal to {NAME_MAX} characters"));
    }
    faults
}

fn well_formed(id: &str) -> bool {
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    plain && (1..=64).contains(&id.len())
}

/// An error in Vapi's shape.
pub(super) fn problem(status: StatusCode, message: &Value) -> Reply {
    Reply::json(
        status,
        &json!({
            "message": message,
            "error": status.canonical_reason().unwrap_or("Error"),
            "statusCode": status.as_u16(),
        }),
    )
}

fn let_in(world: &World, request: &Request) -> bool {
    match (&world.options.vapi_key, request.header(header::AUTHORIZATION).strip_prefix("Bearer ")) {
        (_, None | Some("")) => false,
        (None, Some(_)) => true,
        (Some(key), Some(given)) => key.reveal() == given,
    }
}
