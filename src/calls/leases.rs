//! Leases by CallSid, and the books, lines and ringing numbers that follow from them.
//!
//! What a lease carries of its tenant's settings (`T`) is the business of whoever keeps the ledger. Time comes in as
//! an argument. No metric, no await.
//!
//! **Locks**, always in this order, none held when a method returns: the lease's shard of `leases`, then the tenant's
//! shard of `books`, then `departed` or a shard of `ringing`, each alone. Whoever walks through all leases locks nothing
//! else meanwhile.

mod follow;

use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use foldhash::fast::RandomState;
use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::book::Book;
use super::departed::Departed;
use super::key::Key;
use super::lease::{Answer, Call, Lease, RINGING, Standing, Whose};
use super::lines::Lines;
use super::mark::{Mark, Marker};
use super::places::Places;
use super::{Ending, LiveCall};
use crate::model::{Decision, E164, EndedBy, Reason, Sid, TenantId, Verdicts};

/// Everything that is known of the live calls.
#[derive(Debug)]
pub(super) struct Leases<T> {
    leases: DashMap<Key, Lease<T>, RandomState>,
    marker: Marker,
    books: DashMap<TenantId, Book, RandomState>,
    ringing: DashMap<E164, Vec<Mark>, RandomState>,
    lines: Lines,
    departed: Mutex<Departed>,
    /// The calls that came in on no number we know: few, so these are counted and not the others.
    unnumbered: Places,
    /// The latest instant anybody told us, in milliseconds: dates the ends, which come without one.
    latest_ms: AtomicI64,
}

/// How many live calls there are in each kind of pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pools {
    /// Came in on a number we know.
    pub(super) number: u64,
    /// Belong to a tenant, and so to an organization: all of them.
    pub(super) all: u64,
    /// Hold one of Vapi's lines.
    pub(super) vapi: u64,
}

impl<T: Whose> Leases<T> {
    pub(super) fn new(ai_limit: Option<u32>) -> Leases<T> {
        Leases {
            leases: DashMap::default(),
            marker: Marker::default(),
            books: DashMap::default(),
            ringing: DashMap::default(),
            lines: Lines::new(ai_limit),
            departed: Mutex::default(),
            unnumbered: Places::default(),
            latest_ms: AtomicI64::new(i64::MIN),
        }
    }

    /// Counts, picks, takes a line, records: one step under the call's and the tenant's lock.
    pub(super) fn begin(&self, call: Call<T>, verdicts: Verdicts, ai_refused: Option<Reason>) -> Answer<T> {
        let now = call.began;
        self.note(now);
        let place = match self.leases.entry(call.key.clone()) {
            Entry::Occupied(mut lease) => {
                let lease = lease.get_mut();
                lease.renew(now);
                return lease.answer(false);
            }
            Entry::Vacant(place) => place,
        };
        let mark = self.marker.mark(&call.key);
        if lock(&self.departed).contains(mark) {
            return self.answer_late(call, verdicts, ai_refused);
        }
        let book = self.books.entry(call.settings.tenant_id().clone());
        let others = match &book {
            Entry::Occupied(book) => book.get().others(),
            Entry::Vacant(_) => 0,
        };
        let (decision, line) = settle(verdicts.pick(others), ai_refused, || self.lines.admit());
        match line {
            // Nothing hangs on how many calls of the tenant are with the AI.
            Some(_) => drop(book),
            None => book.or_default().enter(mark),
        }
        let lease = Lease::new(call, decision, others, line, &self.unnumbered);
        let answer = lease.answer(true);
        place.insert(lease);
        answer
    }

    /// The answer for a call that is over already: picked like any, but nothing is left behind.
    fn answer_late(&self, call: Call<T>, verdicts: Verdicts, ai_refused: Option<Reason>) -> Answer<T> {
        let others = self.others(call.settings.tenant_id());
        let line = || self.lines.has_room().then_some(());
        let (decision, _) = settle(verdicts.pick(others), ai_refused, line);
        Answer { settings: call.settings, decision, others, first: true }
    }

