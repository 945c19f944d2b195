//! Somebody decides by hand: the AI answers, or the fallback does, until it ends.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AdminState;
use super::auth::Caller;
use super::error::Problem;
use super::json::{IfMatch, Json, etag};
use super::owned::OfTenant;
use super::tenants::save;
use crate::model::{Forced, Override};

/// A decision by hand.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Override, example = json!({"state": "force-fallback", "until": "2026-12-24T18:00:00Z", "note": "party"}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OverrideBody {
    state: ForcedBody,
    /// At this instant it is over; null or absent means that it stays until it is taken away.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Why, for whoever wonders later.
    #[schema(value_type = Option<String>, format = "text", max_length = 500)]
    note: Option<String>,
}

/// Which way it was decided.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Forced)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ForcedBody {
    ForceAi,
    ForceFallback,
}

/// The override in force, or null
#[utoipa::path(get, path = "/api/tenants/{id}/override", tag = "override",
    responses((status = 200, description = "The override, or null where none is in force", body = Option<OverrideBody>)))]
pub(super) async fn read(State(admin): State<AdminState>, OfTenant(tenant): OfTenant) -> Response {
    let now = (admin.now)();
    let in_force = tenant.forced.as_ref().filter(|forced| forced.until.is_none_or(|until| now < until));
    (etag(tenant.version), Answer(in_force.map(OverrideBody::of))).into_response()
}

/// Decides by hand
///
/// It holds from the next call on, comes before every setting and ends by itself at `until`.
#[utoipa::path(put, path = "/api/tenants/{id}/override", tag = "override", request_body = OverrideBody,
    responses((status = 200, description = "The override", body = OverrideBody)))]
pub(super) async fn put(
    State(admin): State<AdminState>,
    caller: Caller,
    OfTenant(before): OfTenant,
    if_match: IfMatch,
    Json(body): Json<OverrideBody>,
) -> Result<Response, Problem> {
    if body.until.is_some_and(|until| until <= (admin.now)()) {
        return Err(Problem::fault("/until", "in_the_past", "this instant is over already"));
    }
    let forced = body.read();
    let kept = forced.clone();
    let tenant = save(&admin, &caller.by, &before, &if_match, move |tenant| tenant.forced = Some(kept)).await?;
    Ok((etag(tenant.version), Answer(OverrideBody::of(&forced))).into_response())
}

/// Lets the settings decide again
#[utoipa::path(delete, path = "/api/tenants/{id}/override", tag = "override",
    responses((status = 204, description = "No override is in force")))]
pub(super) async fn delete(
    State(admin): State<AdminState>,
    caller: Caller,
    OfTenant(before): OfTenant,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    let tenant = save(&admin, &caller.by, &before, &if_match, |tenant| tenant.forced = None).await?;
    Ok((StatusCode::NO_CONTENT, etag(tenant.version)).into_response())
}

impl OverrideBody {
    fn of(forced: &Override) -> OverrideBody {
        let state = match forced.state {
            Forced::ForceAi => ForcedBody::ForceAi,
            Forced::ForceFallback => ForcedBody::ForceFallback,
        };
        OverrideBody { state, until: forced.until, note: forced.note.clone() }
    }

    fn read(self) -> Override {
        let state = match self.state {
            ForcedBody::ForceAi => Forced::ForceAi,
            ForcedBody::ForceFallback => Forced::ForceFallback,
        };
        Override { state, until: self.until, note: self.note }
    }
}
