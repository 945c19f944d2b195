//! One recorded call once more: how it would go by the settings there are, or by some that were not saved. Nothing is
//! stored and nobody is called.

use axum::Json as Answer;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AdminState;
use super::auth::Caller;
use super::availability::AvailabilityBody;
use super::calls::{DecisionBody, TraceBody, settled};
use super::error::Problem;
use super::json::{Id, OptionalJson};
use super::rehearsal::{self, StepBody};
use super::replay::Known;
use crate::model::{Decision, Reason, Sid};
use crate::routing::{self, Call, NoTrace, Replay, Traced};
use crate::store::{CallRow, PastCall};

/// By which settings.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = CallReplayWish, example = json!({"availability": {"mode": "always"}}))]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// Settings that were not saved; those there are where absent.
    availability: Option<AvailabilityBody>,
}

/// How a call went, and how it would.
#[derive(Serialize, ToSchema)]
#[schema(as = CallReplay)]
pub(super) struct CallReplayBody {
    /// How it went.
    then: DecisionBody,
    /// How it would go. Where nothing can be said, as it went.
    now: DecisionBody,
    /// Each rule that was tried now, what it saw and what it said.
    trace: Vec<TraceBody>,
    /// The steps it would walk if nobody picked up.
    plan: Vec<StepBody>,
    /// What Twilio would be answered first, passwords hidden.
    twiml: String,
}

/// Says how a recorded call would go
///
/// Decided at the instant and with the count that were recorded, by the rules that `POST /api/tenants/{id}/replay` goes by;
/// what a caller would hear is what the tenant's settings say now.
#[utoipa::path(post, path = "/api/calls/{sid}/replay", tag = "calls", request_body = Option<Wish>,
    responses((status = 200, description = "How it would go", body = CallReplayBody)))]
pub(super) async fn replay(
    State(admin): State<AdminState>,
    caller: Caller,
    Id(sid): Id<Sid>,
    OptionalJson(wish): OptionalJson<Wish>,
) -> Result<Answer<CallReplayBody>, Problem> {
    let nobody = || Problem::not_found("call", sid.as_str());
    let row = admin.store.call(&sid).await?.ok_or_else(nobody)?;
    if !caller.sees(row.org_id.as_ref(), row.began.tenant_id.as_ref()) {
        return Err(nobody());
    }
    // A call outlives its tenant.
    let tenant_id = row.began.tenant_id.clone().ok_or_else(Problem::call_without_tenant)?;
    let tenant = admin.store.tenant(&tenant_id).await?;
    let seen = tenant.is_some_and(|tenant| caller.sees(Some(&tenant.org_id), Some(&tenant.id)));
    if !seen {
        return Err(Problem::call_without_tenant());
    }
    let mut load = rehearsal::load(&admin, &tenant_id, wish.availability).await?;
    load.tenant.forced = None;
    let compiled = rehearsal::compiled(&admin, &load);

    let recorded = past_call(&row);
    let has_ai = rehearsal::has_ai(&compiled, recorded.arrival);
    let past = Known::new(&admin, &tenant_id, &load.numbers).past(&recorded, has_ai).await?;
    let mut trace: Vec<Traced> = Vec::new();
    let said = routing::decide(&compiled.rules, past.others, past.already_overflowed, past.at, &mut trace);
    let replayed = Replay::new(&compiled.rules).next(&past, &mut NoTrace);
    let now = replayed.now.unwrap_or(past.decision);
    if now != said {
        trace.push(settled(now, why(past.decision, replayed.now)));
    }
    let account = row.began.account_sid.as_ref().or_else(|| compiled.accounts.first());
    let call = Call {
        sid: sid.as_str(),
        account: account.map(Sid::as_str).unwrap_or_default(),
        from: &row.began.from,
        arrival: recorded.arrival,
    };
    let (plan, twiml) = rehearsal::walked(&admin, &compiled, now, &call);
    Ok(Answer(CallReplayBody {
        then: DecisionBody::of(past.decision),
        now: DecisionBody::of(now),
        trace: trace.into_iter().map(TraceBody::of).collect(),
        plan,
        twiml,
    }))
}

/// Why it is not what the rules say.
fn why(then: Decision, now: Option<Decision>) -> &'static str {
    match (then.reason, now) {
        (_, None) => "the settings it was decided by are gone: nothing can be said",
        (Reason::OverrideOn | Reason::OverrideOff, _) => "it was decided by hand, which comes before every setting",
        (Reason::AiUnavailable | Reason::AiFull, _) => "the AI was wanted then and not to be had",
        (Reason::VoicemailNumber, _) => "the number called was the tenant's line for voicemail",
        (Reason::Loop, _) => "the call had come round in a circle",
        _ => "there is nothing at Vapi to dial",
    }
}

fn past_call(row: &CallRow) -> PastCall {
    let began = &row.began;
    PastCall {
        sid: began.call_sid.clone(),
        at: began.at,
        ended_at: row.ended_at,
        from: began.from.clone(),
        arrival: began.arrival,
        number_id: began.number_id.clone(),
        tenant_version: began.tenant_version,
        others: began.others,
        decision: began.decision,
    }
}
