//! What the API would refuse, said without asking it: for files that are checked as a whole before anything is done.
//!
//! Only what the body alone tells. Whether a slug is taken, or a forward would come back, the API knows.

use serde_json::Value;

use super::formats;
use super::orgs::{OrgPatch, TwilioPut};
use super::phone_integration::PhonePut;
use super::phone_wish::{Wish, network_told, networks};
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

/// Every fault of how a tenant is to be reached.
pub fn phone_faults(put: &Value) -> Vec<Fault> {
    let mut put = put.clone();
    let faults = schema::faults::<PhonePut>(&mut put);
    if !faults.is_empty() {
        return faults;
    }
    // What has the form of the schema is one.
    let read = serde_json::from_value::<PhonePut>(put).ok();
    read.and_then(|put| Wish::read(&put).err()).unwrap_or_default()
}

/// Writes the networks of a telephone system as the API keeps them; what is none stays as it is.
pub fn phone_as_kept(put: &mut Value) {
    let Some(given) = put.get_mut("sourceIps") else { return };
    let texts = given.as_array().into_iter().flatten().map(|text| text.as_str().map(str::to_owned));
    let Some(texts) = texts.collect::<Option<Vec<String>>>() else { return };
    let mut faults = Vec::new();
    let kept = networks(&texts, &mut faults);
    if faults.is_empty() && !texts.is_empty() {
        *given = kept.iter().map(network_told).collect();
    }
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
