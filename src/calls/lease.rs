//! One lease: what is known of a live call, and when that runs out or is to be asked about.

use std::sync::Arc;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::OnceCell;

use super::key::Key;
use super::places::{Place, Places};
use super::{LiveCall, Restored};
use crate::model::{Arrival, Decision, E164, EndedBy, OrgId, Sid, TenantId};
use crate::routing::CompiledTenant;

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

/// What is known of one call. There may be very many, and each is met twice at least when nothing of it is in the
/// processor's caches: what few calls need stands elsewhere.
#[derive(Debug)]
pub(super) struct Lease<T> {
    pub(super) settings: T,
    /// The caller's number, if they tell it.
    pub(super) caller: Option<E164>,
    account: Option<Sid>,
    arrival: Arrival,
    began: Timestamp,
    pub(super) heard: Timestamp,
    decision: Decision,
    others: u32,
    pub(super) hanging_up: bool,
    /// Vapi's line, while the call is with the AI.
    pub(super) line: Option<Place>,
    unnumbered: Option<Place>,
    rare: Option<Box<Rare>>,
}

/// What is known of few calls.
#[derive(Debug)]
struct Rare {
    /// Only where one was ever asked for.
    foreign_answer: Option<Arc<OnceCell<Bytes>>>,
    ringing: Vec<E164>,
    /// When the last of them has surely stopped.
    rings_until: Timestamp,
    /// When it was last asked about, or should have been: a restored call is asked about at once.
    asked: Asked,
}

/// Whether a call has been asked about since it was last heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    No,
    AtOnce,
    Last(Timestamp),
}

/// A call as it asks for its place.
#[derive(Clone, Debug)]
pub(super) struct Call<T> {
    pub(super) key: Key,
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

impl Standing {
    /// The call and where it stands, as the store remembers both.
    pub(super) fn of<T>(restored: Restored, settings: impl FnOnce(Arc<CompiledTenant>) -> T) -> (Call<T>, Standing) {
        let call = Call {
            key: Key::of(&restored.sid),
            settings: settings(restored.tenant),
            has_number: restored.number.is_some(),
            caller: restored.caller,
            account: restored.account,
            arrival: restored.arrival,
            began: restored.began,
        };
        let standing = Standing {
            decision: restored.decision,
            others: restored.others,
            with_ai: restored.with_ai,
            foreign_answer: restored.foreign_answer,
        };
        (call, standing)
    }
}

/// What a lease carries of its tenant: it tells whose the call is.
pub(super) trait Whose: Clone {
    fn tenant_id(&self) -> &TenantId;
    fn org_id(&self) -> &OrgId;

    /// Of two that stand for the same settings, the one that needs no looking up.
    fn or_known(self, known: &Self) -> Self;
}

/// How a lease stands, in whole: what one ledger tells another.
#[derive(Clone, Debug)]
pub(super) struct Image<T> {
    pub(super) call: Call<T>,
    pub(super) decision: Decision,
    pub(super) others: u32,
    pub(super) heard: Timestamp,
    pub(super) hanging_up: bool,
    pub(super) with_ai: bool,
    pub(super) ringing: Vec<E164>,
    pub(super) rings_until: Timestamp,
    pub(super) foreign_answer: Option<Bytes>,
}

/// What of a lease has changed, and was not told yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    /// It is new: all of it.
    pub(super) began: bool,
    /// It went to the AI or came from there.
    pub(super) line: bool,
    pub(super) ringing: bool,
    pub(super) foreign_answer: bool,
    /// It was heard of.
    pub(super) heard: bool,
    /// It hangs up, or does so no more.
    pub(super) hanging_up: bool,
}

impl Changed {
    /// Something happened in it: it is heard of, and does not hang up unless that is what happened.
    pub(super) const GOES_ON: Changed =
        Changed { began: false, line: false, ringing: false, foreign_answer: false, heard: true, hanging_up: true };
}

impl<T: Whose> Lease<T> {
    /// A lease for a call that begins. It has a line if it goes to the AI, and takes a place among those that came in on
    /// no number we know if it is one of them.
    pub(super) fn new(
        call: Call<T>,
        decision: Decision,
        others: u32,
        line: Option<Place>,
        unnumbered: &Places,
    ) -> Lease<T> {
        Lease {
            settings: call.settings,
            caller: call.caller,
            account: call.account,
            arrival: call.arrival,
            began: call.began,
            heard: call.began,
            decision,
            others,
            hanging_up: false,
            line,
            unnumbered: (!call.has_number).then(|| unnumbered.take()),
            rare: None,
        }
    }

    /// The store does not say when it was last heard of: it gets a whole lease from `now`, and is asked about at once.
    pub(super) fn is_restored(&mut self, now: Timestamp, foreign_answer: Option<Bytes>) {
        self.heard = now;
        let rare = self.rare();
        rare.foreign_answer = foreign_answer.map(|bytes| Arc::new(OnceCell::new_with(Some(bytes))));
        rare.asked = Asked::AtOnce;
    }

