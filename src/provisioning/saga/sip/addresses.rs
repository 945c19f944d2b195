//! By address: a tenant's networks come into one list, and those it has no more go.

use jiff::Timestamp;

use super::super::super::desk::Desk;
use super::super::super::run::{Outcome, Run, Try};
use super::super::super::trouble::{Halt, Trouble};
use super::leave::{give_up, take_out, vanish};
use super::{account, lists, name};
use crate::model::{Sid, SipSeat, Tenant, TenantId, TwilioAccount};
use crate::providers::{Outlook, SipAddress, SipListKind};

const KIND: SipListKind = SipListKind::Addresses;

/// Puts the tenant's networks where the other domain looks for them, then takes out those it has no more, and names it had
/// before. Answers as configured when.
pub(super) async fn place(run: &mut Run<'_>, tenant: &Tenant) -> Result<Option<Timestamp>, Halt> {
    let (desk, tenant) = (run.desk, tenant.id.clone());
    run.step_at_twilio("allowSipAddresses", |tried: Try| async move {
        if tried.only_look {
            return Err(Trouble::NotYet("it is called off".to_owned()));
        }
        let account = account(desk)?;
        let Some((phone, _)) = desk.store.phone_integration(&tenant).await? else {
            return Err(Trouble::by_hand("how the tenant is reached is not configured any more"));
        };
        let networks = &phone.source_ips;
        let known = SipSeat::addresses(&phone.seats);
        let known = known.and_then(|seat| Some((seat, seat.list_of(&account.sid)?)));
        let mut own = match known {
            Some((_, list)) => own(desk, &account, list, &tenant).await?,
            None => Vec::new(),
        };
        let is_there = |own: &[SipAddress], network| own.iter().any(|address| address.network() == Some(network));
        let missing = networks.iter().filter(|network| !is_there(&own, **network)).count();
        // Those that come stand beside those that go for a moment, so that no call is lost in between.
        let together = count(own.len() + missing);
        let (id, list, before) = match known {
            Some((seat, list)) if stays(desk, &account, seat, list, together).await? => {
                (seat.id, list.clone(), seat.entries.max(together))
            }
            _ => {
                let entries = count(networks.len());
                let place = lists::room(desk, &account, KIND, entries).await?;
                let added = desk.store.add_address_seat(&tenant, &place, entries).await;
                let id = added.inspect_err(|_| desk.shelf.lists.give_back(KIND, &place.list, entries))?;
                own.clear();
                (id, place.list, entries)
            }
        };
        desk.store.fill_sip_seat(id, None, before, (desk.now)()).await?;
        for network in networks.iter().filter(|network| !is_there(&own, **network)) {
            match desk.of_twilio(desk.twilio.make_sip_address(&account, &list, tenant.as_str(), *network)).await {
                Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never => {
                    return Err(refused(desk, &account, id, &list, format!("{network} into its list: {error}")).await?);
                }
                made => made?,
            }
        }
        for address in own.iter().filter(|address| !address.network().is_some_and(|net| networks.contains(&net))) {
            desk.of_twilio(desk.twilio.delete_sip_address(&account, &list, &address.sid)).await?;
        }
        let entries = count(networks.len());
        desk.store.fill_sip_seat(id, None, entries, (desk.now)()).await?;
        desk.shelf.lists.give_back(KIND, &list, before.saturating_sub(entries));
        // As it is now: what stood elsewhere leaves.
        for seat in desk.store.sip_seats(&tenant).await?.iter().filter(|seat| seat.id != id) {
            take_out(desk, seat, &tenant).await?;
            if seat.is_leaving || seat.username.is_none() {
                vanish(desk, seat).await?
            } else {
                give_up(desk, seat).await?
            }
        }
        lists::make_in_time(desk, &account, KIND).await;
        Ok(Outcome::Done(format!("its addresses may call {}", name(desk, KIND)?), phone.configured_at))
    })
    .await
}

/// Its addresses that are in a list.
async fn own(desk: &Desk, account: &TwilioAccount, list: &Sid, tenant: &TenantId) -> Result<Vec<SipAddress>, Trouble> {
    let mut all = match desk.of_twilio(desk.twilio.sip_addresses(account, list)).await {
        // The list is gone: so are they.
        Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never => Vec::new(),
        all => all?,
    };
    all.retain(|address| address.friendly_name.as_deref() == Some(tenant.as_str()));
    Ok(all)
}

/// Has the list it is in room for so many of it?
async fn stays(
    desk: &Desk,
    account: &TwilioAccount,
    seat: &SipSeat,
    list: &Sid,
    entries: u32,
) -> Result<bool, Trouble> {
    lists::known(desk, account, KIND, list).await?;
    let (counted, limits) = (&desk.shelf.lists, desk.policy.sip_lists);
    let more = entries.saturating_sub(seat.entries);
    Ok(counted.knows(KIND, list) && (more == 0 || counted.take_in(KIND, list, more, limits)))
}

/// Twilio does not take one: the list is fuller than we count, and another is looked for, or it is a person's business.
async fn refused(desk: &Desk, account: &TwilioAccount, id: i64, list: &Sid, what: String) -> Result<Trouble, Trouble> {
    let held = count(desk.of_twilio(desk.twilio.sip_addresses(account, list)).await?.len());
    if held < desk.policy.sip_lists.addresses {
        return Ok(Trouble::by_hand(format!("Twilio does not take {what}")));
    }
    desk.store.leave_sip_seat(id).await?;
    desk.shelf.lists.counted(KIND, list, held);
    Ok(Trouble::NotYet(format!("the list is full: Twilio does not take {what}")))
}

fn count(entries: usize) -> u32 {
    u32::try_from(entries).unwrap_or(u32::MAX)
}
