//! What is done with a number that is ours: made to lead here, taken out of Vapi, given back; and those that Vapi has and
//! we do not know.

use axum::Json as Answer;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AdminState;
use super::auth::Caller;
use super::error::{Problem, ProblemBody};
use super::jobs::{self, BegunBody};
use super::json::{Id, Json, OptionalJson};
use super::numbers::{find, put, refuse_if_coming};
use super::supply;
use crate::model::{E164, Job, Number, NumberId, NumberState, Purpose, Sid};
use crate::providers::{NumberKind, VapiNumber};
use crate::provisioning::{About, Asked};
use crate::store::JobBounds;

/// A number to be given back.
#[derive(Deserialize, ToSchema)]
#[schema(as = NumberRelease, example = json!({"confirm": "+16475550123"}))]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseAsked {
    /// The number once more: it is gone for good afterwards.
    #[schema(format = "e164")]
    confirm: String,
}

/// What to look for at Vapi.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = NumberSync, example = json!({"dryRun": true}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SyncAsked {
    /// Only tell what would be recorded.
    #[serde(default)]
    dry_run: bool,
}

/// The numbers Vapi has.
#[derive(Serialize, ToSchema)]
#[schema(as = NumbersSynced)]
#[serde(rename_all = "camelCase")]
pub(super) struct SyncedList {
    /// Nothing was recorded.
    dry_run: bool,
    data: Vec<SyncedBody>,
}

/// A number Vapi has.
#[derive(Serialize, ToSchema)]
#[schema(as = SyncedNumber)]
#[serde(rename_all = "camelCase")]
pub(super) struct SyncedBody {
    #[schema(value_type = String, format = "sid")]
    vapi_number_id: Sid,
    #[schema(value_type = Option<String>, format = "e164")]
    e164: Option<E164>,
    /// Ours, where it is recorded.
    #[schema(value_type = Option<String>, format = "number-id")]
    number_id: Option<NumberId>,
    outcome: SyncOutcome,
    /// Why, where it was passed over.
    detail: Option<String>,
}

/// Recorded now, in the pool; known before; known, and now with Vapi's id; passed over.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = SyncOutcome)]
#[serde(rename_all = "lowercase")]
pub(super) enum SyncOutcome {
    Recorded,
    Known,
    Completed,
    Skipped,
}

/// Makes a number lead here again
///
/// Imports it at Vapi where Vapi does not have it, writes our URLs at Twilio, and reads them back.
#[utoipa::path(post, path = "/api/numbers/{id}/rewire", tag = "numbers",
    responses((status = 202, description = "The job that does it", body = BegunBody)))]
pub(super) async fn rewire(
    State(admin): State<AdminState>,
    caller: Caller,
    Id(id): Id<NumberId>,
) -> Result<Response, Problem> {
    let number = find(&admin, &caller, &id).await?;
    Ok(jobs::begun(&wire(&admin, &caller, &number).await?))
}

/// Takes a number out of Vapi
///
/// It stays ours and goes on leading here; calls reach the AI by the tenant's SIP address.
#[utoipa::path(post, path = "/api/numbers/{id}/remove-from-vapi", tag = "numbers",
    responses((status = 202, description = "The job that does it", body = BegunBody)))]
pub(super) async fn remove(
    State(admin): State<AdminState>,
    caller: Caller,
    Id(id): Id<NumberId>,
) -> Result<Response, Problem> {
    let number = find(&admin, &caller, &id).await?;
    let asked = Asked::Remove { number_id: number.id.clone() };
    Ok(jobs::begun(&begin(&admin, &caller, &number, &asked).await?))
}

/// Gives a number back for good
///
/// To Twilio or Vapi, whoever it came from. It must lead to nobody, and has to be named once more.
#[utoipa::path(post, path = "/api/numbers/{id}/release", tag = "numbers", request_body = ReleaseAsked,
    responses((status = 202, description = "The job that does it", body = BegunBody)))]
pub(super) async fn release(
    State(admin): State<AdminState>,
    caller: Caller,
    Id(id): Id<NumberId>,
    Json(asked): Json<ReleaseAsked>,
) -> Result<Response, Problem> {
    let number = find(&admin, &caller, &id).await?;
    if asked.confirm != number.e164.to_string() {
        let detail = "this is not the number that is to be given back: write it out as it is";
        return Err(Problem::fault("/confirm", "not_confirmed", detail));
    }
    if number.tenant_id.is_some() {
        return Err(Problem::number_in_use());
    }
    let asked = Asked::Release { number_id: number.id.clone() };
    Ok(jobs::begun(&begin(&admin, &caller, &number, &asked).await?))
}

