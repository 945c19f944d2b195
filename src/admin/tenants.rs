//! Tenants: who they are, who answers for them, and how a call reaches Vapi.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::auth::Caller;
use super::error::Problem;
use super::jobs;
use super::json::{IfMatch, Json, etag};
use super::lists::ListQuery;
use super::narrowings::TenantQuery;
use super::owned::OfTenant;
use super::tenant_body::{
    ConnectChange, TargetBody, TenantBody, TenantMade, TenantNew, TenantPage, TenantPatch, checked,
};
use super::{AdminState, formats, purchases, slug};
use crate::model::{Change, Connect, Number, OrgId, Role, Secret, Target, Tenant, TenantId, Via};
use crate::provisioning::{About, Asked};
use crate::store::{Actor, Ask, JobBounds, StoreError};

/// Creates a tenant
///
/// It starts with the standard settings: the AI always answers, and voicemail where it cannot. With `assignPhone` a job
/// gets it a number.
#[utoipa::path(post, path = "/api/tenants", tag = "tenants", request_body = TenantNew,
    responses((status = 201, description = "The tenant", body = TenantMade)))]
pub(super) async fn create(
    State(admin): State<AdminState>,
    caller: Caller,
    Json(new): Json<TenantNew>,
) -> Result<Response, Problem> {
    let org_id = org_of(&admin, &caller, new.org_id.as_deref()).await?;
    let wish = new.assign_phone.then(|| Asked::any_number().forcing_twilio(new.force_twilio));
    if wish.is_some() {
        purchases::is_paid(&admin, &org_id).await?;
    }
    let new = NewTenant {
        slug: new.slug,
        timezone: checked(formats::timezone(new.timezone.as_deref().unwrap_or("UTC"))),
        country: checked(formats::country(new.country.as_deref().unwrap_or("US"))),
        language: new.language,
        voice: new.voice,
        target: new.target.as_ref().map(TargetBody::read),
        connect: connect_with(&no_connect(), new.connect.as_ref())?,
        ..NewTenant::named(new.name, org_id)
    };
    let tenant = make(&admin, &caller, new).await?;
    let job_id = match wish {
        Some(asked) => {
            let about = About::tenant(&tenant);
            Some(jobs::begin(&admin, &caller.by, &about, &asked, purchases::bounds(&admin)).await?.id)
        }
        None => None,
    };
    let location = [(header::LOCATION, format!("/api/tenants/{}", tenant.id))];
    let body = TenantMade { tenant: TenantBody::of(&tenant), job_id };
    Ok((StatusCode::CREATED, etag(tenant.version), location, Answer(body)).into_response())
}

/// A tenant to be, read and checked.
pub(super) struct NewTenant {
    name: String,
    org_id: OrgId,
    slug: Option<String>,
    timezone: String,
    country: String,
    language: Option<String>,
    voice: Option<String>,
    target: Option<Target>,
    connect: Connect,
}

impl NewTenant {
    /// One of which only the name is told.
    pub fn named(name: String, org_id: OrgId) -> NewTenant {
        let (timezone, country) = ("UTC".to_owned(), "US".to_owned());
        let connect = no_connect();
        NewTenant { name, org_id, slug: None, timezone, country, language: None, voice: None, target: None, connect }
    }
}

