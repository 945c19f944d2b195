//! The store's doors for names on the SIP domain, and for places in the lists of Twilio's that let them in.

use jiff::Timestamp;

use super::{Actor, Store, StoreError};
use crate::model::{Sid, SipOverlap, SipPlace, SipSeat, SipUser, TenantId};

impl Store {
    /// Whose this SIP user is: slug, `clinic-<tenant id>`, `sip_<8 hex>`, those that were good once included.
    pub async fn sip_user(&self, name: &str) -> Result<Option<SipUser>, StoreError> {
        each!(self, engine => engine.sip_user(name).await)
    }

    /// A tenant's places in lists, the oldest first, those that leave included; also when it is gone.
    pub async fn sip_seats(&self, tenant: &TenantId) -> Result<Vec<SipSeat>, StoreError> {
        each!(self, engine => engine.sip_seats(tenant).await)
    }

    /// How many entries each list of an account holds, or is about to.
    pub async fn sip_entries(&self, account: &Sid) -> Result<Vec<(Sid, u32)>, StoreError> {
        each!(self, engine => engine.sip_entries(account).await)
    }

    /// Takes a place in a list, before Twilio is asked; or gives it up. `NotFound` where the seat was given to another
    /// name meanwhile.
    pub async fn place_sip_seat(&self, id: i64, place: Option<&SipPlace>) -> Result<(), StoreError> {
        each!(self, engine => engine.place_sip_seat(id, place).await)
    }

    /// Takes room in a list for a tenant's addresses; where they stood before leaves.
    pub async fn add_address_seat(&self, tenant: &TenantId, place: &SipPlace, entries: u32) -> Result<i64, StoreError> {
        each!(self, engine => engine.add_address_seat(tenant, place, entries).await)
    }

    /// It stands in the list now, under this id of Twilio's where it is a name, and takes so many entries of it.
    pub async fn fill_sip_seat(
        &self,
        id: i64,
        credential: Option<&Sid>,
        entries: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        each!(self, engine => engine.fill_sip_seat(id, credential, entries, now).await)
    }

    /// It is to be taken out of the list.
    pub async fn leave_sip_seat(&self, id: i64) -> Result<(), StoreError> {
        each!(self, engine => engine.leave_sip_seat(id).await)
    }

    /// It is out of the list.
    pub async fn drop_sip_seat(&self, id: i64) -> Result<(), StoreError> {
        each!(self, engine => engine.drop_sip_seat(id).await)
    }

    /// A name is signed in with no more; calls to it go on leading to the tenant. `NotFound` where it is not good now.
    pub async fn retire_sip_name(&self, tenant: &TenantId, username: &str, by: &Actor) -> Result<(), StoreError> {
        each!(self, engine => engine.retire_sip_name(tenant, username, by).await)
    }

    /// Calls have signed in with these names, at these times.
    pub async fn sip_names_heard(&self, heard: &[(impl AsRef<str> + Sync, Timestamp)]) -> Result<(), StoreError> {
        each!(self, engine => engine.sip_names_heard(heard).await)
    }

    /// Every tenant that has two names.
    pub async fn sip_overlaps(&self) -> Result<Vec<SipOverlap>, StoreError> {
        each!(self, engine => engine.sip_overlaps().await)
    }

    /// Every tenant, gone ones too, that has something in a list which is to be taken out.
    pub async fn leaving_sip_seats(&self) -> Result<Vec<TenantId>, StoreError> {
        each!(self, engine => engine.leaving_sip_seats().await)
    }
}
