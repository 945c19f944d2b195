//! One person's data, erased by their number, and the reports of it.
//!
//! The work goes on when whoever asked hangs up. A report holds of the number what may be shown.

use std::sync::Arc;
use std::time::Duration;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AdminState;
use super::auth::Caller;
use super::error::Problem;
use super::exports::person_ask;
use super::json::{Id, Json};
use super::lists::ListQuery;
use super::narrowings::AllOfThem;
use crate::model::{E164, ErasureId, OrgId, Scope, Sid, TenantId};
use crate::retention::Eraser;
use crate::store::{ErasureReport, ErasureRow, ErasureState, PersonAsk, RemoteErasure};

/// Longest that whoever asked waits for the end; an answer is due within ten seconds.
const WAIT_MAX: Duration = Duration::from_secs(8);

/// Who is to be forgotten.
#[derive(Deserialize, ToSchema)]
#[schema(as = ErasureRequest, example = json!({"number": "+16475550111", "dryRun": true}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ErasureRequest {
    /// The person's number.
    #[schema(value_type = String, format = "e164")]
    number: E164,
    /// Only what belongs to this tenant.
    #[schema(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    /// Only count: nothing is changed, and no report is kept.
    #[serde(default)]
    dry_run: bool,
}

/// What was erased, and what stays.
#[derive(Serialize, ToSchema)]
#[schema(as = Erasure)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErasureBody {
    /// Null where nothing was changed.
    #[schema(value_type = Option<String>, format = "erasure-id", example = "era_01kafbd2x0q7h3m8w5r9t2c6ze")]
    id: Option<ErasureId>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The number, its middle hidden.
    #[schema(example = "+1647•••0111")]
    number: String,
    /// The organization that was looked through; null: not only one.
    #[schema(value_type = Option<String>)]
    org_id: Option<OrgId>,
    /// The tenant that was looked through; null: not only one.
    #[schema(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    state: ErasureStateBody,
    /// Only counted.
    dry_run: bool,
    calls: u64,
    events: u64,
    voicemails: u64,
    news: u64,
    /// Messages to webhooks, sent or not.
    deliveries: u64,
    /// Records that had been set aside because they could not be applied.
    refused: u64,
    remote: RemoteBody,
    /// Calls left alone because they were under way.
    live: u64,
    /// Records still on their way into the store at the end.
    on_the_way: u64,
    /// Where the number stays, and why.
    kept: Vec<KeptBody>,
    /// What is left to do.
    advice: Vec<&'static str>,
    /// Why it broke off.
    failure: Option<String>,
}

/// What providers were asked to forget.
#[derive(Serialize, ToSchema)]
#[schema(as = Remote)]
pub(super) struct RemoteBody {
    /// Recordings at Twilio and calls at Vapi that were queued to be deleted there.
    queued: u64,
}

/// A place where the number stays.
#[derive(Serialize, ToSchema)]
#[schema(as = Kept)]
pub(super) struct KeptBody {
    #[serde(rename = "where")]
    #[schema(example = "numbers")]
    place: String,
    why: String,
}

/// How far an erasure is. One that failed is asked for again.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = ErasureState)]
#[serde(rename_all = "lowercase")]
pub(super) enum ErasureStateBody {
    Running,
    Done,
    Failed,
}

/// A page of reports.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErasurePage {
    data: Vec<ErasureBody>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// What a provider still has to forget.
#[derive(Serialize, ToSchema)]
#[schema(as = PendingErasure)]
#[serde(rename_all = "camelCase")]
pub(super) struct PendingBody {
    /// `twilio`: a recording; `vapi`: a call.
    #[schema(value_type = String, example = "twilio")]
    provider: &'static str,
    #[schema(value_type = Option<String>, format = "sid")]
    account_sid: Option<Sid>,
    #[schema(value_type = String, format = "sid")]
    sid: Sid,
    #[schema(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    attempts: u32,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// When it is tried next.
    #[schema(value_type = String, format = DateTime)]
    next_at: Timestamp,
    /// What the last try came to.
    last_error: Option<String>,
}

