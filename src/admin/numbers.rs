//! Numbers the business has: recorded, and led to a tenant or away from it. Providers are asked by jobs alone.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::Caller;
use super::error::Problem;
use super::jobs::{self, BegunBody};
use super::json::{Id, Json, given};
use super::lists::ListQuery;
use super::narrowings::NumberQuery;
use super::{AdminState, checks, number_deeds};
use crate::model::{Change, E164, Number, NumberId, NumberState, Purpose, Role, Sid, TenantId};
use crate::store::Actor;

/// A number.
#[derive(Serialize, ToSchema)]
#[schema(as = Number)]
#[serde(rename_all = "camelCase")]
pub(super) struct NumberBody {
    #[schema(value_type = String, format = "number-id", example = "num_01kafbd2x0q7h3m8w5r9t2c6ze")]
    id: NumberId,
    #[schema(value_type = String, format = "e164", example = "+16475550123")]
    e164: E164,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    sip_uri: Option<String>,
    /// Where it leads; null while it rests or is in the pool.
    #[schema(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    /// The Twilio account that carries it; null where it was not told.
    #[schema(value_type = Option<String>, format = "sid")]
    account_sid: Option<Sid>,
    #[schema(value_type = Option<String>, format = "sid")]
    twilio_sid: Option<Sid>,
    #[schema(value_type = Option<String>, format = "sid")]
    vapi_number_id: Option<Sid>,
    state: StateBody,
    purpose: PurposeBody,
    /// The carrier or PBX sends only what staff could not take: the threshold of highVolume counts as reached.
    already_overflowed: bool,
    porting: PortingBody,
}

/// Whether a number came from another carrier: not; it is on its way; it has come, and nobody else gets it by itself.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = Porting)]
#[serde(rename_all = "lowercase")]
pub(super) enum PortingBody {
    No,
    Coming,
    Arrived,
}

/// Where a number is in its life: leads to its tenant; taken from it and not yet free; in the pool.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = NumberState)]
#[serde(rename_all = "lowercase")]
pub(super) enum StateBody {
    Active,
    Resting,
    Unassigned,
}

/// What calls to a number are for: decided like any call, or straight to voicemail.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Purpose)]
#[serde(rename_all = "lowercase")]
pub(super) enum PurposeBody {
    Calls,
    Voicemail,
}

/// A number the business has already.
#[derive(Deserialize, ToSchema)]
#[schema(as = OwnedNumber, example = json!({"e164": "+16475550123"}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NumberNew {
    #[schema(format = "e164")]
    e164: String,
    /// Where it leads; without one it is put into the pool.
    #[schema(format = "tenant-id")]
    tenant_id: Option<String>,
    /// The Twilio account that carries it; where told, calls from any other account are refused.
    #[schema(format = "sid")]
    account_sid: Option<String>,
    /// Calls where nothing is said.
    purpose: Option<PurposeBody>,
    /// The carrier or PBX sends only what staff could not take; false where nothing is said.
    already_overflowed: Option<bool>,
    /// Vapi's id of it, where it was imported there or is one of Vapi's own.
    #[schema(format = "sid")]
    vapi_number_id: Option<String>,
    /// Make it lead here at Twilio too, and import it at Vapi.
    #[serde(default)]
    wire: bool,
}

/// What to change of a number. What is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[schema(as = NumberChange, example = json!({"alreadyOverflowed": true}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NumberPatch {
    /// Where it leads from now on; null takes it from its tenant, and it rests.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<Option<String>>,
    #[serde(default)]
    #[schema(value_type = PurposeBody, required = false)]
    purpose: Option<PurposeBody>,
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    already_overflowed: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = "sid")]
    account_sid: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = "sid")]
    vapi_number_id: Option<Option<String>>,
}

/// A page of numbers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NumberPage {
    data: Vec<NumberBody>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// Numbers, newest first
#[utoipa::path(get, params(NumberQuery), path = "/api/numbers/owned", tag = "numbers", responses((status = 200, description = "A page", body = NumberPage)))]
pub(super) async fn list(
    State(admin): State<AdminState>,
    ListQuery(ask): ListQuery<NumberQuery>,
) -> Result<Answer<NumberPage>, Problem> {
    let page = admin.store.numbers(&ask).await?;
    Ok(Answer(NumberPage { data: page.rows.iter().map(NumberBody::of).collect(), next_cursor: page.next_cursor }))
}

/// Records a number
///
/// A number that leads to another tenant is refused. Nothing is asked of or written to a provider, unless `wire` asks for
/// it: then a job makes it lead here.
#[utoipa::path(post, path = "/api/numbers/owned", tag = "numbers", request_body = NumberNew,
    responses(
        (status = 201, description = "The number", body = NumberBody),
        (status = 202, description = "It is recorded, and a job makes it lead here", body = BegunBody)))]
