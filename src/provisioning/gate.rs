//! The gate between all jobs and a provider: requests are spaced, and nobody asks one that is down.
//!
//! Spacing halves its pace when a provider says that it is too much, and finds its way back. Failures in a row close the
//! gate; then one request at a time is let through to see whether it is over. So a thousand jobs that wait for a provider
//! cost it a request every half minute, and when it is back they come at the pace it bears.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::trouble::Trouble;
use crate::providers::{Outlook, ProviderError};

/// Failures in a row that close it: more than one job alone makes within a minute of its own tries.
const FAILURES_MAX: u32 = 8;

/// How long it is closed at first, and at most.
const CLOSED_MIN: Duration = Duration::from_secs(2);
const CLOSED_MAX: Duration = Duration::from_secs(30);

/// The shortest and the longest time between two requests. Neither provider tells how many it bears; a refusal tells.
const SPACING_MIN: Duration = Duration::from_millis(10);
const SPACING_MAX: Duration = Duration::from_secs(2);

/// How much shorter it becomes with each request that went well.
const SPACING_LESS: Duration = Duration::from_millis(2);

/// Longest a request waits for its turn here; beyond it the job goes back into line.
const TURN_WAIT_MAX: Duration = Duration::from_secs(5);

/// The gates to both providers.
#[derive(Debug, Default)]
pub struct Gates {
    pub(super) twilio: Gate,
    pub(super) vapi: Gate,
}

/// The gate to one.
#[derive(Debug, Default)]
pub(super) struct Gate(Mutex<State>);

#[derive(Debug)]
struct State {
    failures: u32,
    /// No request before this, but for a probe.
    closed_until: Option<Instant>,
    closed_for: Duration,
    is_probing: bool,
    /// When the next request has its turn.
    next: Option<Instant>,
    spacing: Duration,
}

impl Default for State {
    fn default() -> State {
        let (closed_until, closed_for, spacing) = (None, CLOSED_MIN, SPACING_MIN);
        State { failures: 0, closed_until, closed_for, is_probing: false, next: None, spacing }
    }
}

/// A request that was let through. Dropped without a word, a probe may be made anew.
struct Passed<'g> {
    gate: &'g Gate,
    is_probe: bool,
}

impl Gate {
    /// Asks the provider in its turn.
    pub async fn ask<T>(&self, asking: impl Future<Output = Result<T, ProviderError>>) -> Result<T, Trouble> {
        let (is_probe, wait) = self.lock().enter(Instant::now()).map_err(Trouble::Away)?;
        let passed = Passed { gate: self, is_probe };
        tokio::time::sleep(wait).await;
        let answer = asking.await;
        let outlook = answer.as_ref().err().map(ProviderError::outlook);
        self.lock().note(Instant::now(), passed.is_probe, outlook);
        Ok(answer?)
    }

    /// Is there any use in asking? If not, when to come back.
    pub fn look(&self) -> Result<(), Duration> {
        self.lock().look(Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Passed<'_> {
    fn drop(&mut self) {
        if self.is_probe {
            self.gate.lock().is_probing = false;
        }
    }
}

impl State {
    fn look(&self, now: Instant) -> Result<(), Duration> {
        match self.closed_until {
            Some(until) if self.is_probing || now < until => Err(later(until, now)),
            _ => Ok(()),
        }
    }

    /// Lets a request through, as a probe or not, after a while; or tells when to come back.
    fn enter(&mut self, now: Instant) -> Result<(bool, Duration), Duration> {
        self.look(now)?;
        let turn = self.next.map_or(now, |next| next.max(now));
        if turn - now > TURN_WAIT_MAX {
            return Err(later(turn, now));
        }
        self.next = Some(turn + self.spacing);
        self.is_probing = self.closed_until.is_some();
        Ok((self.is_probing, turn - now))
    }

    /// Learns what came of it; `outlook` of an answer is none.
    fn note(&mut self, now: Instant, is_probe: bool, outlook: Option<Outlook>) {
        if outlook == Some(Outlook::Unclear) {
            self.failures += 1;
            if is_probe || self.failures >= FAILURES_MAX {
                self.closed_for = if is_probe { (self.closed_for * 2).min(CLOSED_MAX) } else { CLOSED_MIN };
                self.closed_until = Some(now + self.closed_for);
            }
            return;
        }
        (self.failures, self.closed_until, self.closed_for) = (0, None, CLOSED_MIN);
        match outlook {
            Some(Outlook::Later(asked)) => {
                self.spacing = (self.spacing * 2).clamp(SPACING_MIN * 2, SPACING_MAX);
                let rest = now + asked.unwrap_or(self.spacing);
                self.next = Some(self.next.map_or(rest, |next| next.max(rest)));
            }
            _ => self.spacing = self.spacing.saturating_sub(SPACING_LESS).max(SPACING_MIN),
        }
    }
}

/// How long until then, and never no time at all.
fn later(instant: Instant, now: Instant) -> Duration {
    instant.saturating_duration_since(now).max(Duration::from_millis(250))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn after_failures_in_a_row_one_request_at_a_time_finds_out_whether_it_is_over() {
        let (mut state, began) = (State::default(), Instant::now());
        let at = |ms| began + Duration::from_millis(ms);
        for _ in 0..FAILURES_MAX {
            assert!(!state.enter(at(0)).unwrap().0);
            state.note(at(0), false, Some(Outlook::Unclear));
        }
        assert!(state.look(at(1_999)).is_err() && state.enter(at(1_999)).is_err());
        assert!(state.enter(at(2_000)).unwrap().0, "a probe");
        assert!(state.enter(at(2_000)).is_err(), "one at a time");
        state.is_probing = false;
        assert!(state.enter(at(2_000)).unwrap().0, "one that was lost is made anew");
        state.note(at(2_000), true, Some(Outlook::Unclear));
        state.is_probing = false;
        assert!(state.enter(at(5_999)).is_err(), "the pause has doubled");
        assert!(state.enter(at(6_000)).unwrap().0);
        state.note(at(6_000), true, None);
        state.is_probing = false;
        assert!(!state.enter(at(6_000)).unwrap().0);
        state.note(at(6_000), false, Some(Outlook::Unclear));
        assert!(state.look(at(6_000)).is_ok(), "one failure closes nothing");
    }

    #[test]
    fn a_refusal_closes_nothing_and_who_is_asked_to_be_slower_is() {
        let (mut state, now) = (State::default(), Instant::now());
        for _ in 0..2 * FAILURES_MAX {
            state.note(now, false, Some(Outlook::Never));
        }
        assert!(state.look(now).is_ok());
        state.note(now, false, Some(Outlook::Later(Some(Duration::from_secs(3)))));
        assert_eq!(state.enter(now).unwrap().1, Duration::from_secs(3), "a provider that asks for rest gets it");
        for _ in 0..20 {
            state.note(now, false, Some(Outlook::Later(None)));
        }
        assert_eq!(state.spacing, SPACING_MAX);
        for _ in 0..2_000 {
            state.note(now, false, None);
        }
        assert_eq!(state.spacing, SPACING_MIN, "and finds its way back");
        state.note(now, false, Some(Outlook::Later(Some(Duration::from_secs(60)))));
        assert!(state.enter(now).is_err(), "nobody stands in line for a minute");
    }
}
