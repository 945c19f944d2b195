//! How things are today, on one screen: the last hour of calls, the AI, what needs a person, and what is under way.
//!
//! While the store is away this still answers, with what is known without it: then more than ever it is looked at.

use axum::Json as Answer;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::AdminState;
use super::auth::Caller;
use super::event_body::{AiBody, BreakerBody};
use super::warnings::{Facts, Told, warnings};
use crate::events::{Standing, WarningKind};
use crate::model::{Role, Target};
use crate::preflight::Grade;
use crate::provisioning::Meter;
use crate::store::{Ask, StoreError, TOLD_MAX, TenantFilter, Today};

/// How far back calls are counted.
const MINUTES: i64 = 60;

/// How things are.
#[derive(Serialize, ToSchema)]
#[schema(as = Today)]
#[serde(rename_all = "camelCase")]
pub(super) struct TodayBody {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The last 60 whole minutes, oldest first. Where there were more calls than are counted at once the oldest minutes
    /// are left out; while the store is away all are.
    #[schema(max_items = 60)]
    minutes: Vec<MinuteBody>,
    ai: AiBody,
    /// What needs a person, faults first.
    warnings: Vec<WarningTold>,
    jobs: JobsBody,
    /// Voicemails nobody listened to, among the newest 100,000.
    voicemails_unheard: u64,
    /// Calls under way.
    live_count: u64,
    /// False while the store is away: then what only it knows is told as nothing, 0 and no minutes.
    store_up: bool,
}

/// A minute, and how many calls were decided in it.
#[derive(Serialize, ToSchema)]
#[schema(as = Minute)]
struct MinuteBody {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// For the AI.
    ai: u64,
    /// For the fallback.
    fallback: u64,
}

/// Something that needs a person.
#[derive(Serialize, ToSchema)]
#[schema(as = TodayWarning)]
struct WarningTold {
    #[schema(value_type = String, example = "numbers_astray")]
    code: &'static str,
    grade: WarningGradeBody,
    /// What it is about.
    #[schema(example = "numbers")]
    subject: String,
    /// What is.
    #[schema(example = "2 numbers do not lead here as they should: their callers may hear something else.")]
    detail: String,
    /// What a person does now, in one sentence.
    #[schema(
        example = "Look which they are and what is done about each; what is not brought back by itself, bring back with rewire."
    )]
    next: String,
    /// The command that helps, as it is typed.
    #[schema(example = "patchbay numbers audit")]
    command: Option<String>,
    /// Where the console shows it.
    #[schema(example = "/numbers?state=astray")]
    href: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
}

/// `warning`: it works, and somebody should look; `fault`: something does not work, or soon will not.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = WarningGrade)]
#[serde(rename_all = "lowercase")]
enum WarningGradeBody {
    Warning,
    Fault,
}

/// Jobs that have not ended, and those that are a person's.
#[derive(Serialize, ToSchema)]
#[schema(as = JobCounts)]
struct JobsBody {
    queued: u64,
    running: u64,
    waiting: u64,
    manual: u64,
}

