//! What Vapi tells of a call: that it ended, how it went, that the AI is late.

use crate::calls::Glance;
use crate::edge::Edge;
use crate::health::AiDial;
use crate::model::{AiReport, CallEnded, EndedBy, Record, Sid, Via};

use super::message::Message;

/// Only `ended` frees a line; `forwarding` does not.
pub(super) async fn status_update(edge: &Edge, message: Message<'_>) {
    let Some(sid) = known_call(edge, message).await else { return };
    let status = message.text("/status").unwrap_or("");
    let now = (edge.now)();
    let outcome = match message.text("/endedReason") {
        Some(reason) => format!("{status}: {reason}"),
        None => status.to_owned(),
    };
    edge.note(&sid, now, "ai-status", Some(outcome), None);
    match status {
        "ended" => over(edge, message, &sid).await,
        _ => {
            if status == "in-progress" {
                ai_took_it(edge, message, &sid, AiDial::Answered).await;
            }
            edge.ledger.heard(&sid, now).await;
        }
    }
}

pub(super) async fn end_of_call(edge: &Edge, message: Message<'_>) {
    let Some(sid) = known_call(edge, message).await else { return };
    edge.journal.append(Record::AiReport(AiReport {
        call_sid: sid.clone(),
        vapi_call_id: message.vapi_call(),
        at: (edge.now)(),
        ended_reason: message.text("/endedReason").map(str::to_owned),
        duration_seconds: message.number("/durationSeconds").filter(|seconds| *seconds >= 0.0).map(|s| s as u32),
        cost_usd: message.number("/cost").filter(|cost| cost.is_finite()),
        summary: message.text("/analysis/summary").or(message.text("/summary")).map(str::to_owned),
        recording_url: recording(message).map(str::to_owned),
    }));
    over(edge, message, &sid).await;
}

pub(super) async fn hang(edge: &Edge, message: Message<'_>) {
    let Some(sid) = known_call(edge, message).await else { return };
    tracing::warn!(call_sid = sid.as_str(), "the AI is late with an answer");
    edge.ledger.heard(&sid, (edge.now)()).await;
    edge.note(&sid, (edge.now)(), "ai-late", None, None);
}

/// The AI leg is over: of Twilio's calls only that, of Vapi's own the call itself.
async fn over(edge: &Edge, message: Message<'_>, sid: &Sid) {
    let now = (edge.now)();
    let refused = message.text("/endedReason").is_some_and(was_not_taken);
    ai_took_it(edge, message, sid, if refused { AiDial::Failed } else { AiDial::Answered }).await;
    edge.ledger.ai_over(sid, now).await;
    if message.vapi_call().as_ref() == Some(sid) {
        edge.ledger.end(sid, EndedBy::Vapi).await;
        edge.journal.append(Record::CallEnded(CallEnded {
            call_sid: sid.clone(),
            at: now,
            status: message.text("/endedReason").map(str::to_owned),
            duration_seconds: None,
            by: EndedBy::Vapi,
        }));
    }
}

/// Whether the AI took a call of which nobody else tells: one on a free number, or one we redirected.
async fn ai_took_it(edge: &Edge, message: Message<'_>, sid: &Sid, outcome: AiDial) {
    let Some(Glance { tenant, with_ai: true }) = edge.ledger.look(sid).await else { return };
    if message.vapi_call().as_ref() == Some(sid) || tenant.script.ai() == Some(Via::Redirect) {
        let word = if outcome == AiDial::Failed { "failed" } else { "answered" };
        edge.ai_leg(&tenant, sid, "ai", outcome, word);
    }
}

/// Vapi's reasons that mean it did not take the call. There are hundreds, so they are told by how they begin and end.
fn was_not_taken(reason: &str) -> bool {
    const BEGIN: [&str; 8] = [
        "call-start-error-",
        "call.start.error-",
        "call.ringing.error-",
        "assistant-not-",
        "assistant-request-",
        "phone-call-provider-bypass-enabled-but-no-call-received",
        "phone-call-provider-closed-websocket",
        "vapifault",
    ];
    const END: [&str; 2] = ["-transport-never-connected", "-worker-not-available"];
    BEGIN.iter().any(|begin| reason.starts_with(begin)) || END.iter().any(|end| reason.ends_with(end))
}

/// The name under which the ledger knows this call; after a restart or its end, the surest one.
async fn known_call(edge: &Edge, message: Message<'_>) -> Option<Sid> {
    let sids = message.call_sids();
    for sid in &sids {
        if edge.ledger.settings(sid).await.is_some() {
            return Some(sid.clone());
        }
    }
    sids.into_iter().next()
}

fn recording(message: Message<'_>) -> Option<&str> {
    ["/artifact/recordingUrl", "/artifact/recording/mono/combinedUrl", "/artifact/recording/stereoUrl", "/recordingUrl"]
        .into_iter()
        .find_map(|place| message.text(place))
}
