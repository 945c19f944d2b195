//! A tenant's own number is asked for from the carrier it is with. It leads to the tenant before anything is asked: its
//! first call may come before we hear that it has come. How far it is then, `ports` finds out; what is done once it is
//! here, `arrive`.

use super::super::desk::Desk;
use super::super::run::{Outcome, Run, Try};
use super::super::trouble::{Halt, Trouble};
use super::{arrive, deploy, endpoint, if_nobody_answers, org, result, wire};
use crate::model::{
    Change, E164, JobState, Number, NumberId, NumberState, PhoneIntegration, Port, PortId, PortMoment, PortPapers,
    PortSeen, PortStage, Purpose, Sid, Tenant, TenantId, TwilioAccount, missing_for_port,
};
use crate::providers::{CustomerType, LosingCarrier, Outlook, PortAddress, PortIn, PortNumber, Portability};
use crate::store::StoreError;

/// Numbers can be asked for in this country alone.
const COUNTRY: &str = "US";

/// Asks for the number, unless it is here or on its way; gets another meanwhile if that is wanted.
pub(super) async fn run(run: &mut Run<'_>, of: &Tenant, phone: &PhoneIntegration) -> Result<(), Halt> {
    let desk = run.desk;
    let e164 = phone.clinic_number;
    let account = org(run, &of.org_id).await?.twilio.or_else(|| desk.policy.global.clone());
    let account = account.ok_or_else(|| {
        let detail = "neither the organization nor the installation has a Twilio account the number could come to";
        Halt::Stop(JobState::Manual, detail.to_owned())
    })?;
    if arrive::is_here(run, &account, e164).await? {
        return arrive::settle(run, Some(of), &account, e164).await;
    }
    // Whoever calls on the day it moves is answered at once.
    endpoint::keep_up(run, of).await?;
    let newest = desk.store.port_of(&of.id).await.map_err(Halt::Lost)?.filter(|port| port.e164 == e164);
    let own: Option<PortId> = run.done("recordPort");
    let port = match newest {
        Some(port) if Some(&port.id) == own.as_ref() => port,
        Some(port) if port.stage.is_under_way() => port,
        older => {
            let refused = older.filter(|port| port.stage == PortStage::ActionRequired);
            ask(run, of, &account, e164, refused).await?
        }
    };
    let mut detail = format!("the move of {e164} is under way ({}). {}", port.request, port.words());
    if phone.wants_temporary_number {
        let temporary = temporary(run, of, phone).await?;
        let nobody = if_nobody_answers(run, of);
        detail = format!("{detail} Meanwhile calls can be forwarded to {}{nobody}", temporary.e164);
    }
    let held = desk.store.number_by_e164(e164).await.map_err(Halt::Lost)?;
    let result = held.as_ref().map_or(serde_json::Value::Null, result);
    run.end(JobState::Succeeded, detail, result).await
}

