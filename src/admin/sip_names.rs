//! The names a tenant's telephone systems sign in with: which are good, since when, and the older one removed at once.

use std::collections::HashMap;

use axum::Json as Answer;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::AdminState;
use super::auth::Caller;
use super::error::Problem;
use super::jobs::{self, BegunBody};
use super::owned::OfTenant;
use crate::model::{Change, SipOverlap, SipSeat, Tenant};
use crate::provisioning::{About, Asked};
use crate::store::{JobBounds, StoreError};

/// The names that are good, or will be: two while the telephone system changes over from one password to the next.
#[derive(Serialize, ToSchema)]
#[schema(as = SipNames)]
pub(super) struct NamesBody {
    /// The older first.
    data: Vec<NameBody>,
}

/// A name a telephone system signs in with.
#[derive(Serialize, ToSchema)]
#[schema(as = SipName)]
#[serde(rename_all = "camelCase")]
pub(super) struct NameBody {
    #[schema(example = "sip_ca5ecdfd")]
    username: String,
    /// Since when Twilio lets it in; null until it is deployed.
    #[schema(value_type = Option<String>, format = DateTime)]
    good_since: Option<Timestamp>,
    /// When a call first signed in with it; null as long as none has.
    #[schema(value_type = Option<String>, format = DateTime)]
    first_call_at: Option<Timestamp>,
    /// When one last did, to a few minutes; looked at only while there are two.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_call_at: Option<Timestamp>,
    /// When it ends by itself, unless calls go on signing in with it; null where nothing ends it.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Timestamp>,
}

/// The name a path names behind its tenant.
pub(super) struct OfName(String);

impl<S: Send + Sync> FromRequestParts<S> for OfName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<OfName, Problem> {
        let nothing = || Problem::not_found("SIP name", "of this kind");
        let named = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let Path(mut named) = named.map_err(|_| nothing())?;
        named.remove("name").map(|name| OfName(name.to_lowercase())).ok_or_else(nothing)
    }
}

/// The names its telephone systems sign in with
#[utoipa::path(get, path = "/api/tenants/{id}/sip-names", tag = "phone",
    responses((status = 200, description = "Those that are good, or will be", body = NamesBody)))]
pub(super) async fn list(
    State(admin): State<AdminState>,
    OfTenant(tenant): OfTenant,
) -> Result<Answer<NamesBody>, Problem> {
    let seats = admin.store.sip_seats(&tenant.id).await?;
    let names: Vec<&SipSeat> = SipSeat::names(&seats).collect();
    let ends_at = match names[..] {
        [older, newer] => {
            let overlap = SipOverlap { tenant: tenant.id.clone(), older: older.clone(), newer: newer.clone() };
            overlap.ends_at(admin.provision.sip_overlap)
        }
        _ => None,
    };
    let last = names.len().saturating_sub(1);
    let told = |(place, seat): (usize, &&SipSeat)| NameBody {
        username: seat.username.clone().unwrap_or_default(),
        good_since: seat.good_since,
        first_call_at: seat.first_call_at,
        last_call_at: seat.last_call_at,
        ends_at: ends_at.filter(|_| place < last),
    };
    Ok(Answer(NamesBody { data: names.iter().enumerate().map(told).collect() }))
}

/// Removes the older of two names at once
///
/// Calls that sign in with it are refused here from now on, and by Twilio as soon as the job has told it. For a password
/// that somebody else has: renew it, then remove the older name.
#[utoipa::path(delete, path = "/api/tenants/{id}/sip-names/{name}", tag = "phone",
    responses((status = 202, description = "The job that takes it out of Twilio's list", body = BegunBody)))]
pub(super) async fn remove(
    State(admin): State<AdminState>,
    caller: Caller,
    OfTenant(tenant): OfTenant,
    OfName(name): OfName,
) -> Result<Response, Problem> {
    let seats = admin.store.sip_seats(&tenant.id).await?;
    let is_it = |seat: &SipSeat| seat.username.as_ref() == Some(&name);
    if SipSeat::names(&seats).next_back().is_some_and(is_it) {
        return Err(Problem::sip_name_newest());
    }
    // Asked twice, it leaves already.
    if !seats.iter().any(|seat| seat.is_leaving && is_it(seat)) {
        retire(&admin, &caller, &tenant, &name).await?;
    }
    let bounds = JobBounds { only_one: true, numbers_max: None };
    let job = jobs::begin(&admin, &caller.by, &About::tenant(&tenant), &Asked::Retire, bounds).await?;
    Ok(jobs::begun(&job))
}

async fn retire(admin: &AdminState, caller: &Caller, tenant: &Tenant, name: &str) -> Result<(), Problem> {
    let retired = admin.store.retire_sip_name(&tenant.id, name, &caller.by).await;
    // Also where the store failed: whether it kept the change is not known then.
    (admin.changed)(Change::SipName(name.to_owned()));
    match retired {
        Err(StoreError::NotFound) => Err(Problem::not_found("SIP name", name)),
        retired => Ok(retired?),
    }
}
