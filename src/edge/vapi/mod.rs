//! `/api/vapi/webhook`: what Vapi asks and tells. Never empty, never 5xx, within a second.

mod assistant_request;
mod auth;
mod message;
mod reports;

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::twiml::words;

use super::route::not_allowed;
use super::{Answer, Edge, Incoming};
use message::Message;

/// Vapi waits 7.5 s at most and the caller less; the lookups inside have their own, shorter bounds.
const DEADLINE: Duration = Duration::from_millis(900);

pub(super) async fn webhook(edge: &Edge, request: &Incoming) -> Answer {
    if request.method != Method::POST {
        return not_allowed("POST");
    }
    if !auth::is_vapi(edge.settings.vapi_webhook_secret.as_ref(), request, (edge.now)()) {
        edge.refused_signature(request, "vapi");
        tracing::warn!(peer = %request.peer.ip(), "a message to the Vapi webhook was not Vapi's; check vapi.webhook_secret");
        return Answer::text(401, "unauthorized");
    }
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
        return Answer::text(400, "not JSON");
    };
    let message = Message(&body["message"]);
    match message.kind() {
        "assistant-request" => match timeout(DEADLINE, assistant_request::answer(edge, request, message)).await {
            Ok(answer) => json(&answer),
            Err(_late) => trouble(),
        },
        "status-update" => {
            reports::status_update(edge, message).await;
            nothing()
        }
        "end-of-call-report" => {
            reports::end_of_call(edge, message).await;
            nothing()
        }
        "hang" => {
            reports::hang(edge, message).await;
            nothing()
        }
        _ => nothing(),
    }
}

/// What Vapi says when nobody can tell whose line it is.
pub(super) fn trouble() -> Answer {
    json(&spoken(words::TROUBLE))
}

/// Vapi says this and hangs up.
fn spoken(sentence: &str) -> Value {
    json!({ "error": sentence })
}

fn nothing() -> Answer {
    Answer::json(Bytes::from_static(b"{}"))
}

fn json(value: &Value) -> Answer {
    Answer::json(Bytes::from(value.to_string()))
}