/// Asks for the number; one that was refused is called off first.
async fn ask(
    run: &mut Run<'_>,
    of: &Tenant,
    account: &TwilioAccount,
    e164: E164,
    refused: Option<Port>,
) -> Result<Port, Halt> {
    let desk = run.desk;
    let (papers, document) = papers(run, of).await?;
    // While it stands, its number is in nobody's power to ask for.
    if let Some(refused) = refused {
        at_twilio_call_off(run, &refused).await?;
        let canceled = canceled(&refused, "it is asked for anew", (desk.now)());
        desk.store.turn_port(&canceled.0, Some(&canceled.1)).await.map_err(Halt::Lost)?;
    }
    let needs_pin = may_come(run, account, e164).await?;
    if needs_pin && (papers.pin.is_none() || papers.account_number.is_none()) {
        let detail = "this carrier wants the account number and the PIN for moving the number (accountNumber and pin, \
                      PUT /api/tenants/{id}/port). Then retry this job";
        return Err(Halt::Stop(JobState::Manual, detail.to_owned()));
    }
    let held = hold(run, of, account, e164).await?;
    let asked = request(&papers, document, e164);
    let (since, account_of) = (run.job.created_at.to_zoned(jiff::tz::TimeZone::UTC).date(), account.clone());
    let by = run.by();
    let held_id = held.clone();
    let request = run.step_at_twilio("requestPort", |tried: Try| async move {
        if tried.again {
            // A request has no name of ours: whoever lost its answer looks for the number.
            if let Some(found) = desk.of_twilio(desk.twilio.find_port(&account_of, e164, since)).await? {
                return Ok(Outcome::Done(format!("Twilio has the request, as {}", found.sid), found.sid));
            }
        }
        if tried.only_look {
            desk.store.drop_coming(&held_id, &by).await?;
            return Ok(Outcome::Skipped("called off before it was asked for".to_owned()));
        }
        match desk.of_twilio(desk.twilio.port_in(&account_of, &asked)).await {
            Ok(sid) => Ok(Outcome::Done(format!("{e164} is asked for, as {sid}"), sid)),
            Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never => {
                desk.store.drop_coming(&held_id, &by).await?;
                (desk.changed)(Change::Number(e164));
                let detail = format!("Twilio does not take the request: {error}. Correct it and retry this job");
                Err(Trouble::by_hand(detail))
            }
            Err(trouble) => Err(trouble),
        }
    });
    let request: Sid = request.await?.ok_or(Halt::Cancelled)?;
    let (port, moment) = asked_for(desk, &of.id, &account.sid, e164, request, papers.target_date);
    let by = run.by();
    let kept = run.step("recordPort", |_| async move {
        let kept = desk.store.open_port(&port, &moment, &by).await?;
        (desk.changed)(Change::Tenant(kept.tenant_id.clone()));
        Ok(Outcome::Done("from now on Twilio is asked how far it is".to_owned(), kept.id))
    });
    let id = kept.await?.ok_or(Halt::Cancelled)?;
    listen(run, account).await?;
    let lost = || Halt::Stop(JobState::Failed, format!("the port {id} is not there any more"));
    desk.store.port(&id).await.map_err(Halt::Lost)?.ok_or_else(lost)
}

/// A port that was just asked for.
fn asked_for(
    desk: &Desk,
    tenant: &TenantId,
    account: &Sid,
    e164: E164,
    request: Sid,
    target_date: Option<jiff::civil::Date>,
) -> (Port, PortMoment) {
    let (now, stage) = ((desk.now)(), PortStage::Submitted);
    let words = format!("{e164} was asked for from its carrier, as {request}.");
    let port = Port {
        id: PortId::new(desk.seed()),
        tenant_id: tenant.clone(),
        e164,
        account: account.clone(),
        request,
        stage,
        since: now,
        seen: PortSeen { target_date, ..PortSeen::default() },
        due: Some(now),
        created_at: now,
    };
    (port, PortMoment { at: now, stage, words })
}

/// What a job that stops leaves of a move: one that was asked for is recorded, and answered; a number that was held for
/// none stays with its carrier.
pub(super) async fn left(run: &Run<'_>) -> Result<Option<Port>, Halt> {
    let Some(held) = run.done::<NumberId>("holdNumber") else { return Ok(None) };
    let (desk, by) = (run.desk, run.by());
    let Some(request) = run.done::<Sid>("requestPort") else {
        // Where nobody knows whether it was asked for the number waits for whoever begins the job again.
        if !run.has_begun("requestPort")
            && let Some(dropped) = desk.store.drop_coming(&held, &by).await.map_err(Halt::Lost)?
        {
            desk.told(&dropped);
        }
        return Ok(None);
    };
    let number = desk.store.number(&held).await.map_err(Halt::Lost)?.filter(Number::is_coming);
    let Some(Number { e164, tenant_id: Some(tenant), account_sid: Some(account), .. }) = number else {
        return Ok(None);
    };
    let (port, moment) = asked_for(desk, &tenant, &account, e164, request, None);
    Ok(Some(desk.store.open_port(&port, &moment, &by).await.map_err(Halt::Lost)?))
}

/// Whether the number can come. Answers whether its carrier wants a PIN for it.
async fn may_come(run: &mut Run<'_>, account: &TwilioAccount, e164: E164) -> Result<bool, Halt> {
    let desk = run.desk;
    let asked = run.step_at_twilio("portability", |_| async move {
        let found = desk.of_twilio(desk.twilio.portability(account, e164)).await?;
        match why_not(e164, &found) {
            Some(why) => Err(Trouble::by_hand(why)),
            None => Ok(Outcome::Done(format!("{e164} can come to Twilio"), found.needs_pin)),
        }
    });
    Ok(asked.await?.unwrap_or(false))
}

