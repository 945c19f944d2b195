//! How a tenant's telephone system is let in: by a name and a password on one SIP domain, or by its addresses on another.
//!
//! All tenants share the two domains, of the installation's own account. `names` and `addresses` put a tenant into the
//! lists the domains are checked against, `lists` makes those, `leave` takes it out. A place in a list is written down
//! before Twilio is asked, so that every run knows where the one before it may have been, and every start how full they are.

mod addresses;
mod leave;
mod lists;
mod names;

use jiff::Timestamp;

use super::super::desk::Desk;
use super::super::run::{Outcome, Run};
use super::super::trouble::{Halt, Trouble};
use crate::model::{PhoneIntegration, Sid, Tenant, TwilioAccount};
use crate::providers::{Outlook, SipListKind};

pub(super) use leave::{retire, vacate};

/// Lets the tenant's telephone system in, as it is configured. Answers as configured when.
pub(super) async fn seat(run: &mut Run<'_>, tenant: &Tenant, phone: &PhoneIntegration) -> Result<Timestamp, Halt> {
    let desk = run.desk;
    let kind = if phone.source_ips.is_empty() { SipListKind::Credentials } else { SipListKind::Addresses };
    run.step_at_twilio("sipDomain", |_| async move {
        let account = account(desk)?;
        let domain = domain(desk, &account, kind).await?;
        Ok(Outcome::Done(format!("{} leads to us", name(desk, kind)?), domain))
    })
    .await?;
    let configured = match kind {
        SipListKind::Credentials => names::place(run, tenant).await?,
        SipListKind::Addresses => addresses::place(run, tenant).await?,
    };
    configured.ok_or(Halt::Cancelled)
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
    let _turn = desk.shelf.lists.making.lock().await;
    // Whoever was before us has made it.
    if let Some(ready) = desk.shelf.domain(name) {
        return Ok(ready);
    }
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
