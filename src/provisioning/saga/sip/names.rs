//! By name and password: the tenant's newest name comes into a list, beside the one before it.

use jiff::Timestamp;

use super::super::super::desk::Desk;
use super::super::super::run::{Outcome, Run, Try};
use super::super::super::trouble::{Halt, Trouble};
use super::leave::{take_out, vanish};
use super::{account, lists, name};
use crate::model::{Secret, Sid, SipPlace, SipSeat, Tenant, TwilioAccount};
use crate::providers::{Outlook, ProviderError, SipListKind};
use crate::store::StoreError;

const KIND: SipListKind = SipListKind::Credentials;

/// Puts the tenant's newest name where the domain looks for it, then takes out what is good no more. Answers as configured
/// when.
pub(super) async fn place(run: &mut Run<'_>, tenant: &Tenant) -> Result<Option<Timestamp>, Halt> {
    let (desk, tenant) = (run.desk, tenant.id.clone());
    run.step_at_twilio("createSipCredential", |tried: Try| async move {
        let account = account(desk)?;
        // As it is now: a name and its password are read together.
        let found = desk.store.phone_integration(&tenant).await?;
        let named = found.as_ref().and_then(|(phone, password)| {
            let seat = phone.sip_name()?;
            Some((phone, seat, seat.username.as_deref()?, password.as_ref()?))
        });
        let Some((phone, seat, username, password)) = named else {
            let detail =
                "the tenant has no SIP credentials: configure its phone integration anew (PUT …/phone-integration)";
            return Err(Trouble::by_hand(detail));
        };
        let is_there = seat.credential.is_some() && seat.list_of(&account.sid).is_some();
        let mut detail = if is_there {
            format!("{username} is there already")
        } else if tried.only_look {
            return Err(Trouble::NotYet("it is called off".to_owned()));
        } else {
            let credential = credential(desk, &account, seat, username, password).await?;
            desk.store.fill_sip_seat(seat.id, Some(&credential), 1, (desk.now)()).await?;
            format!("{username} may call {}", name(desk, KIND)?)
        };
        for gone in phone.seats.iter().filter(|seat| seat.is_leaving || seat.username.is_none()) {
            take_out(desk, gone, &tenant).await?;
            vanish(desk, gone).await?;
            if let Some(older) = &gone.username {
                detail.push_str(&format!(", {older} no more"));
            }
        }
        lists::make_in_time(desk, &account, KIND).await;
        Ok(Outcome::Done(detail, phone.configured_at))
    })
    .await
}

/// The name in a list, made if it is not there.
async fn credential(
    desk: &Desk,
    account: &TwilioAccount,
    seat: &SipSeat,
    username: &str,
    password: &Secret,
) -> Result<Sid, Trouble> {
    let list = match seat.list_of(&account.sid) {
        Some(list) => {
            // A run before this one has asked for it. If it is there it has this password: no name ever had two.
            if let Some(made) = look(desk, account, list, username).await?.made {
                return Ok(made);
            }
            list.clone()
        }
        None => {
            let place = lists::room(desk, account, KIND, 1).await?;
            if let Err(error) = desk.store.place_sip_seat(seat.id, Some(&place)).await {
                desk.shelf.lists.give_back(KIND, &place.list, 1);
                return Err(match error {
                    // It was to have another password before anybody was asked.
                    StoreError::NotFound => {
                        Trouble::by_hand("it was configured anew while it was set up: deploy it again")
                    }
                    error => error.into(),
                });
            }
            place.list
        }
    };
    match desk.of_twilio(desk.twilio.make_sip_credential(account, &list, username, password)).await {
        Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never => {
            refused(desk, account, seat, SipPlace { account: account.sid.clone(), list }, username, &error).await
        }
        made => made,
    }
}

/// Twilio does not take it: it is there already, or the list is fuller than we count, or it is a person's business.
async fn refused(
    desk: &Desk,
    account: &TwilioAccount,
    seat: &SipSeat,
    place: SipPlace,
    username: &str,
    error: &ProviderError,
) -> Result<Sid, Trouble> {
    let Looked { made, entries } = look(desk, account, &place.list, username).await?;
    if let Some(made) = made {
        return Ok(made);
    }
    if entries.is_some_and(|entries| entries < desk.policy.sip_lists.names) {
        return Err(Trouble::by_hand(format!("Twilio does not take {username} into its list: {error}")));
    }
    desk.store.place_sip_seat(seat.id, None).await?;
    // A list that is gone takes nobody either.
    desk.shelf.lists.counted(KIND, &place.list, entries.unwrap_or(u32::MAX));
    Err(Trouble::NotYet(format!("Twilio does not take {username} into its list, which is full: {error}")))
}

/// What is in a list.
pub(super) struct Looked {
    /// The name that was looked for.
    pub made: Option<Sid>,
    /// How many names there are; none where there is no such list.
    pub entries: Option<u32>,
}

/// Looks for a name in a list.
pub(super) async fn look(desk: &Desk, account: &TwilioAccount, list: &Sid, username: &str) -> Result<Looked, Trouble> {
    let held = match desk.of_twilio(desk.twilio.sip_credentials(account, list)).await {
        Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never => {
            return Ok(Looked { made: None, entries: None });
        }
        held => held?,
    };
    let entries = u32::try_from(held.len()).ok();
    let made = held.into_iter().find(|(name, _)| name == username).map(|(_, credential)| credential);
    Ok(Looked { made, entries })
}
