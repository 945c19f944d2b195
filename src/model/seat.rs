//! What a list of Twilio's holds of a tenant: a name its telephone system signs in with, or its addresses.
//!
//! A name has one password, for ever: another password is another name beside it. So a business changes over while both
//! are good, and whoever finds a name in a list knows its password.

use jiff::{SignedDuration, Timestamp};

use super::{Sid, TenantId};

/// A tenant's place in a list, taken or to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipSeat {
    /// The store's number of it.
    pub id: i64,
    /// The name; none where it is the tenant's addresses.
    pub username: Option<String>,
    /// The list. It stands here before anything is asked of Twilio.
    pub place: Option<SipPlace>,
    /// Twilio's id of the name in the list, once it is there.
    pub credential: Option<Sid>,
    /// How many entries of the list it takes.
    pub entries: u32,
    /// Since when Twilio lets it in.
    pub good_since: Option<Timestamp>,
    /// Since when there is a newer name beside it.
    pub older_since: Option<Timestamp>,
    /// When a call first signed in with it.
    pub first_call_at: Option<Timestamp>,
    /// When one last did, as far as it was asked after.
    pub last_call_at: Option<Timestamp>,
    /// It is good no more, and is to be taken out of the list.
    pub is_leaving: bool,
}

/// A list of an account's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipPlace {
    /// The account.
    pub account: Sid,
    /// The list.
    pub list: Sid,
}

/// What a user name on the SIP domain is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipUser {
    /// Whose. Calls to it lead there, whoever makes them.
    pub tenant: TenantId,
    /// It may be signed in with.
    pub signs_in: bool,
    /// Somebody wants to know when a call next signs in with it.
    pub is_awaited: bool,
}

/// The older of a tenant's two names, and the newer that is to take its place.
#[derive(Clone, Debug, PartialEq)]
pub struct SipOverlap {
    /// Whose.
    pub tenant: TenantId,
    /// The older.
    pub older: SipSeat,
    /// The newer.
    pub newer: SipSeat,
}

impl SipSeat {
    /// The names among these that are good, or will be.
    pub fn names(seats: &[SipSeat]) -> impl DoubleEndedIterator<Item = &SipSeat> {
        seats.iter().filter(|seat| seat.username.is_some() && !seat.is_leaving)
    }

    /// The addresses among these that are good, or will be.
    pub fn addresses(seats: &[SipSeat]) -> Option<&SipSeat> {
        seats.iter().rev().find(|seat| seat.username.is_none() && !seat.is_leaving)
    }

    /// Its list, if that is of this account.
    pub fn list_of(&self, account: &Sid) -> Option<&Sid> {
        self.place.as_ref().filter(|place| place.account == *account).map(|place| &place.list)
    }
}

impl SipOverlap {
    /// When the older name ends by itself, as things stand.
    ///
    /// Never before a call has signed in with the newer: until then nobody knows that the business has it. And not while
    /// calls sign in with the older: a second telephone system, or one that steps in when the first fails, shows by its
    /// calls that it was forgotten, and a clock would cut it off. A password that somebody else has is not waited out but
    /// removed.
    pub fn ends_at(&self, overlap: SignedDuration) -> Option<Timestamp> {
        let changed_over = self.newer.first_call_at?;
        let quiet_since = self.older.last_call_at.map_or(changed_over, |last| last.max(changed_over));
        Some(quiet_since.saturating_add(overlap).unwrap_or(Timestamp::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Seed;

    const DAY: i64 = 86_400;

    fn day(day: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(day * DAY)
    }

    fn name(first: Option<i64>, last: Option<i64>) -> SipSeat {
        SipSeat {
            id: 1,
            username: Some("sip_ca5ecdfd".to_owned()),
            place: None,
            credential: None,
            entries: 1,
            good_since: Some(day(0)),
            older_since: None,
            first_call_at: first.map(day),
            last_call_at: last.map(day),
            is_leaving: false,
        }
    }

    fn check(older: Option<i64>, newer: Option<i64>, ends: Option<i64>) {
        let tenant = TenantId::new(Seed { at: day(0), random: [1; 10] });
        let overlap = SipOverlap { tenant, older: name(older, older), newer: name(newer, newer) };
        assert_eq!(overlap.ends_at(SignedDuration::from_hours(24 * 7)), ends.map(day), "{older:?} {newer:?}");
    }

    #[test]
    fn the_older_name_ends_when_the_newer_has_called_and_the_older_has_not_for_a_week() {
        check(None, None, None);
        check(Some(100), None, None);
        check(None, Some(10), Some(17));
        check(Some(5), Some(10), Some(17));
        check(Some(12), Some(10), Some(19));
    }

    #[test]
    fn those_that_leave_are_no_names_any_more_and_the_newest_comes_last() {
        let (mut gone, older, newer) = (name(None, None), name(None, None), name(None, None));
        (gone.is_leaving, gone.id) = (true, 1);
        let addresses = SipSeat { username: None, id: 4, ..name(None, None) };
        let seats = [gone, SipSeat { id: 2, ..older }, SipSeat { id: 3, ..newer }, addresses];
        assert_eq!(SipSeat::names(&seats).map(|seat| seat.id).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(SipSeat::addresses(&seats).map(|seat| seat.id), Some(4));
    }
}
