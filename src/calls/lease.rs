//! One lease: what is known of a live call, and when that runs out or is to be asked about.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::OnceCell;

use super::LiveCall;
use crate::model::{Arrival, Decision, E164, EndedBy, OrgId, Sid, TenantId};

/// How long a lease lasts after the last that was heard of its call.
pub(super) const LEASE: SignedDuration = SignedDuration::from_hours(6);

/// How long it lasts once our answer hung up.
pub(super) const HANGING_UP: SignedDuration = SignedDuration::from_mins(2);

/// How long a call may be unheard of before it is asked about.
pub(super) const UNHEARD: SignedDuration = SignedDuration::from_mins(10);

/// How long one number can ring: longer than any `<Dial timeout>` of ours and the time it takes to set up the leg.
/// Where several ring in turn each has its own; nobody tells us when somebody picks up.
pub(super) const RINGING: SignedDuration = SignedDuration::from_secs(30);

/// How long after a question that got no answer it is asked again.
pub(super) const ASK_AGAIN: SignedDuration = SignedDuration::from_mins(3);

/// What is known of one call.
#[derive(Debug)]
pub(super) struct Lease<T> {
    pub(super) call: Call<T>,
    pub(super) decision: Decision,
    pub(super) others: u32,
    /// Only where one was ever asked for.
    pub(super) foreign_answer: Option<Arc<OnceCell<Bytes>>>,
    pub(super) with_ai: bool,
    pub(super) ringing: Vec<E164>,
    /// When the last of them has surely stopped.
    pub(super) rings_until: Timestamp,
    pub(super) heard: Timestamp,
    /// When it was last asked about, or should have been: a restored call is asked about at once.
    pub(super) asked: Asked,
    pub(super) hanging_up: bool,
    _counted: Counted,
}

/// Whether a call has been asked about since it was last heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    No,
    AtOnce,
    Last(Timestamp),
}

/// A call as it asks for its place.
#[derive(Clone, Debug)]
pub(super) struct Call<T> {
    pub(super) sid: Sid,
    pub(super) settings: T,
    pub(super) has_number: bool,
    /// The caller's number, if they tell it.
    pub(super) caller: Option<E164>,
    pub(super) account: Option<Sid>,
    pub(super) arrival: Arrival,
    pub(super) began: Timestamp,
}

/// How it was answered first.
#[derive(Clone, Debug)]
pub(super) struct Answer<T> {
    pub(super) settings: T,
    pub(super) decision: Decision,
    pub(super) others: u32,
    pub(super) first: bool,
}

/// Where a call of before a restart stands.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) decision: Decision,
    pub(super) others: u32,
    pub(super) with_ai: bool,
    pub(super) foreign_answer: Option<Bytes>,
}

/// How many leases exist. Raised where one is made and lowered where it is dropped, so that it follows them exactly.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) all: AtomicU64,
    pub(super) number: AtomicU64,
}

/// One lease's place in the tally.
#[derive(Debug)]
struct Counted {
    tally: Arc<Tally>,
    has_number: bool,
}

/// What a lease carries of its tenant: it tells whose the call is.
pub(super) trait Whose: Clone {
    fn tenant_id(&self) -> &TenantId;
    fn org_id(&self) -> &OrgId;
}

impl<T: Whose> Lease<T> {
    pub(super) fn new(call: Call<T>, decision: Decision, others: u32, tally: &Arc<Tally>) -> Lease<T> {
        let counted = Counted::new(tally, call.has_number);
        Lease {
            heard: call.began,
            call,
            decision,
            others,
            foreign_answer: None,
            with_ai: decision.available,
            ringing: Vec::new(),
            rings_until: Timestamp::MIN,
            asked: Asked::No,
            hanging_up: false,
            _counted: counted,
        }
    }

    pub(super) fn answer(&self, first: bool) -> Answer<T> {
        Answer { settings: self.call.settings.clone(), decision: self.decision, others: self.others, first }
    }

    /// Heard of. Events of one call may overtake each other on the way here: the latest instant counts.
    pub(super) fn renew(&mut self, now: Timestamp) {
        self.heard = self.heard.max(now);
        self.asked = Asked::No;
    }

    pub(super) fn ran_out(&self, now: Timestamp) -> Option<EndedBy> {
        let unheard = now.duration_since(self.heard);
        match self.hanging_up {
            true => (unheard >= HANGING_UP).then_some(EndedBy::HungUp),
            false => (unheard >= LEASE).then_some(EndedBy::Expired),
        }
    }

    /// Whatever rang has been answered or given up, though no event has told us yet.
    pub(super) fn has_rung_out(&self, now: Timestamp) -> bool {
        !self.ringing.is_empty() && now >= self.rings_until
    }

    pub(super) fn is_to_be_asked_about(&self, now: Timestamp) -> bool {
        match self.asked {
            _ if self.hanging_up => false,
            Asked::No => now.duration_since(self.heard) >= UNHEARD,
            Asked::AtOnce => true,
            Asked::Last(asked) => now.duration_since(asked) >= ASK_AGAIN,
        }
    }

    /// In which order calls are asked about: restored ones by when they began, the rest by when they last had a turn.
    pub(super) fn asked_or_heard(&self) -> Timestamp {
        match self.asked {
            Asked::No => self.heard,
            Asked::AtOnce => self.call.began,
            Asked::Last(asked) => asked,
        }
    }

    pub(super) fn as_live(&self) -> LiveCall {
        LiveCall {
            sid: self.call.sid.clone(),
            tenant_id: self.call.settings.tenant_id().clone(),
            org_id: self.call.settings.org_id().clone(),
            account: self.call.account.clone(),
            arrival: self.call.arrival,
            with_ai: self.with_ai,
            began: self.call.began,
            heard: self.heard,
        }
    }
}

impl Counted {
    fn new(tally: &Arc<Tally>, has_number: bool) -> Counted {
        tally.all.fetch_add(1, Ordering::Relaxed);
        tally.number.fetch_add(u64::from(has_number), Ordering::Relaxed);
        Counted { tally: Arc::clone(tally), has_number }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.tally.all.fetch_sub(1, Ordering::Relaxed);
        self.tally.number.fetch_sub(u64::from(self.has_number), Ordering::Relaxed);
    }
}
