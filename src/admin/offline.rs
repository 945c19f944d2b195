//! What the API would refuse, said without asking it: for files that are checked as a whole before anything is done.
//!
//! Only what the body alone tells. Whether a slug is taken, or a forward would come back, the API knows.

use serde_json::Value;

use super::formats;
use super::orgs::{OrgPatch, TwilioPut};
use super::schema;
use super::tenant_body::TenantPatch;
use crate::model::Fault;

/// Every fault of what is to be set of a tenant.
pub fn tenant_faults(change: &Value) -> Vec<Fault> {
    schema::faults::<TenantPatch>(&mut change.clone())
}

/// Every fault of what is to be set of an organization.
pub fn org_faults(change: &Value) -> Vec<Fault> {
    schema::faults::<OrgPatch>(&mut change.clone())
}

/// Every fault of Twilio credentials.
pub fn twilio_faults(credentials: &Value) -> Vec<Fault> {
    schema::faults::<TwilioPut>(&mut credentials.clone())
}

/// Writes a tenant's zone and country as the API keeps them.
pub fn as_kept(tenant: &mut Value) {
    for (member, kept) in
        [("timezone", formats::timezone as fn(&str) -> Result<String, formats::Wrong>), ("country", formats::country)]
    {
        if let Some(Ok(text)) = tenant[member].as_str().map(kept) {
            tenant[member] = text.into();
        }
    }
}
