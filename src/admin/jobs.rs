//! Jobs: how far they are, begun again where they stopped, called off.

use std::time::Duration;

use axum::Json as Answer;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use utoipa::ToSchema;

use super::auth::Caller;
use super::error::Problem;
use super::json::Id;
use super::lists::ListQuery;
use super::narrowings::JobQuery;
use super::{AdminState, purchases};
use crate::model::{Change, Job, JobEntry, JobId, JobKind, JobState, NumberId, StepState, TenantId};
use crate::provisioning::{About, Asked};
use crate::store::{Actor, JobBounds, StoreError};

/// How often it is looked whether a job somebody waits for has ended.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A provisioning run.
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobBody {
    #[schema(value_type = String, format = "job-id", example = "job_01kafbd2x0q7h3m8w5r9t2c6ze")]
    id: JobId,
    kind: JobKindBody,
    #[schema(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    state: JobStateBody,
    /// What came of it, and what is left to do by hand.
    #[schema(example = "✅ +13125550100 is ready")]
    detail: String,
    /// Its steps, in the order they were first tried.
    steps: Vec<StepBody>,
    /// What it got; null until it has ended.
    #[schema(value_type = Option<ResultBody>)]
    result: Value,
    /// Somebody wants it called off: it stops where it can.
    cancel_asked: bool,
    /// Who asked for it.
    #[schema(example = "operator")]
    by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// When it goes on; null once it has ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
}

/// What a job is for: a number for a tenant; a tenant's way of being reached; a number that is to lead to us; a tenant's
/// target; a number that leaves Vapi; a number that is given back; a SIP name that is let in no more; what a tenant had that
/// is gone; a number that came from another carrier; a move that is called off.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = JobKind)]
#[serde(rename_all = "camelCase")]
pub(super) enum JobKindBody {
    Number,
    Deploy,
    Wire,
    Target,
    Remove,
    Release,
    Retire,
    Vacate,
    Arrive,
    CallOff,
}

/// How far a job is. `waiting` goes on by itself; `manual` has come as far as it can, and its detail says what is left.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = JobState)]
#[serde(rename_all = "lowercase")]
pub(super) enum JobStateBody {
    Queued,
    Running,
    Waiting,
    Succeeded,
    Failed,
    Manual,
    Cancelled,
}

/// A step of a job.
#[derive(Serialize, ToSchema)]
#[schema(as = JobStep)]
#[serde(rename_all = "camelCase")]
pub(super) struct StepBody {
    /// What is done.
    #[schema(example = "purchaseTwilioNumber")]
    name: String,
    state: StepStateBody,
    /// How often it was tried.
    attempts: u32,
    /// What came of it.
    #[schema(example = "+13125550100 is bought, on account AC00000000000000000000000000000001")]
    detail: String,
}

/// How far a step is.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = JobStepState)]
#[serde(rename_all = "lowercase")]
pub(super) enum StepStateBody {
    Running,
    Waiting,
    Done,
    Skipped,
    Failed,
}

/// What a job got.
#[derive(ToSchema)]
#[schema(as = JobResult)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "only describes what jobs write down")]
struct ResultBody {
    #[schema(value_type = String, required = false, format = "number-id")]
    number_id: NumberId,
    #[schema(required = false, format = "e164", example = "+13125550100")]
    e164: String,
    #[schema(value_type = Option<String>, required = false, format = "sid")]
    vapi_number_id: Option<String>,
    #[schema(value_type = Option<String>, required = false, format = "sid")]
    twilio_sid: Option<String>,
}

/// A job was begun.
#[derive(Serialize, ToSchema)]
#[schema(as = JobBegun)]
#[serde(rename_all = "camelCase")]
pub(super) struct BegunBody {
    #[schema(value_type = String, format = "job-id", example = "job_01kafbd2x0q7h3m8w5r9t2c6ze")]
    job_id: JobId,
    state: JobStateBody,
}

/// A page of jobs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobPage {
    data: Vec<JobBody>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// The job of the path, if the caller may see it.
pub(super) struct OfJob(pub Job);

impl FromRequestParts<AdminState> for OfJob {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, admin: &AdminState) -> Result<OfJob, Problem> {
        let caller = Caller::from_request_parts(parts, admin).await?;
        let Id(id) = Id::<JobId>::from_request_parts(parts, admin).await?;
        let job = admin.store.job(&id).await?;
        let seen = job.filter(|job| caller.sees(job.org_id.as_ref(), job.tenant_id.as_ref()));
        seen.map(OfJob).ok_or_else(|| Problem::not_found("job", id.as_str()))
    }
}

/// Jobs, newest first
#[utoipa::path(get, params(JobQuery), path = "/api/jobs", tag = "jobs",
    responses((status = 200, description = "A page", body = JobPage)))]
pub(super) async fn list(
    State(admin): State<AdminState>,
    ListQuery(ask): ListQuery<JobQuery>,
) -> Result<Answer<JobPage>, Problem> {
    let page = admin.store.jobs(&ask).await?;
    Ok(Answer(JobPage { data: page.rows.iter().map(JobBody::of).collect(), next_cursor: page.next_cursor }))
}

/// A job, step by step
#[utoipa::path(get, path = "/api/jobs/{id}", tag = "jobs",
    responses((status = 200, description = "The job", body = JobBody)))]
pub(super) async fn read(OfJob(job): OfJob) -> Answer<JobBody> {
    Answer(JobBody::of(&job))
}

