//! Where a number comes from: the pool, then Vapi's free ones, the organization's account, the installation's own, and
//! at last a person. Each is tried or passed over, and the job tells why.

use super::super::run::{Outcome, Run};
use super::super::trouble::Halt;
use super::{free, org, twilio};
use crate::model::{E164, NumberId, Purpose, Sid, Tenant, TwilioAccount};
use crate::routing::dialing::country_of;
use crate::store::PoolWish;

/// What number is wanted.
pub(super) struct Wish {
    /// This one and no other.
    pub number: Option<E164>,
    /// One of this area.
    pub area_code: Option<String>,
    /// Of this country.
    pub country: String,
    /// Neither from the pool nor one of Vapi's.
    pub force_twilio: bool,
    /// One of Vapi's own would not do.
    pub needs_twilio: bool,
    /// What calls to it are for.
    pub purpose: Purpose,
}

/// What passes over a strategy.
type Reason = &'static str;

/// Gets a number that leads to the tenant, or none.
pub(super) async fn obtain(run: &mut Run<'_>, tenant: &Tenant, wish: &Wish) -> Result<Option<NumberId>, Halt> {
    let own = org(run, &tenant.org_id).await?.twilio;
    let global = run.desk.policy.global.clone();
    if let Some(number) = wish.number {
        let accounts: Vec<Sid> = own.iter().chain(&global).map(|account| account.sid.clone()).collect();
        let account = own.or(global).ok_or_else(no_account)?;
        if let Some(id) = twilio::named(run, tenant, wish, &accounts, &account, number).await? {
            return Ok(Some(id));
        }
        return twilio::buy(run, tenant, wish, &account, number).await;
    }
    if let Some(id) = from_pool(run, tenant, wish, own.as_ref(), global.as_ref()).await? {
        return Ok(Some(id));
    }
    if let Some(id) = free::obtain(run, tenant, wish).await? {
        return Ok(Some(id));
    }
    if let Some(account) =
        account(run, "organizationTwilio", own, "the organization has no Twilio account of its own").await?
        && let Some(id) = twilio::obtain(run, tenant, wish, &account).await?
    {
        return Ok(Some(id));
    }
    if let Some(account) = account(run, "globalTwilio", global, "no global Twilio account is configured").await?
        && let Some(id) = twilio::obtain(run, tenant, wish, &account).await?
    {
        return Ok(Some(id));
    }
    run.step::<(), _>("manual", |_| async {
        Ok(Outcome::Skipped(
            "nothing is left to try: assign a number by hand, or mend what the steps before tell, and retry".to_owned(),
        ))
    })
    .await?;
    Ok(None)
}

fn no_account() -> Halt {
    let detail =
        "neither the organization nor the installation has a Twilio account to buy with: No Twilio numbers available";
    Halt::Stop(crate::model::JobState::Manual, detail.to_owned())
}

async fn from_pool(
    run: &mut Run<'_>,
    tenant: &Tenant,
    wish: &Wish,
    own: Option<&TwilioAccount>,
    global: Option<&TwilioAccount>,
) -> Result<Option<NumberId>, Halt> {
    let desk = run.desk;
    let (job, by) = (run.job.id.clone(), run.by());
    let accounts = own.into_iter().chain(global).map(|account| account.sid.clone()).collect();
    let (country, area) = (wish.country.clone(), wish.area_code.as_ref().map(|area| format!("+1{area}")));
    let fits = Box::new(move |number: E164| {
        country_of(number).is_none_or(|of| of == country)
            && area.as_ref().is_none_or(|area| number.to_string().starts_with(area))
    });
    let pool = PoolWish { tenant: tenant.id.clone(), job, accounts, free: !wish.needs_twilio, fits };
    let passed_over = pass_over(wish);
    run.step("pool", |_| async move {
        if let Some(reason) = passed_over {
            return Ok(Outcome::Skipped(reason.to_owned()));
        }
        Ok(match desk.store.take_from_pool(&pool, &by).await? {
            Some(number) => {
                desk.told(&number);
                Outcome::Done(format!("{} was unassigned in our pool", number.e164), number.id)
            }
            None => Outcome::Skipped("no number of our pool is unassigned and fits".to_owned()),
        })
    })
    .await
}

fn pass_over(wish: &Wish) -> Option<Reason> {
    if wish.force_twilio {
        return Some("forceTwilio passes over the pool");
    }
    (wish.purpose == Purpose::Voicemail).then_some("a number for voicemail is got for that alone")
}

/// A strategy whose turn has come: with its account, or passed over.
async fn account(
    run: &mut Run<'_>,
    strategy: &'static str,
    account: Option<TwilioAccount>,
    missing: Reason,
) -> Result<Option<TwilioAccount>, Halt> {
    let line = match strategy {
        "organizationTwilio" => "STRATEGY 2: Using organization's Twilio...",
        _ => "STRATEGY 3: Using GLOBAL Twilio fallback...",
    };
    let sid = account.as_ref().map(|account| account.sid.to_string());
    let turn = run.step::<String, _>(strategy, |_| async move {
        Ok(match sid {
            Some(sid) => Outcome::Done(line.to_owned(), sid),
            None => Outcome::Skipped(missing.to_owned()),
        })
    });
    Ok(turn.await?.and(account))
}