    /// All of it.
    pub(super) fn image(&self, key: &Key) -> Image<T> {
        let rare = self.rare.as_deref();
        let rings = rare.filter(|rare| !rare.ringing.is_empty());
        Image {
            call: Call {
                key: key.clone(),
                settings: self.settings.clone(),
                has_number: self.unnumbered.is_none(),
                caller: self.caller,
                account: self.account.clone(),
                arrival: self.arrival,
                began: self.began,
            },
            decision: self.decision,
            others: self.others,
            heard: self.heard,
            hanging_up: self.hanging_up,
            with_ai: self.with_ai(),
            ringing: rings.map(|rare| rare.ringing.clone()).unwrap_or_default(),
            rings_until: rings.map_or(Timestamp::UNIX_EPOCH, |rare| rare.rings_until),
            foreign_answer: rare.and_then(|rare| rare.foreign_answer.as_ref()?.get().cloned()),
        }
    }

    /// Takes over what another ledger tells, but for what has changed here since. Its line and what rings are with others.
    pub(super) fn takes_over(&mut self, told: &Image<T>, ours: Changed) {
        if !ours.began {
            self.settings = told.call.settings.clone().or_known(&self.settings);
            (self.decision, self.others) = (told.decision, told.others);
        }
        if !ours.hanging_up && told.heard >= self.heard {
            self.hanging_up = told.hanging_up;
        }
        if told.heard > self.heard {
            self.renew(told.heard);
        }
        if let Some(bytes) = told.foreign_answer.as_ref().filter(|_| !ours.foreign_answer) {
            let cell = self.foreign_answer();
            // The first answer stays the first.
            let _ = cell.set(bytes.clone());
        }
    }

    pub(super) fn answer(&self, first: bool) -> Answer<T> {
        Answer { settings: self.settings.clone(), decision: self.decision, others: self.others, first }
    }

    /// True while the AI has it: it rings there or talks.
    pub(super) fn with_ai(&self) -> bool {
        self.line.is_some()
    }

    /// The place for the bytes of its first answer.
    pub(super) fn foreign_answer(&mut self) -> Arc<OnceCell<Bytes>> {
        Arc::clone(self.rare().foreign_answer.get_or_insert_default())
    }

    /// Heard of. Events of one call may overtake each other on the way here: the latest instant counts.
    pub(super) fn renew(&mut self, now: Timestamp) {
        self.heard = self.heard.max(now);
        if let Some(rare) = &mut self.rare {
            rare.asked = Asked::No;
        }
    }

    pub(super) fn ran_out(&self, now: Timestamp) -> Option<EndedBy> {
        let unheard = now.duration_since(self.heard);
        match self.hanging_up {
            true => (unheard >= HANGING_UP).then_some(EndedBy::HungUp),
            false => (unheard >= LEASE).then_some(EndedBy::Expired),
        }
    }

    /// These numbers ring, at the longest until then; before, none did.
    pub(super) fn rings(&mut self, numbers: Vec<E164>, until: Timestamp) {
        if !numbers.is_empty() {
            let rare = self.rare();
            (rare.ringing, rare.rings_until) = (numbers, until);
        }
    }

    pub(super) fn ringing(&self) -> &[E164] {
        self.rare.as_ref().map_or(&[], |rare| &rare.ringing)
    }

    /// Nothing rings any more: what did.
    pub(super) fn falls_silent(&mut self) -> Vec<E164> {
        self.rare.as_mut().map(|rare| std::mem::take(&mut rare.ringing)).unwrap_or_default()
    }

    /// Whatever rang has been answered or given up, though no event has told us yet.
    pub(super) fn has_rung_out(&self, now: Timestamp) -> bool {
        self.rare.as_ref().is_some_and(|rare| !rare.ringing.is_empty() && now >= rare.rings_until)
    }

    pub(super) fn is_asked_about(&mut self, now: Timestamp) {
        self.rare().asked = Asked::Last(now);
    }

    pub(super) fn is_to_be_asked_about(&self, now: Timestamp) -> bool {
        match self.asked() {
            _ if self.hanging_up => false,
            Asked::No => now.duration_since(self.heard) >= UNHEARD,
            Asked::AtOnce => true,
            Asked::Last(asked) => now.duration_since(asked) >= ASK_AGAIN,
        }
    }

    /// In which order calls are asked about: restored ones by when they began, the rest by when they last had a turn.
    pub(super) fn asked_or_heard(&self) -> Timestamp {
        match self.asked() {
            Asked::No => self.heard,
            Asked::AtOnce => self.began,
            Asked::Last(asked) => asked,
        }
    }

    pub(super) fn as_live(&self, key: &Key) -> LiveCall {
        LiveCall {
            sid: key.sid(),
            tenant_id: self.settings.tenant_id().clone(),
            org_id: self.settings.org_id().clone(),
            account: self.account.clone(),
            arrival: self.arrival,
            with_ai: self.with_ai(),
            began: self.began,
            heard: self.heard,
        }
    }

    fn asked(&self) -> Asked {
        self.rare.as_ref().map_or(Asked::No, |rare| rare.asked)
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_with(|| {
            Box::new(Rare { foreign_answer: None, ringing: Vec::new(), rings_until: Timestamp::MIN, asked: Asked::No })
        })
    }
}
