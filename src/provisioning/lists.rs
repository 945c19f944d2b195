//! How full the lists are that the SIP domains are checked against. Pure counting: who asks Twilio is `saga/sip/lists.rs`.
//!
//! The first list with room is filled first, so that what tenants leave behind is used again and there are no more lists
//! than needed. The next is made while there is still room for some: nobody who comes then waits for it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::Sid;
use crate::providers::SipListKind;

/// Most a list takes, as Twilio says it. An account may have an older limit: then the settings say less.
pub const NAMES_PER_LIST: u32 = 1_000;
/// The same for addresses.
pub const ADDRESSES_PER_LIST: u32 = 100;

/// How much a list takes.
#[derive(Clone, Copy, Debug)]
pub struct ListLimits {
    /// Names, each with its password.
    pub names: u32,
    /// Networks.
    pub addresses: u32,
}

impl Default for ListLimits {
    fn default() -> ListLimits {
        ListLimits { names: NAMES_PER_LIST, addresses: ADDRESSES_PER_LIST }
    }
}

/// The lists there are.
#[derive(Debug, Default)]
pub(super) struct Lists {
    known: Mutex<HashMap<SipListKind, Vec<Held>>>,
    /// Whoever makes a domain or a list does so alone, and others use it.
    pub making: tokio::sync::Mutex<()>,
}

/// A list, and how many entries it holds or is about to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub list: Sid,
    /// The how manieth it was made: Twilio lists them in whatever order.
    pub number: u32,
    pub entries: u32,
}

impl ListLimits {
    fn most(self, kind: SipListKind) -> u32 {
        match kind {
            SipListKind::Credentials => self.names,
            SipListKind::Addresses => self.addresses,
        }
    }
}

impl Lists {
    /// Takes room for so many entries, all in one list. None where no list that is known has it.
    pub fn take(&self, kind: SipListKind, entries: u32, limits: ListLimits) -> Option<Sid> {
        self.with(kind, |lists| {
            let found = lists.iter_mut().find(|held| held.has_room(entries, limits.most(kind)))?;
            found.entries += entries;
            Some(found.list.clone())
        })
    }

    /// Takes room for more in a list somebody is in already. False where it has none.
    pub fn take_in(&self, kind: SipListKind, list: &Sid, more: u32, limits: ListLimits) -> bool {
        self.with(kind, |lists| {
            let own = lists.iter_mut().find(|held| held.list == *list);
            let Some(own) = own.filter(|held| held.has_room(more, limits.most(kind))) else { return false };
            own.entries += more;
            true
        })
    }

    /// Somebody has left so many places.
    pub fn give_back(&self, kind: SipListKind, list: &Sid, entries: u32) {
        self.with(kind, |lists| {
            if let Some(held) = lists.iter_mut().find(|held| held.list == *list) {
                held.entries = held.entries.saturating_sub(entries);
            }
        });
    }

    /// Twilio was looked at: it holds so many.
    pub fn counted(&self, kind: SipListKind, list: &Sid, entries: u32) {
        self.with(kind, |lists| {
            if let Some(held) = lists.iter_mut().find(|held| held.list == *list) {
                held.entries = entries;
            }
        });
    }

    /// There is this one too.
    pub fn add(&self, kind: SipListKind, held: Held) {
        self.with(kind, |lists| {
            lists.push(held);
            lists.sort_by_key(|held| held.number);
        });
    }

    /// Is this one counted?
    pub fn knows(&self, kind: SipListKind, list: &Sid) -> bool {
        self.with(kind, |lists| lists.iter().any(|held| held.list == *list))
    }

    /// Is there room for so many in one list?
    pub fn has_room(&self, kind: SipListKind, entries: u32, limits: ListLimits) -> bool {
        self.with(kind, |lists| lists.iter().any(|held| held.has_room(entries, limits.most(kind))))
    }

    /// Is it time for another list? Of names when room for a twentieth of a list is left, wherever: that is for longer than
    /// it takes to make one, whatever comes at once. Of addresses when no list has room for the largest of tenants.
    pub fn are_short(&self, kind: SipListKind, limits: ListLimits) -> bool {
        let most = limits.most(kind);
        self.with(kind, |lists| {
            let left = lists.iter().map(|held| most.saturating_sub(held.entries));
            match kind {
                SipListKind::Credentials => left.sum::<u32>() < (most / 20).max(1),
                SipListKind::Addresses => left.max().unwrap_or(0) < (most / 5).max(1),
            }
        })
    }

    fn with<T>(&self, kind: SipListKind, then: impl FnOnce(&mut Vec<Held>) -> T) -> T {
        let mut known: MutexGuard<'_, _> = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        then(known.entry(kind).or_default())
    }
}

impl Held {
    fn has_room(&self, entries: u32, most: u32) -> bool {
        self.entries.saturating_add(entries) <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SipListKind::{Addresses, Credentials};

    const LIMITS: ListLimits = ListLimits { names: 40, addresses: 20 };

    fn lists(kind: SipListKind, held: &[u32]) -> Lists {
        let lists = Lists::default();
        for (n, entries) in (1..).zip(held).collect::<Vec<_>>().into_iter().rev() {
            lists.add(kind, Held { list: sid(n), number: n, entries: *entries });
        }
        lists
    }

    fn sid(n: u32) -> Sid {
        Sid::parse(&format!("CL{n}")).expect("a sid")
    }

    #[test]
    fn the_first_list_with_room_is_filled_first_and_room_that_was_left_is_used_again() {
        let lists = lists(Credentials, &[39, 0]);
        assert_eq!(lists.take(Credentials, 1, LIMITS), Some(sid(1)));
        assert_eq!(lists.take(Credentials, 1, LIMITS), Some(sid(2)), "the first is full");
        lists.give_back(Credentials, &sid(1), 1);
        assert_eq!(lists.take(Credentials, 1, LIMITS), Some(sid(1)));
        assert_eq!(lists.take(Addresses, 1, LIMITS), None, "that is another kind");
    }

    #[test]
    fn the_addresses_of_a_tenant_are_in_one_list_and_stay_there_while_it_has_room() {
        let lists = lists(Addresses, &[15, 3]);
        assert_eq!(lists.take(Addresses, 6, LIMITS), Some(sid(2)), "not five here and one there");
        assert!(lists.take_in(Addresses, &sid(1), 5, LIMITS) && !lists.take_in(Addresses, &sid(1), 1, LIMITS));
        assert!(!lists.has_room(Addresses, 12, LIMITS) && lists.has_room(Addresses, 11, LIMITS));
    }

    fn check_short(kind: SipListKind, held: &[u32], short: bool) {
        assert_eq!(lists(kind, held).are_short(kind, LIMITS), short, "{kind:?} {held:?}");
    }

    #[test]
    fn the_next_list_is_made_while_there_is_room_for_some() {
        check_short(Credentials, &[], true);
        check_short(Credentials, &[38], false);
        check_short(Credentials, &[39], true);
        check_short(Credentials, &[39, 39], false);
        check_short(Addresses, &[16], false);
        check_short(Addresses, &[17, 18], true);
    }

    #[test]
    fn what_twilio_was_seen_to_hold_counts() {
        let lists = lists(Credentials, &[3]);
        lists.counted(Credentials, &sid(1), 40);
        assert_eq!(lists.take(Credentials, 1, LIMITS), None);
    }
}