    /// Takes up a call of before a restart. False if it is live or ended already.
    pub(super) fn restore(&self, call: Call<T>, standing: Standing, now: Timestamp) -> bool {
        self.note(now);
        let Entry::Vacant(place) = self.leases.entry(call.key.clone()) else { return false };
        let mark = self.marker.mark(&call.key);
        if lock(&self.departed).contains(mark) {
            return false;
        }
        let line = standing.with_ai.then(|| self.lines.hold());
        if line.is_none() {
            self.books.entry(call.settings.tenant_id().clone()).or_default().enter(mark);
        }
        let mut lease = Lease::new(call, standing.decision, standing.others, line, &self.unnumbered);
        lease.is_restored(now, standing.foreign_answer);
        place.insert(lease);
        true
    }

    /// A call's settings, and whether it is with the AI.
    pub(super) fn look(&self, sid: &Sid) -> Option<(T, bool)> {
        self.leases.get(&Key::of(sid)).map(|lease| (lease.settings.clone(), lease.with_ai()))
    }

    /// One place for all requests of a live call; a call that is not live has none to share.
    pub(super) fn foreign_answer(&self, sid: &Sid) -> Arc<OnceCell<Bytes>> {
        self.leases.get_mut(&Key::of(sid)).map(|mut lease| lease.foreign_answer()).unwrap_or_default()
    }

    /// True if the call is live; so with all that follow.
    pub(super) fn heard(&self, sid: &Sid, now: Timestamp) -> bool {
        self.change(sid, now, |_, _| ()).is_some()
    }

    pub(super) fn ai_over(&self, sid: &Sid, now: Timestamp) -> bool {
        self.change(sid, now, |lease, mark| self.leaves_ai(lease, mark)).is_some()
    }

    fn leaves_ai(&self, lease: &mut Lease<T>, mark: Mark) {
        if lease.line.take().is_some() {
            self.books.entry(lease.settings.tenant_id().clone()).or_default().enter(mark);
        }
    }

    /// Back to the AI, if a line is free. A call nobody knows is not held up: it may be one of before a restart.
    pub(super) fn ai_again(&self, sid: &Sid, now: Timestamp) -> Result<(), Reason> {
        let admitted = self.change(sid, now, |lease, mark| {
            if lease.with_ai() {
                return Ok(());
            }
            lease.line = Some(self.lines.admit().ok_or(Reason::AiFull)?);
            self.in_book(lease, |book| book.leave(mark));
            Ok(())
        });
        admitted.unwrap_or(Ok(()))
    }

    pub(super) fn ringing(&self, sid: &Sid, numbers: &[E164], now: Timestamp) -> bool {
        let longest = RINGING.saturating_mul(i32::try_from(numbers.len()).unwrap_or(i32::MAX));
        let until = now.saturating_add(longest).unwrap_or(Timestamp::MAX);
        self.change(sid, now, |lease, mark| self.ring(lease, mark, numbers, until)).is_some()
    }

    /// These numbers ring for this call at the longest until then, and no others.
    fn ring(&self, lease: &mut Lease<T>, mark: Mark, numbers: &[E164], until: Timestamp) {
        self.silence(&lease.falls_silent(), mark);
        let mut ringing = Vec::new();
        for number in numbers {
            let mut callers = self.ringing.entry(*number).or_default();
            if !callers.contains(&mark) {
                callers.push(mark);
                ringing.push(*number);
            }
        }
        lease.rings(ringing, until);
        match lease.caller.filter(|_| !numbers.is_empty()) {
            None => self.in_book(lease, |book| book.set_forwarding(mark, None)),
            caller => {
                let mut book = self.books.entry(lease.settings.tenant_id().clone()).or_default();
                book.set_forwarding(mark, caller);
            }
        }
    }

