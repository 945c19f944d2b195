//! The store's doors for how tenants are reached.

use super::{Actor, Store, StoreError};
use crate::model::{E164, PhoneIntegration, PhoneMethod, Secret, Sid, TenantId};

impl Store {
    /// How a tenant is reached, and the password of its name on the SIP domain.
    pub async fn phone_integration(
        &self,
        tenant: &TenantId,
    ) -> Result<Option<(PhoneIntegration, Option<Secret>)>, StoreError> {
        match self {
            Store::Sqlite(engine) => engine.phone_integration(tenant).await,
        }
    }

    /// Keeps how a tenant is reached. Without a password the one there is stays. `NumberTaken` if another tenant is known
    /// by the same number.
    pub async fn put_phone_integration(
        &self,
        tenant: &TenantId,
        phone: &PhoneIntegration,
        password: Option<&Secret>,
        by: &Actor,
    ) -> Result<(), StoreError> {
        match self {
            Store::Sqlite(engine) => engine.put_phone_integration(tenant, phone, password, by).await,
        }
    }

    /// The tenant that is known by this number, and how it is reached.
    pub async fn tenant_known_by(&self, number: E164) -> Result<Option<(PhoneMethod, TenantId)>, StoreError> {
        match self {
            Store::Sqlite(engine) => engine.tenant_known_by(number).await,
        }
    }

    /// How many names we keep in each list of an account at Twilio.
    pub async fn sip_seats_taken(&self, account: &Sid) -> Result<Vec<(Sid, u32)>, StoreError> {
        match self {
            Store::Sqlite(engine) => engine.sip_seats_taken(account).await,
        }
    }
}
