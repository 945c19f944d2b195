//! What is let in no more is taken out of the lists, and its room is anybody's.

use super::super::super::desk::Desk;
use super::super::super::run::{Outcome, Run};
use super::super::super::trouble::{Halt, Trouble};
use super::names::look;
use crate::model::{SipSeat, TenantId};
use crate::providers::{Outlook, SipListKind};
use crate::store::StoreError;

/// Takes a tenant out of the lists that is gone, or is reached in another way now. The name it had last stays its own: it
/// may come back with it.
pub(in super::super) async fn vacate(run: &mut Run<'_>, tenant: &TenantId) -> Result<(), Halt> {
    out(run, tenant, |_| true).await
}

/// Takes what is good no more out of the lists, and leaves the rest.
pub(in super::super) async fn retire(run: &mut Run<'_>, tenant: &TenantId) -> Result<(), Halt> {
    out(run, tenant, |seat| seat.is_leaving).await
}

async fn out(run: &mut Run<'_>, tenant: &TenantId, goes: impl Fn(&SipSeat) -> bool) -> Result<(), Halt> {
    let (desk, by) = (run.desk, run.by());
    run.step_at_twilio::<(), _>("removeFromSipLists", |_| async move {
        let seats = desk.store.sip_seats(tenant).await?;
        let newest = SipSeat::names(&seats).next_back().map(|seat| seat.id);
        let mut gone = Vec::new();
        for seat in seats.iter().filter(|seat| goes(seat)) {
            take_out(desk, seat, tenant).await?;
            if Some(seat.id) == newest {
                give_up(desk, seat).await?;
            } else {
                if let Some(username) = seat.username.as_ref().filter(|_| !seat.is_leaving) {
                    desk.store.retire_sip_name(tenant, username, &by).await?;
                }
                vanish(desk, seat).await?;
            }
            if seat.place.is_some() {
                gone.push(seat.username.as_deref().unwrap_or("its addresses"));
            }
        }
        Ok(match gone.is_empty() {
            true => Outcome::Skipped("it was in none".to_owned()),
            false => Outcome::Done(format!("let in no more: {}", gone.join(", ")), ()),
        })
    })
    .await?;
    Ok(())
}

/// Takes a seat's entries out of its list at Twilio. What is not there is out of it.
pub(super) async fn take_out(desk: &Desk, seat: &SipSeat, tenant: &TenantId) -> Result<(), Trouble> {
    let Some(place) = &seat.place else { return Ok(()) };
    let Some(account) = desk.account(&place.account).await? else {
        tracing::warn!(
            account = place.account.as_str(),
            "what a tenant has there stays: the account is not ours any more"
        );
        return Ok(());
    };
    if let Some(username) = &seat.username {
        let credential = match &seat.credential {
            Some(credential) => Some(credential.clone()),
            // It was asked for, and perhaps made.
            None => look(desk, &account, &place.list, username).await?.made,
        };
        if let Some(credential) = credential {
            desk.of_twilio(desk.twilio.delete_sip_credential(&account, &place.list, &credential)).await?;
        }
        return Ok(());
    }
    let all = match desk.of_twilio(desk.twilio.sip_addresses(&account, &place.list)).await {
        // The list is gone already.
        Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never => return Ok(()),
        all => all?,
    };
    for address in all.iter().filter(|address| address.friendly_name.as_deref() == Some(tenant.as_str())) {
        desk.of_twilio(desk.twilio.delete_sip_address(&account, &place.list, &address.sid)).await?;
    }
    Ok(())
}

/// The seat is no more; its room is anybody's.
pub(super) async fn vanish(desk: &Desk, seat: &SipSeat) -> Result<(), StoreError> {
    desk.store.drop_sip_seat(seat.id).await?;
    make_room(desk, seat);
    Ok(())
}

/// The seat is in no list, and may be in one again.
pub(super) async fn give_up(desk: &Desk, seat: &SipSeat) -> Result<(), StoreError> {
    if seat.place.is_some() {
        desk.store.place_sip_seat(seat.id, None).await?;
        make_room(desk, seat);
    }
    Ok(())
}

fn make_room(desk: &Desk, seat: &SipSeat) {
    if let Some(place) = &seat.place {
        let kind = if seat.username.is_some() { SipListKind::Credentials } else { SipListKind::Addresses };
        desk.shelf.lists.give_back(kind, &place.list, seat.entries);
    }
}
