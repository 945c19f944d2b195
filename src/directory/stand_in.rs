//! The last directory stands in until the store says it anew: at a start, when nothing is remembered yet.
//!
//! What it says is put where what has grown stale is: whoever asks for it asks the store first, and hears this where the
//! store is away or takes too long.

use crate::store::{Last, StoreError};

use super::names::Name;
use super::{Account, Directory};

impl Directory {
    /// Puts everything of the last directory where it stands in. Answers how many tenants there are.
    pub async fn stand_in(&self, last: &Last) -> Result<usize, StoreError> {
        let (rooms, says) = (&self.rooms, &last.store);
        for id in &last.tenants {
            if let Some(load) = says.load_tenant(id).await? {
                rooms.tenants.stand_in(id.clone(), rooms.compile(&load));
            }
            if let Some((phone, _)) = says.phone_integration(id).await? {
                rooms.phones.stand_in(id.clone(), phone);
            }
        }
        for number in &last.numbers {
            let Some(number) = says.number_by_e164(*number).await? else { continue };
            let (key, vapi) = (number.e164.packed(), number.vapi_number_id.clone());
            if let (Some(id), Some(route)) = (vapi, rooms.route(number.clone())) {
                rooms.vapi_numbers.stand_in(id, route);
            }
            if let Some(route) = rooms.route(number) {
                rooms.numbers.stand_in(key, route);
            }
        }
        for name in &last.names {
            if let Some(user) = says.sip_user(name).await? {
                rooms.sip_names.stand_in(name.as_str().into(), Name::from(user));
            }
        }
        for sid in &last.accounts {
            let org = says.org_by_account(sid).await?;
            if let Some(account) = org.and_then(|org| Some(Account::new(Some(org.id), org.twilio?))) {
                rooms.accounts.stand_in(sid.clone(), account);
            }
        }
        Ok(last.tenants.len())
    }
}