pub(super) async fn record(
    State(admin): State<AdminState>,
    caller: Caller,
    Json(new): Json<NumberNew>,
) -> Result<Response, Problem> {
    let e164 = E164::parse(&new.e164).expect("the schema let it through, and it asks the same function");
    let tenant_id = tenant_of(&admin, &caller, new.tenant_id.as_deref()).await?;
    if tenant_id.is_none() {
        // What leads nowhere is the platform's.
        caller.operator()?;
    }
    let known = admin.store.number_by_e164(e164).await?;
    if let Some(known) = &known {
        refuse_if_elsewhere(known, tenant_id.as_ref())?;
    }
    let seed = admin.seed();
    let before = known.unwrap_or(Number {
        id: NumberId::new(seed),
        e164,
        sip_uri: None,
        tenant_id: None,
        account_sid: None,
        twilio_sid: None,
        vapi_number_id: None,
        state: NumberState::Unassigned,
        purpose: Purpose::Calls,
        already_overflowed: false,
        ported: false,
        created_at: seed.at,
    });
    let after = Number {
        // A number that rests goes on resting until somebody leads it anywhere.
        state: if tenant_id.is_some() { NumberState::Active } else { before.state },
        tenant_id,
        account_sid: new.account_sid.as_deref().map(sid).or(before.account_sid.clone()),
        vapi_number_id: new.vapi_number_id.as_deref().map(sid).or(before.vapi_number_id.clone()),
        purpose: new.purpose.map_or(before.purpose, PurposeBody::read),
        already_overflowed: new.already_overflowed.unwrap_or(before.already_overflowed),
        ..before.clone()
    };
    let kept = put(&admin, &caller.by, &before, &after).await?;
    if new.wire {
        return Ok(jobs::begun(&number_deeds::wire(&admin, &caller, &kept).await?));
    }
    Ok((StatusCode::CREATED, Answer(NumberBody::of(&kept))).into_response())
}

/// Changes a number: leads it to a tenant, or takes it away
///
/// Where a provider knows it, a job makes it lead here and lets Vapi know whose it is.
#[utoipa::path(patch, path = "/api/numbers/{id}", tag = "numbers", request_body = NumberPatch,
    responses((status = 200, description = "The number as it is now", body = NumberBody)))]
pub(super) async fn change(
    State(admin): State<AdminState>,
    caller: Caller,
    Id(id): Id<NumberId>,
    Json(patch): Json<NumberPatch>,
) -> Result<Answer<NumberBody>, Problem> {
    let before = find(&admin, &caller, &id).await?;
    let mut after = before.clone();
    if let Some(given) = &patch.tenant_id {
        let tenant_id = tenant_of(&admin, &caller, given.as_deref()).await?;
        if tenant_id != before.tenant_id {
            refuse_if_coming(&before)?;
        }
        if tenant_id.is_some() {
            refuse_if_elsewhere(&before, tenant_id.as_ref())?;
        }
        after.state = match (&tenant_id, &before.tenant_id) {
            (Some(_), _) => NumberState::Active,
            (None, Some(_)) => NumberState::Resting,
            (None, None) => before.state,
        };
        after.tenant_id = tenant_id;
    }
    if let Some(purpose) = patch.purpose {
        after.purpose = purpose.read();
    }
    if let Some(already_overflowed) = patch.already_overflowed {
        after.already_overflowed = already_overflowed;
    }
    if let Some(account_sid) = &patch.account_sid {
        after.account_sid = account_sid.as_deref().map(sid);
    }
    if let Some(vapi_number_id) = &patch.vapi_number_id {
        after.vapi_number_id = vapi_number_id.as_deref().map(sid);
    }
    let kept = if after == before { after } else { put(&admin, &caller.by, &before, &after).await? };
    // What a provider knows of it is of whoever had it before.
    let is_known = kept.vapi_number_id.is_some() || kept.twilio_sid.is_some();
    if kept.tenant_id.is_some() && kept.tenant_id != before.tenant_id && is_known {
        number_deeds::wire(&admin, &caller, &kept).await?;
    }
    Ok(Answer(NumberBody::of(&kept)))
}

/// Takes a number from its tenant
///
/// It rests: callers hear that nobody is there. It stays with its provider, and is paid for.
#[utoipa::path(delete, path = "/api/numbers/{id}", tag = "numbers",
    responses((status = 204, description = "It leads to nobody")))]
