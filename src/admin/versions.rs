//! The versions of a tenant: what was saved when and by whom, what differs between two, and the way back.

use axum::Json as Answer;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::auth::Caller;
use super::availability::AvailabilityBody;
use super::error::{FaultBody, Problem};
use super::json::{IfMatch, Json, etag};
use super::lists::ListQuery;
use super::narrowings::AllOfThem;
use super::owned::OfTenant;
use super::tenant_body::{ConnectBody, TargetBody, TenantBody};
use super::tenants::{at_vapi_too, has_own_address, save};
use super::{AdminState, checks, schema};
use crate::model::{Connect, Fault, Tenant};
use crate::store::VersionRow;

/// A version, and what it changed.
#[derive(Serialize, ToSchema)]
#[schema(as = Version)]
#[serde(rename_all = "camelCase")]
pub(super) struct VersionBody {
    version: u64,
    /// When it was saved.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who saved it; null for versions from before this was kept.
    #[schema(example = "front desk (tok_01kafbd2x0q7h3m8w5r9t2c6ze)")]
    by: Option<String>,
    /// What it changed of the one before it; empty for the first, and for the last of a page.
    changes: Vec<DifferenceBody>,
    /// The tenant as it was, its availability with it.
    tenant: TenantBody,
    availability: AvailabilityBody,
}

/// One place at which two versions differ.
#[derive(Serialize, ToSchema)]
#[schema(as = Difference)]
pub(super) struct DifferenceBody {
    /// JSON pointer to the place (RFC 6901).
    #[schema(example = "/availability/mode")]
    pointer: String,
    /// What stood there; null where nothing did.
    #[schema(value_type = Value)]
    before: Value,
    /// What stands there since; null where nothing does.
    #[schema(value_type = Value)]
    after: Value,
}

/// A page of versions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct VersionPage {
    data: Vec<VersionBody>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// Which version to go back to.
#[derive(Deserialize, ToSchema)]
#[schema(as = Rollback, example = json!({"version": 1}))]
#[serde(deny_unknown_fields)]
pub(super) struct RollbackBody {
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_u64)]
    version: u64,
}

/// A tenant that went back.
#[derive(Serialize, ToSchema)]
#[schema(as = RolledBack)]
pub(super) struct RolledBack {
    tenant: TenantBody,
    availability: AvailabilityBody,
    /// What is allowed but doubtful.
    #[schema(value_type = Vec<FaultBody>)]
    warnings: Vec<Fault>,
}

/// The versions of a tenant, newest first, each with what it changed
#[utoipa::path(get, params(AllOfThem), path = "/api/tenants/{id}/versions", tag = "versions",
    responses((status = 200, description = "A page", body = VersionPage)))]
pub(super) async fn list(
    State(admin): State<AdminState>,
    OfTenant(tenant): OfTenant,
    ListQuery(ask): ListQuery<AllOfThem>,
) -> Result<Answer<VersionPage>, Problem> {
    let page = admin.store.tenant_versions(&tenant.id, &ask).await?;
    let older = page.rows.iter().skip(1).map(Some).chain([None]);
    let data = page.rows.iter().zip(older).map(|(row, older)| VersionBody::of(row, older)).collect();
    Ok(Answer(VersionPage { data, next_cursor: page.next_cursor }))
}

/// Goes back to a version
///
/// What it held is saved once more, as a new version: name, zone, target, connection, availability. Its slug and an
/// override in force stay as they are. Old settings are held against today's rules, like any that are saved.
#[utoipa::path(post, path = "/api/tenants/{id}/rollback", tag = "versions", request_body = RollbackBody,
    responses((status = 200, description = "The tenant as it is now", body = RolledBack)))]
