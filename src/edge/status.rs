//! `/api/twilio/status`: what became of a call. Out of order, twice or unknown, it is `204`.

use crate::health::AiDial;
use crate::model::{CallEnded, EndedBy, Record, Via};

use super::signed::Signed;
use super::{Answer, Edge};

pub(super) async fn answer(edge: &Edge, signed: &Signed) -> Answer {
    if let Some(parent) = signed.parent() {
        edge.ledger.heard(&parent, (edge.now)()).await;
        return Answer::empty(204);
    }
    match signed.final_status() {
        Some(status) => end(edge, signed, status, EndedBy::Status).await,
        None if may_be_told(edge, signed).await => edge.ledger.heard(&signed.call_sid, (edge.now)()).await,
        None => {}
    }
    Answer::empty(204)
}

/// Whether the call this is about is, as far as is known, one that the account may speak of.
pub(super) async fn may_be_told(edge: &Edge, signed: &Signed) -> bool {
    let live = edge.ledger.settings(&signed.call_sid).await;
    let may = live.is_none_or(|tenant| signed.may_speak_for(&tenant));
    if !may {
        tracing::warn!(call_sid = signed.call_sid.as_str(), "an account told of a call that another account carries");
    }
    may
}

/// Ends the live call and keeps how it ended.
pub(super) async fn end(edge: &Edge, signed: &Signed, status: &str, by: EndedBy) {
    if !may_be_told(edge, signed).await {
        return;
    }
    redirected_call_over(edge, signed, status).await;
    edge.ledger.end(&signed.call_sid, by).await;
    edge.journal.append(Record::CallEnded(CallEnded {
        call_sid: signed.call_sid.clone(),
        at: (edge.now)(),
        status: Some(status.to_owned()),
        duration_seconds: signed.get("CallDuration").and_then(|seconds| seconds.parse().ok()),
        by,
    }));
}

/// After a redirect we hear nothing of the AI but that nobody asked for the fallback.
async fn redirected_call_over(edge: &Edge, signed: &Signed, status: &str) {
    if !edge.ledger.is_with_ai(&signed.call_sid).await {
        return;
    }
    let Some(tenant) = edge.ledger.settings(&signed.call_sid).await else { return };
    if tenant.script.ai() == Some(Via::Redirect) {
        let (outcome, word) =
            if status == "completed" { (AiDial::Answered, "answered") } else { (AiDial::Unknown, "canceled") };
        edge.ai_leg(&tenant, &signed.call_sid, "ai", outcome, word);
    }
}
