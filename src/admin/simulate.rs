//! What would happen to a call: the same engine, nothing stored.

use axum::Json as Answer;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AdminState;
use super::availability::AvailabilityBody;
use super::calls::{DecisionBody, TraceBody, settled};
use super::error::Problem;
use super::json::OptionalJson;
use super::owned::OfTenant;
use super::rehearsal::{self, StepBody, has_ai};
use crate::model::{Arrival, Decision, E164, Number, NumberState, Purpose, Reason, TenantId};
use crate::routing::guard::{caller_number, is_own_number};
use crate::routing::{self, Call, CompiledTenant, Traced};

/// A call to imagine.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = Imagined, example = json!({"at": "2026-12-25T15:00:00Z", "activeCalls": 3, "from": "+16475550188"}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Imagined {
    /// When it comes in; now where absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// How many other calls of the tenant are not with the AI. Where absent: as many as there are, or none if `at` is given.
    #[schema(maximum = 1_000_000)]
    active_calls: Option<u32>,
    /// The caller.
    #[schema(max_length = 255)]
    from: Option<String>,
    /// Which number of the tenant is called; where absent, its first, else its SIP address.
    #[schema(format = "e164")]
    to: Option<String>,
    /// Settings that were not saved.
    availability: Option<AvailabilityBody>,
}

/// What would happen.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    active_calls: u32,
    decision: DecisionBody,
    /// Each rule that was tried, what it saw and what it said.
    trace: Vec<TraceBody>,
    /// The steps the call would walk if nobody picked up.
    plan: Vec<StepBody>,
    /// What Twilio would be answered first, passwords hidden.
    twiml: String,
    /// When the clock alone changes who answers, looking 400 days ahead.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_change: Option<Timestamp>,
}

/// Says what would happen to a call
///
/// The engine that answers calls is asked; nothing is stored and no call is made. Whether Vapi can be reached at that
/// time is not foretold.
#[utoipa::path(post, path = "/api/tenants/{id}/simulate", tag = "simulate", request_body = Option<Imagined>,
    responses((status = 200, description = "What would happen", body = Outcome)))]
pub(super) async fn simulate(
    State(admin): State<AdminState>,
    OfTenant(tenant): OfTenant,
    OptionalJson(imagined): OptionalJson<Imagined>,
) -> Result<Answer<Outcome>, Problem> {
    let id = tenant.id;
    let load = rehearsal::load(&admin, &id, imagined.availability).await?;
    let number = number_called(&load.numbers, imagined.to.as_deref())?;
    let at = imagined.at.unwrap_or_else(|| (admin.now)());
    let others = match (imagined.active_calls, imagined.at) {
        (Some(given), _) => given,
        (None, Some(_)) => 0,
        (None, None) => others_now(&admin, &id).await,
    };
    let compiled = rehearsal::compiled(&admin, &load);
    let already_overflowed = number.is_some_and(|number| number.already_overflowed);
    let call = Call {
        sid: CALL_SID,
        account: account_of(&compiled, number),
        from: imagined.from.as_deref().unwrap_or(CALLER),
        arrival: if number.is_some() { Arrival::Number } else { Arrival::Sip },
    };
    let mut trace: Vec<Traced> = Vec::new();
    let decision = decide(&compiled, number, others, at, &call, &mut trace);
    let (plan, twiml) = rehearsal::walked(&admin, &compiled, decision, &call);
    Ok(Answer(Outcome {
        at,
        active_calls: others,
        decision: DecisionBody::of(decision),
        trace: trace.into_iter().map(TraceBody::of).collect(),
        plan,
        twiml,
        next_change: routing::next_change(&compiled.rules, others, already_overflowed, at),
    }))
}

/// The CallSid of calls that never were.
const CALL_SID: &str = "CA00000000000000000000000000000000";

/// The caller where none is given: a number of nobody.
const CALLER: &str = "+15555550100";

/// What the edge would decide, with what it adds to the rules.
fn decide(
    tenant: &CompiledTenant,
    number: Option<&Number>,
    others: u32,
    at: Timestamp,
    call: &Call<'_>,
    trace: &mut Vec<Traced>,
) -> Decision {
    if number.is_some_and(|number| number.purpose == Purpose::Voicemail) {
        let decision = Decision::fallback(Reason::VoicemailNumber);
        trace.push(settled(decision, "the number called is the tenant's line for voicemail"));
        return decision;
    }
    if is_own_number(tenant, caller_number(call.from)) {
        let decision = Decision::fallback(Reason::Loop);
        trace.push(settled(decision, "the caller is a number of the tenant itself"));
        return decision;
    }
    let already_overflowed = number.is_some_and(|number| number.already_overflowed);
    let decision = routing::decide(&tenant.rules, others, already_overflowed, at, trace);
    if decision.available && !has_ai(tenant, call.arrival) {
        let decision = Decision::fallback(Reason::NotConfigured);
        trace.push(settled(decision, "there is nothing at Vapi to dial"));
        return decision;
    }
    decision
}

fn number_called<'a>(numbers: &'a [Number], to: Option<&str>) -> Result<Option<&'a Number>, Problem> {
    let mut active = numbers.iter().filter(|number| number.state == NumberState::Active);
    let Some(to) = to else { return Ok(active.find(|number| number.purpose == Purpose::Calls)) };
    let called = E164::parse(to).ok().and_then(|to| active.find(|number| number.e164 == to));
    called.map(Some).ok_or_else(|| Problem::fault("/to", "not_found", "this number does not lead to the tenant"))
}

async fn others_now(admin: &AdminState, id: &TenantId) -> u32 {
    let live = (admin.live)().await;
    let others = live.iter().filter(|call| call.tenant_id == *id && !call.with_ai).count();
    u32::try_from(others).unwrap_or(u32::MAX)
}

/// The account that would carry the call.
fn account_of<'a>(tenant: &'a CompiledTenant, number: Option<&'a Number>) -> &'a str {
    let own = number.and_then(|number| number.account_sid.as_ref());
    own.or_else(|| tenant.accounts.first()).map(|sid| sid.as_str()).unwrap_or_default()
}