pub(super) async fn rollback(
    State(admin): State<AdminState>,
    caller: Caller,
    OfTenant(before): OfTenant,
    if_match: IfMatch,
    Json(RollbackBody { version }): Json<RollbackBody>,
) -> Result<Response, Problem> {
    let nothing = || Problem::fault("/version", "not_found", "this tenant never had such a version");
    let old = admin.store.tenant_at(&before.id, version).await?.ok_or_else(nothing)?;
    let warnings = checks::availability(&admin, &before, &old.availability).await?;
    let back = move |tenant: &mut Tenant| {
        let Tenant { id, org_id, slug, sip_username, forced, version, created_at, updated_at, .. } = tenant.clone();
        // The words of an address that was made for it are those Vapi has: older ones open nothing.
        let own = has_own_address(tenant).then(|| tenant.connect.clone());
        *tenant = Tenant { id, org_id, slug, sip_username, forced, version, created_at, updated_at, ..old };
        if let Some(Connect { sip_uri, username, password, .. }) = own {
            let Connect { via, timeout_seconds, .. } = tenant.connect;
            tenant.connect = Connect { via, sip_uri, username, password, timeout_seconds };
        }
    };
    let tenant = save(&admin, &caller.by, &before, &if_match, back).await?;
    at_vapi_too(&admin, &caller, &before, &tenant).await?;
    let availability = AvailabilityBody(tenant.availability.clone());
    let body = RolledBack { tenant: TenantBody::of(&tenant), availability, warnings };
    Ok((etag(tenant.version), Answer(body)).into_response())
}

impl VersionBody {
    fn of(row: &VersionRow, older: Option<&VersionRow>) -> VersionBody {
        let tenant = &row.tenant;
        let mut changes = Vec::new();
        if let Some(older) = older {
            differences(&content(&older.tenant), &content(tenant), "", &mut changes);
            if older.tenant.connect.password != tenant.connect.password && changes.is_empty() {
                let hidden = || json!("•••");
                changes.push(DifferenceBody {
                    pointer: "/connect/password".to_owned(),
                    before: hidden(),
                    after: hidden(),
                });
            }
        }
        VersionBody {
            version: tenant.version,
            at: tenant.updated_at,
            by: row.saved_by.clone(),
            changes,
            tenant: TenantBody::of(tenant),
            availability: AvailabilityBody(tenant.availability.clone()),
        }
    }
}

/// What of a tenant can differ between versions, and may be shown.
fn content(tenant: &Tenant) -> Value {
    json!({
        "slug": tenant.slug,
        "name": tenant.name,
        "timezone": tenant.timezone,
        "country": tenant.country,
        "language": tenant.language,
        "voice": tenant.voice,
        "target": tenant.target.as_ref().map(TargetBody::of),
        "connect": ConnectBody::of(&tenant.connect),
        "availability": tenant.availability,
        "override": tenant.forced,
    })
}

/// Names each place at which two values differ. Lists are compared whole: what moved in one is not told from what changed.
fn differences(before: &Value, after: &Value, at: &str, found: &mut Vec<DifferenceBody>) {
    match (before, after) {
        _ if before == after => {}
        (Value::Object(was), Value::Object(is)) => {
            let names = was.keys().chain(is.keys().filter(|name| !was.contains_key(*name)));
            for name in names {
                let null = Value::Null;
                let (was, is) = (was.get(name).unwrap_or(&null), is.get(name).unwrap_or(&null));
                differences(was, is, &schema::place(at, name), found);
            }
        }
        _ => found.push(DifferenceBody { pointer: at.to_owned(), before: before.clone(), after: after.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(before: &Value, after: &Value) -> Vec<String> {
        let mut found = Vec::new();
        differences(before, after, "", &mut found);
        found.into_iter().map(|one| format!("{} {} {}", one.pointer, one.before, one.after)).collect()
    }

    #[test]
    fn each_place_that_differs_is_named_once_and_nothing_else() {
        let before = json!({"mode": "always", "a/b": {"x": 1, "y": [1, 2]}, "gone": true, "same": {"deep": [1]}});
        let after = json!({"mode": "disabled", "a/b": {"x": 1, "y": [2, 1]}, "new": null, "same": {"deep": [1]}});
        assert_eq!(found(&before, &after), ["/mode \"always\" \"disabled\"", "/a~1b/y [1,2] [2,1]", "/gone true null"]);
        assert!(found(&before, &before).is_empty());
        assert_eq!(found(&json!({"a": {}}), &json!({"a": 1})), ["/a {} 1"]);
    }
}
