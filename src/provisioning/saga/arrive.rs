//! A number has come from another carrier: it is wired before anything else, for its callers dial it as ever, and then
//! made known to Vapi.

use jiff::Timestamp;

use super::super::asked::Asked;
use super::super::run::{Outcome, Run};
use super::super::trouble::{Halt, Trouble};
use super::{endpoint, number, ready, result, wire};
use crate::model::{
    Change, E164, JobState, Number, NumberId, NumberState, PhoneIntegration, PhoneMethod, PortId, Purpose, Sid, Tenant,
    TwilioAccount,
};

/// The number of a port that is completed.
pub(super) async fn run(run: &mut Run<'_>, id: &PortId) -> Result<(), Halt> {
    let desk = run.desk;
    let gone = || Halt::Stop(JobState::Failed, format!("the port {id} is not there any more"));
    let port = desk.store.port(id).await.map_err(Halt::Lost)?.ok_or_else(gone)?;
    let tenant = desk.store.tenant(&port.tenant_id).await.map_err(Halt::Lost)?;
    let account = run.step_at_twilio("portedNumber", |_| async move {
        let lost = || format!("the credentials of account {} are not there any more", port.account);
        let account = desk.account(&port.account).await?.ok_or_else(|| Trouble::by_hand(lost()))?;
        match desk.of_twilio(desk.twilio.numbers(&account, Some(port.e164))).await?.is_empty() {
            false => Ok(Outcome::Done(format!("{} is in account {}", port.e164, account.sid), account.sid)),
            true => Err(Trouble::NotYet(format!("the move is completed, and Twilio does not list {} yet", port.e164))),
        }
    });
    let account: Sid = account.await?.ok_or(Halt::Cancelled)?;
    let lost = || Halt::Stop(JobState::Manual, format!("the credentials of account {account} are not there any more"));
    let account = desk.account(&account).await.map_err(|_| lost())?.ok_or_else(lost)?;
    settle(run, tenant.as_ref(), &account, port.e164).await
}

/// The number of the port that a job brings home.
pub(super) async fn number_of(run: &Run<'_>) -> Result<Option<Number>, Halt> {
    let Ok(Asked::Arrive { port }) = serde_json::from_value(run.job.asked.clone()) else { return Ok(None) };
    let store = &run.desk.store;
    match store.port(&port).await.map_err(Halt::Lost)? {
        Some(port) => store.number_by_e164(port.e164).await.map_err(Halt::Lost),
        None => Ok(None),
    }
}

/// Is the number in the account?
pub(super) async fn is_here(run: &mut Run<'_>, account: &TwilioAccount, e164: E164) -> Result<bool, Halt> {
    let desk = run.desk;
    let here = run.step_at_twilio("lookForNumber", |_| async move {
        let found = desk.of_twilio(desk.twilio.numbers(account, Some(e164))).await?;
        let (there, detail) = match found.is_empty() {
            true => (false, format!("{e164} is not in account {}", account.sid)),
            false => (true, format!("{e164} is in account {} already", account.sid)),
        };
        Ok(Outcome::Done(detail, there))
    });
    Ok(here.await?.unwrap_or(false))
}

/// Makes a number that is in the account the tenant's, to the end of its setting up.
pub(super) async fn settle(
    run: &mut Run<'_>,
    tenant: Option<&Tenant>,
    account: &TwilioAccount,
    e164: E164,
) -> Result<(), Halt> {
    let id = record(run, tenant, account, e164).await?;
    let here = number(run, &id).await?;
    let wired = wire::lead_here(run, &here).await?;
    let Some(tenant) = tenant else {
        let detail = format!("{e164} has come, and its tenant is gone: it rests, and leads to us");
        return run.end(JobState::Succeeded, detail, result(&wired)).await;
    };
    let attached = wire::attach(run, tenant, &id).await?;
    endpoint::keep_up(run, tenant).await?;
    let (desk, by, of) = (run.desk, run.by(), tenant.id.clone());
    run.step::<(), _>("completeSetup", |_| async move {
        let known = desk.store.phone_integration(&of).await?.map(|(phone, _)| phone);
        let Some(phone) = known.filter(|phone| phone.method == PhoneMethod::Ported && phone.clinic_number == e164)
        else {
            return Ok(Outcome::Skipped("the tenant is reached in another way by now".to_owned()));
        };
        let done = PhoneIntegration { number: Some(e164), setup_completed_at: Some((desk.now)()), ..phone };
        desk.store.put_phone_integration(&of, &done, None, &by).await?;
        (desk.changed)(Change::Tenant(of));
        Ok(Outcome::Done("the ported method is set up".to_owned(), ()))
    })
    .await?;
    let detail = ready(run, tenant, &attached);
    run.end(JobState::Succeeded, detail, result(&attached)).await
}

/// The number is ours from now on, and paid for.
async fn record(
    run: &mut Run<'_>,
    tenant: Option<&Tenant>,
    account: &TwilioAccount,
    e164: E164,
) -> Result<NumberId, Halt> {
    let (desk, by, seed) = (run.desk, run.by(), run.desk.seed());
    let tenant_id = tenant.map(|tenant| tenant.id.clone());
    let recorded = run.step_at_twilio("recordArrival", |_| async move {
        let found = desk.of_twilio(desk.twilio.numbers(account, Some(e164))).await?;
        let Some(owned) = found.into_iter().next() else {
            return Err(Trouble::NotYet(format!("Twilio does not list {e164} any more")));
        };
        let known = desk.store.number_by_e164(e164).await?;
        let (id, created_at) = known.map_or((NumberId::new(seed), seed.at), |known| (known.id, known.created_at));
        let here = Number {
            id,
            e164,
            sip_uri: None,
            state: if tenant_id.is_some() { NumberState::Active } else { NumberState::Resting },
            tenant_id,
            account_sid: Some(account.sid.clone()),
            twilio_sid: Some(owned.sid.clone()),
            vapi_number_id: None,
            purpose: Purpose::Calls,
            already_overflowed: false,
            ported: true,
            created_at,
        };
        let kept = desk.store.put_number(&here, &by).await?;
        let since: Timestamp = owned.created_at().unwrap_or_else(|| (desk.now)());
        desk.store.acquired_at(&kept.id, since).await?;
        desk.told(&kept);
        Ok(Outcome::Done(format!("{e164} has come, as {}", owned.sid), kept.id))
    });
    recorded.await?.ok_or(Halt::Cancelled)
}
