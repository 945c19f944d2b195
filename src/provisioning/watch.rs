//! Looks where every number leads, at Twilio and at Vapi: what an import took is brought back, everything else that is
//! amiss is told. Numbers that have rested long enough come back into the pool with it, and names on the SIP domain that
//! have had their time end (`overlaps`).
//!
//! It changes nothing at a provider itself: a job does, which waits for whatever else works on the number.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::asked::{About, Asked};
use super::desk::Desk;
use super::findings::{self, Amiss, Found};
use super::overlaps;
use crate::model::{E164, JobId, Number, NumberId, Sid, TenantId, TwilioAccount};
use crate::providers::{NumberKind, OwnedNumber};
use crate::store::{Actor, Ask, Event, JobBounds, NumberWatch, StoreError, WatchFinding};
use crate::telemetry::Metrics;

/// Who it is in the audit log, and in the jobs it makes.
const NAME: &str = "drift watch";

/// How often one number is brought back within the hour: whoever takes it that often means it, or fights with us.
const REPAIRS_MAX: usize = 3;
const REPAIRS_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// How much earlier a provider must say that a number came for it to be news.
const ACQUIRED_EXACT: SignedDuration = SignedDuration::from_mins(1);

/// What was seen at one look.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many numbers were looked at.
    pub looked_at: usize,
    /// Numbers that are not as they should be.
    pub findings: Vec<Finding>,
    /// Numbers that are paid for, and that nobody here knows.
    pub unknown: Vec<UnknownNumber>,
    /// Numbers that came back into the pool.
    pub returned: Vec<Number>,
    /// Accounts and providers that could not be asked, and why.
    pub not_asked: Vec<(String, String)>,
}

/// A number that is not as it should be.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which.
    pub number: Number,
    /// What is amiss, in one word and in words.
    pub amiss: Amiss,
    /// The same in words.
    pub detail: String,
    /// Since when it is seen.
    pub since: Timestamp,
    /// The job that brings it back.
    pub job: Option<JobId>,
    /// Why none does, where one might.
    pub why_not: Option<&'static str>,
}

/// A number that is paid for, and that nobody here knows.
#[derive(Clone, Debug)]
pub struct UnknownNumber {
    /// The digits.
    pub e164: E164,
    /// The account at Twilio that has it; none where it is Vapi's own.
    pub account: Option<Sid>,
    /// The provider's id of it.
    pub id: Sid,
}

/// Looks, one look at a time.
#[derive(Debug)]
pub struct Watch {
    desk: Arc<Desk>,
    metrics: Arc<Metrics>,
    /// How long a number rests before another may have it.
    quarantine: SignedDuration,
    /// How long an older name on the SIP domain is good after a newer was called with.
    sip_overlap: SignedDuration,
    /// Something made a job.
    wake: Arc<tokio::sync::Notify>,
    looking: Mutex<()>,
}

impl Watch {
    /// One that has not looked yet.
    pub fn new(
        desk: Arc<Desk>,
        metrics: Arc<Metrics>,
        quarantine: SignedDuration,
        sip_overlap: SignedDuration,
        wake: Arc<tokio::sync::Notify>,
    ) -> Watch {
        Watch { desk, metrics, quarantine, sip_overlap, wake, looking: Mutex::new(()) }
    }

    /// Looks at everything once.
    pub async fn look(&self) -> Result<Report, StoreError> {
        let _turn = self.looking.lock().await;
        let mut report = Report { returned: self.return_rested().await?, ..Report::default() };
        if !overlaps::look(&self.desk, self.sip_overlap).await?.is_empty() {
            self.wake.notify_one();
        }
        let mut seen = Vec::new();
        for account in self.accounts().await? {
            self.account(&account, &mut report, &mut seen).await?;
        }
        self.at_vapi(&mut report, &mut seen).await?;
        report.looked_at = seen.len();
        self.judge(seen, &mut report).await?;
        Ok(report)
    }

    async fn return_rested(&self) -> Result<Vec<Number>, StoreError> {
        let before = (self.desk.now)().saturating_sub(self.quarantine).unwrap_or(Timestamp::MIN);
        let mut returned = Vec::new();
        loop {
            let some = self.desk.store.return_rested(before, &Actor("quarantine".to_owned())).await?;
            some.iter().for_each(|number| self.desk.told(number));
            if some.is_empty() {
                return Ok(returned);
            }
            returned.extend(some);
        }
    }

