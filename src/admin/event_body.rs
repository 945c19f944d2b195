//! Events as they are told: names and JSON of server-sent events, and their schemas.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::calls::{ArrivalBody, DecisionBody};
use super::jobs::JobBody;
use super::live::LiveBody;
use crate::events::{Changed, Event, Kept, News, VoicemailNow, Warning, WarningKind};
use crate::model::{
    CallBegan, CallEnded, CallEvent, Job, NumberId, OrgId, Sid, Target, TargetKind, TenantId, VoicemailId,
    VoicemailState,
};

/// A message of the stream: `event:` is its name, `data:` the JSON of its part here.
#[derive(ToSchema)]
#[schema(as = EventMessage)]
#[serde(tag = "event", content = "data")]
#[allow(dead_code, reason = "only describes what the stream writes in the form of server-sent events")]
pub(super) enum MessageBody {
    #[serde(rename = "snapshot")]
    Snapshot(SnapshotBody),
    #[serde(rename = "call.began")]
    CallBegan(CallBeganBody),
    #[serde(rename = "call.event")]
    CallEvent(CallHeardBody),
    #[serde(rename = "call.ended")]
    CallEnded(CallEndedBody),
    #[serde(rename = "voicemail")]
    Voicemail(VoicemailToldBody),
    #[serde(rename = "job")]
    Job(JobToldBody),
    #[serde(rename = "changed")]
    Changed(ChangedBody),
    #[serde(rename = "ai.breaker")]
    Breaker(BreakerToldBody),
    #[serde(rename = "warning")]
    Warning(WarningBody),
}

/// How everything stands: what came before is contained in it, what comes after it follows.
#[derive(Serialize, ToSchema)]
#[schema(as = EventSnapshot)]
#[serde(rename_all = "camelCase")]
pub(super) struct SnapshotBody {
    /// Why a snapshot is told: `new`, or because events were missed, `too_far_behind` or `restarted`.
    #[schema(value_type = String, example = "new")]
    pub because: &'static str,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The live calls, the latest first; a thousand at most.
    pub live: Vec<LiveBody>,
    /// How many there are.
    pub live_count: usize,
    pub decisions: DecisionsBody,
    pub ai: AiBody,
    /// Warnings in force; of the platform's tokens alone.
    pub warnings: Vec<WarningBody>,
}

/// The decisions of the last minute.
#[derive(Serialize, ToSchema)]
#[schema(as = RecentDecisions)]
#[serde(rename_all = "camelCase")]
pub(super) struct DecisionsBody {
    /// Since when they are counted.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    pub ai: usize,
    pub fallback: usize,
    /// False where some may be missing: the process has just started, or there were very many.
    pub complete: bool,
}

/// How the AI is.
#[derive(Serialize, ToSchema)]
#[schema(as = AiHealth)]
#[serde(rename_all = "camelCase")]
pub(super) struct AiBody {
    /// The breaker for Vapi as a whole: `closed` while all is well, `open`, `half_open`.
    #[schema(value_type = String, example = "closed")]
    pub state: &'static str,
    /// Breakers of single targets that are not closed; of the platform's tokens alone.
    pub targets: Vec<BreakerBody>,
}

/// A breaker.
#[derive(Serialize, ToSchema)]
#[schema(as = Breaker)]
#[serde(rename_all = "camelCase")]
pub(super) struct BreakerBody {
    /// Whose it is; null for Vapi as a whole.
    target: Option<ToldTargetBody>,
    #[schema(value_type = String, example = "open")]
    state: &'static str,
}

/// An assistant or a squad.
#[derive(Serialize, ToSchema)]
#[schema(as = EventTarget)]
struct ToldTargetBody {
    #[schema(value_type = String, example = "assistant")]
    kind: &'static str,
    #[schema(value_type = String, format = "sid")]
    id: Sid,
}

/// A call began, and was decided.
#[derive(Serialize, ToSchema)]
#[schema(as = CallBeganEvent)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallBeganBody {
    #[serde(flatten)]
    about: AboutBody,
    #[schema(value_type = String, format = "sid")]
    call_sid: Sid,
    #[schema(value_type = Option<String>, format = "number-id")]
    number_id: Option<NumberId>,
    from: String,
    to: String,
    arrival: ArrivalBody,
    decision: DecisionBody,
    /// Other live calls of the tenant that were not with the AI.
    active_calls: u32,
    /// The first step of its walk.
    step: String,
    took_us: u64,
    request_id: String,
}

