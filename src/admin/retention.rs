//! How long a tenant's things are kept, where it wants it otherwise than the installation.

use axum::Json as Answer;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AdminState;
use super::auth::Caller;
use super::error::Problem;
use super::json::{IfMatch, Json, etag};
use super::owned::OfTenant;
use crate::model::{self, RecordingFate, TenantRetention};

/// How long a tenant's things are kept.
#[derive(Serialize, ToSchema)]
#[schema(as = Retention)]
#[serde(rename_all = "camelCase")]
pub(super) struct RetentionBody {
    /// Days that calls are kept with their events and reports; null: as the installation says.
    calls_days: Option<u32>,
    /// Days that voicemails are kept; null: as the installation says.
    voicemails_days: Option<u32>,
    /// Days that words are kept, transcripts and the AI's summaries; null: as the installation says.
    transcripts_days: Option<u32>,
    recording_at_twilio: RecordingFateBody,
    /// What the installation says. Null there: kept until somebody erases it.
    installation: PeriodsBody,
    version: u64,
}

/// The periods of the installation.
#[derive(Serialize, ToSchema)]
#[schema(as = Periods)]
#[serde(rename_all = "camelCase")]
pub(super) struct PeriodsBody {
    calls_days: Option<u32>,
    voicemails_days: Option<u32>,
    transcripts_days: Option<u32>,
    audit_days: Option<u32>,
}

/// How long a tenant wants its things kept. What is absent or null is as the installation says.
#[derive(Deserialize, ToSchema)]
#[schema(as = RetentionChange, example = json!({"callsDays": 90, "voicemailsDays": 30, "transcriptsDays": null, "recordingAtTwilio": "delete"}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RetentionPut {
    #[schema(minimum = 1, maximum = 36500)]
    calls_days: Option<u32>,
    #[schema(minimum = 1, maximum = 36500)]
    voicemails_days: Option<u32>,
    #[schema(minimum = 1, maximum = 36500)]
    transcripts_days: Option<u32>,
    /// `delete` where nothing is said.
    recording_at_twilio: Option<RecordingFateBody>,
}

/// What becomes of a recording at Twilio when its voicemail's time is over.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = RecordingFate)]
#[serde(rename_all = "lowercase")]
pub(super) enum RecordingFateBody {
    Delete,
    Keep,
}

/// How long a tenant's things are kept
#[utoipa::path(get, path = "/api/tenants/{id}/retention", tag = "retention",
    responses((status = 200, description = "What the tenant wants, and what the installation says", body = RetentionBody)))]
pub(super) async fn read(State(admin): State<AdminState>, OfTenant(tenant): OfTenant) -> Result<Response, Problem> {
    Ok(answer(&admin, &admin.store.retention(&tenant.id).await?))
}

/// Says how long a tenant's things are kept
///
/// A shorter period has its effect with the next sweep, within the hour, and what went does not come back.
#[utoipa::path(put, path = "/api/tenants/{id}/retention", tag = "retention", request_body = RetentionPut,
    responses((status = 200, description = "What holds from now on", body = RetentionBody)))]
pub(super) async fn put(
    State(admin): State<AdminState>,
    caller: Caller,
    OfTenant(tenant): OfTenant,
    if_match: IfMatch,
    Json(body): Json<RetentionPut>,
) -> Result<Response, Problem> {
    let before = admin.store.retention(&tenant.id).await?;
    let expected = if_match.expected(before.version)?;
    let wanted = TenantRetention {
        tenant_id: tenant.id,
        calls_days: body.calls_days,
        voicemails_days: body.voicemails_days,
        transcripts_days: body.transcripts_days,
        recording: match body.recording_at_twilio {
            None | Some(RecordingFateBody::Delete) => RecordingFate::Delete,
            Some(RecordingFateBody::Keep) => RecordingFate::Keep,
        },
        version: before.version,
    };
    let kept = admin.store.put_retention(&wanted, expected, &caller.by).await?;
    Ok(answer(&admin, &kept))
}

fn answer(admin: &AdminState, kept: &TenantRetention) -> Response {
    (etag(kept.version), Answer(RetentionBody::of(kept, &admin.periods))).into_response()
}

impl RetentionBody {
    fn of(kept: &TenantRetention, installation: &model::Retention) -> RetentionBody {
        RetentionBody {
            calls_days: kept.calls_days,
            voicemails_days: kept.voicemails_days,
            transcripts_days: kept.transcripts_days,
            recording_at_twilio: match kept.recording {
                RecordingFate::Delete => RecordingFateBody::Delete,
                RecordingFate::Keep => RecordingFateBody::Keep,
            },
            installation: PeriodsBody {
                calls_days: installation.calls_days,
                voicemails_days: installation.voicemails_days,
                transcripts_days: installation.transcripts_days,
                audit_days: installation.audit_days,
            },
            version: kept.version,
        }
    }
}