pub(super) async fn unassign(
    State(admin): State<AdminState>,
    caller: Caller,
    Id(id): Id<NumberId>,
) -> Result<StatusCode, Problem> {
    let before = find(&admin, &caller, &id).await?;
    refuse_if_coming(&before)?;
    if before.tenant_id.is_some() {
        let after = Number { tenant_id: None, state: NumberState::Resting, ..before.clone() };
        put(&admin, &caller.by, &before, &after).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps a number, unless it would lead a tenant's forward back to the tenant, and tells everybody.
pub(super) async fn put(admin: &AdminState, by: &Actor, before: &Number, after: &Number) -> Result<Number, Problem> {
    if let Some(tenant_id) = &after.tenant_id
        && checks::closes_loop(admin, tenant_id, after).await?
    {
        let detail = "a forward of this tenant would come back to it through this number: change the forward first";
        return Err(Problem::fault("/tenantId", "loop", detail));
    }
    let kept = admin.store.put_number(after, by).await;
    for change in changes_of(before).into_iter().chain(changes_of(after)) {
        (admin.changed)(change);
    }
    Ok(kept?)
}

fn refuse_if_elsewhere(number: &Number, wanted: Option<&TenantId>) -> Result<(), Problem> {
    match &number.tenant_id {
        Some(_) if number.tenant_id.as_ref() != wanted => Err(Problem::number_taken()),
        _ => Ok(()),
    }
}

/// Refuses what would leave a number that is on its way without a place.
pub(super) fn refuse_if_coming(number: &Number) -> Result<(), Problem> {
    if number.is_coming() { Err(Problem::port_under_way()) } else { Ok(()) }
}

/// Everything somebody may know this number by.
pub(super) fn changes_of(number: &Number) -> Vec<Change> {
    let vapi = number.vapi_number_id.clone().map(Change::VapiNumber);
    let tenant = number.tenant_id.clone().map(Change::Tenant);
    [Some(Change::Number(number.e164)), vapi, tenant].into_iter().flatten().collect()
}

/// The number of this name, if the caller may see it: a tenant's goes with the tenant, one of the pool with the
/// organization whose account carries it.
pub(super) async fn find(admin: &AdminState, caller: &Caller, id: &NumberId) -> Result<Number, Problem> {
    let nobody = || Problem::not_found("number", id.as_str());
    let number = admin.store.number(id).await?.ok_or_else(nobody)?;
    let org = match (&number.tenant_id, &number.account_sid) {
        _ if caller.role == Role::Operator => None,
        (Some(tenant), _) => admin.store.tenant(tenant).await?.map(|tenant| tenant.org_id),
        (None, Some(account)) => admin.store.org_by_account(account).await?.map(|org| org.id),
        (None, None) => None,
    };
    if caller.sees(org.as_ref(), number.tenant_id.as_ref()) { Ok(number) } else { Err(nobody()) }
}

async fn tenant_of(admin: &AdminState, caller: &Caller, given: Option<&str>) -> Result<Option<TenantId>, Problem> {
    let Some(given) = given else { return Ok(None) };
    let nobody = || caller.finds_no("tenant", given, "/tenantId");
    let id = TenantId::parse(given).map_err(|_| nobody())?;
    let tenant = admin.store.tenant(&id).await?;
    let seen = tenant.filter(|tenant| caller.sees(Some(&tenant.org_id), Some(&tenant.id)));
    seen.map(|tenant| Some(tenant.id)).ok_or_else(nobody)
}

fn sid(text: &str) -> Sid {
    Sid::parse(text).expect("the schema let it through, and it asks the same function")
}

impl NumberBody {
    pub fn of(number: &Number) -> NumberBody {
        NumberBody {
            id: number.id.clone(),
            e164: number.e164,
            sip_uri: number.sip_uri.clone(),
            tenant_id: number.tenant_id.clone(),
            account_sid: number.account_sid.clone(),
            twilio_sid: number.twilio_sid.clone(),
            vapi_number_id: number.vapi_number_id.clone(),
            state: match number.state {
                NumberState::Active => StateBody::Active,
                NumberState::Resting => StateBody::Resting,
                NumberState::Unassigned => StateBody::Unassigned,
            },
            purpose: match number.purpose {
                Purpose::Calls => PurposeBody::Calls,
                Purpose::Voicemail => PurposeBody::Voicemail,
            },
            already_overflowed: number.already_overflowed,
            porting: match (number.ported, number.is_coming()) {
                (false, _) => PortingBody::No,
                (true, true) => PortingBody::Coming,
                (true, false) => PortingBody::Arrived,
            },
        }
    }
}

impl PurposeBody {
    fn read(self) -> Purpose {
        match self {
            PurposeBody::Calls => Purpose::Calls,
            PurposeBody::Voicemail => Purpose::Voicemail,
        }
    }
}
