//! The store's doors for how tenants are reached.

use super::{Actor, Store, StoreError};
use crate::model::{E164, PhoneIntegration, PhoneMethod, Secret, TenantId};

/// A name on the SIP domain that nobody had before, and its password.
#[derive(Clone, Debug)]
pub struct NewSipName {
    /// The name.
    pub username: String,
    /// The password, which goes with it for ever.
    pub password: Secret,
}

impl Store {
    /// How a tenant is reached, and the password of its name on the SIP domain.
    pub async fn phone_integration(
        &self,
        tenant: &TenantId,
    ) -> Result<Option<(PhoneIntegration, Option<Secret>)>, StoreError> {
        each!(self, engine => engine.phone_integration(tenant).await)
    }

    /// Keeps how a tenant is reached. With a new name and password it gets those to sign in with, and the name it has got
    /// is answered: that new one, or its own where nobody was ever asked to let that in. A name from before stays good
    /// beside it. There are two at most: one nobody has called with yet makes room, and where there is none
    /// `BothNamesInUse` says so. `NumberTaken` if another tenant is known by the same number.
    pub async fn put_phone_integration(
        &self,
        tenant: &TenantId,
        phone: &PhoneIntegration,
        renewed: Option<&NewSipName>,
        by: &Actor,
    ) -> Result<Option<String>, StoreError> {
        each!(self, engine => engine.put_phone_integration(tenant, phone, renewed, by).await)
    }

    /// The tenant that is known by this number, and how it is reached.
    pub async fn tenant_known_by(&self, number: E164) -> Result<Option<(PhoneMethod, TenantId)>, StoreError> {
        each!(self, engine => engine.tenant_known_by(number).await)
    }
}