/// Something happened in a call.
#[derive(Serialize, ToSchema)]
#[schema(as = CallEventEvent)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallHeardBody {
    #[serde(flatten)]
    about: AboutBody,
    #[schema(value_type = String, format = "sid")]
    call_sid: Sid,
    #[schema(example = "forward-leg")]
    what: String,
    /// How it came out, in the provider's word.
    outcome: Option<String>,
    /// The step that was answered.
    step: Option<String>,
}

/// A call ended.
#[derive(Serialize, ToSchema)]
#[schema(as = CallEndedEvent)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallEndedBody {
    #[serde(flatten)]
    about: AboutBody,
    #[schema(value_type = String, format = "sid")]
    call_sid: Sid,
    /// The final status in the provider's word, where one was given.
    status: Option<String>,
    duration_seconds: Option<u32>,
    /// Who told of it.
    #[schema(value_type = String, example = "status")]
    by: &'static str,
}

/// A voicemail is new, or another than before.
#[derive(Serialize, ToSchema)]
#[schema(as = VoicemailEvent)]
#[serde(rename_all = "camelCase")]
pub(super) struct VoicemailToldBody {
    #[serde(flatten)]
    about: AboutBody,
    #[schema(value_type = String, format = "voicemail-id")]
    id: VoicemailId,
    #[schema(value_type = String, format = "sid")]
    call_sid: Sid,
    from: Option<String>,
    /// Seconds.
    duration: Option<u32>,
    #[schema(value_type = String, example = "ready")]
    state: VoicemailState,
    heard: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Something happened to a job: here it is as it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = JobEvent)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobToldBody {
    #[serde(flatten)]
    about: AboutBody,
    job: JobBody,
}

/// Settings changed: read them again.
#[derive(Serialize, ToSchema)]
#[schema(as = ChangedEvent)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangedBody {
    #[serde(flatten)]
    about: AboutBody,
    /// `tenant`, `number` or `org`.
    #[schema(value_type = String, example = "tenant")]
    what: &'static str,
    #[schema(value_type = Option<String>, format = "number-id")]
    number_id: Option<NumberId>,
}

/// A breaker opened or closed.
#[derive(Serialize, ToSchema)]
#[schema(as = BreakerEvent)]
#[serde(rename_all = "camelCase")]
pub(super) struct BreakerToldBody {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[serde(flatten)]
    breaker: BreakerBody,
}

/// Something needs a person's attention, or does no longer.
#[derive(Serialize, ToSchema)]
#[schema(as = WarningEvent)]
#[serde(rename_all = "camelCase")]
pub(super) struct WarningBody {
    /// Since when, in a snapshot; else when it began, changed or ended.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(value_type = String, example = "store_away")]
    code: &'static str,
    /// False when it is over.
    active: bool,
    #[schema(value_type = String)]
    detail: &'static str,
    /// Records that wait, are refused or lost.
    records: u64,
}

/// When, and whose business it is.
#[derive(Serialize, ToSchema)]
#[schema(as = EventAbout)]
#[serde(rename_all = "camelCase")]
struct AboutBody {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(value_type = Option<String>, format = "org-id")]
    org_id: Option<OrgId>,
    #[schema(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
}

/// The lines that tell an event, its id left out.
pub(super) fn spell(kept: &Kept) -> String {
    let event = &kept.event;
    let about = AboutBody::of(event);
    let data = match &event.news {
        News::CallBegan(began) => json(&CallBeganBody::of(about, began)),
        News::CallEvent(heard) => json(&CallHeardBody::of(about, heard)),
        News::CallEnded(ended) => json(&CallEndedBody::of(about, ended)),
        News::Voicemail(voicemail) => json(&VoicemailToldBody::of(about, voicemail)),
        News::Job(job) => json(&JobToldBody::of(about, job)),
        News::Changed(changed) => json(&ChangedBody::of(about, changed)),
        News::Breaker { target, state } => {
            json(&BreakerToldBody { at: event.at, breaker: BreakerBody::of(target.as_ref(), state) })
        }
        News::Warning(warning) => json(&WarningBody::of(event.at, warning)),
    };
    lines(event.kind().as_str(), &data)
}

