//! Leases by CallSid, and the books, lines and ringing numbers that follow from them.
//!
//! What a lease carries of its tenant's settings (`T`) is the business of whoever keeps the ledger. Time comes in as
//! an argument. No metric, no await.
//!
//! **Locks**, always in this order, none held when a method returns: the lease's shard of `leases`, then the tenant's
//! shard of `books`, then one of `lines`, `departed` or a shard of `ringing`, each alone. Whoever walks through all
//! leases locks nothing else meanwhile.

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
use super::lease::{Answer, Asked, Call, Lease, RINGING, Standing, Tally, Whose};
use super::lines::Lines;
use super::mark::{Mark, Marker};
use super::{Ending, LiveCall};
use crate::model::{Decision, E164, EndedBy, Reason, Sid, TenantId, Verdicts};

/// Everything that is known of the live calls.
#[derive(Debug)]
pub(super) struct Leases<T> {
    leases: DashMap<Sid, Lease<T>, RandomState>,
    marker: Marker,
    books: DashMap<TenantId, Book, RandomState>,
    ringing: DashMap<E164, Vec<Sid>, RandomState>,
    lines: Mutex<Lines>,
    departed: Mutex<Departed>,
    tally: Arc<Tally>,
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
            lines: Mutex::new(Lines::new(ai_limit)),
            departed: Mutex::default(),
            tally: Arc::default(),
            latest_ms: AtomicI64::new(i64::MIN),
        }
    }

    /// Counts, picks, takes a line, records: one step under the call's and the tenant's lock.
    pub(super) fn begin(&self, call: Call<T>, verdicts: Verdicts, ai_refused: Option<Reason>) -> Answer<T> {
        let now = call.began;
        self.note(now);
        let place = match self.leases.entry(call.sid.clone()) {
            Entry::Occupied(mut lease) => {
                let lease = lease.get_mut();
                lease.renew(now);
                return lease.answer(false);
            }
            Entry::Vacant(place) => place,
        };
        let mark = self.marker.mark(&call.sid);
        if lock(&self.departed).contains(mark) {
            return self.answer_late(call, verdicts, ai_refused);
        }
        let mut book = self.books.entry(call.settings.tenant_id().clone()).or_default();
        let others = book.others();
        let decision = refuse(verdicts.pick(others), ai_refused, || lock(&self.lines).admit(mark));
        book.put(mark, decision.available);
        drop(book);
        let lease = Lease::new(call, decision, others, &self.tally);
        let answer = lease.answer(true);
        place.insert(lease);
        answer
    }

    /// The answer for a call that is over already: picked like any, but nothing is left behind.
    fn answer_late(&self, call: Call<T>, verdicts: Verdicts, ai_refused: Option<Reason>) -> Answer<T> {
        let others = self.others(call.settings.tenant_id());
        let decision = refuse(verdicts.pick(others), ai_refused, || lock(&self.lines).has_room());
        Answer { settings: call.settings, decision, others, first: true }
    }

    /// Takes up a call of before a restart. False if it is live or ended already.
    pub(super) fn restore(&self, call: Call<T>, standing: Standing, now: Timestamp) -> bool {
        self.note(now);
        let Entry::Vacant(place) = self.leases.entry(call.sid.clone()) else { return false };
        let mark = self.marker.mark(&call.sid);
        if lock(&self.departed).contains(mark) {
            return false;
        }
        self.books.entry(call.settings.tenant_id().clone()).or_default().put(mark, standing.with_ai);
        if standing.with_ai {
            lock(&self.lines).hold(mark);
        }
        let mut lease = Lease::new(call, standing.decision, standing.others, &self.tally);
        lease.foreign_answer = standing.foreign_answer.map(|bytes| Arc::new(OnceCell::new_with(Some(bytes))));
        lease.with_ai = standing.with_ai;
        // The store does not say when it was last heard of. It gets a whole lease, and is asked about at once.
        lease.heard = now;
        lease.asked = Asked::AtOnce;
        place.insert(lease);
        true
    }

    /// A call's settings, and whether it is with the AI.
    pub(super) fn look(&self, sid: &Sid) -> Option<(T, bool)> {
        self.leases.get(sid).map(|lease| (lease.call.settings.clone(), lease.with_ai))
    }

    /// One place for all requests of a live call; a call that is not live has none to share.
    pub(super) fn foreign_answer(&self, sid: &Sid) -> Arc<OnceCell<Bytes>> {
        let lease = self.leases.get_mut(sid);
        lease.map(|mut lease| Arc::clone(lease.foreign_answer.get_or_insert_default())).unwrap_or_default()
    }

    pub(super) fn heard(&self, sid: &Sid, now: Timestamp) {
        self.change(sid, now, |_| ());
    }

    pub(super) fn ai_over(&self, sid: &Sid, now: Timestamp) {
        self.change(sid, now, |lease| {
            if !lease.with_ai {
                return;
            }
            let mark = self.marker.mark(sid);
            lease.with_ai = false;
            self.books.entry(lease.call.settings.tenant_id().clone()).or_default().put(mark, false);
            lock(&self.lines).free(mark);
        });
    }

    /// Back to the AI, if a line is free. A call nobody knows is not held up: it may be one of before a restart.
    pub(super) fn ai_again(&self, sid: &Sid, now: Timestamp) -> Result<(), Reason> {
        let admitted = self.change(sid, now, |lease| {
            let mark = self.marker.mark(sid);
            if !lock(&self.lines).admit(mark) {
                return Err(Reason::AiFull);
            }
            lease.with_ai = true;
            self.books.entry(lease.call.settings.tenant_id().clone()).or_default().put(mark, true);
            Ok(())
        });
        admitted.unwrap_or(Ok(()))
    }

    pub(super) fn ringing(&self, sid: &Sid, numbers: &[E164], now: Timestamp) {
        self.change(sid, now, |lease| {
            self.stop_ringing(lease);
            for number in numbers {
                let mut callers = self.ringing.entry(*number).or_default();
                if !callers.contains(sid) {
                    callers.push(sid.clone());
                    lease.ringing.push(*number);
                }
            }
            let longest = RINGING.saturating_mul(i32::try_from(numbers.len()).unwrap_or(i32::MAX));
            lease.rings_until = now.saturating_add(longest).unwrap_or(Timestamp::MAX);
            let caller = lease.call.caller.filter(|_| !numbers.is_empty());
            if let Some(mut book) = self.books.get_mut(lease.call.settings.tenant_id()) {
                book.set_forwarding(self.marker.mark(sid), caller);
            }
        });
    }

    pub(super) fn hanging_up(&self, sid: &Sid, now: Timestamp) {
        self.change(sid, now, |lease| lease.hanging_up = true);
    }

    /// The call is over, unless `may` says that its end is not to be believed: its settings, and whether the AI had it.
    /// A call that is not live is remembered as ended, too.
    pub(super) fn end_if(&self, sid: &Sid, may: impl FnOnce(&T) -> bool) -> Ending<(T, bool)> {
        let now = self.latest();
        let mark = self.marker.mark(sid);
        match self.leases.entry(sid.clone()) {
            Entry::Occupied(lease) => {
                if !may(&lease.get().call.settings) {
                    return Ending::Disbelieved;
                }
                self.leave(lease.get(), mark);
                lock(&self.departed).remember(mark, now);
                // Last, because it unlocks: whoever begins this call next must find that it is over.
                let lease = lease.remove();
                Ending::Over((lease.call.settings, lease.with_ai))
            }
            Entry::Vacant(_place) => {
                lock(&self.departed).remember(mark, now);
                Ending::NotLive
            }
        }
    }

    /// Ends the leases that have run out.
    pub(super) fn sweep(&self, now: Timestamp) -> Vec<(Sid, EndedBy)> {
        self.note(now);
        lock(&self.departed).forget_old(now);
        let such = |is: &dyn Fn(&Lease<T>) -> bool| -> Vec<Sid> {
            self.leases.iter().filter(|lease| is(lease)).map(|lease| lease.key().clone()).collect()
        };
        for sid in such(&|lease| lease.has_rung_out(now)) {
            if let Some(mut lease) = self.leases.get_mut(&sid).filter(|lease| lease.has_rung_out(now)) {
                self.stop_ringing(&mut lease);
            }
        }
        such(&|lease| lease.ran_out(now).is_some()).into_iter().filter_map(|sid| self.end_if_out(sid, now)).collect()
    }

    fn end_if_out(&self, sid: Sid, now: Timestamp) -> Option<(Sid, EndedBy)> {
        let Entry::Occupied(lease) = self.leases.entry(sid.clone()) else { return None };
        let by = lease.get().ran_out(now)?;
        self.leave(lease.get(), self.marker.mark(&sid));
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
        longest.into_iter().filter_map(|(_, sid)| self.take_to_ask(&sid, now)).collect()
    }

    fn take_to_ask(&self, sid: &Sid, now: Timestamp) -> Option<LiveCall> {
        let mut lease = self.leases.get_mut(sid)?;
        if !lease.is_to_be_asked_about(now) {
            return None;
        }
        lease.asked = Asked::Last(now);
        Some(lease.as_live())
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
        let mut live: Vec<LiveCall> = self.leases.iter().map(|lease| lease.as_live()).collect();
        live.sort_by(|one, other| (one.began, &one.sid).cmp(&(other.began, &other.sid)));
        live
    }

    pub(super) fn set_ai_limit(&self, limit: Option<u32>) {
        lock(&self.lines).set_limit(limit);
    }

    pub(super) fn pools(&self) -> Pools {
        Pools {
            number: self.tally.number.load(Ordering::Relaxed),
            all: self.tally.all.load(Ordering::Relaxed),
            vapi: lock(&self.lines).taken(),
        }
    }

    /// Something happened in a call: its lease is renewed, and `change` done under its lock. None if nobody knows it.
    fn change<R>(&self, sid: &Sid, now: Timestamp, change: impl FnOnce(&mut Lease<T>) -> R) -> Option<R> {
        self.note(now);
        let mut lease = self.leases.get_mut(sid)?;
        lease.hanging_up = false;
        lease.renew(now);
        Some(change(&mut lease))
    }

    /// Everything a lease has taken is given back. Its shard is locked.
    fn leave(&self, lease: &Lease<T>, mark: Mark) {
        if let Entry::Occupied(mut book) = self.books.entry(lease.call.settings.tenant_id().clone()) {
            book.get_mut().remove(mark);
            if book.get().is_empty() {
                book.remove();
            }
        }
        lock(&self.lines).free(mark);
        self.silence(&lease.call.sid, &lease.ringing);
    }

    /// Nothing rings for this call. Its shard is locked.
    fn stop_ringing(&self, lease: &mut Lease<T>) {
        self.silence(&lease.call.sid, &lease.ringing);
        lease.ringing.clear();
        if let Some(mut book) = self.books.get_mut(lease.call.settings.tenant_id()) {
            book.set_forwarding(self.marker.mark(&lease.call.sid), None);
        }
    }

    /// These numbers ring no longer for this call.
    fn silence(&self, sid: &Sid, numbers: &[E164]) {
        for number in numbers {
            if let Entry::Occupied(mut callers) = self.ringing.entry(*number) {
                callers.get_mut().retain(|caller| caller != sid);
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
        no_lease && self.pools() == Pools::default()
    }
}

/// An AI verdict stands only if nothing speaks against it and a line is free; the line is asked for last.
fn refuse(picked: Decision, ai_refused: Option<Reason>, line: impl FnOnce() -> bool) -> Decision {
    match ai_refused {
        _ if !picked.available => picked,
        Some(reason) => Decision::fallback(reason),
        None if line() => picked,
        None => Decision::fallback(Reason::AiFull),
    }
}

/// Nothing here panics halfway: what a poisoned lock guards is whole.
fn lock<S>(mutex: &Mutex<S>) -> MutexGuard<'_, S> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
