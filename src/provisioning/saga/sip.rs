//! A tenant's name on the SIP domain: in one of the lists the domain is checked against, which are filled one after the
//! other. All tenants share the domain, of the installation's own account.

use jiff::Timestamp;

use super::super::desk::Desk;
use super::super::run::{Outcome, Run, Try};
use super::super::trouble::{Halt, Trouble};
use crate::model::{PhoneIntegration, Secret, Sid, SipSeat, Tenant, TwilioAccount};
use crate::providers::{Outlook, SipListKind};

/// How many names a list takes, at Twilio.
const SEATS_MAX: u32 = 1_000;

/// Puts the tenant's name and password where the domain looks for them. Answers the place, and as configured when.
pub(super) async fn seat(
    run: &mut Run<'_>,
    tenant: &Tenant,
    phone: &PhoneIntegration,
    password: Option<Secret>,
) -> Result<(SipSeat, Timestamp), Halt> {
    let desk = run.desk;
    run.step_at_twilio("sipDomain", |_| async move {
        let account = account(desk)?;
        let domain = domain(desk, &account).await?;
        Ok(Outcome::Done(format!("{} leads to us", name(desk)?), domain))
    })
    .await?;
    let (known, is_new, configured) = (phone.seat.clone(), phone.password_is_new, phone.configured_at);
    let seat = run.step_at_twilio("createSipCredential", |tried: Try| async move {
        let account = account(desk)?;
        let (Some(username), Some(password)) = (&tenant.sip_username, password) else {
            let detail =
                "the tenant has no SIP credentials: configure its phone integration anew (PUT …/phone-integration)";
            return Err(Trouble::by_hand(detail));
        };
        let known = known.filter(|known| known.account == account.sid);
        if let Some(known) = known.as_ref().filter(|_| !is_new && !tried.again) {
            let place = (known.list.clone(), known.credential.clone(), configured);
            return Ok(Outcome::Done(format!("{username} is there already"), place));
        }
        let list = match known {
            // With its older password, which nobody can change: it makes room for itself.
            Some(known) => {
                let leaving = desk.twilio.delete_sip_credential(&account, &known.list, &known.credential);
                desk.of_twilio(leaving).await?;
                known.list
            }
            None => list_with_room(desk, &account).await?,
        };
        if tried.again {
            // Perhaps there, and with which password nobody can read: made anew.
            let all = desk.of_twilio(desk.twilio.sip_credentials(&account, &list)).await?;
            for (_, credential) in all.into_iter().filter(|(name, _)| name == username) {
                desk.of_twilio(desk.twilio.delete_sip_credential(&account, &list, &credential)).await?;
            }
        }
        let made = desk.of_twilio(desk.twilio.make_sip_credential(&account, &list, username, &password)).await;
        match made {
            Ok(credential) => {
                Ok(Outcome::Done(format!("{username} may call {}", name(desk)?), (list, credential, configured)))
            }
            Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never => {
                desk.shelf.lists.lock().await.clear();
                Err(Trouble::by_hand(format!("Twilio does not take {username} into its list: {error}")))
            }
            Err(trouble) => Err(trouble),
        }
    });
    let seat: Option<(Sid, Sid, Timestamp)> = seat.await?;
    let (list, credential, configured) = seat.ok_or(Halt::Waits)?;
    let account = account(desk).map_err(|_| Halt::Waits)?.sid;
    Ok((SipSeat { account, list, credential }, configured))
}

fn account(desk: &Desk) -> Result<TwilioAccount, Trouble> {
    desk.policy.global.clone().ok_or_else(|| {
        Trouble::by_hand("the SIP domain is of the installation's own Twilio account: set twilio.account_sid and twilio.auth_token, restart, and retry this job")
    })
}

fn name(desk: &Desk) -> Result<&str, Trouble> {
    let missing = "there is no SIP domain: set sip.domain (example.sip.twilio.com), restart, and retry this job";
    desk.policy.sip_domain.as_deref().ok_or_else(|| Trouble::by_hand(missing))
}

/// The domain, made and wired if it is not.
async fn domain(desk: &Desk, account: &TwilioAccount) -> Result<Sid, Trouble> {
    if let Some(ready) = desk.shelf.domain(&account.sid) {
        return Ok(ready);
    }
    let name = name(desk)?;
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
    desk.shelf.put_domain(account.sid.clone(), domain.sid.clone());
    Ok(domain.sid)
}

/// A list that is not full and that the domain is checked against. Its place is taken at once: whoever comes next counts
/// it.
async fn list_with_room(desk: &Desk, account: &TwilioAccount) -> Result<Sid, Trouble> {
    let domain = domain(desk, account).await?;
    let mut lists = desk.shelf.lists.lock().await;
    if lists.is_empty() {
        let prefix = format!("{} ", desk.policy.brand);
        let taken = desk.store.sip_seats_taken(&account.sid).await?;
        let all = desk.of_twilio(desk.twilio.sip_lists(account, SipListKind::Credentials)).await?;
        let ours =
            all.into_iter().filter(|list| list.friendly_name.as_ref().is_some_and(|name| name.starts_with(&prefix)));
        for list in ours {
            let seats = taken.iter().find(|(known, _)| *known == list.sid).map_or(0, |(_, count)| *count);
            desk.of_twilio(desk.twilio.map_sip_list(account, &domain, SipListKind::Credentials, &list.sid)).await?;
            lists.push((list.sid, seats));
        }
    }
    if let Some((list, seats)) = lists.iter_mut().find(|(_, seats)| *seats < SEATS_MAX) {
        *seats += 1;
        return Ok(list.clone());
    }
    let name = format!("{} {}", desk.policy.brand, lists.len() + 1);
    let made = desk.of_twilio(desk.twilio.make_sip_list(account, SipListKind::Credentials, &name)).await?;
    desk.of_twilio(desk.twilio.map_sip_list(account, &domain, SipListKind::Credentials, &made.sid)).await?;
    lists.push((made.sid.clone(), 1));
    Ok(made.sid)
}
