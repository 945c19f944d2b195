//! Whether the AI can be dialled: a breaker per target and one for Vapi as a whole. Time comes in as an argument.
//!
//! A target's breaker opens after three failures in a row. The whole opens after five failures, without a success
//! between them, of targets that were thought well: since a target is thought well for three failures at most, it
//! takes two of them, and one tenant's broken assistant never closes the line for the others. An open breaker lets
//! one probe through, first after five seconds, then after twice as long each time, at most a minute; a success of
//! any call closes it. What the breakers are told is one outcome per admitted call; which outcomes are whose fault
//! is for whoever dials to say.

mod breaker;
mod news;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use jiff::{SignedDuration, Timestamp};

use crate::model::{Reason, Target};

use breaker::{Breaker, Gate};

pub use breaker::State;
pub use news::{News, Told};

/// Failures of well targets, without a success between them, that open the whole.
const WHOLE_FAILURES: usize = 5;

/// How long such a failure counts: a quiet night's failures are no outage. A target that was broken for longer than
/// this when the whole opened is broken by itself.
const WHOLE_WINDOW: SignedDuration = SignedDuration::from_mins(2);

/// How many targets are remembered at most; beyond it the closed ones longest unheard of are forgotten.
const TARGETS_MAX: usize = 8_192;

/// The breakers.
#[derive(Debug, Default)]
pub struct Health {
    known: Mutex<Known>,
}

/// How an attempt to reach the AI came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AiDial {
    /// It answered.
    Answered,
    /// It did not: busy, failed, no answer, timed out, an error.
    Failed,
    /// Nobody knows: the caller left first, or the attempt was never made.
    Unknown,
}

/// How the breakers stand, for metrics and for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Vapi as a whole.
    pub whole: State,
    /// Every target that was dialled lately, in no order.
    pub targets: Vec<(Target, State)>,
}

#[derive(Debug, Default)]
struct Known {
    targets: HashMap<Target, Breaker, RandomState>,
    whole: Whole,
}

/// The breaker for Vapi as a whole, and what it is opened by.
#[derive(Debug, Default)]
struct Whole {
    breaker: Breaker,
    /// Failures of well targets since the last success, oldest first; at most `WHOLE_FAILURES`.
    failures: VecDeque<Timestamp>,
    /// Whose call is the probe under way.
    probe: Option<Target>,
}

impl Health {
    /// May this call dial this target now? An open breaker refuses all but a probe.
    ///
    /// While all is well nobody asks which target it is.
    pub fn admit<'t>(&self, target: impl FnOnce() -> Cow<'t, Target>, now: Timestamp) -> Result<(), Reason> {
        let mut known = self.lock();
        if known.targets.is_empty() && known.whole.breaker.gate(now) == Gate::Pass {
            return Ok(());
        }
        let (Known { targets, whole }, target) = (&mut *known, &*target());
        let breaker = targets.get_mut(target);
        let own = breaker.as_ref().map_or(Gate::Pass, |breaker| breaker.gate(now));
        let all = whole.breaker.gate(now);
        if own == Gate::Refuse || all == Gate::Refuse {
            return Err(Reason::AiUnavailable);
        }
        if all == Gate::Probe {
            whole.breaker.begin_probe(now);
            whole.probe = Some(target.clone());
        }
        if let (Gate::Probe, Some(breaker)) = (own, breaker) {
            breaker.begin_probe(now);
        }
        Ok(())
    }

    /// How an admitted attempt came out; `Unknown` gives a probe back.
    pub fn report(&self, target: &Target, outcome: AiDial, now: Timestamp) {
        let mut known = self.lock();
        match outcome {
            AiDial::Answered => known.answered(target, now),
            AiDial::Failed => known.failed(target, now),
            AiDial::Unknown => known.unknown(target),
        }
    }

    /// How the breakers stand.
    pub fn snapshot(&self, now: Timestamp) -> Snapshot {
        let known = self.lock();
        let states = known.targets.iter().map(|(target, breaker)| (target.clone(), breaker.state(now)));
        Snapshot { whole: known.whole.breaker.state(now), targets: states.collect() }
    }

    /// Every breaker that is not closed, with the instant since when it is not; none names Vapi as a whole.
    fn broken(&self) -> HashMap<Option<Target>, Timestamp> {
        let known = self.lock();
        let targets = known.targets.iter().filter_map(|(target, breaker)| {
            let since = breaker.broken_since()?;
            Some((Some(target.clone()), since))
        });
        targets.chain(known.whole.breaker.broken_since().map(|since| (None, since))).collect()
    }

    /// No method panics halfway, so what a poisoned lock guards is whole.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot {
    /// How many breakers, the whole included, are in a state.
    pub fn count(&self, state: State) -> u64 {
        let targets = self.targets.iter().filter(|(_, of_target)| *of_target == state).count() as u64;
        targets + u64::from(self.whole == state)
    }
}

