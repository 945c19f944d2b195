//! A tenant's way of being reached is set up: forwarded to a number of ours, or over SIP; or its own number is asked for
//! (`port`).

use super::super::run::{Outcome, Run};
use super::super::trouble::{Halt, Trouble};
use super::super::words;
use super::{chain, endpoint, if_nobody_answers, port, ready, result, sip, tenant, wire};
use crate::model::{Change, JobState, Number, NumberId, NumberState, PhoneIntegration, PhoneMethod, Purpose, Tenant};
use crate::store::{Ask, NumberFilter};

pub(super) async fn run(run: &mut Run<'_>) -> Result<(), Halt> {
    let of = tenant(run).await?;
    let phone = configured(run, &of).await?;
    let seated = match phone.method {
        PhoneMethod::Sip => Some(sip::seat(run, &of, &phone).await?),
        PhoneMethod::Forwarded | PhoneMethod::Ported => {
            if !phone.seats.is_empty() || run.has_begun("removeFromSipLists") {
                sip::vacate(run, &of.id).await?;
            }
            None
        }
    };
    if phone.method == PhoneMethod::Ported {
        return port::run(run, &of, &phone).await;
    }
    let number = match number(run, &of, &phone).await? {
        Some(id) => Some(wire::attach(run, &of, &id).await?),
        None => None,
    };
    endpoint::keep_up(run, &of).await?;
    let (desk, by) = (run.desk, run.by());
    let (id, e164) = (of.id.clone(), number.as_ref().map(|number| number.e164));
    run.step::<(), _>("completeSetup", |_| async move {
        // As it is now: somebody may have said more of it meanwhile.
        let now = desk.store.phone_integration(&id).await?.map_or(phone.clone(), |(phone, _)| phone);
        if seated.is_some_and(|configured_at| configured_at != now.configured_at) {
            return Err(Trouble::by_hand("it was configured anew while it was set up: deploy it again"));
        }
        let done = PhoneIntegration { number: e164, setup_completed_at: Some((desk.now)()), ..now };
        desk.store.put_phone_integration(&id, &done, None, &by).await?;
        (desk.changed)(Change::Tenant(id));
        Ok(Outcome::Done(format!("the {} method is set up", done.method.as_str()), ()))
    })
    .await?;
    let detail = match &number {
        Some(number) => ready(run, &of, number),
        None => format!("✅ the SIP address is ready{}", if_nobody_answers(run, &of)),
    };
    let result = number.as_ref().map_or(serde_json::Value::Null, result);
    run.end(JobState::Succeeded, detail, result).await
}

async fn configured(run: &Run<'_>, of: &Tenant) -> Result<PhoneIntegration, Halt> {
    let found = run.desk.store.phone_integration(&of.id).await.map_err(Halt::Lost)?;
    let missing = "how the tenant is reached is not configured: PUT …/phone-integration first";
    found.map(|(phone, _)| phone).ok_or_else(|| Halt::Stop(JobState::Failed, missing.to_owned()))
}

/// The number calls come in on: the first the tenant has, else a new one where one is needed.
pub(super) async fn number(run: &mut Run<'_>, of: &Tenant, phone: &PhoneIntegration) -> Result<Option<NumberId>, Halt> {
    let (desk, job) = (run.desk, run.job.id.clone());
    let (id, needs, method) = (of.id.clone(), phone.needs_phone_number, phone.method);
    let own = run.step::<Option<NumberId>, _>("phoneNumber", |_| async move {
        let only = NumberFilter { state: Some(NumberState::Active), purpose: Some(Purpose::Calls), account: None };
        let ask = Ask { limit: 200, tenant: Some(id), only, ..Ask::default() };
        let numbers = desk.store.numbers(&ask).await?.rows;
        // Not one this job is about to get: that is the chain's to tell.
        let got = desk.store.number_of_job(&job).await?.map(|number| number.id);
        let at_twilio = |number: &&Number| !number.is_free() && !number.is_coming() && Some(&number.id) != got.as_ref();
        Ok(match numbers.iter().rev().find(at_twilio) {
            Some(number) => {
                Outcome::Done(format!("{} leads to the tenant already", number.e164), Some(number.id.clone()))
            }
            None if method == PhoneMethod::Forwarded && !needs => {
                let detail = "No Twilio numbers available: the tenant has none, and was configured to get none \
                              (needsPhoneNumber); give it one, or configure it anew";
                return Err(Trouble::by_hand(detail));
            }
            None if needs => Outcome::Skipped(format!("Purchasing Twilio number for {} method", method.as_str())),
            None => Outcome::Done("no number is needed".to_owned(), None),
        })
    });
    match own.await? {
        Some(own) => Ok(own),
        None => {
            let wish = chain::Wish {
                number: None,
                area_code: phone.area_code.clone(),
                country: of.country.clone(),
                force_twilio: false,
                needs_twilio: true,
                purpose: Purpose::Calls,
            };
            let got = chain::obtain(run, of, &wish).await?;
            got.map(Some).ok_or_else(|| Halt::Stop(JobState::Manual, words::MANUAL.to_owned()))
        }
    }
}
