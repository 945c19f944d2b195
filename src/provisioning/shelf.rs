//! What providers told a moment ago, for jobs that would ask the same: a batch of a thousand asks once for what a
//! thousand need, and no two of its jobs reach for the same number.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::lists::Lists;
use crate::model::{E164, Sid};
use crate::providers::OwnedNumber;

/// How long something told counts as true. What is bought elsewhere meanwhile is refused, and that is as good.
const FRESH: Duration = Duration::from_secs(60);

/// How long Vapi's refusal of a further free number is remembered: somebody may change the plan.
const LEARNED: Duration = Duration::from_secs(3_600);

/// Which numbers are for sale: to an account, in a country, in an area.
pub(super) type Market = (Sid, String, Option<String>);

/// What was told.
#[derive(Debug, Default)]
pub struct Shelf {
    things: Mutex<Things>,
    /// The lists the SIP domains are checked against.
    pub(super) lists: Lists,
}

#[derive(Debug, Default)]
struct Things {
    offers: HashMap<Market, Told<VecDeque<E164>>>,
    /// Where nothing was for sale when somebody asked.
    sold_out: HashMap<Market, Told<()>>,
    owned: HashMap<Sid, Told<Vec<OwnedNumber>>>,
    /// Numbers some job has reached for.
    reached_for: HashSet<E164>,
    /// Accounts that may own any count of numbers. A trial one may be upgraded any moment, and is asked again.
    full: HashMap<Sid, Told<()>>,
    /// Free numbers in use, and how many there may be by Vapi's own word.
    free: Option<Told<u32>>,
    free_limit: Option<Told<u32>>,
    /// SIP domains that are ready, by name.
    domains: HashMap<String, Told<Sid>>,
}

#[derive(Debug)]
struct Told<T> {
    at: Instant,
    what: T,
}

impl<T> Told<T> {
    fn now(what: T) -> Told<T> {
        Told { at: Instant::now(), what }
    }

    fn fresh(&self) -> Option<&T> {
        (self.at.elapsed() < FRESH).then_some(&self.what)
    }
}

impl Shelf {
    /// Takes a number for sale, which nobody else gets.
    pub(super) fn take_offer(&self, market: &Market) -> Option<E164> {
        let mut things = self.lock();
        let told = things.offers.get_mut(market).filter(|told| told.fresh().is_some())?;
        told.what.pop_front()
    }

    /// Was nothing for sale there a moment ago?
    pub(super) fn is_sold_out(&self, market: &Market) -> bool {
        self.lock().sold_out.get(market).is_some_and(|told| told.fresh().is_some())
    }

    /// These are for sale; those somebody has reached for are left out.
    pub(super) fn put_offers(&self, market: Market, mut offers: VecDeque<E164>) {
        let mut things = self.lock();
        if offers.is_empty() {
            things.sold_out.insert(market.clone(), Told::now(()));
        }
        offers.retain(|number| !things.reached_for.contains(number));
        things.offers.insert(market, Told::now(offers));
    }

    /// Reaches for a number. False if another job has.
    pub(super) fn reach_for(&self, number: E164) -> bool {
        self.lock().reached_for.insert(number)
    }

    /// It is no account's of ours any more, and may be bought again.
    pub(super) fn given_back(&self, number: E164) {
        let mut things = self.lock();
        things.reached_for.remove(&number);
        things.owned.values_mut().for_each(|told| told.what.retain(|owned| owned.e164 != number));
    }

    /// The numbers of an account.
    pub(super) fn owned(&self, account: &Sid) -> Option<Vec<OwnedNumber>> {
        self.lock().owned.get(account).and_then(Told::fresh).cloned()
    }

    pub(super) fn put_owned(&self, account: Sid, owned: Vec<OwnedNumber>) {
        self.lock().owned.insert(account, Told::now(owned));
    }

    /// An account has one more.
    pub(super) fn add_owned(&self, account: &Sid, number: OwnedNumber) {
        if let Some(told) = self.lock().owned.get_mut(account) {
            told.what.push(number);
        }
    }

    pub(super) fn is_full(&self, account: &Sid) -> bool {
        self.lock().full.get(account).is_some_and(|told| told.fresh().is_some())
    }

    pub(super) fn put_full(&self, account: Sid) {
        self.lock().full.insert(account, Told::now(()));
    }

    /// How many free numbers are in use.
    pub(super) fn free(&self) -> Option<u32> {
        self.lock().free.as_ref().and_then(Told::fresh).copied()
    }

    pub(super) fn put_free(&self, count: u32) {
        self.lock().free = Some(Told::now(count));
    }

    /// One more is in use, or one less.
    pub(super) fn count_free(&self, by: i32) {
        if let Some(told) = &mut self.lock().free {
            told.what = told.what.saturating_add_signed(by);
        }
    }

    /// How many there may be, where Vapi has refused a further one.
    pub fn free_limit(&self) -> Option<u32> {
        self.lock().free_limit.as_ref().filter(|told| told.at.elapsed() < LEARNED).map(|told| told.what)
    }

    pub(super) fn learn_free_limit(&self, limit: u32) {
        self.lock().free_limit = Some(Told::now(limit));
    }

    /// The SIP domain of this name, if it is ready.
    pub(super) fn domain(&self, name: &str) -> Option<Sid> {
        self.lock().domains.get(name).and_then(Told::fresh).cloned()
    }

    pub(super) fn put_domain(&self, name: &str, domain: Sid) {
        self.lock().domains.insert(name.to_owned(), Told::now(domain));
    }

    fn lock(&self) -> MutexGuard<'_, Things> {
        self.things.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
