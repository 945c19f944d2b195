//! How a tenant's telephone system is let in: by a name and a password on one SIP domain, or by its addresses on another.
//! All tenants share the two domains, of the installation's own account; each is checked against lists, which are filled
//! one after the other.

use jiff::Timestamp;

use super::super::desk::Desk;
use super::super::run::{Outcome, Run, Try};
use super::super::trouble::{Halt, Trouble};
use crate::model::{PhoneIntegration, Secret, Sid, SipSeat, Tenant, TenantId, TwilioAccount};
use crate::providers::{Outlook, SipListKind};
use crate::store::{Actor, StoreError};

/// How much a list takes, at Twilio.
fn most(kind: SipListKind) -> u32 {
    match kind {
        SipListKind::Credentials => 1_000,
        SipListKind::Addresses => 100,
    }
}

/// How often another list is tried where Twilio does not take what is new.
const TRIES_MAX: u32 = 3;

/// A place in a list, and as configured when.
type Placed = (Sid, Option<Sid>, Timestamp);

/// Lets the tenant's telephone system in. Answers the place it has, and as configured when.
pub(super) async fn seat(
    run: &mut Run<'_>,
    tenant: &Tenant,
    phone: &PhoneIntegration,
    password: Option<Secret>,
) -> Result<(SipSeat, Timestamp), Halt> {
    let desk = run.desk;
    let kind = if phone.source_ips.is_empty() { SipListKind::Credentials } else { SipListKind::Addresses };
    run.step_at_twilio("sipDomain", |_| async move {
        let account = account(desk)?;
        let domain = domain(desk, &account, kind).await?;
        Ok(Outcome::Done(format!("{} leads to us", name(desk, kind)?), domain))
    })
    .await?;
    let placed: Option<Placed> = match kind {
        SipListKind::Credentials => by_password(run, tenant, phone, password).await?,
        SipListKind::Addresses => by_address(run, tenant, phone).await?,
    };
    let (list, credential, configured) = placed.ok_or(Halt::Cancelled)?;
    let account = account(desk).map_err(|_| Halt::Cancelled)?.sid;
    Ok((SipSeat { account, list, credential }, configured))
}

/// Puts the tenant's name and password where the domain looks for them.
async fn by_password(
    run: &mut Run<'_>,
    tenant: &Tenant,
    phone: &PhoneIntegration,
    password: Option<Secret>,
) -> Result<Option<Placed>, Halt> {
    let desk = run.desk;
    let (known, is_new, configured) = (phone.seat.clone(), phone.password_is_new, phone.configured_at);
    let by = run.by();
    run.step_at_twilio("createSipCredential", |tried: Try| async move {
        let account = account(desk)?;
        let (Some(username), Some(password)) = (&tenant.sip_username, password) else {
            let detail =
                "the tenant has no SIP credentials: configure its phone integration anew (PUT …/phone-integration)";
            return Err(Trouble::by_hand(detail));
        };
        let known = known.filter(|known| known.account == account.sid);
        if let Some(by_address) = known.as_ref().filter(|known| known.credential.is_none()) {
            leave_seat(desk, &account, by_address, tenant.id.as_str()).await?;
        }
        let known = known.and_then(|known| Some((known.list, known.credential?)));
        if let Some((list, credential)) = known.as_ref().filter(|_| !is_new && !tried.again) {
            let place = (list.clone(), Some(credential.clone()), configured);
            return Ok(Outcome::Done(format!("{username} is there already"), place));
        }
        let list = match known {
            // With its older password, which nobody can change: it makes room for itself.
            Some((list, credential)) => {
                desk.of_twilio(desk.twilio.delete_sip_credential(&account, &list, &credential)).await?;
                list
            }
            None => list_with_room(desk, &account, SipListKind::Credentials, 1).await?,
        };
        if tried.again {
            // Perhaps there, and with which password nobody can read: made anew.
            let all = desk.of_twilio(desk.twilio.sip_credentials(&account, &list)).await?;
            for (_, credential) in all.into_iter().filter(|(name, _)| name == username) {
                desk.of_twilio(desk.twilio.delete_sip_credential(&account, &list, &credential)).await?;
            }
        }
        let made = desk.of_twilio(desk.twilio.make_sip_credential(&account, &list, username, &password)).await;
        let credential = match made {
            Ok(credential) => credential,
            Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never && tried.failures < TRIES_MAX => {
                // There already, of a job that broke off; or the list is fuller than we count.
                clear_name(desk, &account, username).await?;
                is_full(desk, SipListKind::Credentials, &list).await;
                return Err(Trouble::NotYet(format!("Twilio does not take {username} into its list: {error}")));
            }
            Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never => {
                return Err(Trouble::by_hand(format!("Twilio does not take {username} into any list: {error}")));
            }
            Err(trouble) => return Err(trouble),
        };
        let seat = SipSeat { account: account.sid, list: list.clone(), credential: Some(credential.clone()) };
        keep(desk, &tenant.id, seat, &by).await?;
        let detail = format!("{username} may call {}", name(desk, SipListKind::Credentials)?);
        Ok(Outcome::Done(detail, (list, Some(credential), configured)))
    })
    .await
}

