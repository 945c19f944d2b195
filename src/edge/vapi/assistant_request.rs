//! `assistant-request`: who should answer this call? The same decision as for Twilio's calls, in Vapi's words.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::directory::{Found, Line};
use crate::edge::arriving::{Arriving, FirstAnswer};
use crate::edge::{Edge, Incoming};
use crate::model::{Arrival, Decision, E164, FallbackKind, Reason, Sid, TargetKind, TenantId};
use crate::routing::CompiledTenant;
use crate::routing::guard::caller_number;
use crate::twiml::words;

use super::message::Message;
use super::spoken;

pub(super) async fn answer(edge: &Edge, request: &Incoming, message: Message<'_>) -> Value {
    if let Some(tenant) = dialled_by_us(edge, message).await {
        return target(&tenant, message).unwrap_or_else(|| spoken(words::TROUBLE));
    }
    match line(edge, message).await {
        Found::Known(line) => decide(edge, request, message, &line).await,
        Found::Unknown => {
            edge.metrics.decision(Decision::fallback(Reason::UnknownNumber));
            spoken(words::UNKNOWN_NUMBER)
        }
        Found::Trouble => spoken(words::TROUBLE),
    }
}

/// A call that came in on our own SIP endpoint was decided and counted when Twilio asked.
async fn dialled_by_us(edge: &Edge, message: Message<'_>) -> Option<Arc<CompiledTenant>> {
    let sid = Sid::parse(message.our_header("callsid")?).ok()?;
    if let Some(tenant) = edge.ledger.settings(&sid).await {
        edge.ledger.heard(&sid, (edge.now)()).await;
        return Some(tenant);
    }
    let id = TenantId::parse(message.our_header("tenant")?).ok()?;
    match edge.directory.tenant(&id).await {
        Found::Known(tenant) => Some(tenant),
        Found::Unknown | Found::Trouble => None,
    }
}

async fn line(edge: &Edge, message: Message<'_>) -> Found<Line> {
    if let Some(id) = message.text("/phoneNumber/id").and_then(|id| Sid::parse(id).ok()) {
        match edge.directory.by_vapi_number(&id).await {
            Found::Unknown => {}
            found => return found,
        }
    }
    match message.text("/phoneNumber/number").and_then(|number| E164::parse(number).ok()) {
        Some(number) => edge.directory.by_number(number).await,
        None => Found::Unknown,
    }
}

async fn decide(edge: &Edge, request: &Incoming, message: Message<'_>, line: &Line) -> Value {
    let Some(sid) = message.vapi_call() else { return spoken(words::TROUBLE) };
    let called = line.number().map(|number| number.e164);
    let from = message.text("/customer/number").unwrap_or("");
    let arriving = Arriving {
        sid: &sid,
        from,
        caller: caller_number(from),
        to: &called.map(|number| number.to_string()).unwrap_or_default(),
        forwarded_from: None,
        account: None,
        arrival: Arrival::Vapi,
        at: (edge.now)(),
        arrived: request.arrived,
        request_id: edge.request_ids.next(),
    };
    let began = arriving.begin(edge, line).await;
    let (answer, step) = spell(&began.tenant, began.decision, called, message);
    match step {
        Outcome::Ai => {}
        // The call goes on at Vapi until it says `ended`; what rings may send it back to us.
        Outcome::SentTo(number, _) => edge.ledger.ringing(&sid, &[number], arriving.at).await,
        Outcome::Busy => edge.ledger.hanging_up(&sid, arriving.at).await,
    }
    if began.first {
        let answer = FirstAnswer { decision: began.decision, others: began.others, step: step.as_str(), foreign: None };
        arriving.keep(edge, Some(line), Some(&began.tenant), answer);
    }
    answer
}

/// What an answer does to the call.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    Ai,
    SentTo(E164, &'static str),
    Busy,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Outcome::Ai => "ai",
            Outcome::SentTo(_, step) => step,
            Outcome::Busy => "busy",
        }
    }
}

/// The decision in Vapi's words, and what it does. `called` is never where the call is sent: it would come back.
fn spell(tenant: &CompiledTenant, decision: Decision, called: Option<E164>, message: Message<'_>) -> (Value, Outcome) {
    if decision.available
        && let Some(answer) = target(tenant, message)
    {
        return (answer, Outcome::Ai);
    }
    let script = &tenant.script;
    let to_voicemail = matches!(decision.reason, Reason::Loop | Reason::VoicemailNumber);
    let kind = if to_voicemail { FallbackKind::Voicemail } else { script.fallback_kind() };
    let others = |number: &&E164| Some(**number) != called;
    if kind == FallbackKind::Forward
        && let Some(number) = script.forward_numbers().iter().find(others)
    {
        return (destination(*number, words::CONNECTING), Outcome::SentTo(*number, "forward"));
    }
    match tenant.voicemail_number.as_ref().filter(others) {
        Some(number) if kind != FallbackKind::BusySignal => {
            (destination(*number, ""), Outcome::SentTo(*number, "voicemail"))
        }
        _ => (spoken(words::BUSY), Outcome::Busy),
    }
}

fn target(tenant: &CompiledTenant, message: Message<'_>) -> Option<Value> {
    let target = tenant.target.as_ref()?;
    let variables = json!({"variableValues": {
        "tenant": tenant.id().as_str(),
        "business": tenant.name(),
        "callsid": message.call_sids().first().map(Sid::as_str),
    }});
    Some(match target.kind {
        TargetKind::Assistant => json!({"assistantId": target.id.as_str(), "assistantOverrides": variables}),
        TargetKind::Squad => json!({"squadId": target.id.as_str(), "squadOverrides": variables}),
    })
}

fn destination(number: E164, message: &str) -> Value {
    json!({"destination": {"type": "number", "number": number.to_string(), "message": message}})
}