    pub(super) fn hanging_up(&self, sid: &Sid, now: Timestamp) -> bool {
        self.change(sid, now, |lease, _| lease.hanging_up = true).is_some()
    }

    /// The call is over, unless `may` says that its end is not to be believed: its settings, and whether the AI had it.
    /// A call that is not live is remembered as ended, too.
    pub(super) fn end_if(&self, sid: &Sid, may: impl FnOnce(&T) -> bool) -> Ending<(T, bool)> {
        let now = self.latest();
        let key = Key::of(sid);
        let mark = self.marker.mark(&key);
        match self.leases.entry(key) {
            Entry::Occupied(lease) => {
                if !may(&lease.get().settings) {
                    return Ending::Disbelieved;
                }
                self.leave(lease.get(), mark);
                lock(&self.departed).remember(mark, now);
                // Last, because it unlocks: whoever begins this call next must find that it is over.
                let lease = lease.remove();
                let with_ai = lease.with_ai();
                Ending::Over((lease.settings, with_ai))
            }
            Entry::Vacant(_place) => {
                lock(&self.departed).remember(mark, now);
                Ending::NotLive
            }
        }
    }

    /// Ends the leases that have run out.
    pub(super) fn sweep(&self, now: Timestamp) -> Vec<(Sid, EndedBy)> {
        self.run_out(now).into_iter().filter_map(|key| self.end_if_out(key, now)).collect()
    }

    /// Lets old ends and what has rung out be forgotten, and says which leases have run out.
    pub(super) fn run_out(&self, now: Timestamp) -> Vec<Key> {
        self.note(now);
        lock(&self.departed).forget_old(now);
        let (mut rung_out, mut ran_out) = (Vec::new(), Vec::new());
        for lease in &self.leases {
            rung_out.extend(lease.has_rung_out(now).then(|| lease.key().clone()));
            ran_out.extend(lease.ran_out(now).map(|_| lease.key().clone()));
        }
        for key in rung_out {
            if let Some(mut lease) = self.leases.get_mut(&key).filter(|lease| lease.has_rung_out(now)) {
                let mark = self.marker.mark(&key);
                self.silence(&lease.falls_silent(), mark);
                self.in_book(&lease, |book| book.set_forwarding(mark, None));
            }
        }
        ran_out
    }

    pub(super) fn end_if_out(&self, key: Key, now: Timestamp) -> Option<(Sid, EndedBy)> {
        let (sid, mark) = (key.sid(), self.marker.mark(&key));
        let Entry::Occupied(lease) = self.leases.entry(key) else { return None };
        let by = lease.get().ran_out(now)?;
        self.leave(lease.get(), mark);
        lease.remove();
        Some((sid, by))
    }

    /// Up to `max` calls to ask about, the longest unheard of first; they count as asked about.
    pub(super) fn to_ask(&self, now: Timestamp, max: usize) -> Vec<LiveCall> {
        self.note(now);
        // A heap of the `max` best, its worst on top: after a restart there may be very many.
        let mut longest = BinaryHeap::with_capacity(max + 1);
        for lease in self.leases.iter().filter(|lease| lease.is_to_be_asked_about(now)) {
            longest.push((lease.asked_or_heard(), lease.key().clone()));
            if longest.len() > max {
                longest.pop();
            }
        }
        let longest = longest.into_sorted_vec();
        longest.into_iter().filter_map(|(_, key)| self.take_to_ask(&key, now)).collect()
    }

    fn take_to_ask(&self, key: &Key, now: Timestamp) -> Option<LiveCall> {
        let mut lease = self.leases.get_mut(key).filter(|lease| lease.is_to_be_asked_about(now))?;
        lease.is_asked_about(now);
        Some(lease.as_live(key))
    }

    pub(super) fn is_ringing(&self, number: E164) -> bool {
        self.ringing.contains_key(&number)
    }