/// The place is kept at once: whoever comes after a job that broke off finds it.
async fn keep(desk: &Desk, tenant: &TenantId, seat: SipSeat, by: &Actor) -> Result<(), StoreError> {
    let Some((phone, _)) = desk.store.phone_integration(tenant).await? else { return Ok(()) };
    desk.store.put_phone_integration(tenant, &PhoneIntegration { seat: Some(seat), ..phone }, None, by).await
}

/// Takes a name out of every list of ours.
async fn clear_name(desk: &Desk, account: &TwilioAccount, username: &str) -> Result<(), Trouble> {
    let lists = desk.of_twilio(desk.twilio.sip_lists(account, SipListKind::Credentials)).await?;
    for list in lists {
        let held = desk.of_twilio(desk.twilio.sip_credentials(account, &list.sid)).await?;
        for (_, credential) in held.into_iter().filter(|(name, _)| name == username) {
            desk.of_twilio(desk.twilio.delete_sip_credential(account, &list.sid, &credential)).await?;
        }
    }
    Ok(())
}

/// A list takes no more.
async fn is_full(desk: &Desk, kind: SipListKind, full: &Sid) {
    let mut lists = desk.shelf.lists.lock().await;
    if let Some((_, held)) = lists.get_mut(&kind).into_iter().flatten().find(|(list, _)| list == full) {
        *held = most(kind);
    }
}

/// Takes a tenant out of the lists: from its place, or, where nobody wrote that down, by its name from wherever it is.
pub(super) async fn vacate(
    run: &mut Run<'_>,
    seat: Option<&SipSeat>,
    username: Option<&str>,
    tenant: &str,
) -> Result<(), Halt> {
    let desk = run.desk;
    run.step_at_twilio::<(), _>("removeFromSipLists", |_| async move {
        let account = match seat {
            Some(seat) => desk.account(&seat.account).await?,
            None => desk.policy.global.clone(),
        };
        let Some(account) = account else {
            return Ok(Outcome::Skipped("its account is not one of ours any more".to_owned()));
        };
        match (seat, username) {
            (Some(seat), _) => leave_seat(desk, &account, seat, tenant).await?,
            (None, Some(username)) => clear_name(desk, &account, username).await?,
            (None, None) => return Ok(Outcome::Skipped("it was in none".to_owned())),
        }
        Ok(Outcome::Done("its telephone system is let in no more".to_owned(), ()))
    })
    .await?;
    Ok(())
}

async fn leave_seat(desk: &Desk, account: &TwilioAccount, seat: &SipSeat, tenant: &str) -> Result<(), Trouble> {
    if let Some(credential) = &seat.credential {
        return desk.of_twilio(desk.twilio.delete_sip_credential(account, &seat.list, credential)).await;
    }
    for address in desk.of_twilio(desk.twilio.sip_addresses(account, &seat.list)).await? {
        if address.friendly_name.as_deref() == Some(tenant) {
            desk.of_twilio(desk.twilio.delete_sip_address(account, &seat.list, &address.sid)).await?;
        }
    }
    Ok(())
}

/// Puts the tenant's addresses where the other domain looks for them, and takes out those it has no more. A name it had
/// before is no good any more.
async fn by_address(run: &mut Run<'_>, tenant: &Tenant, phone: &PhoneIntegration) -> Result<Option<Placed>, Halt> {
    let desk = run.desk;
    let (known, wanted, configured) = (phone.seat.clone(), phone.source_ips.clone(), phone.configured_at);
    let by = run.by();
    run.step_at_twilio("allowSipAddresses", |tried: Try| async move {
        let account = account(desk)?;
        let known = known.filter(|known| known.account == account.sid);
        let list = match known {
            Some(SipSeat { list, credential: None, .. }) => list,
            Some(by_password) => {
                leave_seat(desk, &account, &by_password, tenant.id.as_str()).await?;
                list_with_room(desk, &account, SipListKind::Addresses, wanted.len()).await?
            }
            None => list_with_room(desk, &account, SipListKind::Addresses, wanted.len()).await?,
        };
        let all = desk.of_twilio(desk.twilio.sip_addresses(&account, &list)).await?;
        let is_own = |name: &Option<String>| name.as_deref() == Some(tenant.id.as_str());
        let (own, mut missing) = (all.into_iter().filter(|address| is_own(&address.friendly_name)), wanted);
        for address in own {
            match missing.iter().position(|wanted| Some(*wanted) == address.network()) {
                Some(place) => drop(missing.remove(place)),
                None => desk.of_twilio(desk.twilio.delete_sip_address(&account, &list, &address.sid)).await?,
            }
        }
        for network in missing {
            match desk.of_twilio(desk.twilio.make_sip_address(&account, &list, tenant.id.as_str(), network)).await {
                Ok(()) => {}
                Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never && tried.failures < TRIES_MAX => {
                    is_full(desk, SipListKind::Addresses, &list).await;
                    return Err(Trouble::NotYet(format!("Twilio does not take {network} into its list: {error}")));
                }
                Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never => {
                    return Err(Trouble::by_hand(format!("Twilio does not take {network} into its list: {error}")));
                }
                Err(trouble) => return Err(trouble),
            }
        }
        let seat = SipSeat { account: account.sid, list: list.clone(), credential: None };
        keep(desk, &tenant.id, seat, &by).await?;
        let detail = format!("its addresses may call {}", name(desk, SipListKind::Addresses)?);
        Ok(Outcome::Done(detail, (list, None, configured)))
    })
    .await
}

