//! `/api/twilio/next`: a leg is over, or a key was pressed. The call goes one step on.
//!
//! Where the call stands rides in the URL, which Twilio signs.

use std::sync::Arc;

use bytes::Bytes;

use crate::directory::Found;
use crate::health::AiDial;
use crate::model::{EndedBy, Sid, TenantId, Via};
use crate::routing::{self, Call, CompiledTenant, Leg, Step, Walk};
use crate::twiml::{self, Screen, Urls, canned};

use super::arriving::admit;
use super::signed::Signed;
use super::{Answer, Edge, bypass, call, status};

pub(super) async fn answer(edge: &Edge, signed: &Signed<'_>) -> Answer {
    let at = match whereabouts(edge, signed).await {
        Ok(at) => at,
        Err(answer) => return answer,
    };
    if let Some(stage) = signed.query.get("s") {
        return screen(edge, signed, &at, stage).await;
    }
    let now = (edge.now)();
    edge.ledger.ringing(&signed.call_sid, &[], now).await;
    let leg_status = signed.get("DialCallStatus").unwrap_or("");
    let caller_left = signed.final_status();
    if at.walk.step == Step::Ai {
        edge.ledger.ai_over(&signed.call_sid, now).await;
        ai_leg_over(edge, signed, &at, leg_status, caller_left.is_some());
    }
    if let Some(final_status) = caller_left {
        status::end(edge, signed, final_status, EndedBy::Action).await;
        note(edge, signed, &at.walk, leg_status, None);
        return Answer::twiml(canned::empty());
    }
    let call = signed.call(signed.arrival());
    let walk = routing::after(&at.tenant, &at.walk, leg(signed), &call);
    let (walk, body) = take_step(edge, signed, &at.tenant, walk, &call).await;
    note(edge, signed, &at.walk, leg_status, Some(&walk));
    Answer::twiml(body)
}

/// Answers a step, walking on where it is the AI's turn and the AI cannot be had.
pub(super) async fn take_step(
    edge: &Edge,
    signed: &Signed<'_>,
    tenant: &CompiledTenant,
    mut walk: Walk,
    call: &Call<'_>,
) -> (Walk, Bytes) {
    if walk.step == Step::Ai {
        match ai_again(edge, signed, tenant, &walk, call).await {
            Ai::Dial => {}
            Ai::Answers(twiml) => return (walk, twiml),
            Ai::Away => walk = routing::after(tenant, &walk, Leg::Missed, call),
        }
    }
    let body = call::render(edge, signed, tenant, &walk, call).await;
    (walk, body)
}

/// Whether a call that is under way can go to the AI.
enum Ai {
    Dial,
    Answers(Bytes),
    Away,
}

async fn ai_again(edge: &Edge, signed: &Signed<'_>, tenant: &CompiledTenant, walk: &Walk, call: &Call<'_>) -> Ai {
    let now = (edge.now)();
    // Vapi's redirect takes only calls that still ring.
    if tenant.script.ai() == Some(Via::Redirect) {
        return Ai::Away;
    }
    if admit(edge, tenant, call.arrival, now).is_err() {
        edge.metrics.ai_dial("refused");
        return Ai::Away;
    }
    if edge.ledger.ai_again(&signed.call_sid, now).await.is_err() {
        edge.metrics.ai_dial("refused");
        edge.ai_not_dialled(tenant);
        return Ai::Away;
    }
    if tenant.script.ai() != Some(Via::Bypass) {
        return Ai::Dial;
    }
    let twiml = bypass::ask(edge, signed, tenant, walk).await;
    if twiml.is_empty() { Ai::Away } else { Ai::Answers(twiml) }
}

/// A call somewhere on its walk.
pub(super) struct Whereabouts {
    /// The call: of a whisper's request, which is about the leg, its parent.
    pub sid: Sid,
    /// The settings of its first answer where the call is live, else today's.
    pub tenant: Arc<CompiledTenant>,
    /// The step that is over.
    pub walk: Walk,
}

