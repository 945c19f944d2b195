//! One person's data, read out by their number.
//!
//! A page at a time, asked for with a body: a number in a URL would stand in the logs of everything between. Nothing is
//! kept of it but a line in the audit log.

use std::collections::HashSet;

use axum::Json as Answer;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AdminState;
use super::auth::Caller;
use super::calls::{CallBody, EventBody, ReportBody};
use super::error::Problem;
use super::json::Json;
use super::voicemails::VoicemailBody;
use crate::model::{E164, Person, Sid, TenantId};
use crate::store::{PersonAsk, PersonCall};

/// How many calls a page has where nothing is said, and at most.
const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;

/// Whose data is wanted.
#[derive(Deserialize, ToSchema)]
#[schema(as = ExportRequest, example = json!({"number": "+16475550111"}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ExportRequest {
    /// The person's number.
    #[schema(value_type = String, format = "e164")]
    number: E164,
    /// Only what belongs to this tenant.
    #[schema(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    /// Where the page begins: `nextCursor` of the page before.
    #[schema(max_length = 64)]
    cursor: Option<String>,
    /// How many calls at most.
    #[schema(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of what is kept of a person.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExportPage {
    data: Vec<ExportedCall>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// A call the person was in, with all that is kept of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExportedCall {
    #[schema(value_type = String, format = "sid")]
    sid: Sid,
    /// The call; null where only a voicemail is kept of it.
    call: Option<CallBody>,
    /// Everything that happened, oldest first.
    events: Vec<EventBody>,
    /// What Vapi said of it afterwards.
    report: Option<ReportBody>,
    voicemails: Vec<ExportedVoicemail>,
}

/// A voicemail the person left.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExportedVoicemail {
    #[serde(flatten)]
    voicemail: VoicemailBody,
    /// Where it is heard.
    #[schema(example = "/api/voicemails/vm_01kafbd2x0q7h3m8w5r9t2c6ze/audio")]
    audio: String,
}

/// Reads out what is kept of a person
///
/// Found however the provider wrote the number. Each page is whole JSON, so a person with very many calls takes no more
/// memory than one with few, and what broke off is asked for again from its cursor. Send no `Idempotency-Key`: the
/// answer would be kept for a day.
#[utoipa::path(post, path = "/api/exports", tag = "exports", request_body = ExportRequest,
    responses(
        (status = 200, description = "A page", body = ExportPage),
        (status = 404, description = "There is no such tenant for this token to see", body = super::error::ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn create(
    State(admin): State<AdminState>,
    caller: Caller,
    Json(body): Json<ExportRequest>,
) -> Result<Answer<ExportPage>, Problem> {
    let ask = person_ask(&admin, &caller, body.number, body.tenant_id).await?;
    if body.cursor.is_none() {
        admin.store.note_export(&ask, &caller.by).await?;
    }
    let limit = body.limit.unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX);
    let calls = admin.store.person_calls(&ask, body.cursor.as_deref(), limit).await?;
    let more = calls.len() == limit as usize;
    let next_cursor = calls.last().filter(|_| more).map(|sid| sid.as_str().to_owned());
    let live: HashSet<Sid> = (admin.live)().await.into_iter().map(|call| call.sid).collect();
    let read = admin.store.read_person(&ask, &calls).await?;
    Ok(Answer(ExportPage { data: read.iter().map(|one| ExportedCall::of(one, &live)).collect(), next_cursor }))
}

/// Whose data the caller may ask for, within what they may see.
pub(super) async fn person_ask(
    admin: &AdminState,
    caller: &Caller,
    number: E164,
    tenant: Option<TenantId>,
) -> Result<PersonAsk, Problem> {
    if let Some(id) = &tenant {
        let found = admin.store.tenant(id).await?;
        let seen = found.is_some_and(|found| caller.sees(Some(&found.org_id), Some(&found.id)));
        if !seen {
            return Err(caller.finds_no("tenant", id.as_str(), "/tenantId"));
        }
    }
    Ok(PersonAsk { person: Person::new(number), scope: caller.scope(), tenant })
}

impl ExportedCall {
    fn of(one: &PersonCall, live: &HashSet<Sid>) -> ExportedCall {
        let call = one.call.as_ref();
        let voicemails = one.voicemails.iter().map(|row| ExportedVoicemail {
            voicemail: VoicemailBody::of(row),
            audio: format!("/api/voicemails/{}/audio", row.id),
        });
        ExportedCall {
            sid: one.sid.clone(),
            call: call.map(|row| CallBody::of(row, live.contains(&one.sid))),
            events: call.into_iter().flat_map(|row| row.events.iter().map(EventBody::of)).collect(),
            report: call.and_then(|row| row.report.as_ref()).map(ReportBody::of),
            voicemails: voicemails.collect(),
        }
    }
}