/// A page of what providers still have to forget.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PendingPage {
    data: Vec<PendingBody>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// Reports of erasures, newest first
#[utoipa::path(get, params(AllOfThem), path = "/api/erasures", tag = "erasures",
    responses((status = 200, description = "A page", body = ErasurePage)))]
pub(super) async fn list(
    State(admin): State<AdminState>,
    ListQuery(ask): ListQuery<AllOfThem>,
) -> Result<Answer<ErasurePage>, Problem> {
    let page = admin.store.erasures(&ask).await?;
    Ok(Answer(ErasurePage { data: page.rows.iter().map(ErasureBody::of).collect(), next_cursor: page.next_cursor }))
}

/// What Twilio and Vapi still have to forget, newest first
#[utoipa::path(get, params(AllOfThem), path = "/api/erasures/pending", tag = "erasures",
    responses((status = 200, description = "A page", body = PendingPage)))]
pub(super) async fn pending(
    State(admin): State<AdminState>,
    ListQuery(ask): ListQuery<AllOfThem>,
) -> Result<Answer<PendingPage>, Problem> {
    let page = admin.store.remote_erasures(&ask).await?;
    let data = page.rows.into_iter().map(PendingBody::of).collect();
    Ok(Answer(PendingPage { data, next_cursor: page.next_cursor }))
}

/// A report
#[utoipa::path(get, path = "/api/erasures/{id}", tag = "erasures",
    responses((status = 200, description = "The report", body = ErasureBody)))]
pub(super) async fn read(
    State(admin): State<AdminState>,
    caller: Caller,
    Id(id): Id<ErasureId>,
) -> Result<Answer<ErasureBody>, Problem> {
    let row = admin.store.erasure(&id).await?;
    let seen = row.filter(|row| caller.sees(row.org_id.as_ref(), row.tenant_id.as_ref()));
    seen.map(|row| Answer(ErasureBody::of(&row))).ok_or_else(|| Problem::not_found("erasure", id.as_str()))
}