/// Reads where the call stands from the URL, and tells the ledger that it is alive; refuses what is not ours or
/// another tenant's.
pub(super) async fn whereabouts(edge: &Edge, signed: &Signed<'_>) -> Result<Whereabouts, Answer> {
    let id = signed.query.get("t").and_then(|id| TenantId::parse(id).ok());
    let walk = signed.query.get("w").and_then(Walk::parse);
    let (Some(id), Some(walk)) = (id, walk) else {
        return Err(Answer::text(403, "forbidden"));
    };
    let sid = signed.parent().unwrap_or_else(|| signed.call_sid.clone());
    let tenant = match edge.ledger.settings(&sid).await {
        Some(tenant) if *tenant.id() == id => tenant,
        Some(_) => return Err(foreign(signed)),
        None => match edge.directory.tenant(&id).await {
            Found::Known(tenant) => tenant,
            Found::Unknown => return Err(lost(edge, signed, canned::busy()).await),
            Found::Trouble => return Err(lost(edge, signed, canned::trouble()).await),
        },
    };
    if !signed.may_speak_for(&tenant) {
        return Err(foreign(signed));
    }
    edge.ledger.heard(&sid, (edge.now)()).await;
    Ok(Whereabouts { sid, tenant, walk })
}

fn foreign(signed: &Signed<'_>) -> Answer {
    tracing::warn!(call_sid = signed.call_sid.as_str(), "a callback named a tenant whose call this is not");
    Answer::text(403, "forbidden")
}

/// Nobody knows any more what comes next in this call: who has talked is let go, who has not hears a sentence.
async fn lost(edge: &Edge, signed: &Signed<'_>, sentence: Bytes) -> Answer {
    if signed.parent().is_none()
        && let Some(status) = signed.final_status()
    {
        status::end(edge, signed, status, EndedBy::Action).await;
        return Answer::twiml(canned::empty());
    }
    Answer::twiml(if leg(signed) == Leg::Answered { canned::hang_up() } else { sentence })
}

/// How the leg that is over came out.
pub(super) fn leg(signed: &Signed<'_>) -> Leg {
    Leg::from_dial(signed.get("DialCallStatus").unwrap_or(""), signed.get("DialBridged"))
}

fn ai_leg_over(edge: &Edge, signed: &Signed<'_>, at: &Whereabouts, leg_status: &str, caller_left: bool) {
    let (outcome, word) = match leg_status {
        "completed" | "answered" => (AiDial::Answered, "answered"),
        // The caller left while it rang: nobody knows whether the AI would have answered.
        "canceled" | "" => (AiDial::Unknown, "canceled"),
        _ if caller_left => (AiDial::Unknown, "canceled"),
        "busy" => (AiDial::Failed, "busy"),
        "no-answer" => (AiDial::Failed, "no-answer"),
        _ => (AiDial::Failed, "failed"),
    };
    edge.ai_leg(&at.tenant, &at.sid, &at.walk.to_string(), outcome, word);
    if outcome == AiDial::Failed {
        let sip_code = signed.get("DialSipResponseCode").unwrap_or("none");
        tracing::warn!(
            tenant = at.tenant.slug(),
            leg_status,
            sip_code,
            call_sid = at.sid.as_str(),
            "the AI did not answer"
        );
    }
}

/// Whoever picked up a forwarded call presses 1, or the call goes on without them.
async fn screen(edge: &Edge, signed: &Signed<'_>, at: &Whereabouts, stage: &str) -> Answer {
    let digits = signed.get("Digits");
    if stage == "key" {
        let accepted = Screen::read(stage, digits) == Screen::Accepted;
        if accepted {
            // From now on they talk: the caller's line may be busy with us, but nothing rings.
            edge.ledger.ringing(&at.sid, &[], (edge.now)()).await;
        }
        let outcome = if accepted { "accepted" } else { "refused" };
        edge.note(&at.sid, (edge.now)(), "screened", Some(outcome.to_owned()), None);
    }
    Answer::twiml(twiml::screen(&at.tenant, &at.walk, stage, digits, &Urls { base: &signed.base }))
}

fn note(edge: &Edge, signed: &Signed<'_>, over: &Walk, leg_status: &str, next: Option<&Walk>) {
    let what = format!("{}-leg", over.step.as_str());
    let outcome = (!leg_status.is_empty()).then(|| leg_status.to_owned());
    edge.note(&signed.call_sid, (edge.now)(), &what, outcome, next.map(Walk::to_string));
}
