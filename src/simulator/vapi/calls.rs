//! Calls at Vapi made with the provider bypass, and their control.

use hyper::{Method, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::model::E164;

use super::super::wire::{Reply, Request, fresh_uuid};
use super::super::world::{State, VapiCall};
use super::{ORG_ID, absent, problem, unknown, well_formed};

/// The lines of a subscription.
const CONCURRENCY_LIMIT: usize = 10;

/// What `POST /call` may hold.
const CALL_PROPERTIES: &[&str] = &[
    "assistant",
    "assistantId",
    "assistantOverrides",
    "assistantVersion",
    "customer",
    "customerId",
    "customers",
    "metadata",
    "name",
    "phoneCallProviderBypassEnabled",
    "phoneNumber",
    "phoneNumberId",
    "schedulePlan",
    "squad",
    "squadId",
    "squadOverrides",
    "transport",
    "type",
    "workflow",
    "workflowId",
    "workflowOverrides",
];

pub(super) fn answer(state: &mut State, request: &Request, rest: &[&str]) -> Reply {
    match (&request.method, rest) {
        (&Method::POST, []) => create(state, request),
        (&Method::GET, [id]) => one_call(state, request, id),
        (&Method::DELETE, [id]) => delete(state, request, id),
        _ => unknown(request),
    }
}

fn create(state: &mut State, request: &Request) -> Reply {
    let asked = match request.json() {
        Ok(asked) => asked,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &json!(error)),
    };
    let faults = faults_of(&asked);
    if !faults.is_empty() {
        return problem(StatusCode::BAD_REQUEST, &json!(faults));
    }
    if asked["phoneNumberId"].is_null() && asked["phoneNumber"].is_null() {
        let words = "Couldn't Get Phone Number. Need Either `phoneNumberId` Or `phoneNumber`.";
        return problem(StatusCode::BAD_REQUEST, &json!(words));
    }
    if live(state) >= CONCURRENCY_LIMIT {
        let mut body: Value = json!({ "message": "Over Concurrency Limit", "error": "Bad Request", "statusCode": 400 });
        body["subscriptionLimits"] = limits(state);
        return Reply::json(StatusCode::BAD_REQUEST, &body);
    }
    let id = fresh_uuid();
    let now = Timestamp::now();
    let call = VapiCall { asked, status: "queued".to_owned(), ended_reason: None, created: now, updated: now };
    state.vapi_calls.insert(id.clone(), call);
    let mut body = call_json(&id, &state.vapi_calls[&id], request);
    body["subscriptionLimits"] = limits(state);
    Reply::json(StatusCode::CREATED, &body)
}

fn faults_of(asked: &Value) -> Vec<String> {
    let Some(fields) = asked.as_object() else { return vec!["the body must be an object".to_owned()] };
    let mut faults: Vec<String> = fields
        .keys()
        .filter(|name| !CALL_PROPERTIES.contains(&name.as_str()))
        .map(|name| format!("property {name} should not exist"))
        .collect();
    for name in ["assistantId", "squadId"] {
        if asked.get(name).is_some_and(|id| !id.as_str().is_some_and(well_formed)) {
            faults.push(format!("{name} must be a UUID"));
        }
    }
    let customer = &asked["customer"];
    let checked = customer["numberE164CheckEnabled"] != json!(false);
    if let Some(number) = customer.get("number")
        && checked
        && number.as_str().is_none_or(|number| E164::parse(number).is_err())
    {
        faults.push("customer.number must be a valid phone number in the E.164 format.".to_owned());
    }
    let phone = &asked["phoneNumber"];
    if phone.is_object() {
        for name in ["twilioPhoneNumber", "twilioAccountSid"] {
            if !phone[name].is_string() {
                faults.push(format!("phoneNumber.{name} must be a string"));
            }
        }
    }
    faults
}

fn one_call(state: &State, request: &Request, id: &str) -> Reply {
    match state.vapi_calls.get(id) {
        Some(call) => Reply::json(StatusCode::OK, &call_json(id, call, request)),
        None => absent("call", id),
    }
}

fn delete(state: &mut State, request: &Request, id: &str) -> Reply {
    match state.vapi_calls.remove(id) {
        Some(call) => Reply::json(StatusCode::OK, &call_json(id, &call, request)),
        None => absent("call", id),
    }
}

pub(super) fn control(state: &mut State, request: &Request, id: &str) -> Reply {
    let Some(call) = state.vapi_calls.get_mut(id) else { return absent("call", id) };
    match request.json() {
        Ok(order) if order["type"] == json!("end-call") => {
            if call.status != "ended" {
                call.status = "ended".to_owned();
                call.ended_reason = Some("assistant-ended-call".to_owned());
                call.updated = Timestamp::now();
            }
            Reply::empty(StatusCode::OK)
        }
        _ => problem(StatusCode::BAD_REQUEST, &json!("the simulator knows the control message `end-call` only")),
    }
}

fn live(state: &State) -> usize {
    state.vapi_calls.values().filter(|call| call.status != "ended").count()
}

fn limits(state: &State) -> Value {
    let live = live(state);
    json!({
        "concurrencyBlocked": live >= CONCURRENCY_LIMIT,
        "concurrencyLimit": CONCURRENCY_LIMIT,
        "remainingConcurrentCalls": CONCURRENCY_LIMIT.saturating_sub(live),
    })
}

fn call_json(id: &str, call: &VapiCall, request: &Request) -> Value {
    let host = request.header(header::HOST);
    let mut body = json!({
        "id": id,
        "orgId": ORG_ID,
        "createdAt": call.created.to_string(),
        "updatedAt": call.updated.to_string(),
        "type": call.asked["type"].as_str().unwrap_or("outboundPhoneCall"),
        "status": call.status,
        "phoneCallProvider": "twilio",
        "phoneCallTransport": "pstn",
        "monitor": {
            "listenUrl": format!("ws://{host}/{id}/listen"),
            "controlUrl": format!("http://{host}/{id}/control"),
        },
    });
    for name in ["assistantId", "assistantOverrides", "squadId", "squadOverrides", "customer", "phoneNumberId"] {
        if !call.asked[name].is_null() {
            body[name] = call.asked[name].clone();
        }
    }
    if let Some(reason) = &call.ended_reason {
        body["endedReason"] = json!(reason);
        body["endedAt"] = json!(call.updated.to_string());
    }
    if call.asked["phoneCallProviderBypassEnabled"] == json!(true) {
        body["phoneCallProviderBypassEnabled"] = json!(true);
        let twiml = format!(
            "<Response><Connect><Stream url='wss://phone-call-websocket.vapi.invalid/{id}/transport'>\
             <Parameter name=\"callId\" value=\"{id}\"/></Stream></Connect></Response>"
        );
        body["phoneCallProviderDetails"] = json!({ "twiml": twiml });
    }
    body
}