    /// Every account whose credentials we have.
    async fn accounts(&self) -> Result<Vec<TwilioAccount>, StoreError> {
        let mut accounts: Vec<TwilioAccount> = self.desk.policy.global.iter().cloned().collect();
        let mut ask = Ask { limit: 200, ..Ask::default() };
        loop {
            let page = self.desk.store.orgs(&ask).await?;
            accounts.extend(page.rows.into_iter().filter_map(|org| org.twilio));
            match page.next_cursor {
                Some(next) => ask.cursor = Some(next),
                None => break,
            }
        }
        let mut known = HashSet::new();
        accounts.retain(|account| known.insert(account.sid.clone()));
        Ok(accounts)
    }

    async fn account(
        &self,
        account: &TwilioAccount,
        report: &mut Report,
        seen: &mut Vec<Seen>,
    ) -> Result<(), StoreError> {
        let desk = &self.desk;
        // What is recorded is read before Twilio is asked: one bought in between is not missing, but unknown for a look.
        let mut recorded = desk.store.watched(Some(&account.sid)).await?;
        let is_global = desk.policy.global.as_ref().is_some_and(|global| global.sid == account.sid);
        if is_global {
            // Whoever did not say which account carries a number meant this one.
            recorded.extend(desk.store.watched(None).await?.into_iter().filter(|(number, _)| !number.is_free()));
        }
        let owned = match desk.of_twilio(desk.twilio.numbers(account, None)).await {
            Ok(owned) => owned,
            Err(trouble) => {
                report.not_asked.push((format!("account {}", account.sid), trouble.words()));
                return Ok(());
            }
        };
        let mut by_digits: HashMap<E164, OwnedNumber> = owned.into_iter().map(|number| (number.e164, number)).collect();
        for (number, watch) in recorded {
            let at_twilio = by_digits.remove(&number.e164);
            // One that was recorded without its account may be anybody's.
            if at_twilio.is_none() && number.account_sid.is_none() {
                continue;
            }
            if let Some(at) = at_twilio.as_ref().and_then(OwnedNumber::created_at)
                && watch.acquired_at.duration_since(at) > ACQUIRED_EXACT
            {
                desk.store.acquired_at(&number.id, at).await?;
            }
            let found = findings::at_twilio(&number, at_twilio.as_ref(), &desk.policy.number_wiring, watch.was_wired);
            seen.push(Seen { number, watch, found });
        }
        let unknown = by_digits.into_values().filter(|number| Some(number.e164) != account.phone_number);
        for number in unknown {
            // Another account's, or brought in this very moment.
            if desk.store.number_by_e164(number.e164).await?.is_none() {
                let account = Some(account.sid.clone());
                report.unknown.push(UnknownNumber { e164: number.e164, account, id: number.sid });
            }
        }
        Ok(())
    }

    /// The free numbers.
    async fn at_vapi(&self, report: &mut Report, seen: &mut Vec<Seen>) -> Result<(), StoreError> {
        let desk = &self.desk;
        let Some(vapi) = &desk.vapi else { return Ok(()) };
        let recorded = desk.store.watched(None).await?.into_iter().filter(|(number, _)| number.is_free());
        let recorded: Vec<_> = recorded.collect();
        let found = match desk.of_vapi(vapi.numbers()).await {
            Ok(found) => found,
            Err(trouble) => {
                report.not_asked.push(("Vapi".to_owned(), trouble.words()));
                return Ok(());
            }
        };
        let mut by_id: HashMap<Sid, _> = found.into_iter().map(|number| (number.id.clone(), number)).collect();
        for (number, watch) in recorded {
            let at_vapi = number.vapi_number_id.as_ref().and_then(|id| by_id.remove(id));
            let found = findings::at_vapi(at_vapi.as_ref(), &desk.policy.vapi_server);
            seen.push(Seen { number, watch, found });
        }
        for number in by_id.into_values().filter(|number| number.provider == NumberKind::Vapi) {
            // A SIP address is its tenant's, one without digits a job's that waits for them.
            let Some(e164) = number.number.filter(|_| number.sip_uri.is_none()) else { continue };
            if desk.store.number_by_e164(e164).await?.is_none() {
                report.unknown.push(UnknownNumber { e164, account: None, id: number.id });
            }
        }
        Ok(())
    }