/// Erases a person
///
/// Calls with their events and reports, voicemails with their transcripts, messages to webhooks and records set aside,
/// wherever the number stands as a person's and however the provider wrote it, as far as the token sees; recordings at
/// Twilio and calls at Vapi are queued to be deleted. Asked again, it finds nothing more.
#[utoipa::path(post, path = "/api/erasures", tag = "erasures", request_body = ErasureRequest,
    responses(
        (status = 200, description = "It is done: the report", body = ErasureBody),
        (status = 202, description = "It goes on: the report will say what came of it", body = ErasureBody),
        (status = 404, description = "There is no such tenant for this token to see", body = super::error::ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn create(
    State(admin): State<AdminState>,
    caller: Caller,
    Json(body): Json<ErasureRequest>,
) -> Result<Response, Problem> {
    let ask = person_ask(&admin, &caller, body.number, body.tenant_id).await?;
    let row = begun(&admin, &ask).await?;
    if body.dry_run {
        let report = eraser(&admin).erase(&ask, true).await?;
        let done = ErasureBody::of(&ErasureRow { state: ErasureState::Done, report, ..row });
        return Ok(Answer(ErasureBody { id: None, dry_run: true, ..done }).into_response());
    }
    admin.store.begin_erasure(&row, &caller.by).await?;
    let work = tokio::spawn(carry_out(admin.clone(), ask, row.clone()));
    match tokio::time::timeout(WAIT_MAX, work).await {
        Ok(Ok(done)) => Ok(Answer(ErasureBody::of(&done)).into_response()),
        Ok(Err(_)) => Err(Problem::internal()),
        Err(_) => Ok((StatusCode::ACCEPTED, Answer(ErasureBody::of(&row))).into_response()),
    }
}

async fn begun(admin: &AdminState, ask: &PersonAsk) -> Result<ErasureRow, Problem> {
    let tenant_id = ask.whole_tenant().cloned();
    let org_id = match (&ask.scope, &tenant_id) {
        (Scope::Org(org), _) => Some(org.clone()),
        (_, Some(tenant)) => admin.store.tenant(tenant).await?.map(|tenant| tenant.org_id),
        (Scope::All | Scope::Tenant(_), None) => None,
    };
    Ok(ErasureRow {
        id: ErasureId::new(admin.seed()),
        created_at: (admin.now)(),
        org_id,
        tenant_id,
        number: ask.person.number().masked().to_string(),
        state: ErasureState::Running,
        report: ErasureReport::default(),
    })
}

async fn carry_out(admin: AdminState, ask: PersonAsk, row: ErasureRow) -> ErasureRow {
    let (state, report) = match eraser(&admin).erase(&ask, false).await {
        Ok(report) => (ErasureState::Done, report),
        Err(error) => {
            tracing::error!(%error, erasure = row.id.as_str(), "an erasure broke off");
            let failure = Some("the store failed or was away: ask again, nothing is erased twice".to_owned());
            (ErasureState::Failed, ErasureReport { failure, ..ErasureReport::default() })
        }
    };
    // What was told of the person is kept for those who come back: they begin anew.
    admin.events.bus.gap();
    if let Err(error) = admin.store.keep_erasure(&row.id, state, &report).await {
        tracing::error!(%error, erasure = row.id.as_str(), "the report of an erasure could not be kept");
    }
    ErasureRow { state, report, ..row }
}

fn eraser(admin: &AdminState) -> Eraser {
    let live = Arc::clone(&admin.live);
    Eraser {
        store: admin.store.clone(),
        spool: admin.spool.clone(),
        live: Arc::new(move || {
            let asked = live();
            Box::pin(async move { asked.await.into_iter().map(|call| call.sid).collect() })
        }),
        now: Arc::clone(&admin.now),
    }
}

impl ErasureBody {
    fn of(row: &ErasureRow) -> ErasureBody {
        let (report, erased) = (&row.report, &row.report.erased);
        let advice = [
            (erased.live > 0, "some calls were under way: erase again when they have ended"),
            (report.on_the_way > 0, "some records were on their way still: erase again when the store has them"),
            (row.state == ErasureState::Failed, "erase again: what is gone already is not missed"),
            (erased.remote > 0, "GET /api/erasures/pending shows what Twilio and Vapi still have to forget"),
        ];
        ErasureBody {
            id: Some(row.id.clone()),
            at: row.created_at,
            number: row.number.clone(),
            org_id: row.org_id.clone(),
            tenant_id: row.tenant_id.clone(),
            state: match row.state {
                ErasureState::Running => ErasureStateBody::Running,
                ErasureState::Done => ErasureStateBody::Done,
                ErasureState::Failed => ErasureStateBody::Failed,
            },
            dry_run: false,
            calls: erased.calls,
            events: erased.events,
            voicemails: erased.voicemails,
            news: erased.news,
            deliveries: erased.deliveries,
            refused: erased.refused,
            remote: RemoteBody { queued: erased.remote },
            live: erased.live,
            on_the_way: report.on_the_way,
            kept: report
                .kept
                .iter()
                .map(|kept| KeptBody { place: kept.place.clone(), why: kept.why.clone() })
                .collect(),
            advice: advice.into_iter().filter(|(needed, _)| *needed).map(|(_, words)| words).collect(),
            failure: report.failure.clone(),
        }
    }
}

impl PendingBody {
    fn of(row: RemoteErasure) -> PendingBody {
        PendingBody {
            provider: row.provider.as_str(),
            account_sid: row.account,
            sid: row.sid,
            tenant_id: row.tenant_id,
            attempts: row.attempts,
            since: row.created_at,
            next_at: row.next_at,
            last_error: row.last_error,
        }
    }
}