/// Keeps a new tenant under a slug that is free, and tells everybody.
pub(super) async fn make(admin: &AdminState, caller: &Caller, new: NewTenant) -> Result<Tenant, Problem> {
    let seed = admin.seed();
    let mut tenant = Tenant {
        id: TenantId::new(seed),
        org_id: new.org_id,
        slug: new.slug.clone().unwrap_or_else(|| slug::from_name(&new.name, None)),
        name: new.name,
        timezone: new.timezone,
        country: new.country,
        language: new.language,
        voice: new.voice,
        target: new.target,
        connect: new.connect,
        sip_username: None,
        availability: first_settings(),
        forced: None,
        version: 1,
        created_at: seed.at,
        updated_at: seed.at,
    };
    let mut attempt = 1;
    loop {
        let kept = admin.store.create_tenant(&tenant, &caller.by).await;
        for change in changes_of(&tenant) {
            (admin.changed)(change);
        }
        match kept {
            Ok(()) => return Ok(tenant),
            Err(StoreError::SlugTaken) if new.slug.is_none() && attempt < SLUG_ATTEMPTS => {
                attempt += 1;
                tenant.slug = slug::from_name(&tenant.name, Some(&suffix(admin, attempt)));
            }
            Err(StoreError::SlugTaken) => return Err(Problem::slug_taken(&tenant.slug)),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Tenants by name
#[utoipa::path(get, params(TenantQuery), path = "/api/tenants", tag = "tenants", responses((status = 200, description = "A page", body = TenantPage)))]
pub(super) async fn list(
    State(admin): State<AdminState>,
    ListQuery(ask): ListQuery<TenantQuery>,
) -> Result<Answer<TenantPage>, Problem> {
    let page = admin.store.tenants(&ask).await?;
    Ok(Answer(TenantPage { data: page.rows.iter().map(TenantBody::of).collect(), next_cursor: page.next_cursor }))
}

/// A tenant
#[utoipa::path(get, path = "/api/tenants/{id}", tag = "tenants", responses((status = 200, description = "The tenant", body = TenantBody)))]
pub(super) async fn read(OfTenant(tenant): OfTenant) -> Response {
    (etag(tenant.version), Answer(TenantBody::of(&tenant))).into_response()
}

/// Changes a tenant
#[utoipa::path(patch, path = "/api/tenants/{id}", tag = "tenants", request_body = TenantPatch,
    responses((status = 200, description = "The tenant as it is now", body = TenantBody)))]
pub(super) async fn change(
    State(admin): State<AdminState>,
    caller: Caller,
    OfTenant(before): OfTenant,
    if_match: IfMatch,
    Json(patch): Json<TenantPatch>,
) -> Result<Response, Problem> {
    let connect = connect_with(&before.connect, patch.connect.as_ref())?;
    if patch.connect.as_ref().is_some_and(|connect| connect.via.is_some()) {
        check_via_suits(&admin, &before.id, connect.via).await?;
    }
    let tenant = save(&admin, &caller.by, &before, &if_match, move |tenant| apply(patch, connect, tenant)).await?;
    at_vapi_too(&admin, &caller, &before, &tenant).await?;
    Ok((etag(tenant.version), Answer(TenantBody::of(&tenant))).into_response())
}

/// What Vapi knows of a tenant follows its settings: a job sees to it, where Vapi knows anything they concern, or should.
pub(super) async fn at_vapi_too(
    admin: &AdminState,
    caller: &Caller,
    before: &Tenant,
    after: &Tenant,
) -> Result<(), Problem> {
    let (target, connect) = (after.target != before.target, after.connect != before.connect);
    let fallback = after.availability["fallback"] != before.availability["fallback"];
    if admin.supply.vapi.is_none() || !(target || connect || fallback) {
        return Ok(());
    }
    let ask = Ask { limit: 200, tenant: Some(after.id.clone()), ..Ask::default() };
    let numbers = admin.store.numbers(&ask).await?.rows;
    // An address of its own is made once somebody can answer at it.
    let is_set_up = !numbers.is_empty() || admin.store.phone_integration(&after.id).await?.is_some();
    let wants_address = after.connect.via == Via::Sip
        && after.connect.sip_uri.is_none()
        && is_set_up
        && numbers.iter().all(|number| number.vapi_number_id.is_some() || number.twilio_sid.is_some());
    let concerned = (target
        && (has_own_address(after) || numbers.iter().any(|number| number.vapi_number_id.is_some())))
        || ((target || connect) && wants_address)
        || (fallback && numbers.iter().any(Number::is_free));
    if concerned {
        // One under way may have read what was before.
        let bounds = JobBounds::default();
        jobs::begin(admin, &caller.by, &About::tenant(after), &Asked::Target, bounds).await?;
    }
    Ok(())
}

/// Is it dialled at the address at Vapi that was made for it?
pub(super) fn has_own_address(tenant: &Tenant) -> bool {
    let own = format!("sip:{}@", tenant.id);
    tenant.connect.sip_uri.as_ref().is_some_and(|uri| uri.starts_with(&own))
}

/// Deletes a tenant
///
/// Its numbers are not given back to anybody: they rest, and callers hear that the number is not in use.
#[utoipa::path(delete, path = "/api/tenants/{id}", tag = "tenants", responses((status = 204, description = "It is gone")))]
pub(super) async fn delete(
    State(admin): State<AdminState>,
    caller: Caller,
    OfTenant(tenant): OfTenant,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    caller.administers(&tenant)?;
    let expected = if_match.expected(tenant.version)?;
    if admin.store.port_of(&tenant.id).await?.is_some_and(|port| port.stage.is_open()) {
        return Err(Problem::port_under_way());
    }
    let is_configured = admin.store.phone_integration(&tenant.id).await?.is_some();
    let rested = admin.store.delete_tenant(&tenant.id, expected, &caller.by).await;
    let numbers: &[Number] = rested.as_deref().unwrap_or_default();
    for change in changes_of(&tenant).into_iter().chain(numbers.iter().flat_map(super::numbers::changes_of)) {
        (admin.changed)(change);
    }
    rested?;
    if is_configured || has_own_address(&tenant) {
        let asked = Asked::Vacate { tenant: tenant.id.clone() };
        jobs::begin(&admin, &caller.by, &About::tenant(&tenant), &asked, JobBounds::default()).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Changes a tenant, tells everybody, and answers what it is now. What changes nothing is no change.
pub(super) async fn save(
    admin: &AdminState,
    by: &Actor,
    before: &Tenant,
    if_match: &IfMatch,
    change: impl FnOnce(&mut Tenant) + Clone + Send,
) -> Result<Tenant, Problem> {
    let expected = if_match.expected(before.version)?;
    let mut after = before.clone();
    change.clone()(&mut after);
    if after == *before {
        return Ok(after);
    }
    let now = (admin.now)();
    let dated = move |tenant: &mut Tenant| {
        change(tenant);
        tenant.updated_at = now;
    };
    let saved = admin.store.change_tenant(&before.id, expected, by, dated).await;
    // Also where the store failed: whether it kept the change is not known then.
    for change in changes_of(before).into_iter().chain(changes_of(&after)) {
        (admin.changed)(change);
    }
    match saved {
        Err(StoreError::SlugTaken) => Err(Problem::slug_taken(&after.slug)),
        saved => Ok(saved?),
    }
}

/// The largest number of slugs tried for one name.
const SLUG_ATTEMPTS: u32 = 12;

/// What tells apart tenants of one name: small figures first, then chance.
fn suffix(admin: &AdminState, attempt: u32) -> String {
    if attempt < 10 {
        return attempt.to_string();
    }
    let letters = b"23456789abcdefghjkmnpqrstvwxyz";
    (admin.random)().iter().take(6).map(|byte| char::from(letters[usize::from(*byte) % letters.len()])).collect()
}

/// What a new tenant has: the AI always answers, voicemail where it cannot.
fn first_settings() -> Value {
    json!({
        "mode": "always",
        "afterHours": {"enabled": false},
        "highVolume": {"enabled": false, "threshold": 5},
        "customSchedule": {"enabled": false, "rules": []},
        "fallback": {"type": "voicemail"}
    })
}

/// The organization a new tenant joins: the one that was named, else the caller's own, else the platform's.
async fn org_of(admin: &AdminState, caller: &Caller, given: Option<&str>) -> Result<OrgId, Problem> {
    let given = match (given, &caller.role) {
        (Some(given), _) => given,
        (None, Role::Org(own)) => own.as_str(),
        (None, Role::Operator) => return Ok(admin.store.platform_org().await?.id),
        (None, Role::Tenant { .. }) => return Err(Problem::tenant_only()),
    };
    let org = match OrgId::parse(given).ok().filter(|id| caller.sees(Some(id), None)) {
        Some(id) => admin.store.org(&id).await?,
        None => None,
    };
    org.map(|org| org.id).ok_or_else(|| caller.finds_no("organization", given, "/orgId"))
}

fn no_connect() -> Connect {
    Connect { via: Via::Sip, sip_uri: None, username: None, password: None, timeout_seconds: None }
}

/// The connection after a change. A user name without a password, or the other way round, would fail at every call.
fn connect_with(before: &Connect, change: Option<&ConnectChange>) -> Result<Connect, Problem> {
    let mut after = before.clone();
    let Some(change) = change else { return Ok(after) };
    if let Some(via) = change.via {
        after.via = via.read();
    }
    if let Some(sip_uri) = &change.sip_uri {
        after.sip_uri = sip_uri.clone();
    }
    if let Some(username) = &change.username {
        after.username = username.clone();
    }
    if let Some(password) = &change.password {
        after.password = password.clone().map(Secret::new);
    }
    if let Some(timeout_seconds) = change.timeout_seconds {
        after.timeout_seconds = timeout_seconds;
    }
    match (&after.username, &after.password) {
        (Some(_), None) => Err(Problem::fault("/connect/password", "required", "a user name needs its password")),
        (None, Some(_)) => Err(Problem::fault("/connect/username", "required", "a password needs its user name")),
        _ => Ok(after),
    }
}

/// Both other ways to Vapi need a number that Vapi knows the call by.
async fn check_via_suits(admin: &AdminState, id: &TenantId, via: Via) -> Result<(), Problem> {
    if via == Via::Sip {
        return Ok(());
    }
    let ask = Ask { limit: 1, tenant: Some(id.clone()), ..Ask::default() };
    if admin.store.numbers(&ask).await?.rows.is_empty() {
        let detail = "this tenant has no number, and calls to its SIP address can only be dialled on: use sip";
        return Err(Problem::fault("/connect/via", "needs_number", detail));
    }
    Ok(())
}

fn apply(patch: TenantPatch, connect: Connect, tenant: &mut Tenant) {
    fn put<T>(given: Option<T>, place: &mut T) {
        if let Some(given) = given {
            *place = given;
        }
    }
    put(patch.name, &mut tenant.name);
    put(patch.slug, &mut tenant.slug);
    put(patch.timezone.map(|zone| checked(formats::timezone(&zone))), &mut tenant.timezone);
    put(patch.country.map(|country| checked(formats::country(&country))), &mut tenant.country);
    put(patch.language, &mut tenant.language);
    put(patch.voice, &mut tenant.voice);
    put(patch.target.map(|target| target.as_ref().map(TargetBody::read)), &mut tenant.target);
    if patch.connect.is_some() {
        tenant.connect = connect;
    }
}

/// Everything somebody may know this tenant by.
fn changes_of(tenant: &Tenant) -> Vec<Change> {
    let names = [Some(tenant.slug.clone()), Some(format!("clinic-{}", tenant.id)), tenant.sip_username.clone()];
    let names = names.into_iter().flatten().map(Change::SipName);
    std::iter::once(Change::Tenant(tenant.id.clone())).chain(names).collect()
}
