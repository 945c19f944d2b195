//! A number of an account at Twilio: one that is there and nobody uses, else one that is bought.
//!
//! A purchase names one number, and only that one is asked for until its fate is known: ours, or refused for good. Its
//! FriendlyName ends with the job, so whoever lost the answer finds out whose it became.

use super::super::desk::Desk;
use super::super::run::{Outcome, Run, Try};
use super::super::trouble::{Halt, Trouble, mend};
use super::super::words;
use super::chain::Wish;
use crate::model::{E164, JobId, Number, NumberId, NumberState, Purpose, Sid, Tenant, TwilioAccount};
use crate::providers::{AccountKind, Outlook, OwnedNumber, ProviderError, Search, TWILIO_NOT_AVAILABLE};
use crate::store::{Actor, StoreError};

/// How many numbers for sale are tried, one after the other.
const OFFERS_MAX: usize = 6;

/// Where a number of the United States is looked for if nobody says.
const AREA_CODE: &str = "205";

/// Where a number may lead that nobody uses, besides nowhere: to Twilio's own example. One that leads to Vapi is answered
/// there by somebody's assistant.
const UNUSED: &str = "https://demo.twilio.com/";

/// What a job knows of itself when it brings a number in.
struct Bringing<'a> {
    tenant: &'a Tenant,
    account: &'a TwilioAccount,
    purpose: Purpose,
    job: JobId,
    by: Actor,
}

