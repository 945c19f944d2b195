//! What becomes of a number over the years: whose it was and for how long, and how often it was paid for.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::{E164, NumberId, NumberState, Sid, TenantId};

/// A number as it is now, or was at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberLife {
    /// Who it is.
    pub id: NumberId,
    /// The digits.
    pub e164: E164,
    /// The Twilio account that carries it.
    pub account_sid: Option<Sid>,
    /// Vapi's id of it.
    pub vapi_number_id: Option<Sid>,
    /// Whose it is, or was last.
    pub tenant_id: Option<TenantId>,
    /// Where it is in its life.
    pub state: LifeState,
    /// Since when it is so.
    pub since: Timestamp,
    /// Since when it is paid for.
    pub acquired_at: Timestamp,
    /// Until when it was.
    pub released_at: Option<Timestamp>,
}

/// Where a number is in its life, which ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LifeState {
    /// Leads to its tenant.
    Active,
    /// Taken from its tenant, not yet free for another.
    Resting,
    /// In the pool.
    Unassigned,
    /// Given back, or forgotten.
    Released,
}

/// A stretch of a number's life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spell {
    /// Since when.
    pub since: Timestamp,
    /// Until when; none if it is so still.
    pub until: Option<Timestamp>,
    /// Where it was in its life.
    pub state: NumberState,
    /// Whose it was.
    pub tenant_id: Option<TenantId>,
}

impl NumberLife {
    /// One of Vapi's own: nobody pays for it.
    pub fn is_free(&self) -> bool {
        self.vapi_number_id.is_some() && self.account_sid.is_none()
    }

    /// The instants at which a month of it was paid for, up to now: the day it came, and that day of each month after.
    pub fn paid_at(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let end = self.released_at.unwrap_or(now).min(now);
        months(self.acquired_at).take_while(move |at| *at <= end)
    }
}

/// An instant, and the same day and time of each month after it, in UTC; where a month has no such day, its last.
pub fn months(first: Timestamp) -> impl Iterator<Item = Timestamp> {
    let begun = first.to_zoned(TimeZone::UTC);
    (0i64..).map_while(move |month| Some(begun.checked_add(month.months()).ok()?.timestamp()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn told(first: &str, count: usize) -> Vec<String> {
        months(at(first)).take(count).map(|at| at.to_string()).collect()
    }

    #[test]
    fn a_month_is_paid_on_the_day_it_began() {
        assert_eq!(
            told("2026-01-31T09:00:00Z", 4),
            ["2026-01-31T09:00:00Z", "2026-02-28T09:00:00Z", "2026-03-31T09:00:00Z", "2026-04-30T09:00:00Z"]
        );
    }

    #[test]
    fn a_number_is_paid_for_when_it_comes_and_no_more_once_it_is_given_back() {
        let life = |released: Option<&str>| NumberLife {
            id: NumberId::parse("num_01kafbd2x0q7h3m8w5r9t2c6ze").unwrap(),
            e164: E164::parse("+16475550123").unwrap(),
            account_sid: None,
            vapi_number_id: None,
            tenant_id: None,
            state: LifeState::Active,
            since: at("2026-01-10T00:00:00Z"),
            acquired_at: at("2026-01-10T00:00:00Z"),
            released_at: released.map(at),
        };
        let paid = |released, now| life(released).paid_at(at(now)).count();
        assert_eq!(paid(None, "2026-01-10T00:00:00Z"), 1);
        assert_eq!(paid(None, "2026-02-09T23:59:59Z"), 1);
        assert_eq!(paid(None, "2026-02-10T00:00:00Z"), 2);
        assert_eq!(paid(Some("2026-01-11T00:00:00Z"), "2027-01-01T00:00:00Z"), 1);
        assert_eq!(paid(Some("2026-03-10T00:00:01Z"), "2027-01-01T00:00:00Z"), 3);
        assert_eq!(paid(None, "2027-01-09T00:00:00Z"), 12);
    }
}