impl Known {
    fn answered(&mut self, target: &Target, now: Timestamp) {
        if self.whole.close() {
            // They opened in the same outage: each may try again now instead of sitting out its own interval.
            self.targets.values_mut().for_each(Breaker::make_due);
        }
        self.breaker_of(target, now).close(now);
    }

    fn failed(&mut self, target: &Target, now: Timestamp) {
        let breaker = self.breaker_of(target, now);
        let broken_since = breaker.broken_since();
        breaker.fail(now);
        self.whole.failed(target, broken_since, now);
    }

    fn unknown(&mut self, target: &Target) {
        if let Some(breaker) = self.targets.get_mut(target) {
            breaker.give_probe_back();
        }
        if self.whole.probe.as_ref() == Some(target) {
            self.whole.probe = None;
            self.whole.breaker.give_probe_back();
        }
    }

    fn breaker_of(&mut self, target: &Target, now: Timestamp) -> &mut Breaker {
        if self.targets.len() >= TARGETS_MAX && !self.targets.contains_key(target) {
            self.forget_some(now);
        }
        self.targets.entry(target.clone()).or_default()
    }

    /// Makes room: forgets the closed breakers unheard of for longest, an eighth of all at once so that it is seldom
    /// done; open ones only where nothing else is left.
    fn forget_some(&mut self, now: Timestamp) {
        let mut by_use: Vec<(bool, Timestamp, Target)> = self
            .targets
            .iter()
            .map(|(target, breaker)| (breaker.state(now) != State::Closed, breaker.touched(), target.clone()))
            .collect();
        by_use.sort_by_key(|(is_open, touched, _)| (*is_open, *touched));
        for (_, _, target) in by_use.into_iter().take(TARGETS_MAX / 8) {
            self.targets.remove(&target);
        }
    }
}

impl Whole {
    /// Closes. True if it was not closed.
    fn close(&mut self) -> bool {
        self.failures.clear();
        self.probe = None;
        self.breaker.close_now()
    }

    /// A call to this target failed, which was broken since then, or well.
    fn failed(&mut self, target: &Target, broken_since: Option<Timestamp>, now: Timestamp) {
        if self.probe.as_ref() == Some(target) {
            self.probe = None;
            if self.is_broken_by_itself(broken_since) {
                self.breaker.give_probe_back();
            } else {
                self.breaker.reopen(now);
            }
        }
        if broken_since.is_some() || !self.breaker.is_closed() {
            return;
        }
        let is_old = |failure: &Timestamp| now.duration_since(*failure) > WHOLE_WINDOW;
        while self.failures.front().is_some_and(is_old) {
            self.failures.pop_front();
        }
        self.failures.push_back(now);
        if self.failures.len() >= WHOLE_FAILURES {
            self.failures.clear();
            self.breaker.open(now);
        }
    }

    /// A target that was broken long before Vapi seemed to be says nothing of Vapi. Without this, the many calls of
    /// one misconfigured tenant could take every probe and keep the line closed for all.
    fn is_broken_by_itself(&self, broken_since: Option<Timestamp>) -> bool {
        match (broken_since, self.breaker.broken_since()) {
            (Some(target), Some(whole)) => whole.duration_since(target) > WHOLE_WINDOW,
            _ => false,
        }
    }
}
