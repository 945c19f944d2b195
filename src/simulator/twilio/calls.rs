//! Calls at Twilio and their recordings, sound included.

use hyper::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::super::sound;
use super::super::wire::{Reply, Request, rfc2822};
use super::super::world::{Recording, State, TwilioCall};
use super::{VERSION, absent, page, problem};

/// The price of everything here.
const CURRENCY: &str = "USD";

pub(super) fn answer(state: &mut State, request: &Request, account: &str, rest: &[&str]) -> Reply {
    match (&request.method, rest) {
        (&Method::GET, ["Calls", call, "Recordings.json"]) => recordings(state, request, account, Some(call)),
        (&Method::GET, ["Recordings.json"]) => recordings(state, request, account, request.query("CallSid")),
        (&Method::GET, ["Recordings", file]) => one_recording(state, request, account, file),
        (&Method::DELETE, ["Recordings", file]) => delete_recording(state, request, account, file),
        (&Method::GET, ["Calls", file]) => one_call(state, account, file).unwrap_or_else(|| absent(request)),
        (&Method::POST, ["Calls", file]) => {
            change_call(state, request, account, file).unwrap_or_else(|| absent(request))
        }
        _ => absent(request),
    }
}

fn one_call(state: &State, account: &str, file: &str) -> Option<Reply> {
    let sid = file.strip_suffix(".json")?;
    let call = state.twilio_calls.get(sid).filter(|call| call.account_sid == account)?;
    Some(Reply::json(StatusCode::OK, &call_json(sid, call)))
}

/// Hanging up is the only change of a live call that has an effect here.
fn change_call(state: &mut State, request: &Request, account: &str, file: &str) -> Option<Reply> {
    let sid = file.strip_suffix(".json")?;
    let call = state.twilio_calls.get_mut(sid).filter(|call| call.account_sid == account)?;
    let form = request.form();
    let status = form.iter().find(|(name, _)| name == "Status").map(|(_, value)| value.as_str());
    let live = matches!(call.status.as_str(), "queued" | "initiated" | "ringing" | "in-progress");
    Some(match status {
        Some("completed" | "canceled") if !live => {
            problem(StatusCode::BAD_REQUEST, 21220, "Call is not in-progress. Cannot redirect.")
        }
        Some(word @ ("completed" | "canceled")) => {
            call.status = word.to_owned();
            Reply::json(StatusCode::OK, &call_json(sid, call))
        }
        _ => problem(StatusCode::BAD_REQUEST, 21218, "The simulator changes a call only by Status"),
    })
}

fn recordings(state: &State, request: &Request, account: &str, of_call: Option<&str>) -> Reply {
    let mut found: Vec<(&str, &Recording)> = state
        .twilio_calls
        .iter()
        .filter(|(sid, call)| call.account_sid == account && of_call.is_none_or(|wanted| wanted == sid.as_str()))
        .flat_map(|(sid, call)| call.recordings.iter().map(move |recording| (sid.as_str(), recording)))
        .collect();
    found.sort_by_key(|(_, recording)| std::cmp::Reverse(recording.created));
    let listed: Vec<Value> = found.iter().map(|(call, recording)| recording_json(account, call, recording)).collect();
    page(request, "recordings", listed)
}

/// What Twilio has of a recording: its description (`.json`), or its sound.
fn one_recording(state: &State, request: &Request, account: &str, file: &str) -> Reply {
    let (sid, form) = file.rsplit_once('.').unwrap_or((file, "wav"));
    let of_account = state.twilio_calls.iter().filter(|(_, call)| call.account_sid == account);
    let found = of_account
        .flat_map(|(call, kept)| kept.recordings.iter().map(move |recording| (call, recording)))
        .find(|(_, recording)| recording.sid == sid);
    match (found, form) {
        (Some((call, recording)), "json") => Reply::json(StatusCode::OK, &recording_json(account, call, recording)),
        // Sound there is only of what was recorded to its end.
        (Some((_, recording)), "wav" | "mp3") if recording.status == "completed" => heard(request, recording, form),
        _ => absent(request),
    }
}

fn heard(request: &Request, recording: &Recording, form: &str) -> Reply {
    let (sound, kind) = match form {
        "mp3" => (sound::mp3(recording.duration), "audio/mpeg"),
        _ => (sound::wav(recording.duration), "audio/x-wav"),
    };
    let length = sound.len();
    let mut reply = match sound::part(request.header(header::RANGE), length) {
        Ok(None) => Reply::of(StatusCode::OK, sound, kind),
        Ok(Some((first, last))) => {
            let mut reply = Reply::of(StatusCode::PARTIAL_CONTENT, sound.slice(first..=last), kind);
            reply.headers.push((header::CONTENT_RANGE, format!("bytes {first}-{last}/{length}")));
            reply
        }
        Err(()) => {
            let mut reply = Reply::of(StatusCode::RANGE_NOT_SATISFIABLE, "".into(), kind);
            reply.headers.push((header::CONTENT_RANGE, format!("bytes */{length}")));
            reply
        }
    };
    reply.headers.push((header::ACCEPT_RANGES, "bytes".to_owned()));
    reply
}

fn delete_recording(state: &mut State, request: &Request, account: &str, file: &str) -> Reply {
    let sid = file.strip_suffix(".json").unwrap_or(file);
    let of_account = state.twilio_calls.values_mut().filter(|call| call.account_sid == account);
    for call in of_account {
        let before = call.recordings.len();
        call.recordings.retain(|recording| recording.sid != sid);
        if call.recordings.len() < before {
            return Reply::empty(StatusCode::NO_CONTENT);
        }
    }
    absent(request)
}

fn call_json(sid: &str, call: &TwilioCall) -> Value {
    let uri = format!("/{VERSION}/Accounts/{}/Calls/{sid}", call.account_sid);
    let ended = call.duration.is_some();
    json!({
        "sid": sid,
        "account_sid": call.account_sid,
        "parent_call_sid": call.parent_call_sid,
        "from": call.from,
        "from_formatted": call.from,
        "to": call.to,
        "to_formatted": call.to,
        "phone_number_sid": null,
        "status": call.status,
        "direction": call.direction,
        "api_version": VERSION,
        "date_created": rfc2822(call.created),
        "date_updated": rfc2822(call.created),
        "start_time": rfc2822(call.created),
        "end_time": ended.then(|| rfc2822(call.created)),
        "duration": call.duration.map(|seconds| seconds.to_string()),
        "price": null,
        "price_unit": CURRENCY,
        "answered_by": null,
        "forwarded_from": null,
        "group_sid": null,
        "caller_name": null,
        "queue_time": "0",
        "trunk_sid": null,
        "uri": format!("{uri}.json"),
        "subresource_uris": { "recordings": format!("{uri}/Recordings.json") },
    })
}

fn recording_json(account: &str, call: &str, recording: &Recording) -> Value {
    json!({
        "sid": recording.sid,
        "account_sid": account,
        "call_sid": call,
        "conference_sid": null,
        "api_version": VERSION,
        "status": recording.status,
        "duration": recording.duration.to_string(),
        "channels": 1,
        "source": "RecordVerb",
        "date_created": rfc2822(recording.created),
        "date_updated": rfc2822(recording.created),
        "start_time": rfc2822(recording.created),
        "price": null,
        "price_unit": CURRENCY,
        "error_code": null,
        "encryption_details": null,
        "track": "inbound",
        "uri": format!("/{VERSION}/Accounts/{account}/Recordings/{}.json", recording.sid),
    })
}
