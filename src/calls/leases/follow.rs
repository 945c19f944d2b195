//! Leases that follow others: what another ledger tells is taken over, whole and as often as it is told.

use dashmap::mapref::entry::Entry;
use jiff::Timestamp;

use super::super::key::Key;
use super::super::lease::{Answer, Changed, Image, Lease, Whose};
use super::{Leases, lock};
use crate::model::Sid;

impl<T: Whose> Leases<T> {
    /// Takes over how a call stands, but for what has changed here and was not told yet. False if it has ended here.
    pub(in super::super) fn follow(&self, mut told: Image<T>, ours: Changed) -> bool {
        self.note(told.heard);
        // That it has rung out each ledger sees for itself: nobody tells.
        if told.rings_until <= self.latest() {
            told.ringing.clear();
        }
        let mark = self.marker.mark(&told.call.key);
        match self.leases.entry(told.call.key.clone()) {
            Entry::Vacant(place) => {
                if lock(&self.departed).contains(mark) {
                    return false;
                }
                let line = told.with_ai.then(|| self.lines.hold());
                if line.is_none() {
                    self.books.entry(told.call.settings.tenant_id().clone()).or_default().enter(mark);
                }
                let call = told.call.clone();
                let mut lease = Lease::new(call, told.decision, told.others, line, &self.unnumbered);
                lease.takes_over(&told, Changed::default());
                if !told.ringing.is_empty() {
                    self.ring(&mut lease, mark, &told.ringing, told.rings_until);
                }
                place.insert(lease);
            }
            Entry::Occupied(mut place) => {
                let lease = place.get_mut();
                lease.takes_over(&told, ours);
                match (lease.with_ai(), told.with_ai) {
                    _ if ours.line || ours.began => {}
                    (true, false) => self.leaves_ai(lease, mark),
                    (false, true) => self.joins_ai(lease, mark),
                    (true, true) | (false, false) => {}
                }
                if !ours.ringing && lease.ringing() != told.ringing {
                    self.ring(lease, mark, &told.ringing, told.rings_until);
                }
            }
        }
        true
    }

    /// How a call stands.
    pub(in super::super) fn image(&self, sid: &Sid) -> Option<Image<T>> {
        let key = Key::of(sid);
        self.leases.get(&key).map(|lease| lease.image(&key))
    }

    /// A request of a call that is live already: its lease is renewed, and its first answer given again.
    pub(in super::super) fn repeated(&self, sid: &Sid, now: Timestamp) -> Option<Answer<T>> {
        self.note(now);
        let mut lease = self.leases.get_mut(&Key::of(sid))?;
        lease.renew(now);
        Some(lease.answer(false))
    }

    /// The call is back with the AI: it was given a line elsewhere.
    pub(in super::super) fn back_with_ai(&self, sid: &Sid, now: Timestamp) {
        self.change(sid, now, |lease, mark| {
            if !lease.with_ai() {
                self.joins_ai(lease, mark);
            }
        });
    }

    /// The lease goes, and nobody need be told: its end was elsewhere, or it never was. A call that begins again finds
    /// its place free.
    pub(in super::super) fn drop_lease(&self, sid: &Sid) {
        let key = Key::of(sid);
        let mark = self.marker.mark(&key);
        if let Entry::Occupied(lease) = self.leases.entry(key) {
            self.leave(lease.get(), mark);
            lease.remove();
        }
    }

    /// Every call that is live.
    pub(in super::super) fn sids(&self) -> Vec<Sid> {
        self.leases.iter().map(|lease| lease.key().sid()).collect()
    }

    /// The latest instant anybody told us; the beginning of time if nobody did.
    pub(in super::super) fn latest_told(&self) -> Timestamp {
        self.latest()
    }

    fn joins_ai(&self, lease: &mut Lease<T>, mark: super::Mark) {
        lease.line = Some(self.lines.hold());
        self.in_book(lease, |book| book.leave(mark));
    }
}