/// The lines of a message. JSON holds no line break, so one `data:` is enough.
pub(super) fn lines(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {data}\n")
}

pub(super) fn json<T: Serialize>(body: &T) -> String {
    serde_json::to_string(body).expect("these bodies have text keys alone")
}

impl AboutBody {
    fn of(event: &Event) -> AboutBody {
        let audience = &event.audience;
        AboutBody { at: event.at, org_id: audience.org().cloned(), tenant_id: audience.tenant().cloned() }
    }
}

impl CallBeganBody {
    fn of(about: AboutBody, began: &CallBegan) -> CallBeganBody {
        CallBeganBody {
            about,
            call_sid: began.call_sid.clone(),
            number_id: began.number_id.clone(),
            from: began.from.clone(),
            to: began.to.clone(),
            arrival: ArrivalBody::of(began.arrival),
            decision: DecisionBody::of(began.decision),
            active_calls: began.others,
            step: began.step.clone(),
            took_us: began.took_us,
            request_id: began.request_id.clone(),
        }
    }
}

impl CallHeardBody {
    fn of(about: AboutBody, event: &CallEvent) -> CallHeardBody {
        CallHeardBody {
            about,
            call_sid: event.call_sid.clone(),
            what: event.what.clone(),
            outcome: event.outcome.clone(),
            step: event.step.clone(),
        }
    }
}

impl CallEndedBody {
    fn of(about: AboutBody, ended: &CallEnded) -> CallEndedBody {
        CallEndedBody {
            about,
            call_sid: ended.call_sid.clone(),
            status: ended.status.clone(),
            duration_seconds: ended.duration_seconds,
            by: ended.by.as_str(),
        }
    }
}

impl VoicemailToldBody {
    fn of(about: AboutBody, voicemail: &VoicemailNow) -> VoicemailToldBody {
        VoicemailToldBody {
            about,
            id: voicemail.id.clone(),
            call_sid: voicemail.call_sid.clone(),
            from: voicemail.from.clone(),
            duration: voicemail.duration_seconds,
            state: voicemail.state,
            heard: voicemail.heard,
            created_at: voicemail.created_at,
        }
    }
}

impl JobToldBody {
    fn of(about: AboutBody, job: &Job) -> JobToldBody {
        JobToldBody { about, job: JobBody::of(job) }
    }
}

impl ChangedBody {
    fn of(about: AboutBody, changed: &Changed) -> ChangedBody {
        let (what, number_id) = match changed {
            Changed::Tenant => ("tenant", None),
            Changed::Number(id) => ("number", Some(id.clone())),
            Changed::Org => ("org", None),
        };
        ChangedBody { about, what, number_id }
    }
}

impl BreakerBody {
    pub fn of(target: Option<&Target>, state: &'static str) -> BreakerBody {
        let target = target.map(|target| ToldTargetBody {
            kind: match target.kind {
                TargetKind::Assistant => "assistant",
                TargetKind::Squad => "squad",
            },
            id: target.id.clone(),
        });
        BreakerBody { target, state }
    }
}

impl WarningBody {
    pub fn of(at: Timestamp, warning: &Warning) -> WarningBody {
        let detail = match warning.kind {
            WarningKind::StoreAway => "the store does not answer; calls are answered, and told of when it is back",
            WarningKind::JournalBehind => "records wait for the store for longer than they should",
            WarningKind::RecordsRefused => "the store refuses records; they are kept in spool.dir, in refused/",
            WarningKind::NumbersAstray => {
                "numbers do not lead here as they should: POST /api/numbers/audit tells which"
            }
            WarningKind::LedgerDegraded => {
                "Redis cannot be counted on: this edge counts live calls by itself until it can"
            }
            WarningKind::RecordsLost => "records were lost: neither spool.dir nor memory had room for them",
        };
        let Warning { kind, active, records } = *warning;
        WarningBody { at, code: kind.as_str(), active, detail, records }
    }
}