/// Gets a number of this account that leads to the tenant, or none.
pub(super) async fn obtain(
    run: &mut Run<'_>,
    tenant: &Tenant,
    wish: &Wish,
    account: &TwilioAccount,
) -> Result<Option<NumberId>, Halt> {
    if let Some(id) = existing(run, tenant, wish, account).await? {
        return Ok(Some(id));
    }
    for _ in 0..OFFERS_MAX {
        let Some(offer) = search(run, wish, account).await? else { return Ok(None) };
        if let Some(id) = buy(run, tenant, wish, account, offer).await? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// One the account has and nobody uses.
async fn existing(
    run: &mut Run<'_>,
    tenant: &Tenant,
    wish: &Wish,
    account: &TwilioAccount,
) -> Result<Option<NumberId>, Halt> {
    let desk = run.desk;
    let bringing = Bringing { tenant, account, purpose: wish.purpose, job: run.job.id.clone(), by: run.by() };
    let area = wish.area_code.as_ref().map(|area| format!("+1{area}"));
    run.step_at_twilio("listTwilioNumbers", |_| async move {
        if let Some(known) = desk.store.number_of_job(&bringing.job).await? {
            return Ok(Outcome::Done(format!("{} is taken already", known.e164), known.id));
        }
        let is_wanted = |owned: &&OwnedNumber| {
            let (own, number) = (account.phone_number, owned.e164);
            let fits = crate::routing::dialing::country_of(number).is_none_or(|of| of == wish.country);
            fits && own != Some(number) && area.as_ref().is_none_or(|area| number.to_string().starts_with(area))
        };
        let owned = owned(desk, account).await?;
        let is_trial = is_trial(desk, account).await?;
        let (mut elsewhere, base) = (0, desk.policy.number_wiring.base());
        for number in owned.iter().filter(is_wanted) {
            if !leads_nowhere(number, base) {
                elsewhere += 1;
                continue;
            }
            let is_free_to_take = match desk.store.number_by_e164(number.e164).await? {
                None => true,
                // Of the pool, which was passed over; a trial account has no other.
                Some(known) if known.state == NumberState::Unassigned => !wish.force_twilio || is_trial,
                Some(_) => false,
            };
            if !is_free_to_take || !desk.shelf.reach_for(number.e164) {
                continue;
            }
            match record(desk, &bringing, number).await {
                Ok(kept) => {
                    let detail = format!("{} is in the account, and nobody uses it", kept.e164);
                    return Ok(Outcome::Done(detail, kept.id));
                }
                Err(StoreError::NumberTaken) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Outcome::Skipped(match elsewhere {
            0 => format!("account {} has no number that nobody uses", account.sid),
            _ => format!(
                "account {}: the numbers that nobody has here ({elsewhere}) lead to something else",
                account.sid
            ),
        }))
    })
    .await
}

/// The number that is named, where it is ours already: of the pool, or in the account and used by nobody.
pub(super) async fn named(
    run: &mut Run<'_>,
    tenant: &Tenant,
    wish: &Wish,
    accounts: &[Sid],
    account: &TwilioAccount,
    e164: E164,
) -> Result<Option<NumberId>, Halt> {
    let desk = run.desk;
    let bringing = Bringing { tenant, account, purpose: wish.purpose, job: run.job.id.clone(), by: run.by() };
    run.step_at_twilio("listTwilioNumbers", |_| async move {
        let known = desk.store.number_by_e164(e164).await?;
        if let Some(known) = known {
            let is_ours = known.tenant_id.as_ref() == Some(&tenant.id);
            // One of another organization's account is not for this tenant.
            let of_account = |sid| accounts.contains(sid);
            let may_have = known.is_free() || known.account_sid.as_ref().is_none_or(of_account);
            if !is_ours && (known.state != NumberState::Unassigned || !may_have) {
                return Err(Trouble::by_hand(format!("{e164} rests or leads to another tenant: it is not to be had")));
            }
            let (tenant_id, purpose) = (Some(tenant.id.clone()), wish.purpose);
            let led = Number { tenant_id, purpose, state: NumberState::Active, ..known };
            let kept = desk.store.bring_number(&led, &bringing.job, &bringing.by).await?;
            desk.told(&kept);
            return Ok(Outcome::Done(format!("{e164} was unassigned in our pool"), kept.id));
        }
        let found = desk.of_twilio(desk.twilio.numbers(account, Some(e164))).await?;
        match found.into_iter().next() {
            None => Ok(Outcome::Skipped(format!("account {} does not have {e164}", account.sid))),
            // One this job bought, before anybody knew.
            Some(owned) if is_of_job(&owned, &bringing.job) => kept(desk, &bringing, &owned).await,
            Some(owned) if !leads_nowhere(&owned, desk.policy.number_wiring.base()) => Err(Trouble::by_hand(format!(
                "{e164} is in account {} and leads to something else: make it lead nowhere, then retry this job",
                account.sid
            ))),
            Some(owned) => {
                let kept = record(desk, &bringing, &owned).await?;
                Ok(Outcome::Done(format!("{e164} is in the account, and nobody uses it"), kept.id))
            }
        }
    })
    .await
}

/// The numbers of an account, as they were a moment ago.
async fn owned(desk: &Desk, account: &TwilioAccount) -> Result<Vec<OwnedNumber>, Trouble> {
    if let Some(owned) = desk.shelf.owned(&account.sid) {
        return Ok(owned);
    }
    let owned = desk.of_twilio(desk.twilio.numbers(account, None)).await?;
    desk.shelf.put_owned(account.sid.clone(), owned.clone());
    Ok(owned)
}

/// A number somebody has made lead to a service of their own is theirs.
fn leads_nowhere(number: &OwnedNumber, base: &str) -> bool {
    let is_set = |sid: &Option<String>| sid.as_ref().is_some_and(|sid| !sid.is_empty());
    let url = number.voice_url.as_deref().unwrap_or("");
    let is_unused = url.is_empty() || url.starts_with(base) || url.starts_with(UNUSED);
    is_unused && !is_set(&number.trunk_sid) && !is_set(&number.voice_application_sid)
}

/// A number for sale, which no other job reaches for.
async fn search(run: &mut Run<'_>, wish: &Wish, account: &TwilioAccount) -> Result<Option<E164>, Halt> {
    let desk = run.desk;
    run.step_at_twilio("searchAvailableNumbers", |_| async move {
        let in_north_america = matches!(wish.country.as_str(), "US" | "CA");
        let by_default = (wish.country == "US").then_some(AREA_CODE);
        let area = wish.area_code.as_deref().filter(|_| in_north_america).or(by_default);
        let areas = [area, None];
        // Somebody who names an area wants that one; who names none takes any.
        let tried = if wish.area_code.is_some() || area.is_none() { &areas[..1] } else { &areas[..] };
        if may_own_no_more(desk, account).await? {
            let detail = format!(
                "account {} is a trial and has its one number: upgrade it, and the next tenant gets a number of its own",
                account.sid
            );
            return Ok(Outcome::Skipped(detail));
        }
        for area in tried {
            if let Some(offer) = offer(desk, account, &wish.country, *area).await? {
                let place = area.map_or(wish.country.clone(), |area| format!("area code {area}"));
                return Ok(Outcome::Done(format!("{offer} is for sale in {place}"), offer));
            }
        }
        let place = wish.area_code.as_ref().map_or(wish.country.clone(), |area| format!("area code {area}"));
        Ok(Outcome::Skipped(format!("Twilio has no number for sale in {place}: No Twilio numbers available")))
    })
    .await
}

async fn offer(
    desk: &Desk,
    account: &TwilioAccount,
    country: &str,
    area: Option<&str>,
) -> Result<Option<E164>, Trouble> {
    let market = (account.sid.clone(), country.to_owned(), area.map(str::to_owned));
    if let Some(offer) = desk.shelf.take_offer(&market) {
        return Ok(Some(offer));
    }
    if desk.shelf.is_sold_out(&market) {
        return Ok(None);
    }
    let search = Search { country, area_code: area };
    let found = match desk.of_twilio(desk.twilio.search_numbers(account, search)).await {
        Ok(found) => found,
        // Nobody has a number in an area code Twilio does not know.
        Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never => return Ok(None),
        Err(trouble) => return Err(trouble),
    };
    let plain = found.iter().filter(|offer| !offer.needs_address).map(|offer| offer.e164);
    desk.shelf.put_offers(market.clone(), plain.collect());
    Ok(desk.shelf.take_offer(&market))
}

/// Is it a trial account that has its one number?
async fn may_own_no_more(desk: &Desk, account: &TwilioAccount) -> Result<bool, Trouble> {
    Ok(is_trial(desk, account).await? && !owned(desk, account).await?.is_empty())
}

async fn is_trial(desk: &Desk, account: &TwilioAccount) -> Result<bool, Trouble> {
    if desk.shelf.is_full(&account.sid) {
        return Ok(false);
    }
    let is_trial = desk.of_twilio(desk.twilio.account_kind(account)).await? == AccountKind::Trial;
    if !is_trial {
        desk.shelf.put_full(account.sid.clone());
    }
    Ok(is_trial)
}

/// Buys this number. None if it is refused for good.
pub(super) async fn buy(
    run: &mut Run<'_>,
    tenant: &Tenant,
    wish: &Wish,
    account: &TwilioAccount,
    e164: E164,
) -> Result<Option<NumberId>, Halt> {
    let desk = run.desk;
    let bringing = Bringing { tenant, account, purpose: wish.purpose, job: run.job.id.clone(), by: run.by() };
    let name = words::friendly_name(&tenant.name, &run.job.id);
    run.step_at_twilio("purchaseTwilioNumber", |tried: Try| async move {
        if tried.again
            && let Some(owned) = bought(desk, account, e164, &bringing.job).await?
        {
            return kept(desk, &bringing, &owned).await;
        }
        if tried.only_look {
            return Ok(Outcome::Skipped(format!("{e164}: called off before it was bought")));
        }
        desk.shelf.reach_for(e164);
        let wiring = &desk.policy.number_wiring;
        match desk.of_twilio(desk.twilio.buy_number(account, e164, &name, wiring)).await {
            Ok(owned) => kept(desk, &bringing, &owned).await,
            Err(Trouble::Provider(error)) if is_not_available(&error) => {
                // Ours, perhaps: bought by a request whose answer was lost.
                match bought(desk, account, e164, &bringing.job).await? {
                    Some(owned) => kept(desk, &bringing, &owned).await,
                    None => Ok(Outcome::Skipped(format!("{e164}: {error}"))),
                }
            }
            Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never => {
                Ok(Outcome::Skipped(format!("{e164}: {error}")))
            }
            Err(Trouble::Provider(error)) if error.outlook() == Outlook::Credentials && tried.again => {
                Err(Trouble::by_hand(format!(
                    "whether {e164} was bought is not known (its FriendlyName would end with {}): {}",
                    bringing.job,
                    mend(&error)
                )))
            }
            Err(trouble) => Err(trouble),
        }
    })
    .await
}

fn is_not_available(error: &ProviderError) -> bool {
    matches!(error, ProviderError::Refused { code: Some(TWILIO_NOT_AVAILABLE), .. })
}

/// The number, if this job has bought it.
async fn bought(desk: &Desk, account: &TwilioAccount, e164: E164, job: &JobId) -> Result<Option<OwnedNumber>, Trouble> {
    let found = desk.of_twilio(desk.twilio.numbers(account, Some(e164))).await?;
    Ok(found.into_iter().find(|owned| is_of_job(owned, job)))
}

fn is_of_job(owned: &OwnedNumber, job: &JobId) -> bool {
    owned.friendly_name.as_ref().is_some_and(|name| name.ends_with(job.as_str()))
}

async fn kept(desk: &Desk, bringing: &Bringing<'_>, owned: &OwnedNumber) -> Result<Outcome<NumberId>, Trouble> {
    let kept = match record(desk, bringing, owned).await {
        Ok(kept) => kept,
        Err(StoreError::NumberTaken) => {
            let detail = format!(
                "{} is bought, and leads to another tenant here: take it from that tenant, then retry this job",
                owned.e164
            );
            return Err(Trouble::by_hand(detail));
        }
        Err(error) => return Err(error.into()),
    };
    desk.shelf.add_owned(&bringing.account.sid, owned.clone());
    Ok(Outcome::Done(format!("{} is bought, on account {}", kept.e164, bringing.account.sid), kept.id))
}

async fn record(desk: &Desk, bringing: &Bringing<'_>, owned: &OwnedNumber) -> Result<Number, StoreError> {
    let seed = desk.seed();
    let number = Number {
        id: NumberId::new(seed),
        e164: owned.e164,
        sip_uri: None,
        tenant_id: Some(bringing.tenant.id.clone()),
        account_sid: Some(bringing.account.sid.clone()),
        twilio_sid: Some(owned.sid.clone()),
        vapi_number_id: None,
        state: NumberState::Active,
        purpose: bringing.purpose,
        already_overflowed: false,
        ported: false,
        created_at: seed.at,
    };
    let kept = desk.store.bring_number(&number, &bringing.job, &bringing.by).await;
    desk.told(&number);
    kept
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn leading_to(voice_url: &str, application: Option<&str>) -> bool {
        let number = serde_json::json!({
            "sid": "PN1", "phone_number": "+12055550100", "voice_url": voice_url,
            "voice_application_sid": application, "trunk_sid": null,
        });
        leads_nowhere(&serde_json::from_value(number).unwrap(), "https://edge.example.com")
    }

    #[test]
    fn a_number_that_leads_to_somebodys_own_service_is_not_taken() {
        for unused in ["", "https://demo.twilio.com/welcome/voice/"] {
            assert!(leading_to(unused, None), "{unused}");
        }
        assert!(leading_to("https://edge.example.com/api/twilio/voice", Some("")));
        assert!(!leading_to("https://calls.example.org/hook", None));
        assert!(!leading_to("https://api.vapi.ai/twilio/inbound_call", None));
        assert!(!leading_to("", Some("AP1")));
    }
}
