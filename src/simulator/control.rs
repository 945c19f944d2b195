//! The paths under `/_sim`: faults on demand, what was asked and bought, and the state of calls, numbers and ports.

use std::collections::BTreeMap;

use hyper::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::faults::Order;
use super::wire::{Reply, Request, fresh_sid};
use super::world::{Recording, State, TwilioCall, VapiCall, World};
use super::{Account, twilio, vapi};

/// A call as `POST /_sim/calls` sets it. What is left out keeps its value, or takes a plain one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SetCall {
    sid: String,
    status: String,
    #[serde(default)]
    provider: Provider,
    account_sid: Option<String>,
    parent_call_sid: Option<String>,
    from: Option<String>,
    to: Option<String>,
    duration: Option<u32>,
    ended_reason: Option<String>,
    recordings: Option<Vec<SetRecording>>,
}

/// Whose call it is; Vapi's ids are not Twilio's.
#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Provider {
    #[default]
    Twilio,
    Vapi,
}

/// A recording, the oldest first.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SetRecording {
    sid: Option<String>,
    #[serde(default = "completed")]
    status: String,
    #[serde(default)]
    duration: u32,
}

/// Of which kind every account at Twilio is from now on, as `POST /_sim/account` sets it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetAccount {
    kind: Account,
}

/// A number an account has, as `POST /_sim/numbers` sets it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SetNumber {
    account_sid: String,
    phone_number: String,
    /// What is set of it, as Twilio's parameters are named.
    #[serde(default)]
    with: BTreeMap<String, String>,
}

fn completed() -> String {
    "completed".to_owned()
}

pub(super) async fn answer(world: &World, request: &Request) -> Reply {
    if request.method == Method::POST && request.segments[1..] == ["ports"] {
        return move_port(world, request).await;
    }
    let mut state = world.lock();
    let path: Vec<&str> = request.segments.iter().skip(1).map(String::as_str).collect();
    match (&request.method, &path[..]) {
        (&Method::POST, ["faults"]) => match read::<Order>(request).and_then(|order| state.faults.order(order)) {
            Ok(order) => Reply::json(StatusCode::CREATED, &json!(order)),
            Err(error) => refused(&error),
        },
        (&Method::GET, ["faults"]) => Reply::json(StatusCode::OK, &state.faults.list()),
        (&Method::DELETE, ["faults"]) => {
            state.faults.clear();
            Reply::empty(StatusCode::NO_CONTENT)
        }
        (&Method::GET, ["requests"]) => Reply::json(StatusCode::OK, &json!(state.requests)),
        (&Method::DELETE, ["requests"]) => {
            state.requests.clear();
            Reply::empty(StatusCode::NO_CONTENT)
        }
        (&Method::POST, ["calls"]) => match read::<SetCall>(request) {
            Ok(call) => {
                let status = json!({ "sid": call.sid, "status": call.status });
                set(&mut state, call);
                Reply::json(StatusCode::OK, &status)
            }
            Err(error) => refused(&error),
        },
        (&Method::GET, ["calls"]) => Reply::json(StatusCode::OK, &list(&state)),
        (&Method::POST, ["numbers"]) => match read::<SetNumber>(request).and_then(|number| owned(&mut state, number)) {
            Ok(sid) => Reply::json(StatusCode::CREATED, &json!({ "sid": sid })),
            Err(error) => refused(&error),
        },
        (&Method::POST, ["account"]) => match read::<SetAccount>(request) {
            Ok(set) => {
                state.account = set.kind;
                Reply::empty(StatusCode::NO_CONTENT)
            }
            Err(error) => refused(&error),
        },
        (&Method::GET, ["bills"]) => Reply::json(StatusCode::OK, &state.billed()),
        (&Method::GET, ["ports"]) => Reply::json(StatusCode::OK, &twilio::ports_told(&state)),
        (&Method::POST, ["vapi"]) => match read::<vapi::Settings>(request) {
            Ok(settings) => {
                state.vapi_numbers.settings = settings;
                Reply::empty(StatusCode::NO_CONTENT)
            }
            Err(error) => refused(&error),
        },
        _ => Reply::json(
            StatusCode::NOT_FOUND,
            &json!({ "error": "the simulator has /_sim/faults, requests, calls, numbers, ports, account, bills and vapi" }),
        ),
    }
}

/// Brings a port on, and tells of it before it answers: what is told may come back and ask.
async fn move_port(world: &World, request: &Request) -> Reply {
    let order = match read::<twilio::PortOrder>(request) {
        Ok(order) => order,
        Err(error) => return refused(&error),
    };
    let moved = twilio::move_port(&mut world.lock(), &order);
    match moved {
        Ok((mut port, tellings)) => {
            port["events"] = json!(twilio::deliver(tellings).await);
            Reply::json(StatusCode::OK, &port)
        }
        Err(error) => refused(&error),
    }
}

fn read<T: serde::de::DeserializeOwned>(request: &Request) -> Result<T, String> {
    serde_json::from_slice(&request.body).map_err(|error| error.to_string())
}

fn refused(error: &str) -> Reply {
    Reply::json(StatusCode::BAD_REQUEST, &json!({ "error": error }))
}

fn set(state: &mut State, given: SetCall) {
    let now = Timestamp::now();
    if given.provider == Provider::Vapi {
        let call = state.vapi_calls.entry(given.sid).or_insert_with(|| VapiCall {
            asked: json!({ "type": "inboundPhoneCall" }),
            status: String::new(),
            ended_reason: None,
            created: now,
            updated: now,
        });
        call.status = given.status;
        call.ended_reason = given.ended_reason.or(call.ended_reason.take());
        call.updated = now;
        return;
    }
    let call = state.twilio_calls.entry(given.sid).or_insert_with(|| TwilioCall {
        account_sid: format!("AC{:032}", 0),
        parent_call_sid: None,
        from: "+14165550100".to_owned(),
        to: "+16475550123".to_owned(),
        status: String::new(),
        direction: "inbound".to_owned(),
        duration: None,
        created: now,
        recordings: Vec::new(),
    });
    call.status = given.status;
    call.account_sid = given.account_sid.unwrap_or_else(|| call.account_sid.clone());
    call.from = given.from.unwrap_or_else(|| call.from.clone());
    call.to = given.to.unwrap_or_else(|| call.to.clone());
    call.duration = given.duration.or(call.duration);
    if let Some(parent) = given.parent_call_sid {
        call.parent_call_sid = Some(parent);
        call.direction = "outbound-dial".to_owned();
    }
    if let Some(recordings) = given.recordings {
        // A second apart, so that the newest is known by its date.
        call.recordings = recordings
            .into_iter()
            .zip(0i64..)
            .map(|(recording, at)| Recording {
                sid: recording.sid.unwrap_or_else(|| fresh_sid("RE")),
                status: recording.status,
                duration: recording.duration,
                created: now + SignedDuration::from_secs(at),
            })
            .collect();
    }
}

fn owned(state: &mut State, given: SetNumber) -> Result<String, String> {
    let form: Vec<(String, String)> = given.with.into_iter().collect();
    twilio::seed(state, &given.account_sid, &given.phone_number, &form)
}

fn list(state: &State) -> Value {
    let twilio = state.twilio_calls.iter().map(
        |(sid, call)| json!({ "provider": "twilio", "sid": sid, "status": call.status, "accountSid": call.account_sid }),
    );
    let vapi = state.vapi_calls.iter().map(
        |(id, call)| json!({ "provider": "vapi", "sid": id, "status": call.status, "endedReason": call.ended_reason }),
    );
    Value::Array(twilio.chain(vapi).collect())
}
