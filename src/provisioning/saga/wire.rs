//! A number is attached: known to Vapi, and leading to us. Importing it at Vapi makes it lead there, so it is wired back
//! and read back afterwards, whatever else happened.

use super::super::desk::Desk;
use super::super::run::{Outcome, Run, Try};
use super::super::trouble::{Halt, Trouble};
use super::super::words;
use super::{free, keep, number};
use crate::model::{JobState, Number, NumberId, Purpose, Sid, Tenant, TwilioAccount};
use crate::providers::{Denial, Outlook, VapiNumber};

/// How often a number that does not stay wired is wired anew before a person is asked.
const WIRINGS_MAX: u32 = 8;

/// Makes a number of the tenant known to Vapi and lead to us.
pub(super) async fn attach(run: &mut Run<'_>, tenant: &Tenant, id: &NumberId) -> Result<Number, Halt> {
    let of_tenant = number(run, id).await?;
    if of_tenant.tenant_id.as_ref() != Some(&tenant.id) {
        let detail = format!("{} does not lead to the tenant any more: somebody took it away", of_tenant.e164);
        return Err(Halt::Stop(JobState::Failed, detail));
    }
    if of_tenant.is_free() {
        return free_one(run, Some(tenant), &of_tenant).await;
    }
    let refused = import(run, tenant, &of_tenant).await?;
    let wired = lead_here(run, &of_tenant).await?;
    match refused {
        None => Ok(wired),
        Some(refused) => {
            let detail = format!(
                "{} leads to us and its calls are answered, but Vapi did not import it: {refused}. \
                 Mend that and retry this job",
                wired.e164
            );
            Err(Halt::Stop(JobState::Manual, detail))
        }
    }
}

/// A number of Vapi's own asks us who should answer.
pub(super) async fn free_one(run: &mut Run<'_>, tenant: Option<&Tenant>, of_tenant: &Number) -> Result<Number, Halt> {
    let desk = run.desk;
    let Some(id) = of_tenant.vapi_number_id.clone() else { return Ok(of_tenant.clone()) };
    // One this job has made was made so.
    let made = run.done::<free::Made>("createFreeVapiNumber");
    if !matches!(made, Some(free::Made::Number(made)) if made == id) {
        run.step_at_vapi::<(), _>("wireFreeVapiNumber", |_| async move {
            let otherwise = match tenant {
                Some(tenant) => free::where_else(desk, tenant).await?,
                None => None,
            };
            let rewiring = desk.vapi()?.rewire_free_number(&id, &desk.policy.vapi_server, otherwise);
            match desk.of_vapi(rewiring).await {
                Ok(_) => Ok(Outcome::Done("Vapi asks us who answers".to_owned(), ())),
                Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never => {
                    Err(Trouble::by_hand(format!("Vapi does not change the number {id}: {error}")))
                }
                Err(trouble) => Err(trouble),
            }
        })
        .await?;
    }
    Ok(of_tenant.clone())
}

/// Imports a number of Twilio's at Vapi. Answers why Vapi refuses, if it does for good.
async fn import(run: &mut Run<'_>, tenant: &Tenant, of_tenant: &Number) -> Result<Option<String>, Halt> {
    let desk = run.desk;
    let job = run.job.id.clone();
    let by_number = of_tenant.clone();
    let imported = run.step_at_vapi("importToVapi", |tried: Try| async move {
        if desk.vapi.is_none() {
            return Ok(Outcome::Skipped("there is no key of Vapi's".to_owned()));
        }
        if by_number.purpose == Purpose::Voicemail {
            return Ok(Outcome::Skipped("calls to a number for voicemail never come to Vapi".to_owned()));
        }
        let account = account_of(desk, &by_number).await?;
        let known = match (&by_number.vapi_number_id, tried.again) {
            (Some(id), _) => desk.of_vapi(desk.vapi()?.number(id)).await?,
            (None, true) => find(desk, &by_number).await?,
            (None, false) => None,
        };
        if let Some(known) = known {
            return retargeted(desk, tenant, known, account.sid).await;
        }
        if tried.only_look {
            return Ok(Outcome::Skipped("called off before it was imported".to_owned()));
        }
        let name = words::vapi_name(&tenant.name, &job);
        let (key, target) = (desk.key_of(&account), desk.target(tenant));
        let importing = desk.vapi()?.import_number(&account, key, by_number.e164, target, &name);
        let refused = match desk.of_vapi(importing).await {
            Ok(made) => return Ok(Outcome::Done(imported_as(tenant, &made), Imported::As(made.id, account.sid))),
            Err(Trouble::Provider(error)) => error,
            Err(trouble) => return Err(trouble),
        };
        match Denial::of(&refused) {
            Some(Denial::Existing(id)) => match desk.of_vapi(desk.vapi()?.number(&id)).await? {
                Some(known) => retargeted(desk, tenant, known, account.sid).await,
                None => Err(Trouble::NotYet(format!("{refused}, and {id} is not there"))),
            },
            // Vapi looks it up with our credentials: one bought a moment ago may not be seen yet.
            Some(Denial::NotOnTwilio) if tried.failures < WIRINGS_MAX => Err(Trouble::NotYet(refused.to_string())),
            Some(_) => {
                Ok(Outcome::Done(format!("Vapi does not import it: {refused}"), Imported::Refused(refused.to_string())))
            }
            None => Err(Trouble::Provider(refused)),
        }
    });
    match imported.await? {
        None => Ok(None),
        Some(Imported::Refused(why)) => Ok(Some(why)),
        Some(Imported::As(id, account)) => {
            let now = number(run, &of_tenant.id).await?;
            if now.vapi_number_id.as_ref() != Some(&id) {
                // Whose it is at Twilio is known with it, or it would look like one of Vapi's own.
                let account_sid = now.account_sid.clone().or(Some(account));
                let after = Number { vapi_number_id: Some(id), account_sid, ..now };
                keep(run, &after).await.map_err(Halt::Lost)?;
            }
            Ok(None)
        }
    }
}

