//! One of Vapi's free numbers. Making it is the purchase, and there is no handle to find it by but its name, which holds
//! the job: duplicates are found by it and deleted.

use serde::{Deserialize, Serialize};

use super::super::Meter;
use super::super::desk::Desk;
use super::super::run::{Outcome, Run, Try};
use super::super::trouble::{Halt, Trouble};
use super::super::words;
use super::chain::Wish;
use crate::model::availability::Availability;
use crate::model::{E164, FallbackKind, JobId, Number, NumberId, NumberState, Purpose, Sid, Tenant};
use crate::providers::{Denial, ProviderError, VapiNumber};
use crate::store::{Actor, Ask, StoreError};

/// Where a number is looked for if nobody says.
const AREA_CODE: &str = "205";

/// How often a hint to another area is followed, and a number without digits replaced.
const TRIES_MAX: usize = 3;

/// How often it is looked whether a number has become active: some three minutes.
const LOOKS_MAX: u32 = 60;

/// What came of making one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Made {
    /// It is there, by this id.
    Number(Sid),
    /// There is none in that area; one is hinted at.
    Elsewhere(String),
}

/// Gets one that leads to the tenant, or none.
pub(super) async fn obtain(run: &mut Run<'_>, tenant: &Tenant, wish: &Wish) -> Result<Option<NumberId>, Halt> {
    let desk = run.desk;
    let passed_over = pass_over(desk, wish);
    let begun = run.step_at_vapi::<(), _>("freeVapiNumber", |_| async move {
        if let Some(reason) = passed_over {
            return Ok(Outcome::Skipped(reason));
        }
        let meter = meter(desk).await?;
        Ok(match meter.remaining() {
            0 => Outcome::Skipped(format!("{}\n{}", words::trying_free(meter), words::free_limit_reached(meter))),
            _ => Outcome::Done(words::trying_free(meter), ()),
        })
    });
    if begun.await?.is_none() {
        return Ok(None);
    }
    let mut area = wish.area_code.clone().unwrap_or_else(|| AREA_CODE.to_owned());
    for _ in 0..TRIES_MAX {
        match make(run, tenant, &area).await? {
            None => return Ok(None),
            Some(Made::Elsewhere(hinted)) => area = hinted,
            Some(Made::Number(id)) => {
                if let Some(number) = await_active(run, tenant, &id).await? {
                    return Ok(Some(number));
                }
            }
        }
    }
    Ok(None)
}

fn pass_over(desk: &Desk, wish: &Wish) -> Option<String> {
    if wish.force_twilio {
        Some("forceTwilio passes over the free numbers".to_owned())
    } else if desk.vapi.is_none() {
        Some("there is no key of Vapi's".to_owned())
    } else if wish.needs_twilio || wish.purpose == Purpose::Voicemail {
        Some("this needs a number whose calls come to us through Twilio".to_owned())
    } else if wish.country != "US" {
        Some(format!("free numbers are in the United States, and the tenant is in {}", wish.country))
    } else {
        None
    }
}

/// How many are used. Vapi's refusal of a further one teaches how many there may be.
async fn meter(desk: &Desk) -> Result<Meter, Trouble> {
    let total = match desk.shelf.free() {
        Some(total) => total,
        None => {
            let total = desk.of_vapi(desk.vapi()?.free_numbers()).await?;
            desk.shelf.put_free(total);
            total
        }
    };
    let limit =
        desk.shelf.free_limit().map_or(desk.policy.free_numbers, |learned| learned.min(desk.policy.free_numbers));
    Ok(Meter { total, limit })
}

async fn make(run: &mut Run<'_>, tenant: &Tenant, area: &str) -> Result<Option<Made>, Halt> {
    let desk = run.desk;
    let job = run.job.id.clone();
    let name = words::vapi_name(&tenant.name, &job);
    run.step_at_vapi("createFreeVapiNumber", |tried: Try| async move {
        let vapi = desk.vapi()?;
        if tried.again
            && let Some(known) = of_job(desk, &job).await?.into_iter().next()
        {
            return Ok(Outcome::Done(format!("Vapi has made it already, as {}", known.id), Made::Number(known.id)));
        }
        if tried.only_look {
            return Ok(Outcome::Skipped("called off before it was made".to_owned()));
        }
        let otherwise = where_else(desk, tenant).await?;
        let server = &desk.policy.vapi_server;
        let made = desk.of_vapi(vapi.make_free_number(area, &name, server, otherwise)).await;
        let refused = match made {
            Ok(number) => {
                desk.shelf.count_free(1);
                let detail = format!("a free number of area {area} is made, as {}", number.id);
                return Ok(Outcome::Done(detail, Made::Number(number.id)));
            }
            Err(Trouble::Provider(error)) => error,
            Err(trouble) => return Err(trouble),
        };
        Ok(match Denial::of(&refused) {
            Some(Denial::AreaCode(hinted)) => match hinted.into_iter().find(|code| code != area) {
                Some(hinted) => Outcome::Done(format!("{refused}; {hinted} is tried"), Made::Elsewhere(hinted)),
                None => Outcome::Skipped(refused.to_string()),
            },
            Some(_) if !speaks_of_a_limit(&refused) => {
                Outcome::Skipped(format!("⚠️ Could not create FREE Vapi number: {refused}"))
            }
            Some(_) => {
                let total = desk.shelf.free().unwrap_or(desk.policy.free_numbers);
                desk.shelf.learn_free_limit(total);
                let reached = words::free_limit_reached(Meter { total, limit: total });
                Outcome::Skipped(format!("{reached}\n{refused}"))
            }
            None => return Err(Trouble::Provider(refused)),
        })
    })
    .await
}

