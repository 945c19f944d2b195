//! Whose rows a list shows: what the caller may see, and of that what was asked for.

use super::walk::Cond;
use crate::model::{OrgId, Scope, TenantId};
use crate::store::Ask;

/// Whose rows.
pub(super) enum Whose<'a> {
    Everybodys,
    Orgs(&'a OrgId),
    Tenants(&'a TenantId),
    /// The tenant's if it is the organization's, or was when it went.
    TenantsOf(&'a TenantId, &'a OrgId),
    /// One tenant may not look at another.
    Nobodys,
}

impl<'a> Whose<'a> {
    pub fn of<F>(ask: &'a Ask<F>) -> Whose<'a> {
        match (&ask.scope, &ask.tenant) {
            (Scope::All, None) => Whose::Everybodys,
            (Scope::Org(org), None) => Whose::Orgs(org),
            (Scope::Tenant(tenant), None) | (Scope::All, Some(tenant)) => Whose::Tenants(tenant),
            (Scope::Tenant(own), Some(asked)) if own == asked => Whose::Tenants(own),
            (Scope::Tenant(_), Some(_)) => Whose::Nobodys,
            (Scope::Org(org), Some(tenant)) => Whose::TenantsOf(tenant, org),
        }
    }

    /// As a condition on `tenant_id` and `org_id`.
    pub fn conds(&self) -> Vec<Cond> {
        match self {
            Whose::Everybodys => Vec::new(),
            Whose::Orgs(org) => vec![Cond::sql("org_id = ").text(org.as_str())],
            Whose::Tenants(tenant) => vec![Cond::sql("tenant_id = ").text(tenant.as_str())],
            // The second is asked once, whatever the number of rows.
            Whose::TenantsOf(tenant, org) => vec![
                Cond::sql("tenant_id = ").text(tenant.as_str()),
                Cond::text_first(org.as_str())
                    .and_sql(" = (SELECT org_id FROM tenant_versions WHERE id = ")
                    .text(tenant.as_str())
                    .and_sql(" ORDER BY version DESC LIMIT 1)"),
            ],
            Whose::Nobodys => vec![Cond::sql("1 = 0")],
        }
    }

    /// Of three indexes the one that begins with it.
    pub fn index(&self, of_all: &'static str, of_org: &'static str, of_tenant: &'static str) -> &'static str {
        match self {
            Whose::Everybodys => of_all,
            Whose::Orgs(_) => of_org,
            Whose::Tenants(_) | Whose::TenantsOf(..) | Whose::Nobodys => of_tenant,
        }
    }
}
