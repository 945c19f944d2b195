//! Voicemails: what callers left, and whether somebody listened.

use axum::Json as Answer;
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AdminState;
use super::auth::Caller;
use super::error::Problem;
use super::json::{Id, Json};
use super::lists::ListQuery;
use super::narrowings::VoicemailQuery;
use crate::model::{Change, Sid, TenantId, VoicemailId, VoicemailState};
use crate::store::VoicemailRow;

/// A voicemail.
#[derive(Serialize, ToSchema)]
#[schema(as = Voicemail)]
#[serde(rename_all = "camelCase")]
pub(super) struct VoicemailBody {
    #[schema(value_type = String, example = "vm_01kafbd2x0q7h3m8w5r9t2c6ze")]
    id: VoicemailId,
    /// Whose it is; null where nothing told.
    #[schema(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    #[schema(value_type = String, format = "sid")]
    call_sid: Sid,
    /// Twilio's recording; null until it told of one.
    #[schema(value_type = Option<String>, format = "sid")]
    recording_sid: Option<Sid>,
    /// The caller, as the provider wrote it.
    from: Option<String>,
    /// In seconds.
    duration: Option<u32>,
    state: VoicemailStateBody,
    /// Its words, once transcribed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    transcript: Option<String>,
    heard: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// How far it is: announced; nothing was said; failed at Twilio; there to be heard.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = VoicemailState)]
#[serde(rename_all = "lowercase")]
pub(super) enum VoicemailStateBody {
    Pending,
    Absent,
    Failed,
    Ready,
}

/// What to change of a voicemail.
#[derive(Deserialize, ToSchema)]
#[schema(as = VoicemailChange, example = json!({"heard": true}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct VoicemailPatch {
    /// Somebody listened to it.
    heard: bool,
}

/// A page of voicemails.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct VoicemailPage {
    data: Vec<VoicemailBody>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// Voicemails, newest first
#[utoipa::path(get, params(VoicemailQuery), path = "/api/voicemails", tag = "voicemails",
    responses((status = 200, description = "A page", body = VoicemailPage)))]
pub(super) async fn list(
    State(admin): State<AdminState>,
    ListQuery(ask): ListQuery<VoicemailQuery>,
) -> Result<Answer<VoicemailPage>, Problem> {
    let page = admin.store.voicemails(&ask).await?;
    Ok(Answer(VoicemailPage { data: page.rows.iter().map(VoicemailBody::of).collect(), next_cursor: page.next_cursor }))
}

/// A voicemail
#[utoipa::path(get, path = "/api/voicemails/{id}", tag = "voicemails",
    responses((status = 200, description = "The voicemail", body = VoicemailBody)))]
pub(super) async fn read(
    State(admin): State<AdminState>,
    caller: Caller,
    Id(id): Id<VoicemailId>,
) -> Result<Answer<VoicemailBody>, Problem> {
    Ok(Answer(VoicemailBody::of(&find(&admin, &caller, &id).await?)))
}

/// Marks a voicemail heard, or not
#[utoipa::path(patch, path = "/api/voicemails/{id}", tag = "voicemails", request_body = VoicemailPatch,
    responses((status = 200, description = "The voicemail as it is now", body = VoicemailBody)))]
pub(super) async fn change(
    State(admin): State<AdminState>,
    caller: Caller,
    Id(id): Id<VoicemailId>,
    Json(patch): Json<VoicemailPatch>,
) -> Result<Answer<VoicemailBody>, Problem> {
    find(&admin, &caller, &id).await?;
    admin.store.set_heard(&id, patch.heard).await?;
    (admin.changed)(Change::Voicemail(id.clone()));
    Ok(Answer(VoicemailBody::of(&find(&admin, &caller, &id).await?)))
}

pub(super) async fn find(admin: &AdminState, caller: &Caller, id: &VoicemailId) -> Result<VoicemailRow, Problem> {
    let nobody = || Problem::not_found("voicemail", id.as_str());
    let row = admin.store.voicemail(id).await?.ok_or_else(nobody)?;
    if caller.sees(row.org_id.as_ref(), row.tenant_id.as_ref()) { Ok(row) } else { Err(nobody()) }
}

impl VoicemailBody {
    pub fn of(row: &VoicemailRow) -> VoicemailBody {
        VoicemailBody {
            id: row.id.clone(),
            tenant_id: row.tenant_id.clone(),
            call_sid: row.call_sid.clone(),
            recording_sid: row.recording_sid.clone(),
            from: row.from.clone(),
            duration: row.duration_seconds,
            state: match row.state {
                VoicemailState::Pending => VoicemailStateBody::Pending,
                VoicemailState::Absent => VoicemailStateBody::Absent,
                VoicemailState::Failed => VoicemailStateBody::Failed,
                VoicemailState::Ready => VoicemailStateBody::Ready,
            },
            transcript: row.transcript.clone(),
            heard: row.heard,
            created_at: row.created_at,
        }
    }
}
