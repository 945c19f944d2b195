//! The store's doors for what things come to: minutes of calls by the month, numbers that are paid for.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::batch::Changed;
use super::merge::KeptCall;
use super::{Store, StoreError};
use crate::model::{Arrival, E164, Money, Month, NumberLife, TenantId};

/// What a tenant's calls of a month came to, of those that reached us one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallMonth {
    /// Which month.
    pub month: Month,
    /// Which way.
    pub arrival: Arrival,
    /// How many are over.
    pub calls: u64,
    /// Each call's length, up to the whole minute.
    pub minutes: u64,
    /// What Vapi reported that they cost.
    pub ai: Money,
}

/// A stretch in which a number led to a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenure {
    /// The number, as it is now or was at its end.
    pub life: NumberLife,
    /// Since when.
    pub since: Timestamp,
    /// Until when; none if it does still.
    pub until: Option<Timestamp>,
    /// The number was nobody's before.
    pub is_first: bool,
}

impl Tenure {
    /// How many months of it were paid for in this stretch, up to now. What comes before a number is known here counts as its
    /// first tenant's: the purchase itself does.
    pub fn months_paid(&self, now: Timestamp) -> u64 {
        if self.life.is_free() {
            return 0;
        }
        let is_within =
            |at: &Timestamp| (self.is_first || *at >= self.since) && self.until.is_none_or(|until| *at < until);
        self.life.paid_at(now).filter(is_within).count() as u64
    }
}

/// Numbers of one beginning, for counts of all there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberHeap {
    /// One of them.
    pub sample: E164,
    /// They lead to tenants; else they rest, or are in the pool.
    pub is_led: bool,
    /// They are Vapi's own.
    pub is_free: bool,
    /// How many.
    pub count: u64,
}

impl Store {
    /// What a tenant's calls came to, from this month on, oldest first.
    pub async fn call_months(&self, tenant: &TenantId, since: Month) -> Result<Vec<CallMonth>, StoreError> {
        each!(self, engine => engine.call_months(tenant, since).await)
    }

    /// The stretches in which numbers led to a tenant, oldest first; a bounded number of them.
    pub async fn tenures(&self, tenant: &TenantId) -> Result<Vec<Tenure>, StoreError> {
        each!(self, engine => engine.tenures(tenant).await)
    }

    /// All numbers, counted by how they begin: six signs tell country and kind.
    pub async fn number_heaps(&self) -> Result<Vec<NumberHeap>, StoreError> {
        each!(self, engine => engine.number_heaps().await)
    }

    /// How many tenants there are.
    pub async fn tenant_count(&self) -> Result<u64, StoreError> {
        each!(self, engine => engine.tenant_count().await)
    }
}

/// What calls add to a month, or take away from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub calls: i64,
    pub minutes: i64,
    pub ai_micros: i64,
}

