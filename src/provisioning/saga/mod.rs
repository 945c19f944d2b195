//! What jobs do. Each file is one saga or a piece of several; what a job leaves behind when it stops is `leave`'s.

mod arrive;
mod chain;
mod deploy;
mod endpoint;
mod free;
mod leave;
mod port;
mod release;
mod sip;
mod twilio;
mod wire;

use serde_json::{Value, json};

use super::asked::Asked;
use super::run::Run;
use super::trouble::Halt;
use super::words;
use crate::model::{JobState, Number, NumberId, OrgId, Tenant};
use crate::store::StoreError;

pub(super) use leave::leave;
pub use port::why_not as why_not_portable;

/// Does what was asked, up to the job's end.
pub(super) async fn run(run: &mut Run<'_>) -> Result<(), Halt> {
    let asked: Asked = serde_json::from_value(run.job.asked.clone())
        .map_err(|error| Halt::Stop(JobState::Failed, format!("what was asked cannot be read: {error}")))?;
    let leads_here =
        !matches!(asked, Asked::Release { .. } | Asked::Retire | Asked::Vacate { .. } | Asked::CallOff { .. });
    if leads_here && !run.desk.policy.is_reachable {
        let detail = "nobody outside can call this edge: set edge.public_url, restart, and retry this job";
        return Err(Halt::Stop(JobState::Manual, detail.to_owned()));
    }
    match asked {
        Asked::Number { number, area_code, country, force_twilio, purpose, agent } => {
            let mut tenant = tenant(run).await?;
            let changed = match agent {
                Some(agent) => endpoint::answered_by(run, &mut tenant, agent).await?,
                None => false,
            };
            let country = country.unwrap_or_else(|| tenant.country.clone());
            let wish = chain::Wish { number, area_code, country, force_twilio, needs_twilio: false, purpose };
            let got = chain::obtain(run, &tenant, &wish).await?;
            let Some(id) = got else { return Err(Halt::Stop(JobState::Manual, words::MANUAL.to_owned())) };
            let number = wire::attach(run, &tenant, &id).await?;
            endpoint::keep_up(run, &tenant).await?;
            if changed {
                endpoint::others_follow(run, &tenant, &number.id).await?;
            }
            let detail = ready(run, &tenant, &number);
            run.end(JobState::Succeeded, detail, result(&number)).await
        }
        Asked::Deploy => deploy::run(run).await,
        Asked::Wire { number_id } => {
            let number = number(run, &number_id).await?;
            let mut detail = format!("✅ {} is ready", number.e164);
            let number = match &number.tenant_id {
                Some(_) => {
                    let tenant = tenant(run).await?;
                    let number = wire::attach(run, &tenant, &number_id).await?;
                    endpoint::keep_up(run, &tenant).await?;
                    detail = ready(run, &tenant, &number);
                    number
                }
                None if number.is_free() => wire::free_one(run, None, &number).await?,
                None => wire::lead_here(run, &number).await?,
            };
            run.end(JobState::Succeeded, detail, result(&number)).await
        }
        Asked::Target => endpoint::follow_target(run).await,
        Asked::Remove { number_id } => release::remove(run, &number_id).await,
        Asked::Release { number_id } => release::release(run, &number_id).await,
        Asked::Retire => {
            let tenant = tenant(run).await?;
            sip::retire(run, &tenant.id).await?;
            run.end(JobState::Succeeded, "what was good once is let in no more".to_owned(), Value::Null).await
        }
        Asked::Vacate { tenant } => {
            sip::vacate(run, &tenant).await?;
            endpoint::remove(run, &tenant).await?;
            let detail = "what it had at Twilio and Vapi is gone".to_owned();
            run.end(JobState::Succeeded, detail, Value::Null).await
        }
        Asked::Arrive { port } => arrive::run(run, &port).await,
        Asked::CallOff { port } => port::call_off(run, &port).await,
    }
}

/// The job's tenant; one that is deleted meanwhile needs nothing any more.
async fn tenant(run: &Run<'_>) -> Result<Tenant, Halt> {
    let gone = || Halt::Stop(JobState::Failed, "the tenant is not there any more".to_owned());
    let id = run.job.tenant_id.clone().ok_or_else(gone)?;
    run.desk.store.tenant(&id).await.map_err(Halt::Lost)?.ok_or_else(gone)
}

async fn number(run: &Run<'_>, id: &NumberId) -> Result<Number, Halt> {
    let gone = || Halt::Stop(JobState::Failed, format!("the number {id} is not there any more"));
    run.desk.store.number(id).await.map_err(Halt::Lost)?.ok_or_else(gone)
}

/// What a number is to the programs that read a job's result.
fn result(number: &Number) -> Value {
    json!({
        "numberId": number.id,
        "e164": number.e164,
        "vapiNumberId": number.vapi_number_id,
        "twilioSid": number.twilio_sid,
    })
}

/// What is told of a number that is ready.
fn ready(run: &Run<'_>, tenant: &Tenant, number: &Number) -> String {
    format!("✅ {} is ready{}", number.e164, if_nobody_answers(run, tenant))
}

/// Without an AI every call is the fallback's: who set it up should know.
fn if_nobody_answers(run: &Run<'_>, tenant: &Tenant) -> &'static str {
    if run.desk.vapi.is_none() {
        ", and no AI answers yet: there is no key of Vapi's (vapi.api_key)"
    } else if run.desk.target(tenant).is_none() {
        ", and no AI answers yet: the tenant has no target, and there is no shared one (vapi.default_target)"
    } else {
        ""
    }
}

/// The organization whose account and billing count.
async fn org(run: &Run<'_>, id: &OrgId) -> Result<crate::model::Org, Halt> {
    let gone = || Halt::Stop(JobState::Failed, "the organization is not there any more".to_owned());
    run.desk.store.org(id).await.map_err(Halt::Lost)?.ok_or_else(gone)
}

/// Keeps a number as it is now, and tells everybody.
async fn keep(run: &Run<'_>, number: &Number) -> Result<Number, StoreError> {
    let kept = run.desk.store.put_number(number, &run.by()).await;
    run.desk.told(number);
    kept
}