/// Why a number cannot come, for people.
pub fn why_not(e164: E164, found: &Portability) -> Option<String> {
    if found.portable {
        return None;
    }
    let code = found.code.as_ref().map_or_else(String::new, |code| format!(" (code {code})"));
    let reason = found.reason.as_deref().unwrap_or("Twilio gives no reason");
    Some(match found.country.as_deref() {
        Some(country) if country != COUNTRY => format!(
            "{e164} is a number of {country}: only numbers of the United States can be moved this way. Ask Twilio's \
             porting team, or forward the number"
        ),
        _ => format!("{e164} cannot be moved as it is: {reason}{code}. It can be forwarded instead"),
    })
}

/// What the carrier wants to know, all of it.
async fn papers(run: &Run<'_>, of: &Tenant) -> Result<(PortPapers, Sid), Halt> {
    let (papers, bill) = run.desk.store.port_papers(&of.id).await.map_err(Halt::Lost)?;
    let missing = missing_for_port(papers.as_ref(), bill.as_ref(), (run.desk.now)());
    match (papers, bill) {
        (Some(papers), Some(bill)) if missing.is_empty() => Ok((papers, bill.document)),
        _ => Err(Halt::Stop(JobState::Manual, format!("this is missing: {}. Then retry this job", missing.join("; ")))),
    }
}

/// The number leads to the tenant from now on.
async fn hold(run: &mut Run<'_>, of: &Tenant, account: &TwilioAccount, e164: E164) -> Result<NumberId, Halt> {
    let (desk, by, seed) = (run.desk, run.by(), run.desk.seed());
    let (tenant_id, account_sid) = (Some(of.id.clone()), Some(account.sid.clone()));
    let held = run.step("holdNumber", |_| async move {
        let known = desk.store.number_by_e164(e164).await?;
        if known.as_ref().is_some_and(|known| known.twilio_sid.is_some() || known.is_free()) {
            let detail = format!("{e164} is ours already: lead it to the tenant instead (patchbay numbers assign)");
            return Err(Trouble::by_hand(detail));
        }
        let (id, created_at) = known.map_or((NumberId::new(seed), seed.at), |known| (known.id, known.created_at));
        let coming = Number {
            id,
            e164,
            sip_uri: None,
            tenant_id,
            account_sid,
            twilio_sid: None,
            vapi_number_id: None,
            state: NumberState::Active,
            purpose: Purpose::Calls,
            already_overflowed: false,
            ported: true,
            created_at,
        };
        match desk.store.put_number(&coming, &by).await {
            Err(StoreError::NumberTaken) => Err(Trouble::by_hand(format!(
                "{e164} leads to another tenant: take it from that tenant first, and retry this job"
            ))),
            kept => {
                desk.told(&coming);
                Ok(Outcome::Done(format!("calls to {e164} are the tenant's from the first that comes"), kept?.id))
            }
        }
    });
    held.await?.ok_or(Halt::Cancelled)
}

/// Twilio tells of what happens. Without it the poll finds out, only later.
async fn listen(run: &mut Run<'_>, account: &TwilioAccount) -> Result<(), Halt> {
    let desk = run.desk;
    run.step_at_twilio::<(), _>("listenForPorts", |_| async move {
        match desk.of_twilio(desk.twilio.set_port_webhook(account, &desk.policy.porting_url)).await {
            Ok(()) => Ok(Outcome::Done("Twilio tells us when something happens".to_owned(), ())),
            Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never => {
                Ok(Outcome::Skipped(format!("Twilio does not tell us when something happens: {error}; it is asked")))
            }
            Err(trouble) => Err(trouble),
        }
    })
    .await?;
    Ok(())
}