/// Records the numbers Vapi has
///
/// Those we do not know go into the pool. Nothing is changed at Vapi or Twilio: a number that is to lead here is rewired
/// afterwards.
#[utoipa::path(post, path = "/api/numbers/sync", tag = "numbers", request_body = Option<SyncAsked>,
    responses(
        (status = 200, description = "What Vapi has, and what became of it", body = SyncedList),
        (status = 409, description = "The installation has no key of Vapi's: `vapi_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "Vapi failed (`upstream_failed`), or refuses the key (`upstream_refused`)", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn sync(
    State(admin): State<AdminState>,
    caller: Caller,
    OptionalJson(asked): OptionalJson<SyncAsked>,
) -> Result<Answer<SyncedList>, Problem> {
    caller.operator()?;
    let vapi = admin.supply.vapi.as_ref().ok_or_else(Problem::vapi_missing)?;
    let found = vapi.numbers().await.map_err(|error| supply::failed(&error))?;
    let mut data = Vec::with_capacity(found.len());
    // A SIP address has no digits, and is its tenant's already.
    for number in found.iter().filter(|number| number.sip_uri.is_none()) {
        data.push(synced(&admin, &caller, number, asked.dry_run).await?);
    }
    Ok(Answer(SyncedList { dry_run: asked.dry_run, data }))
}

async fn synced(admin: &AdminState, caller: &Caller, found: &VapiNumber, dry_run: bool) -> Result<SyncedBody, Problem> {
    let told = |number_id, outcome, detail: Option<&str>| SyncedBody {
        vapi_number_id: found.id.clone(),
        e164: found.number,
        number_id,
        outcome,
        detail: detail.map(str::to_owned),
    };
    let Some(e164) = found.number else { return Ok(told(None, SyncOutcome::Skipped, Some("it has no digits yet"))) };
    if found.provider == NumberKind::Other {
        return Ok(told(None, SyncOutcome::Skipped, Some("it is neither Twilio's nor one of Vapi's own")));
    }
    let known = admin.store.number_by_e164(e164).await?;
    let (before, outcome) = match known {
        Some(known) if known.vapi_number_id.is_some() => return Ok(told(Some(known.id), SyncOutcome::Known, None)),
        Some(known) => (known, SyncOutcome::Completed),
        None => (recorded(admin, found, e164), SyncOutcome::Recorded),
    };
    if dry_run {
        let id = (!matches!(outcome, SyncOutcome::Recorded)).then_some(before.id);
        return Ok(told(id, outcome, None));
    }
    let account_sid = before.account_sid.clone().or_else(|| found.twilio_account_sid.clone());
    let after = Number { vapi_number_id: Some(found.id.clone()), account_sid, ..before.clone() };
    let kept = put(admin, &caller.by, &before, &after).await?;
    Ok(told(Some(kept.id), outcome, None))
}

/// One of the pool, from now on.
fn recorded(admin: &AdminState, found: &VapiNumber, e164: E164) -> Number {
    let seed = admin.seed();
    Number {
        id: NumberId::new(seed),
        e164,
        sip_uri: None,
        tenant_id: None,
        account_sid: found.twilio_account_sid.clone(),
        twilio_sid: None,
        vapi_number_id: Some(found.id.clone()),
        state: NumberState::Unassigned,
        purpose: Purpose::Calls,
        already_overflowed: false,
        ported: false,
        created_at: seed.at,
    }
}

/// A job that makes a number lead here.
pub(super) async fn wire(admin: &AdminState, caller: &Caller, number: &Number) -> Result<Job, Problem> {
    begin(admin, caller, number, &Asked::Wire { number_id: number.id.clone() }).await
}

async fn begin(admin: &AdminState, caller: &Caller, number: &Number, asked: &Asked) -> Result<Job, Problem> {
    refuse_if_coming(number)?;
    let tenant = match &number.tenant_id {
        Some(id) => admin.store.tenant(id).await?,
        None => None,
    };
    let org = match (&tenant, &number.account_sid) {
        (Some(tenant), _) => Some(tenant.org_id.clone()),
        (None, Some(account)) => admin.store.org_by_account(account).await?.map(|org| org.id),
        (None, None) => None,
    };
    let subject = tenant.as_ref().map_or(number.id.as_str(), |tenant| tenant.id.as_str());
    let about = About { tenant: tenant.as_ref(), org: org.as_ref(), subject };
    jobs::begin(admin, &caller.by, &about, asked, JobBounds::default()).await
}
