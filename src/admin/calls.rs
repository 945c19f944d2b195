//! Calls as they went: what was decided and why, and everything that happened since.
//!
//! No trace is kept. The same engine is asked again with what the call was decided by: settings, count and instant.

use std::collections::HashSet;

use axum::Json as Answer;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::AdminState;
use super::auth::Caller;
use super::error::Problem;
use super::json::Id;
use super::lists::ListQuery;
use super::narrowings::CallQuery;
use crate::model::{AiReport, Arrival, CallEvent, Decision, NumberId, Sid, TenantId};
use crate::routing::{self, Rules, Traced};
use crate::store::CallRow;

/// A call.
#[derive(Serialize, ToSchema)]
#[schema(as = Call)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallBody {
    /// Twilio's CallSid, or Vapi's call id on a free Vapi number.
    #[schema(value_type = String, format = "sid", example = "CA00000000000000000000000000000001")]
    sid: Sid,
    /// Whose call it is; null for an unknown number.
    #[schema(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    #[schema(value_type = Option<String>, format = "number-id")]
    number_id: Option<NumberId>,
    #[schema(value_type = Option<String>, format = "sid")]
    account_sid: Option<Sid>,
    from: String,
    to: String,
    arrival: ArrivalBody,
    /// When it was answered.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    decision: DecisionBody,
    /// Other live calls of the tenant at that instant that were not with the AI.
    active_calls: u32,
    /// The first step it was answered with.
    step: String,
    /// How long the answer took, in microseconds.
    took_us: u64,
    /// True while it is under way.
    live: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// The final status in the provider's word.
    status: Option<String>,
    duration_seconds: Option<u32>,
    /// The request that began it, as in the log.
    request_id: String,
}

/// A call with everything known of it.
#[derive(Serialize, ToSchema)]
#[schema(as = CallDetail)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallDetail {
    #[serde(flatten)]
    call: CallBody,
    /// Each rule that was tried, what it saw and what it said; empty where the settings of then are gone.
    trace: Vec<TraceBody>,
    /// The settings it was decided by.
    tenant_version: u64,
    /// Everything that happened, oldest first.
    events: Vec<EventBody>,
    /// What Vapi said of it afterwards.
    report: Option<ReportBody>,
}

/// Whether the AI answers, and the rule that settled it.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = Decision)]
pub(super) struct DecisionBody {
    available: bool,
    #[schema(value_type = String, example = "after-hours")]
    reason: &'static str,
}

/// One rule that was tried.
#[derive(Serialize, ToSchema)]
#[schema(as = Trace)]
pub(super) struct TraceBody {
    /// Which.
    #[schema(value_type = String, example = "afterHours")]
    rule: &'static str,
    /// What it looked at.
    saw: String,
    /// What it said.
    said: String,
}

/// Something that happened in a call.
#[derive(Serialize, ToSchema)]
#[schema(as = CallEvent)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventBody {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(example = "forward-leg")]
    what: String,
    /// How it came out, in the provider's word.
    outcome: Option<String>,
    /// The step that was answered.
    step: Option<String>,
}

/// What Vapi said of a call.
#[derive(Serialize, ToSchema)]
#[schema(as = AiReport)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReportBody {
    #[schema(value_type = Option<String>, format = "sid")]
    vapi_call_id: Option<Sid>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    ended_reason: Option<String>,
    duration_seconds: Option<u32>,
    cost_usd: Option<f64>,
    summary: Option<String>,
    recording_url: Option<String>,
}

/// How a call reached us: by a number, by a SIP address, by a free Vapi number.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = Arrival)]
#[serde(rename_all = "lowercase")]
pub(super) enum ArrivalBody {
    Number,
    Sip,
    Vapi,
}

/// A page of calls.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallPage {
    data: Vec<CallBody>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// Calls, newest first
#[utoipa::path(get, params(CallQuery), path = "/api/calls", tag = "calls", responses((status = 200, description = "A page", body = CallPage)))]
pub(super) async fn list(
    State(admin): State<AdminState>,
    ListQuery(mut ask): ListQuery<CallQuery>,
) -> Result<Answer<CallPage>, Problem> {
    let live: HashSet<Sid> = (admin.live)().await.into_iter().map(|call| call.sid).collect();
    if let Some(asked) = &mut ask.only.live {
        asked.now = live.iter().cloned().collect();
    }
    let page = admin.store.calls(&ask).await?;
    let data = page.rows.iter().map(|row| CallBody::of(row, live.contains(&row.began.call_sid))).collect();
    Ok(Answer(CallPage { data, next_cursor: page.next_cursor }))
}