    pub(super) fn caller_is_being_forwarded(&self, tenant: &TenantId, caller: E164) -> bool {
        self.books.get(tenant).is_some_and(|book| book.forwards(caller))
    }

    pub(super) fn others(&self, tenant: &TenantId) -> u32 {
        self.books.get(tenant).map_or(0, |book| book.others())
    }

    pub(super) fn live(&self) -> Vec<LiveCall> {
        let mut live: Vec<LiveCall> = self.leases.iter().map(|lease| lease.as_live(lease.key())).collect();
        live.sort_by(|one, other| (one.began, &one.sid).cmp(&(other.began, &other.sid)));
        live
    }

    pub(super) fn set_ai_limit(&self, limit: Option<u32>) {
        self.lines.set_limit(limit);
    }

    pub(super) fn pools(&self) -> Pools {
        let all = self.leases.len() as u64;
        Pools { number: all.saturating_sub(self.unnumbered.taken()), all, vapi: self.lines.taken() }
    }

    /// Something happened in a call: its lease is renewed, and `change` done under its lock. None if nobody knows it.
    fn change<R>(&self, sid: &Sid, now: Timestamp, change: impl FnOnce(&mut Lease<T>, Mark) -> R) -> Option<R> {
        self.note(now);
        let key = Key::of(sid);
        let mut lease = self.leases.get_mut(&key)?;
        lease.hanging_up = false;
        lease.renew(now);
        Some(change(&mut lease, self.marker.mark(&key)))
    }

    /// Everything a lease has taken is given back, but for the places it holds itself. Its shard is locked.
    fn leave(&self, lease: &Lease<T>, mark: Mark) {
        let rings = lease.ringing();
        // A call with the AI stands in no book, unless somebody rings for it all the same.
        if !lease.with_ai() || !rings.is_empty() {
            self.in_book(lease, |book| book.remove(mark));
        }
        self.silence(rings, mark);
    }

    /// Changes the book of the lease's tenant, if there is one, and puts it away once it is empty.
    fn in_book(&self, lease: &Lease<T>, change: impl FnOnce(&mut Book)) {
        if let Entry::Occupied(mut book) = self.books.entry(lease.settings.tenant_id().clone()) {
            change(book.get_mut());
            if book.get().is_empty() {
                book.remove();
            }
        }
    }

    /// These numbers ring no longer for this call.
    fn silence(&self, numbers: &[E164], mark: Mark) {
        for number in numbers {
            if let Entry::Occupied(mut callers) = self.ringing.entry(*number) {
                callers.get_mut().retain(|caller| *caller != mark);
                if callers.get().is_empty() {
                    callers.remove();
                }
            }
        }
    }

    fn note(&self, now: Timestamp) {
        self.latest_ms.fetch_max(now.as_millisecond(), Ordering::Relaxed);
    }

    fn latest(&self) -> Timestamp {
        Timestamp::from_millisecond(self.latest_ms.load(Ordering::Relaxed)).unwrap_or(Timestamp::MIN)
    }

    /// True if nothing is left of any call: for tests of what must not leak.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        let no_lease = self.leases.is_empty() && self.books.is_empty() && self.ringing.is_empty();
        no_lease && self.unnumbered.taken() == 0 && self.pools() == Pools::default()
    }
}

/// An AI verdict stands only if nothing speaks against it and a line is free; the line is asked for last.
fn settle<L>(picked: Decision, ai_refused: Option<Reason>, line: impl FnOnce() -> Option<L>) -> (Decision, Option<L>) {
    match ai_refused {
        _ if !picked.available => (picked, None),
        Some(reason) => (Decision::fallback(reason), None),
        None => match line() {
            Some(line) => (picked, Some(line)),
            None => (Decision::fallback(Reason::AiFull), None),
        },
    }
}

/// Nothing here panics halfway: what a poisoned lock guards is whole.
fn lock<S>(mutex: &Mutex<S>) -> MutexGuard<'_, S> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