/// How things are today
///
/// The last hour of calls by the minute, how the AI is, what needs a person and what they do now, and what is under way:
/// of what the token may see. What concerns the installation as a whole is told to operators alone.
#[utoipa::path(get, path = "/api/today", tag = "today", responses((status = 200, description = "How things are", body = TodayBody)))]
pub(super) async fn read(State(admin): State<AdminState>, caller: Caller) -> Answer<TodayBody> {
    let now = (admin.now)();
    let standing = admin.events.bus.standing();
    let kept = match kept(&admin, &caller, now, &standing).await {
        Ok(kept) => Some(kept),
        Err(error) => {
            tracing::warn!(%error, "the store does not answer: today is told without it");
            None
        }
    };
    let is_away = standing.warnings.iter().any(|(warning, _)| warning.kind == WarningKind::StoreAway);
    let store_up = kept.is_some() && !is_away;
    let (today, targets) = kept.unwrap_or_default();
    let live = (admin.live)().await;
    let live = live.iter().filter(|call| caller.sees(Some(&call.org_id), Some(&call.tenant_id))).count();
    let vapi = standing.breakers.iter().find(|(target, ..)| target.is_none());
    let vapi = vapi.map(|(_, state, since)| (*state, *since));
    let ai = AiBody {
        state: vapi.map_or("closed", |(state, _)| state),
        targets: targets.iter().map(|(target, state, _)| BreakerBody::of(Some(target), state)).collect(),
    };
    let is_platform = caller.role == Role::Operator;
    let facts = Facts {
        now,
        standing: if is_platform { standing.warnings } else { Vec::new() },
        numbers_amiss: today.numbers_amiss,
        vapi,
        targets: targets.into_iter().take(TOLD_MAX as usize).collect(),
        free_numbers: if is_platform { free_numbers(&admin).await } else { None },
        certificate_end: if is_platform { (admin.certificate_end)() } else { None },
        jobs_by_hand: today.jobs.manual,
        job_by_hand: today.job_by_hand,
        by_hand_since: today.by_hand_since,
        ports: today.ports,
        webhooks: today.webhooks,
    };
    let minutes = today.minutes.iter();
    Answer(TodayBody {
        at: now,
        minutes: minutes.map(|one| MinuteBody { at: one.at, ai: one.ai, fallback: one.fallback }).collect(),
        ai,
        warnings: warnings(&facts).into_iter().map(WarningTold::of).collect(),
        jobs: JobsBody {
            queued: today.jobs.queued,
            running: today.jobs.running,
            waiting: today.jobs.waiting,
            manual: today.jobs.manual,
        },
        voicemails_unheard: today.voicemails_unheard,
        live_count: live as u64,
        store_up,
    })
}

/// A breaker that is not closed: whose, its state, and since when.
type Breaker = (Target, &'static str, Timestamp);

/// What the store knows of the day, and which breakers are the caller's business.
async fn kept(
    admin: &AdminState,
    caller: &Caller,
    now: Timestamp,
    standing: &Standing,
) -> Result<(Today, Vec<Breaker>), StoreError> {
    let until = Timestamp::from_second(now.as_second().div_euclid(60) * 60).unwrap_or(now);
    let since = until.saturating_sub(SignedDuration::from_mins(MINUTES)).unwrap_or(until);
    let today = admin.store.today(&caller.scope(), since, until).await?;
    let open = standing.breakers.iter();
    let open = open.filter_map(|(target, state, since)| Some((target.clone()?, *state, *since)));
    if caller.role == Role::Operator {
        return Ok((today, open.collect()));
    }
    // Which target is away may tell one tenant of another: only those that answer for one's own are told.
    let mut own = Vec::new();
    for breaker in open.take(TOLD_MAX as usize) {
        let only = TenantFilter { target: Some(breaker.0.id.clone()), ..TenantFilter::default() };
        let ask = Ask { limit: 1, scope: caller.scope(), only, ..Ask::default() };
        if !admin.store.tenants(&ask).await?.rows.is_empty() {
            own.push(breaker);
        }
    }
    Ok((today, own))
}

/// Vapi's free numbers as they were counted within the last minute or so; none where that is not known.
async fn free_numbers(admin: &AdminState) -> Option<Meter> {
    let total = admin.supply.seen.total(admin.supply.vapi.as_ref()?).await?;
    Some(admin.supply.meter(total))
}

impl WarningTold {
    fn of(told: Told) -> WarningTold {
        let grade = if told.grade == Grade::Fault { WarningGradeBody::Fault } else { WarningGradeBody::Warning };
        let Told { code, subject, detail, next, command, href, since, .. } = told;
        WarningTold { code, grade, subject, detail, next, command, href, since }
    }
}