/// Whose month, and of which calls.
pub(crate) type TallyKey = (TenantId, Month, &'static str);

/// Most that is believed of what one call cost, in dollars.
const AI_COST_MAX: f64 = 100_000.0;

/// What these changes of calls come to. A call counts once it is over; what is learned of it later changes its month.
pub(crate) fn tallies(calls: &[Changed]) -> BTreeMap<TallyKey, Tally> {
    let mut tallies: BTreeMap<TallyKey, Tally> = BTreeMap::new();
    for Changed { before, after } in calls {
        for (call, sign) in [(before.as_ref(), -1), (Some(after), 1)] {
            let Some((key, tally)) = call.and_then(tally) else { continue };
            let sum = tallies.entry(key).or_default();
            sum.calls += sign * tally.calls;
            sum.minutes += sign * tally.minutes;
            sum.ai_micros += sign * tally.ai_micros;
        }
    }
    tallies.retain(|_, tally| *tally != Tally::default());
    tallies
}

fn tally(call: &KeptCall) -> Option<(TallyKey, Tally)> {
    let tenant = call.over()??.clone();
    let began = call.began.as_ref()?;
    let minutes = i64::from(call.length().unwrap_or_default().div_ceil(60));
    // The one place where money is a fraction: as Vapi reports it.
    let cost = call.ai_cost().filter(|cost| (0.0..=AI_COST_MAX).contains(cost)).unwrap_or_default();
    let ai_micros = (cost * 1_000_000.0).round() as i64;
    Some(((tenant, Month::of(call.at), began.arrival.as_str()), Tally { calls: 1, minutes, ai_micros }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::{AiReport, CallEnded, EndedBy, LifeState, NumberId, Seed, Sid};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn tenant(n: u8) -> TenantId {
        TenantId::new(Seed { at: Timestamp::UNIX_EPOCH, random: [n; 10] })
    }

    fn begun(n: u8, when: &str) -> KeptCall {
        let mut call = KeptCall::unheard_of(Sid::parse("CA1").unwrap(), at(when));
        let mut began = call.beginning().into_owned();
        (began.tenant_id, began.at) = (Some(tenant(n)), at(when));
        call.begin(&began);
        call
    }

    fn over(call: &KeptCall, seconds: u32) -> KeptCall {
        let mut call = call.clone();
        let call_sid = call.sid.clone();
        let (status, duration_seconds) = (None, Some(seconds));
        call.end(&CallEnded {
            call_sid,
            at: at("2026-12-01T00:00:30Z"),
            status,
            duration_seconds,
            by: EndedBy::Status,
        });
        call
    }

    fn reported(call: &KeptCall, cost: f64) -> KeptCall {
        let mut call = call.clone();
        call.report(&AiReport {
            call_sid: call.sid.clone(),
            vapi_call_id: None,
            at: at("2026-12-01T00:01:00Z"),
            ended_reason: None,
            duration_seconds: None,
            cost_usd: Some(cost),
            summary: None,
            recording_url: None,
        });
        call
    }

    fn told(before: Option<&KeptCall>, after: &KeptCall) -> Vec<(String, Tally)> {
        let changed = [Changed { before: before.cloned(), after: after.clone() }];
        tallies(&changed).into_iter().map(|((_, month, _), tally)| (month.to_string(), tally)).collect()
    }

    #[test]
    fn a_call_counts_in_the_month_it_began_once_it_is_over_and_by_the_whole_minute() {
        let begun = begun(1, "2026-11-30T23:59:59Z");
        assert_eq!(told(None, &begun), []);
        for (seconds, minutes) in [(0, 0), (1, 1), (60, 1), (61, 2), (600, 10)] {
            let tally = Tally { calls: 1, minutes, ai_micros: 0 };
            assert_eq!(told(Some(&begun), &over(&begun, seconds)), [("2026-11".to_owned(), tally)], "{seconds}");
        }
    }

    #[test]
    fn what_is_learned_later_is_added_and_a_repeat_adds_nothing() {
        let ended = over(&begun(1, "2026-11-30T10:00:00Z"), 61);
        let with_cost = reported(&ended, 0.1234567);
        let tally = Tally { calls: 0, minutes: 0, ai_micros: 123_457 };
        assert_eq!(told(Some(&ended), &with_cost), [("2026-11".to_owned(), tally)]);
        assert_eq!(told(Some(&with_cost), &with_cost), []);
        for odd in [f64::NAN, f64::INFINITY, -1.0, 1e12] {
            assert_eq!(told(Some(&ended), &reported(&ended, odd)), [], "{odd}");
        }
    }

    #[test]
    fn a_call_that_turns_out_to_be_anothers_moves() {
        let (one, other) = (over(&begun(1, "2026-11-30T10:00:00Z"), 5), over(&begun(2, "2026-11-30T10:00:00Z"), 5));
        let moved = tallies(&[Changed { before: Some(one), after: other }]);
        let calls: Vec<i64> = moved.values().map(|tally| tally.calls).collect();
        assert_eq!((moved.len(), calls.iter().sum::<i64>(), calls.contains(&-1)), (2, 0, true));
    }

    #[test]
    fn a_month_is_paid_by_whoever_the_number_leads_to() {
        let life = NumberLife {
            id: NumberId::parse("num_01kafbd2x0q7h3m8w5r9t2c6ze").unwrap(),
            e164: E164::parse("+16475550123").unwrap(),
            account_sid: Sid::parse("AC1").ok(),
            vapi_number_id: None,
            tenant_id: None,
            state: LifeState::Active,
            since: at("2026-01-10T00:00:05Z"),
            acquired_at: at("2026-01-10T00:00:00Z"),
            released_at: None,
        };
        let tenure = |since, until: Option<&str>, is_first| Tenure {
            life: life.clone(),
            since: at(since),
            until: until.map(at),
            is_first,
        };
        let now = at("2026-06-01T00:00:00Z");
        let first = tenure("2026-01-10T00:00:05Z", Some("2026-03-01T00:00:00Z"), true);
        assert_eq!(first.months_paid(now), 2, "the purchase came seconds before it was known here");
        assert_eq!(tenure("2026-04-01T00:00:00Z", None, false).months_paid(now), 2, "April and May");
        let free =
            Tenure { life: NumberLife { account_sid: None, vapi_number_id: Sid::parse("v").ok(), ..life }, ..first };
        assert_eq!(free.months_paid(now), 0);
    }
}
