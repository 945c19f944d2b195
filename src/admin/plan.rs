//! The plan of a tenant: what its calls walk through besides the AI and the fallback.
//!
//! This build knows no step beyond those two, so the plan is empty, and whatever it could hold is refused, never just
//! stored.

use std::borrow::Cow;

use axum::Json as Answer;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::error::Problem;
use super::json::{IfMatch, Json, etag};
use super::owned::OfTenant;
use super::schema;
use crate::model::Fault;

/// The extra steps of a tenant's calls.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct PlanBody(Map<String, Value>);

impl PartialSchema for PlanBody {
    fn schema() -> RefOr<Schema> {
        let words = "The extra steps of a tenant's calls. It must be empty: this build obeys none.";
        let object = ObjectBuilder::new().schema_type(Type::Object).description(Some(words)).examples([json!({})]);
        RefOr::T(object.build().into())
    }
}

impl ToSchema for PlanBody {
    fn name() -> Cow<'static, str> {
        "Plan".into()
    }
}

/// The plan
#[utoipa::path(get, path = "/api/tenants/{id}/plan", tag = "plan", responses((status = 200, description = "The plan", body = PlanBody)))]
pub(super) async fn read(OfTenant(tenant): OfTenant) -> Response {
    (etag(tenant.version), Answer(json!({}))).into_response()
}

/// Sets the plan
#[utoipa::path(put, path = "/api/tenants/{id}/plan", tag = "plan", request_body = PlanBody,
    responses((status = 200, description = "The plan", body = PlanBody)))]
pub(super) async fn put(
    OfTenant(tenant): OfTenant,
    if_match: IfMatch,
    Json(PlanBody(steps)): Json<PlanBody>,
) -> Result<Response, Problem> {
    if_match.expected(tenant.version)?;
    let refused = |name: &String| {
        let detail = "this build does not obey it, so it is not stored";
        Fault::new(schema::place("", name), "not_supported", detail)
    };
    let faults: Vec<Fault> = steps.keys().map(refused).collect();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    Ok((etag(tenant.version), Answer(json!({}))).into_response())
}