/// A number to forward to meanwhile. It stays until it is released by hand.
async fn temporary(run: &mut Run<'_>, of: &Tenant, phone: &PhoneIntegration) -> Result<Number, Halt> {
    let (desk, by) = (run.desk, run.by());
    let wanted = PhoneIntegration { needs_phone_number: true, ..phone.clone() };
    let missing = || Halt::Stop(JobState::Manual, super::words::MANUAL.to_owned());
    let id = deploy::number(run, of, &wanted).await?.ok_or_else(missing)?;
    let temporary = wire::attach(run, of, &id).await?;
    let (tenant, e164) = (of.id.clone(), temporary.e164);
    run.step::<(), _>("keepTemporaryNumber", |_| async move {
        if let Some((phone, _)) = desk.store.phone_integration(&tenant).await? {
            let phone = PhoneIntegration { temporary_number: Some(e164), ..phone };
            desk.store.put_phone_integration(&tenant, &phone, None, &by).await?;
        }
        Ok(Outcome::Done(format!("{e164} stands in meanwhile"), ()))
    })
    .await?;
    Ok(temporary)
}

/// Calls a port off.
pub(super) async fn call_off(run: &mut Run<'_>, id: &PortId) -> Result<(), Halt> {
    let desk = run.desk;
    let gone = || Halt::Stop(JobState::Failed, format!("the port {id} is not there any more"));
    let port = desk.store.port(id).await.map_err(Halt::Lost)?.ok_or_else(gone)?;
    if port.stage.is_open() {
        at_twilio_call_off(run, &port).await?;
        let now = (desk.now)();
        let (canceled, moment) = canceled(&port, "somebody asked for it", now);
        desk.store.turn_port(&canceled, Some(&moment)).await.map_err(Halt::Lost)?;
        desk.port_turned(&canceled).await.map_err(Halt::Lost)?;
    }
    let detail = format!("the move of {} is called off: it stays with its carrier", port.e164);
    run.end(JobState::Succeeded, detail, serde_json::Value::Null).await
}

async fn at_twilio_call_off(run: &mut Run<'_>, port: &Port) -> Result<(), Halt> {
    let desk = run.desk;
    run.step_at_twilio::<(), _>("callOffPort", |_| async move {
        let account = desk.account(&port.account).await?.ok_or_else(|| no_longer_ours(port))?;
        // It may have come while somebody thought about it.
        if let Some(found) = desk.of_twilio(desk.twilio.port(&account, &port.request)).await?
            && found.status == crate::providers::PortStatus::Completed
        {
            return Err(Trouble::Stop(JobState::Failed, format!("{} has come already", port.e164)));
        }
        match desk.of_twilio(desk.twilio.cancel_port(&account, &port.request)).await {
            Ok(()) => Ok(Outcome::Done(format!("{} is called off at Twilio", port.request), ())),
            Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never => {
                Err(Trouble::by_hand(format!("Twilio does not call {} off: {error}", port.request)))
            }
            Err(trouble) => Err(trouble),
        }
    })
    .await?;
    Ok(())
}

fn no_longer_ours(port: &Port) -> Trouble {
    Trouble::by_hand(format!("the credentials of account {} are not there any more", port.account))
}

fn canceled(port: &Port, why: &str, now: jiff::Timestamp) -> (Port, PortMoment) {
    let seen = PortSeen { reason: Some(why.to_owned()), code: None, ..port.seen.clone() };
    let canceled = Port { stage: PortStage::Canceled, since: now, seen, due: None, ..port.clone() };
    let moment = PortMoment { at: now, stage: canceled.stage, words: canceled.words() };
    (canceled, moment)
}

/// The request as Twilio wants it.
fn request(papers: &PortPapers, document: Sid, e164: E164) -> PortIn {
    let address = &papers.address;
    PortIn {
        numbers: vec![PortNumber { e164, pin: papers.pin.clone() }],
        documents: vec![document],
        losing_carrier: LosingCarrier {
            customer_type: if papers.is_individual { CustomerType::Individual } else { CustomerType::Business },
            customer_name: papers.customer_name.clone(),
            account_number: papers.account_number.clone(),
            account_telephone_number: Some(papers.account_telephone_number.unwrap_or(e164)),
            address: PortAddress {
                street: address.street.clone(),
                street_2: address.street2.clone(),
                city: address.city.clone(),
                state: address.state.clone(),
                zip: address.zip.clone(),
                country: COUNTRY.to_owned(),
            },
            authorized_representative: papers.authorized_representative.clone(),
            authorized_representative_email: papers.authorized_representative_email.clone(),
        },
        notification_emails: papers.notification_emails.clone(),
        target_date: papers.target_date,
    }
}
