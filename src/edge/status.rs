//! `/api/twilio/status`: what became of a call. Out of order, twice or unknown, it is `204`.

use crate::calls::{Ending, Glance};
use crate::health::AiDial;
use crate::model::{EndedBy, Fresh, FreshEnd, Via};

use super::signed::Signed;
use super::{Answer, Edge};

pub(super) async fn answer(edge: &Edge, signed: &Signed<'_>) -> Answer {
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
pub(super) async fn may_be_told(edge: &Edge, signed: &Signed<'_>) -> bool {
    let live = edge.ledger.look(&signed.call_sid).await;
    let may = live.is_none_or(|live| signed.may_speak_for(&live.tenant));
    if !may {
        not_theirs(signed);
    }
    may
}

fn not_theirs(signed: &Signed<'_>) {
    tracing::warn!(call_sid = signed.call_sid.as_str(), "an account told of a call that another account carries");
}

/// Ends the live call and keeps how it ended.
pub(super) async fn end(edge: &Edge, signed: &Signed<'_>, status: &str, by: EndedBy) {
    match edge.ledger.end_if(&signed.call_sid, by, |tenant| signed.may_speak_for(tenant)).await {
        Ending::Over(live) => redirected_call_over(edge, signed, &live, status),
        Ending::Disbelieved => return not_theirs(signed),
        Ending::NotLive => {}
    }
    edge.journal.append(Fresh::CallEnded(FreshEnd {
        call_sid: &signed.call_sid,
        at: (edge.now)(),
        status: Some(status),
        duration_seconds: signed.get("CallDuration").and_then(|seconds| seconds.parse().ok()),
        by,
    }));
}

/// After a redirect we hear nothing of the AI but that nobody asked for the fallback.
fn redirected_call_over(edge: &Edge, signed: &Signed<'_>, live: &Glance, status: &str) {
    if !live.with_ai || live.tenant.script.ai() != Some(Via::Redirect) {
        return;
    }
    let (outcome, word) =
        if status == "completed" { (AiDial::Answered, "answered") } else { (AiDial::Unknown, "canceled") };
    edge.ai_leg(&live.tenant, &signed.call_sid, "ai", outcome, word);
}