/// A call, why it went where it went, and everything that happened in it
#[utoipa::path(get, path = "/api/calls/{sid}", tag = "calls", responses((status = 200, description = "The call", body = CallDetail)))]
pub(super) async fn read(
    State(admin): State<AdminState>,
    caller: Caller,
    Id(sid): Id<Sid>,
) -> Result<Answer<CallDetail>, Problem> {
    let nobody = || Problem::not_found("call", sid.as_str());
    let row = admin.store.call(&sid).await?.ok_or_else(nobody)?;
    // It outlives its tenant, and stays with the organization.
    if !caller.sees(row.org_id.as_ref(), row.began.tenant_id.as_ref()) {
        return Err(nobody());
    }
    let live = (admin.live)().await.iter().any(|call| call.sid == sid);
    let trace = explain(&admin, &row).await?;
    Ok(Answer(CallDetail {
        call: CallBody::of(&row, live),
        trace: trace.into_iter().map(TraceBody::of).collect(),
        tenant_version: row.began.tenant_version,
        events: row.events.iter().map(EventBody::of).collect(),
        report: row.report.as_ref().map(ReportBody::of),
    }))
}

/// Asks the engine again, with a sink that takes note.
async fn explain(admin: &AdminState, row: &CallRow) -> Result<Vec<Traced>, Problem> {
    let began = &row.began;
    let Some(tenant_id) = &began.tenant_id else {
        return Ok(vec![settled(began.decision, "the number called leads to no tenant")]);
    };
    let Some(tenant) = admin.store.tenant_at(tenant_id, began.tenant_version).await? else { return Ok(Vec::new()) };
    let number = match &began.number_id {
        Some(id) => admin.store.number(id).await?,
        None => None,
    };
    let already_overflowed = number.is_some_and(|number| number.already_overflowed);
    let (rules, _) = Rules::compile_stored(&tenant.availability, tenant.forced.as_ref(), &tenant.timezone);
    let mut trace: Vec<Traced> = Vec::new();
    let said = routing::decide(&rules, began.others, already_overflowed, began.at, &mut trace);
    if said != began.decision {
        let saw = format!("the rules said {}, and the call was answered otherwise", said.reason.as_str());
        trace.push(settled(began.decision, &saw));
    }
    Ok(trace)
}

/// What came after the rules: a closed breaker, a caller who goes round in circles, a line for voicemail.
pub(super) fn settled(decision: Decision, saw: &str) -> Traced {
    Traced { rule: "plan", saw: saw.to_owned(), said: decision.reason.as_str().to_owned() }
}

impl CallBody {
    pub fn of(row: &CallRow, live: bool) -> CallBody {
        let began = &row.began;
        CallBody {
            sid: began.call_sid.clone(),
            tenant_id: began.tenant_id.clone(),
            number_id: began.number_id.clone(),
            account_sid: began.account_sid.clone(),
            from: began.from.clone(),
            to: began.to.clone(),
            arrival: ArrivalBody::of(began.arrival),
            at: began.at,
            decision: DecisionBody::of(began.decision),
            active_calls: began.others,
            step: began.step.clone(),
            took_us: began.took_us,
            live,
            ended_at: row.ended_at,
            status: row.status.clone(),
            duration_seconds: row.duration_seconds,
            request_id: began.request_id.clone(),
        }
    }
}

impl DecisionBody {
    pub fn of(decision: Decision) -> DecisionBody {
        DecisionBody { available: decision.available, reason: decision.reason.as_str() }
    }
}

impl TraceBody {
    pub fn of(traced: Traced) -> TraceBody {
        TraceBody { rule: traced.rule, saw: traced.saw, said: traced.said }
    }
}

impl EventBody {
    pub fn of(event: &CallEvent) -> EventBody {
        EventBody { at: event.at, what: event.what.clone(), outcome: event.outcome.clone(), step: event.step.clone() }
    }
}

impl ReportBody {
    pub fn of(report: &AiReport) -> ReportBody {
        ReportBody {
            vapi_call_id: report.vapi_call_id.clone(),
            at: report.at,
            ended_reason: report.ended_reason.clone(),
            duration_seconds: report.duration_seconds,
            cost_usd: report.cost_usd,
            summary: report.summary.clone(),
            recording_url: report.recording_url.clone(),
        }
    }
}

impl ArrivalBody {
    pub fn of(arrival: Arrival) -> ArrivalBody {
        match arrival {
            Arrival::Number => ArrivalBody::Number,
            Arrival::Sip => ArrivalBody::Sip,
            Arrival::Vapi => ArrivalBody::Vapi,
        }
    }
}
