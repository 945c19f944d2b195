//! Credentials kept at Vapi. What is secret in them is never told again.

use std::collections::BTreeMap;

use hyper::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::wire::{Reply, Request, fresh_uuid};
use super::super::world::State;
use super::{ORG_ID, absent, limit, oddities, problem, unknown};

const SECRET: [&str; 3] = ["authToken", "apiSecret", "authenticationPlan"];

/// Credentials by id, as they were given.
#[derive(Default)]
pub(in crate::simulator) struct Credentials {
    kept: BTreeMap<String, Value>,
}

pub(super) fn answer(state: &mut State, request: &Request, rest: &[&str]) -> Reply {
    let kept = &mut state.credentials.kept;
    match (&request.method, rest) {
        (&Method::POST, []) => match request.json().map_err(|error| vec![error]).and_then(|asked| checked(asked, None))
        {
            Ok(mut credential) => {
                let (id, now) = (fresh_uuid(), Timestamp::now().to_string());
                credential["id"] = json!(id);
                credential["orgId"] = json!(ORG_ID);
                credential["createdAt"] = json!(now);
                credential["updatedAt"] = json!(now);
                let reply = Reply::json(StatusCode::CREATED, &shown(&credential));
                kept.insert(id, credential);
                reply
            }
            Err(faults) => problem(StatusCode::BAD_REQUEST, &json!(faults)),
        },
        (&Method::GET, []) => {
            let listed = kept.values().take(limit(request)).map(shown);
            Reply::json(StatusCode::OK, &Value::Array(listed.collect()))
        }
        (method, [id]) => {
            let Some(credential) = kept.get_mut(*id) else { return absent("credential", id) };
            match *method {
                Method::GET => Reply::json(StatusCode::OK, &shown(credential)),
                Method::PATCH => {
                    let provider = credential["provider"].as_str();
                    match request.json().map_err(|error| vec![error]).and_then(|asked| checked(asked, provider)) {
                        Ok(asked) => {
                            for (name, value) in asked.as_object().into_iter().flatten() {
                                credential[name] = value.clone();
                            }
                            credential["updatedAt"] = json!(Timestamp::now().to_string());
                            Reply::json(StatusCode::OK, &shown(credential))
                        }
                        Err(faults) => problem(StatusCode::BAD_REQUEST, &json!(faults)),
                    }
                }
                Method::DELETE => {
                    let reply = Reply::json(StatusCode::OK, &shown(credential));
                    kept.remove(*id);
                    reply
                }
                _ => unknown(request),
            }
        }
        _ => unknown(request),
    }
}

/// A credential as it was asked for, or what is wrong with it. A change need not name everything, nor the provider.
fn checked(asked: Value, changes: Option<&str>) -> Result<Value, Vec<String>> {
    let provider = asked["provider"].as_str().or(changes).unwrap_or("");
    let (known, required): (&[&str], &[&str]) = match provider {
        "twilio" => (&["provider", "accountSid", "authToken", "apiKey", "apiSecret", "name"], &["accountSid"]),
        "byo-sip-trunk" => (
            &[
                "provider",
                "gateways",
                "outboundAuthenticationPlan",
                "outboundLeadingPlusEnabled",
                "techPrefix",
                "sipDiversionHeader",
                "name",
            ],
            &["gateways"],
        ),
        "webhook" | "custom-credential" => {
            (&["provider", "authenticationPlan", "encryptionPlan", "name"], &["authenticationPlan"])
        }
        _ => return Err(vec!["provider is none the simulator knows".to_owned()]),
    };
    let mut faults = oddities(&asked, known);
    if changes.is_none() {
        let missing = required.iter().filter(|name| asked.get(**name).is_none());
        faults.extend(missing.map(|name| format!("{name} should not be empty")));
    }
    if faults.is_empty() { Ok(asked) } else { Err(faults) }
}

fn shown(credential: &Value) -> Value {
    let mut shown = credential.clone();
    if let Some(fields) = shown.as_object_mut() {
        fields.retain(|name, _| !SECRET.contains(&name.as_str()));
    }
    shown
}