fn account(desk: &Desk) -> Result<TwilioAccount, Trouble> {
    desk.policy.global.clone().ok_or_else(|| {
        Trouble::by_hand(
            "the SIP domain is of the installation's own Twilio account: set twilio.account_sid and twilio.auth_token, \
             restart, and retry this job",
        )
    })
}

fn name(desk: &Desk, kind: SipListKind) -> Result<&str, Trouble> {
    let (name, setting) = match kind {
        SipListKind::Credentials => (&desk.policy.sip_domain, "sip.domain"),
        SipListKind::Addresses => (&desk.policy.sip_acl_domain, "sip.acl_domain"),
    };
    name.as_deref().ok_or_else(|| {
        Trouble::by_hand(format!(
            "there is no SIP domain: set {setting} (example.sip.twilio.com), restart, and retry this job"
        ))
    })
}

/// The domain, made and wired if it is not.
async fn domain(desk: &Desk, account: &TwilioAccount, kind: SipListKind) -> Result<Sid, Trouble> {
    let name = name(desk, kind)?;
    if let Some(ready) = desk.shelf.domain(name) {
        return Ok(ready);
    }
    let _turn = desk.shelf.lists.lock().await;
    let known = desk.of_twilio(desk.twilio.sip_domain(account, name)).await?;
    let domain = match known {
        Some(known) => known,
        None => match desk.of_twilio(desk.twilio.make_sip_domain(account, name)).await {
            Ok(made) => made,
            Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never => {
                return Err(Trouble::by_hand(format!("Twilio does not make the SIP domain {name}: {error}")));
            }
            Err(trouble) => return Err(trouble),
        },
    };
    let wiring = &desk.policy.sip_wiring;
    if !wiring.is_of_domain(&domain) {
        desk.of_twilio(desk.twilio.wire_sip_domain(account, &domain.sid, wiring)).await?;
    }
    desk.shelf.put_domain(name, domain.sid.clone());
    Ok(domain.sid)
}

/// A list with so much room, that the domain is checked against. The room is taken at once: whoever comes next counts it.
async fn list_with_room(
    desk: &Desk,
    account: &TwilioAccount,
    kind: SipListKind,
    wanted: usize,
) -> Result<Sid, Trouble> {
    let domain = domain(desk, account, kind).await?;
    let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
    let mut lists = desk.shelf.lists.lock().await;
    let of_kind = match lists.entry(kind) {
        std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
        std::collections::hash_map::Entry::Vacant(empty) => {
            empty.insert(our_lists(desk, account, &domain, kind).await?)
        }
    };
    if let Some((list, held)) = of_kind.iter_mut().find(|(_, held)| held.saturating_add(wanted) <= most(kind)) {
        *held += wanted;
        return Ok(list.clone());
    }
    let name = format!("{} {}", list_prefix(desk, kind), of_kind.len() + 1);
    let made = desk.of_twilio(desk.twilio.make_sip_list(account, kind, &name)).await?;
    desk.of_twilio(desk.twilio.map_sip_list(account, &domain, kind, &made.sid)).await?;
    of_kind.push((made.sid.clone(), wanted));
    Ok(made.sid)
}

/// The lists of ours there are, mapped to the domain, and how much each holds.
async fn our_lists(
    desk: &Desk,
    account: &TwilioAccount,
    domain: &Sid,
    kind: SipListKind,
) -> Result<Vec<(Sid, u32)>, Trouble> {
    let prefix = format!("{} ", list_prefix(desk, kind));
    let taken = desk.store.sip_seats_taken(&account.sid).await?;
    let all = desk.of_twilio(desk.twilio.sip_lists(account, kind)).await?;
    let mut ours = Vec::new();
    for list in all.into_iter().filter(|list| list.friendly_name.as_ref().is_some_and(|name| name.starts_with(&prefix)))
    {
        desk.of_twilio(desk.twilio.map_sip_list(account, domain, kind, &list.sid)).await?;
        let held = match kind {
            SipListKind::Credentials => {
                taken.iter().find(|(known, _)| *known == list.sid).map_or(0, |(_, count)| *count)
            }
            SipListKind::Addresses => {
                let held = desk.of_twilio(desk.twilio.sip_addresses(account, &list.sid)).await?;
                u32::try_from(held.len()).unwrap_or(u32::MAX)
            }
        };
        ours.push((list.sid, held));
    }
    Ok(ours)
}

fn list_prefix(desk: &Desk, kind: SipListKind) -> String {
    match kind {
        SipListKind::Credentials => format!("{} names", desk.policy.brand),
        SipListKind::Addresses => format!("{} addresses", desk.policy.brand),
    }
}
