//! When the AI answers, and what happens when it does not: stored and given back exactly as it was given.

use std::borrow::Cow;

use axum::Json as Answer;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::auth::Caller;
use super::error::{FaultBody, Problem};
use super::json::{IfMatch, Json, etag};
use super::owned::OfTenant;
use super::tenants::save;
use super::{AdminState, checks, tenants};
use crate::model::Fault;

/// Availability settings. What they may say is the business of `model::availability`, which reads them; the schema
/// shows what they look like.
#[derive(Deserialize, Serialize)]
#[serde(transparent)]
pub(super) struct AvailabilityBody(pub Value);

impl PartialSchema for AvailabilityBody {
    fn schema() -> RefOr<Schema> {
        let words = "Availability settings: `mode` (always, after-hours-only, overflow-only, scheduled, combined, \
            disabled), the sections `afterHours`, `highVolume` and `customSchedule`, and the `fallback` (voicemail, \
            forward, busy-signal). Keys nobody knows are kept and named in the warnings.";
        let example = json!({
            "mode": "after-hours-only",
            "afterHours": {"enabled": true, "businessHours": {
                "timezone": "America/Toronto",
                "schedule": {"monday": {"open": "09:00", "close": "17:00"}, "saturday": null},
                "holidays": ["2026-12-25", "--01-01"]
            }},
            "highVolume": {"enabled": false, "threshold": 5},
            "customSchedule": {"enabled": false, "rules": []},
            "fallback": {"type": "forward", "forwardNumber": "+16475550199"}
        });
        let object = ObjectBuilder::new().schema_type(Type::Object).description(Some(words)).examples([example]);
        RefOr::T(object.build().into())
    }
}

impl ToSchema for AvailabilityBody {
    fn name() -> Cow<'static, str> {
        "Availability".into()
    }
}

/// Settings that were saved.
#[derive(Serialize, ToSchema)]
#[schema(as = AvailabilitySaved)]
pub(super) struct SavedBody {
    availability: AvailabilityBody,
    /// The tenant's version from now on.
    version: u64,
    /// What is allowed but doubtful.
    #[schema(value_type = Vec<FaultBody>)]
    warnings: Vec<Fault>,
}

/// The settings, as they were given
#[utoipa::path(get, path = "/api/tenants/{id}/availability", tag = "availability",
    responses((status = 200, description = "The settings", body = AvailabilityBody)))]
pub(super) async fn read(OfTenant(tenant): OfTenant) -> Response {
    (etag(tenant.version), Answer(tenant.availability)).into_response()
}

/// Saves settings
///
/// They hold from the next call on. If anything is wrong with them every fault is named, and nothing changes.
#[utoipa::path(put, path = "/api/tenants/{id}/availability", tag = "availability", request_body = AvailabilityBody,
    responses((status = 200, description = "What was saved, and what is doubtful in it", body = SavedBody)))]
pub(super) async fn put(
    State(admin): State<AdminState>,
    caller: Caller,
    OfTenant(before): OfTenant,
    if_match: IfMatch,
    Json(AvailabilityBody(given)): Json<AvailabilityBody>,
) -> Result<Response, Problem> {
    if_match.expected(before.version)?;
    let warnings = checks::availability(&admin, &before, &given).await?;
    let tenant = save(&admin, &caller.by, &before, &if_match, move |tenant| tenant.availability = given).await?;
    tenants::at_vapi_too(&admin, &caller, &before, &tenant).await?;
    let saved = SavedBody { availability: AvailabilityBody(tenant.availability), version: tenant.version, warnings };
    Ok((etag(tenant.version), Answer(saved)).into_response())
}