/// What came of an import.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
enum Imported {
    /// Vapi's id of it, and the account that carries it.
    As(Sid, Sid),
    Refused(String),
}

async fn retargeted(
    desk: &Desk,
    tenant: &Tenant,
    known: VapiNumber,
    account: Sid,
) -> Result<Outcome<Imported>, Trouble> {
    let (id, detail) = (known.id.clone(), format!("Vapi has it already, as {}", known.id));
    if let Some(target) = desk.target(tenant).filter(|target| !known.is_answered_by(target)) {
        desk.of_vapi(desk.vapi()?.retarget_number(&known, target)).await?;
    }
    Ok(Outcome::Done(detail, Imported::As(id, account)))
}

fn imported_as(tenant: &Tenant, made: &VapiNumber) -> String {
    format!("imported at Vapi for {}, as {}", tenant.name, made.id)
}

async fn find(desk: &Desk, number: &Number) -> Result<Option<VapiNumber>, Trouble> {
    let found = desk.of_vapi(desk.vapi()?.find_numbers(&number.e164.to_string())).await?;
    Ok(found.into_iter().find(|known| known.number == Some(number.e164)))
}

/// Writes our URLs to a number at Twilio, and reads them back until they stay.
pub(super) async fn lead_here(run: &mut Run<'_>, of_us: &Number) -> Result<Number, Halt> {
    let desk = run.desk;
    let (before, job) = (of_us.clone(), run.job.id.clone());
    let got = desk.store.number_of_job(&job).await.map_err(Halt::Lost)?;
    let tenant = match got.filter(|got| got.id == of_us.id).and_then(|got| got.tenant_id) {
        Some(id) => desk.store.tenant(&id).await.map_err(Halt::Lost)?,
        None => None,
    };
    let name = tenant.map(|tenant| words::friendly_name(&tenant.name, &job));
    let sid = run.step_at_twilio("wireNumber", |_| async move {
        let account = account_of(desk, &before).await?;
        let sid = sid_of(desk, &account, &before).await?;
        let wired = desk.of_twilio(desk.twilio.wire_number(&account, &sid, &desk.policy.number_wiring)).await?;
        // One of the pool that another job brought in is named by whom it leads to now. The business' own names stay.
        let is_named_by = |job: &str| wired.friendly_name.as_deref().is_some_and(|name| name.contains(job));
        if let Some(name) = name.filter(|_| is_named_by(" job_") && !is_named_by(job.as_str())) {
            desk.of_twilio(desk.twilio.rename_number(&account, &sid, &name)).await?;
        }
        Ok(Outcome::Done(format!("{} leads to us", before.e164), sid))
    });
    let sid: Option<Sid> = sid.await?;
    let (before, known) = (of_us.clone(), sid.clone());
    run.step_at_twilio::<(), _>("readNumberBack", |tried: Try| async move {
        let account = account_of(desk, &before).await?;
        let Some(sid) = known else { return Ok(Outcome::Skipped("it was not wired".to_owned())) };
        let read = desk.of_twilio(desk.twilio.number(&account, &sid)).await?;
        match read {
            Some(read) if desk.policy.number_wiring.is_of(&read) => Ok(Outcome::Done("it still does".to_owned(), ())),
            Some(_) if tried.failures < WIRINGS_MAX => {
                desk.of_twilio(desk.twilio.wire_number(&account, &sid, &desk.policy.number_wiring)).await?;
                Err(Trouble::NotYet("somebody made it lead elsewhere: it is wired once more".to_owned()))
            }
            Some(read) => Err(Trouble::by_hand(format!(
                "{} does not stay wired: it leads to {}. Find out who changes it, then retry this job",
                before.e164,
                read.voice_url.unwrap_or_default()
            ))),
            None => Err(gone(&before)),
        }
    })
    .await?;
    let now = number(run, &of_us.id).await?;
    if now.twilio_sid == sid || sid.is_none() {
        return Ok(now);
    }
    let after = Number { twilio_sid: sid, ..now };
    keep(run, &after).await.map_err(Halt::Lost)
}

pub(super) async fn sid_of(desk: &Desk, account: &TwilioAccount, number: &Number) -> Result<Sid, Trouble> {
    if let Some(sid) = &number.twilio_sid {
        return Ok(sid.clone());
    }
    let found = desk.of_twilio(desk.twilio.numbers(account, Some(number.e164))).await?;
    found.into_iter().next().map(|owned| owned.sid).ok_or_else(|| gone(number))
}

fn gone(number: &Number) -> Trouble {
    Trouble::by_hand(format!(
        "{} is not in its account at Twilio: put it there, or take it from its tenant and release it, which forgets it",
        number.e164
    ))
}

/// The account that carries a number: the one it names, else the installation's own.
pub(super) async fn account_of(desk: &Desk, number: &Number) -> Result<TwilioAccount, Trouble> {
    let found = match &number.account_sid {
        Some(sid) => desk.account(sid).await?,
        None => desk.policy.global.clone(),
    };
    found.ok_or_else(|| {
        Trouble::by_hand(format!(
            "{} is of a Twilio account whose credentials we do not have: give them to its organization, then retry this job",
            number.e164
        ))
    })
}