    /// Keeps what was seen, tells what is new of it, and has brought back what can be.
    async fn judge(&self, seen: Vec<Seen>, report: &mut Report) -> Result<(), StoreError> {
        let desk = &self.desk;
        let now = (desk.now)();
        let at_work = desk.store.subjects_at_work().await?;
        let repaired = self.repaired(now).await?;
        let mut different = Vec::new();
        for Seen { number, watch, found } in seen {
            let (is_wired, amiss) = match found {
                Found::Here => (true, None),
                Found::Unjudged => (watch.was_wired, None),
                Found::Amiss(amiss, detail) => (watch.was_wired, Some((amiss, detail))),
            };
            // What a job works on is on its way to be otherwise.
            let subject = subject(&number);
            if amiss.is_some() && at_work.contains(subject) {
                continue;
            }
            let before = watch.finding.as_ref();
            let same = |(amiss, detail): &(Amiss, String)| {
                before.filter(|before| before.what == amiss.as_str() && before.detail == *detail)
            };
            let since = amiss.as_ref().and_then(same).map(|before| before.since);
            let finding = amiss.as_ref().map(|(amiss, detail)| WatchFinding {
                what: amiss.as_str().to_owned(),
                detail: detail.clone(),
                since: since.unwrap_or(now),
            });
            if let Some((amiss, detail)) = amiss {
                let mut finding = Finding {
                    number: number.clone(),
                    amiss,
                    detail,
                    since: since.unwrap_or(now),
                    job: None,
                    why_not: None,
                };
                if amiss == Amiss::TakenByVapi {
                    if repaired.get(&number.id).copied().unwrap_or(0) >= REPAIRS_MAX {
                        finding.why_not =
                            Some("it was brought back three times within the hour: find out who takes it");
                    } else if !desk.policy.is_reachable {
                        finding.why_not = Some("nobody outside can call this edge: set edge.public_url");
                    } else {
                        finding.job = Some(self.bring_back(&number).await?);
                    }
                }
                if since.is_none() {
                    self.tell(&finding, now).await?;
                }
                report.findings.push(finding);
            } else if before.is_some() {
                desk.store.tell(&Event::number_drift(&number, None, now)).await?;
            }
            if finding != watch.finding || is_wired != watch.was_wired {
                different.push(NumberWatch { was_wired: is_wired, finding, ..watch });
            }
        }
        desk.store.keep_watch(&different).await
    }

    async fn tell(&self, finding: &Finding, now: Timestamp) -> Result<(), StoreError> {
        let Finding { number, amiss, detail, .. } = finding;
        self.metrics.drift(amiss.label());
        tracing::warn!(number = %number.id, what = amiss.as_str(), detail, "a number is not as it should be");
        let (detail, mending) = (detail.as_str(), finding.job.is_some());
        self.desk.store.tell(&Event::number_drift(number, Some((amiss.as_str(), detail, mending)), now)).await
    }

    /// How often each number was brought back within the hour.
    async fn repaired(&self, now: Timestamp) -> Result<BTreeMap<NumberId, usize>, StoreError> {
        let jobs = self.desk.store.jobs_made_by(NAME, now - REPAIRS_WITHIN).await?;
        let mut counts = BTreeMap::new();
        for job in jobs {
            if let Ok(Asked::Wire { number_id }) = serde_json::from_value(job.asked) {
                *counts.entry(number_id).or_insert(0) += 1;
            }
        }
        Ok(counts)
    }

    async fn bring_back(&self, number: &Number) -> Result<JobId, StoreError> {
        let desk = &self.desk;
        let seed = desk.seed();
        let tenant = match &number.tenant_id {
            Some(id) => desk.store.tenant(id).await?,
            None => None,
        };
        let org_id = match (&tenant, &number.account_sid) {
            (Some(tenant), _) => Some(tenant.org_id.clone()),
            (None, Some(account)) => desk.store.org_by_account(account).await?.map(|org| org.id),
            (None, None) => None,
        };
        let about = About { tenant: tenant.as_ref(), org: org_id.as_ref(), subject: number.id.as_str() };
        let job = Asked::Wire { number_id: number.id.clone() }.job(seed, &about, NAME);
        let kept = desk.store.create_jobs(&[job], JobBounds::default(), &Actor(NAME.to_owned())).await?;
        self.wake.notify_one();
        Ok(kept.into_iter().next().map(|job| job.id).expect("a job that is kept is answered"))
    }
}

/// A number, what was known of it, and how it was found.
struct Seen {
    number: Number,
    watch: NumberWatch,
    found: Found,
}

/// What jobs on a number work on.
fn subject(number: &Number) -> &str {
    number.tenant_id.as_ref().map_or(number.id.as_str(), TenantId::as_str)
}