/// Begins a job again where it stopped
///
/// What it has done stays done. What had no effect is tried anew: things may be otherwise now.
#[utoipa::path(post, path = "/api/jobs/{id}/retry", tag = "jobs",
    responses((status = 202, description = "It goes on", body = BegunBody)))]
pub(super) async fn retry(
    State(admin): State<AdminState>,
    caller: Caller,
    OfJob(job): OfJob,
) -> Result<Response, Problem> {
    if let (JobKind::Number | JobKind::Deploy, Some(org)) = (job.kind, &job.org_id) {
        purchases::is_paid(&admin, org).await?;
    }
    asked(&admin, &caller.by, &job, &JobEntry::Retried).await
}

/// Calls a job off
///
/// It stops at its next step. A number that is bought already stays ours, in the pool: it is paid for.
#[utoipa::path(post, path = "/api/jobs/{id}/cancel", tag = "jobs",
    responses((status = 202, description = "It stops where it can", body = BegunBody)))]
pub(super) async fn cancel(
    State(admin): State<AdminState>,
    caller: Caller,
    OfJob(job): OfJob,
) -> Result<Response, Problem> {
    asked(&admin, &caller.by, &job, &JobEntry::CancelAsked).await
}

async fn asked(admin: &AdminState, by: &Actor, job: &Job, entry: &JobEntry) -> Result<Response, Problem> {
    let changed = admin.store.ask_job(&job.id, entry, (admin.now)(), by).await?;
    let job = changed.ok_or_else(|| Problem::job_state(job.standing.state.as_str()))?;
    (admin.changed)(Change::Job(job.id.clone()));
    (admin.provision.wake)();
    Ok(begun(&job))
}

/// A job that is begun, answered as such.
pub(super) fn begun(job: &Job) -> Response {
    (StatusCode::ACCEPTED, Answer(BegunBody::of(job))).into_response()
}

impl BegunBody {
    pub fn of(job: &Job) -> BegunBody {
        BegunBody { job_id: job.id.clone(), state: JobStateBody::of(job.standing.state) }
    }
}

/// A job that is not kept yet.
pub(super) fn new(admin: &AdminState, by: &Actor, about: &About<'_>, asked: &Asked) -> Job {
    asked.job(admin.seed(), about, &by.0)
}

/// Keeps a job, and wakes whoever works on it.
pub(super) async fn begin(
    admin: &AdminState,
    by: &Actor,
    about: &About<'_>,
    asked: &Asked,
    bounds: JobBounds,
) -> Result<Job, Problem> {
    let job = new(admin, by, about, asked);
    let kept = match admin.store.create_jobs(std::slice::from_ref(&job), bounds, by).await {
        Err(StoreError::TooMany(most)) => return Err(Problem::too_many_numbers(most)),
        kept => kept?,
    };
    let job = kept.into_iter().next().unwrap_or(job);
    (admin.changed)(Change::Job(job.id.clone()));
    (admin.provision.wake)();
    Ok(job)
}

/// Waits a while for the end of a job, and answers it as it is then.
pub(super) async fn wait_for(admin: &AdminState, job: Job) -> Result<Job, Problem> {
    let until = Instant::now() + admin.provision.patience;
    let mut job = job;
    while !job.standing.state.is_end() && Instant::now() < until {
        sleep(LOOK_EVERY).await;
        job = admin.store.job(&job.id).await?.unwrap_or(job);
    }
    Ok(job)
}

impl JobBody {
    pub fn of(job: &Job) -> JobBody {
        let standing = &job.standing;
        let steps = standing.steps.iter().map(|step| StepBody {
            name: step.key.name.clone(),
            state: match step.state {
                StepState::Running => StepStateBody::Running,
                StepState::Waiting => StepStateBody::Waiting,
                StepState::Done => StepStateBody::Done,
                StepState::Skipped => StepStateBody::Skipped,
                StepState::Failed => StepStateBody::Failed,
            },
            attempts: step.attempts,
            detail: step.detail.clone(),
        });
        JobBody {
            id: job.id.clone(),
            kind: JobKindBody::of(job.kind),
            tenant_id: job.tenant_id.clone(),
            state: JobStateBody::of(standing.state),
            detail: standing.detail.clone(),
            steps: steps.collect(),
            result: standing.result.clone(),
            cancel_asked: standing.cancel_asked,
            by: job.by.clone(),
            created_at: job.created_at,
            updated_at: job.updated_at,
            next_at: standing.due,
        }
    }
}

impl JobKindBody {
    fn of(kind: JobKind) -> JobKindBody {
        match kind {
            JobKind::Number => JobKindBody::Number,
            JobKind::Deploy => JobKindBody::Deploy,
            JobKind::Wire => JobKindBody::Wire,
            JobKind::Target => JobKindBody::Target,
            JobKind::Remove => JobKindBody::Remove,
            JobKind::Release => JobKindBody::Release,
            JobKind::Retire => JobKindBody::Retire,
            JobKind::Vacate => JobKindBody::Vacate,
            JobKind::Arrive => JobKindBody::Arrive,
            JobKind::CallOff => JobKindBody::CallOff,
        }
    }
}

impl JobStateBody {
    pub fn of(state: JobState) -> JobStateBody {
        match state {
            JobState::Queued => JobStateBody::Queued,
            JobState::Running => JobStateBody::Running,
            JobState::Waiting => JobStateBody::Waiting,
            JobState::Succeeded => JobStateBody::Succeeded,
            JobState::Failed => JobStateBody::Failed,
            JobState::Manual => JobStateBody::Manual,
            JobState::Cancelled => JobStateBody::Cancelled,
        }
    }
}
