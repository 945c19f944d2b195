//! The tenant or organization a path names, if the caller may see it. A handler that asks for one of these cannot
//! forget to ask whose it is.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::AdminState;
use super::auth::Caller;
use super::error::Problem;
use super::json::Id;
use crate::model::{Org, OrgId, Tenant, TenantId};

/// The tenant of the path.
pub(super) struct OfTenant(pub Tenant);

/// The organization of the path.
pub(super) struct OfOrg(pub Org);

impl FromRequestParts<AdminState> for OfTenant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, admin: &AdminState) -> Result<OfTenant, Problem> {
        let caller = Caller::from_request_parts(parts, admin).await?;
        let Id(id) = Id::<TenantId>::from_request_parts(parts, admin).await?;
        let tenant = admin.store.tenant(&id).await?;
        let seen = tenant.filter(|tenant| caller.sees(Some(&tenant.org_id), Some(&tenant.id)));
        seen.map(OfTenant).ok_or_else(|| Problem::not_found("tenant", id.as_str()))
    }
}

impl FromRequestParts<AdminState> for OfOrg {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, admin: &AdminState) -> Result<OfOrg, Problem> {
        let caller = Caller::from_request_parts(parts, admin).await?;
        let Id(id) = Id::<OrgId>::from_request_parts(parts, admin).await?;
        let org = admin.store.org(&id).await?.filter(|org| caller.sees(Some(&org.id), None));
        org.map(OfOrg).ok_or_else(|| Problem::not_found("organization", id.as_str()))
    }
}