/// Nobody knows how Vapi words it.
fn speaks_of_a_limit(refused: &ProviderError) -> bool {
    let said = refused.to_string().to_lowercase();
    ["limit", "maximum", "quota", "plan", "upgrade", "payment"].iter().any(|word| said.contains(word))
}

/// Waits until it has its digits, records it, and deletes what was made twice. None if it came to nothing.
async fn await_active(run: &mut Run<'_>, tenant: &Tenant, id: &Sid) -> Result<Option<NumberId>, Halt> {
    let desk = run.desk;
    let (job, by) = (run.job.id.clone(), run.by());
    let may_be_twice = run.was_repeated("createFreeVapiNumber");
    let step = run.step_at_vapi("awaitFreeVapiNumber", |tried: Try| async move {
        if tried.only_look {
            return Ok(Outcome::Skipped("called off before it was active".to_owned()));
        }
        let vapi = desk.vapi()?;
        if may_be_twice {
            for other in of_job(desk, &job).await?.into_iter().filter(|other| other.id != *id) {
                desk.of_vapi(vapi.delete_number(&other.id)).await?;
                desk.shelf.count_free(-1);
            }
        }
        let Some(number) = desk.of_vapi(vapi.number(id)).await? else {
            return Ok(Outcome::Done("it is not there any more".to_owned(), None));
        };
        let is_active = number.status.as_deref() != Some("activating");
        match (is_active, number.number) {
            (true, Some(e164)) => {
                let kept = record(desk, tenant, &number, e164, &job, &by).await?;
                Ok(Outcome::Done(format!("✅ FREE Vapi number {e164} is active"), Some(kept.id)))
            }
            // Such records stay behind where a purchase at Vapi failed halfway.
            (true, None) => delete(desk, id, "it is active and has no digits: deleted").await,
            (false, _) if tried.failures >= LOOKS_MAX => delete(desk, id, "it never became active: deleted").await,
            (false, _) => Err(Trouble::NotYet("it is being activated, which takes Vapi about two minutes".to_owned())),
        }
    });
    Ok(step.await?.flatten())
}

async fn delete(desk: &Desk, id: &Sid, detail: &str) -> Result<Outcome<Option<NumberId>>, Trouble> {
    desk.of_vapi(desk.vapi()?.delete_number(id)).await?;
    desk.shelf.count_free(-1);
    Ok(Outcome::Done(detail.to_owned(), None))
}

async fn record(
    desk: &Desk,
    tenant: &Tenant,
    made: &VapiNumber,
    e164: E164,
    job: &JobId,
    by: &Actor,
) -> Result<Number, StoreError> {
    let seed = desk.seed();
    let number = Number {
        id: NumberId::new(seed),
        e164,
        sip_uri: None,
        tenant_id: Some(tenant.id.clone()),
        account_sid: None,
        twilio_sid: None,
        vapi_number_id: Some(made.id.clone()),
        state: NumberState::Active,
        purpose: Purpose::Calls,
        already_overflowed: false,
        ported: false,
        created_at: seed.at,
    };
    let kept = desk.store.bring_number(&number, job, by).await;
    desk.told(&number);
    kept
}

/// What a job made, the oldest first: that one is kept.
pub(super) async fn of_job(desk: &Desk, job: &JobId) -> Result<Vec<VapiNumber>, Trouble> {
    let mut found = desk.of_vapi(desk.vapi()?.find_numbers(job.as_str())).await?;
    found.retain(|number| number.is_free() && number.name.as_ref().is_some_and(|name| name.ends_with(job.as_str())));
    found.sort_by_key(|number| number.created_at);
    Ok(found)
}

/// Where callers of a free number go when we cannot say who answers: the tenant's forward, or its voicemail at Twilio.
pub(super) async fn where_else(desk: &Desk, tenant: &Tenant) -> Result<Option<E164>, Trouble> {
    let fallback = Availability::salvage_fallback(&tenant.availability);
    if fallback.kind == FallbackKind::Forward && !fallback.forward.is_empty() {
        return Ok(fallback.forward.first().copied());
    }
    let ask = Ask { limit: 200, tenant: Some(tenant.id.clone()), ..Ask::default() };
    let numbers = desk.store.numbers(&ask).await?.rows;
    let at_twilio = |number: &&Number| !number.is_free();
    let best = numbers.iter().filter(at_twilio).max_by_key(|number| number.purpose == Purpose::Voicemail);
    Ok(best.map(|number| number.e164))
}
